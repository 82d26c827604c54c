//! What lies on the disk for people who ask: a label's upload space, and what was set aside.

use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::quota::Usage;
use std::io;

/// What of a label's upload space is used, by a walk through it.
pub fn of_label(places: &Places, label: &LabelId) -> io::Result<Usage> {
    crate::sftp::usage(places, label)
}

/// Folders that were set aside, over all labels: those that were given up, and those that came
/// twice. What cannot be read is not counted.
pub fn set_aside(places: &Places) -> (u64, u64) {
    let (mut abandoned, mut duplicate) = (0, 0);
    for label in std::fs::read_dir(places.labels())
        .into_iter()
        .flatten()
        .flatten()
    {
        let label = LabelId::new(label.file_name().to_string_lossy().into_owned());
        for folder in std::fs::read_dir(places.quarantine(&label))
            .into_iter()
            .flatten()
            .flatten()
        {
            match folder.file_name().to_string_lossy().rsplit_once('-') {
                Some((_, "abandoned")) => abandoned += 1,
                Some((_, "duplicate")) => duplicate += 1,
                Some(_) | None => {}
            }
        }
    }
    (abandoned, duplicate)
}
