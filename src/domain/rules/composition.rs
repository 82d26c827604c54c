//! REF-005 … REF-010: what the product is, in which order its tracks come, and its cover.

use super::super::release::{Message, Pos, Release, Text};
use super::super::repair::Edit;
use super::case::{Case, is_front_cover};
use super::findings::{Findings, Note};
use super::wording::{count, list, quoted, titled};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeMap, HashSet};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "REF-005",
        title: "Main release is not marked",
        weight: Weight::BY_PROFILE.or(Severity::Error),
        why: "IsMainRelease says which release is the product. In the guide profile the one with a \
              barcode is taken; a message without any release is an error in both.",
        fix: "Set IsMainRelease=\"true\" on the product, and on no other release.",
        source: "DDEX Release Profile 1.4, rule 1698",
        ack: "MetadataMissing",
        check: main_release,
        ..Rule::BASE
    },
    Rule {
        code: "REF-006",
        title: "More than one product in the message",
        why: "One message and one folder are one release.",
        fix: "Send each product as a message of its own, in a folder of its own.",
        source: "DDEX Release Profile 2.1, rule 1000; guide, Package Structure",
        ack: "NewReleaseMessageInvalid",
        check: several_products,
        ..Rule::BASE
    },
    Rule {
        code: "REF-008",
        title: "Track order has gaps or repeats",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "SequenceNumber is the place of a track on the release: 1, 2, 3 and so on within each \
              group. When no track has one, the order of the references is taken: a warning.",
        fix: "Number the tracks 1, 2, 3 … without gaps and repeats.",
        source: "DDEX Release Profile 1.4, rules 1701 and 1745",
        ack: "MetadataMissing",
        check: track_order,
        ..Rule::BASE
    },
    Rule {
        code: "REF-009",
        title: "Cover is not described in the message",
        weight: Weight::WARNING,
        why: "DDEX describes the cover as an Image of the type FrontCoverImage. The guide's sample \
              does not; we attach the picture of the folder.",
        fix: "Add an Image with ImageType FrontCoverImage and the cover's FileName to the \
              ResourceList.",
        source: "DDEX Release Profile 1.4, rule 1754",
        ack: "MetadataMissing",
        check: undescribed_cover,
        ..Rule::BASE
    },
    Rule {
        code: "REF-010",
        title: "More than one front cover",
        weight: Weight::WARNING,
        why: "A release has one front cover; of several the first is taken.",
        fix: "Give the other pictures another ImageType, such as BackCoverImage.",
        source: "DDEX Release Profile 1.4, rule 1754",
        check: several_covers,
        ..Rule::BASE
    },
];
fn is_marked(release: &Release) -> bool {
    release
        .is_main
        .as_ref()
        .is_some_and(|mark| mark.as_str() == "true")
}

/// Releases that are products, not tracks of one.
fn products(message: &Message) -> Vec<&Release> {
    message
        .releases
        .iter()
        .filter(|release| !release.is_track_release())
        .collect()
}

fn main_release(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    if message.releases.is_empty() {
        let what = "The message describes no release: its ReleaseList is missing or empty.";
        findings.add(Note::new(what).at(&message.at).other(true));
        return;
    }
    let marked: Vec<&Release> = message.releases.iter().filter(|r| is_marked(r)).collect();
    match marked.as_slice() {
        [_] => {}
        [] => {
            let taken = message.main_release();
            let (title, at) = taken.map_or(("", &message.at), |main| (main.title(), &main.at));
            // With several that could be it we only guessed.
            let mut candidates = message.releases.iter().filter(|r| !r.is_track_release());
            let is_only = candidates.next().is_some() && candidates.next().is_none();
            let mark = || Edit::set(&format!("{}/@IsMainRelease", at.path), "true");
            findings.add(
                Note::new(format!(
                    "No release is marked as the product. We took {}.",
                    titled(title)
                ))
                .at(at)
                .expected("IsMainRelease=\"true\"")
                .repair((is_only && taken.is_some()).then(mark)),
            );
        }
        // Two products are REF-006's.
        [_, ..] if products(message).len() > 1 => {}
        [_, second, ..] => findings.add(
            Note::new(format!(
                "{} are marked as the product.",
                count(marked.len(), "release")
            ))
            .at(second.is_main.as_ref().map_or(&second.at, |mark| &mark.at)),
        ),
    }
}

fn several_products(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let products = products(message);
    let [_, second, ..] = products.as_slice() else {
        return;
    };
    let titles: Vec<String> = products
        .iter()
        .map(|release| titled(release.title()))
        .collect();
    findings.add(
        Note::new(format!(
            "The message holds {} products: {}.",
            products.len(),
            list(&titles)
        ))
        .at(&second.at)
        .expected("1 product")
        .found(&products.len().to_string()),
    );
}

fn track_order(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let recordings: HashSet<&str> = message
        .recordings
        .iter()
        .filter_map(|recording| recording.reference.as_ref())
        .map(Text::as_str)
        .collect();
    let items: Vec<_> = main
        .items
        .iter()
        .filter(|item| {
            item.references
                .iter()
                .any(|r| recordings.contains(r.as_str()))
        })
        .collect();
    if items.iter().all(|item| item.sequence.is_none()) {
        if recordings.len() > 1 {
            let at = items.first().map_or(&main.at, |item| &item.at);
            let what = "No track has a SequenceNumber. We took the tracks in the order in which \
                        the release lists them.";
            findings.add(Note::new(what).at(at).other(true));
        }
        return;
    }
    let mut groups: BTreeMap<u32, Vec<(Option<u32>, &Pos)>> = BTreeMap::new();
    for item in items {
        let number = item
            .sequence
            .as_ref()
            .and_then(|text| text.as_str().parse().ok());
        let at = item.sequence.as_ref().map_or(&item.at, |text| &text.at);
        groups.entry(item.group).or_default().push((number, at));
    }
    let first_group = groups.keys().next().copied();
    for (group, numbers) in &groups {
        // Later discs may count on where the one before ended.
        if let Some((at, row)) = fault_in_row(numbers, Some(*group) == first_group) {
            let disc = if groups.len() > 1 {
                format!(" of disc {group}")
            } else {
                String::new()
            };
            findings.add(
                Note::new(format!("The track numbers{disc} are {row}."))
                    .at(at)
                    .expected("1, 2, 3 …")
                    .found(&row),
            );
        }
    }
}

/// The first place where a row of track numbers is missing one, repeats or has a gap, and the row.
fn fault_in_row<'a>(
    numbers: &[(Option<u32>, &'a Pos)],
    from_one: bool,
) -> Option<(&'a Pos, String)> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by_key(|(number, _)| *number);
    let start = if from_one {
        1
    } else {
        sorted.first()?.0.unwrap_or(1)
    };
    let (_, (_, at)) = sorted
        .iter()
        .zip(0_u32..)
        .map(|(number, place)| (start.checked_add(place), number))
        .find(|(wanted, (number, _))| wanted != number || number.is_none())?;
    let row: Vec<String> = numbers
        .iter()
        .map(|(number, _)| number.map_or_else(|| "none".to_owned(), |number| number.to_string()))
        .collect();
    let most = 12;
    let mut text = row
        .iter()
        .take(most)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if row.len() > most {
        text.push_str(" …");
    }
    Some((at, text))
}

fn undescribed_cover(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    if message.images.iter().any(is_front_cover) {
        return;
    }
    if let Some(cover) = case.cover() {
        findings.add(
            Note::new(format!(
                "The cover is not described in the message as FrontCoverImage; we attached {}.",
                quoted(&cover.path)
            ))
            .file(&cover.path),
        );
    }
}

fn several_covers(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let covers: Vec<_> = message
        .images
        .iter()
        .filter(|image| is_front_cover(image))
        .collect();
    if let [_, second, ..] = covers.as_slice() {
        findings.add(
            Note::new(format!(
                "{} are called the front cover; we take the first.",
                count(covers.len(), "picture")
            ))
            .at(&second.at),
        );
    }
}
