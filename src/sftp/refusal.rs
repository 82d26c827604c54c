//! Why a request is not done: the status code that programs go by, and the sentence that people
//! read. OpenSSH shows only its own text for the code; FileZilla, WinSCP, paramiko and curl show
//! our sentence. So both have to be right.

use super::bounds::Seldom;
use super::codec::{Status, reply_status};
use rustix::io::Errno;
use std::borrow::Cow;
use std::io;

/// A request that was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What programs go by.
    pub(super) status: Status,
    /// What happened and what to do, for a person.
    pub(super) text: Cow<'static, str>,
    /// It is the first of its kind, of which the label is told by mail as well.
    pub(super) news: bool,
    /// It is for want of space on the disk or in the label's upload space.
    pub(super) for_space: bool,
}

/// How a client has to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// By the right code, and our sentence.
    #[default]
    Plain,
    /// FileZilla shows our sentence only with the code for failures, and its own two words instead
    /// with the one for denials. Most labels use it, and to it both are simply errors.
    FileZilla,
}

impl Dialect {
    /// The dialect of a client, by what it calls itself in its SSH greeting.
    pub(super) fn of(greeting: &[u8]) -> Self {
        let is_filezilla = greeting.windows(9).any(|part| part == b"FileZilla");
        if is_filezilla {
            Self::FileZilla
        } else {
            Self::Plain
        }
    }

    /// Appends the plain yes, or the refusal.
    pub(super) fn conclude(self, out: &mut Vec<u8>, id: u32, outcome: Result<(), Refusal>) {
        match outcome {
            Ok(()) => reply_status(out, id, Status::Ok, "OK"),
            Err(refusal) => self.refuse(out, id, &refusal),
        }
    }

    /// Appends the refusal.
    pub(super) fn refuse(self, out: &mut Vec<u8>, id: u32, refusal: &Refusal) {
        let status = match (self, refusal.status) {
            (Self::FileZilla, Status::PermissionDenied) => Status::Failure,
            (Self::Plain | Self::FileZilla, status) => status,
        };
        reply_status(out, id, status, &refusal.text);
    }
}

/// The answer to every change in a folder that is being claimed.
const RECEIVED: &str = "This delivery is being received at this moment and cannot be changed. \
     Please try again in a minute.";

/// The answer to who removes, renames or reads what was claimed.
const SEEN_ONLY: &str = "This delivery was received and is only shown here; it cannot be removed, \
     renamed or downloaded. To correct it, upload the changed files into this folder again.";

impl Refusal {
    /// The thing is not there. OpenSSH's words to the letter: node-ssh goes by them, not by the
    /// code, when it makes the folders of what it uploads.
    pub(super) fn no_such_file() -> Self {
        Self::new(Status::NoSuchFile, "No such file")
    }

    /// It is not allowed, whoever asks.
    pub(super) fn denied(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::PermissionDenied, text)
    }

    /// It cannot be done now or in this way.
    pub(super) fn failure(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::Failure, text)
    }

    /// We do not offer this operation.
    pub(super) fn unsupported(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::OpUnsupported, text)
    }

    /// The folder was claimed.
    pub(super) fn received() -> Self {
        Self::denied(RECEIVED)
    }

    /// It was received, and is seen but no longer here.
    pub(super) fn seen_only() -> Self {
        Self::denied(SEEN_ONLY)
    }

    /// Writing on where only the name is left.
    pub(super) fn not_resumable() -> Self {
        Self::failure(
            "This file was received before and cannot be continued. Upload it again from its \
             beginning (overwrite).",
        )
    }

    /// Writing where nothing may be written.
    pub(super) fn read_only() -> Self {
        Self::denied(
            "This folder is read-only. Upload releases into /incoming/, one folder for each.",
        )
    }

    /// A file put straight into `/incoming/`.
    pub(super) fn loose_file() -> Self {
        Self::denied(
            "Files cannot be put directly into /incoming/. Create one folder for the release and \
             upload into it, for example /incoming/ArtistName_AlbumTitle_UPC_20260401/.",
        )
    }

    /// The label's upload space is full.
    pub(super) fn over_quota(text: String, news: bool) -> Self {
        Self {
            news,
            for_space: true,
            ..Self::failure(text)
        }
    }

    /// The disk is full, or so nearly that nothing more is taken.
    pub(super) fn no_space() -> Self {
        Self {
            for_space: true,
            ..Self::failure(
                "The server has no space left for this file. Nothing is wrong with your upload; \
                 please try again later.",
            )
        }
    }

    /// The handle is not one of this channel's, or was closed.
    pub(super) fn bad_handle() -> Self {
        Self::failure("This file or folder is not open.")
    }

    fn new(status: Status, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            text: text.into(),
            news: false,
            for_space: false,
        }
    }
}

/// Whoever repeats what fails must not fill the log with it.
static TROUBLE: Seldom = Seldom::new();

impl From<Errno> for Refusal {
    /// Links, device borders and escapes look like nothing at all: whoever planted them learns
    /// nothing about what is behind.
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::LOOP | Errno::XDEV | Errno::NOTDIR => Self::no_such_file(),
            Errno::EXIST => Self::failure("A file or folder of this name is already here."),
            Errno::NOTEMPTY => Self::failure("The folder is not empty."),
            Errno::ISDIR => Self::failure("This is a folder, not a file."),
            Errno::NAMETOOLONG => Self::failure("This name is too long."),
            Errno::NOSPC | Errno::DQUOT => Self::no_space(),
            Errno::FBIG => Self::failure("This file is larger than the server takes."),
            other => {
                if TROUBLE.is_due() {
                    tracing::error!(error = %other, "a file operation failed");
                }
                Self::failure("The server had a problem with this file. Please try again later.")
            }
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Errno::from_io_error(&error).map_or_else(
            || {
                tracing::error!(%error, "a file operation failed");
                Self::failure("The server had a problem with this file. Please try again later.")
            },
            Self::from,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(dialect: Dialect, refusal: &Refusal) -> u8 {
        let mut out = Vec::new();
        dialect.refuse(&mut out, 1, refusal);
        out[12]
    }

    #[test]
    fn filezilla_is_told_so_that_it_shows_why() {
        let filezilla = Dialect::of(b"SSH-2.0-FileZilla_3.63.0");
        let denied = Refusal::loose_file();
        assert_eq!(code(filezilla, &denied), Status::Failure as u8);
        assert_eq!(
            code(filezilla, &Refusal::no_such_file()),
            Status::NoSuchFile as u8
        );
        let openssh = Dialect::of(b"SSH-2.0-OpenSSH_9.2p1");
        assert_eq!(code(openssh, &denied), Status::PermissionDenied as u8);
    }

    #[test]
    fn links_and_escapes_look_like_nothing() {
        for errno in [Errno::LOOP, Errno::XDEV, Errno::NOTDIR] {
            assert_eq!(Refusal::from(errno), Refusal::no_such_file());
        }
    }
}
