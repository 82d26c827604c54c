//! Step 1: takes the upload. An SFTP server for labels, and nothing else.
//!
//! ```text
//! TCP ─ guard ─ russh ─ connection ─ channel ─ session ─ operations ─ tree ─┬─ jail (disk)
//!       can be          login,       bytes,    requests  paths, places      ├─ fence (who writes)
//!       cut             refusals     jobs      framing                      ├─ upload (CLOSE)
//!                                              codec                        └─ arriving (hashes)
//! ```
//!
//! What need not be done before an answer goes out is put off (`afterwards`) until the guard finds
//! nothing to read.
//!
//! Promises: CLOSE answered OK means that the file is on the disk under its name. A file whose
//! CLOSE was not asked stays partial, and is resumed or ignored but never taken for whole. An
//! overwrite that breaks off leaves the old file. A label reaches its own folders and nothing else.
//!
//! Does not decide when a folder is complete: it tells `intake` what happened, and keeps a folder
//! closed while it is claimed ([`Door::gate`]).

mod admission;
mod afterwards;
mod algorithms;
mod arriving;
mod auth;
mod bounds;
mod changes;
mod channel;
mod codec;
mod connection;
mod counting;
mod dirsync;
mod fence;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod handles;
mod hashers;
mod jail;
mod keys;
mod link;
mod meter;
mod operations;
mod path;
mod presence;
mod prompt;
mod proof;
mod proxy;
mod refusal;
mod server;
mod session;
mod spaces;
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
pub use counting::usage;
pub use keys::HostKeyError;
pub use server::{Door, StartError};

use crate::domain::account::Accounts;
use crate::domain::arrival::Arrivals;
use crate::domain::audit::Entry;
use crate::domain::net::Net;
use crate::domain::quota::Quota;
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
    /// Where the content of closed files is told.
    pub arrivals: Arc<dyn Arrivals>,
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
    /// Most connections at a time from one IPv4 address, or one IPv6 /64, that have not logged in.
    pub max_unauthenticated_per_network: usize,
    /// Most connections of one label at a time, and most SFTP sessions in them.
    pub max_sessions_per_label: usize,
    /// Most SFTP sessions in one connection.
    pub max_channels: usize,
    /// Most files and folders that one SFTP session may have open.
    pub max_handles: usize,
    /// Most bytes of requests that one SFTP session may send ahead of the answers it reads.
    pub max_waiting_bytes: usize,
    /// Seconds without any SFTP request after which a connection is closed, be a file open or not;
    /// the file stays unfinished and can be resumed.
    pub idle_seconds: u64,
    /// Seconds after which a session is ended that has answers to take or work under way, and gets
    /// no further.
    pub stuck_seconds: u64,
    /// Seconds without a word from the client after which it is asked whether it is still there.
    pub keepalive_seconds: u64,
    /// Such questions in a row without an answer after which the connection is given up.
    pub keepalive_misses: usize,
    /// Seconds that running uploads have to finish when the server is stopped.
    pub drain_seconds: u64,
    /// Passwords checked at the same time; each takes 19 MiB of memory, which is kept for the next.
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
    /// Bytes of the disk that have to stay free: below, no upload is begun or goes on.
    pub free_bytes: u64,
    /// The same in percent of the whole disk; the larger of the two holds.
    pub free_percent: u64,
    /// Seconds that a label whose upload space is full is refused at once. Programs try again every
    /// few seconds, for ever.
    pub full_seconds: u64,
    /// Upload space of each label: what may lie in its `/incoming`, not taken yet. `dropzone label
    /// quota` agrees on another one with a label.
    pub quota: Quota,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:2022".to_owned(),
            login_grace_seconds: 60,
            max_connections: 500,
            max_unauthenticated: 100,
            max_unauthenticated_per_network: 20,
            max_sessions_per_label: 20,
            max_channels: 10,
            max_handles: 64,
            max_waiting_bytes: 16 << 20,
            idle_seconds: 1_800,
            stuck_seconds: 300,
            keepalive_seconds: 30,
            keepalive_misses: 4,
            drain_seconds: 30,
            password_hashes_at_once: 4,
            legacy_algorithms: Vec::new(),
            penalties: true,
            penalty_exempt: Vec::new(),
            proxy_from: Vec::new(),
            free_bytes: 1 << 30,
            free_percent: 1,
            full_seconds: 600,
            quota: Quota::default(),
        }
    }
}
