//! The spine: claimed package → inspect → report for the label → verdict in the store.
//!
//! One package at a time, its files in parallel. What is to be done is read from the store (status
//! `incoming`), so a restart needs no list of its own and a lost wake-up costs a moment.

use super::early::Early;
use super::live::{Live, Parts};
use super::prepare::broken;
use super::preview::preflight;
use super::{clock, reports, update};
use crate::config::Config;
use crate::domain::account::Account;
use crate::domain::content::{FileKey, Memory};
use crate::domain::facts::Kept;
use crate::domain::fault::Fault;
use crate::domain::history::{History, Past, Track};
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::lifecycle::Status;
use crate::domain::package::{Event, Identity, Package};
use crate::domain::report::readiness::Readiness;
use crate::domain::report::{Report, Verdict};
use crate::inspect::{self, Progress, Request};
use crate::intake::Fresh;
use crate::store::{ApplyError, HistoryQuestion, PackageFilter, Store};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// After so many failed inspections of our own making a package is parked for a person.
const TRIES: u32 = 3;

/// How long to sleep between looks into the store when nobody wakes us.
const LOOK: Duration = Duration::from_secs(2);

/// Everything the spine needs.
pub struct Pipeline {
    /// The store.
    pub store: Store,
    /// Limits, schemas, settings.
    pub live: Arc<Live>,
    /// What was read and measured before.
    pub memory: Arc<dyn Memory>,
    /// Inspects closed files; steps back for packages.
    pub early: Arc<Early>,
    /// Turns true when the daemon stops; a half-done inspection is begun again at the next start.
    pub stop: Arc<AtomicBool>,
}

/// What is known of packages beyond the store.
#[derive(Default)]
struct Notes {
    /// Inspections that failed by our own making.
    failed: HashMap<PackageId, u32>,
    /// From when a package could be taken: its quiet period was over.
    ready: HashMap<PackageId, Instant>,
}

impl Notes {
    fn hear(&mut self, wake: &Receiver<Fresh>) {
        for fresh in wake.try_iter() {
            self.add(fresh);
        }
    }

    fn add(&mut self, fresh: Fresh) {
        if let Some(ready) = fresh.ready {
            self.ready.insert(fresh.package, ready);
        }
    }
}

/// What came of inspecting a package.
struct Inspected {
    status: Status,
    /// Files that were read and measured.
    measured: usize,
    /// Files whose content was known.
    known: usize,
}

impl Pipeline {
    /// Inspects what is `incoming` until told to stop; `wake` tells of fresh claims.
    pub fn run(&self, wake: &Receiver<Fresh>) {
        let mut notes = Notes::default();
        while !self.stop.load(Ordering::Relaxed) {
            notes.hear(wake);
            match self.next(&notes.failed) {
                Ok(Some(package)) => {
                    self.take(&package, &mut notes, wake);
                    continue;
                }
                Ok(None) => notes.ready.clear(),
                Err(error) => {
                    tracing::error!(error = %super::words(&error), "the store cannot be read");
                }
            }
            match wake.recv_timeout(LOOK) {
                Ok(fresh) => notes.add(fresh),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
            }
        }
    }

    /// The oldest package to inspect; those that failed before come last.
    fn next(
        &self,
        failed: &HashMap<PackageId, u32>,
    ) -> Result<Option<Package>, crate::store::StoreError> {
        let filter = PackageFilter {
            status: Some(Status::Incoming),
            label: None,
            limit: None,
        };
        let mut waiting = self.store.packages(&filter)?;
        waiting.sort_by_key(|package| {
            (
                failed.get(&package.id).copied().unwrap_or(0),
                package.updated_at,
            )
        });
        Ok(waiting.into_iter().next())
    }

    fn take(&self, package: &Package, notes: &mut Notes, wake: &Receiver<Fresh>) {
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.inspect(package)))
            .unwrap_or_else(|_| Err("the inspection panicked; the log has the place".to_owned()));
        match outcome {
            Ok(inspected) => {
                let now = Instant::now();
                // The store may have known of the package before its claim told us.
                notes.hear(wake);
                notes.failed.remove(&package.id);
                let ready = notes.ready.remove(&package.id);
                let verdict_ms = ready.map(|ready| millis(now.saturating_duration_since(ready)));
                tracing::info!(
                    package.id = %package.id, label = %package.label_name,
                    status = %inspected.status, measured = inspected.measured,
                    known = inspected.known, duration_ms = millis(now - begun), verdict_ms,
                    "package inspected"
                );
            }
            // The daemon stops; nothing is wrong with the package.
            Err(_) if self.stop.load(Ordering::Relaxed) => {}
            Err(why) => {
                let tries = notes.failed.entry(package.id.clone()).or_insert(0);
                *tries += 1;
                tracing::error!(package.id = %package.id, tries = *tries, why, "package could not be inspected");
                if *tries >= TRIES {
                    notes.failed.remove(&package.id);
                    self.park(&package.id, &why);
                } else {
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
        }
    }

    fn park(&self, package: &PackageId, why: &str) {
        let event = Event::Parked {
            why: why.to_owned(),
        };
        if let Err(error) = self.store.apply(package, event, "daemon", clock::now()) {
            tracing::error!(package.id = %package, error = %super::words(&error), "package could not be parked");
        }
    }

    /// Inspects one package and records the verdict. The error is a sentence for the operator.
    fn inspect(&self, package: &Package) -> Result<Inspected, String> {
        let say = |error: crate::store::StoreError| super::words(&error);
        let parts = self.live.parts();
        let account = self
            .store
            .label_by_id(&package.label)
            .map_err(say)?
            .ok_or("its label is not in the store")?;
        let identity = self.identity(package).map_err(say)?;
        let past = StoredPast {
            store: &self.store,
            config: &parts.config,
            package: &package.id,
            label: &account.id,
            identity: &identity,
        };
        let root = parts.config.places().package(&package.id);
        let (measured, known) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let count = |progress: Progress| {
            match progress {
                Progress::FileDone(_) => measured.fetch_add(1, Ordering::Relaxed),
                Progress::FileKnown(_) => known.fetch_add(1, Ordering::Relaxed),
                Progress::Total { .. } | Progress::Bytes(_) => 0,
            };
        };
        let _first = self.early.verdict(&nodes(&root));
        let policy = self.store.policy(&account.id).map_err(say)?;
        let mut report = inspect::inspect(&Request {
            root: &root,
            folder: &package.folder,
            profile: account.profile,
            takes_ern4: account.takes_ern4,
            policy: &policy,
            label_dpid: account.dpid.as_deref(),
            own_dpid: parts.config.party.dpid(),
            in_test: account.in_test,
            history: Some(&past),
            limits: &parts.config.limits,
            schemas: &parts.schemas,
            threads: parts.config.inspect.threads,
            now: clock::now(),
            memory: Some(self.memory.as_ref()),
            progress: Some(&count),
            cancel: Some(&self.stop),
        })
        .map_err(|error| super::words(&error))?;
        self.compare_with_manifest(package, &report)?;
        if let Some(previous) = self.store.previous(&package.id).map_err(say)? {
            report.compare(package.attempt, &previous);
        }
        reports::write(&parts.config.places(), package, &report)
            .and_then(|()| {
                reports::acknowledge(&parts.config, package, &report, &account, clock::now())
            })
            .map_err(|error| format!("{error:#}"))?;
        // After the label's copy was written: what stores ask for is between them and us.
        if report.verdict == Verdict::Valid {
            report.readiness = self.readiness(&parts, &account, package, &report)?;
        }
        super::crash_point("judge.before_apply");
        let event = judged(report, identity);
        let status = match self.store.apply(&package.id, event, "daemon", clock::now()) {
            Ok(package) => package.status,
            // A newer attempt of the release took its place meanwhile; its verdict is what counts.
            Err(ApplyError::Illegal(illegal)) if illegal.status == Status::Superseded => {
                Status::Superseded
            }
            Err(error) => return Err(super::words(&error)),
        };
        Ok(Inspected {
            status,
            measured: measured.into_inner(),
            known: known.into_inner(),
        })
    }

    /// Whether the package may go to each of its DSPs. The verdict on it stands without that, since
    /// approval asks once more; only a passing fault is worth another try.
    fn readiness(
        &self,
        parts: &Parts,
        account: &Account,
        package: &Package,
        report: &Report,
    ) -> Result<Vec<Readiness>, String> {
        let flight = AssertUnwindSafe(|| {
            preflight(&self.store, parts, account, package, report, clock::now())
        });
        match catch_unwind(flight) {
            Ok(Ok(readiness)) => Ok(readiness),
            Ok(Err(fault)) if fault.is_transient() => Err(fault.text),
            Ok(Err(fault)) => {
                tracing::warn!(package.id = %package.id, %fault, "no preflight");
                Ok(Vec::new())
            }
            Err(_) => {
                tracing::error!(package.id = %package.id, "preflight panicked");
                Ok(Vec::new())
            }
        }
    }

    fn identity(&self, package: &Package) -> Result<Identity, crate::store::StoreError> {
        let log = self.store.log(&package.id)?;
        let claimed = log.into_iter().rev().find_map(|line| match line.event {
            Event::Claimed { identity, .. } => Some(identity),
            Event::Stalled { .. }
            | Event::Judged { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::AllPushed { .. }
            | Event::Replaced { .. }
            | Event::Withdrawn
            | Event::Parked { .. }
            | Event::Unparked
            | Event::OverQuota { .. }
            | Event::Abandoned { .. }
            | Event::Duplicate { .. } => None,
        });
        Ok(claimed.unwrap_or_default())
    }

    /// What was read now must be what was claimed: a difference is our disk's fault, not the label's.
    fn compare_with_manifest(&self, package: &Package, report: &Report) -> Result<(), String> {
        let manifest = self
            .store
            .manifest(&package.id)
            .map_err(|error| super::words(&error))?;
        let Some(manifest) = manifest else {
            return Ok(());
        };
        let read = report
            .tracks
            .iter()
            .filter_map(|track| Some((track.file.as_ref()?, track.sha256.as_ref()?)))
            .chain(
                report
                    .artwork
                    .iter()
                    .filter_map(|cover| Some((&cover.file, cover.sha256.as_ref()?))),
            );
        for (file, sha256) in read {
            let claimed = manifest
                .files
                .iter()
                .find(|line| &line.path == file || line.path.ends_with(&format!("/{file}")));
            if claimed.is_some_and(|line| &line.sha256 != sha256) {
                return Err(format!(
                    "{file} in the spool is not what was taken in (its SHA-256 differs): look at the disk"
                ));
            }
        }
        Ok(())
    }
}

/// What the store knows of a package's past.
struct StoredPast<'a> {
    store: &'a Store,
    config: &'a Config,
    package: &'a PackageId,
    label: &'a LabelId,
    identity: &'a Identity,
}

impl Past for StoredPast<'_> {
    fn known(&self, tracks: &[Track]) -> Result<History, Fault> {
        let question = HistoryQuestion {
            label: self.label,
            package: self.package,
            icpn: self.identity.icpn.as_deref(),
            message_id: self.identity.message_id.as_deref(),
            sender_dpid: self.identity.sender_dpid.as_deref(),
            tracks,
        };
        let mut history = self
            .store
            .history(&question)
            .map_err(|error| broken(&error))?;
        if let Some(live) = &mut history.live
            && let Some(package) = &live.package
        {
            live.sheet = update::sheet_of(self.store, self.config, package)?;
        }
        Ok(history)
    }

    fn kept(&self) -> Result<Vec<(String, Kept)>, Fault> {
        let manifest = self
            .store
            .manifest(self.package)
            .map_err(|error| broken(&error))?;
        let files = manifest.map(|manifest| manifest.files).unwrap_or_default();
        let kept = files.into_iter();
        Ok(kept
            .filter_map(|file| Some((file.path, file.kept?)))
            .collect())
    }
}

/// The verdict as an event, with the release as validation read it.
fn judged(report: Report, claimed: Identity) -> Event {
    let release = &report.release;
    let identity = Identity {
        icpn: release.icpn.clone().or(claimed.icpn),
        title: release.title.clone().or(claimed.title),
        artist: release.artist.clone().or(claimed.artist),
        message_id: release.message_id.clone().or(claimed.message_id),
        message_created: release.message_created.clone().or(claimed.message_created),
        sender_dpid: claimed.sender_dpid,
        tracks: release.tracks.max(claimed.tracks),
    };
    Event::Judged {
        counts: report.counts,
        report: Some(Box::new(report)),
        identity,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Device and inode of everything that lies in the folder; what cannot be looked at is left out.
fn nodes(folder: &Path) -> HashSet<(u64, u64)> {
    let mut found = HashSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => folders.push(entry.path()),
                Ok(meta) => {
                    found.insert(FileKey::of(&meta).node());
                }
                Err(_) => {}
            }
        }
    }
    found
}

/// A channel that tells the spine of fresh claims.
pub fn wake() -> (mpsc::Sender<Fresh>, Receiver<Fresh>) {
    mpsc::channel()
}
