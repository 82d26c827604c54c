//! META-021, META-022 and META-027: how artists are named.

use super::super::release::{Artist, Text};
use super::artists::{billings, name_of};
use super::case::Case;
use super::findings::Findings;
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization as _;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-021",
        title: "Several artists in one name",
        weight: Weight::WARNING.or(Severity::Info),
        why: "Stores make one artist page of each name. “A feat. B” or “A, B” in one name makes a page \
              that belongs to nobody. With “&” and “and” it may be a duo's or a band's name: a note.",
        fix: "Send each artist as a DisplayArtist of its own, with SequenceNumber 1, 2 and so on. If it \
              is the name of one act, nothing has to be done.",
        source: "Apple Music Style Guide; Revelator, artist names",
        ack: "ArtistRoleUnknown",
        check: compound,
        ..Rule::BASE
    },
    Rule {
        code: "META-022",
        title: "“Various Artists” is used the wrong way",
        weight: Weight::WARNING,
        why: "“Various Artists” stands for a compilation of four main artists or more, on the release \
              only; a track has its own artist.",
        fix: "Name the artists themselves on the tracks; on the release write “Various Artists” from \
              four main artists on, and their names below that.",
        source: "Apple Music Style Guide; CD Baby, compilations",
        check: various,
        ..Rule::BASE
    },
    Rule {
        code: "META-027",
        title: "Artist is spelt in two ways",
        weight: Weight::WARNING,
        why: "Stores make two artist pages of two spellings.",
        fix: "Choose one spelling and use it everywhere in the message.",
        source: "Apple Music Style Guide",
        check: two_spellings,
        ..Rule::BASE
    },
];

/// Acts whose name looks like several, in small letters.
const ACTS: &[&str] = &[
    "ac/dc",
    "blood, sweat & tears",
    "crosby, stills & nash",
    "crosby, stills, nash & young",
    "earth, wind & fire",
    "emerson, lake & palmer",
    "peter, paul and mary",
    "peter, paul & mary",
    "tyler, the creator",
    "medeski, martin & wood",
    "lil nas x",
    "malcolm x",
    "shed seven",
    "black country, new road",
    "me first and the gimme gimmes",
    "and you will know us by the trail of dead",
];

/// What joins several names, and whether it may stand in one name as well.
fn joint(name: &str) -> Option<(&'static str, bool)> {
    const SURE: &[&str] = &[
        " feat. ",
        " feat ",
        " ft. ",
        " ft ",
        " featuring ",
        " vs. ",
        " vs ",
        " x ",
        " / ",
        "; ",
    ];
    const PERHAPS: &[&str] = &[" & ", " and ", " + ", " und ", " et ", " y "];
    let lower = format!("{} ", name.to_lowercase());
    if ACTS.contains(&lower.trim()) {
        return None;
    }
    if let Some(sure) = SURE.iter().find(|joint| lower.contains(**joint)) {
        return Some((sure, false));
    }
    // “Surname, First name” and “Tyler, The Creator” have one comma; a list has more, or an “&”.
    let commas = lower.matches(", ").count();
    let perhaps = PERHAPS.iter().find(|joint| lower.contains(**joint));
    match (commas, perhaps) {
        (1.., Some(_)) | (2.., None) => Some((", ", false)),
        (_, Some(joint)) => {
            // A leader and the band: “Bob Marley & The Wailers”, “Earl Brutus and his Orchestra”.
            let band = ["the ", "his ", "her ", "sons ", "die ", "les ", "los "];
            let rest = lower.split_once(*joint).map_or("", |(_, rest)| rest);
            (!band.iter().any(|word| rest.starts_with(word))).then_some((*joint, true))
        }
        (_, None) => None,
    }
}

fn compound(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut told = BTreeSet::new();
    for billing in billings(case) {
        for artist in billing.artists {
            let Some(name) = artist.name.as_ref() else {
                continue;
            };
            let Some((joint, mild)) = joint(name.as_str()) else {
                continue;
            };
            if told.insert(name.as_str()) {
                let what = format!(
                    "the name {} holds {}: are these several artists?",
                    quoted(name.as_str()),
                    quoted(joint.trim())
                );
                findings.add(
                    billing
                        .note(&what)
                        .at(&name.at)
                        .found(name.as_str())
                        .other(mild),
                );
            }
        }
    }
}

fn is_various(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "various artists" | "various" | "va" | "v.a." | "v/a" | "verschiedene" | "varios artistas"
    )
}

fn main_artists(artists: &[Artist]) -> impl Iterator<Item = &Text> {
    artists
        .iter()
        .filter(|artist| {
            artist
                .roles
                .iter()
                .any(|role| role.as_str() == "MainArtist")
        })
        .filter_map(|artist| artist.name.as_ref())
}

fn various(case: &Case<'_>, findings: &mut Findings<'_>) {
    const COMPILATION: usize = 4;
    let mut of_tracks: BTreeSet<String> = BTreeSet::new();
    for billing in billings(case) {
        let Some(number) = billing.track else {
            continue;
        };
        for name in main_artists(billing.artists) {
            if is_various(name.as_str()) {
                let what = format!("{} cannot be the artist of a track.", quoted(name.as_str()));
                findings.add(billing.note(&what).at(&name.at).track(number));
            } else {
                of_tracks.insert(folded(name.as_str()));
            }
        }
    }
    let Some(release) = billings(case)
        .into_iter()
        .find(|billing| billing.track.is_none())
    else {
        return;
    };
    let stated = main_artists(release.artists).find(|name| is_various(name.as_str()));
    if let Some(name) = stated.filter(|_| !of_tracks.is_empty() && of_tracks.len() < COMPILATION) {
        let what = format!(
            "it is by {}, but its tracks have only {} main artists.",
            quoted(name.as_str()),
            of_tracks.len()
        );
        findings.add(release.note(&what).at(&name.at));
    }
}

/// A name without accents, capitals, spaces and marks: what stays is what people read.
pub(super) fn folded(name: &str) -> String {
    name.nfkd()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn two_spellings(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut spellings: BTreeMap<String, Vec<&Text>> = BTreeMap::new();
    let all = billings(case);
    let names = all.iter().flat_map(|billing| billing.artists);
    for name in names.filter(|artist| !name_of(artist).is_empty()) {
        let Some(name) = name.name.as_ref() else {
            continue;
        };
        let key = folded(name.as_str());
        let known = spellings.entry(key).or_default();
        if !known.iter().any(|other| other.value == name.value) {
            known.push(name);
        }
    }
    for (key, known) in spellings {
        let [_, second, ..] = known.as_slice() else {
            continue;
        };
        if key.is_empty() {
            continue;
        }
        let names: Vec<String> = known.iter().map(|name| quoted(name.as_str())).collect();
        findings.add(
            super::findings::Note::new(format!("One artist is spelt {}.", list(&names)))
                .at(&second.at),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::joint;

    #[test]
    fn acts_are_told_from_lists() {
        for name in [
            "Earth, Wind & Fire",
            "Tyler, The Creator",
            "AC/DC",
            "Bob Marley & The Wailers",
            "Adaeze",
            "Mumford & Sons",
            "Lil Nas X",
            "Sandra",
            "Youssou N'Dour",
        ] {
            assert_eq!(joint(name), None, "{name}");
        }
        for (name, mild) in [
            ("Simon & Garfunkel", true),
            ("Adaeze feat. Tunde", false),
            ("Ada, Tunde, Obi", false),
            ("Ada x Tunde", false),
            ("Ada, Tunde & Obi", false),
            ("Hall and Oates", true),
        ] {
            assert_eq!(joint(name).map(|(_, mild)| mild), Some(mild), "{name}");
        }
    }
}
