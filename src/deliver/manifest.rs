//! `BatchComplete_….xml`: the manifest that ends a batch, as ERN Choreography 1.6 has it. Later versions
//! read it too; DSPs that want another namespace have not been met.

use super::plan::Part;
use crate::domain::dsp::{DspProfile, OwnParty};
use crate::domain::markup;
use crate::domain::push::PushKind;

/// A message of the batch.
pub(super) struct Entry {
    message_id: String,
    url: String,
    icpn: Option<String>,
    package: String,
    kind: PushKind,
    is_test: bool,
    purges: bool,
}

impl Entry {
    /// `release` is the release's folder in the batch.
    pub(super) fn of(part: &Part, release: &str) -> Self {
        let message = part.prepared.message.as_ref();
        Self {
            message_id: message
                .map(|message| message.id.clone())
                .unwrap_or_default(),
            url: message.map_or_else(
                || release.to_owned(),
                |message| format!("{release}/{}", message.name),
            ),
            icpn: part.package.icpn.clone(),
            package: part.package.id.to_string(),
            kind: part.kind,
            is_test: part.prepared.is_test,
            purges: message.is_some_and(|message| message.purges),
        }
    }
}

/// Writes the manifest. The batch's own time stands in it, so that it is the same whenever it is
/// written.
pub(super) fn write(
    profile: &DspProfile,
    us: &OwnParty,
    batch: &str,
    entries: &[Entry],
) -> Vec<u8> {
    let options = &profile.message_options;
    let own = |special: &str, general: &str| {
        if special.is_empty() { general } else { special }.to_owned()
    };
    let sender = (
        own(&options.sender_dpid, &us.dpid),
        own(&options.sender_name, &us.name),
    );
    let recipient = (
        options.dpid.clone(),
        own(&options.party_name, &profile.name),
    );
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ern-c-sftp:ManifestMessage xmlns:ern-c-sftp=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\">\n  <MessageHeader>\n",
    );
    party(&mut xml, "MessageSender", &sender);
    party(&mut xml, "MessageRecipient", &recipient);
    line(&mut xml, 4, "MessageCreatedDateTime", &time_of(batch));
    xml.push_str("  </MessageHeader>\n");
    let is_test = entries.iter().any(|entry| entry.is_test);
    line(
        &mut xml,
        2,
        "IsTestFlag",
        if is_test { "true" } else { "false" },
    );
    line(&mut xml, 2, "RootDirectory", batch);
    line(&mut xml, 2, "NumberOfMessages", &entries.len().to_string());
    for entry in entries {
        xml.push_str("  <MessageInBatch>\n");
        let root = if entry.purges {
            "PurgeReleaseMessage"
        } else {
            "NewReleaseMessage"
        };
        line(&mut xml, 4, "MessageType", root);
        line(&mut xml, 4, "MessageId", &entry.message_id);
        line(&mut xml, 4, "URL", &entry.url);
        match &entry.icpn {
            Some(icpn) => add(
                &mut xml,
                &format!(
                    "    <IncludedReleaseId><ICPN>{}</ICPN></IncludedReleaseId>\n",
                    markup::text(icpn)
                ),
            ),
            None => add(
                &mut xml,
                &format!(
                    "    <IncludedReleaseId><ProprietaryId Namespace=\"{}\">{}</ProprietaryId></IncludedReleaseId>\n",
                    markup::attribute(&sender.0),
                    markup::text(&entry.package)
                ),
            ),
        }
        line(&mut xml, 4, "DeliveryType", delivery_type(entry.kind));
        line(&mut xml, 4, "ProductType", "AudioProduct");
        xml.push_str("  </MessageInBatch>\n");
    }
    xml.push_str("</ern-c-sftp:ManifestMessage>\n");
    xml.into_bytes()
}

fn delivery_type(kind: PushKind) -> &'static str {
    match kind {
        PushKind::New => "NewReleaseDelivery",
        PushKind::Update => "ReDelivery",
        PushKind::Takedown => "TakeDown",
    }
}

fn add(xml: &mut String, text: &str) {
    xml.push_str(text);
}

fn party(xml: &mut String, element: &str, (dpid, name): &(String, String)) {
    add(
        xml,
        &format!(
            "    <{element}>\n      <PartyId IsDPID=\"true\">{}</PartyId>\n      <PartyName><FullName>{}</FullName></PartyName>\n    </{element}>\n",
            markup::text(dpid),
            markup::text(name)
        ),
    );
}

fn line(xml: &mut String, indent: usize, name: &str, value: &str) {
    add(
        xml,
        &format!("{:indent$}<{name}>{}</{name}>\n", "", markup::text(value)),
    );
}

/// `20261126170501123` → `2026-11-26T17:05:01Z`.
fn time_of(batch: &str) -> String {
    let part = |from: usize, to: usize| batch.get(from..to).unwrap_or("00");
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dsp::TransportChoice;
    use crate::domain::ids::DspId;

    #[test]
    fn a_purge_is_named_as_what_it_is() {
        let transport = TransportChoice::Folder {
            path: "/nowhere".into(),
        };
        let profile = DspProfile::plain(DspId::new("store"), "Store", transport);
        let entry = |purges| Entry {
            message_id: "M".to_owned(),
            url: "1/1.xml".to_owned(),
            icpn: Some("5034567890120".to_owned()),
            package: "P".to_owned(),
            kind: PushKind::Takedown,
            is_test: false,
            purges,
        };
        let us = OwnParty::default();
        let entries = [entry(true), entry(false)];
        let xml = write(&profile, &us, "20261126170501123", &entries);
        let xml = String::from_utf8(xml).unwrap();
        for (words, number) in [
            ("<MessageType>PurgeReleaseMessage</MessageType>", 1),
            ("<MessageType>NewReleaseMessage</MessageType>", 1),
            ("<DeliveryType>TakeDown</DeliveryType>", 2),
        ] {
            assert_eq!(xml.matches(words).count(), number, "{words}: {xml}");
        }
    }
}
