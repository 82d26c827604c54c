//! `DealList` of ERN 4.3.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v43;
use super::super::parties::{Parties, party_id};
use super::super::terms::{Group, Terms, When, Where, moment};
use super::super::values::{INTERFACES, MODELS, flag, holds, is_decimal, is_use_type_of_4};
use super::coded;
use crate::domain::release::{Artist, ClaimPolicy, Coded, Price, Text};
use std::collections::BTreeMap;

/// When releases may be shown: `ReleaseVisibility` by release.
#[derive(Default)]
pub(super) struct Shown {
    by_release: BTreeMap<String, String>,
    nodes: Vec<Node>,
}

impl Shown {
    /// `ReleaseVisibilityReference` of a release.
    pub(super) fn reference(&self, release: &str) -> Option<Node> {
        let reference = self.by_release.get(release)?;
        Some(Node::text("ReleaseVisibilityReference", reference))
    }
}

/// Takes the dates of showing from the deals, where 3.8.2 has them.
pub(super) fn visibilities(job: &mut Job<'_>, groups: &[Group<'_>]) -> Shown {
    let mut shown = Shown::default();
    let mut known: BTreeMap<(bool, [Option<String>; 4]), String> = BTreeMap::new();
    for group in groups {
        let mut found: Option<[Option<String>; 4]> = None;
        for terms in &group.deals {
            let dates = terms.deal.more.preview.clone();
            let dates = dates.map(|date| date.as_ref().and_then(|d| moment(d.as_str())));
            let is_empty = dates.iter().all(Option::is_none);
            match &found {
                None if !is_empty => found = Some(dates),
                Some(first) if !is_empty && *first != dates => job.lose(
                    "Dates from which the release may be shown",
                    "ERN 4.3 has one set of them for a release; those of its first deal go out.",
                    &terms.deal.at,
                ),
                _ => {}
            }
        }
        let Some(dates) = found else { continue };
        for release in &group.releases {
            let is_track = release != "R0";
            let number = known.len();
            let reference = known.entry((is_track, dates.clone())).or_insert_with(|| {
                let reference = format!("V{number}");
                shown.nodes.push(visibility(&reference, is_track, &dates));
                reference
            });
            shown
                .by_release
                .entry(release.clone())
                .or_insert_with(|| reference.clone());
        }
    }
    shown
}

fn visibility(reference: &str, is_track: bool, dates: &[Option<String>; 4]) -> Node {
    let [display, tracks, cover, clip] = dates.each_ref().map(Option::as_deref);
    if is_track {
        let mut node = Node::new("TrackReleaseVisibility");
        node.push(Node::text("VisibilityReference", reference));
        let first = tracks.or(display).or(cover).or(clip);
        node.push_text("TrackListingPreviewStartDateTime", first);
        node.push_text("ClipPreviewStartDateTime", clip);
        return node.in_order(v43::TRACK_RELEASE_VISIBILITY);
    }
    let mut node = Node::new("ReleaseVisibility");
    node.push(Node::text("VisibilityReference", reference));
    node.push_text("ReleaseDisplayStartDateTime", display);
    node.push_text("FullTrackListingPreviewStartDateTime", tracks);
    node.push_text("CoverArtPreviewStartDateTime", cover);
    node.push_text("ClipPreviewStartDateTime", clip);
    node.in_order(v43::RELEASE_VISIBILITY)
}

/// All deals; none for a release that is not sold.
pub(super) fn list(
    job: &mut Job<'_>,
    parties: &mut Parties,
    groups: &[Group<'_>],
    shown: &Shown,
) -> Option<Node> {
    // A party that only a deal names stands in the deal itself.
    let _ = parties;
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
            node.push(deal.in_order(v43::DEAL));
        }
        list.push(node);
    }
    let is_track = |node: &&Node| node.name == "TrackReleaseVisibility";
    list.extend(shown.nodes.iter().filter(|node| !is_track(node)).cloned());
    list.extend(shown.nodes.iter().filter(is_track).cloned());
    Some(list)
}

fn deal_terms(job: &mut Job<'_>, terms: &Terms<'_>) -> Node {
    let owner = job.owner();
    let more = &terms.deal.more;
    let mut node = Node::new("DealTerms");
    node.extend(places(&terms.place));
    for (start, end) in &terms.periods {
        node.push(period(start, end.as_ref()));
    }
    for model in &terms.models {
        let known = holds(MODELS, model.text.as_str());
        tell_own(job, "CommercialModelType", model, known);
        node.push(coded("CommercialModelType", model, known, &owner));
    }
    for kind in &terms.use_types {
        let known = is_use_type_of_4(kind.text.as_str());
        tell_own(job, "UseType", kind, known);
        node.push(coded("UseType", kind, known, &owner));
    }
    for interface in &more.interfaces {
        let known = holds(INTERFACES, interface.text.as_str());
        node.push(coded("UserInterfaceType", interface, known, &owner));
    }
    for carrier in &more.carriers {
        node.push(coded("CarrierType", carrier, true, &owner));
    }
    node.push_text(
        "NumberOfUsages",
        more.number_of_usages.as_ref().map(Text::as_str),
    );
    let channels = |name: &'static str, of: &[Artist]| -> Vec<Node> {
        of.iter()
            .map(|channel| self::channel(name, channel, &owner))
            .collect()
    };
    node.extend(channels("DistributionChannel", &more.channels));
    if more.channels.is_empty() {
        node.extend(channels(
            "ExcludedDistributionChannel",
            &more.excluded_channels,
        ));
    }
    node.extend(more.claim_policies.iter().map(policy));
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
    let pre_order = terms.deal.pre_order.as_ref();
    node.push_text("IsPreOrderDeal", pre_order.and_then(|p| flag(p.as_str())));
    node.extend(gratification(job, &more.instant_gratification));
    node.in_order(v43::DEAL_TERMS)
}

pub(in crate::domain::ern::write) fn places(place: &Where) -> Vec<Node> {
    let (name, codes) = match place {
        Where::In(codes) => ("TerritoryCode", codes),
        Where::NotIn(codes) => ("ExcludedTerritoryCode", codes),
    };
    codes.iter().map(|code| Node::text(name, code)).collect()
}

/// Both ends in local time: `…DateTime` without a zone.
fn period(start: &When, end: Option<&When>) -> Node {
    let mut node = Node::new("ValidityPeriod");
    node.push(Node::text("StartDateTime", start.start_moment()));
    node.extend(end.map(|end| Node::text("EndDateTime", end.end_moment())));
    node
}

fn tell_own(job: &mut Job<'_>, name: &str, value: &Coded, is_known: bool) {
    if !is_known && value.text.as_str() != "UserDefined" {
        job.lose(
            format!("{name} {}", value.text.as_str()),
            "ERN 4.3 has no such value; it goes out as a value of the label's own.",
            &value.text.at,
        );
    }
}

fn channel(name: &'static str, channel: &Artist, owner: &str) -> Node {
    let mut node = Node::new(name);
    if let Some(full) = &channel.name {
        node.push(Node::text("FullName", full.as_str()).inside("PartyName"));
    }
    node.extend(party_id(&channel.ids, owner));
    node
}

pub(in crate::domain::ern::write) fn policy(policy: &ClaimPolicy) -> Node {
    let mut node = Node::new("RightsClaimPolicy");
    for condition in &policy.conditions {
        let names = ["Value", "Unit", "ReferenceCreation", "RelationalRelator"];
        let mut inner = Node::new("Condition");
        for (name, value) in names.into_iter().zip(condition) {
            inner.push_text(name, value.as_ref().map(Text::as_str));
        }
        node.push(inner.in_order(v43::CONDITION));
    }
    node.push(Node::text("RightsClaimPolicyType", policy.kind.as_str()));
    node.in_order(v43::RIGHTS_CLAIM_POLICY)
}

/// A price: by its code, else by its amount, never by both.
fn price(job: &mut Job<'_>, price: &Price, owner: &str) -> Option<Node> {
    let mut node = Node::new("PriceInformation");
    let amount = |name: &'static str, amount: Option<&Text>| {
        let amount = amount.filter(|amount| is_decimal(amount.as_str()))?;
        let currency = price.currency.as_deref()?;
        Some(Node::text(name, amount.as_str()).with("CurrencyCode", currency))
    };
    if let Some(code) = &price.code {
        let text = code.value.as_str();
        let stores = job
            .out
            .prices
            .get(text)
            .map_or(text, String::as_str)
            .to_owned();
        let namespace = code.namespace.as_deref().unwrap_or(owner);
        node.push(Node::text("PriceCode", stores).with("Namespace", namespace));
        if let Some(wholesale) = &price.wholesale {
            job.lose(
                format!("WholesalePricePerUnit {}", wholesale.as_str()),
                "A deal has a price code or an amount; the code goes out.",
                &wholesale.at,
            );
        }
    } else {
        node.extend(amount("WholesalePricePerUnit", price.wholesale.as_ref()));
    }
    node.extend(amount("SuggestedRetailPrice", price.retail.as_ref()));
    (!node.is_empty()).then(|| node.in_order(v43::PRICE_INFORMATION))
}

pub(in crate::domain::ern::write) fn gratification(
    job: &mut Job<'_>,
    references: &[Text],
) -> Option<Node> {
    let mut node = Node::new("InstantGratificationResourceList");
    for reference in references {
        let track = job.tracks.iter().find(|track| {
            let own = track.recording.reference.as_ref();
            own.is_some_and(|own| own.as_str() == reference.as_str())
        });
        if let Some(track) = track {
            node.push(Node::text("DealResourceReference", &track.reference));
        }
    }
    (!node.is_empty()).then_some(node)
}
