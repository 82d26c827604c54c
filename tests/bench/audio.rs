//! One track of 240 seconds, stereo, on one core, against the tools that people chain today: loudness,
//! levels and silence by ffmpeg, two hashes, and `flac -t` for FLAC. Ours gives all of that and more
//! in one reading.

use crate::pair::{Bench, By, Sample, chain, command, installed};
use crate::release::FFMPEG;
use dropzone::cli::demo::material::audio::Signal;
use dropzone::cli::demo::material::audio::pcm::{Aiff, Coding, Wav};
use dropzone::inspect::audio::measure_watched;
use dropzone::inspect::blocks::Watch;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const SECONDS: f64 = 240.0;

pub(crate) fn run(bench: &Bench) {
    if !["ffmpeg", "flac", "md5sum", "sha256sum"]
        .into_iter()
        .all(installed)
    {
        return;
    }
    bench.material_apart("audio");
    for (name, bits, rate, goal) in [
        ("16-44.wav", 16, 44_100, "≥ 8"),
        ("24-44.wav", 24, 44_100, "≥ 8"),
        ("24-48.wav", 24, 48_000, "≥ 8"),
        ("24-44.aiff", 24, 44_100, "≥ 8"),
        ("24-96.wav", 24, 96_000, "≥ 6"),
        ("16-44.flac", 16, 44_100, "≥ 3.5"),
        ("24-48.flac", 24, 48_000, "≥ 3.5"),
        ("24-96.flac", 24, 96_000, "≥ 3.5"),
    ] {
        let file = bench.material(name, |path| make(path, name, bits, rate));
        bench.compare(name, By::Cpu, goal, || ours(&file, false), || tools(&file));
        bench.compare(
            &format!("{name}, MD5 stated as well"),
            By::Cpu,
            "–",
            || ours(&file, true),
            || tools(&file),
        );
        bench.compare(
            &format!("{name} against sha256sum alone"),
            By::Cpu,
            "≥ 0.56, which is 1.8 times the hashing",
            || ours(&file, false),
            || chain([command("sha256sum", &[text(&file)])]),
        );
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn make(path: &Path, name: &str, bits: u32, rate_hz: u32) {
    let samples = Signal {
        rate_hz,
        seconds: SECONDS,
        peak_dbfs: -1.0,
        ..Signal::default()
    }
    .samples();
    let coding = if bits == 16 {
        Coding::Pcm16
    } else {
        Coding::Pcm24
    };
    let bytes = match name.rsplit_once('.').unwrap().1 {
        "flac" => {
            // Compressed by the reference encoder, as labels' files are; ours only stores.
            let wav = Wav {
                coding,
                ..Wav::default()
            }
            .encode(&samples);
            let plain = path.with_extension("tmp.wav");
            std::fs::write(&plain, wav).unwrap();
            let made = Command::new("flac")
                .args(["-s", "-f", "-5", "-o"])
                .arg(path)
                .arg(&plain)
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(made.success());
            std::fs::remove_file(plain).unwrap();
            return;
        }
        "aiff" => Aiff {
            coding,
            ..Aiff::default()
        }
        .encode(&samples),
        _ => Wav {
            coding,
            ..Wav::default()
        }
        .encode(&samples),
    };
    std::fs::write(path, bytes).unwrap();
}

fn ours(file: &Path, md5: bool) -> Sample {
    let mut worker = Command::new(std::env::current_exe().unwrap());
    worker
        .args(["worker", "audio"])
        .arg(file)
        .arg(md5.to_string());
    chain([worker])
}

fn tools(file: &Path) -> Sample {
    let name = text(file);
    let mut all = vec![
        command("sh", &["-c", FFMPEG, "sh", name]),
        command("md5sum", &[name]),
        command("sha256sum", &[name]),
    ];
    if name.ends_with("flac") {
        all.push(command("flac", &["-s", "-t", name]));
    }
    chain(all)
}

/// `bench worker audio FILE true|false`: measures one file.
pub(crate) fn worker(arguments: &[String]) {
    let never = AtomicBool::new(false);
    let watch = Watch {
        cancel: &never,
        at_most: Duration::from_secs(600),
        progress: &|_| {},
        md5: arguments[1] == "true",
        sha1: false,
        known: None,
    };
    let measure = measure_watched(Path::new(&arguments[0]), watch);
    assert!(
        measure.failure.is_none() && measure.facts.levels.is_some(),
        "{measure:?}"
    );
}
