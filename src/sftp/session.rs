//! One SFTP channel: bytes in, replies and jobs out. Knows no network and no threads.
//!
//! Requests are answered in order where they are read. What has to wait for a disk becomes a
//! [`Job`], which the caller runs where blocking is allowed and whose reply it sends. A job that
//! pauses the channel (a change of names) is done before the next request is looked at, so that
//! requests sent in one go mean what they would mean one by one; the commit of a CLOSE does not
//! pause, and others wait for it only at the same path.
//!
//! Invariants: nothing is answered before INIT. After [`Flow::Broken`] nothing may be fed any more.

use super::afterwards::Afterwards;
use super::bounds::Seat;
use super::codec::{
    self, Entry, MAX_DATA_BYTES, Request, Status, kind, reply_attributes, reply_data, reply_status,
    reply_version,
};
use super::framing::{FrameFault, Framer, Piece};
use super::handles::{Handles, Open, Writing};
use super::jail::entry;
use super::operations::LateOpen;
use super::path::VirtualPath;
use super::presence::Presence;
use super::refusal::{Dialect, Refusal};
use super::tree::Tree;
use super::upload::Upload;
use crate::domain::audit::Event;
use crate::domain::ids::LabelId;
use crate::meter::DoorMeter;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// For so long requests other than WRITE are answered in one go; then other connections have their
/// turn. To list a folder of thousands takes longer than many other requests.
const TURN: Duration = Duration::from_millis(5);

/// Handles of a session that was told no other number.
const DEFAULT_HANDLES: usize = 64;

/// What a job does: it may block, and appends its reply.
pub(super) type Work = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// Something that waits for a disk.
pub(super) struct Job {
    /// Whether the channel's next request waits for it.
    pub(super) pauses: bool,
    /// Does it.
    pub(super) run: Work,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("pauses", &self.pauses)
            .finish_non_exhaustive()
    }
}

/// How far the input was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// All of it.
    Drained,
    /// Up to a request whose job has to be done first.
    Paused,
    /// Until there were enough replies, jobs, or work for now.
    Full,
    /// The stream makes no sense; the channel has to end. The words are for the client and the log.
    Broken(&'static str),
}

/// One SFTP channel of a label that has logged in.
#[derive(Debug)]
pub(super) struct Session {
    // Fields are dropped in this order: uploads are let go before the session's end is told.
    pub(super) handles: Handles,
    /// Where the job of an OPEN that had to wait leaves its outcome.
    pub(super) waiting: Arc<Mutex<Option<LateOpen>>>,
    pub(super) tree: Arc<Tree>,
    pub(super) presence: Arc<Presence>,
    pub(super) dialect: Dialect,
    /// What can wait until an answer has gone out; whoever sends the answers catches up with it.
    pub(super) afterwards: Arc<Afterwards>,
    draining: Arc<AtomicBool>,
    /// Its place among the label's sessions; given back at its end.
    seat: Option<Seat<LabelId>>,
    framer: Framer,
    greeted: bool,
    write: Option<WriteUnderWay>,
}

/// A WRITE whose payload is arriving.
#[derive(Debug)]
struct WriteUnderWay {
    id: u32,
    offset: u64,
    /// The file and its path when it was opened; or why not.
    target: Result<(Arc<Upload>, String), (String, Refusal)>,
    /// Bytes taken so far.
    taken: u64,
    flush_due: bool,
}

/// What answering needs beside the session.
pub(super) struct Answer<'a> {
    /// Replies.
    pub(super) out: &'a mut Vec<u8>,
    /// Jobs begun.
    pub(super) jobs: &'a mut Vec<Job>,
}

impl Session {
    /// A channel that waits for INIT. While `draining` is true no file is opened for writing.
    pub(super) fn new(
        tree: Arc<Tree>,
        presence: Arc<Presence>,
        dialect: Dialect,
        draining: Arc<AtomicBool>,
    ) -> Self {
        Self {
            tree,
            presence,
            dialect,
            afterwards: Arc::default(),
            draining,
            handles: Handles::new(DEFAULT_HANDLES),
            seat: None,
            framer: Framer::default(),
            greeted: false,
            write: None,
            waiting: Arc::default(),
        }
    }

    /// The same for so many handles, holding its place among the label's sessions.
    pub(super) fn bounded(mut self, handles: usize, seat: Seat<LabelId>) -> Self {
        self.handles = Handles::new(handles);
        self.seat = Some(seat);
        self
    }

    /// The same putting off what can wait to where its connection catches up with it.
    #[must_use]
    pub(super) fn putting_off(mut self, afterwards: Arc<Afterwards>) -> Self {
        self.afterwards = afterwards;
        self
    }

    fn meter(&self) -> &DoorMeter {
        self.presence.witness().meter()
    }

    /// Whether a file is open for writing.
    pub(super) fn is_uploading(&self) -> bool {
        self.handles.uploads() > 0
    }

    /// Whether new uploads are refused because the server is about to stop.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Takes bytes from the front of `input` and answers them, until `budget` bytes of replies are
    /// exceeded, or others should have their turn.
    pub(super) fn feed(
        &mut self,
        input: &mut &[u8],
        budget: usize,
        answer: &mut Answer<'_>,
    ) -> Flow {
        // Taken out so that pieces can borrow from it while the rest of the session works.
        let mut framer = std::mem::take(&mut self.framer);
        let mut worked = Duration::ZERO;
        let most_jobs = self.tree.jobs().most();
        let flow = loop {
            match framer.next(input) {
                Ok(None) => break Flow::Drained,
                Ok(Some(piece)) => {
                    let jobs_before = answer.jobs.len();
                    // Not the WRITEs: a disk that is slow for a moment slows down who sends.
                    let begun = matches!(piece, Piece::Packet { .. }).then(Instant::now);
                    if let Err(words) = self.piece(piece, answer) {
                        break Flow::Broken(words);
                    }
                    worked += begun.map_or(Duration::ZERO, |begun| begun.elapsed());
                    let begun = answer.jobs.get(jobs_before..).unwrap_or_default();
                    if begun.iter().any(|job| job.pauses) {
                        break Flow::Paused;
                    }
                }
                Err(FrameFault::Length(_)) => break Flow::Broken("SFTP packet too long or empty"),
                Err(FrameFault::Write) => break Flow::Broken("malformed SFTP packet"),
            }
            let is_enough = answer.out.len() > budget || answer.jobs.len() >= most_jobs;
            if is_enough || (worked >= TURN && !input.is_empty()) {
                break Flow::Full;
            }
        };
        self.framer = framer;
        flow
    }

    /// The same, and where nothing waits for a disk the jobs are done at once: to hand one to a
    /// thread costs more than the job.
    pub(super) fn feed_promptly(
        &mut self,
        input: &mut &[u8],
        budget: usize,
        out: &mut Vec<u8>,
        jobs: &mut Vec<Job>,
    ) -> Flow {
        loop {
            let flow = self.feed(input, budget, &mut Answer { out, jobs });
            if !self.tree.is_prompt() {
                return flow;
            }
            for job in jobs.drain(..) {
                if catch_unwind(AssertUnwindSafe(|| (job.run)(out))).is_err() {
                    return Flow::Broken("a request failed on the server");
                }
                self.adopt(out);
            }
            if flow != Flow::Paused {
                return flow;
            }
        }
    }

    fn piece(&mut self, piece: Piece<'_>, answer: &mut Answer<'_>) -> Result<(), &'static str> {
        match piece {
            Piece::Packet {
                kind: kind::INIT, ..
            } if self.greeted => Err("second SFTP INIT"),
            Piece::Packet {
                kind: kind::INIT,
                body,
            } => {
                codec::Reader::new(body)
                    .u32()
                    .map_err(|_| "malformed SFTP INIT")?;
                self.greeted = true;
                reply_version(answer.out);
                Ok(())
            }
            _ if !self.greeted => Err("SFTP request before INIT"),
            Piece::Packet { kind, body } => {
                let (id, request) =
                    codec::request(kind, body).map_err(|_| "malformed SFTP packet")?;
                if let Err(refusal) = self.request(id, request, answer) {
                    let raw = request.path().unwrap_or_default();
                    let path = match VirtualPath::parse(raw) {
                        Ok(path) => path.as_str().to_owned(),
                        Err(_) => String::from_utf8_lossy(raw).into_owned(),
                    };
                    self.presence.refused(&path, &refusal);
                    self.dialect.refuse(answer.out, id, &refusal);
                }
                Ok(())
            }
            Piece::WriteBegins { id, handle, offset } => {
                self.write = Some(self.begin_write(id, &handle, offset));
                Ok(())
            }
            Piece::WriteBytes(bytes) => {
                if let Some(write) = &mut self.write {
                    write.take(bytes);
                }
                Ok(())
            }
            Piece::WriteEnds => {
                if let Some(write) = self.write.take() {
                    self.end_write(write, answer);
                }
                Ok(())
            }
        }
    }

    fn begin_write(&mut self, id: u32, handle: &[u8], offset: u64) -> WriteUnderWay {
        let target = match self.handles.get(handle) {
            Ok(Open::Upload(writing)) => {
                Ok((Arc::clone(writing.open.upload()), writing.path.clone()))
            }
            Ok(Open::Reading(_) | Open::Listing(_)) => Err((
                String::new(),
                Refusal::denied("This file was not opened for writing."),
            )),
            Err(refusal) => Err((String::new(), refusal)),
        };
        WriteUnderWay {
            id,
            offset,
            target,
            taken: 0,
            flush_due: false,
        }
    }

    fn end_write(&mut self, write: WriteUnderWay, answer: &mut Answer<'_>) {
        match write.target {
            Err((path, refusal)) => {
                if refusal.news {
                    self.presence.refused(&path, &refusal);
                }
                self.dialect.refuse(answer.out, write.id, &refusal);
            }
            Ok((upload, path)) => {
                reply_status(answer.out, write.id, Status::Ok, "OK");
                self.meter().bytes_in.add(write.taken);
                if self.presence.is_due(&path) {
                    // Who has the table may have it for long; a folder is hardly ever renamed meanwhile.
                    let table = self.tree.fence().try_table();
                    let now = table.and_then(|table| table.path_of(upload.ticket()));
                    self.presence.touched(&now.unwrap_or(path));
                }
                if write.flush_due {
                    let tree = Arc::clone(&self.tree);
                    answer.jobs.push(Job {
                        pauses: false,
                        run: Box::new(move |_| tree.flush_upload(&upload)),
                    });
                }
            }
        }
    }

    /// Does what can be done at once and begins what cannot.
    fn request(
        &mut self,
        id: u32,
        request: Request<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        match request {
            Request::Open {
                path,
                flags,
                attributes: _,
            } => self.open(id, path, flags, answer),
            Request::Close { handle } => self.close(id, handle, answer),
            Request::Read {
                handle,
                offset,
                length,
            } => self.read(id, handle, offset, length, answer.out),
            Request::Fstat { handle } => {
                let entry = self.entry_of_handle(handle)?;
                reply_attributes(answer.out, id, entry);
                Ok(())
            }
            Request::Fsetstat { handle, attributes } => {
                self.set_on_handle(handle, attributes)?;
                done(id, answer.out);
                Ok(())
            }
            Request::Fsync { handle } => self.sync(id, handle, answer),
            Request::Readdir { handle } => self.read_folder(id, handle, answer.out),
            Request::Stat { path } => self.stat(id, path, answer.out),
            Request::Setstat { path, attributes } => self.set_on_path(id, path, attributes, answer),
            Request::Opendir { path } => self.open_folder(id, path, answer.out),
            Request::Remove { path } => self.remove_file(id, path, answer),
            Request::Mkdir { path } => self.make_folder(id, path, answer),
            Request::Rmdir { path } => self.remove_folder(id, path, answer),
            Request::Rename { from, to, replace } => self.rename(id, from, to, replace, answer),
            Request::Realpath { path } => Self::real_path(id, path, answer.out),
            Request::ExpandPath { path } => Self::expand_path(id, path, answer.out),
            Request::Statvfs { path } => self.file_system(id, path, answer),
            Request::Fstatvfs { handle } => {
                self.handles.get(handle)?;
                self.file_system(id, b"/", answer)
            }
            Request::Limits => {
                codec::reply_limits(answer.out, id, self.handles.most());
                Ok(())
            }
            Request::Link => Err(Refusal::unsupported("There are no links on this server.")),
            Request::Unknown => Err(Refusal::unsupported(
                "This server does not offer that operation.",
            )),
        }
    }

    fn close(&mut self, id: u32, handle: &[u8], answer: &mut Answer<'_>) -> Result<(), Refusal> {
        let writing = match self.handles.remove(handle)? {
            Open::Reading(_) | Open::Listing(_) => {
                done(id, answer.out);
                return Ok(());
            }
            Open::Upload(writing) => writing,
        };
        let presence = Arc::clone(&self.presence);
        let afterwards = Arc::clone(&self.afterwards);
        let is_begun = match self.tree.try_begin_commit(&writing.open) {
            Some(Ok(())) => true,
            Some(Err(refusal)) => {
                self.dialect.refuse(answer.out, id, &refusal);
                not_received(presence, &afterwards, writing.path, &refusal);
                return Ok(());
            }
            None => false,
        };
        let tree = Arc::clone(&self.tree);
        let dialect = self.dialect;
        let begun = Instant::now();
        let run = move |out: &mut Vec<u8>| {
            let Writing { open, path, .. } = writing;
            let begin = || {
                if is_begun {
                    Ok(())
                } else {
                    tree.begin_commit(&open)
                }
            };
            let committed = match begin().and_then(|()| tree.commit(open)) {
                Ok(committed) => committed,
                Err(refusal) => {
                    dialect.refuse(out, id, &refusal);
                    not_received(presence, &afterwards, path, &refusal);
                    return;
                }
            };
            reply_status(out, id, Status::Ok, "OK");
            let meter = presence.witness().meter();
            meter.files.one();
            meter.close.observe(begun.elapsed());
            afterwards.put_off(move || {
                committed.tell(presence.label(), presence.witness());
                tracing::debug!(
                    label = %presence.label(),
                    session = presence.session(),
                    path = ?committed.path,
                    size_bytes = committed.key.size,
                    "file received"
                );
                presence.touched(&committed.path);
            });
        };
        answer.jobs.push(Job {
            // What follows must find it begun.
            pauses: !is_begun,
            run: Box::new(run),
        });
        Ok(())
    }

    fn read(
        &mut self,
        id: u32,
        handle: &[u8],
        offset: u64,
        length: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let file = match self.handles.get(handle)? {
            Open::Reading(file) => &*file,
            Open::Upload(writing) if writing.readable => writing.open.upload().file(),
            Open::Upload(_) | Open::Listing(_) => {
                return Err(Refusal::denied("This file was not opened for reading."));
            }
        };
        let length = length.min(MAX_DATA_BYTES) as usize;
        // No file is so long; the system would call it a fault, and the log an error of ours.
        let is_beyond_all = i64::try_from(offset.saturating_add(length as u64)).is_err();
        let length = if is_beyond_all { 0 } else { length };
        let count = reply_data(out, id, length, |buffer| read_full(file, buffer, offset))?;
        self.presence.witness().meter().bytes_out.add(count as u64);
        if count == 0 {
            reply_status(out, id, Status::Eof, "End of file");
        }
        Ok(())
    }

    fn entry_of_handle(&mut self, handle: &[u8]) -> Result<Entry, Refusal> {
        let stat = match self.handles.get(handle)? {
            Open::Reading(file) => rustix::fs::fstat(&*file)?,
            Open::Upload(writing) => rustix::fs::fstat(writing.open.upload().file())?,
            Open::Listing(listing) => {
                let folder = listing.folder.clone();
                return self.entry(&folder);
            }
        };
        Ok(entry(&stat, true))
    }

    fn set_on_handle(
        &mut self,
        handle: &[u8],
        attributes: codec::Attributes,
    ) -> Result<(), Refusal> {
        match self.handles.get(handle)? {
            Open::Upload(writing) => {
                let upload = writing.open.upload();
                if let Some(size) = attributes.size {
                    upload.resize(size)?;
                }
                attributes
                    .times
                    .map_or(Ok(()), |times| upload.set_times(times))
            }
            Open::Reading(_) | Open::Listing(_) if attributes.size.is_some() => {
                Err(Refusal::denied("This file was not opened for writing."))
            }
            // Times of what is only read: nothing that a client needs, and no reason to fail.
            Open::Reading(_) | Open::Listing(_) => Ok(()),
        }
    }

    fn sync(&mut self, id: u32, handle: &[u8], answer: &mut Answer<'_>) -> Result<(), Refusal> {
        let Open::Upload(writing) = self.handles.get(handle)? else {
            done(id, answer.out);
            return Ok(());
        };
        let upload = Arc::clone(writing.open.upload());
        let tree = Arc::clone(&self.tree);
        let dialect = self.dialect;
        answer.jobs.push(Job {
            pauses: false,
            run: Box::new(move |out| dialect.conclude(out, id, tree.sync_upload(&upload))),
        });
        Ok(())
    }
}

impl Drop for Session {
    /// What is still being written stays partial.
    fn drop(&mut self) {
        self.afterwards.catch_up();
        for writing in self.handles.writing() {
            // Whoever took it over, or removed it, has told of it.
            if writing.open.upload().is_revoked() {
                continue;
            }
            self.meter().partials.one();
            self.presence.witness().tell(Event::Partial {
                path: writing.path.clone(),
            });
        }
    }
}

impl WriteUnderWay {
    fn take(&mut self, bytes: &[u8]) {
        let Ok((upload, path)) = &self.target else {
            return;
        };
        match upload.write(self.offset, bytes) {
            Ok(flush_due) => {
                let count = bytes.len() as u64;
                self.flush_due |= flush_due;
                self.taken = self.taken.saturating_add(count);
                self.offset = self.offset.saturating_add(count);
            }
            Err(refusal) => self.target = Err((path.clone(), refusal)),
        }
    }
}

/// A CLOSE failed: told in the log, and when its answer has gone out to the audit and intake.
fn not_received(presence: Arc<Presence>, afterwards: &Afterwards, path: String, refusal: &Refusal) {
    let reason = refusal.text.to_string();
    if presence.may_log() {
        tracing::warn!(
            label = %presence.label(),
            session = presence.session(),
            ?path,
            reason,
            "file not received"
        );
    }
    presence.witness().meter().failed_closes.one();
    afterwards.put_off(move || {
        presence.touched(&path);
        presence.witness().tell(Event::CloseFailed { path, reason });
    });
}

/// The plain yes.
fn done(id: u32, out: &mut Vec<u8>) {
    reply_status(out, id, Status::Ok, "OK");
}

/// Reads until the buffer is full or the file ends; clients take a short answer for the end.
fn read_full(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize, Refusal> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(count as u64))? {
            0 => break,
            read => count += read,
        }
    }
    Ok(count)
}
