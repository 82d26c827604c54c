//! Updates that come without files: they are completed from the version that is live.

use super::world::{World, message};
use super::{manifest, md5};
use dropzone::domain::facts::Purpose;
use dropzone::domain::ids::PackageId;
use dropzone::domain::kept::{Stored, StoredFile};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A world in which that package is live.
fn live(package: &str) -> World {
    let mut world = World::new();
    world.good_release("A");
    world.pass(61);
    world.ledger.settle(package);
    let files = manifest(&world, package).files.into_iter();
    let files = files.map(|line| StoredFile {
        purpose: line.path.ends_with(".jpg").then_some(Purpose::Cover),
        // Each holds its own name.
        md5: Some(md5(&line.path)),
        path: line.path,
        size: line.size,
        sha256: line.sha256,
    });
    *world.ledger.stored.lock().unwrap() = Some(Stored {
        package: PackageId::new(package),
        files: files.collect(),
    });
    world
}

fn kept(world: &World, package: &str) -> Vec<String> {
    let files = manifest(world, package).files.into_iter();
    files.filter(|f| f.kept.is_some()).map(|f| f.path).collect()
}

#[test]
fn a_message_alone_is_taken_after_the_ordinary_quiet_period() {
    let mut world = live("P001");
    world.upload("B/metadata.xml", &message(&["01_A.wav", "02_B.wav"]));
    world.pass(50);
    let row = &world.ledger.rows()["P002"];
    assert_eq!(row.status, "receiving", "audio may be on its way");
    assert_eq!(row.waiting, [""; 0]);
    world.pass(11);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
    assert_eq!(kept(&world, "P002"), ["01_A.wav", "02_B.wav"]);
    assert_eq!(
        world.spooled("P002"),
        ["01_A.wav", "02_B.wav", "metadata.xml"]
    );
    let spool = world.places.spool();
    let node = |path: &str| fs::metadata(spool.join(path)).unwrap().ino();
    assert_eq!(node("P002/02_B.wav"), node("P001/02_B.wav"), "no copy");
    assert!(!world.incoming("B").exists());
}

#[test]
fn new_and_live_audio_together_wait_for_the_rest_of_it() {
    let mut world = live("P001");
    world.upload("B/metadata.xml", &message(&["01_A.wav", "02_B.wav"]));
    world.upload("B/01_A.wav", "a better one");
    world.pass(300);
    assert_eq!(world.ledger.rows()["P002"].status, "receiving");
    world.pass(301);
    assert_eq!(world.ledger.rows()["P002"].status, "incoming");
    assert_eq!(kept(&world, "P002"), ["02_B.wav"]);
    let read = |path: &str| fs::read_to_string(world.places.spool().join(path)).unwrap();
    assert_eq!(read("P002/01_A.wav"), "a better one");
    assert_eq!(read("P001/01_A.wav"), "01_A.wav", "what is live stays");
}

#[test]
fn what_the_live_version_has_not_is_waited_for() {
    let mut world = live("P001");
    world.upload("B/metadata.xml", &message(&["01_A.wav", "03_C.wav"]));
    world.pass(700);
    let row = &world.ledger.rows()["P002"];
    assert_eq!(row.status, "receiving");
    assert_eq!(row.waiting, ["waiting for 03_C.wav"]);
    world.upload(
        "C/metadata.xml",
        &message(&["01_A.wav MD5 00000000000000000000000000000000"]),
    );
    world.pass(61);
    assert_eq!(
        world.ledger.rows()["P003"].waiting,
        ["waiting for 01_A.wav"],
        "another one is stated"
    );
}
