//! The generator: what it writes is accepted by the industry's own tools.

use super::{installed, samples, shared, signal};
use dropzone::cli::demo::material::audio::{Signal, USUAL_LOUDNESS_LUFS, flac};
use dropzone::cli::demo::material::{self, ReleaseSpec};
use dropzone::domain::ids::{Icpn, Isrc};
use std::fs;
use std::process::Command;

#[test]
fn the_message_satisfies_the_official_schema() {
    let (Some(shared), true) = (shared(), installed("xmllint")) else {
        return;
    };
    let mut spec = ReleaseSpec::demo(7);
    spec.title = "A & B <\"quoted\">".to_owned();
    let mut without_cover = ReleaseSpec::demo(8);
    without_cover.artwork = None;
    without_cover.state_hashes = false;
    without_cover.tracks[0].file = "resources/01.wav".to_owned();
    for (number, spec) in [spec, without_cover].iter_mut().enumerate() {
        for track in &mut spec.tracks {
            track.signal.seconds = 0.1;
        }
        let dir = tempfile::tempdir().unwrap();
        material::release(dir.path(), spec).unwrap();
        let output = Command::new("xmllint")
            .args(["--noout", "--schema"])
            .arg(shared.join("schemas/ern-382/release-notification.xsd"))
            .arg(dir.path().join("metadata.xml"))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "case {number}: {errors}");
    }
}

#[test]
fn identifiers_pass_their_own_checks() {
    for number in [0, 1, 42, 999_999, u32::MAX] {
        assert!(Icpn::parse(&material::icpn(number)).is_ok());
        assert!(Isrc::parse(&material::isrc(number)).is_some());
    }
}

#[test]
fn flac_accepts_our_flac() {
    if !installed("flac") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (bits, channels, rate_hz) in [(16, 2, 44_100), (24, 2, 96_000), (16, 1, 8_000)] {
        let signal = Signal {
            rate_hz,
            channels,
            seconds: 1.3,
            leading_silence_seconds: 0.5,
            ..Signal::default()
        };
        let path = dir.path().join(format!("{bits}-{channels}-{rate_hz}.flac"));
        fs::write(&path, flac::encode(&signal.samples(), bits)).unwrap();
        let output = Command::new("flac")
            .args(["-t", "-w"])
            .arg(&path)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", path.display());
    }
}

#[test]
fn the_same_seed_gives_the_same_samples_and_another_seed_others() {
    let other = Signal {
        seed: 2,
        ..signal()
    };
    assert_eq!(samples(), samples());
    assert_ne!(samples(), other.samples());
}

#[test]
fn music_is_as_loud_as_it_says() {
    for track in ReleaseSpec::demo(1).tracks {
        let samples = track.signal.samples();
        let mut meter = ebur128::EbuR128::new(2, samples.rate_hz, ebur128::Mode::I).unwrap();
        meter.add_frames_f32(&samples.interleaved).unwrap();
        let loudness = meter.loudness_global().unwrap();
        assert!(
            (loudness - USUAL_LOUDNESS_LUFS).abs() < 1.5,
            "{}: {loudness} LUFS",
            track.title
        );
    }
}
