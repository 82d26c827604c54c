//! Finds folders that are complete and claims them.
//!
//! Owns what is known of every folder below a label's `/incoming` until it is a package in the
//! spool. The SFTP server's events and the watcher's say where to look; the disk says what is
//! there; `domain::completeness` decides; the ledger remembers. A folder is looked at by one thread
//! (`step`), files are hashed and folders claimed by a few workers, so that a release of many
//! gigabytes holds up nobody. A lost event costs time, never a package: everything is looked at
//! again at start and every `rescan_seconds`.
//!
//! Does not judge releases, and deletes nothing that was acknowledged.

mod claim;
pub mod crash;
mod hashing;
mod layout;
mod listing;
mod look;
mod message;
mod notes;
mod recover;
mod state;
mod watch;
mod whole;
mod writers;

pub use message::{ReadMessage, Readers, SniffMessage};

use crate::domain::completeness::QuietPeriods;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::{Intent, Ledger};
use crate::domain::limits::Limits;
use crate::domain::package::Identity;
use crate::domain::places::Places;
use crate::domain::upload::{Gate, UploadEvent};
use claim::{Claim, ClaimError};
use hashing::Hashes;
use listing::{Entry, Key};
use notes::{Note, What};
use serde::{Deserialize, Serialize};
use state::{Phase, Place, State};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use watch::Watch;

/// How intake watches and when it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long nothing may have happened in a folder before it is taken, in seconds by case.
    pub quiet: QuietPeriods,
    /// Seconds without any change after which a label is told what its upload still lacks.
    pub stall_after_seconds: u64,
    /// Seconds between two looks at every folder, for what no event told of.
    pub rescan_seconds: u64,
    /// Milliseconds between two turns of the loop: events are gathered for so long.
    pub tick_milliseconds: u64,
    /// Threads that hash files and claim folders.
    pub workers: usize,
    /// Claims of one folder that may fail by our own fault before the package is parked for the
    /// operator.
    pub claim_attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quiet: QuietPeriods::default(),
            stall_after_seconds: 3600,
            rescan_seconds: 60,
            tick_milliseconds: 500,
            workers: 2,
            claim_attempts: 5,
        }
    }
}

/// Wait before something is tried again that failed for a reason outside the folder.
const RETRY: Duration = Duration::from_secs(5);

/// Called with every package that was claimed.
pub type Claimed = Arc<dyn Fn(PackageId) + Send + Sync>;

/// Finds complete folders and claims them.
pub struct Intake {
    settings: Settings,
    limits: Limits,
    places: Places,
    gate: Arc<dyn Gate>,
    ledger: Arc<dyn Ledger>,
    claimed: Claimed,
    readers: Readers,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    jobs: Jobs,
    hashes: Hashes,
    stopping: AtomicBool,
}

/// What came in since the last turn.
#[derive(Default)]
struct Inbox {
    news: Mutex<News>,
    bell: Condvar,
}

#[derive(Default)]
struct News {
    events: Vec<UploadEvent>,
    hints: BTreeSet<Place>,
    rescan: bool,
    done: Vec<Done>,
    ring: bool,
}

/// Work that would hold up the loop.
enum Job {
    Hash {
        place: Place,
        path: PathBuf,
        key: Key,
        sha1: bool,
    },
    Claim(Box<Order>),
    Finish(Box<Intent>),
    Sweep(Box<Order>),
}

/// A folder to be claimed, as it was decided on.
struct Order {
    label: LabelId,
    folder: String,
    package: PackageId,
    files: Vec<Entry>,
    identity: Identity,
}

/// What a worker has to say.
enum Done {
    Hashed(Place),
    Claim(PackageId, Claim),
    Sweep(Place, Result<(), ClaimError>),
}

#[derive(Default)]
struct Jobs {
    queue: Mutex<VecDeque<Job>>,
    bell: Condvar,
}

/// A lock that another thread's panic did not make useless: what it guards is simple data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jobs {
    fn push(&self, job: Job) {
        let mut queue = lock(&self.queue);
        match job {
            // A complete folder goes before hashes for folders that are not.
            Job::Claim(_) | Job::Finish(_) | Job::Sweep(_) => queue.push_front(job),
            Job::Hash { .. } => queue.push_back(job),
        }
        self.bell.notify_one();
    }

    fn take(&self, patience: Duration) -> Option<Job> {
        let queue = lock(&self.queue);
        let (mut queue, _) = self
            .bell
            .wait_timeout_while(queue, patience, |queue| queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }
}

impl Inbox {
    fn hint(&self, label: LabelId, folder: String) {
        lock(&self.news).hints.insert((label, folder));
    }

    fn rescan(&self) {
        lock(&self.news).rescan = true;
    }

    /// Leaves a result; `ring` wakes the loop before its tick is over.
    fn done(&self, done: Done, ring: bool) {
        let mut news = lock(&self.news);
        news.done.push(done);
        news.ring |= ring;
        self.bell.notify_all();
    }
}

impl Intake {
    /// Watches below `places`, reading messages with `domain::ern`.
    pub fn new(
        settings: Settings,
        limits: Limits,
        places: Places,
        gate: Arc<dyn Gate>,
        ledger: Arc<dyn Ledger>,
        claimed: Claimed,
    ) -> Arc<Self> {
        let readers = Readers::default();
        Self::with_readers(settings, limits, places, gate, ledger, claimed, readers)
    }

    /// The same with other readers of messages.
    pub fn with_readers(
        settings: Settings,
        limits: Limits,
        places: Places,
        gate: Arc<dyn Gate>,
        ledger: Arc<dyn Ledger>,
        claimed: Claimed,
        readers: Readers,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            limits,
            places,
            gate,
            ledger,
            claimed,
            readers,
            inbox: Arc::default(),
            state: Mutex::default(),
            jobs: Jobs::default(),
            hashes: Hashes::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Takes note of what a label did. Returns at once; it is acted upon at the next turn.
    pub fn tell(&self, event: UploadEvent) {
        lock(&self.inbox.news).events.push(event);
    }

    /// Watches and claims until `stop` is true; a claim that has begun is ended first.
    pub fn run(&self, stop: &AtomicBool) {
        let mut watch = Watch::new(&self.places, Arc::clone(&self.inbox))
            .inspect_err(|error| {
                tracing::warn!(%error, "folders cannot be watched; what is copied in is found by the rescan");
            })
            .ok();
        let tick = Duration::from_millis(self.settings.tick_milliseconds.max(1));
        self.stopping.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..self.settings.workers.max(1) {
                scope.spawn(|| {
                    while !self.is_stopping() {
                        self.work_once(tick);
                    }
                });
            }
            while !stop.load(Ordering::Relaxed) {
                let rescanned = self.turn(Instant::now());
                if let Some(watch) = watch.as_mut().filter(|_| rescanned) {
                    watch.refresh();
                }
                self.wait(tick);
            }
            self.stopping.store(true, Ordering::Relaxed);
        });
    }

    /// One turn of the loop at the moment `now`, which never goes back: everything that came in is
    /// noted and every folder that may be ready is looked at. Leaves work for `work`.
    pub fn step(&self, now: Instant) {
        self.turn(now);
    }

    /// Does the work that is waiting, on this thread, until there is none; says whether there was
    /// any. `run` does the same on threads of its own.
    pub fn work(&self) -> bool {
        let mut worked = false;
        while self.work_once(Duration::ZERO) {
            worked = true;
        }
        worked
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Sleeps until the next turn: a tick, or until a worker has something to say.
    fn wait(&self, tick: Duration) {
        let news = lock(&self.inbox.news);
        let waited = self
            .inbox
            .bell
            .wait_timeout_while(news, tick, |news| !news.ring);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Does one turn; says whether everything was looked at.
    fn turn(&self, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let state = &mut *state;
        if !state.loaded {
            match self.ledger.open_folders() {
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
        for event in news.events {
            state.apply(event, now);
        }
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.unfinished)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        state.unfinished = later;
        for (_, intent) in due {
            self.jobs.push(Job::Finish(intent));
        }
        for place in news.hints {
            state.delivery(place, now).dirty = true;
        }
        let rescan = news.rescan || state.rescan_at.is_none_or(|at| at <= now);
        if rescan {
            state.rescan_at = Some(now + Duration::from_secs(self.settings.rescan_seconds.max(1)));
            self.rescan(state, now);
        }
        self.tell_ledger(state);
        let due: Vec<Place> = state
            .deliveries
            .iter()
            .filter(|(_, delivery)| delivery.dirty || delivery.due.is_some_and(|at| at <= now))
            .map(|(place, _)| place.clone())
            .collect();
        for place in due {
            self.look(state, &place, now);
        }
        self.tell_ledger(state);
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

    /// Forgets contents that are no longer there.
    fn forget(&self, state: &mut State) {
        let there: HashSet<Key> = state
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

    fn note_claim(&self, state: &mut State, package: &PackageId, claim: Claim, now: Instant) {
        let claim = match claim {
            Claim::Unfinished(intent, error) => {
                // The folder is ours and nothing of it is lost: this is tried until it succeeds,
                // and by the next start as well.
                tracing::error!(package.id = %package, %error, "a claim is not finished yet");
                state.unfinished.push((now + RETRY, intent));
                return;
            }
            Claim::Done => Ok(()),
            Claim::Undone(error) => Err(error),
        };
        let in_flight = state.in_flight.remove(package);
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
            delivery.releases.remove(&folder);
            delivery.last_claimed = Some(package.clone());
            if folder == place.1
                && let Some(delivery) = state.deliveries.remove(&place)
            {
                state.deliveries.insert(place, delivery.after(now));
            }
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
            release.phase = Phase::Parked;
            release.package = None;
        }
    }

    fn park(&self, package: &PackageId, why: &str) -> bool {
        self.ledger
            .park(package, why)
            .inspect_err(|fault| tracing::error!(package.id = %package, %fault, "cannot be parked"))
            .is_ok()
    }

    /// Does one job; says whether there was one.
    fn work_once(&self, patience: Duration) -> bool {
        let Some(job) = self.jobs.take(patience) else {
            return false;
        };
        match job {
            Job::Hash {
                place,
                path,
                key,
                sha1,
            } => {
                let outcome = hashing::read(&path, &key, sha1, &self.stopping);
                if let Err(error) = &outcome {
                    tracing::warn!(file = ?path, %error, "a file could not be hashed");
                }
                self.hashes.note(&key, &outcome);
                // The last hash may make a folder complete. One look for each of thousands of files
                // would list the folder as often.
                let last = lock(&self.jobs.queue).is_empty();
                self.inbox.done(Done::Hashed(place), last);
            }
            Job::Claim(order) => {
                let claim = catch_unwind(AssertUnwindSafe(|| self.claim(&order)));
                let claim = claim.unwrap_or_else(|_| {
                    self.gate.open(&order.label, &order.folder);
                    Claim::Undone(panicked(&order.folder))
                });
                self.inbox.done(Done::Claim(order.package, claim), true);
            }
            Job::Finish(intent) => {
                let claim = match self.finish_later(&intent) {
                    Ok(()) => Claim::Done,
                    Err(error) => Claim::Unfinished(intent.clone(), error),
                };
                self.inbox.done(Done::Claim(intent.package, claim), true);
            }
            Job::Sweep(order) => {
                let result = catch_unwind(AssertUnwindSafe(|| self.sweep(&order)));
                let result = result.unwrap_or_else(|_| {
                    self.gate.open(&order.label, &order.folder);
                    Err(panicked(&order.folder))
                });
                self.inbox
                    .done(Done::Sweep((order.label, order.folder), result), true);
            }
        }
        true
    }
}

fn panicked(folder: &str) -> ClaimError {
    ClaimError::Disk {
        what: "claiming (a panic)",
        path: folder.into(),
        source: std::io::Error::other("the worker panicked"),
    }
}
