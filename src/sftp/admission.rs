//! Who may begin to speak: the real address behind a balancer, and penalties of sources that fail
//! to log in. And what is made of a connection that ended without a login.

use super::AuditSink;
use super::bounds::{Crowd, Seat};
use super::link::Link;
use super::proxy;
use super::server::Ending;
use super::{Settings, Wires};
use crate::domain::audit::{Entry, Event};
use crate::domain::net::Net;
use crate::domain::penalty::{Offence, Penalties, Penalty};
use crate::meter::{Counter, DoorMeter};
use jiff::Timestamp;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// How long a balancer may take for its header.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// Refused connections are logged at most once in this time, for each reason.
const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// There are too many.
    Full,
    /// There are too many of its network that have not logged in.
    Network,
    /// Its source failed too often.
    Penalty,
    /// A PROXY header is missing, malformed, or from someone who may not send one.
    Proxy,
}

impl Turned {
    fn as_str(self) -> &'static str {
        match self {
            Self::Full => "too many connections are open",
            Self::Network => "too many connections of this network wait for a login",
            Self::Penalty => "too many failed logins from this source",
            Self::Proxy => "PROXY header missing, malformed or not allowed",
        }
    }

    /// What is said instead of a greeting, as RFC 4253 (4.2) allows.
    fn words(self) -> &'static str {
        match self {
            Self::Full => "Too many connections are open. Please try again in a minute.\r\n",
            Self::Network => {
                "Too many connections from your network are waiting to log in. Please try again in \
                 a minute.\r\n"
            }
            Self::Penalty => {
                "Not allowed at this time: too many failed logins from your address.\r\n"
            }
            Self::Proxy => "",
        }
    }
}

/// The rules of the door, and what they have noted.
pub(super) struct Admission {
    penalties: Mutex<Penalties>,
    has_penalties: bool,
    proxy_from: Vec<Net>,
    clock: fn() -> Timestamp,
    audit: AuditSink,
    meter: Arc<DoorMeter>,
    refusals: Mutex<[Refusals; 4]>,
    waiting: Crowd<Net>,
    most_of_a_network: usize,
}

/// Refused connections that were not told yet.
#[derive(Clone, Copy, Default)]
struct Refusals {
    count: u64,
    told: Option<Instant>,
}

impl Admission {
    /// Nobody has failed yet.
    pub(super) fn new(settings: &Settings, wires: &Wires) -> Self {
        Self {
            penalties: Mutex::new(Penalties::new(settings.penalty_exempt.clone())),
            has_penalties: settings.penalties,
            proxy_from: settings.proxy_from.clone(),
            clock: wires.clock,
            audit: Arc::clone(&wires.audit),
            meter: Arc::clone(&wires.meter),
            refusals: Mutex::default(),
            waiting: Crowd::default(),
            most_of_a_network: settings.max_unauthenticated_per_network,
        }
    }

    /// The address that counts: the one that a balancer tells, else `peer` itself. `None` when the
    /// connection is not to be taken, or a balancer only looked whether we live.
    pub(super) async fn address(
        &self,
        stream: &mut TcpStream,
        peer: SocketAddr,
    ) -> Option<SocketAddr> {
        if !proxy::is_expected(&self.proxy_from, peer.ip()) {
            return Some(peer);
        }
        let read = timeout_at(Instant::now() + HEADER_TIME, proxy::read(stream)).await;
        match read.unwrap_or_else(|_| Err(io::Error::from(ErrorKind::TimedOut))) {
            Ok(Some(address)) => Some(address),
            // Greeted as anyone else: some balancers want to see the greeting.
            Ok(None) => Some(peer),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                tracing::debug!(%peer, "a balancer closed before its PROXY header");
                None
            }
            Err(error) => {
                tracing::debug!(%peer, %error, "no PROXY header");
                self.turned(peer, Turned::Proxy);
                None
            }
        }
    }

    /// A place among those of its network that have not logged in, if there is one.
    pub(super) fn wait(&self, address: IpAddr) -> Option<Seat<Net>> {
        self.waiting
            .enter(Net::source(address), self.most_of_a_network)
    }

    /// Whether that source has to wait. If so it is told.
    pub(super) fn is_refused(&self, stream: &TcpStream, peer: SocketAddr) -> bool {
        let now = (self.clock)();
        if !self.has_penalties || self.penalties().refused_until(peer.ip(), now).is_none() {
            return false;
        }
        self.turn_away(stream, peer, Turned::Penalty);
        true
    }

    /// A connection is not taken, and is told so. Never waits: whoever floods us costs no more than
    /// the accept.
    pub(super) fn turn_away(&self, stream: &TcpStream, peer: SocketAddr, why: Turned) {
        // What does not fit into the socket at once is not said.
        stream.try_write(why.words().as_bytes()).unwrap_or_default();
        self.turned(peer, why);
    }

    /// A connection was not taken: counted always, told once in a while.
    pub(super) fn turned(&self, peer: SocketAddr, why: Turned) {
        let counter: &Counter = match why {
            Turned::Full | Turned::Network => &self.meter.refused_full,
            Turned::Penalty => &self.meter.refused_penalty,
            Turned::Proxy => &self.meter.refused_proxy,
        };
        counter.one();
        let count = {
            let mut all = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(refusals) = all.get_mut(why as usize) else {
                return;
            };
            refusals.count += 1;
            let is_due = refusals
                .told
                .is_none_or(|told| told.elapsed() >= REFUSALS_LOGGED_EVERY);
            if !is_due {
                return;
            }
            refusals.told = Some(Instant::now());
            std::mem::take(&mut refusals.count)
        };
        tracing::warn!(%peer, refused = count, reason = why.as_str(), "connection refused");
        let event = Event::ConnectionRefused {
            reason: why.as_str().to_owned(),
            count,
        };
        (self.audit)(Entry::new(event).from(peer.ip()));
    }

    /// A connection is over. Its source may owe for it, if nobody logged in or guessed before.
    pub(super) fn ended(&self, link: &Link, ending: Ending) {
        let tries = link.tries();
        if let Some((user, _)) = link.account.get() {
            // A label that guessed at others' passwords before it gave its own proof did not mistype.
            if tries.refused.iter().any(|name| name != user) {
                self.fine(link.peer.ip(), Offence::WrongPassword);
            }
            return;
        }
        if link.is_logged_in() || ending == Ending::Draining {
            return;
        }
        if tries.offered > 0 && !tries.wrong {
            self.meter.refused_key.one();
            let event = Event::LoginRefused {
                method: "publickey".to_owned(),
                reason: format!("{} keys offered, none of them may log in", tries.offered),
            };
            let user: String = tries.user.clone();
            (self.audit)(Entry::new(event).from(link.peer.ip()).by(user));
        }
        let offence = match ending {
            Ending::Late => Offence::TooSlow,
            _ if tries.unknown => Offence::UnknownUser,
            _ if tries.wrong => Offence::WrongPassword,
            // Who was greeted, agreed on keys and left; not who only tried whether the port is open.
            Ending::Over if !tries.asked => Offence::NoLogin,
            // Offered keys cost nothing: an agent has many, and none of them can be guessed.
            Ending::Over | Ending::Silent | Ending::Strange | Ending::Draining => return,
        };
        self.fine(link.peer.ip(), offence);
    }

    fn fine(&self, address: IpAddr, offence: Offence) {
        if !self.has_penalties {
            return;
        }
        let enforced = self.penalties().add(address, offence, (self.clock)());
        if let Some(penalty) = enforced {
            tracing::warn!(
                source = %penalty.source,
                until = %penalty.until,
                failures = penalty.failures,
                last = offence.as_str(),
                "a source failed to log in too often and is refused for a while (dropzone penalty list)"
            );
        }
    }

    /// What is owed, for whoever keeps or shows it.
    pub(super) fn penalties(&self) -> MutexGuard<'_, Penalties> {
        self.penalties
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The list of them now.
    pub(super) fn list(&self) -> Vec<Penalty> {
        let now = (self.clock)();
        self.penalties().list(now)
    }

    /// Takes over what was owed before a restart.
    pub(super) fn restore(&self, list: Vec<Penalty>) {
        let now = (self.clock)();
        self.penalties().restore(list, now);
    }
}
