//! `DealList` of ERN 3.8.2.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v382;
use super::super::terms::{Group, Terms, When, Where, moment};
use super::super::v43::{gratification, places, policy};
use super::super::values::{USE_TYPES, flag, holds, is_decimal};
use super::{coded, people};
use crate::domain::release::{Artist, Price, Text};

/// `CommercialModelType` of 3.8.2.
const MODELS: &str = "\
    AdvertisementSupportedModel AsPerContract DeviceFeeModel FreeOfChargeModel \
    PayAsYouGoModel PerformanceRoyaltiesModel RightsClaimModel SubscriptionModel Unknown";

/// All deals; none for a release that is not sold.
pub(super) fn list(job: &mut Job<'_>, groups: &[Group<'_>]) -> Option<Node> {
    if groups.is_empty() {
        return None;
    }
    let mut list = Node::new("DealList");
    for group in groups {
        let mut node = Node::new("ReleaseDeal");
        for release in &group.releases {
            node.push(Node::text("DealReleaseReference", release));
        }
        for terms in &group.deals {
            let mut deal = Node::new("Deal");
            for reference in &terms.deal.more.references {
                deal.push(Node::text("DealReference", reference.as_str()));
            }
            deal.push(deal_terms(job, terms));
            node.push(deal.in_order(v382::DEAL));
        }
        list.push(node);
    }
    Some(list)
}

fn deal_terms(job: &mut Job<'_>, terms: &Terms<'_>) -> Node {
    let owner = job.owner();
    let more = &terms.deal.more;
    let mut node = Node::new("DealTerms");
    let pre_order = terms.deal.pre_order.as_ref();
    node.push_text("IsPreOrderDeal", pre_order.and_then(|p| flag(p.as_str())));
    for model in &terms.models {
        let known = holds(MODELS, model.text.as_str());
        node.push(coded("CommercialModelType", model, known, &owner));
    }
    node.push(usage(job, terms, &owner));
    if matches!(&terms.place, Where::In(codes) if codes.is_empty()) {
        job.refuse(
            "The deal does not say where it holds, which ERN 3.8.2 wants.",
            "Write its TerritoryCodes.",
            &terms.deal.at,
        );
    }
    node.extend(places(&terms.place));
    let channels = |name: &'static str, of: &[Artist]| -> Vec<Node> {
        of.iter()
            .filter_map(|channel| people::party(name, channel))
            .collect()
    };
    node.extend(channels("DistributionChannel", &more.channels));
    if more.channels.is_empty() {
        node.extend(channels(
            "ExcludedDistributionChannel",
            &more.excluded_channels,
        ));
    }
    for price in &more.prices {
        node.extend(self::price(job, price, &owner));
    }
    match (&more.promotional_code, &more.is_promotional) {
        (Some(code), _) => node.push(
            Node::text("PromotionalCode", code.value.as_str())
                .with_some("Namespace", code.namespace.as_deref()),
        ),
        (None, Some(promotional)) => {
            node.push_text("IsPromotional", flag(promotional.as_str()));
        }
        (None, None) => {}
    }
    for (start, end) in &terms.periods {
        node.push(period(start, end.as_ref()));
    }
    node.extend(previews(terms));
    node.extend(gratification(job, &more.instant_gratification));
    node.extend(more.claim_policies.iter().map(policy));
    node.in_order(v382::DEAL_TERMS)
}

fn usage(job: &mut Job<'_>, terms: &Terms<'_>, owner: &str) -> Node {
    let more = &terms.deal.more;
    let mut usage = Node::new("Usage");
    for kind in &terms.use_types {
        let known = holds(USE_TYPES, kind.text.as_str());
        if !known {
            job.lose(
                format!("UseType {}", kind.text.as_str()),
                "ERN 3.8.2 has no such value; it goes out as a value of the label's own.",
                &kind.text.at,
            );
        }
        usage.push(coded("UseType", kind, known, owner));
    }
    if terms.use_types.is_empty() {
        job.refuse(
            "The deal does not say what may be done with the release, which ERN 3.8.2 wants.",
            "Write its UseTypes.",
            &terms.deal.at,
        );
    }
    for interface in &more.interfaces {
        usage.push(coded("UserInterfaceType", interface, true, owner));
    }
    for carrier in &more.carriers {
        usage.push(coded("CarrierType", carrier, true, owner));
    }
    usage.push_text(
        "NumberOfUsages",
        more.number_of_usages.as_ref().map(Text::as_str),
    );
    usage.in_order(v382::USAGE)
}

/// In days, where both ends are days; 4.x writes a day as its first and last second.
fn period(start: &When, end: Option<&When>) -> Node {
    let mut node = Node::new("ValidityPeriod");
    let end_day = end.map(|end| day(end, "T23:59:59"));
    match (day(start, "T00:00:00"), end_day) {
        (Some(start), None) => node.push(Node::text("StartDate", start)),
        (Some(start), Some(Some(end))) => {
            node.push(Node::text("StartDate", start));
            node.push(Node::text("EndDate", end));
        }
        _ => {
            node.push(Node::text("StartDateTime", start.start_moment()));
            node.extend(end.map(|end| Node::text("EndDateTime", end.end_moment())));
        }
    }
    node
}

fn day(when: &When, second: &str) -> Option<String> {
    match when {
        When::Day(day) => Some(day.clone()),
        When::Moment(moment) => moment.strip_suffix(second).map(str::to_owned),
    }
}

/// 3.8.2 wants all four dates or none; one that is not given begins with the deal.
fn previews(terms: &Terms<'_>) -> Vec<Node> {
    const NAMES: [&str; 4] = [
        "ReleaseDisplayStartDateTime",
        "TrackListingPreviewStartDateTime",
        "CoverArtPreviewStartDateTime",
        "ClipPreviewStartDateTime",
    ];
    let dates = &terms.deal.more.preview;
    let Some((start, _)) = terms.periods.first() else {
        return Vec::new();
    };
    if dates.iter().all(Option::is_none) {
        return Vec::new();
    }
    let pairs = NAMES.into_iter().zip(dates);
    let nodes = pairs.map(|(name, date)| {
        let stated = date.as_ref().and_then(|date| moment(date.as_str()));
        Node::text(name, stated.unwrap_or_else(|| start.start_moment()))
    });
    nodes.collect()
}

fn price(job: &mut Job<'_>, price: &Price, owner: &str) -> Option<Node> {
    let mut node = Node::new("PriceInformation");
    if let Some(code) = &price.code {
        let text = code.value.as_str();
        let stores = job.out.prices.get(text).map_or(text, String::as_str);
        let namespace = code.namespace.as_deref().unwrap_or(owner);
        node.push(Node::text("PriceType", stores).with("Namespace", namespace));
    }
    for (name, amount) in [
        ("WholesalePricePerUnit", &price.wholesale),
        ("SuggestedRetailPrice", &price.retail),
    ] {
        let amount = amount.as_ref().filter(|amount| is_decimal(amount.as_str()));
        if let (Some(amount), Some(currency)) = (amount, price.currency.as_deref()) {
            node.push(Node::text(name, amount.as_str()).with("CurrencyCode", currency));
        }
    }
    (!node.is_empty()).then(|| node.in_order(v382::PRICE_INFORMATION))
}
