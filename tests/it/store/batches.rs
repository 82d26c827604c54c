//! Batches that have to be tried again: who still belongs to them, and what goes before them.

use super::bench::{Bench, later, noon, report};
use super::shipping::{OTHER, UPC, another, archive_push, batch, push, takedown};
use dropzone::domain::ids::PushId;
use dropzone::domain::lifecycle::push::PushState;
use dropzone::domain::push::{PushKind, Shipment};
use dropzone::store::Made;

/// Everything of it is ready and on its way.
fn prepare(bench: &Bench, shipment: &Shipment, seconds: i64) {
    for member in &shipment.members {
        let made = Made::default();
        bench
            .store
            .push_prepared(member, &made, later(seconds))
            .unwrap();
    }
}

/// Everything of it is at the DSP.
fn arrive(bench: &Bench, shipment: &Shipment, seconds: i64) {
    prepare(bench, shipment, seconds);
    bench
        .store
        .push_sent(&shipment.members, "/in/b", later(seconds))
        .unwrap();
}

fn ids(shipment: &Shipment) -> Vec<PushId> {
    let members = shipment.members.iter();
    members.map(|member| member.push.id.clone()).collect()
}

#[test]
fn a_takedown_goes_before_a_batch_that_is_tried_again_and_takes_its_release_out_of_it() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    bench.approved("one", OTHER);
    arrive(&bench, &batch(&bench, epoch, 300).unwrap(), 301);
    let new = archive_push(&bench, &bench.approved("two", UPC)).id;
    let update = archive_push(&bench, &another(&bench, "three", OTHER, &report(&[]))).id;
    let first = batch(&bench, epoch, 700).unwrap();
    assert_eq!(
        ids(&first),
        [new.clone(), update.clone()],
        "oldest first, as a question about the batch lists them"
    );
    prepare(&bench, &first, 701);
    // Ordered while the update is on its way: that is not called off.
    let down = archive_push(&bench, &another(&bench, "down", OTHER, &takedown()));
    assert_eq!(down.kind, PushKind::Takedown);
    bench
        .store
        .push_postponed(&first.members, "busy", later(800), later(702))
        .unwrap();
    let urgent = batch(&bench, epoch, 800).unwrap();
    assert_eq!(ids(&urgent), [down.id], "alone, and before all others");
    assert_ne!(urgent.batch, first.batch);
    assert_eq!(push(&bench, &update).state, PushState::Cancelled);
    let again = batch(&bench, epoch, 801).unwrap();
    assert_eq!((ids(&again), &again.batch), (vec![new], &first.batch));
}

/// The takedown waits for something else; what it is about stays behind all the same.
#[test]
fn a_member_whose_turn_it_is_not_leaves_its_batch() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let failed = bench.approved("one", UPC);
    let alone = batch(&bench, epoch, 300).unwrap();
    bench
        .store
        .push_given_up(&alone.members, "denied", later(301))
        .unwrap();
    let older = archive_push(&bench, &failed).id;
    let newer = archive_push(&bench, &another(&bench, "two", UPC, &report(&[]))).id;
    let other = archive_push(&bench, &bench.approved("three", OTHER)).id;
    let first = batch(&bench, epoch, 700).unwrap();
    assert_eq!(ids(&first), [newer.clone(), other.clone()]);
    bench
        .store
        .push_postponed(&first.members, "busy", later(800), later(701))
        .unwrap();
    bench.store.push_retry(&older, "anna", later(702)).unwrap();
    let again = batch(&bench, epoch, 800).unwrap();
    assert_eq!((ids(&again), &again.batch), (vec![other], &first.batch));
    assert_eq!(push(&bench, &newer).batch, None, "that batch is gone");
    arrive(&bench, &again, 801);
    let before = batch(&bench, epoch, 1_100).unwrap();
    assert_eq!(ids(&before), [older], "in the order of their approval");
    arrive(&bench, &before, 1_101);
    let after = batch(&bench, epoch, 1_102).unwrap();
    assert_eq!(ids(&after), [newer]);
    assert_ne!(after.batch, first.batch);
}

#[test]
fn a_member_that_a_person_moves_leaves_its_batch() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    let mut members = Vec::new();
    for (folder, barcode) in [("one", UPC), ("two", OTHER), ("three", "9600000000000")] {
        members.push(archive_push(&bench, &bench.approved(folder, barcode)).id);
    }
    let first = batch(&bench, epoch, 1).unwrap();
    assert_eq!(ids(&first), members);
    bench
        .store
        .push_postponed(&first.members, "busy", later(400), later(2))
        .unwrap();
    bench
        .store
        .push_retry(&members[0], "anna", later(3))
        .unwrap();
    bench
        .store
        .push_schedule(&members[1], later(9_000), "anna", later(3))
        .unwrap();
    let moved = batch(&bench, epoch, 303).unwrap();
    assert_eq!(ids(&moved), members[..1]);
    assert_ne!(moved.batch, first.batch, "one name, one content");
    let again = batch(&bench, epoch, 400).unwrap();
    assert_eq!(ids(&again), members[2..]);
    assert_eq!(again.batch, first.batch);
    let scheduled = batch(&bench, epoch, 9_300).unwrap();
    assert_eq!(ids(&scheduled), members[1..2]);
    assert_ne!(scheduled.batch, first.batch);
}

/// A batch is there or not as a whole: what is asked about one member answers for all.
#[test]
fn a_batch_that_never_became_visible_is_sent_again_whole() {
    let bench = Bench::new();
    let epoch = bench.store.begin_epoch(noon()).unwrap();
    bench.approved("one", UPC);
    bench.approved("two", OTHER);
    let first = batch(&bench, epoch, 300).unwrap();
    prepare(&bench, &first, 301);
    let store = &bench.store;
    store
        .push_revealing(&first.members, "/in/b", later(301))
        .unwrap();
    store
        .push_postponed(&first.members, "no answer", later(9_000), later(302))
        .unwrap();
    let asked = &first.members[0].push.id;
    store.push_retry(asked, "anna", later(303)).unwrap();
    let question = batch(&bench, epoch, 303).unwrap();
    assert_eq!(ids(&question), std::slice::from_ref(asked));
    store.push_absent(&question.members, later(304)).unwrap();
    let again = batch(&bench, epoch, 304).unwrap();
    assert_eq!(ids(&again), ids(&first));
    assert_eq!(again.batch, first.batch);
}
