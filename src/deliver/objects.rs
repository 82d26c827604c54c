//! The way in which a package goes into a bucket:
//!
//! ```text
//! list what lies below the final name ── not ours? ──▶ name_taken
//!        ▼
//! every file but the messages; one that lies there with its hash is kept
//!        ▼
//! `Trip::revealing` is told
//!        ▼
//! messages, then markers or the manifest: one by one, each written once
//! ```
//!
//! A bucket has no rename, so nothing can become visible at once. What tells a DSP that a release is
//! there is its last object: the marker or the manifest, or the message where the choreography has
//! neither. So these go last (the tail), and only after all else was seen there with its size and
//! hash. A DSP that takes files before that reads half a release from every sender.

use super::pass::{Found, NAME_TAKEN};
use super::remote::REFUSED;
use super::s3::{self, Bucket, Listed, Thing, Writes};
use super::source::SPOOL_DAMAGED;
use super::trip::Trip;
use crate::domain::dsp::DspProfile;
use crate::domain::fault::Fault;
use crate::domain::push::{Attempt, Cargo, Plan};
use std::collections::BTreeMap;

/// Sends `plan`. Idempotent; see the module.
pub(super) async fn run(
    profile: &DspProfile,
    bucket: &Bucket,
    attempt: &Attempt,
    plan: &Plan,
    trip: &Trip,
) -> Result<(), Fault> {
    let pass = Pass::new(profile, bucket, attempt, plan);
    let there = pass.inventory().await?;
    let has_begun = pass.tail.iter().any(|last| there.contains_key(last.path()));
    pass.clear_strangers(&there, has_begun).await?;
    for cargo in &pass.body {
        let path = pass.at(&cargo.name);
        if there.contains_key(&path) {
            let thing = bucket.look(&path).await?;
            if is_it(thing.as_ref(), cargo.size, &cargo.sha256) {
                tracing::debug!(push.id = attempt.of, file = ?cargo.name, "kept from an earlier attempt");
                continue;
            }
            if has_begun || !pass.is_ours(thing.as_ref()) {
                return Err(pass.taken(&path));
            }
        }
        let put = bucket
            .put(&path, cargo, &attempt.of, Writes::UntilItIsThere)
            .await;
        if put.as_ref().is_err_and(|fault| fault.code == SPOOL_DAMAGED) {
            trip.blame(&cargo.name);
        }
        put?;
    }
    pass.check_tail(&there).await?;
    trip.reveal(&bucket.location(&plan.folder)).await?;
    pass.write_tail(&there, Some(trip)).await
}

/// See `deliver::ask`. Where all lies there and only the end of the tail is missing, the DSP was
/// never told, and it is completed.
pub(super) async fn ask(
    profile: &DspProfile,
    bucket: &Bucket,
    attempt: &Attempt,
    plan: &Plan,
) -> Result<Found, Fault> {
    let pass = Pass::new(profile, bucket, attempt, plan);
    let there = pass.inventory().await?;
    let mut whole = true;
    for cargo in &pass.body {
        let path = pass.at(&cargo.name);
        whole = whole
            && there.contains_key(&path)
            && is_it(
                bucket.look(&path).await?.as_ref(),
                cargo.size,
                &cargo.sha256,
            );
    }
    let present: Vec<bool> = pass
        .tail
        .iter()
        .map(|last| there.contains_key(last.path()))
        .collect();
    // A hole is something that was taken away, not something that never came.
    whole = whole && present.is_sorted_by(|earlier, later| earlier >= later);
    // Where no file beside the message tells that it waits, nothing at all may be all that is left.
    whole = whole && (!pass.body.is_empty() || present.contains(&true));
    if whole {
        match pass.check_tail(&there).await {
            Ok(()) => {
                pass.write_tail(&there, None).await?;
                return Ok(Found::Whole(bucket.location(&plan.folder)));
            }
            Err(fault) if fault.code == NAME_TAKEN => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(Found::Gone(format!(
        "What lies below {} at {} is not, or no longer, as we sent it; they may be working on it.",
        bucket.location(&plan.folder),
        profile.name
    )))
}

/// An object of the tail, at its path below the profile's directory.
enum Last<'a> {
    Message(String, &'a Cargo),
    Marker(String, &'a [u8]),
}

impl Last<'_> {
    fn path(&self) -> &str {
        match self {
            Self::Message(path, _) | Self::Marker(path, _) => path,
        }
    }

    fn size_and_hash(&self) -> (u64, String) {
        match self {
            Self::Message(_, cargo) => (cargo.size, cargo.sha256.clone()),
            Self::Marker(_, content) => (content.len() as u64, s3::hash_of(content)),
        }
    }
}

struct Pass<'a> {
    profile: &'a DspProfile,
    bucket: &'a Bucket,
    attempt: &'a Attempt,
    plan: &'a Plan,
    body: Vec<&'a Cargo>,
    tail: Vec<Last<'a>>,
}

impl<'a> Pass<'a> {
    fn new(
        profile: &'a DspProfile,
        bucket: &'a Bucket,
        attempt: &'a Attempt,
        plan: &'a Plan,
    ) -> Self {
        let is_message = |cargo: &&Cargo| cargo.name.to_ascii_lowercase().ends_with(".xml");
        let (messages, body): (Vec<&Cargo>, Vec<&Cargo>) = plan.files.iter().partition(is_message);
        let messages = messages.into_iter().map(|cargo| {
            let path = format!("{}/{}", plan.folder, cargo.name);
            Last::Message(path, cargo)
        });
        let markers = plan
            .markers
            .iter()
            .map(|(path, content)| Last::Marker(path.clone(), content));
        Self {
            profile,
            bucket,
            attempt,
            plan,
            body,
            tail: messages.chain(markers).collect(),
        }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.plan.folder)
    }

    /// Everything below the final name: path below the profile's directory, and bytes.
    async fn inventory(&self) -> Result<BTreeMap<String, u64>, Fault> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.plan.folder.clone()];
        while let Some(level) = open.pop() {
            for listed in self.bucket.list(&level).await? {
                match listed {
                    Listed::Object(name, size) => {
                        found.insert(format!("{level}/{name}"), size);
                    }
                    Listed::Level(name) => open.push(format!("{level}/{name}")),
                }
            }
        }
        Ok(found)
    }

    fn is_ours(&self, thing: Option<&Thing>) -> bool {
        thing.is_none_or(|thing| thing.written_for.as_deref() == Some(&self.attempt.of))
    }

    /// What an earlier try of this push left under other names goes away, while nobody was told of
    /// the release. Anything else that does not belong there stops the push.
    async fn clear_strangers(
        &self,
        there: &BTreeMap<String, u64>,
        has_begun: bool,
    ) -> Result<(), Fault> {
        let belongs = |path: &str| {
            self.body.iter().any(|cargo| self.at(&cargo.name) == path)
                || self.tail.iter().any(|last| last.path() == path)
        };
        for path in there.keys().filter(|path| !belongs(path)) {
            let thing = self.bucket.look(path).await?;
            if has_begun || !self.is_ours(thing.as_ref()) {
                return Err(self.taken(path));
            }
            self.bucket.remove(path).await?;
        }
        Ok(())
    }

    fn taken(&self, path: &str) -> Fault {
        Fault::permanent(
            NAME_TAKEN,
            format!(
                "{} has something else under a name of ours: {}. Nothing was changed there. Move it away, or put {{package}} into `folder` of {}.toml; then retry the push.",
                self.profile.name,
                self.bucket.location(path),
                self.profile.id
            ),
        )
    }

    /// What of the tail lies there already has to be our own.
    async fn check_tail(&self, there: &BTreeMap<String, u64>) -> Result<(), Fault> {
        for last in &self.tail {
            if !there.contains_key(last.path()) {
                continue;
            }
            let thing = self.bucket.look(last.path()).await?;
            let (size, sha256) = last.size_and_hash();
            if !is_it(thing.as_ref(), size, &sha256) {
                return Err(self.taken(last.path()));
            }
        }
        Ok(())
    }

    async fn write_tail(
        &self,
        there: &BTreeMap<String, u64>,
        trip: Option<&Trip>,
    ) -> Result<(), Fault> {
        let mut is_first = self
            .tail
            .iter()
            .all(|last| !there.contains_key(last.path()));
        for last in &self.tail {
            if there.contains_key(last.path()) {
                continue;
            }
            let written = match last {
                Last::Message(path, cargo) => {
                    self.bucket
                        .put(path, cargo, &self.attempt.of, Writes::Once)
                        .await
                }
                Last::Marker(path, content) => {
                    self.bucket
                        .put_bytes(path, content, &self.attempt.of, Writes::Once)
                        .await
                }
            };
            if let Err(fault) = written {
                if let (Last::Message(_, cargo), Some(trip)) = (last, trip)
                    && fault.code == SPOOL_DAMAGED
                {
                    trip.blame(&cargo.name);
                }
                // A clear no to the first one, and nothing there: nobody could see anything. A broken
                // connection or an answer that never came is no such thing.
                let is_no = is_first && (!fault.is_transient() || fault.code == REFUSED);
                if let Some(trip) = trip.filter(|_| is_no)
                    && matches!(self.bucket.look(last.path()).await, Ok(None))
                {
                    trip.conceal();
                }
                return Err(fault);
            }
            is_first = false;
        }
        Ok(())
    }
}

/// Whether it is the file, as far as can be told without reading it over the network.
fn is_it(thing: Option<&Thing>, size: u64, sha256: &str) -> bool {
    thing.is_some_and(|thing| {
        let hash = thing.sha256.as_deref();
        thing.size == size && hash.is_some_and(|hash| hash.eq_ignore_ascii_case(sha256))
    })
}
