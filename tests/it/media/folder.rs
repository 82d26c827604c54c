//! Whole folders: what is found in them, and what the report says of it.

use super::wav;
use dropzone::cli::demo::material::audio::pcm::Coding;
use dropzone::cli::demo::material::cover::{Colours, Cover};
use dropzone::cli::demo::material::{self, ReleaseSpec};
use dropzone::domain::account::Profile;
use dropzone::domain::facts::{FileRole, FolderFacts};
use dropzone::domain::limits::Limits;
use dropzone::domain::report::{Report, Severity, Verdict};
use dropzone::inspect::files::walk;
use dropzone::inspect::schemas::Schemas;
use dropzone::inspect::{InspectError, Progress, Request, inspect};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

const MESSAGE: &str = "<ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\"/>";

fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let target = root.join(path);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(target, content).unwrap();
}

fn listed(files: &[(&str, &str)]) -> FolderFacts {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        put(dir.path(), path, content);
    }
    walk(dir.path(), &Limits::default()).unwrap()
}

fn paths(facts: &FolderFacts) -> Vec<&str> {
    facts.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn a_flat_folder_is_listed_with_roles() {
    let facts = listed(&[
        ("metadata.xml", MESSAGE),
        ("01.wav", "x"),
        ("artwork.jpg", "x"),
        ("notes.pdf", "x"),
        ("02.wav.filepart", "x"),
        ("BatchComplete_20260101.xml", "<x/>"),
        (".DS_Store", "x"),
        ("__MACOSX/._01.wav", "x"),
    ]);
    let roles: Vec<(&str, FileRole)> = facts
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.role))
        .collect();
    assert_eq!(
        roles,
        [
            ("01.wav", FileRole::Audio),
            ("02.wav.filepart", FileRole::Temporary),
            ("BatchComplete_20260101.xml", FileRole::Marker),
            ("artwork.jpg", FileRole::Artwork),
            ("metadata.xml", FileRole::Message),
            ("notes.pdf", FileRole::Other),
        ]
    );
    assert_eq!(facts.junk, [".DS_Store", "__MACOSX"]);
    assert_eq!(facts.markers, ["BatchComplete_20260101.xml"]);
    assert_eq!(facts.messages, ["metadata.xml"]);
    assert_eq!((facts.nested_in, facts.folders.len()), (None, 0));
}

#[test]
fn a_release_one_level_too_deep_is_found() {
    let facts = listed(&[
        ("release/metadata.xml", MESSAGE),
        ("release/resources/01.wav", "x"),
        (".DS_Store", "x"),
    ]);
    assert_eq!(facts.nested_in.as_deref(), Some("release"));
    assert_eq!(paths(&facts), ["metadata.xml", "resources/01.wav"]);
    assert_eq!(facts.messages, ["metadata.xml"]);
    assert_eq!(facts.folders, ["resources"]);
}

#[test]
fn a_folder_of_resources_alone_is_no_release_in_itself() {
    let resources = listed(&[("resources/01.wav", "x"), ("resources/a.jpg", "x")]);
    assert_eq!(resources.nested_in, None);
    let beside = listed(&[("a/metadata.xml", MESSAGE), ("01.wav", "x")]);
    assert_eq!(beside.nested_in, None);
    assert_eq!(paths(&beside), ["01.wav", "a/metadata.xml"]);
}

#[test]
fn messages_are_told_by_content_and_the_guides_name_comes_first() {
    let two = listed(&[("5060.xml", MESSAGE), ("metadata.xml", MESSAGE)]);
    assert_eq!(two.messages, ["metadata.xml", "5060.xml"]);
    let other = listed(&[("5060.xml", MESSAGE), ("notes.xml", "<notes/>")]);
    assert_eq!(other.messages, ["5060.xml"]);
    let letters = listed(&[("Metadata.XML", MESSAGE)]);
    assert_eq!(letters.messages, ["Metadata.XML"]);
    let broken = listed(&[("metadata.xml", "not XML at all"), ("x.xml", "<x/>")]);
    assert_eq!(broken.messages, ["metadata.xml"], "it has to be explained");
    let wrong_root = listed(&[("metadata.xml", "<feed/>")]);
    assert_eq!(wrong_root.messages, ["metadata.xml"]);
    let nothing = listed(&[("a.xml", "<a/>"), ("b.xml", "<b/>")]);
    assert_eq!(nothing.messages, Vec::<String>::new());
}

#[test]
fn odd_things_are_refused_and_links_not_followed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "secret.wav", "secret");
    symlink(outside.path(), dir.path().join("folder-link")).unwrap();
    symlink(
        outside.path().join("secret.wav"),
        dir.path().join("link.wav"),
    )
    .unwrap();
    fs::write(dir.path().join("line\nbreak.wav"), "x").unwrap();
    fs::write(dir.path().join(OsStr::from_bytes(b"caf\xe9.wav")), "x").unwrap();
    let listener = std::os::unix::net::UnixListener::bind(dir.path().join("socket.wav"));
    assert!(listener.is_ok());
    put(dir.path(), "a/b/c/d/e/f/g/h/i/deep.wav", "x");
    let facts = walk(dir.path(), &Limits::default()).unwrap();
    assert_eq!(paths(&facts), Vec::<&str>::new());
    let mut reasons: Vec<&str> = facts.refused.iter().map(|(_, why)| why.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "has a name that is not UTF-8",
            "has control characters in its name",
            "is a link; links are not followed",
            "is a link; links are not followed",
            "is no ordinary file",
            "lies too deep in folders",
        ]
    );
}

#[test]
fn a_folder_of_too_many_files_is_not_listed_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..50 {
        put(dir.path(), &format!("{number}.txt"), "x");
    }
    let limits = Limits {
        package_files: 10,
        ..Limits::default()
    };
    let facts = walk(dir.path(), &limits).unwrap();
    assert_eq!(facts.files.len(), 20, "enough to see that it is too many");
}

/// A release with tracks of three seconds, to be quick.
fn quick(number: u32) -> ReleaseSpec {
    let mut spec = ReleaseSpec::demo(number);
    for track in &mut spec.tracks {
        track.signal.seconds = 3.0;
    }
    spec
}

fn judged(root: &Path, profile: Profile) -> Report {
    let limits = Limits::default();
    let schemas = Schemas::open(&root.join("no-schemas"));
    inspect(&request(root, profile, &limits, &schemas)).unwrap()
}

fn request<'a>(
    root: &'a Path,
    profile: Profile,
    limits: &'a Limits,
    schemas: &'a Schemas,
) -> Request<'a> {
    Request {
        root,
        folder: "release",
        profile,
        takes_ern4: false,
        policy: dropzone::domain::policy::Policy::none(),
        label_dpid: None,
        own_dpid: None,
        in_test: false,
        history: None,
        limits,
        schemas,
        threads: 2,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        memory: None,
        progress: None,
        cancel: None,
    }
}

fn of_severity(report: &Report, severity: Severity) -> Vec<(&str, Option<&str>)> {
    let hits = report.findings.iter().filter(|f| f.severity == severity);
    hits.map(|f| (f.code.as_str(), f.file.as_deref())).collect()
}

#[test]
fn a_generated_release_is_valid_in_both_profiles() {
    let dir = tempfile::tempdir().unwrap();
    material::release(dir.path(), &ReleaseSpec::demo(11)).unwrap();
    for profile in [Profile::Guide, Profile::Strict] {
        let report = judged(dir.path(), profile);
        assert_eq!(report.verdict, Verdict::Valid, "{:#?}", report.findings);
        assert_eq!(of_severity(&report, Severity::Warning), [], "{profile:?}");
        assert_eq!(report.tracks.len(), 3);
        for track in &report.tracks {
            assert_eq!(track.duration_ms, Some(31_000));
            assert!(track.sha256.is_some() && track.levels.is_some());
        }
        assert_eq!(report.artwork.as_ref().unwrap().width, 3_000);
    }
}

#[test]
fn faults_of_files_reach_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let mut spec = quick(12);
    spec.tracks[0].signal.trailing_silence_seconds = 3.0;
    spec.tracks[1].cut_bytes = 300_000;
    spec.tracks[2].missing = true;
    spec.artwork = Some((
        "artwork.jpg".to_owned(),
        Cover {
            width: 1_400,
            height: 1_000,
            colours: Colours::Cmyk,
            ..Cover::default()
        },
    ));
    material::release(dir.path(), &spec).unwrap();
    put(dir.path(), "05_Bonus.wav", wav(Coding::Pcm16));
    let report = judged(dir.path(), Profile::Guide);
    assert_eq!(report.verdict, Verdict::Invalid);
    let errors = of_severity(&report, Severity::Error);
    for wanted in [
        ("AUD-008", Some("02_LowWater.wav")),
        ("ART-004", Some("artwork.jpg")),
        ("ART-006", Some("artwork.jpg")),
        ("ART-007", Some("artwork.jpg")),
    ] {
        assert!(errors.contains(&wanted), "{wanted:?} in {errors:?}");
    }
    assert!(
        errors.iter().any(|(code, _)| *code == "PKG-007"),
        "{errors:?}"
    );
    let warnings = of_severity(&report, Severity::Warning);
    for wanted in [
        ("AUD-017", Some("01_HarbourLights.wav")),
        ("PKG-011", Some("05_Bonus.wav")),
    ] {
        assert!(warnings.contains(&wanted), "{wanted:?} in {warnings:?}");
    }
}

#[test]
fn a_track_of_another_ending_is_measured_when_the_message_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut spec = quick(13);
    spec.tracks[0].file = "01_HarbourLights.bin".to_owned();
    material::release(dir.path(), &spec).unwrap();
    let report = judged(dir.path(), Profile::Guide);
    assert_eq!(report.tracks[0].duration_ms, Some(3_000));
}

#[test]
fn sha1_is_computed_when_the_message_states_it() {
    use sha1::Digest;
    let dir = tempfile::tempdir().unwrap();
    let spec = quick(14);
    material::release(dir.path(), &spec).unwrap();
    let track = fs::read(dir.path().join("01_HarbourLights.wav")).unwrap();
    let message = fs::read_to_string(dir.path().join("metadata.xml")).unwrap();
    let stated = |message: &str, sha1: &str| {
        let md5 = hex::encode(md5::Md5::digest(&track));
        let start = message.find(&md5).unwrap();
        let (head, tail) = message.split_at(start);
        let tail = tail.replacen(&md5, sha1, 1).replacen(">MD5<", ">SHA1<", 1);
        put(dir.path(), "metadata.xml", format!("{head}{tail}"));
        judged(dir.path(), Profile::Guide)
    };
    let right = stated(&message, &hex::encode(sha1::Sha1::digest(&track)));
    assert_eq!(right.verdict, Verdict::Valid, "{:#?}", right.findings);
    let wrong = stated(&message, &"0".repeat(40));
    assert!(
        of_severity(&wrong, Severity::Error).contains(&("PKG-025", Some("01_HarbourLights.wav"))),
        "{:#?}",
        wrong.findings
    );
}

#[test]
fn files_are_measured_although_the_message_is_broken_or_absent() {
    let dir = tempfile::tempdir().unwrap();
    let mut spec = quick(15);
    spec.tracks[1].cut_bytes = 300_000;
    material::release(dir.path(), &spec).unwrap();
    put(
        dir.path(),
        "metadata.xml",
        "<ern:NewReleaseMessage & broken",
    );
    let broken = judged(dir.path(), Profile::Guide);
    fs::remove_file(dir.path().join("metadata.xml")).unwrap();
    let absent = judged(dir.path(), Profile::Guide);
    for report in [broken, absent] {
        let errors = of_severity(&report, Severity::Error);
        assert!(
            errors.contains(&("AUD-008", Some("02_LowWater.wav"))),
            "{errors:?}"
        );
    }
}

#[test]
fn an_empty_folder_and_noise_are_judged_without_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(judged(dir.path(), Profile::Guide).verdict, Verdict::Invalid);
    for name in [
        "a.wav",
        "b.flac",
        "c.aiff",
        "d.jpg",
        "e.png",
        "metadata.xml",
        "f.zip",
    ] {
        put(dir.path(), name, [0x5a; 999]);
    }
    let report = judged(dir.path(), Profile::Strict);
    assert_eq!(report.verdict, Verdict::Invalid);
}

#[test]
fn a_folder_that_cannot_be_listed_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let limits = Limits::default();
    let schemas = Schemas::open(dir.path());
    let outcome = inspect(&request(&missing, Profile::Guide, &limits, &schemas));
    assert!(matches!(outcome, Err(InspectError::List { path, .. }) if path == missing));
}

#[test]
fn progress_tells_totals_bytes_and_files() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.wav", wav(Coding::Pcm16));
    put(dir.path(), "b.txt", "x");
    let told = Mutex::new(Vec::new());
    let tell = |progress: Progress| told.lock().unwrap().push(progress);
    let limits = Limits::default();
    let schemas = Schemas::open(dir.path());
    let mut request = request(dir.path(), Profile::Guide, &limits, &schemas);
    request.progress = Some(&tell);
    inspect(&request).unwrap();
    let told = told.into_inner().unwrap();
    let size = fs::metadata(dir.path().join("a.wav")).unwrap().len() + 1;
    assert_eq!(
        told[0],
        Progress::Total {
            files: 2,
            bytes: size
        }
    );
    let read: u64 = told
        .iter()
        .map(|progress| match progress {
            Progress::Bytes(count) => *count,
            Progress::Total { .. } | Progress::FileDone(_) | Progress::FileKnown(_) => 0,
        })
        .sum();
    assert_eq!(read, size);
    for name in ["a.wav", "b.txt"] {
        assert!(told.contains(&Progress::FileDone(name.to_owned())));
    }
}

#[test]
fn an_inspection_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.wav", wav(Coding::Pcm16));
    let limits = Limits::default();
    let schemas = Schemas::open(dir.path());
    let stop = AtomicBool::new(true);
    let mut request = request(dir.path(), Profile::Guide, &limits, &schemas);
    request.cancel = Some(&stop);
    assert!(matches!(inspect(&request), Err(InspectError::Cancelled)));
}

#[test]
fn a_file_that_takes_too_long_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    material::release(dir.path(), &quick(16)).unwrap();
    let limits = Limits {
        inspect_seconds: 0,
        ..Limits::default()
    };
    let schemas = Schemas::open(dir.path());
    let report = inspect(&request(dir.path(), Profile::Guide, &limits, &schemas)).unwrap();
    assert_eq!(report.verdict, Verdict::Invalid);
    for file in ["01_HarbourLights.wav", "artwork.jpg"] {
        let told = report
            .findings
            .iter()
            .any(|f| f.file.as_deref() == Some(file) && f.message.contains("took longer than"));
        assert!(told, "{file}: {:#?}", report.findings);
    }
}
