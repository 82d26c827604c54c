//! What was read once is known: while the upload goes on, at the claim, and in the spool.

use super::world::{World, message};
use super::{manifest, md5};
use dropzone::domain::arrival::{Arrival, Arrivals};
use dropzone::domain::content::{Content, FileKey, Memory};
use dropzone::domain::ids::PackageId;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Longer than a change time's grain: what is read after it can be told from what is written later.
fn let_times_differ() {
    std::thread::sleep(Duration::from_millis(40));
}

fn known(world: &World, path: &Path) -> Option<String> {
    let key = FileKey::of(&fs::metadata(path).unwrap());
    world.contents.content(&key).map(|content| content.sha256)
}

fn sha256(content: &str) -> String {
    hex::encode(Sha256::digest(content))
}

fn times_read(world: &World, name: &str) -> usize {
    let read = world.files_read.lock().unwrap();
    read.iter().filter(|file| *file == name).count()
}

#[test]
fn a_closed_file_is_read_while_the_next_is_on_its_way() {
    for first in ["metadata.xml", "notes.txt"] {
        let mut world = World::new();
        world.upload(&format!("A/{first}"), &message(&["01_A.wav", "02_B.wav"]));
        world.upload("A/01_A.wav", "first");
        world.begin("A/02_B.wav", "sec");
        for _ in 0..3 {
            world.pass(1);
            world.touch("A", 1);
        }
        assert_eq!(times_read(&world, "01_A.wav"), 1, "{first}");
        assert_eq!(times_read(&world, "02_B.wav"), 0, "it is being written");
        assert_eq!(world.status("A"), "receiving");
    }
}

#[test]
fn what_is_known_of_a_file_follows_it_into_the_spool() {
    let mut world = World::new();
    world.good_release("A");
    let_times_differ();
    world.pass(5);
    let audio = world.incoming("A/01_A.wav");
    assert_eq!(known(&world, &audio), Some(sha256("01_A.wav")));
    world.pass(60);
    let spooled = world.places.package(&PackageId::new("P001"));
    for name in ["01_A.wav", "02_B.wav", "artwork.jpg"] {
        assert_eq!(known(&world, &spooled.join(name)), Some(sha256(name)));
        assert_eq!(times_read(&world, name), 1);
    }
}

#[test]
fn an_overwritten_file_is_another_file_whatever_times_its_owner_sets() {
    let mut world = World::new();
    world.good_release("A");
    let_times_differ();
    world.pass(5);
    let audio = world.incoming("A/01_A.wav");
    let times = fs::metadata(&audio).unwrap().modified().unwrap();
    // In place, as many bytes, and the old time put back: nothing but the change time tells.
    fs::write(&audio, "01_X.wav").unwrap();
    let file = fs::File::options().write(true).open(&audio).unwrap();
    file.set_modified(times).unwrap();
    drop(file);
    assert_eq!(known(&world, &audio), None);
    let_times_differ();
    // Nobody told of it: the next look at everything finds it.
    world.pass(130);
    assert_eq!(world.status("A"), "incoming");
    let spooled = world.places.package(&PackageId::new("P001"));
    assert_eq!(
        known(&world, &spooled.join("01_A.wav")),
        Some(sha256("01_X.wav"))
    );
    assert_eq!(manifest(&world, "P001").files[0].sha256, sha256("01_X.wav"));
}

/// The door tells the hashes of a file a moment after it is in its place, and a look may come
/// between the two.
#[test]
fn what_the_door_has_hashed_is_not_read_whenever_the_loop_looks() {
    for door_is_late in [false, true] {
        let mut world = World::new();
        let stating = message(&[&format!("01_A.wav MD5 {}", md5("first")), "02_B.wav"]);
        world.upload("A/metadata.xml", &stating);
        world.begin("A/02_B.wav", "sec");
        world.pass(1);
        let before = world.meter.hashed_afterwards.get();
        world.upload("A/01_A.wav", "first");
        world.look(0);
        assert!(!world.intake.work(), "it came just now");
        if door_is_late {
            // Now somebody wants it, and nobody has begun yet.
            world.look(1);
        }
        let path = world.incoming("A/01_A.wav");
        let file = fs::File::open(&path).unwrap();
        let key = FileKey::of(&file.metadata().unwrap());
        world.intake.begun(&key);
        world.look(1);
        while world.intake.work() {}
        let arrival = Arrival {
            label: &world.label,
            path: "A/01_A.wav",
            key: &key,
            file: &file,
        };
        let content = Content {
            sha256: sha256("first"),
            md5: Some(md5("first")),
            sha1: None,
        };
        world.intake.ended(arrival, Some(&content));
        world.pass(1);
        assert_eq!(world.meter.hashed_afterwards.get(), before);
        // The other one the door knows nothing of.
        fs::write(world.partial("A/02_B.wav"), "second").unwrap();
        world.close("A/02_B.wav");
        world.upload("A/artwork.jpg", "artwork.jpg");
        world.pass(60);
        assert_eq!(world.status("A"), "incoming");
        let files = manifest(&world, "P001").files;
        let audio = files.iter().find(|file| file.path == "01_A.wav").unwrap();
        assert_eq!(audio.sha256, sha256("first"));
        let read = world.meter.hashed_afterwards.get() - before;
        assert_eq!(read, ("second".len() + "artwork.jpg".len()) as u64);
    }
}

#[test]
fn md5_is_computed_where_a_message_states_it_or_may() {
    let plain = message(&["01_A.wav"]);
    let stating = message(&[&format!("01_A.wav MD5 {}", md5("a"))]);
    for (text, message_first, expected) in [
        (&plain, true, None),
        (&plain, false, Some(md5("a"))),
        (&stating, true, Some(md5("a"))),
        (&stating, false, Some(md5("a"))),
    ] {
        let mut world = World::new();
        if message_first {
            world.upload("A/metadata.xml", text);
        }
        world.upload("A/01_A.wav", "a");
        world.pass(5);
        world.upload("A/metadata.xml", text);
        world.pass(60);
        assert_eq!(manifest(&world, "P001").files[0].md5, expected);
        let read = world.files_read.lock().unwrap();
        let times = read.iter().filter(|name| *name == "01_A.wav").count();
        assert_eq!(times, 1, "{text}");
    }
}
