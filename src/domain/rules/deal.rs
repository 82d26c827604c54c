//! DEAL-001 and DEAL-002: whether there are deals at all. The `DealList` alone decides what may be
//! sold, where and when.

use super::super::release::{Deal, Message, Release, ReleaseDeal, Text};
use super::case::Case;
use super::findings::{Findings, Note};
use super::paste::new_deal_list;
use super::reference::dangling_deals;
use super::times::day_of;
use super::wording::titled;
use super::{Rule, Weight};
use jiff::civil::Date;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "DEAL-001",
        title: "Release has no deal",
        why: "Without a deal nobody may sell or stream the release. For a release that is live the \
              same means that it is taken down (UPD-004).",
        fix: "Add a DealList with the territories, the start date and the use for this release.",
        source: "guide, Required XML fields (TerritoryCode); DDEX knowledge base, takedowns",
        ack: "NoDealInNewReleaseMessage",
        check: no_deal,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-002",
        title: "Track release has no deal of its own",
        weight: Weight::WARNING,
        why: "A track that may be had on its own can have its own deal. We apply the deal of the \
              release.",
        fix: "Nothing has to be done, unless the tracks are to be sold on other terms.",
        source: "DDEX ErncFileStatus NoDealForTrackRelease",
        check: track_release_without_deal,
        ..Rule::BASE
    },
];

/// Whether a deal is made for a release.
pub(super) fn is_for(deal: &ReleaseDeal, release: &Release) -> bool {
    release.reference.as_ref().is_some_and(|own| {
        deal.releases
            .iter()
            .any(|reference| reference.as_str() == own.as_str())
    })
}

/// The deals of a release.
pub(super) fn deals_of<'a>(
    message: &'a Message,
    release: &'a Release,
) -> impl Iterator<Item = &'a Deal> {
    message
        .deals
        .iter()
        .filter(|deal| is_for(deal, release))
        .flat_map(|deal| &deal.deals)
}

/// The first day on which a deal lets the release be sold.
pub(super) fn first_day_of_sale(message: &Message, release: &Release) -> Option<Date> {
    deals_of(message, release)
        .filter_map(|deal| day_of(deal.start.as_ref()?.as_str()))
        .min()
}

fn no_deal(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let misdirected = dangling_deals(message).next().is_some();
    if deals_of(message, main).next().is_some() || case.live().is_some() || misdirected {
        return;
    }
    let history = case.subject.history;
    let already = history.is_some_and(|history| history.takedowns.everywhere);
    let what = if already {
        "it was taken down before, so there is nothing to take down."
    } else {
        "nobody may sell or stream it."
    };
    findings.add(
        Note::new(format!(
            "The message has no deal for {}: {what}",
            titled(main.title())
        ))
        .at(&main.at)
        .fix(format!(
            "Add this at the end of the message, with your own terms:\n{}",
            new_deal_list(main)
        )),
    );
}

fn track_release_without_deal(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    if deals_of(message, main).next().is_none() {
        return;
    }
    let without: Vec<&Release> = message
        .releases
        .iter()
        .filter(|release| release.is_track_release())
        .filter(|release| deals_of(message, release).next().is_none())
        .collect();
    if let Some(first) = without.first() {
        let at = first
            .reference
            .as_ref()
            .map_or(&first.at, |text: &Text| &text.at);
        findings.add(
            Note::new(format!(
                "{}; the deal of the release is applied.",
                match without.len() {
                    1 => "1 track has no deal of its own".to_owned(),
                    number => format!("{number} tracks have no deal of their own"),
                }
            ))
            .at(at),
        );
    }
}
