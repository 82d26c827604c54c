//! The report as text: for a terminal (`check`, `package report`) and as `REPORT.txt`.
//!
//! About 100 columns wide. Nothing from outside acts on the terminal (`domain::visible`); colour is
//! there only when it is asked for.

use super::super::difference::{self, Difference};
use super::super::visible::{columns, fitted, wrapped};
use super::view::{self, Shown, Track};
use super::{Finding, Report, Verdict};

/// Columns that lines are kept within; words that are longer stay whole.
const WIDTH: usize = 100;

/// Colours, or none.
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn faint(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn severity(&self, severity: &str, text: &str) -> String {
        let code = match severity {
            "error" => "1;31",
            "question" => "1;35",
            "warning" => "1;33",
            _ => "1;36",
        };
        self.with(code, text)
    }
}

/// Writes the whole report, ending in a line break.
pub fn render(report: &Report, colour: bool) -> String {
    let paint = Paint { colour };
    let mut out = Vec::new();
    heading(&mut out, report, &paint);
    if let Some(difference) = &report.difference {
        changes(&mut out, difference, &paint);
    }
    findings(&mut out, report, &paint);
    tracks(&mut out, report, &paint);
    technical(&mut out, report, &paint);
    out.push(String::new());
    out.join("\n")
}

/// Writes findings alone, under the files they are about.
pub fn findings_alone<'a>(findings: impl IntoIterator<Item = &'a Finding>, colour: bool) -> String {
    let paint = Paint { colour };
    let mut out = Vec::new();
    for group in view::grouped(findings) {
        out.push(String::new());
        out.push(paint.bold(&group.heading));
        for finding in &group.findings {
            one_finding(&mut out, finding, &paint);
        }
    }
    out.push(String::new());
    out.join("\n")
}

fn heading(out: &mut Vec<String>, report: &Report, paint: &Paint) {
    let verdict = match report.verdict {
        Verdict::Valid => paint.with("1;32", "VALID"),
        Verdict::Invalid => paint.with("1;31", "INVALID"),
    };
    out.push(format!(
        "{verdict}  {}",
        paint.bold(&view::counted(&report.counts))
    ));
    out.push(verdict_sentence(report));
    out.extend(Some(view::compared_attempts(report)).filter(|sentence| !sentence.is_empty()));
    out.push(String::new());
    let release = &report.release;
    let line = view::release_line(
        release.title.as_deref(),
        release.artist.as_deref(),
        &report.folder,
    );
    let kind = release.release_type.as_deref().map(view::name);
    let tracks = (release.tracks > 0).then(|| view::plural(release.tracks, "track"));
    let parts: Vec<String> = kind.into_iter().chain(tracks).collect();
    let facts = [
        ("Release", Some(line)),
        ("Type", Some(parts.join(", "))),
        ("Barcode", release.icpn.as_deref().map(view::name)),
        (
            "Release date",
            release.release_date.as_deref().map(view::name),
        ),
        ("Genre", release.genre.as_deref().map(view::name)),
        ("Label", release.label_name.as_deref().map(view::name)),
        ("Territories", territories(&release.territories)),
        ("Folder", Some(view::name(&report.folder))),
    ];
    for (word, value) in facts {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        pushed(out, &format!("  {word:<13} "), &value);
    }
    if release.is_test {
        out.push(
            "  This is a test message: it is checked but will not go to any store.".to_owned(),
        );
    }
}

/// What an update changes, field by field.
fn changes(out: &mut Vec<String>, difference: &Difference, paint: &Paint) {
    out.push(String::new());
    out.push(paint.bold(&format!("Against what is live: {}", difference.live())));
    if difference.changes.is_empty() {
        out.push(format!("  {}", difference::sentence(&[])));
    }
    for (place, changes) in difference.by_place() {
        pushed(out, "  ", &place);
        for change in changes {
            let lead = format!("    {}: ", change.field);
            pushed(out, &lead, &difference::told(change));
        }
    }
}

/// Says what the verdict means for what happens next.
pub(super) fn verdict_sentence(report: &Report) -> String {
    match (report.verdict, report.counts.error) {
        (Verdict::Invalid, 1) => {
            "One error has to be fixed before this release can go on.".to_owned()
        }
        (Verdict::Invalid, n) => {
            format!("{n} errors have to be fixed before this release can go on.")
        }
        (Verdict::Valid, _) => "No error was found.".to_owned(),
    }
}

/// The first twenty of a list of territories; the rest as a number.
pub(super) fn territories(codes: &[String]) -> Option<String> {
    const SHOWN: usize = 20;
    let shown: Vec<String> = codes.iter().take(SHOWN).map(|c| view::name(c)).collect();
    match codes.len().checked_sub(SHOWN) {
        _ if codes.is_empty() => None,
        Some(more) if more > 0 => Some(format!("{} and {more} more", shown.join(", "))),
        _ => Some(shown.join(", ")),
    }
}

fn findings(out: &mut Vec<String>, report: &Report, paint: &Paint) {
    let parts = view::parts(report);
    for part in &parts {
        if parts.len() > 1 {
            out.push(String::new());
            out.push(paint.bold(&part.heading.to_uppercase()));
        }
        for group in &part.groups {
            out.push(String::new());
            out.push(paint.bold(&group.heading));
            for finding in &group.findings {
                one_finding(out, finding, paint);
            }
        }
    }
}

fn one_finding(out: &mut Vec<String>, finding: &Shown, paint: &Paint) {
    let mark = finding.severity_title.to_uppercase();
    let lead = format!("  {mark:<8}  {:<9} ", finding.code);
    let painted = format!(
        "  {}  {} ",
        paint.severity(finding.severity, &format!("{mark:<8}")),
        paint.bold(&format!("{:<9}", finding.code))
    );
    let lines = wrapped(&finding.message, WIDTH.saturating_sub(columns(&lead)));
    let indent = " ".repeat(columns(&lead));
    for (at, line) in lines.iter().enumerate() {
        out.push(format!(
            "{}{line}",
            if at == 0 { &painted } else { &indent }
        ));
    }
    if !finding.compared.is_empty() {
        pushed(out, &indent, &capitalised(&finding.compared));
    }
    for remark in [finding.account.as_str(), finding.standing] {
        if !remark.is_empty() {
            pushed(out, &indent, &format!("({remark})"));
        }
    }
    if !finding.fix.is_empty() {
        pushed(
            out,
            &format!("{indent}{}: ", finding.fix_title),
            &finding.fix,
        );
    }
    let place: Vec<&str> = [finding.place.as_str(), finding.path.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    if !place.is_empty() {
        let start = out.len();
        pushed(out, &format!("{indent}At:  "), &place.join("\n"));
        for line in out.iter_mut().skip(start) {
            *line = paint.faint(line);
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Appends `lead` and the text, wrapped, its lines under one another.
fn pushed(out: &mut Vec<String>, lead: &str, text: &str) {
    let indent = " ".repeat(columns(lead));
    for (at, line) in wrapped(text, WIDTH.saturating_sub(columns(lead)))
        .iter()
        .enumerate()
    {
        let start = if at == 0 { lead } else { &indent };
        out.push(format!("{start}{line}").trim_end().to_owned());
    }
}

/// Columns of the track table: heading, width, numbers right-aligned.
const TABLE: [(&str, usize, bool); 8] = [
    ("#", 3, true),
    ("Title", 22, false),
    ("ISRC", 12, false),
    ("Stated", 7, true),
    ("Measured", 8, true),
    ("Format", 27, false),
    ("dBTP", 6, true),
    ("LUFS", 6, true),
];

fn tracks(out: &mut Vec<String>, report: &Report, paint: &Paint) {
    let tracks = view::tracks(report);
    if tracks.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.bold("Tracks"));
    out.push(paint.faint(&row(&TABLE.map(|(heading, _, _)| heading.to_owned()))));
    for track in &tracks {
        out.push(row(&[
            track.number.to_string(),
            track.title.clone(),
            track.isrc.clone(),
            track.stated.clone(),
            track.measured.clone(),
            if track.file.is_empty() {
                "no file".to_owned()
            } else {
                track.format.clone()
            },
            track.peak.clone(),
            track.loudness.clone(),
        ]));
        if let Some(line) = track_notes(track) {
            pushed(out, "       ", &line);
        }
    }
}

/// What of a track is worth a second line.
fn track_notes(track: &Track) -> Option<String> {
    let mut notes = Vec::new();
    if !track.artist.is_empty() {
        notes.push(format!("by {}", track.artist));
    }
    if !track.clipped.is_empty() {
        notes.push(format!("clipped {}", track.clipped));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn row(cells: &[String; TABLE.len()]) -> String {
    let cells: Vec<String> = TABLE
        .iter()
        .zip(cells)
        .map(|((_, width, right), cell)| {
            let cell = if cell.is_empty() { "–" } else { cell };
            if *right && columns(cell) < *width {
                format!("{}{cell}", " ".repeat(width - columns(cell)))
            } else {
                fitted(cell, *width)
            }
        })
        .collect();
    format!("  {}", cells.join(" ")).trim_end().to_owned()
}

fn technical(out: &mut Vec<String>, report: &Report, paint: &Paint) {
    out.push(String::new());
    match &report.artwork {
        Some(cover) => pushed(
            out,
            "Cover   ",
            &format!("{}: {}", view::name(&cover.file), view::artwork(cover)),
        ),
        None => out.push("Cover   none".to_owned()),
    }
    pushed(out, "Schema  ", &view::schema(&report.schema));
    for sentence in view::not_run(report) {
        pushed(out, "Not run ", &sentence);
    }
    if !report.muted.is_empty() {
        pushed(out, "Muted   ", &view::muted(report));
    }
    let ern = report
        .release
        .ern_version
        .as_deref()
        .map(|version| format!(", ERN {}", view::name(version)))
        .unwrap_or_default();
    let by = format!(
        "Checked by dropzone {} in the {} profile{ern}.",
        view::name(&report.dropzone_version),
        report.profile.as_str()
    );
    out.push(paint.faint(&by));
}
