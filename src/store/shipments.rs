//! What a worker may take: the push whose turn it is, or those that share a batch.
//!
//! A package of the same release that was approved earlier goes first, and none goes while another
//! of the release is under way or perhaps there: an update never overtakes its original, and there
//! are never two at once. A takedown does not wait for what has not begun: that is called off when it
//! is taken. Among releases, takedowns go before all else, then batches that have to be tried again,
//! then updates, then new ones. What may be at the DSP is asked about before anything is sent.
//!
//! A batch that is tried again goes under its old name with those of its members whose turn it still
//! is. The others leave it for good, and later go in another one.

use super::Store;
use super::apply::{DAEMON, Occasion};
use super::claims;
use super::error::StoreError;
use super::pushes::push_in;
use super::rows::{time, time_of, word};
use super::takedowns;
use super::writer::Desk;
use crate::domain::dsp::BatchOptions;
use crate::domain::ids::{DspId, PushId};
use crate::domain::lifecycle::push::{PushEvent, PushState, next};
use crate::domain::push::{Attempt, Claimed, PushKind, Shipment};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// Pushes to a DSP that are due and may go: `:batch` is the one that they belong to, or nothing for all.
/// The gate of a DSP that was just unreachable lets one through, to see. What
/// stands in the way is a CASE, so that SQLite looks for it by package and not by state or order.
const DUE: &str = "SELECT q.id, q.state, q.batch, q.kind, q.due_at, q.seq
    FROM push q JOIN package p ON p.id = q.package
    WHERE q.dsp = :dsp AND q.epoch IS NULL AND q.state IN ('queued', 'sent_unknown')
        AND q.due_at <= :now AND (:batch IS NULL OR q.batch = :batch)
        AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.dsp = q.dsp AND (
            g.paused_at IS NOT NULL OR g.closed_until > :now OR (g.failures > 0 AND EXISTS (
                SELECT 1 FROM push r WHERE r.dsp = g.dsp AND r.epoch IS NOT NULL))))
        AND (q.state = 'sent_unknown' OR NOT EXISTS (
            SELECT 1 FROM push e
            WHERE e.dsp = q.dsp AND e.package IN (
                SELECT o.id FROM package o WHERE o.label = p.label AND o.gtin = p.gtin
                UNION ALL SELECT p.id)
            AND CASE
                WHEN e.seq < q.seq THEN
                    e.state IN ('queued', 'preparing', 'sending', 'sent_unknown')
                    AND NOT (e.state = 'queued' AND q.kind = 'takedown' AND e.kind <> 'takedown')
                WHEN e.seq > q.seq THEN
                    e.state IN ('preparing', 'sending', 'sent', 'sent_unknown', 'acknowledged')
                    OR (e.state = 'queued' AND e.kind = 'takedown' AND q.kind <> 'takedown')
                END))
    ORDER BY q.state = 'queued', q.kind <> 'takedown', q.batch IS NULL,
        CASE q.kind WHEN 'takedown' THEN 0 WHEN 'update' THEN 1 ELSE 2 END, q.seq
    LIMIT :most";

struct Due {
    id: PushId,
    seq: i64,
    state: PushState,
    batch: Option<String>,
    kind: PushKind,
    at: Timestamp,
}

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        id: PushId::new(row.get::<_, String>(0)?),
        state: word(row, 1, PushState::parse)?,
        batch: row.get(2)?,
        kind: word(row, 3, PushKind::parse)?,
        at: time_of(row, 4)?,
        seq: row.get(5)?,
    })
}

/// What is taken next.
struct Choice {
    state: PushState,
    batch: Sharing,
    members: Vec<PushId>,
}

/// Whether it is a batch.
enum Sharing {
    Alone,
    New,
    Known(String),
}

impl Store {
    /// Takes what is due for a DSP: one push, or with `batching` a batch, which is due when it is
    /// full, when its window has passed, or at once with a takedown in it. An epoch that is not the
    /// current one gets nothing.
    pub fn claim_shipment(
        &self,
        dsp: &DspId,
        batching: Option<BatchOptions>,
        epoch: u64,
        now: Timestamp,
    ) -> Result<Option<Shipment>, StoreError> {
        // Workers ask all the time and mostly for nothing; that need not queue with the writers.
        let any = self.read("the pushes that are due", |connection| {
            Ok(choose(connection, dsp, batching, now)?.is_some())
        })?;
        if !any {
            return Ok(None);
        }
        let dsp = dsp.clone();
        let people = self.people();
        self.change(move |desk| {
            if !claims::is_current(desk.connection, epoch)? {
                return Ok(None);
            }
            let choice = choose(desk.connection, &dsp, batching, now)
                .map_err(StoreError::read("the pushes that are due"))?;
            let occasion = Occasion {
                actor: DAEMON,
                now,
                people: &people,
            };
            choice
                .map(|choice| take(desk, &dsp, choice, epoch, occasion))
                .transpose()
        })
    }

    /// The same for a single push.
    pub fn claim_push(
        &self,
        dsp: &DspId,
        epoch: u64,
        now: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        let shipment = self.claim_shipment(dsp, None, epoch, now)?;
        Ok(shipment.and_then(|shipment| shipment.members.into_iter().next()))
    }
}

fn choose(
    connection: &Connection,
    dsp: &DspId,
    batching: Option<BatchOptions>,
    now: Timestamp,
) -> rusqlite::Result<Option<Choice>> {
    let most = batching.map_or(1, |batching| batching.packages.max(1));
    let waiting = all_due(connection, dsp, None, most, now)?;
    let Some(first) = waiting.first() else {
        return Ok(None);
    };
    if let Some(batch) = &first.batch {
        return Ok(Some(Choice {
            state: first.state,
            batch: Sharing::Known(batch.clone()),
            members: of_batch(connection, dsp, batch, first.state, now)?,
        }));
    }
    let Some(batching) = batching.filter(|_| first.state == PushState::Queued) else {
        return Ok(Some(Choice {
            state: first.state,
            batch: Sharing::Alone,
            members: vec![first.id.clone()],
        }));
    };
    // A takedown goes before batches that are known, and takes nobody out of one.
    let mut waiting: Vec<Due> = waiting
        .into_iter()
        .filter(|one| one.batch.is_none())
        .collect();
    // The manifest lists them as they are taken, and is made again from the pushes when the DSP is
    // asked about the batch.
    waiting.sort_by_key(|one| one.seq);
    let window = SignedDuration::from_secs(i64::try_from(batching.window_seconds).unwrap_or(0));
    let is_full = waiting.len() >= most as usize;
    let has_waited = waiting
        .iter()
        .any(|one| now.duration_since(one.at) >= window);
    let is_urgent = waiting.iter().any(|one| one.kind == PushKind::Takedown);
    Ok((is_full || has_waited || is_urgent).then(|| Choice {
        state: PushState::Queued,
        batch: Sharing::New,
        members: waiting.into_iter().map(|one| one.id).collect(),
    }))
}

/// The pushes that are due, of all or of a batch, in the order in which they go.
fn all_due(
    connection: &Connection,
    dsp: &DspId,
    batch: Option<&str>,
    most: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<Due>> {
    connection
        .prepare_cached(DUE)?
        .query_map(
            named_params! {
                ":dsp": dsp.as_str(),
                ":now": time(now),
                ":batch": batch,
                ":most": most,
            },
            due,
        )?
        .collect()
}

/// Those of a batch that wait together and whose turn it is, oldest first.
fn of_batch(
    connection: &Connection,
    dsp: &DspId,
    batch: &str,
    state: PushState,
    now: Timestamp,
) -> rusqlite::Result<Vec<PushId>> {
    let due = all_due(connection, dsp, Some(batch), u32::MAX, now)?;
    let mut members: Vec<Due> = due.into_iter().filter(|one| one.state == state).collect();
    members.sort_by_key(|one| one.seq);
    Ok(members.into_iter().map(|one| one.id).collect())
}

/// Who does not go with its batch now never does: a batch has one name and goes once.
fn leave_behind(desk: &Desk<'_>, batch: &str) -> Result<(), StoreError> {
    let left = desk
        .connection
        .prepare_cached(
            "UPDATE push SET batch = NULL
             WHERE batch = ?1 AND state = 'queued' AND epoch IS NULL",
        )
        .and_then(|mut update| update.execute([batch]))
        .map_err(StoreError::write("a push"))?;
    if left > 0 {
        tracing::info!(
            batch,
            pushes = left,
            "a batch goes without pushes whose turn it is not"
        );
    }
    Ok(())
}

fn take(
    desk: &mut Desk<'_>,
    dsp: &DspId,
    choice: Choice,
    epoch: u64,
    occasion: Occasion<'_>,
) -> Result<Shipment, StoreError> {
    let now = occasion.now;
    let batch = match choice.batch {
        Sharing::Alone => None,
        Sharing::Known(id) => Some(id),
        Sharing::New => Some(new_batch(desk, dsp, now)?),
    };
    let state = if choice.state == PushState::SentUnknown {
        // It stays what it is while the DSP is asked.
        PushState::SentUnknown
    } else {
        next(choice.state, PushEvent::Taken).unwrap_or(choice.state)
    };
    let mut members = Vec::new();
    for id in choice.members {
        desk.connection
            .prepare_cached(
                "UPDATE push SET state = ?2, epoch = ?3, attempts = attempts + 1, batch = ?4,
                     updated_at = ?5
                 WHERE id = ?1",
            )
            .and_then(|mut update| {
                let epoch = i64::try_from(epoch).unwrap_or(i64::MAX);
                update.execute((id.as_str(), state.as_str(), epoch, &batch, time(now)))
            })
            .map_err(StoreError::write("a claim"))?;
        let push = push_in(desk.connection, &id).map_err(StoreError::read("a push"))?;
        if let Some(takedown) = push.as_ref().filter(|push| push.kind == PushKind::Takedown) {
            takedowns::overtake(desk, takedown, occasion).map_err(takedowns::failed)?;
        }
        members.extend(push.map(|push| Claimed { push, epoch }));
    }
    if let Some(id) = batch.as_deref().filter(|_| state != PushState::SentUnknown) {
        leave_behind(desk, id)?;
    }
    let attempt = match (&batch, members.first()) {
        (Some(id), _) => Attempt {
            of: id.clone(),
            number: count_batch(desk, id)?,
        },
        (None, Some(alone)) => alone.attempt(),
        (None, None) => {
            return Err(StoreError::Missing {
                what: "push",
                id: dsp.to_string(),
            });
        }
    };
    Ok(Shipment {
        attempt,
        batch,
        members,
    })
}

/// A batch under the time of its making, as ERN Choreography 1.8 (6.3) names them.
fn new_batch(desk: &Desk<'_>, dsp: &DspId, now: Timestamp) -> Result<String, StoreError> {
    let mut at = now;
    loop {
        let id = at.strftime("%Y%m%d%H%M%S%3f").to_string();
        let is_new = desk
            .connection
            .prepare_cached(
                "INSERT INTO batch (id, dsp, created_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO NOTHING",
            )
            .and_then(|mut insert| insert.execute((&id, dsp.as_str(), time(now))))
            .map_err(StoreError::write("a batch"))?;
        if is_new > 0 {
            return Ok(id);
        }
        at += SignedDuration::from_millis(1);
    }
}

fn count_batch(desk: &Desk<'_>, id: &str) -> Result<u32, StoreError> {
    desk.connection
        .prepare_cached("UPDATE batch SET attempts = attempts + 1 WHERE id = ?1 RETURNING attempts")
        .and_then(|mut update| update.query_one([id], |row| row.get(0)).optional())
        .map(Option::unwrap_or_default)
        .map_err(StoreError::write("a batch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label has tens of thousands of packages, and a DSP is asked for every second.
    #[test]
    fn who_goes_first_is_found_by_indexes() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("schema.sql"))
            .unwrap();
        let overtaken = claims::OVERTAKEN;
        for (sql, wanted) in [
            (DUE, "SEARCH q USING INDEX push_open (dsp=? AND due_at<?)"),
            (
                DUE,
                "SEARCH e USING INDEX push_package (package=? AND dsp=?",
            ),
            (
                DUE,
                "SEARCH o USING INDEX package_release (label=? AND gtin=?)",
            ),
            (
                overtaken,
                "SEARCH e USING INDEX push_package (package=? AND dsp=?",
            ),
            (
                overtaken,
                "SEARCH o USING INDEX package_release (label=? AND gtin=?)",
            ),
        ] {
            let plan = super::super::rows::plan(&connection, sql);
            assert!(
                plan.iter().any(|step| step.starts_with(wanted)),
                "{wanted}: {plan:#?}"
            );
        }
    }
}
