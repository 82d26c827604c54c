//! AUD-006 … AUD-013: how an audio file is built, and whether it is whole.

use super::super::facts::{AudioFault, SampleCoding};
use super::case::{Case, Sounding};
use super::findings::{Findings, Note};
use super::wording::{clock, count, list, quoted, rate};
use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
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
