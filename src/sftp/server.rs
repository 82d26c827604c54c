//! The door: accepts connections, bounds them, and closes when told.
//!
//! The accept loop is ours because russh's ends at the first error (one EMFILE and nobody can
//! deliver any more), gives unauthenticated connections for ever, and cannot drain.

use super::admission::{Admission, Turned};
use super::algorithms::{self, Legacy};
use super::auth::Authenticator;
use super::bounds::{Crowd, Seat};
use super::connection::{Connection, Waiting, methods};
use super::fence::Fence;
use super::guard::Guarded;
use super::hashers::{Desk, Hashers};
use super::keys::{HostKeyError, fingerprint, load_or_create};
use super::link::{FAREWELL, Link};
use super::prompt::Prompt;
use super::spaces::Spaces;
use super::tree::Tree;
use super::{AuditSink, EventSink, Settings, Wires};
use crate::domain::access::Barred;
use crate::domain::audit::{Entry, Event};
use crate::domain::ids::LabelId;
use crate::domain::net::Net;
use crate::domain::penalty::Penalty;
use crate::domain::places::Places;
use crate::domain::upload::{Busy, Gate};
use crate::meter::DoorMeter;
use jiff::Timestamp;
use russh::SshId;
use russh::server::{Config, run_stream};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// What the server says it is. No version: it helps only those who look for weak ones.
const SERVER_ID: &str = "SSH-2.0-dropzone";
/// Shortest answer to an offered key that is not known.
const OFFER_REFUSAL_TIME: Duration = Duration::from_millis(50);
/// Most refused tries of one connection, offered keys included: an agent may hold many.
const MAX_TRIES: usize = 20;
/// Larger packets are a little faster, but some clients break on them.
const MAX_SSH_PACKET_BYTES: u32 = 32_768;
/// How long nothing may be accepted after the system ran out of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often the drain looks who is still busy.
const DRAIN_TICK: Duration = Duration::from_millis(50);
/// How often the account of a connection is looked at: one that is disabled may not go on.
const ACCOUNT_LOOK: Duration = Duration::from_secs(5);
/// How often one is looked at that has not logged in.
const LOGIN_LOOK: Duration = Duration::from_secs(1);
/// What is said to a client that asked again for the login's service; see `guard`.
const ASKS_ANEW: &str = "this server does not answer a second SERVICE_REQUEST, which paramiko sends \
     before each further try to log in. Use SSHClient.connect(..., \
     transport_factory=paramiko.ServiceRequestingTransport), or let it try one thing only: \
     look_for_keys=False, allow_agent=False";
/// A connection that answers nothing and takes nothing is given up after this time.
const SILENCE: Duration = Duration::from_mins(5);

/// Why the door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The host keys.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// The threads that hash.
    #[error("a thread for hashes cannot be started: {0}")]
    Threads(#[source] io::Error),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Before an SSH greeting came: a port scan, a health check, or someone who speaks otherwise.
    Silent,
    /// It used up the time for the login.
    Late,
    /// It knows none of our algorithms.
    Strange,
    /// In another way.
    Over,
    /// Because the server stops.
    Draining,
}

/// The SFTP server. Owns the tables of open files and closed folders of all labels.
pub struct Door {
    settings: Settings,
    places: Places,
    authenticator: Authenticator,
    admission: Admission,
    events: EventSink,
    audit: AuditSink,
    meter: Arc<DoorMeter>,
    clock: fn() -> Timestamp,
    config: Arc<Config>,
    draining: Arc<AtomicBool>,
    numbers: AtomicU64,
    fences: Mutex<HashMap<LabelId, Arc<Fence>>>,
    trees: Mutex<HashMap<LabelId, Weak<Tree>>>,
    spaces: Spaces,
    hashers: Hashers,
    connections: Crowd<LabelId>,
    sessions: Crowd<LabelId>,
    links: Mutex<HashMap<u64, Arc<Link>>>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Door {
    /// Loads or creates the host keys. Blocks.
    pub fn new(settings: Settings, places: Places, wires: Wires) -> Result<Arc<Self>, StartError> {
        let legacy = &settings.legacy_algorithms;
        algorithms::warn(legacy);
        let keys = load_or_create(&places.host_keys(), legacy.contains(&Legacy::RsaHostKey))?;
        let config = Arc::new(config(&settings, keys));
        let spaces = Spaces::new(&settings, Arc::clone(&wires.accounts));
        let admission = Admission::new(&settings, &wires);
        let desk = Desk::new(Arc::clone(&wires.arrivals), Arc::clone(&wires.meter));
        let hashers = Hashers::start(Arc::new(desk)).map_err(StartError::Threads)?;
        let authenticator = Authenticator::new(
            wires.accounts,
            settings.password_hashes_at_once,
            legacy.contains(&Legacy::SshRsa),
        );
        Ok(Arc::new(Self {
            settings,
            places,
            authenticator,
            admission,
            events: wires.events,
            audit: wires.audit,
            meter: wires.meter,
            clock: wires.clock,
            config,
            draining: Arc::default(),
            numbers: AtomicU64::new(0),
            fences: Mutex::default(),
            trees: Mutex::default(),
            spaces,
            hashers,
            connections: Crowd::default(),
            sessions: Crowd::default(),
            links: Mutex::default(),
        }))
    }

    /// Fingerprints of the host keys, as clients show them: `ED25519 SHA256:…`.
    pub fn fingerprints(&self) -> Vec<String> {
        self.config.keys.iter().map(fingerprint).collect()
    }

    /// The gate of the labels' folders, for who claims them.
    pub fn gate(self: &Arc<Self>) -> Arc<dyn Gate> {
        Arc::new(DoorGate(Arc::clone(self)))
    }

    /// What sources owe for failed logins.
    pub fn penalties(&self) -> Vec<Penalty> {
        self.admission.list()
    }

    /// Takes over what they owed before a restart.
    pub fn restore_penalties(&self, list: Vec<Penalty>) {
        self.admission.restore(list);
    }

    /// Forgets what sources in that network owe. Says by how many.
    pub fn forgive(&self, net: &Net) -> usize {
        self.admission.penalties().forgive(net)
    }

    /// Whether the server was told to stop: uploads are finished, and none is begun.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Connections that are open, logged in or not.
    pub fn connections(&self) -> usize {
        self.links().len()
    }

    /// Bytes of files on their way that are kept in memory to be hashed.
    pub fn held_bytes(&self) -> usize {
        self.hashers.desk().held()
    }

    /// SFTP sessions that are open.
    pub fn sessions(&self) -> usize {
        self.links().iter().map(|link| link.sessions()).sum()
    }

    /// Serves until `stop` turns true or its sender is gone. Then nothing new is accepted, files
    /// being written may be finished for `drain_seconds`, and what is left is cut.
    pub async fn run(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let total = Arc::new(Semaphore::new(self.settings.max_connections));
        let waiting_room = Arc::new(Semaphore::new(self.settings.max_unauthenticated));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            };
            let places = (
                Arc::clone(&total).try_acquire_owned(),
                Arc::clone(&waiting_room).try_acquire_owned(),
            );
            if let (Ok(place), Ok(waiting)) = places {
                connections.spawn(Arc::clone(&self).serve(stream, peer, place, waiting));
            } else {
                // Dropped at once: whoever floods us costs no more than the accept.
                self.admission.turn_away(&stream, peer, Turned::Full);
            }
        }
        drop(listener);
        self.draining.store(true, Ordering::Relaxed);
        self.drain().await;
        connections.shutdown().await;
    }

    /// One connection, from accept to end.
    async fn serve(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: SocketAddr,
        _place: OwnedSemaphorePermit,
        waiting: OwnedSemaphorePermit,
    ) {
        let deadline = Instant::now() + Duration::from_secs(self.settings.login_grace_seconds);
        // Without it runs drop to half their speed at random.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "TCP_NODELAY cannot be set");
        }
        let Some(peer) = self.admission.address(&mut stream, peer).await else {
            return;
        };
        if self.admission.is_refused(&stream, peer) {
            return;
        }
        let Some(of_its_source) = self.admission.wait(peer.ip()) else {
            self.admission.turn_away(&stream, peer, Turned::Network);
            return;
        };
        let waiting = (waiting, of_its_source);
        self.meter.connections.one();
        let link = Arc::new(Link::new(peer));
        let _listed = self.list(&link);
        let ending = Arc::clone(&self)
            .converse(stream, &link, waiting, deadline)
            .await;
        let ending = if self.is_draining() {
            Ending::Draining
        } else {
            ending
        };
        self.admission.ended(&link, ending);
    }

    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        link: &Arc<Link>,
        waiting: Waiting,
        deadline: Instant,
    ) -> Ending {
        let peer = link.peer;
        let guarded = Guarded::new(
            Prompt::new(stream),
            Arc::clone(&link.wire),
            Arc::clone(&link.afterwards),
        );
        let connection = Connection::new(Arc::clone(&self), Arc::clone(link), waiting);
        let begun = run_stream(Arc::clone(&self.config), guarded, connection);
        let mut running = match timeout_at(deadline, begun).await {
            Ok(Ok(running)) => running,
            Ok(Err(error)) => {
                if is_false_header(&error) {
                    self.admission.turned(peer, Turned::Proxy);
                }
                tracing::debug!(%peer, %error, "no SSH connection");
                return Ending::Silent;
            }
            Err(_) => {
                tracing::info!(%peer, "connection cut: nothing was said within the login time");
                return Ending::Late;
            }
        };
        // Set once here; a connection has one handle.
        link.handle.set(running.handle()).unwrap_or_default();
        let mut late = false;
        let mut unheeded = None;
        loop {
            tokio::select! {
                outcome = &mut running => return self.concluded(peer, outcome),
                () = link.login.notified() => {}
                () = sleep_until(self.next_look(link, deadline)) => {
                    if link.is_logged_in() {
                        if self.is_over(link).await {
                            break;
                        }
                    } else if Instant::now() >= deadline {
                        tracing::info!(%peer, "connection cut: no login within the login time");
                        link.wire.cut();
                        late = true;
                        break;
                    } else if link.waits_in_vain(&mut unheeded) {
                        tracing::info!(%peer, "connection closed: {ASKS_ANEW}");
                        link.dismiss(ASKS_ANEW).await;
                        break;
                    }
                }
            }
        }
        let ending = self.concluded(peer, running.await);
        if late { Ending::Late } else { ending }
    }

    /// When a connection is looked at again.
    fn next_look(&self, link: &Link, deadline: Instant) -> Instant {
        if !link.is_logged_in() {
            return deadline.min(Instant::now() + LOGIN_LOOK);
        }
        let idle = Duration::from_secs(self.settings.idle_seconds);
        let until_idle = idle.saturating_sub(link.idle()).max(DRAIN_TICK);
        let stuck = Duration::from_secs(self.settings.stuck_seconds);
        Instant::now() + until_idle.min(ACCOUNT_LOOK).min(stuck)
    }

    /// Looks at a connection that is logged in, and tells it to go when its time is over.
    async fn is_over(self: &Arc<Self>, link: &Arc<Link>) -> bool {
        let peer = link.peer;
        if let Some(why) = self.dismissed(link).await {
            tracing::info!(%peer, why = why.as_str(), "connection closed");
            link.dismiss(why.as_str()).await;
            return true;
        }
        self.look_at_quota(link).await;
        if link.stuck_for() >= Duration::from_secs(self.settings.stuck_seconds) {
            tracing::warn!(%peer, "connection cut: a session got no further (sftp.stuck_seconds)");
            link.wire.cut();
            return true;
        }
        let idle = Duration::from_secs(self.settings.idle_seconds);
        if link.idle() >= idle && !link.is_working() {
            tracing::info!(%peer, "connection closed: idle");
            link.dismiss("idle for too long").await;
            return true;
        }
        false
    }

    /// What became of a connection, and a word about it in the log.
    fn concluded(&self, peer: SocketAddr, outcome: Result<(), russh::Error>) -> Ending {
        let Err(error) = outcome else {
            return Ending::Over;
        };
        if let Some(words) = algorithms::nothing_in_common(&error) {
            tracing::warn!(%peer, "connection refused: {words}");
            self.meter.refused_algorithms.one();
            let event = Event::ConnectionRefused {
                reason: words,
                count: 1,
            };
            (self.audit)(Entry::new(event).from(peer.ip()));
            return Ending::Strange;
        }
        tracing::debug!(%peer, %error, "SSH connection ended with an error");
        Ending::Over
    }

    async fn dismissed(&self, link: &Link) -> Option<Barred> {
        let (user, id) = link.account.get()?;
        let from = link.peer.ip();
        self.authenticator
            .dismissed(user, id, from, (self.clock)())
            .await
    }

    /// Takes over what is agreed about the label's upload space now.
    async fn look_at_quota(self: &Arc<Self>, link: &Link) {
        if let Some((_, label)) = link.account.get() {
            let (door, label) = (Arc::clone(self), label.clone());
            // A panic there is a quota that stays as it was.
            tokio::task::spawn_blocking(move || door.spaces.meter(&label))
                .await
                .ok();
        }
    }

    /// Lets those who write finish, tells the others to go, and cuts what is left at the end.
    async fn drain(&self) {
        let deadline = Instant::now() + Duration::from_secs(self.settings.drain_seconds);
        let mut told: HashMap<usize, Instant> = HashMap::new();
        loop {
            let links = self.links();
            if links.is_empty() {
                return;
            }
            let now = Instant::now();
            for link in &links {
                let key = Arc::as_ptr(link) as usize;
                if now >= deadline || told.get(&key).is_some_and(|since| *since + FAREWELL <= now) {
                    link.wire.cut();
                } else if !link.is_busy() && !told.contains_key(&key) {
                    told.insert(key, now);
                    let link = Arc::clone(link);
                    tokio::spawn(async move { link.farewell("server restart").await });
                }
            }
            if now >= deadline + FAREWELL {
                tracing::warn!(
                    connections = links.len(),
                    "connections left behind at the stop"
                );
                return;
            }
            sleep(DRAIN_TICK).await;
        }
    }

    /// The settings.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A place for one more connection of a label.
    pub(super) fn seat_connection(&self, label: &LabelId) -> Option<Seat<LabelId>> {
        let most = self.settings.max_sessions_per_label;
        self.connections.enter(label.clone(), most)
    }

    /// A place for one more SFTP session of a label.
    pub(super) fn seat_session(&self, label: &LabelId) -> Option<Seat<LabelId>> {
        let most = self.settings.max_sessions_per_label;
        self.sessions.enter(label.clone(), most)
    }

    /// Where lines of the audit log go.
    pub(super) fn audit(&self) -> &AuditSink {
        &self.audit
    }

    /// The counters.
    pub(super) fn meter(&self) -> &Arc<DoorMeter> {
        &self.meter
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Who checks logins.
    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Where events go.
    pub(super) fn events(&self) -> EventSink {
        Arc::clone(&self.events)
    }

    /// True from the moment the server is told to stop.
    pub(super) fn draining(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.draining)
    }

    /// A number that no session had before.
    pub(super) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A label's trees, opened if no session has them open.
    pub(super) async fn tree(self: &Arc<Self>, label: &LabelId) -> io::Result<Arc<Tree>> {
        let door = Arc::clone(self);
        let label = label.clone();
        tokio::task::spawn_blocking(move || {
            // Held while opening, so that all sessions of a label share one.
            let mut trees = door.trees.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(tree) = trees.get(&label).and_then(Weak::upgrade) {
                return Ok(tree);
            }
            let meter = door.spaces.meter(&label);
            let tree = Tree::open(&door.places, &label, door.fence(&label), meter)?;
            let tree = tree.counted(Arc::clone(&door.meter));
            let tree = Arc::new(tree.hashed_at(Arc::clone(door.hashers.desk())));
            trees.retain(|_, tree| tree.strong_count() > 0);
            trees.insert(label, Arc::downgrade(&tree));
            Ok(tree)
        })
        .await
        .map_err(io::Error::other)?
    }

    fn fence(&self, label: &LabelId) -> Arc<Fence> {
        let mut fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fences.entry(label.clone()).or_default())
    }

    /// Somebody other than the label has moved something of it: what is used is counted again.
    fn recount(&self, label: &LabelId) {
        let tree = {
            let trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
            trees.get(label).and_then(Weak::upgrade)
        };
        if let Some(tree) = tree {
            tree.recount();
        }
        self.spaces.lift(label);
    }

    fn links(&self) -> Vec<Arc<Link>> {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.values().cloned().collect()
    }

    fn list(self: &Arc<Self>, link: &Arc<Link>) -> Listed {
        let number = self.next_number();
        self.links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, Arc::clone(link));
        Listed {
            door: Arc::clone(self),
            number,
        }
    }
}

/// Keeps a connection in the door's list.
struct Listed {
    door: Arc<Door>,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.door
            .links
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.number);
    }
}

/// The gate of all labels' folders.
struct DoorGate(Arc<Door>);

impl Gate for DoorGate {
    fn close(&self, label: &LabelId, folder: &str) -> Result<(), Busy> {
        self.0.fence(label).close(folder)
    }

    fn open(&self, label: &LabelId, folder: &str) {
        self.0.fence(label).open(folder);
        self.0.recount(label);
    }
}

/// After an accept that failed for want of something, waits until some may be back. Other errors
/// are about one connection that was gone before it was accepted.
async fn pause_after(error: &io::Error) {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    if matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    ) {
        tracing::error!(%error, "connections cannot be accepted now");
        sleep(ACCEPT_PAUSE).await;
    } else {
        tracing::debug!(%error, "accept failed");
        tokio::task::yield_now().await;
    }
}

/// Whether someone sent a PROXY header who may not; see `guard`.
fn is_false_header(error: &russh::Error) -> bool {
    matches!(error, russh::Error::IO(error) if error.kind() == io::ErrorKind::InvalidData)
}

/// Everything that russh is told.
fn config(settings: &Settings, keys: Vec<russh::keys::PrivateKey>) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed(SERVER_ID)),
        methods: methods(),
        auth_rejection_time: OFFER_REFUSAL_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: MAX_TRIES,
        keys,
        maximum_packet_size: MAX_SSH_PACKET_BYTES,
        preferred: algorithms::preferred(&settings.legacy_algorithms),
        inactivity_timeout: Some(SILENCE),
        keepalive_interval: Some(Duration::from_secs(settings.keepalive_seconds)),
        keepalive_max: settings.keepalive_misses,
        nodelay: true,
        ..Config::default()
    }
}
