//! One way, at least, to trip each rule.
#![expect(
    clippy::assigning_clones,
    reason = "a case reads as the assignment that it is"
)]

use super::package::{
    DPID, OTHER_DPID, Package, artist, at, audio_file, earlier, file_name, group_item,
    main_release, recording, text,
};
use dropzone::domain::facts::{
    AudioFault, ColourModel, Container, FileRole, PictureFormat, SampleCoding, SchemaCheck,
    SchemaFault, Span, fingerprint,
};
use dropzone::domain::history::{Earlier, History};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::release::{Dialect, DialectUse, Message, MessageKind, ReadFaultKind};
use dropzone::domain::report::Severity::{self, Error, Info, Question, Warning};

/// A departure from the sound package and what has to come of it.
pub(super) struct Case {
    pub(super) code: &'static str,
    /// In the guide profile and in the strict one.
    pub(super) severity: (Severity, Severity),
    pub(super) fault: fn(&mut Package),
    /// Other codes that may be errors with it, because the one fault is really two.
    pub(super) with: &'static [&'static str],
    /// The nearest package that is sound: it comes close to the fault and must not trip the rule.
    pub(super) neighbour: Option<fn(&mut Package)>,
}

const fn error(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Error, Error, fault)
}

const fn warning(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Warning, Warning, fault)
}

const fn info(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Info, Info, fault)
}

/// What the guide forgives.
const fn forgiven(code: &'static str, fault: fn(&mut Package)) -> Case {
    graded(code, Warning, Error, fault)
}

const fn graded(
    code: &'static str,
    guide: Severity,
    strict: Severity,
    fault: fn(&mut Package),
) -> Case {
    Case {
        code,
        severity: (guide, strict),
        fault,
        with: &[],
        neighbour: None,
    }
}

impl Case {
    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    /// A package that comes as near to the fault as a sound one can.
    const fn sound(self, neighbour: fn(&mut Package)) -> Self {
        Self {
            neighbour: Some(neighbour),
            ..self
        }
    }
}

fn speak(package: &mut Package, dialect: Dialect, found: &str, wanted: &str, line: u32) {
    package.message().dialect.push(DialectUse {
        dialect,
        found: found.to_owned(),
        wanted: wanted.to_owned(),
        at: at(line, "ReleaseList/Release[1]/ReleaseDate"),
    });
}

fn rename(package: &mut Package, from: &str, to: &str) {
    to.clone_into(&mut package.file(from).path);
}

fn container(package: &mut Package, container: Container, coding: SampleCoding) {
    package.audio().container = container;
    package.audio().coding = coding;
}

pub(super) const PACKAGE: &[Case] = &[
    error("PKG-002", |p| {
        p.remove("metadata.xml");
        p.folder.messages.clear();
        p.reading = None;
        p.message_file = None;
    }),
    forgiven("PKG-003", |p| {
        rename(p, "metadata.xml", "Metadata.xml");
        p.folder.messages = vec!["Metadata.xml".to_owned()];
        p.message_file = Some("Metadata.xml".to_owned());
    }),
    error("PKG-004", |p| {
        p.add_file("old.xml", FileRole::Message);
        p.folder.messages.push("old.xml".to_owned());
    }),
    error("PKG-005", |p| {
        p.remove(&file_name(1));
        p.remove(&file_name(2));
    })
    .with(&["PKG-007"]),
    error("PKG-006", |p| p.remove("artwork.jpg")).with(&["PKG-007"]),
    error("PKG-007", |p| {
        rename(p, "01_Harmattan.wav", "01_Harmatan.wav");
    }),
    forgiven("PKG-008", |p| {
        rename(p, "01_Harmattan.wav", "01_HARMATTAN.wav");
    }),
    warning("PKG-009", |p| {
        rename(p, "01_Harmattan.wav", "01_Été.wav");
        p.track(1).technical[0].files[0].name.value = "01_E\u{301}te\u{301}.wav".to_owned();
    })
    .sound(|p| {
        rename(p, "01_Harmattan.wav", "01_Été.wav");
        p.track(1).technical[0].files[0].name.value = "01_Été.wav".to_owned();
    }),
    error("PKG-010", |p| {
        p.track(1).technical[0].files[0].name.value = "../01_Harmattan.wav".to_owned();
    }),
    error("PKG-010", |p| {
        p.track(1).technical[0].files[0].name.value = "s3://bucket/01_Harmattan.wav".to_owned();
    }),
    warning("PKG-010", |p| {
        let folder = p.folder.folder.clone();
        p.track(1).technical[0].files[0].name.value = format!("{folder}/01_Harmattan.wav");
    }),
    warning("PKG-011", |p| {
        let mut bonus = audio_file(3);
        bonus.path = "03_Bonus.wav".to_owned();
        p.folder.files.push(bonus);
    }),
    info("PKG-012", |p| {
        p.add_file("booklet.pdf", FileRole::Other);
    }),
    error("PKG-013", |p| p.file("02_DrySeason.wav").size = 0),
    error("PKG-013", |p| p.file("artwork.jpg").size = 0),
    error("PKG-014", |p| {
        p.folder.refused.push((
            "cover\n.jpg".to_owned(),
            "control character in its name".to_owned(),
        ));
    }),
    warning("PKG-015", |p| p.folder.folders.push("CD 1".to_owned())),
    warning("PKG-015", |p| {
        p.folder.nested_in = Some("Harmattan".to_owned());
    }),
    error("PKG-016", |p| p.limits.package_bytes = 1 << 20),
    error("PKG-016", |p| p.limits.package_files = 2),
    error("PKG-016", |p| p.limits.message_bytes = 100),
    error("PKG-017", |p| {
        rename(p, "02_DrySeason.wav", "02_DrySeason.wav.filepart");
        p.file("02_DrySeason.wav.filepart").role = FileRole::Temporary;
    })
    .with(&["PKG-007"]),
    warning("PKG-017", |p| {
        p.add_file("02_DrySeason.wav.filepart", FileRole::Temporary);
    }),
    warning("PKG-020", |p| {
        p.folder.folder = "Adaeze_Harmattan_5034567890120_20260410".to_owned();
    }),
    warning("PKG-021", |p| {
        p.add_file("release.zip", FileRole::Archive);
    }),
    warning("PKG-022", |p| {
        p.add_file("Artwork.jpg", FileRole::Other);
    }),
    error("PKG-025", |p| {
        p.file("01_Harmattan.wav").md5 = Some("0".repeat(32));
    }),
    info("PKG-025", |p| {
        let hash = p.track(1).technical[0].files[0].hash.as_mut().unwrap();
        hash.algorithm.value = "CRC32".to_owned();
        hash.value.value = "cafe0000".to_owned();
    }),
    info("PKG-026", |p| {
        for n in 1..=2 {
            p.track(n).technical[0].files[0].hash = None;
        }
        p.message().images[0].technical[0].files[0].hash = None;
    }),
    error("PKG-027", |p| {
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
    }),
    warning("PKG-027", |p| {
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
        p.track(2).isrc.as_mut().unwrap().value = "NGA3B2600001".to_owned();
    }),
    info("PKG-028", |p| {
        let print = fingerprint(p.folder.files.iter().map(|file| {
            (
                file.path.as_str(),
                file.size,
                file.sha256.as_deref().unwrap(),
            )
        }));
        p.after(Earlier {
            fingerprint: Some(print),
            ..earlier(Status::Superseded)
        });
    }),
];

fn release_paths(package: &mut Package) -> &mut Message {
    let message = package.message();
    message.releases[0].release_date.as_mut().unwrap().at.line = 217;
    message
}

pub(super) const MESSAGE: &[Case] = &[
    error("XML-001", |p| {
        p.stumble(ReadFaultKind::NotWellFormed, "A “&” stands alone.");
    }),
    error("XML-001", |p| {
        p.stumble(
            ReadFaultKind::TooMuch,
            "Elements are nested more than 100 deep.",
        );
    }),
    error("XML-002", |p| {
        p.stumble(ReadFaultKind::Doctype, "The file begins with a DOCTYPE.");
    }),
    error("XML-003", |p| {
        p.stumble(ReadFaultKind::Encoding, "Byte 0xE9 is no UTF-8.");
    }),
    warning("XML-004", |p| {
        p.stumble(ReadFaultKind::Mojibake, "“BeyoncÃ©” looks wrong.");
    }),
    error("XML-005", |p| {
        p.stumble(ReadFaultKind::WrongRoot, "This is a ManifestMessage.");
    }),
    error("XML-005", |p| p.message().kind = MessageKind::Purge),
    error("XML-006", |p| {
        p.stumble(ReadFaultKind::WrongVersion, "This is ERN 4.3.");
    }),
    warning("XML-007", |p| {
        p.stumble(ReadFaultKind::VersionMismatch, "Root 3.8.2, header 3.8.3.");
    }),
    forgiven("XML-008", |p| {
        speak(
            p,
            Dialect::DefaultNamespace,
            "<NewReleaseMessage xmlns=…>",
            "<ern:NewReleaseMessage xmlns:ern=…>",
            2,
        );
    }),
    forgiven("XML-009", |p| {
        speak(p, Dialect::UpcElement, "<UPC>", "<ICPN>", 201);
    }),
    forgiven("XML-010", |p| {
        speak(p, Dialect::FileUri, "<URI>", "<FileName>", 54);
    }),
    forgiven("XML-011", |p| {
        speak(p, Dialect::CodecIsContainer, "WAV", "PCM", 50);
    }),
    forgiven("XML-012", |p| {
        speak(
            p,
            Dialect::ReleaseLayout,
            "ReleaseDate",
            "ReleaseDetailsByTerritory",
            217,
        );
    }),
    // The official schema was run here and is content: its edition knows EP.
    warning("XML-013", |p| {
        speak(p, Dialect::ReleaseTypeEp, "EP", "UserDefined", 207);
    }),
    forgiven("XML-013", |p| {
        p.schema.check = SchemaCheck::NotRun;
        speak(p, Dialect::ReleaseTypeEp, "EP", "UserDefined", 207);
    }),
    forgiven("XML-014", |p| {
        p.schema.faults.push(SchemaFault {
            message: "The element LabelName is not expected here.".to_owned(),
            fix: Some("Put it after DisplayArtistName.".to_owned()),
            line: 209,
            path:
                "/ern:NewReleaseMessage/ReleaseList/Release[1]/ReleaseDetailsByTerritory/LabelName"
                    .to_owned(),
            expected: Some("DisplayArtistName".to_owned()),
            found: Some("LabelName".to_owned()),
        });
        p.schema.total = 1;
    }),
    info("XML-015", |p| p.schema.check = SchemaCheck::NotRun),
    info("XML-015", |p| p.schema.check = SchemaCheck::Guide),
    info("XML-015", |p| {
        p.schema.check = SchemaCheck::Skipped {
            why: "it took more than 30 seconds".to_owned(),
        };
    }),
    info("XML-016", |p| {
        p.stumble(ReadFaultKind::Deprecated, "UpdateIndicator is ignored.");
    }),
    forgiven("HDR-001", |p| {
        p.label_dpid = None;
        p.message().header.sender.id.as_mut().unwrap().value = "LAGOON".to_owned();
    }),
    forgiven("HDR-001", |p| p.message().header.sender.id = None),
    error("HDR-002", |p| p.label_dpid = Some(OTHER_DPID.to_owned())),
    error("HDR-002", |p| {
        p.label_dpid = None;
        p.history = Some(History {
            dpid_of_other_label: true,
            ..History::default()
        });
    }),
    warning("HDR-004", |p| {
        p.history = Some(History {
            same_message_id: vec![earlier(Status::Delivered)],
            ..History::default()
        });
    }),
    error("HDR-005", |p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T11:00:00+00:00".to_owned()),
            ..earlier(Status::NeedsQc)
        });
    }),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "2026-03-22T10:00:00".to_owned();
    }),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "2027-03-22T10:00:00Z".to_owned();
    }),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "yesterday".to_owned();
    }),
    info("HDR-007", |p| {
        p.message().header.control_type.as_mut().unwrap().value = "TestMessage".to_owned();
    }),
    error("REF-001", |p| {
        p.track(2).technical[0].reference.as_mut().unwrap().value = "T1".to_owned();
    }),
    error("REF-001", |p| {
        p.message().releases[2].reference.as_mut().unwrap().value = "R1".to_owned();
        p.message().deals[0].releases.pop();
    }),
    error("REF-002", |p| {
        p.main().links[2].reference.value = "A7".to_owned();
    }),
    error("REF-003", |p| {
        release_paths(p).deals[0].releases[1].value = "R7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[0].value = "R7".to_owned();
    }),
    warning("REF-004", |p| {
        p.main().links.remove(1);
        p.main().items.truncate(1);
        p.message().releases.truncate(2);
        p.message().deals[0].releases.truncate(2);
    }),
    forgiven("REF-005", |p| p.main().is_main = None),
    forgiven("REF-005", |p| {
        p.message().releases[1].is_main = Some(text("true", 230, "x"));
    }),
    error("REF-005", |p| {
        p.message().releases.clear();
        p.message().deals.clear();
    }),
    error("REF-006", |p| {
        let mut second = main_release();
        second.is_main = None;
        second.reference.as_mut().unwrap().value = "R5".to_owned();
        p.message().releases.push(second);
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "3".to_owned();
    }),
    error("REF-008", |p| p.main().items[0].sequence = None),
    warning("REF-008", |p| p.main().items.clear()),
    warning("REF-009", |p| {
        p.message().images.clear();
        p.main().links.pop();
    }),
    warning("REF-010", |p| {
        let mut second = p.message().images[0].clone();
        second.reference.as_mut().unwrap().value = "A8".to_owned();
        second.technical.clear();
        p.message().images.push(second);
    }),
];

pub(super) const METADATA: &[Case] = &[
    error("ID-001", |p| p.track(2).isrc = None),
    error("ID-002", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "NG-A3B-26-0001".to_owned();
    }),
    warning("ID-003", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "NG-A3B-26-00001".to_owned();
    }),
    error("ID-005", |p| {
        p.track(2).isrc.as_mut().unwrap().value = "NGA3B2600001".to_owned();
    }),
    warning("ID-005", |p| {
        p.track(2).isrc.as_mut().unwrap().value = "ng-a3b-26-00001".to_owned();
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
    }),
    error("ID-008", |p| p.main().icpn = None),
    error("ID-009", |p| {
        p.main().icpn.as_mut().unwrap().value = "15123456789".to_owned();
    }),
    error("ID-009", |p| {
        p.main().icpn.as_mut().unwrap().value = "not a barcode".to_owned();
    }),
    forgiven("ID-010", |p| {
        p.main().icpn.as_mut().unwrap().value = "6151234567890".to_owned();
    }),
    warning("ID-012", |p| {
        p.main().icpn.as_mut().unwrap().value = "2001234567893".to_owned();
    }),
    error("ID-013", |p| {
        p.history = Some(History {
            icpn_of_other_label: true,
            ..History::default()
        });
    }),
    info("ID-014", |p| p.after(earlier(Status::Delivered))),
    warning("ID-018", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "GBDUM7620001".to_owned();
    }),
    error("META-001", |p| p.main().titles.clear()),
    error("META-001", |p| {
        p.main().titles[0].text.value = String::new();
    }),
    error("META-002", |p| p.track(2).titles.clear()),
    error("META-003", |p| p.track(2).artists.clear()),
    error("META-003", |p| {
        p.main().artists.clear();
        p.track(2).artists = vec![artist("Tunde", "MainArtist", 86, "x")];
    }),
    info("META-003", |p| p.main().artists.clear()),
    error("META-004", |p| {
        p.main().genres.clear();
        p.track(1).genres.clear();
        p.track(2).genres[0].value = String::new();
    }),
    error("META-006", |p| {
        p.main().release_date = None;
        for deal in &mut p.message().deals {
            for terms in &mut deal.deals {
                terms.start = None;
            }
        }
    })
    .with(&["DEAL-009"]),
    warning("META-006", |p| p.main().release_date = None),
    error("META-006", |p| {
        p.main().release_date.as_mut().unwrap().value = "2026-02-31".to_owned();
    }),
    warning("META-007", |p| {
        p.main().release_date.as_mut().unwrap().value = "2026-03-25".to_owned();
    }),
    error("META-009", |p| {
        p.main().original_release_date = Some(text("2027-01-01", 218, "x"));
    }),
    error("META-010", |p| p.main().types.clear()),
    forgiven("META-011", |p| p.main().types[0].value = "Album".to_owned()),
    forgiven("META-011", |p| p.audio().duration_ms = 700_000).with(&["AUD-015"]),
    warning("META-014", |p| {
        p.track(1).titles[0].text.value = "Harmattan ft. Tunde".to_owned();
    }),
    warning("META-015", |p| {
        p.main().titles[0].text.value = "HARMATTAN".to_owned();
    }),
    warning("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmattan ☀".to_owned();
    }),
    error("META-016", |p| {
        p.track(1).titles[0].text.value = "Harmat\u{202e}tan".to_owned();
    }),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Harmattan (Deluxe".to_owned();
    }),
    warning("META-017", |p| {
        p.main().titles[0].text.value = "Sun &amp; Moon".to_owned();
    }),
    error("META-023", |p| p.track(1).artists[0].roles.clear()),
    error("META-023", |p| {
        p.main().artists[0].roles[0].value = "Main Artist".to_owned();
    }),
    error("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "FeaturedArtist".to_owned();
    }),
    warning("META-024", |p| {
        p.track(1).artists[0].roles[0].value = "Conductor".to_owned();
    }),
    warning("META-025", |p| {
        let mut guest = artist("Tunde", "FeaturedArtist", 47, "x");
        guest.sequence = None;
        p.track(1).artists.push(guest);
    }),
    warning("META-026", |p| {
        p.track(1)
            .artists
            .push(artist("ADAEZE", "FeaturedArtist", 47, "x"));
    }),
    error("META-034", |p| p.track(1).parental.clear()),
    error("META-035", |p| {
        p.track(1).parental[0].value = "Clean".to_owned();
    }),
    info("META-035", |p| {
        p.track(1).parental[0].value = "NoAdviceAvailable".to_owned();
    }),
    warning("META-036", |p| {
        p.track(1).parental[0].value = "Explicit".to_owned();
    }),
];

pub(super) const DEALS: &[Case] = &[
    error("DEAL-001", |p| p.message().deals.clear()),
    warning("DEAL-002", |p| {
        p.message().deals[0].releases.pop();
    }),
    error("DEAL-003", |p| p.deal().territories.clear()),
    error("DEAL-003", |p| {
        p.deal().territories.clear();
        p.main().territories[0].value = "DE".to_owned();
    }),
    graded("DEAL-003", Question, Question, |p| {
        p.main().territories[0].value = "DE".to_owned();
        for n in 1..=2 {
            p.track(n).territories[0].value = "DE".to_owned();
        }
    }),
    error("DEAL-004", |p| p.deal().excluded.push(text("US", 269, "x"))),
    error("DEAL-005", |p| {
        p.deal().territories[0].value = "UK".to_owned();
    }),
    warning("DEAL-005", |p| {
        p.main().territories[0].value = "worldwide".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "2136".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "CSXX".to_owned();
    }),
    warning("DEAL-007", |p| {
        p.deal().territories[0].value = "AN".to_owned();
    }),
    error("DEAL-009", |p| p.deal().start = None),
    error("DEAL-009", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-02-31".to_owned();
    }),
    error("DEAL-010", |p| {
        p.deal().end = Some(text("2026-04-09", 269, "x"));
    }),
    warning("DEAL-011", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-03-10".to_owned();
    }),
    warning("DEAL-012", |p| {
        p.deal().start.as_mut().unwrap().value = "2025-04-10".to_owned();
        p.deal().end = Some(text("2026-01-01", 269, "x"));
    }),
    forgiven("DEAL-014", |p| p.deal().use_types.clear()),
    forgiven("DEAL-014", |p| {
        p.deal().models[0].value = "Subscription".to_owned();
    }),
    warning("DEAL-014", |p| {
        p.deal().use_types.push(text("Stream", 266, "x"));
    }),
];

pub(super) const AUDIO: &[Case] = &[
    error("AUD-001", |p| {
        p.audio().container = Container::Unknown;
        p.audio().rate_hz = 0;
        p.audio().levels = None;
        p.audio().faults.push(AudioFault::Unreadable {
            why: "it begins with zeros".to_owned(),
        });
    }),
    error("AUD-001", |p| {
        let file = p.file("01_Harmattan.wav");
        file.audio = None;
        file.failure = Some("the decoder stopped".to_owned());
    }),
    error("AUD-001", |p| {
        p.add_file("notes.txt", FileRole::Other);
        p.track(1).technical[0].files[0].name.value = "notes.txt".to_owned();
        p.track(1).technical[0].files[0].hash = None;
    }),
    error("AUD-002", |p| {
        container(p, Container::Mp3, SampleCoding::Compressed);
    }),
    warning("AUD-002", |p| {
        let mut bonus = audio_file(3);
        bonus.path = "preview.mp3".to_owned();
        bonus.audio.as_mut().unwrap().container = Container::Mp3;
        p.folder.files.push(bonus);
    }),
    error("AUD-003", |p| {
        container(p, Container::Flac, SampleCoding::Flac);
    }),
    warning("AUD-004", |p| {
        container(p, Container::Aiff, SampleCoding::Pcm);
        rename(p, "01_Harmattan.wav", "01_Harmattan.aiff");
        p.track(1).technical[0].files[0].name.value = "01_Harmattan.aiff".to_owned();
    }),
    error("AUD-005", |p| p.audio().coding = SampleCoding::Float),
    warning("AUD-006", |p| p.audio().extensible = true),
    warning("AUD-007", |p| {
        p.audio().faults.push(AudioFault::ChunksAfterData {
            ids: vec!["LIST".to_owned(), "id3 ".to_owned()],
        });
    }),
    error("AUD-008", |p| {
        p.audio().duration_ms = 130_000;
        p.audio().faults.push(AudioFault::Truncated {
            promised_ms: Some(222_000),
            present_ms: 130_000,
        });
    }),
    error("AUD-008", |p| {
        p.audio().faults.push(AudioFault::Undecodable {
            at_ms: 12_000,
            why: "a frame is damaged".to_owned(),
        });
    }),
    error("AUD-009", |p| {
        p.audio().faults.push(AudioFault::ChecksumMismatch);
    }),
    error("AUD-010", |p| p.audio().rate_hz = 96_000),
    error("AUD-011", |p| p.audio().bits = 8),
    info("AUD-012", |p| p.audio().bits = 16),
    error("AUD-013", |p| p.audio().channels = 1),
    warning("AUD-014", |p| p.audio().rate_hz = 48_000),
    warning("AUD-015", |p| p.audio().duration_ms = 223_100),
    warning("AUD-015", |p| p.audio().duration_ms = 226_300),
    error("AUD-015", |p| p.audio().duration_ms = 178_000),
    warning("AUD-016", |p| {
        p.track(1).technical[0].bits.as_mut().unwrap().value = "16".to_owned();
    }),
    warning("AUD-017", |p| p.levels().trailing_silence_ms = 2_400),
    error("AUD-019", |p| p.levels().all_silent = true),
    error("AUD-019", |p| {
        p.levels().channel_rms_dbfs = vec![-13.0, -200.0];
    }),
    warning("AUD-020", |p| {
        p.levels().clipped_runs = 3;
        p.levels().clipped_samples = 12;
        p.levels().clipped_at = vec![Span {
            start_ms: 12_340,
            end_ms: 12_341,
        }];
    }),
    error("AUD-020", |p| {
        p.levels().clipped_runs = 9_000;
        p.levels().clipped_samples = 40_000;
    }),
    forgiven("AUD-021", |p| p.levels().true_peak_dbtp = 0.4),
    warning("AUD-022", |p| p.levels().loudness_lufs = Some(-35.0)),
    warning("AUD-028", |p| {
        p.audio().faults.push(AudioFault::Odd {
            what: "the header has no fact chunk".to_owned(),
        });
    }),
];

pub(super) const ARTWORK: &[Case] = &[
    error("ART-001", |p| {
        p.cover().decoded = false;
        p.cover().damage = Some("its end is missing".to_owned());
    }),
    error("ART-001", |p| {
        let file = p.file("artwork.jpg");
        file.artwork = None;
        file.failure = Some("the decoder stopped".to_owned());
    }),
    error("ART-002", |p| p.cover().format = PictureFormat::Webp),
    warning("ART-003", |p| p.cover().format = PictureFormat::Png),
    error("ART-004", |p| {
        p.cover().width = 1400;
        p.cover().height = 1400;
    }),
    info("ART-005", |p| {
        p.cover().width = 4000;
        p.cover().height = 4000;
    }),
    warning("ART-005", |p| {
        p.cover().width = 8000;
        p.cover().height = 8000;
    }),
    error("ART-006", |p| p.cover().width = 3400),
    warning("ART-006", |p| p.cover().height = 2998),
    error("ART-007", |p| p.cover().colour = ColourModel::Ycck),
    warning("ART-007", |p| p.cover().colour = ColourModel::Grey),
    error("ART-008", |p| p.file("artwork.jpg").size = (20 << 20) + 1),
    warning("ART-009", |p| p.cover().colour = ColourModel::Rgba),
    warning("ART-015", |p| {
        p.message().images.clear();
        p.main().links.pop();
        rename(p, "artwork.jpg", "front.jpg");
        let mut back = p.file("front.jpg").clone();
        back.path = "back.jpg".to_owned();
        p.folder.files.push(back);
    }),
];

pub(super) const UPDATES: &[Case] = &[
    info("UPD-001", |p| p.after(earlier(Status::Delivered))),
    graded("UPD-004", Question, Question, |p| {
        p.after(earlier(Status::Delivered));
        p.message().deals.clear();
    }),
    graded("UPD-004", Question, Question, |p| {
        p.after(earlier(Status::Delivered));
        p.deal().start.as_mut().unwrap().value = "2025-04-10".to_owned();
        p.deal().end = Some(text("2026-03-01", 269, "x"));
    }),
    info("UPD-007", |p| p.after(earlier(Status::NeedsQc))),
    info("UPD-009", |p| p.after(earlier(Status::QcRejected))),
    info("UPD-009", |p| {
        p.after(Earlier {
            errors: vec![("META-001".to_owned(), "metadata.xml".to_owned())],
            ..earlier(Status::Invalid)
        });
    }),
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    [PACKAGE, MESSAGE, METADATA, DEALS, AUDIO, ARTWORK, UPDATES]
        .into_iter()
        .flatten()
}

/// A package with a dozen faults, as they come together in real life.
pub(super) fn faulty() -> Package {
    let mut package = Package::sound();
    package.label_dpid = None;
    let p = &mut package;
    p.schema.check = SchemaCheck::NotRun;
    p.message().header.sender.id.as_mut().unwrap().value = "YOUR_LABEL_ID".to_owned();
    speak(
        p,
        Dialect::UpcElement,
        "<UPC>6151234567890</UPC>",
        "<ICPN>6151234567890</ICPN>",
        201,
    );
    p.main().icpn.as_mut().unwrap().value = "6151234567890".to_owned();
    p.main().types[0].value = "Album".to_owned();
    p.main().territories = vec![
        text(
            "DE",
            208,
            "ReleaseList/Release[1]/ReleaseDetailsByTerritory/TerritoryCode",
        ),
        text(
            "AT",
            209,
            "ReleaseList/Release[1]/ReleaseDetailsByTerritory/TerritoryCode",
        ),
    ];
    p.deal().territories.clear();
    p.track(1).isrc = None;
    p.track(2).parental[0].value = "Clean".to_owned();
    p.track(2).artists[0].roles[0].value = "Main Artist".to_owned();
    rename(p, "02_DrySeason.wav", "02_Dry_Season.wav");
    container(p, Container::Mp3, SampleCoding::Compressed);
    p.cover().width = 1400;
    p.cover().height = 1400;
    p.cover().colour = ColourModel::Cmyk;
    p.add_file("booklet.pdf", FileRole::Other);
    package
}

/// More tracks than anyone has patience for.
pub(super) fn many_tracks(number: u32) -> Package {
    let mut package = Package::sound();
    for n in 3..=number {
        let mut extra = recording(n % 9 + 1);
        extra.reference.as_mut().unwrap().value = format!("A1{n}");
        extra.technical.clear();
        extra.isrc = None;
        let mut item = group_item(1, 300 + n);
        item.sequence.as_mut().unwrap().value = n.to_string();
        item.references[0].value = format!("A1{n}");
        package.message().recordings.push(extra);
        package.main().items.push(item);
    }
    assert_ne!(DPID, OTHER_DPID);
    package
}
