//! The one thread that holds compiled schemas.
//!
//! libxml2's structures stay on the thread that made them, a compiled schema costs 12 MB, and a
//! validation that hangs cannot be stopped. So: one thread, started when first needed, ended after
//! a minute without work, abandoned and replaced when it does not answer in time. An abandoned
//! thread ends by itself when libxml2 lets go.

use super::schema_pins::PinnedSet;
use super::xsd::{self, Compiled, RawFault, XsdError};
use super::xsd_model::Model;
use super::xsd_words;
use crate::domain::facts::SchemaFault;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Our own schema of the guide's dialect.
const GUIDE_SCHEMA: &str = include_str!("../../schemas/guide-ern-382.xsd");

/// What to validate against.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// An installed official set: its folder and what its files have to be.
    Official(PathBuf, &'static PinnedSet),
    /// The guide's dialect.
    Guide,
}

/// What a validation gave.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Faults in our words, capped.
    pub(super) faults: Vec<SchemaFault>,
    /// All faults.
    pub(super) total: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerError {
    /// It took too long; the thread was given up.
    #[error("it took longer than {0} seconds")]
    TimedOut(u64),
    /// The schema cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The thread could not be started or died.
    #[error("the checking thread stopped")]
    Gone,
}

struct Request {
    source: Source,
    text: String,
    reply: Sender<Result<Checked, WorkerError>>,
}

#[derive(Default)]
struct State {
    requests: Option<Sender<Request>>,
    /// The newest thread; never joined, it may hang in libxml2.
    thread: Option<JoinHandle<()>>,
    /// Counts threads, so that a slow caller does not give up a newer one.
    generation: u64,
}

/// The handle: cheap when idle, safe to share.
pub(super) struct Worker {
    state: Mutex<State>,
    timeout: Duration,
    idle: Duration,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker that is not started yet. `timeout` is for one answer, waiting included; after
    /// `idle` without work the thread ends and its memory is given back.
    pub(super) fn new(timeout: Duration, idle: Duration) -> Self {
        Self {
            state: Mutex::default(),
            timeout,
            idle,
        }
    }

    /// Validates a text.
    pub(super) fn check(&self, source: &Source, text: &str) -> Result<Checked, WorkerError> {
        // A thread may end, being idle, just when we ask it: once more, with a new one.
        for _ in 0..2 {
            let (reply, answer) = channel();
            let request = Request {
                source: source.clone(),
                text: text.to_owned(),
                reply,
            };
            let generation = self.send(request)?;
            match answer.recv_timeout(self.timeout) {
                Ok(checked) => return checked,
                Err(RecvTimeoutError::Timeout) => {
                    self.abandon(generation);
                    return Err(WorkerError::TimedOut(self.timeout.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => self.abandon(generation),
            }
        }
        Err(WorkerError::Gone)
    }

    fn send(&self, mut request: Request) -> Result<u64, WorkerError> {
        let mut state = self.state();
        if let Some(requests) = &state.requests {
            match requests.send(request) {
                Ok(()) => return Ok(state.generation),
                Err(unsent) => request = unsent.0,
            }
        }
        // Sent before the thread starts: it must not find an empty inbox and end.
        let (requests, inbox) = channel();
        requests.send(request).map_err(|_| WorkerError::Gone)?;
        let idle = self.idle;
        let thread = thread::Builder::new()
            .name("xsd-worker".to_owned())
            .spawn(move || serve(&inbox, idle))
            .map_err(|_| WorkerError::Gone)?;
        state.thread = Some(thread);
        state.requests = Some(requests);
        state.generation += 1;
        Ok(state.generation)
    }

    fn abandon(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.requests = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole at every moment: a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A schema ready for use.
struct Ready {
    compiled: Compiled,
    model: Model,
}

/// Life of the thread: answers until nobody asks for `idle`, then frees everything.
fn serve(inbox: &Receiver<Request>, idle: Duration) {
    let mut ready: HashMap<&'static str, Ready> = HashMap::new();
    while let Ok(request) = inbox.recv_timeout(idle) {
        let answer = answer(&mut ready, &request);
        // A caller that gave up waiting is not there any more.
        let _unheard = request.reply.send(answer);
    }
    tracing::debug!(
        schemas = ready.len(),
        "the checking thread ends, being idle"
    );
    drop(ready);
    xsd::give_memory_back();
}

fn answer(
    ready: &mut HashMap<&'static str, Ready>,
    request: &Request,
) -> Result<Checked, WorkerError> {
    let key = match &request.source {
        Source::Official(_, set) => set.version,
        Source::Guide => "guide",
    };
    if !ready.contains_key(key) {
        ready.insert(key, prepare(&request.source)?);
    }
    let Some(schema) = ready.get(key) else {
        return Err(WorkerError::Gone);
    };
    match schema.compiled.validate(&request.text) {
        Ok(outcome) => Ok(Checked {
            faults: outcome
                .faults
                .iter()
                .map(|raw| xsd_words::say(raw, &schema.model))
                .collect(),
            total: outcome.total,
        }),
        // Our reader has let it pass: rare, and worth its own words.
        Err(XsdError::NotWellFormed { message, line }) => Ok(not_well_formed(&message, line)),
        Err(error) => Err(WorkerError::Unusable(error.to_string())),
    }
}

fn not_well_formed(message: &str, line: u32) -> Checked {
    let raw = RawFault {
        message: message.trim().to_owned(),
        line,
        ..RawFault::default()
    };
    Checked {
        faults: vec![xsd_words::not_well_formed(&raw)],
        total: 1,
    }
}

fn prepare(source: &Source) -> Result<Ready, WorkerError> {
    let unusable = |why: String| WorkerError::Unusable(why);
    match source {
        Source::Guide => Ok(Ready {
            compiled: Compiled::from_text(GUIDE_SCHEMA).map_err(|e| unusable(e.to_string()))?,
            model: Model::read(GUIDE_SCHEMA),
        }),
        Source::Official(folder, set) => {
            let main = verify(folder, set).map_err(unusable)?;
            let text = fs::read_to_string(&main).map_err(|e| unusable(e.to_string()))?;
            let compiled = Compiled::from_file(&main).map_err(|e| unusable(e.to_string()))?;
            Ok(Ready {
                compiled,
                model: Model::read(&text),
            })
        }
    }
}

/// Holds the installed files against their hashes; gives the path of the message schema.
pub(super) fn verify(folder: &Path, set: &'static PinnedSet) -> Result<PathBuf, String> {
    let main = folder.join(super::schema_pins::MAIN);
    let hash = sha256_of(&main)?;
    let known = set.mains.iter().find(|(pin, _)| pin.sha256 == hash);
    let Some((_, import)) = known else {
        return Err(format!(
            "{} is not the file that was installed",
            main.display()
        ));
    };
    let values = folder.join(import);
    let hash = sha256_of(&values)?;
    let is_known = set
        .value_sets
        .iter()
        .any(|pin| pin.name == *import && pin.sha256 == hash);
    if !is_known {
        return Err(format!(
            "{} is not the file that was installed",
            values.display()
        ));
    }
    for file in [&main, &values] {
        if let Some(remote) = remote_import(file) {
            return Err(format!(
                "{} would load {remote} from the network",
                file.display()
            ));
        }
    }
    Ok(main)
}

/// An import of a schema that does not lie beside it: libxml2 would fetch it.
fn remote_import(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("schemaLocation=") {
        let quote = after.chars().next()?;
        let value = after.get(1..)?.split(quote).next()?;
        if value.contains(['/', '\\', ':']) {
            return Some(value.to_owned());
        }
        rest = after;
    }
    None
}

/// SHA-256 of a file in lower-case hex.
pub(super) fn sha256_of(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::{Source, Worker};
    use std::time::Duration;

    #[test]
    fn an_idle_thread_ends_and_another_takes_over() {
        let worker = Worker::new(Duration::from_mins(1), Duration::ZERO);
        for generation in 1..=3 {
            let checked = worker.check(&Source::Guide, "<x/>").unwrap();
            assert_eq!(checked.total, 1);
            assert_eq!(worker.state().generation, generation, "a thread of its own");
            let has_ended = || {
                let state = worker.state();
                state
                    .thread
                    .as_ref()
                    .is_some_and(std::thread::JoinHandle::is_finished)
            };
            while !has_ended() {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_thread_that_does_not_answer_is_given_up_and_replaced() {
        let stuck = Worker::new(Duration::from_millis(1), Duration::from_mins(1));
        // An inbox that nobody serves stands for a thread that hangs.
        let (requests, _inbox) = std::sync::mpsc::channel();
        stuck.state().requests = Some(requests);
        let error = stuck.check(&Source::Guide, "<x/>").unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");
        assert!(stuck.state().requests.is_none(), "given up");
        let patient = Worker {
            timeout: Duration::from_mins(1),
            ..stuck
        };
        assert_eq!(patient.check(&Source::Guide, "<x/>").unwrap().total, 1);
        assert_eq!(patient.state().generation, 1);
    }
}
