//! Attempts of one release: how they are numbered, replaced, remembered and compared.

use super::bench::{Bench, add_label, claimed_event, identity, intent, judged_event, noon, report};
use dropzone::domain::history::EarlierCover;
use dropzone::domain::ids::PackageId;
use dropzone::domain::ledger::Ledger as _;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Event;
use dropzone::domain::report::ArtworkSummary;
use dropzone::store::HistoryQuestion;

const UPC: &str = "036000291452";
const SAME_AS_EAN: &str = "0036000291452";
const ANOTHER: &str = "5034567890120";

#[test]
fn attempts_count_over_spellings_and_folder_names() {
    let bench = Bench::new();
    let attempt = |id: &PackageId| bench.package(id).attempt;
    let first = bench.claimed("summer", Some(UPC));
    let second = bench.claimed("summer-fixed", Some(SAME_AS_EAN));
    let third = bench.claimed("SUMMER", Some(" 036000291452 "));
    assert_eq!([&first, &second, &third].map(attempt), [1, 2, 3]);
    let other = bench.claimed("summer", Some(ANOTHER));
    assert_eq!(
        attempt(&other),
        1,
        "the folder's name does not make a release"
    );
}

#[test]
fn another_labels_release_counts_on_its_own() {
    let bench = Bench::new();
    bench.claimed("summer", Some(UPC));
    let other = add_label(&bench.store, "warp", &["x@warp.example"]);
    let id = bench.store.seen(&other, "summer", true).unwrap();
    let event = claimed_event(&id, &other, "summer", Some(UPC));
    assert_eq!(bench.apply(&id, event).attempt, 1);
}

#[test]
fn without_a_barcode_the_folder_tells() {
    let bench = Bench::new();
    let attempt = |id: &PackageId| bench.package(id).attempt;
    let broken = bench.claimed("summer", None);
    let broken_again = bench.claimed("summer", None);
    let mended = bench.claimed("summer", Some(UPC));
    let elsewhere = bench.claimed("winter", None);
    assert_eq!(
        [&broken, &broken_again, &mended, &elsewhere].map(attempt),
        [1, 2, 3, 1]
    );
}

#[test]
fn a_folder_that_was_never_claimed_is_no_attempt() {
    let bench = Bench::new();
    let gone = bench.received("summer");
    bench.store.withdrawn(&gone).unwrap();
    let id = bench.received("summer");
    assert_eq!(bench.package(&id).attempt, 1);
    bench.apply(&id, claimed_event(&id, &bench.label, "summer", Some(UPC)));
    let next = bench.received("summer");
    assert_eq!(
        bench.package(&next).attempt,
        2,
        "provisional, by the folder"
    );
}

#[test]
fn a_newer_package_takes_the_place_of_those_not_approved() {
    let bench = Bench::new();
    let waiting = bench.valid("one", UPC);
    let approved = bench.approved("two", ANOTHER);
    let newer = bench.claimed("three", Some(SAME_AS_EAN));
    assert_eq!(bench.status(&waiting), Status::Superseded);
    let log = bench.store.log(&waiting).unwrap();
    assert_eq!(
        log.last().unwrap().event,
        Event::Replaced { by: newer.clone() }
    );
    assert_eq!(bench.status(&approved), Status::QcApproved);

    let parked = bench.apply(
        &newer,
        Event::Parked {
            why: "disk".to_owned(),
        },
    );
    assert_eq!(parked.status, Status::Parked);
    let newest = bench.claimed("four", Some(UPC));
    assert_eq!(bench.status(&newer), Status::Superseded);
    let validating = bench.claimed("five", Some(UPC));
    assert_eq!(bench.status(&newest), Status::Superseded, "was incoming");
    bench.apply(&validating, judged_event(&report(&[("A", "b")]), Some(UPC)));
    bench.claimed("six", Some(UPC));
    assert_eq!(bench.status(&validating), Status::Invalid, "final stays");
}

#[test]
fn an_approved_package_is_not_replaced() {
    let bench = Bench::new();
    let approved = bench.approved("one", UPC);
    let second = bench.claimed("two", Some(UPC));
    assert_eq!(bench.status(&approved), Status::QcApproved);
    assert_eq!(bench.package(&second).attempt, 2);
}

#[test]
fn a_package_without_a_barcode_replaces_none_with_one() {
    let bench = Bench::new();
    let good = bench.valid("summer", UPC);
    let broken = bench.claimed("summer", None);
    assert_eq!(bench.status(&good), Status::NeedsQc);
    bench.claimed("summer", None);
    assert_eq!(bench.status(&broken), Status::Superseded);
}

#[test]
fn a_package_parked_before_its_claim_is_received_again() {
    let bench = Bench::new();
    let parked = bench.received("summer");
    bench.store.park(&parked, "the disk failed").unwrap();
    let again = bench
        .store
        .apply(&parked, Event::Unparked, "ops", noon())
        .unwrap();
    assert_eq!(again.status, Status::Receiving, "nothing to validate yet");
    bench.store.park(&parked, "the disk failed").unwrap();
    assert_eq!(
        bench.received("summer"),
        parked,
        "the folder is there, so is it"
    );
    bench.apply(
        &parked,
        claimed_event(&parked, &bench.label, "summer", Some(UPC)),
    );
    assert_eq!(bench.status(&parked), Status::Incoming);
}

#[test]
fn a_package_whose_claim_was_cut_off_gives_way_to_what_is_uploaded_anew() {
    let bench = Bench::new();
    let lost = bench.received("summer");
    bench
        .store
        .intend(&intent(&lost, &bench.label, "summer", Some(UPC)))
        .unwrap();
    bench.store.park(&lost, "both folders are gone").unwrap();
    let anew = bench.received("summer");
    assert_ne!(anew, lost);
    let refused = bench
        .store
        .apply(&lost, Event::Unparked, "ops", noon())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "its folder is being received again as package {anew}, which takes its place if it is \
             the same release; if it is another, try again when that was taken in"
        )
    );
    bench.apply(
        &anew,
        claimed_event(&anew, &bench.label, "summer", Some(UPC)),
    );
    assert_eq!(bench.status(&lost), Status::Superseded);
}

#[test]
fn a_package_whose_claim_was_cut_off_stands_beside_another_release_of_its_folder() {
    let bench = Bench::new();
    let spooled = bench.received("summer");
    let claim = intent(&spooled, &bench.label, "summer", Some(UPC));
    bench.store.intend(&claim).unwrap();
    bench.store.park(&spooled, "the disk is full").unwrap();
    let other = bench.claimed("summer", Some("4006381333931"));
    assert_eq!(bench.status(&spooled), Status::Parked);
    // Whoever asks for another try is not given the place of what comes meanwhile, nor it theirs.
    bench.apply(&spooled, Event::Unparked);
    let refused = bench.store.seen(&bench.label, "summer", true).unwrap_err();
    assert!(refused.is_transient(), "{refused}");
    bench.store.claimed(&claim).unwrap();
    assert_eq!(bench.status(&spooled), Status::Incoming);
    assert_eq!(bench.status(&other), Status::Incoming);
    assert_ne!(bench.received("summer"), spooled);
}

#[test]
fn a_claim_that_is_finished_after_a_later_one_of_its_release_is_the_older() {
    for (folder, upc) in [
        ("summer", Some(UPC)),
        ("summer", None),
        ("winter", Some(UPC)),
    ] {
        let bench = Bench::new();
        let older = bench.received("summer");
        let claim = intent(&older, &bench.label, "summer", upc);
        bench.store.intend(&claim).unwrap();
        bench.store.park(&older, "the disk is full").unwrap();
        let newer = bench.received(folder);
        bench.apply(&newer, claimed_event(&newer, &bench.label, folder, upc));
        let is_known = folder == "summer";
        let expected = if is_known {
            Status::Superseded
        } else {
            Status::Parked
        };
        assert_eq!(bench.status(&older), expected, "{folder} {upc:?}");
        if !is_known {
            // Under another name nobody knew that it is the same.
            bench.store.claimed(&claim).unwrap();
            assert_eq!(bench.status(&older), Status::Superseded);
        }
        assert_eq!(bench.status(&newer), Status::Incoming, "{folder} {upc:?}");
    }
}

#[test]
fn the_history_holds_earlier_attempts_only() {
    let bench = Bench::new();
    let first = bench.claimed("one", Some(UPC));
    bench.apply(
        &first,
        judged_event(&report(&[("AUD-001", "a.wav")]), Some(UPC)),
    );
    let second = bench.claimed("two", Some(SAME_AS_EAN));
    bench.apply(&second, judged_event(&report(&[]), Some(SAME_AS_EAN)));
    let third = bench.claimed("three", Some(UPC));
    let ask = |package: &PackageId, icpn: Option<&str>| {
        bench
            .store
            .history(&HistoryQuestion {
                label: &bench.label,
                package,
                icpn,
                message_id: Some("M-1"),
                sender_dpid: None,
                tracks: &[],
            })
            .unwrap()
    };
    let history = ask(&third, Some(UPC));
    let seen: Vec<_> = history
        .same_release
        .iter()
        .map(|earlier| (earlier.id.clone(), earlier.attempt, earlier.status))
        .collect();
    assert_eq!(
        seen,
        [
            (first.clone(), 1, Status::Invalid),
            (second.clone(), 2, Status::Superseded)
        ]
    );
    let earlier = &history.same_release[0];
    assert_eq!(earlier.errors, report(&[("AUD-001", "a.wav")]).problems());
    assert_eq!(earlier.title, "Blå Åre");
    assert_eq!(earlier.fingerprint.as_ref().unwrap().len(), 64);
    assert_eq!(
        earlier.fingerprint, history.same_release[1].fingerprint,
        "the same files under another folder's name"
    );
    assert!(history.same_message_id.is_empty(), "same release");
    assert_eq!(ask(&second, Some(UPC)).same_release.len(), 1);
    assert!(ask(&third, None).same_release.is_empty());

    let unrelated = bench.claimed("four", Some(ANOTHER));
    let history = ask(&unrelated, Some(ANOTHER));
    assert!(history.same_release.is_empty());
    assert_eq!(history.same_message_id.len(), 3, "M-1 was used before");
}

#[test]
fn the_history_tells_what_was_replaced_before_it_was_judged() {
    let bench = Bench::new();
    bench.valid("one", UPC);
    bench.claimed("two", Some(UPC));
    let third = bench.claimed("three", Some(UPC));
    let question = HistoryQuestion {
        label: &bench.label,
        package: &third,
        icpn: Some(UPC),
        message_id: None,
        sender_dpid: None,
        tracks: &[],
    };
    let history = bench.store.history(&question).unwrap();
    let seen: Vec<_> = history
        .same_release
        .iter()
        .map(|earlier| (earlier.status, earlier.judged))
        .collect();
    assert_eq!(
        seen,
        [(Status::Superseded, true), (Status::Superseded, false)]
    );
    let received = bench.package(&third).received_at;
    assert_eq!(history.received_at, Some(received));
}

#[test]
fn other_labels_are_seen_only_as_a_yes() {
    let bench = Bench::new();
    bench.claimed("one", Some(UPC));
    let mut other = super::bench::account(&bench.store, "warp", &["x@warp.example"]);
    other.dpid = Some("PADPIDA2014120301V".to_owned());
    bench.store.add_label(&other).unwrap();
    let id = bench.store.seen(&other.id, "two", true).unwrap();
    let ask = |label, icpn, sender_dpid| {
        let question = HistoryQuestion {
            label,
            package: &id,
            icpn,
            message_id: None,
            sender_dpid,
            tracks: &[],
        };
        let history = bench.store.history(&question).unwrap();
        (history.icpn_of_other_label, history.dpid_of_other_label)
    };
    let dpid = Some("padpida2014120301v");
    assert_eq!(ask(&other.id, Some(SAME_AS_EAN), dpid), (true, false));
    assert_eq!(ask(&bench.label, Some(UPC), dpid), (false, true));
    assert_eq!(ask(&bench.label, None, None), (false, false));
}

#[test]
fn an_attempt_is_compared_with_the_one_before() {
    let bench = Bench::new();
    let three = [
        ("AUD-001", "1.wav"),
        ("AUD-001", "2.wav"),
        ("ART-002", "c.jpg"),
    ];
    let first = bench.claimed("one", Some(UPC));
    assert_eq!(bench.store.previous(&first).unwrap(), None);
    bench.apply(&first, judged_event(&report(&three), Some(UPC)));

    let second = bench.claimed("two", Some(SAME_AS_EAN));
    let previous = bench.store.previous(&second).unwrap().unwrap();
    assert_eq!(previous.attempt, 1);
    assert_eq!(previous.problems, report(&three).problems());
    let mut left = report(&[
        ("AUD-001", "2.wav"),
        ("ART-002", "c.jpg"),
        ("PKG-007", "3.wav"),
    ]);
    left.compare(2, &previous);
    bench.apply(&second, judged_event(&left, Some(UPC)));
    let kept = bench.store.report(&second).unwrap().unwrap();
    assert_eq!(
        kept.compared.unwrap().sentence(),
        "Attempt 2: 1 of 3 problems fixed, 2 remain, 1 new."
    );

    let third = bench.claimed("three", Some(UPC));
    let fourth = bench.claimed("four", Some(UPC));
    let previous = bench.store.previous(&fourth).unwrap().unwrap();
    assert_eq!(
        previous.attempt, 2,
        "{third} was replaced before it was judged"
    );
}

#[test]
fn a_mended_message_is_compared_with_the_unreadable_one() {
    let bench = Bench::new();
    let broken = bench.claimed("summer", None);
    let fault = report(&[("XML-001", "metadata.xml")]);
    let event = Event::Judged {
        report: Some(Box::new(fault.clone())),
        counts: fault.counts,
        identity: identity(None),
    };
    bench.apply(&broken, event);
    let mended = bench.claimed("summer", Some(UPC));
    let previous = bench.store.previous(&mended).unwrap().unwrap();
    let mut sound = report(&[]);
    sound.compare(2, &previous);
    let compared = sound.compared.unwrap();
    assert_eq!((compared.before, compared.fixed, compared.new), (1, 1, 0));
}

#[test]
fn covers_of_other_releases_are_remembered_and_refused_ones_are_not() {
    let bench = Bench::new();
    let judged = |folder: &str, icpn: &str, likeness: &str, errors: &[(&str, &str)]| {
        let id = bench.claimed(folder, Some(icpn));
        let mut report = report(errors);
        report.artwork = Some(ArtworkSummary {
            likeness: Some(likeness.to_owned()),
            ..ArtworkSummary::default()
        });
        bench.apply(&id, judged_event(&report, Some(icpn)));
        id
    };
    let first = judged("one", UPC, "a", &[]);
    judged("two", ANOTHER, "b", &[("ART-002", "c.jpg")]);
    let third = judged("three", "4006381333931", "c", &[]);
    let ask = |package: &PackageId, icpn: Option<&str>| {
        let question = HistoryQuestion {
            label: &bench.label,
            package,
            icpn,
            message_id: None,
            sender_dpid: None,
            tracks: &[],
        };
        let covers = bench.store.history(&question).unwrap().covers;
        let known = |cover: EarlierCover| (cover.likeness, cover.icpn);
        covers.into_iter().map(known).collect::<Vec<_>>()
    };
    let own = |likeness: &str, icpn: &str| (likeness.to_owned(), icpn.to_owned());
    assert_eq!(ask(&third, Some("4006381333931")), [own("a", UPC)]);
    assert_eq!(ask(&first, Some(SAME_AS_EAN)), [own("c", "4006381333931")]);
    assert!(
        ask(&third, None).is_empty(),
        "without a barcode no release is another"
    );
    let warp = add_label(&bench.store, "warp", &["x@warp.example"]);
    let id = bench.store.seen(&warp, "four", true).unwrap();
    let question = HistoryQuestion {
        label: &warp,
        package: &id,
        icpn: Some(ANOTHER),
        message_id: None,
        sender_dpid: None,
        tracks: &[],
    };
    assert!(bench.store.history(&question).unwrap().covers.is_empty());
}
