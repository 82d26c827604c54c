//! What stays of a claimed folder, and how little a label has to send to correct it.

use super::manifest;
use super::world::{World, message};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Size and modification time of every file below a folder.
fn seen(folder: &Path) -> BTreeMap<String, (u64, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let meta = entry.metadata().unwrap();
        if meta.is_file() {
            let name = entry.file_name().into_string().unwrap();
            found.insert(name, (meta.len(), meta.modified().unwrap()));
        }
    }
    found
}

fn taken_over(world: &World, package: &str) -> Vec<String> {
    let files = manifest(world, package).files.into_iter();
    files.filter(|f| f.taken_over).map(|f| f.path).collect()
}

#[test]
fn a_claimed_folder_leaves_its_shadow() {
    let mut world = World::new();
    world.good_release("A");
    let before = seen(&world.incoming("A"));
    world.pass(61);
    assert_eq!(world.status("A"), "incoming");
    assert!(!world.incoming("A").exists());
    let shadow = world.places.shadow(&world.label).join("A");
    assert_eq!(seen(&shadow), before);
    assert_eq!(fs::read(shadow.join("01_A.wav")).unwrap(), [0; 8]);
    assert_eq!(taken_over(&world, "P001"), [""; 0]);
}

#[test]
fn a_correction_takes_over_what_is_not_sent_again() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/01_A.wav", "a better one");
    world.pass(61);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
    assert_eq!(world.spooled("P002"), world.spooled("P001"));
    assert_eq!(
        taken_over(&world, "P002"),
        ["02_B.wav", "artwork.jpg", "metadata.xml"]
    );
    let spool = world.places.spool();
    let read = |path: &str| fs::read_to_string(spool.join(path)).unwrap();
    assert_eq!(read("P002/01_A.wav"), "a better one");
    assert_eq!(
        read("P001/01_A.wav"),
        "01_A.wav",
        "the first stays as it was"
    );
    // And a third upon the second.
    world.upload("A/artwork.jpg", "cover");
    world.pass(61);
    assert_eq!(world.ledger.rows()["P003"].status, "incoming");
    assert_eq!(read("P003/01_A.wav"), "a better one");
    assert_eq!(read("P003/artwork.jpg"), "cover");
}

#[test]
fn what_the_corrected_message_does_not_name_is_left_out() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/release.xml", &message(&["01_A.wav", "02_New.wav"]));
    world.upload("A/02_New.wav", "x");
    // Leaving out is a change, after which the folder has to be quiet again.
    world.pass(70);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
    assert_eq!(
        world.spooled("P002"),
        ["01_A.wav", "02_New.wav", "artwork.jpg", "release.xml"]
    );
}

#[test]
fn what_the_label_removed_is_not_taken_over() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    let shadow = world.places.shadow(&world.label).join("A");
    fs::remove_file(shadow.join("02_B.wav")).unwrap();
    world.upload("A/01_A.wav", "again");
    world.pass(61);
    let row = &world.ledger.rows()["P002"];
    assert_eq!(row.status, "receiving");
    assert_eq!(row.waiting, ["waiting for 02_B.wav"]);
}

#[test]
fn an_approved_release_is_updated_as_a_whole() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.ledger.settle("P001");
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    world.pass(61);
    assert_eq!(
        world.ledger.rows()["P002"].waiting,
        ["waiting for 01_A.wav"]
    );
    assert!(!world.places.shadow(&world.label).join("A").exists());
}

#[test]
fn a_restart_forgets_nothing_of_a_correction() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/01_A.wav", "again");
    world.pass(10);
    let mut world = world.restarted();
    world.pass(61);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
    assert_eq!(taken_over(&world, "P002").len(), 3);
}

#[test]
fn releases_of_a_batch_are_corrected_each_for_itself() {
    let mut world = World::new();
    for release in ["D/1", "D/2"] {
        world.good_release(release);
    }
    world.pass(61);
    assert_eq!(world.status("D/1"), "incoming");
    assert_eq!(world.status("D/2"), "incoming");
    world.upload("D/2/01_A.wav", "again");
    world.pass(61);
    let rows = world.ledger.rows();
    let third = &rows["P003"];
    assert_eq!(
        (third.folder.as_str(), third.status.as_str()),
        ("D/2", "incoming")
    );
    assert_eq!(taken_over(&world, "P003").len(), 3);
    let shadow = world.places.shadow(&world.label);
    assert!(shadow.join("D/1/01_A.wav").exists());
}

/// The loop looks while a worker claims: it must not mistake the gap that the claim leaves for
/// files that the label has still to send.
#[test]
fn a_look_during_a_claim_does_not_bring_the_earlier_attempt_back() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/01_A.wav", "a better one");
    world.pass(1);
    world.look(61);
    let worker = Arc::clone(&world.intake);
    *world.ledger.when_asked.lock().unwrap() = Some(Box::new(move || {
        worker.work();
    }));
    world.log_out(1);
    world.look(0);
    world.pass(700);
    assert!(!world.incoming("A").exists());
    let rows = world.ledger.rows();
    assert_eq!(rows["P002"].status, "incoming");
    assert_eq!(rows.len(), 2, "{rows:?}");
}

#[test]
fn a_folder_that_goes_while_it_is_looked_at_is_not_made_again() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/01_A.wav", "again");
    let (from, to) = (world.incoming("A"), world.incoming("B"));
    *world.ledger.when_asked.lock().unwrap() = Some(Box::new(move || {
        fs::rename(from, to).unwrap();
    }));
    world.look(0);
    assert!(world.incoming("B/01_A.wav").exists());
    assert!(!world.incoming("A").exists());
}

/// What the message does not name is removed only as long as it is the earlier attempt's.
#[test]
fn what_is_sent_again_while_it_is_left_out_stays() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/release.xml", &message(&["01_A.wav"]));
    let (new, old) = (world.partial("A/new"), world.incoming("A/02_B.wav"));
    let sent = old.clone();
    *world.door.when_closed.lock().unwrap() = Some(Box::new(move || {
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        fs::write(&new, "mine").unwrap();
        fs::rename(new, sent).unwrap();
    }));
    world.pass(5);
    assert!(world.door.is_open());
    assert_eq!(fs::read_to_string(old).unwrap(), "mine");
    assert!(!world.incoming("A/metadata.xml").exists());
}

#[test]
fn nothing_is_left_out_while_the_label_writes() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.upload("A/release.xml", &message(&["01_A.wav"]));
    world.door.set_busy(true);
    world.pass(5);
    assert!(world.incoming("A/02_B.wav").exists());
    world.door.set_busy(false);
    // It tries again every five seconds.
    world.pass(10);
    assert!(!world.incoming("A/02_B.wav").exists());
}
