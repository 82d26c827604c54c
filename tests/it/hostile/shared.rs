//! The collected hostile messages and traps, through the whole of `check`.

use super::{Case, survive};
use crate::kit;
use std::fs;

#[test]
fn collected_messages_are_survived() {
    let Some(shared) = kit::shared() else { return };
    let mut cases = Vec::new();
    for folder in ["hostile", "traps"] {
        let mut files: Vec<_> = fs::read_dir(shared.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&file).unwrap();
            cases.push(Case::new(
                &format!("{folder}/{name}"),
                "metadata.xml",
                bytes,
                &["XML-", "PKG-", "REF-"],
            ));
        }
    }
    survive(cases);
}
