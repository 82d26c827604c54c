//! A label's account: who may upload, how it proves itself, and how its packages are judged.

use super::access::{Access, Barred};
use super::fault::Fault;
use super::ids::{DspId, LabelId};
use super::quota::OwnQuota;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// How strictly a label's messages are read (design decision 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Reads the dialect of the operator's guide, explains it, and does not fail for that alone.
    #[default]
    Guide,
    /// Holds a message to the official XSD.
    Strict,
}

impl Profile {
    /// The word used on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Strict => "strict",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "guide" => Some(Self::Guide),
            "strict" => Some(Self::Strict),
            _ => None,
        }
    }
}

/// Who the operator is to DDEX: the recipient of what labels send, the sender of what stores get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnParty {
    /// The operator's DDEX party identifier, such as `PADPIDA2013020802I`; empty: none is known,
    /// and nothing is compared with it.
    pub dpid: String,
    /// The operator's name as DDEX has it.
    pub name: String,
}

impl OwnParty {
    /// The identifier, if there is one.
    pub fn dpid(&self) -> Option<&str> {
        Some(self.dpid.as_str()).filter(|dpid| !dpid.is_empty())
    }
}

/// A label that may upload. Never holds a clear password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Opaque identifier; names the label's directory.
    pub id: LabelId,
    /// User name for SFTP and name on the command line: `[a-z0-9][a-z0-9._-]{0,31}`.
    pub name: String,
    /// Where outcomes are mailed; at least one.
    pub emails: Vec<String>,
    /// DSPs agreed for this label; approval makes one push for each.
    pub dsps: Vec<DspId>,
    /// How strictly messages are read.
    pub profile: Profile,
    /// DDEX party identifier the label sends as, when known (HDR-002).
    pub dpid: Option<String>,
    /// Territories that the label's contract holds, as ISO 3166-1 codes; empty: the whole world
    /// (DEAL-020).
    pub territories: Vec<String>,
    /// Whether the label may send ERN 4 beside ERN 3.8.2 (XML-006).
    pub takes_ern4: bool,
    /// Still being tried out: what it sends is judged as a test and goes nowhere (HDR-008).
    pub in_test: bool,
    /// PHC string (`$argon2id$…`), if the label logs in by password.
    pub password_hash: Option<String>,
    /// Public keys in OpenSSH one-line form (`ssh-ed25519 AAAA… comment`).
    pub keys: Vec<String>,
    /// A disabled account cannot log in; its packages stay.
    pub disabled: bool,
    /// From where, how and until when it may log in.
    pub access: Access,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Why someone from there who is this label may not be here now, if so.
    pub fn bars(&self, from: IpAddr, now: Timestamp) -> Option<Barred> {
        if self.disabled {
            return Some(Barred::Disabled);
        }
        self.access.bars(from, now)
    }
}

/// Whether `name` may be a label's user name. The set is small on purpose: the name appears in
/// log lines, e-mails and shell commands of operators.
pub fn is_valid_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    first
        && name.len() <= 32
        && bytes.all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        })
}

/// Where the SFTP server asks for accounts; the store answers.
pub trait Accounts: Send + Sync {
    /// The account of that user name, read afresh, so that a change holds from the next login on.
    fn find(&self, name: &str) -> Result<Option<Account>, Fault>;

    /// What is agreed with that label about its upload space, read afresh.
    fn own_quota(&self, _label: &LabelId) -> Result<OwnQuota, Fault> {
        Ok(OwnQuota::default())
    }
}
