//! Reads the profiles of the DSPs.

use super::{Complaint, Config, ConfigError, reading, text_of};
use crate::deliver;
use crate::domain::dsp::{DspProfile, OwnParty};
use crate::domain::ids::DspId;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

impl Config {
    /// Every `*.toml` in `dsp_dir`, sorted by identifier; the identifier is the file's stem. No
    /// such directory, no profiles.
    pub fn profiles(&self) -> Result<Vec<DspProfile>, ConfigError> {
        let mut profiles = Vec::new();
        let mut complaints = Vec::new();
        for file in profile_files(&self.dsp_dir)? {
            match profile(&file, &self.party) {
                Ok(profile) => profiles.push(profile),
                Err(ConfigError::Wrong(wrong)) => complaints.extend(wrong),
                Err(error @ ConfigError::Unreadable { .. }) => return Err(error),
            }
        }
        if complaints.is_empty() {
            Ok(profiles)
        } else {
            Err(ConfigError::Wrong(complaints))
        }
    }
}

fn profile_files(dir: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        file: dir.to_path_buf(),
        source,
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn profile(file: &Path, us: &OwnParty) -> Result<DspProfile, ConfigError> {
    let wrong = |text: String| {
        ConfigError::Wrong(vec![Complaint {
            file: file.to_path_buf(),
            line: None,
            key: None,
            text,
        }])
    };
    let id = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !is_identifier(&id) {
        return Err(wrong(format!(
            "{id:?} cannot be the name of a DSP. Name the file with small letters, digits and `-`, such as `my-store.toml`"
        )));
    }
    let text = text_of(file)?;
    let mut profile: DspProfile =
        reading::read(&text, file, &toml::Table::new()).map_err(ConfigError::Wrong)?;
    profile.id = DspId::new(id);
    let complaints: Vec<Complaint> = deliver::mistakes(&profile, us)
        .into_iter()
        .map(|text| Complaint {
            file: file.to_path_buf(),
            line: None,
            key: None,
            text,
        })
        .collect();
    if complaints.is_empty() {
        Ok(profile)
    } else {
        Err(ConfigError::Wrong(complaints))
    }
}

/// `[a-z0-9][a-z0-9-]*`: goes into the database, command lines and log lines as it is.
fn is_identifier(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte == b'-')
}
