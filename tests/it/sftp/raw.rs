//! What no decent client does: connections that say nothing, too many of them, a stop while files
//! are being written.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Packet types and flags of the protocol.
const INIT: u8 = 1;
const OPEN: u8 = 3;
const CLOSE: u8 = 4;
const READ: u8 = 5;
const WRITE: u8 = 6;
const STAT: u8 = 17;
const PUT: u32 = 0x2 | 0x8 | 0x10;

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
        // Two that say nothing would keep the third waiting.
        penalties: false,
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
    let wires = Wires {
        accounts: Arc::clone(&server.book) as _,
        events: Arc::new(|_| {}),
        audit: Arc::new(|_| {}),
        arrivals: Arc::new(()),
        meter: Arc::default(),
        clock: dropzone::daemon::clock::now,
    };
    let again = Door::new(Settings::default(), places, wires).unwrap();
    assert_eq!(again.fingerprints(), server.door.fingerprints());
}

fn packet(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let body = fields.concat();
    let mut bytes = u32::try_from(body.len() + 1)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut bytes = u32::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text);
    bytes
}

fn hello() -> Vec<u8> {
    packet(INIT, &[&3_u32.to_be_bytes()])
}

/// The first handle of a channel; the server's own form, which a client would get in a reply.
const FIRST_HANDLE: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];

/// Speaks SFTP in bytes through `ssh -s`, ends its side at once, and reads what comes.
fn speak(server: &Server, bytes: &[u8]) -> Output {
    let file = server.path("bytes");
    fs::write(&file, bytes).unwrap();
    let mut ssh = server.ssh_program("ssh", "alpha");
    ssh.args(["-s", "alpha@127.0.0.1", "sftp"])
        .stdin(fs::File::open(file).unwrap());
    run(&mut ssh)
}

#[test]
fn a_client_that_ends_before_its_answers_gets_them_all() {
    let server = Server::start();
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let put = [
        hello(),
        packet(
            OPEN,
            &[
                &[0, 0, 0, 1],
                &text("/incoming/Rel/a"),
                &PUT.to_be_bytes(),
                &[0; 4],
            ],
        ),
        packet(
            WRITE,
            &[
                &[0, 0, 0, 2],
                &text(FIRST_HANDLE),
                &[0; 8],
                &text("content"),
            ],
        ),
        packet(CLOSE, &[&[0, 0, 0, 3], &text(FIRST_HANDLE)]),
        packet(STAT, &[&[0, 0, 0, 4], &text("/incoming/Rel/a")]),
    ];
    let output = speak(&server, &put.concat());
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let stored = server.stored("alpha", "incoming/Rel/a");
    assert_eq!(fs::read_to_string(stored).unwrap(), "content");
    // Five replies; the one to CLOSE says yes.
    let yes = packet(101, &[&[0, 0, 0, 3], &[0; 4], &text("OK"), &text("en")]);
    assert!(output.stdout.windows(yes.len()).any(|part| part == yes));
}

#[test]
fn a_client_that_ends_without_a_close_leaves_its_file_partial() {
    let server = Server::start();
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let put = [
        hello(),
        packet(
            OPEN,
            &[
                &[0, 0, 0, 1],
                &text("/incoming/Rel/a"),
                &PUT.to_be_bytes(),
                &[0; 4],
            ],
        ),
        packet(
            WRITE,
            &[
                &[0, 0, 0, 2],
                &text(FIRST_HANDLE),
                &[0; 8],
                &text("content"),
            ],
        ),
    ];
    assert_eq!(speak(&server, &put.concat()).status.code(), Some(0));
    assert!(!server.stored("alpha", "incoming/Rel/a").exists());
    assert!(server.stored("alpha", "partial/Rel/a").exists());
}

#[test]
fn bytes_without_sense_end_the_channel_and_are_never_requests() {
    let server = Server::start();
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let smuggled = packet(
        OPEN,
        &[
            &[0; 4],
            &text("/incoming/Rel/x"),
            &PUT.to_be_bytes(),
            &[0; 4],
        ],
    );
    let oversize = [&(1_u32 << 20).to_be_bytes()[..], &[200; 50]].concat();
    let short = packet(STAT, &[&[0, 0, 0, 1, 0, 0, 1, 0], b"x"]);
    for (bytes, words_wanted) in [
        ([hello(), oversize, smuggled.clone()], "too long"),
        ([hello(), short, smuggled.clone()], "malformed"),
        ([hello(), hello(), smuggled.clone()], "second SFTP INIT"),
        ([smuggled.clone(), Vec::new(), Vec::new()], "before INIT"),
    ] {
        let output = speak(&server, &bytes.concat());
        assert_eq!(output.status.code(), Some(1), "{words_wanted}");
        assert!(words(&output).contains(words_wanted), "{}", words(&output));
        assert!(
            !server.stored("alpha", "partial/Rel/x").exists(),
            "{words_wanted}"
        );
    }
    server.sftp_ok("alpha", "pwd\n");
}

#[test]
fn far_more_reads_than_answers_are_taken_are_all_answered() {
    let server = Server::start();
    let local = server.local("big.wav", 30_000_000);
    server.sftp_ok(
        "alpha",
        "mkdir incoming/Rel\nput big.wav incoming/Rel/big.wav\n",
    );
    // As paramiko's prefetch does: every READ at once, and only then the answers.
    let mut bytes = hello();
    bytes.extend(packet(
        OPEN,
        &[
            &[0, 0, 0, 1],
            &text("/incoming/Rel/big.wav"),
            &1_u32.to_be_bytes(),
            &[0; 4],
        ],
    ));
    let piece = 32_768_u32;
    let pieces = 30_000_000_u32.div_ceil(piece);
    for number in 0..pieces {
        let offset = u64::from(number * piece).to_be_bytes();
        let id = (number + 10).to_be_bytes();
        bytes.extend(packet(
            READ,
            &[&id, &text(FIRST_HANDLE), &offset, &piece.to_be_bytes()],
        ));
    }
    let output = speak(&server, &bytes);
    assert_eq!(output.status.code(), Some(0));
    let mut rest = &output.stdout[..];
    let mut content = vec![0; 30_000_000];
    let mut count = 0;
    while let Some((length, after)) = rest.split_first_chunk() {
        let (body, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        rest = after;
        if body[0] == 103 {
            let id = u32::from_be_bytes(body[1..5].try_into().unwrap());
            let at = ((id - 10) * piece) as usize;
            content[at..at + body.len() - 9].copy_from_slice(&body[9..]);
            count += 1;
        }
    }
    assert_eq!(count, pieces);
    assert!(content == fs::read(local).unwrap());
}
