//! `PartyList` of ERN 4.3: every person and company once. Who is one party, `identity` has decided:
//! credits of one carry the same identifiers, those without any the same name.

use super::node::Node;
use super::order::v43;
use super::values::{is_dpid, is_language};
use crate::domain::release::{Artist, Local, NameForms, PartyCode, Text};

/// The parties of a message, in the order in which they were met.
#[derive(Default)]
pub(super) struct Parties {
    keys: std::collections::BTreeMap<String, usize>,
    made: Vec<Made>,
}

struct Made {
    names: Vec<Local>,
    forms: Vec<NameForms>,
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
                forms: Vec::new(),
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
            for name in &made.names {
                let node = party_name(name, &made.forms);
                party.push(match &*name.territories {
                    [only] => node.with("ApplicableTerritoryCode", only),
                    _ => node,
                });
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
            let is_known = self.names.iter().any(|known| {
                known.text.as_str() == text && (known.language == language || language.is_none())
            });
            if !is_known && !text.is_empty() {
                self.names.push(Local {
                    language,
                    ..name.clone()
                });
            }
        }
        for forms in &artist.forms {
            if !self.forms.iter().any(|known| known.is_of(forms)) {
                self.forms.push(forms.clone());
            }
        }
        let name = artist.name.as_ref().filter(|name| !name.is_empty());
        if let Some(text) = name.filter(|_| self.names.is_empty()) {
            self.names.push(Local {
                text: text.clone(),
                ..Local::default()
            });
        }
        for id in &artist.ids {
            let is_known = self.ids.iter().any(|known| {
                known.value.as_str() == id.value.as_str()
                    && known.is_isni == id.is_isni
                    && known.namespace == id.namespace
            });
            if !is_known {
                self.ids.push(id.clone());
            }
        }
    }
}

/// `PartyName` with the other forms of that name.
pub(super) fn party_name(name: &Local, forms: &[NameForms]) -> Node {
    let language = name.language.as_deref();
    let mut node = Node::new("PartyName").with_some("LanguageAndScriptCode", language);
    node.push(Node::text("FullName", name.text.as_str()));
    let is_it = |forms: &&NameForms| {
        forms.full == name.text.as_str() && forms.language.as_deref() == language
    };
    if let Some(found) = forms.iter().find(is_it) {
        for (element, form) in NameForms::ELEMENTS.into_iter().zip(&found.forms) {
            node.push_text(element, form.as_ref().map(Text::as_str));
        }
    }
    node.in_order(v43::PARTY_NAME)
}

/// Which element of `PartyId` an identifier is, with its namespace.
pub(super) fn spelled<'a>(id: &'a PartyCode, owner: &'a str) -> (&'static str, Option<&'a str>) {
    let value = id.value.as_str();
    let digits = value.len() == 11 && value.bytes().all(|b| b.is_ascii_digit());
    match id.namespace.as_deref() {
        _ if id.is_isni => ("ISNI", None),
        None | Some("DPID") if is_dpid(value) => ("DPID", None),
        Some("IPI") if digits => ("IpiNameNumber", None),
        Some("IPN") => ("IPN", None),
        Some("CisacSocietyId") => ("CisacSocietyId", None),
        Some(own) if !own.is_empty() => ("ProprietaryId", Some(own)),
        _ => ("ProprietaryId", Some(owner)),
    }
}

/// One `PartyId` for each identifier: an element holds at most one of a kind.
pub(super) fn party_id(ids: &[PartyCode], owner: &str) -> Vec<Node> {
    let one = |id: &PartyCode| {
        let (kind, namespace) = spelled(id, owner);
        Node::text(kind, id.value.as_str())
            .with_some("Namespace", namespace)
            .inside("PartyId")
    };
    ids.iter().map(one).collect()
}
