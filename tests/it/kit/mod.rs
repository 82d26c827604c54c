//! What several tests share: the daemon as a process, material, real clients, patience.

pub(crate) mod steady;

use dropzone::cli::demo::material::{self, ReleaseSpec};
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Not a measure of speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The third-party data beside the project (official schemas, sample messages): `None` where it is
/// not there, which CI does not allow.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("DROPZONE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    if path.join("schemas").is_dir() {
        return Some(path.canonicalize().unwrap());
    }
    skip("needs the official schemas and samples (DROPZONE_SHARED)");
    None
}

/// Says that a test was skipped; CI allows none.
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "CI allows no skips: {why}"
    );
    println!("skipped: {why}");
}

/// Whether a program is installed; says that it is skipped if not.
pub(crate) fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
        || Path::new("/usr/sbin").join(program).is_file();
    if !found {
        skip(program);
    }
    found
}

/// Python with the packages that `make test` puts below `target/venv`.
pub(crate) fn python(package: &str) -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let works = Command::new(&python)
        .args(["-c", &format!("import {package}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if works {
        return Some(python);
    }
    skip(&format!("{package} (make test installs it)"));
    None
}

/// Waits until `ready` gives something.
pub(crate) fn wait<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < until, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A free port of this machine.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A small sound release: 3 tracks, cover, message.
pub(crate) fn release(number: u32) -> ReleaseSpec {
    ReleaseSpec::demo(number)
}

/// The smallest sound release: one short track, cover, message.
pub(crate) fn small_release(number: u32) -> ReleaseSpec {
    let mut spec = release(number);
    spec.tracks.truncate(1);
    for track in &mut spec.tracks {
        track.signal.seconds = 12.0;
    }
    spec
}

/// A daemon in a directory of its own. Dropped, it is stopped and its directory removed.
pub(crate) struct TestDaemon {
    /// Everything is below it.
    pub(crate) home: tempfile::TempDir,
    /// Where it listens.
    pub(crate) port: u16,
    process: Option<Child>,
    environment: Vec<(String, String)>,
}

impl TestDaemon {
    /// Starts one with short waits; `extra` is appended to its configuration.
    pub(crate) fn start(extra: &str) -> Self {
        let mut daemon = Self::prepare(extra);
        daemon.run();
        daemon
    }

    /// Writes the configuration only.
    pub(crate) fn prepare(extra: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        fs::create_dir_all(home.path().join("dsps")).unwrap();
        fs::create_dir_all(home.path().join("dsp")).unwrap();
        fs::create_dir(home.path().join("data")).unwrap();
        fs::set_permissions(home.path().join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        let config = format!(
            "data_dir = \"data\"\ndsp_dir = \"dsps\"\n\n[sftp]\nlisten = \"127.0.0.1:{port}\"\ndrain_seconds = 5\n\n\
             [intake]\nrescan_seconds = 2\n\n\
             [intake.quiet]\nlogged_out_seconds = 1\nhashed_seconds = 2\ndefault_seconds = 2\nforeign_seconds = 3\nunreadable_seconds = 2\n\n\
             [notify]\noperator = [\"ops@distributor.example\"]\n\n{extra}\n"
        );
        fs::write(home.path().join("dropzone.toml"), config).unwrap();
        let daemon = Self {
            home,
            port,
            process: None,
            environment: Vec::new(),
        };
        let path = daemon.dsp().display().to_string();
        daemon.profile(
            "store",
            &format!("name = \"The Store\"\n\n[transport]\nkind = \"folder\"\npath = \"{path}\"\n"),
        );
        daemon
    }

    /// Writes a DSP profile.
    pub(crate) fn profile(&self, id: &str, toml: &str) {
        fs::write(self.home.path().join(format!("dsps/{id}.toml")), toml).unwrap();
    }

    /// Sets a variable for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(n, _)| n != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts the process and waits until it listens or has ended.
    pub(crate) fn run(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dropzone"))
            .args(["serve", "--config"])
            .arg(self.config())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(child);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        wait("the daemon to listen", || {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap().is_some();
            (ended || TcpStream::connect(address).is_ok()).then_some(())
        });
    }

    /// Kills it as power loss would, as far as a process can be.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Waits until it has ended by itself (a crash point).
    pub(crate) fn wait_for_end(&mut self) {
        let process = self.process.as_mut().unwrap();
        let until = Instant::now() + PATIENCE;
        while process.try_wait().unwrap().is_none() {
            assert!(
                Instant::now() < until,
                "the daemon did not reach its crash point"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = None;
    }

    /// How it ended, once it has.
    pub(crate) fn exit_status(&mut self) -> std::process::ExitStatus {
        let process = self.process.as_mut().unwrap();
        let status = wait("the daemon to end", || process.try_wait().unwrap());
        self.process = None;
        status
    }

    /// Whether the process has ended by itself; forgets it then.
    pub(crate) fn has_ended(&mut self) -> bool {
        let ended = self
            .process
            .as_mut()
            .is_none_or(|process| process.try_wait().unwrap().is_some());
        if ended {
            self.process = None;
        }
        ended
    }

    /// Process number.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Sends a signal and gives the exit status if it ends by it.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.home.path().join("dropzone.toml")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.path().join("daemon.log")
    }

    pub(crate) fn dsp(&self) -> PathBuf {
        self.home.path().join("dsp")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Gives a command line.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dropzone"))
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env_remove("SUDO_USER")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Gives a command line that has to succeed, and reads its JSON.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(arguments);
        let output = self.command(&all);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes a label that logs in by key and by password.
    pub(crate) fn label(&self, name: &str, more: &[&str]) -> Label {
        let key = self.home.path().join(format!("{name}.key"));
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .status()
            .unwrap();
        assert!(made.success());
        let public = key.with_extension("key.pub").display().to_string();
        let email = format!("{name}@label.example");
        let mut arguments = vec![
            "label",
            "add",
            name,
            "--email",
            &email,
            "--key",
            &public,
            "--generate-password",
        ];
        arguments.extend_from_slice(more);
        let answer = self.ask(&arguments);
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        Label {
            name: name.to_owned(),
            id: text("id"),
            key,
            password: text("password"),
        }
    }

    /// All packages, newest first.
    pub(crate) fn packages(&self) -> Vec<Value> {
        self.ask(&["package", "list"])["packages"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// A package in full.
    pub(crate) fn package(&self, id: &str) -> Value {
        self.ask(&["package", "show", id])
    }

    /// Approves a package as a reviewer does who has looked at every question of its report.
    pub(crate) fn approve(&self, id: &str) -> Output {
        let package = self.package(id);
        let questions = package["questions"].as_array().unwrap();
        let mut arguments = vec!["--json", "qc", "approve", id];
        for question in questions {
            arguments.extend(["--tick", question.as_str().unwrap()]);
        }
        self.command(&arguments)
    }

    /// Waits until the newest package of a folder has that status, and gives it in full.
    pub(crate) fn wait_status(&self, folder: &str, status: &str) -> Value {
        let mut last = String::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let packages = self.packages();
            let found = packages.iter().find(|package| package["folder"] == folder);
            if let Some(package) = found {
                if package["status"] == status {
                    return self.package(package["id"].as_str().unwrap());
                }
                last = self.package(package["id"].as_str().unwrap()).to_string();
            }
            assert!(
                Instant::now() < until,
                "{folder} did not become {status}: {last}\n{}",
                fs::read_to_string(self.log()).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where the label finds the report of a package.
    pub(crate) fn report_of(package: &Value) -> String {
        let id = package["id"].as_str().unwrap();
        let letters = &id[id.len() - 6..];
        let folder = package["folder"].as_str().unwrap().replace('/', "_");
        format!("reports/{folder}_attempt-{}_{letters}", package["attempt"])
    }

    /// All mails that were written, as (kind, text), oldest first, once no letter is due any more.
    pub(crate) fn mails(&self) -> Vec<String> {
        wait("the letters to be sent", || {
            (self.ask_status()["letters_due"] == 0).then_some(())
        });
        let mut files: Vec<_> = fs::read_dir(self.data().join("mail"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "eml"))
            .collect();
        files.sort();
        files
            .iter()
            .map(|file| String::from_utf8(fs::read(file).unwrap()).unwrap())
            .collect()
    }

    fn ask_status(&self) -> Value {
        serde_json::from_slice(&self.command(&["--json", "status"]).stdout).unwrap()
    }

    /// Writes a release below the test's directory and gives its folder.
    pub(crate) fn material(&self, spec: &ReleaseSpec) -> PathBuf {
        let folder = self.home.path().join("label").join(spec.folder_name());
        material::release(&folder, spec).unwrap();
        folder
    }

    /// OpenSSH's `sftp` with a batch of commands, by key.
    pub(crate) fn sftp(&self, label: &Label, batch: &str) -> Output {
        let file = self.home.path().join(format!("{}.batch", label.name));
        fs::write(&file, batch).unwrap();
        Command::new("sftp")
            .args(["-q", "-P", &self.port.to_string(), "-i"])
            .arg(&label.key)
            .args(self.ssh_options())
            .arg("-b")
            .arg(&file)
            .arg(format!("{}@127.0.0.1", label.name))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The same; it has to succeed. Gives what it printed.
    pub(crate) fn sftp_ok(&self, label: &Label, batch: &str) -> String {
        let output = self.sftp(label, batch);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "sftp: {out}{err}\n{}",
            fs::read_to_string(self.log()).unwrap_or_default()
        );
        out.into_owned()
    }

    /// Options that keep OpenSSH's clients away from the user's own files.
    pub(crate) fn ssh_options(&self) -> Vec<String> {
        let known = format!(
            "UserKnownHostsFile={}",
            self.home.path().join("known_hosts").display()
        );
        [
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
        ]
        .into_iter()
        .map(str::to_owned)
        .chain([known])
        .collect()
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!(
                "--- daemon's log\n{}",
                fs::read_to_string(self.log()).unwrap_or_default()
            );
        }
    }
}

/// A label of a test.
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) key: PathBuf,
    pub(crate) password: String,
}
