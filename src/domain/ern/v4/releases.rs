//! `ReleaseList` of ERN 4: the product, and one `TrackRelease` per track.

use super::super::parts::{self, fill};
use super::super::tree::Element;
use super::resources::artists;
use super::{Parties, locals, rights_lines, scope, texts, titles};
use crate::domain::ids::Isrc;
use crate::domain::release::{
    Coded, Genre, GroupItem, Message, Recording, RelatedRelease, Release, ReleaseMore,
    ResourceLink, Text,
};

/// Reads all releases into the message.
pub(super) fn read(message: &mut Message, list: Element<'_, '_>, parties: &Parties<'_, '_>) {
    for element in list.children() {
        match element.name() {
            "Release" => {
                let release = product(element, parties);
                message.releases.push(release);
            }
            "TrackRelease" | "ClipRelease" => {
                let release = track(message, element, parties);
                message.releases.push(release);
            }
            _ => {}
        }
    }
    finish(message);
}

fn product(element: Element<'_, '_>, parties: &Parties<'_, '_>) -> Release {
    let at = element.at();
    let main = Text {
        value: "true".to_owned(),
        at: at.clone(),
    };
    let more = more(element, parties);
    let types: Vec<Coded> = element
        .all("ReleaseType")
        .filter_map(parts::coded)
        .collect();
    let mut release = Release {
        is_main: Some(element.attribute("IsMainRelease").unwrap_or(main)),
        reference: element.child_text("ReleaseReference"),
        types: types.iter().map(|kind| kind.text.clone()).collect(),
        user_defined_type: types.iter().find_map(|kind| kind.user_defined.clone()),
        titles: titles(element),
        artists: artists(element, parties),
        plines: rights_lines(element, "PLine"),
        clines: rights_lines(element, "CLine"),
        duration: element.child_text("Duration"),
        at,
        ..Release::default()
    };
    identifiers(&mut release, element);
    let ids = std::mem::take(&mut release.more);
    release.more = ReleaseMore {
        types,
        catalog_number: ids.catalog_number,
        proprietary_ids: ids.proprietary_ids,
        ..more
    };
    shown(&mut release);
    for group in element.all("ResourceGroup") {
        let inner = group.all("ResourceGroup").zip(1..);
        for (disc, number) in inner {
            let title = disc.child_text("DisplayTitleText").or_else(|| {
                let titles = ["DisplayTitle", "AdditionalTitle"];
                let title = titles.iter().find_map(|name| disc.child(name))?;
                title.child_text("TitleText")
            });
            let titles = &mut release.more.group_titles;
            titles.extend(title.map(|title| (number, title)));
            items(&mut release, disc, number);
        }
        items_of(&mut release, group, 1);
    }
    release
}

/// Takes for the rules what they look at from what the store is told.
fn shown(release: &mut Release) {
    let first = |locals: &[crate::domain::release::Local]| locals.first().map(|l| l.text.clone());
    let more = &release.more;
    release.artist_name = first(&more.artist_names);
    release.label_name = first(&more.label_names);
    release.release_date = first(&more.dates);
    release.original_release_date = first(&more.original_dates);
    release.parental = texts(&more.parental);
    release.genres = more.genres.iter().map(|genre| genre.text.clone()).collect();
}

fn more(element: Element<'_, '_>, parties: &Parties<'_, '_>) -> ReleaseMore {
    ReleaseMore {
        title_texts: locals(element, "DisplayTitleText"),
        artist_names: locals(element, "DisplayArtistName"),
        label_names: parties.labels(element),
        genres: genres(element),
        parental: locals(element, "ParentalWarningType"),
        dates: locals(element, "ReleaseDate"),
        original_dates: locals(element, "OriginalReleaseDate"),
        courtesy_lines: locals(element, "CourtesyLine"),
        keywords: locals(element, "Keywords"),
        synopses: locals(element, "Synopsis"),
        marketing_comments: locals(element, "MarketingComment"),
        is_multi_artist: element.child_text("IsMultiArtistCompilation"),
        version_types: element
            .all("VersionType")
            .filter_map(parts::coded)
            .collect(),
        related: element.all("RelatedRelease").map(related).collect(),
        ..ReleaseMore::default()
    }
}

/// `Genre`, which 4.3.2 calls `DisplayGenre`.
fn genres(element: Element<'_, '_>) -> Vec<Genre> {
    ["Genre", "DisplayGenre"]
        .iter()
        .flat_map(|name| element.all(name))
        .filter_map(|genre| parts::genre(genre, &scope(genre)))
        .collect()
}

fn identifiers(release: &mut Release, element: Element<'_, '_>) {
    for id in element.all("ReleaseId") {
        fill(&mut release.icpn, id.child_text("ICPN"));
        fill(&mut release.grid, id.child_text("GRid"));
        fill(&mut release.isrc, id.child_text("ISRC"));
        fill(&mut release.catalog_number, id.child_text("CatalogNumber"));
        let number = id.child("CatalogNumber").and_then(parts::proprietary);
        release.more.catalog_number = release.more.catalog_number.take().or(number);
        let ids = id.all("ProprietaryId").filter_map(parts::proprietary);
        release.more.proprietary_ids.extend(ids);
    }
}

fn related(element: Element<'_, '_>) -> RelatedRelease {
    let mut ids = Release::default();
    identifiers(&mut ids, element);
    RelatedRelease {
        relationship: element
            .child("ReleaseRelationshipType")
            .and_then(parts::coded)
            .unwrap_or_default(),
        icpn: ids.icpn,
        grid: ids.grid,
        isrc: ids.isrc,
        proprietary_ids: ids.more.proprietary_ids,
        title: element.child_text("DisplayTitleText"),
        at: element.at(),
    }
}

/// A track as a product. Its ISRC is its recording's; the recording is where 4.x has its titles and
/// artists.
fn track(message: &Message, element: Element<'_, '_>, parties: &Parties<'_, '_>) -> Release {
    let mut release = Release {
        reference: element.child_text("ReleaseReference"),
        is_main: element.attribute("IsMainRelease"),
        types: vec![Text {
            value: "TrackRelease".to_owned(),
            at: element.at(),
        }],
        titles: titles(element),
        at: element.at(),
        more: more(element, parties),
        ..Release::default()
    };
    release.more.types = vec![Coded {
        text: Text {
            value: "TrackRelease".to_owned(),
            at: element.at(),
        },
        ..Coded::default()
    }];
    identifiers(&mut release, element);
    let link = |kind: &str, reference: Text| ResourceLink {
        reference,
        kind: Some(kind.to_owned()),
    };
    for reference in element.texts("ReleaseResourceReference") {
        release.links.push(link("PrimaryResource", reference));
    }
    for reference in element.texts("LinkedReleaseResourceReference") {
        release.links.push(link("SecondaryResource", reference));
    }
    shown(&mut release);
    let recording = release
        .links
        .first()
        .and_then(|first| by_reference(message, first.reference.as_str()));
    if let Some(recording) = recording {
        from_recording(&mut release, recording);
    }
    let own = release.more.proprietary_ids.iter();
    let isrc = own
        .map(|id| &id.value)
        .find(|value| Isrc::parse_lenient(value.as_str()).is_some());
    fill(&mut release.isrc, isrc.cloned());
    release
}

fn by_reference<'m>(message: &'m Message, reference: &str) -> Option<&'m Recording> {
    let has = |r: &&Recording| {
        r.reference
            .as_ref()
            .is_some_and(|x| x.as_str() == reference)
    };
    message.recordings.iter().find(has)
}

fn from_recording(release: &mut Release, recording: &Recording) {
    fill(&mut release.isrc, recording.isrc.clone());
    if release.titles.is_empty() {
        release.titles.clone_from(&recording.titles);
        release
            .more
            .title_texts
            .clone_from(&recording.more.title_texts);
    }
    release.artists.clone_from(&recording.artists);
    release.artist_name.clone_from(&recording.artist_name);
    let more = &mut release.more;
    more.artist_names.clone_from(&recording.more.artist_names);
    if release.parental.is_empty() {
        release.parental.clone_from(&recording.parental);
        more.parental.clone_from(&recording.more.parental);
    }
    release.plines.clone_from(&recording.plines);
    release.duration.clone_from(&recording.duration);
}

/// What 3.8.2 says twice and 4.x once: dates and lines of a track release, genre and label of a
/// recording.
fn finish(message: &mut Message) {
    let Some(main) = message.main_release().cloned() else {
        return;
    };
    for release in message.releases.iter_mut().filter(|r| r.is_track_release()) {
        fill(&mut release.release_date, main.release_date.clone());
        if release.more.dates.is_empty() {
            release.more.dates.clone_from(&main.more.dates);
        }
        if release.clines.is_empty() {
            release.clines.clone_from(&main.clines);
        }
    }
    for recording in &mut message.recordings {
        let reference = recording.reference.as_ref().map_or("", |r| r.as_str());
        let own = message.releases.iter().find(|release| {
            let links = || release.links.iter().map(|link| link.reference.as_str());
            release.is_track_release() && links().any(|link| link == reference)
        });
        let from = own.unwrap_or(&main);
        recording.genres.clone_from(&from.genres);
        recording.more.genres.clone_from(&from.more.genres);
        recording.label_name.clone_from(&from.label_name);
        recording
            .more
            .label_names
            .clone_from(&from.more.label_names);
    }
}

/// The places of a disc, those of groups inside it (works, sides) in their order.
fn items(release: &mut Release, group: Element<'_, '_>, number: u32) {
    // Which disc it is, its place says.
    group.pass_over(&["ResourceGroupType"]);
    for inner in group.all("ResourceGroup") {
        items(release, inner, number);
    }
    items_of(release, group, number);
}

/// The places that stand in a group itself, and what is linked to it: the cover, a booklet.
fn items_of(release: &mut Release, group: Element<'_, '_>, number: u32) {
    group.pass_over(&["SequenceNumber"]);
    for item in group.all("ResourceGroupContentItem") {
        let references: Vec<Text> = item.texts("ReleaseResourceReference").collect();
        let linked: Vec<Text> = item.texts("LinkedReleaseResourceReference").collect();
        for reference in &references {
            link(release, "PrimaryResource", reference);
        }
        for reference in &linked {
            link(release, "SecondaryResource", reference);
        }
        release.items.push(GroupItem {
            group: number,
            sequence: item.child_text("SequenceNumber"),
            resource_type: None,
            references,
            linked,
            is_hidden: None,
            is_bonus: item.child_text("IsBonusResource"),
            is_instant_gratification: item.child_text("IsInstantGratificationResource"),
            is_pre_order_incentive: item.child_text("IsPreOrderIncentiveResource"),
            at: item.at(),
        });
    }
    for linked in group.texts("LinkedReleaseResourceReference") {
        link(release, "SecondaryResource", &linked);
    }
}

fn link(release: &mut Release, kind: &str, reference: &Text) {
    let is_known = release
        .links
        .iter()
        .any(|link| link.reference.as_str() == reference.as_str());
    if !is_known {
        release.links.push(ResourceLink {
            reference: reference.clone(),
            kind: Some(kind.to_owned()),
        });
    }
}
