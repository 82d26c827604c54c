//! `BatchComplete_*.xml`: the manifest of a delivery. Only what can be compared is read, whatever the
//! version of the choreography (`ern-c/14` … `ern-c-sftp/18`).

use super::tree::Element;
use super::{decode, xml};
use crate::domain::facts::{BatchManifest, ListedMessage};

/// Reads a manifest; `None` of an empty file or other XML, which is a sign and no manifest.
pub fn read_manifest(path: &str, bytes: &[u8]) -> Option<BatchManifest> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let decoded = decode::decode(bytes);
    let parsed = xml::parse(&decoded.text);
    let mut manifest = BatchManifest {
        path: path.to_owned(),
        ..BatchManifest::default()
    };
    let root = parsed.tree.root().filter(|_| parsed.well_formed);
    let Some(root) = root else {
        let first = parsed.faults.first();
        manifest.fault = Some(first.map_or_else(
            || "It is no XML.".to_owned(),
            |fault| format!("Line {}: {}", fault.at.line, fault.message),
        ));
        return Some(manifest);
    };
    if root.name() != "ManifestMessage" {
        return None;
    }
    manifest.number = root.child_text("NumberOfMessages").map(|text| text.value);
    manifest.messages = root.all("MessageInBatch").map(message).collect();
    Some(manifest)
}

fn message(element: Element<'_, '_>) -> ListedMessage {
    let releases = element.all("IncludedReleaseId");
    let icpns = releases.flat_map(|id| id.texts("ICPN").collect::<Vec<_>>());
    ListedMessage {
        message_id: element.child_text("MessageId").map(|text| text.value),
        icpns: icpns.map(|text| text.value).collect(),
        url: element.child_text("URL").map(|text| text.value),
    }
}
