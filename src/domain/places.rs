//! Where things lie below the data directory. Names only; nothing here touches a disk.
//!
//! Everything is on one file system (checked at start), because a claim is a rename.

use super::ids::{LabelId, PackageId, PushId};
use std::path::{Path, PathBuf};

/// The data directory and the names below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// Names below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The data directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        self.root.join("dropzone.db")
    }

    /// Held with `flock` while a daemon runs, so that there is only one.
    pub fn lock(&self) -> PathBuf {
        self.root.join("dropzone.lock")
    }

    /// SSH host keys.
    pub fn host_keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Installed official schemas, one folder a set: `schemas/ern-382/…`.
    pub fn schemas(&self) -> PathBuf {
        self.root.join("schemas")
    }

    /// All labels' directories.
    pub fn labels(&self) -> PathBuf {
        self.root.join("labels")
    }

    /// One label's directory; holds the four below. Named by the opaque identifier.
    pub fn label(&self, label: &LabelId) -> PathBuf {
        self.labels().join(label.as_str())
    }

    /// What the label sees as `/incoming`: files whose CLOSE was answered OK. That a file lies
    /// here is the durable record that it is whole; there is no other.
    pub fn incoming(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("incoming")
    }

    /// Mirror tree of `incoming` for files being written or broken off. CLOSE moves a file from
    /// here to the same relative path below `incoming`.
    pub fn partial(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("partial")
    }

    /// Mirror tree of what was claimed: empty files of the right names, sizes and times. What was
    /// received stays visible in `/incoming`, so that clients that look at what they uploaded, or
    /// compare before they upload, find it.
    pub fn shadow(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("shadow")
    }

    /// Folders of the label that were set aside: `<package>-abandoned`, `<package>-duplicate`. Inside
    /// lie `incoming/<folder>` and `partial/<folder>`, from where an operator moves them back.
    pub fn quarantine(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("quarantine")
    }

    /// What the label sees as `/reports`, read-only.
    pub fn reports(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("reports")
    }

    /// What the label sees as `/acknowledgements`, read-only.
    pub fn acknowledgements(&self, label: &LabelId) -> PathBuf {
        self.label(label).join("acknowledgements")
    }

    /// Claimed packages; nothing under it can be reached over SFTP.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// One claimed package's files.
    pub fn package(&self, package: &PackageId) -> PathBuf {
        self.spool().join(package.as_str())
    }

    /// The manifest beside it: what was claimed, readable without the database.
    pub fn manifest(&self, package: &PackageId) -> PathBuf {
        self.spool().join(format!("{package}.manifest.json"))
    }

    /// What was made for a push: its message, audio in another form, and a record of both.
    pub fn outgoing(&self, push: &PushId) -> PathBuf {
        self.root.join("outgoing").join(push.as_str())
    }

    /// Where the `folder` mail transport writes, unless configured otherwise.
    pub fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// What inspection measured of contents, so that none is measured twice. May be deleted at any
    /// time.
    pub fn measured(&self) -> PathBuf {
        self.root.join("measured")
    }

    /// Files we could not trust (a failed fsync): kept for a person, never deleted.
    pub fn damaged(&self) -> PathBuf {
        self.root.join("damaged")
    }
}

/// Bytes that a name may have on any file system that we know.
const LONGEST_NAME: usize = 255;
/// Last letters of a package's identifier that tell it from others.
const LETTERS: usize = 6;

/// Folder name of a package's report below `/reports`: `<folder>_attempt-<n>_<last letters>`.
///
/// Packages in a batch lie in `<batch>/<folder>`, which becomes one name. The letters are those of the
/// package's identifier: a folder's name may be used again for another release, which begins with
/// attempt 1 again.
pub fn report_folder(folder: &str, attempt: u32, package: &PackageId) -> String {
    let letters: Vec<char> = package.as_str().chars().rev().take(LETTERS).collect();
    let letters: String = letters.into_iter().rev().collect();
    let end = format!("_attempt-{attempt}_{letters}");
    let mut name = String::new();
    for c in folder.chars() {
        if name.len() + c.len_utf8() + end.len() > LONGEST_NAME {
            break;
        }
        name.push(if c == '/' { '_' } else { c });
    }
    name + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_report_folder_of_its_own() {
        let one = PackageId::new("01JQW91B7J8Z0QX5T2R3S4V6W7");
        let two = PackageId::new("01JQW91B7J8Z0QX5T2R3S4V6W8");
        let name = report_folder("BATCH/Lamps_Drive", 2, &one);
        assert_eq!(name, "BATCH_Lamps_Drive_attempt-2_S4V6W7");
        assert_ne!(
            report_folder("same", 1, &one),
            report_folder("same", 1, &two)
        );
        let long = report_folder(&format!("B/{}", "Å".repeat(126)), 1, &one);
        assert!(long.len() <= LONGEST_NAME, "{}", long.len());
        assert!(long.ends_with("Å_attempt-1_S4V6W7"), "{long}");
    }
}
