//! What the door learns of files while they arrive, told to whoever would otherwise read them again.
//!
//! All of it saves time and nothing else: whoever is told nothing reads the file.

use super::content::{Content, FileKey};
use super::ids::LabelId;
use std::fs::File;

/// A file that was closed.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Whose it is.
    pub label: &'a LabelId,
    /// Below `/incoming`, at its CLOSE.
    pub path: &'a str,
    /// What it was when it was in its place.
    pub key: &'a FileKey,
    /// The file itself, open at least for reading. Its own position is nobody's: use another.
    pub file: &'a File,
}

/// Hears what closed files hold. Called from network threads: must return at once.
pub trait Arrivals: Send + Sync {
    /// A closed file of that key is still being hashed; how that ended will be told. Nobody has to
    /// read it meanwhile.
    fn begun(&self, key: &FileKey);

    /// What the file holds: hashes of the bytes in the order in which they arrived, of which
    /// nobody wrote any twice. `None` when that cannot be known without reading the file, be it
    /// that something else was thought of the same key before.
    fn ended(&self, arrival: Arrival<'_>, content: Option<&Content>);

    /// The hashing that was begun was given up, and the file with it.
    fn given_up(&self, key: &FileKey);

    /// The door gave a closed file another name or other times; its bytes are the same.
    fn moved(&self, before: &FileKey, after: &FileKey);
}

/// Nobody listens.
impl Arrivals for () {
    fn begun(&self, _: &FileKey) {}

    fn ended(&self, _: Arrival<'_>, _: Option<&Content>) {}

    fn given_up(&self, _: &FileKey) {}

    fn moved(&self, _: &FileKey, _: &FileKey) {}
}
