//! What an update need not bring: files of the version that is live get a second name in its package,
//! so that it is whole for all that comes after.
//!
//! They are given after the rename into the spool, where no label reaches; the intent names them, so
//! that a claim that was cut short gives them at the next start.

use super::Intake;
use super::claim::{ClaimError, disk, sync_folder};
use super::evidence::{Found, inner_path};
use super::layout::Unit;
use super::listing::is_gone;
use crate::domain::content::FileKey;
use crate::domain::facts::{Kept, Manifest, ManifestFile};
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::kept::{Keeping, keep};
use crate::domain::naming::Names;
use std::fs;
use std::io;
use std::path::{Component, Path};

/// Files of the version that is live, for one update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keep {
    /// Lines of the update's manifest; paths are relative to its folder.
    pub(super) lines: Vec<ManifestFile>,
    /// As the message names them.
    pub(super) names: Vec<String>,
    /// The update brings audio, too.
    pub(super) is_merge: bool,
}

impl Intake {
    /// What the release in a folder takes from the version of it that is live.
    pub(super) fn keeping(
        &self,
        label: &LabelId,
        unit: &Unit,
        found: &Found,
    ) -> Result<Keep, Fault> {
        let summary = &found.summary;
        let Some(icpn) = summary.identity.icpn.as_deref().filter(|_| summary.whole) else {
            return Ok(Keep::default());
        };
        let there: Vec<String> = unit
            .files
            .iter()
            .filter(|file| !file.is_junk())
            .map(|file| inner_path(unit, file))
            .collect();
        let index = Names::new(&there);
        let is_there =
            |path: &Option<String>| path.as_ref().is_some_and(|path| index.find(path).is_some());
        if summary.wants.iter().all(|want| is_there(&want.path)) {
            return Ok(Keep::default());
        }
        let Some(stored) = self.wires.ledger.stored(label, icpn)? else {
            return Ok(Keep::default());
        };
        let keeping: Keeping = keep(&summary.wants, &there, &stored, |path, file| {
            let mut named = summary.named.iter().filter(|named| named.path == path);
            named.all(|named| named.may_be(file))
        });
        Ok(Keep {
            names: keeping.paths().into_iter().map(str::to_owned).collect(),
            is_merge: keeping.is_merge(),
            lines: keeping
                .files
                .into_iter()
                .map(|(path, file)| line(&unit.inner, &path, &stored.package, file))
                .collect(),
        })
    }

    /// Gives the files their names in the package. May be done again.
    pub(super) fn give_kept(&self, manifest: &Manifest) -> Result<(), ClaimError> {
        let root = self.places.package(&manifest.package);
        for (line, kept) in manifest
            .files
            .iter()
            .filter_map(|line| Some((line, line.kept.as_ref()?)))
        {
            let target = root.join(&line.path);
            if !is_plain(&line.path) || !is_plain(&kept.path) || !is_plain(kept.package.as_str()) {
                return Err(disk("keeping a file", &target)(io::Error::other(
                    "its name is not one of ours",
                )));
            }
            let source = self.places.package(&kept.package).join(&kept.path);
            self.give(&source, &target)?;
        }
        Ok(())
    }

    fn give(&self, source: &Path, target: &Path) -> Result<(), ClaimError> {
        match fs::symlink_metadata(target) {
            Ok(_) => return Ok(()),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(disk("looking at a kept file", target)(error)),
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(disk("making a folder", parent))?;
        }
        let before = fs::symlink_metadata(source).map_err(disk("keeping a file", source))?;
        if !before.is_file() {
            return Err(disk("keeping a file", source)(io::Error::other(
                "it is no ordinary file",
            )));
        }
        fs::hard_link(source, target).map_err(disk("keeping a file", target))?;
        // A further name moves the change time of the file, and so the key of its content.
        let after = fs::symlink_metadata(target).map_err(disk("looking at a kept file", target))?;
        self.follow(&FileKey::of(&before), &FileKey::of(&after));
        target.parent().map_or(Ok(()), sync_folder)
    }
}

fn line(
    inner: &str,
    path: &str,
    package: &PackageId,
    file: crate::domain::kept::StoredFile,
) -> ManifestFile {
    ManifestFile {
        path: format!("{inner}{path}"),
        size: file.size,
        sha256: file.sha256,
        md5: file.md5,
        taken_over: false,
        kept: Some(Kept {
            package: package.clone(),
            path: file.path,
            purpose: file.purpose,
        }),
    }
}

fn is_plain(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}
