//! The clients that labels use, each against the running daemon: one table of what it can do here, in
//! README too. What a client has no command for is said there; nothing is left out in silence.

mod junk;
mod names;
mod programs;
mod scripts;
mod traces;

use crate::kit::{Label, TestDaemon, small_release};
use crate::wire::{OK, Raw, flag};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What is asked of every client.
const COLUMNS: [&str; 8] = [
    "uploads a release",
    "resumes",
    "overwrites",
    "renames",
    "lists",
    "size after CLOSE",
    "deletes",
    "shows a refusal as",
];

const OURS: &str = "our sentence";
const DENIED: &str = "“permission denied”";

/// One client: its answers to [`COLUMNS`], as the test of this client finds them.
struct Row {
    client: &'static str,
    cells: [&'static str; 8],
}

const fn row(client: &'static str, cells: [&'static str; 8]) -> Row {
    Row { client, cells }
}

const TABLE: [Row; 15] = [
    row(
        "FileZilla",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "OpenSSH `sftp`",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", DENIED],
    ),
    row(
        "OpenSSH `scp`",
        ["yes", "–", "yes", "–", "–", "–", "–", DENIED],
    ),
    row(
        "PuTTY `psftp`",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", DENIED],
    ),
    row(
        "PuTTY `pscp`",
        ["yes", "–", "yes", "–", "yes", "yes", "–", DENIED],
    ),
    row(
        "`lftp`",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "`rclone`",
        ["yes", "–", "yes", "yes", "yes", "yes", "yes", DENIED],
    ),
    row(
        "`curl`",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", DENIED],
    ),
    row(
        "paramiko",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "AsyncSSH",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "ssh2-sftp-client",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "libssh",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "phpseclib",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "Net::SFTP::Foreign",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", OURS],
    ),
    row(
        "Ruby net-sftp",
        ["yes", "yes", "yes", "yes", "yes", "yes", "yes", DENIED],
    ),
];

/// The table for README.
pub(crate) fn table_markdown() -> String {
    let mut out = format!("| client | {} |\n", COLUMNS.join(" | "));
    out.push_str(&"|---".repeat(COLUMNS.len() + 1));
    out.push_str("|\n");
    for row in &TABLE {
        out.push_str(&format!("| {} | {} |\n", row.client, row.cells.join(" | ")));
    }
    out
}

/// What a client is told to do. Remote paths are absolute.
enum Deed<'a> {
    /// Uploads a folder as `/incoming/` and its name.
    Folder(&'a Path),
    Put(&'a Path, &'a str),
    /// Continues a file that is there in part.
    Resume(&'a Path, &'a str),
    Rename(&'a str, &'a str),
    List(&'a str),
    /// Uploads a file of that folder and looks at its size at once.
    PutAndLook(&'a Path, &'a str),
    /// Removes a file, and then the folder in which it was.
    Delete {
        file: &'a str,
        folder: &'a str,
    },
}

/// How a deed went, and what was printed.
struct Said {
    done: bool,
    words: String,
}

impl Said {
    fn by(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap();
        Self::of(&output)
    }

    fn of(output: &Output) -> Self {
        let mut words = String::from_utf8_lossy(&output.stdout).into_owned();
        words.push_str(&String::from_utf8_lossy(&output.stderr));
        Self {
            done: output.status.success(),
            words,
        }
    }

    /// The first that failed, or all that was said.
    fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let mut words = String::new();
        for said in each {
            words.push_str(&said.words);
            if !said.done {
                return Self { done: false, words };
            }
        }
        Self { done: true, words }
    }
}

/// A daemon, a label, and the folder `/incoming/Work`, which never becomes complete.
struct Zone {
    daemon: TestDaemon,
    label: Label,
    /// By which deeds are prepared.
    raw: Raw,
}

impl Zone {
    fn new() -> Self {
        let daemon = TestDaemon::start("");
        let label = daemon.label("quayside", &[]);
        fs::create_dir(daemon.home.path().join("local")).unwrap();
        let mut raw = Raw::connect(&daemon, &label);
        assert_eq!(raw.mkdir("/incoming/Work").0, OK);
        Self { daemon, label, raw }
    }

    /// A program that must end within a minute, away from the user's own files.
    fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "60"])
            .arg(program.as_ref())
            .env("HOME", self.daemon.home.path())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("SSH_AUTH_SOCK");
        command
    }

    fn port(&self) -> String {
        self.daemon.port.to_string()
    }

    /// The host key's fingerprint without its kind, as PuTTY's programs want it.
    fn fingerprint(&self) -> String {
        let log = fs::read_to_string(self.daemon.log()).unwrap();
        let print = log.split("SHA256:").nth(1).unwrap();
        let is_base64 = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        format!(
            "SHA256:{}",
            print.chars().take_while(is_base64).collect::<String>()
        )
    }

    /// A local file with that many bytes that are not all alike.
    fn local(&self, name: &str, length: u32) -> PathBuf {
        let path = self.daemon.home.path().join("local").join(name);
        fs::write(&path, bytes(length, name.len() as u32)).unwrap();
        path
    }

    /// A file of the label on the server's disk.
    fn stored(&self, tree: &str, path: &str) -> PathBuf {
        let label = self.daemon.data().join("labels").join(&self.label.id);
        label.join(tree).join(path)
    }

    fn put(&mut self, path: &str, content: &[u8]) {
        assert_eq!(self.raw.put(path, flag::PUT, content), OK, "{path}");
    }
}

/// Bytes that are not all alike.
fn bytes(length: u32, seed: u32) -> Vec<u8> {
    (0..length)
        .map(|n| (n.wrapping_add(seed).wrapping_mul(0x9e37_79b9) >> 24) as u8)
        .collect()
}

/// Has a client do everything, and compares what it could with its row. `None` is a deed for which it
/// has no command.
fn drive(client: &str, perform: impl Fn(&Zone, &Deed<'_>) -> Option<Said>) {
    let mut zone = Zone::new();
    let done = |zone: &Zone, deed: &Deed<'_>| -> Option<String> {
        let said = perform(zone, deed)?;
        assert!(said.done, "{client}: {}", said.words);
        Some(said.words)
    };
    let found = [
        upload(&zone, &done),
        resume(&mut zone, &done),
        overwrite(&mut zone, &done),
        rename(&mut zone, &done),
        list(&mut zone, &done),
        look(&zone, &done),
        delete(&mut zone, &done),
    ];
    let mut found = found.map(|can| if can { "yes" } else { "–" }).to_vec();
    let loose = zone.local("loose.wav", 5_000);
    let said = perform(&zone, &Deed::Put(&loose, "/incoming/loose.wav")).unwrap();
    assert!(
        !said.done,
        "{client} believes that a loose file was taken: {}",
        said.words
    );
    found.push(
        if said.words.contains("Create one folder for the release") {
            OURS
        } else if said.words.to_lowercase().contains("permission denied") {
            DENIED
        } else {
            panic!("{client} says neither: {}", said.words)
        },
    );
    println!("{client}: {found:?}");
    let row = TABLE.iter().find(|row| row.client == client).unwrap();
    assert_eq!(found, row.cells, "{client}: {COLUMNS:?}");
}

type Done<'a> = &'a dyn Fn(&Zone, &Deed<'_>) -> Option<String>;

fn upload(zone: &Zone, done: Done<'_>) -> bool {
    let spec = small_release(320);
    let folder = zone.daemon.material(&spec);
    let name = folder.file_name().unwrap().to_str().unwrap();
    if done(zone, &Deed::Folder(&folder)).is_none() {
        return false;
    }
    let package = zone.daemon.wait_status(name, "needs_qc");
    assert_eq!(package["finding_counts"]["error"], 0, "{package}");
    true
}

fn resume(zone: &mut Zone, done: Done<'_>) -> bool {
    let (path, whole) = ("/incoming/Work/big.wav", zone.local("big.wav", 300_000));
    // A cut leaves a beginning. It is not the local file's, which tells that a client went on from it.
    let start = vec![7; 100_001];
    let mut lost = Raw::connect(&zone.daemon, &zone.label);
    let handle = lost.open(path, flag::PUT).unwrap();
    lost.write(&handle, 0, &start);
    lost.cut();
    if done(zone, &Deed::Resume(&whole, path)).is_none() {
        return false;
    }
    let stored = fs::read(zone.stored("incoming", "Work/big.wav")).unwrap();
    let wanted = [&start[..], &fs::read(whole).unwrap()[start.len()..]].concat();
    assert_eq!(stored.len(), wanted.len());
    assert!(stored == wanted, "went on where the cut was");
    true
}

fn overwrite(zone: &mut Zone, done: Done<'_>) -> bool {
    let (path, new) = ("/incoming/Work/again.wav", zone.local("again.wav", 70_000));
    zone.put(path, &bytes(90_000, 1));
    if done(zone, &Deed::Put(&new, path)).is_none() {
        return false;
    }
    let stored = fs::read(zone.stored("incoming", "Work/again.wav")).unwrap();
    assert!(
        stored == fs::read(new).unwrap(),
        "the new content and nothing else"
    );
    true
}

fn rename(zone: &mut Zone, done: Done<'_>) -> bool {
    zone.put("/incoming/Work/from.wav", b"moved");
    let deed = Deed::Rename("/incoming/Work/from.wav", "/incoming/Work/to.wav");
    if done(zone, &deed).is_none() {
        return false;
    }
    assert_eq!(
        fs::read(zone.stored("incoming", "Work/to.wav")).unwrap(),
        b"moved"
    );
    assert!(!zone.stored("incoming", "Work/from.wav").exists());
    true
}

fn list(zone: &mut Zone, done: Done<'_>) -> bool {
    let name = "02_Björk – ½.wav";
    zone.put(&format!("/incoming/Work/{name}"), b"x");
    let Some(words) = done(zone, &Deed::List("/incoming/Work")) else {
        return false;
    };
    assert!(words.contains(name), "{words}");
    true
}

fn look(zone: &Zone, done: Done<'_>) -> bool {
    let file = zone.local("look.wav", 123_457);
    let Some(words) = done(zone, &Deed::PutAndLook(&file, "/incoming/Work/look.wav")) else {
        return false;
    };
    assert!(words.contains("123457"), "{words}");
    true
}

fn delete(zone: &mut Zone, done: Done<'_>) -> bool {
    assert_eq!(zone.raw.mkdir("/incoming/Gone").0, OK);
    let (file, folder) = ("/incoming/Gone/a.wav", "/incoming/Gone");
    zone.put(file, b"x");
    if done(zone, &Deed::Delete { file, folder }).is_none() {
        return false;
    }
    assert!(!zone.stored("incoming", "Gone").exists());
    true
}
