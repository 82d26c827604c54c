//! Approval to delivery by the daemon, with a real partner: OpenSSH's server, reached, down,
//! replaced by somebody else, and cut off in the middle.

mod rare;

use crate::deliver::s3::Shop;
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

/// A store that takes ERN 4.3 in batches of two, wants FLAC, and answers.
fn batch_store(daemon: &TestDaemon) -> PathBuf {
    let home = daemon.home.path().join("batches");
    for folder in ["in", "acks"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    let toml = format!(
        "name = \"Batch Store\"\nmessage = \"ern_43\"\nchoreography = \"batch\"\ndirectory = \"in\"\nacknowledgements = \"acks\"\ndelivered_when = \"acknowledged\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n[batch]\nwindow_seconds = 86400\npackages = 2\n\n[audio]\nformat = \"flac\"\n\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
        home.display()
    );
    daemon.profile("batch", &toml);
    home
}

fn answer(acks: &Path, icpn: &str, status: &str) {
    let xml = format!(
        "<?xml version=\"1.0\"?><c:FtpAcknowledgementMessage xmlns:c=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\"><MessageHeader/><AcknowledgedFile><ReleaseId>{icpn}</ReleaseId></AcknowledgedFile><FileStatus>{status}</FileStatus></c:FtpAcknowledgementMessage>"
    );
    // As a careful DSP does it.
    let hidden = acks.join(format!(".{icpn}"));
    fs::write(&hidden, xml).unwrap();
    fs::rename(hidden, acks.join(format!("ACK_{icpn}_{status}.xml"))).unwrap();
}

#[test]
fn two_releases_share_a_batch_in_ern_43_and_the_store_answers() {
    let settings = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n[deliver]\nacknowledgements_seconds = 1\n";
    let mut daemon = TestDaemon::prepare(settings);
    let home = batch_store(&daemon);
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "batch"]);
    let folders = [daemon.material(&release(40)), daemon.material(&release(41))];
    let first = approve(&daemon, &label, &folders[0]);
    let waiting = push(&daemon, "batch").unwrap();
    assert_eq!(
        waiting["state"], "queued",
        "it waits for another: {waiting}"
    );
    let second = approve(&daemon, &label, &folders[1]);
    wait_push(&daemon, "batch", |push| {
        let listed = &push["last_error"];
        assert!(listed.is_null(), "{push}");
        push["state"] == "sent"
    });
    let there = entries(&home.join("in"));
    assert_eq!(there.len(), 1, "one batch: {there:?}");
    let id = name_of(&there[0]);
    assert!(
        id.len() == 17 && id.bytes().all(|b| b.is_ascii_digit()),
        "{id}"
    );
    let manifest = fs::read(there[0].join(format!("BatchComplete_{id}.xml"))).unwrap();
    let manifest = dropzone::domain::ern::read_manifest("m", &manifest).unwrap();
    assert_eq!(manifest.messages.len(), 2);
    let mut icpns = Vec::new();
    for (package, listed) in [&first, &second].into_iter().zip(&manifest.messages) {
        let shown = daemon.package(package);
        let icpn = shown["icpn"].as_str().unwrap().to_owned();
        assert_eq!(listed.url.as_deref(), Some(&*format!("{icpn}/{icpn}.xml")));
        let xml = fs::read(there[0].join(format!("{icpn}/{icpn}.xml"))).unwrap();
        let reading =
            dropzone::domain::ern::read(&xml, &dropzone::domain::limits::Limits::default());
        let message = reading.message.unwrap();
        assert_eq!(message.version, "43");
        let id = message.header.message_id.unwrap().value;
        assert_eq!(Some(&id), listed.message_id.as_ref());
        for file in entries(&there[0].join(&icpn).join("resources")) {
            let name = name_of(&file);
            assert!(String::from_utf8_lossy(&xml).contains(&name), "{name}");
            if name.ends_with(".flac") {
                let tested = Command::new("flac").args(["-s", "-t"]).arg(&file).status();
                assert!(tested.is_ok_and(|status| status.success()), "{name}");
            } else {
                assert!(name.ends_with(".jpg"), "{name}");
            }
        }
        assert_eq!(shown["status"], "qc_approved", "sent is not delivered here");
        icpns.push(icpn);
    }
    assert_ne!(icpns[0], icpns[1]);
    answer(&home.join("acks"), &icpns[0], "ResourceCorrupt");
    answer(&home.join("acks"), &icpns[1], "FileOK");
    daemon.wait_status(&name_of(&folders[1]), "delivered");
    let refused = wait_push(&daemon, "batch", |push| push["state"] == "refused");
    assert_eq!(refused["last_error"], "The DSP answered ResourceCorrupt.");
    answer(&home.join("acks"), &icpns[0], "FileOK");
    daemon.wait_status(&name_of(&folders[0]), "delivered");
    let mails = daemon.mails();
    let delivered = mails.last().unwrap();
    assert!(
        delivered.contains("Batch Store, confirmed by them"),
        "{delivered}"
    );

    // The label's machines were told as well, and cannot write there.
    let listed = daemon.sftp_ok(&label, "ls -1 acknowledgements\n");
    assert_eq!(listed.matches("ACK_").count(), 2, "{listed}");
    let kept = daemon
        .data()
        .join("labels")
        .join(&label.id)
        .join("acknowledgements");
    for file in entries(&kept) {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("<FileStatus>FileOK</FileStatus>"), "{text}");
    }
}

#[test]
fn a_partner_with_a_bucket_gets_the_release_and_answers_there() {
    let Some(shop) = Shop::open() else { return };
    let settings = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n[deliver]\nacknowledgements_seconds = 1\n";
    let mut daemon = TestDaemon::prepare(settings);
    let (access, secret) = shop.files(&shop.partner);
    let toml = format!(
        "name = \"Bucket Partner\"\nmessage = \"ern_43\"\nchoreography = \"batch\"\ndirectory = \"in\"\nacknowledgements = \"acks\"\ndelivered_when = \"acknowledged\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n[batch]\npackages = 1\n\n[transport]\nkind = \"s3\"\nbucket = \"releases\"\nprefix = \"acme\"\nendpoint = \"http://127.0.0.1:{}\"\naccess_key_file = \"{}\"\nsecret_key_file = \"{}\"\n",
        shop.port,
        access.display(),
        secret.display()
    );
    daemon.profile("bucket", &toml);
    let checked = daemon.command(&["config", "check", "--online"]);
    assert!(checked.status.success(), "{checked:?}");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "bucket"]);
    let folder = daemon.material(&release(47));
    approve(&daemon, &label, &folder);
    let sent = wait_push(&daemon, "bucket", |push| push["state"] == "sent");
    let location = sent["location"].as_str().unwrap();
    let batch = sent["batch"].as_str().unwrap();
    assert_eq!(location, format!("s3://releases/acme/in/{batch}"));
    let objects = shop.objects();
    let manifest = shop.read(&format!("acme/in/{batch}/BatchComplete_{batch}.xml"));
    let manifest = dropzone::domain::ern::read_manifest("m", &manifest).unwrap();
    let message = format!(
        "acme/in/{batch}/{}",
        manifest.messages[0].url.as_deref().unwrap()
    );
    assert!(objects.contains_key(&message), "{message}: {objects:?}");
    for object in objects.values() {
        assert_eq!(
            object["metadata"]["x-amz-meta-sha256"], object["sha256"],
            "{object}"
        );
    }
    let icpn = message.rsplit('/').next().unwrap().trim_end_matches(".xml");
    let acks = daemon.home.path().join("acks");
    fs::create_dir(&acks).unwrap();
    answer(&acks, icpn, "FileOK");
    for file in entries(&acks) {
        let key = format!("acme/acks/{}", name_of(&file));
        shop.put(&key, &fs::read(&file).unwrap());
    }
    daemon.wait_status(&name_of(&folder), "delivered");
    let log = fs::read_to_string(daemon.log()).unwrap();
    for kept in [&shop.partner.0, &shop.partner.1] {
        assert!(!log.contains(kept.as_str()), "keys are not in the log");
    }
}

#[test]
fn preflight_tells_the_reviewer_and_blocks_one_store_only() {
    let settings = "[party]\ndpid = \"PADPIDA2026112601A\"\nname = \"Example Distribution\"\n";
    let mut daemon = TestDaemon::prepare(settings);
    for (id, name, more) in [
        ("easy", "Easy Store", ""),
        ("strict", "Strict Store", "[requires]\ncomposer = true\n\n"),
    ] {
        let inbox = daemon.home.path().join(id);
        fs::create_dir_all(&inbox).unwrap();
        let toml = format!(
            "name = \"{name}\"\nmessage = \"ern_43\"\nchoreography = \"release_by_release\"\n\n[message_options]\ndpid = \"PADPIDA2026112602B\"\n\n{more}[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            inbox.display()
        );
        daemon.profile(id, &toml);
    }
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "easy,strict"]);
    let folder = daemon.material(&release(45));
    // The last track's composer is taken out.
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    let begin = text.rfind("<IndirectResourceContributor ").unwrap();
    let end = "</IndirectResourceContributor>";
    let behind = text.rfind(end).unwrap() + end.len();
    fs::write(&message, format!("{}{}", &text[..begin], &text[behind..])).unwrap();
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let package = daemon.wait_status(&name_of(&folder), "needs_qc");
    let id = package["id"].as_str().unwrap();

    let said = "ready for Easy Store; Strict Store needs a composer on track 3";
    for command in [&["qc", "list"][..], &["qc", "show", id]] {
        let shown = String::from_utf8(daemon.command(command).stdout).unwrap();
        assert!(shown.contains(said), "{command:?}: {shown}");
    }
    let listed = daemon.ask(&["qc", "list"]);
    assert_eq!(listed["packages"][0]["preflight"], said);
    let preview = daemon.command(&["push", "preview", id, "--dsp", "strict"]);
    assert_eq!(preview.status.code(), Some(1), "{preview:?}");

    let approved = daemon.approve(id);
    assert!(approved.status.success(), "{approved:?}");
    let warned = String::from_utf8(approved.stderr).unwrap();
    assert!(
        warned.contains("Strict Store needs a composer on track 3"),
        "{warned}"
    );
    wait_push(&daemon, "easy", |push| push["state"] == "sent");
    let blocked = wait_push(&daemon, "strict", |push| push["state"] == "blocked");
    let why = blocked["last_error"].as_str().unwrap();
    assert!(
        why.starts_with("Strict Store needs a composer on track 3."),
        "{why}"
    );
    let shown = String::from_utf8(daemon.command(&["push", "list"]).stdout).unwrap();
    assert!(shown.contains("needs a composer on track 3"), "{shown}");
    assert_eq!(entries(&daemon.home.path().join("easy")).len(), 1);
    assert!(entries(&daemon.home.path().join("strict")).is_empty());
    daemon.wait_status(&name_of(&folder), "delivered");

    // The store changes its mind: a retry is enough.
    let toml = fs::read_to_string(daemon.home.path().join("dsps/strict.toml")).unwrap();
    daemon.profile(
        "strict",
        &toml.replace("composer = true", "composer = false"),
    );
    daemon.signal(rustix::process::Signal::HUP);
    wait("the new profile in force", || {
        let log = fs::read_to_string(daemon.log()).unwrap();
        log.contains("configuration read again").then_some(())
    });
    daemon.ask(&["push", "retry", blocked["id"].as_str().unwrap()]);
    wait_push(&daemon, "strict", |push| push["state"] == "sent");
    assert_eq!(entries(&daemon.home.path().join("strict")).len(), 1);
}
