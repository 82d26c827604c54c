//! What a DSP would get of a package or a folder, and whether it may go: for `push preview`, for the
//! reviewer before approval (preflight), and once more when a push is prepared.

use super::live::Parts;
use super::prepare::{broken, files_of, message_of};
use super::{takedown, update};
use crate::config::Config;
use crate::deliver::{Foreseen, Making, foresee, foresee_as_received, foresee_note};
use crate::domain::account::Account;
use crate::domain::dsp::effective::{Applied, Effective, resolve};
use crate::domain::dsp::overrides::OverrideChange;
use crate::domain::dsp::{DspProfile, TakedownForm};
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
    pub(super) package: Package,
    pub(super) manifest: Manifest,
    /// Where the files lie.
    pub(super) root: PathBuf,
    pub(super) message: Message,
    message_file: String,
    pub(super) files: Vec<OutFile>,
    /// The label, where it has a DPID.
    pub(super) label: Option<OutParty>,
    /// Territories of the label's contract; none for the whole world.
    contract: Vec<String>,
    /// What was said about the release at DSPs.
    overrides: Vec<OverrideChange>,
    /// DSPs that have the files which it keeps from the version that is live.
    holders: Vec<DspId>,
    /// The message itself takes the release down.
    takes_down: bool,
    /// How it is taken down, and by what message where that is not the package's.
    takedown: (bool, Option<Message>),
}

/// What one DSP would get.
pub struct Preview {
    /// Name of the DSP's profile.
    pub profile: DspProfile,
    /// What it is to the DSP.
    pub kind: PushKind,
    /// The form of a takedown, if it is one and the message is ours.
    pub form: TakedownForm,
    /// What holds for the release there.
    pub effective: Effective,
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
        let contract = account.as_ref().map(|account| account.territories.clone());
        let overrides = store
            .overrides_of(&package.id)
            .map_err(|error| broken(&error))?;
        Ok(Self {
            contract: contract.unwrap_or_default(),
            overrides,
            files: files_of(&message, &manifest, report),
            label: account.and_then(|account| party(account, report)),
            takes_down: is_takedown(report),
            takedown: (false, None),
            holders: update::holders(store, &package.id, &manifest)?,
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
            takes_down: is_takedown(&examined.report),
            takedown: (false, None),
            contract: Vec::new(),
            overrides: Vec::new(),
            holders: Vec::new(),
            package,
            message,
        })
    }

    /// Makes ready for the preview of a takedown at one DSP; `purge`: an operator asks for a purge.
    pub fn for_takedown(
        &mut self,
        store: &Store,
        config: &Config,
        profile: &DspProfile,
        purge: bool,
    ) -> Result<(), Fault> {
        let own = (&self.package.id, &self.message);
        self.takedown = (purge, takedown::basis(store, config, profile, own, purge)?);
        Ok(())
    }

    /// What holds for the release at a DSP.
    pub fn effective(&self, profile: &DspProfile) -> Effective {
        resolve(profile, &self.contract, &self.overrides)
    }

    /// The release with the deals that hold at a DSP.
    pub fn applied(&self, effective: &Effective) -> Applied {
        effective.apply(&self.message)
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
        let effective = self.effective(profile);
        let applied = self.applied(&effective);
        let seen = if profile.message.is_generated() {
            self.generated(config, (profile, &effective), kind, now)
        } else if kind == PushKind::Takedown && !self.takes_down {
            foresee_note(profile, &self.package, now)
        } else {
            let (package, manifest) = (&self.package, &self.manifest);
            let (root, message) = (&self.root, &self.message_file);
            let mut seen = foresee_as_received(profile, package, manifest, root, message, kind);
            seen.refusals
                .extend(applied.kept.filter(|_| kind != PushKind::Takedown));
            seen
        };
        let schema = seen.xml.as_ref().map(|xml| {
            let reading = ern::read(xml.as_bytes(), &config.limits);
            schemas.check(&reading, crate::domain::account::Profile::Strict)
        });
        let mut findings = readiness::judge(&Going {
            profile,
            kind,
            message: &applied.message,
            changes: &seen.changes,
            losses: &seen.losses,
            refusals: &seen.refusals,
            schema: schema.as_ref().zip(seen.xml.as_deref()),
            now,
        });
        if kind == PushKind::Takedown && self.takedown.0 && !profile.purge {
            findings.extend(readiness::no_purge(profile));
        }
        Preview {
            profile: profile.clone(),
            kind,
            form: profile.takedown_form(self.takedown.0),
            effective,
            seen,
            schema,
            findings,
        }
    }

    fn generated(
        &self,
        config: &Config,
        (profile, effective): (&DspProfile, &Effective),
        kind: PushKind,
        now: Timestamp,
    ) -> Foreseen {
        let us = config.party.clone();
        let is_named = profile.message_options.sent_on_behalf_of;
        let (message, files) = (self.message.clone(), self.files.clone());
        let (message, files) = if kind == PushKind::Takedown {
            (self.takedown.1.clone().unwrap_or(message), files)
        } else {
            update::lean(profile, &self.holders, &self.manifest, message, files)
        };
        foresee(&Making {
            profile,
            effective,
            us: &us,
            package: &self.package,
            kind,
            form: profile.takedown_form(self.takedown.0),
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

/// Whether a report says that its message takes a release down.
pub fn is_takedown(report: &Report) -> bool {
    let mut findings = report.findings.iter();
    !report.release.is_test && findings.any(|finding| finding.code == "UPD-004")
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

/// What a package is, was, or would be to a DSP.
pub fn kind_of(store: &Store, package: &Package, profile: &DspProfile) -> Result<PushKind, Fault> {
    let pushes = store.pushes(&PushFilter {
        package: Some(package.id.clone()),
        dsp: Some(profile.id.clone()),
        ..PushFilter::default()
    });
    let pushes = pushes.map_err(|error| broken(&error))?;
    match pushes.last() {
        Some(push) => Ok(push.kind),
        None => store
            .kind_at(&package.id, &profile.id)
            .map_err(|error| broken(&error)),
    }
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
    let takes_down = is_takedown(report);
    // A takedown goes where the release is, whichever DSPs are agreed by now.
    let dsps: Vec<DspId> = if takes_down {
        removed_from(store, &package.id)?
    } else {
        account.dsps.clone()
    };
    let profiles: Vec<&DspProfile> = dsps.iter().filter_map(|dsp| parts.profile(dsp)).collect();
    if profiles.is_empty() || report.release.is_test {
        return Ok(Vec::new());
    }
    let mut matter = Matter::of_package(store, &parts.config, package, report)?;
    let mut judged = Vec::new();
    for profile in profiles {
        let mut kind = PushKind::New;
        if takes_down {
            kind = PushKind::Takedown;
            matter.for_takedown(store, &parts.config, profile, false)?;
        }
        let preview = matter.preview(&parts.config, &parts.schemas, profile, kind, now);
        judged.push(preview.readiness());
    }
    Ok(judged)
}

/// DSPs that a package without deals takes its release off.
pub fn removed_from(store: &Store, package: &PackageId) -> Result<Vec<DspId>, Fault> {
    let standings = store.standings_of(package).map_err(|e| broken(&e))?;
    let there = standings.into_iter();
    let there = there.filter(|(_, at)| at.standing.version().is_some());
    Ok(there.map(|(dsp, _)| dsp).collect())
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
    let mut matter = Matter::of_package(store, &parts.config, &package, &report)?;
    if push.kind == PushKind::Takedown {
        let purge = push.order.as_ref().is_some_and(|order| order.purge);
        matter.for_takedown(store, &parts.config, profile, purge)?;
    }
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
