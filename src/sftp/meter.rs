//! What of a label's upload space is used, and whether more fits.
//!
//! A counter, so that no OPEN has to walk the label's folders: it is counted once when it is first
//! needed, every change that a session makes is added, and whoever else may have changed something
//! (a claim) has it counted again. Whether it is right is tested against a walk.
//!
//! One mutex, below the fence's and an upload's own in the order of locks; nothing is waited for
//! under it. An upload's `accounted` bytes change under it only, so that a file that grows while the
//! others are counted is counted once.

use super::bounds::Seldom;
use super::refusal::Refusal;
use crate::domain::quota::{Over, Quota, Usage};
use rustix::fs::StatVfs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What has to stay free on the file system, and for how long a label that ran into its quota is
/// refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// Bytes.
    pub(super) free_bytes: u64,
    /// Percent of the whole file system.
    pub(super) free_percent: u64,
    /// Refused OPENs follow for so long; programs try again every few seconds, for ever.
    pub(super) pause: Duration,
}

/// Programs ask again and again.
static NEARLY_FULL: Seldom = Seldom::new();

impl Room {
    /// Bytes that are free beyond what has to stay so.
    pub(super) fn left(&self, figures: &StatVfs) -> u64 {
        let free = figures.f_bavail.saturating_mul(figures.f_frsize);
        let all = figures.f_blocks.saturating_mul(figures.f_frsize);
        let floor = self.free_bytes.max(all / 100 * self.free_percent.min(100));
        free.saturating_sub(floor)
    }

    /// Refuses when nothing is left.
    pub(super) fn check(&self, figures: &StatVfs) -> Result<(), Refusal> {
        if self.left(figures) > 0 {
            return Ok(());
        }
        if NEARLY_FULL.is_due() {
            tracing::warn!(
                free_bytes = figures.f_bavail.saturating_mul(figures.f_frsize),
                "uploads are refused: the disk is nearly full (sftp.free_bytes, sftp.free_percent)"
            );
        }
        Err(Refusal::no_space())
    }
}

/// One label's counter.
#[derive(Debug)]
pub(super) struct Meter {
    room: Room,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    quota: Quota,
    /// `None` until it is counted.
    used: Option<Usage>,
    /// Until when OPENs are refused, and with which words.
    paused: Option<(Instant, String)>,
}

impl Meter {
    /// A label's meter; nothing is counted yet.
    pub(super) fn new(quota: Quota, room: Room) -> Self {
        Self {
            room,
            inner: Mutex::new(Inner {
                quota,
                used: None,
                paused: None,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has to stay free.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Another quota holds. Who was refused by the old one is not any more.
    pub(super) fn set_quota(&self, quota: Quota) {
        let mut inner = self.inner();
        if inner.quota != quota {
            inner.quota = quota;
            inner.paused = None;
        }
    }

    /// Nobody has watched for a while: it has to be counted again.
    pub(super) fn forget(&self) {
        self.inner().used = None;
    }

    /// Whether it is counted.
    pub(super) fn is_counted(&self) -> bool {
        self.inner().used.is_some()
    }

    /// It was counted: so much lies at rest, and so many bytes are being written, as `writing` says
    /// when nobody can write more.
    pub(super) fn counted(&self, at_rest: Usage, writing: impl FnOnce() -> u64) {
        let mut inner = self.inner();
        inner.used = Some(Usage {
            bytes: at_rest.bytes + writing(),
            ..at_rest
        });
    }

    /// Quota and what is used of it.
    pub(super) fn figures(&self) -> (Quota, Usage) {
        let inner = self.inner();
        (inner.quota, inner.used.unwrap_or_default())
    }

    /// Refuses to begin a file when nothing more fits; `new` when its name is not there yet.
    pub(super) fn admit_file(&self, path: &str, new: bool) -> Result<(), Refusal> {
        let mut inner = self.inner();
        inner.check_pause()?;
        if new {
            inner.check_depth(path, 0)?;
        }
        let over = inner.quota.against_file(inner.used(), new);
        over.map_or(Ok(()), |over| Err(inner.refuse(over, self.room.pause)))
    }

    /// Refuses to make a folder when none more fits.
    pub(super) fn admit_folder(&self, path: &str) -> Result<(), Refusal> {
        let mut inner = self.inner();
        inner.check_depth(path, 0)?;
        let over = inner.quota.against_folder(inner.used());
        over.map_or(Ok(()), |over| Err(inner.refuse(over, self.room.pause)))
    }

    /// Refuses a path that is too deep, with so many levels below it.
    pub(super) fn check_depth(&self, path: &str, below: usize) -> Result<(), Refusal> {
        self.inner().check_depth(path, below)
    }

    /// Lets an upload become `to` bytes long, or refuses.
    pub(super) fn grow(&self, accounted: &AtomicU64, to: u64) -> Result<(), Refusal> {
        let mut inner = self.inner();
        let more = to.saturating_sub(accounted.load(Ordering::Relaxed));
        if more == 0 {
            return Ok(());
        }
        if let Some(used) = inner.used {
            if used.bytes.saturating_add(more) > inner.quota.bytes {
                return Err(inner.refuse(Over::Bytes, self.room.pause));
            }
            inner.used = Some(Usage {
                bytes: used.bytes + more,
                ..used
            });
        }
        accounted.store(to, Ordering::Relaxed);
        Ok(())
    }

    /// An upload is `to` bytes long, whatever was thought before.
    pub(super) fn set(&self, accounted: &AtomicU64, to: u64) {
        let mut inner = self.inner();
        let before = accounted.swap(to, Ordering::Relaxed);
        inner.change(|used| used.bytes = (used.bytes + to).saturating_sub(before));
    }

    /// An empty file was made.
    pub(super) fn add_file(&self) {
        self.inner().change(|used| used.files += 1);
    }

    /// A file of so many bytes went.
    pub(super) fn drop_file(&self, bytes: u64) {
        self.inner().change(|used| {
            used.bytes = used.bytes.saturating_sub(bytes);
            used.files = used.files.saturating_sub(1);
        });
    }

    /// Folders were made.
    pub(super) fn add_folders(&self, count: u64) {
        self.inner().change(|used| used.folders += count);
    }

    /// A folder went.
    pub(super) fn drop_folder(&self) {
        self.inner()
            .change(|used| used.folders = used.folders.saturating_sub(1));
    }

    /// Somebody made room on purpose: what was refused may be tried again at once.
    pub(super) fn lift(&self) {
        self.inner().paused = None;
    }
}

impl Inner {
    fn used(&self) -> Usage {
        self.used.unwrap_or_default()
    }

    /// Changes what is counted; what is not will be.
    fn change(&mut self, change: impl FnOnce(&mut Usage)) {
        if let Some(used) = &mut self.used {
            change(used);
        }
    }

    fn check_pause(&mut self) -> Result<(), Refusal> {
        match &self.paused {
            Some((until, words)) if *until > Instant::now() => {
                Err(Refusal::over_quota(words.clone(), false))
            }
            Some(_) => {
                self.paused = None;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn check_depth(&self, path: &str, below: usize) -> Result<(), Refusal> {
        let depth = self.quota.depth as usize;
        if path.split('/').count() + below <= depth {
            return Ok(());
        }
        Err(Refusal::failure(format!(
            "There are too many folders inside each other; a path below /incoming may have {depth} \
             parts, the file's name included."
        )))
    }

    /// The refusal; the first one begins the pause and is news to the label and the operator.
    fn refuse(&mut self, over: Over, pause: Duration) -> Refusal {
        let words = self.quota.words(over, self.used());
        let now = Instant::now();
        let begins = self.paused.as_ref().is_none_or(|(until, _)| *until <= now);
        if begins {
            self.paused = Some((now + pause, words.clone()));
        }
        Refusal::over_quota(words, begins)
    }
}

/// The eleven numbers of `statvfs@openssh.com`: the label's space, as far as the disk has it.
pub(super) fn space_view(quota: Quota, used: Usage, left_on_disk: u64, name_max: u64) -> [u64; 11] {
    const BLOCK: u64 = 4_096;
    let left = quota.bytes.saturating_sub(used.bytes).min(left_on_disk);
    let blocks_used = used.bytes.div_ceil(BLOCK);
    let blocks_left = left / BLOCK;
    let files_left = quota.files.saturating_sub(used.files);
    // The protocol's own flags: 1 read-only, 2 no setuid.
    let flags = 2;
    [
        BLOCK,
        BLOCK,
        blocks_used + blocks_left,
        blocks_left,
        blocks_left,
        used.files + files_left,
        files_left,
        files_left,
        // The file system's identity is nobody's business.
        0,
        flags,
        name_max,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        bytes: 10_000,
        files: 3,
        folders: 2,
        depth: 3,
    };

    fn counted(used: Usage) -> Meter {
        let meter = Meter::new(
            QUOTA,
            Room {
                pause: Duration::from_secs(600),
                ..Room::default()
            },
        );
        meter.counted(used, || 0);
        meter
    }

    #[test]
    fn the_first_refusal_is_news_and_the_next_ones_follow_from_it() {
        let meter = counted(Usage {
            bytes: 9_000,
            ..Usage::default()
        });
        let accounted = AtomicU64::new(0);
        assert_eq!(meter.grow(&accounted, 1_000), Ok(()));
        let refused = meter.grow(&accounted, 1_001).unwrap_err();
        assert!(refused.news && refused.text.contains("10 kB of 10 kB"));
        assert_eq!(accounted.load(Ordering::Relaxed), 1_000);
        assert!(!meter.grow(&accounted, 2_000).unwrap_err().news);
        let early = meter.admit_file("A/b", true).unwrap_err();
        assert!(!early.news && early.text == refused.text);
        // Room that somebody made counts at once, and so does another quota.
        meter.drop_file(5_000);
        assert!(meter.admit_file("A/b", true).is_err());
        meter.lift();
        assert_eq!(meter.admit_file("A/b", true), Ok(()));
    }

    #[test]
    fn another_quota_ends_the_pause() {
        let meter = counted(Usage {
            files: 3,
            ..Usage::default()
        });
        assert!(meter.admit_file("A/b", true).unwrap_err().news);
        assert!(meter.admit_file("A/b", false).is_err(), "paused");
        meter.set_quota(QUOTA);
        assert!(meter.admit_file("A/b", false).is_err(), "the same quota");
        meter.set_quota(Quota { files: 4, ..QUOTA });
        assert_eq!(meter.admit_file("A/b", true), Ok(()));
    }

    #[test]
    fn a_df_shows_the_labels_space_and_no_more_than_the_disk_has() {
        let used = Usage {
            bytes: 4_096,
            files: 1,
            folders: 1,
        };
        let quota = Quota {
            bytes: 40_960,
            ..QUOTA
        };
        let view = space_view(quota, used, u64::MAX, 255);
        assert_eq!(view[..8], [4_096, 4_096, 10, 9, 9, 3, 2, 2]);
        let view = space_view(quota, used, 8_192, 255);
        assert_eq!(view[2..5], [3, 2, 2], "used 1, left 2");
        assert_eq!(space_view(quota, used, 0, 255)[2..5], [1, 0, 0]);
    }

    #[test]
    fn depth_counts_the_files_own_name() {
        let meter = counted(Usage::default());
        assert_eq!(meter.admit_file("A/b/c", true), Ok(()));
        assert!(meter.admit_file("A/b/c/d", true).is_err());
        assert!(meter.admit_folder("A/b/c/d").is_err());
        assert!(meter.check_depth("A", 3).is_err());
    }
}
