//! A client that means harm, against the parts of the security checklist that no other test holds.

use super::Patient;
use crate::kit::{python, wait};
use crate::wire::{EOF, FAILURE, OK, Raw, Reply, flag, kind, text};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

const UNSUPPORTED: u32 = 8;

fn connect(patient: &Patient) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", patient.daemon.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

/// A packet of SSH before any key was agreed on.
fn plain(payload: &[u8]) -> Vec<u8> {
    let padding = 8 - (5 + payload.len()) % 8;
    let padding = if padding < 4 { padding + 8 } else { padding };
    let length = u32::try_from(1 + payload.len() + padding).unwrap();
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(padding as u8);
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

/// What the server offers, as everyone sees it who connects. Nothing weak comes in by an update.
#[test]
fn algorithms_on_offer() {
    let patient = Patient::new();
    let mut stream = connect(&patient);
    stream.write_all(b"SSH-2.0-probe\r\n").unwrap();
    let mut greeting = Vec::new();
    while !greeting.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        greeting.push(byte[0]);
    }
    assert_eq!(
        greeting, b"SSH-2.0-dropzone\r\n",
        "no version that helps to choose an attack"
    );
    let mut head = [0; 5];
    stream.read_exact(&mut head).unwrap();
    let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize - 1;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    assert_eq!(body[0], 20, "KEXINIT");
    let mut rest = &body[17..];
    let mut offered = String::new();
    for what in [
        "key exchange",
        "host keys",
        "ciphers in",
        "ciphers out",
        "MACs in",
        "MACs out",
        "compression in",
        "compression out",
    ] {
        let (count, after) = rest.split_first_chunk::<4>().unwrap();
        let (list, after) = after.split_at(u32::from_be_bytes(*count) as usize);
        rest = after;
        offered.push_str(&format!("{what}: {}\n", String::from_utf8_lossy(list)));
    }
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("algorithms_on_offer", offered);
    });
}

/// Meaningless packets keep nobody in the waiting room.
#[test]
fn chatter_before_the_login_does_not_extend_it() {
    let patient = Patient::with_sftp("login_grace_seconds = 2");
    let mut stream = connect(&patient);
    stream.write_all(b"SSH-2.0-chatter\r\n").unwrap();
    let ignore = plain(&[2, 0, 0, 0, 4, b'n', b'o', b'n', b'e']);
    wait("the chatterer to be cut", || {
        stream.write_all(&ignore).is_err().then_some(())
    });
    for words in [
        &b"SSH-2.0-long"[..],
        b"\r\n\r\n\r\n",
        b"\0\0\0\0\xff\xff\xff\xff",
    ] {
        let mut stream = connect(&patient);
        wait("the one without a greeting to be cut", || {
            stream.write_all(words).is_err().then_some(())
        });
    }
    patient.assert_well("chatter");
}

/// Lengths that would cost memory, before the login.
#[test]
fn huge_lengths_before_the_login_cost_nothing() {
    let patient = Patient::new();
    let before = patient.resident_kib();
    let streams: Vec<_> = (0..40)
        .map(|number| {
            let mut stream = connect(&patient);
            let length: u32 = [u32::MAX, 1 << 31, 262_144, 35_001][number % 4];
            stream.write_all(b"SSH-2.0-huge\r\n").unwrap();
            stream.write_all(&length.to_be_bytes()).unwrap_or_default();
            stream.write_all(&[20; 64]).unwrap_or_default();
            stream
        })
        .collect();
    patient.daemon.sftp_ok(&patient.label, "pwd\n");
    let held = patient.resident_kib();
    assert!(
        held < before + 40 * 1024,
        "{before} KiB before, {held} KiB with them"
    );
    drop(streams);
    patient.assert_well("huge lengths");
}

#[test]
fn requests_that_nobody_offers_are_refused_by_their_number() {
    let patient = Patient::new();
    let mut raw = patient.connect();
    for unknown in [0, 21, 22, 99, 150, 199, 201, 255] {
        let (code, words) = raw.status(unknown, &[&text("x"), &[0; 40]]);
        assert_eq!(code, UNSUPPORTED, "{unknown}: {words}");
    }
    for extension in [
        "hardlink@openssh.com",
        "copy-data",
        "check-file",
        "users-groups-by-id@openssh.com",
        "x",
    ] {
        let (code, words) = raw.status(
            kind::EXTENDED,
            &[&text(extension), &text("/incoming"), &[0; 40]],
        );
        assert_eq!(code, UNSUPPORTED, "{extension}: {words}");
    }
    // Handles that were never given, of every length.
    for handle in [vec![], vec![0], vec![0xff; 8], vec![0; 256]] {
        for request in [kind::CLOSE, kind::FSTAT, kind::READDIR] {
            let Reply::Status(code, _) = raw.ask(request, &[&text(&handle)]) else {
                panic!("{request} with a handle of {} bytes", handle.len());
            };
            assert_eq!(code, FAILURE);
        }
        let (code, _) = raw.status(kind::WRITE, &[&text(&handle), &[0xff; 8], &text("x")]);
        assert_eq!(code, FAILURE);
    }
    // Numbers at their ends.
    let handle = raw
        .open("/incoming/Work/end.wav", flag::PUT | flag::READ)
        .unwrap();
    let (end, much) = (u64::MAX.to_be_bytes(), u32::MAX.to_be_bytes());
    let (code, _) = raw.status(kind::WRITE, &[&text(&handle), &end, &text("x")]);
    assert_eq!(code, FAILURE);
    assert!(matches!(
        raw.ask(kind::READ, &[&text(&handle), &end, &much]),
        Reply::Status(EOF, _)
    ));
    let sized = [&1_u32.to_be_bytes()[..], &end].concat();
    assert_eq!(
        raw.status(kind::FSETSTAT, &[&text(&handle), &sized]).0,
        FAILURE
    );
    drop(raw);
    // Longer than any handle may be: the stream makes no sense.
    let mut raw = patient.connect();
    raw.begin(kind::WRITE, &[&text(vec![0; 4_000]), &[0; 8], &text("x")]);
    assert_eq!(raw.end().code(), Some(1));
    patient.assert_well("requests of all kinds");
}

#[test]
fn handles_and_channels_are_bounded_and_given_back() {
    let patient = Patient::new();
    let mut raw = patient.connect();
    for _ in 0..3 {
        let mut handles = Vec::new();
        let refusal = loop {
            match raw.open("/incoming/Work/first.wav", flag::READ) {
                Ok(handle) => handles.push(handle),
                Err(refusal) => break refusal,
            }
            assert!(handles.len() < 1_000);
        };
        assert_eq!(handles.len(), 64, "{refusal:?}");
        for handle in handles {
            assert_eq!(raw.close(&handle), OK);
        }
    }
    drop(raw);
    // Twelve channels of one connection: ten are opened.
    let home = patient.daemon.home.path();
    let control = format!("ControlPath={}", home.join("c").display());
    let ssh = |more: &[&str]| {
        let mut command = Command::new("timeout");
        command
            .args([
                "--kill-after=5",
                "100",
                "ssh",
                "-p",
                &patient.daemon.port.to_string(),
                "-i",
            ])
            .arg(&patient.label.key)
            .args(patient.daemon.ssh_options())
            .args(["-o", &control, "-o", "LogLevel=ERROR"])
            .args(more)
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    };
    let mut master = ssh(&["-M", "-N", "quayside@127.0.0.1"]).spawn().unwrap();
    wait("the connection", || home.join("c").exists().then_some(()));
    let hello = crate::wire::packet(kind::INIT, &3_u32.to_be_bytes());
    let mut channels: Vec<_> = (0..12)
        .map(|_| {
            // Where a channel is refused, ssh would take a connection of its own.
            let alone = [
                "-o",
                "ProxyCommand=false",
                "-s",
                "quayside@127.0.0.1",
                "sftp",
            ];
            let mut child = ssh(&alone).spawn().unwrap();
            // Refused, it has no answer.
            child
                .stdin
                .as_mut()
                .unwrap()
                .write_all(&hello)
                .unwrap_or_default();
            let mut answer = [0; 5];
            let works = child
                .stdout
                .as_mut()
                .unwrap()
                .read_exact(&mut answer)
                .is_ok();
            (child, works)
        })
        .collect();
    let open = channels.iter().filter(|(_, works)| *works).count();
    for (child, _) in &mut channels {
        child.stdin.take();
        child.wait().unwrap();
    }
    assert_eq!(open, 10);
    master.kill().unwrap();
    master.wait().unwrap();
    patient.assert_well("handles and channels");
}

/// No password at all, another one's key, and a name that is no name.
#[test]
fn nobody_comes_in_by_nothing() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let mut patient = Patient::new();
    let script = r#"
import sys, paramiko
port = int(sys.argv[1])
for user, password in [("quayside", ""), ("", ""), ("quayside\0", sys.argv[2]), ("QUAYSIDE", sys.argv[2]),
                       ("quayside ", sys.argv[2]), ("../quayside", sys.argv[2]), ("x" * 5000, "x" * 5000),
                       ("quayside", sys.argv[2] + "\0"), ("quayside", sys.argv[2][:-1])]:
    transport = paramiko.Transport(("127.0.0.1", port))
    transport.start_client(timeout=30)
    try:
        transport.auth_password(user, password, fallback=False)
        sys.exit(f"{user[:20]!r} came in")
    except paramiko.SSHException:
        pass
    transport.close()
transport = paramiko.Transport(("127.0.0.1", port))
transport.start_client(timeout=30)
try:
    transport.open_session(timeout=3)
    sys.exit("a channel without a login")
except (paramiko.SSHException, EOFError):
    pass
"#;
    let port = patient.daemon.port.to_string();
    run(&python, script, &[&port, &patient.label.password]);
    // What four checks of a password at a time need is kept.
    patient.resident_kib += 4 * 19 * 1024;
    patient.assert_well("logins by nothing");
}

/// Many guess at a time: what their hashes need is bounded, also when all of them are gone.
#[test]
fn guesses_of_passwords_cost_a_bounded_memory() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let mut patient = Patient::new();
    let script = r#"
import sys, threading, paramiko
def guess(number):
    transport = paramiko.Transport(("127.0.0.1", int(sys.argv[1])))
    try:
        transport.start_client(timeout=60)
        transport.auth_password("quayside", f"guess {number}", fallback=False)
    except (paramiko.SSHException, EOFError, OSError):
        pass
    finally:
        transport.close()
for turn in range(2):
    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"#;
    run(&python, script, &[&patient.daemon.port.to_string()]);
    patient.resident_kib += 4 * 19 * 1024;
    patient.assert_well("guesses of passwords");
}

fn run(python: &std::path::Path, script: &str, arguments: &[&str]) {
    let output = Command::new(python)
        .args(["-c", script])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// What is sent before the greeting is over, in one piece with it, or between two that belong together.
#[test]
fn packets_out_of_order_reach_no_file() {
    let patient = Patient::new();
    let open = |raw: &Raw, path: &str| {
        raw.request(
            kind::OPEN,
            &[&text(path), &flag::PUT.to_be_bytes(), &[0; 4]],
        )
    };
    let mut early = Raw::silent(patient.daemon.port, &patient.daemon, &patient.label);
    let smuggled = open(&early, "/incoming/Work/early.wav");
    early.send(&smuggled);
    early.end();
    // A WRITE that says it is longer than it is: what follows is its content, never a request.
    let mut raw = patient.connect();
    let handle = raw.open("/incoming/Work/outer.wav", flag::PUT).unwrap();
    let inner = open(&raw, "/incoming/Work/inner.wav");
    let write = raw.request(kind::WRITE, &[&text(&handle), &[0; 8], &text(&inner)]);
    raw.send(&write);
    let (_, reply) = raw.answer();
    assert_eq!(reply, Reply::Status(OK, "OK".to_owned()));
    assert_eq!(raw.close(&handle), OK);
    assert_eq!(
        raw.size("/incoming/Work/outer.wav"),
        Some(inner.len() as u64)
    );
    drop(raw);
    for name in ["early.wav", "inner.wav"] {
        for tree in ["incoming", "partial"] {
            assert!(
                !patient.stored(tree, &format!("Work/{name}")).exists(),
                "{tree}/{name}"
            );
        }
    }
    patient.assert_well("packets out of order");
}
