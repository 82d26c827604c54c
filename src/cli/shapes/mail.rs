//! E-mails: lists, and one in full.

use super::super::output::rfc3339;
use crate::store::LetterRow;
use schemars::JsonSchema;
use serde::Serialize;

/// An e-mail in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailLine {
    /// Identifier; local part of the Message-ID.
    pub id: String,
    /// The package that it is about.
    pub package: String,
    /// What it says: `incoming`, `invalid`, `needs_qc` …
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// `due`, `sent`, or `dead`: given up.
    pub state: String,
    /// Tries so far, since a person last asked for another.
    pub attempts: u32,
    /// When it was written; RFC 3339, UTC.
    pub created_at: String,
    /// Not tried before then, as long as it is due; RFC 3339, UTC.
    pub due_at: String,
    /// When the mail server took it; RFC 3339, UTC.
    pub sent_at: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl From<&LetterRow> for MailLine {
    fn from(row: &LetterRow) -> Self {
        Self {
            id: row.id.to_string(),
            package: row.package.to_string(),
            kind: row.kind.as_str().to_owned(),
            recipient: row.recipient.clone(),
            state: row.state.as_str().to_owned(),
            attempts: row.attempts,
            created_at: rfc3339(row.created_at),
            due_at: rfc3339(row.due_at),
            sent_at: row.sent_at.map(rfc3339),
            last_error: row.last_error.clone(),
        }
    }
}

/// E-mails; of `mail retry` those that are tried again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailList {
    /// Oldest first.
    pub mails: Vec<MailLine>,
}

/// An e-mail in full.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailDetail {
    /// As lists show it.
    #[serde(flatten)]
    pub mail: MailLine,
    /// The message as the mail server gets it; it is written at the first try.
    pub message: Option<String>,
}
