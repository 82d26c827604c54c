//! The table of transitions, walked in full: as a table, through the store, and at random.

use crate::store::bench::{Bench, OPERATOR, claimed_event, judged_event, noon, report};
use dropzone::domain::ids::PackageId;
use dropzone::domain::lifecycle::push::{self, PushEvent, PushState};
use dropzone::domain::lifecycle::{Effect, EventKind, Status, next, next_unclaimed};
use dropzone::domain::package::Event;
use dropzone::store::ApplyError;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Barcode of the packages in these tests.
const ICPN: &str = "5034567890120";

#[test]
fn the_table_of_a_package() {
    let mut table = String::new();
    for status in Status::ALL {
        for event in EventKind::ALL {
            if let Ok((after, effects)) = next(status, event) {
                let (status, event, after) = (status.as_str(), event.as_str(), after.as_str());
                writeln!(table, "{status:<12} {event:<14} {after:<12} {effects:?}").unwrap();
            }
        }
    }
    table.push_str("never claimed:\n");
    for status in Status::ALL {
        for event in EventKind::ALL {
            let way = next_unclaimed(status, event);
            if let Some((after, effects)) = way.ok().filter(|_| way != next(status, event)) {
                let (status, event, after) = (status.as_str(), event.as_str(), after.as_str());
                writeln!(table, "{status:<12} {event:<14} {after:<12} {effects:?}").unwrap();
            }
        }
    }
    insta::assert_snapshot!("package_transitions", table);
}

#[test]
fn the_table_of_a_push() {
    let mut table = String::new();
    for state in PushState::ALL {
        for event in PushEvent::ALL {
            if let Ok(after) = push::next(state, event) {
                let event = format!("{event:?}");
                writeln!(
                    table,
                    "{:<10} {event:<10} {}",
                    state.as_str(),
                    after.as_str()
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!("push_transitions", table);
}

#[test]
fn final_statuses_stay_and_others_have_a_way_out() {
    for status in Status::ALL {
        let ways: Vec<_> = EventKind::ALL
            .into_iter()
            .filter_map(|event| next(status, event).ok())
            .collect();
        if status.is_final() {
            assert!(ways.is_empty(), "{status} is final");
        } else {
            assert!(ways.iter().any(|way| way.0 != status), "{status} is a trap");
        }
        for (after, effects) in ways {
            let told = effects.contains(&Effect::TellLabel);
            assert!(
                told || !after.is_final() || after == Status::Superseded,
                "{status} to {after} is not told to the label"
            );
        }
    }
}

#[test]
fn every_status_is_reached() {
    let mut reached = vec![Status::Receiving];
    let mut open = reached.clone();
    while let Some(status) = open.pop() {
        for event in EventKind::ALL {
            if let Ok((after, _)) = next(status, event)
                && !reached.contains(&after)
            {
                reached.push(after);
                open.push(after);
            }
        }
    }
    reached.sort_unstable();
    assert_eq!(reached, Status::ALL);
}

/// An event of each kind, as it would come.
fn event(bench: &Bench, id: &PackageId, kind: EventKind, icpn: Option<&str>) -> Event {
    match kind {
        EventKind::Stalled => Event::Stalled {
            waiting_for: vec!["waiting for 1.wav".to_owned()],
        },
        EventKind::Claimed => claimed_event(id, &bench.label, "folder", icpn),
        EventKind::FoundInvalid => judged_event(&report(&[("A", "b")]), icpn),
        EventKind::FoundValid => judged_event(&report(&[]), icpn),
        EventKind::Approved => Event::Approved {
            note: None,
            ticked: Vec::new(),
        },
        EventKind::Rejected => Event::Rejected {
            note: "The cover is blurred.".to_owned(),
        },
        EventKind::AllPushed => Event::AllPushed {
            dsps: vec!["archive".to_owned()],
        },
        EventKind::Replaced => Event::Replaced { by: id.clone() },
        EventKind::Withdrawn => Event::Withdrawn,
        EventKind::Parked => Event::Parked {
            why: "The disk failed.".to_owned(),
        },
        EventKind::Unparked => Event::Unparked,
        EventKind::OverQuota => Event::OverQuota {
            what: "Your upload space is full.".to_owned(),
        },
        EventKind::Abandoned => Event::Abandoned {
            to: "labels/L/quarantine/X".to_owned(),
        },
        EventKind::Duplicate => Event::Duplicate {
            of: id.clone(),
            received_at: noon(),
        },
    }
}

/// Events that lead to a status.
fn way_to(status: Status) -> &'static [EventKind] {
    use EventKind as E;
    match status {
        Status::Receiving => &[],
        Status::Incoming => &[E::Claimed],
        Status::Invalid => &[E::Claimed, E::FoundInvalid],
        Status::NeedsQc => &[E::Claimed, E::FoundValid],
        Status::QcApproved => &[E::Claimed, E::FoundValid, E::Approved],
        Status::QcRejected => &[E::Claimed, E::FoundValid, E::Rejected],
        Status::Delivered => &[E::Claimed, E::FoundValid, E::Approved, E::AllPushed],
        Status::Superseded => &[E::Claimed, E::Replaced],
        Status::Parked => &[E::Claimed, E::Parked],
    }
}

/// Rows in the outboxes: letters to the label, letters to the operator, pushes.
fn outboxes(bench: &Bench, id: &PackageId) -> [i64; 3] {
    let count = |table: &str, end: &str| {
        bench.number(&format!(
            "SELECT count(*) FROM {table} WHERE package = '{id}' {end}"
        ))
    };
    [
        count("letter", "AND kind NOT LIKE 'operator%'"),
        count("letter", "AND kind LIKE 'operator%'"),
        count("push", ""),
    ]
}

#[test]
fn the_store_walks_the_whole_table() {
    let bench = Bench::new();
    for status in Status::ALL {
        for kind in EventKind::ALL {
            let folder = format!("{status}-{}", kind.as_str());
            let id = bench.received(&folder);
            // Each package is a release of its own, or they would replace one another.
            let event = |kind| event(&bench, &id, kind, Some(&folder));
            for step in way_to(status) {
                bench.apply(&id, event(*step));
            }
            assert_eq!(bench.status(&id), status);
            let before = outboxes(&bench, &id);
            let outcome = bench.store.apply(&id, event(kind), "test", noon());
            let after = outboxes(&bench, &id);
            let lines = bench.store.log(&id).unwrap().len();
            match next(status, kind) {
                Ok((to, effects)) => {
                    assert_eq!(outcome.unwrap().status, to, "{folder}");
                    assert_eq!(lines, way_to(status).len() + 1);
                    let wanted = [Effect::TellLabel, Effect::TellOperator, Effect::Push]
                        .map(|effect| if effects.contains(&effect) { 2 } else { 0 });
                    let made = [0, 1, 2].map(|n: usize| after[n] - before[n]);
                    assert_eq!(
                        made, wanted,
                        "{folder}: two addresses, two operators, two DSPs"
                    );
                }
                Err(illegal) => {
                    let refused = matches!(outcome, Err(ApplyError::Illegal(i)) if i == illegal);
                    assert!(refused, "{folder} is not in the table");
                    assert_eq!(lines, way_to(status).len(), "{folder} left no trace");
                    assert_eq!(before, after);
                }
            }
        }
    }
    assert_eq!(OPERATOR.len(), 2);
}

#[test]
fn a_second_approval_is_refused_by_the_state() {
    let bench = Bench::new();
    let id = bench.approved("one", ICPN);
    let again = bench
        .store
        .apply(
            &id,
            Event::Approved {
                note: None,
                ticked: Vec::new(),
            },
            "berta",
            noon(),
        )
        .unwrap_err();
    let ApplyError::Illegal(illegal) = again else {
        panic!("{again:?}");
    };
    assert_eq!(
        (illegal.status, illegal.event),
        (Status::QcApproved, EventKind::Approved)
    );
    assert_eq!(
        illegal.to_string(),
        "a package that is qc_approved cannot be approved"
    );
    let nobody = PackageId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let refused = bench.store.apply(
        &nobody,
        Event::Approved {
            note: None,
            ticked: Vec::new(),
        },
        "berta",
        noon(),
    );
    assert!(matches!(refused, Err(ApplyError::NotFound)));
}

/// Folds a log back to the status and the number of letters, as the tables say.
fn folded(bench: &Bench, id: &PackageId) -> (Status, usize) {
    let mut status = Status::Receiving;
    let mut letters = 0;
    let (mut claimed, mut parked_before) = (false, false);
    for (n, line) in bench.store.log(id).unwrap().iter().enumerate() {
        assert_eq!(usize::try_from(line.number).unwrap(), n + 1);
        let kind = line.event.kind();
        let table = if claimed { next } else { next_unclaimed };
        claimed |= kind == EventKind::Claimed;
        let (after, effects) = table(status, kind).unwrap();
        assert_eq!(line.status, after);
        status = after;
        // A try that fails once more is news only to the person who asked for it.
        let known = kind == EventKind::Parked && parked_before && !claimed;
        let told = effects.iter().filter(|effect| match effect {
            Effect::TellLabel => !known,
            Effect::TellOperator => true,
            Effect::Push => false,
        });
        letters += 2 * told.count();
        parked_before |= kind == EventKind::Parked;
    }
    (status, letters)
}

proptest! {
    // Every change is synced to the disk, so the cases are few and long.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Three packages, two of them of one release; whatever comes in whatever order, the log folds
    /// to the status, nothing leaves a final status, and each effect is in the outbox once.
    #[test]
    fn no_order_of_events_breaks_the_books(
        steps in prop::collection::vec((0..3_usize, prop::sample::select(EventKind::ALL.to_vec())), 1..40)
    ) {
        let bench = Bench::new();
        let packages = ["one", "two", "three"].map(|folder| bench.received(folder));
        let mut finals: BTreeMap<PackageId, Status> = BTreeMap::new();
        for (n, kind) in steps {
            let id = &packages[n];
            let before = bench.status(id);
            let table = if bench.store.manifest(id).unwrap().is_some() {
                next
            } else {
                next_unclaimed
            };
            let icpn = if n < 2 { Some(ICPN) } else { None };
            let event = event(&bench, id, kind, icpn);
            match bench.store.apply(id, event, "test", noon()) {
                Ok(package) => prop_assert_eq!(Ok(package.status), table(before, kind).map(|to| to.0)),
                Err(ApplyError::Illegal(illegal)) => prop_assert_eq!(illegal.status, before),
                Err(error) => prop_assert!(false, "{error:?}"),
            }
            for id in &packages {
                let package = bench.package(id);
                let (status, letters) = folded(&bench, id);
                prop_assert_eq!(package.status, status);
                prop_assert_eq!(bench.store.letters(id).unwrap().len(), letters);
                if let Some(was) = finals.get(id) {
                    prop_assert_eq!(*was, status, "a final status stays");
                }
                if status.is_final() {
                    finals.insert(id.clone(), status);
                }
            }
        }
        let claimed = |id: &&PackageId| bench.store.manifest(id).unwrap().is_some();
        let mut attempts: Vec<u32> = packages[..2]
            .iter()
            .filter(claimed)
            .map(|id| bench.package(id).attempt)
            .collect();
        attempts.sort_unstable();
        let wanted: Vec<u32> = (1..).take(attempts.len()).collect();
        prop_assert_eq!(attempts, wanted, "attempts of one release count up");
    }
}
