//! Pushing to a bucket: moto, an S3 server that holds to its keys, and a line to it that breaks.

use super::{CONTENT, FOLDER, Spooled, claimed, noise, profile, refused, send, spooled};
use crate::kit::python;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dropzone::deliver::{self, Found, Throttle, Trip};
use dropzone::domain::dsp::{DspProfile, TransportChoice};
use dropzone::domain::facts::ManifestFile;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The server, and what can be asked of it beside the network.
pub(crate) struct Shop {
    child: Child,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    pub(crate) port: u16,
    /// Key and secret.
    pub(crate) partner: (String, String),
    reader: (String, String),
    secrets: tempfile::TempDir,
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Shop {
    /// `None` where moto is not installed.
    pub(crate) fn open() -> Option<Self> {
        let python = python("moto")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/deliver/s3_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let pair = |name: &str| {
            let word = |at: usize| ready[name][at].as_str().unwrap().to_owned();
            (word(0), word(1))
        };
        Some(Self {
            child,
            talk: Mutex::new((stdin, stdout)),
            port: u16::try_from(ready["port"].as_u64().unwrap()).unwrap(),
            partner: pair("partner"),
            reader: pair("reader"),
            secrets: tempfile::tempdir().unwrap(),
        })
    }

    fn ask(&self, command: &Value) -> Value {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{command}").unwrap();
        let mut line = String::new();
        talk.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Every object: key, and its size, SHA-256 and metadata.
    pub(crate) fn objects(&self) -> BTreeMap<String, Value> {
        let listed = self.ask(&json!({ "do": "list" }));
        let objects = listed.as_array().unwrap().iter();
        objects
            .map(|object| (object["key"].as_str().unwrap().to_owned(), object.clone()))
            .collect()
    }

    pub(crate) fn put(&self, key: &str, content: &[u8]) {
        self.ask(&json!({ "do": "put", "key": key, "content": STANDARD.encode(content) }));
    }

    pub(crate) fn read(&self, key: &str) -> Vec<u8> {
        let content = self.ask(&json!({ "do": "read", "key": key }));
        STANDARD.decode(content.as_str().unwrap()).unwrap()
    }

    fn secret(&self, name: &str, content: &str) -> PathBuf {
        let path = self.secrets.path().join(name);
        fs::write(&path, format!("{content}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// The two files that hold a pair.
    pub(crate) fn files(&self, (key, secret): &(String, String)) -> (PathBuf, PathBuf) {
        (
            self.secret(&format!("{key}.key"), key),
            self.secret(&format!("{key}.{}", secret.len()), secret),
        )
    }

    fn profile(&self, port: u16, pair: &(String, String)) -> DspProfile {
        let (access_key_file, secret_key_file) = self.files(pair);
        profile(TransportChoice::S3 {
            bucket: "releases".to_owned(),
            prefix: "acme".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: Some(format!("http://127.0.0.1:{port}")),
            access_key_file,
            secret_key_file,
            path_style: None,
            allow_http: false,
            timeout_seconds: 10,
        })
    }
}

/// A line over which only so many bytes go to the server, over all connections together; then nobody
/// gets through, and answers are lost.
struct Line {
    port: u16,
    carried: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Line {
    fn to(port: u16, most: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self {
            port: listener.local_addr().unwrap().port(),
            carried: Arc::default(),
            ended: Arc::default(),
        };
        let (carried, ended) = (Arc::clone(&line.carried), Arc::clone(&line.ended));
        std::thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                if carried.load(Ordering::Relaxed) >= most {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (is_up, from, to) in [(true, &client, &server), (false, &server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let carried = Arc::clone(&carried);
                    std::thread::spawn(move || carry(is_up, from, to, &carried, most));
                }
            }
        });
        line
    }

    fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

fn carry(is_up: bool, mut from: TcpStream, mut to: TcpStream, carried: &AtomicU64, most: u64) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let passes = if is_up {
            let before = carried.fetch_add(count as u64, Ordering::Relaxed);
            count.min(usize::try_from(most.saturating_sub(before)).unwrap())
        } else if carried.load(Ordering::Relaxed) >= most {
            0
        } else {
            count
        };
        if to.write_all(&buffer[..passes]).is_err() || passes < count {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

/// The usual release, with one file that goes in parts.
fn album() -> Spooled {
    let mut spooled = spooled();
    let bytes = noise(9, (8 << 20) + 700_000);
    fs::write(spooled.dir.path().join("resources/04_long.wav"), &bytes).unwrap();
    spooled.manifest.files.push(ManifestFile {
        path: "resources/04_long.wav".to_owned(),
        size: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(&bytes)),
        md5: None,
        taken_over: false,
        kept: None,
    });
    spooled
}

/// Keys of a whole release below `acme/<folder>`, without the marker.
fn content() -> Vec<String> {
    let mut names: Vec<String> = CONTENT.map(str::to_owned).to_vec();
    names.push("resources/04_long.wav".to_owned());
    names
}

/// What is there of the release, without marker; and whether the marker is.
fn there(shop: &Shop, folder: &str, spooled: &Spooled) -> (Vec<String>, u64, bool) {
    let below = format!("acme/{folder}/");
    let (mut names, mut bytes, mut marked) = (Vec::new(), 0, false);
    for (key, object) in shop.objects() {
        let Some(name) = key.strip_prefix(&below) else {
            continue;
        };
        if name == "delivery.complete" {
            marked = true;
            continue;
        }
        let ours = fs::read(spooled.dir.path().join(name)).unwrap();
        assert_eq!(
            object["sha256"],
            hex::encode(Sha256::digest(&ours)),
            "{name}"
        );
        bytes += ours.len() as u64;
        names.push(name.to_owned());
    }
    (names, bytes, marked)
}

fn assert_whole(shop: &Shop, folder: &str, spooled: &Spooled) {
    let (mut names, _, marked) = there(shop, folder, spooled);
    let mut wanted = content();
    names.sort();
    wanted.sort();
    assert_eq!(names, wanted);
    assert!(marked, "the marker is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_gets_all_of_it_and_what_it_has_is_not_sent_again() {
    let Some(shop) = Shop::open() else { return };
    let spooled = album();
    let line = Line::to(shop.port, u64::MAX);
    let profile = shop.profile(line.port, &shop.partner);
    let plan = spooled.plan(&profile);
    deliver::probe(&profile).await.unwrap();
    let location = send(&profile, &claimed(1), &plan).await.unwrap();
    assert_eq!(location, format!("s3://releases/acme/{FOLDER}"));
    assert_whole(&shop, FOLDER, &spooled);
    let sent = line.carried();
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert!(line.carried() - sent < 20_000, "{}", line.carried() - sent);
    assert_whole(&shop, FOLDER, &spooled);
    let found = deliver::ask(&profile, &claimed(3), &plan).await.unwrap();
    assert_eq!(found, Found::Whole(location));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_anywhere_never_shows_half_a_release() {
    let Some(shop) = Shop::open() else { return };
    let spooled = album();
    let whole = Line::to(shop.port, u64::MAX);
    let profile_at = |port: u16, folder: &str| {
        let mut profile = shop.profile(port, &shop.partner);
        profile.folder = Some(folder.to_owned());
        profile
    };
    let profile = profile_at(whole.port, "whole");
    send(&profile, &claimed(1), &spooled.plan(&profile))
        .await
        .unwrap();
    let total = whole.carried();
    let tenths = (0..10).map(|tenth| total * tenth / 10);
    let (mut asked, mut resumed) = (0, 0);
    // Towards the end requests are small: some cuts meet the message and the marker, some their answers.
    for (number, most) in tenths.chain((0..12).map(|n| total - n * 450)).enumerate() {
        let folder = format!("cut{number}");
        let line = Line::to(shop.port, most);
        let broken = profile_at(line.port, &folder);
        let plan = spooled.plan(&broken);
        let trip = Trip::default();
        let outcome = deliver::send(&broken, &claimed(1), &plan, &trip).await;
        drop(line);
        let (names, kept, marked) = there(&shop, &folder, &spooled);
        assert!(
            !marked || names.len() == content().len(),
            "{most}: {names:?}"
        );
        let is_told = names.iter().any(|name| name == "metadata.xml");
        assert!(
            !is_told || names.len() == content().len(),
            "{most}: {names:?}"
        );
        let line = Line::to(shop.port, u64::MAX);
        let mended = profile_at(line.port, &folder);
        match outcome {
            Ok(_) => assert!(marked),
            Err(fault) if trip.may_be_there() => {
                assert!(fault.is_transient(), "{fault}");
                let found = deliver::ask(&mended, &claimed(2), &plan).await.unwrap();
                assert!(matches!(found, Found::Whole(_)), "{most}: {found:?}");
                asked += 1;
            }
            Err(fault) => {
                assert!(fault.is_transient() && !is_told, "{most}: {fault}");
                send(&mended, &claimed(2), &plan).await.unwrap();
                assert!(
                    line.carried() < total - kept + 40_000,
                    "{most}: {kept} were there"
                );
                resumed += u32::from(kept > 0);
            }
        }
        assert_whole(&shop, &folder, &spooled);
    }
    assert!(asked > 0 && resumed > 0, "{asked} {resumed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dsp_took_away_is_not_sent_again() {
    let Some(shop) = Shop::open() else { return };
    let spooled = album();
    let profile = shop.profile(shop.port, &shop.partner);
    let plan = spooled.plan(&profile);
    send(&profile, &claimed(1), &plan).await.unwrap();
    for taken in ["metadata.xml", "resources/04_long.wav"] {
        shop.ask(&json!({ "do": "remove", "key": format!("acme/{FOLDER}/{taken}") }));
        let found = deliver::ask(&profile, &claimed(2), &plan).await.unwrap();
        assert!(matches!(found, Found::Gone(_)), "{taken}: {found:?}");
    }
    assert!(
        !shop
            .objects()
            .contains_key(&format!("acme/{FOLDER}/metadata.xml"))
    );
}

/// A takedown is a message alone: nothing beside it tells that it was not taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_alone_that_the_dsp_took_away_is_not_sent_again() {
    let Some(shop) = Shop::open() else { return };
    let spooled = spooled();
    let profile = shop.profile(shop.port, &shop.partner);
    let mut plan = spooled.plan(&profile);
    plan.files.retain(|cargo| cargo.name == "metadata.xml");
    send(&profile, &claimed(1), &plan).await.unwrap();
    let marker = format!("acme/{FOLDER}/delivery.complete");
    shop.ask(&json!({ "do": "remove", "key": marker }));
    let found = deliver::ask(&profile, &claimed(2), &plan).await.unwrap();
    assert!(
        matches!(found, Found::Whole(_)),
        "the message waits: {found:?}"
    );
    for key in shop.objects().into_keys() {
        shop.ask(&json!({ "do": "remove", "key": key }));
    }
    let found = deliver::ask(&profile, &claimed(3), &plan).await.unwrap();
    assert!(matches!(found, Found::Gone(_)), "{found:?}");
    assert!(shop.objects().is_empty(), "asking leaves nothing");
}

/// Answers `503 SlowDown` to the first request that writes the message, and passes on all else.
fn slow_at_the_message(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = listener.local_addr().unwrap().port();
    let refused = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let refused = Arc::clone(&refused);
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || carry(false, from, to, &AtomicU64::new(0), u64::MAX));
            std::thread::spawn(move || {
                let (mut server, mut buffer) = (server, [0; 16 * 1024]);
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    let sent = &buffer[..count];
                    let line = String::from_utf8_lossy(sent)
                        .lines()
                        .next()
                        .map(str::to_owned);
                    let line = line.unwrap_or_default();
                    let is_it = line.starts_with("PUT ") && line.contains("metadata.xml");
                    if is_it && !refused.swap(true, Ordering::Relaxed) {
                        let body = "<Error><Code>SlowDown</Code></Error>";
                        let length = body.len();
                        let answer = format!(
                            "HTTP/1.1 503 Slow Down\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                        );
                        client.write_all(answer.as_bytes()).unwrap();
                        drop(client.shutdown(Shutdown::Write));
                        drop(server.shutdown(Shutdown::Both));
                        break;
                    }
                    if server.write_all(sent).is_err() {
                        break;
                    }
                }
            });
        }
    });
    ours
}

/// Of a message alone nothing would be left to tell later that it was not taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_busy_for_a_moment_leaves_no_question() {
    let Some(shop) = Shop::open() else { return };
    let spooled = spooled();
    let profile = shop.profile(slow_at_the_message(shop.port), &shop.partner);
    let mut plan = spooled.plan(&profile);
    plan.files.retain(|cargo| cargo.name == "metadata.xml");
    let trip = Trip::default();
    let outcome = deliver::send(&profile, &claimed(1), &plan, &trip).await;
    let fault = refused(outcome, "dsp_refused");
    assert!(fault.is_transient() && trip.is_concealed(), "{fault}");
    assert!(shop.objects().is_empty());
    send(&profile, &claimed(2), &plan).await.unwrap();
    assert_eq!(shop.objects().len(), 2, "message and marker");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_is_told_in_words_and_without_secrets() {
    let Some(shop) = Shop::open() else { return };
    let spooled = spooled();
    let (key, secret) = shop.partner.clone();
    let wrong = (key.clone(), "x".repeat(secret.len() + 1));
    let unknown = ("AKIAUNKNOWN".to_owned(), secret.clone());
    let mut told = Vec::new();
    let mut meet = async |profile: DspProfile, code: &str| {
        let plan = spooled.plan(&profile);
        let trip = Trip::default();
        let outcome = deliver::send(&profile, &claimed(1), &plan, &trip).await;
        let fault = refused(outcome, code);
        assert!(!trip.may_be_there(), "{fault}");
        for kept in [&key, &secret, &wrong.1] {
            assert!(!fault.text.contains(kept.as_str()), "{fault}");
        }
        told.push(fault.text.replace(&shop.port.to_string(), "PORT"));
    };
    meet(shop.profile(shop.port, &wrong), "login_refused").await;
    meet(shop.profile(shop.port, &unknown), "login_refused").await;
    meet(shop.profile(shop.port, &shop.reader), "permission_denied").await;
    let mut nowhere = shop.profile(shop.port, &shop.partner);
    if let TransportChoice::S3 { bucket, .. } = &mut nowhere.transport {
        "no-such-bucket".clone_into(bucket);
    }
    meet(nowhere, "bucket_missing").await;
    assert!(shop.objects().is_empty());
    insta::assert_snapshot!("bucket_refusals", told.join("\n\n"));
    let line = Line::to(shop.port, 0);
    let profile = shop.profile(line.port, &shop.partner);
    let outcome = send(&profile, &claimed(1), &spooled.plan(&profile)).await;
    assert!(outcome.unwrap_err().is_transient());
    drop(line);
    let nobody = shop.profile(crate::kit::free_port(), &shop.partner);
    let outcome = send(&nobody, &claimed(1), &spooled.plan(&nobody)).await;
    assert!(refused(outcome, "dsp_unreachable").is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_under_a_name_of_ours_is_left_alone() {
    let Some(shop) = Shop::open() else { return };
    let spooled = spooled();
    let profile = shop.profile(shop.port, &shop.partner);
    let plan = spooled.plan(&profile);
    for name in ["cover.jpg", "metadata.xml", "resources/x.wav"] {
        let key = format!("acme/{FOLDER}/{name}");
        shop.put(&key, b"theirs");
        let trip = Trip::default();
        let outcome = deliver::send(&profile, &claimed(1), &plan, &trip).await;
        let fault = refused(outcome, "name_taken");
        assert!(fault.text.contains(&key), "{fault}");
        assert!(!trip.may_be_there());
        assert_eq!(shop.read(&key), b"theirs");
        shop.ask(&json!({ "do": "remove", "key": key }));
    }
    send(&profile, &claimed(2), &plan).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_here_leaves_nothing_at_the_dsp() {
    let Some(shop) = Shop::open() else { return };
    let spooled = album();
    let mut profile = shop.profile(shop.port, &shop.partner);
    for (number, name) in ["resources/04_long.wav", "cover.jpg", "metadata.xml"]
        .into_iter()
        .enumerate()
    {
        let folder = format!("damaged{number}");
        profile.folder = Some(folder.clone());
        let plan = spooled.plan(&profile);
        let path = spooled.dir.path().join(name);
        let sound = fs::read(&path).unwrap();
        let mut rotten = sound.clone();
        *rotten.last_mut().unwrap() ^= 1;
        fs::write(&path, rotten).unwrap();
        let trip = Trip::default();
        let outcome = deliver::send(&profile, &claimed(1), &plan, &trip).await;
        refused(outcome, "spool_damaged");
        assert!(!trip.may_be_there(), "{name}");
        assert_eq!(trip.culprit(), Some(name));
        assert!(
            !shop
                .objects()
                .contains_key(&format!("acme/{folder}/{name}"))
        );
        assert_eq!(
            shop.ask(&json!({ "do": "uploads" })),
            0,
            "parts were given up"
        );
        fs::write(&path, sound).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_are_read_below_a_prefix() {
    let Some(shop) = Shop::open() else { return };
    let mut profile = shop.profile(shop.port, &shop.partner);
    "acks".clone_into(&mut profile.acknowledgements);
    let none = deliver::acknowledgements(&profile, &|_, _| false).await;
    assert_eq!(none.unwrap(), []);
    for (key, content) in [
        ("acme/acks/", &b""[..]),
        ("acme/acks/ACK_1.xml", b"<a/>"),
        ("acme/acks/ACK_known.xml", b"12345"),
        ("acme/acks/old/ACK_0.xml", b"<old/>"),
        ("acme/acks/readme.txt", b"hello"),
        ("acme/acksmore/ACK_2.xml", b"<b/>"),
    ] {
        shop.put(key, content);
    }
    let is_known = |name: &str, size: u64| (name, size) == ("ACK_known.xml", 5);
    let read = deliver::acknowledgements(&profile, &is_known)
        .await
        .unwrap();
    let read: Vec<(&str, &[u8])> = read
        .iter()
        .map(|left| (left.name.as_str(), left.content.as_slice()))
        .collect();
    assert_eq!(read, [("ACK_1.xml", &b"<a/>"[..])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_to_a_bucket_passes_the_throttle() {
    let Some(shop) = Shop::open() else { return };
    let spooled = album();
    let profile = shop.profile(shop.port, &shop.partner);
    let plan = spooled.plan(&profile);
    let throttle = Arc::new(Throttle::new(1 << 30));
    let trip = Trip::new(Some(Arc::clone(&throttle)), |_| async { Ok(()) });
    deliver::send(&profile, &claimed(1), &plan, &trip)
        .await
        .unwrap();
    let bytes: u64 = plan.files.iter().map(|cargo| cargo.size).sum();
    assert_eq!(throttle.booked(), bytes);
}

#[tokio::test]
async fn keys_that_others_can_read_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    fs::write(&path, "AKIA\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let profile = profile(TransportChoice::S3 {
        bucket: "releases".to_owned(),
        prefix: String::new(),
        region: "eu-central-1".to_owned(),
        endpoint: None,
        access_key_file: path.clone(),
        secret_key_file: path,
        path_style: None,
        allow_http: false,
        timeout_seconds: 5,
    });
    let fault = deliver::probe(&profile).await.unwrap_err();
    assert_eq!(fault.code, "secret_exposed", "{fault}");
}

#[test]
fn a_bucket_is_not_reached_without_encryption_by_accident() {
    let with = |endpoint: &str, allow_http: bool| {
        let text = format!(
            "name = \"x\"\n[transport]\nkind = \"s3\"\nbucket = \"releases\"\nendpoint = \"{endpoint}\"\nallow_http = {allow_http}\naccess_key_file = \"/k\"\nsecret_key_file = \"/s\"\n"
        );
        let profile: DspProfile = toml::from_str(&text).unwrap();
        deliver::mistakes(&profile, &dropzone::domain::dsp::OwnParty::default())
    };
    for fine in [
        "https://s3.example",
        "http://127.0.0.1:9000",
        "http://[::1]:9000",
    ] {
        assert_eq!(with(fine, false), Vec::<String>::new(), "{fine}");
    }
    assert_eq!(with("http://s3.example", true), Vec::<String>::new());
    for wrong in [
        "http://s3.example",
        "s3.example",
        "https://key:secret@s3.example",
        "https://",
    ] {
        let said = with(wrong, false);
        assert_eq!(said.len(), 1, "{wrong}: {said:?}");
        assert!(!said[0].contains("secret@"), "{said:?}");
    }
}
