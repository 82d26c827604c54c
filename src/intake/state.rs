//! What intake knows of deliveries between two looks at the disk. All of it can be rebuilt from the
//! ledger and the disk; losing it costs quiet time, never a package.

use super::layout::Unit;
use super::listing::{Entry, Listing};
use super::message::Messages;
use super::notes::{Full, Note, What};
use crate::domain::completeness::is_temporary_folder;
use crate::domain::content::FileKey;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::{Intent, OpenFolder};
use crate::domain::upload::UploadEvent;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a folder may take to become a package that a letter can be about.
const PACKAGE_COMES: Duration = Duration::from_secs(60);

/// Between two looks at a delivery that changes all the time there is a step for so many files.
const FILES_PER_STEP: usize = 250;

/// Such a step.
const STEP: Duration = Duration::from_millis(250);

/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A delivery: label and folder directly under `/incoming`.
pub(super) type Place = (LabelId, String);

/// Everything the loop knows.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The ledger's open folders have been taken over.
    pub(super) loaded: bool,
    /// When the whole disk is to be looked at again; `None` at once.
    pub(super) rescan_at: Option<Instant>,
    pub(super) deliveries: BTreeMap<Place, Delivery>,
    pub(super) messages: Messages,
    /// Files that the door has hashed and nobody else was told of yet, and where they lie.
    pub(super) arrived: Vec<(FileKey, Option<PathBuf>)>,
    /// What the ledger has still to be told, in order.
    pub(super) notes: Vec<Note>,
    /// Labels to be told that their upload space is full.
    pub(super) full: Vec<Full>,
    /// Folders that workers are claiming, by package, whatever has happened to the names since. The
    /// ledger knows the package by that name until the claim is done or undone.
    pub(super) in_flight: BTreeMap<PackageId, (LabelId, String)>,
    /// Claims that are past the rename and not finished, and when to go on with them. Those whose
    /// packages are parked are in flight only while a worker has them: their folders' names are the
    /// label's again.
    pub(super) unfinished: Vec<(Instant, Box<Intent>)>,
    /// How often they failed.
    pub(super) unfinished_failures: BTreeMap<PackageId, u32>,
}

/// One folder directly under `/incoming`.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent observations; any of them may hold with any other"
)]
pub(super) struct Delivery {
    /// As it was last seen.
    pub(super) listing: Option<Listing>,
    /// When it was first heard of.
    pub(super) noticed: Instant,
    /// When anything last changed in it, as far as was noticed.
    pub(super) activity: Instant,
    /// Sessions that touched it and live.
    pub(super) sessions: BTreeSet<u64>,
    /// When the last of those that touched it ended.
    pub(super) logged_out: Option<Instant>,
    /// It came by SFTP.
    pub(super) via_sftp: bool,
    /// It had a temporary name before.
    pub(super) unveiled: bool,
    /// Its releases are its sub-folders; stays so.
    pub(super) batch: bool,
    /// The last package that was claimed out of a batch: what is left over goes beside it.
    pub(super) last_claimed: Option<PackageId>,
    /// What is left over of a batch is being moved.
    pub(super) sweeping: bool,
    /// A session touched it while it was being claimed: that is the next delivery's beginning.
    pub(super) touched_meanwhile: bool,
    pub(super) releases: BTreeMap<String, Release>,
    /// When it was last listed.
    pub(super) looked: Option<Instant>,
    /// Look at it at the next turn.
    pub(super) dirty: bool,
    /// Look at it then.
    pub(super) due: Option<Instant>,
}

/// Where a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Looked at until it is complete.
    Watching,
    /// A worker has it, or will have it again: renamed, but not all that follows could be done.
    Claiming,
    /// Given up because of our own fault; tried again when something changes in it, when `not_before`
    /// is over, or when a person asks for it. The ledger knows its package as parked.
    Parked,
}

/// A folder that is, or will be, one package.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) phase: Phase,
    pub(super) package: Option<PackageId>,
    pub(super) node: Option<(u64, u64)>,
    pub(super) files: Vec<Entry>,
    /// When its files last changed.
    pub(super) changed: Instant,
    /// What the ledger was last told that it waits for; `None` when that was before our time.
    pub(super) waiting: Option<Vec<String>>,
    /// What it waited for when the label was told that it stalled.
    pub(super) stalled: Option<Vec<String>>,
    /// Claims that failed by our own fault, in a row.
    pub(super) failures: u32,
    /// No claim before this.
    pub(super) not_before: Option<Instant>,
}

impl Release {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Watching,
            package: None,
            node: None,
            files: Vec::new(),
            changed: now,
            waiting: None,
            stalled: None,
            failures: 0,
            not_before: None,
        }
    }

    /// Parked: left alone for a while.
    pub(super) fn park(&mut self, until: Instant) {
        self.phase = Phase::Parked;
        self.not_before = Some(until);
    }

    /// Watched again after it was parked. The ledger gives its package back when it is told that the
    /// folder is there; `failures` is how many of its claims count as failed already.
    pub(super) fn unpark(&mut self, failures: u32) {
        *self = Self {
            node: self.node,
            files: std::mem::take(&mut self.files),
            failures,
            ..Self::new(self.changed)
        };
    }
}

impl Delivery {
    /// Whether it is to be looked at now. One with thousands of files changes at every turn while
    /// it is uploaded, and is not listed at every one.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let files = self
            .listing
            .as_ref()
            .map_or(0, |listing| listing.files.len());
        let steps = u32::try_from(files / FILES_PER_STEP).unwrap_or(u32::MAX);
        let pause = STEP.saturating_mul(steps).min(LONGEST_PAUSE);
        let rested = self.looked.is_none_or(|looked| now >= looked + pause);
        (self.dirty && rested) || self.due.is_some_and(|at| at <= now)
    }

    pub(super) fn new(now: Instant) -> Self {
        Self {
            listing: None,
            noticed: now,
            activity: now,
            sessions: BTreeSet::new(),
            logged_out: None,
            via_sftp: false,
            unveiled: false,
            batch: false,
            last_claimed: None,
            sweeping: false,
            touched_meanwhile: false,
            releases: BTreeMap::new(),
            looked: None,
            dirty: true,
            due: None,
        }
    }

    /// What a claimed folder's name means from now on: nothing, unless a session used it again.
    pub(super) fn after(self, now: Instant) -> Self {
        let touched = self.touched_meanwhile;
        Self {
            via_sftp: touched,
            sessions: if touched {
                self.sessions
            } else {
                BTreeSet::new()
            },
            ..Self::new(now)
        }
    }

    /// A worker has something of it.
    pub(super) fn is_being_claimed(&self) -> bool {
        self.sweeping
            || self
                .releases
                .values()
                .any(|release| release.phase == Phase::Claiming)
    }

    /// A worker has this folder, which is the delivery's own or one of its releases, or more.
    pub(super) fn is_claimed_at(&self, top: &str, folder: &str) -> bool {
        let claims = |folder: &str| {
            let release = self.releases.get(folder);
            release.is_some_and(|release| release.phase == Phase::Claiming)
        };
        self.sweeping || claims(top) || claims(folder)
    }

    /// A worker has the whole of a delivery that now looks like a batch, or a part of one that now
    /// looks whole.
    pub(super) fn is_claimed_otherwise(&self, top: &str, batch: bool) -> bool {
        self.releases
            .iter()
            .any(|(folder, release)| release.phase == Phase::Claiming && (folder == top) == batch)
    }

    /// Asks for a look not later than `at`.
    pub(super) fn look_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

impl State {
    /// The delivery, made if it was not known.
    pub(super) fn delivery(&mut self, place: Place, now: Instant) -> &mut Delivery {
        self.deliveries
            .entry(place)
            .or_insert_with(|| Delivery::new(now))
    }

    /// When anything is to be done next that time alone brings.
    pub(super) fn due(&self) -> Option<Instant> {
        let deliveries = self.deliveries.values().filter_map(|delivery| delivery.due);
        let unfinished = self.unfinished.iter().map(|(at, _)| *at);
        deliveries.chain(unfinished).min()
    }

    /// Takes over what the ledger knew before the daemon was started. Quiet times start anew.
    pub(super) fn load(&mut self, folders: Vec<OpenFolder>, now: Instant) {
        for open in folders {
            // What recovery could not finish is in the spool.
            if !self.in_flight.contains_key(&open.package) {
                self.load_one(open, now);
            }
        }
        self.loaded = true;
    }

    /// Goes on with a claim that a crash or a failure cut short.
    pub(super) fn finish_later(&mut self, intent: Intent, at: Instant) {
        self.begin(&intent);
        self.unfinished
            .retain(|(_, other)| other.package != intent.package);
        self.unfinished.push((at, Box::new(intent)));
    }

    /// Forgets the unfinished claims of other packages.
    pub(super) fn retain_unfinished(&mut self, is_open: impl Fn(&PackageId) -> bool) {
        for (_, intent) in self
            .unfinished
            .extract_if(.., |(_, intent)| !is_open(&intent.package))
        {
            self.in_flight.remove(&intent.package);
            self.unfinished_failures.remove(&intent.package);
        }
    }

    /// The claims that are to be gone on with now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Intent> {
        let due = self.unfinished.extract_if(.., |(at, _)| *at <= now);
        let due: Vec<_> = due.map(|(_, intent)| *intent).collect();
        for intent in &due {
            self.begin(intent);
        }
        due
    }

    fn begin(&mut self, intent: &Intent) {
        let place = (intent.label.clone(), intent.folder.clone());
        self.in_flight.insert(intent.package.clone(), place);
    }

    /// A package's folder is no longer the label's: what comes under its name is another delivery.
    pub(super) fn taken(&mut self, package: &PackageId, now: Instant) {
        let Some((place, folder)) = self.find(package) else {
            return;
        };
        let Some(delivery) = self.deliveries.get_mut(&place) else {
            return;
        };
        delivery.releases.remove(&folder);
        delivery.last_claimed = Some(package.clone());
        delivery.dirty = true;
        if folder == place.1
            && let Some(delivery) = self.deliveries.remove(&place)
        {
            self.deliveries.insert(place, delivery.after(now));
        }
    }

    pub(super) fn load_one(&mut self, open: OpenFolder, now: Instant) {
        let top = open.folder.split('/').next().unwrap_or_default().to_owned();
        let delivery = self.delivery((open.label, top), now);
        delivery.via_sftp |= open.via_sftp;
        delivery.batch |= open.folder.contains('/');
        delivery.dirty = true;
        let mut release = Release::new(now);
        release.package = Some(open.package);
        delivery.releases.insert(open.folder, release);
    }

    /// Tries everything again that is parked.
    pub(super) fn try_parked(&mut self, now: Instant) {
        for (at, _) in &mut self.unfinished {
            *at = now;
        }
        for delivery in self.deliveries.values_mut() {
            let releases = delivery.releases.values_mut();
            for release in releases.filter(|release| release.phase == Phase::Parked) {
                release.not_before = None;
                delivery.dirty = true;
            }
        }
    }

    /// Whether we look after a package that the ledger has in status `receiving`. One that is parked
    /// here is so no longer there: a person asked for another try.
    pub(super) fn knows(&mut self, open: &OpenFolder) -> bool {
        if let Some((place, folder)) = self.find(&open.package) {
            if let Some(delivery) = self.deliveries.get_mut(&place)
                && let Some(release) = delivery.releases.get_mut(&folder)
                && release.phase == Phase::Parked
            {
                release.not_before = None;
                delivery.dirty = true;
            }
            return true;
        }
        let top = open.folder.split('/').next().unwrap_or_default().to_owned();
        let mut delivery = self.deliveries.get(&(open.label.clone(), top)).into_iter();
        self.notes.iter().any(|note| note.package == open.package)
            || self.in_flight.contains_key(&open.package)
            || self.is_in_flight(&open.label, &open.folder)
            || delivery.any(|delivery| delivery.releases.contains_key(&open.folder))
    }

    /// Notes what a label did.
    pub(super) fn apply(&mut self, event: UploadEvent, now: Instant) {
        match event {
            UploadEvent::Touched {
                label,
                folder,
                session,
            } => self.touched((label, folder), session, now),
            UploadEvent::Renamed {
                label,
                from,
                to,
                session,
            } => {
                self.renamed(&label, &from, &to, now);
                self.touched((label, to), session, now);
            }
            UploadEvent::Removed { label, folder } => self.removed(&(label, folder)),
            UploadEvent::OverQuota {
                label,
                folder,
                what,
            } => {
                // One letter at a time: a label can be refused as often as it likes.
                if self.full.iter().all(|full| full.label != label) {
                    self.full.push(Full {
                        label,
                        folder,
                        what,
                        until: now + PACKAGE_COMES,
                    });
                }
            }
            UploadEvent::SessionEnded { label, session } => {
                self.session_ended(&label, session, now);
            }
        }
    }

    fn touched(&mut self, place: Place, session: u64, now: Instant) {
        let delivery = self.delivery(place, now);
        delivery.via_sftp = true;
        delivery.sessions.insert(session);
        delivery.logged_out = None;
        delivery.activity = now;
        delivery.dirty = true;
        delivery.touched_meanwhile |= delivery.is_being_claimed();
    }

    /// Lets what is known follow a folder to its new name.
    pub(super) fn renamed(&mut self, label: &LabelId, from: &str, to: &str, now: Instant) {
        let Some(mut delivery) = self.deliveries.remove(&(label.clone(), from.to_owned())) else {
            return;
        };
        delivery.unveiled |= is_temporary_folder(from) && !is_temporary_folder(to);
        delivery.activity = now;
        delivery.dirty = true;
        for (folder, release) in std::mem::take(&mut delivery.releases) {
            let below = folder.strip_prefix(from).unwrap_or_default();
            let folder = format!("{to}{below}");
            if let Some(package) = &release.package {
                self.notes.push(Note {
                    label: label.clone(),
                    package: package.clone(),
                    what: What::Renamed(folder.clone()),
                });
            }
            delivery.releases.insert(folder, release);
        }
        let place = (label.clone(), to.to_owned());
        let replaced = self.deliveries.remove(&place);
        if let Some(replaced) = replaced {
            // Told first, because its name is taken.
            let moved = std::mem::take(&mut self.notes);
            self.withdraw(label, replaced);
            self.notes.extend(moved);
        }
        self.deliveries.insert(place, delivery);
    }

    /// Notes that the packages of a delivery are gone. Those that a worker has are left out: it may
    /// have been the worker who took the folder, and what became of them its result will say.
    pub(super) fn withdraw(&mut self, label: &LabelId, delivery: Delivery) {
        let left = delivery
            .releases
            .into_values()
            .filter(|release| release.phase != Phase::Claiming)
            .filter_map(|release| release.package);
        self.notes.extend(left.map(|package| Note {
            label: label.clone(),
            package,
            what: What::Withdrawn,
        }));
    }

    /// The label removed the folder. One that a worker has is left to the worker, who will find
    /// nothing there.
    fn removed(&mut self, place: &Place) {
        let claimed = self.deliveries.get_mut(place).is_none_or(|delivery| {
            delivery.dirty = true;
            delivery.is_being_claimed()
        });
        if !claimed && let Some(delivery) = self.deliveries.remove(place) {
            self.withdraw(&place.0, delivery);
        }
    }

    fn session_ended(&mut self, label: &LabelId, session: u64, now: Instant) {
        let of_label = self
            .deliveries
            .iter_mut()
            .filter(|((owner, _), _)| owner == label);
        for (_, delivery) in of_label {
            if delivery.sessions.remove(&session) && delivery.sessions.is_empty() {
                delivery.logged_out = Some(now);
                delivery.dirty = true;
            }
        }
    }

    /// Where a package is, whatever its folder is called by now.
    pub(super) fn find(&self, package: &PackageId) -> Option<(Place, String)> {
        self.deliveries.iter().find_map(|(place, delivery)| {
            let (folder, _) = delivery
                .releases
                .iter()
                .find(|(_, release)| release.package.as_ref() == Some(package))?;
            Some((place.clone(), folder.clone()))
        })
    }
}

/// Brings the known releases of a delivery in line with those that are there: a folder that is
/// known by its node, or whose delivery turned from plain to batch or back, keeps its package.
/// Returns what the ledger has to be told of it.
pub(super) fn reconcile(
    (label, top): &Place,
    releases: &mut BTreeMap<String, Release>,
    units: &[Unit],
    now: Instant,
) -> Vec<Note> {
    let there: BTreeSet<&str> = units.iter().map(|unit| unit.folder.as_str()).collect();
    let mut orphans: Vec<(String, Release)> = Vec::new();
    for (folder, release) in std::mem::take(releases) {
        let with_worker = release.phase == Phase::Claiming;
        if with_worker || there.contains(folder.as_str()) {
            releases.insert(folder, release);
        } else {
            orphans.push((folder, release));
        }
    }
    let mut notes = Vec::new();
    let mut note = |package: Option<PackageId>, what: What| {
        notes.extend(package.map(|package| Note {
            label: label.clone(),
            package,
            what,
        }));
    };
    for unit in units {
        if releases.contains_key(&unit.folder) {
            continue;
        }
        let is_it = |(folder, release): &(String, Release)| {
            (release.node.is_some() && release.node == unit.node)
                || folder == top
                || unit.folder == *top
        };
        let release = match orphans.iter().position(is_it) {
            Some(at) => orphans.swap_remove(at).1,
            None => Release::new(now),
        };
        note(release.package.clone(), What::Renamed(unit.folder.clone()));
        releases.insert(unit.folder.clone(), release);
    }
    for (_, release) in orphans {
        note(release.package, What::Withdrawn);
    }
    notes
}
