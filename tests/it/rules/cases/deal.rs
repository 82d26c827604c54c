//! Deals.

use super::super::package::{Package, text};
use super::{Case, error, forgiven, info, question, warning};
use dropzone::domain::release::{Deal, Text};

pub(super) const CASES: &[Case] = &[
    error("DEAL-001", |p| p.message().deals.clear()).sound(|p| {
        p.message().deals[0].releases.truncate(1);
    }),
    warning("DEAL-002", |p| {
        p.message().deals[0].releases.pop();
    })
    .sound(|p| {
        let mut of_tracks = p.message().deals[0].clone();
        of_tracks.releases.remove(0);
        p.message().deals[0].releases.truncate(1);
        p.message().deals.push(of_tracks);
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
    })
    .sound(|p| {
        p.main().territories[0].value = "DE".to_owned();
        p.deal().territories[0].value = "DE".to_owned();
        for n in 1..=2 {
            p.track(n).territories[0].value = "DE".to_owned();
        }
    }),
    error("DEAL-004", |p| p.deal().excluded.push(text("US", 269, "x"))).sound(|p| {
        p.deal().territories.clear();
        p.deal().excluded.push(text("US", 269, "x"));
    }),
    error("DEAL-005", |p| {
        p.deal().territories[0].value = "UK".to_owned();
    })
    .sound(|p| p.deal().territories[0].value = "GB".to_owned()),
    warning("DEAL-005", |p| {
        p.main().territories[0].value = "worldwide".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "2136".to_owned();
    }),
    warning("DEAL-006", |p| {
        p.deal().territories[0].value = "CSXX".to_owned();
    })
    .sound(|p| p.deal().territories[0].value = "RS".to_owned()),
    warning("DEAL-007", |p| {
        p.deal().territories[0].value = "AN".to_owned();
    })
    .sound(|p| p.deal().territories[0].value = "CW".to_owned()),
    info("DEAL-008", |p| {
        p.deal().territories.push(text("NG", 268, "x"));
    }),
    info("DEAL-008", |p| {
        p.deal().territories = all_countries();
    })
    .sound(|p| {
        p.deal().territories = all_countries();
        p.deal().territories.truncate(200);
    }),
    error("DEAL-009", |p| p.deal().start = None),
    error("DEAL-009", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-02-31".to_owned();
    })
    .sound(|p| p.deal().start.as_mut().unwrap().value = "2026-04-10T00:00:00".to_owned()),
    error("DEAL-010", |p| {
        p.deal().end = Some(text("2026-04-09", 269, "x"));
    })
    .sound(|p| p.deal().end = Some(text("2026-04-10", 269, "x"))),
    warning("DEAL-011", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-03-10".to_owned();
    })
    .sound(|p| {
        second_deal(p).pre_order = Some(text("true", 274, "x"));
        let pre_order = &mut p.message().deals[0].deals[1];
        pre_order.start.as_mut().unwrap().value = "2026-03-25".to_owned();
        pre_order.conditions = vec!["IsPreOrderDeal: true".to_owned()];
    }),
    warning("DEAL-011", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-05-11".to_owned();
    })
    .sound(|p| p.deal().start.as_mut().unwrap().value = "2026-05-10".to_owned()),
    warning("DEAL-012", |p| {
        p.deal().start.as_mut().unwrap().value = "2024-04-10".to_owned();
        p.deal().end = Some(text("2026-01-01", 269, "x"));
        p.main().release_date.as_mut().unwrap().value = "2024-04-10".to_owned();
        p.main().plines[0].year.as_mut().unwrap().value = "2024".to_owned();
        p.main().clines[0].year.as_mut().unwrap().value = "2024".to_owned();
    })
    .sound(|p| p.deal().end = Some(text("2026-12-31", 269, "x"))),
    error("DEAL-013", |p| {
        p.deal().use_types[0].value = "PermanentDownload".to_owned();
        p.deal().wholesale_price = Some(text("7.00", 269, "x"));
        let second = second_deal(p);
        second.wholesale_price = Some(text("5.00", 279, "x"));
        second.territories[0].value = "NG".to_owned();
        streamed(p);
    })
    .sound(|p| {
        p.deal().use_types[0].value = "PermanentDownload".to_owned();
        p.deal().territories[0].value = "GH".to_owned();
        p.deal().wholesale_price = Some(text("7.00", 269, "x"));
        let second = second_deal(p);
        second.wholesale_price = Some(text("5.00", 279, "x"));
        second.territories[0].value = "NG".to_owned();
        streamed(p);
    }),
    error("DEAL-013", |p| {
        price_change(p, "2026-05-01", "2026-05-01T00:00:00")
    })
    .sound(|p| price_change(p, "2026-05-01T00:00:00", "2026-05-01T00:00:00")),
    error("DEAL-013", |p| {
        price_change(p, "2026-05-01T00:00:00+01:00", "2026-04-30T22:00:00Z");
    })
    .sound(|p| price_change(p, "2026-05-01T00:00:00+01:00", "2026-04-30T23:00:00Z")),
    warning("DEAL-013", |p| {
        second_deal(p).start.as_mut().unwrap().value = "2026-05-01".to_owned();
    })
    .sound(|p| {
        p.deal().end = Some(text("2026-04-30", 269, "x"));
        second_deal(p).start.as_mut().unwrap().value = "2026-05-01".to_owned();
    }),
    forgiven("DEAL-014", |p| p.deal().use_types.clear()),
    forgiven("DEAL-014", |p| {
        p.deal().models[0].value = "Subscription".to_owned();
    }),
    warning("DEAL-014", |p| {
        p.deal().use_types.push(text("Stream", 266, "x"));
    })
    .sound(|p| {
        p.deal()
            .use_types
            .push(text("NonInteractiveStream", 266, "x"))
    }),
    warning("DEAL-015", |p| {
        p.deal().use_types[0].value = "PermanentDownload".to_owned();
    })
    .sound(|p| p.deal().use_types.push(text("PermanentDownload", 266, "x"))),
    warning("DEAL-016", |p| {
        deal_of_tracks(p);
        p.deal().territories[0].value = "NG".to_owned();
    })
    .sound(|p| {
        deal_of_tracks(p).territories[0].value = "NG".to_owned();
    }),
    warning("DEAL-017", |p| {
        let download = second_deal(p);
        download.use_types[0].value = "PermanentDownload".to_owned();
        download.price_type = Some(text("A1", 279, "x"));
        download.wholesale_price = Some(text("7.00", 280, "x"));
    }),
    warning("DEAL-017", |p| {
        let download = second_deal(p);
        download.use_types[0].value = "PermanentDownload".to_owned();
        download.wholesale_price = Some(text("7.00", 280, "x"));
        download.currency = Some(text("NIR", 280, "x"));
    })
    .sound(|p| {
        let download = second_deal(p);
        download.use_types[0].value = "PermanentDownload".to_owned();
        download.wholesale_price = Some(text("7.00", 280, "x"));
        download.currency = Some(text("NGN", 280, "x"));
    }),
    warning("DEAL-017", |p| {
        p.deal().price_type = Some(text("A1", 279, "x"));
    }),
    info("DEAL-018", |p| {
        p.deal().start.as_mut().unwrap().value = "2026-04-10T00:00:00Z".to_owned();
    }),
    info("DEAL-018", |p| {
        p.deal().end = Some(text("2028-04-10T12:00:00", 269, "x"))
    })
    .sound(|p| p.deal().end = Some(text("2028-04-10", 269, "x"))),
    question("DEAL-020", |p| contract(p, &["GH", "NG"])),
    question("DEAL-020", |p| {
        contract(p, &["GH", "NG"]);
        p.deal().territories[0].value = "NG".to_owned();
        p.deal().territories.push(text("KE", 267, "x"));
    })
    .sound(|p| {
        contract(p, &["GH", "NG"]);
        p.deal().territories[0].value = "NG".to_owned();
    }),
    warning("DEAL-019", |p| {
        let old = second_deal(p);
        old.use_types.clear();
        old.models.clear();
        old.take_down = Some(text(
            "true",
            276,
            "DealList/ReleaseDeal/Deal/DealTerms/TakeDown",
        ));
    })
    .sound(|p| p.deal().take_down = Some(text("false", 266, "x"))),
];

/// The label's contract holds these territories only.
fn contract(package: &mut Package, codes: &[&str]) {
    let history = package.history.get_or_insert_default();
    history.contract = codes.iter().map(|code| (*code).to_owned()).collect();
}

fn all_countries() -> Vec<Text> {
    let mut codes = Vec::new();
    for first in 'A'..='Z' {
        for second in 'A'..='Z' {
            let code = format!("{first}{second}");
            if dropzone::domain::rules::is_territory(&code) && code != "AN" && code != "CS" {
                codes.push(text(
                    &code,
                    267,
                    "DealList/ReleaseDeal/Deal/DealTerms/TerritoryCode",
                ));
            }
        }
    }
    codes
}

/// A download whose price changes: one deal until `end`, the next from `start` on.
fn price_change(p: &mut Package, end: &str, start: &str) {
    p.deal().use_types[0].value = "PermanentDownload".to_owned();
    p.deal().wholesale_price = Some(text("7.00", 269, "x"));
    p.deal().end = Some(text(end, 269, "x"));
    let second = second_deal(p);
    second.end = None;
    second.wholesale_price = Some(text("5.00", 279, "x"));
    second.start.as_mut().unwrap().value = start.to_owned();
    streamed(p);
}

/// The only deal once more, behind itself.
fn second_deal(package: &mut Package) -> &mut Deal {
    let mut second = package.deal().clone();
    second.at.line = 274;
    package.message().deals[0].deals.push(second);
    package.message().deals[0].deals.last_mut().unwrap()
}

/// A deal that lets the release be streamed, beside those for download.
fn streamed(package: &mut Package) {
    let stream = second_deal(package);
    stream.use_types[0].value = "OnDemandStream".to_owned();
    stream.wholesale_price = None;
}

/// The tracks get a deal of their own.
fn deal_of_tracks(package: &mut Package) -> &mut Deal {
    let mut of_tracks = package.message().deals[0].clone();
    of_tracks.releases.remove(0);
    package.message().deals[0].releases.truncate(1);
    package.message().deals.push(of_tracks);
    &mut package.message().deals[1].deals[0]
}
