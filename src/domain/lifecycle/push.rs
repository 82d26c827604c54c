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
    /// A worker has it.
    Sending,
    /// Everything is at the DSP, verified and under its final name; the marker is there.
    Sent,
    /// Given up; a person has to decide.
    Failed,
    /// A person called it off.
    Cancelled,
    /// The DSP's profile does not let it go out; counts as not agreed.
    Blocked,
}

impl PushState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Failed,
        Self::Cancelled,
        Self::Blocked,
    ];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
        }
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
    /// The worker sent all of it.
    Accepted,
    /// The worker failed; another try is due.
    Postponed,
    /// The worker failed for good, or for the last time.
    GivenUp,
    /// A person asks for another try.
    Retried,
    /// A person calls it off.
    CalledOff,
    /// The daemon that had it is gone.
    Orphaned,
    /// The profile refuses it.
    Refused,
}

impl PushEvent {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Taken,
        Self::Accepted,
        Self::Postponed,
        Self::GivenUp,
        Self::Retried,
        Self::CalledOff,
        Self::Orphaned,
        Self::Refused,
    ];
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
            "a push that is {} cannot be {:?}",
            self.state.as_str(),
            self.event
        )
    }
}

impl std::error::Error for IllegalPush {}

/// Where an event leads from a state. A push that is being sent cannot be called off: its worker
/// could not be believed afterwards.
pub fn next(state: PushState, event: PushEvent) -> Result<PushState, IllegalPush> {
    use PushEvent as E;
    use PushState as S;
    Ok(match (state, event) {
        (S::Queued, E::Taken) => S::Sending,
        (S::Queued | S::Sending, E::Refused) => S::Blocked,
        (S::Sending, E::Accepted) => S::Sent,
        (S::Sending, E::Postponed | E::Orphaned) => S::Queued,
        (S::Sending, E::GivenUp) => S::Failed,
        (S::Failed | S::Cancelled | S::Blocked | S::Queued, E::Retried) => S::Queued,
        (S::Queued | S::Failed, E::CalledOff) => S::Cancelled,
        _ => return Err(IllegalPush { state, event }),
    })
}
