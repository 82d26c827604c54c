//! Reads password and key files. What they hold is never logged and never part of a fault's text.

use crate::domain::fault::Fault;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// No password or private key is longer, in bytes; `/dev/zero` is.
const SECRET_BYTES: u64 = 64 * 1024;

/// The content of a secret file. `what` names it in faults: "the password file".
///
/// All faults are permanent (`secret_unreadable`, `secret_exposed`): a person has to put the file
/// right.
pub(super) fn read(path: &Path, what: &str) -> Result<String, Fault> {
    let shown = path.display();
    let unreadable = |why: String| {
        Fault::permanent(
            "secret_unreadable",
            format!(
                "{what} {shown} cannot be read: {why}. Put it right, or name another file in the DSP's profile."
            ),
        )
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let meta = file
        .metadata()
        .map_err(|error| unreadable(error.to_string()))?;
    if !meta.is_file() {
        return Err(unreadable("it is not an ordinary file".to_owned()));
    }
    // Group may read: `root:dropzone 0640` is how services get their files.
    if meta.mode() & 0o027 != 0 {
        return Err(Fault::permanent(
            "secret_exposed",
            format!(
                "{what} {shown} has mode {:04o}: others can read it, or its group can write it. Run: chmod 0640 {shown}",
                meta.mode() & 0o7777
            ),
        ));
    }
    let mut text = String::new();
    file.take(SECRET_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(text)
}

/// A password file's first line, without its end.
pub(super) fn password(path: &Path) -> Result<String, Fault> {
    line(path, "The password file")
}

/// The first line of a secret file, without its end. `what` as in [`read`].
pub(super) fn line(path: &Path, what: &str) -> Result<String, Fault> {
    let text = read(path, what)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Fault::permanent(
            "secret_unreadable",
            format!(
                "{what} {} is empty. Write the secret into its first line.",
                path.display()
            ),
        ));
    }
    Ok(line.to_owned())
}
