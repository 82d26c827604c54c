//! What lies on the disk for people who ask: a label's upload space, and what was set aside.

use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use crate::domain::quota::Usage;
use crate::intake;
pub use crate::intake::SetAside;
use std::io;

/// What of a label's upload space is used, by a walk through it.
pub fn of_label(places: &Places, label: &LabelId) -> io::Result<Usage> {
    crate::sftp::usage(places, label)
}

/// What was set aside, over all labels, each with its label: what was given up, and what came twice.
/// What cannot be read is left out.
pub fn set_aside(places: &Places) -> Vec<(LabelId, SetAside)> {
    let labels = std::fs::read_dir(places.labels());
    let labels = labels.into_iter().flatten().flatten();
    labels
        .flat_map(|label| {
            let label = LabelId::new(label.file_name().to_string_lossy().into_owned());
            let aside = intake::set_aside_of(places, &label).unwrap_or_default();
            aside.into_iter().map(move |one| (label.clone(), one))
        })
        .collect()
}

/// Moves a folder that was set aside back to where the label uploaded it; see [`intake::restore`].
pub fn restore(places: &Places, label: &LabelId, aside: &SetAside, folder: &str) -> io::Result<()> {
    intake::restore(places, label, aside, folder)
}
