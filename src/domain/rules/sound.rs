//! AUD-014 … AUD-028: what the audio sounds like, and whether it is what the message says.

use super::super::facts::{AudioFacts, AudioFault, AudioLevels, SampleCoding};
use super::super::repair::Edit;
use super::case::{Case, Sounding};
use super::findings::{Findings, Note};
use super::format::{about, is_readable};
use super::times::duration_ms;
use super::wording::{clock, count, decibels, list, rate, seconds};
use super::{Rule, Severity, Weight};
use std::collections::BTreeSet;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "AUD-014",
        title: "Tracks have different rates or depths",
        weight: Weight::WARNING,
        why: "The tracks of one release usually come from one mastering.",
        fix: "Check whether a track was exported with other settings by mistake.",
        source: "drop zone",
        check: mixed_formats,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-015",
        title: "Duration differs from the stated one",
        weight: Weight::WARNING.or(Severity::Error),
        why: "More than a second is a warning. More than 5 seconds and more than 2 percent is an \
              error: most likely it is the wrong file.",
        fix: "Check whether this is the right file. If it is, correct Duration in the message.",
        source: "drop zone, after the practice of Apple and YouTube",
        ack: "ResourceNotMeetingSpecifications",
        check: other_duration,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-016",
        title: "Technical values differ from the stated ones",
        weight: Weight::WARNING,
        why: "SamplingRate, BitsPerSample or NumberOfChannels of the message are not the file's. \
              We go by the file.",
        fix: "Correct the values in the message, or leave them out.",
        source: "DDEX ERN 3.8.2, TechnicalSoundRecordingDetails",
        check: other_values,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-017",
        title: "Silence at the start or end",
        weight: Weight::WARNING,
        why: "The guide allows one second of silence at the start and at the end.",
        fix: "Cut the silence to one second at most, unless it belongs to the work.",
        source: "guide, Audio File Requirements (“Maximum 1 second”)",
        ack: "ResourceNotMeetingSpecifications",
        check: silence,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-019",
        title: "Track or channel is silent",
        why: "A track or one of its channels without sound is a failed export.",
        fix: "Listen to the file, and export the track again.",
        source: "drop zone",
        ack: "ResourceCorrupt",
        check: no_sound,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-020",
        title: "Audio is clipped",
        weight: Weight::WARNING.or(Severity::Error),
        why: "Where several samples in a row stand at full scale the sound is cut off and \
              distorted. More than 0.1 percent of all samples is an error.",
        fix: "Master the track with a lower level; −0.3 dBTP at most.",
        source: "guide, Audio File Requirements (“Clipping: Not permitted”)",
        ack: "ResourceNotMeetingSpecifications",
        check: clipped,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-021",
        title: "True peak is above −0.3 dBTP",
        weight: Weight::BY_PROFILE,
        why: "Between two samples the sound can be louder than both; players and encoders then \
              distort it. The guide allows −0.3 dBTP.",
        fix: "Set the limiter of your mastering to −0.3 dBTP (true peak) and export again.",
        source: "guide, Audio File Requirements; ITU-R BS.1770-4",
        ack: "ResourceNotMeetingSpecifications",
        check: true_peak,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-022",
        title: "Loudness is unusual",
        weight: Weight::WARNING,
        why: "A track below −30 or above −5 LUFS is much softer or louder than others. It is never \
              a reason to reject a release.",
        fix: "Listen whether this is meant.",
        source: "EBU R 128; drop zone",
        check: loudness,
        ..Rule::BASE
    },
    Rule {
        code: "AUD-028",
        title: "Audio file is built in an unusual way",
        weight: Weight::WARNING,
        why: "The file can be read, but something about its header is odd; other programs may not \
              read it.",
        fix: "Export the track again, if you can, with another program.",
        source: "drop zone",
        check: odd_header,
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

fn mixed_formats(case: &Case<'_>, findings: &mut Findings<'_>) {
    let kinds: BTreeSet<(u32, u32)> = case
        .soundings()
        .filter(is_readable)
        .map(|sounding| (sounding.audio.rate_hz, sounding.audio.bits))
        .collect();
    if kinds.len() > 1 {
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(hertz, bits)| format!("{} with {bits} bit", rate(*hertz)))
            .collect();
        findings.add(Note::new(format!("The tracks have {}.", list(&kinds))));
    }
}

/// Whether a file ends early; what follows from that is not told again.
pub(super) fn is_cut_off(audio: &AudioFacts) -> bool {
    audio.faults.iter().any(|fault| {
        matches!(
            fault,
            AudioFault::Truncated { .. } | AudioFault::Undecodable { .. }
        )
    })
}

fn other_duration(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(is_readable) {
        if sounding.audio.coding == SampleCoding::Compressed {
            // Its length was guessed, and AUD-005 asks for another file anyway.
            continue;
        }
        let Some(track) = sounding
            .track
            .filter(|track| track.recording.files().count() == 1)
        else {
            continue;
        };
        let Some(text) = &track.recording.duration else {
            continue;
        };
        let Some(stated) = duration_ms(text.as_str()).filter(|_| !is_cut_off(sounding.audio))
        else {
            continue;
        };
        let lasts = sounding.audio.duration_ms;
        let differs = stated.abs_diff(lasts);
        if differs <= 1_000 {
            continue;
        }
        let grave = differs > 5_000 && differs.saturating_mul(50) > stated;
        let tenths = differs < 2_000;
        let question = if grave { " Is it the wrong file?" } else { "" };
        let what = format!(
            "{} lasts {}; the message says {}.{question}",
            sounding.name(),
            clock(lasts, tenths),
            clock(stated, tenths)
        );
        // So little is a rounding or another fade; more may be another file.
        let edit = (!grave).then(|| Edit::set(&text.at.path, iso_duration(lasts)));
        findings.add(
            about(&sounding, what)
                .at(&text.at)
                .expected(clock(stated, tenths))
                .found(&clock(lasts, tenths))
                .other(grave)
                .repair(edit),
        );
    }
}

/// A stated sampling rate in hertz: `44100` with `Hz`, `44.1` with `kHz`; without a unit, by size.
pub(super) fn stated_hertz(text: &str, unit: Option<&str>) -> Option<u32> {
    let value: f64 = text.parse().ok()?;
    let kilo = match unit.map(str::to_ascii_lowercase).as_deref() {
        Some("khz") => true,
        Some(_) => false,
        None => value < 1_000.0,
    };
    let hertz = if kilo { value * 1000.0 } else { value };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked; a float cast saturates"
    )]
    (hertz.is_finite() && (0.0..1e9).contains(&hertz)).then(|| hertz.round() as u32)
}

/// `222400` → `PT3M42S`, as messages write it.
fn iso_duration(milliseconds: u64) -> String {
    let seconds = milliseconds.saturating_add(500) / 1000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("PT{rest}S"),
        (0, minutes) => format!("PT{minutes}M{rest}S"),
        (hours, minutes) => format!("PT{hours}H{minutes}M{rest}S"),
    }
}

fn other_values(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings().filter(is_readable) {
        let Some(track) = sounding.track else {
            continue;
        };
        let audio = sounding.audio;
        let technical = track.recording.technical.iter().filter(|t| !t.is_preview);
        // Of several the file is one, and which is a guess.
        let is_only = technical.clone().count() == 1;
        for details in technical {
            let unit = details.rate_unit.as_deref();
            let stated = details
                .rate
                .as_ref()
                .and_then(|text| Some((text, stated_hertz(text.as_str(), unit)?)));
            let mut differences = Vec::new();
            if let Some((text, hertz)) = stated.filter(|(_, hertz)| *hertz != audio.rate_hz) {
                let value = if unit.is_some_and(|unit| unit.eq_ignore_ascii_case("khz")) {
                    (f64::from(audio.rate_hz) / 1000.0).to_string()
                } else {
                    audio.rate_hz.to_string()
                };
                differences.push((text, rate(hertz), rate(audio.rate_hz), value));
            }
            let numbers = [
                (&details.bits, audio.bits, "bit"),
                (&details.channels, audio.channels, "channels"),
            ];
            for (text, real, unit) in numbers {
                let Some(text) = text else { continue };
                if text
                    .as_str()
                    .parse::<u32>()
                    .is_ok_and(|stated| stated != real)
                {
                    let stated = format!("{} {unit}", super::wording::shown(text.as_str()));
                    let value = real.to_string();
                    differences.push((text, stated, format!("{real} {unit}"), value));
                }
            }
            for (text, stated, real, value) in differences {
                let what = format!("{} has {real}; the message says {stated}.", sounding.name());
                findings.add(
                    about(&sounding, what)
                        .at(&text.at)
                        .expected(stated)
                        .found(&real)
                        .repair(is_only.then(|| Edit::set(&text.at.path, value))),
                );
            }
        }
    }
}

fn silence(case: &Case<'_>, findings: &mut Findings<'_>) {
    const MOST_MS: u64 = 1_000;
    for (sounding, levels) in measured(case).filter(|(_, levels)| !levels.all_silent) {
        let end = sounding.audio.duration_ms;
        let (lead, trail) = (levels.leading_silence_ms, levels.trailing_silence_ms);
        let mut parts = Vec::new();
        if lead > MOST_MS {
            parts.push(format!(
                "{} at the start (0:00–{})",
                seconds(lead),
                clock(lead, true)
            ));
        }
        if trail > MOST_MS {
            parts.push(format!(
                "{} at the end ({}–{})",
                seconds(trail),
                clock(end.saturating_sub(trail), true),
                clock(end, true)
            ));
        }
        if !parts.is_empty() {
            let what = format!("{} has silence: {}.", sounding.name(), list(&parts));
            let longest = seconds(lead.max(trail));
            findings.add(
                about(&sounding, what)
                    .expected("1 s at most")
                    .found(&longest),
            );
        }
    }
}

/// A channel this far below the other is not heard beside it.
const CHANNEL_GAP_DB: f64 = 40.0;

fn no_sound(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (sounding, levels) in measured(case) {
        let what = match levels.channel_rms_dbfs.as_slice() {
            _ if levels.all_silent => format!("{} holds no sound at all.", sounding.name()),
            [left, right] if (left - right).abs() > CHANNEL_GAP_DB => {
                let quiet = if left < right { "left" } else { "right" };
                format!(
                    "{}: the {quiet} channel is silent, or {} dB softer than the other.",
                    sounding.name(),
                    decibels((left - right).abs()).trim_start_matches('+')
                )
            }
            _ => continue,
        };
        findings.add(about(&sounding, what));
    }
}

fn clipped(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (sounding, levels) in measured(case).filter(|(_, levels)| levels.clipped_runs > 0) {
        let mut places: Vec<String> = levels
            .clipped_at
            .iter()
            .map(|span| clock(span.start_ms, true))
            .collect();
        // Many places within one second read as one.
        places.dedup();
        places.truncate(5);
        let at = if places.is_empty() {
            String::new()
        } else {
            format!(", first at {}", list(&places))
        };
        let runs = usize::try_from(levels.clipped_runs).unwrap_or(usize::MAX);
        let what = format!(
            "{} is clipped in {}{at}.",
            sounding.name(),
            count(runs, "place")
        );
        let grave = levels.clipped_samples.saturating_mul(1_000) > levels.samples;
        findings.add(about(&sounding, what).other(grave));
    }
}

/// The highest true peak that the guide allows.
const MOST_DBTP: f64 = -0.3;

fn true_peak(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (sounding, levels) in measured(case) {
        // Compared as it is shown: with one digit. Meters differ by more than that.
        let peak = (levels.true_peak_dbtp * 10.0).round() / 10.0;
        if peak > MOST_DBTP {
            let shown = decibels(peak);
            let what = format!(
                "{} peaks at {shown} dBTP, at {}.",
                sounding.name(),
                clock(levels.true_peak_at_ms, true)
            );
            findings.add(
                about(&sounding, what)
                    .expected("−0.3 dBTP at most")
                    .found(&format!("{shown} dBTP")),
            );
        }
    }
}

fn loudness(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (sounding, levels) in measured(case) {
        let Some(lufs) = levels
            .loudness_lufs
            .filter(|lufs| !(-30.0..=-5.0).contains(lufs))
        else {
            continue;
        };
        let shown = decibels(lufs);
        let what = format!("{} has a loudness of {shown} LUFS.", sounding.name());
        findings.add(
            about(&sounding, what)
                .expected("−30 to −5 LUFS")
                .found(&format!("{shown} LUFS")),
        );
    }
}

fn odd_header(case: &Case<'_>, findings: &mut Findings<'_>) {
    for sounding in case.soundings() {
        for fault in &sounding.audio.faults {
            if let AudioFault::Odd { what } = fault {
                let what = what.trim_end_matches('.');
                findings.add(about(&sounding, format!("{}: {what}.", sounding.name())));
            }
        }
    }
}
