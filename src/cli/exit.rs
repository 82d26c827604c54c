//! How a command ends: exit codes 0 ok, 1 failed or invalid, 2 usage, 3 not found, 4 refused by the
//! state. Scripts rely on them; they do not change.

use crate::config::ConfigError;
use crate::daemon::words;
use crate::domain::rules::Refusal;
use crate::store::{ApplyError, PushError, RuleError, StoreError};
use std::fmt;

/// A command that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// All is well.
    Fine,
    /// It ran and the answer is "no": errors were found, something is not installed.
    Negative,
}

/// A command that could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It failed on the way.
    Failed(String),
    /// It was called wrongly.
    Usage(String),
    /// What it is about does not exist.
    NotFound(String),
    /// The state of the thing forbids it.
    Refused(String),
}

impl Failure {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Refused(_) => 4,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Usage(text) | Self::NotFound(text) | Self::Refused(text) => {
                f.write_str(text)
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Failed(words(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(words(&error))
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::NotFound => Self::NotFound("there is no such package".to_owned()),
            ApplyError::Unticked { .. }
            | ApplyError::NotAsked { .. }
            | ApplyError::FolderTaken { .. } => Self::Refused(error.to_string()),
            ApplyError::Illegal(illegal) => Self::Refused(illegal.to_string()),
            ApplyError::Store(store) => store.into(),
        }
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Refused(Refusal::Unknown { .. }) => Self::NotFound(error.to_string()),
            RuleError::NoReason => {
                Self::Usage("--reason is empty: whoever wonders later has to learn why".to_owned())
            }
            RuleError::Refused(_) | RuleError::Unchanged { .. } => Self::Refused(error.to_string()),
            RuleError::Store(store) => store.into(),
        }
    }
}

impl From<PushError> for Failure {
    fn from(error: PushError) -> Self {
        match error {
            PushError::NotFound => Self::NotFound("there is no such push".to_owned()),
            PushError::Illegal(illegal) => Self::Refused(illegal.to_string()),
            PushError::Stale => Self::Refused("another worker has this push by now".to_owned()),
            error @ (PushError::Held | PushError::Overtaken) => Self::Refused(error.to_string()),
            PushError::Store(store) => store.into(),
        }
    }
}
