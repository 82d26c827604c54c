//! A DSP's SFTP server: the few operations of `remote` over `russh-sftp`'s raw client.
//!
//! The raw session is used, not the comfortable one, for three things: several writes under way
//! at once with their own status codes, `posix-rename@openssh.com`, and time-outs that count from
//! the last sign of progress instead of from each request's start (2 MiB in flight over a thin
//! line take longer than any sensible time-out of one request).

use super::remote::{self, Content, Kind, REFUSED, Seen};
use super::source::{self, Source};
use super::ssh::{self, Guard};
use super::trip::Throttle;
use crate::domain::dsp::DspProfile;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use russh::client::Handle;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::rawsession::{Limits, SftpResult};
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::extensions;
use russh_sftp::protocol::{FileAttributes, FileType, OpenFlags, Packet, Status, StatusCode};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Bytes of one WRITE. Every server takes 32 KiB; the draft promises no more.
const WRITE_BYTES: usize = 32 * 1024;

/// Bytes of one WRITE to a server that says that it takes as much (`limits@openssh.com`), as OpenSSH's
/// own client has it. An eighth of the requests is an eighth of the work around them.
const LARGE_WRITE_BYTES: usize = 255 * 1024;

/// Bytes under way at once. OpenSSH's window is 2 MiB; the rest waits here, so that the line never does.
const BYTES_IN_FLIGHT: usize = 4 << 20;

/// Bytes read from the spool at a time, about.
const READ_BYTES: usize = 1 << 20;

/// Bytes of one READ, which every server gives.
const READ_AT_ONCE: u32 = 32 * 1024;

/// russh-sftp's own time-out of a request, in seconds; ours are tighter and smarter.
const NEVER_SECONDS: u64 = 7 * 24 * 3600;

/// Names in one directory beyond which we do not believe a server.
const LISTING_NAMES: usize = 200_000;

/// Name of the request, and what a server calls the extension (draft-ietf-secsh-filexfer-extensions-00,
/// section 3).
const CHECK_FILE: &str = "check-file-name";
const CHECKS_FILES: [&str; 2] = ["check-file", CHECK_FILE];

/// Bytes a second that a DSP reads and hashes at least.
const HASHED_PER_SECOND: u64 = 10 << 20;

/// Code of the fault for a name that is not there.
const VANISHED: &str = "dsp_vanished";

const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// A session at a DSP.
pub(super) struct Sftp {
    raw: RawSftpSession,
    /// The connection lives as long as this.
    connection: Handle<Guard>,
    name: String,
    address: String,
    directory: String,
    timeout: Duration,
    posix_rename: bool,
    fsync: bool,
    check_file: bool,
    /// Bytes of one WRITE.
    write_bytes: usize,
    throttle: Option<Arc<Throttle>>,
}

type Write<'a> = Pin<Box<dyn Future<Output = SftpResult<Status>> + Send + 'a>>;

impl Sftp {
    /// Connects, logs in, and agrees on the protocol.
    pub(super) async fn open(
        profile: &DspProfile,
        throttle: Option<Arc<Throttle>>,
    ) -> Result<Self, Fault> {
        let connection = ssh::connect(profile).await?;
        let config = Config {
            request_timeout_secs: NEVER_SECONDS,
            ..Config::default()
        };
        let raw = RawSftpSession::new_with_config(connection.channel.into_stream(), config);
        let mut session = Self {
            raw,
            connection: connection.handle,
            name: profile.name.clone(),
            address: connection.address,
            directory: profile.directory.trim_end_matches('/').to_owned(),
            timeout: connection.timeout,
            posix_rename: false,
            fsync: false,
            check_file: false,
            write_bytes: WRITE_BYTES,
            throttle,
        };
        if session.directory.is_empty() && !profile.directory.is_empty() {
            "/".clone_into(&mut session.directory);
        }
        let version = session.timed("begin SFTP", "", session.raw.init()).await?;
        let offers = |name: &str| version.extensions.contains_key(name);
        session.posix_rename = offers(POSIX_RENAME);
        session.fsync = offers(extensions::FSYNC);
        session.check_file = CHECKS_FILES.iter().any(|name| offers(name));
        if offers(extensions::LIMITS)
            && let Ok(limits) = session
                .timed("ask for limits", "", session.raw.limits())
                .await
        {
            let limits = Limits::from(limits);
            let most = |bytes: Option<u64>| bytes.and_then(|bytes| usize::try_from(bytes).ok());
            let packet = most(limits.packet_len).unwrap_or(usize::MAX);
            session.write_bytes = most(limits.write_len)
                .unwrap_or(WRITE_BYTES)
                // The rest of a WRITE: handle, offset, lengths.
                .min(packet.saturating_sub(1024))
                .clamp(1, LARGE_WRITE_BYTES);
            session.raw.set_limits(limits);
        }
        Ok(session)
    }

    pub(super) async fn close(self) {
        let Self {
            raw,
            connection,
            timeout,
            ..
        } = self;
        drop(raw);
        let goodbye = connection.disconnect(russh::Disconnect::ByApplication, "done", "en");
        if !matches!(tokio::time::timeout(timeout, goodbye).await, Ok(Ok(()))) {
            tracing::debug!("the connection was gone before it was closed");
        }
    }

    pub(super) fn location(&self, path: &str) -> String {
        let at = self.at(path);
        let slash = if at.starts_with('/') { "" } else { "/" };
        format!("sftp://{}{slash}{at}", self.address)
    }

    /// `path` is plain; the directory is the operator's own.
    fn at(&self, path: &str) -> String {
        match (self.directory.as_str(), path) {
            ("", "") => ".".to_owned(),
            ("", path) => path.to_owned(),
            (directory, "") => directory.to_owned(),
            ("/", path) => format!("/{path}"),
            (directory, path) => format!("{directory}/{path}"),
        }
    }

    pub(super) async fn look(&self, path: &str) -> Result<Option<Seen>, Fault> {
        let at = self.at(path);
        // The directory itself may be a link, by the DSP's choice.
        let answer = if path.is_empty() {
            self.answer("look at", self.raw.stat(at)).await?
        } else {
            self.answer("look at", self.raw.lstat(at)).await?
        };
        match answer {
            Ok(found) => Ok(Some(seen(last_part(path), "", &found.attrs))),
            Err(error) if is_status(&error, StatusCode::NoSuchFile) => Ok(None),
            Err(error) => Err(self.fault(&error, "look at", path)),
        }
    }

    pub(super) async fn list(&self, path: &str) -> Result<Option<Vec<Seen>>, Fault> {
        let handle = match self.answer("list", self.raw.opendir(self.at(path))).await? {
            Ok(opened) => opened.handle,
            Err(error) if is_status(&error, StatusCode::NoSuchFile) => return Ok(None),
            Err(error) => return Err(self.fault(&error, "list", path)),
        };
        let mut all = Vec::new();
        loop {
            match self
                .answer("list", self.raw.readdir(handle.clone()))
                .await?
            {
                Ok(names) if names.files.is_empty() => break,
                Ok(names) => all.extend(
                    names
                        .files
                        .iter()
                        .filter(|file| file.filename != "." && file.filename != "..")
                        .map(|file| seen(&file.filename, &file.longname, &file.attrs)),
                ),
                Err(error) if is_status(&error, StatusCode::Eof) => break,
                Err(error) => return Err(self.fault(&error, "list", path)),
            }
            if all.len() > LISTING_NAMES {
                return Err(Fault::permanent(
                    "listing_odd",
                    format!("{} lists no end of names in {path:?}.", self.name),
                ));
            }
        }
        self.timed("list", path, self.raw.close(handle)).await?;
        Ok(Some(all))
    }

    pub(super) async fn make_folder(&self, path: &str) -> Result<(), Fault> {
        let made = self
            .answer(
                "make the folder",
                self.raw.mkdir(self.at(path), FileAttributes::empty()),
            )
            .await?;
        let Err(error) = made else { return Ok(()) };
        // SFTP 3 has no status for "is there already".
        match self.look(path).await? {
            Some(there) if there.kind == Kind::Folder => Ok(()),
            Some(_) | None => Err(self.fault(&error, "make the folder", path)),
        }
    }

    pub(super) async fn put(&self, path: &str, cargo: &Cargo) -> Result<(), Fault> {
        let source = source::open(cargo).await?;
        let handle = self.create(path).await?;
        let sent = self.stream(&handle, path, source, cargo).await;
        if sent.as_ref().is_err_and(Fault::is_transient) {
            return sent;
        }
        // Also after a damaged spool file: what is open cannot be removed everywhere.
        let closed = self.finish(handle, path).await;
        sent.and(closed)?;
        self.has_size(path, cargo.size).await
    }

    pub(super) async fn put_bytes(&self, path: &str, content: &[u8]) -> Result<(), Fault> {
        let handle = self.create(path).await?;
        let mut offset = 0;
        for piece in content.chunks(self.write_bytes) {
            let write = self.raw.write(handle.clone(), offset, piece.to_vec());
            self.timed("write", path, write).await?;
            offset += piece.len() as u64;
        }
        self.finish(handle, path).await?;
        self.has_size(path, offset).await
    }

    pub(super) async fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Fault> {
        let open = self
            .raw
            .open(self.at(path), OpenFlags::READ, FileAttributes::empty());
        let handle = self.timed("read", path, open).await?.handle;
        let mut content = Vec::new();
        loop {
            let at = content.len() as u64;
            let read = self.raw.read(handle.clone(), at, READ_AT_ONCE);
            match self.answer("read", read).await? {
                Ok(data) if data.data.is_empty() => break,
                Ok(data) => content.extend_from_slice(&data.data),
                Err(error) if is_status(&error, StatusCode::Eof) => break,
                Err(error) => return Err(self.fault(&error, "read", path)),
            }
            if content.len() as u64 > most {
                return Err(Fault::permanent(
                    "listing_odd",
                    format!("{} has more than {most} bytes in {path:?}.", self.name),
                ));
            }
        }
        self.timed("read", path, self.raw.close(handle)).await?;
        Ok(content)
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<(), Fault> {
        let plain = self
            .answer("rename", self.raw.rename(self.at(from), self.at(to)))
            .await?;
        let Err(error) = plain else { return Ok(()) };
        // Plain RENAME never replaces; POSIX rename does, so it is only for servers that know no
        // other, and only onto a name that is free.
        let says_no =
            is_status(&error, StatusCode::Failure) || is_status(&error, StatusCode::OpUnsupported);
        if says_no && self.posix_rename && self.look(to).await?.is_none() {
            let mut names = Vec::new();
            push_text(&mut names, &self.at(from));
            push_text(&mut names, &self.at(to));
            let answer = self
                .answer("rename", self.raw.extended(POSIX_RENAME, names))
                .await?;
            return match answer {
                Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
                Ok(Packet::Status(status)) => {
                    Err(self.fault(&SftpError::Status(status), "rename", from))
                }
                Ok(_) => Err(self.fault(&SftpError::UnexpectedPacket, "rename", from)),
                Err(error) => Err(self.fault(&error, "rename", from)),
            };
        }
        Err(self.fault(&error, "rename", from))
    }

    pub(super) async fn remove_file(&self, path: &str) -> Result<(), Fault> {
        self.timed("remove", path, self.raw.remove(self.at(path)))
            .await
            .map(drop)
    }

    pub(super) async fn remove_folder(&self, path: &str) -> Result<(), Fault> {
        self.timed("remove the folder", path, self.raw.rmdir(self.at(path)))
            .await
            .map(drop)
    }

    async fn create(&self, path: &str) -> Result<String, Fault> {
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let open = self.raw.open(self.at(path), flags, FileAttributes::empty());
        self.timed("write", path, open)
            .await
            .map(|opened| opened.handle)
    }

    /// Sends the source with several writes under way, which leave in the order of their offsets.
    /// While one piece of it is sent, the next is read and hashed.
    async fn stream(
        &self,
        handle: &str,
        path: &str,
        source: Source,
        cargo: &Cargo,
    ) -> Result<(), Fault> {
        let room = READ_BYTES.next_multiple_of(self.write_bytes);
        let mut flight: VecDeque<Write<'_>> = VecDeque::new();
        let mut offset = 0;
        let mut reading = source::begin(source, vec![0; room], cargo);
        let mut spare = vec![0; room];
        loop {
            let (source, buffer, count) = source::filled(reading).await?;
            if let Some(throttle) = &self.throttle {
                tokio::time::sleep(throttle.book(count, Instant::now())).await;
            }
            let content = buffer.get(..count).unwrap_or_default();
            if count < room {
                self.write_behind(handle, path, content, &mut offset, &mut flight)
                    .await?;
                while let Some(oldest) = flight.pop_front() {
                    self.timed("write", path, oldest).await?;
                }
                return source.vouch(cargo);
            }
            reading = source::begin(source, spare, cargo);
            self.write_behind(handle, path, content, &mut offset, &mut flight)
                .await?;
            spare = buffer;
        }
    }

    /// Puts writes on their way, and waits only where too many are.
    async fn write_behind<'a>(
        &'a self,
        handle: &str,
        path: &str,
        content: &[u8],
        offset: &mut u64,
        flight: &mut VecDeque<Write<'a>>,
    ) -> Result<(), Fault> {
        let most = (BYTES_IN_FLIGHT / self.write_bytes).max(1);
        for piece in content.chunks(self.write_bytes) {
            if flight.len() >= most
                && let Some(oldest) = flight.pop_front()
            {
                self.timed("write", path, oldest).await?;
            }
            let mut write: Write<'a> =
                Box::pin(self.raw.write(handle.to_owned(), *offset, piece.to_vec()));
            // The first poll puts the request on its way; without it the requests would leave
            // only when each is waited for.
            match std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await {
                Poll::Ready(done) => {
                    done.map_err(|error| self.fault(&error, "write", path))?;
                }
                Poll::Pending => flight.push_back(write),
            }
            *offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Flushes, where the server can, and closes.
    async fn finish(&self, handle: String, path: &str) -> Result<(), Fault> {
        if self.fsync {
            self.timed("flush", path, self.raw.fsync(handle.clone()))
                .await?;
        }
        self.timed("close", path, self.raw.close(handle))
            .await
            .map(drop)
    }

    /// Whether the file at `path`, whose size is right, has the content of `cargo`. A server that
    /// hashes files is asked. At others a message or a small file is read back; of a large one the
    /// size has to do, because reading it costs as much as sending it again.
    pub(super) async fn holds(&self, path: &str, cargo: &Cargo) -> Result<Content, Fault> {
        let found = match self.hash_there(path, cargo).await? {
            Some(hash) => hash,
            None if !remote::is_read_back(cargo) => return Ok(Content::Same),
            None => match self.read(path, cargo.size).await {
                Ok(content) => hex::encode(Sha256::digest(&content)),
                Err(fault) if is_answer(&fault) => return Ok(Content::Unread),
                Err(fault) => return Err(fault),
            },
        };
        Ok(if found == cargo.sha256.to_ascii_lowercase() {
            Content::Same
        } else {
            Content::Other
        })
    }

    /// The SHA-256 that the server says a file has; `None` where it cannot, or not for this file.
    async fn hash_there(&self, path: &str, cargo: &Cargo) -> Result<Option<String>, Fault> {
        if !self.check_file {
            return Ok(None);
        }
        let mut question = Vec::new();
        push_text(&mut question, &self.at(path));
        push_text(&mut question, "sha256");
        // From the first byte to the last, in one block.
        question.extend_from_slice(&[0; 8 + 8 + 4]);
        let patience = self.timeout + Duration::from_secs(cargo.size / HASHED_PER_SECOND);
        let asked = self.raw.extended(CHECK_FILE, question);
        match tokio::time::timeout(patience, asked).await {
            Ok(Ok(Packet::ExtendedReply(reply))) => Ok(sha256_in(&reply.data).map(hex::encode)),
            Ok(Ok(_) | Err(SftpError::Status(_))) => Ok(None),
            Ok(Err(error)) => Err(self.fault(&error, "check", path)),
            Err(_) => Err(Fault::transient(
                "dsp_timeout",
                format!(
                    "{} ({}) did not say within {} s what {path:?} holds.",
                    self.name,
                    self.address,
                    patience.as_secs()
                ),
            )),
        }
    }

    async fn has_size(&self, path: &str, expected: u64) -> Result<(), Fault> {
        let found = self.look(path).await?.map(|there| there.size);
        if found == Some(expected) {
            return Ok(());
        }
        Err(Fault::transient(
            "verification_failed",
            format!(
                "{} says that {path:?} has {found:?} bytes after {expected} were sent and acknowledged.",
                self.name
            ),
        ))
    }

    /// Waits for an answer, but not for ever. The inner result is the server's.
    async fn answer<T>(
        &self,
        doing: &str,
        request: impl Future<Output = SftpResult<T>>,
    ) -> Result<SftpResult<T>, Fault> {
        tokio::time::timeout(self.timeout, request)
            .await
            .map_err(|_| {
                Fault::transient(
                    "dsp_timeout",
                    format!(
                        "{} ({}) did not answer within {} s while we tried to {doing}.",
                        self.name,
                        self.address,
                        self.timeout.as_secs()
                    ),
                )
            })
    }

    /// The same for requests whose refusal is a plain failure.
    async fn timed<T>(
        &self,
        doing: &str,
        path: &str,
        request: impl Future<Output = SftpResult<T>>,
    ) -> Result<T, Fault> {
        self.answer(doing, request)
            .await?
            .map_err(|error| self.fault(&error, doing, path))
    }

    fn fault(&self, error: &SftpError, doing: &str, path: &str) -> Fault {
        let whose = &self.name;
        let at = self.at(path);
        match error {
            SftpError::Status(status) => {
                // The server's own words: kept, escaped, cut.
                let said: String = status.error_message.chars().take(200).collect();
                let what = format!(
                    "{whose} refused to {doing} {at:?}: {} ({said:?}).",
                    status.status_code
                );
                match status.status_code {
                    StatusCode::PermissionDenied => Fault::permanent(
                        "permission_denied",
                        format!(
                            "{what} Ask them to let the account write there, then retry the push."
                        ),
                    ),
                    StatusCode::OpUnsupported => Fault::permanent(
                        "dsp_unsupported",
                        format!("{what} Their server cannot do what a safe push needs."),
                    ),
                    StatusCode::Failure => Fault::transient(
                        REFUSED,
                        format!(
                            "{what} SFTP gives no reason; a full disk or quota is the most usual."
                        ),
                    ),
                    StatusCode::NoSuchFile => Fault::transient(VANISHED, what),
                    StatusCode::Ok
                    | StatusCode::Eof
                    | StatusCode::BadMessage
                    | StatusCode::NoConnection
                    | StatusCode::ConnectionLost => Fault::transient("dsp_protocol", what),
                }
            }
            SftpError::IO(_)
            | SftpError::Timeout
            | SftpError::Limited(_)
            | SftpError::UnexpectedPacket
            | SftpError::UnexpectedBehavior(_) => Fault::transient(
                "dsp_disconnected",
                format!(
                    "The connection to {whose} ({}) broke while we tried to {doing} {at:?}: {error}.",
                    self.address
                ),
            ),
        }
    }
}

fn is_status(error: &SftpError, code: StatusCode) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == code)
}

/// Whether the server said no, and the connection is well.
fn is_answer(fault: &Fault) -> bool {
    !fault.is_transient() || fault.code == REFUSED || fault.code == VANISHED
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The hash in an answer: `check-file`, which some leave out, the algorithm, and the bytes.
fn sha256_in(answer: &[u8]) -> Option<&[u8]> {
    let (first, rest) = text_at(answer)?;
    let (algorithm, hash) = if first == b"check-file" {
        text_at(rest)?
    } else {
        (first, rest)
    };
    (algorithm == b"sha256" && hash.len() == 32).then_some(hash)
}

/// An SSH string, and what follows it.
fn text_at(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// An SSH string.
fn push_text(to: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(text.as_bytes());
}

/// Some servers tell the type only in `ls -l`'s way.
fn seen(name: &str, longname: &str, attributes: &FileAttributes) -> Seen {
    let kind = match attributes.permissions.map(FileType::from) {
        Some(FileType::Dir) => Kind::Folder,
        Some(FileType::File) => Kind::File,
        Some(FileType::Symlink) => Kind::Other,
        Some(FileType::Other) | None if longname.starts_with('d') => Kind::Folder,
        Some(FileType::Other) => Kind::Other,
        None => Kind::File,
    };
    Seen {
        name: name.to_owned(),
        kind,
        size: match kind {
            Kind::File => attributes.size.unwrap_or_default(),
            Kind::Folder | Kind::Other => 0,
        },
    }
}
