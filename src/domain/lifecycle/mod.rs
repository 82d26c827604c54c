//! The one table of transitions of a package: `next(status, event)`, and where one that was never
//! claimed departs from it.
//!
//! Statuses and their e-mails are those of the operator's guide ("Delivery Status Explained").
//! Every change goes through `store::apply`, which asks here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

pub mod push;

/// Status of a package.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A folder exists and is not complete.
    Receiving,
    /// Complete and claimed; validation runs. The guide's "Incoming".
    Incoming,
    /// Validation found an error. Final; the label sends another attempt.
    Invalid,
    /// No error; a person has to look.
    NeedsQc,
    /// A person approved; pushes run.
    QcApproved,
    /// A person rejected, with notes. Final; the label sends another attempt.
    QcRejected,
    /// Every push that is not blocked was accepted by its DSP. Final.
    Delivered,
    /// A newer package of the same release took its place, the label took the folder away, the
    /// upload was given up, or it came twice. Final.
    Superseded,
    /// Our own fault, not the label's; waits for the operator.
    Parked,
}

impl Status {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 9] = [
        Self::Receiving,
        Self::Incoming,
        Self::Invalid,
        Self::NeedsQc,
        Self::QcApproved,
        Self::QcRejected,
        Self::Delivered,
        Self::Superseded,
        Self::Parked,
    ];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Incoming => "incoming",
            Self::Invalid => "invalid",
            Self::NeedsQc => "needs_qc",
            Self::QcApproved => "qc_approved",
            Self::QcRejected => "qc_rejected",
            Self::Delivered => "delivered",
            Self::Superseded => "superseded",
            Self::Parked => "parked",
        }
    }

    /// The guide's name for it, as labels read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Receiving => "Receiving",
            Self::Incoming => "Incoming",
            Self::Invalid => "Invalid",
            Self::NeedsQc => "Needs QC",
            Self::QcApproved => "QC Approved",
            Self::QcRejected => "QC Rejected",
            Self::Delivered => "Delivered to DSPs",
            Self::Superseded => "Superseded",
            Self::Parked => "On hold",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Nothing leads out of it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Invalid | Self::QcRejected | Self::Delivered | Self::Superseded
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can happen to a package; what comes with each is in `domain::package::Event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The upload made no progress for long; something is missing.
    Stalled,
    /// The folder was complete and is ours now.
    Claimed,
    /// Validation found an error.
    FoundInvalid,
    /// Validation found no error.
    FoundValid,
    /// A person approved.
    Approved,
    /// A person rejected.
    Rejected,
    /// The last push that was open has been accepted by its DSP.
    AllPushed,
    /// A newer package of the same release came.
    Replaced,
    /// The label took the folder away before it was complete.
    Withdrawn,
    /// Something of ours failed.
    Parked,
    /// Another try: the operator asks for it, or intake's time for one has come.
    Unparked,
    /// The upload does not fit into the label's upload space.
    OverQuota,
    /// Nothing came for very long; the unfinished folder was set aside.
    Abandoned,
    /// It is, byte for byte, a package that we have; it was set aside.
    Duplicate,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Stalled,
        Self::Claimed,
        Self::FoundInvalid,
        Self::FoundValid,
        Self::Approved,
        Self::Rejected,
        Self::AllPushed,
        Self::Replaced,
        Self::Withdrawn,
        Self::Parked,
        Self::Unparked,
        Self::OverQuota,
        Self::Abandoned,
        Self::Duplicate,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stalled => "stalled",
            Self::Claimed => "claimed",
            Self::FoundInvalid => "found_invalid",
            Self::FoundValid => "found_valid",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::AllPushed => "all_pushed",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
            Self::Parked => "parked",
            Self::Unparked => "unparked",
            Self::OverQuota => "over_quota",
            Self::Abandoned => "abandoned",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What a transition sets off. The store writes one outbox row for each effect and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// An e-mail to every address of the label.
    TellLabel,
    /// An e-mail to every address of the operator.
    TellOperator,
    /// One push for every DSP agreed for the label.
    Push,
}

/// A transition that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    /// The status the package is in.
    pub status: Status,
    /// What was asked of it.
    pub event: EventKind,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a package that is {} cannot be {}",
            self.status.as_str(),
            self.event.as_str().replace('_', " ")
        )
    }
}

impl std::error::Error for Illegal {}

/// Where an event leads from a status, and what it sets off.
pub fn next(status: Status, event: EventKind) -> Result<(Status, &'static [Effect]), Illegal> {
    use Effect::{Push, TellLabel, TellOperator};
    use EventKind as E;
    use Status as S;
    Ok(match (status, event) {
        (S::Receiving, E::Stalled | E::OverQuota) => (S::Receiving, &[TellLabel]),
        (S::Receiving, E::Claimed) => (S::Incoming, &[TellLabel]),
        (S::Receiving, E::Withdrawn) => (S::Superseded, &[]),
        (S::Receiving, E::Abandoned | E::Duplicate) => (S::Superseded, &[TellLabel]),
        (S::Receiving | S::Incoming, E::Parked) => (S::Parked, &[TellLabel, TellOperator]),
        (S::Incoming, E::FoundInvalid) => (S::Invalid, &[TellLabel]),
        (S::Incoming, E::FoundValid) => (S::NeedsQc, &[TellLabel]),
        (S::Incoming | S::NeedsQc | S::Parked, E::Replaced) => (S::Superseded, &[]),
        (S::NeedsQc, E::Approved) => (S::QcApproved, &[TellLabel, Push]),
        (S::NeedsQc, E::Rejected) => (S::QcRejected, &[TellLabel]),
        (S::QcApproved, E::AllPushed) => (S::Delivered, &[TellLabel]),
        (S::Parked, E::Unparked) => (S::Incoming, &[]),
        _ => return Err(Illegal { status, event }),
    })
}

/// The same for a package that was never claimed: its files are still the label's. Parked it has
/// nothing to validate, so that it is received again, and the label may take its folder away. One
/// whose claim was cut short is in the spool already; when that can be finished it is claimed.
pub fn next_unclaimed(
    status: Status,
    event: EventKind,
) -> Result<(Status, &'static [Effect]), Illegal> {
    match (status, event) {
        (Status::Parked, EventKind::Unparked) => Ok((Status::Receiving, &[])),
        (Status::Parked, EventKind::Claimed) => next(Status::Receiving, event),
        (Status::Parked, EventKind::Withdrawn) => Ok((Status::Superseded, &[])),
        _ => next(status, event),
    }
}
