//! What a store shows of a release or track, whichever version says it: titles, artists' names,
//! parental warnings, labels, lengths.

use super::job::Job;
use super::scope::defaults;
use super::values::{duration, milliseconds};
use super::{OutContent, OutFile};
use crate::domain::release::{Artist, Local, NamedFile, Recording, Technical, Text, Title};

/// Roles under which an artist is shown, the first that fits.
pub(super) const BILLED: [&str; 4] = ["MainArtist", "FeaturedArtist", "Artist", "Composer"];

/// A release or track that nobody is named for: what is wrong, and what to do.
pub(super) const NO_ARTIST: (&str, &str) = (
    "Nobody is named as the artist: stores show one for the release and for every track.",
    "Name a DisplayArtist with the role MainArtist.",
);

/// A release or track that is called nothing.
pub(super) const NO_TITLE: (&str, &str) = (
    "There is no title: stores show one for the release and for every track.",
    "Write the title as ReferenceTitle (ERN 4: DisplayTitleText).",
);

/// A release of no label.
pub(super) const NO_LABEL: (&str, &str) = (
    "The release does not say which label it comes from, which stores show.",
    "Write the label's name as LabelName (ERN 4: a party with a ReleaseLabelReference).",
);

/// A release of no genre.
pub(super) const NO_GENRE: (&str, &str) = (
    "The release has no genre, which stores need.",
    "Write a Genre with its GenreText.",
);

/// A release that cannot be told from others.
pub(super) const NO_IDENTIFIER: (&str, &str) = (
    "The release has no barcode or other identifier by which a store could find it again.",
    "Give it its barcode as ICPN.",
);

/// Titles as a store shows them: `DisplayTitle`s, else the reference title.
pub(super) fn display_titles(titles: &[Title]) -> Vec<Title> {
    let of_kind = |kind: Option<&str>| -> Vec<Title> {
        let all = titles.iter().filter(|title| title.kind.as_deref() == kind);
        all.filter(|title| !title.text.is_empty())
            .cloned()
            .collect()
    };
    [Some("DisplayTitle"), None, Some("FormalTitle")]
        .into_iter()
        .map(of_kind)
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Title and sub-title in one.
pub(super) fn title_text(title: &Title) -> String {
    let text = title.text.as_str();
    match title.sub.as_ref().map(Text::as_str) {
        Some(sub) if !sub.is_empty() && !text.contains(sub) => format!("{text} ({sub})"),
        _ => text.to_owned(),
    }
}

/// Whether two titles read the same.
pub(super) fn reads_like(one: &Title, other: &Title) -> bool {
    let sub = |title: &Title| {
        title
            .sub
            .as_ref()
            .map(|s| s.value.clone())
            .unwrap_or_default()
    };
    one.text.as_str() == other.text.as_str() && sub(one) == sub(other)
}

/// Artists in the order of their `SequenceNumber`, each party once with all its roles.
pub(super) fn in_sequence(artists: &[&Artist]) -> Vec<Artist> {
    let number = |artist: &Artist| {
        let sequence = artist.sequence.as_ref();
        sequence.and_then(|s| s.as_str().parse::<u32>().ok())
    };
    let mut sorted: Vec<&Artist> = artists.to_vec();
    sorted.sort_by_key(|artist| number(artist).unwrap_or(u32::MAX));
    let mut merged: Vec<Artist> = Vec::new();
    for artist in sorted {
        let same = merged.iter_mut().find(|known| is_same(known, artist));
        let Some(known) = same else {
            merged.push(artist.clone());
            continue;
        };
        for role in &artist.coded_roles {
            let is_new = known.coded_roles.iter().all(|k| {
                k.text.as_str() != role.text.as_str() || k.user_defined != role.user_defined
            });
            if is_new {
                known.coded_roles.push(role.clone());
                known.roles.push(role.text.clone());
            }
        }
        known.instruments.extend(artist.instruments.iter().cloned());
    }
    merged
}

fn is_same(one: &Artist, other: &Artist) -> bool {
    let name = |artist: &Artist| artist.name.as_ref().map(|n| n.value.clone());
    let ids = |artist: &Artist| -> Vec<String> {
        artist.ids.iter().map(|id| id.value.value.clone()).collect()
    };
    name(one) == name(other)
        && (ids(one) == ids(other) || one.ids.is_empty() || other.ids.is_empty())
}

/// The artist line where the label wrote none: `A, B & C feat. D`.
pub(super) fn artist_line(artists: &[Artist]) -> String {
    let names = |is_wanted: &dyn Fn(&Artist) -> bool| -> Vec<&str> {
        let wanted = artists.iter().filter(|artist| is_wanted(artist));
        wanted
            .filter_map(|artist| artist.name.as_ref().map(Text::as_str))
            .collect()
    };
    let has = |artist: &Artist, role: &str| artist.roles.iter().any(|r| r.as_str() == role);
    let featured = |artist: &Artist| has(artist, "FeaturedArtist") && !has(artist, "MainArtist");
    let main = |artist: &Artist| !featured(artist) && has(artist, "MainArtist");
    let mut leading = names(&main);
    if leading.is_empty() {
        leading = names(&|artist| !featured(artist));
    }
    let line = joined(&leading);
    let guests = joined(&names(&featured));
    match (line.is_empty(), guests.is_empty()) {
        (true, _) => guests,
        (false, true) => line,
        (false, false) => format!("{line} feat. {guests}"),
    }
}

fn joined(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} & {last}", first.join(", ")),
    }
}

/// Artists of the product: the label's, else those of its tracks, else various.
pub(super) fn release_artists(job: &Job<'_>) -> Vec<Artist> {
    let own: Vec<Artist> = in_sequence(&defaults(&job.main.artists));
    if own.iter().any(|artist| artist.name.is_some()) {
        return own;
    }
    let name = job
        .main
        .artist_name
        .as_ref()
        .filter(|name| !name.is_empty());
    if let Some(name) = name {
        return vec![main_artist(name.clone())];
    }
    let mut of_tracks = job.tracks.iter().map(|track| {
        let artists = in_sequence(&defaults(&track.recording.artists));
        let main = |artist: &Artist| artist.roles.iter().any(|r| r.as_str() == "MainArtist");
        artists.into_iter().filter(main).collect::<Vec<_>>()
    });
    let names = |artists: &[Artist]| -> Vec<String> {
        artists
            .iter()
            .filter_map(|a| a.name.as_ref().map(|n| n.value.clone()))
            .collect()
    };
    let first = of_tracks.next().unwrap_or_default();
    let is_one = of_tracks.all(|others| names(&others) == names(&first));
    if is_one {
        first
    } else {
        vec![main_artist(Text {
            value: "Various Artists".to_owned(),
            at: job.main.at.clone(),
        })]
    }
}

/// Artists of a track; one without gets the name that is shown.
pub(super) fn track_artists(recording: &Recording) -> Vec<Artist> {
    let own = in_sequence(&defaults(&recording.artists));
    match &recording.artist_name {
        Some(name) if own.is_empty() && !name.is_empty() => vec![main_artist(name.clone())],
        _ => own,
    }
}

/// Artists of a track: its own, else its track release's, else the product's.
pub(super) fn artists_of(job: &Job<'_>, index: usize) -> Vec<Artist> {
    let Some(track) = job.tracks.get(index) else {
        return Vec::new();
    };
    let own = track_artists(track.recording);
    if !own.is_empty() {
        return own;
    }
    let released = track
        .release
        .map(|release| in_sequence(&defaults(&release.artists)));
    released
        .filter(|artists| !artists.is_empty())
        .unwrap_or_else(|| in_sequence(&defaults(&job.main.artists)))
}

fn main_artist(name: Text) -> Artist {
    let role = Text {
        value: "MainArtist".to_owned(),
        at: name.at.clone(),
    };
    Artist {
        at: name.at.clone(),
        name: Some(name),
        coded_roles: vec![crate::domain::release::Coded {
            text: role.clone(),
            ..Default::default()
        }],
        roles: vec![role],
        ..Artist::default()
    }
}

/// Artist lines of an element: the label's, else one made of the artists.
pub(super) fn artist_names(stated: &[Local], artists: &[Artist], at: &Text) -> Vec<Local> {
    if !stated.is_empty() {
        return stated.to_vec();
    }
    let line = artist_line(artists);
    let text = Text {
        value: line,
        at: at.at.clone(),
    };
    (!text.is_empty())
        .then(|| Local {
            text,
            ..Local::default()
        })
        .into_iter()
        .collect()
}

/// Labels of the product: its own, else its tracks', else the party that the message is sent for.
pub(super) fn labels(job: &Job<'_>) -> Vec<Local> {
    let own = &job.main.more.label_names;
    if !own.is_empty() {
        return own.clone();
    }
    let of_tracks = job
        .tracks
        .iter()
        .map(|track| &track.recording.more.label_names);
    if let Some(first) = of_tracks.into_iter().find(|labels| !labels.is_empty()) {
        return first.clone();
    }
    let header = &job.message.header;
    let behalf = job
        .out
        .on_behalf_of
        .as_ref()
        .map(|label| label.name.clone());
    let stated = || {
        let party = header.on_behalf_of.as_ref().unwrap_or(&header.sender);
        party.name.as_ref().map(|name| name.value.clone())
    };
    let name = behalf.or_else(stated).filter(|name| !name.is_empty());
    name.map(|value| Local {
        text: Text {
            value,
            at: job.main.at.clone(),
        },
        ..Local::default()
    })
    .into_iter()
    .collect()
}

/// Warnings, the gravest first.
const GRAVEST: [&str; 4] = [
    "Explicit",
    "ExplicitContentEdited",
    "Unknown",
    "NotExplicit",
];

/// Warnings of the product: its own, else the gravest of its tracks.
pub(super) fn release_warnings(job: &Job<'_>) -> Vec<Local> {
    let own = &job.main.more.parental;
    if !own.is_empty() {
        return own.clone();
    }
    let of_tracks: Vec<&str> = job
        .tracks
        .iter()
        .map(|track| {
            track
                .recording
                .parental
                .first()
                .map_or("Unknown", Text::as_str)
        })
        .collect();
    let found = GRAVEST.iter().find(|value| of_tracks.contains(value));
    vec![warning(found.unwrap_or(&"Unknown"))]
}

/// Warnings of a track: its own, else its track release's, else the product's.
pub(super) fn track_warnings(job: &Job<'_>, index: usize) -> Vec<Local> {
    let Some(track) = job.tracks.get(index) else {
        return Vec::new();
    };
    let released = track.release.map(|release| &release.more.parental);
    [
        Some(&track.recording.more.parental),
        released,
        Some(&job.main.more.parental),
    ]
    .into_iter()
    .flatten()
    .find(|warnings| !warnings.is_empty())
    .cloned()
    .unwrap_or_else(|| vec![warning("Unknown")])
}

fn warning(value: &str) -> Local {
    Local {
        text: Text {
            value: value.to_owned(),
            ..Text::default()
        },
        ..Local::default()
    }
}

/// Technical details of a recording, each once: 3.8.2 repeats them for every territory.
pub(super) fn technicals(recording: &Recording) -> Vec<&Technical> {
    let names = |technical: &Technical| -> Vec<(String, String)> {
        let path = |f: &NamedFile| f.path.as_ref().map(|p| p.value.clone()).unwrap_or_default();
        let named = technical
            .files
            .iter()
            .map(|f| (path(f), f.name.value.clone()));
        named.collect()
    };
    let mut found: Vec<&Technical> = Vec::new();
    for technical in &recording.technical {
        let is_known = found.iter().any(|known| {
            known.is_preview == technical.is_preview && names(known) == names(technical)
        });
        if !is_known {
            found.push(technical);
        }
    }
    found
}

/// A track's length: as the label states it, else as it was measured.
pub(super) fn track_duration(recording: &Recording, files: &[&OutFile]) -> Option<(String, u64)> {
    let stated = recording.duration.as_ref().and_then(|text| {
        let length = milliseconds(text.as_str())?;
        Some((text.value.clone(), length))
    });
    stated.filter(|(_, length)| *length > 0).or_else(|| {
        files.iter().find_map(|file| match file.content {
            OutContent::Audio { duration_ms, .. } => Some((duration(duration_ms), duration_ms)),
            OutContent::Picture { .. } | OutContent::Other => None,
        })
    })
}
