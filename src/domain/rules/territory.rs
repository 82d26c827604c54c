//! DEAL-003 … DEAL-007: where a release may be sold. The most frequent error of all is to say so in
//! the descriptive part, which decides only which texts are shown where.

use super::super::markup::element;
use super::super::release::{Deal, Message, Release, Text};
use super::super::repair::Edit;
use super::case::Case;
use super::deal::deals_of;
use super::findings::{Findings, Note};
use super::paste::deals_in;
use super::values::{
    DEPRECATED_TERRITORIES, EUROPEAN_UNION, LEGACY_TERRITORIES, TERRITORIES, holds, sure_territory,
    territory_hint,
};
use super::wording::{count, list, quoted, shown};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeSet, HashMap, HashSet};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "DEAL-003",
        title: "Territories are not given in the deal",
        weight: Weight::ERROR.or(Severity::Question),
        why: "TerritoryCode in …DetailsByTerritory only chooses which text is shown there. Where \
              the release may be sold is decided in DealList/DealTerms/TerritoryCode alone. No \
              territory in any deal is an error; territories in both that differ are legal DDEX, \
              and a person confirms that they are meant.",
        fix: "Name the territories in the deal.",
        source: "DDEX knowledge base, territorial scope; guide, Required XML fields",
        ack: "MetadataMissing",
        safety: true,
        check: descriptive_territories,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-004",
        title: "Deal includes and excludes territories",
        why: "One deal either names the territories where it holds, or those where it does not.",
        fix: "For “everywhere except X” keep only the ExcludedTerritoryCode lines and remove \
              TerritoryCode; otherwise keep only TerritoryCode.",
        source: "DDEX ERN 3.8.2, DealTerms (choice)",
        ack: "ConflictingAvailabilityPeriods",
        check: both_kinds,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-005",
        title: "Territory code does not exist",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Territories are ISO 3166-1 codes of two capital letters, or Worldwide. In the \
              descriptive part a wrong code is a warning: it decides about no sale.",
        fix: "Write Worldwide, or codes of two capital letters such as GB, DE, NG.",
        source: "DDEX AVS of ERN 3.8.2, CurrentTerritoryCode; ISO 3166-1",
        ack: "NewReleaseMessageInvalid",
        check: unknown_territory,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-006",
        title: "Territory code is numeric or deprecated",
        weight: Weight::WARNING,
        why: "Numbers of the TIS list and four-letter codes of former countries are legal in the \
              schema, and DDEX's profiles forbid them; stores do not know them.",
        fix: "Write ISO 3166-1 codes of two letters, or Worldwide.",
        source: "DDEX Release Profile 1.4, rules 1728 and 1729; Business Profile rule 2262",
        check: deprecated_territory,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-007",
        title: "Territory no longer exists",
        weight: Weight::WARNING,
        why: "DDEX's list still holds AN and CS, which ISO has withdrawn; stores do not know them.",
        fix: "Write the codes of the countries that took its place (AN: CW, SX, BQ; CS: RS, ME).",
        source: "ISO 3166-3",
        check: legacy_territory,
        ..Rule::BASE
    },
];

/// Every deal of the message.
fn deals(message: &Message) -> impl Iterator<Item = &Deal> {
    message.deals.iter().flat_map(|deal| &deal.deals)
}

/// Territories of deals, included and excluded.
fn of_deals(message: &Message) -> impl Iterator<Item = &Text> {
    deals(message).flat_map(|deal| deal.territories.iter().chain(&deal.excluded))
}

/// Territories of descriptive parts.
fn of_descriptions(message: &Message) -> impl Iterator<Item = &Text> {
    let releases = message
        .releases
        .iter()
        .flat_map(|release| &release.territories);
    releases.chain(
        message
            .recordings
            .iter()
            .flat_map(|recording| &recording.territories),
    )
}

/// The territories to which the product and its tracks are limited by their descriptions: none when
/// one of them is for the whole world.
fn described(message: &Message, main: &Release) -> Vec<String> {
    let parts = std::iter::once(&main.territories).chain(
        message
            .recordings
            .iter()
            .map(|recording| &recording.territories),
    );
    let mut limited: BTreeSet<String> = BTreeSet::new();
    for part in parts {
        if !part
            .iter()
            .any(|text| text.as_str().eq_ignore_ascii_case("Worldwide"))
        {
            limited.extend(part.iter().map(|text| text.value.clone()));
        }
    }
    limited
        .into_iter()
        .filter(|code| !code.is_empty())
        .collect()
}

/// Where deals hold, as single codes.
pub(super) fn effective<'a>(deals: &[&'a Deal]) -> HashSet<&'a str> {
    let mut codes = HashSet::new();
    for deal in deals {
        let excluded: HashSet<&str> = deal.excluded.iter().map(Text::as_str).collect();
        let named: Vec<&str> = deal.territories.iter().map(Text::as_str).collect();
        let worldwide = named.is_empty() || named.contains(&"Worldwide");
        let all = TERRITORIES
            .split_ascii_whitespace()
            .filter(|code| *code != "Worldwide");
        let base: Vec<&str> = if worldwide { all.collect() } else { named };
        codes.extend(base.into_iter().filter(|code| !excluded.contains(code)));
    }
    codes
}

fn descriptive_territories(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let deals: Vec<&Deal> = deals_of(message, main).collect();
    let limited = described(message, main);
    let at = main.territories.first().map_or(&main.at, |text| &text.at);
    let named = |deal: &&&Deal| !deal.territories.is_empty() || !deal.excluded.is_empty();
    let with_territory: Vec<&Deal> = deals.iter().filter(named).copied().collect();
    if with_territory.is_empty() {
        // No deal at all is DEAL-001's, unless the territories are in the wrong place.
        if deals.is_empty() && (limited.is_empty() || case.live().is_some()) {
            return;
        }
        let what = if limited.is_empty() {
            "No deal says where the release may be sold.".to_owned()
        } else {
            format!(
                "You limited the release to {} in the descriptive part. That only chooses which \
                 text is shown there. No deal says where the release may be sold.",
                list(&shown_all(&limited))
            )
        };
        let at = deals.first().map_or(at, |deal| &deal.at);
        let fix = format!(
            "Name the territories in the deal, like this:\n{}",
            deals_in(message, main, &limited)
        );
        let edits = territories_into(&deals, &limited).unwrap_or_default();
        findings.add(Note::new(what).at(at).fix(fix).repair(edits));
        return;
    }
    let wanted: HashSet<&str> = limited.iter().map(String::as_str).collect();
    if limited.is_empty() || effective(&with_territory) == wanted {
        return;
    }
    let (first, codes) = (with_territory.first().copied(), shown_all(&limited));
    findings.add(
        Note::new(format!(
            "The descriptive part limits the release to {}, the deals let it be sold in {}. The \
             deals decide.",
            list(&codes),
            list(&summary(&with_territory))
        ))
        .at(first.map_or(at, |deal| &deal.at))
        .expected(shown(&limited.join(", ")))
        .found(&summary(&with_territory).join(", "))
        .fix(format!(
            "If the release may only be sold in {}, write the deals like this:\n{}",
            list(&codes),
            deals_in(message, main, &limited)
        ))
        .other(true),
    );
}

/// The territories that the label named, put into deals that say all the rest. Where a deal leaves
/// open what may be done or from when on, or where no territory is named anywhere, a person decides.
fn territories_into(deals: &[&Deal], codes: &[String]) -> Option<Vec<Edit>> {
    let right: Option<Vec<&str>> = codes.iter().map(|code| sure_territory(code)).collect();
    let lines: Vec<String> = right?
        .into_iter()
        .map(|code| element("TerritoryCode", code))
        .collect();
    let is_complete = |deal: &&Deal| {
        let filled = |texts: &[Text]| texts.iter().any(|text| !text.is_empty());
        filled(&deal.models) && filled(&deal.use_types) && deal.start.is_some()
    };
    if lines.is_empty() || deals.is_empty() || !deals.iter().all(is_complete) {
        return None;
    }
    let before = ["IsPreOrderDeal", "CommercialModelType", "Usage"];
    let edits = deals.iter().map(|deal| Edit::Insert {
        path: format!("{}/DealTerms", deal.at.path),
        after: before.map(str::to_owned).to_vec(),
        xml: lines.join("\n"),
    });
    Some(edits.collect())
}

fn shown_all(codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| shown(code)).collect()
}

/// Territories of deals for people: `Worldwide`, codes, `Worldwide except FR`.
pub(super) fn summary(deals: &[&Deal]) -> Vec<String> {
    let codes = deals.iter().flat_map(|deal| {
        let excluded: Vec<&str> = deal.excluded.iter().map(Text::as_str).collect();
        let rest = (deal.territories.is_empty() && !excluded.is_empty())
            .then(|| format!("Worldwide except {}", shown(&excluded.join(", "))));
        deal.territories
            .iter()
            .map(|text| shown(text.as_str()))
            .chain(rest)
    });
    let mut seen = HashSet::new();
    codes.filter(|code| seen.insert(code.clone())).collect()
}

fn both_kinds(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in case.message.into_iter().flat_map(deals) {
        let Some(excluded) = deal
            .excluded
            .first()
            .filter(|_| !deal.territories.is_empty())
        else {
            continue;
        };
        let named: Vec<String> = deal.territories.iter().map(|t| shown(t.as_str())).collect();
        let out: Vec<String> = deal.excluded.iter().map(|t| shown(t.as_str())).collect();
        findings.add(
            Note::new(format!(
                "A deal names territories ({}) and excludes others ({}). It may do only one of \
                 the two.",
                list(&named),
                list(&out)
            ))
            .at(&excluded.at),
        );
    }
}

/// Whether DDEX knows that code, or `Worldwide`, as a territory.
pub fn is_territory(code: &str) -> bool {
    holds(TERRITORIES, code)
}

fn is_deprecated(code: &str) -> bool {
    let numeric = (1..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    numeric || holds(DEPRECATED_TERRITORIES, code)
}

/// The right code in the place of a wrong one. What a code of many places stands for today is for a
/// person to say.
fn corrected(text: &Text) -> Option<Edit> {
    sure_territory(text.as_str()).map(|code| Edit::set(&text.at.path, code))
}

/// The codes in the order of their first places, each with all its places: one slip that stands in
/// every deal is one problem.
fn each_code_once<'a>(
    texts: impl Iterator<Item = &'a Text>,
) -> impl Iterator<Item = (&'a Text, Vec<&'a Text>)> {
    let mut codes: Vec<(&Text, Vec<&Text>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        let next = codes.len();
        let index = *known.entry(text.as_str()).or_insert(next);
        match codes.get_mut(index) {
            Some((_, places)) => places.push(text),
            None => codes.push((text, vec![text])),
        }
    }
    codes.into_iter()
}

/// ` (in 3 places: lines 9, 21 and 33)` behind a fault that stands in several.
fn also_at(places: &[&Text]) -> String {
    if places.len() < 2 {
        return String::new();
    }
    let lines: Vec<String> = places.iter().map(|text| text.at.line.to_string()).collect();
    format!(
        " (in {}: lines {})",
        count(places.len(), "place"),
        list(&lines)
    )
}

fn unknown_territory(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let sold = each_code_once(of_deals(message)).map(|same| (same, false));
    let described = each_code_once(of_descriptions(message)).map(|same| (same, true));
    for ((text, same), mild) in sold.chain(described) {
        let code = text.as_str();
        if is_territory(code) || is_deprecated(code) {
            continue;
        }
        let note = Note::new(format!(
            "{} is no territory code{}{}.",
            quoted(code),
            if mild {
                " (in the descriptive part)"
            } else {
                ""
            },
            also_at(&same)
        ))
        .at(&text.at)
        .found(code)
        .other(mild)
        .repair(same.iter().filter_map(|text| corrected(text)));
        let right = findings.hint(|| territory_hint(code));
        findings.add(match right {
            Some(right) => note.fix(format!("Write {right}.")).expected(right),
            None if code.eq_ignore_ascii_case("EU") => note.fix(format!(
                "The European Union has no code; name its countries: {EUROPEAN_UNION}."
            )),
            None => note,
        });
    }
}

fn deprecated_territory(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (text, same) in each_code_once(case.message.into_iter().flat_map(of_deals)) {
        let code = text.as_str();
        if !is_deprecated(code) {
            continue;
        }
        let note = Note::new(format!(
            "{} is a code that stores do not know{}.",
            quoted(code),
            also_at(&same)
        ))
        .at(&text.at)
        .found(code)
        .repair(same.iter().filter_map(|text| corrected(text)));
        let right = findings.hint(|| territory_hint(code));
        findings.add(match right {
            Some(right) => note.fix(format!("Write {right}.")).expected(right),
            None => note,
        });
    }
}

fn legacy_territory(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (text, same) in each_code_once(case.message.into_iter().flat_map(of_deals)) {
        let code = text.as_str();
        if holds(LEGACY_TERRITORIES, code) {
            let what = format!(
                "{} is the code of a country that no longer exists{}.",
                quoted(code),
                also_at(&same)
            );
            findings.add(Note::new(what).at(&text.at).found(code));
        }
    }
}
