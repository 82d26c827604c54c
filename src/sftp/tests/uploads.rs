//! Files on their way: written, broken off, resumed, overwritten, closed.

use super::client::{
    APPEND, CREATE, DENIED, EOF, EXCLUSIVE, FAILURE, Label, NO_SUCH_FILE, OK, PUT, READ, Reply,
    TRUNCATE, WRITE, packet, replies, text,
};
use crate::domain::quota::Quota;
use crate::sftp::meter::Room;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn an_upload_becomes_a_file_at_its_close() {
    let label = Label::new();
    let mut client = label.connect();
    assert_eq!(client.mkdir("/incoming/A"), OK);
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    assert_eq!(client.write(&handle, 0, b"hello "), OK);
    assert_eq!(client.write(&handle, 6, b"world"), OK);
    assert_eq!(
        label.content("partial/A/a.wav").as_deref(),
        Some("hello world")
    );
    assert_eq!(label.content("incoming/A/a.wav"), None);
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(11), "the size so far");
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a.wav").as_deref(),
        Some("hello world")
    );
    assert_eq!(label.content("partial/A/a.wav"), None);
    assert_eq!(client.size("/incoming/A/a.wav"), Ok(11));
    assert_eq!(
        client.close(&handle),
        FAILURE,
        "the handle means nothing any more"
    );
}

#[test]
fn a_session_that_ends_leaves_its_file_partial() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    client.write(&handle, 0, b"half");
    drop(client);
    assert_eq!(label.content("partial/A/a.wav").as_deref(), Some("half"));
    assert_eq!(label.content("incoming/A/a.wav"), None);
    let mut client = label.connect();
    assert_eq!(
        client.list("/incoming/A"),
        BTreeMap::from([("a.wav".to_owned(), 4)])
    );
    // Resume by offset, as FileZilla does.
    let handle = client.open("/incoming/A/a.wav", WRITE).unwrap();
    assert_eq!(client.write(&handle, 4, b" whole"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a.wav").as_deref(),
        Some("half whole")
    );
}

#[test]
fn appending_writes_to_the_end_whatever_the_offset() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(client.put("/incoming/A/a", "one"), OK);
    let handle = client
        .open("/incoming/A/a", WRITE | APPEND | CREATE)
        .unwrap();
    assert_eq!(
        label.content("incoming/A/a"),
        None,
        "not whole while it is written on"
    );
    assert_eq!(label.content("partial/A/a").as_deref(), Some("one"));
    assert_eq!(client.write(&handle, 0, b" two"), OK);
    assert_eq!(client.write(&handle, 0, b" three"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("one two three")
    );
}

#[test]
fn an_overwrite_leaves_the_old_file_until_its_close() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "old content");
    // Without CREATE, as Cyberduck overwrites.
    let handle = client.open("/incoming/A/a", WRITE | TRUNCATE).unwrap();
    client.write(&handle, 0, b"new");
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("old content")
    );
    assert_eq!(client.size("/incoming/A/a"), Ok(3));
    assert_eq!(client.close(&handle), OK);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("new"));
    // scp opens without TRUNCATE, writes, and cuts before the CLOSE.
    let handle = client.open("/incoming/A/a", WRITE | CREATE).unwrap();
    client.write(&handle, 0, b"xy");
    let body = [
        text(&handle),
        1_u32.to_be_bytes().to_vec(),
        2_u64.to_be_bytes().to_vec(),
    ];
    assert_eq!(client.code(10, &body.concat()), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("xy"));
}

#[test]
fn flags_of_open_mean_what_the_protocol_says() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(
        client.open("/incoming/A/a", WRITE).unwrap_err().0,
        NO_SUCH_FILE
    );
    assert_eq!(
        client
            .open("/incoming/A/a", WRITE | TRUNCATE)
            .unwrap_err()
            .0,
        NO_SUCH_FILE
    );
    assert_eq!(
        client.open("/incoming/B/a", PUT).unwrap_err().0,
        NO_SUCH_FILE
    );
    assert_eq!(client.open("/incoming/A", PUT).unwrap_err().0, FAILURE);
    assert_eq!(client.put("/incoming/A/a", "x"), OK);
    assert_eq!(
        client.open("/incoming/A/a", PUT | EXCLUSIVE).unwrap_err().0,
        FAILURE
    );
    let handle = client.open("/incoming/A/a", READ).unwrap();
    assert_eq!(client.read(&handle, 0, 100), Reply::Data(b"x".to_vec()));
    assert!(matches!(
        client.read(&handle, 1, 100),
        Reply::Status(EOF, _)
    ));
    assert_eq!(client.write(&handle, 0, b"y"), DENIED);
    assert_eq!(client.close(&handle), OK);
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert!(matches!(
        client.read(&handle, 0, 1),
        Reply::Status(DENIED, _)
    ));
    assert_eq!(
        client.close(&handle),
        OK,
        "closed unchanged, it is whole again"
    );
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
}

#[test]
fn the_newest_session_takes_a_file_over() {
    let label = Label::new();
    let mut old = label.connect();
    let mut new = label.connect();
    old.mkdir("/incoming/A");
    let stale = old.open("/incoming/A/a", PUT).unwrap();
    old.write(&stale, 0, b"stale");
    let fresh = new.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(old.write(&stale, 5, b" more"), FAILURE);
    assert_eq!(new.write(&fresh, 5, b" and fresh"), OK);
    assert_eq!(old.close(&stale), FAILURE);
    assert_eq!(new.close(&fresh), OK);
    assert_eq!(
        label.content("incoming/A/a").as_deref(),
        Some("stale and fresh")
    );
    // A file removed while it is written does not come back.
    let handle = new.open("/incoming/A/b", PUT).unwrap();
    new.write(&handle, 0, b"x");
    assert_eq!(old.remove("/incoming/A/b"), OK);
    assert_eq!(new.close(&handle), FAILURE);
    assert_eq!(new.size("/incoming/A/b"), Err(NO_SUCH_FILE));
}

#[test]
fn a_file_whose_fsync_failed_is_set_aside() {
    let label = Label::on_disk(|_| Err(rustix::io::Errno::IO));
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(client.put("/incoming/A/a.wav", "content"), FAILURE);
    assert_eq!(client.size("/incoming/A/a.wav"), Err(NO_SUCH_FILE));
    let damaged: Vec<_> = std::fs::read_dir(label.dir.path().join("damaged"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(damaged.len(), 1);
    assert_eq!(std::fs::read_to_string(&damaged[0]).unwrap(), "content");
    let name = damaged[0]
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert!(
        name.starts_with("L1_") && name.ends_with("_a.wav"),
        "{name}"
    );
    // fsync@openssh.com tells it before the CLOSE.
    let handle = client.open("/incoming/A/b.wav", PUT).unwrap();
    client.write(&handle, 0, b"x");
    let body = [text("fsync@openssh.com"), text(&handle)].concat();
    assert_eq!(client.code(200, &body), FAILURE);
    assert_eq!(client.close(&handle), FAILURE);
}

/// The kernel tells of a fault once: whoever resumed the file would be told that all is well.
#[test]
fn what_the_disk_failed_to_store_cannot_be_resumed_although_nobody_closed_it() {
    static FAILS: AtomicUsize = AtomicUsize::new(1);
    let label = Label::on_disk(|_| match FAILS.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(rustix::io::Errno::IO),
    });
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    client.write(&handle, 0, b"first");
    let fsync = [text("fsync@openssh.com"), text(&handle)].concat();
    assert_eq!(client.code(200, &fsync), FAILURE);
    assert_eq!(client.write(&handle, 5, b" second"), FAILURE);
    drop(client);
    let mut again = label.connect();
    assert_eq!(again.size("/incoming/A/a.wav"), Err(NO_SUCH_FILE));
    assert_eq!(again.put("/incoming/A/a.wav", "whole"), OK);
    let damaged = std::fs::read_dir(label.dir.path().join("damaged")).unwrap();
    assert_eq!(damaged.count(), 1);
}

/// A large file's flush may end long after its client has gone.
#[test]
fn what_the_disk_failed_after_its_session_has_ended_cannot_be_resumed() {
    static FAILS: AtomicUsize = AtomicUsize::new(0);
    let label = Label::on_disk(|_| match FAILS.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        _ => Err(rustix::io::Errno::IO),
    });
    for resumed_before in [false, true] {
        let mut client = label.connect();
        client.mkdir("/incoming/A");
        let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
        client.write(&handle, 0, b"first");
        client.hold = true;
        let fsync = [text("fsync@openssh.com"), text(&handle)].concat();
        client.send(&packet(200, &[&9_u32.to_be_bytes()[..], &fsync].concat()));
        let job = client.late.pop().unwrap();
        drop(client);
        let mut again = label.connect();
        let resumed = resumed_before.then(|| again.open("/incoming/A/a.wav", WRITE).unwrap());
        FAILS.store(1, Ordering::Relaxed);
        (job.run)(&mut Vec::new());
        // Whoever asked now would be told that all is well.
        match resumed {
            Some(handle) => assert_eq!(again.write(&handle, 5, b" second"), FAILURE),
            None => assert_eq!(
                again.open("/incoming/A/a.wav", WRITE).unwrap_err().0,
                FAILURE
            ),
        }
        if let Some(handle) = resumed_before.then(|| again.open("/incoming/A/b.wav", PUT).unwrap())
        {
            assert_eq!(again.close(&handle), OK, "another file is none of it");
        }
        drop(again);
        let mut last = label.connect();
        if resumed_before {
            assert_eq!(
                last.open("/incoming/A/a.wav", WRITE).unwrap_err().0,
                FAILURE
            );
        }
        assert_eq!(last.size("/incoming/A/a.wav"), Err(NO_SUCH_FILE));
        assert_eq!(last.put("/incoming/A/a.wav", "whole"), OK);
        assert_eq!(last.remove("/incoming/A/a.wav"), OK);
    }
    let damaged = std::fs::read_dir(label.dir.path().join("damaged")).unwrap();
    assert_eq!(damaged.count(), 2);
}

/// The answer would be about a file that is somebody else's by now.
#[test]
fn an_fsync_of_what_was_taken_away_is_no_yes() {
    let label = Label::new();
    let (mut one, mut other) = (label.connect(), label.connect());
    one.mkdir("/incoming/A");
    let handle = one.open("/incoming/A/a.wav", PUT).unwrap();
    one.write(&handle, 0, b"x");
    let fsync = [text("fsync@openssh.com"), text(&handle)].concat();
    assert_eq!(one.code(200, &fsync), OK);
    assert_eq!(other.remove("/incoming/A/a.wav"), OK);
    assert_eq!(one.code(200, &fsync), FAILURE);
    assert!(!label.dir.path().join("damaged").exists());
}

/// Somebody who walks through all that a label has holds its table meanwhile.
#[test]
fn no_network_thread_waits_for_a_labels_table() {
    let label = Label::on_disk(|_| Ok(()));
    let (mut client, mut other) = (label.connect(), label.connect());
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    other.open("/incoming/A/b.wav", PUT).unwrap();
    let table = label.tree.fence().table();
    assert_eq!(client.write(&handle, 0, b"content"), OK);
    let times = [&text("/incoming/A")[..], &[0, 0, 0, 8], &[0; 8]].concat();
    let job = client.only_job(9, &times);
    let close = client.only_job(4, &text(&handle));
    // Its session's end takes the ticket out, sooner or later.
    drop(other);
    drop(table);
    for (job, expected) in [(job, "times"), (close, "close")] {
        assert!(job.pauses, "{expected}");
        let mut out = Vec::new();
        (job.run)(&mut out);
        assert!(
            matches!(replies(&out)[..], [(_, Reply::Status(OK, _))]),
            "{expected}"
        );
    }
    assert_eq!(
        label.content("incoming/A/a.wav").as_deref(),
        Some("content")
    );
    drop(client);
    assert_eq!(label.tree.fence().close("A"), Ok(()));
}

#[test]
fn after_a_piece_that_could_not_be_written_nothing_is_taken() {
    // Only the system refuses the offset.
    let quota = Quota {
        bytes: u64::MAX,
        ..Quota::default()
    };
    let label = Label::with_space(quota, Room::default());
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    assert_eq!(client.write(&handle, 0, b"first"), OK);
    assert_eq!(client.write(&handle, u64::MAX / 2 + 1, b"far"), FAILURE);
    assert_eq!(client.write(&handle, 10, b"after a gap"), FAILURE);
    assert_eq!(client.close(&handle), FAILURE);
    assert_eq!(label.content("partial/A/a.wav").as_deref(), Some("first"));
}

#[test]
fn the_audit_log_tells_how_an_upload_ended_and_by_whom() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let held = client.open("/incoming/A/a.wav", PUT).unwrap();
    let open = client.open("/incoming/A/b.wav", PUT).unwrap();
    client.write(&open, 0, b"x");
    let mut newer = label.connect();
    assert_eq!(newer.put("/incoming/A/a.wav", "whole"), OK);
    label.audit.lock().unwrap().clear();
    assert_eq!(client.close(&held), FAILURE, "taken over");
    drop(client);
    let told: Vec<String> = std::mem::take(&mut *label.audit.lock().unwrap())
        .into_iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .map(|line| format!("{} {}", line["event"], line["path"]).replace('"', ""))
        .collect();
    assert_eq!(told, ["close_failed A/a.wav", "partial A/b.wav"]);
    let mut third = label.connect();
    third.open("/incoming/A/b.wav", WRITE).unwrap();
    newer.put("/incoming/A/b.wav", "taken over");
    label.audit.lock().unwrap().clear();
    drop(third);
    assert!(label.audit.lock().unwrap().is_empty(), "it is no partial");
}

#[test]
fn an_open_that_is_refused_leaves_a_closed_file_as_it_is() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    assert_eq!(client.put("/incoming/A/a.wav", "whole"), OK);
    for number in 0..64 {
        let path = format!("/incoming/A/{number}.wav");
        client.open(&path, PUT).unwrap();
    }
    for flags in [PUT, WRITE, WRITE | APPEND, READ] {
        let (code, words) = client.open("/incoming/A/a.wav", flags).unwrap_err();
        assert_eq!(code, FAILURE);
        assert!(words.contains("Too many files are open"), "{words}");
        assert_eq!(client.size("/incoming/A/a.wav"), Ok(5), "{flags}");
        assert_eq!(label.content("incoming/A/a.wav").as_deref(), Some("whole"));
    }
}

#[test]
fn the_disk_is_asked_once_for_each_change() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let asked = || ASKED.swap(0, Ordering::Relaxed);
    let label = Label::on_disk(|_| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a.wav", PUT).unwrap();
    let fsync = [text("fsync@openssh.com"), text(&handle)].concat();
    client.write(&handle, 0, b"x");
    assert_eq!(client.code(200, &fsync), OK);
    assert_eq!(client.code(200, &fsync), OK);
    assert_eq!(asked(), 1, "nothing had changed");
    client.write(&handle, 1, b"y");
    assert_eq!(client.close(&handle), OK);
    assert_eq!(asked(), 1);
    // An empty file has to be there after a crash, too.
    assert_eq!(client.put("/incoming/A/b.wav", ""), OK);
    assert_eq!(asked(), 1);
    // So has what another session wrote and did not close.
    let handle = client.open("/incoming/A/c.wav", PUT).unwrap();
    client.write(&handle, 0, b"x");
    drop(client);
    let mut client = label.connect();
    let handle = client.open("/incoming/A/c.wav", 2).unwrap();
    assert_eq!(client.close(&handle), OK);
    assert_eq!(asked(), 1);
}

#[test]
fn attributes_are_kept_or_ignored_without_error() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let times = |path: &str| {
        let numbers = [0xc_u32, 0o600, 1_000, 2_000]
            .map(u32::to_be_bytes)
            .concat();
        [text(path), numbers].concat()
    };
    assert_eq!(client.code(9, &times("/incoming/A/a")), OK);
    let Reply::Attributes(1, mode, 2_000) = client.ask(17, &text("/incoming/A/a")) else {
        panic!("the time is kept")
    };
    assert_eq!(mode, 0o100_640, "the mode is ours");
    assert_eq!(client.code(9, &times("/incoming/A")), OK);
    assert_eq!(client.code(9, &times("/incoming")), OK);
    assert_eq!(client.code(9, &times("/reports")), DENIED);
    let mode_only = [
        text("/reports"),
        [4_u32, 0o600].map(u32::to_be_bytes).concat(),
    ]
    .concat();
    assert_eq!(client.code(9, &mode_only), OK);
    let owner = [
        text("/incoming/A/a"),
        [2_u32, 0, 0].map(u32::to_be_bytes).concat(),
    ]
    .concat();
    assert_eq!(client.code(9, &owner), OK);
    assert_eq!(client.code(9, &times("/incoming/A/none")), NO_SUCH_FILE);
    let mut extended = text("lsetstat@openssh.com");
    extended.extend(times("/incoming/A/a"));
    assert_eq!(client.code(200, &extended), OK);
    // Times set on the open file survive its CLOSE, as lftp sets them.
    let handle = client.open("/incoming/A/b", PUT).unwrap();
    client.write(&handle, 0, b"x");
    let body = [text(&handle), [8_u32, 5, 6].map(u32::to_be_bytes).concat()].concat();
    assert_eq!(client.code(10, &body), OK);
    client.close(&handle);
    assert!(matches!(
        client.ask(17, &text("/incoming/A/b")),
        Reply::Attributes(1, _, 6)
    ));
}

#[test]
fn a_size_is_set_only_on_an_open_upload() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "content");
    let size = |path: &str, size: u64| {
        [
            text(path),
            1_u32.to_be_bytes().to_vec(),
            size.to_be_bytes().to_vec(),
        ]
        .concat()
    };
    assert_eq!(
        client.code(9, &size("/incoming/A/a", 7)),
        OK,
        "it has that size"
    );
    assert_eq!(client.code(9, &size("/incoming/A/a", 3)), DENIED);
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(client.code(9, &size("/incoming/A/a", 3)), OK);
    let mut other = label.connect();
    assert_eq!(other.code(9, &size("/incoming/A/a", 1)), DENIED);
    client.close(&handle);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("con"));
}

#[test]
fn a_server_about_to_stop_takes_no_new_uploads() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    label.draining.store(true, Ordering::Relaxed);
    assert_eq!(client.open("/incoming/A/b", PUT).unwrap_err().0, FAILURE);
    assert_eq!(client.write(&handle, 0, b"x"), OK);
    assert_eq!(client.close(&handle), OK);
}
