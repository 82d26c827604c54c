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
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
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

/// Moves a folder, durably; one that is not there needs no moving.
fn move_folder(from: &Path, to: &Path) -> Result<(), ClaimError> {
    if listing::is_folder(from)
        .map_err(disk("looking", from))?
        .is_none()
    {
        return Ok(());
    }
    let parents = [from.parent(), to.parent()];
    if let [_, Some(parent)] = parents {
        fs::create_dir_all(parent).map_err(disk("making the quarantine", parent))?;
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(disk("the move into the quarantine", from)(error.into())),
    }
    for parent in parents.into_iter().flatten() {
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(disk("fsync", parent))?;
    }
    Ok(())
}
