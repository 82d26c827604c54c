//! What a file is by its name, and which file a message means by a reference.

use super::facts::FileRole;
use super::upload::is_temporary_name;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// What a file is meant to be, by the last part of its path. A message is told by its content
/// (`ern::sniff`), so `.xml` files are `Other` here unless they are batch markers.
pub fn role_of(path: &str) -> FileRole {
    let name = base_name(path);
    if is_temporary_name(name) {
        return FileRole::Temporary;
    }
    if is_marker(name) {
        return FileRole::Marker;
    }
    match extension(name).as_str() {
        "wav" | "wave" | "flac" | "aif" | "aiff" | "aifc" | "mp3" | "m4a" | "aac" | "ogg"
        | "oga" | "opus" | "wma" | "alac" | "wv" | "ape" | "dsf" | "dff" | "mp2" | "mp4" => {
            FileRole::Audio
        }
        "jpg" | "jpeg" | "jpe" | "png" | "gif" | "webp" | "tif" | "tiff" | "bmp" | "heic"
        | "heif" | "avif" => FileRole::Artwork,
        "zip" | "rar" | "7z" | "tar" | "gz" | "tgz" => FileRole::Archive,
        _ => FileRole::Other,
    }
}

/// Names that say "everything is there": DDEX's batch manifest (ECHO17FTP 8.4) and the markers seen
/// in the field.
pub fn is_marker(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "delivery.complete"
        || (lower.starts_with("batchcomplete")
            && matches!(extension(&lower).as_str(), "" | "xml" | "complete"))
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The ending of a name in lower case, without the dot; empty when there is none.
pub fn extension(name: &str) -> String {
    name.rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default()
}

/// How a reference was matched with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Byte for byte.
    Exact,
    /// After Unicode normalisation, percent-decoding or folding of spaces (PKG-009).
    Normalised,
    /// Only when capital letters are ignored (PKG-008).
    IgnoringCase,
}

/// Why a reference cannot name a file of the package (PKG-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadReference {
    /// Climbs out of the folder, or is absolute; safety.
    Escapes,
    /// A URL of another machine.
    Remote,
    /// Names nothing.
    Empty,
}

/// Ending of the copies that `dropzone fix` writes.
const REPAIRED: &str = ".fixed.xml";

/// Name of the repaired copy of a message: `metadata.xml` → `metadata.fixed.xml`, beside it.
pub fn repaired_copy(message: &str) -> String {
    let is_xml = extension(message) == "xml";
    let stem = message.len() - if is_xml { ".xml".len() } else { 0 };
    format!("{}{REPAIRED}", message.get(..stem).unwrap_or(message))
}

/// Whether a file is called as such a copy is.
pub fn is_repaired_copy(path: &str) -> bool {
    path.ends_with(REPAIRED)
}

/// Reads a reference (`FileName` or `URI`, with `FilePath` in front if there is one) into a path
/// relative to the release.
pub fn reference_path(path: Option<&str>, name: &str) -> Result<String, BadReference> {
    let name = name.trim();
    if name.is_empty() {
        return Err(BadReference::Empty);
    }
    let local = name.strip_prefix("file://").unwrap_or(name);
    if local.contains("://") {
        return Err(BadReference::Remote);
    }
    let joined = match path.map(str::trim).filter(|p| !p.is_empty()) {
        Some(path) if path.contains("://") => return Err(BadReference::Remote),
        Some(path) => format!("{path}/{local}"),
        None => local.to_owned(),
    };
    let drive = joined.as_bytes().get(1) == Some(&b':');
    if joined.starts_with(['/', '\\']) || drive {
        return Err(BadReference::Escapes);
    }
    let mut parts = Vec::new();
    for part in joined.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => return Err(BadReference::Escapes),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        Err(BadReference::Empty)
    } else {
        Ok(parts.join("/"))
    }
}

/// A way to write a name, under which two spellings may become equal.
type Form = fn(&str) -> String;

/// Finds the file that a reference means: as written, else under `resources/`, else by its last
/// part anywhere; exactly, else normalised, else ignoring case if that is unambiguous.
pub fn find<'a>(reference: &str, files: &'a [String]) -> Option<(&'a str, Match)> {
    let forms: [(Form, Match); 3] = [
        (str::to_owned, Match::Exact),
        (normalised, Match::Normalised),
        (case_folded, Match::IgnoringCase),
    ];
    let in_resources = format!("resources/{reference}");
    let last = base_name(reference);
    for (form, how) in forms {
        for wanted in [reference, &in_resources] {
            let mut hits = files.iter().filter(|file| form(file) == form(wanted));
            if let Some(hit) = hits.next()
                && (how != Match::IgnoringCase || hits.next().is_none())
            {
                return Some((hit, how));
            }
        }
        let mut hits = files
            .iter()
            .filter(|file| form(base_name(file)) == form(last));
        if let Some(hit) = hits.next()
            && hits.next().is_none()
        {
            return Some((hit, how));
        }
    }
    None
}

/// The files of a package, arranged so that many references are found quickly: `find` compares
/// every file, which for a thousand references to a thousand files takes seconds.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_folded_name: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// Arranges the paths of a package.
    pub fn new(files: &[String]) -> Self {
        let mut by_folded_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in files {
            by_folded_name
                .entry(folded_name(file))
                .or_default()
                .push(file.clone());
        }
        Self { by_folded_name }
    }

    /// What `find` gives over all files. Files that match in any way agree in their folded names,
    /// so that the others need not be looked at.
    pub fn find(&self, reference: &str) -> Option<(&str, Match)> {
        find(reference, self.by_folded_name.get(&folded_name(reference))?)
    }
}

/// The file whose name is most like the reference, if any is like it at all (PKG-007's hint).
pub fn nearest<'a>(reference: &str, files: &'a [String]) -> Option<&'a str> {
    let wanted = case_folded(base_name(reference));
    files
        .iter()
        .map(|file| {
            (
                strsim::jaro_winkler(&wanted, &case_folded(base_name(file))),
                file.as_str(),
            )
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, file)| file)
}

/// The last part of a path in the coarsest form in which [`find`] compares: files that a reference
/// could mean have the same.
pub fn folded_name(path: &str) -> String {
    base_name(&case_folded(path)).trim().to_owned()
}

/// NFC, percent-decoded, white space folded.
fn normalised(text: &str) -> String {
    let decoded = percent_decoded(text);
    let composed: String = decoded.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, in lower case.
fn case_folded(text: &str) -> String {
    normalised(text).to_lowercase()
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        if let (b'%', Some(byte)) = (first, hex) {
            out.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(first);
            rest = after;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn references_cannot_leave_the_folder() {
        assert_eq!(
            reference_path(None, "../../etc/passwd"),
            Err(BadReference::Escapes)
        );
        assert_eq!(
            reference_path(None, "/etc/passwd"),
            Err(BadReference::Escapes)
        );
        assert_eq!(
            reference_path(None, "C:\\x.wav"),
            Err(BadReference::Escapes)
        );
        assert_eq!(
            reference_path(None, "s3://bucket/x.wav"),
            Err(BadReference::Remote)
        );
        assert_eq!(
            reference_path(Some("resources/"), "x.wav").as_deref(),
            Ok("resources/x.wav")
        );
        assert_eq!(reference_path(None, " "), Err(BadReference::Empty));
    }

    #[test]
    fn files_are_found_exactly_first() {
        let list = files(&["01_a.wav", "resources/02_b.wav", "03_C.WAV"]);
        assert_eq!(find("01_a.wav", &list), Some(("01_a.wav", Match::Exact)));
        assert_eq!(
            find("02_b.wav", &list),
            Some(("resources/02_b.wav", Match::Exact))
        );
        assert_eq!(
            find("03_c.wav", &list),
            Some(("03_C.WAV", Match::IgnoringCase))
        );
        assert_eq!(find("04.wav", &list), None);
    }

    #[test]
    fn arranged_names_find_the_same_as_a_plain_search() {
        let list = files(&[
            "01_a.wav",
            "resources/02_b.wav",
            "x/Beyonce\u{301}.wav",
            "My Song.wav",
            "03_C.WAV",
            "x/03_c.wav",
            "a/b.wav",
        ]);
        let names = Names::new(&list);
        for reference in [
            "01_a.wav",
            "02_b.wav",
            "Beyonc\u{e9}.wav",
            "My%20Song.wav",
            "03_c.wav",
            "03_C.wav",
            "a%2Fb.wav",
            "x/01_a.wav",
            "none.wav",
        ] {
            assert_eq!(names.find(reference), find(reference, &list), "{reference}");
        }
    }

    #[test]
    fn mac_and_url_spellings_are_found() {
        let list = files(&["Beyonce\u{301}.wav", "My Song.wav"]);
        assert_eq!(
            find("Beyonc\u{e9}.wav", &list).map(|m| m.1),
            Some(Match::Normalised)
        );
        assert_eq!(
            find("My%20Song.wav", &list).map(|m| m.1),
            Some(Match::Normalised)
        );
    }

    #[test]
    fn whatever_is_found_has_the_same_folded_name() {
        let list = files(&[
            "a%2FB.wav",
            "r/Beyonce\u{301}.wav",
            "My  Song.wav",
            "r/ x.wav",
        ]);
        for wanted in ["a/b.wav", "BEYONC\u{c9}.wav", "my%20song.wav", "x.wav"] {
            let (hit, _) = find(wanted, &list).unwrap_or_else(|| panic!("{wanted}"));
            assert_eq!(folded_name(hit), folded_name(wanted));
        }
    }

    #[test]
    fn markers_are_known() {
        assert!(is_marker("BatchComplete_20240305090206405.xml"));
        assert!(!is_marker("metadata.xml"));
    }
}
