//! The system's clock jumps, years to and fro, while releases are on their way.

use crate::kit::{TestDaemon, skip, small_release, wait};
use crate::wire::{OK, Raw, flag};
use std::fs;
use std::path::PathBuf;

/// The library that tells a process another time.
fn faketime() -> Option<PathBuf> {
    let places = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let found = places
        .map(|place| place.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    if found.is_none() {
        skip("faketime");
    }
    found
}

#[test]
fn the_clock_jumps_years_and_nothing_is_lost_or_told_twice() {
    let Some(library) = faketime() else { return };
    let mut daemon = TestDaemon::prepare("");
    let offset = daemon.home.path().join("offset");
    let jump = |by: &str| {
        // In one step, as the daemon may read it at any time.
        let fresh = offset.with_extension("new");
        fs::write(&fresh, by).unwrap();
        fs::rename(fresh, &offset).unwrap();
    };
    jump("+0");
    daemon.set("LD_PRELOAD", library.to_str().unwrap());
    daemon.set("FAKETIME_TIMESTAMP_FILE", offset.to_str().unwrap());
    daemon.set("FAKETIME_NO_CACHE", "1");
    // Durations are measured by the other clock, which no one sets.
    daemon.set("DONT_FAKE_MONOTONIC", "1");
    daemon.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mails = daemon.data().join("mail");
    let mut letters = 0;
    for (number, to) in [(360, "+3650d"), (361, "-3650d"), (362, "+0")] {
        let spec = small_release(number);
        let folder = daemon.material(&spec);
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let content = |file: &str| fs::read(folder.join(file)).unwrap();
        // The jump comes in the middle of a file, with another acknowledged and a third to come.
        let mut raw = Raw::connect(&daemon, &label);
        let at = |file: &str| format!("/incoming/{name}/{file}");
        assert_eq!(raw.mkdir(format!("/incoming/{name}")).0, OK);
        assert_eq!(
            raw.put(&at("metadata.xml"), flag::PUT, &content("metadata.xml")),
            OK
        );
        let track = content("01_HarbourLights.wav");
        let handle = raw.open(at("01_HarbourLights.wav"), flag::PUT).unwrap();
        raw.write(&handle, 0, &track[..50_000]);
        jump(to);
        raw.write(&handle, 50_000, &track[50_000..]);
        assert_eq!(raw.close(&handle), OK);
        assert_eq!(
            raw.put(&at("artwork.jpg"), flag::PUT, &content("artwork.jpg")),
            OK
        );
        raw.end();
        let package = daemon.wait_status(&name, "needs_qc");
        assert_eq!(package["attempt"], 1, "{package}");
        // Two letters: that it came, and that it waits for review.
        letters += 2;
        wait("the letters", || {
            let count = fs::read_dir(&mails).map_or(0, |entries| entries.count());
            (count >= letters).then_some(())
        });
    }
    assert_eq!(daemon.packages().len(), 3);
    let written: Vec<_> = fs::read_dir(&mails)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(written.len(), letters, "{written:?}");
    let log = fs::read_to_string(daemon.log()).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}
