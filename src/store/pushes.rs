//! The outbox to DSPs as callers see it: lists, workers' claims and reports, people's decisions.
//! What they do inside a transaction is in `claims`.

use super::Store;
use super::apply::{DAEMON, Occasion};
use super::claims::{self, Told};
use super::error::{PushError, StoreError};
use super::packages::{Found, matching};
use super::rows::{time, time_of, word};
use crate::domain::ids::{DspId, PackageId, PushId};
use crate::domain::lifecycle::push::{PushEvent, PushState};
use crate::domain::push::{Claimed, Push};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// What `push_of` reads.
pub(super) const SELECT: &str =
    "SELECT id, package, dsp, state, attempts, due_at, last_error, location,
        created_at, updated_at FROM push";

/// Which pushes; what is `None` does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushFilter {
    /// Of this package.
    pub package: Option<PackageId>,
    /// To this DSP.
    pub dsp: Option<DspId>,
    /// In this state.
    pub state: Option<PushState>,
}

impl Store {
    /// Pushes, oldest first.
    pub fn pushes(&self, filter: &PushFilter) -> Result<Vec<Push>, StoreError> {
        self.read("the pushes", |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT}
                     WHERE (:package IS NULL OR package = :package) AND (:dsp IS NULL OR dsp = :dsp)
                         AND (:state IS NULL OR state = :state)
                     ORDER BY seq"
                ))?
                .query_map(
                    named_params! {
                        ":package": filter.package.as_ref().map(PackageId::as_str),
                        ":dsp": filter.dsp.as_ref().map(DspId::as_str),
                        ":state": filter.state.map(PushState::as_str),
                    },
                    push_of,
                )?
                .collect()
        })
    }

    /// The push that a person means; see [`Store::find_package`].
    pub fn find_push(&self, text: &str) -> Result<Found<Push>, StoreError> {
        self.read("a push", |connection| {
            match matching(connection, "push", text)? {
                Found::One(id) => {
                    let push = push_in(connection, &PushId::new(id))?;
                    Ok(push.map_or(Found::None, Found::One))
                }
                Found::None => Ok(Found::None),
                Found::Many(ids) => Ok(Found::Many(ids)),
            }
        })
    }

    /// Takes the oldest push to a DSP that is due. An epoch that is not the current one gets
    /// nothing.
    pub fn claim_push(
        &self,
        dsp: &DspId,
        epoch: u64,
        now: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        // Workers ask all the time and mostly for nothing; that need not queue with the writers.
        let any = self.read("the pushes that are due", |connection| {
            connection
                .prepare_cached(claims::NEXT)?
                .exists((dsp.as_str(), time(now)))
        })?;
        if !any {
            return Ok(None);
        }
        let dsp = dsp.clone();
        self.change(move |desk| claims::claim(desk, &dsp, epoch, now))
    }

    /// Everything is at the DSP. When it was the last push that was open, the package is delivered,
    /// in the same transaction.
    pub fn push_sent(
        &self,
        claimed: &Claimed,
        location: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            location: Some(location.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Accepted, told, now)
    }

    /// A try failed; the next one is at `due`.
    pub fn push_postponed(
        &self,
        claimed: &Claimed,
        error: &str,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(error.to_owned()),
            due: Some(due),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Postponed, told, now)
    }

    /// The last try failed: a person has to decide, and the operator is written to.
    pub fn push_given_up(
        &self,
        claimed: &Claimed,
        error: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(error.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::GivenUp, told, now)
    }

    /// The DSP's profile does not let it go out; it counts as not agreed.
    pub fn push_blocked(
        &self,
        claimed: &Claimed,
        why: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(why.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Refused, told, now)
    }

    /// Tries that failed since approval or since a person last asked for another: what a backoff
    /// counts. `Push::attempts` never goes back, because claims are told apart by it.
    pub fn push_failures(&self, id: &PushId) -> Result<u32, StoreError> {
        self.read("a push", |connection| {
            connection
                .prepare_cached("SELECT failures FROM push WHERE id = ?1")?
                .query_one([id.as_str()], |row| row.get(0))
                .optional()
                .map(Option::unwrap_or_default)
        })
    }

    /// A person asks for another try, at once and with all tries ahead again.
    pub fn push_retry(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        let told = Told {
            due: Some(now),
            ..Told::default()
        };
        self.person_says(id, PushEvent::Retried, told, actor, now)
    }

    /// A person calls it off. When all that is left has been sent, the package is delivered.
    pub fn push_cancel(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        self.person_says(id, PushEvent::CalledOff, Told::default(), actor, now)
    }

    /// A worker's report.
    fn worker_says(
        &self,
        claimed: &Claimed,
        event: PushEvent,
        told: Told,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let claimed = claimed.clone();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: DAEMON,
                now,
                people: &people,
            };
            let push = claims::check_claim(desk, &claimed)?;
            claims::step(desk, &push, event, &told, occasion)?;
            if event == PushEvent::GivenUp {
                claims::tell_operator(desk, &push, occasion)?;
            }
            claims::finish(desk, &push.package, occasion)
        })
    }

    /// A person's decision.
    fn person_says(
        &self,
        id: &PushId,
        event: PushEvent,
        told: Told,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let id = id.clone();
        let actor = actor.to_owned();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: &actor,
                now,
                people: &people,
            };
            let push = push_in(desk.connection, &id)
                .map_err(StoreError::read("a push"))?
                .ok_or(PushError::NotFound)?;
            claims::step(desk, &push, event, &told, occasion)?;
            claims::finish(desk, &push.package, occasion)
        })
    }
}

pub(super) fn of_package(
    connection: &Connection,
    package: &PackageId,
) -> rusqlite::Result<Vec<Push>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE package = ?1 ORDER BY seq"))?
        .query_map([package.as_str()], push_of)?
        .collect()
}

pub(super) fn push_in(connection: &Connection, id: &PushId) -> rusqlite::Result<Option<Push>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
        .query_one([id.as_str()], push_of)
        .optional()
}

pub(super) fn push_of(row: &Row<'_>) -> rusqlite::Result<Push> {
    Ok(Push {
        id: PushId::new(row.get::<_, String>(0)?),
        package: PackageId::new(row.get::<_, String>(1)?),
        dsp: DspId::new(row.get::<_, String>(2)?),
        state: word(row, 3, PushState::parse)?,
        attempts: row.get(4)?,
        due_at: time_of(row, 5)?,
        last_error: row.get(6)?,
        location: row.get(7)?,
        created_at: time_of(row, 8)?,
        updated_at: time_of(row, 9)?,
    })
}
