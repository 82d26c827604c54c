//! Files are hashed while they arrive: the audit log tells the hashes, and nothing is read again for
//! them until the verdict. Through the running daemon, by what it counts and logs.

use crate::kit::{TestDaemon, free_port, release, wait};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// A daemon that is watched, and where its audit log lies.
struct Watched {
    daemon: TestDaemon,
    metrics: u16,
}

impl Watched {
    fn start() -> Self {
        let metrics = free_port();
        let mut daemon =
            TestDaemon::prepare(&format!("[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n"));
        let log = daemon.home.path().join("audit.jsonl");
        let config = fs::read_to_string(daemon.config()).unwrap();
        let audit = format!("[log]\naudit = \"{}\"\n\n", log.display());
        fs::write(daemon.config(), config + &audit).unwrap();
        daemon.run();
        Self { daemon, metrics }
    }

    /// Bytes hashed while they arrived, and those read again for it.
    fn hashed(&self) -> (u64, u64) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics)).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        let count = |source: &str| {
            let name = format!("dropzone_hash_bytes_total{{source=\"{source}\"}} ");
            let line = page.lines().find_map(|line| line.strip_prefix(&name));
            line.unwrap().parse::<f64>().unwrap() as u64
        };
        (count("arriving"), count("afterwards"))
    }

    fn audited(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.daemon.home.path().join("audit.jsonl")).unwrap();
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// SHA-256 by path as the log tells them, and in which event.
    fn told(&self) -> BTreeMap<String, (String, String)> {
        self.audited()
            .iter()
            .filter_map(|line| {
                let text = |key: &str| line[key].as_str().map(str::to_owned);
                Some((text("path")?, (text("event")?, text("sha256")?)))
            })
            .collect()
    }

    /// Waits until the hash of a path is told, and gives the event and the hash.
    fn wait_told(&self, path: &str) -> (String, String) {
        wait(&format!("the hash of {path}"), || self.told().remove(path))
    }
}

fn sha256(path: &Path) -> String {
    hex::encode(Sha256::digest(fs::read(path).unwrap()))
}

fn bytes_in(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

#[test]
fn a_release_that_came_in_order_is_not_read_again_for_its_hashes() {
    let watched = Watched::start();
    let label = watched.daemon.label("quayside", &[]);
    let folder = watched.daemon.material(&release(75));
    watched.daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let package = watched.daemon.wait_status(&name, "needs_qc");
    assert_eq!(watched.hashed(), (bytes_in(&folder), 0), "{package}");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let (_, told) = watched.wait_told(&format!("{name}/{file}"));
        assert_eq!(told, sha256(&path), "{file}");
    }
    // The message is small: its line needs no second one.
    assert_eq!(watched.told()[&format!("{name}/metadata.xml")].0, "close");
    let events = watched.audited();
    let of_package = |event: &str| events.iter().filter(|line| line["event"] == event).count();
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(of_package("close"), files);
    let with_hash = events
        .iter()
        .filter(|line| line["event"] == "close" && line["sha256"].is_string())
        .count();
    assert_eq!(with_hash + of_package("hashed"), files, "each is told once");
}

#[test]
fn a_name_for_the_time_of_the_upload_and_times_set_after_it_cost_no_reading() {
    let watched = Watched::start();
    let label = watched.daemon.label("quayside", &[]);
    let folder = watched.daemon.material(&release(76));
    let mut batch = "mkdir incoming/Rel\n".to_owned();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        batch += &format!(
            "put -p {0} incoming/Rel/{file}.filepart\nrename incoming/Rel/{file}.filepart incoming/Rel/{file}\n",
            path.display()
        );
    }
    watched.daemon.sftp_ok(&label, &batch);
    watched.daemon.wait_status("Rel", "needs_qc");
    assert_eq!(watched.hashed(), (bytes_in(&folder), 0));
}

#[test]
fn a_resumed_upload_is_hashed_afterwards_and_told_by_a_later_line() {
    let watched = Watched::start();
    let label = watched.daemon.label("quayside", &[]);
    let folder = watched.daemon.material(&release(77));
    let track = "02_LowWater.wav";
    let whole = fs::read(folder.join(track)).unwrap();
    let half = watched.daemon.home.path().join("half.wav");
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let mut batch = format!(
        "mkdir incoming/Rel\nput {} incoming/Rel/{track}\nreput {1}/{track} incoming/Rel/{track}\n",
        half.display(),
        folder.display()
    );
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with(track) {
            batch += &format!("put {} incoming/Rel/\n", path.display());
        }
    }
    watched.daemon.sftp_ok(&label, &batch);
    watched.daemon.wait_status("Rel", "needs_qc");
    // The half may have a line of its own, from when it was closed.
    let last = wait("the line of the whole", || {
        watched.audited().into_iter().find(|line| {
            line["event"] == "hashed"
                && line["path"] == format!("Rel/{track}").as_str()
                && line["size_bytes"] == whole.len()
        })
    });
    assert_eq!(last["sha256"], sha256(&folder.join(track)).as_str());
    assert!(last["label"].is_string(), "{last}");
    let (_, afterwards) = watched.hashed();
    assert_eq!(afterwards, whole.len() as u64, "that file, and no other");
}
