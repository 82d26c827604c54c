//! The header.

use super::super::package::{OTHER_DPID, earlier};
use super::{Case, error, forgiven, info, warning};
use dropzone::domain::history::{Earlier, History};
use dropzone::domain::lifecycle::Status;

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
            ..earlier(Status::Superseded)
        });
    })
    .sound(|p| {
        p.after(Earlier {
            message_created: Some("2026-03-22T10:00:00+01:00".to_owned()),
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
    })
    .sound(|p| {
        p.message().header.created.as_mut().unwrap().value = "2026-03-24T09:00:00+01:00".to_owned();
    }),
    info("HDR-007", |p| {
        p.message().header.control_type.as_mut().unwrap().value = "TestMessage".to_owned();
    })
    .sound(|p| p.message().header.control_type = None),
];
