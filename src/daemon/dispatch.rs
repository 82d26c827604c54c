//! Outbox row → e-mail or push → outcome in the store.
//!
//! Every row is done at least once. A letter is rendered once and kept as bytes; a push is taken
//! with epoch and attempt, so that a worker of a daemon that was killed cannot speak for it.

use super::clock;
use super::live::{Live, Parts};
use crate::deliver;
use crate::domain::backoff::Backoff;
use crate::domain::dsp::DspProfile;
use crate::domain::fault::Fault;
use crate::domain::letter::Due;
use crate::domain::push::Claimed;
use crate::store::{PushError, Store, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

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

/// Pushes until `stop`; then lets running pushes end for `drain`, and leaves the rest to the next
/// start, which finds them orphaned and repeats them safely.
pub async fn pushes(
    store: Store,
    live: Arc<Live>,
    epoch: u64,
    mut stop: tokio::sync::watch::Receiver<bool>,
    drain: Duration,
) {
    let mut running: JoinSet<String> = JoinSet::new();
    let mut busy: HashMap<String, u32> = HashMap::new();
    loop {
        let begun = begin(&store, &live.parts(), epoch, &mut running, &mut busy).await;
        tokio::select! {
            Some(done) = running.join_next(), if !running.is_empty() => release(done, &mut busy),
            () = tokio::time::sleep(if begun { Duration::ZERO } else { LOOK }) => {}
            _ = stop.changed() => break,
        }
    }
    let end = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, end).await.is_err() {
        tracing::warn!("pushes are still running; the next start repeats them");
    }
}

fn release(done: Result<String, tokio::task::JoinError>, busy: &mut HashMap<String, u32>) {
    match done {
        Ok(dsp) => {
            if let Some(count) = busy.get_mut(&dsp) {
                *count = count.saturating_sub(1);
            }
        }
        Err(error) => {
            // Which DSP it was is lost with the task; count afresh rather than never push again.
            busy.clear();
            tracing::error!(%error, "a push worker died; its push is repeated after a restart");
        }
    }
}

/// Takes what is due and starts it; `true` when anything was started.
async fn begin(
    store: &Store,
    parts: &Arc<Parts>,
    epoch: u64,
    running: &mut JoinSet<String>,
    busy: &mut HashMap<String, u32>,
) -> bool {
    let mut begun = false;
    for profile in parts.profiles.iter().filter(|profile| profile.enabled) {
        let count = busy.entry(profile.id.to_string()).or_insert(0);
        if *count >= profile.concurrency.max(1)
            || running.len() >= parts.config.deliver.workers.max(1) as usize
        {
            continue;
        }
        let (asked, dsp) = (store.clone(), profile.id.clone());
        let claim =
            tokio::task::spawn_blocking(move || asked.claim_push(&dsp, epoch, clock::now())).await;
        match claim {
            Ok(Ok(Some(claimed))) => {
                *count += 1;
                begun = true;
                let (store, parts, profile) = (store.clone(), Arc::clone(parts), profile.clone());
                running.spawn(async move { push(&store, &parts, &profile, claimed).await });
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %super::words(&error), "pushes cannot be read");
            }
            Err(error) => tracing::error!(%error, "pushes cannot be read"),
        }
    }
    begun
}

/// One push from claim to outcome. Gives the DSP back, for the count.
async fn push(store: &Store, parts: &Arc<Parts>, profile: &DspProfile, claimed: Claimed) -> String {
    super::crash_point("push.after_claim");
    let sending = send(
        store.clone(),
        Arc::clone(parts),
        profile.clone(),
        claimed.clone(),
    );
    // A task of its own: a panic in it is one failed try, which is recorded like any other.
    let outcome = tokio::spawn(sending).await.unwrap_or_else(|error| {
        Err(Fault::transient(
            "push_died",
            format!("the push worker died: {error}"),
        ))
    });
    super::crash_point("push.before_mark");
    let (recorder, push) = (store.clone(), claimed.clone());
    let backoff = parts.config.deliver.backoff();
    let recorded =
        tokio::task::spawn_blocking(move || record(&recorder, &push, outcome, &backoff)).await;
    match recorded {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(push.id = %claimed.push.id, error = %super::words(&error), "push could not be recorded");
        }
        Err(error) => {
            tracing::error!(push.id = %claimed.push.id, %error, "push could not be recorded");
        }
    }
    profile.id.to_string()
}

async fn send(
    store: Store,
    parts: Arc<Parts>,
    profile: DspProfile,
    claimed: Claimed,
) -> Result<String, Fault> {
    let id = claimed.push.package.clone();
    let read = tokio::task::spawn_blocking(move || -> Result<_, StoreError> {
        Ok((store.package(&id)?, store.manifest(&id)?))
    });
    let broken =
        |words: String| Fault::transient("store", format!("the package cannot be read: {words}"));
    let (package, manifest) = match read.await {
        Ok(Ok((Some(package), Some(manifest)))) => (package, manifest),
        Ok(Ok(_)) => {
            return Err(Fault::permanent(
                "no_package",
                "the package or its manifest is not in the store",
            ));
        }
        Ok(Err(error)) => return Err(broken(super::words(&error))),
        Err(error) => return Err(broken(error.to_string())),
    };
    let spool = parts.config.places().package(&package.id);
    let plan = deliver::plan(&package, &manifest, &spool, &profile)?;
    deliver::send(&profile, &claimed, &plan).await
}

fn record(
    store: &Store,
    claimed: &Claimed,
    outcome: Result<String, Fault>,
    backoff: &Backoff,
) -> Result<(), PushError> {
    let push = &claimed.push;
    let now = clock::now();
    match outcome {
        Ok(location) => {
            tracing::info!(push.id = %push.id, package.id = %push.package, dsp = %push.dsp, location, "pushed");
            store.push_sent(claimed, &location, now)
        }
        Err(fault) => {
            let failures = store.push_failures(&push.id)? + 1;
            let wait = backoff.wait(failures, rand::random());
            if let Some(wait) = wait.filter(|_| fault.is_transient()) {
                tracing::warn!(push.id = %push.id, dsp = %push.dsp, %fault, "push postponed");
                store.push_postponed(claimed, &fault.text, later(wait), now)
            } else {
                tracing::error!(push.id = %push.id, dsp = %push.dsp, %fault, "push given up");
                store.push_given_up(claimed, &fault.text, now)
            }
        }
    }
}

fn later(wait: Duration) -> Timestamp {
    let wait = jiff::SignedDuration::try_from(wait).unwrap_or(jiff::SignedDuration::from_hours(1));
    clock::now()
        .checked_add(wait)
        .unwrap_or_else(|_| clock::now())
}
