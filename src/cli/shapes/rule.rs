//! Rules, and what is changed of them for a label.

use super::super::output::rfc3339;
use crate::domain::account::Profile;
use crate::domain::policy::RuleChange;
use crate::domain::policy::RuleSetting;
use crate::domain::report::Finding;
use crate::domain::report::Severity;
use crate::domain::rules::Rule;
use schemars::JsonSchema;
use serde::Serialize;

/// A rule that was changed for a label.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleChangeLine {
    /// Code of the rule.
    pub code: String,
    /// What its findings weigh since: `error`, `question`, `warning`, `info`, `off` (only counted), or
    /// `default` (what the catalogue says).
    pub setting: String,
    /// Why.
    pub reason: String,
    /// Who changed it: a Unix user.
    pub actor: String,
    /// When; RFC 3339, UTC.
    pub at: String,
}

impl From<&RuleChange> for RuleChangeLine {
    fn from(change: &RuleChange) -> Self {
        Self {
            code: change.code.clone(),
            setting: change
                .setting
                .map_or("default", RuleSetting::as_str)
                .to_owned(),
            reason: change.reason.clone(),
            actor: change.actor.clone(),
            at: rfc3339(change.at),
        }
    }
}

/// A rule's page of the manual.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleDetail {
    /// Stable code.
    pub code: &'static str,
    /// The fault in a few words.
    pub title: &'static str,
    /// What its findings weigh in the guide profile: as a rule, and in the cases that `why` names.
    pub guide: Vec<Severity>,
    /// The same in the strict profile.
    pub strict: Vec<Severity>,
    /// Why it is a fault.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// DDEX `ErncFileStatus` for an acknowledgement, when one fits.
    pub ack: Option<&'static str>,
    /// It guards the safety of all and cannot be lowered for one label.
    pub safety: bool,
    /// It is told while files still arrive and judges no package.
    pub at_the_door: bool,
    /// It is judged for one DSP by its profile, before a push, and judges no package.
    pub for_a_dsp: bool,
    /// What is agreed with the label that was asked for, if anything.
    pub agreed: Option<RuleChangeLine>,
}

impl RuleDetail {
    /// From the catalogue.
    pub fn new(rule: &Rule, agreed: Option<RuleChangeLine>) -> Self {
        Self {
            code: rule.code,
            title: rule.title,
            guide: rule.severities(Profile::Guide),
            strict: rule.severities(Profile::Strict),
            why: rule.why,
            fix: rule.fix,
            source: rule.source,
            ack: Some(rule.ack).filter(|ack| !ack.is_empty()),
            safety: rule.safety,
            at_the_door: rule.at_the_door,
            for_a_dsp: rule.for_a_dsp,
            agreed,
        }
    }
}

/// The rules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleList {
    /// The label that was asked for.
    pub label: Option<String>,
    /// By family and code.
    pub rules: Vec<RuleDetail>,
}

/// What `dropzone fix` did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixDetail {
    /// Name of the folder.
    pub folder: String,
    /// The message, relative to the release folder; `None` when there is none.
    pub message_file: Option<String>,
    /// The repaired copy, relative to the release folder; `None` when there is nothing to repair.
    pub fixed_file: Option<String>,
    /// Whether the copy was written.
    pub written: bool,
    /// Findings that are repaired in the copy, in the order of the message, judged by the strict
    /// profile.
    pub repaired: Vec<Finding>,
    /// Findings that are left for a person: what `check` says of the folder with the copy in the
    /// place of the message.
    pub left: Vec<Finding>,
    /// What changes in the message, as a unified diff; empty when nothing does.
    pub diff: String,
}
