//! Random operations against a model: whatever is done, what the client sees is what the model
//! says, and what lies in `incoming` is exactly what was closed.

use super::client::{APPEND, CREATE, Label, OK, PUT, WRITE};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One file as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct File {
    /// Content after the last CLOSE, if that is what `incoming` holds.
    closed: Option<String>,
    /// Content on its way or broken off.
    partial: Option<String>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Uploads and closes.
    Put(u8, String),
    /// Uploads and breaks off.
    Break(u8, String),
    /// Continues at the end and closes.
    Resume(u8, String),
    /// Continues at the end and breaks off.
    BreakResume(u8, String),
    Remove(u8),
    Rename(u8, u8),
    PosixRename(u8, u8),
    /// The folder gets its other name.
    RenameFolder,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0..4_u8;
    let content = "[a-z]{0,6}";
    let step = prop_oneof![
        (name.clone(), content).prop_map(|(n, c)| Step::Put(n, c)),
        (name.clone(), content).prop_map(|(n, c)| Step::Break(n, c)),
        (name.clone(), content).prop_map(|(n, c)| Step::Resume(n, c)),
        (name.clone(), content).prop_map(|(n, c)| Step::BreakResume(n, c)),
        name.clone().prop_map(Step::Remove),
        (name.clone(), name.clone()).prop_map(|(a, b)| Step::Rename(a, b)),
        (name.clone(), name).prop_map(|(a, b)| Step::PosixRename(a, b)),
        Just(Step::RenameFolder),
    ];
    prop::collection::vec(step, 0..25)
}

/// The model: files of the one folder by name.
#[derive(Default)]
struct Model {
    files: BTreeMap<u8, File>,
}

impl Model {
    fn visible(&self, name: u8) -> Option<&String> {
        let file = self.files.get(&name)?;
        file.partial.as_ref().or(file.closed.as_ref())
    }

    fn put(&mut self, name: u8, content: String, close: bool) {
        let file = self.files.entry(name).or_default();
        if close {
            file.partial = None;
            file.closed = Some(content);
        } else {
            file.partial = Some(content);
        }
    }

    fn resume(&mut self, name: u8, more: &str, close: bool) {
        let content = self.visible(name).cloned().unwrap_or_default() + more;
        let file = self.files.entry(name).or_default();
        // A closed file that is written on is not whole; a hidden old version stays.
        if file.partial.is_none() {
            file.closed = None;
        }
        file.partial = Some(content);
        if close {
            file.closed = file.partial.take();
        }
    }

    fn rename(&mut self, from: u8, to: u8, replace: bool) -> bool {
        if self.visible(from).is_none() {
            return false;
        }
        if from == to {
            return true;
        }
        if self.visible(to).is_some() && !replace {
            return false;
        }
        let moved = self.files.remove(&from).unwrap_or_default();
        let target = self.files.entry(to).or_default();
        target.partial = moved.partial;
        if moved.closed.is_some() {
            target.closed = moved.closed;
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_seen_is_what_was_done(steps in steps()) {
        let label = Label::new();
        let mut model = Model::default();
        let mut folder = "A";
        prop_assert_eq!(label.connect().mkdir("/incoming/A"), OK);
        for step in steps {
            let path = |name: u8| format!("/incoming/{folder}/{name}");
            let mut client = label.connect();
            match step {
                Step::Put(name, content) => {
                    prop_assert_eq!(client.put(&path(name), &content), OK);
                    model.put(name, content, true);
                }
                Step::Break(name, content) => {
                    let handle = client.open(&path(name), PUT).unwrap();
                    prop_assert_eq!(client.write(&handle, 0, content.as_bytes()), OK);
                    model.put(name, content, false);
                }
                Step::Resume(name, more) => {
                    let handle = client.open(&path(name), WRITE | CREATE | APPEND).unwrap();
                    prop_assert_eq!(client.write(&handle, 0, more.as_bytes()), OK);
                    prop_assert_eq!(client.close(&handle), OK);
                    model.resume(name, &more, true);
                }
                Step::BreakResume(name, more) => {
                    let at = model.visible(name).map_or(0, String::len) as u64;
                    let handle = client.open(&path(name), WRITE | CREATE).unwrap();
                    prop_assert_eq!(client.write(&handle, at, more.as_bytes()), OK);
                    model.resume(name, &more, false);
                }
                Step::Remove(name) => {
                    let there = model.visible(name).is_some();
                    prop_assert_eq!(client.remove(&path(name)) == OK, there);
                    model.files.remove(&name);
                }
                Step::Rename(from, to) => {
                    let done = client.rename(&path(from), &path(to)) == OK;
                    prop_assert_eq!(done, model.rename(from, to, false));
                }
                Step::PosixRename(from, to) => {
                    let done = client.posix_rename(&path(from), &path(to)) == OK;
                    prop_assert_eq!(done, model.rename(from, to, true));
                }
                Step::RenameFolder => {
                    let other = if folder == "A" { "B" } else { "A" };
                    let code = client.rename(
                        &format!("/incoming/{folder}"),
                        &format!("/incoming/{other}"),
                    );
                    prop_assert_eq!(code, OK);
                    folder = other;
                }
            }
            drop(client);
            let mut client = label.connect();
            let seen = client.list(&format!("/incoming/{folder}"));
            let wanted: BTreeMap<String, u64> = (0..4)
                .filter_map(|name| Some((name.to_string(), model.visible(name)?.len() as u64)))
                .collect();
            prop_assert_eq!(seen, wanted);
            for name in 0..4 {
                let file = model.files.get(&name).cloned().unwrap_or_default();
                let on_disk = |tree: &str| label.content(&format!("{tree}/{folder}/{name}"));
                prop_assert_eq!(on_disk("incoming"), file.closed);
                prop_assert_eq!(on_disk("partial"), file.partial);
            }
        }
    }
}
