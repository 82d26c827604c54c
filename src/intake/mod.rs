//! Finds folders that are complete and claims them.
//!
//! Owns what is known of every folder below a label's `/incoming` until it is a package in the
//! spool. The SFTP server's events and the watcher's say where to look; the disk says what is
//! there; `domain::completeness` decides; the ledger remembers. A folder is looked at by one thread
//! (`step`), files are hashed and folders claimed by a few workers, so that a release of many
//! gigabytes holds up nobody. A lost event costs time, never a package: everything is looked at
//! again at start and every `rescan_seconds`.
//!
//! Does not judge releases, and deletes nothing that was acknowledged: what is given up or came twice
//! is set aside for weeks (`aside`, `retention`).

mod arriving;
mod aside;
mod claim;
pub mod crash;
mod decide;
mod evidence;
mod hashing;
mod jobs;
mod kept;
mod layout;
mod listing;
mod look;
mod message;
mod notes;
mod recover;
mod retention;
mod shadow;
mod state;
mod turn;
mod watch;
mod whole;
mod writers;

pub use aside::{SetAside, restore, set_aside_of};
pub use message::{ReadMessage, Readers, SniffMessage};
pub use retention::Expired;

use crate::domain::audit::Entry;
use crate::domain::completeness::QuietPeriods;
use crate::domain::content::{FileKey, Memory};
use crate::domain::ids::PackageId;
use crate::domain::ledger::Ledger;
use crate::domain::limits::Limits;
use crate::domain::places::Places;
use crate::domain::upload::{Gate, UploadEvent};
use crate::meter::DoorMeter;
use hashing::Hashes;
use jobs::{Inbox, Jobs, Kind, lock};
use serde::{Deserialize, Serialize};
use state::State;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Seconds without any change after which an upload that is still incomplete is set aside into
    /// the label's quarantine; 0 means never. 7 days.
    pub abandon_after_seconds: u64,
    /// Days for which a label goes on seeing what was taken; 0 means for ever.
    pub keep_shadows_days: u32,
    /// Days after which what was set aside is deleted; 0 means never.
    pub keep_quarantine_days: u32,
    /// Seconds between two looks at every folder, for what no event told of.
    pub rescan_seconds: u64,
    /// Milliseconds between two turns of the loop: events are gathered for so long.
    pub tick_milliseconds: u64,
    /// Threads that hash files which could not be hashed while they arrived; they stand back behind
    /// uploads. One more claims folders.
    pub workers: usize,
    /// Claims of one folder that may fail by our own fault before the package is parked for the
    /// operator. It is tried again every hour then, on a reload, and on `package retry`; one that
    /// is in the spool already at a start too.
    pub claim_attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quiet: QuietPeriods::default(),
            stall_after_seconds: 3600,
            abandon_after_seconds: 604_800,
            keep_shadows_days: 30,
            keep_quarantine_days: 30,
            rescan_seconds: 60,
            tick_milliseconds: 500,
            workers: 2,
            claim_attempts: 5,
        }
    }
}

/// Turns of the loop are not shorter than this, whatever is due.
const SHORTEST_TURN: Duration = Duration::from_millis(5);

/// Wait before something is tried again that failed for a reason outside the folder.
const RETRY: Duration = Duration::from_secs(5);

/// Wait before a folder is tried again that was parked. An operator who is there need not wait for
/// it: a reload tries at once, and `package retry` at the next look round.
const PARKED_RETRY: Duration = Duration::from_hours(1);

/// A package that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Which one.
    pub package: PackageId,
    /// From when it could have been taken: its quiet period was over. `None` after a restart.
    pub ready: Option<Instant>,
}

/// Called with every package that was claimed.
pub type Claimed = Arc<dyn Fn(Fresh) + Send + Sync>;

/// Called with every closed file that was read where it was uploaded to, and the key under which
/// the memory knows its content.
pub type ReadFile = Arc<dyn Fn(&Path, &FileKey) + Send + Sync>;

/// What intake is wired to.
#[derive(Clone)]
pub struct Wires {
    /// The door of the folders.
    pub gate: Arc<dyn Gate>,
    /// Remembers packages.
    pub ledger: Arc<dyn Ledger>,
    /// Remembers contents.
    pub memory: Arc<dyn Memory>,
    /// Hears of packages.
    pub claimed: Claimed,
    /// Hears of files.
    pub read: ReadFile,
    /// Where the hashes of files are told that had to be read for them.
    pub audit: Arc<dyn Fn(Entry) + Send + Sync>,
    /// Where it is counted.
    pub meter: Arc<DoorMeter>,
}

/// Finds complete folders and claims them.
pub struct Intake {
    settings: Settings,
    limits: Limits,
    places: Places,
    wires: Wires,
    readers: Readers,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    jobs: Jobs,
    hashes: Hashes,
    /// Files under `/incoming` that are also the spool's: those of an earlier attempt.
    taken_over: Mutex<HashSet<shadow::Node>>,
    stopping: AtomicBool,
}

impl Intake {
    /// Watches below `places`, reading messages with `domain::ern`.
    pub fn new(settings: Settings, limits: Limits, places: Places, wires: Wires) -> Arc<Self> {
        Self::with_readers(settings, limits, places, wires, Readers::default())
    }

    /// The same with other readers of messages.
    pub fn with_readers(
        settings: Settings,
        limits: Limits,
        places: Places,
        wires: Wires,
        readers: Readers,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            limits,
            places,
            wires,
            readers,
            inbox: Arc::default(),
            state: Mutex::default(),
            jobs: Jobs::default(),
            hashes: Hashes::default(),
            taken_over: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Takes note of what a label did. Returns at once; it is acted upon at the next turn, which
    /// what ends an upload does not wait for.
    pub fn tell(&self, event: UploadEvent) {
        let ends = match &event {
            UploadEvent::SessionEnded { .. } | UploadEvent::Renamed { .. } => true,
            UploadEvent::Touched { .. }
            | UploadEvent::Removed { .. }
            | UploadEvent::OverQuota { .. } => false,
        };
        let mut news = lock(&self.inbox.news);
        // A folder being filled says the same for every file.
        if news.events.last() != Some(&event) {
            news.events.push(event);
        }
        news.ring |= ends;
        drop(news);
        if ends {
            self.inbox.bell.notify_all();
        }
    }

    /// Tries again at once what was parked in its folder: whoever reloads may have mended the cause.
    pub fn try_parked(&self) {
        let mut news = lock(&self.inbox.news);
        news.try_parked = true;
        news.ring = true;
        drop(news);
        self.inbox.bell.notify_all();
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
                scope.spawn(|| self.work_on(Kind::Files, tick));
            }
            scope.spawn(|| self.work_on(Kind::Folders, tick));
            while !stop.load(Ordering::Relaxed) {
                let rescanned = self.turn(Instant::now());
                if let Some(watch) = watch.as_mut().filter(|_| rescanned)
                    && watch.refresh()
                {
                    // What came between that look and the new watches was seen by neither.
                    self.inbox.rescan();
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
        while self.work_once(None, Duration::ZERO) {
            worked = true;
        }
        worked
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Sleeps until the next turn: a tick, or until a folder is due, or a worker or the end of an
    /// upload rings.
    fn wait(&self, tick: Duration) {
        let due = lock(&self.state).due();
        let due = due.map_or(tick, |at| at.saturating_duration_since(Instant::now()));
        let tick = tick.min(due).max(SHORTEST_TURN);
        let news = lock(&self.inbox.news);
        let waited = self
            .inbox
            .bell
            .wait_timeout_while(news, tick, |news| !news.ring);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
