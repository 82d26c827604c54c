//! How much of one label may lie at the door.
//!
//! What counts is what lies below `/incoming` and was not taken yet: files that are whole, and files
//! on their way or broken off. What was taken is ours and does not count, nor does what is only
//! shown of it, nor what a correction takes over from it.

use serde::{Deserialize, Serialize};

/// The most that may lie there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Bytes of all files. 100 GB: fifty albums in high resolution, not taken yet.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Folders, at any depth.
    pub folders: u64,
    /// Most parts of a path below `/incoming`, a file's own name included: 3 for
    /// `Release/resources/01.wav`. At most 15.
    pub depth: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            bytes: 100_000_000_000,
            files: 20_000,
            folders: 5_000,
            depth: 8,
        }
    }
}

impl Quota {
    /// The same with what is agreed otherwise.
    #[must_use]
    pub fn with(self, own: &OwnQuota) -> Self {
        Self {
            bytes: own.bytes.unwrap_or(self.bytes),
            files: own.files.unwrap_or(self.files),
            folders: own.folders.unwrap_or(self.folders),
            depth: own.depth.unwrap_or(self.depth),
        }
    }
}

/// What is agreed with one label otherwise; `None` is what holds for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnQuota {
    /// Bytes.
    pub bytes: Option<u64>,
    /// Files.
    pub files: Option<u64>,
    /// Folders.
    pub folders: Option<u64>,
    /// Depth.
    pub depth: Option<u32>,
}

impl OwnQuota {
    /// Nothing is agreed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What lies there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
}

/// Which part of a quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Bytes.
    Bytes,
    /// Files.
    Files,
    /// Folders.
    Folders,
}

impl Quota {
    /// What keeps another file from being begun; `new` when its name is not there yet.
    pub fn against_file(&self, used: Usage, new: bool) -> Option<Over> {
        if used.bytes >= self.bytes {
            Some(Over::Bytes)
        } else if new && used.files >= self.files {
            Some(Over::Files)
        } else {
            None
        }
    }

    /// What keeps another folder from being made.
    pub fn against_folder(&self, used: Usage) -> Option<Over> {
        (used.folders >= self.folders).then_some(Over::Folders)
    }

    /// The sentence for a person: how much of what is used up, and what to do.
    pub fn words(&self, over: Over, used: Usage) -> String {
        let full = match over {
            Over::Bytes => format!(
                "Your upload space is full: {} of {} lie in /incoming and one more file does not \
                 fit.",
                size(used.bytes),
                size(self.bytes)
            ),
            Over::Files => format!(
                "Your upload space is full: {} of {} files lie in /incoming.",
                used.files, self.files
            ),
            Over::Folders => format!(
                "Your upload space is full: {} of {} folders lie in /incoming.",
                used.folders, self.folders
            ),
        };
        format!(
            "{full} Complete the releases that are unfinished there, or delete what you do not need \
             any more; what we have taken does not count. If this is too little for you, ask us for \
             more."
        )
    }
}

/// A size as disks are sold by: `100 GB`, `1.5 MB`, `512 bytes`.
pub fn size(bytes: u64) -> String {
    let units = [
        ("TB", 1_000_000_000_000_u64),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    let Some((unit, one)) = units.into_iter().find(|(_, one)| bytes >= *one) else {
        return format!("{bytes} bytes");
    };
    let tenths = bytes / (one / 10);
    if tenths.is_multiple_of(10) {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// Reads a size as people write it: `50GB`, `1.5 TB`, `512MiB`, `1000`.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let one: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" | "k" => 1_000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if part.len() > 3 || (number.contains('.') && part.is_empty()) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(one)?;
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let part = match part {
        "" => 0,
        digits => digits.parse::<u64>().ok()?.checked_mul(one)? / scale,
    };
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota {
        bytes: 1_000,
        files: 3,
        folders: 2,
        depth: 4,
    };

    #[test]
    fn what_is_agreed_goes_before_what_holds_for_all() {
        let own = OwnQuota {
            files: Some(7),
            ..OwnQuota::default()
        };
        assert_eq!(QUOTA.with(&own), Quota { files: 7, ..QUOTA });
        assert_eq!(QUOTA.with(&OwnQuota::default()), QUOTA);
        assert!(OwnQuota::default().is_empty() && !own.is_empty());
    }

    #[test]
    fn a_quota_is_used_up_when_nothing_more_fits() {
        let used = |bytes, files, folders| Usage {
            bytes,
            files,
            folders,
        };
        assert_eq!(QUOTA.against_file(used(999, 2, 9), true), None);
        assert_eq!(
            QUOTA.against_file(used(1_000, 2, 0), true),
            Some(Over::Bytes)
        );
        assert_eq!(QUOTA.against_file(used(0, 3, 0), true), Some(Over::Files));
        assert_eq!(QUOTA.against_file(used(0, 3, 0), false), None);
        assert_eq!(QUOTA.against_folder(used(0, 0, 1)), None);
        assert_eq!(QUOTA.against_folder(used(0, 0, 2)), Some(Over::Folders));
    }

    #[test]
    fn the_sentence_says_how_much_and_what_to_do() {
        let used = Usage {
            bytes: 1_000,
            ..Usage::default()
        };
        let words = QUOTA.words(Over::Bytes, used);
        assert!(words.contains("1 kB of 1 kB"), "{words}");
        assert!(words.contains("delete") && words.contains("ask us"));
    }

    #[test]
    fn sizes_are_written_and_read() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_500_000, "1.5 MB"),
            (100_000_000_000, "100 GB"),
            (2_000_000_000_000, "2 TB"),
        ] {
            assert_eq!(size(bytes), text);
            assert_eq!(parse_size(text.trim_end_matches(" bytes")), Some(bytes));
        }
        assert_eq!(parse_size("50GB"), Some(50_000_000_000));
        assert_eq!(parse_size("1.5 GiB"), Some(1_610_612_736));
        for wrong in ["", "GB", "-1", "1.GB", "1,5GB", "5 apples", "99999999999TB"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }
}
