//! What came before.

use super::super::package::{earlier, file_name, known_track, problem, text};
use super::{Case, error, forgiven, info, question, warning};
use dropzone::domain::history::{Down, Earlier, History};
use dropzone::domain::ids::PackageId;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::release::MessageKind;

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
    // A takedown that was delivered is no version that could be taken down.
    question("UPD-004", |p| {
        p.after(Earlier {
            id: PackageId::new("01TAKEDOWN"),
            ..earlier(Status::Delivered)
        });
        p.message().deals.clear();
    })
    .sound(|p| {
        p.after(Earlier {
            id: PackageId::new("01TAKEDOWN"),
            ..earlier(Status::Delivered)
        });
        let history = p.history.as_mut().unwrap();
        history.takedowns.packages = vec![PackageId::new("01TAKEDOWN")];
    }),
    question("UPD-012", |p| {
        p.after(earlier(Status::Delivered));
        let history = p.history.as_mut().unwrap();
        history.takedowns.everywhere = true;
        history.takedowns.down = vec![Down {
            dsp: "store".to_owned(),
            since: "2026-01-02T03:04:05Z".parse().unwrap(),
            by_us: true,
        }];
    })
    .sound(|p| {
        p.after(earlier(Status::Delivered));
        let history = p.history.as_mut().unwrap();
        history.takedowns.everywhere = true;
        history.takedowns.down = vec![Down {
            dsp: "store".to_owned(),
            since: "2026-01-02T03:04:05Z".parse().unwrap(),
            by_us: false,
        }];
    }),
    info("UPD-007", |p| p.after(earlier(Status::NeedsQc)))
        .sound(|p| p.after(earlier(Status::Superseded))),
    info("UPD-009", |p| p.after(earlier(Status::QcRejected)))
        .sound(|p| p.after(earlier(Status::Delivered))),
    info("UPD-009", |p| {
        p.after(Earlier {
            errors: vec![problem("META-001", "metadata.xml")],
            ..earlier(Status::Invalid)
        });
    }),
    info("UPD-002", |p| {
        p.update();
        for n in 1..=2 {
            p.track(n).technical.clear();
            p.remove(&file_name(u32::try_from(n).unwrap()));
        }
    })
    .sound(|p| {
        // New: without audio it is no release (PKG-005).
        p.after(earlier(Status::QcRejected));
        p.track(1).technical.clear();
        p.track(2).technical.clear();
    }),
    error("UPD-003", |p| {
        p.update();
        p.track(2).technical.clear();
        p.remove(&file_name(2));
    })
    .sound(|p| {
        p.update();
    }),
    info("UPD-002", |p| {
        p.update();
        p.history.as_mut().unwrap().kept = vec![file_name(1), file_name(2)];
    })
    .sound(|p| {
        p.update();
        p.history.as_mut().unwrap().kept = vec!["artwork.jpg".to_owned()];
    }),
    forgiven("UPD-003", |p| {
        p.update();
        p.history.as_mut().unwrap().kept = vec![file_name(2)];
    })
    .sound(|p| {
        p.update();
        p.history.as_mut().unwrap().kept = vec![file_name(1), file_name(2)];
    }),
    question("UPD-005", |p| {
        p.update();
        p.deal().territories.clear();
        p.deal().excluded = vec![text("FR", 267, "x")];
    })
    .sound(|p| {
        p.update().territories = vec!["Worldwide except FR".to_owned()];
    }),
    question("UPD-005", |p| {
        p.update().use_types.push("PermanentDownload".to_owned());
    }),
    warning("UPD-006", |p| {
        p.update().tracks.push(known_track(3));
    })
    .sound(|p| {
        p.update().tracks[0].isrc = Some("NGA3B2500009".to_owned());
    }),
    warning("UPD-006", |p| p.update().tracks.swap(0, 1)),
    info("UPD-008", |p| {
        p.update();
        p.history.as_mut().unwrap().is_being_delivered = true;
    })
    .sound(|p| {
        p.update();
    }),
    error("UPD-010", |p| p.message().kind = MessageKind::Purge)
        .sound(|p| p.message().kind = MessageKind::CatalogList),
    error("UPD-010", |p| {
        p.history = Some(History::default());
        p.message().kind = MessageKind::Purge;
    }),
];
