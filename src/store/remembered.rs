//! What was measured of contents that came before, so that nothing is measured twice.
//!
//! One small file for each measurement, named by what it is of; which file holds which content is
//! kept in memory only, because it is needed for minutes. Nothing here has to survive: a file that
//! is lost, torn or altered is measured again. Bounded; what was not asked for longest goes first.

use crate::domain::content::{Content, FileKey, Measure, Measured, Memory};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Files whose content is known by their key: those of some thousand packages on their way.
const CONTENTS_MAX: usize = 20_000;

/// Bytes of one measurement; the largest holds a thumbnail and a waveform.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Ending of a file that is being written.
const DRAFT: &str = ".new";

/// Letters of a hash in hex.
const HASH_LETTERS: usize = 64;

/// Remembers in a directory.
#[derive(Debug)]
pub struct Remembered {
    folder: PathBuf,
    most_bytes: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    contents: HashMap<FileKey, Content>,
    /// Keys of `contents` in the order in which they came.
    order: VecDeque<FileKey>,
    /// Measurements by name.
    files: HashMap<String, Kept>,
    /// Names by their last use.
    by_use: BTreeMap<u64, String>,
    /// How many measurements there are of contents of a size.
    sizes: HashMap<u64, usize>,
    bytes: u64,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    bytes: u64,
    last_use: u64,
}

impl Remembered {
    /// Remembers in `folder`, at most `most_bytes` of it; with 0 nothing is kept on the disk.
    /// Without the folder, and where it cannot be read, it begins with nothing.
    pub fn open(folder: &Path, most_bytes: u64) -> Self {
        let remembered = Self {
            folder: folder.to_owned(),
            most_bytes,
            inner: Mutex::default(),
        };
        if let Err(error) = remembered.load() {
            tracing::warn!(?folder, %error, "what was measured before cannot be read; it is measured again");
        }
        remembered
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what is in the folder, oldest first, and removes what a crash left half-written.
    fn load(&self) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            match entry.file_name().into_string() {
                Ok(name) if meta.is_file() && size_of(&name).is_some() => {
                    let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.push((used, name, meta.len()));
                }
                Ok(name) if name.ends_with(DRAFT) => fs::remove_file(entry.path())?,
                Ok(_) | Err(_) => {}
            }
        }
        found.sort();
        let mut inner = self.inner();
        for (_, name, bytes) in found {
            inner.enter(name, bytes);
        }
        self.evict(&mut inner);
        Ok(())
    }

    /// Lets go of what was not used longest, until the rest is within bounds.
    fn evict(&self, inner: &mut Inner) {
        while inner.bytes > self.most_bytes {
            let Some((_, name)) = inner.by_use.pop_first() else {
                return;
            };
            inner.remove(&name);
            fs::remove_file(self.folder.join(&name)).ok();
        }
    }

    /// Writes a file whole or not at all. It is not made durable: one that a power cut tears fails
    /// its checksum.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(format!("{name}{DRAFT}"));
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&draft, self.folder.join(name))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = File::open(self.folder.join(name))?;
        // Marks the use for the next start, which knows nothing of this one's order.
        file.set_modified(SystemTime::now()).ok();
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Inner {
    fn enter(&mut self, name: String, bytes: u64) {
        self.remove(&name);
        self.uses += 1;
        self.bytes += bytes;
        *self
            .sizes
            .entry(size_of(&name).unwrap_or_default())
            .or_default() += 1;
        self.by_use.insert(self.uses, name.clone());
        let last_use = self.uses;
        self.files.insert(name, Kept { bytes, last_use });
    }

    /// Notes a use; says whether there is such a measurement.
    fn touch(&mut self, name: &str) -> bool {
        let Some(kept) = self.files.get_mut(name) else {
            return false;
        };
        self.uses += 1;
        self.by_use.remove(&kept.last_use);
        kept.last_use = self.uses;
        self.by_use.insert(self.uses, name.to_owned());
        true
    }

    fn remove(&mut self, name: &str) {
        let Some(kept) = self.files.remove(name) else {
            return;
        };
        self.by_use.remove(&kept.last_use);
        self.bytes = self.bytes.saturating_sub(kept.bytes);
        let size = size_of(name).unwrap_or_default();
        if let Some(count) = self.sizes.get_mut(&size) {
            *count -= 1;
            if *count == 0 {
                self.sizes.remove(&size);
            }
        }
    }
}

/// `<sha256>-<size>-<how>`.
fn name_of(measure: &Measure<'_>) -> String {
    format!("{}-{}-{}", measure.sha256, measure.size, measure.how)
}

/// The size in a name; `None` for what is no name of ours.
fn size_of(name: &str) -> Option<u64> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let (hash, rest) = name.split_once('-')?;
    let (size, how) = rest.split_once('-')?;
    let ours = hash.len() == HASH_LETTERS && !how.is_empty() && name.chars().all(plain);
    size.parse().ok().filter(|_| ours)
}

/// The checksum's line, and what it is of. The name is part of it: a file under another's name
/// says nothing.
fn sealed(name: &str, json: &[u8]) -> Vec<u8> {
    let mut bytes = checksum(name, json).into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(json);
    bytes
}

fn unsealed(name: &str, bytes: &[u8]) -> Option<Measured> {
    let (sum, rest) = bytes.split_at_checked(HASH_LETTERS)?;
    let json = rest.strip_prefix(b"\n")?;
    if sum != checksum(name, json).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(name: &str, json: &[u8]) -> String {
    let sum = Sha256::new().chain_update(name).chain_update(json);
    hex::encode(sum.finalize())
}

impl Memory for Remembered {
    fn content(&self, key: &FileKey) -> Option<Content> {
        self.inner().contents.get(key).cloned()
    }

    fn note_content(&self, key: &FileKey, content: &Content) {
        let mut inner = self.inner();
        if inner.contents.insert(*key, content.clone()).is_none() {
            inner.order.push_back(*key);
        }
        if inner.order.len() > CONTENTS_MAX
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.contents.remove(&oldest);
        }
    }

    fn may_know(&self, size: u64) -> bool {
        self.inner().sizes.contains_key(&size)
    }

    fn measured(&self, measure: &Measure<'_>) -> Option<Measured> {
        let name = name_of(measure);
        if !self.inner().touch(&name) {
            return None;
        }
        let measured = self
            .read(&name)
            .ok()
            .and_then(|bytes| unsealed(&name, &bytes));
        if measured.is_none() {
            tracing::warn!(
                name,
                "a measurement that was kept cannot be read; it is made again"
            );
            self.inner().remove(&name);
            fs::remove_file(self.folder.join(&name)).ok();
        }
        measured
    }

    fn note_measured(&self, measure: &Measure<'_>, measured: &Measured) {
        let name = name_of(measure);
        let Ok(json) = serde_json::to_vec(measured) else {
            return;
        };
        let bytes = sealed(&name, &json);
        let size = bytes.len() as u64;
        if size_of(&name).is_none() || size > FILE_BYTES_MAX.min(self.most_bytes) {
            return;
        }
        // Under the lock, so that no other thread lets go of the file meanwhile.
        let mut inner = self.inner();
        match self.write(&name, &bytes) {
            Ok(()) => {
                inner.enter(name, size);
                self.evict(&mut inner);
            }
            Err(error) => {
                tracing::warn!(folder = ?self.folder, %error, "what was measured could not be kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::{AudioFacts, AudioLevels};

    fn measure(hash: &str, size: u64) -> Measure<'_> {
        Measure {
            sha256: hash,
            size,
            how: "audio-1",
        }
    }

    fn facts(rate_hz: u32) -> Measured {
        let levels = AudioLevels {
            true_peak_dbtp: -0.1 + 0.2,
            ..AudioLevels::default()
        };
        Measured::Audio(Box::new(AudioFacts {
            rate_hz,
            levels: Some(levels),
            ..AudioFacts::default()
        }))
    }

    fn hash(letter: &str) -> String {
        letter.repeat(HASH_LETTERS)
    }

    #[test]
    fn what_was_measured_is_known_after_a_restart_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Remembered::open(folder.path(), 1 << 20);
        assert!(!memory.may_know(7));
        memory.note_measured(&measure(&hash("a"), 7), &facts(44_100));
        let memory = Remembered::open(folder.path(), 1 << 20);
        assert!(memory.may_know(7));
        assert_eq!(
            memory.measured(&measure(&hash("a"), 7)),
            Some(facts(44_100))
        );
        assert_eq!(memory.measured(&measure(&hash("b"), 7)), None);
        assert_eq!(memory.measured(&measure(&hash("a"), 8)), None);
        let a = hash("a");
        let other = Measure {
            how: "audio-2",
            ..measure(&a, 7)
        };
        assert_eq!(memory.measured(&other), None, "measured by other code");
    }

    #[test]
    fn what_was_altered_torn_or_swapped_says_nothing_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (hash("a"), hash("b"));
        let file = |hash: &str| folder.path().join(format!("{hash}-7-audio-1"));
        let memory = Remembered::open(folder.path(), 1 << 20);
        for damage in 0..4 {
            memory.note_measured(&measure(&a, 7), &facts(44_100));
            memory.note_measured(&measure(&b, 7), &facts(48_000));
            let mut bytes = fs::read(file(&a)).unwrap();
            match damage {
                0 => bytes.clear(),
                1 => bytes.truncate(100),
                2 => *bytes.last_mut().unwrap() ^= 1,
                _ => bytes = fs::read(file(&b)).unwrap(),
            }
            fs::write(file(&a), bytes).unwrap();
            assert_eq!(memory.measured(&measure(&a, 7)), None, "damage {damage}");
            assert!(!file(&a).exists());
        }
        assert_eq!(memory.measured(&measure(&b, 7)), Some(facts(48_000)));
        fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(memory.measured(&measure(&b, 7)), None);
        memory.note_measured(&measure(&b, 7), &facts(48_000));
        assert_eq!(memory.measured(&measure(&b, 7)), None, "nowhere to keep it");
    }

    #[test]
    fn what_was_not_used_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let one = sealed(
            &name_of(&measure(&hash("a"), 7)),
            &serde_json::to_vec(&facts(1)).unwrap(),
        );
        let room = one.len() as u64 * 2 + 10;
        let memory = Remembered::open(folder.path(), room);
        for letter in ["a", "b"] {
            memory.note_measured(&measure(&hash(letter), 7), &facts(1));
        }
        memory.measured(&measure(&hash("a"), 7)).unwrap();
        memory.note_measured(&measure(&hash("c"), 7), &facts(1));
        assert_eq!(memory.measured(&measure(&hash("b"), 7)), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let memory = Remembered::open(folder.path(), room / 2);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a smaller bound holds at once"
        );
        assert!(memory.may_know(7));
        let memory = Remembered::open(folder.path(), 0);
        assert!(!memory.may_know(7));
        memory.note_measured(&measure(&hash("a"), 7), &facts(1));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn foreign_names_are_no_measurements_and_half_written_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let draft = folder.path().join(format!("{}-7-audio-1.new", hash("a")));
        fs::write(&draft, "half").unwrap();
        let memory = Remembered::open(folder.path(), 1 << 20);
        assert!(!draft.exists());
        let a = hash("a");
        let climbing = Measure {
            how: "../../x",
            ..measure(&a, 7)
        };
        memory.note_measured(&climbing, &facts(1));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn contents_are_known_by_key_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "x").unwrap();
        let key = FileKey::of(&fs::metadata(&path).unwrap());
        let memory = Remembered::open(&folder.path().join("m"), 1 << 20);
        let content = Content {
            sha256: hash("a"),
            ..Content::default()
        };
        memory.note_content(&key, &content);
        memory.note_content(&key, &content);
        assert_eq!(memory.content(&key), Some(content));
        fs::write(&path, "y!").unwrap();
        assert_eq!(
            memory.content(&FileKey::of(&fs::metadata(&path).unwrap())),
            None
        );
    }
}
