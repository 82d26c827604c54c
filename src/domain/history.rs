//! What the store knows of a label's earlier packages, as far as rules ask for it.

use super::ids::PackageId;
use super::lifecycle::Status;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Earlier packages that matter to the one at hand. Offline there is none, and rules that need it
/// say so instead of guessing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Earlier packages of the same label and ICPN, oldest first.
    pub same_release: Vec<Earlier>,
    /// Another label here has packages with this ICPN (ID-013).
    pub icpn_of_other_label: bool,
    /// Earlier packages of this label with the same `MessageId` but another ICPN (HDR-004).
    pub same_message_id: Vec<Earlier>,
    /// DPIDs registered for other labels of this installation (HDR-002), with no name.
    pub dpid_of_other_label: bool,
    /// Files of this package that were not uploaded with it, but taken over from the attempt before
    /// it in the same folder (PKG-029); paths relative to the package.
    #[serde(default)]
    pub taken_over: Vec<String>,
    /// Territories that the label's contract holds (DEAL-020); empty: the whole world.
    #[serde(default)]
    pub contract: Vec<String>,
}

/// One earlier package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The package.
    pub id: PackageId,
    /// Attempt number within its release.
    pub attempt: u32,
    /// Its status now.
    pub status: Status,
    /// When it came.
    pub received_at: Timestamp,
    /// The release's title then.
    pub title: String,
    /// The release's ICPN then.
    pub icpn: String,
    /// Its `MessageCreatedDateTime` as written, for HDR-005.
    pub message_created: Option<String>,
    /// SHA-256 of its manifest's sorted lines: equal content, equal print (PKG-028).
    pub fingerprint: Option<String>,
    /// Codes of its findings with severity error, with the file or path of each: what attempt n+1
    /// is compared with (UPD-009).
    pub errors: Vec<(String, String)>,
}
