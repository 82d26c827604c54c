//! Upload space: what is refused when, what the label is told, and that the counter is what a walk
//! finds.

use super::client::{
    APPEND, CREATE, Client, FAILURE, Label, OK, PUT, Reply, TRUNCATE, WRITE, text,
};
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::quota::{Quota, Usage};
use crate::domain::upload::UploadEvent;
use crate::sftp::counting::usage;
use crate::sftp::meter::Room;
use proptest::prelude::*;
use std::time::Duration;

const ROOM: Room = Room {
    free_bytes: 0,
    free_percent: 0,
    pause: Duration::from_secs(600),
};

fn small() -> Label {
    let quota = Quota {
        bytes: 100,
        files: 3,
        folders: 3,
        depth: 3,
    };
    Label::with_space(quota, ROOM)
}

/// What the label is to be told by mail.
fn news(label: &Label) -> Vec<String> {
    let events = label.events().into_iter();
    events
        .filter_map(|event| match event {
            UploadEvent::OverQuota { folder, what, .. } => Some(format!("{folder}: {what}")),
            _ => None,
        })
        .collect()
}

#[test]
fn a_write_beyond_the_space_fails_and_leaves_the_file_partial() {
    let label = small();
    let mut client = label.connect();
    assert_eq!(client.mkdir("/incoming/A"), OK);
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    assert_eq!(client.write(&handle, 0, &[b'x'; 100]), OK);
    assert_eq!(client.write(&handle, 100, b"y"), FAILURE);
    assert_eq!(
        client.write(&handle, 0, b"z"),
        FAILURE,
        "what was sent ahead must not be taken in parts"
    );
    assert_eq!(client.close(&handle), FAILURE);
    assert_eq!(label.content("incoming/A/a.wav"), None);
    assert_eq!(
        label.content("partial/A/a.wav").map(|text| text.len()),
        Some(100)
    );
    // A program that tries again for ever is refused at once, and nobody is told again.
    let mut again = label.connect();
    for flags in [PUT, WRITE, WRITE | CREATE | APPEND] {
        let (code, words) = again.open("/incoming/A/a.wav", flags).unwrap_err();
        assert_eq!(code, FAILURE);
        assert!(words.contains("Your upload space is full"), "{words}");
        assert!(words.contains("delete"), "{words}");
    }
    let told = news(&label);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("A: Your upload space is full: 100 bytes of 100 bytes"));
    // Who makes room may go on.
    assert_eq!(again.remove("/incoming/A/a.wav"), OK);
    assert_eq!(again.put("/incoming/A/a.wav", "fits"), OK);
}

#[test]
fn the_letter_names_the_folder_however_its_path_was_written() {
    let label = small();
    let mut client = label.connect();
    assert_eq!(client.mkdir("/incoming/A"), OK);
    for number in 0..3 {
        assert_eq!(client.put(&format!("/incoming/A/{number}"), "x"), OK);
    }
    assert!(client.open("incoming/A/3", PUT).is_err());
    let told = news(&label);
    assert!(told[0].starts_with("A: "), "{told:?}");
}

#[test]
fn more_space_counts_at_once_and_the_upload_is_resumed() {
    let label = small();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    client.write(&handle, 0, &[b'x'; 80]);
    assert_eq!(client.write(&handle, 80, &[b'x'; 40]), FAILURE);
    client.close(&handle);
    assert!(client.open("/incoming/A/a", WRITE).is_err());
    label.tree.meter().set_quota(Quota {
        bytes: 200,
        ..Quota::default()
    });
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(client.size("/incoming/A/a"), Ok(80));
    assert_eq!(client.write(&handle, 80, &[b'x'; 40]), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(client.size("/incoming/A/a"), Ok(120));
}

#[test]
fn files_folders_and_depth_are_bounded() {
    let label = small();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    for name in ["1", "2", "3"] {
        assert_eq!(client.put(&format!("/incoming/A/{name}"), "x"), OK);
    }
    let (_, words) = client.open("/incoming/A/4", PUT).unwrap_err();
    assert!(words.contains("3 of 3 files"), "{words}");
    label.tree.meter().lift();
    assert_eq!(client.put("/incoming/A/3", "one again"), OK, "no new name");
    assert_eq!(client.remove("/incoming/A/1"), OK);
    assert_eq!(client.put("/incoming/A/4", "x"), OK);
    assert_eq!(client.mkdir("/incoming/A/b"), OK);
    assert_eq!(client.mkdir("/incoming/A/b/c"), OK);
    assert_eq!(client.mkdir("/incoming/D"), FAILURE, "three folders");
    assert_eq!(client.rmdir("/incoming/A/b/c"), OK);
    assert_eq!(client.mkdir("/incoming/D"), OK);
    client.remove("/incoming/A/4");
    assert_eq!(client.put("/incoming/A/b/x", "x"), OK, "three parts");
    label.tree.meter().set_quota(Quota {
        depth: 2,
        ..Quota::default()
    });
    let (_, words) = client.open("/incoming/A/b/y", PUT).unwrap_err();
    assert!(words.contains("may have 2 parts"), "{words}");
    assert_eq!(client.mkdir("/incoming/A/b/c"), FAILURE);
    assert_eq!(client.rename("/incoming/A/b", "/incoming/D/b"), FAILURE);
}

#[test]
fn nothing_is_begun_on_a_disk_that_is_nearly_full() {
    let room = Room {
        free_bytes: u64::MAX,
        ..ROOM
    };
    let label = Label::with_space(Quota::default(), room);
    let mut client = label.connect();
    assert_eq!(client.mkdir("/incoming/A"), FAILURE);
    std::fs::create_dir(label.at("incoming/A")).unwrap();
    let (_, words) = client.open("/incoming/A/a", PUT).unwrap_err();
    assert!(words.contains("no space left"), "{words}");
    assert!(!label.at("partial/A/a").exists());
    assert!(news(&label).is_empty(), "it is not the label's fault");
    // A df says so too.
    assert_eq!(statvfs(&mut client)[3], 0);
}

fn statvfs(client: &mut Client) -> Vec<u64> {
    let ask = [text("statvfs@openssh.com"), text("/incoming")].concat();
    let Reply::Extended(body) = client.ask(200, &ask) else {
        panic!("no figures");
    };
    body.chunks(8)
        .map(|eight| u64::from_be_bytes(eight.try_into().unwrap()))
        .collect()
}

#[test]
fn a_df_shows_the_labels_own_space() {
    let quota = Quota {
        bytes: 40_960,
        ..Quota::default()
    };
    let label = Label::with_space(quota, ROOM);
    let mut client = label.connect();
    assert_eq!(statvfs(&mut client)[2..5], [10, 10, 10]);
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", &"x".repeat(8_192));
    let view = statvfs(&mut client);
    assert_eq!(view[2..5], [10, 8, 8]);
    assert_eq!(view[5] - view[6], 1, "one file");
    let handle = client.open("/incoming/A/a", WRITE | TRUNCATE).unwrap();
    let ask = [text("fstatvfs@openssh.com"), text(&handle)].concat();
    assert!(matches!(client.ask(200, &ask), Reply::Extended(_)));
}

#[test]
fn what_was_claimed_counts_no_more() {
    let label = small();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", &"x".repeat(100));
    assert!(client.open("/incoming/A/b", PUT).is_err());
    claim(&label, "A");
    client.mkdir("/incoming/B");
    assert_eq!(client.put("/incoming/B/b", &"x".repeat(100)), OK);
}

/// Intake takes a folder, as the door's gate lets it.
fn claim(label: &Label, folder: &str) {
    label.tree.fence().close(folder).unwrap();
    let away = label.dir.path().join("claimed");
    std::fs::remove_dir_all(&away).unwrap_or_default();
    std::fs::rename(label.at(&format!("incoming/{folder}")), away).unwrap();
    label.tree.fence().open(folder);
    label.tree.recount();
    label.tree.meter().lift();
}

#[test]
fn after_a_restart_what_was_being_written_is_partial_and_counted() {
    let label = small();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/whole", "whole");
    let handle = client.open("/incoming/A/half", PUT).unwrap();
    client.write(&handle, 0, b"half");
    let handle = client.open("/incoming/A/whole", PUT).unwrap();
    client.write(&handle, 0, b"ne");
    // The process is gone in this moment; nothing of it but the disk is left.
    std::mem::forget(client);
    let label = label.restarted();
    let mut client = label.connect();
    assert_eq!(label.content("incoming/A/whole").as_deref(), Some("whole"));
    assert_eq!(label.content("partial/A/half").as_deref(), Some("half"));
    assert_eq!(label.content("incoming/A/half"), None);
    assert_eq!(client.size("/incoming/A/whole"), Ok(2), "what is resumed");
    let handle = client.open("/incoming/A/half", WRITE).unwrap();
    assert_eq!(client.write(&handle, 4, b" and more"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/half").as_deref(),
        Some("half and more")
    );
    assert_eq!(label.tree.meter().figures().1, walked(&label));
}

fn walked(label: &Label) -> Usage {
    usage(&Places::new(label.dir.path()), &LabelId::new("L1")).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Put(u8, u16),
    /// Leaves the file open, and the session as well.
    Begin(u8, u16),
    /// Writes at an offset to what was left open last, and leaves it open.
    Write(u16, u16),
    Close,
    /// The session with the file that was left open last goes.
    HangUp,
    Append(u8, u16),
    Resize(u8, u16),
    Remove(u8),
    Rename(u8, u8),
    PosixRename(u8, u8),
    Mkdir(u8),
    Rmdir(u8),
    RenameFolder,
    Claim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0..6_u8;
    let size = 0..300_u16;
    let step = prop_oneof![
        4 => (name.clone(), size.clone()).prop_map(|(n, s)| Step::Put(n, s)),
        4 => (name.clone(), size.clone()).prop_map(|(n, s)| Step::Begin(n, s)),
        2 => (size.clone(), size.clone()).prop_map(|(o, s)| Step::Write(o, s)),
        2 => Just(Step::Close),
        2 => Just(Step::HangUp),
        2 => (name.clone(), size.clone()).prop_map(|(n, s)| Step::Append(n, s)),
        2 => (name.clone(), size).prop_map(|(n, s)| Step::Resize(n, s)),
        2 => name.clone().prop_map(Step::Remove),
        2 => (name.clone(), name.clone()).prop_map(|(a, b)| Step::Rename(a, b)),
        2 => (name.clone(), name.clone()).prop_map(|(a, b)| Step::PosixRename(a, b)),
        1 => name.clone().prop_map(Step::Mkdir),
        1 => name.prop_map(Step::Rmdir),
        1 => Just(Step::RenameFolder),
        1 => Just(Step::Claim),
    ];
    prop::collection::vec(step, 0..40)
}

/// One session that does whatever comes, and the handle that it left open.
struct Hand {
    client: Client,
    handle: Option<Vec<u8>>,
}

fn act(label: &Label, hands: &mut Vec<Hand>, folder: &mut &'static str, step: Step) {
    // Half of the names lie in a folder inside.
    let path = |name: u8| match name {
        0..3 => format!("/incoming/{folder}/{name}"),
        _ => format!("/incoming/{folder}/sub/{name}"),
    };
    let bytes = |size: u16| vec![b'x'; usize::from(size)];
    let mut client = label.connect();
    match step {
        Step::Put(name, size) => {
            if let Ok(handle) = client.open(&path(name), PUT) {
                client.write(&handle, 0, &bytes(size));
                client.close(&handle);
            }
        }
        Step::Begin(name, size) => {
            if let Ok(handle) = client.open(&path(name), PUT) {
                client.write(&handle, 0, &bytes(size));
                let handle = Some(handle);
                hands.push(Hand { client, handle });
            }
        }
        Step::Write(offset, size) => {
            if let Some(Hand {
                client,
                handle: Some(handle),
            }) = hands.last_mut()
            {
                client.write(handle, u64::from(offset), &bytes(size));
            }
        }
        Step::Close => {
            if let Some(mut hand) = hands.pop()
                && let Some(handle) = hand.handle.take()
            {
                hand.client.close(&handle);
            }
        }
        Step::HangUp => drop(hands.pop()),
        Step::Append(name, size) => {
            if let Ok(handle) = client.open(&path(name), WRITE | CREATE | APPEND) {
                client.write(&handle, 0, &bytes(size));
                client.close(&handle);
            }
        }
        Step::Resize(name, size) => {
            if let Ok(handle) = client.open(&path(name), WRITE | CREATE) {
                let size = u64::from(size).to_be_bytes().to_vec();
                let body = [text(&handle), 1_u32.to_be_bytes().to_vec(), size];
                client.code(10, &body.concat());
                client.close(&handle);
            }
        }
        Step::Remove(name) => drop(client.remove(&path(name))),
        Step::Rename(from, to) => drop(client.rename(&path(from), &path(to))),
        Step::PosixRename(from, to) => drop(client.posix_rename(&path(from), &path(to))),
        Step::Mkdir(name) => {
            client.mkdir(&format!("/incoming/{folder}"));
            client.mkdir(&format!("/incoming/{folder}/sub"));
            client.mkdir(&path(name));
        }
        Step::Rmdir(name) => {
            client.rmdir(&path(name));
            client.rmdir(&format!("/incoming/{folder}/sub"));
        }
        Step::RenameFolder => {
            let other = if *folder == "A" { "B" } else { "A" };
            let renamed = client.rename(
                &format!("/incoming/{folder}"),
                &format!("/incoming/{other}"),
            );
            if renamed == OK {
                *folder = other;
            }
        }
        Step::Claim => {
            hands.clear();
            if label.at(&format!("incoming/{folder}")).exists() {
                claim(label, folder);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever sessions do, also when they run into the quota, the counter is what a walk finds.
    #[test]
    fn the_counter_is_what_a_walk_finds(steps in steps()) {
        let quota = Quota { bytes: 1_500, files: 6, folders: 4, depth: 4 };
        let label = Label::with_space(quota, Room { pause: Duration::ZERO, ..ROOM });
        let mut hands = Vec::new();
        let mut folder = "A";
        for name in ["/incoming/A", "/incoming/A/sub"] {
            prop_assert_eq!(label.connect().mkdir(name), OK);
        }
        for step in steps {
            let shown = format!("{step:?}");
            act(&label, &mut hands, &mut folder, step);
            let (quota, used) = label.tree.meter().figures();
            prop_assert_eq!(used, walked(&label), "after {}", shown);
            prop_assert!(used.bytes <= quota.bytes && used.folders <= quota.folders);
        }
    }
}
