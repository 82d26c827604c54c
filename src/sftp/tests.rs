//! The session on hand-made packets: no network, jobs run at once and in order.

mod client;
mod model;

use super::codec::kind;
use super::refusal::Dialect;
use super::session::{Flow, Session};
use crate::domain::upload::UploadEvent;
use client::{
    APPEND, CREATE, Client, DENIED, EOF, EXCLUSIVE, FAILURE, Label, NO_SUCH_FILE, OK, PUT, READ,
    Reply, TRUNCATE, UNSUPPORTED, WRITE, packet, replies, text,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
fn loose_files_are_refused_with_what_to_do() {
    let label = Label::new();
    let mut client = label.connect();
    let (code, words) = client.open("/incoming/a.wav", PUT).unwrap_err();
    assert_eq!(code, DENIED);
    assert!(words.contains("Create one folder"), "{words}");
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a.wav", "x");
    assert_eq!(
        client.rename("/incoming/A/a.wav", "/incoming/a.wav"),
        DENIED
    );
    assert_eq!(client.list("/incoming").len(), 1);
}

#[test]
fn only_incoming_can_be_changed_and_nothing_else_exists() {
    let label = Label::new();
    std::fs::create_dir(label.at("reports/A_attempt-1")).unwrap();
    std::fs::write(label.at("reports/A_attempt-1/REPORT.txt"), "all good").unwrap();
    let mut client = label.connect();
    assert_eq!(
        client.list("/").into_keys().collect::<Vec<_>>(),
        ["acknowledgements", "incoming", "reports"]
    );
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let handle = client
        .open("/reports/A_attempt-1/REPORT.txt", READ)
        .unwrap();
    assert_eq!(
        client.read(&handle, 0, 99),
        Reply::Data(b"all good".to_vec())
    );
    for path in ["/reports/x", "/reports/A_attempt-1/REPORT.txt", "/x.wav"] {
        assert_eq!(client.open(path, PUT).unwrap_err().0, DENIED, "{path}");
        assert_eq!(client.remove(path), DENIED, "{path}");
        assert_eq!(client.rename("/incoming/A/a", path), DENIED, "{path}");
        assert_eq!(client.posix_rename(path, "/incoming/A/a"), DENIED, "{path}");
    }
    for path in ["/reports/x", "/x"] {
        assert_eq!(client.mkdir(path), DENIED, "{path}");
        assert_eq!(client.rmdir(path), DENIED, "{path}");
    }
    assert_eq!(client.rmdir("/incoming"), DENIED);
    for path in ["/etc", "/etc/passwd", "/partial", "/incoming/../labels/L1"] {
        assert_eq!(client.size(path), Err(NO_SUCH_FILE), "{path}");
        assert_eq!(
            client.open(path, READ).unwrap_err().0,
            NO_SUCH_FILE,
            "{path}"
        );
    }
    assert_eq!(client.open("/etc/passwd", PUT).unwrap_err().0, NO_SUCH_FILE);
    assert_eq!(label.content("incoming/A/a").as_deref(), Some("x"));
    assert_eq!(client.mkdir("/incoming"), FAILURE, "it is there already");
}

#[test]
fn links_planted_in_the_tree_are_not_followed() {
    let label = Label::new();
    let secret = label.dir.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    std::os::unix::fs::symlink(&secret, label.at("incoming/A/link")).unwrap();
    std::os::unix::fs::symlink(label.dir.path(), label.at("incoming/A/dir")).unwrap();
    std::fs::hard_link(&secret, label.at("incoming/A/hard")).unwrap();
    assert!(client.list("/incoming/A").is_empty());
    for path in [
        "/incoming/A/link",
        "/incoming/A/dir/secret",
        "/incoming/A/hard",
    ] {
        assert_eq!(client.size(path), Err(NO_SUCH_FILE), "{path}");
        assert_eq!(
            client.open(path, READ).unwrap_err().0,
            NO_SUCH_FILE,
            "{path}"
        );
        assert!(client.open(path, WRITE).is_err(), "{path}");
        assert_eq!(client.remove(path), NO_SUCH_FILE, "{path}");
        assert_eq!(client.rename(path, "/incoming/A/b"), NO_SUCH_FILE, "{path}");
    }
    let (code, _) = client.open("/incoming/A/dir/new", PUT).unwrap_err();
    assert_eq!(code, NO_SUCH_FILE);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    // SYMLINK and READLINK.
    assert_eq!(
        client.code(20, &[text("/x"), text("/incoming/l")].concat()),
        UNSUPPORTED
    );
    assert_eq!(client.code(19, &text("/incoming/A/link")), UNSUPPORTED);
}

#[test]
fn names_that_would_be_one_on_other_systems_are_refused() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/Track.wav", "x");
    let (code, words) = client.open("/incoming/A/track.WAV", PUT).unwrap_err();
    assert_eq!(code, FAILURE);
    assert!(words.contains("Track.wav"), "{words}");
    assert_eq!(client.mkdir("/incoming/a"), FAILURE);
    client.put("/incoming/A/Beyonc\u{e9}", "x");
    assert_eq!(client.put("/incoming/A/Beyonce\u{301}", "x"), FAILURE);
    assert_eq!(
        client.rename("/incoming/A/Track.wav", "/incoming/A/track.wav"),
        OK,
        "changing the case of a name is no collision with itself"
    );
    assert_eq!(client.remove("/incoming/A/track.wav"), OK);
    assert_eq!(client.put("/incoming/A/TRACK.wav", "y"), OK);
}

#[test]
fn a_folder_renamed_while_it_is_written_keeps_its_uploads() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    client.mkdir("/incoming/A.tmp/resources");
    let handle = client.open("/incoming/A.tmp/resources/a.wav", PUT).unwrap();
    client.write(&handle, 0, b"half");
    assert_eq!(client.rename("/incoming/A.tmp", "/incoming/A"), OK);
    assert_eq!(client.write(&handle, 4, b" whole"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(
        label.content("incoming/A/resources/a.wav").as_deref(),
        Some("half whole")
    );
    assert_eq!(
        client.rename("/incoming/A", "/incoming/A/resources/A"),
        FAILURE
    );
    client.mkdir("/incoming/B");
    assert_eq!(client.rename("/incoming/A", "/incoming/B"), FAILURE);
    assert_eq!(client.posix_rename("/incoming/A", "/incoming/B"), FAILURE);
}

#[test]
fn winscp_uploads_beside_and_renames() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a.wav", "old");
    assert_eq!(client.put("/incoming/A/a.wav.filepart", "new"), OK);
    assert_eq!(
        client.rename("/incoming/A/a.wav.filepart", "/incoming/A/a.wav"),
        FAILURE
    );
    assert_eq!(client.remove("/incoming/A/a.wav"), OK);
    assert_eq!(
        client.rename("/incoming/A/a.wav.filepart", "/incoming/A/a.wav"),
        OK
    );
    assert_eq!(label.content("incoming/A/a.wav").as_deref(), Some("new"));
    // rclone: the POSIX rename replaces.
    client.put("/incoming/A/a.wav.1a2b3c4d.partial", "newer");
    let code = client.posix_rename("/incoming/A/a.wav.1a2b3c4d.partial", "/incoming/A/a.wav");
    assert_eq!(code, OK);
    assert_eq!(
        client.list("/incoming/A"),
        BTreeMap::from([("a.wav".to_owned(), 5)])
    );
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
fn a_file_whose_fsync_failed_is_set_aside() {
    let label = Label::on_disk(Some(|_| Err(rustix::io::Errno::IO)));
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
fn extensions_answer() {
    let label = Label::new();
    let mut client = label.connect();
    let Reply::Extended(limits) = client.ask(200, &text("limits@openssh.com")) else {
        panic!()
    };
    let numbers: Vec<u64> = limits
        .chunks(8)
        .map(|eight| u64::from_be_bytes(eight.try_into().unwrap()))
        .collect();
    assert_eq!(numbers, [262_144, 261_120, 261_120, 64]);
    let statvfs = [text("statvfs@openssh.com"), text("/incoming")].concat();
    assert!(matches!(client.ask(200, &statvfs), Reply::Extended(body) if body.len() == 88));
    let expand = [text("expand-path@openssh.com"), text("~/incoming")].concat();
    let Reply::Names(names) = client.ask(200, &expand) else {
        panic!()
    };
    assert_eq!(names[0].0, "/incoming");
    assert_eq!(client.code(200, &text("hardlink@openssh.com")), UNSUPPORTED);
    assert_eq!(client.code(77, &[]), UNSUPPORTED);
}

#[test]
fn a_large_folder_comes_in_pieces() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    for number in 0..250 {
        std::fs::write(label.at(&format!("incoming/A/{number:0>200}")), "x").unwrap();
    }
    assert_eq!(client.list("/incoming/A").len(), 250);
}

#[test]
fn handles_are_bounded() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A");
    client.put("/incoming/A/a", "x");
    let handles: Vec<_> = (0..64)
        .map(|_| client.open("/incoming/A/a", READ).unwrap())
        .collect();
    assert_eq!(client.open("/incoming/A/a", READ).unwrap_err().0, FAILURE);
    assert_eq!(client.close(&handles[0]), OK);
    assert!(client.open("/incoming/A/a", READ).is_ok());
}

#[test]
fn a_stream_without_sense_ends_the_channel() {
    let label = Label::new();
    let breaks = |bytes: &[u8]| matches!(label.connect().feed(bytes).0, Flow::Broken(_));
    assert!(breaks(&[0xff, 0xff, 0xff, 0xff]), "oversize");
    assert!(breaks(&[0, 0, 0, 0]), "empty");
    assert!(
        breaks(&packet(17, &[0, 0, 0, 1, 0, 0, 0, 99])),
        "string too long"
    );
    assert!(breaks(&packet(17, &[0])), "no number");
    assert!(
        breaks(&packet(kind::INIT, &3_u32.to_be_bytes())),
        "second INIT"
    );
    let mut fresh = label.connect().session;
    fresh = Session::new(
        Arc::clone(&fresh.tree),
        Arc::clone(&fresh.presence),
        Dialect::Plain,
        Arc::default(),
    );
    let mut client = Client {
        session: fresh,
        late: Vec::new(),
        next: 0,
        hold: false,
    };
    let (flow, out) = client.feed(&packet(16, &[vec![0; 4], text(".")].concat()));
    assert!(matches!(flow, Flow::Broken(_)), "before INIT");
    assert!(out.is_empty());
}

#[test]
fn requests_sent_in_one_go_mean_what_they_would_one_by_one() {
    let label = Label::new();
    let mut client = label.connect();
    let numbered = |id: u32, kind: u8, body: Vec<u8>| {
        packet(kind, &[id.to_be_bytes().to_vec(), body].concat())
    };
    let bytes = [
        numbered(1, 14, [text("/incoming/A"), vec![0; 4]].concat()),
        numbered(2, 18, [text("/incoming/A"), text("/incoming/B")].concat()),
        numbered(3, 17, text("/incoming/B")),
        numbered(4, 17, text("/incoming/A")),
    ]
    .concat();
    // Also when the network cuts them anywhere.
    let mut seen = Vec::new();
    for byte in bytes {
        seen.extend(client.send(&[byte]));
    }
    assert!(matches!(
        &seen[..],
        [
            (1, Reply::Status(OK, _)),
            (2, Reply::Status(OK, _)),
            (3, Reply::Attributes(..)),
            (4, Reply::Status(NO_SUCH_FILE, _)),
        ]
    ));
}

#[test]
fn events_are_told_after_the_fact() {
    let label = Label::new();
    let mut client = label.connect();
    client.mkdir("/incoming/A.tmp");
    client.put("/incoming/A.tmp/a", "x");
    client.rename("/incoming/A.tmp", "/incoming/A");
    client.remove("/incoming/A/a");
    client.rmdir("/incoming/A");
    drop(client);
    let told: Vec<String> = label
        .events()
        .into_iter()
        .map(|event| match event {
            UploadEvent::Touched { folder, .. } => format!("~{folder}"),
            UploadEvent::Renamed { from, to, .. } => format!("{from}>{to}"),
            UploadEvent::Removed { folder, .. } => format!("-{folder}"),
            UploadEvent::SessionEnded { session, .. } => format!("end {session}"),
        })
        .collect();
    // mkdir, open, write, close; the first write is always told.
    let wanted = [
        "~A.tmp", "~A.tmp", "~A.tmp", "~A.tmp", "A.tmp>A", "~A", "-A", "end 1",
    ];
    assert_eq!(told, wanted);
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
