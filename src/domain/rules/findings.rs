//! Where rules put what they have to say. Code, severity, title, source and the usual fix come from
//! the rule; a check gives the rest as a [`Note`].
//!
//! Of one code and severity only so many are kept; the rest is counted and told in one line, so that
//! a message with ten thousand faults makes neither a ten-thousand-line e-mail nor a slow one.

use super::super::account::Profile;
use super::super::release::Pos;
use super::super::report::{Finding, Severity};
use super::case::Case;
use super::wording::shown;
use super::{Rule, Subject};
use std::collections::BTreeMap;

/// Code of the rule that passes on what the schema check found.
const SCHEMA_CODE: &str = "XML-014";

/// What a check has to say of one fault.
#[derive(Default)]
pub(super) struct Note {
    message: String,
    fix: Option<String>,
    file: Option<String>,
    at: Option<(u32, u32, String)>,
    track: Option<u32>,
    expected: Option<String>,
    found: Option<String>,
    other: bool,
}

impl Note {
    /// What happened, in whole sentences.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// What to do here, more precisely than the rule's own words.
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The file that it is about, when that is not the message.
    pub(super) fn file(mut self, path: &str) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// The place in the message.
    pub(super) fn at(mut self, at: &Pos) -> Self {
        self.at = Some((at.line, at.column, at.path.clone()));
        self
    }

    /// The track.
    pub(super) fn track(mut self, number: u32) -> Self {
        self.track = Some(number);
        self
    }

    /// What was expected, short.
    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// What was found; a text of the label is quoted safely.
    pub(super) fn found(mut self, found: &str) -> Self {
        self.found = Some(shown(found));
        self
    }

    /// Weighs as the rule's other cases do.
    pub(super) fn other(mut self, other: bool) -> Self {
        self.other = other;
        self
    }
}

/// One finding with the place where it is sorted in.
struct Entry {
    finding: Finding,
    line: u32,
    column: u32,
}

/// What is counted of one code and severity.
#[derive(Default)]
struct Tally {
    kept: u32,
    dropped: u64,
}

/// The findings so far.
pub(super) struct Findings<'a> {
    profile: Profile,
    most: u32,
    message_file: Option<&'a str>,
    rule: &'static Rule,
    entries: Vec<Entry>,
    tallies: BTreeMap<(&'static str, Severity), Tally>,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        Self {
            profile: subject.profile,
            most: subject.limits.findings_per_code.max(1),
            message_file: subject.message_file,
            rule: &Rule::BASE,
            entries: Vec::new(),
            tallies: BTreeMap::new(),
        }
    }

    /// Runs one rule.
    pub(super) fn run(&mut self, rule: &'static Rule, case: &Case<'_>) {
        self.rule = rule;
        (rule.check)(case, self);
    }

    /// Adds what the running rule has to say.
    pub(super) fn add(&mut self, note: Note) {
        let weight = self.rule.weight;
        let grade = match weight.other {
            Some(other) if note.other => other,
            Some(_) | None => weight.usual,
        };
        let severity = grade.under(self.profile);
        let tally = self.tallies.entry((self.rule.code, severity)).or_default();
        if tally.kept >= self.most {
            tally.dropped += 1;
            return;
        }
        tally.kept += 1;
        let (line, column, path) = note.at.unwrap_or_default();
        let in_message = line > 0 || !path.is_empty();
        let file = note
            .file
            .or_else(|| self.message_file.filter(|_| in_message).map(str::to_owned));
        self.entries.push(Entry {
            finding: Finding {
                code: self.rule.code.to_owned(),
                severity,
                title: self.rule.title.to_owned(),
                message: note.message,
                fix: note.fix.unwrap_or_else(|| self.rule.fix.to_owned()),
                fixable: false,
                file: file.map(|file| shown_path(&file)),
                line: (line > 0).then_some(line),
                column: (column > 0).then_some(column),
                path: (!path.is_empty()).then_some(path),
                track: note.track,
                isrc: None,
                expected: note.expected,
                found: note.found,
                source: self.rule.source.to_owned(),
            },
            line,
            column,
        });
    }

    /// A hint that is dear to find out, unless findings of the running rule are only counted by now.
    pub(super) fn hint<T>(&self, find: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.is_full() { None } else { find() }
    }

    /// Whether more findings of the running rule would only be counted.
    fn is_full(&self) -> bool {
        self.tallies
            .range((self.rule.code, Severity::Error)..=(self.rule.code, Severity::Info))
            .any(|(_, tally)| tally.kept >= self.most)
    }

    /// Findings so far that block.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.entries
            .iter()
            .map(|entry| &entry.finding)
            .filter(|finding| finding.severity == Severity::Error && !self.is_double(finding))
    }

    /// A schema fault at a place where a rule of our own has already said the same, better, and no
    /// less gravely.
    fn is_double(&self, finding: &Finding) -> bool {
        finding.code == SCHEMA_CODE
            && finding.line.is_some()
            && self.entries.iter().any(|entry| {
                let other = &entry.finding;
                other.code != SCHEMA_CODE
                    // What the guide's dialect explains was left out before (`schema::Explained`).
                    && !("XML-008"..="XML-013").contains(&other.code.as_str())
                    && other.severity <= finding.severity
                    && other.line == finding.line
                    && last_element(other.path.as_deref()) == last_element(finding.path.as_deref())
            })
    }

    /// All of them, the gravest first, then by file and line; those about a track with its ISRC.
    pub(super) fn finish(mut self, case: &Case<'_>) -> Vec<Finding> {
        let doubles: Vec<bool> = self
            .entries
            .iter()
            .map(|entry| self.is_double(&entry.finding))
            .collect();
        let mut doubles = doubles.into_iter();
        self.entries.retain(|_| !doubles.next().unwrap_or(false));
        let isrcs: BTreeMap<u32, &str> = case
            .tracks
            .iter()
            .filter_map(|track| Some((track.number, track.recording.isrc.as_ref()?.as_str())))
            .collect();
        for entry in &mut self.entries {
            let isrc = entry.finding.track.and_then(|track| isrcs.get(&track));
            entry.finding.isrc = isrc.map(|isrc| shown(isrc));
        }
        let sums: Vec<Entry> = self
            .tallies
            .iter()
            .filter(|(_, tally)| tally.dropped > 0)
            .filter_map(|((code, severity), tally)| {
                let same = |entry: &&Entry| {
                    entry.finding.code == *code && entry.finding.severity == *severity
                };
                let last = self
                    .entries
                    .iter()
                    .filter(same)
                    .max_by_key(|entry| (&entry.finding.file, entry.line, entry.column))?;
                Some(summed_up(last, tally.dropped))
            })
            .collect();
        self.entries.extend(sums);
        self.entries.sort_by(|a, b| {
            let (x, y) = (&a.finding, &b.finding);
            (x.severity, &x.file, a.line, a.column, &x.code)
                .cmp(&(y.severity, &y.file, b.line, b.column, &y.code))
        });
        self.entries
            .into_iter()
            .map(|entry| entry.finding)
            .collect()
    }
}

/// The line that stands for findings that were only counted, right after the last one kept.
fn summed_up(last: &Entry, dropped: u64) -> Entry {
    let mut finding = last.finding.clone();
    finding.message = format!("… and {dropped} more of the same kind.");
    finding.line = None;
    finding.column = None;
    finding.path = None;
    finding.track = None;
    finding.isrc = None;
    finding.expected = None;
    finding.found = None;
    Entry {
        finding,
        line: last.line,
        column: u32::MAX,
    }
}

/// Element name at the end of a path, without prefix and number.
pub(super) fn last_element(path: Option<&str>) -> &str {
    let last = path
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let bare = last.split('[').next().unwrap_or_default();
    bare.rsplit(':').next().unwrap_or_default()
}

/// A path fit to be printed; paths that are in order stay whole, however long.
fn shown_path(path: &str) -> String {
    if path.chars().any(super::super::markup::is_unseen) {
        shown(path)
    } else {
        path.to_owned()
    }
}
