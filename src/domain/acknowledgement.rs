//! What we say of a package in the words that machines of labels read: a DDEX
//! `FtpAcknowledgementMessage`, as ERN Choreography 1.6 has it.

use super::markup;
use super::package::Package;
use super::report::{Finding, Report, Severity};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Errors whose words go with it.
const MOST_ERRORS: usize = 10;

/// Families of rules in the order of their layers.
const LAYERS: [&str; 11] = [
    "PKG", "XML", "HDR", "REF", "ID", "META", "DEAL", "AUD", "ART", "UPD", "DSP",
];

/// Families whose errors are put right in the message alone.
const MESSAGE_ONLY: [&str; 6] = ["XML", "HDR", "REF", "ID", "META", "DEAL"];

/// `ErncFileStatus` → codes of the rules that it stands for. A rule that is in none is `UserDefined`
/// with its code.
const STATUSES: &[(&str, &[&str])] = &[
    ("ErnMissing", &["PKG-002", "PKG-010", "PKG-024", "XML-005"]),
    (
        "ResourceMissing",
        &["PKG-005", "PKG-006", "PKG-007", "PKG-008", "UPD-003"],
    ),
    (
        "ResourceCorrupt",
        &[
            "PKG-013", "PKG-017", "AUD-001", "AUD-008", "AUD-009", "AUD-019", "ART-001",
        ],
    ),
    ("SignatureOrHashSumWrongOrMissing", &["PKG-025"]),
    (
        "ResourceNotMeetingSpecifications",
        &[
            "PKG-027", "AUD-002", "AUD-003", "AUD-005", "AUD-010", "AUD-011", "AUD-013", "AUD-015",
            "AUD-017", "AUD-020", "AUD-021", "ART-002", "ART-004", "ART-006", "ART-007", "ART-008",
        ],
    ),
    (
        "NewReleaseMessageInvalid",
        &[
            "XML-001", "XML-002", "XML-003", "XML-006", "XML-008", "XML-009", "XML-010", "XML-011",
            "XML-012", "XML-013", "XML-014", "HDR-005", "REF-001", "REF-002", "DEAL-005",
        ],
    ),
    (
        "IdentifierSyntaxInvalid",
        &[
            "HDR-001", "ID-002", "ID-003", "ID-009", "ID-010", "ID-015", "ID-016", "ID-017",
        ],
    ),
    (
        "IdentifierInvalid",
        &[
            "PKG-020", "HDR-002", "HDR-004", "ID-005", "ID-006", "ID-012", "ID-013", "ID-018",
            "AUD-026",
        ],
    ),
    (
        "MetadataMissing",
        &[
            "XML-017", "REF-005", "REF-007", "REF-008", "REF-009", "ID-001", "ID-008", "META-001",
            "META-002", "META-004", "META-010", "META-011", "META-028", "META-030", "META-032",
            "META-033", "META-034", "META-035", "DEAL-003", "DEAL-009",
        ],
    ),
    ("PrimaryArtistNameMissing", &["META-003", "META-024"]),
    ("ArtistRoleUnknown", &["META-021", "META-023", "META-041"]),
    (
        "CommercialReleaseDateInvalid",
        &["META-006", "META-007", "META-008"],
    ),
    ("OriginalReleaseDateLaterThanReleaseDate", &["META-009"]),
    ("NoDealInNewReleaseMessage", &["REF-003", "DEAL-001"]),
    ("NoDealForTrackRelease", &["DEAL-002"]),
    (
        "ConflictingAvailabilityPeriods",
        &["DEAL-004", "DEAL-010", "DEAL-011", "DEAL-013"],
    ),
    ("UnsupportedUsage", &["DEAL-014", "DEAL-015", "DEAL-020"]),
];

/// A party of an acknowledgement; without a DPID it is known by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AckParty {
    /// DDEX party identifier; empty when there is none.
    pub dpid: String,
    /// Name.
    pub name: String,
}

/// Name of the file: the same for the same attempt, so that writing it twice leaves one.
pub fn file_name(package: &Package) -> String {
    let id = package.icpn.as_deref().unwrap_or(package.id.as_str());
    let plain: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let time = package.received_at.strftime("%Y%m%d%H%M%S%3f");
    format!("ACK_{time}_{plain}.xml")
}

/// The message: `FileStatus` of the first error in the order of the layers, `FileOK` without one.
pub fn write(
    package: &Package,
    report: &Report,
    us: &AckParty,
    label: &AckParty,
    now: Timestamp,
) -> String {
    let mut errors: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    errors.sort_by_key(|finding| (layer(&finding.code), finding.code.clone()));
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ern-c-sftp:FtpAcknowledgementMessage xmlns:ern-c-sftp=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\">\n  <MessageHeader>\n",
    );
    party(&mut xml, "MessageSender", us);
    party(&mut xml, "MessageRecipient", label);
    line(
        &mut xml,
        4,
        "MessageCreatedDateTime",
        &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    );
    xml.push_str("  </MessageHeader>\n  <AcknowledgedFile>\n");
    let release = package.icpn.as_deref().unwrap_or(&package.folder);
    line(&mut xml, 4, "ReleaseId", release);
    let date = package.received_at.strftime("%Y-%m-%d").to_string();
    line(&mut xml, 4, "Date", &date);
    xml.push_str("  </AcknowledgedFile>\n");
    match errors.first() {
        None => {
            line(&mut xml, 2, "FileStatus", "FileOK");
            // Every package is looked at by a person before it goes on.
            line(&mut xml, 2, "ManualCheckRequired", "true");
        }
        Some(first) => refuse(&mut xml, first, &errors),
    }
    xml.push_str("</ern-c-sftp:FtpAcknowledgementMessage>\n");
    xml
}

fn refuse(xml: &mut String, first: &Finding, errors: &[&Finding]) {
    match status_of(&first.code) {
        Some(status) => line(xml, 2, "FileStatus", status),
        None => add(
            xml,
            &format!(
                "  <FileStatus Namespace=\"dropzone\" UserDefinedValue=\"{}\">UserDefined</FileStatus>\n",
                markup::attribute(&first.code)
            ),
        ),
    }
    let words: Vec<String> = errors
        .iter()
        .take(MOST_ERRORS)
        .map(|finding| format!("{}: {}", finding.code, finding.message))
        .collect();
    line(xml, 2, "ErrorText", &words.join("\n"));
    let alone = errors
        .iter()
        .all(|finding| MESSAGE_ONLY.contains(&family(&finding.code)));
    let action = if alone {
        "ResendXmlOnly"
    } else {
        "ResendXmlAndResources"
    };
    line(xml, 2, "ProposedActionType", action);
    let affected: BTreeSet<(Option<&String>, Option<&String>)> = errors
        .iter()
        .filter(|finding| finding.isrc.is_some() || finding.file.is_some())
        .filter(|finding| !MESSAGE_ONLY.contains(&family(&finding.code)))
        .map(|finding| (finding.isrc.as_ref(), finding.file.as_ref()))
        .collect();
    for (isrc, file) in affected {
        xml.push_str("  <AffectedResource>");
        if let Some(isrc) = isrc {
            add(xml, &format!("<ISRC>{}</ISRC>", markup::text(isrc)));
        }
        if let Some(file) = file {
            add(
                xml,
                &format!(
                    "<ProprietaryId Namespace=\"dropzone:file\">{}</ProprietaryId>",
                    markup::text(file)
                ),
            );
        }
        xml.push_str("</AffectedResource>\n");
    }
}

fn status_of(code: &str) -> Option<&'static str> {
    STATUSES
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map(|(status, _)| *status)
}

fn family(code: &str) -> &str {
    code.split_once('-').map_or(code, |(family, _)| family)
}

fn layer(code: &str) -> usize {
    let family = family(code);
    LAYERS
        .iter()
        .position(|known| *known == family)
        .unwrap_or(LAYERS.len())
}

fn add(xml: &mut String, text: &str) {
    xml.push_str(text);
}

fn party(xml: &mut String, element: &str, party: &AckParty) {
    add(xml, &format!("    <{element}>\n"));
    if party.dpid.is_empty() {
        add(
            xml,
            &format!(
                "      <PartyId Namespace=\"dropzone\">{}</PartyId>\n",
                markup::text(&party.name)
            ),
        );
    } else {
        add(
            xml,
            &format!(
                "      <PartyId IsDPID=\"true\">{}</PartyId>\n",
                markup::text(&party.dpid)
            ),
        );
    }
    add(
        xml,
        &format!(
            "      <PartyName><FullName>{}</FullName></PartyName>\n    </{element}>\n",
            markup::text(&party.name)
        ),
    );
}

fn line(xml: &mut String, indent: usize, name: &str, value: &str) {
    add(
        xml,
        &format!("{:indent$}<{name}>{}</{name}>\n", "", markup::text(value)),
    );
}
