//! The spine: claimed package → inspect → report for the label → verdict in the store.
//!
//! One package at a time, its files in parallel. What is to be done is read from the store (status
//! `incoming`), so a restart needs no list of its own and a lost wake-up costs a moment.

use super::live::Live;
use super::{clock, reports};
use crate::domain::account::Account;
use crate::domain::history::History;
use crate::domain::ids::PackageId;
use crate::domain::lifecycle::Status;
use crate::domain::package::{Event, Identity, Package};
use crate::domain::report::Report;
use crate::inspect::{self, Request};
use crate::store::{ApplyError, HistoryQuestion, PackageFilter, Store};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, mpsc};
use std::time::Duration;

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
    /// Turns true when the daemon stops; a half-done inspection is begun again at the next start.
    pub stop: Arc<AtomicBool>,
}

impl Pipeline {
    /// Inspects what is `incoming` until told to stop; `wake` tells of fresh claims.
    pub fn run(&self, wake: &Receiver<PackageId>) {
        let mut failed: HashMap<PackageId, u32> = HashMap::new();
        while !self.stop.load(Ordering::Relaxed) {
            let idle = match self.next(&failed) {
                Ok(Some(package)) => {
                    self.take(&package, &mut failed);
                    false
                }
                Ok(None) => true,
                Err(error) => {
                    tracing::error!(error = %super::words(&error), "the store cannot be read");
                    true
                }
            };
            if idle && matches!(wake.recv_timeout(LOOK), Err(RecvTimeoutError::Disconnected)) {
                std::thread::sleep(LOOK);
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

    fn take(&self, package: &Package, failed: &mut HashMap<PackageId, u32>) {
        let begun = std::time::Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.inspect(package)))
            .unwrap_or_else(|_| Err("the inspection panicked; the log has the place".to_owned()));
        match outcome {
            Ok(status) => {
                failed.remove(&package.id);
                let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(package.id = %package.id, label = %package.label_name, %status, duration_ms, "package inspected");
            }
            // The daemon stops; nothing is wrong with the package.
            Err(_) if self.stop.load(Ordering::Relaxed) => {}
            Err(why) => {
                let tries = failed.entry(package.id.clone()).or_insert(0);
                *tries += 1;
                tracing::error!(package.id = %package.id, tries = *tries, why, "package could not be inspected");
                if *tries >= TRIES {
                    failed.remove(&package.id);
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
    fn inspect(&self, package: &Package) -> Result<Status, String> {
        let say = |error: crate::store::StoreError| super::words(&error);
        let parts = self.live.parts();
        let account = self
            .store
            .label_by_id(&package.label)
            .map_err(say)?
            .ok_or("its label is not in the store")?;
        let identity = self.identity(package).map_err(say)?;
        let history = self.history(package, &identity, &account).map_err(say)?;
        let root = parts.config.places().package(&package.id);
        let report = inspect::inspect(&Request {
            root: &root,
            folder: &package.folder,
            profile: account.profile,
            label_dpid: account.dpid.as_deref(),
            history: Some(&history),
            limits: &parts.config.limits,
            schemas: &parts.schemas,
            threads: parts.config.inspect.threads,
            now: clock::now(),
            progress: None,
            cancel: Some(&self.stop),
        })
        .map_err(|error| super::words(&error))?;
        self.compare_with_manifest(package, &report)?;
        reports::write(&parts.config.places(), package, &report)
            .map_err(|error| format!("{error:#}"))?;
        super::crash_point("judge.before_apply");
        let event = judged(report, identity);
        match self.store.apply(&package.id, event, "daemon", clock::now()) {
            Ok(package) => Ok(package.status),
            // A newer attempt of the release took its place meanwhile; its verdict is what counts.
            Err(ApplyError::Illegal(illegal)) if illegal.status == Status::Superseded => {
                Ok(Status::Superseded)
            }
            Err(error) => Err(super::words(&error)),
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
            | Event::Unparked => None,
        });
        Ok(claimed.unwrap_or_default())
    }

    fn history(
        &self,
        package: &Package,
        identity: &Identity,
        account: &Account,
    ) -> Result<History, crate::store::StoreError> {
        self.store.history(&HistoryQuestion {
            label: &account.id,
            package: &package.id,
            icpn: identity.icpn.as_deref(),
            message_id: identity.message_id.as_deref(),
            sender_dpid: identity.sender_dpid.as_deref(),
        })
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

/// A channel that tells the spine of fresh claims.
pub fn wake() -> (mpsc::Sender<PackageId>, Receiver<PackageId>) {
    mpsc::channel()
}
