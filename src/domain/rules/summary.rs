//! What the report says of the release, its tracks and its cover besides findings: the message's
//! own words, and beside them what was measured.

use super::super::facts::FileFacts;
use super::super::release::{Artist, Message, Recording, Text, Title};
use super::super::report::{ArtworkSummary, ReleaseSummary, StatedAudio, TrackSummary};
use super::case::{Case, Owner};
use super::content::checksum;
use super::deal::{deals_of, first_day_of_sale};
use super::sound::stated_hertz;
use super::territory;
use super::times::duration_ms;
use super::versions::use_types;
use std::collections::HashSet;

/// A text, if there is anything in it.
fn value(text: Option<&Text>) -> Option<String> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.value.clone())
}

/// A title with its sub-title in brackets; the sub-title may stand in another title element.
fn title_of(titles: &[Title]) -> Option<String> {
    let title = titles.iter().find(|title| !title.text.is_empty())?;
    let sub = titles
        .iter()
        .filter(|other| other.text.value == title.text.value)
        .find_map(|other| value(other.sub.as_ref()));
    Some(match sub {
        Some(sub) => format!("{} ({sub})", title.text.value),
        None => title.text.value.clone(),
    })
}

/// The artist as shown: the stated display name, else main artists, else all.
fn artist_of(name: Option<&Text>, artists: &[Artist]) -> Option<String> {
    let names = |wanted: &dyn Fn(&Artist) -> bool| {
        // One artist stands in the details of each territory.
        let mut seen = HashSet::new();
        let names = artists.iter().filter(|artist| wanted(artist));
        let names: Vec<String> = names
            .filter_map(|artist| value(artist.name.as_ref()))
            .filter(|name| seen.insert(name.clone()))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let is_main = |artist: &Artist| {
        artist
            .roles
            .iter()
            .any(|role| role.as_str() == "MainArtist")
    };
    value(name)
        .or_else(|| names(&is_main))
        .or_else(|| names(&|_| true))
}

/// `382` → `3.8.2`.
fn dotted(version: &str) -> Option<String> {
    let digits: Vec<String> = version.chars().map(String::from).collect();
    (!digits.is_empty()).then(|| digits.join("."))
}

/// The release, as the message states it; also of a message that broke off.
pub(super) fn release(case: &Case<'_>) -> ReleaseSummary {
    let Some(message) = case
        .subject
        .reading
        .and_then(|reading| reading.message.as_ref())
    else {
        return ReleaseSummary::default();
    };
    let header = &message.header;
    let mut summary = ReleaseSummary {
        tracks: u32::try_from(message.recordings.len()).unwrap_or(u32::MAX),
        message_id: value(header.message_id.as_ref()),
        message_created: value(header.created.as_ref()),
        ern_version: dotted(&message.version),
        is_test: case.subject.in_test
            || value(header.control_type.as_ref()).as_deref() == Some("TestMessage"),
        use_types: use_types(case),
        thread_id: value(header.thread_id.as_ref()),
        ..ReleaseSummary::default()
    };
    let Some(main) = message.main_release() else {
        return summary;
    };
    let deals: Vec<_> = deals_of(message, main).collect();
    summary.icpn = value(main.icpn.as_ref());
    summary.title = title_of(&main.titles);
    summary.artist =
        artist_of(main.artist_name.as_ref(), &main.artists).or_else(|| common_artist(message));
    summary.release_type = match (main.types.first(), &main.user_defined_type) {
        (Some(kind), Some(own)) if kind.as_str() == "UserDefined" => Some(own.clone()),
        (kind, _) => value(kind),
    };
    summary.release_date = value(main.release_date.as_ref())
        .or_else(|| first_day_of_sale(message, main).map(|day| day.to_string()));
    summary.label_name = value(main.label_name.as_ref()).or_else(|| {
        message
            .recordings
            .iter()
            .find_map(|r| value(r.label_name.as_ref()))
    });
    summary.genre = main
        .genres
        .iter()
        .chain(
            message
                .recordings
                .iter()
                .flat_map(|recording| &recording.genres),
        )
        .find_map(|genre| value(Some(genre)));
    summary.territories = territory::summary(&deals);
    summary
}

/// The artist of the tracks, when they all have the same.
fn common_artist(message: &Message) -> Option<String> {
    let mut artists = message
        .recordings
        .iter()
        .map(|recording| artist_of(recording.artist_name.as_ref(), &recording.artists));
    let first = artists.next()??;
    artists
        .all(|artist| artist.as_deref() == Some(first.as_str()))
        .then_some(first)
}

/// The tracks in running order, with what was measured of their files.
pub(super) fn tracks(case: &Case<'_>) -> Vec<TrackSummary> {
    let tracks = case.tracks.iter().enumerate();
    tracks
        .map(|(index, track)| {
            let recording = track.recording;
            let mut summary = TrackSummary {
                number: track.number,
                title: title_of(&recording.titles),
                artist: artist_of(recording.artist_name.as_ref(), &recording.artists),
                isrc: value(recording.isrc.as_ref()),
                stated_duration_ms: recording
                    .duration
                    .as_ref()
                    .and_then(|text| duration_ms(text.as_str())),
                stated: stated(recording),
                ..TrackSummary::default()
            };
            let Some(file) = case.file_of(index) else {
                return summary;
            };
            summary.file = Some(file.path.clone());
            summary.size_bytes = Some(file.size);
            summary.sha256.clone_from(&file.sha256);
            summary.md5.clone_from(&file.md5);
            summary.stated.checksum = case
                .references
                .iter()
                .filter(|reference| reference.owner == Owner::Track(index))
                .filter(|reference| reference.hit.is_some_and(|(hit, _)| is_same(hit, file)))
                .find_map(|reference| reference.named.hash.as_ref())
                .map(|hash| checksum(hash, file));
            if let Some(audio) = &file.audio {
                let known = |number: u32| (number > 0).then_some(number);
                summary.container = Some(audio.container);
                summary.coding = Some(audio.coding);
                summary.rate_hz = known(audio.rate_hz);
                summary.bits = known(audio.bits);
                summary.channels = known(audio.channels);
                summary.duration_ms = (audio.rate_hz > 0).then_some(audio.duration_ms);
                summary.sound_hash.clone_from(&audio.sound_hash);
                summary.levels.clone_from(&audio.levels);
            }
            summary
        })
        .collect()
}

fn is_same(one: &FileFacts, other: &FileFacts) -> bool {
    one.path == other.path
}

/// What the message states of how a track is coded; clips are left out.
fn stated(recording: &Recording) -> StatedAudio {
    let Some(details) = recording.technical.iter().find(|t| !t.is_preview) else {
        return StatedAudio::default();
    };
    let number = |text: &Option<Text>| text.as_ref().and_then(|text| text.as_str().parse().ok());
    StatedAudio {
        codec: value(details.codec.as_ref()),
        rate_hz: details
            .rate
            .as_ref()
            .and_then(|rate| stated_hertz(rate.as_str(), details.rate_unit.as_deref())),
        bits: number(&details.bits),
        channels: number(&details.channels),
        checksum: None,
    }
}

/// The cover.
pub(super) fn artwork(case: &Case<'_>) -> Option<ArtworkSummary> {
    let file = case.cover()?;
    let facts = file.artwork.clone().unwrap_or_default();
    Some(ArtworkSummary {
        file: file.path.clone(),
        size_bytes: file.size,
        sha256: file.sha256.clone(),
        format: facts.format,
        width: facts.width,
        height: facts.height,
        colour: facts.colour,
        likeness: facts.likeness,
        thumbnail: facts.thumbnail,
    })
}
