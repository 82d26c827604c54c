//! Loudness, range and true peak: the cases of EBU Tech 3341 and 3342, inside half their tolerance,
//! and the `ebur128` crate on the same samples.
//!
//! Cases of Tech 3341 about momentary and short-term loudness (7 to 14) are left out: those are not
//! reported.

use super::facts;
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::audio::{Samples, Signal, flac};
use dropzone::domain::facts::AudioLevels;
use std::f64::consts::TAU;

const RATES: [u32; 3] = [44_100, 48_000, 96_000];

/// A level in dBFS and a length in seconds.
type Part = (f64, f64);

fn levels(samples: &Samples) -> AudioLevels {
    let header = Wav {
        coding: Coding::Float32,
        ..Wav::default()
    };
    facts("x.wav", &header.encode(samples)).levels.unwrap()
}

/// A tone of 1 kHz on each of so many channels in turn, each part with a level in dBFS for each
/// channel and a length in seconds.
fn tone(rate_hz: u32, parts: &[(&[f64], f64)]) -> Samples {
    let channels = parts[0].0.len();
    let mut interleaved = Vec::new();
    let mut frame = 0_u32;
    for (decibels, seconds) in parts {
        let frames = (seconds * f64::from(rate_hz)).round() as u32;
        for _ in 0..frames {
            let value = (TAU * 1_000.0 * f64::from(frame) / f64::from(rate_hz)).sin();
            frame += 1;
            interleaved.extend(
                decibels
                    .iter()
                    .map(|decibels| (value * 10_f64.powf(decibels / 20.0)) as f32),
            );
        }
    }
    Samples {
        rate_hz,
        channels: channels as u16,
        interleaved,
    }
}

fn stereo(rate: u32, parts: &[Part]) -> Samples {
    let pairs: Vec<[f64; 2]> = parts.iter().map(|(level, _)| [*level; 2]).collect();
    let parts: Vec<(&[f64], f64)> = pairs
        .iter()
        .zip(parts)
        .map(|(pair, (_, seconds))| (pair.as_slice(), *seconds))
        .collect();
    tone(rate, &parts)
}

#[test]
fn integrated_loudness_is_that_of_tech_3341() {
    let cases: [(u32, &[Part], f64); 5] = [
        (1, &[(-23.0, 20.0)], -23.0),
        (2, &[(-33.0, 20.0)], -33.0),
        (3, &[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        (
            4,
            &[
                (-72.0, 10.0),
                (-36.0, 10.0),
                (-23.0, 60.0),
                (-36.0, 10.0),
                (-72.0, 10.0),
            ],
            -23.0,
        ),
        (5, &[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ];
    for rate in RATES {
        for (case, parts, wanted) in cases {
            let found = levels(&stereo(rate, parts)).loudness_lufs.unwrap();
            assert!(
                (found - wanted).abs() <= 0.05,
                "case {case} at {rate} Hz: {found} LUFS"
            );
        }
    }
    // Case 6: five channels, as 5.1 has them, with nothing on the low-frequency one.
    let surround = [-28.0, -28.0, -24.0, -200.0, -30.0, -30.0];
    let found = levels(&tone(48_000, &[(&surround, 20.0)]));
    let found = found.loudness_lufs.unwrap();
    assert!((found + 23.0).abs() <= 0.05, "case 6: {found} LUFS");
}

#[test]
fn loudness_range_is_that_of_tech_3342() {
    let cases: [(u32, &[f64], f64); 4] = [
        (1, &[-20.0, -30.0], 10.0),
        (2, &[-20.0, -15.0], 5.0),
        (3, &[-40.0, -20.0], 20.0),
        (4, &[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ];
    for rate in RATES {
        for (case, parts, wanted) in cases {
            let parts: Vec<Part> = parts.iter().map(|level| (*level, 20.0)).collect();
            let found = levels(&stereo(rate, &parts)).loudness_range_lu.unwrap();
            assert!(
                (found - wanted).abs() <= 0.5,
                "case {case} at {rate} Hz: {found} LU"
            );
        }
    }
}

/// A sine at a fraction of the rate, with an amplitude and a phase in degrees; it comes and goes
/// softly, because a hard edge has a peak of its own.
fn sine(rate_hz: u32, divisor: f64, amplitude: f64, degrees: f64) -> Samples {
    let interleaved = (0..rate_hz)
        .map(|frame| {
            let angle = TAU * f64::from(frame) / divisor + degrees.to_radians();
            let edge = frame.min(rate_hz - 1 - frame);
            let level = (f64::from(edge) / 2_000.0).min(1.0);
            (amplitude * level * angle.sin()) as f32
        })
        .flat_map(|value| [value, value])
        .collect();
    Samples {
        rate_hz,
        channels: 2,
        interleaved,
    }
}

#[test]
fn true_peak_is_that_of_tech_3341() {
    let cases = [
        (15, 4.0, 0.50, 0.0, -6.0),
        (16, 4.0, 0.50, 45.0, -6.0),
        (17, 6.0, 0.50, 60.0, -6.0),
        (18, 8.0, 0.50, 67.5, -6.0),
        (19, 4.0, 1.41, 45.0, 3.0),
    ];
    for rate in RATES {
        for (case, divisor, amplitude, degrees, wanted) in cases {
            let found = levels(&sine(rate, divisor, amplitude, degrees)).true_peak_dbtp;
            assert!(
                (wanted - 0.2..=wanted + 0.1).contains(&found),
                "case {case} at {rate} Hz: {found} dBTP"
            );
        }
    }
}

/// One period of fs/4 at full scale within fs/6 at half of it, made at four times the rate, band
/// limited and thinned out from an offset: cases 20 to 23.
fn burst(rate_hz: u32, offset: usize) -> Samples {
    const LENGTH: usize = 9_600;
    let mut phase = 0.0_f64;
    let dense: Vec<f64> = (0..LENGTH)
        .map(|n| {
            let inside = (4_800..4_816).contains(&n);
            let value = phase.sin() * if inside { 1.0 } else { 0.5 };
            phase += TAU / if inside { 16.0 } else { 24.0 };
            value
        })
        .collect();
    let taps: Vec<f64> = (-256_i32..=256)
        .map(|n| {
            let x = f64::from(n) * TAU / 8.0;
            let sinc = if n == 0 { 1.0 } else { x.sin() / x };
            let window = 0.5 * (1.0 + (TAU * f64::from(n) / 514.0).cos());
            sinc * window / 4.0
        })
        .collect();
    let interleaved = (offset + 256..LENGTH - 257)
        .step_by(4)
        .map(|at| {
            let part = &dense[at - 256..=at + 256];
            let sum: f64 = part.iter().zip(&taps).map(|(a, b)| a * b).sum();
            sum as f32
        })
        .flat_map(|value| [value, value])
        .collect();
    Samples {
        rate_hz,
        channels: 2,
        interleaved,
    }
}

#[test]
fn true_peak_of_a_burst_is_that_of_tech_3341() {
    for rate in RATES {
        for offset in 0..4 {
            let found = levels(&burst(rate, offset)).true_peak_dbtp;
            assert!(
                (-0.2..=0.1).contains(&found),
                "offset {offset} at {rate} Hz: {found} dBTP"
            );
        }
    }
}

/// Noise from a small generator, louder and softer in turn.
fn noise(rate_hz: u32, channels: u16, seconds: u32) -> Samples {
    let mut state = 0x2545_F491_u32;
    let count = rate_hz * seconds * u32::from(channels);
    let interleaved = (0..count)
        .map(|n| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let white = (f64::from(state) / f64::from(u32::MAX) - 0.5) * 2.0;
            let level = 0.55 + 0.45 * (f64::from(n) / f64::from(count) * 40.0).sin();
            (white * level) as f32
        })
        .collect();
    Samples {
        rate_hz,
        channels,
        interleaved,
    }
}

#[test]
fn loudness_range_and_peaks_are_those_of_the_reference() {
    let music = |rate_hz, clipped_runs, peak_dbfs| {
        let signal = Signal {
            rate_hz,
            seconds: 21.3,
            clipped_runs,
            peak_dbfs,
            ..Signal::default()
        };
        signal.samples()
    };
    let cases = [
        ("music", music(44_100, 0, -1.0)),
        ("clipped music", music(48_000, 40, 3.0)),
        ("hi-res music", music(96_000, 0, -0.1)),
        ("noise", noise(44_100, 2, 20)),
        ("noise, mono", noise(48_000, 1, 15)),
        ("noise at an odd rate", noise(22_050, 2, 15)),
        ("noise, 5.1", noise(44_100, 6, 9)),
    ];
    for (name, samples) in cases {
        let found = levels(&samples);
        let mode = ebur128::Mode::I | ebur128::Mode::LRA | ebur128::Mode::TRUE_PEAK;
        let channels = u32::from(samples.channels);
        let mut meter = ebur128::EbuR128::new(channels, samples.rate_hz, mode).unwrap();
        meter.add_frames_f32(&samples.interleaved).unwrap();
        let loudness = meter.loudness_global().unwrap();
        let range = meter.loudness_range().unwrap();
        let peak = (0..channels)
            .map(|channel| meter.true_peak(channel).unwrap())
            .fold(0.0, f64::max);
        let peak = 20.0 * peak.log10();
        let (our_loudness, our_range) = (
            found.loudness_lufs.unwrap(),
            found.loudness_range_lu.unwrap(),
        );
        assert!(
            (our_loudness - loudness).abs() <= 0.02,
            "{name}: {our_loudness} against {loudness} LUFS"
        );
        assert!(
            (our_range - range).abs() <= 0.1,
            "{name}: {our_range} against {range} LU"
        );
        // The reference oversamples twice only from 96 kHz on, and so sees less.
        let least = if samples.rate_hz >= 96_000 {
            -0.01
        } else {
            0.01
        };
        let more = found.true_peak_dbtp - peak;
        assert!(
            more.abs() <= 0.01 || (least < 0.0 && more > 0.0),
            "{name}: {} against {peak} dBTP",
            found.true_peak_dbtp
        );
    }
}

#[test]
fn what_is_heard_does_not_hang_on_the_container() {
    use dropzone::cli::demo::material::audio::pcm::Aiff;
    let samples = noise(44_100, 2, 3);
    let wav = |coding| {
        Wav {
            coding,
            ..Wav::default()
        }
        .encode(&samples)
    };
    let aiff = Aiff {
        coding: Coding::Pcm16,
        ..Aiff::default()
    };
    let hash = |name: &str, bytes: &[u8]| facts(name, bytes).sound_hash.unwrap();
    let sixteen = hash("a.wav", &wav(Coding::Pcm16));
    assert_eq!(sixteen, hash("a.flac", &flac::encode(&samples, 16)));
    assert_eq!(sixteen, hash("a.aiff", &aiff.encode(&samples)));
    assert_ne!(sixteen, hash("b.wav", &wav(Coding::Pcm24)));
    assert_eq!(
        hash("b.wav", &wav(Coding::Pcm24)),
        hash("b.flac", &flac::encode(&samples, 24))
    );
    let mut other = samples.clone();
    other.rate_hz = 48_000;
    let other = Wav {
        coding: Coding::Pcm16,
        ..Wav::default()
    }
    .encode(&other);
    assert_ne!(sixteen, hash("c.wav", &other));
}
