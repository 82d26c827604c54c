//! One turn of the loop: take in what came, look where it is due, tell the ledger.

use super::claim::{Claim, ClaimError};
use super::jobs::{Done, Job, lock};
use super::listing;
use super::notes::{Note, What};
use super::state::{Phase, Place, State};
use super::{Intake, PARKED_RETRY, RETRY};
use crate::domain::content::FileKey;
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::Intent;
use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

impl Intake {
    /// Does one turn; says whether everything was looked at.
    pub(super) fn turn(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if !state.loaded {
            match self.wires.ledger.open_folders() {
                Ok(folders) => state.load(folders, now),
                Err(fault) => {
                    tracing::error!(%fault, "the ledger cannot say what is being received; nothing is taken");
                    return false;
                }
            }
        }
        let news = std::mem::take(&mut *lock(&self.inbox.news));
        for done in news.done {
            self.note(state, done, now);
        }
        self.hand_on(state, SystemTime::now());
        for event in news.events {
            state.apply(event, now);
        }
        if news.try_parked {
            state.try_parked(now);
        }
        for intent in state.take_due(now) {
            self.jobs.push(Job::Finish(Box::new(intent)));
        }
        for place in news.hints {
            state.delivery(place, now).dirty = true;
        }
        self.hashes.begin_round();
        let rescan = news.rescan || state.rescan_at.is_none_or(|at| at <= now);
        if rescan {
            state.rescan_at = Some(now + Duration::from_secs(self.settings.rescan_seconds.max(1)));
            self.rescan(state, now);
            self.take_up(state, now);
        }
        self.tell_ledger(state);
        let due: Vec<Place> = state
            .deliveries
            .iter()
            .filter(|(_, delivery)| rescan || delivery.is_due(now))
            .map(|(place, _)| place.clone())
            .collect();
        for place in due {
            self.look(state, &place, now);
        }
        self.tell_ledger(state);
        self.tell_full(state, now);
        if rescan {
            self.forget(state);
        }
        rescan
    }

    /// Marks every folder that is there, or was, to be looked at.
    fn rescan(&self, state: &mut State, now: Instant) {
        let labels = match listing::folders_in(&self.places.labels()) {
            Ok(labels) => labels,
            Err(error) => {
                tracing::error!(%error, "the labels' directories cannot be listed");
                return;
            }
        };
        for (label, _) in labels {
            let label = LabelId::new(label);
            for root in [self.places.incoming(&label), self.places.partial(&label)] {
                match listing::folders_in(&root) {
                    Ok(folders) => {
                        for (folder, _) in folders {
                            state.delivery((label.clone(), folder), now);
                        }
                    }
                    Err(error) => {
                        tracing::error!(folder = ?root, %error, "a folder cannot be listed");
                    }
                }
            }
        }
        for delivery in state.deliveries.values_mut() {
            delivery.dirty = true;
        }
    }

    /// Takes up what a person has asked to be tried again since the last look round.
    fn take_up(&self, state: &mut State, now: Instant) {
        if let Err(fault) = self.try_take_up(state, now) {
            tracing::warn!(%fault, "the ledger cannot say what is to be tried again; asking at the next look round");
        }
    }

    fn try_take_up(&self, state: &mut State, now: Instant) -> Result<(), Fault> {
        let intents = self.wires.ledger.intents()?;
        // One whose place another has taken is over.
        state.retain_unfinished(|package| intents.iter().any(|i| i.package == *package));
        for open in self.wires.ledger.open_folders()? {
            if state.in_flight.contains_key(&open.package) {
                continue;
            }
            // Its files may be in the spool, and what is under its name now another upload.
            let intent = intents.iter().find(|i| i.package == open.package);
            if intent.is_none() && state.knows(&open) {
                continue;
            }
            tracing::info!(package.id = %open.package, "a package is taken up again");
            match intent {
                Some(intent) => state.finish_later(intent.clone(), now),
                // Its folder may be gone, which the next look finds.
                None => state.load_one(open, now),
            }
        }
        Ok(())
    }

    /// Forgets contents that are no longer there.
    fn forget(&self, state: &mut State) {
        let there: HashSet<FileKey> = state
            .deliveries
            .values()
            .filter_map(|delivery| delivery.listing.as_ref())
            .flat_map(|listing| listing.files.iter().map(|file| file.key))
            .collect();
        self.hashes.retain(&there);
        state.messages.retain(&there);
    }

    /// Takes note of a worker's result.
    fn note(&self, state: &mut State, done: Done, now: Instant) {
        match done {
            Done::Hashed(place) => {
                if let Some(delivery) = state.deliveries.get_mut(&place) {
                    delivery.dirty = true;
                }
            }
            Done::Arrived { place, path, key } => {
                state.arrived.push((key, path));
                if let Some(delivery) = place.and_then(|place| state.deliveries.get_mut(&place)) {
                    delivery.dirty = true;
                }
            }
            Done::Claim(package, claim) => self.note_claim(state, &package, claim, now),
            Done::Sweep(place, result) => {
                let Some(delivery) = state.deliveries.get_mut(&place) else {
                    return;
                };
                delivery.sweeping = false;
                match result {
                    Ok(()) => {
                        let delivery = state.deliveries.remove(&place);
                        if let Some(delivery) = delivery.filter(|d| d.touched_meanwhile) {
                            state.deliveries.insert(place, delivery.after(now));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(label = %place.0, batch = ?place.1, %error, "what is left of a batch stays");
                        delivery.look_at(now + RETRY);
                    }
                }
            }
        }
    }

    /// The folder is ours and nothing of it is lost: this is tried again, by the next start as well,
    /// and after some tries a person is told.
    fn note_unfinished(
        &self,
        state: &mut State,
        intent: Box<Intent>,
        error: &ClaimError,
        now: Instant,
    ) {
        let package = intent.package.clone();
        let failures = state
            .unfinished_failures
            .entry(package.clone())
            .or_default();
        *failures += 1;
        let wait = RETRY * 2_u32.pow(failures.saturating_sub(1).min(6));
        tracing::error!(package.id = %package, %error, failures = *failures, "a claim is not finished yet");
        if *failures < self.settings.claim_attempts {
            state.unfinished.push((now + wait, intent));
        } else {
            let why = format!(
                "package {package} lies in the spool, and its claim cannot be finished: {error}"
            );
            self.note_lost(state, intent, &why, now);
        }
    }

    /// Tells a person of a claim that cannot be finished, once. It is tried again every hour; what
    /// the label uploads under the folder's name meanwhile is another package.
    fn note_lost(&self, state: &mut State, intent: Box<Intent>, why: &str, now: Instant) {
        if !self.park(&intent.package, why) {
            state.unfinished.push((now + RETRY, intent));
            return;
        }
        state.in_flight.remove(&intent.package);
        state.taken(&intent.package, now);
        state.unfinished.push((now + PARKED_RETRY, intent));
    }

    fn note_claim(&self, state: &mut State, package: &PackageId, claim: Claim, now: Instant) {
        let claim = match claim {
            Claim::Unfinished(intent, error) => {
                return self.note_unfinished(state, intent, &error, now);
            }
            Claim::Lost(intent, why) => return self.note_lost(state, intent, &why, now),
            Claim::Untouched => return note_untouched(state, package),
            Claim::Done => Ok(None),
            Claim::Aside(what) => Ok(Some(what)),
            Claim::Undone(error) => Err(error),
        };
        state.unfinished_failures.remove(package);
        let in_flight = state.in_flight.remove(package);
        let claim = match (claim, &in_flight) {
            (Ok(Some(what)), Some((label, _))) => {
                state.notes.push(Note {
                    label: label.clone(),
                    package: package.clone(),
                    what,
                });
                Ok(())
            }
            (Ok(_), _) => Ok(()),
            (Err(error), _) => Err(error),
        };
        let Some((place, folder)) = state.find(package) else {
            // Its folder went while the worker was at it.
            if let (Err(_), Some((label, _))) = (claim, in_flight) {
                state.notes.push(Note {
                    label,
                    package: package.clone(),
                    what: What::Withdrawn,
                });
            }
            return;
        };
        let Some(delivery) = state.deliveries.get_mut(&place) else {
            return;
        };
        delivery.dirty = true;
        let Some(release) = delivery.releases.get_mut(&folder) else {
            return;
        };
        let Err(error) = claim else {
            state.taken(package, now);
            return;
        };
        release.phase = Phase::Watching;
        if error.is_harmless() {
            tracing::info!(package.id = %package, reason = %error, "a claim was put off");
            release.not_before = Some(now + RETRY);
            return;
        }
        release.failures += 1;
        release.not_before = Some(now + RETRY * 2_u32.pow(release.failures.min(6)));
        tracing::error!(package.id = %package, %error, failures = release.failures, "a claim failed");
        if release.failures >= self.settings.claim_attempts
            && self.park(package, &format!("{folder} could not be claimed: {error}"))
        {
            release.park(now + PARKED_RETRY);
        }
    }

    fn park(&self, package: &PackageId, why: &str) -> bool {
        self.wires
            .ledger
            .park(package, why)
            .inspect_err(|fault| tracing::error!(package.id = %package, %fault, "cannot be parked"))
            .is_ok()
    }
}

/// What was taken for a claim past its rename is a folder like any other.
fn note_untouched(state: &mut State, package: &PackageId) {
    state.in_flight.remove(package);
    state.unfinished_failures.remove(package);
    if let Some((place, folder)) = state.find(package)
        && let Some(delivery) = state.deliveries.get_mut(&place)
        && let Some(release) = delivery.releases.get_mut(&folder)
    {
        release.phase = Phase::Watching;
        delivery.dirty = true;
    } else {
        // The next turn looks everywhere, and finds it in the ledger.
        state.rescan_at = None;
    }
}
