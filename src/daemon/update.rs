//! Updates: what a package changes against the version that stores have, and what may not overtake
//! it.

use super::prepare::{broken, message_of};
use crate::config::Config;
use crate::domain::difference::{Difference, Sheet, compare};
use crate::domain::dsp::{DspProfile, Updates};
use crate::domain::ern::write::OutFile;
use crate::domain::facts::Manifest;
use crate::domain::fault::Fault;
use crate::domain::ids::{DspId, PackageId};
use crate::domain::kept;
use crate::domain::lifecycle::push::PushState;
use crate::domain::package::Package;
use crate::domain::push::Push;
use crate::domain::release::Message;
use crate::domain::rules::{made_at, sheet};
use crate::domain::takedown::Standing;
use crate::store::{Rival, Store};
use jiff::Timestamp;

/// Code of the fault that keeps an older message from undoing a newer one.
pub const STALE: &str = "stale";

/// What a package says; `None` where there is no report or no message of it any more.
pub fn sheet_of(
    store: &Store,
    config: &Config,
    package: &PackageId,
) -> Result<Option<Sheet>, Fault> {
    let manifest = store.manifest(package).map_err(|e| broken(&e))?;
    let report = store.report(package).map_err(|e| broken(&e))?;
    let Some((manifest, report)) = manifest.zip(report) else {
        return Ok(None);
    };
    let spool = config.places().package(package);
    match message_of(&config.limits, &manifest, &spool) {
        Ok((message, _)) => Ok(Some(sheet(
            &message,
            &report.release,
            &report.tracks,
            report.artwork.as_ref(),
        ))),
        Err(fault) if fault.is_transient() => Err(fault),
        Err(fault) => {
            tracing::warn!(package.id = %package, %fault, "no difference to what is live");
            Ok(None)
        }
    }
}

/// What a package changes against what is live now, which may be another version than when it was
/// inspected; `None` where nothing is.
pub fn difference(
    store: &Store,
    config: &Config,
    package: &Package,
) -> Result<Option<Difference>, Fault> {
    let Some(icpn) = package.icpn.as_deref() else {
        return Ok(None);
    };
    let live = store.live_package(&package.label, icpn, Some(&package.id));
    let Some(live) = live.map_err(|e| broken(&e))? else {
        return Ok(None);
    };
    let Some(version) = store.package(&live).map_err(|e| broken(&e))? else {
        return Ok(None);
    };
    let before = sheet_of(store, config, &live)?;
    let after = sheet_of(store, config, &package.id)?;
    Ok(before.zip(after).map(|(before, after)| Difference {
        with: live,
        attempt: version.attempt,
        received_at: version.received_at,
        changes: compare(&before, &after),
    }))
}

/// DSPs that have every file which a package keeps from the version that is live.
pub fn holders(
    store: &Store,
    package: &PackageId,
    manifest: &Manifest,
) -> Result<Vec<DspId>, Fault> {
    let kept = manifest.files.iter().find_map(|line| line.kept.as_ref());
    let Some(kept) = kept else {
        return Ok(Vec::new());
    };
    let standings = store.standings_without(package).map_err(|e| broken(&e))?;
    let there = standings.into_iter().filter(|(_, at)| match &at.standing {
        Standing::There(version) => *version == kept.package,
        Standing::Absent
        | Standing::OnItsWay(_)
        | Standing::BeingTakenDown(_)
        | Standing::TakenDown(_) => false,
    });
    Ok(there.map(|(dsp, _)| dsp).collect())
}

/// The message and the files that go to a DSP: without those that it has, where its profile says so.
pub fn lean(
    profile: &DspProfile,
    holders: &[DspId],
    manifest: &Manifest,
    message: Message,
    mut files: Vec<OutFile>,
) -> (Message, Vec<OutFile>) {
    let is_lean = profile.message_options.updates == Updates::MetadataOnly;
    if !is_lean || !holders.contains(&profile.id) {
        return (message, files);
    }
    let kept: Vec<String> = manifest
        .files
        .iter()
        .filter(|line| line.kept.is_some())
        .map(|line| line.path.clone())
        .collect();
    let mut short = message.clone();
    if !kept::leave_out(&mut short, &kept) {
        return (message, files);
    }
    files.retain(|file| !kept.contains(&file.source));
    (short, files)
}

/// Lets a push go unless its DSP has a newer message of the release. An operator's takedown always
/// goes. Permanent fault `stale`.
pub fn is_newest(store: &Store, profile: &DspProfile, push: &Push) -> Result<(), Fault> {
    if push.order.is_some() {
        return Ok(());
    }
    let package = store.package(&push.package).map_err(|e| broken(&e))?;
    let created = store
        .report(&push.package)
        .map_err(|e| broken(&e))?
        .and_then(|report| report.release.message_created);
    let (Some(package), Some(created)) = (package, created) else {
        return Ok(());
    };
    let Some(own) = made_at(&created, package.received_at) else {
        return Ok(());
    };
    let rivals = store.rivals(&push.id).map_err(|e| broken(&e))?;
    let newest = rivals
        .into_iter()
        .filter_map(|rival| {
            let at = made_at(rival.message_created.as_deref()?, rival.received_at)?;
            (at > own).then_some((at, rival))
        })
        .max_by_key(|(at, _)| *at);
    match newest {
        Some((at, rival)) => Err(stale(profile, push, (&package, own), (&rival, at))),
        None => Ok(()),
    }
}

/// One that says it was made after it came is known by when it came.
fn told_made(made: Timestamp, received: Timestamp) -> String {
    let word = if made == received { "received" } else { "made" };
    format!("{word} at {made}")
}

fn stale(
    profile: &DspProfile,
    push: &Push,
    (package, own): (&Package, Timestamp),
    (rival, newer): (&Rival, Timestamp),
) -> Fault {
    let has = match rival.state {
        PushState::Sent | PushState::Acknowledged => "has",
        PushState::Queued
        | PushState::Preparing
        | PushState::Sending
        | PushState::SentUnknown
        | PushState::Refused
        | PushState::Failed
        | PushState::Blocked
        | PushState::Cancelled => "is being sent",
    };
    Fault::permanent(
        STALE,
        format!(
            "{} {has} a newer message of this release: package {}, {}; that of package {} was {} and would undo it. Nothing was sent. Call the push off (`dropzone push cancel {}`), or have the label send the release again with a new MessageCreatedDateTime.",
            profile.name,
            rival.package,
            told_made(newer, rival.received_at),
            package.id,
            told_made(own, package.received_at),
            push.id
        ),
    )
}
