//! The tracks of the web page: one card each, with what was measured against what the message
//! states, the levels, and the waveform.

use super::super::facts::{AudioLevels, Container, SampleCoding};
use super::measures::{duration, exact_duration, level, rate};
use super::view::{self, Track};
use super::waveform::{Wave, wave};
use super::{Report, StatedAudio, TrackSummary};
use serde::Serialize;

/// A stated duration may differ so far from the measured one, in milliseconds (AUD-015).
const SAME_DURATION_MS: u64 = 1_000;

/// One track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Card {
    /// Number, titles, file.
    pub track: Track,
    /// What is stated and what was measured.
    pub rows: Vec<Row>,
    /// What was measured of the sound, with its words.
    pub levels: Vec<(&'static str, String)>,
    /// The waveform.
    pub wave: Option<Wave>,
}

/// One value, stated and measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// What it is.
    pub what: &'static str,
    /// As stated; empty when it is not.
    pub stated: String,
    /// As measured; empty when it could not be.
    pub measured: String,
    /// Whether the two are the same; `None` when one is missing or they cannot be compared.
    pub same: Option<bool>,
}

/// A card for every track.
pub(super) fn cards(report: &Report) -> Vec<Card> {
    let rows = view::tracks(report).into_iter().zip(&report.tracks);
    rows.map(|(track, summary)| {
        let levels = summary.levels.as_ref();
        Card {
            rows: compared(summary),
            levels: levels.map(told).unwrap_or_default(),
            wave: levels
                .zip(summary.duration_ms)
                .and_then(|(levels, duration_ms)| wave(levels, duration_ms)),
            track,
        }
    })
    .collect()
}

fn compared(track: &TrackSummary) -> Vec<Row> {
    let stated = &track.stated;
    let checksum = stated.checksum.as_ref();
    let rows = vec![
        duration_row(track),
        Row {
            what: "Codec",
            stated: stated.codec.as_deref().map(view::name).unwrap_or_default(),
            measured: codec(track),
            same: same_codec(stated, track),
        },
        number("Sampling rate", stated.rate_hz, track.rate_hz, rate),
        number("Bit depth", stated.bits, track.bits, |bits| {
            format!("{bits} bit")
        }),
        number("Channels", stated.channels, track.channels, channels),
        Row {
            what: "Checksum",
            stated: checksum
                .map(|sum| sum_words(&sum.kind, &sum.stated))
                .unwrap_or_default(),
            measured: checksum
                .and_then(|sum| Some(sum_words(&sum.kind, sum.measured.as_ref()?)))
                .or_else(|| Some(sum_words("SHA-256", track.sha256.as_ref()?)))
                .unwrap_or_default(),
            same: checksum.and_then(|sum| Some(*sum.measured.as_ref()? == sum.stated)),
        },
    ];
    let is_known = |row: &Row| !row.stated.is_empty() || !row.measured.is_empty();
    rows.into_iter().filter(is_known).collect()
}

fn duration_row(track: &TrackSummary) -> Row {
    let both = track.stated_duration_ms.zip(track.duration_ms);
    let differs = both.map(|(stated, measured)| stated.abs_diff(measured));
    let shown = |ms: u64| match differs {
        // What differs by less than a second looks the same without its tenths.
        Some(differs) if differs > 0 && differs < 2_000 => exact_duration(ms),
        _ => duration(ms),
    };
    Row {
        what: "Duration",
        stated: track.stated_duration_ms.map(shown).unwrap_or_default(),
        measured: track.duration_ms.map(shown).unwrap_or_default(),
        same: differs.map(|differs| differs <= SAME_DURATION_MS),
    }
}

fn number(
    what: &'static str,
    stated: Option<u32>,
    measured: Option<u32>,
    words: impl Fn(u32) -> String,
) -> Row {
    Row {
        what,
        stated: stated.map(&words).unwrap_or_default(),
        measured: measured.map(words).unwrap_or_default(),
        same: stated.zip(measured).map(|(a, b)| a == b),
    }
}

fn channels(number: u32) -> String {
    match number {
        1 => "1 (mono)".to_owned(),
        2 => "2 (stereo)".to_owned(),
        n => n.to_string(),
    }
}

fn sum_words(kind: &str, value: &str) -> String {
    format!("{} {}", view::name(kind), view::name(value))
}

/// `PCM in WAV`, `FLAC`.
fn codec(track: &TrackSummary) -> String {
    let Some(container) = track.container else {
        return String::new();
    };
    let coding = match track.coding {
        Some(SampleCoding::Pcm) => "PCM in ",
        Some(SampleCoding::Float) => "floating point in ",
        Some(SampleCoding::Compressed) => "compressed in ",
        Some(SampleCoding::Flac | SampleCoding::Unknown) | None => "",
    };
    format!("{coding}{}", container.label())
}

/// Whether a stated codec is the measured one. The guide's dialect names containers (XML-011).
fn same_codec(stated: &StatedAudio, track: &TrackSummary) -> Option<bool> {
    let container = track.container?;
    match stated
        .codec
        .as_deref()?
        .trim()
        .to_ascii_uppercase()
        .as_str()
    {
        "PCM" | "LPCM" => Some(track.coding? == SampleCoding::Pcm),
        "WAV" | "WAVE" => Some(matches!(container, Container::Wav | Container::Rf64)),
        "AIFF" | "AIFF-C" => Some(matches!(container, Container::Aiff | Container::Aifc)),
        "FLAC" => Some(container == Container::Flac),
        "MP3" => Some(container == Container::Mp3),
        "AAC" => Some(matches!(container, Container::Aac | Container::Mp4)),
        _ => None,
    }
}

fn told(levels: &AudioLevels) -> Vec<(&'static str, String)> {
    let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    if levels.all_silent {
        return vec![("Loudness", "silent from start to end".to_owned())];
    }
    let mut told = Vec::new();
    let mut tell = |what, value: Option<String>| told.extend(value.map(|value| (what, value)));
    let loudness = levels
        .loudness_lufs
        .map(|lufs| format!("{} LUFS", level(lufs)));
    tell("Loudness", loudness);
    let range = levels.loudness_range_lu.map(|lu| format!("{lu:.1} LU"));
    tell("Loudness range", range);
    let peak = (levels.true_peak_dbtp > -199.0).then(|| {
        let at = exact_duration(levels.true_peak_at_ms);
        format!("{} dBTP at {at}", level(levels.true_peak_dbtp))
    });
    tell("True peak", peak);
    let clipped = (levels.clipped_runs > 0).then(|| clipped(levels));
    tell("Clipped", clipped);
    tell("Silence at start", Some(seconds(levels.leading_silence_ms)));
    tell("Silence at end", Some(seconds(levels.trailing_silence_ms)));
    let inner = levels.inner_silence.iter().take(3).map(|span| {
        format!(
            "{} to {}",
            exact_duration(span.start_ms),
            exact_duration(span.end_ms)
        )
    });
    let inner = inner.collect::<Vec<_>>().join(", ");
    tell("Silence within", (!inner.is_empty()).then_some(inner));
    let real = levels.real_bits.map(|bits| format!("{bits} bit"));
    tell("Bits in use", real);
    let cutoff = levels
        .cutoff
        .map(|cutoff| format!("at {}", rate(cutoff.hertz)));
    tell("Spectrum ends", cutoff);
    let channels = match levels.correlation {
        _ if levels.identical_channels => Some("left and right are the same".to_owned()),
        Some(inverted) if inverted < -0.9 => Some("one channel is inverted".to_owned()),
        Some(_) | None => None,
    };
    tell("Channels", channels);
    told
}

fn clipped(levels: &AudioLevels) -> String {
    const NAMED: usize = 5;
    let places = levels
        .clipped_at
        .iter()
        .map(|span| exact_duration(span.start_ms));
    let mut places: Vec<String> = places.collect();
    // Runs that follow closely on one another are one place to look at.
    places.dedup();
    let all = places.len() <= NAMED && levels.clipped_runs <= levels.clipped_at.len() as u64;
    places.truncate(NAMED);
    let number = levels.clipped_runs;
    let dots = if all { "" } else { " …" };
    match places.join(", ") {
        empty if empty.is_empty() => format!("{number}×"),
        places => format!("{number}×, at {places}{dots}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::StatedChecksum;
    use super::*;

    fn row(rows: &[Row], what: &str) -> Row {
        rows.iter().find(|row| row.what == what).unwrap().clone()
    }

    #[test]
    fn what_is_stated_is_set_against_what_was_measured() {
        let track = TrackSummary {
            stated_duration_ms: Some(200_000),
            duration_ms: Some(200_900),
            container: Some(Container::Flac),
            coding: Some(SampleCoding::Flac),
            rate_hz: Some(48_000),
            channels: Some(2),
            stated: StatedAudio {
                codec: Some("PCM".to_owned()),
                rate_hz: Some(44_100),
                channels: Some(2),
                checksum: Some(StatedChecksum {
                    kind: "MD5".to_owned(),
                    stated: "aa".to_owned(),
                    measured: Some("bb".to_owned()),
                }),
                ..StatedAudio::default()
            },
            ..TrackSummary::default()
        };
        let rows = compared(&track);
        let same = |what| row(&rows, what).same;
        assert_eq!(same("Duration"), Some(true), "within a second");
        assert_eq!(row(&rows, "Duration").measured, "3:20.9");
        assert_eq!(same("Codec"), Some(false));
        assert_eq!(same("Sampling rate"), Some(false));
        assert_eq!(same("Channels"), Some(true));
        assert_eq!(row(&rows, "Checksum").measured, "MD5 bb");
        assert_eq!(same("Checksum"), Some(false));
        assert!(
            rows.iter().all(|row| row.what != "Bit depth"),
            "neither is known"
        );
    }

    #[test]
    fn a_track_without_a_file_has_what_is_stated_only() {
        let track = TrackSummary {
            stated_duration_ms: Some(200_000),
            ..TrackSummary::default()
        };
        let rows = compared(&track);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].same, None);
    }
}
