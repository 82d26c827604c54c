//! Uploads with our own SFTP client, the one that pushes to DSPs, where OpenSSH's is not installed.
//! It uploads into a hidden folder and renames it, which our own door takes as "complete".

use super::stage::Stage;
use crate::cli::exit::Failure;
use crate::deliver::{self, Trip};
use crate::domain::dsp::{DspProfile, TransportChoice};
use crate::domain::ids::DspId;
use crate::domain::push::{Attempt, Cargo, Plan};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Uploads a folder into `/incoming`.
pub(super) fn upload(
    stage: &Stage,
    user: &str,
    password: &str,
    folder: &Path,
) -> Result<(), Failure> {
    let secret = stage.home.join("password");
    fs::write(&secret, password)?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    let transport = TransportChoice::Sftp {
        host: "127.0.0.1".to_owned(),
        port: stage.port,
        user: user.to_owned(),
        host_key: host_key(stage)?,
        password_file: Some(secret),
        key_file: None,
        timeout_seconds: 30,
    };
    let mut profile = DspProfile::plain(DspId::new("demo-door"), "our own door", transport);
    "incoming".clone_into(&mut profile.directory);
    let attempt = Attempt {
        of: "demo".to_owned(),
        number: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let sent = runtime.block_on(deliver::send(
        &profile,
        &attempt,
        &plan(folder)?,
        &Trip::default(),
    ));
    sent.map(|_| ()).map_err(|fault| {
        Failure::Failed(format!(
            "our client could not upload {}: {fault}",
            folder.display()
        ))
    })
}

fn plan(folder: &Path) -> Result<Plan, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let source = entry?.path();
        let bytes = fs::read(&source)?;
        files.push(Cargo {
            name: source
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default(),
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
            source,
        });
    }
    let name = folder
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(Plan {
        folder: name,
        files,
        markers: Vec::new(),
    })
}

/// The fingerprint that the daemon printed at its start.
fn host_key(stage: &Stage) -> Result<String, Failure> {
    let log = fs::read_to_string(stage.log())?;
    let print = log.split("SHA256:").nth(1).unwrap_or_default();
    let print: String = print
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))
        .collect();
    if print.is_empty() {
        return Err(Failure::Failed("the daemon printed no host key".to_owned()));
    }
    Ok(format!("SHA256:{print}"))
}
