//! The configuration: one TOML file, and one file for each DSP.
//!
//! Owns: where the files are, how they are read, and what is said about a wrong one. What a
//! setting means is the edge's own; a setting added there needs no change here. A file with
//! anything in it that we do not know is refused as a whole, with every fault at once: a misspelt
//! `max_conections` that is silently ignored is found during an incident.
//!
//! Holds no secret: settings name files that do. Relative paths are taken from the directory of the
//! file that they stand in; a setting is a path when it is called `path`, `templates`, `…_dir` or
//! `…_file`.

mod profiles;
mod reading;

use crate::domain::account::OwnParty;
use crate::domain::limits::Limits;
use crate::domain::places::Places;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Where the file is looked for when none is named.
pub const STANDARD_FILE: &str = "/etc/dropzone/dropzone.toml";

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Everything that dropzone keeps: uploads, claimed packages, database, host keys, mails. All
    /// of it has to be on one file system.
    pub data_dir: PathBuf,
    /// Profiles of the DSPs, one file each: `<dsp_dir>/<id>.toml`.
    pub dsp_dir: PathBuf,
    /// Who the operator is to DDEX.
    pub party: OwnParty,
    /// What is logged, and how.
    pub log: LogSettings,
    /// The most that a package may be.
    pub limits: Limits,
    /// The SFTP server that labels upload to.
    pub sftp: crate::sftp::Settings,
    /// When an upload counts as complete.
    pub intake: crate::intake::Settings,
    /// Validation.
    pub inspect: crate::inspect::Settings,
    /// E-mails.
    pub notify: crate::notify::Settings,
    /// Pushes to DSPs.
    pub deliver: crate::deliver::Settings,
    /// Numbers and health for whoever watches.
    pub metrics: MetricsSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/dropzone"),
            dsp_dir: PathBuf::from("/etc/dropzone/dsp"),
            party: OwnParty::default(),
            log: LogSettings::default(),
            limits: Limits::default(),
            sftp: crate::sftp::Settings::default(),
            intake: crate::intake::Settings::default(),
            inspect: crate::inspect::Settings::default(),
            notify: crate::notify::Settings::default(),
            deliver: crate::deliver::Settings::default(),
            metrics: MetricsSettings::default(),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `text`, one line for people and the journal, or `json`, one object a line for collectors.
    pub format: LogFormat,
    /// Least severity that is logged: `error`, `warn`, `info`, `debug` or `trace`; finer:
    /// `info,dropzone::intake=debug`.
    pub level: String,
    /// Where the audit log goes: `stdout` (the journal), an absolute path, or `off`.
    pub audit: AuditTarget,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
            audit: AuditTarget::Stdout,
        }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AuditTarget {
    /// Nowhere.
    Off,
    /// To standard output, which systemd puts into the journal.
    Stdout,
    /// Into a file, begun anew on SIGHUP so that it can be rotated.
    File(PathBuf),
}

impl TryFrom<String> for AuditTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "off" => Ok(Self::Off),
            "stdout" => Ok(Self::Stdout),
            path if path.starts_with('/') => Ok(Self::File(PathBuf::from(path))),
            other => Err(format!(
                "{other:?} is no place for the audit log: write \"stdout\", \"off\" or an absolute path"
            )),
        }
    }
}

impl From<AuditTarget> for String {
    fn from(target: AuditTarget) -> Self {
        match target {
            AuditTarget::Off => "off".to_owned(),
            AuditTarget::Stdout => "stdout".to_owned(),
            AuditTarget::File(path) => path.display().to_string(),
        }
    }
}

/// Numbers and health for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    /// Address and port of `/metrics`, `/healthz` and `/readyz`; empty: none. There is no login, so
    /// it belongs on this machine.
    pub listen: String,
    /// `/readyz` says no when less is free, in mebibytes.
    pub ready_free_mib: u64,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            listen: String::new(),
            ready_free_mib: 1_024,
        }
    }
}

impl Config {
    /// Reads `file`; without one `STANDARD_FILE`, and where that is not, the defaults.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        match file {
            Some(file) => Self::parse(&text_of(file)?, file),
            None => match text_of(Path::new(STANDARD_FILE)) {
                Ok(text) => Self::parse(&text, Path::new(STANDARD_FILE)),
                Err(ConfigError::Unreadable { source, .. })
                    if source.kind() == ErrorKind::NotFound =>
                {
                    Ok(Self::default())
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Reads a file's text; `file` is named in complaints and anchors relative paths.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let defaults = toml::Table::try_from(Self::default()).unwrap_or_default();
        reading::read(text, file, &defaults).map_err(ConfigError::Wrong)
    }

    /// The effective settings as TOML.
    pub fn render(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# {error}\n"))
    }

    /// Names below the data directory.
    pub fn places(&self) -> Places {
        Places::new(&self.data_dir)
    }
}

fn text_of(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
        file: file.to_path_buf(),
        source,
    })
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It can be read, and says something wrong.
    #[error("{}", lines(.0))]
    Wrong(Vec<Complaint>),
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Which file.
    pub file: PathBuf,
    /// Line, from 1, where it can be told.
    pub line: Option<usize>,
    /// The setting with its tables (`sftp.listen`), where it is about one.
    pub key: Option<String>,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.text),
            None => write!(f, "{}: {}", self.file.display(), self.text),
        }
    }
}

fn lines(complaints: &[Complaint]) -> String {
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    lines.join("\n")
}
