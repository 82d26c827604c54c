//! The outbox to DSPs: one row for each package and DSP.
//!
//! A worker claims a push and reports back with its claim. A claim is known by epoch (start of the
//! daemon) and attempt, so that a worker of a daemon that is gone, or one that was given up, cannot
//! speak for the one that has the push now.

use super::apply::{DAEMON, Occasion, apply};
use super::error::{ApplyError, PushError, StoreError};
use super::packages::{Found, matching, package_in};
use super::rows::{time, time_of, word};
use super::writer::Desk;
use super::{Store, letters};
use crate::domain::ids::{DspId, PackageId, PushId};
use crate::domain::letter::LetterKind;
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::{PushEvent, PushState, next};
use crate::domain::package::Event;
use crate::domain::push::{Claimed, Push};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// What `push_of` reads.
const SELECT: &str = "SELECT id, package, dsp, state, attempts, due_at, last_error, location,
        created_at, updated_at FROM push";

/// The oldest push to a DSP that is due and whose turn it is. A package of the same release that
/// was approved earlier goes first, or an old version would overtake a new one at the DSP.
const NEXT: &str = "SELECT q.id FROM push q JOIN package p ON p.id = q.package
    WHERE q.dsp = ?1 AND q.state = 'queued' AND q.due_at <= ?2 AND NOT EXISTS (
        SELECT 1 FROM push e JOIN package o ON o.id = e.package
        WHERE e.dsp = q.dsp AND e.seq < q.seq AND e.state IN ('queued', 'sending')
            AND o.label = p.label AND o.gtin = p.gtin)
    ORDER BY q.seq LIMIT 1";

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
                .prepare_cached(NEXT)?
                .exists((dsp.as_str(), time(now)))
        })?;
        if !any {
            return Ok(None);
        }
        let dsp = dsp.clone();
        self.change(move |desk| claim(desk, &dsp, epoch, now))
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
            let push = check_claim(desk, &claimed)?;
            step(desk, &push, event, &told, occasion)?;
            if event == PushEvent::GivenUp {
                tell_operator(desk, &push, occasion)?;
            }
            finish(desk, &push.package, occasion)
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
            step(desk, &push, event, &told, occasion)?;
            finish(desk, &push.package, occasion)
        })
    }
}

/// What a report or a decision says beyond its event.
#[derive(Debug, Default)]
struct Told {
    location: Option<String>,
    error: Option<String>,
    due: Option<Timestamp>,
}

/// One push for each DSP, once.
pub(super) fn queue(
    desk: &mut Desk<'_>,
    package: &PackageId,
    dsps: &[DspId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for dsp in dsps {
        let id = desk.ids.next(now);
        desk.connection
            .prepare_cached(
                "INSERT INTO push (id, package, dsp, state, due_at, created_at, updated_at)
                 SELECT :id, id, :dsp, 'queued', :now, :now, :now FROM package
                 WHERE id = :package AND is_test = 0
                 ON CONFLICT (package, dsp) DO NOTHING",
            )
            .and_then(|mut insert| {
                insert.execute(named_params! {
                    ":id": id,
                    ":package": package.as_str(),
                    ":dsp": dsp.as_str(),
                    ":now": time(now),
                })
            })
            .map_err(StoreError::write("a push"))?;
    }
    Ok(())
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

pub(super) fn begin_epoch(desk: &Desk<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let epoch: i64 = desk
        .connection
        .prepare_cached("INSERT INTO epoch (started_at) VALUES (?1) RETURNING number")
        .and_then(|mut insert| insert.query_one([time(now)], |row| row.get(0)))
        .map_err(StoreError::write("an epoch"))?;
    let orphans: Vec<Push> = desk
        .connection
        .prepare_cached(&format!("{SELECT} WHERE state = 'sending' ORDER BY seq"))
        .and_then(|mut select| select.query_map([], push_of)?.collect())
        .map_err(StoreError::read("the pushes"))?;
    for push in orphans {
        if let Ok(state) = next(push.state, PushEvent::Orphaned) {
            set_state(desk, &push, state, &Told::default(), now)?;
        }
    }
    Ok(u64::try_from(epoch).unwrap_or_default())
}

fn current_epoch(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT max(number) FROM epoch")?
        .query_one([], |row| row.get(0))
}

fn claim(
    desk: &Desk<'_>,
    dsp: &DspId,
    epoch: u64,
    now: Timestamp,
) -> Result<Option<Claimed>, StoreError> {
    let found = current_epoch(desk.connection).map_err(StoreError::read("the epoch"))?;
    let Some(current) = found.filter(|current| u64::try_from(*current) == Ok(epoch)) else {
        return Ok(None);
    };
    let id: Option<String> = desk
        .connection
        .prepare_cached(NEXT)
        .and_then(|mut select| {
            select
                .query_one((dsp.as_str(), time(now)), |row| row.get(0))
                .optional()
        })
        .map_err(StoreError::read("the pushes that are due"))?;
    let Some(id) = id else {
        return Ok(None);
    };
    let Ok(state) = next(PushState::Queued, PushEvent::Taken) else {
        return Ok(None);
    };
    desk.connection
        .prepare_cached(
            "UPDATE push SET state = ?2, epoch = ?3, attempts = attempts + 1, updated_at = ?4
             WHERE id = ?1",
        )
        .and_then(|mut update| update.execute((&id, state.as_str(), current, time(now))))
        .map_err(StoreError::write("a claim"))?;
    push_in(desk.connection, &PushId::new(id))
        .map(|push| push.map(|push| Claimed { push, epoch }))
        .map_err(StoreError::read("a push"))
}

/// The push as it is now, if the claim is the one that holds it.
fn check_claim(desk: &Desk<'_>, claimed: &Claimed) -> Result<Push, PushError> {
    let id = &claimed.push.id;
    let push = push_in(desk.connection, id)
        .map_err(StoreError::read("a push"))?
        .ok_or(PushError::NotFound)?;
    let epoch: Option<i64> = desk
        .connection
        .prepare_cached("SELECT epoch FROM push WHERE id = ?1")
        .and_then(|mut select| select.query_one([id.as_str()], |row| row.get(0)))
        .map_err(StoreError::read("a push"))?;
    let holds = push.state == PushState::Sending
        && push.attempts == claimed.push.attempts
        && epoch.is_some_and(|epoch| u64::try_from(epoch) == Ok(claimed.epoch));
    if holds {
        Ok(push)
    } else {
        Err(PushError::Stale)
    }
}

/// Moves a push as the table says.
fn step(
    desk: &Desk<'_>,
    push: &Push,
    event: PushEvent,
    told: &Told,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let state = next(push.state, event)?;
    set_state(desk, push, state, told, occasion.now)?;
    let failures = match event {
        PushEvent::Postponed | PushEvent::GivenUp => "failures + 1",
        PushEvent::Retried => "0",
        PushEvent::Taken
        | PushEvent::Accepted
        | PushEvent::CalledOff
        | PushEvent::Orphaned
        | PushEvent::Refused => "failures",
    };
    desk.connection
        .prepare_cached(&format!(
            "UPDATE push SET failures = {failures} WHERE id = ?1"
        ))
        .and_then(|mut update| update.execute([push.id.as_str()]))
        .map_err(StoreError::write("a push"))?;
    tracing::info!(
        push.id = %push.id,
        package.id = %push.package,
        dsp = %push.dsp,
        push.event = ?event,
        push.state = state.as_str(),
        actor = ?occasion.actor,
        "push {} to {} is {state}", push.id, push.dsp
    );
    Ok(())
}

/// Writes a state that the table has allowed. No claim outlives it.
fn set_state(
    desk: &Desk<'_>,
    push: &Push,
    state: PushState,
    told: &Told,
    now: Timestamp,
) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached(
            "UPDATE push SET state = :state, epoch = NULL, location = :location,
                 last_error = iif(:state = 'sent', NULL, coalesce(:error, last_error)),
                 due_at = coalesce(:due, due_at), updated_at = :now
             WHERE id = :id",
        )
        .and_then(|mut update| {
            update.execute(named_params! {
                ":id": push.id.as_str(),
                ":state": state.as_str(),
                ":location": told.location,
                ":error": told.error,
                ":due": told.due.map(time),
                ":now": time(now),
            })
        })
        .map(|_| ())
        .map_err(StoreError::write("a push"))
}

/// Writes to the operator about a push that was given up. No event of the package sets it off; the
/// letter hangs on its newest log line.
fn tell_operator(
    desk: &mut Desk<'_>,
    push: &Push,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let event = desk
        .connection
        .prepare_cached("SELECT max(seq) FROM event WHERE package = ?1")
        .and_then(|mut select| select.query_one([push.package.as_str()], |row| row.get(0)))
        .map_err(StoreError::read("a package's log"))?;
    let cause = letters::Cause {
        package: &push.package,
        event,
        push: Some(&push.id),
    };
    letters::post(
        desk,
        cause,
        LetterKind::OperatorPushFailed,
        &occasion.people.operator,
        occasion.now,
    )
}

/// The package is delivered when every push that is neither blocked nor called off was sent, and
/// one at least was. A push that was given up keeps it open until a person decides.
fn finish(desk: &mut Desk<'_>, id: &PackageId, occasion: Occasion<'_>) -> Result<(), PushError> {
    let pushes = of_package(desk.connection, id).map_err(StoreError::read("the pushes"))?;
    let mut dsps = Vec::new();
    for push in &pushes {
        match push.state {
            PushState::Sent => dsps.push(occasion.people.dsp_name(&push.dsp)),
            PushState::Blocked | PushState::Cancelled => {}
            PushState::Queued | PushState::Sending | PushState::Failed => return Ok(()),
        }
    }
    let package = package_in(desk.connection, id).map_err(StoreError::read("a package"))?;
    // A push that was called off can be asked for again after the rest was delivered.
    let waits = package.is_some_and(|package| package.status == Status::QcApproved);
    if dsps.is_empty() || !waits {
        return Ok(());
    }
    match apply(desk, id, &Event::AllPushed { dsps }, occasion) {
        Ok(_) => Ok(()),
        Err(ApplyError::Store(error)) => Err(PushError::Store(error)),
        Err(error @ (ApplyError::NotFound | ApplyError::Illegal(_))) => {
            // Both were just looked at in this transaction.
            tracing::error!(package.id = %id, %error, "a package whose pushes are sent stays open");
            Ok(())
        }
    }
}

fn push_in(connection: &Connection, id: &PushId) -> rusqlite::Result<Option<Push>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
        .query_one([id.as_str()], push_of)
        .optional()
}

fn push_of(row: &Row<'_>) -> rusqlite::Result<Push> {
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
