//! A directory of this machine as a DSP: an archive, a mount.
//!
//! All work is blocking and runs on tokio's blocking threads. Dropping the `Folder` stops a copy
//! that is under way, because a dropped future does not. Files and names are fsynced before a
//! step counts as done.

use super::remote::{Content, Kind, REFUSED, Seen};
use super::source::Source;
use super::trip::Throttle;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes copied between two looks at `stopped`.
const CHUNK_BYTES: usize = 1 << 20;

pub(super) struct Folder {
    base: PathBuf,
    stopped: Arc<AtomicBool>,
    throttle: Option<Arc<Throttle>>,
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl Folder {
    pub(super) fn new(base: PathBuf, throttle: Option<Arc<Throttle>>) -> Self {
        Self {
            base,
            stopped: Arc::new(AtomicBool::new(false)),
            throttle,
        }
    }

    pub(super) fn location(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    /// `path` is plain: `names` made or checked every part of it.
    fn at(&self, path: &str) -> PathBuf {
        let mut at = self.base.clone();
        at.extend(path.split('/').filter(|part| !part.is_empty()));
        at
    }

    pub(super) async fn look(&self, path: &str) -> Result<Option<Seen>, Fault> {
        blocking(
            self.at(path),
            "look at",
            |path| match fs::symlink_metadata(path) {
                Ok(meta) => Ok(Some(seen(path, &meta))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        )
        .await
    }

    pub(super) async fn list(&self, path: &str) -> Result<Option<Vec<Seen>>, Fault> {
        blocking(self.at(path), "list", |path| {
            let entries = match fs::read_dir(path) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut all = Vec::new();
            for entry in entries {
                let entry = entry?;
                all.push(seen(&entry.path(), &entry.metadata()?));
            }
            Ok(Some(all))
        })
        .await
    }

    pub(super) async fn make_folder(&self, path: &str) -> Result<(), Fault> {
        blocking(
            self.at(path),
            "make the folder",
            |path| match fs::create_dir(path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
                Err(error) => Err(error),
                Ok(()) => sync_parent(path),
            },
        )
        .await
    }

    pub(super) async fn put(&self, path: &str, cargo: &Cargo) -> Result<(), Fault> {
        let to = self.at(path);
        let cargo = cargo.clone();
        let stopped = Arc::clone(&self.stopped);
        let throttle = self.throttle.clone();
        tokio::task::spawn_blocking(move || copy(&to, &cargo, &stopped, throttle.as_deref()))
            .await
            .map_err(|error| ended(&error))?
    }

    pub(super) async fn put_bytes(&self, path: &str, content: &[u8]) -> Result<(), Fault> {
        let content = content.to_vec();
        blocking(self.at(path), "write", move |path| {
            let mut file = File::create(path)?;
            file.write_all(&content)?;
            file.sync_all()?;
            sync_parent(path)
        })
        .await
    }

    pub(super) async fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Fault> {
        blocking(self.at(path), "read", move |path| {
            let mut content = Vec::new();
            File::open(path)?.take(most + 1).read_to_end(&mut content)?;
            if content.len() as u64 > most {
                return Err(ErrorKind::FileTooLarge.into());
            }
            Ok(content)
        })
        .await
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<(), Fault> {
        let to = self.at(to);
        blocking(self.at(from), "rename", move |from| {
            rename_new(from, &to)?;
            sync_parent(&to)?;
            if from.parent() == to.parent() {
                Ok(())
            } else {
                sync_parent(from)
            }
        })
        .await
    }

    pub(super) async fn remove_file(&self, path: &str) -> Result<(), Fault> {
        blocking(self.at(path), "remove", |path| fs::remove_file(path)).await
    }

    pub(super) async fn remove_folder(&self, path: &str) -> Result<(), Fault> {
        blocking(self.at(path), "remove the folder", |path| {
            fs::remove_dir(path)
        })
        .await
    }

    pub(super) async fn settle(&self, folders: Vec<String>) -> Result<(), Fault> {
        for folder in folders {
            blocking(self.at(&folder), "flush", |path| {
                File::open(path)?.sync_all()
            })
            .await?;
        }
        Ok(())
    }

    pub(super) async fn holds(&self, path: &str, cargo: &Cargo) -> Result<Content, Fault> {
        let expected = cargo.sha256.to_ascii_lowercase();
        let stopped = Arc::clone(&self.stopped);
        blocking(self.at(path), "read", move |path| {
            let mut file = File::open(path)?;
            let mut hash = Sha256::new();
            let mut buffer = vec![0; CHUNK_BYTES];
            loop {
                if stopped.load(Ordering::Relaxed) {
                    return Err(ErrorKind::Interrupted.into());
                }
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    let is_same = hex::encode(hash.finalize()) == expected;
                    return Ok(if is_same {
                        Content::Same
                    } else {
                        Content::Other
                    });
                }
                hash.update(buffer.get(..count).unwrap_or_default());
            }
        })
        .await
    }
}

/// Sleeps in pieces, so that a stop is heard.
fn pause(mut left: Duration, stopped: &AtomicBool) {
    const PIECE: Duration = Duration::from_millis(100);
    while !left.is_zero() && !stopped.load(Ordering::Relaxed) {
        std::thread::sleep(left.min(PIECE));
        left = left.saturating_sub(PIECE);
    }
}

fn copy(
    to: &Path,
    cargo: &Cargo,
    stopped: &AtomicBool,
    throttle: Option<&Throttle>,
) -> Result<(), Fault> {
    let mut source = Source::open(cargo)?;
    let failed = |error: io::Error| fault(&error, "write", to);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(to)
        .map_err(failed)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        if stopped.load(Ordering::Relaxed) {
            return Err(Fault::transient("stopped", "The push was stopped."));
        }
        let count = source.fill(cargo, &mut buffer)?;
        if let Some(throttle) = throttle {
            pause(throttle.book(count, Instant::now()), stopped);
        }
        file.write_all(buffer.get(..count).unwrap_or_default())
            .map_err(failed)?;
        if count < buffer.len() {
            break;
        }
    }
    source.vouch(cargo)?;
    file.sync_all().map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size == cargo.size {
        Ok(())
    } else {
        Err(Fault::transient(
            "verification_failed",
            format!(
                "{} has {size} bytes after {} were written.",
                to.display(),
                cargo.size
            ),
        ))
    }
}

/// `renameat2(NOREPLACE)`. File systems without it (NFS, some FUSE) get a look first; the window
/// between is as wide as two system calls and only another program of the operator could use it.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        Err(errno) => Err(errno.into()),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn seen(path: &Path, meta: &fs::Metadata) -> Seen {
    let kind = if meta.is_file() {
        Kind::File
    } else if meta.is_dir() {
        Kind::Folder
    } else {
        Kind::Other
    };
    Seen {
        name: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        kind,
        size: if meta.is_file() { meta.len() } else { 0 },
    }
}

async fn blocking<T: Send + 'static>(
    path: PathBuf,
    doing: &'static str,
    job: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(move || job(&path).map_err(|error| fault(&error, doing, &path)))
        .await
        .map_err(|error| ended(&error))?
}

/// The runtime shuts down, or the job panicked.
fn ended(error: &tokio::task::JoinError) -> Fault {
    Fault::transient("stopped", format!("The push was stopped ({error})."))
}

fn fault(error: &io::Error, doing: &str, path: &Path) -> Fault {
    let what = format!("Could not {doing} {}: {error}.", path.display());
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
    let closed = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem];
    let refused = [
        ErrorKind::AlreadyExists,
        ErrorKind::DirectoryNotEmpty,
        ErrorKind::CrossesDevices,
    ];
    let kind = error.kind();
    if full.contains(&kind) {
        Fault::transient(
            "disk_full",
            format!("{what} Make room; the push goes on by itself."),
        )
    } else if closed.contains(&kind) {
        Fault::permanent(
            "permission_denied",
            format!(
                "{what} Give the user of the dropzone service the right to write there (under systemd also `ReadWritePaths=`), then retry the push."
            ),
        )
    } else if refused.contains(&kind) {
        Fault::transient(REFUSED, what)
    } else {
        Fault::transient("folder_failed", what)
    }
}
