//! A whole release against the chain of tools that people use, both on all cores: 12 tracks of four
//! minutes, 24 bit at 44.1 kHz, a cover of 3000 × 3000 and its message.

use crate::pair::{Bench, By, Sample, chain, command, installed};
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::cover::Cover;
use dropzone::cli::demo::material::{self, Encoding, ReleaseSpec, TrackSpec};
use std::path::Path;
use std::process::Command;

/// Loudness, levels and silence as the chain measures them.
pub(crate) const FFMPEG: &str = "ffmpeg -nostdin -hide_banner -v info -threads 1 -i \"$1\" -af ebur128=peak=true,astats,silencedetect -f null - 2>/dev/null";

pub(crate) fn run(bench: &Bench) {
    bench.material_apart("release");
    let folder = bench.material("album", album);
    let tools = [
        "ffmpeg",
        "identify",
        "xmllint",
        "md5sum",
        "sha256sum",
        "xargs",
    ];
    if !tools.into_iter().all(installed) {
        return;
    }
    let folder = folder.to_str().unwrap();
    let ours = || checked(folder);
    bench.compare(
        "12 × 4 min 24/44.1, cover, ERN: chain of tools",
        By::Wall,
        "≥ 6",
        ours,
        || chain([tools_on_all_cores(folder)]),
    );
    bench.compare(
        "the same against md5sum and sha256sum alone",
        By::Cpu,
        "≥ 0.56, which is 1.8 times the hashing",
        ours,
        || chain([hashing(folder)]),
    );
}

fn checked(folder: &str) -> Sample {
    chain([command(env!("CARGO_BIN_EXE_dropzone"), &["check", folder])])
}

fn album(dir: &Path) {
    let mut spec = ReleaseSpec::demo(12);
    spec.release_type = "Album".to_owned();
    spec.artwork = Some((
        "artwork.jpg".to_owned(),
        Cover {
            width: 3_000,
            height: 3_000,
            ..Cover::default()
        },
    ));
    spec.tracks = (1..=12)
        .map(|number| {
            let title = format!("Harbour Lights, Part {number}");
            let mut track = TrackSpec::new(number, &title, material::isrc(1_200 + number));
            track.signal.seconds = 240.0;
            track.encoding = Encoding::Wav(Wav {
                coding: Coding::Pcm24,
                ..Wav::default()
            });
            track
        })
        .collect();
    material::release(dir, &spec).unwrap();
}

/// Every audio file measured and hashed, on as many cores as there are; then the cover and the
/// message.
fn tools_on_all_cores(folder: &str) -> Command {
    let script = format!(
        r#"cd "$0" && ls *.wav | xargs -P "$(nproc)" -n 1 sh -c '{FFMPEG}; md5sum "$1"; sha256sum "$1"' sh
        md5sum artwork.jpg metadata.xml; sha256sum artwork.jpg metadata.xml; identify -verbose artwork.jpg
        if [ -n "$1" ]; then xmllint --noout --schema "$1" metadata.xml; fi; true"#
    );
    let shared = std::env::var("DROPZONE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let schema = Path::new(&shared).join("schemas/ern-382/release-notification.xsd");
    let schema = schema.canonicalize().unwrap_or_default();
    let mut command = command("sh", &["-c", &script, folder]);
    command.arg(schema);
    command
}

fn hashing(folder: &str) -> Command {
    command(
        "sh",
        &[
            "-c",
            r#"cd "$0" && ls | xargs -P "$(nproc)" -n 1 sh -c 'md5sum "$1"; sha256sum "$1"' sh"#,
            folder,
        ],
    )
}
