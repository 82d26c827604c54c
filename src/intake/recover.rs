//! After a crash: every intent is finished or undone, by what lies on the disk.
//!
//! The rename is one step for the disk, so that the folder is either where it was or in the spool.
//! A claim that cannot be finished holds up nobody: it is tried again while others are taken, and
//! parked after some tries.

use super::claim::{Claim, ClaimError, disk};
use super::jobs::lock;
use super::listing::is_folder;
use super::{Fresh, Intake};
use crate::domain::facts::Manifest;
use crate::domain::fault::Fault;
use crate::domain::ledger::Intent;
use std::fs;
use std::path::{Component, Path};
use std::time::Instant;

/// What the disk says of a claim that was begun.
enum Stands {
    /// Past its rename: to be finished.
    Spooled,
    /// Before its rename: the folder is the label's still.
    Untouched,
    /// Something that cannot be.
    Lost(String),
}

impl Intake {
    /// Finishes or undoes the claims that a crash cut short. Has to be called before anything is
    /// taken or received. Fails when the ledger cannot be read, or cannot take note that a claim is
    /// undone or parked; what cannot be finished is tried again later.
    pub fn recover(&self) -> Result<(), Fault> {
        for intent in self.wires.ledger.intents()? {
            self.recover_one(intent)?;
        }
        Ok(())
    }

    fn recover_one(&self, intent: Intent) -> Result<(), Fault> {
        let id = &intent.package;
        let error = match self.stands(&intent) {
            Ok(Stands::Spooled) => match self.finish(&intent, true) {
                Ok(()) => {
                    tracing::info!(package.id = %id, "a claim that was cut short is finished");
                    (self.wires.claimed)(Fresh {
                        package: id.clone(),
                        ready: None,
                    });
                    return Ok(());
                }
                Err(error) => error,
            },
            Ok(Stands::Untouched) => {
                tracing::info!(package.id = %id, "a claim that was cut short is undone");
                return self.wires.ledger.abandoned(id);
            }
            Ok(Stands::Lost(what)) => {
                // The intent stays with the parked package, for the person who looks.
                return self.wires.ledger.park(id, &lost(&intent, &what));
            }
            Err(error) => error,
        };
        tracing::error!(package.id = %id, %error, "a claim that was cut short is not finished yet");
        lock(&self.state).finish_later(intent, Instant::now());
        Ok(())
    }

    /// Goes on with a claim that is past its rename, or was when the disk last told.
    pub(super) fn go_on(&self, intent: Box<Intent>) -> Claim {
        match self.stands(&intent) {
            Ok(Stands::Spooled) => match self.finish_fenced(&intent) {
                Ok(()) => Claim::Done,
                Err(error) => Claim::Unfinished(intent, error),
            },
            Ok(Stands::Untouched) => match self.wires.ledger.abandoned(&intent.package) {
                Ok(()) => Claim::Untouched,
                Err(fault) => Claim::Unfinished(intent, fault.into()),
            },
            Ok(Stands::Lost(what)) => {
                let why = lost(&intent, &what);
                Claim::Lost(intent, why)
            }
            Err(error) => Claim::Unfinished(intent, error),
        }
    }

    fn stands(&self, intent: &Intent) -> Result<Stands, ClaimError> {
        let id = &intent.package;
        let plain = |path: &str| {
            Path::new(path)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        if !plain(&intent.folder) || !plain(id.as_str()) {
            return Ok(Stands::Lost(
                "its folder's name is not one of ours".to_owned(),
            ));
        }
        let source = self.places.incoming(&intent.label).join(&intent.folder);
        let target = self.places.package(id);
        let there = |path: &Path| {
            let folder = is_folder(path).map_err(disk("looking at a folder", path));
            folder.map(|meta| meta.is_some())
        };
        Ok(match (there(&source)?, there(&target)?) {
            // With both there, the package is in the spool and the label has begun anew.
            (_, true) => match self.differs(&intent.manifest) {
                Some(what) => Stands::Lost(what),
                None => Stands::Spooled,
            },
            (true, false) => Stands::Untouched,
            (false, false) => {
                Stands::Lost("its folder is neither in incoming nor in spool".to_owned())
            }
        })
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
}

/// Why a package is parked that nobody can be sure of: nobody guesses, a person looks.
fn lost(intent: &Intent, what: &str) -> String {
    let id = &intent.package;
    let why = format!("the claim of package {id} was cut short, and {what}");
    tracing::error!(package.id = %id, label = %intent.label, folder = ?intent.folder, "{why}");
    why
}
