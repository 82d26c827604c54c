//! What inspection has to say of a package: findings, verdict, measured facts.
//!
//! The shapes here are the public JSON (`schemas/*.schema.json`); adding a field is fine,
//! renaming or removing one is a breaking change.

use super::account::Profile;
use super::difference::Difference;
use super::facts::{AudioLevels, ColourModel, Container, PictureFormat, SampleCoding, SchemaCheck};
use super::repair::Edit;
use attempts::{Compared, Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub mod attempts;
mod cards;
pub mod html;
pub mod measures;
pub mod readiness;
pub mod text;
pub mod view;
mod waveform;

/// How much a finding weighs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Blocks: the package is invalid.
    Error,
    /// The reviewer must tick it before approval.
    Question,
    /// Goes on to review; label and reviewer both see it.
    Warning,
    /// A note.
    Info,
}

impl Severity {
    /// All of them, the gravest first.
    pub const ALL: [Self; 4] = [Self::Error, Self::Question, Self::Warning, Self::Info];

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Question => "question",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One thing that a rule has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable code of the rule, such as `PKG-007`.
    pub code: String,
    /// How much it weighs for this label.
    pub severity: Severity,
    /// How much it weighs for others, when it was raised or lowered for this label.
    #[serde(default)]
    pub usual: Option<Severity>,
    /// The rule's title: the fault in a few words.
    pub title: String,
    /// What happened here, in words of the label.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// `dropzone fix` does it: the repair is safe and needs no decision.
    #[serde(default)]
    pub fixable: bool,
    /// What `dropzone fix` does: changes to the message, applied together or not at all.
    #[serde(default)]
    pub repair: Vec<Edit>,
    /// File it is about, relative to the release folder.
    pub file: Option<String>,
    /// Line in the message, from 1.
    pub line: Option<u32>,
    /// Column in the message, from 1.
    pub column: Option<u32>,
    /// XPath-like path in the message.
    pub path: Option<String>,
    /// Track number, from 1.
    pub track: Option<u32>,
    /// ISRC of that track, as stated.
    #[serde(default)]
    pub isrc: Option<String>,
    /// What was expected, short.
    pub expected: Option<String>,
    /// What was found, short.
    pub found: Option<String>,
    /// Where the rule comes from: clause, guide sentence, store specification.
    pub source: String,
    /// Set in the one line that stands for further findings of the code: so many are not listed.
    #[serde(default)]
    pub more: Option<u32>,
    /// Whether an error was there in the attempt before; nothing where there was none.
    #[serde(default)]
    pub standing: Option<Standing>,
}

impl Finding {
    /// How many findings it is: one, or those that are not listed.
    pub fn number(&self) -> u32 {
        self.more.unwrap_or(1)
    }
}

/// Findings by severity: all of them, also those that the list only counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Findings of severity error.
    pub error: u32,
    /// Findings of severity question.
    pub question: u32,
    /// Findings of severity warning.
    pub warning: u32,
    /// Findings of severity info.
    pub info: u32,
}

impl Counts {
    /// Counts a list.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let count = match finding.severity {
                Severity::Error => &mut counts.error,
                Severity::Question => &mut counts.question,
                Severity::Warning => &mut counts.warning,
                Severity::Info => &mut counts.info,
            };
            *count = count.saturating_add(finding.number());
        }
        counts
    }

    /// All together.
    pub fn total(&self) -> u32 {
        [self.question, self.warning, self.info]
            .into_iter()
            .fold(self.error, u32::saturating_add)
    }
}

/// Findings of a rule that is switched off for the label: they are counted, and not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Muted {
    /// Code of the rule.
    pub code: String,
    /// The rule's title.
    pub title: String,
    /// How much the gravest of them weighs for others.
    pub usual: Severity,
    /// How many.
    pub count: u32,
}

/// Rules that could not be applied to this package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotRun {
    /// What they would have looked at, to begin a sentence with.
    pub what: String,
    /// Why they could not, to end it with.
    pub why: String,
    /// Their codes.
    pub codes: Vec<String>,
}

/// The outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No finding of severity error.
    Valid,
    /// At least one.
    Invalid,
}

/// The release, as the message states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseSummary {
    /// Barcode.
    pub icpn: Option<String>,
    /// Title with sub-title.
    pub title: Option<String>,
    /// Artist as shown.
    pub artist: Option<String>,
    /// `ReleaseType`.
    pub release_type: Option<String>,
    /// `ReleaseDate`, `YYYY-MM-DD`.
    pub release_date: Option<String>,
    /// Label name.
    pub label_name: Option<String>,
    /// Genre.
    pub genre: Option<String>,
    /// Number of tracks.
    pub tracks: u32,
    /// Territories of the deals: `Worldwide`, or codes.
    pub territories: Vec<String>,
    /// `MessageId`.
    pub message_id: Option<String>,
    /// `MessageCreatedDateTime` as written.
    pub message_created: Option<String>,
    /// ERN version of the message, such as `3.8.2`.
    pub ern_version: Option<String>,
    /// `TestMessage` was stated (HDR-007), or the account is in its test phase (HDR-008).
    pub is_test: bool,
    /// Use types of the release's deals.
    #[serde(default)]
    pub use_types: Vec<String>,
    /// `MessageThreadId`.
    #[serde(default)]
    pub thread_id: Option<String>,
}

/// A track: what the message states and what was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrackSummary {
    /// Number, from 1.
    pub number: u32,
    /// Title as stated.
    pub title: Option<String>,
    /// Artist as stated.
    pub artist: Option<String>,
    /// ISRC as stated.
    pub isrc: Option<String>,
    /// Duration as stated, in milliseconds.
    pub stated_duration_ms: Option<u64>,
    /// File, relative to the release folder; `None` when it is missing.
    pub file: Option<String>,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// SHA-256 in lower-case hex.
    pub sha256: Option<String>,
    /// MD5 in lower-case hex.
    pub md5: Option<String>,
    /// Container by content.
    pub container: Option<Container>,
    /// Coding of the samples.
    pub coding: Option<SampleCoding>,
    /// Sampling rate in hertz.
    pub rate_hz: Option<u32>,
    /// Bits of a sample.
    pub bits: Option<u32>,
    /// Channels.
    pub channels: Option<u32>,
    /// Measured duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Hash of the decoded samples, the same for the same sound in WAV, AIFF and FLAC.
    #[serde(default)]
    pub sound_hash: Option<String>,
    /// Measured levels.
    pub levels: Option<AudioLevels>,
    /// What the message states of the file.
    #[serde(default)]
    pub stated: StatedAudio,
}

/// What the message states of a track's file, as far as it can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatedAudio {
    /// `AudioCodecType` as written.
    pub codec: Option<String>,
    /// Sampling rate in hertz.
    pub rate_hz: Option<u32>,
    /// Bits of a sample.
    pub bits: Option<u32>,
    /// Channels.
    pub channels: Option<u32>,
    /// The stated checksum.
    pub checksum: Option<StatedChecksum>,
}

/// A checksum that the message states, against the file's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatedChecksum {
    /// `MD5`, `SHA-1`, `SHA-256`; as written, where it is none of these.
    pub kind: String,
    /// In lower-case hex; as written, where it cannot be read.
    pub stated: String,
    /// The file's own of that kind in lower-case hex, where it was computed.
    pub measured: Option<String>,
}

/// The cover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtworkSummary {
    /// File, relative to the release folder.
    pub file: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: Option<String>,
    /// Format by content.
    pub format: PictureFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Colour model by the file's own components.
    pub colour: ColourModel,
    /// What it looks like, 128 bits in lower-case hex; pictures that look alike differ in few bits.
    #[serde(default)]
    pub likeness: Option<String>,
    /// A JPEG of at most 256 × 256 pixels and 12,000 bytes, in base64.
    #[serde(default)]
    pub thumbnail: Option<String>,
}

/// Everything that inspection has to say of one package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The outcome.
    pub verdict: Verdict,
    /// Profile that the package was judged by.
    pub profile: Profile,
    /// Name of the folder.
    pub folder: String,
    /// Findings by severity.
    pub counts: Counts,
    /// All findings, errors first, then by file and line. More than twenty of one code end in one
    /// line that says how many more there were (`more`).
    pub findings: Vec<Finding>,
    /// Findings that were left out, because their rules are switched off for this label.
    #[serde(default)]
    pub muted: Vec<Muted>,
    /// Rules that could not be applied, and why: after broken XML, or without a history.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
    /// The release.
    pub release: ReleaseSummary,
    /// The tracks, in running order.
    pub tracks: Vec<TrackSummary>,
    /// The cover, if there is one.
    pub artwork: Option<ArtworkSummary>,
    /// Which schema check was run.
    pub schema: SchemaCheck,
    /// Version of the program that judged.
    pub dropzone_version: String,
    /// How it compares with the attempt before; nothing for a first attempt, and offline.
    #[serde(default)]
    pub compared: Option<Compared>,
    /// What it changes against the version that is live; nothing for a release that is not live, and
    /// offline.
    #[serde(default)]
    pub difference: Option<Difference>,
    /// Whether it may go to each of the label's DSPs; none offline. For the reviewer: the label's
    /// copy has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readiness: Vec<readiness::Readiness>,
}

impl Report {
    /// The questions that a reviewer has to tick before approval: one for each code, in the order of
    /// the report.
    pub fn questions(&self) -> Vec<&Finding> {
        let mut codes = BTreeSet::new();
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Question)
            .filter(|finding| codes.insert(finding.code.as_str()))
            .collect()
    }
}
