//! Folders that are claimed, or were: closed, shown by their shadow, corrected.

use super::client::{
    APPEND, CREATE, Client, DENIED, EXCLUSIVE, FAILURE, Label, NO_SUCH_FILE, OK, PUT, READ, Reply,
    WRITE, packet, replies, text,
};
use crate::domain::quota::Quota;
use crate::sftp::meter::Room;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

#[test]
fn a_closed_folder_refuses_every_change_and_opens_again() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.mkdir("/incoming/B");
    client.put("/incoming/A/a", "x");
    client.put("/incoming/B/b", "y");
    let handle = client.open("/incoming/A/c", PUT).unwrap();
    let busy = label.tree.fence().close("A").unwrap_err();
    assert_eq!(busy.writing, ["c"]);
    client.write(&handle, 0, b"z");
    assert_eq!(client.close(&handle), OK);
    label.tree.fence().close("A").unwrap();
    let (code, words) = client.open("/incoming/A/new", PUT).unwrap_err();
    assert_eq!(code, DENIED);
    assert!(words.contains("being received"), "{words}");
    assert_eq!(client.open("/incoming/A/a", WRITE).unwrap_err().0, DENIED);
    assert_eq!(client.mkdir("/incoming/A/sub"), DENIED);
    assert_eq!(client.remove("/incoming/A/a"), DENIED);
    assert_eq!(client.rmdir("/incoming/A"), DENIED);
    assert_eq!(client.rename("/incoming/A", "/incoming/C"), DENIED);
    assert_eq!(client.rename("/incoming/A/a", "/incoming/B/a"), DENIED);
    assert_eq!(client.rename("/incoming/B/b", "/incoming/A/b"), DENIED);
    let size = [
        text("/incoming/A/a"),
        1_u32.to_be_bytes().to_vec(),
        vec![0; 8],
    ]
    .concat();
    assert_eq!(client.code(9, &size), DENIED);
    assert_eq!(client.size("/incoming/A/a"), Ok(1), "looking is allowed");
    assert_eq!(
        client.put("/incoming/B/new", "x"),
        OK,
        "other folders are open"
    );
    label.tree.fence().open("A");
    assert_eq!(client.put("/incoming/A/new", "x"), OK);
}

#[test]
fn a_folder_cannot_close_between_close_and_its_answer() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    client.write(&handle, 0, b"x");
    client.hold = true;
    let body = [99_u32.to_be_bytes().to_vec(), text(&handle)].concat();
    assert_eq!(
        client.send(&packet(4, &body)),
        [],
        "the answer waits for the disk"
    );
    assert_eq!(label.tree.fence().close("A").unwrap_err().writing, ["a"]);
    // Other requests of the channel go on.
    assert_eq!(client.size("/incoming/A/a"), Ok(1));
    let handle = client.open("/incoming/A/b", PUT).unwrap();
    client.write(&handle, 0, b"y");
    let mut out = Vec::new();
    for job in client.late.drain(..) {
        (job.run)(&mut out);
    }
    assert!(matches!(replies(&out)[..], [(99, Reply::Status(OK, _))]));
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
}

#[test]
fn left_over_mirrors_of_claimed_folders_are_not_seen() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.mkdir("/incoming/A/resources");
    client.put("/incoming/A/resources/a", "x");
    // The claim: the folder is moved away by someone else.
    label.tree.fence().close("A").unwrap();
    std::fs::rename(label.at("incoming/A"), label.dir.path().join("claimed")).unwrap();
    label.tree.fence().open("A");
    assert!(client.list("/incoming").is_empty());
    assert_eq!(client.size("/incoming/A/resources/a"), Err(NO_SUCH_FILE));
    assert_eq!(client.put("/incoming/A/b", "x"), NO_SUCH_FILE);
    assert_eq!(client.mkdir("/incoming/A"), OK, "the name is free again");
    assert_eq!(client.put("/incoming/A/resources", "now a file"), OK);
    assert_eq!(client.remove("/incoming/A/resources"), OK);
    assert_eq!(client.rmdir("/incoming/A"), OK);
}

/// A folder `A` with two files that was claimed and left its shadow, as intake does.
fn claimed(label: &Label, client: &mut Client) {
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a.wav", "one");
    client.put("/incoming/A/b.wav", "three");
    std::fs::rename(label.at("incoming/A"), label.dir.path().join("claimed")).unwrap();
    std::fs::create_dir(label.at("shadow/A")).unwrap();
    for (name, size) in [("a.wav", 3), ("b.wav", 5)] {
        let file = std::fs::File::create(label.at("shadow/A").join(name)).unwrap();
        file.set_len(size).unwrap();
    }
}

fn refused(open: Result<Vec<u8>, (u32, String)>) -> u32 {
    open.unwrap_err().0
}

fn both() -> BTreeMap<String, u64> {
    BTreeMap::from([("a.wav".to_owned(), 3), ("b.wav".to_owned(), 5)])
}

#[test]
fn what_was_claimed_is_seen_and_cannot_be_taken_away() {
    let label = Label::new();
    let mut client = label.connect();
    claimed(&label, &mut client);
    assert_eq!(client.list("/incoming").len(), 1);
    assert_eq!(client.list("/incoming/A"), both());
    assert_eq!(client.size("/incoming/A/b.wav"), Ok(5));
    // Clients set times late, on another connection; the next comparison sees them.
    let late = [
        text(b"/incoming/A/a.wav"),
        8_u32.to_be_bytes().to_vec(),
        vec![0, 0, 0, 9, 0, 0, 0, 9],
    ];
    assert_eq!(client.code(9, &late.concat()), OK);
    let modified = std::fs::metadata(label.at("shadow/A/a.wav"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
        9
    );
    assert_eq!(refused(client.open("/incoming/A/a.wav", READ)), DENIED);
    assert_eq!(client.remove("/incoming/A/a.wav"), DENIED);
    assert_eq!(client.rmdir("/incoming/A"), DENIED);
    assert_eq!(client.rename("/incoming/A", "/incoming/B"), DENIED);
    assert_eq!(
        client.rename("/incoming/A/a.wav", "/incoming/A/c.wav"),
        DENIED
    );
    assert_eq!(client.mkdir("/incoming/A"), FAILURE, "it is there");
    assert_eq!(client.list("/incoming/A"), both());
    assert!(!label.at("incoming/A").exists(), "nothing was begun");
}

#[test]
fn a_claimed_folder_is_corrected_in_place() {
    let label = Label::new();
    let mut client = label.connect();
    claimed(&label, &mut client);
    assert_eq!(refused(client.open("/incoming/A/a.wav", WRITE)), FAILURE);
    assert_eq!(
        refused(client.open("/incoming/A/a.wav", WRITE | CREATE | APPEND)),
        FAILURE
    );
    assert_eq!(
        refused(client.open("/incoming/A/a.wav", PUT | EXCLUSIVE)),
        FAILURE
    );
    assert_eq!(client.put("/incoming/A/a.wav", "longer"), OK);
    assert_eq!(label.content("incoming/A/a.wav").as_deref(), Some("longer"));
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(6));
    assert_eq!(
        client.size("/incoming/A/b.wav"),
        Ok(5),
        "not sent again, and there"
    );
    // WinSCP: beside, remove, rename.
    assert_eq!(client.put("/incoming/A/b.wav.filepart", "new"), OK);
    assert_eq!(client.remove("/incoming/A/b.wav"), OK);
    assert_eq!(
        client.rename("/incoming/A/b.wav.filepart", "/incoming/A/b.wav"),
        OK
    );
    assert_eq!(client.size("/incoming/A/b.wav"), Ok(3));
    assert!(!label.at("shadow/A/b.wav").exists());
    // What is removed is gone with what was claimed under its name.
    assert_eq!(client.remove("/incoming/A/a.wav"), OK);
    assert_eq!(client.size("/incoming/A/a.wav"), Err(NO_SUCH_FILE));
    assert_eq!(client.remove("/incoming/A/b.wav"), OK);
    assert_eq!(client.rmdir("/incoming/A"), OK);
    assert!(client.list("/incoming").is_empty());
}

#[test]
fn what_was_taken_over_is_seen_by_its_shadow_and_goes_with_it() {
    let label = Label::new();
    let mut client = label.connect();
    claimed(&label, &mut client);
    client.put("/incoming/A/c.wav", "c");
    // Intake gives it a second name.
    let spooled = label.dir.path().join("claimed/a.wav");
    std::fs::hard_link(&spooled, label.at("incoming/A/a.wav")).unwrap();
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(3));
    assert_eq!(refused(client.open("/incoming/A/a.wav", WRITE)), FAILURE);
    assert_eq!(client.put("/incoming/A/a.wav", "own"), OK);
    assert_eq!(
        std::fs::read_to_string(&spooled).unwrap(),
        "one",
        "the earlier one is as it was"
    );
    let spooled = label.dir.path().join("claimed/b.wav");
    std::fs::hard_link(&spooled, label.at("incoming/A/b.wav")).unwrap();
    assert_eq!(client.remove("/incoming/A/b.wav"), OK);
    assert!(!label.at("incoming/A/b.wav").exists());
    assert!(spooled.exists());
}

#[test]
fn another_spelling_corrects_a_claimed_name() {
    let label = Label::new();
    let mut client = label.connect();
    claimed(&label, &mut client);
    assert_eq!(client.put("/incoming/A/A.wav", "x"), OK);
    let names: Vec<String> = client.list("/incoming/A").into_keys().collect();
    assert_eq!(names, ["A.wav", "b.wav"]);
}

#[test]
fn a_move_that_is_refused_leaves_what_was_claimed_to_be_seen() {
    let quota = Quota {
        depth: 3,
        ..Quota::default()
    };
    let label = Label::with_space(quota, Room::default());
    let mut client = label.connect();
    for folder in ["P", "B", "B/x", "B/x/y"] {
        assert_eq!(client.mkdir(&format!("/incoming/{folder}")), OK);
    }
    std::fs::create_dir_all(label.at("shadow/P/A")).unwrap();
    std::fs::write(label.at("shadow/P/A/a.wav"), "x").unwrap();
    assert_eq!(client.rename("/incoming/B", "/incoming/P/A"), FAILURE);
    assert_eq!(label.content("shadow/P/A/a.wav").as_deref(), Some("x"));
    assert_eq!(client.rename("/incoming/B/x/y", "/incoming/P/A"), OK);
    assert_eq!(label.content("shadow/P/A/a.wav"), None);
}

#[test]
fn a_folder_renamed_onto_a_claimed_one_takes_its_place() {
    let label = Label::new();
    let mut client = label.connect();
    claimed(&label, &mut client);
    client.mkdir("/incoming/A.tmp");
    client.put("/incoming/A.tmp/new.wav", "x");
    assert_eq!(client.rename("/incoming/A.tmp", "/incoming/A"), OK);
    assert_eq!(
        client.list("/incoming/A"),
        BTreeMap::from([("new.wav".to_owned(), 1)])
    );
    assert!(!label.at("shadow/A").exists());
}

/// Everything below a folder of a label, in both trees, with its content.
fn snapshot(label: &Label, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for tree in ["incoming", "partial"] {
        let Ok(entries) = std::fs::read_dir(label.at(&format!("{tree}/{folder}"))) else {
            continue;
        };
        for entry in entries.map(Result::unwrap) {
            let name = format!("{tree}/{}", entry.file_name().to_string_lossy());
            // A file may have been moved between the listing and this look: then they differ.
            found.insert(name, std::fs::read(entry.path()).unwrap_or_default());
        }
    }
    found
}

#[test]
fn nothing_changes_in_a_closed_folder_whatever_runs_beside() {
    let label = Label::new();
    assert_eq!(label.connect().mkdir("/incoming/A"), OK);
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (label, over) = (&label, &over);
            scope.spawn(move || {
                let mut client = label.connect();
                let path = |name: u32| format!("/incoming/A/{number}-{name}");
                let mut round = 0;
                while !over.load(Ordering::Relaxed) {
                    round += 1;
                    client.put(&path(round % 3), &format!("content {round}"));
                    client.rename(&path(round % 3), &path(7));
                    client.remove(&path(7));
                    if let Ok(handle) = client.open(&path(round % 2), PUT | APPEND) {
                        client.write(&handle, 0, b"more");
                        client.close(&handle);
                    }
                }
            });
        }
        let fence = label.tree.fence();
        let mut closed = 0;
        while closed < 60 {
            if fence.close("A").is_ok() {
                closed += 1;
                let before = snapshot(&label, "A");
                for _ in 0..20 {
                    std::thread::yield_now();
                }
                let after = snapshot(&label, "A");
                fence.open("A");
                if before != after {
                    over.store(true, Ordering::Relaxed);
                }
                assert_eq!(before, after, "after {closed} closings");
            }
            std::thread::yield_now();
        }
        over.store(true, Ordering::Relaxed);
    });
}
