//! Folders on a real disk, from the first file to the spool.

mod aside;
mod chaos;
mod claim;
mod contents;
mod crash;
mod kept;
mod shadow;
mod world;

use dropzone::domain::facts::Manifest;
use dropzone::domain::ids::PackageId;
use md5::{Digest, Md5};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use world::{World, message};

fn md5(content: &str) -> String {
    hex::encode(Md5::digest(content))
}

fn manifest(world: &World, package: &str) -> Manifest {
    let manifest = fs::read(world.places.manifest(&PackageId::new(package))).unwrap();
    serde_json::from_slice(&manifest).unwrap()
}

#[test]
fn a_release_is_taken_after_its_quiet_period_with_its_manifest() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(59);
    assert_eq!(world.status("A"), "receiving");
    assert!(world.row("A").waiting.is_empty());
    world.pass(1);
    assert_eq!(world.status("A"), "incoming");
    assert!(!world.incoming("A").exists() && !world.partial("A").exists());
    let files = ["01_A.wav", "02_B.wav", "artwork.jpg", "metadata.xml"];
    assert_eq!(world.spooled("P001"), files);
    let id = PackageId::new("P001");
    assert_eq!(
        *world.called_back.lock().unwrap(),
        std::slice::from_ref(&id)
    );
    let manifest = manifest(&world, "P001");
    assert_eq!(
        (manifest.label.as_str(), manifest.folder.as_str()),
        ("L1", "A")
    );
    let listed: Vec<_> = manifest.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(listed, files);
    let sha256 = hex::encode(sha2::Sha256::digest("01_A.wav"));
    assert_eq!(manifest.files[0].sha256, sha256);
    assert_eq!(manifest.files[0].size, 8);
    let mode = |path: &str| {
        let path = world.places.package(&id).join(path);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("01_A.wav"), mode("")), (0o400, 0o700));
    assert!(world.door.is_open());
    assert_eq!(world.ledger.intents_left(), 0);
}

#[test]
fn logging_out_shortens_the_wait() {
    let mut world = World::new();
    world.good_release("A");
    world.touch("A", 2);
    world.pass(5);
    world.log_out(1);
    world.pass(30);
    assert_eq!(world.status("A"), "receiving", "session 2 lives");
    world.log_out(2);
    world.pass(9);
    assert_eq!(world.status("A"), "receiving");
    world.pass(1);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn what_is_missing_is_told_and_waited_for() {
    let mut world = World::new();
    world.upload("A/01_A.wav", "a");
    world.pass(1);
    assert_eq!(world.row("A").waiting, ["waiting for metadata.xml"]);
    world.upload("A/metadata.xml", &message(&["01_A.wav", "03_Title.wav"]));
    world.pass(1);
    assert_eq!(world.row("A").waiting, ["waiting for 03_Title.wav"]);
    world.begin("A/03_Title.wav", "ti");
    world.pass(1);
    assert_eq!(
        world.row("A").waiting,
        ["waiting for `03_Title.wav` to finish uploading"]
    );
    world.log_out(1);
    world.jump(3_000);
    assert_eq!(
        world.status("A"),
        "receiving",
        "a broken-off file is never taken"
    );
    world.begin("A/03_Title.wav", "title");
    world.close("A/03_Title.wav");
    world.pass(60);
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(
        world.spooled("P001"),
        ["01_A.wav", "03_Title.wav", "metadata.xml"]
    );
}

#[test]
fn a_stall_is_told_once_for_each_thing_that_is_missing() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav", "02_B.wav"]));
    world.pass(1);
    world.jump(3_598);
    assert!(world.row("A").stalled.is_empty());
    world.pass(2);
    let both = ["waiting for 01_A.wav", "waiting for 02_B.wav"];
    assert_eq!(world.row("A").stalled, [both]);
    world.jump(100_000);
    assert_eq!(world.row("A").stalled.len(), 1);
    world.upload("A/01_A.wav", "a");
    world.jump(3_500);
    assert_eq!(world.row("A").stalled.len(), 1);
    world.jump(200);
    assert_eq!(world.row("A").stalled[1], ["waiting for 02_B.wav"]);
}

#[test]
fn a_file_that_grows_slowly_is_no_stall() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    world.begin("A/01_A.wav", "");
    for hour in 1..6 {
        world.jump(3_000);
        fs::write(world.partial("A/01_A.wav"), "x".repeat(hour)).unwrap();
        world.jump(500);
    }
    assert!(world.row("A").stalled.is_empty());
}

#[test]
fn stated_hashes_are_compared() {
    let mut world = World::new();
    let right = format!("01_A.wav MD5 {}", md5("right"));
    world.upload("A/metadata.xml", &message(&[&right]));
    world.upload("A/01_A.wav", "wrong");
    world.jump(1_000);
    let sentence = "`01_A.wav` does not match the checksum in metadata.xml: upload it again";
    assert_eq!(world.row("A").waiting, [sentence]);
    world.upload("A/01_A.wav", "right");
    world.pass(29);
    assert_eq!(world.status("A"), "receiving");
    world.pass(1);
    assert_eq!(
        world.status("A"),
        "incoming",
        "30 seconds when everything is proved"
    );
}

#[test]
fn other_hash_algorithms_are_compared_too() {
    let mut world = World::new();
    let sha1 = "01_A.wav SHA-1 a9993e364706816aba3e25717850c26c9cd0d89d".to_owned();
    let sha256 = "02_B.wav SHA256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned();
    world.upload("A/metadata.xml", &message(&[&sha1, &sha256]));
    world.upload("A/01_A.wav", "abc");
    world.upload("A/02_B.wav", "abc");
    world.pass(30);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn a_file_overwritten_while_all_is_quiet_starts_the_wait_anew() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(50);
    world.upload("A/01_A.wav", "better");
    world.pass(59);
    assert_eq!(world.status("A"), "receiving");
    world.pass(1);
    assert_eq!(world.status("A"), "incoming");
    let taken = world
        .places
        .package(&PackageId::new("P001"))
        .join("01_A.wav");
    assert_eq!(fs::read_to_string(taken).unwrap(), "better");
}

#[test]
fn a_rename_from_a_temporary_name_says_that_all_is_there() {
    let mut world = World::new();
    world.good_release("A.uploading");
    world.pass(1_000);
    assert_eq!(
        world.row("A.uploading").waiting,
        ["waiting for the folder to get its final name"]
    );
    world.rename("A.uploading", "A");
    world.pass(1);
    assert_eq!(world.status("A"), "incoming");
    assert_eq!(
        world.ledger.rows().len(),
        1,
        "the package went with the folder"
    );
}

#[test]
fn a_renamed_folder_stays_the_same_package() {
    let mut world = World::new();
    world.good_release("A");
    world.pass(30);
    world.rename("A", "B");
    world.pass(59);
    assert_eq!(world.status("B"), "receiving");
    world.pass(1);
    assert_eq!(world.status("B"), "incoming");
    assert_eq!(world.ledger.rows().len(), 1);
}

#[test]
fn a_rename_that_nobody_told_of_is_found_by_the_rescan() {
    let mut world = World::new();
    world.copy("A/01_A.wav", "a");
    world.pass(70);
    fs::rename(world.incoming("A"), world.incoming("B")).unwrap();
    world.pass(70);
    assert_eq!(world.status("B"), "receiving");
    assert_eq!(world.ledger.rows().len(), 1);
}

#[test]
fn a_removed_folder_is_withdrawn_and_an_emptied_one_waits() {
    let mut world = World::new();
    world.upload("A/01_A.wav", "a");
    world.upload("B/01_A.wav", "a");
    world.pass(1);
    world.remove("A");
    fs::remove_file(world.incoming("B/01_A.wav")).unwrap();
    world.touch("B", 1);
    world.pass(1);
    assert_eq!(world.status("A"), "withdrawn");
    assert_eq!(world.row("B").waiting, ["waiting for the first file"]);
    // Nobody tells of this one.
    fs::remove_dir_all(world.incoming("B")).unwrap();
    assert!(
        world.partial("B").exists(),
        "an empty folder that says nothing"
    );
    world.pass(60);
    assert_eq!(world.status("B"), "withdrawn");
}

#[test]
fn a_withdrawal_that_the_ledger_missed_is_told_again() {
    let mut world = World::new();
    world.upload("A/01_A.wav", "a");
    world.pass(1);
    world.ledger.failing.lock().unwrap().insert("withdrawn");
    world.remove("A");
    world.pass(1);
    assert_eq!(world.status("A"), "receiving");
    world.ledger.failing.lock().unwrap().clear();
    world.pass(1);
    assert_eq!(world.status("A"), "withdrawn");
}

#[test]
fn junk_alone_is_no_package_and_goes_along_with_one() {
    let mut world = World::new();
    world.upload("A/.DS_Store", "junk");
    world.upload("A/__MACOSX/._01_A.wav", "junk");
    fs::create_dir_all(world.incoming("empty")).unwrap();
    world.pass(100);
    assert!(world.ledger.rows().is_empty());
    world.good_release("A");
    world.pass(60);
    assert_eq!(world.status("A"), "incoming");
    assert!(world.spooled("P001").contains(&".DS_Store".to_owned()));
}

#[test]
fn junk_that_broke_off_holds_nothing_up() {
    let mut world = World::new();
    world.good_release("A");
    world.begin("A/.DS_Store", "ju");
    world.pass(60);
    assert_eq!(world.status("A"), "incoming");
    assert!(
        !world.partial("A").exists(),
        "nothing is left to look like a delivery"
    );
}

#[test]
fn resources_and_nested_layouts_are_taken() {
    let mut world = World::new();
    world.upload("R/5034.xml", &message(&["resources/01.flac"]));
    world.upload("R/resources/01.flac", "a");
    world.upload("N/N/metadata.xml", &message(&["01.flac"]));
    world.upload("N/N/01.flac", "a");
    world.pass(60);
    assert_eq!(world.status("R"), "incoming");
    assert_eq!(world.status("N"), "incoming");
    let nested = world
        .ledger
        .rows()
        .iter()
        .find(|(_, r)| r.folder == "N")
        .unwrap()
        .0
        .clone();
    assert_eq!(world.spooled(&nested), ["N/01.flac", "N/metadata.xml"]);
}

#[test]
fn a_batch_enters_release_by_release_and_its_marker_follows() {
    let mut world = World::new();
    for release in ["5034", "5035"] {
        world.upload(&format!("D/{release}/resources/01.flac"), release);
        world.pass(1);
        world.upload(
            &format!("D/{release}/{release}.xml"),
            &message(&["resources/01.flac"]),
        );
    }
    world.upload("D/5036/5036.xml", &message(&["01.flac"]));
    world.pass(58);
    assert_eq!(world.status("D/5034"), "receiving");
    world.pass(1);
    assert_eq!(
        world.status("D/5034"),
        "incoming",
        "it has a quiet time of its own"
    );
    assert_eq!(world.status("D/5035"), "receiving");
    world.pass(1);
    assert_eq!(world.status("D/5035"), "incoming");
    assert_eq!(world.row("D/5036").waiting, ["waiting for 01.flac"]);
    assert_eq!(
        world.ledger.rows().len(),
        3,
        "the first sight of D became 5034's"
    );
    world.upload("D/BatchComplete_1.xml", "<m/>");
    world.pass(9);
    assert!(world.row("D/5036").stalled.is_empty());
    world.pass(1);
    assert_eq!(
        world.row("D/5036").stalled.len(),
        1,
        "the sender thinks it is done"
    );
    world.upload("D/5036/01.flac", "a");
    world.pass(1);
    assert_eq!(world.status("D/5036"), "incoming", "marked");
    assert!(
        world.incoming("D").exists(),
        "a client may be busy in it still"
    );
    world.log_out(1);
    world.pass(10);
    assert!(!world.incoming("D").exists() && !world.partial("D").exists());
    let last = world.called_back.lock().unwrap().last().cloned().unwrap();
    assert_eq!(
        world.spooled(&format!("{last}.batch")),
        ["BatchComplete_1.xml"]
    );
    assert!(world.door.is_open());
}

#[test]
fn folders_that_no_waiting_mends_are_taken_so_that_the_report_can_say_why() {
    let mut world = World::new();
    world.upload("none/01.wav", "a");
    world.upload("broken/metadata.xml", "<NewReleaseMessage>\nfile 01.wav\n");
    world.upload("broken/01.wav", "a");
    world.upload("garbage/metadata.xml", "\0\0");
    world.upload("panic/metadata.xml", "<NewReleaseMessage>\nPANIC");
    world.upload("two/a.xml", &message(&[]));
    world.upload("two/b.xml", &message(&[]));
    world.upload("text/readme.txt", "a");
    world.pass(119);
    assert!(
        world
            .ledger
            .rows()
            .values()
            .all(|row| row.status == "receiving")
    );
    world.pass(1);
    for folder in ["broken", "garbage", "panic", "two"] {
        assert_eq!(world.status(folder), "incoming", "{folder}");
    }
    assert_eq!(world.status("none"), "receiving");
    world.pass(480);
    assert_eq!(world.status("none"), "incoming");
    world.jump(4_000);
    assert_eq!(world.status("text"), "receiving");
    assert_eq!(world.row("text").stalled, [["waiting for metadata.xml"]]);
}

#[test]
fn what_cannot_be_taken_is_named() {
    let mut world = World::new();
    world.good_release("A");
    std::os::unix::fs::symlink("/etc/passwd", world.incoming("A/03.wav")).unwrap();
    world.good_release("B");
    fs::hard_link(world.incoming("B/01_A.wav"), world.incoming("B/again.wav")).unwrap();
    world.pass(100);
    assert_eq!(
        world.row("A").waiting,
        ["`03.wav` is a link or a device, not an ordinary file: upload the file itself"]
    );
    assert_eq!(world.status("B"), "receiving");
    let waiting = world.row("B").waiting;
    let linked = |sentence: &&String| sentence.contains("has a second name elsewhere");
    assert_eq!(waiting.iter().filter(linked).count(), 2, "{waiting:?}");
}

#[test]
fn files_that_did_not_come_by_sftp_are_found_and_wait_long() {
    let mut world = World::new();
    world.pass(1);
    world.copy("A/metadata.xml", &message(&["01.wav"]));
    world.copy("A/01.wav", "a");
    world.pass(1);
    assert!(world.ledger.rows().is_empty(), "no event, no rescan yet");
    world.pass(61);
    assert!(!world.row("A").via_sftp);
    world.pass(500);
    assert_eq!(world.status("A"), "receiving");
    world.pass(102);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn a_label_that_comes_later_is_found() {
    let mut world = World::new();
    world.pass(1);
    let other = dropzone::domain::ids::LabelId::new("L2");
    let folder = world.places.incoming(&other).join("A");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("01.wav"), "a").unwrap();
    world.pass(70);
    assert_eq!(world.row("A").label, "L2");
}

#[test]
fn lost_events_cost_a_minute_and_never_a_package() {
    let mut world = World::new();
    world.begin("A/metadata.xml", &message(&["01.wav"]));
    world.pass(1);
    // From here on nobody tells anything.
    fs::rename(
        world.partial("A/metadata.xml"),
        world.incoming("A/metadata.xml"),
    )
    .unwrap();
    fs::write(world.incoming("A/01.wav"), "a").unwrap();
    world.pass(60);
    assert_eq!(world.status("A"), "receiving");
    world.pass(60);
    assert_eq!(world.status("A"), "incoming");
}

#[test]
fn a_restart_keeps_what_was_known() {
    let mut world = World::new();
    world.upload("A/metadata.xml", &message(&["01_A.wav"]));
    world.upload("B/metadata.xml", &message(&["01_A.wav"]));
    world.pass(1);
    fs::remove_dir_all(world.partial("A")).unwrap();
    fs::remove_dir_all(world.incoming("B")).unwrap();
    fs::remove_dir_all(world.partial("B")).unwrap();
    let mut world = world.restarted();
    fs::write(world.incoming("A/01_A.wav"), "a").unwrap();
    world.pass(59);
    assert_eq!(world.status("A"), "receiving");
    assert_eq!(
        world.status("B"),
        "withdrawn",
        "it went while nobody looked"
    );
    world.pass(1);
    assert_eq!(
        world.status("A"),
        "incoming",
        "its own quiet period, not that of foreign files"
    );
    assert_eq!(world.ledger.rows().len(), 2);
}

#[test]
fn the_ledger_may_fail_for_a_while() {
    let mut world = World::new();
    world
        .ledger
        .failing
        .lock()
        .unwrap()
        .extend(["open_folders", "seen"]);
    world.good_release("A");
    world.pass(30);
    world.ledger.failing.lock().unwrap().remove("open_folders");
    world.pass(30);
    assert!(world.ledger.rows().is_empty());
    world.ledger.failing.lock().unwrap().clear();
    world.pass(61);
    assert_eq!(world.status("A"), "incoming");
}
