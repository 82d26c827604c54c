//! One daemon for one data directory, held by `flock`: the kernel lets go when the process dies,
//! so there is no stale lock to clear by hand.

use crate::domain::places::Places;
use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

/// The lock; given up when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock and writes our process number into its file.
pub fn take(places: &Places) -> anyhow::Result<Lock> {
    let path = places.lock();
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut pid = String::new();
        file.read_to_string(&mut pid).ok();
        bail!(
            "another dropzone (pid {}) serves {} already: stop it, or name another data_dir",
            pid.trim(),
            places.root().display()
        );
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(Lock { _file: file })
}

/// Whether a daemon holds the lock, and its process number as far as it can be read.
pub fn holder(places: &Places) -> Option<Option<i32>> {
    let mut file = File::open(places.lock()).ok()?;
    if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok();
    Some(text.trim().parse().ok())
}

/// Bytes free for us on the file system of `path`; 0 when that cannot be told.
pub fn free_bytes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes of the whole file system of `path`; 0 when that cannot be told.
pub fn all_bytes(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(0, |stat| stat.f_blocks.saturating_mul(stat.f_frsize))
}
