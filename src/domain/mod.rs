//! What is true: packages, releases, rules, statuses. No I/O, no clock, no async.
//!
//! Everything else in the crate may import `domain`; `domain` imports nothing of ours.
#![deny(clippy::disallowed_methods)]

pub mod access;
pub mod account;
pub mod acknowledgement;
pub mod answer;
pub mod arrival;
pub mod audit;
pub mod backoff;
pub mod check_digits;
pub mod completeness;
pub mod content;
pub mod difference;
pub mod dsp;
pub mod ern;
pub mod facts;
pub mod fault;
pub mod history;
pub mod ids;
pub mod kept;
pub mod ledger;
pub mod letter;
pub mod lifecycle;
pub mod likeness;
pub mod limits;
pub mod markup;
pub mod naming;
pub mod net;
pub mod onboarding;
pub mod package;
pub mod password;
pub mod penalty;
pub mod places;
pub mod policy;
pub mod push;
pub mod quota;
pub mod readiness;
pub mod release;
pub mod repair;
pub mod report;
pub mod rules;
pub mod sarif;
pub mod takedown;
mod territories;
pub mod upload;
pub mod visible;
