//! Titles, artists, contributors and lines of a release or track in ERN 4.3.

use super::super::job::Job;
use super::super::node::Node;
use super::super::order::v43;
use super::super::parties::Parties;
use super::super::scope::{defaults, others};
use super::super::shown::{
    BILLED, NO_ARTIST, NO_TITLE, artist_names, display_titles, in_sequence, reads_like, title_text,
};
use super::super::values::{ADDITIONAL_TITLES, holds, is_year, role_of_4};
use super::{coded, language, locals, scoped};
use crate::domain::release::{Artist, Coded, Local, Pos, RightsLine, Text, Title};

/// `DisplayTitleText`, `DisplayTitle`, `AdditionalTitle`. `texts` are the label's own, where it
/// speaks 4.x.
pub(super) fn titles(job: &mut Job<'_>, titles: &[Title], texts: &[Local], at: &Pos) -> Vec<Node> {
    let clean = |job: &mut Job<'_>, title: &Title| Title {
        language: language(job, title.language.as_deref(), &title.text.at),
        ..title.clone()
    };
    let shown: Vec<Title> = display_titles(titles)
        .iter()
        .map(|title| clean(job, title))
        .collect();
    if shown.is_empty() {
        job.refuse(NO_TITLE.0, NO_TITLE.1, at);
        return Vec::new();
    }
    let mut nodes = if texts.is_empty() {
        scoped(&shown, true, |title| {
            Node::text("DisplayTitleText", title_text(title))
                .with_some("LanguageAndScriptCode", title.language.as_deref())
        })
    } else {
        locals(job, "DisplayTitleText", texts, true)
    };
    nodes.extend(scoped(&shown, true, |title| {
        title_node("DisplayTitle", title)
    }));
    let owner = job.owner();
    let mut additional: Vec<Title> = Vec::new();
    for title in titles.iter().filter(|title| !title.text.is_empty()) {
        let is_shown = shown.iter().any(|s| reads_like(s, title));
        match title.kind.as_deref() {
            Some("DisplayTitle") => {}
            _ if is_shown => {}
            None => job.lose(
                format!("ReferenceTitle “{}”", title_text(title)),
                "ERN 4.3 has the title that is shown.",
                &title.text.at,
            ),
            Some(_) => additional.push(clean(job, title)),
        }
    }
    for title in defaults(&additional).into_iter().chain(others(&additional)) {
        let kind = title.kind.as_deref().unwrap_or_default();
        let node = title_node("AdditionalTitle", title);
        let node = if holds(ADDITIONAL_TITLES, kind) {
            node.with("TitleType", kind)
        } else {
            node.with("TitleType", "UserDefined")
                .with("Namespace", owner.as_str())
                .with("UserDefinedValue", kind)
        };
        match &*title.territories {
            [only] if only != "Worldwide" => {
                nodes.push(node.with("ApplicableTerritoryCode", only));
            }
            _ => nodes.push(node.with("ApplicableTerritoryCode", "Worldwide")),
        }
    }
    nodes
}

fn title_node(name: &'static str, title: &Title) -> Node {
    let mut node = Node::new(name).with_some("LanguageAndScriptCode", title.language.as_deref());
    node.push(Node::text("TitleText", title.text.as_str()));
    node.push_text("SubTitle", title.sub.as_ref().map(Text::as_str));
    node
}

/// `DisplayArtistName`, `DisplayArtist`; contributors are what the label billed under a role that
/// ERN 4.3 does not bill.
pub(super) struct Billing {
    pub(super) nodes: Vec<Node>,
    pub(super) demoted: Vec<Artist>,
}

/// Bills artists.
pub(super) fn artists(
    job: &mut Job<'_>,
    parties: &mut Parties,
    artists: &[Artist],
    names: &[Local],
    at: &Text,
) -> Billing {
    let mut nodes = {
        let names = artist_names(names, artists, at);
        locals(job, "DisplayArtistName", &names, true)
    };
    let is_billed = |artist: &Artist| artist.roles.iter().any(|role| billed(role.as_str()));
    // Where nobody performs under a role of theirs (classical music), all are billed.
    let performs = |artist: &Artist| {
        let mut roles = artist.roles.iter();
        roles.any(|role| billed(role.as_str()) && role.as_str() != "Composer")
    };
    let nobody = !artists.iter().any(performs);
    let (shown, demoted): (Vec<&Artist>, Vec<&Artist>) = artists
        .iter()
        .partition(|artist| nobody || is_billed(artist));
    let mut number = 0;
    for artist in shown {
        let Some(reference) = parties.reference(artist) else {
            job.lose(
                "An artist without a name",
                "There is nothing to show.",
                &artist.at,
            );
            continue;
        };
        number += 1;
        let mut node = Node::new("DisplayArtist").with("SequenceNumber", number.to_string());
        node.push(Node::text("ArtistPartyReference", reference));
        let billing = billing_of(artist);
        node.push(Node::text("DisplayArtistRole", billing));
        let rest: Vec<&Coded> = artist
            .coded_roles
            .iter()
            .filter(|role| role.text.as_str() != billing)
            .collect();
        for role in rest {
            node.push(role_node(job, "ArtisticRole", role, artist));
        }
        nodes.push(node.in_order(v43::DISPLAY_ARTIST));
    }
    let is_named = nodes.iter().any(|node| node.name == "DisplayArtistName");
    if number == 0 || !is_named {
        job.refuse(NO_ARTIST.0, NO_ARTIST.1, &at.at);
    }
    Billing {
        nodes,
        demoted: demoted.into_iter().cloned().collect(),
    }
}

fn billed(role: &str) -> bool {
    BILLED.contains(&role)
}

fn billing_of(artist: &Artist) -> &'static str {
    let has = |role: &&&str| artist.roles.iter().any(|r| r.as_str() == **role);
    BILLED.iter().find(has).copied().unwrap_or("Artist")
}

/// A role as `ContributorRole` of ERN 4.3.
fn role_node(job: &mut Job<'_>, name: &'static str, role: &Coded, artist: &Artist) -> Node {
    let text = role.text.as_str();
    let owner = job.owner();
    let new = role_of_4(text);
    if text != "UserDefined" && new != Some(text) {
        let who = artist.name.as_ref().map_or("", Text::as_str);
        let why = match new {
            Some(new) => format!("ERN 4.3 has {new} for it."),
            None => {
                "ERN 4.3 has no such role; it goes out as a value of the label's own.".to_owned()
            }
        };
        job.lose(format!("Role {text} of “{who}”"), why, &role.text.at);
    }
    match new.filter(|_| text != "UserDefined") {
        Some(new) => Node::text(name, new),
        None => coded(name, role, false, &owner),
    }
}

/// `Contributor`s: one for each person.
pub(super) fn contributors(
    job: &mut Job<'_>,
    parties: &mut Parties,
    contributors: &[Artist],
) -> Vec<Node> {
    let standard = defaults(contributors);
    for other in others(contributors) {
        let is_known = standard.iter().any(|known| {
            known.name.as_ref().map(Text::as_str) == other.name.as_ref().map(Text::as_str)
        });
        if !is_known {
            tell_territory(job, other);
        }
    }
    let mut nodes = Vec::new();
    let mut number = 0;
    for person in in_sequence(&standard) {
        let Some(reference) = parties.reference(&person) else {
            job.lose(
                "A contributor without a name",
                "There is nothing to show.",
                &person.at,
            );
            continue;
        };
        number += 1;
        let mut node = Node::new("Contributor").with("SequenceNumber", number.to_string());
        node.push(Node::text("ContributorPartyReference", reference));
        for role in &person.coded_roles {
            node.push(role_node(job, "Role", role, &person));
        }
        let owner = job.owner();
        for instrument in &person.instruments {
            // The list differs from version to version.
            let known = job.message.version == "43";
            node.push(coded("InstrumentType", instrument, known, &owner));
        }
        nodes.push(node.in_order(v43::CONTRIBUTOR));
    }
    nodes
}

/// An artist or contributor of some territories alone.
pub(super) fn tell_territory(job: &mut Job<'_>, artist: &Artist) {
    let name = artist.name.as_ref().map_or("", Text::as_str);
    let what = format!("“{name}” in {}", artist.territories.join(", "));
    job.lose(
        what,
        "ERN 4.3 names artists and contributors for all territories alike; the artist line by territory goes out.",
        &artist.at,
    );
}

/// `PLine` or `CLine`.
pub(super) fn lines(job: &mut Job<'_>, name: &'static str, lines: &[RightsLine]) -> Vec<Node> {
    let (text_name, company_name) = if name == "PLine" {
        ("PLineText", "PLineCompany")
    } else {
        ("CLineText", "CLineCompany")
    };
    let mut usable = Vec::new();
    for line in lines {
        if line.text.is_none() && line.company.is_none() {
            job.lose(
                format!("A {name} without a text"),
                "ERN 4.3 needs the text.",
                &line.at,
            );
            continue;
        }
        if let Some(year) = line.year.as_ref().filter(|year| !is_year(year.as_str())) {
            job.lose(
                format!("Year “{}” of a {name}", year.as_str()),
                "It is no year of four digits.",
                &year.at,
            );
        }
        usable.push(line.clone());
    }
    let make = |line: &RightsLine| {
        let value = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
        let mut node = Node::new(name);
        let year = value(&line.year).filter(|year| is_year(year));
        node.push_text("Year", year.as_deref());
        node.push_text(company_name, value(&line.company).as_deref());
        let text = value(&line.text).or_else(|| value(&line.company));
        node.push_text(text_name, text.as_deref());
        node
    };
    let standard: Vec<Node> = defaults(&usable).into_iter().map(make).collect();
    let mut nodes = standard.clone();
    nodes.dedup();
    for other in others(&usable) {
        let node = make(other);
        if !standard.contains(&node) {
            for code in other.territories.iter() {
                nodes.push(node.clone().with("ApplicableTerritoryCode", code));
            }
        }
    }
    nodes
}
