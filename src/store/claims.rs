//! What happens to pushes inside a transaction: they are queued, moved and closed. How they are taken
//! is in `shipments`.
//!
//! A worker claims a push and reports back with its claim. A claim is known by epoch (start of the
//! daemon) and attempt, so that a worker of a daemon that is gone, or one that was given up, cannot
//! speak for the one that has the push now.

use super::apply::{Occasion, apply};
use super::error::{ApplyError, PushError, StoreError};
use super::packages::package_in;
use super::pushes::{SELECT, of_package, push_in, push_of};
use super::rows::time;
use super::writer::Desk;
use super::{letters, standings, takedowns};
use crate::domain::ids::{DspId, PackageId, PushId};
use crate::domain::letter::LetterKind;
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::{PushEvent, PushState, next};
use crate::domain::package::Event;
use crate::domain::push::{Claimed, Push};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

/// What a report or a decision says beyond its event.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) location: Option<String>,
    pub(super) error: Option<String>,
    pub(super) due: Option<Timestamp>,
    pub(super) link: Option<String>,
    /// `due` is a person's wish, however far ahead.
    pub(super) is_appointment: bool,
}

/// One push for each DSP, once. A test goes nowhere, and takes nothing down.
pub(super) fn queue(
    desk: &mut Desk<'_>,
    package: &PackageId,
    dsps: &[DspId],
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let now = occasion.now;
    if standings::is_test(desk.connection, package).map_err(StoreError::read("a package"))? {
        return Ok(());
    }
    if standings::takes_down(desk.connection, package).map_err(StoreError::read("a report"))? {
        return takedowns::queue(desk, package, occasion);
    }
    for dsp in dsps {
        let id = desk.ids.next(now);
        let new = desk
            .connection
            .prepare_cached(&format!(
                "INSERT INTO push (id, package, dsp, kind, state, due_at, since, created_at,
                     updated_at)
                 SELECT :id, n.id, :dsp, {}, 'queued', :now, :now, :now, :now
                 FROM package n WHERE n.id = :package
                 ON CONFLICT (package, dsp) WHERE takedown IS NULL DO NOTHING",
                standings::kind_sql()
            ))
            .and_then(|mut insert| {
                insert.execute(named_params! {
                    ":id": id,
                    ":package": package.as_str(),
                    ":dsp": dsp.as_str(),
                    ":now": time(now),
                })
            })
            .map_err(StoreError::write("a push"))?;
        if new > 0 {
            hold_against_takedown(desk, package, &PushId::new(id), dsp, now)?;
        }
    }
    Ok(())
}

/// A message that is older than an operator's takedown does not undo it by itself.
fn hold_against_takedown(
    desk: &Desk<'_>,
    package: &PackageId,
    id: &PushId,
    dsp: &DspId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let order = standings::stands_against(desk.connection, package, dsp)
        .map_err(StoreError::read("orders to take releases down"))?;
    let push = push_in(desk.connection, id).map_err(StoreError::read("a push"))?;
    let (Some(order), Some(push)) = (order, push) else {
        return Ok(());
    };
    let why = format!(
        "{} took this release down on {} ({}), after this message was made: it would undo that. If it is to go out nevertheless: `dropzone push retry {id}`.",
        order.by,
        order.at.strftime("%-d %B %Y, %H:%M UTC"),
        order.why
    );
    tracing::warn!(push.id = %id, package.id = %package, %dsp, why, "push blocked");
    let told = Told {
        error: Some(why),
        ..Told::default()
    };
    match next(push.state, PushEvent::Refused) {
        Ok(state) => set_state(desk, &push, (state, PushEvent::Refused), &told, now),
        Err(_) => Ok(()),
    }
}

pub(super) fn begin_epoch(desk: &Desk<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let epoch: i64 = desk
        .connection
        .prepare_cached("INSERT INTO epoch (started_at) VALUES (?1) RETURNING number")
        .and_then(|mut insert| insert.query_one([time(now)], |row| row.get(0)))
        .map_err(StoreError::write("an epoch"))?;
    let orphans: Vec<Push> = desk
        .connection
        .prepare_cached(&format!("{SELECT} WHERE epoch IS NOT NULL ORDER BY seq"))
        .and_then(|mut select| select.query_map([], push_of)?.collect())
        .map_err(StoreError::read("the pushes"))?;
    for push in orphans {
        if let Ok(state) = next(push.state, PushEvent::Orphaned) {
            set_state(
                desk,
                &push,
                (state, PushEvent::Orphaned),
                &Told::default(),
                now,
            )?;
        }
    }
    Ok(u64::try_from(epoch).unwrap_or_default())
}

pub(super) fn is_current(connection: &Connection, epoch: u64) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT max(number) FROM epoch")
        .and_then(|mut select| select.query_one([], |row| row.get(0)))
        .map_err(StoreError::read("the epoch"))?;
    Ok(found.is_some_and(|current| u64::try_from(current) == Ok(epoch)))
}

/// Whether a worker has the push in hand.
pub(super) fn is_held(connection: &Connection, id: &PushId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM push WHERE id = ?1 AND epoch IS NOT NULL)")?
        .query_one([id.as_str()], |row| row.get(0))
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
    let holds = push.attempts == claimed.push.attempts
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
    set_state(desk, push, (state, event), told, occasion.now)?;
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

/// What of the row an event changes beside the state.
#[expect(
    clippy::struct_excessive_bools,
    reason = "things that may each be so, in any combination"
)]
struct Marks {
    /// The claim goes on.
    keeps_claim: bool,
    /// SQL of the number of failures.
    failures: &'static str,
    /// A message of an earlier round has nothing to do with what comes now.
    afresh: bool,
    /// It goes without the others of its batch: a batch has one name and goes once. A question about
    /// one that may be there is about the whole batch.
    alone: bool,
    /// Its age counts from now.
    young: bool,
}

fn marks(push: &Push, event: PushEvent) -> Marks {
    use PushEvent as E;
    let failures = match event {
        E::Postponed | E::GivenUp => "failures + 1",
        E::Retried | E::Resent => "0",
        E::Taken
        | E::Prepared
        | E::Revealing
        | E::Concealed
        | E::Accepted
        | E::HeldUp
        | E::Absent
        | E::Confirmed
        | E::CalledOff
        | E::Orphaned
        | E::Refused
        | E::Acknowledged
        | E::Declined => "failures",
    };
    let by_person = matches!(event, E::Retried | E::Resent);
    Marks {
        keeps_claim: matches!(event, E::Prepared | E::Revealing | E::Concealed),
        failures,
        afresh: event == E::Resent
            || event == E::Retried
                && !matches!(push.state, PushState::Queued | PushState::SentUnknown),
        alone: event == E::Resent || event == E::Retried && push.state != PushState::SentUnknown,
        young: by_person,
    }
}

/// Writes a state that the table has allowed. Unless the worker goes on, no claim outlives it.
fn set_state(
    desk: &Desk<'_>,
    push: &Push,
    (state, event): (PushState, PushEvent),
    told: &Told,
    now: Timestamp,
) -> Result<(), StoreError> {
    let marks = marks(push, event);
    let is_there = state == PushState::SentUnknown || state.has_arrived();
    desk.connection
        .prepare_cached(&format!(
            "UPDATE push SET state = :state, epoch = iif(:keeps, epoch, NULL),
                 location = iif(:there, coalesce(:location, location), NULL),
                 last_error = iif(:state IN ('sent', 'acknowledged'), NULL,
                     coalesce(:error, last_error)),
                 link = coalesce(:link, link),
                 due_at = coalesce(:due, due_at), updated_at = :now,
                 since = iif(:young, coalesce(:due, :now), since),
                 message_id = iif(:afresh, NULL, message_id),
                 batch = iif(:alone, NULL, batch),
                 failures = {}
             WHERE id = :id",
            marks.failures
        ))
        .and_then(|mut update| {
            update.execute(named_params! {
                ":id": push.id.as_str(),
                ":state": state.as_str(),
                ":keeps": marks.keeps_claim,
                ":there": is_there,
                ":location": told.location,
                ":error": told.error,
                ":link": told.link,
                ":due": told.due.map(time),
                ":now": time(now),
                ":young": marks.young,
                ":afresh": marks.afresh,
                ":alone": marks.alone,
            })
        })
        .map(|_| ())
        .map_err(StoreError::write("a push"))
}

/// Remembers that a person wants the push at `at`; see `overdue`.
pub(super) fn keep_appointment(
    desk: &Desk<'_>,
    push: &Push,
    at: Timestamp,
) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached(
            "INSERT INTO appointment (push, at) VALUES (?1, ?2)
             ON CONFLICT (push) DO UPDATE SET at = excluded.at",
        )
        .and_then(|mut insert| insert.execute((push.id.as_str(), time(at))))
        .map(|_| ())
        .map_err(StoreError::write("an appointment"))
}

/// Whether there is a newer package of a push's release at its DSP. The `+` keeps SQLite from looking
/// by state, which nearly all pushes share.
pub(super) const OVERTAKEN: &str = "SELECT EXISTS (
    SELECT 1 FROM push q JOIN package p ON p.id = q.package
        JOIN push e ON e.dsp = q.dsp AND e.seq > q.seq AND e.package IN (
            SELECT o.id FROM package o WHERE o.label = p.label AND o.gtin = p.gtin
            UNION ALL SELECT p.id)
    WHERE q.id = ?1 AND (
        +e.state IN ('preparing', 'sending', 'sent', 'sent_unknown', 'acknowledged')
        OR (e.kind = 'takedown' AND +e.state = 'queued')))";

/// Whether a newer package of the same release is at the DSP or on its way there: an older one must
/// not undo it.
pub(super) fn is_overtaken(connection: &Connection, push: &Push) -> Result<bool, StoreError> {
    connection
        .prepare_cached(OVERTAKEN)
        .and_then(|mut select| select.query_one([push.id.as_str()], |row| row.get(0)))
        .map_err(StoreError::read("the pushes"))
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

/// The package is delivered when every push that is neither blocked nor called off is delivered, and
/// one at least is. One that was given up or refused keeps it open until a person decides.
pub(super) fn finish(
    desk: &mut Desk<'_>,
    id: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    takedowns::close_orders(desk, id, occasion)?;
    let pushes = of_package(desk.connection, id).map_err(StoreError::read("the pushes"))?;
    let mut dsps = Vec::new();
    // An operator's takedown is no part of the delivery; where one is in force, nothing is delivered.
    let (orders, pushes): (Vec<Push>, Vec<Push>) =
        pushes.into_iter().partition(|push| push.order.is_some());
    let is_taken_down = |dsp: &DspId| {
        let mut orders = orders.iter();
        orders.any(|order| order.dsp == *dsp && order.state != PushState::Cancelled)
    };
    for push in &pushes {
        let is_off = matches!(push.state, PushState::Blocked | PushState::Cancelled);
        if is_off || (push.is_delivered() && is_taken_down(&push.dsp)) {
            continue;
        }
        if !push.is_delivered() {
            return Ok(());
        }
        dsps.push(occasion.people.dsp_name(&push.dsp));
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
            | ApplyError::NotAsked { .. }
            | ApplyError::FolderTaken { .. }),
        ) => {
            // The first two were just looked at in this transaction; the others are of approvals and
            // of packages that are received again.
            tracing::error!(package.id = %id, %error, "a package whose pushes are sent stays open");
            Ok(())
        }
    }
}
