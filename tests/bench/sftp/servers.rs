//! The two servers, each with its own keys, port and folder.

use super::clients::Login;
use super::sample;
use crate::pair::Sample;
use std::cell::Cell;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Server {
    child: Child,
    login: Login,
    /// Where uploads come to lie.
    inbox: PathBuf,
    /// What else must go after a run.
    also: Option<PathBuf>,
    /// Seconds of processor time that it took after runs, when nobody waited any more: for hashes.
    afterwards: Cell<f64>,
    home: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn new_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

impl Server {
    /// The daemon with one label.
    pub(crate) fn ours(place: &Path) -> Self {
        let home = tempfile::tempdir_in(place).unwrap();
        let port = free_port();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        let config = home.path().join("dropzone.toml");
        fs::write(
            &config,
            format!(
                "data_dir = \"data\"\n[sftp]\nlisten = \"127.0.0.1:{port}\"\n\
                 max_connections = 600\nmax_sessions_per_label = 600\n\
                 max_unauthenticated_per_network = 100\n"
            ),
        )
        .unwrap();
        let key = home.path().join("key");
        new_key(&key);
        let dropzone = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dropzone"));
            command.arg("--config").arg(&config).args(arguments);
            command
        };
        let public = format!("{}.pub", key.display());
        let added = dropzone(&[
            "--json",
            "label",
            "add",
            "bench",
            "--email",
            "a@b.example",
            "--key",
            &public,
        ])
        .output()
        .unwrap();
        assert!(added.status.success(), "{added:?}");
        let answer: serde_json::Value = serde_json::from_slice(&added.stdout).unwrap();
        let id = answer["id"].as_str().unwrap();
        let child = dropzone(&["serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(home.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let folder = data.join("labels").join(id);
        Self::wait_for(Self {
            child,
            login: Login::new(port, "bench", &key, home.path(), "/incoming/bench"),
            inbox: folder.join("incoming"),
            also: Some(folder.join("partial")),
            afterwards: Cell::default(),
            home,
        })
    }

    /// This program, answering everything, and keeping nothing or plain files.
    pub(super) fn floor(place: &Path, keeps: bool) -> Self {
        let home = tempfile::tempdir_in(place).unwrap();
        let port = free_port();
        let key = home.path().join("key");
        new_key(&key);
        let inbox = home.path().join("inbox");
        fs::create_dir(&inbox).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["worker", "floor", &port.to_string()])
            .args(keeps.then_some(&inbox))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self::wait_for(Self {
            child,
            login: Login::new(port, "bench", &key, home.path(), "/bench"),
            inbox,
            also: None,
            afterwards: Cell::default(),
            home,
        })
    }

    /// Debian's sshd with `internal-sftp`.
    pub(crate) fn openssh(place: &Path) -> Self {
        let home = tempfile::tempdir_in(place).unwrap();
        let at = |name: &str| home.path().join(name);
        let inbox = at("inbox");
        fs::create_dir(&inbox).unwrap();
        new_key(&at("host_key"));
        new_key(&at("key"));
        fs::copy(at("key.pub"), at("authorized_keys")).unwrap();
        if rustix::process::getuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             MaxStartups 200\nMaxSessions 100\nLogLevel ERROR\nSubsystem sftp internal-sftp\n\
             ForceCommand internal-sftp -d {}\n",
            at("host_key").display(),
            at("authorized_keys").display(),
            inbox.display()
        );
        fs::write(at("sshd_config"), config).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let target = format!("{}/bench", inbox.display());
        Self::wait_for(Self {
            child,
            login: Login::new(port, &user, &at("key"), home.path(), &target),
            inbox,
            also: None,
            afterwards: Cell::default(),
            home,
        })
    }

    fn wait_for(server: Self) -> Self {
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", server.login.port)).is_err() {
            assert!(Instant::now() < until, "a server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn login(&self) -> Login {
        self.login.clone()
    }

    /// The line that a DSP's profile pins; OpenSSH's only.
    pub(crate) fn host_key(&self) -> String {
        let line = fs::read_to_string(self.home.path().join("host_key.pub")).unwrap();
        line.trim().to_owned()
    }

    /// Times a run with the server's CPU, and clears what was uploaded.
    pub(crate) fn timed(&self, run: impl FnOnce(&Login)) -> Sample {
        let sample = self.timed_keeping(run);
        self.clear();
        sample
    }

    /// The same; what was uploaded stays.
    pub(crate) fn timed_keeping(&self, run: impl FnOnce(&Login)) -> Sample {
        let before = self.cpu();
        let started = Instant::now();
        run(&self.login);
        let wall = started.elapsed().as_secs_f64();
        self.settle();
        let cpu = self.cpu();
        self.rest();
        self.afterwards
            .set(self.afterwards.get() + self.cpu() - cpu);
        sample(wall, cpu - before)
    }

    /// Processor time after all runs since this was last asked.
    pub(super) fn take_afterwards(&self) -> f64 {
        self.afterwards.take()
    }

    /// Waits until it is idle, so that what it does after one run is not in the way of the other
    /// server's next.
    fn rest(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        let mut before = self.cpu();
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(250));
            let now = self.cpu();
            if now - before < 0.02 {
                return;
            }
            before = now;
        }
    }

    /// Takes away what was uploaded.
    pub(crate) fn clear(&self) {
        for dir in [Some(&self.inbox), self.also.as_ref()]
            .into_iter()
            .flatten()
        {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                fs::remove_dir_all(entry.path())
                    .or_else(|_| fs::remove_file(entry.path()))
                    .unwrap();
            }
        }
    }

    /// sshd's children count once they have ended.
    fn settle(&self) {
        let id = self.child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let until = Instant::now() + Duration::from_secs(20);
        while fs::read_to_string(&children).is_ok_and(|list| !list.trim().is_empty())
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Seconds of processor time, children that ended included.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(") ").unwrap().1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        // utime, stime, cutime, cstime: fields 14 to 17, and the first two are cut off.
        let ticks: u64 = fields[11..15]
            .iter()
            .map(|field| field.parse::<u64>().unwrap())
            .sum();
        // The kernel tells times in hundredths, whatever its own clock is.
        ticks as f64 / 100.0
    }

    /// Memory of the server and all its children now, shared pages counted by their share; KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let mut processes = vec![self.child.id()];
        let mut sum = 0;
        while let Some(id) = processes.pop() {
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            let children = children.unwrap_or_default();
            processes.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
            // One that ended meanwhile holds nothing.
            let maps = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
            let share = maps.lines().find_map(|line| line.strip_prefix("Pss:"));
            let kib = share.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            sum += kib.unwrap_or_default();
        }
        sum
    }

    /// Highest resident size so far, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024
    }
}
