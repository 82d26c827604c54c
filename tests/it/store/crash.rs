//! Many writers at once, and the end of the process at any point.

use super::bench::{Bench, add_label, claimed_event, judged_event, noon, report};
use dropzone::domain::ids::PackageId;
use dropzone::domain::ledger::Ledger as _;
use dropzone::domain::lifecycle::{Status, next};
use dropzone::domain::package::Event;
use dropzone::store::{ApplyError, PackageFilter, Store};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Names the database to the process that is going to be killed.
const DATABASE_VARIABLE: &str = "DROPZONE_TEST_DATABASE";

/// What has to hold whenever a database is opened: the log folds to the status, and every effect
/// of every line is in the outbox.
fn check(store: &Store) -> BTreeMap<PackageId, Status> {
    store.check().unwrap();
    let mut statuses = BTreeMap::new();
    for package in store.packages(&PackageFilter::default()).unwrap() {
        let mut status = Status::Receiving;
        let mut letters = 0;
        for line in store.log(&package.id).unwrap() {
            let (after, effects) = next(status, line.event.kind()).unwrap();
            assert_eq!(line.status, after);
            status = after;
            letters += effects.len();
        }
        assert_eq!(package.status, status, "the log folds to the status");
        let written = store.letters(&package.id).unwrap().len();
        assert_eq!(written, letters, "one address, one letter for each effect");
        let judged = matches!(status, Status::NeedsQc | Status::Invalid);
        if judged {
            assert!(store.report(&package.id).unwrap().is_some());
        }
        statuses.insert(package.id, status);
    }
    statuses
}

#[test]
fn of_many_who_approve_one_is_heard() {
    let bench = Bench::new();
    let packages: Vec<PackageId> = (0..12)
        .map(|n| bench.valid(&format!("folder-{n}"), &format!("{n:012}")))
        .collect();
    // Another process is another store on the same file.
    let other = Store::open(&bench.path(), noon).unwrap();
    let mut heard = 0;
    std::thread::scope(|scope| {
        let approve = |store: &Store| {
            let mut heard = 0;
            for id in &packages {
                match store.apply(
                    id,
                    Event::Approved {
                        note: None,
                        ticked: Vec::new(),
                    },
                    "anna",
                    noon(),
                ) {
                    Ok(_) => heard += 1,
                    Err(ApplyError::Illegal(illegal)) => {
                        assert_eq!(illegal.status, Status::QcApproved);
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            heard
        };
        let threads: Vec<_> = [&bench.store, &other, &bench.store, &other]
            .map(|store| scope.spawn(move || approve(store)))
            .into_iter()
            .collect();
        heard = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
    });
    assert_eq!(heard, packages.len());
    for id in &packages {
        assert_eq!(bench.store.log(id).unwrap().len(), 3);
    }
    assert_eq!(bench.number("SELECT count(*) FROM push"), 24);
}

#[test]
fn two_programs_write_and_nothing_is_lost() {
    let bench = Bench::new();
    let other = Store::open(&bench.path(), noon).unwrap();
    std::thread::scope(|scope| {
        for (name, store) in [("x", &bench.store), ("y", &other), ("z", &other)] {
            let label = &bench.label;
            scope.spawn(move || {
                for n in 0..15 {
                    let folder = format!("{name}-{n}");
                    let id = store.seen(label, &folder, true).unwrap();
                    let event = claimed_event(&id, label, &folder, None);
                    store.apply(&id, event, "daemon", noon()).unwrap();
                }
            });
        }
    });
    let overview = bench.store.overview().unwrap();
    assert_eq!(overview.packages[&Status::Incoming], 45);
    assert_eq!(overview.letters_due, 90);
}

#[test]
fn a_release_uploaded_twice_at_once_has_two_attempts() {
    let bench = Bench::new();
    let other = Store::open(&bench.path(), noon).unwrap();
    let ids: Vec<_> = ["a", "b", "c", "d"]
        .map(|folder| bench.received(folder))
        .into();
    std::thread::scope(|scope| {
        for (n, id) in ids.iter().enumerate() {
            let store = if n % 2 == 0 { &bench.store } else { &other };
            let label = &bench.label;
            scope.spawn(move || {
                let event = claimed_event(id, label, "x", Some("036000291452"));
                store.apply(id, event, "daemon", noon()).unwrap();
            });
        }
    });
    let mut attempts: Vec<_> = ids.iter().map(|id| bench.package(id).attempt).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3, 4]);
    let overview = bench.store.overview().unwrap();
    assert_eq!(overview.packages[&Status::Incoming], 1);
    assert_eq!(overview.packages[&Status::Superseded], 3);
}

#[test]
fn changes_that_wait_together_are_committed_together() {
    let bench = Bench::new();
    let (commits_before, changes_before) = bench.store.commits();
    std::thread::scope(|scope| {
        for name in 0..16 {
            let (store, label) = (&bench.store, &bench.label);
            scope.spawn(move || {
                for n in 0..20 {
                    store.seen(label, &format!("{name}-{n}"), true).unwrap();
                }
            });
        }
    });
    let (commits, changes) = bench.store.commits();
    assert_eq!(changes - changes_before, 320);
    let commits = commits - commits_before;
    assert!(commits < 320, "{commits} commits of 320 changes");
    assert_eq!(bench.store.open_folders().unwrap().len(), 320);
}

/// Copies the files of a store that is still open, as a crash of the process would leave them.
fn copy(from: &Path, to: &Path, log_bytes: Option<usize>) {
    std::fs::copy(from, to).unwrap();
    let wal = std::fs::read(from.with_extension("db-wal")).unwrap();
    let end = log_bytes.unwrap_or(wal.len()).min(wal.len());
    std::fs::write(to.with_extension("db-wal"), &wal[..end]).unwrap();
}

#[test]
fn what_was_answered_is_there_after_a_crash() {
    let bench = Bench::new();
    let id = bench.received("one");
    bench.apply(&id, claimed_event(&id, &bench.label, "one", None));
    let folder = tempfile::tempdir().unwrap();
    let crashed = folder.path().join("crashed.db");
    copy(&bench.path(), &crashed, None);
    let after = Store::open(&crashed, noon).unwrap();
    assert_eq!(
        after.package(&id).unwrap().unwrap().status,
        Status::Incoming
    );
    let event = judged_event(&report(&[]), None);
    after.apply(&id, event, "daemon", noon()).unwrap();
    assert_eq!(after.log(&id).unwrap().len(), 2);
}

#[test]
fn a_log_cut_anywhere_holds_whole_transitions_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropzone.db");
    let store = Store::open(&path, noon).unwrap();
    store.set_operator(&["ops@dropzone.example".to_owned()]);
    let label = add_label(&store, "ninja", &["a@ninja.example"]);
    let mut expected = Vec::new();
    for n in 0..3 {
        let name = format!("folder-{n}");
        let id = store.seen(&label, &name, true).unwrap();
        for event in [
            claimed_event(&id, &label, &name, Some("036000291452")),
            judged_event(&report(&[]), Some("036000291452")),
        ] {
            store.apply(&id, event, "daemon", noon()).unwrap();
        }
        expected.push(id);
    }
    let whole = std::fs::metadata(path.with_extension("db-wal"))
        .unwrap()
        .len();
    let whole = usize::try_from(whole).unwrap();
    let crashed = folder.path().join("crashed.db");
    let mut packages = std::collections::BTreeSet::new();
    let cuts = (0..=48).map(|part| whole * part / 48);
    for cut in cuts {
        for leftover in ["db", "db-wal", "db-shm"] {
            let _ignored = std::fs::remove_file(crashed.with_extension(leftover));
        }
        copy(&path, &crashed, Some(cut));
        let after = Store::open(&crashed, noon).unwrap();
        packages.insert(check(&after).len());
    }
    assert_eq!(
        packages,
        (0..=3).collect(),
        "the cuts fell between all of them"
    );
    assert_eq!(check(&store).len(), expected.len());
}

#[test]
fn what_a_killed_process_was_answered_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropzone.db");
    let mut acknowledged = BTreeMap::new();
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::crash::writes_until_killed"])
            .args(["--include-ignored", "--nocapture"])
            .env(DATABASE_VARIABLE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = 0;
        while heard < 7 + round * 5 {
            let line = lines.next().expect("the child goes on until it is killed");
            heard += usize::from(note(&line.unwrap(), &mut acknowledged));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died was answered as well.
        for line in lines.map_while(Result::ok) {
            note(&line, &mut acknowledged);
        }
        let found = check(&Store::open(&path, noon).unwrap());
        for (id, events) in &acknowledged {
            let store = Store::open(&path, noon).unwrap();
            let log = store.log(&PackageId::new(id.clone())).unwrap();
            assert!(log.len() >= *events, "{id}: {events} events were answered");
        }
        assert!(found.len() >= acknowledged.len());
    }
}

/// Takes down `answered <package> <events>`.
fn note(line: &str, acknowledged: &mut BTreeMap<String, usize>) -> bool {
    let mut words = line
        .split(' ')
        .skip_while(|word| *word != "answered")
        .skip(1);
    let (Some(id), Some(events)) = (words.next(), words.next()) else {
        return false;
    };
    acknowledged.insert(id.to_owned(), events.parse().unwrap());
    true
}

/// The process that `what_a_killed_process_was_answered_is_there` kills.
#[test]
#[ignore = "another test runs and kills it"]
fn writes_until_killed() {
    let Ok(path) = std::env::var(DATABASE_VARIABLE) else {
        return;
    };
    let store = Store::open(Path::new(&path), noon).unwrap();
    let known = store.label("ninja").unwrap().map(|label| label.id);
    let label = known.unwrap_or_else(|| add_label(&store, "ninja", &["a@ninja.example"]));
    let begun = store.packages(&PackageFilter::default()).unwrap().len();
    // Far more than the parent waits for; the end is only for the case that the parent is gone.
    for n in begun..begun + 500 {
        let folder = format!("folder-{n}");
        let id = store.seen(&label, &folder, true).unwrap();
        println!("answered {id} 0");
        let event = claimed_event(&id, &label, &folder, None);
        store.apply(&id, event, "daemon", noon()).unwrap();
        println!("answered {id} 1");
        let event = judged_event(&report(&[("A", "b")]), None);
        store.apply(&id, event, "daemon", noon()).unwrap();
        println!("answered {id} 2");
    }
}
