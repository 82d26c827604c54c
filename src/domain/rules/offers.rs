//! DEAL-008 and DEAL-013 … DEAL-019: deals beside one another, their prices and their times.

use super::super::release::{Deal, Message, Release, Text};
use super::case::Case;
use super::deal::{deals_of, is_for};
use super::findings::{Findings, Note, last_element};
use super::terms::standing_deals;
use super::territory::{effective, summary};
use super::times::{Edge, moment};
use super::values::{CURRENCIES, STREAMING_USE_TYPES, TERRITORIES, USE_TYPES, holds};
use super::wording::{list, quoted, titled};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Deals of one release that are compared with one another; real messages have fewer.
const MOST_DEALS: usize = 100;
/// Countries and titles that one finding names one by one.
const MOST_NAMED: usize = 20;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "DEAL-008",
        title: "Territories are listed one by one",
        weight: Weight::INFO,
        why: "A list of all countries misses those that are added later, and Worldwide makes any \
              country beside it idle. We read both as the whole world.",
        fix: "Write <TerritoryCode>Worldwide</TerritoryCode> and nothing beside it.",
        source: "drop zone",
        check: whole_world_in_pieces,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-013",
        title: "Two deals contradict each other",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Where two deals allow the same use in the same country at the same time, stores cannot \
              know which price holds. When only their dates differ it is a warning: the release is \
              then on sale whenever one of them allows it. An EndDate is the last day; at an \
              EndDateTime the next deal may start.",
        fix: "Keep one of the two deals, or let the first end before the second starts.",
        source: "DDEX ErncFileStatus ConflictingAvailabilityPeriods",
        ack: "ConflictingAvailabilityPeriods",
        check: contradiction,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-015",
        title: "No deal allows streaming",
        weight: Weight::WARNING,
        why: "Most stores only stream. A release that may only be downloaded does not appear there.",
        fix: "Add a deal with SubscriptionModel and OnDemandStream, if the release may be streamed.",
        source: "Spotify onboarding guideline",
        ack: "UnsupportedUsage",
        check: no_streaming,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-016",
        title: "Track is sold in more territories than its release",
        weight: Weight::WARNING,
        why: "A track that may be had where the release may not is offered there on its own. That is \
              rarely meant.",
        fix: "Give the deals of the tracks the territories of the release's deals.",
        source: "drop zone; Revelator, deals of tracks",
        check: wider_track,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-017",
        title: "Price cannot be used as it stands",
        weight: Weight::WARNING,
        why: "A deal has either a price code or a price, in a currency of ISO 4217. Streams have no \
              price for each unit; stores ignore it.",
        fix: "Keep one kind of price, with a currency such as EUR or USD, and none in deals that only \
              allow streaming.",
        source: "DDEX Release Profile 2.1, rule 1040; Business Profile 1.4, rule 2301; ISO 4217",
        check: odd_price,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-018",
        title: "Deal's times can be read in two ways",
        weight: Weight::INFO,
        why: "A time without a zone means local time in each country; one with a zone (Z) is the same \
              moment everywhere, so that the sale starts a day early or late in some countries. Plain \
              dates are clear: they mean local time, and the last day is included.",
        fix: "Nothing has to be done, if it is meant so. Otherwise write plain dates: StartDate and \
              EndDate, as YYYY-MM-DD.",
        source: "DDEX knowledge base, start and end dates",
        check: ambiguous_times,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-019",
        title: "Takedown is written in the old form",
        weight: Weight::WARNING,
        why: "TakeDown and AllDealsCancelled are deprecated, and stores that go by deals alone do not \
              read them. We read them as deals that are over: nobody may sell the release.",
        fix: "To take the release down, give its deals an EndDate; otherwise remove the element and \
              write the use that is allowed.",
        source: "DDEX knowledge base, takedowns",
        check: old_takedown,
        ..Rule::BASE
    },
];

fn whole_world_in_pieces(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in case.message.into_iter().flat_map(all_deals) {
        let codes: BTreeSet<&str> = deal.territories.iter().map(Text::as_str).collect();
        let Some(first) = deal.territories.first() else {
            continue;
        };
        let all = TERRITORIES.split_ascii_whitespace();
        // AN, CS and XK are missing in most lists, and so are parts of Spain.
        let is_everywhere =
            codes.len() >= 240 && all.filter(|code| codes.contains(code)).count() >= 240;
        let what = if codes.contains("Worldwide") && codes.len() > 1 {
            let beside: Vec<&str> = codes
                .iter()
                .copied()
                .filter(|c| *c != "Worldwide")
                .collect();
            format!("A deal names Worldwide and, beside it, {}.", list(&beside))
        } else if is_everywhere {
            format!(
                "A deal names {} territories: that is the whole world.",
                codes.len()
            )
        } else {
            continue;
        };
        findings.add(Note::new(what).at(&first.at).expected("Worldwide"));
    }
}

fn all_deals(message: &Message) -> impl Iterator<Item = &Deal> {
    message.deals.iter().flat_map(|deal| &deal.deals)
}

/// A deal as it is compared with others.
struct Offer<'a> {
    deal: &'a Deal,
    places: HashSet<&'a str>,
    from: Edge,
    /// The first moment after it.
    until: Edge,
}

impl<'a> Offer<'a> {
    /// Deals whose dates are missing or wrong have findings of their own.
    fn of(deal: &'a Deal) -> Option<Self> {
        let until = match &deal.end {
            Some(end) => Edge::end(end.as_str())?,
            None => Edge::NEVER,
        };
        Some(Self {
            deal,
            places: effective(&[deal]),
            from: Edge::start(deal.start.as_ref()?.as_str())?,
            until,
        })
    }

    /// Whether both let the same be done at the same place and time.
    fn meets(&self, other: &Self) -> bool {
        let (one, two) = (self.deal, other.deal);
        self.from.is_before(other.until)
            && other.from.is_before(self.until)
            && one.conditions == two.conditions
            && share(&one.use_types, &two.use_types)
            && (share(&one.models, &two.models) || one.models.is_empty() || two.models.is_empty())
            && !self.places.is_disjoint(&other.places)
    }

    fn has_other_price(&self, other: &Self) -> bool {
        let (one, two) = (self.deal, other.deal);
        let price = |deal: &Deal| {
            [&deal.price_type, &deal.wholesale_price, &deal.currency]
                .map(|text| text.as_ref().map(|text| text.value.clone()))
        };
        price(one) != price(two)
    }

    fn period(&self) -> String {
        let from = self.from.day();
        if self.deal.end.is_none() {
            return format!("from {from} on");
        }
        format!("from {from} to {}", self.until.last_day_before())
    }
}

fn share(one: &[Text], two: &[Text]) -> bool {
    one.iter()
        .any(|text| two.iter().any(|other| text.as_str() == other.as_str()))
}

fn contradiction(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let of_others = message.deals.iter().filter(|deal| !is_for(deal, main));
    let groups = std::iter::once(deals_of(message, main).collect::<Vec<_>>())
        .chain(of_others.map(|deal| deal.deals.iter().collect()));
    for group in groups {
        let offers: Vec<Offer<'_>> = group
            .into_iter()
            .take(MOST_DEALS)
            .filter(|deal| !is_takedown(deal))
            .filter_map(Offer::of)
            .collect();
        for (index, two) in offers.iter().enumerate() {
            let earlier = offers.get(..index).unwrap_or_default();
            let Some(one) = earlier.iter().find(|one| {
                one.meets(two) && (one.has_other_price(two) || one.period() != two.period())
            }) else {
                continue;
            };
            findings.add(told_contradiction(one, two));
        }
    }
}

fn told_contradiction(one: &Offer<'_>, two: &Offer<'_>) -> Note {
    let uses: Vec<&str> = two
        .deal
        .use_types
        .iter()
        .map(Text::as_str)
        .filter(|word| {
            one.deal
                .use_types
                .iter()
                .any(|other| other.as_str() == *word)
        })
        .collect();
    let other_price = one.has_other_price(two);
    let where_ = list(&summary(&[two.deal]));
    let what = if other_price {
        format!(
            "Two deals allow {} in {where_} at the same time at different prices (the other one is \
             in line {}).",
            list(&uses),
            one.deal.at.line
        )
    } else {
        format!(
            "Two deals allow {} in {where_}: one {}, the other (in line {}) {}.",
            list(&uses),
            two.period(),
            one.deal.at.line,
            one.period()
        )
    };
    Note::new(what).at(&two.deal.at).other(!other_price)
}

fn is_takedown(deal: &Deal) -> bool {
    deal.take_down.as_ref().map(Text::as_str) == Some("true")
}

fn no_streaming(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let deals: Vec<&Deal> = deals_of(message, main)
        .filter(|deal| !is_takedown(deal) && !deal.is_pre_order())
        .collect();
    let uses = || deals.iter().flat_map(|deal| &deal.use_types);
    // Missing and unknown kinds of use are DEAL-014's.
    let is_known = deals.iter().all(|deal| !deal.use_types.is_empty())
        && uses().all(|text| holds(USE_TYPES, text.as_str()));
    let (Some(first), true) = (uses().next(), is_known) else {
        return;
    };
    if uses().any(|text| holds(STREAMING_USE_TYPES, text.as_str())) {
        return;
    }
    let mut named: Vec<&str> = uses().map(Text::as_str).collect();
    named.sort_unstable();
    named.dedup();
    findings.add(
        Note::new(format!(
            "The deals of {} allow {} only. Stores that stream get nothing.",
            titled(main.title()),
            list(&named)
        ))
        .at(&first.at)
        .expected("OnDemandStream")
        .found(&named.join(", ")),
    );
}

fn wider_track(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let of_release: Vec<&Deal> = deals_of(message, main).collect();
    let has_place = |deal: &&Deal| !deal.territories.is_empty() || !deal.excluded.is_empty();
    // Without territories the release's deals are DEAL-003's.
    if !of_release.iter().any(has_place) {
        return;
    }
    let allowed = effective(&of_release);
    let tracks: HashMap<&str, &Release> = message
        .releases
        .iter()
        .filter(|release| release.is_track_release())
        .filter_map(|release| Some((release.reference.as_ref()?.as_str(), release)))
        .collect();
    let of_tracks = message
        .deals
        .iter()
        .filter(|deal| !is_for(deal, main))
        .filter(|deal| {
            let mut references = deal.releases.iter();
            references.any(|reference| tracks.contains_key(reference.as_str()))
        });
    for release_deal in of_tracks {
        let deals: Vec<&Deal> = release_deal.deals.iter().filter(has_place).collect();
        let beyond: HashSet<&str> = effective(&deals).difference(&allowed).copied().collect();
        let Some(first) = deals.first().filter(|_| !beyond.is_empty()) else {
            continue;
        };
        let mut codes: Vec<&str> = beyond.into_iter().collect();
        codes.sort_unstable();
        let sold = if codes.len() > MOST_NAMED {
            list(&summary(&deals))
        } else {
            list(&codes)
        };
        // Nobody knows tracks by `R1`.
        let own = release_deal.releases.iter();
        let titles: Vec<String> = own
            .filter_map(|reference| tracks.get(reference.as_str()))
            .map(|release| titled(release.title()))
            .collect();
        findings.add(
            Note::new(format!(
                "{} may be sold in {sold}, the release only in {}.",
                list(&titles),
                list(&summary(&of_release))
            ))
            .at(&first.at)
            .expected(summary(&of_release).join(", "))
            .found(&summary(&deals).join(", ")),
        );
    }
}

fn odd_price(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in standing_deals(case) {
        if let (Some(_), Some(price)) = (&deal.price_type, &deal.wholesale_price) {
            let what = "A deal has a price code and a price. It is not clear which one holds.";
            findings.add(Note::new(what).at(&price.at));
        }
        if let Some(currency) = &deal.currency
            && !holds(CURRENCIES, currency.as_str())
        {
            let what = format!("{} is no currency of ISO 4217.", quoted(currency.as_str()));
            findings.add(Note::new(what).at(&currency.at).found(currency.as_str()));
        }
        let streams_only = !deal.use_types.is_empty()
            && deal
                .use_types
                .iter()
                .all(|text| holds(STREAMING_USE_TYPES, text.as_str()));
        let price = deal.wholesale_price.as_ref().or(deal.price_type.as_ref());
        if let Some(price) = price.filter(|_| streams_only) {
            let uses: Vec<&str> = deal.use_types.iter().map(Text::as_str).collect();
            let what = format!("A deal that only allows {} has a price.", list(&uses));
            findings.add(Note::new(what).at(&price.at).found(price.as_str()));
        }
    }
}

/// Each way of writing once: what a message does, it does in all its deals.
fn ambiguous_times(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told: Vec<u8> = Vec::new();
    for deal in standing_deals(case) {
        let texts = [(&deal.start, false), (&deal.end, true)];
        for (text, is_end) in texts
            .into_iter()
            .filter_map(|(text, end)| Some((text.as_ref()?, end)))
        {
            let (kind, meaning) = match moment(text.as_str()) {
                Some((_, true)) => (0, "the same moment everywhere, whatever the local time is"),
                Some((_, false)) => (1, "local time in each country"),
                None => continue,
            };
            if told.contains(&kind) {
                continue;
            }
            told.push(kind);
            let which = if is_end { "end" } else { "start" };
            let what = format!(
                "We read the {which} {} as {meaning}.",
                quoted(text.as_str())
            );
            findings.add(Note::new(what).at(&text.at));
        }
    }
}

/// The first of them; a takedown is written into every deal.
fn old_takedown(case: &Case<'_>, findings: &mut Findings<'_>) {
    let deals = case.message.into_iter().flat_map(all_deals);
    let mut marks = deals
        .filter(|deal| is_takedown(deal))
        .filter_map(|deal| deal.take_down.as_ref());
    let Some(first) = marks.next() else {
        return;
    };
    let element = last_element(Some(&first.at.path));
    let whose = match marks.count() {
        0 => "A deal says".to_owned(),
        more => format!("{} deals say", more + 1),
    };
    findings.add(
        Note::new(format!(
            "{whose} {}. We read that as deals that are over: nobody may sell the release.",
            quoted(element)
        ))
        .at(&first.at),
    );
}
