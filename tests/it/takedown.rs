//! Takedowns from end to end: delivered, taken down in each form over a folder and OpenSSH's server,
//! brought back; and a label that takes its release down by itself.

use crate::deliver::sshd::{Sshd, is_here};
use crate::kit::{Label, TestDaemon, shared, small_release, wait};
use dropzone::cli::demo::material::ReleaseSpec;
use dropzone::domain::account::Profile;
use dropzone::domain::ern;
use dropzone::domain::facts::SchemaCheck;
use dropzone::domain::limits::Limits;
use dropzone::domain::release::{Message, MessageKind};
use dropzone::inspect::schemas::Schemas;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SETTINGS: &str = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n[deliver]\nacknowledgements_seconds = 1\nretry_first_seconds = 1\nretry_cap_seconds = 1\nattempts = 200\n";

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// A small release that is on sale already, so that its deals can end.
fn on_sale(number: u32) -> ReleaseSpec {
    let mut spec = small_release(number);
    spec.release_date = "2026-10-02".to_owned();
    spec
}

/// A store of a folder; gives where its deliveries lie.
fn folder_store(daemon: &TestDaemon, id: &str, name: &str, more: &str) -> PathBuf {
    let home = daemon.home.path().join(id);
    fs::create_dir_all(&home).unwrap();
    daemon.profile(
        id,
        &format!(
            "name = \"{name}\"\n{more}\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            home.display()
        ),
    );
    home
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .collect();
    all.sort();
    all
}

fn upload(daemon: &TestDaemon, label: &Label, folder: &Path) -> Value {
    let batch = format!("cd incoming\nput -r {}\n", folder.display());
    daemon.sftp_ok(label, &batch);
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    daemon.wait_status(&name, "needs_qc")
}

fn deliver(daemon: &TestDaemon, label: &Label, folder: &Path) -> String {
    let id = upload(daemon, label, folder)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let approved = daemon.approve(&id);
    assert!(approved.status.success(), "{}", err(&approved));
    wait("the delivery", || {
        (daemon.package(&id)["status"] == "delivered").then_some(())
    });
    id
}

fn pushes(daemon: &TestDaemon, kind: &str) -> Vec<Value> {
    let list = daemon.ask(&["push", "list"]);
    let list = list["pushes"].as_array().unwrap().clone();
    list.into_iter()
        .filter(|push| push["kind"] == kind)
        .collect()
}

fn wait_taken_down(daemon: &TestDaemon, number: usize) {
    wait("the takedowns to be sent", || {
        let made = pushes(daemon, "takedown");
        let states: Vec<&str> = made.iter().map(|p| p["state"].as_str().unwrap()).collect();
        let done = states
            .iter()
            .all(|state| matches!(*state, "sent" | "acknowledged"));
        assert!(!states.contains(&"failed"), "{made:?}");
        (made.len() == number && done).then_some(())
    });
}

fn install_schemas(daemon: &TestDaemon) -> bool {
    let Some(shared) = shared() else { return false };
    let schemas = shared.join("schemas").display().to_string();
    daemon.ask(&["schemas", "install", &schemas]);
    true
}

/// Reads a message, and holds it to the official schema where that is here.
fn message(daemon: &TestDaemon, file: &Path, is_checked: bool) -> Message {
    let bytes = fs::read(file).unwrap();
    let reading = ern::read(&bytes, &Limits::default());
    if is_checked {
        let facts = Schemas::open(&daemon.data().join("schemas")).check(&reading, Profile::Strict);
        assert!(
            matches!(facts.check, SchemaCheck::Official { .. }),
            "{facts:?}"
        );
        assert_eq!(
            facts.total,
            0,
            "{facts:?}\n{}",
            String::from_utf8_lossy(&bytes)
        );
    }
    reading.message.unwrap()
}

fn thread(message: &Message) -> String {
    message.header.thread_id.as_ref().unwrap().value.clone()
}

/// Identifiers, times and people of one run.
fn scrubbed(text: &str) -> String {
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let mut done = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, done: &mut String| {
        let is_id = word.len() == 26
            && word
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        done.push_str(if is_id { "ID" } else { word });
        word.clear();
    };
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
        } else {
            flush(&mut word, &mut done);
            done.push(letter);
        }
    }
    flush(&mut word, &mut done);
    done.replace(&format!(" by {}", user.trim()), " by USER")
}

/// Lines from one that begins with `from`, as far as the next empty one.
fn section(text: &str, from: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with(from))
        .take_while(|line| !line.trim().is_empty())
        .collect();
    lines.join("\n")
}

/// Cuts every `<name …>…</name>`.
fn without(text: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text.to_owned();
    while let (Some(begin), Some(end)) = (rest.find(&open), rest.find(&close)) {
        rest.replace_range(begin..end + close.len(), "");
    }
    rest
}

/// The label's takedown: its message alone, without files and deals, made now.
fn takedown_folder(daemon: &TestDaemon, folder: &Path, name: &str) -> PathBuf {
    let text = fs::read_to_string(folder.join("metadata.xml")).unwrap();
    let text = without(&without(&text, "File"), "DealList")
        .replace("2026-11-02T09:00:00Z", &now())
        .replace("-1</MessageId>", "-2</MessageId>");
    let own = daemon.home.path().join("label").join(name);
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("metadata.xml"), text).unwrap();
    own
}

#[test]
fn an_operator_takes_a_release_down_in_the_form_of_each_dsp_and_it_can_come_back() {
    if !is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let mut daemon = TestDaemon::prepare(SETTINGS);
    let is_checked = install_schemas(&daemon);
    let dated = folder_store(
        &daemon,
        "dated",
        "Dated Store",
        "message = \"ern_43\"\nchoreography = \"release_by_release\"\ntakedown = \"end_date\"\n",
    );
    let purger = folder_store(
        &daemon,
        "purger",
        "Purging Store",
        "message = \"ern_382\"\npurge = true\n",
    );
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    fs::create_dir_all(sshd.inbox.join("acks")).unwrap();
    daemon.profile(
        "batch",
        &format!(
            "name = \"Batch Store\"\nmessage = \"ern_43\"\nchoreography = \"batch\"\nacknowledgements = \"acks\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n[batch]\nwindow_seconds = 1\n\n[transport]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\nhost_key = \"{}\"\nkey_file = \"{}\"\n",
            sshd.port,
            user.trim(),
            sshd.host_key,
            sshd.user_key.display()
        ),
    );
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store,dated,purger,batch"]);
    let spec = on_sale(701);
    let folder = daemon.material(&spec);
    let id = deliver(&daemon, &label, &folder);
    let first_thread = thread(&message(
        &daemon,
        &entries(&dated)[0].join(format!("{}.xml", spec.icpn)),
        is_checked,
    ));

    // What it would be is seen before.
    let preview = daemon.command(&["push", "preview", &id, "--dsp", "dated", "--takedown"]);
    assert!(preview.status.success(), "{preview:?}");
    assert!(
        out(&preview).contains("a message whose deals have ended"),
        "{}",
        out(&preview)
    );

    // As people read barcodes off a sleeve.
    let typed = format!(
        "{} {}-{}",
        &spec.icpn[..1],
        &spec.icpn[1..7],
        &spec.icpn[7..]
    );
    let reason = "Sample in track 1 not cleared";
    // Purged where that is taken, and nowhere else.
    let done = daemon.command(&["push", "takedown", &typed, "--purge", "--reason", reason]);
    assert!(done.status.success(), "{}", err(&done));
    insta::assert_snapshot!("takedown_ordered", scrubbed(&out(&done)));
    wait_taken_down(&daemon, 4);

    let file = format!("{}.xml", spec.icpn);
    let there = entries(&dated);
    assert_eq!(there.len(), 2, "{there:?}");
    let urgent = there.iter().find(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("P_")
    });
    let ended = message(&daemon, &urgent.unwrap().join(&file), is_checked);
    assert_eq!(thread(&ended), first_thread, "one thread for ever");
    let deals: Vec<_> = ended.deals.iter().flat_map(|deal| &deal.deals).collect();
    assert!(!deals.is_empty());
    let today = jiff::Timestamp::now().to_string()[..10].to_owned();
    for deal in deals {
        let end = deal.end.as_ref().unwrap().as_str();
        assert!(end[..10] < *today, "{end} is over");
    }
    assert_eq!(entries(urgent.unwrap()).len(), 1, "no files");

    let there = entries(&purger);
    assert_eq!(there.len(), 2, "{there:?}");
    let purged = there
        .iter()
        .find(|path| path.to_string_lossy().contains("_takedown_"))
        .unwrap();
    let purge = message(&daemon, &purged.join(&file), is_checked);
    assert_eq!(purge.kind, MessageKind::Purge);

    let batches: Vec<PathBuf> = entries(&sshd.inbox)
        .into_iter()
        .filter(|path| path.join(&spec.icpn).is_dir())
        .collect();
    assert_eq!(batches.len(), 2, "{batches:?}");
    let off = message(
        &daemon,
        &batches[1].join(&spec.icpn).join(&file),
        is_checked,
    );
    assert!(off.deals.is_empty());
    assert_eq!(
        thread(&off),
        thread(&message(
            &daemon,
            &batches[0].join(&spec.icpn).join(&file),
            is_checked
        ))
    );
    let id_of_batch = batches[1]
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let manifest =
        fs::read_to_string(batches[1].join(format!("BatchComplete_{id_of_batch}.xml"))).unwrap();
    assert!(
        manifest.contains("<DeliveryType>TakeDown</DeliveryType>"),
        "{manifest}"
    );

    let archived = entries(&daemon.dsp());
    assert_eq!(archived.len(), 2, "{archived:?}");
    let note = archived
        .iter()
        .find(|path| path.to_string_lossy().contains("_takedown_"))
        .unwrap();
    let note = fs::read_to_string(note.join("TAKEDOWN.txt")).unwrap();
    assert!(
        note.contains(&spec.icpn) && !note.contains(reason),
        "{note}"
    );

    // The label reads where from, and why.
    let mails = daemon.mails();
    let told = mails.last().unwrap();
    for words in [
        "Taken down",
        "Dated Store",
        "Purging Store",
        "Batch Store",
        "not cleared",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let shown = daemon.package(&id);
    assert_eq!(shown["status"], "delivered");
    let takedown = shown["pushes"]
        .as_array()
        .unwrap()
        .iter()
        .rfind(|p| p["kind"] == "takedown")
        .unwrap();
    assert_eq!(takedown["reason"], reason);
    assert_eq!(takedown["ordered_by"].as_str().unwrap(), user.trim());
    let shown = scrubbed(&out(&daemon.command(&["package", "show", &id])));
    assert!(
        shown.contains(&format!("takedown by USER ({reason}) ID to dated: sent")),
        "{shown}"
    );

    // What the store says of the takedown is heard.
    let message_id = off.header.message_id.unwrap().value;
    let ack = format!(
        "<?xml version=\"1.0\"?><c:FtpAcknowledgementMessage xmlns:c=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\"><MessageHeader/><AcknowledgedFile><ReleaseId>{}</ReleaseId></AcknowledgedFile><FileStatus>FileOK</FileStatus></c:FtpAcknowledgementMessage>",
        spec.icpn
    );
    fs::write(sshd.inbox.join("acks/.one"), ack).unwrap();
    fs::rename(
        sshd.inbox.join("acks/.one"),
        sshd.inbox.join("acks/ACK_one.xml"),
    )
    .unwrap();
    wait("the acknowledgement", || {
        let made = pushes(&daemon, "takedown");
        made.iter()
            .any(|push| {
                push["state"] == "acknowledged" && push["message_id"] == message_id.as_str()
            })
            .then_some(())
    });

    // A second order has nothing to do, and says so.
    let again = daemon.command(&["push", "takedown", &spec.icpn, "--reason", "once more"]);
    assert_eq!(again.status.code(), Some(4));
    insta::assert_snapshot!("takedown_refused", scrubbed(&err(&again)));

    // An older message does not undo it.
    let mut stale = spec.clone();
    stale.title = "Harbour Lights (Again)".to_owned();
    stale.created = "2026-11-03T09:00:00Z".to_owned();
    let old = daemon.material(&stale);
    daemon.sftp_ok(&label, &format!("cd incoming\nput -r {}\n", old.display()));
    let invalid = daemon.wait_status(&old.file_name().unwrap().to_string_lossy(), "invalid");
    let findings = invalid["findings"].as_array().unwrap();
    let older = findings
        .iter()
        .find(|finding| finding["code"] == "HDR-005")
        .unwrap();
    assert!(
        older["message"]
            .as_str()
            .unwrap()
            .contains("we took the release down"),
        "{older}"
    );

    // A newer one brings it back, when a person agrees.
    let mut fresh = stale;
    fresh.title = "Harbour Lights (Cleared)".to_owned();
    fresh.created = now();
    fresh.message_id = "QS-000701-3".to_owned();
    let back = daemon.material(&fresh);
    let waiting = upload(&daemon, &label, &back);
    let questions = waiting["questions"].as_array().unwrap();
    assert!(questions.contains(&Value::from("UPD-012")), "{waiting}");
    let id = waiting["id"].as_str().unwrap();
    assert!(daemon.approve(id).status.success());
    wait("the delivery", || {
        (daemon.package(id)["status"] == "delivered").then_some(())
    });
    let made = daemon.package(id)["pushes"].as_array().unwrap().clone();
    assert!(made.iter().all(|push| push["kind"] == "new"), "{made:?}");
    let there = entries(&dated);
    let newest = message(
        &daemon,
        &there
            .iter()
            .rfind(|p| p.to_string_lossy().contains("/N_"))
            .unwrap()
            .join(&file),
        is_checked,
    );
    assert_eq!(thread(&newest), first_thread);
    assert!(
        newest
            .deals
            .iter()
            .flat_map(|deal| &deal.deals)
            .all(|deal| deal.end.is_none())
    );
}

#[test]
fn a_label_takes_its_release_down_by_a_message_without_deals() {
    let mut daemon = TestDaemon::prepare(SETTINGS);
    let is_checked = install_schemas(&daemon);
    let stores = [
        ("plain", "Plain Store", "message = \"ern_43\"\n"),
        (
            "dated",
            "Dated Store",
            "message = \"ern_43\"\ntakedown = \"end_date\"\n",
        ),
        (
            "purger",
            "Purging Store",
            "message = \"ern_382\"\ntakedown = \"purge\"\npurge = true\n",
        ),
    ];
    let homes = stores.map(|(id, name, more)| {
        let more = format!("{more}choreography = \"release_by_release\"\n");
        folder_store(&daemon, id, name, &more)
    });
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "plain,dated,purger"]);
    let spec = on_sale(702);
    let folder = daemon.material(&spec);

    // Never live: no takedown, but an error.
    let own = takedown_folder(&daemon, &folder, "TooEarly");
    daemon.sftp_ok(&label, &format!("cd incoming\nput -r {}\n", own.display()));
    let invalid = daemon.wait_status("TooEarly", "invalid");
    let codes: Vec<&str> = invalid["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"DEAL-001"), "{codes:?}");

    deliver(&daemon, &label, &folder);
    let own = takedown_folder(&daemon, &folder, "OffPlease");
    let waiting = upload(&daemon, &label, &own);
    assert_eq!(waiting["finding_counts"]["error"], 0, "{waiting}");
    let id = waiting["id"].as_str().unwrap().to_owned();
    assert_eq!(
        waiting["questions"],
        serde_json::json!(["UPD-004"]),
        "{}",
        waiting["findings"]
    );
    assert_eq!(waiting["takes_down"].as_array().unwrap().len(), 3);
    assert_eq!(waiting["takes_down"][0]["form"], "end_date");
    let shown = out(&daemon.command(&["qc", "show", &id]));
    insta::assert_snapshot!(
        "takedown_to_approve",
        scrubbed(&section(&shown, "TAKEDOWN"))
    );
    let mails = daemon.mails();
    assert!(
        mails
            .last()
            .unwrap()
            .contains("takes a release that is live off the stores"),
        "{mails:?}"
    );

    let approved = daemon.approve(&id);
    assert!(approved.status.success(), "{}", err(&approved));
    wait("the takedown", || {
        (daemon.package(&id)["status"] == "delivered").then_some(())
    });
    let file = format!("{}.xml", spec.icpn);
    let messages = homes.each_ref().map(|home| {
        let there = entries(home);
        let off = there
            .iter()
            .find(|path| path.to_string_lossy().contains("/P_"))
            .unwrap();
        message(&daemon, &off.join(&file), is_checked)
    });
    assert!(messages[0].deals.is_empty());
    let ends: Vec<_> = messages[1]
        .deals
        .iter()
        .flat_map(|deal| &deal.deals)
        .map(|deal| &deal.end)
        .collect();
    assert!(
        !ends.is_empty() && ends.iter().all(|end| end.is_some()),
        "{ends:?}"
    );
    assert_eq!(messages[2].kind, MessageKind::Purge);
    let mails = daemon.mails();
    let told = mails.last().unwrap();
    for words in [
        "has been taken down",
        "Plain Store: they have our message",
        "Purging Store",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let kept = daemon
        .data()
        .join("labels")
        .join(&label.id)
        .join("acknowledgements");
    assert_eq!(entries(&kept).len(), 3, "one for each package");
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_sentence() {
    let daemon = TestDaemon::prepare(SETTINGS);
    daemon.label("quayside", &[]);
    for (arguments, code, words) in [
        (
            &["4006381333931", "--reason", " "][..],
            2,
            "--reason is empty",
        ),
        (&["4006381333931"], 2, "--reason"),
        (
            &["4006381333931", "--reason", "x"],
            3,
            "no label has a release with the barcode",
        ),
        (
            &["NOSUCHPACKAGE", "--reason", "x"],
            3,
            "there is no package",
        ),
    ] {
        let mut all = vec!["push", "takedown"];
        all.extend_from_slice(arguments);
        let refused = daemon.command(&all);
        assert_eq!(
            refused.status.code(),
            Some(code),
            "{arguments:?}: {refused:?}"
        );
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    for (more, words) in [
        (
            "takedown = \"purge\"\nmessage = \"ern_43\"\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n",
            "take no PurgeReleaseMessage",
        ),
        (
            "takedown = \"end_date\"\n",
            "`takedown` is about a generated message",
        ),
    ] {
        daemon.profile(
            "wrong",
            &format!(
                "name = \"Wrong\"\n{more}\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
                daemon.dsp().display()
            ),
        );
        let checked = daemon.command(&["config", "check"]);
        let said = format!("{}{}", out(&checked), err(&checked));
        assert!(!checked.status.success() && said.contains(words), "{said}");
    }
}
