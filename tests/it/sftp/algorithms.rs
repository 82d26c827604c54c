//! What is offered, as real clients and a scanner see it.

use super::*;
use crate::kit::python;
use dropzone::sftp::Legacy;

fn connects(server: &Server, options: &[&str]) -> Output {
    fs::write(server.path("batch"), "pwd\n").unwrap();
    let mut command = server.ssh_program("sftp", "alpha");
    for option in options {
        command.args(["-o", option]);
    }
    run(command.args(["-b", "batch", "alpha@127.0.0.1"]))
}

/// Every algorithm that this OpenSSH knows either works or is refused, as our list says.
#[test]
fn of_all_that_openssh_knows_only_the_listed_work() {
    let server = Server::with(Settings {
        penalties: false,
        ..Settings::default()
    });
    for (query, option, ours) in [
        (
            "kex",
            "KexAlgorithms",
            &[
                "mlkem768x25519-sha256",
                "curve25519-sha256",
                "curve25519-sha256@libssh.org",
                "ecdh-sha2-nistp256",
                "ecdh-sha2-nistp384",
                "diffie-hellman-group16-sha512",
                "diffie-hellman-group14-sha256",
            ][..],
        ),
        (
            "cipher",
            "Ciphers",
            &[
                "aes128-gcm@openssh.com",
                "aes256-gcm@openssh.com",
                "chacha20-poly1305@openssh.com",
                "aes256-ctr",
                "aes192-ctr",
                "aes128-ctr",
            ],
        ),
        (
            "mac",
            "MACs",
            &[
                "hmac-sha2-256-etm@openssh.com",
                "hmac-sha2-512-etm@openssh.com",
                "hmac-sha2-256",
                "hmac-sha2-512",
            ],
        ),
    ] {
        let known = Command::new("ssh").args(["-Q", query]).output().unwrap();
        let known = String::from_utf8(known.stdout).unwrap();
        assert!(
            ours.iter()
                .any(|name| known.lines().any(|line| line == *name))
        );
        for name in known.lines().filter(|name| !name.is_empty()) {
            let mut options = vec![format!("{option}={name}")];
            if query == "mac" {
                // Others bring their own integrity.
                options.push("Ciphers=aes128-ctr".to_owned());
            }
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let output = connects(&server, &options);
            assert_eq!(
                output.status.success(),
                ours.contains(&name),
                "{name}: {}",
                words(&output)
            );
        }
    }
}

#[test]
fn a_client_with_nothing_in_common_is_told_with_both_lists() {
    let server = Server::start();
    let output = connects(&server, &["KexAlgorithms=diffie-hellman-group14-sha1"]);
    assert!(!output.status.success());
    server.until("the audit log tells", |server| {
        server.has_audited("connection_refused", |line| {
            let reason = line["reason"].as_str().unwrap();
            reason.contains("no common algorithm (Kex)")
                && reason.contains("offers diffie-hellman-group14-sha1")
                && reason.contains("we offer mlkem768x25519-sha256")
                && line["address"] == "127.0.0.1"
        })
    });
    assert_eq!(server.meter.refused_algorithms.get(), 1);
    assert!(
        server.door.penalties().is_empty(),
        "an old client is no attacker"
    );
}

#[test]
fn old_clients_come_in_where_the_operator_says_so() {
    let server = Server::with(Settings {
        legacy_algorithms: vec![
            Legacy::RsaHostKey,
            Legacy::SshRsa,
            Legacy::DhGroup14Sha1,
            Legacy::HmacSha1,
        ],
        ..Settings::default()
    });
    let key = server.path("rsa");
    keygen(&key, &["-t", "rsa", "-b", "2048"]);
    let line = fs::read_to_string(key.with_extension("pub")).unwrap();
    server.change("alpha", |account| account.keys.push(line));
    let rsa = format!("IdentityFile={}", key.display());
    for options in [
        &["HostKeyAlgorithms=rsa-sha2-512"][..],
        &["HostKeyAlgorithms=rsa-sha2-256"],
        &["HostKeyAlgorithms=ssh-rsa"],
        &["KexAlgorithms=diffie-hellman-group14-sha1"],
        &["Ciphers=aes128-ctr", "MACs=hmac-sha1"],
    ] {
        let output = connects(&server, options);
        assert!(output.status.success(), "{options:?}: {}", words(&output));
    }
    let mut command = server.program("sftp");
    command.args(["-o", &rsa]).args(server.ssh_options("beta"));
    command.args([
        "-o",
        "BatchMode=yes",
        "-o",
        "PubkeyAcceptedAlgorithms=ssh-rsa",
    ]);
    run_ok(command.args(["-b", "batch", "alpha@127.0.0.1"]));
    let fingerprints = server.door.fingerprints();
    assert!(
        fingerprints[2].starts_with("RSA SHA256:"),
        "{fingerprints:?}"
    );
}

/// What ssh-audit calls a failure, but for its doubts about the NIST curves: those are needed by
/// older Java and .NET clients and where FIPS 140 is asked for, and come after the others.
#[test]
fn ssh_audit_finds_no_failure() {
    let Some(python) = python("ssh_audit") else {
        return;
    };
    let server = Server::with(Settings {
        penalties: false,
        ..Settings::default()
    });
    let port = server.port.to_string();
    let mut command = server.program(python.to_str().unwrap());
    command.args([
        "-m",
        "ssh_audit",
        "--json",
        "--skip-rate-test",
        "-p",
        &port,
        "127.0.0.1",
    ]);
    let output = run(&mut command);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let report: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", words(&output)));
    let mut seen = 0;
    for kind in ["kex", "key", "enc", "mac"] {
        for line in report[kind].as_array().unwrap() {
            seen += 1;
            let name = line["algorithm"].as_str().unwrap();
            let fails = line["notes"]["fail"].as_array();
            for fail in fails.into_iter().flatten() {
                let about_nist =
                    fail.as_str().unwrap().contains("elliptic curves") && name.contains("nistp");
                assert!(about_nist, "{name}: {fail}");
            }
        }
    }
    assert!(seen > 15, "{text}");
    assert_eq!(report["cves"].as_array().map_or(0, Vec::len), 0, "{text}");
    let compression = &report["compression"];
    assert_eq!(compression, &serde_json::json!(["none"]));
}
