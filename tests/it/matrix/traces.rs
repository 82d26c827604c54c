//! Clients that cannot run here, by the requests they send: WinSCP and Cyberduck as their sources show,
//! and FileZilla's several connections at a time. Each brings a whole release to review.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the answer it wants; every other one fails it"
)]

use super::bytes;
use crate::kit::{Label, TestDaemon, release, wait};
use crate::wire::{FAILURE, OK, Raw, Reply, flag, kind, text};
use std::fs;
use std::path::PathBuf;

const NO_SUCH_FILE: u32 = 2;
/// From this size on WinSCP uploads beside the file and renames.
const BESIDE_FROM_BYTES: usize = 100 * 1024;

/// A release and where it goes.
struct Trip {
    daemon: TestDaemon,
    label: Label,
    /// Its files, by name.
    files: Vec<(String, Vec<u8>)>,
    name: String,
}

impl Trip {
    fn new(number: u32) -> Self {
        let daemon = TestDaemon::start("");
        let label = daemon.label("quayside", &[]);
        let mut spec = release(number);
        spec.tracks.truncate(2);
        for track in &mut spec.tracks {
            track.signal.seconds = 12.0;
        }
        let folder = daemon.material(&spec);
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        // The message first: nothing but the other files is waited for then.
        paths.sort_by_key(|path| (path.extension().is_none_or(|e| e != "xml"), path.clone()));
        let name_of = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        Self {
            files: paths
                .iter()
                .map(|path| (name_of(path), fs::read(path).unwrap()))
                .collect(),
            name: name_of(&folder),
            daemon,
            label,
        }
    }

    fn connect(&self) -> Raw {
        Raw::connect(&self.daemon, &self.label)
    }

    fn folder(&self) -> String {
        format!("/incoming/{}", self.name)
    }

    fn at(&self, file: &str) -> String {
        format!("{}/{file}", self.folder())
    }

    /// The package waits for that file, and for nothing that it already has.
    fn waits_for(&self, file: &str) {
        wait("the missing file to be named", || {
            let packages = self.daemon.packages();
            let package = self.daemon.package(packages.first()?["id"].as_str()?);
            assert_eq!(package["status"], "receiving");
            package["waiting_for"]
                .to_string()
                .contains(file)
                .then_some(())
        });
    }

    /// It reached review with exactly these files.
    fn arrives(&self) {
        let package = self.daemon.wait_status(&self.name, "needs_qc");
        assert_eq!(package["finding_counts"]["error"], 0, "{package}");
        let mut raw = self.connect();
        let mut names: Vec<&String> = self.files.iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(raw.list(&self.folder()).iter().collect::<Vec<_>>(), names);
        assert_eq!(self.daemon.packages().len(), 1);
    }
}

fn lstat(raw: &mut Raw, path: &str) -> Option<u64> {
    match raw.ask(kind::LSTAT, &[&text(path)]) {
        Reply::Attributes(size) => Some(size),
        Reply::Status(NO_SUCH_FILE, _) => None,
        other => panic!("{other:?}"),
    }
}

fn real_path(raw: &mut Raw, path: &str) -> String {
    match raw.ask(kind::REALPATH, &[&text(path)]) {
        Reply::Names(names) => names[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// One file by WinSCP: a small one under its name, another beside it.
fn by_winscp(raw: &mut Raw, path: &str, content: &[u8]) {
    let there = lstat(raw, path).is_some();
    let part = format!("{path}.filepart");
    if content.len() < BESIDE_FROM_BYTES {
        // Asked whether to overwrite only if it is there.
        let flags = if there {
            flag::PUT
        } else {
            flag::PUT | flag::EXCLUSIVE
        };
        assert_eq!(raw.put(path, flags, content), OK);
    } else {
        // What an earlier try left is continued.
        let start = lstat(raw, &part).unwrap_or(0);
        let flags = if start > 0 { flag::WRITE } else { flag::PUT };
        let handle = raw.open(&part, flags).unwrap();
        raw.write(&handle, start, &content[start as usize..]);
        assert_eq!(raw.close(&handle), OK);
        if there {
            assert_eq!(raw.code(kind::REMOVE, path), OK);
        }
        assert_eq!(raw.rename(&part, path), OK);
    }
    assert_eq!(raw.set_times(path, 1_700_000_000), OK);
}

#[test]
fn winscp_uploads_beside_renames_resumes_and_sets_times() {
    let trip = Trip::new(340);
    let mut raw = trip.connect();
    assert_eq!(real_path(&mut raw, "."), "/");
    assert_eq!(raw.list("/incoming"), Vec::<String>::new());
    assert_eq!(raw.mkdir(trip.folder()).0, OK);
    let (last, others) = trip.files.split_last().unwrap();
    for (name, content) in others {
        by_winscp(&mut raw, &trip.at(name), content);
    }
    // The last one is cut on its way.
    let part = trip.at(&format!("{}.filepart", last.0));
    assert!(last.1.len() > BESIDE_FROM_BYTES);
    let handle = raw.open(&part, flag::PUT).unwrap();
    raw.write(&handle, 0, &last.1[..150_000]);
    raw.cut();
    trip.waits_for(&last.0);
    let mut raw = trip.connect();
    assert_eq!(lstat(&mut raw, &part), Some(150_000));
    by_winscp(&mut raw, &trip.at(&last.0), &last.1);
    assert_eq!(raw.size(&trip.at(&last.0)), Some(last.1.len() as u64));
    raw.end();
    trip.arrives();
}

#[test]
fn winscp_overwrites_what_it_asked_about() {
    let trip = Trip::new(341);
    let mut raw = trip.connect();
    let path = trip.at("01.wav");
    assert_eq!(raw.mkdir(trip.folder()).0, OK);
    by_winscp(&mut raw, &path, b"old");
    let (code, words) = raw.open(&path, flag::PUT | flag::EXCLUSIVE).unwrap_err();
    assert_eq!(code, FAILURE, "{words}");
    let new = bytes(200_000, 3);
    by_winscp(&mut raw, &path, &new);
    let label = trip.daemon.data().join("labels").join(&trip.label.id);
    let stored = fs::read(label.join("incoming").join(&trip.name).join("01.wav")).unwrap();
    assert!(stored == new);
    assert_eq!(raw.list(&trip.folder()), ["01.wav"]);
}

/// Looks by one connection, sends by two others at a time; one of these is cut and comes back.
#[test]
fn filezilla_sends_by_several_connections_and_resumes() {
    let trip = Trip::new(342);
    let mut browser = trip.connect();
    assert_eq!(real_path(&mut browser, "/incoming"), "/incoming");
    assert_eq!(browser.mkdir(trip.folder()).0, OK);
    let mut transfers = [trip.connect(), trip.connect()];
    let mut queue = trip.files.iter();
    let (one, two) = (queue.next().unwrap(), queue.next_back().unwrap());
    let handles: Vec<_> = [one, two]
        .iter()
        .zip(&mut transfers)
        .map(|((name, _), transfer)| {
            real_path(transfer, &trip.folder());
            transfer.open(trip.at(name), flag::PUT).unwrap()
        })
        .collect();
    // The second stops in the middle while the first goes on.
    let [mut first, mut second] = transfers;
    second.write(&handles[1], 0, &two.1[..100_000]);
    first.write(&handles[0], 0, &one.1);
    second.cut();
    assert_eq!(first.close(&handles[0]), OK);
    for (name, content) in queue {
        assert_eq!(first.put(&trip.at(name), flag::PUT, content), OK);
        // Times by the connection that looks, not by the one that sent.
        assert_eq!(browser.set_times(&trip.at(name), 1_700_000_000), OK);
    }
    assert_eq!(browser.list(&trip.folder()).len(), trip.files.len());
    trip.waits_for(&two.0);
    // Resumed without CREAT and TRUNC, from the size that the handle tells.
    let mut back = trip.connect();
    let handle = back.open(trip.at(&two.0), flag::WRITE).unwrap();
    let Reply::Attributes(size) = back.ask(kind::FSTAT, &[&text(&handle)]) else {
        panic!("FSTAT of an upload tells its size");
    };
    assert_eq!(size, 100_000);
    back.write(&handle, size, &two.1[100_000..]);
    assert_eq!(back.close(&handle), OK);
    assert_eq!(back.size(&trip.at(&two.0)), Some(two.1.len() as u64));
    for raw in [back, first] {
        raw.end();
    }
    // The window stays open; that must not keep the release from its way.
    trip.arrives();
    drop(browser);
}

#[test]
fn cyberduck_overwrites_without_create_and_uses_temporary_names() {
    let trip = Trip::new(343);
    let mut raw = trip.connect();
    assert_eq!(raw.mkdir(trip.folder()).0, OK);
    let overwrite = flag::WRITE | flag::TRUNCATE;
    let (code, _) = raw.open(trip.at("artwork.jpg"), overwrite).unwrap_err();
    assert_eq!(code, NO_SUCH_FILE);
    // A first version, which is then replaced as a whole.
    let old = bytes(150_000, 5);
    assert_eq!(raw.put(&trip.at("artwork.jpg"), flag::PUT, &old), OK);
    assert_eq!(raw.put(&trip.at("artwork.jpg"), overwrite, b"newer"), OK);
    assert_eq!(raw.size(&trip.at("artwork.jpg")), Some(5));
    for (number, (name, content)) in trip.files.iter().enumerate() {
        let beside = trip.at(&format!(
            "{name}-0b0a8ad9-66e1-4a0b-9d2c-00000000000{number}"
        ));
        assert_eq!(raw.put(&beside, flag::PUT, content), OK);
        if raw.size(&trip.at(name)).is_some() {
            assert_eq!(
                raw.rename(&beside, &trip.at(name)),
                FAILURE,
                "a plain RENAME replaces nothing"
            );
            assert_eq!(raw.code(kind::REMOVE, &trip.at(name)), OK);
        }
        assert_eq!(raw.rename(&beside, &trip.at(name)), OK);
    }
    raw.end();
    trip.arrives();
}
