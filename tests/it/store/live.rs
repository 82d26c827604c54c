//! Which version of a release is live: what reached a store last and was not taken down there.

use super::bench::{Bench, claimed_event, judged_event, later, noon, report};
use dropzone::domain::ids::{DspId, PackageId};
use dropzone::domain::package::Event;
use dropzone::domain::push::PushKind;
use dropzone::domain::report::{Counts, Report, Severity, Verdict};
use dropzone::store::Made;

const UPC: &str = "036000291452";

fn approve(bench: &Bench, folder: &str, report: &Report) -> PackageId {
    let id = bench.received(folder);
    bench.apply(&id, claimed_event(&id, &bench.label, folder, Some(UPC)));
    bench.apply(&id, judged_event(report, Some(UPC)));
    let ticked = report.questions().iter().map(|q| q.code.clone()).collect();
    bench.apply(&id, Event::Approved { note: None, ticked });
    id
}

/// Everything that waits for a DSP arrives there.
fn arrive(bench: &Bench, epoch: u64, dsp: &str) -> Vec<PushKind> {
    let mut kinds = Vec::new();
    while let Some(claimed) = bench
        .store
        .claim_push(&DspId::new(dsp), epoch, later(10))
        .unwrap()
    {
        let store = &bench.store;
        store
            .push_prepared(&claimed, &Made::default(), later(10))
            .unwrap();
        store.push_revealing(&claimed, "/in", later(10)).unwrap();
        store.push_sent(&claimed, "/in", later(10)).unwrap();
        kinds.push(claimed.push.kind);
    }
    kinds
}

fn takedown() -> Report {
    let mut report = report(&[("UPD-004", "takedown")]);
    for finding in &mut report.findings {
        finding.severity = Severity::Question;
    }
    report.verdict = Verdict::Valid;
    report.counts = Counts::of(&report.findings);
    report
}

#[test]
fn live_is_what_arrived_last_and_stands() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let live = |but: Option<&PackageId>| {
        let found = bench.store.live_package(&bench.label, UPC, but).unwrap();
        found.map(|id| id.to_string())
    };
    assert_eq!(live(None), None);
    let one = approve(&bench, "one", &report(&[]));
    assert_eq!(live(None), Some(one.to_string()), "on its way");
    assert_eq!(live(Some(&one)), None, "not seen from itself");
    assert_eq!(arrive(&bench, epoch, "archive"), [PushKind::New]);
    let two = approve(&bench, "two", &report(&[]));
    assert_eq!(live(None), Some(one.to_string()), "stores have the first");
    assert_eq!(arrive(&bench, epoch, "archive"), [PushKind::Update]);
    assert_eq!(live(None), Some(two.to_string()));
    let down = approve(&bench, "down", &takedown());
    assert_eq!(arrive(&bench, epoch, "archive"), [PushKind::Takedown]);
    assert_eq!(live(None), None, "the one store that had it has not");
    // The other store gets all three in their order; at the end it has nothing either.
    arrive(&bench, epoch, "megastream");
    assert_eq!(live(None), None);
    let again = approve(&bench, "again", &report(&[]));
    assert_eq!(live(None), None, "not there again yet");
    arrive(&bench, epoch, "archive");
    assert_eq!(live(None), Some(again.to_string()));
    assert_ne!(again, down);
    let other = bench
        .store
        .live_package(&bench.label, "5034567890120", None);
    assert_eq!(other.unwrap(), None);
}
