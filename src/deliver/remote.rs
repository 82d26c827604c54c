//! The few file operations that a push needs, over a closed set of transports.
//!
//! Paths are relative to the profile's directory, `/` between parts; `""` is the directory itself.
//! An operation that answers without a fault has happened; one that ends in a transient fault may
//! or may not have.

use super::folder::Folder;
use super::s3;
use super::sftp::Sftp;
use super::ssh;
use super::trip::Throttle;
use crate::domain::dsp::{DspProfile, TransportChoice};
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use std::sync::Arc;

/// What a name is at the DSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link, a device: nothing that a push makes.
    Other,
}

/// One name at the DSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Last part of the path.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Bytes; 0 for anything but a file.
    pub(super) size: u64,
}

/// What a file at the DSP holds, whose size is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// What it should; of a large file that nobody can hash over there, its size has to do.
    Same,
    /// Something else.
    Other,
    /// Nobody can tell: the account may write there and not read.
    Unread,
}

/// Bytes up to which a file is read back where the server cannot hash it: little to read, and little
/// to send again.
const READ_BACK_BYTES: u64 = 1 << 20;

/// Whether its size says too little about a file. A message that is made anew differs from the one
/// before it in its identifier and its times alone, and has as many bytes.
pub(super) fn is_read_back(cargo: &Cargo) -> bool {
    cargo.size <= READ_BACK_BYTES || cargo.name.to_ascii_lowercase().ends_with(".xml")
}

/// An open way to a DSP.
pub(super) enum Remote {
    Folder(Folder),
    Sftp(Box<Sftp>),
}

/// Code of the transient fault for "no, and no reason given": SFTP's `SSH_FX_FAILURE`, `EEXIST`.
/// Where the operation itself tells the reason, the caller makes a better fault of it.
pub(super) const REFUSED: &str = "dsp_refused";

/// Mistakes in the transport's table, as half sentences.
pub(super) fn mistakes(profile: &DspProfile) -> Vec<String> {
    let mut found = Vec::new();
    match &profile.transport {
        TransportChoice::Folder { path } => {
            if !path.is_absolute() {
                found.push("`path` of [transport] is not absolute".to_owned());
            }
        }
        TransportChoice::Sftp {
            host_key,
            password_file,
            key_file,
            timeout_seconds,
            ..
        } => {
            if password_file.is_none() && key_file.is_none() {
                found.push("[transport] names neither `password_file` nor `key_file`, so there is nothing to log in with".to_owned());
            }
            if *timeout_seconds == 0 {
                found.push("`timeout_seconds` is 0".to_owned());
            }
            if let Err(why) = ssh::Pin::parse(host_key) {
                found.push(format!("`host_key` {why}"));
            }
        }
        TransportChoice::S3 { .. } => found.extend(s3::mistakes(&profile.transport)),
    }
    found
}

/// The profile's directory is not at the DSP.
pub(super) fn directory_missing(profile: &DspProfile) -> Fault {
    let whose = &profile.name;
    match &profile.transport {
        // A mount that is not there comes back.
        TransportChoice::Folder { path } => Fault::transient(
            "folder_missing",
            format!(
                "The folder of {whose} is not there: {}. Mount it or make it.",
                path.join(&profile.directory).display()
            ),
        ),
        TransportChoice::Sftp { .. } | TransportChoice::S3 { .. } => Fault::permanent(
            "directory_missing",
            format!(
                "{whose} has no directory {:?}. Ask them for the right one and put it into `directory` of {}.toml.",
                profile.directory, profile.id
            ),
        ),
    }
}

impl Remote {
    /// Connects and logs in. Does not look at the directory yet.
    pub(super) async fn open(
        profile: &DspProfile,
        throttle: Option<Arc<Throttle>>,
    ) -> Result<Self, Fault> {
        match &profile.transport {
            TransportChoice::Folder { path } => Ok(Self::Folder(Folder::new(
                path.join(&profile.directory),
                throttle,
            ))),
            TransportChoice::Sftp { .. } => {
                let session = Sftp::open(profile, throttle).await?;
                Ok(Self::Sftp(Box::new(session)))
            }
            // `deliver` opens a bucket before it comes here.
            TransportChoice::S3 { .. } => Err(Fault::permanent(
                "bad_profile",
                "This DSP has a bucket and no folders.",
            )),
        }
    }

    /// Says goodbye, if anybody is still there to hear it.
    pub(super) async fn close(self) {
        match self {
            Self::Folder(_) => {}
            Self::Sftp(sftp) => sftp.close().await,
        }
    }

    /// Where `path` lies, for people.
    pub(super) fn location(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => folder.location(path),
            Self::Sftp(sftp) => sftp.location(path),
        }
    }

    /// What `path` is, without following a link; `None` when it is not there.
    pub(super) async fn look(&self, path: &str) -> Result<Option<Seen>, Fault> {
        match self {
            Self::Folder(folder) => folder.look(path).await,
            Self::Sftp(sftp) => sftp.look(path).await,
        }
    }

    /// Everything directly in the folder `path`; `None` when it is not there.
    pub(super) async fn list(&self, path: &str) -> Result<Option<Vec<Seen>>, Fault> {
        match self {
            Self::Folder(folder) => folder.list(path).await,
            Self::Sftp(sftp) => sftp.list(path).await,
        }
    }

    /// Makes a folder whose parent is there. One that is there already is fine.
    pub(super) async fn make_folder(&self, path: &str) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.make_folder(path).await,
            Self::Sftp(sftp) => sftp.make_folder(path).await,
        }
    }

    /// Writes a file of the spool to `path`; done when it is whole, closed, as durable as the other
    /// side offers, and has its size there.
    pub(super) async fn put(&self, path: &str, cargo: &Cargo) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.put(path, cargo).await,
            Self::Sftp(sftp) => sftp.put(path, cargo).await,
        }
    }

    /// The same with a few bytes of our own.
    pub(super) async fn put_bytes(&self, path: &str, content: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.put_bytes(path, content).await,
            Self::Sftp(sftp) => sftp.put_bytes(path, content).await,
        }
    }

    /// A small file's content; a fault when it has more than `most` bytes.
    pub(super) async fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Folder(folder) => folder.read(path, most).await,
            Self::Sftp(sftp) => sftp.read(path, most).await,
        }
    }

    /// Gives a file or folder another name, never over one that is there.
    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.rename(from, to).await,
            Self::Sftp(sftp) => sftp.rename(from, to).await,
        }
    }

    /// Removes a file or link.
    pub(super) async fn remove_file(&self, path: &str) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.remove_file(path).await,
            Self::Sftp(sftp) => sftp.remove_file(path).await,
        }
    }

    /// Removes an empty folder.
    pub(super) async fn remove_folder(&self, path: &str) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.remove_folder(path).await,
            Self::Sftp(sftp) => sftp.remove_folder(path).await,
        }
    }

    /// Makes names in these folders durable, where that is ours to do.
    pub(super) async fn settle(&self, folders: Vec<String>) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.settle(folders).await,
            Self::Sftp(_) => Ok(()),
        }
    }

    /// Whether the file at `path` has the content of `cargo`, as far as can be told without reading
    /// a large one over the network; its size was compared already.
    pub(super) async fn holds(&self, path: &str, cargo: &Cargo) -> Result<Content, Fault> {
        match self {
            Self::Folder(folder) => folder.holds(path, cargo).await,
            Self::Sftp(sftp) => sftp.holds(path, cargo).await,
        }
    }
}
