//! The door: accepts connections, bounds them, and closes when told.
//!
//! The accept loop is ours because russh's ends at the first error (one EMFILE and nobody can
//! deliver any more), gives unauthenticated connections for ever, and cannot drain.

use super::auth::Authenticator;
use super::bounds::{Crowd, Network, Refusals, Seat};
use super::connection::{Connection, Link, Waiting, methods};
use super::fence::Fence;
use super::guard::Guarded;
use super::keys::{HostKeyError, fingerprint, load_or_create};
use super::spaces::Spaces;
use super::tree::Tree;
use super::{EventSink, Settings};
use crate::domain::account::Accounts;
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::upload::{Busy, Gate};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::server::{Config, run_stream};
use russh::{Disconnect, Preferred, SshId, cipher, compression, kex, mac};
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
/// How long a connection that was told to go may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often the drain looks who is still busy.
const DRAIN_TICK: Duration = Duration::from_millis(50);
/// How often the account of a connection is looked at: one that is disabled may not go on.
const ACCOUNT_LOOK: Duration = Duration::from_secs(5);
/// A connection that answers nothing and takes nothing is given up after this time.
const SILENCE: Duration = Duration::from_mins(5);

/// Said to a connection for which there is no place.
const CROWDED: &str = "Too many connections are open. Please try again in a minute.\r\n";
/// Said to one whose network has enough.
const CROWDED_NETWORK: &str = "Too many connections from your network are waiting to log in. Please try again in a minute.\r\n";

/// Why the door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The host keys.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
}

/// The SFTP server. Owns the tables of open files and closed folders of all labels.
pub struct Door {
    settings: Settings,
    places: Places,
    authenticator: Authenticator,
    events: EventSink,
    config: Arc<Config>,
    draining: Arc<AtomicBool>,
    numbers: AtomicU64,
    fences: Mutex<HashMap<LabelId, Arc<Fence>>>,
    trees: Mutex<HashMap<LabelId, Weak<Tree>>>,
    spaces: Spaces,
    waiting: Crowd<Network>,
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
    pub fn new(
        settings: Settings,
        places: Places,
        accounts: Arc<dyn Accounts>,
        events: EventSink,
    ) -> Result<Arc<Self>, StartError> {
        let keys = load_or_create(&places.host_keys())?;
        let config = Arc::new(config(&settings, keys));
        let hashes = settings.password_hashes_at_once;
        let spaces = Spaces::new(&settings, Arc::clone(&accounts));
        let authenticator = Authenticator::new(accounts, hashes);
        Ok(Arc::new(Self {
            settings,
            places,
            authenticator,
            events,
            config,
            draining: Arc::default(),
            numbers: AtomicU64::new(0),
            fences: Mutex::default(),
            trees: Mutex::default(),
            spaces,
            waiting: Crowd::default(),
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
        let mut refusals = Refusals::default();
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
            let most = self.settings.max_unauthenticated_per_network;
            let places = (
                Arc::clone(&total).try_acquire_owned(),
                Arc::clone(&waiting_room).try_acquire_owned(),
                self.waiting.enter(Network::of(peer.ip()), most),
            );
            match places {
                (Ok(place), Ok(waiting), Some(seat)) => {
                    let waiting = (waiting, seat);
                    connections.spawn(Arc::clone(&self).serve(stream, peer, place, waiting));
                }
                (Ok(_), Ok(_), None) => refusals.refuse(&stream, peer, CROWDED_NETWORK),
                _ => refusals.refuse(&stream, peer, CROWDED),
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
        stream: TcpStream,
        peer: SocketAddr,
        _place: OwnedSemaphorePermit,
        waiting: Waiting,
    ) {
        // Without it runs drop to half their speed at random.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "TCP_NODELAY cannot be set");
        }
        let link = Arc::new(Link::new(peer));
        let _listed = self.list(&link);
        let deadline = Instant::now() + Duration::from_secs(self.settings.login_grace_seconds);
        let guarded = Guarded::new(stream, Arc::clone(&link.cutter));
        let connection = Connection::new(Arc::clone(&self), Arc::clone(&link), waiting);
        let begun = run_stream(Arc::clone(&self.config), guarded, connection);
        let mut running = match timeout_at(deadline, begun).await {
            Ok(Ok(running)) => running,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "no SSH connection");
                return;
            }
            Err(_) => {
                tracing::info!(%peer, "connection cut: nothing was said within the login time");
                return;
            }
        };
        // Set once here; a connection has one handle.
        link.handle.set(running.handle()).unwrap_or_default();
        let idle = Duration::from_secs(self.settings.idle_seconds);
        let stuck = Duration::from_secs(self.settings.stuck_seconds);
        loop {
            let next_look = if link.is_logged_in() {
                let until_idle = idle.saturating_sub(link.idle()).max(DRAIN_TICK);
                Instant::now() + until_idle.min(ACCOUNT_LOOK).min(stuck)
            } else {
                deadline
            };
            tokio::select! {
                outcome = &mut running => {
                    if let Err(error) = outcome {
                        tracing::debug!(%peer, %error, "SSH connection ended with an error");
                    }
                    return;
                }
                () = link.login.notified() => {}
                () = sleep_until(next_look) => {
                    if !link.is_logged_in() {
                        tracing::info!(%peer, "connection cut: no login within the login time");
                        link.cutter.cut();
                        break;
                    }
                    if self.is_dismissed(&link).await {
                        tracing::info!(%peer, "connection closed: the account was disabled");
                        dismiss(&link, "account disabled").await;
                        break;
                    }
                    self.look_at_quota(&link).await;
                    if link.stuck_for() >= stuck {
                        tracing::warn!(%peer, "connection cut: a session got no further (sftp.stuck_seconds)");
                        link.cutter.cut();
                        break;
                    }
                    if link.idle() >= idle && !link.is_working() {
                        tracing::info!(%peer, "connection closed: idle");
                        dismiss(&link, "idle for too long").await;
                        break;
                    }
                }
            }
        }
        if let Err(error) = running.await {
            tracing::debug!(%peer, %error, "SSH connection ended with an error");
        }
    }

    async fn is_dismissed(&self, link: &Link) -> bool {
        match link.account.get() {
            Some((user, id)) => self.authenticator.is_dismissed(user, id).await,
            None => false,
        }
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
                    link.cutter.cut();
                } else if !link.is_busy() && !told.contains_key(&key) {
                    told.insert(key, now);
                    let link = Arc::clone(link);
                    tokio::spawn(async move { farewell(&link, "server restart").await });
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
            let tree = Arc::new(Tree::open(&door.places, &label, door.fence(&label), meter)?);
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

/// Tells a connection to go.
async fn farewell(link: &Link, words: &str) {
    let Some(handle) = link.handle.get() else {
        link.cutter.cut();
        return;
    };
    let told = handle
        .disconnect(Disconnect::ByApplication, words.to_owned(), String::new())
        .await;
    if told.is_err() {
        link.cutter.cut();
    }
}

/// Tells a connection to go, and cuts it when it does not.
async fn dismiss(link: &Arc<Link>, words: &str) {
    let in_time = tokio::time::timeout(FAREWELL, farewell(link, words)).await;
    if in_time.is_err() {
        link.cutter.cut();
        return;
    }
    let link = Arc::clone(link);
    tokio::spawn(async move {
        sleep(FAREWELL).await;
        link.cutter.cut();
    });
}

/// Everything that russh is told. Lists are explicit: nothing weak comes in by an update.
fn config(settings: &Settings, keys: Vec<russh::keys::PrivateKey>) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed(SERVER_ID)),
        methods: methods(),
        auth_rejection_time: OFFER_REFUSAL_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: MAX_TRIES,
        keys,
        maximum_packet_size: MAX_SSH_PACKET_BYTES,
        preferred: preferred(),
        inactivity_timeout: Some(SILENCE),
        keepalive_interval: Some(Duration::from_secs(settings.keepalive_seconds)),
        keepalive_max: settings.keepalive_misses,
        nodelay: true,
        ..Config::default()
    }
}

/// Algorithms, best first. AES-GCM before `ChaCha20` because it is the faster one here. No SHA-1, no
/// CBC, no compression (delayed zlib goes out of step with some clients).
fn preferred() -> Preferred {
    const KEX: &[kex::Name] = &[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::ECDH_SHA2_NISTP256,
        kex::ECDH_SHA2_NISTP384,
        kex::DH_G16_SHA512,
        kex::DH_G14_SHA256,
        kex::EXTENSION_SUPPORT_AS_SERVER,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
    ];
    // Host keys, and the signatures accepted of users; only host keys that we have are offered.
    const KEYS: &[Algorithm] = &[
        Algorithm::Ed25519,
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521,
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha512),
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha256),
        },
    ];
    const CIPHERS: &[cipher::Name] = &[
        cipher::AES_128_GCM,
        cipher::AES_256_GCM,
        cipher::CHACHA20_POLY1305,
        cipher::AES_256_CTR,
        cipher::AES_192_CTR,
        cipher::AES_128_CTR,
    ];
    const MACS: &[mac::Name] = &[
        mac::HMAC_SHA256_ETM,
        mac::HMAC_SHA512_ETM,
        mac::HMAC_SHA256,
        mac::HMAC_SHA512,
    ];
    Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Borrowed(KEYS),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}
