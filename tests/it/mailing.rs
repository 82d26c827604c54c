//! The daemon's letters through a mail server: taken, refused for now, away, and cut off.

use crate::kit::{TestDaemon, free_port, release, wait};
use crate::mail::servers::Server;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Letters of a release that goes all the way.
const KINDS: [&str; 4] = ["incoming", "needs_qc", "qc_approved", "delivered"];

fn smtp(port: u16) -> String {
    // `[notify]` is open when the kit's own text ends.
    format!(
        "retry_first_seconds = 1\n\n[notify.transport]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    )
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// Uploads a release and leads it to `needs_qc`; gives the package's identifier.
fn upload(daemon: &mut TestDaemon, number: u32) -> String {
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let mut spec = release(number);
    spec.tracks.truncate(1);
    let folder = daemon.material(&spec);
    let batch = format!("cd incoming\nput -r {}\n", folder.display());
    daemon.sftp_ok(&label, &batch);
    if daemon.has_ended() {
        return name_of(&folder);
    }
    name_of(&folder)
}

fn approve(daemon: &TestDaemon, folder: &str) {
    let package = daemon.wait_status(folder, "needs_qc");
    let output = daemon.approve(package["id"].as_str().unwrap());
    assert!(output.status.success());
    daemon.wait_status(folder, "delivered");
}

/// Waits until every letter of the package is sent, and gives their identifiers.
fn all_sent(daemon: &TestDaemon, folder: &str) -> BTreeSet<String> {
    wait("every letter to be sent", || {
        let package = daemon.wait_status(folder, "delivered");
        let letters = package["letters"].as_array().unwrap().clone();
        let kinds: Vec<&str> = letters.iter().filter_map(|l| l["kind"].as_str()).collect();
        assert_eq!(kinds, KINDS);
        letters
            .iter()
            .all(|letter| letter["state"] == "sent")
            .then(|| {
                let ids = letters.iter().map(|l| l["id"].as_str().unwrap().to_owned());
                ids.collect()
            })
    })
}

fn header(mail: &Value, name: &str) -> String {
    let headers = mail["headers"].as_array().unwrap();
    let found = headers
        .iter()
        .find(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.unwrap()[1].as_str().unwrap().to_owned()
}

fn message_ids(mails: &[Value]) -> Vec<String> {
    mails
        .iter()
        .map(|mail| header(mail, "Message-ID"))
        .collect()
}

#[test]
fn every_letter_arrives_at_the_mail_server() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let mut daemon = TestDaemon::start(&smtp(server.port));
    let folder = upload(&mut daemon, 50);
    approve(&daemon, &folder);
    let ids = all_sent(&daemon, &folder);
    let mails = server.mails();
    assert_eq!(mails.len(), KINDS.len());
    for mail in &mails {
        assert_eq!(mail["to"][0], "quayside@label.example");
        assert_eq!(mail["defects"].as_array().unwrap().len(), 0);
        let id = header(mail, "Message-ID");
        assert!(
            ids.iter().any(|known| id.contains(known.as_str())),
            "{id} of {ids:?}"
        );
    }
    let distinct: BTreeSet<String> = message_ids(&mails).into_iter().collect();
    assert_eq!(distinct.len(), mails.len());
}

#[test]
fn a_letter_that_was_refused_for_now_comes_again_byte_for_byte() {
    let Some(server) = Server::start(&["--defer", "3"]) else {
        return;
    };
    let mut daemon = TestDaemon::start(&smtp(server.port));
    let folder = upload(&mut daemon, 51);
    approve(&daemon, &folder);
    all_sent(&daemon, &folder);
    let (mails, deferred) = (server.mails(), server.deferred());
    assert_eq!(mails.len(), KINDS.len(), "each once");
    assert_eq!(deferred.len(), 3);
    for early in deferred {
        assert!(
            mails.iter().any(|mail| mail["raw"] == *early),
            "the same bytes came later: {early}"
        );
    }
}

#[test]
fn a_mail_server_that_is_away_is_waited_for() {
    let port = free_port();
    let mut daemon = TestDaemon::start(&smtp(port));
    let folder = upload(&mut daemon, 52);
    approve(&daemon, &folder);
    let package = wait("a letter to be postponed", || {
        let package = daemon.wait_status(&folder, "delivered");
        let letters = package["letters"].as_array().unwrap().clone();
        letters
            .iter()
            .any(|letter| letter["last_error"].is_string())
            .then_some(package)
    });
    assert_eq!(
        package["status"], "delivered",
        "the release does not wait for mail"
    );
    let Some(server) = Server::start(&["--port", &port.to_string()]) else {
        return;
    };
    all_sent(&daemon, &folder);
    let ids: BTreeSet<String> = message_ids(&server.mails()).into_iter().collect();
    assert_eq!(ids.len(), KINDS.len());
}

#[test]
fn killed_between_sending_and_noting_it_the_letter_comes_twice_and_is_the_same() {
    for (point, twice) in [("mail.before_send", false), ("mail.before_mark", true)] {
        let Some(server) = Server::start(&[]) else {
            return;
        };
        let mut daemon = TestDaemon::prepare(&smtp(server.port));
        daemon.set("DROPZONE_CRASH_AT", point);
        daemon.run();
        let folder = upload(&mut daemon, 53);
        daemon.wait_for_end();
        daemon.set("DROPZONE_CRASH_AT", "");
        daemon.run();
        approve(&daemon, &folder);
        all_sent(&daemon, &folder);
        let mails = server.mails();
        let raw: BTreeSet<&str> = mails.iter().map(|m| m["raw"].as_str().unwrap()).collect();
        let ids: BTreeSet<String> = message_ids(&mails).into_iter().collect();
        assert_eq!(mails.len(), KINDS.len() + usize::from(twice), "{point}");
        assert_eq!(ids.len(), KINDS.len(), "{point}: the same Message-ID");
        assert_eq!(raw.len(), KINDS.len(), "{point}: the same bytes");
        assert!(
            !fs::read_to_string(daemon.log())
                .unwrap()
                .contains("panicked")
        );
    }
}

/// The relay took offence, every letter of that hour is dead, and a person has them sent again.
#[test]
fn letters_that_were_given_up_are_listed_shown_and_sent_again() {
    let Some(server) = Server::start(&["--refuse-until-told"]) else {
        return;
    };
    let mut daemon = TestDaemon::start(&smtp(server.port));
    let folder = upload(&mut daemon, 54);
    daemon.wait_status(&folder, "needs_qc");
    let dead = wait("both letters to be given up", || {
        let mails = daemon.ask(&["mail", "list", "--state", "dead"])["mails"].clone();
        (mails.as_array().unwrap().len() == 2).then_some(mails)
    });
    let (first, second) = (
        dead[0]["id"].as_str().unwrap(),
        dead[1]["id"].as_str().unwrap(),
    );
    let why = dead[0]["last_error"].as_str().unwrap();
    assert!(why.contains("550 5.7.1 relaying denied"), "{why}");
    let words = |arguments: &[&str]| String::from_utf8(daemon.command(arguments).stdout).unwrap();
    assert!(words(&["status"]).contains("dropzone mail retry --all"));
    assert!(words(&["mail", "list"]).contains(first));
    let shown = words(&["mail", "show", first]);
    assert!(shown.contains(&format!("{first} is given up")), "{shown}");
    assert!(shown.contains("Subject: "), "{shown}");

    server.relent();
    daemon.ask(&["mail", "retry", first]);
    let state = |id: &str| daemon.ask(&["mail", "show", id])["state"].clone();
    wait("the letter to be sent", || {
        (state(first) == "sent").then_some(())
    });
    assert_eq!(state(second), "dead", "only the one that was named");
    let again = daemon.ask(&["mail", "retry", "--all"]);
    assert_eq!(again["mails"].as_array().unwrap().len(), 1);
    wait("the other one to be sent", || {
        (state(second) == "sent").then_some(())
    });
    assert_eq!(server.mails().len(), 2);
    let code = |arguments: &[&str]| daemon.command(arguments).status.code();
    assert_eq!(code(&["mail", "retry", first]), Some(4), "it is sent");
    assert_eq!(code(&["mail", "retry"]), Some(2));
    assert_eq!(
        code(&["mail", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
        Some(3)
    );
    assert_eq!(code(&["mail", "list", "--state", "lost"]), Some(2));
}
