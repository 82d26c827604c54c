//! XML text → `release::Message`. Never fails; returns what it read and what it stumbled over.
//!
//! Steps: bytes → text (`decode`), text → tree (`xml`), tree → version and message (`v382`), text →
//! what the XSD check is given (`normalise`). `VERSIONS` is the one list of ERN versions; a new
//! reader is a row there and a module beside `v382`.

mod decode;
mod mojibake;
mod normalise;
mod tags;
mod tree;
mod v382;
mod words;
mod xml;

use super::limits::Limits;
use super::release::{
    Dialect, DialectUse, Message, MessageKind, Pos, ReadFault, ReadFaultKind, Reading,
};
use normalise::Plan;
use tree::{Element, Tree};

/// Fills the parts of a message below its root.
type Reader = fn(&mut Message, Element<'_, '_>);

/// One version of ERN.
#[derive(Clone, Copy)]
pub struct Version {
    /// Short form as in the namespace: `382`.
    pub number: &'static str,
    /// Exact namespace of the root element.
    pub namespace: &'static str,
    /// As people write it: `ERN 3.8.2`.
    pub name: &'static str,
    /// Folder of its official schema set.
    pub schema_set: &'static str,
    /// Whether packages in this version are taken by default.
    pub is_taken: bool,
    /// Reads it for display; `None` when we have no reader for it yet.
    reader: Option<Reader>,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn version(
    number: &'static str,
    namespace: &'static str,
    name: &'static str,
    schema_set: &'static str,
    reader: Option<Reader>,
) -> Version {
    Version {
        number,
        namespace,
        name,
        schema_set,
        is_taken: false,
        reader,
    }
}

/// Every version that we can name. The 3.x versions are near enough to 3.8.2 that its reader gives
/// their values for display; 4.x is another language.
pub const VERSIONS: &[Version] = &[
    version(
        "341",
        "http://ddex.net/xml/ern/341",
        "ERN 3.4.1",
        "ern-341",
        Some(v382::read),
    ),
    version(
        "35",
        "http://ddex.net/xml/ern/35",
        "ERN 3.5",
        "ern-35",
        Some(v382::read),
    ),
    version(
        "351",
        "http://ddex.net/xml/ern/351",
        "ERN 3.5.1",
        "ern-351",
        Some(v382::read),
    ),
    version(
        "36",
        "http://ddex.net/xml/ern/36",
        "ERN 3.6",
        "ern-36",
        Some(v382::read),
    ),
    version(
        "37",
        "http://ddex.net/xml/ern/37",
        "ERN 3.7",
        "ern-37",
        Some(v382::read),
    ),
    version(
        "371",
        "http://ddex.net/xml/ern/371",
        "ERN 3.7.1",
        "ern-371",
        Some(v382::read),
    ),
    version(
        "38",
        "http://ddex.net/xml/ern/38",
        "ERN 3.8",
        "ern-38",
        Some(v382::read),
    ),
    version(
        "381",
        "http://ddex.net/xml/ern/381",
        "ERN 3.8.1",
        "ern-381",
        Some(v382::read),
    ),
    Version {
        is_taken: true,
        ..version(
            "382",
            "http://ddex.net/xml/ern/382",
            "ERN 3.8.2",
            "ern-382",
            Some(v382::read),
        )
    },
    version(
        "383",
        "http://ddex.net/xml/ern/383",
        "ERN 3.8.3",
        "ern-383",
        Some(v382::read),
    ),
    version(
        "40",
        "http://ddex.net/xml/ern/40",
        "ERN 4.0",
        "ern-40",
        None,
    ),
    version(
        "41",
        "http://ddex.net/xml/ern/41",
        "ERN 4.1",
        "ern-41",
        None,
    ),
    version(
        "411",
        "http://ddex.net/xml/ern/411",
        "ERN 4.1.1",
        "ern-411",
        None,
    ),
    version(
        "42",
        "http://ddex.net/xml/ern/42",
        "ERN 4.2",
        "ern-42",
        None,
    ),
    version(
        "43",
        "http://ddex.net/xml/ern/43",
        "ERN 4.3",
        "ern-43",
        None,
    ),
    version(
        "431",
        "http://ddex.net/xml/ern/431",
        "ERN 4.3.1",
        "ern-431",
        None,
    ),
    version(
        "432",
        "http://ddex.net/xml/ern/432",
        "ERN 4.3.2",
        "ern-432",
        None,
    ),
];

/// A version by its short number, such as `382`.
pub fn version_by_number(number: &str) -> Option<&'static Version> {
    VERSIONS.iter().find(|v| v.number == number)
}

fn version_by_namespace(namespace: &str) -> Option<&'static Version> {
    VERSIONS.iter().find(|v| v.namespace == namespace)
}

/// What packages have to be, in words.
const TAKEN: &str = "ERN 3.8.2";
const TAKEN_ROOT: &str = "<ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\" \
     MessageSchemaVersionId=\"ern/382\" LanguageAndScriptCode=\"en\">";

/// Reads one ERN message from the bytes of its file.
pub fn read(bytes: &[u8], limits: &Limits) -> Reading {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limits.message_bytes {
        return too_large(size, limits.message_bytes);
    }
    let decoded = decode::decode(bytes);
    let parsed = xml::parse(&decoded.text);
    let mut faults = decoded.faults;
    faults.extend(parsed.faults);
    let mut reading = Reading {
        faults,
        message: None,
        whole: parsed.whole,
        normalised: String::new(),
    };
    let plan = match parsed.tree.root() {
        Some(root) => interpret(&mut reading, &parsed.tree, root),
        None => return reading,
    };
    if parsed.well_formed {
        reading.normalised = normalise::normalise(&decoded.text, &plan);
    }
    reading.faults.sort_by_key(|f| (f.at.line, f.at.column));
    reading
}

fn too_large(size: u64, most: u64) -> Reading {
    let message = format!(
        "The message is {} KiB large; we read at most {} KiB.",
        size / 1024,
        most / 1024
    );
    Reading {
        faults: vec![ReadFault {
            kind: ReadFaultKind::TooMuch,
            message,
            fix: Some("Check that this is the ERN message. Pictures and audio go into files of their own.".to_owned()),
            at: Pos::default(),
        }],
        ..Reading::default()
    }
}

/// From tree to message: kind, version, content. Says how the text has to be rewritten.
fn interpret(reading: &mut Reading, tree: &Tree<'_>, root: Element<'_, '_>) -> Plan {
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

/// What an XML file is, by its root element; told without reading it to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sniff {
    /// Local name of the root element.
    pub root: String,
    /// Its namespace, or the namespace of its prefix; empty when there is none.
    pub namespace: String,
}

impl Sniff {
    /// Whether it looks like an ERN message: by its root's name or its namespace.
    pub fn is_message(&self) -> bool {
        matches!(
            self.root.as_str(),
            "NewReleaseMessage" | "CatalogListMessage" | "PurgeReleaseMessage"
        ) || self.namespace.contains("ddex.net/xml/ern/")
    }
}

/// Bytes that `sniff` looks at.
const SNIFF_BYTES: usize = 64 << 10;

/// Reads the root element from the first bytes of a file (64 KiB will do); `None` when there is no
/// element, or the bytes are no XML.
pub fn sniff(head: &[u8]) -> Option<Sniff> {
    let text = decode::decode_head(head.get(..SNIFF_BYTES).unwrap_or(head));
    let (root, namespace) = xml::root_of(&text)?;
    Some(Sniff { root, namespace })
}
