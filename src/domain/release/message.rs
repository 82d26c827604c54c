//! The whole message, and how it was read.

use super::super::repair::Edit;
use super::deal::ReleaseDeal;
use super::party::Party;
use super::product::Release;
use super::resource::{Image, NamedFile, OtherResource, Recording};
use super::text::{Pos, Text, Unread};
use serde::Serialize;

/// Which message the root element announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum MessageKind {
    /// `NewReleaseMessage`.
    #[default]
    NewRelease,
    /// `CatalogListMessage` (3.x).
    CatalogList,
    /// `PurgeReleaseMessage`.
    Purge,
    /// Anything else.
    Other,
}

/// The ways in which the operator's guide departs from ERN 3.8.2, and labels with it
/// (`D1`…`D6` of the rule catalogue, XML-008…XML-013).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Dialect {
    /// D1: default namespace on the root; the schema wants a prefix on the root only.
    DefaultNamespace,
    /// D2: `ReleaseId/UPC` for `ReleaseId/ICPN`.
    UpcElement,
    /// D3: `File/URI` (or `URL`) for `File/FileName`.
    FileUri,
    /// D4: `AudioCodecType` names a container (`WAV`, `AIFF`).
    CodecIsContainer,
    /// D5: `ReleaseDate` directly under `Release`, `ReleaseType` before the reference list, or no
    /// `ReleaseDetailsByTerritory`.
    ReleaseLayout,
    /// D6: `ReleaseType` `EP`, which 3.8.2 does not know.
    ReleaseTypeEp,
}

/// One place where the message speaks the guide's dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DialectUse {
    /// Which deviation.
    pub dialect: Dialect,
    /// What stands there, as a short quotation (`<UPC>5034…</UPC>`).
    pub found: String,
    /// What ERN 3.8.2 wants instead, ready to paste.
    pub wanted: String,
    /// The same as edits, where all that they need is known.
    #[serde(skip)]
    pub repair: Vec<Edit>,
    /// Where.
    pub at: Pos,
}

impl DialectUse {
    /// Whether a schema's complaint at the same place is this departure again. That `EP` is no
    /// release type explains a wrong value there, not an element in the wrong place.
    pub fn explains(&self, found: Option<&str>) -> bool {
        self.dialect != Dialect::ReleaseTypeEp || found == Some("EP")
    }
}

/// What the reader stumbled over, short of what a rule judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadFault {
    /// What kind; decides the rule.
    pub kind: ReadFaultKind,
    /// One sentence for the label.
    pub message: String,
    /// What to do about it, where that can be said.
    pub fix: Option<String>,
    /// Where.
    pub at: Pos,
}

/// Kinds of reading faults and the rule that each becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ReadFaultKind {
    /// XML-001: not well-formed.
    NotWellFormed,
    /// XML-002: DOCTYPE or entity declaration.
    Doctype,
    /// XML-003: declared encoding and bytes disagree.
    Encoding,
    /// XML-004: byte order mark in odd places, replacement characters, mojibake.
    Mojibake,
    /// XML-001 as well: a limit was passed (depth, attributes, size).
    TooMuch,
    /// XML-005: the root is no message that we take.
    WrongRoot,
    /// XML-006: this version is not taken.
    WrongVersion,
    /// XML-007: namespace and `MessageSchemaVersionId` disagree.
    VersionMismatch,
    /// XML-016: an element or attribute that DDEX has deprecated.
    Deprecated,
}

/// What reading an XML file gave. Never fails: whatever could be read is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// Everything the reader stumbled over.
    pub faults: Vec<ReadFault>,
    /// The message, as far as it could be read. `None` when there was no element at all or the
    /// root was not a message.
    pub message: Option<Message>,
    /// Whether the file was read to its end tag.
    pub whole: bool,
    /// The text as UTF-8 with the guide's default namespace rewritten to a prefix, line for line:
    /// what the XSD check is given. Empty when the XML is not well-formed.
    #[serde(skip)]
    pub normalised: String,
}

/// An ERN message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Message {
    /// Which message.
    pub kind: MessageKind,
    /// Version by namespace: `382`, `383`, `43` …; empty when there was none.
    pub version: String,
    /// The namespace as written.
    pub namespace: String,
    /// `MessageSchemaVersionId`.
    pub schema_version_id: Option<Text>,
    /// `ReleaseProfileVersionId`.
    pub release_profile: Option<Text>,
    /// `ReleaseProfileVariantVersionId` (4.x).
    pub profile_variant: Option<Text>,
    /// `LanguageAndScriptCode` of the message.
    pub language: Option<Text>,
    /// Places that speak the guide's dialect.
    pub dialect: Vec<DialectUse>,
    /// The header.
    pub header: Header,
    /// Sound recordings in the order of the message.
    pub recordings: Vec<Recording>,
    /// Pictures in the order of the message.
    pub images: Vec<Image>,
    /// References of resources of other kinds (video, text, …), with their element's name.
    pub other_resources: Vec<OtherResource>,
    /// Releases: the product and, usually, one per track.
    pub releases: Vec<Release>,
    /// Deals, by release.
    pub deals: Vec<ReleaseDeal>,
    /// What the message says and no field here holds: what a message made from this one loses.
    #[serde(skip)]
    pub unread: Vec<Unread>,
    /// Where the root element starts.
    pub at: Pos,
}

/// `MessageHeader`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Header {
    /// `MessageThreadId`.
    pub thread_id: Option<Text>,
    /// `MessageId`.
    pub message_id: Option<Text>,
    /// `MessageSender`.
    pub sender: Party,
    /// `SentOnBehalfOf`.
    pub on_behalf_of: Option<Party>,
    /// `MessageRecipient`, any number.
    pub recipients: Vec<Party>,
    /// `MessageCreatedDateTime` as written.
    pub created: Option<Text>,
    /// `MessageControlType`: `LiveMessage` or `TestMessage`.
    pub control_type: Option<Text>,
    /// Where the header starts.
    pub at: Pos,
}

impl Message {
    /// The product: the release marked main, else the only one with a barcode, else the first
    /// that is no track release.
    pub fn main_release(&self) -> Option<&Release> {
        let marked = self
            .releases
            .iter()
            .find(|r| r.is_main.as_ref().is_some_and(|t| t.as_str() == "true"));
        marked
            .or_else(|| self.releases.iter().find(|r| r.icpn.is_some()))
            .or_else(|| self.releases.iter().find(|r| !r.is_track_release()))
            .or_else(|| self.releases.first())
    }

    /// Every file that the message names: those of tracks, pictures and other resources.
    pub fn files(&self) -> impl Iterator<Item = &NamedFile> {
        let tracks = self
            .recordings
            .iter()
            .flat_map(|r| r.technical.iter().flat_map(|t| &t.files));
        let images = self
            .images
            .iter()
            .flat_map(|i| i.technical.iter().flat_map(|t| &t.files));
        let others = self.other_resources.iter().flat_map(|o| &o.files);
        tracks.chain(images).chain(others)
    }

    /// Number of the track (from 1) that a recording is on the product: its place in the running
    /// order, else in the reference list, else in the message.
    pub fn track_number(&self, recording: &Recording) -> Option<u32> {
        let reference = recording.reference.as_ref()?.as_str();
        let main = self.main_release();
        let is_recording = |text: &str| {
            self.recordings
                .iter()
                .any(|r| r.reference.as_ref().is_some_and(|x| x.as_str() == text))
        };
        let place = |list: Vec<&str>| {
            let tracks: Vec<&str> = list.into_iter().filter(|r| is_recording(r)).collect();
            tracks.iter().position(|r| *r == reference)
        };
        let by_items = main.and_then(|m| {
            place(
                m.items
                    .iter()
                    .flat_map(|i| i.references.iter().map(Text::as_str))
                    .collect(),
            )
        });
        let by_links =
            || main.and_then(|m| place(m.links.iter().map(|l| l.reference.as_str()).collect()));
        let by_message = || {
            self.recordings.iter().position(|r| {
                r.reference
                    .as_ref()
                    .is_some_and(|x| x.as_str() == reference)
            })
        };
        by_items
            .or_else(by_links)
            .or_else(by_message)
            .and_then(|n| u32::try_from(n + 1).ok())
    }
}
