//! Takedowns: on an operator's word, and on a label's; their order, their end, and what comes after.

use super::bench::{Bench, claimed_event, judged_event, later, noon, report};
use dropzone::domain::ids::{DspId, PackageId, PushId, gtin14};
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::package::Event;
use dropzone::domain::push::{Claimed, Push, PushKind};
use dropzone::domain::report::{Counts, Severity, Verdict};
use dropzone::domain::takedown::Standing;
use dropzone::store::{
    Found, HistoryQuestion, Made, PushError, PushFilter, TakedownError, TakenDown, Wanted,
};
use jiff::Timestamp;

const UPC: &str = "036000291452";

fn archive() -> DspId {
    DspId::new("archive")
}

fn megastream() -> DspId {
    DspId::new("megastream")
}

fn wanted(bench: &Bench, dsps: &[DspId]) -> Wanted {
    Wanted {
        label: bench.label.clone(),
        release: gtin14(UPC),
        dsps: dsps.to_vec(),
        why: "Sample not cleared".to_owned(),
        purge: false,
    }
}

fn take_down(
    bench: &Bench,
    dsps: &[DspId],
    at: Timestamp,
) -> Result<Vec<TakenDown>, TakedownError> {
    bench.store.take_down(&wanted(bench, dsps), "mara", at)
}

fn claim(bench: &Bench, dsp: &DspId, epoch: u64, at: Timestamp) -> Option<Claimed> {
    let claimed = bench.store.claim_push(dsp, epoch, at).unwrap()?;
    let made = Made::default();
    bench.store.push_prepared(&claimed, &made, at).unwrap();
    Some(claimed)
}

/// Sends whatever is due to a DSP; gives what it was.
fn send(bench: &Bench, dsp: &DspId, epoch: u64, at: Timestamp) -> Push {
    let claimed = claim(bench, dsp, epoch, at).expect("a push is due");
    bench.store.push_sent(&claimed, "/there", at).unwrap();
    claimed.push
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

/// A release that both DSPs have, and the epoch.
fn delivered(bench: &Bench) -> (PackageId, u64) {
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let id = bench.approved("one", UPC);
    send(bench, &archive(), epoch, later(1));
    send(bench, &megastream(), epoch, later(1));
    assert_eq!(bench.status(&id), Status::Delivered);
    (id, epoch)
}

/// Claims, judges and approves a package at a time of its own.
fn approved_at(bench: &Bench, folder: &str, received: Timestamp, at: Timestamp) -> PackageId {
    let id = judged_at(bench, folder, received, false);
    approve(bench, &id, at);
    id
}

fn judged_at(bench: &Bench, folder: &str, received: Timestamp, takes_down: bool) -> PackageId {
    let id = bench.received(folder);
    let mut claimed = claimed_event(&id, &bench.label, folder, Some(UPC));
    if let Event::Claimed { identity, .. } = &mut claimed {
        identity.message_created = Some(received.to_string());
    }
    bench.store.apply(&id, claimed, "daemon", received).unwrap();
    let mut found = report(&[]);
    if takes_down {
        found = report(&[("UPD-004", "")]);
        for finding in &mut found.findings {
            finding.severity = Severity::Question;
        }
        found.counts = Counts::of(&found.findings);
        found.verdict = Verdict::Valid;
    }
    let mut judged = judged_event(&found, Some(UPC));
    if let Event::Judged { identity, .. } = &mut judged {
        identity.message_created = Some(received.to_string());
    }
    bench.apply(&id, judged);
    id
}

fn approve(bench: &Bench, id: &PackageId, at: Timestamp) {
    let ticked = bench.store.questions(id).unwrap();
    let event = Event::Approved { note: None, ticked };
    bench.store.apply(id, event, "rev", at).unwrap();
}

fn told(bench: &Bench, package: &PackageId) -> usize {
    let letters = bench.store.letters(package).unwrap();
    letters
        .iter()
        .filter(|letter| letter.kind == LetterKind::TakenDown)
        .count()
}

#[test]
fn an_order_takes_down_what_is_live_and_the_label_is_told_when_all_have_it() {
    let bench = Bench::new();
    let (id, epoch) = delivered(&bench);
    let done = take_down(&bench, &[], later(10)).unwrap();
    let dsps: Vec<&str> = done.iter().map(|one| one.dsp.as_str()).collect();
    assert_eq!(dsps, ["archive", "megastream"]);
    let first = push(&bench, done[0].push.as_ref().unwrap());
    assert_eq!((first.kind, &first.package), (PushKind::Takedown, &id));
    let order = first.order.clone().unwrap();
    assert_eq!(
        (order.by.as_str(), order.why.as_str()),
        ("mara", "Sample not cleared")
    );
    assert_eq!(order.at, later(10));
    assert_eq!(bench.status(&id), Status::Delivered, "delivered is final");

    send(&bench, &archive(), epoch, later(11));
    assert_eq!(told(&bench, &id), 0, "one DSP has it still");
    send(&bench, &megastream(), epoch, later(12));
    assert_eq!(told(&bench, &id), 2, "one letter for each address");
    assert_eq!(
        bench.number("SELECT count(*) FROM takedown WHERE told_at IS NOT NULL"),
        1
    );
    let at = bench.store.standings(&bench.label, &gtin14(UPC)).unwrap();
    assert!(matches!(at[&archive()].standing, Standing::TakenDown(_)));

    // Twice is once.
    let refused = take_down(&bench, &[], later(20)).unwrap_err();
    let TakedownError::NotThere(where_it_stands) = refused else {
        panic!("{refused}");
    };
    assert_eq!(where_it_stands.len(), 2);
    assert!(
        where_it_stands
            .iter()
            .all(|(_, standing)| matches!(standing, Standing::TakenDown(_))),
        "{where_it_stands:?}"
    );
}

#[test]
fn the_letter_speaks_of_every_dsp_of_the_order() {
    let bench = Bench::new();
    let (_, epoch) = delivered(&bench);
    // Megastream has a newer version than the archive.
    let newer = approved_at(&bench, "two", later(2), later(3));
    send(&bench, &megastream(), epoch, later(4));
    let held = claim(&bench, &archive(), epoch, later(4)).unwrap();
    bench
        .store
        .push_given_up(&held, "no room", later(4))
        .unwrap();
    let done = take_down(&bench, &[], later(10)).unwrap();
    let based_on: Vec<PackageId> = done
        .iter()
        .map(|one| push(&bench, one.push.as_ref().unwrap()).package)
        .collect();
    assert_ne!(based_on[0], newer, "the archive has the first version");
    assert_eq!(based_on[1], newer);
    send(&bench, &archive(), epoch, later(11));
    send(&bench, &megastream(), epoch, later(11));
    let mut due = Vec::new();
    while let Some(letter) = bench.store.due_letter(later(100)).unwrap() {
        if letter.kind == LetterKind::TakenDown {
            due.push(bench.store.letter_subject(&letter).unwrap());
        }
        bench.store.letter_sent(&letter.id, later(100)).unwrap();
    }
    assert_eq!(due.len(), 2);
    let dsps: Vec<&str> = due[0].pushes.iter().map(|push| push.dsp.as_str()).collect();
    assert_eq!(dsps.len(), 2, "{dsps:?}");
    assert!(due[0].pushes.iter().all(|push| push.order.is_some()));
}

#[test]
fn a_takedown_calls_off_what_waits_and_never_runs_beside_anything() {
    let bench = Bench::new();
    let (_, epoch) = delivered(&bench);
    let update = approved_at(&bench, "two", later(2), later(3));
    let running = claim(&bench, &archive(), epoch, later(4)).unwrap();
    assert_eq!(running.push.kind, PushKind::Update);
    let done = take_down(&bench, &[], later(5)).unwrap();
    assert_eq!(done[0].called_off, [], "what is sent is not called off");
    assert_eq!(done[1].called_off.len(), 1);
    let off = push(&bench, &done[1].called_off[0]);
    assert_eq!(off.state, PushState::Cancelled);
    assert_eq!(
        off.last_error.as_deref(),
        Some("Called off: mara took the release down (Sample not cleared).")
    );
    assert!(matches!(
        bench.store.push_retry(&off.id, "x", later(6)),
        Err(PushError::Overtaken)
    ));
    assert_eq!(
        claim(&bench, &archive(), epoch, later(6)),
        None,
        "never two at once"
    );

    // The update fails and waits again: it must not go before the takedown, nor after it.
    bench
        .store
        .push_postponed(&running, "cut", later(7), later(7))
        .unwrap();
    let next = claim(&bench, &archive(), epoch, later(8)).unwrap();
    assert_eq!(next.push.kind, PushKind::Takedown);
    assert_eq!(push(&bench, &running.push.id).state, PushState::Cancelled);
    bench.store.push_sent(&next, "/there", later(9)).unwrap();
    assert_eq!(claim(&bench, &archive(), epoch, later(1000)), None);
    send(&bench, &megastream(), epoch, later(10));
    assert_eq!(claim(&bench, &megastream(), epoch, later(1000)), None);
    assert_eq!(
        bench.status(&update),
        Status::QcApproved,
        "nothing of it was delivered"
    );
    let letters = bench.store.letters(&update).unwrap();
    assert!(
        letters
            .iter()
            .all(|letter| letter.kind != LetterKind::Delivered)
    );
}

#[test]
fn a_release_that_only_waits_is_called_off_and_one_that_is_nowhere_refused() {
    let bench = Bench::new();
    let refused = take_down(&bench, &[], later(1)).unwrap_err();
    assert!(
        matches!(&refused, TakedownError::NotThere(at) if at.is_empty()),
        "{refused:?}"
    );
    let id = bench.approved("one", UPC);
    let refused = take_down(&bench, &[archive(), DspId::new("nobody")], later(1)).unwrap_err();
    let TakedownError::NotThere(at) = refused else {
        panic!("{refused}");
    };
    assert_eq!(at, [(DspId::new("nobody"), Standing::Absent)]);
    assert!(
        pushes(&bench, &id)
            .iter()
            .all(|push| push.state == PushState::Queued)
    );

    let done = take_down(&bench, &[], later(2)).unwrap();
    assert!(
        done.iter()
            .all(|one| one.push.is_none() && one.called_off.len() == 1)
    );
    assert!(
        pushes(&bench, &id)
            .iter()
            .all(|push| push.state == PushState::Cancelled)
    );
    assert_eq!(told(&bench, &id), 0, "it was never there");
}

#[test]
fn a_delivery_after_a_takedown_is_new_and_on_the_same_thread() {
    let bench = Bench::new();
    let (id, epoch) = delivered(&bench);
    let first = pushes(&bench, &id)[0].id.clone();
    let thread = bench.store.message_ids(&first, later(1)).unwrap().thread;
    take_down(&bench, &[archive()], later(10)).unwrap();
    send(&bench, &archive(), epoch, later(11));
    let again = approved_at(&bench, "two", later(20), later(21));
    let made = pushes(&bench, &again);
    let kinds: Vec<PushKind> = made.iter().map(|push| push.kind).collect();
    assert_eq!(
        kinds,
        [PushKind::New, PushKind::Update],
        "of two DSPs one has it still"
    );
    assert_eq!(
        bench
            .store
            .message_ids(&made[0].id, later(22))
            .unwrap()
            .thread,
        thread
    );
    assert_eq!(
        send(&bench, &archive(), epoch, later(23)).kind,
        PushKind::New
    );
    let at = bench.store.standings(&bench.label, &gtin14(UPC)).unwrap();
    assert_eq!(at[&archive()].standing, Standing::There(again));
}

#[test]
fn an_older_package_does_not_undo_an_operators_takedown_by_itself() {
    let bench = Bench::new();
    let (_, epoch) = delivered(&bench);
    let waiting = judged_at(&bench, "two", later(2), false);
    take_down(&bench, &[archive()], later(10)).unwrap();
    send(&bench, &archive(), epoch, later(11));
    approve(&bench, &waiting, later(20));
    let made = pushes(&bench, &waiting);
    assert_eq!(made[0].state, PushState::Blocked);
    insta::assert_snapshot!(
        made[0].last_error.as_deref().unwrap().replace(made[0].id.as_str(), "ID"),
        @"mara took this release down on 21 November 2026, 12:00 UTC (Sample not cleared), after this message was made: it would undo that. If it is to go out nevertheless: `dropzone push retry ID`."
    );
    assert_eq!(
        made[1].state,
        PushState::Queued,
        "the other DSP has it still"
    );
    assert_eq!(claim(&bench, &archive(), epoch, later(30)), None);
    // A person decides.
    bench
        .store
        .push_retry(&made[0].id, "mara", later(31))
        .unwrap();
    assert_eq!(send(&bench, &archive(), epoch, later(32)).id, made[0].id);
}

/// A folder may stand there for weeks before its message comes.
#[test]
fn a_message_made_after_a_takedown_is_none_before_it_however_old_its_folder_is() {
    let bench = Bench::new();
    let (_, epoch) = delivered(&bench);
    take_down(&bench, &[archive()], later(10)).unwrap();
    send(&bench, &archive(), epoch, later(11));
    // Its folder was seen at noon.
    let id = judged_at(&bench, "two", later(20), false);
    assert_eq!(bench.package(&id).received_at, later(20));
    approve(&bench, &id, later(21));
    let made = pushes(&bench, &id);
    assert_eq!(made[0].state, PushState::Queued, "{:?}", made[0].last_error);
}

#[test]
fn a_takedown_that_is_only_a_test_takes_nothing_down() {
    let bench = Bench::new();
    let (live, _) = delivered(&bench);
    let id = bench.claimed("off", Some(UPC));
    let mut found = report(&[("UPD-004", "")]);
    found.findings[0].severity = Severity::Question;
    found.counts = Counts::of(&found.findings);
    found.release.is_test = true;
    bench.apply(&id, judged_event(&found, Some(UPC)));
    approve(&bench, &id, later(3));
    assert!(pushes(&bench, &id).is_empty());
    let all = bench.store.standings_of(&live).unwrap();
    let there = Standing::There(live);
    assert!(all.values().all(|at| at.standing == there), "{all:?}");
}

#[test]
fn a_labels_takedown_goes_where_the_release_is_whatever_is_agreed_now() {
    let bench = Bench::new();
    let (_, epoch) = delivered(&bench);
    bench.change_label(|account| {
        account.dsps = vec![megastream(), DspId::new("fresh")];
    });
    let id = judged_at(&bench, "off", later(2), true);
    approve(&bench, &id, later(3));
    let made = pushes(&bench, &id);
    let to: Vec<(&str, PushKind)> = made
        .iter()
        .map(|push| (push.dsp.as_str(), push.kind))
        .collect();
    assert_eq!(
        to,
        [
            ("archive", PushKind::Takedown),
            ("megastream", PushKind::Takedown)
        ]
    );
    assert!(made.iter().all(|push| push.order.is_none()));
    send(&bench, &archive(), epoch, later(4));
    send(&bench, &megastream(), epoch, later(5));
    assert_eq!(bench.status(&id), Status::Delivered);
    assert_eq!(told(&bench, &id), 2);
    let letters = bench.store.letters(&id).unwrap();
    assert!(
        letters
            .iter()
            .all(|letter| letter.kind != LetterKind::Delivered)
    );

    let asks = judged_at(&bench, "again", later(20), false);
    let history = bench
        .store
        .history(&HistoryQuestion {
            label: &bench.label,
            package: &asks,
            icpn: Some(UPC),
            message_id: None,
            sender_dpid: None,
            tracks: &[],
        })
        .unwrap();
    assert!(history.takedowns.everywhere);
    assert_eq!(history.takedowns.packages, [id]);
    assert_eq!(history.takedowns.last_by_us(), None, "the label did it");
    assert_eq!(history.live, None);
}

#[test]
fn a_takedown_that_was_given_up_leaves_the_release_live() {
    let bench = Bench::new();
    let (id, epoch) = delivered(&bench);
    take_down(&bench, &[archive()], later(10)).unwrap();
    let claimed = claim(&bench, &archive(), epoch, later(11)).unwrap();
    bench
        .store
        .push_given_up(&claimed, "refused", later(12))
        .unwrap();
    let at = bench.store.standings(&bench.label, &gtin14(UPC)).unwrap();
    assert_eq!(at[&archive()].standing, Standing::There(id.clone()));
    assert_eq!(told(&bench, &id), 0);
    let letters = bench.store.letters(&id).unwrap();
    assert!(
        letters
            .iter()
            .any(|letter| letter.kind == LetterKind::OperatorPushFailed)
    );
    bench
        .store
        .push_retry(&claimed.push.id, "mara", later(13))
        .unwrap();
    send(&bench, &archive(), epoch, later(14));
    assert_eq!(told(&bench, &id), 2);
}

#[test]
fn two_labels_with_one_barcode_are_told_apart() {
    let bench = Bench::new();
    delivered(&bench);
    let found = bench.store.labels_with(&gtin14(UPC)).unwrap();
    let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["ninja"]);
    assert!(
        bench
            .store
            .labels_with("00000000000000")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_was_ordered_is_kept_as_it_was() {
    let bench = Bench::new();
    delivered(&bench);
    take_down(&bench, &[archive()], later(10)).unwrap();
    let raw = bench.raw();
    for sql in [
        "UPDATE takedown SET reason = 'other'",
        "UPDATE takedown SET actor = 'nobody'",
        "DELETE FROM takedown",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
}
