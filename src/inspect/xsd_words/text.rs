//! The text did not even parse, although our reader let it pass.

use crate::domain::facts::SchemaFault;
use crate::inspect::xsd::RawFault;

/// What a stricter parser than ours refuses, told by a word of its own sentence.
const REASONS: [(&str, &str); 5] = [
    (
        "xmlns",
        "a namespace is declared in a way that is not allowed",
    ),
    ("Namespace", "a prefix is used that is not declared"),
    ("Char", "there is a character that XML does not allow"),
    ("ntity", "an entity is used that is not declared"),
    ("redefined", "an attribute stands twice in one tag"),
];

/// Says it.
pub(in crate::inspect) fn not_well_formed(raw: &RawFault) -> SchemaFault {
    let known = REASONS.iter().find(|(word, _)| raw.message.contains(word));
    let why = known.map_or_else(String::new, |(_, reason)| format!(": {reason}"));
    SchemaFault {
        message: format!("The check against the schema cannot read this line{why}."),
        fix: Some("Compare the line with the guide's example.".to_owned()),
        line: raw.line,
        path: String::new(),
        expected: None,
        found: None,
        repair: Vec::new(),
    }
}
