//! What `dropzone fix` may change in a message: the edits that a finding carries, as values.
//!
//! A finding has edits only where the right text is certain from the message and its files; what
//! changes what a release is, or where and how it may be sold, is for a person. An edit names its
//! place by path, never by offset: it holds for the text in any encoding, and other edits beside it
//! do not move it. `ern::edit` applies them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One change. Paths are those of findings: `/NewReleaseMessage/ResourceList/SoundRecording[2]`,
/// an attribute as `…/@Name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// The ERN namespace is declared by a prefix on the root element, and nothing else carries it.
    Namespace,
    /// The text of an element, or the value of an attribute, becomes this one. An attribute that is
    /// not there is added.
    Set {
        /// The element or attribute.
        path: String,
        /// Its new text, not escaped.
        value: String,
    },
    /// An element or attribute gets another name.
    Rename {
        /// The element or attribute.
        path: String,
        /// The new name, without prefix.
        name: String,
    },
    /// What stands in an element is put into a new one inside it.
    Wrap {
        /// The element.
        path: String,
        /// Name of the new one.
        name: String,
    },
    /// An element goes out.
    Remove {
        /// The element.
        path: String,
    },
    /// A new element is put into another.
    Insert {
        /// The element that gets it.
        path: String,
        /// It comes behind the last of these children; before all, if there is none.
        after: Vec<String>,
        /// The new element as XML; lines are indented as its neighbours are.
        xml: String,
    },
    /// An element moves into another.
    Move {
        /// The element.
        path: String,
        /// Where it goes.
        into: String,
        /// It comes behind the last of these children; before all, if there is none.
        after: Vec<String>,
    },
    /// The children of an element are put into this order; those of one name stay as they are
    /// among each other.
    Sort {
        /// The element.
        path: String,
        /// Names in their order. With a child of another name nothing is done.
        order: Vec<String>,
    },
}

impl Edit {
    /// The text at a path becomes another.
    pub fn set(path: &str, value: impl Into<String>) -> Self {
        Self::Set {
            path: path.to_owned(),
            value: value.into(),
        }
    }

    /// What is at a path gets another name.
    pub fn rename(path: &str, name: &str) -> Self {
        Self::Rename {
            path: path.to_owned(),
            name: name.to_owned(),
        }
    }
}
