//! One look at a delivery: list it, tell its releases apart, decide on each, and act.

use super::hashing::Asked;
use super::layout::{self, Unit, is_content, may_be_message};
use super::listing::{self, Entry, Listing};
use super::message::{Messages, Named, Summary, XmlFile};
use super::state::{Delivery, Phase, Place, Release, State, reconcile};
use super::{Intake, Job, Order, RETRY};
use crate::domain::completeness::{
    Expected, Present, Snapshot, Verdict, decide, is_temporary_folder, time_out,
};
use crate::domain::fault::Fault;
use crate::domain::naming::{Names, base_name};
use crate::domain::package::Identity;
use crate::domain::upload::is_temporary_name;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a folder may be there before it counts as one that did not come by SFTP. The watcher
/// may be faster than the SFTP server's own event.
const FOREIGN_AFTER: Duration = Duration::from_secs(2);

/// A file that has not changed for so long is hashed ahead of the claim.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A marker in a folder with something missing means that the sender thinks it is done; parallel
/// connections get so long to finish before it is told otherwise.
const MARKED_STALL_AFTER: Duration = Duration::from_secs(10);

/// What is needed of the delivery to judge one of its releases.
struct Around {
    place: Place,
    now: Instant,
    /// When anything last changed in the release; of a plain delivery, in the delivery.
    activity: Instant,
    /// When anything last changed in the delivery: its marker may be younger than its releases.
    delivery_activity: Instant,
    via_sftp: bool,
    marked: bool,
    logged_out: Option<Instant>,
    noticed: Instant,
}

/// A message of the release, if there is one.
#[derive(Default)]
struct Found {
    messages: usize,
    file: Option<String>,
    summary: Arc<Summary>,
}

impl Intake {
    /// Looks at one delivery.
    pub(super) fn look(&self, state: &mut State, place: &Place, now: Instant) {
        let Some(delivery) = state.deliveries.get_mut(place) else {
            return;
        };
        delivery.dirty = false;
        delivery.due = None;
        let (label, folder) = place;
        let incoming = self.places.incoming(label).join(folder);
        let partial = self.places.partial(label).join(folder);
        let listing = match listing::list(&incoming, &partial) {
            Ok(Some(listing)) => listing,
            Ok(None) => return self.vanished(state, place, now),
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

    /// Decides on one release. Returns when it wants to be looked at again.
    fn consider(
        &self,
        around: &Around,
        release: &mut Release,
        unit: &Unit,
        messages: &mut Messages,
    ) -> Option<Instant> {
        let settled: HashSet<_> = release.files.iter().map(|file| file.key).collect();
        release.node = unit.node;
        if release.files != unit.files {
            release.changed = around.now;
            release.files.clone_from(&unit.files);
            if release.phase == Phase::Parked {
                *release = Release {
                    node: unit.node,
                    files: unit.files.clone(),
                    ..Release::new(around.now)
                };
            }
        } else if release.phase == Phase::Parked {
            return None;
        }
        if release.package.is_none() {
            if !unit.files.iter().any(is_content) {
                return None;
            }
            if !around.via_sftp && around.now < around.noticed + FOREIGN_AFTER {
                return Some(around.noticed + FOREIGN_AFTER);
            }
        }
        let found = self.message_of(unit, &around.place, messages);
        let expected = self.compare(unit, &found, around, &settled);
        let snapshot = snapshot(around, unit, &found, expected);
        match self.act(around, release, unit, &snapshot, &found.summary.identity) {
            Ok(again) => again,
            Err(fault) => {
                tracing::warn!(
                    label = %around.place.0, folder = ?unit.folder, %fault,
                    "the ledger could not take note; trying again"
                );
                Some(around.now + RETRY)
            }
        }
    }

    /// Tells the ledger what has changed and sends a complete release to be claimed.
    fn act(
        &self,
        around: &Around,
        release: &mut Release,
        unit: &Unit,
        snapshot: &Snapshot,
        identity: &Identity,
    ) -> Result<Option<Instant>, Fault> {
        let label = &around.place.0;
        let package = if let Some(package) = &release.package {
            package.clone()
        } else {
            let package = self.ledger.seen(label, &unit.folder, around.via_sftp)?;
            tracing::info!(package.id = %package, label = %label, folder = ?unit.folder, "a folder is being received");
            release.waiting = Some(Vec::new());
            release.package.insert(package).clone()
        };
        let verdict = decide(snapshot, &self.settings.quiet);
        let waiting = match &verdict {
            Verdict::Incomplete(sentences) => sentences.as_slice(),
            Verdict::Complete | Verdict::WaitFor(_) => &[],
        };
        if release.waiting.as_deref() != Some(waiting) {
            self.ledger.waiting(&package, waiting)?;
            release.waiting = Some(waiting.to_vec());
        }
        match verdict {
            Verdict::WaitFor(rest) => Ok(Some(around.now + rest)),
            Verdict::Incomplete(sentences) => {
                self.perhaps_stalled(around, release, snapshot, sentences)
            }
            Verdict::Complete => {
                if let Some(not_before) = release.not_before.filter(|at| *at > around.now) {
                    return Ok(Some(not_before));
                }
                tracing::info!(
                    package.id = %package, label = %label, folder = ?unit.folder,
                    files = unit.files.len(), message_whole = snapshot.message_whole,
                    "a folder is complete"
                );
                release.phase = Phase::Claiming;
                self.jobs.push(Job::Claim(Box::new(Order {
                    label: label.clone(),
                    folder: unit.folder.clone(),
                    package,
                    files: unit.files.clone(),
                    identity: identity.clone(),
                })));
                Ok(None)
            }
        }
    }

    /// Tells the label once what an upload without progress waits for. Returns the next moment at
    /// which time alone can change anything.
    fn perhaps_stalled(
        &self,
        around: &Around,
        release: &mut Release,
        snapshot: &Snapshot,
        waiting: Vec<String>,
    ) -> Result<Option<Instant>, Fault> {
        let on_its_way = snapshot.files.iter().any(|file| file.partial);
        let sender_is_done = around.marked && (!on_its_way || snapshot.logged_out);
        let stalls_at = if sender_is_done {
            around.delivery_activity + MARKED_STALL_AFTER
        } else {
            around.activity + Duration::from_secs(self.settings.stall_after_seconds)
        };
        if around.now >= stalls_at
            && release.stalled.as_ref() != Some(&waiting)
            && let Some(package) = &release.package
        {
            tracing::info!(package.id = %package, waiting_for = ?waiting, "an upload has stalled");
            self.ledger.stalled(package, &waiting)?;
            release.stalled = Some(waiting);
        }
        let taken_at =
            time_out(snapshot, &self.settings.quiet).map(|limit| around.quiet_since() + limit);
        let settled_at = around.activity + SETTLED_AFTER;
        Ok([Some(stalls_at), taken_at, Some(settled_at)]
            .into_iter()
            .flatten()
            .filter(|at| *at > around.now)
            .min())
    }

    /// What an `.xml` file is. `below` is the release's folder inside the delivery, if any.
    fn classify(
        &self,
        messages: &mut Messages,
        place: &Place,
        below: &str,
        file: &Entry,
    ) -> XmlFile {
        let path = self
            .places
            .incoming(&place.0)
            .join(&place.1)
            .join(below)
            .join(&file.path);
        messages.tell(&path, &file.key, &self.readers, &self.limits)
    }

    /// Finds the message of a release. A file that cannot even be begun counts as a damaged one if
    /// it is named as a message is, or there is no other that it could be.
    fn message_of(&self, unit: &Unit, place: &Place, messages: &mut Messages) -> Found {
        let below = unit
            .folder
            .strip_prefix(&place.1)
            .unwrap_or_default()
            .trim_start_matches('/');
        let mut found = Found::default();
        let mut damaged = Vec::new();
        let candidates: Vec<_> = unit.files.iter().filter(|f| may_be_message(f)).collect();
        for file in &candidates {
            match self.classify(messages, place, below, file) {
                XmlFile::Message(summary) => {
                    found.messages += 1;
                    found.summary = summary;
                    found.file = Some(file.path.clone());
                }
                XmlFile::Unreadable => damaged.push(file.path.clone()),
                XmlFile::Other => {}
            }
        }
        let named = |path: &String| base_name(path).eq_ignore_ascii_case("metadata.xml");
        let only = damaged.len() == 1 && candidates.len() == 1;
        if found.messages == 0
            && let Some(path) = damaged.into_iter().find(|path| only || named(path))
        {
            found.messages = 1;
            found.file = Some(path);
        }
        if found.messages != 1 {
            found.summary = Arc::default();
        }
        found
    }

    /// Compares what the message states with what is there, and has files hashed that have come to
    /// rest. The second value says that a comparison is still under way.
    fn compare(
        &self,
        unit: &Unit,
        found: &Found,
        around: &Around,
        settled: &HashSet<listing::Key>,
    ) -> (Vec<Expected>, bool, HashSet<String>) {
        let inside: BTreeMap<String, &Entry> = unit
            .files
            .iter()
            .filter(|file| !file.is_junk())
            .map(|file| (inner_path(unit, file), file))
            .collect();
        let paths: Vec<String> = inside.keys().cloned().collect();
        let index = Names::new(&paths);
        // More files than a package may hold: no waiting mends that, and the report will say so.
        let too_many = paths.len() > self.limits.package_files as usize;
        let named: &[Named] = if found.summary.whole && !too_many {
            &found.summary.named
        } else {
            &[]
        };
        let mut by_path: BTreeMap<&str, &Named> = BTreeMap::new();
        let quiet = around.now >= around.activity + SETTLED_AFTER;
        let mut checking = false;
        let mut expected = Vec::new();
        let mut broken_off = HashSet::new();
        for wanted in named {
            let there = index.find(&wanted.path).and_then(|(path, _)| {
                by_path.insert(path, wanted);
                inside.get_key_value(path)
            });
            let mut matches = None;
            if let Some((path, file)) = there
                && !file.partial
            {
                let now = quiet || around.marked || wanted.states_something();
                match self.hashes_of(unit, around, file, wanted.wants_sha1(), now) {
                    Asked::Known(known) => {
                        matches = wanted.matches(file.key.size, &known);
                        if known.broken_off {
                            broken_off.insert(path.clone());
                        }
                    }
                    Asked::Pending | Asked::New => checking = true,
                    Asked::Hopeless => {}
                }
            }
            expected.push(Expected {
                name: wanted.path.clone(),
                matches,
            });
        }
        for (path, file) in &inside {
            let at_rest = quiet || settled.contains(&file.key);
            if at_rest && !file.partial && !by_path.contains_key(path.as_str()) {
                self.hashes_of(unit, around, file, false, !is_temporary_name(path));
            }
        }
        (expected, checking, broken_off)
    }

    /// Asks for the hashes of a closed file; `now` allows the work to be queued.
    fn hashes_of(
        &self,
        unit: &Unit,
        around: &Around,
        file: &Entry,
        sha1: bool,
        now: bool,
    ) -> Asked {
        if !now {
            return match self.hashes.get(&file.key, sha1) {
                Some(known) => Asked::Known(known),
                None => Asked::Pending,
            };
        }
        let asked = self.hashes.ask(&file.key, sha1);
        if asked == Asked::New {
            let root = self.places.incoming(&around.place.0);
            self.jobs.push(Job::Hash {
                place: around.place.clone(),
                path: root.join(&unit.folder).join(&file.path),
                key: file.key,
                sha1,
            });
        }
        asked
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
        })));
    }
}

impl Around {
    fn new(place: &Place, delivery: &Delivery, unit: &Unit, now: Instant) -> Self {
        let release = delivery.releases.get(&unit.folder);
        let changed = match release {
            Some(release) if release.files == unit.files => release.changed,
            Some(_) | None => now,
        };
        Self {
            place: place.clone(),
            now,
            // Releases of a batch do not wait for each other: each has its own quiet time.
            activity: if delivery.batch {
                changed
            } else {
                changed.max(delivery.activity)
            },
            delivery_activity: changed.max(delivery.activity),
            via_sftp: delivery.via_sftp,
            marked: unit.marked || delivery.unveiled,
            logged_out: delivery.logged_out,
            noticed: delivery.noticed,
        }
    }

    /// From when the quiet period counts: a log-out starts it anew, because its shorter period is
    /// one after the log-out.
    fn quiet_since(&self) -> Instant {
        self.logged_out
            .map_or(self.activity, |at| at.max(self.activity))
    }
}

/// A file's path as references see it.
fn inner_path(unit: &Unit, file: &Entry) -> String {
    let path = file.path.strip_prefix(&unit.inner);
    path.unwrap_or(&file.path).to_owned()
}

fn snapshot(
    around: &Around,
    unit: &Unit,
    found: &Found,
    (expected, checking, broken_off): (Vec<Expected>, bool, HashSet<String>),
) -> Snapshot {
    // A marker is no content, but one that is still being written is not left behind.
    let files = unit
        .files
        .iter()
        .filter(|file| is_content(file) || (file.partial && !file.is_junk()));
    Snapshot {
        files: files
            .map(|file| {
                let path = inner_path(unit, file);
                Present {
                    size: file.key.size,
                    partial: file.partial,
                    broken_off: broken_off.contains(&path),
                    path,
                }
            })
            .collect(),
        expected,
        message_file: found.file.clone(),
        message_whole: found.messages == 1 && found.summary.whole,
        messages: found.messages,
        marked: around.marked,
        logged_out: around.logged_out.is_some(),
        via_sftp: around.via_sftp,
        quiet: around.now.saturating_duration_since(around.quiet_since()),
        temporary_folder: unit.folder.split('/').any(is_temporary_folder),
        refused: unit.refused.clone(),
        checking,
    }
}
