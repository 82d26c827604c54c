//! What one DSP takes and how it is reached: `config/dsp/<id>.toml`.

use super::ids::DspId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub mod area;
mod checks;
pub mod effective;
mod options;
pub mod overrides;

pub use crate::domain::account::OwnParty;
pub use crate::domain::takedown::TakedownForm;
pub use checks::mistakes;
pub use options::{
    ArtworkOptions, AudioFormat, AudioOptions, BatchOptions, MessageOptions, NameOptions,
    Requirements, Updates,
};

/// A DSP's profile. Secrets are never in it, only the names of files that hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DspProfile {
    /// The file's stem; not in the file itself.
    #[serde(skip, default = "no_id")]
    pub id: DspId,
    /// The name that labels read in e-mails.
    pub name: String,
    /// Nothing is pushed to a DSP that is not enabled; its pushes wait.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which message goes out.
    #[serde(default)]
    pub message: MessageChoice,
    /// Who the parties of a generated message are, and what of the release it says.
    #[serde(default)]
    pub message_options: MessageOptions,
    /// How packages lie at the DSP.
    #[serde(default)]
    pub choreography: Choreography,
    /// When packages share a batch.
    #[serde(default)]
    pub batch: BatchOptions,
    /// What files are called.
    #[serde(default)]
    pub names: NameOptions,
    /// The form that audio is sent in.
    #[serde(default)]
    pub audio: AudioOptions,
    /// The form that the cover is sent in.
    #[serde(default)]
    pub artwork: ArtworkOptions,
    /// What it refuses a release without.
    #[serde(default)]
    pub requires: Requirements,
    /// What counts as delivered.
    #[serde(default)]
    pub delivered_when: DeliveredWhen,
    /// How the DSP is told that a release leaves it. Of a DSP that gets the label's own messages only
    /// the label can take one down; for us a note lies beside the release.
    #[serde(default)]
    pub takedown: TakedownForm,
    /// Whether the DSP takes a `PurgeReleaseMessage`.
    #[serde(default)]
    pub purge: bool,
    /// Directory at the DSP below which release folders are made; empty for the login directory.
    #[serde(default)]
    pub directory: String,
    /// Name of the folder that becomes visible at once: of the release, or of the batch. `None` for
    /// the choreography's own.
    #[serde(default)]
    pub folder: Option<String>,
    /// Name of an empty file that is made last, below that folder. Empty for none, `None` for the
    /// choreography's own. A batch ends with its manifest instead.
    #[serde(default)]
    pub marker: Option<String>,
    /// Directory at the DSP where acknowledgements appear, beside `directory`; empty for none.
    #[serde(default)]
    pub acknowledgements: String,
    /// Pushes to this DSP at one time; each has a connection of its own.
    #[serde(default = "one")]
    pub concurrency: u32,
    /// KiB in a second over all pushes to this DSP; 0 for no limit.
    #[serde(default)]
    pub bandwidth_kib: u64,
    /// How it is reached.
    pub transport: TransportChoice,
}

/// Which message a DSP is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageChoice {
    /// The label's own message: for an archive or a partner that asks for it.
    #[default]
    AsReceived,
    /// A generated message, ERN 4.3, profile Audio.
    #[serde(rename = "ern_43")]
    Ern43,
    /// A generated message, ERN 3.8.2.
    #[serde(rename = "ern_382")]
    Ern382,
}

impl MessageChoice {
    /// Whether the message is ours.
    pub fn is_generated(self) -> bool {
        self != Self::AsReceived
    }
}

/// How packages lie at a DSP and what tells it that all is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choreography {
    /// One folder for each package, and an empty marker in it.
    #[default]
    Folder,
    /// ERN Choreography 1.8, 5.2: `<P|N>_<ReleaseId>_<time>/<ReleaseId>.xml` and `resources/`.
    ReleaseByRelease,
    /// ERN Choreography 1.8, 6.3: `<BatchId>/<ReleaseId>/<ReleaseId>.xml` and
    /// `BatchComplete_<BatchId>.xml`.
    Batch,
}

/// When a package counts as delivered to a DSP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveredWhen {
    /// With the last byte, for DSPs that answer nothing.
    #[default]
    Sent,
    /// With the DSP's own word that it took the release.
    Acknowledged,
}

impl DspProfile {
    /// A profile that says nothing beyond the name and the way.
    pub fn plain(id: DspId, name: &str, transport: TransportChoice) -> Self {
        Self {
            id,
            name: name.to_owned(),
            enabled: true,
            message: MessageChoice::default(),
            message_options: MessageOptions::default(),
            choreography: Choreography::default(),
            batch: BatchOptions::default(),
            names: NameOptions::default(),
            audio: AudioOptions::default(),
            artwork: ArtworkOptions::default(),
            requires: Requirements::default(),
            delivered_when: DeliveredWhen::default(),
            takedown: TakedownForm::default(),
            purge: false,
            directory: String::new(),
            folder: None,
            marker: None,
            acknowledgements: String::new(),
            concurrency: 1,
            bandwidth_kib: 0,
            transport,
        }
    }

    /// The version of the message, for people.
    pub fn version(&self) -> &'static str {
        match self.message {
            MessageChoice::AsReceived => "label's own",
            MessageChoice::Ern43 => "ERN 4.3",
            MessageChoice::Ern382 => "ERN 3.8.2",
        }
    }

    /// The form of a takedown: the profile's, or a purge where an operator wants one. Never a purge
    /// where the DSP takes none (DSP-006).
    pub fn takedown_form(&self, purge: bool) -> TakedownForm {
        if purge && self.purge {
            return TakedownForm::Purge;
        }
        let is_possible = self.purge || self.takedown != TakedownForm::Purge;
        if is_possible {
            self.takedown
        } else {
            TakedownForm::NoDeal
        }
    }

    /// Template of the folder that becomes visible at once.
    pub fn folder_template(&self) -> &str {
        self.folder.as_deref().unwrap_or(match self.choreography {
            Choreography::Folder => "{icpn}_{package}",
            Choreography::ReleaseByRelease => "{priority}_{icpn}_{time}",
            Choreography::Batch => "{batch}",
        })
    }

    /// Template of the empty marker in it; empty for none.
    pub fn marker_template(&self) -> &str {
        self.marker.as_deref().unwrap_or(match self.choreography {
            Choreography::Folder => "delivery.complete",
            // The message, or the manifest, is the sign.
            Choreography::ReleaseByRelease | Choreography::Batch => "",
        })
    }
}

/// How a DSP is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TransportChoice {
    /// A directory of this machine (a mount, an archive).
    Folder {
        /// Absolute path.
        path: PathBuf,
    },
    /// The DSP's SFTP server.
    Sftp {
        /// Host name or address.
        host: String,
        /// Port.
        #[serde(default = "sftp_port")]
        port: u16,
        /// User name there.
        user: String,
        /// The server's host key (`ssh-ed25519 AAAA…`) or its fingerprint (`SHA256:…`). Nothing is
        /// sent to a server with another key.
        host_key: String,
        /// File that holds the password; its mode must not let others read it.
        #[serde(default)]
        password_file: Option<PathBuf>,
        /// File that holds an OpenSSH private key without a passphrase.
        #[serde(default)]
        key_file: Option<PathBuf>,
        /// Seconds to wait for a connection or an answer.
        #[serde(default = "sftp_timeout")]
        timeout_seconds: u64,
    },
    /// A bucket of S3 or of a store that speaks its language.
    S3 {
        /// The bucket.
        bucket: String,
        /// What all keys begin with, before `directory`; `/` between parts.
        #[serde(default)]
        prefix: String,
        /// AWS's region of the bucket; what other stores want it called.
        #[serde(default = "s3_region")]
        region: String,
        /// Address of a store that is not AWS's: `https://s3.partner.example`.
        #[serde(default)]
        endpoint: Option<String>,
        /// File that holds the access key; its mode must not let others read it.
        access_key_file: PathBuf,
        /// File that holds the secret key; its mode must not let others read it.
        secret_key_file: PathBuf,
        /// The bucket is part of the path and not of the host's name; `None`: where `endpoint` is
        /// set.
        #[serde(default)]
        path_style: Option<bool>,
        /// Go without encryption to a host that is not this machine.
        #[serde(default)]
        allow_http: bool,
        /// Seconds to wait for a connection or an answer.
        #[serde(default = "sftp_timeout")]
        timeout_seconds: u64,
    },
}

fn no_id() -> DspId {
    DspId::new("")
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn sftp_port() -> u16 {
    22
}

fn s3_region() -> String {
    "us-east-1".to_owned()
}

fn sftp_timeout() -> u64 {
    30
}
