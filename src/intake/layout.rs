//! Which releases a delivery holds: one flat folder, the same with `resources/`, one level too
//! deep, or a batch of releases.

use super::listing::{Entry, Listing};
use crate::domain::facts::FileRole;
use crate::domain::naming::{base_name, extension, is_marker, role_of};
use std::collections::BTreeSet;

/// DDEX's name for the sub-folder of files; never a release of its own.
const RESOURCES: &str = "resources";

/// A release of a delivery: what becomes one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Folder below `/incoming`: `<folder>`, or `<batch>/<release>`.
    pub(super) folder: String,
    /// Device and inode of that folder.
    pub(super) node: Option<(u64, u64)>,
    /// Everything in it, junk included, relative to it.
    pub(super) files: Vec<Entry>,
    /// What can never be taken, one sentence each.
    pub(super) refused: Vec<String>,
    /// A completion marker covers it.
    pub(super) marked: bool,
    /// `X/` when everything lies one level too deep, else empty. References start below it.
    pub(super) inner: String,
}

/// What a delivery is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Releases are its sub-folders.
    pub(super) batch: bool,
    /// A marker lies in the delivery itself.
    pub(super) marker: bool,
    /// Its releases; a plain delivery has exactly one.
    pub(super) units: Vec<Unit>,
}

/// Whether a file can make a folder a package: junk and markers alone do not.
pub(super) fn is_content(file: &Entry) -> bool {
    !file.is_junk() && !is_marker(base_name(&file.path))
}

/// Whether it has to be asked if this file is a message.
pub(super) fn may_be_message(file: &Entry) -> bool {
    let name = base_name(&file.path);
    !file.partial && !file.is_junk() && extension(name) == "xml" && !is_marker(name)
}

/// Reads the layout. `was_batch`: releases of this delivery were told apart before, so that one
/// that is left alone in it does not turn it into a plain folder.
pub(super) fn read(
    folder: &str,
    listing: &Listing,
    was_batch: bool,
    is_message: &mut dyn FnMut(&Entry) -> bool,
) -> Layout {
    let own = |file: &&Entry| !file.path.contains('/');
    let marker = listing.files.iter().filter(own).any(is_closed_marker);
    let subs: BTreeSet<&str> = listing
        .files
        .iter()
        .filter(|file| is_content(file))
        .filter_map(|file| Some(file.path.split_once('/')?.0))
        .collect();
    let plain = Layout {
        batch: false,
        marker,
        units: vec![whole(folder, listing, marker, &subs)],
    };
    let is_media =
        |file: &Entry| matches!(role_of(&file.path), FileRole::Audio | FileRole::Artwork);
    let mut own_files = listing.files.iter().filter(own);
    if own_files.any(|file| {
        is_content(file) && (is_media(file) || (may_be_message(file) && is_message(file)))
    }) {
        return plain;
    }
    let releases: Vec<&str> = subs
        .iter()
        .copied()
        .filter(|sub| !sub.eq_ignore_ascii_case(RESOURCES))
        .collect();
    let batch = was_batch
        || (marker && !releases.is_empty())
        || releases
            .iter()
            .any(|sub| says_batch(sub, &releases, listing, is_message));
    if !batch {
        return plain;
    }
    Layout {
        batch: true,
        marker,
        units: subs
            .iter()
            .map(|sub| part(folder, sub, listing, marker))
            .collect(),
    }
}

/// Whether a sub-folder's message makes the delivery a batch. A single sub-folder may as well be a
/// release one level too deep, unless its message is named as DDEX names it: `<release>.xml`.
fn says_batch(
    sub: &str,
    releases: &[&str],
    listing: &Listing,
    is_message: &mut dyn FnMut(&Entry) -> bool,
) -> bool {
    let several = releases.len() > 1;
    listing.files.iter().any(|file| {
        file.path
            .strip_prefix(sub)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|name| {
                !name.contains('/')
                    && may_be_message(file)
                    && (several || name.eq_ignore_ascii_case(&format!("{sub}.xml")))
            })
            && is_message(file)
    })
}

fn is_closed_marker(file: &Entry) -> bool {
    !file.partial && is_marker(base_name(&file.path))
}

fn whole(folder: &str, listing: &Listing, marked: bool, subs: &BTreeSet<&str>) -> Unit {
    let nothing_beside = !listing
        .files
        .iter()
        .any(|file| !file.path.contains('/') && is_content(file));
    let inner = match subs.first() {
        Some(only)
            if subs.len() == 1 && nothing_beside && !only.eq_ignore_ascii_case(RESOURCES) =>
        {
            format!("{only}/")
        }
        _ => String::new(),
    };
    let inner_marker = || {
        listing.files.iter().any(|file| {
            let name = file.path.strip_prefix(&inner);
            name.is_some_and(|name| !name.contains('/')) && is_closed_marker(file)
        })
    };
    Unit {
        folder: folder.to_owned(),
        node: listing.node,
        files: listing.files.clone(),
        refused: listing.refused.values().cloned().collect(),
        marked: marked || inner_marker(),
        inner,
    }
}

fn part(folder: &str, sub: &str, listing: &Listing, marked: bool) -> Unit {
    let prefix = format!("{sub}/");
    let files: Vec<Entry> = listing
        .files
        .iter()
        .filter_map(|file| {
            Some(Entry {
                path: file.path.strip_prefix(&prefix)?.to_owned(),
                ..file.clone()
            })
        })
        .collect();
    let own_marker = files
        .iter()
        .any(|file| !file.path.contains('/') && is_closed_marker(file));
    Unit {
        folder: format!("{folder}/{sub}"),
        node: listing.folders.get(sub).copied().flatten(),
        refused: listing
            .refused
            .iter()
            .filter(|(path, _)| path.is_empty() || path.starts_with(&prefix))
            .map(|(_, sentence)| sentence.clone())
            .collect(),
        marked: marked || own_marker,
        files,
        inner: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::FileKey;

    fn layout(paths: &[&str], was_batch: bool) -> (bool, Vec<(String, bool, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let key = FileKey::of(&std::fs::metadata(folder.path()).unwrap());
        let listing = Listing {
            files: paths
                .iter()
                .map(|path| Entry {
                    path: path.trim_end_matches('?').to_owned(),
                    key,
                    partial: path.ends_with('?'),
                })
                .collect(),
            ..Listing::default()
        };
        let found = read("D", &listing, was_batch, &mut |file| {
            !file.path.contains("notes")
        });
        let units = found
            .units
            .into_iter()
            .map(|unit| (unit.folder, unit.marked, unit.inner))
            .collect();
        (found.batch, units)
    }

    fn plain(marked: bool, inner: &str) -> (bool, Vec<(String, bool, String)>) {
        (false, vec![("D".to_owned(), marked, inner.to_owned())])
    }

    fn batch(marked: bool, folders: &[&str]) -> (bool, Vec<(String, bool, String)>) {
        let unit = |folder: &&str| ((*folder).to_owned(), marked, String::new());
        (true, folders.iter().map(unit).collect())
    }

    #[test]
    fn plain_layouts_are_one_release() {
        for paths in [
            &["metadata.xml", "01.wav", "artwork.jpg"][..],
            &["5034.xml", "resources/01.wav"],
            &["resources/01.wav"],
            &["resources/01.wav", "resources/metadata.xml"],
            &["01.wav", "xml/metadata.xml"],
            &[".DS_Store"],
            &["metadata.xml", "old/metadata.xml", "older/metadata.xml"],
            &["a/notes.xml", "b/notes.xml"],
            &["a/metadata.xml?", "b/01.wav"],
        ] {
            assert_eq!(layout(paths, false), plain(false, ""), "{paths:?}");
        }
        assert_eq!(
            layout(&["delivery.complete", "metadata.xml", "01.wav"], false),
            plain(true, "")
        );
    }

    #[test]
    fn one_level_too_deep_is_one_release() {
        let deep = ["X/metadata.xml", "X/01.wav", ".DS_Store"];
        assert_eq!(layout(&deep, false), plain(false, "X/"));
        let deeper = [
            "X/metadata.xml",
            "X/resources/01.wav",
            "X/delivery.complete",
        ];
        assert_eq!(layout(&deeper, false), plain(true, "X/"));
    }

    #[test]
    fn sub_folders_with_messages_are_a_batch() {
        let ddex = ["5034/5034.xml", "5034/resources/01.flac"];
        assert_eq!(layout(&ddex, false), batch(false, &["D/5034"]));
        let two = ["a/metadata.xml", "b/01.wav", "__MACOSX/b/x"];
        assert_eq!(layout(&two, false), batch(false, &["D/a", "D/b"]));
        let marked = ["BatchComplete_1.xml", "a/metadata.xml"];
        assert_eq!(layout(&marked, false), batch(true, &["D/a"]));
        let marking = ["BatchComplete_1.xml?", "a/metadata.xml", "b/x.xml"];
        assert_eq!(layout(&marking, false), batch(false, &["D/a", "D/b"]));
    }

    #[test]
    fn a_batch_stays_one_when_its_releases_go() {
        assert_eq!(layout(&["a/metadata.xml"], true), batch(false, &["D/a"]));
        assert_eq!(layout(&["BatchComplete_1.xml"], true), batch(true, &[]));
        assert_eq!(layout(&["BatchComplete_1.xml"], false), plain(true, ""));
        assert_eq!(
            layout(&["metadata.xml", "a/01.wav"], true),
            plain(false, "")
        );
    }
}
