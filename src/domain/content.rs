//! Which content a file has, and what is remembered of contents that were read before.
//!
//! The edges share these values and do not know each other: `intake` reads what is uploaded,
//! `inspect` measures it, `store` remembers, the daemon carries the memory between them. All of it
//! saves time and nothing else: whoever is told nothing reads again.

use super::facts::{ArtworkFacts, AudioFacts};
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// A change of content may share its change time with an earlier look for so long: kernels count
/// these times in ticks of up to 10 ms.
const TICK: Duration = Duration::from_millis(20);

/// Which content a file has: as long as this is the same, so are its bytes.
///
/// The change time makes it so. No client can set it, every write, truncation and rename of the file
/// moves it on, and a file that gets the number of a deleted one has a later one. The modification
/// time is the client's own, part of the key, and never compared with a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    device: u64,
    inode: u64,
    /// Size in bytes.
    pub size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileKey {
    /// The key of the file whose metadata this is.
    pub fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// When the disk last saw a change of it, in seconds since 1970; no client can set that.
    pub fn changed_at(&self) -> i64 {
        self.changed.0
    }

    /// Device and inode.
    pub fn node(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Whether a reading that begins at `now` can be told from a later write by this key: not while
    /// the last change is so young that another could carry the same time, nor with a clock that
    /// went back.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        self.changed()
            .and_then(|changed| now.duration_since(SystemTime::UNIX_EPOCH + changed).ok())
            .is_some_and(|age| age >= TICK)
    }

    /// The file's last change, as the time since 1970.
    pub fn changed(&self) -> Option<Duration> {
        let (seconds, nanoseconds) = self.changed;
        let seconds = u64::try_from(seconds).ok()?;
        Some(Duration::new(seconds, u32::try_from(nanoseconds).ok()?))
    }

    /// Whether `later` is this file with the same content under another mode: size, modification
    /// time and node are the same. Enough only where nobody else can write, as in the spool.
    pub fn is_same_content(&self, later: &Self) -> bool {
        (self.node(), self.size, self.modified) == (later.node(), later.size, later.modified)
    }
}

/// Hashes of a whole content, in lower-case hex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// SHA-256.
    pub sha256: String,
    /// MD5, if it was computed.
    pub md5: Option<String>,
    /// SHA-1, if it was computed.
    pub sha1: Option<String>,
}

/// What was measured of a content, as the name under which it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure<'a> {
    /// SHA-256 of the content in lower-case hex.
    pub sha256: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// What was measured, by which version of the code and within which limits: letters, digits
    /// and `-`. Anything else would be another measurement.
    pub how: &'a str,
}

/// What measuring a content gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Of a sound file.
    Audio(Box<AudioFacts>),
    /// Of a picture.
    Artwork(Box<ArtworkFacts>),
}

/// What is remembered of files and contents. May forget everything at any time.
pub trait Memory: Send + Sync {
    /// What the file with that key holds, if it was read since it last changed.
    fn content(&self, key: &FileKey) -> Option<Content>;

    /// Notes what a file holds. Its key was the same before and after the reading, and settled when
    /// the reading began.
    fn note_content(&self, key: &FileKey, content: &Content);

    /// Whether any content of that size was measured before. A hint: it is worth hashing a file
    /// first, to see whether it has to be measured at all.
    fn may_know(&self, size: u64) -> bool;

    /// What measuring gave.
    fn measured(&self, measure: &Measure<'_>) -> Option<Measured>;

    /// Notes what measuring gave.
    fn note_measured(&self, measure: &Measure<'_>, measured: &Measured);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(changed: (i64, i64)) -> FileKey {
        FileKey {
            device: 1,
            inode: 2,
            size: 3,
            modified: (4, 5),
            changed,
        }
    }

    #[test]
    fn a_young_change_is_not_settled() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let key = key((10, 500_000_000));
        assert!(!key.is_settled(at(10_500)));
        assert!(!key.is_settled(at(10_510)));
        assert!(key.is_settled(at(10_520)));
        assert!(!key.is_settled(at(9_000)), "the clock went back");
    }

    #[test]
    fn another_change_time_is_another_content() {
        assert_ne!(key((1, 0)), key((1, 1)));
        assert!(key((1, 0)).is_same_content(&key((1, 1))));
    }
}
