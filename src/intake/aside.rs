//! Sets folders aside: uploads that nobody comes back to, and those that came twice.
//!
//! They are moved into the label's quarantine, below the identifier of their package, with what is
//! partial in them: nothing is deleted before its time (`retention`), and an operator can move them
//! back. The partial tree goes first, so that a crash between the two leaves a folder that is still
//! the label's, and is set aside again.

use super::Intake;
use super::claim::{ClaimError, disk};
use super::decide::Around;
use super::jobs::Order;
use super::layout::Unit;
use super::listing;
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::places::Places;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a folder is set aside; the end of its name in the quarantine.
pub(super) const ABANDONED: &str = "abandoned";
/// See [`ABANDONED`].
pub(super) const DUPLICATE: &str = "duplicate";

impl Intake {
    /// Whether nobody has touched an incomplete release for so long that it is given up. `Around`
    /// forgets at a restart, so the clock of the ledger and of the disk decide.
    pub(super) fn is_abandoned(
        &self,
        around: &Around,
        unit: &Unit,
        package: &PackageId,
    ) -> Result<bool, Fault> {
        let after = Duration::from_secs(self.settings.abandon_after_seconds);
        let quiet = around.now.saturating_duration_since(around.activity);
        let stalls = Duration::from_secs(self.settings.stall_after_seconds);
        if after.is_zero() || quiet < stalls.min(after) {
            return Ok(false);
        }
        let changed = unit.files.iter().map(|file| file.key.changed_at()).max();
        let idle = self
            .wires
            .ledger
            .idle_for(package, changed.unwrap_or_default())?;
        Ok(idle >= after)
    }

    /// Sets an abandoned folder aside, fenced, and gives its place below the data directory.
    pub(super) fn abandon(&self, order: &Order) -> Result<String, ClaimError> {
        let (label, folder) = (&order.label, order.folder.as_str());
        self.wires
            .gate
            .close(label, folder)
            .map_err(ClaimError::Busy)?;
        let moved = self
            .is_as_before(order)
            .and_then(|()| self.set_aside(label, folder, &order.package, ABANDONED));
        self.wires.gate.open(label, folder);
        let place = moved?;
        tracing::warn!(
            package.id = %order.package, label = %label, folder = ?folder, place,
            "an unfinished upload was set aside: nothing came for too long (intake.abandon_after_seconds)"
        );
        Ok(place)
    }

    fn is_as_before(&self, order: &Order) -> Result<(), ClaimError> {
        let (incoming, partial) = self.both(&order.label, &order.folder);
        let listing = listing::list(&incoming, &partial, &|node| self.is_taken_over(node))
            .map_err(disk("listing", &incoming))?
            .ok_or(ClaimError::Changed)?;
        if listing.files == order.files {
            Ok(())
        } else {
            Err(ClaimError::Changed)
        }
    }

    /// Moves a folder, with what is partial in it, into the quarantine. The caller has it fenced.
    /// Gives its place below the data directory.
    pub(super) fn set_aside(
        &self,
        label: &LabelId,
        folder: &str,
        package: &PackageId,
        why: &str,
    ) -> Result<String, ClaimError> {
        let quarantine = self.quarantined(label, package, why);
        let (incoming, partial) = self.both(label, folder);
        for (tree, from) in [("partial", partial), ("incoming", incoming)] {
            move_folder(&from, &quarantine.join(tree).join(folder))?;
        }
        let place = quarantine
            .strip_prefix(self.places.root())
            .unwrap_or(&quarantine);
        Ok(place.display().to_string())
    }

    /// Where a package's folder lies in the quarantine, if it does.
    pub(super) fn quarantined(&self, label: &LabelId, package: &PackageId, why: &str) -> PathBuf {
        let name = format!("{package}-{why}");
        self.places.quarantine(label).join(name)
    }
}

/// Moves a folder into the quarantine; one that is not there needs no moving.
fn move_folder(from: &Path, to: &Path) -> Result<(), ClaimError> {
    if listing::is_folder(from)
        .map_err(disk("looking", from))?
        .is_none()
    {
        return Ok(());
    }
    match move_durably(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(disk("the move into the quarantine", from)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Moves a folder to where nothing is yet, and makes the folders above it.
fn move_durably(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    for parent in [from.parent(), to.parent()].into_iter().flatten() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// A folder that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// What it was when it was set aside.
    pub package: PackageId,
    /// Because it came twice; else because nobody came back to it.
    pub is_duplicate: bool,
}

impl SetAside {
    fn parse(name: &str) -> Option<Self> {
        let (package, why) = name.rsplit_once('-')?;
        let is_duplicate = why == DUPLICATE;
        (is_duplicate || why == ABANDONED).then(|| Self {
            package: PackageId::new(package),
            is_duplicate,
        })
    }

    fn name(&self) -> String {
        let why = if self.is_duplicate {
            DUPLICATE
        } else {
            ABANDONED
        };
        format!("{}-{why}", self.package)
    }
}

/// What of a label was set aside, in the order of the packages. Folders that an operator made there
/// are not ours.
pub fn set_aside_of(places: &Places, label: &LabelId) -> io::Result<Vec<SetAside>> {
    let folders = listing::folders_in(&places.quarantine(label))?;
    let mut found: Vec<SetAside> = folders
        .iter()
        .filter_map(|(name, _)| SetAside::parse(name))
        .collect();
    found.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(found)
}

/// Moves a folder back to where the label uploaded it. What was partial goes first, so that a daemon
/// that runs never takes the release without it.
///
/// # Errors
/// `AlreadyExists` when the label has a folder of that name again; nothing was moved then. `NotFound`
/// when nothing of the name lies there.
pub fn restore(places: &Places, label: &LabelId, aside: &SetAside, folder: &str) -> io::Result<()> {
    let from = places.quarantine(label).join(aside.name());
    let trees = [
        ("partial", places.partial(label)),
        ("incoming", places.incoming(label)),
    ];
    let is_there = |path: &Path| listing::is_folder(path).map(|folder| folder.is_some());
    let mut moves = Vec::new();
    for (tree, root) in trees {
        let (source, target) = (from.join(tree).join(folder), root.join(folder));
        if target.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if is_there(&source)? {
            moves.push((source, target));
        }
    }
    if moves.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    for (source, target) in moves {
        move_durably(&source, &target)?;
    }
    // Only what is empty goes; whatever else somebody left there stays.
    for emptied in [from.join("partial"), from.join("incoming"), from.clone()] {
        fs::remove_dir(emptied).ok();
    }
    Ok(())
}
