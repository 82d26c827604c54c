//! A DSP for tests: Debian's OpenSSH server on a free loopback port with everything of its own,
//! and a wire in front of it that can be cut after a number of bytes.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A running sshd; killed by its process id when dropped.
pub(crate) struct Sshd {
    child: Child,
    pub(crate) port: u16,
    /// Login directory of the partner's account.
    pub(crate) inbox: PathBuf,
    /// One line, as in `host_key` of a profile.
    pub(crate) host_key: String,
    /// Private key that is let in.
    pub(crate) user_key: PathBuf,
    _dir: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether OpenSSH's server is here. CI has to have it.
pub(crate) fn is_here() -> bool {
    let here = Path::new("/usr/sbin/sshd").exists();
    assert!(
        here || std::env::var_os("CI").is_none(),
        "CI has to have Debian's openssh-server"
    );
    if !here {
        println!("skipped: needs openssh-server");
    }
    here
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub(crate) fn new_key(path: &Path) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
    fs::read_to_string(path.with_extension("pub")).unwrap()
}

impl Sshd {
    /// Starts one. `options` go to `internal-sftp`, such as `-P rename`.
    pub(crate) fn start(options: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let inbox = at("inbox");
        fs::create_dir(&inbox).unwrap();
        let host_key = new_key(&at("host_key"));
        let authorised = new_key(&at("user_key"));
        fs::write(at("authorized_keys"), authorised).unwrap();
        if rustix::process::getuid().is_root() {
            // sshd's own requirement; Debian's unit makes it.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             MaxStartups 100\nLogLevel ERROR\nSubsystem sftp internal-sftp\n\
             ForceCommand internal-sftp -d {} {options}\n",
            at("host_key").display(),
            at("authorized_keys").display(),
            inbox.display()
        );
        fs::write(at("sshd_config"), config).unwrap();
        let log = fs::File::create(at("sshd.log")).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let sshd = Self {
            child,
            port,
            inbox,
            host_key: host_key.trim().to_owned(),
            user_key: at("user_key"),
            _dir: dir,
        };
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                Instant::now() < patience,
                "sshd did not start: {}",
                fs::read_to_string(at_log(&sshd)).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
        sshd
    }
}

impl Sshd {
    /// Waits until no connection is served any more.
    pub(crate) fn wait_until_alone(&self) {
        let id = self.child.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let patience = Instant::now() + Duration::from_secs(20);
        while !fs::read_to_string(&children).unwrap().trim().is_empty() {
            assert!(Instant::now() < patience, "a connection stays");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn at_log(sshd: &Sshd) -> PathBuf {
    sshd.inbox.with_file_name("sshd.log")
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// When a wire is cut.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// After so many bytes that way; those before the cut arrive.
    After(Way, u64),
    /// As soon as there is something at this path: what the server did is done, its answer is lost.
    WhenThere(PathBuf),
}

impl Cut {
    /// How many of `count` bytes may pass.
    fn passes(&self, way: Way, carried: u64, count: usize) -> usize {
        match self {
            Self::After(cut_way, bytes) if *cut_way == way => {
                let left = bytes.saturating_sub(carried);
                count.min(usize::try_from(left).unwrap_or(usize::MAX))
            }
            Self::WhenThere(path) if way == Way::ToClient && path.exists() => 0,
            Self::After(..) | Self::WhenThere(_) => count,
        }
    }
}

/// A wire to `port` whose first connection is cut. Connections after that are whole.
pub(crate) struct Wire {
    pub(crate) port: u16,
    counts: Arc<[AtomicU64; 2]>,
    ended: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Wire {
    pub(crate) fn to(port: u16, cut: Option<Cut>) -> Self {
        Self::at(0, port, cut)
    }

    /// The same, entered at a port of the caller's choice.
    pub(crate) fn at(entrance: u16, port: u16, cut: Option<Cut>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", entrance)).unwrap();
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let ended = Arc::new(AtomicBool::new(false));
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            counts: Arc::clone(&counts),
            ended: Arc::clone(&ended),
        };
        thread::spawn(move || {
            let mut cut = cut;
            for client in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let client = client.unwrap();
                let server = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
                pump(&client, &server, Way::ToServer, cut.clone(), &counts);
                pump(&server, &client, Way::ToClient, cut.take(), &counts);
            }
        });
        wire
    }

    /// Bytes carried so far.
    pub(crate) fn carried(&self, way: Way) -> u64 {
        let [to_server, to_client] = &*self.counts;
        match way {
            Way::ToServer => to_server.load(Ordering::Relaxed),
            Way::ToClient => to_client.load(Ordering::Relaxed),
        }
    }
}

fn pump(
    from: &TcpStream,
    to: &TcpStream,
    way: Way,
    cut: Option<Cut>,
    counts: &Arc<[AtomicU64; 2]>,
) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let counts = Arc::clone(counts);
    thread::spawn(move || {
        let [to_server, to_client] = &*counts;
        let counter = match way {
            Way::ToServer => to_server,
            Way::ToClient => to_client,
        };
        let (mut carried, mut buffer) = (0, [0; 16 * 1024]);
        while let Ok(count) = from.read(&mut buffer) {
            let passes = cut
                .as_ref()
                .map_or(count, |cut| cut.passes(way, carried, count));
            if passes == 0 || to.write_all(&buffer[..passes]).is_err() {
                break;
            }
            carried += passes as u64;
            counter.fetch_add(passes as u64, Ordering::Relaxed);
            if passes < count {
                break;
            }
        }
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    });
}
