//! What a DSP would get of a package or a folder, and whether it may go: for `push preview`, for the
//! reviewer before approval (preflight), and once more when a push is prepared.

use super::live::Parts;
use super::prepare::{broken, files_of, message_of};
use super::update;
use crate::config::Config;
use crate::deliver::{Foreseen, Making, foresee, foresee_as_received};
use crate::domain::account::Account;
use crate::domain::dsp::DspProfile;
use crate::domain::ern;
use crate::domain::ern::write::{OutFile, OutParty, out_files};
use crate::domain::facts::{Manifest, ManifestFile, SchemaFacts};
use crate::domain::fault::Fault;
use crate::domain::ids::{DspId, LabelId, PackageId};
use crate::domain::lifecycle::Status;
use crate::domain::package::Package;
use crate::domain::push::{MessageIds, Push, PushKind};
use crate::domain::readiness::{self, Going};
use crate::domain::release::{Message, MessageKind};
use crate::domain::report::readiness::Readiness;
use crate::domain::report::{Finding, Report, Severity};
use crate::inspect::Examined;
use crate::inspect::schemas::Schemas;
use crate::store::{PushFilter, Store};
use jiff::Timestamp;
use std::path::PathBuf;

/// Stands for identifiers that are given when a message is made.
const UNKNOWN_ID: &str = "PREVIEW";

/// A release, with all that is needed to make a message of it.
pub struct Matter {
    package: Package,
    manifest: Manifest,
    /// Where the files lie.
    root: PathBuf,
    message: Message,
    message_file: String,
    files: Vec<OutFile>,
    /// The label, where it has a DPID.
    label: Option<OutParty>,
    /// DSPs that have the files which it keeps from the version that is live.
    holders: Vec<DspId>,
}

/// What one DSP would get.
pub struct Preview {
    /// Name of the DSP's profile.
    pub profile: DspProfile,
    /// What it is to the DSP.
    pub kind: PushKind,
    /// Message and files.
    pub seen: Foreseen,
    /// What the official schema says of the message; nothing where there is none of ours.
    pub schema: Option<SchemaFacts>,
    /// Rules DSP-…, the gravest first.
    pub findings: Vec<Finding>,
}

impl Preview {
    /// Whether it would be pushed.
    pub fn is_ready(&self) -> bool {
        let mut findings = self.findings.iter();
        self.seen.fault.is_none() && !findings.any(|f| f.severity == Severity::Error)
    }

    /// What of it is kept for the reviewer.
    pub fn readiness(self) -> Readiness {
        Readiness {
            dsp: self.profile.id.to_string(),
            ready: self.is_ready(),
            name: self.profile.name,
            findings: self.findings,
        }
    }
}

impl Matter {
    /// Of a package that was taken in. Permanent faults: it has no manifest or no message.
    pub fn of_package(
        store: &Store,
        config: &Config,
        package: &Package,
        report: &Report,
    ) -> Result<Self, Fault> {
        let manifest = store
            .manifest(&package.id)
            .map_err(|error| broken(&error))?
            .ok_or_else(|| {
                Fault::permanent("no_package", "the package's manifest is not in the store")
            })?;
        let account = store
            .label_by_id(&package.label)
            .map_err(|error| broken(&error))?;
        let root = config.places().package(&package.id);
        let (message, message_file) = message_of(&config.limits, &manifest, &root)?;
        Ok(Self {
            files: files_of(&message, &manifest, report),
            label: account.and_then(|account| party(account, report)),
            holders: update::holders(store, &manifest)?,
            package: package.clone(),
            manifest,
            root,
            message,
            message_file,
        })
    }

    /// Of a folder that was inspected; nothing of it is stored. `Err` says why there is no release
    /// in it.
    pub fn of_folder(examined: Examined, now: Timestamp) -> Result<Self, String> {
        let message = examined.reading.and_then(|reading| reading.message);
        let message = message
            .filter(|message| message.kind == MessageKind::NewRelease)
            .ok_or("it holds no message of a release that can be read (dropzone check says why)")?;
        let folder = examined.folder;
        let package = stand_in(&folder.folder, &examined.report, now);
        let lines = folder.files.iter().filter_map(|file| {
            Some(ManifestFile {
                path: file.path.clone(),
                size: file.size,
                sha256: file.sha256.clone()?,
                md5: file.md5.clone(),
                taken_over: false,
                kept: None,
            })
        });
        Ok(Self {
            manifest: Manifest {
                package: package.id.clone(),
                label: String::new(),
                folder: folder.folder.clone(),
                files: lines.collect(),
            },
            files: out_files(&message, &folder),
            message_file: folder.messages.first().cloned().unwrap_or_default(),
            root: examined.base,
            label: None,
            holders: Vec::new(),
            package,
            message,
        })
    }

    /// Foresees what a DSP would get, and judges it.
    pub fn preview(
        &self,
        config: &Config,
        schemas: &Schemas,
        profile: &DspProfile,
        kind: PushKind,
        now: Timestamp,
    ) -> Preview {
        let seen = if profile.message.is_generated() {
            self.generated(config, profile, kind, now)
        } else {
            let (package, manifest) = (&self.package, &self.manifest);
            foresee_as_received(profile, package, manifest, &self.root, &self.message_file)
        };
        let schema = seen.xml.as_ref().map(|xml| {
            let reading = ern::read(xml.as_bytes(), &config.limits);
            schemas.check(&reading, crate::domain::account::Profile::Strict)
        });
        let findings = readiness::judge(&Going {
            profile,
            kind,
            message: &self.message,
            changes: &seen.changes,
            losses: &seen.losses,
            refusals: &seen.refusals,
            schema: schema.as_ref().zip(seen.xml.as_deref()),
            now,
        });
        Preview {
            profile: profile.clone(),
            kind,
            seen,
            schema,
            findings,
        }
    }

    fn generated(
        &self,
        config: &Config,
        profile: &DspProfile,
        kind: PushKind,
        now: Timestamp,
    ) -> Foreseen {
        let us = config.party.clone();
        let is_named = profile.message_options.sent_on_behalf_of;
        let files = self.files.clone();
        let (message, files) =
            update::lean(profile, &self.holders, &self.manifest, &self.message, files);
        foresee(&Making {
            profile,
            us: &us,
            package: &self.package,
            kind,
            message: &message,
            files,
            manifest: &self.manifest.files,
            spool: &self.root,
            // Nothing is made in it.
            work: &self.root,
            on_behalf_of: self.label.clone().filter(|_| is_named),
            ids: MessageIds {
                message: UNKNOWN_ID.to_owned(),
                thread: UNKNOWN_ID.to_owned(),
            },
            now,
        })
    }
}

fn party(account: Account, report: &Report) -> Option<OutParty> {
    Some(OutParty {
        dpid: account.dpid?,
        name: report.release.label_name.clone().unwrap_or(account.name),
    })
}

/// A folder is no package; names that are made of one have to come from somewhere.
fn stand_in(folder: &str, report: &Report, now: Timestamp) -> Package {
    let release = &report.release;
    Package {
        id: PackageId::new(UNKNOWN_ID),
        label: LabelId::new(""),
        label_name: String::new(),
        folder: folder.to_owned(),
        status: Status::Receiving,
        attempt: 1,
        icpn: release.icpn.clone(),
        title: release.title.clone(),
        artist: release.artist.clone(),
        tracks: release.tracks,
        counts: report.counts,
        waiting_for: Vec::new(),
        via_sftp: false,
        received_at: now,
        updated_at: now,
    }
}

/// What a package is, or was, to a DSP.
pub fn kind_of(store: &Store, package: &Package, profile: &DspProfile) -> Result<PushKind, Fault> {
    let pushes = store.pushes(&PushFilter {
        package: Some(package.id.clone()),
        dsp: Some(profile.id.clone()),
        ..PushFilter::default()
    });
    let pushes = pushes.map_err(|error| broken(&error))?;
    Ok(pushes.last().map_or(PushKind::New, |push| push.kind))
}

/// Preflight: whether a package may go to each of its label's DSPs. DSPs without a profile are left
/// out: there is nothing to judge by.
pub fn preflight(
    store: &Store,
    parts: &Parts,
    account: &Account,
    package: &Package,
    report: &Report,
    now: Timestamp,
) -> Result<Vec<Readiness>, Fault> {
    let profiles: Vec<&DspProfile> = account
        .dsps
        .iter()
        .filter_map(|dsp| parts.profile(dsp))
        .collect();
    if profiles.is_empty() || report.release.is_test {
        return Ok(Vec::new());
    }
    let matter = Matter::of_package(store, &parts.config, package, report)?;
    let judged = profiles.into_iter().map(|profile| {
        let kind = PushKind::New;
        let preview = matter.preview(&parts.config, &parts.schemas, profile, kind, now);
        preview.readiness()
    });
    Ok(judged.collect())
}

/// The same once more at approval, for one push. Permanent fault `not_ready`: it may not go.
pub fn lets_go(
    store: &Store,
    parts: &Parts,
    profile: &DspProfile,
    push: &Push,
    now: Timestamp,
) -> Result<(), Fault> {
    let missing =
        |what: &str| Fault::permanent("no_package", format!("the {what} is not in the store"));
    let package = store.package(&push.package).map_err(|e| broken(&e))?;
    let package = package.ok_or_else(|| missing("package"))?;
    let report = store.report(&package.id).map_err(|e| broken(&e))?;
    let report = report.ok_or_else(|| missing("package's report"))?;
    let matter = Matter::of_package(store, &parts.config, &package, &report)?;
    let preview = matter.preview(&parts.config, &parts.schemas, profile, push.kind, now);
    if preview.is_ready() {
        return Ok(());
    }
    let readiness = preview.readiness();
    Err(Fault::permanent(
        NOT_READY,
        format!(
            "{} {}. Nothing was sent; `dropzone push preview {} --dsp {}` shows all of it. When it is mended: `dropzone push retry {}`.",
            readiness.name,
            readiness.obstacles(),
            push.package,
            readiness.dsp,
            push.id
        ),
    ))
}

/// Code of the fault that blocks a push.
pub const NOT_READY: &str = "not_ready";
