//! What came before.

use super::super::package::{earlier, text};
use super::{Case, info, question};
use dropzone::domain::history::Earlier;
use dropzone::domain::lifecycle::Status;

pub(super) const CASES: &[Case] = &[
    info("UPD-001", |p| p.after(earlier(Status::Delivered)))
        .sound(|p| p.after(earlier(Status::NeedsQc))),
    question("UPD-004", |p| {
        p.after(earlier(Status::Delivered));
        p.message().deals.clear();
    }),
    question("UPD-004", |p| {
        p.after(earlier(Status::Delivered));
        p.deal().start.as_mut().unwrap().value = "2025-04-10".to_owned();
        p.deal().end = Some(text("2026-03-01", 269, "x"));
    })
    .sound(|p| {
        p.after(earlier(Status::Delivered));
        p.deal().end = Some(text("2027-04-10", 269, "x"));
    }),
    info("UPD-007", |p| p.after(earlier(Status::NeedsQc)))
        .sound(|p| p.after(earlier(Status::Superseded))),
    info("UPD-009", |p| p.after(earlier(Status::QcRejected)))
        .sound(|p| p.after(earlier(Status::Delivered))),
    info("UPD-009", |p| {
        p.after(Earlier {
            errors: vec![("META-001".to_owned(), "metadata.xml".to_owned())],
            ..earlier(Status::Invalid)
        });
    }),
];
