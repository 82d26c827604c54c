//! A package as it is stored, and what happens to it.

use super::facts::Manifest;
use super::ids::{LabelId, PackageId};
use super::lifecycle::{EventKind, Status};
use super::report::{Counts, Report};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A package's row: what lists show. The log of events is the truth; this is its cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// The package.
    pub id: PackageId,
    /// Whose it is.
    pub label: LabelId,
    /// The label's user name.
    pub label_name: String,
    /// Folder under `/incoming` that it came in; for a batch `<batch>/<release>`.
    pub folder: String,
    /// Where it stands.
    pub status: Status,
    /// Number of the upload within its release (label + ICPN), from 1; provisional while receiving.
    pub attempt: u32,
    /// Barcode as the message states it, when known.
    pub icpn: Option<String>,
    /// Release title, when known.
    pub title: Option<String>,
    /// Release artist, when known.
    pub artist: Option<String>,
    /// Number of tracks, when known.
    pub tracks: u32,
    /// Findings by severity.
    pub counts: Counts,
    /// Files that are missing or unfinished, while receiving.
    pub waiting_for: Vec<String>,
    /// It came by SFTP; a folder that did not has the longer quiet period.
    pub via_sftp: bool,
    /// When it came: while receiving, when the folder was first seen; then when it was claimed. A
    /// folder may be made long before the message in it.
    pub received_at: Timestamp,
    /// When the status last changed or something new was learnt.
    pub updated_at: Timestamp,
}

/// What intake learnt of the release when it claimed the package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `ICPN` (or the guide's `UPC`) of the main release.
    pub icpn: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its artist.
    pub artist: Option<String>,
    /// `MessageId`.
    pub message_id: Option<String>,
    /// `MessageCreatedDateTime` as written.
    pub message_created: Option<String>,
    /// `MessageSender/PartyId`.
    #[serde(default)]
    pub sender_dpid: Option<String>,
    /// Number of recordings in the message.
    pub tracks: u32,
}

/// What happened to a package, with all that is to be remembered of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// See `EventKind::Stalled`.
    Stalled {
        /// What is missing or unfinished, as sentences: `waiting for 03_Title.wav`.
        waiting_for: Vec<String>,
    },
    /// See `EventKind::Claimed`.
    Claimed {
        /// What was claimed.
        manifest: Manifest,
        /// What release it is.
        identity: Identity,
    },
    /// The verdict: becomes `FoundInvalid` or `FoundValid`.
    Judged {
        /// The whole report; stored in its own row, not in the log.
        #[serde(skip)]
        report: Option<Box<Report>>,
        /// Findings by severity, which the log keeps.
        counts: Counts,
        /// What release it is, as validation read it.
        identity: Identity,
    },
    /// See `EventKind::Approved`.
    Approved {
        /// Words for the log, if any.
        note: Option<String>,
        /// Codes of the report's questions that the reviewer has looked at and ticked.
        #[serde(default)]
        ticked: Vec<String>,
    },
    /// See `EventKind::Rejected`.
    Rejected {
        /// What the label has to mend; never empty.
        note: String,
    },
    /// See `EventKind::AllPushed`.
    AllPushed {
        /// Names of the DSPs that have it.
        dsps: Vec<String>,
    },
    /// See `EventKind::Replaced`.
    Replaced {
        /// The newer package.
        by: PackageId,
    },
    /// See `EventKind::Withdrawn`.
    Withdrawn,
    /// See `EventKind::Parked`.
    Parked {
        /// What failed, for the operator.
        why: String,
    },
    /// See `EventKind::Unparked`.
    Unparked,
    /// See `EventKind::OverQuota`.
    OverQuota {
        /// What is used up and what to do: the sentence that the client was given.
        what: String,
    },
    /// See `EventKind::Abandoned`.
    Abandoned {
        /// Where the folder lies now, below the data directory.
        to: String,
    },
    /// See `EventKind::Duplicate`.
    Duplicate {
        /// The package that it is the same as.
        of: PackageId,
        /// When that one was received.
        received_at: Timestamp,
    },
}

impl Event {
    /// Its row in the table of transitions.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Stalled { .. } => EventKind::Stalled,
            Self::Claimed { .. } => EventKind::Claimed,
            Self::Judged { counts, .. } if counts.error > 0 => EventKind::FoundInvalid,
            Self::Judged { .. } => EventKind::FoundValid,
            Self::Approved { .. } => EventKind::Approved,
            Self::Rejected { .. } => EventKind::Rejected,
            Self::AllPushed { .. } => EventKind::AllPushed,
            Self::Replaced { .. } => EventKind::Replaced,
            Self::Withdrawn => EventKind::Withdrawn,
            Self::Parked { .. } => EventKind::Parked,
            Self::Unparked => EventKind::Unparked,
            Self::OverQuota { .. } => EventKind::OverQuota,
            Self::Abandoned { .. } => EventKind::Abandoned,
            Self::Duplicate { .. } => EventKind::Duplicate,
        }
    }
}

/// One line of a package's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Number within the package, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who: `daemon`, `label`, or a Unix user.
    pub actor: String,
    /// What; the report is left out.
    pub event: Event,
    /// Status afterwards.
    pub status: Status,
}
