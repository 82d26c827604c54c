//! What is agreed with one label about single rules: raised, lowered or left out, each with a
//! reason. Which of that is allowed, `rules` knows: a rule of safety is never lowered.

use super::report::Severity;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the findings of a rule weigh for one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSetting {
    /// They block.
    Error,
    /// The reviewer must tick them.
    Question,
    /// They warn.
    Warning,
    /// They are notes.
    Info,
    /// They are only counted.
    Off,
}

impl RuleSetting {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Question,
        Self::Warning,
        Self::Info,
        Self::Off,
    ];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Question => "question",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Off => "off",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.as_str() == text)
    }

    /// The severity that findings get; `None` when they are left out.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Question => Some(Severity::Question),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Off => None,
        }
    }
}

/// One label's settings, by code. A rule that is not in it weighs what the catalogue says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    settings: BTreeMap<String, RuleSetting>,
}

impl Policy {
    /// Nothing is agreed: every rule weighs what the catalogue says.
    pub fn none() -> &'static Self {
        static NONE: Policy = Policy {
            settings: BTreeMap::new(),
        };
        &NONE
    }

    /// What is set for that code.
    pub fn get(&self, code: &str) -> Option<RuleSetting> {
        self.settings.get(code).copied()
    }
}

impl FromIterator<(String, RuleSetting)> for Policy {
    fn from_iter<I: IntoIterator<Item = (String, RuleSetting)>>(settings: I) -> Self {
        Self {
            settings: settings.into_iter().collect(),
        }
    }
}

/// One change of a label's settings, as it is remembered for ever. The last of a code holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule.
    pub code: String,
    /// What it weighs from then on; `None`: what the catalogue says.
    pub setting: Option<RuleSetting>,
    /// Why; never empty.
    pub reason: String,
    /// Who: a Unix user.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// The changes that hold, by code: the last of each, unless it went back to the catalogue.
pub fn holding(changes: &[RuleChange]) -> Vec<&RuleChange> {
    let last: BTreeMap<&str, &RuleChange> = changes
        .iter()
        .map(|change| (change.code.as_str(), change))
        .collect();
    last.into_values()
        .filter(|change| change.setting.is_some())
        .collect()
}
