//! `ResourceList`: recordings, pictures and what else there is, with their files.

use super::super::parts;
use super::super::tree::Element;
use super::{artist, dialect, genres, rights_line, territories, title};
use crate::domain::release::{
    Image, Message, NamedFile, OtherResource, Recording, RecordingMore, RightsController,
    Technical, Territories, Text,
};

/// Reads all resources.
pub(super) fn read(message: &mut Message, list: Element<'_, '_>) {
    for resource in list.children() {
        match resource.name() {
            "SoundRecording" => {
                let recording = recording(message, resource);
                message.recordings.push(recording);
            }
            "Image" => {
                let image = image(message, resource);
                message.images.push(image);
            }
            name => {
                let other = other(message, resource, name);
                message.other_resources.push(other);
            }
        }
    }
}

/// A booklet, sheet music, or what we do not send.
fn other(message: &mut Message, resource: Element<'_, '_>, name: &str) -> OtherResource {
    let files = files_below(message, resource);
    let mut other = OtherResource {
        reference: resource.child_text("ResourceReference"),
        element: name.to_owned(),
        files,
        at: resource.at(),
        ..OtherResource::default()
    };
    let (kind, id, details) = match name {
        "Text" => ("TextType", "TextId", "TextDetailsByTerritory"),
        "SheetMusic" => (
            "SheetMusicType",
            "SheetMusicId",
            "SheetMusicDetailsByTerritory",
        ),
        _ => return other,
    };
    other.kind = resource.child(kind).and_then(parts::coded);
    other.proprietary_id = resource
        .all(id)
        .find_map(|id| id.child_text("ProprietaryId"));
    let title = |of: Element<'_, '_>| {
        let titles = ["ReferenceTitle", "Title"].into_iter();
        let mut found = titles.flat_map(|name| of.all(name).collect::<Vec<_>>());
        found.find_map(|title| {
            // All its titles are shown alike.
            title.pass_over(&["TitleType"]);
            title.child_text("TitleText")
        })
    };
    other.title = title(resource);
    for details in resource.all(details) {
        // It is shown wherever its release is sold.
        details.pass_over(&["TerritoryCode", "ExcludedTerritoryCode"]);
        let stated = title(details);
        other.title = other.title.take().or(stated);
    }
    other
}

fn recording(message: &mut Message, element: Element<'_, '_>) -> Recording {
    let mut recording = Recording {
        reference: element.child_text("ResourceReference"),
        isrc: element
            .all("SoundRecordingId")
            .find_map(|id| id.child_text("ISRC")),
        iswc: element
            .all("IndirectSoundRecordingId")
            .find_map(|id| id.child_text("ISWC")),
        kind: element.child_text("SoundRecordingType"),
        language: element.child_text("LanguageOfPerformance"),
        instrumental: element.child_text("IsInstrumental"),
        duration: element.child_text("Duration"),
        more: more(element),
        at: element.at(),
        ..Recording::default()
    };
    recording.titles.extend(
        element
            .all("ReferenceTitle")
            .map(|t| title(t, &Territories::default())),
    );
    // The recording itself after its details: tools that know no territories put values there.
    for details in element.all("SoundRecordingDetailsByTerritory") {
        recording_details(message, &mut recording, details);
    }
    recording_details(message, &mut recording, element);
    recording
}

/// What stands in the recording itself and only a store reads.
fn more(element: Element<'_, '_>) -> RecordingMore {
    let ids = || element.all("SoundRecordingId");
    RecordingMore {
        kind: element.child("SoundRecordingType").and_then(parts::coded),
        catalog_number: ids().find_map(|id| id.child("CatalogNumber").and_then(parts::proprietary)),
        proprietary_ids: ids()
            .flat_map(|id| id.all("ProprietaryId").filter_map(parts::proprietary))
            .collect(),
        created: element.child_text("CreationDate"),
        mastered: element.child_text("MasteredDate"),
        remastered: element.child_text("RemasteredDate"),
        is_remastered: element.child_text("IsRemastered"),
        is_hidden: element.child_text("IsHiddenResource"),
        is_bonus: element.child_text("IsBonusResource"),
        ..RecordingMore::default()
    }
}

/// Adds it, unless the details of another territory named it already.
fn add_controller(into: &mut Vec<RightsController>, new: RightsController) {
    let value = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
    let told = |one: &RightsController| {
        let roles: Vec<_> = one.party.roles.iter().map(|r| r.value.clone()).collect();
        (value(&one.party.name), roles, value(&one.share))
    };
    if into.iter().all(|known| told(known) != told(&new)) {
        into.push(new);
    }
}

fn controller(element: Element<'_, '_>, scope: &Territories) -> RightsController {
    RightsController {
        party: artist(element, scope),
        share: element.child_text("RightSharePercentage"),
        share_unknown: element.child_text("RightShareUnknown"),
    }
}

fn recording_details(message: &mut Message, into: &mut Recording, details: Element<'_, '_>) {
    let scope = territories(details);
    // What holds everywhere but there is the default beside what is said for there.
    details.pass_over(&["ExcludedTerritoryCode", "SequenceNumber"]);
    for child in details.children() {
        match child.name() {
            "TerritoryCode" => into.territories.push(child.text()),
            "Title" => into.titles.push(title(child, &scope)),
            "DisplayArtist" => into.artists.push(artist(child, &scope)),
            "ResourceContributor" | "IndirectResourceContributor" => {
                into.contributors.push(artist(child, &scope));
            }
            "PLine" => into.plines.push(rights_line(child, &scope)),
            "ParentalWarningType" if !child.raw().is_empty() => {
                into.parental.push(child.text());
                into.more.parental.extend(parts::local(child, &scope));
            }
            "DisplayArtistName" => into.more.artist_names.extend(parts::local(child, &scope)),
            "LabelName" => into.more.label_names.extend(parts::local(child, &scope)),
            "Genre" => into.more.genres.extend(parts::genre(child, &scope)),
            "CourtesyLine" => into.more.courtesy_lines.extend(parts::local(child, &scope)),
            "RightsController" => {
                add_controller(&mut into.more.controllers, controller(child, &scope));
            }
            "TechnicalSoundRecordingDetails" => {
                let technical = technical(message, child);
                into.technical.push(technical);
            }
            _ => {}
        }
    }
    into.genres.extend(genres(details));
    let fill = |slot: &mut Option<_>, name: &str| {
        if slot.is_none() {
            *slot = details.child_text(name);
        }
    };
    fill(&mut into.artist_name, "DisplayArtistName");
    fill(&mut into.label_name, "LabelName");
    fill(&mut into.original_date, "OriginalResourceReleaseDate");
    fill(&mut into.original_date, "ResourceReleaseDate");
    // Said again in the details of another territory.
    let known = into.original_date.as_ref().map(Text::as_str);
    for name in ["OriginalResourceReleaseDate", "ResourceReleaseDate"] {
        let again = details.all(name).filter(|date| Some(date.peek()) == known);
        again.for_each(Element::pass_over_all);
    }
}

fn image(message: &mut Message, element: Element<'_, '_>) -> Image {
    let mut image = Image {
        reference: element.child_text("ResourceReference"),
        kind: element.child_text("ImageType"),
        coded_kind: element.child("ImageType").and_then(parts::coded),
        proprietary_id: element
            .all("ImageId")
            .find_map(|id| id.child("ProprietaryId").and_then(parts::proprietary))
            .map(|id| id.value),
        at: element.at(),
        ..Image::default()
    };
    let details = element.all("ImageDetailsByTerritory").chain([element]);
    for part in details {
        // A picture is shown wherever its release is sold.
        part.pass_over(&["TerritoryCode", "ExcludedTerritoryCode"]);
        image.parental.extend(part.texts("ParentalWarningType"));
        for child in part.all("TechnicalImageDetails") {
            let technical = technical(message, child);
            image.technical.push(technical);
        }
    }
    image
}

fn technical(message: &mut Message, element: Element<'_, '_>) -> Technical {
    let rate = element.child("SamplingRate");
    let codec = ["AudioCodecType", "ImageCodecType"]
        .iter()
        .find_map(|name| element.child(name));
    if let Some(codec) = codec {
        message.dialect.extend(dialect::container_as_codec(codec));
    }
    Technical {
        reference: element.child_text("TechnicalResourceDetailsReference"),
        codec: codec.map(Element::text).filter(|t| !t.is_empty()),
        channels: element.child_text("NumberOfChannels"),
        rate: rate.map(Element::text).filter(|t| !t.is_empty()),
        rate_unit: rate
            .and_then(|r| r.attribute("UnitOfMeasure"))
            .map(|t| t.value),
        bits: element.child_text("BitsPerSample"),
        height: element.child_text("ImageHeight"),
        width: element.child_text("ImageWidth"),
        is_preview: element
            .child("IsPreview")
            .is_some_and(|p| matches!(p.raw(), "true" | "1")),
        preview_start: element
            .child("PreviewDetails")
            .and_then(|p| p.child_text("StartPoint")),
        preview_duration: element
            .child("PreviewDetails")
            .and_then(|p| p.child_text("Duration")),
        files: element.all("File").map(|f| file(message, f)).collect(),
        at: element.at(),
    }
}

/// Files anywhere inside a resource that we do not read further.
fn files_below(message: &mut Message, element: Element<'_, '_>) -> Vec<NamedFile> {
    let mut files = Vec::new();
    for child in element.children() {
        if child.name() == "File" {
            files.push(file(message, child));
        } else {
            files.extend(files_below(message, child));
        }
    }
    files
}

fn file(message: &mut Message, element: Element<'_, '_>) -> NamedFile {
    let name = ["FileName", "URI", "URL"]
        .iter()
        .find_map(|name| element.child(name).filter(|c| !c.raw().is_empty()));
    if let Some(name) = name.filter(|n| n.name() == "URI") {
        message.dialect.push(dialect::uri(name));
    }
    NamedFile {
        // A `File` that names nothing is kept: the rules say that it does.
        name: name.unwrap_or(element).text(),
        path: element.child_text("FilePath"),
        hash: element.child("HashSum").and_then(parts::hash),
        size: element.child_text("FileSize"),
        at: element.at(),
    }
}
