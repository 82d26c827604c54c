//! `ResourceList` of ERN 3.8.2.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v382;
use super::super::scope;
use super::super::shown::NO_ARTIST;
use super::super::shown::{artist_names, artists_of, technicals, track_duration, track_warnings};
use super::super::values::{
    IMAGE_TYPES, PARENTAL_WARNINGS, RECORDING_TYPES, flag, holds, is_date, is_decimal, milliseconds,
};
use super::super::{OutContent, OutFile};
use super::{
    coded, codes_of, details, lines, locals, people, reference_title, sheets, single, titles,
};
use crate::domain::release::{Coded, Genre, Local, ProprietaryId, Recording, Technical, Text};
use std::collections::BTreeSet;

/// All recordings, pictures, booklets and sheet music.
pub(super) fn list(job: &mut Job<'_>) -> Node {
    let mut list = Node::new("ResourceList");
    for index in 0..job.tracks.len() {
        list.extend(recording(job, index));
    }
    for index in 0..job.pictures.len() {
        list.extend(picture(job, index));
    }
    for index in 0..job.sheets.len() {
        list.extend(sheets::sheet(job, index));
    }
    list
}

fn recording(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let track = job.tracks.get(index)?;
    let recording: &Recording = track.recording;
    let reference = track.reference.clone();
    let owner = job.owner();
    let mut node = Node::new("SoundRecording");
    if let Some(kind) = &recording.more.kind {
        let known = holds(RECORDING_TYPES, kind.text.as_str());
        node.push(coded("SoundRecordingType", kind, known, &owner));
    }
    node.push(identifiers(job, index)?);
    if let Some(iswc) = &recording.iswc {
        node.push(Node::text("ISWC", iswc.as_str()).inside("IndirectSoundRecordingId"));
    }
    node.push(Node::text("ResourceReference", reference));
    node.extend(reference_title(job, &recording.titles, &recording.at));
    super::tell_title_texts(job, &recording.more.title_texts, &recording.titles);
    for version in &recording.more.version_types {
        job.lose(
            format!("VersionType {}", version.text.as_str()),
            "ERN 3.8.2 does not say it.",
            &version.text.at,
        );
    }
    flags(job, &mut node, recording, index);
    language(job, &mut node, recording);
    let files = files(job, recording);
    match track_duration(recording, &files) {
        Some((text, _)) => node.push(Node::text("Duration", text)),
        None => job.refuse(
            format!(
                "The length of the track “{}” is neither stated nor measured.",
                recording.title()
            ),
            "Write its Duration, such as PT3M42S.",
            &recording.at,
        ),
    }
    let more = &recording.more;
    for (name, date) in [
        ("CreationDate", &more.created),
        ("MasteredDate", &more.mastered),
        ("RemasteredDate", &more.remastered),
    ] {
        node.extend(date_node(job, name, date.as_ref()));
    }
    node.extend(by_territory(job, index));
    Some(node.in_order(v382::SOUND_RECORDING))
}

fn date_node(job: &mut Job<'_>, name: &'static str, date: Option<&Text>) -> Option<Node> {
    let date = date?;
    if is_date(date.as_str()) {
        return Some(Node::text(name, date.as_str()));
    }
    job.lose(
        format!("{name} “{}”", date.as_str()),
        "It is no date: YYYY-MM-DD.",
        &date.at,
    );
    None
}

fn identifiers(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let track = job.tracks.get(index)?;
    let recording: &Recording = track.recording;
    let isrc = track.isrc.clone();
    let owner = job.owner();
    let mut id = Node::new("SoundRecordingId");
    id.push_text("ISRC", isrc.as_deref());
    if let (None, Some(wrong)) = (&isrc, &recording.isrc) {
        job.refuse(
            format!("“{}” is no ISRC.", wrong.as_str()),
            "Write the ISRC of the recording: two letters, three letters or digits, and seven digits, such as GBAYE6800011.",
            &wrong.at,
        );
    }
    id.extend(numbers(
        recording.more.catalog_number.as_ref(),
        &recording.more.proprietary_ids,
        &owner,
    ));
    if id.is_empty() {
        job.refuse(
            format!("The track “{}” has no ISRC.", recording.title()),
            "Give every recording its ISRC; stores know a recording by it.",
            &recording.at,
        );
    }
    Some(id.in_order(v382::SOUND_RECORDING_ID))
}

/// `CatalogNumber` and `ProprietaryId`s.
pub(super) fn numbers(
    catalog: Option<&ProprietaryId>,
    own: &[ProprietaryId],
    owner: &str,
) -> Vec<Node> {
    let node = |name: &'static str, id: &ProprietaryId| {
        let namespace = id.namespace.as_deref().unwrap_or(owner);
        Node::text(name, id.value.as_str()).with("Namespace", namespace)
    };
    let catalog = catalog.map(|number| node("CatalogNumber", number));
    let own = own.iter().map(|id| node("ProprietaryId", id));
    catalog.into_iter().chain(own).collect()
}

fn flags(job: &Job<'_>, node: &mut Node, recording: &Recording, index: usize) {
    let place = job
        .discs
        .iter()
        .flat_map(|disc| &disc.places)
        .find(|place| place.track == index);
    let item = place.and_then(|place| place.item);
    let more = &recording.more;
    let hidden = more
        .is_hidden
        .as_ref()
        .or(item.and_then(|i| i.is_hidden.as_ref()));
    for (name, value) in [
        ("IsInstrumental", recording.instrumental.as_ref()),
        ("IsHiddenResource", hidden),
        ("IsBonusResource", more.is_bonus.as_ref()),
        ("IsRemastered", more.is_remastered.as_ref()),
    ] {
        node.push_text(name, value.and_then(|v| flag(v.as_str())));
    }
}

/// 3.8.2 has the language alone, without a script or region.
fn language(job: &mut Job<'_>, node: &mut Node, recording: &Recording) {
    let Some(language) = &recording.language else {
        return;
    };
    let value = language.as_str();
    let base = value
        .split('-')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if matches!(base.len(), 2 | 3) && base.bytes().all(|b| b.is_ascii_lowercase()) {
        if base != value {
            job.lose(
                format!("LanguageOfPerformance “{value}”"),
                format!("ERN 3.8.2 has the language alone; {base} goes out."),
                &language.at,
            );
        }
        node.push(Node::text("LanguageOfPerformance", base));
    } else {
        job.lose(
            format!("LanguageOfPerformance “{value}”"),
            "It is no language code.",
            &language.at,
        );
    }
}

/// The files of the track itself.
fn files<'a>(job: &mut Job<'a>, recording: &'a Recording) -> Vec<&'a OutFile> {
    if !job.with_files {
        return Vec::new();
    }
    recording
        .files()
        .filter_map(|file| job.file(file))
        .collect()
}

fn by_territory(job: &mut Job<'_>, index: usize) -> Vec<Node> {
    let Some(track) = job.tracks.get(index) else {
        return Vec::new();
    };
    let (recording, release) = (track.recording, track.release);
    let warnings = track_warnings(job, index);
    let of_track = artists_of(job, index);
    let artists = if recording.artists.is_empty() {
        &of_track
    } else {
        &recording.artists
    };
    let title = Text {
        value: recording.title().to_owned(),
        at: recording.at.clone(),
    };
    let names = artist_names(&recording.more.artist_names, &of_track, &title);
    let plines = if recording.plines.is_empty() {
        release.map(|r| r.plines.clone()).unwrap_or_default()
    } else {
        recording.plines.clone()
    };
    if artists.is_empty() {
        job.refuse(NO_ARTIST.0, NO_ARTIST.1, &recording.at);
    }
    let more = &recording.more;
    let mut codes = BTreeSet::new();
    codes_of(&recording.titles, &mut codes);
    codes_of(artists, &mut codes);
    codes_of(&recording.contributors, &mut codes);
    codes_of(&names, &mut codes);
    codes_of(&more.label_names, &mut codes);
    codes_of(&plines, &mut codes);
    codes_of(&more.genres, &mut codes);
    codes_of(&warnings, &mut codes);
    codes_of(&more.courtesy_lines, &mut codes);
    let blocks = details("SoundRecordingDetailsByTerritory", &codes, |code| {
        let mut nodes = titles(job, &recording.titles, code);
        nodes.extend(people::artists(job, artists, code));
        nodes.extend(people::contributors(job, &recording.contributors, code));
        nodes.extend(locals("DisplayArtistName", &names, code));
        nodes.extend(locals("LabelName", &more.label_names, code));
        for controller in &more.controllers {
            nodes.extend(people::controller(job, controller));
        }
        let date = recording.original_date.as_ref();
        nodes.extend(date_node(job, "OriginalResourceReleaseDate", date));
        nodes.extend(lines(job, "PLine", &plines, code));
        nodes.extend(single(job, "CourtesyLine", &more.courtesy_lines, code));
        nodes.extend(genres(job, &more.genres, code));
        nodes.extend(self::warnings(&warnings, code));
        nodes
    });
    let made = blocks.into_iter().map(|(mut block, nodes)| {
        block.extend(nodes);
        let with_files = job.with_files;
        for technical in technicals(recording).into_iter().filter(|_| with_files) {
            block.extend(sound_details(job, technical));
        }
        block.in_order(v382::SOUND_RECORDING_DETAILS_BY_TERRITORY)
    });
    made.collect()
}

pub(super) fn genres(job: &Job<'_>, genres: &[Genre], code: Option<&str>) -> Vec<Node> {
    let wanted = &job.out.genres;
    let node = |genre: &&Genre| {
        let text = genre.text.as_str();
        let mut node = Node::new("Genre");
        node.push(Node::text(
            "GenreText",
            wanted.get(text).map_or(text, String::as_str),
        ));
        node.push_text("SubGenre", genre.sub.as_ref().map(Text::as_str));
        node
    };
    scope::within(genres, code).iter().map(node).collect()
}

pub(super) fn warnings(warnings: &[Local], code: Option<&str>) -> Vec<Node> {
    let node = |warning: &&Local| {
        let value = Some(warning.text.as_str());
        let known = value.filter(|v| holds(PARENTAL_WARNINGS, v) && *v != "UserDefined");
        Node::text("ParentalWarningType", known.unwrap_or("Unknown"))
    };
    let mut nodes: Vec<Node> = scope::within(warnings, code).iter().map(node).collect();
    nodes.dedup();
    nodes
}

/// `TechnicalSoundRecordingDetails` with the values that we measured.
fn sound_details<'a>(job: &mut Job<'a>, technical: &'a Technical) -> Option<Node> {
    let files: Vec<&OutFile> = technical.files.iter().filter_map(|f| job.file(f)).collect();
    let first = files.first()?;
    let mut node = Node::new("TechnicalSoundRecordingDetails");
    node.push(Node::text(
        "TechnicalResourceDetailsReference",
        job.next_technical(),
    ));
    if let OutContent::Audio {
        is_flac,
        rate_hz,
        bits,
        channels,
        ..
    } = first.content
    {
        node.push(Node::text(
            "AudioCodecType",
            if is_flac { "FLAC" } else { "PCM" },
        ));
        node.push(Node::text("NumberOfChannels", channels.to_string()));
        node.push(Node::text("SamplingRate", rate_hz.to_string()).with("UnitOfMeasure", "Hz"));
        node.push(Node::text("BitsPerSample", bits.to_string()));
    }
    let is_preview = if technical.is_preview {
        "true"
    } else {
        "false"
    };
    node.push(Node::text("IsPreview", is_preview));
    let start = technical.preview_start.as_ref().map(Text::as_str);
    if let Some(start) = start.filter(|s| is_decimal(s)) {
        let mut preview = Node::new("PreviewDetails");
        preview.push(Node::text("StartPoint", start));
        let length = technical.preview_duration.as_ref().map(Text::as_str);
        preview.push_text("Duration", length.filter(|l| milliseconds(l).is_some()));
        preview.push(Node::text("ExpressionType", "Instructive"));
        node.push(preview.in_order(v382::SOUND_RECORDING_PREVIEW_DETAILS));
    }
    let owner = format!("DPID:{}", job.out.sender.dpid);
    node.extend(files.iter().map(|file| file_node(file, &owner)));
    Some(node.in_order(v382::TECHNICAL_SOUND_RECORDING_DETAILS))
}

/// A file: name, folder and hash. 3.8.2 has MD5; SHA-256 is a value of our own there.
pub(super) fn file_node(file: &OutFile, owner: &str) -> Node {
    let mut node = Node::new("File");
    let (folder, name) = match file.name.rsplit_once('/') {
        Some((folder, name)) => (Some(format!("{folder}/")), name),
        None => (None, file.name.as_str()),
    };
    node.push(Node::text("FileName", name));
    node.push_text("FilePath", folder.as_deref());
    let mut hash = Node::new("HashSum");
    if let Some(md5) = &file.md5 {
        hash.push(Node::text("HashSum", md5));
        hash.push(Node::text("HashSumAlgorithmType", "MD5"));
    } else {
        hash.push(Node::text("HashSum", &file.sha256));
        hash.push(
            Node::text("HashSumAlgorithmType", "UserDefined")
                .with("Namespace", owner)
                .with("UserDefinedValue", "SHA-256"),
        );
    }
    node.push(hash);
    node.in_order(v382::FILE)
}

fn picture(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let picture = job.pictures.get(index)?;
    let (image, file) = (picture.image, picture.file);
    let mut node = Node::new("Image");
    let kind = image.and_then(|image| image.coded_kind.clone());
    let kind = kind.unwrap_or_else(|| Coded {
        text: Text {
            value: picture.kind.clone(),
            ..Text::default()
        },
        ..Coded::default()
    });
    let sender = format!("DPID:{}", job.out.sender.dpid);
    node.push(Node::text("ResourceReference", &picture.reference));
    let known = holds(IMAGE_TYPES, kind.text.as_str());
    node.push(coded("ImageType", &kind, known, &job.owner()));
    let stated = image.and_then(|image| image.proprietary_id.as_ref());
    let main = job.main.icpn.as_ref().or(job.main.grid.as_ref());
    let id = match (stated, main) {
        (Some(id), _) => id.value.clone(),
        (None, Some(release)) => format!("{}-cover", release.as_str()),
        (None, None) => format!("{}-cover", job.out.thread_id),
    };
    let id = Node::text("ProprietaryId", id).with("Namespace", sender.as_str());
    node.push(id.inside("ImageId"));
    let mut block = Node::new("ImageDetailsByTerritory");
    block.push(Node::text("TerritoryCode", "Worldwide"));
    let warning = image.and_then(|image| image.parental.first());
    let value = warning
        .map(Text::as_str)
        .filter(|v| holds(PARENTAL_WARNINGS, v));
    block.push(Node::text(
        "ParentalWarningType",
        value.unwrap_or("Unknown"),
    ));
    if let Some(file) = file.filter(|_| job.with_files) {
        let mut technical = Node::new("TechnicalImageDetails");
        technical.push(Node::text(
            "TechnicalResourceDetailsReference",
            job.next_technical(),
        ));
        if let OutContent::Picture {
            is_png,
            width,
            height,
        } = file.content
        {
            technical.push(Node::text(
                "ImageCodecType",
                if is_png { "PNG" } else { "JPEG" },
            ));
            technical.push(Node::text("ImageHeight", height.to_string()));
            technical.push(Node::text("ImageWidth", width.to_string()));
        }
        technical.push(file_node(file, &sender));
        block.push(technical.in_order(v382::TECHNICAL_IMAGE_DETAILS));
    }
    node.push(block.in_order(v382::IMAGE_DETAILS_BY_TERRITORY));
    Some(node.in_order(v382::IMAGE))
}
