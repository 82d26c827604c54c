//! One directory tree that nothing can climb out of, held by the kernel.
//!
//! Every lookup goes through `openat2` from the tree's own descriptor with `BENEATH`,
//! `NO_SYMLINKS`, `NO_MAGICLINKS` and `NO_XDEV`: a link planted inside, a `..`, a mount point are all refused by the
//! kernel, not by comparing strings. What changes names is done on a parent's descriptor and one
//! component. Only folders and regular files with one name exist; everything else looks absent.
//!
//! Paths are relative, `/` between parts, validated by `path`; empty means the tree itself.

use super::codec::Entry;
use super::path::split;
use crate::domain::content::FileKey;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Stat, StatVfs, Timespec,
    Timestamps,
};
use rustix::io::{Errno, Result};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Mode of folders that we make; the group is for operators.
const FOLDER_MODE: u32 = 0o750;
/// Mode of files that we make.
const FILE_MODE: u32 = 0o640;
/// A tree deeper than this was not made through us.
const MAX_WALK_DEPTH: usize = 32;

/// A directory tree, by its open descriptor.
#[derive(Debug)]
pub(super) struct Jail {
    base: OwnedFd,
}

/// A folder of a tree, looked up once; whatever happens to its name, this is still the same one.
/// So it is held only while the table of writers is, under whose guard names are changed.
#[derive(Debug)]
pub(super) struct Folder(Jail);

impl Folder {
    /// What is there under a name: `None` for nothing, and for everything that may not be seen.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>> {
        match stat_in(&self.0.base, name) {
            Ok(stat) => Ok(is_visible(&stat).then_some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Moves a name into another folder.
    pub(super) fn rename(&self, name: &str, to: &Self, target: Target) -> Result<()> {
        rustix::fs::renameat_with(&self.0.base, name, &to.0.base, name, target.flags())
    }
}

/// What happens to a rename's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// It must not be there.
    Absent,
    /// It is replaced.
    Replaced,
}

impl Target {
    fn flags(self) -> RenameFlags {
        match self {
            Self::Absent => RenameFlags::NOREPLACE,
            Self::Replaced => RenameFlags::empty(),
        }
    }
}

impl Jail {
    /// Opens the tree at `path`, a path of our own, and makes its last folder, durably, if it is
    /// not there. Blocks.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::mkdir(path, Mode::from_raw_mode(FOLDER_MODE)) {
            Ok(()) => {
                let parent = path.parent().unwrap_or(Path::new("/"));
                let parent = rustix::fs::openat(CWD, parent, flags, Mode::empty())?;
                rustix::fs::fsync(parent)?;
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
        let base = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { base })
    }

    fn resolve(&self, relative: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        let relative = if relative.is_empty() { "." } else { relative };
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            // EAGAIN: a rename elsewhere in the tree raced with the lookup; the kernel asks again.
            match rustix::fs::openat2(&self.base, relative, flags, mode, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                outcome => return outcome,
            }
        }
    }

    /// A folder to do something to its names; one that cannot be read or synced, and that no
    /// watcher hears of.
    fn parent(&self, relative: &str) -> Result<OwnedFd> {
        self.resolve(relative, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
    }

    /// A folder that is looked up once for several steps; `None` when it is not there.
    pub(super) fn look_up(&self, relative: &str) -> Result<Option<Folder>> {
        match self.parent(relative) {
            Ok(fd) => Ok(Some(Folder(Self { base: fd }))),
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::XDEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A folder's descriptor, to be listed or synced.
    pub(super) fn folder(&self, relative: &str) -> Result<OwnedFd> {
        self.resolve(relative, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    }

    /// Opens a regular file that is there.
    pub(super) fn file(&self, relative: &str, write: bool) -> Result<File> {
        // NONBLOCK: a planted fifo must not hold us.
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        let fd = self.resolve(relative, access | OFlags::NONBLOCK, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        if is_file(&stat) {
            Ok(File::from(fd))
        } else if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            Err(Errno::ISDIR)
        } else {
            Err(Errno::NOENT)
        }
    }

    /// Makes a regular file that is not there yet, open for reading and writing.
    pub(super) fn create(&self, relative: &str) -> Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        self.resolve(relative, flags, Mode::from_raw_mode(FILE_MODE))
            .map(File::from)
    }

    /// What is there: `None` for nothing, and for everything that may not be seen.
    pub(super) fn stat(&self, relative: &str) -> Result<Option<Stat>> {
        let stat = if relative.is_empty() {
            rustix::fs::fstat(&self.base)
        } else {
            let (parent, name) = split(relative);
            self.parent(parent)
                .and_then(|parent| stat_in(&parent, name))
        };
        match stat {
            Ok(stat) => Ok(is_visible(&stat).then_some(stat)),
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::XDEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a folder is there.
    pub(super) fn is_folder(&self, relative: &str) -> Result<bool> {
        Ok(self.stat(relative)?.is_some_and(|stat| is_folder(&stat)))
    }

    /// Whether a regular file is there.
    pub(super) fn is_file(&self, relative: &str) -> Result<bool> {
        Ok(self.stat(relative)?.is_some_and(|stat| is_file(&stat)))
    }

    /// Names in a folder, of whatever kind, in no order. Names that are not UTF-8 cannot be asked
    /// for and are left out.
    pub(super) fn names(&self, relative: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::new(self.folder(relative)?)? {
            if let Ok(name) = entry?.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// What is in a folder, with what it is, in no order; what may not be seen is left out.
    pub(super) fn entries(&self, relative: &str) -> Result<Vec<(String, Stat)>> {
        let folder = self.folder(relative)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            match stat_in(&folder, name) {
                Ok(stat) if is_visible(&stat) => entries.push((name.to_owned(), stat)),
                // Not to be seen, or gone between the two looks.
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(entries)
    }

    /// Calls `visit` with every file and folder below `relative`, and its path; nothing when that is
    /// not there. Blocks.
    pub(super) fn walk(&self, relative: &str, visit: &mut dyn FnMut(&str, &Stat)) -> Result<()> {
        self.walk_within(relative, visit, MAX_WALK_DEPTH)
    }

    fn walk_within(
        &self,
        relative: &str,
        visit: &mut dyn FnMut(&str, &Stat),
        bound: usize,
    ) -> Result<()> {
        let Some(bound) = bound.checked_sub(1) else {
            return Ok(());
        };
        let entries = match self.entries(relative) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            entries => entries?,
        };
        for (name, stat) in entries {
            let path = join(relative, &name);
            visit(&path, &stat);
            if is_folder(&stat) {
                self.walk_within(&path, visit, bound)?;
            }
        }
        Ok(())
    }

    /// Makes a folder; its parent must be there.
    pub(super) fn make_folder(&self, relative: &str) -> Result<()> {
        let (parent, name) = split(relative);
        rustix::fs::mkdirat(self.parent(parent)?, name, Mode::from_raw_mode(FOLDER_MODE))
    }

    /// Makes a folder and those above it, as far as they are not there.
    pub(super) fn make_folders(&self, relative: &str) -> Result<()> {
        if relative.is_empty() {
            return Ok(());
        }
        match self.make_folder(relative) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(Errno::NOENT) => {
                self.make_folders(split(relative).0)?;
                match self.make_folder(relative) {
                    Err(Errno::EXIST) => Ok(()),
                    outcome => outcome,
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a file's name away.
    pub(super) fn unlink(&self, relative: &str) -> Result<()> {
        let (parent, name) = split(relative);
        rustix::fs::unlinkat(self.parent(parent)?, name, AtFlags::empty())
    }

    /// Removes an empty folder.
    pub(super) fn remove_folder(&self, relative: &str) -> Result<()> {
        let (parent, name) = split(relative);
        rustix::fs::unlinkat(self.parent(parent)?, name, AtFlags::REMOVEDIR)
    }

    /// Removes a folder that holds nothing but empty folders, or is not there. NOTEMPTY, with some
    /// of the empty folders gone, when there is a file in it.
    pub(super) fn remove_hollow(&self, relative: &str) -> Result<()> {
        self.hollow(relative, MAX_WALK_DEPTH)
    }

    fn hollow(&self, relative: &str, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(Errno::NOTEMPTY)?;
        let names = match self.names(relative) {
            Err(Errno::NOENT) => return Ok(()),
            names => names?,
        };
        for name in names {
            match self.hollow(&join(relative, &name), depth) {
                Err(Errno::NOTDIR) => return Err(Errno::NOTEMPTY),
                outcome => outcome?,
            }
        }
        self.remove_folder(relative)
    }

    /// Removes whatever is there, with all that is in it. Blocks.
    pub(super) fn remove_tree(&self, relative: &str) -> Result<()> {
        self.remove_within(relative, MAX_WALK_DEPTH)
    }

    fn remove_within(&self, relative: &str, bound: usize) -> Result<()> {
        let bound = bound.checked_sub(1).ok_or(Errno::NOTEMPTY)?;
        match self.names(relative) {
            Err(Errno::NOTDIR) => return self.unlink(relative),
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error),
            Ok(names) => {
                for name in names {
                    self.remove_within(&join(relative, &name), bound)?;
                }
            }
        }
        self.remove_folder(relative)
    }

    /// Levels of folders inside a folder, itself not counted; at most a bound.
    pub(super) fn depth(&self, relative: &str) -> Result<usize> {
        self.depth_within(relative, MAX_WALK_DEPTH)
    }

    fn depth_within(&self, relative: &str, bound: usize) -> Result<usize> {
        let Some(bound) = bound.checked_sub(1) else {
            return Ok(0);
        };
        let mut deepest = 0;
        for entry in Dir::new(self.folder(relative)?)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            // Files are told apart without a look at each: a folder may hold thousands, and others
            // wait meanwhile.
            let kind = entry.file_type();
            let is_folder = kind == FileType::Directory
                || kind == FileType::Unknown && self.is_folder(&join(relative, name))?;
            let levels = if is_folder {
                1 + self.depth_within(&join(relative, name), bound)?
            } else {
                1
            };
            deepest = deepest.max(levels);
        }
        Ok(deepest)
    }

    /// Moves a name, here or into another tree of the same file system.
    pub(super) fn rename(&self, from: &str, to: &Self, new: &str, target: Target) -> Result<()> {
        let (from_parent, from_name) = split(from);
        let (to_parent, to_name) = split(new);
        let from_parent = self.parent(from_parent)?;
        let to_parent = to.parent(to_parent)?;
        rustix::fs::renameat_with(from_parent, from_name, to_parent, to_name, target.flags())
    }

    /// Sets the times of a file or folder, seconds since 1970.
    pub(super) fn set_times(&self, relative: &str, times: (u32, u32)) -> Result<()> {
        let (parent, name) = split(relative);
        let parent = self.parent(parent)?;
        rustix::fs::utimensat(parent, name, &timestamps(times), AtFlags::SYMLINK_NOFOLLOW)
    }

    /// What content the file has that is there, if one is.
    pub(super) fn key(&self, relative: &str) -> Option<FileKey> {
        let fd = self.resolve(relative, OFlags::PATH, Mode::empty()).ok()?;
        let metadata = File::from(fd).metadata().ok()?;
        metadata.is_file().then(|| FileKey::of(&metadata))
    }

    /// Whether it lies in memory alone, where nothing has to wait for a disk.
    pub(super) fn is_in_memory(&self) -> bool {
        const TMPFS: i64 = 0x0102_1994;
        const RAMFS: i64 = 0x8584_58f6;
        rustix::fs::fstatfs(&self.base).is_ok_and(|figures| matches!(figures.f_type, TMPFS | RAMFS))
    }

    /// Figures of the file system.
    pub(super) fn file_system(&self) -> Result<StatVfs> {
        rustix::fs::fstatvfs(&self.base)
    }
}

/// A relative path with one more part.
pub(super) fn join(relative: &str, name: &str) -> String {
    if relative.is_empty() {
        name.to_owned()
    } else {
        format!("{relative}/{name}")
    }
}

/// Times for `utimensat` and `futimens`.
pub(super) fn timestamps((accessed, modified): (u32, u32)) -> Timestamps {
    let at = |seconds: u32| Timespec {
        tv_sec: i64::from(seconds),
        tv_nsec: 0,
    };
    Timestamps {
        last_access: at(accessed),
        last_modification: at(modified),
    }
}

fn stat_in(parent: impl AsFd, name: &str) -> Result<Stat> {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
}

fn is_visible(stat: &Stat) -> bool {
    is_folder(stat) || is_file(stat)
}

/// A folder.
pub(super) fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// A regular file with one name. A second name would let content change from elsewhere.
fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1
}

/// A file's size in bytes.
pub(super) fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

/// What the client is told of it.
pub(super) fn entry(stat: &Stat, writable: bool) -> Entry {
    let seconds = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
    Entry {
        folder: is_folder(stat),
        writable,
        size: size_of(stat),
        accessed: seconds(stat.st_atime),
        modified: seconds(stat.st_mtime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    fn jail() -> (tempfile::TempDir, Jail) {
        let dir = tempfile::tempdir().unwrap();
        let jail = Jail::open(&dir.path().join("base")).unwrap();
        (dir, jail)
    }

    #[test]
    fn links_are_not_followed_anywhere_in_a_path() {
        let (dir, jail) = jail();
        fs::create_dir(dir.path().join("outside")).unwrap();
        fs::write(dir.path().join("outside/secret"), "s").unwrap();
        let base = dir.path().join("base");
        std::os::unix::fs::symlink("../outside", base.join("link")).unwrap();
        std::os::unix::fs::symlink("../outside/secret", base.join("file")).unwrap();
        assert_eq!(jail.stat("link").unwrap().map(|s| s.st_size), None);
        assert_eq!(jail.stat("link/secret").unwrap().map(|s| s.st_size), None);
        assert_eq!(jail.file("link/secret", false).unwrap_err(), Errno::LOOP);
        assert_eq!(jail.file("file", true).unwrap_err(), Errno::LOOP);
        assert_eq!(jail.create("link/new").unwrap_err(), Errno::LOOP);
        assert_eq!(jail.make_folder("link/new").unwrap_err(), Errno::NOTDIR);
        assert_eq!(jail.unlink("link/secret").unwrap_err(), Errno::NOTDIR);
        // Asked for a folder, the kernel says that a link is none.
        assert_eq!(jail.names("link").unwrap_err(), Errno::NOTDIR);
    }

    #[test]
    fn climbing_is_refused_by_the_kernel_too() {
        let (dir, jail) = jail();
        fs::write(dir.path().join("secret"), "s").unwrap();
        assert_eq!(jail.file("../secret", false).unwrap_err(), Errno::XDEV);
        assert_eq!(jail.names("..").unwrap_err(), Errno::XDEV);
    }

    #[test]
    fn a_file_with_a_second_name_does_not_exist() {
        let (dir, jail) = jail();
        jail.create("a").unwrap().write_all(b"x").unwrap();
        assert!(jail.is_file("a").unwrap());
        fs::hard_link(dir.path().join("base/a"), dir.path().join("elsewhere")).unwrap();
        assert!(!jail.is_file("a").unwrap());
        assert_eq!(jail.file("a", true).unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn a_hollow_tree_goes_and_one_with_a_file_stays() {
        let (_dir, jail) = jail();
        jail.make_folders("a/b/c").unwrap();
        jail.make_folders("a/d").unwrap();
        assert_eq!(jail.depth("a").unwrap(), 2);
        jail.create("a/d/x").unwrap();
        assert_eq!(jail.remove_hollow("a").unwrap_err(), Errno::NOTEMPTY);
        jail.unlink("a/d/x").unwrap();
        jail.remove_hollow("a").unwrap();
        assert!(!jail.is_folder("a").unwrap());
        jail.remove_hollow("a").unwrap();
    }
}
