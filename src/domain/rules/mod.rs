//! The rule catalogue: what can be wrong, how much it weighs, what to do, and where it comes from.

use super::account::Profile;
use super::facts::{FolderFacts, SchemaFacts};
use super::history::History;
use super::limits::Limits;
use super::release::Reading;
use super::report::Report;
use jiff::Timestamp;

/// All that rules may look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The folder and what was measured in it.
    pub folder: &'a FolderFacts,
    /// The message as it was read; `None` when there is no XML file at all.
    pub reading: Option<&'a Reading>,
    /// Path of the file that was read.
    pub message_file: Option<&'a str>,
    /// What the schema check gave.
    pub schema: &'a SchemaFacts,
    /// Earlier packages; `None` offline.
    pub history: Option<&'a History>,
    /// The label's DPID, when the account has one.
    pub label_dpid: Option<&'a str>,
    /// How strictly to judge.
    pub profile: Profile,
    /// The most that a package may be.
    pub limits: &'a Limits,
    /// The time of judging.
    pub now: Timestamp,
}

/// Runs every rule over the subject and sums up.
pub fn judge(subject: &Subject<'_>) -> Report {
    let _ = subject;
    todo!()
}
