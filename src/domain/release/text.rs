//! Values as they were sent, and where.

use super::super::territories::Territories;
use serde::Serialize;

/// A place in the message: line and column count from 1; the path reads like an XPath.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Pos {
    /// Line, from 1; 0 when not known.
    pub line: u32,
    /// Column in characters, from 1; 0 when not known.
    pub column: u32,
    /// Such as `/NewReleaseMessage/ResourceList/SoundRecording[2]/Duration`.
    pub path: String,
}

/// A text value and where it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The text, white space at both ends removed.
    pub value: String,
    /// Where its element or attribute starts.
    pub at: Pos,
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }
}

/// An element or attribute that no reader asked for, with all others of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its path without numbers: `/NewReleaseMessage/ReleaseList/Release/Keywords`.
    pub kind: String,
    /// The first one's value.
    pub first: Text,
    /// How many there are.
    pub count: usize,
}

/// A value that holds in some territories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Local {
    /// The value.
    pub text: Text,
    /// Territories as written; empty where it holds wherever no other value does.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// A value of a list of DDEX's, or of the sender's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coded {
    /// The value as written; `UserDefined` where it is the sender's own.
    pub text: Text,
    /// `Namespace` attribute.
    pub namespace: Option<String>,
    /// `UserDefinedValue` attribute.
    pub user_defined: Option<String>,
}

/// A genre.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Genre {
    /// `GenreText`.
    pub text: Text,
    /// `SubGenre`.
    pub sub: Option<Text>,
    /// Territories as written; empty where it holds wherever no other value does.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// An identifier of somebody's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProprietaryId {
    /// `ProprietaryId`, or `CatalogNumber`.
    pub value: Text,
    /// `Namespace` attribute.
    pub namespace: Option<String>,
}
