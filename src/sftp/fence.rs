//! Who writes what, for one label over all its sessions; and which folders are closed.
//!
//! One mutex guards both, and it is held while a name is made, moved or removed. So a folder can
//! be closed only while no file in it is open for writing, and nothing can be opened in it after:
//! there is no moment between. A file's sync is never waited for under the mutex; a walk through the
//! label's folders is, and the sync of folders that a correction needs. So threads that serve the
//! network do not wait for it: they [try](Fence::try_table), and else hand over.
//!
//! Invariants: a ticket is in the table from the moment its file is created or reopened until its
//! content is durable in `incoming`, or its upload is over. At most one ticket holds a path.

use super::path::{collision_key, is_within};
use super::refusal::Refusal;
use super::upload::Upload;
use crate::domain::upload::Busy;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

/// Names of a folder that is being filled, so that each new file need not read the whole folder.
type Names = HashMap<String, String>;

/// Most folders whose names are remembered at a time.
const MAX_REMEMBERED_FOLDERS: usize = 64;

/// One label's table.
#[derive(Debug, Default)]
pub(super) struct Fence {
    table: Mutex<Table>,
    settled: Condvar,
    /// Tickets that ended while somebody had the table; whoever has it next takes them out.
    ended: Mutex<Vec<u64>>,
}

/// What the mutex guards.
#[derive(Debug, Default)]
pub(super) struct Table {
    closed: BTreeSet<String>,
    writers: HashMap<u64, Writer>,
    names: HashMap<String, Names>,
    last_ticket: u64,
    /// Files that the disk failed, by device and inode, and that lie where they could be resumed.
    failed: HashSet<(u64, u64)>,
    /// Who waits for a commit to end.
    waiting: usize,
}

#[derive(Debug)]
struct Writer {
    path: String,
    /// CLOSE was asked and is not answered yet.
    committing: bool,
    upload: Weak<Upload>,
}

impl Fence {
    /// The table, for as long as the guard lives. Syscalls that change names belong under it.
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        self.without_ended(table)
    }

    /// The same, unless somebody else has it at the moment.
    pub(super) fn try_table(&self) -> Option<MutexGuard<'_, Table>> {
        match self.table.try_lock() {
            Ok(table) => Some(self.without_ended(table)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Some(self.without_ended(poisoned.into_inner()))
            }
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn without_ended<'a>(&self, mut table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        for ticket in ended {
            table.writers.remove(&ticket);
        }
        table
    }

    /// Waits until no commit is under way at, below or above any of `paths`. Blocks.
    pub(super) fn settled(&self, paths: &[&str]) -> MutexGuard<'_, Table> {
        let mut table = self.table();
        while paths.iter().any(|path| table.is_committing(path)) {
            table.waiting += 1;
            table = self
                .settled
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
            table.waiting -= 1;
        }
        table
    }

    /// Ends a ticket on whose commit nobody can be waiting. Does not block.
    pub(super) fn let_go(&self, ticket: u64) {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ticket);
        // Taken out at once, or by who has the table next.
        drop(self.try_table());
    }

    /// Ends a ticket, whatever became of it. Blocks.
    pub(super) fn release(&self, ticket: u64) {
        let mut table = self.table();
        table.writers.remove(&ticket);
        // Almost never does anybody wait, and to ring costs a call to the system.
        if table.waiting > 0 {
            self.settled.notify_all();
        }
    }

    /// Closes a folder, unless something in it is being written, or it is closed: whoever opened it
    /// first would open it for the other too.
    pub(super) fn close(&self, folder: &str) -> Result<(), Busy> {
        let mut table = self.table();
        let overlaps = |other: &String| is_within(other, folder) || is_within(folder, other);
        if table.closed.iter().any(overlaps) {
            return Err(Busy {
                writing: Vec::new(),
            });
        }
        let mut writing: Vec<String> = table
            .writers
            .values()
            .filter(|writer| is_within(&writer.path, folder))
            .map(|writer| {
                let below = writer.path.strip_prefix(folder).unwrap_or(&writer.path);
                below.trim_start_matches('/').to_owned()
            })
            .collect();
        if writing.is_empty() {
            table.closed.insert(folder.to_owned());
            table.names.clear();
            Ok(())
        } else {
            writing.sort();
            Err(Busy { writing })
        }
    }

    /// Opens a folder again.
    pub(super) fn open(&self, folder: &str) {
        let mut table = self.table();
        table.closed.remove(folder);
        // The folder was moved away by someone else; what was remembered of it is not so any more.
        table.names.clear();
    }
}

impl Table {
    /// Refuses a change of one name that lies in a closed folder.
    pub(super) fn check(&self, path: &str) -> Result<(), Refusal> {
        let closed = self.closed.iter().any(|folder| is_within(path, folder));
        if closed {
            Err(Refusal::received())
        } else {
            Ok(())
        }
    }

    /// Refuses a change that would also move or remove a closed folder below it.
    pub(super) fn check_tree(&self, path: &str) -> Result<(), Refusal> {
        let above = self.closed.iter().any(|folder| is_within(folder, path));
        if above {
            Err(Refusal::received())
        } else {
            self.check(path)
        }
    }

    /// Whether a CLOSE is under way at, below or above a path.
    pub(super) fn is_committing(&self, path: &str) -> bool {
        self.writers.values().any(|writer| {
            writer.committing && (is_within(&writer.path, path) || is_within(path, &writer.path))
        })
    }

    /// A number for a new upload.
    pub(super) fn next_ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// Enters a new upload to a path. Whoever held the path before has lost it: a client that comes
    /// back after a broken connection must not wait for the server to notice the old one's end.
    pub(super) fn enter(&mut self, ticket: u64, path: &str, upload: Weak<Upload>) {
        self.revoke(path);
        let writer = Writer {
            path: path.to_owned(),
            committing: false,
            upload,
        };
        self.writers.insert(ticket, writer);
    }

    /// Takes a path from whoever writes it; that upload's next WRITE or CLOSE fails.
    pub(super) fn revoke(&mut self, path: &str) {
        self.writers.retain(|_, writer| {
            let hit = writer.path == path && !writer.committing;
            if hit && let Some(upload) = writer.upload.upgrade() {
                upload.revoke();
            }
            !hit
        });
    }

    /// Marks a ticket as on its way into `incoming`. `None` when it was revoked.
    pub(super) fn begin_commit(&mut self, ticket: u64) -> Option<()> {
        self.writers.get_mut(&ticket)?.committing = true;
        Some(())
    }

    /// Where a ticket's file is now; folders may have been renamed since it was opened.
    pub(super) fn path_of(&self, ticket: u64) -> Option<String> {
        Some(self.writers.get(&ticket)?.path.clone())
    }

    /// The upload that holds a path.
    pub(super) fn writer_of(&self, path: &str) -> Option<Arc<Upload>> {
        self.writers
            .values()
            .find(|writer| writer.path == path)
            .and_then(|writer| writer.upload.upgrade())
    }

    /// All uploads, by their paths.
    pub(super) fn uploads(&self) -> HashMap<String, Arc<Upload>> {
        let uploads = self.writers.values();
        uploads
            .filter_map(|writer| Some((writer.path.clone(), writer.upload.upgrade()?)))
            .collect()
    }

    /// The disk failed a file that could not be moved away, or not yet: whoever writes it by now
    /// fails, and so does whoever would resume it.
    pub(super) fn note_failed(&mut self, node: (u64, u64)) {
        self.failed.insert(node);
        for writer in self.writers.values() {
            if let Some(upload) = writer.upload.upgrade()
                && upload.node() == Some(node)
            {
                upload.fail();
            }
        }
    }

    /// Whether the disk failed that file.
    pub(super) fn has_failed(&self, node: Option<(u64, u64)>) -> bool {
        node.is_some_and(|node| self.failed.contains(&node))
    }

    /// A file of that device and inode is new, or was moved away.
    pub(super) fn forget_failed(&mut self, node: Option<(u64, u64)>) {
        if let Some(node) = node {
            self.failed.remove(&node);
        }
    }

    /// Whether the disk failed any file that lies where it could be resumed.
    pub(super) fn knows_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// A name was moved: what is written below it follows.
    pub(super) fn moved(&mut self, from: &str, to: &str) {
        for writer in self.writers.values_mut() {
            if is_within(&writer.path, from) {
                let below = writer.path.get(from.len()..).unwrap_or_default();
                writer.path = format!("{to}{below}");
            }
        }
        self.names.clear();
    }

    /// Whether no name in a folder is like this one, of which `key` is the collision key, as far as
    /// is remembered without a look at the disk.
    pub(super) fn is_news(&self, folder: &str, key: &str) -> bool {
        self.names
            .get(folder)
            .is_some_and(|names| !names.contains_key(key))
    }

    /// Remembers a name that was found to be news.
    pub(super) fn remember(&mut self, folder: &str, key: String, name: &str) {
        if let Some(names) = self.names.get_mut(folder) {
            names.insert(key, name.to_owned());
        }
    }

    /// Refuses a new name that differs from one already there only in case or composition.
    /// `list` reads the folder when it is not remembered; `but` is a name that is about to go.
    pub(super) fn check_collision(
        &mut self,
        folder: &str,
        name: &str,
        but: Option<&str>,
        list: impl FnOnce() -> Result<Vec<String>, Refusal>,
        is_there: impl FnOnce(&str) -> bool,
    ) -> Result<(), Refusal> {
        if !self.names.contains_key(folder) {
            if self.names.len() >= MAX_REMEMBERED_FOLDERS {
                self.names.clear();
            }
            let listed = list()?.into_iter().map(|name| (collision_key(&name), name));
            self.names.insert(folder.to_owned(), listed.collect());
        }
        let key = collision_key(name);
        let other = self.names.get(folder).and_then(|names| names.get(&key));
        match other {
            Some(other) if other != name && Some(other.as_str()) != but => {
                if is_there(other) {
                    return Err(Refusal::failure(format!(
                        "\"{other}\" is already here, and \"{name}\" would be the same name on \
                         Windows or macOS. Remove or rename one of them."
                    )));
                }
                // Someone else took it away: read the folder again next time.
                self.names.remove(folder);
            }
            _ => {}
        }
        self.remember(folder, key, name);
        Ok(())
    }

    /// A folder went away.
    pub(super) fn forget_folder(&mut self, folder: &str) {
        self.names.remove(folder);
    }

    /// A name went away.
    pub(super) fn forget_name(&mut self, folder: &str, name: &str) {
        if let Some(names) = self.names.get_mut(folder) {
            names.remove(&collision_key(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(fence: &Fence, path: &str) -> u64 {
        let mut table = fence.table();
        let ticket = table.next_ticket();
        table.enter(ticket, path, Weak::new());
        ticket
    }

    #[test]
    fn a_folder_closes_only_when_nothing_in_it_is_written() {
        let fence = Fence::default();
        let ticket = writing(&fence, "A/resources/b.wav");
        writing(&fence, "AB/c.wav");
        let busy = fence.close("A").unwrap_err();
        assert_eq!(busy.writing, ["resources/b.wav"]);
        fence.release(ticket);
        assert_eq!(fence.close("A"), Ok(()));
        assert!(fence.table().check("A/new").is_err());
        assert!(fence.table().check("AB/new").is_ok());
        fence.open("A");
        assert!(fence.table().check("A/new").is_ok());
    }

    #[test]
    fn what_is_closed_is_closed_by_nobody_else() {
        let fence = Fence::default();
        assert_eq!(fence.close("batch/one"), Ok(()));
        for folder in ["batch/one", "batch", "batch/one/resources"] {
            assert!(fence.close(folder).is_err(), "{folder}");
        }
        assert_eq!(fence.close("batch/other"), Ok(()));
        assert!(fence.table().check("batch/one/a.wav").is_err());
        fence.open("batch/other");
        fence.open("batch/one");
        assert_eq!(fence.close("batch"), Ok(()));
    }

    #[test]
    fn a_closed_release_holds_its_batch() {
        let fence = Fence::default();
        assert_eq!(fence.close("batch/release"), Ok(()));
        let table = fence.table();
        assert!(table.check("batch/BatchComplete_1.xml").is_ok());
        assert!(table.check_tree("batch").is_err());
        assert!(table.check_tree("batch/release").is_err());
        assert!(table.check_tree("batch/other").is_ok());
    }

    #[test]
    fn a_commit_under_way_keeps_the_folder_busy() {
        let fence = Fence::default();
        let ticket = writing(&fence, "A/b.wav");
        assert_eq!(fence.table().begin_commit(ticket), Some(()));
        assert!(fence.table().is_committing("A"));
        assert!(fence.table().is_committing("A/b.wav"));
        assert!(!fence.table().is_committing("A/c.wav"));
        assert!(fence.close("A").is_err());
        fence.release(ticket);
        assert_eq!(fence.close("A"), Ok(()));
    }

    #[test]
    fn the_newest_writer_of_a_path_holds_it() {
        let fence = Fence::default();
        let old = writing(&fence, "A/b.wav");
        let new = writing(&fence, "A/b.wav");
        assert_eq!(fence.table().begin_commit(old), None);
        assert_eq!(fence.table().begin_commit(new), Some(()));
    }

    #[test]
    fn writers_follow_their_folder() {
        let fence = Fence::default();
        let ticket = writing(&fence, "A/b.wav");
        fence.table().moved("A", "B/C");
        assert_eq!(fence.table().path_of(ticket).as_deref(), Some("B/C/b.wav"));
    }
}
