//! The file and its form.

use super::super::package::{Package, text};
use super::{Case, error, forgiven, info, speak, warning};
use dropzone::domain::facts::{SchemaCheck, SchemaFault};
use dropzone::domain::release::{Dialect, MessageKind, ReadFaultKind};

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
    error("XML-005", |p| p.message().kind = MessageKind::Purge)
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
];

/// A reading fault that leaves the message to be judged.
fn mojibake(package: &mut Package) {
    package.stumble(ReadFaultKind::Mojibake, "“BeyoncÃ©” looks wrong.");
}

/// Another departure of the guide from the schema than the one at hand.
fn upc(package: &mut Package) {
    speak(package, Dialect::UpcElement, "<UPC>", "<ICPN>", 201);
}
