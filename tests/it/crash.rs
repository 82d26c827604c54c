//! `kill -9` at every step: after a restart every package reaches its status, nothing that was
//! acknowledged is lost, nothing is pushed half or twice.

use crate::kit::{Label, TestDaemon, release, wait};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Every place where the daemon can be told to die.
const POINTS: &[&str] = &[
    "after_fence",
    "after_intent",
    "after_rename",
    "after_sync",
    "after_manifest",
    "after_claimed",
    "judge.before_apply",
    "mail.before_send",
    "mail.before_mark",
    "push.after_claim",
    "push.revealing",
    "push.before_mark",
];

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

/// Leads the folder to `delivered`, restarting the daemon when it dies on the way.
fn lead_home(daemon: &mut TestDaemon, folder: &Path) {
    let name = name_of(folder);
    let approve = |daemon: &TestDaemon| {
        let packages = daemon.packages();
        let ready = packages
            .iter()
            .find(|p| p["folder"] == *name && p["status"] == "needs_qc");
        if let Some(package) = ready {
            daemon.approve(package["id"].as_str().unwrap());
        }
    };
    wait("the package to be delivered", || {
        if daemon.has_ended() {
            daemon.set("DROPZONE_CRASH_AT", "");
            daemon.run();
        }
        approve(daemon);
        daemon
            .packages()
            .iter()
            .any(|p| p["folder"] == *name && p["status"] == "delivered")
            .then_some(())
    });
}

fn assert_whole(daemon: &TestDaemon, folder: &Path, point: &str) {
    let at_dsp: Vec<_> = fs::read_dir(daemon.dsp())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(
        at_dsp.len(),
        1,
        "{point}: one release at the DSP: {at_dsp:?}"
    );
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let there = fs::read(at_dsp[0].join(entry.file_name())).unwrap();
        assert!(
            there == fs::read(entry.path()).unwrap(),
            "{point}: {:?} arrived whole",
            entry.file_name()
        );
    }
    assert!(at_dsp[0].join("delivery.complete").is_file(), "{point}");
    let mails = daemon.mails();
    let ids: BTreeSet<&str> = mails
        .iter()
        .filter_map(|mail| {
            mail.lines()
                .find(|line| line.to_ascii_lowercase().starts_with("message-id:"))
        })
        .collect();
    assert_eq!(
        ids.len(),
        4,
        "{point}: incoming, needs_qc, qc_approved, delivered once each"
    );
    assert_eq!(mails.len(), 4, "{point}: no letter twice");
    let packages = daemon.packages();
    assert_eq!(packages.len(), 1, "{point}: {packages:?}");
}

fn upload(daemon: &TestDaemon, label: &Label, folder: &Path) {
    daemon.sftp_ok(
        label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
}

#[test]
fn killed_at_every_point_nothing_is_lost_or_done_twice() {
    for (number, point) in POINTS.iter().enumerate() {
        let mut daemon = TestDaemon::prepare("");
        let mut spec = release(100 + u32::try_from(number).unwrap());
        spec.tracks.truncate(1);
        let folder = daemon.material(&spec);
        daemon.set("DROPZONE_CRASH_AT", point);
        daemon.run();
        let label = daemon.label("quayside", &["--dsp", "store"]);
        upload(&daemon, &label, &folder);
        let mut died = false;
        wait("the crash point or the end", || {
            died = died || daemon.has_ended();
            if died {
                return Some(());
            }
            for package in daemon
                .packages()
                .iter()
                .filter(|p| p["status"] == "needs_qc")
            {
                daemon.approve(package["id"].as_str().unwrap());
            }
            daemon
                .packages()
                .iter()
                .any(|p| p["status"] == "delivered")
                .then_some(())
        });
        assert!(died, "{point} was never reached");
        lead_home(&mut daemon, &folder);
        assert_whole(&daemon, &folder, point);
    }
}

/// A daemon that died before it knew whether a release is at the DSP; with the package's identifier.
fn with_a_question(number: u32) -> (TestDaemon, std::path::PathBuf, String) {
    let mut daemon = TestDaemon::prepare("");
    let mut spec = release(number);
    spec.tracks.truncate(1);
    let folder = daemon.material(&spec);
    daemon.set("DROPZONE_CRASH_AT", "push.before_mark");
    daemon.run();
    let label = daemon.label("quayside", &["--dsp", "store"]);
    upload(&daemon, &label, &folder);
    let package = daemon.wait_status(&name_of(&folder), "needs_qc");
    let id = package["id"].as_str().unwrap().to_owned();
    daemon.approve(&id);
    wait("the crash", || daemon.has_ended().then_some(()));
    let pushes = daemon.ask(&["push", "list"]);
    assert_eq!(pushes["pushes"][0]["state"], "sent_unknown");
    (daemon, folder, id)
}

/// Meanwhile somebody blocks the release there: the question has to be asked all the same, or it
/// stays one for ever.
#[test]
fn what_may_be_at_the_dsp_is_asked_about_although_it_may_not_go_any_more() {
    let (mut daemon, folder, id) = with_a_question(160);
    let block = ["push", "override", &id, "--dsp", "store", "--block"];
    let done = daemon.command(&[&block[..], &["--reason", "rights in dispute"]].concat());
    assert!(done.status.success(), "{done:?}");
    daemon.set("DROPZONE_CRASH_AT", "");
    daemon.run();
    daemon.wait_status(&name_of(&folder), "delivered");
    assert_whole(&daemon, &folder, "push.before_mark");
}

#[test]
fn a_takedown_behind_a_question_says_what_it_waits_for() {
    let (mut daemon, _, id) = with_a_question(161);
    // The next start frees what the daemon had in hand; a pause keeps it from asking.
    let paused = daemon.command(&["push", "pause", "store"]);
    assert!(paused.status.success(), "{paused:?}");
    daemon.set("DROPZONE_CRASH_AT", "");
    daemon.run();
    let push = daemon.ask(&["push", "list"])["pushes"][0]["id"].clone();
    let taken = daemon.ask(&["push", "takedown", &id, "--reason", "a court order"]);
    let note = taken["dsps"][0]["note"].as_str().unwrap();
    let way = format!("`dropzone push confirm {}`", push.as_str().unwrap());
    assert!(note.contains(&way), "{note}");
}

#[test]
fn killed_while_uploading_the_rest_can_be_sent() {
    let mut daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let mut spec = release(150);
    spec.tracks.truncate(2);
    let folder = daemon.material(&spec);
    let name = name_of(&folder);
    // The first track is acknowledged; the second is cut by the kill.
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir {name}\ncd {name}\nput {}/01_HarbourLights.wav\n",
            folder.display()
        ),
    );
    let batch = daemon.home.path().join("slow.batch");
    fs::write(
        &batch,
        format!(
            "cd incoming/{name}\nput {}/02_LowWater.wav\n",
            folder.display()
        ),
    )
    .unwrap();
    let mut slow = Command::new("sftp")
        .args(["-q", "-l", "2000", "-P", &daemon.port.to_string(), "-i"])
        .arg(&label.key)
        .args(daemon.ssh_options())
        .arg("-b")
        .arg(&batch)
        .arg("quayside@127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = daemon
        .data()
        .join("labels")
        .join(&label.id)
        .join("partial")
        .join(&name)
        .join("02_LowWater.wav");
    wait("the second file to begin", || {
        fs::metadata(&partial)
            .is_ok_and(|m| m.len() > 0)
            .then_some(())
    });
    daemon.kill();
    slow.wait().unwrap();
    daemon.run();
    let listing = daemon.sftp_ok(&label, &format!("ls -l incoming/{name}\n"));
    assert!(
        listing.contains("02_LowWater.wav"),
        "what came is kept, to be resumed: {listing}"
    );
    let package = wait("the unfinished file to be named", || {
        let packages = daemon.packages();
        let package = daemon.package(packages.first()?["id"].as_str()?);
        package["waiting_for"]
            .to_string()
            .contains("02_LowWater.wav")
            .then_some(package)
    });
    assert_eq!(package["status"], "receiving");
    daemon.sftp_ok(
        &label,
        &format!("cd incoming/{name}\nreput {0}/02_LowWater.wav\nput {0}/artwork.jpg\nput {0}/metadata.xml\n", folder.display()),
    );
    lead_home(&mut daemon, &folder);
    assert_whole(&daemon, &folder, "upload");
}
