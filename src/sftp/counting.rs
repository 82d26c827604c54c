//! Counts what lies in a label's trees, for its [`Meter`](super::meter::Meter) and for people.

use super::fence::Table;
use super::jail::{Jail, is_folder, size_of};
use super::meter::space_view;
use super::refusal::Refusal;
use super::tree::Tree;
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::quota::Usage;
use std::io;

impl Tree {
    /// Counts what is used, unless it is known. Blocks.
    pub(super) fn ensure_counted(&self, table: &Table) -> Result<(), Refusal> {
        if self.meter().is_counted() {
            Ok(())
        } else {
            self.count(table)
        }
    }

    /// Counts again, after somebody else may have changed something. Blocks.
    pub(super) fn recount(&self) {
        let table = self.fence().table();
        if let Err(refusal) = self.count(&table) {
            tracing::warn!(label = %self.label(), reason = %refusal.text, "what is used cannot be counted");
        }
    }

    /// Names do not change meanwhile, for the table is held; files that are being written do grow,
    /// and nobody who writes one has to wait.
    fn count(&self, table: &Table) -> Result<(), Refusal> {
        let writing = table.uploads();
        let at_rest = used_in(self.incoming(), self.partial(), |path| {
            writing.contains_key(path)
        });
        let at_rest = at_rest.inspect_err(|_| self.meter().forget())?;
        let bytes = || writing.values().map(|upload| upload.accounted()).sum();
        self.meter().counted(at_rest, bytes);
        Ok(())
    }

    /// The label's space as `df` shows it. Blocks.
    pub(super) fn space_view(&self) -> Result<[u64; 11], Refusal> {
        self.ensure_counted(&self.fence().table())?;
        let figures = self.incoming().file_system()?;
        let (quota, used) = self.meter().figures();
        let left = self.meter().room().left(&figures);
        Ok(space_view(quota, used, left, figures.f_namemax))
    }
}

/// What of a label's upload space is used, by a walk through it: for who asks beside the daemon.
pub fn usage(places: &Places, label: &LabelId) -> io::Result<Usage> {
    let (incoming, partial) = (places.incoming(label), places.partial(label));
    if !incoming.try_exists()? || !partial.try_exists()? {
        return Ok(Usage::default());
    }
    Ok(used_in(
        &Jail::open(&incoming)?,
        &Jail::open(&partial)?,
        |_| false,
    )?)
}

/// Counts both trees. Files that are being written have no bytes here: they are as long as was
/// agreed, wherever their writes are now.
fn used_in(
    incoming: &Jail,
    partial: &Jail,
    is_written: impl Fn(&str) -> bool,
) -> rustix::io::Result<Usage> {
    let mut used = Usage::default();
    incoming.walk("", &mut |_, stat| {
        if is_folder(stat) {
            used.folders += 1;
        } else {
            used.files += 1;
            used.bytes += size_of(stat);
        }
    })?;
    partial.walk("", &mut |path, stat| {
        if !is_folder(stat) {
            used.files += 1;
            if !is_written(path) {
                used.bytes += size_of(stat);
            }
        }
    })?;
    Ok(used)
}
