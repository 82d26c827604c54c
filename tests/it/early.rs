//! Files are inspected as soon as they are closed, and nothing is inspected twice: through the
//! running daemon, by what it logs.

use crate::kit::{Label, TestDaemon, release, wait};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Looks soon, and says in JSON what it does.
const LOG: &str = "[log]\nformat = \"json\"\n";

/// Lines of the daemon's log with that message.
fn told(daemon: &TestDaemon, message: &str) -> Vec<Value> {
    let log = fs::read_to_string(daemon.log()).unwrap();
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == message)
        .collect()
}

/// Names of the files that were inspected as they were closed, sorted.
fn early(daemon: &TestDaemon) -> Vec<String> {
    let mut names: Vec<String> = told(daemon, "a closed file was inspected")
        .iter()
        .map(|line| name_of(Path::new(line["file"].as_str().unwrap().trim_matches('"'))))
        .collect();
    names.sort();
    names
}

/// Files measured and known at each verdict.
fn verdicts(daemon: &TestDaemon) -> Vec<(u64, u64)> {
    told(daemon, "package inspected")
        .iter()
        .map(|line| {
            (
                line["measured"].as_u64().unwrap(),
                line["known"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn upload(daemon: &TestDaemon, label: &Label, folder: &Path, name: &str) {
    daemon.sftp_ok(
        label,
        &format!(
            "cd incoming\nmkdir {name}\ncd {name}\nput {}/*\n",
            folder.display()
        ),
    );
}

/// The same message with a line feed more: the very same would be no new attempt.
fn another_message(folder: &Path) {
    let message = folder.join("metadata.xml");
    let text = fs::read_to_string(&message).unwrap();
    fs::write(&message, text + "\n").unwrap();
}

const SOUNDS_AND_COVER: [&str; 4] = [
    "01_HarbourLights.wav",
    "02_LowWater.wav",
    "03_LastBoatHome.wav",
    "artwork.jpg",
];

#[test]
fn files_are_inspected_while_the_release_is_uploading_and_never_again() {
    let mut daemon = TestDaemon::start(LOG);
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(61));
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir first\ncd first\nput {0}/0*\nput {0}/art*\n",
            folder.display()
        ),
    );
    wait("the closed files to be inspected", || {
        (early(&daemon) == SOUNDS_AND_COVER).then_some(())
    });
    let waiting = daemon.packages();
    assert_eq!(
        waiting[0]["status"], "receiving",
        "its message is still missing"
    );
    daemon.sftp_ok(
        &label,
        &format!("cd incoming/first\nput {}/metadata.xml\n", folder.display()),
    );
    let first = daemon.wait_status("first", "needs_qc");
    assert_eq!(verdicts(&daemon), [(0, 5)]);
    let line = &told(&daemon, "package inspected")[0];
    assert!(line["verdict_ms"].is_u64(), "{line}");

    // The same sounds and cover under another folder name, and once more after a restart.
    another_message(&folder);
    upload(&daemon, &label, &folder, "second");
    let second = daemon.wait_status("second", "needs_qc");
    daemon.kill();
    daemon.run();
    another_message(&folder);
    upload(&daemon, &label, &folder, "third");
    let third = daemon.wait_status("third", "needs_qc");
    assert_eq!(verdicts(&daemon), [(0, 5), (0, 5), (0, 5)]);
    assert_eq!(
        early(&daemon),
        SOUNDS_AND_COVER,
        "nothing was inspected again"
    );
    for later in [&second, &third] {
        assert_eq!(later["tracks"], first["tracks"]);
        assert_eq!(later["artwork"], first["artwork"]);
    }
}

#[test]
fn early_inspection_changes_no_report() {
    let folder_of = |early: bool| {
        let daemon = TestDaemon::start(&format!(
            "{LOG}\n[inspect]\nearly = {early}\nremembered_mib = {}\n",
            if early { 16 } else { 0 }
        ));
        let label = daemon.label("quayside", &[]);
        let mut spec = release(62);
        spec.tracks[1].signal.channels = 1;
        let folder = daemon.material(&spec);
        upload(&daemon, &label, &folder, "release");
        let package = daemon.wait_status("release", "invalid");
        let [(measured, known)] = verdicts(&daemon)[..] else {
            panic!("one verdict");
        };
        // Without early inspection the files are read, but not hashed once more. With it the last
        // file may still be under way when the folder is taken.
        if early {
            assert!(known > 1 && measured + known == 5, "{measured} {known}");
        } else {
            assert_eq!((measured, known), (4, 1));
        }
        (
            package["tracks"].clone(),
            package["artwork"].clone(),
            package["findings"].clone(),
        )
    };
    assert_eq!(folder_of(true), folder_of(false));
}

#[test]
fn a_file_overwritten_after_it_was_inspected_is_judged_by_its_new_content() {
    let daemon = TestDaemon::start(LOG);
    let label = daemon.label("quayside", &[]);
    let mut spec = release(63);
    spec.state_hashes = false;
    let good = daemon.material(&spec);
    spec.tracks[0].signal.channels = 1;
    let bad = daemon.home.path().join("bad");
    fs::create_dir(&bad).unwrap();
    let mono = daemon.home.path().join("mono");
    dropzone::cli::demo::material::release(&mono, &spec).unwrap();
    fs::rename(
        mono.join("01_HarbourLights.wav"),
        bad.join("01_HarbourLights.wav"),
    )
    .unwrap();
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming\nmkdir release\ncd release\nput {}/0*\n",
            good.display()
        ),
    );
    wait("the first content to be inspected", || {
        (early(&daemon).len() == 3).then_some(())
    });
    daemon.sftp_ok(
        &label,
        &format!(
            "cd incoming/release\nput {}/*\nput {}/[am]*\n",
            bad.display(),
            good.display()
        ),
    );
    let package = daemon.wait_status("release", "invalid");
    assert_eq!(package["tracks"][0]["channels"], 1);
    let codes = package["findings"].to_string();
    assert!(codes.contains("AUD-013"), "{codes}");
}

#[test]
fn killed_while_it_inspects_a_closed_file_the_daemon_goes_on() {
    let mut daemon = TestDaemon::prepare(LOG);
    daemon.set("DROPZONE_CRASH_AT", "early.look");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(64));
    // The connection breaks with the daemon.
    daemon.sftp(
        &label,
        &format!(
            "cd incoming\nmkdir release\ncd release\nput {}/*\n",
            folder.display()
        ),
    );
    daemon.wait_for_end();
    daemon.set("DROPZONE_CRASH_AT", "");
    daemon.run();
    upload_again(&daemon, &label, &folder);
    let package = daemon.wait_status("release", "needs_qc");
    assert_eq!(package["tracks"].as_array().unwrap().len(), 3);
}

/// Into the folder as the crash left it, which may have been taken already.
fn upload_again(daemon: &TestDaemon, label: &Label, folder: &Path) {
    daemon.sftp(
        label,
        &format!(
            "cd incoming\n-mkdir release\ncd release\nput {}/*\n",
            folder.display()
        ),
    );
}
