//! The outbox to DSPs as callers see it: lists, workers' claims and reports, people's decisions.
//! What they do inside a transaction is in `claims`.

use super::Store;
use super::apply::{DAEMON, Occasion};
use super::claims::{self, Told};
use super::error::{PushError, StoreError};
use super::made::keep_losses;
use super::packages::{Found, matching};
use super::rows::{json_of, time_of, word};
use super::writer::Desk;
use crate::domain::ids::{DspId, PackageId, PushId};
use crate::domain::lifecycle::push::{IllegalPush, PushEvent, PushState};
use crate::domain::push::{Claimed, Order, Push, PushKind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use std::collections::BTreeSet;

/// What `push_of` reads.
pub(super) const SELECT: &str =
    "SELECT id, package, dsp, state, attempts, due_at, last_error, location,
        created_at, updated_at, kind, since, batch, message_id, is_test, awaits_ack, link,
        takedown, (SELECT json_array(t.actor, t.reason, t.at, t.purge) FROM takedown t
            WHERE t.id = push.takedown),
        (SELECT json_group_array(l.text ORDER BY l.number) FROM loss l WHERE l.push = push.id)
     FROM push";

/// Which pushes; what is `None` does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushFilter {
    /// Of this package.
    pub package: Option<PackageId>,
    /// To this DSP.
    pub dsp: Option<DspId>,
    /// In this state.
    pub state: Option<PushState>,
    /// Of this batch.
    pub batch: Option<String>,
}

impl PushFilter {
    /// Only the conditions that are asked for, so that each finds its index, and their values.
    fn conditions(&self) -> (String, Vec<&str>) {
        let named = [
            ("package = ?", self.package.as_ref().map(PackageId::as_str)),
            ("dsp = ?", self.dsp.as_ref().map(DspId::as_str)),
            ("state = ?", self.state.map(PushState::as_str)),
            ("batch = ?", self.batch.as_deref()),
        ];
        let asked = named
            .into_iter()
            .filter_map(|(sql, value)| Some((sql, value?)));
        let (mut conditions, values): (Vec<&str>, Vec<&str>) = asked.unzip();
        conditions.insert(0, "TRUE");
        (conditions.join(" AND "), values)
    }
}

impl Store {
    /// Pushes, oldest first.
    pub fn pushes(&self, filter: &PushFilter) -> Result<Vec<Push>, StoreError> {
        let (conditions, values) = filter.conditions();
        self.read("the pushes", |connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE {conditions} ORDER BY seq"))?
                .query_map(params_from_iter(values), push_of)?
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

    /// All that is to be sent is there; `message_id` is the message that was made for it.
    pub fn push_prepared(
        &self,
        claimed: &Claimed,
        made: &Made,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let (id, made) = (claimed.push.id.clone(), made.clone());
        self.worker_also(
            claimed,
            PushEvent::Prepared,
            Told::default(),
            now,
            move |desk| {
                desk.connection
                .prepare_cached(
                    "UPDATE push SET message_id = ?2, is_test = ?3, awaits_ack = ?4 WHERE id = ?1",
                )
                .and_then(|mut update| {
                    update.execute((id.as_str(), &made.message_id, made.is_test, made.awaits_ack))
                })
                .map_err(StoreError::write("a push"))?;
                keep_losses(desk, &id, &made.losses)
            },
        )
    }

    /// From now on it may be visible at `location`.
    pub fn push_revealing(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        location: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            location: Some(location.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Revealing, told, now)
    }

    /// It did not become visible after all, and the worker goes on with it.
    pub fn push_concealed(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        now: Timestamp,
    ) -> Result<(), PushError> {
        self.worker_says(claimed, PushEvent::Concealed, Told::default(), now)
    }

    /// Everything is at the DSP. When it was the last push that was open, the package is delivered,
    /// in the same transaction.
    pub fn push_sent(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        location: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            location: Some(location.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Accepted, told, now)
    }

    /// The DSP was asked and has not got it.
    pub fn push_absent(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            due: Some(now),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Absent, told, now)
    }

    /// A try failed; the next one is at `due`.
    pub fn push_postponed(
        &self,
        claimed: &impl AsRef<[Claimed]>,
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

    /// The DSP cannot be reached; the push has done nothing wrong and is due when its gate opens.
    pub fn push_held_up(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        error: &str,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(error.to_owned()),
            due: Some(due),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::HeldUp, told, now)
    }

    /// The last try failed: a person has to decide, and the operator is written to.
    pub fn push_given_up(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        error: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(error.to_owned()),
            // Asked about no more by itself.
            due: Some(Timestamp::MAX),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::GivenUp, told, now)
    }

    /// The DSP's profile does not let it go out; it counts as not agreed.
    pub fn push_blocked(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        why: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            error: Some(why.to_owned()),
            ..Told::default()
        };
        self.worker_says(claimed, PushEvent::Refused, told, now)
    }

    /// Takes a claimed push out of its batch: the rest goes without it.
    pub fn push_leaves_batch(&self, id: &PushId) -> Result<(), StoreError> {
        let id = id.clone();
        self.change(move |desk| {
            desk.connection
                .prepare_cached("UPDATE push SET batch = NULL WHERE id = ?1")
                .and_then(|mut update| update.execute([id.as_str()]))
                .map(|_| ())
                .map_err(StoreError::write("a push"))
        })
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

    /// Whether a worker has it in hand: is sending it, or is asking about it.
    pub fn is_push_held(&self, id: &PushId) -> Result<bool, StoreError> {
        self.read("a push", |connection| claims::is_held(connection, id))
    }

    /// A person asks for another try, at once and with all tries ahead again.
    pub fn push_retry(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        let told = Told {
            due: Some(now),
            ..Told::default()
        };
        self.person_says(id, PushEvent::Retried, told, actor, now)
    }

    /// A person has looked: it is there. Where it is known to be there and only the DSP's word is
    /// waited for, a person has asked for that.
    pub fn push_confirm(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        self.person_says(id, PushEvent::Confirmed, Told::default(), actor, now)
    }

    /// A person has looked: it goes out again, with a new message, although it may be there.
    pub fn push_resend(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        let told = Told {
            due: Some(now),
            ..Told::default()
        };
        self.person_says(id, PushEvent::Resent, told, actor, now)
    }

    /// A person wants it not before `at`, while it waits.
    pub fn push_schedule(
        &self,
        id: &PushId,
        at: Timestamp,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), PushError> {
        let told = Told {
            due: Some(at),
            is_appointment: true,
            ..Told::default()
        };
        self.person_says(id, PushEvent::Retried, told, actor, now)
    }

    /// A person calls it off. When all that is left has been sent, the package is delivered.
    pub fn push_cancel(&self, id: &PushId, actor: &str, now: Timestamp) -> Result<(), PushError> {
        self.person_says(id, PushEvent::CalledOff, Told::default(), actor, now)
    }

    /// A worker's report of all that it has in hand.
    fn worker_says(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        event: PushEvent,
        told: Told,
        now: Timestamp,
    ) -> Result<(), PushError> {
        self.worker_also(claimed, event, told, now, |_| Ok(()))
    }

    /// The same with `more` in its transaction. Of several pushes those are believed that the worker
    /// still holds; a person may have decided about one meanwhile.
    fn worker_also(
        &self,
        claimed: &impl AsRef<[Claimed]>,
        event: PushEvent,
        told: Told,
        now: Timestamp,
        more: impl FnOnce(&mut Desk<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), PushError> {
        let claimed = claimed.as_ref().to_vec();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: DAEMON,
                now,
                people: &people,
            };
            let mut held = Vec::new();
            for claim in &claimed {
                match claims::check_claim(desk, claim) {
                    Ok(push) => held.push(push),
                    Err(PushError::Stale) if claimed.len() > 1 => {}
                    Err(error) => return Err(error),
                }
            }
            if held.is_empty() {
                return Err(PushError::Stale);
            }
            for push in &held {
                claims::step(desk, push, event, &told, occasion)?;
                if event == PushEvent::GivenUp {
                    claims::tell_operator(desk, push, occasion)?;
                }
            }
            if event == PushEvent::Absent {
                absent_too(desk, &held, &told, occasion)?;
            }
            more(desk)?;
            for push in &held {
                claims::finish(desk, &push.package, occasion)?;
            }
            Ok(())
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
            let goes_out = matches!(event, PushEvent::Retried | PushEvent::Resent)
                && (push.state != PushState::SentUnknown || event == PushEvent::Resent);
            if goes_out && claims::is_overtaken(desk.connection, &push)? {
                return Err(PushError::Overtaken);
            }
            if event == PushEvent::Confirmed && push.is_delivered() {
                return Err(IllegalPush {
                    state: push.state,
                    event,
                }
                .into());
            }
            // In the middle of its becoming visible it would go out a second time.
            if event == PushEvent::Resent
                && claims::is_held(desk.connection, &id).map_err(StoreError::read("a push"))?
            {
                return Err(PushError::Held);
            }
            claims::step(desk, &push, event, &told, occasion)?;
            if let Some(at) = told.due.filter(|_| told.is_appointment) {
                claims::keep_appointment(desk, &push, at)?;
            }
            claims::finish(desk, &push.package, occasion)
        })
    }
}

/// A batch became visible as a whole or not at all: what was asked about some of its members is the
/// answer for the others.
fn absent_too(
    desk: &Desk<'_>,
    held: &[Push],
    told: &Told,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let batches: BTreeSet<&str> = held
        .iter()
        .filter_map(|push| push.batch.as_deref())
        .collect();
    for batch in batches {
        let others: Vec<Push> = desk
            .connection
            .prepare_cached(&format!(
                "{SELECT} WHERE batch = ?1 AND state = 'sent_unknown' AND epoch IS NULL ORDER BY seq"
            ))
            .and_then(|mut select| select.query_map([batch], push_of)?.collect())
            .map_err(StoreError::read("the pushes"))?;
        for push in others {
            claims::step(desk, &push, PushEvent::Absent, told, occasion)?;
        }
    }
    Ok(())
}

/// What a worker made before it sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// `MessageId`, if the message is ours.
    pub message_id: Option<String>,
    /// It goes out as a test.
    pub is_test: bool,
    /// Only the DSP's word makes it delivered.
    pub awaits_ack: bool,
    /// What of the label's message the DSP will not read (DSP-003), as sentences.
    pub losses: Vec<String>,
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

/// The order in the last two columns.
fn order_of(row: &Row<'_>) -> rusqlite::Result<Option<Order>> {
    let Some(id) = row.get::<_, Option<String>>(17)? else {
        return Ok(None);
    };
    let (by, why, at, purge): (String, String, Timestamp, u8) = json_of(row, 18)?;
    Ok(Some(Order {
        id,
        by,
        why,
        at,
        purge: purge == 1,
    }))
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
        kind: word(row, 10, PushKind::parse)?,
        since: time_of(row, 11)?,
        batch: row.get(12)?,
        message_id: row.get(13)?,
        is_test: row.get(14)?,
        awaits_ack: row.get(15)?,
        link: row.get(16)?,
        order: order_of(row)?,
        losses: json_of(row, 19)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows;

    #[test]
    fn pushes_are_found_by_indexes() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("schema.sql"))
            .unwrap();
        let of = |filter: PushFilter, wanted: &str| {
            let sql = format!(
                "SELECT id FROM push WHERE {} ORDER BY seq",
                filter.conditions().0
            );
            let plan = rows::plan(&connection, &sql);
            assert!(
                plan.iter().any(|step| step == wanted),
                "{wanted}: {plan:#?}"
            );
        };
        let all = PushFilter::default;
        of(
            PushFilter {
                package: Some(PackageId::new("P")),
                dsp: Some(DspId::new("D")),
                ..all()
            },
            "SEARCH push USING INDEX push_package (package=? AND dsp=?)",
        );
        of(
            PushFilter {
                state: Some(PushState::Failed),
                ..all()
            },
            "SEARCH push USING INDEX push_state (state=?)",
        );
        of(
            PushFilter {
                batch: Some("B".to_owned()),
                ..all()
            },
            "SEARCH push USING INDEX push_batch (batch=?)",
        );
        let plan = rows::plan(&connection, crate::store::PUSHES_BY_STATE);
        assert_eq!(plan, ["SCAN push USING COVERING INDEX push_state"]);
    }
}
