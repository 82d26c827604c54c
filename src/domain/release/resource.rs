//! Recordings, pictures, other resources and their files.

use super::party::{Artist, RightsLine, Title};
use super::text::{Coded, Genre, Local, Pos, ProprietaryId, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

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
