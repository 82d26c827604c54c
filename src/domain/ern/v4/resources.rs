//! `ResourceList` of ERN 4.

use super::super::parts::{self, fill};
use super::super::tree::Element;
use super::{Parties, locals, rights_lines, scope, texts, titles};
use crate::domain::release::{
    Image, Message, NamedFile, OtherResource, Recording, RecordingMore, RightsController, Technical,
};

/// Reads all resources.
pub(super) fn read(message: &mut Message, list: Element<'_, '_>, parties: &Parties<'_, '_>) {
    for resource in list.children() {
        match resource.name() {
            "SoundRecording" => message.recordings.push(recording(resource, parties)),
            "Image" => message.images.push(image(resource)),
            name => message.other_resources.push(other(resource, name)),
        }
    }
}

/// A booklet, sheet music, or what we do not send.
fn other(resource: Element<'_, '_>, name: &str) -> OtherResource {
    let other = OtherResource {
        reference: resource.child_text("ResourceReference"),
        element: name.to_owned(),
        files: files_below(resource),
        at: resource.at(),
        ..OtherResource::default()
    };
    if !matches!(name, "Text" | "SheetMusic") {
        return other;
    }
    // Whose it is, the release says.
    let artists = resource.all("DisplayArtistName");
    artists
        .filter(|_| name == "SheetMusic")
        .for_each(Element::pass_over_all);
    let title = locals(resource, "DisplayTitleText");
    let stated = || {
        let title = resource.child("DisplayTitle")?;
        scope(title);
        title.child_text("TitleText")
    };
    let stated = stated();
    // What stands in both is one title.
    OtherResource {
        kind: resource.child("Type").and_then(parts::coded),
        proprietary_id: resource
            .all("ResourceId")
            .find_map(|id| id.child_text("ProprietaryId")),
        title: title.into_iter().next().map(|t| t.text).or(stated),
        ..other
    }
}

fn recording(element: Element<'_, '_>, parties: &Parties<'_, '_>) -> Recording {
    let editions: Vec<_> = element.all("SoundRecordingEdition").collect();
    // Before 4.3 what an edition holds stood in the recording.
    let holders = || editions.iter().copied().chain([element]);
    let ids = || holders().flat_map(|holder| holder.all("ResourceId"));
    let artist_names = locals(element, "DisplayArtistName");
    let parental = locals(element, "ParentalWarningType");
    let contributors = element
        .all("Contributor")
        .map(|contributor| parties.artist(contributor, "ContributorPartyReference", &["Role"]));
    let published = locals(element, "FirstPublicationDate");
    let mut recording = Recording {
        reference: element.child_text("ResourceReference"),
        isrc: ids().find_map(|id| id.child_text("ISRC")),
        iswc: element.all("WorkId").find_map(|id| id.child_text("ISWC")),
        kind: element.child_text("Type"),
        titles: titles(element),
        artists: artists(element, parties),
        contributors: contributors.collect(),
        artist_name: artist_names.first().map(|name| name.text.clone()),
        parental: texts(&parental),
        language: element.child_text("LanguageOfPerformance"),
        instrumental: element.child_text("IsInstrumental"),
        duration: element.child_text("Duration"),
        original_date: published.first().map(|date| date.text.clone()),
        plines: holders()
            .flat_map(|holder| rights_lines(holder, "PLine"))
            .collect(),
        technical: holders()
            .flat_map(|holder| holder.all("TechnicalDetails"))
            .flat_map(technical)
            .collect(),
        more: more(element, parties),
        at: element.at(),
        ..Recording::default()
    };
    recording.more.artist_names = artist_names;
    recording.more.parental = parental;
    recording.more.catalog_number =
        ids().find_map(|id| id.child("CatalogNumber").and_then(parts::proprietary));
    recording.more.proprietary_ids = ids()
        .flat_map(|id| id.all("ProprietaryId").filter_map(parts::proprietary))
        .collect();
    recording
}

pub(super) fn artists(
    element: Element<'_, '_>,
    parties: &Parties<'_, '_>,
) -> Vec<crate::domain::release::Artist> {
    let artist = |artist| {
        let roles = ["DisplayArtistRole", "ArtisticRole"];
        parties.artist(artist, "ArtistPartyReference", &roles)
    };
    element.all("DisplayArtist").map(artist).collect()
}

fn more(element: Element<'_, '_>, parties: &Parties<'_, '_>) -> RecordingMore {
    let controller = |element: Element<'_, '_>| RightsController {
        party: parties.artist(
            element,
            "RightsControllerPartyReference",
            &["RightsControlType"],
        ),
        share: element.child_text("RightSharePercentage"),
        share_unknown: element.child_text("RightShareUnknown"),
    };
    RecordingMore {
        kind: element.child("Type").and_then(parts::coded),
        title_texts: locals(element, "DisplayTitleText"),
        courtesy_lines: locals(element, "CourtesyLine"),
        version_types: element
            .all("VersionType")
            .filter_map(parts::coded)
            .collect(),
        created: element.child_text("CreationDate"),
        mastered: element.child_text("MasteredDate"),
        remastered: element.child_text("RemasteredDate"),
        is_remastered: element.child_text("IsRemastered"),
        controllers: element
            .all("ResourceRightsController")
            .map(controller)
            .collect(),
        ..RecordingMore::default()
    }
}

fn image(element: Element<'_, '_>) -> Image {
    Image {
        reference: element.child_text("ResourceReference"),
        kind: element.child_text("Type"),
        coded_kind: element.child("Type").and_then(parts::coded),
        proprietary_id: element
            .all("ResourceId")
            .find_map(|id| id.child("ProprietaryId").and_then(parts::proprietary))
            .map(|id| id.value),
        parental: element.texts("ParentalWarningType").collect(),
        technical: element
            .all("TechnicalDetails")
            .flat_map(technical)
            .collect(),
        at: element.at(),
    }
}

/// One `Technical` for each delivery file; one as well where no file is named.
fn technical(element: Element<'_, '_>) -> Vec<Technical> {
    let is_clip = ["IsClip", "IsPreview"].iter().any(|name| {
        element
            .child(name)
            .is_some_and(|flag| matches!(flag.raw(), "true" | "1"))
    });
    let mut all: Vec<Technical> = element
        .all("DeliveryFile")
        .map(|file| one(element, file, is_clip))
        .collect();
    if all.is_empty() {
        all.push(one(element, element, is_clip));
    }
    for clip in element.all("ClipDetails") {
        let mut made = one(clip, clip.child("DeliveryFile").unwrap_or(clip), true);
        let timing = clip.child("Timing");
        fill(
            &mut made.preview_start,
            timing.and_then(|timing| timing.child_text("StartPoint")),
        );
        fill(
            &mut made.preview_duration,
            timing.and_then(|timing| timing.child_text("DurationUsed")),
        );
        if made.files.is_empty() {
            // The clip is cut by the store: the times belong to the track's own details.
            if let Some(track) = all.iter_mut().find(|t| !t.is_preview) {
                track.preview_start = made.preview_start;
                track.preview_duration = made.preview_duration;
            }
        } else {
            all.push(made);
        }
    }
    all
}

fn one(details: Element<'_, '_>, file: Element<'_, '_>, is_preview: bool) -> Technical {
    let rate = file.child("SamplingRate");
    let codec = ["AudioCodecType", "ImageCodecType"]
        .iter()
        .find_map(|name| file.child_text(name));
    let preview = details.child("PreviewDetails");
    Technical {
        reference: details.child_text("TechnicalResourceDetailsReference"),
        codec,
        channels: file.child_text("NumberOfChannels"),
        rate: rate.map(Element::text).filter(|t| !t.is_empty()),
        rate_unit: rate.and_then(|r| parts::attribute(r, "UnitOfMeasure")),
        bits: file.child_text("BitsPerSample"),
        height: file.child_text("ImageHeight"),
        width: file.child_text("ImageWidth"),
        is_preview,
        preview_start: preview.and_then(|p| p.child_text("StartPoint")),
        preview_duration: preview.and_then(|p| p.child_text("Duration")),
        files: file.all("File").map(parts::file).collect(),
        at: details.at(),
    }
}

/// Files anywhere inside a resource that we do not read further.
fn files_below(element: Element<'_, '_>) -> Vec<NamedFile> {
    let mut files = Vec::new();
    for child in element.children() {
        if child.name() == "File" {
            files.push(parts::file(child));
        } else {
            files.extend(files_below(child));
        }
    }
    files
}
