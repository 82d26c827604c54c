//! Our tables of the order of elements against the official schemas' own words.

use super::{samples, written};
use crate::kit::shared;
use dropzone::domain::ern::write::{Target, orders};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// An element with its attributes and children, names without prefixes.
#[derive(Clone, Debug, Default)]
struct Tree {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Tree>,
}

impl Tree {
    fn parse(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => open.push(Self::of(&start)),
                Event::Empty(start) => open.last_mut().unwrap().children.push(Self::of(&start)),
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Event::Eof => break,
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
        open.pop().unwrap().children.pop().unwrap()
    }

    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(Result::unwrap).map(|a| {
            let name = a.key.local_name().as_ref().to_owned();
            (name, a.value.into_owned())
        });
        Self {
            name: start.local_name().as_ref().to_owned(),
            attributes: attributes.collect(),
            children: Vec::new(),
        }
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn bare(name: &str) -> &str {
    name.rsplit(':').next().unwrap()
}

/// A schema: its named types, and its elements, which are the messages.
struct Schema {
    types: BTreeMap<String, Tree>,
    elements: BTreeMap<String, Tree>,
}

impl Schema {
    fn of(target: Target) -> Option<Self> {
        let set = match target {
            Target::V43 => "ern-43",
            Target::V382 => "ern-382",
        };
        let path = shared()?
            .join("schemas")
            .join(set)
            .join("release-notification.xsd");
        let root = Tree::parse(&fs::read_to_string(path).unwrap());
        let named = |kind: &str| -> BTreeMap<String, Tree> {
            let all = root.children.iter().filter(|child| child.name == kind);
            all.map(|child| (child.attribute("name").to_owned(), child.clone()))
                .collect()
        };
        Some(Self {
            types: named("complexType"),
            elements: named("element"),
        })
    }

    /// The element declarations of a type in the order of its sequences and choices, those of the
    /// type that it extends first. One that stands in two branches of a choice is there twice.
    fn declarations<'s>(&'s self, of: &'s Tree, into: &mut Vec<&'s Tree>) {
        for child in &of.children {
            match child.name.as_str() {
                "element" => into.push(child),
                "extension" => {
                    if let Some(base) = self.types.get(bare(child.attribute("base"))) {
                        self.declarations(base, into);
                    }
                    self.declarations(child, into);
                }
                "complexType" | "complexContent" | "sequence" | "choice" => {
                    self.declarations(child, into);
                }
                // A restriction would restate its base; groups and wildcards we do not follow.
                other @ ("restriction" | "group" | "any" | "all") => {
                    panic!("{other} in {:?}", of.attribute("name"));
                }
                _ => {}
            }
        }
    }

    fn names(&self, kind: &str) -> Option<Vec<&str>> {
        let of = self.types.get(kind).or_else(|| self.elements.get(kind))?;
        let mut found = Vec::new();
        self.declarations(of, &mut found);
        Some(found.into_iter().map(|d| d.attribute("name")).collect())
    }

    /// Types of an element of a message and all below, which have children of several names.
    fn used(&self, kind: &str, element: &Tree, into: &mut BTreeSet<String>) {
        let names: BTreeSet<&str> = element.children.iter().map(|c| c.name.as_str()).collect();
        if names.len() > 1 {
            into.insert(kind.to_owned());
        }
        let of = self.types.get(kind).or_else(|| self.elements.get(kind));
        let Some(of) = of else { return };
        let mut declared = Vec::new();
        self.declarations(of, &mut declared);
        for child in &element.children {
            let own = declared.iter().find(|d| d.attribute("name") == child.name);
            let own = own.unwrap_or_else(|| panic!("{} in {kind}", child.name));
            self.used(bare(own.attribute("type")), child, into);
        }
    }
}

#[test]
fn the_order_of_elements_is_the_one_of_the_official_schemas() {
    for target in [Target::V43, Target::V382] {
        let Some(schema) = Schema::of(target) else {
            return;
        };
        for table in orders(target) {
            let kind = table.kind;
            let ours: Vec<&str> = table.names.split_ascii_whitespace().collect();
            let theirs = schema.names(kind);
            let theirs = theirs.unwrap_or_else(|| panic!("{target:?} has no type {kind}"));
            let set = |names: &[&str]| -> BTreeSet<String> {
                names.iter().map(|name| (*name).to_owned()).collect()
            };
            assert_eq!(set(&ours), set(&theirs), "{target:?} {kind}: other names");
            assert_eq!(ours.len(), set(&ours).len(), "{target:?} {kind}: twice");
            // Where a name stands twice, either place is right.
            let mut rest = theirs.iter();
            let is_in_order = ours.iter().all(|name| rest.any(|other| other == name));
            assert!(is_in_order, "{target:?} {kind}: {ours:?}\nnot {theirs:?}");
        }
    }
}

/// Lists, and types of two or three elements, that are written in their order where they are made;
/// the check of every sample by the schema holds these.
const BY_HAND: &[&str] = &[
    "AdditionalTitle",
    "CLine",
    "CLineWithDefault",
    "Condition",
    "DSP",
    "DealList",
    "DetailedHashSum",
    "DisplayTitle",
    "Genre",
    "GenreWithTerritory",
    "HashSum",
    "MessagingParty",
    "PLine",
    "PLineWithDefault",
    "PartyName",
    "Period",
    "PeriodWithStartDate",
    "ReferenceTitle",
    "ReleaseDeal",
    "ReleaseList",
    "ResourceList",
    "RightsClaimPolicy",
    "Timing",
    "Title",
];

#[test]
fn every_type_that_we_write_has_a_table() {
    let Some(shared) = shared() else { return };
    for target in [Target::V43, Target::V382] {
        let Some(schema) = Schema::of(target) else {
            return;
        };
        let mut used = BTreeSet::new();
        for (_, bytes) in samples(&shared) {
            let message = super::read(&bytes).message.unwrap();
            if let Ok(written) = written(&message, target) {
                let tree = Tree::parse(&String::from_utf8(written.xml).unwrap());
                schema.used(&tree.name, &tree, &mut used);
            }
        }
        assert!(used.len() > 20, "{used:?}");
        let tables: BTreeSet<String> = orders(target).iter().map(|o| o.kind.to_owned()).collect();
        let by_hand = |kind: &&String| BY_HAND.contains(&kind.as_str());
        let without: Vec<&String> = used.difference(&tables).filter(|k| !by_hand(k)).collect();
        assert!(without.is_empty(), "{target:?}: no table for {without:?}");
    }
}
