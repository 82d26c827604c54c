//! Reads a file once, from its beginning to its end, in blocks, and hashes what it reads.
//!
//! Every inspection of a file's content goes through here, so that the bytes that were judged are
//! the bytes that were hashed. Never maps a file into memory: one that shrinks meanwhile would end
//! the process. Between blocks it asks whether it should stop.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes read at once. Larger blocks are no faster (they leave the cache before they are hashed).
const BLOCK_BYTES: usize = 256 << 10;

/// What bounds a reading and hears of it.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Turns true when the work is to be given up.
    pub cancel: &'a AtomicBool,
    /// Time that the file may take.
    pub at_most: Duration,
    /// Told the number of bytes after each block.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Also computes MD5, because the message states one.
    pub md5: bool,
    /// Also computes SHA-1, because the message states one.
    pub sha1: bool,
    /// The hashes are known, and none is computed.
    pub known: Option<&'a Digests>,
}

/// Hashes of a whole file, in lower-case hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: String,
    /// MD5, if it was asked for.
    pub md5: Option<String>,
    /// SHA-1, if it was asked for.
    pub sha1: Option<String>,
}

/// A file being read.
pub struct Blocks<'a> {
    file: File,
    /// Size when it was opened.
    size: u64,
    block: Vec<u8>,
    /// Bytes of the block that were handed out.
    used: usize,
    /// Bytes handed out so far, over all blocks.
    position: u64,
    md5: Option<Md5>,
    sha256: Option<Sha256>,
    sha1: Option<Sha1>,
    watch: Watch<'a>,
    started: Instant,
    stopped: Option<String>,
}

impl<'a> Blocks<'a> {
    /// Opens a file, not following a link at its end.
    ///
    /// # Errors
    /// When it cannot be opened, or is no regular file.
    pub fn open(path: &Path, watch: Watch<'a>) -> io::Result<Self> {
        let file = open_regular(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            file,
            size,
            block: Vec::new(),
            used: 0,
            position: 0,
            md5: (watch.md5 && watch.known.is_none()).then(Md5::new),
            sha256: watch.known.is_none().then(Sha256::new),
            sha1: (watch.sha1 && watch.known.is_none()).then(Sha1::new),
            watch,
            started: Instant::now(),
            stopped: None,
        })
    }

    /// The file, for looking at places out of order. Does not move the reading.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Size in bytes when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes handed out or skipped.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Why reading was stopped before the end, if it was.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// The next bytes, at most `limit`; empty at the end of the file.
    ///
    /// # Errors
    /// When reading fails or is to be given up.
    pub fn next(&mut self, limit: u64) -> io::Result<&[u8]> {
        if self.used >= self.block.len() {
            self.fill()?;
        }
        let rest = self.block.get(self.used..).unwrap_or_default();
        let length = rest.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        self.used += length;
        self.position += length as u64;
        Ok(rest.get(..length).unwrap_or_default())
    }

    /// Passes over bytes; they are hashed.
    ///
    /// # Errors
    /// When reading fails or is to be given up. The end of the file is no error.
    pub fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let got = self.next(count)?.len() as u64;
            if got == 0 {
                break;
            }
            count -= got;
        }
        Ok(())
    }

    /// Reads what is left and gives the hashes of the whole file.
    ///
    /// # Errors
    /// When reading fails, is to be given up, or the file changed its size meanwhile.
    pub fn finish(mut self) -> io::Result<Digests> {
        self.skip(u64::MAX)?;
        if self.position != self.size {
            return Err(io::Error::other(format!(
                "the file had {} bytes when reading began and {} at the end",
                self.size, self.position
            )));
        }
        let Some(sha256) = self.sha256 else {
            return Ok(self.watch.known.cloned().unwrap_or_default());
        };
        Ok(Digests {
            sha256: hex::encode(sha256.finalize()),
            md5: self.md5.map(|md5| hex::encode(md5.finalize())),
            sha1: self.sha1.map(|sha1| hex::encode(sha1.finalize())),
        })
    }

    fn fill(&mut self) -> io::Result<()> {
        self.check()?;
        self.block.resize(BLOCK_BYTES, 0);
        self.used = 0;
        let count = loop {
            match self.file.read(&mut self.block) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.block.clear();
                    self.stopped = Some(format!("the file could not be read: {error}"));
                    return Err(error);
                }
            }
        };
        self.block.truncate(count);
        if let Some(md5) = &mut self.md5 {
            md5.update(&self.block);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&self.block);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(&self.block);
        }
        if count > 0 {
            (self.watch.progress)(count as u64);
        }
        Ok(())
    }

    fn check(&mut self) -> io::Result<()> {
        let late = self.started.elapsed() > self.watch.at_most;
        let why = if self.watch.cancel.load(Ordering::Relaxed) {
            "inspection was stopped".to_owned()
        } else if self.position > self.size {
            // Who appends as fast as we read would keep us for ever.
            "the file grew while it was read".to_owned()
        } else if late {
            format!(
                "inspection took longer than {} seconds and was given up",
                self.watch.at_most.as_secs()
            )
        } else {
            return Ok(());
        };
        self.block.clear();
        self.used = 0;
        self.stopped = Some(why.clone());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    }
}

impl Read for Blocks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buffer.len() as u64)?;
        let length = bytes.len();
        for (place, byte) in buffer.iter_mut().zip(bytes) {
            *place = *byte;
        }
        Ok(length)
    }
}

/// Opens for reading; refuses a link at the end of the path and what is no regular file. Never
/// waits, as opening a named pipe would.
///
/// # Errors
/// Those of opening, and `InvalidInput` for what is no regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}
