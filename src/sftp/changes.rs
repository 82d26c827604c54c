//! Changes of names below `/incoming`: made in both trees, and durable when they return.
//!
//! All of these block: on a commit under way at the same place, and on the disk. Folders to be
//! synced are opened under the table's guard; after it their path may be another's already.

use super::fence::Table;
use super::jail::{Jail, Target, is_folder, size_of};
use super::path::{is_within, split, top};
use super::refusal::Refusal;
use super::tree::Tree;
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Most parts below `/incoming` that a path may have; what is moved deeper could not be named.
const MAX_DEPTH: usize = 15;

/// What a path was, for the one who has to tell of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder.
    Folder,
    /// A file, closed or partial.
    File,
}

/// A folder to be synced, if the tree has it.
fn folder_if_there(jail: &Jail, folder: &str) -> Result<Option<OwnedFd>, Errno> {
    match jail.folder(folder) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Tree {
    /// MKDIR.
    pub(super) fn make_folder(&self, path: &str) -> Result<(), Refusal> {
        let (parent, name) = split(path);
        let touched = {
            let mut table = self.fence().settled(&[path]);
            table.check(path)?;
            if path.is_empty() || self.kind(path)?.is_some() {
                return Err(Errno::EXIST.into());
            }
            if !self.has_folder(parent)? {
                return Err(Refusal::no_such_file());
            }
            self.check_collision(&mut table, parent, name, None)?;
            self.ensure_counted(&table)?;
            self.meter().admit_folder(path)?;
            self.meter().room().check(&self.incoming().file_system()?)?;
            self.begin_correction(parent)?;
            let parent = self.incoming().folder(parent)?;
            self.incoming().make_folder(path)?;
            self.meter().add_folders(1);
            // One of that name may have been taken away by somebody else.
            table.forget_folder(path);
            parent
        };
        self.sync_all(&[touched])
    }

    /// RMDIR. A folder with a partial file in it is not empty.
    pub(super) fn remove_folder(&self, path: &str) -> Result<(), Refusal> {
        if path.is_empty() {
            return Err(Refusal::denied("/incoming itself cannot be removed."));
        }
        let (parent, name) = split(path);
        let touched = {
            let mut table = self.fence().settled(&[path]);
            table.check_tree(path)?;
            match self.kind(path)? {
                Some(Kind::Folder) => {}
                Some(Kind::File) => return Err(Refusal::failure("This is a file, not a folder.")),
                None => return Err(Refusal::no_such_file()),
            }
            if !self.incoming().is_folder(path)? {
                return Err(Refusal::seen_only());
            }
            self.shadow().remove_hollow(path)?;
            self.partial().remove_hollow(path)?;
            self.incoming().remove_folder(path)?;
            self.meter().drop_folder();
            self.meter().lift();
            table.forget_name(parent, name);
            table.forget_folder(path);
            self.incoming().folder(parent)?
        };
        self.sync_all(&[touched])
    }

    /// REMOVE. An upload under way to that path is over.
    pub(super) fn remove_file(&self, path: &str) -> Result<(), Refusal> {
        let (parent, name) = split(path);
        let mut touched = Vec::new();
        {
            let mut table = self.fence().settled(&[path]);
            table.check(path)?;
            match self.kind(path)? {
                Some(Kind::File) => {}
                Some(Kind::Folder) => return Err(Errno::ISDIR.into()),
                None => return Err(Refusal::no_such_file()),
            }
            // Only what a correction leaves out can be taken away from what was claimed.
            if self.find_own(path)?.is_none() && !self.incoming().is_folder(top(path))? {
                return Err(Refusal::seen_only());
            }
            table.revoke(path);
            for jail in [self.partial(), self.incoming()] {
                if let Some(stat) = jail.stat(path)?.filter(|stat| !is_folder(stat)) {
                    jail.unlink(path)?;
                    self.meter().drop_file(size_of(&stat));
                    self.meter().lift();
                    touched.push(jail.folder(parent)?);
                }
            }
            if self.forget_claimed(path)? {
                for jail in [self.shadow(), self.incoming()] {
                    touched.extend(folder_if_there(jail, parent)?);
                }
            }
            table.forget_name(parent, name);
        }
        self.sync_all(&touched)
    }

    /// RENAME, or with `replace` the POSIX one, which takes the place of a file. Says what it was
    /// that moved.
    pub(super) fn rename(&self, from: &str, to: &str, replace: bool) -> Result<Kind, Refusal> {
        if from.is_empty() || to.is_empty() {
            return Err(Refusal::denied("/incoming itself cannot be renamed."));
        }
        let mut touched = Vec::new();
        let kind = {
            let mut table = self.fence().settled(&[from, to]);
            table.check_tree(from)?;
            table.check_tree(to)?;
            let kind = self.kind(from)?.ok_or_else(Refusal::no_such_file)?;
            if from == to {
                return Ok(kind);
            }
            let moves_claimed = match kind {
                Kind::Folder => self.shadow().is_folder(from)?,
                Kind::File => self.find_own(from)?.is_none(),
            };
            if moves_claimed {
                return Err(Refusal::seen_only());
            }
            self.check_target(&mut table, from, to, kind, replace)?;
            match kind {
                Kind::Folder => self.move_folder(from, to)?,
                Kind::File => self.move_file(&mut table, from, to)?,
            }
            table.moved(from, to);
            for folder in [split(to).0, split(from).0] {
                touched.push(self.incoming().folder(folder)?);
                // There, none may ever have been needed.
                for jail in [self.partial(), self.shadow()] {
                    touched.extend(folder_if_there(jail, folder)?);
                }
            }
            kind
        };
        self.sync_all(&touched)?;
        Ok(kind)
    }

    fn check_target(
        &self,
        table: &mut Table,
        from: &str,
        to: &str,
        kind: Kind,
        replace: bool,
    ) -> Result<(), Refusal> {
        let (folder, name) = split(to);
        if folder.is_empty() && kind == Kind::File {
            return Err(Refusal::loose_file());
        }
        if is_within(to, from) {
            return Err(Refusal::failure("A folder cannot be moved into itself."));
        }
        if !self.has_folder(folder)? {
            return Err(Refusal::no_such_file());
        }
        let is_claimed = self.find_own(to)?.is_none() && self.shadow().stat(to)?.is_some();
        let is_claimed_folder = is_claimed && self.shadow().is_folder(to)?;
        let there = if is_claimed { None } else { self.kind(to)? };
        match there {
            None if is_claimed_folder && kind == Kind::File => return Err(Errno::EXIST.into()),
            None => {}
            Some(Kind::File) if replace && kind == Kind::File => {}
            Some(_) => return Err(Errno::EXIST.into()),
        }
        if kind == Kind::Folder {
            let below = self.incoming().depth(from)?;
            if to.split('/').count() + below > MAX_DEPTH {
                return Err(super::path::NameFault::TooDeep.into());
            }
            self.meter().check_depth(to, below)?;
        }
        if there.is_none() {
            let (from_folder, from_name) = split(from);
            let leaving = (from_folder == folder).then_some(from_name);
            self.check_collision(table, folder, name, leaving)?;
        }
        // Nothing is against it. What was claimed under that name makes way: this is its correction.
        match kind {
            Kind::File if is_claimed => {
                self.forget_claimed(to)?;
            }
            Kind::Folder if is_claimed => self.shadow().remove_tree(to)?,
            Kind::File | Kind::Folder => {}
        }
        self.begin_correction(folder)
    }

    fn move_folder(&self, from: &str, to: &str) -> Result<(), Refusal> {
        self.partial().remove_hollow(to)?;
        let mirrored = self.partial().is_folder(from)?;
        if mirrored {
            self.partial().make_folders(split(to).0)?;
            self.partial()
                .rename(from, self.partial(), to, Target::Absent)?;
        }
        let moved = self
            .incoming()
            .rename(from, self.incoming(), to, Target::Absent);
        if moved.is_err() && mirrored {
            self.partial()
                .rename(to, self.partial(), from, Target::Absent)?;
        }
        Ok(moved?)
    }

    /// Moves what there is of a file. The target's own partial file, if any, is over, so that it
    /// does not hide what took its place.
    fn move_file(&self, table: &mut Table, from: &str, to: &str) -> Result<(), Refusal> {
        table.revoke(to);
        if let Some(stat) = self.partial().stat(to)?.filter(|stat| !is_folder(stat)) {
            self.partial().unlink(to)?;
            self.meter().drop_file(size_of(&stat));
        } else if self.partial().is_folder(to)? {
            self.partial().remove_hollow(to)?;
        }
        if self.partial().is_file(from)? {
            self.partial().make_folders(split(to).0)?;
            self.partial()
                .rename(from, self.partial(), to, Target::Replaced)?;
        }
        if self.incoming().is_file(from)? {
            let replaced = self.incoming().stat(to)?.filter(|stat| !is_folder(stat));
            let before = self.incoming().key(from);
            self.incoming()
                .rename(from, self.incoming(), to, Target::Replaced)?;
            if let (Some(before), Some(after)) = (before, self.incoming().key(to)) {
                self.desk().arrivals().moved(&before, &after);
            }
            if let Some(stat) = replaced {
                self.meter().drop_file(size_of(&stat));
            }
        }
        Ok(())
    }

    /// What a path is now.
    fn kind(&self, path: &str) -> Result<Option<Kind>, Refusal> {
        match self.stat(path) {
            Ok(entry) if entry.folder => Ok(Some(Kind::Folder)),
            Ok(_) => Ok(Some(Kind::File)),
            Err(refusal) if refusal == Refusal::no_such_file() => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}
