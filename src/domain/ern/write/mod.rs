//! `release::Message` → the ERN message that goes to a DSP: 4.3 (profile Audio) and 3.8.2.
//!
//! What leaves is ours: names of files, hashes and technical values are those that we measured,
//! sender and recipient those of the push. Nothing is made up that a person has to know, and nothing
//! is dropped in silence: what the target cannot say is a `Loss`, and a release that cannot be said
//! at all is refused with what is missing.
//!
//! Pure: no file, no clock, no random number; identifiers and times are handed in.

mod bounds;
mod files;
mod header;
mod identity;
mod job;
mod mend;
mod node;
mod order;
mod parties;
mod purge;
mod release;
mod scope;
mod shown;
mod terms;
mod v382;
mod v43;
mod values;

pub use order::Order;

use crate::domain::facts::FolderFacts;
use crate::domain::release::{Message, Pos};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version that a message goes out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Target {
    /// ERN 4.3, release profile Audio.
    V43,
    /// ERN 3.8.2, profile `CommonReleaseTypes/14`.
    V382,
}

/// A party of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutParty {
    /// Its DDEX party identifier, `PADPIDA…`.
    pub dpid: String,
    /// Its name.
    pub name: String,
}

/// All that a message needs beside the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Version of the message.
    pub target: Target,
    /// Us.
    pub sender: OutParty,
    /// The label, when we send on its behalf.
    pub on_behalf_of: Option<OutParty>,
    /// The DSP.
    pub recipient: OutParty,
    /// `TestMessage` instead of `LiveMessage`. Belongs to the push, not to the configuration.
    pub is_test: bool,
    /// `MessageId`: new for every message.
    pub message_id: String,
    /// `MessageThreadId`: one for a release at a DSP, for ever.
    pub thread_id: String,
    /// `MessageCreatedDateTime`, to the second.
    pub created_at: Timestamp,
    /// Whether the message names files. An update of the metadata alone leaves all of them out; to
    /// send some and not others is not allowed. (Whether a message is an update is no field: a DSP
    /// tells it by the ICPN, and `UpdateIndicator` is deprecated in 3.8.2 and gone in 4.)
    pub with_files: bool,
    /// The only territories that the DSP sells in; empty for all. Deals are narrowed to them.
    pub territories: Vec<String>,
    /// Genre of the label → genre of the DSP's list; others go out as they are.
    pub genres: BTreeMap<String, String>,
    /// Price code of the label → price code of the DSP; others go out as they are.
    pub prices: BTreeMap<String, String>,
}

/// A file that goes with the message, as it was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutFile {
    /// Its path in the package, by which the label's message names it.
    pub source: String,
    /// Its path at the DSP, relative to the message: `resources/5034567890120_01_001.wav`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex, of the file as it is sent.
    pub sha256: String,
    /// MD5 in lower-case hex, of the file as it is sent. ERN 3.8.2 knows no SHA-256.
    pub md5: Option<String>,
    /// What was measured of its content.
    pub content: OutContent,
}

/// What was measured of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutContent {
    /// Sound.
    Audio {
        /// FLAC; PCM in WAV or AIFF otherwise.
        is_flac: bool,
        /// Sampling rate in Hz.
        rate_hz: u32,
        /// Bits per sample.
        bits: u32,
        /// Channels.
        channels: u32,
        /// Length in milliseconds.
        duration_ms: u64,
    },
    /// A picture.
    Picture {
        /// PNG; JPEG otherwise.
        is_png: bool,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A file that we do not measure, such as a booklet.
    Other,
}

/// A message, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// UTF-8, with its declaration.
    pub xml: Vec<u8>,
    /// What of the label's message it does not say (DSP-003), in the order of that message.
    pub losses: Vec<Loss>,
}

/// Something of the label's message that the DSP will not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Rule of the catalogue: `DSP-003`, or `DSP-004` where something else stands for what the label
    /// left out.
    pub code: &'static str,
    /// What, as a short quotation: `ArtistRole AssociatedPerformer of “Ann Other”`.
    pub what: String,
    /// Why, and what stands instead, as a sentence.
    pub why: String,
    /// Where the label wrote it.
    pub at: Pos,
}

/// Why no message can be made of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Rule of the catalogue, such as `DSP-013`.
    pub code: &'static str,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Where.
    pub at: Pos,
}

/// How a release is taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Takedown {
    /// The message has no deals.
    NoDeal,
    /// Every deal ends with that day, which has to lie in the past; deals that ended earlier stay.
    Ended(Date),
}

/// The message of a new or changed release. `files` are all files that go with it; those that the
/// label's message names and `files` lacks are refused, unless `with_files` is off.
///
/// # Errors
/// Everything that stands in the way, at once.
pub fn new_release(
    message: &Message,
    files: &[OutFile],
    out: &Outgoing,
) -> Result<Written, Vec<Refusal>> {
    release::write(message, files, out, None)
}

/// The message that takes a release down. Names no files, whatever `with_files` says.
///
/// # Errors
/// As `new_release`.
pub fn takedown(message: &Message, out: &Outgoing, how: Takedown) -> Result<Written, Vec<Refusal>> {
    release::write(message, &[], out, Some(how))
}

/// A `PurgeReleaseMessage`: the DSP forgets that it ever had the release. For damage and legal
/// reasons only; not every DSP takes it.
///
/// # Errors
/// A release without any identifier.
pub fn purge(message: &Message, out: &Outgoing) -> Result<Written, Vec<Refusal>> {
    purge::write(message, out)
}

/// The files of a release under the names that DDEX gives resources, with what was measured:
/// `resources/<ICPN>_<disc>_<track>.<ext>` and `resources/<ICPN>.<ext>` for the cover. Files that the
/// message does not name are left out, the cover by its usual name excepted.
pub fn out_files(message: &Message, folder: &FolderFacts) -> Vec<OutFile> {
    files::name(message, folder)
}

/// The order in which the writer of a version puts the elements of each type: what the official
/// schema says, restated. A test holds it to that schema.
pub fn orders(target: Target) -> &'static [Order] {
    match target {
        Target::V43 => order::v43::ALL,
        Target::V382 => order::v382::ALL,
    }
}
