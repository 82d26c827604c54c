//! When a folder is complete: a rule, not a timer (`intake` feeds it, design decision 4).

use super::facts::FileRole;
use super::naming::{Names, base_name, nearest, role_of};
use super::upload::is_temporary_name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Sentences in one list; a message that names a thousand missing files must not make a letter of
/// a thousand lines.
const SENTENCES_MAX: usize = 100;

/// Beyond so many missing files nobody looks for slips of the pen, and likeness is dear to compute.
const HINTS_MAX: usize = 20;

/// How soon to look again while hashes are being compared; the comparison's end comes earlier.
const WHILE_CHECKING: Duration = Duration::from_secs(1);

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
    /// Seconds after which a folder is taken although its message cannot be read, or there are
    /// several, so that the report tells the label why. Within the guide's promise of 5 minutes.
    pub unreadable_seconds: u64,
    /// Seconds after which a folder with audio (or an archive) and no message at all is taken, so
    /// that the report tells the label what is missing.
    pub give_up_seconds: u64,
}

impl Default for QuietPeriods {
    fn default() -> Self {
        Self {
            marked_seconds: 0,
            logged_out_seconds: 10,
            hashed_seconds: 30,
            default_seconds: 60,
            foreign_seconds: 600,
            unreadable_seconds: 120,
            give_up_seconds: 600,
        }
    }
}

/// One file of the folder, as far as completeness asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Path relative to the release, `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Still being written, or broken off.
    pub partial: bool,
    /// Closed, but empty or shorter than its own header says. OpenSSH's `sftp` closes a file
    /// properly when the user presses Ctrl-C, so that a CLOSE alone does not prove the length.
    pub broken_off: bool,
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent observations of one moment; any of them may hold with any other"
)]
pub struct Snapshot {
    /// Files present, junk left out.
    pub files: Vec<Present>,
    /// Files that the message names; empty when no message could be read to its end.
    pub expected: Vec<Expected>,
    /// Path of the message that was read, for sentences; `None` when there is none.
    pub message_file: Option<String>,
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
    /// The folder itself has a name that clients give to things still on their way.
    pub temporary_folder: bool,
    /// Things that are no ordinary file of ours and can never be taken, one sentence each.
    pub refused: Vec<String>,
    /// Stated hashes are being compared right now; what they say is not known yet.
    pub checking: bool,
    /// Of the expected files, those that we have from the version of the release that is live: an
    /// update may come without them.
    pub stored: Vec<String>,
    /// Audio of the live version and new audio come together, which only a marker makes certain:
    /// the rest may be on its way.
    pub is_merge: bool,
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

/// Whether a folder of this name is still on its way by its name alone. Hidden folders count: no
/// client shows them by chance, and several upload into one and rename it.
pub fn is_temporary_folder(name: &str) -> bool {
    name.starts_with('.') || is_temporary_name(name)
}

/// Decides whether a folder is complete. Pure: the same snapshot gives the same verdict, and more
/// quiet alone never makes a folder less complete.
pub fn decide(snapshot: &Snapshot, periods: &QuietPeriods) -> Verdict {
    let unfinished = unfinished(snapshot);
    if !unfinished.is_empty() {
        let missing = if snapshot.files.is_empty() {
            Vec::new()
        } else {
            without_unfinished(about_message(snapshot), snapshot)
        };
        return Verdict::Incomplete(capped(unfinished.into_iter().chain(missing).collect()));
    }
    let missing = about_message(snapshot);
    if missing.is_empty() {
        let rest = quiet_period(snapshot, periods).saturating_sub(snapshot.quiet);
        return match (rest.is_zero(), snapshot.checking) {
            (true, false) => Verdict::Complete,
            (false, false) => Verdict::WaitFor(rest),
            (_, true) => Verdict::WaitFor(rest.max(WHILE_CHECKING)),
        };
    }
    match time_out(snapshot, periods) {
        Some(limit) if snapshot.quiet >= limit => Verdict::Complete,
        _ => Verdict::Incomplete(capped(missing)),
    }
}

/// After how much quiet an incomplete folder is taken all the same, so that validation can tell
/// the label why; `None` for one that has to wait for what its message names.
pub fn time_out(snapshot: &Snapshot, periods: &QuietPeriods) -> Option<Duration> {
    let worth_a_report =
        |file: &Present| matches!(role_of(&file.path), FileRole::Audio | FileRole::Archive);
    let seconds = match snapshot.messages {
        0 if snapshot.files.iter().any(worth_a_report) => periods.give_up_seconds,
        0 => return None,
        1 if snapshot.message_whole => return None,
        _ => periods.unreadable_seconds,
    };
    let foreign = if snapshot.via_sftp {
        0
    } else {
        periods.foreign_seconds
    };
    Some(Duration::from_secs(seconds.max(foreign)))
}

/// How long a folder had to be quiet before it could be taken as it is.
pub fn quiet_before(snapshot: &Snapshot, periods: &QuietPeriods) -> Duration {
    if about_message(snapshot).is_empty() {
        quiet_period(snapshot, periods)
    } else {
        time_out(snapshot, periods).unwrap_or_default()
    }
}

/// What keeps any folder from being taken, whatever its message says.
fn unfinished(snapshot: &Snapshot) -> Vec<String> {
    let mut sentences = Vec::new();
    if snapshot.temporary_folder {
        sentences.push("waiting for the folder to get its final name".to_owned());
    }
    if snapshot.files.is_empty() {
        sentences.push("waiting for the first file".to_owned());
    }
    sentences.extend(snapshot.refused.iter().cloned());
    sentences.extend(
        snapshot
            .files
            .iter()
            .filter(|file| is_unfinished(file))
            .map(|file| format!("waiting for `{}` to finish uploading", file.path)),
    );
    sentences
}

fn is_unfinished(file: &Present) -> bool {
    file.partial || is_temporary_name(base_name(&file.path))
}

/// What the message, or its absence, leaves to wait for.
fn about_message(snapshot: &Snapshot) -> Vec<String> {
    match snapshot.messages {
        0 => vec!["waiting for metadata.xml".to_owned()],
        1 if snapshot.message_whole => missing_files(snapshot),
        1 => vec![format!(
            "waiting for {}: what is there cannot be read to its end",
            message_name(snapshot)
        )],
        several => vec![format!(
            "there are {several} metadata files, and only one can be right: remove the others"
        )],
    }
}

fn message_name(snapshot: &Snapshot) -> &str {
    snapshot.message_file.as_deref().unwrap_or("metadata.xml")
}

fn missing_files(snapshot: &Snapshot) -> Vec<String> {
    let present: Vec<String> = snapshot.files.iter().map(|f| f.path.clone()).collect();
    let index = Names::new(&present);
    let found: Vec<Option<&str>> = snapshot
        .expected
        .iter()
        .map(|expected| index.find(&expected.name).map(|(path, _)| path))
        .collect();
    let hints = found.iter().filter(|f| f.is_none()).count() <= HINTS_MAX;
    let named: BTreeSet<&str> = found.iter().flatten().copied().collect();
    // Only a file that nothing names can be the one that was meant.
    let spare: Vec<String> = present
        .iter()
        .filter(|path| hints && !named.contains(path.as_str()))
        .cloned()
        .collect();
    let stored: BTreeSet<&str> = snapshot.stored.iter().map(String::as_str).collect();
    let sentence = |(expected, found): (&Expected, Option<&str>)| match (found, expected.matches) {
        (None, _) if stored.contains(expected.name.as_str()) => None,
        (None, _) => Some(match alike(&expected.name, &spare) {
            Some(other) => format!("waiting for {} (`{other}` is there)", expected.name),
            None => format!("waiting for {}", expected.name),
        }),
        (Some(path), Some(false)) => Some(format!(
            "`{path}` does not match the checksum in {}: upload it again",
            message_name(snapshot)
        )),
        (Some(_), Some(true) | None) => None,
    };
    snapshot
        .expected
        .iter()
        .zip(found)
        .filter_map(sentence)
        .collect()
}

/// A file of the same kind with nearly that name: most likely a slip of the pen.
fn alike<'a>(name: &str, spare: &'a [String]) -> Option<&'a str> {
    nearest(name, spare).filter(|other| role_of(other) == role_of(name))
}

/// A message that is itself on its way has been spoken of already.
fn without_unfinished(sentences: Vec<String>, snapshot: &Snapshot) -> Vec<String> {
    let message_on_its_way = snapshot.messages == 0
        && snapshot
            .files
            .iter()
            .any(|file| is_unfinished(file) && file.path.to_ascii_lowercase().contains(".xml"));
    if message_on_its_way {
        Vec::new()
    } else {
        sentences
    }
}

fn capped(mut sentences: Vec<String>) -> Vec<String> {
    if sentences.len() > SENTENCES_MAX {
        let more = sentences.len() - SENTENCES_MAX;
        sentences.truncate(SENTENCES_MAX);
        sentences.push(format!("and {more} more"));
    }
    sentences
}

/// The quiet period that applies to a folder in which nothing is missing.
fn quiet_period(snapshot: &Snapshot, periods: &QuietPeriods) -> Duration {
    let broken_off = snapshot.files.iter().any(|file| file.broken_off);
    let hashed =
        !snapshot.expected.is_empty() && snapshot.expected.iter().all(|e| e.matches == Some(true));
    let seconds = if !snapshot.via_sftp {
        // Nobody tells us who writes such files, so that no shortcut is safe.
        periods.foreign_seconds
    } else if broken_off {
        // The user may come back and resume. If not, the report says what is wrong with the file.
        periods.default_seconds
    } else if snapshot.marked {
        periods.marked_seconds
    } else if snapshot.is_merge {
        // A connection that was lost between two tracks looks the same.
        periods.give_up_seconds
    } else {
        let when = |holds: bool, seconds| if holds { seconds } else { u64::MAX };
        periods
            .default_seconds
            .min(when(snapshot.logged_out, periods.logged_out_seconds))
            .min(when(hashed, periods.hashed_seconds))
    };
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests;
