//! `ResourceList`: recordings, pictures and what else there is, with their files.

use super::super::tree::Element;
use super::{artist, dialect, genres, rights_line, territories, title};
use crate::domain::release::{
    Image, Message, NamedFile, OtherResource, Recording, StatedHash, Technical,
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
                let other = OtherResource {
                    reference: resource.child_text("ResourceReference"),
                    element: name.to_owned(),
                    files: files_below(message, resource),
                    at: resource.at(),
                };
                message.other_resources.push(other);
            }
        }
    }
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
        at: element.at(),
        ..Recording::default()
    };
    recording
        .titles
        .extend(element.all("ReferenceTitle").map(|t| title(t, &[])));
    // The recording itself after its details: tools that know no territories put values there.
    for details in element.all("SoundRecordingDetailsByTerritory") {
        recording_details(message, &mut recording, details);
    }
    recording_details(message, &mut recording, element);
    recording
}

fn recording_details(message: &mut Message, into: &mut Recording, details: Element<'_, '_>) {
    let scope = territories(details);
    for child in details.children() {
        match child.name() {
            "TerritoryCode" => into.territories.push(child.text()),
            "Title" => into.titles.push(title(child, &scope)),
            "DisplayArtist" => into.artists.push(artist(child)),
            "ResourceContributor" | "IndirectResourceContributor" => {
                into.contributors.push(artist(child));
            }
            "PLine" => into.plines.push(rights_line(child)),
            "ParentalWarningType" if !child.raw().is_empty() => into.parental.push(child.text()),
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
}

fn image(message: &mut Message, element: Element<'_, '_>) -> Image {
    let mut image = Image {
        reference: element.child_text("ResourceReference"),
        kind: element.child_text("ImageType"),
        proprietary_id: element
            .all("ImageId")
            .find_map(|id| id.child_text("ProprietaryId")),
        at: element.at(),
        ..Image::default()
    };
    let details = element.all("ImageDetailsByTerritory").chain([element]);
    for part in details {
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
        hash: element.child("HashSum").and_then(hash),
        size: element.child_text("FileSize"),
        at: element.at(),
    }
}

fn hash(element: Element<'_, '_>) -> Option<StatedHash> {
    let value = ["HashSum", "HashSumValue"]
        .iter()
        .find_map(|name| element.child_text(name))?;
    let algorithm = ["HashSumAlgorithmType", "Algorithm"]
        .iter()
        .find_map(|name| element.child_text(name));
    Some(StatedHash {
        value,
        algorithm: algorithm.unwrap_or_default(),
    })
}
