//! Outbox row → e-mail → outcome in the store. Every row is done at least once; a letter is rendered
//! once and kept as bytes. Pushes are in `shipping`.

use super::clock;
use super::live::{Live, Parts};
use crate::domain::backoff::Backoff;
use crate::domain::fault::Fault;
use crate::domain::letter::Due;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Sends letters until `stop`. Plain and blocking, on a thread of its own.
pub fn letters(store: &Store, live: &Live, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match store.due_letter(clock::now()) {
            Ok(Some(due)) => {
                if let Err(error) = letter(store, &live.parts(), &due) {
                    tracing::error!(letter.id = %due.id, error = %super::words(&error), "letter could not be recorded");
                    std::thread::sleep(LOOK);
                }
            }
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) => {
                tracing::error!(error = %super::words(&error), "the outbox cannot be read");
                std::thread::sleep(LOOK);
            }
        }
    }
}

fn letter(store: &Store, parts: &Parts, due: &Due) -> Result<(), StoreError> {
    let mime = if let Some(mime) = &due.mime {
        mime.clone()
    } else {
        let mime = parts.post.render(due, &store.letter_subject(due)?);
        store.letter_rendered(&due.id, &mime)?;
        mime
    };
    super::crash_point("mail.before_send");
    match parts.post.send(due, &mime) {
        Ok(()) => {
            super::crash_point("mail.before_mark");
            tracing::info!(letter.id = %due.id, package.id = %due.package, kind = due.kind.as_str(), "letter sent");
            store.letter_sent(&due.id, clock::now())
        }
        Err(fault) => postpone_letter(store, due, &fault, &parts.config.notify.backoff()),
    }
}

fn postpone_letter(
    store: &Store,
    due: &Due,
    fault: &Fault,
    backoff: &Backoff,
) -> Result<(), StoreError> {
    let wait = backoff.wait(due.attempts + 1, rand::random());
    if let Some(wait) = wait.filter(|_| fault.is_transient()) {
        tracing::warn!(letter.id = %due.id, kind = due.kind.as_str(), %fault, "letter postponed");
        store.letter_postponed(&due.id, later(wait), &fault.text)
    } else {
        tracing::error!(letter.id = %due.id, kind = due.kind.as_str(), %fault, "letter given up");
        store.letter_dead(&due.id, &fault.text, clock::now())
    }
}

/// That far from now.
pub(super) fn later(wait: Duration) -> Timestamp {
    let wait = jiff::SignedDuration::try_from(wait).unwrap_or(jiff::SignedDuration::from_hours(1));
    clock::now()
        .checked_add(wait)
        .unwrap_or_else(|_| clock::now())
}
