//! Step 3: measures a claimed or offered folder and has it judged.
//!
//! Reading never fails for what a label sent: a broken message still has its audio measured, and a
//! broken file still has its message read, so that one report tells everything. Only a folder that
//! cannot be listed is an error.
//!
//! Owns every reading of a package's content. Judges nothing itself: `domain::rules` does.

use crate::domain::account::Profile;
use crate::domain::content::Memory;
use crate::domain::ern;
use crate::domain::facts::{BatchManifest, FolderFacts, SchemaFacts};
use crate::domain::fault::Fault;
use crate::domain::history::Past;
use crate::domain::kept;
use crate::domain::limits::Limits;
use crate::domain::naming::extension;
use crate::domain::policy::Policy;
use crate::domain::release::Reading;
use crate::domain::report::Report;
use crate::domain::rules::{self, Subject, judge};
use jiff::Timestamp;
pub use remembered::{Source, look_ahead};
pub use repairing::{Repaired, repair};
use schemas::Schemas;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub mod artwork;
pub mod audio;
pub mod blocks;
mod bytes;
pub mod files;
mod measure;
mod remembered;
mod repairing;
mod schema_pins;
pub mod schemas;
mod signature;
mod xsd;
mod xsd_likeness;
mod xsd_model;
mod xsd_words;
mod xsd_worker;

/// Settings of inspection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Files of one package that are inspected at the same time; 0 means one for each core.
    pub threads: usize,
    /// Files are inspected as soon as they are closed, while the rest is still being uploaded.
    pub early: bool,
    /// Mebibytes below the data directory for what was measured, so that no content is measured
    /// twice; 0 keeps nothing.
    pub remembered_mib: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 0,
            early: true,
            remembered_mib: 256,
        }
    }
}

/// What is to be inspected, and by what.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The folder.
    pub root: &'a Path,
    /// Its name for people: below `/incoming`, or of the folder that is checked offline.
    pub folder: &'a str,
    /// How strictly to judge.
    pub profile: Profile,
    /// Whether a message of ERN 4 is taken beside one of 3.8.2.
    pub takes_ern4: bool,
    /// Rules that weigh otherwise for the label.
    pub policy: &'a Policy,
    /// The label's DPID, when the account has one.
    pub label_dpid: Option<&'a str>,
    /// The operator's own DPID, when it is configured.
    pub own_dpid: Option<&'a str>,
    /// The account is in its test phase.
    pub in_test: bool,
    /// Earlier packages; `None` offline.
    pub history: Option<&'a dyn Past>,
    /// The most that a package may be.
    pub limits: &'a Limits,
    /// Installed schemas.
    pub schemas: &'a Schemas,
    /// Files inspected at the same time; 0 means one for each core.
    pub threads: usize,
    /// The time of judging.
    pub now: Timestamp,
    /// What was read and measured before; `None` offline.
    pub memory: Option<&'a dyn Memory>,
    /// Told of the progress, from several threads.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// Turns true when the work is to be given up (`InspectError::Cancelled`), as on a shutdown.
    pub cancel: Option<&'a AtomicBool>,
}

/// How far an inspection has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Told once, before anything is read.
    Total {
        /// Files to read.
        files: usize,
        /// Bytes in them.
        bytes: u64,
    },
    /// So many bytes were read.
    Bytes(u64),
    /// A file was read and measured.
    FileDone(String),
    /// A file is done without being read: what it holds was known.
    FileKnown(String),
}

/// Why a folder could not be inspected at all.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The folder cannot be listed.
    #[error("cannot list the folder {}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Earlier packages could not be looked up; without them the verdict would be another.
    #[error("cannot look up earlier packages")]
    Past(#[source] Fault),
    /// `Request::cancel` turned true; nothing can be said of the package.
    #[error("inspection was stopped")]
    Cancelled,
}

/// What the steps find out, one after the other.
#[derive(Default)]
struct Inspection {
    folder: FolderFacts,
    reading: Option<Reading>,
    schema: SchemaFacts,
}

/// The steps in their order; each sees what those before it found.
const STEPS: [Step; 3] = [
    Step {
        name: "list the folder",
        run: list,
    },
    Step {
        name: "read the message",
        run: read_message,
    },
    Step {
        name: "measure the files and check the schema",
        run: measure::run,
    },
];

struct Step {
    name: &'static str,
    run: fn(&Request<'_>, &mut Inspection) -> Result<(), InspectError>,
}

/// Inspects a folder and judges it.
///
/// # Errors
/// When the folder itself cannot be listed, or the work was given up on request.
pub fn inspect(request: &Request<'_>) -> Result<Report, InspectError> {
    examine(request).map(|examined| examined.report)
}

/// A folder with all that was found out about it.
#[derive(Debug)]
pub struct Examined {
    /// What is to be said of it.
    pub report: Report,
    /// The folder and what was measured; paths are relative to `base`.
    pub folder: FolderFacts,
    /// The message as it was read.
    pub reading: Option<Reading>,
    /// The folder in which the release lies.
    pub base: PathBuf,
}

/// Inspects a folder, judges it, and gives what was measured as well.
///
/// # Errors
/// As [`inspect`].
pub fn examine(request: &Request<'_>) -> Result<Examined, InspectError> {
    let inspection = survey(request)?;
    let mut subject = Subject {
        folder: &inspection.folder,
        reading: inspection.reading.as_ref(),
        message_file: inspection.folder.messages.first().map(String::as_str),
        schema: &inspection.schema,
        history: None,
        label_dpid: request.label_dpid,
        own_dpid: request.own_dpid,
        in_test: request.in_test,
        profile: request.profile,
        policy: request.policy,
        limits: request.limits,
        now: request.now,
    };
    let history = match request.history {
        Some(past) => Some(
            past.known(&rules::tracks(&subject))
                .map_err(InspectError::Past)?,
        ),
        None => None,
    };
    subject.history = history.as_ref();
    let report = judge(&subject);
    Ok(Examined {
        report,
        base: base(request.root, &inspection.folder),
        folder: inspection.folder,
        reading: inspection.reading,
    })
}

/// Finds out all that there is to judge.
fn survey(request: &Request<'_>) -> Result<Inspection, InspectError> {
    let mut inspection = Inspection::default();
    for step in STEPS {
        let started = Instant::now();
        (step.run)(request, &mut inspection)?;
        tracing::debug!(
            folder = ?request.folder,
            step = step.name,
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "a step of inspection is done"
        );
    }
    Ok(inspection)
}

fn list(request: &Request<'_>, inspection: &mut Inspection) -> Result<(), InspectError> {
    inspection.folder =
        files::walk(request.root, request.limits).map_err(|source| InspectError::List {
            path: request.root.to_path_buf(),
            source,
        })?;
    request.folder.clone_into(&mut inspection.folder.folder);
    Ok(())
}

fn read_message(request: &Request<'_>, inspection: &mut Inspection) -> Result<(), InspectError> {
    inspection.folder.manifests = read_manifests(request, &inspection.folder);
    let Some(path) = inspection.folder.messages.first() else {
        return Ok(());
    };
    let bytes = message_bytes(request, &inspection.folder, path);
    let read = catch_unwind(AssertUnwindSafe(|| ern::read(&bytes, request.limits)));
    if read.is_err() {
        tracing::error!(?path, "the reader of messages panicked");
    }
    inspection.reading = read.ok().map(|reading| take(request, reading));
    complete(request, inspection)
}

/// The reading, in the versions that are agreed.
fn take(request: &Request<'_>, reading: Reading) -> Reading {
    if request.takes_ern4 {
        ern::taken_with_4(reading)
    } else {
        reading
    }
}

/// Names the files that were kept from the version that is live in a message that names none.
fn complete(request: &Request<'_>, inspection: &mut Inspection) -> Result<(), InspectError> {
    let reading = inspection.reading.as_mut();
    let Some(message) = reading.and_then(|reading| reading.message.as_mut()) else {
        return Ok(());
    };
    let kept = match request.history {
        Some(past) => past.kept().map_err(InspectError::Past)?,
        None => Vec::new(),
    };
    let inner = inspection.folder.nested_in.as_deref().unwrap_or_default();
    let lines = kept.iter().filter_map(|(path, kept)| {
        let path = path.strip_prefix(inner)?.trim_start_matches('/');
        Some((path, kept))
    });
    kept::adopt(message, lines);
    Ok(())
}

/// The bytes of the message; none when it cannot be read.
fn message_bytes(request: &Request<'_>, folder: &FolderFacts, path: &str) -> Vec<u8> {
    read_whole(&base(request.root, folder).join(path), request).unwrap_or_else(|error| {
        tracing::warn!(?path, %error, "the message could not be read");
        Vec::new()
    })
}

/// A message's file; one byte more than the limit, so that the reader can see that it was passed.
fn read_whole(path: &Path, request: &Request<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = blocks::open_regular(path)?;
    let most = request.limits.message_bytes.saturating_add(1);
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The manifests among the markers. A marker lies in the release or, when that lies one folder too
/// deep, above it.
fn read_manifests(request: &Request<'_>, folder: &FolderFacts) -> Vec<BatchManifest> {
    let inner = base(request.root, folder);
    let markers = folder.markers.iter();
    markers
        .filter(|path| extension(path) == "xml")
        .filter_map(|path| {
            let bytes = read_whole(&inner.join(path), request)
                .or_else(|_| read_whole(&request.root.join(path), request))
                .ok()?;
            let read = AssertUnwindSafe(|| ern::read_manifest(path, &bytes));
            catch_unwind(read).ok().flatten()
        })
        .collect()
}

/// The folder that paths of the facts are relative to.
fn base(root: &Path, folder: &FolderFacts) -> PathBuf {
    folder
        .nested_in
        .as_ref()
        .map_or_else(|| root.to_path_buf(), |inner| root.join(inner))
}
