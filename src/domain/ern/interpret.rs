//! Tree → message: what it is, which version, how it departs, what is deprecated. The content is
//! read by the version's own reader.

use super::normalise::Plan;
use super::tree::{Element, Tree};
use super::{Version, parts, v382, version_by_namespace, version_by_number, words};
use crate::domain::release::{
    Dialect, DialectUse, Message, MessageKind, Pos, ReadFault, ReadFaultKind, Reading,
};
use crate::domain::repair::Edit;

/// What packages have to be, in words.
const TAKEN: &str = "ERN 3.8.2";
const TAKEN_ROOT: &str = "<ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\" \
     MessageSchemaVersionId=\"ern/382\" LanguageAndScriptCode=\"en\">";

/// From tree to message: kind, version, content. Says how the text has to be rewritten.
pub(super) fn interpret(reading: &mut Reading, tree: &Tree<'_>, root: Element<'_, '_>) -> Plan {
    let kind = match root.name() {
        "NewReleaseMessage" => MessageKind::NewRelease,
        "CatalogListMessage" => MessageKind::CatalogList,
        "PurgeReleaseMessage" => MessageKind::Purge,
        _ => MessageKind::Other,
    };
    if kind != MessageKind::NewRelease {
        reading.faults.push(wrong_root(kind, root));
    }
    if kind == MessageKind::Other {
        return Plan::default();
    }
    let mut message = Message {
        kind,
        namespace: root.namespace().to_owned(),
        schema_version_id: root.attribute("MessageSchemaVersionId"),
        release_profile: root.attribute("ReleaseProfileVersionId"),
        language: root.attribute("LanguageAndScriptCode"),
        at: root.at(),
        ..Message::default()
    };
    let version = version_by_namespace(root.namespace());
    message.version = version.map_or_else(String::new, |v| v.number.to_owned());
    reading
        .faults
        .extend(version_faults(&message, version, root));
    let plan = plan(&message, tree, root);
    if plan.is_rewritten && !plan.is_undeclared {
        message
            .dialect
            .push(namespace_dialect(&message, tree, root));
    }
    // Without a namespace the sender still says which version it meant.
    let meant = version.or_else(|| version_by_number(&stated_number(&message)));
    match meant.and_then(|v| v.reader) {
        Some(reader) => reader(&mut message, root),
        None => v382::read_header(&mut message, root),
    }
    message.unread = parts::unread(tree);
    reading.faults.extend(deprecated(tree));
    reading.message = Some(message);
    plan
}

fn wrong_root(kind: MessageKind, root: Element<'_, '_>) -> ReadFault {
    let name = words::quote(root.name());
    let fix = match kind {
        MessageKind::Purge => {
            "To take a release down, send a NewReleaseMessage whose deals have ended.".to_owned()
        }
        MessageKind::NewRelease | MessageKind::CatalogList | MessageKind::Other => {
            format!("The file has to begin with {TAKEN_ROOT}.")
        }
    };
    ReadFault {
        kind: ReadFaultKind::WrongRoot,
        message: format!("This is a `{name}`; we need a `NewReleaseMessage`."),
        fix: Some(fix),
        at: root.at(),
    }
}

/// The digits at the end of `MessageSchemaVersionId`: `ern/382` → `382`.
fn stated_number(message: &Message) -> String {
    let stated = message.schema_version_id.as_ref();
    let last = stated.and_then(|id| id.as_str().rsplit('/').next());
    last.filter(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned()
}

fn version_faults(
    message: &Message,
    version: Option<&'static Version>,
    root: Element<'_, '_>,
) -> Vec<ReadFault> {
    let mut faults = Vec::new();
    let mut add = |kind, message: String, fix: String, at: Pos| {
        faults.push(ReadFault {
            kind,
            message,
            fix: Some(fix),
            at,
        });
    };
    match version {
        Some(version) if version.is_taken => {}
        Some(version) => add(
            ReadFaultKind::WrongVersion,
            format!("This message is {}. We take {TAKEN}.", version.name),
            format!("Export the release as {TAKEN}."),
            root.at(),
        ),
        None if message.namespace.is_empty() => add(
            ReadFaultKind::WrongVersion,
            format!(
                "The first tag does not say which version of ERN the message is in: it declares no ERN namespace. We take {TAKEN}."
            ),
            format!("Begin the message with {TAKEN_ROOT}."),
            root.at(),
        ),
        None => add(
            ReadFaultKind::WrongVersion,
            format!(
                "The first tag names the namespace “{}”, which is no version of ERN that we know. We take {TAKEN}.",
                words::quote(&message.namespace)
            ),
            format!("If the message is {TAKEN}, begin it with {TAKEN_ROOT}."),
            root.at(),
        ),
    }
    if let (Some(version), Some(stated)) = (version, &message.schema_version_id) {
        let number = stated.as_str().rsplit('/').next().unwrap_or_default();
        if number != version.number {
            add(
                ReadFaultKind::VersionMismatch,
                format!(
                    "The namespace says {}, but MessageSchemaVersionId says “{}”. We went by the namespace.",
                    version.name,
                    words::quote(stated.as_str())
                ),
                format!("Write MessageSchemaVersionId=\"ern/{}\".", version.number),
                stated.at.clone(),
            );
        }
    }
    faults
}

/// Whether the namespace stands where the schemas do not want it.
fn plan(message: &Message, tree: &Tree<'_>, root: Element<'_, '_>) -> Plan {
    if message.namespace.is_empty() {
        let number = stated_number(message);
        let namespace = version_by_number(&number).map_or("", |v| v.namespace);
        return Plan {
            namespace: namespace.to_owned(),
            is_rewritten: false,
            is_undeclared: !namespace.is_empty(),
        };
    }
    let carries = |e: Element<'_, '_>| e.namespace() == message.namespace;
    let is_rewritten = root.prefix().is_empty() || tree.elements().skip(1).any(carries);
    Plan {
        namespace: message.namespace.clone(),
        is_rewritten,
        is_undeclared: false,
    }
}

/// D1: a default namespace, or a prefix on elements below the root.
fn namespace_dialect(message: &Message, tree: &Tree<'_>, root: Element<'_, '_>) -> DialectUse {
    let namespace = &message.namespace;
    let name = root.name();
    if root.prefix().is_empty() {
        return DialectUse {
            dialect: Dialect::DefaultNamespace,
            found: format!("<{name} xmlns=\"{namespace}\" …>"),
            wanted: format!(
                "<ern:{name} xmlns:ern=\"{namespace}\"{}>\n<!-- … -->\n</ern:{name}>",
                root_attributes(root)
            ),
            repair: vec![Edit::Namespace],
            at: root.at(),
        };
    }
    let first = tree
        .elements()
        .skip(1)
        .find(|e| e.namespace() == namespace)
        .unwrap_or(root);
    let (found, wanted) = if first.prefix().is_empty() {
        (
            format!("xmlns=\"{namespace}\""),
            format!("xmlns:{}=\"{namespace}\"", root.prefix()),
        )
    } else {
        (
            format!("<{}:{}>", first.prefix(), first.name()),
            format!("<{}>", first.name()),
        )
    };
    DialectUse {
        dialect: Dialect::DefaultNamespace,
        found,
        wanted,
        repair: vec![Edit::Namespace],
        at: first.at(),
    }
}

/// The attributes that every message has on its root, as this one has them.
fn root_attributes(root: Element<'_, '_>) -> String {
    let names = [
        "MessageSchemaVersionId",
        "BusinessProfileVersionId",
        "ReleaseProfileVersionId",
        "LanguageAndScriptCode",
    ];
    let present = names.iter().filter_map(|name| {
        let value = root.attribute(name)?.value;
        let value = words::quote(&value).replace(['"', '<', '&'], "");
        Some(format!(" {name}=\"{value}\""))
    });
    present.collect()
}

/// Elements that DDEX has deprecated, and what a label should know of each.
const DEPRECATED: &[(&str, &str)] = &[
    (
        "UpdateIndicator",
        "We go by the ICPN to tell a new release from an update. Remove it.",
    ),
    (
        "TakeDown",
        "To take a release down, end its deals: put an EndDate into their ValidityPeriod.",
    ),
    (
        "AllDealsCancelled",
        "To take a release down, end its deals: put an EndDate into their ValidityPeriod.",
    ),
    (
        "PreOrderReleaseDate",
        "A pre-order is a deal of its own, with IsPreOrderDeal and a ValidityPeriod.",
    ),
    (
        "EffectiveDate",
        "Put the date into the ValidityPeriod of each deal.",
    ),
    (
        "GlobalReleaseDate",
        "Put the date into ReleaseDetailsByTerritory as ReleaseDate.",
    ),
];

/// XML-016: the first of each kind, and how many there are.
fn deprecated(tree: &Tree<'_>) -> Vec<ReadFault> {
    let mut faults = Vec::new();
    for (name, advice) in DEPRECATED {
        let mut places = tree.elements().filter(|e| e.name() == *name);
        let Some(first) = places.next() else { continue };
        let more = places.count();
        let count = match more {
            0 => String::new(),
            1 => " (once more further down)".to_owned(),
            _ => format!(" ({more} more further down)"),
        };
        faults.push(ReadFault {
            kind: ReadFaultKind::Deprecated,
            message: format!("DDEX has deprecated `{name}`{count}."),
            fix: Some((*advice).to_owned()),
            at: first.at(),
        });
    }
    faults
}
