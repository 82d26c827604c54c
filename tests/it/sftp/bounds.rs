//! What one client, one label or one network may take of the server: each bound from outside, with
//! what is said to who meets it.

use super::*;
use dropzone::domain::quota::Quota;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::thread::{self, JoinHandle};

/// Packet types and flags of the protocol.
const INIT: u8 = 1;
const OPEN: u8 = 3;
const READ: u8 = 5;
const WRITE: u8 = 6;
const PUT: u32 = 0x2 | 0x8 | 0x10;

/// The first handle of a channel; the server's own form.
const FIRST_HANDLE: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];

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

fn open(path: &str, flags: u32) -> Vec<u8> {
    let fields: [&[u8]; 4] = [&[0, 0, 0, 1], &text(path), &flags.to_be_bytes(), &[0; 4]];
    packet(OPEN, &fields)
}

/// Everything that the server says before it hangs up.
fn last_words(mut stream: TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut said = Vec::new();
    // A reset after the words is an end like any other.
    stream.read_to_end(&mut said).ok();
    String::from_utf8_lossy(&said).into_owned()
}

/// A program with a session that stays open until it is killed.
fn staying(server: &Server, label: &str) -> Child {
    server
        .ssh_program("sftp", label)
        .arg(format!("{label}@127.0.0.1"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// `ssh -s … sftp`, to be spoken to in bytes.
fn raw(server: &Server) -> Child {
    let mut ssh = server.ssh_program("ssh", "alpha");
    ssh.args(["-s", "alpha@127.0.0.1", "sftp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn one_network_cannot_take_all_places_of_those_who_log_in() {
    let server = Server::with(Settings {
        max_unauthenticated_per_network: 2,
        ..Settings::default()
    });
    let connect = || TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect();
            stream.read_exact(&mut [0; 4]).unwrap();
            stream
        })
        .collect();
    let words = last_words(connect());
    assert!(words.contains("from your network"), "{words:?}");
    assert!(!words.contains("SSH-"), "{words:?}");
    drop(waiting);
    server.until("a login works again", |server| {
        server.sftp("alpha", "pwd\n").status.success()
    });
    // Who has logged in holds no place of those who have not.
    let staying: Vec<_> = (0..3)
        .map(|count| {
            let child = staying(&server, "alpha");
            server.until("it is in", |server| server.door.sessions() == count + 1);
            child
        })
        .collect();
    staying.into_iter().for_each(end);
}

#[test]
fn one_label_cannot_take_all_connections() {
    let server = Server::with(Settings {
        max_sessions_per_label: 2,
        ..Settings::default()
    });
    let staying: Vec<_> = (0..2).map(|_| staying(&server, "alpha")).collect();
    server.until("both are there", |server| server.door.sessions() == 2);
    let refused = server.sftp("alpha", "pwd\n");
    assert!(!refused.status.success());
    let said = words(&refused);
    assert!(said.contains("too many connections open"), "{said}");
    server.sftp_ok("beta", "pwd\n");
    staying.into_iter().for_each(end);
    server.until("its places are free", |server| {
        server.sftp("alpha", "pwd\n").status.success()
    });
}

/// A way to the server that keeps the far end open when the client hangs up.
fn sticky(server: &Server) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (near, far) = (listener.local_addr().unwrap().port(), server.port);
    thread::spawn(move || {
        let mut kept = Vec::new();
        for client in listener.incoming() {
            let (client, server) = (
                client.unwrap(),
                TcpStream::connect(("127.0.0.1", far)).unwrap(),
            );
            for (mut from, mut to) in [(&client, &server), (&server, &client)]
                .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()))
            {
                // Ends when one of them is gone.
                thread::spawn(move || io::copy(&mut from, &mut to).ok());
            }
            kept.push(server);
        }
    });
    near
}

#[test]
fn who_is_told_to_go_and_stays_keeps_no_place() {
    let server = Server::with(Settings {
        max_sessions_per_label: 1,
        ..Settings::default()
    });
    let first = staying(&server, "alpha");
    server.until("it is in", |server| server.door.sessions() == 1);
    let port = sticky(&server).to_string();
    for _ in 0..3 {
        // The first of two ports holds.
        let mut command = server.program("sftp");
        command
            .args(["-o", &format!("Port={port}")])
            .args(server.ssh_options("alpha"))
            .args(["-b", "-", "alpha@127.0.0.1"]);
        let said = words(&run(&mut command));
        assert!(said.contains("too many connections open"), "{said}");
    }
    // russh would wait five minutes for them to hang up.
    server.until("only the first is there", |server| {
        server.door.connections() == 1
    });
    end(first);
}

/// A session that asks for the disk again and again, and reads every answer, by two threads.
fn syncing(server: &Server, file: &str) -> [JoinHandle<()>; 2] {
    let mut child = raw(server);
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let content = packet(
        WRITE,
        &[&[0, 0, 0, 2], &text(FIRST_HANDLE), &[0; 8], &text("x")],
    );
    let sync = [
        &[0, 0, 0, 3][..],
        &text("fsync@openssh.com"),
        &text(FIRST_HANDLE),
    ]
    .concat();
    let mut bytes = packet(INIT, &[&3_u32.to_be_bytes()]);
    bytes.extend(open(&format!("/incoming/Rel/{file}"), PUT));
    bytes.extend(content);
    bytes.extend(packet(200, &[&sync]).repeat(20_000));
    let writing = thread::spawn(move || to.write_all(&bytes).unwrap());
    let reading = thread::spawn(move || {
        io::copy(&mut from, &mut io::sink()).unwrap();
        assert!(child.wait().unwrap().success(), "all of it was answered");
    });
    [writing, reading]
}

#[test]
fn requests_that_wait_for_the_disk_take_few_threads_and_are_all_answered() {
    let server = Server::start();
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let threads = || fs::read_dir("/proc/self/task").unwrap().count();
    for sessions in [1, 10] {
        let (before, mut most) = (threads(), 0);
        let mut ours: Vec<_> = (0..sessions)
            .flat_map(|number| syncing(&server, &format!("{sessions}_{number}.wav")))
            .collect();
        let of_test = ours.len();
        while !ours.is_empty() {
            most = most.max(threads());
            thread::sleep(Duration::from_millis(20));
            for thread in ours.extract_if(.., |thread| thread.is_finished()) {
                thread.join().unwrap();
            }
        }
        // Those that have done their work and are not at rest yet count too.
        let bound = before + of_test + if sessions == 1 { 100 } else { 300 };
        assert!(most < bound, "{before} threads before, {most} now");
    }
    server.sftp_ok("alpha", "pwd\n");
}

/// A client that opens channels with no room for answers.
struct Deaf;

impl russh::client::Handler for Deaf {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

#[test]
fn answers_that_are_never_taken_count_as_channels() {
    let server = Server::with(Settings {
        max_channels: 3,
        ..Settings::default()
    });
    let folder = server.stored("alpha", "incoming/Rel");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("big.wav"), vec![7; 300_000]).unwrap();
    let mut bytes = packet(INIT, &[&3_u32.to_be_bytes()]);
    bytes.extend(open("/incoming/Rel/big.wav", 1));
    for id in 10_u32..18 {
        let (id, length) = (id.to_be_bytes(), 261_120_u32.to_be_bytes());
        bytes.extend(packet(READ, &[&id, &text(FIRST_HANDLE), &[0; 8], &length]));
    }
    let key = russh::keys::load_secret_key(server.path("alpha_key"), None).unwrap();
    let opened = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let config = russh::client::Config {
            window_size: 0,
            ..Default::default()
        };
        let address = ("127.0.0.1", server.port);
        let mut client = russh::client::connect(Arc::new(config), address, Deaf)
            .await
            .unwrap();
        let key = russh::keys::PrivateKeyWithHashAlg::new(Arc::new(key), None);
        assert!(
            client
                .authenticate_publickey("alpha", key)
                .await
                .unwrap()
                .success()
        );
        let mut opened = 0;
        while opened < 20 {
            let Ok(channel) = client.channel_open_session().await else {
                break;
            };
            opened += 1;
            channel.request_subsystem(false, "sftp").await.unwrap();
            channel.data(&bytes[..]).await.unwrap();
            channel.close().await.unwrap();
        }
        opened
    });
    assert_eq!(
        opened, 3,
        "each keeps half a megabyte until the connection ends"
    );
    server.sftp_ok("alpha", "pwd\n");
}

#[test]
fn sessions_in_one_connection_are_bounded() {
    let server = Server::with(Settings {
        max_channels: 2,
        ..Settings::default()
    });
    let socket = server.path("mux");
    let mut master = server
        .ssh_program("ssh", "alpha")
        .args(["-M", "-N", "-S"])
        .arg(&socket)
        .arg("alpha@127.0.0.1")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.until("the connection is there", |_| socket.exists());
    let through = |program: &str| {
        let mut command = server.ssh_program(program, "alpha");
        command
            .arg("-o")
            .arg(format!("ControlPath={}", socket.display()));
        command
    };
    let staying: Vec<_> = (0..2)
        .map(|_| {
            through("sftp")
                .arg("alpha@127.0.0.1")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    server.until("both are there", |server| server.door.sessions() == 2);
    fs::write(server.path("batch"), "pwd\n").unwrap();
    let third = through("sftp")
        .args(["-b", "batch", "alpha@127.0.0.1"])
        .output()
        .unwrap();
    // It goes on over a connection of its own.
    let said = words(&third);
    assert!(said.contains("Session open refused by peer"), "{said}");
    staying.into_iter().for_each(end);
    master.kill().unwrap();
    master.wait().unwrap();
}

#[test]
fn an_idle_session_with_an_open_file_is_closed_and_the_file_stays_partial() {
    let server = Server::with(Settings {
        idle_seconds: 1,
        ..Settings::default()
    });
    fs::create_dir_all(server.stored("alpha", "incoming/Rel")).unwrap();
    let mut child = raw(&server);
    let mut to = child.stdin.take().unwrap();
    to.write_all(&packet(INIT, &[&3_u32.to_be_bytes()]))
        .unwrap();
    to.write_all(&open("/incoming/Rel/a", PUT)).unwrap();
    let write: [&[u8]; 4] = [&[0, 0, 0, 2], &text(FIRST_HANDLE), &[0; 8], &text("half")];
    to.write_all(&packet(WRITE, &write)).unwrap();
    to.flush().unwrap();
    let partial = server.stored("alpha", "partial/Rel/a");
    server.until("bytes arrive", |_| {
        fs::read(&partial).is_ok_and(|bytes| bytes == b"half")
    });
    server.until("the session is gone", |server| server.door.sessions() == 0);
    assert!(partial.exists());
    assert!(!server.stored("alpha", "incoming/Rel/a").exists());
    drop(to);
    end(child);
}

#[test]
fn a_session_that_takes_no_answers_is_ended() {
    let server = Server::with(Settings {
        stuck_seconds: 2,
        // Not by these.
        idle_seconds: 3_600,
        keepalive_seconds: 3_600,
        ..Settings::default()
    });
    let folder = server.stored("alpha", "incoming/Rel");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("big.wav"), vec![7; 20_000_000]).unwrap();
    let mut child = raw(&server);
    let mut to = child.stdin.take().unwrap();
    let mut bytes = packet(INIT, &[&3_u32.to_be_bytes()]);
    bytes.extend(open("/incoming/Rel/big.wav", 1));
    let piece = 32_768_u32;
    for number in 0..600_u32 {
        let offset = u64::from(number * piece).to_be_bytes();
        let id = (number + 10).to_be_bytes();
        let length = piece.to_be_bytes();
        bytes.extend(packet(READ, &[&id, &text(FIRST_HANDLE), &offset, &length]));
    }
    to.write_all(&bytes).unwrap();
    to.flush().unwrap();
    server.until("the session is there", |server| server.door.sessions() == 1);
    // Nobody reads what `ssh` prints, so it takes no more; the connection itself is well.
    server.until("the session is gone", |server| server.door.sessions() == 0);
    assert!(child.stdout.is_some());
    drop(to);
    end(child);
    server.sftp_ok("alpha", "pwd\n");
}

#[test]
fn a_label_that_has_filled_its_space_is_told_once_and_can_go_on() {
    let server = Server::with(Settings {
        quota: Quota {
            bytes: 1_048_576,
            ..Quota::default()
        },
        ..Settings::default()
    });
    server.local("big.wav", 3_000_000);
    server.local("small.wav", 1_000);
    server.sftp_ok("alpha", "mkdir incoming/Rel\n");
    let sizes = server.sftp_ok("alpha", "df /incoming\n");
    assert!(sizes.contains("1024"), "the label's space: {sizes}");
    for _ in 0..3 {
        server.sftp_refused("alpha", "put big.wav incoming/Rel/big.wav\n");
    }
    assert!(!server.stored("alpha", "incoming/Rel/big.wav").exists());
    let kept = fs::metadata(server.stored("alpha", "partial/Rel/big.wav")).unwrap();
    assert!(kept.len() <= 1_048_576);
    let told = |server: &Server| {
        let events = server.events.lock().unwrap();
        let full = |event: &&UploadEvent| matches!(event, UploadEvent::OverQuota { folder, .. } if folder == "Rel");
        events.iter().filter(full).count()
    };
    assert_eq!(told(&server), 1);
    server.sftp_refused("alpha", "put small.wav incoming/Rel/small.wav\n");
    // Another label has its own space.
    server.sftp_ok("beta", "mkdir incoming/Rel\nput small.wav incoming/Rel/\n");
    server.sftp_ok("alpha", "rm incoming/Rel/big.wav\n");
    server.sftp_ok("alpha", "put small.wav incoming/Rel/small.wav\n");
    assert_eq!(told(&server), 1);
}

#[test]
fn what_is_agreed_with_a_label_holds_for_an_open_session() {
    let server = Server::with(Settings {
        quota: Quota {
            bytes: 10_240,
            ..Quota::default()
        },
        ..Settings::default()
    });
    let shown = |server: &Server| server.sftp_ok("alpha", "df /incoming\n");
    assert!(!shown(&server).contains("51200"));
    let staying = staying(&server, "alpha");
    server.until("the session is there", |server| server.door.sessions() == 1);
    *server.book.1.lock().unwrap() = OwnQuota {
        bytes: Some(52_428_800),
        ..OwnQuota::default()
    };
    server.local("big.wav", 3_000_000);
    server.until("it holds", |server| shown(server).contains("51200"));
    server.sftp_ok("alpha", "mkdir incoming/Rel\nput big.wav incoming/Rel/\n");
    end(staying);
}
