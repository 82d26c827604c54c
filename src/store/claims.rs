//! What happens to pushes inside a transaction: they are queued, claimed, moved and closed.
//!
//! A worker claims a push and reports back with its claim. A claim is known by epoch (start of the
//! daemon) and attempt, so that a worker of a daemon that is gone, or one that was given up, cannot
//! speak for the one that has the push now.

use super::apply::{Occasion, apply};
use super::error::{ApplyError, PushError, StoreError};
use super::letters;
use super::packages::package_in;
use super::pushes::{SELECT, of_package, push_in, push_of};
use super::rows::time;
use super::writer::Desk;
use crate::domain::ids::{DspId, PackageId, PushId};
use crate::domain::letter::LetterKind;
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::{PushEvent, PushState, next};
use crate::domain::package::Event;
use crate::domain::push::{Claimed, Push};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, named_params};

/// The oldest push to a DSP that is due and whose turn it is. A package of the same release that
/// was approved earlier goes first, or an old version would overtake a new one at the DSP.
pub(super) const NEXT: &str = "SELECT q.id FROM push q JOIN package p ON p.id = q.package
    WHERE q.dsp = ?1 AND q.state = 'queued' AND q.due_at <= ?2 AND NOT EXISTS (
        SELECT 1 FROM push e JOIN package o ON o.id = e.package
        WHERE e.dsp = q.dsp AND e.seq < q.seq AND e.state IN ('queued', 'sending')
            AND o.label = p.label AND o.gtin = p.gtin)
    ORDER BY q.seq LIMIT 1";

/// What a report or a decision says beyond its event.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) location: Option<String>,
    pub(super) error: Option<String>,
    pub(super) due: Option<Timestamp>,
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

pub(super) fn claim(
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
pub(super) fn check_claim(desk: &Desk<'_>, claimed: &Claimed) -> Result<Push, PushError> {
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
pub(super) fn step(
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
pub(super) fn tell_operator(
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
pub(super) fn finish(
    desk: &mut Desk<'_>,
    id: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
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
        Err(
            error @ (ApplyError::NotFound
            | ApplyError::Illegal(_)
            | ApplyError::Unticked { .. }
            | ApplyError::NotAsked { .. }),
        ) => {
            // The first two were just looked at in this transaction; the others are of approvals.
            tracing::error!(package.id = %id, %error, "a package whose pushes are sent stays open");
            Ok(())
        }
    }
}
