//! `DealList`: what may be done with a release, where and when.

use super::super::parts::{self, fill};
use super::super::tree::Element;
use super::party_of;
use crate::domain::release::{
    ClaimPolicy, Coded, Deal, DealMore, Price, ReleaseDeal, Territories, Text,
};

/// Reads one `ReleaseDeal`.
pub(in crate::domain::ern) fn read(element: Element<'_, '_>) -> ReleaseDeal {
    ReleaseDeal {
        releases: element.texts("DealReleaseReference").collect(),
        deals: element.all("Deal").map(deal).collect(),
        at: element.at(),
    }
}

fn deal(element: Element<'_, '_>) -> Deal {
    let mut deal = Deal {
        at: element.at(),
        ..Deal::default()
    };
    deal.more.references = element.texts("DealReference").collect();
    let narrowing = element.children().filter(|child| {
        let name = child.name();
        matches!(
            name,
            "ResourceUsage" | "DealTechnicalResourceDetailsReferenceList"
        )
    });
    deal.more.narrowed = narrowing.map(named).collect();
    for terms in element.all("DealTerms") {
        read_terms(&mut deal, terms);
    }
    deal
}

fn read_terms(deal: &mut Deal, terms: Element<'_, '_>) {
    deal.models.extend(terms.texts("CommercialModelType"));
    deal.use_types.extend(
        terms
            .all("Usage")
            .flat_map(|usage| usage.texts("UseType").collect::<Vec<_>>()),
    );
    // ERN 4 has it without `Usage`; tools that copy from there forget it.
    deal.use_types.extend(terms.texts("UseType"));
    deal.territories.extend(terms.texts("TerritoryCode"));
    deal.excluded.extend(terms.texts("ExcludedTerritoryCode"));
    for period in terms.all("ValidityPeriod") {
        let first = |names: [&str; 2]| names.iter().find_map(|name| period.child_text(name));
        fill(&mut deal.start, first(["StartDate", "StartDateTime"]));
        fill(&mut deal.end, first(["EndDate", "EndDateTime"]));
    }
    for price in terms.all("PriceInformation") {
        let kind = ["PriceType", "PriceRangeType", "PriceCode"]
            .iter()
            .find_map(|name| price.child_text(name));
        fill(&mut deal.price_type, kind);
        fill(
            &mut deal.wholesale_price,
            price.child_text("WholesalePricePerUnit"),
        );
    }
    let price = |price: Element<'_, '_>| {
        let amount = price.child("WholesalePricePerUnit")?;
        amount.attribute("CurrencyCode")
    };
    fill(
        &mut deal.currency,
        terms.all("PriceInformation").find_map(price),
    );
    deal.more
        .prices
        .extend(terms.all("PriceInformation").map(price_of));
    read_more(&mut deal.more, terms);
    fill(&mut deal.pre_order, terms.child_text("IsPreOrderDeal"));
    read_conditions(&mut deal.conditions, terms);
    // Each ends every deal of the release; both are deprecated.
    let ends = ["TakeDown", "AllDealsCancelled"]
        .iter()
        .find_map(|name| terms.child_text(name));
    fill(&mut deal.take_down, ends);
}

fn price_of(element: Element<'_, '_>) -> Price {
    let code = ["PriceType", "PriceRangeType", "PriceCode"]
        .iter()
        .find_map(|name| element.child(name).and_then(parts::proprietary));
    let amount = |name: &str| element.child(name);
    let currency = ["WholesalePricePerUnit", "SuggestedRetailPrice"]
        .iter()
        .find_map(|name| amount(name).and_then(|a| parts::attribute(a, "CurrencyCode")));
    Price {
        code,
        wholesale: element.child_text("WholesalePricePerUnit"),
        retail: element.child_text("SuggestedRetailPrice"),
        currency,
    }
}

fn read_more(more: &mut DealMore, terms: Element<'_, '_>) {
    let usages: Vec<_> = terms.all("Usage").chain([terms]).collect();
    let all = |name: &'static str| -> Vec<Coded> {
        let found = usages.iter().flat_map(|usage| usage.all(name));
        found.filter_map(parts::coded).collect()
    };
    more.models
        .extend(terms.all("CommercialModelType").filter_map(parts::coded));
    more.use_types.extend(all("UseType"));
    more.interfaces.extend(all("UserInterfaceType"));
    more.carriers.extend(all("CarrierType"));
    more.channel_types.extend(all("DistributionChannelType"));
    for usage in &usages {
        let drm = usage
            .child("TechnicalInstantiation")
            .and_then(|technical| technical.child_text("DrmEnforcementType"));
        fill(&mut more.drm, drm);
        fill(
            &mut more.number_of_usages,
            usage.child_text("NumberOfUsages"),
        );
    }
    for period in terms.all("ValidityPeriod") {
        let first = |names: [&str; 2]| names.iter().find_map(|name| period.child_text(name));
        more.periods.push((
            first(["StartDate", "StartDateTime"]),
            first(["EndDate", "EndDateTime"]),
        ));
    }
    let rental = terms.all("ConsumerRentalPeriod").map(named);
    more.narrowed.extend(rental);
    for technical in usages
        .iter()
        .filter_map(|u| u.child("TechnicalInstantiation"))
    {
        let others = technical
            .children()
            .filter(|c| c.name() != "DrmEnforcementType");
        more.narrowed.extend(others.map(named));
    }
    let narrows = |usage: &&Element<'_, '_>| usage.children().any(|c| c.name() != "UseType");
    let own: Vec<_> = terms.all("Usage").collect();
    if let (2.., Some(usage)) = (own.len(), own.iter().find(narrows)) {
        more.narrowed.push(named(*usage));
    }
    let channel = |element| party_of(element, &Territories::default());
    more.channels
        .extend(terms.all("DistributionChannel").map(channel));
    more.excluded_channels
        .extend(terms.all("ExcludedDistributionChannel").map(channel));
    fill(&mut more.is_promotional, terms.child_text("IsPromotional"));
    let code = terms.child("PromotionalCode").and_then(parts::proprietary);
    more.promotional_code = more.promotional_code.take().or(code);
    more.claim_policies
        .extend(terms.all("RightsClaimPolicy").map(claim_policy));
    for (slot, names) in more.preview.iter_mut().zip(PREVIEWS) {
        let found = names.iter().find_map(|name| terms.child_text(name));
        fill(slot, found);
    }
    for list in terms.all("InstantGratificationResourceList") {
        more.instant_gratification
            .extend(list.texts("DealResourceReference"));
    }
}

/// When the release, its list of tracks, its cover and its clips may be shown.
const PREVIEWS: [[&str; 2]; 4] = [
    ["ReleaseDisplayStartDate", "ReleaseDisplayStartDateTime"],
    [
        "TrackListingPreviewStartDate",
        "TrackListingPreviewStartDateTime",
    ],
    ["CoverArtPreviewStartDate", "CoverArtPreviewStartDateTime"],
    ["ClipPreviewStartDate", "ClipPreviewStartDateTime"],
];

/// The name of an element, as a text with a place.
fn named(element: Element<'_, '_>) -> Text {
    Text {
        value: element.name().to_owned(),
        at: element.at(),
    }
}

fn claim_policy(element: Element<'_, '_>) -> ClaimPolicy {
    let condition = |condition: Element<'_, '_>| {
        ["Value", "Unit", "ReferenceCreation", "RelationalRelator"]
            .map(|name| condition.child_text(name))
    };
    ClaimPolicy {
        kind: element
            .child_text("RightsClaimPolicyType")
            .unwrap_or_default(),
        conditions: element.all("Condition").map(condition).collect(),
    }
}

/// What narrows a deal to some stores, kinds of delivery or customers.
const CONDITIONS: &[&str] = &[
    "CarrierType",
    "ConsumerRentalPeriod",
    "DistributionChannel",
    "DistributionChannelType",
    "ExcludedDistributionChannel",
    "IsPreOrderDeal",
    "IsPromotional",
    "NumberOfUsages",
    "PromotionalCode",
    "TechnicalInstantiation",
    "UserInterfaceType",
];

fn read_conditions(conditions: &mut Vec<String>, terms: Element<'_, '_>) {
    let usages = terms.all("Usage").flat_map(Element::children);
    let all = terms.children().chain(usages.collect::<Vec<_>>());
    for element in all.filter(|element| CONDITIONS.contains(&element.name())) {
        let inner = element.children().flat_map(|child| {
            let deeper = child.children().map(Element::raw);
            std::iter::once(child.raw()).chain(deeper.collect::<Vec<_>>())
        });
        let texts: Vec<&str> = std::iter::once(element.raw())
            .chain(inner)
            .filter(|text| !text.is_empty())
            .collect();
        conditions.push(format!("{}: {}", element.name(), texts.join(" ")));
    }
    conditions.sort_unstable();
}
