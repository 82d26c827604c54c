//! Measures the files of a package over the cores, with the schema check beside them.
//!
//! The largest file is begun first, so that no core waits for it at the end. Pictures are decoded
//! one at a time: they are what takes memory. A worker that panics costs its file's facts, never
//! the package.

use super::audio::{FileMeasure, measure_watched};
use super::blocks::{Blocks, Digests, Watch};
use super::{InspectError, Inspection, Progress, Request, artwork, base};
use crate::domain::facts::{FileFacts, FileRole, FolderFacts, SchemaCheck, SchemaFacts};
use crate::domain::naming::{self, Names};
use crate::domain::release::{Message, NamedFile, Reading, Recording, Text};
use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What the message says of files beyond their names.
#[derive(Default)]
struct Wanted {
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
        one_picture: Mutex::new(()),
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
    one_picture: Mutex<()>,
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
            tell(self.request, Progress::FileDone(file.path.clone()));
            locked(done).push(file);
        }
    }

    fn file(&self, file: &mut FileFacts) {
        let path = self.root.join(&file.path);
        let progress = |bytes| tell(self.request, Progress::Bytes(bytes));
        let watch = Watch {
            cancel: self.cancel,
            at_most: Duration::from_secs(self.request.limits.inspect_seconds),
            progress: &progress,
            sha1: self.wanted.sha1.contains(&file.path),
        };
        let by_name = file.role;
        if by_name == FileRole::Audio || self.wanted.audio.contains(&file.path) {
            let measured = measure_watched(&path, watch);
            take(file, measured);
            return;
        }
        match hash(&path, watch) {
            Ok(digests) => take_digests(file, Some(digests)),
            Err(error) => {
                file.failure = Some(error.to_string());
                return;
            }
        }
        if by_name == FileRole::Artwork || self.wanted.artwork.contains(&file.path) {
            let _alone = locked(&self.one_picture);
            file.artwork = Some(artwork::measure(&path, self.request.limits));
        }
    }
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
        file.md5 = Some(digests.md5);
        file.sha1 = digests.sha1;
    }
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
    Wanted {
        sha1: message
            .files()
            .filter(|named| {
                named
                    .hash
                    .as_ref()
                    .is_some_and(|hash| is_sha1(hash.algorithm.as_str()))
            })
            .filter_map(found)
            .collect(),
        audio: tracks.filter_map(found).collect(),
        artwork: images.filter_map(found).collect(),
    }
}

/// `SHA1` as messages write it; `SHA` alone means the same there.
fn is_sha1(algorithm: &str) -> bool {
    let plain: String = algorithm
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    matches!(plain.to_ascii_lowercase().as_str(), "sha1" | "sha")
}
