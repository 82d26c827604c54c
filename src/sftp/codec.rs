//! SFTP version 3 in bytes: requests read from a packet's body, replies appended to a buffer.
//!
//! Names stay bytes here; whether they are acceptable is for `path`. Nothing here knows a file.
//! WRITE is not among the requests: its payload is not gathered, see `framing`.
//! Reference: draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for the extensions.

/// The only version spoken; clients that offer more (lftp offers 6) fall back to it.
pub(super) const VERSION: u32 = 3;

/// Longest packet taken, without its length field. `limits@openssh.com` says 256 KiB; the kibibyte
/// on top is for clients that count their header extra (`WS_FTP` sends 28 bytes more).
pub(super) const MAX_PACKET_BYTES: u32 = 256 * 1024 + 1024;
/// What `limits@openssh.com` states as longest packet.
const STATED_PACKET_BYTES: u64 = 256 * 1024;
/// Longest payload of one READ or WRITE; OpenSSH's client then moves this much at a time.
pub(super) const MAX_DATA_BYTES: u32 = 261_120;
/// Longest handle accepted in a request; ours are eight bytes, and OpenSSH's limit is this.
pub(super) const MAX_HANDLE_BYTES: usize = 256;

/// Packet types of the client.
pub(super) mod kind {
    pub(in crate::sftp) const INIT: u8 = 1;
    pub(in crate::sftp) const WRITE: u8 = 6;
    pub(super) const OPEN: u8 = 3;
    pub(super) const CLOSE: u8 = 4;
    pub(super) const READ: u8 = 5;
    pub(super) const LSTAT: u8 = 7;
    pub(super) const FSTAT: u8 = 8;
    pub(super) const SETSTAT: u8 = 9;
    pub(super) const FSETSTAT: u8 = 10;
    pub(super) const OPENDIR: u8 = 11;
    pub(super) const READDIR: u8 = 12;
    pub(super) const REMOVE: u8 = 13;
    pub(super) const MKDIR: u8 = 14;
    pub(super) const RMDIR: u8 = 15;
    pub(super) const REALPATH: u8 = 16;
    pub(super) const STAT: u8 = 17;
    pub(super) const RENAME: u8 = 18;
    pub(super) const READLINK: u8 = 19;
    pub(super) const SYMLINK: u8 = 20;
    pub(super) const EXTENDED: u8 = 200;
    // Packet types of the server.
    pub(super) const VERSION: u8 = 2;
    pub(super) const STATUS: u8 = 101;
    pub(super) const HANDLE: u8 = 102;
    pub(super) const DATA: u8 = 103;
    pub(super) const NAME: u8 = 104;
    pub(super) const ATTRS: u8 = 105;
    pub(super) const EXTENDED_REPLY: u8 = 201;
}

/// Status codes that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Status {
    /// Done.
    Ok = 0,
    /// Nothing more to read.
    Eof = 1,
    /// The thing is not there; curl's `--ftp-create-dirs` needs exactly this.
    NoSuchFile = 2,
    /// Not allowed.
    PermissionDenied = 3,
    /// Did not work.
    Failure = 4,
    /// Not offered.
    OpUnsupported = 8,
}

/// The packet does not hold what its type says. The stream cannot be trusted after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Takes values from the front of a packet's body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A big-endian number of four bytes.
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*head))
    }

    /// A big-endian number of eight bytes.
    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        let (head, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*head))
    }

    /// Bytes with their length in front.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()? as usize;
        let (head, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(head)
    }

    fn attributes(&mut self) -> Result<Attributes, Malformed> {
        let flags = self.u32()?;
        let mut attributes = Attributes::default();
        if flags & attribute::SIZE != 0 {
            attributes.size = Some(self.u64()?);
        }
        if flags & attribute::OWNER != 0 {
            self.u64()?;
        }
        if flags & attribute::PERMISSIONS != 0 {
            self.u32()?;
        }
        if flags & attribute::TIMES != 0 {
            attributes.times = Some((self.u32()?, self.u32()?));
        }
        if flags & attribute::EXTENDED != 0 {
            for _ in 0..self.u32()? {
                self.string()?;
                self.string()?;
            }
        }
        Ok(attributes)
    }
}

/// Flags that say which attributes follow.
mod attribute {
    pub(super) const SIZE: u32 = 0x1;
    pub(super) const OWNER: u32 = 0x2;
    pub(super) const PERMISSIONS: u32 = 0x4;
    pub(super) const TIMES: u32 = 0x8;
    pub(super) const EXTENDED: u32 = 0x8000_0000;
}

/// Attributes of a request, as far as we heed them. Owner and permissions are read over: files
/// here have one owner and fixed modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// Size in bytes.
    pub(super) size: Option<u64>,
    /// Access and modification time, seconds since 1970.
    pub(super) times: Option<(u32, u32)>,
}

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the protocol's flags"
)]
pub(super) struct OpenFlags {
    /// For reading.
    pub(super) read: bool,
    /// For writing.
    pub(super) write: bool,
    /// Every write goes to the end.
    pub(super) append: bool,
    /// Made if it is not there.
    pub(super) create: bool,
    /// Emptied if it is there.
    pub(super) truncate: bool,
    /// Refused if it is there.
    pub(super) exclusive: bool,
}

impl OpenFlags {
    fn from_bits(bits: u32) -> Self {
        let has = |bit: u32| bits & bit != 0;
        Self {
            read: has(0x1) || !has(0x2 | 0x4),
            write: has(0x2 | 0x4),
            append: has(0x4),
            create: has(0x8),
            truncate: has(0x10),
            exclusive: has(0x20),
        }
    }
}

/// One request, its number apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Open {
        path: &'a [u8],
        flags: OpenFlags,
        attributes: Attributes,
    },
    Close {
        handle: &'a [u8],
    },
    Read {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Stat {
        path: &'a [u8],
    },
    Fstat {
        handle: &'a [u8],
    },
    Setstat {
        path: &'a [u8],
        attributes: Attributes,
    },
    Fsetstat {
        handle: &'a [u8],
        attributes: Attributes,
    },
    Opendir {
        path: &'a [u8],
    },
    Readdir {
        handle: &'a [u8],
    },
    Remove {
        path: &'a [u8],
    },
    Mkdir {
        path: &'a [u8],
    },
    Rmdir {
        path: &'a [u8],
    },
    Realpath {
        path: &'a [u8],
    },
    /// `replace` is true for `posix-rename@openssh.com`.
    Rename {
        from: &'a [u8],
        to: &'a [u8],
        replace: bool,
    },
    Fsync {
        handle: &'a [u8],
    },
    Statvfs {
        path: &'a [u8],
    },
    Fstatvfs {
        handle: &'a [u8],
    },
    Limits,
    ExpandPath {
        path: &'a [u8],
    },
    /// READLINK and SYMLINK: there are no links here.
    Link,
    /// A type or extension that we do not offer.
    Unknown,
}

impl Request<'_> {
    /// The path that is asked for, for the log; of a RENAME the one that is there.
    pub(super) fn path(&self) -> Option<&[u8]> {
        match self {
            Self::Open { path, .. }
            | Self::Stat { path }
            | Self::Setstat { path, .. }
            | Self::Opendir { path }
            | Self::Remove { path }
            | Self::Mkdir { path }
            | Self::Rmdir { path }
            | Self::Realpath { path }
            | Self::Statvfs { path }
            | Self::ExpandPath { path }
            | Self::Rename { from: path, .. } => Some(path),
            Self::Close { .. }
            | Self::Read { .. }
            | Self::Fstat { .. }
            | Self::Fsetstat { .. }
            | Self::Readdir { .. }
            | Self::Fsync { .. }
            | Self::Fstatvfs { .. }
            | Self::Limits
            | Self::Link
            | Self::Unknown => None,
        }
    }
}

/// Reads a request: its number, and what is asked. Bytes after the last field are ignored, as
/// OpenSSH does. INIT and WRITE are not read here.
pub(super) fn request(kind: u8, body: &[u8]) -> Result<(u32, Request<'_>), Malformed> {
    let mut reader = Reader::new(body);
    let id = reader.u32()?;
    let r = &mut reader;
    let request = match kind {
        kind::OPEN => Request::Open {
            path: r.string()?,
            flags: OpenFlags::from_bits(r.u32()?),
            attributes: r.attributes()?,
        },
        kind::CLOSE => Request::Close {
            handle: r.string()?,
        },
        kind::READ => Request::Read {
            handle: r.string()?,
            offset: r.u64()?,
            length: r.u32()?,
        },
        kind::LSTAT | kind::STAT => Request::Stat { path: r.string()? },
        kind::FSTAT => Request::Fstat {
            handle: r.string()?,
        },
        kind::SETSTAT => Request::Setstat {
            path: r.string()?,
            attributes: r.attributes()?,
        },
        kind::FSETSTAT => Request::Fsetstat {
            handle: r.string()?,
            attributes: r.attributes()?,
        },
        kind::OPENDIR => Request::Opendir { path: r.string()? },
        kind::READDIR => Request::Readdir {
            handle: r.string()?,
        },
        kind::REMOVE => Request::Remove { path: r.string()? },
        kind::MKDIR => Request::Mkdir { path: r.string()? },
        kind::RMDIR => Request::Rmdir { path: r.string()? },
        kind::REALPATH => Request::Realpath { path: r.string()? },
        kind::RENAME => Request::Rename {
            from: r.string()?,
            to: r.string()?,
            replace: false,
        },
        kind::READLINK | kind::SYMLINK => Request::Link,
        kind::EXTENDED => extension(r)?,
        _ => Request::Unknown,
    };
    Ok((id, request))
}

fn extension<'a>(r: &mut Reader<'a>) -> Result<Request<'a>, Malformed> {
    Ok(match r.string()? {
        b"posix-rename@openssh.com" => Request::Rename {
            from: r.string()?,
            to: r.string()?,
            replace: true,
        },
        b"fsync@openssh.com" => Request::Fsync {
            handle: r.string()?,
        },
        b"statvfs@openssh.com" => Request::Statvfs { path: r.string()? },
        b"fstatvfs@openssh.com" => Request::Fstatvfs {
            handle: r.string()?,
        },
        b"limits@openssh.com" => Request::Limits,
        b"lsetstat@openssh.com" => Request::Setstat {
            path: r.string()?,
            attributes: r.attributes()?,
        },
        b"expand-path@openssh.com" => Request::ExpandPath { path: r.string()? },
        _ => Request::Unknown,
    })
}

/// Extensions named in our VERSION packet, with their versions.
const EXTENSIONS: &[(&str, &str)] = &[
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
];

/// What a file or folder looks like to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// A folder, else a regular file; there is nothing else.
    pub(super) folder: bool,
    /// Whether the client may change it; shown in the mode.
    pub(super) writable: bool,
    /// Size in bytes.
    pub(super) size: u64,
    /// Last access, seconds since 1970.
    pub(super) accessed: u32,
    /// Last change of the content, seconds since 1970.
    pub(super) modified: u32,
}

impl Entry {
    /// The mode with type bits: clients (`get -r`, mirrors) tell folders by them.
    fn mode(self) -> u32 {
        match (self.folder, self.writable) {
            (true, true) => 0o040_750,
            (true, false) => 0o040_550,
            (false, true) => 0o100_640,
            (false, false) => 0o100_440,
        }
    }

    /// The line of `ls -l`. Always with the year, because no clock is read here.
    fn long_name(self, name: &str) -> String {
        let mode = match (self.folder, self.writable) {
            (true, true) => "drwxr-x---",
            (true, false) => "dr-xr-x---",
            (false, true) => "-rw-r-----",
            (false, false) => "-r--r-----",
        };
        let date = jiff::Timestamp::from_second(i64::from(self.modified))
            .map(|time| time.strftime("%b %e  %Y").to_string())
            .unwrap_or_default();
        format!(
            "{mode}    1 label    label    {:>12} {date} {name}",
            self.size
        )
    }
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Texts of ours are far shorter than 4 GiB; were one not, the length would be cut, not wrapped.
fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    put_u32(out, length);
    out.extend_from_slice(bytes);
}

fn put_attributes(out: &mut Vec<u8>, entry: Entry) {
    use attribute::{OWNER, PERMISSIONS, SIZE, TIMES};
    put_u32(out, SIZE | OWNER | PERMISSIONS | TIMES);
    put_u64(out, entry.size);
    put_u32(out, 0);
    put_u32(out, 0);
    put_u32(out, entry.mode());
    put_u32(out, entry.accessed);
    put_u32(out, entry.modified);
}

/// Appends one packet: length, type, what `body` writes.
fn packet(out: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    put_u32(out, 0);
    out.push(kind);
    body(out);
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// VERSION: the answer to INIT.
pub(super) fn reply_version(out: &mut Vec<u8>) {
    packet(out, kind::VERSION, |out| {
        put_u32(out, VERSION);
        for (name, version) in EXTENSIONS {
            put_string(out, name.as_bytes());
            put_string(out, version.as_bytes());
        }
    });
}

/// STATUS.
pub(super) fn reply_status(out: &mut Vec<u8>, id: u32, status: Status, text: &str) {
    packet(out, kind::STATUS, |out| {
        put_u32(out, id);
        put_u32(out, status as u32);
        put_string(out, text.as_bytes());
        put_string(out, b"en");
    });
}

/// HANDLE.
pub(super) fn reply_handle(out: &mut Vec<u8>, id: u32, handle: &[u8]) {
    packet(out, kind::HANDLE, |out| {
        put_u32(out, id);
        put_string(out, handle);
    });
}

/// ATTRS.
pub(super) fn reply_attributes(out: &mut Vec<u8>, id: u32, entry: Entry) {
    packet(out, kind::ATTRS, |out| {
        put_u32(out, id);
        put_attributes(out, entry);
    });
}

/// DATA, or nothing written when `read` reads nothing or fails. `read` fills the front of a buffer
/// of `length` bytes and says how much; the bytes go from the file into the reply without a copy
/// between.
pub(super) fn reply_data<E>(
    out: &mut Vec<u8>,
    id: u32,
    length: usize,
    read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<usize, E> {
    let start = out.len();
    let mut outcome = Ok(0);
    packet(out, kind::DATA, |out| {
        put_u32(out, id);
        let length_at = out.len();
        put_u32(out, 0);
        let data_at = out.len();
        out.resize(data_at + length, 0);
        outcome = read(out.get_mut(data_at..).unwrap_or_default());
        let count = *outcome.as_ref().unwrap_or(&0);
        out.truncate(data_at + count);
        let stated = u32::try_from(count).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(length_at..data_at) {
            place.copy_from_slice(&stated.to_be_bytes());
        }
    });
    if !matches!(outcome, Ok(count) if count > 0) {
        out.truncate(start);
    }
    outcome
}

/// NAME with one path and no attributes: the answer to REALPATH.
pub(super) fn reply_path(out: &mut Vec<u8>, id: u32, path: &str) {
    packet(out, kind::NAME, |out| {
        put_u32(out, id);
        put_u32(out, 1);
        put_string(out, path.as_bytes());
        put_string(out, path.as_bytes());
        put_u32(out, 0);
    });
}

/// NAME with entries of a folder, full attributes each.
pub(super) fn reply_entries(out: &mut Vec<u8>, id: u32, entries: &[(String, Entry)]) {
    packet(out, kind::NAME, |out| {
        put_u32(out, id);
        put_u32(out, u32::try_from(entries.len()).unwrap_or(u32::MAX));
        for (name, entry) in entries {
            put_string(out, name.as_bytes());
            put_string(out, entry.long_name(name).as_bytes());
            put_attributes(out, *entry);
        }
    });
}

/// `EXTENDED_REPLY` of numbers: `limits@openssh.com` and `statvfs@openssh.com` answer so.
pub(super) fn reply_numbers(out: &mut Vec<u8>, id: u32, numbers: &[u64]) {
    packet(out, kind::EXTENDED_REPLY, |out| {
        put_u32(out, id);
        for number in numbers {
            put_u64(out, *number);
        }
    });
}

/// The answer to `limits@openssh.com`.
pub(super) fn reply_limits(out: &mut Vec<u8>, id: u32, handles: usize) {
    let data = u64::from(MAX_DATA_BYTES);
    reply_numbers(out, id, &[STATED_PACKET_BYTES, data, data, handles as u64]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_string(&mut out, bytes);
        out
    }

    #[test]
    fn an_open_is_read_with_its_flags_and_extended_attributes() {
        let mut body = 7_u32.to_be_bytes().to_vec();
        body.extend(string(b"/incoming/a/b.wav"));
        body.extend(0x1a_u32.to_be_bytes());
        body.extend((0x8000_000c_u32).to_be_bytes());
        body.extend(0o100_600_u32.to_be_bytes());
        body.extend(1_u32.to_be_bytes());
        body.extend(2_u32.to_be_bytes());
        body.extend(1_u32.to_be_bytes());
        body.extend(string(b"x@y"));
        body.extend(string(b"z"));
        let (id, request) = request(kind::OPEN, &body).unwrap();
        assert_eq!(id, 7);
        let Request::Open {
            path,
            flags,
            attributes,
        } = request
        else {
            panic!("{request:?}")
        };
        assert_eq!(path, b"/incoming/a/b.wav");
        assert!(flags.write && flags.create && flags.truncate && !flags.read && !flags.append);
        assert_eq!(attributes.times, Some((1, 2)));
    }

    #[test]
    fn a_string_longer_than_its_packet_is_malformed() {
        let mut body = 7_u32.to_be_bytes().to_vec();
        body.extend(100_u32.to_be_bytes());
        body.extend(b"short");
        assert_eq!(request(kind::STAT, &body), Err(Malformed));
        assert_eq!(request(kind::STAT, b"abc"), Err(Malformed));
    }

    #[test]
    fn unknown_types_keep_their_number() {
        let body = 9_u32.to_be_bytes();
        assert_eq!(request(150, &body), Ok((9, Request::Unknown)));
        let mut body = body.to_vec();
        body.extend(string(b"hardlink@openssh.com"));
        assert_eq!(request(kind::EXTENDED, &body), Ok((9, Request::Unknown)));
    }

    #[test]
    fn modes_carry_the_type() {
        let entry = Entry {
            folder: true,
            writable: true,
            size: 4096,
            accessed: 0,
            modified: 86_400,
        };
        assert_eq!(entry.mode() & 0o170_000, 0o040_000);
        assert!(entry.long_name("a").starts_with("drwxr-x---"));
        assert!(
            entry.long_name("a b").ends_with(" Jan  2  1970 a b"),
            "{}",
            entry.long_name("a b")
        );
    }

    #[test]
    fn a_read_that_fails_leaves_no_half_reply() {
        let mut out = vec![1, 2, 3];
        assert_eq!(
            reply_data(&mut out, 1, 100, |_| Err("broken")),
            Err("broken")
        );
        assert_eq!(out, [1, 2, 3]);
        assert_eq!(reply_data::<()>(&mut out, 1, 100, |_| Ok(0)), Ok(0));
        assert_eq!(out, [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_fail_badly(kind: u8, body: Vec<u8>) {
            if let Ok((id, _)) = request(kind, &body) {
                prop_assert_eq!(&id.to_be_bytes()[..], &body[..4]);
            }
        }
    }
}
