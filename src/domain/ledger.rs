//! What intake asks of the store. The two edges do not know each other; the store implements this.

use super::facts::Manifest;
use super::fault::Fault;
use super::ids::{LabelId, PackageId};
use super::kept::Stored;
use super::package::Identity;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A folder that has a package in status `receiving`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFolder {
    /// The package.
    pub package: PackageId,
    /// Whose it is.
    pub label: LabelId,
    /// Folder under `/incoming`; for a batch `<batch>/<release>`.
    pub folder: String,
    /// It came by SFTP.
    pub via_sftp: bool,
}

/// A claim, written down before its rename and removed with the `Claimed` event. What it says is
/// enough to finish or undo the claim after a crash at any point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The package.
    pub package: PackageId,
    /// Whose it is.
    pub label: LabelId,
    /// Folder under `/incoming` that becomes the package.
    pub folder: String,
    /// Its content.
    pub manifest: Manifest,
    /// What release it is.
    pub identity: Identity,
}

/// What was claimed before from a folder, for a correction that is uploaded into it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing.
    Nothing,
    /// A package that may still be corrected: what the label does not upload again is taken over.
    Open(PackageId),
    /// A package that was approved or is with the stores: an update stands for itself.
    Settled,
}

/// Intake's memory. Every call is durable when it returns.
pub trait Ledger: Send + Sync {
    /// All folders with a package in status `receiving`; asked at start.
    fn open_folders(&self) -> Result<Vec<OpenFolder>, Fault>;

    /// A folder is there: makes its package if there is none in status `receiving`. One that was
    /// parked before it could be claimed is received again.
    fn seen(&self, label: &LabelId, folder: &str, via_sftp: bool) -> Result<PackageId, Fault>;

    /// The latest package that was claimed from a folder.
    fn earlier(&self, label: &LabelId, folder: &str) -> Result<Earlier, Fault>;

    /// The files of the version of a label's release that is live; an update need not bring them.
    fn stored(&self, label: &LabelId, icpn: &str) -> Result<Option<Stored>, Fault>;

    /// What the package waits for now, for people who look (`package show`).
    fn waiting(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault>;

    /// The upload stalled: tells the label once what is missing.
    fn stalled(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault>;

    /// The label gave the folder another name.
    fn renamed(&self, package: &PackageId, to: &str) -> Result<(), Fault>;

    /// The label took the folder away.
    fn withdrawn(&self, package: &PackageId) -> Result<(), Fault>;

    /// Writes the intent down, before the rename.
    fn intend(&self, intent: &Intent) -> Result<(), Fault>;

    /// The rename is done and durable: the `Claimed` event, and the intent is gone. The package may
    /// have been parked meanwhile.
    fn claimed(&self, intent: &Intent) -> Result<(), Fault>;

    /// The rename did not happen: the intent is gone, the package is `receiving` still. That of a
    /// `parked` one stays.
    fn abandoned(&self, package: &PackageId) -> Result<(), Fault>;

    /// Intents that a crash or a failure left behind, of packages in status `receiving` or `parked`.
    fn intents(&self) -> Result<Vec<Intent>, Fault>;

    /// The label's upload space is full: tells the label, unless it was told within a day. False when
    /// there is no package yet that the letter could be about.
    fn over_quota(&self, label: &LabelId, folder: &str, what: &str) -> Result<bool, Fault>;

    /// For how long nothing has happened to a package, by the clock, restarts included. `changed` is
    /// when the disk last saw a change of its files, in seconds since 1970.
    fn idle_for(&self, package: &PackageId, changed: i64) -> Result<Duration, Fault>;

    /// The unfinished folder was set aside, to `to` below the data directory: tells the label.
    fn given_up(&self, package: &PackageId, to: &str) -> Result<(), Fault>;

    /// The label's package with that content, if there is one that stands: it is being validated or
    /// reviewed, or was approved or delivered. One that was refused may be sent again to be judged
    /// anew, one that was replaced may replace its successor, and one that was approved and went
    /// nowhere (a test, or no DSP was agreed) may go somewhere now.
    fn same_as(&self, label: &LabelId, fingerprint: &str) -> Result<Option<PackageId>, Fault>;

    /// The folder had the content of `of` and was set aside: tells the label.
    fn duplicate(&self, package: &PackageId, of: &PackageId) -> Result<(), Fault>;

    /// Something of ours failed with this package: a person of the operator has to look.
    fn park(&self, package: &PackageId, why: &str) -> Result<(), Fault>;
}
