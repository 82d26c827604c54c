//! Material that we generate, and what inspection measures in it.
#![expect(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "levels that have to be exact, and small numbers"
)]

use crate::kit::{shared, skip};
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::audio::{Samples, Signal};
use dropzone::domain::facts::{AudioFacts, AudioFault};
use dropzone::domain::limits::Limits;
use dropzone::inspect::audio::{FileMeasure, measure};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

mod artwork;
mod audio;
mod damage;
mod folder;
mod looks;
mod loudness;
mod material;
mod mutations;
mod pictures;
mod remembered;

/// Whether a program is installed. CI must have it.
fn installed(program: &str) -> bool {
    let there = Command::new(program).arg("-version").output().is_ok();
    if !there {
        skip(program);
    }
    there
}

/// Writes the bytes and measures the file.
fn measured(name: &str, bytes: &[u8]) -> FileMeasure {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    measure_file(&path)
}

fn measure_file(path: &Path) -> FileMeasure {
    measure(path, &Limits::default(), &AtomicBool::new(false), &|_| {})
}

/// The facts of bytes that have to be measured without a failure.
fn facts(name: &str, bytes: &[u8]) -> AudioFacts {
    let measure = measured(name, bytes);
    assert_eq!(measure.failure, None, "{name}");
    assert_eq!(measure.size, bytes.len() as u64, "{name}");
    assert!(measure.digests.is_some(), "{name}: hashed to its end");
    measure.facts
}

/// A short clean signal.
fn signal() -> Signal {
    Signal {
        seconds: 2.0,
        ..Signal::default()
    }
}

fn samples() -> Samples {
    signal().samples()
}

fn wav(coding: Coding) -> Vec<u8> {
    let header = Wav {
        coding,
        ..Wav::default()
    };
    header.encode(&samples())
}

/// What is odd about a file, as words.
fn odd(facts: &AudioFacts) -> String {
    let told = facts.faults.iter().filter_map(|fault| match fault {
        AudioFault::Odd { what } => Some(what.as_str()),
        AudioFault::Unreadable { .. }
        | AudioFault::Truncated { .. }
        | AudioFault::Undecodable { .. }
        | AudioFault::ChecksumMismatch
        | AudioFault::ChunksAfterData { .. } => None,
    });
    told.collect::<Vec<_>>().join("; ")
}
