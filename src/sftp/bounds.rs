//! How many may be here at a time: counted places, each given back when its holder goes.

use std::collections::HashMap;
use std::hash::Hash;
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
