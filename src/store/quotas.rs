//! Upload space: what is agreed with labels about it, and whose was full.

use super::Store;
use super::apply::{DAEMON, Occasion, apply};
use super::error::{ApplyError, StoreError};
use super::rows::{time, time_of};
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::package::Event;
use crate::domain::quota::OwnQuota;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// A label is told of its full space once in this time, and `status` names it for as long.
pub const TOLD_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// A label whose upload space was full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullSpace {
    /// The label's user name.
    pub label: String,
    /// When it was told.
    pub at: Timestamp,
}

impl Store {
    /// What is agreed with a label about its upload space.
    pub fn quota_of(&self, label: &LabelId) -> Result<OwnQuota, StoreError> {
        self.read("a label's upload space", |connection| {
            connection
                .prepare_cached("SELECT bytes, files, folders, depth FROM quota WHERE label = ?1")?
                .query_one([label.as_str()], own_quota)
                .optional()
                .map(Option::unwrap_or_default)
        })
    }

    /// Agrees on it anew; an empty one is what holds for all.
    pub fn set_quota(
        &self,
        label: &LabelId,
        own: OwnQuota,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (label, actor) = (label.clone(), actor.to_owned());
        self.change(move |desk| {
            let failed = StoreError::write("a label's upload space");
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let written = if own.is_empty() {
                desk.connection
                    .prepare_cached("DELETE FROM quota WHERE label = ?1")
                    .and_then(|mut delete| delete.execute([label.as_str()]))
            } else {
                desk.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO quota
                             (label, bytes, files, folders, depth, actor, at)
                         VALUES (:label, :bytes, :files, :folders, :depth, :actor, :at)",
                    )
                    .and_then(|mut insert| {
                        insert.execute(named_params! {
                            ":label": label.as_str(),
                            ":bytes": own.bytes.map(number),
                            ":files": own.files.map(number),
                            ":folders": own.folders.map(number),
                            ":depth": own.depth,
                            ":actor": actor,
                            ":at": time(now),
                        })
                    })
            };
            written.map(|_| ()).map_err(failed)
        })
    }

    /// Labels whose upload space was full since then, each once, the latest first.
    pub fn full_spaces(&self, since: Timestamp) -> Result<Vec<FullSpace>, StoreError> {
        self.read("labels whose upload space was full", |connection| {
            connection
                .prepare_cached(
                    "SELECT l.name, max(e.at) FROM event e JOIN package p ON p.id = e.package
                         JOIN label l ON l.id = p.label
                     WHERE e.kind = 'over_quota' AND e.at > ?1
                     GROUP BY l.id ORDER BY 2 DESC",
                )?
                .query_map([time(since)], |row| {
                    Ok(FullSpace {
                        label: row.get(0)?,
                        at: time_of(row, 1)?,
                    })
                })?
                .collect()
        })
    }

    /// See `Ledger::over_quota`.
    pub(super) fn tell_over_quota(
        &self,
        label: &LabelId,
        folder: &str,
        what: &str,
    ) -> Result<bool, ApplyError> {
        let (label, folder, what) = (label.clone(), folder.to_owned(), what.to_owned());
        let (now, people) = (self.now(), self.people());
        self.change(move |desk| {
            let told = was_told(desk.connection, &label, now)
                .map_err(StoreError::read("whether a label was told"))?;
            if told {
                return Ok(true);
            }
            let Some(package) = receiving_near(desk.connection, &label, &folder)
                .map_err(StoreError::read("a folder"))?
            else {
                return Ok(false);
            };
            let occasion = Occasion {
                actor: DAEMON,
                now,
                people: &people,
            };
            apply(desk, &package, &Event::OverQuota { what }, occasion).map(|_| true)
        })
    }
}

fn own_quota(row: &Row<'_>) -> rusqlite::Result<OwnQuota> {
    let number = |column: usize| -> rusqlite::Result<Option<u64>> {
        let number: Option<i64> = row.get(column)?;
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    };
    Ok(OwnQuota {
        bytes: number(0)?,
        files: number(1)?,
        folders: number(2)?,
        depth: row.get(3)?,
    })
}

fn was_told(connection: &Connection, label: &LabelId, now: Timestamp) -> rusqlite::Result<bool> {
    let since = now.checked_sub(TOLD_EVERY).unwrap_or(now);
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event e JOIN package p ON p.id = e.package
                 WHERE e.kind = 'over_quota' AND e.at > ?1 AND p.label = ?2)",
        )?
        .query_one((time(since), label.as_str()), |row| row.get(0))
}

/// The package that a letter about the label's space can hang on: that of the folder, or of one of a
/// batch in it, or whatever the label is sending.
fn receiving_near(
    connection: &Connection,
    label: &LabelId,
    folder: &str,
) -> rusqlite::Result<Option<PackageId>> {
    connection
        .prepare_cached(
            "SELECT id FROM package WHERE label = ?1 AND status = 'receiving'
             ORDER BY folder = ?2 DESC, substr(folder, 1, length(?2) + 1) = ?2 || '/' DESC, seq DESC
             LIMIT 1",
        )?
        .query_one((label.as_str(), folder), |row| row.get(0))
        .optional()
        .map(|id: Option<String>| id.map(PackageId::new))
}
