//! DEAL-020: deals against what the operator has agreed with the label.

use super::super::release::{Deal, Text};
use super::case::Case;
use super::findings::{Findings, Note};
use super::paste::deals_in;
use super::terms::standing_deals;
use super::territory::{effective, summary};
use super::wording::list;
use super::{Needs, Rule, Weight};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "DEAL-020",
    title: "Deal goes beyond the contract",
    weight: Weight::QUESTION,
    why: "The operator has written down for which territories your contract holds. A deal for others \
          is confirmed by a person before stores are told.",
    fix: "Limit the deals to the territories of your contract, or have us correct the list.",
    source: "drop zone, contracts of labels",
    ack: "UnsupportedUsage",
    needs: Needs::History,
    check: beyond_the_contract,
    ..Rule::BASE
}];

/// Territories that one finding names; there are more countries than anybody reads.
const MOST_NAMED: usize = 20;

fn beyond_the_contract(case: &Case<'_>, findings: &mut Findings<'_>) {
    let contract = case
        .subject
        .history
        .map(|history| history.contract.as_slice());
    let (Some((message, main)), Some(contract @ [_, ..])) = (case.main(), contract) else {
        return;
    };
    // A deal without territories is DEAL-003's.
    let deals: Vec<&Deal> = standing_deals(case)
        .filter(|deal| !deal.territories.is_empty() || !deal.excluded.is_empty())
        .collect();
    let mut beyond: Vec<&str> = effective(&deals)
        .into_iter()
        .filter(|code| !contract.iter().any(|held| held == code))
        .collect();
    beyond.sort_unstable();
    let Some(first) = deals.first().filter(|_| !beyond.is_empty()) else {
        return;
    };
    let at = first.territories.first().or(first.excluded.first());
    let sold = if beyond.len() > MOST_NAMED {
        list(&summary(&deals))
    } else {
        list(&beyond)
    };
    findings.add(
        Note::new(format!(
            "The deals let the release be sold in {sold}. Your contract holds {} only.",
            list(contract)
        ))
        .at(at.map_or(&first.at, |text: &Text| &text.at))
        .expected(contract.join(", "))
        .found(&summary(&deals).join(", "))
        .fix(format!(
            "If your contract is as we have it, write the deals like this; otherwise tell us:\n{}",
            deals_in(message, main, contract)
        )),
    );
}
