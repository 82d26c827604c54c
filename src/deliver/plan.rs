//! What goes to a DSP: which files, under which names, with which marker.
//!
//! This is the seam between what was taken in and what goes out. Today's only message is the one
//! that the label sent; a profile that asks for a generated message gets its own arm here, and
//! `send` does not change.

use super::names::{self, Values};
use crate::domain::dsp::{DspProfile, MessageChoice};
use crate::domain::facts::{FileRole, Manifest, ManifestFile};
use crate::domain::fault::Fault;
use crate::domain::naming::role_of;
use crate::domain::package::Package;
use crate::domain::push::{Cargo, Plan};
use crate::domain::upload::is_system_junk;
use std::path::Path;

/// Plans a push. `spool` is the package's own folder (`Places::package`), `manifest` what was
/// claimed. Touches no disk.
///
/// All faults are permanent: a profile or package that cannot be sent as it is.
pub fn plan(
    package: &Package,
    manifest: &Manifest,
    spool: &Path,
    profile: &DspProfile,
) -> Result<Plan, Fault> {
    let values = Values::of(package);
    let folder = names::folder_name(profile, &values)?;
    let markers = names::marker_name(profile, &values)?
        .map(|name| (format!("{folder}/{name}"), Vec::new()))
        .into_iter()
        .collect();
    let files = match profile.message {
        MessageChoice::AsReceived => as_received(manifest, spool),
    };
    let plan = Plan {
        folder,
        files,
        markers,
    };
    names::check_plan(profile, &plan)?;
    Ok(plan)
}

/// Everything that belongs to the release, under the names it came with.
fn as_received(manifest: &Manifest, spool: &Path) -> Vec<Cargo> {
    manifest
        .files
        .iter()
        .filter(|file| is_content(&file.path))
        .map(|file| cargo(file, spool))
        .collect()
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
