//! META-005, META-008, META-032, META-033, META-037, META-039 and META-040: rights lines, label,
//! genre and what else a store shows or asks for beside titles and artists.

use super::super::release::{RightsLine, Text};
use super::case::Case;
use super::findings::{Findings, Note};
use super::genres::{is_known, nearest_genre};
use super::times::{day, duration_ms, today};
use super::wording::{clock, count, list, quoted};
use super::{Grade, Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-005",
        title: "Genre is not one that stores know",
        weight: Weight::WARNING.or(Severity::Info),
        why: "Stores sort by lists of genres of their own. A genre that is nearly one of them is most \
              likely misspelt: a warning. Another one is sent as it is, and stores choose.",
        fix: "Write the usual name of the genre.",
        source: "drop zone, after the genre lists of stores",
        check: unknown_genre,
        ..Rule::BASE
    },
    Rule {
        code: "META-008",
        title: "Release date is far away",
        weight: Weight::WARNING,
        why: "A date more than two years ahead or before 1900 is most likely a slip.",
        fix: "Check the year.",
        source: "drop zone",
        ack: "CommercialReleaseDateInvalid",
        check: far_date,
        ..Rule::BASE
    },
    Rule {
        code: "META-032",
        title: "Rights line is missing or incomplete",
        weight: Weight::new(Grade {
            guide: Severity::Info,
            strict: Severity::Warning,
        })
        .or(Severity::Warning),
        why: "Stores show the ℗ line (who owns the recording) and the © line (who owns cover and \
              text), each with year and owner. A line with a wrong year or the other line's sign is a \
              warning.",
        fix: "Write <PLine><Year>2026</Year><PLineText>2026 Your Label</PLineText></PLine>, and a CLine \
              likewise, with your year and name.",
        source: "DDEX Release Profile 2.1, rule 1017",
        ack: "MetadataMissing",
        check: rights_lines,
        ..Rule::BASE
    },
    Rule {
        code: "META-033",
        title: "Label's name is missing",
        weight: Weight::INFO,
        why: "Stores show the label; without LabelName it is the name of your account.",
        fix: "Write LabelName into ReleaseDetailsByTerritory.",
        source: "DDEX Release Profile 1.4, rule 1766",
        check: no_label,
        ..Rule::BASE
    },
    Rule {
        code: "META-037",
        title: "Release is called explicit, and no track is",
        weight: Weight::INFO,
        why: "Stores mark the release by its tracks; a mark on the release alone is lost.",
        fix: "Write Explicit into ParentalWarningType of the tracks that are.",
        source: "drop zone",
        check: explicit_release,
        ..Rule::BASE
    },
    Rule {
        code: "META-039",
        title: "Duration is not stated",
        weight: Weight::INFO,
        why: "Without it nobody sees that a wrong file was uploaded. We take the measured one.",
        fix: "Write Duration for each track, such as PT3M42S.",
        source: "DDEX ERN 3.8.2, SoundRecording",
        check: no_duration,
        ..Rule::BASE
    },
    Rule {
        code: "META-040",
        title: "Preview starts after the track's end",
        weight: Weight::WARNING,
        why: "A store that plays a preview from there plays nothing.",
        fix: "Correct StartPoint, in seconds from the beginning of the track.",
        source: "DDEX ERN 3.8.2, PreviewDetails",
        check: late_preview,
        ..Rule::BASE
    },
];

fn unknown_genre(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let of_tracks = message
        .recordings
        .iter()
        .flat_map(|recording| &recording.genres);
    let mut told: Vec<&str> = Vec::new();
    for genre in main
        .genres
        .iter()
        .chain(of_tracks)
        .filter(|genre| !genre.is_empty())
    {
        if is_known(genre.as_str()) || told.contains(&genre.as_str()) {
            continue;
        }
        told.push(genre.as_str());
        let near = findings.hint(|| nearest_genre(genre.as_str()));
        let note = match near {
            Some(near) => Note::new(format!(
                "No store knows the genre {}: did you mean {near}?",
                quoted(genre.as_str())
            ))
            .expected(near),
            None => Note::new(format!(
                "The genre {} is not on our list; it is sent as it is.",
                quoted(genre.as_str())
            ))
            .other(true),
        };
        findings.add(note.at(&genre.at).found(genre.as_str()));
    }
}

fn far_date(case: &Case<'_>, findings: &mut Findings<'_>) {
    const DAYS_AHEAD: i32 = 731;
    let Some((_, main)) = case.main() else {
        return;
    };
    let dates = [&main.release_date, &main.original_release_date];
    for text in dates.into_iter().flatten() {
        let Some(date) = day(text.as_str()) else {
            continue;
        };
        let ahead = (date - today(case.subject.now)).get_days();
        if ahead > DAYS_AHEAD || date.year() < 1900 {
            findings.add(
                Note::new(format!("The date {} is far away.", text.as_str()))
                    .at(&text.at)
                    .found(text.as_str()),
            );
        }
    }
}

/// What is wrong with one line; `own` and `other` are the signs.
fn fault_of(line: &RightsLine, this_year: i16, own: char, other: char) -> Option<String> {
    let text = line.text.as_ref().map_or("", Text::as_str);
    let year = line.year.as_ref().map(Text::as_str);
    if text.contains(other) && !text.contains(own) {
        return Some(format!("has the sign {other}"));
    }
    match year {
        Some(year) => match year.parse::<i16>().ok().filter(|_| year.len() == 4) {
            None => Some(format!("has {} as its year", quoted(year))),
            Some(year) if year > this_year + 1 => {
                Some(format!("has the year {year}, which is yet to come"))
            }
            Some(_) if text.is_empty() => Some("names no owner".to_owned()),
            Some(_) => None,
        },
        // Many write the year into the text only.
        None if text.chars().filter(char::is_ascii_digit).count() >= 4 => None,
        None => Some("has no year".to_owned()),
    }
}

fn rights_lines(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let this_year = today(case.subject.now).year();
    let of_tracks = message
        .recordings
        .iter()
        .flat_map(|recording| &recording.plines);
    let plines: Vec<&RightsLine> = main.plines.iter().chain(of_tracks).collect();
    let mut missing = Vec::new();
    if plines.is_empty() {
        missing.push("℗ line (PLine)");
    }
    if main.clines.is_empty() {
        missing.push("© line (CLine)");
    }
    if !missing.is_empty() {
        findings.add(
            Note::new(format!("The release has no {}.", missing.join(" and no "))).at(&main.at),
        );
    }
    let lines = plines.into_iter().map(|line| ("℗", '℗', '©', line));
    let lines = lines.chain(main.clines.iter().map(|line| ("©", '©', '℗', line)));
    let mut told: Vec<String> = Vec::new();
    for (name, own, other, line) in lines {
        if let Some(fault) = fault_of(line, this_year, own, other) {
            let what = format!("A {name} line {fault}.");
            if !told.contains(&what) {
                findings.add(Note::new(what.as_str()).at(&line.at).other(true));
                told.push(what);
            }
        }
    }
}

fn no_label(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let of_tracks = message
        .recordings
        .iter()
        .filter_map(|recording| recording.label_name.as_ref());
    if main.label_name.iter().chain(of_tracks).all(Text::is_empty) {
        findings.add(Note::new("The release names no label.").at(&main.at));
    }
}

fn explicit_release(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let explicit = |texts: &[Text]| texts.iter().any(|text| text.as_str() == "Explicit");
    let tracks = case.judged_tracks();
    let any = tracks
        .iter()
        .any(|track| explicit(&track.recording.parental));
    // A track without any word on it is META-034's.
    let all_say = tracks
        .iter()
        .all(|track| !track.recording.parental.is_empty());
    if explicit(&main.parental) && all_say && !any && !tracks.is_empty() {
        let at = main.parental.first().map_or(&main.at, |text| &text.at);
        findings
            .add(Note::new("The release is called Explicit, and none of its tracks is.").at(at));
    }
}

fn no_duration(case: &Case<'_>, findings: &mut Findings<'_>) {
    let without: Vec<_> = case
        .judged_tracks()
        .iter()
        .filter(|track| track.recording.duration.as_ref().is_none_or(Text::is_empty))
        .collect();
    if let Some(first) = without.first() {
        let numbers: Vec<String> = without
            .iter()
            .map(|track| track.number.to_string())
            .collect();
        findings.add(
            Note::new(format!(
                "{} without Duration: {}.",
                count(without.len(), "track"),
                list(&numbers)
            ))
            .at(&first.recording.at),
        );
    }
}

fn late_preview(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (index, track) in case.judged_tracks().iter().enumerate() {
        let measured = case.file_of(index).and_then(|file| file.audio.as_ref());
        let stated = track.recording.duration.as_ref();
        let length = measured
            .map(|audio| audio.duration_ms)
            .filter(|length| *length > 0)
            .or_else(|| duration_ms(stated?.as_str()));
        let Some(length) = length else { continue };
        for text in track
            .recording
            .technical
            .iter()
            .filter_map(|t| t.preview_start.as_ref())
        {
            let Some(start) = text
                .as_str()
                .parse::<u32>()
                .ok()
                .map(|s| u64::from(s) * 1000)
            else {
                continue;
            };
            if start >= length {
                findings.add(
                    Note::new(format!(
                        "{}: the preview starts at {}, and the track lasts {}.",
                        track.name(),
                        clock(start, false),
                        clock(length, false)
                    ))
                    .at(&text.at)
                    .track(track.number)
                    .found(text.as_str()),
                );
            }
        }
    }
}
