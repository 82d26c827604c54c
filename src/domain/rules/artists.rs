//! META-023 … META-026 and META-041: artists and their roles.

use super::super::release::{Artist, Text};
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note};
use super::values::{ARTIST_ROLES, holds, nearest, same};
use super::wording::{list, quoted};
use super::{Rule, Severity, Weight};
use std::collections::HashSet;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "META-023",
        title: "Artist role is missing or unknown",
        why: "Stores show an artist by the role that the message gives: MainArtist, FeaturedArtist \
              and so on.",
        fix: "Write MainArtist, FeaturedArtist or another role of DDEX into ArtistRole.",
        source: "DDEX AVS of ERN 3.8.2, ArtistRole; Spotify onboarding guideline",
        ack: "ArtistRoleUnknown",
        check: unknown_role,
        ..Rule::BASE
    },
    Rule {
        code: "META-024",
        title: "No main artist",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Every release and every track needs at least one artist with the role MainArtist, \
              whose page in the stores it appears on. A warning when conductor, orchestra or \
              soloists are named as classical messages do.",
        fix: "Give the artist whose release this is the ArtistRole MainArtist.",
        source: "Spotify onboarding guideline; DDEX Release Profile 1.4",
        ack: "PrimaryArtistNameMissing",
        check: no_main_artist,
        ..Rule::BASE
    },
    Rule {
        code: "META-025",
        title: "Order of artists is not stated",
        weight: Weight::WARNING,
        why: "With several artists SequenceNumber says who is named first.",
        fix: "Number the artists of each track with SequenceNumber 1, 2, 3 and so on.",
        source: "DDEX Release Profile 1.4, rule 1743",
        check: no_artist_order,
        ..Rule::BASE
    },
    Rule {
        code: "META-026",
        title: "Artist is named twice",
        weight: Weight::WARNING,
        why: "An artist who is both main and featured artist of one track is shown twice.",
        fix: "Leave the artist in the more important role only.",
        source: "Apple Music Style Guide 2.13; DDEX Release Profile 1.4, rule 1721",
        check: artist_twice,
        ..Rule::BASE
    },
    Rule {
        code: "META-041",
        title: "Artist's role is not shown as such by stores",
        weight: Weight::WARNING,
        why: "In ERN 4.3, which stores are sent, an artist on display is a main artist, a featured \
              artist or a composer. Whoever has another role is delivered as a contributor and gets \
              no place on the cover line.",
        fix: "Nothing has to be done, if that is right. Whoever is to be named on the cover line gets \
              the role MainArtist or FeaturedArtist.",
        source: "DDEX AVS of ERN 4.3, DisplayArtistRole",
        ack: "ArtistRoleUnknown",
        check: role_without_display,
        ..Rule::BASE
    },
];

/// Artists of the product and of each track: whose, who, where, the track's number.
pub(super) struct Billing<'a> {
    whose: String,
    pub(super) artists: &'a [Artist],
    pub(super) track: Option<u32>,
}

impl Billing<'_> {
    pub(super) fn note(&self, what: &str) -> Note {
        let note = Note::new(format!("{}: {what}", self.whose));
        match self.track {
            Some(number) => note.track(number),
            None => note,
        }
    }
}

pub(super) fn billings<'a>(case: &Case<'a>) -> Vec<Billing<'a>> {
    let main = case.main().map(|(_, main)| Billing {
        whose: "The release".to_owned(),
        artists: &main.artists,
        track: None,
    });
    let tracks = case.judged_tracks().iter().map(|track| Billing {
        whose: track.name(),
        artists: &track.recording.artists,
        track: Some(track.number),
    });
    main.into_iter().chain(tracks).collect()
}

pub(super) fn name_of(artist: &Artist) -> &str {
    artist.name.as_ref().map_or("", Text::as_str)
}

fn unknown_role(case: &Case<'_>, findings: &mut Findings<'_>) {
    for billing in billings(case) {
        for artist in billing.artists {
            let name = quoted(name_of(artist));
            if artist.roles.iter().all(Text::is_empty) {
                let what = format!("the artist {name} has no ArtistRole.");
                findings.add(billing.note(&what).at(&artist.at));
            }
            let unknown = artist
                .roles
                .iter()
                .filter(|role| !role.is_empty() && !holds(ARTIST_ROLES, role.as_str()));
            for role in unknown {
                let near = findings.hint(|| nearest(ARTIST_ROLES, role.as_str()));
                let hint = near
                    .map(|near| format!(" Did you mean {near}?"))
                    .unwrap_or_default();
                let what = format!(
                    "the artist {name} has the role {}, which DDEX does not know.{hint}",
                    quoted(role.as_str())
                );
                let edit =
                    same(ARTIST_ROLES, role.as_str()).map(|right| Edit::set(&role.at.path, right));
                let note = billing
                    .note(&what)
                    .at(&role.at)
                    .found(role.as_str())
                    .repair(edit);
                findings.add(match near {
                    Some(near) => note.expected(near),
                    None => note,
                });
            }
        }
    }
}

/// Who performs in the DDEX profile for classical music, which names no `MainArtist`.
const CLASSICAL_ROLES: &str = "Choir Conductor Ensemble Orchestra Soloist";

fn no_main_artist(case: &Case<'_>, findings: &mut Findings<'_>) {
    for billing in billings(case) {
        let Some(first) = billing.artists.first() else {
            // Nobody is named at all: META-003 says so.
            continue;
        };
        // Missing and misspelt roles are META-023's.
        let roles = || billing.artists.iter().flat_map(|artist| &artist.roles);
        let all_known = billing
            .artists
            .iter()
            .all(|artist| !artist.roles.is_empty())
            && roles().all(|role| holds(ARTIST_ROLES, role.as_str()));
        if all_known && !roles().any(|role| role.as_str() == "MainArtist") {
            let names: Vec<String> = billing.artists.iter().map(|a| quoted(name_of(a))).collect();
            let what = format!("nobody has the role MainArtist. Artists: {}.", list(&names));
            let is_classical = roles().any(|role| holds(CLASSICAL_ROLES, role.as_str()));
            findings.add(
                billing
                    .note(&what)
                    .at(&first.at)
                    .expected("MainArtist")
                    .other(is_classical),
            );
        }
    }
}

fn no_artist_order(case: &Case<'_>, findings: &mut Findings<'_>) {
    for billing in billings(case) {
        let [_, second, ..] = billing.artists else {
            continue;
        };
        let unnumbered = |artist: &Artist| {
            let sequence = artist.sequence.as_ref().map(Text::as_str);
            sequence.and_then(|text| text.parse::<u32>().ok()).is_none()
        };
        if billing.artists.iter().any(unnumbered) {
            let what = format!(
                "it has {} artists, and not all have a SequenceNumber. We took them in the order \
                 of the message.",
                billing.artists.len()
            );
            findings.add(billing.note(&what).at(&second.at));
        }
    }
}

fn artist_twice(case: &Case<'_>, findings: &mut Findings<'_>) {
    for billing in billings(case) {
        let mut seen: HashSet<String> = HashSet::new();
        for artist in billing.artists {
            let name = name_of(artist).to_lowercase();
            if name.is_empty() || seen.insert(name) {
                continue;
            }
            let what = format!("the artist {} is named twice.", quoted(name_of(artist)));
            findings.add(billing.note(&what).at(&artist.at));
        }
    }
}

/// `DisplayArtistRole` of ERN 4.3.
const DISPLAY_ROLES: &str = "Artist Composer FeaturedArtist MainArtist";

/// All of them in one finding: an orchestra plays on every track.
fn role_without_display(case: &Case<'_>, findings: &mut Findings<'_>) {
    let all = billings(case);
    let demoted = |artist: &&Artist| {
        let known = |role: &&Text| holds(ARTIST_ROLES, role.as_str());
        let shown = |role: &Text| holds(DISPLAY_ROLES, role.as_str());
        artist.roles.iter().any(|role| known(&role)) && !artist.roles.iter().any(shown)
    };
    let artists: Vec<&Artist> = all
        .iter()
        .flat_map(|billing| billing.artists)
        .filter(demoted)
        .collect();
    let Some(first) = artists.first() else {
        return;
    };
    let mut told: Vec<String> = Vec::new();
    for artist in &artists {
        let role = artist.roles.first().map_or("", Text::as_str);
        let text = format!("{} ({})", quoted(name_of(artist)), quoted(role));
        // More than the list shows are not told apart, only counted.
        if told.len() <= MOST_TOLD && !told.contains(&text) {
            told.push(text);
        }
    }
    let what = format!(
        "Delivered as contributors, not as artists: {}.",
        list(&told)
    );
    findings.add(Note::new(what).at(&first.at));
}

/// Names that one finding looks for; `list` shows fewer.
const MOST_TOLD: usize = 50;
