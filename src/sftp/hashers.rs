//! The threads that hash files while they arrive, and how much memory that may take.
//!
//! Files are read from the page cache, just behind the writes, by patient threads, which take only
//! what time the processors have left over, and none while uploads alone keep those busy: who is
//! sending is never held up. A closed file goes after a while to threads that stand a little higher,
//! because its package waits for it.

use super::arriving::{After, Follow};
use crate::domain::arrival::Arrivals;
use crate::meter::DoorMeter;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of small files that are kept in memory until their CLOSE, in the whole process. A file
/// that finds no room is read behind its writes like a large one.
const HELD_IN_ALL_BYTES: usize = 16 << 20;

/// How much lower the patient threads stand than those that take uploads: as low as there is.
const PATIENT: i32 = 19;

/// The same of those that hash what has waited for long enough.
const WAITED_FOR: i32 = 10;

/// So long a closed file is left to the patient.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes a second for each processor from which uploads are a flood: to take them is then most of
/// what the processors can do. It is about a third of what one of them hashes.
const FLOOD_BYTES: u64 = 125_000_000;

/// So long is measured whether it is one.
const GAUGED_FOR: Duration = Duration::from_millis(100);

/// After so long without news it is over.
const FLOOD_ENDS: Duration = Duration::from_millis(300);

/// Bytes read at a time: they stay in the processor's cache for the second hash.
const BLOCK_BYTES: usize = 128 << 10;

/// What uploads and threads share.
pub(super) struct Desk {
    arrivals: Arc<dyn Arrivals>,
    meter: Arc<DoorMeter>,
    held: AtomicUsize,
    processors: usize,
    queues: Mutex<Queues>,
    /// For the patient threads.
    came: Condvar,
    /// For the others.
    closed_came: Condvar,
}

#[derive(Default)]
struct Queues {
    open: VecDeque<Arc<Follow>>,
    /// With the moment from which they have waited for long enough.
    closed: VecDeque<(Instant, Arc<Follow>)>,
    flood: Flood,
    ended: bool,
}

/// Whether uploads come so fast that it is better to hash after them.
#[derive(Default)]
struct Flood {
    /// When measuring began, and bytes that have come since.
    gauged: Option<(Instant, u64)>,
    is_on: bool,
}

impl Flood {
    fn note(&mut self, bytes: u64, now: Instant, processors: usize) {
        let (since, before) = match self.gauged {
            Some((since, before)) if now < since + FLOOD_ENDS => (since, before),
            _ => (now, 0),
        };
        let sum = before + bytes;
        let took = now.duration_since(since);
        if took < GAUGED_FOR {
            self.gauged = Some((since, sum));
            return;
        }
        let limit = u128::from(FLOOD_BYTES) * processors as u128 * took.as_millis() / 1_000;
        self.is_on = u128::from(sum) > limit;
        self.gauged = Some((now, 0));
    }

    fn is_on(&self, now: Instant) -> bool {
        let is_recent = |(since, _): (Instant, u64)| now < since + FLOOD_ENDS;
        self.is_on && self.gauged.is_some_and(is_recent)
    }
}

/// What a thread may do.
enum Next {
    /// A file; for a closed one, from when it has waited for long enough.
    File(Arc<Follow>, Option<Instant>),
    /// Nothing, until something comes.
    Wait,
    /// Nothing for so long.
    Later(Duration),
}

impl Queues {
    fn next(&mut self, patient: bool) -> Next {
        let is_something = !self.open.is_empty() || !self.closed.is_empty();
        if patient && is_something && self.flood.is_on(Instant::now()) {
            return Next::Later(GAUGED_FOR);
        }
        if patient && let Some(follow) = self.open.pop_front() {
            return Next::File(follow, None);
        }
        let Some((ready, _)) = self.closed.front() else {
            return Next::Wait;
        };
        let left = ready.saturating_duration_since(Instant::now());
        if !patient && !left.is_zero() {
            return Next::Later(left);
        }
        self.closed
            .pop_front()
            .map_or(Next::Wait, |(ready, follow)| {
                Next::File(follow, Some(ready))
            })
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl Default for Desk {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(Arc::new(()), Arc::default())
    }
}

impl Desk {
    /// A desk at which nobody sits yet.
    pub(super) fn new(arrivals: Arc<dyn Arrivals>, meter: Arc<DoorMeter>) -> Self {
        Self {
            arrivals,
            meter,
            held: AtomicUsize::new(0),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            queues: Mutex::default(),
            came: Condvar::new(),
            closed_came: Condvar::new(),
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who hears what files hold.
    pub(super) fn arrivals(&self) -> &Arc<dyn Arrivals> {
        &self.arrivals
    }

    /// Counts bytes that were hashed.
    pub(super) fn count(&self, bytes: u64) {
        self.meter.hashed_arriving.add(bytes);
    }

    /// Bytes that are kept in memory now.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes room for bytes to be kept; false when there is none.
    pub(super) fn hold(&self, bytes: usize) -> bool {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= HELD_IN_ALL_BYTES;
        if !fits {
            self.let_go(bytes);
        }
        fits
    }

    /// Gives room back.
    pub(super) fn let_go(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// So many bytes of a file have come.
    pub(super) fn came(&self, bytes: u64) {
        let mut queues = self.queues();
        queues.flood.note(bytes, Instant::now(), self.processors);
    }

    /// A file that is being written has something to be hashed.
    pub(super) fn push_open(&self, follow: Arc<Follow>) {
        self.queues().open.push_back(follow);
        self.came.notify_one();
    }

    /// A file that is being closed has.
    pub(super) fn push_closed(&self, follow: Arc<Follow>) {
        self.push_after(follow, Instant::now() + PATIENCE);
    }

    fn push_after(&self, follow: Arc<Follow>, ready: Instant) {
        self.queues().closed.push_back((ready, follow));
        self.came.notify_one();
        self.closed_came.notify_one();
    }

    /// One turn at one file; says whether there was any.
    #[cfg(test)]
    pub(super) fn work_once(&self) -> bool {
        let next = {
            let mut queues = self.queues();
            queues.flood = Flood::default();
            queues.next(true)
        };
        let Next::File(follow, ready) = next else {
            return false;
        };
        self.turn(follow, ready, &mut vec![0; BLOCK_BYTES]);
        true
    }

    fn turn(&self, follow: Arc<Follow>, ready: Option<Instant>, block: &mut [u8]) {
        match follow.turn(self, block) {
            After::Rest => {}
            After::Open => self.push_open(follow),
            After::Closed => {
                let ready = ready.unwrap_or_else(|| Instant::now() + PATIENCE);
                self.push_after(follow, ready);
            }
        }
    }

    fn work(&self, patient: bool) {
        let nice = if patient { PATIENT } else { WAITED_FOR };
        // Without the right to be humble we are merely less polite.
        rustix::process::setpriority_process(None, nice).ok();
        let mut block = vec![0; BLOCK_BYTES];
        while let Some((follow, ready)) = self.wait(patient) {
            let turn = AssertUnwindSafe(|| self.turn(follow, ready, &mut block));
            let turn = catch_unwind(turn);
            if turn.is_err() {
                tracing::error!("hashing a file that arrives panicked; it is read again later");
            }
        }
    }

    /// The next file; `None` at the end.
    fn wait(&self, patient: bool) -> Option<(Arc<Follow>, Option<Instant>)> {
        let bell = if patient {
            &self.came
        } else {
            &self.closed_came
        };
        let mut queues = self.queues();
        loop {
            if queues.ended {
                return None;
            }
            queues = match queues.next(patient) {
                Next::File(follow, ready) => return Some((follow, ready)),
                Next::Wait => bell.wait(queues).unwrap_or_else(PoisonError::into_inner),
                Next::Later(left) => {
                    let waited = bell.wait_timeout(queues, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// The threads; they end with it.
#[derive(Debug)]
pub(super) struct Hashers {
    desk: Arc<Desk>,
}

impl Hashers {
    /// Starts as many threads of each kind as there are processors.
    pub(super) fn start(desk: Arc<Desk>) -> io::Result<Self> {
        for patient in [true, false] {
            for _ in 0..desk.processors {
                let desk = Arc::clone(&desk);
                std::thread::Builder::new()
                    .name("dropzone-hash".to_owned())
                    .spawn(move || desk.work(patient))?;
            }
        }
        Ok(Self { desk })
    }

    /// The desk at which they sit.
    pub(super) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }
}

impl Drop for Hashers {
    fn drop(&mut self) {
        let left = {
            let mut queues = self.desk.queues();
            queues.ended = true;
            (
                std::mem::take(&mut queues.open),
                std::mem::take(&mut queues.closed),
            )
        };
        drop(left);
        self.desk.came.notify_all();
        self.desk.closed_came.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_begins_when_more_comes_than_can_be_hashed_beside_it_and_ends_with_it() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut flood = Flood::default();
        // 100 MB/s on one processor.
        for millis in (0..1_000).step_by(20) {
            flood.note(2_000_000, at(millis), 1);
            assert!(!flood.is_on(at(millis)));
        }
        // 200 MB/s.
        for millis in (1_000..1_300).step_by(10) {
            flood.note(2_000_000, at(millis), 1);
        }
        assert!(flood.is_on(at(1_300)));
        assert!(!flood.is_on(at(1_700)), "nothing came since");
        flood.note(2_000_000, at(5_000), 1);
        assert!(!flood.is_on(at(5_400)));
        let mut wider = Flood::default();
        for millis in (0..300).step_by(10) {
            wider.note(2_000_000, at(millis), 2);
        }
        assert!(!wider.is_on(at(300)), "two processors have time left");
    }
}
