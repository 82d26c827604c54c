//! Repairs a message as far as that needs no decision: inspects the folder once, then judges and
//! edits the text in turns until nothing is left that is certain.
//!
//! Several turns, because a fault hides others: of one element's children the schema check tells the
//! first fault only. Every turn is judged again; a change after which a rule finds more than before
//! is taken back and not tried again. Writes nothing: that is the caller's.

use super::{InspectError, Inspection, Request, message_bytes, survey};
use crate::domain::account::Profile;
use crate::domain::ern;
use crate::domain::facts::{SchemaCheck, SchemaFacts};
use crate::domain::limits::Limits;
use crate::domain::release::{ReadFaultKind, Reading};
use crate::domain::repair::Edit;
use crate::domain::report::{Finding, Report};
use crate::domain::rules::{Subject, judge};
use std::collections::HashSet;

/// Turns at most. A message with every known fault takes six.
const MOST_TURNS: usize = 100;
/// Findings of one code that are listed, and so repaired, in one turn.
const MOST_OF_A_CODE: u32 = 20_000;
/// Code of the rule that passes on what the schema check found; it tells more once a fault no longer
/// hides what is behind it.
const SCHEMA_CODE: &str = "XML-014";

/// What came of it.
#[derive(Debug)]
pub struct Repaired {
    /// Path of the message within the release folder; `None` when there is none.
    pub message_file: Option<String>,
    /// The folder inside which the release lies, if it lies one too deep.
    pub nested_in: Option<String>,
    /// The message as it is: UTF-8, and said to be. `None` when it is not well-formed.
    pub before: Option<String>,
    /// The repaired message; `None` when nothing was repaired.
    pub after: Option<String>,
    /// The findings that were repaired, in the order of the message.
    pub repaired: Vec<Finding>,
    /// What inspection says of the folder with the repaired message.
    pub report: Report,
}

/// Inspects a folder and repairs the text of its message.
///
/// # Errors
/// As inspection itself.
pub fn repair(request: &Request<'_>) -> Result<Repaired, InspectError> {
    let inspection = survey(request)?;
    let message_file = inspection.folder.messages.first().cloned();
    let bytes = message_file
        .as_ref()
        .map(|path| message_bytes(request, &inspection.folder, path));
    let before = bytes.and_then(|bytes| ern::editable(&bytes, request.limits));
    let limits = Limits {
        findings_per_code: MOST_OF_A_CODE,
        ..request.limits.clone()
    };
    let mut turns = Turns {
        request,
        inspection: &inspection,
        limits: &limits,
        refused: HashSet::new(),
        first: Vec::new(),
        repaired: Vec::new(),
    };
    let after = before.as_ref().map(|text| turns.run(text));
    let mut repaired = turns.repaired;
    repaired.sort_by_key(|finding| (finding.line, finding.column));
    let after = after.filter(|after| Some(after) != before.as_ref());
    let report = final_report(request, &inspection, after.as_deref());
    Ok(Repaired {
        nested_in: inspection.folder.nested_in.clone(),
        message_file,
        before,
        after,
        repaired,
        report,
    })
}

/// What `check` would say of the folder with this text as its message.
fn final_report(request: &Request<'_>, inspection: &Inspection, text: Option<&str>) -> Report {
    let Some(text) = text else {
        let reading = inspection.reading.as_ref();
        let schema = &inspection.schema;
        return judged(
            request,
            inspection,
            reading,
            schema,
            request.profile,
            request.limits,
        );
    };
    let reading = super::take(request, ern::read(text.as_bytes(), request.limits));
    let schema = request.schemas.check(&reading, request.profile);
    let (reading, limits) = (Some(&reading), request.limits);
    judged(
        request,
        inspection,
        reading,
        &schema,
        request.profile,
        limits,
    )
}

fn judged(
    request: &Request<'_>,
    inspection: &Inspection,
    reading: Option<&Reading>,
    schema: &SchemaFacts,
    profile: Profile,
    limits: &Limits,
) -> Report {
    judge(&Subject {
        folder: &inspection.folder,
        reading,
        message_file: inspection.folder.messages.first().map(String::as_str),
        schema,
        history: None,
        label_dpid: request.label_dpid,
        own_dpid: request.own_dpid,
        in_test: request.in_test,
        profile,
        policy: request.policy,
        limits,
        now: request.now,
    })
}

struct Turns<'a> {
    request: &'a Request<'a>,
    inspection: &'a Inspection,
    limits: &'a Limits,
    /// Edits after which more was wrong than before.
    refused: HashSet<Vec<Edit>>,
    /// What can be repaired in the message as it came.
    first: Vec<Finding>,
    repaired: Vec<Finding>,
}

/// How a text was judged.
struct Judged {
    report: Report,
    is_well_formed: bool,
}

impl Judged {
    /// What a repair may not add to: findings of all rules but the schema's.
    fn weight(&self) -> u32 {
        let findings = self.report.findings.iter();
        let told = findings.filter(|finding| finding.code != SCHEMA_CODE);
        told.map(Finding::number).sum()
    }

    fn is_worse_than(&self, before: &Self) -> bool {
        self.weight() > before.weight() || (before.is_well_formed && !self.is_well_formed)
    }
}

impl Turns<'_> {
    /// Repairs a text until nothing certain is left.
    fn run(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut now = self.judge(&text);
        self.first = self.repairable(&now.report, usize::MAX);
        // After a turn that made something worse its edits are tried one by one.
        let mut at_once = usize::MAX;
        for _ in 0..MOST_TURNS {
            let findings: Vec<Finding> = self.repairable(&now.report, at_once);
            let groups: Vec<&[Edit]> = findings.iter().map(|f| f.repair.as_slice()).collect();
            let edited = ern::apply(&text, &groups, self.limits);
            if !edited.done.contains(&true) {
                // What cannot be done beside others may be the next one's hindrance.
                if at_once == usize::MAX || findings.is_empty() {
                    break;
                }
                self.refused.extend(findings.into_iter().map(|f| f.repair));
                continue;
            }
            let next = self.judge(&edited.text);
            let done = findings.into_iter().zip(&edited.done);
            let done: Vec<Finding> = done.filter(|(_, done)| **done).map(|(f, _)| f).collect();
            if next.is_worse_than(&now) {
                if let [only] = done.as_slice() {
                    self.refused.insert(only.repair.clone());
                }
                at_once = 1;
                continue;
            }
            let placed = done
                .into_iter()
                .map(|finding| self.in_the_original(finding));
            let placed: Vec<Finding> = placed.collect();
            self.repaired.extend(placed);
            text = edited.text;
            now = next;
        }
        text
    }

    /// A finding of a later turn with its place in the message as it came; without a line where it
    /// showed only later.
    fn in_the_original(&self, finding: Finding) -> Finding {
        let is_it = |first: &&Finding| {
            first.code == finding.code
                && first.message == finding.message
                && first.track == finding.track
                && !self.repaired.iter().any(|done| done == *first)
        };
        let known = self.first.iter().find(is_it).cloned();
        known.unwrap_or(Finding {
            line: None,
            column: None,
            ..finding
        })
    }

    fn repairable(&self, report: &Report, most: usize) -> Vec<Finding> {
        let findings = report.findings.iter();
        findings
            .filter(|f| !f.repair.is_empty() && !self.refused.contains(&f.repair))
            .take(most)
            .cloned()
            .collect()
    }

    /// By the strict profile, which tells each deviation at its own place. Without the official
    /// schema our own has to do.
    fn judge(&self, text: &str) -> Judged {
        let reading = super::take(self.request, ern::read(text.as_bytes(), self.limits));
        let mut schema = self.request.schemas.check(&reading, Profile::Strict);
        if matches!(schema.check, SchemaCheck::Skipped { .. }) {
            schema = self.request.schemas.check(&reading, Profile::Guide);
        }
        let is_broken = |kind| kind == ReadFaultKind::NotWellFormed;
        Judged {
            is_well_formed: !reading.faults.iter().any(|fault| is_broken(fault.kind)),
            report: judged(
                self.request,
                self.inspection,
                Some(&reading),
                &schema,
                Profile::Strict,
                self.limits,
            ),
        }
    }
}
