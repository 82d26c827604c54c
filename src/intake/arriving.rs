//! Files that the door has hashed while they arrived: nobody here reads them for that again.

use super::Intake;
use super::hashing::{Awaited, Known, Wants};
use super::jobs::Done;
use super::state::State;
use super::whole;
use crate::domain::arrival::{Arrival, Arrivals};
use crate::domain::content::{Content, FileKey};
use std::time::SystemTime;

impl Arrivals for Intake {
    fn begun(&self, key: &FileKey) {
        self.hashes.begun(key);
    }

    fn ended(&self, arrival: Arrival<'_>, content: Option<&Content>) {
        let known = content.and_then(|content| known(&arrival, content));
        let is_known = known.is_some();
        let (key, awaited) = self.hashes.arrived(arrival.key, known);
        if !is_known && awaited == Awaited::No {
            return;
        }
        let folder = arrival.path.split('/').next().unwrap_or_default();
        let place = Some((arrival.label.clone(), folder.to_owned()));
        let path = is_known.then(|| self.places.incoming(arrival.label).join(arrival.path));
        // What is told at the CLOSE is followed by the event of the CLOSE itself. What comes later may
        // be what a folder waits for; one look for each of thousands would list it as often.
        let ring = awaited == Awaited::Last;
        self.inbox.done(Done::Arrived { place, path, key }, ring);
    }

    fn given_up(&self, key: &FileKey) {
        self.hashes.arrived(key, None);
    }

    fn moved(&self, before: &FileKey, after: &FileKey) {
        if self.hashes.moved(before, after) {
            let (place, path, key) = (None, None, *after);
            self.inbox.done(Done::Arrived { place, path, key }, false);
        }
    }
}

impl Intake {
    /// Hands on what is known of files that have arrived, once nothing that is written to them can
    /// hide behind the same key: until then another CLOSE may take it back.
    pub(super) fn hand_on(&self, state: &mut State, now: SystemTime) {
        let arrived = std::mem::take(&mut state.arrived);
        for (key, path) in arrived {
            if !key.is_settled(now) {
                state.arrived.push((key, path));
                continue;
            }
            let Some(known) = self.hashes.get(&key, Wants::default()) else {
                continue;
            };
            self.wires.memory.note_content(&key, &known.content());
            if let Some(path) = path {
                (self.wires.read)(&path, &key);
            }
        }
    }
}

/// What is remembered of it; nothing if even the little that is read beside the hashes cannot be.
fn known(arrival: &Arrival<'_>, content: &Content) -> Option<Known> {
    let broken_off = whole::breaks_off(arrival.file, arrival.key.size).ok()?;
    Some(Known {
        sha256: hex::decode(&content.sha256).ok()?,
        md5: content.md5.as_ref().and_then(|md5| hex::decode(md5).ok()),
        sha1: None,
        broken_off,
        // Handed on by `hand_on`.
        settled: false,
    })
}
