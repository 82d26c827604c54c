//! The store from outside: accounts, lists, and what the database itself refuses. The parts with
//! more to them are in `store/`; what they share is in `store/bench.rs`.

mod attempts;
mod barcodes;
mod batches;
pub(crate) mod bench;
mod crash;
mod intake;
mod letters;
mod live;
mod overrides;
mod pushes;
mod questions;
mod quotas;
mod recordings;
mod shipping;
mod takedowns;

use bench::{Bench, account, add_label, judged_event, manifest, noon, report};
use dropzone::domain::account::Accounts as _;
use dropzone::domain::ids::PackageId;
use dropzone::domain::ledger::Ledger as _;
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::lifecycle::{EventKind, Status};
use dropzone::domain::package::{Event, Identity, Package};
use dropzone::domain::report::Counts;
use dropzone::store::{Found, LetterState, PackageFilter, Store, StoreError};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_label_comes_back_as_it_was_saved() {
    let bench = Bench::new();
    let mut account = account(&bench.store, "warp", &["x@warp.example"]);
    account.password_hash = Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    account.keys = vec!["ssh-ed25519 AAAA tester".to_owned()];
    account.dpid = Some("PADPIDA2014120301V".to_owned());
    bench.store.add_label(&account).unwrap();
    assert_eq!(bench.store.label("warp").unwrap(), Some(account.clone()));
    assert_eq!(bench.store.find("warp").unwrap(), Some(account.clone()));

    account.disabled = true;
    account.dsps.clear();
    let changed = bench.store.change_label("warp", |account| {
        account.disabled = true;
        account.dsps.clear();
        Ok::<_, StoreError>(())
    });
    assert_eq!(changed.unwrap(), account);
    assert_eq!(
        bench.store.label_by_id(&account.id).unwrap(),
        Some(account.clone())
    );
    let names: Vec<String> = bench
        .store
        .labels()
        .unwrap()
        .into_iter()
        .map(|label| label.name)
        .collect();
    assert_eq!(names, ["ninja", "warp"]);
    assert_eq!(bench.store.label("Warp").unwrap(), None);
}

#[test]
fn a_label_name_is_taken_once() {
    let bench = Bench::new();
    let second = account(&bench.store, "ninja", &["x@y.example"]);
    let refused = bench.store.add_label(&second).unwrap_err();
    assert!(matches!(refused, StoreError::AlreadyThere { .. }));
    assert_eq!(
        refused.to_string(),
        "there is a label called ninja already; choose another name"
    );
    let nobody = bench
        .store
        .change_label("nobody", |_| Ok::<_, StoreError>(()));
    assert!(matches!(nobody, Err(StoreError::Missing { .. })));
}

#[test]
fn two_who_change_a_label_at_once_do_not_undo_one_another() {
    let bench = Bench::new();
    let other = Store::open(&bench.path(), noon).unwrap();
    let before = bench.store.label("ninja").unwrap().unwrap();
    let disabled = other.change_label("ninja", |account| {
        account.disabled = true;
        Ok::<_, StoreError>(())
    });
    assert!(disabled.unwrap().disabled);
    // Whoever looked before that changes what is there now.
    assert!(!before.disabled);
    let changed = bench.store.change_label("ninja", |account| {
        account.emails = vec!["new@ninja.example".to_owned()];
        Ok::<_, StoreError>(())
    });
    assert!(changed.unwrap().disabled);
    // What is refused changes nothing.
    let refused = bench.store.change_label("ninja", |account| {
        account.disabled = false;
        Err(StoreError::Stopped)
    });
    refused.unwrap_err();
    let after = bench.store.label("ninja").unwrap().unwrap();
    assert_eq!(after.emails, ["new@ninja.example"]);
    assert!(after.disabled);
}

#[test]
fn packages_are_listed_newest_first_and_filtered() {
    let bench = Bench::new();
    let first = bench.received("one");
    let second = bench.valid("two", "5034567890120");
    let other = add_label(&bench.store, "warp", &["x@warp.example"]);
    let third = bench.store.seen(&other, "one", false).unwrap();
    let ids = |filter: PackageFilter| -> Vec<String> {
        let packages = bench.store.packages(&filter).unwrap();
        packages
            .iter()
            .map(|package| package.id.to_string())
            .collect()
    };
    let all = PackageFilter::default();
    let [first, second, third] = [first, second, third].map(|id| id.to_string());
    assert_eq!(ids(all.clone()), [&*third, &*second, &*first]);
    let status = PackageFilter {
        status: Some(Status::NeedsQc),
        ..all.clone()
    };
    assert_eq!(ids(status.clone()), [&*second]);
    let label = PackageFilter {
        label: Some(other),
        ..all.clone()
    };
    assert_eq!(ids(label.clone()), [&*third]);
    let both = PackageFilter {
        label: label.label,
        ..status
    };
    assert!(ids(both).is_empty());
    let newest = PackageFilter {
        limit: Some(1),
        ..all
    };
    assert_eq!(ids(newest), [&*third]);
}

#[test]
fn a_package_is_found_by_either_end_of_its_identifier() {
    let bench = Bench::new();
    let one = bench.received("one");
    let two = bench.received("two");
    let find = |text: &str| bench.store.find_package(text).unwrap();
    let is = |found: Found<Package>, id: &PackageId| match found {
        Found::One(package) => package.id == *id,
        Found::None | Found::Many(_) => false,
    };
    assert!(is(find(one.as_str()), &one));
    assert!(is(find(&one.as_str()[20..]), &one), "last six characters");
    assert!(is(find(&two.as_str()[20..].to_lowercase()), &two));
    assert!(is(find(&format!(" {} ", &two.as_str()[18..])), &two));
    assert_eq!(
        find(&one.as_str()[23..]),
        Found::None,
        "too short to mean it"
    );
    assert_eq!(find("%%%%"), Found::None);
    assert_eq!(find(""), Found::None);
    let Found::Many(ids) = find(&one.as_str()[..6]) else {
        panic!("both begin with the same time");
    };
    assert_eq!(ids, [two.to_string(), one.to_string()]);
}

#[test]
fn the_report_and_the_manifest_come_back_whole() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some("5034567890120"));
    assert_eq!(bench.store.report(&id).unwrap(), None);
    assert_eq!(
        bench.store.manifest(&id).unwrap(),
        Some(manifest(&id, &bench.label, "one"))
    );
    let report = report(&[("AUD-001", "01_a.wav"), ("PKG-007", "02_b.wav")]);
    let package = bench.apply(&id, judged_event(&report, Some("5034567890120")));
    assert_eq!(package.status, Status::Invalid);
    assert_eq!(package.counts, report.counts);
    assert_eq!(package.title.as_deref(), Some("Blå Åre"));
    assert_eq!(package.tracks, 3);
    assert_eq!(package.label_name, "ninja");
    assert_eq!(bench.store.report(&id).unwrap(), Some(report));
    let log = bench.store.log(&id).unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!((log[1].number, log[1].status), (2, Status::Invalid));
    assert_eq!(log[1].actor, "test");
    assert_eq!(log[1].at, noon());
}

#[test]
fn a_verdict_without_a_title_keeps_the_one_that_was_known() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some("5034567890120"));
    let package = bench.apply(
        &id,
        Event::Judged {
            report: None,
            counts: Counts {
                error: 1,
                ..Counts::default()
            },
            identity: Identity::default(),
        },
    );
    assert_eq!(package.icpn.as_deref(), Some("5034567890120"));
    assert_eq!(package.tracks, 3);
}

#[test]
fn the_overview_counts_everything() {
    let bench = Bench::new();
    bench.received("one");
    bench.approved("two", "5034567890120");
    let overview = bench.store.overview().unwrap();
    assert_eq!(overview.packages[&Status::Receiving], 1);
    assert_eq!(overview.packages[&Status::QcApproved], 1);
    assert_eq!(overview.packages[&Status::Parked], 0);
    assert_eq!(overview.pushes[&PushState::Queued], 2);
    assert_eq!(overview.letters_due, 6, "three letters to two addresses");
    assert_eq!(overview.letters_dead, 0);
}

#[test]
fn the_words_in_the_database_are_those_of_the_domain() {
    let bench = Bench::new();
    let words = |table: &str, column: &str| -> BTreeSet<String> {
        let sql: String = bench
            .raw()
            .query_one(
                "SELECT sql FROM sqlite_schema WHERE name = ?1",
                [table],
                |row| row.get(0),
            )
            .unwrap();
        let list = sql.split(&format!("{column} IN (")).nth(1).unwrap();
        let list = list.split(')').next().unwrap();
        list.split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let of = |list: Vec<&'static str>| -> BTreeSet<String> {
        list.into_iter().map(str::to_owned).collect()
    };
    let statuses = of(Status::ALL.map(Status::as_str).to_vec());
    assert_eq!(words("package", "status"), statuses);
    assert_eq!(words("event", "status"), statuses);
    assert_eq!(
        words("event", "kind"),
        of(EventKind::ALL.map(EventKind::as_str).to_vec())
    );
    assert_eq!(
        words("push", "state"),
        of(PushState::ALL.map(PushState::as_str).to_vec())
    );
    assert_eq!(
        words("letter", "kind"),
        of(LetterKind::ALL.map(LetterKind::as_str).to_vec())
    );
    assert_eq!(
        words("letter", "state"),
        of(LetterState::ALL.map(LetterState::as_str).to_vec())
    );
    let finals = Status::ALL.into_iter().filter(|status| status.is_final());
    assert_eq!(
        words("package_final_stays", "OLD.status"),
        of(finals.map(Status::as_str).collect())
    );
}

#[test]
fn the_database_itself_refuses_what_must_not_be() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some("5034567890120"));
    bench.apply(&id, judged_event(&report(&[("A", "b")]), None));
    let open = bench.claimed("two", None);
    let raw = bench.raw();
    let to_review = |id| format!("UPDATE package SET status = 'needs_qc' WHERE id = '{id}'");
    let with_event = format!(
        "INSERT INTO event (package, number, at, actor, kind, status, body)
         VALUES ('{id}', 9, 'x', 'x', 'found_valid', 'needs_qc', '{{}}'); {}",
        to_review(&id)
    );
    for (sql, word) in [
        (with_event, "final"),
        (to_review(&open), "event"),
        (
            "UPDATE event SET actor = 'nobody'".to_owned(),
            "append-only",
        ),
        ("DELETE FROM event".to_owned(), "append-only"),
        (format!("DELETE FROM package WHERE id = '{open}'"), "kept"),
        (
            "INSERT INTO package (id, label, folder, status, attempt, via_sftp, received_at,
                 updated_at) SELECT 'x', label, 'x', 'needs_qc', 1, 1, 'x', 'x' FROM package"
                .to_owned(),
            "begins",
        ),
    ] {
        raw.execute_batch("BEGIN").unwrap();
        let refused = raw.execute_batch(&sql).unwrap_err().to_string();
        raw.execute_batch("ROLLBACK").unwrap();
        assert!(refused.contains(word), "{sql}: {refused}");
    }
    assert_eq!(bench.status(&id), Status::Invalid);
    assert_eq!(bench.status(&open), Status::Incoming);
}

#[test]
fn a_database_is_readable_by_its_owner_only() {
    let bench = Bench::new();
    bench.received("one");
    for file in ["dropzone.db", "dropzone.db-wal", "dropzone.db-shm"] {
        let path = bench.path().with_file_name(file);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn what_is_no_database_of_ours_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropzone.db");
    std::fs::write(
        &path,
        "no database, but long enough to be looked at".repeat(50),
    )
    .unwrap();
    let refused = Store::open(&path, noon).unwrap_err();
    assert!(matches!(refused, StoreError::Open { .. }), "{refused:?}");
    assert!(!refused.fault().is_transient());

    let newer = folder.path().join("newer.db");
    drop(Store::open(&newer, noon).unwrap());
    let raw = Connection::open(&newer).unwrap();
    raw.pragma_update(None, "user_version", 4711).unwrap();
    drop(raw);
    let refused = Store::open(&newer, noon).unwrap_err().to_string();
    assert!(refused.contains("version 4711"), "{refused}");
    assert!(refused.contains("install the newer dropzone"), "{refused}");

    let nowhere = folder.path().join("missing").join("dropzone.db");
    let refused = Store::open(&nowhere, noon).unwrap_err();
    assert!(matches!(refused, StoreError::Create { .. }));
}

#[test]
fn damage_is_noticed() {
    let bench = Bench::new();
    for n in 0..50 {
        bench.claimed(&format!("folder-{n}"), None);
    }
    bench.store.check().unwrap();
    let path = bench.path();
    let folder = bench.close();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let refused = Store::open(&path, noon).and_then(|store| store.check());
    assert!(refused.is_err());
    drop(folder);
}
