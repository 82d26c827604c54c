//! What others know of a connection: who it is, what was tried, and how it is told to go.

use super::afterwards::Afterwards;
use super::channel::Pipe;
use super::guard::Wire;
use crate::domain::ids::LabelId;
use russh::Disconnect;
use russh::server::Handle;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// How long a connection that was told to go may take.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);
/// Longest piece of what a client says that is logged, in characters.
const MAX_LOGGED_CHARS: usize = 200;

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// What it runs over.
    pub(super) wire: Arc<Wire>,
    /// What can wait until it has nothing to read.
    pub(super) afterwards: Arc<Afterwards>,
    /// Speaks to it, once the protocol runs.
    pub(super) handle: OnceLock<Handle>,
    /// Heard once, when someone has logged in.
    pub(super) login: Notify,
    /// As whom: user name and label.
    pub(super) account: OnceLock<(String, LabelId)>,
    logged_in: AtomicBool,
    tries: Mutex<Tries>,
    pipes: Mutex<Vec<Weak<Pipe>>>,
    active: Mutex<Instant>,
}

/// What was tried on the way to a login.
#[derive(Clone, Debug, Default)]
pub(super) struct Tries {
    /// Something was asked at all, be it only which methods there are.
    pub(super) asked: bool,
    /// The last user name.
    pub(super) user: String,
    /// Keys that were offered and may not log in.
    pub(super) offered: u32,
    /// A password was refused.
    pub(super) wrong: bool,
    /// For which names; a connection has few tries.
    pub(super) refused: Vec<String>,
    /// It was for a name that no label has.
    pub(super) unknown: bool,
}

impl Link {
    /// A connection that was just accepted.
    pub(super) fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            wire: Arc::default(),
            afterwards: Arc::default(),
            handle: OnceLock::new(),
            login: Notify::new(),
            account: OnceLock::new(),
            logged_in: AtomicBool::new(false),
            tries: Mutex::default(),
            pipes: Mutex::default(),
            active: Mutex::new(Instant::now()),
        }
    }

    /// Whether someone has logged in.
    pub(super) fn is_logged_in(&self) -> bool {
        self.logged_in.load(Ordering::Relaxed)
    }

    /// Someone has logged in: told to whoever waits for it.
    pub(super) fn log_in(&self) {
        self.logged_in.store(true, Ordering::Relaxed);
        self.login.notify_one();
    }

    /// What was tried so far.
    pub(super) fn tries(&self) -> Tries {
        self.noted().clone()
    }

    /// The same, to note more.
    pub(super) fn noted(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody tries to log in under that name, and will be answered.
    pub(super) fn asked(&self, user: &str) {
        self.wire.heed();
        let mut tries = self.noted();
        tries.asked = true;
        tries.user = cut(user);
    }

    /// Whether the client waits for something that nobody will answer: it tried to log in, and what
    /// came after that is what was noted in `unheeded` at the last look.
    pub(super) fn waits_in_vain(&self, unheeded: &mut Option<u64>) -> bool {
        let now = self.wire.unheeded().filter(|_| self.noted().asked);
        let before = std::mem::replace(unheeded, now);
        now.is_some() && now == before
    }

    /// Whether a file is being written or made durable.
    pub(super) fn is_busy(&self) -> bool {
        self.pipes().iter().any(|pipe| pipe.is_busy())
    }

    /// SFTP channels that are open.
    pub(super) fn sessions(&self) -> usize {
        self.pipes().iter().filter(|pipe| !pipe.is_ended()).count()
    }

    /// Whether a request is being worked on.
    pub(super) fn is_working(&self) -> bool {
        self.pipes().iter().any(|pipe| pipe.is_working())
    }

    /// For how long one of its sessions has had something to do and got no further.
    pub(super) fn stuck_for(&self) -> Duration {
        let pipes = self.pipes();
        let longest = pipes.iter().map(|pipe| pipe.stuck_for()).max();
        longest.unwrap_or_default()
    }

    /// Time since the last SFTP bytes, or since the login.
    pub(super) fn idle(&self) -> Duration {
        self.active
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// SFTP bytes came, or someone logged in.
    pub(super) fn touch(&self) {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn pipes(&self) -> Vec<Arc<Pipe>> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.retain(|pipe| pipe.strong_count() > 0);
        pipes.iter().filter_map(Weak::upgrade).collect()
    }

    /// It has one more SFTP channel.
    pub(super) fn add(&self, pipe: &Arc<Pipe>) {
        self.pipes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(pipe));
    }

    /// Tells it to go.
    pub(super) async fn farewell(&self, words: &str) {
        let Some(handle) = self.handle.get() else {
            self.wire.cut();
            return;
        };
        let told = handle
            .disconnect(Disconnect::ByApplication, words.to_owned(), String::new())
            .await;
        if told.is_err() {
            self.wire.cut();
        }
    }

    /// Tells it to go, and cuts it when it does not.
    pub(super) async fn dismiss(self: &Arc<Self>, words: &str) {
        let in_time = timeout(FAREWELL, self.farewell(words)).await;
        if in_time.is_err() {
            self.wire.cut();
            return;
        }
        self.cut_soon();
    }

    /// Cuts it, if it was told to go and is still there after a while.
    pub(super) fn cut_soon(self: &Arc<Self>) {
        let link = Arc::clone(self);
        tokio::spawn(async move {
            sleep(FAREWELL).await;
            link.wire.cut();
        });
    }
}

/// Untrusted text, short enough for a log line.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(MAX_LOGGED_CHARS).collect()
}
