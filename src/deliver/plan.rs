//! What goes to a DSP: which files, under which names, with which marker.
//!
//! This is the seam between what was taken in and what goes out. What each package is made of is
//! known before (`Prepared`); here one package, or those of a batch, become a folder and what is made
//! last.

use super::manifest;
use super::names::{self, Values};
use crate::domain::dsp::{Choreography, DspProfile, OwnParty};
use crate::domain::facts::{FileRole, Manifest, ManifestFile};
use crate::domain::fault::Fault;
use crate::domain::naming::role_of;
use crate::domain::package::Package;
use crate::domain::push::{Cargo, Plan, Prepared, PushKind};
use crate::domain::upload::is_system_junk;
use jiff::Timestamp;
use std::path::Path;

/// A package's part of a plan.
#[derive(Clone, Debug)]
pub struct Part {
    /// The package.
    pub package: Package,
    /// What it is to the DSP.
    pub kind: PushKind,
    /// Its files and message.
    pub prepared: Prepared,
}

/// The label's own message and files. `spool` is the package's own folder (`Places::package`),
/// `manifest` what was claimed. Touches no disk.
pub fn as_received(manifest: &Manifest, spool: &Path, now: Timestamp) -> Prepared {
    let files = manifest
        .files
        .iter()
        .filter(|file| is_content(&file.path))
        .map(|file| cargo(file, spool))
        .collect();
    Prepared {
        message: None,
        time: digits_of(now),
        is_test: false,
        files,
        losses: Vec::new(),
    }
}

/// `YYYYMMDDhhmmssnnn`, as ERN Choreography writes times into names.
pub(super) fn digits_of(now: Timestamp) -> String {
    now.strftime("%Y%m%d%H%M%S%3f").to_string()
}

/// Plans the push of one package as it was received.
///
/// All faults are permanent: a profile or package that cannot be sent as it is.
pub fn plan(
    package: &Package,
    manifest: &Manifest,
    spool: &Path,
    profile: &DspProfile,
) -> Result<Plan, Fault> {
    let part = Part {
        package: package.clone(),
        kind: PushKind::New,
        prepared: as_received(manifest, spool, package.received_at),
    };
    assemble(
        profile,
        &OwnParty::default(),
        std::slice::from_ref(&part),
        None,
    )
}

/// Makes a plan of what was prepared: of one package, or of all those of a batch. The same parts give
/// the same plan.
///
/// All faults are permanent.
pub fn assemble(
    profile: &DspProfile,
    us: &OwnParty,
    parts: &[Part],
    batch: Option<&str>,
) -> Result<Plan, Fault> {
    let plan = match batch {
        Some(batch) => batched(profile, us, parts, batch)?,
        None => alone(profile, parts)?,
    };
    names::check_plan(profile, &plan)?;
    Ok(plan)
}

fn values_of(part: &Part) -> Values {
    Values::of(&part.package)
        .and("time", part.prepared.time.as_str())
        .and("priority", part.kind.priority())
}

fn alone(profile: &DspProfile, parts: &[Part]) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    for part in parts {
        let values = values_of(part);
        plan.folder = folder_of(profile, part.kind, &values, &part.prepared.time)?;
        plan.files.extend(part.prepared.files.iter().cloned());
        let marker = profile.marker_template();
        if !marker.is_empty() {
            let name = names::filled(profile, "`marker`", marker, &values)?;
            plan.markers
                .push((format!("{}/{name}", plan.folder), Vec::new()));
        }
    }
    Ok(plan)
}

/// The folder of a package that goes alone. A takedown is based on the version that is live, whose
/// folder may lie at the DSP still: it gets a name of its own.
pub(super) fn folder_of(
    profile: &DspProfile,
    kind: PushKind,
    values: &Values,
    time: &str,
) -> Result<String, Fault> {
    let template = profile.folder_template();
    let folder = names::filled(profile, "`folder`", template, values)?;
    let is_alike = !template.contains("{time}");
    if kind == PushKind::Takedown && is_alike {
        return Ok(format!("{folder}_takedown_{time}"));
    }
    Ok(folder)
}

fn batched(
    profile: &DspProfile,
    us: &OwnParty,
    parts: &[Part],
    batch: &str,
) -> Result<Plan, Fault> {
    debug_assert_eq!(profile.choreography, Choreography::Batch);
    let values = Values::default().and("batch", batch);
    let folder = names::filled(profile, "`folder`", profile.folder_template(), &values)?;
    let mut files = Vec::new();
    let mut entries = Vec::new();
    for part in parts {
        let template = &profile.names.release;
        let release = names::filled(profile, "`release` of [names]", template, &values_of(part))?;
        entries.push(manifest::Entry::of(part, &release));
        files.extend(part.prepared.files.iter().map(|cargo| Cargo {
            name: format!("{release}/{}", cargo.name),
            ..cargo.clone()
        }));
    }
    let template = &profile.names.manifest;
    let name = names::filled(profile, "`manifest` of [names]", template, &values)?;
    let content = manifest::write(profile, us, batch, &entries);
    Ok(Plan {
        markers: vec![(format!("{folder}/{name}"), content)],
        folder,
        files,
    })
}

/// Leaves out what operating systems scatter, the label's own completion markers (ours comes from
/// the profile) and files that an upload client never finished.
fn is_content(path: &str) -> bool {
    let junk = path.split('/').any(is_system_junk);
    !junk && !matches!(role_of(path), FileRole::Marker | FileRole::Temporary)
}

fn cargo(file: &ManifestFile, spool: &Path) -> Cargo {
    Cargo {
        source: spool.join(&file.path),
        name: file.path.clone(),
        size: file.size,
        sha256: file.sha256.clone(),
    }
}
