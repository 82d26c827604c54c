//! What a session does, told to the audit log and counted.

use super::AuditSink;
use super::refusal::Refusal;
use crate::domain::audit::{Entry, Event};
use crate::domain::ids::LabelId;
use crate::meter::DoorMeter;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Tells and counts for one session.
#[derive(Clone)]
pub(super) struct Witness {
    audit: AuditSink,
    meter: Arc<DoorMeter>,
    about: Entry,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Default for Witness {
    /// Tells nobody.
    fn default() -> Self {
        Self {
            audit: Arc::new(|_| {}),
            meter: Arc::default(),
            about: Entry::new(Event::Logout),
        }
    }
}

impl Witness {
    /// For a label's session.
    pub(super) fn new(
        audit: AuditSink,
        meter: Arc<DoorMeter>,
        (label, user): (&LabelId, &str),
        from: IpAddr,
        session: u64,
    ) -> Self {
        let mut about = Entry::new(Event::Logout).from(from).by(user);
        about.label = Some(label.to_string());
        about.session = Some(session);
        Self {
            audit,
            meter,
            about,
        }
    }

    /// The counters.
    pub(super) fn meter(&self) -> &Arc<DoorMeter> {
        &self.meter
    }

    /// Something was done.
    pub(super) fn tell(&self, event: Event) {
        (self.audit)(Entry {
            event,
            ..self.about.clone()
        });
    }

    /// Counts a refusal.
    pub(super) fn count(&self, refusal: &Refusal) {
        let counter = if refusal.for_space {
            &self.meter.refused_space
        } else {
            &self.meter.refused_other
        };
        counter.one();
    }

    /// Tells of it.
    pub(super) fn refused(&self, path: &str, refusal: &Refusal) {
        self.tell(Event::Refused {
            path: path.to_owned(),
            reason: refusal.text.to_string(),
        });
    }
}
