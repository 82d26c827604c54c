//! The session on hand-made packets: no network, jobs run at once and in order.

use super::codec::kind;
use super::fence::Fence;
use super::presence::Presence;
use super::refusal::Dialect;
use super::session::{Answer, Flow, Job, Session};
use super::tree::Tree;
use super::upload::SyncFile;
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::upload::UploadEvent;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

mod model;

const OK: u32 = 0;
const EOF: u32 = 1;
const NO_SUCH_FILE: u32 = 2;
const DENIED: u32 = 3;
const FAILURE: u32 = 4;
const UNSUPPORTED: u32 = 8;

/// Flags of OPEN.
const READ: u32 = 0x1;
const WRITE: u32 = 0x2;
const APPEND: u32 = 0x4;
const CREATE: u32 = 0x8;
const TRUNCATE: u32 = 0x10;
const EXCLUSIVE: u32 = 0x20;
/// What most clients upload with.
const PUT: u32 = WRITE | CREATE | TRUNCATE;

/// A reply, taken apart as far as tests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
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
struct Label {
    dir: tempfile::TempDir,
    tree: Arc<Tree>,
    events: Arc<Mutex<Vec<UploadEvent>>>,
    draining: Arc<AtomicBool>,
    sessions: AtomicSessions,
}

type AtomicSessions = std::sync::atomic::AtomicU64;

impl Label {
    fn new() -> Self {
        Self::on_disk(None)
    }

    /// A label whose disk fails as `sync` does.
    fn on_disk(sync: Option<SyncFile>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path());
        let tree = Tree::open(&places, &LabelId::new("L1"), Arc::<Fence>::default()).unwrap();
        let tree = Arc::new(match sync {
            Some(sync) => tree.with_sync(sync),
            None => tree,
        });
        Self {
            dir,
            tree,
            events: Arc::default(),
            draining: Arc::default(),
            sessions: AtomicSessions::new(0),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("labels/L1").join(path)
    }

    /// Content of a file in one of the trees; `None` when it is not there.
    fn content(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.at(path)).ok()
    }

    fn connect(&self) -> Client {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let events = Arc::clone(&self.events);
        let presence = Presence::new(
            LabelId::new("L1"),
            number,
            Arc::new(move |event| events.lock().unwrap().push(event)),
        );
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

    fn events(&self) -> Vec<UploadEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

/// A client that speaks by bytes.
struct Client {
    session: Session,
    /// Jobs kept back while `hold` is set.
    late: Vec<Job>,
    next: u32,
    hold: bool,
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len() + 1)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    out.push(kind);
    out.extend_from_slice(body);
    out
}

fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

impl Client {
    /// Sends bytes, runs what they begin, and reads the replies.
    fn send(&mut self, bytes: &[u8]) -> Vec<(u32, Reply)> {
        let (flow, out) = self.feed(bytes);
        assert!(!matches!(flow, Flow::Broken(_)), "{flow:?}");
        replies(&out)
    }

    fn feed(&mut self, mut bytes: &[u8]) -> (Flow, Vec<u8>) {
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
            if flow != Flow::Paused {
                return (flow, out);
            }
        }
    }

    /// One request with a number, and its reply.
    fn ask(&mut self, kind: u8, body: &[u8]) -> Reply {
        self.next += 1;
        let mut whole = self.next.to_be_bytes().to_vec();
        whole.extend_from_slice(body);
        let mut replies = self.send(&packet(kind, &whole));
        assert_eq!(replies.len(), 1, "{replies:?}");
        let (id, reply) = replies.remove(0);
        assert_eq!(id, self.next, "the reply has the request's number");
        reply
    }

    fn code(&mut self, kind: u8, body: &[u8]) -> u32 {
        match self.ask(kind, body) {
            Reply::Status(code, _) => code,
            other => panic!("not a status: {other:?}"),
        }
    }

    fn open(&mut self, path: &str, flags: u32) -> Result<Vec<u8>, (u32, String)> {
        let body = [text(path), flags.to_be_bytes().to_vec(), vec![0; 4]].concat();
        match self.ask(3, &body) {
            Reply::Handle(handle) => Ok(handle),
            Reply::Status(code, words) => Err((code, words)),
            other => panic!("{other:?}"),
        }
    }

    fn write(&mut self, handle: &[u8], offset: u64, data: &[u8]) -> u32 {
        let body = [text(handle), offset.to_be_bytes().to_vec(), text(data)].concat();
        self.code(kind::WRITE, &body)
    }

    fn read(&mut self, handle: &[u8], offset: u64, length: u32) -> Reply {
        let body = [
            text(handle),
            offset.to_be_bytes().to_vec(),
            length.to_be_bytes().to_vec(),
        ];
        self.ask(5, &body.concat())
    }

    fn close(&mut self, handle: &[u8]) -> u32 {
        self.code(4, &text(handle))
    }

    /// Uploads a whole file.
    fn put(&mut self, path: &str, content: &str) -> u32 {
        let handle = match self.open(path, PUT) {
            Ok(handle) => handle,
            Err((code, _)) => return code,
        };
        assert_eq!(self.write(&handle, 0, content.as_bytes()), OK);
        self.close(&handle)
    }

    fn mkdir(&mut self, path: &str) -> u32 {
        self.code(14, &[text(path), vec![0; 4]].concat())
    }

    fn rename(&mut self, from: &str, to: &str) -> u32 {
        self.code(18, &[text(from), text(to)].concat())
    }

    fn posix_rename(&mut self, from: &str, to: &str) -> u32 {
        let body = [text("posix-rename@openssh.com"), text(from), text(to)].concat();
        self.code(200, &body)
    }

    fn remove(&mut self, path: &str) -> u32 {
        self.code(13, &text(path))
    }

    fn rmdir(&mut self, path: &str) -> u32 {
        self.code(15, &text(path))
    }

    /// Size, or the status.
    fn size(&mut self, path: &str) -> Result<u64, u32> {
        match self.ask(17, &text(path)) {
            Reply::Attributes(size, ..) => Ok(size),
            Reply::Status(code, _) => Err(code),
            other => panic!("{other:?}"),
        }
    }

    /// Names and sizes in a folder, without `.` and `..`.
    fn list(&mut self, path: &str) -> BTreeMap<String, u64> {
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
fn replies(mut bytes: &[u8]) -> Vec<(u32, Reply)> {
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

#[test]
fn an_upload_becomes_a_file_at_its_close() {
    let label = Label::new();
    let mut client = label.connect();
    assert_eq!(client.mkdir("/incoming/A"), OK);
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    assert_eq!(client.write(&handle, 0, b"hello "), OK);
    assert_eq!(client.write(&handle, 6, b"world"), OK);
    assert_eq!(
        label.content("partial/A/a.wav").as_deref(),
        Some("hello world")
    );
    assert_eq!(label.content("incoming/A/a.wav"), None);
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(11), "the size so far");
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a.wav").as_deref(),
        Some("hello world")
    );
    assert_eq!(label.content("partial/A/a.wav"), None);
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(11));
    assert_eq!(
        client.close(&handle),
        FAILURE,
        "the handle means nothing any more"
    );
}

#[test]
fn a_session_that_ends_leaves_its_file_partial() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    client.write(&handle, 0, b"half");
    drop(client);
    assert_eq!(label.content("partial/A/a.wav").as_deref(), Some("half"));
    assert_eq!(label.content("incoming/A/a.wav"), None);
    let mut client = label.connect();
    assert_eq!(
        client.list("/incoming/A"),
        BTreeMap::from([("a.wav".to_owned(), 4)])
    );
    // Resume by offset, as FileZilla does.
    let handle = client.open("/incoming/A/a.wav", WRITE).unwrap();
    assert_eq!(client.write(&handle, 4, b" whole"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a.wav").as_deref(),
        Some("half whole")
    );
}

#[test]
fn appending_writes_to_the_end_whatever_the_offset() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(client.put("/incoming/A/a", "one"), OK);
    let handle = client
        .open("/incoming/A/a", WRITE | APPEND | CREATE)
        .unwrap();
    assert_eq!(
        label.content("incoming/A/a"),
        None,
        "not whole while it is written on"
    );
    assert_eq!(label.content("partial/A/a").as_deref(), Some("one"));
    assert_eq!(client.write(&handle, 0, b" two"), OK);
    assert_eq!(client.write(&handle, 0, b" three"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("one two three")
    );
}

#[test]
fn an_overwrite_leaves_the_old_file_until_its_close() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "old content");
    // Without CREATE, as Cyberduck overwrites.
    let handle = client.open("/incoming/A/a", WRITE | TRUNCATE).unwrap();
    client.write(&handle, 0, b"new");
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("old content")
    );
    assert_eq!(client.size("/incoming/A/a"), Ok(3));
    assert_eq!(client.close(&handle), OK);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("new"));
    // scp opens without TRUNCATE, writes, and cuts before the CLOSE.
    let handle = client.open("/incoming/A/a", WRITE | CREATE).unwrap();
    client.write(&handle, 0, b"xy");
    let body = [
        text(&handle),
        1_u32.to_be_bytes().to_vec(),
        2_u64.to_be_bytes().to_vec(),
    ];
    assert_eq!(client.code(10, &body.concat()), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("xy"));
}

#[test]
fn flags_of_open_mean_what_the_protocol_says() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(
        client.open("/incoming/A/a", WRITE).unwrap_err().0,
        NO_SUCH_FILE
    );
    assert_eq!(
        client
            .open("/incoming/A/a", WRITE | TRUNCATE)
            .unwrap_err()
            .0,
        NO_SUCH_FILE
    );
    assert_eq!(
        client.open("/incoming/B/a", PUT).unwrap_err().0,
        NO_SUCH_FILE
    );
    assert_eq!(client.open("/incoming/A", PUT).unwrap_err().0, FAILURE);
    assert_eq!(client.put("/incoming/A/a", "x"), OK);
    assert_eq!(
        client.open("/incoming/A/a", PUT | EXCLUSIVE).unwrap_err().0,
        FAILURE
    );
    let handle = client.open("/incoming/A/a", READ).unwrap();
    assert_eq!(client.read(&handle, 0, 100), Reply::Data(b"x".to_vec()));
    assert!(matches!(
        client.read(&handle, 1, 100),
        Reply::Status(EOF, _)
    ));
    assert_eq!(client.write(&handle, 0, b"y"), DENIED);
    assert_eq!(client.close(&handle), OK);
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert!(matches!(
        client.read(&handle, 0, 1),
        Reply::Status(DENIED, _)
    ));
    assert_eq!(
        client.close(&handle),
        OK,
        "closed unchanged, it is whole again"
    );
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
}

#[test]
fn loose_files_are_refused_with_what_to_do() {
    let label = Label::new();
    let mut client = label.connect();
    let (code, words) = client.open("/incoming/a.wav", PUT).unwrap_err();
    assert_eq!(code, DENIED);
    assert!(words.contains("Create one folder"), "{words}");
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a.wav", "x");
    assert_eq!(
        client.rename("/incoming/A/a.wav", "/incoming/a.wav"),
        DENIED
    );
    assert_eq!(client.list("/incoming").len(), 1);
}

#[test]
fn only_incoming_can_be_changed_and_nothing_else_exists() {
    let label = Label::new();
    std::fs::create_dir(label.at("reports/A_attempt-1")).unwrap();
    std::fs::write(label.at("reports/A_attempt-1/REPORT.txt"), "all good").unwrap();
    let mut client = label.connect();
    assert_eq!(
        client.list("/").into_keys().collect::<Vec<_>>(),
        ["incoming", "reports"]
    );
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let handle = client
        .open("/reports/A_attempt-1/REPORT.txt", READ)
        .unwrap();
    assert_eq!(
        client.read(&handle, 0, 99),
        Reply::Data(b"all good".to_vec())
    );
    for path in ["/reports/x", "/reports/A_attempt-1/REPORT.txt", "/x.wav"] {
        assert_eq!(client.open(path, PUT).unwrap_err().0, DENIED, "{path}");
        assert_eq!(client.remove(path), DENIED, "{path}");
        assert_eq!(client.rename("/incoming/A/a", path), DENIED, "{path}");
        assert_eq!(client.posix_rename(path, "/incoming/A/a"), DENIED, "{path}");
    }
    for path in ["/reports/x", "/x"] {
        assert_eq!(client.mkdir(path), DENIED, "{path}");
        assert_eq!(client.rmdir(path), DENIED, "{path}");
    }
    assert_eq!(client.rmdir("/incoming"), DENIED);
    for path in ["/etc", "/etc/passwd", "/partial", "/incoming/../labels/L1"] {
        assert_eq!(client.size(path), Err(NO_SUCH_FILE), "{path}");
        assert_eq!(
            client.open(path, READ).unwrap_err().0,
            NO_SUCH_FILE,
            "{path}"
        );
    }
    assert_eq!(client.open("/etc/passwd", PUT).unwrap_err().0, NO_SUCH_FILE);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
    assert_eq!(client.mkdir("/incoming"), FAILURE, "it is there already");
}

#[test]
fn links_planted_in_the_tree_are_not_followed() {
    let label = Label::new();
    let secret = label.dir.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    std::os::unix::fs::symlink(&secret, label.at("incoming/A/link")).unwrap();
    std::os::unix::fs::symlink(label.dir.path(), label.at("incoming/A/dir")).unwrap();
    std::fs::hard_link(&secret, label.at("incoming/A/hard")).unwrap();
    assert!(client.list("/incoming/A").is_empty());
    for path in [
        "/incoming/A/link",
        "/incoming/A/dir/secret",
        "/incoming/A/hard",
    ] {
        assert_eq!(client.size(path), Err(NO_SUCH_FILE), "{path}");
        assert_eq!(
            client.open(path, READ).unwrap_err().0,
            NO_SUCH_FILE,
            "{path}"
        );
        assert!(client.open(path, WRITE).is_err(), "{path}");
        assert_eq!(client.remove(path), NO_SUCH_FILE, "{path}");
        assert_eq!(client.rename(path, "/incoming/A/b"), NO_SUCH_FILE, "{path}");
    }
    let (code, _) = client.open("/incoming/A/dir/new", PUT).unwrap_err();
    assert_eq!(code, NO_SUCH_FILE);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    // SYMLINK and READLINK.
    assert_eq!(
        client.code(20, &[text("/x"), text("/incoming/l")].concat()),
        UNSUPPORTED
    );
    assert_eq!(client.code(19, &text("/incoming/A/link")), UNSUPPORTED);
}

#[test]
fn names_that_would_be_one_on_other_systems_are_refused() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/Track.wav", "x");
    let (code, words) = client.open("/incoming/A/track.WAV", PUT).unwrap_err();
    assert_eq!(code, FAILURE);
    assert!(words.contains("Track.wav"), "{words}");
    assert_eq!(client.mkdir("/incoming/a"), FAILURE);
    client.put("/incoming/A/Beyonc\u{e9}", "x");
    assert_eq!(client.put("/incoming/A/Beyonce\u{301}", "x"), FAILURE);
    assert_eq!(
        client.rename("/incoming/A/Track.wav", "/incoming/A/track.wav"),
        OK,
        "changing the case of a name is no collision with itself"
    );
    assert_eq!(client.remove("/incoming/A/track.wav"), OK);
    assert_eq!(client.put("/incoming/A/TRACK.wav", "y"), OK);
}

#[test]
fn a_folder_renamed_while_it_is_written_keeps_its_uploads() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    client.mkdir("/incoming/A.tmp/resources");
    let handle = client.open("/incoming/A.tmp/resources/a.wav", PUT).unwrap();
    client.write(&handle, 0, b"half");
    assert_eq!(client.rename("/incoming/A.tmp", "/incoming/A"), OK);
    assert_eq!(client.write(&handle, 4, b" whole"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/resources/a.wav").as_deref(),
        Some("half whole")
    );
    assert_eq!(
        client.rename("/incoming/A", "/incoming/A/resources/A"),
        FAILURE
    );
    client.mkdir("/incoming/B");
    assert_eq!(client.rename("/incoming/A", "/incoming/B"), FAILURE);
    assert_eq!(client.posix_rename("/incoming/A", "/incoming/B"), FAILURE);
}

#[test]
fn winscp_uploads_beside_and_renames() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a.wav", "old");
    assert_eq!(client.put("/incoming/A/a.wav.filepart", "new"), OK);
    assert_eq!(
        client.rename("/incoming/A/a.wav.filepart", "/incoming/A/a.wav"),
        FAILURE
    );
    assert_eq!(client.remove("/incoming/A/a.wav"), OK);
    assert_eq!(
        client.rename("/incoming/A/a.wav.filepart", "/incoming/A/a.wav"),
        OK
    );
    assert_eq!(label.content("incoming/A/a.wav").as_deref(), Some("new"));
    // rclone: the POSIX rename replaces.
    client.put("/incoming/A/a.wav.1a2b3c4d.partial", "newer");
    let code = client.posix_rename("/incoming/A/a.wav.1a2b3c4d.partial", "/incoming/A/a.wav");
    assert_eq!(code, OK);
    assert_eq!(
        client.list("/incoming/A"),
        BTreeMap::from([("a.wav".to_owned(), 5)])
    );
}

#[test]
fn the_newest_session_takes_a_file_over() {
    let label = Label::new();
    let mut old = label.connect();
    let mut new = label.connect();
    old.mkdir("/incoming/A");
    let stale = old.open("/incoming/A/a", PUT).unwrap();
    old.write(&stale, 0, b"stale");
    let fresh = new.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(old.write(&stale, 5, b" more"), FAILURE);
    assert_eq!(new.write(&fresh, 5, b" and fresh"), OK);
    assert_eq!(old.close(&stale), FAILURE);
    assert_eq!(new.close(&fresh), OK);
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("stale and fresh")
    );
    // A file removed while it is written does not come back.
    let handle = new.open("/incoming/A/b", PUT).unwrap();
    new.write(&handle, 0, b"x");
    assert_eq!(old.remove("/incoming/A/b"), OK);
    assert_eq!(new.close(&handle), FAILURE);
    assert_eq!(new.size("/incoming/A/b"), Err(NO_SUCH_FILE));
}

#[test]
fn a_closed_folder_refuses_every_change_and_opens_again() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.mkdir("/incoming/B");
    client.put("/incoming/A/a", "x");
    client.put("/incoming/B/b", "y");
    let handle = client.open("/incoming/A/c", PUT).unwrap();
    let busy = label.tree.fence().close("A").unwrap_err();
    assert_eq!(busy.writing, ["c"]);
    client.write(&handle, 0, b"z");
    assert_eq!(client.close(&handle), OK);
    label.tree.fence().close("A").unwrap();
    let (code, words) = client.open("/incoming/A/new", PUT).unwrap_err();
    assert_eq!(code, DENIED);
    assert!(words.contains("has been received"), "{words}");
    assert_eq!(client.open("/incoming/A/a", WRITE).unwrap_err().0, DENIED);
    assert_eq!(client.mkdir("/incoming/A/sub"), DENIED);
    assert_eq!(client.remove("/incoming/A/a"), DENIED);
    assert_eq!(client.rmdir("/incoming/A"), DENIED);
    assert_eq!(client.rename("/incoming/A", "/incoming/C"), DENIED);
    assert_eq!(client.rename("/incoming/A/a", "/incoming/B/a"), DENIED);
    assert_eq!(client.rename("/incoming/B/b", "/incoming/A/b"), DENIED);
    let size = [
        text("/incoming/A/a"),
        1_u32.to_be_bytes().to_vec(),
        vec![0; 8],
    ]
    .concat();
    assert_eq!(client.code(9, &size), DENIED);
    assert_eq!(client.size("/incoming/A/a"), Ok(1), "looking is allowed");
    assert_eq!(
        client.put("/incoming/B/new", "x"),
        OK,
        "other folders are open"
    );
    label.tree.fence().open("A");
    assert_eq!(client.put("/incoming/A/new", "x"), OK);
}

#[test]
fn a_folder_cannot_close_between_close_and_its_answer() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    client.write(&handle, 0, b"x");
    client.hold = true;
    let body = [99_u32.to_be_bytes().to_vec(), text(&handle)].concat();
    assert_eq!(
        client.send(&packet(4, &body)),
        [],
        "the answer waits for the disk"
    );
    assert_eq!(label.tree.fence().close("A").unwrap_err().writing, ["a"]);
    // Other requests of the channel go on.
    assert_eq!(client.size("/incoming/A/a"), Ok(1));
    let handle = client.open("/incoming/A/b", PUT).unwrap();
    client.write(&handle, 0, b"y");
    let mut out = Vec::new();
    for job in client.late.drain(..) {
        (job.run)(&mut out);
    }
    assert!(matches!(replies(&out)[..], [(99, Reply::Status(OK, _))]));
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
}

#[test]
fn a_file_whose_fsync_failed_is_set_aside() {
    let label = Label::on_disk(Some(|_| Err(rustix::io::Errno::IO)));
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(client.put("/incoming/A/a.wav", "content"), FAILURE);
    assert_eq!(client.size("/incoming/A/a.wav"), Err(NO_SUCH_FILE));
    let damaged: Vec<_> = std::fs::read_dir(label.dir.path().join("damaged"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(damaged.len(), 1);
    assert_eq!(std::fs::read_to_string(&damaged[0]).unwrap(), "content");
    let name = damaged[0]
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert!(
        name.starts_with("L1_") && name.ends_with("_a.wav"),
        "{name}"
    );
    // fsync@openssh.com tells it before the CLOSE.
    let handle = client.open("/incoming/A/b.wav", PUT).unwrap();
    client.write(&handle, 0, b"x");
    let body = [text("fsync@openssh.com"), text(&handle)].concat();
    assert_eq!(client.code(200, &body), FAILURE);
    assert_eq!(client.close(&handle), FAILURE);
}

#[test]
fn attributes_are_kept_or_ignored_without_error() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let times = |path: &str| {
        let numbers = [0xc_u32, 0o600, 1_000, 2_000]
            .map(u32::to_be_bytes)
            .concat();
        [text(path), numbers].concat()
    };
    assert_eq!(client.code(9, &times("/incoming/A/a")), OK);
    let Reply::Attributes(1, mode, 2_000) = client.ask(17, &text("/incoming/A/a")) else {
        panic!("the time is kept")
    };
    assert_eq!(mode, 0o100_640, "the mode is ours");
    assert_eq!(client.code(9, &times("/incoming/A")), OK);
    assert_eq!(client.code(9, &times("/incoming")), OK);
    assert_eq!(client.code(9, &times("/reports")), DENIED);
    let mode_only = [
        text("/reports"),
        [4_u32, 0o600].map(u32::to_be_bytes).concat(),
    ]
    .concat();
    assert_eq!(client.code(9, &mode_only), OK);
    let owner = [
        text("/incoming/A/a"),
        [2_u32, 0, 0].map(u32::to_be_bytes).concat(),
    ]
    .concat();
    assert_eq!(client.code(9, &owner), OK);
    assert_eq!(client.code(9, &times("/incoming/A/none")), NO_SUCH_FILE);
    let mut extended = text("lsetstat@openssh.com");
    extended.extend(times("/incoming/A/a"));
    assert_eq!(client.code(200, &extended), OK);
    // Times set on the open file survive its CLOSE, as lftp sets them.
    let handle = client.open("/incoming/A/b", PUT).unwrap();
    client.write(&handle, 0, b"x");
    let body = [text(&handle), [8_u32, 5, 6].map(u32::to_be_bytes).concat()].concat();
    assert_eq!(client.code(10, &body), OK);
    client.close(&handle);
    assert!(matches!(
        client.ask(17, &text("/incoming/A/b")),
        Reply::Attributes(1, _, 6)
    ));
}

#[test]
fn a_size_is_set_only_on_an_open_upload() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "content");
    let size = |path: &str, size: u64| {
        [
            text(path),
            1_u32.to_be_bytes().to_vec(),
            size.to_be_bytes().to_vec(),
        ]
        .concat()
    };
    assert_eq!(
        client.code(9, &size("/incoming/A/a", 7)),
        OK,
        "it has that size"
    );
    assert_eq!(client.code(9, &size("/incoming/A/a", 3)), DENIED);
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(client.code(9, &size("/incoming/A/a", 3)), OK);
    let mut other = label.connect();
    assert_eq!(other.code(9, &size("/incoming/A/a", 1)), DENIED);
    client.close(&handle);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("con"));
}

#[test]
fn extensions_answer() {
    let label = Label::new();
    let mut client = label.connect();
    let Reply::Extended(limits) = client.ask(200, &text("limits@openssh.com")) else {
        panic!()
    };
    let numbers: Vec<u64> = limits
        .chunks(8)
        .map(|eight| u64::from_be_bytes(eight.try_into().unwrap()))
        .collect();
    assert_eq!(numbers, [262_144, 261_120, 261_120, 64]);
    let statvfs = [text("statvfs@openssh.com"), text("/incoming")].concat();
    assert!(matches!(client.ask(200, &statvfs), Reply::Extended(body) if body.len() == 88));
    let expand = [text("expand-path@openssh.com"), text("~/incoming")].concat();
    let Reply::Names(names) = client.ask(200, &expand) else {
        panic!()
    };
    assert_eq!(names[0].0, "/incoming");
    assert_eq!(client.code(200, &text("hardlink@openssh.com")), UNSUPPORTED);
    assert_eq!(client.code(77, &[]), UNSUPPORTED);
}

#[test]
fn a_large_folder_comes_in_pieces() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    for number in 0..250 {
        std::fs::write(label.at(&format!("incoming/A/{number:0>200}")), "x").unwrap();
    }
    assert_eq!(client.list("/incoming/A").len(), 250);
}

#[test]
fn handles_are_bounded() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let handles: Vec<_> = (0..64)
        .map(|_| client.open("/incoming/A/a", READ).unwrap())
        .collect();
    assert_eq!(client.open("/incoming/A/a", READ).unwrap_err().0, FAILURE);
    assert_eq!(client.close(&handles[0]), OK);
    assert!(client.open("/incoming/A/a", READ).is_ok());
}

#[test]
fn a_stream_without_sense_ends_the_channel() {
    let label = Label::new();
    let breaks = |bytes: &[u8]| matches!(label.connect().feed(bytes).0, Flow::Broken(_));
    assert!(breaks(&[0xff, 0xff, 0xff, 0xff]), "oversize");
    assert!(breaks(&[0, 0, 0, 0]), "empty");
    assert!(
        breaks(&packet(17, &[0, 0, 0, 1, 0, 0, 0, 99])),
        "string too long"
    );
    assert!(breaks(&packet(17, &[0])), "no number");
    assert!(
        breaks(&packet(kind::INIT, &3_u32.to_be_bytes())),
        "second INIT"
    );
    let mut fresh = label.connect().session;
    fresh = Session::new(
        Arc::clone(&fresh.tree),
        Arc::clone(&fresh.presence),
        Dialect::Plain,
        Arc::default(),
    );
    let mut client = Client {
        session: fresh,
        late: Vec::new(),
        next: 0,
        hold: false,
    };
    let (flow, out) = client.feed(&packet(16, &[vec![0; 4], text(".")].concat()));
    assert!(matches!(flow, Flow::Broken(_)), "before INIT");
    assert!(out.is_empty());
}

#[test]
fn requests_sent_in_one_go_mean_what_they_would_one_by_one() {
    let label = Label::new();
    let mut client = label.connect();
    let numbered = |id: u32, kind: u8, body: Vec<u8>| {
        packet(kind, &[id.to_be_bytes().to_vec(), body].concat())
    };
    let bytes = [
        numbered(1, 14, [text("/incoming/A"), vec![0; 4]].concat()),
        numbered(2, 18, [text("/incoming/A"), text("/incoming/B")].concat()),
        numbered(3, 17, text("/incoming/B")),
        numbered(4, 17, text("/incoming/A")),
    ]
    .concat();
    // Also when the network cuts them anywhere.
    let mut seen = Vec::new();
    for byte in bytes {
        seen.extend(client.send(&[byte]));
    }
    assert!(matches!(
        &seen[..],
        [
            (1, Reply::Status(OK, _)),
            (2, Reply::Status(OK, _)),
            (3, Reply::Attributes(..)),
            (4, Reply::Status(NO_SUCH_FILE, _)),
        ]
    ));
}

#[test]
fn events_are_told_after_the_fact() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    client.put("/incoming/A.tmp/a", "x");
    client.rename("/incoming/A.tmp", "/incoming/A");
    client.remove("/incoming/A/a");
    client.rmdir("/incoming/A");
    drop(client);
    let told: Vec<String> = label
        .events()
        .into_iter()
        .map(|event| match event {
            UploadEvent::Touched { folder, .. } => format!("~{folder}"),
            UploadEvent::Renamed { from, to, .. } => format!("{from}>{to}"),
            UploadEvent::Removed { folder, .. } => format!("-{folder}"),
            UploadEvent::SessionEnded { session, .. } => format!("end {session}"),
        })
        .collect();
    // mkdir, open, write, close; the first write is always told.
    let wanted = [
        "~A.tmp", "~A.tmp", "~A.tmp", "~A.tmp", "A.tmp>A", "~A", "-A", "end 1",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_server_about_to_stop_takes_no_new_uploads() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    label.draining.store(true, Ordering::Relaxed);
    assert_eq!(client.open("/incoming/A/b", PUT).unwrap_err().0, FAILURE);
    assert_eq!(client.write(&handle, 0, b"x"), OK);
    assert_eq!(client.close(&handle), OK);
}

#[test]
fn left_over_mirrors_of_claimed_folders_are_not_seen() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.mkdir("/incoming/A/resources");
    client.put("/incoming/A/resources/a", "x");
    // The claim: the folder is moved away by someone else.
    label.tree.fence().close("A").unwrap();
    std::fs::rename(label.at("incoming/A"), label.dir.path().join("claimed")).unwrap();
    label.tree.fence().open("A");
    assert!(client.list("/incoming").is_empty());
    assert_eq!(client.size("/incoming/A/resources/a"), Err(NO_SUCH_FILE));
    assert_eq!(client.put("/incoming/A/b", "x"), NO_SUCH_FILE);
    assert_eq!(client.mkdir("/incoming/A"), OK, "the name is free again");
    assert_eq!(client.put("/incoming/A/resources", "now a file"), OK);
    assert_eq!(client.remove("/incoming/A/resources"), OK);
    assert_eq!(client.rmdir("/incoming/A"), OK);
}
