//! Recordings of earlier packages: which of them a later package is told of, and which never.

use super::bench::{Bench, add_label, claimed_event, judged_event, report};
use dropzone::domain::history::{History, Relation, Track};
use dropzone::domain::ids::{LabelId, PackageId};
use dropzone::domain::ledger::Ledger as _;
use dropzone::domain::package::Event;
use dropzone::domain::report::{Report, TrackSummary};
use dropzone::store::{HistoryQuestion, Store};

const UPC: &str = "036000291452";
const ANOTHER: &str = "5034567890120";
const ISRC: &str = "NGA3B2600001";
const OTHER_ISRC: &str = "NGA3B2600009";

fn with_track(title: &str, isrc: &str, sound: &str, errors: &[(&str, &str)]) -> Report {
    let mut report = report(errors);
    report.release.territories = vec!["Worldwide except US".to_owned()];
    report.release.use_types = vec!["OnDemandStream".to_owned()];
    report.release.thread_id = Some("T-1".to_owned());
    report.tracks.push(TrackSummary {
        number: 1,
        title: Some(title.to_owned()),
        artist: Some("Adaeze".to_owned()),
        isrc: Some(isrc.to_owned()),
        stated_duration_ms: Some(222_000),
        sound_hash: Some(sound.to_owned()),
        ..TrackSummary::default()
    });
    report
}

/// A package of a label with one track, judged.
fn judged(bench: &Bench, label: &LabelId, folder: &str, icpn: &str, report: &Report) -> PackageId {
    let id = bench.store.seen(label, folder, true).unwrap();
    bench.apply(&id, claimed_event(&id, label, folder, Some(icpn)));
    bench.apply(&id, judged_event(report, Some(icpn)));
    id
}

fn ask(store: &Store, label: &LabelId, icpn: &str, isrc: &str, sound: &str) -> History {
    let track = Track {
        number: 4,
        title: "Harmattan".to_owned(),
        artist: "Adaeze".to_owned(),
        isrc: Some(isrc.to_owned()),
        duration_ms: Some(222_000),
        sound: Some(sound.to_owned()),
    };
    let question = HistoryQuestion {
        label,
        package: &PackageId::new("01JQ0000000000000000000000"),
        icpn: Some(icpn),
        message_id: None,
        sender_dpid: None,
        tracks: &[track],
    };
    store.history(&question).unwrap()
}

/// The relations of track 4, and whether the other recording is told.
fn relations(history: &History) -> Vec<(u32, Relation, bool)> {
    let relatives = history.relatives.iter();
    relatives
        .map(|relative| (relative.number, relative.relation, relative.own.is_some()))
        .collect()
}

#[test]
fn recordings_of_other_releases_are_found_by_code_and_by_sound() {
    let bench = Bench::new();
    let song = with_track("Monsoon", "ng-a3b-26-00001", "aa", &[]);
    judged(&bench, &bench.label, "one", UPC, &song);
    let ask = |icpn, isrc, sound| ask(&bench.store, &bench.label, icpn, isrc, sound);

    let history = ask(ANOTHER, ISRC, "bb");
    assert_eq!(relations(&history), [(4, Relation::OtherRecording, true)]);
    let (known, release) = history.relatives[0].own.clone().unwrap();
    assert_eq!(
        (known.title.as_str(), release.as_str()),
        ("Monsoon", "Blå Åre")
    );
    assert_eq!(known.isrc.as_deref(), Some(ISRC), "in its plain form");

    let history = ask(ANOTHER, OTHER_ISRC, "aa");
    assert_eq!(relations(&history), [(4, Relation::OtherIsrc, true)]);
    assert!(relations(&ask(ANOTHER, OTHER_ISRC, "bb")).is_empty());
    assert!(
        relations(&ask(UPC, ISRC, "bb")).is_empty(),
        "the same release"
    );
}

#[test]
fn only_the_newest_version_that_counts_is_compared() {
    let bench = Bench::new();
    let label = &bench.label;
    let wrong = with_track("Monsoon", ISRC, "aa", &[]);
    let relations = || relations(&ask(&bench.store, label, ANOTHER, ISRC, "bb"));

    let broken = with_track("Monsoon", ISRC, "aa", &[("AUD-001", "1.wav")]);
    judged(&bench, label, "one", UPC, &broken);
    assert!(relations().is_empty(), "an invalid package says nothing");

    let waiting = judged(&bench, label, "one", UPC, &wrong);
    assert_eq!(relations().len(), 1);
    let rejected = Event::Rejected {
        note: "the ISRC is wrong".to_owned(),
    };
    bench.apply(&waiting, rejected);
    assert!(relations().is_empty(), "nor does one that was rejected");

    let first = judged(&bench, label, "one", UPC, &wrong);
    let approved = || Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    bench.apply(&first, approved());
    let mended = judged(
        &bench,
        label,
        "one",
        UPC,
        &with_track("Monsoon", OTHER_ISRC, "aa", &[]),
    );
    assert!(relations().is_empty(), "mended by a newer version");
    bench.apply(&mended, approved());
    assert!(relations().is_empty());
}

#[test]
fn of_another_label_nothing_is_told_but_that_there_is_something() {
    let bench = Bench::new();
    let other = add_label(&bench.store, "warp", &["x@warp.example"]);
    judged(
        &bench,
        &other,
        "secret",
        UPC,
        &with_track("Monsoon", ISRC, "aa", &[]),
    );
    let history = ask(&bench.store, &bench.label, ANOTHER, ISRC, "bb");
    assert_eq!(relations(&history), [(4, Relation::OtherRecording, false)]);
    let history = ask(&bench.store, &bench.label, ANOTHER, OTHER_ISRC, "aa");
    assert_eq!(relations(&history), [(4, Relation::OtherIsrc, false)]);
    let told = format!("{history:?}");
    for secret in ["Monsoon", ISRC, "warp", "Blå Åre", UPC] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    // Another label's master of the same recording is another file as a rule.
    judged(
        &bench,
        &other,
        "same",
        "0614141999996",
        &with_track("Harmattan", OTHER_ISRC, "cc", &[]),
    );
    let history = ask(&bench.store, &bench.label, ANOTHER, OTHER_ISRC, "dd");
    assert!(relations(&history).is_empty());
}

#[test]
fn an_update_is_told_what_the_live_version_said() {
    let bench = Bench::new();
    let label = &bench.label;
    let ask = || ask(&bench.store, label, UPC, ISRC, "aa");
    assert_eq!(ask().live, None);
    let id = judged(
        &bench,
        label,
        "one",
        UPC,
        &with_track("Harmattan", ISRC, "aa", &[]),
    );
    assert_eq!(ask().live, None, "nobody approved it yet");
    assert!(!ask().is_being_delivered);
    let approved = Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    bench.apply(&id, approved);
    let history = ask();
    assert!(history.is_being_delivered, "its pushes wait");
    let live = history.live.unwrap();
    assert_eq!(live.tracks.len(), 1);
    assert_eq!(live.tracks[0].isrc.as_deref(), Some(ISRC));
    assert_eq!(live.territories, ["Worldwide except US"]);
    assert_eq!(live.use_types, ["OnDemandStream"]);
    assert_eq!(live.thread_id.as_deref(), Some("T-1"));
}

/// A database of the version before is brought up to date with what its reports hold.
#[test]
fn recordings_of_earlier_versions_are_taken_from_their_reports() {
    let bench = Bench::new();
    let label = bench.label.clone();
    judged(
        &bench,
        &label,
        "one",
        UPC,
        &with_track("Monsoon", "NG-A3B-26-00001", "aa", &[]),
    );
    let broken = with_track("Rain", OTHER_ISRC, "bb", &[("AUD-001", "1.wav")]);
    judged(&bench, &label, "two", ANOTHER, &broken);
    let kept = "SELECT package, number, isrc, title, artist, duration_ms, sound FROM recording";
    let rows = |connection: &rusqlite::Connection| -> Vec<String> {
        let mut select = connection.prepare(kept).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let columns: rusqlite::Result<Vec<rusqlite::types::Value>> =
                (0..7).map(|column| row.get(column)).collect();
            columns.map(|columns| format!("{columns:?}"))
        };
        select
            .query_map([], row)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let raw = bench.raw();
    let before = rows(&raw);
    assert_eq!(before.len(), 1);
    raw.execute_batch("DROP TABLE recording").unwrap();
    let step = include_str!("../../../src/store/migrations/0004_recordings.sql");
    raw.execute_batch(step).unwrap();
    assert_eq!(rows(&raw), before);
}
