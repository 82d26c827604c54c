//! AUD-018 … AUD-027, the rules about what the sound's own character gives away: gaps, a lossy or
//! blown-up source, channels that are no stereo, odd lengths. Guesses; none of them blocks, but for
//! a track that is no track.

use super::super::facts::{AudioFacts, AudioLevels, Container, Cutoff, SampleCoding};
use super::case::{Case, Sounding};
use super::findings::{Findings, Note};
use super::format::{about, is_readable};
use super::wording::{clock, list, rate, seconds};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "AUD-018",
        title: "Silence within the track",
        weight: Weight::WARNING,
        why: "Five seconds and more without sound in the middle of a track are often a gap in the \
              export, or a hidden track that stores want on its own.",
        fix: "Listen at these places. If the gap belongs to the work, nothing has to be done.",
        source: "drop zone",
        check: inner_silence,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-023",
        title: "Audio looks like a converted copy",
        weight: Weight::WARNING.or(Severity::Info),
        why: "The spectrum ends all at once where MP3 and AAC cut it off, or where audio of a lower \
              sampling rate ended before it was converted, or the lowest bits are never used. \
              Converting a copy brings nothing back. It is a guess, never a reason to reject; a note \
              where an ordinary filter may look the same.",
        fix: "Export the track from the original session, not from a compressed or converted copy. \
              If this is the original, nothing has to be done.",
        source: "drop zone",
        check: converted,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-024",
        title: "Channels are unusual for stereo",
        weight: Weight::WARNING.or(Severity::Info),
        why: "An offset from zero costs level and clicks at the ends. Channels of opposite polarity \
              cancel each other out on one loudspeaker. Equal channels are a mono recording, which is \
              fine if it is meant: a note.",
        fix: "Check the export. An inverted channel is mended by inverting it once more; an offset \
              by a high-pass filter at a few hertz.",
        source: "drop zone",
        check: channels,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-025",
        title: "Track is very short or very long",
        weight: Weight::WARNING.or(Severity::Error),
        why: "Stores pay nothing for plays of less than 30 seconds, and more than an hour is often \
              several tracks in one file. Less than two seconds is no track: an error.",
        fix: "Check whether this is the whole track, and only this one.",
        source: "Spotify style guide; drop zone",
        ack: "ResourceNotMeetingSpecifications",
        check: odd_length,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-027",
        title: "WAV is of the 64-bit kind",
        weight: Weight::INFO,
        why: "RF64 and BW64 are WAV for files over 4 GiB. We take them and write a plain header for \
              the stores where the size allows.",
        fix: "Nothing has to be done.",
        source: "EBU Tech 3306; ITU-R BS.2088",
        check: long_wav,
        ..Rule::BASE
    },
];

/// Readable audio files with what was measured in them.
fn measured<'c, 'a>(
    case: &'c Case<'a>,
) -> impl Iterator<Item = (Sounding<'c, 'a>, &'a AudioLevels)> {
    case.soundings().filter(is_readable).filter_map(|sounding| {
        let levels = sounding.audio.levels.as_ref()?;
        Some((sounding, levels))
    })
}

fn inner_silence(case: &Case<'_>, findings: &mut Findings<'_>) {
    const LEAST_MS: u64 = 5_000;
    for (sounding, levels) in measured(case) {
        let gaps: Vec<String> = levels
            .inner_silence
            .iter()
            .filter(|gap| gap.end_ms.saturating_sub(gap.start_ms) >= LEAST_MS)
            .map(|gap| {
                format!(
                    "{} ({}–{})",
                    seconds(gap.end_ms - gap.start_ms),
                    clock(gap.start_ms, true),
                    clock(gap.end_ms, true)
                )
            })
            .collect();
        if !gaps.is_empty() {
            let what = format!("{} is silent within: {}.", sounding.name(), list(&gaps));
            findings.add(about(&sounding, what));
        }
    }
}

/// What a steep end of the spectrum says, and whether an ordinary filter may look the same.
fn meaning(audio: &AudioFacts, cutoff: Cutoff) -> Option<(String, bool)> {
    /// A fall that only a coder's or a resampler's filter makes.
    const STEEP_DB: f64 = 30.0;
    if cutoff.drop_db < STEEP_DB {
        return None;
    }
    let at = rate(cutoff.hertz / 100 * 100);
    match (audio.rate_hz, cutoff.hertz) {
        (_, ..19_500) => Some((
            format!("its sound ends all at once at {at}, as after MP3 or AAC"),
            false,
        )),
        (_, 19_500..20_600) => Some((
            format!("its sound ends all at once at {at}, as after MP3 of the highest quality"),
            true,
        )),
        (88_200.., 20_600..24_500) => Some((
            format!(
                "its sound ends all at once at {at}: it seems to be made from audio of 44.1 or 48 kHz"
            ),
            false,
        )),
        _ => None,
    }
}

fn converted(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (sounding, levels) in measured(case) {
        if sounding.audio.coding == SampleCoding::Compressed {
            continue;
        }
        if let Some((what, mild)) = levels
            .cutoff
            .and_then(|cutoff| meaning(sounding.audio, cutoff))
        {
            let what = format!("{}: {what}.", sounding.name());
            findings.add(about(&sounding, what).other(mild));
        }
        let bits = sounding.audio.bits;
        if let Some(real) = levels.real_bits.filter(|real| *real + 4 <= bits) {
            let what = format!(
                "{} has {bits} bit, of which only {real} are used.",
                sounding.name()
            );
            findings.add(
                about(&sounding, what)
                    .expected(format!("{bits} bit"))
                    .found(&format!("{real} bit"))
                    .fix(format!(
                        "Export the track from the session with {bits} bit, or as it is with {real} \
                         bit. Adding zeros changes nothing."
                    )),
            );
        }
    }
}

fn channels(case: &Case<'_>, findings: &mut Findings<'_>) {
    /// One percent of full scale.
    const MOST_OFFSET: f64 = 0.01;
    const OPPOSITE: f64 = -0.95;
    for (sounding, levels) in measured(case).filter(|(_, levels)| !levels.all_silent) {
        let name = sounding.name();
        let offset = levels
            .dc_offset
            .iter()
            .fold(0.0_f64, |most, offset| most.max(offset.abs()));
        if offset > MOST_OFFSET {
            let what = format!(
                "{name} stands {:.1} percent of full scale off zero (DC offset).",
                offset * 100.0
            );
            findings.add(about(&sounding, what));
        }
        if levels.correlation.is_some_and(|value| value < OPPOSITE) {
            let what = format!(
                "{name}: left and right have opposite polarity. On one loudspeaker the track is \
                 nearly silent."
            );
            findings.add(about(&sounding, what));
        } else if levels.identical_channels {
            let what = format!("{name}: left and right are the same; it is a mono recording.");
            findings.add(
                about(&sounding, what)
                    .fix("Nothing has to be done if it is meant.")
                    .other(true),
            );
        }
    }
}

fn odd_length(case: &Case<'_>, findings: &mut Findings<'_>) {
    const NO_TRACK_MS: u64 = 2_000;
    const UNPAID_MS: u64 = 30_000;
    const LONG_MS: u64 = 3_600_000;
    for (sounding, _) in measured(case) {
        let lasts = sounding.audio.duration_ms;
        let damaged = super::sound::is_cut_off(sounding.audio);
        if damaged || (UNPAID_MS..=LONG_MS).contains(&lasts) {
            continue;
        }
        let name = sounding.name();
        let what = if lasts < UNPAID_MS {
            format!("{name} lasts only {}.", seconds(lasts))
        } else {
            format!("{name} lasts {}.", clock(lasts, false))
        };
        findings.add(about(&sounding, what).other(lasts < NO_TRACK_MS));
    }
}

fn long_wav(case: &Case<'_>, findings: &mut Findings<'_>) {
    let names: Vec<String> = case
        .soundings()
        .filter(|sounding| sounding.audio.container == Container::Rf64)
        .map(|sounding| sounding.name())
        .collect();
    if !names.is_empty() {
        findings.add(Note::new(format!("RF64 or BW64: {}.", list(&names))));
    }
}
