//! Numbers that running parts leave behind for whoever watches: counters and histograms.
//!
//! Counting is one atomic addition, without locks, so that it may stand on every path. Everyone may
//! import this folder; it imports nothing. How the numbers are written is in [`text`], what else
//! belongs to the metrics is gathered by the daemon when it is asked.

pub mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper ends of a histogram's buckets, in seconds. Clients give up on a CLOSE after 15 to 20.
pub const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0,
];

/// How long something took.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound; what is above all of them is in the count alone.
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// A histogram as it was at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Bound and number of observations up to it.
    pub buckets: Vec<(f64, u64)>,
    /// All observations.
    pub count: u64,
    /// Their sum, in seconds.
    pub seconds: f64,
}

impl Histogram {
    /// It took so long once.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.iter().position(|bound| seconds <= *bound);
        if let Some(bucket) = place.and_then(|place| self.buckets.get(place)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// As it is now. The buckets are never more than the count, whoever counts meanwhile.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = 0;
        let buckets: Vec<(f64, u64)> = BOUNDS
            .iter()
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                sum += bucket.load(Ordering::Relaxed);
                (*bound, sum)
            })
            .collect();
        Snapshot {
            buckets,
            count: self.count.load(Ordering::Relaxed).max(sum),
            seconds: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

/// What the SFTP server counts.
#[derive(Debug, Default)]
pub struct DoorMeter {
    /// Connections taken.
    pub connections: Counter,
    /// Connections refused because there were too many.
    pub refused_full: Counter,
    /// Connections refused because of a penalty.
    pub refused_penalty: Counter,
    /// Connections refused because of a wrong, missing or unexpected PROXY header.
    pub refused_proxy: Counter,
    /// Connections refused because the client knows none of our algorithms.
    pub refused_algorithms: Counter,
    /// Logins by password, keyboard-interactive included.
    pub logins_password: Counter,
    /// Logins by key.
    pub logins_key: Counter,
    /// Logins by key and password.
    pub logins_both: Counter,
    /// Passwords refused.
    pub refused_password: Counter,
    /// Connections that offered keys of which none was right, and did not log in otherwise.
    pub refused_key: Counter,
    /// Bytes of files written by labels.
    pub bytes_in: Counter,
    /// Bytes of files read by labels.
    pub bytes_out: Counter,
    /// Bytes of files that were hashed while they arrived.
    pub hashed_arriving: Counter,
    /// Bytes of files that had to be read again to be hashed.
    pub hashed_afterwards: Counter,
    /// Files received whole.
    pub files: Counter,
    /// Uploads that ended without a CLOSE.
    pub partials: Counter,
    /// Files that were closed and could not be kept.
    pub failed_closes: Counter,
    /// Requests refused for want of space: the disk's or a quota's.
    pub refused_space: Counter,
    /// Requests refused for other reasons.
    pub refused_other: Counter,
    /// From a CLOSE to its answer, disk included.
    pub close: Histogram,
    /// Of one file's content.
    pub fsync: Histogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_nothing_is_lost_above_them() {
        let histogram = Histogram::default();
        for millis in [0, 1, 2, 30, 70_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let now = histogram.snapshot();
        let up_to = |bound: f64| now.buckets.iter().find(|b| b.0 >= bound).unwrap().1;
        assert_eq!(
            (up_to(0.001), up_to(0.0025), up_to(0.05), up_to(60.0)),
            (2, 3, 4, 4)
        );
        assert_eq!(now.count, 5);
        assert!((now.seconds - 70.033).abs() < 1e-9, "{}", now.seconds);
    }

    #[test]
    fn counting_from_many_threads_loses_nothing() {
        let (counter, histogram) = (Counter::default(), Histogram::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        counter.one();
                        histogram.observe(Duration::from_micros(5));
                    }
                });
            }
        });
        assert_eq!(counter.get(), 40_000);
        assert_eq!(histogram.snapshot().count, 40_000);
        assert_eq!(histogram.snapshot().buckets[0].1, 40_000);
    }
}
