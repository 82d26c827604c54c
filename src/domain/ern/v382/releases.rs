//! `ReleaseList`: the product and its track releases.

use super::super::parts;
use super::super::tree::Element;
use super::{artist, dialect, genres, rights_line, territories, title};
use crate::domain::release::{
    GroupItem, Local, Message, RelatedRelease, Release, ResourceLink, Territories, Text,
};

/// Reads one release into the message.
pub(in crate::domain::ern) fn read(message: &mut Message, element: Element<'_, '_>) {
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
    release.titles.extend(
        element
            .all("ReferenceTitle")
            .map(|t| title(t, &Territories::default())),
    );
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
    let more = &mut release.more;
    let global = |into: &mut Vec<Local>, name: &str| {
        if into.is_empty() {
            into.extend(
                element
                    .child(name)
                    .and_then(|date| parts::local(date, &Territories::default())),
            );
        }
    };
    global(&mut more.dates, "GlobalReleaseDate");
    global(&mut more.original_dates, "GlobalOriginalReleaseDate");
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
            "CatalogNumber" => {
                parts_of(&mut release.more.catalog_number, child);
                &mut release.catalog_number
            }
            "ProprietaryId" => {
                let ids = &mut release.more.proprietary_ids;
                ids.extend(parts::proprietary(child));
                continue;
            }
            _ => continue,
        };
        if slot.is_none() {
            *slot = Some(child.text());
        }
    }
}

fn parts_of(slot: &mut Option<crate::domain::release::ProprietaryId>, child: Element<'_, '_>) {
    if slot.is_none() {
        *slot = parts::proprietary(child);
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
            release.more.types.extend(parts::coded(kind));
        }
    }
}

/// What stands in the details, or in the release itself where tools know no territories.
fn details(release: &mut Release, part: Element<'_, '_>) {
    let scope = territories(part);
    // What holds everywhere but there is the default beside what is said for there.
    part.pass_over(&["ExcludedTerritoryCode", "SequenceNumber"]);
    for child in part.children() {
        match child.name() {
            "TerritoryCode" => release.territories.push(child.text()),
            "Title" => release.titles.push(title(child, &scope)),
            "DisplayArtist" => release.artists.push(artist(child, &scope)),
            "PLine" => release.plines.push(rights_line(child, &scope)),
            "CLine" => release.clines.push(rights_line(child, &scope)),
            "ParentalWarningType" if !child.raw().is_empty() => {
                release.parental.push(child.text());
                release.more.parental.extend(parts::local(child, &scope));
            }
            "Genre" => release.more.genres.extend(parts::genre(child, &scope)),
            "RelatedRelease" => add_related(&mut release.more.related, related(child)),
            "IsMultiArtistCompilation" => {
                parts::fill(&mut release.more.is_multi_artist, Some(child.text()));
            }
            name => {
                if let Some(into) = locals(release, name) {
                    into.extend(parts::local(child, &scope));
                }
            }
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
            items(release, outer, group, true);
        }
    } else {
        let known = release.items.iter().flat_map(|item| &item.references);
        let known: Vec<&str> = known.map(Text::as_str).collect();
        for outer in part.all("ResourceGroup") {
            let mut again = Vec::new();
            order(outer, &mut again);
            if again == known {
                outer.pass_over_all();
            }
        }
    }
}

/// Where a value by territory belongs.
fn locals<'r>(release: &'r mut Release, name: &str) -> Option<&'r mut Vec<Local>> {
    let more = &mut release.more;
    Some(match name {
        "DisplayArtistName" => &mut more.artist_names,
        "LabelName" => &mut more.label_names,
        "ReleaseDate" => &mut more.dates,
        "OriginalReleaseDate" => &mut more.original_dates,
        "Keywords" => &mut more.keywords,
        "Synopsis" => &mut more.synopses,
        "MarketingComment" => &mut more.marketing_comments,
        _ => return None,
    })
}

/// Adds it, unless the details of another territory named it already.
fn add_related(into: &mut Vec<RelatedRelease>, new: RelatedRelease) {
    let value = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
    let told = |one: &RelatedRelease| {
        let ids = [&one.icpn, &one.grid, &one.isrc].map(value);
        let own: Vec<_> = one
            .proprietary_ids
            .iter()
            .map(|id| id.value.value.clone())
            .collect();
        (one.relationship.text.value.clone(), ids, own)
    };
    if into.iter().all(|known| told(known) != told(&new)) {
        into.push(new);
    }
}

fn related(element: Element<'_, '_>) -> RelatedRelease {
    let id = |name: &str| element.all("ReleaseId").find_map(|id| id.child_text(name));
    let title = element.child("ReferenceTitle");
    RelatedRelease {
        relationship: element
            .child("ReleaseRelationshipType")
            .and_then(parts::coded)
            .unwrap_or_default(),
        icpn: id("ICPN"),
        grid: id("GRid"),
        isrc: id("ISRC"),
        proprietary_ids: element
            .all("ReleaseId")
            .flat_map(|id| id.all("ProprietaryId").filter_map(parts::proprietary))
            .collect(),
        title: title.and_then(|title| title.child_text("TitleText")),
        at: element.at(),
    }
}

fn fill(slot: &mut Option<Text>, part: Element<'_, '_>, name: &str) {
    if slot.is_none() {
        *slot = part.child_text(name);
    }
}

/// References of a group in the order in which `items` flattens them.
fn order<'t>(group: Element<'t, '_>, into: &mut Vec<&'t str>) {
    for inner in group.all("ResourceGroup") {
        order(inner, into);
    }
    for item in group.all("ResourceGroupContentItem") {
        into.extend(item.all("ReleaseResourceReference").map(Element::peek));
    }
}

/// Flattens groups: where a group holds groups, each of them is a disc.
fn items(release: &mut Release, group: Element<'_, '_>, number: u32, is_outer: bool) {
    for (inner_number, inner) in (1..).zip(group.all("ResourceGroup")) {
        let number = if is_outer { inner_number } else { number };
        inner
            .all("Title")
            .for_each(|title| title.pass_over(&["TitleType"]));
        let title = inner
            .child("Title")
            .and_then(|title| title.child_text("TitleText"));
        if let Some(title) = title.filter(|_| is_outer) {
            release.more.group_titles.push((number, title));
        }
        // Its number says the same as its place.
        inner.pass_over(&["SequenceNumber"]);
        items(release, inner, number, false);
    }
    for item in group.all("ResourceGroupContentItem") {
        // What the resource is, and how it belongs, the lists of both say.
        item.pass_over(&["ResourceType", "Duration"]);
        for reference in item.all("ReleaseResourceReference") {
            reference.pass_over(&["ReleaseResourceType"]);
        }
        release.items.push(GroupItem {
            group: number,
            sequence: item.child_text("SequenceNumber"),
            resource_type: item.child_text("ResourceType"),
            references: item.texts("ReleaseResourceReference").collect(),
            linked: item.texts("LinkedReleaseResourceReference").collect(),
            is_hidden: item.child_text("IsHiddenResource"),
            is_bonus: item.child_text("IsBonusResource"),
            is_instant_gratification: item.child_text("IsInstantGratificationResource"),
            is_pre_order_incentive: item.child_text("IsPreOrderIncentiveResource"),
            at: item.at(),
        });
    }
}
