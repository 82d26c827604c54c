//! Approval to delivery by the daemon, with a real partner: OpenSSH's server, reached, down,
//! replaced by somebody else, and cut off in the middle.

use crate::deliver::sshd::{Sshd, Wire, free_port, is_here, new_key};
use crate::kit::{Label, TestDaemon, release, wait};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Short waits between tries.
const QUICK: &str = "[deliver]\nretry_first_seconds = 1\nretry_cap_seconds = 1\nattempts = 200\n";

fn user() -> String {
    let said = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// The profile of a partner behind `port`.
fn partner(daemon: &TestDaemon, sshd: &Sshd, port: u16, host_key: &str) {
    let toml = format!(
        "name = \"Partner & Sons\"\n\n[transport]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{}\"\nhost_key = \"{host_key}\"\nkey_file = \"{}\"\ntimeout_seconds = 5\n",
        user(),
        sshd.user_key.display()
    );
    daemon.profile("partner", &toml);
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// Uploads and approves; gives the package's identifier.
fn approve(daemon: &TestDaemon, label: &Label, folder: &Path) -> String {
    let batch = format!("cd incoming\nput -r {}\n", folder.display());
    daemon.sftp_ok(label, &batch);
    let package = daemon.wait_status(&name_of(folder), "needs_qc");
    let id = package["id"].as_str().unwrap().to_owned();
    assert!(daemon.approve(&id).status.success());
    id
}

fn push(daemon: &TestDaemon, dsp: &str) -> Option<Value> {
    let list = daemon.ask(&["push", "list", "--dsp", dsp]);
    list["pushes"].as_array().unwrap().first().cloned()
}

fn wait_push(daemon: &TestDaemon, dsp: &str, ready: impl Fn(&Value) -> bool) -> Value {
    wait("the push", || push(daemon, dsp).filter(|push| ready(push)))
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with('.')
}

/// Nothing but one whole release with its marker.
fn assert_arrived(inbox: &Path, folder: &Path) {
    let there = entries(inbox);
    assert_eq!(there.len(), 1, "{there:?}");
    assert_whole(&there[0], folder);
    assert!(there[0].join("delivery.complete").is_file());
}

fn assert_whole(there: &Path, folder: &Path) {
    let ours = entries(folder);
    for file in &ours {
        let name = file.file_name().unwrap();
        assert!(
            fs::read(there.join(name)).unwrap() == fs::read(file).unwrap(),
            "{name:?} is whole in {there:?}"
        );
    }
    let extra = entries(there).len() - ours.len();
    let marker = usize::from(there.join("delivery.complete").exists());
    assert_eq!(extra, marker, "nothing else in {there:?}");
}

#[test]
fn an_approved_release_reaches_every_dsp_and_the_label_reads_which() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let daemon = TestDaemon::prepare(QUICK);
    partner(&daemon, &sshd, sshd.port, &sshd.host_key);
    let mut daemon = daemon;
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,partner"]);
    let folder = daemon.material(&release(30));
    approve(&daemon, &label, &folder);
    let package = daemon.wait_status(&name_of(&folder), "delivered");
    assert_arrived(&sshd.inbox, &folder);
    assert_arrived(&daemon.dsp(), &folder);
    assert_eq!(package["pushes"].as_array().unwrap().len(), 2);
    let location = push(&daemon, "partner").unwrap()["location"].clone();
    assert!(
        location.as_str().unwrap().starts_with("sftp://"),
        "{location}"
    );
    let mails = daemon.mails();
    let delivered = mails.last().unwrap();
    for name in ["The Store", "Partner & Sons"] {
        assert!(delivered.contains(name), "{name} in {delivered}");
    }
}

#[test]
fn a_dsp_that_is_down_is_waited_for() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let entrance = free_port();
    let mut daemon = TestDaemon::prepare(QUICK);
    partner(&daemon, &sshd, entrance, &sshd.host_key);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,partner"]);
    let folder = daemon.material(&release(31));
    approve(&daemon, &label, &folder);
    wait_push(&daemon, "store", |push| push["state"] == "sent");
    let waiting = wait_push(&daemon, "partner", |push| {
        push["state"] == "queued" && push["last_error"].is_string()
    });
    assert!(waiting["due_at"].is_string(), "{waiting}");
    let shown = daemon.command(&["push", "list"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("127.0.0.1"),
        "the reason can be read: {shown}"
    );
    let packages = daemon.packages();
    assert_eq!(packages[0]["status"], "qc_approved", "not all have it");

    let _wire = Wire::at(entrance, sshd.port, None);
    daemon.wait_status(&name_of(&folder), "delivered");
    assert_arrived(&sshd.inbox, &folder);
}

#[test]
fn another_host_key_is_never_trusted_and_mending_it_is_enough() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let mut daemon = TestDaemon::prepare(QUICK);
    let stranger = new_key(&daemon.home.path().join("stranger"));
    partner(&daemon, &sshd, sshd.port, stranger.trim());
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "partner"]);
    let folder = daemon.material(&release(32));
    let id = approve(&daemon, &label, &folder);
    let failed = wait_push(&daemon, "partner", |push| push["state"] == "failed");
    assert!(failed["last_error"].is_string());
    assert!(entries(&sshd.inbox).is_empty());
    daemon.mails();
    let package = daemon.package(&id);
    let letters = package["letters"].as_array().unwrap();
    let told: Vec<&str> = letters
        .iter()
        .filter(|letter| letter["recipient"] == "ops@distributor.example")
        .map(|letter| letter["kind"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["operator_push_failed"], "once, and to the operator");
    assert_eq!(package["status"], "qc_approved");

    partner(&daemon, &sshd, sshd.port, &sshd.host_key);
    daemon.signal(rustix::process::Signal::HUP);
    wait("the new profile in force", || {
        let log = fs::read_to_string(daemon.log()).unwrap();
        log.contains("configuration read again").then_some(())
    });
    daemon.ask(&["push", "retry", failed["id"].as_str().unwrap()]);
    daemon.wait_status(&name_of(&folder), "delivered");
    assert_arrived(&sshd.inbox, &folder);
}

#[test]
fn a_push_that_was_called_off_is_not_sent() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let entrance = free_port();
    let mut daemon = TestDaemon::prepare(QUICK);
    partner(&daemon, &sshd, entrance, &sshd.host_key);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,partner"]);
    let folder = daemon.material(&release(33));
    approve(&daemon, &label, &folder);
    let waiting = wait_push(&daemon, "partner", |push| push["last_error"].is_string());
    let id = waiting["id"].as_str().unwrap();
    // Between two tries; while one runs, the state refuses and says so.
    wait("the push to be called off", || {
        let output = daemon.command(&["push", "cancel", id]);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 4)), "{output:?}");
        (code == Some(0)).then_some(())
    });
    let package = daemon.wait_status(&name_of(&folder), "delivered");
    let mails = daemon.mails();
    let delivered = mails.last().unwrap();
    assert!(delivered.contains("The Store"), "{delivered}");
    assert!(
        !delivered.contains("Partner & Sons"),
        "not what it did not get"
    );
    let _wire = Wire::at(entrance, sshd.port, None);
    assert_eq!(push(&daemon, "partner").unwrap()["state"], "cancelled");
    assert_eq!(package["pushes"].as_array().unwrap().len(), 2);
    assert!(entries(&sshd.inbox).is_empty());
    let again = daemon.command(&["push", "cancel", id]);
    assert_eq!(again.status.code(), Some(4), "refused by the state");
}

/// Whether so many files, and so many bytes in them, are the moment to kill at.
type Reached = fn(usize, u64) -> bool;

/// What the partner has while a push runs: how many bytes in hidden folders, in how many files.
fn under_way(inbox: &Path) -> (usize, u64) {
    let hidden = entries(inbox).into_iter().filter(|path| is_hidden(path));
    // Files come and go while we look.
    let files: Vec<u64> = hidden
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
        .collect();
    (files.len(), files.iter().sum())
}

#[test]
fn killed_in_the_middle_of_a_push_one_whole_release_arrives() {
    if !is_here() {
        return;
    }
    let moments: [(&str, Reached); 3] = [
        ("first bytes", |_, bytes| bytes > 0),
        ("second file", |files, _| files > 1),
        ("megabytes", |_, bytes| bytes > 6_000_000),
    ];
    let sshd = Sshd::start("");
    let mut daemon = TestDaemon::prepare(QUICK);
    partner(&daemon, &sshd, sshd.port, &sshd.host_key);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "partner"]);
    for (number, (moment, reached)) in (34..).zip(moments) {
        for old in entries(&sshd.inbox) {
            fs::remove_dir_all(old).unwrap();
        }
        let folder = daemon.material(&release(number));
        approve(&daemon, &label, &folder);
        let mut late = false;
        loop {
            let (files, bytes) = under_way(&sshd.inbox);
            if reached(files, bytes) {
                break;
            }
            late = entries(&sshd.inbox).iter().any(|path| !is_hidden(path));
            if late {
                break;
            }
            std::hint::spin_loop();
        }
        daemon.kill();
        sshd.wait_until_alone();
        for there in entries(&sshd.inbox) {
            assert!(late || is_hidden(&there), "{moment}: {there:?} is half");
            if !is_hidden(&there) {
                assert_whole(&there, &folder);
            }
        }
        daemon.run();
        daemon.wait_status(&name_of(&folder), "delivered");
        assert_arrived(&sshd.inbox, &folder);
        assert!(!late, "{moment}: the push was faster than the test");
    }
}
