//! REF-007, REF-011 … REF-013: whether the parts of a message that speak of the same track agree.

use super::super::history::folded;
use super::super::ids::Isrc;
use super::super::naming::base_name;
use super::super::release::{Artist, Recording, Release, Text, Title};
use super::case::{Case, Track};
use super::findings::{Findings, Note};
use super::times::duration_ms;
use super::wording::{clock, count, list, quoted};
use super::{Grade, Rule, Severity, Weight};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Recommended in the guide's profile, asked for by the release profiles of DDEX.
const RECOMMENDED: Weight = Weight::new(Grade {
    guide: Severity::Info,
    strict: Severity::Warning,
});

/// Durations that differ by less are the same, rounded in two ways.
const SAME_LENGTH_MS: u64 = 1_500;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "REF-007",
        title: "Track has no release of its own",
        weight: RECOMMENDED,
        why: "DDEX's profiles want a Release of the type TrackRelease for each track, beside the \
              product. Where it is missing we make it for the stores.",
        fix: "Add a Release with ReleaseType TrackRelease for each track, if your software can.",
        source: "DDEX Release Profile 1.4, clause 3.1",
        ack: "MetadataMissing",
        check: no_track_release,
        ..Rule::BASE
    },
    Rule {
        code: "REF-011",
        title: "Reference does not say what kind of resource it is",
        weight: Weight::WARNING,
        why: "ReleaseResourceType tells the tracks of a release (PrimaryResource) from its cover and \
              other additions (SecondaryResource).",
        fix: "Write ReleaseResourceType=\"PrimaryResource\" on the references of tracks and \
              \"SecondaryResource\" on that of the cover.",
        source: "DDEX Release Profile 1.4, clause 4.3(1)",
        check: no_resource_type,
        ..Rule::BASE
    },
    Rule {
        code: "REF-012",
        title: "Track is described in two ways",
        weight: Weight::WARNING,
        why: "A track stands in the ResourceList as a recording and in the ReleaseList as a track \
              release. Stores show one of the two, and not all the same one.",
        fix: "Correct the one that is wrong, so that title, artist, ISRC and duration are the same \
              in both places.",
        source: "Revelator, why distributions fail (the three sections of a message)",
        check: two_descriptions,
        ..Rule::BASE
    },
    Rule {
        code: "REF-013",
        title: "File's number is not the track's",
        weight: Weight::WARNING,
        why: "File names begin with the track's number. Another number there is a sign that two \
              tracks were mixed up, or that their order is not the one that was meant.",
        fix: "Listen to the files, and correct either their names or the order in the message.",
        source: "guide, Track ordering",
        check: other_number,
        ..Rule::BASE
    },
];

/// The recording that a track release is of: by its reference, else by its ISRC.
struct ByTrack<'c, 'a> {
    by_reference: HashMap<&'a str, &'c Track<'a>>,
    by_isrc: HashMap<String, &'c Track<'a>>,
}

impl<'c, 'a> ByTrack<'c, 'a> {
    fn of(case: &'c Case<'a>) -> Self {
        let tracks = case.judged_tracks().iter();
        let by_reference = tracks
            .clone()
            .filter_map(|track| Some((track.recording.reference.as_ref()?.as_str(), track)));
        let by_isrc =
            tracks.filter_map(|track| Some((clean(track.recording.isrc.as_ref())?, track)));
        Self {
            by_reference: by_reference.collect(),
            by_isrc: by_isrc.collect(),
        }
    }

    fn find(&self, release: &Release) -> Option<&'c Track<'a>> {
        let linked = release
            .links
            .iter()
            .find_map(|link| self.by_reference.get(link.reference.as_str()));
        let named = || self.by_isrc.get(&clean(release.isrc.as_ref())?);
        linked.or_else(named).copied()
    }
}

fn clean(isrc: Option<&Text>) -> Option<String> {
    Isrc::parse_lenient(isrc?.as_str()).map(|isrc| isrc.as_str().to_owned())
}

/// Releases that stand for one track.
fn track_releases<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Release> {
    let releases = case.main().map(|(message, main)| (&message.releases, main));
    releases.into_iter().flat_map(|(releases, main)| {
        let others = releases
            .iter()
            .filter(move |other| !std::ptr::eq(*other, main));
        others.filter(|release| release.is_track_release())
    })
}

fn no_track_release(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, main)) = case.main() else {
        return;
    };
    // A release of one resource is its own track release.
    let profile = message.release_profile.as_ref().map_or("", Text::as_str);
    if profile.contains("SingleResource") || profile.contains("Ringtone") || main.is_track_release()
    {
        return;
    }
    let by_track = ByTrack::of(case);
    let with: HashSet<u32> = track_releases(case)
        .filter_map(|release| by_track.find(release))
        .map(|track| track.number)
        .collect();
    // A track that the release does not list is REF-004's.
    let items = main.items.iter().flat_map(|item| &item.references);
    let links = main.links.iter().map(|link| &link.reference);
    let listed: HashSet<&str> = items.chain(links).map(Text::as_str).collect();
    let is_listed = |track: &&Track<'_>| {
        let reference = track.recording.reference.as_ref();
        listed.is_empty() || reference.is_some_and(|text| listed.contains(text.as_str()))
    };
    let numbers: Vec<String> = case
        .judged_tracks()
        .iter()
        .filter(is_listed)
        .filter(|track| !with.contains(&track.number))
        .map(|track| track.number.to_string())
        .collect();
    let what = match numbers.as_slice() {
        [] => return,
        [_] if case.tracks.len() == 1 => "The track has no TrackRelease.".to_owned(),
        all if all.len() == case.tracks.len() => {
            format!("None of the {} tracks has a TrackRelease.", all.len())
        }
        [one] => format!("Track {one} has no TrackRelease."),
        some => format!("Tracks {} have no TrackRelease.", list(some)),
    };
    findings.add(Note::new(what).at(&main.at));
}

fn no_resource_type(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((message, _)) = case.main() else {
        return;
    };
    let links = message.releases.iter().flat_map(|release| &release.links);
    let without: Vec<_> = links.filter(|link| link.kind.is_none()).collect();
    if let Some(first) = without.first() {
        findings.add(
            Note::new(format!(
                "{} without ReleaseResourceType; the first is {}.",
                count(without.len(), "ReleaseResourceReference"),
                quoted(first.reference.as_str())
            ))
            .at(&first.reference.at)
            .expected("PrimaryResource or SecondaryResource"),
        );
    }
}

/// All that a title may be written as: alone, and with its sub-title behind it.
fn spellings(titles: &[Title]) -> BTreeSet<String> {
    let one = |title: &Title| {
        let text = title.text.as_str();
        let sub = title
            .sub
            .as_ref()
            .map(|sub| format!("{text}{}", sub.as_str()));
        [Some(folded(text)), sub.map(|sub| folded(&sub))]
    };
    let all = titles.iter().flat_map(one).flatten();
    all.filter(|text| !text.is_empty()).collect()
}

fn names(name: Option<&Text>, artists: &[Artist]) -> BTreeSet<String> {
    let listed = artists.iter().filter_map(|artist| artist.name.as_ref());
    let all = name
        .into_iter()
        .chain(listed)
        .map(|name| folded(name.as_str()));
    all.filter(|text| !text.is_empty()).collect()
}

/// Both say something, and nothing of it is the same.
fn differ(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    !one.is_empty() && !other.is_empty() && one.is_disjoint(other)
}

/// An artist's name among others: “A feat. B” of the one is A and B of the other.
fn overlap(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.iter().any(|a| {
        other
            .iter()
            .any(|b| a.contains(b.as_str()) || b.contains(a.as_str()))
    })
}

/// What a track release says otherwise than its recording, one part of a sentence each, with its
/// place.
fn contradictions<'r>(release: &'r Release, recording: &Recording) -> Vec<(String, &'r Text)> {
    let mut found = Vec::new();
    let title = release.titles.first().map(|title| &title.text);
    if differ(&spellings(&release.titles), &spellings(&recording.titles))
        && let Some(title) = title
    {
        found.push((format!("its title is {}", quoted(title.as_str())), title));
    }
    let (own, others) = (
        names(release.artist_name.as_ref(), &release.artists),
        names(recording.artist_name.as_ref(), &recording.artists),
    );
    let artist = release
        .artists
        .first()
        .and_then(|artist| artist.name.as_ref());
    if differ(&own, &others)
        && !overlap(&own, &others)
        && let Some(artist) = release.artist_name.as_ref().or(artist)
    {
        found.push((format!("its artist is {}", quoted(artist.as_str())), artist));
    }
    let isrcs = (clean(release.isrc.as_ref()), clean(recording.isrc.as_ref()));
    if let ((Some(own), Some(other)), Some(text)) = (isrcs, &release.isrc)
        && own != other
    {
        found.push((format!("its ISRC is {own}"), text));
    }
    let length = |text: &Option<Text>| text.as_ref().and_then(|text| duration_ms(text.as_str()));
    let lengths = (length(&release.duration), length(&recording.duration));
    if let ((Some(own), Some(other)), Some(text)) = (lengths, &release.duration)
        && own > 0
        && other > 0
        && own.abs_diff(other) > SAME_LENGTH_MS
    {
        found.push((format!("it lasts {}", clock(own, false)), text));
    }
    found
}

fn two_descriptions(case: &Case<'_>, findings: &mut Findings<'_>) {
    let by_track = ByTrack::of(case);
    for release in track_releases(case) {
        let Some(track) = by_track.find(release) else {
            continue;
        };
        let found = contradictions(release, track.recording);
        let Some((_, first)) = found.first() else {
            continue;
        };
        let parts: Vec<&str> = found.iter().map(|(part, _)| part.as_str()).collect();
        let mut says = vec![quoted(track.recording.title())];
        says.extend(
            track
                .recording
                .isrc
                .iter()
                .map(|isrc| quoted(isrc.as_str())),
        );
        findings.add(
            Note::new(format!(
                "{} is another one in the ReleaseList: there {}.",
                track.name(),
                list(&parts)
            ))
            .at(&first.at)
            .track(track.number)
            .expected(list(&says))
            .found(first.as_str()),
        );
    }
}

/// The number at the beginning of a file's name: `02_Title.wav`, `2. Title.wav`; with a disc in
/// front: `1-02 Title.wav`. Not the year or the name in `1999.wav` and `99Problems.wav`.
fn number_in_name(path: &str) -> Option<(Option<u32>, u32)> {
    let name = base_name(path);
    let (first, rest) = leading_number(name)?;
    let after = rest.strip_prefix(['-', '.', '_']);
    if let Some((second, rest)) = after.and_then(leading_number)
        && rest.starts_with([' ', '_', '-', '.'])
    {
        return Some((Some(first), second));
    }
    rest.starts_with([' ', '_', '-', '.'])
        .then_some((None, first))
}

/// One or two digits and what follows them.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let number = Some(number).filter(|number| (1..=2).contains(&number.len()))?;
    Some((number.parse().ok()?, rest))
}

/// Place of each recording on its disc, with the disc's number, by reference.
fn places<'a>(main: &'a Release, case: &Case<'a>) -> HashMap<&'a str, (u32, u32)> {
    let known: HashSet<&str> = case
        .tracks
        .iter()
        .filter_map(|track| Some(track.recording.reference.as_ref()?.as_str()))
        .collect();
    let mut on_disc: HashMap<u32, u32> = HashMap::new();
    let mut places = HashMap::new();
    for item in &main.items {
        for reference in item
            .references
            .iter()
            .filter(|r| known.contains(r.as_str()))
        {
            let place = on_disc.entry(item.group).or_default();
            *place += 1;
            places.insert(reference.as_str(), (item.group, *place));
        }
    }
    places
}

fn other_number(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some((_, main)) = case.main() else {
        return;
    };
    let places = places(main, case);
    let most = u32::try_from(case.tracks.len()).unwrap_or(u32::MAX);
    for (index, track) in case.judged_tracks().iter().enumerate() {
        let Some((file, (disc, number))) = case
            .file_of(index)
            .and_then(|file| Some((file, number_in_name(&file.path)?)))
        else {
            continue;
        };
        let reference = track.recording.reference.as_ref().map(Text::as_str);
        let (group, place) = reference
            .and_then(|reference| places.get(reference).copied())
            .unwrap_or((1, track.number));
        let fits = number == track.number || number == place || disc == Some(track.number);
        // A track that was taken from an album keeps the number that it had there.
        if fits || number == 0 || number > most {
            continue;
        }
        let own = match disc {
            Some(disc) => format!("disc {disc}, track {number}"),
            None => format!("track {number}"),
        };
        let meant = match disc {
            Some(_) => format!("disc {group}, track {place}"),
            None => format!("track {}", track.number),
        };
        findings.add(
            Note::new(format!(
                "{} is called {}: by its name it is {own}.",
                track.name(),
                quoted(base_name(&file.path))
            ))
            .file(&file.path)
            .track(track.number)
            .expected(meant)
            .found(&own),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::number_in_name;

    #[test]
    fn numbers_are_told_from_names() {
        for (name, number) in [
            ("02_Title.wav", Some((None, 2))),
            ("resources/2. Title.wav", Some((None, 2))),
            ("1-02 Title.wav", Some((Some(1), 2))),
            ("01_02_Title.wav", Some((Some(1), 2))),
            ("02.wav", Some((None, 2))),
            ("1999.wav", None),
            ("99Problems.wav", None),
            ("5034567890120_1_1.wav", None),
            ("Title.wav", None),
            ("", None),
        ] {
            assert_eq!(number_in_name(name), number, "{name}");
        }
    }
}
