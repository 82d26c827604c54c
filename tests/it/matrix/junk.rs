//! What macOS and Windows put beside a release: taken without a word, no part of the release, and
//! never sent on.

use crate::kit::{TestDaemon, small_release};
use std::fs;
use std::path::Path;

const JUNK: [&str; 6] = [
    ".DS_Store",
    "._01_HarbourLights.wav",
    "Thumbs.db",
    "desktop.ini",
    "__MACOSX/._artwork.jpg",
    "__MACOSX/.DS_Store",
];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn junk_beside_a_release_disturbs_nobody() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &["--dsp", "store"]);
    let spec = small_release(330);
    let folder = daemon.material(&spec);
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let mut wanted = names(&folder);
    fs::create_dir(folder.join("__MACOSX")).unwrap();
    for junk in JUNK {
        fs::write(folder.join(junk), "junk").unwrap();
    }
    daemon.sftp_ok(&label, &format!("put -r {} incoming/\n", folder.display()));
    let package = daemon.wait_status(&name, "needs_qc");
    assert_eq!(package["finding_counts"]["error"], 0, "{package}");

    // A Finder window that looks into the claimed folder leaves its file there.
    let again = daemon.sftp(
        &label,
        &format!("put {}/.DS_Store incoming/{name}/\n", folder.display()),
    );
    assert!(again.status.success(), "{again:?}");
    // By the time another release has come all the way, that would have become an attempt.
    let other = small_release(331);
    let second = daemon.material(&other);
    daemon.sftp_ok(&label, &format!("put -r {} incoming/\n", second.display()));
    daemon.wait_status(second.file_name().unwrap().to_str().unwrap(), "needs_qc");
    let attempts: Vec<_> = daemon.packages();
    let of_first = attempts.iter().filter(|package| package["folder"] == *name);
    assert_eq!(of_first.count(), 1, "{attempts:?}");

    let approved = daemon.approve(package["id"].as_str().unwrap());
    assert!(approved.status.success(), "{approved:?}");
    daemon.wait_status(&name, "delivered");
    let at_dsp = fs::read_dir(daemon.dsp())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    wanted.push("delivery.complete".to_owned());
    wanted.sort();
    assert_eq!(names(&at_dsp), wanted);
}
