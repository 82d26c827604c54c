//! What stays of a folder that was claimed: a shadow that the label sees, and, when the label
//! corrects it, the files that it does not upload again.
//!
//! The shadow is a tree of empty files with the right names, sizes and times. As soon as a folder
//! of the same name is begun again, every file that is still in its shadow is taken over from the
//! spool by a second name of the same file (no copy, no second read of the disk), unless the
//! earlier package was approved: an update stands for itself. A file that the label removed is out
//! of the shadow, and one that it uploaded again is there already; so a look may be repeated, and
//! is, after a restart.

use super::Intake;
use super::evidence::inner_path;
use super::layout::{Unit, may_be_message};
use super::listing::{self, Entry, is_gone};
use super::message::Summary;
use super::state::Delivery;
use crate::domain::facts::FileRole;
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::Earlier;
use crate::domain::naming::{Names, role_of};
use crate::domain::upload::is_system_junk;
use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::PoisonError;

/// Device and inode.
pub(super) type Node = (u64, u64);

/// Why nothing was taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeOverError {
    /// The ledger failed us.
    #[error(transparent)]
    Ledger(#[from] Fault),
    /// The disk failed us.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// What became of what has no place in a corrected release.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// There was nothing of the kind.
    Nothing,
    /// The folder has changed.
    Some,
    /// The label is writing to the folder; not now.
    Later,
}

impl Intake {
    /// Leaves the shadow of a package that was moved into the spool, in the place of an earlier
    /// one. May be done again. Without it a label sees less, and nothing else is amiss.
    pub(super) fn leave_shadow(&self, label: &LabelId, folder: &str, package: &Path) {
        let shadow = self.places.shadow(label).join(folder);
        let left = remove_tree(&shadow).and_then(|()| cast(package, &shadow));
        if let Err(error) = left {
            tracing::warn!(label = %label, folder = ?folder, %error, "no shadow of a package");
        }
    }

    /// The same for what was left over of a batch; the shadows of its releases stay.
    pub(super) fn leave_shadow_beside(&self, label: &LabelId, folder: &str, rest: &Path) {
        let shadow = self.places.shadow(label).join(folder);
        if let Err(error) = cast(rest, &shadow) {
            tracing::warn!(label = %label, folder = ?folder, %error, "no shadow of a batch");
        }
    }

    /// Whether a file under `/incoming` is one that was taken over: its second name is ours.
    pub(super) fn is_taken_over(&self, node: Node) -> bool {
        let taken = self.taken_over.lock();
        taken
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&node)
    }

    /// A delivery has been begun under a name that has a shadow: takes over what is in the shadow
    /// and not in the delivery.
    ///
    /// Never into a folder that a worker claims or puts away: once it has moved the folder, all of
    /// it would seem to be missing, and the earlier attempt would come back as a new one. Only the
    /// loop, which looks, has folders claimed; so what is not claimed here stays so until the end.
    pub(super) fn take_over(
        &self,
        label: &LabelId,
        folder: &str,
        delivery: &Delivery,
    ) -> Result<(), TakeOverError> {
        if delivery.is_claimed_at(folder, folder) {
            return Ok(());
        }
        let shadow = self.places.shadow(label).join(folder);
        let incoming = self.places.incoming(label).join(folder);
        if listing::is_folder(&shadow)?.is_none() || listing::is_folder(&incoming)?.is_none() {
            return Ok(());
        }
        // A window of Finder or Explorer that only looks leaves files too, and corrects nothing.
        let is_begun = |folder: &str| -> io::Result<bool> {
            let trees = [self.places.incoming(label), self.places.partial(label)];
            let mut trees = trees.iter().map(|tree| tree.join(folder));
            trees.try_fold(false, |begun, tree| Ok(begun || holds_files(&tree)?))
        };
        if !is_begun(folder)? {
            return Ok(());
        }
        match self.wires.ledger.earlier(label, folder)? {
            // A batch by now, and a worker has a part of it.
            Earlier::Open(_) if delivery.is_being_claimed() => {}
            Earlier::Open(package) => self.take_all(label, folder, &package)?,
            Earlier::Settled => remove_tree(&shadow)?,
            Earlier::Nothing => {
                // A batch: its releases were claimed each for itself.
                for (release, _) in listing::folders_in(&incoming)? {
                    let release = format!("{folder}/{release}");
                    if delivery.is_claimed_at(folder, &release) || !is_begun(&release)? {
                        continue;
                    }
                    match self.wires.ledger.earlier(label, &release)? {
                        Earlier::Open(package) => self.take_all(label, &release, &package)?,
                        Earlier::Settled => {
                            remove_tree(&self.places.shadow(label).join(&release))?;
                        }
                        Earlier::Nothing => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn take_all(&self, label: &LabelId, folder: &str, package: &PackageId) -> io::Result<()> {
        let roads = Roads {
            shadow: &self.places.shadow(label).join(folder),
            spool: &self.places.package(package),
            incoming: &self.places.incoming(label).join(folder),
            partial: &self.places.partial(label).join(folder),
        };
        let mut taken = Vec::new();
        roads.walk(Path::new(""), &mut taken)?;
        let mut known = self
            .taken_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = known.len();
        known.extend(taken);
        if known.len() > before {
            tracing::info!(
                label = %label, folder = ?folder, from = %package, files = known.len() - before,
                "files of the earlier attempt are taken over"
            );
        }
        Ok(())
    }

    /// Leaves out what was taken over and has no place in the corrected release: an older message
    /// beside a new one, and sound and pictures that the message does not name.
    pub(super) fn leave_out(
        &self,
        label: &LabelId,
        unit: &Unit,
        message: &Summary,
    ) -> io::Result<LeftOut> {
        let superfluous = self.superfluous(unit, message);
        if superfluous.is_empty() {
            return Ok(LeftOut::Nothing);
        }
        if self.wires.gate.close(label, &unit.folder).is_err() {
            return Ok(LeftOut::Later);
        }
        let removed = superfluous
            .into_iter()
            .try_for_each(|file| self.remove_taken_over(label, &unit.folder, file));
        self.wires.gate.open(label, &unit.folder);
        removed.map(|()| LeftOut::Some)
    }

    fn superfluous<'a>(&self, unit: &'a Unit, message: &Summary) -> Vec<&'a Entry> {
        let old = |file: &Entry| self.is_taken_over(file.key.node());
        if !unit.files.iter().any(old) {
            return Vec::new();
        }
        let new_message = unit
            .files
            .iter()
            .any(|file| may_be_message(file) && !old(file));
        let named = named(unit, message);
        let new_picture = unit.files.iter().any(|file| {
            role_of(&file.path) == FileRole::Artwork && (!old(file) || named.contains(&file.path))
        });
        let has_no_place = |file: &Entry| match role_of(&file.path) {
            FileRole::Audio => message.whole && !named.contains(&file.path),
            FileRole::Artwork => message.whole && new_picture && !named.contains(&file.path),
            FileRole::Message
            | FileRole::Marker
            | FileRole::Archive
            | FileRole::Temporary
            | FileRole::Other => may_be_message(file) && new_message,
        };
        let files = unit.files.iter();
        files
            .filter(|file| old(file) && !file.partial && has_no_place(file))
            .collect()
    }

    /// Removes the second name of a file that was taken over. The caller has the folder fenced; what
    /// the label has sent under that name since it was listed was acknowledged, and stays.
    fn remove_taken_over(&self, label: &LabelId, folder: &str, file: &Entry) -> io::Result<()> {
        let path = Path::new(folder).join(&file.path);
        let target = self.places.incoming(label).join(&path);
        if remove_same(&target, file.key.node())? {
            gone(fs::remove_file(self.places.shadow(label).join(path)))?;
        }
        Ok(())
    }
}

/// Paths of the unit's files that its message names.
fn named(unit: &Unit, message: &Summary) -> HashSet<String> {
    let inner: Vec<String> = unit
        .files
        .iter()
        .map(|file| inner_path(unit, file))
        .collect();
    let index = Names::new(&inner);
    message
        .named
        .iter()
        .filter_map(|wanted| index.find(&wanted.path))
        .map(|(path, _)| format!("{}{path}", unit.inner))
        .collect()
}

/// The same relative path in four trees.
struct Roads<'a> {
    shadow: &'a Path,
    spool: &'a Path,
    incoming: &'a Path,
    partial: &'a Path,
}

impl Roads<'_> {
    fn walk(&self, relative: &Path, taken: &mut Vec<Node>) -> io::Result<()> {
        for entry in fs::read_dir(self.shadow.join(relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.walk(&path, taken)?;
            } else if let Some(node) = self.take(&path)? {
                taken.push(node);
            }
        }
        Ok(())
    }

    /// Takes one file over, unless the label has uploaded it again or is about to. The node also
    /// of one that was taken over before.
    fn take(&self, path: &Path) -> io::Result<Option<Node>> {
        let spooled = match fs::symlink_metadata(self.spool.join(path)) {
            Ok(meta) if meta.is_file() => meta,
            Ok(_) => return Ok(None),
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let node = (spooled.dev(), spooled.ino());
        let target = self.incoming.join(path);
        match fs::symlink_metadata(&target) {
            Ok(there) => return Ok(((there.dev(), there.ino()) == node).then_some(node)),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        let on_its_way = fs::symlink_metadata(self.partial.join(path)).is_ok_and(|m| m.is_file());
        if on_its_way {
            return Ok(None);
        }
        self.make_way(path)?;
        match fs::hard_link(self.spool.join(path), &target) {
            Ok(()) => {}
            // The folder itself went in this moment, renamed or removed by the label.
            Err(error) if is_gone(&error) => return Ok(None),
            // The label's own came in this moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        }
        // Removed by the label between the look at the shadow and now.
        if fs::symlink_metadata(self.shadow.join(path)).is_err_and(|error| is_gone(&error)) {
            remove_same(&target, node)?;
            return Ok(None);
        }
        Ok(Some(node))
    }

    /// Makes the folders between the delivery and one of its files, and never the delivery itself:
    /// it would come back under a name that the label has just given up.
    fn make_way(&self, path: &Path) -> io::Result<()> {
        let mut folder = self.incoming.to_owned();
        for name in path.parent().into_iter().flat_map(Path::components) {
            folder.push(name);
            match fs::create_dir(&folder) {
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Whether there is any file below a folder that no operating system has scattered there.
fn holds_files(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_gone(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_system_junk) {
            continue;
        }
        if !entry.file_type()?.is_dir() || holds_files(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes a name unless another file has it by now; says whether it is gone.
fn remove_same(path: &Path, node: Node) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) if (there.dev(), there.ino()) != node => return Ok(false),
        Err(error) if !is_gone(&error) => return Err(error),
        Ok(_) | Err(_) => {}
    }
    gone(fs::remove_file(path)).map(|()| true)
}

/// What is gone already is as good as removed.
fn gone(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if !is_gone(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    gone(fs::remove_dir_all(path))
}

/// Makes the empty files of a shadow.
fn cast(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let meta = fs::symlink_metadata(entry.path())?;
        let target = to.join(entry.file_name());
        if meta.is_dir() {
            cast(&entry.path(), &target)?;
        } else if meta.is_file() && !entry.file_name().to_str().is_some_and(is_system_junk) {
            let file = File::create(&target)?;
            file.set_len(meta.len())?;
            let modified = meta.modified()?;
            file.set_times(
                FileTimes::new()
                    .set_modified(modified)
                    .set_accessed(modified),
            )?;
        }
    }
    Ok(())
}
