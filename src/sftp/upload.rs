//! One file on its way in: written in `partial`, and moved into `incoming` when it is durable.
//!
//! That a file lies in `incoming` is the record that its CLOSE could be answered OK, so the order
//! of [`Tree::commit`] is the promise itself: fsync of the file, rename, fsync of the folder where its
//! name is new. To move a name is one change to every file system with a journal: when the folder
//! that it came to is on the disk, so is the one that it left.
//! A file whose fsync failed is set aside for a person; what the kernel says about it after that
//! cannot be believed. Where that is not possible at once it is remembered (until the next start),
//! so that nobody resumes it.

use super::arriving::{Hash, Running};
use super::fence::{Fence, Table};
use super::jail::{Jail, Target, is_folder, size_of, timestamps};
use super::meter::Meter;
use super::path::split;
use super::refusal::Refusal;
use super::tree::Tree;
use super::witness::Witness;
use crate::domain::audit::Event;
use crate::domain::content::FileKey;
use crate::domain::ids::LabelId;
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// After so many bytes the disk is asked to begin writing, so that the fsync of a big file's CLOSE
/// is short. Clients give up on a CLOSE after 15 to 20 seconds.
const FLUSH_EVERY_BYTES: u64 = 32 << 20;

/// Tries to find a free name among the damaged files.
const MAX_NAME_TRIES: u32 = 1_000;

/// An open file that is being written. Writes are positional and in place.
#[derive(Debug)]
pub(super) struct Upload {
    ticket: u64,
    file: File,
    meter: Arc<Meter>,
    /// Bytes that the meter counts for it; changes under the meter's lock only.
    accounted: AtomicU64,
    /// Held while the disk writes and until its answer is noted: the kernel tells of a fault once,
    /// and it must not be lost on the way between two who ask.
    syncing: Mutex<()>,
    /// CLOSE was asked, and others may wait for its end.
    committing: AtomicBool,
    state: Mutex<Writing>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "things that may each be so, in any combination"
)]
struct Writing {
    /// Where the next write goes when the file was opened for appending.
    append_at: Option<u64>,
    /// How often it was changed, to be opened included.
    changes: u64,
    /// So many of the changes are on the disk.
    synced: u64,
    /// Bytes since the disk was last asked to write.
    unflushed: u64,
    /// A flush is under way.
    flushing: bool,
    /// Someone else took the path: a newer session, or a REMOVE.
    revoked: bool,
    /// A write failed; what is in the file is not what the client sent.
    broken: bool,
    /// The disk failed; see the module's words.
    damaged: bool,
    /// It was moved to where a person finds it.
    aside: bool,
    /// It did not fit into the label's space; with which words.
    full: Option<String>,
    /// Its hashes so far.
    hash: Running,
}

impl Upload {
    /// The number in the fence's table.
    pub(super) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// The file, for reading and for its attributes.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Device and inode.
    pub(super) fn node(&self) -> Option<(u64, u64)> {
        node_of(&self.file)
    }

    /// The disk failed what it holds, as somebody else found out.
    pub(super) fn fail(&self) {
        self.state().damaged = true;
    }

    fn is_damaged(&self) -> bool {
        self.state().damaged
    }

    /// Bytes that count as the label's.
    pub(super) fn accounted(&self) -> u64 {
        self.accounted.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, Writing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every write and the CLOSE fail. Returns after a write under way is done.
    pub(super) fn revoke(&self) {
        self.state().revoked = true;
    }

    /// Whether someone else took the path.
    pub(super) fn is_revoked(&self) -> bool {
        self.state().revoked
    }

    /// Takes the path away, if nobody else did and nothing was written.
    pub(super) fn revoke_untouched(&self) -> bool {
        let mut state = self.state();
        let is_untouched = !state.revoked && state.changes == 1;
        state.revoked = true;
        is_untouched
    }

    /// Writes, at the end if the file was opened for appending. True when a flush is due; the
    /// caller then calls [`Upload::flush`] where blocking is allowed.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Result<bool, Refusal> {
        let mut state = self.writable()?;
        state.changes += 1;
        let at = state.append_at.unwrap_or(offset);
        let count = bytes.len() as u64;
        self.reserve(&mut state, at.saturating_add(count))?;
        if let Err(error) = self.file.write_all_at(bytes, at) {
            state.broken = true;
            state.hash.lose();
            if let Ok(metadata) = self.file.metadata() {
                self.meter.set(&self.accounted, metadata.len());
            }
            return Err(error.into());
        }
        state.hash.wrote(at, bytes, &self.file);
        state.append_at = state.append_at.map(|at| at + count);
        state.unflushed += count;
        let due = state.unflushed >= FLUSH_EVERY_BYTES && !state.flushing;
        if due {
            // Looked at now and then: one upload alone can fill a disk.
            let figures = rustix::fs::fstatvfs(&self.file)?;
            if let Err(refusal) = self.meter.room().check(&figures) {
                state.full = Some(refusal.text.to_string());
                return Err(refusal);
            }
            state.unflushed = 0;
            state.flushing = true;
        }
        Ok(due)
    }

    /// Takes room for a file of that size. Where there is none nothing more is written: what a
    /// client has sent ahead would leave a hole.
    fn reserve(&self, state: &mut Writing, size: u64) -> Result<(), Refusal> {
        self.meter
            .grow(&self.accounted, size)
            .inspect_err(|refusal| state.full = Some(refusal.text.to_string()))
    }

    /// Sets the size.
    pub(super) fn resize(&self, size: u64) -> Result<(), Refusal> {
        let mut state = self.writable()?;
        state.changes += 1;
        if self.file.metadata()?.len() != size {
            self.reserve(&mut state, size)?;
            state.hash.resized(size);
            let outcome = self.file.set_len(size);
            self.meter.set(&self.accounted, self.file.metadata()?.len());
            outcome?;
        }
        state.append_at = state.append_at.map(|at| at.min(size));
        Ok(())
    }

    /// Sets the times, seconds since 1970.
    pub(super) fn set_times(&self, times: (u32, u32)) -> Result<(), Refusal> {
        self.state().changes += 1;
        Ok(rustix::fs::futimens(&self.file, &timestamps(times))?)
    }

    /// Has the disk write what it has so far. Blocks. A failure shows at the CLOSE too.
    fn flush(&self, sync: SyncFile) -> Result<(), Refusal> {
        let mut state = self.write_out(sync);
        state.flushing = false;
        if state.damaged {
            Err(damaged())
        } else {
            Ok(())
        }
    }

    /// Has the disk write everything, unless it has. Blocks.
    fn sync(&self, sync: SyncFile) -> Result<(), Refusal> {
        // A yes would be about a file that is somebody else's by now, or not what was sent.
        let state = self.writable()?;
        let state = if state.synced == state.changes {
            state
        } else {
            drop(state);
            self.write_out(sync)
        };
        if state.damaged {
            Err(damaged())
        } else {
            Ok(())
        }
    }

    fn write_out(&self, sync: SyncFile) -> MutexGuard<'_, Writing> {
        // Whatever comes meanwhile may be too late for it.
        let _turn = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let upto = self.state().changes;
        let outcome = sync(&self.file);
        let mut state = self.state();
        match outcome {
            Ok(()) => state.synced = state.synced.max(upto),
            Err(_) => state.damaged = true,
        }
        state
    }

    fn writable(&self) -> Result<MutexGuard<'_, Writing>, Refusal> {
        let state = self.state();
        if state.revoked {
            return Err(taken_over());
        }
        if state.damaged {
            return Err(damaged());
        }
        // What was sent after the piece that could not be written would leave a hole before it.
        if state.broken {
            return Err(broken());
        }
        if let Some(words) = &state.full {
            return Err(Refusal::failure(words.clone()));
        }
        Ok(state)
    }
}

fn taken_over() -> Refusal {
    Refusal::failure(
        "This upload was ended: the file was opened for writing or removed by another session.",
    )
}

/// The refusal of a file that the disk failed.
pub(super) fn damaged() -> Refusal {
    Refusal::failure(
        "The server could not store this file safely. Nothing is wrong with your upload; please \
         upload this file again.",
    )
}

fn broken() -> Refusal {
    Refusal::failure("A part of this file could not be written. Please upload it again.")
}

/// How a file is made durable; tests put in one that fails.
pub(super) type SyncFile = fn(&File) -> rustix::io::Result<()>;

/// The real one.
pub(super) fn sync_to_disk(file: &File) -> rustix::io::Result<()> {
    rustix::fs::fsync(file)
}

/// A session's hold on an upload. When it goes without a commit the file stays partial.
#[derive(Debug)]
pub(super) struct OpenUpload {
    upload: Arc<Upload>,
    fence: Arc<Fence>,
}

impl OpenUpload {
    /// The upload itself.
    pub(super) fn upload(&self) -> &Arc<Upload> {
        &self.upload
    }
}

impl Drop for OpenUpload {
    fn drop(&mut self) {
        if self.upload.committing.load(Ordering::Relaxed) {
            self.fence.release(self.upload.ticket);
        } else {
            self.fence.let_go(self.upload.ticket);
        }
    }
}

fn begin_commit(table: &mut Table, open: &OpenUpload) -> Result<(), Refusal> {
    let state = open.upload.state();
    if state.revoked {
        return Err(taken_over());
    }
    if state.broken {
        return Err(broken());
    }
    if let Some(words) = &state.full {
        return Err(Refusal::failure(words.clone()));
    }
    drop(state);
    table
        .begin_commit(open.upload.ticket)
        .ok_or_else(taken_over)?;
    open.upload.committing.store(true, Ordering::Relaxed);
    Ok(())
}

/// Device and inode of an open file.
pub(super) fn node_of(file: &File) -> Option<(u64, u64)> {
    let metadata = file.metadata().ok()?;
    Some(FileKey::of(&metadata).node())
}

/// What a commit made durable.
#[derive(Debug)]
pub(super) struct Committed {
    /// Path below `/incoming`.
    pub(super) path: String,
    /// Which content it is.
    pub(super) key: FileKey,
    upload: Arc<Upload>,
}

impl Committed {
    /// Has it told, with its hashes as soon as they are known. Blocks for as long as it takes to
    /// hash a small file; nobody should wait for it.
    pub(super) fn tell(&self, label: &LabelId, witness: &Witness) {
        let hash = self
            .upload
            .state()
            .hash
            .settle(label, &self.path, &self.upload.file, &self.key);
        let (sha256, md5) = match &hash {
            Hash::Known(content) => (Some(content.sha256.clone()), content.md5.clone()),
            Hash::Late(_) | Hash::Unknown => (None, None),
        };
        witness.tell(Event::Close {
            path: self.path.clone(),
            size_bytes: self.key.size,
            sha256,
            md5,
        });
        if let Hash::Late(follow) = &hash {
            follow.tell_later(witness, &self.path);
        }
    }
}

impl Tree {
    /// Enters a file that was opened under the table's guard, with so many bytes in it, and where the
    /// next write goes if it was opened for appending. Nobody else writes it any more.
    pub(super) fn admit(
        &self,
        table: &mut Table,
        path: &str,
        file: File,
        (size, append_at): (u64, Option<u64>),
    ) -> OpenUpload {
        let ticket = table.next_ticket();
        let upload = Arc::new(Upload {
            ticket,
            file,
            meter: Arc::clone(self.meter()),
            accounted: AtomicU64::new(size),
            syncing: Mutex::default(),
            committing: AtomicBool::new(false),
            state: Mutex::new(Writing {
                append_at,
                changes: 1,
                synced: 0,
                unflushed: 0,
                flushing: false,
                revoked: false,
                broken: false,
                damaged: false,
                aside: false,
                full: None,
                hash: Running::new(Arc::clone(self.desk()), size),
            }),
        });
        table.enter(ticket, path, Arc::downgrade(&upload));
        OpenUpload {
            upload,
            fence: Arc::clone(self.fence()),
        }
    }

    /// CLOSE was asked: from now on others wait for it. Blocks.
    pub(super) fn begin_commit(&self, open: &OpenUpload) -> Result<(), Refusal> {
        begin_commit(&mut self.fence().table(), open)
    }

    /// The same; `None` when that has to wait. Does not block.
    pub(super) fn try_begin_commit(&self, open: &OpenUpload) -> Option<Result<(), Refusal>> {
        let mut table = self.fence().try_table()?;
        Some(begin_commit(&mut table, open))
    }

    /// FSYNC. One that the disk failed is set aside at once: the next fsync would succeed, and what
    /// was resumed would be taken for whole. Blocks.
    pub(super) fn sync_upload(&self, upload: &Upload) -> Result<(), Refusal> {
        let outcome = upload.sync(self.sync_file());
        if upload.is_damaged() {
            self.set_aside(self.partial(), upload);
        }
        outcome
    }

    /// Has the disk write what it has of a file so far. Blocks.
    pub(super) fn flush_upload(&self, upload: &Upload) {
        if upload.flush(self.sync_file()).is_err() {
            self.set_aside(self.partial(), upload);
        }
    }

    /// Makes the file durable and moves it into `incoming`. Blocks. After an error the file is
    /// still partial, or among the damaged ones.
    pub(super) fn commit(&self, open: OpenUpload) -> Result<Committed, Refusal> {
        let upload = &open.upload;
        // A large file's last bytes are hashed while the disk writes.
        upload.state().hash.end();
        let begun = Instant::now();
        let synced = self.sync_upload(upload);
        self.counters().fsync.observe(begun.elapsed());
        synced?;
        let path = {
            let table = self.fence().table();
            let path = table.path_of(upload.ticket).ok_or_else(taken_over)?;
            self.put_in_place(&path)?;
            path
        };
        let (folder, _) = split(&path);
        if self.sync_folder(self.incoming(), folder).is_err() {
            self.set_aside(self.incoming(), upload);
            return Err(damaged());
        }
        // The rename moved its change time on; from now on it stays.
        let key = FileKey::of(&upload.file.metadata()?);
        let upload = Arc::clone(upload);
        // Only now may the folder be closed, or someone else open the file.
        drop(open);
        Ok(Committed { path, key, upload })
    }

    /// Moves a file from `partial` into `incoming`, under the table's guard.
    fn put_in_place(&self, path: &str) -> Result<(), Refusal> {
        let (folder, name) = split(path);
        let (Some(from), Some(to)) = (
            self.partial().look_up(folder)?,
            self.incoming().look_up(folder)?,
        ) else {
            return Err(Errno::NOENT.into());
        };
        match from.rename(name, &to, Target::Absent) {
            Err(Errno::EXIST) => {}
            outcome => return Ok(outcome?),
        }
        let replaced = to.stat(name)?.filter(|stat| !is_folder(stat));
        from.rename(name, &to, Target::Replaced)?;
        if let Some(stat) = replaced {
            self.meter().drop_file(size_of(&stat));
        }
        Ok(())
    }

    /// Moves a file that cannot be trusted to where a person finds it. Never deletes it. One whose
    /// path is not known any more, because its upload is over, is moved when it is to be resumed.
    fn set_aside(&self, from: &Jail, upload: &Upload) {
        let (path, node) = {
            let mut table = self.fence().table();
            if std::mem::replace(&mut upload.state().aside, true) {
                return;
            }
            let node = upload.node();
            if let Some(node) = node {
                table.note_failed(node);
            }
            (table.path_of(upload.ticket), node)
        };
        let outcome = path
            .as_ref()
            .ok_or(Errno::NOENT)
            .and_then(|path| self.move_to_damaged(from, path, upload.ticket));
        if outcome.is_ok() {
            self.meter().drop_file(upload.accounted());
            self.fence().table().forget_failed(node);
        }
        self.log_failed(path.as_deref(), &outcome);
    }

    /// Sets a partial file aside that the disk failed in an earlier upload. Blocks.
    pub(super) fn set_failed_aside(&self, table: &mut Table, path: &str, file: &File) -> Refusal {
        let ticket = table.next_ticket();
        let outcome = self.move_to_damaged(self.partial(), path, ticket);
        if outcome.is_ok() {
            self.meter()
                .drop_file(file.metadata().map_or(0, |meta| meta.len()));
            table.forget_failed(node_of(file));
        }
        self.log_failed(Some(path), &outcome);
        damaged()
    }

    fn log_failed(&self, path: Option<&str>, moved: &Result<String, Errno>) {
        tracing::error!(
            label = %self.label(),
            ?path,
            ?moved,
            "the disk failed to store a file; where it could not be set aside nobody can resume it"
        );
    }

    fn move_to_damaged(&self, from: &Jail, path: &str, ticket: u64) -> Result<String, Errno> {
        let damaged = Jail::open(self.damaged())?;
        let (folder, name) = split(path);
        let short: String = name.chars().take(40).collect();
        for number in 0..MAX_NAME_TRIES {
            let aside = format!("{}_{ticket}_{number}_{short}", self.label());
            match from.rename(path, &damaged, &aside, Target::Absent) {
                Err(Errno::EXIST) => {}
                Ok(()) => {
                    self.sync_folder(&damaged, "")?;
                    self.sync_folder(from, folder)?;
                    return Ok(aside);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Errno::EXIST)
    }
}
