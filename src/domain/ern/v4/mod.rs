//! Reads ERN 4.1.1 to 4.3.2 from the tree into `release::Message`, in the words of 3.8.2, so that
//! the rules need not know which version a label speaks.
//!
//! Parties are put where they are referred to; a track release gets titles and artists from its
//! recording, where 4.x keeps them. What 4.x writes once with `ApplicableTerritoryCode` is a `Local`.

mod releases;
mod resources;

use super::parts;
use super::tree::Element;
use super::v382::{self, deals};
use crate::domain::release::{Artist, Local, Message, RightsLine, Territories, Text, Title};
use std::collections::BTreeMap;

/// Fills everything below the root.
pub(super) fn read(message: &mut Message, root: Element<'_, '_>) {
    v382::read_header(message, root);
    let parties = Parties::of(root);
    if let Some(list) = root.child("ResourceList") {
        resources::read(message, list, &parties);
    }
    for list in root.all("ReleaseList") {
        releases::read(message, list, &parties);
    }
    for purged in root.all("PurgedRelease") {
        v382::releases::read(message, purged);
    }
    if let Some(list) = root.child("DealList") {
        message.deals = list.all("ReleaseDeal").map(deals::read).collect();
        visibility(message, root, list);
    }
}

/// `PartyList`, by reference.
pub(super) struct Parties<'t, 'a> {
    by_reference: BTreeMap<&'t str, Element<'t, 'a>>,
}

impl<'t, 'a> Parties<'t, 'a> {
    fn of(root: Element<'t, 'a>) -> Self {
        let list = root.all("PartyList").flat_map(Element::children);
        let named = list.filter_map(|party| {
            let reference = party.child("PartyReference")?.raw();
            Some((reference, party))
        });
        Self {
            by_reference: named.collect(),
        }
    }

    /// The party that an element refers to in its child of that name. A reference that leads
    /// nowhere gives a party without a name, which the rules tell.
    fn artist(&self, element: Element<'_, '_>, reference: &str, roles: &[&str]) -> Artist {
        let coded_roles: Vec<_> = element
            .children()
            .filter(|child| roles.contains(&child.name()))
            .filter_map(parts::coded)
            .collect();
        let mut artist = Artist {
            roles: coded_roles.iter().map(|role| role.text.clone()).collect(),
            coded_roles,
            sequence: element.attribute("SequenceNumber"),
            instruments: element
                .all("InstrumentType")
                .filter_map(parts::coded)
                .collect(),
            at: element.at(),
            ..Artist::default()
        };
        if let Some(name) = element.child(reference) {
            self.name(&mut artist, name.raw());
            let party = self.by_reference.get(name.raw());
            let names = party.into_iter().flat_map(|party| party.all("PartyName"));
            artist.forms = names.filter_map(parts::name_forms).collect();
        }
        artist
    }

    fn name(&self, artist: &mut Artist, reference: &str) {
        let Some(party) = self.by_reference.get(reference) else {
            return;
        };
        artist.names = party
            .all("PartyName")
            .filter_map(|name| {
                let mut full = parts::local(name.child("FullName")?, &scope(name))?;
                let own = parts::attribute(name, "LanguageAndScriptCode");
                full.language = own.or(full.language);
                Some(full)
            })
            .collect();
        artist.name = artist.names.first().map(|name| name.text.clone());
        artist.ids = party.all("PartyId").flat_map(parts::party_codes).collect();
    }

    /// Names of the parties that `ReleaseLabelReference`s name.
    fn labels(&self, element: Element<'_, '_>) -> Vec<Local> {
        let mut labels = Vec::new();
        for reference in element.all("ReleaseLabelReference") {
            // All labels are shown alike; whose the kind of a label is, says nothing to a store.
            reference.pass_over(&["LabelType", "Namespace", "UserDefinedValue"]);
            let mut artist = Artist::default();
            self.name(&mut artist, reference.raw());
            labels.extend(artist.name.map(|text| Local {
                text,
                territories: scope(reference),
                language: parts::attribute(reference, "LanguageAndScriptCode"),
            }));
        }
        labels
    }
}

/// Where an element holds: empty for everywhere.
pub(super) fn scope(element: Element<'_, '_>) -> Territories {
    // What is the default, its place says: it comes first.
    element.pass_over(&["IsDefault"]);
    let code = parts::attribute(element, "ApplicableTerritoryCode");
    code.filter(|code| code != "Worldwide")
        .into_iter()
        .collect()
}

/// Values of that name with their territories; the default first.
pub(super) fn locals(element: Element<'_, '_>, name: &str) -> Vec<Local> {
    let all = element.all(name).filter(|e| !e.raw().is_empty());
    let mut found: Vec<(bool, Local)> = all
        .filter_map(|e| {
            let is_default = parts::attribute(e, "IsDefault").is_some_and(|v| v == "true");
            Some((!is_default, parts::local(e, &scope(e))?))
        })
        .collect();
    found.sort_by_key(|(is_other, _)| *is_other);
    found.into_iter().map(|(_, local)| local).collect()
}

/// Titles of an element as 3.8.2 has them: the reference title first.
pub(super) fn titles(element: Element<'_, '_>) -> Vec<Title> {
    const ADDITIONAL: [&str; 3] = ["AdditionalTitle", "FormalTitle", "GroupingTitle"];
    let mut titles: Vec<Title> = Vec::new();
    for child in element.children() {
        let kind = match child.name() {
            "DisplayTitle" => Some("DisplayTitle".to_owned()),
            "AdditionalTitle" => {
                child.pass_over(&["Namespace", "TitleType"]);
                let own = parts::attribute(child, "UserDefinedValue");
                own.or_else(|| parts::attribute(child, "TitleType"))
            }
            name if ADDITIONAL.contains(&name) => Some(name.to_owned()),
            _ => continue,
        };
        titles.push(Title {
            text: child.child("TitleText").unwrap_or(child).text(),
            sub: child.child_text("SubTitle"),
            kind: kind.or_else(|| Some("AlternativeTitle".to_owned())),
            territories: scope(child),
            language: parts::attribute(child, "LanguageAndScriptCode"),
        });
    }
    let shown = |title: &&Title| title.kind.as_deref() == Some("DisplayTitle");
    let everywhere = |title: &&Title| shown(title) && title.territories.is_empty();
    let first = titles.iter().find(everywhere);
    let first = first.or_else(|| titles.iter().find(shown)).cloned();
    let reference = first.or_else(|| {
        let text = element.child("DisplayTitleText")?.text();
        Some(Title {
            text,
            ..Title::default()
        })
    });
    let reference = reference.map(|title| Title {
        kind: None,
        territories: Territories::default(),
        ..title
    });
    reference.into_iter().chain(titles).collect()
}

pub(super) fn rights_lines(element: Element<'_, '_>, name: &str) -> Vec<RightsLine> {
    let line = |line: Element<'_, '_>| RightsLine {
        year: line.child_text("Year"),
        text: line
            .child_text("PLineText")
            .or_else(|| line.child_text("CLineText")),
        company: line
            .child_text("PLineCompany")
            .or_else(|| line.child_text("CLineCompany")),
        territories: scope(line),
        at: line.at(),
    };
    element.all(name).map(line).collect()
}

/// The texts of values with territories, for the rules, which look at values alone.
pub(super) fn texts(locals: &[Local]) -> Vec<Text> {
    locals.iter().map(|local| local.text.clone()).collect()
}

/// `ReleaseVisibility`: 3.8.2 has these dates in the deals.
fn visibility(message: &mut Message, root: Element<'_, '_>, list: Element<'_, '_>) {
    let dates = |element: Element<'_, '_>| {
        [
            "ReleaseDisplayStartDateTime",
            "FullTrackListingPreviewStartDateTime",
            "CoverArtPreviewStartDateTime",
            "ClipPreviewStartDateTime",
        ]
        .map(|name| element.child_text(name))
    };
    let shown: BTreeMap<String, [Option<Text>; 4]> = list
        .children()
        .filter_map(|element| {
            let reference = element.child("VisibilityReference")?.raw().to_owned();
            let mut found = dates(element);
            let [_, tracks, ..] = &mut found;
            parts::fill(
                tracks,
                element.child_text("TrackListingPreviewStartDateTime"),
            );
            Some((reference, found))
        })
        .collect();
    let releases = root.all("ReleaseList").flat_map(Element::children);
    for release in releases {
        let reference = release.child("ReleaseReference").map(Element::raw);
        let visible = release
            .child("ReleaseVisibilityReference")
            .map(Element::raw);
        let Some((reference, dates)) = reference.zip(visible.and_then(|v| shown.get(v))) else {
            continue;
        };
        let of_it = message
            .deals
            .iter_mut()
            .filter(|deal| deal.releases.iter().any(|r| r.as_str() == reference));
        for deal in of_it.flat_map(|group| &mut group.deals) {
            for (slot, date) in deal.more.preview.iter_mut().zip(dates) {
                parts::fill(slot, date.clone());
            }
        }
    }
}
