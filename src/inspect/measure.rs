//! Measures the files of a package over the cores, with the schema check beside them.
//!
//! The largest file is begun first, so that no core waits for it at the end. Pictures are decoded
//! one at a time: they are what takes memory. A worker that panics costs its file's facts, never
//! the package.

use super::blocks::Watch;
use super::remembered::{Kind, Source, Task};
use super::{InspectError, Inspection, Progress, Request, base};
use crate::domain::facts::{FileFacts, FileRole, FolderFacts, SchemaCheck, SchemaFacts};
use crate::domain::naming::{self, Names};
use crate::domain::release::{Message, NamedFile, Reading, Recording, Text};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

/// What the message says of files beyond their names.
#[derive(Default)]
struct Wanted {
    /// MD5 is stated for these.
    md5: BTreeSet<String>,
    /// SHA-1 is stated for these.
    sha1: BTreeSet<String>,
    /// Named as the file of a track.
    audio: BTreeSet<String>,
    /// Named as the file of a picture.
    artwork: BTreeSet<String>,
}

/// The step.
pub(super) fn run(request: &Request<'_>, inspection: &mut Inspection) -> Result<(), InspectError> {
    let root = base(request.root, &inspection.folder);
    let message = inspection.reading.as_ref().and_then(|r| r.message.as_ref());
    let wanted = message.map_or_else(Wanted::default, |message| {
        wanted(message, &inspection.folder)
    });
    tell(
        request,
        Progress::Total {
            files: inspection.folder.files.len(),
            bytes: inspection.folder.files.iter().map(|f| f.size).sum(),
        },
    );
    let never = AtomicBool::new(false);
    let crew = Crew {
        request,
        root: &root,
        wanted: &wanted,
        cancel: request.cancel.unwrap_or(&never),
    };
    let files = std::mem::take(&mut inspection.folder.files);
    let reading = inspection.reading.as_ref();
    let (files, schema) = thread::scope(|scope| {
        let check = scope.spawn(|| check_schema(request, reading));
        let files = crew.measure_all(files);
        (files, check.join().unwrap_or_else(|_| gave_up()))
    });
    if crew.cancel.load(Ordering::Relaxed) {
        return Err(InspectError::Cancelled);
    }
    inspection.folder.files = files;
    inspection.schema = schema;
    Ok(())
}

fn check_schema(request: &Request<'_>, reading: Option<&Reading>) -> SchemaFacts {
    let Some(reading) = reading else {
        return SchemaFacts::default();
    };
    let check = || request.schemas.check(reading, request.profile);
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| gave_up())
}

fn gave_up() -> SchemaFacts {
    SchemaFacts {
        check: SchemaCheck::Skipped {
            why: "the schema check gave up on this message".to_owned(),
        },
        ..SchemaFacts::default()
    }
}

fn tell(request: &Request<'_>, progress: Progress) {
    if let Some(tell) = request.progress {
        tell(progress);
    }
}

/// Everything that the workers share.
struct Crew<'a> {
    request: &'a Request<'a>,
    root: &'a Path,
    wanted: &'a Wanted,
    cancel: &'a AtomicBool,
}

impl Crew<'_> {
    /// Measures all files; gives them back in their order.
    fn measure_all(&self, mut files: Vec<FileFacts>) -> Vec<FileFacts> {
        // Workers take from the end.
        files.sort_by_key(|file| file.size);
        let workers = self.workers().min(files.len()).max(1);
        let queue = Mutex::new(files);
        let done = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work(&queue, &done));
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by(|a: &FileFacts, b: &FileFacts| a.path.cmp(&b.path));
        done
    }

    fn workers(&self) -> usize {
        match self.request.threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }

    fn work(&self, queue: &Mutex<Vec<FileFacts>>, done: &Mutex<Vec<FileFacts>>) {
        loop {
            let next = locked(queue).pop();
            let Some(mut file) = next else { return };
            // Decoders have their own guard; this one keeps a fault of ours from losing the file.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.file(&mut file)));
            if outcome.is_err() {
                tracing::error!(path = ?file.path, "inspection of a file panicked");
                file.failure = Some("inspection gave up on this file".to_owned());
            }
            let path = file.path.clone();
            let told = match outcome {
                Ok(Source::Remembered) => Progress::FileKnown(path),
                Ok(Source::Measured) | Err(_) => Progress::FileDone(path),
            };
            tell(self.request, told);
            locked(done).push(file);
        }
    }

    fn file(&self, file: &mut FileFacts) -> Source {
        let path = self.root.join(&file.path);
        let progress = |bytes| tell(self.request, Progress::Bytes(bytes));
        let watch = Watch {
            cancel: self.cancel,
            at_most: Duration::from_secs(self.request.limits.inspect_seconds),
            progress: &progress,
            md5: self.wanted.md5.contains(&file.path),
            sha1: self.wanted.sha1.contains(&file.path),
            known: None,
        };
        let kind = if file.role == FileRole::Audio || self.wanted.audio.contains(&file.path) {
            Kind::Audio
        } else if file.role == FileRole::Artwork || self.wanted.artwork.contains(&file.path) {
            Kind::Artwork
        } else {
            Kind::Other
        };
        let task = Task {
            path: &path,
            kind,
            watch,
            limits: self.request.limits,
            memory: self.request.memory,
        };
        let before = look(&path);
        let source = task.facts(file);
        let after = look(&path);
        file.changed = before != after || before.is_some_and(|(size, _)| size != file.size);
        source
    }
}

/// Size and time of the last writing.
fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

/// A lock that a panic elsewhere does not take away: what it guards is whole at every step.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wanted(message: &Message, folder: &FolderFacts) -> Wanted {
    let paths: Vec<String> = folder.files.iter().map(|file| file.path.clone()).collect();
    let index = Names::new(&paths);
    let found = |named: &NamedFile| {
        let path = named.path.as_ref().map(Text::as_str);
        let reference = naming::reference_path(path, named.name.as_str()).ok()?;
        index.find(&reference).map(|(path, _)| path.to_owned())
    };
    let tracks = message.recordings.iter().flat_map(Recording::files);
    let images = message.images.iter();
    let images = images.flat_map(|image| image.technical.iter().flat_map(|t| &t.files));
    let hashed = |letters: usize| {
        let stated = message.files().filter(move |named| {
            let hash = named.hash.as_ref();
            hash.is_some_and(|hash| hash.digest().len() == letters)
        });
        stated.filter_map(found).collect()
    };
    Wanted {
        md5: hashed(32),
        sha1: hashed(40),
        audio: tracks.filter_map(found).collect(),
        artwork: images.filter_map(found).collect(),
    }
}
