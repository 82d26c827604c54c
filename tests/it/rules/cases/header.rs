//! The header.

use super::super::package::{DPID, OTHER_DPID, Package, earlier, text};
use super::{Case, error, forgiven, info, warning};
use dropzone::domain::history::{Down, Earlier, History, Takedowns};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::release::Party;

/// Nobody has it any more, since an operator took it down.
fn taken_down(p: &mut Package, since: &str) {
    p.after(earlier(Status::Delivered));
    let history = p.history.as_mut().unwrap();
    history.takedowns = Takedowns {
        everywhere: true,
        down: vec![Down {
            dsp: "store".to_owned(),
            since: since.parse().unwrap(),
            by_us: true,
        }],
        packages: Vec::new(),
    };
}

pub(super) const CASES: &[Case] = &[
    forgiven("HDR-001", |p| {
        p.label_dpid = None;
        p.message().header.sender.id.as_mut().unwrap().value = "LAGOON".to_owned();
    }),
    forgiven("HDR-001", |p| p.message().header.sender.id = None)
        .sound(|p| p.message().header.sender.name = None),
    error("HDR-002", |p| p.label_dpid = Some(OTHER_DPID.to_owned())),
    error("HDR-002", |p| {
        p.label_dpid = None;
        p.history = Some(History {
            dpid_of_other_label: true,
            ..History::default()
        });
    })
    .sound(|p| {
        p.label_dpid = None;
        p.history = Some(History::default());
    }),
    warning("HDR-003", |p| p.own_dpid = Some(OTHER_DPID.to_owned())).sound(|p| p.own_dpid = None),
    warning("HDR-008", |p| p.in_test = true).sound(|p| {
        p.in_test = true;
        p.message().header.control_type.as_mut().unwrap().value = "TestMessage".to_owned();
    }),
    warning("HDR-004", |p| {
        p.history = Some(History {
            same_message_id: vec![earlier(Status::Delivered)],
            ..History::default()
        });
    })
    .sound(|p| p.after(earlier(Status::Delivered))),
    error("HDR-005", |p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T11:00:00+00:00".to_owned()),
            received_at: "2026-03-22T12:00:00Z".parse().unwrap(),
            ..earlier(Status::Superseded)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T10:00:00+01:00".to_owned()),
            received_at: "2026-03-22T12:00:00Z".parse().unwrap(),
            ..earlier(Status::NeedsQc)
        });
    }),
    // It says that it was made after it came: then it came before this one was made, or not.
    error("HDR-005", |p| {
        p.after(Earlier {
            message_created: Some("2062-03-22T10:00:00Z".to_owned()),
            received_at: "2026-03-22T12:00:00Z".parse().unwrap(),
            ..earlier(Status::Delivered)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            message_created: Some("2062-03-22T10:00:00Z".to_owned()),
            ..earlier(Status::Delivered)
        });
    }),
    // It was replaced while it was being checked.
    error("HDR-005", |p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T11:00:00+00:00".to_owned()),
            received_at: "2026-03-22T12:00:00Z".parse().unwrap(),
            ..earlier(Status::Superseded)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T11:00:00+00:00".to_owned()),
            received_at: "2026-03-22T12:00:00Z".parse().unwrap(),
            judged: false,
            ..earlier(Status::Superseded)
        });
    }),
    // A message that was held up here does not undo a takedown by a time that lies ahead.
    error("HDR-005", |p| {
        taken_down(p, "2026-03-22T10:30:00Z");
        p.history.as_mut().unwrap().received_at = "2026-03-22T10:00:00Z".parse().ok();
        p.message().header.created.as_mut().unwrap().value = "2062-03-22T10:00:00Z".to_owned();
    })
    .sound(|p| {
        taken_down(p, "2026-03-22T10:30:00Z");
        p.history.as_mut().unwrap().received_at = "2026-03-22T11:00:00Z".parse().ok();
        p.message().header.created.as_mut().unwrap().value = "2062-03-22T10:00:00Z".to_owned();
    }),
    // We took the release down after the message was made.
    error("HDR-005", |p| taken_down(p, "2026-03-22T10:30:00Z"))
        .sound(|p| taken_down(p, "2026-03-22T08:30:00Z")),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "2026-03-22T10:00:00".to_owned();
    }),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "2027-03-22T10:00:00Z".to_owned();
    }),
    warning("HDR-006", |p| {
        p.message().header.created.as_mut().unwrap().value = "yesterday".to_owned();
    })
    .sound(|p| {
        p.message().header.created.as_mut().unwrap().value = "2026-03-24T09:00:00+01:00".to_owned();
    }),
    info("HDR-007", |p| {
        p.message().header.control_type.as_mut().unwrap().value = "TestMessage".to_owned();
    })
    .sound(|p| p.message().header.control_type = None),
    warning("HDR-009", |p| {
        p.message().header.on_behalf_of = Some(Party {
            id: Some(text(OTHER_DPID, 6, "x")),
            ..Party::default()
        });
    })
    .sound(|p| {
        p.message().header.on_behalf_of = Some(Party {
            id: Some(text(DPID, 6, "x")),
            ..Party::default()
        });
    }),
    info("HDR-010", |p| {
        p.update().thread_id = Some("T-1".to_owned());
        p.message().header.thread_id = Some(text("T-2", 4, "x"));
    })
    .sound(|p| {
        p.update().thread_id = Some("T-1".to_owned());
        p.message().header.thread_id = Some(text("T-1", 4, "x"));
    }),
];
