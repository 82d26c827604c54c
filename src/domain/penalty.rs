//! Penalties for sources that fail to log in, after the model of OpenSSH's `PerSourcePenalties`.
//!
//! Each failed connection adds some seconds to what its source owes. Only when the debt reaches
//! [`ENFORCED_FROM_SECONDS`] are connections of the source refused, until the debt is over; refused
//! connections add nothing, so a client with an old password that tries again and again gets in as
//! soon as it has the right one. A mistyped password costs nothing that anybody notices, a guesser
//! gets about three connections in ten minutes.
//!
//! Pure: times are handed in. Bounded: when there are more than [`MOST_SOURCES`], who owes least is
//! forgotten.

use super::net::Net;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;

/// The debt from which on connections are refused, in seconds.
pub const ENFORCED_FROM_SECONDS: i64 = 15;
/// The most that a source can owe, in seconds.
pub const LONGEST_SECONDS: i64 = 600;
/// Most sources that are remembered.
pub const MOST_SOURCES: usize = 4_096;

/// Why a connection ended without a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// A wrong password of a known label.
    WrongPassword,
    /// A password for a name that no label has.
    UnknownUser,
    /// The protocol was begun, and no login was tried.
    NoLogin,
    /// The time for the login was used up.
    TooSlow,
}

impl Offence {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::WrongPassword,
        Self::UnknownUser,
        Self::NoLogin,
        Self::TooSlow,
    ];

    /// What it adds to the debt, in seconds (OpenSSH's defaults).
    pub fn seconds(self) -> i64 {
        match self {
            Self::WrongPassword | Self::UnknownUser => 5,
            Self::NoLogin => 1,
            Self::TooSlow => 10,
        }
    }

    /// The word in the store and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::UnknownUser => "unknown_user",
            Self::NoLogin => "no_login",
            Self::TooSlow => "too_slow",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|offence| offence.as_str() == text)
    }
}

/// What one source owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Penalty {
    /// An IPv4 address or an IPv6 network of 64 bits.
    pub source: Net,
    /// When the debt is over.
    pub until: Timestamp,
    /// Whether connections are refused until then.
    pub enforced: bool,
    /// What it did last.
    pub offence: Offence,
    /// Failed connections since it owed nothing.
    pub failures: u32,
}

/// What all sources owe.
#[derive(Debug, Default)]
pub struct Penalties {
    exempt: Vec<Net>,
    most: usize,
    owed: HashMap<Net, Penalty>,
}

impl Penalties {
    /// Nobody owes anything; the `exempt` never will.
    pub fn new(exempt: Vec<Net>) -> Self {
        Self::bounded(exempt, MOST_SOURCES)
    }

    /// The same with another bound.
    pub fn bounded(exempt: Vec<Net>, most: usize) -> Self {
        Self {
            exempt,
            most: most.max(1),
            owed: HashMap::new(),
        }
    }

    /// Until when connections from there are refused, if they are.
    pub fn refused_until(&self, address: IpAddr, now: Timestamp) -> Option<Timestamp> {
        self.owed
            .get(&Net::source(address))
            .filter(|penalty| penalty.enforced && is_owed(penalty, now))
            .map(|penalty| penalty.until)
    }

    /// A connection from there failed. The penalty is returned when it is enforced from now on.
    pub fn add(&mut self, address: IpAddr, offence: Offence, now: Timestamp) -> Option<Penalty> {
        let source = Net::source(address);
        if self.exempt.iter().any(|net| net.contains(address)) {
            return None;
        }
        if !self.owed.contains_key(&source) {
            self.make_room(now);
        }
        let penalty = self
            .owed
            .entry(source)
            .or_insert_with(|| none_yet(source, offence, now));
        if !is_owed(penalty, now) {
            *penalty = none_yet(source, offence, now);
        }
        let longest = later(now, LONGEST_SECONDS);
        penalty.until = later(penalty.until, offence.seconds()).min(longest);
        penalty.offence = offence;
        penalty.failures = penalty.failures.saturating_add(1);
        let was_enforced = penalty.enforced;
        penalty.enforced |= penalty.until >= later(now, ENFORCED_FROM_SECONDS);
        (penalty.enforced && !was_enforced).then(|| penalty.clone())
    }

    /// Forgets what is owed by every source in, or around, that network. Says by how many.
    pub fn forgive(&mut self, net: &Net) -> usize {
        let before = self.owed.len();
        self.owed.retain(|source, _| !source.overlaps(net));
        before - self.owed.len()
    }

    /// Everything that is owed now; the longest first.
    pub fn list(&self, now: Timestamp) -> Vec<Penalty> {
        let mut list: Vec<Penalty> = self
            .owed
            .values()
            .filter(|penalty| is_owed(penalty, now))
            .cloned()
            .collect();
        list.sort_by(|a, b| b.until.cmp(&a.until).then(a.source.cmp(&b.source)));
        list
    }

    /// Takes over what was owed before a restart.
    pub fn restore(&mut self, list: impl IntoIterator<Item = Penalty>, now: Timestamp) {
        for penalty in list.into_iter().filter(|penalty| is_owed(penalty, now)) {
            self.make_room(now);
            self.owed.insert(penalty.source, penalty);
        }
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.owed.len() < self.most {
            return;
        }
        self.owed.retain(|_, penalty| is_owed(penalty, now));
        while self.owed.len() >= self.most {
            let least = self.owed.values().min_by_key(|penalty| penalty.until);
            let Some(source) = least.map(|penalty| penalty.source) else {
                return;
            };
            self.owed.remove(&source);
        }
    }
}

fn none_yet(source: Net, offence: Offence, now: Timestamp) -> Penalty {
    Penalty {
        source,
        until: now,
        enforced: false,
        offence,
        failures: 0,
    }
}

/// A debt that ends later than any can was made by a clock that was wrong, and is forgotten.
fn is_owed(penalty: &Penalty, now: Timestamp) -> bool {
    penalty.until > now && penalty.until <= later(now, LONGEST_SECONDS)
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests;
