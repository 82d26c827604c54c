//! The files for systemd, judged by systemd's own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("systemd")
        .join(name)
}

/// Runs one of systemd's tools; `None` where it is not, which CI does not allow.
fn tool(name: &str, arguments: &[&str]) -> Option<Output> {
    let ran = Command::new(name).args(arguments).output();
    if ran.is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI has to have {name} (Debian package systemd)"
        );
        println!("skipped: {name}");
    }
    ran.ok()
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{out}{err}")
}

/// 15 is 1.5 on the scale from 0 to 10; OpenSSH's own unit has 9.6.
#[test]
fn the_service_is_hardened() {
    let unit = file("dropzone.service");
    let arguments = ["security", "--offline=true", "--threshold=15"];
    let all: Vec<&str> = arguments
        .into_iter()
        .chain([unit.to_str().unwrap()])
        .collect();
    if let Some(output) = tool("systemd-analyze", &all) {
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// Unknown settings and malformed values, which systemd itself would only log.
#[test]
fn systemd_understands_every_line_of_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("dropzone.service");
    let text = fs::read_to_string(file("dropzone.service")).unwrap();
    fs::write(&copy, text.replace("/usr/bin/dropzone", "/bin/true")).unwrap();
    let arguments = ["verify", "--man=no", copy.to_str().unwrap()];
    if let Some(output) = tool("systemd-analyze", &arguments) {
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("dropzone.service"), "{said}");
    }
}

/// The socket is handed to the service of the same name, which systemd has to find beside it.
#[test]
fn systemd_understands_every_line_of_the_socket() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["dropzone.service", "dropzone.socket"] {
        let text = fs::read_to_string(file(name)).unwrap();
        let text = text.replace("/usr/bin/dropzone", "/bin/true");
        fs::write(dir.path().join(name), text).unwrap();
    }
    let copy = dir.path().join("dropzone.socket");
    let arguments = ["verify", "--man=no", copy.to_str().unwrap()];
    if let Some(output) = tool("systemd-analyze", &arguments) {
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("dropzone.so"), "{said}");
        assert!(!said.contains("dropzone.service"), "{said}");
    }
    let text = fs::read_to_string(file("dropzone.socket")).unwrap();
    let sockets = text
        .lines()
        .filter(|line| line.starts_with("ListenStream="));
    assert_eq!(sockets.count(), 1, "the daemon takes one");
}

#[test]
fn the_service_starts_watches_reloads_and_drains() {
    let text = fs::read_to_string(file("dropzone.service")).unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=30s",
        "ExecStart=/usr/bin/dropzone serve --config /etc/dropzone/dropzone.toml",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "UMask=0077",
        "LogsDirectory=dropzone",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}");
    }
}

/// Tokio alone may have 512 threads for work that waits; ours come on top.
#[test]
fn the_service_may_have_more_threads_than_the_runtime_takes() {
    let text = fs::read_to_string(file("dropzone.service")).unwrap();
    let limit = text.lines().find_map(|line| line.strip_prefix("TasksMax="));
    let limit: u32 = limit.unwrap().parse().unwrap();
    assert!(limit >= 2 * 512, "{limit}");
}

/// Makes account and directories below a root of their own, as a package's installation does.
#[test]
fn account_and_directories_are_made() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    fs::create_dir_all(at("etc")).unwrap();
    let below = format!("--root={}", root.path().display());
    for (tool_name, folder, name) in [
        ("systemd-sysusers", "sysusers.d", "dropzone.sysusers.conf"),
        ("systemd-tmpfiles", "tmpfiles.d", "dropzone.tmpfiles.conf"),
    ] {
        let lib = at("usr/lib").join(folder);
        fs::create_dir_all(&lib).unwrap();
        fs::copy(file(name), lib.join("dropzone.conf")).unwrap();
        let mut arguments = vec![below.as_str(), "dropzone.conf"];
        if tool_name == "systemd-tmpfiles" {
            arguments.insert(0, "--create");
            if !rustix::process::getuid().is_root() {
                println!("skipped: systemd-tmpfiles as another user than root");
                return;
            }
        }
        let Some(output) = tool(tool_name, &arguments) else {
            return;
        };
        assert!(output.status.success(), "{}", said(&output));
    }
    let accounts = fs::read_to_string(at("etc/passwd")).unwrap();
    assert!(accounts.contains("dropzone:"), "{accounts}");
    assert!(accounts.contains("/usr/sbin/nologin"), "{accounts}");
    for (path, mode) in [
        ("var/lib/dropzone", 0o700),
        ("var/lib/dropzone/archive", 0o700),
        ("etc/dropzone/dsp", 0o750),
        ("etc/dropzone/secrets", 0o750),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let meta = fs::metadata(at(path)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o7777, mode, "{path}");
    }
}
