//! The fuzz targets (`make fuzz`) as tests: over their seeds, and over all that they have found.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use crate::kit::release;
use dropzone::cli::demo::material;
use dropzone::cli::demo::material::audio::pcm::{Aiff, Coding, Form, Wav};
use dropzone::cli::demo::material::audio::{Signal, flac};
use dropzone::cli::demo::material::cover::{Colours, Cover, Format};
use std::fs;
use std::path::{Path, PathBuf};

/// Files below `tests/fuzz/<kind>/<target>`.
fn files(kind: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz")
        .join(kind)
        .join(target);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Small inputs of every kind, by target; `make fuzz` begins with them.
fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let home = tempfile::tempdir().unwrap();
    let mut spec = release(9);
    for track in &mut spec.tracks {
        track.signal.seconds = 0.1;
    }
    material::release(home.path(), &spec).unwrap();
    let message = fs::read(home.path().join("metadata.xml")).unwrap();
    let samples = Signal {
        seconds: 0.05,
        ..Signal::default()
    }
    .samples();
    let wav = |form, coding| {
        let header = Wav {
            form,
            coding,
            after: vec![(*b"LIST", vec![1; 9])],
            ..Wav::default()
        };
        header.encode(&samples)
    };
    let aiff = |coding, sowt| {
        let header = Aiff {
            coding,
            sowt,
            claim_more: 0,
        };
        header.encode(&samples)
    };
    let cover = |format, colours| {
        let cover = Cover {
            width: 48,
            height: 40,
            format,
            colours,
            seed: 1,
        };
        cover.encode().unwrap()
    };
    let mut judged = b"01_HarbourLights.wav\tartwork.jpg\tmetadata.xml\n".to_vec();
    judged.extend([0x40; 64]);
    judged.extend(&message);
    vec![
        ("ern", vec![message]),
        (
            "sound",
            vec![
                wav(Form::Riff, Coding::Pcm16),
                wav(Form::Rf64, Coding::Pcm24),
                wav(Form::Riff, Coding::Float32),
                aiff(Coding::Pcm24, false),
                aiff(Coding::Pcm16, true),
                flac::encode(&samples, 16),
                flac::encode(&samples, 24),
            ],
        ),
        (
            "picture",
            vec![
                cover(Format::Jpeg, Colours::Rgb),
                cover(Format::Jpeg, Colours::Cmyk),
                cover(Format::Png, Colours::Rgba),
                cover(Format::Png, Colours::Grey),
            ],
        ),
        ("report", vec![judged]),
    ]
}

/// `make fuzz` names a folder (`FUZZ_CORPUS`) and gets the generated seeds there.
#[test]
fn seeds_hold_what_the_targets_promise() {
    let corpus = std::env::var_os("FUZZ_CORPUS").map(PathBuf::from);
    for (target, body) in bodies::TARGETS {
        for file in files("seeds", target) {
            body(&fs::read(file).unwrap());
        }
        let generated = seeds();
        let of_target = generated.iter().filter(|(name, _)| *name == target);
        for (number, bytes) in of_target.flat_map(|(_, all)| all).enumerate() {
            body(bytes);
            if let Some(corpus) = &corpus {
                let folder = corpus.join(target);
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(format!("generated-{number}")), bytes).unwrap();
            }
        }
    }
}

#[test]
fn what_fuzzing_found_stays_mended() {
    for (target, body) in bodies::TARGETS {
        for file in files("found", target) {
            println!("{}", file.display());
            body(&fs::read(&file).unwrap());
        }
    }
}
