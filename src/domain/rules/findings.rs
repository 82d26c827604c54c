//! Where rules put what they have to say. Code, severity, title, source and the usual fix come from
//! the rule; a check gives the rest as a [`Note`].
//!
//! Of one code and severity only so many are kept; the rest is counted and told in one line, so that
//! a message with ten thousand faults makes neither a ten-thousand-line e-mail nor a slow one. What
//! a label has agreed for a rule (`policy`) is applied here and nowhere else.

use super::super::account::Profile;
use super::super::policy::Policy;
use super::super::release::Pos;
use super::super::repair::Edit;
use super::super::report::attempts::Problem;
use super::super::report::{Finding, Muted, Severity};
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
    more: Option<u32>,
    repair: Vec<Edit>,
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

    /// What puts it right, when that is certain. A rule that is not sure leaves it to a person.
    pub(super) fn repair(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.repair.extend(edits);
        self
    }

    /// Stands for so many findings, which are not listed.
    pub(super) fn stands_for(mut self, number: usize) -> Self {
        self.more = Some(u32::try_from(number).unwrap_or(u32::MAX));
        self
    }
}

/// One finding with the place where it is sorted in.
struct Entry {
    finding: Finding,
    line: u32,
    column: u32,
    /// Its rule is switched off for this label.
    muted: bool,
}

/// What is counted of one code and severity.
#[derive(Default)]
struct Tally {
    kept: u32,
    dropped: u32,
}

/// A code, a severity, and whether the rule is switched off for this label.
type Kind = (&'static str, Severity, bool);

/// The findings so far.
pub(super) struct Findings<'a> {
    profile: Profile,
    policy: &'a Policy,
    most: u32,
    message_file: Option<&'a str>,
    rule: &'static Rule,
    entries: Vec<Entry>,
    tallies: BTreeMap<Kind, Tally>,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        Self {
            profile: subject.profile,
            policy: subject.policy,
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
        let usual = grade.under(self.profile);
        let weighed = self.rule.weigh(usual, self.policy);
        let (severity, muted) = (weighed.unwrap_or(usual), weighed.is_none());
        let tally = self
            .tallies
            .entry((self.rule.code, severity, muted))
            .or_default();
        // Which schema faults are told by other rules is known at the end only, and the schema check
        // lists few; they are cut in `finish`.
        if tally.kept >= self.most && self.rule.code != SCHEMA_CODE {
            tally.dropped = tally.dropped.saturating_add(note.more.unwrap_or(1));
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
                usual: (severity != usual).then_some(usual),
                title: self.rule.title.to_owned(),
                message: note.message,
                fix: note.fix.unwrap_or_else(|| self.rule.fix.to_owned()),
                fixable: !note.repair.is_empty(),
                repair: note.repair,
                file: file.map(|file| shown_path(&file)),
                line: (line > 0).then_some(line),
                column: (column > 0).then_some(column),
                path: (!path.is_empty()).then_some(path),
                track: note.track,
                isrc: None,
                expected: note.expected,
                found: note.found,
                source: self.rule.source.to_owned(),
                more: note.more,
                standing: None,
            },
            line,
            column,
            muted,
        });
    }

    /// A hint that is dear to find out, unless findings of the running rule are only counted by now.
    pub(super) fn hint<T>(&self, find: impl FnOnce() -> Option<T>) -> Option<T> {
        if self.is_full() { None } else { find() }
    }

    /// Whether the rule of that code, which ran before, found something that blocks.
    pub(super) fn blocks(&self, code: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.finding.code == code && is_error(entry))
    }

    /// Whether a finding of that rule blocks for this label, if there is one.
    pub(super) fn may_block(&self, code: &str) -> bool {
        super::rule(code).is_some_and(|rule| {
            let usual = rule.weight.usual.under(self.profile);
            rule.weigh(usual, self.policy) == Some(Severity::Error)
        })
    }

    /// Whether more findings of the running rule would only be counted.
    fn is_full(&self) -> bool {
        let code = self.rule.code;
        self.tallies
            .range((code, Severity::Error, false)..=(code, Severity::Info, true))
            .any(|(_, tally)| tally.kept >= self.most)
    }

    /// Findings so far that block, as another attempt knows them again, and those that are only
    /// counted.
    pub(super) fn problems(&self, case: &Case<'_>) -> Vec<Problem> {
        let isrcs = isrcs(case);
        let kept = self
            .entries
            .iter()
            .filter(|entry| is_error(entry) && !self.is_double(entry))
            .map(|entry| Problem {
                isrc: isrc_of(&entry.finding, &isrcs),
                ..entry.finding.problem()
            });
        let counted = self.tallies.iter().filter_map(|(kind, tally)| {
            let (code, severity, muted) = kind;
            let counts = tally.dropped > 0 && *severity == Severity::Error && !muted;
            counts.then(|| Problem::unlisted(code, tally.dropped))
        });
        kept.chain(counted).collect()
    }

    /// A schema fault at a place where a rule of our own has already said the same, better, and no
    /// less gravely. One that was left out has said nothing.
    fn is_double(&self, entry: &Entry) -> bool {
        self.told_by(entry).is_some()
    }

    /// Which entry says what a schema fault says.
    fn told_by(&self, entry: &Entry) -> Option<usize> {
        let finding = &entry.finding;
        if finding.code != SCHEMA_CODE || finding.line.is_none() {
            return None;
        }
        self.entries.iter().position(|entry| {
            let other = &entry.finding;
            other.code != SCHEMA_CODE
                && !entry.muted
                // What the guide's dialect explains was left out before (`schema::Explained`).
                && !("XML-008"..="XML-013").contains(&other.code.as_str())
                && other.severity <= finding.severity
                && other.line == finding.line
                && last_element(other.path.as_deref()) == last_element(finding.path.as_deref())
        })
    }

    /// Leaves out what is told twice; a repair that only the schema knew goes to the one that stays.
    fn leave_out_doubles(&mut self) {
        let told: Vec<Option<usize>> = self.entries.iter().map(|e| self.told_by(e)).collect();
        for (place, teller) in told.iter().enumerate() {
            let entry = self.entries.get_mut(place).filter(|_| teller.is_some());
            let repair = entry.map(|entry| std::mem::take(&mut entry.finding.repair));
            let teller = teller.and_then(|teller| self.entries.get_mut(teller));
            if let (Some(repair), Some(Entry { finding, .. })) = (repair, teller)
                && finding.repair.is_empty()
            {
                finding.fixable = !repair.is_empty();
                finding.repair = repair;
            }
        }
        let mut told = told.into_iter();
        self.entries.retain(|_| told.next().flatten().is_none());
    }

    /// All of them, the gravest first, then by file and line, those about a track with its ISRC; and
    /// beside them how many were left out for this label.
    pub(super) fn finish(mut self, case: &Case<'_>) -> (Vec<Finding>, Vec<Muted>) {
        self.leave_out_doubles();
        self.cut_schema_faults();
        let muted = self.take_muted();
        let isrcs = isrcs(case);
        for entry in &mut self.entries {
            entry.finding.isrc = isrc_of(&entry.finding, &isrcs);
        }
        let sums: Vec<Entry> = self
            .tallies
            .iter()
            .filter(|(_, tally)| tally.dropped > 0)
            .filter_map(|(kind, tally)| Some(summed_up(self.last_of(kind)?, tally.dropped)))
            .collect();
        self.entries.extend(sums);
        self.entries.sort_by(|a, b| {
            let (x, y) = (&a.finding, &b.finding);
            (x.severity, &x.file, a.line, a.column, &x.code)
                .cmp(&(y.severity, &y.file, b.line, b.column, &y.code))
        });
        let findings = self.entries.into_iter().map(|entry| entry.finding);
        (findings.collect(), muted)
    }

    /// The last of a kind, in the order of the report.
    fn last_of(&self, (code, severity, muted): &Kind) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.muted == *muted && entry.finding.severity == *severity)
            .filter(|entry| entry.finding.code == *code)
            .max_by_key(|entry| (&entry.finding.file, entry.line, entry.column))
    }

    /// Keeps the first schema faults of those that nobody else tells; the rest is counted.
    fn cut_schema_faults(&mut self) {
        let (most, tallies) = (self.most, &mut self.tallies);
        let mut kept: BTreeMap<(Severity, bool), u32> = BTreeMap::new();
        self.entries.retain(|entry| {
            let (finding, muted) = (&entry.finding, entry.muted);
            if finding.code != SCHEMA_CODE {
                return true;
            }
            let kept = kept.entry((finding.severity, muted)).or_default();
            *kept += 1;
            if *kept <= most {
                return true;
            }
            let tally = tallies
                .entry((SCHEMA_CODE, finding.severity, muted))
                .or_default();
            tally.dropped = tally.dropped.saturating_add(finding.number());
            false
        });
    }

    /// Takes out what is left out for this label, and counts it.
    fn take_muted(&mut self) -> Vec<Muted> {
        let mut muted: BTreeMap<String, Muted> = BTreeMap::new();
        for Entry { finding, .. } in self.entries.extract_if(.., |entry| entry.muted) {
            let sum = muted.entry(finding.code.clone()).or_insert(Muted {
                code: finding.code.clone(),
                title: finding.title.clone(),
                usual: finding.severity,
                count: 0,
            });
            sum.usual = sum.usual.min(finding.severity);
            sum.count = sum.count.saturating_add(finding.number());
        }
        for ((code, _, _), tally) in self.tallies.iter().filter(|((_, _, muted), _)| *muted) {
            if let Some(sum) = muted.get_mut(*code) {
                sum.count = sum.count.saturating_add(tally.dropped);
            }
        }
        muted.into_values().collect()
    }
}

/// The stated ISRC of each track.
fn isrcs<'a>(case: &Case<'a>) -> BTreeMap<u32, &'a str> {
    case.tracks
        .iter()
        .filter_map(|track| Some((track.number, track.recording.isrc.as_ref()?.as_str())))
        .collect()
}

fn isrc_of(finding: &Finding, isrcs: &BTreeMap<u32, &str>) -> Option<String> {
    let isrc = finding.track.and_then(|track| isrcs.get(&track));
    isrc.map(|isrc| shown(isrc))
}

/// A finding that blocks.
fn is_error(entry: &Entry) -> bool {
    !entry.muted && entry.finding.severity == Severity::Error
}

/// The line that stands for findings that were only counted, right after the last one kept.
fn summed_up(last: &Entry, dropped: u32) -> Entry {
    let mut finding = last.finding.clone();
    finding.message = format!("… and {dropped} more of the same kind.");
    finding.fixable = false;
    finding.repair.clear();
    finding.line = None;
    finding.column = None;
    finding.path = None;
    finding.track = None;
    finding.isrc = None;
    finding.expected = None;
    finding.found = None;
    finding.more = Some(dropped);
    Entry {
        finding,
        line: last.line,
        column: u32::MAX,
        muted: false,
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
