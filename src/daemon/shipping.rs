//! Pushes: claimed → prepared → sent, asked about, or put off; and what DSPs answer.
//!
//! A push is taken with epoch and attempt, so that a worker of a daemon that was killed cannot speak
//! for it. Before the step that a DSP could see, the store is told; from there on a push that was cut
//! is asked about and not sent again.

mod recording;

use super::clock;
use super::live::{Live, Parts};
use super::prepare::{self, Ready};
use super::update;
use crate::deliver::{self, Found, Part, Throttle, Trip};
use crate::domain::dsp::{Choreography, DspProfile};
use crate::domain::ern;
use crate::domain::fault::Fault;
use crate::domain::ids::DspId;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::{Claimed, Push, Shipment};
use crate::store::{AckFile, LongestWaits, PushFilter, Store};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How often times that a wrong clock wrote are looked for.
const MEND: Duration = Duration::from_secs(60);

/// Faults that say that a DSP as a whole cannot be reached. They count against it, not against the
/// push that found out.
const UNREACHABLE: [&str; 3] = ["dsp_unreachable", "dsp_timeout", "folder_missing"];

/// What a worker works with.
#[derive(Clone)]
struct Worker {
    store: Store,
    parts: Arc<Parts>,
    profile: DspProfile,
    throttle: Option<Arc<Throttle>>,
}

/// What runs, and what is remembered between two looks.
#[derive(Default)]
struct Desk {
    running: JoinSet<DspId>,
    listening: JoinSet<DspId>,
    busy: HashMap<DspId, u32>,
    throttles: HashMap<DspId, Arc<Throttle>>,
    listened: HashMap<DspId, Instant>,
    mended: Option<Instant>,
}

/// Pushes until `stop`; then lets running pushes end for `drain`, and leaves the rest to the next
/// start, which finds them orphaned and repeats them safely.
pub async fn run(
    store: Store,
    live: Arc<Live>,
    epoch: u64,
    mut stop: watch::Receiver<bool>,
    drain: Duration,
) {
    let mut desk = Desk::default();
    loop {
        let parts = live.parts();
        desk.mend_times(&store, &parts).await;
        desk.listen(&store, &parts);
        let begun = desk.begin(&store, &parts, epoch).await;
        tokio::select! {
            Some(done) = desk.running.join_next(), if !desk.running.is_empty() => desk.release(done),
            Some(_) = desk.listening.join_next(), if !desk.listening.is_empty() => {}
            () = tokio::time::sleep(if begun { Duration::ZERO } else { LOOK }) => {}
            _ = stop.changed() => break,
        }
    }
    desk.listening.abort_all();
    let end = async { while desk.running.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, end).await.is_err() {
        tracing::warn!("pushes are still running; the next start repeats them");
    }
}

impl Desk {
    /// Makes due what a wrong clock put off for longer than we ever wait.
    async fn mend_times(&mut self, store: &Store, parts: &Arc<Parts>) {
        if self.mended.is_some_and(|last| last.elapsed() < MEND) {
            return;
        }
        self.mended = Some(Instant::now());
        let longest = LongestWaits {
            push: parts.config.deliver.backoff().longest(),
            letter: parts.config.notify.backoff().longest(),
        };
        let store = store.clone();
        let mended =
            tokio::task::spawn_blocking(move || store.mend_times(longest, clock::now())).await;
        match mended {
            Ok(Ok(mended)) if mended.is_nothing() => {}
            Ok(Ok(mended)) => tracing::warn!(
                pushes = mended.pushes,
                letters = mended.letters,
                dsps = mended.gates,
                "the clock was wrong when these were put off; they are due now"
            ),
            Ok(Err(error)) => {
                tracing::error!(error = %super::words(&error), "times that a wrong clock wrote cannot be mended");
            }
            Err(error) => {
                tracing::error!(%error, "times that a wrong clock wrote cannot be mended");
            }
        }
    }

    fn release(&mut self, done: Result<DspId, tokio::task::JoinError>) {
        match done {
            Ok(dsp) => {
                if let Some(count) = self.busy.get_mut(&dsp) {
                    *count = count.saturating_sub(1);
                }
            }
            Err(error) => {
                // Which DSP it was is lost with the task; count afresh rather than never push again.
                self.busy.clear();
                tracing::error!(%error, "a push worker died; its push is repeated after a restart");
            }
        }
    }

    /// Takes what is due and starts it; `true` when anything was started.
    async fn begin(&mut self, store: &Store, parts: &Arc<Parts>, epoch: u64) -> bool {
        let mut begun = false;
        for profile in parts.profiles.iter().filter(|profile| profile.enabled) {
            let count = self.busy.entry(profile.id.clone()).or_insert(0);
            if *count >= profile.concurrency.max(1)
                || self.running.len() >= parts.config.deliver.workers.max(1) as usize
            {
                continue;
            }
            let batching = (profile.choreography == Choreography::Batch).then_some(profile.batch);
            let (asked, dsp) = (store.clone(), profile.id.clone());
            let claim = tokio::task::spawn_blocking(move || {
                asked.claim_shipment(&dsp, batching, epoch, clock::now())
            });
            match claim.await {
                Ok(Ok(Some(shipment))) => {
                    *count += 1;
                    begun = true;
                    let worker = Worker {
                        store: store.clone(),
                        parts: Arc::clone(parts),
                        profile: profile.clone(),
                        throttle: throttle(&mut self.throttles, profile),
                    };
                    self.running.spawn(worker.ship(shipment));
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

    /// Looks for acknowledgements where it is time.
    fn listen(&mut self, store: &Store, parts: &Arc<Parts>) {
        let period = Duration::from_secs(parts.config.deliver.acknowledgements_seconds.max(1));
        for profile in parts.profiles.iter().filter(|profile| profile.enabled) {
            let is_time = self
                .listened
                .get(&profile.id)
                .is_none_or(|last| last.elapsed() >= period);
            if profile.acknowledgements.is_empty() || !is_time {
                continue;
            }
            self.listened.insert(profile.id.clone(), Instant::now());
            let (store, profile) = (store.clone(), profile.clone());
            self.listening.spawn(async move {
                if let Err(why) = hear(&store, &profile).await {
                    tracing::warn!(dsp = %profile.id, why, "acknowledgements cannot be read; tried again later");
                }
                profile.id
            });
        }
    }
}

/// One for each DSP, made anew when its limit changes.
fn throttle(
    throttles: &mut HashMap<DspId, Arc<Throttle>>,
    profile: &DspProfile,
) -> Option<Arc<Throttle>> {
    if profile.bandwidth_kib == 0 {
        throttles.remove(&profile.id);
        return None;
    }
    let known = throttles.get(&profile.id);
    if let Some(known) = known.filter(|known| known.kib() == profile.bandwidth_kib) {
        return Some(Arc::clone(known));
    }
    let fresh = Arc::new(Throttle::new(profile.bandwidth_kib));
    throttles.insert(profile.id.clone(), Arc::clone(&fresh));
    Some(fresh)
}

/// Why a shipment did not end well.
struct Failed {
    fault: Fault,
    /// Those that were still in it.
    members: Vec<Claimed>,
}

impl Worker {
    /// One shipment from claim to outcome. Gives the DSP back, for the count.
    async fn ship(self, shipment: Shipment) -> DspId {
        super::crash_point("push.after_claim");
        let dsp = self.profile.id.clone();
        let is_question = shipment
            .members
            .iter()
            .all(|member| member.push.state == PushState::SentUnknown);
        let (worker, members) = (self.clone(), shipment.members.clone());
        // A task of its own: a panic in it is one failed try, which is recorded like any other.
        let work = tokio::spawn(async move {
            if is_question {
                worker.inquire(shipment).await
            } else {
                worker.send(shipment).await
            }
        });
        let outcome = work.await.unwrap_or_else(|error| {
            Err(Failed {
                fault: Fault::transient("push_died", format!("the push worker died: {error}")),
                members,
            })
        });
        if let Err(failed) = outcome {
            let members = failed.members.clone();
            self.settle(members, move |worker| {
                worker.put_off(&failed.fault, &failed.members)
            })
            .await;
        }
        dsp
    }

    /// Makes what is to be sent and sends it. Members that cannot be prepared leave the shipment and
    /// are recorded for themselves.
    async fn send(&self, shipment: Shipment) -> Result<(), Failed> {
        let worker = self.clone();
        let claims = shipment.members.clone();
        let is_batch = shipment.batch.is_some();
        let prepared = tokio::task::spawn_blocking(move || worker.prepare(claims, is_batch)).await;
        let prepared = prepared.map_err(|error| Failed {
            fault: Fault::transient("push_died", format!("the push worker died: {error}")),
            members: shipment.members.clone(),
        })?;
        if prepared.is_empty() {
            return Ok(());
        }
        let (members, parts): (Vec<Claimed>, Vec<Part>) = prepared.into_iter().unzip();
        let trip = Arc::new(self.trip(&members));
        let outcome = self.bring(&shipment, &parts, &trip).await;
        super::crash_point("push.before_mark");
        let owned = members.clone();
        self.settle(members, move |worker| {
            worker.record(outcome, &trip, owned, &parts)
        })
        .await;
        Ok(())
    }

    async fn bring(
        &self,
        shipment: &Shipment,
        parts: &[Part],
        trip: &Trip,
    ) -> Result<String, Fault> {
        let us = self.parts.config.party.clone();
        let plan = deliver::assemble(&self.profile, &us, parts, shipment.batch.as_deref())?;
        deliver::send(&self.profile, &shipment.attempt, &plan, trip).await
    }

    /// The store hears of the moment before the DSP could see anything.
    fn trip(&self, members: &[Claimed]) -> Trip {
        let (store, members) = (self.store.clone(), members.to_vec());
        Trip::new(self.throttle.clone(), move |place| {
            let (store, members) = (store.clone(), members.clone());
            async move {
                let told = tokio::task::spawn_blocking(move || {
                    store.push_revealing(&members, &place, clock::now())
                });
                let unsaid = |words: String| {
                    Fault::transient(
                        "store",
                        format!(
                            "it could not be written down that the release becomes visible: {words}"
                        ),
                    )
                };
                match told.await {
                    Ok(Ok(())) => {
                        super::crash_point("push.revealing");
                        Ok(())
                    }
                    Ok(Err(error)) => Err(unsaid(super::words(&error))),
                    Err(error) => Err(unsaid(error.to_string())),
                }
            }
        })
    }

    /// Blocking.
    fn prepare(&self, claims: Vec<Claimed>, is_batch: bool) -> Vec<(Claimed, Part)> {
        let mut all = Vec::new();
        for claimed in claims {
            let now = clock::now();
            let ready =
                update::is_newest(&self.store, &self.profile, &claimed.push).and_then(|()| {
                    prepare::ready(&self.store, &self.parts, &self.profile, &claimed.push, now)
                });
            let recorded = match ready {
                Ok(Ready { part, made }) => self.prepared(&claimed, &made).map(|()| Some(part)),
                Err(fault) => {
                    // The others of a batch go without it.
                    let left = is_batch.then(|| self.leaves_batch(&claimed)).transpose();
                    left.and_then(|_| self.put_off(&fault, std::slice::from_ref(&claimed)))
                        .map(|()| None)
                }
            };
            match recorded {
                Ok(Some(part)) => all.push((claimed, part)),
                Ok(None) => {}
                Err(error) => self.unwritten(std::slice::from_ref(&claimed), &error),
            }
        }
        all
    }

    /// Asks for what may be there. An answer of the DSP's own (an acknowledgement) may come first.
    async fn inquire(&self, shipment: Shipment) -> Result<(), Failed> {
        let members = shipment.members.clone();
        let failed = |fault: Fault| Failed {
            fault,
            members: members.clone(),
        };
        let worker = self.clone();
        let (batch, first) = (shipment.batch.clone(), shipment.members.clone());
        let parts = tokio::task::spawn_blocking(move || worker.sent_before(batch, &first)).await;
        let parts = parts
            .unwrap_or_else(|error| Err(Fault::transient("push_died", error.to_string())))
            .map_err(failed)?;
        let us = self.parts.config.party.clone();
        let plan = deliver::assemble(&self.profile, &us, &parts, shipment.batch.as_deref())
            .map_err(failed)?;
        let found = deliver::ask(&self.profile, &shipment.attempt, &plan)
            .await
            .map_err(failed)?;
        let owned = members.clone();
        self.settle(members, move |worker| match found {
            Found::Whole(location) => worker.arrived(&location, &owned),
            Found::Absent => worker.absent(&owned),
            Found::Gone(why) => {
                let text = format!(
                    "{why} Nothing is sent again by itself. Ask the DSP, then `dropzone push confirm` or `dropzone push resend`."
                );
                worker.put_off(&Fault::transient("sent_unknown", text), &owned)
            }
        })
        .await;
        Ok(())
    }

    /// The parts of what was sent: of a batch also those that are out of question by now. Blocking.
    fn sent_before(&self, batch: Option<String>, members: &[Claimed]) -> Result<Vec<Part>, Fault> {
        let pushes: Vec<Push> = match batch {
            None => members.iter().map(|claimed| claimed.push.clone()).collect(),
            Some(_) => self
                .store
                .pushes(&PushFilter {
                    batch,
                    ..PushFilter::default()
                })
                .map_err(|error| Fault::transient("store", super::words(&error)))?
                .into_iter()
                .filter(|push| push.state == PushState::SentUnknown || push.state.has_arrived())
                .collect(),
        };
        let mut parts = Vec::new();
        for push in pushes {
            let places = self.parts.config.places();
            let work = places.outgoing(&push.id);
            let is_kept = push
                .message_id
                .as_deref()
                .is_none_or(|id| deliver::made_before(&work, id).is_some());
            if !is_kept {
                return Err(Fault::permanent(
                    "no_record",
                    format!(
                        "What was sent is not known here any more ({} is gone), so the DSP cannot be asked for it. Ask them by another way, then `dropzone push confirm` or `dropzone push resend`.",
                        work.display()
                    ),
                ));
            }
            let now = clock::now();
            let ready = prepare::ready(&self.store, &self.parts, &self.profile, &push, now)?;
            parts.push(ready.part);
        }
        Ok(parts)
    }
}

/// Reads the acknowledgements of a DSP that are new, into their pushes.
async fn hear(store: &Store, profile: &DspProfile) -> Result<(), String> {
    let asked = store.clone();
    let dsp = profile.id.clone();
    let is_known = move |name: &str, size: u64| {
        let file = AckFile {
            dsp: dsp.clone(),
            name: name.to_owned(),
            size,
        };
        // What cannot be told is read again: taking it in twice changes nothing.
        asked.knows_acknowledgement(&file).unwrap_or(false)
    };
    let left = deliver::acknowledgements(profile, &is_known)
        .await
        .map_err(|fault| fault.text)?;
    for file in left {
        let read = ern::read_acknowledgement(&file.content);
        let known = AckFile {
            dsp: profile.id.clone(),
            name: file.name,
            size: file.size,
        };
        if let Err(why) = &read {
            tracing::warn!(dsp = %profile.id, file = ?known.name, why, "an acknowledgement cannot be understood");
        }
        let store = store.clone();
        let taken = tokio::task::spawn_blocking(move || {
            store
                .acknowledge(&known, read, clock::now())
                .map(|about| (known, about))
        });
        let (known, about) = taken
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| super::words(&error))?;
        tracing::info!(dsp = %profile.id, file = ?known.name, pushes = about.len(), "acknowledgement read");
    }
    Ok(())
}
