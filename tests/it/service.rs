//! The daemon as systemd and its operator see it: readiness, signals, and starts that cannot be.

use crate::kit::{Label, TestDaemon, release, wait};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn log(daemon: &TestDaemon) -> String {
    fs::read_to_string(daemon.log()).unwrap_or_default()
}

fn wait_log(daemon: &TestDaemon, words: &str) {
    wait(words, || log(daemon).contains(words).then_some(()));
}

/// What systemd would be told, until something contains `words`.
fn told(socket: &UnixDatagram, words: &str) -> String {
    let mut buffer = [0; 4096];
    let mut all = String::new();
    while !all.contains(words) {
        let count = socket.recv(&mut buffer).unwrap();
        all.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        all.push('\n');
    }
    all
}

fn listen(daemon: &mut TestDaemon) -> UnixDatagram {
    let path = daemon.home.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    daemon.set("NOTIFY_SOCKET", path.to_str().unwrap());
    socket
}

/// Starts an upload at about 100 kB/s and returns once bytes have come.
fn slow_upload(daemon: &TestDaemon, label: &Label, size: usize, kilobits: &str) -> Child {
    let file = daemon.home.path().join("slow.wav");
    fs::write(&file, vec![7_u8; size]).unwrap();
    let batch = daemon.home.path().join("slow.batch");
    let line = format!(
        "mkdir incoming/Slow\nput {} incoming/Slow/slow.wav\n",
        file.display()
    );
    fs::write(&batch, line).unwrap();
    let child = Command::new("sftp")
        .args(["-q", "-l", kilobits, "-P", &daemon.port.to_string(), "-i"])
        .arg(&label.key)
        .args(daemon.ssh_options())
        .arg("-b")
        .arg(&batch)
        .arg(format!("{}@127.0.0.1", label.name))
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = stored(daemon, label, "partial");
    wait("bytes to come", || {
        fs::metadata(&partial)
            .is_ok_and(|meta| meta.len() > 50_000)
            .then_some(())
    });
    child
}

fn stored(daemon: &TestDaemon, label: &Label, tree: &str) -> std::path::PathBuf {
    let home = daemon.data().join("labels").join(&label.id);
    home.join(tree).join("Slow/slow.wav")
}

/// Runs a second daemon, which has to end by itself.
fn serve(config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .args(["serve", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn refused(config: &Path, words: &str) {
    let output = serve(config);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains(words), "{words:?} in {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn readiness_is_told_and_signals_are_heard_from_then_on() {
    let mut daemon = TestDaemon::prepare("");
    let socket = listen(&mut daemon);
    let config = daemon.config();
    let mut process = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .args(["serve", "--config"])
        .arg(&config)
        .env("NOTIFY_SOCKET", daemon.home.path().join("notify"))
        .stderr(fs::File::create(daemon.log()).unwrap())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    told(&socket, "READY=1");
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, Signal::HUP).unwrap();
    wait_log(&daemon, "configuration read again");
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    told(&socket, "STOPPING=1");
    assert!(process.wait().unwrap().success());
}

#[test]
fn a_signal_during_the_start_does_not_kill() {
    let mut daemon = TestDaemon::prepare("");
    daemon.run();
    // Handlers stand before the first slow step, which is the database; its file tells the moment.
    daemon.kill();
    fs::remove_dir_all(daemon.data()).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .args(["serve", "--config"])
        .arg(daemon.config())
        .stderr(fs::File::create(daemon.log()).unwrap())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let database = dropzone::domain::places::Places::new(daemon.data()).database();
    let until = Instant::now() + Duration::from_secs(60);
    while !database.exists() {
        assert!(Instant::now() < until);
        std::hint::spin_loop();
    }
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, Signal::HUP).unwrap();
    wait_log(&daemon, "configuration read again");
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert!(process.wait().unwrap().success());
}

#[test]
fn a_stop_lets_an_upload_finish_and_keeps_what_it_acknowledged() {
    let mut daemon = TestDaemon::prepare("");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mut client = slow_upload(&daemon, &label, 500_000, "2000");
    daemon.signal(Signal::TERM);
    assert!(daemon.exit_status().success());
    client.wait().unwrap();
    let bytes = fs::read(stored(&daemon, &label, "incoming")).unwrap();
    assert_eq!(bytes.len(), 500_000, "the upload was finished");
}

#[test]
fn a_stop_does_not_wait_longer_than_it_was_told() {
    let mut daemon = TestDaemon::prepare("");
    let config = fs::read_to_string(daemon.config()).unwrap();
    fs::write(
        daemon.config(),
        config.replace("drain_seconds = 5", "drain_seconds = 1"),
    )
    .unwrap();
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mut client = slow_upload(&daemon, &label, 100_000_000, "2000");
    daemon.signal(Signal::TERM);
    assert!(daemon.exit_status().success());
    assert!(
        !client.wait().unwrap().success(),
        "the client is not told that it is there"
    );
    assert!(
        stored(&daemon, &label, "partial").exists(),
        "what came is kept, to be resumed"
    );
    assert!(!stored(&daemon, &label, "incoming").exists());
}

#[test]
fn told_twice_it_stops_at_once() {
    let mut daemon = TestDaemon::prepare("");
    let config = fs::read_to_string(daemon.config()).unwrap();
    fs::write(
        daemon.config(),
        // Longer than the test's patience.
        config.replace("drain_seconds = 5", "drain_seconds = 3600"),
    )
    .unwrap();
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mut client = slow_upload(&daemon, &label, 100_000_000, "2000");
    daemon.signal(Signal::TERM);
    wait_log(&daemon, "stopping");
    assert!(!daemon.has_ended());
    daemon.signal(Signal::TERM);
    assert!(daemon.exit_status().success());
    client.wait().unwrap();
}

#[test]
fn what_cannot_be_served_is_said_in_a_sentence() {
    let mut daemon = TestDaemon::prepare("");
    daemon.run();
    let pid = daemon.pid().to_string();
    refused(
        &daemon.config(),
        &format!("another dropzone (pid {pid}) serves"),
    );

    let other = TestDaemon::prepare("");
    let text = fs::read_to_string(other.config()).unwrap();
    let taken = text.replace(&other.port.to_string(), &daemon.port.to_string());
    fs::write(other.config(), &taken).unwrap();
    refused(
        &other.config(),
        &format!("cannot listen on 127.0.0.1:{}", daemon.port),
    );

    let file = other.home.path().join("file");
    fs::write(&file, "").unwrap();
    let below = text.replace("data_dir = \"data\"", "data_dir = \"file/data\"");
    fs::write(other.config(), below).unwrap();
    refused(&other.config(), "cannot create");
    assert!(!daemon.has_ended(), "the first one is not disturbed");
}

#[test]
fn every_line_of_a_json_log_can_be_read() {
    let mut daemon = TestDaemon::prepare("[log]\nformat = \"json\"\n");
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(40));
    let odd = "incoming/line\\nbreak \"quoted\"";
    daemon.sftp(&label, &format!("-mkdir {odd}\n"));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    daemon.wait_status(&name, "needs_qc");
    daemon.signal(Signal::TERM);
    daemon.wait_for_end();
    let text = log(&daemon);
    assert!(text.lines().count() > 5, "{text}");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
}

/// A small disk, gone with the test.
struct Disk(std::path::PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_refuses_uploads_and_nothing_is_lost_when_it_has_space_again() {
    let mut daemon = TestDaemon::prepare("");
    let volume = daemon.home.path().join("volume");
    fs::create_dir(&volume).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=48m,mode=700", "tmpfs"])
        .arg(&volume)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        // Not a matter of what is installed: only root may do it, and not in every container.
        println!("skipped: a small disk cannot be mounted here");
        return;
    }
    let disk = Disk(volume);
    let text = fs::read_to_string(daemon.config()).unwrap();
    // What the disk itself says is wanted here, not the floor that keeps it from being asked.
    let text = text
        .replace("data_dir = \"data\"", "data_dir = \"volume/data\"")
        .replace("[sftp]\n", "[sftp]\nfree_bytes = 0\nfree_percent = 0\n");
    fs::write(daemon.config(), text).unwrap();
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let mut spec = release(41);
    spec.tracks.truncate(1);
    let folder = daemon.material(&spec);
    let name = folder.file_name().unwrap().to_str().unwrap();
    let (track, cover) = (
        folder.join("01_HarbourLights.wav"),
        folder.join("artwork.jpg"),
    );
    let put = |file: &Path| format!("put {} incoming/{name}/\n", file.display());
    daemon.sftp_ok(&label, &format!("mkdir incoming/{name}\n{}", put(&cover)));

    let filler = disk.0.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 65_536]).is_ok() {}
    let refused = daemon.sftp(&label, &put(&track));
    assert!(
        !refused.status.success(),
        "what is not there is not acknowledged"
    );
    let listing = daemon.sftp_ok(&label, "ls -l incoming\n");
    assert!(listing.contains(name), "reading goes on: {listing}");
    assert!(!daemon.has_ended());

    drop(file);
    fs::remove_file(&filler).unwrap();
    let message = folder.join("metadata.xml");
    daemon.sftp_ok(&label, &format!("{}{}", put(&track), put(&message)));
    daemon.wait_status(name, "needs_qc");
}
