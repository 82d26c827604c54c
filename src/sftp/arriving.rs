//! Hashes of one file while it arrives, so that nobody has to read it again.
//!
//! Bytes count while they come in order from the file's beginning. A small file's are kept until
//! its CLOSE and hashed in one go when that was answered. Those of a larger one are read back from the page cache,
//! just behind the writes, by threads of their own ([`super::hashers`]): the network never waits for
//! a hash and hands over nothing but a number, and memory does not grow with the number or the
//! speed of uploads. Whatever makes the file something else than the bytes in their order (a
//! resumed or appended upload, a write that leaves a gap or goes back, a file made shorter) ends
//! it; such a file is hashed after its CLOSE by whoever needs its hashes.

use super::hashers::Desk;
use super::witness::Witness;
use crate::domain::arrival::Arrival;
use crate::domain::audit::Event;
use crate::domain::content::{Content, FileKey};
use crate::domain::ids::LabelId;
use md5::{Digest, Md5};
use rustix::fs::{CWD, Mode, OFlags};
use sha2::Sha256;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Largest file whose bytes are kept in memory until its CLOSE.
const HELD_BYTES: usize = 64 << 10;

/// So many bytes have to have come before a thread is called; each call costs a switch.
const STEP_BYTES: u64 = 2 << 20;

/// So many bytes of one file are hashed before another file has its turn.
const TURN_BYTES: u64 = 4 << 20;

/// Bytes that go through one hash before they go through the other.
const STRIDE_BYTES: usize = 16 << 10;

/// Both hashes that a message may state and the audit log tells.
#[derive(Debug, Default)]
struct Digests {
    sha256: Sha256,
    md5: Md5,
}

impl Digests {
    fn update(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(STRIDE_BYTES) {
            self.sha256.update(piece);
            self.md5.update(piece);
        }
    }

    fn finish(self) -> Content {
        Content {
            sha256: hex::encode(self.sha256.finalize()),
            md5: Some(hex::encode(self.md5.finalize())),
            sha1: None,
        }
    }
}

/// What becomes of an upload's hashes; part of the upload, changed under its lock.
#[derive(Debug)]
pub(super) struct Running {
    desk: Arc<Desk>,
    /// Bytes that came in order.
    next: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// They are all here.
    Held(Vec<u8>),
    /// They are read behind the writes.
    Followed(Arc<Follow>),
    /// To be hashed by whoever needs it.
    Lost,
}

/// What is known of a file at its CLOSE.
#[derive(Debug)]
pub(super) enum Hash {
    /// Everything.
    Known(Content),
    /// It will be known soon.
    Late(Arc<Follow>),
    /// Nothing.
    Unknown,
}

impl Running {
    /// For a file that was just opened with so many bytes in it.
    pub(super) fn new(desk: Arc<Desk>, size: u64) -> Self {
        let way = if size == 0 {
            Way::Held(Vec::new())
        } else {
            Way::Lost
        };
        Self { desk, next: 0, way }
    }

    /// Bytes were written at an offset.
    pub(super) fn wrote(&mut self, at: u64, bytes: &[u8], file: &File) {
        if matches!(self.way, Way::Lost) {
            return;
        }
        if at != self.next {
            return self.lose();
        }
        self.next += bytes.len() as u64;
        match &mut self.way {
            Way::Held(held) => {
                let fits = held.len() + bytes.len() <= HELD_BYTES && self.desk.hold(bytes.len());
                if fits {
                    held.extend_from_slice(bytes);
                } else {
                    self.follow(file);
                }
            }
            Way::Followed(follow) => follow.advance(self.next, &self.desk),
            Way::Lost => {}
        }
    }

    /// The file was given a size.
    pub(super) fn resized(&mut self, size: u64) {
        // What is beyond the bytes so far is filled by those that come, or the size is wrong at the
        // end.
        if size < self.next {
            self.lose();
        }
    }

    /// The bytes in their order are not what the file holds.
    pub(super) fn lose(&mut self) {
        match std::mem::replace(&mut self.way, Way::Lost) {
            Way::Held(held) => self.desk.let_go(held.len()),
            Way::Followed(follow) => follow.lose(),
            Way::Lost => {}
        }
    }

    /// From now on the file is read behind its writes, from the beginning: what was kept of it is
    /// in the cache too.
    fn follow(&mut self, file: &File) {
        let begun = Follow::of(file);
        self.lose();
        match begun {
            Ok(follow) => {
                let follow = Arc::new(follow);
                follow.advance(self.next, &self.desk);
                self.way = Way::Followed(follow);
            }
            Err(error) => {
                tracing::debug!(%error, "a file is hashed after its upload: it cannot be read meanwhile");
            }
        }
    }

    /// CLOSE was asked: nothing is written any more.
    pub(super) fn end(&mut self) {
        if let Way::Followed(follow) = &self.way {
            follow.end(self.next, &self.desk);
        }
    }

    /// What is known of the file now that it is in its place, with that key. Who is told to wait
    /// hears the end of it. Blocks for as long as it takes to hash a small file.
    pub(super) fn settle(
        &mut self,
        label: &LabelId,
        path: &str,
        file: &File,
        key: &FileKey,
    ) -> Hash {
        if key.size != self.next {
            self.lose();
        }
        let arrivals = self.desk.arrivals();
        let arrival = Arrival {
            label,
            path,
            key,
            file,
        };
        match std::mem::replace(&mut self.way, Way::Lost) {
            Way::Held(held) => {
                self.desk.let_go(held.len());
                let mut digests = Digests::default();
                digests.update(&held);
                self.desk.count(held.len() as u64);
                let content = digests.finish();
                arrivals.ended(arrival, Some(&content));
                Hash::Known(content)
            }
            Way::Followed(follow) => follow.settle(arrival, &self.desk),
            Way::Lost => {
                arrivals.ended(arrival, None);
                Hash::Unknown
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lose();
    }
}

/// What to do with a file after a turn at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing, until it asks.
    Rest,
    /// More of it has come.
    Open,
    /// It is closed, and waited for.
    Closed,
}

/// A file that is read behind its writes.
#[derive(Debug)]
pub(super) struct Follow {
    /// For reading only: an open file that could be written holds up the claim of its folder.
    file: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that may be read.
    head: u64,
    /// Bytes that were hashed.
    at: u64,
    /// `None` while a thread has them, and when it is over.
    digests: Option<Digests>,
    /// Bytes that had come when a thread might have been called last.
    stepped_at: u64,
    /// It waits to be read while it is written, or is being read.
    queued: bool,
    lost: bool,
    /// CLOSE was asked after so many bytes.
    end: Option<u64>,
    content: Option<Content>,
    /// The file is in its place, and somebody waits for the content.
    place: Option<Settled>,
    /// Whom else to tell, and of which path.
    witness: Option<(Witness, String)>,
}

/// A file in its place.
#[derive(Debug)]
struct Settled {
    desk: Arc<Desk>,
    label: LabelId,
    path: String,
    key: FileKey,
}

impl Follow {
    fn of(file: &File) -> io::Result<Self> {
        // The same file once more, whatever its name is now.
        let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(CWD, itself, flags, Mode::empty())?);
        Ok(Self {
            file,
            state: Mutex::new(State {
                digests: Some(Digests::default()),
                ..State::default()
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More may be read.
    fn advance(self: &Arc<Self>, head: u64, desk: &Desk) {
        let mut state = self.state();
        state.head = head;
        if head - state.stepped_at < STEP_BYTES {
            return;
        }
        let step = head - state.stepped_at;
        state.stepped_at = head;
        let is_new = !std::mem::replace(&mut state.queued, true);
        drop(state);
        desk.came(step);
        if is_new {
            desk.push_open(Arc::clone(self));
        }
    }

    /// No more will come. Whoever has it now hands it on.
    fn end(self: &Arc<Self>, size: u64, desk: &Desk) {
        let mut state = self.state();
        state.end = Some(size);
        let step = size - state.stepped_at;
        let goes_on = !state.lost;
        drop(state);
        desk.came(step);
        if goes_on {
            desk.push_closed(Arc::clone(self));
        }
    }

    fn lose(&self) {
        let mut state = self.state();
        state.lost = true;
        state.digests = None;
    }

    fn settle(self: Arc<Self>, arrival: Arrival<'_>, desk: &Arc<Desk>) -> Hash {
        let mut state = self.state();
        if let Some(content) = state.content.take() {
            drop(state);
            desk.arrivals().ended(arrival, Some(&content));
            return Hash::Known(content);
        }
        if state.lost {
            drop(state);
            desk.arrivals().ended(arrival, None);
            return Hash::Unknown;
        }
        desk.arrivals().begun(arrival.key);
        state.place = Some(Settled {
            desk: Arc::clone(desk),
            label: arrival.label.clone(),
            path: arrival.path.to_owned(),
            key: *arrival.key,
        });
        drop(state);
        Hash::Late(self)
    }

    /// The CLOSE was told without the hashes; the witness tells them when they are known.
    pub(super) fn tell_later(&self, witness: &Witness, path: &str) {
        self.state().witness = Some((witness.clone(), path.to_owned()));
        self.conclude();
    }

    /// Hashes what has come, up to a bound. Blocks.
    pub(super) fn turn(&self, desk: &Desk, block: &mut [u8]) -> After {
        let (mut at, upto, mut digests) = {
            let mut state = self.state();
            let Some(digests) = state.digests.take() else {
                // Over, or another thread is at it.
                return After::Rest;
            };
            let upto = state.head.min(state.at + TURN_BYTES);
            (state.at, upto, digests)
        };
        let mut failed = false;
        while at < upto && !failed {
            let most = usize::try_from(upto - at).unwrap_or(usize::MAX);
            let length = most.min(block.len());
            let piece = block.get_mut(..length).unwrap_or_default();
            match self.file.read_exact_at(piece, at) {
                Ok(()) => {
                    digests.update(piece);
                    desk.count(piece.len() as u64);
                    at += piece.len() as u64;
                }
                // Shorter than what was written: somebody else has made it so.
                Err(_) => failed = true,
            }
        }
        let mut state = self.state();
        state.at = at;
        state.lost |= failed;
        if state.lost {
            drop(state);
            self.give_up();
            return After::Rest;
        }
        match state.end {
            Some(end) if at >= end => {
                state.content = Some(digests.finish());
                drop(state);
                self.conclude();
                After::Rest
            }
            end => {
                let more = end.is_some() || state.head - at >= STEP_BYTES;
                state.digests = Some(digests);
                state.queued = more;
                match (more, end) {
                    (false, _) => After::Rest,
                    (true, None) => After::Open,
                    (true, Some(_)) => After::Closed,
                }
            }
        }
    }

    /// Tells whoever waits, as soon as both are known: what the file holds, and where it is.
    fn conclude(&self) {
        let mut state = self.state();
        let Some(content) = state.content.clone() else {
            return;
        };
        let place = state.place.take();
        let witness = state.witness.take();
        let end = state.end.unwrap_or_default();
        drop(state);
        // Written on since, or past us: it does not hold that any more.
        let same = self.file.metadata().is_ok_and(|meta| meta.len() == end);
        if let Some(place) = place {
            let arrival = Arrival {
                label: &place.label,
                path: &place.path,
                key: &place.key,
                file: &self.file,
            };
            place
                .desk
                .arrivals()
                .ended(arrival, same.then_some(&content));
        }
        if let Some((witness, path)) = witness.filter(|_| same) {
            witness.tell(Event::Hashed {
                path,
                size_bytes: end,
                sha256: content.sha256,
                md5: content.md5,
            });
        }
    }

    /// Nobody waits any longer.
    fn give_up(&self) {
        let place = self.state().place.take();
        if let Some(place) = place {
            place.desk.arrivals().given_up(&place.key);
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.give_up();
    }
}
