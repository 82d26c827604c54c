//! Titles, parties and rights lines.

use super::super::territories::Territories;
use super::text::{Coded, Local, Pos, Text};
use serde::Serialize;

/// A party: DPID and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Party {
    /// `PartyId`.
    pub id: Option<Text>,
    /// `PartyName/FullName`.
    pub name: Option<Text>,
    /// Where its element starts.
    pub at: Pos,
}

/// A title with its sub-title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Title {
    /// `TitleText`.
    pub text: Text,
    /// `SubTitle`.
    pub sub: Option<Text>,
    /// `TitleType` attribute (`DisplayTitle`, `FormalTitle` …); `None` for `ReferenceTitle`.
    pub kind: Option<String>,
    /// Territories of the details it stands in; empty for `ReferenceTitle`.
    pub territories: Territories,
    /// `LanguageAndScriptCode` attribute.
    pub language: Option<String>,
}

/// An artist or contributor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Artist {
    /// `PartyName/FullName`.
    pub name: Option<Text>,
    /// `ArtistRole`, `ResourceContributorRole` …, in the order of the message.
    pub roles: Vec<Text>,
    /// `SequenceNumber` attribute.
    pub sequence: Option<Text>,
    /// `PartyId`s.
    pub ids: Vec<PartyCode>,
    /// `roles` with what makes a role the sender's own.
    pub coded_roles: Vec<Coded>,
    /// The name in every language that it is given in, the first of `name` among them.
    pub names: Vec<Local>,
    /// Other forms of `names`, such as the one that lists are sorted by.
    pub forms: Vec<NameForms>,
    /// `InstrumentType`s: a word of one's own in 3.x, of a list in 4.x.
    pub instruments: Vec<Coded>,
    /// Territories of the details it stands in; empty where it holds everywhere.
    pub territories: Territories,
    /// Where its element starts.
    pub at: Pos,
}

/// Other forms of one name of a party: what stands in `PartyName` beside `FullName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameForms {
    /// The `FullName` that these are forms of.
    pub full: String,
    /// Its language, as in `Artist::names`.
    pub language: Option<String>,
    /// The forms in the order of `NameForms::ELEMENTS`.
    pub forms: [Option<Text>; 6],
}

impl NameForms {
    /// Names of their elements, in the order of every version's schema.
    pub const ELEMENTS: [&'static str; 6] = [
        "FullNameAsciiTranscribed",
        "FullNameIndexed",
        "NamesBeforeKeyName",
        "KeyName",
        "NamesAfterKeyName",
        "AbbreviatedName",
    ];

    /// Whether both are forms of the same name.
    pub fn is_of(&self, other: &Self) -> bool {
        self.full == other.full && self.language == other.language
    }
}

/// A `PartyId` of an artist or contributor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartyCode {
    /// The identifier as written.
    pub value: Text,
    /// `IsISNI` is true.
    pub is_isni: bool,
    /// `Namespace`, such as `IPI` or `DPID:PADPIDA…`.
    pub namespace: Option<String>,
}

/// `PLine` or `CLine`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RightsLine {
    /// `Year`.
    pub year: Option<Text>,
    /// `PLineText` or `CLineText`.
    pub text: Option<Text>,
    /// `PLineCompany` or `CLineCompany`.
    pub company: Option<Text>,
    /// Territories as written; empty where it holds wherever no other line does.
    pub territories: Territories,
    /// Where its element starts.
    pub at: Pos,
}
