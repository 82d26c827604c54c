//! The one place where a client's path becomes ours.
//!
//! Bytes in, a canonical virtual path out; everything behind this works on validated components.
//! Two canonicalisers that disagree are how others were escaped (SFTPGo's CVE-2026-30914), so
//! there is this one only.

use super::refusal::Refusal;
use unicode_normalization::UnicodeNormalization;

/// Longest single name in bytes; the file systems' own limit.
const MAX_NAME_BYTES: usize = 255;
/// Most parts of a path, `incoming` included.
const MAX_DEPTH: usize = 16;
/// Longest path in bytes. Leaves room for our own prefix below `PATH_MAX`.
const MAX_PATH_BYTES: usize = 1_024;

/// Why a path is refused, whatever is asked with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameFault {
    /// Not UTF-8: the client is set to another character set.
    NotUtf8,
    /// A control character or line separator; in a log or mail it would do harm.
    Control,
    /// A backslash: a separator to some programs and a letter to others.
    Backslash,
    /// A bidirectional control: the name would look like another one.
    Bidirectional,
    /// A space or dot at the end, which Windows drops.
    TrailingSpaceOrDot,
    /// Longer than [`MAX_NAME_BYTES`].
    NameTooLong,
    /// Longer than [`MAX_PATH_BYTES`].
    PathTooLong,
    /// More than [`MAX_DEPTH`] folders inside each other.
    TooDeep,
}

impl NameFault {
    /// The sentence for a person.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NotUtf8 => {
                "This name is not valid UTF-8. Set your client's character set to UTF-8 and upload \
                 it again."
            }
            Self::Control => {
                "This name holds a control character (such as a line break). Rename it and upload \
                 it again."
            }
            Self::Backslash => {
                "This name holds a backslash (\\). Rename it and upload it again; folders are \
                 separated by /."
            }
            Self::Bidirectional => {
                "This name holds an invisible character that changes the direction of writing. \
                 Rename it and upload it again."
            }
            Self::TrailingSpaceOrDot => {
                "This name ends with a space or a dot, which gets lost on Windows. Rename it and \
                 upload it again."
            }
            Self::NameTooLong => "This name is longer than 255 bytes. Shorten it.",
            Self::PathTooLong => "This path is longer than 1024 bytes. Shorten it.",
            Self::TooDeep => "There are too many folders inside each other; 16 is the most.",
        }
    }
}

impl From<NameFault> for Refusal {
    fn from(fault: NameFault) -> Self {
        Self::failure(fault.text())
    }
}

/// An absolute virtual path: `/`, or `/a/b` with every part validated, and no `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VirtualPath(String);

/// Where a virtual path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `/` itself.
    Root,
    /// Below `/incoming`, relative to it; empty for the folder itself.
    Incoming(&'a str),
    /// Below `/reports`, relative to it; empty for the folder itself.
    Reports(&'a str),
    /// Below `/acknowledgements`, relative to it; empty for the folder itself.
    Acknowledgements(&'a str),
    /// Nowhere: nothing else exists.
    Elsewhere,
}

impl VirtualPath {
    /// Reads a client's path. Relative paths start at `/`, and `..` stops there.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, NameFault> {
        if raw.len() > MAX_PATH_BYTES {
            return Err(NameFault::PathTooLong);
        }
        let text = std::str::from_utf8(raw).map_err(|_| NameFault::NotUtf8)?;
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => {
                    check_name(name)?;
                    parts.push(name);
                }
            }
        }
        if parts.len() > MAX_DEPTH {
            return Err(NameFault::TooDeep);
        }
        let mut canonical = String::with_capacity(text.len() + 1);
        for part in parts {
            canonical.push('/');
            canonical.push_str(part);
        }
        if canonical.is_empty() {
            canonical.push('/');
        }
        Ok(Self(canonical))
    }

    /// Reads a path that may begin with `~`, the home, which is `/` (`scp` asks so).
    pub(super) fn parse_expanded(raw: &[u8]) -> Result<Self, NameFault> {
        match raw.strip_prefix(b"~") {
            Some(rest) if rest.is_empty() || rest.starts_with(b"/") => Self::parse(rest),
            _ => Self::parse(raw),
        }
    }

    /// The path as the client sees it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it leads.
    pub(super) fn place(&self) -> Place<'_> {
        let (first, rest) = self
            .0
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or((self.0.trim_start_matches('/'), ""));
        match first {
            "" => Place::Root,
            "incoming" => Place::Incoming(rest),
            "reports" => Place::Reports(rest),
            "acknowledgements" => Place::Acknowledgements(rest),
            _ => Place::Elsewhere,
        }
    }
}

fn check_name(name: &str) -> Result<(), NameFault> {
    if name.len() > MAX_NAME_BYTES {
        return Err(NameFault::NameTooLong);
    }
    for c in name.chars() {
        match c {
            '\\' => return Err(NameFault::Backslash),
            '\u{2028}' | '\u{2029}' => return Err(NameFault::Control),
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => return Err(NameFault::Bidirectional),
            c if c.is_control() => return Err(NameFault::Control),
            _ => {}
        }
    }
    if name.ends_with([' ', '.']) {
        return Err(NameFault::TrailingSpaceOrDot);
    }
    Ok(())
}

/// What two names of one folder may not share: the name composed and in lower case. On macOS and
/// Windows they would be one file.
pub(super) fn collision_key(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let composed: String = name.nfc().collect();
    composed.to_lowercase().nfc().collect()
}

/// Folder and last part of a relative path; the folder is empty at the top.
pub(super) fn split(relative: &str) -> (&str, &str) {
    relative.rsplit_once('/').unwrap_or(("", relative))
}

/// The first part of a relative path: the folder directly below `/incoming`.
pub(super) fn top(relative: &str) -> &str {
    relative.split_once('/').map_or(relative, |(top, _)| top)
}

/// Whether `path` is `folder` or below it.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(raw: &[u8]) -> Result<String, NameFault> {
        VirtualPath::parse(raw).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn paths_are_resolved_by_their_words_alone() {
        for (raw, wanted) in [
            ("", "/"),
            (".", "/"),
            ("/", "/"),
            ("//incoming///A/./b.wav", "/incoming/A/b.wav"),
            ("incoming/A/../B/", "/incoming/B"),
            ("../../../../etc/passwd", "/etc/passwd"),
            ("/incoming/../../reports", "/reports"),
            ("/incoming/A/...b", "/incoming/A/...b"),
        ] {
            assert_eq!(canonical(raw.as_bytes()).as_deref(), Ok(wanted), "{raw}");
        }
    }

    #[test]
    fn places_are_incoming_reports_and_nowhere_else() {
        let path = |raw: &str| VirtualPath::parse(raw.as_bytes()).unwrap();
        assert_eq!(path("/").place(), Place::Root);
        assert_eq!(path("/incoming").place(), Place::Incoming(""));
        assert_eq!(path("/incoming/A/b").place(), Place::Incoming("A/b"));
        assert_eq!(path("/reports/x").place(), Place::Reports("x"));
        for elsewhere in ["/etc", "/incoming2/a", "/incomin", "/Incoming"] {
            assert_eq!(path(elsewhere).place(), Place::Elsewhere, "{elsewhere}");
        }
    }

    #[test]
    fn home_is_the_root() {
        let expanded = |raw: &str| VirtualPath::parse_expanded(raw.as_bytes()).unwrap();
        assert_eq!(expanded("~").as_str(), "/");
        assert_eq!(expanded("~/incoming").as_str(), "/incoming");
        assert_eq!(expanded("~root/x").as_str(), "/~root/x");
    }

    #[test]
    fn names_that_do_harm_are_refused() {
        for (raw, fault) in [
            (&b"/incoming/caf\xe9.wav"[..], NameFault::NotUtf8),
            (b"/incoming/a\nb", NameFault::Control),
            (b"/incoming/a\0b", NameFault::Control),
            (b"/incoming/a\\..\\b", NameFault::Backslash),
            (b"/incoming/track ", NameFault::TrailingSpaceOrDot),
            (b"/incoming/track.", NameFault::TrailingSpaceOrDot),
            (
                "/incoming/\u{202e}gpj.exe".as_bytes(),
                NameFault::Bidirectional,
            ),
        ] {
            assert_eq!(canonical(raw), Err(fault), "{raw:?}");
        }
        let long = format!("/incoming/{}", "x".repeat(256));
        assert_eq!(canonical(long.as_bytes()), Err(NameFault::NameTooLong));
        let deep = "/a".repeat(17);
        assert_eq!(canonical(deep.as_bytes()), Err(NameFault::TooDeep));
        let longer = "/abc".repeat(300);
        assert_eq!(canonical(longer.as_bytes()), Err(NameFault::PathTooLong));
        for good in [
            "/incoming/.DS_Store",
            "/incoming/A/._01.wav",
            "/incoming/Björk – ½/a b.wav",
        ] {
            assert_eq!(canonical(good.as_bytes()).as_deref(), Ok(good));
        }
    }

    #[test]
    fn spellings_of_one_name_collide() {
        assert_eq!(collision_key("Track.WAV"), collision_key("track.wav"));
        assert_eq!(
            collision_key("Beyonc\u{e9}"),
            collision_key("BEYONCE\u{301}")
        );
        assert_ne!(collision_key("a.wav"), collision_key("b.wav"));
    }

    #[test]
    fn within_heeds_whole_names() {
        assert!(is_within("user1/a", "user1"));
        assert!(is_within("user1", "user1"));
        assert!(!is_within("user10/a", "user1"));
    }

    proptest! {
        #[test]
        fn what_comes_out_is_canonical(raw in "(/|\\.|\\.\\.|[a-cé\\\\ ~\n]|incoming){0,30}") {
            if let Ok(path) = VirtualPath::parse(raw.as_bytes()) {
                let text = path.as_str();
                prop_assert!(text.starts_with('/'));
                for part in text.split('/').skip(1) {
                    prop_assert!(part != "." && part != "..");
                    prop_assert!(text == "/" || !part.is_empty());
                }
                prop_assert_eq!(VirtualPath::parse(text.as_bytes()), Ok(path.clone()));
            }
        }

        #[test]
        fn no_bytes_make_it_fail_badly(raw: Vec<u8>) {
            let outcome = VirtualPath::parse(&raw);
            prop_assert!(outcome.is_ok() || outcome.is_err());
        }
    }
}
