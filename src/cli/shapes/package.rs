//! Packages: lists, one in full, their history and letters.

use super::super::output::rfc3339;
use super::push::{PushLine, TakesDown};
use crate::domain::difference::Difference;
use crate::domain::package::Event;
use crate::domain::package::LogLine;
use crate::domain::package::Package;
use crate::domain::report::ArtworkSummary;
use crate::domain::report::Counts;
use crate::domain::report::Finding;
use crate::domain::report::TrackSummary;
use crate::domain::report::readiness::Readiness;
use crate::store::LetterRow;
use schemars::JsonSchema;
use serde::Serialize;

/// A package in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageLine {
    /// Identifier (ULID).
    pub id: String,
    /// User name of the label.
    pub label: String,
    /// Folder under `/incoming`.
    pub folder: String,
    /// `receiving`, `incoming`, `invalid`, `needs_qc`, `qc_approved`, `qc_rejected`, `delivered`,
    /// `superseded` or `parked`.
    pub status: String,
    /// Number of the upload within its release.
    pub attempt: u32,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// Release title.
    pub title: Option<String>,
    /// Release artist.
    pub artist: Option<String>,
    /// Number of tracks.
    pub tracks: u32,
    /// Findings by severity.
    pub findings: Counts,
    /// Codes of the questions that the reviewer has to tick before approval; none once it is decided.
    pub questions: Vec<String>,
    /// Why it is superseded: `replaced` by a newer one, `withdrawn` by the label, `abandoned`
    /// unfinished, or `duplicate` of one that we have.
    pub ended: Option<String>,
    /// Before approval: whether it may go to each of the label's DSPs, in words for the reviewer.
    pub preflight: Option<String>,
    /// When its folder was first seen; from its claim on, when it was claimed; RFC 3339, UTC.
    pub received_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}

impl PackageLine {
    /// From a package, the questions that are open, and what preflight says.
    pub fn new(package: &Package, questions: Vec<String>, preflight: Option<String>) -> Self {
        Self {
            id: package.id.to_string(),
            label: package.label_name.clone(),
            folder: package.folder.clone(),
            status: package.status.as_str().to_owned(),
            attempt: package.attempt,
            icpn: package.icpn.clone(),
            title: package.title.clone(),
            artist: package.artist.clone(),
            tracks: package.tracks,
            findings: package.counts,
            questions,
            ended: None,
            preflight,
            received_at: rfc3339(package.received_at),
            updated_at: rfc3339(package.updated_at),
        }
    }
}

/// A list of packages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageList {
    /// Newest first.
    pub packages: Vec<PackageLine>,
}

/// One event of a package's history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryLine {
    /// Number within the package, from 1.
    pub number: u32,
    /// When; RFC 3339, UTC.
    pub at: String,
    /// Who: `daemon`, `label`, or a Unix user.
    pub actor: String,
    /// What happened.
    pub event: String,
    /// Status afterwards.
    pub status: String,
    /// The reviewer's note, the reason for parking, or what was missing.
    pub note: Option<String>,
    /// Codes of the questions that the reviewer ticked.
    pub ticked: Vec<String>,
}

impl From<&LogLine> for HistoryLine {
    fn from(line: &LogLine) -> Self {
        let note = match &line.event {
            Event::Approved { note, .. } => note.clone(),
            Event::Rejected { note } => Some(note.clone()),
            Event::Parked { why } => Some(why.clone()),
            Event::Stalled { waiting_for } => Some(waiting_for.join("; ")),
            Event::AllPushed { dsps } => Some(dsps.join(", ")),
            Event::Replaced { by } => Some(format!("by package {by}")),
            Event::OverQuota { what } => Some(what.clone()),
            Event::Abandoned { to } => Some(format!("set aside to {to}")),
            Event::Duplicate { of, .. } => Some(format!("the same as package {of}")),
            Event::Claimed { .. } | Event::Judged { .. } | Event::Withdrawn | Event::Unparked => {
                None
            }
        };
        let ticked = if let Event::Approved { ticked, .. } = &line.event {
            ticked.clone()
        } else {
            Vec::new()
        };
        Self {
            ticked,
            number: line.number,
            at: rfc3339(line.at),
            actor: line.actor.clone(),
            event: line.event.kind().as_str().to_owned(),
            status: line.status.as_str().to_owned(),
            note,
        }
    }
}

/// One e-mail about a package.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LetterLine {
    /// Identifier; local part of the Message-ID.
    pub id: String,
    /// What it says: `incoming`, `invalid`, `needs_qc` …
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// `due`, `sent` or `dead`.
    pub state: String,
    /// When it was sent; RFC 3339, UTC.
    pub sent_at: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl From<&LetterRow> for LetterLine {
    fn from(row: &LetterRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            recipient: row.recipient.clone(),
            state: row.state.as_str().to_owned(),
            sent_at: row.sent_at.map(rfc3339),
            last_error: row.last_error.clone(),
        }
    }
}

/// A package in full. `findings` is the list here; the counts are in `finding_counts`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageDetail {
    /// Identifier (ULID).
    pub id: String,
    /// User name of the label.
    pub label: String,
    /// Folder under `/incoming`.
    pub folder: String,
    /// As in the list.
    pub status: String,
    /// Number of the upload within its release.
    pub attempt: u32,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// Release title.
    pub title: Option<String>,
    /// Release artist.
    pub artist: Option<String>,
    /// Tracks with what was measured.
    pub tracks: Vec<TrackSummary>,
    /// Findings by severity.
    pub finding_counts: Counts,
    /// All findings.
    pub findings: Vec<Finding>,
    /// Codes of the questions that the reviewer has to tick before approval; none once it is decided.
    pub questions: Vec<String>,
    /// Whether it may go to each of the label's DSPs, as far as was known when it was inspected.
    pub readiness: Vec<Readiness>,
    /// What it changes against the version that is live; nothing where none is.
    pub difference: Option<Difference>,
    /// The cover.
    pub artwork: Option<ArtworkSummary>,
    /// What the upload still waits for, while receiving.
    pub waiting_for: Vec<String>,
    /// The DSPs that its approval takes the release off; empty unless its message is a takedown that
    /// waits for review.
    pub takes_down: Vec<TakesDown>,
    /// What happened, oldest first.
    pub history: Vec<HistoryLine>,
    /// Its pushes.
    pub pushes: Vec<PushLine>,
    /// Its e-mails.
    pub letters: Vec<LetterLine>,
    /// When its folder was first seen; from its claim on, when it was claimed; RFC 3339, UTC.
    pub received_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}
