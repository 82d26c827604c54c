//! Pushes a package to a DSP.
//!
//! Owns: what goes out (`plan`), and the way in which it goes out: `pass` over two kinds of remote
//! file system (`remote`: `folder` and `sftp`), `objects` into a bucket (`s3`). Knows nothing of
//! queues or of the store: it is handed a claimed push and says "there it lies" or why not.
//!
//! Invariants:
//! - Nothing lies under its final name at the DSP unless all of it does. Files are written below a
//!   hidden folder `.in-<push>-<attempt>`, verified there, and become visible by one rename; the
//!   marker comes after that. A bucket knows no rename: there the message and the marker, which make
//!   a DSP look, come after everything else.
//! - Every call may be cut at any point and repeated. What an earlier attempt of the same push
//!   left is taken over or removed; a final folder that holds exactly our files is our own.
//! - The attempt in the name of the hidden folder fences: a worker that was given up for dead and
//!   wakes again finds its folder gone.
//! - What is read from the spool is hashed on the way. A spool file that is not what was claimed
//!   stops the push before anything is visible.
//!
//! - Before the first step that a DSP could see, whoever called is told (`Trip::revealing`) and may
//!   write that down. From there on a push that was cut is asked about (`ask`) and not sent again.

mod artwork;
mod audio;
mod folder;
mod generate;
mod manifest;
mod names;
mod note;
mod objects;
mod pass;
mod plan;
mod preview;
mod remote;
mod s3;
mod secrets;
mod sftp;
mod source;
mod ssh;
mod trip;

use crate::domain::backoff::Backoff;
use crate::domain::dsp::{self, DspProfile, OwnParty};
use crate::domain::fault::Fault;
use crate::domain::push::{Attempt, Plan};
use remote::Remote;
use s3::Bucket;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use generate::{Making, generate, made_before, tidy};
pub use note::takedown_note;
pub use pass::Found;
pub use plan::{Part, as_received, assemble, plan};
pub use preview::{
    Foreseen, ForeseenFile, UNKNOWN_BATCH, foresee, foresee_as_received, foresee_note,
};
pub use trip::{Throttle, Trip};

/// How pushes are run and repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Pushes that run at one time, over all DSPs. Each needs about 4 MB of memory, to a bucket 24 MB.
    pub workers: u32,
    /// Seconds to wait after the first failed try. Doubles with every further one, ±20 %.
    pub retry_first_seconds: u64,
    /// Longest wait between two tries, in seconds.
    pub retry_cap_seconds: u64,
    /// Failed tries after which a push is given up and the operator is told. With the defaults
    /// that is after about 5 hours. A DSP that cannot be reached costs no try.
    pub attempts: u32,
    /// Hours after which a push that still has not gone out is given up, whatever the reason.
    pub max_age_hours: u64,
    /// Seconds between two looks at the acknowledgements of a DSP.
    pub acknowledgements_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            retry_first_seconds: 30,
            retry_cap_seconds: 3600,
            attempts: 12,
            max_age_hours: 120,
            acknowledgements_seconds: 300,
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

/// Everything that is wrong with a profile and can be told without the network or a disk, as
/// sentences.
pub fn mistakes(profile: &DspProfile, us: &OwnParty) -> Vec<String> {
    let mut found = dsp::mistakes(profile, us);
    found.extend(names::template_mistakes(profile));
    found.extend(remote::mistakes(profile));
    found
        .iter()
        .map(|what| names::bad_profile(profile, what).text)
        .collect()
}

/// The first mistake that stands in the way of a connection or a name.
///
/// The fault is permanent, with code `bad_profile`.
pub fn check(profile: &DspProfile) -> Result<(), Fault> {
    let mut found = names::template_mistakes(profile);
    found.extend(remote::mistakes(profile));
    match found.first() {
        Some(what) => Err(names::bad_profile(profile, what)),
        None => Ok(()),
    }
}

/// Brings a planned push to its DSP. The text says where it lies, for people.
///
/// Transient faults: the DSP or the way to it is down, slow or full. Permanent ones: it refuses us
/// (`host_key_differs`, `login_refused`, `permission_denied`), something else lies under the final
/// name (`name_taken`), or our own copy is damaged (`spool_damaged`). May be cancelled by dropping
/// the future. After a fault `trip` says whether the DSP may see it nevertheless.
pub async fn send(
    profile: &DspProfile,
    attempt: &Attempt,
    plan: &Plan,
    trip: &Trip,
) -> Result<String, Fault> {
    check(profile)?;
    names::check_plan(profile, plan)?;
    if let Some(bucket) = Bucket::open(profile, trip.throttle.clone())? {
        objects::run(profile, &bucket, attempt, plan, trip).await?;
        return Ok(bucket.location(&plan.folder));
    }
    let remote = Remote::open(profile, trip.throttle.clone()).await?;
    let location = remote.location(&plan.folder);
    let outcome = pass::run(profile, &remote, attempt, plan, trip, &location).await;
    remote.close().await;
    outcome.map(|()| location)
}

/// Asks a DSP for what may be there since an earlier try, and completes it where only its marker is
/// missing. Never sends it again.
pub async fn ask(profile: &DspProfile, attempt: &Attempt, plan: &Plan) -> Result<Found, Fault> {
    check(profile)?;
    names::check_plan(profile, plan)?;
    if let Some(bucket) = Bucket::open(profile, None)? {
        return objects::ask(profile, &bucket, attempt, plan).await;
    }
    let remote = Remote::open(profile, None).await?;
    let found = pass::ask(profile, &remote, attempt, plan).await;
    remote.close().await;
    found
}

/// A file that a DSP left for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Its size as it was listed, in bytes.
    pub size: u64,
    /// Its content.
    pub content: Vec<u8>,
}

/// Acknowledgements are of a few KiB; what is larger than this is none, in bytes.
const ACKNOWLEDGEMENT_BYTES: u64 = 1 << 20;

/// Acknowledgements that are read at a time; the rest waits for the next look.
const ACKNOWLEDGEMENTS_AT_ONCE: usize = 500;

/// Reads what is new in the DSP's directory of acknowledgements; one that is not there yet has
/// nothing in it. `is_known` is asked with name and size.
pub async fn acknowledgements(
    profile: &DspProfile,
    is_known: &(dyn Fn(&str, u64) -> bool + Send + Sync),
) -> Result<Vec<Left>, Fault> {
    let mut there = profile.clone();
    there.directory.clone_from(&profile.acknowledgements);
    if let Some(bucket) = Bucket::open(&there, None)? {
        let mut new = Vec::new();
        for (name, size) in wanted(bucket.files().await?, is_known) {
            let content = bucket.read(&name, ACKNOWLEDGEMENT_BYTES).await?;
            new.push(Left {
                name,
                size,
                content,
            });
        }
        return Ok(new);
    }
    let remote = Remote::open(&there, None).await?;
    let read = read_new(&remote, is_known).await;
    remote.close().await;
    read
}

async fn read_new(
    remote: &Remote,
    is_known: &(dyn Fn(&str, u64) -> bool + Send + Sync),
) -> Result<Vec<Left>, Fault> {
    let listed = remote.list("").await?.unwrap_or_default();
    let files = listed
        .into_iter()
        .filter(|seen| seen.kind == remote::Kind::File)
        .map(|seen| (seen.name, seen.size))
        .collect();
    let mut new = Vec::new();
    for (name, size) in wanted(files, is_known) {
        let content = remote.read(&name, ACKNOWLEDGEMENT_BYTES).await?;
        new.push(Left {
            name,
            size,
            content,
        });
    }
    Ok(new)
}

/// Those of the files, with their sizes, that look like acknowledgements and are new.
fn wanted(
    mut listed: Vec<(String, u64)>,
    is_known: &(dyn Fn(&str, u64) -> bool + Send + Sync),
) -> Vec<(String, u64)> {
    listed.sort();
    listed.retain(|(name, size)| {
        let is_xml = name.to_ascii_lowercase().ends_with(".xml") && !name.starts_with('.');
        is_xml
            && names::is_plain_path(name)
            && !name.contains('/')
            && *size <= ACKNOWLEDGEMENT_BYTES
            && !is_known(name, *size)
    });
    listed.truncate(ACKNOWLEDGEMENTS_AT_ONCE);
    listed
}

/// Connects, logs in and looks at the profile's directory; changes nothing.
pub async fn probe(profile: &DspProfile) -> Result<(), Fault> {
    check(profile)?;
    if let Some(bucket) = Bucket::open(profile, None)? {
        // What is not there is empty: a bucket's folders are not made.
        return bucket.list("").await.map(drop);
    }
    let remote = Remote::open(profile, None).await?;
    let listed = remote.list("").await;
    remote.close().await;
    match listed? {
        Some(_) => Ok(()),
        None => Err(remote::directory_missing(profile)),
    }
}
