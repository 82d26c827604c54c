//! Identifiers.

use super::super::package::{Package, earlier};
use super::{Case, error, forgiven, info, warning};
use dropzone::domain::history::History;
use dropzone::domain::lifecycle::Status;

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
];

/// Another barcode, and a folder whose name holds none.
fn barcode(package: &mut Package, icpn: &str) {
    icpn.clone_into(&mut package.main().icpn.as_mut().unwrap().value);
    package.folder.folder = "harmattan".to_owned();
}
