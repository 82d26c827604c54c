//! How much memory the daemon takes: little while it waits, and not more for larger files.

use crate::kit::{TestDaemon, release};
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// A figure of `/proc/<pid>/status`, in MiB.
fn mebibytes(pid: u32, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with(figure))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

/// Makes a WAV file longer by repeating its audio, without holding it in memory.
fn lengthen(file: &Path, times: u32) {
    let bytes = fs::read(file).unwrap();
    let (header, audio) = bytes.split_at(44);
    let length = u32::try_from(audio.len()).unwrap() * times;
    let mut out = BufWriter::new(File::create(file).unwrap());
    let mut header = header.to_vec();
    header[4..8].copy_from_slice(&(length + 36).to_le_bytes());
    header[40..44].copy_from_slice(&length.to_le_bytes());
    out.write_all(&header).unwrap();
    for _ in 0..times {
        out.write_all(audio).unwrap();
    }
    out.flush().unwrap();
}

#[test]
fn the_daemon_is_small_while_it_waits_and_while_it_works() {
    let daemon = TestDaemon::start("");
    let idle = mebibytes(daemon.pid(), "VmRSS");
    assert!(idle < 40, "{idle} MiB while nothing happens");

    let label = daemon.label("quayside", &[]);
    let mut spec = release(501);
    spec.state_hashes = false;
    for track in &mut spec.tracks {
        track.encoding = dropzone::cli::demo::material::Encoding::Wav(Wav {
            coding: Coding::Pcm24,
            ..Wav::default()
        });
        track.stated_seconds = Some(31 * 16);
    }
    let folder = daemon.material(&spec);
    for track in &spec.tracks {
        lengthen(&folder.join(&track.file), 16);
    }
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&name, "needs_qc");
    let bytes: u64 = package["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["size_bytes"].as_u64().unwrap())
        .sum();
    assert!(bytes > 300_000_000, "{bytes} bytes of audio");
    let peak = mebibytes(daemon.pid(), "VmHWM");
    assert!(peak < 128, "{peak} MiB for a package of {bytes} bytes");
}
