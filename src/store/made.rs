//! One push with all that is known of it: what was made for it, and every word that its DSP said.

use super::Store;
use super::error::StoreError;
use super::rows::time_of;
use super::writer::Desk;
use crate::domain::ids::PushId;
use crate::domain::push::Said;
use rusqlite::OptionalExtension as _;

/// What a push's row does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushMore {
    /// Tries that failed since approval or since a person last asked for another.
    pub failures: u32,
    /// `MessageThreadId` of the release at the DSP, once a message was made.
    pub thread: Option<String>,
    /// A person wants it not before then; RFC 3339.
    pub appointment: Option<jiff::Timestamp>,
    /// What the DSP said, oldest first.
    pub answers: Vec<Said>,
}

impl Store {
    /// What is known of a push beyond its row.
    pub fn push_more(&self, id: &PushId) -> Result<PushMore, StoreError> {
        self.read("a push", |connection| {
            let answers = connection
                .prepare_cached(
                    "SELECT at, name, status, text FROM acknowledgement WHERE push = ?1 ORDER BY seq",
                )?
                .query_map([id.as_str()], |row| {
                    Ok(Said {
                        at: time_of(row, 0)?,
                        file: row.get(1)?,
                        status: row.get(2)?,
                        text: row.get(3)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            let thread = connection
                .prepare_cached(
                    "SELECT t.message_thread FROM push q JOIN package p ON p.id = q.package
                         JOIN thread t ON t.label = p.label AND t.dsp = q.dsp
                             AND t.release = coalesce(p.gtin, p.id)
                     WHERE q.id = ?1 AND q.message_id IS NOT NULL",
                )?
                .query_one([id.as_str()], |row| row.get(0))
                .optional()?;
            let (failures, appointment) = connection
                .prepare_cached(
                    "SELECT q.failures, a.at FROM push q LEFT JOIN appointment a
                         ON a.push = q.id AND a.at = q.due_at
                     WHERE q.id = ?1",
                )?
                .query_one([id.as_str()], |row| {
                    Ok((row.get(0)?, super::rows::maybe_time_of(row, 1)?))
                })
                .optional()?
                .unwrap_or_default();
            Ok(PushMore {
                failures,
                thread,
                appointment,
                answers,
            })
        })
    }
}

/// Writes what a DSP will not read, in place of what was written for an earlier message.
pub(super) fn keep_losses(
    desk: &Desk<'_>,
    push: &PushId,
    losses: &[String],
) -> Result<(), StoreError> {
    let kept = || {
        desk.connection
            .prepare_cached("DELETE FROM loss WHERE push = ?1")?
            .execute([push.as_str()])?;
        let mut insert = desk
            .connection
            .prepare_cached("INSERT INTO loss (push, number, text) VALUES (?1, ?2, ?3)")?;
        for (number, text) in (1_u32..).zip(losses) {
            insert.execute((push.as_str(), number, text))?;
        }
        Ok(())
    };
    kept().map_err(StoreError::write("what a DSP will not read"))
}
