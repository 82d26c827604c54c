//! `dropzone push show`: everything about one push.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{find_push, rfc3339, shown, time};
use super::shapes::PushLine;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::{Push, Said};
use crate::store::{PushMore, Store};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// One push with all that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PushDetail {
    /// As lists show it.
    #[serde(flatten)]
    pub push: PushLine,
    /// Tries that failed since approval or since a person last asked for another.
    pub failures: u32,
    /// `MessageThreadId`: one for the release at the DSP, for ever.
    pub thread: Option<String>,
    /// A person wants it not before then; RFC 3339, UTC.
    pub scheduled_for: Option<String>,
    /// From when its age counts; RFC 3339, UTC.
    pub since: String,
    /// Only the DSP's word makes it delivered.
    pub awaits_acknowledgement: bool,
    /// What the DSP said, oldest first.
    pub answers: Vec<AnswerLine>,
}

/// One word of a DSP.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerLine {
    /// When it was read; RFC 3339, UTC.
    pub at: String,
    /// Name of the file at the DSP.
    pub file: String,
    /// The DSP's word: `FileOK`, `ResourceCorrupt` …
    pub status: String,
    /// Its explanation, if it gave one.
    pub text: Option<String>,
}

impl From<&Said> for AnswerLine {
    fn from(said: &Said) -> Self {
        Self {
            at: rfc3339(said.at),
            file: said.file.clone(),
            status: said.status.clone(),
            text: said.text.clone(),
        }
    }
}

/// Runs it.
pub fn run(id: &str, store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let push = find_push(store, id)?;
    let more = store.push_more(&push.id)?;
    if context.json {
        context.write_json(&detail(&push, &more))?;
    } else {
        text(&push, &more, context)?;
    }
    Ok(Done::Fine)
}

fn detail(push: &Push, more: &PushMore) -> PushDetail {
    PushDetail {
        push: PushLine::from(push),
        failures: more.failures,
        thread: more.thread.clone(),
        scheduled_for: more.appointment.map(rfc3339),
        since: rfc3339(push.since),
        awaits_acknowledgement: push.awaits_ack,
        answers: more.answers.iter().map(AnswerLine::from).collect(),
    }
}

fn text(push: &Push, more: &PushMore, context: &mut Context<'_>) -> Result<(), Failure> {
    let test = if push.is_test { ", as a test" } else { "" };
    let out = &mut *context.out;
    writeln!(out, "{} is {}{test}", push.id, push.state)?;
    writeln!(out)?;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<14} {}", shown(value));
    line("package", push.package.as_str())?;
    line("dsp", push.dsp.as_str())?;
    line("kind", push.kind.as_str())?;
    let failed = match more.failures {
        0 => String::new(),
        failures => format!(", of which {failures} failed since it was last asked for"),
    };
    line("tries", &format!("{}{failed}", push.attempts))?;
    let waits = matches!(push.state, PushState::Queued | PushState::SentUnknown);
    if waits && push.due_at < Timestamp::MAX {
        let wish = if more.appointment.is_some() {
            ", as a person wants it"
        } else {
            ""
        };
        line("not before", &format!("{}{wish}", time(push.due_at)))?;
    }
    let optional = [
        ("why", &push.last_error),
        ("location", &push.location),
        ("link", &push.link),
        ("batch", &push.batch),
        ("message", &push.message_id),
        ("thread", &more.thread),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            line(name, value)?;
        }
    }
    let counts = if push.awaits_ack {
        "with the DSP's own word"
    } else {
        "with the last byte"
    };
    line("delivered", counts)?;
    line("approved", &time(push.created_at))?;
    line("changed", &time(push.updated_at))?;
    if !push.losses.is_empty() {
        writeln!(out, "\nThe DSP will not read (DSP-003):")?;
        for loss in &push.losses {
            writeln!(out, "- {}", shown(loss))?;
        }
    }
    if !more.answers.is_empty() {
        writeln!(out, "\nWhat the DSP said:")?;
        for said in &more.answers {
            let text = said
                .text
                .as_ref()
                .map(|text| format!(": {}", shown(text)))
                .unwrap_or_default();
            let (at, status, file) = (time(said.at), shown(&said.status), shown(&said.file));
            writeln!(out, "- {at} {status}{text} ({file})")?;
        }
    }
    Ok(())
}
