//! Names and places: what may be made, moved and removed where.

use super::client::{
    DENIED, FAILURE, Label, NO_SUCH_FILE, OK, PUT, READ, Reply, UNSUPPORTED, WRITE, text,
};
use std::collections::BTreeMap;

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
