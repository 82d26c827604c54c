//! An ERN message as we understand it, free of any version's spelling.
//!
//! Every value keeps the place where it was read, so that a finding can point at it. Values are
//! texts as they were sent (trimmed); whether they are right is for the rules to say.

use super::repair::Edit;
pub use super::territories::Territories;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// A place in the message: line and column count from 1; the path reads like an XPath.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Pos {
    /// Line, from 1; 0 when not known.
    pub line: u32,
    /// Column in characters, from 1; 0 when not known.
    pub column: u32,
    /// Such as `/NewReleaseMessage/ResourceList/SoundRecording[2]/Duration`.
    pub path: String,
}

/// A text value and where it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The text, white space at both ends removed.
    pub value: String,
    /// Where its element or attribute starts.
    pub at: Pos,
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }
}

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

/// An element or attribute that no reader asked for, with all others of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its path without numbers: `/NewReleaseMessage/ReleaseList/Release/Keywords`.
    pub kind: String,
    /// The first one's value.
    pub first: Text,
    /// How many there are.
    pub count: usize,
}

/// A value that holds in some territories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Local {
    /// The value.
    pub text: Text,
    /// Territories as written; empty where it holds wherever no other value does.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// A value of a list of DDEX's, or of the sender's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coded {
    /// The value as written; `UserDefined` where it is the sender's own.
    pub text: Text,
    /// `Namespace` attribute.
    pub namespace: Option<String>,
    /// `UserDefinedValue` attribute.
    pub user_defined: Option<String>,
}

/// A genre.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Genre {
    /// `GenreText`.
    pub text: Text,
    /// `SubGenre`.
    pub sub: Option<Text>,
    /// Territories as written; empty where it holds wherever no other value does.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// An identifier of somebody's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProprietaryId {
    /// `ProprietaryId`, or `CatalogNumber`.
    pub value: Text,
    /// `Namespace` attribute.
    pub namespace: Option<String>,
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

/// A party: DPID and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Party {
    /// `PartyId`.
    pub id: Option<Text>,
    /// `PartyName/FullName`.
    pub name: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

/// A title with its sub-title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Title {
    /// `TitleText`.
    pub text: Text,
    /// `SubTitle`.
    pub sub: Option<Text>,
    /// `TitleType` attribute (`DisplayTitle`, `FormalTitle` …); `None` for `ReferenceTitle`.
    pub kind: Option<String>,
    /// Territories of the details it stands in; empty for `ReferenceTitle`.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// An artist or contributor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Artist {
    /// `PartyName/FullName`.
    pub name: Option<Text>,
    /// `ArtistRole`, `ResourceContributorRole` …, in the order of the message.
    pub roles: Vec<Text>,
    /// `SequenceNumber` attribute.
    pub sequence: Option<Text>,
    /// `PartyId`s.
    pub ids: Vec<PartyCode>,
    /// `roles` with what makes a role the sender's own.
    pub coded_roles: Vec<Coded>,
    /// The name in every language that it is given in, the first of `name` among them.
    pub names: Vec<Local>,
    /// Other forms of `names`, such as the one that lists are sorted by.
    pub forms: Vec<NameForms>,
    /// `InstrumentType`s: a word of one's own in 3.x, of a list in 4.x.
    pub instruments: Vec<Coded>,
    /// Territories of the details it stands in; empty where it holds everywhere.
    pub territories: Territories,
    /// Where its element starts.
    pub at: Pos,
}

/// Other forms of one name of a party: what stands in `PartyName` beside `FullName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameForms {
    /// The `FullName` that these are forms of.
    pub full: String,
    /// Its language, as in `Artist::names`.
    pub language: Option<String>,
    /// The forms in the order of `NameForms::ELEMENTS`.
    pub forms: [Option<Text>; 6],
}

impl NameForms {
    /// Names of their elements, in the order of every version's schema.
    pub const ELEMENTS: [&'static str; 6] = [
        "FullNameAsciiTranscribed",
        "FullNameIndexed",
        "NamesBeforeKeyName",
        "KeyName",
        "NamesAfterKeyName",
        "AbbreviatedName",
    ];

    /// Whether both are forms of the same name.
    pub fn is_of(&self, other: &Self) -> bool {
        self.full == other.full && self.language == other.language
    }
}

/// A `PartyId` of an artist or contributor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartyCode {
    /// The identifier as written.
    pub value: Text,
    /// `IsISNI` is true.
    pub is_isni: bool,
    /// `Namespace`, such as `IPI` or `DPID:PADPIDA…`.
    pub namespace: Option<String>,
}

/// `PLine` or `CLine`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RightsLine {
    /// `Year`.
    pub year: Option<Text>,
    /// `PLineText` or `CLineText`.
    pub text: Option<Text>,
    /// `PLineCompany` or `CLineCompany`.
    pub company: Option<Text>,
    /// Territories as written; empty where it holds wherever no other line does.
    pub territories: Territories,
    /// Where its element starts.
    pub at: Pos,
}

/// The hash that a message states for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatedHash {
    /// `HashSum/HashSum`: hex in any case, or base64.
    pub value: Text,
    /// `HashSumAlgorithmType`: `MD5`, `SHA1`, `SHA256` … as written.
    pub algorithm: Text,
}

impl StatedHash {
    /// The digest in lower-case hex: `value` as hex with or without separators, or as base64;
    /// empty when it is neither. Which algorithm made it is told by its length: algorithms are
    /// written in many ways (`SHA`, `SHA2`, `SHA-256`, `UserDefined`), lengths are not.
    pub fn digest(&self) -> String {
        let stated = self.value.as_str();
        let hex_form: String = stated
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-' && *c != ':')
            .flat_map(char::to_lowercase)
            .collect();
        let is_hex = hex_form.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hex && matches!(hex_form.len(), 32 | 40 | 64) {
            hex_form
        } else {
            STANDARD.decode(stated).map(hex::encode).unwrap_or_default()
        }
    }
}

/// A file that the message names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NamedFile {
    /// The reference as written: `FileName`, or the guide's `URI`.
    pub name: Text,
    /// `FilePath`, such as `resources/`.
    pub path: Option<Text>,
    /// `HashSum`.
    pub hash: Option<StatedHash>,
    /// `FileSize` in bytes, as written (4.x).
    pub size: Option<Text>,
    /// Where the `File` element starts.
    pub at: Pos,
}

/// `TechnicalSoundRecordingDetails` or `TechnicalImageDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Technical {
    /// `TechnicalResourceDetailsReference`.
    pub reference: Option<Text>,
    /// `AudioCodecType` or `ImageCodecType`.
    pub codec: Option<Text>,
    /// `NumberOfChannels`.
    pub channels: Option<Text>,
    /// `SamplingRate`; `rate_unit` says Hz or kHz.
    pub rate: Option<Text>,
    /// `SamplingRate/@UnitOfMeasure`.
    pub rate_unit: Option<String>,
    /// `BitsPerSample`.
    pub bits: Option<Text>,
    /// `ImageHeight`.
    pub height: Option<Text>,
    /// `ImageWidth`.
    pub width: Option<Text>,
    /// `IsPreview` is true: a clip, not the track.
    pub is_preview: bool,
    /// `PreviewDetails/StartPoint`.
    pub preview_start: Option<Text>,
    /// `PreviewDetails/Duration`.
    pub preview_duration: Option<Text>,
    /// Files named.
    pub files: Vec<NamedFile>,
    /// Where its element starts.
    pub at: Pos,
}

/// A sound recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recording {
    /// `ResourceReference`, such as `A1`.
    pub reference: Option<Text>,
    /// `SoundRecordingId/ISRC`.
    pub isrc: Option<Text>,
    /// `IndirectSoundRecordingId/ISWC`.
    pub iswc: Option<Text>,
    /// `SoundRecordingType`.
    pub kind: Option<Text>,
    /// `ReferenceTitle` first, then `Title`s of the details.
    pub titles: Vec<Title>,
    /// `DisplayArtist`s of all details, in order.
    pub artists: Vec<Artist>,
    /// `ResourceContributor` and `IndirectResourceContributor`.
    pub contributors: Vec<Artist>,
    /// `DisplayArtistName`.
    pub artist_name: Option<Text>,
    /// `LabelName`.
    pub label_name: Option<Text>,
    /// `Genre/GenreText`s.
    pub genres: Vec<Text>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Text>,
    /// `LanguageOfPerformance`.
    pub language: Option<Text>,
    /// `IsInstrumental`.
    pub instrumental: Option<Text>,
    /// `Duration` as written (`PT3M42S`).
    pub duration: Option<Text>,
    /// `TerritoryCode`s of all details.
    pub territories: Vec<Text>,
    /// `OriginalResourceReleaseDate` or `ResourceReleaseDate`.
    pub original_date: Option<Text>,
    /// `PLine`s.
    pub plines: Vec<RightsLine>,
    /// Technical details with the files.
    pub technical: Vec<Technical>,
    /// What a store is told beyond that.
    pub more: RecordingMore,
    /// Where its element starts.
    pub at: Pos,
}

/// What no rule looks at, but a store reads: the values above by territory, and rarer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordingMore {
    /// `SoundRecordingType` with what makes it the sender's own.
    pub kind: Option<Coded>,
    /// `SoundRecordingId/CatalogNumber`.
    pub catalog_number: Option<ProprietaryId>,
    /// `SoundRecordingId/ProprietaryId`s.
    pub proprietary_ids: Vec<ProprietaryId>,
    /// `DisplayTitleText`s (4.x).
    pub title_texts: Vec<Local>,
    /// `DisplayArtistName`s.
    pub artist_names: Vec<Local>,
    /// `LabelName`s.
    pub label_names: Vec<Local>,
    /// `Genre`s.
    pub genres: Vec<Genre>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Local>,
    /// `CourtesyLine`s.
    pub courtesy_lines: Vec<Local>,
    /// `VersionType`s (4.x).
    pub version_types: Vec<Coded>,
    /// `CreationDate`.
    pub created: Option<Text>,
    /// `MasteredDate`.
    pub mastered: Option<Text>,
    /// `RemasteredDate`.
    pub remastered: Option<Text>,
    /// `IsRemastered`.
    pub is_remastered: Option<Text>,
    /// `IsHiddenResource`.
    pub is_hidden: Option<Text>,
    /// `IsBonusResource`.
    pub is_bonus: Option<Text>,
    /// Rights controllers.
    pub controllers: Vec<RightsController>,
}

/// Who holds rights in a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RightsController {
    /// Name and identifiers; its roles are `RightsControllerRole`s.
    pub party: Artist,
    /// `RightSharePercentage`.
    pub share: Option<Text>,
    /// `RightShareUnknown`.
    pub share_unknown: Option<Text>,
}

impl Recording {
    /// The title to call it by: `ReferenceTitle`, else the first.
    pub fn title(&self) -> &str {
        self.titles.first().map_or("", |title| title.text.as_str())
    }

    /// The files of the track itself, clips left out.
    pub fn files(&self) -> impl Iterator<Item = &NamedFile> {
        self.technical
            .iter()
            .filter(|t| !t.is_preview)
            .flat_map(|t| &t.files)
    }
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Image {
    /// `ResourceReference`.
    pub reference: Option<Text>,
    /// `ImageType`, such as `FrontCoverImage`.
    pub kind: Option<Text>,
    /// `ImageId/ProprietaryId`.
    pub proprietary_id: Option<Text>,
    /// `ImageType` with what makes it the sender's own.
    pub coded_kind: Option<Coded>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Text>,
    /// Technical details with the files.
    pub technical: Vec<Technical>,
    /// Where its element starts.
    pub at: Pos,
}

/// A resource of another kind: a booklet, sheet music, or what we do not send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OtherResource {
    /// `ResourceReference`.
    pub reference: Option<Text>,
    /// Element name: `Video`, `Text`, `MIDI` …
    pub element: String,
    /// `TextType` or `SheetMusicType` (4.x: `Type`), such as `NonInteractiveBooklet`.
    pub kind: Option<Coded>,
    /// `ProprietaryId` of the resource.
    pub proprietary_id: Option<Text>,
    /// Its title.
    pub title: Option<Text>,
    /// Files named.
    pub files: Vec<NamedFile>,
    /// Where its element starts.
    pub at: Pos,
}

/// A reference from a release to a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResourceLink {
    /// The reference, such as `A1`.
    pub reference: Text,
    /// `ReleaseResourceType`: `PrimaryResource`, `SecondaryResource`.
    pub kind: Option<String>,
}

/// A place in the running order: one `ResourceGroupContentItem`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupItem {
    /// Number of the outer group (disc), from 1.
    pub group: u32,
    /// `SequenceNumber`.
    pub sequence: Option<Text>,
    /// `ResourceType`.
    pub resource_type: Option<Text>,
    /// `ReleaseResourceReference`s.
    pub references: Vec<Text>,
    /// `LinkedReleaseResourceReference`s.
    pub linked: Vec<Text>,
    /// `IsHiddenResource`.
    pub is_hidden: Option<Text>,
    /// `IsBonusResource`.
    pub is_bonus: Option<Text>,
    /// `IsInstantGratificationResource`.
    pub is_instant_gratification: Option<Text>,
    /// `IsPreOrderIncentiveResource`.
    pub is_pre_order_incentive: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

/// A release: the product, or one track of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Release {
    /// `IsMainRelease`.
    pub is_main: Option<Text>,
    /// `ReleaseReference`, such as `R0`.
    pub reference: Option<Text>,
    /// `ReleaseId/ICPN` (or the guide's `UPC`).
    pub icpn: Option<Text>,
    /// `ICPN/@IsEan`.
    pub is_ean: Option<Text>,
    /// `ReleaseId/GRid`.
    pub grid: Option<Text>,
    /// `ReleaseId/ISRC` (track releases).
    pub isrc: Option<Text>,
    /// `ReleaseId/CatalogNumber`.
    pub catalog_number: Option<Text>,
    /// `ReleaseType`s.
    pub types: Vec<Text>,
    /// `ReleaseType/@UserDefinedValue` of the first type that has one.
    pub user_defined_type: Option<String>,
    /// `ReferenceTitle` first, then `Title`s of the details.
    pub titles: Vec<Title>,
    /// `DisplayArtist`s of all details, in order.
    pub artists: Vec<Artist>,
    /// `DisplayArtistName`.
    pub artist_name: Option<Text>,
    /// `LabelName`.
    pub label_name: Option<Text>,
    /// `Genre/GenreText`s.
    pub genres: Vec<Text>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Text>,
    /// `ReleaseDate` of the details (or the guide's, directly under `Release`), else
    /// `GlobalReleaseDate`.
    pub release_date: Option<Text>,
    /// `OriginalReleaseDate` or `GlobalOriginalReleaseDate`.
    pub original_release_date: Option<Text>,
    /// `TerritoryCode`s of all details.
    pub territories: Vec<Text>,
    /// `PLine`s.
    pub plines: Vec<RightsLine>,
    /// `CLine`s.
    pub clines: Vec<RightsLine>,
    /// `ReleaseResourceReferenceList`.
    pub links: Vec<ResourceLink>,
    /// Running order.
    pub items: Vec<GroupItem>,
    /// `Duration`.
    pub duration: Option<Text>,
    /// What a store is told beyond that.
    pub more: ReleaseMore,
    /// Where its element starts.
    pub at: Pos,
}

/// What no rule looks at, but a store reads: the values above by territory, and rarer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseMore {
    /// `ReleaseType`s with what makes them the sender's own.
    pub types: Vec<Coded>,
    /// `ReleaseId/CatalogNumber` with its namespace.
    pub catalog_number: Option<ProprietaryId>,
    /// `ReleaseId/ProprietaryId`s.
    pub proprietary_ids: Vec<ProprietaryId>,
    /// `DisplayTitleText`s (4.x).
    pub title_texts: Vec<Local>,
    /// `DisplayArtistName`s.
    pub artist_names: Vec<Local>,
    /// `LabelName`s.
    pub label_names: Vec<Local>,
    /// `Genre`s.
    pub genres: Vec<Genre>,
    /// `ParentalWarningType`s.
    pub parental: Vec<Local>,
    /// `ReleaseDate`s, or `GlobalReleaseDate`.
    pub dates: Vec<Local>,
    /// `OriginalReleaseDate`s, or `GlobalOriginalReleaseDate`.
    pub original_dates: Vec<Local>,
    /// `CourtesyLine`s (4.x).
    pub courtesy_lines: Vec<Local>,
    /// `Keywords`.
    pub keywords: Vec<Local>,
    /// `Synopsis`.
    pub synopses: Vec<Local>,
    /// `MarketingComment`s.
    pub marketing_comments: Vec<Local>,
    /// `IsMultiArtistCompilation`.
    pub is_multi_artist: Option<Text>,
    /// `VersionType`s (4.x).
    pub version_types: Vec<Coded>,
    /// Releases that this one is like.
    pub related: Vec<RelatedRelease>,
    /// Titles of the groups of the running order, by their number (`GroupItem::group`).
    pub group_titles: Vec<(u32, Text)>,
}

/// `RelatedRelease`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RelatedRelease {
    /// `ReleaseRelationshipType`.
    pub relationship: Coded,
    /// `ReleaseId/ICPN`.
    pub icpn: Option<Text>,
    /// `ReleaseId/GRid`.
    pub grid: Option<Text>,
    /// `ReleaseId/ISRC`.
    pub isrc: Option<Text>,
    /// `ReleaseId/ProprietaryId`s.
    pub proprietary_ids: Vec<ProprietaryId>,
    /// `ReferenceTitle` or `DisplayTitleText`.
    pub title: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

impl Release {
    /// Whether it stands for one track of the product.
    pub fn is_track_release(&self) -> bool {
        self.types.iter().any(|t| t.as_str() == "TrackRelease")
            || (self.icpn.is_none() && self.grid.is_none() && self.isrc.is_some())
    }

    /// The title to call it by: `ReferenceTitle`, else the first.
    pub fn title(&self) -> &str {
        self.titles.first().map_or("", |title| title.text.as_str())
    }
}

/// The deals of one or more releases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReleaseDeal {
    /// `DealReleaseReference`s.
    pub releases: Vec<Text>,
    /// The deals.
    pub deals: Vec<Deal>,
    /// Where its element starts.
    pub at: Pos,
}

/// One deal: what may be done, where, when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deal {
    /// `CommercialModelType`s.
    pub models: Vec<Text>,
    /// `Usage/UseType`s.
    pub use_types: Vec<Text>,
    /// `TerritoryCode`s.
    pub territories: Vec<Text>,
    /// `ExcludedTerritoryCode`s.
    pub excluded: Vec<Text>,
    /// `ValidityPeriod/StartDate` or `StartDateTime`.
    pub start: Option<Text>,
    /// `ValidityPeriod/EndDate` or `EndDateTime`; the day is included.
    pub end: Option<Text>,
    /// `PriceInformation` has a `PriceType` or `PriceRangeType`.
    pub price_type: Option<Text>,
    /// `PriceInformation/WholesalePricePerUnit`.
    pub wholesale_price: Option<Text>,
    /// `PriceInformation/WholesalePricePerUnit/@CurrencyCode`.
    pub currency: Option<Text>,
    /// `IsPreOrderDeal`.
    pub pre_order: Option<Text>,
    /// Texts of all that narrows the deal to some stores, kinds of delivery or customers, sorted:
    /// deals that differ in one of them do not meet.
    pub conditions: Vec<String>,
    /// `TakeDown` is true.
    pub take_down: Option<Text>,
    /// What a store is told beyond that.
    pub more: DealMore,
    /// Where its element starts.
    pub at: Pos,
}

/// What no rule looks at, but a store reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DealMore {
    /// `DealReference`s.
    pub references: Vec<Text>,
    /// `CommercialModelType`s with what makes them the sender's own.
    pub models: Vec<Coded>,
    /// `UseType`s with what makes them the sender's own.
    pub use_types: Vec<Coded>,
    /// Every `ValidityPeriod`, with start and end as written.
    pub periods: Vec<(Option<Text>, Option<Text>)>,
    /// Every `PriceInformation`.
    pub prices: Vec<Price>,
    /// `DistributionChannel`s.
    pub channels: Vec<Artist>,
    /// `ExcludedDistributionChannel`s.
    pub excluded_channels: Vec<Artist>,
    /// `UserInterfaceType`s.
    pub interfaces: Vec<Coded>,
    /// `CarrierType`s.
    pub carriers: Vec<Coded>,
    /// `DistributionChannelType`s (3.x).
    pub channel_types: Vec<Coded>,
    /// `DrmEnforcementType` (3.x).
    pub drm: Option<Text>,
    /// `NumberOfUsages`.
    pub number_of_usages: Option<Text>,
    /// `IsPromotional`.
    pub is_promotional: Option<Text>,
    /// `PromotionalCode`.
    pub promotional_code: Option<ProprietaryId>,
    /// `RightsClaimPolicy`s.
    pub claim_policies: Vec<ClaimPolicy>,
    /// When the release, its list of tracks, its cover and its clips may be shown before it is sold.
    pub preview: [Option<Text>; 4],
    /// `InstantGratificationResourceList`.
    pub instant_gratification: Vec<Text>,
    /// What narrows the deal in a way that we do not hand on, with its value: a rental period, a
    /// choice of files, uses that are narrowed in different ways.
    pub narrowed: Vec<Text>,
}

/// `PriceInformation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Price {
    /// `PriceType`, `PriceRangeType` or `PriceCode`, with its namespace.
    pub code: Option<ProprietaryId>,
    /// `WholesalePricePerUnit`.
    pub wholesale: Option<Text>,
    /// `SuggestedRetailPrice`.
    pub retail: Option<Text>,
    /// `CurrencyCode` of the one that is there.
    pub currency: Option<String>,
}

/// `RightsClaimPolicy`: what is done with what users upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClaimPolicy {
    /// `RightsClaimPolicyType`.
    pub kind: Text,
    /// `Condition`s: value, unit, reference, relation.
    pub conditions: Vec<[Option<Text>; 4]>,
}

impl Deal {
    /// Whether it takes orders before the release.
    pub fn is_pre_order(&self) -> bool {
        matches!(
            self.pre_order.as_ref().map(Text::as_str),
            Some("true" | "1")
        )
    }
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
