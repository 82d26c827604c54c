//! The outbox to people: one row for each letter and address.
//!
//! A letter is sent at least once. It is rendered once and the bytes are kept, so that a letter
//! sent twice is the same letter with the same Message-ID. Letters about one package reach one
//! address in the order in which they were written: a later one waits for an earlier one that is
//! still tried.

use super::error::StoreError;
use super::packages::{log_line, package_in, report_in};
use super::rows::{time, time_of, word};
use super::writer::Desk;
use super::{Store, pushes, takedowns};
use crate::domain::ids::{LetterId, PackageId, PushId};
use crate::domain::letter::{Due, LetterKind, Subject};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LetterState {
    /// Waits to be sent, or to be tried again.
    Due,
    /// Taken by the mail transport.
    Sent,
    /// Given up; a person has to look.
    Dead,
}

impl LetterState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Due, Self::Sent, Self::Dead];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A letter as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRow {
    /// The letter.
    pub id: LetterId,
    /// What about.
    pub package: PackageId,
    /// What it says.
    pub kind: LetterKind,
    /// One address.
    pub recipient: String,
    /// Where it stands.
    pub state: LetterState,
    /// Tries so far.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// Not tried before then, as long as it waits.
    pub due_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// What `due` reads.
const SELECT_DUE: &str = "SELECT l.id, l.package, l.kind, l.recipient, l.thread_root, l.created_at,
        l.attempts, l.mime FROM letter l";

impl Store {
    /// The letter that is due first, if one is.
    pub fn due_letter(&self, now: Timestamp) -> Result<Option<Due>, StoreError> {
        self.read("the letters that are due", |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT_DUE}
                     WHERE l.state = 'due' AND l.due_at <= ?1 AND NOT EXISTS (
                         SELECT 1 FROM letter e WHERE e.package = l.package
                             AND e.recipient = l.recipient AND e.state = 'due' AND e.seq < l.seq)
                     ORDER BY l.due_at, l.seq LIMIT 1"
                ))?
                .query_one([time(now)], due)
                .optional()
        })
    }

    /// All that the letter may speak of, as it is now. For a letter about a push that failed, that
    /// push comes first.
    pub fn letter_subject(&self, letter: &Due) -> Result<Subject, StoreError> {
        let subject = self.read("what a letter is about", |connection| {
            subject_in(connection, letter)
        })?;
        subject.ok_or_else(|| StoreError::Missing {
            what: "letter",
            id: letter.id.to_string(),
        })
    }

    /// Keeps the rendered message. The first rendering stands: bytes that may have been sent are
    /// not replaced.
    pub fn letter_rendered(&self, id: &LetterId, mime: &[u8]) -> Result<(), StoreError> {
        let mime = mime.to_vec();
        self.change_letter(id, move |desk, id| {
            desk.connection
                .prepare_cached("UPDATE letter SET mime = coalesce(mime, ?2) WHERE id = ?1")?
                .execute((id, mime))
        })
    }

    /// The mail transport took it. Telling it twice is harmless.
    pub fn letter_sent(&self, id: &LetterId, now: Timestamp) -> Result<(), StoreError> {
        self.change_letter(id, move |desk, id| {
            desk.connection
                .prepare_cached(
                    "UPDATE letter SET attempts = attempts + (state <> 'sent'), state = 'sent',
                         sent_at = coalesce(sent_at, ?2), last_error = NULL
                     WHERE id = ?1",
                )?
                .execute((id, time(now)))
        })
    }

    /// A try failed; the next one is at `due`.
    pub fn letter_postponed(
        &self,
        id: &LetterId,
        due: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let error = error.to_owned();
        self.change_letter(id, move |desk, id| {
            desk.connection
                .prepare_cached(
                    "UPDATE letter SET attempts = attempts + (state = 'due'),
                         due_at = iif(state = 'due', ?2, due_at),
                         last_error = iif(state = 'due', ?3, last_error)
                     WHERE id = ?1",
                )?
                .execute((id, time(due), error))
        })
    }

    /// Given up: it stays for a person to look at.
    pub fn letter_dead(
        &self,
        id: &LetterId,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::warn!(letter.id = %id, error = ?error, at = %now, "letter {id} was given up");
        let error = error.to_owned();
        self.change_letter(id, move |desk, id| {
            desk.connection
                .prepare_cached(
                    "UPDATE letter SET attempts = attempts + (state = 'due'),
                         last_error = iif(state = 'due', ?2, last_error),
                         state = iif(state = 'due', 'dead', state)
                     WHERE id = ?1",
                )?
                .execute((id, error))
        })
    }

    pub(super) fn change_letter(
        &self,
        id: &LetterId,
        work: impl FnOnce(&Desk<'_>, &str) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<(), StoreError> {
        let id = id.clone();
        self.change(move |desk| {
            let changed = work(desk, id.as_str()).map_err(StoreError::write("a letter"))?;
            if changed == 0 {
                return Err(StoreError::Missing {
                    what: "letter",
                    id: id.to_string(),
                });
            }
            Ok(())
        })
    }
}

/// What sets a letter off.
#[derive(Clone, Copy)]
pub(super) struct Cause<'a> {
    /// The package it is about.
    pub(super) package: &'a PackageId,
    /// Its log line, by its number in the table.
    pub(super) event: i64,
    /// The push it is about, if it is about one.
    pub(super) push: Option<&'a PushId>,
}

/// Puts one letter for each address into the outbox.
pub(super) fn post(
    desk: &mut Desk<'_>,
    cause: Cause<'_>,
    kind: LetterKind,
    recipients: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut addressed: Vec<&str> = Vec::new();
    for recipient in recipients.iter().map(|address| address.trim()) {
        if recipient.is_empty() || addressed.contains(&recipient) {
            continue;
        }
        addressed.push(recipient);
        let id = desk.ids.next(now);
        desk.connection
            .prepare_cached(
                // The thread's root is the first letter to that address about any package of the
                // same release. The cross join keeps SQLite from going through all letters that
                // the address ever got.
                "INSERT INTO letter (id, package, event, push, kind, recipient, thread_root, state,
                     due_at, created_at)
                 SELECT :id, p.id, :event, :push, :kind, :recipient,
                     (SELECT l.id FROM package o CROSS JOIN letter l
                          ON l.package = o.id AND l.recipient = :recipient
                      WHERE o.id = p.id OR (o.label = p.label AND o.gtin = p.gtin)
                      ORDER BY l.seq LIMIT 1),
                     'due', :now, :now
                 FROM package p WHERE p.id = :package",
            )
            .and_then(|mut insert| {
                insert.execute(named_params! {
                    ":id": id,
                    ":package": cause.package.as_str(),
                    ":event": cause.event,
                    ":push": cause.push.map(PushId::as_str),
                    ":kind": kind.as_str(),
                    ":recipient": recipient,
                    ":now": time(now),
                })
            })
            .map_err(StoreError::write("a letter"))?;
    }
    if addressed.is_empty() {
        tracing::warn!(
            package.id = %cause.package,
            letter.kind = kind.as_str(),
            "no address is set for this letter; nobody is told"
        );
    }
    Ok(())
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        id: LetterId::new(row.get::<_, String>(0)?),
        package: PackageId::new(row.get::<_, String>(1)?),
        kind: word(row, 2, LetterKind::parse)?,
        recipient: row.get(3)?,
        thread_root: row.get::<_, Option<String>>(4)?.map(LetterId::new),
        created_at: time_of(row, 5)?,
        attempts: row.get(6)?,
        mime: row.get(7)?,
    })
}

fn subject_in(connection: &Connection, letter: &Due) -> rusqlite::Result<Option<Subject>> {
    let cause = connection
        .prepare_cached(
            "SELECT e.number, e.at, e.actor, e.body, e.status, l.push
             FROM letter l JOIN event e ON e.seq = l.event WHERE l.id = ?1",
        )?
        .query_one([letter.id.as_str()], |row| {
            Ok((log_line(row)?, row.get::<_, Option<String>>(5)?))
        })
        .optional()?;
    let (Some((cause, push)), Some(package)) = (cause, package_in(connection, &letter.package)?)
    else {
        return Ok(None);
    };
    let mut pushes = pushes::of_package(connection, &letter.package)?;
    if let Some(push) = push {
        let order = pushes.iter().find(|other| other.id.as_str() == push);
        let order = order.and_then(|push| push.order.clone());
        if let Some(order) = order.filter(|_| letter.kind == LetterKind::TakenDown) {
            pushes = takedowns::of_order(connection, &order.id)?;
        }
        // Stable: the rest keeps its order.
        pushes.sort_by_key(|other| other.id.as_str() != push);
    }
    Ok(Some(Subject {
        report: report_in(connection, &letter.package)?,
        package,
        cause,
        pushes,
    }))
}
