//! The pages for whoever watches: `/metrics` for Prometheus, `/healthz`, `/readyz`.
//!
//! Every name is told in README and held together with the alert rules in
//! `config/alerts/dropzone.rules.yml` by a test.

use super::audit::Audit;
use super::http::Answer;
use crate::daemon::{clock, lock};
use crate::domain::places::Places;
use crate::meter::DoorMeter;
use crate::meter::text::{CONTENT_TYPE, Page};
use crate::sftp::Door;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything that is asked for a page.
pub struct Watched {
    /// The SFTP server.
    pub door: Arc<Door>,
    /// What it counts.
    pub meter: Arc<DoorMeter>,
    /// The database.
    pub store: Store,
    /// The audit log.
    pub audit: Audit,
    /// Where the disk is.
    pub places: Places,
    /// Uploads are taken: the start is over.
    pub accepting: AtomicBool,
    /// Bytes that have to be free for us to say that we are ready.
    pub ready_free_bytes: u64,
    /// When the daemon was started.
    pub started: Timestamp,
}

impl Watched {
    /// The page of a path. Blocks.
    pub fn page(&self, path: &str) -> Answer {
        match path {
            "/metrics" => match self.metrics() {
                Ok(body) => Answer {
                    status: 200,
                    kind: CONTENT_TYPE,
                    body,
                },
                Err(error) => Answer::plain(503, format!("{error}\n")),
            },
            "/healthz" => self.health(),
            "/readyz" => self.readiness(),
            "/" => Answer::plain(200, "dropzone: /metrics /healthz /readyz\n"),
            _ => Answer::plain(404, "there is /metrics, /healthz and /readyz\n"),
        }
    }

    /// The process lives and its database answers.
    fn health(&self) -> Answer {
        if self.store.has_stopped() {
            return Answer::plain(503, "the database's writer has stopped\n");
        }
        match self.store.overview() {
            Ok(_) => Answer::plain(200, "ok\n"),
            Err(error) => Answer::plain(503, format!("{error}\n")),
        }
    }

    /// Labels can upload now.
    fn readiness(&self) -> Answer {
        let health = self.health();
        if health.status != 200 {
            return health;
        }
        if self.door.is_draining() {
            return Answer::plain(503, "stopping: running uploads are finished\n");
        }
        if !self.accepting.load(Ordering::Relaxed) {
            return Answer::plain(503, "starting: what a stop left behind is looked at\n");
        }
        let free = lock::free_bytes(self.places.root());
        if free < self.ready_free_bytes {
            let (free, least) = (free >> 20, self.ready_free_bytes >> 20);
            return Answer::plain(
                503,
                format!("{free} MiB are free; metrics.ready_free_mib wants {least}\n"),
            );
        }
        Answer::plain(200, "ready\n")
    }

    fn metrics(&self) -> Result<String, StoreError> {
        let mut page = Page::default();
        self.process(&mut page);
        self.connections(&mut page);
        self.files(&mut page);
        self.work(&mut page)?;
        Ok(page.finish())
    }

    fn process(&self, page: &mut Page) {
        page.gauges(
            "dropzone_build_info",
            "Always 1; the version is in the label.",
            "version",
            [(env!("CARGO_PKG_VERSION"), 1)],
        );
        page.gauge(
            "dropzone_start_time_seconds",
            "When the daemon was started, since 1970.",
            self.started.as_second(),
        );
        page.gauge(
            "dropzone_ready",
            "Whether labels can upload now, as /readyz says.",
            u8::from(self.readiness().status == 200),
        );
        page.gauge(
            "dropzone_disk_free_bytes",
            "Free on the file system of the data directory.",
            lock::free_bytes(self.places.root()),
        );
        page.counter(
            "dropzone_audit_lost_total",
            "Lines of the audit log that could not be written.",
            self.audit.lost(),
        );
    }

    fn connections(&self, page: &mut Page) {
        let meter = &*self.meter;
        page.gauge(
            "dropzone_connections",
            "SSH connections that are open, logged in or not.",
            self.door.connections(),
        );
        page.gauge(
            "dropzone_sessions",
            "SFTP sessions that are open.",
            self.door.sessions(),
        );
        page.counter(
            "dropzone_connections_total",
            "Connections taken.",
            meter.connections.get(),
        );
        page.counters(
            "dropzone_connections_refused_total",
            "Connections not taken.",
            "reason",
            &[
                ("full", &meter.refused_full),
                ("penalty", &meter.refused_penalty),
                ("proxy", &meter.refused_proxy),
                ("algorithms", &meter.refused_algorithms),
            ],
        );
        page.counters(
            "dropzone_logins_total",
            "Logins.",
            "method",
            &[
                ("password", &meter.logins_password),
                ("publickey", &meter.logins_key),
                ("publickey+password", &meter.logins_both),
            ],
        );
        page.counters(
            "dropzone_logins_refused_total",
            "Passwords refused, and connections that offered only keys that may not log in.",
            "method",
            &[
                ("password", &meter.refused_password),
                ("publickey", &meter.refused_key),
            ],
        );
        let penalties = self.door.penalties();
        page.gauge(
            "dropzone_penalties",
            "Sources that are refused now because of failed logins.",
            penalties.iter().filter(|penalty| penalty.enforced).count(),
        );
    }

    fn files(&self, page: &mut Page) {
        let meter = &*self.meter;
        page.counter(
            "dropzone_received_bytes_total",
            "Bytes of files that labels wrote.",
            meter.bytes_in.get(),
        );
        page.counter(
            "dropzone_sent_bytes_total",
            "Bytes of files that labels read.",
            meter.bytes_out.get(),
        );
        page.counters(
            "dropzone_hash_bytes_total",
            "Bytes of files that were hashed: while they arrived, or read again afterwards.",
            "source",
            &[
                ("arriving", &meter.hashed_arriving),
                ("afterwards", &meter.hashed_afterwards),
            ],
        );
        page.gauge(
            "dropzone_hash_held_bytes",
            "Bytes of small files on their way that are kept in memory to be hashed; at most 16 MiB.",
            self.door.held_bytes(),
        );
        page.counter(
            "dropzone_files_received_total",
            "Files received whole.",
            meter.files.get(),
        );
        page.counter(
            "dropzone_files_partial_total",
            "Uploads that broke off; what came is kept to be resumed.",
            meter.partials.get(),
        );
        page.counter(
            "dropzone_files_failed_total",
            "Files that were closed and could not be kept.",
            meter.failed_closes.get(),
        );
        page.counters(
            "dropzone_requests_refused_total",
            "Requests refused: for want of space (the disk's or a quota's), or otherwise.",
            "reason",
            &[
                ("space", &meter.refused_space),
                ("other", &meter.refused_other),
            ],
        );
        page.histogram(
            "dropzone_close_seconds",
            "From the CLOSE of an upload to its answer.",
            &meter.close,
        );
        page.histogram(
            "dropzone_fsync_seconds",
            "Of the content of one file.",
            &meter.fsync,
        );
    }

    fn work(&self, page: &mut Page) -> Result<(), StoreError> {
        let (overview, oldest) = (self.store.overview()?, self.store.oldest()?);
        page.gauges(
            "dropzone_packages",
            "Packages.",
            "status",
            overview
                .packages
                .iter()
                .map(|(status, n)| (status.as_str(), n)),
        );
        page.gauges(
            "dropzone_pushes",
            "Pushes to DSPs.",
            "state",
            overview.pushes.iter().map(|(state, n)| (state.as_str(), n)),
        );
        page.gauges(
            "dropzone_letters",
            "E-mails that wait, and that were given up.",
            "state",
            [
                ("due", overview.letters_due),
                ("dead", overview.letters_dead),
            ],
        );
        let now = clock::now();
        let age = |since: Option<Timestamp>| {
            since.map_or(0, |since| now.duration_since(since).as_secs().max(0))
        };
        page.gauges(
            "dropzone_oldest_seconds",
            "How long the oldest thing waits; 0 when nothing does.",
            "queue",
            [
                ("inspection", age(oldest.inspection)),
                ("review", age(oldest.review)),
                ("push", age(oldest.push)),
                ("question", age(oldest.question)),
                ("answer", age(oldest.answer)),
                ("letter", age(oldest.letter)),
            ],
        );
        let (commits, changes) = self.store.commits();
        page.counter(
            "dropzone_store_commits_total",
            "Commits of the database.",
            commits,
        );
        page.counter(
            "dropzone_store_changes_total",
            "Changes that were in them.",
            changes,
        );
        Ok(())
    }
}
