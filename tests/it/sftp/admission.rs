//! Penalties and the PROXY protocol, from the network.

use super::*;
use crate::kit::python;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// Everything that comes until the server closes.
fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The first line of the server.
fn greeting(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') && stream.read(&mut byte).unwrap_or(0) == 1 {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

/// One connection of OpenSSH with that password.
fn try_password(server: &Server, user: &str, password: &str) -> Output {
    let script = askpass(server, password);
    let mut command = server.program("sftp");
    command
        .args(server.ssh_options("alpha"))
        .args([
            "-o",
            "PubkeyAuthentication=no",
            "-o",
            "NumberOfPasswordPrompts=1",
        ])
        .args(["-o", "PreferredAuthentications=password"])
        .arg(format!("{user}@127.0.0.1"))
        .env("SSH_ASKPASS", script)
        .env("SSH_ASKPASS_REQUIRE", "force");
    run(&mut command)
}

fn owed(server: &Server) -> i64 {
    let now = dropzone::daemon::clock::now();
    let penalties = server.door.penalties();
    penalties
        .first()
        .map_or(0, |penalty| penalty.until.duration_since(now).as_secs())
}

#[test]
fn guessing_is_kept_out_and_forgiven() {
    let server = Server::start();
    let slow = Duration::from_secs(300);
    let begun = Instant::now();
    while server
        .door
        .penalties()
        .first()
        .is_none_or(|penalty| !penalty.enforced)
    {
        for user in ["alpha", "nobody"] {
            let output = try_password(&server, user, "wrong");
            assert!(!output.status.success());
        }
        assert!(begun.elapsed() < slow, "{:?}", server.door.penalties());
    }
    let said = rest(connect(&server));
    assert!(said.starts_with("Not allowed at this time"), "{said}");
    assert!(
        !server.sftp("alpha", "pwd\n").status.success(),
        "the right key waits too"
    );
    let failures = server.door.penalties()[0].failures;
    drop(connect(&server));
    assert_eq!(
        server.door.penalties()[0].failures,
        failures,
        "refused ones add nothing"
    );
    assert!(server.meter.refused_penalty.get() >= 2);
    assert!(server.has_audited("connection_refused", |line| {
        line["reason"] == "too many failed logins from this source"
    }));
    assert_eq!(server.door.forgive(&"127.0.0.1".parse().unwrap()), 1);
    server.sftp_ok("alpha", "pwd\n");
}

#[test]
fn what_honest_clients_do_costs_nothing() {
    let server = Server::start();
    // Health checks: the port, and the greeting.
    for _ in 0..5 {
        drop(connect(&server));
        let mut stream = connect(&server);
        assert!(greeting(&mut stream).starts_with("SSH-2.0-"));
    }
    // An agent full of keys of which none is right.
    for n in 0..4 {
        keygen(&server.path(&format!("other{n}")), &["-t", "ed25519"]);
    }
    for _ in 0..3 {
        let mut command = server.program("sftp");
        for n in 0..4 {
            command.arg("-i").arg(server.path(&format!("other{n}")));
        }
        command.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
        ]);
        command.args([
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "IdentitiesOnly=yes",
        ]);
        command.args(["-P", &server.port.to_string(), "alpha@127.0.0.1"]);
        assert!(!run(&mut command).status.success());
    }
    server.until("the offers are told", |server| {
        server.has_audited("login_refused", |line| {
            line["method"] == "publickey" && line["reason"].as_str().unwrap().starts_with("4 keys")
        })
    });
    // keyboard-interactive that asks and is answered by nobody, as FileZilla's first try.
    let mut command = server.program("sftp");
    command.args(server.ssh_options("alpha"));
    command.args(["-o", "PreferredAuthentications=keyboard-interactive"]);
    command.args(["-o", "NumberOfPasswordPrompts=0", "alpha@127.0.0.1"]);
    assert!(!run(&mut command).status.success());
    // A mistyped password, and then the right one, in one connection.
    let script = server.path("askpass");
    let content = format!(
        "#!/bin/sh\nif [ -e tried ]; then echo '{PASSWORD}'; else touch tried; echo wrong; fi\n"
    );
    fs::write(&script, content).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = server.program("sftp");
    command
        .args(server.ssh_options("alpha"))
        .args(["-o", "PubkeyAuthentication=no", "alpha@127.0.0.1"])
        .env("SSH_ASKPASS", &script)
        .env("SSH_ASKPASS_REQUIRE", "force");
    run_ok(&mut command);
    server.until("all are gone", |server| server.door.connections() == 0);
    assert_eq!(server.door.penalties(), []);
}

#[test]
fn a_label_that_guesses_at_another_before_it_logs_in_owes_for_it() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let server = Server::start();
    let script = r#"
import sys, paramiko
port, path = int(sys.argv[1]), sys.argv[2]
def log_in(mistyped):
    transport = paramiko.ServiceRequestingTransport(("127.0.0.1", port))
    transport.start_client(timeout=30)
    try:
        transport.auth_password(mistyped, "a guess", fallback=False)
        sys.exit("came in")
    except paramiko.AuthenticationException:
        pass
    transport.auth_publickey("alpha", paramiko.Ed25519Key.from_private_key_file(path))
    transport.close()
log_in(sys.argv[3])
"#;
    for (name, owes) in [("alpha", 0), ("beta", 4)] {
        let mut command = server.program(python.to_str().unwrap());
        command.args(["-c", script, &server.port.to_string()]);
        command.arg(server.path("alpha_key")).arg(name);
        run_ok(&mut command);
        server.until("it is over", |server| server.door.connections() == 0);
        server.until("what it owes is noted", |server| owed(server) >= owes);
        assert!(
            owes > 0 || owed(&server) == 0,
            "a mistyped password of its own"
        );
    }
}

/// The library under us answers the first request for the login's service only, and paramiko's usual
/// transport makes one for each try. What can be done is said, instead of a silence of half a minute.
#[test]
fn paramiko_is_told_why_its_second_try_is_not_answered() {
    let Some(python) = python("paramiko") else {
        return;
    };
    let server = Server::start();
    run_ok(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(server.path("stray_key")),
    );
    let script = r#"
import io, logging, sys, paramiko
port, stray, right = int(sys.argv[1]), sys.argv[2], sys.argv[3]
log = io.StringIO()
logging.basicConfig(stream=log, level=logging.INFO)
def connect(**more):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", port, "alpha", key_filename=[stray, right], allow_agent=False,
        look_for_keys=False, auth_timeout=300, **more)
    return client
try:
    connect()
    sys.exit("came in: the library answers now, and README can say so")
except paramiko.AuthenticationException:
    said = log.getvalue()
    assert "transport_factory=paramiko.ServiceRequestingTransport" in said, said
way_round = connect(transport_factory=paramiko.ServiceRequestingTransport)
assert way_round.open_sftp().listdir("/incoming") == []
way_round.close()
"#;
    let mut command = server.program(python.to_str().unwrap());
    command.args(["-c", script, &server.port.to_string()]);
    command.args([server.path("stray_key"), server.path("alpha_key")]);
    run_ok(&mut command);
    server.until("all are gone", |server| server.door.connections() == 0);
    assert_eq!(server.door.penalties(), []);
}

#[test]
fn who_says_nothing_useful_owes_a_little() {
    let server = Server::with(Settings {
        login_grace_seconds: 2,
        ..Settings::default()
    });
    // A key exchange and nothing more, as scanners do.
    let mut command = server.program("ssh-keyscan");
    run(command.args(["-t", "ed25519", "-p", &server.port.to_string(), "127.0.0.1"]));
    server.until("the scan is noted", |server| {
        owed(server) > 0 || !server.door.penalties().is_empty()
    });
    server.door.forgive(&"127.0.0.1".parse().unwrap());
    let silent = connect(&server);
    server.until("the time is used up", |server| {
        let penalties = server.door.penalties();
        penalties
            .first()
            .is_some_and(|penalty| penalty.offence.as_str() == "too_slow")
    });
    drop(silent);
}

#[test]
fn one_source_alone_cannot_take_all_places() {
    let server = Server::with(Settings {
        max_unauthenticated_per_network: 2,
        proxy_from: vec!["127.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    });
    let from = |source: &str| {
        let mut stream = connect(&server);
        stream.write_all(&header(source.parse().unwrap())).unwrap();
        stream
    };
    let mut waiting: Vec<TcpStream> = (0..2).map(|_| from("203.0.113.9:1")).collect();
    for stream in &mut waiting {
        assert!(greeting(stream).starts_with("SSH-2.0-"));
    }
    let words = rest(from("203.0.113.9:2"));
    assert!(words.contains("from your network"), "{words:?}");
    assert!(
        greeting(&mut from("198.51.100.1:1")).starts_with("SSH-2.0-"),
        "another source is"
    );
    drop(waiting.pop());
    server.until("the place is given back", |_| {
        greeting(&mut from("203.0.113.9:3")).starts_with("SSH-2.0-")
    });
    assert!(server.meter.refused_full.get() >= 1);
}

#[test]
fn the_exempt_may_fail_as_they_like() {
    let server = Server::with(Settings {
        penalty_exempt: vec!["127.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    });
    for _ in 0..4 {
        assert!(!try_password(&server, "alpha", "wrong").status.success());
    }
    assert_eq!(server.door.penalties(), []);
    server.sftp_ok("alpha", "pwd\n");
}

fn header(source: SocketAddr) -> Vec<u8> {
    let (IpAddr::V4(ip), port) = (source.ip(), source.port()) else {
        panic!("an IPv4 address");
    };
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(ip.octets());
    header.extend([127, 0, 0, 1]);
    header.extend(port.to_be_bytes());
    header.extend([0, 22]);
    header
}

/// A balancer that tells the server of clients at that address. Gives its port.
fn balancer(server: &Server, source: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let header = header(source.parse().unwrap());
    let to = server.port;
    std::thread::spawn(move || {
        while let Ok((client, _)) = listener.accept() {
            let mut upstream = TcpStream::connect(("127.0.0.1", to)).unwrap();
            upstream.write_all(&header).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                (upstream, client),
            ] {
                std::thread::spawn(move || {
                    drop(std::io::copy(&mut from, &mut to));
                    drop(to.shutdown(std::net::Shutdown::Both));
                });
            }
        }
    });
    port
}

fn behind_a_balancer() -> Server {
    Server::with(Settings {
        proxy_from: vec!["127.0.0.0/8".parse().unwrap()],
        ..Settings::default()
    })
}

#[test]
fn the_address_that_a_balancer_tells_is_the_one_that_counts() {
    let mut server = behind_a_balancer();
    server.change("alpha", |account| {
        account.access.allow_from = vec!["203.0.113.9".parse().unwrap()];
    });
    let direct = server.port;
    let (right, wrong) = (
        balancer(&server, "203.0.113.9:4711"),
        balancer(&server, "198.51.100.1:4711"),
    );
    server.port = right;
    server.sftp_ok("alpha", "pwd\n");
    assert!(server.has_audited("login", |line| line["address"] == "203.0.113.9"));
    server.port = wrong;
    assert!(
        !server.sftp("alpha", "pwd\n").status.success(),
        "the allow list sees it"
    );
    server.change("alpha", |account| account.access.allow_from.clear());
    while server
        .door
        .penalties()
        .first()
        .is_none_or(|penalty| !penalty.enforced)
    {
        assert!(!try_password(&server, "nobody", "wrong").status.success());
    }
    assert_eq!(
        server.door.penalties()[0].source.to_string(),
        "198.51.100.1"
    );
    assert!(!server.sftp("alpha", "pwd\n").status.success());
    server.port = right;
    server.sftp_ok("alpha", "pwd\n");
    server.port = direct;
}

#[test]
fn a_balancer_has_to_tell_and_nobody_else_may() {
    let server = behind_a_balancer();
    let mut client = connect(&server);
    client
        .write_all(b"SSH-2.0-somebody without a header\r\n")
        .unwrap();
    assert_eq!(rest(client), "", "closed without a word");
    let mut check = connect(&server);
    check.write_all(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0").unwrap();
    assert!(
        greeting(&mut check).starts_with("SSH-2.0-"),
        "the balancer's own check is greeted"
    );
    drop(check);
    let refused = server.meter.refused_proxy.get();
    assert_eq!(refused, 1);
    let open = Server::start();
    let mut liar = connect(&open);
    liar.write_all(&header("203.0.113.9:1".parse().unwrap()))
        .unwrap();
    liar.write_all(b"SSH-2.0-liar\r\n").unwrap();
    assert!(!rest(liar).contains("curve25519"), "no key exchange");
    open.until("it is counted", |open| open.meter.refused_proxy.get() == 1);
    assert!(open.has_audited("connection_refused", |line| {
        line["address"] == "127.0.0.1" && line["reason"].as_str().unwrap().contains("PROXY")
    }));
    open.sftp_ok("alpha", "pwd\n");
}
