//! REF-001 … REF-004: how the parts of a message refer to each other. The schema cannot see most of
//! it.

use super::super::release::{Message, Text};
use super::case::Case;
use super::findings::{Findings, Note};
use super::wording::{quoted, titled};
use super::{Rule, Weight};
use std::collections::{HashMap, HashSet};

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
                    titled(release.title()),
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
