//! ERN 3.8.2, profile `CommonReleaseTypes/14`.

mod deals;
mod people;
mod releases;
mod resources;
mod sheets;

use super::job::Job;
use super::node::Node;
use super::order::v382;
use super::scope::{self, Scoped};
use super::shown::NO_TITLE;
use super::shown::{display_titles, title_text};
use super::{Takedown, header};
use crate::domain::release::{Coded, Local, RightsLine, Text, Title};
use std::collections::BTreeSet;

/// The namespace.
pub(super) const NAMESPACE: &str = "http://ddex.net/xml/ern/382";

/// The whole message. What cannot be written is in the job's refusals.
pub(super) fn write(job: &mut Job<'_>, how: Option<Takedown>) -> Node {
    let groups = super::terms::groups(job, how);
    let language = job.message.language.as_ref().map_or("en", Text::as_str);
    let mut root = with_version(Node::new("NewReleaseMessage"), language)
        .with("ReleaseProfileVersionId", profile(job));
    root.push(header::header(job.out));
    root.push(resources::list(job));
    root.push(releases::list(job));
    root.extend(deals::list(job, &groups));
    root.in_order(v382::NEW_RELEASE_MESSAGE)
}

/// The label's profile where it is one of 3.x, else by the number of tracks.
fn profile(job: &Job<'_>) -> String {
    let stated = job.message.release_profile.as_ref().map(Text::as_str);
    if let Some(stated) = stated.filter(|p| p.starts_with("CommonReleaseTypes/")) {
        return stated.to_owned();
    }
    let variant = job.message.profile_variant.as_ref().map(Text::as_str);
    let is_classical = variant.is_some_and(|variant| variant.contains("Classical"));
    let profile = match (is_classical, job.tracks.len()) {
        (true, _) => "DigitalClassicalAudioAlbum",
        (false, 1) => "AudioSingle",
        (false, _) => "AudioAlbum",
    };
    format!("CommonReleaseTypes/14/{profile}")
}

/// The attributes that every message of the version has.
pub(super) fn with_version(root: Node, language: &str) -> Node {
    root.with("MessageSchemaVersionId", "ern/382")
        .with("LanguageAndScriptCode", language)
}

/// `…DetailsByTerritory`: one for the default, and one for each set of territories in which something
/// else holds. `make` gives what stands in the details of a territory (`None`: by default).
fn details(
    name: &'static str,
    codes: &BTreeSet<&str>,
    mut make: impl FnMut(Option<&str>) -> Vec<Node>,
) -> Vec<(Node, Vec<Node>)> {
    let standard = make(None);
    let mut blocks: Vec<(Vec<&str>, Vec<Node>)> = Vec::new();
    for code in codes {
        let nodes = make(Some(code));
        if nodes == standard {
            continue;
        }
        match blocks.iter_mut().find(|(_, known)| *known == nodes) {
            Some((codes, _)) => codes.push(code),
            None => blocks.push((vec![code], nodes)),
        }
    }
    let mut first = Node::new(name);
    if blocks.is_empty() {
        first.push(Node::text("TerritoryCode", "Worldwide"));
    }
    for code in blocks.iter().flat_map(|(codes, _)| codes) {
        first.push(Node::text("ExcludedTerritoryCode", *code));
    }
    let mut made = vec![(first, standard)];
    for (codes, nodes) in blocks {
        let mut block = Node::new(name);
        block.extend(
            codes
                .into_iter()
                .map(|code| Node::text("TerritoryCode", code)),
        );
        made.push((block, nodes));
    }
    made
}

/// Texts that hold in a territory.
fn locals(name: &'static str, values: &[Local], code: Option<&str>) -> Vec<Node> {
    let node = |value: &&Local| {
        Node::text(name, value.text.as_str())
            .with_some("LanguageAndScriptCode", value.language.as_deref())
    };
    scope::within(values, code).iter().map(node).collect()
}

/// The one text that 3.8.2 has room for; the others are lost.
fn single(
    job: &mut Job<'_>,
    name: &'static str,
    values: &[Local],
    code: Option<&str>,
) -> Option<Node> {
    let nodes = locals(name, values, code);
    let lost = scope::within(values, code).into_iter().skip(1);
    for value in lost {
        job.lose(
            format!("{name} “{}”", value.text.as_str()),
            "ERN 3.8.2 has one for a territory.",
            &value.text.at,
        );
    }
    nodes.into_iter().next()
}

/// A value of a list: as it is when the list has it, else as the sender's own.
fn coded(name: &'static str, value: &Coded, is_known: bool, owner: &str) -> Node {
    let text = value.text.as_str();
    if is_known && text != "UserDefined" {
        return Node::text(name, text);
    }
    let own = value.user_defined.as_deref().unwrap_or(text);
    Node::text(name, "UserDefined")
        .with("Namespace", value.namespace.as_deref().unwrap_or(owner))
        .with("UserDefinedValue", own)
}

/// `TitleType`s of 3.8.2.
const TITLE_TYPES: &str = "\
    AbbreviatedDisplayTitle AlternativeTitle DisplayTitle FirstLineOfText FormalTitle \
    GroupingTitle IncorrectTitle MisspelledTitle MusicalWorkTitle OriginalTitle SearchTitle \
    SortingTitle TitleAsPart TitleWithoutPunctuation TranslatedTitle Unknown UserDefined";

/// `ReferenceTitle`.
fn reference_title(
    job: &mut Job<'_>,
    titles: &[Title],
    at: &crate::domain::release::Pos,
) -> Option<Node> {
    let stated = titles
        .iter()
        .find(|title| title.kind.is_none() && !title.text.is_empty());
    let shown = display_titles(titles);
    let Some(title) = stated.or(shown.first()) else {
        job.refuse(NO_TITLE.0, NO_TITLE.1, at);
        return None;
    };
    Some(title_node("ReferenceTitle", title))
}

fn title_node(name: &'static str, title: &Title) -> Node {
    let mut node = Node::new(name).with_some("LanguageAndScriptCode", title.language.as_deref());
    node.push(Node::text("TitleText", title.text.as_str()));
    node.push_text("SubTitle", title.sub.as_ref().map(Text::as_str));
    node
}

/// `Title`s that hold in a territory; a display title and a formal one are always there.
fn titles(job: &mut Job<'_>, all: &[Title], code: Option<&str>) -> Vec<Node> {
    let shown = display_titles(all);
    let shown: Vec<Title> = scope::within(&shown, code).into_iter().cloned().collect();
    let mut nodes = Vec::new();
    let of_kind = |kind: &str| -> Vec<Title> {
        let kinds: Vec<Title> = all
            .iter()
            .filter(|t| t.kind.as_deref() == Some(kind) && !t.text.is_empty())
            .cloned()
            .collect();
        scope::within(&kinds, code).into_iter().cloned().collect()
    };
    let formal = of_kind("FormalTitle");
    let formal = if formal.is_empty() {
        shown.clone()
    } else {
        formal
    };
    for title in &formal {
        nodes.push(title_node("Title", title).with("TitleType", "FormalTitle"));
    }
    for title in &shown {
        nodes.push(title_node("Title", title).with("TitleType", "DisplayTitle"));
    }
    let kinds: BTreeSet<&str> = all
        .iter()
        .filter_map(|title| title.kind.as_deref())
        .filter(|kind| !matches!(*kind, "FormalTitle" | "DisplayTitle"))
        .collect();
    for kind in kinds {
        for title in of_kind(kind) {
            let known = super::values::holds(TITLE_TYPES, kind);
            if !known {
                job.lose(
                    format!("TitleType {kind}"),
                    "ERN 3.8.2 has no such title; it goes out as AlternativeTitle.",
                    &title.text.at,
                );
            }
            let kind = if known { kind } else { "AlternativeTitle" };
            nodes.push(title_node("Title", &title).with("TitleType", kind));
        }
    }
    nodes
}

/// `DisplayTitleText`s that read otherwise than title and sub-title together.
fn tell_title_texts(job: &mut Job<'_>, texts: &[Local], all: &[Title]) {
    let shown = display_titles(all);
    for text in texts {
        let value = text.text.as_str();
        let is_said = shown
            .iter()
            .any(|title| title_text(title) == value || title.text.as_str() == value);
        if !is_said {
            job.lose(
                format!("DisplayTitleText “{value}”"),
                "ERN 3.8.2 has title and sub-title.",
                &text.text.at,
            );
        }
    }
}

/// `PLine` or `CLine`s that hold in a territory.
fn lines(
    job: &mut Job<'_>,
    name: &'static str,
    all: &[RightsLine],
    code: Option<&str>,
) -> Vec<Node> {
    let (text_name, company_name) = if name == "PLine" {
        ("PLineText", "PLineCompany")
    } else {
        ("CLineText", "CLineCompany")
    };
    let mut nodes: Vec<Node> = Vec::new();
    for line in scope::within(all, code) {
        let Some(text) = line.text.as_ref().or(line.company.as_ref()) else {
            job.lose(
                format!("A {name} without a text"),
                "ERN 3.8.2 needs the text.",
                &line.at,
            );
            continue;
        };
        let mut node = Node::new(name);
        let year = line.year.as_ref().map(Text::as_str);
        if let (Some(wrong), Some(at)) = (year.filter(|y| !super::values::is_year(y)), &line.year) {
            job.lose(
                format!("Year “{wrong}” of a {name}"),
                "It is no year of four digits.",
                &at.at,
            );
        }
        node.push_text("Year", year.filter(|year| super::values::is_year(year)));
        node.push_text(company_name, line.company.as_ref().map(Text::as_str));
        node.push(Node::text(text_name, text.as_str()));
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    nodes
}

/// Territories in which one of the values differs.
fn codes_of<'v, T: Scoped>(values: &'v [T], into: &mut BTreeSet<&'v str>) {
    scope::codes(values, into);
}
