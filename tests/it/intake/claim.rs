//! The claim itself: what stops it, what disturbs it, and what a crash leaves of it.

use super::world::{World, message};
use dropzone::domain::facts::{Manifest, ManifestFile};
use dropzone::domain::ids::PackageId;
use dropzone::domain::ledger::{Intent, Ledger};
use dropzone::domain::package::Identity;
use dropzone::intake::Settings;
use std::fs;
use std::fs::OpenOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_busy_folder_is_taken_when_it_is_free() {
    let mut world = World::new();
    world.good_release("A");
    world.door.set_busy(true);
    world.pass(80);
    assert_eq!(world.status("A"), "receiving");
    world.door.set_busy(false);
    world.pass(5);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn a_folder_that_changes_behind_the_fence_is_not_taken() {
    let mut world = World::new();
    world.good_release("A");
    let file = world.incoming("A/01_A.wav");
    *world.door.when_closed.lock().unwrap() =
        Some(Box::new(move || fs::write(file, "changed").unwrap()));
    world.pass(60);
    assert_eq!(world.status("A"), "receiving");
    assert_eq!(world.ledger.intents_left(), 0);
    assert!(world.door.is_open());
    world.pass(59);
    assert_eq!(world.status("A"), "receiving", "the wait began anew");
    world.pass(2);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn a_writer_outside_is_waited_for() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(30);
    let writer = OpenOptions::new()
        .append(true)
        .open(world.incoming("A/01_A.wav"))
        .unwrap();
    world.pass(40);
    assert_eq!(world.status("A"), "receiving");
    assert_eq!(world.ledger.intents_left(), 0);
    drop(writer);
    world.pass(6);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn the_same_name_may_be_used_again_while_the_claim_goes_on() {
    let mut world = World::new();
    world.good_release("A");
    let (incoming, intake, label) = (
        world.incoming("A"),
        Arc::clone(&world.intake),
        world.label.clone(),
    );
    // The gate opens after the rename; the label is at once with the next attempt.
    *world.door.when_opened.lock().unwrap() = Some(Box::new(move || {
        fs::create_dir(&incoming).unwrap();
        fs::write(incoming.join("metadata.xml"), message(&["new.wav"])).unwrap();
        intake.tell(dropzone::domain::upload::UploadEvent::Touched {
            label,
            folder: "A".to_owned(),
            session: 7,
        });
    }));
    world.pass(62);
    let rows = world.ledger.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows["P001"].status, "incoming");
    assert_eq!(world.spooled("P001").len(), 4);
    assert_eq!(rows["P002"].status, "receiving");
    assert_eq!(rows["P002"].waiting, ["waiting for new.wav"]);
    assert!(rows["P002"].via_sftp);
}

#[test]
fn our_own_failures_are_tried_again_and_then_parked() {
    let mut world = World::new();
    world.good_release("A");
    world.ledger.failing.lock().unwrap().insert("intend");
    world.pass(100);
    assert_eq!(world.status("A"), "receiving");
    assert!(
        world.incoming("A/01_A.wav").exists(),
        "the folder stays the label's"
    );
    assert!(world.door.is_open());
    world.pass(1_000);
    assert_eq!(world.status("A"), "parked");
    assert_eq!(world.ledger.count("intend"), 5);
    world.ledger.failing.lock().unwrap().clear();
    world.pass(1_000);
    assert_eq!(world.status("A"), "parked", "left alone for a while");
    world.upload("A/01_A.wav", "another");
    world.pass(61);
    assert_eq!(world.status("A"), "incoming", "the same package");
}

/// A world in which package P001 of folder A was parked, because its intent cannot be written.
fn parked() -> World {
    let mut world = World::new();
    world.good_release("A");
    world.ledger.failing.lock().unwrap().insert("intend");
    world.pass(400);
    assert_eq!(world.status("A"), "parked");
    world
}

#[test]
fn what_was_parked_is_tried_again_every_hour_and_parked_at_the_first_failure() {
    let mut world = parked();
    world.jump(3_600);
    world.pass(5);
    assert_eq!(world.status("A"), "parked");
    assert_eq!(world.ledger.count("intend"), 6, "one try");
    assert_eq!(world.ledger.count("park"), 2);
    world.ledger.failing.lock().unwrap().clear();
    world.pass(60);
    assert_eq!(world.status("A"), "parked", "left alone for another hour");
    world.jump(3_600);
    world.pass(5);
    assert_eq!(world.status("A"), "incoming", "the only package");
    assert_eq!(*world.called_back.lock().unwrap(), [PackageId::new("P001")]);
}

#[test]
fn what_was_parked_is_tried_again_on_a_reload() {
    let mut world = parked();
    world.ledger.failing.lock().unwrap().clear();
    world.intake.try_parked();
    world.pass(2);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn what_was_parked_is_tried_again_when_a_person_asks() {
    let mut world = parked();
    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "parked", "the cause is still there");
    world.ledger.failing.lock().unwrap().clear();
    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn what_was_parked_is_tried_again_by_the_next_start() {
    let world = parked();
    let mut world = world.restarted();
    world.pass(70);
    assert_eq!(world.status("A"), "incoming", "no second package");
}

#[test]
fn a_parked_folder_keeps_its_package_under_another_name_and_takes_it_along() {
    let mut world = parked();
    world.rename("A", "B");
    world.pass(2);
    assert_eq!(world.status("B"), "parked", "it is no other package");
    assert_eq!(world.ledger.rows().len(), 1);
    world.remove("B");
    world.pass(2);
    assert_eq!(world.status("B"), "withdrawn");
}

#[test]
fn another_try_of_a_folder_that_is_gone_ends_the_package() {
    let world = parked();
    fs::remove_dir_all(world.incoming("A")).unwrap();
    fs::remove_dir_all(world.partial("A")).unwrap();
    let mut world = world.restarted();
    world.pass(2);
    assert_eq!(world.status("A"), "parked", "nobody looked for it");
    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "withdrawn");
}

#[test]
fn a_claim_past_the_rename_is_finished_as_soon_as_it_can_be() {
    let mut world = World::new();
    world.good_release("A");
    world.ledger.failing.lock().unwrap().insert("claimed");
    world.pass(90);
    assert_eq!(world.status("A"), "receiving");
    assert!(!world.incoming("A").exists());
    assert!(world.called_back.lock().unwrap().is_empty());
    assert_eq!(
        world.ledger.count("withdrawn"),
        0,
        "it is gone because it is ours"
    );
    world.ledger.failing.lock().unwrap().clear();
    world.pass(6);
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(world.called_back.lock().unwrap().len(), 1);
}

/// A world in which package P001 of folder A was being claimed when the daemon died.
fn cut_short() -> (World, Intent) {
    let mut world = World::new();
    world.good_release("A");
    world.pass(1);
    let line = |name: &str| ManifestFile {
        path: name.to_owned(),
        size: fs::metadata(world.incoming("A").join(name)).unwrap().len(),
        sha256: String::new(),
        md5: None,
        taken_over: false,
        kept: None,
    };
    let package = PackageId::new("P001");
    let files = ["01_A.wav", "02_B.wav", "artwork.jpg", "metadata.xml"].map(line);
    let intent = Intent {
        package: package.clone(),
        label: world.label.clone(),
        folder: "A".to_owned(),
        manifest: Manifest {
            package,
            label: world.label.to_string(),
            folder: "A".to_owned(),
            files: files.to_vec(),
        },
        identity: Identity::default(),
    };
    world.ledger.plant(&intent);
    (world, intent)
}

fn rename_to_spool(world: &World, intent: &Intent) {
    fs::rename(world.incoming("A"), world.places.package(&intent.package)).unwrap();
}

#[test]
fn cut_before_the_rename_the_claim_is_undone_and_made_again() {
    let (world, _) = cut_short();
    let mut world = world.restarted();
    assert_eq!(world.ledger.intents_left(), 0);
    assert_eq!(world.status("A"), "receiving");
    world.pass(60);
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(world.ledger.rows().len(), 1);
}

#[test]
fn cut_after_the_rename_the_claim_is_finished() {
    let (world, intent) = cut_short();
    rename_to_spool(&world, &intent);
    let mut world = world.restarted();
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(world.ledger.intents_left(), 0);
    assert!(world.places.manifest(&intent.package).exists());
    assert!(!world.partial("A").exists());
    assert_eq!(*world.called_back.lock().unwrap(), [intent.package]);
    world.pass(100);
    assert_eq!(world.ledger.rows().len(), 1);
}

#[test]
fn with_the_folder_in_both_places_one_is_the_package_and_one_is_new() {
    let (world, intent) = cut_short();
    rename_to_spool(&world, &intent);
    world.upload("A/metadata.xml", &message(&["next.wav"]));
    let mut world = world.restarted();
    assert_eq!(world.ledger.rows()["P001"].status, "incoming");
    world.pass(5);
    let next = &world.ledger.rows()["P002"];
    assert_eq!(next.waiting, ["waiting for next.wav"]);
    assert!(next.via_sftp, "only our server makes a partial tree");
}

#[test]
fn with_the_folder_in_neither_place_a_person_has_to_look() {
    let (world, _) = cut_short();
    fs::remove_dir_all(world.incoming("A")).unwrap();
    fs::remove_dir_all(world.partial("A")).unwrap();
    let world = world.restarted();
    assert_eq!(world.status("A"), "parked");
    assert_eq!(world.ledger.intents_left(), 1, "for the person who looks");
    assert!(world.called_back.lock().unwrap().is_empty());
}

#[test]
fn a_spooled_package_that_is_not_what_was_written_down_is_parked() {
    let (world, intent) = cut_short();
    rename_to_spool(&world, &intent);
    fs::write(
        world.places.package(&intent.package).join("01_A.wav"),
        "cut",
    )
    .unwrap();
    let world = world.restarted();
    assert_eq!(world.status("A"), "parked");
    assert!(
        world.places.package(&intent.package).exists(),
        "nothing is deleted"
    );
}

/// A claim that was cut short after its rename and cannot be finished: nobody can write its manifest.
fn unfinishable() -> (World, Intent) {
    let (world, intent) = cut_short();
    rename_to_spool(&world, &intent);
    fs::create_dir(world.places.manifest(&intent.package)).unwrap();
    (world, intent)
}

#[test]
fn a_claim_that_cannot_be_finished_holds_up_nobody_and_is_parked_after_some_tries() {
    let (world, intent) = unfinishable();
    let mut world = world.restarted();
    assert_eq!(world.status("A"), "receiving");
    world.good_release("B");
    world.pass(70);
    assert_eq!(world.status("B"), "incoming", "others are taken");
    world.pass(30);
    assert_eq!(world.status("A"), "parked");
    assert_eq!(world.ledger.count("withdrawn"), 0);
    assert_eq!(world.ledger.intents_left(), 1, "for the next try");
    assert_eq!(world.spooled("P001").len(), 4, "nothing is lost");

    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "parked", "tried again");
    fs::remove_dir(world.places.manifest(&intent.package)).unwrap();
    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "incoming");
    assert!(world.called_back.lock().unwrap().contains(&intent.package));
}

#[test]
fn a_claim_that_cannot_be_finished_is_parked_while_the_daemon_runs() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(1);
    let manifest = world.places.manifest(&PackageId::new("P001"));
    fs::create_dir(&manifest).unwrap();
    world.pass(200);
    assert_eq!(world.status("A"), "parked");
    assert!(!world.incoming("A").exists());
    world.good_release("A");
    world.pass(62);
    let rows = world.ledger.rows();
    assert_eq!(
        rows["P002"].status, "incoming",
        "the name is free: {rows:?}"
    );
}

#[test]
fn a_claim_that_could_not_be_finished_is_tried_again_by_itself() {
    for way in ["an hour", "a reload", "a start"] {
        let (world, intent) = unfinishable();
        let mut world = world.restarted();
        world.pass(100);
        assert_eq!(world.status("A"), "parked");
        // The folder's name is the label's, and what comes under it a package of its own.
        world.good_release("A");
        world.pass(62);
        world.jump(3_700);
        let statuses = |world: &World| {
            let rows = world.ledger.rows();
            ["P001", "P002"].map(|id| rows[id].status.clone())
        };
        assert_eq!(statuses(&world), ["parked", "incoming"]);
        fs::remove_dir(world.places.manifest(&intent.package)).unwrap();
        match way {
            "an hour" => world.jump(3_700),
            "a reload" => {
                world.intake.try_parked();
                world.pass(1);
            }
            _ => world = world.restarted(),
        }
        assert_eq!(statuses(&world), ["incoming", "incoming"], "{way}");
        assert_eq!(world.ledger.intents_left(), 0);
        assert_eq!(world.spooled("P001").len(), 4, "{way}");
        assert_eq!(world.spooled("P002").len(), 4, "{way}");
    }
}

#[test]
fn what_comes_under_the_name_of_a_claim_that_is_tried_again_does_not_take_its_place() {
    let (world, intent) = unfinishable();
    let mut world = world.restarted();
    world.pass(100);
    assert_eq!(world.status("A"), "parked");
    // The label has made its folder again, and sends before anybody has looked.
    fs::create_dir_all(world.incoming("A")).unwrap();
    world.touch("A", 1);
    world.pass(5);
    world.ledger.unpark("P001");
    world.good_release("A");
    world.pass(5);
    fs::remove_dir(world.places.manifest(&intent.package)).unwrap();
    world.pass(130);
    let rows = world.ledger.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    for id in ["P001", "P002"] {
        assert_eq!(rows[id].status, "incoming");
        assert_eq!(world.spooled(id).len(), 4, "{id}");
    }
}

#[test]
fn another_try_of_a_claim_whose_files_are_nowhere_is_parked_again() {
    let (world, _) = cut_short();
    fs::remove_dir_all(world.incoming("A")).unwrap();
    fs::remove_dir_all(world.partial("A")).unwrap();
    let mut world = world.restarted();
    assert_eq!(world.status("A"), "parked");
    world.pass(2);
    world.ledger.unpark("P001");
    world.pass(62);
    assert_eq!(world.status("A"), "parked", "and not withdrawn by nobody");
    assert_eq!(world.ledger.count("park"), 2);
}

#[test]
fn another_try_of_a_claim_whose_folder_was_put_back_takes_it() {
    let (world, intent) = unfinishable();
    let mut world = world.restarted();
    world.pass(100);
    assert_eq!(world.status("A"), "parked");
    fs::rename(world.places.package(&intent.package), world.incoming("A")).unwrap();
    fs::remove_dir(world.places.manifest(&intent.package)).unwrap();
    world.ledger.unpark("P001");
    world.pass(700);
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(world.ledger.rows().len(), 1, "the same package");
}

#[test]
fn an_intent_whose_folder_climbs_is_not_followed() {
    let (world, intent) = cut_short();
    world.ledger.abandoned(&intent.package).unwrap();
    world.ledger.plant(&Intent {
        folder: "../../outside".to_owned(),
        ..intent
    });
    let world = world.restarted();
    assert_eq!(world.status("A"), "parked");
}

#[test]
fn the_thread_with_its_watcher_takes_what_is_copied_in() {
    let mut settings = Settings {
        rescan_seconds: 3_600,
        tick_milliseconds: 20,
        ..Settings::default()
    };
    settings.quiet.foreign_seconds = 0;
    let world = World::with(settings);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| world.intake.run(&stop));
        let by = Instant::now() + Duration::from_mins(1);
        let mut round = 0;
        // The first look may be past already: only the watcher can tell of what comes now.
        while world.ledger.count("claimed ") < 2 && Instant::now() < by {
            if round == world.ledger.count("claimed ") {
                round += 1;
                world.copy(&format!("A{round}/metadata.xml"), &message(&["01.wav"]));
                world.copy(&format!("A{round}/01.wav"), "a");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap();
    });
    assert_eq!(world.status("A1"), "incoming");
    assert_eq!(world.status("A2"), "incoming", "found by the watcher");
}
