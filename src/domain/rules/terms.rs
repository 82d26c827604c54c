//! DEAL-009 … DEAL-014: from when to when, and what may be done.

use super::super::release::{Deal, Text};
use super::super::repair::Edit;
use super::case::Case;
use super::deal::{deals_of, first_day_of_sale};
use super::findings::{Findings, Note};
use super::times::{day_of, today};
use super::values::{COMMERCIAL_MODELS, GENERIC_USE_TYPES, USE_TYPES, holds, nearest, same};
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "DEAL-009",
        title: "Deal has no start date",
        why: "Stores start a sale on the day that the deal names; without one they do not start.",
        fix: "Write the first day of sale into ValidityPeriod/StartDate, as YYYY-MM-DD.",
        source: "Spotify onboarding guideline; DDEX knowledge base, start dates",
        ack: "MetadataMissing",
        check: no_start,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-010",
        title: "Deal ends before it starts",
        why: "A deal whose end lies before its start holds on no day.",
        fix: "Correct EndDate, or remove it if the deal has no end.",
        source: "DDEX ERN 3.8.2, ValidityPeriod",
        ack: "ConflictingAvailabilityPeriods",
        check: ends_before_start,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-011",
        title: "Deal does not start on the release date",
        weight: Weight::WARNING,
        why: "From the deal's first day on stores may sell or stream the release. A deal that starts \
              more than a month after the release date leaves stores with nothing to sell on that \
              date.",
        fix: "Set StartDate to the release date, unless it is meant so.",
        source: "DDEX Release Profile 2.1, rule 1038",
        ack: "ConflictingAvailabilityPeriods",
        check: starts_off_the_day,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-012",
        title: "All deals are over",
        weight: Weight::WARNING,
        why: "A new release whose deals have all ended can be sold nowhere.",
        fix: "Check the years of StartDate and EndDate.",
        source: "DDEX knowledge base, takedowns",
        check: all_over,
        ..Rule::BASE
    },
    Rule {
        code: "DEAL-014",
        title: "Kind of use is missing or unknown",
        weight: Weight::BY_PROFILE.or(Severity::Warning),
        why: "CommercialModelType and UseType say how the release may be sold. A general use \
              (Stream) beside a precise one (OnDemandStream) contradicts it: a warning.",
        fix: "Write for example SubscriptionModel with OnDemandStream, or PayAsYouGoModel with \
              PermanentDownload.",
        source: "DDEX AVS of ERN 3.8.2; Business Profile 1.4, rules 2272 and 2273",
        ack: "UnsupportedUsage",
        check: unknown_use,
        ..Rule::BASE
    },
];

/// Every deal that is not a takedown.
pub(super) fn standing_deals<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Deal> + use<'a> {
    let deals = case.message.into_iter().flat_map(|message| &message.deals);
    deals
        .flat_map(|deal| &deal.deals)
        .filter(|deal| deal.take_down.as_ref().map(Text::as_str) != Some("true"))
}

fn no_start(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in standing_deals(case) {
        let note = match deal.start.as_ref().filter(|start| !start.is_empty()) {
            None => {
                Note::new("A deal has no StartDate: stores do not know when to start.").at(&deal.at)
            }
            Some(start) if day_of(start.as_str()).is_some() => continue,
            Some(start) => Note::new(format!(
                "The start date {} of a deal is no day of the calendar.",
                quoted(start.as_str())
            ))
            .at(&start.at)
            .found(start.as_str()),
        };
        findings.add(note.expected("YYYY-MM-DD"));
    }
}

fn ends_before_start(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in standing_deals(case) {
        let (Some(start), Some(end)) = (&deal.start, &deal.end) else {
            continue;
        };
        let (Some(first), Some(last)) = (day_of(start.as_str()), day_of(end.as_str())) else {
            continue;
        };
        if last < first {
            findings.add(
                Note::new(format!("A deal starts on {first} and ends on {last}."))
                    .at(&end.at)
                    .expected(format!("{first} or later"))
                    .found(end.as_str()),
            );
        }
    }
}

/// Days between release and first sale that raise no question.
const USUAL_WAIT_DAYS: i32 = 30;

fn starts_off_the_day(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let release = main.release_date.as_ref();
    let Some(release) = release.and_then(|date| day_of(date.as_str())) else {
        return;
    };
    let today = today(case.subject.now);
    let is_over = |deal: &Deal| {
        let end = deal.end.as_ref().and_then(|end| day_of(end.as_str()));
        end.is_some_and(|end| end < today)
    };
    // Orders taken before the release are what pre-orders are for; what is over is DEAL-012's.
    for deal in standing_deals(case).filter(|deal| !deal.is_pre_order() && !is_over(deal)) {
        let Some(start) = &deal.start else {
            continue;
        };
        let Some(first) = day_of(start.as_str()).filter(|first| *first < release) else {
            continue;
        };
        findings.add(
            Note::new(format!(
                "The release date is {release}, and a deal starts on {first}: it is on sale before."
            ))
            .at(&start.at)
            .expected(release.to_string())
            .found(start.as_str()),
        );
    }
    // A release of the past that is delivered now starts when it is delivered.
    if release < today {
        return;
    }
    let late = first_day_of_sale(message, main).filter(|first| {
        release
            .until(*first)
            .is_ok_and(|wait| wait.get_days() > USUAL_WAIT_DAYS)
    });
    let start = deals_of(message, main).find_map(|deal| deal.start.as_ref());
    if let (Some(first), Some(start)) = (late, start) {
        findings.add(
            Note::new(format!(
                "The release date is {release}, and no deal starts before {first}."
            ))
            .at(&start.at)
            .expected(release.to_string())
            .found(start.as_str()),
        );
    }
}

fn all_over(case: &Case<'_>, findings: &mut Findings<'_>) {
    let today = today(case.subject.now);
    let mut last = None;
    for deal in standing_deals(case) {
        match deal
            .end
            .as_ref()
            .and_then(|end| Some((day_of(end.as_str())?, &end.at)))
        {
            Some((day, at)) if day < today => last = Some((day, at)),
            Some(_) | None => return,
        }
    }
    if let Some((day, at)) = last.filter(|_| case.live().is_none()) {
        let what = format!("All deals of this release have ended, one on {day}.");
        findings.add(Note::new(what).at(at));
    }
}

fn unknown_use(case: &Case<'_>, findings: &mut Findings<'_>) {
    for deal in standing_deals(case) {
        let parts = [
            ("CommercialModelType", &deal.models, COMMERCIAL_MODELS),
            ("UseType", &deal.use_types, USE_TYPES),
        ];
        for (element, texts, allowed) in parts {
            if texts.iter().all(Text::is_empty) {
                let what = format!("A deal has no {element}.");
                findings.add(Note::new(what).at(&deal.at).expected(element));
            }
            for text in texts
                .iter()
                .filter(|t| !t.is_empty() && !holds(allowed, t.as_str()))
            {
                let near = findings.hint(|| nearest(allowed, text.as_str()));
                let hint = near
                    .map(|near| format!(" Did you mean {near}?"))
                    .unwrap_or_default();
                let what = format!(
                    "{} is no {element} that DDEX knows.{hint}",
                    quoted(text.as_str())
                );
                let edit =
                    same(allowed, text.as_str()).map(|right| Edit::set(&text.at.path, right));
                let note = Note::new(what)
                    .at(&text.at)
                    .found(text.as_str())
                    .repair(edit);
                findings.add(match near {
                    Some(near) => note.expected(near),
                    None => note,
                });
            }
        }
        mixed_uses(deal, findings);
    }
}

/// A general use beside one that it contains.
fn mixed_uses(deal: &Deal, findings: &mut Findings<'_>) {
    for (general, precise) in GENERIC_USE_TYPES {
        let Some(text) = deal.use_types.iter().find(|text| text.as_str() == *general) else {
            continue;
        };
        let beside: Vec<&str> = deal
            .use_types
            .iter()
            .map(Text::as_str)
            .filter(|word| holds(precise, word))
            .collect();
        if !beside.is_empty() {
            findings.add(
                Note::new(format!(
                    "A deal names the general use {general} and, beside it, {}.",
                    list(&beside)
                ))
                .at(&text.at)
                .other(true),
            );
        }
    }
}
