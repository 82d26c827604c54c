//! Who is who: which artists, contributors and rights controllers of a message are one party.
//!
//! The rule, applied once and before anything is written: credits with a common identifier (same
//! kind, same value) are one party, also by way of a third credit that shares one with each; a
//! credit without an identifier is the first party of its name. Every credit then carries all
//! identifiers of its party. ERN 4.3 has names with the party, so there it carries all names as well
//! and is shown under the first; ERN 3.8.2 keeps each credit's own.

use super::parties::spelled;
use super::{Outgoing, Target};
use crate::domain::release::{Artist, Local, Message, NameForms, PartyCode, Pos, Text};
use std::collections::{BTreeMap, BTreeSet};

/// A credit that goes out under another name of its party.
pub(super) struct Renamed {
    pub(super) own: String,
    pub(super) shown: String,
    pub(super) at: Pos,
}

/// A party: what all its credits say together.
#[derive(Default)]
struct Party {
    name: Option<Text>,
    names: Vec<Local>,
    forms: Vec<NameForms>,
    ids: Vec<PartyCode>,
    known: BTreeSet<Key>,
}

/// Kind, namespace and value of an identifier, as it would be written.
type Key = (&'static str, String, String);

/// The message with every credit carrying what its party carries.
pub(super) fn resolved(message: &Message, out: &Outgoing, owner: &str) -> (Message, Vec<Renamed>) {
    let mut message = message.clone();
    let of = parties_of(&mut message, owner);
    let mut parties: BTreeMap<usize, Party> = BTreeMap::new();
    let mut credits = of.iter();
    each(&mut message, &mut |artist| {
        if let Some(Some(party)) = credits.next() {
            parties.entry(*party).or_default().take(artist, owner);
        }
    });
    let mut renamed = Vec::new();
    let mut credits = of.iter();
    each(&mut message, &mut |artist| {
        let party = credits.next().copied().flatten();
        let Some(party) = party.and_then(|party| parties.get(&party)) else {
            return;
        };
        artist.ids.clone_from(&party.ids);
        if out.target == Target::V43 {
            renamed.extend(party.rename(artist));
        }
    });
    (message, renamed)
}

/// Every credit, in the order of the message.
fn each(message: &mut Message, to: &mut dyn FnMut(&mut Artist)) {
    for recording in &mut message.recordings {
        recording.artists.iter_mut().for_each(&mut *to);
        recording.contributors.iter_mut().for_each(&mut *to);
        let controllers = recording.more.controllers.iter_mut();
        controllers.for_each(|controller| to(&mut controller.party));
    }
    for release in &mut message.releases {
        release.artists.iter_mut().for_each(&mut *to);
    }
}

/// The party of each credit, as a number; `None` for one with neither name nor identifier.
fn parties_of(message: &mut Message, owner: &str) -> Vec<Option<usize>> {
    let mut sets = Sets::default();
    let mut by_id: BTreeMap<Key, usize> = BTreeMap::new();
    let mut credits: Vec<(String, Option<usize>)> = Vec::new();
    each(message, &mut |artist| {
        let mut own: Option<usize> = None;
        for id in &artist.ids {
            let set = *by_id
                .entry(key(id, owner))
                .or_insert_with(|| own.unwrap_or_else(|| sets.add()));
            own = Some(own.map_or(set, |own| sets.join(own, set)));
        }
        credits.push((name_of(artist).to_owned(), own));
    });
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for (name, set) in &credits {
        if let Some(set) = set.filter(|_| !name.is_empty()) {
            by_name.entry(name.clone()).or_insert(set);
        }
    }
    let party = |(name, set): (String, Option<usize>)| {
        let by_name = || {
            let is_named = !name.is_empty();
            is_named.then(|| *by_name.entry(name.clone()).or_insert_with(|| sets.add()))
        };
        let set = set.or_else(by_name)?;
        Some(sets.root(set))
    };
    credits.into_iter().map(party).collect()
}

fn name_of(artist: &Artist) -> &str {
    artist.name.as_ref().map_or("", Text::as_str).trim()
}

fn key(id: &PartyCode, owner: &str) -> Key {
    let (kind, namespace) = spelled(id, owner);
    let value = id.value.as_str();
    let value = if kind == "ISNI" {
        // People write it in groups of four.
        value.chars().filter(char::is_ascii_alphanumeric).collect()
    } else {
        value.to_owned()
    };
    (kind, namespace.unwrap_or_default().to_owned(), value)
}

impl Party {
    fn take(&mut self, artist: &Artist, owner: &str) {
        if self.name.is_none() && !name_of(artist).is_empty() {
            self.name.clone_from(&artist.name);
        }
        for id in &artist.ids {
            if self.known.insert(key(id, owner)) {
                self.ids.push(id.clone());
            }
        }
        let bare = artist.name.as_ref().filter(|_| artist.names.is_empty());
        let bare = bare.map(|name| Local {
            text: name.clone(),
            ..Local::default()
        });
        for name in artist.names.iter().chain(&bare) {
            let is_known = self.names.iter().any(|known| {
                known.text.as_str() == name.text.as_str()
                    && (known.language == name.language || name.language.is_none())
            });
            if !is_known && !name.text.is_empty() {
                self.names.push(name.clone());
            }
        }
        for forms in &artist.forms {
            let is_known = self.forms.iter().any(|known| known.is_of(forms));
            if !is_known {
                self.forms.push(forms.clone());
            }
        }
    }

    /// Gives a credit the party's names.
    fn rename(&self, artist: &mut Artist) -> Option<Renamed> {
        let own = name_of(artist).to_owned();
        let at = artist.at.clone();
        artist.name.clone_from(&self.name);
        artist.names.clone_from(&self.names);
        artist.forms.clone_from(&self.forms);
        let shown = name_of(artist).to_owned();
        (!own.is_empty() && own != shown).then_some(Renamed { own, shown, at })
    }
}

/// Sets that can be joined, each known by its smallest number.
#[derive(Default)]
struct Sets(Vec<usize>);

impl Sets {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    fn root(&mut self, of: usize) -> usize {
        let mut root = of;
        while let Some(above) = self.0.get(root).copied().filter(|above| *above != root) {
            // Shortens the way for who comes next.
            let further = self.0.get(above).copied().unwrap_or(above);
            if let Some(slot) = self.0.get_mut(root) {
                *slot = further;
            }
            root = above;
        }
        root
    }

    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        let (low, high) = (one.min(other), one.max(other));
        if let Some(slot) = self.0.get_mut(high) {
            *slot = low;
        }
        low
    }
}
