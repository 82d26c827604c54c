//! A sound package, made by hand: two tracks and a cover, and a message that says everything right.
//! Each test departs from it by one fault.

use dropzone::domain::account::Profile;
use dropzone::domain::facts::{
    ArtworkFacts, AudioFacts, AudioLevels, ColourModel, ColourProfile, Container, FileFacts,
    FileRole, FolderFacts, PictureFormat, PictureLooks, SampleCoding, SchemaCheck, SchemaFacts,
};
use dropzone::domain::history::{Earlier, History, Relation, Relative, Track, Version};
use dropzone::domain::ids::PackageId;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::limits::Limits;
use dropzone::domain::policy::Policy;
use dropzone::domain::release::{
    Artist, Deal, GroupItem, Header, Image, Message, MessageKind, NamedFile, Party, Pos, ReadFault,
    ReadFaultKind, Reading, Recording, Release, ReleaseDeal, ResourceLink, RightsLine, StatedHash,
    Technical, Text, Title,
};
use dropzone::domain::report::Report;
use dropzone::domain::report::attempts::Problem;
use dropzone::domain::rules::{Subject, judge};
use jiff::Timestamp;

/// A package before it is judged.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) folder: FolderFacts,
    pub(super) reading: Option<Reading>,
    pub(super) message_file: Option<String>,
    pub(super) schema: SchemaFacts,
    pub(super) history: Option<History>,
    pub(super) label_dpid: Option<String>,
    pub(super) own_dpid: Option<String>,
    pub(super) in_test: bool,
    pub(super) limits: Limits,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

pub(super) const DPID: &str = "PADPIDA2026032301N";
pub(super) const RECIPIENT_DPID: &str = "PADPIDA2026032303R";
pub(super) const OTHER_DPID: &str = "PADPIDA2026032302P";

/// A place in the message.
pub(super) fn at(line: u32, path: &str) -> Pos {
    Pos {
        line,
        column: 1,
        path: format!("/NewReleaseMessage/{path}"),
    }
}

/// A text at a place.
pub(super) fn text(value: &str, line: u32, path: &str) -> Text {
    Text {
        value: value.to_owned(),
        at: at(line, path),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the fields that it fills are optional"
)]
fn some(value: &str, line: u32, path: &str) -> Option<Text> {
    Some(text(value, line, path))
}

fn title(value: &str, line: u32, path: &str) -> Title {
    Title {
        text: text(value, line, &format!("{path}/ReferenceTitle/TitleText")),
        ..Title::default()
    }
}

pub(super) fn artist(name: &str, role: &str, line: u32, path: &str) -> Artist {
    let path = format!("{path}/DisplayArtist");
    Artist {
        name: some(name, line, &format!("{path}/PartyName/FullName")),
        roles: vec![text(role, line, &format!("{path}/ArtistRole"))],
        sequence: some("1", line, &format!("{path}/@SequenceNumber")),
        ids: Vec::new(),
        at: at(line, &path),
        ..Artist::default()
    }
}

fn named_file(name: &str, digest: char, line: u32, path: &str) -> NamedFile {
    let path = format!("{path}/File");
    NamedFile {
        name: text(name, line, &format!("{path}/FileName")),
        hash: Some(StatedHash {
            value: text(
                &digest.to_string().repeat(32),
                line,
                &format!("{path}/HashSum/HashSum"),
            ),
            algorithm: text("MD5", line, &format!("{path}/HashSum/HashSumAlgorithmType")),
        }),
        at: at(line, &path),
        ..NamedFile::default()
    }
}

fn track_title(n: u32) -> &'static str {
    ["Harmattan", "Dry Season", "Rain", "Lagoon"][(n as usize - 1) % 4]
}

/// Track `n`, from line `40 · n` on.
pub(super) fn recording(n: u32) -> Recording {
    let path = format!("ResourceList/SoundRecording[{n}]");
    let line = n * 40;
    let details = format!("{path}/SoundRecordingDetailsByTerritory");
    let technical = format!("{details}/TechnicalSoundRecordingDetails");
    let name = track_title(n);
    Recording {
        reference: some(
            &format!("A{n}"),
            line + 1,
            &format!("{path}/ResourceReference"),
        ),
        isrc: some(
            &format!("NGA3B260000{n}"),
            line + 2,
            &format!("{path}/SoundRecordingId/ISRC"),
        ),
        titles: vec![title(name, line + 3, &path)],
        duration: some("PT3M42S", line + 4, &format!("{path}/Duration")),
        territories: vec![text(
            "Worldwide",
            line + 5,
            &format!("{details}/TerritoryCode"),
        )],
        artists: vec![artist("Adaeze", "MainArtist", line + 6, &details)],
        contributors: vec![artist("Ngozi Okafor", "Composer", line + 6, &details)],
        language: some("en", line + 6, &format!("{path}/LanguageOfPerformance")),
        genres: vec![text(
            "Afrobeats",
            line + 7,
            &format!("{details}/Genre/GenreText"),
        )],
        parental: vec![text(
            "NotExplicit",
            line + 8,
            &format!("{details}/ParentalWarningType"),
        )],
        technical: vec![Technical {
            reference: some(
                &format!("T{n}"),
                line + 9,
                &format!("{technical}/TechnicalResourceDetailsReference"),
            ),
            codec: some("PCM", line + 10, &format!("{technical}/AudioCodecType")),
            channels: some("2", line + 11, &format!("{technical}/NumberOfChannels")),
            rate: some("44100", line + 12, &format!("{technical}/SamplingRate")),
            rate_unit: Some("Hz".to_owned()),
            bits: some("24", line + 13, &format!("{technical}/BitsPerSample")),
            files: vec![named_file(
                &file_name(n),
                char::from_digit(n, 10).unwrap(),
                line + 14,
                &technical,
            )],
            at: at(line + 9, &technical),
            ..Technical::default()
        }],
        at: at(line, &path),
        ..Recording::default()
    }
}

pub(super) fn file_name(n: u32) -> String {
    let name = ["Harmattan", "DrySeason", "Rain", "Lagoon"][(n as usize - 1) % 4];
    format!("{n:02}_{name}.wav")
}

/// The audio file of track `n`.
pub(super) fn audio_file(n: u32) -> FileFacts {
    let digit = char::from_digit(n, 10).unwrap().to_string();
    FileFacts {
        path: file_name(n),
        size: 58_741_244,
        role: FileRole::Audio,
        sha256: Some(digit.repeat(64)),
        md5: Some(digit.repeat(32)),
        audio: Some(AudioFacts {
            container: Container::Wav,
            coding: SampleCoding::Pcm,
            codec_name: "PCM 24 bit".to_owned(),
            rate_hz: 44_100,
            bits: 24,
            channels: 2,
            frames: 9_790_200,
            duration_ms: 222_000,
            levels: Some(AudioLevels {
                leading_silence_ms: 120,
                trailing_silence_ms: 800,
                sample_peak_dbfs: -1.2,
                true_peak_dbtp: -0.9,
                true_peak_at_ms: 72_300,
                loudness_lufs: Some(-10.2),
                samples: 19_580_400,
                channel_rms_dbfs: vec![-13.1, -13.4],
                ..AudioLevels::default()
            }),
            ..AudioFacts::default()
        }),
        ..FileFacts::default()
    }
}

fn cover_file() -> FileFacts {
    FileFacts {
        path: "artwork.jpg".to_owned(),
        size: 2_345_678,
        role: FileRole::Artwork,
        sha256: Some("c".repeat(64)),
        md5: Some("c".repeat(32)),
        artwork: Some(ArtworkFacts {
            format: PictureFormat::Jpeg,
            width: 3000,
            height: 3000,
            colour: ColourModel::Rgb,
            bits: 8,
            decoded: true,
            damage: None,
            colour_profile: Some(ColourProfile {
                description: "sRGB IEC61966-2.1".to_owned(),
                is_srgb: true,
            }),
            looks: Some(PictureLooks::default()),
            ..ArtworkFacts::default()
        }),
        ..FileFacts::default()
    }
}

fn message_file() -> FileFacts {
    FileFacts {
        path: "metadata.xml".to_owned(),
        size: 9_876,
        role: FileRole::Message,
        sha256: Some("e".repeat(64)),
        md5: Some("e".repeat(32)),
        ..FileFacts::default()
    }
}

fn link(reference: &str, kind: &str, line: u32) -> ResourceLink {
    ResourceLink {
        reference: text(
            reference,
            line,
            "ReleaseList/Release[1]/ReleaseResourceReferenceList/ReleaseResourceReference",
        ),
        kind: Some(kind.to_owned()),
    }
}

pub(super) fn group_item(n: u32, line: u32) -> GroupItem {
    let path = format!(
        "ReleaseList/Release[1]/ReleaseDetailsByTerritory/ResourceGroup/ResourceGroup/ResourceGroupContentItem[{n}]"
    );
    GroupItem {
        group: 1,
        sequence: some(&n.to_string(), line, &format!("{path}/SequenceNumber")),
        resource_type: some("SoundRecording", line, &format!("{path}/ResourceType")),
        references: vec![text(
            &format!("A{n}"),
            line,
            &format!("{path}/ReleaseResourceReference"),
        )],
        at: at(line, &path),
        ..GroupItem::default()
    }
}

fn image() -> Image {
    let path = "ResourceList/Image";
    let technical = format!("{path}/ImageDetailsByTerritory/TechnicalImageDetails");
    Image {
        reference: some("A9", 181, &format!("{path}/ResourceReference")),
        kind: some("FrontCoverImage", 182, &format!("{path}/ImageType")),
        technical: vec![Technical {
            reference: some(
                "T9",
                183,
                &format!("{technical}/TechnicalResourceDetailsReference"),
            ),
            files: vec![named_file("artwork.jpg", 'c', 184, &technical)],
            at: at(183, &technical),
            ..Technical::default()
        }],
        at: at(180, path),
        ..Image::default()
    }
}

fn rights_line(line: u32, path: &str) -> RightsLine {
    RightsLine {
        year: some("2026", line, &format!("{path}/Year")),
        text: some("2026 Lagoon Records", line, &format!("{path}Text")),
        at: at(line, path),
        ..RightsLine::default()
    }
}

pub(super) fn main_release() -> Release {
    let path = "ReleaseList/Release[1]";
    let details = format!("{path}/ReleaseDetailsByTerritory");
    Release {
        is_main: some("true", 200, &format!("{path}/@IsMainRelease")),
        icpn: some("6151234567891", 201, &format!("{path}/ReleaseId/ICPN")),
        reference: some("R0", 202, &format!("{path}/ReleaseReference")),
        catalog_number: some("LAG-001", 202, &format!("{path}/ReleaseId/CatalogNumber")),
        titles: vec![title("Harmattan", 203, path)],
        links: vec![
            link("A1", "PrimaryResource", 204),
            link("A2", "PrimaryResource", 205),
            link("A9", "SecondaryResource", 206),
        ],
        types: vec![text("Single", 207, &format!("{path}/ReleaseType"))],
        territories: vec![text("Worldwide", 208, &format!("{details}/TerritoryCode"))],
        label_name: some("Lagoon Records", 209, &format!("{details}/LabelName")),
        artists: vec![artist("Adaeze", "MainArtist", 210, &details)],
        parental: vec![text(
            "NotExplicit",
            211,
            &format!("{details}/ParentalWarningType"),
        )],
        items: vec![group_item(1, 212), group_item(2, 214)],
        genres: vec![text(
            "Afrobeats",
            216,
            &format!("{details}/Genre/GenreText"),
        )],
        release_date: some("2026-04-10", 217, &format!("{details}/ReleaseDate")),
        plines: vec![rights_line(218, &format!("{path}/PLine"))],
        clines: vec![rights_line(219, &format!("{path}/CLine"))],
        at: at(200, path),
        ..Release::default()
    }
}

/// The track's release; what the track is called and coded stands with the recording alone, so that
/// a case has one place to change it.
pub(super) fn track_release(n: u32) -> Release {
    let path = format!("ReleaseList/Release[{}]", n + 1);
    let line = 220 + n * 10;
    Release {
        reference: some(
            &format!("R{n}"),
            line + 2,
            &format!("{path}/ReleaseReference"),
        ),
        types: vec![text(
            "TrackRelease",
            line + 3,
            &format!("{path}/ReleaseType"),
        )],
        links: vec![link(&format!("A{n}"), "PrimaryResource", line + 5)],
        at: at(line, &path),
        ..Release::default()
    }
}

fn deals() -> ReleaseDeal {
    let path = "DealList/ReleaseDeal";
    let terms = format!("{path}/Deal/DealTerms");
    ReleaseDeal {
        releases: (0..3)
            .map(|n| {
                text(
                    &format!("R{n}"),
                    261 + n,
                    &format!("{path}/DealReleaseReference"),
                )
            })
            .collect(),
        deals: vec![Deal {
            models: vec![text(
                "SubscriptionModel",
                265,
                &format!("{terms}/CommercialModelType"),
            )],
            use_types: vec![text(
                "OnDemandStream",
                266,
                &format!("{terms}/Usage/UseType"),
            )],
            territories: vec![text("Worldwide", 267, &format!("{terms}/TerritoryCode"))],
            start: some(
                "2026-04-10",
                268,
                &format!("{terms}/ValidityPeriod/StartDate"),
            ),
            at: at(264, &terms),
            ..Deal::default()
        }],
        at: at(260, path),
    }
}

fn message() -> Message {
    let header = "MessageHeader";
    Message {
        kind: MessageKind::NewRelease,
        version: "382".to_owned(),
        namespace: "http://ddex.net/xml/ern/382".to_owned(),
        schema_version_id: some("ern/382", 2, "@MessageSchemaVersionId"),
        header: Header {
            message_id: some("LAGOON-20260323-1", 4, &format!("{header}/MessageId")),
            sender: Party {
                id: some(DPID, 5, &format!("{header}/MessageSender/PartyId")),
                name: some(
                    "Lagoon Records",
                    5,
                    &format!("{header}/MessageSender/PartyName/FullName"),
                ),
                at: at(5, &format!("{header}/MessageSender")),
            },
            recipients: vec![Party {
                id: some(
                    RECIPIENT_DPID,
                    6,
                    &format!("{header}/MessageRecipient/PartyId"),
                ),
                name: None,
                at: at(6, &format!("{header}/MessageRecipient")),
            }],
            created: some(
                "2026-03-22T10:00:00Z",
                7,
                &format!("{header}/MessageCreatedDateTime"),
            ),
            control_type: some("LiveMessage", 8, &format!("{header}/MessageControlType")),
            at: at(3, header),
            ..Header::default()
        },
        recordings: vec![recording(1), recording(2)],
        images: vec![image()],
        releases: vec![main_release(), track_release(1), track_release(2)],
        deals: vec![deals()],
        at: Pos {
            line: 2,
            column: 1,
            path: "/NewReleaseMessage".to_owned(),
        },
        ..Message::default()
    }
}

/// Track `n` as the history knows it.
pub(super) fn known_track(n: u32) -> Track {
    Track {
        number: n,
        title: track_title(n).to_owned(),
        artist: "Adaeze".to_owned(),
        isrc: Some(format!("NGA3B260000{n}")),
        duration_ms: Some(222_000),
        sound: None,
    }
}

/// An error of an earlier package.
pub(super) fn problem(code: &str, file: &str) -> Problem {
    Problem {
        code: code.to_owned(),
        file: Some(file.to_owned()),
        ..Problem::default()
    }
}

/// An earlier package of the same release.
pub(super) fn earlier(status: Status) -> Earlier {
    Earlier {
        id: PackageId::new("01JQ0000000000000000000000"),
        attempt: 1,
        status,
        received_at: "2026-03-12T14:05:00Z".parse().unwrap(),
        title: "Harmattan".to_owned(),
        icpn: "6151234567891".to_owned(),
        message_created: Some("2026-03-10T10:00:00Z".to_owned()),
        fingerprint: None,
        judged: true,
        errors: Vec::new(),
    }
}

impl Package {
    /// Nothing is wrong with it.
    pub(super) fn sound() -> Self {
        Self {
            folder: FolderFacts {
                folder: "Adaeze_Harmattan_6151234567891_20260410".to_owned(),
                files: vec![audio_file(1), audio_file(2), cover_file(), message_file()],
                messages: vec!["metadata.xml".to_owned()],
                ..FolderFacts::default()
            },
            reading: Some(Reading {
                message: Some(message()),
                whole: true,
                ..Reading::default()
            }),
            message_file: Some("metadata.xml".to_owned()),
            schema: SchemaFacts {
                check: SchemaCheck::Official {
                    set: "ern-382".to_owned(),
                },
                ..SchemaFacts::default()
            },
            history: None,
            label_dpid: Some(DPID.to_owned()),
            own_dpid: Some(RECIPIENT_DPID.to_owned()),
            in_test: false,
            limits: Limits::default(),
            policy: Policy::default(),
            now: "2026-03-23T10:00:00Z".parse().unwrap(),
        }
    }

    /// Judges it under a profile.
    pub(super) fn judge(&self, profile: Profile) -> Report {
        let schema = self.schema.clone();
        judge(&Subject {
            folder: &self.folder,
            reading: self.reading.as_ref(),
            message_file: self.message_file.as_deref(),
            schema: &schema,
            history: self.history.as_ref(),
            policy: &self.policy,
            label_dpid: self.label_dpid.as_deref(),
            own_dpid: self.own_dpid.as_deref(),
            in_test: self.in_test,
            profile,
            limits: &self.limits,
            now: self.now,
        })
    }

    pub(super) fn message(&mut self) -> &mut Message {
        self.reading.as_mut().unwrap().message.as_mut().unwrap()
    }

    /// The product.
    pub(super) fn main(&mut self) -> &mut Release {
        &mut self.message().releases[0]
    }

    /// Track `n`, from 1.
    pub(super) fn track(&mut self, n: usize) -> &mut Recording {
        &mut self.message().recordings[n - 1]
    }

    /// The only deal.
    pub(super) fn deal(&mut self) -> &mut Deal {
        &mut self.message().deals[0].deals[0]
    }

    pub(super) fn file(&mut self, path: &str) -> &mut FileFacts {
        self.folder
            .files
            .iter_mut()
            .find(|file| file.path == path)
            .unwrap()
    }

    /// The audio of track 1.
    pub(super) fn audio(&mut self) -> &mut AudioFacts {
        self.file(&file_name(1)).audio.as_mut().unwrap()
    }

    pub(super) fn levels(&mut self) -> &mut AudioLevels {
        self.audio().levels.as_mut().unwrap()
    }

    pub(super) fn cover(&mut self) -> &mut ArtworkFacts {
        self.file("artwork.jpg").artwork.as_mut().unwrap()
    }

    pub(super) fn looks(&mut self) -> &mut PictureLooks {
        self.cover().looks.as_mut().unwrap()
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.folder.files.retain(|file| file.path != path);
    }

    pub(super) fn add_file(&mut self, path: &str, role: FileRole) -> &mut FileFacts {
        self.folder.files.push(FileFacts {
            path: path.to_owned(),
            size: 1_000,
            role,
            ..FileFacts::default()
        });
        self.folder.files.last_mut().unwrap()
    }

    /// The reader stumbled.
    pub(super) fn stumble(&mut self, kind: ReadFaultKind, message: &str) {
        self.reading.as_mut().unwrap().faults.push(ReadFault {
            kind,
            message: message.to_owned(),
            fix: None,
            at: at(84, "ResourceList/SoundRecording[2]"),
        });
    }

    pub(super) fn after(&mut self, earlier: Earlier) {
        let history = self.history.get_or_insert_default();
        history.same_release.push(earlier);
    }

    /// Makes it an update of a version that is live, which said the same.
    pub(super) fn update(&mut self) -> &mut Version {
        self.after(earlier(Status::Delivered));
        let history = self.history.get_or_insert_default();
        history.live.insert(Version {
            tracks: vec![known_track(1), known_track(2)],
            territories: vec!["Worldwide".to_owned()],
            use_types: vec!["OnDemandStream".to_owned()],
            thread_id: None,
            ..Version::default()
        })
    }

    /// Something of another release has to do with track 1.
    pub(super) fn relative(&mut self, relation: Relation, own: Option<Track>) {
        let history = self.history.get_or_insert_default();
        history.relatives.push(Relative {
            number: 1,
            relation,
            own: own.map(|track| (track, "Rain".to_owned())),
        });
    }

    /// Keeps track 1 only.
    pub(super) fn one_track(&mut self) {
        self.message().recordings.truncate(1);
        self.main().links.remove(1);
        self.main().items.truncate(1);
        self.message().releases.truncate(2);
        self.message().deals[0].releases.truncate(2);
        self.remove(&file_name(2));
    }
}
