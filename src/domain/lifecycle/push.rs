//! The table of transitions of a push.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// State of a push.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PushState {
    /// Waits for its turn or for the next try.
    Queued,
    /// A worker has it and makes message and files as the DSP wants them.
    Preparing,
    /// A worker uploads it; the DSP sees nothing yet.
    Sending,
    /// Everything is at the DSP, verified and under its final name; the marker is there.
    Sent,
    /// From the moment in which it may have become visible until we know: the DSP is asked, and
    /// nothing is sent again meanwhile.
    SentUnknown,
    /// The DSP says that it took the release: in an acknowledgement, or to a person.
    Acknowledged,
    /// The DSP says that it did not take the release.
    Refused,
    /// Given up; a person has to decide.
    Failed,
    /// The DSP's profile does not let it go out; counts as not agreed.
    Blocked,
    /// A person called it off.
    Cancelled,
}

impl PushState {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Preparing,
        Self::Sending,
        Self::Sent,
        Self::SentUnknown,
        Self::Acknowledged,
        Self::Refused,
        Self::Failed,
        Self::Blocked,
        Self::Cancelled,
    ];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Preparing => "preparing",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::SentUnknown => "sent_unknown",
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the DSP has the release, or had it in hand.
    pub fn has_arrived(self) -> bool {
        matches!(self, Self::Sent | Self::Acknowledged | Self::Refused)
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for PushState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can happen to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushEvent {
    /// A worker took it.
    Taken,
    /// The worker has all that is to be sent.
    Prepared,
    /// The worker is about to make it visible; written before the first byte of that leaves.
    Revealing,
    /// It did not become visible after all: the DSP refused that step.
    Concealed,
    /// Everything is there.
    Accepted,
    /// The worker failed; another try is due. Of one that may be there: another question.
    Postponed,
    /// The DSP cannot be reached at all; that counts against the DSP and not against the push.
    HeldUp,
    /// The DSP was asked and has not got it: it may be sent.
    Absent,
    /// The worker failed for good, or for the last time.
    GivenUp,
    /// A person asks for another try; of one that may be there, for another question.
    Retried,
    /// A person has looked and wants it sent again although it may be there.
    Resent,
    /// A person has looked, and it is there. Of one that is known to be there and waits for the DSP's
    /// word: a person has that word.
    Confirmed,
    /// A person calls it off.
    CalledOff,
    /// The daemon that had it is gone.
    Orphaned,
    /// The profile refuses it.
    Refused,
    /// The DSP's acknowledgement says that it took it.
    Acknowledged,
    /// The DSP's acknowledgement says that it did not.
    Declined,
}

impl PushEvent {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Taken,
        Self::Prepared,
        Self::Revealing,
        Self::Concealed,
        Self::Accepted,
        Self::Postponed,
        Self::HeldUp,
        Self::Absent,
        Self::GivenUp,
        Self::Retried,
        Self::Resent,
        Self::Confirmed,
        Self::CalledOff,
        Self::Orphaned,
        Self::Refused,
        Self::Acknowledged,
        Self::Declined,
    ];
}

impl PushEvent {
    /// What was done to the push, to go on with after “cannot be”.
    fn done(self) -> &'static str {
        match self {
            Self::Taken => "taken by a worker",
            Self::Prepared => "prepared",
            Self::Revealing => "made visible",
            Self::Concealed => "hidden again",
            Self::Accepted => "sent",
            Self::Postponed | Self::HeldUp => "put off",
            Self::Absent => "absent at the DSP",
            Self::GivenUp => "given up",
            Self::Retried => "tried again",
            Self::Resent => "sent again",
            Self::Confirmed => "confirmed",
            Self::CalledOff => "called off",
            Self::Orphaned => "left behind",
            Self::Refused => "blocked",
            Self::Acknowledged => "acknowledged",
            Self::Declined => "declined",
        }
    }
}

/// A transition that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalPush {
    /// The state the push is in.
    pub state: PushState,
    /// What was asked of it.
    pub event: PushEvent,
}

impl fmt::Display for IllegalPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a push that is {} cannot be {}",
            self.state.as_str(),
            self.event.done()
        )
    }
}

impl std::error::Error for IllegalPush {}

/// Where an event leads from a state. A push that is being sent cannot be called off: its worker
/// could not be believed afterwards. What may be visible leaves `sent_unknown` only by an answer:
/// the DSP's, or a person's.
pub fn next(state: PushState, event: PushEvent) -> Result<PushState, IllegalPush> {
    use PushEvent as E;
    use PushState as S;
    Ok(match (state, event) {
        (S::Queued, E::Taken) => S::Preparing,
        (S::Preparing, E::Prepared) => S::Sending,
        (S::Sending, E::Revealing) => S::SentUnknown,
        (S::SentUnknown, E::Concealed) => S::Sending,
        (S::Sending | S::SentUnknown, E::Accepted) => S::Sent,
        (S::SentUnknown, E::Confirmed) => S::Sent,
        // Only where the DSP's word is waited for, which the store knows.
        (S::Sent, E::Confirmed) => S::Acknowledged,
        (S::Queued | S::Preparing | S::Sending, E::Refused) => S::Blocked,
        (S::Preparing | S::Sending, E::Postponed | E::HeldUp | E::Orphaned) => S::Queued,
        (S::Preparing | S::Sending, E::GivenUp) => S::Failed,
        (S::SentUnknown, E::Postponed | E::HeldUp | E::Orphaned | E::GivenUp | E::Retried) => {
            S::SentUnknown
        }
        (S::SentUnknown, E::Absent | E::Resent) => S::Queued,
        (S::Failed | S::Cancelled | S::Blocked | S::Queued | S::Refused, E::Retried) => S::Queued,
        (S::Queued | S::Failed | S::Refused | S::Blocked, E::CalledOff) => S::Cancelled,
        (S::Sent | S::SentUnknown | S::Acknowledged | S::Refused, E::Acknowledged) => {
            S::Acknowledged
        }
        (S::Sent | S::SentUnknown | S::Acknowledged | S::Refused, E::Declined) => S::Refused,
        _ => return Err(IllegalPush { state, event }),
    })
}
