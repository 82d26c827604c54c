//! AUD-001 … AUD-013: what kind of file an audio file is. Judged by content, never by its name.

use super::super::facts::{AudioFault, Container, FileRole, SampleCoding};
use super::super::naming::{base_name, extension};
use super::case::{Case, Sounding};
use super::findings::{Findings, Note};
use super::wording::{clock, count, list, quoted, rate};
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
    Rule {
        code: "AUD-006",
        title: "WAV header is of the extensible kind",
        weight: Weight::WARNING,
        why: "Some stores refuse this header, though the audio is fine. We rewrite the header for \
              delivery without touching the audio.",
        fix: "Nothing has to be done. Export as plain PCM WAV to avoid it.",
        source: "Spotify audio specification",
        check: extensible,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-007",
        title: "Data after the audio",
        weight: Weight::WARNING,
        why: "Some stores refuse WAV files with chunks after the audio. We leave them out for \
              delivery.",
        fix: "Nothing has to be done. Export without markers and tags to avoid it.",
        source: "Spotify audio specification",
        check: chunks_after_data,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-008",
        title: "Audio file is cut off or damaged",
        why: "The file ends, or cannot be decoded any further, before the end that its header \
              promises.",
        fix: "Upload the file again; if it is the same on your computer, export it again.",
        source: "guide, Audio File Requirements",
        ack: "ResourceCorrupt",
        check: cut_off,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-009",
        title: "FLAC checksum is wrong",
        why: "A FLAC file holds the MD5 of its audio; what comes out of this one is something else.",
        fix: "Upload the file again; if it is the same on your computer, export it again.",
        source: "RFC 9639, 8.2",
        ack: "ResourceCorrupt",
        check: flac_checksum,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-010",
        title: "Sampling rate is not 44.1 or 48 kHz",
        why: "The guide takes 44.1 and 48 kHz.",
        fix: "Export the track at 44.1 or 48 kHz. If you want to deliver hi-res audio (88.2 kHz \
              and more), ask us first.",
        source: "guide, Audio File Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: sampling_rate,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-011",
        title: "Bit depth is below 16",
        why: "The guide takes 16 bit or more.",
        fix: "Export the track from the master with 24 bit.",
        source: "guide, Audio File Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: shallow,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-012",
        title: "Audio has 16 bit",
        weight: Weight::INFO,
        why: "16 bit is taken; 24 bit is preferred.",
        fix: "Nothing has to be done. If the master has 24 bit, you may send that.",
        source: "guide, Audio File Requirements",
        check: sixteen_bit,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-013",
        title: "Audio is not stereo",
        why: "The guide takes two channels.",
        fix: "Export the track as stereo; a mono recording twice, left and right, is fine.",
        source: "guide, Audio File Requirements",
        ack: "ResourceNotMeetingSpecifications",
        check: channels,
        ..Rule::BASE
    },
];

/// A note about an audio file.
pub(super) fn about(sounding: &Sounding<'_, '_>, message: String) -> Note {
    let note = Note::new(message).file(&sounding.file.path);
    match sounding.number() {
        Some(number) => note.track(number),
        None => note,
    }
}

/// What could be read as audio, and its kind is one that is taken: the rules about rate, depth,
/// channels and sound hold for it.
pub(super) fn is_readable(sounding: &Sounding<'_, '_>) -> bool {
    sounding.audio.container.is_accepted() && sounding.audio.rate_hz > 0
}

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

fn extensible(case: &Case<'_>, findings: &mut Findings<'_>) {
    let names: Vec<String> = case
        .soundings()
        .filter(|s| s.audio.extensible && s.audio.coding == SampleCoding::Pcm)
        .map(|sounding| sounding.name())
        .collect();
    if !names.is_empty() {
        findings.add(Note::new(format!(
            "{} with the header WAVE_FORMAT_EXTENSIBLE: {}.",
            count(names.len(), "file"),
            list(&names)
        )));
    }
}

fn chunks_after_data(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        for fault in &sounding.audio.faults {
            if let AudioFault::ChunksAfterData { ids } = fault {
                let ids: Vec<String> = ids.iter().map(|id| quoted(id.trim())).collect();
                let what = format!(
                    "{} has data after the audio: {}.",
                    sounding.name(),
                    list(&ids)
                );
                findings.add(about(&sounding, what));
            }
        }
    }
}

fn cut_off(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        for fault in &sounding.audio.faults {
            let name = sounding.name();
            let what = match fault {
                AudioFault::Truncated {
                    promised_ms: Some(promised),
                    present_ms,
                } => format!(
                    "{name} is cut off: its header promises {}, the file holds {}.",
                    clock(*promised, false),
                    clock(*present_ms, false)
                ),
                AudioFault::Truncated {
                    promised_ms: None,
                    present_ms,
                } => format!(
                    "{name} is cut off: it ends at {}.",
                    clock(*present_ms, false)
                ),
                AudioFault::Undecodable { at_ms, why } => format!(
                    "{name} is damaged at {}: {}.",
                    clock(*at_ms, false),
                    why.trim_end_matches('.')
                ),
                AudioFault::Unreadable { .. }
                | AudioFault::ChecksumMismatch
                | AudioFault::ChunksAfterData { .. }
                | AudioFault::Odd { .. } => continue,
            };
            findings.add(about(&sounding, what));
        }
    }
}

fn flac_checksum(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        if sounding
            .audio
            .faults
            .contains(&AudioFault::ChecksumMismatch)
        {
            let what = format!(
                "{} is damaged: its audio is not what its own checksum says.",
                sounding.name()
            );
            findings.add(about(&sounding, what));
        }
    }
}

fn sampling_rate(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(is_readable) {
        let hertz = sounding.audio.rate_hz;
        if !matches!(hertz, 44_100 | 48_000) {
            let what = format!("{} has {}.", sounding.name(), rate(hertz));
            findings.add(
                about(&sounding, what)
                    .expected("44.1 kHz or 48 kHz")
                    .found(&rate(hertz)),
            );
        }
    }
}

fn shallow(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(is_readable) {
        let bits = sounding.audio.bits;
        let integer = matches!(
            sounding.audio.coding,
            SampleCoding::Pcm | SampleCoding::Flac
        );
        if integer && (1..16).contains(&bits) {
            let what = format!("{} has only {bits} bit.", sounding.name());
            findings.add(
                about(&sounding, what)
                    .expected("16 bit or more")
                    .found(&format!("{bits} bit")),
            );
        }
    }
}

fn sixteen_bit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let number = case
        .soundings()
        .filter(is_readable)
        .filter(|sounding| sounding.audio.bits == 16)
        .count();
    if number > 0 {
        findings.add(Note::new(format!(
            "{} with 16 bit.",
            count(number, "audio file")
        )));
    }
}

fn channels(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(is_readable) {
        let channels = sounding.audio.channels;
        if channels != 2 {
            let what = match channels {
                1 => format!("{} is mono.", sounding.name()),
                _ => format!("{} has {channels} channels.", sounding.name()),
            };
            findings.add(
                about(&sounding, what)
                    .expected("2 channels")
                    .found(&channels.to_string()),
            );
        }
    }
}
