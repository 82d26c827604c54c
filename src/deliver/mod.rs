//! Pushes a package to a DSP.
//!
//! Owns: what goes out (`plan`), and the one way in which it goes out (`pass`), over two kinds of
//! remote file system (`remote`: `folder` and `sftp`). Knows nothing of queues or of the store: it
//! is handed a claimed push and says "there it lies" or why not.
//!
//! Invariants:
//! - Nothing lies under its final name at the DSP unless all of it does. Files are written below a
//!   hidden folder `.in-<push>-<attempt>`, verified there, and become visible by one rename; the
//!   marker comes after that.
//! - Every call may be cut at any point and repeated. What an earlier attempt of the same push
//!   left is taken over or removed; a final folder that holds exactly our files is our own.
//! - The attempt in the name of the hidden folder fences: a worker that was given up for dead and
//!   wakes again finds its folder gone.
//! - What is read from the spool is hashed on the way. A spool file that is not what was claimed
//!   stops the push before anything is visible.
//!
//! Does not know whether a DSP has taken a release away after its marker. Such a push, cut between
//! the marker and the store's record, is sent again.

mod folder;
mod names;
mod pass;
mod plan;
mod remote;
mod secrets;
mod sftp;
mod source;
mod ssh;

use crate::domain::backoff::Backoff;
use crate::domain::dsp::DspProfile;
use crate::domain::fault::Fault;
use crate::domain::push::{Claimed, Plan};
use remote::Remote;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use plan::plan;

/// How pushes are run and repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Pushes that run at one time, over all DSPs. Each needs about 4 MB of memory.
    pub workers: u32,
    /// Seconds to wait after the first failed try. Doubles with every further one, ±20 %.
    pub retry_first_seconds: u64,
    /// Longest wait between two tries, in seconds.
    pub retry_cap_seconds: u64,
    /// Failed tries after which a push is given up and the operator is told. With the defaults
    /// that is after about 5 hours.
    pub attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            retry_first_seconds: 30,
            retry_cap_seconds: 3600,
            attempts: 12,
        }
    }
}

impl Settings {
    /// The waits between tries.
    pub fn backoff(&self) -> Backoff {
        Backoff {
            first: Duration::from_secs(self.retry_first_seconds),
            cap: Duration::from_secs(self.retry_cap_seconds),
            attempts: self.attempts,
        }
    }
}

/// Says what is wrong with a profile that can be told without the network or a disk.
///
/// The fault is permanent, with code `bad_profile`.
pub fn check(profile: &DspProfile) -> Result<(), Fault> {
    names::check_templates(profile)?;
    if profile.concurrency == 0 {
        return Err(names::bad_profile(
            profile,
            "`concurrency` is 0, so nothing would ever be pushed. Write 1 or more, or `enabled = false` to hold pushes back",
        ));
    }
    remote::check(profile)
}

/// Brings a planned push to its DSP. The text says where it lies, for people.
///
/// Transient faults: the DSP or the way to it is down, slow or full. Permanent ones: it refuses us
/// (`host_key_differs`, `login_refused`, `permission_denied`), something else lies under the final
/// name (`name_taken`), or our own copy is damaged (`spool_damaged`). May be cancelled by dropping
/// the future.
pub async fn send(profile: &DspProfile, claimed: &Claimed, plan: &Plan) -> Result<String, Fault> {
    check(profile)?;
    names::check_plan(profile, plan)?;
    let remote = Remote::open(profile).await?;
    let outcome = pass::run(profile, &remote, claimed, plan).await;
    let location = remote.location(&plan.folder);
    remote.close().await;
    outcome.map(|()| location)
}

/// Connects, logs in and looks at the profile's directory; changes nothing.
pub async fn probe(profile: &DspProfile) -> Result<(), Fault> {
    check(profile)?;
    let remote = Remote::open(profile).await?;
    let listed = remote.list("").await;
    remote.close().await;
    match listed? {
        Some(_) => Ok(()),
        None => Err(remote::directory_missing(profile)),
    }
}
