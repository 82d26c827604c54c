//! References and composition.

use super::super::package::{main_release, text};
use super::{Case, error, forgiven, warning};

pub(super) const CASES: &[Case] = &[
    error("REF-001", |p| {
        p.track(2).technical[0].reference.as_mut().unwrap().value = "T1".to_owned();
    }),
    error("REF-001", |p| {
        p.message().releases[2].reference.as_mut().unwrap().value = "R1".to_owned();
        p.message().deals[0].releases.pop();
    })
    .sound(|p| {
        p.track(2).technical[0].reference.as_mut().unwrap().value = "T22".to_owned();
    }),
    error("REF-002", |p| {
        p.main().links[2].reference.value = "A7".to_owned();
    })
    .sound(|p| {
        p.main().links[2].reference.value = "A7".to_owned();
        p.message().images[0].reference.as_mut().unwrap().value = "A7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[1].value = "R7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[0].value = "R7".to_owned();
    })
    .sound(|p| {
        p.message().deals[0].releases[1].value = "R7".to_owned();
        p.message().releases[1].reference.as_mut().unwrap().value = "R7".to_owned();
    }),
    warning("REF-004", |p| {
        p.main().links.remove(1);
        p.main().items.truncate(1);
        p.message().releases.truncate(2);
        p.message().deals[0].releases.truncate(2);
    })
    .sound(|p| p.main().links.swap(0, 1)),
    forgiven("REF-005", |p| p.main().is_main = None),
    forgiven("REF-005", |p| {
        p.message().releases[1].is_main = Some(text("true", 230, "x"));
    }),
    error("REF-005", |p| {
        p.message().releases.clear();
        p.message().deals.clear();
    })
    .sound(|p| p.message().releases[1].is_main = Some(text("false", 230, "x"))),
    error("REF-006", |p| {
        let mut second = main_release();
        second.is_main = None;
        second.reference.as_mut().unwrap().value = "R5".to_owned();
        p.message().releases.push(second);
    })
    .sound(|p| p.message().releases.swap(0, 2)),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "3".to_owned();
    }),
    error("REF-008", |p| p.main().items[0].sequence = None),
    warning("REF-008", |p| p.main().items.clear()).sound(|p| {
        p.main().items.swap(0, 1);
        p.main().items[0].group = 2;
        p.main().items[0].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    warning("REF-009", |p| {
        p.message().images.clear();
        p.main().links.pop();
    })
    .sound(|p| p.message().images[0].proprietary_id = Some(text("COVER-1", 182, "x"))),
    warning("REF-010", |p| {
        let mut second = p.message().images[0].clone();
        second.reference.as_mut().unwrap().value = "A8".to_owned();
        second.technical.clear();
        p.message().images.push(second);
    })
    .sound(|p| {
        let mut back = p.message().images[0].clone();
        back.reference.as_mut().unwrap().value = "A8".to_owned();
        back.kind.as_mut().unwrap().value = "BackCoverImage".to_owned();
        back.technical.clear();
        p.message().images.push(back);
    }),
];
