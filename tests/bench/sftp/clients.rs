//! The clients that labels use, each doing one piece of work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where to log in, and the folder to work in.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) key: PathBuf,
    pub(crate) scratch: PathBuf,
    /// Folder of the server; made by every run.
    pub(crate) folder: String,
}

impl Login {
    pub(crate) fn new(port: u16, user: &str, key: &Path, scratch: &Path, folder: &str) -> Self {
        Self {
            port,
            user: user.to_owned(),
            key: key.to_owned(),
            scratch: scratch.to_owned(),
            folder: folder.to_owned(),
        }
    }

    fn ssh_options(&self) -> Vec<String> {
        [
            "-F".to_owned(),
            "none".to_owned(),
            "-o".to_owned(),
            "StrictHostKeyChecking=no".to_owned(),
            "-o".to_owned(),
            "UserKnownHostsFile=/dev/null".to_owned(),
            "-o".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "-o".to_owned(),
            "LogLevel=ERROR".to_owned(),
            "-i".to_owned(),
            self.key.display().to_string(),
        ]
        .into()
    }
}

/// What is done.
#[derive(Clone)]
pub(crate) enum Work {
    /// Log in, open SFTP, leave.
    Nothing,
    /// Upload a file.
    Put(PathBuf),
    /// Upload a folder.
    PutFolder(PathBuf),
    /// Download a file of that name.
    Get(String),
}

impl Work {
    /// Bytes that it moves.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Nothing | Self::Get(_) => 0,
            Self::Put(file) => fs::metadata(file).unwrap().len(),
            Self::PutFolder(dir) => fs::read_dir(dir)
                .unwrap()
                .map(|entry| entry.unwrap().metadata().unwrap().len())
                .sum(),
        }
    }
}

/// Who does it.
#[derive(Clone)]
pub(crate) enum Client {
    /// `sftp` with that cipher; with fsync after each file.
    OpenSsh {
        cipher: String,
        fsync: bool,
    },
    Psftp,
    Lftp,
    Rclone,
    Paramiko,
}

impl Client {
    pub(crate) fn openssh(cipher: &str) -> Self {
        Self::OpenSsh {
            cipher: cipher.to_owned(),
            fsync: false,
        }
    }

    /// `sftp -f`: asks for fsync after each file.
    pub(crate) fn openssh_with_fsync(cipher: &str) -> Self {
        Self::OpenSsh {
            cipher: cipher.to_owned(),
            fsync: true,
        }
    }

    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::OpenSsh { .. } => crate::pair::installed("sftp"),
            Self::Psftp => crate::pair::installed("psftp"),
            Self::Lftp => crate::pair::installed("lftp"),
            Self::Rclone => crate::pair::installed("rclone"),
            Self::Paramiko => {
                let here = python().exists();
                if !here {
                    println!("skipped: paramiko is not installed (make setup-test)");
                }
                here
            }
        }
    }

    /// Does the work so many times at once, each in a folder of its own.
    pub(crate) fn drive(&self, login: &Login, work: &Work, many: usize) {
        let children: Vec<_> = (0..many)
            .map(|number| {
                let folder = format!("{}{number}", login.folder);
                let mut command = self.command(login, work, &folder);
                let child = command
                    .env_remove("SSH_AUTH_SOCK")
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                (child, command)
            })
            .collect();
        for (child, command) in children {
            let output = child.wait_with_output().unwrap();
            assert!(
                output.status.success(),
                "{command:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    pub(crate) fn command(&self, login: &Login, work: &Work, folder: &str) -> Command {
        match self {
            Self::OpenSsh { cipher, fsync } => openssh(login, work, folder, cipher, *fsync),
            Self::Psftp => psftp(login, work, folder),
            Self::Lftp => lftp(login, work, folder),
            Self::Rclone => rclone(login, work, folder),
            Self::Paramiko => paramiko(login, work, folder),
        }
    }
}

fn openssh(login: &Login, work: &Work, folder: &str, cipher: &str, fsync: bool) -> Command {
    let flag = if fsync { "-f " } else { "" };
    let batch = match work {
        Work::Nothing => "pwd\n".to_owned(),
        Work::Put(file) => format!("-mkdir {folder}\nput {flag}{} {folder}/\n", file.display()),
        Work::PutFolder(dir) => {
            format!(
                "-mkdir {folder}\nput {flag}-r {}/. {folder}\n",
                dir.display()
            )
        }
        Work::Get(name) => format!("get {folder}/{name} /dev/null\n"),
    };
    let script = login
        .scratch
        .join(format!("batch{}", folder.replace('/', "_")));
    fs::write(&script, batch).unwrap();
    let mut command = Command::new("sftp");
    command
        .args(["-q", "-P", &login.port.to_string(), "-c", cipher])
        .args(login.ssh_options())
        .arg("-b")
        .arg(script)
        .arg(format!("{}@127.0.0.1", login.user));
    command
}

fn psftp(login: &Login, work: &Work, folder: &str) -> Command {
    let Work::Put(file) = work else {
        panic!("psftp puts files")
    };
    let script = login.scratch.join("psftp");
    fs::write(
        &script,
        format!(
            "mkdir {folder}\ncd {folder}\nput {}\nquit\n",
            file.display()
        ),
    )
    .unwrap();
    let ppk = login.key.with_extension("ppk");
    if !ppk.exists() {
        let made = Command::new("puttygen")
            .arg(&login.key)
            .args(["-O", "private", "-o"])
            .arg(&ppk)
            .status()
            .unwrap();
        assert!(made.success());
    }
    let host_key = login.scratch.join("known");
    if !host_key.exists() {
        let found = Command::new("ssh-keyscan")
            .args(["-t", "ed25519", "-p", &login.port.to_string(), "127.0.0.1"])
            .output()
            .unwrap();
        fs::write(&host_key, found.stdout).unwrap();
    }
    let print = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&host_key)
        .output()
        .unwrap();
    let print = String::from_utf8(print.stdout).unwrap();
    let print = print.split(' ').nth(1).unwrap().to_owned();
    let mut command = Command::new("psftp");
    command
        .args([
            "-batch",
            "-P",
            &login.port.to_string(),
            "-hostkey",
            &print,
            "-i",
        ])
        .arg(ppk)
        .arg("-b")
        .arg(script)
        .arg(format!("{}@127.0.0.1", login.user));
    command
}

fn lftp(login: &Login, work: &Work, folder: &str) -> Command {
    let work = match work {
        Work::Put(file) => format!("put -O {folder} {}", file.display()),
        Work::PutFolder(dir) => format!("mirror -R {} {folder}", dir.display()),
        Work::Nothing | Work::Get(_) => panic!("lftp puts"),
    };
    let program = format!("ssh -a -x {}", login.ssh_options().join(" "));
    let mut command = Command::new("lftp");
    command.args([
        "--norc",
        "-c",
        &format!(
            "set sftp:connect-program \"{program}\"; set cmd:fail-exit true; \
             open -p {} sftp://{}:x@127.0.0.1; mkdir -pf {folder}; {work}",
            login.port, login.user
        ),
    ]);
    command
}

fn rclone(login: &Login, work: &Work, folder: &str) -> Command {
    let from = match work {
        Work::Put(path) | Work::PutFolder(path) => path,
        Work::Nothing | Work::Get(_) => panic!("rclone puts"),
    };
    let mut command = Command::new("rclone");
    command
        .args(["--config", "/dev/null", "copy"])
        .arg(from)
        .arg(format!(
            ":sftp,host=127.0.0.1,port={},user={},key_file='{}',shell_type=none:{folder}",
            login.port,
            login.user,
            login.key.display()
        ));
    command
}

pub(crate) fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python")
}

fn paramiko(login: &Login, work: &Work, folder: &str) -> Command {
    let Work::Put(file) = work else {
        panic!("paramiko puts files")
    };
    let mut command = Command::new(python());
    command
        .arg("-c")
        .arg(
            "import sys, paramiko\n\
             port, user, key, file, folder = sys.argv[1:]\n\
             transport = paramiko.Transport(('127.0.0.1', int(port)))\n\
             transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(key))\n\
             sftp = paramiko.SFTPClient.from_transport(transport)\n\
             try: sftp.mkdir(folder)\n\
             except OSError: pass\n\
             sftp.put(file, folder + '/big.wav')\n\
             transport.close()\n",
        )
        .arg(login.port.to_string())
        .arg(&login.user)
        .arg(&login.key)
        .arg(file)
        .arg(folder);
    command
}
