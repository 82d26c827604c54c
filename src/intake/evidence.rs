//! What speaks for and against a release being complete: its message, the files that it names, and
//! whether they are what it states.

use super::Intake;
use super::decide::Around;
use super::hashing::{Asked, Wants};
use super::jobs::Job;
use super::layout::{Unit, may_be_message};
use super::listing::Entry;
use super::message::{Messages, Named, Summary, XmlFile};
use super::state::Place;
use crate::domain::completeness::Expected;
use crate::domain::content::FileKey;
use crate::domain::naming::{Names, base_name};
use crate::domain::upload::is_temporary_name;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// A file that has not changed for so long is hashed ahead of the claim.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A message of the release, if there is one.
#[derive(Default)]
pub(super) struct Found {
    pub(super) messages: usize,
    pub(super) file: Option<String>,
    pub(super) summary: Arc<Summary>,
}

impl Intake {
    /// What an `.xml` file is. `below` is the release's folder inside the delivery, if any.
    pub(super) fn classify(
        &self,
        messages: &mut Messages,
        place: &Place,
        below: &str,
        file: &Entry,
    ) -> XmlFile {
        let path = self
            .places
            .incoming(&place.0)
            .join(&place.1)
            .join(below)
            .join(&file.path);
        messages.tell(&path, &file.key, &self.readers, &self.limits)
    }

    /// Finds the message of a release. A file that cannot even be begun counts as a damaged one if
    /// it is named as a message is, or there is no other that it could be.
    pub(super) fn message_of(&self, unit: &Unit, place: &Place, messages: &mut Messages) -> Found {
        let below = unit
            .folder
            .strip_prefix(&place.1)
            .unwrap_or_default()
            .trim_start_matches('/');
        let mut found = Found::default();
        let mut damaged = Vec::new();
        let candidates: Vec<_> = unit.files.iter().filter(|f| may_be_message(f)).collect();
        for file in &candidates {
            match self.classify(messages, place, below, file) {
                XmlFile::Message(summary) => {
                    found.messages += 1;
                    found.summary = summary;
                    found.file = Some(file.path.clone());
                }
                XmlFile::Unreadable => damaged.push(file.path.clone()),
                XmlFile::Other => {}
            }
        }
        let named = |path: &String| base_name(path).eq_ignore_ascii_case("metadata.xml");
        let only = damaged.len() == 1 && candidates.len() == 1;
        if found.messages == 0
            && let Some(path) = damaged.into_iter().find(|path| only || named(path))
        {
            found.messages = 1;
            found.file = Some(path);
        }
        if found.messages != 1 {
            found.summary = Arc::default();
        }
        found
    }

    /// Compares what the message states with what is there, and has files hashed that have come to
    /// rest. The second value says that a comparison is still under way.
    pub(super) fn compare(
        &self,
        unit: &Unit,
        found: &Found,
        around: &Around,
        settled: &HashSet<FileKey>,
    ) -> (Vec<Expected>, bool, HashSet<String>) {
        let inside: BTreeMap<String, &Entry> = unit
            .files
            .iter()
            .filter(|file| !file.is_junk())
            .map(|file| (inner_path(unit, file), file))
            .collect();
        let paths: Vec<String> = inside.keys().cloned().collect();
        let index = Names::new(&paths);
        // More files than a package may hold: no waiting mends that, and the report will say so.
        let too_many = paths.len() > self.limits.package_files as usize;
        let named: &[Named] = if found.summary.whole && !too_many {
            &found.summary.named
        } else {
            &[]
        };
        let mut by_path: BTreeMap<&str, &Named> = BTreeMap::new();
        let quiet = around.now >= around.activity + SETTLED_AFTER;
        let mut checking = false;
        let mut expected = Vec::new();
        let mut broken_off = HashSet::new();
        for wanted in named {
            let there = index.find(&wanted.path).and_then(|(path, _)| {
                by_path.insert(path, wanted);
                inside.get_key_value(path)
            });
            let mut matches = None;
            if let Some((path, file)) = there
                && !file.partial
            {
                // One that came just now is mostly the door's, which is about to tell its hashes.
                let now = quiet || around.marked || settled.contains(&file.key);
                match self.hashes_of(unit, around, file, wanted.wants(), now) {
                    Asked::Known(known) => {
                        matches = wanted.matches(file.key.size, &known);
                        if known.broken_off {
                            broken_off.insert(path.clone());
                        }
                    }
                    Asked::Pending | Asked::New => checking = true,
                    Asked::Hopeless => {}
                }
            }
            expected.push(Expected {
                name: wanted.path.clone(),
                matches,
            });
        }
        // The message, which comes last from most clients, may yet state an MD5: computed now it
        // costs the time of the upload, later that of the verdict.
        let wants = Wants {
            md5: !found.summary.whole,
            sha1: false,
        };
        for (path, file) in &inside {
            let at_rest = quiet || settled.contains(&file.key);
            if at_rest && !file.partial && !by_path.contains_key(path.as_str()) {
                self.hashes_of(unit, around, file, wants, !is_temporary_name(path));
            }
        }
        (expected, checking, broken_off)
    }

    /// Asks for the hashes of a closed file; `now` allows the work to be queued.
    pub(super) fn hashes_of(
        &self,
        unit: &Unit,
        around: &Around,
        file: &Entry,
        wants: Wants,
        now: bool,
    ) -> Asked {
        if !now {
            return match self.hashes.get(&file.key, wants) {
                Some(known) => Asked::Known(known),
                None => Asked::Pending,
            };
        }
        let asked = self.hashes.ask(&file.key, wants);
        if asked == Asked::New {
            let root = self.places.incoming(&around.place.0);
            self.jobs.push(Job::Hash {
                place: around.place.clone(),
                path: root.join(&unit.folder).join(&file.path),
                key: file.key,
                wants,
            });
        }
        asked
    }
}

/// A file's path as references see it.
pub(super) fn inner_path(unit: &Unit, file: &Entry) -> String {
    let path = file.path.strip_prefix(&unit.inner);
    path.unwrap_or(&file.path).to_owned()
}
