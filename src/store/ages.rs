//! How long the oldest thing waits, for the metrics.

use super::rows::maybe_time_of;
use super::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;

/// Since when the oldest of each kind waits; `None` where nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oldest {
    /// Packages that were claimed and have no verdict.
    pub inspection: Option<Timestamp>,
    /// Packages that wait for a reviewer.
    pub review: Option<Timestamp>,
    /// Pushes that have not arrived and are not given up.
    pub push: Option<Timestamp>,
    /// Pushes that may be at their DSPs, and nobody knows.
    pub question: Option<Timestamp>,
    /// Pushes that were sent to DSPs that say what they took, and said nothing yet.
    pub answer: Option<Timestamp>,
    /// E-mails that are not sent and not given up.
    pub letter: Option<Timestamp>,
}

impl Store {
    /// Since when the oldest of each kind waits.
    pub fn oldest(&self) -> Result<Oldest, StoreError> {
        self.read("what waits", |connection| {
            Ok(Oldest {
                inspection: first(
                    connection,
                    "SELECT min(updated_at) FROM package WHERE status = 'incoming'",
                )?,
                review: first(
                    connection,
                    "SELECT min(updated_at) FROM package WHERE status = 'needs_qc'",
                )?,
                push: first(
                    connection,
                    "SELECT min(created_at) FROM push
                     WHERE state IN ('queued', 'preparing', 'sending')",
                )?,
                question: first(
                    connection,
                    "SELECT min(since) FROM push WHERE state = 'sent_unknown'",
                )?,
                answer: first(
                    connection,
                    "SELECT min(updated_at) FROM push WHERE state = 'sent' AND awaits_ack = 1",
                )?,
                letter: first(
                    connection,
                    "SELECT min(created_at) FROM letter WHERE state = 'due'",
                )?,
            })
        })
    }
}

fn first(connection: &Connection, sql: &str) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached(sql)?
        .query_one([], |row| maybe_time_of(row, 0))
}
