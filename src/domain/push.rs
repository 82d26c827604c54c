//! One package on its way to one DSP, as it is stored.

use super::ids::{DspId, PackageId, PushId};
use super::lifecycle::push::PushState;
use jiff::Timestamp;

/// A push's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The push.
    pub id: PushId,
    /// What is pushed.
    pub package: PackageId,
    /// Where to.
    pub dsp: DspId,
    /// Where it stands.
    pub state: PushState,
    /// Tries begun.
    pub attempts: u32,
    /// Not before then, while queued.
    pub due_at: Timestamp,
    /// Why the last try failed, as a sentence.
    pub last_error: Option<String>,
    /// Where it lies at the DSP, once sent.
    pub location: Option<String>,
    /// When it was approved.
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
}

/// A push that a worker has taken. Epoch and attempt fence it: a report of a claim that is not the
/// current one is refused, so that a worker of a daemon that was killed cannot speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The push as it was taken.
    pub push: Push,
    /// Start number of the daemon that took it.
    pub epoch: u64,
}

/// One file of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cargo {
    /// Where it lies here.
    pub source: std::path::PathBuf,
    /// Path at the DSP, relative to the release's folder there, `/` between parts.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// What goes to the DSP, in order; the markers go last, one by one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Plan {
    /// Folder of the release at the DSP, relative to the profile's directory.
    pub folder: String,
    /// Files, the message among them.
    pub files: Vec<Cargo>,
    /// Small files that tell the DSP that all is there: path relative to the profile's directory,
    /// and content.
    pub markers: Vec<(String, Vec<u8>)>,
}
