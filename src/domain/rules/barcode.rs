//! ID-008 … ID-018: the barcode of the release, and values that were copied from an example.

use super::super::ids::{Icpn, IcpnFault};
use super::super::naming::base_name;
use super::super::release::Text;
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note};
use super::times::told;
use super::wording::{quoted, shown, titled};
use super::{Needs, Rule, Weight};
use std::collections::HashSet;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ID-008",
        title: "Release has no barcode",
        why: "The barcode (UPC, EAN; in DDEX: ICPN) is what a release is known by everywhere.",
        fix: "Put the release's barcode into ReleaseId/ICPN.",
        source: "guide, Required XML fields; DDEX Release Profile 1.4, rule 1763",
        ack: "MetadataMissing",
        check: no_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "ID-009",
        title: "Barcode has the wrong form",
        why: "A barcode has 12 or 13 digits (8 and 14 exist as well) and nothing else.",
        fix: "Copy the barcode again from your registration. If you keep it in a spreadsheet, \
              format the column as text, so that no leading zero is lost.",
        source: "GS1 General Specifications; guide, Required XML fields",
        ack: "IdentifierSyntaxInvalid",
        check: malformed_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "ID-010",
        title: "Barcode has a wrong check digit",
        weight: Weight::BY_PROFILE,
        why: "The last digit of a barcode is computed from the others; a wrong one means a typing \
              error or an invented number. The guide's own example has one.",
        fix: "Copy the barcode again from your registration.",
        source: "GS1, check digit calculator",
        ack: "IdentifierSyntaxInvalid",
        check: wrong_check_digit,
        ..Rule::BASE
    },
    Rule {
        code: "ID-012",
        title: "Barcode is from a range not for products",
        weight: Weight::WARNING,
        why: "Some number ranges are reserved for use inside shops, for coupons, or for books, \
              serials and sheet music.",
        fix: "Use the barcode that was assigned to this release.",
        source: "GS1 prefix list",
        ack: "IdentifierInvalid",
        check: restricted_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "ID-013",
        title: "Barcode belongs to another account",
        why: "A release is known by its barcode; two labels cannot have the same one. It belongs to \
              the account whose release with it is being checked, in review, or in stores. What was \
              turned down, and what was only a test, counts for nothing.",
        fix: "Check the barcode. If it is yours, write to us: when we have turned the other release \
              down, or taken it off the stores, upload yours again.",
        source: "drop zone",
        ack: "IdentifierInvalid",
        safety: true,
        needs: Needs::History,
        check: foreign_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "ID-014",
        title: "Barcode is already known",
        weight: Weight::INFO,
        why: "A message for a barcode that you delivered before is read as an update of that \
              release.",
        fix: "If this is a new release, give it a barcode of its own.",
        source: "DDEX knowledge base, updates",
        needs: Needs::History,
        check: known_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "ID-018",
        title: "Value of a published example",
        weight: Weight::WARNING,
        why: "Example values of the guide or of other documentation belong to nobody's release.",
        fix: "Put your own value in its place.",
        source: "guide, Minimal example",
        ack: "IdentifierInvalid",
        check: example_values,
        ..Rule::BASE
    },
];
fn no_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let is_there = |text: &Option<Text>| text.as_ref().is_some_and(|text| !text.is_empty());
    if !is_there(&main.icpn) && !is_there(&main.grid) {
        findings.add(
            Note::new(format!(
                "The release {} has no barcode.",
                titled(main.title())
            ))
            .at(&main.at),
        );
    }
}

/// The barcode, if there is anything in its place.
fn barcode<'a>(case: &Case<'a>) -> Option<&'a Text> {
    let (_, main) = case.main()?;
    main.icpn.as_ref().filter(|icpn| !icpn.is_empty())
}

fn malformed_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(icpn) = barcode(case) else {
        return;
    };
    let why = match Icpn::parse(icpn.as_str()) {
        Ok(_) | Err(IcpnFault::CheckDigit { .. }) => return,
        Err(IcpnFault::NotDigits) => "it holds something other than digits".to_owned(),
        Err(IcpnFault::Length(11)) => {
            "it has 11 digits; was a leading zero lost in a spreadsheet?".to_owned()
        }
        Err(IcpnFault::Length(length)) => format!("it has {length} digits"),
    };
    findings.add(
        Note::new(format!("{} is no barcode: {why}", quoted(icpn.as_str())))
            .at(&icpn.at)
            .expected("12 or 13 digits")
            .found(icpn.as_str())
            .repair(undecorated(icpn)),
    );
}

/// A right barcode with spaces or hyphens in it is that barcode.
fn undecorated(icpn: &Text) -> Option<Edit> {
    let is_mark = |c: char| c.is_whitespace() || matches!(c, '-' | '–' | '.');
    let digits = icpn.as_str().replace(is_mark, "");
    Icpn::parse(&digits).ok()?;
    Some(Edit::set(&icpn.at.path, digits))
}

/// The barcode in the folder's name, when it has the same digits and the right one at the end: then
/// there is no doubt which digit was mistyped.
fn confirmed_by_folder(case: &Case<'_>, right: &str) -> bool {
    let folder = base_name(&case.subject.folder.folder);
    let mut numbers = folder.split(|c: char| !c.is_ascii_digit());
    numbers.any(|digits| digits == right)
}

fn wrong_check_digit(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(icpn) = barcode(case) else {
        return;
    };
    let Err(IcpnFault::CheckDigit { expected, found }) = Icpn::parse(icpn.as_str()) else {
        return;
    };
    let mut right = icpn.as_str().to_owned();
    right.pop();
    right.push(expected);
    let repair = confirmed_by_folder(case, &right).then(|| Edit::set(&icpn.at.path, &*right));
    findings.add(
        Note::new(format!(
            "The barcode {} ends in {found}; by the rule for check digits it has to end in \
             {expected}.",
            icpn.as_str()
        ))
        .at(&icpn.at)
        .fix(format!(
            "Copy the barcode again from your registration. If only the last digit is wrong, it is \
             {right}."
        ))
        .expected(right)
        .found(icpn.as_str())
        .repair(repair),
    );
}

fn restricted_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(icpn) = barcode(case) else {
        return;
    };
    let text = icpn.as_str();
    if !matches!(text.len(), 12 | 13) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    let thirteen = format!("{text:0>13}");
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| thirteen.starts_with(prefix));
    let range = if starts(&["02", "04", "2"]) {
        "numbers for use inside a shop"
    } else if starts(&["05", "98", "99"]) {
        "coupons"
    } else if starts(&["977", "978", "979"]) {
        "serials, books and sheet music"
    } else {
        return;
    };
    findings.add(
        Note::new(format!("The barcode {text} is from the range for {range}."))
            .at(&icpn.at)
            .found(text),
    );
}

fn foreign_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(icpn) = barcode(case) else {
        return;
    };
    if case
        .subject
        .history
        .is_some_and(|history| history.icpn_of_other_label)
    {
        findings.add(
            Note::new(format!(
                "The barcode {} belongs to a release of another account here.",
                shown(icpn.as_str())
            ))
            .at(&icpn.at)
            .found(icpn.as_str()),
        );
    }
}

fn known_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some(icpn), Some(live)) = (barcode(case), case.live()) else {
        return;
    };
    findings.add(
        Note::new(format!(
            "The barcode {} is known: we read this as an update of {}, which you sent on {}.",
            shown(icpn.as_str()),
            titled(&live.title),
            told(live.received_at)
        ))
        .at(&icpn.at),
    );
}

/// Values of examples that labels copy.
const EXAMPLES: &[&str] = &[
    "GBDUM7620001",
    "5034567890123",
    "1234567890128",
    "MSG-001",
    "My Track Title",
    "My Album Title",
    "Your Label Name",
];

/// Whether a value is one of them, or nothing but zeros.
fn is_example(text: &str) -> bool {
    EXAMPLES.contains(&text) || (text.len() > 6 && text.bytes().all(|b| b == b'0'))
}

fn example_values(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let header = &message.header;
    // A placeholder for the sender's identifier is HDR-001's.
    let of_header = [&header.message_id, &header.sender.name];
    let main = message.main_release();
    let of_release = main.into_iter().flat_map(|main| {
        main.icpn
            .iter()
            .chain(main.titles.first().map(|title| &title.text))
    });
    let of_tracks = case.judged_tracks().iter().flat_map(|track| {
        let title = track.recording.titles.first().map(|title| &title.text);
        track.recording.isrc.iter().chain(title)
    });
    let values = of_header
        .into_iter()
        .flatten()
        .chain(of_release)
        .chain(of_tracks);
    let mut told = HashSet::new();
    for value in values.filter(|value| is_example(value.as_str())) {
        if told.insert(value.as_str()) {
            findings.add(
                Note::new(format!(
                    "{} looks like the example of a guide.",
                    quoted(value.as_str())
                ))
                .at(&value.at)
                .found(value.as_str()),
            );
        }
    }
}
