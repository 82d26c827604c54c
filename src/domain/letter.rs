//! What is mailed, to whom, and what the letter is made of.

use super::ids::{LetterId, PackageId};
use super::package::{LogLine, Package};
use super::push::Push;
use super::report::Report;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a letter says; one for each mail of design.md's status table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The upload makes no progress; what is missing.
    Stalled,
    /// Detected; validation begins.
    Incoming,
    /// Every finding with its fix.
    Invalid,
    /// Passed; waits for review.
    NeedsQc,
    /// Approved; pushes begin.
    QcApproved,
    /// Rejected, with the reviewer's notes.
    QcRejected,
    /// At the DSPs.
    Delivered,
    /// "We have a problem", never "your package is wrong".
    Parked,
    /// To the operator: what failed and what to do.
    OperatorParked,
    /// To the operator: a push was given up.
    OperatorPushFailed,
    /// The upload space is full; how much, and what to do.
    OverQuota,
    /// The unfinished upload was set aside.
    Abandoned,
    /// The same was sent before; nothing to do.
    Duplicate,
    /// Off the DSPs: on the label's own word, or on ours with the reason.
    TakenDown,
}

impl LetterKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Stalled,
        Self::Incoming,
        Self::Invalid,
        Self::NeedsQc,
        Self::QcApproved,
        Self::QcRejected,
        Self::Delivered,
        Self::Parked,
        Self::OperatorParked,
        Self::OperatorPushFailed,
        Self::OverQuota,
        Self::Abandoned,
        Self::Duplicate,
        Self::TakenDown,
    ];

    /// The word in the database and the stem of the template's file name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stalled => "stalled",
            Self::Incoming => "incoming",
            Self::Invalid => "invalid",
            Self::NeedsQc => "needs_qc",
            Self::QcApproved => "qc_approved",
            Self::QcRejected => "qc_rejected",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
            Self::OperatorParked => "operator_parked",
            Self::OperatorPushFailed => "operator_push_failed",
            Self::OverQuota => "over_quota",
            Self::Abandoned => "abandoned",
            Self::Duplicate => "duplicate",
            Self::TakenDown => "taken_down",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A letter that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The letter; `<id@domain>` is its Message-ID for ever.
    pub id: LetterId,
    /// What about.
    pub package: PackageId,
    /// What it says.
    pub kind: LetterKind,
    /// One address.
    pub recipient: String,
    /// The first letter of the release's thread to this address, if this is not it.
    pub thread_root: Option<LetterId>,
    /// When it was put into the outbox; becomes `Date`.
    pub created_at: Timestamp,
    /// Tries so far.
    pub attempts: u32,
    /// The rendered message, once it was rendered; the same bytes are sent at every try.
    pub mime: Option<Vec<u8>>,
}

/// All that a letter may speak of.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The package as it is now.
    pub package: Package,
    /// Its report, once there is one.
    pub report: Option<Report>,
    /// The log line that set the letter off.
    pub cause: LogLine,
    /// Its pushes; of a letter about an operator's takedown those of the order.
    pub pushes: Vec<Push>,
}
