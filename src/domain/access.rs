//! From where, how and until when a label may log in.

use super::net::Net;
use jiff::Timestamp;
use std::net::IpAddr;

/// What a label has to prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Require {
    /// A key or a password.
    #[default]
    Any,
    /// A key and a password, in either order.
    KeyAndPassword,
}

impl Require {
    /// The word in the store, on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::KeyAndPassword => "key+password",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "key+password" => Some(Self::KeyAndPassword),
            _ => None,
        }
    }
}

/// Why a label that proves itself may not be here all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// The operator switched the account off.
    Disabled,
    /// Its time is over.
    Expired,
    /// It does not come from where it may.
    Place,
}

impl Barred {
    /// For the log and for the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "the account is disabled",
            Self::Expired => "the account has expired",
            Self::Place => "not allowed from this address",
        }
    }
}

/// The rules of one label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Networks that it may come from; empty: everywhere.
    pub allow_from: Vec<Net>,
    /// What it has to prove.
    pub require: Require,
    /// From when on it may log in no more.
    pub expires_at: Option<Timestamp>,
}

impl Access {
    /// Why someone from there may not be here now, if so.
    pub fn bars(&self, from: IpAddr, now: Timestamp) -> Option<Barred> {
        if self.expires_at.is_some_and(|at| at <= now) {
            return Some(Barred::Expired);
        }
        let welcome =
            self.allow_from.is_empty() || self.allow_from.iter().any(|net| net.contains(from));
        (!welcome).then_some(Barred::Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_time_are_both_looked_at() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-26T12:00:01Z".parse().unwrap();
        let home = IpAddr::from([192, 0, 2, 1]);
        let access = Access {
            allow_from: vec![
                "192.0.2.0/24".parse().unwrap(),
                "2001:db8::1".parse().unwrap(),
            ],
            expires_at: Some(later),
            ..Access::default()
        };
        assert_eq!(access.bars(home, now), None);
        assert_eq!(
            access.bars(IpAddr::from([192, 0, 3, 1]), now),
            Some(Barred::Place)
        );
        assert_eq!(access.bars(home, later), Some(Barred::Expired));
        assert_eq!(Access::default().bars(home, later), None);
    }

    #[test]
    fn words_come_back() {
        for require in [Require::Any, Require::KeyAndPassword] {
            assert_eq!(Require::parse(require.as_str()), Some(require));
        }
    }
}
