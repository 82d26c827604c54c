//! Labels' accounts.

use super::Store;
use super::error::StoreError;
use super::rows::{json, json_of, maybe_time_of, time, time_of, word};
use super::writer::Desk;
use crate::domain::access::{Access, Require};
use crate::domain::account::{Account, Accounts, Profile};
use crate::domain::fault::Fault;
use crate::domain::ids::LabelId;
use crate::domain::quota::OwnQuota;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

const COLUMNS: &str =
    "id, name, emails, dsps, profile, dpid, password_hash, keys, disabled, created_at, territories,
     allow_from, require, expires_at, takes_ern4, in_test";

impl Store {
    /// A new identifier for a label that is to be added.
    pub fn new_label_id(&self, now: Timestamp) -> Result<LabelId, StoreError> {
        self.change(move |desk| Ok(LabelId::new(desk.ids.next(now))))
    }

    /// Adds a label; refuses a name that is taken.
    pub fn add_label(&self, account: &Account) -> Result<(), StoreError> {
        let account = account.clone();
        self.change(move |desk| {
            if label_where(desk.connection, "name", &account.name)
                .map_err(StoreError::read("a label"))?
                .is_some()
            {
                return Err(StoreError::AlreadyThere { name: account.name });
            }
            write(
                desk,
                &account,
                "INSERT INTO label (id, name, emails, dsps, profile, dpid, password_hash, keys,
                     disabled, created_at, territories, allow_from, require, expires_at, takes_ern4,
                     in_test)
                 VALUES (:id, :name, :emails, :dsps, :profile, :dpid, :password_hash, :keys,
                     :disabled, :created_at, :territories, :allow_from, :require, :expires_at,
                     :takes_ern4, :in_test)",
            )?;
            Ok(())
        })
    }

    /// Changes the label of that user name, and gives it as it is then. `edit` sees it as it is in this
    /// moment, and nobody changes it in between: what is not touched stays, whoever set it. What `edit`
    /// refuses changes nothing.
    pub fn change_label<E, F>(&self, name: &str, edit: F) -> Result<Account, E>
    where
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Account) -> Result<(), E> + Send + 'static,
    {
        let name = name.to_owned();
        self.change(move |desk| {
            let mut account = label_where(desk.connection, "name", &name)
                .map_err(StoreError::read("a label"))?
                .ok_or(StoreError::Missing {
                    what: "label",
                    id: name,
                })?;
            edit(&mut account)?;
            write(
                desk,
                &account,
                "UPDATE label SET name = :name, emails = :emails, dsps = :dsps,
                     profile = :profile, dpid = :dpid, password_hash = :password_hash,
                     keys = :keys, disabled = :disabled, created_at = :created_at,
                     territories = :territories, allow_from = :allow_from, require = :require,
                     expires_at = :expires_at, takes_ern4 = :takes_ern4, in_test = :in_test
                 WHERE id = :id",
            )?;
            Ok(account)
        })
    }

    /// The label of that user name.
    pub fn label(&self, name: &str) -> Result<Option<Account>, StoreError> {
        self.read("a label", |connection| {
            label_where(connection, "name", name)
        })
    }

    /// The label of that identifier.
    pub fn label_by_id(&self, id: &LabelId) -> Result<Option<Account>, StoreError> {
        self.read("a label", |connection| {
            label_where(connection, "id", id.as_str())
        })
    }

    /// All labels, by name.
    pub fn labels(&self) -> Result<Vec<Account>, StoreError> {
        self.read("the labels", |connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM label ORDER BY name"))?
                .query_map([], account)?
                .collect()
        })
    }
}

impl Accounts for Store {
    fn find(&self, name: &str) -> Result<Option<Account>, Fault> {
        self.label(name).map_err(|error| error.fault())
    }

    fn own_quota(&self, label: &LabelId) -> Result<OwnQuota, Fault> {
        self.quota_of(label).map_err(|error| error.fault())
    }
}

/// `column` is one of ours, never a text from outside.
pub(super) fn label_where(
    connection: &Connection,
    column: &'static str,
    value: &str,
) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM label WHERE {column} = ?1"))?
        .query_one([value], account)
        .optional()
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: LabelId::new(row.get::<_, String>(0)?),
        name: row.get(1)?,
        emails: json_of(row, 2)?,
        dsps: json_of(row, 3)?,
        profile: word(row, 4, Profile::parse)?,
        dpid: row.get(5)?,
        password_hash: row.get(6)?,
        keys: json_of(row, 7)?,
        disabled: row.get(8)?,
        created_at: time_of(row, 9)?,
        territories: json_of(row, 10)?,
        access: Access {
            allow_from: json_of(row, 11)?,
            require: word(row, 12, Require::parse)?,
            expires_at: maybe_time_of(row, 13)?,
        },
        takes_ern4: row.get(14)?,
        in_test: row.get(15)?,
    })
}

fn write(desk: &Desk<'_>, account: &Account, sql: &str) -> Result<usize, StoreError> {
    let emails = json("the label's addresses", &account.emails)?;
    let dsps = json("the label's DSPs", &account.dsps)?;
    let keys = json("the label's keys", &account.keys)?;
    let territories = json("the label's territories", &account.territories)?;
    let allow_from = json("the label's networks", &account.access.allow_from)?;
    desk.connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.execute(named_params! {
                ":id": account.id.as_str(),
                ":name": account.name,
                ":emails": emails,
                ":dsps": dsps,
                ":profile": account.profile.as_str(),
                ":dpid": account.dpid,
                ":password_hash": account.password_hash,
                ":keys": keys,
                ":disabled": account.disabled,
                ":created_at": time(account.created_at),
                ":territories": territories,
                ":allow_from": allow_from,
                ":require": account.access.require.as_str(),
                ":expires_at": account.access.expires_at.map(time),
                ":takes_ern4": account.takes_ern4,
                ":in_test": account.in_test,
            })
        })
        .map_err(StoreError::write("a label"))
}
