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
    }),
    error("REF-002", |p| {
        p.main().links[2].reference.value = "A7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[1].value = "R7".to_owned();
    }),
    error("REF-003", |p| {
        p.message().deals[0].releases[0].value = "R7".to_owned();
    }),
    warning("REF-004", |p| {
        p.main().links.remove(1);
        p.main().items.truncate(1);
        p.message().releases.truncate(2);
        p.message().deals[0].releases.truncate(2);
    }),
    forgiven("REF-005", |p| p.main().is_main = None),
    forgiven("REF-005", |p| {
        p.message().releases[1].is_main = Some(text("true", 230, "x"));
    }),
    error("REF-005", |p| {
        p.message().releases.clear();
        p.message().deals.clear();
    }),
    error("REF-006", |p| {
        let mut second = main_release();
        second.is_main = None;
        second.reference.as_mut().unwrap().value = "R5".to_owned();
        p.message().releases.push(second);
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "1".to_owned();
    }),
    error("REF-008", |p| {
        p.main().items[1].sequence.as_mut().unwrap().value = "3".to_owned();
    }),
    error("REF-008", |p| p.main().items[0].sequence = None),
    warning("REF-008", |p| p.main().items.clear()),
    warning("REF-009", |p| {
        p.message().images.clear();
        p.main().links.pop();
    }),
    warning("REF-010", |p| {
        let mut second = p.message().images[0].clone();
        second.reference.as_mut().unwrap().value = "A8".to_owned();
        second.technical.clear();
        p.message().images.push(second);
    }),
];
