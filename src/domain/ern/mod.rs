//! XML text → `release::Message`. Never fails; returns what it read and what it stumbled over.
//!
//! Steps: bytes → text (`decode`), text → tree (`xml`), tree → version and message (`v382`), text →
//! what the XSD check is given (`normalise`). `VERSIONS` is the one list of ERN versions; a new
//! reader is a row there and a module beside `v382`.

mod answers;
mod batch;
mod decode;
mod edit;
mod interpret;
mod mojibake;
mod normalise;
mod page;
mod parts;
mod tags;
mod tree;
mod v382;
mod v4;
mod words;
pub mod write;
mod xml;

pub use edit::{Edited, apply, editable};

use super::limits::Limits;
use super::release::{Message, Pos, ReadFault, ReadFaultKind, Reading};
pub use answers::read_acknowledgement;
pub use batch::read_manifest;
use tree::Element;

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
        Some(v4::read),
    ),
    version(
        "41",
        "http://ddex.net/xml/ern/41",
        "ERN 4.1",
        "ern-41",
        Some(v4::read),
    ),
    version(
        "411",
        "http://ddex.net/xml/ern/411",
        "ERN 4.1.1",
        "ern-411",
        Some(v4::read),
    ),
    version(
        "42",
        "http://ddex.net/xml/ern/42",
        "ERN 4.2",
        "ern-42",
        Some(v4::read),
    ),
    version(
        "43",
        "http://ddex.net/xml/ern/43",
        "ERN 4.3",
        "ern-43",
        Some(v4::read),
    ),
    version(
        "431",
        "http://ddex.net/xml/ern/431",
        "ERN 4.3.1",
        "ern-431",
        Some(v4::read),
    ),
    version(
        "432",
        "http://ddex.net/xml/ern/432",
        "ERN 4.3.2",
        "ern-432",
        Some(v4::read),
    ),
];

/// A version by its short number, such as `382`.
pub fn version_by_number(number: &str) -> Option<&'static Version> {
    VERSIONS.iter().find(|v| v.number == number)
}

fn version_by_namespace(namespace: &str) -> Option<&'static Version> {
    VERSIONS.iter().find(|v| v.namespace == namespace)
}

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
        Some(root) => interpret::interpret(&mut reading, &parsed.tree, root),
        None => return reading,
    };
    if parsed.well_formed {
        reading.normalised = normalise::normalise(&decoded.text, &plan);
    }
    reading.faults.sort_by_key(|f| (f.at.line, f.at.column));
    reading
}

/// Versions of ERN 4 that are taken from a label with which that was agreed.
const TAKEN_OF_4: [&str; 4] = ["411", "42", "43", "432"];

/// Whether a version of ERN 4 can be agreed with a label.
fn is_of_4(number: &str) -> bool {
    TAKEN_OF_4.contains(&number)
}

/// A reading for a label with which ERN 4 is agreed: its version is no fault.
pub fn taken_with_4(mut reading: Reading) -> Reading {
    let version = reading.message.as_ref().map(|m| m.version.as_str());
    if version.is_some_and(is_of_4) {
        let faults = &mut reading.faults;
        faults.retain(|fault| fault.kind != ReadFaultKind::WrongVersion);
    }
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
