//! The file and its form.

use super::super::package::{Package, group_item, text};
use super::{Case, error, forgiven, info, speak, warning};
use dropzone::domain::facts::{SchemaCheck, SchemaFault};
use dropzone::domain::release::{Dialect, MessageKind, ReadFaultKind, Title};

pub(super) const CASES: &[Case] = &[
    error("XML-001", |p| {
        p.stumble(ReadFaultKind::NotWellFormed, "A “&” stands alone.");
    }),
    error("XML-001", |p| {
        p.stumble(
            ReadFaultKind::TooMuch,
            "Elements are nested more than 100 deep.",
        );
    })
    .sound(mojibake),
    error("XML-002", |p| {
        p.stumble(ReadFaultKind::Doctype, "The file begins with a DOCTYPE.");
    })
    .sound(mojibake),
    error("XML-003", |p| {
        p.stumble(ReadFaultKind::Encoding, "Byte 0xE9 is no UTF-8.");
    })
    .sound(mojibake),
    warning("XML-004", |p| {
        p.stumble(ReadFaultKind::Mojibake, "“BeyoncÃ©” looks wrong.");
    })
    .sound(|p| p.track(1).titles[0].text.value = "São João".to_owned()),
    error("XML-005", |p| {
        p.stumble(ReadFaultKind::WrongRoot, "This is a ManifestMessage.");
    }),
    error("XML-005", |p| p.message().kind = MessageKind::CatalogList)
        .sound(|p| p.message().kind = MessageKind::NewRelease),
    error("XML-006", |p| {
        p.stumble(ReadFaultKind::WrongVersion, "This is ERN 4.3.");
    })
    .sound(|p| p.message().version = "382".to_owned()),
    warning("XML-007", |p| {
        p.stumble(ReadFaultKind::VersionMismatch, "Root 3.8.2, header 3.8.3.");
    })
    .sound(|p| p.message().schema_version_id = None),
    forgiven("XML-008", |p| {
        speak(
            p,
            Dialect::DefaultNamespace,
            "<NewReleaseMessage xmlns=…>",
            "<ern:NewReleaseMessage xmlns:ern=…>",
            2,
        );
    })
    .sound(upc),
    forgiven("XML-009", |p| {
        speak(p, Dialect::UpcElement, "<UPC>", "<ICPN>", 201);
    })
    .sound(|p| p.main().is_ean = Some(text("false", 201, "x"))),
    forgiven("XML-010", |p| {
        speak(p, Dialect::FileUri, "<URI>", "<FileName>", 54);
    })
    .sound(upc),
    forgiven("XML-011", |p| {
        speak(p, Dialect::CodecIsContainer, "WAV", "PCM", 50);
    })
    .sound(upc),
    forgiven("XML-012", |p| {
        speak(
            p,
            Dialect::ReleaseLayout,
            "ReleaseDate",
            "ReleaseDetailsByTerritory",
            217,
        );
    })
    .sound(upc),
    // The official schema was run here and is content: its edition knows EP.
    warning("XML-013", |p| {
        speak(p, Dialect::ReleaseTypeEp, "EP", "UserDefined", 207);
    }),
    forgiven("XML-013", |p| {
        p.schema.check = SchemaCheck::NotRun;
        speak(p, Dialect::ReleaseTypeEp, "EP", "UserDefined", 207);
    })
    .sound(upc),
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
            repair: Vec::new(),
        });
        p.schema.total = 1;
    })
    .sound(upc),
    info("XML-015", |p| p.schema.check = SchemaCheck::NotRun),
    info("XML-015", |p| p.schema.check = SchemaCheck::Guide),
    info("XML-015", |p| {
        p.schema.check = SchemaCheck::Skipped {
            why: "it took more than 30 seconds".to_owned(),
        };
    })
    .sound(|p| {
        p.schema.check = SchemaCheck::Official {
            set: "ern-383".to_owned(),
        };
    }),
    info("XML-016", |p| {
        p.stumble(ReadFaultKind::Deprecated, "UpdateIndicator is ignored.");
    })
    .sound(mojibake),
    warning("XML-017", |p| {
        profiled(p);
        p.message().releases[1].titles.pop();
    })
    .sound(profiled),
    warning("XML-017", |p| {
        profiled(p);
        p.main().types[0].value = "Album".to_owned();
    })
    .sound(|p| {
        profiled(p);
        // Other versions of the profile say it otherwise.
        p.message().release_profile = Some(text("CommonReleaseTypes/13/AudioAlbum", 2, "x"));
    })
    .with(&["META-011"]),
    warning("XML-017", |p| {
        profiled(p);
        let mut cover = group_item(3, 215);
        cover.references[0].value = "A9".to_owned();
        p.main().items.push(cover);
    }),
    warning("XML-017", |p| {
        profiled(p);
        p.message().images[0].proprietary_id = None;
    }),
    warning("XML-017", |p| {
        profiled(p);
        let link = p.main().links[0].clone();
        p.message().releases[2].links.push(link);
    }),
    info("XML-017", |p| {
        profiled(p);
        p.message().releases[2].release_date = None;
    }),
    info("XML-017", |p| {
        profiled(p);
        p.track(2).original_date = None;
    }),
];

/// A reading fault that leaves the message to be judged.
fn mojibake(package: &mut Package) {
    package.stumble(ReadFaultKind::Mojibake, "“BeyoncÃ©” looks wrong.");
}

/// Another departure of the guide from the schema than the one at hand.
fn upc(package: &mut Package) {
    speak(package, Dialect::UpcElement, "<UPC>", "<ICPN>", 201);
}

/// Follows DDEX's profile for singles, and says so.
fn profiled(p: &mut Package) {
    p.message().release_profile = Some(text("CommonReleaseTypes/14/AudioSingle", 2, "x"));
    p.message().images[0].proprietary_id = Some(text("COVER-1", 182, "x"));
    let names = ["Harmattan", "Harmattan", "Dry Season"];
    for (release, name) in p.message().releases.iter_mut().zip(names) {
        release.release_date = Some(text("2026-04-10", 217, "x"));
        for kind in ["FormalTitle", "DisplayTitle"] {
            release.titles.push(Title {
                text: text(name, 203, "x"),
                kind: Some(kind.to_owned()),
                ..Title::default()
            });
        }
    }
    for n in 1..=2 {
        p.track(n).original_date = Some(text("2026-04-10", 47, "x"));
    }
}
