//! The official schemas: installing them, saying which are there, checking a message.
//!
//! DDEX's files are under DDEX's licence and not part of the project; the operator installs its
//! own copies. Each is known by its hash (`schema_pins`): at installation, in `status`, and again
//! before it is compiled. A set is replaced as a whole or not at all. The check itself runs on the
//! thread of `xsd_worker`; this module decides against what.

use super::schema_pins::{MAIN, Pin, PinnedSet, SETS};
use super::xsd_worker::{Source, Worker, sha256_of, verify};
use crate::domain::account::Profile;
use crate::domain::ern;
use crate::domain::facts::{SchemaCheck, SchemaFacts};
use crate::domain::release::{Message, Reading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time that one check may take, waiting for its turn included. A message of 33 MB takes one
/// second.
pub const CHECK_SECONDS: u64 = 20;
/// After this time without work compiled schemas are freed.
const IDLE_SECONDS: u64 = 60;
/// Largest schema file that is looked at; the largest known one has 3.2 MB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The installed schemas and the thread that uses them. Cheap while nothing is checked.
#[derive(Debug)]
pub struct Schemas {
    dir: PathBuf,
    worker: Worker,
}

/// What is installed of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaStatus {
    /// Version: `382`.
    pub version: String,
    /// As people write it: `ERN 3.8.2`.
    pub name: String,
    /// Folder of the set: `ern-382`.
    pub set: String,
    /// Whether it can be used.
    pub state: SchemaState,
    /// Messages of the version, the label's and ours, can be held against the official schema.
    #[serde(default)]
    pub check_possible: bool,
    /// Value set that is installed or missing, such as `avs_20161006.xsd (2025)`.
    pub value_set: Option<String>,
    /// What is wrong, as a sentence, where something is.
    pub problem: Option<String>,
}

/// Whether a set can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// All files are there and are the right ones.
    Installed,
    /// Nothing of it is there.
    Missing,
    /// Some files of it are there, another is not.
    Incomplete,
    /// A file is not the one that was installed.
    Damaged,
}

/// Whether there is a set that could be installed for that version (`382`).
pub fn is_known(version: &str) -> bool {
    SETS.iter().any(|set| set.version == version)
}

/// Why schemas could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A folder or file could not be read or written.
    #[error("{path}: cannot be {doing}")]
    Io {
        /// Where.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A schema that we do not know.
    #[error(
        "{path} is no schema file that we know (SHA-256 {sha256}). Use DDEX's own files; an import must name a file beside it, as in the sets of ddexnet/ern-validator-api"
    )]
    Unknown {
        /// Which.
        path: PathBuf,
        /// Its hash.
        sha256: String,
    },
    /// There is nothing to install.
    #[error(
        "{path} holds no release-notification.xsd, neither itself nor in a folder directly inside"
    )]
    Nothing {
        /// Where we looked.
        path: PathBuf,
    },
}

impl Schemas {
    /// The schemas of that folder, which need not exist. Reads nothing yet.
    pub fn open(dir: &Path) -> Self {
        Self::with_timeout(dir, Duration::from_secs(CHECK_SECONDS))
    }

    /// The same with another time limit for one check.
    pub fn with_timeout(dir: &Path, timeout: Duration) -> Self {
        Self {
            dir: dir.to_path_buf(),
            worker: Worker::new(timeout, Duration::from_secs(IDLE_SECONDS)),
        }
    }

    /// Every version that we know schemas of, and whether they are there. Hashes the files.
    pub fn status(&self) -> Vec<SchemaStatus> {
        SETS.iter().map(|set| status_of(&self.dir, set)).collect()
    }

    /// Copies every set found in `from` (its own files, or folders directly inside) to `to`.
    ///
    /// A set whose value set is not found is left out and reported as incomplete.
    ///
    /// # Errors
    /// A file that is not known by its hash, nothing to install, or a failure of the disk. Sets
    /// copied before stay.
    pub fn install(from: &Path, to: &Path) -> Result<Vec<SchemaStatus>, SchemaError> {
        let files = find(from)?;
        let mut report = Vec::new();
        for set in SETS {
            match choose(set, &files) {
                Choice::Nothing => {}
                Choice::Incomplete(missing) => report.push(SchemaStatus {
                    value_set: Some(missing.to_owned()),
                    problem: Some(format!(
                        "{missing}, which it imports, is not in {}",
                        from.display()
                    )),
                    ..blank_status(set, SchemaState::Incomplete)
                }),
                Choice::Whole(main, values) => {
                    copy_set(&to.join(set.folder), &[main, values])?;
                    report.push(status_of(to, set));
                }
            }
        }
        if report.is_empty() {
            return Err(SchemaError::Nothing {
                path: from.to_path_buf(),
            });
        }
        Ok(report)
    }

    /// Checks a message that was read against what its label's profile holds it to.
    ///
    /// Strict: the official set of its version. Guide: the same when the message has no departure
    /// of the guide's, so that nothing that is right is measured by less; else our own schema of
    /// the dialect. A fault that a recorded departure explains already is left out.
    pub fn check(&self, reading: &Reading, profile: Profile) -> SchemaFacts {
        let Some(message) = reading
            .message
            .as_ref()
            .filter(|_| !reading.normalised.is_empty())
        else {
            // The reader's own faults say why.
            return SchemaFacts::default();
        };
        let source = match self.source(message, profile) {
            Ok(source) => source,
            Err(why) => return skipped(why),
        };
        match self.worker.check(&source, &reading.normalised) {
            Ok(checked) => {
                let mut facts = SchemaFacts {
                    check: match &source {
                        Source::Official(_, set) => SchemaCheck::Official {
                            set: set.folder.to_owned(),
                        },
                        Source::Guide => SchemaCheck::Guide,
                    },
                    faults: checked.faults,
                    total: checked.total,
                };
                leave_out_explained(&mut facts, message);
                facts
            }
            Err(error) => {
                tracing::warn!(error = %error, version = %message.version, "schema check did not run");
                skipped(format!("The schema check could not be run: {error}."))
            }
        }
    }

    fn source(&self, message: &Message, profile: Profile) -> Result<Source, String> {
        let speaks_dialect = !message.dialect.is_empty();
        let is_of_the_guide = message.version == "382";
        if profile == Profile::Guide && speaks_dialect && is_of_the_guide {
            return Ok(Source::Guide);
        }
        let name = ern::version_by_number(&message.version).map_or("this version", |v| v.name);
        let set = SETS.iter().find(|set| set.version == message.version);
        let installed = set
            .map(|set| (self.dir.join(set.folder), set))
            .filter(|(folder, _)| folder.join(MAIN).is_file());
        match installed {
            Some((folder, set)) => Ok(Source::Official(folder, set)),
            None if profile == Profile::Guide && is_of_the_guide => Ok(Source::Guide),
            None => Err(format!(
                "The official schema of {name} is not installed here, so the message was not held against it."
            )),
        }
    }
}

fn skipped(why: String) -> SchemaFacts {
    SchemaFacts {
        check: SchemaCheck::Skipped { why },
        ..SchemaFacts::default()
    }
}

/// XML-014 is for *other* violations than the guide's six.
fn leave_out_explained(facts: &mut SchemaFacts, message: &Message) {
    let before = facts.faults.len();
    facts.faults.retain(|fault| {
        !message
            .dialect
            .iter()
            .any(|used| used.at.path == fault.path && used.explains(fault.found.as_deref()))
    });
    facts.total -= before - facts.faults.len();
}

fn blank_status(set: &PinnedSet, state: SchemaState) -> SchemaStatus {
    SchemaStatus {
        version: set.version.to_owned(),
        name: ern::version_by_number(set.version)
            .map_or(set.folder, |v| v.name)
            .to_owned(),
        set: set.folder.to_owned(),
        state,
        check_possible: state == SchemaState::Installed,
        value_set: None,
        problem: None,
    }
}

fn status_of(dir: &Path, set: &'static PinnedSet) -> SchemaStatus {
    let folder = dir.join(set.folder);
    if !folder.join(MAIN).is_file() {
        return blank_status(set, SchemaState::Missing);
    }
    match verify(&folder, set) {
        Ok(_) => SchemaStatus {
            value_set: value_set_in(&folder, set),
            ..blank_status(set, SchemaState::Installed)
        },
        Err(problem) => {
            let has_values = set.value_sets.iter().any(|v| folder.join(v.name).is_file());
            let state = if has_values {
                SchemaState::Damaged
            } else {
                SchemaState::Incomplete
            };
            SchemaStatus {
                problem: Some(problem),
                ..blank_status(set, state)
            }
        }
    }
}

fn value_set_in(folder: &Path, set: &PinnedSet) -> Option<String> {
    set.value_sets.iter().find_map(|pin| {
        let hash = sha256_of(&folder.join(pin.name)).ok()?;
        (hash == pin.sha256).then(|| format!("{} ({})", pin.name, pin.vintage))
    })
}

/// A schema file of a source folder.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    sha256: String,
}

/// All schema files of a folder and the folders directly inside; every one has to be known.
fn find(from: &Path) -> Result<Vec<Found>, SchemaError> {
    let mut folders = vec![from.to_path_buf()];
    let mut files = Vec::new();
    let entries = list(from)?;
    folders.extend(entries.into_iter().filter(|path| path.is_dir()));
    for folder in folders {
        let inside = list(&folder)?;
        let schemas = inside.into_iter().filter(|path| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("xsd"))
                && path.is_file()
        });
        for path in schemas {
            files.push(known(path)?);
        }
    }
    Ok(files)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, SchemaError> {
    let read = |source| SchemaError::Io {
        path: folder.to_path_buf(),
        doing: "read",
        source,
    };
    let entries = fs::read_dir(folder).map_err(read)?;
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(read)?;
    paths.sort();
    Ok(paths)
}

fn known(path: PathBuf) -> Result<Found, SchemaError> {
    let read = |source| SchemaError::Io {
        path: path.clone(),
        doing: "read",
        source,
    };
    let size = fs::metadata(&path).map_err(read)?.len();
    let sha256 = if size > MAX_FILE_BYTES {
        format!("not computed, {size} bytes")
    } else {
        let bytes = fs::read(&path).map_err(read)?;
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
    };
    let is_known = SETS.iter().any(|set| {
        set.mains.iter().any(|(pin, _)| pin.sha256 == sha256)
            || set.value_sets.iter().any(|pin| pin.sha256 == sha256)
    });
    if is_known {
        Ok(Found { path, sha256 })
    } else {
        Err(SchemaError::Unknown { path, sha256 })
    }
}

/// What a source folder offers of one set.
enum Choice<'a> {
    Nothing,
    Incomplete(&'static str),
    Whole((&'a Path, &'static Pin), (&'a Path, &'static Pin)),
}

/// The best of what is there: the first known message schema whose value set is there, too, with
/// the newest value set.
fn choose<'a>(set: &'static PinnedSet, files: &'a [Found]) -> Choice<'a> {
    let file = |pin: &Pin| files.iter().find(|f| f.sha256 == pin.sha256);
    let mut missing = None;
    for (main_pin, import) in set.mains {
        let Some(main) = file(main_pin) else { continue };
        let mut candidates = set.value_sets.iter().filter(|pin| pin.name == *import);
        let values = candidates.find_map(|pin| file(pin).map(|found| (found.path.as_path(), pin)));
        match values {
            Some(values) => return Choice::Whole((main.path.as_path(), main_pin), values),
            None => missing = Some(*import),
        }
    }
    missing.map_or(Choice::Nothing, Choice::Incomplete)
}

/// Copies files into a new folder beside the target and puts it in the target's place.
fn copy_set(target: &Path, files: &[(&Path, &'static Pin)]) -> Result<(), SchemaError> {
    let written = |path: &Path| {
        let path = path.to_path_buf();
        move |source| SchemaError::Io {
            path,
            doing: "written",
            source,
        }
    };
    let parent = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(written(parent))?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let fresh = parent.join(format!(".{name}.new"));
    let old = parent.join(format!(".{name}.old"));
    for leftover in [&fresh, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).map_err(written(leftover))?;
        }
    }
    fs::create_dir(&fresh).map_err(written(&fresh))?;
    for (source, pin) in files {
        let path = fresh.join(pin.name);
        fs::copy(source, &path).map_err(written(&path))?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(written(&path))?;
        // What was hashed and what was copied could differ.
        let sha256 = sha256_of(&path).unwrap_or_default();
        if sha256 != pin.sha256 {
            return Err(SchemaError::Unknown {
                path: source.to_path_buf(),
                sha256,
            });
        }
    }
    sync_folder(&fresh).map_err(written(&fresh))?;
    if target.exists() {
        fs::rename(target, &old).map_err(written(target))?;
    }
    fs::rename(&fresh, target).map_err(written(target))?;
    sync_folder(parent).map_err(written(parent))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(written(&old))?;
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
