//! Files that the door has hashed while they arrived: nobody here reads them for that again.

use super::Intake;
use super::hashing::{Awaited, Known};
use super::jobs::Done;
use super::whole;
use crate::domain::arrival::{Arrival, Arrivals};
use crate::domain::content::{Content, FileKey};

impl Arrivals for Intake {
    fn begun(&self, key: &FileKey) {
        self.hashes.begun(key);
    }

    fn ended(&self, arrival: Arrival<'_>, content: Option<&Content>) {
        let known = content.and_then(|content| known(&arrival, content));
        let is_known = known.is_some();
        let (key, awaited) = self.hashes.arrived(arrival.key, known);
        if let Some(content) = content.filter(|_| is_known) {
            self.wires.memory.note_content(&key, content);
        }
        if !is_known && awaited == Awaited::No {
            return;
        }
        let folder = arrival.path.split('/').next().unwrap_or_default();
        let place = (arrival.label.clone(), folder.to_owned());
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
        if let Some(known) = self.hashes.moved(before, after) {
            self.wires.memory.note_content(after, &known.content());
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
        // Between the last byte and the key lies nothing but the door's own rename.
        settled: true,
    })
}
