//! `ResourceList` of ERN 4.3.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v43;
use super::super::parties::Parties;
use super::super::scope::others;
use super::super::shown::{artists_of, technicals, track_duration, track_warnings};
use super::super::values::{
    CONTROLLER_ROLES, IMAGE_TYPES, PARENTAL_WARNINGS, RECORDING_TYPES, VERSION_TYPES, flag, holds,
    is_date, is_decimal, is_language, milliseconds,
};
use super::super::{OutContent, OutFile};
use super::{billing, coded, locals, sheets};
use crate::domain::release::{Coded, Local, Recording, RightsController, Technical, Text};

/// All recordings, pictures, booklets and sheet music.
pub(super) fn list(job: &mut Job<'_>, parties: &mut Parties) -> Node {
    let mut list = Node::new("ResourceList");
    for index in 0..job.tracks.len() {
        list.extend(recording(job, parties, index));
    }
    for index in 0..job.pictures.len() {
        list.extend(picture(job, index));
    }
    for index in 0..job.sheets.len() {
        list.extend(sheets::sheet(job, index));
    }
    list
}

fn recording(job: &mut Job<'_>, parties: &mut Parties, index: usize) -> Option<Node> {
    let track = job.tracks.get(index)?;
    let recording: &Recording = track.recording;
    let reference = track.reference.clone();
    let owner = job.owner();
    let title = Text {
        value: recording.title().to_owned(),
        at: recording.at.clone(),
    };
    let mut node = Node::new("SoundRecording");
    node.push(Node::text("ResourceReference", reference));
    let kind = recording.more.kind.clone().unwrap_or_else(music);
    let known = holds(RECORDING_TYPES, kind.text.as_str()) || kind.text.as_str() == "Clip";
    node.push(coded("Type", &kind, known, &owner));
    let (edition, files) = edition(job, index)?;
    node.push(edition);
    if let Some(iswc) = &recording.iswc {
        node.push(Node::text("ISWC", iswc.as_str()).inside("WorkId"));
    }
    node.extend(billing::titles(
        job,
        &recording.titles,
        &recording.more.title_texts,
        &recording.at,
    ));
    for version in &recording.more.version_types {
        let known = holds(VERSION_TYPES, version.text.as_str());
        node.push(coded("VersionType", version, known, &owner));
    }
    for other in others(&recording.artists) {
        billing::tell_territory(job, other);
    }
    let artists = artists_of(job, index);
    let names = &recording.more.artist_names;
    let billed = billing::artists(job, parties, &artists, names, &title);
    node.extend(billed.nodes);
    let mut people = recording.contributors.clone();
    people.extend(billed.demoted);
    node.extend(billing::contributors(job, parties, &people));
    for controller in &recording.more.controllers {
        node.extend(rights(job, parties, controller));
    }
    let courtesy = locals(job, "CourtesyLine", &recording.more.courtesy_lines, true);
    node.extend(courtesy);
    match track_duration(recording, &files) {
        Some((text, _)) => node.push(Node::text("Duration", text)),
        None => job.refuse(
            format!(
                "The length of the track “{}” is neither stated nor measured.",
                title.as_str()
            ),
            "Write its Duration, such as PT3M42S.",
            &recording.at,
        ),
    }
    dates(job, &mut node, recording);
    node.extend(warnings(&track_warnings(job, index)));
    node.push_text("IsInstrumental", is_instrumental(recording));
    let remastered = recording.more.is_remastered.as_ref();
    node.push_text("IsRemastered", remastered.and_then(|v| flag(v.as_str())));
    tell_hidden(job, index, recording);
    if let Some(language) = &recording.language {
        if is_language(language.as_str()) {
            node.push(Node::text("LanguageOfPerformance", language.as_str()));
        } else {
            job.lose(
                format!("LanguageOfPerformance “{}”", language.as_str()),
                "It is no language code.",
                &language.at,
            );
        }
    }
    Some(node.in_order(v43::SOUND_RECORDING))
}

/// That a track is hidden has no place in 4.3.
fn tell_hidden(job: &mut Job<'_>, index: usize, recording: &Recording) {
    let places = job.discs.iter().flat_map(|disc| &disc.places);
    let mut items = places
        .filter(|place| place.track == index)
        .filter_map(|place| place.item);
    let placed = items.find_map(|item| item.is_hidden.as_ref());
    let hidden = recording.more.is_hidden.as_ref().or(placed);
    if let Some(hidden) = hidden.filter(|hidden| flag(hidden.as_str()) == Some("true")) {
        job.lose(
            "IsHiddenResource",
            "ERN 4.3 does not say that a track is hidden.",
            &hidden.at,
        );
    }
}

/// As stated; what is performed in a language is none.
fn is_instrumental(recording: &Recording) -> Option<&'static str> {
    if let Some(stated) = &recording.instrumental {
        return flag(stated.as_str());
    }
    let language = recording.language.as_ref()?.as_str();
    (is_language(language) && language != "zxx").then_some("false")
}

fn music() -> Coded {
    Coded {
        text: Text {
            value: "MusicalWorkSoundRecording".to_owned(),
            ..Text::default()
        },
        ..Coded::default()
    }
}

/// `SoundRecordingEdition`, and the track's own files.
fn edition<'a>(job: &mut Job<'a>, index: usize) -> Option<(Node, Vec<&'a OutFile>)> {
    let track = job.tracks.get(index)?;
    let recording: &'a Recording = track.recording;
    let lines = if recording.plines.is_empty() {
        track
            .release
            .map(|release| release.plines.clone())
            .unwrap_or_default()
    } else {
        recording.plines.clone()
    };
    let isrc = track.isrc.clone();
    let mut edition = Node::new("SoundRecordingEdition");
    let mut id = Node::new("ResourceId");
    id.push_text("ISRC", isrc.as_deref());
    if let (None, Some(wrong)) = (&isrc, &recording.isrc) {
        job.refuse(
            format!("“{}” is no ISRC.", wrong.as_str()),
            "Write the ISRC of the recording: two letters, three letters or digits, and seven digits, such as GBAYE6800011.",
            &wrong.at,
        );
    }
    let owner = job.owner();
    if let Some(number) = &recording.more.catalog_number {
        let namespace = number.namespace.as_deref().unwrap_or(&owner);
        id.push(Node::text("CatalogNumber", number.value.as_str()).with("Namespace", namespace));
    }
    for own in &recording.more.proprietary_ids {
        let namespace = own.namespace.as_deref().unwrap_or(&owner);
        id.push(Node::text("ProprietaryId", own.value.as_str()).with("Namespace", namespace));
    }
    if id.is_empty() {
        job.refuse(
            format!("The track “{}” has no ISRC.", recording.title()),
            "Give every recording its ISRC; stores know a recording by it.",
            &recording.at,
        );
    }
    edition.push(id.in_order(v43::SOUND_RECORDING_ID));
    edition.extend(billing::lines(job, "PLine", &lines));
    let mut files = Vec::new();
    let with_files = job.with_files;
    for technical in technicals(recording).into_iter().filter(|_| with_files) {
        let (node, found) = details(job, technical);
        edition.extend(node);
        if !technical.is_preview {
            files.extend(found);
        }
    }
    Some((edition.in_order(v43::SOUND_RECORDING_EDITION), files))
}

/// `TechnicalDetails` with the values that we measured; none where no file is named.
fn details<'a>(job: &mut Job<'a>, technical: &'a Technical) -> (Option<Node>, Vec<&'a OutFile>) {
    let files: Vec<&OutFile> = technical.files.iter().filter_map(|f| job.file(f)).collect();
    if files.is_empty() {
        return (None, files);
    }
    let mut node = Node::new("TechnicalDetails");
    node.push(Node::text(
        "TechnicalResourceDetailsReference",
        job.next_technical(),
    ));
    for file in &files {
        let mut delivery = Node::new("DeliveryFile");
        delivery.push(Node::text("Type", "AudioFile"));
        if let OutContent::Audio {
            is_flac,
            rate_hz,
            bits,
            channels,
            ..
        } = file.content
        {
            let codec = if is_flac { "FLAC" } else { "PCM" };
            delivery.push(Node::text("AudioCodecType", codec));
            delivery.push(Node::text("NumberOfChannels", channels.to_string()));
            delivery
                .push(Node::text("SamplingRate", rate_hz.to_string()).with("UnitOfMeasure", "Hz"));
            delivery.push(Node::text("BitsPerSample", bits.to_string()));
        }
        delivery.push(file_node(file));
        node.push(delivery.in_order(v43::AUDIO_DELIVERY_FILE));
    }
    if technical.is_preview {
        node.push(Node::text("IsClip", "true"));
    } else if let Some(start) = technical
        .preview_start
        .as_ref()
        .filter(|s| is_decimal(s.as_str()))
    {
        let mut clip = Node::new("ClipDetails");
        clip.push(Node::text(
            "TechnicalResourceDetailsReference",
            job.next_technical(),
        ));
        clip.push(Node::text("ClipType", "Preview"));
        let mut timing = Node::new("Timing");
        timing.push(Node::text("StartPoint", start.as_str()));
        let length = technical.preview_duration.as_ref().map(Text::as_str);
        timing.push_text("DurationUsed", length.filter(|l| milliseconds(l).is_some()));
        clip.push(timing);
        clip.push(Node::text("ExpressionType", "Instructive"));
        node.push(clip.in_order(v43::SOUND_RECORDING_CLIP_DETAILS));
    }
    (
        Some(node.in_order(v43::TECHNICAL_SOUND_RECORDING_DETAILS)),
        files,
    )
}

pub(super) fn file_node(file: &OutFile) -> Node {
    let mut node = Node::new("File");
    node.push(Node::text("URI", &file.name));
    let mut hash = Node::new("HashSum");
    hash.push(Node::text("Algorithm", "SHA-256"));
    hash.push(Node::text("HashSumValue", &file.sha256));
    node.push(hash);
    node.push(Node::text("FileSize", file.size.to_string()));
    node.in_order(v43::FILE)
}

/// Dates of a recording. Without a first publication the release's date stands for it.
fn dates(job: &mut Job<'_>, node: &mut Node, recording: &Recording) {
    let more = &recording.more;
    for (name, date) in [
        ("CreationDate", &more.created),
        ("MasteredDate", &more.mastered),
        ("RemasteredDate", &more.remastered),
    ] {
        let Some(date) = date else { continue };
        if is_date(date.as_str()) {
            node.push(Node::text(name, date.as_str()));
        } else {
            tell_date(job, name, date);
        }
    }
    let stated = recording.original_date.clone();
    let main = job.main;
    let stand_in = || {
        main.original_release_date
            .clone()
            .or_else(|| main.release_date.clone())
    };
    if let Some(date) = stated.clone().or_else(stand_in) {
        if !is_date(date.as_str()) {
            tell_date(job, "OriginalResourceReleaseDate", &date);
            return;
        }
        if stated.is_none() {
            job.note(
                "DSP-004",
                "OriginalResourceReleaseDate of a track".to_owned(),
                format!(
                    "The label gives none; {} of the release stands for it.",
                    date.as_str()
                ),
                &recording.at,
                1,
            );
        }
        node.push(
            Node::text("FirstPublicationDate", date.as_str())
                .with("ApplicableTerritoryCode", "Worldwide"),
        );
    }
}

pub(super) fn tell_date(job: &mut Job<'_>, name: &str, date: &Text) {
    job.lose(
        format!("{name} “{}”", date.as_str()),
        "It is no date: YYYY-MM-DD.",
        &date.at,
    );
}

/// `ParentalWarningType`s.
pub(super) fn warnings(stated: &[Local]) -> Vec<Node> {
    super::scoped(stated, false, |warning| {
        let value = match warning.text.as_str() {
            // Deprecated by DDEX in favour of it.
            "NoAdviceAvailable" | "UserDefined" => "Unknown",
            value if holds(PARENTAL_WARNINGS, value) => value,
            _ => "Unknown",
        };
        Node::text("ParentalWarningType", value)
    })
}

fn rights(job: &mut Job<'_>, parties: &mut Parties, controller: &RightsController) -> Option<Node> {
    let reference = parties.reference(&controller.party)?;
    let places = &controller.party.territories;
    if !places.is_empty() && places.iter().all(|code| code != "Worldwide") {
        let name = controller.party.name.as_ref().map_or("", Text::as_str);
        job.lose(
            format!(
                "Territories of the rights controller “{name}”: {}",
                places.join(", ")
            ),
            "We name rights controllers for all territories alike.",
            &controller.party.at,
        );
    }
    let mut node = Node::new("ResourceRightsController");
    node.push(Node::text("RightsControllerPartyReference", reference));
    for role in &controller.party.roles {
        let name = role.as_str();
        if holds(CONTROLLER_ROLES, name) || name == "RightsHolder" {
            node.push(Node::text("RightsControlType", name));
        } else {
            job.lose(
                format!("RightsControllerRole {name}"),
                "ERN 4.3 has no such role.",
                &role.at,
            );
        }
    }
    let share = controller
        .share
        .as_ref()
        .map(Text::as_str)
        .filter(|s| is_decimal(s));
    let unknown = controller
        .share_unknown
        .as_ref()
        .and_then(|u| flag(u.as_str()));
    match (share, unknown) {
        (Some(share), _) => node.push(Node::text("RightSharePercentage", share)),
        (None, Some(unknown)) => node.push(Node::text("RightShareUnknown", unknown)),
        (None, None) => {}
    }
    Some(node.in_order(v43::RESOURCE_RIGHTS_CONTROLLER))
}

fn picture(job: &mut Job<'_>, index: usize) -> Option<Node> {
    let picture = job.pictures.get(index)?;
    let (image, file) = (picture.image, picture.file);
    let mut node = Node::new("Image");
    node.push(Node::text("ResourceReference", &picture.reference));
    let kind = image
        .and_then(|image| image.coded_kind.clone())
        .unwrap_or_else(|| Coded {
            text: Text {
                value: picture.kind.clone(),
                ..Text::default()
            },
            ..Coded::default()
        });
    let known = holds(IMAGE_TYPES, kind.text.as_str())
        || matches!(kind.text.as_str(), "ProfilePicture" | "SocialBannerImage");
    node.push(coded("Type", &kind, known, &job.owner()));
    let stated = image.and_then(|image| image.proprietary_id.clone());
    let id = match stated {
        Some(id) => id.value,
        None => format!("{}-cover", release_id(job)),
    };
    node.push(
        Node::text("ProprietaryId", id)
            .with("Namespace", format!("DPID:{}", job.out.sender.dpid))
            .inside("ResourceId"),
    );
    let warning = image.and_then(|image| image.parental.first());
    let value = match warning.map(Text::as_str) {
        Some(value) if holds(PARENTAL_WARNINGS, value) && value != "NoAdviceAvailable" => value,
        _ => "Unknown",
    };
    node.push(Node::text("ParentalWarningType", value));
    if let Some(file) = file.filter(|_| job.with_files) {
        let mut details = Node::new("TechnicalDetails");
        details.push(Node::text(
            "TechnicalResourceDetailsReference",
            job.next_technical(),
        ));
        if let OutContent::Picture {
            is_png,
            width,
            height,
        } = file.content
        {
            details.push(Node::text(
                "ImageCodecType",
                if is_png { "PNG" } else { "JPEG" },
            ));
            details.push(Node::text("ImageHeight", height.to_string()));
            details.push(Node::text("ImageWidth", width.to_string()));
        }
        details.push(file_node(file));
        node.push(details.in_order(v43::TECHNICAL_IMAGE_DETAILS));
    }
    Some(node.in_order(v43::IMAGE))
}

/// What the release is known by.
fn release_id(job: &Job<'_>) -> String {
    let main = job.main;
    [&main.icpn, &main.grid, &main.isrc]
        .into_iter()
        .find_map(Option::as_ref)
        .map_or_else(|| job.out.thread_id.clone(), |id| id.value.clone())
}
