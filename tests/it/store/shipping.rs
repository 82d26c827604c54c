//! Pushes between approval and a DSP's answer: what is taken together, what waits for what, what is
//! never sent again by itself.

use super::bench::{Bench, claimed_event, judged_event, later, noon, report};
use dropzone::domain::answer::Answer;
use dropzone::domain::dsp::BatchOptions;
use dropzone::domain::ids::{DspId, PackageId, PushId};
use dropzone::domain::letter::LetterKind;
use dropzone::domain::lifecycle::Status;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::package::Event;
use dropzone::domain::push::{Claimed, Push, PushKind, Shipment};
use dropzone::domain::report::Report;
use dropzone::store::{AckFile, Found, LongestWaits, Made, Mended, PushError, PushFilter};
use std::time::Duration;

pub(super) const UPC: &str = "036000291452";
pub(super) const OTHER: &str = "5034567890120";

fn archive() -> DspId {
    DspId::new("archive")
}

fn batching() -> BatchOptions {
    BatchOptions {
        window_seconds: 300,
        packages: 3,
    }
}

pub(super) fn push(bench: &Bench, id: &PushId) -> Push {
    match bench.store.find_push(id.as_str()).unwrap() {
        Found::One(push) => push,
        Found::None | Found::Many(_) => panic!("no push {id}"),
    }
}

pub(super) fn archive_push(bench: &Bench, package: &PackageId) -> Push {
    let filter = PushFilter {
        package: Some(package.clone()),
        dsp: Some(archive()),
        ..PushFilter::default()
    };
    bench.store.pushes(&filter).unwrap().remove(0)
}

fn claim(bench: &Bench, epoch: u64, seconds: i64) -> Option<Claimed> {
    let now = later(seconds);
    bench.store.claim_push(&archive(), epoch, now).unwrap()
}

pub(super) fn batch(bench: &Bench, epoch: u64, seconds: i64) -> Option<Shipment> {
    bench
        .store
        .claim_shipment(&archive(), Some(batching()), epoch, later(seconds))
        .unwrap()
}

/// Claimed, prepared, and about to become visible.
fn revealing(bench: &Bench, epoch: u64, made: &Made) -> Claimed {
    let claimed = claim(bench, epoch, 10).expect("a push is due");
    bench
        .store
        .push_prepared(&claimed, made, later(10))
        .unwrap();
    bench
        .store
        .push_revealing(&claimed, "/in/one", later(1))
        .unwrap();
    claimed
}

/// A later package of the same release, approved, whose report is that.
pub(super) fn another(bench: &Bench, folder: &str, icpn: &str, report: &Report) -> PackageId {
    let id = bench.received(folder);
    bench.apply(&id, claimed_event(&id, &bench.label, folder, Some(icpn)));
    bench.apply(&id, judged_event(report, Some(icpn)));
    let ticked = report.questions().iter().map(|q| q.code.clone()).collect();
    bench.apply(&id, Event::Approved { note: None, ticked });
    id
}

pub(super) fn takedown() -> Report {
    let mut report = report(&[("UPD-004", "takedown")]);
    for finding in &mut report.findings {
        finding.severity = dropzone::domain::report::Severity::Question;
    }
    report.verdict = dropzone::domain::report::Verdict::Valid;
    report.counts = dropzone::domain::report::Counts::of(&report.findings);
    report
}

#[test]
fn what_a_dsp_will_not_read_and_what_it_says_stay_with_the_push() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let losses = ["Sub-title: ERN 3.8.2 has no place", "Writer's share: none"].map(str::to_owned);
    let made = Made {
        message_id: Some("01MESSAGE".to_owned()),
        losses: losses.to_vec(),
        ..awaiting()
    };
    let claimed = claim(&bench, epoch, 10).unwrap();
    assert_eq!(push(&bench, &claimed.push.id).losses, Vec::<String>::new());
    let ids = bench
        .store
        .message_ids(&claimed.push.id, later(10))
        .unwrap();
    bench
        .store
        .push_prepared(&claimed, &made, later(10))
        .unwrap();
    let id = &claimed.push.id;
    assert_eq!(push(&bench, id).losses, losses);
    // Made anew after a retry: only what the newest message loses.
    bench
        .store
        .push_given_up(&claimed, "no", later(11))
        .unwrap();
    bench.store.push_retry(id, "ops", later(12)).unwrap();
    let claimed = claim(&bench, epoch, 13).unwrap();
    let made = Made {
        losses: losses[1..].to_vec(),
        ..made
    };
    bench
        .store
        .push_prepared(&claimed, &made, later(13))
        .unwrap();
    assert_eq!(push(&bench, id).losses, losses[1..]);
    bench
        .store
        .push_sent(&claimed, "/in/one", later(14))
        .unwrap();
    for (name, status, text) in [
        (
            "ACK_1.xml",
            "ResourceCorrupt",
            Some("track 2 does not open"),
        ),
        ("ACK_2.xml", "FileOK", None),
    ] {
        let file = AckFile {
            dsp: archive(),
            name: name.to_owned(),
            size: 9,
        };
        let answer = Answer {
            message_id: Some("01MESSAGE".to_owned()),
            status: status.to_owned(),
            text: text.map(str::to_owned),
            ..Answer::default()
        };
        bench
            .store
            .acknowledge(&file, Ok(vec![answer]), later(15))
            .unwrap();
    }
    let more = bench.store.push_more(id).unwrap();
    assert_eq!(more.thread, Some(ids.thread));
    let said: Vec<(&str, &str, Option<&str>)> = more
        .answers
        .iter()
        .map(|said| (&*said.file, &*said.status, said.text.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            (
                "ACK_1.xml",
                "ResourceCorrupt",
                Some("track 2 does not open")
            ),
            ("ACK_2.xml", "FileOK", None)
        ]
    );
}

#[test]
fn what_a_wrong_clock_put_off_for_years_is_due_once_it_is_right() {
    let bench = Bench::new();
    let longest = LongestWaits {
        push: Duration::from_secs(4_320),
        letter: Duration::from_secs(4_320),
    };
    let years = 8 * 365 * 86_400;
    bench.approved("one", UPC);
    bench.approved("two", OTHER);
    let epoch = bench.store.begin_epoch(later(years)).unwrap();
    // Made, and tried, while the clock was years ahead.
    let tried = claim(&bench, epoch, years).unwrap();
    bench
        .store
        .push_postponed(&tried, "busy", later(years + 60), later(years))
        .unwrap();
    let unreachable = later(years + 3_600);
    bench
        .store
        .dsp_unreachable(&archive(), "no route", unreachable)
        .unwrap();
    let letter = bench.store.due_letter(later(1)).unwrap().unwrap();
    bench
        .store
        .letter_postponed(&letter.id, later(years), "greylisted")
        .unwrap();
    // A person's wish, as far ahead, is meant so.
    let other = bench.store.pushes(&PushFilter::default()).unwrap();
    let wished = other.iter().find(|one| one.id != tried.push.id).unwrap();
    bench
        .store
        .push_schedule(&wished.id, later(years), "ops", later(2))
        .unwrap();
    assert!(claim(&bench, epoch, 10).is_none(), "nothing is due");

    let mended = bench.store.mend_times(longest, later(10)).unwrap();
    let wanted = Mended {
        pushes: 1,
        letters: 1,
        gates: 1,
    };
    assert_eq!(mended, wanted);
    assert_eq!(claim(&bench, epoch, 10).unwrap().push.id, tried.push.id);
    assert_eq!(push(&bench, &wished.id).due_at, later(years));
    let more = bench.store.push_more(&wished.id).unwrap();
    assert_eq!(more.appointment, Some(later(years)));
    let again = bench.store.mend_times(longest, later(11)).unwrap();
    assert!(again.is_nothing(), "{again:?}");
}

#[test]
fn what_waits_as_long_as_it_may_or_for_a_person_is_left_alone() {
    let bench = Bench::new();
    let longest = LongestWaits {
        push: Duration::from_secs(4_320),
        letter: Duration::from_secs(4_320),
    };
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &Made::default());
    // Nobody can tell: it is asked about no more until a person decides.
    bench
        .store
        .push_given_up(&claimed, "gone", later(20))
        .unwrap();
    let letter = bench.store.due_letter(later(1)).unwrap().unwrap();
    bench
        .store
        .letter_postponed(&letter.id, later(4_320), "greylisted")
        .unwrap();
    bench
        .store
        .dsp_unreachable(&archive(), "no route", later(4_320))
        .unwrap();
    let mended = bench.store.mend_times(longest, noon()).unwrap();
    assert!(mended.is_nothing(), "{mended:?}");
}

#[test]
fn what_may_be_there_is_asked_about_and_never_sent_by_itself() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &Made::default());
    let id = &claimed.push.id;
    assert_eq!(push(&bench, id).state, PushState::SentUnknown);
    assert_eq!(push(&bench, id).location.as_deref(), Some("/in/one"));
    // The daemon is killed here. The next one finds it unknown, not queued.
    let epoch = bench.store.begin_epoch(later(2)).unwrap();
    assert_eq!(push(&bench, id).state, PushState::SentUnknown);
    let question = claim(&bench, epoch, 3).unwrap();
    assert_eq!(question.push.state, PushState::SentUnknown);
    let early = bench.store.push_resend(id, "anna", later(3));
    assert!(matches!(early, Err(PushError::Held)), "{early:?}");
    assert!(bench.store.is_push_held(id).unwrap());
    let late = bench.store.push_sent(&claimed, "/in/one", later(3));
    assert!(matches!(late, Err(PushError::Stale)), "{late:?}");
    bench
        .store
        .push_postponed(&question, "they may have taken it", later(60), later(3))
        .unwrap();
    let waiting = push(&bench, id);
    assert_eq!(waiting.state, PushState::SentUnknown, "still");
    assert_eq!(
        waiting.last_error.as_deref(),
        Some("they may have taken it")
    );
    // A person's plain retry asks again, and does not send.
    bench.store.push_retry(id, "anna", later(4)).unwrap();
    let question = claim(&bench, epoch, 4).unwrap();
    assert_eq!(question.push.state, PushState::SentUnknown);
    bench
        .store
        .push_given_up(&question, "nobody knows", later(5))
        .unwrap();
    assert_eq!(push(&bench, id).state, PushState::SentUnknown, "the truth");
    assert_eq!(
        claim(&bench, epoch, 100_000),
        None,
        "asked no more by itself"
    );
    bench.store.push_resend(id, "anna", later(6)).unwrap();
    let again = push(&bench, id);
    assert_eq!((again.state, again.location), (PushState::Queued, None));
}

#[test]
fn the_answer_to_a_question_decides() {
    let bench = Bench::new();
    let package = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &Made::default());
    let id = claimed.push.id.clone();
    bench.store.begin_epoch(later(2)).unwrap();
    let epoch = bench.store.begin_epoch(later(2)).unwrap();
    let question = claim(&bench, epoch, 3).unwrap();
    bench.store.push_absent(&question, later(3)).unwrap();
    assert_eq!(
        push(&bench, &id).state,
        PushState::Queued,
        "it was not there"
    );
    let claimed = revealing(&bench, epoch, &Made::default());
    bench.store.push_concealed(&claimed, later(4)).unwrap();
    assert_eq!(push(&bench, &id).state, PushState::Sending);
    bench
        .store
        .push_given_up(&claimed, "rename refused", later(4))
        .unwrap();
    assert_eq!(
        push(&bench, &id).state,
        PushState::Failed,
        "nothing is there"
    );
    bench.store.push_retry(&id, "anna", later(5)).unwrap();
    let claimed = claim(&bench, epoch, 5).unwrap();
    bench
        .store
        .push_prepared(&claimed, &Made::default(), later(5))
        .unwrap();
    bench
        .store
        .push_revealing(&claimed, "/in/one", later(5))
        .unwrap();
    bench.store.push_confirm(&id, "anna", later(6)).unwrap();
    assert_eq!(push(&bench, &id).state, PushState::Sent);
    assert_eq!(
        bench.status(&package),
        Status::QcApproved,
        "one DSP is open"
    );
}

/// The DSP forgot its acknowledgement, and says so by telephone.
#[test]
fn a_person_may_bring_the_word_of_a_dsp_that_is_waited_for() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &awaiting());
    let id = claimed.push.id.clone();
    bench.store.push_confirm(&id, "anna", later(11)).unwrap();
    assert_eq!(
        push(&bench, &id).state,
        PushState::Sent,
        "that it is there is not yet their word"
    );
    bench.store.push_confirm(&id, "anna", later(12)).unwrap();
    assert_eq!(push(&bench, &id).state, PushState::Acknowledged);
    let again = bench.store.push_confirm(&id, "anna", later(13));
    assert!(matches!(again, Err(PushError::Illegal(_))), "{again:?}");
    bench.approved("two", OTHER);
    let claimed = revealing(&bench, epoch, &Made::default());
    bench
        .store
        .push_sent(&claimed, "/in/two", later(14))
        .unwrap();
    let needless = bench
        .store
        .push_confirm(&claimed.push.id, "anna", later(15));
    assert!(
        matches!(needless, Err(PushError::Illegal(_))),
        "{needless:?}"
    );
}

#[test]
fn a_batch_waits_for_its_window_or_until_it_is_full() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    bench.approved("two", OTHER);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    assert_eq!(batch(&bench, epoch, 299), None);
    let first = batch(&bench, epoch, 300).unwrap();
    assert_eq!(first.members.len(), 2);
    assert_eq!(first.batch.as_deref(), Some("20261121120500000"));
    assert_eq!(first.attempt.of, "20261121120500000");
    for (number, folder) in (0..).zip(["three", "four", "five", "six"]) {
        bench.approved(folder, &format!("96000000000{number:02}"));
    }
    let full = batch(&bench, epoch, 300).unwrap();
    assert_eq!(full.members.len(), 3, "full at once");
    assert_eq!(
        full.batch.as_deref(),
        Some("20261121120500001"),
        "never twice"
    );
    // A try of the whole that failed is repeated as the same batch, and nobody joins it.
    bench
        .store
        .push_postponed(&first.members, "busy", later(400), later(301))
        .unwrap();
    let again = batch(&bench, epoch, 400).unwrap();
    assert_eq!(again.batch, first.batch);
    assert_eq!((again.members.len(), again.attempt.number), (2, 2));
    for member in &again.members {
        let made = Made::default();
        bench
            .store
            .push_prepared(member, &made, later(401))
            .unwrap();
    }
    bench
        .store
        .push_revealing(&again.members, "/in/b", later(401))
        .unwrap();
    // One is decided on by a person meanwhile; the worker is believed about the other.
    let (decided, other) = (&again.members[0].push.id, &again.members[1].push.id);
    bench
        .store
        .push_confirm(decided, "anna", later(402))
        .unwrap();
    bench
        .store
        .push_sent(&again.members, "/in/b", later(403))
        .unwrap();
    for id in [decided, other] {
        assert_eq!(push(&bench, id).state, PushState::Sent);
    }
}

#[test]
fn takedowns_go_first_and_wait_for_no_batch() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    for (folder, barcode) in [("one", UPC), ("two", OTHER)] {
        bench.approved(folder, barcode);
        let first = claim(&bench, epoch, 1).unwrap();
        bench
            .store
            .push_prepared(&first, &Made::default(), later(1))
            .unwrap();
        bench.store.push_sent(&first, "/in", later(1)).unwrap();
    }
    let newer = bench.approved("new", "9600000000000");
    let update = another(&bench, "update", UPC, &report(&[]));
    assert_eq!(archive_push(&bench, &update).kind, PushKind::Update);
    assert_eq!(archive_push(&bench, &newer).kind, PushKind::New);
    assert_eq!(batch(&bench, epoch, 2), None, "they wait for each other");
    let down = another(&bench, "down", OTHER, &takedown());
    assert_eq!(archive_push(&bench, &down).kind, PushKind::Takedown);
    let order: Vec<PackageId> = std::iter::from_fn(|| claim(&bench, epoch, 3))
        .map(|claimed| claimed.push.package)
        .collect();
    assert_eq!(order, [down, update, newer]);
}

#[test]
fn an_older_package_never_undoes_a_newer_one() {
    let bench = Bench::new();
    let old = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, epoch, 1).unwrap();
    bench
        .store
        .push_given_up(&first, "denied", later(1))
        .unwrap();
    another(&bench, "two", UPC, &report(&[]));
    let second = claim(&bench, epoch, 2).unwrap();
    let made = Made::default();
    bench.store.push_prepared(&second, &made, later(2)).unwrap();
    let id = archive_push(&bench, &old).id;
    let refused = bench.store.push_retry(&id, "anna", later(3));
    assert!(matches!(refused, Err(PushError::Overtaken)), "{refused:?}");
    bench.store.push_sent(&second, "/in", later(4)).unwrap();
    let refused = bench.store.push_retry(&id, "anna", later(5));
    assert!(matches!(refused, Err(PushError::Overtaken)), "{refused:?}");
    bench.store.push_cancel(&id, "anna", later(6)).unwrap();
}

#[test]
fn a_dsp_that_is_down_is_asked_by_one_push_at_a_time_and_costs_no_try() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    bench.approved("two", OTHER);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let first = claim(&bench, epoch, 1).unwrap();
    let store = &bench.store;
    store
        .dsp_unreachable(&archive(), "nobody answers", later(30))
        .unwrap();
    store
        .push_held_up(&first, "nobody answers", later(30), later(2))
        .unwrap();
    assert_eq!(store.push_failures(&first.push.id).unwrap(), 0);
    assert_eq!(claim(&bench, epoch, 29), None, "the gate is closed for all");
    let probe = claim(&bench, epoch, 30).unwrap();
    assert_eq!(claim(&bench, epoch, 31), None, "one at a time");
    let gate = store.gates().unwrap().remove(0);
    assert_eq!(
        (gate.failures, gate.last_error.as_deref()),
        (1, Some("nobody answers"))
    );
    store
        .push_prepared(&probe, &Made::default(), later(31))
        .unwrap();
    store.push_sent(&probe, "/in", later(32)).unwrap();
    store.dsp_reached(&archive()).unwrap();
    assert!(claim(&bench, epoch, 33).is_some(), "it is open again");
}

#[test]
fn a_paused_dsp_gets_nothing_until_it_is_resumed() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    bench
        .store
        .pause_dsp(&archive(), Some("they move house"), "anna", later(1))
        .unwrap();
    assert_eq!(claim(&bench, epoch, 100_000), None);
    let pause = bench.store.gates().unwrap().remove(0).pause.unwrap();
    assert_eq!((pause.by.as_str(), pause.at), ("anna", later(1)));
    assert_eq!(pause.why.as_deref(), Some("they move house"));
    bench.store.resume_dsp(&archive(), "anna").unwrap();
    assert!(claim(&bench, epoch, 2).is_some());
}

#[test]
fn a_scheduled_push_waits_for_its_time() {
    let bench = Bench::new();
    let package = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let id = archive_push(&bench, &package).id;
    let at = later(86_400);
    bench
        .store
        .push_schedule(&id, at, "anna", later(1))
        .unwrap();
    assert_eq!(claim(&bench, epoch, 86_399), None);
    let claimed = claim(&bench, epoch, 86_400).unwrap();
    assert_eq!(claimed.push.since, at, "it ages from then");
}

#[test]
fn a_release_has_one_thread_at_a_dsp_for_ever_and_each_message_its_own_id() {
    let bench = Bench::new();
    let first = bench.approved("one", UPC);
    let ids = |package: &PackageId| {
        let push = archive_push(&bench, package).id;
        bench.store.message_ids(&push, later(1)).unwrap()
    };
    let (one, again) = (ids(&first), ids(&first));
    assert_eq!(one.thread, again.thread);
    assert_ne!(one.message, again.message);
    let update = another(&bench, "two", UPC, &report(&[]));
    assert_eq!(
        ids(&update).thread,
        one.thread,
        "of the release, not the package"
    );
    let other = bench.approved("three", OTHER);
    assert_ne!(ids(&other).thread, one.thread);
    let refused = bench
        .raw()
        .execute("UPDATE thread SET message_thread = 'x'", [])
        .unwrap_err();
    assert!(refused.to_string().contains("for ever"), "{refused}");
}

fn file(name: &str, size: u64) -> AckFile {
    AckFile {
        dsp: archive(),
        name: name.to_owned(),
        size,
    }
}

fn says(status: &str, message: Option<&str>) -> Answer {
    Answer {
        message_id: message.map(str::to_owned),
        releases: vec![UPC.to_owned()],
        status: status.to_owned(),
        text: Some("their words".to_owned()),
        link: (status == "FileOK").then(|| "https://store.example/1".to_owned()),
    }
}

fn awaiting() -> Made {
    Made {
        message_id: Some("M1".to_owned()),
        is_test: false,
        awaits_ack: true,
        losses: Vec::new(),
    }
}

#[test]
fn only_the_dsps_word_makes_it_delivered_where_the_profile_says_so() {
    let bench = Bench::new();
    bench.change_label(|account| {
        account.dsps = vec![archive()];
    });
    let package = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &awaiting());
    bench
        .store
        .push_sent(&claimed, "/in/one", later(2))
        .unwrap();
    assert_eq!(bench.status(&package), Status::QcApproved);
    let hear = |name: &str, answer: Answer| {
        let heard = bench
            .store
            .acknowledge(&file(name, 9), Ok(vec![answer]), later(3));
        heard.unwrap().len()
    };
    assert_eq!(
        hear("a.xml", says("FileOK", Some("M0"))),
        0,
        "another message"
    );
    assert_eq!(
        hear(
            "b.xml",
            says("ReleaseReceivedByReleaseDistributor", Some("M1"))
        ),
        1
    );
    assert_eq!(bench.status(&package), Status::QcApproved, "they are at it");
    assert_eq!(hear("c.xml", says("BurntDown", None)), 1, "by the barcode");
    let refused = push(&bench, &claimed.push.id);
    assert_eq!(
        refused.state,
        PushState::Refused,
        "an unknown word is no yes"
    );
    let why = refused.last_error.unwrap();
    assert_eq!(why, "The DSP answered BurntDown: their words");
    let letters = bench.store.letters(&package).unwrap();
    let told = letters
        .iter()
        .filter(|letter| letter.kind == LetterKind::OperatorPushFailed);
    assert_eq!(told.count(), 2);
    assert_eq!(hear("c.xml", says("BurntDown", None)), 0, "read once");
    assert!(
        bench
            .store
            .knows_acknowledgement(&file("c.xml", 9))
            .unwrap()
    );
    assert!(
        !bench
            .store
            .knows_acknowledgement(&file("c.xml", 10))
            .unwrap()
    );
    assert_eq!(hear("d.xml", says("FileOK", Some("M1"))), 1);
    let taken = push(&bench, &claimed.push.id);
    assert_eq!(taken.state, PushState::Acknowledged);
    assert_eq!(taken.link.as_deref(), Some("https://store.example/1"));
    assert_eq!(taken.last_error, None);
    assert_eq!(bench.status(&package), Status::Delivered);
}

#[test]
fn an_acknowledgement_answers_what_nobody_knew() {
    let bench = Bench::new();
    bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = revealing(&bench, epoch, &awaiting());
    bench
        .store
        .acknowledge(&file("a.xml", 1), Ok(vec![says("FileOK", None)]), later(2))
        .unwrap();
    assert_eq!(
        push(&bench, &claimed.push.id).state,
        PushState::Acknowledged
    );
    let late = bench.store.push_sent(&claimed, "/in/one", later(3));
    assert!(matches!(late, Err(PushError::Stale)), "{late:?}");
    let unreadable = Err("is no XML".to_owned());
    let heard = bench
        .store
        .acknowledge(&file("b.xml", 1), unreadable, later(4))
        .unwrap();
    assert_eq!(heard, [], "kept, so that it is not read for ever");
    assert!(
        bench
            .store
            .knows_acknowledgement(&file("b.xml", 1))
            .unwrap()
    );
}
