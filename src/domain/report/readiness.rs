//! Whether a release may go to each of the label's DSPs, in the words of the reviewer.

use super::{Finding, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule of what one DSP requires; its findings are told by what is missing.
const REQUIRED: &str = "DSP-012";

/// What stands in the way of one DSP, and what the reviewer should know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// The DSP's name for people.
    pub name: String,
    /// No error: the release would be pushed.
    pub ready: bool,
    /// Rules DSP-…, the gravest first.
    pub findings: Vec<Finding>,
}

impl Readiness {
    /// What is missing or wrong, in few words: `needs a composer on tracks 1 and 3`.
    pub fn obstacles(&self) -> String {
        let errors = || {
            let findings = self.findings.iter();
            findings.filter(|finding| finding.severity == Severity::Error)
        };
        let mut needs: Vec<(String, Vec<u32>)> = Vec::new();
        for finding in errors().filter(|finding| finding.code == REQUIRED) {
            let what = finding.expected.clone().unwrap_or_default();
            match needs.iter_mut().find(|(known, _)| *known == what) {
                Some((_, tracks)) => tracks.extend(finding.track),
                None => needs.push((what, finding.track.into_iter().collect())),
            }
        }
        let needs: Vec<String> = needs
            .into_iter()
            .map(|(what, tracks)| match tracks.as_slice() {
                [] => what,
                [one] => format!("{what} on track {one}"),
                _ => format!("{what} on tracks {}", listed(&tracks)),
            })
            .collect();
        let mut parts = Vec::new();
        if !needs.is_empty() {
            parts.push(format!("needs {}", listed(&needs)));
        }
        let mut told: Vec<&str> = Vec::new();
        for finding in errors().filter(|finding| finding.code != REQUIRED) {
            if told.contains(&finding.code.as_str()) {
                continue;
            }
            told.push(&finding.code);
            let message = finding.message.trim_end_matches('.');
            parts.push(format!("cannot have it ({}: {message})", finding.code));
        }
        parts.join(", and ")
    }
}

/// All DSPs in one line: `ready for A and B; C needs a composer on track 3`.
pub fn sentence(all: &[Readiness]) -> String {
    let ready: Vec<&str> = all
        .iter()
        .filter(|one| one.ready)
        .map(|one| one.name.as_str())
        .collect();
    let mut parts = Vec::new();
    if !ready.is_empty() {
        parts.push(format!("ready for {}", listed(&ready)));
    }
    for one in all.iter().filter(|one| !one.ready) {
        parts.push(format!("{} {}", one.name, one.obstacles()));
    }
    parts.join("; ")
}

/// `1, 2 and 3`.
fn listed<T: ToString>(parts: &[T]) -> String {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
