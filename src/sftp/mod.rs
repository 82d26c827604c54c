//! Step 1: takes the upload. An SFTP server for labels, and nothing else.
//!
//! ```text
//! TCP ─ guard ─ russh ─ connection ─ channel ─ session ─ operations ─ tree ─┬─ jail (disk)
//!       can be          login,       bytes,    requests  paths, places      ├─ fence (who writes)
//!       cut             refusals     jobs      framing                      └─ upload (CLOSE)
//!                                              codec
//! ```
//!
//! Promises: CLOSE answered OK means that the file is on the disk under its name. A file whose
//! CLOSE was not asked stays partial, and is resumed or ignored but never taken for whole. An
//! overwrite that breaks off leaves the old file. A label reaches its own folders and nothing else.
//!
//! Does not decide when a folder is complete: it tells `intake` what happened, and keeps a folder
//! closed while it is claimed ([`Door::gate`]).

mod admission;
mod algorithms;
mod auth;
mod changes;
mod channel;
mod codec;
mod connection;
mod dirsync;
mod fence;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod handles;
mod jail;
mod keys;
mod operations;
mod path;
mod presence;
mod proof;
mod proxy;
mod refusal;
mod server;
mod session;
mod tree;
mod upload;
mod witness;

#[cfg(test)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reply it wants; every other one fails it"
)]
mod tests;

pub use algorithms::Legacy;
pub use keys::HostKeyError;
pub use server::{Door, StartError};

use crate::domain::account::Accounts;
use crate::domain::audit::Entry;
use crate::domain::net::Net;
use crate::domain::upload::UploadEvent;
use crate::meter::DoorMeter;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where events go. Called from network threads: must return at once.
pub type EventSink = Arc<dyn Fn(UploadEvent) + Send + Sync>;

/// Where lines of the audit log go. Called from network threads: must return at once.
pub type AuditSink = Arc<dyn Fn(Entry) + Send + Sync>;

/// What the server needs of others.
pub struct Wires {
    /// Who may log in.
    pub accounts: Arc<dyn Accounts>,
    /// Where uploads are told.
    pub events: EventSink,
    /// Where everything that somebody does is told.
    pub audit: AuditSink,
    /// Where it is counted.
    pub meter: Arc<DoorMeter>,
    /// The time.
    pub clock: fn() -> Timestamp,
}

/// Settings of the SFTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on. Port 22 needs the right to bind it (the systemd unit has it).
    pub listen: String,
    /// Seconds within which a connection has to log in.
    pub login_grace_seconds: u64,
    /// Most connections at a time, logged in or not.
    pub max_connections: usize,
    /// Most connections at a time that have not logged in yet.
    pub max_unauthenticated: usize,
    /// Most of these from one source: an IPv4 address, or 64 bits of an IPv6 one.
    pub max_unauthenticated_per_source: usize,
    /// Seconds without any SFTP request after which a connection is closed.
    pub idle_seconds: u64,
    /// Seconds without a word from the client after which it is asked whether it is still there.
    pub keepalive_seconds: u64,
    /// Such questions in a row without an answer after which the connection is given up.
    pub keepalive_misses: usize,
    /// Seconds that running uploads have to finish when the server is stopped.
    pub drain_seconds: u64,
    /// Passwords checked at the same time; each takes 19 MiB of memory while it is.
    pub password_hashes_at_once: usize,
    /// Weak algorithms offered beside the others, for old clients.
    pub legacy_algorithms: Vec<Legacy>,
    /// Whether sources that fail to log in again and again are refused for a while.
    pub penalties: bool,
    /// Sources that are never refused so.
    pub penalty_exempt: Vec<Net>,
    /// Balancers in front of us, which have to tell for whom they connect (PROXY protocol,
    /// version 2). Nobody else may.
    pub proxy_from: Vec<Net>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:2022".to_owned(),
            login_grace_seconds: 60,
            max_connections: 500,
            max_unauthenticated: 100,
            max_unauthenticated_per_source: 50,
            idle_seconds: 1_800,
            keepalive_seconds: 30,
            keepalive_misses: 4,
            drain_seconds: 30,
            password_hashes_at_once: 4,
            legacy_algorithms: Vec::new(),
            penalties: true,
            penalty_exempt: Vec::new(),
            proxy_from: Vec::new(),
        }
    }
}
