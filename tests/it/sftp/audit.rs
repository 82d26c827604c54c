//! The audit log of what labels do, and the numbers of it.

use super::*;
use crate::kit::python;
use sha2::{Digest as _, Sha256};

#[test]
fn every_change_is_told_with_who_and_where_from() {
    let server = Server::start();
    server.local("a.wav", 50_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput a.wav incoming/Rel/a.wav\nrename incoming/Rel/a.wav incoming/Rel/b.wav\n\
         get incoming/Rel/b.wav back.wav\nrm incoming/Rel/b.wav\nrmdir incoming/Rel\n",
    );
    server.sftp_refused("alpha", "put a.wav incoming/a.wav\n");
    server.until("the end is told", |server| {
        server
            .audited()
            .iter()
            .filter(|line| line["event"] == "logout")
            .count()
            == 2
    });
    let lines = server.audited();
    let told: Vec<(String, String)> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let place = if line["event"] == "rename" {
                format!("{} {}", text("from"), text("to"))
            } else {
                text("path")
            };
            (text("event"), place)
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        told,
        [
            ("login", ""),
            ("mkdir", "Rel"),
            ("open", "Rel/a.wav"),
            ("close", "Rel/a.wav"),
            ("rename", "Rel/a.wav Rel/b.wav"),
            ("download", "/incoming/Rel/b.wav"),
            ("remove", "Rel/b.wav"),
            ("rmdir", "Rel"),
            ("logout", ""),
            ("login", ""),
            ("refused", "/incoming/a.wav"),
            ("logout", ""),
        ]
    );
    for line in &lines {
        assert_eq!(line["user"], "alpha", "{line}");
        assert_eq!(line["label"], "id-alpha", "{line}");
        assert_eq!(line["address"], "127.0.0.1", "{line}");
        assert!(line["at"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    let find = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    assert_eq!(find("close")["size_bytes"], 50_000);
    assert_eq!(find("download")["size_bytes"], 50_000);
    // Small enough to be hashed by the time its CLOSE is answered.
    let bytes = fs::read(server.path("a.wav")).unwrap();
    assert_eq!(
        find("close")["sha256"],
        hex::encode(Sha256::digest(&bytes)).as_str()
    );
    assert_eq!(
        find("close")["md5"],
        hex::encode(md5::Md5::digest(&bytes)).as_str()
    );
    assert_eq!(find("close")["session"], find("mkdir")["session"]);
    assert!(
        find("login")["client"]
            .as_str()
            .unwrap()
            .contains("OpenSSH")
    );
    assert!(
        find("refused")["reason"]
            .as_str()
            .unwrap()
            .contains("one folder for the release")
    );
    let meter = &server.meter;
    assert_eq!(meter.files.get(), 1);
    assert_eq!(
        (meter.bytes_in.get(), meter.bytes_out.get()),
        (50_000, 50_000)
    );
    assert_eq!(meter.close.snapshot().count, 1);
    assert_eq!(meter.fsync.snapshot().count, 1);
    assert_eq!(meter.logins_key.get(), 2);
    assert_eq!(meter.refused_other.get(), 1);
    assert_eq!(meter.partials.get(), 0);
}

#[test]
fn the_hashes_of_a_large_file_are_told_once_with_its_close_or_after() {
    let server = Server::start();
    server.local("big.wav", 9_000_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput big.wav incoming/Rel/big.wav\n",
    );
    server.until("the hash is told", |server| {
        let told = server.audited();
        told.iter().any(|line| line["sha256"].is_string())
    });
    let lines = server.audited();
    let with_hash: Vec<_> = lines
        .iter()
        .filter(|line| line["sha256"].is_string())
        .collect();
    let [told] = with_hash[..] else {
        panic!("{with_hash:?}")
    };
    let bytes = fs::read(server.path("big.wav")).unwrap();
    assert_eq!(told["sha256"], hex::encode(Sha256::digest(&bytes)).as_str());
    assert_eq!(told["path"], "Rel/big.wav");
    assert_eq!(told["size_bytes"], 9_000_000);
    assert_eq!(told["user"], "alpha");
    let at = |event: &str| lines.iter().position(|line| line["event"] == event);
    assert!(at("close") <= lines.iter().position(|line| *line == *told));
    assert_eq!(server.meter.hashed_arriving.get(), 9_000_000);
    assert_eq!(server.door.held_bytes(), 0);
}

#[test]
fn an_upload_that_breaks_off_is_told() {
    let server = Server::start();
    server.local("big.wav", 50_000_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    fs::write(server.path("slow"), "put big.wav incoming/Rel/big.wav\n").unwrap();
    let mut command = server.ssh_program("sftp", "alpha");
    let mut child = command
        .args(["-l", "4000", "-b", "slow", "alpha@127.0.0.1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = server.stored("alpha", "partial/Rel/big.wav");
    server.until("bytes arrive", |_| {
        fs::metadata(&partial).is_ok_and(|metadata| metadata.len() > 100_000)
    });
    server.change("alpha", |account| account.disabled = true);
    server.until("the end is told", |server| {
        server.has_audited("partial", |line| line["path"] == "Rel/big.wav")
    });
    child.wait().unwrap();
    assert_eq!(server.meter.partials.get(), 1);
    assert!(!server.has_audited("close", |_| true));
}

#[test]
fn names_of_strangers_cannot_break_a_line() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let server = Server::start();
    let script = "import sys, paramiko\n\
        transport = paramiko.Transport(('127.0.0.1', int(sys.argv[1])))\n\
        transport.start_client(timeout=30)\n\
        try: transport.auth_password('a\\u202e\\x1b[31m\",\"event\":\"login\\nx', 'wrong', fallback=False)\n\
        except paramiko.AuthenticationException: sys.exit(3)\n";
    let mut command = server.program(python.to_str().unwrap());
    let output = run(command.args(["-c", script, &server.port.to_string()]));
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    server.until("the refusal is told", |server| {
        server.has_audited("login_refused", |line| {
            line["user"]
                .as_str()
                .unwrap()
                .starts_with("a\u{202e}\u{1b}[31m\"")
        })
    });
    let entries = server.audit.lock().unwrap();
    for entry in entries.iter() {
        let line = entry.line(dropzone::daemon::clock::now());
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains(['\u{202e}', '\u{1b}']), "{line:?}");
    }
}
