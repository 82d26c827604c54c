//! What intake needs of a message: which files it names, and which release it is.
//!
//! Reading is `domain::ern`'s; here each content is read once and the answer kept.

use super::hashing::{self, Known, Wants};
use crate::domain::content::FileKey;
use crate::domain::ern::{self, Sniff};
use crate::domain::kept::{self, StoredFile, Want};
use crate::domain::limits::Limits;
use crate::domain::naming::reference_path;
use crate::domain::package::Identity;
use crate::domain::release::{Message, MessageKind, NamedFile, Reading, StatedHash, Text};
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Reads a message; `domain::ern::read`.
pub type ReadMessage = fn(&[u8], &Limits) -> Reading;

/// Tells what an XML file is by its beginning; `domain::ern::sniff`.
pub type SniffMessage = fn(&[u8]) -> Option<Sniff>;

/// How messages are read. A value, so that intake can be tried without the whole reader.
#[derive(Clone, Copy, Debug)]
pub struct Readers {
    /// Reads a whole message.
    pub read: ReadMessage,
    /// Looks at the beginning.
    pub sniff: SniffMessage,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            read: ern::read,
            sniff: ern::sniff,
        }
    }
}

/// How much of a file `sniff` is given.
const HEAD_BYTES: usize = 64 * 1024;

/// Base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an `.xml` file turned out to be.
#[derive(Clone, Debug)]
pub(super) enum XmlFile {
    Message(Arc<Summary>),
    /// XML of another kind.
    Other,
    /// No XML that has a beginning; perhaps a message that was damaged.
    Unreadable,
}

/// A message, as far as intake cares.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    /// It was read to its end tag.
    pub(super) whole: bool,
    /// Files it names, each once; those that can be no file of the package are left to the rules.
    pub(super) named: Vec<Named>,
    pub(super) identity: Identity,
    /// What it needs of files, named or not.
    pub(super) wants: Vec<Want>,
}

/// A file that the message names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// As written, `FilePath` in front.
    pub(super) path: String,
    stated: Option<Stated>,
    size: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stated {
    Md5(Vec<u8>),
    Sha1(Vec<u8>),
    Sha256(Vec<u8>),
}

impl Named {
    /// What has to be computed for it beside a SHA-256.
    pub(super) fn wants(&self) -> Wants {
        Wants {
            md5: matches!(self.stated, Some(Stated::Md5(_))),
            sha1: matches!(self.stated, Some(Stated::Sha1(_))),
        }
    }

    /// Whether a stored file may be the one that is meant: nothing that is stated speaks against it.
    pub(super) fn may_be(&self, file: &StoredFile) -> bool {
        let is_size = self.size.is_none_or(|size| size == file.size);
        let is = |known: Option<&str>, digest: &[u8]| {
            known.is_none_or(|known| known.eq_ignore_ascii_case(&hex::encode(digest)))
        };
        is_size
            && match &self.stated {
                Some(Stated::Md5(digest)) => is(file.md5.as_deref(), digest),
                Some(Stated::Sha256(digest)) => is(Some(&file.sha256), digest),
                // Not remembered; the rules compare it.
                Some(Stated::Sha1(_)) | None => true,
            }
    }

    /// Whether the file is the one that was stated; `None` when nothing was.
    pub(super) fn matches(&self, size: u64, known: &Known) -> Option<bool> {
        let by_hash = self.stated.as_ref().map(|stated| match stated {
            Stated::Md5(digest) => known.md5.as_ref() == Some(digest),
            Stated::Sha1(digest) => known.sha1.as_ref() == Some(digest),
            Stated::Sha256(digest) => *digest == known.sha256,
        });
        let by_size = self.size.map(|stated| stated == size);
        match (by_hash, by_size) {
            (None, None) => None,
            // A right size alone proves little; a wrong one proves enough.
            (None, Some(true)) => None,
            (hash, size) => Some(hash != Some(false) && size != Some(false)),
        }
    }
}

/// Messages that were read, by content.
#[derive(Debug, Default)]
pub(super) struct Messages {
    known: HashMap<FileKey, XmlFile>,
}

impl Messages {
    /// What the file is; read now, or remembered.
    pub(super) fn tell(
        &mut self,
        path: &Path,
        key: &FileKey,
        readers: &Readers,
        limits: &Limits,
    ) -> XmlFile {
        if let Some(known) = self.known.get(key) {
            return known.clone();
        }
        match read_file(path, key, readers, limits) {
            Ok(Some(found)) => {
                self.known.insert(*key, found.clone());
                found
            }
            // Changed under our hands: the next listing shows it as another file.
            Ok(None) => XmlFile::Unreadable,
            Err(error) => {
                tracing::warn!(file = ?path, %error, "a metadata file could not be read");
                XmlFile::Unreadable
            }
        }
    }

    /// Forgets files that are gone.
    pub(super) fn retain(&mut self, there: &HashSet<FileKey>) {
        self.known.retain(|key, _| there.contains(key));
    }
}

fn read_file(
    path: &Path,
    key: &FileKey,
    readers: &Readers,
    limits: &Limits,
) -> io::Result<Option<XmlFile>> {
    let mut file = match hashing::open(path) {
        Ok(file) => file,
        Err(error) if super::listing::is_gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    (&mut file)
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut bytes)?;
    let Some(sniffed) = guarded(path, || (readers.sniff)(&bytes)).flatten() else {
        return Ok(Some(XmlFile::Unreadable));
    };
    if !sniffed.is_message() {
        return Ok(Some(XmlFile::Other));
    }
    let summary = if key.size > limits.message_bytes {
        // Too large to be read at all; it is taken after the time-out, and the report says so.
        Summary::default()
    } else {
        // One more than allowed, so that a file that grew meanwhile is seen by its key.
        file.take(limits.message_bytes).read_to_end(&mut bytes)?;
        guarded(path, || (readers.read)(&bytes, limits))
            .map(|reading| summarise(&reading, limits))
            .unwrap_or_default()
    };
    let meta = std::fs::symlink_metadata(path)?;
    Ok((FileKey::of(&meta) == *key).then(|| XmlFile::Message(Arc::new(summary))))
}

/// Runs a reader over what strangers wrote: should it fail with a panic, this one message is
/// unreadable, and everybody else's go on.
fn guarded<T>(path: &Path, read: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(read));
    if result.is_err() {
        tracing::error!(file = ?path, "reading a message panicked; it counts as unreadable");
    }
    result.ok()
}

fn summarise(reading: &Reading, limits: &Limits) -> Summary {
    let Some(message) = &reading.message else {
        return Summary::default();
    };
    let mut seen = BTreeSet::new();
    let named = message
        .files()
        .filter_map(named_file)
        .filter(|named| seen.insert(named.path.clone()))
        // More than a package may hold cannot become right by waiting.
        .take(limits.package_files as usize)
        .collect();
    Summary {
        whole: reading.whole,
        named,
        identity: identity(message),
        wants: wants(message),
    }
}

/// A purge needs no file, and a message without a deal, which takes a release down, no more than it
/// names.
fn wants(message: &Message) -> Vec<Want> {
    if message.kind != MessageKind::NewRelease {
        return Vec::new();
    }
    let mut wants = kept::wants(message);
    wants.retain(|want| want.path.is_some() || !message.deals.is_empty());
    wants
}

fn named_file(file: &NamedFile) -> Option<Named> {
    let folder = file.path.as_ref().map(Text::as_str);
    Some(Named {
        path: reference_path(folder, file.name.as_str()).ok()?,
        stated: file.hash.as_ref().and_then(stated),
        size: file.size.as_ref().and_then(|s| s.as_str().parse().ok()),
    })
}

/// The digest that a message states: hex in any case, or base64. What is neither, or of an
/// algorithm that we do not compute, cannot be waited for; the rules speak of it.
fn stated(hash: &StatedHash) -> Option<Stated> {
    let algorithm: String = hash
        .algorithm
        .as_str()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let (length, make): (usize, fn(Vec<u8>) -> Stated) =
        match algorithm.to_ascii_uppercase().as_str() {
            "MD5" => (16, Stated::Md5),
            "SHA" | "SHA1" => (20, Stated::Sha1),
            "SHA256" | "SHA2" => (32, Stated::Sha256),
            _ => return None,
        };
    let text = hash.value.as_str();
    let fits = |digest: &Vec<u8>| digest.len() == length;
    let by_hex = hex::decode(text).ok().filter(fits);
    by_hex
        .or_else(|| BASE64.decode(text).ok().filter(fits))
        .map(make)
}

fn identity(message: &Message) -> Identity {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let main = message.main_release();
    let artist = main.and_then(|release| {
        let shown = release.artist_name.as_ref();
        shown.or_else(|| release.artists.iter().find_map(|a| a.name.as_ref()))
    });
    let header = &message.header;
    Identity {
        icpn: main
            .and_then(|release| release.icpn.as_ref())
            .and_then(|icpn| text(icpn.as_str())),
        title: main.and_then(|release| text(release.title())),
        artist: artist.and_then(|name| text(name.as_str())),
        message_id: header.message_id.as_ref().and_then(|t| text(t.as_str())),
        message_created: header.created.as_ref().and_then(|t| text(t.as_str())),
        sender_dpid: header.sender.id.as_ref().and_then(|t| text(t.as_str())),
        tracks: u32::try_from(message.recordings.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Text {
        Text {
            value: value.to_owned(),
            ..Text::default()
        }
    }

    fn hash(algorithm: &str, value: &str) -> Option<Stated> {
        stated(&StatedHash {
            value: text(value),
            algorithm: text(algorithm),
        })
    }

    #[test]
    fn stated_hashes_are_read_in_every_spelling() {
        // MD5 of nothing.
        let digest = hex::decode("d41d8cd98f00b204e9800998ecf8427e").unwrap();
        for value in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "D41D8CD98F00B204E9800998ECF8427E",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
            "1B2M2Y8AsgTpgAmY7PhCfg",
        ] {
            assert_eq!(hash("MD5", value), Some(Stated::Md5(digest.clone())));
        }
        assert!(matches!(
            hash("SHA-256", &"ab".repeat(32)),
            Some(Stated::Sha256(_))
        ));
        assert!(matches!(
            hash("SHA1", &"ab".repeat(20)),
            Some(Stated::Sha1(_))
        ));
        assert_eq!(hash("MD5", &"ab".repeat(20)), None, "wrong length");
        assert_eq!(hash("MD5", "TODO"), None);
        assert_eq!(hash("CRC32", "abcdabcd"), None);
    }

    #[test]
    fn a_wrong_size_is_enough_and_a_right_one_is_not() {
        let known = Known {
            sha256: Vec::new(),
            md5: Some(vec![1]),
            sha1: None,
            broken_off: false,
            settled: true,
        };
        let named = |stated, size| Named {
            path: "a.wav".to_owned(),
            stated,
            size,
        };
        assert_eq!(named(None, None).matches(5, &known), None);
        assert_eq!(named(None, Some(5)).matches(5, &known), None);
        assert_eq!(named(None, Some(6)).matches(5, &known), Some(false));
        let right = Some(Stated::Md5(vec![1]));
        assert_eq!(named(right.clone(), Some(5)).matches(5, &known), Some(true));
        assert_eq!(named(right, Some(6)).matches(5, &known), Some(false));
        let wrong = Some(Stated::Md5(vec![2]));
        assert_eq!(named(wrong, None).matches(5, &known), Some(false));
    }
}
