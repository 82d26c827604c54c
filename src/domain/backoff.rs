//! How long to wait before an effect is tried again, and when to give up.

use std::time::Duration;

/// A schedule of waits: doubling from `first` to `cap`, with jitter so that many waiters spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Wait after the first failure.
    pub first: Duration,
    /// No wait is longer than this.
    pub cap: Duration,
    /// After so many failed attempts a person has to decide.
    pub attempts: u32,
}

impl Backoff {
    /// The wait after `failed` attempts (1 = the first one failed), or `None` to give up.
    ///
    /// `dice` is a number from 0 to 1 that the caller drew; it moves the wait by up to ±20 %.
    pub fn wait(&self, failed: u32, dice: f64) -> Option<Duration> {
        (failed < self.attempts).then(|| self.endless(failed, dice))
    }

    /// The same for what is never given up for its number of tries.
    pub fn endless(&self, failed: u32, dice: f64) -> Duration {
        let doubled = self.first.saturating_mul(
            1_u32
                .checked_shl(failed.saturating_sub(1).min(20))
                .unwrap_or(u32::MAX),
        );
        doubled
            .min(self.cap)
            .mul_f64(0.8 + 0.4 * dice.clamp(0.0, 1.0))
    }

    /// No wait is longer, whatever the dice.
    pub fn longest(&self) -> Duration {
        self.cap.mul_f64(1.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Backoff = Backoff {
        first: Duration::from_secs(30),
        cap: Duration::from_secs(3600),
        attempts: 10,
    };

    #[test]
    fn waits_double_to_the_cap_and_end() {
        assert_eq!(SCHEDULE.wait(1, 0.5), Some(Duration::from_secs(30)));
        assert_eq!(SCHEDULE.wait(2, 0.5), Some(Duration::from_secs(60)));
        assert_eq!(SCHEDULE.wait(9, 0.5), Some(Duration::from_secs(3600)));
        assert_eq!(SCHEDULE.wait(10, 0.5), None);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        assert_eq!(SCHEDULE.wait(1, 0.0), Some(Duration::from_secs(24)));
        assert_eq!(SCHEDULE.wait(1, 1.0), Some(Duration::from_secs(36)));
        assert_eq!(SCHEDULE.wait(9, 1.0), Some(SCHEDULE.longest()));
    }
}
