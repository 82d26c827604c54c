//! What the daemon could not take in by a fault of its own, and how it goes on when that is mended.

use crate::kit::{TestDaemon, small_release};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A daemon that parks at the first failure, not yet started.
fn prepared() -> TestDaemon {
    let daemon = TestDaemon::prepare("");
    let text = fs::read_to_string(daemon.config()).unwrap();
    let text = text.replace("[intake]\n", "[intake]\nclaim_attempts = 1\n");
    fs::write(daemon.config(), text).unwrap();
    daemon
}

/// Uploads a release; gives its folder's name.
fn upload(daemon: &TestDaemon, number: u32) -> String {
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&small_release(number));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    name_of(&folder)
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

fn kinds(package: &Value) -> Vec<&str> {
    let letters = package["letters"].as_array().unwrap();
    letters
        .iter()
        .map(|letter| letter["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn what_could_not_be_claimed_goes_on_when_the_operator_says_so() {
    let mut daemon = prepared();
    daemon.run();
    // No folder can be moved there.
    let (spool, away) = (daemon.data().join("spool"), daemon.data().join("away"));
    fs::rename(&spool, &away).unwrap();
    fs::write(&spool, "in the way").unwrap();
    let name = upload(&daemon, 91);
    let parked = daemon.wait_status(&name, "parked");
    let id = parked["id"].as_str().unwrap();
    let mails = daemon.mails();
    assert_eq!(kinds(&daemon.package(id)), ["parked", "operator_parked"]);
    assert!(
        mails
            .iter()
            .any(|mail| mail.contains(&format!("dropzone package retry {id}"))),
        "the operator reads what to type"
    );
    fs::remove_file(&spool).unwrap();
    fs::rename(&away, &spool).unwrap();
    let again = daemon.ask(&["package", "retry", id]);
    assert_eq!(again["status"], "receiving");
    let done = daemon.wait_status(&name, "needs_qc");
    assert_eq!(done["id"], id, "the label's own package goes on");
    assert_eq!(daemon.packages().len(), 1);
}

#[test]
fn what_could_not_be_claimed_goes_on_after_a_reload() {
    let mut daemon = prepared();
    daemon.run();
    let (spool, away) = (daemon.data().join("spool"), daemon.data().join("away"));
    fs::rename(&spool, &away).unwrap();
    fs::write(&spool, "in the way").unwrap();
    let name = upload(&daemon, 92);
    daemon.wait_status(&name, "parked");
    fs::remove_file(&spool).unwrap();
    fs::rename(&away, &spool).unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    daemon.wait_status(&name, "needs_qc");
}

/// One claim that cannot be finished must not keep the service from all labels.
#[test]
fn the_daemon_starts_with_a_claim_that_it_cannot_finish() {
    let mut daemon = prepared();
    daemon.set("DROPZONE_CRASH_AT", "after_rename");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&small_release(93));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    daemon.wait_for_end();
    let id = daemon.packages()[0]["id"].as_str().unwrap().to_owned();
    // Where its manifest has to be written, something else is in the way.
    let manifest = daemon.data().join(format!("spool/{id}.manifest.json"));
    fs::create_dir(&manifest).unwrap();
    daemon.set("DROPZONE_CRASH_AT", "");
    daemon.run();
    let parked = daemon.wait_status(&name_of(&folder), "parked");
    assert_eq!(kinds(&parked), ["parked", "operator_parked"]);
    let other = daemon.material(&small_release(94));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", other.display()),
    );
    daemon.wait_status(&name_of(&other), "needs_qc");

    fs::remove_dir(&manifest).unwrap();
    daemon.ask(&["package", "retry", &id]);
    let done = daemon.wait_status(&name_of(&folder), "needs_qc");
    assert_eq!(done["id"], id.as_str());
}
