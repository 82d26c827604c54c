//! AUD-001 … AUD-005: what is in an audio file. Judged by content, never by its name.

use super::super::facts::{AudioFault, Container, FileRole, SampleCoding};
use super::super::naming::{base_name, extension};
use super::case::{Case, Sounding};
use super::findings::{Findings, Note};
use super::format::about;
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "AUD-001",
        title: "Audio file cannot be read",
        why: "What is in the file is no audio that we can read, whatever its name says.",
        fix: "Export the track again as WAV or FLAC and upload it again.",
        source: "guide, Audio File Requirements",
        ack: "ResourceCorrupt",
        safety: true,
        check: unreadable,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-002",
        title: "Audio is a compressed copy",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Stores need the master. MP3, AAC, OGG and the like have lost part of the sound, and \
              turning them into WAV does not bring it back. A compressed file that no track uses \
              is a warning.",
        fix: "Export the track from the master as WAV or FLAC.",
        source: "guide, Audio File Requirements (“Not accepted: MP3, AAC, OGG”)",
        ack: "ResourceNotMeetingSpecifications",
        check: compressed,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-003",
        title: "Audio file has the wrong ending",
        why: "Programs go by the ending of a name, and would refuse the file.",
        fix: "Give the file the ending of its real format, here and in the message.",
        source: "guide, Audio File Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: wrong_ending,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-004",
        title: "Audio is AIFF",
        weight: Weight::WARNING,
        why: "The guide's table takes AIFF, its check-list names only WAV and FLAC. We take it and \
              convert it for stores that do not.",
        fix: "Nothing has to be done. WAV or FLAC avoids the conversion.",
        source: "guide, File checklist and Audio File Requirements",
        check: aiff,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-005",
        title: "Samples are not integer PCM",
        why: "Stores take integer PCM only: no floating point, no A-law, no ADPCM.",
        fix: "Export the track as 24-bit PCM.",
        source: "Spotify audio specification; guide, Audio File Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: not_integer,
        ..Rule::BASE
    },
];

fn unreadable(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        let why = sounding.audio.faults.iter().find_map(|fault| match fault {
            AudioFault::Unreadable { why } => Some(why.trim_end_matches('.')),
            AudioFault::Truncated { .. }
            | AudioFault::Undecodable { .. }
            | AudioFault::ChecksumMismatch
            | AudioFault::ChunksAfterData { .. }
            | AudioFault::Odd { .. } => None,
        });
        let container = sounding.audio.container;
        let what = match (why, container) {
            (_, Container::Mp3 | Container::Aac | Container::Mp4 | Container::Ogg) => continue,
            (_, Container::Wma | Container::OtherAudio) => continue,
            (Some(why), _) => why.to_owned(),
            (None, Container::Unknown) => "it is in no format that we know".to_owned(),
            (None, _) => continue,
        };
        findings.add(about(
            &sounding,
            format!("{} cannot be read: {what}.", sounding.name()),
        ));
    }
    for (index, track) in case.tracks.iter().enumerate() {
        let Some(file) = case
            .file_of(index)
            .filter(|file| file.size > 0 && file.audio.is_none())
        else {
            continue;
        };
        let what = match &file.failure {
            Some(failure) => format!(
                "{} ({}) could not be inspected: {}.",
                quoted(base_name(&file.path)),
                track.inline_name(),
                failure.trim_end_matches('.')
            ),
            None if file.role != FileRole::Audio => format!(
                "{} names {}, which is no audio file.",
                track.name(),
                quoted(base_name(&file.path))
            ),
            None => continue,
        };
        findings.add(Note::new(what).file(&file.path).track(track.number));
    }
}

fn compressed(case: &Case<'_>, findings: &mut Findings<'_>) {
    for file in &case.subject.folder.files {
        let Some(audio) = &file.audio else {
            continue;
        };
        let container = audio.container;
        if container.is_accepted() || container == Container::Unknown {
            continue;
        }
        let sounding = Sounding {
            file,
            audio,
            track: case.track_of(file),
        };
        // Clips and videos may be compressed.
        if sounding.track.is_none() && case.is_named(file) {
            continue;
        }
        let ending = extension(base_name(&file.path));
        let disguised = matches!(
            ending.as_str(),
            "wav" | "wave" | "flac" | "aif" | "aiff" | "aifc"
        );
        let what = if disguised {
            format!(
                "{} is called .{ending}, but is {} inside.",
                sounding.name(),
                container.label()
            )
        } else {
            format!("{} is {}.", sounding.name(), container.label())
        };
        let unused = case.message.is_some() && sounding.track.is_none();
        findings.add(
            about(&sounding, what)
                .expected("WAV, FLAC or AIFF")
                .found(container.label())
                .other(unused),
        );
    }
}

fn wrong_ending(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        let right: &[&str] = match sounding.audio.container {
            Container::Wav | Container::Rf64 => &["wav", "wave"],
            Container::Flac => &["flac"],
            Container::Aiff | Container::Aifc => &["aiff", "aif", "aifc"],
            Container::Mp3
            | Container::Aac
            | Container::Mp4
            | Container::Ogg
            | Container::Wma
            | Container::OtherAudio
            | Container::Unknown => continue,
        };
        let ending = extension(base_name(&sounding.file.path));
        let Some(first) = right.first().filter(|_| !right.contains(&ending.as_str())) else {
            continue;
        };
        let what = format!(
            "{} is {} inside.",
            sounding.name(),
            sounding.audio.container.label()
        );
        findings.add(
            about(&sounding, what)
                .expected(format!(".{first}"))
                .found(&format!(".{ending}")),
        );
    }
}

fn aiff(case: &Case<'_>, findings: &mut Findings<'_>) {
    let names: Vec<String> = case
        .soundings()
        .filter(|s| matches!(s.audio.container, Container::Aiff | Container::Aifc))
        .map(|sounding| sounding.name())
        .collect();
    if !names.is_empty() {
        findings.add(Note::new(format!("AIFF: {}.", list(&names))));
    }
}

fn not_integer(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(|s| s.audio.container.is_accepted()) {
        let coding = match sounding.audio.coding {
            SampleCoding::Float => "floating point",
            SampleCoding::Compressed => "compressed",
            SampleCoding::Pcm | SampleCoding::Flac | SampleCoding::Unknown => continue,
        };
        let what = format!(
            "{} holds {coding} samples ({}).",
            sounding.name(),
            super::wording::shown(&sounding.audio.codec_name)
        );
        findings.add(about(&sounding, what).expected("integer PCM").found(coding));
    }
}
