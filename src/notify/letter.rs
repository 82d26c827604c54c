//! What a letter says, before any template: the names that templates may use.
//!
//! Every field of `Letter` is a name in the templates. All text in it has been made safe to show
//! (`domain::visible`); templates ending in `.html` escape it besides.

use crate::domain::ids::DspId;
use crate::domain::letter::{LetterKind, Subject};
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::PushState;
use crate::domain::package::{Event, Package};
use crate::domain::places;
use crate::domain::push::{Order, Push, PushKind};
use crate::domain::report::view::{self, Group, Track, plural};
use crate::domain::report::{Counts, Finding, Severity};
use crate::domain::visible::one_line;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Findings in one letter; the report has them all.
const FINDINGS: usize = 200;
/// Longest release title in a subject, so that what happened is still seen after it.
const SUBJECT_TITLE_CHARACTERS: usize = 80;

/// What of the house appears in letters.
pub(super) struct House<'a> {
    pub(super) service: &'a str,
    pub(super) can_reply: bool,
    pub(super) dsp_names: &'a BTreeMap<DspId, String>,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question that templates ask"
)]
pub(super) struct Letter {
    /// Which letter: `invalid`, `needs_qc` …
    kind: &'static str,
    /// The guide's name of the status that the letter tells of: `Needs QC`.
    status: &'static str,
    /// Name of this service.
    service: String,
    /// An answer to the mail reaches a person.
    can_reply: bool,
    /// The label's user name.
    label: String,
    /// The release's title, or its folder when the title is not known: for subjects.
    subject_title: String,
    /// ` [5034567890120]`, or nothing: for subjects.
    subject_tag: String,
    /// `Title – Artist`, or the folder.
    release: String,
    /// Title; may be empty.
    title: String,
    /// Artist; may be empty.
    artist: String,
    /// Barcode; may be empty.
    icpn: String,
    /// Release date; may be empty.
    release_date: String,
    /// Number of tracks; 0 when not known.
    tracks: u32,
    /// The tracks as stated and measured; empty while there is no report.
    track_list: Vec<Track>,
    /// Cover in one line; may be empty.
    cover: String,
    /// Folder as the label sees it: `/incoming/Artist_Title`.
    folder: String,
    /// Number of the upload within the release, from 1.
    attempt: u32,
    /// Identifier of the package.
    package: String,
    /// When it was received: `1 April 2026, 10:15 UTC`.
    received: String,
    /// `3 problems`, `1 problem`.
    problems: String,
    /// `2 warnings and 1 question`-like words for what does not block; may be empty.
    others: String,
    /// Number of problems.
    error_count: u32,
    /// What blocks, by file.
    errors: Vec<Group>,
    /// What the reviewer has to look at, by file.
    questions: Vec<Group>,
    /// What does not block, by file.
    warnings: Vec<Group>,
    /// Notes, by file.
    notes: Vec<Group>,
    /// Findings that are in the report only.
    more: u32,
    /// What was left out, because rules are switched off for this label; may be empty.
    muted: String,
    /// How the attempt compares with the one before; may be empty.
    comparison: String,
    /// Where the report lies on the SFTP server.
    report_path: String,
    /// What the reviewer wrote, what of the upload space is used up, or why we took the release
    /// down; may be empty.
    note: String,
    /// It is a test, which goes to no DSP.
    test: bool,
    /// The package takes its release down; a test does not.
    takedown: bool,
    /// We took the release down, not the label.
    by_us: bool,
    /// When the package was received that this one is the same as: `1 April 2026, 10:15 UTC`; may
    /// be empty.
    sent_before: String,
    /// What the upload waits for.
    waiting_for: Vec<String>,
    /// DSPs that the letter speaks of, by name.
    dsps: Vec<String>,
    /// There are pushes; where `dsps` is empty, none of them goes now.
    has_pushes: bool,
    /// What failed, for the operator; may be empty.
    why: String,
    /// Pushes that were given up, for the operator.
    failed: Vec<FailedPush>,
}

/// A push that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FailedPush {
    /// Identifier of the push.
    id: String,
    /// The DSP, by name.
    dsp: String,
    /// Tries begun, in words.
    attempts: String,
    /// Why the last one failed.
    error: String,
    /// It would have taken the release down.
    takedown: bool,
    /// It may be at the DSP, and nobody could find out.
    unknown: bool,
    /// What can be done.
    ways: Vec<Way>,
}

/// Something that can be done about a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Way {
    /// When, or what for; as wide as the others.
    what: String,
    /// The command.
    command: String,
}

impl Letter {
    pub(super) fn new(kind: LetterKind, subject: &Subject, house: &House<'_>) -> Self {
        let package = &subject.package;
        let report = subject.report.as_ref();
        let release = report.map(|report| &report.release);
        let title = release
            .and_then(|r| r.title.as_deref())
            .or(package.title.as_deref());
        let artist = release
            .and_then(|r| r.artist.as_deref())
            .or(package.artist.as_deref());
        let icpn = release
            .and_then(|r| r.icpn.as_deref())
            .or(package.icpn.as_deref());
        let shown = |text: Option<&str>| text.map(view::name).unwrap_or_default();
        let findings = report.map_or(&[][..], |report| &report.findings);
        let mut room = FINDINGS;
        let mut take = |severity| take_groups(findings, severity, &mut room);
        let (errors, questions) = (take(Severity::Error), take(Severity::Question));
        let (warnings, notes) = (take(Severity::Warning), take(Severity::Info));
        let counts = report.map_or(package.counts, |report| report.counts);
        // A line that stands for many tells of as many.
        let told = (findings.iter().take(FINDINGS))
            .fold(0, |sum: u32, finding| sum.saturating_add(finding.number()));
        let icpn = shown(icpn);
        let order = order(kind, subject);
        Self {
            kind: kind.as_str(),
            status: if kind == LetterKind::TakenDown {
                "Taken down"
            } else {
                status(kind).title()
            },
            service: house.service.to_owned(),
            can_reply: house.can_reply && !is_for_operator(kind),
            label: view::name(&package.label_name),
            subject_title: one_line(
                title
                    .filter(|title| !title.trim().is_empty())
                    .unwrap_or(&package.folder),
                SUBJECT_TITLE_CHARACTERS,
            ),
            subject_tag: subject_tag(&icpn),
            release: view::release_line(title, artist, &package.folder),
            title: shown(title),
            artist: shown(artist),
            icpn,
            release_date: shown(release.and_then(|r| r.release_date.as_deref())),
            tracks: release.map_or(package.tracks, |r| r.tracks),
            track_list: report.map(view::tracks).unwrap_or_default(),
            cover: report
                .and_then(|report| report.artwork.as_ref())
                .map(view::artwork)
                .unwrap_or_default(),
            folder: format!("/incoming/{}", view::name(&package.folder)),
            attempt: package.attempt,
            package: view::name(package.id.as_str()),
            received: moment(package.received_at),
            problems: plural(counts.error, "problem"),
            others: others(&counts),
            error_count: counts.error,
            more: report.map_or(0, |_| counts.total().saturating_sub(told)),
            muted: report.map(view::muted).unwrap_or_default(),
            errors,
            questions,
            warnings,
            notes,
            comparison: report.map(view::compared_attempts).unwrap_or_default(),
            report_path: report_path(package),
            note: order.map_or_else(|| note(&subject.cause.event), |o| view::sentence(&o.why)),
            test: is_test(subject),
            takedown: is_takedown(subject),
            by_us: order.is_some(),
            sent_before: sent_before(&subject.cause.event),
            waiting_for: waiting_for(subject),
            dsps: dsps(kind, subject, house),
            has_pushes: !subject.pushes.is_empty(),
            why: why(&subject.cause.event),
            failed: failed(&subject.pushes, house),
        }
    }

    /// Subject and text without any template, for the day when a template fails.
    pub(super) fn plain(&self) -> (String, String) {
        let subject = format!(
            "[{}] {} – {}{}",
            self.label, self.subject_title, self.status, self.subject_tag
        );
        let mut lines = vec![
            format!("Status: {}", self.status),
            format!("Release: {}", self.release),
            format!("Folder: {}", self.folder),
            format!("Attempt: {}", self.attempt),
            format!("Package: {}", self.package),
        ];
        for (word, text) in [
            ("Note", &self.note),
            ("Compared", &self.comparison),
            ("Sent before", &self.sent_before),
            ("What failed", &self.why),
        ] {
            if !text.is_empty() {
                lines.push(format!("{word}: {text}"));
            }
        }
        lines.extend(
            self.waiting_for
                .iter()
                .map(|file| format!("Missing: {file}")),
        );
        lines.extend(self.dsps.iter().map(|dsp| format!("DSP: {dsp}")));
        lines.extend(
            self.failed
                .iter()
                .map(|push| format!("Push {} to {}: {}", push.id, push.dsp, push.error)),
        );
        for group in [&self.errors, &self.questions, &self.warnings, &self.notes]
            .into_iter()
            .flatten()
        {
            lines.push(String::new());
            lines.push(group.heading.clone());
            for finding in &group.findings {
                lines.push(format!(
                    "- {} [{}] {}",
                    finding.severity_title, finding.code, finding.message
                ));
                lines.push(format!("  {}: {}", finding.fix_title, finding.fix));
                lines.push(format!("  {} {}", finding.place, finding.path));
            }
        }
        let without_report = [
            LetterKind::Stalled,
            LetterKind::OverQuota,
            LetterKind::Abandoned,
            LetterKind::Duplicate,
        ];
        if !without_report.iter().any(|kind| kind.as_str() == self.kind) {
            lines.push(String::new());
            lines.push(format!("Report: {}", self.report_path));
        }
        lines.push(String::new());
        (subject, lines.join("\n"))
    }
}

/// Groups of one severity, as many findings as there is room for; numbered on from those before,
/// so that label and reviewer can speak of "point 5".
fn take_groups(findings: &[Finding], severity: Severity, room: &mut usize) -> Vec<Group> {
    let taken: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.severity == severity)
        .take(*room)
        .collect();
    let first = FINDINGS - *room + 1;
    *room -= taken.len();
    view::grouped_from(first, taken)
}

/// The status that a letter tells of; the package may be further on by now.
fn status(kind: LetterKind) -> Status {
    match kind {
        LetterKind::Stalled | LetterKind::OverQuota => Status::Receiving,
        LetterKind::Incoming => Status::Incoming,
        LetterKind::Invalid => Status::Invalid,
        LetterKind::NeedsQc => Status::NeedsQc,
        LetterKind::QcApproved | LetterKind::OperatorPushFailed => Status::QcApproved,
        LetterKind::QcRejected => Status::QcRejected,
        LetterKind::Delivered | LetterKind::TakenDown => Status::Delivered,
        LetterKind::Abandoned | LetterKind::Duplicate => Status::Superseded,
        LetterKind::Parked | LetterKind::OperatorParked => Status::Parked,
    }
}

/// Letters that stay in the house; there is nobody to answer to.
fn is_for_operator(kind: LetterKind) -> bool {
    match kind {
        LetterKind::OperatorParked | LetterKind::OperatorPushFailed => true,
        LetterKind::Stalled
        | LetterKind::Incoming
        | LetterKind::Invalid
        | LetterKind::NeedsQc
        | LetterKind::QcApproved
        | LetterKind::QcRejected
        | LetterKind::Delivered
        | LetterKind::Parked
        | LetterKind::OverQuota
        | LetterKind::Abandoned
        | LetterKind::Duplicate
        | LetterKind::TakenDown => false,
    }
}

fn subject_tag(icpn: &str) -> String {
    if icpn.trim().is_empty() {
        return String::new();
    }
    format!(" [{}]", one_line(icpn, 20))
}

/// `1 question, 2 warnings`, what does not block; empty when there is nothing.
fn others(counts: &Counts) -> String {
    let without_errors = Counts {
        error: 0,
        ..*counts
    };
    if without_errors == Counts::default() {
        String::new()
    } else {
        view::counted(&without_errors)
    }
}

fn note(event: &Event) -> String {
    match event {
        Event::Rejected { note }
        | Event::Approved {
            note: Some(note), ..
        } => view::sentence(note),
        Event::Approved { note: None, .. }
        | Event::Stalled { .. }
        | Event::Claimed { .. }
        | Event::Judged { .. }
        | Event::AllPushed { .. }
        | Event::Replaced { .. }
        | Event::Withdrawn
        | Event::Parked { .. }
        | Event::Unparked
        | Event::Abandoned { .. }
        | Event::Duplicate { .. } => String::new(),
        Event::OverQuota { what } => view::sentence(what),
    }
}

fn sent_before(event: &Event) -> String {
    if let Event::Duplicate { received_at, .. } = event {
        moment(*received_at)
    } else {
        String::new()
    }
}

/// A time as people read it: `1 April 2026, 10:15 UTC`.
fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

fn why(event: &Event) -> String {
    if let Event::Parked { why } = event {
        view::sentence(why)
    } else {
        String::new()
    }
}

fn waiting_for(subject: &Subject) -> Vec<String> {
    let list = if let Event::Stalled { waiting_for } = &subject.cause.event {
        waiting_for
    } else {
        &subject.package.waiting_for
    };
    list.iter().map(|text| view::name(text)).collect()
}

fn dsp_name(id: &DspId, house: &House<'_>) -> String {
    view::name(house.dsp_names.get(id).map_or(id.as_str(), String::as_str))
}

fn is_test(subject: &Subject) -> bool {
    let report = subject.report.as_ref();
    report.is_some_and(|report| report.release.is_test)
}

/// Whether the package's message takes its release down.
fn is_takedown(subject: &Subject) -> bool {
    if is_test(subject) {
        return false;
    }
    let findings = subject.report.iter().flat_map(|report| &report.findings);
    findings
        .into_iter()
        .any(|finding| finding.code == "UPD-004")
}

/// The operator's order that a letter tells of.
fn order(kind: LetterKind, subject: &Subject) -> Option<&Order> {
    let first = subject.pushes.first()?;
    first
        .order
        .as_ref()
        .filter(|_| kind == LetterKind::TakenDown)
}

/// DSPs that a release was taken down from, each with what is known.
fn taken_down(subject: &Subject, house: &House<'_>) -> Vec<String> {
    let done = subject
        .pushes
        .iter()
        .filter(|push| push.kind == PushKind::Takedown && push.is_delivered());
    done.map(|push| {
        let state = if push.state == PushState::Acknowledged {
            "confirmed by them"
        } else {
            "they have our message"
        };
        let test = if push.is_test { ", as a test" } else { "" };
        format!("{}: {state}{test}", dsp_name(&push.dsp, house))
    })
    .collect()
}

/// DSPs that have it, once it is delivered; else those it goes to.
fn dsps(kind: LetterKind, subject: &Subject, house: &House<'_>) -> Vec<String> {
    if kind == LetterKind::TakenDown {
        return taken_down(subject, house);
    }
    if kind == LetterKind::NeedsQc && is_takedown(subject) {
        let preflight = subject.report.iter().flat_map(|report| &report.readiness);
        return preflight.map(|one| view::name(&one.name)).collect();
    }
    if let Event::AllPushed { dsps } = &subject.cause.event
        && !dsps.is_empty()
    {
        return dsps
            .iter()
            .map(|name| {
                let named = dsp_name(&DspId::new(name.as_str()), house);
                let push = subject
                    .pushes
                    .iter()
                    .find(|push| push.dsp.as_str() == name || dsp_name(&push.dsp, house) == named);
                format!("{named}{}", push.map(how).unwrap_or_default())
            })
            .collect();
    }
    let belongs = |push: &&Push| match push.state {
        PushState::Sent | PushState::Acknowledged => true,
        PushState::Queued
        | PushState::Preparing
        | PushState::Sending
        | PushState::SentUnknown
        | PushState::Refused
        | PushState::Failed => kind != LetterKind::Delivered,
        PushState::Cancelled | PushState::Blocked => false,
    };
    subject
        .pushes
        .iter()
        .filter(belongs)
        .map(|push| dsp_name(&push.dsp, house))
        .collect()
}

/// What is known of a DSP beyond that it has the release.
fn how(push: &Push) -> String {
    let mut said = String::new();
    if push.state == PushState::Acknowledged {
        said.push_str(", confirmed by them");
    }
    if push.is_test {
        said.push_str(", as a test that is not published");
    }
    if let Some(link) = &push.link {
        said.push_str(": ");
        said.push_str(&one_line(link, 300));
    }
    said
}

/// What a person has to decide about. One that may be there is such only when nobody asks for it any
/// more: before, it may be in the middle of becoming visible.
fn is_left(push: &Push) -> bool {
    match push.state {
        PushState::Failed | PushState::Refused => true,
        PushState::SentUnknown => push.due_at == Timestamp::MAX,
        PushState::Queued
        | PushState::Preparing
        | PushState::Sending
        | PushState::Sent
        | PushState::Acknowledged
        | PushState::Blocked
        | PushState::Cancelled => false,
    }
}

fn failed(pushes: &[Push], house: &House<'_>) -> Vec<FailedPush> {
    pushes
        .iter()
        .filter(|push| is_left(push))
        .map(|push| FailedPush {
            id: view::name(push.id.as_str()),
            dsp: dsp_name(&push.dsp, house),
            attempts: match push.attempts {
                1 => "1 try".to_owned(),
                n => format!("{n} tries"),
            },
            error: push
                .last_error
                .as_deref()
                .map(view::sentence)
                .unwrap_or_default(),
            takedown: push.kind == PushKind::Takedown,
            unknown: push.state == PushState::SentUnknown,
            ways: ways(push),
        })
        .collect()
}

/// Where the label finds the whole report.
fn report_path(package: &Package) -> String {
    let folder = places::report_folder(&package.folder, package.attempt, &package.id);
    format!("/reports/{}/REPORT.html", view::name(&folder))
}

/// What can be done about a push that was given up. One that may be there cannot be called off, and
/// another try only asks for it.
fn ways(push: &Push) -> Vec<Way> {
    let ways: &[(&str, &str)] = if push.state == PushState::SentUnknown {
        &[
            ("It is there", "confirm"),
            ("It is not", "resend"),
            ("To look again", "retry"),
        ]
    } else {
        &[("To try again", "retry"), ("To call off", "cancel")]
    };
    let way = |(what, verb): &(&str, &str)| Way {
        what: format!("{:<14}", format!("{what}:")),
        command: format!("dropzone push {verb} {}", view::name(push.id.as_str())),
    };
    ways.iter().map(way).collect()
}
