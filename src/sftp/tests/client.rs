//! A label's directories and a client that speaks by bytes; jobs run at once and in order.

use crate::domain::audit::{Entry, Event};
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::quota::Quota;
use crate::domain::upload::UploadEvent;
use crate::sftp::codec::kind;
use crate::sftp::fence::Fence;
use crate::sftp::meter::{Meter, Room};
use crate::sftp::presence::Presence;
use crate::sftp::refusal::Dialect;
use crate::sftp::session::{Answer, Flow, Job, Session};
use crate::sftp::tree::Tree;
use crate::sftp::upload::SyncFile;
use crate::sftp::witness::Witness;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub(super) const OK: u32 = 0;
pub(super) const EOF: u32 = 1;
pub(super) const NO_SUCH_FILE: u32 = 2;
pub(super) const DENIED: u32 = 3;
pub(super) const FAILURE: u32 = 4;
pub(super) const UNSUPPORTED: u32 = 8;

/// Flags of OPEN.
pub(super) const READ: u32 = 0x1;
pub(super) const WRITE: u32 = 0x2;
pub(super) const APPEND: u32 = 0x4;
pub(super) const CREATE: u32 = 0x8;
pub(super) const TRUNCATE: u32 = 0x10;
pub(super) const EXCLUSIVE: u32 = 0x20;
/// What most clients upload with.
pub(super) const PUT: u32 = WRITE | CREATE | TRUNCATE;

/// A reply, taken apart as far as tests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Version(u32),
    Status(u32, String),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    /// Names with their sizes and modes.
    Names(Vec<(String, u64, u32)>),
    /// Size, mode, modification time.
    Attributes(u64, u32, u32),
    Extended(Vec<u8>),
}

/// One label's directories and a fence, as the door keeps them.
pub(super) struct Label {
    pub(super) dir: tempfile::TempDir,
    pub(super) tree: Arc<Tree>,
    pub(super) events: Arc<Mutex<Vec<UploadEvent>>>,
    pub(super) audit: Arc<Mutex<Vec<Event>>>,
    pub(super) draining: Arc<AtomicBool>,
    pub(super) sessions: AtomicSessions,
}

pub(super) type AtomicSessions = std::sync::atomic::AtomicU64;

impl Label {
    pub(super) fn new() -> Self {
        Self::made(None, Quota::default(), Room::default())
    }

    /// A label whose disk fails as `sync` does.
    pub(super) fn on_disk(sync: SyncFile) -> Self {
        Self::made(Some(sync), Quota::default(), Room::default())
    }

    /// A label with that much space; once it is full it is refused for ten minutes.
    pub(super) fn with_space(quota: Quota, room: Room) -> Self {
        Self::made(None, quota, room)
    }

    fn made(sync: Option<SyncFile>, quota: Quota, room: Room) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path());
        let meter = Arc::new(Meter::new(quota, room));
        let label = LabelId::new("L1");
        let tree = Tree::open(&places, &label, Arc::<Fence>::default(), meter).unwrap();
        let tree = Arc::new(match sync {
            Some(sync) => tree.with_sync(sync),
            None => tree,
        });
        Self {
            dir,
            tree,
            events: Arc::default(),
            audit: Arc::default(),
            draining: Arc::default(),
            sessions: AtomicSessions::new(0),
        }
    }

    /// The same disk, another process.
    pub(super) fn restarted(self) -> Self {
        let places = Places::new(self.dir.path());
        let (quota, _) = self.tree.meter().figures();
        let meter = Arc::new(Meter::new(quota, *self.tree.meter().room()));
        let label = LabelId::new("L1");
        let tree = Tree::open(&places, &label, Arc::<Fence>::default(), meter).unwrap();
        Self {
            tree: Arc::new(tree),
            ..self
        }
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("labels/L1").join(path)
    }

    /// Content of a file in one of the trees; `None` when it is not there.
    pub(super) fn content(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.at(path)).ok()
    }

    pub(super) fn connect(&self) -> Client {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let events = Arc::clone(&self.events);
        let presence = Presence::new(
            LabelId::new("L1"),
            number,
            Arc::new(move |event| events.lock().unwrap().push(event)),
        );
        let audit = Arc::clone(&self.audit);
        let presence = presence.before(Witness::new(
            Arc::new(move |entry: Entry| audit.lock().unwrap().push(entry.event)),
            Arc::default(),
            (&LabelId::new("L1"), "label"),
            Ipv4Addr::LOCALHOST.into(),
            number,
        ));
        let session = Session::new(
            Arc::clone(&self.tree),
            Arc::new(presence),
            Dialect::Plain,
            Arc::clone(&self.draining),
        );
        let mut client = Client {
            session,
            late: Vec::new(),
            next: 0,
            hold: false,
        };
        let hello = client.send(&packet(kind::INIT, &6_u32.to_be_bytes()));
        assert_eq!(hello, [(0, Reply::Version(3))]);
        client
    }

    pub(super) fn events(&self) -> Vec<UploadEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

/// A client that speaks by bytes.
pub(super) struct Client {
    pub(super) session: Session,
    /// Jobs kept back while `hold` is set.
    pub(super) late: Vec<Job>,
    pub(super) next: u32,
    pub(super) hold: bool,
}

pub(super) fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len() + 1)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    out.push(kind);
    out.extend_from_slice(body);
    out
}

pub(super) fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

impl Client {
    /// Sends bytes, runs what they begin, and reads the replies.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Vec<(u32, Reply)> {
        let (flow, out) = self.feed(bytes);
        assert!(!matches!(flow, Flow::Broken(_)), "{flow:?}");
        replies(&out)
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> (Flow, Vec<u8>) {
        let mut out = Vec::new();
        loop {
            let mut jobs = Vec::new();
            let mut answer = Answer {
                out: &mut out,
                jobs: &mut jobs,
            };
            let flow = self.session.feed(&mut bytes, usize::MAX, &mut answer);
            for job in jobs {
                if self.hold && !job.pauses {
                    self.late.push(job);
                } else {
                    (job.run)(&mut out);
                    self.session.adopt(&mut out);
                }
            }
            self.session.afterwards.catch_up();
            if !matches!(flow, Flow::Paused | Flow::Full) {
                return (flow, out);
            }
        }
    }

    /// One request that begins one job and is not answered before it; the job is not done.
    pub(super) fn only_job(&mut self, kind: u8, body: &[u8]) -> Job {
        let whole = packet(kind, &[&[0, 0, 0, 1], body].concat());
        let (mut out, mut jobs) = (Vec::new(), Vec::new());
        let mut answer = Answer {
            out: &mut out,
            jobs: &mut jobs,
        };
        self.session.feed(&mut &whole[..], usize::MAX, &mut answer);
        assert!(out.is_empty() && jobs.len() == 1, "{out:?}");
        jobs.remove(0)
    }

    /// One request with a number, and its reply.
    pub(super) fn ask(&mut self, kind: u8, body: &[u8]) -> Reply {
        self.next += 1;
        let mut whole = self.next.to_be_bytes().to_vec();
        whole.extend_from_slice(body);
        let mut replies = self.send(&packet(kind, &whole));
        assert_eq!(replies.len(), 1, "{replies:?}");
        let (id, reply) = replies.remove(0);
        assert_eq!(id, self.next, "the reply has the request's number");
        reply
    }

    pub(super) fn code(&mut self, kind: u8, body: &[u8]) -> u32 {
        match self.ask(kind, body) {
            Reply::Status(code, _) => code,
            other => panic!("not a status: {other:?}"),
        }
    }

    pub(super) fn open(&mut self, path: &str, flags: u32) -> Result<Vec<u8>, (u32, String)> {
        let body = [text(path), flags.to_be_bytes().to_vec(), vec![0; 4]].concat();
        match self.ask(3, &body) {
            Reply::Handle(handle) => Ok(handle),
            Reply::Status(code, words) => Err((code, words)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> u32 {
        let body = [text(handle), offset.to_be_bytes().to_vec(), text(data)].concat();
        self.code(kind::WRITE, &body)
    }

    pub(super) fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Reply {
        let body = [
            text(handle),
            offset.to_be_bytes().to_vec(),
            length.to_be_bytes().to_vec(),
        ];
        self.ask(5, &body.concat())
    }

    pub(super) fn close(&mut self, handle: &[u8]) -> u32 {
        self.code(4, &text(handle))
    }

    /// Uploads a whole file.
    pub(super) fn put(&mut self, path: &str, content: &str) -> u32 {
        let handle = match self.open(path, PUT) {
            Ok(handle) => handle,
            Err((code, _)) => return code,
        };
        assert_eq!(self.write(&handle, 0, content.as_bytes()), OK);
        self.close(&handle)
    }

    pub(super) fn mkdir(&mut self, path: &str) -> u32 {
        self.code(14, &[text(path), vec![0; 4]].concat())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> u32 {
        self.code(18, &[text(from), text(to)].concat())
    }

    pub(super) fn posix_rename(&mut self, from: &str, to: &str) -> u32 {
        let body = [text("posix-rename@openssh.com"), text(from), text(to)].concat();
        self.code(200, &body)
    }

    pub(super) fn remove(&mut self, path: &str) -> u32 {
        self.code(13, &text(path))
    }

    pub(super) fn rmdir(&mut self, path: &str) -> u32 {
        self.code(15, &text(path))
    }

    /// Size, or the status.
    pub(super) fn size(&mut self, path: &str) -> Result<u64, u32> {
        match self.ask(17, &text(path)) {
            Reply::Attributes(size, ..) => Ok(size),
            Reply::Status(code, _) => Err(code),
            other => panic!("{other:?}"),
        }
    }

    /// Names and sizes in a folder, without `.` and `..`.
    pub(super) fn list(&mut self, path: &str) -> BTreeMap<String, u64> {
        let handle = match self.ask(11, &text(path)) {
            Reply::Handle(handle) => handle,
            other => panic!("{other:?}"),
        };
        let mut names = BTreeMap::new();
        loop {
            match self.ask(12, &text(&handle)) {
                Reply::Names(some) => {
                    names.extend(some.into_iter().map(|(name, size, _)| (name, size)));
                }
                Reply::Status(EOF, _) => break,
                other => panic!("{other:?}"),
            }
        }
        self.close(&handle);
        names.remove(".");
        names.remove("..");
        names
    }
}

/// Takes replies apart, checking their framing on the way.
pub(super) fn replies(mut bytes: &[u8]) -> Vec<(u32, Reply)> {
    fn u32_of(bytes: &mut &[u8]) -> u32 {
        let (head, rest) = bytes.split_first_chunk().expect("four bytes");
        *bytes = rest;
        u32::from_be_bytes(*head)
    }
    fn string_of(bytes: &mut &[u8]) -> Vec<u8> {
        let length = u32_of(bytes) as usize;
        let (head, rest) = bytes.split_at(length);
        *bytes = rest;
        head.to_vec()
    }
    fn attributes_of(bytes: &mut &[u8]) -> (u64, u32, u32) {
        assert_eq!(u32_of(bytes), 0xf, "full attributes");
        let size = u64::from(u32_of(bytes)) << 32 | u64::from(u32_of(bytes));
        u32_of(bytes);
        u32_of(bytes);
        let mode = u32_of(bytes);
        u32_of(bytes);
        (size, mode, u32_of(bytes))
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = u32_of(&mut bytes) as usize;
        let (mut body, rest) = bytes.split_at(length);
        bytes = rest;
        let kind = body[0];
        body = &body[1..];
        if kind == 2 {
            found.push((0, Reply::Version(u32_of(&mut body))));
            continue;
        }
        let id = u32_of(&mut body);
        let reply = match kind {
            101 => {
                let code = u32_of(&mut body);
                let words = String::from_utf8(string_of(&mut body)).unwrap();
                assert_eq!(string_of(&mut body), b"en");
                Reply::Status(code, words)
            }
            102 => Reply::Handle(string_of(&mut body)),
            103 => Reply::Data(string_of(&mut body)),
            104 => {
                let count = u32_of(&mut body);
                assert!(
                    count <= 100 && length < 34_000,
                    "{count} entries, {length} bytes"
                );
                let names = (0..count)
                    .map(|_| {
                        let name = String::from_utf8(string_of(&mut body)).unwrap();
                        string_of(&mut body);
                        if body.starts_with(&[0; 4]) {
                            u32_of(&mut body);
                            return (name, 0, 0);
                        }
                        let (size, mode, _) = attributes_of(&mut body);
                        (name, size, mode)
                    })
                    .collect();
                Reply::Names(names)
            }
            105 => {
                let (size, mode, modified) = attributes_of(&mut body);
                Reply::Attributes(size, mode, modified)
            }
            201 => {
                let rest = body.to_vec();
                body = &[];
                Reply::Extended(rest)
            }
            other => panic!("reply of type {other}"),
        };
        assert!(body.is_empty(), "bytes left in a reply of type {kind}");
        found.push((id, reply));
    }
    found
}
