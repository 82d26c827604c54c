//! XML ready to paste: what a finding tells the label to write, with the label's own values.

use super::super::markup::line as element;
use super::super::release::{Deal, Message, Release, Text};
use super::deal::is_for;
use super::values::{TERRITORIES, holds, territory_hint};

/// Deals of a release that are written out, and values of a kind in each; real messages have fewer.
const MOST_DEALS: usize = 20;
/// There are fewer codes than that; a message can repeat invented ones for ever.
const MOST_TERRITORIES: usize = 300;

/// A `DealList` for a release that has none: the whole world, streaming, from the release date on.
pub(super) fn new_deal_list(main: &Release) -> String {
    deal_list(&[(reference_of(main), &Deal::default())], main, &[])
}

/// The deals of a release as they have to be, to be sold in these territories alone: models, uses
/// and dates are those that its deals have. Without deals it is a whole `DealList`.
pub(super) fn deals_in(message: &Message, main: &Release, codes: &[String]) -> String {
    let own = message.deals.iter().filter(|deal| is_for(deal, main));
    let deals: Vec<(&str, &Deal)> = own
        .flat_map(|release| release.deals.iter())
        .map(|deal| (reference_of(main), deal))
        .take(MOST_DEALS)
        .collect();
    if deals.is_empty() {
        return deal_list(&[(reference_of(main), &Deal::default())], main, codes);
    }
    deal_list(&deals, main, codes)
}

fn reference_of(main: &Release) -> &str {
    main.reference.as_ref().map_or("R0", Text::as_str)
}

fn deal_list(deals: &[(&str, &Deal)], main: &Release, codes: &[String]) -> String {
    let mut out = String::from("<DealList>\n");
    let mut open: Option<&str> = None;
    for (reference, deal) in deals {
        if open != Some(reference) {
            if open.is_some() {
                out.push_str("  </ReleaseDeal>\n");
            }
            out.push_str("  <ReleaseDeal>\n");
            push(&mut out, 2, &element("DealReleaseReference", reference));
            open = Some(reference);
        }
        out.push_str("    <Deal>\n");
        deal_terms(&mut out, deal, main, codes);
        out.push_str("    </Deal>\n");
    }
    out.push_str("  </ReleaseDeal>\n</DealList>");
    out
}

/// In the order of ERN 3.8.2; what the deal does not say is what most deals say.
fn deal_terms(out: &mut String, deal: &Deal, main: &Release, codes: &[String]) {
    let all = |texts: &[Text], usual: &str| -> Vec<String> {
        if texts.is_empty() {
            vec![usual.to_owned()]
        } else {
            texts
                .iter()
                .take(MOST_DEALS)
                .map(|text| text.value.clone())
                .collect()
        }
    };
    push(out, 3, "<DealTerms>");
    for model in all(&deal.models, "SubscriptionModel") {
        push(out, 4, &element("CommercialModelType", &model));
    }
    let uses: Vec<String> = all(&deal.use_types, "OnDemandStream")
        .iter()
        .map(|kind| element("UseType", kind))
        .collect();
    push(out, 4, &format!("<Usage>{}</Usage>", uses.concat()));
    territory_codes(out, codes);
    let start = deal.start.as_ref().or(main.release_date.as_ref());
    let start = element("StartDate", start.map_or("YYYY-MM-DD", Text::as_str));
    let end = deal.end.as_ref();
    let end = end.map_or_else(String::new, |end| element("EndDate", end.as_str()));
    push(
        out,
        4,
        &format!("<ValidityPeriod>{start}{end}</ValidityPeriod>"),
    );
    push(out, 3, "</DealTerms>");
}

/// One line for each; of a code that does not exist the one that is meant.
fn territory_codes(out: &mut String, codes: &[String]) {
    if codes.is_empty() {
        push(out, 4, &element("TerritoryCode", "Worldwide"));
    }
    for code in codes.iter().take(MOST_TERRITORIES) {
        let right = match territory_hint(code) {
            Some(hint) if !holds(TERRITORIES, code) => hint,
            Some(_) | None => code,
        };
        push(out, 4, &element("TerritoryCode", right));
    }
}

fn push(out: &mut String, depth: usize, text: &str) {
    for _ in 0..depth {
        out.push_str("  ");
    }
    out.push_str(text);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::release::ReleaseDeal;

    fn text(value: &str) -> Text {
        Text {
            value: value.to_owned(),
            ..Text::default()
        }
    }

    #[test]
    fn deals_keep_what_they_say_and_get_their_territories() {
        let main = Release {
            reference: Some(text("R0")),
            release_date: Some(text("2026-04-01")),
            ..Release::default()
        };
        let download = Deal {
            models: vec![text("PayAsYouGoModel")],
            use_types: vec![text("PermanentDownload"), text("Rent & Keep")],
            start: Some(text("2026-05-01")),
            end: Some(text("2027-05-01")),
            ..Deal::default()
        };
        let message = Message {
            deals: vec![
                ReleaseDeal {
                    releases: vec![text("R0")],
                    deals: vec![download, Deal::default()],
                    ..ReleaseDeal::default()
                },
                ReleaseDeal {
                    releases: vec![text("R1")],
                    deals: vec![Deal::default()],
                    ..ReleaseDeal::default()
                },
            ],
            ..Message::default()
        };
        let codes = ["DE".to_owned(), "UK".to_owned()];
        assert_eq!(
            deals_in(&message, &main, &codes),
            "<DealList>\n  <ReleaseDeal>\n    <DealReleaseReference>R0</DealReleaseReference>\n    \
             <Deal>\n      <DealTerms>\n        \
             <CommercialModelType>PayAsYouGoModel</CommercialModelType>\n        \
             <Usage><UseType>PermanentDownload</UseType><UseType>Rent &amp; Keep</UseType></Usage>\n        \
             <TerritoryCode>DE</TerritoryCode>\n        <TerritoryCode>GB</TerritoryCode>\n        \
             <ValidityPeriod><StartDate>2026-05-01</StartDate><EndDate>2027-05-01</EndDate></ValidityPeriod>\n      \
             </DealTerms>\n    </Deal>\n    <Deal>\n      <DealTerms>\n        \
             <CommercialModelType>SubscriptionModel</CommercialModelType>\n        \
             <Usage><UseType>OnDemandStream</UseType></Usage>\n        \
             <TerritoryCode>DE</TerritoryCode>\n        <TerritoryCode>GB</TerritoryCode>\n        \
             <ValidityPeriod><StartDate>2026-04-01</StartDate></ValidityPeriod>\n      \
             </DealTerms>\n    </Deal>\n  </ReleaseDeal>\n</DealList>"
        );
        let none = deals_in(&Message::default(), &main, &codes);
        assert!(none.contains("<TerritoryCode>DE</TerritoryCode>"), "{none}");
        assert!(
            new_deal_list(&main).contains("<TerritoryCode>Worldwide</TerritoryCode>"),
            "nothing is said: everywhere"
        );
    }
}
