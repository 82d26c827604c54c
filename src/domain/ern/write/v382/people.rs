//! Artists, contributors and rights controllers in ERN 3.8.2.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v382;
use super::super::parties::party_name;
use super::super::scope;
use super::super::shown::in_sequence;
use super::super::values::{
    ARTIST_ROLES, CONTROLLER_ROLES, RESOURCE_ROLES, WORK_ROLES, flag, holds, is_decimal,
};
use super::coded;
use crate::domain::release::{Artist, Coded, PartyCode, RightsController, Text};

/// `DisplayArtist`s that hold in a territory.
pub(super) fn artists(job: &mut Job<'_>, all: &[Artist], code: Option<&str>) -> Vec<Node> {
    let owner = job.owner();
    let mut nodes = Vec::new();
    for artist in in_sequence(&scope::within(all, code)) {
        let number = nodes.len() + 1;
        let Some(mut node) = party("DisplayArtist", &artist) else {
            job.lose(
                "An artist without a name",
                "There is nothing to show.",
                &artist.at,
            );
            continue;
        };
        for role in &artist.coded_roles {
            let known = holds(ARTIST_ROLES, role.text.as_str());
            node.push(coded("ArtistRole", role, known, &owner));
        }
        if artist.coded_roles.is_empty() {
            node.push(Node::text("ArtistRole", "MainArtist"));
        }
        let node = node.with("SequenceNumber", number.to_string());
        nodes.push(node.in_order(v382::ARTIST));
    }
    nodes
}

/// `ResourceContributor` for who made the recording, `IndirectResourceContributor` for who made the
/// work.
pub(super) fn contributors(job: &mut Job<'_>, all: &[Artist], code: Option<&str>) -> Vec<Node> {
    let owner = job.owner();
    let mut nodes = Vec::new();
    let (mut direct, mut indirect) = (0, 0);
    for person in in_sequence(&scope::within(all, code)) {
        let is_work = |role: &&Coded| {
            let name = role.text.as_str();
            holds(WORK_ROLES, name) && !holds(RESOURCE_ROLES, name)
        };
        let (work, own): (Vec<&Coded>, Vec<&Coded>) = person.coded_roles.iter().partition(is_work);
        let Some(bare) = party("ResourceContributor", &person) else {
            job.lose(
                "A contributor without a name",
                "There is nothing to show.",
                &person.at,
            );
            continue;
        };
        if !own.is_empty() || work.is_empty() {
            direct += 1;
            let mut node = bare.with("SequenceNumber", direct.to_string());
            for role in own {
                let known = holds(RESOURCE_ROLES, role.text.as_str());
                node.push(coded("ResourceContributorRole", role, known, &owner));
            }
            for instrument in &person.instruments {
                let own = instrument.user_defined.as_deref();
                node.push(Node::text(
                    "InstrumentType",
                    own.unwrap_or(instrument.text.as_str()),
                ));
            }
            nodes.push(node.in_order(v382::RESOURCE_CONTRIBUTOR));
        }
        if !work.is_empty() {
            let Some(bare) = party("IndirectResourceContributor", &person) else {
                continue;
            };
            indirect += 1;
            let mut node = bare.with("SequenceNumber", indirect.to_string());
            for role in work {
                node.push(coded("IndirectResourceContributorRole", role, true, &owner));
            }
            nodes.push(node.in_order(v382::INDIRECT_RESOURCE_CONTRIBUTOR));
        }
    }
    nodes
}

/// A party with its names and identifiers; `None` when it has neither.
pub(super) fn party(name: &'static str, artist: &Artist) -> Option<Node> {
    let mut node = Node::new(name);
    let names = artist.names.iter();
    node.extend(names.map(|name| party_name(name, &artist.forms)));
    let only = artist.name.as_ref().map_or("", Text::as_str);
    if artist.names.is_empty() && !only.is_empty() {
        node.push(Node::text("FullName", only).inside("PartyName"));
    }
    node.extend(artist.ids.iter().map(party_id));
    (!node.is_empty()).then_some(node)
}

fn party_id(id: &PartyCode) -> Node {
    let node = Node::text("PartyId", id.value.as_str());
    match id.namespace.as_deref() {
        _ if id.is_isni => node.with("IsISNI", "true"),
        Some("DPID") => node.with("IsDPID", "true"),
        Some(own) if !own.is_empty() => node.with("Namespace", own),
        _ => node,
    }
}

/// `RightsController`.
pub(super) fn controller(job: &mut Job<'_>, controller: &RightsController) -> Option<Node> {
    let mut node = party("RightsController", &controller.party)?;
    for role in &controller.party.roles {
        if holds(CONTROLLER_ROLES, role.as_str()) {
            node.push(Node::text("RightsControllerRole", role.as_str()));
        } else {
            job.lose(
                format!("RightsControlType {}", role.as_str()),
                "ERN 3.8.2 has no such role.",
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
    Some(node.in_order(v382::TYPED_RIGHTS_CONTROLLER))
}
