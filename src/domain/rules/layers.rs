//! Layers: what a rule needs before it can be applied, and which rules could not be.
//!
//! A fault in one layer hides nothing in the others: files, audio and artwork are judged whatever
//! became of the message. What could not be judged is said, so that silence is never taken for
//! praise.

use super::super::release::{MessageKind, ReadFaultKind};
use super::super::report::NotRun;
use super::case::{Case, is_fatal};
use super::{CATALOGUE, Rule};

/// What the rules of a table look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The folder and its files.
    Package,
    /// Whether the message can be read, and follows the schema.
    Message,
    /// What the message says; nothing of it is judged when the message cannot be read.
    Content,
    /// Audio and artwork; judged whatever became of the message.
    Media,
    /// What the package is to those that came before.
    History,
}

/// What a rule needs besides what its table looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// A message that was read whole.
    Message,
    /// The label's earlier packages.
    History,
}

/// The rules that could not be applied.
pub(super) fn not_run(case: &Case<'_>) -> Vec<NotRun> {
    let no_message = no_message(case);
    let silent = |layer: Layer, rule: &Rule| {
        no_message.is_some() && (layer == Layer::Content || rule.needs == Needs::Message)
    };
    let mut missing = Vec::new();
    if let Some(why) = &no_message {
        missing.push(NotRun {
            what: "What the message says of the release, its tracks, files and deals".to_owned(),
            why: why.clone(),
            codes: codes(silent),
        });
    }
    if case.subject.history.is_none() {
        missing.push(NotRun {
            what: "What only a comparison with your earlier uploads can show".to_owned(),
            why: "a folder that is checked offline has no history".to_owned(),
            codes: codes(|layer, rule| rule.needs == Needs::History && !silent(layer, rule)),
        });
    }
    missing
}

fn codes(wanted: impl Fn(Layer, &Rule) -> bool) -> Vec<String> {
    CATALOGUE
        .iter()
        .filter(|(layer, rule)| wanted(*layer, rule) && !rule.at_the_door && !rule.for_a_dsp)
        .map(|(_, rule)| rule.code.to_owned())
        .collect()
}

/// Why the contents of the message could not be judged.
fn no_message(case: &Case<'_>) -> Option<String> {
    if case.message.is_some() {
        return None;
    }
    let Some(reading) = case.subject.reading else {
        return Some(match case.subject.message_file {
            Some(_) => "the message could not be read".to_owned(),
            None => "the folder has no message (PKG-002)".to_owned(),
        });
    };
    let fatal = reading.faults.iter().find(|fault| is_fatal(fault.kind));
    let kind = reading.message.as_ref().map(|message| message.kind);
    if case.purge().is_some() {
        return Some("it asks for a release to be purged (UPD-010)".to_owned());
    }
    let why = match fatal.map(|fault| fault.kind) {
        Some(ReadFaultKind::NotWellFormed) => "the XML is broken (XML-001)",
        Some(ReadFaultKind::TooMuch) => "the XML goes beyond a limit (XML-001)",
        Some(ReadFaultKind::Doctype) => "the XML has a DOCTYPE (XML-002)",
        Some(ReadFaultKind::WrongRoot) => "it is no NewReleaseMessage (XML-005)",
        Some(ReadFaultKind::WrongVersion) => "its ERN version is not taken (XML-006)",
        Some(
            ReadFaultKind::Encoding
            | ReadFaultKind::Mojibake
            | ReadFaultKind::VersionMismatch
            | ReadFaultKind::Deprecated,
        )
        | None => match kind {
            Some(MessageKind::CatalogList | MessageKind::Purge | MessageKind::Other) => {
                "it is no NewReleaseMessage (XML-005)"
            }
            Some(MessageKind::NewRelease) | None => "the message breaks off",
        },
    };
    Some(why.to_owned())
}
