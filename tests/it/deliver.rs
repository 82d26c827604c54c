//! Pushing to DSPs: a folder, and Debian's OpenSSH server.

mod hostile;
mod liar;
mod password;
pub(crate) mod s3;
pub(crate) mod sshd;

use dropzone::deliver::{self, Throttle, Trip, plan, probe};
use dropzone::domain::dsp::{DspProfile, TransportChoice};
use dropzone::domain::facts::{Manifest, ManifestFile};
use dropzone::domain::fault::Fault;
use dropzone::domain::ids::{DspId, LabelId, PackageId};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::package::Package;
use dropzone::domain::push::{Attempt, Plan};
use dropzone::domain::report::Counts;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sshd::{Cut, Sshd, Way, Wire};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// A claimed package in a spool of its own.
struct Spooled {
    dir: TempDir,
    package: Package,
    manifest: Manifest,
}

/// Bytes that compress badly and differ by `seed`.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn spooled() -> Spooled {
    let dir = tempfile::tempdir().unwrap();
    let content: Vec<(&str, Vec<u8>)> = vec![
        ("metadata.xml", b"<ern:NewReleaseMessage/>".to_vec()),
        ("resources/01_One.wav", noise(1, 700_000)),
        ("resources/02_Zwölf Töne.wav", noise(2, 32_768)),
        ("resources/03_empty.txt", Vec::new()),
        ("cover.jpg", noise(3, 90_001)),
        ("BatchComplete_20240305090206405.xml", b"<done/>".to_vec()),
        (".DS_Store", b"junk".to_vec()),
        ("__MACOSX/._metadata.xml", b"junk".to_vec()),
        ("old.wav.filepart", b"half".to_vec()),
    ];
    let mut files = Vec::new();
    for (path, bytes) in content {
        let at = dir.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, &bytes).unwrap();
        files.push(ManifestFile {
            path: path.to_owned(),
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
            md5: None,
            taken_over: false,
            kept: None,
        });
    }
    let id = PackageId::new("01JZPACKAGE");
    Spooled {
        package: Package {
            id: id.clone(),
            label: LabelId::new("01JZLABEL"),
            label_name: "acme".to_owned(),
            folder: "My Album (Deluxe)".to_owned(),
            status: Status::QcApproved,
            attempt: 2,
            icpn: Some("5034567890120".to_owned()),
            title: None,
            artist: None,
            tracks: 2,
            counts: Counts::default(),
            waiting_for: Vec::new(),
            via_sftp: true,
            received_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        },
        manifest: Manifest {
            package: id,
            label: "01JZLABEL".to_owned(),
            folder: "My Album (Deluxe)".to_owned(),
            files,
        },
        dir,
    }
}

impl Spooled {
    fn plan(&self, profile: &DspProfile) -> Plan {
        plan(&self.package, &self.manifest, self.dir.path(), profile).unwrap()
    }
}

/// The files that have to arrive, sorted.
const CONTENT: [&str; 5] = [
    "cover.jpg",
    "metadata.xml",
    "resources/01_One.wav",
    "resources/02_Zwölf Töne.wav",
    "resources/03_empty.txt",
];

const FOLDER: &str = "5034567890120_01JZPACKAGE";

fn claimed(number: u32) -> Attempt {
    Attempt {
        of: "01JZPUSH".to_owned(),
        number,
    }
}

async fn send(profile: &DspProfile, attempt: &Attempt, plan: &Plan) -> Result<String, Fault> {
    deliver::send(profile, attempt, plan, &Trip::default()).await
}

fn profile(transport: TransportChoice) -> DspProfile {
    DspProfile::plain(DspId::new("archive"), "The Archive", transport)
}

fn folder_profile(path: &Path) -> DspProfile {
    profile(TransportChoice::Folder {
        path: path.to_path_buf(),
    })
}

fn sftp_profile(sshd: &Sshd, port: u16) -> DspProfile {
    profile(TransportChoice::Sftp {
        host: "127.0.0.1".to_owned(),
        port,
        user: user(),
        host_key: sshd.host_key.clone(),
        password_file: None,
        key_file: Some(sshd.user_key.clone()),
        timeout_seconds: 20,
    })
}

/// sshd that is not root lets in only the user it runs as.
fn user() -> String {
    let said = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// Every file below `root`, relative, sorted.
fn files_below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                let inside = path.strip_prefix(root).unwrap();
                found.push(inside.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The release is at `inbox`: every byte, the marker, and nothing else.
fn assert_arrived(inbox: &Path, spooled: &Spooled) {
    assert_eq!(names_in(inbox), [FOLDER], "nothing but the release");
    assert_whole(&inbox.join(FOLDER), spooled);
    assert!(inbox.join(FOLDER).join("delivery.complete").exists());
}

/// All files are there with their bytes; the marker may be.
fn assert_whole(folder: &Path, spooled: &Spooled) {
    let mut found = files_below(folder);
    found.retain(|name| name != "delivery.complete");
    assert_eq!(found, CONTENT);
    for name in CONTENT {
        let there = fs::read(folder.join(name)).unwrap();
        let ours = fs::read(spooled.dir.path().join(name)).unwrap();
        assert!(there == ours, "{name} has other bytes");
    }
}

/// What a DSP may see at any moment: no release, or all of it; a marker only with all of it.
fn assert_nothing_half(inbox: &Path, spooled: &Spooled) {
    for name in names_in(inbox) {
        if !name.starts_with(".in-") {
            assert_eq!(name, FOLDER);
            assert_whole(&inbox.join(name), spooled);
        }
    }
}

fn refused(outcome: Result<String, Fault>, code: &str) -> Fault {
    let fault = outcome.unwrap_err();
    assert_eq!(fault.code, code, "{fault}");
    fault
}

// --- plan ---------------------------------------------------------------------------------------

#[test]
fn a_plan_holds_the_release_and_no_junk() {
    let spooled = spooled();
    let plan = spooled.plan(&folder_profile(Path::new("/archive")));
    let mut names: Vec<&str> = plan.files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, CONTENT);
    assert_eq!(plan.folder, FOLDER);
    assert_eq!(
        plan.markers,
        [(format!("{FOLDER}/delivery.complete"), Vec::new())]
    );
}

#[test]
fn a_manifest_with_a_climbing_name_is_refused() {
    for path in ["../../etc/cron.d/x", "/etc/passwd", "a/../b", "a\nb"] {
        let mut spooled = spooled();
        spooled.manifest.files[0].path = path.to_owned();
        let profile = folder_profile(Path::new("/archive"));
        let fault = plan(
            &spooled.package,
            &spooled.manifest,
            spooled.dir.path(),
            &profile,
        )
        .unwrap_err();
        assert_eq!(fault.code, "bad_plan", "{path:?}");
    }
}

#[test]
fn files_cannot_meet_each_other_or_the_marker() {
    let profile = folder_profile(Path::new("/archive"));
    for (first, second) in [
        ("a.wav", "a.wav"),
        ("a", "a/b.wav"),
        ("x.wav", "delivered.txt"),
    ] {
        let mut profile = profile.clone();
        profile.marker = Some("delivered.txt".to_owned());
        let mut spooled = spooled();
        spooled.manifest.files[0].path = first.to_owned();
        spooled.manifest.files[1].path = second.to_owned();
        let fault = plan(
            &spooled.package,
            &spooled.manifest,
            spooled.dir.path(),
            &profile,
        )
        .unwrap_err();
        assert_eq!(fault.code, "bad_plan", "{first} and {second}");
    }
}

#[test]
fn a_package_of_junk_alone_is_not_sent() {
    let mut spooled = spooled();
    spooled
        .manifest
        .files
        .retain(|file| file.path == ".DS_Store");
    let profile = folder_profile(Path::new("/archive"));
    let fault = plan(
        &spooled.package,
        &spooled.manifest,
        spooled.dir.path(),
        &profile,
    )
    .unwrap_err();
    assert_eq!(fault.code, "bad_plan");
}

#[test]
fn the_waits_follow_the_settings() {
    let backoff = deliver::Settings::default().backoff();
    assert_eq!(backoff.wait(1, 0.5).unwrap().as_secs(), 30);
    assert_eq!(backoff.wait(11, 0.5).unwrap().as_secs(), 3600);
    assert_eq!(backoff.wait(12, 0.5), None);
}

// --- a folder -----------------------------------------------------------------------------------

#[tokio::test]
async fn a_folder_gets_all_of_it() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let plan = spooled.plan(&profile);
    let location = send(&profile, &claimed(1), &plan).await.unwrap();
    assert_eq!(PathBuf::from(location), inbox.path().join(FOLDER));
    assert_arrived(inbox.path(), &spooled);
    // Once more: nothing is doubled, nothing complains.
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(inbox.path(), &spooled);
}

#[tokio::test]
async fn every_byte_to_a_folder_passes_the_throttle() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    assert_throttled(&folder_profile(inbox.path()), &spooled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_to_an_sftp_server_passes_the_throttle() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    assert_throttled(&sftp_profile(&sshd, sshd.port), &spooled).await;
}

/// What a throttle that never makes anybody wait has counted is what was sent, once.
async fn assert_throttled(profile: &DspProfile, spooled: &Spooled) {
    let throttle = Arc::new(Throttle::new(1 << 30));
    let plan = spooled.plan(profile);
    let trip = Trip::new(Some(Arc::clone(&throttle)), |_| async { Ok(()) });
    deliver::send(profile, &claimed(1), &plan, &trip)
        .await
        .unwrap();
    let bytes: u64 = plan.files.iter().map(|cargo| cargo.size).sum();
    assert_eq!(throttle.booked(), bytes);
}

#[tokio::test]
async fn nested_folders_and_markers_with_content_work() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let mut profile = folder_profile(inbox.path());
    profile.folder = Some("N_{attempt}/{icpn}".to_owned());
    let mut plan = spooled.plan(&profile);
    plan.markers = vec![("N_2/BatchComplete_1.xml".to_owned(), b"<done/>".to_vec())];
    send(&profile, &claimed(1), &plan).await.unwrap();
    assert_whole(&inbox.path().join("N_2/5034567890120"), &spooled);
    assert_eq!(
        fs::read(inbox.path().join("N_2/BatchComplete_1.xml")).unwrap(),
        b"<done/>"
    );
    assert_eq!(names_in(inbox.path()), ["N_2"]);
}

#[tokio::test]
async fn a_folder_that_is_not_mounted_is_waited_for() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(&inbox.path().join("mount"));
    let fault = refused(
        send(&profile, &claimed(1), &spooled.plan(&profile)).await,
        "folder_missing",
    );
    assert!(fault.is_transient());
    assert!(!inbox.path().join("mount").exists(), "it is not made");
    assert_eq!(probe(&profile).await.unwrap_err().code, "folder_missing");
}

#[tokio::test]
async fn what_earlier_attempts_left_is_used_or_removed() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let plan = spooled.plan(&profile);
    let older = inbox.path().join(".in-01JZPUSH-1");
    let newer = inbox.path().join(".in-01JZPUSH-2");
    let foreign = inbox.path().join(".in-01JZOTHER-1");
    for dir in [&older, &newer, &foreign] {
        fs::create_dir_all(dir.join("resources")).unwrap();
        fs::write(dir.join("stray.tmp"), "x").unwrap();
    }
    // Whole, damaged, and broken off.
    fs::copy(
        spooled.dir.path().join("cover.jpg"),
        newer.join("cover.jpg"),
    )
    .unwrap();
    fs::write(newer.join("metadata.xml"), "<ern:NewReleaseMessagX/>").unwrap();
    fs::write(newer.join("resources/01_One.wav.part"), noise(1, 5000)).unwrap();
    let inode = inode(&newer.join("cover.jpg"));
    send(&profile, &claimed(3), &plan).await.unwrap();
    assert_whole(&inbox.path().join(FOLDER), &spooled);
    let kept = self::inode(&inbox.path().join(FOLDER).join("cover.jpg"));
    assert_eq!(kept, inode, "a whole file is not sent again");
    assert_eq!(
        names_in(inbox.path()),
        [".in-01JZOTHER-1", FOLDER],
        "another push's folder is not ours to touch"
    );
}

fn inode(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().ino()
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_left_alone() {
    type Differ = fn(&Path);
    let spooled = spooled();
    let differences: [(&str, Differ); 4] = [
        ("does not belong", |folder| {
            fs::write(folder.join("theirs.txt"), "theirs").unwrap();
        }),
        ("is missing", |folder| {
            fs::remove_file(folder.join("cover.jpg")).unwrap();
        }),
        ("bytes instead of", |folder| {
            fs::write(folder.join("cover.jpg"), "other").unwrap();
        }),
        ("another content", |folder| {
            fs::write(folder.join("cover.jpg"), noise(9, 90_001)).unwrap();
        }),
    ];
    for (what, differ) in differences {
        let inbox = tempfile::tempdir().unwrap();
        let profile = folder_profile(inbox.path());
        let plan = spooled.plan(&profile);
        send(&profile, &claimed(1), &plan).await.unwrap();
        let folder = inbox.path().join(FOLDER);
        fs::remove_file(folder.join("delivery.complete")).unwrap();
        differ(&folder);
        let before = files_below(inbox.path());
        let fault = refused(send(&profile, &claimed(2), &plan).await, "name_taken");
        assert!(!fault.is_transient());
        assert!(fault.text.contains(what), "{fault}");
        assert_eq!(files_below(inbox.path()), before, "no marker, no change");
    }
}

#[tokio::test]
async fn after_a_cut_behind_the_rename_only_the_marker_is_added() {
    let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let plan = spooled.plan(&profile);
    send(&profile, &claimed(1), &plan).await.unwrap();
    fs::remove_file(inbox.path().join(FOLDER).join("delivery.complete")).unwrap();
    fs::create_dir(inbox.path().join(".in-01JZPUSH-1")).unwrap();
    let before = inode(&inbox.path().join(FOLDER).join("cover.jpg"));
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(inbox.path(), &spooled);
    assert_eq!(inode(&inbox.path().join(FOLDER).join("cover.jpg")), before);
}

#[tokio::test]
async fn a_damaged_spool_file_stops_the_push_unseen() {
    let damages: [fn(&Path); 4] = [
        |path| fs::write(path, noise(9, 90_001)).unwrap(),
        |path| fs::write(path, "short").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            std::os::unix::fs::symlink(path.with_extension("moved"), path).unwrap();
        },
    ];
    for (number, damage) in damages.iter().enumerate() {
        let (spooled, inbox) = (spooled(), tempfile::tempdir().unwrap());
        let profile = folder_profile(inbox.path());
        let plan = spooled.plan(&profile);
        damage(&spooled.dir.path().join("cover.jpg"));
        let outcome = send(&profile, &claimed(1), &plan).await;
        assert!(outcome.is_err(), "damage {number}");
        assert!(
            names_in(inbox.path())
                .iter()
                .all(|name| name.starts_with(".in-")),
            "damage {number}: nothing is visible"
        );
        if number < 3 {
            let fault = refused(outcome, "spool_damaged");
            assert!(!fault.is_transient());
            assert_eq!(names_in(inbox.path()), Vec::<String>::new());
        }
    }
}

// --- OpenSSH ------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn openssh_gets_all_of_it() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    probe(&profile).await.unwrap();
    let plan = spooled.plan(&profile);
    let location = send(&profile, &claimed(1), &plan).await.unwrap();
    assert_eq!(
        location,
        format!("sftp://{}@127.0.0.1:{}/{FOLDER}", user(), sshd.port)
    );
    assert_arrived(&sshd.inbox, &spooled);
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(&sshd.inbox, &spooled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_below_the_login_is_used_but_not_made() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let mut profile = sftp_profile(&sshd, sshd.port);
    profile.directory = "in/albums/".to_owned();
    let plan = spooled.plan(&profile);
    let fault = refused(
        send(&profile, &claimed(1), &plan).await,
        "directory_missing",
    );
    assert!(!fault.is_transient());
    assert_eq!(probe(&profile).await.unwrap_err().code, "directory_missing");
    let albums = sshd.inbox.join("in/albums");
    fs::create_dir_all(&albums).unwrap();
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(&albums, &spooled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_with_the_right_address_gets_nothing() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let dir = tempfile::tempdir().unwrap();
    let other_key = sshd::new_key(&dir.path().join("other"));
    let other_print = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for pin in [other_key.trim(), other_print] {
        let mut profile = sftp_profile(&sshd, sshd.port);
        let plan = spooled.plan(&profile);
        let TransportChoice::Sftp { host_key, .. } = &mut profile.transport else {
            panic!("an sftp profile");
        };
        pin.clone_into(host_key);
        let fault = refused(send(&profile, &claimed(1), &plan).await, "host_key_differs");
        assert!(!fault.is_transient());
        assert!(fault.text.contains(&fingerprint(&sshd)), "{fault}");
    }
    assert_eq!(names_in(&sshd.inbox), Vec::<String>::new());
}

/// As ssh-keygen says it.
fn fingerprint(sshd: &Sshd) -> String {
    let said = std::process::Command::new("ssh-keygen")
        .args(["-l", "-f"])
        .arg(sshd.user_key.with_file_name("host_key.pub"))
        .output()
        .unwrap();
    let line = String::from_utf8(said.stdout).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fingerprint_alone_pins_as_well() {
    if !sshd::is_here() {
        return;
    }
    let sshd = Sshd::start("");
    let mut profile = sftp_profile(&sshd, sshd.port);
    let TransportChoice::Sftp { host_key, .. } = &mut profile.transport else {
        panic!("an sftp profile");
    };
    *host_key = fingerprint(&sshd);
    probe(&profile).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_needs_a_person_and_a_server_that_is_down_does_not() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    sshd::new_key(&key);
    let mut profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    let TransportChoice::Sftp { key_file, .. } = &mut profile.transport else {
        panic!("an sftp profile");
    };
    *key_file = Some(key.clone());
    let fault = refused(send(&profile, &claimed(1), &plan).await, "login_refused");
    assert!(!fault.is_transient());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let fault = refused(send(&profile, &claimed(1), &plan).await, "secret_exposed");
    assert!(!fault.is_transient());
    let profile = sftp_profile(&sshd, sshd::free_port());
    let fault = refused(send(&profile, &claimed(1), &plan).await, "dsp_unreachable");
    assert!(fault.is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let key = sshd::new_key(&dir.path().join("key"));
    let profile = profile(TransportChoice::Sftp {
        host: "127.0.0.1".to_owned(),
        port,
        user: "us".to_owned(),
        host_key: key.trim().to_owned(),
        password_file: None,
        key_file: Some(dir.path().join("key")),
        timeout_seconds: 1,
    });
    let fault = probe(&profile).await.unwrap_err();
    assert_eq!(fault.code, "dsp_timeout");
    assert!(fault.is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_renames_shows_nothing() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start("-P rename,posix-rename"));
    let profile = sftp_profile(&sshd, sshd.port);
    let fault = send(&profile, &claimed(1), &spooled.plan(&profile))
        .await
        .unwrap_err();
    assert!(!fault.is_transient(), "{fault}");
    assert!(fault.text.contains("rename"), "{fault}");
    assert_nothing_half(&sshd.inbox, &spooled);
    assert!(!sshd.inbox.join(FOLDER).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_without_extensions_will_do() {
    if !sshd::is_here() {
        return;
    }
    let spooled = spooled();
    let sshd = Sshd::start("-P posix-rename,fsync,limits,lsetstat,expand-path");
    let profile = sftp_profile(&sshd, sshd.port);
    send(&profile, &claimed(1), &spooled.plan(&profile))
        .await
        .unwrap();
    assert_arrived(&sshd.inbox, &spooled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_spool_file_is_never_visible_at_openssh() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    fs::write(spooled.dir.path().join("cover.jpg"), noise(9, 90_001)).unwrap();
    let fault = refused(send(&profile, &claimed(1), &plan).await, "spool_damaged");
    assert!(!fault.is_transient());
    assert_eq!(names_in(&sshd.inbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn openssh_keeps_what_belongs_to_somebody_else() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    fs::create_dir(sshd.inbox.join(FOLDER)).unwrap();
    fs::write(sshd.inbox.join(FOLDER).join("theirs.txt"), "theirs").unwrap();
    refused(send(&profile, &claimed(1), &plan).await, "name_taken");
    assert_eq!(files_below(&sshd.inbox), [format!("{FOLDER}/theirs.txt")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_left_folder_at_openssh_is_taken_over() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    let left = sshd.inbox.join(".in-01JZPUSH-1");
    fs::create_dir_all(left.join("resources")).unwrap();
    let big = "resources/01_One.wav";
    fs::copy(spooled.dir.path().join(big), left.join(big)).unwrap();
    fs::write(left.join("cover.jpg.part"), "half").unwrap();
    fs::write(left.join("stray"), "stray").unwrap();
    let before = inode(&left.join(big));
    send(&profile, &claimed(2), &spooled.plan(&profile))
        .await
        .unwrap();
    assert_arrived(&sshd.inbox, &spooled);
    assert_eq!(inode(&sshd.inbox.join(FOLDER).join(big)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_go_where_only_passwords_are_taken() {
    use password::{Door, Takes};
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("password");
    fs::write(&secret, "Grüße, 42\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    for takes in [Takes::Password, Takes::Questions] {
        for (right, code) in [("Grüße, 42", "sftp_refused"), ("other", "login_refused")] {
            let door = Door::open(takes, right).await;
            let profile = profile(TransportChoice::Sftp {
                host: "127.0.0.1".to_owned(),
                port: door.port,
                user: "acme".to_owned(),
                host_key: door.fingerprint.clone(),
                password_file: Some(secret.clone()),
                key_file: None,
                timeout_seconds: 20,
            });
            // Behind this door is no SFTP: who reads `sftp_refused` was let in.
            let fault = probe(&profile).await.unwrap_err();
            assert_eq!(fault.code, code, "{takes:?}: {fault}");
            assert!(!fault.is_transient());
            assert!(!fault.text.contains("Grüße"), "{fault}");
        }
    }
}

/// Stopping the daemon drops the future; the next attempt must not meet its ghost.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_stopped_leaves_no_connection_and_is_taken_over() {
    if !sshd::is_here() {
        return;
    }
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let profile = sftp_profile(&sshd, sshd.port);
    let plan = spooled.plan(&profile);
    let first = tokio::spawn({
        let (profile, plan) = (profile.clone(), plan.clone());
        async move { send(&profile, &claimed(1), &plan).await }
    });
    while names_in(&sshd.inbox).is_empty() {
        tokio::task::yield_now().await;
    }
    first.abort();
    let outcome = first.await;
    assert!(outcome.is_err_and(|error| error.is_cancelled()));
    assert_nothing_half(&sshd.inbox, &spooled);
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_arrived(&sshd.inbox, &spooled);
    sshd.wait_until_alone();
}

/// A DSP looks at its inbox all the time, not only after a push.
#[tokio::test(flavor = "multi_thread")]
async fn a_dsp_that_keeps_looking_never_sees_half() {
    let (spooled, inbox) = (Arc::new(spooled()), tempfile::tempdir().unwrap());
    let profile = folder_profile(inbox.path());
    let plan = spooled.plan(&profile);
    let ended = Arc::new(AtomicBool::new(false));
    let looking = tokio::task::spawn_blocking({
        let (spooled, ended) = (Arc::clone(&spooled), Arc::clone(&ended));
        let inbox = inbox.path().to_path_buf();
        move || {
            let mut looks = 0;
            while !ended.load(Ordering::Relaxed) {
                assert_nothing_half(&inbox, &spooled);
                looks += 1;
            }
            looks
        }
    });
    let sent = send(&profile, &claimed(1), &plan).await;
    ended.store(true, Ordering::Relaxed);
    assert!(looking.await.unwrap() > 0);
    sent.unwrap();
    assert_arrived(inbox.path(), &spooled);
}

/// Cuts the wire at many places of the whole conversation, denser at its beginning, where the login
/// is, and at its end, where rename and marker are. Whatever happened, nothing half may be visible,
/// and the next attempt completes without doubling anything.
async fn cut_everywhere(way: Way) {
    let (spooled, sshd) = (spooled(), Sshd::start(""));
    let wire = Wire::to(sshd.port, None);
    let whole = sftp_profile(&sshd, wire.port);
    send(&whole, &claimed(1), &spooled.plan(&whole))
        .await
        .unwrap();
    let all = wire.carried(way);
    let first = (1..9).map(|step| step * 500);
    let spread = (1..8).map(|part| all * part / 8);
    let last = (1..20).map(|step| all.saturating_sub(step * 90));
    let mut cuts = 0;
    for at in first.chain(spread).chain(last) {
        fs::remove_dir_all(sshd.inbox.join(FOLDER)).unwrap();
        let outcome = cut_and_repeat(&spooled, &sshd, Cut::After(way, at)).await;
        cuts += usize::from(outcome.is_err());
    }
    assert!(cuts > 20, "only {cuts} cuts hit");
}

/// One attempt on a wire that is cut, and one on a whole wire. Returns the first one's outcome.
async fn cut_and_repeat(spooled: &Spooled, sshd: &Sshd, cut: Cut) -> Result<String, Fault> {
    let wire = Wire::to(sshd.port, Some(cut.clone()));
    let profile = sftp_profile(sshd, wire.port);
    let plan = spooled.plan(&profile);
    let first = send(&profile, &claimed(1), &plan).await;
    assert_nothing_half(&sshd.inbox, spooled);
    if let Err(fault) = &first {
        assert!(fault.is_transient(), "{cut:?}: {fault}");
    }
    let second = send(&profile, &claimed(2), &plan).await;
    assert!(second.is_ok(), "{cut:?}: {second:?}");
    assert_arrived(&sshd.inbox, spooled);
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_on_the_way_to_the_dsp_is_repeated_safely() {
    if sshd::is_here() {
        cut_everywhere(Way::ToServer).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_on_the_way_back_is_repeated_safely() {
    if sshd::is_here() {
        cut_everywhere(Way::ToClient).await;
    }
}

/// What the DSP did is done and only its answer is lost, at each step that leaves something.
#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_to_each_step_are_survived() {
    if !sshd::is_here() {
        return;
    }
    let hidden = ".in-01JZPUSH-1";
    for step in [
        hidden.to_owned(),
        format!("{hidden}/resources"),
        format!("{hidden}/metadata.xml.part"),
        format!("{hidden}/metadata.xml"),
        format!("{hidden}/cover.jpg"),
        FOLDER.to_owned(),
        format!("{FOLDER}/delivery.complete"),
    ] {
        let (spooled, sshd) = (spooled(), Sshd::start(""));
        let there = sshd.inbox.join(&step);
        let outcome = cut_and_repeat(&spooled, &sshd, Cut::WhenThere(there)).await;
        assert!(outcome.is_err(), "{step}: no cut");
    }
}
