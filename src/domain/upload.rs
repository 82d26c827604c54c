//! What the SFTP server tells intake, and what intake asks of the SFTP server.
//!
//! The two edges do not know each other; the daemon carries these values between them.

use super::ids::LabelId;

/// Something that a label did under `/incoming`, told after it was made durable.
///
/// `folder` is the first component below `/incoming`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadEvent {
    /// Content or names under the folder changed, or a file in it was opened for writing.
    Touched {
        /// Whose folder.
        label: LabelId,
        /// The folder.
        folder: String,
        /// Number of the session that did it.
        session: u64,
    },
    /// The folder got another name; what was known of it follows.
    Renamed {
        /// Whose folder.
        label: LabelId,
        /// Old name.
        from: String,
        /// New name.
        to: String,
        /// Number of the session that did it.
        session: u64,
    },
    /// The folder was removed by the label.
    Removed {
        /// Whose folder.
        label: LabelId,
        /// The folder.
        folder: String,
    },
    /// The label's upload space is used up; told once when it happens, not at every refusal.
    OverQuota {
        /// Whose space.
        label: LabelId,
        /// The folder that did not fit.
        folder: String,
        /// What is used up and what to do, for a person.
        what: String,
    },
    /// A session is over, cleanly or not. Its unfinished files stay partial.
    SessionEnded {
        /// Whose session.
        label: LabelId,
        /// Its number.
        session: u64,
    },
}

/// Why a folder cannot be fenced now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Files in the folder that are being written, relative to it; none when it is closed already.
    pub writing: Vec<String>,
}

/// The door of a folder: whoever holds open files answers it.
pub trait Gate: Send + Sync {
    /// From now on refuses every change below the folder, if no file in it is open for writing and
    /// nobody else has closed it, or one above or below it.
    fn close(&self, label: &LabelId, folder: &str) -> Result<(), Busy>;

    /// Lets the label use that name again.
    fn open(&self, label: &LabelId, folder: &str);
}

/// File name endings and beginnings that clients use for files still on their way. Such a file is
/// never content, and keeps a folder from being complete (`.filepart` is WinSCP's, `.in.` lftp's,
/// `.partial` rclone's, `.ocTransferId` ownCloud's, `-` and a UUID Cyberduck's).
pub fn is_temporary_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = [
        ".filepart",
        ".part",
        ".partial",
        ".tmp",
        ".crdownload",
        ".uploading",
        ".incomplete",
        "~",
    ];
    let starts = [".in.", ".sftpgo-upload."];
    ends.iter().any(|end| lower.ends_with(end))
        || starts.iter().any(|start| lower.starts_with(start))
        || ends_with_uuid(&lower)
}

/// Whether a file's name, its ending included, is followed by a hyphen and a UUID. A UUID alone says
/// nothing: there are folders that are named so.
fn ends_with_uuid(name: &str) -> bool {
    let mut rest = name;
    for length in [12, 4, 4, 4, 8] {
        let Some((before, part)) = rest.rsplit_once('-') else {
            return false;
        };
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return false;
        }
        rest = before;
    }
    let ending = rest.rsplit_once('.').map_or("", |(_, ending)| ending);
    (3..=4).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Files that operating systems scatter; taken, ignored, never handed on.
pub fn is_system_junk(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        ".ds_store"
            | "thumbs.db"
            | "ehthumbs.db"
            | "desktop.ini"
            | "__macosx"
            | ".fseventsd"
            | ".trashes"
            | ".temporaryitems"
    ) || lower.starts_with("._")
        || lower.starts_with(".spotlight")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_temporary_names_are_known() {
        for name in [
            "a.wav.filepart",
            "a.wav.PART",
            ".in.a.wav",
            "a.1a2b3c4d.partial",
            "b.tmp",
            "a - b.wav-0B0A8AD9-66e1-4a0b-9d2c-3f0c6e0a4b11",
        ] {
            assert!(is_temporary_name(name), "{name}");
        }
        for name in [
            "a.wav",
            "party.wav",
            "metadata.xml",
            "0b0a8ad9-66e1-4a0b-9d2c-3f0c6e0a4b11",
            "Album-0b0a8ad9-66e1-4a0b-9d2c-3f0c6e0a4b11",
            "a-0b0a8ad9-66e1-4a0b-9d2c-3f0c6e0a4b11.wav",
        ] {
            assert!(!is_temporary_name(name), "{name}");
        }
    }

    #[test]
    fn junk_of_both_systems_is_known() {
        for name in [
            ".DS_Store",
            "._01.wav",
            "Thumbs.db",
            "__MACOSX",
            "desktop.ini",
        ] {
            assert!(is_system_junk(name), "{name}");
        }
        assert!(!is_system_junk("artwork.jpg"));
    }
}
