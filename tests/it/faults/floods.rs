//! More connections than there is place for, and a system that has run out of descriptors.

use super::Patient;
use crate::kit::{small_release, wait};
use crate::wire::{FAILURE, Reply, flag, kind, text};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use std::io::{Read, Write};
use std::net::TcpStream;

fn connect(patient: &Patient) -> std::io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", patient.daemon.port))
}

/// As many descriptors for this process as it may have.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, most).unwrap();
}

#[test]
fn a_thousand_connections_that_never_log_in() {
    allow_many_files();
    let mut patient = Patient::with_sftp("max_unauthenticated = 50\nlogin_grace_seconds = 5");
    let mut raw = patient.connect();
    let mut half_open = Vec::new();
    for number in 0..1_000 {
        let mut stream = connect(&patient).unwrap();
        // Some say nothing, some half a greeting, some one that is followed by nothing. Those that
        // were refused may be gone already.
        let words: &[u8] = [
            &b""[..],
            b"SSH-2.",
            b"SSH-2.0-half\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ][number % 4];
        stream.write_all(words).unwrap_or_default();
        half_open.push(stream);
        if number % 250 == 0 {
            // Who was there before is served all the while.
            patient.put(&mut raw, &format!("Work/during{number}.wav"), &[4; 100_000]);
        }
    }
    let (files, held) = (patient.open_files(), patient.resident_kib());
    assert!(
        files < patient.files + 50 + 20,
        "{files} descriptors are open"
    );
    assert!(
        held < patient.resident_kib + 96 * 1024,
        "{held} KiB are held"
    );
    // Nothing is taken back by the clients: the daemon gets rid of them by itself.
    wait("the next client to be served", || {
        patient
            .daemon
            .sftp(&patient.label, "pwd\n")
            .status
            .success()
            .then_some(())
    });
    for stream in &mut half_open {
        let patience = std::time::Duration::from_secs(60);
        stream.set_read_timeout(Some(patience)).unwrap();
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all);
        let was_cut = end.as_ref().is_ok_and(|_| true)
            || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(was_cut, "one of them was never closed");
    }
    raw.end();
    drop(half_open);
    patient.assert_well("a thousand connections");
}

#[test]
fn without_descriptors_it_waits_and_goes_on() {
    let mut patient = Patient::new();
    let mut raw = patient.connect();
    assert_eq!(raw.size("/incoming/Work/first.wav"), Some(2_000_000));
    let pid = Pid::from_raw(patient.daemon.pid() as i32);
    let before = getrlimit(Resource::Nofile);
    let few = Rlimit {
        current: Some(patient.open_files() as u64 + 12),
        maximum: before.maximum,
    };
    let given = prlimit(pid, Resource::Nofile, few).unwrap();
    let crowd: Vec<_> = (0..60).map(|_| connect(&patient).unwrap()).collect();
    wait("the daemon to notice", || {
        patient
            .log()
            .contains("connections cannot be accepted now")
            .then_some(())
    });
    // What needs no descriptor goes on; what needs one is refused and never acknowledged.
    let known = raw.ask(kind::REALPATH, &[&text("/incoming")]);
    assert!(matches!(known, Reply::Names(_)), "{known:?}");
    let (code, words) = raw.status(kind::STAT, &[&text("/incoming/Work/first.wav")]);
    assert_eq!(
        code, FAILURE,
        "what cannot be looked at is not gone: {words}"
    );
    let (code, words) = raw.open("/incoming/Work/none.wav", flag::PUT).unwrap_err();
    assert_eq!(code, FAILURE);
    assert!(words.contains("try again"), "{words}");
    assert!(!patient.stored("incoming", "Work/none.wav").exists());
    drop(crowd);
    // Still with few: the same session and a new one are served.
    wait("an upload to be taken again", || {
        raw.open("/incoming/Work/after.wav", flag::PUT)
            .ok()
            .map(drop)
    });
    wait("the next client to be served", || {
        patient
            .daemon
            .sftp(&patient.label, "pwd\n")
            .status
            .success()
            .then_some(())
    });
    patient.put(&mut raw, "Work/after.wav", &[8; 50_000]);
    raw.end();
    prlimit(pid, Resource::Nofile, given).unwrap();
    patient.assert_well("no descriptors");
    let spec = small_release(350);
    let folder = patient.daemon.material(&spec);
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    patient.daemon.sftp_ok(
        &patient.label,
        &format!("put -r {} incoming/\n", folder.display()),
    );
    patient.daemon.wait_status(&name, "needs_qc");
}
