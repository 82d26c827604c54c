//! ID-004, ID-011, ID-015 … ID-019: identifiers that are in order by their form and still odd, and
//! those of works, parties and catalogues.

use super::super::check_digits::{CodeFault, bare, check_grid, check_ipi, check_isni, check_iswc};
use super::super::ids::Isrc;
use super::super::release::{Artist, PartyCode, Text};
use super::case::Case;
use super::findings::{Findings, Note};
use super::values::{TERRITORIES, holds};
use super::wording::{quoted, shown, titled};
use super::{Rule, Weight};
use std::collections::HashSet;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "ID-004",
        title: "ISRC has an unusual prefix",
        weight: Weight::INFO,
        why: "ISRCs begin with the code of a country, or with one of a few others that agencies \
              were given when their country's codes ran out. Since 2019 this is no longer \
              demanded, so it is a hint at a slip and nothing more.",
        fix: "Compare the ISRC with your registration; if it is the same, nothing has to be done.",
        source: "ISO 3901:2019; DDEX Release Profile 1.4, clause 4.3(30)",
        check: unusual_prefix,
        ..Rule::BASE
    },
    Rule {
        code: "ID-011",
        title: "Kind of barcode and its length disagree",
        weight: Weight::INFO,
        why: "A UPC has 12 digits and an EAN 13; an EAN that begins with 0 is a UPC with a zero in \
              front. We compare barcodes without leading zeros, so both spellings are one release.",
        fix: "Write IsEan=\"true\" for 13 digits, IsEan=\"false\" for 12.",
        source: "GS1 General Specifications; DDEX knowledge base, barcodes",
        check: other_kind,
        ..Rule::BASE
    },
    Rule {
        code: "ID-015",
        title: "GRid is malformed",
        weight: Weight::WARNING,
        why: "A GRid has 18 letters and digits and begins with A1; the last character is computed \
              from the others. Stores that use GRids turn down a wrong one.",
        fix: "Copy the GRid again from your registration, or leave it out: the barcode is enough.",
        source: "GRid Standard 2.1 (ISO 7064 modulo 37,36); DDEX Release Profile 1.4, clause 4.3(30)",
        ack: "IdentifierSyntaxInvalid",
        check: malformed_grid,
        ..Rule::BASE
    },
    Rule {
        code: "ID-016",
        title: "ISWC is malformed",
        weight: Weight::WARNING,
        why: "An ISWC is “T” and ten digits, the last computed from the others. With a wrong one \
              the writers of a work may not be found and paid.",
        fix: "Copy the ISWC again from the work's registration, or leave it out.",
        source: "ISO 15707; DDEX Release Profile 1.4, clause 4.3(30)",
        ack: "IdentifierSyntaxInvalid",
        check: malformed_iswc,
        ..Rule::BASE
    },
    Rule {
        code: "ID-017",
        title: "ISNI or IPI of a person is malformed",
        weight: Weight::WARNING,
        why: "An ISNI has 16 digits, the last of which may be an X and is computed from the \
              others; an IPI has 9 to 11 digits. A wrong one credits somebody else, or nobody.",
        fix: "Copy the number again from isni.org or from your collecting society, or leave it out.",
        source: "ISO 27729 (ISO 7064 modulo 11-2); DDEX Release Profile 1.4, clause 4.3(30)",
        ack: "IdentifierSyntaxInvalid",
        check: malformed_party,
        ..Rule::BASE
    },
    Rule {
        code: "ID-019",
        title: "Release has no catalogue number",
        weight: Weight::INFO,
        why: "A catalogue number is your own number for the release. Nobody demands one; it makes \
              talking about a release easier.",
        fix: "Put your number into ReleaseId/CatalogNumber, with your DPID as its Namespace.",
        source: "DDEX ERN 3.8.2, ReleaseId",
        check: no_catalogue_number,
        ..Rule::BASE
    },
];

/// Prefixes of ISRCs that are no country of today: those that agencies got beside their country's
/// own, and countries that are gone, whose recordings keep their codes.
const OTHER_PREFIXES: &str = "\
    BC BK BP BX CB CP CS DD DG FX GX KS QM QN QT QZ SU TP UK YU ZR ZZ";

fn unusual_prefix(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told: HashSet<String> = HashSet::new();
    for track in case.judged_tracks() {
        let Some(text) = &track.recording.isrc else {
            continue;
        };
        let Some(isrc) = Isrc::parse_lenient(text.as_str()) else {
            continue;
        };
        let prefix = isrc.as_str().get(..2).unwrap_or_default();
        let is_usual = holds(TERRITORIES, prefix) || holds(OTHER_PREFIXES, prefix);
        if is_usual || !told.insert(prefix.to_owned()) {
            continue;
        }
        findings.add(
            Note::new(format!(
                "{}: the ISRC {} begins with {prefix}, which is no country's code and none of the \
                 other prefixes that we know.",
                track.name(),
                isrc.as_str()
            ))
            .at(&text.at)
            .track(track.number)
            .found(text.as_str()),
        );
    }
}

fn other_kind(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let Some(icpn) = &main.icpn else {
        return;
    };
    let code = icpn.as_str();
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return;
    }
    let flag = main.is_ean.as_ref().map(Text::as_str);
    let (message, expected) = match (code.len(), flag) {
        (12, Some("true")) => (
            format!("{code} has 12 digits and is a UPC; IsEan says that it is an EAN."),
            "IsEan=\"false\"".to_owned(),
        ),
        (13, Some("false")) if !code.starts_with('0') => (
            format!("{code} has 13 digits and is an EAN; IsEan says that it is none."),
            "IsEan=\"true\"".to_owned(),
        ),
        (13, _) if code.starts_with('0') && !code.bytes().all(|b| b == b'0') => {
            let upc = code.get(1..).unwrap_or_default();
            (
                format!("{code} is the UPC {upc} with a zero in front; we treat both as one."),
                upc.to_owned(),
            )
        }
        _ => return,
    };
    let note = Note::new(message).at(&icpn.at).expected(expected);
    findings.add(if flag.is_none() || code.starts_with('0') {
        note.found(code).fix("Nothing has to be done.")
    } else {
        note.found(&format!("IsEan=\"{}\"", flag.unwrap_or_default()))
    });
}

/// A note on an identifier that does not pass its check.
fn faulty(what: &str, whose: &str, code: &Text, fault: &CodeFault, form: &str) -> Note {
    let note = Note::new(match fault {
        CodeFault::Form => format!("{whose}: {} is no {what}.", quoted(code.as_str())),
        CodeFault::Check { expected } => format!(
            "{whose}: the {what} {} has to end in {expected} by the rule for check characters.",
            quoted(code.as_str())
        ),
    });
    let note = note.at(&code.at).found(code.as_str());
    match fault {
        CodeFault::Form => note.expected(form),
        CodeFault::Check { expected } => {
            let mut right = bare(code.as_str());
            right.pop();
            right.push(*expected);
            note.expected(shown(&right))
        }
    }
}

fn malformed_grid(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let mut told: HashSet<&str> = HashSet::new();
    for release in &message.releases {
        let Some(grid) = &release.grid else { continue };
        if let Err(fault) = check_grid(grid.as_str())
            && told.insert(grid.as_str())
        {
            let whose = format!("Release {}", titled(release.title()));
            findings.add(faulty(
                "GRid",
                &whose,
                grid,
                &fault,
                "A1 and 16 letters or digits",
            ));
        }
    }
}

fn malformed_iswc(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told: HashSet<&str> = HashSet::new();
    for track in case.judged_tracks() {
        let Some(iswc) = &track.recording.iswc else {
            continue;
        };
        if !told.insert(iswc.as_str()) {
            continue;
        }
        let note = match check_iswc(iswc.as_str()) {
            Err(fault) => faulty("ISWC", &track.name(), iswc, &fault, "T and 10 digits"),
            Ok(()) if bare(iswc.as_str()) == iswc.as_str() => continue,
            Ok(()) => Note::new(format!(
                "{}: we read the ISWC {} as {}.",
                track.name(),
                quoted(iswc.as_str()),
                bare(iswc.as_str())
            ))
            .fix("Write “T” and the ten digits, without hyphens and points.")
            .at(&iswc.at)
            .expected(bare(iswc.as_str()))
            .found(iswc.as_str()),
        };
        findings.add(note.track(track.number));
    }
}

/// What kind of number a party's identifier is stated to be, with its check and its form.
type Kind = (
    &'static str,
    fn(&str) -> Result<(), CodeFault>,
    &'static str,
);

fn kind_of(id: &PartyCode) -> Option<Kind> {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let is = |name: &str| {
        let start = namespace.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
            && namespace
                .get(name.len()..)
                .is_none_or(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    if id.is_isni || is("ISNI") {
        Some(("ISNI", check_isni, "15 digits and a digit or X"))
    } else if is("IPI") {
        Some(("IPI", check_ipi, "9 to 11 digits"))
    } else {
        None
    }
}

fn malformed_party(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let of_releases = message.releases.iter().flat_map(|release| &release.artists);
    let of_tracks = case.judged_tracks().iter().flat_map(|track| {
        let people = track.recording.artists.iter();
        people.chain(&track.recording.contributors)
    });
    let mut told: HashSet<&str> = HashSet::new();
    for person in of_releases.chain(of_tracks) {
        for id in &person.ids {
            let Some((what, check, form)) = kind_of(id) else {
                continue;
            };
            let text = &id.value;
            if let Err(fault) = check(text.as_str())
                && told.insert(text.as_str())
            {
                findings.add(faulty(what, &name(person), text, &fault, form));
            }
        }
    }
}

fn name(person: &Artist) -> String {
    match &person.name {
        Some(name) if !name.is_empty() => shown(name.as_str()),
        Some(_) | None => "An artist".to_owned(),
    }
}

fn no_catalogue_number(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    if main.catalog_number.as_ref().is_none_or(Text::is_empty) {
        findings.add(
            Note::new(format!(
                "The release {} has no catalogue number.",
                titled(main.title())
            ))
            .at(&main.at),
        );
    }
}
