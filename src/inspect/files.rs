//! Walks over a release folder: what lies in it, what of that is the message, what is refused.
//!
//! Follows no link and reads no content but the first bytes of XML files. What the limits forbid is
//! not listed to its end: a folder of a million files must not fill memory.

use super::blocks::open_regular;
use crate::domain::ern;
use crate::domain::facts::{FileFacts, FileRole, FolderFacts};
use crate::domain::limits::Limits;
use crate::domain::naming::{base_name, extension, is_marker, is_repaired_copy, role_of};
use crate::domain::upload::is_system_junk;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// Folders within folders that are looked into.
const MOST_DEPTH: usize = 8;
/// Beginning of an XML file in which its root element has to be.
const SNIFFED_BYTES: u64 = 64 << 10;
/// Longest name of a file in bytes; longer ones do not survive on other systems.
const MOST_NAME_BYTES: usize = 255;

/// Lists a release folder. `FolderFacts::folder` is left empty: only the caller knows the name.
///
/// # Errors
/// When the folder itself cannot be read. What cannot be read inside it is `refused`.
pub fn walk(root: &Path, limits: &Limits) -> io::Result<FolderFacts> {
    let mut listing = Listing {
        facts: FolderFacts::default(),
        entries: 0,
        most: (limits.package_files as usize).saturating_mul(2),
    };
    listing.folder(root, "", 0)?;
    let mut facts = listing.facts;
    facts.files.sort_by(|a, b| a.path.cmp(&b.path));
    facts.folders.sort();
    facts.junk.sort();
    facts.markers = paths_where(&facts, |file| file.role == FileRole::Marker);
    unnest(&mut facts);
    find_messages(root, &mut facts);
    Ok(facts)
}

/// A folder being listed.
struct Listing {
    facts: FolderFacts,
    /// Entries of any kind so far.
    entries: usize,
    most: usize,
}

impl Listing {
    fn folder(&mut self, dir: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            if self.entries >= self.most {
                break;
            }
            self.entries += 1;
            match entry {
                Ok(entry) => self.entry(&entry, prefix, depth),
                Err(error) => self.refuse(prefix, format!("could not be listed: {error}")),
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, prefix: &str, depth: usize) {
        let name = entry.file_name();
        let shown = format!("{prefix}{}", name.to_string_lossy());
        if let Some(why) = impossible(&name) {
            return self.refuse(&shown, why.to_owned());
        }
        let name = name.to_string_lossy();
        if is_system_junk(&name) {
            return self.facts.junk.push(shown);
        }
        // `DirEntry::metadata` looks at the entry itself, not at what a link points to.
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.refuse(&shown, format!("could not be read: {error}")),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            self.sub_folder(&entry.path(), shown, depth);
        } else if kind.is_symlink() {
            self.refuse(&shown, "is a link; links are not followed".to_owned());
        } else if kind.is_file() {
            self.facts.files.push(FileFacts {
                role: role_of(&shown),
                path: shown,
                size: metadata.len(),
                ..FileFacts::default()
            });
        } else {
            self.refuse(&shown, "is no ordinary file".to_owned());
        }
    }

    fn sub_folder(&mut self, path: &Path, shown: String, depth: usize) {
        if depth >= MOST_DEPTH {
            return self.refuse(&shown, "lies too deep in folders".to_owned());
        }
        let inside = format!("{shown}/");
        if let Err(error) = self.folder(path, &inside, depth + 1) {
            self.refuse(&shown, format!("could not be listed: {error}"));
        }
        self.facts.folders.push(shown);
    }

    fn refuse(&mut self, path: &str, why: String) {
        let path = path.trim_end_matches('/').to_owned();
        self.facts.refused.push((path, why));
    }
}

/// Why a name cannot be one, if it cannot.
fn impossible(name: &OsStr) -> Option<&'static str> {
    let Some(text) = name.to_str() else {
        return Some("has a name that is not UTF-8");
    };
    if text.chars().any(char::is_control) {
        Some("has control characters in its name")
    } else if text.len() > MOST_NAME_BYTES {
        Some("has a name of more than 255 bytes")
    } else if text.contains('\\') {
        Some("has a backslash in its name")
    } else {
        None
    }
}

fn paths_where(facts: &FolderFacts, wanted: impl Fn(&FileFacts) -> bool) -> Vec<String> {
    let hits = facts.files.iter().filter(|file| wanted(file));
    hits.map(|file| file.path.clone()).collect()
}

/// When everything but markers lies in one sub-folder, that one is the release (PKG-015). A folder
/// `resources` is not: it belongs to a message beside it.
fn unnest(facts: &mut FolderFacts) {
    let mut content = facts.files.iter().filter(|f| f.role != FileRole::Marker);
    let Some((inner, _)) = content.next().and_then(|file| file.path.split_once('/')) else {
        return;
    };
    let prefix = format!("{inner}/");
    if inner.eq_ignore_ascii_case("resources") || !content.all(|f| f.path.starts_with(&prefix)) {
        return;
    }
    let inner = inner.to_owned();
    facts.files.retain(|file| file.path.starts_with(&prefix));
    for file in &mut facts.files {
        cut(&mut file.path, &prefix);
    }
    facts.folders.retain(|folder| *folder != inner);
    for path in facts.folders.iter_mut().chain(&mut facts.markers) {
        cut(path, &prefix);
    }
    facts.nested_in = Some(inner);
}

fn cut(path: &mut String, prefix: &str) {
    if let Some(rest) = path.strip_prefix(prefix) {
        *path = rest.to_owned();
    }
}

/// Fills in `messages` and the role of those files. `metadata.xml` comes first, whatever can be
/// made of its content: a message that is too broken to be recognised still has to be explained.
fn find_messages(root: &Path, facts: &mut FolderFacts) {
    let base = facts
        .nested_in
        .as_ref()
        .map_or_else(|| root.to_path_buf(), |inner| root.join(inner));
    let xml = paths_where(facts, |file| {
        extension(&file.path) == "xml" && !is_marker(base_name(&file.path))
    });
    let mut found = Vec::new();
    let mut others = Vec::new();
    for path in xml {
        let is_named = path.eq_ignore_ascii_case("metadata.xml");
        match sniff(&base.join(&path)) {
            Some(sniff) if sniff.is_message() => found.push(path),
            None if is_named => found.push(path),
            _ => others.push(path),
        }
    }
    if found.is_empty() {
        // Nothing looks like a message: the likeliest file is read all the same, so that the
        // report can say what is wrong with it.
        others.sort_by_key(|path| rank(path));
        let named = others.first().filter(|path| rank(path).0 < 2);
        let only = if others.len() == 1 {
            others.first()
        } else {
            None
        };
        found.extend(named.or(only).cloned());
    }
    found.sort_by_key(|path| rank(path));
    for file in &mut facts.files {
        if found.contains(&file.path) {
            file.role = FileRole::Message;
        }
    }
    facts.messages = found;
}

/// Order of message files: the guide's name, the same in other letters, then the outermost, and
/// copies that `dropzone fix` wrote behind what they are copies of.
fn rank(path: &str) -> (u8, bool, usize, String) {
    let by_name = if path == "metadata.xml" {
        0
    } else if path.eq_ignore_ascii_case("metadata.xml") {
        1
    } else {
        2
    };
    let depth = path.matches('/').count();
    (by_name, is_repaired_copy(path), depth, path.to_owned())
}

fn sniff(path: &Path) -> Option<ern::Sniff> {
    let mut head = Vec::new();
    let file = open_regular(path).ok()?;
    file.take(SNIFFED_BYTES).read_to_end(&mut head).ok()?;
    ern::sniff(&head)
}
