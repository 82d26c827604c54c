//! ID-001 … ID-005: the ISRCs of tracks.

use super::super::ids::Isrc;
use super::super::release::Text;
use super::super::repair::Edit;
use super::case::{Case, Track};
use super::findings::{Findings, Note};
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeMap, HashSet};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ID-001",
        title: "Track has no ISRC",
        why: "Stores count plays and pay by ISRC; every recording needs its own.",
        fix: "Get an ISRC from your national agency (isrc.ifpi.org) or your distributor and put it \
              into SoundRecordingId.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1764",
        ack: "MetadataMissing",
        check: no_isrc,
        ..Rule::BASE
    },
    Rule {
        code: "ID-002",
        title: "ISRC is malformed",
        why: "An ISRC has twelve characters: two letters, three letters or digits, seven digits.",
        fix: "Copy the ISRC again from your registration.",
        source: "ISO 3901:2019; guide, Required XML fields",
        ack: "IdentifierSyntaxInvalid",
        check: malformed_isrc,
        ..Rule::BASE
    },
    Rule {
        code: "ID-003",
        title: "ISRC is written with additions",
        weight: Weight::WARNING,
        why: "Hyphens, spaces, small letters and the word ISRC are for people; messages carry the \
              twelve characters alone. Some stores refuse anything else.",
        fix: "Write the twelve characters without hyphens, spaces or other additions.",
        source: "ISO 3901:2019; DDEX knowledge base, malformed identifiers",
        ack: "IdentifierSyntaxInvalid",
        check: decorated_isrc,
        ..Rule::BASE
    },
    Rule {
        code: "ID-005",
        title: "Two tracks share one ISRC",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "An ISRC stands for one recording. Where both tracks are the same audio, byte for \
              byte, it is only a warning.",
        fix: "Give each recording its own ISRC.",
        source: "ISO 3901:2019; DDEX ErncFileStatus",
        ack: "IdentifierInvalid",
        check: shared_isrc,
        ..Rule::BASE
    },
];

/// Tracks that are part of the product proper: all that are not stated to be secondary.
fn primary_tracks<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = &'c Track<'a>> {
    let secondary: HashSet<&str> = case
        .main()
        .map(|(_, main)| main.links.as_slice())
        .unwrap_or_default()
        .iter()
        .filter(|link| link.kind.as_deref() == Some("SecondaryResource"))
        .map(|link| link.reference.as_str())
        .collect();
    case.judged_tracks().iter().filter(move |track| {
        let reference = track.recording.reference.as_ref();
        !reference.is_some_and(|reference| secondary.contains(reference.as_str()))
    })
}

/// Tracks that have something in the place of an ISRC.
fn with_isrc<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = (&'c Track<'a>, &'a Text)> {
    case.judged_tracks().iter().filter_map(|track| {
        let isrc = track
            .recording
            .isrc
            .as_ref()
            .filter(|isrc| !isrc.is_empty())?;
        Some((track, isrc))
    })
}

fn no_isrc(case: &Case<'_>, findings: &mut Findings<'_>) {
    for track in primary_tracks(case) {
        let isrc = track.recording.isrc.as_ref();
        if isrc.is_none_or(Text::is_empty) {
            findings.add(
                Note::new(format!("{} has no ISRC.", track.name()))
                    .at(isrc.map_or(&track.recording.at, |isrc| &isrc.at))
                    .track(track.number),
            );
        }
    }
}

fn malformed_isrc(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (track, isrc) in with_isrc(case) {
        if Isrc::parse_lenient(isrc.as_str()).is_some() {
            continue;
        }
        let bare = isrc
            .as_str()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .count();
        let why = if bare == 12 {
            "its letters and digits are not where they belong".to_owned()
        } else {
            format!("it has {bare} letters and digits, not 12")
        };
        findings.add(
            Note::new(format!(
                "{}: {} is no ISRC; {why}.",
                track.name(),
                quoted(isrc.as_str())
            ))
            .at(&isrc.at)
            .track(track.number)
            .expected("2 letters, 3 letters or digits, 7 digits")
            .found(isrc.as_str()),
        );
    }
}

fn decorated_isrc(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (track, isrc) in with_isrc(case) {
        let Some(clean) = Isrc::parse_lenient(isrc.as_str()) else {
            continue;
        };
        if clean.as_str() == isrc.as_str() {
            continue;
        }
        findings.add(
            Note::new(format!(
                "{}: we read the ISRC {} as {}.",
                track.name(),
                quoted(isrc.as_str()),
                clean.as_str()
            ))
            .at(&isrc.at)
            .track(track.number)
            .fix(format!(
                "Write {} for track {}.",
                clean.as_str(),
                track.number
            ))
            .expected(clean.as_str())
            .found(isrc.as_str())
            .repair([Edit::set(&isrc.at.path, clean.as_str())]),
        );
    }
}

fn shared_isrc(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut by_isrc: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, track) in case.judged_tracks().iter().enumerate() {
        let isrc = track.recording.isrc.as_ref();
        if let Some(isrc) = isrc.and_then(|isrc| Isrc::parse_lenient(isrc.as_str())) {
            by_isrc
                .entry(isrc.as_str().to_owned())
                .or_default()
                .push(index);
        }
    }
    for (isrc, indices) in by_isrc.iter().filter(|(_, indices)| indices.len() > 1) {
        let tracks: Vec<&Track<'_>> = indices.iter().filter_map(|i| case.tracks.get(*i)).collect();
        let names: Vec<String> = tracks.iter().map(|track| track.inline_name()).collect();
        let hashes: HashSet<Option<&str>> = indices
            .iter()
            .map(|index| case.file_of(*index).and_then(|file| file.sha256.as_deref()))
            .collect();
        let same_audio = hashes.len() == 1 && !hashes.contains(&None);
        let Some(second) = tracks.get(1) else {
            continue;
        };
        let at = second
            .recording
            .isrc
            .as_ref()
            .map_or(&second.recording.at, |isrc| &isrc.at);
        findings.add(
            Note::new(format!(
                "The ISRC {isrc} is used for {}. Each recording needs its own.",
                list(&names)
            ))
            .at(at)
            .track(second.number)
            .found(isrc)
            .other(same_audio),
        );
    }
}
