//! What every edge's failure becomes on its way to the queue, the log and the exit code.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hope {
    /// The other side or a resource was not ready; the same call may succeed later.
    Transient,
    /// The same call will fail again until a person changes something.
    Permanent,
}

/// A failure as it is stored and shown: class, stable code, and a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whether trying again may help.
    pub hope: Hope,
    /// Stable word for programs and log filters, such as `smtp_refused`.
    pub code: String,
    /// What happened, where, and what to do.
    pub text: String,
}

impl Fault {
    /// A failure that time may mend.
    pub fn transient(code: &str, text: impl Into<String>) -> Self {
        Self {
            hope: Hope::Transient,
            code: code.to_owned(),
            text: text.into(),
        }
    }

    /// A failure that only a person can mend.
    pub fn permanent(code: &str, text: impl Into<String>) -> Self {
        Self {
            hope: Hope::Permanent,
            code: code.to_owned(),
            text: text.into(),
        }
    }

    /// Whether the queue should try again.
    pub fn is_transient(&self) -> bool {
        self.hope == Hope::Transient
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}

impl std::error::Error for Fault {}
