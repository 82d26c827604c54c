//! What can fail in the store: one variant for each operation, the cause as its source.

use crate::domain::fault::Fault;
use crate::domain::ids::PackageId;
use crate::domain::lifecycle::Illegal;
use crate::domain::lifecycle::push::IllegalPush;
use crate::domain::rules::Refusal;
use rusqlite::ErrorCode;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;

/// A failure of the store itself. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database file could not be made.
    #[error("cannot create the database {path}; check that the directory exists and is writable")]
    Create {
        /// The database.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The SQLite library is one that can corrupt a database with two writers.
    #[error(
        "SQLite {found} is too old: versions before 3.51.3 can corrupt a database that two \
         programs write to; build dropzone with its bundled SQLite"
    )]
    OldSqlite {
        /// Its version.
        found: String,
    },
    /// The database could not be opened or set up.
    #[error(
        "cannot open the database {path}; check its owner and mode, and that it is a dropzone database"
    )]
    Open {
        /// The database.
        path: PathBuf,
        /// Cause.
        source: rusqlite::Error,
    },
    /// A newer program has written this database.
    #[error(
        "the database {path} has version {found}, this program knows versions up to {known}; \
         install the newer dropzone, or restore the backup made before its installation"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The highest that we know.
        known: u32,
    },
    /// A step of the schema failed; the database is as it was before the step.
    #[error("bringing the database to version {step} failed; it is unchanged")]
    Migrate {
        /// Number of the step.
        step: u32,
        /// Cause.
        source: rusqlite::Error,
    },
    /// The writer's thread could not be started.
    #[error("cannot start the thread that writes to the database")]
    Spawn {
        /// Cause.
        source: std::io::Error,
    },
    /// The right to write was not had in time.
    #[error(
        "the database is locked by another program; try again, and look for a program that holds it"
    )]
    Begin {
        /// Cause.
        source: Arc<rusqlite::Error>,
    },
    /// The transaction could not be made durable, and with it all changes that were in it.
    #[error(
        "the change could not be made durable and was undone; check the disk and its free space"
    )]
    Commit {
        /// Cause.
        source: Arc<rusqlite::Error>,
    },
    /// A read failed, or read something that we cannot have written.
    #[error("reading {what} from the database failed")]
    Read {
        /// What was read.
        what: &'static str,
        /// Cause.
        source: rusqlite::Error,
    },
    /// A change failed.
    #[error("writing {what} to the database failed; the change was not made")]
    Write {
        /// What was written.
        what: &'static str,
        /// Cause.
        source: rusqlite::Error,
    },
    /// A value has no JSON form.
    #[error("{what} cannot be stored: it has no JSON form")]
    Encode {
        /// What was to be written.
        what: &'static str,
        /// Cause.
        source: serde_json::Error,
    },
    /// The database is damaged.
    #[error("the database is damaged ({said}); stop dropzone and restore the last backup")]
    Damaged {
        /// What SQLite's check said first.
        said: String,
    },
    /// The writer has ended, after a disk failure or a defect. Whether the change was made is not
    /// known until the store is opened again.
    #[error(
        "the database's writer has stopped; restart dropzone and look at the earlier log lines"
    )]
    Stopped,
    /// There is a label of that name already.
    #[error("there is a label called {name} already; choose another name")]
    AlreadyThere {
        /// The name.
        name: String,
    },
    /// There is no such label, letter or package.
    #[error("there is no {what} {id}")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
}

impl StoreError {
    /// Makes `Read` of a cause; for `map_err`.
    pub(super) fn read(what: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Read { what, source }
    }

    /// Makes `Write` of a cause; for `map_err`.
    pub(super) fn write(what: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Write { what, source }
    }

    /// What the queue, the log and the exit code make of it.
    pub fn fault(&self) -> Fault {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        let code = self.code();
        if self.may_pass() {
            Fault::transient(code, text)
        } else {
            Fault::permanent(code, text)
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Create { .. } => "store_create",
            Self::OldSqlite { .. } => "store_old_sqlite",
            Self::Open { .. } => "store_open",
            Self::Newer { .. } => "store_newer",
            Self::Migrate { .. } => "store_migrate",
            Self::Spawn { .. } => "store_spawn",
            Self::Begin { .. } => "store_busy",
            Self::Commit { .. } => "store_commit",
            Self::Read { .. } => "store_read",
            Self::Write { .. } => "store_write",
            Self::Encode { .. } => "store_encode",
            Self::Damaged { .. } => "store_damaged",
            Self::Stopped => "store_stopped",
            Self::AlreadyThere { .. } => "store_already_there",
            Self::Missing { .. } => "store_missing",
        }
    }

    /// Whether the same call may succeed later without anybody's doing.
    fn may_pass(&self) -> bool {
        match self {
            Self::Begin { source } | Self::Commit { source } => passes(source),
            Self::Open { source, .. }
            | Self::Migrate { source, .. }
            | Self::Read { source, .. }
            | Self::Write { source, .. } => passes(source),
            Self::Create { .. }
            | Self::OldSqlite { .. }
            | Self::Newer { .. }
            | Self::Spawn { .. }
            | Self::Encode { .. }
            | Self::Damaged { .. }
            | Self::Stopped
            | Self::AlreadyThere { .. }
            | Self::Missing { .. } => false,
        }
    }
}

/// A lock goes, a disk is emptied, memory comes back, what undid another's change need not undo
/// ours; the rest stays as it is.
fn passes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationAborted
        )
    )
}

/// After these nothing that SQLite holds in memory can be believed; only opening anew can.
pub(super) fn is_fatal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Why an event was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There is no such package.
    #[error("there is no such package")]
    NotFound,
    /// Questions of the report that the reviewer has not ticked.
    #[error("{} not ticked: {}", open_questions(open.len()), codes(open))]
    Unticked {
        /// They, in the order of the report: code and message.
        open: Vec<(String, String)>,
    },
    /// Ticks for what the report does not ask.
    #[error("the report does not ask {}", codes.join(", "))]
    NotAsked {
        /// The codes.
        codes: Vec<String>,
    },
    /// The table of transitions does not have it; another may have been faster.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// It cannot be received again: its folder is being received as another package.
    #[error(
        "its folder is being received again as package {by}, which takes its place if it is the same release; if it is another, try again when that was taken in"
    )]
    FolderTaken {
        /// That package.
        by: PackageId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApplyError {
    /// What the queue, the log and the exit code make of it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::permanent("package_not_found", self.to_string()),
            Self::Unticked { .. } | Self::NotAsked { .. } => {
                Fault::permanent("package_questions", self.to_string())
            }
            Self::Illegal(illegal) => Fault::permanent("package_state", illegal.to_string()),
            Self::FolderTaken { .. } => Fault::permanent("package_folder", self.to_string()),
            Self::Store(error) => error.fault(),
        }
    }
}

fn open_questions(number: usize) -> String {
    match number {
        1 => "1 question of the report is".to_owned(),
        n => format!("{n} questions of the report are"),
    }
}

fn codes(open: &[(String, String)]) -> String {
    let codes: Vec<&str> = open.iter().map(|(code, _)| code.as_str()).collect();
    codes.join(", ")
}

/// Why a rule was not changed for a label.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The rule is not there, or not to be changed so.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody would know later why.
    #[error("the reason is empty")]
    NoReason,
    /// It is so already.
    #[error("{code} is set to “{setting}” for this label already")]
    Unchanged {
        /// The rule.
        code: &'static str,
        /// How it is set.
        setting: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a push was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// There is no such push.
    #[error("there is no such push")]
    NotFound,
    /// The table of transitions does not have it.
    #[error(transparent)]
    Illegal(#[from] IllegalPush),
    /// The claim is not the current one: the push was freed and may be with another worker.
    #[error("this claim of the push is no longer valid; its report is not believed")]
    Stale,
    /// A worker is sending it, or is asking the DSP about it.
    #[error(
        "this push is being sent, or asked about, at this moment; look at it again in some minutes (without a daemon: after its next start)"
    )]
    Held,
    /// A newer package of the release is at the DSP, or on its way there.
    #[error(
        "a newer package of this release is at the DSP already, or on its way there; an older one must not undo it"
    )]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PushError {
    /// What the queue, the log and the exit code make of it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::permanent("push_not_found", self.to_string()),
            Self::Illegal(illegal) => Fault::permanent("push_state", illegal.to_string()),
            Self::Stale => Fault::permanent("push_stale", self.to_string()),
            Self::Held => Fault::permanent("push_held", self.to_string()),
            Self::Overtaken => Fault::permanent("push_overtaken", self.to_string()),
            Self::Store(error) => error.fault(),
        }
    }
}
