//! `ReleaseList`: the product and its track releases.

use super::super::tree::Element;
use super::{artist, dialect, genres, rights_line, territories, title};
use crate::domain::release::{GroupItem, Message, Release, ResourceLink, Text};

/// Reads one release into the message.
pub(super) fn read(message: &mut Message, element: Element<'_, '_>) {
    let mut release = Release {
        is_main: element.attribute("IsMainRelease"),
        reference: element.child_text("ReleaseReference"),
        duration: element.child_text("Duration"),
        at: element.at(),
        ..Release::default()
    };
    for id in element.all("ReleaseId") {
        identifiers(message, &mut release, id);
    }
    release
        .titles
        .extend(element.all("ReferenceTitle").map(|t| title(t, &[])));
    for list in element.all("ReleaseResourceReferenceList") {
        let links = list
            .all("ReleaseResourceReference")
            .map(|link| ResourceLink {
                reference: link.text(),
                kind: link.attribute("ReleaseResourceType").map(|t| t.value),
            });
        release.links.extend(links);
    }
    types(message, &mut release, element);
    for part in element.all("ReleaseDetailsByTerritory") {
        types(message, &mut release, part);
        details(&mut release, part);
    }
    details(&mut release, element);
    fill(&mut release.release_date, element, "GlobalReleaseDate");
    fill(
        &mut release.original_release_date,
        element,
        "GlobalOriginalReleaseDate",
    );
    if element.name() == "Release" {
        message.dialect.extend(dialect::layout(element, &release));
    }
    message.releases.push(release);
}

fn identifiers(message: &mut Message, release: &mut Release, id: Element<'_, '_>) {
    for child in id.children().filter(|c| !c.raw().is_empty()) {
        let slot = match child.name() {
            "ICPN" => {
                release.is_ean = child.attribute("IsEan").or(release.is_ean.take());
                &mut release.icpn
            }
            "UPC" | "EAN" => {
                message.dialect.push(dialect::barcode(child));
                &mut release.icpn
            }
            "GRid" => &mut release.grid,
            "ISRC" => &mut release.isrc,
            "CatalogNumber" => &mut release.catalog_number,
            _ => continue,
        };
        if slot.is_none() {
            *slot = Some(child.text());
        }
    }
}

fn types(message: &mut Message, release: &mut Release, part: Element<'_, '_>) {
    for kind in part.all("ReleaseType").filter(|k| !k.raw().is_empty()) {
        message.dialect.extend(dialect::ep(kind));
        if release.user_defined_type.is_none() {
            release.user_defined_type = kind.attribute("UserDefinedValue").map(|t| t.value);
        }
        let is_new = release.types.iter().all(|t| t.as_str() != kind.raw());
        if is_new {
            release.types.push(kind.text());
        }
    }
}

/// What stands in the details, or in the release itself where tools know no territories.
fn details(release: &mut Release, part: Element<'_, '_>) {
    let scope = territories(part);
    for child in part.children() {
        match child.name() {
            "TerritoryCode" => release.territories.push(child.text()),
            "Title" => release.titles.push(title(child, &scope)),
            "DisplayArtist" => release.artists.push(artist(child)),
            "PLine" => release.plines.push(rights_line(child)),
            "CLine" => release.clines.push(rights_line(child)),
            "ParentalWarningType" if !child.raw().is_empty() => release.parental.push(child.text()),
            _ => {}
        }
    }
    release.genres.extend(genres(part));
    fill(&mut release.artist_name, part, "DisplayArtistName");
    fill(&mut release.label_name, part, "LabelName");
    fill(&mut release.release_date, part, "ReleaseDate");
    fill(
        &mut release.original_release_date,
        part,
        "OriginalReleaseDate",
    );
    // Details of several territories repeat the running order; the first one stands for all.
    if release.items.is_empty() {
        for (group, outer) in (1..).zip(part.all("ResourceGroup")) {
            items(&mut release.items, outer, group, true);
        }
    }
}

fn fill(slot: &mut Option<Text>, part: Element<'_, '_>, name: &str) {
    if slot.is_none() {
        *slot = part.child_text(name);
    }
}

/// Flattens groups: where a group holds groups, each of them is a disc.
fn items(into: &mut Vec<GroupItem>, group: Element<'_, '_>, number: u32, is_outer: bool) {
    for (inner_number, inner) in (1..).zip(group.all("ResourceGroup")) {
        items(
            into,
            inner,
            if is_outer { inner_number } else { number },
            false,
        );
    }
    for item in group.all("ResourceGroupContentItem") {
        into.push(GroupItem {
            group: number,
            sequence: item.child_text("SequenceNumber"),
            resource_type: item.child_text("ResourceType"),
            references: item.texts("ReleaseResourceReference").collect(),
            at: item.at(),
        });
    }
}
