//! The outbox to DSPs: claims, fences, and when a package is delivered.

use super::bench::{Bench, OPERATOR, claimed_event, judged_event, later, noon, report};
use dropzone::domain::ids::{DspId, PackageId, PushId};
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::package::Event;
use dropzone::domain::push::{Claimed, Push};
use dropzone::store::{Found, Made, PushError, PushFilter, Store};
use std::collections::BTreeMap;

const UPC: &str = "036000291452";

fn archive() -> DspId {
    DspId::new("archive")
}

fn megastream() -> DspId {
    DspId::new("megastream")
}

fn claim(bench: &Bench, dsp: &DspId, epoch: u64) -> Claimed {
    let claimed = bench.store.claim_push(dsp, epoch, later(1)).unwrap();
    prepared(&bench.store, claimed)
}

/// A claim whose worker has all that is to be sent.
fn prepared(store: &Store, claimed: Option<Claimed>) -> Claimed {
    let claimed = claimed.expect("a push is due");
    let made = Made::default();
    store.push_prepared(&claimed, &made, later(1)).unwrap();
    claimed
}

fn push(bench: &Bench, id: &PushId) -> Push {
    match bench.store.find_push(id.as_str()).unwrap() {
        Found::One(push) => push,
        Found::None | Found::Many(_) => panic!("no push {id}"),
    }
}

fn pushes(bench: &Bench, package: &PackageId) -> Vec<Push> {
    let filter = PushFilter {
        package: Some(package.clone()),
        ..PushFilter::default()
    };
    bench.store.pushes(&filter).unwrap()
}

#[test]
fn approval_makes_one_push_for_each_dsp() {
    let bench = Bench::new();
    let id = bench.approved("one", UPC);
    let made = pushes(&bench, &id);
    let to: Vec<_> = made.iter().map(|push| push.dsp.as_str()).collect();
    assert_eq!(to, ["archive", "megastream"]);
    for push in &made {
        assert_eq!((push.state, push.attempts), (PushState::Queued, 0));
        assert_eq!((push.due_at, push.created_at), (noon(), noon()));
    }
    let filter = PushFilter {
        dsp: Some(archive()),
        state: Some(PushState::Queued),
        ..PushFilter::default()
    };
    assert_eq!(bench.store.pushes(&filter).unwrap().len(), 1);
}

#[test]
fn a_package_is_delivered_with_its_last_push() {
    let bench = Bench::new();
    let names = BTreeMap::from([(archive(), "The Archive".to_owned())]);
    bench.store.set_dsp_names(&names);
    let id = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    assert_eq!(
        (first.push.attempts, first.push.state),
        (1, PushState::Preparing)
    );
    assert_eq!(
        bench.store.claim_push(&archive(), epoch, later(1)).unwrap(),
        None
    );
    bench.store.push_sent(&first, "/in/1", later(2)).unwrap();
    assert_eq!(bench.status(&id), Status::QcApproved);
    let second = claim(&bench, &megastream(), epoch);
    bench.store.push_sent(&second, "/in/2", later(3)).unwrap();
    assert_eq!(bench.status(&id), Status::Delivered);
    let log = bench.store.log(&id).unwrap();
    assert_eq!(
        log.last().unwrap().event,
        Event::AllPushed {
            dsps: vec!["The Archive".to_owned(), "megastream".to_owned()]
        }
    );
    let letters = bench.store.letters(&id).unwrap();
    let told = letters.iter().filter(|l| l.kind == LetterKind::Delivered);
    assert_eq!(told.count(), 2);
    let sent = push(&bench, &first.push.id);
    assert_eq!(sent.location.as_deref(), Some("/in/1"));
    assert_eq!(sent.updated_at, later(2));
}

#[test]
fn without_an_agreed_dsp_an_approved_package_stays_approved() {
    let bench = Bench::new();
    bench.change_label(|account| {
        account.dsps.clear();
    });
    let id = bench.approved("one", UPC);
    assert!(pushes(&bench, &id).is_empty());
    assert_eq!(bench.status(&id), Status::QcApproved);
}

#[test]
fn a_test_message_is_pushed_nowhere() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some(UPC));
    let mut test = report(&[]);
    test.release.is_test = true;
    bench.apply(&id, judged_event(&test, Some(UPC)));
    bench.apply(
        &id,
        Event::Approved {
            note: None,
            ticked: Vec::new(),
        },
    );
    assert!(pushes(&bench, &id).is_empty());
    assert_eq!(bench.status(&id), Status::QcApproved);
}

#[test]
fn a_failed_try_waits_for_its_time() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    bench
        .store
        .push_postponed(&first, "connection refused", later(30), later(2))
        .unwrap();
    let waiting = push(&bench, &first.push.id);
    assert_eq!(waiting.state, PushState::Queued);
    assert_eq!(waiting.last_error.as_deref(), Some("connection refused"));
    assert_eq!(bench.store.push_failures(&first.push.id).unwrap(), 1);
    let early = bench
        .store
        .claim_push(&archive(), epoch, later(29))
        .unwrap();
    assert_eq!(early, None);
    let second = bench
        .store
        .claim_push(&archive(), epoch, later(30))
        .unwrap();
    let second = prepared(&bench.store, second);
    assert_eq!(second.push.attempts, 2);
    let late = bench.store.push_sent(&first, "/in", later(31));
    assert!(
        matches!(late, Err(PushError::Stale)),
        "the first try's worker"
    );
    bench.store.push_sent(&second, "/in", later(32)).unwrap();
    assert_eq!(push(&bench, &first.push.id).last_error, None);
}

#[test]
fn giving_up_is_seen_by_a_person_who_may_ask_again() {
    let bench = Bench::new();
    let id = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let other = claim(&bench, &megastream(), epoch);
    bench.store.push_sent(&other, "/in", later(2)).unwrap();
    let first = claim(&bench, &archive(), epoch);
    bench
        .store
        .push_given_up(&first, "permission denied", later(3))
        .unwrap();
    assert_eq!(push(&bench, &first.push.id).state, PushState::Failed);
    assert_eq!(
        bench.status(&id),
        Status::QcApproved,
        "it waits for a person"
    );
    let rows = bench.store.letters(&id).unwrap();
    let to: Vec<_> = rows
        .iter()
        .filter(|row| row.kind == LetterKind::OperatorPushFailed)
        .map(|row| row.recipient.as_str())
        .collect();
    assert_eq!(to, OPERATOR);

    bench
        .store
        .push_retry(&first.push.id, "anna", later(60))
        .unwrap();
    assert_eq!(bench.store.push_failures(&first.push.id).unwrap(), 0);
    let again = bench
        .store
        .claim_push(&archive(), epoch, later(60))
        .unwrap();
    let again = prepared(&bench.store, again);
    assert_eq!(again.push.attempts, 2, "never set back");
    bench
        .store
        .push_given_up(&again, "still denied", later(61))
        .unwrap();
    let due: Vec<_> = bench.store.letters(&id).unwrap();
    let told = due
        .iter()
        .filter(|l| l.kind == LetterKind::OperatorPushFailed);
    assert_eq!(told.count(), 4, "each time");
    bench
        .store
        .push_cancel(&again.push.id, "anna", later(62))
        .unwrap();
    assert_eq!(bench.status(&id), Status::Delivered);
    assert_eq!(bench.store.log(&id).unwrap().last().unwrap().actor, "anna");
}

#[test]
fn the_letter_about_a_failed_push_names_it_first() {
    let bench = Bench::new();
    let id = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let second = claim(&bench, &megastream(), epoch);
    bench
        .store
        .push_given_up(&second, "denied", later(2))
        .unwrap();
    let mut subject = None;
    while let Some(letter) = bench.store.due_letter(later(3)).unwrap() {
        bench.store.letter_sent(&letter.id, later(3)).unwrap();
        if letter.kind == LetterKind::OperatorPushFailed {
            subject = Some(bench.store.letter_subject(&letter).unwrap());
        }
    }
    let subject = subject.unwrap();
    assert_eq!(subject.package.id, id);
    assert_eq!(subject.pushes[0].id, second.push.id);
    assert_eq!(subject.pushes.len(), 2);
    assert_eq!(
        subject.cause.event,
        Event::Approved {
            note: None,
            ticked: Vec::new()
        }
    );
}

/// An older version that must not go over a newer one is called off where it was blocked.
#[test]
fn what_is_blocked_can_be_called_off() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    bench.store.push_blocked(&first, "stale", later(2)).unwrap();
    bench
        .store
        .push_cancel(&first.push.id, "anna", later(3))
        .unwrap();
    assert_eq!(push(&bench, &first.push.id).state, PushState::Cancelled);
}

#[test]
fn what_was_called_off_or_blocked_does_not_hold_a_package() {
    let bench = Bench::new();
    let id = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    bench
        .store
        .push_blocked(&first, "no territory", later(2))
        .unwrap();
    assert_eq!(push(&bench, &first.push.id).state, PushState::Blocked);
    let second = pushes(&bench, &id)[1].id.clone();
    bench.store.push_cancel(&second, "anna", later(3)).unwrap();
    assert_eq!(bench.status(&id), Status::QcApproved, "nothing was sent");
    bench.store.push_retry(&second, "anna", later(4)).unwrap();
    let again = bench
        .store
        .claim_push(&megastream(), epoch, later(4))
        .unwrap();
    bench
        .store
        .push_sent(&prepared(&bench.store, again), "/in", later(5))
        .unwrap();
    assert_eq!(bench.status(&id), Status::Delivered);

    bench
        .store
        .push_retry(&first.push.id, "anna", later(6))
        .unwrap();
    let late = bench.store.claim_push(&archive(), epoch, later(6)).unwrap();
    bench
        .store
        .push_sent(&prepared(&bench.store, late), "/in", later(7))
        .unwrap();
    assert_eq!(bench.status(&id), Status::Delivered, "delivered once");
    assert_eq!(bench.store.log(&id).unwrap().len(), 4);
}

#[test]
fn a_push_that_is_under_way_cannot_be_called_off() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    let refused = bench.store.push_cancel(&first.push.id, "anna", later(2));
    assert!(matches!(refused, Err(PushError::Illegal(_))));
    bench.store.push_sent(&first, "/in", later(2)).unwrap();
    let refused = bench.store.push_retry(&first.push.id, "anna", later(3));
    assert!(
        matches!(refused, Err(PushError::Illegal(_))),
        "sent stays sent"
    );
    let nobody = PushId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let refused = bench.store.push_retry(&nobody, "anna", later(3));
    assert!(matches!(refused, Err(PushError::NotFound)));
}

#[test]
fn a_new_start_frees_the_claims_of_the_old_one() {
    let bench = Bench::new();
    let id = bench.approved("one", UPC);
    let old = bench.store.begin_epoch(noon()).unwrap();
    let zombie = claim(&bench, &archive(), old);
    // The next daemon opens the same file.
    let next = Store::open(&bench.path(), noon).unwrap();
    let new = next.begin_epoch(later(2)).unwrap();
    assert!(new > old);
    assert_eq!(push(&bench, &zombie.push.id).state, PushState::Queued);
    let asked = bench.store.claim_push(&archive(), old, later(3)).unwrap();
    assert_eq!(asked, None, "an old epoch gets nothing");
    for report in [
        bench.store.push_sent(&zombie, "/in", later(3)),
        bench.store.push_postponed(&zombie, "x", later(9), later(3)),
        bench.store.push_given_up(&zombie, "x", later(3)),
        bench.store.push_blocked(&zombie, "x", later(3)),
    ] {
        assert!(matches!(report, Err(PushError::Stale)));
    }
    let fresh = next.claim_push(&archive(), new, later(3)).unwrap();
    let fresh = prepared(&next, fresh);
    assert_eq!(fresh.push.attempts, 2);
    let forged = Claimed {
        epoch: old,
        ..fresh.clone()
    };
    let refused = next.push_sent(&forged, "/in", later(4));
    assert!(matches!(refused, Err(PushError::Stale)), "of another epoch");
    let refused = bench.store.push_sent(&zombie, "/in", later(4));
    assert!(
        matches!(refused, Err(PushError::Stale)),
        "while another has it"
    );
    next.push_sent(&fresh, "/in", later(4)).unwrap();
    assert_eq!(pushes(&bench, &id)[0].state, PushState::Sent);
}

#[test]
fn a_new_version_does_not_overtake_the_old_one() {
    let bench = Bench::new();
    let old = bench.approved("one", UPC);
    let update = bench.received("two");
    bench.apply(
        &update,
        claimed_event(&update, &bench.label, "two", Some(UPC)),
    );
    bench.apply(&update, judged_event(&report(&[]), Some(UPC)));
    bench.apply(
        &update,
        Event::Approved {
            note: None,
            ticked: Vec::new(),
        },
    );
    let other = bench.approved("three", "5034567890120");
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, &archive(), epoch);
    assert_eq!(first.push.package, old);
    let next = claim(&bench, &archive(), epoch);
    assert_eq!(next.push.package, other, "another release need not wait");
    bench
        .store
        .push_postponed(&first, "busy", later(600), later(2))
        .unwrap();
    assert_eq!(
        bench.store.claim_push(&archive(), epoch, later(3)).unwrap(),
        None
    );
    let again = bench
        .store
        .claim_push(&archive(), epoch, later(600))
        .unwrap();
    let again = prepared(&bench.store, again);
    assert_eq!(again.push.package, old);
    bench.store.push_sent(&again, "/in", later(601)).unwrap();
    let last = bench
        .store
        .claim_push(&archive(), epoch, later(602))
        .unwrap();
    assert_eq!(last.unwrap().push.package, update);
}
