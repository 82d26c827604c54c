//! A claimed push → what its DSP gets, made once and kept beside the data.

use super::live::Parts;
use super::{preview, takedown, update};
use crate::deliver::{self, Making};
use crate::domain::account::Profile;
use crate::domain::dsp::effective::{Effective, resolve};
use crate::domain::dsp::{DspProfile, Requirements};
use crate::domain::ern;
use crate::domain::ern::write::{OutParty, out_files};
use crate::domain::facts::{
    ArtworkFacts, AudioFacts, FileFacts, FolderFacts, Manifest, SchemaFacts,
};
use crate::domain::fault::Fault;
use crate::domain::kept;
use crate::domain::lifecycle::push::PushState;
use crate::domain::limits::Limits;
use crate::domain::naming::role_of;
use crate::domain::package::Package;
use crate::domain::push::{Prepared, Push, PushKind};
use crate::domain::release::{Message, MessageKind};
use crate::domain::report::Report;
use crate::store::{Made, Store, StoreError};
use jiff::Timestamp;
use std::path::Path;

/// A push with all that goes out for it.
pub struct Ready {
    /// For `deliver::assemble`.
    pub part: deliver::Part,
    /// For the store.
    pub made: Made,
}

/// Gives what goes out for a push: what was made for an earlier try, else it is made now. Of a push
/// that may be at the DSP, or is, what was sent, whatever holds it back by now. Blocking.
///
/// Permanent faults: what cannot be sent as it is, and never will be without a person.
pub fn ready(
    store: &Store,
    parts: &Parts,
    profile: &DspProfile,
    push: &Push,
    now: Timestamp,
) -> Result<Ready, Fault> {
    let (package, manifest) = taken_in(store, push)?;
    let places = parts.config.places();
    let spool = places.package(&package.id);
    let is_there = push.state == PushState::SentUnknown || push.state.has_arrived();
    let prepared = if profile.message.is_generated() {
        let work = places.outgoing(&push.id);
        let before = push
            .message_id
            .as_deref()
            .and_then(|id| deliver::made_before(&work, id));
        if let Some(prepared) = before {
            prepared
        } else {
            preview::lets_go(store, parts, profile, push, now)?;
            generated(store, parts, profile, push, (&package, &manifest), now)?
        }
    } else if push.kind == PushKind::Takedown && push.order.is_some() {
        // The label has sent no message that says so.
        deliver::takedown_note(&places.outgoing(&push.id), &package, push.created_at)?
    } else {
        let holds = effective(store, profile, &package)?;
        let may_hold =
            profile.requires != Requirements::default() || holds != resolve(profile, &[], &[]);
        if may_hold && !is_there {
            preview::lets_go(store, parts, profile, push, now)?;
        }
        // The same whenever it is made.
        deliver::as_received(&manifest, &spool, push.created_at)
    };
    Ok(Ready {
        made: Made {
            message_id: prepared.message.as_ref().map(|message| message.id.clone()),
            is_test: prepared.is_test,
            losses: prepared.losses.clone(),
            awaits_ack: profile.delivered_when == crate::domain::dsp::DeliveredWhen::Acknowledged,
        },
        part: deliver::Part {
            package,
            kind: push.kind,
            prepared,
        },
    })
}

/// What holds for a package's release at a DSP.
fn effective(store: &Store, profile: &DspProfile, package: &Package) -> Result<Effective, Fault> {
    let account = store.label_by_id(&package.label).map_err(|e| broken(&e))?;
    let overrides = store.overrides_of(&package.id).map_err(|e| broken(&e))?;
    let contract = account
        .map(|account| account.territories)
        .unwrap_or_default();
    Ok(resolve(profile, &contract, &overrides))
}

pub(super) fn broken(error: &StoreError) -> Fault {
    Fault::transient(
        "store",
        format!("the package cannot be read: {}", super::words(error)),
    )
}

fn taken_in(store: &Store, push: &Push) -> Result<(Package, Manifest), Fault> {
    let package = store.package(&push.package).map_err(|e| broken(&e))?;
    let manifest = store.manifest(&push.package).map_err(|e| broken(&e))?;
    package.zip(manifest).ok_or_else(|| {
        Fault::permanent(
            "no_package",
            "the package or its manifest is not in the store",
        )
    })
}

fn generated(
    store: &Store,
    parts: &Parts,
    profile: &DspProfile,
    push: &Push,
    (package, manifest): (&Package, &Manifest),
    now: Timestamp,
) -> Result<Prepared, Fault> {
    let places = parts.config.places();
    let spool = places.package(&package.id);
    let report = store
        .report(&package.id)
        .map_err(|e| broken(&e))?
        .ok_or_else(|| Fault::permanent("no_report", "the package's report is not in the store"))?;
    let (mut message, _) = message_of(&parts.config.limits, manifest, &spool)?;
    let mut files = files_of(&message, manifest, &report);
    let purge = push.order.as_ref().is_some_and(|order| order.purge);
    if push.kind == PushKind::Takedown {
        let own = (&package.id, &message);
        if let Some(live) = takedown::basis(store, &parts.config, profile, own, purge)? {
            message = live;
        }
    } else {
        let holders = update::holders(store, &package.id, manifest)?;
        (message, files) = update::lean(profile, &holders, manifest, message, files);
    }
    let on_behalf_of = on_behalf_of(store, profile, package, &report)?;
    let ids = store.message_ids(&push.id, now).map_err(|e| broken(&e))?;
    let us = parts.config.party.clone();
    let work = places.outgoing(&push.id);
    let making = Making {
        profile,
        effective: &effective(store, profile, package)?,
        us: &us,
        package,
        kind: push.kind,
        form: profile.takedown_form(purge),
        message: &message,
        files,
        manifest: &manifest.files,
        spool: &spool,
        work: &work,
        on_behalf_of,
        ids,
        now,
    };
    let prepared = deliver::generate(&making)?;
    holds_to_schema(parts, profile, &work.join("message.xml"))?;
    Ok(prepared)
}

/// The label's message, read again from the spool, and its file.
pub(super) fn message_of(
    limits: &Limits,
    manifest: &Manifest,
    spool: &Path,
) -> Result<(Message, String), Fault> {
    // Which of several is the message is told by what they say, as inspection does it.
    let candidates = manifest.files.iter().filter(|line| {
        let is_xml = line.path.to_ascii_lowercase().ends_with(".xml");
        is_xml && line.size <= limits.message_bytes
    });
    for line in candidates {
        let path = spool.join(&line.path);
        let bytes = std::fs::read(&path).map_err(|error| {
            Fault::transient(
                "spool_unreadable",
                format!("Our own copy of {:?} cannot be read: {error}.", line.path),
            )
        })?;
        let reading = ern::read(&bytes, limits);
        if let Some(mut message) = reading.message
            && message.kind == MessageKind::NewRelease
        {
            let (inner, _) = line.path.rsplit_once('/').unwrap_or_default();
            let kept = manifest.files.iter().filter_map(|file| {
                let path = file.path.strip_prefix(inner)?.trim_start_matches('/');
                Some((path, file.kept.as_ref()?))
            });
            kept::adopt(&mut message, kept);
            return Ok((message, line.path.clone()));
        }
    }
    Err(Fault::permanent(
        "no_message",
        "the package holds no message that can be read, so none can be made for the DSP",
    ))
}

/// What inspection measured, as the report has kept it. Paths are those of the manifest.
pub(super) fn files_of(
    message: &Message,
    manifest: &Manifest,
    report: &Report,
) -> Vec<ern::write::OutFile> {
    let is = |line: &str, file: &str| line == file || line.ends_with(&format!("/{file}"));
    let audio = |path: &str| {
        let track = report
            .tracks
            .iter()
            .find(|track| track.file.as_deref().is_some_and(|file| is(path, file)))?;
        Some(AudioFacts {
            container: track.container.unwrap_or_default(),
            coding: track.coding.unwrap_or_default(),
            rate_hz: track.rate_hz.unwrap_or_default(),
            bits: track.bits.unwrap_or_default(),
            channels: track.channels.unwrap_or_default(),
            duration_ms: track.duration_ms.unwrap_or_default(),
            ..AudioFacts::default()
        })
    };
    let artwork = |path: &str| {
        let cover = report
            .artwork
            .as_ref()
            .filter(|cover| is(path, &cover.file))?;
        Some(ArtworkFacts {
            format: cover.format,
            width: cover.width,
            height: cover.height,
            ..ArtworkFacts::default()
        })
    };
    // A release that lies one folder too deep is read from there.
    let first = report.tracks.iter().find_map(|track| track.file.as_deref());
    let nested = manifest
        .files
        .iter()
        .find_map(|line| line.path.strip_suffix(first?))
        .unwrap_or_default();
    let files = manifest
        .files
        .iter()
        .filter_map(|line| {
            Some(FileFacts {
                path: line.path.strip_prefix(nested)?.to_owned(),
                size: line.size,
                role: role_of(&line.path),
                sha256: Some(line.sha256.clone()),
                md5: line.md5.clone(),
                audio: audio(&line.path),
                artwork: artwork(&line.path),
                ..FileFacts::default()
            })
        })
        .collect();
    let folder = FolderFacts {
        folder: report.folder.clone(),
        files,
        ..FolderFacts::default()
    };
    let mut named = out_files(message, &folder);
    for file in &mut named {
        file.source = format!("{nested}{}", file.source);
    }
    named
}

fn on_behalf_of(
    store: &Store,
    profile: &DspProfile,
    package: &Package,
    report: &Report,
) -> Result<Option<OutParty>, Fault> {
    if !profile.message_options.sent_on_behalf_of {
        return Ok(None);
    }
    let account = store.label_by_id(&package.label).map_err(|e| broken(&e))?;
    Ok(account.and_then(|account| {
        Some(OutParty {
            dpid: account.dpid?,
            name: report.release.label_name.clone().unwrap_or(account.name),
        })
    }))
}

/// DSP-001: what we make is held to the official schema where that is installed, and never sent
/// against it.
fn holds_to_schema(parts: &Parts, profile: &DspProfile, path: &Path) -> Result<(), Fault> {
    let bytes = std::fs::read(path).map_err(|error| {
        Fault::transient(
            "outgoing_unreadable",
            format!("{} cannot be read: {error}.", path.display()),
        )
    })?;
    let reading = ern::read(&bytes, &parts.config.limits);
    let SchemaFacts { faults, total, .. } = parts.schemas.check(&reading, Profile::Strict);
    let Some(first) = faults.first() else {
        return Ok(());
    };
    Err(Fault::permanent(
        "schema_refuses",
        format!(
            "DSP-001: the {} message made for {} does not hold to the official schema ({total} faults; the first in line {}: {}). Nothing was sent. This is a fault of dropzone; the message is {}.",
            profile.version(),
            profile.name,
            first.line,
            first.message,
            path.display()
        ),
    ))
}
