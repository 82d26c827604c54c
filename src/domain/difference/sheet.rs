//! A version of a release as stores show it: what two versions are compared by.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A named value; what is not stated is empty.
pub type Value = (String, String);

/// What a version says, in words of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Of the release.
    pub release: Vec<Value>,
    /// Tracks in running order.
    pub tracks: Vec<TrackSheet>,
    /// Deals, each once.
    pub deals: Vec<DealSheet>,
    /// The cover.
    pub cover: Content,
}

/// A track.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackSheet {
    /// Its number, from 1.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// Twelve characters; empty without a good one.
    pub isrc: String,
    /// What is said of it.
    pub values: Vec<Value>,
    /// Its sound.
    pub sound: Content,
}

/// A file's content, and how it is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Hashes that are the same for the same content, the one that says most first.
    pub prints: Vec<String>,
    /// A few words for people.
    pub told: String,
}

/// A deal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealSheet {
    /// It is for the product, not for tracks alone.
    pub is_main: bool,
    /// Commercial models and uses.
    pub name: String,
    /// Single codes.
    pub territories: BTreeSet<String>,
    /// As the message has them.
    pub territories_told: String,
    /// The rest of its terms.
    pub values: Vec<Value>,
}
