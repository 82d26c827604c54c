//! A report as people read it: words, groups, formatted measures. Text, web page and e-mail are
//! written from this one view, so that they say the same.
//!
//! Every string in it has been made safe to show (`domain::visible`); HTML escaping is left to the
//! template.

use super::super::facts::{AudioLevels, SampleCoding, SchemaCheck};
use super::super::naming::extension;
use super::super::visible::{columns, escaped, escaped_line, shortened};
use super::attempts::Standing;
use super::measures::{duration, exact_duration, level, rate, size};
use super::{ArtworkSummary, Counts, Finding, Report, Severity, TrackSummary};
use serde::Serialize;
use std::collections::HashMap;

/// Longest name shown, in characters; what is longer was not written by a person.
const NAME_CHARACTERS: usize = 300;
/// Longest sentence shown, in characters.
const SENTENCE_CHARACTERS: usize = 4_000;

/// Findings about one file, in the order of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The file, or words for "the release as a whole".
    pub heading: String,
    /// Whether the heading is a file's name.
    pub is_file: bool,
    /// The findings.
    pub findings: Vec<Shown>,
}

/// The findings of one severity, under a heading of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The heading.
    pub heading: &'static str,
    /// Word of the severity.
    pub severity: &'static str,
    /// How many there are, in words: `3 errors`.
    pub counted: String,
    /// The findings, by file.
    pub groups: Vec<Group>,
}

/// One finding, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Number within the list it is shown in, from 1.
    pub number: usize,
    /// Word of the severity: `error`, `question`, `warning`, `info`.
    pub severity: &'static str,
    /// The same as people are shown it: `Error`, `Question`, `Warning`, `Note`.
    pub severity_title: &'static str,
    /// Stable code of the rule.
    pub code: String,
    /// The fault in a few words.
    pub title: String,
    /// What happened; the rule's title when there is no message.
    pub message: String,
    /// The same cut into text, inline code and blocks to copy.
    pub message_pieces: Vec<Piece>,
    /// `Fix`, or `Tip` where nothing is wrong.
    pub fix_title: &'static str,
    /// What to do, as written; may be empty.
    pub fix: String,
    /// The same cut into text, inline code and blocks to copy.
    pub fix_pieces: Vec<Piece>,
    /// Track and position in the message: `track 2 (GBDUM7620002), line 41, column 7`; may be empty.
    pub place: String,
    /// XPath-like path in the message; may be empty.
    pub path: String,
    /// `expected …, found …`, unless the message says so itself; may be empty.
    pub compared: String,
    /// What was expected; may be empty.
    pub expected: String,
    /// What was found; may be empty.
    pub found: String,
    /// `for your account: warning instead of error`, when the rule was raised or lowered for the label;
    /// else empty.
    pub account: String,
    /// Where the rule comes from.
    pub source: String,
    /// `new in this attempt`, `not fixed yet`; empty where attempts are not compared.
    pub standing: &'static str,
}

/// A piece of a sentence that may quote XML or a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum Piece {
    /// Running text.
    Text(String),
    /// A name or value within the sentence.
    Code(String),
    /// Lines to copy as they are.
    Block(String),
}

/// One track: stated against measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Track {
    /// Number, from 1.
    pub number: u32,
    /// Title; empty when not stated.
    pub title: String,
    /// Artist, when it is not the release's.
    pub artist: String,
    /// ISRC; empty when not stated.
    pub isrc: String,
    /// File; empty when there is none.
    pub file: String,
    /// Stated duration; empty when there is none.
    pub stated: String,
    /// Measured duration; empty when nothing could be measured.
    pub measured: String,
    /// Container, rate, depth, channels.
    pub format: String,
    /// Size of the file.
    pub size: String,
    /// Highest true peak in dBTP, without the unit.
    pub peak: String,
    /// Integrated loudness in LUFS, without the unit.
    pub loudness: String,
    /// Silence at start and end in seconds: `0.2 / 0.5`.
    pub silence: String,
    /// Clipped runs; empty when there are none.
    pub clipped: String,
}

/// Sorts findings under the files they are about; files come in the order of their first finding.
/// Numbers them from 1.
pub fn grouped<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Group> {
    grouped_from(1, findings)
}

/// The same, numbered from `first`, for a list in several parts.
pub fn grouped_from<'a>(
    first: usize,
    findings: impl IntoIterator<Item = &'a Finding>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    for (at, finding) in findings.into_iter().enumerate() {
        let file = finding.file.as_deref();
        let place = *places.entry(file).or_insert_with(|| {
            groups.push(Group {
                heading: file.map_or_else(|| "The release as a whole".to_owned(), name),
                is_file: file.is_some(),
                findings: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.findings.push(shown(finding, first + at));
        }
    }
    groups
}

fn shown(finding: &Finding, number: usize) -> Shown {
    let title = name(&finding.title);
    let message = match sentence(&finding.message) {
        empty if empty.is_empty() => title.clone(),
        message => message,
    };
    let fix = sentence(&finding.fix);
    Shown {
        number,
        severity: finding.severity.as_str(),
        severity_title: severity_title(finding.severity),
        fix_title: if finding.severity == Severity::Info {
            "Tip"
        } else {
            "Fix"
        },
        code: shortened(&escaped_line(&finding.code), 16),
        title,
        compared: compared(finding, &message),
        expected: finding.expected.as_deref().map(name).unwrap_or_default(),
        found: finding.found.as_deref().map(name).unwrap_or_default(),
        fix_pieces: pieces(&fix),
        message_pieces: pieces(&message),
        message,
        fix,
        place: place(finding),
        path: finding.path.as_deref().map(name).unwrap_or_default(),
        account: account(finding),
        source: name(&finding.source),
        standing: match finding.standing {
            Some(Standing::New) => "new in this attempt",
            Some(Standing::Still) => "not fixed yet",
            None => "",
        },
    }
}

fn account(finding: &Finding) -> String {
    finding.usual.map_or_else(String::new, |usual| {
        format!(
            "for your account: {} instead of {}",
            severity_title(finding.severity).to_lowercase(),
            severity_title(usual).to_lowercase()
        )
    })
}

/// The findings by severity, the gravest first, numbered through.
pub fn parts(report: &Report) -> Vec<Part> {
    let mut first = 1;
    let mut parts = Vec::new();
    for severity in Severity::ALL {
        let of_it = |finding: &&Finding| finding.severity == severity;
        let findings: Vec<&Finding> = report.findings.iter().filter(of_it).collect();
        if findings.is_empty() {
            continue;
        }
        let number = findings
            .iter()
            .fold(0, |sum: u32, finding| sum.saturating_add(finding.number()));
        let next = first + findings.len();
        parts.push(Part {
            heading: part_heading(severity),
            severity: severity.as_str(),
            counted: plural(number, &severity_title(severity).to_lowercase()),
            groups: grouped_from(first, findings),
        });
        first = next;
    }
    parts
}

fn part_heading(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "To fix before the release can go on",
        Severity::Question => "For our reviewer to decide",
        Severity::Warning => "Worth a look",
        Severity::Info => "Notes",
    }
}

/// How the attempt compares with the one before it, as a sentence; empty when there is none.
pub fn compared_attempts(report: &Report) -> String {
    report
        .compared
        .map(|compared| compared.sentence())
        .unwrap_or_default()
}

/// What was left out, as a sentence; empty when nothing was.
pub fn muted(report: &Report) -> String {
    if report.muted.is_empty() {
        return String::new();
    }
    let rules: Vec<String> = report
        .muted
        .iter()
        .map(|muted| format!("{} ({})", name(&muted.code), plural(muted.count, "finding")))
        .collect();
    format!(
        "Not shown, because these rules are switched off for your account: {}.",
        rules.join(", ")
    )
}

/// What could not be checked, a sentence for each reason.
pub fn not_run(report: &Report) -> Vec<String> {
    report
        .not_run
        .iter()
        .map(|missing| {
            let rules = u32::try_from(missing.codes.len()).unwrap_or(u32::MAX);
            format!(
                "{} was not checked ({}), because {}.",
                sentence(&missing.what),
                plural(rules, "rule"),
                sentence(&missing.why)
            )
        })
        .collect()
}

/// The word for a severity as people are shown it.
pub fn severity_title(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Question => "Question",
        Severity::Warning => "Warning",
        Severity::Info => "Note",
    }
}

fn place(finding: &Finding) -> String {
    let isrc = finding.isrc.as_deref().map(name);
    let track = match (finding.track, isrc) {
        (Some(track), Some(isrc)) => Some(format!("track {track} ({isrc})")),
        (Some(track), None) => Some(format!("track {track}")),
        (None, isrc) => isrc,
    };
    // Below the heading of a WAV file the message's line needs its name.
    let elsewhere = finding
        .file
        .as_deref()
        .is_some_and(|file| extension(file) != "xml");
    let of_what = if elsewhere { " of the message" } else { "" };
    let line = finding.line.map(|n| format!("line {n}{of_what}"));
    let column = finding
        .line
        .and(finding.column)
        .map(|n| format!("column {n}"));
    let parts: Vec<String> = [track, line, column].into_iter().flatten().collect();
    parts.join(", ")
}

/// Expected and found value, left out when the message names them both already.
fn compared(finding: &Finding, message: &str) -> String {
    let expected = finding.expected.as_deref().map(name).unwrap_or_default();
    let found = finding.found.as_deref().map(name).unwrap_or_default();
    let told = |value: &str| value.is_empty() || message.contains(value);
    match (expected.is_empty(), found.is_empty()) {
        _ if told(&expected) && told(&found) => String::new(),
        (false, false) => format!("expected {expected}, found {found}"),
        (false, true) => format!("expected {expected}"),
        (true, false) => format!("found {found}"),
        (true, true) => String::new(),
    }
}

/// `3 errors, 1 question, 2 warnings`; `nothing to report` when all are zero.
pub fn counted(counts: &Counts) -> String {
    let parts: Vec<String> = [
        (counts.error, "error"),
        (counts.question, "question"),
        (counts.warning, "warning"),
        (counts.info, "note"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| plural(count, word))
    .collect();
    if parts.is_empty() {
        "nothing to report".to_owned()
    } else {
        parts.join(", ")
    }
}

/// `1 problem`, `2 problems`.
pub fn plural(count: u32, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Cuts a sentence into text, code between back-quotes, and blocks: lines that begin with `<`, and
/// what stands between lines of three back-quotes.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 1 {
            push_block(&mut out, part.trim_matches('\n'));
        } else {
            push_lines(&mut out, part);
        }
    }
    out
}

fn push_lines(out: &mut Vec<Piece>, text: &str) {
    let is_markup = |line: &str| line.trim_start().starts_with('<');
    let lines: Vec<&str> = text.split('\n').collect();
    for run in lines.chunk_by(|a, b| is_markup(a) == is_markup(b)) {
        let joined = run.join("\n");
        if run.first().is_some_and(|line| is_markup(line)) {
            push_block(out, &joined);
        } else {
            push_inline(out, joined.trim_matches('\n'));
        }
    }
}

fn push_inline(out: &mut Vec<Piece>, text: &str) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, behind)) = after.split_once('`') else {
            break;
        };
        push_text(out, before);
        // Longer XML is there to be copied; in the middle of a line it would be torn apart.
        if code.contains('\n') || (code.starts_with('<') && columns(code) > 48) {
            push_block(out, code);
        } else if !code.is_empty() {
            out.push(Piece::Code(code.to_owned()));
        }
        rest = behind;
    }
    push_text(out, rest);
}

fn push_text(out: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        out.push(Piece::Text(text.to_owned()));
    }
}

fn push_block(out: &mut Vec<Piece>, text: &str) {
    if !text.trim().is_empty() {
        out.push(Piece::Block(text.to_owned()));
    }
}

/// The tracks, stated against measured.
pub fn tracks(report: &Report) -> Vec<Track> {
    report
        .tracks
        .iter()
        .map(|track| track_row(track, report.release.artist.as_deref()))
        .collect()
}

fn track_row(track: &TrackSummary, release_artist: Option<&str>) -> Track {
    let levels = track.levels.as_ref();
    Track {
        number: track.number,
        title: track.title.as_deref().map(name).unwrap_or_default(),
        artist: track
            .artist
            .as_deref()
            .filter(|artist| Some(*artist) != release_artist)
            .map(name)
            .unwrap_or_default(),
        isrc: track.isrc.as_deref().map(name).unwrap_or_default(),
        file: track.file.as_deref().map(name).unwrap_or_default(),
        stated: track.stated_duration_ms.map(duration).unwrap_or_default(),
        measured: track.duration_ms.map(exact_duration).unwrap_or_default(),
        format: audio_format(track),
        size: track.size_bytes.map(size).unwrap_or_default(),
        peak: levels.map(|l| level(l.true_peak_dbtp)).unwrap_or_default(),
        loudness: levels
            .and_then(|l| l.loudness_lufs)
            .map(level)
            .unwrap_or_default(),
        silence: levels.map(silence).unwrap_or_default(),
        clipped: levels.map(clipped).unwrap_or_default(),
    }
}

fn audio_format(track: &TrackSummary) -> String {
    let container = track.container.map(|c| c.label().to_owned());
    let rate = track.rate_hz.filter(|r| *r > 0).map(rate);
    let bits = track.bits.filter(|b| *b > 0).map(|bits| {
        let float = track.coding == Some(SampleCoding::Float);
        format!("{bits} bit{}", if float { " float" } else { "" })
    });
    let channels = track
        .channels
        .filter(|c| *c > 0)
        .map(|channels| match channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            n => format!("{n} channels"),
        });
    let parts: Vec<String> = [container, rate, bits, channels]
        .into_iter()
        .flatten()
        .collect();
    parts.join(" ")
}

fn silence(levels: &AudioLevels) -> String {
    if levels.all_silent {
        return "all silent".to_owned();
    }
    let seconds = |ms: u64| format!("{}.{}", ms / 1_000, ms % 1_000 / 100);
    format!(
        "{} / {}",
        seconds(levels.leading_silence_ms),
        seconds(levels.trailing_silence_ms)
    )
}

fn clipped(levels: &AudioLevels) -> String {
    if levels.clipped_runs == 0 {
        return String::new();
    }
    let places: Vec<String> = levels
        .clipped_at
        .iter()
        .map(|span| exact_duration(span.start_ms))
        .collect();
    let first = if places.is_empty() {
        String::new()
    } else {
        format!(", first at {}", places.join(", "))
    };
    format!("{}×{first}", levels.clipped_runs)
}

/// The cover in one line, without its name.
pub fn artwork(cover: &ArtworkSummary) -> String {
    let mut parts = vec![cover.format.label().to_owned()];
    if cover.width > 0 && cover.height > 0 {
        parts.push(format!("{} × {} px", cover.width, cover.height));
    }
    parts.push(cover.colour.label().to_owned());
    parts.push(size(cover.size_bytes));
    parts.join(", ")
}

/// Which schema check was run, as a sentence.
pub fn schema(check: &SchemaCheck) -> String {
    match check {
        SchemaCheck::Official { set } => {
            format!(
                "The message was checked against the official DDEX schema ({}).",
                name(set)
            )
        }
        SchemaCheck::Guide => {
            "The message was checked against the delivery guide's own schema, not against the \
             official DDEX schema."
                .to_owned()
        }
        SchemaCheck::NotRun => {
            "The message was not checked against the official DDEX schema.".to_owned()
        }
        SchemaCheck::Skipped { why } => format!(
            "The message was not checked against the official DDEX schema: {}",
            sentence(why)
        ),
    }
}

/// `Night Drive – The Lamps`, as far as it is known; the folder otherwise.
pub fn release_line(title: Option<&str>, artist: Option<&str>, folder: &str) -> String {
    let known = |text: Option<&str>| text.map(name).filter(|text| !text.trim().is_empty());
    match (known(title), known(artist)) {
        (Some(title), Some(artist)) => format!("{title} – {artist}"),
        (Some(title), None) => title,
        (None, _) => name(folder),
    }
}

/// A name from outside on one line.
pub fn name(text: &str) -> String {
    shortened(&escaped_line(text), NAME_CHARACTERS)
}

/// A sentence, or several lines, from outside.
pub fn sentence(text: &str) -> String {
    shortened(escaped(text).trim(), SENTENCE_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_to_copy_is_a_block_and_a_name_is_inline() {
        assert_eq!(
            pieces(
                "Write `ICPN` instead of `UPC`:\n<ReleaseId>\n  <ICPN>1</ICPN>\n</ReleaseId>\nThen upload."
            ),
            [
                Piece::Text("Write ".into()),
                Piece::Code("ICPN".into()),
                Piece::Text(" instead of ".into()),
                Piece::Code("UPC".into()),
                Piece::Text(":".into()),
                Piece::Block("<ReleaseId>\n  <ICPN>1</ICPN>\n</ReleaseId>".into()),
                Piece::Text("Then upload.".into()),
            ]
        );
        assert_eq!(pieces("a ` b"), [Piece::Text("a ` b".into())]);
        assert_eq!(pieces(""), []);
        assert_eq!(
            pieces("x\n```\n a\n```"),
            [Piece::Text("x".into()), Piece::Block(" a".into())]
        );
    }
}
