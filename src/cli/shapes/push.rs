//! Pushes, takedowns and what holds pushes back.

use super::super::output::rfc3339;
use crate::domain::push::Gate;
use crate::domain::push::Push;
use schemars::JsonSchema;
use serde::Serialize;

/// One push.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushLine {
    /// Identifier (ULID).
    pub id: String,
    /// The package.
    pub package: String,
    /// Name of the DSP's profile.
    pub dsp: String,
    /// `takedown`, `update` or `new`.
    pub kind: String,
    /// Who ordered the takedown; nothing for what a label's package asks for.
    pub ordered_by: Option<String>,
    /// Why the release is taken down.
    pub reason: Option<String>,
    /// `queued`, `preparing`, `sending`, `sent`, `sent_unknown`, `acknowledged`, `refused`, `failed`,
    /// `blocked` or `cancelled`.
    pub state: String,
    /// Tries begun.
    pub attempts: u32,
    /// Next try or question, while queued or unknown; RFC 3339, UTC.
    pub due_at: Option<String>,
    /// Why the last try failed, or what the DSP objects to.
    pub last_error: Option<String>,
    /// Where it lies at the DSP, once it may.
    pub location: Option<String>,
    /// `BatchId`, when it goes in a batch.
    pub batch: Option<String>,
    /// `MessageId` of the message that was made for it.
    pub message_id: Option<String>,
    /// It goes out, or went, as a test.
    pub is_test: bool,
    /// Where the release can be seen, if the DSP said so.
    pub link: Option<String>,
    /// What of the label's message the DSP does not read (DSP-003), once it was prepared.
    pub losses: Vec<String>,
    /// When it was approved; RFC 3339, UTC.
    pub created_at: String,
    /// Last changed; RFC 3339, UTC.
    pub updated_at: String,
}

impl From<&Push> for PushLine {
    fn from(push: &Push) -> Self {
        use crate::domain::lifecycle::push::PushState;
        let waits = matches!(push.state, PushState::Queued | PushState::SentUnknown);
        let is_due = waits && push.due_at < jiff::Timestamp::MAX;
        Self {
            id: push.id.to_string(),
            package: push.package.to_string(),
            dsp: push.dsp.to_string(),
            kind: push.kind.as_str().to_owned(),
            ordered_by: push.order.as_ref().map(|order| order.by.clone()),
            reason: push.order.as_ref().map(|order| order.why.clone()),
            state: push.state.as_str().to_owned(),
            attempts: push.attempts,
            due_at: is_due.then(|| rfc3339(push.due_at)),
            last_error: push.last_error.clone(),
            location: push.location.clone(),
            batch: push.batch.clone(),
            message_id: push.message_id.clone(),
            is_test: push.is_test,
            link: push.link.clone(),
            losses: push.losses.clone(),
            created_at: rfc3339(push.created_at),
            updated_at: rfc3339(push.updated_at),
        }
    }
}

/// A list of pushes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushList {
    /// Oldest first.
    pub pushes: Vec<PushLine>,
}

/// A DSP that a release is taken off.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TakesDown {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// The DSP's name.
    pub name: String,
    /// `no_deal`, `end_date` or `purge`; nothing for a DSP that gets the label's own messages.
    pub form: Option<String>,
    /// The push that takes it down; nothing before it is queued, or where the DSP has not got the
    /// release yet.
    pub push: Option<String>,
    /// Pushes that would have brought the release there, and were called off.
    pub called_off: Vec<String>,
    /// What to know about it, as a sentence.
    pub note: Option<String>,
}

/// A release that was taken down.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TakedownDetail {
    /// User name of the label.
    pub label: String,
    /// Barcode as stated.
    pub icpn: Option<String>,
    /// The release's title.
    pub title: Option<String>,
    /// Who ordered it.
    pub ordered_by: String,
    /// Why.
    pub reason: String,
    /// From where.
    pub dsps: Vec<TakesDown>,
}

/// What holds the pushes to one DSP back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateLine {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// Since when a person has it paused; RFC 3339, UTC.
    pub paused_at: Option<String>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Why it is paused.
    pub reason: Option<String>,
    /// Failures in a row to reach it.
    pub failures: u32,
    /// Until when it is left alone; RFC 3339, UTC.
    pub closed_until: Option<String>,
    /// Why it could not be reached.
    pub last_error: Option<String>,
}

impl From<&Gate> for GateLine {
    fn from(gate: &Gate) -> Self {
        Self {
            dsp: gate.dsp.to_string(),
            paused_at: gate.pause.as_ref().map(|pause| rfc3339(pause.at)),
            paused_by: gate.pause.as_ref().map(|pause| pause.by.clone()),
            reason: gate.pause.as_ref().and_then(|pause| pause.why.clone()),
            failures: gate.failures,
            closed_until: gate.closed_until.map(rfc3339),
            last_error: gate.last_error.clone(),
        }
    }
}

/// DSPs to which pushes do not go at the moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GateList {
    /// By name; DSPs that are open are not in it.
    pub gates: Vec<GateLine>,
}
