//! Upload space, and uploads that are set aside.

use super::bench::{Bench, add_label, judged_event, later, manifest, noon, report};
use dropzone::domain::account::Accounts as _;
use dropzone::domain::ids::{DspId, PackageId};
use dropzone::domain::ledger::{Earlier, Ledger as _};
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Event;
use dropzone::domain::quota::OwnQuota;
use std::time::Duration;

const UPC: &str = "036000291452";

fn kinds(bench: &Bench, id: &PackageId) -> Vec<LetterKind> {
    let rows = bench.store.letters(id).unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

#[test]
fn a_quota_is_agreed_changed_and_given_up() {
    let bench = Bench::new();
    let store = &bench.store;
    assert!(store.quota_of(&bench.label).unwrap().is_empty());
    let own = OwnQuota {
        bytes: Some(50_000_000_000),
        depth: Some(4),
        ..OwnQuota::default()
    };
    store.set_quota(&bench.label, own, "ops", noon()).unwrap();
    assert_eq!(store.quota_of(&bench.label).unwrap(), own);
    assert_eq!(store.own_quota(&bench.label).unwrap(), own, "for the door");
    let other = add_label(store, "other", &["o@x.example"]);
    assert!(store.quota_of(&other).unwrap().is_empty());
    let none = OwnQuota::default();
    store.set_quota(&bench.label, none, "ops", noon()).unwrap();
    assert!(store.quota_of(&bench.label).unwrap().is_empty());
    assert_eq!(bench.number("SELECT count(*) FROM quota"), 0);
}

#[test]
fn a_label_is_told_once_that_its_space_is_full() {
    let bench = Bench::new();
    let full = |folder: &str| {
        let words = "Your upload space is full.";
        bench.store.over_quota(&bench.label, folder, words).unwrap()
    };
    assert!(!full("one"), "nothing the letter could be about");
    let one = bench.received("one");
    let two = bench.received("two");
    assert!(full("one"));
    assert!(full("one") && full("two"), "told already");
    assert_eq!(
        kinds(&bench, &one),
        [LetterKind::OverQuota; 2],
        "two addresses"
    );
    assert!(kinds(&bench, &two).is_empty());
    assert_eq!(bench.status(&one), Status::Receiving);
    let seen = bench.store.full_spaces(later(-60)).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].label.as_str(), seen[0].at), ("ninja", noon()));
    assert!(bench.store.full_spaces(later(60)).unwrap().is_empty());
}

#[test]
fn the_letter_hangs_on_a_release_of_the_batch_or_on_what_there_is() {
    let bench = Bench::new();
    let release = bench.received("batch/1");
    bench.received("later");
    assert!(bench.store.over_quota(&bench.label, "batch", "x").unwrap());
    assert_eq!(kinds(&bench, &release).len(), 2);
}

#[test]
fn what_stands_is_found_by_its_content() {
    let bench = Bench::new();
    let store = &bench.store;
    let first = bench.claimed("one", Some(UPC));
    let print = manifest(&first, &bench.label, "one").fingerprint();
    let twin = || store.same_as(&bench.label, &print).unwrap();
    assert_eq!(twin(), Some(first.clone()), "being validated");
    assert_eq!(store.same_as(&bench.label, "other").unwrap(), None);
    let other = add_label(store, "other", &["o@x.example"]);
    assert_eq!(store.same_as(&other, &print).unwrap(), None);
    // What was refused may be sent again, to be judged by what holds now.
    bench.apply(&first, judged_event(&report(&[("A", "b")]), Some(UPC)));
    assert_eq!(bench.status(&first), Status::Invalid);
    assert_eq!(twin(), None);
    let second = bench.approved("one", UPC);
    assert_eq!(twin(), Some(second));
}

/// “When your account is live, upload the release again” has to come true.
#[test]
fn what_was_approved_and_went_nowhere_may_be_sent_again() {
    let bench = Bench::new();
    let print = manifest(&PackageId::new("any"), &bench.label, "one").fingerprint();
    let twin = || bench.store.same_as(&bench.label, &print).unwrap();
    let test = bench.claimed("one", Some(UPC));
    let mut of_test = report(&[]);
    of_test.release.is_test = true;
    bench.apply(&test, judged_event(&of_test, Some(UPC)));
    assert_eq!(twin(), Some(test.clone()), "in review");
    let approved = Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    bench.apply(&test, approved);
    assert_eq!(twin(), None, "a test");
    bench.change_label(|account| account.dsps.clear());
    bench.approved("one", UPC);
    assert_eq!(twin(), None, "no DSP is agreed");
    bench.change_label(|account| account.dsps = vec![DspId::new("archive")]);
    let live = bench.approved("one", UPC);
    assert_eq!(twin(), Some(live), "on its way");
}

#[test]
fn a_duplicate_is_no_attempt_and_is_told_when_it_was_sent() {
    let bench = Bench::new();
    let first = bench.valid("one", UPC);
    let second = bench.received("again");
    bench.store.duplicate(&second, &first).unwrap();
    bench.store.duplicate(&second, &first).unwrap();
    let package = bench.package(&second);
    assert_eq!(package.status, Status::Superseded);
    assert_eq!(kinds(&bench, &second), [LetterKind::Duplicate; 2]);
    assert_eq!(
        bench.store.last_event(&second).unwrap().as_deref(),
        Some("duplicate")
    );
    let log = bench.store.log(&second).unwrap();
    assert!(matches!(
        &log[0].event,
        Event::Duplicate { of, received_at } if *of == first && *received_at == noon()
    ));
    assert_eq!(bench.status(&first), Status::NeedsQc, "it goes its way");
    // A correction in that folder takes over from the one that it is the same as.
    let earlier = bench.store.earlier(&bench.label, "again").unwrap();
    assert_eq!(earlier, Earlier::Open(first));
    let third = bench.claimed("one", Some(UPC));
    assert_eq!(bench.package(&third).attempt, 2, "the duplicate was none");
}

#[test]
fn an_abandoned_upload_is_told_once_and_idle_time_is_the_clocks() {
    let bench = Bench::new();
    let id = bench.received("one");
    let idle = |changed| bench.store.idle_for(&id, changed).unwrap();
    // The bench's clock stands at noon, when the package was seen.
    assert_eq!(idle(0), Duration::ZERO);
    assert_eq!(idle(noon().as_second() + 99), Duration::ZERO);
    bench
        .raw()
        .execute(
            "UPDATE package SET updated_at = '2026-11-21T11:00:00.000000000Z'",
            [],
        )
        .unwrap();
    assert_eq!(idle(0), Duration::from_secs(3_600));
    assert_eq!(idle(noon().as_second() - 60), Duration::from_secs(60));
    bench.store.given_up(&id, "labels/L/quarantine/X").unwrap();
    bench.store.given_up(&id, "labels/L/quarantine/X").unwrap();
    assert_eq!(bench.status(&id), Status::Superseded);
    assert_eq!(kinds(&bench, &id), [LetterKind::Abandoned; 2]);
}
