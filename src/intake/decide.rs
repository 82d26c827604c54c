//! Decides on one release, tells the ledger, and sends it to be claimed.

use super::evidence::{Found, SETTLED_AFTER, inner_path};
use super::jobs::{Job, Order};
use super::kept::Keep;
use super::layout::{Unit, is_content};
use super::message::Messages;
use super::shadow::LeftOut;
use super::state::{Delivery, Phase, Place, Release};
use super::{Intake, RETRY};
use crate::domain::completeness::{
    Expected, Present, Snapshot, Verdict, decide, is_temporary_folder, quiet_before, time_out,
};
use crate::domain::fault::Fault;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long a folder may be there before it counts as one that did not come by SFTP. The watcher
/// may be faster than the SFTP server's own event.
const FOREIGN_AFTER: Duration = Duration::from_secs(2);

/// A closed file that was not there at the last look is looked at again so soon: if it is the same
/// then, it is read while the rest is still being uploaded.
const FRESH_AGAIN: Duration = Duration::from_millis(500);

/// A marker in a folder with something missing means that the sender thinks it is done; parallel
/// connections get so long to finish before it is told otherwise.
const MARKED_STALL_AFTER: Duration = Duration::from_secs(10);

/// What is needed of the delivery to judge one of its releases.
pub(super) struct Around {
    pub(super) place: Place,
    pub(super) now: Instant,
    /// When anything last changed in the release; of a plain delivery, in the delivery.
    pub(super) activity: Instant,
    /// When anything last changed in the delivery: its marker may be younger than its releases.
    pub(super) delivery_activity: Instant,
    pub(super) via_sftp: bool,
    pub(super) marked: bool,
    pub(super) logged_out: Option<Instant>,
    pub(super) noticed: Instant,
}

impl Intake {
    /// Decides on one release. Returns when it wants to be looked at again.
    pub(super) fn consider(
        &self,
        around: &Around,
        release: &mut Release,
        unit: &Unit,
        messages: &mut Messages,
    ) -> Option<Instant> {
        let settled: HashSet<_> = release.files.iter().map(|file| file.key).collect();
        release.node = unit.node;
        if release.files != unit.files {
            release.changed = around.now;
            release.files.clone_from(&unit.files);
            if release.phase == Phase::Parked {
                release.unpark(0);
            }
        } else if release.phase == Phase::Parked {
            if let Some(at) = release.not_before.filter(|at| *at > around.now) {
                return Some(at);
            }
            // One failure more is enough to know that the cause is still there.
            release.unpark(self.settings.claim_attempts.saturating_sub(1));
        }
        if release.package.is_none() {
            if !unit.files.iter().any(is_content) {
                return None;
            }
            if !around.via_sftp && around.now < around.noticed + FOREIGN_AFTER {
                return Some(around.noticed + FOREIGN_AFTER);
            }
        }
        let found = self.message_of(unit, &around.place, messages);
        match self.leave_out(&around.place.0, unit, &found.summary) {
            Ok(LeftOut::Nothing) => {}
            // The next look sees the folder as it is now.
            Ok(LeftOut::Some) => return Some(around.now),
            // A file on its way keeps the release from being complete with it; its end brings the
            // next look.
            Ok(LeftOut::Later)
                if unit
                    .files
                    .iter()
                    .any(|file| file.partial && !file.is_junk()) => {}
            Ok(LeftOut::Later) => return Some(around.now + RETRY),
            Err(error) => {
                tracing::error!(
                    label = %around.place.0, folder = ?unit.folder, %error,
                    "files of the earlier attempt cannot be left out"
                );
                return Some(around.now + RETRY);
            }
        }
        let keep = match self.keeping(&around.place.0, unit, &found) {
            Ok(keep) => keep,
            Err(fault) => {
                tracing::warn!(
                    label = %around.place.0, folder = ?unit.folder, %fault,
                    "what is live cannot be looked up; trying again"
                );
                return Some(around.now + RETRY);
            }
        };
        let expected = self.compare(unit, &found, around, &settled);
        let mut snapshot = snapshot(around, unit, &found, expected);
        snapshot.stored.clone_from(&keep.names);
        snapshot.is_merge = keep.is_merge;
        let fresh = unit
            .files
            .iter()
            .any(|file| !file.partial && !settled.contains(&file.key));
        let soon = fresh.then(|| around.now + FRESH_AGAIN);
        match self.act(around, release, unit, &snapshot, (&found, keep)) {
            Ok(again) => again.into_iter().chain(soon).min(),
            Err(fault) => {
                tracing::warn!(
                    label = %around.place.0, folder = ?unit.folder, %fault,
                    "the ledger could not take note; trying again"
                );
                Some(around.now + RETRY)
            }
        }
    }

    /// Tells the ledger what has changed and sends a complete release to be claimed.
    fn act(
        &self,
        around: &Around,
        release: &mut Release,
        unit: &Unit,
        snapshot: &Snapshot,
        (found, keep): (&Found, Keep),
    ) -> Result<Option<Instant>, Fault> {
        let label = &around.place.0;
        let identity = &found.summary.identity;
        let package = if let Some(package) = &release.package {
            package.clone()
        } else {
            let package = self
                .wires
                .ledger
                .seen(label, &unit.folder, around.via_sftp)?;
            tracing::info!(package.id = %package, label = %label, folder = ?unit.folder, "a folder is being received");
            release.waiting = Some(Vec::new());
            release.package.insert(package).clone()
        };
        let verdict = decide(snapshot, &self.settings.quiet);
        let waiting = match &verdict {
            Verdict::Incomplete(sentences) => sentences.as_slice(),
            Verdict::Complete | Verdict::WaitFor(_) => &[],
        };
        if release.waiting.as_deref() != Some(waiting) {
            self.wires.ledger.waiting(&package, waiting)?;
            release.waiting = Some(waiting.to_vec());
        }
        match verdict {
            Verdict::WaitFor(rest) => Ok(Some(around.now + rest)),
            Verdict::Incomplete(sentences) => {
                let may_move = release.not_before.is_none_or(|at| at <= around.now);
                if may_move && self.is_abandoned(around, unit, &package)? {
                    release.phase = Phase::Claiming;
                    self.jobs.push(Job::Abandon(Box::new(Order {
                        label: label.clone(),
                        folder: unit.folder.clone(),
                        package,
                        files: unit.files.clone(),
                        identity: identity.clone(),
                        kept: Vec::new(),
                        ready: around.now,
                    })));
                    return Ok(None);
                }
                self.perhaps_stalled(around, release, snapshot, sentences)
            }
            Verdict::Complete => {
                if let Some(not_before) = release.not_before.filter(|at| *at > around.now) {
                    return Ok(Some(not_before));
                }
                tracing::info!(
                    package.id = %package, label = %label, folder = ?unit.folder,
                    files = unit.files.len(), message_whole = snapshot.message_whole,
                    "a folder is complete"
                );
                release.phase = Phase::Claiming;
                self.jobs.push(Job::Claim(Box::new(Order {
                    label: label.clone(),
                    folder: unit.folder.clone(),
                    package,
                    files: unit.files.clone(),
                    identity: identity.clone(),
                    kept: keep.lines,
                    ready: around.quiet_since() + quiet_before(snapshot, &self.settings.quiet),
                })));
                Ok(None)
            }
        }
    }

    /// Tells the label once what an upload without progress waits for. Returns the next moment at
    /// which time alone can change anything.
    fn perhaps_stalled(
        &self,
        around: &Around,
        release: &mut Release,
        snapshot: &Snapshot,
        waiting: Vec<String>,
    ) -> Result<Option<Instant>, Fault> {
        let on_its_way = snapshot.files.iter().any(|file| file.partial);
        let sender_is_done = around.marked && (!on_its_way || snapshot.logged_out);
        let stalls_at = if sender_is_done {
            around.delivery_activity + MARKED_STALL_AFTER
        } else {
            around.activity + Duration::from_secs(self.settings.stall_after_seconds)
        };
        if around.now >= stalls_at
            && release.stalled.as_ref() != Some(&waiting)
            && let Some(package) = &release.package
        {
            tracing::info!(package.id = %package, waiting_for = ?waiting, "an upload has stalled");
            self.wires.ledger.stalled(package, &waiting)?;
            release.stalled = Some(waiting);
        }
        let taken_at =
            time_out(snapshot, &self.settings.quiet).map(|limit| around.quiet_since() + limit);
        let settled_at = around.activity + SETTLED_AFTER;
        Ok([Some(stalls_at), taken_at, Some(settled_at)]
            .into_iter()
            .flatten()
            .filter(|at| *at > around.now)
            .min())
    }
}

impl Around {
    pub(super) fn new(place: &Place, delivery: &Delivery, unit: &Unit, now: Instant) -> Self {
        let release = delivery.releases.get(&unit.folder);
        let changed = match release {
            Some(release) if release.files == unit.files => release.changed,
            Some(_) | None => now,
        };
        Self {
            place: place.clone(),
            now,
            // Releases of a batch do not wait for each other: each has its own quiet time.
            activity: if delivery.batch {
                changed
            } else {
                changed.max(delivery.activity)
            },
            delivery_activity: changed.max(delivery.activity),
            via_sftp: delivery.via_sftp,
            marked: unit.marked || delivery.unveiled,
            logged_out: delivery.logged_out,
            noticed: delivery.noticed,
        }
    }

    /// From when the quiet period counts: a log-out starts it anew, because its shorter period is
    /// one after the log-out.
    pub(super) fn quiet_since(&self) -> Instant {
        self.logged_out
            .map_or(self.activity, |at| at.max(self.activity))
    }
}

fn snapshot(
    around: &Around,
    unit: &Unit,
    found: &Found,
    (expected, checking, broken_off): (Vec<Expected>, bool, HashSet<String>),
) -> Snapshot {
    // A marker is no content, but one that is still being written is not left behind.
    let files = unit
        .files
        .iter()
        .filter(|file| is_content(file) || (file.partial && !file.is_junk()));
    Snapshot {
        files: files
            .map(|file| {
                let path = inner_path(unit, file);
                Present {
                    size: file.key.size,
                    partial: file.partial,
                    broken_off: broken_off.contains(&path),
                    path,
                }
            })
            .collect(),
        expected,
        message_file: found.file.clone(),
        message_whole: found.messages == 1 && found.summary.whole,
        messages: found.messages,
        marked: around.marked,
        logged_out: around.logged_out.is_some(),
        via_sftp: around.via_sftp,
        quiet: around.now.saturating_duration_since(around.quiet_since()),
        temporary_folder: unit.folder.split('/').any(is_temporary_folder),
        refused: unit.refused.clone(),
        checking,
        stored: Vec::new(),
        is_merge: false,
    }
}
