//! The outbox to people.

use super::bench::{Bench, OPERATOR, judged_event, later, noon, report};
use dropzone::domain::ids::LetterId;
use dropzone::domain::letter::{Due, LetterKind};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Event;
use dropzone::store::{LetterFilter, LetterState, StoreError};

const UPC: &str = "036000291452";

fn due(bench: &Bench) -> Due {
    bench.store.due_letter(later(1)).unwrap().unwrap()
}

/// Sends what is due and returns it.
fn sent(bench: &Bench) -> Vec<Due> {
    let mut all = Vec::new();
    while let Some(letter) = bench.store.due_letter(later(1)).unwrap() {
        bench.store.letter_sent(&letter.id, later(1)).unwrap();
        all.push(letter);
    }
    all
}

#[test]
fn every_address_gets_its_own_letter() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some(UPC));
    let letters = sent(&bench);
    let to: Vec<_> = letters.iter().map(|letter| &*letter.recipient).collect();
    assert_eq!(to, ["a@ninja.example", "b@ninja.example"]);
    assert!(
        letters
            .iter()
            .all(|letter| letter.kind == LetterKind::Incoming
                && letter.package == id
                && letter.created_at == noon()
                && letter.attempts == 0
                && letter.mime.is_none())
    );
    assert_ne!(letters[0].id, letters[1].id);
}

#[test]
fn an_address_given_twice_is_written_to_once() {
    let bench = Bench::new();
    bench.change_label(|account| {
        account.emails = ["a@x.example", " a@x.example ", ""]
            .map(str::to_owned)
            .to_vec();
    });
    bench.claimed("one", None);
    assert_eq!(sent(&bench).len(), 1);
}

#[test]
fn nothing_is_due_before_its_time() {
    let bench = Bench::new();
    bench.claimed("one", None);
    assert_eq!(bench.store.due_letter(later(-1)).unwrap(), None);
    let letter = due(&bench);
    bench
        .store
        .letter_postponed(&letter.id, later(60), "greylisted")
        .unwrap();
    assert_ne!(due(&bench).id, letter.id, "the other address");
    let again = bench.store.due_letter(later(60)).unwrap().unwrap();
    let rows = bench.store.letters(&letter.package).unwrap();
    assert_eq!(rows[0].last_error.as_deref(), Some("greylisted"));
    assert_eq!(rows[0].attempts, 1);
    assert_ne!(again.id, letter.id, "due longer");
}

#[test]
fn letters_about_a_package_arrive_in_order() {
    let bench = Bench::new();
    let id = bench.claimed("one", Some(UPC));
    bench.apply(&id, judged_event(&report(&[]), Some(UPC)));
    let first = due(&bench);
    bench
        .store
        .letter_postponed(&first.id, later(600), "greylisted")
        .unwrap();
    let others = sent(&bench);
    assert!(
        others
            .iter()
            .all(|other| other.recipient != first.recipient)
    );
    assert_eq!(others.len(), 2);
    bench
        .store
        .letter_dead(&first.id, "no such user", later(700))
        .unwrap();
    assert_eq!(due(&bench).kind, LetterKind::NeedsQc, "goes on after");
    assert_eq!(bench.store.overview().unwrap().letters_dead, 1);
}

#[test]
fn a_rendered_letter_stays_as_it_was_rendered() {
    let bench = Bench::new();
    bench.claimed("one", None);
    let letter = due(&bench);
    bench.store.letter_rendered(&letter.id, b"first").unwrap();
    bench.store.letter_rendered(&letter.id, b"second").unwrap();
    assert_eq!(due(&bench).mime.as_deref(), Some(&b"first"[..]));
    assert_eq!(due(&bench).id, letter.id, "the same Message-ID");
}

#[test]
fn a_letter_is_sent_once_in_the_books() {
    let bench = Bench::new();
    let id = bench.claimed("one", None);
    let letter = due(&bench);
    bench.store.letter_sent(&letter.id, later(1)).unwrap();
    bench.store.letter_sent(&letter.id, later(2)).unwrap();
    bench
        .store
        .letter_postponed(&letter.id, later(3), "late")
        .unwrap();
    bench
        .store
        .letter_dead(&letter.id, "late", later(3))
        .unwrap();
    bench
        .store
        .letter_retry(&letter.id, "ops", later(3))
        .unwrap();
    let row = &bench.store.letters(&id).unwrap()[0];
    assert_eq!(row.state, LetterState::Sent);
    assert_eq!(row.sent_at, Some(later(1)));
    assert_eq!((row.attempts, row.last_error.as_deref()), (1, None));
    let stranger = LetterId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let refused = bench.store.letter_sent(&stranger, noon()).unwrap_err();
    assert!(matches!(refused, StoreError::Missing { .. }));
}

#[test]
fn a_dead_letter_can_be_tried_again() {
    let bench = Bench::new();
    let id = bench.claimed("one", None);
    let letter = due(&bench);
    bench
        .store
        .letter_dead(&letter.id, "550 unknown", noon())
        .unwrap();
    let row = &bench.store.letters(&id).unwrap()[0];
    assert_eq!(row.state, LetterState::Dead);
    assert_eq!(row.last_error.as_deref(), Some("550 unknown"));
    bench
        .store
        .letter_retry(&letter.id, "ops", later(1))
        .unwrap();
    assert!(sent(&bench).iter().any(|sent| sent.id == letter.id));
}

#[test]
fn all_that_was_given_up_can_be_tried_again_at_once() {
    let bench = Bench::new();
    bench.claimed("one", None);
    let sent_one = due(&bench);
    bench.store.letter_sent(&sent_one.id, noon()).unwrap();
    let dead = due(&bench);
    bench
        .store
        .letter_dead(&dead.id, "550 unknown", noon())
        .unwrap();
    let retried = bench.store.letters_retry("ops", later(1)).unwrap();
    assert_eq!(retried, std::slice::from_ref(&dead.id));
    let again = due(&bench);
    assert_eq!((again.id, again.attempts), (dead.id, 0));
    assert_eq!(
        bench.store.letters_retry("ops", later(1)).unwrap(),
        Vec::<LetterId>::new()
    );
}

#[test]
fn another_try_takes_along_what_would_go_before() {
    for all in [false, true] {
        let bench = Bench::new();
        let id = bench.claimed("one", Some(UPC));
        bench.apply(&id, judged_event(&report(&[]), Some(UPC)));
        let first = due(&bench);
        bench
            .store
            .letter_postponed(&first.id, later(100_000), "no answer")
            .unwrap();
        let rows = bench.store.letters(&id).unwrap();
        let behind = rows
            .iter()
            .find(|row| row.recipient == first.recipient && row.id != first.id)
            .unwrap();
        bench
            .store
            .letter_dead(&behind.id, "550 unknown", noon())
            .unwrap();
        if all {
            bench.store.letters_retry("ops", later(1)).unwrap();
        } else {
            bench
                .store
                .letter_retry(&behind.id, "ops", later(1))
                .unwrap();
        }
        let went: Vec<_> = sent(&bench).into_iter().map(|letter| letter.id).collect();
        let place = |id| went.iter().position(|other| other == id);
        assert!(place(&first.id).is_some() && place(&first.id) < place(&behind.id));
    }
}

#[test]
fn letters_are_listed_by_state_and_package() {
    let bench = Bench::new();
    let one = bench.claimed("one", None);
    bench.claimed("two", None);
    let first = due(&bench);
    bench.store.letter_sent(&first.id, noon()).unwrap();
    let second = due(&bench);
    bench
        .store
        .letter_dead(&second.id, "550 no", noon())
        .unwrap();
    let count = |filter: LetterFilter| bench.store.letters_where(&filter).unwrap().len();
    let state = |state| LetterFilter {
        state: Some(state),
        ..LetterFilter::default()
    };
    assert_eq!(count(LetterFilter::default()), 3, "all but the one sent");
    assert_eq!(count(state(LetterState::Sent)), 1);
    assert_eq!(count(state(LetterState::Dead)), 1);
    assert_eq!(count(state(LetterState::Due)), 2);
    let of_one = LetterFilter {
        package: Some(one),
        ..LetterFilter::default()
    };
    assert_eq!(count(of_one), 1);
    let latest = LetterFilter {
        limit: Some(1),
        ..LetterFilter::default()
    };
    let latest = bench.store.letters_where(&latest).unwrap();
    let all = bench.store.letters_where(&LetterFilter::default()).unwrap();
    assert_eq!(latest[0], all[2]);
}

#[test]
fn letters_of_one_release_make_one_thread_for_each_address() {
    let bench = Bench::new();
    let first = bench.claimed("one", Some(UPC));
    bench.apply(&first, judged_event(&report(&[("A", "b")]), Some(UPC)));
    bench.claimed("two", Some("0036000291452"));
    bench.claimed("three", Some("5034567890120"));
    let letters = sent(&bench);
    let of = |address: &str| -> Vec<&Due> {
        let mut mine: Vec<_> = letters.iter().filter(|l| l.recipient == address).collect();
        mine.sort_by_key(|letter| letter.id.clone());
        mine
    };
    for address in ["a@ninja.example", "b@ninja.example"] {
        let mine = of(address);
        assert_eq!(mine.len(), 4);
        assert_eq!(mine[0].thread_root, None);
        assert_eq!(mine[1].thread_root.as_ref(), Some(&mine[0].id));
        assert_eq!(mine[2].thread_root.as_ref(), Some(&mine[0].id));
        assert_eq!(mine[3].thread_root, None, "another release");
    }
}

#[test]
fn a_stall_before_the_barcode_is_known_begins_the_thread_of_its_package() {
    let bench = Bench::new();
    let id = bench.received("one");
    let waiting_for = vec!["waiting for 1.wav".to_owned()];
    bench.apply(&id, Event::Stalled { waiting_for });
    bench.apply(
        &id,
        super::bench::claimed_event(&id, &bench.label, "one", Some(UPC)),
    );
    let letters = sent(&bench);
    let mine: Vec<_> = letters
        .iter()
        .filter(|letter| letter.recipient == "a@ninja.example")
        .collect();
    assert_eq!(mine[1].thread_root.as_ref(), Some(&mine[0].id));
}

#[test]
fn a_letter_speaks_of_its_package_and_its_cause() {
    let bench = Bench::new();
    let first = bench.claimed("one", Some(UPC));
    let faults = report(&[("A", "1.wav"), ("B", "2.wav")]);
    bench.apply(&first, judged_event(&faults, Some(UPC)));
    let second = bench.approved("two", UPC);
    let letters = sent(&bench);
    let of = |package, kind| {
        let letter = letters
            .iter()
            .find(|letter| letter.package == package && letter.kind == kind)
            .unwrap();
        bench.store.letter_subject(letter).unwrap()
    };
    let subject = of(first, LetterKind::Invalid);
    assert_eq!(subject.cause.status, Status::Invalid);
    assert_eq!(subject.report, Some(faults));
    let subject = of(second, LetterKind::QcApproved);
    assert_eq!(
        subject.cause.event,
        Event::Approved {
            note: None,
            ticked: Vec::new()
        }
    );
    assert_eq!(subject.cause.number, 3);
    assert_eq!(subject.pushes.len(), 2);
    assert_eq!(subject.package.attempt, 2);
}

#[test]
fn our_own_fault_is_told_to_both_sides() {
    let bench = Bench::new();
    let id = bench.claimed("one", None);
    sent(&bench);
    bench.apply(
        &id,
        Event::Parked {
            why: "disk".to_owned(),
        },
    );
    let letters = sent(&bench);
    let mut to: Vec<_> = letters
        .iter()
        .map(|letter| (letter.kind, letter.recipient.as_str()))
        .collect();
    to.sort_by_key(|(_, recipient)| *recipient);
    assert_eq!(
        to,
        [
            (LetterKind::Parked, "a@ninja.example"),
            (LetterKind::Parked, "b@ninja.example"),
            (LetterKind::OperatorParked, OPERATOR[1]),
            (LetterKind::OperatorParked, OPERATOR[0]),
        ]
    );
}
