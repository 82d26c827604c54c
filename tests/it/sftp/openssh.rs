//! OpenSSH's own programs: `sftp`, `scp`, `ssh`.

use super::*;
use std::os::unix::process::CommandExt;

#[test]
fn the_guides_command_line_delivers_a_release() {
    let server = Server::start();
    let local = server.release("Davido_Timeless");
    let batch = "cd incoming\n\
         mkdir Davido_Timeless\n\
         cd Davido_Timeless\n\
         lcd Davido_Timeless\n\
         put metadata.xml\n\
         put *.wav\n\
         put artwork.jpg\n\
         exit\n";
    server.sftp_ok("alpha", batch);
    assert_received(&server, &local, "Davido_Timeless");
    server.until("the session's end is told", |server| {
        server.told(|event| matches!(event, UploadEvent::SessionEnded { .. }))
    });
    let events = server.events.lock().unwrap();
    let touched = |event: &UploadEvent| {
        matches!(event, UploadEvent::Touched { label, folder, session: _ }
            if label.as_str() == "id-alpha" && folder == "Davido_Timeless")
    };
    // mkdir, and OPEN and CLOSE of four files at least.
    assert!(events.iter().filter(|event| touched(event)).count() >= 9);
    assert!(matches!(
        events.last(),
        Some(UploadEvent::SessionEnded { .. })
    ));
}

#[test]
fn folders_go_and_come_as_a_whole() {
    let server = Server::start();
    let local = server.release("Rel");
    server.sftp_ok("alpha", "put -r Rel incoming/\nput -rp Rel incoming/\n");
    assert_received(&server, &local, "Rel");
    server.sftp_ok("alpha", "get -r incoming/Rel Back\n");
    for entry in fs::read_dir(&local).unwrap() {
        let path = entry.unwrap().path();
        assert_same(&path, &server.path("Back").join(path.file_name().unwrap()));
    }
    let modified = |path: &Path| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        time.duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    assert_eq!(
        modified(&local.join("metadata.xml")),
        modified(&server.stored("alpha", "incoming/Rel/metadata.xml")),
        "times are kept"
    );
    let listed = server.sftp_ok("alpha", "ls -l incoming/Rel\nls -la /\ndf -h /incoming\n");
    assert!(listed.contains("700000"), "{listed}");
    assert!(listed.contains("reports"), "{listed}");
}

#[test]
fn names_are_moved_removed_and_read_back() {
    let server = Server::start();
    server.local("a.wav", 5_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput a.wav incoming/Rel/\n\
         rename incoming/Rel/a.wav incoming/Rel/b.wav\n\
         rename incoming/Rel incoming/Rel2\n\
         get incoming/Rel2/b.wav back.wav\n\
         chmod 600 incoming/Rel2/b.wav\nchmod 700 incoming/Rel2\n\
         rm incoming/Rel2/b.wav\nrmdir incoming/Rel2\n",
    );
    assert_same(&server.path("a.wav"), &server.path("back.wav"));
    assert!(!server.stored("alpha", "incoming/Rel2").exists());
    assert!(server.told(
        |event| matches!(event, UploadEvent::Renamed { from, to, .. }
        if from == "Rel" && to == "Rel2")
    ));
    assert!(
        server.told(|event| matches!(event, UploadEvent::Removed { folder, .. }
        if folder == "Rel2"))
    );
}

#[test]
fn refusals_have_the_right_codes() {
    let server = Server::start();
    server.local("a.wav", 100);
    server.sftp_ok("alpha", "mkdir incoming/Rel\nput a.wav incoming/Rel/\n");
    for (line, word) in [
        ("put a.wav incoming/", "Permission denied"),
        ("put a.wav /", "Permission denied"),
        ("put a.wav reports/", "Permission denied"),
        ("mkdir reports/x", "Permission denied"),
        ("mkdir x", "Permission denied"),
        ("rm reports/x", "Permission denied"),
        ("rmdir incoming", "Permission denied"),
        ("rename incoming/Rel /Rel", "Permission denied"),
        ("ls /etc", "not found"),
        ("get /etc/passwd", "not found"),
        ("get ../../../../etc/passwd", "not found"),
        ("put a.wav incoming/none/a.wav", "No such file"),
        ("ln incoming/Rel/a.wav incoming/Rel/b.wav", "not support"),
        ("symlink /etc/passwd incoming/Rel/b.wav", "nsupported"),
        ("rmdir incoming/Rel", "Failure"),
        ("mkdir incoming/REL", "Failure"),
        ("put a.wav incoming/Rel/A.WAV", "Failure"),
    ] {
        let said = server.sftp_refused("alpha", line);
        assert!(said.contains(word), "{line}: {said}");
    }
}

/// Begins an upload, slow enough to be met under way, and kills the client and its `ssh`.
fn kill_while_uploading(server: &Server, batch: &str, partial: &Path) {
    fs::write(server.path("slow"), batch).unwrap();
    let mut command = Command::new("sftp");
    let mut child = command
        .args(server.ssh_options("alpha"))
        .args([
            "-o",
            "BatchMode=yes",
            "-l",
            "20000",
            "-b",
            "slow",
            "alpha@127.0.0.1",
        ])
        .current_dir(server.dir.path())
        .env_remove("SSH_AUTH_SOCK")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.until("bytes arrive", |_| {
        fs::metadata(partial).is_ok_and(|metadata| metadata.len() > 300_000)
    });
    let group = format!("-{}", child.id());
    let killed = Command::new("kill")
        .args(["-KILL", "--", &group])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait().unwrap();
}

#[test]
fn an_upload_that_was_cut_is_resumed() {
    let server = Server::start();
    let local = server.local("big.wav", 40_000_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let partial = server.stored("alpha", "partial/Rel/big.wav");
    kill_while_uploading(&server, "put big.wav incoming/Rel/big.wav\n", &partial);
    server.until("the server sees the end", |server| {
        server.door.sessions() == 0
    });
    assert!(partial.exists());
    assert!(!server.stored("alpha", "incoming/Rel/big.wav").exists());
    let size = fs::metadata(&partial).unwrap().len();
    let listed = server.sftp_ok("alpha", "ls -l incoming/Rel/big.wav\n");
    assert!(listed.contains(&size.to_string()), "{size}: {listed}");
    server.sftp_ok("alpha", "reput big.wav incoming/Rel/big.wav\n");
    assert_same(&local, &server.stored("alpha", "incoming/Rel/big.wav"));
    assert!(!partial.exists());
}

#[test]
fn appending_works() {
    let server = Server::start();
    let local = server.local("a.wav", 3_000_000);
    let start = &fs::read(&local).unwrap()[..1_000_000];
    fs::write(server.path("start.wav"), start).unwrap();
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput start.wav incoming/Rel/a.wav\nput -a a.wav incoming/Rel/a.wav\n",
    );
    assert_same(&local, &server.stored("alpha", "incoming/Rel/a.wav"));
}

#[test]
fn an_overwrite_that_breaks_off_leaves_the_old_file() {
    let server = Server::start();
    let old = server.local("old.wav", 1_000);
    server.local("new.wav", 40_000_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput old.wav incoming/Rel/a.wav\n",
    );
    let partial = server.stored("alpha", "partial/Rel/a.wav");
    kill_while_uploading(&server, "put new.wav incoming/Rel/a.wav\n", &partial);
    server.until("the server sees the end", |server| {
        server.door.sessions() == 0
    });
    assert_same(&old, &server.stored("alpha", "incoming/Rel/a.wav"));
    assert!(partial.exists());
}

#[test]
fn two_labels_cannot_see_or_touch_each_other() {
    let server = Server::start();
    server.local("a.wav", 1_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Secret\nput a.wav incoming/Secret/a.wav\n",
    );
    server.sftp_ok("beta", "mkdir incoming/Own\nput a.wav incoming/Own/a.wav\n");
    let listed = server.sftp_ok("beta", "ls -la incoming\nls -la /\n");
    assert!(
        !listed.contains("Secret") && !listed.contains("alpha"),
        "{listed}"
    );
    for path in [
        "incoming/Secret/a.wav",
        "../id-alpha/incoming/Secret/a.wav",
        "incoming/../../id-alpha/incoming/Secret/a.wav",
        "incoming/Own/../../../id-alpha/incoming/Secret/a.wav",
        "/labels/id-alpha/incoming/Secret/a.wav",
        "partial/../../id-alpha/incoming/Secret/a.wav",
    ] {
        for line in [
            format!("get {path} stolen"),
            format!("ls -l {path}"),
            format!("rm {path}"),
            format!("rename {path} incoming/Own/b.wav"),
            format!("rename incoming/Own/a.wav {path}.new"),
            format!("put a.wav {path}.new"),
            format!("mkdir {path}.new"),
            format!("rmdir {path}"),
            format!("chmod 777 {path}"),
            format!("ls -l {path}/"),
        ] {
            server.sftp_refused("beta", &line);
        }
    }
    assert!(!server.path("stolen").exists());
    let there: Vec<_> = fs::read_dir(server.stored("alpha", "incoming/Secret"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(there, ["a.wav"]);
    assert_same(
        &server.path("a.wav"),
        &server.stored("beta", "incoming/Own/a.wav"),
    );
    // Even a link that someone planted leads nowhere.
    let target = server.stored("alpha", "incoming/Secret");
    std::os::unix::fs::symlink(target, server.stored("beta", "incoming/Own/link")).unwrap();
    for line in [
        "get incoming/Own/link/a.wav stolen",
        "ls incoming/Own/link/",
        "put a.wav incoming/Own/link/b.wav",
        "rm incoming/Own/link/a.wav",
        "rename incoming/Own/link incoming/Own/link2",
    ] {
        server.sftp_refused("beta", line);
    }
}

#[test]
fn commands_are_refused_at_once_with_an_exit_status() {
    let server = Server::start();
    server.local("a.wav", 1_000);
    for command in [
        "md5sum incoming/Rel/a.wav",
        "rsync --server . .",
        "scp -t .",
        "",
    ] {
        let mut ssh = server.ssh_program("ssh", "alpha");
        ssh.arg("alpha@127.0.0.1");
        if !command.is_empty() {
            ssh.arg(command);
        }
        let output = run(&mut ssh);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(
            words(&output).contains("runs no commands"),
            "{}",
            words(&output)
        );
    }
    let mut scp = server.ssh_program("scp", "alpha");
    let output = run(scp.args(["-O", "a.wav", "alpha@127.0.0.1:incoming/Rel/"]));
    assert!(!output.status.success());
    assert!(words(&output).contains("SFTP"), "{}", words(&output));
    // Forwarding: the connection works, what is asked through it does not.
    let mut ssh = server.ssh_program("ssh", "alpha");
    let output = run(ssh.args(["-W", "127.0.0.1:22", "alpha@127.0.0.1"]));
    assert!(!output.status.success());
    let mut ssh = server.ssh_program("ssh", "alpha");
    let forward = "ExitOnForwardFailure=yes";
    let output = run(ssh.args([
        "-o",
        forward,
        "-N",
        "-R",
        "0:127.0.0.1:22",
        "alpha@127.0.0.1",
    ]));
    assert!(!output.status.success());
    let mut ssh = server.ssh_program("ssh", "alpha");
    let output = run(ssh.args(["-s", "alpha@127.0.0.1", "netconf"]));
    assert!(!output.status.success());
}

#[test]
fn scp_says_that_it_succeeded() {
    let server = Server::start();
    let local = server.release("Rel");
    let mut scp = server.ssh_program("scp", "alpha");
    run_ok(scp.args(["-r", "Rel", "alpha@127.0.0.1:incoming/"]));
    assert_received(&server, &local, "Rel");
    // Over a file that is there, shorter than it: OPEN without TRUNC, then a cut before CLOSE.
    fs::write(local.join("metadata.xml"), "short").unwrap();
    let mut scp = server.ssh_program("scp", "alpha");
    run_ok(scp.args([
        "-p",
        "Rel/metadata.xml",
        "alpha@127.0.0.1:~/incoming/Rel/metadata.xml",
    ]));
    assert_received(&server, &local, "Rel");
    let mut scp = server.ssh_program("scp", "alpha");
    run_ok(scp.args(["alpha@127.0.0.1:/incoming/Rel/artwork.jpg", "back.jpg"]));
    assert_same(&local.join("artwork.jpg"), &server.path("back.jpg"));
}

#[test]
fn a_password_is_asked_again_and_both_methods_work() {
    let server = Server::start();
    for method in ["password", "keyboard-interactive"] {
        let try_with = |password: &str| {
            let script = askpass(&server, password);
            let mut command = server.program("sftp");
            command
                .args(server.ssh_options("alpha"))
                .args(["-o", "PubkeyAuthentication=no"])
                .args(["-o", &format!("PreferredAuthentications={method}")])
                .args(["-o", "NumberOfPasswordPrompts=2", "alpha@127.0.0.1"])
                .env("SSH_ASKPASS", script)
                .env("SSH_ASKPASS_REQUIRE", "force");
            run(&mut command)
        };
        assert!(try_with(PASSWORD).status.success(), "{method}");
        let refused = try_with("wrong");
        assert!(!refused.status.success(), "{method}");
        assert!(
            words(&refused).contains("Permission denied"),
            "{}",
            words(&refused)
        );
    }
    // The first try is wrong, the second right.
    let script = server.path("askpass");
    let content = format!(
        "#!/bin/sh\nif [ -e tried ]; then echo '{PASSWORD}'; else touch tried; echo wrong; fi\n"
    );
    fs::write(&script, content).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = server.program("sftp");
    command
        .args(server.ssh_options("alpha"))
        .args([
            "-o",
            "PubkeyAuthentication=no",
            "-o",
            "PreferredAuthentications=password",
        ])
        .arg("alpha@127.0.0.1")
        .env("SSH_ASKPASS", &script)
        .env("SSH_ASKPASS_REQUIRE", "force");
    run_ok(&mut command);
}

#[test]
fn every_kind_of_key_logs_in_but_not_by_sha1() {
    let server = Server::start();
    let mut lines = Vec::new();
    for (name, kind) in [
        ("rsa", &["-t", "rsa", "-b", "2048"][..]),
        ("ecdsa", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa384", &["-t", "ecdsa", "-b", "384"]),
        ("ed", &["-t", "ed25519"]),
        ("weak", &["-t", "rsa", "-b", "1024"]),
        ("stranger", &["-t", "ed25519"]),
    ] {
        let path = server.path(name);
        keygen(&path, kind);
        if name != "stranger" {
            lines.push(fs::read_to_string(path.with_extension("pub")).unwrap());
        }
    }
    server.change("alpha", |account| account.keys = lines);
    let log_in = |key: &str, user: &str, more: &[&str]| {
        fs::copy(server.path(key), server.path("alpha_key")).unwrap();
        fs::copy(
            server.path(&format!("{key}.pub")),
            server.path("alpha_key.pub"),
        )
        .unwrap();
        fs::write(server.path("batch"), "pwd\n").unwrap();
        let mut command = server.ssh_program("sftp", "alpha");
        command
            .args(more)
            .args(["-b", "batch"])
            .arg(format!("{user}@127.0.0.1"));
        run(&mut command).status.success()
    };
    for key in ["rsa", "ecdsa", "ecdsa384", "ed"] {
        assert!(log_in(key, "alpha", &[]), "{key}");
    }
    let algorithms = |list: &str| ["-o".to_owned(), format!("PubkeyAcceptedAlgorithms={list}")];
    for (list, works) in [
        ("rsa-sha2-256", true),
        ("rsa-sha2-512", true),
        ("ssh-rsa", false),
    ] {
        let option = algorithms(list);
        let more: Vec<&str> = option.iter().map(String::as_str).collect();
        assert_eq!(log_in("rsa", "alpha", &more), works, "{list}");
    }
    assert!(!log_in("weak", "alpha", &["-o", "RequiredRSASize=1024"]));
    assert!(!log_in("stranger", "alpha", &[]));
    assert!(!log_in("ed", "beta", &[]), "a key is bound to its user");
    assert!(!log_in("ed", "nobody", &[]));
    server.change("alpha", |account| account.disabled = true);
    assert!(!log_in("ed", "alpha", &[]), "disabled");
}

#[test]
fn who_is_disabled_while_uploading_cannot_go_on() {
    let server = Server::start();
    server.local("big.wav", 50_000_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    fs::write(server.path("slow"), "put big.wav incoming/Rel/big.wav\n").unwrap();
    let mut command = server.ssh_program("sftp", "alpha");
    let mut child = command
        .args(["-l", "4000", "-b", "slow", "alpha@127.0.0.1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let partial = server.stored("alpha", "partial/Rel/big.wav");
    server.until("bytes arrive", |_| {
        fs::metadata(&partial).is_ok_and(|metadata| metadata.len() > 100_000)
    });
    server.change("alpha", |account| account.disabled = true);
    assert!(!child.wait().unwrap().success());
    assert!(partial.exists(), "what came is kept");
    assert!(!server.stored("alpha", "incoming/Rel/big.wav").exists());
    server.sftp_ok("beta", "pwd\n");
}

#[test]
fn algorithms_are_the_listed_ones() {
    let server = Server::start();
    let connects = |option: &str| {
        fs::write(server.path("batch"), "pwd\n").unwrap();
        let mut command = server.ssh_program("sftp", "alpha");
        command.args(["-o", option, "-b", "batch", "alpha@127.0.0.1"]);
        run(&mut command).status.success()
    };
    for option in [
        "KexAlgorithms=curve25519-sha256",
        "KexAlgorithms=ecdh-sha2-nistp256",
        "KexAlgorithms=ecdh-sha2-nistp384",
        "KexAlgorithms=diffie-hellman-group14-sha256",
        "KexAlgorithms=diffie-hellman-group16-sha512",
        "Ciphers=aes128-gcm@openssh.com",
        "Ciphers=aes256-gcm@openssh.com",
        "Ciphers=chacha20-poly1305@openssh.com",
        "Ciphers=aes256-ctr",
        "HostKeyAlgorithms=ssh-ed25519",
        "HostKeyAlgorithms=ecdsa-sha2-nistp256",
        "Compression=yes",
    ] {
        assert!(connects(option), "{option}");
    }
    for option in [
        "KexAlgorithms=diffie-hellman-group14-sha1",
        "Ciphers=aes128-cbc",
        "HostKeyAlgorithms=rsa-sha2-512",
    ] {
        assert!(!connects(option), "{option}");
    }
}

#[test]
fn the_host_key_is_the_one_that_was_printed() {
    let server = Server::start();
    let output = Command::new("ssh-keyscan")
        .args([
            "-t",
            "ed25519,ecdsa",
            "-p",
            &server.port.to_string(),
            "127.0.0.1",
        ])
        .output()
        .unwrap();
    let scanned = server.path("scanned");
    fs::write(&scanned, &output.stdout).unwrap();
    let shown = run_ok(
        server
            .program("ssh-keygen")
            .args(["-l", "-f"])
            .arg(&scanned),
    );
    for fingerprint in server.door.fingerprints() {
        let (_, hash) = fingerprint.split_once(' ').unwrap();
        assert!(shown.contains(hash), "{fingerprint} in\n{shown}");
    }
    let said = words(&output);
    assert!(said.contains("SSH-2.0-dropzone"), "{said}");
}

#[test]
fn the_gate_closes_and_opens_folders() {
    let server = Server::start();
    server.local("a.wav", 1_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput a.wav incoming/Rel/a.wav\n",
    );
    let gate = server.door.gate();
    let label = server.label("alpha");
    gate.close(&label, "Rel").unwrap();
    for line in [
        "put a.wav incoming/Rel/b.wav",
        "put a.wav incoming/Rel/a.wav",
        "rm incoming/Rel/a.wav",
        "rename incoming/Rel incoming/Rel2",
        "mkdir incoming/Rel/sub",
    ] {
        let said = server.sftp_refused("alpha", line);
        assert!(said.contains("Permission denied"), "{line}: {said}");
    }
    server.sftp_ok("alpha", "ls -l incoming/Rel\n");
    server.sftp_ok("beta", "mkdir incoming/Rel\nput a.wav incoming/Rel/a.wav\n");
    gate.open(&label, "Rel");
    server.sftp_ok("alpha", "put a.wav incoming/Rel/b.wav\n");
}

#[test]
fn large_files_go_and_come_also_across_new_keys() {
    let server = Server::start();
    let local = server.local("big.wav", 60_000_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    for (name, option) in [("a.wav", "RekeyLimit=default"), ("b.wav", "RekeyLimit=4M")] {
        let batch = format!("put big.wav incoming/Rel/{name}\nget incoming/Rel/{name} back\n");
        fs::write(server.path("batch"), batch).unwrap();
        let mut command = server.ssh_program("sftp", "alpha");
        run_ok(command.args(["-o", option, "-b", "batch", "alpha@127.0.0.1"]));
        assert_same(
            &local,
            &server.stored("alpha", &format!("incoming/Rel/{name}")),
        );
        assert_same(&local, &server.path("back"));
    }
}

#[test]
fn channels_share_a_connection() {
    let server = Server::start();
    let local = server.local("a.wav", 2_000_000);
    let control = format!("ControlPath={}", server.path("control").display());
    let mut command = server.ssh_program("ssh", "alpha");
    let master = [
        "-o",
        &control,
        "-o",
        "ControlMaster=yes",
        "-N",
        "-f",
        "alpha@127.0.0.1",
    ];
    run_ok(
        command
            .args(master)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let sftp = |batch: &str, name: &str| {
        fs::write(server.path(name), batch).unwrap();
        let mut command = server.ssh_program("sftp", "alpha");
        command.args(["-o", &control, "-b", name, "alpha@127.0.0.1"]);
        command
    };
    run_ok(&mut sftp("mkdir incoming/Rel\n", "batch"));
    let children: Vec<_> = (0..4)
        .map(|number| {
            let batch = format!("put a.wav incoming/Rel/{number}.wav\n");
            sftp(&batch, &format!("batch{number}")).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for number in 0..4 {
        assert_same(
            &local,
            &server.stored("alpha", &format!("incoming/Rel/{number}.wav")),
        );
    }
    // Far more than may be open at a time, one after the other.
    for _ in 0..15 {
        run_ok(&mut sftp("pwd\n", "batch"));
    }
    assert!(server.told(|event| matches!(event, UploadEvent::SessionEnded { .. })));
    let mut command = server.ssh_program("ssh", "alpha");
    run_ok(command.args(["-o", &control, "-O", "exit", "alpha@127.0.0.1"]));
}
