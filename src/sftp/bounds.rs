//! How many may be here at a time: counted places, each given back when its holder goes.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Refused connections are logged at most once in this time.
const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// Whom an address belongs to, as far as can be told: one IPv4 address, or the /64 that a provider
/// gives to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Network {
    /// One address.
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6(u64),
}

impl Network {
    /// The network of an address; an IPv4 address that came through an IPv6 socket is one.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(prefix(address)),
        }
    }
}

fn prefix(address: Ipv6Addr) -> u64 {
    let [a, b, c, d, ..] = address.segments().map(u64::from);
    a << 48 | b << 32 | c << 16 | d
}

/// Counts who is here, by a key.
#[derive(Debug)]
pub(super) struct Crowd<K: Eq + Hash + Clone> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone> Default for Crowd<K> {
    fn default() -> Self {
        Self {
            counts: Arc::default(),
        }
    }
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// A place, if fewer than `most` of that key are taken.
    pub(super) fn enter(&self, key: K, most: usize) -> Option<Seat<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Seat {
            counts: Arc::clone(&self.counts),
            key,
        })
    }
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat<K: Eq + Hash + Clone> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            // Nothing is kept of addresses that are gone.
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// Refused connections, told in the log without flooding it.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    count: u64,
    logged: Option<Instant>,
}

impl Refusals {
    /// Says why in a line before the protocol begins, as RFC 4253 (4.2) allows, and hangs up. Never
    /// waits: whoever floods us costs no more than the accept.
    pub(super) fn refuse(&mut self, stream: &TcpStream, peer: SocketAddr, words: &str) {
        // What does not fit into the socket at once is not said.
        stream.try_write(words.as_bytes()).ok();
        self.count += 1;
        let due = self
            .logged
            .is_none_or(|last| last.elapsed() >= REFUSALS_LOGGED_EVERY);
        if due {
            tracing::warn!(%peer, refused = self.count, reason = words.trim_end(), "connections refused");
            self.count = 0;
            self.logged = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_by_key_and_given_back() {
        let crowd = Crowd::default();
        let first = crowd.enter("a", 2);
        let second = crowd.enter("a", 2);
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter("a", 2).is_none());
        assert!(crowd.enter("b", 2).is_some());
        drop(first);
        assert!(crowd.enter("a", 2).is_some());
        drop(second);
        assert!(crowd.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn a_customer_is_one_address_or_one_prefix() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
