//! What a push has with it on its way: who is to be told before it becomes visible, and how fast it
//! may go.

use crate::domain::fault::Fault;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Writes down that the push may become visible at the given place; a fault stops it.
type Revealing =
    Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> + Send + Sync>;

/// One way to a DSP, and what became of it. The default goes as fast as it can and tells nobody.
#[derive(Default)]
pub struct Trip {
    /// How fast it may go, shared by all pushes to the DSP.
    pub throttle: Option<Arc<Throttle>>,
    revealing: Option<Revealing>,
    told: AtomicBool,
    may_be_there: AtomicBool,
    culprit: OnceLock<String>,
}

impl Trip {
    /// `revealing` is called with the place, and waited for, before the first step that the DSP could
    /// see. What it refuses stays hidden.
    pub fn new<F>(
        throttle: Option<Arc<Throttle>>,
        revealing: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        Self {
            throttle,
            revealing: Some(Box::new(move |place| Box::pin(revealing(place)))),
            ..Self::default()
        }
    }

    /// Whether a DSP may see it, although the trip ended with a fault.
    pub fn may_be_there(&self) -> bool {
        self.may_be_there.load(Ordering::Acquire)
    }

    /// Whether it was about to be seen, and certainly is not.
    pub fn is_concealed(&self) -> bool {
        self.told.load(Ordering::Acquire) && !self.may_be_there()
    }

    /// The file, by its name in the plan, whose copy here is damaged.
    pub fn culprit(&self) -> Option<&str> {
        self.culprit.get().map(String::as_str)
    }

    pub(super) fn blame(&self, file: &str) {
        // The first one is enough.
        drop(self.culprit.set(file.to_owned()));
    }

    pub(super) async fn reveal(&self, place: &str) -> Result<(), Fault> {
        if let Some(revealing) = &self.revealing {
            revealing(place.to_owned()).await?;
        }
        self.told.store(true, Ordering::Release);
        self.may_be_there.store(true, Ordering::Release);
        Ok(())
    }

    /// The step was refused, and the name was seen to be free.
    pub(super) fn conceal(&self) {
        self.may_be_there.store(false, Ordering::Release);
    }
}

/// Keeps all pushes to a DSP together below so many bytes a second.
#[derive(Debug)]
pub struct Throttle {
    bytes_per_second: u64,
    /// When what was let through so far will have gone at that speed.
    free_at: Mutex<Option<Instant>>,
    booked: AtomicU64,
}

impl Throttle {
    /// `kib` KiB a second, 1 at least.
    pub fn new(kib: u64) -> Self {
        Self {
            bytes_per_second: kib.max(1).saturating_mul(1024),
            free_at: Mutex::new(None),
            booked: AtomicU64::new(0),
        }
    }

    /// KiB a second.
    pub fn kib(&self) -> u64 {
        self.bytes_per_second / 1024
    }

    /// Bytes that were let through, or are to go once they have waited.
    pub fn booked(&self) -> u64 {
        self.booked.load(Ordering::Relaxed)
    }

    /// Books so many bytes and says how long to wait before they are sent.
    pub(super) fn book(&self, bytes: usize, now: Instant) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.booked.fetch_add(bytes, Ordering::Relaxed);
        let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let takes = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = free_at.map_or(now, |at| at.max(now));
        *free_at = begins.checked_add(takes);
        begins.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_over_time_whoever_sends_them() {
        let throttle = Throttle::new(1024);
        let now = Instant::now();
        assert_eq!(throttle.book(1 << 20, now), Duration::ZERO);
        assert_eq!(throttle.book(1 << 19, now), Duration::from_secs(1));
        assert_eq!(throttle.book(1, now), Duration::from_millis(1500));
        let later = now + Duration::from_secs(10);
        assert_eq!(throttle.book(1 << 20, later), Duration::ZERO);
    }
}
