//! XML-014 … XML-016: what the schema check found, which check that was, and what DDEX has
//! deprecated.

use super::super::facts::{SchemaCheck, SchemaFault};
use super::super::release::{Dialect, Message, ReadFaultKind};
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note, last_element};
use super::message::{faults, note_of};
use super::wording::shown;
use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "XML-014",
        title: "XML breaks the schema",
        weight: Weight::BY_PROFILE,
        why: "The schema says which elements a message has, in which order, and with which values. \
              What the dialect of the guide or another rule explains is not told twice.",
        fix: "Correct the element so that it follows the schema of ERN 3.8.2.",
        source: "DDEX ERN 3.8.2, release-notification.xsd",
        ack: "NewReleaseMessageInvalid",
        check: schema_faults,
        ..Rule::BASE
    },
    Rule {
        code: "XML-015",
        title: "Official schema check was not run",
        weight: Weight::INFO,
        why: "A check that did not take place must not look like one that was passed.",
        fix: "Nothing has to be done by the label. The operator can install DDEX's schema files.",
        source: "drop zone",
        check: which_check,
        ..Rule::BASE
    },
    Rule {
        code: "XML-016",
        title: "Deprecated element or attribute",
        weight: Weight::INFO,
        why: "DDEX advises against it; what it says is not regarded here.",
        fix: "Leave it out.",
        source: "DDEX ERN 3.8.2; DDEX Business Profile 1.4, rule 2337",
        check: deprecated,
        ..Rule::BASE
    },
];

fn schema_faults(case: &Case<'_>, findings: &mut Findings<'_>) {
    // In a version that is not taken, each fault would be advice to repair the wrong message.
    if faults(case, |kind| kind == ReadFaultKind::WrongVersion)
        .next()
        .is_some()
    {
        return;
    }
    let schema = case.subject.schema;
    let dialect = case.message.map(Explained::by);
    for fault in &schema.faults {
        if dialect
            .as_ref()
            .is_some_and(|dialect| dialect.covers(fault))
        {
            continue;
        }
        let at = super::super::release::Pos {
            line: fault.line,
            column: 0,
            path: fault.path.clone(),
        };
        let mut note = Note::new(fault.message.clone())
            .at(&at)
            .repair(fault.repair.iter().cloned());
        if let Some(fix) = &fault.fix {
            note = note.fix(fix.clone());
        }
        if let Some(expected) = &fault.expected {
            note = note.expected(shown(expected));
        }
        if let Some(found) = &fault.found {
            note = note.found(found);
        }
        findings.add(note);
    }
    let untold = schema.total.saturating_sub(schema.faults.len());
    if untold > 0 {
        findings.add(
            Note::new(format!(
                "The schema check found {untold} more faults, which are not listed."
            ))
            .stands_for(untold),
        );
    }
}

/// Faults of the schema that D1–D6 already explain.
struct Explained<'a> {
    message: &'a Message,
    /// Paths of releases that are laid out in the guide's way.
    releases: Vec<String>,
}

impl<'a> Explained<'a> {
    fn by(message: &'a Message) -> Self {
        let layouts = message
            .dialect
            .iter()
            .filter(|found| found.dialect == Dialect::ReleaseLayout);
        Self {
            message,
            releases: layouts
                .filter_map(|found| release_of(&found.at.path))
                .collect(),
        }
    }

    fn covers(&self, fault: &SchemaFault) -> bool {
        let element = last_element(Some(&fault.path));
        let same_place = self.message.dialect.iter().any(|found| {
            found.at.line == fault.line
                && found.at.line > 0
                && (element.is_empty() || element == last_element(Some(&found.at.path)))
                && found.explains(fault.found.as_deref())
        });
        // Where the parts of a release stand in another order, the schema check stumbles over
        // whichever comes first, and then misses the rest at the release itself.
        let layout = matches!(
            element,
            "Release"
                | "ReleaseDate"
                | "ReleaseType"
                | "ReleaseResourceReferenceList"
                | "ReleaseDetailsByTerritory"
        );
        same_place
            || (layout
                && release_of(&fault.path).is_some_and(|release| self.releases.contains(&release)))
    }
}

/// `/NewReleaseMessage/ReleaseList/Release[1]` of a path below it, without prefixes. The first of
/// several has the number 1 in some paths and none in others.
fn release_of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| part.rsplit(':').next().unwrap_or_default())
        .collect();
    let end = parts
        .iter()
        .position(|part| part.split('[').next() == Some("Release"))?;
    let release = parts.get(..=end)?.join("/");
    Some(release.trim_end_matches("[1]").to_owned())
}

fn which_check(case: &Case<'_>, findings: &mut Findings<'_>) {
    if case.subject.reading.is_none() {
        return;
    }
    let check = &case.subject.schema.check;
    if case.message.is_none() && !matches!(check, SchemaCheck::Official { .. }) {
        let note = Note::new(
            "The contents of the message were not checked, neither against the schema nor by our \
             rules, because it cannot be read. Audio and artwork were checked.",
        );
        findings.add(note.fix(
            "Mend what keeps the message from being read, which is told beside this, and upload it \
             again. The rest of it is checked then, and may have faults of its own.",
        ));
        return;
    }
    let said = match check {
        SchemaCheck::Official { .. } => return,
        SchemaCheck::Guide => {
            "The message was checked against our own schema of the guide's dialect, not against \
             DDEX's official schema: a store's own check may find more."
                .to_owned()
        }
        SchemaCheck::NotRun => {
            "The message was not checked against DDEX's official schema, because its files are not \
             installed here. All other rules were applied; a store's own check may find more."
                .to_owned()
        }
        SchemaCheck::Skipped { why } => format!(
            "The message was not checked against DDEX's official schema: {}. All other rules were \
             applied; a store's own check may find more.",
            why.trim_end_matches('.')
        ),
    };
    findings.add(Note::new(said));
}

fn deprecated(case: &Case<'_>, findings: &mut Findings<'_>) {
    for fault in faults(case, |kind| kind == ReadFaultKind::Deprecated) {
        let note = note_of(case, fault);
        // Nobody regards it: to leave it out changes nothing.
        let is_idle = last_element(Some(&fault.at.path)) == "UpdateIndicator";
        let removal = is_idle.then(|| Edit::Remove {
            path: fault.at.path.clone(),
        });
        findings.add(note.repair(removal));
    }
}
