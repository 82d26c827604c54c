//! From the last byte to the verdict: a running daemon, an album of 12 tracks of 30 MB by OpenSSH's
//! `sftp` at 40 MB/s, with files inspected as they are closed (A) and with all of them at the end (B). The
//! quiet period is taken out: nobody could be faster than that. Each run has a daemon of its own,
//! which has seen nothing before.

#[path = "../it/kit/mod.rs"]
#[expect(
    dead_code,
    clippy::print_stderr,
    reason = "the tests use all of it, and show the log of what failed"
)]
mod kit;

use crate::pair::{Bench, By, Sample, installed};
use dropzone::cli::demo::material::audio::Signal;
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::{self, Encoding, ReleaseSpec, TrackSpec, isrc};
use kit::TestDaemon;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Tracks of the album.
const TRACKS: u32 = 12;

/// A track of 30 MB: 24 bit, 44.1 kHz, stereo.
const SECONDS: f64 = 113.4;

/// What the client may send in a second: 40 MB, an office with a good line.
const LIMIT_KBITS: &str = "320000";

/// Seconds without anything after the log-out; enough for two cores to do their work in.
const QUIET: u64 = 5;

pub(crate) fn run(bench: &Bench) {
    if !installed("sftp") || !installed("ssh-keygen") {
        return;
    }
    let album = bench.material("verdict-12x30mb", album);
    for (name, renamed) in [
        ("last CLOSE to verdict, quiet period aside", false),
        ("rename into place to verdict, no quiet period", true),
    ] {
        let once = |early| move |album: &Path| measure(album, early, renamed);
        let (early, late) = (once(true), once(false));
        bench.compare(name, By::Wall, "none", || early(&album), || late(&album));
    }
}

fn album(folder: &Path) {
    let mut spec = ReleaseSpec::demo(801);
    spec.state_hashes = true;
    spec.tracks = (1..=TRACKS)
        .map(|number| {
            let mut track = TrackSpec::new(number, &format!("Track {number}"), isrc(800 + number));
            track.signal = Signal {
                seconds: SECONDS,
                seed: u64::from(number),
                ..track.signal
            };
            track.encoding = Encoding::Wav(Wav {
                coding: Coding::Pcm24,
                ..Wav::default()
            });
            track
        })
        .collect();
    material::release(folder, &spec).unwrap();
}

/// One upload to a fresh daemon.
fn measure(album: &Path, early: bool, renamed: bool) -> Sample {
    let mut daemon = TestDaemon::prepare(&format!(
        "[log]\nformat = \"json\"\n\n[inspect]\nearly = {early}\n"
    ));
    let config = fs::read_to_string(daemon.config()).unwrap();
    let config = config.replace(
        "logged_out_seconds = 1",
        &format!("logged_out_seconds = {QUIET}"),
    );
    let config = config.replace("hashed_seconds = 2", "hashed_seconds = 30");
    let config = config.replace("\ndefault_seconds = 2", "\ndefault_seconds = 60");
    fs::write(daemon.config(), config).unwrap();
    daemon.run();
    let label = daemon.label("bench", &[]);
    let name = if renamed { "album.part" } else { "album" };
    let end = if renamed {
        "cd ..\nrename album.part album\n"
    } else {
        ""
    };
    let commands = daemon.home.path().join("commands");
    let put = format!("put {}/*", album.display());
    fs::write(
        &commands,
        format!("cd incoming\nmkdir {name}\ncd {name}\n{put}\n{end}"),
    )
    .unwrap();
    let sent = Command::new("sftp")
        .args([
            "-q",
            "-l",
            LIMIT_KBITS,
            "-P",
            &daemon.port.to_string(),
            "-i",
        ])
        .arg(&label.key)
        .args(daemon.ssh_options())
        .arg("-b")
        .arg(&commands)
        .arg("bench@127.0.0.1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(sent.success());
    let inspected = kit::wait("the verdict", || told(&daemon, "package inspected").pop());
    let from = if renamed {
        at(&inspected) - inspected["verdict_ms"].as_f64().unwrap() / 1e3
    } else {
        at(&told(&daemon, "connection closed").pop().unwrap()) + QUIET as f64
    };
    Sample {
        wall: at(&inspected) - from,
        ..Sample::default()
    }
}

/// Lines of the daemon's log with that message.
fn told(daemon: &TestDaemon, message: &str) -> Vec<Value> {
    let log = fs::read_to_string(daemon.log()).unwrap();
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == message)
        .collect()
}

/// When a line was written, in seconds.
fn at(line: &Value) -> f64 {
    let time: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    time.as_microsecond() as f64 / 1e6
}
