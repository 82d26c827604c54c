//! Makes identifiers: ULIDs that never go backwards within one store, whatever the clock does.

use jiff::Timestamp;
use rand::RngExt as _;
use ulid::Ulid;

/// The last identifier made. Owned by the writer thread, so it needs no lock.
#[derive(Debug)]
pub(super) struct IdSource {
    last: Ulid,
}

impl IdSource {
    pub(super) fn new() -> Self {
        Self { last: Ulid::nil() }
    }

    /// A new identifier, greater than every earlier one of this source.
    ///
    /// Within one millisecond, or when the clock was set back, the last one is stepped up by a
    /// random amount: people tell identifiers apart by their last characters, which counting up by
    /// one would make nearly equal.
    pub(super) fn next(&mut self, now: Timestamp) -> String {
        let mut dice = rand::rng();
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        self.last = if milliseconds > self.last.timestamp_ms() {
            Ulid::from_parts(milliseconds, dice.random())
        } else {
            let step = u128::from(dice.random_range(1..=u64::MAX));
            Ulid(self.last.0.saturating_add(step))
        };
        self.last.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_rise_though_the_clock_falls() {
        let mut source = IdSource::new();
        let late: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let early: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let made: Vec<String> = [late, late, early, late]
            .into_iter()
            .map(|now| source.next(now))
            .collect();
        assert!(made.is_sorted(), "{made:?}");
        let mut ends: Vec<&str> = made.iter().map(|id| &id[22..]).collect();
        ends.dedup();
        assert_eq!(ends.len(), 4, "last characters tell them apart: {made:?}");
    }
}
