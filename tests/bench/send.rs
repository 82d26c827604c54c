//! An album on its way to a DSP: what a push does from the claimed files to the last rename, as a
//! process of its own (A), and `sftp put -r` of the same files (B). Both to Debian's OpenSSH server
//! on loopback, with the same cipher and a connection each.
//!
//! A also writes the message, holds it to the official schema where that is there, hashes every byte
//! again on the way and looks at every file afterwards; B does nothing of that. The hashes were known
//! when the package was claimed, and so they are here.

use crate::pair::{Bench, By, chain, installed};
use crate::sftp::clients::{Client, Work};
use crate::sftp::servers::Server;
use dropzone::cli::demo::material::audio::Signal;
use dropzone::cli::demo::material::audio::pcm::{Coding, Wav};
use dropzone::cli::demo::material::{self, Encoding, ReleaseSpec, TrackSpec, isrc};
use dropzone::deliver::{self, Making, Part, Trip};
use dropzone::domain::account::Profile;
use dropzone::domain::dsp::effective::resolve;
use dropzone::domain::dsp::{DspProfile, OwnParty};
use dropzone::domain::ern;
use dropzone::domain::ern::write::out_files;
use dropzone::domain::facts::{
    AudioFacts, Container, FileFacts, FolderFacts, ManifestFile, SampleCoding,
};
use dropzone::domain::ids::{DspId, LabelId, PackageId};
use dropzone::domain::lifecycle::Status;
use dropzone::domain::limits::Limits;
use dropzone::domain::naming::role_of;
use dropzone::domain::package::Package;
use dropzone::domain::push::{Attempt, MessageIds, PushKind};
use dropzone::domain::report::Counts;
use dropzone::inspect::schemas::Schemas;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// 24 bit, 44.1 kHz, stereo.
const BYTES_PER_SECOND: f64 = 44_100.0 * 6.0;

/// The cipher that ours prefers.
const CIPHER: &str = "aes128-gcm@openssh.com";

/// `BENCH_SEND_SCALE=10` takes a tenth.
fn scale() -> f64 {
    let said = std::env::var("BENCH_SEND_SCALE");
    said.ok().and_then(|n| n.parse().ok()).unwrap_or(1.0)
}

pub(crate) fn run(bench: &Bench) {
    if !Path::new("/usr/sbin/sshd").exists() || !installed("sftp") {
        println!("skipped: needs openssh-server and openssh-client");
        return;
    }
    bench.material_apart("send");
    let scale = scale();
    let album = |tracks: u32, megabytes: f64| {
        let name = format!("send-{tracks}x{:.0}mb", megabytes / scale);
        bench.material(&name, |folder| {
            release(folder, tracks, megabytes * 1e6 / scale / BYTES_PER_SECOND);
        })
    };
    let (twelve, one) = (album(12, 50.0), album(1, 600.0));
    let plain = Client::openssh(CIPHER);
    let flushed = Client::openssh_with_fsync(CIPHER);
    let tmpfs = Path::new("/dev/shm");
    duel(
        bench,
        "album 12 × 50 MB, tmpfs",
        "≥ 0.91",
        &twelve,
        tmpfs,
        &plain,
    );
    duel(bench, "one file of 600 MB, tmpfs", "–", &one, tmpfs, &plain);
    duel(
        bench,
        "album, disk (B with sftp -f)",
        "≥ 0.91",
        &twelve,
        &bench.dir,
        &flushed,
    );
}

/// One release to a server of its own.
fn duel(bench: &Bench, name: &str, goal: &str, album: &Path, place: &Path, theirs: &Client) {
    let server = Server::openssh(place);
    let login = server.login();
    let told = login.scratch.join("told");
    let profile = login.scratch.join("profile.toml");
    fs::write(
        &profile,
        format!(
            "name = \"Store\"\nmessage = \"ern_43\"\nchoreography = \"batch\"\n\
             directory = \"{}\"\n\n[message_options]\ndpid = \"PADPIDA0000000002Z\"\n\n\
             [transport]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\n\
             host_key = \"{}\"\nkey_file = \"{}\"\n",
            Path::new(&login.folder).parent().unwrap().display(),
            login.port,
            login.user,
            server.host_key(),
            login.key.display(),
        ),
    )
    .unwrap();
    bench.compare(
        name,
        By::Wall,
        goal,
        || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["worker", "send"]).args([
                album,
                &profile,
                &login.scratch.join("work"),
                &told,
            ]);
            let sample = chain([command]);
            server.clear();
            sample
        },
        || {
            let command = theirs.command(&login, &Work::PutFolder(album.to_owned()), &login.folder);
            let sample = chain([command]);
            server.clear();
            sample
        },
    );
    if let Ok(told) = fs::read_to_string(&told) {
        println!("{:<44} {told}", "");
    }
}

/// A release, and what intake knew of its files.
fn release(folder: &Path, tracks: u32, seconds: f64) {
    let mut spec = ReleaseSpec::demo(901);
    spec.tracks = (1..=tracks)
        .map(|number| {
            let mut track = TrackSpec::new(number, &format!("Track {number}"), isrc(900 + number));
            track.signal = Signal {
                seconds,
                seed: u64::from(number),
                ..track.signal
            };
            track.encoding = Encoding::Wav(Wav {
                coding: Coding::Pcm24,
                ..Wav::default()
            });
            track
        })
        .collect();
    material::release(folder, &spec).unwrap();
    let mut manifest = Vec::new();
    for path in walk(folder) {
        let bytes = fs::read(folder.join(&path)).unwrap();
        manifest.push(ManifestFile {
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
            path,
            md5: None,
            taken_over: false,
            kept: None,
        });
    }
    let known = serde_json::to_vec(&manifest).unwrap();
    fs::write(folder.join(CLAIMED), known).unwrap();
}

/// What intake knew; no file of the release.
const CLAIMED: &str = ".claimed.json";

fn walk(folder: &Path) -> Vec<String> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder).unwrap();
                files.push(relative.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// `bench worker send ALBUM PROFILE WORK TOLD`: prepares and sends it, as the daemon's worker does.
pub(crate) fn worker(arguments: &[String]) {
    let [album, profile, work, told] = arguments else {
        panic!("{arguments:?}: album, profile, folder for what is made, file for what is told");
    };
    let (album, work) = (Path::new(album), Path::new(work));
    let mut profile: DspProfile = toml::from_str(&fs::read_to_string(profile).unwrap()).unwrap();
    profile.id = DspId::new("store");
    let manifest: Vec<ManifestFile> =
        serde_json::from_slice(&fs::read(album.join(CLAIMED)).unwrap()).unwrap();
    let us = OwnParty {
        dpid: "PADPIDA0000000000X".to_owned(),
        name: "Distributor".to_owned(),
    };
    let now: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
    let part = prepared(album, work, &profile, &us, &manifest, now);
    let plan = deliver::assemble(&profile, &us, &[part], Some("20261126100000000")).unwrap();
    let bytes: u64 = plan.files.iter().map(|cargo| cargo.size).sum();
    let before = read_so_far();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let attempt = Attempt {
        of: "01BENCH".to_owned(),
        number: 1,
    };
    let trip = Trip::default();
    let sent = deliver::send(&profile, &attempt, &plan, &trip);
    runtime.block_on(sent).unwrap();
    let times = (read_so_far() - before) as f64 / bytes as f64;
    fs::write(told, format!("files were read {times:.2} times")).unwrap();
}

fn prepared(
    album: &Path,
    work: &Path,
    profile: &DspProfile,
    us: &OwnParty,
    manifest: &[ManifestFile],
    now: Timestamp,
) -> Part {
    let limits = Limits::default();
    let text = fs::read(album.join("metadata.xml")).unwrap();
    let message = ern::read(&text, &limits).message.unwrap();
    let package = package(now);
    let effective = resolve(profile, &[], &[]);
    let making = Making {
        profile,
        us,
        package: &package,
        effective: &effective,
        kind: PushKind::New,
        form: profile.takedown_form(false),
        message: &message,
        files: out_files(&message, &measured(manifest)),
        manifest,
        spool: album,
        work,
        on_behalf_of: None,
        ids: MessageIds {
            message: "1".to_owned(),
            thread: "1".to_owned(),
        },
        now,
    };
    let prepared = deliver::generate(&making).unwrap();
    let ours = ern::read(&fs::read(work.join("message.xml")).unwrap(), &limits);
    let sets = std::env::var("DROPZONE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let faults = Schemas::open(&PathBuf::from(sets).join("schemas")).check(&ours, Profile::Strict);
    assert_eq!(faults.total, 0, "{:?}", faults.faults.first());
    Part {
        package,
        kind: PushKind::New,
        prepared,
    }
}

fn package(now: Timestamp) -> Package {
    Package {
        id: PackageId::new("01BENCH"),
        label: LabelId::new("01LABEL"),
        label_name: "bench".to_owned(),
        folder: "album".to_owned(),
        status: Status::QcApproved,
        attempt: 1,
        icpn: Some(material::icpn(901)),
        title: None,
        artist: None,
        tracks: 12,
        counts: Counts::default(),
        waiting_for: Vec::new(),
        via_sftp: true,
        received_at: now,
        updated_at: now,
    }
}

/// What inspection would have measured.
fn measured(manifest: &[ManifestFile]) -> FolderFacts {
    let files = manifest.iter().map(|line| FileFacts {
        path: line.path.clone(),
        size: line.size,
        role: role_of(&line.path),
        sha256: Some(line.sha256.clone()),
        audio: line.path.ends_with(".wav").then(|| AudioFacts {
            container: Container::Wav,
            coding: SampleCoding::Pcm,
            rate_hz: 44_100,
            bits: 24,
            channels: 2,
            duration_ms: (line.size as f64 / BYTES_PER_SECOND * 1e3) as u64,
            ..AudioFacts::default()
        }),
        ..FileFacts::default()
    });
    FolderFacts {
        folder: "album".to_owned(),
        files: files.collect(),
        ..FolderFacts::default()
    }
}

/// Bytes that this process has read from files so far; what came from sockets is not in it.
fn read_so_far() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find(|line| line.starts_with("rchar:")).unwrap();
    line["rchar: ".len()..].parse().unwrap()
}
