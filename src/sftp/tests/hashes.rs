//! Hashes of files while they arrive: whatever order the writes come in, what is told of a closed
//! file is what it holds.

use super::client::{APPEND, CREATE, Client, Label, OK, PUT, WRITE, text};
use crate::domain::arrival::{Arrival, Arrivals};
use crate::domain::content::{Content, FileKey};
use crate::sftp::hashers::Desk;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Remembers as intake does, without its care for what is gone.
#[derive(Default)]
struct Heard(Mutex<HashMap<FileKey, Option<Content>>>);

impl Arrivals for Heard {
    fn begun(&self, key: &FileKey) {
        self.0.lock().unwrap().insert(*key, None);
    }

    fn ended(&self, arrival: Arrival<'_>, content: Option<&Content>) {
        let mut heard = self.0.lock().unwrap();
        heard.insert(*arrival.key, content.cloned());
    }

    fn given_up(&self, key: &FileKey) {
        self.0.lock().unwrap().remove(key);
    }

    fn moved(&self, before: &FileKey, after: &FileKey) {
        let mut heard = self.0.lock().unwrap();
        if let Some(content) = heard.get(before).cloned() {
            heard.insert(*after, content);
        }
    }
}

struct World {
    label: Label,
    desk: Arc<Desk>,
    heard: Arc<Heard>,
}

impl World {
    fn new() -> Self {
        let heard: Arc<Heard> = Arc::default();
        let desk = Arc::new(Desk::new(Arc::clone(&heard) as _, Arc::default()));
        let Label {
            dir,
            tree,
            events,
            audit,
            draining,
            sessions,
        } = Label::new();
        let tree = Arc::try_unwrap(tree).unwrap();
        let tree = Arc::new(tree.hashed_at(Arc::clone(&desk)));
        let label = Label {
            dir,
            tree,
            events,
            audit,
            draining,
            sessions,
        };
        Self { label, desk, heard }
    }

    fn connect(&self) -> Client {
        let mut client = self.label.connect();
        client.mkdir("/incoming/A");
        client
    }

    /// Lets the threads do all there is.
    fn hash_all(&self) {
        while self.desk.work_once() {}
    }

    /// What is known of a closed file under the key that it has now.
    fn known(&self, name: &str) -> Option<Content> {
        let metadata = std::fs::metadata(self.label.at(&format!("incoming/A/{name}"))).unwrap();
        let heard = self.heard.0.lock().unwrap();
        heard.get(&FileKey::of(&metadata)).cloned().flatten()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.label.at(&format!("incoming/A/{name}"))).unwrap()
    }

    /// That what is known of a file is true, and whether anything is.
    fn is_known_rightly(&self, name: &str) -> bool {
        let Some(content) = self.known(name) else {
            return false;
        };
        let bytes = self.bytes(name);
        assert_eq!(content.sha256, hex::encode(Sha256::digest(&bytes)));
        let md5 = hex::encode(md5::Md5::digest(&bytes));
        assert_eq!(content.md5.as_deref(), Some(md5.as_str()));
        true
    }
}

/// Bytes that are nowhere the same.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(length)
    .collect()
}

fn set_size(client: &mut Client, handle: &[u8], size: u64) -> u32 {
    let body = [text(handle), vec![0, 0, 0, 1], size.to_be_bytes().to_vec()].concat();
    client.code(10, &body)
}

fn set_times(client: &mut Client, path: &str, seconds: u32) -> u32 {
    let times = [seconds.to_be_bytes(), seconds.to_be_bytes()].concat();
    client.code(9, &[text(path), vec![0, 0, 0, 8], times].concat())
}

#[derive(Clone, Debug)]
enum Step {
    /// Where the last write ended.
    Next(usize),
    /// Somewhere.
    At(u64, usize),
    Resize(u64),
    /// The threads have time for one turn.
    Turn,
    /// The session ends; the next one goes on where it broke off, or begins anew.
    Reconnect(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![0..200_usize, 0..200_000_usize];
    let step = prop_oneof![
        8 => length.clone().prop_map(Step::Next),
        1 => (0..300_000_u64, length).prop_map(|(at, length)| Step::At(at, length)),
        1 => (0..600_000_u64).prop_map(Step::Resize),
        2 => Just(Step::Turn),
        1 => any::<bool>().prop_map(Step::Reconnect),
    ];
    prop::collection::vec(step, 0..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_told_of_a_file_is_what_it_holds(steps in steps()) {
        let world = World::new();
        let mut client = world.connect();
        let mut handle = client.open("/incoming/A/a", PUT).unwrap();
        let (mut end, mut in_order) = (0_u64, true);
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Next(length) => {
                    let bytes = noise(length, number as u64);
                    prop_assert_eq!(client.write(&handle, end, &bytes), OK);
                    end += length as u64;
                }
                Step::At(at, length) => {
                    let bytes = noise(length, number as u64);
                    prop_assert_eq!(client.write(&handle, at, &bytes), OK);
                    in_order &= at == end;
                    end = at + length as u64;
                }
                Step::Resize(size) => {
                    prop_assert_eq!(set_size(&mut client, &handle, size), OK);
                    in_order &= size == end;
                }
                Step::Turn => {
                    world.desk.work_once();
                }
                Step::Reconnect(resumes) => {
                    drop(client);
                    client = world.connect();
                    let flags = if resumes { WRITE } else { PUT };
                    handle = client.open("/incoming/A/a", flags).unwrap();
                    let size = client.size("/incoming/A/a").unwrap();
                    in_order = size == 0;
                    end = size;
                }
            }
        }
        prop_assert_eq!(client.close(&handle), OK);
        world.hash_all();
        let known = world.is_known_rightly("a");
        prop_assert!(known || !in_order, "in order, and not known");
        prop_assert_eq!(world.desk.held(), 0, "nothing is kept after the CLOSE");
    }
}

#[test]
fn a_small_file_is_known_when_its_close_is_answered() {
    let world = World::new();
    let mut client = world.connect();
    assert_eq!(client.put("/incoming/A/a", "hello"), OK);
    assert!(world.is_known_rightly("a"));
    assert!(!world.desk.work_once(), "no thread was asked");
    assert_eq!(client.put("/incoming/A/empty", ""), OK);
    assert!(world.is_known_rightly("empty"));
}

#[test]
fn a_large_file_is_hashed_behind_its_writes_by_threads() {
    let world = World::new();
    let mut client = world.connect();
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    let piece = noise(200_000, 7);
    for number in 0..25 {
        assert_eq!(client.write(&handle, number * 200_000, &piece), OK);
    }
    assert!(world.desk.work_once(), "it was asked for while it came");
    assert_eq!(world.desk.held(), 0, "nothing is kept of it");
    assert_eq!(client.close(&handle), OK);
    assert!(!world.is_known_rightly("a"), "its end is not hashed yet");
    world.hash_all();
    assert!(world.is_known_rightly("a"));
}

#[test]
fn another_name_and_other_times_leave_it_known() {
    let world = World::new();
    let mut client = world.connect();
    assert_eq!(client.put("/incoming/A/a.filepart", "small"), OK);
    assert_eq!(client.rename("/incoming/A/a.filepart", "/incoming/A/a"), OK);
    assert!(world.is_known_rightly("a"));
    assert_eq!(set_times(&mut client, "/incoming/A/a", 1_000_000_000), OK);
    assert!(world.is_known_rightly("a"));
    assert_eq!(client.posix_rename("/incoming/A/a", "/incoming/A/b"), OK);
    assert!(world.is_known_rightly("b"));
}

#[test]
fn a_file_that_is_written_on_is_another() {
    let world = World::new();
    let mut client = world.connect();
    assert_eq!(client.put("/incoming/A/a", "one"), OK);
    // As long as before, and as quickly as can be: the times may be the same.
    let handle = client.open("/incoming/A/a", WRITE).unwrap();
    assert_eq!(client.write(&handle, 0, b"two"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(world.bytes("a"), b"two");
    assert_eq!(world.known("a"), None);
    let handle = client
        .open("/incoming/A/a", WRITE | APPEND | CREATE)
        .unwrap();
    assert_eq!(client.write(&handle, 0, b" three"), OK);
    assert_eq!(client.close(&handle), OK);
    assert_eq!(world.known("a"), None);
}

#[test]
fn files_that_find_no_room_in_memory_are_read_behind_their_writes() {
    let world = World::new();
    let mut client = world.connect();
    assert!(world.desk.hold(16 << 20), "somebody else has it all");
    assert!(!world.desk.hold(1));
    assert_eq!(client.put("/incoming/A/a", "hello"), OK);
    assert!(!world.is_known_rightly("a"));
    world.hash_all();
    assert!(world.is_known_rightly("a"));
    world.desk.let_go(16 << 20);
    assert_eq!(world.desk.held(), 0);
}

#[test]
fn a_close_that_fails_tells_nothing() {
    let world = World::new();
    let mut client = world.connect();
    let handle = client.open("/incoming/A/a", PUT).unwrap();
    client.write(&handle, 0, &noise(100_000, 1));
    let mut other = world.label.connect();
    let theirs = other.open("/incoming/A/a", PUT).unwrap();
    assert_ne!(client.close(&handle), OK);
    other.write(&theirs, 0, b"theirs");
    assert_eq!(other.close(&theirs), OK);
    world.hash_all();
    assert!(world.is_known_rightly("a"));
    assert_eq!(world.heard.0.lock().unwrap().len(), 1);
}
