//! What no decent client does: connections that say nothing, too many of them, a stop while files
//! are being written.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// Reads until the server closes; true when it did.
fn is_closed_by_server(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn who_does_not_log_in_is_cut() {
    let server = Server::with(Settings {
        login_grace_seconds: 1,
        ..Settings::default()
    });
    let mut silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(b"SSH-2.0-half\r\n").unwrap();
    assert!(is_closed_by_server(&mut silent));
    assert!(is_closed_by_server(&mut half));
    server.sftp_ok("alpha", "pwd\n");
}

#[test]
fn unauthenticated_connections_are_bounded_and_give_their_place_back() {
    let server = Server::with(Settings {
        max_unauthenticated: 3,
        ..Settings::default()
    });
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = connect(&server);
            let mut hello = [0; 4];
            stream.read_exact(&mut hello).unwrap();
            assert_eq!(&hello, b"SSH-");
            stream
        })
        .collect();
    assert!(is_closed_by_server(&mut connect(&server)));
    drop(waiting);
    server.until("the places are free", |server| {
        let mut hello = [0; 4];
        connect(server).read_exact(&mut hello).is_ok()
    });
    server.until("a login works again", |server| {
        server.sftp("alpha", "pwd\n").status.success()
    });
}

#[test]
fn a_stop_lets_a_running_upload_finish() {
    let server = Server::with(Settings {
        drain_seconds: 30,
        ..Settings::default()
    });
    let local = server.local("big.wav", 6_000_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    fs::write(server.path("slow"), "put big.wav incoming/Rel/big.wav\n").unwrap();
    let mut command = server.ssh_program("sftp", "alpha");
    let child = command
        .args(["-l", "20000", "-b", "slow", "alpha@127.0.0.1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let partial = server.stored("alpha", "partial/Rel/big.wav");
    server.until("bytes arrive", |_| {
        fs::metadata(&partial).is_ok_and(|metadata| metadata.len() > 300_000)
    });
    server.stop.send(true).unwrap();
    server.ended.recv_timeout(Duration::from_secs(40)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_same(&local, &server.stored("alpha", "incoming/Rel/big.wav"));
    drop(output);
    assert!(
        TcpStream::connect(("127.0.0.1", server.port)).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn a_stop_does_not_wait_for_idle_sessions() {
    let server = Server::with(Settings {
        drain_seconds: 600,
        ..Settings::default()
    });
    let mut command = server.ssh_program("sftp", "alpha");
    let mut child = command
        .arg("alpha@127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.until("the session is there", |server| server.door.sessions() == 1);
    server.stop.send(true).unwrap();
    server.ended.recv_timeout(Duration::from_secs(20)).unwrap();
    child.stdin.take();
    child.wait().unwrap();
}

#[test]
fn an_idle_session_is_closed() {
    let server = Server::with(Settings {
        idle_seconds: 1,
        ..Settings::default()
    });
    let mut command = server.ssh_program("sftp", "alpha");
    let mut child = command
        .arg("alpha@127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.until("the session is there", |server| server.door.sessions() == 1);
    server.until("the session is gone", |server| server.door.sessions() == 0);
    child.stdin.take();
    child.wait().unwrap();
}

#[test]
fn the_same_host_keys_after_a_restart() {
    let server = Server::start();
    let places = Places::new(server.path("data"));
    let accounts: Arc<dyn Accounts> = Arc::clone(&server.book) as _;
    let again = Door::new(Settings::default(), places, accounts, Arc::new(|_| {})).unwrap();
    assert_eq!(again.fingerprints(), server.door.fingerprints());
}
