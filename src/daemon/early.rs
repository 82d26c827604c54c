//! Inspects files as soon as they are closed, while the rest of their release is still on its way.
//!
//! A file that intake has read is queued, measured, and what was measured remembered; the verdict
//! then finds it known. Nothing depends on this: a file that is not reached is measured with its
//! package. Files are opened for reading only and by what they hold, so that neither a claim nor a
//! rename has to wait for us; packages that wait for their verdict go first.

use super::live::Live;
use crate::domain::content::{FileKey, Memory};
use crate::domain::facts::FileRole;
use crate::domain::naming::role_of;
use crate::inspect::blocks::open_regular;
use crate::inspect::{Source, look_ahead};
use std::collections::{HashSet, VecDeque};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Files that wait. More than that arrive faster than we are; they are measured with their package.
const QUEUE_MAX: usize = 4_096;

/// How much lower our threads stand than those that a label waits for.
const NICE: i32 = 10;

/// How often a sleeper looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(500);

/// Bytes between two looks at whether the file is still there.
const LOOK_BYTES: u64 = 32 << 20;

/// Device and inode: a file whatever it is called.
type Node = (u64, u64);

/// The queue and what the workers have of it.
pub struct Early {
    memory: Arc<dyn Memory>,
    live: Arc<Live>,
    stop: Arc<AtomicBool>,
    desk: Mutex<Desk>,
    bell: Condvar,
}

#[derive(Default)]
struct Desk {
    waiting: VecDeque<(PathBuf, Node)>,
    working: HashSet<Node>,
    /// Packages whose verdict is being found right now.
    verdicts: usize,
    /// Files that such a package waits for.
    awaited: HashSet<Node>,
}

/// While it lives nothing else is measured.
pub struct Verdict<'a> {
    early: &'a Early,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        self.early.desk().verdicts -= 1;
        self.early.bell.notify_all();
    }
}

impl Early {
    /// Remembers in `memory`; ends when `stop` turns true.
    pub fn new(memory: Arc<dyn Memory>, live: Arc<Live>, stop: Arc<AtomicBool>) -> Self {
        Self {
            memory,
            live,
            stop,
            desk: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A closed file was read; its content is remembered under the key. Returns at once.
    pub fn tell(&self, path: &Path, key: &FileKey) {
        // Of thousands of other files none has to wait here, and none is opened.
        let measured = matches!(
            role_of(&path.to_string_lossy()),
            FileRole::Audio | FileRole::Artwork
        );
        if !measured || !self.live.parts().config.inspect.early {
            return;
        }
        let mut desk = self.desk();
        let known = desk.waiting.iter().any(|(_, node)| *node == key.node());
        if !known && desk.waiting.len() < QUEUE_MAX {
            desk.waiting.push_back((path.to_owned(), key.node()));
            self.bell.notify_one();
        }
    }

    /// A package is about to be inspected: what waits of its files is left to that, and what is
    /// being measured of them is waited for, which is sooner done than begun again.
    pub fn verdict(&self, files: &HashSet<Node>) -> Verdict<'_> {
        let mut desk = self.desk();
        desk.verdicts += 1;
        desk.waiting.retain(|(_, node)| !files.contains(node));
        desk.awaited.clone_from(files);
        self.bell.notify_all();
        while !desk.working.is_disjoint(files) && !self.is_stopping() {
            desk = self.sleep(desk);
        }
        desk.awaited.clear();
        drop(desk);
        Verdict { early: self }
    }

    /// Measures what is queued, on this thread, until told to stop.
    pub fn run(&self) {
        // Without the right to be humble we are merely less polite.
        rustix::process::setpriority_process(None, NICE).ok();
        while !self.is_stopping() {
            let mut desk = self.desk();
            let next = if desk.verdicts == 0 {
                desk.waiting.pop_front()
            } else {
                None
            };
            let Some((path, node)) = next else {
                drop(self.sleep(desk));
                continue;
            };
            let is_ours = desk.working.insert(node);
            drop(desk);
            if is_ours {
                let look = catch_unwind(AssertUnwindSafe(|| self.look(&path, node)));
                if look.is_err() {
                    tracing::error!(file = ?path, "inspection of a closed file panicked");
                }
                self.desk().working.remove(&node);
                self.bell.notify_all();
            }
        }
    }

    fn look(&self, path: &Path, node: Node) {
        super::crash_point("early.look");
        let parts = self.live.parts();
        let begun = Instant::now();
        let cancel = AtomicBool::new(false);
        let read = AtomicU64::new(0);
        // Who overwrites or removes the file leaves us with one that has no name.
        let Ok(file) = open_regular(path) else {
            return;
        };
        let nameless = || file.metadata().is_ok_and(|meta| meta.nlink() == 0);
        let progress = |bytes: u64| {
            self.give_way(node);
            let before = read.fetch_add(bytes, Ordering::Relaxed);
            let due = before / LOOK_BYTES != (before + bytes) / LOOK_BYTES;
            if self.is_stopping() || (due && nameless()) {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let limits = &parts.config.limits;
        let source = look_ahead(path, limits, self.memory.as_ref(), &cancel, &progress);
        if source == Some(Source::Measured) {
            let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(file = ?path, duration_ms, "a closed file was inspected");
        }
    }

    /// Waits while a package that has nothing to do with this file is being inspected.
    fn give_way(&self, node: Node) {
        let mut desk = self.desk();
        while desk.verdicts > 0 && !desk.awaited.contains(&node) && !self.is_stopping() {
            desk = self.sleep(desk);
        }
    }

    fn sleep<'a>(&self, desk: MutexGuard<'a, Desk>) -> MutexGuard<'a, Desk> {
        let (desk, _) = self
            .bell
            .wait_timeout(desk, LOOK)
            .unwrap_or_else(PoisonError::into_inner);
        desk
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
