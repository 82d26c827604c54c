//! Reads one file of the spool and vouches for it: what was read is what was claimed, or the push
//! ends with `spool_damaged`.

use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

/// A spool file being read. Blocking: `folder` uses it on a blocking thread, the others hand it
/// there and back (`open`, `fill`).
pub(super) struct Source {
    file: File,
    hash: Sha256,
    read: u64,
}

impl Source {
    /// Opens the file; refuses links and files of another size before a byte is sent.
    pub(super) fn open(cargo: &Cargo) -> Result<Self, Fault> {
        let no_link = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(no_link)
            .open(&cargo.source)
            .map_err(|error| unreadable(cargo, &error))?;
        let meta = file.metadata().map_err(|error| unreadable(cargo, &error))?;
        if !meta.is_file() {
            return Err(damaged(cargo, "it is not an ordinary file"));
        }
        if meta.len() != cargo.size {
            return Err(damaged(
                cargo,
                &format!("it has {} bytes instead of {}", meta.len(), cargo.size),
            ));
        }
        Ok(Self {
            file,
            hash: Sha256::new(),
            read: 0,
        })
    }

    /// The next bytes, as many as `buffer` takes; fewer only at the end.
    pub(super) fn fill(&mut self, cargo: &Cargo, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut filled = 0;
        while let Some(space) = buffer.get_mut(filled..)
            && !space.is_empty()
        {
            match self.file.read(space) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(cargo, &error)),
            }
        }
        self.hash.update(buffer.get(..filled).unwrap_or_default());
        self.read += filled as u64;
        Ok(filled)
    }

    /// After the last byte: whether all of it is what was claimed.
    pub(super) fn vouch(self, cargo: &Cargo) -> Result<(), Fault> {
        if self.read != cargo.size {
            return Err(damaged(
                cargo,
                &format!("{} bytes were read instead of {}", self.read, cargo.size),
            ));
        }
        if hex::encode(self.hash.finalize()) != cargo.sha256.to_ascii_lowercase() {
            return Err(damaged(cargo, "its content differs (SHA-256)"));
        }
        Ok(())
    }
}

/// Opens on a blocking thread.
pub(super) async fn open(cargo: &Cargo) -> Result<Source, Fault> {
    let cargo = cargo.clone();
    tokio::task::spawn_blocking(move || Source::open(&cargo))
        .await
        .map_err(|error| stopped(&error))?
}

/// A piece that is being read: source, buffer and number of bytes come back.
pub(super) type Reading = tokio::task::JoinHandle<Result<(Source, Vec<u8>, usize), Fault>>;

/// Reads and hashes on a blocking thread, to which source and buffer are lent.
pub(super) fn begin(mut source: Source, mut buffer: Vec<u8>, cargo: &Cargo) -> Reading {
    let cargo = cargo.clone();
    tokio::task::spawn_blocking(move || {
        let count = source.fill(&cargo, &mut buffer)?;
        Ok((source, buffer, count))
    })
}

/// Waits for what `begin` began.
pub(super) async fn filled(reading: Reading) -> Result<(Source, Vec<u8>, usize), Fault> {
    reading.await.map_err(|error| stopped(&error))?
}

/// Both.
pub(super) async fn fill(
    source: Source,
    buffer: Vec<u8>,
    cargo: &Cargo,
) -> Result<(Source, Vec<u8>, usize), Fault> {
    filled(begin(source, buffer, cargo)).await
}

/// The runtime shuts down, or the job panicked.
pub(super) fn stopped(error: &tokio::task::JoinError) -> Fault {
    Fault::transient("stopped", format!("The push was stopped ({error})."))
}

/// Code of the fault that says that our own copy is not what was claimed.
pub(super) const SPOOL_DAMAGED: &str = "spool_damaged";

fn damaged(cargo: &Cargo, how: &str) -> Fault {
    Fault::permanent(
        SPOOL_DAMAGED,
        format!(
            "Our own copy of {:?} is not what was taken in: {how} ({}). Nothing is visible at the DSP. Restore the file from a backup and retry the push, or have the label send the release again.",
            cargo.name,
            cargo.source.display()
        ),
    )
}

fn unreadable(cargo: &Cargo, error: &io::Error) -> Fault {
    if error.kind() == io::ErrorKind::NotFound {
        return damaged(cargo, "it is not there");
    }
    Fault::transient(
        "spool_unreadable",
        format!(
            "Our own copy of {:?} cannot be read: {error} ({}).",
            cargo.name,
            cargo.source.display()
        ),
    )
}
