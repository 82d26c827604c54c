//! Uploads with our own SFTP client where OpenSSH's is not installed.

use super::stage::Stage;
use crate::cli::exit::Failure;
use std::path::Path;

/// Uploads a folder into `/incoming`.
pub(super) fn upload(_stage: &Stage, _user: &str, _password: &str, _folder: &Path) -> Result<(), Failure> {
    Err(Failure::Failed("OpenSSH's sftp is not installed (apt-get install openssh-client)".to_owned()))
}
