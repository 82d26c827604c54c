//! The outbox to people, for the person who looks after it: what waits, what was given up and why,
//! and another try.

use super::Store;
use super::error::StoreError;
use super::letters::{LetterRow, LetterState};
use super::packages::{Found, matching};
use super::rows::{maybe_time_of, time, time_of, word};
use crate::domain::ids::{LetterId, PackageId};
use crate::domain::letter::LetterKind;
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, named_params};

/// Which letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// About this package.
    pub package: Option<PackageId>,
    /// In this state; none for all that were not sent.
    pub state: Option<LetterState>,
    /// At most so many, of the latest.
    pub limit: Option<u32>,
}

/// What `letter_row` reads.
const SELECT: &str = "SELECT id, package, kind, recipient, state, attempts, created_at, due_at,
        sent_at, last_error FROM letter";

impl Store {
    /// All letters about a package, in the order in which they were written.
    pub fn letters(&self, package: &PackageId) -> Result<Vec<LetterRow>, StoreError> {
        self.read("a package's letters", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE package = ?1 ORDER BY seq"))?
                .query_map([package.as_str()], letter_row)?
                .collect()
        })
    }

    /// The letters that a filter means, in the order in which they were written.
    pub fn letters_where(&self, filter: &LetterFilter) -> Result<Vec<LetterRow>, StoreError> {
        // Spelt out, so that the index of those that were given up is found.
        let state = match filter.state {
            None => "state <> 'sent'",
            Some(LetterState::Due) => "state = 'due'",
            Some(LetterState::Sent) => "state = 'sent'",
            Some(LetterState::Dead) => "state = 'dead'",
        };
        self.read("the letters", |connection| {
            let mut letters: Vec<LetterRow> = connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE {state} AND (:package IS NULL OR package = :package)
                     ORDER BY seq DESC LIMIT coalesce(:limit, -1)"
                ))?
                .query_map(
                    named_params! {
                        ":package": filter.package.as_ref().map(PackageId::as_str),
                        ":limit": filter.limit,
                    },
                    letter_row,
                )?
                .collect::<rusqlite::Result<_>>()?;
            letters.reverse();
            Ok(letters)
        })
    }

    /// The letter that a person means by a full identifier or a few of its letters.
    pub fn find_letter(&self, text: &str) -> Result<Found<LetterRow>, StoreError> {
        self.read("a letter", |connection| {
            match matching(connection, "letter", text)? {
                Found::One(id) => connection
                    .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
                    .query_one([id], letter_row)
                    .map(Found::One),
                Found::None => Ok(Found::None),
                Found::Many(ids) => Ok(Found::Many(ids)),
            }
        })
    }

    /// The message as it is sent, once it was rendered.
    pub fn letter_message(&self, id: &LetterId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("a letter's message", |connection| {
            connection
                .prepare_cached("SELECT mime FROM letter WHERE id = ?1")?
                .query_one([id.as_str()], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    /// A person asks for another try of a letter that was given up, or waits for its next one. One
    /// that was sent stays so.
    pub fn letter_retry(
        &self,
        id: &LetterId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::info!(letter.id = %id, actor = ?actor, "another try of letter {id} was asked for");
        self.change_letter(id, move |desk, id| {
            // One goes only after those before it to the same address about the same package.
            desk.connection
                .prepare_cached(
                    "UPDATE letter SET due_at = min(due_at, ?2)
                     WHERE state = 'due' AND EXISTS (
                         SELECT 1 FROM letter l WHERE l.id = ?1 AND l.state <> 'sent'
                             AND l.package = letter.package AND l.recipient = letter.recipient
                             AND l.seq > letter.seq)",
                )?
                .execute((id, time(now)))?;
            desk.connection
                .prepare_cached(
                    "UPDATE letter SET attempts = iif(state = 'sent', attempts, 0),
                         due_at = iif(state = 'sent', due_at, ?2),
                         state = iif(state = 'sent', state, 'due')
                     WHERE id = ?1",
                )?
                .execute((id, time(now)))
        })
    }

    /// The same for every letter that was given up; says which they were. What waits goes at once too:
    /// it may be before one of them.
    pub fn letters_retry(&self, actor: &str, now: Timestamp) -> Result<Vec<LetterId>, StoreError> {
        let mut given_up: Vec<LetterId> = self.change(move |desk| -> Result<_, StoreError> {
            let mut update = desk
                .connection
                .prepare_cached(
                    "UPDATE letter SET attempts = 0, due_at = ?1, state = 'due'
                     WHERE state = 'dead' RETURNING id",
                )
                .map_err(StoreError::write("the letters"))?;
            let ids = update.query_map([time(now)], |row| row.get::<_, String>(0));
            let ids: Vec<LetterId> = ids
                .and_then(|ids| ids.map(|id| id.map(LetterId::new)).collect())
                .map_err(StoreError::write("the letters"))?;
            if !ids.is_empty() {
                desk.connection
                    .prepare_cached(
                        "UPDATE letter SET due_at = min(due_at, ?1) WHERE state = 'due'",
                    )
                    .and_then(|mut update| update.execute([time(now)]))
                    .map_err(StoreError::write("the letters"))?;
            }
            Ok(ids)
        })?;
        given_up.sort();
        tracing::info!(letters = given_up.len(), actor = ?actor, "another try of all letters that were given up was asked for");
        Ok(given_up)
    }
}

fn letter_row(row: &Row<'_>) -> rusqlite::Result<LetterRow> {
    Ok(LetterRow {
        id: LetterId::new(row.get::<_, String>(0)?),
        package: PackageId::new(row.get::<_, String>(1)?),
        kind: word(row, 2, LetterKind::parse)?,
        recipient: row.get(3)?,
        state: word(row, 4, LetterState::parse)?,
        attempts: row.get(5)?,
        created_at: time_of(row, 6)?,
        due_at: time_of(row, 7)?,
        sent_at: maybe_time_of(row, 8)?,
        last_error: row.get(9)?,
    })
}
