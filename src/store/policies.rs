//! What is agreed with labels about single rules: a log that only grows, and what it comes to.

use super::Store;
use super::error::{RuleError, StoreError};
use super::rows::{time, time_of, word};
use crate::domain::ids::LabelId;
use crate::domain::policy::{Policy, RuleChange, RuleSetting, holding};
use crate::domain::rules::may_set;
use rusqlite::{Connection, named_params};

/// The word for "what the catalogue says".
const DEFAULT: &str = "default";

impl Store {
    /// Changes what a rule weighs for a label, from the next package on. Refuses to weaken a rule of
    /// safety, whoever asks, and a change that changes nothing.
    pub fn set_rule(&self, label: &LabelId, change: &RuleChange) -> Result<(), RuleError> {
        let rule = may_set(&change.code, change.setting)?;
        if change.reason.trim().is_empty() {
            return Err(RuleError::NoReason);
        }
        let (label, change) = (label.clone(), change.clone());
        self.change(move |desk| {
            let before = changes_in(desk.connection, &label)
                .map_err(StoreError::read("a label's rules"))?
                .into_iter()
                .rfind(|before| before.code == rule.code)
                .and_then(|before| before.setting);
            if before == change.setting {
                return Err(RuleError::Unchanged {
                    code: rule.code,
                    setting: before.map_or(DEFAULT, RuleSetting::as_str),
                });
            }
            desk.connection
                .prepare_cached(
                    "INSERT INTO rule_change (label, code, setting, reason, actor, at)
                     VALUES (:label, :code, :setting, :reason, :actor, :at)",
                )
                .and_then(|mut insert| {
                    insert.execute(named_params! {
                        ":label": label.as_str(),
                        ":code": rule.code,
                        ":setting": change.setting.map_or(DEFAULT, RuleSetting::as_str),
                        ":reason": change.reason.trim(),
                        ":actor": change.actor,
                        ":at": time(change.at),
                    })
                })
                .map_err(StoreError::write("a change of a rule"))?;
            Ok(())
        })
    }

    /// All changes of a label's rules, oldest first.
    pub fn rule_changes(&self, label: &LabelId) -> Result<Vec<RuleChange>, StoreError> {
        self.read("a label's rules", |connection| {
            changes_in(connection, label)
        })
    }

    /// What they come to: how the label's next package is judged.
    pub fn policy(&self, label: &LabelId) -> Result<Policy, StoreError> {
        let changes = self.rule_changes(label)?;
        let settings = holding(&changes)
            .into_iter()
            .filter_map(|change| Some((change.code.clone(), change.setting?)));
        Ok(settings.collect())
    }
}

fn changes_in(connection: &Connection, label: &LabelId) -> rusqlite::Result<Vec<RuleChange>> {
    let setting = |text: &str| match text {
        DEFAULT => Some(None),
        text => RuleSetting::parse(text).map(Some),
    };
    connection
        .prepare_cached(
            "SELECT code, setting, reason, actor, at FROM rule_change
             WHERE label = ?1 ORDER BY seq",
        )?
        .query_map([label.as_str()], |row| {
            Ok(RuleChange {
                code: row.get(0)?,
                setting: word(row, 1, setting)?,
                reason: row.get(2)?,
                actor: row.get(3)?,
                at: time_of(row, 4)?,
            })
        })?
        .collect()
}
