//! Whose a barcode is (ID-013): who holds it, who does not, and how it changes hands.

use super::bench::{Bench, account, add_label, claimed_event, judged_event, later, noon, report};
use dropzone::domain::ids::{DspId, LabelId, PackageId, gtin14};
use dropzone::domain::ledger::Ledger as _;
use dropzone::domain::package::Event;
use dropzone::domain::push::Claimed;
use dropzone::store::{HistoryQuestion, Made, Wanted};

const UPC: &str = "036000291452";
const SAME_AS_EAN: &str = "0036000291452";

fn archive() -> DspId {
    DspId::new("archive")
}

fn megastream() -> DspId {
    DspId::new("megastream")
}

/// A second label, and a package of it that is being checked.
fn rival(bench: &Bench) -> (LabelId, PackageId) {
    let label = add_label(&bench.store, "warp", &["x@warp.example"]);
    let id = claimed_by(bench, &label);
    (label, id)
}

fn claimed_by(bench: &Bench, label: &LabelId) -> PackageId {
    let id = bench.store.seen(label, "mine", true).unwrap();
    bench.apply(&id, claimed_event(&id, label, "mine", Some(SAME_AS_EAN)));
    id
}

/// Whether a label is told that the barcode is another's.
fn is_refused(bench: &Bench, label: &LabelId, package: &PackageId) -> bool {
    let question = HistoryQuestion {
        label,
        package,
        icpn: Some(SAME_AS_EAN),
        message_id: None,
        sender_dpid: None,
        tracks: &[],
    };
    bench.store.history(&question).unwrap().icpn_of_other_label
}

fn reject(bench: &Bench, id: &PackageId) {
    let note = "Not yours.".to_owned();
    bench.apply(id, Event::Rejected { note });
}

fn send(bench: &Bench, dsp: &DspId, epoch: u64) {
    let claimed = bench.store.claim_push(dsp, epoch, later(1)).unwrap();
    let claimed = claimed.expect("a push is due");
    let made = Made::default();
    bench
        .store
        .push_prepared(&claimed, &made, later(1))
        .unwrap();
    bench.store.push_sent(&claimed, "/there", later(1)).unwrap();
}

fn take_down(bench: &Bench, dsps: &[DspId]) {
    let wanted = Wanted {
        label: bench.label.clone(),
        release: gtin14(UPC),
        dsps: dsps.to_vec(),
        why: "The catalogue was sold.".to_owned(),
        purge: false,
    };
    bench.store.take_down(&wanted, "mara", later(5)).unwrap();
}

#[test]
fn anothers_mistake_locks_nobody_out_of_their_barcode() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let (warp, wrong) = rival(&bench);
    assert!(is_refused(&bench, &warp, &wrong), "it is the first label's");
    let invalid = report(&[("ID-013", "metadata.xml")]);
    bench.apply(&wrong, judged_event(&invalid, Some(SAME_AS_EAN)));

    let update = bench.claimed("two", Some(UPC));
    assert!(!is_refused(&bench, &bench.label, &update));
}

#[test]
fn what_was_turned_down_or_replaced_holds_no_barcode() {
    let bench = Bench::new();
    let waiting = bench.valid("one", UPC);
    let (warp, theirs) = rival(&bench);
    assert!(is_refused(&bench, &warp, &theirs), "in review");
    reject(&bench, &waiting);
    assert!(!is_refused(&bench, &warp, &theirs), "turned down");
    let replaced = bench.valid("two", UPC);
    let newer = bench.claimed("three", Some(UPC));
    assert_eq!(bench.status(&replaced).as_str(), "superseded");
    let invalid = report(&[("AUD-001", "a.wav")]);
    bench.apply(&newer, judged_event(&invalid, Some(UPC)));
    assert!(!is_refused(&bench, &warp, &theirs), "replaced and invalid");
}

#[test]
fn of_two_that_are_looked_at_together_the_first_has_the_barcode() {
    let bench = Bench::new();
    let first = bench.claimed("one", Some(UPC));
    let (warp, second) = rival(&bench);
    assert!(is_refused(&bench, &warp, &second));
    assert!(!is_refused(&bench, &bench.label, &first));
    // What passed while the first was put aside stays where it is.
    let why = "disk".to_owned();
    bench.apply(&first, Event::Parked { why });
    assert!(!is_refused(&bench, &warp, &second));
    bench.apply(&second, judged_event(&report(&[]), Some(UPC)));
    bench.apply(&first, Event::Unparked);
    assert!(is_refused(&bench, &bench.label, &first));
}

#[test]
fn a_trial_holds_no_barcode() {
    let bench = Bench::new();
    let mut trial = account(&bench.store, "ninja-test", &["t@ninja.example"]);
    trial.in_test = true;
    bench.store.add_label(&trial).unwrap();
    let tried = claimed_by(&bench, &trial.id);
    let live = bench.claimed("one", Some(UPC));
    assert!(!is_refused(&bench, &bench.label, &live), "being checked");
    let mut of_trial = report(&[]);
    of_trial.release.is_test = true;
    bench.apply(&tried, judged_event(&of_trial, Some(UPC)));
    assert!(!is_refused(&bench, &bench.label, &live), "in review");
    let approved = Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    bench.apply(&tried, approved);
    assert!(!is_refused(&bench, &bench.label, &live), "approved");
}

#[test]
fn an_operator_frees_a_barcode_by_taking_the_release_down() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    bench.approved("one", UPC);
    let (warp, theirs) = rival(&bench);
    assert!(is_refused(&bench, &warp, &theirs), "on its way");
    send(&bench, &archive(), epoch);
    send(&bench, &megastream(), epoch);
    assert!(is_refused(&bench, &warp, &theirs), "delivered");
    take_down(&bench, &[archive()]);
    assert!(is_refused(&bench, &warp, &theirs), "one store has it still");
    take_down(&bench, &[megastream()]);
    assert!(!is_refused(&bench, &warp, &theirs), "nobody has it");
}

#[test]
fn what_may_be_tried_again_holds_a_barcode_until_it_is_called_off() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    bench.approved("one", UPC);
    let (warp, theirs) = rival(&bench);
    let claim = |dsp: &DspId| {
        let claimed = bench.store.claim_push(dsp, epoch, later(1)).unwrap();
        claimed.expect("a push is due")
    };
    let failed = claim(&archive());
    let gave_up = bench.store.push_given_up(&failed, "no room", later(1));
    gave_up.unwrap();
    let blocked = claim(&megastream());
    let stopped = bench.store.push_blocked(&blocked, "no composer", later(1));
    stopped.unwrap();
    let call_off = |claimed: &Claimed| {
        let id = &claimed.push.id;
        bench.store.push_cancel(id, "mara", later(2)).unwrap();
    };
    call_off(&failed);
    assert!(is_refused(&bench, &warp, &theirs), "one is blocked");
    let id = &blocked.push.id;
    bench.store.push_retry(id, "mara", later(2)).unwrap();
    call_off(&blocked);
    assert!(!is_refused(&bench, &warp, &theirs), "nothing goes anywhere");
}
