//! Parts that the readers of all versions share.

use super::tree::{Element, Tree};
use crate::domain::release::{
    Coded, Genre, Local, NameForms, NamedFile, PartyCode, ProprietaryId, StatedHash, Territories,
    Text, Unread,
};
use std::collections::BTreeMap;

/// An element's text with the territories that it holds in; `None` when it is empty.
pub(super) fn local(element: Element<'_, '_>, territories: &Territories) -> Option<Local> {
    let text = element.text();
    (!text.is_empty()).then(|| Local {
        text,
        territories: territories.clone(),
        language: attribute(element, "LanguageAndScriptCode"),
    })
}

/// A value of a list, with what makes it the sender's own; `None` when it is empty.
pub(super) fn coded(element: Element<'_, '_>) -> Option<Coded> {
    let text = element.text();
    (!text.is_empty()).then(|| Coded {
        text,
        namespace: attribute(element, "Namespace"),
        user_defined: attribute(element, "UserDefinedValue"),
    })
}

/// An identifier of somebody's own; `None` when it is empty.
pub(super) fn proprietary(element: Element<'_, '_>) -> Option<ProprietaryId> {
    let value = element.text();
    (!value.is_empty()).then(|| ProprietaryId {
        value,
        namespace: attribute(element, "Namespace"),
    })
}

/// A `Genre`; some tools write the text straight into it.
pub(super) fn genre(element: Element<'_, '_>, territories: &Territories) -> Option<Genre> {
    let plain = Some(element.text()).filter(|t| !t.is_empty());
    let text = element.child_text("GenreText").or(plain)?;
    Some(Genre {
        text,
        sub: element.child_text("SubGenre"),
        territories: territories.clone(),
        language: attribute(element, "LanguageAndScriptCode"),
    })
}

/// Forms of a name beside the full one, of a `PartyName`; `None` when there are none.
pub(super) fn name_forms(element: Element<'_, '_>) -> Option<NameForms> {
    let full = element.child("FullName")?;
    let forms = NameForms::ELEMENTS.map(|name| element.child_text(name));
    let language = |element| attribute(element, "LanguageAndScriptCode");
    forms.iter().any(Option::is_some).then(|| NameForms {
        full: full.raw().trim().to_owned(),
        language: language(element).or_else(|| language(full)),
        forms,
    })
}

/// A `PartyId`: in 3.x the identifier itself, in 4.x one element for each kind.
pub(super) fn party_codes(element: Element<'_, '_>) -> Vec<PartyCode> {
    let mut codes = Vec::new();
    for child in element.children() {
        let own = attribute(child, "Namespace");
        let kind = child.name();
        codes.push(PartyCode {
            value: child.text(),
            is_isni: kind == "ISNI",
            namespace: match kind {
                "ISNI" => None,
                "IpiNameNumber" => Some("IPI".to_owned()),
                "ProprietaryId" => own,
                _ => Some(kind.to_owned()),
            },
        });
    }
    if codes.is_empty() && !element.raw().is_empty() {
        let is_isni = element.attribute("IsISNI");
        // A DPID says itself that it is one.
        element.pass_over(&["IsDPID"]);
        codes.push(PartyCode {
            value: element.text(),
            is_isni: is_isni.is_some_and(|flag| matches!(flag.as_str(), "true" | "1")),
            namespace: attribute(element, "Namespace"),
        });
    }
    codes
}

/// `HashSum` of either version.
pub(super) fn hash(element: Element<'_, '_>) -> Option<StatedHash> {
    let value = ["HashSum", "HashSumValue"]
        .iter()
        .find_map(|name| element.child_text(name))?;
    let algorithm = ["HashSumAlgorithmType", "Algorithm"]
        .iter()
        .find_map(|name| element.child_text(name));
    Some(StatedHash {
        value,
        algorithm: algorithm.unwrap_or_default(),
    })
}

/// `File` of ERN 4: the address of the file, relative to the message.
pub(super) fn file(element: Element<'_, '_>) -> NamedFile {
    let name = ["URI", "FileName", "URL"]
        .iter()
        .find_map(|name| element.child(name).filter(|c| !c.raw().is_empty()));
    NamedFile {
        // A `File` that names nothing is kept: the rules say that it does.
        name: name.unwrap_or(element).text(),
        path: element.child_text("FilePath"),
        hash: element.child("HashSum").and_then(hash),
        size: element.child_text("FileSize"),
        at: element.at(),
    }
}

/// The value of an attribute.
pub(super) fn attribute(element: Element<'_, '_>, name: &str) -> Option<String> {
    element.attribute(name).map(|text| text.value)
}

/// Fills what is still empty.
pub(super) fn fill(slot: &mut Option<Text>, value: Option<Text>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// Parts of a message whose content is our own in every message that we make, or says nothing to a
/// store: header, technical values (which we measure), and marks for the sender's own use.
const OURS: [&str; 9] = [
    "/MessageHeader",
    "/Technical",
    "/Fingerprint",
    "/ReleaseAdmin",
    "/@schemaLocation",
    "/@IsUpdated",
    "/@IsEan",
    "/UpdateIndicator",
    "/@AvsVersionId",
];

/// Groups that are told apart; a message with more says enough with these.
const MOST: usize = 200;

/// Everything that no reader asked for.
pub(super) fn unread(tree: &Tree<'_>) -> Vec<Unread> {
    let mut found: Vec<Unread> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |kind: String, first: &dyn Fn() -> Text| {
        if OURS.iter().any(|ours| kind.contains(ours)) {
            return;
        }
        if let Some(group) = known.get(&kind).and_then(|at| found.get_mut(*at)) {
            group.count += 1;
        } else if found.len() < MOST {
            known.insert(kind.clone(), found.len());
            found.push(Unread {
                kind,
                first: first(),
                count: 1,
            });
        }
    };
    for element in tree.elements() {
        if let Some(kind) = element.unread_kind() {
            add(kind, &|| element.text());
        }
        for attribute in element.attributes().iter().filter(|a| !a.is_read.get()) {
            if attribute.value.trim().is_empty() || is_default(attribute.name, &attribute.value) {
                continue;
            }
            let kind = format!("{}/@{}", element.kind(), attribute.name);
            add(kind, &|| {
                element.attribute(attribute.name).unwrap_or_default()
            });
        }
    }
    found
}

/// Attributes that say what holds without them.
fn is_default(name: &str, value: &str) -> bool {
    name.starts_with("Is") && matches!(value, "false" | "0")
}
