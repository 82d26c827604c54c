//! What was said about one release at one DSP: a log that only grows, and what it comes to. What the
//! label's message grants is never widened by it; see `effective`.

use super::area::Area;
use crate::domain::ids::{DspId, LabelId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A release, over all its packages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseKey {
    /// Whose.
    pub label: LabelId,
    /// Its barcode as GTIN-14, or its package where it has none.
    pub release: String,
}

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// It does not go there.
    Block,
    /// Where it may be sold.
    Territories,
    /// From when on.
    Start,
    /// For how much.
    PriceTier,
    /// By which commercial models.
    Models,
    /// For which uses.
    UseTypes,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Block,
        Self::Territories,
        Self::Start,
        Self::PriceTier,
        Self::Models,
        Self::UseTypes,
    ];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Territories => "territories",
            Self::Start => "start",
            Self::PriceTier => "price-tier",
            Self::Models => "models",
            Self::UseTypes => "use-types",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }
}

/// A field with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// It does not go there.
    Block,
    /// No more than there.
    Territories(Area),
    /// Not before that day, in the local time of each territory.
    Start(Date),
    /// The DSP's code for the price of the product.
    PriceTier(String),
    /// `CommercialModelType`s, no others.
    Models(Vec<String>),
    /// `UseType`s, no others.
    UseTypes(Vec<String>),
}

impl Setting {
    /// Which field.
    pub fn field(&self) -> Field {
        match self {
            Self::Block => Field::Block,
            Self::Territories(_) => Field::Territories,
            Self::Start(_) => Field::Start,
            Self::PriceTier(_) => Field::PriceTier,
            Self::Models(_) => Field::Models,
            Self::UseTypes(_) => Field::UseTypes,
        }
    }

    /// The value, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Block => "blocked".to_owned(),
            Self::Territories(area) => area.to_string(),
            Self::Start(date) => format!("not before {date}"),
            Self::PriceTier(code) => code.clone(),
            Self::Models(words) | Self::UseTypes(words) => words.join(", "),
        }
    }
}

/// One thing that was said, as it is remembered for ever. The last of a field at a DSP holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideChange {
    /// At which DSP.
    pub dsp: DspId,
    /// About what.
    pub field: Field,
    /// What holds from then on; `None`: what it was without.
    pub setting: Option<Setting>,
    /// Why. A block always has a reason.
    pub reason: Option<String>,
    /// Who: a Unix user.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl OverrideChange {
    /// Why a blocked release does not go to that DSP, as a sentence.
    pub fn why_blocked(&self, store: &str) -> String {
        format!(
            "{} keeps it from {store} since {}: {}.",
            self.actor,
            self.at.strftime("%Y-%m-%d"),
            self.reason
                .as_deref()
                .unwrap_or("no reason was given")
                .trim_end_matches('.')
        )
    }
}

/// The changes that hold, by DSP and field: the last of each, unless it took the field back.
pub fn holding(changes: &[OverrideChange]) -> Vec<&OverrideChange> {
    let last: BTreeMap<(&str, Field), &OverrideChange> = changes
        .iter()
        .map(|change| ((change.dsp.as_str(), change.field), change))
        .collect();
    last.into_values()
        .filter(|change| change.setting.is_some())
        .collect()
}

/// The block that holds at a DSP, if one does.
pub fn block<'a>(changes: &'a [OverrideChange], dsp: &DspId) -> Option<&'a OverrideChange> {
    holding(changes)
        .into_iter()
        .find(|change| change.dsp == *dsp && change.field == Field::Block)
}
