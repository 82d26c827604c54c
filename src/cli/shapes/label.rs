//! Labels.

use super::super::output::rfc3339;
use super::rule::RuleChangeLine;
use crate::domain::account::Account;
use crate::domain::policy::RuleChange;
use crate::domain::policy::holding;
use schemars::JsonSchema;
use serde::Serialize;

/// A label. No secret is in it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelDetail {
    /// Opaque identifier (ULID).
    pub id: String,
    /// User name for SFTP.
    pub name: String,
    /// Where outcomes are mailed.
    pub emails: Vec<String>,
    /// Agreed DSPs.
    pub dsps: Vec<String>,
    /// `guide` or `strict`.
    pub profile: String,
    /// Versions of ERN that the label may send: `3.8.2`, and `4` where that was agreed.
    pub ern: Vec<String>,
    /// `test` while what it sends is only checked; `live` otherwise.
    pub phase: String,
    /// DDEX party identifier.
    pub dpid: Option<String>,
    /// Territories that its contract holds; empty: the whole world.
    pub territories: Vec<String>,
    /// Whether it can log in by password.
    pub has_password: bool,
    /// Fingerprints of its public keys, with their comments.
    pub keys: Vec<String>,
    /// Whether logins are refused.
    pub disabled: bool,
    /// Networks and addresses that it may come from; empty: everywhere.
    pub allow_from: Vec<String>,
    /// What it has to prove: `any` (a key or a password) or `key+password`.
    pub require: String,
    /// From when on it cannot log in; RFC 3339, UTC.
    pub expires_at: Option<String>,
    /// Rules that weigh otherwise for this label.
    pub rules: Vec<RuleChangeLine>,
    /// All changes of such rules, oldest first.
    pub rule_changes: Vec<RuleChangeLine>,
    /// When it was made; RFC 3339, UTC.
    pub created_at: String,
    /// The generated password; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

fn versions(account: &Account) -> Vec<String> {
    let also = account.takes_ern4.then_some("4");
    std::iter::once("3.8.2")
        .chain(also)
        .map(str::to_owned)
        .collect()
}

impl LabelDetail {
    /// From an account; `fingerprint` shows a key line as people compare it.
    pub fn new(
        account: &Account,
        changes: &[RuleChange],
        fingerprint: impl Fn(&str) -> String,
    ) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            emails: account.emails.clone(),
            dsps: account.dsps.iter().map(ToString::to_string).collect(),
            profile: account.profile.as_str().to_owned(),
            ern: versions(account),
            phase: if account.in_test { "test" } else { "live" }.to_owned(),
            dpid: account.dpid.clone(),
            territories: account.territories.clone(),
            has_password: account.password_hash.is_some(),
            keys: account.keys.iter().map(|key| fingerprint(key)).collect(),
            disabled: account.disabled,
            allow_from: account
                .access
                .allow_from
                .iter()
                .map(ToString::to_string)
                .collect(),
            require: account.access.require.as_str().to_owned(),
            expires_at: account.access.expires_at.map(rfc3339),
            rules: holding(changes)
                .into_iter()
                .map(RuleChangeLine::from)
                .collect(),
            rule_changes: changes.iter().map(RuleChangeLine::from).collect(),
            created_at: rfc3339(account.created_at),
            password: None,
        }
    }
}

/// A list of labels.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelList {
    /// By name.
    pub labels: Vec<LabelDetail>,
}
