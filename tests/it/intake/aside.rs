//! What is set aside: uploads that nobody comes back to, those that came twice; and how long it is
//! kept.

use super::manifest;
use super::world::{World, message};
use dropzone::domain::upload::UploadEvent;
use dropzone::intake::{Expired, Settings, restore, set_aside_of};
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const WEEK: u64 = 604_800;

fn quarantine(world: &World, name: &str) -> PathBuf {
    world.places.quarantine(&world.label).join(name)
}

/// The world's ledger says that nothing has happened for so long.
fn idle(world: &World, seconds: u64) {
    *world.ledger.idle.lock().unwrap() = Duration::from_secs(seconds);
}

fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap()
}

fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

#[test]
fn an_upload_that_nobody_comes_back_to_is_set_aside_as_it_is() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav", "02_B.wav"]));
    world.begin("A/01_A.wav", "half");
    world.log_out(1);
    world.jump(3_601);
    assert_eq!(world.ledger.count("stalled"), 1);
    assert_eq!(world.status("A"), "receiving");
    idle(&world, WEEK - 1);
    world.jump(60);
    assert_eq!(world.status("A"), "receiving", "a second is missing");
    idle(&world, WEEK);
    world.jump(60);
    let place = "labels/L1/quarantine/P001-abandoned";
    assert_eq!(world.status("A"), format!("abandoned to {place}"));
    let lies = world.root.path().join(place);
    assert!(lies.join("incoming/A/metadata.xml").exists());
    assert_eq!(
        fs::read_to_string(lies.join("partial/A/01_A.wav")).unwrap(),
        "half"
    );
    assert!(!world.incoming("A").exists() && !world.partial("A").exists());
    assert!(world.door.is_open());
    // The operator moves it back: it is a delivery again, and goes on where it was.
    let aside = set_aside_of(&world.places, &world.label).unwrap();
    assert_eq!(aside.len(), 1);
    assert!(!aside[0].is_duplicate);
    fs::create_dir(world.incoming("A")).unwrap();
    let refused = restore(&world.places, &world.label, &aside[0], "A").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert!(lies.join("partial/A/01_A.wav").exists());
    fs::remove_dir(world.incoming("A")).unwrap();
    restore(&world.places, &world.label, &aside[0], "A").unwrap();
    assert!(!lies.exists());
    let again = restore(&world.places, &world.label, &aside[0], "A").unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    idle(&world, 0);
    world.close("A/01_A.wav");
    world.upload("A/02_B.wav", "b");
    world.pass(61);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
}

#[test]
fn a_restart_does_not_start_the_week_anew() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    world.jump(3_601);
    idle(&world, WEEK + 10);
    let mut world = world.restarted();
    idle(&world, WEEK + 10);
    world.pass(2);
    assert_eq!(world.status("A"), "receiving", "quiet times start anew");
    world.jump(3_601);
    assert!(world.status("A").starts_with("abandoned"));
}

#[test]
fn what_is_open_or_complete_or_kept_for_ever_is_not_set_aside() {
    let mut world = World::with(Settings {
        abandon_after_seconds: 0,
        ..Settings::default()
    });
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    idle(&world, WEEK * 10);
    world.jump(7_200);
    assert_eq!(world.status("A"), "receiving", "0 means never");

    let mut world = World::new();
    world.begin("B/01_A.wav", "x");
    idle(&world, WEEK * 10);
    world.door.set_busy(true);
    world.jump(3_601);
    world.jump(60);
    assert_eq!(world.status("B"), "receiving", "it is being written");
    assert!(world.partial("B/01_A.wav").exists());
    world.door.set_busy(false);
    world.jump(60);
    assert!(world.status("B").starts_with("abandoned"));
}

#[test]
fn a_crash_after_the_move_is_told_at_the_next_start() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    world.pass(2);
    let lies = quarantine(&world, "P001-abandoned");
    fs::create_dir_all(lies.join("incoming")).unwrap();
    fs::rename(world.incoming("A"), lies.join("incoming/A")).unwrap();
    let mut world = world.restarted();
    world.pass(2);
    assert!(world.status("A").starts_with("abandoned"));
}

#[test]
fn the_same_again_is_no_new_attempt() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    let print = manifest(&world, "P001").fingerprint();
    let twins = [(print, "P001".to_owned())];
    *world.ledger.twins.lock().unwrap() = twins.into_iter().collect();
    // As a whole, under the same name and another one; and one file of it, unchanged.
    world.good_release("A");
    world.good_release("B");
    world.pass(61);
    world.upload("A/01_A.wav", "01_A.wav");
    world.pass(61);
    let rows = world.ledger.rows();
    for id in ["P002", "P003", "P004"] {
        assert_eq!(rows[id].status, "duplicate of P001", "{id}");
        assert!(!world.places.spool().join(id).exists());
    }
    assert_eq!(*world.called_back.lock().unwrap().len().to_string(), *"1");
    for folder in ["A", "B"] {
        assert!(!world.incoming(folder).exists());
        let shadow = world.places.shadow(&world.label).join(folder);
        assert!(shadow.join("01_A.wav").exists(), "{folder} is still seen");
    }
    let lies = quarantine(&world, "P003-duplicate").join("incoming/B/01_A.wav");
    assert_eq!(fs::read_to_string(lies).unwrap(), "01_A.wav");
    // One byte more is an attempt.
    world.upload("A/01_A.wav", "01_A.wav.");
    world.pass(61);
    assert_eq!(world.ledger.rows()["P005"].status, "incoming");
}

#[test]
fn shadows_and_what_was_set_aside_go_when_their_time_is_over() {
    let mut world = World::new();
    world.good_release("A");
    world.good_release("B");
    world.pass(61);
    let lies = quarantine(&world, "P009-abandoned");
    fs::create_dir_all(lies.join("incoming/X")).unwrap();
    fs::write(lies.join("incoming/X/a"), "a").unwrap();
    let nothing = Expired::default();
    assert_eq!(world.intake.expire(in_days(29)), nothing);
    // B is being corrected.
    world.upload("B/01_A.wav", "again");
    let expired = world.intake.expire(in_days(31));
    assert_eq!((expired.shadows, expired.quarantined), (1, 1));
    let shadow = world.places.shadow(&world.label);
    assert!(!shadow.join("A").exists() && shadow.join("B").exists());
    assert!(!lies.exists());
    assert!(world.door.is_open());
    assert_eq!(world.spooled("P001").len(), 4, "the spool is not touched");
    world.pass(61);
    assert_eq!(world.ledger.rows()["P003"].status, "incoming");
}

#[test]
fn what_is_kept_for_ever_stays() {
    let mut world = World::with(Settings {
        keep_shadows_days: 0,
        keep_quarantine_days: 0,
        ..Settings::default()
    });
    world.good_release("A");
    world.pass(61);
    fs::create_dir_all(quarantine(&world, "P009-duplicate")).unwrap();
    assert_eq!(world.intake.expire(in_days(10_000)), Expired::default());
}

#[test]
fn a_label_whose_space_is_full_is_told_as_soon_as_there_is_a_package() {
    let mut world = World::new();
    world.intake.tell(UploadEvent::OverQuota {
        label: world.label.clone(),
        folder: "A".to_owned(),
        what: "full".to_owned(),
    });
    world.pass(2);
    assert!(world.ledger.count("over_quota") >= 2, "tried again");
    world.begin("A/01_A.wav", "x");
    world.pass(2);
    let tried = world.ledger.count("over_quota");
    world.pass(5);
    assert_eq!(world.ledger.count("over_quota"), tried, "told, and done");
}

#[test]
fn who_is_refused_again_and_again_has_one_letter_under_way() {
    let mut world = World::new();
    for number in 0..50 {
        world.intake.tell(UploadEvent::OverQuota {
            label: world.label.clone(),
            folder: format!("{number}"),
            what: "too many folders".to_owned(),
        });
    }
    world.pass(1);
    assert!(world.ledger.count("over_quota") <= 2, "one each turn");
    world.jump(61);
    assert_eq!(world.ledger.rows().len(), 1);
}

#[test]
fn a_space_full_of_empty_folders_is_told_too() {
    let mut world = World::new();
    world.intake.tell(UploadEvent::OverQuota {
        label: world.label.clone(),
        folder: "one-too-many".to_owned(),
        what: "too many folders".to_owned(),
    });
    world.pass(2);
    assert_eq!(world.ledger.count("seen"), 0, "a package may still come");
    world.jump(61);
    assert_eq!(world.ledger.count("seen"), 1);
    assert_eq!(world.status("one-too-many"), "withdrawn");
    let tried = world.ledger.count("over_quota");
    world.pass(5);
    assert_eq!(world.ledger.count("over_quota"), tried, "told, and done");
}
