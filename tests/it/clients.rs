//! What clients do beside the table of `matrix`, against the running daemon: passwords that are asked
//! for, a second sync, confirmations; and refusals that end at once.

use crate::kit::{Label, TestDaemon, has, python, release, skip};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn ok(what: &str, output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{what}: {out}{err}");
    out.into_owned()
}

/// Starts a daemon, lets `upload` bring a release as `folder`, and waits for review.
fn reaches_review(number: u32, upload: impl FnOnce(&TestDaemon, &Label, &Path, &str)) {
    let mut daemon = TestDaemon::prepare("");
    // Clients come back for what they sent (stat, a second sync); on a busy machine that takes a
    // moment, in which the folder must still be theirs.
    let config = fs::read_to_string(daemon.config()).unwrap();
    let config = config
        .replace("logged_out_seconds = 1", "logged_out_seconds = 6")
        .replace("hashed_seconds = 2", "hashed_seconds = 12")
        .replace("default_seconds = 2", "default_seconds = 12");
    fs::write(daemon.config(), config).unwrap();
    daemon.run();
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(number));
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    upload(&daemon, &label, &folder, &name);
    let package = daemon.wait_status(&name, "needs_qc");
    assert_eq!(package["finding_counts"]["error"], 0);
}

#[test]
fn openssh_sftp_by_password() {
    reaches_review(301, |daemon, label, folder, _| {
        let askpass = daemon.home.path().join("askpass");
        fs::write(&askpass, format!("#!/bin/sh\necho '{}'\n", label.password)).unwrap();
        fs::set_permissions(
            &askpass,
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .unwrap();
        let batch = daemon.home.path().join("batch");
        fs::write(
            &batch,
            format!("cd incoming\nput -rp {}\n", folder.display()),
        )
        .unwrap();
        let output = Command::new("sftp")
            .args([
                "-q",
                "-P",
                &daemon.port.to_string(),
                "-o",
                "BatchMode=no",
                "-o",
                "PubkeyAuthentication=no",
            ])
            .args(daemon.ssh_options())
            .arg("-b")
            .arg(&batch)
            .arg("quayside@127.0.0.1")
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        ok("sftp by password", &output);
    });
}

#[test]
fn rclone_twice() {
    if !has("rclone") {
        return;
    }
    reaches_review(304, |daemon, label, folder, name| {
        let copy = || {
            Command::new("rclone")
                .args(["--config", "/dev/null", "copy", "-v"])
                .arg(folder)
                .arg(format!(":sftp:incoming/{name}"))
                .args([
                    "--sftp-host",
                    "127.0.0.1",
                    "--sftp-user",
                    "quayside",
                    "--sftp-port",
                    &daemon.port.to_string(),
                ])
                .arg("--sftp-key-file")
                .arg(&label.key)
                .output()
                .unwrap()
        };
        ok("rclone", &copy());
        let again = copy();
        ok("rclone again", &again);
        let words = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(!words.contains("Copied"), "nothing is sent twice: {words}");
    });
}

/// Programs that compare before they send find what was claimed, and send nothing.
#[test]
fn mirrors_send_a_claimed_folder_once() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let folder = daemon.material(&release(311));
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let port = daemon.port.to_string();
    let rclone = || {
        Command::new("rclone")
            .args(["--config", "/dev/null", "sync", "-v"])
            .arg(&folder)
            .arg(format!(":sftp:incoming/{name}"))
            .args(["--sftp-host", "127.0.0.1", "--sftp-user", "quayside"])
            .args(["--sftp-port", &port, "--sftp-key-file"])
            .arg(&label.key)
            .output()
            .unwrap()
    };
    if !has("rclone") {
        return;
    }
    ok("rclone", &rclone());
    daemon.wait_status(&name, "needs_qc");
    let again = rclone();
    ok("rclone after the claim", &again);
    let words = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!words.contains("Copied"), "{words}");
    assert!(!words.contains("Deleted"), "{words}");
    let attempts = daemon.ask(&["package", "list"])["packages"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 1, "{attempts}");
}

#[test]
fn paramiko_with_confirmation() {
    let Some(python) = python("paramiko") else {
        return;
    };
    reaches_review(307, |daemon, label, folder, name| {
        let script = r#"
import os, sys, paramiko
port, user, password, folder, name = int(sys.argv[1]), *sys.argv[2:6]
transport = paramiko.Transport(("127.0.0.1", port))
transport.connect(username=user, password=password)
sftp = paramiko.SFTPClient.from_transport(transport)
sftp.chdir("/incoming")
sftp.mkdir(name)
for file in sorted(os.listdir(folder)):
    sent = sftp.put(os.path.join(folder, file), f"{name}/{file}", confirm=True)
    sftp.utime(f"{name}/{file}", (1700000000, 1700000000))
    assert sent.st_size == os.path.getsize(os.path.join(folder, file)), file
    assert sftp.stat(f"{name}/{file}").st_mtime == 1700000000
    # Read back before the message comes, which is last: then the folder is complete and soon ours.
    sftp.get(f"{name}/{file}", os.path.join(folder, "..", "back"))
    assert open(os.path.join(folder, "..", "back"), "rb").read() == open(os.path.join(folder, file), "rb").read()
transport.close()
"#;
        let output = Command::new(python)
            .args([
                "-c",
                script,
                &daemon.port.to_string(),
                "quayside",
                &label.password,
            ])
            .arg(folder)
            .arg(name)
            .output()
            .unwrap();
        ok("paramiko", &output);
    });
}

/// It goes by the words for a folder that is not there, and makes it then.
#[test]
fn node_ssh_makes_the_folders_of_what_it_sends() {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let (node, modules) = (
        target.join("venv/bin/node"),
        target.join("npm/node_modules"),
    );
    if !node.exists() || !modules.join("node-ssh").is_dir() {
        skip("node-ssh (make test installs it)");
        return;
    }
    reaches_review(312, |daemon, label, folder, name| {
        let script = r#"
const { NodeSSH } = require('node-ssh');
const [port, password, folder, name] = process.argv.slice(1);
(async () => {
  const ssh = new NodeSSH();
  await ssh.connect({ host: '127.0.0.1', port: Number(port), username: 'quayside', password });
  await ssh.mkdir('/incoming/Work/a/b', 'sftp');
  const sent = await ssh.putDirectory(folder, `/incoming/${name}`, { concurrency: 3 });
  ssh.dispose();
  process.exit(sent ? 0 : 1);
})();
"#;
        let output = Command::new(&node)
            .env("NODE_PATH", &modules)
            .args(["-e", script, &daemon.port.to_string(), &label.password])
            .arg(folder)
            .arg(name)
            .output()
            .unwrap();
        ok("node-ssh", &output);
    });
}

#[test]
fn shells_and_commands_are_refused_at_once_with_a_sentence() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    let ssh = |command: &[&str]| {
        Command::new("ssh")
            .args(["-p", &daemon.port.to_string(), "-i"])
            .arg(&label.key)
            .args(daemon.ssh_options())
            .arg("quayside@127.0.0.1")
            .args(command)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    for command in [&["md5sum"][..], &["rsync", "--server"], &[]] {
        let output = ssh(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("SFTP"),
            "{command:?}: {output:?}"
        );
    }
    let old = Command::new("scp")
        .args(["-O", "-q", "-P", &daemon.port.to_string(), "-i"])
        .arg(&label.key)
        .args(daemon.ssh_options())
        .arg("/etc/hostname")
        .arg("quayside@127.0.0.1:incoming/")
        .output()
        .unwrap();
    assert!(!old.status.success());
    let words = String::from_utf8_lossy(&old.stderr).into_owned();
    assert!(words.contains("scp without -O"), "{words}");
}

/// curl by scp's older protocol, and PHP's `ssh2_scp_send` with the same library, believed that a
/// file had arrived when nothing but the end came for an answer.
#[test]
fn who_sends_by_the_older_scp_learns_that_nothing_arrived() {
    if !has("curl") {
        return;
    }
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    daemon.sftp_ok(&label, "mkdir /incoming/Work\n");
    let user = format!("quayside:{}", label.password);
    let to = format!("scp://127.0.0.1:{}/incoming/Work/a.xml", daemon.port);
    let output = Command::new("curl")
        .args(["-sS", "--insecure", "-u", &user, "-T", "/etc/hostname"])
        .arg(to)
        .env("HOME", daemon.home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success(), "curl believes it: {output:?}");
    assert!(
        !daemon
            .sftp_ok(&label, "ls /incoming/Work\n")
            .contains("a.xml")
    );
}

#[test]
fn two_labels_cannot_see_or_touch_each_other() {
    let daemon = TestDaemon::start("");
    let victim = daemon.label("victim", &[]);
    let thief = daemon.label("thief", &[]);
    let folder = daemon.material(&release(310));
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    daemon.sftp_ok(
        &victim,
        &format!(
            "cd incoming\nmkdir {name}\ncd {name}\nput {}/artwork.jpg\n",
            folder.display()
        ),
    );
    let seen = daemon.sftp_ok(&thief, "ls -1 /\nls -1 /incoming\nls -1 /reports\n");
    assert!(!seen.contains(&name), "{seen}");
    for path in [
        format!("/incoming/{name}/artwork.jpg"),
        format!("/incoming/../../{}/incoming/{name}/artwork.jpg", victim.id),
        format!("/../{}/incoming/{name}/artwork.jpg", victim.id),
        format!(
            "{}/labels/{}/incoming/{name}/artwork.jpg",
            daemon.data().display(),
            victim.id
        ),
        daemon.data().join("dropzone.db").display().to_string(),
        "/etc/passwd".to_owned(),
    ] {
        for batch in [
            format!("get {path} {}/stolen\n", daemon.home.path().display()),
            format!("put {} {path}\n", folder.join("metadata.xml").display()),
            format!("rm {path}\n"),
            format!("rename {path} /incoming/mine\n"),
            format!("ls {path}\n"),
            format!("chmod 777 {path}\n"),
            format!("mkdir {path}x/y\n"),
            format!("rmdir {path}\n"),
            format!("ln {path} /incoming/link\n"),
            format!("ln -s {path} /incoming/link\n"),
        ] {
            let output = daemon.sftp(&thief, &batch);
            assert!(
                !output.status.success(),
                "{batch} has to be refused: {}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
    assert!(!daemon.home.path().join("stolen").exists());
    let kept = daemon.sftp_ok(&victim, &format!("ls -1 /incoming/{name}\n"));
    assert!(kept.contains("artwork.jpg"), "{kept}");
    let loose = daemon.sftp(
        &thief,
        &format!("put {} /incoming/\n", folder.join("metadata.xml").display()),
    );
    assert!(
        !loose.status.success(),
        "files directly in /incoming are refused"
    );
}

#[test]
fn a_disabled_label_and_a_wrong_password_stay_outside() {
    let daemon = TestDaemon::start("");
    let label = daemon.label("quayside", &[]);
    daemon.sftp_ok(&label, "ls\n");
    daemon.ask(&["label", "disable", "quayside"]);
    assert!(
        !daemon.sftp(&label, "ls\n").status.success(),
        "disabled means out"
    );
    daemon.ask(&["label", "enable", "quayside"]);
    daemon.sftp_ok(&label, "ls\n");
    let shown = daemon.ask(&["label", "show", "quayside"]);
    let print = shown["keys"][0]
        .as_str()
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    daemon.ask(&["label", "key", "remove", "quayside", &print]);
    assert!(
        !daemon.sftp(&label, "ls\n").status.success(),
        "a removed key is out"
    );
}
