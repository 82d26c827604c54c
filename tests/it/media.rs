//! Material that we generate, and what inspection measures in it.

use dropzone::cli::demo::material::audio::{Signal, flac};
use dropzone::cli::demo::material::{self, ReleaseSpec};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The shared folder with official schemas, if it is there. CI must have it.
fn shared() -> Option<PathBuf> {
    let place = std::env::var_os("DROPZONE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    if place.join("schemas").is_dir() {
        return Some(place);
    }
    assert!(std::env::var_os("CI").is_none(), "CI needs shared data");
    println!("skipped: needs shared data");
    None
}

/// Whether a program is installed. CI must have it.
fn installed(program: &str, argument: &str) -> bool {
    let there = Command::new(program).arg(argument).output().is_ok();
    assert!(
        there || std::env::var_os("CI").is_none(),
        "CI needs {program}"
    );
    if !there {
        println!("skipped: {program}");
    }
    there
}

#[test]
fn the_generated_message_satisfies_the_official_schema() {
    let Some(shared) = shared() else { return };
    if !installed("xmllint", "--version") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut spec = ReleaseSpec::demo(7);
    spec.title = "A & B <\"quoted\">".to_owned();
    material::release(dir.path(), &spec).unwrap();
    let output = Command::new("xmllint")
        .arg("--noout")
        .arg("--schema")
        .arg(shared.join("schemas/ern-382/release-notification.xsd"))
        .arg(dir.path().join("metadata.xml"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn our_flac_is_accepted_by_flac() {
    if !installed("flac", "--version") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, bits, channels) in [("a", 16, 2), ("b", 24, 2), ("c", 16, 1), ("d", 24, 1)] {
        let signal = Signal {
            channels,
            seconds: 1.3,
            leading_silence_seconds: 0.5,
            ..Signal::default()
        };
        let path = dir.path().join(format!("{name}.flac"));
        fs::write(&path, flac::encode(&signal.samples(), bits)).unwrap();
        let output = Command::new("flac")
            .args(["-t", "-w"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{bits} bit, {channels} channels: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
