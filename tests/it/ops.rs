//! What operators rely on: the audit log and its rotation, metrics and alerts, health, penalties
//! over a restart, socket activation, changes of accounts while labels are connected.

use crate::kit::{Label, TestDaemon, free_port, has, release, wait};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Status and body of a page.
fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// The value of a metric with exactly these labels.
fn value(page: &str, name: &str) -> f64 {
    let line = page
        .lines()
        .find(|line| line.split_once(' ').is_some_and(|(have, _)| have == name))
        .unwrap_or_else(|| panic!("no {name} in\n{page}"));
    line.split_once(' ').unwrap().1.parse().unwrap()
}

fn watched(extra: &str) -> (TestDaemon, u16) {
    let port = free_port();
    let mut daemon = TestDaemon::prepare(&format!(
        "{extra}\n[metrics]\nlisten = \"127.0.0.1:{port}\"\nready_free_mib = 1\n"
    ));
    daemon.run();
    (daemon, port)
}

/// One connection with a wrong password.
fn wrong_password(daemon: &TestDaemon, label: &Label) {
    let script = daemon.home.path().join("askpass");
    fs::write(&script, "#!/bin/sh\necho wrong\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&script, mode).unwrap();
    let output = Command::new("sftp")
        .args(["-P", &daemon.port.to_string()])
        .args(daemon.ssh_options())
        .args([
            "-o",
            "PubkeyAuthentication=no",
            "-o",
            "NumberOfPasswordPrompts=1",
        ])
        .args(["-o", "PreferredAuthentications=password"])
        .arg(format!("{}@127.0.0.1", label.name))
        .env("SSH_ASKPASS", script)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
}

#[test]
fn numbers_tell_what_happened() {
    let (daemon, port) = watched("");
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(70));
    daemon.sftp_ok(
        &label,
        &format!("cd incoming\nput -r {}\n", folder.display()),
    );
    wrong_password(&daemon, &label);
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    daemon.wait_status(&name, "needs_qc");
    let (status, page) = get(port, "/metrics");
    assert_eq!(status, 200);
    let bytes: u64 = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(value(&page, "dropzone_received_bytes_total"), bytes as f64);
    assert_eq!(value(&page, "dropzone_files_received_total"), files as f64);
    assert_eq!(value(&page, "dropzone_close_seconds_count"), files as f64);
    assert_eq!(
        value(&page, "dropzone_close_seconds_bucket{le=\"+Inf\"}"),
        files as f64
    );
    assert_eq!(
        value(&page, "dropzone_logins_total{method=\"publickey\"}"),
        1.0
    );
    assert_eq!(
        value(&page, "dropzone_logins_refused_total{method=\"password\"}"),
        1.0
    );
    assert_eq!(value(&page, "dropzone_packages{status=\"needs_qc\"}"), 1.0);
    assert_eq!(value(&page, "dropzone_packages{status=\"parked\"}"), 0.0);
    assert_eq!(value(&page, "dropzone_ready"), 1.0);
    assert_eq!(value(&page, "dropzone_audit_lost_total"), 0.0);
    assert!(value(&page, "dropzone_disk_free_bytes") > 0.0);
    assert!(page.is_ascii());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(port, path).0, 200, "{path}");
    }
    assert_eq!(get(port, "/other").0, 404);
}

#[test]
fn an_alert_can_fire_because_its_numbers_are_there() {
    let (_daemon, port) = watched("");
    let page = get(port, "/metrics").1;
    let given: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    for name in &given {
        assert!(
            page.contains(&format!("# HELP {name} ")),
            "{name} says what it is"
        );
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = fs::read_to_string(root.join("config/alerts/dropzone.rules.yml")).unwrap();
    let mut used = BTreeSet::new();
    for (at, _) in rules.match_indices("dropzone_") {
        let name: String = rules[at..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let rest = &rules[at + name.len()..];
        // The series itself has to be there, with the label that the rule asks for.
        if let Some(selector) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let series = format!("{name}{{{}}} ", selector.0);
            assert!(page.contains(&series), "{series} is not in\n{page}");
        }
        used.insert(name);
    }
    assert!(used.len() > 10, "{used:?}");
    for name in used {
        let of_histogram = name.trim_end_matches("_bucket");
        assert!(
            given.contains(name.as_str()) || given.contains(of_histogram),
            "{name} of the rules is no metric: {given:?}"
        );
    }
}

#[test]
fn readiness_is_refused_for_want_of_space_and_while_stopping() {
    let port = free_port();
    let mut daemon = TestDaemon::prepare(&format!(
        "[metrics]\nlisten = \"127.0.0.1:{port}\"\nready_free_mib = 99999999\n"
    ));
    let config = fs::read_to_string(daemon.config()).unwrap();
    // Longer than the test's patience; it is stopped by a second signal.
    let config = config.replace("drain_seconds = 5", "drain_seconds = 3600");
    fs::write(daemon.config(), config).unwrap();
    daemon.run();
    let (status, words) = get(port, "/readyz");
    assert_eq!(status, 503);
    assert!(
        words.contains("metrics.ready_free_mib wants 99999999"),
        "{words}"
    );
    assert_eq!(get(port, "/healthz").0, 200);
    assert_eq!(value(&get(port, "/metrics").1, "dropzone_ready"), 0.0);
}

#[test]
fn penalties_are_shown_kept_over_a_restart_and_forgiven() {
    let mut daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let status = |daemon: &TestDaemon| -> Value {
        serde_json::from_slice(&daemon.command(&["--json", "status"]).stdout).unwrap()
    };
    let kept_out = |daemon: &TestDaemon| {
        let status = status(daemon);
        let penalties = status["penalties"].as_array().unwrap().clone();
        penalties
            .into_iter()
            .find(|penalty| penalty["enforced"] == true)
    };
    assert_eq!(status(&daemon)["penalties"], serde_json::json!([]));
    // Far more than enough: on a slow machine some are forgiven meanwhile, and in the end the door
    // is shut anyway.
    let penalty = wait("the source to be kept out", || {
        wrong_password(&daemon, &label);
        kept_out(&daemon)
    });
    assert_eq!(penalty["source"], "127.0.0.1");
    assert_eq!(penalty["last"], "wrong_password");
    let words = String::from_utf8(daemon.command(&["status"]).stdout).unwrap();
    assert!(words.contains("kept out  127.0.0.1 until"), "{words}");
    let words = String::from_utf8(daemon.command(&["penalty", "list"]).stdout).unwrap();
    assert!(
        words.contains("127.0.0.1") && words.contains("wrong password"),
        "{words}"
    );

    // A debt as large as one can be, so that a slow machine does not outlive it.
    daemon.signal(Signal::TERM);
    assert!(daemon.exit_status().success());
    let store = dropzone::store::Store::open(
        &dropzone::domain::places::Places::new(daemon.data()).database(),
        dropzone::daemon::clock::now,
    )
    .unwrap();
    let mut kept = store.penalties().unwrap();
    assert_eq!(kept.len(), 1, "kept at the stop: {kept:?}");
    kept[0].until = dropzone::daemon::clock::now() + Duration::from_secs(590);
    kept[0].enforced = true;
    store.keep_penalties(kept).unwrap();
    drop(store);
    daemon.run();
    assert!(
        !daemon.sftp(&label, "pwd\n").status.success(),
        "kept over the restart"
    );

    assert_eq!(
        daemon
            .command(&["penalty", "forgive", "localhost"])
            .status
            .code(),
        Some(2)
    );
    let answer = daemon.ask(&["penalty", "forgive", "127.0.0.0/8"]);
    assert_eq!(answer["count"], 1);
    wait("the daemon to forgive", || {
        daemon.sftp(&label, "pwd\n").status.success().then_some(())
    });
    assert_eq!(
        daemon.ask(&["penalty", "list"])["penalties"],
        serde_json::json!([])
    );
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

#[test]
fn the_audit_log_is_a_file_that_can_be_rotated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let mut daemon = TestDaemon::start(&format!("[log]\naudit = \"{}\"\n", path.display()));
    let label = daemon.label("quayside", &[]);
    daemon.sftp_ok(&label, "mkdir incoming/One\n");
    let moved = dir.path().join("audit.jsonl.1");
    wait("the first lines", || {
        lines(&path)
            .iter()
            .any(|line| line["event"] == "logout")
            .then_some(())
    });
    fs::rename(&path, &moved).unwrap();
    daemon.signal(Signal::HUP);
    wait("a new file", || path.exists().then_some(()));
    daemon.sftp_ok(&label, "mkdir incoming/Two\n");
    daemon.signal(Signal::TERM);
    assert!(daemon.exit_status().success());
    let folders = |path: &Path| -> Vec<String> {
        let made = lines(path)
            .into_iter()
            .filter(|line| line["event"] == "mkdir");
        made.map(|line| line["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(folders(&moved), ["One"]);
    assert_eq!(folders(&path), ["Two"]);
    let all = fs::read_to_string(&moved).unwrap() + &fs::read_to_string(&path).unwrap();
    assert!(!all.contains(&label.password), "no secret");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o007, 0, "not for everyone");
}

#[test]
fn without_settings_the_audit_log_goes_to_standard_output() {
    let daemon = TestDaemon::prepare("");
    let path = daemon.home.path().join("stdout");
    let mut process = Command::new(env!("CARGO_BIN_EXE_dropzone"))
        .args(["serve", "--config"])
        .arg(daemon.config())
        .stdin(Stdio::null())
        .stdout(fs::File::create(&path).unwrap())
        .stderr(fs::File::create(daemon.log()).unwrap())
        .spawn()
        .unwrap();
    let label = daemon.label("quayside", &[]);
    wait("the daemon to listen", || {
        TcpStream::connect(("127.0.0.1", daemon.port)).ok()
    });
    daemon.sftp_ok(&label, "mkdir incoming/One\n");
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert!(process.wait().unwrap().success());
    let events: Vec<String> = lines(&path)
        .iter()
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["login", "mkdir", "logout"]);
}

#[test]
fn a_place_for_the_audit_log_that_cannot_be_is_said() {
    let daemon = TestDaemon::prepare("[log]\naudit = \"audit.jsonl\"\n");
    let output = daemon.command(&["config", "check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(said.contains("an absolute path"), "{said}");
}

#[test]
fn accounts_keys_and_settings_change_while_a_label_is_connected() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let mut session = Command::new("sftp")
        .args(["-q", "-P", &daemon.port.to_string(), "-i"])
        .arg(&label.key)
        .args(daemon.ssh_options())
        .args(["-b", "-"])
        .arg(format!("{}@127.0.0.1", label.name))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut typed = session.stdin.take().unwrap();
    let folder = |name: &str| {
        daemon
            .data()
            .join("labels")
            .join(&label.id)
            .join("incoming")
            .join(name)
    };
    let type_in = |typed: &mut std::process::ChildStdin, name: &str| {
        writeln!(typed, "mkdir incoming/{name}").unwrap();
        typed.flush().unwrap();
        wait(name, || folder(name).is_dir().then_some(()));
    };
    type_in(&mut typed, "Before");
    // Another key comes in without anything being told to the daemon.
    let other = daemon.home.path().join("other.key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&other)
        .status()
        .unwrap();
    assert!(made.success());
    let public = other.with_extension("key.pub").display().to_string();
    daemon.ask(&["label", "key", "add", "quayside", &public]);
    let newcomer = Label {
        name: label.name.clone(),
        id: label.id.clone(),
        key: other,
        password: String::new(),
    };
    daemon.sftp_ok(&newcomer, "pwd\n");
    // A new label too.
    let second = daemon.label("harbour", &[]);
    daemon.sftp_ok(&second, "pwd\n");
    // And settings are read again.
    daemon.signal(Signal::HUP);
    wait("the settings to be read", || {
        let log = fs::read_to_string(daemon.log()).unwrap_or_default();
        log.contains("configuration read again").then_some(())
    });
    type_in(&mut typed, "After");
    drop(typed);
    assert!(
        session.wait().unwrap().success(),
        "the session was never disturbed"
    );
}

#[test]
fn access_is_set_shown_and_holds() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let shown = daemon.ask(&["label", "access", "quayside"]);
    assert_eq!(shown["allow_from"], serde_json::json!([]));
    assert_eq!(
        (&shown["require"], &shown["expires_at"]),
        (&"any".into(), &Value::Null)
    );
    let set = daemon.ask(&[
        "label",
        "access",
        "quayside",
        "--allow-from",
        "192.0.2.0/24",
        "--allow-from",
        "::1",
        "--require",
        "key+password",
        "--expires",
        "2099-12-31",
    ]);
    assert_eq!(
        set["allow_from"],
        serde_json::json!(["192.0.2.0/24", "::1"])
    );
    assert_eq!(set["expires_at"], "2100-01-01T00:00:00Z");
    assert_eq!(
        daemon.ask(&["label", "show", "quayside"])["require"],
        "key+password"
    );
    let words = String::from_utf8(daemon.command(&["label", "show", "quayside"]).stdout).unwrap();
    assert!(
        words.contains("from      192.0.2.0/24, ::1 only"),
        "{words}"
    );
    assert!(words.contains("proof     key and password"), "{words}");
    assert!(!daemon.sftp(&label, "pwd\n").status.success());
    // What is not named stays.
    let set = daemon.ask(&[
        "label",
        "access",
        "quayside",
        "--allow-from",
        "any",
        "--require",
        "any",
    ]);
    assert_eq!(set["expires_at"], "2100-01-01T00:00:00Z");
    daemon.sftp_ok(&label, "pwd\n");
    daemon.ask(&[
        "label",
        "access",
        "quayside",
        "--expires",
        "2020-01-01T00:00:00Z",
    ]);
    assert!(!daemon.sftp(&label, "pwd\n").status.success());
    daemon.ask(&["label", "access", "quayside", "--expires", "never"]);
    daemon.sftp_ok(&label, "pwd\n");
    for wrong in [
        &["--allow-from", "192.0.2.1/24"][..],
        &["--allow-from", "quayside.example"],
        &["--expires", "soon"],
        &["--require", "password"],
    ] {
        let mut all = vec!["label", "access", "quayside"];
        all.extend_from_slice(wrong);
        assert_eq!(daemon.command(&all).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(
        daemon.command(&["label", "access", "nobody"]).status.code(),
        Some(3)
    );
}

/// systemd's own tool opens the socket and hands it over at the first connection.
#[test]
fn systemd_hands_over_its_socket() {
    if !has("systemd-socket-activate") {
        return;
    }
    let daemon = TestDaemon::prepare("");
    let text = fs::read_to_string(daemon.config()).unwrap();
    let ours = free_port();
    fs::write(
        daemon.config(),
        text.replace(&daemon.port.to_string(), &ours.to_string()),
    )
    .unwrap();
    let mut process = Command::new("systemd-socket-activate")
        .args(["-l", &format!("127.0.0.1:{}", daemon.port)])
        .arg(env!("CARGO_BIN_EXE_dropzone"))
        .args(["serve", "--config"])
        .arg(daemon.config())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(daemon.log()).unwrap())
        .spawn()
        .unwrap();
    let label = daemon.label("quayside", &[]);
    wait("a login", || {
        daemon.sftp(&label, "pwd\n").status.success().then_some(())
    });
    let log = fs::read_to_string(daemon.log()).unwrap();
    assert!(log.contains("listening on the socket of systemd"), "{log}");
    assert!(
        TcpStream::connect(("127.0.0.1", ours)).is_err(),
        "sftp.listen is not used"
    );
    let pid = rustix::process::Pid::from_child(&process);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert!(process.wait().unwrap().success());
}
