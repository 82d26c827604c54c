//! Where everything stands: sources that failed to log in, and the whole.

use super::super::output::rfc3339;
use crate::domain::penalty::Penalty;
use schemars::JsonSchema;
use serde::Serialize;

/// A source that failed to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PenaltyLine {
    /// An IPv4 address, or an IPv6 network of 64 bits.
    pub source: String,
    /// Whether it is kept out now; if not, the next failures may change that.
    pub enforced: bool,
    /// When everything is forgiven; RFC 3339, UTC.
    pub until: String,
    /// Failed connections since it owed nothing.
    pub failures: u32,
    /// What the last one did: `wrong_password`, `unknown_user`, `no_login` or `too_slow`.
    pub last: String,
}

impl From<&Penalty> for PenaltyLine {
    fn from(penalty: &Penalty) -> Self {
        Self {
            source: penalty.source.to_string(),
            enforced: penalty.enforced,
            until: rfc3339(penalty.until),
            failures: penalty.failures,
            last: penalty.offence.as_str().to_owned(),
        }
    }
}

/// Sources that failed to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PenaltyList {
    /// Who owes longest comes first.
    pub penalties: Vec<PenaltyLine>,
}

/// What was forgiven.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pardoned {
    /// The address or network.
    pub source: String,
    /// Sources in it that owed something when the daemon last wrote it down.
    pub count: u64,
}

/// Where everything stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusDetail {
    /// Whether a daemon holds the data directory.
    pub running: bool,
    /// Its process, when it runs.
    pub pid: Option<i32>,
    /// Version of this program.
    pub version: String,
    /// The data directory.
    pub data_dir: String,
    /// Labels that may upload.
    pub labels: u64,
    /// Packages by status.
    pub packages: std::collections::BTreeMap<String, u64>,
    /// Pushes by state.
    pub pushes: std::collections::BTreeMap<String, u64>,
    /// E-mails waiting to be sent.
    pub letters_due: u64,
    /// E-mails given up.
    pub letters_dead: u64,
    /// Sources that failed to log in; those with `enforced` are kept out.
    pub penalties: Vec<PenaltyLine>,
    /// Bytes free on the data directory's file system.
    pub free_bytes: u64,
    /// Bytes that have to stay free; below, uploads are refused.
    pub free_floor_bytes: u64,
    /// Labels whose upload space was full within the last day.
    pub full: Vec<FullLine>,
    /// Unfinished uploads that were set aside into quarantine.
    pub abandoned: u64,
    /// Uploads that came twice and were set aside into quarantine.
    pub duplicates: u64,
}

/// A label whose upload space was full.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FullLine {
    /// User name of the label.
    pub label: String,
    /// When it was told so; RFC 3339, UTC.
    pub at: String,
}
