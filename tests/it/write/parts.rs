//! Single things that a release may say, on their way through both versions.

use super::generated::plain;
use super::{read, written};
use crate::kit::shared;
use dropzone::domain::account::Profile;
use dropzone::domain::ern::write::{Target, Written};
use dropzone::domain::release::{
    Artist, Local, Message, NameForms, NamedFile, OtherResource, PartyCode, Text,
};
use dropzone::inspect::schemas::Schemas;

const BOTH: [Target; 2] = [Target::V43, Target::V382];

fn text(value: &str) -> Text {
    Text {
        value: value.to_owned(),
        ..Text::default()
    }
}

fn isni(value: &str) -> PartyCode {
    PartyCode {
        value: text(value),
        is_isni: true,
        namespace: None,
    }
}

fn ipi(value: &str) -> PartyCode {
    PartyCode {
        value: text(value),
        is_isni: false,
        namespace: Some("IPI".to_owned()),
    }
}

/// The first artist of the release's track under another name.
fn credit(of: &Message, name: &str, ids: &[PartyCode]) -> Artist {
    Artist {
        name: Some(text(name)),
        names: vec![Local {
            text: text(name),
            ..Local::default()
        }],
        ids: ids.to_vec(),
        ..of.recordings[0].artists[0].clone()
    }
}

/// What goes out, held to the official schema where that is at hand, and what is read from it.
fn sent(message: &Message, target: Target) -> (Written, Message) {
    let written = written(message, target).unwrap();
    let reading = read(&written.xml);
    if let Some(shared) = shared() {
        let schemas = Schemas::open(&shared.join("schemas"));
        let facts = schemas.check(&reading, Profile::Strict);
        assert_eq!(facts.total, 0, "{:?}", facts.faults);
    }
    let message = reading.message.unwrap();
    (written, message)
}

fn names(artists: &[Artist]) -> Vec<&str> {
    let named = artists.iter().filter_map(|artist| artist.name.as_ref());
    named.map(Text::as_str).collect()
}

#[test]
fn credits_that_share_identifiers_are_one_party_after_one_write() {
    let mut message = plain();
    let credits = [
        credit(&message, "Ama", &[isni("0000000121032683")]),
        credit(&message, "Ama B.", &[ipi("00123456789")]),
        // Ties the two together.
        credit(
            &message,
            "A. B.",
            &[ipi("00123456789"), isni("0000 0001 2103 2683")],
        ),
        credit(&message, "Ben", &[]),
    ];
    message.recordings[0].artists = credits.to_vec();
    let (first, again) = sent(&message, Target::V43);
    let artists = &again.recordings[0].artists;
    assert_eq!(names(artists), ["Ama", "Ben"]);
    assert_eq!(artists[0].ids.len(), 2, "{:?}", artists[0].ids);
    let all: Vec<&str> = artists[0].names.iter().map(|n| n.text.as_str()).collect();
    assert_eq!(all, ["Ama", "Ama B.", "A. B."]);
    let told: Vec<&str> = first.losses.iter().map(|l| l.what.as_str()).collect();
    assert!(told.contains(&"The credit “Ama B.”"), "{told:?}");
    let (second, _) = sent(&again, Target::V43);
    let told: Vec<_> = second
        .losses
        .iter()
        .filter(|l| l.what.contains("credit"))
        .collect();
    assert!(told.is_empty(), "{told:?}");
    // 3.8.2 has each credit with its own name.
    let (_, again) = sent(&message, Target::V382);
    let artists = &again.recordings[0].artists;
    assert_eq!(names(artists), ["Ama", "Ama B.", "A. B.", "Ben"]);
}

#[test]
fn two_people_of_one_name_stay_two() {
    let mut message = plain();
    let credits = [
        credit(&message, "Ama", &[isni("0000000121032683")]),
        credit(&message, "Ama", &[isni("0000000081112222")]),
        credit(&message, "Ama", &[]),
    ];
    message.recordings[0].artists = credits.to_vec();
    for target in BOTH {
        let (_, again) = sent(&message, target);
        let artists = &again.recordings[0].artists;
        // The one without an identifier is the first of that name.
        assert_eq!(names(artists), ["Ama", "Ama"], "{target:?}");
        assert_ne!(artists[0].ids, artists[1].ids);
    }
}

#[test]
fn names_keep_the_form_that_lists_are_sorted_by() {
    let mut message = plain();
    let mut artist = credit(&message, "The Band", &[]);
    artist.forms = vec![NameForms {
        full: "The Band".to_owned(),
        language: None,
        forms: [
            None,
            Some(text("Band, The")),
            None,
            Some(text("Band")),
            None,
            None,
        ],
    }];
    message.recordings[0].artists = vec![artist];
    for target in BOTH {
        let (_, again) = sent(&message, target);
        let forms = &again.recordings[0].artists[0].forms;
        let sorted: Vec<&str> = forms[0].forms.iter().flatten().map(Text::as_str).collect();
        assert_eq!(sorted, ["Band, The", "Band"], "{target:?}");
        assert!(again.unread.is_empty(), "{:?}", again.unread);
    }
}

#[test]
fn a_booklet_goes_along() {
    for (element, place) in [("Text", "booklet.pdf"), ("SheetMusic", "score.pdf")] {
        let mut message = plain();
        message.other_resources = vec![OtherResource {
            reference: Some(text("A100")),
            element: element.to_owned(),
            title: Some(text("Notes & Words")),
            files: vec![NamedFile {
                name: text(place),
                ..NamedFile::default()
            }],
            ..OtherResource::default()
        }];
        for target in BOTH {
            let (written, again) = sent(&message, target);
            let other = &again.other_resources[0];
            assert_eq!(other.element, element);
            assert_eq!(other.title.as_ref().unwrap().as_str(), "Notes & Words");
            assert_eq!(other.files.len(), 1, "{target:?}");
            let reference = other.reference.as_ref().unwrap().as_str();
            let main = again.main_release().unwrap();
            let is_linked = |link: &&dropzone::domain::release::ResourceLink| {
                link.reference.as_str() == reference
                    && link.kind.as_deref() == Some("SecondaryResource")
            };
            assert!(main.links.iter().any(|link| is_linked(&link)), "{target:?}");
            let lost = written.losses.iter().any(|l| l.what.contains("resource"));
            assert!(!lost, "{:?}", written.losses);
        }
    }
}

#[test]
fn a_path_of_the_label_s_machine_and_a_missing_genre_are_mended_and_told() {
    let mut message = plain();
    for technical in &mut message.recordings[0].technical {
        technical.files[0].path = Some(text("/Users/ama/masters/"));
    }
    let main = message.releases.iter_mut().find(|r| r.icpn.is_some());
    main.unwrap().more.genres.clear();
    message.recordings[0].more.genres.clear();
    for target in BOTH {
        let (written, again) = sent(&message, target);
        let told: Vec<(&str, &str)> = written
            .losses
            .iter()
            .map(|loss| (loss.code, loss.what.as_str()))
            .collect();
        let folder = ("DSP-003", "The folder “/Users/ama/masters/” of a file");
        assert!(told.contains(&folder), "{told:?}");
        assert!(
            told.contains(&("DSP-004", "Genre of the release")),
            "{told:?}"
        );
        let genres = &again.main_release().unwrap().genres;
        assert_eq!(genres[0].as_str(), "Unknown");
        assert_eq!(again.recordings[0].files().count(), 1);
    }
}

/// A label's message with details that hold in very many territories and say very much.
fn hostile(territories: usize, titles: usize) -> String {
    use std::fmt::Write as _;
    let written = written(&plain(), Target::V382).unwrap();
    let mut details = String::from("<ReleaseDetailsByTerritory>");
    for n in 0..territories {
        write!(details, "<TerritoryCode>X{n}</TerritoryCode>").unwrap();
    }
    for n in 0..titles {
        write!(
            details,
            "<Title TitleType=\"DisplayTitle\"><TitleText>T{n}</TitleText></Title>"
        )
        .unwrap();
    }
    details.push_str("</ReleaseDetailsByTerritory><ReleaseDetailsByTerritory>");
    let text = String::from_utf8(written.xml).unwrap();
    text.replacen("<ReleaseDetailsByTerritory>", &details, 1)
}

#[test]
fn values_of_one_territory_share_their_list() {
    let message = read(hostile(5_000, 3_000).as_bytes()).message.unwrap();
    let titles = &message.main_release().unwrap().titles;
    let of_details: Vec<_> = titles
        .iter()
        .filter(|t| t.territories.len() == 5_000)
        .collect();
    assert_eq!(of_details.len(), 3_000);
    let first = of_details[0].territories.as_ptr();
    assert!(of_details.iter().all(|t| t.territories.as_ptr() == first));
}

#[test]
fn a_message_that_would_become_too_large_is_refused() {
    let message = read(hostile(5_000, 3_000).as_bytes()).message.unwrap();
    for target in BOTH {
        let refusals = written(&message, target).unwrap_err();
        assert_eq!(refusals.len(), 1);
        assert!(
            refusals[0].message.contains("far more by territory"),
            "{}",
            refusals[0].message
        );
    }
    // All territories of the world are no fault.
    let message = read(hostile(250, 5).as_bytes()).message.unwrap();
    for target in BOTH {
        assert!(written(&message, target).is_ok());
    }
}
