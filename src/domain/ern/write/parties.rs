//! `PartyList` of ERN 4.3: every person and company once, by identifier or exact name.

use super::node::Node;
use super::order::v43;
use super::values::{is_dpid, is_language};
use crate::domain::release::{Artist, PartyCode, Text};

/// The parties of a message, in the order in which they were met.
#[derive(Default)]
pub(super) struct Parties {
    keys: std::collections::BTreeMap<String, usize>,
    made: Vec<Made>,
}

struct Made {
    names: Vec<(Option<String>, String)>,
    ids: Vec<PartyCode>,
}

impl Parties {
    /// The reference of a party; `None` when it has neither name nor identifier.
    pub(super) fn reference(&mut self, artist: &Artist) -> Option<String> {
        let name = artist.name.as_ref().map_or("", Text::as_str).trim();
        if name.is_empty() && artist.ids.is_empty() {
            return None;
        }
        let keys: Vec<String> = artist
            .ids
            .iter()
            .map(|id| {
                let kind = id.namespace.as_deref().unwrap_or_default();
                format!("{}\u{1}{kind}\u{1}{}", id.is_isni, id.value.as_str())
            })
            .collect();
        let by_id = keys.iter().find_map(|key| self.keys.get(key)).copied();
        // Two people of one name are told apart by their identifiers.
        let by_name = || {
            let known = self.keys.get(name).copied().filter(|_| !name.is_empty())?;
            let ids = &self.made.get(known)?.ids;
            (ids.is_empty() || keys.is_empty()).then_some(known)
        };
        let at = by_id.or_else(by_name).unwrap_or_else(|| {
            self.made.push(Made {
                names: Vec::new(),
                ids: Vec::new(),
            });
            self.made.len() - 1
        });
        for key in keys {
            self.keys.entry(key).or_insert(at);
        }
        if !name.is_empty() {
            self.keys.entry(name.to_owned()).or_insert(at);
        }
        if let Some(made) = self.made.get_mut(at) {
            made.take(artist);
        }
        Some(format!("P{}", at + 1))
    }

    /// The reference of a party that is known by name alone.
    pub(super) fn named(&mut self, name: &str) -> Option<String> {
        let name = Text {
            value: name.to_owned(),
            ..Text::default()
        };
        self.reference(&Artist {
            name: Some(name),
            ..Artist::default()
        })
    }

    /// `PartyList`.
    pub(super) fn list(&self, owner: &str) -> Node {
        let mut list = Node::new("PartyList");
        for (made, number) in self.made.iter().zip(1..) {
            let mut party = Node::new("Party");
            party.push(Node::text("PartyReference", format!("P{number}")));
            for (language, name) in &made.names {
                let language = language.as_deref();
                party.push(
                    Node::text("FullName", name)
                        .inside("PartyName")
                        .with_some("LanguageAndScriptCode", language),
                );
            }
            party.extend(party_id(&made.ids, owner));
            list.push(party.in_order(v43::PARTY));
        }
        list
    }
}

impl Made {
    fn take(&mut self, artist: &Artist) {
        for name in &artist.names {
            let text = name.text.as_str();
            let language = name.language.clone().filter(|l| is_language(l));
            let is_known = self
                .names
                .iter()
                .any(|(l, known)| known == text && (l == &language || language.is_none()));
            if !is_known && !text.is_empty() {
                self.names.push((language, text.to_owned()));
            }
        }
        let name = artist.name.as_ref().map_or("", Text::as_str);
        if self.names.is_empty() && !name.is_empty() {
            self.names.push((None, name.to_owned()));
        }
        for id in &artist.ids {
            let is_known = self
                .ids
                .iter()
                .any(|known| known.value.as_str() == id.value.as_str());
            if !is_known {
                self.ids.push(id.clone());
            }
        }
    }
}

/// One `PartyId` for each identifier: an element holds at most one of a kind.
pub(super) fn party_id(ids: &[PartyCode], owner: &str) -> Vec<Node> {
    let one = |id: &PartyCode| {
        let value = id.value.as_str();
        let namespace = id.namespace.as_deref();
        let digits = value.len() == 11 && value.bytes().all(|b| b.is_ascii_digit());
        let inner = match namespace {
            _ if id.is_isni => Node::text("ISNI", value),
            None | Some("DPID") if is_dpid(value) => Node::text("DPID", value),
            Some("IPI") if digits => Node::text("IpiNameNumber", value),
            Some("IPN") => Node::text("IPN", value),
            Some("CisacSocietyId") => Node::text("CisacSocietyId", value),
            Some(own) if !own.is_empty() => {
                Node::text("ProprietaryId", value).with("Namespace", own)
            }
            _ => Node::text("ProprietaryId", value).with("Namespace", owner),
        };
        inner.inside("PartyId")
    };
    ids.iter().map(one).collect()
}
