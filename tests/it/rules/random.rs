//! Whatever a label sends, judging it never panics and gives a report that holds together. Packages
//! are drawn from random bytes: strings that programs trip over, references that lead nowhere,
//! numbers at their ends.

use super::package::{Package, at, audio_file, earlier, problem};
use dropzone::domain::account::Profile;
use dropzone::domain::facts::{
    ArtworkFacts, AudioFault, AudioLevels, ColourModel, Container, FileFacts, FileRole,
    PictureFormat, SampleCoding, SchemaCheck, SchemaFault, Span,
};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::release::{
    Artist, Deal, Dialect, DialectUse, GroupItem, Image, Message, MessageKind, NamedFile,
    PartyCode, Pos, ReadFault, ReadFaultKind, Recording, Release, ReleaseDeal, ResourceLink,
    StatedHash, Technical, Text, Title,
};
use dropzone::domain::report::{Counts, Severity, Verdict};
use proptest::prelude::*;

/// Strings that programs trip over.
const TRICKY: &[&str] = &[
    "",
    " ",
    "A1",
    "A1",
    "A2",
    "R0",
    "R0",
    "R1",
    "T1",
    "true",
    "1",
    "2",
    "3",
    "0",
    "4294967295",
    "99999999999999999999",
    "-1",
    "é",
    "2026-04-1é",
    "2026-04-01",
    "2026-02-31",
    "9999-12-31",
    "-0001-01-01",
    "2026-04-01T00:00:00Z",
    "T",
    "PT3M42S",
    "PT.S",
    "P",
    "PT9999999999999999H",
    "PT1.S",
    "PT0.0000000000001S",
    "NaN",
    "inf",
    "1e308",
    "44.1",
    "kHz",
    "Single",
    "EP",
    "Album",
    "MainArtist",
    "Main Artist",
    "Worldwide",
    "UK",
    "EU",
    "2136",
    "CSXX",
    "AN",
    "Stream",
    "OnDemandStream",
    "TrackRelease",
    "UserDefined",
    "MD5",
    "====",
    "0123456789abcdef0123456789abcdef",
    "01_Harmattan.wav",
    "01_harmattan.WAV",
    "../x",
    "s3://x",
    "a%2Fb",
    "%",
    "%zz",
    "\\",
    "artwork.jpg",
    "5034567890123",
    "00000000000000",
    "GB-DUM-76-20001",
    "isrc",
    "\u{202e}\u{0}\r\n",
    "(((",
    ")]",
    "feat.",
    "ft",
    "☀",
    "ﬀ",
    "İ",
    "𝕏",
    "日本語",
    "&amp;",
    "FrontCoverImage",
    "LiveMessage",
    "PADPIDA2026032301N",
];

/// Draws values from bytes; when they run out everything is the first choice.
struct Draw<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl Draw<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()].clone()
    }

    fn number(&mut self) -> u64 {
        let small = u64::from(self.byte());
        self.pick(&[
            small,
            small * 1_000,
            44_100,
            222_000,
            3_000,
            u64::from(u32::MAX),
            u64::MAX,
        ])
    }

    fn narrow(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    fn level(&mut self) -> f64 {
        let small = f64::from(self.byte()) / 10.0 - 12.0;
        self.pick(&[
            small,
            -200.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
        ])
    }

    fn string(&mut self) -> String {
        match self.byte() % 8 {
            0 => "x".repeat(usize::from(self.byte()) * 9),
            1 => (0..self.byte() % 12)
                .filter_map(|_| char::from_u32(u32::from(self.byte()) * 97))
                .collect(),
            2 => format!("{}{}", self.pick(TRICKY), self.pick(TRICKY)),
            _ => self.pick(TRICKY).to_owned(),
        }
    }

    fn place(&mut self) -> Pos {
        let line = self.narrow();
        let path = self.string();
        at(line, &path)
    }

    fn text(&mut self) -> Text {
        Text {
            value: self.string(),
            at: self.place(),
        }
    }

    fn maybe<T>(&mut self, draw: fn(&mut Self) -> T) -> Option<T> {
        if self.byte() % 4 == 1 {
            None
        } else {
            Some(draw(self))
        }
    }

    fn some<T>(&mut self, draw: fn(&mut Self) -> T) -> Vec<T> {
        (0..self.byte() % 4).map(|_| draw(self)).collect()
    }

    fn title(&mut self) -> Title {
        Title {
            text: self.text(),
            sub: self.maybe(Self::text),
            ..Title::default()
        }
    }

    fn artist(&mut self) -> Artist {
        Artist {
            name: self.maybe(Self::text),
            roles: self.some(Self::text),
            sequence: self.maybe(Self::text),
            ids: self.some(|draw| PartyCode {
                value: draw.text(),
                is_isni: draw.byte() % 2 == 0,
                namespace: draw.maybe(Self::text).map(|text| text.value),
            }),
            at: self.place(),
            ..Artist::default()
        }
    }

    fn named_file(&mut self) -> NamedFile {
        NamedFile {
            name: self.text(),
            path: self.maybe(Self::text),
            hash: self.maybe(|draw| StatedHash {
                value: draw.text(),
                algorithm: draw.text(),
            }),
            at: self.place(),
            ..NamedFile::default()
        }
    }

    fn technical(&mut self) -> Technical {
        Technical {
            reference: self.maybe(Self::text),
            channels: self.maybe(Self::text),
            rate: self.maybe(Self::text),
            rate_unit: self.maybe(Self::string),
            bits: self.maybe(Self::text),
            is_preview: self.byte() % 5 == 1,
            files: self.some(Self::named_file),
            ..Technical::default()
        }
    }

    fn recording(&mut self) -> Recording {
        Recording {
            reference: self.maybe(Self::text),
            isrc: self.maybe(Self::text),
            titles: self.some(Self::title),
            artists: self.some(Self::artist),
            artist_name: self.maybe(Self::text),
            genres: self.some(Self::text),
            parental: self.some(Self::text),
            duration: self.maybe(Self::text),
            territories: self.some(Self::text),
            technical: self.some(Self::technical),
            at: self.place(),
            ..Recording::default()
        }
    }

    fn image(&mut self) -> Image {
        Image {
            reference: self.maybe(Self::text),
            kind: self.maybe(Self::text),
            technical: self.some(Self::technical),
            ..Image::default()
        }
    }

    fn group_item(&mut self) -> GroupItem {
        GroupItem {
            group: self.narrow(),
            sequence: self.maybe(Self::text),
            references: self.some(Self::text),
            at: self.place(),
            ..GroupItem::default()
        }
    }

    fn release(&mut self) -> Release {
        Release {
            is_main: self.maybe(Self::text),
            reference: self.maybe(Self::text),
            icpn: self.maybe(Self::text),
            grid: self.maybe(Self::text),
            isrc: self.maybe(Self::text),
            types: self.some(Self::text),
            user_defined_type: self.maybe(Self::string),
            titles: self.some(Self::title),
            artists: self.some(Self::artist),
            artist_name: self.maybe(Self::text),
            label_name: self.maybe(Self::text),
            genres: self.some(Self::text),
            parental: self.some(Self::text),
            release_date: self.maybe(Self::text),
            original_release_date: self.maybe(Self::text),
            territories: self.some(Self::text),
            links: self.some(|draw| ResourceLink {
                reference: draw.text(),
                kind: draw.maybe(Self::string),
            }),
            items: self.some(Self::group_item),
            at: self.place(),
            ..Release::default()
        }
    }

    fn deal(&mut self) -> Deal {
        Deal {
            models: self.some(Self::text),
            use_types: self.some(Self::text),
            territories: self.some(Self::text),
            excluded: self.some(Self::text),
            start: self.maybe(Self::text),
            end: self.maybe(Self::text),
            take_down: self.maybe(Self::text),
            at: self.place(),
            ..Deal::default()
        }
    }

    fn message(&mut self) -> Message {
        let mut message = Message {
            kind: self.pick(&[
                MessageKind::NewRelease,
                MessageKind::NewRelease,
                MessageKind::NewRelease,
                MessageKind::Purge,
                MessageKind::Other,
            ]),
            version: self.string(),
            dialect: self.some(|draw| DialectUse {
                repair: Vec::new(),
                dialect: draw.pick(&[
                    Dialect::DefaultNamespace,
                    Dialect::FileUri,
                    Dialect::ReleaseLayout,
                    Dialect::ReleaseTypeEp,
                ]),
                found: draw.string(),
                wanted: draw.string(),
                at: draw.place(),
            }),
            recordings: self.some(Self::recording),
            images: self.some(Self::image),
            releases: self.some(Self::release),
            deals: self.some(|draw| ReleaseDeal {
                releases: draw.some(Self::text),
                deals: draw.some(Self::deal),
                at: draw.place(),
            }),
            at: self.place(),
            ..Message::default()
        };
        message.header.sender.id = self.maybe(Self::text);
        message.header.message_id = self.maybe(Self::text);
        message.header.created = self.maybe(Self::text);
        message.header.control_type = self.maybe(Self::text);
        message
    }

    fn file(&mut self) -> FileFacts {
        let mut file = audio_file(1);
        file.path = self.string();
        file.size = self.number();
        file.role = self.pick(&[
            FileRole::Audio,
            FileRole::Audio,
            FileRole::Artwork,
            FileRole::Other,
            FileRole::Temporary,
        ]);
        file.sha256 = self.maybe(Self::string);
        file.failure = self.maybe(Self::string);
        file.artwork = self.maybe(|draw| ArtworkFacts {
            format: draw.pick(&[
                PictureFormat::Jpeg,
                PictureFormat::Unknown,
                PictureFormat::Gif,
            ]),
            width: draw.narrow(),
            height: draw.narrow(),
            colour: draw.pick(&[ColourModel::Rgb, ColourModel::Cmyk, ColourModel::Unknown]),
            bits: draw.narrow(),
            decoded: draw.byte() % 2 == 0,
            damage: draw.maybe(Self::string),
            ..ArtworkFacts::default()
        });
        let audio = file.audio.as_mut().unwrap();
        audio.container = self.pick(&[
            Container::Wav,
            Container::Mp3,
            Container::Unknown,
            Container::Flac,
        ]);
        audio.coding = self.pick(&[
            SampleCoding::Pcm,
            SampleCoding::Float,
            SampleCoding::Unknown,
        ]);
        audio.rate_hz = self.narrow();
        audio.bits = self.narrow();
        audio.channels = self.narrow();
        audio.duration_ms = self.number();
        audio.faults = self.some(|draw| match draw.byte() % 4 {
            0 => AudioFault::Unreadable { why: draw.string() },
            1 => AudioFault::Truncated {
                promised_ms: draw.maybe(Self::number),
                present_ms: draw.number(),
            },
            2 => AudioFault::ChunksAfterData {
                ids: draw.some(Self::string),
            },
            _ => AudioFault::Odd {
                what: draw.string(),
            },
        });
        audio.levels = self.maybe(|draw| AudioLevels {
            leading_silence_ms: draw.number(),
            trailing_silence_ms: draw.number(),
            all_silent: draw.byte() % 2 == 1,
            true_peak_dbtp: draw.level(),
            true_peak_at_ms: draw.number(),
            loudness_lufs: draw.maybe(Self::level),
            clipped_runs: draw.number(),
            clipped_samples: draw.number(),
            samples: draw.number(),
            clipped_at: draw.some(|draw| Span {
                start_ms: draw.number(),
                end_ms: draw.number(),
            }),
            channel_rms_dbfs: draw.some(Self::level),
            ..AudioLevels::default()
        });
        file
    }

    fn package(&mut self) -> Package {
        let mut package = Package::sound();
        package.folder.folder = self.string();
        if !self.byte().is_multiple_of(4) {
            package.folder.files.extend(self.some(Self::file));
        }
        package.folder.refused = self.some(|draw| (draw.string(), draw.string()));
        package.folder.folders = self.some(Self::string);
        package.folder.nested_in = self.maybe(Self::string);
        package.folder.messages = self.some(Self::string);
        package.message_file = self.maybe(Self::string);
        let reading = package.reading.as_mut().unwrap();
        reading.message = self.maybe(Self::message);
        reading.whole = !self.byte().is_multiple_of(8);
        reading.faults = self.some(|draw| ReadFault {
            kind: draw.pick(&[
                ReadFaultKind::Deprecated,
                ReadFaultKind::Mojibake,
                ReadFaultKind::VersionMismatch,
                ReadFaultKind::NotWellFormed,
            ]),
            message: format!("fault {}", draw.string()),
            fix: draw.maybe(Self::string),
            at: draw.place(),
        });
        package.schema.check = self.pick(&[
            SchemaCheck::NotRun,
            SchemaCheck::Guide,
            SchemaCheck::Official { set: String::new() },
        ]);
        package.schema.faults = self.some(|draw| SchemaFault {
            message: format!("fault {}", draw.string()),
            fix: draw.maybe(Self::string),
            line: draw.narrow(),
            path: draw.string(),
            expected: draw.maybe(Self::string),
            found: draw.maybe(Self::string),
            repair: Vec::new(),
        });
        package.schema.total = usize::from(self.byte());
        if self.byte() % 2 == 1 {
            for _ in 0..self.byte() % 3 {
                let status = self.pick(&Status::ALL);
                let mut earlier = earlier(status);
                earlier.attempt = self.narrow();
                earlier.message_created = self.maybe(Self::string);
                earlier.errors = self.some(|draw| problem(&draw.string(), &draw.string()));
                package.after(earlier);
            }
        }
        package.limits.findings_per_code = self.pick(&[20, 0, 1, 2]);
        package
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn judging_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1_500)) {
        let package = Draw { bytes: bytes.iter() }.package();
        for profile in [Profile::Guide, Profile::Strict] {
            let report = package.judge(profile);
            prop_assert_eq!(report.counts, Counts::of(&report.findings));
            let blocked = report.findings.iter().any(|f| f.severity == Severity::Error);
            prop_assert_eq!(report.verdict == Verdict::Invalid, blocked);
            prop_assert!(report.findings.is_sorted_by_key(|f| (f.severity, f.file.clone())));
            let message = package.reading.as_ref().and_then(|reading| reading.message.as_ref());
            let mut numbers: Vec<u32> = message.map_or_else(Vec::new, |message| {
                let recordings = message.recordings.iter().zip(1..);
                recordings.map(|(track, place)| message.track_number(track).unwrap_or(place)).collect()
            });
            numbers.sort_unstable();
            prop_assert!(report.tracks.iter().map(|track| track.number).eq(numbers));
            for finding in &report.findings {
                prop_assert!(!finding.message.is_empty(), "{}", finding.code);
                prop_assert!(finding.line != Some(0) && finding.column != Some(0));
            }
        }
    }
}
