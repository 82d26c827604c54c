use super::*;
use crate::domain::release::{Deal, DealMore, GroupItem};
use proptest::prelude::*;

const PLACES: [&str; 5] = ["AT", "DE", "FR", "JP", "US"];
const DAYS: [&str; 6] = [
    "2026-11-25",
    "2026-12-05",
    "2026-12-15",
    "2027-03-05",
    "2027-03-20",
    "2030-01-01",
];

fn word(value: &str) -> Text {
    text(value, &Pos::default())
}

fn deal(inside: &[&str], start: &str) -> Deal {
    let start = Some(word(start));
    Deal {
        models: vec![word("SubscriptionModel")],
        territories: inside.iter().map(|code| word(code)).collect(),
        start: start.clone(),
        more: DealMore {
            periods: vec![(start, None)],
            ..DealMore::default()
        },
        ..Deal::default()
    }
}

fn group(releases: &[&str], deals: Vec<Deal>) -> ReleaseDeal {
    ReleaseDeal {
        releases: releases.iter().map(|release| word(release)).collect(),
        deals,
        ..ReleaseDeal::default()
    }
}

/// An album of three tracks, of which the first two have releases of their own.
fn album(deals: Vec<ReleaseDeal>) -> Message {
    let link = |reference: &str| ResourceLink {
        reference: word(reference),
        kind: None,
    };
    let item = |reference: &str| GroupItem {
        group: 1,
        references: vec![word(reference)],
        ..GroupItem::default()
    };
    let tracks = ["A1", "A2", "A3"];
    let of_track = |(reference, track): (&str, &str)| Release {
        reference: Some(word(reference)),
        links: vec![link(track)],
        ..Release::default()
    };
    let main = Release {
        reference: Some(word("R0")),
        icpn: Some(word("5060126000012")),
        links: tracks.map(link).to_vec(),
        items: tracks.map(item).to_vec(),
        release_date: Some(word("2027-03-05")),
        ..Release::default()
    };
    let recording = |reference: &str| Recording {
        reference: Some(word(reference)),
        ..Recording::default()
    };
    Message {
        recordings: tracks.map(recording).to_vec(),
        releases: [main]
            .into_iter()
            .chain([("R1", "A1"), ("R2", "A2")].map(of_track))
            .collect(),
        deals,
        ..Message::default()
    }
}

/// Whether a release is sold there on that day; a track whose label gave no deal to any track is sold
/// as the product is.
fn is_sold(message: &Message, reference: &str, place: &str, day: &str) -> bool {
    let has_tracks = message.deals.iter().any(|group| {
        let mut releases = group.releases.iter();
        releases.any(|release| release.as_str() != "R0")
    });
    let reference = if has_tracks { reference } else { "R0" };
    let groups = of_release(&message.deals, reference);
    groups.iter().flat_map(|group| &group.deals).any(|deal| {
        let starts = deal
            .more
            .periods
            .iter()
            .filter_map(|(start, _)| start.as_ref());
        let mut days = starts.filter_map(|start| first_day(start.as_str()));
        area_of(deal).holds(place) && days.any(|start| start.as_str() <= day)
    })
}

fn deals() -> impl Strategy<Value = Vec<Deal>> {
    let inside = prop_oneof![
        Just(vec!["Worldwide"]),
        proptest::sample::subsequence(&PLACES[..], 1..=PLACES.len()),
    ];
    let start = prop_oneof![
        Just("2020-01-01"),
        Just("2026-12-05T09:00:00"),
        Just("2027-03-05")
    ];
    let one = (inside, start).prop_map(|(inside, start)| deal(&inside, start));
    proptest::collection::vec(one, 1..3)
}

proptest! {
    #[test]
    fn nothing_is_sold_earlier_or_further_than_the_label_says(
        product in deals(),
        track in proptest::option::of(deals()),
    ) {
        let mut all = vec![group(&["R0"], product)];
        all.extend(track.map(|deals| group(&["R1", "R2"], deals)));
        let message = album(all);
        for step in sequence(&message, "2026-11-26".parse().unwrap()).into_iter().flatten() {
            for reference in ["R0", "R1", "R2"] {
                for place in PLACES {
                    for day in DAYS {
                        prop_assert!(
                            !is_sold(&step.message, reference, place, day)
                                || is_sold(&message, reference, place, day),
                            "{:?}: {reference} in {place} on {day}", step.test
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_track_without_a_release_of_its_own_is_given_one_to_be_timed() {
    let message = album(vec![group(
        &["R0"],
        vec![deal(&["Worldwide"], "2027-03-05")],
    )]);
    let steps = sequence(&message, "2026-11-26".parse().unwrap());
    let timed = &steps[2].as_ref().unwrap().message;
    let started = |reference: &str| {
        let groups = of_release(&timed.deals, reference);
        groups[0].deals[0].start.as_ref().unwrap().value.clone()
    };
    assert_eq!(started("R1"), "2027-03-05T17:00:00");
    assert_eq!(started("R0"), "2027-03-19");
    assert_eq!(started("ROnboarding3"), "2027-03-19");
    let removed = &steps[3].as_ref().unwrap().message;
    assert!(
        removed
            .releases
            .iter()
            .all(|r| r.reference.as_ref().unwrap().value != "ROnboarding3")
    );
}

#[test]
fn what_is_soon_or_past_is_moved_and_what_ends_before_that_is_not_made() {
    let today: Date = "2026-11-26".parse().unwrap();
    let mut message = album(vec![group(&["R0"], vec![deal(&["DE"], "2020-01-01")])]);
    let steps = sequence(&message, today);
    assert_eq!(
        steps[2].as_ref().unwrap().changed,
        [
            "Track 1 “” starts on 2026-12-10 at 17:00, by the clock of each territory.",
            "The release and its other tracks are not sold before 2026-12-24."
        ]
    );
    let update = &steps[1].as_ref().unwrap().changed[1];
    assert!(update.contains("one territory alone"), "{update}");
    message.deals[0].deals[0].more.periods[0].1 = Some(word("2026-12-20"));
    let steps = sequence(&message, today);
    let why = &steps[2].as_ref().unwrap_err().why;
    assert_eq!(why, "No deal of the release holds from 2026-12-24 on.");
}
