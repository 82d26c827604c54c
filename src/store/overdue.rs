//! Times that a wrong clock wrote.
//!
//! Pushes, letters and gates wait until a time of the wall clock. One that was written while the clock
//! was years ahead would wait for years after the clock was set right. The daemon never waits longer
//! than its settings say, so what lies further ahead is due now, but for what a person wanted so.

use super::Store;
use super::error::StoreError;
use super::rows::time;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, named_params};
use std::time::Duration;

/// Far times are looked for beyond the longest wait and this much: the clock may be set back a little
/// at any time, and nothing is lost by waiting that out.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Longest waits that the daemon sets itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestWaits {
    /// Of a push, and of a DSP that cannot be reached.
    pub push: Duration,
    /// Of a letter.
    pub letter: Duration,
}

/// What waited for a time that nobody meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Pushes that are due now.
    pub pushes: u64,
    /// Letters that are due now.
    pub letters: u64,
    /// DSPs that are tried again now.
    pub gates: u64,
}

impl Mended {
    /// Whether nothing was wrong.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

const FAR_PUSHES: &str = "state IN ('queued', 'sent_unknown') AND epoch IS NULL
    AND due_at > :push AND due_at < :never
    AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.push = push.id AND a.at = push.due_at)";
const FAR_LETTERS: &str = "state = 'due' AND due_at > :letter";
const FAR_GATES: &str = "closed_until > :push";

impl Store {
    /// Makes due what waits for longer than the daemon ever waits. `Timestamp::MAX` stands for "until
    /// a person decides" and stays.
    pub fn mend_times(&self, longest: LongestWaits, now: Timestamp) -> Result<Mended, StoreError> {
        let far = Far::of(longest, now);
        let (read, write) = (far.clone(), far);
        // Nearly always there is nothing, and that need not queue with the writers.
        let found = self.read("the times of what waits", move |connection| {
            read.count(connection)
        })?;
        if found.is_nothing() {
            return Ok(found);
        }
        self.change(move |desk| {
            write
                .mend(desk.connection)
                .map_err(StoreError::write("the times of what waits"))
        })
    }
}

#[derive(Clone)]
struct Far {
    push: String,
    letter: String,
    now: String,
}

impl Far {
    fn of(longest: LongestWaits, now: Timestamp) -> Self {
        let beyond = |wait: Duration| {
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
            let at = now.checked_add(wait).and_then(|at| at.checked_add(MARGIN));
            time(at.unwrap_or(Timestamp::MAX))
        };
        Self {
            push: beyond(longest.push),
            letter: beyond(longest.letter),
            now: time(now),
        }
    }

    fn count(&self, connection: &Connection) -> rusqlite::Result<Mended> {
        let count = |table: &str, far: &str, at: &str, name: &str| {
            let sql = format!("SELECT count(*) FROM {table} WHERE {far}");
            let never = time(Timestamp::MAX);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut parameters: Vec<(&str, &str)> = vec![(name, at)];
            if far.contains(":never") {
                parameters.push((":never", &never));
            }
            statement.query_one(parameters.as_slice(), |row| super::count(row, 0))
        };
        Ok(Mended {
            pushes: count("push", FAR_PUSHES, &self.push, ":push")?,
            letters: count("letter", FAR_LETTERS, &self.letter, ":letter")?,
            gates: count("gate", FAR_GATES, &self.push, ":push")?,
        })
    }

    fn mend(&self, connection: &Connection) -> rusqlite::Result<Mended> {
        let pushes = connection
            .prepare_cached(&format!(
                // Its age counts from a time that has not come either.
                "UPDATE push SET due_at = :now, since = min(since, :now) WHERE {FAR_PUSHES}"
            ))?
            .execute(named_params! {
                ":now": self.now, ":push": self.push, ":never": time(Timestamp::MAX),
            })?;
        let letters = connection
            .prepare_cached(&format!(
                "UPDATE letter SET due_at = :now WHERE {FAR_LETTERS}"
            ))?
            .execute(named_params! { ":now": self.now, ":letter": self.letter })?;
        let gates = connection
            .prepare_cached(&format!(
                "UPDATE gate SET closed_until = :now WHERE {FAR_GATES}"
            ))?
            .execute(named_params! { ":now": self.now, ":push": self.push })?;
        let many = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        Ok(Mended {
            pushes: many(pushes),
            letters: many(letters),
            gates: many(gates),
        })
    }
}
