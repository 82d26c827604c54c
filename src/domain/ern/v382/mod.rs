//! Reads ERN 3.8.2, and what is near enough to it, from the tree into `release::Message`.
//!
//! Tolerant: unknown elements are passed over, values are taken wherever labels' tools put them,
//! and the six departures of the operator's guide are read and recorded (`dialect`). Whether a
//! value is right is for the rules to say.

pub(super) mod deals;
mod dialect;
pub(super) mod releases;
mod resources;

use super::parts;
use super::tree::Element;
use crate::domain::release::{
    Artist, Coded, Header, Message, Party, RightsLine, Territories, Text, Title,
};

/// Fills everything below the root.
pub(super) fn read(message: &mut Message, root: Element<'_, '_>) {
    read_header(message, root);
    if let Some(list) = root.child("ResourceList") {
        resources::read(message, list);
    }
    if let Some(list) = root.child("ReleaseList") {
        for release in list.all("Release") {
            releases::read(message, release);
        }
    }
    for purged in root.all("PurgedRelease") {
        releases::read(message, purged);
    }
    if let Some(list) = root.child("DealList") {
        message.deals = list.all("ReleaseDeal").map(deals::read).collect();
    }
}

/// Fills the header alone; it is nearly the same in all versions.
pub(super) fn read_header(message: &mut Message, root: Element<'_, '_>) {
    let Some(header) = root.child("MessageHeader") else {
        return;
    };
    message.header = Header {
        thread_id: header.child_text("MessageThreadId"),
        message_id: header.child_text("MessageId"),
        sender: header.child("MessageSender").map(party).unwrap_or_default(),
        on_behalf_of: header.child("SentOnBehalfOf").map(party),
        recipients: header.all("MessageRecipient").map(party).collect(),
        created: header.child_text("MessageCreatedDateTime"),
        control_type: header.child_text("MessageControlType"),
        at: header.at(),
    };
}

fn party(element: Element<'_, '_>) -> Party {
    Party {
        id: element.child_text("PartyId"),
        name: full_name(element),
        at: element.at(),
    }
}

/// `PartyName/FullName`; some tools write the name straight into `PartyName`.
fn full_name(element: Element<'_, '_>) -> Option<Text> {
    element.all("PartyName").find_map(|name| {
        let plain = Some(name.text()).filter(|t| !t.is_empty());
        name.child_text("FullName").or(plain)
    })
}

/// Artist or contributor, whatever its role is called.
fn artist(element: Element<'_, '_>, territories: &Territories) -> Artist {
    Artist {
        forms: element
            .all("PartyName")
            .filter_map(parts::name_forms)
            .collect(),
        ..party_of(element, territories)
    }
}

/// The same without other forms of its names.
fn party_of(element: Element<'_, '_>, territories: &Territories) -> Artist {
    const ROLES: [&str; 4] = [
        "ArtistRole",
        "ResourceContributorRole",
        "IndirectResourceContributorRole",
        "RightsControllerRole",
    ];
    let roles = element.children().filter(|c| ROLES.contains(&c.name()));
    let coded_roles: Vec<_> = roles.filter_map(parts::coded).collect();
    let names = element.all("PartyName").filter_map(|name| {
        let mut full = parts::local(
            name.child("FullName").unwrap_or(name),
            &Territories::default(),
        )?;
        let own = parts::attribute(name, "LanguageAndScriptCode");
        full.language = own.or(full.language);
        Some(full)
    });
    Artist {
        name: full_name(element),
        roles: coded_roles.iter().map(|role| role.text.clone()).collect(),
        sequence: element.attribute("SequenceNumber"),
        ids: element
            .all("PartyId")
            .flat_map(parts::party_codes)
            .collect(),
        coded_roles,
        names: names.collect(),
        instruments: element.texts("InstrumentType").map(own_word).collect(),
        territories: territories.clone(),
        at: element.at(),
        ..Artist::default()
    }
}

/// `ReferenceTitle` or `Title`; kept with empty text, so that a rule can point at it.
fn title(element: Element<'_, '_>, territories: &Territories) -> Title {
    let text = element.child("TitleText").unwrap_or(element);
    Title {
        text: text.text(),
        sub: element.child_text("SubTitle"),
        kind: element.attribute("TitleType").map(|t| t.value),
        territories: territories.clone(),
        language: parts::attribute(element, "LanguageAndScriptCode")
            .or_else(|| parts::attribute(text, "LanguageAndScriptCode")),
    }
}

/// Where details hold. Every value in them shares the list.
fn territories(details: Element<'_, '_>) -> Territories {
    details.texts("TerritoryCode").map(|t| t.value).collect()
}

fn rights_line(element: Element<'_, '_>, territories: &Territories) -> RightsLine {
    RightsLine {
        year: element.child_text("Year"),
        company: element
            .child_text("PLineCompany")
            .or_else(|| element.child_text("CLineCompany")),
        territories: territories.clone(),
        text: element
            .child_text("PLineText")
            .or_else(|| element.child_text("CLineText")),
        at: element.at(),
    }
}

/// Genres of an element: `Genre/GenreText`, or the text straight in `Genre`.
fn genres(element: Element<'_, '_>) -> impl Iterator<Item = Text> {
    element.all("Genre").filter_map(|genre| {
        let plain = Some(genre.text()).filter(|t| !t.is_empty());
        genre.child_text("GenreText").or(plain)
    })
}

/// A word of the sender's own.
fn own_word(text: Text) -> Coded {
    Coded {
        text: Text {
            value: "UserDefined".to_owned(),
            at: text.at,
        },
        user_defined: Some(text.value),
        namespace: None,
    }
}
