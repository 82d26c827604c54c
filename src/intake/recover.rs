//! After a crash: every intent is finished or undone, by what lies on the disk.
//!
//! The rename is one step for the disk, so that the folder is either where it was or in the spool.

use super::listing::is_folder;
use super::{Fresh, Intake};
use crate::domain::facts::Manifest;
use crate::domain::fault::Fault;
use crate::domain::ledger::Intent;
use std::fs;
use std::io;
use std::path::{Component, Path};

impl Intake {
    /// Finishes or undoes the claims that a crash cut short. Has to be called before anything is
    /// taken or received.
    pub fn recover(&self) -> Result<(), Fault> {
        for intent in self.wires.ledger.intents()? {
            self.recover_one(&intent)?;
        }
        Ok(())
    }

    fn recover_one(&self, intent: &Intent) -> Result<(), Fault> {
        let id = &intent.package;
        let plain = |path: &str| {
            Path::new(path)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        if !plain(&intent.folder) || !plain(id.as_str()) {
            return self.lose(intent, "its folder's name is not one of ours");
        }
        let source = self.places.incoming(&intent.label).join(&intent.folder);
        let target = self.places.package(id);
        let there = |path: &Path| {
            is_folder(path)
                .map(|meta| meta.is_some())
                .map_err(|error| fault(path, &error))
        };
        match (there(&source)?, there(&target)?) {
            // With both there, the package is in the spool and the label has begun anew.
            (_, true) => {
                if let Some(why) = self.differs(&intent.manifest) {
                    return self.lose(intent, &why);
                }
                tracing::info!(package.id = %id, "a claim that was cut short is finished");
                self.finish(intent, true)
                    .map_err(|error| Fault::transient("claim_unfinished", error.to_string()))?;
                (self.wires.claimed)(Fresh {
                    package: id.clone(),
                    ready: None,
                });
                Ok(())
            }
            (true, false) => {
                tracing::info!(package.id = %id, "a claim that was cut short is undone");
                self.wires.ledger.abandoned(id)
            }
            (false, false) => self.lose(intent, "its folder is neither in incoming nor in spool"),
        }
    }

    /// What in the spool is not as the manifest says.
    fn differs(&self, manifest: &Manifest) -> Option<String> {
        let root = self.places.package(&manifest.package);
        // What is kept from the version that is live may not be there yet.
        let mut own = manifest.files.iter().filter(|file| file.kept.is_none());
        own.find_map(|file| {
            let size = fs::symlink_metadata(root.join(&file.path)).map(|meta| meta.len());
            match size {
                Ok(size) if size == file.size => None,
                Ok(size) => Some(format!(
                    "`{}` has {size} bytes in the spool instead of {}",
                    file.path.escape_debug(),
                    file.size
                )),
                Err(error) => Some(format!(
                    "`{}` cannot be read in the spool: {error}",
                    file.path.escape_debug()
                )),
            }
        })
    }

    /// Something that cannot be: nobody guesses, a person looks.
    fn lose(&self, intent: &Intent, what: &str) -> Result<(), Fault> {
        let id = &intent.package;
        let why = format!("package {id} was being claimed when the daemon died, and {what}");
        tracing::error!(package.id = %id, label = %intent.label, folder = ?intent.folder, "{why}");
        // The intent stays with the parked package, for the person who looks.
        self.wires.ledger.park(id, &why)
    }
}

fn fault(path: &Path, error: &io::Error) -> Fault {
    Fault::transient(
        "intake_disk",
        format!("{} cannot be looked at: {error}", path.display()),
    )
}
