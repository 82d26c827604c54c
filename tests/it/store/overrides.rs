//! Overrides of a release: a log that only grows, and what it does to pushes that have not gone.

use super::bench::{Bench, later, noon};
use dropzone::domain::dsp::area::Area;
use dropzone::domain::dsp::overrides::{Field, OverrideChange, Setting, holding};
use dropzone::domain::ids::{DspId, PackageId};
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::push::Push;
use dropzone::store::{Made, Overridden, PushFilter};

const UPC: &str = "036000291452";

fn archive() -> DspId {
    DspId::new("archive")
}

fn said(field: Field, setting: Option<Setting>) -> OverrideChange {
    OverrideChange {
        dsp: archive(),
        field,
        setting,
        reason: Some("agreed by phone".to_owned()),
        actor: "jo".to_owned(),
        at: noon(),
    }
}

fn block() -> OverrideChange {
    said(Field::Block, Some(Setting::Block))
}

fn say(bench: &Bench, package: &PackageId, change: OverrideChange, seconds: i64) -> Overridden {
    let release = bench.store.release_of(package).unwrap().unwrap();
    let done = bench
        .store
        .override_release(&release, &archive(), &[change], "jo", later(seconds));
    done.unwrap()
}

fn push(bench: &Bench, package: &PackageId) -> Push {
    let filter = PushFilter {
        package: Some(package.clone()),
        dsp: Some(archive()),
        ..PushFilter::default()
    };
    bench.store.pushes(&filter).unwrap().remove(0)
}

#[test]
fn what_was_said_is_kept_as_it_was_and_the_last_word_holds() {
    let bench = Bench::new();
    let package = bench.valid("one", UPC);
    let here = |codes: &[&str]| {
        said(
            Field::Territories,
            Some(Setting::Territories(Area::of(codes))),
        )
    };
    for change in [
        here(&["DE"]),
        here(&["DE"]),
        block(),
        here(&["AT"]),
        said(Field::Block, None),
    ] {
        say(&bench, &package, change, 1);
    }
    let all = bench.store.overrides_of(&package).unwrap();
    assert_eq!(all.len(), 4, "what says nothing new is left out: {all:?}");
    let holds = holding(&all);
    assert_eq!(holds.len(), 1);
    assert_eq!(
        holds[0].setting,
        Some(Setting::Territories(Area::of(["AT"])))
    );
    // In whatever spelling, and in the label's next package of it.
    let again = bench.valid("two", &format!("0{UPC}"));
    assert_eq!(bench.store.overrides_of(&again).unwrap(), all);
    let raw = bench.raw();
    for sql in [
        "UPDATE release_override SET actor = 'x'",
        "DELETE FROM release_override",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
    let without_reason =
        "INSERT INTO release_override (label, release, dsp, field, value, actor, at)
        SELECT id, 'x', 'archive', 'block', '\"block\"', 'jo', '' FROM label";
    assert!(
        raw.execute(without_reason, []).is_err(),
        "a block has a reason"
    );
}

#[test]
fn what_was_made_before_an_override_is_not_sent_after_it() {
    let bench = Bench::new();
    let package = bench.approved("one", UPC);
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = bench
        .store
        .claim_push(&archive(), epoch, later(1))
        .unwrap()
        .unwrap();
    let made = Made {
        message_id: Some("M1".to_owned()),
        ..Made::default()
    };
    bench
        .store
        .push_prepared(&claimed, &made, later(2))
        .unwrap();
    bench
        .store
        .push_postponed(&claimed, "busy", later(60), later(3))
        .unwrap();
    assert_eq!(
        push(&bench, &package).message_id.as_deref(),
        Some("M1"),
        "kept for the next try"
    );
    let start = Setting::Start("2027-01-01".parse().unwrap());
    say(&bench, &package, said(Field::Start, Some(start)), 4);
    let waiting = push(&bench, &package);
    assert_eq!(
        (waiting.state, waiting.message_id),
        (PushState::Queued, None)
    );
}

#[test]
fn a_block_stops_what_waits_and_not_what_is_under_way_and_lets_it_go_again() {
    let bench = Bench::new();
    let package = bench.approved("one", UPC);
    let blocked = say(&bench, &package, block(), 1).pushes.remove(0);
    assert_eq!(blocked.state, PushState::Blocked);
    assert_eq!(
        blocked.last_error.as_deref(),
        Some("jo keeps it from archive since 2026-11-21: agreed by phone.")
    );
    let free = say(&bench, &package, said(Field::Block, None), 2)
        .pushes
        .remove(0);
    assert_eq!((free.state, free.due_at), (PushState::Queued, later(2)));
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let claimed = bench
        .store
        .claim_push(&archive(), epoch, later(3))
        .unwrap()
        .unwrap();
    let running = say(&bench, &package, block(), 4).pushes.remove(0);
    assert_eq!(running.state, PushState::Preparing, "its worker has it");
    bench
        .store
        .push_prepared(&claimed, &Made::default(), later(5))
        .unwrap();
}

#[test]
fn a_release_that_is_blocked_beforehand_is_blocked_with_its_approval() {
    let bench = Bench::new();
    let package = bench.valid("one", UPC);
    say(&bench, &package, block(), 1);
    assert!(
        bench
            .store
            .pushes(&PushFilter::default())
            .unwrap()
            .is_empty()
    );
    let event = dropzone::domain::package::Event::Approved {
        note: None,
        ticked: Vec::new(),
    };
    bench.apply(&package, event);
    let pushes = bench.store.pushes(&PushFilter::default()).unwrap();
    let states: Vec<(&str, PushState)> = pushes
        .iter()
        .map(|push| (push.dsp.as_str(), push.state))
        .collect();
    assert!(
        states.contains(&("archive", PushState::Blocked)),
        "{states:?}"
    );
    let others = states.iter().filter(|(dsp, _)| *dsp != "archive");
    assert!(others.clone().count() > 0 && others.clone().all(|(_, s)| *s == PushState::Queued));
}

#[test]
fn a_takedown_goes_whatever_is_blocked() {
    let bench = Bench::new();
    let package = bench.approved("one", UPC);
    bench
        .raw()
        .execute("UPDATE push SET kind = 'takedown'", [])
        .unwrap();
    let push = say(&bench, &package, block(), 1).pushes.remove(0);
    assert_eq!(push.state, PushState::Queued);
}
