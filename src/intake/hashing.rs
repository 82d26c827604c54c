//! Hashes of closed files, remembered under their keys as long as the files are there. What the door
//! has not hashed while it arrived is read once, on a worker thread.

use super::whole;
use crate::domain::audit::{Entry, Event};
use crate::domain::content::{Content, FileKey};
use crate::domain::ids::LabelId;
use md5::{Digest, Md5};
use rustix::fs::{Mode, OFlags};
use sha1::Sha1;
use sha2::Sha256;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Bytes read at a time: large enough for the disk, small enough for the cache.
const CHUNK_BYTES: usize = 1 << 20;

/// After so many read errors a file's hash is given up; the claim then fails and is counted there.
const FAILURES_MAX: u32 = 3;

/// What one reading of a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) sha256: Vec<u8>,
    /// When a message states one, or may yet.
    pub(super) md5: Option<Vec<u8>>,
    /// Only when a message states one.
    pub(super) sha1: Option<Vec<u8>>,
    /// Empty, or shorter than its own header says.
    pub(super) broken_off: bool,
    /// Nothing that was written since can hide behind the same key.
    pub(super) settled: bool,
}

impl Known {
    fn has(&self, wants: Wants) -> bool {
        (!wants.md5 || self.md5.is_some()) && (!wants.sha1 || self.sha1.is_some())
    }

    /// The hashes as others remember them.
    pub(super) fn content(&self) -> Content {
        Content {
            sha256: hex::encode(&self.sha256),
            md5: self.md5.as_ref().map(hex::encode),
            sha1: self.sha1.as_ref().map(hex::encode),
        }
    }
}

/// Hashes that are wanted of a file beside its SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) md5: bool,
    pub(super) sha1: bool,
}

/// What came of asking for a file's hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Known(Arc<Known>),
    /// Asked for before, not here yet.
    Pending,
    /// Asked for now: the caller has to queue the work.
    New,
    /// Cannot be read.
    Hopeless,
}

/// Whether somebody may wait for the hashes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    No,
    /// And for those of others.
    WithOthers,
    /// It was the last.
    Last,
}

/// Memory of hashes, shared by the loop and its workers.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// With the round in which it was noted.
    known: HashMap<FileKey, (u64, Arc<Known>)>,
    pending: HashSet<FileKey>,
    /// Those of them that somebody else is hashing.
    arriving: HashSet<FileKey>,
    /// Files that got another key meanwhile.
    moved: HashMap<FileKey, FileKey>,
    failures: HashMap<FileKey, u32>,
    round: u64,
}

impl Inner {
    /// Whose outcome has come is pending no more; its key now, and whether it was.
    fn end(&mut self, key: &FileKey) -> (FileKey, bool) {
        let mut now = *key;
        while let Some(next) = self.moved.remove(&now) {
            now = next;
        }
        self.arriving.remove(&now);
        (now, self.pending.remove(&now))
    }
}

impl Hashes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hashes, if they are known.
    pub(super) fn get(&self, key: &FileKey, wants: Wants) -> Option<Arc<Known>> {
        let (_, known) = self.inner().known.get(key).cloned()?;
        known.has(wants).then_some(known)
    }

    /// Asks for the hashes of a file.
    pub(super) fn ask(&self, key: &FileKey, wants: Wants) -> Asked {
        if let Some(known) = self.get(key, wants) {
            return Asked::Known(known);
        }
        let mut inner = self.inner();
        if inner.failures.get(key).is_some_and(|n| *n >= FAILURES_MAX) {
            Asked::Hopeless
        } else if inner.pending.insert(*key) {
            Asked::New
        } else {
            Asked::Pending
        }
    }

    /// Whether a file that was asked for has to be read still: the door may have told its hashes
    /// since, or be making them.
    pub(super) fn is_needed(&self, key: &FileKey, wants: Wants) -> bool {
        let mut inner = self.inner();
        let is_known = inner
            .known
            .get(key)
            .is_some_and(|(_, known)| known.has(wants));
        if is_known {
            inner.pending.remove(key);
        }
        !is_known && !inner.arriving.contains(key)
    }

    /// Notes the outcome. `Ok(None)`: the file is no longer what it was; nothing is known of it.
    pub(super) fn note(&self, key: &FileKey, outcome: &io::Result<Option<Known>>) {
        let mut inner = self.inner();
        inner.pending.remove(key);
        match outcome {
            Ok(Some(known)) => {
                let round = inner.round;
                inner.known.insert(*key, (round, Arc::new(known.clone())));
            }
            Ok(None) => {}
            Err(_) => *inner.failures.entry(*key).or_default() += 1,
        }
    }

    /// Somebody else is hashing that file, and will say how it ended.
    pub(super) fn begun(&self, key: &FileKey) {
        let mut inner = self.inner();
        inner.known.remove(key);
        inner.pending.insert(*key);
        inner.arriving.insert(*key);
    }

    /// Whether somebody else is hashing that file now.
    pub(super) fn is_arriving(&self, key: &FileKey) -> bool {
        self.inner().arriving.contains(key)
    }

    /// How that ended. What was known under the key before is not so any more. Gives the key that
    /// the file has now, and how far somebody may wait for it.
    pub(super) fn arrived(&self, key: &FileKey, known: Option<Known>) -> (FileKey, Awaited) {
        let mut inner = self.inner();
        let (now, awaited) = inner.end(key);
        inner.known.remove(key);
        if let Some(known) = known {
            let round = inner.round;
            inner.known.insert(now, (round, Arc::new(known)));
        }
        let awaited = match awaited {
            false => Awaited::No,
            true if inner.pending.is_empty() => Awaited::Last,
            true => Awaited::WithOthers,
        };
        (now, awaited)
    }

    /// The file has another key, and the same content. Says whether that is known.
    pub(super) fn moved(&self, before: &FileKey, after: &FileKey) -> bool {
        let mut inner = self.inner();
        if inner.arriving.remove(before) {
            inner.arriving.insert(*after);
            inner.pending.remove(before);
            inner.pending.insert(*after);
            inner.moved.insert(*before, *after);
        }
        let Some((_, known)) = inner.known.get(before).cloned() else {
            return false;
        };
        let round = inner.round;
        inner.known.insert(*after, (round, known));
        true
    }

    /// From now on what is noted outlives the next [`Hashes::retain`].
    pub(super) fn begin_round(&self) {
        self.inner().round += 1;
    }

    /// Forgets files that are gone: neither there when the round began, nor noted since.
    pub(super) fn retain(&self, there: &HashSet<FileKey>) {
        let mut inner = self.inner();
        let this = inner.round;
        inner
            .known
            .retain(|key, (round, _)| *round >= this || there.contains(key));
        inner.failures.retain(|key, _| there.contains(key));
    }
}

impl super::Intake {
    /// Takes note of what a reading of a label's file gave, for this part of the daemon, for the
    /// others and for the audit log.
    pub(super) fn learn(
        &self,
        label: &LabelId,
        path: &Path,
        key: &FileKey,
        outcome: &io::Result<Option<Known>>,
    ) {
        let before = self.hashes.get(key, Wants::default());
        self.hashes.note(key, outcome);
        let Ok(Some(known)) = outcome else { return };
        self.wires.meter.hashed_afterwards.add(key.size);
        if known.settled {
            self.wires.memory.note_content(key, &known.content());
        }
        // Read again for another hash: what the log tells is told.
        if before.is_some() {
            return;
        }
        let incoming = self.places.incoming(label);
        let below = path.strip_prefix(&incoming).unwrap_or(path);
        let content = known.content();
        let mut entry = Entry::new(Event::Hashed {
            path: below.to_string_lossy().into_owned(),
            size_bytes: key.size,
            sha256: content.sha256,
            md5: content.md5,
        });
        entry.label = Some(label.to_string());
        (self.wires.audit)(entry);
    }
}

/// Opens a file for reading without following a link and without waiting at a pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Reads the file at `path` to its end. `Ok(None)` when it is not, or no longer, the file of that
/// key, or `stop` has turned true.
pub(super) fn read(
    path: &Path,
    key: &FileKey,
    wants: Wants,
    stop: &AtomicBool,
) -> io::Result<Option<Known>> {
    let mut file = match open(path) {
        Ok(file) => file,
        Err(error) if super::listing::is_gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if FileKey::of(&file.metadata()?) != *key {
        return Ok(None);
    }
    let settled = key.is_settled(SystemTime::now());
    let mut sha256 = Sha256::new();
    let mut md5 = wants.md5.then(Md5::new);
    let mut sha1 = wants.sha1.then(Sha1::new);
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let read = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => chunk.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha256.update(read);
        if let Some(md5) = &mut md5 {
            md5.update(read);
        }
        if let Some(sha1) = &mut sha1 {
            sha1.update(read);
        }
    }
    let broken_off = whole::breaks_off(&file, key.size)?;
    // Whoever wrote meanwhile has moved the change time on.
    let same = FileKey::of(&file.metadata()?) == *key;
    Ok(same.then(|| Known {
        sha256: sha256.finalize().to_vec(),
        md5: md5.map(|digest| digest.finalize().to_vec()),
        sha1: sha1.map(|digest| digest.finalize().to_vec()),
        broken_off,
        settled,
    }))
}
