//! Connections that end where nobody expects it.

use super::Patient;
use super::proxy::{Break, Line};
use crate::kit::wait;
use crate::wire::{OK, Raw, flag, kind, packet, text};
use std::fs;
use std::process::{Command, Stdio};

/// Every kind of request, as bytes that a session sends which has a file `h` open for writing.
fn requests(raw: &Raw, handle: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let path = text("/incoming/Work/cut.wav");
    let zero = [0; 4];
    let put = flag::PUT.to_be_bytes();
    let at = [0; 8];
    let handle = text(handle);
    let (piece, other) = (text(vec![9; 40_000]), text("/incoming/Work/other.wav"));
    let extended = |name: &str, rest: &[u8]| [&text(name)[..], rest].concat();
    let one = |kind, fields: &[&[u8]]| raw.request(kind, fields);
    vec![
        ("INIT again", packet(kind::INIT, &3_u32.to_be_bytes())),
        ("OPEN to write", one(kind::OPEN, &[&path, &put, &zero])),
        (
            "OPEN to read",
            one(kind::OPEN, &[&path, &1_u32.to_be_bytes(), &zero]),
        ),
        ("WRITE", one(kind::WRITE, &[&handle, &at, &piece])),
        ("CLOSE", one(kind::CLOSE, &[&handle])),
        ("READ", one(kind::READ, &[&handle, &at, &zero])),
        ("LSTAT", one(kind::LSTAT, &[&path])),
        ("FSTAT", one(kind::FSTAT, &[&handle])),
        ("SETSTAT", one(kind::SETSTAT, &[&path, &zero])),
        ("FSETSTAT", one(kind::FSETSTAT, &[&handle, &zero])),
        ("OPENDIR", one(kind::OPENDIR, &[&text("/incoming/Work")])),
        ("READDIR", one(kind::READDIR, &[&handle])),
        ("REMOVE", one(kind::REMOVE, &[&path])),
        (
            "MKDIR",
            one(kind::MKDIR, &[&text("/incoming/Work/sub"), &zero]),
        ),
        ("RMDIR", one(kind::RMDIR, &[&text("/incoming/Work/sub")])),
        ("REALPATH", one(kind::REALPATH, &[&path])),
        ("STAT", one(kind::STAT, &[&path])),
        ("RENAME", one(kind::RENAME, &[&path, &other])),
        (
            "fsync",
            one(kind::EXTENDED, &[&extended("fsync@openssh.com", &handle)]),
        ),
        (
            "posix-rename",
            one(
                kind::EXTENDED,
                &[&extended("posix-rename@openssh.com", &path), &other],
            ),
        ),
        (
            "statvfs",
            one(kind::EXTENDED, &[&extended("statvfs@openssh.com", &path)]),
        ),
        ("unknown", one(99, &[&path])),
    ]
}

/// The client vanishes after a whole request, and in the middle of one.
#[test]
fn cut_at_every_kind_of_request() {
    let mut patient = Patient::new();
    let count = {
        let raw = patient.connect();
        requests(&raw, &[0; 8]).len()
    };
    for number in 0..count {
        for half in [false, true] {
            let mut raw = patient.connect();
            patient.put(
                &mut raw,
                &format!("Work/kept{number}{half}.wav"),
                &vec![number as u8; 9_000],
            );
            let handle = raw.open("/incoming/Work/cut.wav", flag::PUT).unwrap();
            raw.write(&handle, 0, &[5; 70_000]);
            let (name, bytes) = requests(&raw, &handle).swap_remove(number);
            let length = if half { bytes.len() / 2 } else { bytes.len() };
            raw.send(&bytes[..length]);
            raw.cut();
            // It lies there only once a CLOSE has arrived, and whole then.
            if let Ok(content) = fs::read(patient.stored("incoming", "Work/cut.wav")) {
                assert!(content == [5; 70_000], "{name}");
            }
            patient.assert_kept(name);
        }
    }
    patient.assert_well("cuts at every request");
}

/// Runs `sftp` through a port; whether it succeeded.
fn sftp(patient: &Patient, port: u16, line: &str) -> bool {
    let batch = patient.daemon.home.path().join("cut.batch");
    fs::write(&batch, format!("{line}\n")).unwrap();
    Command::new("timeout")
        .args([
            "--kill-after=5",
            "60",
            "sftp",
            "-q",
            "-P",
            &port.to_string(),
            "-i",
        ])
        .arg(&patient.label.key)
        .args(patient.daemon.ssh_options())
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-b",
        ])
        .arg(batch)
        .arg("quayside@127.0.0.1")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Somewhere in the key exchange, in the login, in the file, at its end: what came is resumed.
#[test]
fn a_line_that_breaks_at_any_byte_costs_only_the_rest() {
    let patient = Patient::new();
    let file = patient.daemon.home.path().join("big.wav");
    let content: Vec<u8> = (0..400_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8)
        .collect();
    fs::write(&file, &content).unwrap();
    let mut resumed = 0;
    for (number, after) in [
        10, 900, 2_500, 4_000, 20_000, 70_001, 200_000, 399_999, 401_000,
    ]
    .into_iter()
    .enumerate()
    {
        for how in [Break::Cut, Break::HalfClose] {
            let name = format!("Work/{number}{how:?}.wav");
            let line = Line::to(patient.daemon.port, after, how);
            let put = format!("put {} incoming/{name}", file.display());
            let arrived = sftp(&patient, line.port, &put);
            assert!(!arrived, "{after} bytes are not enough for all of it");
            let partial = patient.stored("partial", &name);
            assert!(
                !patient.stored("incoming", &name).exists(),
                "not acknowledged, not there"
            );
            let verb = if partial.exists() { "reput" } else { "put" };
            resumed += usize::from(partial.exists());
            let line = format!("{verb} {} incoming/{name}", file.display());
            assert!(sftp(&patient, patient.daemon.port, &line), "{line}");
            assert!(
                fs::read(patient.stored("incoming", &name)).unwrap() == content,
                "{name}"
            );
        }
    }
    assert!(resumed >= 6, "most of them broke within the file");
    patient.assert_well("broken lines");
}

/// A client whose CLOSE was answered and which then vanishes has its file; one that only sent it has
/// it whole or not at all.
#[test]
fn a_close_is_whole_or_was_not() {
    let patient = Patient::new();
    for number in 0..12_u8 {
        let mut raw = patient.connect();
        let path = format!("/incoming/Work/close{number}.wav");
        let handle = raw.open(&path, flag::PUT).unwrap();
        raw.write(&handle, 0, &vec![number; 300_000]);
        let close = raw.request(kind::CLOSE, &[&text(&handle)]);
        raw.send(&close);
        raw.cut();
        let places =
            ["incoming", "partial"].map(|tree| patient.stored(tree, &path["/incoming/".len()..]));
        wait("the file to be in one place", || {
            let there = places.iter().filter(|place| place.exists()).count();
            (there == 1).then_some(())
        });
        let place = places.iter().find_map(|place| fs::read(place).ok());
        assert!(
            place.is_some_and(|content| content == vec![number; 300_000]),
            "{path}"
        );
        let mut raw = patient.connect();
        assert_eq!(raw.size(&path), Some(300_000));
        assert_eq!(raw.put(&path, flag::PUT, b"again"), OK);
        assert_eq!(raw.size(&path), Some(5));
    }
    patient.assert_well("closes without an answer");
}
