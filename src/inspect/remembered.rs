//! The facts of one file: measured, or remembered from when the same content was measured before.
//!
//! What is remembered is named by the content's hash, and a file's hash is remembered under its key
//! (`domain::content`): a file that was read since it last changed is not read again to be hashed,
//! and a content that was measured is not measured again under whatever name. In doubt everything
//! is read as if nothing were known.

use super::artwork;
use super::audio::{FileMeasure, measure_watched};
use super::blocks::{Blocks, Digests, Watch, open_regular};
use crate::domain::content::{Content, FileKey, Measure, Measured, Memory};
use crate::domain::facts::{FileFacts, FileRole};
use crate::domain::limits::Limits;
use crate::domain::naming::role_of;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Stands for the code that measures; made by `build.rs`.
const VERSION: &str = env!("DROPZONE_MEASURE");

/// Pictures are decoded one at a time, in the whole process: they are what takes memory.
static ONE_PICTURE: Mutex<()> = Mutex::new(());

/// What a file is measured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As sound.
    Audio,
    /// As a picture.
    Artwork,
    /// Only hashed.
    Other,
}

/// How facts came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file was read for them.
    Measured,
    /// They were known.
    Remembered,
}

/// One file to find the facts of.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) path: &'a Path,
    pub(super) kind: Kind,
    pub(super) watch: Watch<'a>,
    pub(super) limits: &'a Limits,
    pub(super) memory: Option<&'a dyn Memory>,
}

impl Task<'_> {
    /// Finds the facts.
    pub(super) fn facts(&self, file: &mut FileFacts) -> Source {
        let (Some(memory), Ok(handle)) = (self.memory, open_regular(self.path)) else {
            self.measure(file, None);
            return Source::Measured;
        };
        if let Some((key, content)) = self.content(memory, &handle) {
            let recalled = self.recall(memory, &key, &content);
            if recalled.is_some() || self.kind == Kind::Other {
                take_digests(file, Some(self.wanted(&content)));
                match recalled {
                    Some(Measured::Audio(audio)) => file.audio = Some(*audio),
                    Some(Measured::Artwork(artwork)) => file.artwork = Some(*artwork),
                    None => {}
                }
                return Source::Remembered;
            }
            if self.measure_known(memory, file, &handle, &content) {
                return Source::Measured;
            }
            // It changed under our hands: what was found is of neither content.
            *file = unread(file);
        }
        let before = key_of(&handle);
        self.measure(file, None);
        if let Some((key, true)) = before
            && key_of(&handle).is_some_and(|(after, _)| after == key)
            && let Some(content) = content_of(file)
        {
            memory.note_content(&key, &content);
            self.note(memory, file, &key, &content);
        }
        Source::Measured
    }

    /// What the file holds, if that is known with all hashes that are wanted, or can be had for
    /// the price of a hash where that may save measuring.
    fn content(&self, memory: &dyn Memory, handle: &File) -> Option<(FileKey, Content)> {
        let (key, settled) = key_of(handle)?;
        let enough = |content: &Content| {
            (!self.watch.md5 || content.md5.is_some())
                && (!self.watch.sha1 || content.sha1.is_some())
        };
        if let Some(content) = memory.content(&key).filter(enough) {
            return Some((key, content));
        }
        if self.kind == Kind::Other || !settled || !memory.may_know(key.size) {
            return None;
        }
        let digests = hash(self.path, self.watch).ok()?;
        let content = Content {
            sha256: digests.sha256,
            md5: digests.md5,
            sha1: digests.sha1,
        };
        if key_of(handle)?.0 != key {
            return None;
        }
        memory.note_content(&key, &content);
        Some((key, content))
    }

    /// What measuring that content gave.
    fn recall(&self, memory: &dyn Memory, key: &FileKey, content: &Content) -> Option<Measured> {
        memory.measured(&Measure {
            sha256: &content.sha256,
            size: key.size,
            how: &self.how(),
        })
    }

    /// Measures a file whose content is known, without hashing it once more. Whether it held that
    /// content all the while.
    fn measure_known(
        &self,
        memory: &dyn Memory,
        file: &mut FileFacts,
        handle: &File,
        content: &Content,
    ) -> bool {
        let digests = self.wanted(content);
        self.measure(file, Some(&digests));
        // A claim meanwhile gives the file another path, and another key for the same content.
        let Some((key, _)) = key_of(handle) else {
            return false;
        };
        let now = memory.content(&key);
        let still = now.is_some_and(|now| now.sha256 == content.sha256);
        if still {
            self.note(memory, file, &key, content);
        }
        still
    }

    fn measure(&self, file: &mut FileFacts, known: Option<&Digests>) {
        let watch = Watch {
            known,
            ..self.watch
        };
        if self.kind == Kind::Audio {
            return take(file, measure_watched(self.path, watch));
        }
        match hash(self.path, watch) {
            Ok(digests) => take_digests(file, Some(digests)),
            Err(error) => {
                file.failure = Some(error.to_string());
                return;
            }
        }
        if self.kind == Kind::Artwork {
            let _alone = ONE_PICTURE.lock().unwrap_or_else(PoisonError::into_inner);
            match artwork::attempt(self.path, self.limits) {
                Ok(facts) => file.artwork = Some(facts),
                Err(error) => file.failure = Some(error.to_string()),
            }
        }
    }

    /// Remembers what was measured; half a measurement is none.
    fn note(&self, memory: &dyn Memory, file: &FileFacts, key: &FileKey, content: &Content) {
        let audio = file.audio.clone().map(Box::new).map(Measured::Audio);
        let artwork = || file.artwork.clone().map(Box::new).map(Measured::Artwork);
        if let Some(measured) = audio.or_else(artwork)
            && file.failure.is_none()
        {
            let measure = Measure {
                sha256: &content.sha256,
                size: key.size,
                how: &self.how(),
            };
            memory.note_measured(&measure, &measured);
        }
    }

    /// Everything that the facts depend on beside the content.
    fn how(&self) -> String {
        match self.kind {
            Kind::Audio => format!("audio-{VERSION}"),
            Kind::Artwork => format!(
                "artwork-{VERSION}-{}-{}",
                self.limits.artwork_bytes, self.limits.artwork_pixels
            ),
            Kind::Other => format!("other-{VERSION}"),
        }
    }

    /// The hashes that were asked for; that there are others by chance must not show.
    fn wanted(&self, content: &Content) -> Digests {
        let content = content.clone();
        Digests {
            sha256: content.sha256,
            md5: content.md5.filter(|_| self.watch.md5),
            sha1: content.sha1.filter(|_| self.watch.sha1),
        }
    }
}

/// Measures a file that was read since it was closed, ahead of the package that it will be part of,
/// so that the facts are remembered then. `None` when there is nothing to measure: by its name it
/// is neither sound nor picture, or its content is not known (any more).
pub fn look_ahead(
    path: &Path,
    limits: &Limits,
    memory: &dyn Memory,
    cancel: &AtomicBool,
    progress: &(dyn Fn(u64) + Sync),
) -> Option<Source> {
    let kind = match role_of(&path.to_string_lossy()) {
        FileRole::Audio => Kind::Audio,
        FileRole::Artwork => Kind::Artwork,
        FileRole::Message
        | FileRole::Marker
        | FileRole::Archive
        | FileRole::Temporary
        | FileRole::Other => return None,
    };
    let task = Task {
        path,
        kind,
        watch: Watch {
            cancel,
            at_most: Duration::from_secs(limits.inspect_seconds),
            progress,
            md5: false,
            sha1: false,
            known: None,
        },
        limits,
        memory: Some(memory),
    };
    let handle = open_regular(path).ok()?;
    let (key, _) = key_of(&handle)?;
    let content = memory.content(&key)?;
    if task.recall(memory, &key, &content).is_some() {
        return Some(Source::Remembered);
    }
    let mut file = FileFacts::default();
    task.measure_known(memory, &mut file, &handle, &content)
        .then_some(Source::Measured)
}

/// The key of an open file, and whether it is old enough to be believed.
fn key_of(handle: &File) -> Option<(FileKey, bool)> {
    let key = FileKey::of(&handle.metadata().ok()?);
    Some((key, key.is_settled(SystemTime::now())))
}

fn hash(path: &Path, watch: Watch<'_>) -> io::Result<Digests> {
    Blocks::open(path, watch)?.finish()
}

fn take(file: &mut FileFacts, measured: FileMeasure) {
    take_digests(file, measured.digests);
    // Half a measurement would be judged as if it were whole.
    file.audio = measured.failure.is_none().then_some(measured.facts);
    file.failure = measured.failure;
}

fn take_digests(file: &mut FileFacts, digests: Option<Digests>) {
    if let Some(digests) = digests {
        file.sha256 = Some(digests.sha256);
        file.md5 = digests.md5;
        file.sha1 = digests.sha1;
    }
}

fn content_of(file: &FileFacts) -> Option<Content> {
    Some(Content {
        sha256: file.sha256.clone()?,
        md5: file.md5.clone(),
        sha1: file.sha1.clone(),
    })
}

/// The file as it was listed.
fn unread(file: &FileFacts) -> FileFacts {
    FileFacts {
        path: file.path.clone(),
        size: file.size,
        role: file.role,
        ..FileFacts::default()
    }
}
