//! From where, how and until when a label may log in, with real clients.

use super::*;
use crate::kit::python;
use dropzone::domain::access::Require;

fn both(server: &Server) {
    for name in ["alpha", "beta"] {
        server.change(name, |account| {
            account.access.require = Require::KeyAndPassword;
        });
    }
}

/// OpenSSH's `sftp` with a password at hand.
fn sftp(server: &Server, label: &str, password: &str, options: &[&str]) -> Output {
    fs::write(server.path("batch"), "pwd\n").unwrap();
    let script = askpass(server, password);
    let mut command = server.program("sftp");
    command.args(server.ssh_options(label));
    for option in options {
        command.args(["-o", option]);
    }
    command
        // The batch file alone would switch questions off.
        .args([
            "-o",
            "BatchMode=no",
            "-o",
            "NumberOfPasswordPrompts=1",
            "-b",
            "batch",
        ])
        .arg(format!("{label}@127.0.0.1"))
        .env("SSH_ASKPASS", script)
        .env("SSH_ASKPASS_REQUIRE", "force");
    run(&mut command)
}

#[test]
fn openssh_gives_key_and_password_and_neither_alone_is_enough() {
    let server = Server::with(Settings {
        penalties: false,
        ..Settings::default()
    });
    both(&server);
    for order in [
        "publickey,password",
        "publickey,keyboard-interactive",
        "password,publickey",
    ] {
        let order = format!("PreferredAuthentications={order}");
        let output = sftp(&server, "alpha", PASSWORD, &[&order]);
        assert!(output.status.success(), "{order}: {}", words(&output));
        let output = sftp(&server, "alpha", "wrong", &[&order]);
        assert!(!output.status.success(), "{order}");
    }
    for options in [
        &["PreferredAuthentications=publickey"][..],
        &["PreferredAuthentications=password"],
        &["PubkeyAuthentication=no"],
    ] {
        let output = sftp(&server, "alpha", PASSWORD, options);
        assert!(!output.status.success(), "{options:?}");
    }
    assert!(server.has_audited("login", |line| {
        line["method"] == "publickey+password"
            && line["key"].as_str().unwrap().starts_with("SHA256:")
    }));
    assert_eq!(server.meter.logins_both.get(), 3);
    server.change("alpha", |account| account.access.require = Require::Any);
    server.sftp_ok("alpha", "pwd\n");
}

const PARAMIKO: &str = r#"
import sys, paramiko
port, password, alpha, beta = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
key = lambda path: paramiko.Ed25519Key.from_private_key_file(path)
def fresh():
    # The usual one asks for the service again before each method, which is not answered.
    transport = paramiko.ServiceRequestingTransport(("127.0.0.1", port))
    transport.start_client(timeout=30)
    return transport
# After one proof only the other one is offered.
one = fresh()
left = one.auth_publickey("alpha", key(alpha))
assert sorted(left) == ["keyboard-interactive", "password"], left
assert not one.is_authenticated()
assert one.auth_password("alpha", password) == []
assert sorted(paramiko.SFTPClient.from_transport(one).listdir("/")) == ["acknowledgements", "incoming", "reports"]
two = fresh()
left = two.auth_password("alpha", password)
assert left == ["publickey"], left
assert two.auth_publickey("alpha", key(alpha)) == []
assert two.is_authenticated()
# One label's key and another's password are no login.
three = fresh()
three.auth_publickey("alpha", key(alpha))
left = three.auth_password("beta", password)
assert left == ["publickey"], left
assert not three.is_authenticated()
left = three.auth_publickey("alpha", key(alpha))
assert sorted(left) == ["keyboard-interactive", "password"], left
assert not three.is_authenticated()
# A wrong password after the key leaves the other methods as they were.
four = fresh()
four.auth_publickey("alpha", key(alpha))
try:
    four.auth_password("alpha", "wrong", fallback=False)
    sys.exit("let in")
except paramiko.BadAuthenticationType as error:
    sys.exit(f"struck out: {error}")
except paramiko.AuthenticationException:
    pass
assert four.auth_password("alpha", password) == []
print("done")
"#;

#[test]
fn paramiko_gives_both_and_methods_shrink() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let server = Server::with(Settings {
        penalties: false,
        ..Settings::default()
    });
    both(&server);
    let mut command = server.program(python.to_str().unwrap());
    command.args(["-c", PARAMIKO, &server.port.to_string(), PASSWORD]);
    command.args([server.path("alpha_key"), server.path("beta_key")]);
    assert!(run_ok(&mut command).contains("done"));
}

/// A session of `alpha` that waits; it is over when `changed` bars it.
fn a_live_session_ends(changed: impl FnOnce(&mut Account)) {
    let server = Server::start();
    let mut child = server
        .ssh_program("sftp", "alpha")
        .arg("alpha@127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.until("the session is there", |server| server.door.sessions() == 1);
    server.change("alpha", changed);
    server.until("the session is gone", |server| server.door.sessions() == 0);
    child.stdin.take();
    child.wait().unwrap();
    let output = server.sftp("alpha", "pwd\n");
    assert!(!output.status.success(), "and nobody comes in again");
    server.sftp_ok("beta", "pwd\n");
}

#[test]
fn who_is_barred_is_sent_away_and_kept_out() {
    a_live_session_ends(|account| {
        account.access.allow_from = vec!["192.0.2.0/24".parse().unwrap()];
    });
    a_live_session_ends(|account| {
        account.access.expires_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
    });
}

#[test]
fn a_barred_label_learns_nothing_and_the_log_says_why() {
    let server = Server::start();
    server.change("alpha", |account| {
        account.access.allow_from = vec!["192.0.2.0/24".parse().unwrap()];
    });
    for password in [PASSWORD, "wrong"] {
        let output = sftp(&server, "alpha", password, &["PubkeyAuthentication=no"]);
        assert!(
            words(&output).contains("Permission denied"),
            "{}",
            words(&output)
        );
    }
    assert!(server.has_audited("login_refused", |line| {
        line["reason"] == "not allowed from this address" && line["user"] == "alpha"
    }));
    server.change("alpha", |account| {
        account.access.allow_from = vec!["127.0.0.0/8".parse().unwrap()];
    });
    server.sftp_ok("alpha", "pwd\n");
}

/// Whatever is wrong with name or password, the answer is the same and the work is: one hash, or
/// none for what can be no password.
#[test]
fn every_refusal_is_the_same_to_who_gets_it() {
    let server = Server::with(Settings {
        penalties: false,
        password_hashes_at_once: 1,
        ..Settings::default()
    });
    server.change("beta", |account| account.password_hash = None);
    let refusal = |label: &str, password: &str| {
        let output = sftp(
            &server,
            "alpha",
            password,
            &["PubkeyAuthentication=no", &format!("User={label}")],
        );
        assert!(!output.status.success(), "{label} {password:?}");
        words(&output)
            .replace(label, "NAME")
            .replace("alpha", "NAME")
    };
    let known = refusal("alpha", "wrong");
    for (label, password) in [
        ("beta", "wrong"),
        ("nobody", "wrong"),
        ("alpha", ""),
        ("beta", ""),
    ] {
        assert_eq!(refusal(label, password), known, "{label} {password:?}");
    }
    let reasons: Vec<String> = server
        .audited()
        .iter()
        .filter(|line| line["event"] == "login_refused")
        .map(|line| line["reason"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        reasons.contains(&"there is no such label".to_owned()),
        "{reasons:?}"
    );
    let log = format!("{:?}", server.audited());
    assert!(
        !log.contains("\"wrong\"") && !log.contains(PASSWORD),
        "no password is logged"
    );
}
