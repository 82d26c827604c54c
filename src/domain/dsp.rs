//! What one DSP takes and how it is reached: `config/dsp/<id>.toml`.

use super::ids::DspId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// Directory at the DSP below which release folders are made; empty for the login directory.
    #[serde(default)]
    pub directory: String,
    /// Name of the release folder: may use `{icpn}`, `{package}`, `{folder}`, `{attempt}`.
    #[serde(default = "default_folder")]
    pub folder: String,
    /// Name of an empty file that is made last, below the release folder; may use the same
    /// placeholders. Empty for none.
    #[serde(default = "default_marker")]
    pub marker: String,
    /// Pushes to this DSP at one time.
    #[serde(default = "one")]
    pub concurrency: u32,
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

fn default_folder() -> String {
    "{icpn}_{package}".to_owned()
}

fn default_marker() -> String {
    "delivery.complete".to_owned()
}

fn sftp_port() -> u16 {
    22
}

fn sftp_timeout() -> u64 {
    30
}
