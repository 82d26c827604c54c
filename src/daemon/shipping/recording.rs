//! What came of a shipment, written down: sent, another try, or none.
//!
//! A push whose worker has ended must not stay in its hands: nobody else would take it before the
//! next start, and newer versions of its release wait behind it. So the store is told again and again
//! while it fails, and what it will not have is put off.

use super::{UNREACHABLE, Worker};
use crate::daemon::preview::NOT_READY;
use crate::daemon::{clock, dispatch::later, update, words};
use crate::deliver::{self, Part, Trip};
use crate::domain::fault::Fault;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::{Claimed, PushKind};
use crate::store::{Made, PushError};
use std::time::Duration;

/// The first pause before the store is told again; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells the store something until it takes it, or says that it never will. Blocks.
fn insist(
    mut pause: Duration,
    mut tell: impl FnMut() -> Result<(), PushError>,
) -> Result<(), PushError> {
    loop {
        match tell() {
            Err(PushError::Store(error)) => {
                tracing::error!(error = %words(&error), "a push cannot be recorded; it is tried again");
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

impl Worker {
    /// Has the outcome of a shipment written down by `write`, on a thread that may block.
    pub(super) async fn settle(
        &self,
        members: Vec<Claimed>,
        write: impl FnOnce(&Self) -> Result<(), PushError> + Send + 'static,
    ) {
        let (worker, owned) = (self.clone(), members.clone());
        let written = tokio::task::spawn_blocking(move || {
            if let Err(error) = write(&worker) {
                worker.unwritten(&owned, &error);
            }
        });
        if let Err(error) = written.await {
            let worker = self.clone();
            let freed =
                tokio::task::spawn_blocking(move || worker.free(&members, &error.to_string()));
            freed.await.unwrap_or_default();
        }
    }

    /// The store will not have what came of these. Blocks.
    pub(super) fn unwritten(&self, members: &[Claimed], error: &PushError) {
        if matches!(error, PushError::Stale) {
            // The DSP, or a person, was quicker.
            tracing::info!(dsp = %self.profile.id, "a push was decided on while a worker had it");
        } else {
            self.free(members, &words(error));
        }
    }

    /// Gives up the claims that are left; what may be at the DSP stays a question. Blocks.
    fn free(&self, members: &[Claimed], why: &str) {
        tracing::error!(dsp = %self.profile.id, error = why, "push could not be recorded");
        let backoff = self.parts.config.deliver.backoff();
        let wait = backoff.endless(1, rand::random());
        let text = format!("What came of it could not be recorded: {why}.");
        for claimed in members {
            let freed = insist(FIRST_PAUSE, || {
                let now = clock::now();
                self.store.push_postponed(claimed, &text, later(wait), now)
            });
            // A claim that is not the current one any more was recorded.
            match freed {
                Ok(()) | Err(PushError::Stale) => {}
                Err(error) => {
                    let id = &claimed.push.id;
                    tracing::error!(push.id = %id, error = %words(&error), "push stays as it is until the next start");
                }
            }
        }
    }

    /// Everything that is to be sent is there. Blocks.
    pub(super) fn prepared(&self, claimed: &Claimed, made: &Made) -> Result<(), PushError> {
        insist(FIRST_PAUSE, || {
            self.store.push_prepared(claimed, made, clock::now())
        })
    }

    /// What came of sending. Blocks.
    pub(super) fn record(
        &self,
        outcome: Result<String, Fault>,
        trip: &Trip,
        members: Vec<Claimed>,
        parts: &[Part],
    ) -> Result<(), PushError> {
        let fault = match outcome {
            Ok(location) => return self.arrived(&location, &members),
            Err(fault) => fault,
        };
        if trip.is_concealed() {
            insist(FIRST_PAUSE, || {
                self.store.push_concealed(&members, clock::now())
            })?;
        }
        let Some(culprit) = trip.culprit().filter(|_| members.len() > 1) else {
            return self.put_off(&fault, &members);
        };
        // One package of the batch is damaged here; the others have done nothing wrong.
        let is_damaged = |part: &Part| {
            part.prepared.files.iter().any(|cargo| {
                culprit.ends_with(&cargo.name)
                    && fault.text.contains(&cargo.source.display().to_string())
            })
        };
        let (damaged, whole): (Vec<_>, Vec<_>) = members
            .into_iter()
            .zip(parts)
            .partition(|(_, part)| is_damaged(part));
        for (claimed, _) in &damaged {
            self.leaves_batch(claimed)?;
            self.put_off(&fault, std::slice::from_ref(claimed))?;
        }
        let whole: Vec<Claimed> = whole.into_iter().map(|(claimed, _)| claimed).collect();
        if whole.is_empty() {
            return Ok(());
        }
        if damaged.is_empty() {
            return self.put_off(&fault, &whole);
        }
        insist(FIRST_PAUSE, || {
            let now = clock::now();
            self.store.push_held_up(&whole, &fault.text, now, now)
        })
    }

    /// The others of its batch go without it. Blocks.
    pub(super) fn leaves_batch(&self, claimed: &Claimed) -> Result<(), PushError> {
        insist(FIRST_PAUSE, || {
            Ok(self.store.push_leaves_batch(&claimed.push.id)?)
        })
    }

    /// All of it is at the DSP. Blocks.
    pub(super) fn arrived(&self, location: &str, members: &[Claimed]) -> Result<(), PushError> {
        for claimed in members {
            let push = &claimed.push;
            tracing::info!(push.id = %push.id, package.id = %push.package, dsp = %push.dsp, location, "pushed");
        }
        let members_owned = members.to_vec();
        insist(FIRST_PAUSE, || {
            self.store.push_sent(&members_owned, location, clock::now())
        })?;
        insist(FIRST_PAUSE, || {
            Ok(self.store.dsp_reached(&self.profile.id)?)
        })?;
        for claimed in members {
            deliver::tidy(&self.parts.config.places().outgoing(&claimed.push.id));
        }
        Ok(())
    }

    /// It is not at the DSP. Blocks.
    pub(super) fn absent(&self, members: &[Claimed]) -> Result<(), PushError> {
        let members = members.to_vec();
        insist(FIRST_PAUSE, || {
            self.store.push_absent(&members, clock::now())
        })
    }

    /// Another try later, or none. A DSP that is down costs no try; whatever the reason, age ends it.
    /// What may be at the DSP is only asked about again. Blocks.
    pub(super) fn put_off(&self, fault: &Fault, members: &[Claimed]) -> Result<(), PushError> {
        insist(FIRST_PAUSE, || self.put_off_once(fault, members))
    }

    fn put_off_once(&self, fault: &Fault, members: &[Claimed]) -> Result<(), PushError> {
        let now = clock::now();
        let is_question = members
            .iter()
            .all(|claimed| claimed.push.state == PushState::SentUnknown);
        // A takedown is not one of several DSPs that may go without: a person has to know.
        let is_takedown = |claimed: &Claimed| claimed.push.kind == PushKind::Takedown;
        let is_held = fault.code == NOT_READY || fault.code == update::STALE;
        if is_held && !is_question && !members.iter().any(is_takedown) {
            tracing::warn!(dsp = %self.profile.id, %fault, "push blocked");
            return self.store.push_blocked(&members.to_vec(), &fault.text, now);
        }
        let settings = &self.parts.config.deliver;
        let is_down = UNREACHABLE.contains(&fault.code.as_str());
        let members_owned = members.to_vec();
        let dice: f64 = rand::random();
        let mut reopening = None;
        if is_down {
            let failures = self.store.dsp_failures(&self.profile.id)? + 1;
            let until = later(settings.backoff().endless(failures, dice));
            self.store
                .dsp_unreachable(&self.profile.id, &fault.text, until)?;
            reopening = Some(until);
        }
        let most = Duration::from_secs(settings.max_age_hours.saturating_mul(3600));
        let is_old = members.iter().any(|claimed| {
            let age = now.duration_since(claimed.push.since);
            Duration::try_from(age).is_ok_and(|age| age >= most)
        });
        if is_old {
            return self.give_up(fault, &members_owned, "too old");
        }
        if let Some(until) = reopening {
            tracing::warn!(dsp = %self.profile.id, %fault, "DSP cannot be reached; its pushes wait");
            return self
                .store
                .push_held_up(&members_owned, &fault.text, until, now);
        }
        let mut failures = 0;
        for claimed in members {
            failures = failures.max(self.store.push_failures(&claimed.push.id)? + 1);
        }
        let wait = if is_question {
            Some(settings.backoff().endless(failures, dice))
        } else {
            settings.backoff().wait(failures, dice)
        };
        match wait.filter(|_| fault.is_transient() || is_question) {
            Some(wait) => {
                tracing::warn!(dsp = %self.profile.id, pushes = members.len(), %fault, "push postponed");
                self.store
                    .push_postponed(&members_owned, &fault.text, later(wait), now)
            }
            None => self.give_up(fault, &members_owned, "for good"),
        }
    }

    fn give_up(
        &self,
        fault: &Fault,
        members: &Vec<Claimed>,
        why: &'static str,
    ) -> Result<(), PushError> {
        tracing::error!(dsp = %self.profile.id, pushes = members.len(), %fault, why, "push given up");
        self.store.push_given_up(members, &fault.text, clock::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn the_store_is_told_until_it_listens_and_no_longer() {
        let mut told = 0;
        let outcome = insist(Duration::ZERO, || {
            told += 1;
            match told {
                1..4 => Err(PushError::Store(StoreError::Missing {
                    what: "push",
                    id: String::new(),
                })),
                _ => Ok(()),
            }
        });
        assert_eq!((outcome.is_ok(), told), (true, 4));
        let mut told = 0;
        let outcome = insist(Duration::ZERO, || {
            told += 1;
            Err(PushError::Stale)
        });
        assert!(matches!(outcome, Err(PushError::Stale)));
        assert_eq!(told, 1, "an answer is an answer");
    }
}
