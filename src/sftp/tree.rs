//! What a label sees below `/incoming`: three trees on disk shown as one.
//!
//! `incoming` holds files whose CLOSE was answered OK; `partial` mirrors its folders and holds
//! files being written or broken off. A partial file hides a closed one of the same path, with its
//! size so far, so that clients can resume. A folder is there if it is in `incoming`; folders in
//! `partial` are only made for the files in them and may be left over.
//!
//! `shadow` shows what was claimed: names, sizes and times, no content. What lies in one of the
//! others hides it. Writing into such a folder begins a correction; what the label does not upload
//! again is then taken over from what was claimed, unless the label removes its name (`intake`).
//!
//! Everything here may touch the disk; what may wait for it says "Blocks".

use super::bounds::Jobs;
use super::codec::{Entry, OpenFlags};
use super::dirsync::DirectorySync;
use super::fence::{Fence, Table};
use super::hashers::Desk;
use super::jail::{Folder, Jail, Target, entry, is_folder, join, size_of};
use super::meter::Meter;
use super::path::{collision_key, split};
use super::refusal::Refusal;
use super::upload::{OpenUpload, SyncFile, node_of, sync_to_disk};
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::meter::DoorMeter;
use rustix::fs::Stat;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One label's trees; shared by all its sessions.
#[derive(Debug)]
pub(super) struct Tree {
    label: LabelId,
    incoming: Jail,
    partial: Jail,
    shadow: Jail,
    reports: Jail,
    acknowledgements: Jail,
    damaged: PathBuf,
    fence: Arc<Fence>,
    meter: Arc<Meter>,
    directories: DirectorySync,
    sync_file: SyncFile,
    counters: Arc<DoorMeter>,
    desk: Arc<Desk>,
    /// Nothing here waits for a disk.
    prompt: bool,
    /// Jobs of all the label's sessions.
    jobs: Arc<Jobs>,
}

/// What became of an OPEN that may not wait.
#[derive(Debug)]
pub(super) enum Opened {
    /// Here it is.
    Now(OpenUpload),
    /// It has to wait for a disk; ask again where blocking is allowed.
    NeedsThread,
}

/// Whether the caller may be kept waiting for a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// It may.
    Allowed,
    /// It serves a network connection.
    Never,
}

impl Tree {
    /// Opens a label's trees, making folders that are not there. What is used of the label's space
    /// will be counted: nobody has watched so far. Blocks.
    pub(super) fn open(
        places: &Places,
        label: &LabelId,
        fence: Arc<Fence>,
        meter: Arc<Meter>,
    ) -> io::Result<Self> {
        meter.forget();
        Jail::open(&places.labels())?;
        Jail::open(&places.label(label))?;
        let incoming = Jail::open(&places.incoming(label))?;
        Ok(Self {
            label: label.clone(),
            prompt: incoming.is_in_memory(),
            incoming,
            partial: Jail::open(&places.partial(label))?,
            shadow: Jail::open(&places.shadow(label))?,
            reports: Jail::open(&places.reports(label))?,
            acknowledgements: Jail::open(&places.acknowledgements(label))?,
            damaged: places.damaged(),
            fence,
            meter,
            directories: DirectorySync::default(),
            sync_file: sync_to_disk,
            counters: Arc::default(),
            desk: Arc::default(),
            jobs: Arc::default(),
        })
    }

    /// The same with counters that somebody reads.
    #[must_use]
    pub(super) fn counted(mut self, counters: Arc<DoorMeter>) -> Self {
        self.counters = counters;
        self
    }

    /// The same where arriving files are hashed at that desk.
    #[must_use]
    pub(super) fn hashed_at(mut self, desk: Arc<Desk>) -> Self {
        self.desk = desk;
        self
    }

    /// Where arriving files are hashed.
    pub(super) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Whether nothing here waits for a disk, so that no thread has to be asked to wait: the trees
    /// lie in memory.
    pub(super) fn is_prompt(&self) -> bool {
        self.prompt
    }

    /// Jobs of all the label's sessions.
    pub(super) fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    /// The counters.
    pub(super) fn counters(&self) -> &DoorMeter {
        &self.counters
    }

    /// The same with a disk that fails as `sync_file` does.
    #[cfg(test)]
    pub(super) fn with_sync(mut self, sync_file: SyncFile) -> Self {
        self.sync_file = sync_file;
        self.prompt = false;
        self
    }

    /// Whose trees these are.
    pub(super) fn label(&self) -> &LabelId {
        &self.label
    }

    /// The label's table of writers and closed folders.
    pub(super) fn fence(&self) -> &Arc<Fence> {
        &self.fence
    }

    /// What of the label's space is used.
    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Closed files.
    pub(super) fn incoming(&self) -> &Jail {
        &self.incoming
    }

    /// Files on their way.
    pub(super) fn partial(&self) -> &Jail {
        &self.partial
    }

    /// What was claimed, to be seen.
    pub(super) fn shadow(&self) -> &Jail {
        &self.shadow
    }

    /// What we tell the label; read-only.
    pub(super) fn reports(&self) -> &Jail {
        &self.reports
    }

    /// What we tell the label's machines; read-only.
    pub(super) fn acknowledgements(&self) -> &Jail {
        &self.acknowledgements
    }

    /// Where damaged files go.
    pub(super) fn damaged(&self) -> &Path {
        &self.damaged
    }

    /// How files are made durable.
    pub(super) fn sync_file(&self) -> SyncFile {
        self.sync_file
    }

    /// Makes a folder's names durable. Blocks.
    pub(super) fn sync_folder(&self, jail: &Jail, folder: &str) -> rustix::io::Result<()> {
        if self.prompt {
            return Ok(());
        }
        self.directories.sync(jail.folder(folder)?)
    }

    /// Makes the names of open folders durable. Blocks.
    pub(super) fn sync_all(&self, folders: &[OwnedFd]) -> Result<(), Refusal> {
        for folder in folders {
            self.directories.sync(folder)?;
        }
        Ok(())
    }

    /// What is at a path below `/incoming`.
    pub(super) fn stat(&self, path: &str) -> Result<Entry, Refusal> {
        self.find(path)?
            .map(|stat| entry(&stat, true))
            .ok_or_else(Refusal::no_such_file)
    }

    fn find(&self, path: &str) -> Result<Option<Stat>, Refusal> {
        match self.find_own(path)? {
            Some(stat) => Ok(Some(stat)),
            None => Ok(self.shadow.stat(path)?),
        }
    }

    /// What is really here.
    pub(super) fn find_own(&self, path: &str) -> Result<Option<Stat>, Refusal> {
        if let Some(stat) = self.partial_file(path)? {
            return Ok(Some(stat));
        }
        if let Some(stat) = self.incoming.stat(path)? {
            return Ok(Some(stat));
        }
        // Between the two looks it may have been moved back to be written on.
        self.partial_file(path)
    }

    /// Whether a folder is there, be it only to be seen.
    pub(super) fn has_folder(&self, path: &str) -> Result<bool, Refusal> {
        Ok(self.incoming.is_folder(path)? || self.shadow.is_folder(path)?)
    }

    /// Makes a folder that is only seen, and those above it, real: a correction begins. Blocks.
    pub(super) fn begin_correction(&self, folder: &str) -> Result<(), Refusal> {
        if self.incoming.is_folder(folder)? {
            return Ok(());
        }
        let mut missing = 0;
        let mut above = folder;
        while !above.is_empty() && !self.incoming.is_folder(above)? {
            missing += 1;
            above = split(above).0;
        }
        self.incoming.make_folders(folder)?;
        self.meter.add_folders(missing);
        let mut made = folder;
        while !made.is_empty() {
            made = split(made).0;
            self.sync_folder(&self.incoming, made)?;
        }
        Ok(())
    }

    /// Takes away the name of what was claimed, so that it is neither seen nor taken over. False
    /// when there was none.
    pub(super) fn forget_claimed(&self, path: &str) -> Result<bool, Refusal> {
        if !self.shadow.is_file(path)? {
            return Ok(false);
        }
        self.shadow.unlink(path)?;
        // What was taken over already has its second name in the spool, and is not seen as a file.
        if !self.incoming.is_file(path)? {
            match self.incoming.unlink(path) {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn partial_file(&self, path: &str) -> Result<Option<Stat>, Refusal> {
        let stat = self.partial.stat(path)?.filter(|stat| !is_folder(stat));
        // What lies in a mirror of a folder that is gone does not exist.
        if stat.is_some() && !self.incoming.is_folder(split(path).0)? {
            return Ok(None);
        }
        Ok(stat)
    }

    /// Names that may be in a folder; each is to be looked at with [`Tree::stat`].
    pub(super) fn names(&self, folder: &str) -> Result<Vec<String>, Refusal> {
        let mut names = Vec::new();
        let mut is_there = false;
        for jail in [&self.incoming, &self.shadow, &self.partial] {
            match jail.names(folder) {
                Ok(more) => {
                    names.extend(more);
                    is_there = true;
                }
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !is_there {
            return Err(Refusal::no_such_file());
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Opens a file for reading, partial or closed.
    pub(super) fn open_to_read(&self, path: &str) -> Result<File, Refusal> {
        if self.partial_file(path)?.is_some() {
            match self.partial.file(path, false) {
                // It was closed in this moment.
                Err(Errno::NOENT) => {}
                outcome => return Ok(outcome?),
            }
        }
        match self.incoming.file(path, false) {
            Err(Errno::NOENT) if self.shadow.is_file(path)? => Err(Refusal::seen_only()),
            outcome => Ok(outcome?),
        }
    }

    /// Opens a file for writing. A fresh one, or one whose content is to go, is made in `partial`
    /// and leaves a closed one as it is until the CLOSE; a closed one that is to be written on is
    /// moved back to `partial` first, because from then on it is not whole.
    pub(super) fn open_to_write(
        &self,
        path: &str,
        flags: OpenFlags,
        wait: Wait,
    ) -> Result<Opened, Refusal> {
        let (folder, name) = split(path);
        if path.is_empty() {
            return Err(Errno::ISDIR.into());
        }
        if folder.is_empty() {
            return Err(self.refuse_loose(path));
        }
        let mut table = match wait {
            Wait::Allowed => self.fence.settled(&[path]),
            // Who holds it may be counting the label's files.
            Wait::Never => match self.fence.try_table() {
                Some(table) => table,
                None => return Ok(Opened::NeedsThread),
            },
        };
        if wait == Wait::Never && (table.is_committing(path) || !self.meter.is_counted()) {
            return Ok(Opened::NeedsThread);
        }
        self.ensure_counted(&table)?;
        table.check(path)?;
        let closed_in = self.incoming.look_up(folder)?;
        let stat = |folder: &Option<Folder>| match folder {
            Some(folder) => folder.stat(name),
            None => Ok(None),
        };
        let closed = stat(&closed_in)?;
        if closed.as_ref().is_some_and(is_folder) {
            return Err(Errno::ISDIR.into());
        }
        // Most files are new, and a folder that is being filled is remembered: then neither of the
        // other trees, which only we change, has to be looked at.
        let key = collision_key(name);
        let is_news = flags.create && closed_in.is_some() && table.is_news(folder, &key);
        // What lies in a mirror of a folder that is gone does not exist.
        let is_partial = !is_news
            && closed_in.is_some()
            && stat(&self.partial.look_up(folder)?)?.is_some_and(|stat| !is_folder(&stat));
        let is_there = is_partial || closed.is_some();
        let seen = if is_there || is_news {
            None
        } else {
            self.shadow.stat(path)?
        };
        if seen.as_ref().is_some_and(is_folder) {
            return Err(Errno::ISDIR.into());
        }
        let has_folder = || Ok::<_, Errno>(closed_in.is_some() || self.shadow.is_folder(folder)?);
        if !is_there && seen.is_none() && (!flags.create || !has_folder()?) {
            return Err(Refusal::no_such_file());
        }
        if (is_there || seen.is_some()) && flags.create && flags.exclusive {
            return Err(Errno::EXIST.into());
        }
        if seen.is_some() && !flags.truncate && (flags.append || !flags.create) {
            return Err(Refusal::not_resumable());
        }
        self.meter.admit_file(path, !is_there)?;
        self.meter.room().check(&self.incoming.file_system()?)?;
        if closed_in.is_none() {
            if wait == Wait::Never {
                return Ok(Opened::NeedsThread);
            }
            self.begin_correction(folder)?;
        }
        if is_there && !is_partial && !flags.truncate {
            if wait == Wait::Never {
                return Ok(Opened::NeedsThread);
            }
            return self.reopen(table, path, flags);
        }
        if is_news {
            table.remember(folder, key, name);
        } else if !is_there {
            self.check_collision(&mut table, folder, name, None)?;
        }
        if is_partial && !flags.truncate {
            return self.resume(&mut table, path, flags, wait);
        }
        let file = self.fresh(&mut table, path)?;
        let begun = (0, flags.append.then_some(0));
        Ok(Opened::Now(self.admit(&mut table, path, file, begun)))
    }

    /// Opens a partial file to be written on, unless the disk failed it.
    fn resume(
        &self,
        table: &mut Table,
        path: &str,
        flags: OpenFlags,
        wait: Wait,
    ) -> Result<Opened, Refusal> {
        let file = self.partial.file(path, true)?;
        if table.knows_failed() && table.has_failed(node_of(&file)) {
            return match wait {
                Wait::Never => Ok(Opened::NeedsThread),
                Wait::Allowed => Err(self.set_failed_aside(table, path, &file)),
            };
        }
        self.admit_longer(table, path, file, flags).map(Opened::Now)
    }

    /// A new, empty file in `partial`. An older one is another inode, so that whoever still has it
    /// open writes into nothing.
    fn fresh(&self, table: &mut Table, path: &str) -> Result<File, Refusal> {
        table.revoke(path);
        match self.partial.create(path) {
            Ok(file) => {
                self.is_new(table, &file);
                return Ok(file);
            }
            Err(Errno::NOENT) => self.partial.make_folders(split(path).0)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let older = self.partial.stat(path)?.filter(|stat| !is_folder(stat));
        match self.partial.unlink(path) {
            Ok(()) => {
                if let Some(older) = older {
                    self.meter.drop_file(size_of(&older));
                }
            }
            Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM) => self.partial.remove_hollow(path)?,
            Err(error) => return Err(error.into()),
        }
        let file = self.partial.create(path)?;
        self.is_new(table, &file);
        Ok(file)
    }

    fn is_new(&self, table: &mut Table, file: &File) {
        self.meter.add_file();
        // It may have got the inode of one that was removed.
        if table.knows_failed() {
            table.forget_failed(node_of(file));
        }
    }

    /// Enters a file that has something in it.
    fn admit_longer(
        &self,
        table: &mut Table,
        path: &str,
        file: File,
        flags: OpenFlags,
    ) -> Result<OpenUpload, Refusal> {
        // Whoever wrote it before loses it before its size is read.
        table.revoke(path);
        let size = file.metadata()?.len();
        Ok(self.admit(table, path, file, (size, flags.append.then_some(size))))
    }

    /// Moves a closed file back to `partial` and opens it. The move is durable before the first
    /// byte changes: else a power cut could leave half a file that counts as whole.
    fn reopen(
        &self,
        mut table: std::sync::MutexGuard<'_, Table>,
        path: &str,
        flags: OpenFlags,
    ) -> Result<Opened, Refusal> {
        let folder = split(path).0;
        self.partial.make_folders(folder)?;
        self.incoming
            .rename(path, &self.partial, path, Target::Absent)?;
        let opened = self
            .partial
            .file(path, true)
            .map_err(Refusal::from)
            .and_then(|file| self.admit_longer(&mut table, path, file, flags));
        let open = opened.inspect_err(|_| self.put_back(path))?;
        drop(table);
        let synced = self
            .sync_folder(&self.partial, folder)
            .and_then(|()| self.sync_folder(&self.incoming, folder));
        if let Err(error) = synced {
            let _table = self.fence.table();
            let is_untouched = open.upload().revoke_untouched();
            if is_untouched {
                self.put_back(path);
            }
            return Err(error.into());
        }
        Ok(Opened::Now(open))
    }

    /// A closed file that could not be opened to be written on is whole still.
    fn put_back(&self, path: &str) {
        let back = self
            .partial
            .rename(path, &self.incoming, path, Target::Absent);
        if let Err(error) = back {
            tracing::error!(label = %self.label, ?path, %error, "a closed file is taken for unfinished");
        }
    }

    /// The refusal of a file directly below `/incoming`, unless there is a folder of that name.
    fn refuse_loose(&self, path: &str) -> Refusal {
        match self.has_folder(path) {
            Ok(true) => Errno::ISDIR.into(),
            _ => Refusal::loose_file(),
        }
    }

    /// Refuses a new name that is another spelling of one in the same folder.
    pub(super) fn check_collision(
        &self,
        table: &mut Table,
        folder: &str,
        name: &str,
        but: Option<&str>,
    ) -> Result<(), Refusal> {
        table.check_collision(
            folder,
            name,
            but,
            || self.names(folder),
            |other| {
                let other = join(folder, other);
                let is_here = self.find_own(&other).is_ok_and(|stat| stat.is_some());
                // Another spelling of what was claimed corrects it and takes its place.
                if !is_here && let Err(refusal) = self.forget_claimed(&other) {
                    tracing::warn!(path = ?other, reason = %refusal.text, "a claimed name stays");
                }
                is_here
            },
        )
    }

    /// Sets the times of what is at a path.
    pub(super) fn set_times(&self, path: &str, times: (u32, u32)) -> Result<(), Refusal> {
        // Else another file could take the name between the looks, and get this one's hash.
        let _table = self.fence.table();
        let jail = if self.partial_file(path)?.is_some() {
            &self.partial
        } else if self.incoming.stat(path)?.is_some() {
            &self.incoming
        } else if self.shadow.stat(path)?.is_some() {
            &self.shadow
        } else {
            return Err(Refusal::no_such_file());
        };
        let before = jail.key(path);
        jail.set_times(path, times)?;
        if let (Some(before), Some(after)) = (before, jail.key(path)) {
            self.desk.arrivals().moved(&before, &after);
        }
        Ok(())
    }
}
