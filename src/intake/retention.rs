//! What is kept for a while only: the shadows of what was taken, and what was set aside.
//!
//! The spool is not touched: what is in it is for the deliveries.

use super::Intake;
use super::listing;
use crate::domain::ids::LabelId;
use jiff::Timestamp;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What was removed because its time was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Shadows.
    pub shadows: u64,
    /// Folders that had been set aside.
    pub quarantined: u64,
}

impl Intake {
    /// Removes shadows and folders that were set aside, when they are older than the settings say.
    /// Age counts from the last change that the disk saw, which no client can set. A shadow that is
    /// being corrected stays.
    pub fn expire(&self, now: Timestamp) -> Expired {
        let mut expired = Expired::default();
        let labels = listing::folders_in(&self.places.labels()).unwrap_or_else(|error| {
            tracing::error!(%error, "the labels' directories cannot be listed");
            Vec::new()
        });
        for (label, _) in labels {
            let label = LabelId::new(label);
            if let Some(limit) = limit(now, self.settings.keep_shadows_days) {
                expired.shadows += self.expire_shadows(&label, limit);
            }
            if let Some(limit) = limit(now, self.settings.keep_quarantine_days) {
                expired.quarantined += self.expire_quarantine(&label, limit);
            }
        }
        if expired != Expired::default() {
            tracing::info!(
                shadows = expired.shadows,
                quarantined = expired.quarantined,
                "what was kept for a while was removed"
            );
        }
        expired
    }

    fn expire_shadows(&self, label: &LabelId, limit: i64) -> u64 {
        let mut removed = 0;
        for (folder, path) in old_folders(&self.places.shadow(label), limit) {
            // Whoever begins a correction has to find all of it or nothing.
            if self.wires.gate.close(label, &folder).is_err() {
                continue;
            }
            let (incoming, partial) = self.both(label, &folder);
            if !incoming.exists() && !partial.exists() {
                removed += remove(label, &folder, &path, "the list of what was taken");
            }
            self.wires.gate.open(label, &folder);
        }
        removed
    }

    fn expire_quarantine(&self, label: &LabelId, limit: i64) -> u64 {
        old_folders(&self.places.quarantine(label), limit)
            .into_iter()
            .map(|(folder, path)| remove(label, &folder, &path, "what was set aside"))
            .sum()
    }
}

/// The moment, in seconds since 1970, before which a thing is too old; none when it is kept for ever.
fn limit(now: Timestamp, days: u32) -> Option<i64> {
    (days > 0).then(|| now.as_second() - i64::from(days) * DAY)
}

fn remove(label: &LabelId, folder: &str, path: &Path, what: &str) -> u64 {
    match fs::remove_dir_all(path) {
        Ok(()) => {
            tracing::info!(label = %label, folder = ?folder, "{what} was removed: its time is over");
            1
        }
        Err(error) => {
            tracing::error!(label = %label, folder = ?folder, %error, "{what} cannot be removed");
            0
        }
    }
}

/// Folders in `root` in which nothing has changed since `limit`.
fn old_folders(root: &Path, limit: i64) -> Vec<(String, std::path::PathBuf)> {
    let folders = listing::folders_in(root).unwrap_or_else(|error| {
        tracing::error!(folder = ?root, %error, "a folder cannot be listed");
        Vec::new()
    });
    let mut old = Vec::new();
    for (name, _) in folders {
        let path = root.join(&name);
        match newest(&path) {
            Ok(changed) if changed < limit => old.push((name, path)),
            Ok(_) => {}
            Err(error) => tracing::warn!(folder = ?path, %error, "a folder's age cannot be told"),
        }
    }
    old
}

/// When anything in a tree last changed, in seconds since 1970.
fn newest(path: &Path) -> io::Result<i64> {
    let mut newest = fs::symlink_metadata(path)?.ctime();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let changed = if entry.file_type()?.is_dir() {
            self::newest(&entry.path())?
        } else {
            entry.metadata()?.ctime()
        };
        newest = newest.max(changed);
    }
    Ok(newest)
}
