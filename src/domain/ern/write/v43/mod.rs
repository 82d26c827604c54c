//! ERN 4.3, release profile Audio.

mod billing;
mod deals;
mod releases;
mod resources;
mod sheets;
mod untold;

pub(super) use deals::{gratification, places, policy};

use super::job::Job;
use super::node::Node;
use super::order::v43;
use super::parties::Parties;
use super::scope::{Scoped, defaults, others};
use super::values::is_language;
use super::{Takedown, header};
use crate::domain::release::{Coded, Local, Message, Text};

/// The namespace.
pub(super) const NAMESPACE: &str = "http://ddex.net/xml/ern/43";

/// Edition of the allowed values, as the schema's own header names it.
const AVS: &str = "3";

/// The whole message. What cannot be written is in the job's refusals.
pub(super) fn write(job: &mut Job<'_>, how: Option<Takedown>) -> Node {
    let mut parties = Parties::default();
    let groups = super::terms::groups(job, how);
    let shown = deals::visibilities(job, &groups);
    let resources = resources::list(job, &mut parties);
    let releases = releases::list(job, &mut parties, &shown);
    let language = job.message.language.as_ref();
    let language = language.map_or("en", |language| language.as_str());
    let mut root = with_version(Node::new("NewReleaseMessage"), language)
        .with("ReleaseProfileVersionId", "Audio");
    if let Some(variant) = variant(job.message) {
        root = root.with("ReleaseProfileVariantVersionId", variant);
    }
    root.push(header::header(job.out));
    root.push(resources);
    root.push(releases);
    root.extend(deals::list(job, &mut parties, &groups, &shown));
    root.push(parties.list(&job.owner()));
    root.in_order(v43::NEW_RELEASE_MESSAGE)
}

/// The variant of the profile: the label's, or what 3.8.2 has as a profile of its own.
fn variant(message: &Message) -> Option<&'static str> {
    const VARIANTS: [&str; 3] = ["BoxedSet Classical", "BoxedSet", "Classical"];
    let stated = [&message.profile_variant, &message.release_profile];
    let stated = stated.into_iter().flatten().map(Text::as_str);
    let mut found = stated.filter_map(|text| VARIANTS.into_iter().find(|v| text.contains(v)));
    found.next()
}

/// The attributes that every message of the version has.
pub(super) fn with_version(root: Node, language: &str) -> Node {
    let language = if is_language(language) {
        language
    } else {
        "en"
    };
    root.with("AvsVersionId", AVS)
        .with("LanguageAndScriptCode", language)
}

/// Elements for values by territory: the default with `Worldwide`, then one for each territory where
/// another value holds. `flag` is `IsDefault` where the type has it.
fn scoped<T: Scoped>(values: &[T], flag: bool, make: impl Fn(&T) -> Node) -> Vec<Node> {
    let mut nodes = Vec::new();
    let standard: Vec<Node> = defaults(values).into_iter().map(&make).collect();
    for (index, node) in standard.iter().enumerate() {
        let node = node.clone().with("ApplicableTerritoryCode", "Worldwide");
        nodes.push(if flag && index == 0 {
            node.with("IsDefault", "true")
        } else {
            node
        });
    }
    for other in others(values) {
        let node = make(other);
        // A value that is the default's needs no place of its own.
        if standard.contains(&node) {
            continue;
        }
        for code in other.territories() {
            nodes.push(node.clone().with("ApplicableTerritoryCode", code));
        }
    }
    nodes
}

/// Texts by territory.
fn locals(job: &mut Job<'_>, name: &'static str, values: &[Local], flag: bool) -> Vec<Node> {
    let usable: Vec<Local> = values.iter().map(|value| checked(job, value)).collect();
    scoped(&usable, flag, |value| {
        Node::text(name, value.text.as_str())
            .with_some("LanguageAndScriptCode", value.language.as_deref())
    })
}

/// A value without a language that the schema refuses.
fn checked(job: &mut Job<'_>, value: &Local) -> Local {
    Local {
        language: language(job, value.language.as_deref(), &value.text.at),
        ..value.clone()
    }
}

fn language(
    job: &mut Job<'_>,
    language: Option<&str>,
    at: &crate::domain::release::Pos,
) -> Option<String> {
    let language = language?;
    if is_language(language) {
        return Some(language.to_owned());
    }
    job.lose(
        format!("Language “{language}”"),
        "It is no language code as ERN 4.3 writes it, such as en or ja-Latn.",
        at,
    );
    None
}

/// A value of a list: as it is when the list has it, else as the sender's own.
fn coded(name: &'static str, value: &Coded, is_known: bool, owner: &str) -> Node {
    let text = value.text.as_str();
    let namespace = value.namespace.as_deref().unwrap_or(owner);
    match &value.user_defined {
        Some(own) if text == "UserDefined" => Node::text(name, text)
            .with("Namespace", namespace)
            .with("UserDefinedValue", own),
        _ if is_known && text != "UserDefined" => Node::text(name, text),
        _ => Node::text(name, "UserDefined")
            .with("Namespace", namespace)
            .with("UserDefinedValue", text),
    }
}
