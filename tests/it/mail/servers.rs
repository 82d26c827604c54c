//! Letters through real mail servers: aiosmtpd, told how to behave, and Debian's Postfix.
//!
//! Each server has a free loopback port and a temporary directory, and ends with its test.

use super::{due, settings, smtp, subject};
use crate::report::hostile;
use dropzone::domain::fault::Fault;
use dropzone::domain::letter::{Due, LetterKind};
use dropzone::notify::{Encryption, Post, Settings, Transport};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Says that a server is missing; where no skips are allowed, fails.
#[expect(clippy::print_stdout, reason = "a skip has to be seen")]
fn skipped(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is needed here");
    println!("skipped: {what}");
}

/// Python with aiosmtpd in a virtual environment below `target/`, made at the first call.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join("venv");
    let python = venv.join("bin/python");
    // Tests run in several processes; one of them makes it.
    let lock = fs::File::create(target.join("venv.lock")).unwrap();
    lock.lock().unwrap();
    let works = |python: &Path| {
        Command::new(python)
            .args([
                "-c",
                "import aiosmtpd; assert aiosmtpd.__version__ == '1.4.6'",
            ])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !works(&python) {
        let run = |program: &Path, arguments: &[&str]| {
            Command::new(program)
                .args(arguments)
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !python.exists() {
            run(
                Path::new("python3"),
                &["-m", "venv", venv.to_str().unwrap()],
            );
        }
        run(
            &python,
            &["-m", "pip", "install", "--quiet", "aiosmtpd==1.4.6"],
        );
    }
    let good = works(&python);
    if !good {
        skipped("aiosmtpd");
    }
    good.then_some(python)
}

/// aiosmtpd in a process of its own.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail/smtp_server.py");
        let mut process = Command::new(python()?)
            .arg(script)
            .arg(folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().expect("the server prints its port");
        Some(Self {
            process,
            port,
            folder,
        })
    }

    /// Mails that were refused for now before the first was taken, as they came.
    pub(crate) fn deferred(&self) -> Vec<String> {
        (1..1_000)
            .map(|n| self.folder.path().join(format!("deferred-{n}.eml")))
            .take_while(|path| path.exists())
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    /// What arrived, in order.
    pub(crate) fn mails(&self) -> Vec<Value> {
        (1..1_000)
            .map(|n| self.folder.path().join(format!("{n}.json")))
            .take_while(|path| path.exists())
            .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
            .collect()
    }

    /// Has a server that refuses until it is told so take mail from now on.
    pub(crate) fn relent(&self) {
        fs::write(self.folder.path().join("relent"), "").unwrap();
    }

    fn plain(&self) -> Post {
        office(&smtp("127.0.0.1", self.port, Encryption::None, None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

fn office(settings: &Settings) -> Post {
    Post::new(settings, Path::new("/nonexistent")).unwrap()
}

fn due_to(recipient: &str) -> Due {
    Due {
        recipient: recipient.to_owned(),
        ..due(LetterKind::Invalid)
    }
}

fn refused(post: &Post, recipient: &str) -> Fault {
    let due = due_to(recipient);
    let mime = post.render(&due, &subject(LetterKind::Invalid));
    post.send(&due, &mime).unwrap_err()
}

#[test]
fn letters_arrive_as_they_were_rendered() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let post = server.plain();
    for kind in LetterKind::ALL {
        let due = due(kind);
        let mime = post.render(&due, &subject(kind));
        post.send(&due, &mime).unwrap();
        let mail = server.mails().pop().unwrap();
        let ours = super::Mail::parse(&mime);
        assert_eq!(mail["from"], "dropzone@interwave.example");
        assert_eq!(mail["to"][0], "releases@lantern.example");
        assert_eq!(mail["defects"].as_array().unwrap().len(), 0, "{mail}");
        assert_eq!(mail["text"], ours.text);
        assert_eq!(mail["html"], ours.html);
        assert!(
            mail["raw"]
                .as_str()
                .unwrap()
                .starts_with(std::str::from_utf8(&mime).unwrap())
        );
        let header = |name: &str| -> String {
            let all: Vec<&Value> = mail["headers"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name))
                .collect();
            assert_eq!(all.len(), 1, "{name}");
            all[0][1].as_str().unwrap().to_owned()
        };
        assert_eq!(header("Subject"), ours.one("Subject"));
        assert_eq!(header("Message-ID"), ours.one("Message-ID"));
        assert_eq!(header("Auto-Submitted"), "auto-generated");
    }
    assert_eq!(server.mails().len(), LetterKind::ALL.len());
}

#[test]
fn another_parser_finds_no_injected_header() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let post = server.plain();
    let mut runner = TestRunner::deterministic();
    let texts = hostile();
    let kinds = [LetterKind::Invalid, LetterKind::Delivered];
    for round in 0..40 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let kind = kinds[round % kinds.len()];
        let due = due(kind);
        let mime = post.render(&due, &super::poisoned_subject(kind, &text));
        post.send(&due, &mime).unwrap();
        let mail = server.mails().pop().unwrap();
        let mut names: Vec<&str> = mail["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| pair[0].as_str().unwrap())
            .collect();
        let mut expected = super::HEADERS.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{text:?}");
        assert_eq!(
            mail["defects"].as_array().unwrap().len(),
            0,
            "{text:?}: {}",
            mail["defects"]
        );
        let ours = super::Mail::parse(&mime);
        assert_eq!(mail["html"], ours.html, "{text:?}");
    }
}

#[test]
fn what_a_server_says_decides_about_another_try() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let post = server.plain();
    for (recipient, code, transient, words) in [
        (
            "defer@x.example",
            "smtp_deferred",
            true,
            "451 4.3.2 come back later",
        ),
        (
            "refuse@x.example",
            "smtp_refused",
            false,
            "550 5.1.1 no such mailbox here",
        ),
        (
            "late-defer@x.example",
            "smtp_deferred",
            true,
            "452 4.2.2 mailbox full",
        ),
        (
            "late-refuse@x.example",
            "smtp_refused",
            false,
            "554 5.7.1 we do not like it",
        ),
    ] {
        let fault = refused(&post, recipient);
        assert_eq!(
            (fault.code.as_str(), fault.is_transient()),
            (code, transient),
            "{fault}"
        );
        assert!(
            fault.text.contains(words) && fault.text.contains(recipient),
            "{fault}"
        );
    }
    let umlaut = "müller@x.example";
    if let Err(fault) = post.send(
        &due_to(umlaut),
        &post.render(&due_to(umlaut), &subject(LetterKind::Invalid)),
    ) {
        assert_eq!(
            (fault.code.as_str(), fault.is_transient()),
            ("mail_address", false),
            "{fault}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let fault = refused(
        &office(&smtp("127.0.0.1", port, Encryption::None, None)),
        "a@x.example",
    );
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_unreachable", true)
    );
    assert!(fault.text.contains("refused"), "{fault}");
}

/// A server that says these lines, one after each line that it reads, and hangs up.
fn scripted(lines: &'static [&'static str]) -> (u16, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream: TcpStream = stream;
        for line in lines {
            stream.write_all(line.as_bytes()).unwrap();
            let mut said = String::new();
            reader.read_line(&mut said).unwrap();
        }
    });
    (port, handle)
}

#[test]
fn a_server_that_gives_up_midway_is_tried_again() {
    for lines in [
        &["554 5.3.2 no service here\r\n"][..],
        &["garbage\r\n"],
        &["220 hello\r\n", "250 hello\r\n"],
        &["220 hello\r\n", "250 hello\r\n", "250 ok\r\n", "250 ok\r\n"],
        &["220 hello\r\n", "250 hello\r\n", "421 4.3.2 going down\r\n"],
        &[
            "220 hello\r\n",
            "250 hello\r\n",
            "530 5.7.0 log in first\r\n",
        ],
    ] {
        let (port, server) = scripted(lines);
        let fault = refused(
            &office(&smtp("127.0.0.1", port, Encryption::None, None)),
            "a@x.example",
        );
        server.join().unwrap();
        assert!(fault.is_transient(), "{lines:?}: {fault}");
        assert!(!fault.text.contains(['\r', '\n']), "{fault:?}");
    }
}

/// What is said to `MAIL FROM` is said of us: every letter would be lost, and none is to blame.
#[test]
fn a_server_that_refuses_our_sender_is_tried_again() {
    let (port, server) = scripted(&[
        "220 hello\r\n",
        "250 hello\r\n",
        "554 5.7.1 your relay is not welcome\r\n",
    ]);
    let fault = refused(
        &office(&smtp("127.0.0.1", port, Encryption::None, None)),
        "a@x.example",
    );
    server.join().unwrap();
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_sender", true),
        "{fault}"
    );
    for words in ["554 5.7.1 your relay is not welcome", "`from` in [notify]"] {
        assert!(fault.text.contains(words), "{fault}");
    }
}

// ---- encryption and login ---------------------------------------------------------------------

/// An authority of our own and a certificate for `localhost`.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(
            folder.path().join("names.cnf"),
            "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
        )
        .unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        for command in [
            format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=Test-CA -days 2"),
            format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem \
             -days 2 -extfile names.cnf"
                .to_owned(),
        ] {
            let output = Command::new("openssl")
                .args(command.split_whitespace())
                .current_dir(folder.path())
                .output()
                .expect("openssl");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn starttls_trusts_the_configured_authority_only() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let Some(server) = Server::start(&["--cert", &cert, "--key", &key]) else {
        return;
    };
    let ca = certificates.path("ca.pem");
    for host in ["localhost", "127.0.0.1"] {
        let post = office(&smtp(host, server.port, Encryption::Starttls, Some(&ca)));
        let due = due(LetterKind::NeedsQc);
        post.send(&due, &post.render(&due, &subject(LetterKind::NeedsQc)))
            .unwrap();
        assert_eq!(server.mails().pop().unwrap()["encrypted"], true);
    }
    let arrived = server.mails().len();
    let other = Certificates::make();
    let ca = other.path("ca.pem");
    let fault = refused(
        &office(&smtp(
            "localhost",
            server.port,
            Encryption::Starttls,
            Some(&ca),
        )),
        "a@x.example",
    );
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_tls", true),
        "{fault}"
    );
    assert_eq!(
        server.mails().len(),
        arrived,
        "nothing went to a server that we do not know"
    );
}

#[test]
fn tls_from_the_first_byte() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let Some(server) = Server::start(&["--cert", &cert, "--key", &key, "--implicit"]) else {
        return;
    };
    let ca = certificates.path("ca.pem");
    let post = office(&smtp("localhost", server.port, Encryption::Tls, Some(&ca)));
    let due = due(LetterKind::NeedsQc);
    post.send(&due, &post.render(&due, &subject(LetterKind::NeedsQc)))
        .unwrap();
    assert_eq!(server.mails()[0]["encrypted"], true);
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let certificates = Certificates::make();
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let ca = certificates.path("ca.pem");
    let fault = refused(
        &office(&smtp(
            "localhost",
            server.port,
            Encryption::Starttls,
            Some(&ca),
        )),
        "a@x.example",
    );
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_tls", true),
        "{fault}"
    );
    assert!(server.mails().is_empty());
}

#[test]
fn a_wrong_password_kills_no_letter() {
    let Some(server) = Server::start(&["--login"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let with_password = |password: &str| {
        fs::write(&file, password).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        office(&Settings {
            transport: Transport::Smtp {
                host: "127.0.0.1".to_owned(),
                port: server.port,
                tls: Encryption::None,
                user: Some("dropzone".to_owned()),
                password_file: Some(file.clone()),
                root_ca_file: None,
            },
            ..settings()
        })
    };
    let fault = refused(&with_password("wrong\n"), "a@x.example");
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_login", true),
        "{fault}"
    );
    assert!(!fault.text.contains("wrong\n"), "no password in a message");
    let fault = refused(&server.plain(), "a@x.example");
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_login", true),
        "{fault}"
    );
    let post = with_password("geheim\n");
    let due = due(LetterKind::Incoming);
    post.send(&due, &post.render(&due, &subject(LetterKind::Incoming)))
        .unwrap();
    assert_eq!(server.mails().len(), 1);
}

// ---- Postfix ----------------------------------------------------------------------------------

/// A Postfix of our own: configuration, queue and data in a temporary directory.
struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postfix {
    fn start(certificates: &Certificates) -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        if !is_root || !Path::new("/usr/sbin/postfix").exists() {
            skipped("postfix");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["config", "queue", "data", "mailboxes", "log"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        for name in ["data", "mailboxes"] {
            let owned = Command::new("chown")
                .arg("postfix")
                .arg(root.join(name))
                .status();
            assert!(owned.unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let uid = Command::new("id")
            .args(["-u", "postfix"])
            .output()
            .unwrap()
            .stdout;
        let uid = String::from_utf8(uid).unwrap();
        let main = include_str!("postfix-main.cf")
            .replace("@ROOT@", root.to_str().unwrap())
            .replace("@UID@", uid.trim())
            .replace("@CERT@", &certificates.text("server.pem"))
            .replace("@KEY@", &certificates.text("server.key"));
        fs::write(root.join("config/main.cf"), main).unwrap();
        let master = include_str!("postfix-master.cf").replace("@PORT@", &port.to_string());
        fs::write(root.join("config/master.cf"), master).unwrap();
        let postfix = Self { folder, port };
        let output = postfix.command("start");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(postfix)
    }

    fn command(&self, word: &str) -> std::process::Output {
        Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(self.folder.path().join("config"))
            .arg(word)
            .output()
            .unwrap()
    }

    /// Waits until a mail lies in the mailbox.
    fn mail(&self) -> Vec<u8> {
        let new = self.folder.path().join("mailboxes/releases/new");
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            let first = fs::read_dir(&new)
                .ok()
                .and_then(|mut entries| entries.next());
            if let Some(entry) = first {
                return fs::read(entry.unwrap().path()).unwrap();
            }
            thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder.path().join("log/mail.log"));
        panic!("no mail arrived:\n{}", log.unwrap_or_default());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

#[test]
fn a_letter_goes_through_postfix_with_starttls() {
    let certificates = Certificates::make();
    let Some(postfix) = Postfix::start(&certificates) else {
        return;
    };
    let ca = certificates.path("ca.pem");
    let post = office(&smtp(
        "localhost",
        postfix.port,
        Encryption::Starttls,
        Some(&ca),
    ));
    let due = due(LetterKind::Invalid);
    let mime = post.render(&due, &subject(LetterKind::Invalid));
    post.send(&due, &mime).unwrap();
    let arrived = String::from_utf8(postfix.mail()).unwrap();
    assert!(arrived.contains("with ESMTPS"), "{arrived}");
    let sent = String::from_utf8(mime).unwrap().replace("\r\n", "\n");
    assert!(
        arrived.contains(&sent),
        "Postfix changed nothing:\n{arrived}"
    );

    let fault = refused(&post, "somebody@elsewhere.example");
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_refused", false),
        "{fault}"
    );
    let plain = office(&smtp("127.0.0.1", postfix.port, Encryption::None, None));
    let fault = refused(&plain, "releases@lantern.example");
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("smtp_login", true),
        "{fault}"
    );
}

#[test]
fn a_letter_in_a_file_and_on_the_wire_are_the_same() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let by_file = Post::new(&settings(), folder.path()).unwrap();
    let due = due(LetterKind::QcRejected);
    let mime = by_file.render(&due, &subject(LetterKind::QcRejected));
    by_file.send(&due, &mime).unwrap();
    server.plain().send(&due, &mime).unwrap();
    let file = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let raw = server.mails()[0]["raw"].as_str().unwrap().to_owned();
    assert!(raw.starts_with(&fs::read_to_string(file).unwrap()));
}
