//! What the tests of the store share: a store in a directory of its own, and the shortest ways to
//! a package in each status.

use dropzone::domain::access::Access;
use dropzone::domain::account::{Account, Profile};
use dropzone::domain::facts::{Manifest, ManifestFile, SchemaCheck};
use dropzone::domain::ids::{DspId, LabelId, PackageId};
use dropzone::domain::ledger::{Intent, Ledger as _};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::{Event, Identity, Package};
use dropzone::domain::report::{Counts, Finding, ReleaseSummary, Report, Severity, Verdict};
use dropzone::store::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;
use std::path::PathBuf;

/// The operator's addresses in these tests.
pub(crate) const OPERATOR: [&str; 2] = ["ops@dropzone.example", "night@dropzone.example"];

/// Any time will do; time is a parameter.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

/// A store in a directory of its own, with one label that has two addresses and two DSPs.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) label: LabelId,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("dropzone.db"), noon).unwrap();
        store.set_operator(&OPERATOR.map(str::to_owned));
        let label = add_label(&store, "ninja", &["a@ninja.example", "b@ninja.example"]);
        Self {
            store,
            label,
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("dropzone.db")
    }

    /// Closes the store and keeps its directory.
    pub(crate) fn close(self) -> tempfile::TempDir {
        drop(self.store);
        self.folder
    }

    /// The database as anybody with `sqlite3` sees it.
    pub(crate) fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.raw().query_one(sql, [], |row| row.get(0)).unwrap()
    }

    /// A folder that is being uploaded.
    pub(crate) fn received(&self, folder: &str) -> PackageId {
        self.store.seen(&self.label, folder, true).unwrap()
    }

    /// A package that was claimed, status `incoming`.
    pub(crate) fn claimed(&self, folder: &str, icpn: Option<&str>) -> PackageId {
        let id = self.received(folder);
        self.apply(&id, claimed_event(&id, &self.label, folder, icpn));
        id
    }

    /// A package that passed validation, status `needs_qc`.
    pub(crate) fn valid(&self, folder: &str, icpn: &str) -> PackageId {
        let id = self.claimed(folder, Some(icpn));
        self.apply(&id, judged_event(&report(&[]), Some(icpn)));
        id
    }

    /// A package that was approved.
    pub(crate) fn approved(&self, folder: &str, icpn: &str) -> PackageId {
        let id = self.valid(folder, icpn);
        self.apply(
            &id,
            Event::Approved {
                note: None,
                ticked: Vec::new(),
            },
        );
        id
    }

    /// Changes the bench's label.
    pub(crate) fn change_label(&self, edit: fn(&mut Account)) {
        let changed = self.store.change_label("ninja", move |account| {
            edit(account);
            Ok::<_, StoreError>(())
        });
        changed.unwrap();
    }

    pub(crate) fn apply(&self, id: &PackageId, event: Event) -> Package {
        self.store.apply(id, event, "test", noon()).unwrap()
    }

    pub(crate) fn status(&self, id: &PackageId) -> Status {
        self.package(id).status
    }

    pub(crate) fn package(&self, id: &PackageId) -> Package {
        self.store.package(id).unwrap().unwrap()
    }
}

pub(crate) fn account(store: &Store, name: &str, emails: &[&str]) -> Account {
    Account {
        id: store.new_label_id(noon()).unwrap(),
        name: name.to_owned(),
        emails: emails.iter().map(|email| (*email).to_owned()).collect(),
        dsps: vec![DspId::new("archive"), DspId::new("megastream")],
        profile: Profile::Strict,
        dpid: None,
        territories: Vec::new(),
        takes_ern4: false,
        in_test: false,
        password_hash: None,
        keys: Vec::new(),
        disabled: false,
        access: Access::default(),
        created_at: "2026-01-02T03:04:05.123456789Z".parse().unwrap(),
    }
}

pub(crate) fn add_label(store: &Store, name: &str, emails: &[&str]) -> LabelId {
    let account = account(store, name, emails);
    store.add_label(&account).unwrap();
    account.id
}

pub(crate) fn identity(icpn: Option<&str>) -> Identity {
    Identity {
        icpn: icpn.map(str::to_owned),
        title: Some("Blå Åre".to_owned()),
        artist: Some("Ünder".to_owned()),
        message_id: Some("M-1".to_owned()),
        message_created: Some("2026-11-20T09:00:00+01:00".to_owned()),
        sender_dpid: None,
        tracks: 3,
    }
}

pub(crate) fn manifest(id: &PackageId, label: &LabelId, folder: &str) -> Manifest {
    Manifest {
        package: id.clone(),
        label: label.to_string(),
        folder: folder.to_owned(),
        files: vec![ManifestFile {
            path: "01_a.wav".to_owned(),
            size: 44,
            sha256: "ab".repeat(32),
            md5: Some("cd".repeat(16)),
            taken_over: false,
            kept: None,
        }],
    }
}

pub(crate) fn intent(id: &PackageId, label: &LabelId, folder: &str, icpn: Option<&str>) -> Intent {
    Intent {
        package: id.clone(),
        label: label.clone(),
        folder: folder.to_owned(),
        manifest: manifest(id, label, folder),
        identity: identity(icpn),
    }
}

pub(crate) fn claimed_event(
    id: &PackageId,
    label: &LabelId,
    folder: &str,
    icpn: Option<&str>,
) -> Event {
    Event::Claimed {
        manifest: manifest(id, label, folder),
        identity: identity(icpn),
    }
}

/// A report with one error for each pair of code and file.
pub(crate) fn report(errors: &[(&str, &str)]) -> Report {
    let findings: Vec<Finding> = errors
        .iter()
        .map(|(code, file)| Finding {
            code: (*code).to_owned(),
            severity: Severity::Error,
            title: "A fault".to_owned(),
            message: format!("{file} is at fault."),
            fix: "Mend it.".to_owned(),
            fixable: false,
            repair: Vec::new(),
            usual: None,
            more: None,
            standing: None,
            file: Some((*file).to_owned()),
            line: None,
            column: None,
            path: None,
            track: None,
            isrc: None,
            expected: None,
            found: None,
            source: "guide".to_owned(),
        })
        .collect();
    Report {
        verdict: if findings.is_empty() {
            Verdict::Valid
        } else {
            Verdict::Invalid
        },
        profile: Profile::Strict,
        folder: "any".to_owned(),
        counts: Counts::of(&findings),
        findings,
        release: ReleaseSummary::default(),
        tracks: Vec::new(),
        artwork: None,
        muted: Vec::new(),
        not_run: Vec::new(),
        schema: SchemaCheck::NotRun,
        dropzone_version: "0.1.0".to_owned(),
        compared: None,
        difference: None,
        readiness: Vec::new(),
    }
}

pub(crate) fn judged_event(report: &Report, icpn: Option<&str>) -> Event {
    Event::Judged {
        report: Some(Box::new(report.clone())),
        counts: report.counts,
        identity: identity(icpn),
    }
}
