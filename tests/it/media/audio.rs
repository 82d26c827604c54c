//! Whole audio files: what is measured is what was generated, and what other tools say.

use super::{facts, installed, measure_file, measured, odd, samples, signal, wav};
use dropzone::cli::demo::material::audio::pcm::{Aiff, Coding, Form, Wav};
use dropzone::cli::demo::material::audio::{Samples, Signal, flac};
use dropzone::domain::facts::{AudioFault, AudioLevels, Container, SampleCoding, Span};
use dropzone::domain::limits::Limits;
use dropzone::inspect::audio::measure;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Every form that the generator writes: name, bytes, container, coding, bits.
fn forms() -> Vec<(&'static str, Vec<u8>, Container, SampleCoding, u32)> {
    use Coding::{Float32, Pcm8, Pcm16, Pcm24, Pcm32};
    use Container::{Aifc, Aiff as AiffFile, Flac, Rf64, Wav as WavFile};
    let samples = samples();
    let long = Wav {
        form: Form::Rf64,
        ..Wav::default()
    };
    let extensible = Wav {
        extensible: true,
        ..Wav::default()
    };
    let sowt = Aiff {
        coding: Pcm16,
        sowt: true,
        ..Aiff::default()
    };
    let aiff = |coding| Aiff {
        coding,
        ..Aiff::default()
    };
    let pcm = SampleCoding::Pcm;
    vec![
        ("8.wav", wav(Pcm8), WavFile, pcm, 8),
        ("16.wav", wav(Pcm16), WavFile, pcm, 16),
        ("24.wav", wav(Pcm24), WavFile, pcm, 24),
        ("32.wav", wav(Pcm32), WavFile, pcm, 32),
        ("f32.wav", wav(Float32), WavFile, SampleCoding::Float, 32),
        ("ext.wav", extensible.encode(&samples), WavFile, pcm, 24),
        ("rf64.wav", long.encode(&samples), Rf64, pcm, 24),
        ("8.aiff", aiff(Pcm8).encode(&samples), AiffFile, pcm, 8),
        ("16.aiff", aiff(Pcm16).encode(&samples), AiffFile, pcm, 16),
        ("24.aiff", aiff(Pcm24).encode(&samples), AiffFile, pcm, 24),
        ("sowt.aifc", sowt.encode(&samples), Aifc, pcm, 16),
        (
            "f.aifc",
            aiff(Float32).encode(&samples),
            Aifc,
            SampleCoding::Float,
            32,
        ),
        (
            "16.flac",
            flac::encode(&samples, 16),
            Flac,
            SampleCoding::Flac,
            16,
        ),
        (
            "24.flac",
            flac::encode(&samples, 24),
            Flac,
            SampleCoding::Flac,
            24,
        ),
    ]
}

fn close(name: &str, left: f64, right: f64, tolerance: f64) {
    assert!(
        (left - right).abs() <= tolerance,
        "{name}: {left} and {right}"
    );
}

/// Peak, true peak and loudness straight from the reference crate.
fn reference(samples: &Samples) -> (f64, f64, f64) {
    let channels = u32::from(samples.channels);
    let mode = ebur128::Mode::I | ebur128::Mode::TRUE_PEAK | ebur128::Mode::SAMPLE_PEAK;
    let mut meter = ebur128::EbuR128::new(channels, samples.rate_hz, mode).unwrap();
    meter.add_frames_f32(&samples.interleaved).unwrap();
    let highest = |of: fn(&ebur128::EbuR128, u32) -> Result<f64, ebur128::Error>| {
        (0..channels)
            .map(|channel| of(&meter, channel).unwrap())
            .fold(0.0, f64::max)
    };
    (
        20.0 * highest(ebur128::EbuR128::sample_peak).log10(),
        20.0 * highest(ebur128::EbuR128::true_peak).log10(),
        meter.loudness_global().unwrap(),
    )
}

#[test]
fn every_form_is_read_for_what_it_is() {
    let (peak, true_peak, loudness) = reference(&samples());
    for (name, bytes, container, coding, bits) in forms() {
        let facts = facts(name, &bytes);
        assert_eq!(facts.container, container, "{name}");
        assert_eq!(facts.coding, coding, "{name}");
        assert_eq!((facts.rate_hz, facts.channels), (44_100, 2), "{name}");
        assert_eq!(facts.bits, bits, "{name}");
        assert_eq!((facts.frames, facts.duration_ms), (88_200, 2_000), "{name}");
        assert_eq!(facts.faults, [], "{name}");
        assert_eq!(facts.extensible, name == "ext.wav");
        let levels = facts.levels.unwrap();
        // Eight bits are 0.07 dB coarse at this peak.
        let tolerance = if bits == 8 { 0.1 } else { 0.01 };
        close(name, levels.sample_peak_dbfs, peak, tolerance);
        close(name, levels.true_peak_dbtp, true_peak, tolerance);
        close(name, levels.loudness_lufs.unwrap(), loudness, tolerance);
        assert_eq!(levels.samples, 2 * 88_200, "{name}");
        assert!(!levels.all_silent, "{name}");
        assert_eq!(levels.clipped_runs, 0, "{name}");
        assert_eq!(
            (levels.leading_silence_ms, levels.trailing_silence_ms),
            (0, 0),
            "{name}"
        );
    }
}

#[test]
fn every_form_is_read_as_ffprobe_reads_it() {
    if !installed("ffprobe") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes, ..) in forms() {
        let path = dir.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let ours = measure_file(&path).facts;
        let theirs = ffprobe(&path);
        assert_eq!(theirs["sample_rate"], ours.rate_hz.to_string(), "{name}");
        assert_eq!(theirs["channels"], ours.channels, "{name}");
        let seconds: f64 = theirs["duration"].as_str().unwrap().parse().unwrap();
        close(name, seconds * 1000.0, ours.duration_ms as f64, 1.0);
        // ffprobe 5.1 takes 24-bit EXTENSIBLE for what it is, and leaves out raw bits of FLAC's
        // container; where it states bits they have to be ours.
        let bits = theirs["bits_per_raw_sample"]
            .as_str()
            .and_then(|bits| bits.parse::<u32>().ok())
            .or_else(|| {
                theirs["bits_per_sample"]
                    .as_u64()
                    .and_then(|b| b.try_into().ok())
            })
            .filter(|bits| *bits > 0);
        assert_eq!(bits, Some(ours.bits), "{name}");
        let codec = theirs["codec_name"].as_str().unwrap();
        let ours_is_flac = ours.coding == SampleCoding::Flac;
        assert_eq!(codec == "flac", ours_is_flac, "{name}");
        assert_eq!(codec.starts_with("pcm_"), !ours_is_flac, "{name}");
    }
}

fn ffprobe(path: &Path) -> serde_json::Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams"])
        .arg(path)
        .output()
        .unwrap();
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    all["streams"][0].clone()
}

#[test]
fn rates_channels_and_lengths_are_as_generated() {
    for (rate_hz, channels) in [
        (8_000, 1),
        (48_000, 2),
        (96_000, 2),
        (192_000, 1),
        (44_100, 6),
    ] {
        let signal = Signal {
            rate_hz,
            channels,
            seconds: 0.75,
            ..Signal::default()
        };
        let facts = facts("a.wav", &Wav::default().encode(&signal.samples()));
        assert_eq!(facts.rate_hz, rate_hz);
        assert_eq!(facts.channels, u32::from(channels));
        assert_eq!(facts.duration_ms, 750);
        let levels = facts.levels.unwrap();
        assert_eq!(levels.channel_rms_dbfs.len(), usize::from(channels));
        close("peak", levels.sample_peak_dbfs, -3.0, 0.01);
    }
}

fn levels_of(signal: &Signal) -> AudioLevels {
    let wav = facts("a.wav", &Wav::default().encode(&signal.samples()));
    let flac = facts("a.flac", &flac::encode(&signal.samples(), 24));
    assert_eq!(wav.levels, flac.levels, "the container changes nothing");
    wav.levels.unwrap()
}

#[test]
fn silence_at_the_ends_is_timed() {
    let levels = levels_of(&Signal {
        leading_silence_seconds: 0.5,
        trailing_silence_seconds: 1.25,
        ..signal()
    });
    assert!(levels.leading_silence_ms.abs_diff(500) <= 10, "{levels:?}");
    assert!(
        levels.trailing_silence_ms.abs_diff(1_250) <= 10,
        "{levels:?}"
    );
    assert!(!levels.all_silent);
}

#[test]
fn faint_noise_is_silence_and_a_faint_tone_is_not() {
    let quiet = |peak_dbfs| {
        let signal = Signal {
            peak_dbfs,
            ..signal()
        };
        levels_of(&signal).all_silent
    };
    assert!(quiet(-75.0));
    assert!(!quiet(-40.0));
}

#[test]
fn digital_silence_has_no_loudness_and_finite_levels() {
    let samples = Samples {
        rate_hz: 44_100,
        channels: 2,
        interleaved: vec![0.0; 88_200],
    };
    let levels = facts("a.wav", &Wav::default().encode(&samples))
        .levels
        .unwrap();
    assert!(levels.all_silent);
    assert_eq!(levels.loudness_lufs, None);
    assert_eq!(levels.sample_peak_dbfs, -200.0);
    assert_eq!(levels.true_peak_dbtp, -200.0);
    assert_eq!(levels.channel_rms_dbfs, [-200.0, -200.0]);
    assert_eq!(levels.leading_silence_ms, 1_000);
    assert_eq!(levels.trailing_silence_ms, 1_000);
}

#[test]
fn a_silent_channel_shows_in_its_level() {
    let levels = levels_of(&Signal {
        silent_channel: Some(1),
        ..signal()
    });
    assert_eq!(levels.channel_rms_dbfs[1], -200.0);
    assert!(levels.channel_rms_dbfs[0] > -30.0);
    assert!(!levels.all_silent);
}

#[test]
fn clipped_runs_are_counted_and_placed() {
    let levels = levels_of(&Signal {
        clipped_runs: 8,
        ..signal()
    });
    // Eight runs of six samples in both channels.
    assert_eq!(levels.clipped_runs, 16);
    assert_eq!(levels.clipped_samples, 96);
    let starts: Vec<u64> = levels
        .clipped_at
        .iter()
        .map(|s: &Span| s.start_ms)
        .collect();
    // Every quarter of a second; 88 200 / 16 is no whole frame.
    assert_eq!(starts, [124, 374, 624, 874, 1_124, 1_374, 1_624, 1_874]);
}

#[test]
fn two_full_scale_samples_are_no_clipping() {
    let mut samples = samples();
    samples.interleaved[2_000] = 1.0;
    samples.interleaved[2_002] = 1.0;
    let levels = facts("a.wav", &Wav::default().encode(&samples))
        .levels
        .unwrap();
    assert_eq!((levels.clipped_runs, levels.clipped_samples), (0, 0));
}

#[test]
fn the_true_peak_is_above_the_sample_peak_and_placed() {
    // A tone at a quarter of the rate, sampled off its crests: 3 dB between samples and truth
    // (EBU Tech 3341, case 15 and following). The loud part lies at 1.0 to 1.2 s.
    let mut interleaved = Vec::new();
    for frame in 0..96_000_u32 {
        let phase =
            std::f64::consts::FRAC_PI_2 * f64::from(frame % 4) + std::f64::consts::FRAC_PI_4;
        let loud = (48_000..57_600).contains(&frame);
        let sample = phase.sin() * if loud { 0.5 } else { 0.05 };
        interleaved.extend([sample as f32; 2]);
    }
    let samples = Samples {
        rate_hz: 48_000,
        channels: 2,
        interleaved,
    };
    let wav = Wav::default().encode(&samples);
    let levels = facts("a.wav", &wav).levels.unwrap();
    close("samples", levels.sample_peak_dbfs, -9.03, 0.01);
    assert!(levels.true_peak_dbtp > -6.5, "{levels:?}");
    assert!(
        (1_000..=1_200).contains(&levels.true_peak_at_ms),
        "{levels:?}"
    );
    close(
        "reference",
        levels.true_peak_dbtp,
        reference(&samples).1,
        0.001,
    );
}

#[test]
fn chunks_before_the_audio_are_fine_and_those_behind_it_are_told() {
    let before = Wav {
        before: vec![(*b"LIST", vec![7; 31]), (*b"bext", vec![0; 602])],
        ..Wav::default()
    };
    assert_eq!(facts("a.wav", &before.encode(&samples())).faults, []);
    let behind = Wav {
        after: vec![(*b"LIST", vec![7; 31]), (*b"id3 ", vec![0; 100])],
        ..Wav::default()
    };
    let facts = facts("a.wav", &behind.encode(&samples()));
    assert_eq!(
        facts.faults,
        [AudioFault::ChunksAfterData {
            ids: vec!["LIST".to_owned(), "id3".to_owned()]
        }]
    );
    assert_eq!(facts.duration_ms, 2_000);
}

#[test]
fn hashes_are_those_of_the_file() {
    use sha2::Digest;
    let bytes = wav(Coding::Pcm16);
    let digests = measured("a.wav", &bytes).digests.unwrap();
    assert_eq!(digests.sha256, hex::encode(sha2::Sha256::digest(&bytes)));
    let md5 = hex::encode(md5::Md5::digest(&bytes));
    assert_eq!(digests.md5, Some(md5));
}

#[test]
fn progress_tells_every_byte_once() {
    let dir = tempfile::tempdir().unwrap();
    let read = AtomicU64::new(0);
    for bytes in [
        wav(Coding::Pcm24),
        flac::encode(&samples(), 16),
        vec![9; 700_000],
    ] {
        let path = dir.path().join("a");
        fs::write(&path, &bytes).unwrap();
        read.store(0, Ordering::Relaxed);
        measure(
            &path,
            &Limits::default(),
            &AtomicBool::new(false),
            &|count| {
                read.fetch_add(count, Ordering::Relaxed);
            },
        );
        assert_eq!(read.load(Ordering::Relaxed), bytes.len() as u64);
    }
}

#[test]
fn being_stopped_or_too_slow_is_a_failure_and_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let out_of_time = Limits {
        inspect_seconds: 0,
        ..Limits::default()
    };
    for (name, bytes) in [
        ("a.wav", wav(Coding::Pcm24)),
        ("a.flac", flac::encode(&samples(), 24)),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let stopped = measure(&path, &Limits::default(), &AtomicBool::new(true), &|_| {});
        assert_eq!(stopped.failure.as_deref(), Some("inspection was stopped"));
        let slow = measure(&path, &out_of_time, &AtomicBool::new(false), &|_| {});
        assert!(slow.failure.unwrap().contains("longer than 0 seconds"));
        for measure in [&stopped.facts, &slow.facts] {
            assert_eq!(measure.faults, [], "{name}");
        }
        assert_eq!((stopped.digests, slow.digests), (None, None));
    }
}

#[test]
fn samples_that_are_no_numbers_are_told() {
    let mut samples = samples();
    samples.interleaved[100] = f32::NAN;
    samples.interleaved[101] = f32::INFINITY;
    let header = Wav {
        coding: Coding::Float32,
        ..Wav::default()
    };
    let facts = facts("a.wav", &header.encode(&samples));
    assert!(odd(&facts).starts_with("2 samples are no numbers"));
    assert!(facts.levels.unwrap().loudness_lufs.unwrap().is_finite());
}
