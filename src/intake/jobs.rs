//! What goes to the workers and what comes back: the loop never waits for a disk or for the ledger
//! of a claim.

use super::Intake;
use super::claim::{Claim, ClaimError};
use super::hashing::{self, Wants};
use super::listing::Entry;
use super::notes::What;
use super::state::Place;
use crate::domain::content::FileKey;
use crate::domain::facts::ManifestFile;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::Intent;
use crate::domain::package::Identity;
use crate::domain::upload::UploadEvent;
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much lower the threads that hash stand than those that take uploads: whoever is sending now
/// is not held up by what has already come.
const NICE: i32 = 5;

/// What came in since the last turn.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) news: Mutex<News>,
    pub(super) bell: Condvar,
}

#[derive(Default)]
pub(super) struct News {
    pub(super) events: Vec<UploadEvent>,
    pub(super) hints: BTreeSet<Place>,
    pub(super) rescan: bool,
    pub(super) try_parked: bool,
    pub(super) done: Vec<Done>,
    pub(super) ring: bool,
}

/// Work that would hold up the loop.
pub(super) enum Job {
    Hash {
        place: Place,
        path: PathBuf,
        key: FileKey,
        wants: Wants,
    },
    Claim(Box<Order>),
    Finish(Box<Intent>),
    Sweep(Box<Order>),
    Abandon(Box<Order>),
}

/// Which jobs a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Files to hash.
    Files,
    /// Folders to claim or to put away.
    Folders,
}

impl Job {
    fn kind(&self) -> Kind {
        match self {
            Self::Hash { .. } => Kind::Files,
            Self::Claim(_) | Self::Finish(_) | Self::Sweep(_) | Self::Abandon(_) => Kind::Folders,
        }
    }
}

/// A folder to be claimed, as it was decided on.
pub(super) struct Order {
    pub(super) label: LabelId,
    pub(super) folder: String,
    pub(super) package: PackageId,
    pub(super) files: Vec<Entry>,
    pub(super) identity: Identity,
    /// Files of the version that is live which complete it.
    pub(super) kept: Vec<ManifestFile>,
    /// From when it could be taken: its quiet period was over.
    pub(super) ready: Instant,
}

/// What a worker has to say.
pub(super) enum Done {
    Hashed(Place),
    /// The door has hashed a file, or given it another key; its path, if what it holds is news.
    Arrived {
        place: Option<Place>,
        path: Option<PathBuf>,
        key: FileKey,
    },
    Claim(PackageId, Claim),
    Sweep(Place, Result<(), ClaimError>),
}

#[derive(Default)]
pub(super) struct Jobs {
    pub(super) queue: Mutex<VecDeque<Job>>,
    pub(super) bell: Condvar,
}

/// A lock that another thread's panic did not make useless: what it guards is simple data.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jobs {
    pub(super) fn push(&self, job: Job) {
        let mut queue = lock(&self.queue);
        match job {
            // A complete folder goes before hashes for folders that are not.
            Job::Claim(_) | Job::Finish(_) | Job::Sweep(_) => queue.push_front(job),
            Job::Hash { .. } | Job::Abandon(_) => queue.push_back(job),
        }
        // Workers of both kinds wait at the one bell.
        self.bell.notify_all();
    }

    /// The next job of a kind, or of any.
    pub(super) fn take(&self, kind: Option<Kind>, patience: Duration) -> Option<Job> {
        let next = |queue: &VecDeque<Job>| {
            queue
                .iter()
                .position(|job| kind.is_none_or(|kind| job.kind() == kind))
        };
        let queue = lock(&self.queue);
        let (mut queue, _) = self
            .bell
            .wait_timeout_while(queue, patience, |queue| next(queue).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        next(&queue).and_then(|at| queue.remove(at))
    }
}

impl Inbox {
    pub(super) fn hint(&self, label: LabelId, folder: String) {
        lock(&self.news).hints.insert((label, folder));
    }

    pub(super) fn rescan(&self) {
        lock(&self.news).rescan = true;
    }

    /// Leaves a result; `ring` wakes the loop before its tick is over.
    pub(super) fn done(&self, done: Done, ring: bool) {
        let mut news = lock(&self.news);
        news.done.push(done);
        news.ring |= ring;
        drop(news);
        if ring {
            self.bell.notify_all();
        }
    }
}

impl Intake {
    /// Works on jobs of that kind until told to stop.
    pub(super) fn work_on(&self, kind: Kind, patience: Duration) {
        if kind == Kind::Files {
            // Without the right to be humble we are merely less polite.
            rustix::process::setpriority_process(None, NICE).ok();
        }
        while !self.is_stopping() {
            self.work_once(Some(kind), patience);
        }
    }

    /// Does one job; says whether there was one.
    pub(super) fn work_once(&self, kind: Option<Kind>, patience: Duration) -> bool {
        let Some(job) = self.jobs.take(kind, patience) else {
            return false;
        };
        match job {
            Job::Hash {
                place,
                path,
                key,
                wants,
            } => {
                if self.hashes.is_needed(&key, wants) {
                    let outcome = hashing::read(&path, &key, wants, &self.stopping);
                    if let Err(error) = &outcome {
                        tracing::warn!(file = ?path, %error, "a file could not be hashed");
                    }
                    self.learn(&place.0, &path, &key, &outcome);
                    if matches!(outcome, Ok(Some(_))) {
                        (self.wires.read)(&path, &key);
                    }
                }
                // The last hash may make a folder complete. One look for each of thousands of files
                // would list the folder as often.
                let last = lock(&self.jobs.queue).is_empty();
                self.inbox.done(Done::Hashed(place), last);
            }
            Job::Claim(order) => {
                let claim = catch_unwind(AssertUnwindSafe(|| self.claim(&order)));
                let claim = claim.unwrap_or_else(|_| {
                    self.wires.gate.open(&order.label, &order.folder);
                    Claim::Undone(panicked(&order.folder))
                });
                self.inbox.done(Done::Claim(order.package, claim), true);
            }
            Job::Abandon(order) => {
                let moved = catch_unwind(AssertUnwindSafe(|| self.abandon(&order)));
                let claim = match moved {
                    Ok(Ok(place)) => Claim::Aside(What::Abandoned(place)),
                    Ok(Err(error)) => Claim::Undone(error),
                    Err(_) => {
                        self.wires.gate.open(&order.label, &order.folder);
                        Claim::Undone(panicked(&order.folder))
                    }
                };
                self.inbox.done(Done::Claim(order.package, claim), true);
            }
            Job::Finish(intent) => {
                let package = intent.package.clone();
                let claim = self.go_on(intent);
                self.inbox.done(Done::Claim(package, claim), true);
            }
            Job::Sweep(order) => {
                let result = catch_unwind(AssertUnwindSafe(|| self.sweep(&order)));
                let result = result.unwrap_or_else(|_| {
                    self.wires.gate.open(&order.label, &order.folder);
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
