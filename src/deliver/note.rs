//! What a DSP that gets the label's own messages finds when an operator takes a release down: a note
//! beside the release. There is no message of the label's to send, and none of ours is wanted there.

use super::generate::{put, unwritable};
use super::plan::digits_of;
use crate::domain::fault::Fault;
use crate::domain::package::Package;
use crate::domain::push::{Cargo, Prepared};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// The note's file.
pub(super) const NAME: &str = "TAKEDOWN.txt";

/// Writes the note into `work`. The same order gives the same note. Transient fault: it cannot be
/// written here.
pub fn takedown_note(work: &Path, package: &Package, at: Timestamp) -> Result<Prepared, Fault> {
    fs::create_dir_all(work).map_err(|error| unwritable(work, &error))?;
    let path = work.join(NAME);
    let text = text(package, at);
    put(&path, text.as_bytes())?;
    Ok(Prepared {
        message: None,
        time: digits_of(at),
        is_test: false,
        files: vec![Cargo {
            source: path,
            name: NAME.to_owned(),
            size: text.len() as u64,
            sha256: hex::encode(Sha256::digest(text.as_bytes())),
        }],
        losses: Vec::new(),
    })
}

/// The note. Why is between the label and us.
pub(super) fn text(package: &Package, at: Timestamp) -> String {
    format!(
        "This release was taken down. Remove it from sale.\n\nBarcode   {}\nTitle     {}\nArtist    {}\nPackage   {}\nOrdered   {}\n",
        package.icpn.as_deref().unwrap_or("-"),
        package.title.as_deref().unwrap_or("-"),
        package.artist.as_deref().unwrap_or("-"),
        package.id,
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
}
