//! The demonstration's stage: a temporary directory with a configuration, a running daemon, and
//! ways to give it commands. Everything goes through the real program.

use crate::cli::exit::Failure;
use crate::domain::places::Places;
use serde_json::Value;
use std::fs::{self, DirBuilder, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A directory, a daemon in it, and its port.
pub(super) struct Stage {
    /// Everything is below it.
    pub(super) home: PathBuf,
    /// Where the daemon listens.
    pub(super) port: u16,
    program: PathBuf,
    daemon: Option<Child>,
}

impl Stage {
    /// Makes the directory and the configuration, and starts the daemon.
    pub(super) fn set() -> Result<Self, Failure> {
        let home = std::env::temp_dir().join(format!(
            "dropzone-demo-{}",
            ulid::Ulid::generate().to_string().to_lowercase()
        ));
        DirBuilder::new().mode(0o700).create(&home)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut stage = Self {
            home,
            port,
            program: std::env::current_exe()?,
            daemon: None,
        };
        stage.write_configuration()?;
        let log = File::create(stage.log())?;
        let daemon = Command::new(&stage.program)
            .args(["serve", "--config"])
            .arg(stage.config())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        stage.daemon = Some(daemon);
        stage.wait_for_door()?;
        Ok(stage)
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.home.join("dropzone.toml")
    }

    /// The daemon's log.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("daemon.log")
    }

    /// The folder that plays the store's server.
    pub(super) fn dsp(&self) -> PathBuf {
        self.home.join("store")
    }

    /// The archive.
    pub(super) fn archive(&self) -> PathBuf {
        self.home.join("archive")
    }

    /// Names below the data directory.
    pub(super) fn places(&self) -> Places {
        Places::new(self.home.join("data"))
    }

    fn write_configuration(&self) -> Result<(), Failure> {
        fs::create_dir_all(self.home.join("dsps"))?;
        fs::create_dir_all(self.dsp())?;
        fs::create_dir_all(self.archive())?;
        let config = format!(
            r#"# Written by `dropzone demo`; everything else is at its default.
data_dir = "data"
dsp_dir = "dsps"

[party]
dpid = "PADPIDA2025010101D"
name = "Example Distribution"

[sftp]
listen = "127.0.0.1:{}"
free_bytes = 0
free_percent = 0

[deliver]
acknowledgements_seconds = 1

[notify]
operator = ["ops@distributor.example"]
"#,
            self.port
        );
        fs::write(self.config(), config)?;
        let store = format!(
            r#"name = "Demo Store"
message = "ern_43"
choreography = "batch"
directory = "in"
acknowledgements = "acknowledgements"
delivered_when = "acknowledged"

[message_options]
dpid = "PADPIDA2026112602B"

[batch]
window_seconds = 1

[audio]
format = "flac"

[transport]
kind = "folder"
path = "{}"
"#,
            self.dsp().display()
        );
        fs::write(self.home.join("dsps/demo-store.toml"), store)?;
        let archive = format!(
            "name = \"Demo Archive\"\n\n[transport]\nkind = \"folder\"\npath = \"{}\"\n",
            self.archive().display()
        );
        fs::write(self.home.join("dsps/demo-archive.toml"), archive)?;
        Ok(())
    }

    fn wait_for_door(&mut self) -> Result<(), Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if let Some(daemon) = &mut self.daemon
                && let Some(status) = daemon.try_wait()?
            {
                return Err(Failure::Failed(format!(
                    "the daemon ended ({status}); its log: {}",
                    self.log().display()
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Failure::Failed(format!(
            "the daemon does not listen; its log: {}",
            self.log().display()
        )))
    }

    /// Gives the program a command and reads its JSON.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let output = Command::new(&self.program)
            .args(["--json", "--config"])
            .arg(self.config())
            .args(arguments)
            .output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::Failed(format!(
                "dropzone {} failed: {}",
                arguments.join(" "),
                words.trim()
            )));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|e| Failure::Failed(format!("dropzone {}: {e}", arguments.join(" "))))
    }

    /// Waits until the daemon is stopped from outside (Ctrl-C).
    pub(super) fn keep(&mut self) -> Result<(), Failure> {
        if let Some(daemon) = &mut self.daemon {
            daemon.wait()?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let Some(mut daemon) = self.daemon.take() else {
            return;
        };
        let pid = i32::try_from(daemon.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if matches!(daemon.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon.kill().ok();
        daemon.wait().ok();
    }
}

/// Uploads a folder into `/incoming` with the real `sftp` client, by password, as a label would.
/// The answer names the client.
pub(super) fn upload(
    stage: &Stage,
    user: &str,
    password: &str,
    folder: &Path,
) -> Result<(), Failure> {
    let askpass = stage.home.join("askpass");
    if !askpass.exists() {
        let secret = stage.home.join("password");
        fs::write(&secret, password)?;
        fs::write(
            &askpass,
            format!("#!/bin/sh\nexec cat '{}'\n", secret.display()),
        )?;
        fs::set_permissions(
            &askpass,
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )?;
    }
    let batch = stage.home.join("batch");
    fs::write(
        &batch,
        format!("cd incoming\nput -r \"{}\"\n", folder.display()),
    )?;
    let known_hosts = format!(
        "UserKnownHostsFile={}",
        stage.home.join("known_hosts").display()
    );
    let output = Command::new("sftp")
        .args(["-q", "-P", &stage.port.to_string()])
        .args([
            "-o",
            "BatchMode=no",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            &known_hosts,
        ])
        .args([
            "-o",
            "PubkeyAuthentication=no",
            "-o",
            "NumberOfPasswordPrompts=1",
            "-F",
            "none",
        ])
        .arg("-b")
        .arg(&batch)
        .arg(format!("{user}@127.0.0.1"))
        .env("SSH_ASKPASS", &askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Failed(format!(
        "sftp could not upload {}: {}",
        folder.display(),
        words.trim()
    )))
}

/// Whether OpenSSH's client is installed.
pub(super) fn has_sftp() -> bool {
    Command::new("sftp")
        .arg("-?")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
