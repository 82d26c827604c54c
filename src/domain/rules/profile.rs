//! XML-017: what DDEX's Release Profile 1.4 asks of a message that says it follows it, as far as no
//! other rule does.

use super::super::release::{Message, Pos, Release, Text};
use super::case::{Case, is_front_cover};
use super::findings::{Findings, Note};
use super::wording::{count, list, quoted, titled};
use super::{Rule, Severity, Weight};
use std::collections::HashSet;

pub(super) const RULES: &[Rule] = &[Rule {
    code: "XML-017",
    title: "Message departs from the profile that it names",
    weight: Weight::WARNING.or(Severity::Info),
    why: "ReleaseProfileVersionId promises that the message follows DDEX's Release Profile. Stores \
          that test for it turn down what departs; what the profile asks for only where it is known \
          is a note.",
    fix: "Correct it in your software, or leave ReleaseProfileVersionId out.",
    source: "DDEX Release Profile 1.4",
    ack: "MetadataMissing",
    check: profile,
    ..Rule::BASE
}];

/// One departure: a clause, what it is, where, and whether the profile asks for it only where the
/// sender knows it.
struct Departure<'a> {
    clause: &'static str,
    what: String,
    at: &'a Pos,
    mild: bool,
}

fn profile(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    let Some(profile) = &message.release_profile else {
        return;
    };
    // `CommonReleaseTypes/14/AudioAlbum`; other versions number and say things otherwise.
    let Some((_, name)) = profile
        .as_str()
        .split_once("/14/")
        .or_else(|| profile.as_str().split_once("/1.4/"))
    else {
        return;
    };
    let departures = [
        release_type(main, name),
        titles(message),
        sequenced_cover(message, main),
        cover_without_number(message, main),
        crowded_track_release(message),
        release_dates(message),
        recording_dates(case),
    ];
    for departure in departures.into_iter().flatten() {
        findings.add(
            Note::new(format!(
                "{} (clause {} of the profile {}).",
                departure.what,
                departure.clause,
                quoted(name)
            ))
            .at(departure.at)
            .other(departure.mild),
        );
    }
}

/// What the product has to be in the profiles of albums and singles.
fn release_type<'a>(main: &'a Release, profile: &str) -> Option<Departure<'a>> {
    let (wanted, clause) = match profile {
        "AudioAlbum" | "AudioAlbumMusicOnly" | "DigitalClassicalAudioAlbum" => ("Album", "4.4(3)"),
        "AudioSingle" => ("Single", "4.5(3)"),
        _ => return None,
    };
    let kind = main.types.first()?;
    let own = main.user_defined_type.as_deref();
    let close = kind.as_str().ends_with(wanted) || kind.as_str() == "UserDefined" && own.is_some();
    // Classical albums, EPs and the like are kinds of albums and singles in practice.
    let is_ep = wanted == "Single" && kind.as_str() == "EP";
    (!close && !is_ep).then(|| Departure {
        clause,
        what: format!(
            "The release is {}, and the profile is for the ReleaseType {wanted}",
            quoted(kind.as_str())
        ),
        at: &kind.at,
        mild: false,
    })
}

/// Each release has a formal title and a title to be displayed.
fn titles(message: &Message) -> Option<Departure<'_>> {
    let has = |release: &Release, kind: &str| {
        let mut titles = release.titles.iter();
        titles.any(|title| title.kind.as_deref() == Some(kind) && !title.text.is_empty())
    };
    let missing = |release: &Release| {
        let kinds = ["FormalTitle", "DisplayTitle"];
        let missing = kinds.into_iter().filter(|kind| !has(release, kind));
        missing.collect::<Vec<_>>()
    };
    let without: Vec<(&Release, Vec<&str>)> = message
        .releases
        .iter()
        .map(|release| (release, missing(release)))
        .filter(|(_, missing)| !missing.is_empty())
        .collect();
    let (first, kinds) = without.first()?;
    Some(Departure {
        clause: "4.3(4)",
        what: format!(
            "{} without a Title of the type {}; the first is {}",
            count(without.len(), "release"),
            list(kinds),
            titled(first.title())
        ),
        at: &first.at,
        mild: false,
    })
}

/// References of the product that are stated to be additions.
fn secondary(main: &Release) -> HashSet<&str> {
    let links = main.links.iter();
    links
        .filter(|link| link.kind.as_deref() == Some("SecondaryResource"))
        .map(|link| link.reference.as_str())
        .collect()
}

fn sequenced_cover<'a>(message: &'a Message, main: &'a Release) -> Option<Departure<'a>> {
    let secondary = secondary(main);
    let pictures: HashSet<&str> = message
        .images
        .iter()
        .filter_map(|image| image.reference.as_ref())
        .map(Text::as_str)
        .filter(|reference| secondary.contains(reference))
        .collect();
    let number = main.items.iter().find_map(|item| {
        let mut references = item.references.iter();
        let is_picture = references.any(|reference| pictures.contains(reference.as_str()));
        item.sequence.as_ref().filter(|_| is_picture)
    })?;
    Some(Departure {
        clause: "3.3.1(4)",
        what: "The cover has a SequenceNumber; only tracks are numbered".to_owned(),
        at: &number.at,
        mild: false,
    })
}

fn cover_without_number<'a>(message: &'a Message, main: &'a Release) -> Option<Departure<'a>> {
    let secondary = secondary(main);
    let cover = message.images.iter().find(|image| {
        let reference = image.reference.as_ref().map_or("", Text::as_str);
        is_front_cover(image) && image.proprietary_id.is_none() && secondary.contains(reference)
    })?;
    Some(Departure {
        clause: "4.4(6)",
        what: "The cover has no ImageId/ProprietaryId".to_owned(),
        at: &cover.at,
        mild: false,
    })
}

fn crowded_track_release(message: &Message) -> Option<Departure<'_>> {
    let tracks: HashSet<&str> = message
        .recordings
        .iter()
        .filter_map(|recording| recording.reference.as_ref())
        .map(Text::as_str)
        .collect();
    let crowded = message.releases.iter().find(|release| {
        let links = release.links.iter();
        let number = links.filter(|link| tracks.contains(link.reference.as_str()));
        release
            .types
            .iter()
            .any(|kind| kind.as_str() == "TrackRelease")
            && number.count() > 1
    })?;
    Some(Departure {
        clause: "3.1",
        what: format!(
            "The track release {} holds more than one track",
            titled(crowded.title())
        ),
        at: &crowded.at,
        mild: false,
    })
}

fn release_dates(message: &Message) -> Option<Departure<'_>> {
    let without = |release: &&Release| release.release_date.is_none();
    let first = message.releases.iter().find(without)?;
    let number = message.releases.iter().filter(without).count();
    Some(Departure {
        clause: "4.3(9)",
        what: format!("{} without a ReleaseDate", count(number, "release")),
        at: &first.at,
        mild: true,
    })
}

fn recording_dates<'a>(case: &Case<'a>) -> Option<Departure<'a>> {
    let tracks = case.judged_tracks().iter().map(|track| track.recording);
    let mut without = tracks.filter(|recording| recording.original_date.is_none());
    let first = without.next()?;
    Some(Departure {
        clause: "4.3(10)",
        what: format!(
            "{} without OriginalResourceReleaseDate",
            count(without.count() + 1, "track")
        ),
        at: &first.at,
        mild: true,
    })
}
