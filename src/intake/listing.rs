//! What lies in a delivery: the union of its trees under `incoming/` and `partial/`.
//!
//! Nothing is followed and nothing is opened here. Two listings that are equal mean that nothing
//! changed between them: the key of a file holds its change time, which no client can set.

use crate::domain::content::FileKey;
use crate::domain::upload::is_system_junk;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Entries of one delivery that are looked at; far above what limits allow a package to hold.
const ENTRIES_MAX: usize = 100_000;

/// Folders inside each other. Deeper ones are refused, so that a walk always ends.
const DEPTH_MAX: usize = 24;

/// One regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path relative to the listed folder, `/` between parts.
    pub(super) path: String,
    pub(super) key: FileKey,
    /// Lies under `partial/`: being written, or broken off.
    pub(super) partial: bool,
}

impl Entry {
    /// Whether it, or a folder above it, is junk of an operating system.
    pub(super) fn is_junk(&self) -> bool {
        self.path.split('/').any(is_system_junk)
    }
}

/// A delivery, or one release of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Device and inode of the folder under `incoming/`, by which it is known again under another
    /// name.
    pub(super) node: Option<(u64, u64)>,
    /// Files, sorted by path.
    pub(super) files: Vec<Entry>,
    /// Sub-folders and their nodes, by path; those of `partial/` with no node.
    pub(super) folders: BTreeMap<String, Option<(u64, u64)>>,
    /// What can never be taken, by path, one sentence each; an empty path means the whole folder.
    pub(super) refused: BTreeMap<String, String>,
    /// The folder has a tree under `partial/`, which only our own SFTP server makes.
    pub(super) has_partial_tree: bool,
}

/// Lists the folder that lies at both paths; `None` when it is at neither.
/// A file with a second name is refused, unless `ours` knows it.
pub(super) fn list(
    incoming: &Path,
    partial: &Path,
    ours: &dyn Fn((u64, u64)) -> bool,
) -> io::Result<Option<Listing>> {
    let mut listing = Listing::default();
    let mut files = BTreeMap::new();
    let closed = is_folder(incoming)?;
    listing.has_partial_tree = is_folder(partial)?.is_some();
    if closed.is_none() && !listing.has_partial_tree {
        return Ok(None);
    }
    if let Some(meta) = closed {
        listing.node = Some((meta.dev(), meta.ino()));
        let mut walk = Walk {
            device: meta.dev(),
            owner: rustix::process::geteuid().as_raw(),
            partial: false,
            ours,
            files: &mut files,
            listing: &mut listing,
        };
        walk.folder(incoming, "", 0)?;
    }
    if let Some(meta) = is_folder(partial)? {
        // The partial tree second: a file in both is being replaced, and what counts is that it is
        // not closed.
        let mut walk = Walk {
            device: meta.dev(),
            owner: rustix::process::geteuid().as_raw(),
            partial: true,
            ours,
            files: &mut files,
            listing: &mut listing,
        };
        walk.folder(partial, "", 0)?;
    }
    listing.files = files.into_values().collect();
    Ok(Some(listing))
}

/// Metadata of a real folder; `None` when there is nothing, or something else.
pub(super) fn is_folder(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(meta.is_dir().then_some(meta)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an error only says that the name is not there (any more).
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Names of the real folders directly in `path`; empty when it is not there. Names that are no
/// UTF-8 are left out: no message can name them, and our own server makes none.
pub(super) fn folders_in(path: &Path) -> io::Result<Vec<(String, (u64, u64))>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            tracing::warn!(name = ?entry.file_name(), folder = ?path, "a name that is no UTF-8 is passed over");
            continue;
        };
        if let Some(meta) = is_folder(&entry.path())?
            && !is_system_junk(&name)
        {
            found.push((name, (meta.dev(), meta.ino())));
        }
    }
    Ok(found)
}

struct Walk<'a> {
    device: u64,
    owner: u32,
    partial: bool,
    ours: &'a dyn Fn((u64, u64)) -> bool,
    files: &'a mut BTreeMap<String, Entry>,
    listing: &'a mut Listing,
}

impl Walk<'_> {
    fn folder(&mut self, real: &Path, relative: &str, depth: usize) -> io::Result<()> {
        let entries = match fs::read_dir(real) {
            Ok(entries) => entries,
            // Removed or moved between two calls; the next listing tells.
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let meta = match fs::symlink_metadata(entry.path()) {
                Ok(meta) => meta,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            let name = entry.file_name();
            let path = if relative.is_empty() {
                name.to_string_lossy().into_owned()
            } else {
                format!("{relative}/{}", name.to_string_lossy())
            };
            if self.files.len() + self.listing.folders.len() > ENTRIES_MAX {
                let why = "the folder holds too many files: split it into releases";
                self.listing.refused.insert(String::new(), why.to_owned());
                return Ok(());
            }
            if name.to_str().is_none() {
                self.refuse(&path, "has a name that is no UTF-8: rename it");
            } else if meta.is_dir() {
                self.sub_folder(&entry.path(), path, &meta, depth)?;
            } else {
                self.file(path, &meta);
            }
        }
        Ok(())
    }

    fn sub_folder(
        &mut self,
        real: &Path,
        path: String,
        meta: &Metadata,
        depth: usize,
    ) -> io::Result<()> {
        if meta.dev() != self.device {
            self.refuse(&path, "is another file system: copy its files here");
            return Ok(());
        }
        if depth >= DEPTH_MAX {
            self.refuse(&path, "lies too many folders deep: move it up");
            return Ok(());
        }
        self.folder(real, &path, depth + 1)?;
        let node = (!self.partial).then_some((meta.dev(), meta.ino()));
        let known = self.listing.folders.entry(path).or_insert(node);
        *known = known.or(node);
        Ok(())
    }

    fn file(&mut self, path: String, meta: &Metadata) {
        if !meta.is_file() {
            self.refuse(
                &path,
                "is a link or a device, not an ordinary file: upload the file itself",
            );
        } else if meta.nlink() > 1 && !(self.ours)((meta.dev(), meta.ino())) {
            self.refuse(
                &path,
                "has a second name elsewhere (a hard link): upload a copy of its own",
            );
        } else if meta.uid() != self.owner {
            self.refuse(
                &path,
                "belongs to another user of the server: the operator has to change its owner",
            );
        } else {
            let entry = Entry {
                path: path.clone(),
                key: FileKey::of(meta),
                partial: self.partial,
            };
            self.files.insert(path, entry);
        }
    }

    /// The path is escaped, because a foreign name may hold control characters.
    fn refuse(&mut self, path: &str, why: &str) {
        let sentence = format!("`{}` {why}", path.escape_debug());
        self.listing.refused.insert(path.to_owned(), sentence);
    }
}
