//! A track's waveform as the lines of a small drawing, with the places that a listener looks for:
//! silence, clipping, the highest peak.
//!
//! Across, the drawing counts columns of the waveform; down, from 1 (full scale) over 128 (silence)
//! to 255. Every mark has words of its own, so that nothing is told by colour alone.

use super::super::facts::{AudioLevels, Span, Waveform};
use super::measures::exact_duration;
use serde::Serialize;
use std::fmt::Write as _;

/// Columns drawn, at most; a waveform has no more.
const COLUMNS: usize = 400;
/// Silence shorter than this is not marked, in milliseconds.
const SHORTEST_SILENCE_MS: u64 = 500;
/// Label marks below the drawing.
const TICKS: u64 = 4;

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Wave {
    /// Columns across.
    pub columns: usize,
    /// The sound, as an SVG path.
    pub path: String,
    /// Silent stretches.
    pub silence: Vec<Mark>,
    /// Clipped places.
    pub clipped: Vec<Mark>,
    /// Where the true peak is.
    pub peak: Option<Mark>,
    /// What the drawing shows, for those who do not see it.
    pub words: String,
    /// Times below the drawing, evenly spaced from its beginning to its end.
    pub ticks: Vec<String>,
}

/// A place in the drawing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Mark {
    /// Left edge, in columns.
    pub x: f64,
    /// Width in columns; nothing where it is a line.
    pub width: f64,
    /// What it is, and when.
    pub words: String,
}

/// Draws what was measured; `None` when there is no waveform to draw.
pub(super) fn wave(levels: &AudioLevels, duration_ms: u64) -> Option<Wave> {
    let waveform = levels.waveform.as_ref()?;
    let columns = waveform.low.len().min(waveform.high.len()).min(COLUMNS);
    if columns == 0 || duration_ms == 0 {
        return None;
    }
    let scale = Scale {
        columns: small(columns),
        duration_ms,
    };
    let silence: Vec<Mark> = silent(levels, duration_ms)
        .into_iter()
        .map(|span| scale.stretch(span))
        .collect();
    let peak = (!levels.all_silent && levels.true_peak_dbtp > -199.0).then(|| Mark {
        words: format!(
            "True peak {:.1} dBTP at {}",
            levels.true_peak_dbtp,
            exact_duration(levels.true_peak_at_ms)
        ),
        x: scale.at(levels.true_peak_at_ms),
        width: 0.0,
    });
    let clipped: Vec<Mark> = levels
        .clipped_at
        .iter()
        .map(|span| scale.clip(*span))
        .collect();
    Some(Wave {
        columns,
        path: path(waveform, columns),
        words: words(levels, duration_ms, &silence, &clipped, peak.as_ref()),
        silence,
        clipped,
        peak,
        ticks: (0..=TICKS)
            .map(|tick| super::measures::duration(duration_ms / TICKS * tick))
            .collect(),
    })
}

/// Time to place.
struct Scale {
    columns: f64,
    duration_ms: u64,
}

impl Scale {
    /// Kept inside the drawing, with two decimals.
    fn at(&self, ms: u64) -> f64 {
        let share = float(ms.min(self.duration_ms)) / float(self.duration_ms);
        (share * self.columns * 100.0).round() / 100.0
    }

    fn stretch(&self, span: Span) -> Mark {
        let (x, end) = (self.at(span.start_ms), self.at(span.end_ms));
        Mark {
            x,
            width: ((end - x).max(0.0) * 100.0).round() / 100.0,
            words: format!(
                "Silence from {} to {}",
                exact_duration(span.start_ms),
                exact_duration(span.end_ms)
            ),
        }
    }

    fn clip(&self, span: Span) -> Mark {
        Mark {
            x: self.at(span.start_ms),
            width: 0.0,
            words: format!("Clipped at {}", exact_duration(span.start_ms)),
        }
    }
}

/// Silent stretches that are long enough to be seen, in order.
fn silent(levels: &AudioLevels, duration_ms: u64) -> Vec<Span> {
    let whole = |start_ms, end_ms| Span { start_ms, end_ms };
    if levels.all_silent {
        return vec![whole(0, duration_ms)];
    }
    let start = whole(0, levels.leading_silence_ms);
    let end = whole(
        duration_ms.saturating_sub(levels.trailing_silence_ms),
        duration_ms,
    );
    std::iter::once(start)
        .chain(levels.inner_silence.iter().copied())
        .chain([end])
        .filter(|span| span.end_ms.saturating_sub(span.start_ms) >= SHORTEST_SILENCE_MS)
        .collect()
}

/// One upright line a column, from the highest sample to the lowest; at least one step long, so that
/// silence is a line too.
fn path(waveform: &Waveform, columns: usize) -> String {
    let mut path = String::with_capacity(columns * 12);
    let pairs = waveform.low.iter().zip(&waveform.high).take(columns);
    for (x, (low, high)) in pairs.enumerate() {
        let (low, high) = (i16::from(*low), i16::from(*high));
        let (low, high) = (low.min(high), low.max(high));
        // Writing into a string cannot fail.
        write!(path, "M{x} {}v{}", 128 - high, (high - low).max(1)).ok();
    }
    path
}

fn words(
    levels: &AudioLevels,
    duration_ms: u64,
    silence: &[Mark],
    clipped: &[Mark],
    peak: Option<&Mark>,
) -> String {
    const NAMED: usize = 5;
    let mut parts = vec![format!("Waveform, {} long", exact_duration(duration_ms))];
    parts.extend(peak.map(|mark| mark.words.clone()));
    parts.extend(silence.iter().take(NAMED).map(|mark| mark.words.clone()));
    if levels.clipped_runs > 0 {
        let first = clipped
            .first()
            .map(|mark| format!(", first: {}", mark.words));
        parts.push(format!(
            "Clipped places: {}{}",
            levels.clipped_runs,
            first.unwrap_or_default()
        ));
    }
    format!("{}.", parts.join(". "))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a place in a drawing; a millisecond in an age does not show"
)]
fn float(ms: u64) -> f64 {
    ms as f64
}

fn small(columns: usize) -> f64 {
    u16::try_from(columns).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> AudioLevels {
        AudioLevels {
            leading_silence_ms: 100,
            trailing_silence_ms: 1_000,
            true_peak_dbtp: -0.5,
            true_peak_at_ms: 5_000,
            clipped_runs: 1,
            clipped_at: vec![Span {
                start_ms: 2_500,
                end_ms: 2_501,
            }],
            inner_silence: vec![Span {
                start_ms: 6_000,
                end_ms: 8_000,
            }],
            waveform: Some(Waveform {
                low: vec![-127, 0, 5, -1],
                high: vec![127, 0, -5, 1],
            }),
            ..AudioLevels::default()
        }
    }

    #[test]
    fn marks_stand_where_the_sound_is() {
        let wave = wave(&levels(), 10_000).unwrap();
        assert_eq!(wave.columns, 4);
        assert_eq!(wave.path, "M0 1v254M1 128v1M2 123v10M3 127v2");
        let places = |marks: &[Mark]| marks.iter().map(|m| (m.x, m.width)).collect::<Vec<_>>();
        assert_eq!(places(&wave.silence), [(2.4, 0.8), (3.6, 0.4)]);
        assert_eq!(places(&wave.clipped), [(1.0, 0.0)]);
        assert_eq!(wave.peak.unwrap().words, "True peak -0.5 dBTP at 0:05.0");
        assert_eq!(wave.ticks, ["0:00", "0:03", "0:05", "0:08", "0:10"]);
        assert_eq!(
            wave.words,
            "Waveform, 0:10.0 long. True peak -0.5 dBTP at 0:05.0. Silence from 0:06.0 to 0:08.0. \
             Silence from 0:09.0 to 0:10.0. Clipped places: 1, first: Clipped at 0:02.5."
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing_and_lies_stay_inside() {
        assert_eq!(wave(&AudioLevels::default(), 10_000), None);
        assert_eq!(wave(&levels(), 0), None);
        let mut lying = levels();
        lying.leading_silence_ms = u64::MAX;
        lying.true_peak_at_ms = u64::MAX;
        lying.true_peak_dbtp = f64::NAN;
        let wave = wave(&lying, 1).unwrap();
        for mark in wave.silence.iter().chain(&wave.clipped).chain(&wave.peak) {
            assert!(
                (0.0..=4.0).contains(&mark.x) && mark.x + mark.width <= 4.0,
                "{mark:?}"
            );
        }
    }
}
