//! One look at a delivery: list it, tell its releases apart, follow what was renamed or went.

use super::decide::Around;
use super::jobs::{Job, Order};
use super::layout::{self, Unit};
use super::listing::{self, Listing};
use super::message::XmlFile;
use super::state::{Delivery, Phase, Place, State, reconcile};
use super::{Intake, RETRY};
use crate::domain::package::Identity;
use std::time::{Duration, Instant};

impl Intake {
    /// Looks at one delivery.
    pub(super) fn look(&self, state: &mut State, place: &Place, now: Instant) {
        let Some(delivery) = state.deliveries.get_mut(place) else {
            return;
        };
        delivery.dirty = false;
        delivery.due = None;
        delivery.looked = Some(now);
        let (label, folder) = place;
        let incoming = self.places.incoming(label).join(folder);
        let partial = self.places.partial(label).join(folder);
        if let Err(error) = self.take_over(label, folder, delivery) {
            tracing::error!(label = %label, folder = ?folder, %error, "what was claimed before cannot be taken over");
            return delivery.look_at(now + RETRY);
        }
        let ours = |node| self.is_taken_over(node);
        let listing = match listing::list(&incoming, &partial, &ours) {
            Ok(Some(listing)) if listing.node.is_some() || !listing.files.is_empty() => listing,
            // Empty folders under `partial/` alone are what is left of a folder that was removed.
            Ok(_) => return self.vanished(state, place, now),
            Err(error) => {
                tracing::error!(label = %label, folder = ?folder, %error, "a delivery cannot be listed");
                return delivery.look_at(now + RETRY);
            }
        };
        if delivery.listing.is_none() && self.was_another(state, place, &listing, now) {
            return self.look(state, place, now);
        }
        let Some(delivery) = state.deliveries.get_mut(place) else {
            return;
        };
        delivery.via_sftp |= listing.has_partial_tree;
        if delivery.listing.as_ref().is_some_and(|old| *old != listing) {
            delivery.activity = now;
        }
        let messages = &mut state.messages;
        let layout = layout::read(folder, &listing, delivery.batch, &mut |file| {
            matches!(
                self.classify(messages, place, "", file),
                XmlFile::Message(_)
            )
        });
        if delivery.is_claimed_otherwise(folder, layout.batch) {
            // A whole delivery and a part of it must not be claimed at once; the result of the
            // claim that runs brings the next look.
            delivery.listing = Some(listing);
            return;
        }
        delivery.batch = layout.batch;
        let notes = reconcile(place, &mut delivery.releases, &layout.units, now);
        state.notes.extend(notes);
        self.tell_ledger(state);
        for unit in &layout.units {
            self.look_at_release(state, place, unit, now);
        }
        let Some(delivery) = state.deliveries.get_mut(place) else {
            return;
        };
        if layout.batch && layout.marker && layout.units.is_empty() {
            self.sweep_later(delivery, place, &listing, now);
        }
        delivery.listing = Some(listing);
    }

    /// Looks at one release of a delivery.
    fn look_at_release(&self, state: &mut State, place: &Place, unit: &Unit, now: Instant) {
        let label = &place.0;
        let may_begin = state.may_begin(label, &unit.folder);
        let Some(delivery) = state.deliveries.get_mut(place) else {
            return;
        };
        let around = Around::new(place, delivery, unit, now);
        let Some(release) = delivery.releases.get_mut(&unit.folder) else {
            return;
        };
        if release.phase == Phase::Claiming {
            return;
        }
        if release.package.is_none() && !may_begin {
            return delivery.look_at(now + RETRY);
        }
        let again = self.consider(&around, release, unit, &mut state.messages);
        if let (Phase::Claiming, Some(package)) = (release.phase, &release.package) {
            let place = (label.clone(), unit.folder.clone());
            state.in_flight.insert(package.clone(), place);
        }
        if let Some(again) = again {
            delivery.look_at(again);
        }
    }

    /// A delivery seen for the first time may be one that we know under another name: the event
    /// of the rename is still on its way, or nobody sent one.
    fn was_another(
        &self,
        state: &mut State,
        place: &Place,
        listing: &Listing,
        now: Instant,
    ) -> bool {
        let (label, to) = place;
        let from = state.deliveries.iter().find_map(|((owner, name), other)| {
            let node = other.listing.as_ref().and_then(|l| l.node);
            (owner == label && name != to && node.is_some() && node == listing.node)
                .then(|| name.clone())
        });
        let fresh = state
            .deliveries
            .get(place)
            .is_some_and(|delivery| delivery.releases.is_empty());
        let Some(from) = from.filter(|_| fresh) else {
            return false;
        };
        let old = self.places.incoming(label).join(&from);
        if !matches!(listing::is_folder(&old), Ok(None)) {
            return false;
        }
        let seen_so_far = state.deliveries.remove(place);
        state.renamed(label, &from, to, now);
        if let (Some(delivery), Some(seen)) = (state.deliveries.get_mut(place), seen_so_far) {
            delivery.via_sftp |= seen.via_sftp;
            delivery.sessions.extend(seen.sessions);
        }
        true
    }

    /// The folder is gone, and it was not us.
    fn vanished(&self, state: &mut State, place: &Place, now: Instant) {
        let Some(delivery) = state.deliveries.get(place) else {
            return;
        };
        if delivery.is_being_claimed() {
            return;
        }
        let (label, from) = place;
        let node = delivery.listing.as_ref().and_then(|l| l.node);
        let others = listing::folders_in(&self.places.incoming(label)).unwrap_or_default();
        let renamed = others
            .into_iter()
            .find(|(name, other)| {
                let known = state.deliveries.get(&(label.clone(), name.clone()));
                node == Some(*other) && known.is_none_or(|d| d.releases.is_empty())
            })
            .map(|(name, _)| name);
        if let Some(to) = renamed {
            state.renamed(label, from, &to, now);
        } else if let Some(delivery) = state.deliveries.remove(place) {
            state.withdraw(label, delivery);
        }
    }

    /// Moves what is left over of a batch out of the label's way, once nobody uploads to it any
    /// more: a client that is still busy would find its folder gone.
    fn sweep_later(&self, delivery: &mut Delivery, place: &Place, listing: &Listing, now: Instant) {
        let Some(package) = &delivery.last_claimed else {
            return;
        };
        let quiet = &self.settings.quiet;
        let (since, seconds) = match delivery.logged_out {
            _ if !delivery.via_sftp => (delivery.activity, quiet.foreign_seconds),
            Some(at) => (delivery.activity.max(at), quiet.logged_out_seconds),
            None => (delivery.activity, quiet.default_seconds),
        };
        let at = since + Duration::from_secs(seconds);
        let unfinished = listing.files.iter().any(|file| file.partial);
        if unfinished || delivery.is_being_claimed() {
            return;
        }
        if now < at {
            return delivery.look_at(at);
        }
        delivery.sweeping = true;
        self.jobs.push(Job::Sweep(Box::new(Order {
            label: place.0.clone(),
            folder: place.1.clone(),
            package: package.clone(),
            files: listing.files.clone(),
            identity: Identity::default(),
            kept: Vec::new(),
            ready: at,
        })));
    }
}
