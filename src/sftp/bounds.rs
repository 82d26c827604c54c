//! How many may be here at a time: counted places, each given back when its holder goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts who is here, by a key.
#[derive(Debug)]
pub(super) struct Crowd<K: Eq + Hash + Clone> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Default for Crowd<K> {
    fn default() -> Self {
        Self {
            counts: Arc::default(),
        }
    }
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// A place, if fewer than `most` of that key are taken.
    pub(super) fn enter(&self, key: K, most: usize) -> Option<Seat<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Seat {
            counts: Arc::clone(&self.counts),
            key,
        })
    }
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat<K: Eq + Hash + Clone> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            // Nothing is kept of addresses that are gone.
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// Most jobs of one channel that are begun in one go, or are under way when more is begun.
pub(super) const MOST_JOBS: usize = 12;

/// From so many jobs of one label on, each of its channels has one at a time. The threads that wait
/// for disks are 512; no label shall have them all, however many sessions it opens.
const MANY_JOBS: usize = 48;

/// Jobs of one label that are under way. Each is a thread that waits for the disk.
#[derive(Debug, Default)]
pub(super) struct Jobs(AtomicUsize);

impl Jobs {
    /// So many more.
    pub(super) fn begun(&self, count: usize) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// One less.
    pub(super) fn ended(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// How many a channel may have now. Never none: a channel that has none is woken by nobody.
    pub(super) fn most(&self) -> usize {
        if self.count() < MANY_JOBS {
            MOST_JOBS
        } else {
            1
        }
    }
}

/// Lines of the log that anybody can cause are written at most once in this time.
const SELDOM: Duration = Duration::from_secs(10);

/// Says now and then that a line is due.
#[derive(Debug)]
pub(super) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// The first one is due.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether a line is due; if so, none is for a while.
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= SELDOM);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_many_jobs_has_one_in_each_channel() {
        let jobs = Jobs::default();
        jobs.begun(MANY_JOBS - 1);
        assert_eq!(jobs.most(), MOST_JOBS);
        jobs.begun(MOST_JOBS);
        assert_eq!(jobs.most(), 1);
        for _ in 0..MOST_JOBS {
            jobs.ended();
        }
        assert_eq!(jobs.most(), MOST_JOBS);
    }

    #[test]
    fn places_are_bounded_by_key_and_given_back() {
        let crowd = Crowd::default();
        let first = crowd.enter("a", 2);
        let second = crowd.enter("a", 2);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter("a", 2).is_none());
        assert!(crowd.enter("b", 2).is_some());
        drop(first);
        assert!(crowd.enter("a", 2).is_some());
        drop(second);
        assert!(crowd.counts.lock().unwrap().is_empty());
    }
}
