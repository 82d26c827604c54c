//! The requests that name a path: which of the label's folders it means, and what may be done
//! there. `/incoming` is the label's; `/reports` and `/` are read; nothing else exists.

use super::codec::{
    Attributes, Entry, OpenFlags, Status, reply_attributes, reply_entries, reply_handle,
    reply_numbers, reply_path, reply_status,
};
use super::handles::{Listing, Open, Writing};
use super::jail::{entry, join};
use super::path::{Place, VirtualPath};
use super::presence::Presence;
use super::refusal::Refusal;
use super::session::{Answer, Job, Session};
use super::tree::{Opened, Tree, Wait};
use super::upload::OpenUpload;
use crate::domain::audit::Event;
use rustix::io::Errno;
use std::sync::Arc;

/// Most entries of one READDIR answer.
const MAX_ENTRIES: usize = 100;
/// Most bytes of one READDIR answer, roughly; some clients stumble over more than 32 KiB.
const MAX_ENTRY_BYTES: usize = 30_000;
/// What an entry takes beside its name twice.
const ENTRY_BYTES: usize = 120;
/// From so many bytes that the names of a session's open folders take on, no further one is opened:
/// with all its handles on a large folder a label could take gigabytes.
const MAX_LISTED_BYTES: usize = 8 << 20;
/// What a name takes in memory beside its bytes.
const NAME_BYTES: usize = 40;

/// A path below `/incoming` that may be changed, or the refusal.
fn changeable(path: &VirtualPath) -> Result<&str, Refusal> {
    match path.place() {
        Place::Incoming(relative) => Ok(relative),
        Place::Root | Place::Reports(_) | Place::Acknowledgements(_) => Err(Refusal::read_only()),
        Place::Elsewhere => Err(elsewhere(path)),
    }
}

/// Something new beside `/incoming` is refused with words; deeper there is no folder to put it in.
fn elsewhere(path: &VirtualPath) -> Refusal {
    let directly_below_root = path.as_str().matches('/').count() == 1;
    if directly_below_root {
        Refusal::read_only()
    } else {
        Refusal::no_such_file()
    }
}

impl Session {
    /// What is at a canonical virtual path.
    pub(super) fn entry(&self, path: &str) -> Result<Entry, Refusal> {
        let path = VirtualPath::parse(path.as_bytes())?;
        let stat_of = |jail: &super::jail::Jail, relative: &str| {
            jail.stat(relative)?.ok_or_else(Refusal::no_such_file)
        };
        match path.place() {
            Place::Root => Ok(entry(&stat_of(self.tree.incoming(), "")?, false)),
            Place::Incoming(relative) => self.tree.stat(relative),
            Place::Reports(relative) => Ok(entry(&stat_of(self.tree.reports(), relative)?, false)),
            Place::Acknowledgements(relative) => Ok(entry(
                &stat_of(self.tree.acknowledgements(), relative)?,
                false,
            )),
            Place::Elsewhere => Err(Refusal::no_such_file()),
        }
    }

    pub(super) fn stat(&self, id: u32, path: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        let entry = self.entry(VirtualPath::parse(path)?.as_str())?;
        reply_attributes(out, id, entry);
        Ok(())
    }

    pub(super) fn real_path(id: u32, path: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        reply_path(out, id, VirtualPath::parse(path)?.as_str());
        Ok(())
    }

    pub(super) fn expand_path(id: u32, path: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        reply_path(out, id, VirtualPath::parse_expanded(path)?.as_str());
        Ok(())
    }

    /// The label's space; `df` and `rclone about` ask. Counting it may take a while.
    pub(super) fn file_system(
        &self,
        id: u32,
        path: &[u8],
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        self.entry(VirtualPath::parse(path)?.as_str())?;
        let tree = Arc::clone(&self.tree);
        let dialect = self.dialect;
        answer.jobs.push(Job {
            pauses: true,
            run: Box::new(move |out| match tree.space_view() {
                Ok(numbers) => reply_numbers(out, id, &numbers),
                Err(refusal) => dialect.refuse(out, id, &refusal),
            }),
        });
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        id: u32,
        path: &[u8],
        flags: OpenFlags,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        // A file that is opened for writing is not what it was before; so this comes first.
        self.handles.admit()?;
        if !flags.write {
            let file = match path.place() {
                Place::Root => return Err(Errno::ISDIR.into()),
                Place::Incoming(relative) => self.tree.open_to_read(relative)?,
                Place::Reports(relative) => self.tree.reports().file(relative, false)?,
                Place::Acknowledgements(relative) => {
                    self.tree.acknowledgements().file(relative, false)?
                }
                Place::Elsewhere => return Err(Refusal::no_such_file()),
            };
            let size_bytes = file.metadata()?.len();
            let handle = self.handles.insert(Open::Reading(file))?;
            self.presence.witness().tell(Event::Download {
                path: path.as_str().to_owned(),
                size_bytes,
            });
            reply_handle(answer.out, id, &handle);
            return Ok(());
        }
        let relative = changeable(&path)?;
        if self.is_draining() {
            return Err(Refusal::failure(
                "The server is being restarted. Please try again in a minute.",
            ));
        }
        match self.tree.open_to_write(relative, flags, Wait::Never)? {
            Opened::Now(open) => self.opened(id, relative, flags, open, answer.out),
            Opened::NeedsThread => {
                self.open_later(id, relative, flags, answer);
                Ok(())
            }
        }
    }

    fn opened(
        &mut self,
        id: u32,
        relative: &str,
        flags: OpenFlags,
        open: OpenUpload,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let handle = self.handles.insert(Open::Upload(Writing {
            open,
            path: relative.to_owned(),
            readable: flags.read,
        }))?;
        reply_handle(out, id, &handle);
        let (presence, path) = (Arc::clone(&self.presence), relative.to_owned());
        self.afterwards.put_off(move || {
            presence.touched(&path);
            presence.witness().tell(Event::Open { path });
        });
        Ok(())
    }

    /// An OPEN that has to wait for a disk. Its handle is entered only after the wait, by
    /// [`Session::adopt`]; the channel pauses so long.
    fn open_later(&mut self, id: u32, relative: &str, flags: OpenFlags, answer: &mut Answer<'_>) {
        let tree = Arc::clone(&self.tree);
        let waiting = Arc::clone(&self.waiting);
        let path = relative.to_owned();
        let run = move |_: &mut Vec<u8>| {
            let outcome = tree.open_to_write(&path, flags, Wait::Allowed);
            *waiting
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(LateOpen {
                id,
                path,
                flags,
                outcome,
            });
        };
        answer.jobs.push(Job {
            pauses: true,
            run: Box::new(run),
        });
    }

    /// Enters what a late OPEN found; called after every job that paused the channel.
    pub(super) fn adopt(&mut self, out: &mut Vec<u8>) {
        let late = self
            .waiting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(late) = late else { return };
        let outcome = match late.outcome {
            Ok(Opened::Now(open)) => self.opened(late.id, &late.path, late.flags, open, out),
            // Where waiting is allowed it never says so.
            Ok(Opened::NeedsThread) => Err(Refusal::failure("Please try again.")),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = outcome {
            self.presence.refused(&late.path, &refusal);
            self.dialect.refuse(out, late.id, &refusal);
        }
    }

    pub(super) fn set_on_path(
        &mut self,
        id: u32,
        path: &[u8],
        attributes: Attributes,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        let there = self.entry(path.as_str())?;
        let Attributes { size, times, .. } = attributes;
        // A mode or owner is ignored everywhere.
        if path.place() == Place::Incoming("") || (size.is_none() && times.is_none()) {
            reply_status(answer.out, id, Status::Ok, "OK");
            return Ok(());
        }
        let relative = match path.place() {
            Place::Incoming(relative) => relative.to_owned(),
            Place::Root | Place::Reports(_) | Place::Acknowledgements(_) | Place::Elsewhere => {
                return Err(Refusal::read_only());
            }
        };
        let held = self.handles.tickets();
        self.change(id, &path, answer, move |tree, _| {
            if let Some(size) = size {
                resize(tree, &relative, size, (there, &held))?;
            }
            times.map_or(Ok(()), |times| tree.set_times(&relative, times))
        });
        Ok(())
    }

    pub(super) fn open_folder(
        &mut self,
        id: u32,
        path: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        if !self.entry(path.as_str())?.folder {
            return Err(Refusal::failure("This is a file, not a folder."));
        }
        if self.handles.listed_bytes() >= MAX_LISTED_BYTES {
            return Err(Refusal::failure(
                "Too many large folders are open in this connection. Close some of them, or let \
                 your program list fewer at a time.",
            ));
        }
        let mut names = vec![".".to_owned(), "..".to_owned()];
        match path.place() {
            Place::Root => {
                names.extend(["incoming", "reports", "acknowledgements"].map(str::to_owned));
            }
            Place::Incoming(relative) => names.extend(self.tree.names(relative)?),
            Place::Reports(relative) => {
                let mut listed = self.tree.reports().names(relative)?;
                listed.sort();
                names.extend(listed);
            }
            Place::Acknowledgements(relative) => {
                let mut listed = self.tree.acknowledgements().names(relative)?;
                listed.sort();
                names.extend(listed);
            }
            Place::Elsewhere => return Err(Refusal::no_such_file()),
        }
        let bytes = names.iter().map(|name| name.len() + NAME_BYTES).sum();
        let handle = self.handles.insert(Open::Listing(Listing {
            folder: path.as_str().to_owned(),
            names: names.into_iter(),
            bytes,
        }))?;
        reply_handle(out, id, &handle);
        Ok(())
    }

    pub(super) fn read_folder(
        &mut self,
        id: u32,
        handle: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let Open::Listing(listing) = self.handles.get(handle)? else {
            return Err(Refusal::failure("This is a file, not a folder."));
        };
        // Taken out while its names are looked at, and put back below.
        let folder = listing.folder.clone();
        let mut names = std::mem::take(&mut listing.names);
        let mut entries = Vec::new();
        let mut bytes = 0;
        while entries.len() < MAX_ENTRIES && bytes < MAX_ENTRY_BYTES {
            let Some(name) = names.next() else { break };
            let looked_at = match name.as_str() {
                "." => self.entry(&folder),
                name => self.entry(&join(&folder, name)),
            };
            // What vanished meanwhile, or may not be seen, is left out.
            if let Ok(entry) = looked_at {
                bytes += 2 * name.len() + ENTRY_BYTES;
                entries.push((name, entry));
            }
        }
        if let Ok(Open::Listing(listing)) = self.handles.get(handle) {
            listing.names = names;
        }
        if entries.is_empty() {
            reply_status(out, id, Status::Eof, "End of folder");
        } else {
            reply_entries(out, id, &entries);
        }
        Ok(())
    }

    pub(super) fn make_folder(
        &self,
        id: u32,
        path: &[u8],
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        let relative = match path.place() {
            Place::Root
            | Place::Incoming("")
            | Place::Reports("")
            | Place::Acknowledgements("") => {
                return Err(Errno::EXIST.into());
            }
            Place::Incoming(_)
            | Place::Reports(_)
            | Place::Acknowledgements(_)
            | Place::Elsewhere => changeable(&path)?.to_owned(),
        };
        self.change(id, &path, answer, move |tree, presence| {
            tree.make_folder(&relative)?;
            presence.touched(&relative);
            presence.witness().tell(Event::Mkdir { path: relative });
            Ok(())
        });
        Ok(())
    }

    pub(super) fn remove_folder(
        &self,
        id: u32,
        path: &[u8],
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        let relative = changeable(&path)?.to_owned();
        self.change(id, &path, answer, move |tree, presence| {
            tree.remove_folder(&relative)?;
            presence.removed(&relative);
            presence.witness().tell(Event::Rmdir { path: relative });
            Ok(())
        });
        Ok(())
    }

    pub(super) fn remove_file(
        &self,
        id: u32,
        path: &[u8],
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let path = VirtualPath::parse(path)?;
        let relative = changeable(&path)?.to_owned();
        self.change(id, &path, answer, move |tree, presence| {
            tree.remove_file(&relative)?;
            presence.touched(&relative);
            presence.witness().tell(Event::Remove { path: relative });
            Ok(())
        });
        Ok(())
    }

    pub(super) fn rename(
        &self,
        id: u32,
        from: &[u8],
        to: &[u8],
        replace: bool,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let (path, target) = (VirtualPath::parse(from)?, VirtualPath::parse(to)?);
        let from = changeable(&path)?.to_owned();
        let to = changeable(&target)?.to_owned();
        self.change(id, &path, answer, move |tree, presence| {
            tree.rename(&from, &to, replace)?;
            presence.renamed(&from, &to);
            presence.witness().tell(Event::Rename { from, to });
            Ok(())
        });
        Ok(())
    }

    /// A change of names: on a thread, and before anything else of this channel.
    fn change(
        &self,
        id: u32,
        path: &VirtualPath,
        answer: &mut Answer<'_>,
        make: impl FnOnce(&Tree, &Presence) -> Result<(), Refusal> + Send + 'static,
    ) {
        let path = path.as_str().to_owned();
        let tree = Arc::clone(&self.tree);
        let presence = Arc::clone(&self.presence);
        let dialect = self.dialect;
        let afterwards = Arc::clone(&self.afterwards);
        answer.jobs.push(Job {
            pauses: true,
            run: Box::new(move |out| {
                // What is told of it comes after what was done before it.
                afterwards.catch_up();
                let outcome = make(&tree, &presence);
                if let Err(refusal) = &outcome {
                    presence.refused(&path, refusal);
                }
                dialect.conclude(out, id, outcome);
            }),
        });
    }
}

/// A size is set only on an upload that is open in this channel, which holds those tickets.
fn resize(
    tree: &Tree,
    relative: &str,
    size: u64,
    (there, held): (Entry, &[u64]),
) -> Result<(), Refusal> {
    let writer = {
        let table = tree.fence().table();
        table.check(relative)?;
        table.writer_of(relative)
    };
    match writer.filter(|upload| held.contains(&upload.ticket())) {
        Some(upload) => upload.resize(size),
        None if !there.folder && there.size == size => Ok(()),
        None => Err(Refusal::denied(
            "The size of a file that is not being uploaded cannot be changed. Upload the file \
             again.",
        )),
    }
}

/// An OPEN that had to wait for a disk, and what came of it.
#[derive(Debug)]
pub(super) struct LateOpen {
    id: u32,
    path: String,
    flags: OpenFlags,
    outcome: Result<Opened, Refusal>,
}
