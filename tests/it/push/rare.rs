//! What seldom happens to a push: it grows too old, our own message is wrong, the DSP says where the
//! release can be seen, a person wants to know everything.

use super::{QUICK, approve, entries, name_of, partner, wait_push};
use crate::deliver::sshd::{Sshd, free_port, is_here};
use crate::kit::{TestDaemon, release, shared, wait};
use std::fs;
use std::path::{Path, PathBuf};

const PARTY: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n";

/// A store with a folder that takes a message of ours.
fn store(daemon: &TestDaemon, id: &str, more: &str, options: &str) -> PathBuf {
    let home = daemon.home.path().join(id);
    for folder in ["in", "acks"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    let toml = format!(
        "name = \"The {id}\"\nmessage = \"ern_382\"\nchoreography = \"release_by_release\"\ndirectory = \"in\"\nacknowledgements = \"acks\"\n{more}\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n{options}\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
        home.display()
    );
    daemon.profile(id, &toml);
    home
}

fn answer(acks: &Path, name: &str, icpn: &str, status: &str, more: &str) {
    let xml = format!(
        "<?xml version=\"1.0\"?><c:FtpAcknowledgementMessage xmlns:c=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\"><MessageHeader/><AcknowledgedFile><ReleaseId>{icpn}</ReleaseId></AcknowledgedFile><FileStatus>{status}</FileStatus>{more}</c:FtpAcknowledgementMessage>"
    );
    let hidden = acks.join(format!(".{name}"));
    fs::write(&hidden, xml).unwrap();
    fs::rename(hidden, acks.join(name)).unwrap();
}

fn icpn(daemon: &TestDaemon, package: &str) -> String {
    daemon.package(package)["icpn"].as_str().unwrap().to_owned()
}

#[test]
fn a_push_that_has_grown_too_old_is_given_up_although_the_dsp_is_only_down() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    // The first failure finds it too old already.
    let mut daemon = TestDaemon::prepare(&format!("{QUICK}max_age_hours = 0\n"));
    partner(&daemon, &sshd, free_port(), &sshd.host_key);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "partner"]);
    let folder = daemon.material(&release(50));
    let id = approve(&daemon, &label, &folder);
    let failed = wait_push(&daemon, "partner", |push| push["state"] == "failed");
    assert_eq!(failed["attempts"], 1, "{failed}");
    let why = failed["last_error"].as_str().unwrap();
    assert!(why.contains("cannot be reached"), "{why}");
    let letter = wait("the operator's letter", || {
        let package = daemon.package(&id);
        let letters = package["letters"].as_array().unwrap().clone();
        letters
            .into_iter()
            .find(|letter| letter["kind"] == "operator_push_failed")
    });
    assert_eq!(letter["recipient"], "ops@distributor.example");
    assert_eq!(daemon.package(&id)["status"], "qc_approved");
}

#[test]
fn the_label_reads_where_the_release_can_be_seen_and_a_person_reads_all_of_a_push() {
    let settings = format!("{PARTY}[deliver]\nacknowledgements_seconds = 1\n");
    let mut daemon = TestDaemon::prepare(&settings);
    let home = store(
        &daemon,
        "shop",
        "delivered_when = \"acknowledged\"\n",
        "test = true\n",
    );
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "shop"]);
    let folder = daemon.material(&release(51));
    let id = approve(&daemon, &label, &folder);
    let sent = wait_push(&daemon, "shop", |push| push["state"] == "sent");
    let icpn = icpn(&daemon, &id);
    let objection = "<ErrorText>Track 2 does not open</ErrorText>";
    answer(
        &home.join("acks"),
        "ACK_1.xml",
        &icpn,
        "ResourceCorrupt",
        objection,
    );
    wait_push(&daemon, "shop", |push| push["state"] == "refused");
    let url = format!("https://shop.example/{icpn}");
    let link = format!("<URL>{url}</URL>");
    answer(&home.join("acks"), "ACK_2.xml", &icpn, "FileOK", &link);
    daemon.wait_status(&name_of(&folder), "delivered");
    let mails = daemon.mails();
    // Lines are folded for the way.
    let delivered = mails
        .last()
        .unwrap()
        .replace("\r\n", "\n")
        .replace("=\n", "");
    assert!(delivered.contains(&url), "{url} in {delivered}");

    let push = sent["id"].as_str().unwrap();
    let shown = daemon.ask(&["push", "show", push]);
    assert_eq!(shown["state"], "acknowledged");
    assert_eq!(shown["is_test"], true);
    assert_eq!(shown["link"], url);
    // The same version in and out: nothing is lost. The store's tests have some.
    assert_eq!(shown["losses"], serde_json::json!([]));
    let listed = daemon.ask(&["push", "list"]);
    assert_eq!(listed["pushes"][0]["losses"], shown["losses"]);
    let message = entries(&home.join("in"))
        .remove(0)
        .join(format!("{icpn}.xml"));
    let message = fs::read_to_string(message).unwrap();
    for key in ["message_id", "thread"] {
        let value = shown[key].as_str().unwrap();
        assert!(message.contains(value), "{key} {value} in {message}");
    }
    let said: Vec<(&str, &str)> = shown["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|said| {
            (
                said["file"].as_str().unwrap(),
                said["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [("ACK_1.xml", "ResourceCorrupt"), ("ACK_2.xml", "FileOK")]
    );
    let text = String::from_utf8(daemon.command(&["push", "show", push]).stdout).unwrap();
    for wanted in [
        "is acknowledged, as a test",
        &url,
        shown["thread"].as_str().unwrap(),
        "ResourceCorrupt",
        "Track 2 does not open",
        "(ACK_2.xml)",
    ] {
        assert!(text.contains(wanted), "{wanted:?} in {text}");
    }
}

#[test]
fn a_message_of_ours_that_the_official_schema_refuses_is_not_sent() {
    let Some(shared) = shared() else { return };
    let mut daemon = TestDaemon::prepare(PARTY);
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    // No such territory is in DDEX's list, and our writer does not know the list.
    let home = store(&daemon, "shop", "", "territories = [\"ZZ\"]\n");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "shop"]);
    let folder = daemon.material(&release(52));
    approve(&daemon, &label, &folder);
    let stopped = wait_push(&daemon, "shop", |push| {
        ["blocked", "failed", "sent"].contains(&push["state"].as_str().unwrap())
    });
    assert_eq!(stopped["state"], "blocked", "{stopped}");
    let why = stopped["last_error"].as_str().unwrap();
    assert!(
        why.contains("DSP-001") && why.contains("TerritoryCode"),
        "{why}"
    );
    assert!(entries(&home.join("in")).is_empty(), "nothing was sent");

    store(&daemon, "shop", "", "territories = [\"DE\"]\n");
    daemon.signal(rustix::process::Signal::HUP);
    wait("the new profile in force", || {
        let log = fs::read_to_string(daemon.log()).unwrap();
        log.contains("configuration read again").then_some(())
    });
    daemon.ask(&["push", "retry", stopped["id"].as_str().unwrap()]);
    wait_push(&daemon, "shop", |push| push["state"] == "sent");
    assert_eq!(entries(&home.join("in")).len(), 1);
    daemon.wait_status(&name_of(&folder), "delivered");
}
