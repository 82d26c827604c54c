//! When a folder is complete: a rule, not a timer (`intake` feeds it, design decision 4).

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Quiet periods: how long nothing may have happened in a folder before it is taken. What cannot be
/// known (a file that no message names, a correction under way) is covered by waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuietPeriods {
    /// Seconds after a completion marker or a rename from a temporary folder name.
    pub marked_seconds: u64,
    /// Seconds after the last session that touched the folder has logged out.
    pub logged_out_seconds: u64,
    /// Seconds when every file's hash was stated and right.
    pub hashed_seconds: u64,
    /// Seconds otherwise.
    pub default_seconds: u64,
    /// Seconds for files that did not come by SFTP.
    pub foreign_seconds: u64,
}

impl Default for QuietPeriods {
    fn default() -> Self {
        Self {
            marked_seconds: 0,
            logged_out_seconds: 10,
            hashed_seconds: 30,
            default_seconds: 60,
            foreign_seconds: 600,
        }
    }
}

/// One file of the folder, as far as completeness asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Path relative to the release, `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Still being written, or broken off.
    pub partial: bool,
}

/// A file that the message names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// As the message names it, with `FilePath` in front.
    pub name: String,
    /// `Some(true)` when a stated hash or size was compared and is right, `Some(false)` when it is
    /// wrong, `None` when none was stated or the file is not there.
    pub matches: Option<bool>,
}

/// What is known of a folder at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Files present, junk left out.
    pub files: Vec<Present>,
    /// Files that the message names; empty when no message could be read to its end.
    pub expected: Vec<Expected>,
    /// A message was read to its end tag.
    pub message_whole: bool,
    /// More than one message is in the folder.
    pub messages: usize,
    /// A completion marker covers the folder, or it was renamed from a temporary name.
    pub marked: bool,
    /// Every session that touched it has logged out (and at least one did touch it).
    pub logged_out: bool,
    /// The folder came by SFTP.
    pub via_sftp: bool,
    /// Time since anything changed in it.
    pub quiet: Duration,
}

/// What follows from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that can be known is there; take it now.
    Complete,
    /// Everything is there; look again after this time.
    WaitFor(Duration),
    /// Something is missing; each entry is one sentence: `waiting for 03_Title.wav`.
    Incomplete(Vec<String>),
}
