//! A client of the daemon that speaks SFTP packet by packet, through `ssh -s`: what it sends, in which
//! order, and when it vanishes is its own.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the answer it wants; every other one fails it"
)]

use crate::kit::{Label, TestDaemon};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// Packet types of requests.
pub(crate) mod kind {
    pub(crate) const INIT: u8 = 1;
    pub(crate) const OPEN: u8 = 3;
    pub(crate) const CLOSE: u8 = 4;
    pub(crate) const READ: u8 = 5;
    pub(crate) const WRITE: u8 = 6;
    pub(crate) const LSTAT: u8 = 7;
    pub(crate) const FSTAT: u8 = 8;
    pub(crate) const SETSTAT: u8 = 9;
    pub(crate) const FSETSTAT: u8 = 10;
    pub(crate) const OPENDIR: u8 = 11;
    pub(crate) const READDIR: u8 = 12;
    pub(crate) const REMOVE: u8 = 13;
    pub(crate) const MKDIR: u8 = 14;
    pub(crate) const RMDIR: u8 = 15;
    pub(crate) const REALPATH: u8 = 16;
    pub(crate) const STAT: u8 = 17;
    pub(crate) const RENAME: u8 = 18;
    pub(crate) const EXTENDED: u8 = 200;
}

/// Flags of OPEN.
pub(crate) mod flag {
    pub(crate) const READ: u32 = 0x1;
    pub(crate) const WRITE: u32 = 0x2;
    pub(crate) const CREATE: u32 = 0x8;
    pub(crate) const TRUNCATE: u32 = 0x10;
    pub(crate) const EXCLUSIVE: u32 = 0x20;
    /// What most clients upload with.
    pub(crate) const PUT: u32 = WRITE | CREATE | TRUNCATE;
}

/// Status codes.
pub(crate) const OK: u32 = 0;
pub(crate) const EOF: u32 = 1;
pub(crate) const FAILURE: u32 = 4;

/// Bytes of one WRITE, as many clients send them.
const PIECE: usize = 32_768;

/// An answer, taken apart as far as tests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Status(u32, String),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    Names(Vec<String>),
    /// Size in bytes.
    Attributes(u64),
    /// Of another type.
    Other(u8),
}

/// A number of bytes and the bytes.
pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

/// A packet.
pub(crate) fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap();
    [&length.to_be_bytes()[..], &[kind], body].concat()
}

/// One SFTP session. Dropped, it is cut.
pub(crate) struct Raw {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    next: u32,
}

impl Raw {
    /// Logs in and greets.
    pub(crate) fn connect(daemon: &TestDaemon, label: &Label) -> Self {
        Self::by_way_of(daemon.port, daemon, label)
    }

    /// The same, through another port.
    pub(crate) fn by_way_of(port: u16, daemon: &TestDaemon, label: &Label) -> Self {
        let mut raw = Self::silent(port, daemon, label);
        raw.send(&packet(kind::INIT, &3_u32.to_be_bytes()));
        assert_eq!(raw.packet()[0], 2, "VERSION");
        raw
    }

    /// Logs in and says nothing yet.
    pub(crate) fn silent(port: u16, daemon: &TestDaemon, label: &Label) -> Self {
        // Ends whatever happens, so that a missing answer fails the test.
        let mut child = Command::new("timeout")
            .args(["--kill-after=5", "100", "ssh", "-p", &port.to_string()])
            .args(["-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-i"])
            .arg(&label.key)
            .args(daemon.ssh_options())
            .args(["-s", &format!("{}@127.0.0.1", label.name), "sftp"])
            .env_remove("SSH_AUTH_SOCK")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().unwrap(),
            child,
            next: 0,
        }
    }

    /// Sends bytes as they are; false when nobody takes them any more.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).and_then(|()| stdin.flush()).is_ok()
    }

    /// Sends a request and does not wait for its answer. Gives its number.
    pub(crate) fn begin(&mut self, kind: u8, fields: &[&[u8]]) -> u32 {
        self.next += 1;
        let bytes = self.request(kind, fields);
        assert!(self.send(&bytes), "the connection is gone");
        self.next
    }

    /// A request with the newest number, in bytes.
    pub(crate) fn request(&self, kind: u8, fields: &[&[u8]]) -> Vec<u8> {
        let number = self.next.to_be_bytes();
        packet(kind, &[&number[..], &fields.concat()].concat())
    }

    /// The next answer.
    pub(crate) fn answer(&mut self) -> (u32, Reply) {
        let packet = self.packet();
        let mut body = &packet[1..];
        let number = u32_of(&mut body);
        let reply = match packet[0] {
            101 => {
                let code = u32_of(&mut body);
                Reply::Status(code, String::from_utf8(string_of(&mut body)).unwrap())
            }
            102 => Reply::Handle(string_of(&mut body)),
            103 => Reply::Data(string_of(&mut body)),
            104 => Reply::Names(names_of(body)),
            105 => {
                assert!(u32_of(&mut body) & 1 == 1, "a size is told");
                Reply::Attributes(u64::from(u32_of(&mut body)) << 32 | u64::from(u32_of(&mut body)))
            }
            other => Reply::Other(other),
        };
        (number, reply)
    }

    /// A request and its answer.
    pub(crate) fn ask(&mut self, kind: u8, fields: &[&[u8]]) -> Reply {
        let sent = self.begin(kind, fields);
        let (number, reply) = self.answer();
        assert_eq!(number, sent, "the answer has the request's number");
        reply
    }

    /// A request that is answered by a status: code and words.
    pub(crate) fn status(&mut self, kind: u8, fields: &[&[u8]]) -> (u32, String) {
        match self.ask(kind, fields) {
            Reply::Status(code, words) => (code, words),
            other => panic!("not a status: {other:?}"),
        }
    }

    /// The same about a path; only the code.
    pub(crate) fn code(&mut self, kind: u8, path: &str) -> u32 {
        self.status(kind, &[&text(path)]).0
    }

    pub(crate) fn open(
        &mut self,
        path: impl AsRef<[u8]>,
        flags: u32,
    ) -> Result<Vec<u8>, (u32, String)> {
        match self.ask(kind::OPEN, &[&text(path), &flags.to_be_bytes(), &[0; 4]]) {
            Reply::Handle(handle) => Ok(handle),
            Reply::Status(code, words) => Err((code, words)),
            other => panic!("{other:?}"),
        }
    }

    /// Writes all of it from `offset` on, every piece before the first is answered.
    pub(crate) fn write(&mut self, handle: &[u8], offset: u64, bytes: &[u8]) {
        let pieces = bytes.chunks(PIECE).zip((offset..).step_by(PIECE));
        let sent: Vec<u32> = pieces
            .map(|(piece, at)| {
                self.begin(
                    kind::WRITE,
                    &[&text(handle), &at.to_be_bytes(), &text(piece)],
                )
            })
            .collect();
        for number in sent {
            let (answered, reply) = self.answer();
            assert_eq!(answered, number, "in order");
            assert!(matches!(reply, Reply::Status(OK, _)), "{reply:?}");
        }
    }

    pub(crate) fn close(&mut self, handle: &[u8]) -> u32 {
        self.status(kind::CLOSE, &[&text(handle)]).0
    }

    /// Uploads a file with those flags; the code of the CLOSE.
    pub(crate) fn put(&mut self, path: &str, flags: u32, content: &[u8]) -> u32 {
        let handle = self
            .open(path, flags)
            .unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"));
        self.write(&handle, 0, content);
        self.close(&handle)
    }

    pub(crate) fn mkdir(&mut self, path: impl AsRef<[u8]>) -> (u32, String) {
        self.status(kind::MKDIR, &[&text(path), &[0; 4]])
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> u32 {
        self.status(kind::RENAME, &[&text(from), &text(to)]).0
    }

    /// Sets times, as most clients do after an upload.
    pub(crate) fn set_times(&mut self, path: &str, seconds: u32) -> u32 {
        let (flags, time) = (8_u32.to_be_bytes(), seconds.to_be_bytes());
        self.status(kind::SETSTAT, &[&text(path), &flags, &time, &time])
            .0
    }

    /// Size by path; `None` when nothing is there.
    pub(crate) fn size(&mut self, path: &str) -> Option<u64> {
        match self.ask(kind::STAT, &[&text(path)]) {
            Reply::Attributes(size) => Some(size),
            _ => None,
        }
    }

    /// Names in a folder, without `.` and `..`, in order.
    pub(crate) fn list(&mut self, path: &str) -> Vec<String> {
        let Reply::Handle(handle) = self.ask(kind::OPENDIR, &[&text(path)]) else {
            panic!("{path} cannot be listed");
        };
        let mut names = Vec::new();
        loop {
            match self.ask(kind::READDIR, &[&text(&handle)]) {
                Reply::Names(some) => names.extend(some),
                Reply::Status(EOF, _) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(self.close(&handle), OK);
        names.retain(|name| name != "." && name != "..");
        names.sort();
        names
    }

    /// Vanishes without a word.
    pub(crate) fn cut(mut self) {
        self.kill();
    }

    /// Says that nothing more comes, and waits for the end.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.stdin = None;
        self.child.wait().unwrap()
    }

    fn kill(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            let group = rustix::process::Pid::from_child(&self.child);
            // It may have ended meanwhile.
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL)
                .unwrap_or_default();
            self.child.wait().unwrap();
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stdout.read_exact(&mut length).expect("an answer");
        let mut packet = vec![0; u32::from_be_bytes(length) as usize];
        self.stdout.read_exact(&mut packet).expect("a whole answer");
        packet
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.kill();
    }
}

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

fn names_of(mut body: &[u8]) -> Vec<String> {
    (0..u32_of(&mut body))
        .map(|_| {
            let name = String::from_utf8(string_of(&mut body)).unwrap();
            string_of(&mut body);
            // Attributes: none (REALPATH), or size, owner, mode and times.
            let flags = u32_of(&mut body);
            let length = [(1, 8), (2, 8), (4, 4), (8, 8)];
            let skipped: usize = length
                .iter()
                .filter(|(bit, _)| flags & bit != 0)
                .map(|(_, n)| n)
                .sum();
            body = &body[skipped..];
            name
        })
        .collect()
}
