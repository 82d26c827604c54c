//! Takedowns: an operator's order becomes one push for each DSP that has the release, an approved
//! package without deals likewise; and what is told when all of them have it.
//!
//! A takedown overtakes what would bring the release there and has not begun: that is called off. What
//! is on its way ends first, so that there are never two at once.

use super::Store;
use super::apply::Occasion;
use super::claims::{self, Told};
use super::error::{PushError, StoreError};
use super::letters::{self, Cause};
use super::pushes::{SELECT, push_of};
use super::rows::{json, time};
use super::standings::{of_release, release_of};
use super::writer::Desk;
use crate::domain::ids::{DspId, LabelId, PackageId, PushId};
use crate::domain::letter::LetterKind;
use crate::domain::lifecycle::push::{PushEvent, PushState};
use crate::domain::push::{Order, Push, PushKind};
use crate::domain::takedown::{AtDsp, Standing, standings};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

/// What an operator orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose release.
    pub label: LabelId,
    /// Its barcode as GTIN-14, or its package where it has none.
    pub release: String,
    /// From which DSPs; empty for all that have it.
    pub dsps: Vec<DspId>,
    /// Why; not empty.
    pub why: String,
    /// Purge it where the DSP takes that.
    pub purge: bool,
}

/// What an order does at one DSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenDown {
    /// The DSP.
    pub dsp: DspId,
    /// The push that takes it down; nothing where the DSP has not got it yet.
    pub push: Option<PushId>,
    /// Pushes that would have brought it there, and were called off.
    pub called_off: Vec<PushId>,
}

/// Why a release is not taken down.
#[derive(Debug, thiserror::Error)]
pub enum TakedownError {
    /// It is not there: where it stands at each DSP that was asked for, or of which anything is
    /// known.
    #[error("the release is at none of these DSPs")]
    NotThere(Vec<(DspId, Standing)>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PushError> for TakedownError {
    fn from(error: PushError) -> Self {
        Self::Store(failed(error))
    }
}

/// Of a push that was just read in the same transaction only the store itself can fail.
pub(super) fn failed(error: PushError) -> StoreError {
    match error {
        PushError::Store(error) => error,
        PushError::NotFound
        | PushError::Illegal(_)
        | PushError::Stale
        | PushError::Held
        | PushError::Overtaken => StoreError::Missing {
            what: "push",
            id: error.to_string(),
        },
    }
}

impl Store {
    /// Takes a release down: from the DSPs named, or from all that have it. With a DSP among those
    /// named that has not got it nothing is done at all.
    pub fn take_down(
        &self,
        wanted: &Wanted,
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<TakenDown>, TakedownError> {
        let (wanted, actor) = (wanted.clone(), actor.to_owned());
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: &actor,
                now,
                people: &people,
            };
            order(desk, &wanted, occasion)
        })
    }
}

fn order(
    desk: &mut Desk<'_>,
    wanted: &Wanted,
    occasion: Occasion<'_>,
) -> Result<Vec<TakenDown>, TakedownError> {
    let pushes = of_release(desk.connection, wanted.label.as_str(), &wanted.release)
        .map_err(StoreError::read("the pushes"))?;
    let all = standings(pushes);
    let named = |dsp: &DspId| wanted.dsps.is_empty() || wanted.dsps.contains(dsp);
    let (at, mut idle): (Vec<_>, Vec<_>) = all
        .into_iter()
        .filter(|(dsp, _)| named(dsp))
        .partition(|(_, at)| at.is_live());
    let unknown = wanted.dsps.iter().filter(|dsp| {
        let mut known = at.iter().chain(&idle);
        !known.any(|(other, _)| other == *dsp)
    });
    let unknown: Vec<_> = unknown.map(|dsp| (dsp.clone(), AtDsp::default())).collect();
    idle.extend(unknown);
    if at.is_empty() || !(wanted.dsps.is_empty() || idle.is_empty()) {
        let idle = idle.into_iter().map(|(dsp, at)| (dsp, at.standing));
        return Err(TakedownError::NotThere(idle.collect()));
    }
    let order = write_order(desk, wanted, &at, occasion)?;
    let why = format!(
        "Called off: {} took the release down ({}).",
        order.by, order.why
    );
    let mut done = Vec::new();
    for (dsp, at) in at {
        done.push(take_from(
            desk,
            &dsp,
            &at,
            at.standing.version(),
            (Some(&order), &why),
            occasion,
        )?);
    }
    close(desk, &order.id, occasion)?;
    Ok(done)
}

fn write_order(
    desk: &mut Desk<'_>,
    wanted: &Wanted,
    at: &[(DspId, AtDsp)],
    occasion: Occasion<'_>,
) -> Result<Order, StoreError> {
    let dsps: Vec<&str> = at.iter().map(|(dsp, _)| dsp.as_str()).collect();
    let dsps = json("DSPs", &dsps)?;
    let order = Order {
        id: desk.ids.next(occasion.now),
        by: occasion.actor.to_owned(),
        why: wanted.why.trim().to_owned(),
        at: occasion.now,
        purge: wanted.purge,
    };
    desk.connection
        .prepare_cached(
            "INSERT INTO takedown (id, label, release, dsps, actor, reason, purge, at)
             VALUES (:id, :label, :release, :dsps, :actor, :reason, :purge, :at)",
        )
        .and_then(|mut insert| {
            insert.execute(named_params! {
                ":id": order.id,
                ":label": wanted.label.as_str(),
                ":release": wanted.release,
                ":dsps": dsps,
                ":actor": order.by,
                ":reason": order.why,
                ":purge": order.purge,
                ":at": time(order.at),
            })
        })
        .map_err(StoreError::write("an order to take a release down"))?;
    tracing::info!(
        takedown.id = %order.id, label.id = %wanted.label, release = %wanted.release,
        actor = ?order.by, "a release is taken down"
    );
    Ok(order)
}

/// Queues a takedown of `version`, if the DSP has one, and calls off what waits.
fn take_from(
    desk: &mut Desk<'_>,
    dsp: &DspId,
    at: &AtDsp,
    version: Option<&PackageId>,
    (order, why): (Option<&Order>, &str),
    occasion: Occasion<'_>,
) -> Result<TakenDown, PushError> {
    let mut done = TakenDown {
        dsp: dsp.clone(),
        push: None,
        called_off: Vec::new(),
    };
    if let Some(version) = version {
        let id = desk.ids.next(occasion.now);
        desk.connection
            .prepare_cached(
                "INSERT INTO push (id, package, dsp, kind, takedown, state, due_at, since,
                     created_at, updated_at)
                 VALUES (:id, :package, :dsp, 'takedown', :takedown, 'queued', :now, :now, :now,
                     :now)
                 ON CONFLICT (package, dsp) WHERE takedown IS NULL DO NOTHING",
            )
            .and_then(|mut insert| {
                insert.execute(named_params! {
                    ":id": id,
                    ":package": version.as_str(),
                    ":dsp": dsp.as_str(),
                    ":takedown": order.map(|order| order.id.as_str()),
                    ":now": time(occasion.now),
                })
            })
            .map_err(StoreError::write("a takedown"))?;
        done.push = Some(PushId::new(id));
    }
    for push in &at.waiting {
        call_off(desk, push, why, occasion)?;
        done.called_off.push(push.id.clone());
    }
    Ok(done)
}

fn call_off(
    desk: &mut Desk<'_>,
    push: &Push,
    why: &str,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let told = Told {
        error: Some(why.to_owned()),
        ..Told::default()
    };
    claims::step(desk, push, PushEvent::CalledOff, &told, occasion)?;
    claims::finish(desk, &push.package, occasion)
}

/// The pushes of an approved package that takes its release down: one for each DSP that has it,
/// whichever DSPs are agreed by now.
pub(super) fn queue(
    desk: &mut Desk<'_>,
    package: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let found = release_of(desk.connection, package).map_err(StoreError::read("a package"))?;
    let (label, release) = found.unwrap_or_default();
    let pushes =
        of_release(desk.connection, &label, &release).map_err(StoreError::read("the pushes"))?;
    let why = format!("Called off: the label took the release down (package {package}).");
    for (dsp, at) in standings(pushes) {
        let version = at.standing.version().map(|_| package);
        take_from(desk, &dsp, &at, version, (None, &why), occasion).map_err(failed)?;
    }
    Ok(())
}

/// A takedown that a worker takes overtakes what was put off meanwhile and waits again.
pub(super) fn overtake(
    desk: &mut Desk<'_>,
    takedown: &Push,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let found =
        release_of(desk.connection, &takedown.package).map_err(StoreError::read("a package"))?;
    let (label, release) = found.unwrap_or_default();
    let pushes =
        of_release(desk.connection, &label, &release).map_err(StoreError::read("the pushes"))?;
    let older = pushes
        .into_iter()
        .filter(|push| push.dsp == takedown.dsp)
        .take_while(|push| push.id != takedown.id)
        .filter(|push| push.state == PushState::Queued && push.kind != PushKind::Takedown);
    for push in older {
        let why = format!("Called off: takedown {} comes after it.", takedown.id);
        call_off(desk, &push, &why, occasion)?;
    }
    Ok(())
}

/// Tells the label about orders that a package has pushes of, once all their pushes are at their
/// DSPs.
pub(super) fn close_orders(
    desk: &mut Desk<'_>,
    package: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let open: Vec<String> = desk
        .connection
        .prepare_cached(
            "SELECT DISTINCT t.id FROM takedown t JOIN push q ON q.takedown = t.id
             WHERE q.package = ?1 AND t.told_at IS NULL ORDER BY t.seq",
        )
        .and_then(|mut select| {
            select
                .query_map([package.as_str()], |row| row.get(0))?
                .collect()
        })
        .map_err(StoreError::read("orders to take releases down"))?;
    for order in open {
        close(desk, &order, occasion)?;
    }
    Ok(())
}

/// Tells the label, once, when an order is carried out. One that only called off what waited has
/// nothing to tell.
fn close(desk: &mut Desk<'_>, order: &str, occasion: Occasion<'_>) -> Result<(), StoreError> {
    let pushes = of_order(desk.connection, order).map_err(StoreError::read("the pushes"))?;
    let is_open = |push: &&Push| push.state != PushState::Cancelled && !push.is_delivered();
    let done = pushes.iter().find(|push| push.is_delivered());
    let Some(done) = done.filter(|_| !pushes.iter().any(|push| is_open(&push))) else {
        return Ok(());
    };
    let told: usize = desk
        .connection
        .prepare_cached("UPDATE takedown SET told_at = ?2 WHERE id = ?1 AND told_at IS NULL")
        .and_then(|mut update| update.execute((order, time(occasion.now))))
        .map_err(StoreError::write("an order to take a release down"))?;
    if told == 0 {
        return Ok(());
    }
    let (event, emails): (i64, String) = desk
        .connection
        .prepare_cached(
            "SELECT (SELECT max(seq) FROM event WHERE package = p.id), l.emails
             FROM package p JOIN label l ON l.id = p.label WHERE p.id = ?1",
        )
        .and_then(|mut select| {
            select.query_one([done.package.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
        })
        .map_err(StoreError::read("a package's log"))?;
    let emails: Vec<String> = serde_json::from_str(&emails).unwrap_or_default();
    let cause = Cause {
        package: &done.package,
        event,
        push: Some(&done.id),
    };
    letters::post(desk, cause, LetterKind::TakenDown, &emails, occasion.now)
}

/// The pushes of an order, oldest first.
pub(super) fn of_order(connection: &Connection, order: &str) -> rusqlite::Result<Vec<Push>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE takedown = ?1 ORDER BY seq"))?
        .query_map([order], push_of)?
        .collect()
}
