//! The `folder` transport: each letter becomes a file that any mail program opens.
//!
//! The name is made of what never changes of a letter, so a letter that is sent twice is one file.
//! A file appears under its name only when all of it is on the disk.

use crate::domain::fault::Fault;
use crate::domain::letter::Due;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A folder of letters.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes the letter durably. Every failure is transient: a full disk can be emptied.
    pub(super) fn send(&self, due: &Due, mime: &[u8]) -> Result<(), Fault> {
        let name = format!(
            "{}-{}-{}.eml",
            due.created_at.strftime("%Y%m%dT%H%M%SZ"),
            plain(due.id.as_str()),
            due.kind.as_str()
        );
        write_durably(&self.path, &name, mime).map_err(|error| {
            Fault::transient(
                "mail_folder",
                format!(
                    "the mail could not be written to {}: {error}",
                    self.path.display()
                ),
            )
        })
    }
}

/// Identifiers are ours, yet nothing but letters and digits of them becomes part of a path.
fn plain(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn write_durably(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{name}.tmp"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}
