//! The SFTP server driven by the clients that labels use, against a `Door` in this process.

mod access;
mod admission;
mod algorithms;
mod audit;
mod bounds;
mod clients;
mod openssh;
mod raw;

use dropzone::domain::access::Access;
use dropzone::domain::account::{Account, Accounts, Profile};
use dropzone::domain::audit::Entry;
use dropzone::domain::fault::Fault;
use dropzone::domain::ids::LabelId;
use dropzone::domain::password;
use dropzone::domain::places::Places;
use dropzone::domain::quota::OwnQuota;
use dropzone::domain::upload::UploadEvent;
use dropzone::sftp::{Door, Settings, Wires};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";

/// Accounts of a test, and what is agreed with each of them about its space.
#[derive(Default)]
struct Book(Mutex<HashMap<String, Account>>, Mutex<OwnQuota>);

impl Accounts for Book {
    fn find(&self, name: &str) -> Result<Option<Account>, Fault> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn own_quota(&self, _: &LabelId) -> Result<OwnQuota, Fault> {
        Ok(*self.1.lock().unwrap())
    }
}

/// A server with two labels, `alpha` and `beta`, that ends with the test.
struct Server {
    dir: tempfile::TempDir,
    port: u16,
    book: Arc<Book>,
    events: Arc<Mutex<Vec<UploadEvent>>>,
    audit: Arc<Mutex<Vec<Entry>>>,
    meter: Arc<dropzone::meter::DoorMeter>,
    door: Arc<Door>,
    stop: tokio::sync::watch::Sender<bool>,
    ended: std::sync::mpsc::Receiver<()>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// One hash for all tests; it is dear.
fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| password::hash(PASSWORD, [9; 16]))
}

impl Server {
    fn start() -> Self {
        Self::with(Settings {
            drain_seconds: 5,
            ..Settings::default()
        })
    }

    fn with(settings: Settings) -> Self {
        Self::below(&std::env::temp_dir(), settings)
    }

    /// The same with everything below that folder.
    fn below(place: &Path, settings: Settings) -> Self {
        let dir = tempfile::tempdir_in(place).unwrap();
        let book = Arc::new(Book::default());
        for name in ["alpha", "beta"] {
            let key = dir.path().join(format!("{name}_key"));
            keygen(&key, &["-t", "ed25519"]);
            let account = Account {
                id: LabelId::new(format!("id-{name}")),
                name: name.to_owned(),
                emails: vec!["label@example.org".to_owned()],
                dsps: Vec::new(),
                profile: Profile::Guide,
                dpid: None,
                territories: Vec::new(),
                takes_ern4: false,
                in_test: false,
                password_hash: Some(password_hash().to_owned()),
                keys: vec![fs::read_to_string(key.with_extension("pub")).unwrap()],
                disabled: false,
                access: Access::default(),
                created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            book.0.lock().unwrap().insert(name.to_owned(), account);
        }
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let places = Places::new(dir.path().join("data"));
        fs::create_dir(places.root()).unwrap();
        let accounts: Arc<dyn Accounts> = Arc::clone(&book) as _;
        let audit: Arc<Mutex<Vec<Entry>>> = Arc::default();
        let told = Arc::clone(&audit);
        let meter: Arc<dropzone::meter::DoorMeter> = Arc::default();
        let wires = Wires {
            accounts,
            events: Arc::new(move |event| heard.lock().unwrap().push(event)),
            audit: Arc::new(move |entry| told.lock().unwrap().push(entry)),
            arrivals: Arc::new(()),
            meter: Arc::clone(&meter),
            clock: dropzone::daemon::clock::now,
        };
        let door = Door::new(settings, places, wires).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (end, ended) = std::sync::mpsc::channel();
        let running = Arc::clone(&door).run(listener, stopped);
        runtime.spawn(async move {
            running.await;
            end.send(()).unwrap_or_default();
        });
        Self {
            dir,
            port,
            book,
            events,
            audit,
            meter,
            door,
            stop,
            ended,
            runtime: Some(runtime),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file or folder of a label on the server's disk.
    fn stored(&self, label: &str, path: &str) -> PathBuf {
        self.path("data/labels")
            .join(format!("id-{label}"))
            .join(path)
    }

    fn label(&self, name: &str) -> LabelId {
        self.book.0.lock().unwrap()[name].id.clone()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Account)) {
        change(self.book.0.lock().unwrap().get_mut(name).unwrap());
    }

    /// Makes a local file with that many bytes that are not all alike.
    fn local(&self, name: &str, bytes: usize) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let content: Vec<u8> = (0..bytes as u64)
            .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        fs::write(&path, content).unwrap();
        path
    }

    /// A local release folder as the operator's guide shows it.
    fn release(&self, name: &str) -> PathBuf {
        self.local(&format!("{name}/metadata.xml"), 4_000);
        self.local(&format!("{name}/01_Track One.wav"), 700_000);
        self.local(&format!("{name}/02_Björk – ½.wav"), 300_000);
        self.local(&format!("{name}/artwork.jpg"), 90_001);
        self.path(name)
    }

    /// Options of every OpenSSH program.
    fn ssh_options(&self, label: &str) -> Vec<String> {
        let key = self.path(&format!("{label}_key"));
        let mut options = vec!["-F".to_owned(), "none".to_owned()];
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "LogLevel=ERROR",
            "ConnectTimeout=20",
            &format!("IdentityFile={}", key.display()),
            &format!("Port={}", self.port),
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        options
    }

    /// A program with OpenSSH's options, in the test's own directory.
    fn ssh_program(&self, program: &str, label: &str) -> Command {
        let mut command = self.program(program);
        command
            .args(self.ssh_options(label))
            .args(["-o", "BatchMode=yes"]);
        command
    }

    /// A program that must end within a minute.
    fn program(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "60", program])
            .current_dir(self.dir.path())
            .env("HOME", self.dir.path())
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        command
    }

    /// Runs `sftp` with a batch.
    fn sftp(&self, label: &str, batch: &str) -> Output {
        let file = self.path("batch");
        fs::write(&file, batch).unwrap();
        let mut command = self.ssh_program("sftp", label);
        command
            .arg("-b")
            .arg(file)
            .arg(format!("{label}@127.0.0.1"));
        run(&mut command)
    }

    /// Runs `sftp` with a batch that must succeed, and returns what it printed.
    fn sftp_ok(&self, label: &str, batch: &str) -> String {
        let output = self.sftp(label, batch);
        assert!(output.status.success(), "{batch}\n{}", words(&output));
        words(&output)
    }

    /// Runs one command of `sftp` that must fail, and returns what it printed.
    fn sftp_refused(&self, label: &str, line: &str) -> String {
        let output = self.sftp(label, line);
        assert_eq!(output.status.code(), Some(1), "{line}\n{}", words(&output));
        words(&output)
    }

    /// Waits for a condition that other threads bring about.
    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !condition(self) {
            assert!(Instant::now() < deadline, "waited for: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The audit log so far, as JSON.
    fn audited(&self) -> Vec<serde_json::Value> {
        let entries = self.audit.lock().unwrap();
        let json = |entry: &Entry| {
            let line = entry.line(dropzone::daemon::clock::now());
            serde_json::from_str(&line).unwrap()
        };
        entries.iter().map(json).collect()
    }

    /// Whether the audit log tells of such an event.
    fn has_audited(&self, event: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> bool {
        let all = self.audited();
        all.iter()
            .any(|line| line["event"] == event && wanted(line))
    }

    fn told(&self, wanted: impl Fn(&UploadEvent) -> bool) -> bool {
        self.events.lock().unwrap().iter().any(wanted)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send(true).unwrap_or_default();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn keygen(path: &Path, kind: &[&str]) {
    let made = Command::new("ssh-keygen")
        .args(kind)
        .args(["-q", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert_ne!(
        output.status.code(),
        Some(124),
        "hung: {command:?}\n{}",
        words(&output)
    );
    output
}

/// Runs a program that must succeed, and returns what it printed.
fn run_ok(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}\n{}", words(&output));
    words(&output)
}

fn words(output: &Output) -> String {
    let mut words = String::from_utf8_lossy(&output.stdout).into_owned();
    words.push_str(&String::from_utf8_lossy(&output.stderr));
    words
}

/// Whether a client is installed. In CI it has to be.
#[expect(
    clippy::print_stdout,
    reason = "who reads the tests' output has to see what was skipped"
)]
fn installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .status()
        .unwrap()
        .success();
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "{program} is not installed"
        );
        println!("skipped: {program}");
    }
    found
}

/// Writes a script that prints the password, for `SSH_ASKPASS`.
fn askpass(server: &Server, password: &str) -> PathBuf {
    let path = server.path("askpass");
    fs::write(&path, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn assert_same(local: &Path, stored: &Path) {
    let stored_bytes =
        fs::read(stored).unwrap_or_else(|error| panic!("{}: {error}", stored.display()));
    assert!(
        fs::read(local).unwrap() == stored_bytes,
        "{} and {} differ",
        local.display(),
        stored.display()
    );
}

/// Every file of a local release lies whole in `incoming`, and nothing in `partial`.
fn assert_received(server: &Server, local: &Path, folder: &str) {
    for entry in fs::read_dir(local).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_same(
            &path,
            &server.stored("alpha", &format!("incoming/{folder}/{name}")),
        );
        assert!(
            !server
                .stored("alpha", &format!("partial/{folder}/{name}"))
                .exists()
        );
    }
}
