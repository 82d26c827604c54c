//! Labels that upload at one time while the daemon is killed again and again: what was acknowledged
//! is there after every kill, and at the end each release lies at the DSP once.
//!
//! Longer by hand: `DROPZONE_SOAK_KILLS=500 cargo test --test it soak`; another course of events
//! with `DROPZONE_SOAK_SEED=2`.

use crate::kit::{TestDaemon, release, wait};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Numbers that are the same with every run of a seed.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// (folder, file) → SHA-256 of every file whose upload the client saw succeed.
type Ledger = Arc<Mutex<BTreeMap<(String, String), String>>>;

fn hash(path: &Path) -> String {
    hex::encode(Sha256::digest(fs::read(path).unwrap()))
}

/// One label's client: what it needs without the daemon's process in hand.
struct Client {
    port: u16,
    name: String,
    key: PathBuf,
    options: Vec<String>,
    config: PathBuf,
    batch: PathBuf,
}

impl Client {
    /// Runs a batch of `sftp`; whether all of it succeeded. About 4 MB/s, so that kills hit files.
    fn sftp(&self, batch: &str) -> bool {
        fs::write(&self.batch, batch).unwrap();
        Command::new("sftp")
            .args(["-q", "-l", "32000", "-P", &self.port.to_string(), "-i"])
            .arg(&self.key)
            .args(&self.options)
            .arg("-b")
            .arg(&self.batch)
            .arg(format!("{}@127.0.0.1", self.name))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    fn is_claimed(&self, folder: &str) -> bool {
        packages(&self.config)
            .iter()
            .any(|package| package["folder"] == folder && package["status"] != "receiving")
    }

    /// Sends one file until it is acknowledged, in turns anew and by resuming what came. Only the
    /// first file makes the folder: a folder that is gone was claimed, and the answer to its last
    /// file was lost with the daemon.
    fn send(&self, folder: &str, file: &Path, first: bool, ledger: &Ledger) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        for attempt in 0.. {
            let make = if first {
                format!("-mkdir incoming/{folder}\n")
            } else {
                String::new()
            };
            let put = if attempt % 2 == 0 { "put" } else { "reput" };
            let path = file.display();
            if self.sftp(&format!("{make}{put} {path} incoming/{folder}/{name}\n")) {
                let key = (folder.to_owned(), name);
                ledger.lock().unwrap().insert(key, hash(file));
                return;
            }
            if self.is_claimed(folder) {
                return;
            }
            assert!(attempt < 400, "{folder}/{name} cannot be uploaded");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn send_release(&self, folder: &Path, ledger: &Ledger) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        // The message last: until then nothing can be claimed.
        files.sort_by_key(|file| (file.extension().is_some_and(|e| e == "xml"), file.clone()));
        for (at, file) in files.iter().enumerate() {
            self.send(name, file, at == 0, ledger);
        }
    }
}

fn packages(config: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .arg("--config")
        .arg(config)
        .args(["--json", "package", "list"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["packages"].as_array().unwrap().clone()
}

fn files_below(root: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Every acknowledged file is somewhere in our hands, whole. The daemon is dead meanwhile.
fn assert_kept(daemon: &TestDaemon, ledger: &Ledger, when: &str) {
    let mut files = Vec::new();
    files_below(&daemon.data().join("labels"), &mut files);
    files_below(&daemon.data().join("spool"), &mut files);
    // What lies under `partial/` is not acknowledged, or no longer.
    files.retain(|file| !file.components().any(|part| part.as_os_str() == "partial"));
    let there: BTreeSet<(String, String)> = files
        .iter()
        .filter_map(|file| Some((file.file_name()?.to_str()?.to_owned(), hash(file))))
        .collect();
    for ((folder, name), sha256) in ledger.lock().unwrap().iter() {
        let wanted = (name.clone(), sha256.clone());
        assert!(there.contains(&wanted), "{when}: {folder}/{name} is lost");
    }
}

fn approve_what_is_ready(daemon: &TestDaemon) {
    for package in daemon.packages() {
        if package["status"] == "needs_qc" {
            daemon.approve(package["id"].as_str().unwrap());
        }
    }
}

#[test]
fn uploads_survive_a_daemon_that_is_killed_again_and_again() {
    let kills = number("DROPZONE_SOAK_KILLS", 12);
    let mut dice = Dice(number("DROPZONE_SOAK_SEED", 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut daemon = TestDaemon::start("[deliver]\nretry_first_seconds = 1\n");
    let ledger = Ledger::default();
    let next = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(AtomicBool::new(false));
    let (releases, material) = (
        Arc::new(Mutex::new(Vec::new())),
        daemon.home.path().join("label"),
    );
    let clients: Vec<_> = ["alder", "birch", "cedar"]
        .into_iter()
        .map(|name| {
            let label = daemon.label(name, &["--dsp", "store"]);
            let client = Client {
                port: daemon.port,
                name: name.to_owned(),
                key: label.key,
                options: daemon.ssh_options(),
                config: daemon.config(),
                batch: daemon.home.path().join(format!("{name}.soak")),
            };
            let (ledger, next, enough) =
                (Arc::clone(&ledger), Arc::clone(&next), Arc::clone(&enough));
            let (releases, material) = (Arc::clone(&releases), material.clone());
            std::thread::spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let number = 200 + next.fetch_add(1, Ordering::Relaxed);
                    let mut spec = release(u32::try_from(number).unwrap());
                    spec.tracks.truncate(1);
                    let folder = material.join(spec.folder_name());
                    dropzone::cli::demo::material::release(&folder, &spec).unwrap();
                    releases.lock().unwrap().push(folder.clone());
                    client.send_release(&folder, &ledger);
                }
            })
        })
        .collect();
    for kill in 1..=kills {
        std::thread::sleep(Duration::from_millis(200 + dice.throw(3000)));
        daemon.kill();
        assert_kept(&daemon, &ledger, &format!("kill {kill}"));
        approve_what_is_ready(&daemon);
        daemon.run();
        assert!(!daemon.has_ended(), "it starts after kill {kill}");
    }
    enough.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    let releases = releases.lock().unwrap().clone();
    assert!(releases.len() >= 3);
    wait("every release to be delivered", || {
        approve_what_is_ready(&daemon);
        let all = daemon.packages();
        let status = |status: &str| all.iter().filter(|p| p["status"] == status).count();
        (status("delivered") == releases.len() && all.len() == releases.len()).then_some(())
    });
    assert_kept(&daemon, &ledger, "the end");
    assert_delivered_once(&daemon, &releases);
    let log = fs::read_to_string(daemon.log()).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

fn assert_delivered_once(daemon: &TestDaemon, releases: &[PathBuf]) {
    let mut at_dsp = Vec::new();
    files_below(&daemon.dsp(), &mut at_dsp);
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for file in &at_dsp {
        *arrived.entry(hash(file)).or_default() += 1;
    }
    for folder in releases {
        let message = folder.join("metadata.xml");
        assert_eq!(arrived.get(&hash(&message)), Some(&1), "{folder:?} once");
        for file in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            assert!(arrived.contains_key(&hash(&file)), "{file:?} arrived whole");
        }
    }
    let folders = fs::read_dir(daemon.dsp()).unwrap().count();
    assert_eq!(folders, releases.len(), "nothing half, nothing twice");
}
