//! XML-001 … XML-007: whether the message can be read at all, and is one that we take.

use super::super::release::{MessageKind, ReadFault, ReadFaultKind};
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note};
use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "XML-001",
        title: "XML is not well-formed",
        why: "A program cannot read an XML file with such a fault. Rules about titles, identifiers \
              and deals can only be checked once it is corrected; files were checked all the same.",
        fix: "Correct this place; most often it is a “&” that has to be written “&amp;”, or a tag \
              that is not closed. Any browser shows the place when you open the file in it.",
        source: "W3C XML 1.0, 2.1",
        ack: "NewReleaseMessageInvalid",
        safety: true,
        check: |case, findings| pass_on(case, findings, ReadFaultKind::NotWellFormed),
        ..Rule::BASE
    },
    Rule {
        code: "XML-002",
        title: "XML has a DOCTYPE",
        why: "Document types and entity declarations can make a program read other files or fill \
              its memory. DDEX messages need none.",
        fix: "Delete the DOCTYPE and everything that belongs to it.",
        source: "OWASP XML External Entity Prevention; drop zone",
        ack: "NewReleaseMessageInvalid",
        safety: true,
        check: |case, findings| pass_on(case, findings, ReadFaultKind::Doctype),
        ..Rule::BASE
    },
    Rule {
        code: "XML-003",
        title: "Encoding is not the declared one",
        why: "When the first line says UTF-8 and the bytes are something else, every accent comes \
              out wrong in the stores.",
        fix: "Save the file as UTF-8 with your editor and upload it again.",
        source: "W3C XML 1.0, 4.3.3",
        ack: "NewReleaseMessageInvalid",
        check: |case, findings| pass_on(case, findings, ReadFaultKind::Encoding),
        ..Rule::BASE
    },
    Rule {
        code: "XML-004",
        title: "Text looks wrongly encoded",
        weight: Weight::WARNING,
        why: "Texts such as “BeyoncÃ©” come from a file that was converted twice.",
        fix: "Write the text again in your software and save the file as UTF-8.",
        source: "drop zone",
        check: |case, findings| pass_on(case, findings, ReadFaultKind::Mojibake),
        ..Rule::BASE
    },
    Rule {
        code: "XML-005",
        title: "Not a NewReleaseMessage",
        why: "Releases come as NewReleaseMessage. Other DDEX messages are not taken here.",
        fix: "Send a NewReleaseMessage for this release. To take a release down, write to us.",
        source: "guide, File checklist",
        ack: "ErnMissing",
        check: wrong_message,
        ..Rule::BASE
    },
    Rule {
        code: "XML-006",
        title: "ERN version is not taken",
        why: "Your account is set to ERN 3.8.2; other versions are built differently.",
        fix: "Let your software write ERN 3.8.2, or ask us to set your account to this version.",
        source: "guide, File checklist (“DDEX 3.8.2 NewReleaseMessage”)",
        ack: "NewReleaseMessageInvalid",
        check: |case, findings| pass_on(case, findings, ReadFaultKind::WrongVersion),
        ..Rule::BASE
    },
    Rule {
        code: "XML-007",
        title: "Namespace and stated version disagree",
        weight: Weight::WARNING,
        why: "The namespace of the root and MessageSchemaVersionId name different versions; we \
              went by the namespace.",
        fix: "Let both name the same version (“ern/382”).",
        source: "DDEX ERN 3.8.2, NewReleaseMessage",
        check: |case, findings| pass_on(case, findings, ReadFaultKind::VersionMismatch),
        ..Rule::BASE
    },
];

/// The reader's faults of one kind.
pub(super) fn faults<'a>(
    case: &Case<'a>,
    wanted: impl Fn(ReadFaultKind) -> bool,
) -> impl Iterator<Item = &'a ReadFault> {
    let faults = case
        .subject
        .reading
        .map(|reading| reading.faults.as_slice());
    faults
        .unwrap_or_default()
        .iter()
        .filter(move |fault| wanted(fault.kind))
}

/// Makes a finding of each of the reader's faults of a kind. What passes a limit is told under
/// XML-001: for us it cannot be read.
fn pass_on(case: &Case<'_>, findings: &mut Findings<'_>, kind: ReadFaultKind) {
    let wanted = |found: ReadFaultKind| {
        found == kind || (kind == ReadFaultKind::NotWellFormed && found == ReadFaultKind::TooMuch)
    };
    let version = case.message.map_or("", |message| message.version.as_str());
    for fault in faults(case, wanted) {
        let note = note_of(case, fault);
        // The namespace decides; the attribute follows it.
        let follows = fault.kind == ReadFaultKind::VersionMismatch && !version.is_empty();
        let edit = follows.then(|| Edit::set(&fault.at.path, format!("ern/{version}")));
        findings.add(note.repair(edit));
    }
}

/// The reader's own words; without a place they are still about the message.
pub(super) fn note_of(case: &Case<'_>, fault: &ReadFault) -> Note {
    let note = Note::new(fault.message.clone()).at(&fault.at);
    let note = match case.subject.message_file {
        Some(path) => note.file(path),
        None => note,
    };
    match &fault.fix {
        Some(fix) => note.fix(fix.clone()),
        None => note,
    }
}

fn wrong_message(case: &Case<'_>, findings: &mut Findings<'_>) {
    // That a release is not purged is UPD-010's.
    if case.purge().is_some() {
        return;
    }
    let mut told = false;
    for fault in faults(case, |kind| kind == ReadFaultKind::WrongRoot) {
        findings.add(note_of(case, fault));
        told = true;
    }
    let message = case
        .subject
        .reading
        .and_then(|reading| reading.message.as_ref());
    let Some(message) = message.filter(|_| !told) else {
        return;
    };
    let what = match message.kind {
        MessageKind::NewRelease | MessageKind::Purge => return,
        MessageKind::CatalogList => "This is a CatalogListMessage; it delivers no release.",
        MessageKind::Other => "This is no message that we know.",
    };
    findings.add(
        Note::new(what)
            .at(&message.at)
            .expected("NewReleaseMessage"),
    );
}
