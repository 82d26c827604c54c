//! No content is measured twice, and what is remembered is what measuring would give.

use dropzone::cli::demo::material::{self, ReleaseSpec};
use dropzone::domain::account::Profile;
use dropzone::domain::content::{FileKey, Memory};
use dropzone::domain::limits::Limits;
use dropzone::domain::report::Report;
use dropzone::inspect::schemas::Schemas;
use dropzone::inspect::{Progress, Request, Source, inspect, look_ahead};
use dropzone::store::Remembered;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A release, and a memory beside it.
struct Bench {
    home: tempfile::TempDir,
    memory: Remembered,
}

impl Bench {
    fn new(state_hashes: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut spec = ReleaseSpec::demo(31);
        spec.state_hashes = state_hashes;
        for track in &mut spec.tracks {
            track.signal.seconds = 3.0;
        }
        material::release(&home.path().join("release"), &spec).unwrap();
        let memory = Remembered::open(&home.path().join("measured"), 64 << 20);
        let_times_differ();
        Self { home, memory }
    }

    fn release(&self) -> PathBuf {
        self.home.path().join("release")
    }

    fn kept(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.home.path().join("measured")).unwrap();
        folder.map(|entry| entry.unwrap().path()).collect()
    }

    /// The same memory after a restart.
    fn restart(&mut self) {
        self.memory = Remembered::open(&self.home.path().join("measured"), 64 << 20);
    }

    /// Inspects; gives the report, and the names of the files that were measured.
    fn inspected(&self, remembering: bool) -> (Report, Vec<String>) {
        let measured = Mutex::new(Vec::new());
        let tell = |progress: Progress| {
            if let Progress::FileDone(name) = progress {
                measured.lock().unwrap().push(name);
            }
        };
        let limits = Limits::default();
        let schemas = Schemas::open(&self.home.path().join("no-schemas"));
        let report = inspect(&Request {
            root: &self.release(),
            folder: "release",
            profile: Profile::Guide,
            takes_ern4: false,
            policy: dropzone::domain::policy::Policy::none(),
            label_dpid: None,
            own_dpid: None,
            in_test: false,
            history: None,
            limits: &limits,
            schemas: &schemas,
            threads: 2,
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
            memory: remembering.then_some(&self.memory as &dyn Memory),
            progress: Some(&tell),
            cancel: None,
        })
        .unwrap();
        let mut measured = measured.into_inner().unwrap();
        measured.sort();
        (report, measured)
    }

    fn ahead(&self, file: &Path) -> Option<Source> {
        self.ahead_while(file, &|_| {})
    }

    fn ahead_while(&self, file: &Path, act: &(dyn Fn(u64) + Sync)) -> Option<Source> {
        let (limits, never) = (Limits::default(), AtomicBool::new(false));
        look_ahead(file, &limits, &self.memory, &never, act)
    }
}

/// Longer than a change time's grain, so that readings are believed.
fn let_times_differ() {
    std::thread::sleep(Duration::from_millis(40));
}

fn json(report: &Report) -> serde_json::Value {
    serde_json::to_value(report).unwrap()
}

#[test]
fn what_is_remembered_is_what_was_measured() {
    for state_hashes in [false, true] {
        let mut bench = Bench::new(state_hashes);
        let (plain, all) = bench.inspected(false);
        assert_eq!(all.len(), 5);
        let (first, measured) = bench.inspected(true);
        assert_eq!(measured, all);
        let (second, measured) = bench.inspected(true);
        assert_eq!(measured, Vec::<String>::new());
        // A restart forgets which file holds what, not what was measured of it: read again are
        // those of which nothing is kept.
        bench.restart();
        let (third, measured) = bench.inspected(true);
        assert_eq!(measured, ["metadata.xml"]);
        for report in [first, second, third] {
            assert_eq!(json(&report), json(&plain));
        }
    }
}

#[test]
fn a_content_is_known_under_any_name_and_a_changed_one_is_measured() {
    let bench = Bench::new(false);
    bench.inspected(true);
    let (one, two) = (
        bench.release().join("01_HarbourLights.wav"),
        bench.release().join("02_LowWater.wav"),
    );
    fs::rename(&one, bench.home.path().join("aside")).unwrap();
    fs::rename(&two, &one).unwrap();
    fs::rename(bench.home.path().join("aside"), &two).unwrap();
    let_times_differ();
    let (swapped, measured) = bench.inspected(true);
    assert_eq!(measured, Vec::<String>::new());
    assert_eq!(json(&swapped), json(&bench.inspected(false).0));

    let mut bytes = fs::read(&one).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&one, bytes).unwrap();
    let_times_differ();
    let (changed, measured) = bench.inspected(true);
    assert_eq!(measured, ["01_HarbourLights.wav"]);
    assert_eq!(json(&changed), json(&bench.inspected(false).0));
}

#[test]
fn what_is_kept_and_cannot_be_read_is_measured_again() {
    let bench = Bench::new(false);
    let (_, all) = bench.inspected(true);
    for (damage, file) in bench.kept().into_iter().enumerate() {
        let mut bytes = fs::read(&file).unwrap();
        match damage {
            0 => bytes.truncate(70),
            1 => bytes = vec![0; bytes.len()],
            2 => bytes.clear(),
            _ => *bytes.last_mut().unwrap() ^= 1,
        }
        fs::write(&file, bytes).unwrap();
    }
    let (report, measured) = bench.inspected(true);
    assert_eq!(measured.len(), all.len() - 1, "the message is only hashed");
    assert_eq!(json(&report), json(&bench.inspected(false).0));
    assert_eq!(
        bench.inspected(true).1,
        Vec::<String>::new(),
        "and kept again"
    );
}

#[test]
fn a_file_is_measured_ahead_once_its_content_is_known() {
    let bench = Bench::new(false);
    let track = bench.release().join("01_HarbourLights.wav");
    assert_eq!(bench.ahead(&track), None, "nobody has read it");
    bench.inspected(true);
    assert_eq!(bench.ahead(&track), Some(Source::Remembered));
    for file in bench.kept() {
        fs::remove_file(file).unwrap();
    }
    assert_eq!(bench.ahead(&track), Some(Source::Measured));
    assert_eq!(
        bench.ahead(&bench.release().join("artwork.jpg")),
        Some(Source::Measured)
    );
    assert_eq!(bench.ahead(&bench.release().join("metadata.xml")), None);
    assert_eq!(bench.ahead(&bench.release().join("gone.wav")), None);
    let link = bench.release().join("link.wav");
    std::os::unix::fs::symlink(&track, &link).unwrap();
    assert_eq!(bench.ahead(&link), None, "links are not followed");
    fs::remove_file(link).unwrap();
    let (_, measured) = bench.inspected(true);
    assert_eq!(measured, ["02_LowWater.wav", "03_LastBoatHome.wav"]);
}

#[test]
fn what_is_measured_ahead_survives_a_claim_and_not_a_change() {
    let bench = Bench::new(false);
    bench.inspected(true);
    for file in bench.kept() {
        fs::remove_file(file).unwrap();
    }
    let track = bench.release().join("01_HarbourLights.wav");
    let folder = bench.home.path().join("spool");
    let claim = |_: u64| {
        if fs::rename(bench.release(), &folder).is_ok() {
            let taken = folder.join("01_HarbourLights.wav");
            let before = FileKey::of(&fs::metadata(&taken).unwrap());
            let content = bench.memory.content(&before).unwrap();
            fs::set_permissions(&taken, fs::Permissions::from_mode(0o600)).unwrap();
            let after = FileKey::of(&fs::metadata(&taken).unwrap());
            bench.memory.note_content(&after, &content);
        }
    };
    assert_eq!(bench.ahead_while(&track, &claim), Some(Source::Measured));
    fs::rename(&folder, bench.release()).unwrap();
    // At every block: the reading has to end all the same.
    let change = |_: u64| {
        let mut file = fs::File::options()
            .append(true)
            .open(bench.release().join("02_LowWater.wav"));
        file.as_mut().unwrap().write_all(b"more").unwrap();
    };
    let second = bench.release().join("02_LowWater.wav");
    assert_eq!(bench.ahead_while(&second, &change), None);
}
