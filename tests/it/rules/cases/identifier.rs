//! Identifiers.

use super::super::package::earlier;
use super::{Case, error, forgiven, info, warning};
use dropzone::domain::history::History;
use dropzone::domain::lifecycle::Status;

pub(super) const CASES: &[Case] = &[
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
];
