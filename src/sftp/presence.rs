//! That a session is there, and what it tells intake.
//!
//! Everyone who still works for a session holds its presence, also a commit on another thread; the
//! end of the session is told when the last of them lets go. So nothing of a session is ever told
//! after its end.

use super::EventSink;
use super::codec::Status;
use super::path::top;
use super::refusal::Refusal;
use super::witness::Witness;
use crate::domain::audit::Event;
use crate::domain::ids::LabelId;
use crate::domain::upload::UploadEvent;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// While a file is written its folder is told of at most once in this time.
const WRITING_TOLD_EVERY: Duration = Duration::from_millis(250);
/// Longest piece of a path that is logged, in characters.
const MAX_LOGGED_CHARS: usize = 300;
/// Most refusals of a session that are told in [`REFUSALS_COUNTED_FOR`]. More than any program
/// meets by mistake; who asks in vain without end would fill the disk with lines.
const MOST_REFUSALS_TOLD: u32 = 1_000;
/// After so long they are counted anew, and those not told are told as a number.
const REFUSALS_COUNTED_FOR: Duration = Duration::from_secs(10);
/// Most folders whose last telling is remembered.
const MAX_REMEMBERED_FOLDERS: usize = 256;

/// One SFTP channel of a label.
pub(super) struct Presence {
    label: LabelId,
    session: u64,
    events: EventSink,
    told: Mutex<HashMap<String, Instant>>,
    refusals: Mutex<Refusals>,
    witness: Witness,
}

/// How many refusals there were of late.
#[derive(Debug, Default)]
struct Refusals {
    since: Option<Instant>,
    count: u32,
}

impl Refusals {
    /// One more. Whether it is told, and how many before it were not and are to be told now.
    fn one(&mut self, now: Instant) -> (bool, u32) {
        let is_new = self
            .since
            .is_none_or(|since| now.duration_since(since) >= REFUSALS_COUNTED_FOR);
        let untold = if is_new { self.begin(now) } else { 0 };
        self.count = self.count.saturating_add(1);
        (self.count <= MOST_REFUSALS_TOLD, untold)
    }

    /// Counts anew; how many were not told.
    fn begin(&mut self, now: Instant) -> u32 {
        self.since = Some(now);
        std::mem::take(&mut self.count).saturating_sub(MOST_REFUSALS_TOLD)
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence")
            .field("label", &self.label)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Presence {
    /// A session begins.
    pub(super) fn new(label: LabelId, session: u64, events: EventSink) -> Self {
        Self {
            label,
            session,
            events,
            told: Mutex::default(),
            refusals: Mutex::default(),
            witness: Witness::default(),
        }
    }

    /// The same before a witness.
    #[must_use]
    pub(super) fn before(mut self, witness: Witness) -> Self {
        self.witness = witness;
        self
    }

    /// Who tells and counts what is done.
    pub(super) fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Whose session it is.
    pub(super) fn label(&self) -> &LabelId {
        &self.label
    }

    /// Its number.
    pub(super) fn session(&self) -> u64 {
        self.session
    }

    /// Something changed at a path below `/incoming`.
    pub(super) fn touched(&self, path: &str) {
        (self.events)(UploadEvent::Touched {
            label: self.label.clone(),
            folder: top(path).to_owned(),
            session: self.session,
        });
    }

    /// Whether it is time to tell again that a file in this folder is being written.
    pub(super) fn is_due(&self, path: &str) -> bool {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = told.get_mut(top(path)) {
            let due = now.duration_since(*last) >= WRITING_TOLD_EVERY;
            if due {
                *last = now;
            }
            return due;
        }
        if told.len() >= MAX_REMEMBERED_FOLDERS {
            told.clear();
        }
        told.insert(top(path).to_owned(), now);
        true
    }

    /// A name was moved. A folder directly below `/incoming` keeps its history.
    pub(super) fn renamed(&self, from: &str, to: &str) {
        let is_top = |path: &str| !path.contains('/');
        if is_top(from) && is_top(to) {
            (self.events)(UploadEvent::Renamed {
                label: self.label.clone(),
                from: from.to_owned(),
                to: to.to_owned(),
                session: self.session,
            });
            return;
        }
        if is_top(from) {
            self.removed(from);
        } else {
            self.touched(from);
        }
        if top(to) != top(from) {
            self.touched(to);
        }
    }

    /// Something was refused. That a name is not there is an everyday answer and not logged.
    pub(super) fn refused(&self, path: &str, refusal: &Refusal) {
        if refusal.status == Status::NoSuchFile {
            return;
        }
        if refusal.news {
            (self.events)(UploadEvent::OverQuota {
                label: self.label.clone(),
                folder: top(path.trim_start_matches("/incoming/")).to_owned(),
                what: refusal.text.to_string(),
            });
        }
        self.witness.count(refusal);
        if !self.may_log() {
            return;
        }
        let path: String = path.chars().take(MAX_LOGGED_CHARS).collect();
        self.witness.refused(&path, refusal);
        tracing::info!(
            label = %self.label,
            session = self.session,
            path = ?path,
            reason = %refusal.text,
            "request refused"
        );
    }

    /// Whether a line that a client can cause at will may be written; those that may not are
    /// counted, and told as a number.
    pub(super) fn may_log(&self) -> bool {
        let (may_log, untold) = {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            refusals.one(Instant::now())
        };
        self.tell_untold(untold);
        may_log
    }

    fn tell_untold(&self, untold: u32) {
        if untold == 0 {
            return;
        }
        self.witness.tell(Event::Refused {
            path: String::new(),
            reason: format!("{untold} more requests were refused"),
        });
        tracing::warn!(
            label = %self.label,
            session = self.session,
            untold,
            "a session asks in vain again and again; not every refusal is told"
        );
    }

    /// A folder was removed.
    pub(super) fn removed(&self, path: &str) {
        if path.contains('/') {
            self.touched(path);
            return;
        }
        (self.events)(UploadEvent::Removed {
            label: self.label.clone(),
            folder: path.to_owned(),
        });
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let untold = {
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            refusals.begin(Instant::now())
        };
        self.tell_untold(untold);
        (self.events)(UploadEvent::SessionEnded {
            label: self.label.clone(),
            session: self.session,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn events() -> (Arc<Mutex<Vec<UploadEvent>>>, Presence) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink: EventSink = Arc::new({
            let heard = Arc::clone(&heard);
            move |event| heard.lock().unwrap().push(event)
        });
        (heard, Presence::new(LabelId::new("L"), 3, sink))
    }

    #[test]
    fn the_end_comes_last_and_once() {
        let (heard, presence) = events();
        let presence = Arc::new(presence);
        let worker = Arc::clone(&presence);
        drop(presence);
        worker.touched("A/b.wav");
        drop(worker);
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 2);
        assert!(matches!(&heard[0], UploadEvent::Touched { folder, .. } if folder == "A"));
        assert!(matches!(
            heard[1],
            UploadEvent::SessionEnded { session: 3, .. }
        ));
    }

    #[test]
    fn moves_are_told_by_what_they_mean_for_folders() {
        let (heard, presence) = events();
        presence.renamed("A", "B");
        presence.renamed("A/x.part", "A/x.wav");
        presence.renamed("A", "batch/A");
        presence.renamed("A/sub", "B");
        let kinds: Vec<String> = heard
            .lock()
            .unwrap()
            .iter()
            .map(|event| match event {
                UploadEvent::Renamed { from, to, .. } => format!("{from}>{to}"),
                UploadEvent::Touched { folder, .. } => format!("~{folder}"),
                UploadEvent::Removed { folder, .. } => format!("-{folder}"),
                UploadEvent::SessionEnded { .. } => "end".to_owned(),
                UploadEvent::OverQuota { folder, .. } => format!("full {folder}"),
            })
            .collect();
        assert_eq!(kinds, ["A>B", "~A", "-A", "~batch", "~A", "~B"]);
    }

    #[test]
    fn of_refusals_without_end_the_rest_is_a_number() {
        let mut refusals = Refusals::default();
        let begun = Instant::now();
        let told = (0..MOST_REFUSALS_TOLD + 50)
            .filter(|_| refusals.one(begun).0)
            .count();
        assert_eq!(told, MOST_REFUSALS_TOLD as usize);
        assert_eq!(refusals.one(begun + REFUSALS_COUNTED_FOR), (true, 50));
        assert_eq!(refusals.begin(begun), 0, "told once");
    }

    #[test]
    fn writing_is_told_at_most_so_often() {
        let (_heard, presence) = events();
        assert!(presence.is_due("A/b"));
        assert!(!presence.is_due("A/c"));
        assert!(presence.is_due("B/c"));
    }
}
