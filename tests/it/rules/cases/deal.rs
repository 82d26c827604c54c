//! Deals.

use super::super::package::text;
use super::{Case, error, forgiven, question, warning};

pub(super) const CASES: &[Case] = &[
    error("DEAL-001", |p| p.message().deals.clear()),
    warning("DEAL-002", |p| {
        p.message().deals[0].releases.pop();
    }),
    error("DEAL-003", |p| p.deal().territories.clear()),
    error("DEAL-003", |p| {
        p.deal().territories.clear();
        p.main().territories[0].value = "DE".to_owned();
    }),
    question("DEAL-003", |p| {
        p.main().territories[0].value = "DE".to_owned();
        for n in 1..=2 {
            p.track(n).territories[0].value = "DE".to_owned();
        }
    }),
    error("DEAL-004", |p| p.deal().excluded.push(text("US", 269, "x"))),
    error("DEAL-005", |p| {
        p.deal().territories[0].value = "UK".to_owned();
    }),
    warning("DEAL-005", |p| {
        p.main().territories[0].value = "worldwide".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "2136".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "CSXX".to_owned();
    }),
    warning("DEAL-007", |p| {
        p.deal().territories[0].value = "AN".to_owned();
    }),
    error("DEAL-009", |p| p.deal().start = None),
    error("DEAL-009", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-02-31".to_owned();
    }),
    error("DEAL-010", |p| {
        p.deal().end = Some(text("2026-04-09", 269, "x"));
    }),
    warning("DEAL-011", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-03-10".to_owned();
    }),
    warning("DEAL-012", |p| {
        p.deal().start.as_mut().unwrap().value = "2025-04-10".to_owned();
        p.deal().end = Some(text("2026-01-01", 269, "x"));
    }),
    forgiven("DEAL-014", |p| p.deal().use_types.clear()),
    forgiven("DEAL-014", |p| {
        p.deal().models[0].value = "Subscription".to_owned();
    }),
    warning("DEAL-014", |p| {
        p.deal().use_types.push(text("Stream", 266, "x"));
    }),
];
