//! Who has a file open for writing, as the kernel tells it.
//!
//! A read lease (`F_SETLEASE`) would be the kernel's own answer, but neither `rustix` nor `nix` has
//! it and this crate writes no unsafe code. So the open files of every process that we may look at
//! are compared instead. That sees our own handles and those of other processes of our user; a
//! writer of another user, or one with a mapping and no handle, is seen by the change time, which
//! is compared before and after every reading, and by the long quiet period of foreign files.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Access mode bits of the flags in `/proc/<pid>/fdinfo/<fd>`: anything but reading alone.
const WRITING: u32 = 0o3;

/// A process that has one of the files open for writing, in words for a log; `None` when there is
/// none that we can see. Where `/proc` is not mounted nothing can be seen.
pub(super) fn writer_of(nodes: &HashSet<(u64, u64)>) -> Option<String> {
    let processes = fs::read_dir("/proc").ok()?;
    processes
        .flatten()
        .filter(|process| {
            let name = process.file_name();
            name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        })
        .find_map(|process| writes(&process.path(), nodes))
}

/// Processes end and files close while they are read about: whatever cannot be read is no writer.
fn writes(process: &Path, nodes: &HashSet<(u64, u64)>) -> Option<String> {
    let handles = fs::read_dir(process.join("fd")).ok()?;
    for handle in handles.flatten() {
        let Ok(meta) = fs::metadata(handle.path()) else {
            continue;
        };
        if nodes.contains(&(meta.dev(), meta.ino()))
            && is_for_writing(&process.join("fdinfo").join(handle.file_name()))
        {
            let command = fs::read_to_string(process.join("comm")).unwrap_or_default();
            return Some(format!(
                "process {} ({})",
                process.file_name().unwrap_or_default().display(),
                command.trim().escape_debug()
            ));
        }
    }
    None
}

fn is_for_writing(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & WRITING != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};

    #[test]
    fn an_open_handle_for_writing_is_seen_and_one_for_reading_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let writing = File::create(&path).unwrap();
        let meta = writing.metadata().unwrap();
        let nodes = HashSet::from([(meta.dev(), meta.ino())]);
        let found = writer_of(&nodes).unwrap();
        assert!(found.contains(&std::process::id().to_string()), "{found}");
        drop(writing);
        let reading = File::open(&path).unwrap();
        assert_eq!(writer_of(&nodes), None);
        drop(reading);
        let appending = OpenOptions::new().append(true).open(&path).unwrap();
        assert!(writer_of(&nodes).is_some());
        drop(appending);
    }
}
