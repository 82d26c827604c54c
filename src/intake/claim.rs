//! The claim: a complete folder leaves the label's reach and becomes a package.
//!
//! Before the rename everything can be undone, and any failure leaves the folder the label's. From
//! the rename on everything can be repeated, and is, until the ledger has taken note. The intent
//! in the ledger tells the two apart after a crash (`recover`).

use super::aside::DUPLICATE;
use super::crash::crash_point;
use super::hashing::{self, Known, Wants};
use super::jobs::Order;
use super::listing::{self, Entry, Listing, is_gone};
use super::notes::What;
use super::{Fresh, Intake, writers};
use crate::domain::content::FileKey;
use crate::domain::facts::{Manifest, ManifestFile};
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::ledger::Intent;
use crate::domain::upload::Busy;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Mode of a claimed file: nobody writes to it again.
const FILE_MODE: u32 = 0o400;

/// Mode of a claimed folder: ours alone, and still to be deleted when its time has come.
const FOLDER_MODE: u32 = 0o700;

/// So long a claim waits for files that the door is still hashing; then it reads them itself.
const ARRIVALS_WAIT: Duration = Duration::from_secs(30);

/// How often it looks whether they are.
const ARRIVALS_LOOK: Duration = Duration::from_millis(20);

/// Why a folder was not claimed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClaimError {
    /// Files in it are open for writing, by SFTP, or another thread is at it.
    #[error("{}", in_use(.0))]
    Busy(Busy),
    /// It is no longer what was decided on.
    #[error("it changed while it was being claimed")]
    Changed,
    /// Somebody outside has a file open for writing.
    #[error("{0} is writing to it")]
    Writer(String),
    /// The daemon is being stopped.
    #[error("the daemon is being stopped")]
    Stopping,
    /// The ledger failed us.
    #[error("the ledger could not take note: {0}")]
    Ledger(#[from] Fault),
    /// The disk failed us.
    #[error("{what} failed for {path:?}: {source}")]
    Disk {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

fn in_use(busy: &Busy) -> String {
    if busy.writing.is_empty() {
        "it is being worked on already".to_owned()
    } else {
        format!("files are being written: {}", busy.writing.join(", "))
    }
}

impl ClaimError {
    /// Whether it is the way of things and no failure of ours.
    pub(super) fn is_harmless(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Changed | Self::Writer(_) | Self::Stopping => true,
            Self::Ledger(_) | Self::Disk { .. } => false,
        }
    }
}

/// What became of a claim.
#[derive(Debug)]
pub(super) enum Claim {
    /// The package is in the spool and the ledger knows.
    Done,
    /// The folder was not taken but set aside; what the ledger has to be told of it.
    Aside(What),
    /// The folder is the label's still.
    Undone(ClaimError),
    /// The folder is ours, but not all that has to follow is done.
    Unfinished(Box<Intent>, ClaimError),
    /// What was taken for that is the label's still, and no intent is left.
    Untouched,
    /// What lies on the disk cannot be; in words for the person who looks.
    Lost(Box<Intent>, String),
}

/// Where a folder went that was closed.
enum Taken {
    /// Into the spool.
    Spool(Box<Intent>),
    /// Into the quarantine: it is the same as that package.
    Twice(PackageId),
}

/// Names the operation and the path of a disk error.
pub(super) fn disk<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> ClaimError + 'a {
    move |source| ClaimError::Disk {
        what,
        path: path.to_owned(),
        source,
    }
}

impl Intake {
    /// Claims a folder, fenced.
    pub(super) fn claim(&self, order: &Order) -> Claim {
        let (label, folder) = (&order.label, order.folder.as_str());
        if let Err(busy) = self.wires.gate.close(label, folder) {
            return Claim::Undone(ClaimError::Busy(busy));
        }
        crash_point("after_fence");
        let claim = match self.take(order) {
            Ok(Taken::Spool(intent)) => match self.finish(&intent, true) {
                Ok(()) => Claim::Done,
                Err(error) => Claim::Unfinished(intent, error),
            },
            Ok(Taken::Twice(of)) => Claim::Aside(What::Duplicate(of)),
            Err(error) => Claim::Undone(error),
        };
        self.wires.gate.open(label, folder);
        if matches!(claim, Claim::Done) {
            (self.wires.claimed)(Fresh {
                package: order.package.clone(),
                ready: Some(order.ready),
            });
        }
        claim
    }

    /// Finishes a claim while others upload.
    pub(super) fn finish_fenced(&self, intent: &Intent) -> Result<(), ClaimError> {
        let fenced = self.wires.gate.close(&intent.label, &intent.folder).is_ok();
        let result = self.finish(intent, fenced);
        if fenced {
            self.wires.gate.open(&intent.label, &intent.folder);
        }
        if result.is_ok() {
            (self.wires.claimed)(Fresh {
                package: intent.package.clone(),
                ready: None,
            });
        }
        result
    }

    /// Everything up to the rename. On an error the folder is where it was, and no intent is left.
    fn take(&self, order: &Order) -> Result<Taken, ClaimError> {
        self.unchanged(order)?;
        let source = self.places.incoming(&order.label).join(&order.folder);
        let mut files = self.hash_all(order, &source)?;
        files.extend(order.kept.iter().cloned());
        let listing = self.unchanged(order)?;
        sync_tree(&source, &listing)?;
        let nodes = order.files.iter().map(|file| file.key.node()).collect();
        if let Some(writer) = writers::writer_of(&nodes) {
            return Err(ClaimError::Writer(writer));
        }
        let intent = Intent {
            package: order.package.clone(),
            label: order.label.clone(),
            folder: order.folder.clone(),
            manifest: Manifest {
                package: order.package.clone(),
                label: order.label.to_string(),
                folder: order.folder.clone(),
                files,
            },
            identity: order.identity.clone(),
        };
        let fingerprint = intent.manifest.fingerprint();
        if let Some(of) = self.wires.ledger.same_as(&order.label, &fingerprint)? {
            self.unchanged(order)?;
            self.set_twin_aside(order, &of)?;
            return Ok(Taken::Twice(of));
        }
        let renamed = self
            .wires
            .ledger
            .intend(&intent)
            .map_err(ClaimError::Ledger)
            .and_then(|()| {
                crash_point("after_intent");
                // The last look: what a writer outside did since the hashes were made.
                self.unchanged(order)?;
                self.rename_to_spool(&source, &self.places.package(&order.package))
            });
        if let Err(error) = renamed {
            if let Err(fault) = self.wires.ledger.abandoned(&order.package) {
                // The next start finds the intent and the folder in its place, and does the same.
                tracing::warn!(package.id = %order.package, %fault, "an intent could not be taken back");
            }
            return Err(error);
        }
        crash_point("after_rename");
        Ok(Taken::Spool(Box::new(intent)))
    }

    /// Sets a folder aside that has the content of a package that stands. What the label sees stays,
    /// or a program that compares before it sends would send it again every night.
    fn set_twin_aside(&self, order: &Order, of: &PackageId) -> Result<(), ClaimError> {
        let (label, folder) = (&order.label, order.folder.as_str());
        self.set_aside(label, folder, &order.package, DUPLICATE)?;
        let lies = self.quarantined(label, &order.package, DUPLICATE);
        self.leave_shadow(label, folder, &lies.join("incoming").join(folder));
        tracing::info!(
            package.id = %order.package, label = %label, folder = ?folder, of = %of,
            "the same was sent before; the folder was set aside"
        );
        Ok(())
    }

    /// Everything after the rename; each step may be done again. `fenced`: nobody can have begun to
    /// use the folder's name again, so that empty folders of that name are remnants of the old one.
    /// Does not call back: who waits for the package is told by the caller.
    pub(super) fn finish(&self, intent: &Intent, fenced: bool) -> Result<(), ClaimError> {
        let source = self.places.incoming(&intent.label).join(&intent.folder);
        let package = self.places.package(&intent.package);
        if let Some(parent) = source.parent() {
            sync_folder(parent)?;
        }
        sync_folder(&self.places.spool())?;
        crash_point("after_sync");
        self.give_kept(&intent.manifest)?;
        seal(&package, &|before, after| self.follow(before, after))?;
        self.write_manifest(&intent.manifest)?;
        crash_point("after_manifest");
        if fenced {
            self.leave_shadow(&intent.label, &intent.folder, &package);
        }
        if fenced && !source.exists() {
            remove_remnants(&self.places.partial(&intent.label).join(&intent.folder));
        }
        self.wires.ledger.claimed(intent)?;
        crash_point("after_claimed");
        tracing::info!(
            package.id = %intent.package, label = %intent.label, folder = ?intent.folder,
            files = intent.manifest.files.len(), "a package was claimed"
        );
        Ok(())
    }

    /// Moves what is left over of a batch into the spool, beside the batch's last package.
    pub(super) fn sweep(&self, order: &Order) -> Result<(), ClaimError> {
        let (label, folder) = (&order.label, order.folder.as_str());
        self.wires
            .gate
            .close(label, folder)
            .map_err(ClaimError::Busy)?;
        let source = self.places.incoming(label).join(folder);
        let target = self.places.spool().join(format!("{}.batch", order.package));
        let moved = self
            .unchanged(order)
            .and_then(|listing| sync_tree(&source, &listing))
            .and_then(|()| self.rename_to_spool(&source, &target))
            .and_then(|()| sync_folder(&self.places.incoming(label)))
            .and_then(|()| sync_folder(&self.places.spool()))
            .and_then(|()| seal(&target, &|_, _| {}));
        if moved.is_ok() {
            self.leave_shadow_beside(label, folder, &target);
            remove_remnants(&self.places.partial(label).join(folder));
        }
        self.wires.gate.open(label, folder);
        moved
    }

    /// Lists the folder again and compares it with what was decided on.
    fn unchanged(&self, order: &Order) -> Result<Listing, ClaimError> {
        let (incoming, partial) = self.both(&order.label, &order.folder);
        let listing = listing::list(&incoming, &partial, &|node| self.is_taken_over(node))
            .map_err(disk("listing", &incoming))?
            .ok_or(ClaimError::Changed)?;
        let whole = listing.node.is_some()
            && listing.refused.is_empty()
            && listing.files == order.files
            && listing.files.iter().all(|f| !f.partial || f.is_junk());
        if whole {
            Ok(listing)
        } else {
            Err(ClaimError::Changed)
        }
    }

    pub(super) fn both(&self, label: &LabelId, folder: &str) -> (PathBuf, PathBuf) {
        (
            self.places.incoming(label).join(folder),
            self.places.partial(label).join(folder),
        )
    }

    /// The manifest's lines. Most files were hashed while they came or while the folder was quiet;
    /// what is being hashed is waited for, and the rest is read now, several at once.
    fn hash_all(&self, order: &Order, source: &Path) -> Result<Vec<ManifestFile>, ClaimError> {
        let closed = || order.files.iter().filter(|file| !file.partial);
        let until = Instant::now() + ARRIVALS_WAIT;
        while closed().any(|file| self.hashes.is_arriving(&file.key))
            && Instant::now() < until
            && !self.is_stopping()
        {
            std::thread::sleep(ARRIVALS_LOOK);
        }
        let open: Vec<&Entry> = closed()
            .filter(|file| self.hashes.get(&file.key, Wants::default()).is_none())
            .collect();
        self.hash_open(&order.label, source, open)?;
        closed()
            .map(|file| {
                let known = self.hashes.get(&file.key, Wants::default());
                let known: Arc<Known> = known.ok_or(ClaimError::Changed)?;
                Ok(ManifestFile {
                    path: file.path.clone(),
                    size: file.key.size,
                    sha256: hex::encode(&known.sha256),
                    md5: known.md5.as_ref().map(hex::encode),
                    taken_over: self.is_taken_over(file.key.node()),
                    kept: None,
                })
            })
            .collect()
    }

    /// Reads files, several at once. This thread is one of those that read, so that a claim needs
    /// no other: where the system gives us none, it takes longer.
    fn hash_open(
        &self,
        label: &LabelId,
        source: &Path,
        open: Vec<&Entry>,
    ) -> Result<(), ClaimError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(open.len());
        let queue = Mutex::new(open.into_iter());
        let failed = Mutex::new(None);
        let read = || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(file) = next else { return };
                if let Err(error) = self.hash_one(label, source, file) {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    *failed = Some(error);
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                let helper = std::thread::Builder::new().name("dropzone-claim".to_owned());
                if let Err(error) = helper.spawn_scoped(scope, read) {
                    tracing::warn!(%error, "no thread to help with a claim; it takes longer");
                    break;
                }
            }
            read();
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }

    fn hash_one(&self, label: &LabelId, source: &Path, file: &Entry) -> Result<(), ClaimError> {
        let path = source.join(&file.path);
        let outcome = hashing::read(&path, &file.key, Wants::default(), &self.stopping);
        self.learn(label, &path, &file.key, &outcome);
        match outcome {
            Ok(Some(_)) => Ok(()),
            Ok(None) if self.is_stopping() => Err(ClaimError::Stopping),
            Ok(None) => Err(ClaimError::Changed),
            Err(error) => Err(disk("reading", &path)(error)),
        }
    }

    /// Taking the right to write moves a file's change time, and so its key; what is known of its
    /// content follows it into the spool, where nobody else writes.
    pub(super) fn follow(&self, before: &FileKey, after: &FileKey) {
        let content = || {
            let known = || self.hashes.get(before, Wants::default());
            let content = self.wires.memory.content(before);
            content.or_else(|| known().map(|known| known.content()))
        };
        if before.is_same_content(after)
            && let Some(content) = content()
        {
            self.wires.memory.note_content(after, &content);
        }
    }

    fn rename_to_spool(&self, source: &Path, target: &Path) -> Result<(), ClaimError> {
        let spool = self.places.spool();
        fs::create_dir_all(&spool).map_err(disk("making the spool", &spool))?;
        // A plain rename would put the folder in the place of an empty one with the same name.
        renameat_with(CWD, source, CWD, target, RenameFlags::NOREPLACE).map_err(|error| {
            if error == rustix::io::Errno::NOENT {
                ClaimError::Changed
            } else {
                disk("the rename into the spool", source)(error.into())
            }
        })
    }

    /// Writes the manifest beside the package: whole or not at all.
    fn write_manifest(&self, manifest: &Manifest) -> Result<(), ClaimError> {
        let path = self.places.manifest(&manifest.package);
        let draft = path.with_extension("json.new");
        let written = serde_json::to_vec_pretty(manifest)
            .map_err(io::Error::from)
            .and_then(|json| {
                let mut file = File::create(&draft)?;
                file.write_all(&json)?;
                file.write_all(b"\n")?;
                file.sync_all()?;
                fs::rename(&draft, &path)
            });
        written.map_err(disk("writing the manifest", &path))?;
        sync_folder(&self.places.spool())
    }
}

/// Makes sure that every file and every folder's list of names is on the disk. Files that came by
/// SFTP are; this is quick then.
fn sync_tree(source: &Path, listing: &Listing) -> Result<(), ClaimError> {
    for file in listing.files.iter().filter(|file| !file.partial) {
        let path = source.join(&file.path);
        hashing::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(disk("fsync", &path))?;
    }
    for (folder, _) in listing.folders.iter().filter(|(_, node)| node.is_some()) {
        sync_folder(&source.join(folder))?;
    }
    sync_folder(source)
}

/// Makes the names in a folder durable. A folder that is gone has nothing to keep.
pub(super) fn sync_folder(path: &Path) -> Result<(), ClaimError> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Ok(()) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(disk("fsync", path)(error)),
    }
}

/// Takes the right to write from every file of a package; `sealed` hears what that made of its key.
fn seal(folder: &Path, sealed: &dyn Fn(&FileKey, &FileKey)) -> Result<(), ClaimError> {
    fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
        .map_err(disk("chmod", folder))?;
    let entries = fs::read_dir(folder).map_err(disk("listing", folder))?;
    for entry in entries {
        let path = entry.map_err(disk("listing", folder))?.path();
        let meta = fs::symlink_metadata(&path).map_err(disk("listing", &path))?;
        if meta.is_dir() {
            seal(&path, sealed)?;
        } else if meta.is_file() {
            // One that was taken over is sealed already, and is the earlier package's too.
            if meta.permissions().mode() & 0o7777 == FILE_MODE {
                continue;
            }
            fs::set_permissions(&path, Permissions::from_mode(FILE_MODE))
                .map_err(disk("chmod", &path))?;
            let after = fs::symlink_metadata(&path).map_err(disk("listing", &path))?;
            sealed(&FileKey::of(&meta), &FileKey::of(&after));
        }
    }
    Ok(())
}

/// Removes the folders that a claimed delivery has left under `partial/`. They hold nothing that
/// was acknowledged: at most junk that broke off. Anything else stays, and is a new delivery.
fn remove_remnants(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_junk = name
            .to_str()
            .is_some_and(crate::domain::upload::is_system_junk);
        let kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
            remove_remnants(&entry.path());
        } else if is_junk && let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!(path = ?entry.path(), %error, "broken-off junk stays");
        }
    }
    if let Err(error) = fs::remove_dir(folder)
        && error.kind() != io::ErrorKind::DirectoryNotEmpty
    {
        tracing::warn!(path = ?folder, %error, "an empty folder stays");
    }
}
