//! Identifiers.

use super::super::package::{Package, earlier, known_track, text};
use super::{Case, error, forgiven, info, warning};
use dropzone::domain::history::{History, Relation, Track};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::release::PartyCode;

pub(super) const CASES: &[Case] = &[
    error("ID-001", |p| p.track(2).isrc = None)
        .sound(|p| p.track(2).isrc.as_mut().unwrap().value = "NGA3B2699999".to_owned()),
    error("ID-002", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "NG-A3B-26-0001".to_owned();
    })
    .sound(|p| p.track(1).isrc.as_mut().unwrap().value = "QZ0002600001".to_owned()),
    warning("ID-003", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "NG-A3B-26-00001".to_owned();
    })
    .sound(|p| p.track(1).isrc.as_mut().unwrap().value = "NGA3B2600001".to_owned()),
    info("ID-004", |p| {
        for n in 1..=2 {
            p.track(n).isrc.as_mut().unwrap().value = format!("AAA3B260000{n}");
        }
    })
    .sound(|p| p.track(1).isrc.as_mut().unwrap().value = "QZA3B2600001".to_owned()),
    error("ID-005", |p| {
        p.track(2).isrc.as_mut().unwrap().value = "NGA3B2600001".to_owned();
    }),
    warning("ID-005", |p| {
        p.track(2).isrc.as_mut().unwrap().value = "ng-a3b-26-00001".to_owned();
        p.file("02_DrySeason.wav").sha256 = Some("1".repeat(64));
    })
    .sound(|p| p.track(2).isrc.as_mut().unwrap().value = "NGA3B2500001".to_owned()),
    error("ID-008", |p| p.main().icpn = None).sound(|p| barcode(p, "614141999996")),
    error("ID-009", |p| {
        barcode(p, "15123456789");
    }),
    error("ID-009", |p| {
        barcode(p, "not a barcode");
    })
    .sound(|p| barcode(p, "06151234567891")),
    forgiven("ID-010", |p| {
        barcode(p, "6151234567890");
    })
    .sound(|p| barcode(p, "614141999996")),
    info("ID-011", |p| {
        p.main().is_ean = Some(text("false", 201, "x"))
    })
    .sound(|p| p.main().is_ean = Some(text("true", 201, "x"))),
    info("ID-011", |p| {
        p.main().icpn.as_mut().unwrap().value = "036000291452".to_owned();
        p.main().is_ean = Some(text("true", 201, "x"));
        p.folder.folder = "Adaeze_Harmattan_036000291452_20260410".to_owned();
    })
    .sound(|p| {
        p.main().icpn.as_mut().unwrap().value = "036000291452".to_owned();
        p.main().is_ean = Some(text("false", 201, "x"));
    }),
    info("ID-011", |p| {
        p.main().icpn.as_mut().unwrap().value = "0036000291452".to_owned();
        p.folder.folder = "Adaeze_Harmattan_036000291452_20260410".to_owned();
    }),
    warning("ID-012", |p| {
        barcode(p, "2001234567893");
    })
    .sound(|p| barcode(p, "3001234567892")),
    error("ID-013", |p| {
        p.history = Some(History {
            icpn_of_other_label: true,
            ..History::default()
        });
    })
    .sound(|p| p.after(earlier(Status::Delivered))),
    info("ID-014", |p| p.after(earlier(Status::Delivered)))
        .sound(|p| p.history = Some(History::default())),
    warning("ID-018", |p| {
        p.track(1).isrc.as_mut().unwrap().value = "GBDUM7620001".to_owned();
    })
    .sound(|p| p.track(1).isrc.as_mut().unwrap().value = "GBDUK7620001".to_owned()),
    warning("ID-015", |p| {
        p.main().grid = Some(text("A12425GABC1234002N", 201, "x"));
    })
    .sound(|p| p.main().grid = Some(text("A1-2425G-ABC1234002-M", 201, "x"))),
    warning("ID-015", |p| {
        p.main().grid = Some(text("A1UCASE001", 201, "x"))
    }),
    warning("ID-016", |p| {
        p.track(1).iswc = Some(text("T1234567890", 42, "x"));
    })
    .sound(|p| p.track(1).iswc = Some(text("T0345246801", 42, "x"))),
    warning("ID-016", |p| {
        p.track(1).iswc = Some(text("T-034.524.680-1", 42, "x"));
    }),
    warning("ID-017", |p| {
        p.track(1).contributors[0].ids.push(PartyCode {
            value: text("0000000121032684", 46, "x"),
            is_isni: true,
            namespace: None,
        });
    })
    .sound(|p| {
        p.track(1).contributors[0].ids.push(PartyCode {
            value: text("0000 0001 2103 2683", 46, "x"),
            is_isni: true,
            namespace: None,
        });
    }),
    warning("ID-017", |p| {
        p.main().artists[0].ids.push(PartyCode {
            value: text("1234", 210, "x"),
            is_isni: false,
            namespace: Some("IPI".to_owned()),
        });
    })
    .sound(|p| {
        p.main().artists[0].ids.push(PartyCode {
            value: text("ART001", 210, "x"),
            is_isni: false,
            namespace: Some("DPID:PADPIDA2023001".to_owned()),
        });
    }),
    info("ID-019", |p| p.main().catalog_number = None)
        .sound(|p| p.main().catalog_number.as_mut().unwrap().value = "1".to_owned()),
    warning("ID-006", |p| {
        p.relative(
            Relation::OtherRecording,
            Some(Track {
                title: "Monsoon".to_owned(),
                ..known_track(1)
            }),
        );
    })
    .sound(|p| p.history = Some(History::default())),
    warning("ID-006", |p| p.relative(Relation::OtherRecording, None)),
    warning("ID-007", |p| {
        p.update().tracks[0].isrc = Some("NGA3B2500009".to_owned());
    })
    .sound(|p| {
        p.update();
    }),
];

/// Another barcode, and a folder whose name holds none.
fn barcode(package: &mut Package, icpn: &str) {
    icpn.clone_into(&mut package.main().icpn.as_mut().unwrap().value);
    package.folder.folder = "Adaeze_Harmattan_00000000_20260410".to_owned();
}
