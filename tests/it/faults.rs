//! What goes wrong between a client and the daemon, and in the daemon's system: after every fault the
//! next client is served, memory and descriptors are back, and no byte that was acknowledged is missing.

mod attack;
mod clock;
mod cuts;
mod disk;
mod floods;
mod large;
mod proxy;
mod stalls;

use crate::kit::{Label, TestDaemon, wait};
use crate::wire::{OK, Raw, flag};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// What a daemon may keep more than before, for its allocator's sake.
const ROOM_KIB: u64 = 64 * 1024;
/// Descriptors that it may keep more: a reader of the store, a listing.
const ROOM_FILES: usize = 8;

/// A daemon, a label, and what was acknowledged to it.
struct Patient {
    daemon: TestDaemon,
    label: Label,
    /// Path below `/incoming` → SHA-256.
    acknowledged: BTreeMap<String, String>,
    files: usize,
    resident_kib: u64,
}

impl Patient {
    /// One that has served before, so that what it needs only once is there already.
    fn new() -> Self {
        Self::with_sftp("")
    }

    /// The same, with more lines in its section `[sftp]`.
    fn with_sftp(lines: &str) -> Self {
        let mut daemon = TestDaemon::prepare("");
        let text = fs::read_to_string(daemon.config()).unwrap();
        let text = text.replace("[sftp]\n", &format!("[sftp]\npenalty_exempt = [\"127.0.0.1\"]\nmax_unauthenticated_per_network = 100\n{lines}\n"),
        );
        fs::write(daemon.config(), text).unwrap();
        daemon.run();
        Self::of(daemon)
    }

    fn of(daemon: TestDaemon) -> Self {
        let label = daemon.label("quayside", &[]);
        let mut patient = Self {
            daemon,
            label,
            acknowledged: BTreeMap::new(),
            files: 0,
            resident_kib: 0,
        };
        let mut raw = patient.connect();
        assert_eq!(raw.mkdir("/incoming/Work").0, OK);
        patient.put(&mut raw, "Work/first.wav", &vec![1; 2_000_000]);
        raw.end();
        patient.daemon.packages();
        patient.files = patient.open_files();
        patient.resident_kib = patient.resident_kib();
        patient
    }

    fn connect(&self) -> Raw {
        Raw::connect(&self.daemon, &self.label)
    }

    /// Uploads a file and remembers it once it is acknowledged.
    fn put(&mut self, raw: &mut Raw, path: &str, content: &[u8]) {
        assert_eq!(
            raw.put(&format!("/incoming/{path}"), flag::PUT, content),
            OK
        );
        let sum = hex::encode(Sha256::digest(content));
        self.acknowledged.insert(path.to_owned(), sum);
    }

    fn stored(&self, tree: &str, path: &str) -> PathBuf {
        let label = self.daemon.data().join("labels").join(&self.label.id);
        label.join(tree).join(path)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.daemon.log()).unwrap()
    }

    fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.daemon.pid()))
            .unwrap()
            .count()
    }

    fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.pid())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Every acknowledged file is whole under its name.
    fn assert_kept(&self, after: &str) {
        for (path, sum) in &self.acknowledged {
            let content = fs::read(self.stored("incoming", path))
                .unwrap_or_else(|error| panic!("{after}: {path} is lost: {error}"));
            assert_eq!(
                &hex::encode(Sha256::digest(content)),
                sum,
                "{after}: {path}"
            );
        }
    }

    /// The next client is served, and the daemon is as it was.
    fn assert_well(&self, after: &str) {
        self.daemon.sftp_ok(&self.label, "ls incoming/Work\n");
        self.assert_kept(after);
        wait(&format!("{after}: descriptors to be given back"), || {
            (self.open_files() <= self.files + ROOM_FILES).then_some(())
        });
        let (now, before) = (self.resident_kib(), self.resident_kib);
        println!(
            "{after}: {before} KiB before, {now} KiB now, {} files",
            self.open_files()
        );
        assert!(
            now <= before + ROOM_KIB,
            "{after}: {before} KiB before, {now} KiB now"
        );
        assert!(!self.log().contains("panicked"), "{after}: {}", self.log());
    }
}
