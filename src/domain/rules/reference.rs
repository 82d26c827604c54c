//! REF: how the parts of a message refer to each other. The schema cannot see most of it.

use super::super::release::{Message, Pos, Release, Text};
use super::case::{Case, is_front_cover};
use super::findings::{Findings, Note};
use super::wording::{count, list, quoted};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "REF-001",
        title: "Reference is defined twice",
        why: "A reference such as A3 has to mean one thing. When two have it, tracks get mixed up.",
        fix: "Give each track, picture, release and technical details a reference of its own.",
        source: "DDEX ERN 3.8.2 (key), Release Profile 2.1",
        ack: "NewReleaseMessageInvalid",
        safety: true,
        check: defined_twice,
        ..Rule::BASE
    },
    Rule {
        code: "REF-002",
        title: "Release refers to a resource that is not there",
        why: "The release lists a track or picture that the message does not describe.",
        fix: "Add the track or picture to the ResourceList, or remove the reference.",
        source: "DDEX ERN 3.8.2, ReleaseResourceReference",
        ack: "NewReleaseMessageInvalid",
        safety: true,
        check: dangling_resource,
        ..Rule::BASE
    },
    Rule {
        code: "REF-003",
        title: "Deal refers to a release that is not there",
        why: "A deal for an unknown release lets nobody sell anything.",
        fix: "Write the ReleaseReference of your release into DealReleaseReference.",
        source: "DDEX ERN 3.8.2, DealReleaseReference",
        ack: "NoDealInNewReleaseMessage",
        safety: true,
        check: dangling_deal,
        ..Rule::BASE
    },
    Rule {
        code: "REF-004",
        title: "Track is on no release",
        weight: Weight::WARNING,
        why: "A track that is described but not listed by the release is not delivered.",
        fix: "Add its reference to the release's ReleaseResourceReferenceList, or remove the track.",
        source: "DDEX Release Profile 2.1, G.3",
        check: unused_track,
        ..Rule::BASE
    },
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

/// References of resources with what they are.
fn resources(message: &Message) -> impl Iterator<Item = (&Text, String)> {
    let tracks = message.recordings.iter().filter_map(|recording| {
        let what = match recording.title() {
            "" => "a track".to_owned(),
            title => format!("the track {}", quoted(title)),
        };
        Some((recording.reference.as_ref()?, what))
    });
    let images = message
        .images
        .iter()
        .filter_map(|image| Some((image.reference.as_ref()?, "a picture".to_owned())));
    let others = message.other_resources.iter().filter_map(|other| {
        Some((
            other.reference.as_ref()?,
            format!("a {}", super::wording::shown(&other.element)),
        ))
    });
    tracks.chain(images).chain(others)
}

fn defined_twice(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let releases = message.releases.iter().filter_map(|release| {
        let what = match release.title() {
            "" => "a release".to_owned(),
            title => format!("the release {}", quoted(title)),
        };
        Some((release.reference.as_ref()?, what))
    });
    let technical = message
        .recordings
        .iter()
        .flat_map(|recording| &recording.technical)
        .chain(message.images.iter().flat_map(|image| &image.technical))
        .filter_map(|t| Some((t.reference.as_ref()?, "technical details".to_owned())));
    let mut check = |references: &mut dyn Iterator<Item = (&Text, String)>| {
        let mut seen: HashMap<&str, String> = HashMap::new();
        for (reference, what) in references {
            let Some(first) = seen.get(reference.as_str()) else {
                seen.insert(reference.as_str(), what);
                continue;
            };
            findings.add(
                Note::new(format!(
                    "The reference {} is used twice: for {first} and for {what}.",
                    quoted(reference.as_str())
                ))
                .at(&reference.at)
                .found(reference.as_str()),
            );
        }
    };
    check(&mut resources(message));
    check(&mut releases.into_iter());
    check(&mut technical.into_iter());
}

fn dangling_resource(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let known: HashSet<&str> = resources(message).map(|(text, _)| text.as_str()).collect();
    for release in &message.releases {
        let links = release.links.iter().map(|link| &link.reference);
        let items = release.items.iter().flat_map(|item| &item.references);
        let mut told = HashSet::new();
        for reference in links.chain(items) {
            if known.contains(reference.as_str()) || !told.insert(reference.as_str()) {
                continue;
            }
            findings.add(
                Note::new(format!(
                    "The release {} lists {}, but no track or picture has this reference.",
                    quoted(release.title()),
                    quoted(reference.as_str())
                ))
                .at(&reference.at)
                .found(reference.as_str()),
            );
        }
    }
}

/// References of deals that no release has.
pub(super) fn dangling_deals(message: &Message) -> impl Iterator<Item = &Text> {
    let known: HashSet<&str> = message
        .releases
        .iter()
        .filter_map(|release| release.reference.as_ref())
        .map(Text::as_str)
        .collect();
    message
        .deals
        .iter()
        .flat_map(|deal| &deal.releases)
        .filter(move |reference| !known.contains(reference.as_str()))
}

fn dangling_deal(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    let own = message
        .main_release()
        .and_then(|main| main.reference.as_ref());
    for reference in dangling_deals(message) {
        let note = Note::new(format!(
            "A deal is made for {}, but no release has this reference.",
            quoted(reference.as_str())
        ))
        .at(&reference.at)
        .found(reference.as_str());
        findings.add(match own {
            Some(own) => note.expected(super::wording::shown(own.as_str())),
            None => note,
        });
    }
}

fn unused_track(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, _)) = case.main() else {
        return;
    };
    let used: HashSet<&str> = message
        .releases
        .iter()
        .flat_map(|release| {
            let items = release.items.iter().flat_map(|item| &item.references);
            release
                .links
                .iter()
                .map(|link| &link.reference)
                .chain(items)
        })
        .map(Text::as_str)
        .collect();
    for track in case.judged_tracks() {
        let reference = track.recording.reference.as_ref();
        if reference.is_some_and(|reference| used.contains(reference.as_str())) {
            continue;
        }
        findings.add(
            Note::new(format!(
                "{} is described in the message, but the release does not list it.",
                track.name()
            ))
            .at(reference.map_or(&track.recording.at, |reference| &reference.at))
            .track(track.number),
        );
    }
}

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
            findings.add(
                Note::new(format!(
                    "No release is marked as the product. We took {}.",
                    quoted(title)
                ))
                .at(at)
                .expected("IsMainRelease=\"true\""),
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
        .map(|release| quoted(release.title()))
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
