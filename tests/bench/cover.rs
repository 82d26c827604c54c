//! One cover of 3000 × 3000 against the decoder that everything on Linux decodes JPEG with.

use crate::pair::{Bench, By, Sample, chain, command, installed};
use dropzone::cli::demo::material::cover::{Cover, Format};
use dropzone::domain::limits::Limits;
use dropzone::inspect::artwork::measure;
use std::path::Path;

pub(crate) fn run(bench: &Bench) {
    bench.material_apart("cover");
    let jpeg = bench.material("cover.jpg", |path| write(path, Format::Jpeg));
    let png = bench.material("cover.png", |path| write(path, Format::Png));
    let (jpeg, png) = (jpeg.to_str().unwrap(), png.to_str().unwrap());
    if installed("djpeg") {
        bench.compare(
            "JPEG of 3000 × 3000: djpeg",
            By::Cpu,
            "≥ 0.67, which is 1.5 times djpeg",
            || ours(jpeg),
            || chain([command("djpeg", &[jpeg])]),
        );
    }
    if installed("identify") {
        for (name, path) in [("JPEG", jpeg), ("PNG", png)] {
            bench.compare(
                &format!("{name} of 3000 × 3000: identify -verbose"),
                By::Cpu,
                "none",
                || ours(path),
                || chain([command("identify", &["-verbose", path])]),
            );
        }
    }
}

fn ours(path: &str) -> Sample {
    let program = std::env::current_exe().unwrap();
    chain([command(
        program.to_str().unwrap(),
        &["worker", "cover", path],
    )])
}

/// One cover, looked at in a process of its own.
pub(crate) fn worker(arguments: &[String]) {
    let facts = measure(Path::new(&arguments[0]), &Limits::default());
    assert!(facts.decoded, "{facts:?}");
}

fn write(path: &Path, format: Format) {
    let cover = Cover {
        format,
        ..Cover::default()
    };
    std::fs::write(path, cover.encode().unwrap()).unwrap();
}
