//! `DealList`: what may be done with a release, where and when.

use super::super::tree::Element;
use crate::domain::release::{Deal, ReleaseDeal, Text};

/// Reads one `ReleaseDeal`.
pub(super) fn read(element: Element<'_, '_>) -> ReleaseDeal {
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
        let kind = ["PriceType", "PriceRangeType"]
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
    fill(&mut deal.pre_order, terms.child_text("IsPreOrderDeal"));
    read_conditions(&mut deal.conditions, terms);
    // Each ends every deal of the release; both are deprecated.
    let ends = ["TakeDown", "AllDealsCancelled"]
        .iter()
        .find_map(|name| terms.child_text(name));
    fill(&mut deal.take_down, ends);
}

fn fill(slot: &mut Option<Text>, value: Option<Text>) {
    if slot.is_none() {
        *slot = value;
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
