//! Gives the measuring code a version of its own: `DROPZONE_MEASURE` is another one whenever
//! anything changes that what was measured may depend on. What was measured by other code is not
//! believed any more (`inspect::remembered`), and nobody has to think of it.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;

/// Code, facts and limits of measuring, and the libraries that decode.
const SOURCES: [&str; 4] = [
    "src/inspect",
    "src/domain/facts.rs",
    "src/domain/limits.rs",
    "Cargo.lock",
];

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        add(Path::new(source), &mut hasher)?;
    }
    println!("cargo:rustc-env=DROPZONE_MEASURE={:016x}", hasher.finish());
    Ok(())
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut inside: Vec<_> = fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| add(path, hasher))
}
