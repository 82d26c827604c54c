//! Intake's memory: everything may be called twice, and survives.

use super::bench::{Bench, OPERATOR, intent, noon};
use dropzone::domain::ids::{LabelId, PackageId};
use dropzone::domain::ledger::{Ledger as _, OpenFolder};
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Event;
use dropzone::store::Store;

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn letters(bench: &Bench, id: &PackageId) -> Vec<LetterKind> {
    let rows = bench.store.letters(id).unwrap();
    let first = rows.iter().filter(|row| row.recipient == "a@ninja.example");
    first.map(|row| row.kind).collect()
}

#[test]
fn a_folder_is_one_package_however_often_it_is_seen() {
    let bench = Bench::new();
    let id = bench.received("summer");
    assert_eq!(bench.received("summer"), id);
    let other = bench.store.seen(&bench.label, "Summer", false).unwrap();
    assert_ne!(other, id, "names differ in case");
    assert_eq!(
        bench.store.open_folders().unwrap(),
        [
            OpenFolder {
                package: id.clone(),
                label: bench.label.clone(),
                folder: "summer".to_owned(),
                via_sftp: true,
            },
            OpenFolder {
                package: other,
                label: bench.label.clone(),
                folder: "Summer".to_owned(),
                via_sftp: false,
            }
        ]
    );
    let package = bench.package(&id);
    assert_eq!(package.received_at, noon());
    assert_eq!(package.status, Status::Receiving);
    assert!(
        bench
            .store
            .seen(&LabelId::new("nobody"), "x", true)
            .is_err()
    );
}

#[test]
fn what_is_missing_is_shown_and_told_once() {
    let bench = Bench::new();
    let id = bench.received("summer");
    let missing = lines(&["waiting for 03.wav"]);
    bench.store.waiting(&id, &missing).unwrap();
    assert_eq!(bench.package(&id).waiting_for, missing);
    assert!(bench.store.log(&id).unwrap().is_empty(), "no event");
    bench.store.stalled(&id, &missing).unwrap();
    bench.store.stalled(&id, &missing).unwrap();
    assert_eq!(letters(&bench, &id), [LetterKind::Stalled]);
    let less = lines(&["03.wav is not finished"]);
    bench.store.waiting(&id, &less).unwrap();
    bench.store.stalled(&id, &less).unwrap();
    assert_eq!(letters(&bench, &id), [LetterKind::Stalled; 2]);
    assert_eq!(bench.status(&id), Status::Receiving);
}

#[test]
fn a_renamed_folder_keeps_its_package() {
    let bench = Bench::new();
    let id = bench.received("_uploading");
    let stale = bench.received("summer");
    bench.store.renamed(&id, "summer").unwrap();
    bench.store.renamed(&id, "summer").unwrap();
    assert_eq!(bench.package(&id).folder, "summer");
    assert_eq!(bench.received("summer"), id);
    assert_eq!(
        bench.status(&stale),
        Status::Superseded,
        "its folder was gone, or the rename could not have been"
    );
}

#[test]
fn a_folder_taken_away_ends_quietly() {
    let bench = Bench::new();
    let id = bench.received("summer");
    bench.store.withdrawn(&id).unwrap();
    bench.store.withdrawn(&id).unwrap();
    assert_eq!(bench.status(&id), Status::Superseded);
    assert!(letters(&bench, &id).is_empty());
    assert_ne!(bench.received("summer"), id, "the next upload is another");
}

#[test]
fn a_claim_is_an_intent_until_it_is_done() {
    let bench = Bench::new();
    let id = bench.received("summer");
    let intent = intent(&id, &bench.label, "summer", Some("5034567890120"));
    bench.store.intend(&intent).unwrap();
    bench.store.intend(&intent).unwrap();
    assert_eq!(bench.store.intents().unwrap().first(), Some(&intent));
    assert_eq!(bench.store.intents().unwrap().len(), 1);
    bench.store.abandoned(&id).unwrap();
    bench.store.abandoned(&id).unwrap();
    assert!(bench.store.intents().unwrap().is_empty());
    assert_eq!(bench.status(&id), Status::Receiving);

    bench.store.intend(&intent).unwrap();
    bench.store.claimed(&intent).unwrap();
    bench.store.claimed(&intent).unwrap();
    assert!(bench.store.intents().unwrap().is_empty());
    assert_eq!(bench.status(&id), Status::Incoming);
    assert_eq!(bench.number("SELECT count(*) FROM intent"), 0);
    assert_eq!(bench.store.log(&id).unwrap().len(), 1);
    assert_eq!(letters(&bench, &id), [LetterKind::Incoming]);
    assert!(bench.package(&id).waiting_for.is_empty());
    assert!(
        bench.store.intend(&intent).is_err(),
        "it is claimed already"
    );
}

#[test]
fn an_intent_survives_the_daemon() {
    let bench = Bench::new();
    let id = bench.received("summer");
    let intent = intent(&id, &bench.label, "summer", None);
    bench.store.intend(&intent).unwrap();
    let after = Store::open(&bench.path(), noon).unwrap();
    assert_eq!(after.intents().unwrap(), [intent]);
}

#[test]
fn a_folder_that_is_parked_again_after_a_restart_is_not_told_again() {
    let bench = Bench::new();
    let first = bench.received("summer");
    bench
        .store
        .park(&first, "summer could not be claimed")
        .unwrap();
    assert_eq!(letters(&bench, &first), [LetterKind::Parked]);
    let again = bench.received("summer");
    assert_eq!(again, first, "its folder is there still");
    bench
        .store
        .park(&again, "summer could not be claimed")
        .unwrap();
    assert_eq!(bench.status(&again), Status::Parked);
    let told = || bench.store.letters(&again).unwrap().len();
    let once = 2 + OPERATOR.len();
    assert_eq!(told(), once, "nobody is told twice");
    bench.apply(&again, Event::Unparked);
    bench
        .store
        .park(&again, "summer could not be claimed")
        .unwrap();
    assert_eq!(
        told(),
        once + OPERATOR.len(),
        "who asked for another try hears of it, and the label does not"
    );

    let other = bench.received("autumn");
    bench
        .store
        .park(&other, "autumn could not be claimed")
        .unwrap();
    assert_eq!(letters(&bench, &other), [LetterKind::Parked]);
    let lost = bench.received("summer");
    bench
        .store
        .intend(&intent(&lost, &bench.label, "summer", None))
        .unwrap();
    bench.store.park(&lost, "both folders are gone").unwrap();
    assert_eq!(
        letters(&bench, &lost),
        [LetterKind::Parked; 2],
        "files are gone: another matter than that of before"
    );
}

#[test]
fn a_parked_package_is_told_to_both_sides_once() {
    let bench = Bench::new();
    let id = bench.received("summer");
    bench
        .store
        .intend(&intent(&id, &bench.label, "summer", None))
        .unwrap();
    bench.store.park(&id, "both folders are gone").unwrap();
    bench.store.park(&id, "both folders are gone").unwrap();
    assert_eq!(bench.status(&id), Status::Parked);
    assert_eq!(letters(&bench, &id), [LetterKind::Parked]);
    let rows = bench.store.letters(&id).unwrap();
    let to_operator = rows
        .iter()
        .filter(|row| row.kind == LetterKind::OperatorParked);
    assert_eq!(to_operator.count(), 2);
    assert_eq!(bench.store.intents().unwrap().len(), 1, "to try again");
}

#[test]
fn a_missing_package_is_a_fault_with_a_code() {
    let bench = Bench::new();
    let nobody = PackageId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let fault = bench.store.withdrawn(&nobody).unwrap_err();
    assert_eq!(fault.code, "package_not_found");
    let id = bench.valid("summer", "5034567890120");
    let fault = bench.store.withdrawn(&id).unwrap_err();
    assert_eq!(fault.code, "package_state");
    let refused = bench.store.apply(&id, Event::Unparked, "ops", noon());
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a package that is needs_qc cannot be unparked"
    );
}
