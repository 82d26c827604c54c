//! Acknowledgements of DSPs, in both families: `FtpAcknowledgementMessage` (ERN-C up to 1.6), and
//! `ErnAcknowledgementStatusMessage` and `AcknowledgementMessage` (1.7 and 1.8).
//!
//! DSPs stretch both; so what is looked for is a status, and around it what it is about.

use super::tree::Element;
use super::{decode, xml};
use crate::domain::answer::Answer;

/// Words of a DSP that are kept, in characters.
const MOST_TEXT: usize = 2000;

/// Elements whose text names the release.
const RELEASE_NAMES: [&str; 6] = ["ICPN", "UPC", "EAN", "GRid", "ReleaseId", "ProprietaryId"];

/// Elements whose text explains.
const EXPLAINING: [&str; 5] = [
    "ErrorText",
    "ErrorDescription",
    "Comment",
    "Reason",
    "Description",
];

/// Reads an acknowledgement: one answer for each release that it speaks of. The error is half a
/// sentence.
pub fn read_acknowledgement(bytes: &[u8]) -> Result<Vec<Answer>, String> {
    let decoded = decode::decode(bytes);
    let parsed = xml::parse(&decoded.text);
    let Some(root) = parsed.tree.root().filter(|_| parsed.well_formed) else {
        let first = parsed.faults.first();
        return Err(first.map_or_else(
            || "is no XML".to_owned(),
            |fault| {
                format!(
                    "cannot be read in line {}: {}",
                    fault.at.line, fault.message
                )
            },
        ));
    };
    if !root.name().contains("Acknowledgement") {
        return Err(format!(
            "is a {}, which is no acknowledgement",
            root.name().chars().take(60).collect::<String>()
        ));
    }
    let mut answers = Vec::new();
    for part in root.children() {
        if is_status(part) {
            // The family of one release: everything stands below the root.
            answers.push(answer(root, part));
            return Ok(answers);
        }
        answers.extend(status_below(part).map(|status| answer(part, status)));
    }
    if answers.is_empty() {
        return Err("has no status in it".to_owned());
    }
    Ok(answers)
}

fn is_status(element: Element<'_, '_>) -> bool {
    let name = element.name();
    name.ends_with("Status") && element.children().next().is_none() && !element.text().is_empty()
}

fn status_below<'t, 'a>(element: Element<'t, 'a>) -> Option<Element<'t, 'a>> {
    below(element).into_iter().find(|inner| is_status(*inner))
}

/// The element and all that is in it, in order. The tree's depth is limited by its reader.
fn below<'t, 'a>(element: Element<'t, 'a>) -> Vec<Element<'t, 'a>> {
    let mut all = vec![element];
    for child in element.children() {
        all.extend(below(child));
    }
    all
}

fn answer(scope: Element<'_, '_>, status: Element<'_, '_>) -> Answer {
    let all = below(scope);
    let texts = |names: &[&str]| -> Vec<String> {
        all.iter()
            .filter(|element| names.contains(&element.name()))
            .map(|element| element.text().value)
            .filter(|text| !text.is_empty())
            .collect()
    };
    let user_defined = status.attribute("UserDefinedValue");
    let mut said = texts(&EXPLAINING);
    said.extend(user_defined.map(|text| text.value));
    let affected: Vec<String> = all
        .iter()
        .filter(|element| element.name() == "AffectedResource")
        .flat_map(|element| element.children().map(|id| id.text().value))
        .collect();
    if !affected.is_empty() {
        said.push(format!("affected: {}", affected.join(", ")));
    }
    let text: String = said.join("; ").chars().take(MOST_TEXT).collect();
    Answer {
        message_id: message_id(&all),
        releases: texts(&RELEASE_NAMES),
        status: status.text().value,
        text: (!text.is_empty()).then_some(text),
        link: texts(&["URL", "Url", "ReleaseURL"])
            .into_iter()
            .find(|url| url.starts_with("https://") || url.starts_with("http://")),
    }
}

/// Of the message that is answered; the acknowledgement's own stands in its header.
fn message_id(all: &[Element<'_, '_>]) -> Option<String> {
    let names = ["AcknowledgedMessageId", "OriginalMessageId", "MessageId"];
    names.iter().find_map(|name| {
        all.iter()
            .find(|element| {
                element.name() == *name && !element.at().path.contains("/MessageHeader")
            })
            .map(|element| element.text().value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::Word;

    #[test]
    fn the_older_family_speaks_of_one_release() {
        let xml = br#"<?xml version="1.0"?>
<c:FtpAcknowledgementMessage xmlns:c="http://ddex.net/xml/ern-c-sftp/16" MessageVersionId="1.6">
  <MessageHeader><MessageSender><PartyId>PADPIDA1</PartyId></MessageSender></MessageHeader>
  <AcknowledgedFile><ReleaseId>5034567890120</ReleaseId><Date>2026-11-26</Date></AcknowledgedFile>
  <FileStatus>ResourceCorrupt</FileStatus>
  <ErrorText>cannot decode track 2</ErrorText>
  <AffectedResource><ISRC>DEA622000002</ISRC></AffectedResource>
</c:FtpAcknowledgementMessage>"#;
        let answers = read_acknowledgement(xml).unwrap();
        let [answer] = &answers[..] else {
            panic!("{answers:?}")
        };
        assert_eq!(answer.releases, ["5034567890120"]);
        assert_eq!(answer.word(), Word::Declined);
        assert_eq!(
            answer.objection(),
            "The DSP answered ResourceCorrupt: cannot decode track 2; affected: DEA622000002"
        );
    }

    #[test]
    fn the_later_family_speaks_of_several() {
        let xml =
            br#"<a:ErnAcknowledgementStatusMessage xmlns:a="http://ddex.net/xml/ern-c-sftp/17">
  <MessageHeader><MessageId>OURS-NOT</MessageId></MessageHeader>
  <ReleaseStatus><MessageId>M1</MessageId><ReleaseId><ICPN>1</ICPN></ReleaseId>
    <ReleaseStatus>SuccessfullyIngestedByReleaseDistributor</ReleaseStatus>
    <URL>https://store.example/1</URL></ReleaseStatus>
  <ReleaseStatus><ReleaseId><ICPN>2</ICPN></ReleaseId>
    <ReleaseStatus>HeldByTheMoon</ReleaseStatus></ReleaseStatus>
  <ReleaseStatus><ReleaseId><ICPN>3</ICPN></ReleaseId>
    <ReleaseStatus>ReleaseReceivedByReleaseDistributor</ReleaseStatus></ReleaseStatus>
</a:ErnAcknowledgementStatusMessage>"#;
        let answers = read_acknowledgement(xml).unwrap();
        let words: Vec<Word> = answers.iter().map(Answer::word).collect();
        assert_eq!(words, [Word::Taken, Word::Declined, Word::Underway]);
        assert_eq!(answers[0].message_id.as_deref(), Some("M1"));
        assert_eq!(answers[0].link.as_deref(), Some("https://store.example/1"));
        assert_eq!(answers[1].objection(), "The DSP answered HeldByTheMoon.");
        assert_eq!(answers[1].message_id, None);
    }

    #[test]
    fn what_is_none_is_refused_with_a_reason() {
        for (text, why) in [
            ("", "file is empty"),
            ("<a><b></a>", "line 1"),
            ("<NewReleaseMessage/>", "NewReleaseMessage"),
            ("<FtpAcknowledgementMessage/>", "no status"),
        ] {
            let said = read_acknowledgement(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{text:?} gave {said:?}");
        }
    }
}
