//! XML-008 … XML-013: where the message speaks the dialect of the operator's guide instead of ERN
//! 3.8.2. The guide's own sample does; labels copy it. The guide profile reads it and says what is
//! different; the strict profile holds it to the schema.

use super::super::account::Profile;
use super::super::facts::SchemaCheck;
use super::super::release::{Dialect, DialectUse};
use super::super::repair::Edit;
use super::case::Case;
use super::findings::{Findings, Note, last_element};
use super::header::is_dpid;
use super::wording::{list, quoted, shown};
use super::{Needs, Rule, Severity, Weight};

/// What holds for all of them.
const DEVIATION: Rule = Rule {
    weight: Weight::BY_PROFILE,
    ack: "NewReleaseMessageInvalid",
    needs: Needs::Message,
    ..Rule::BASE
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "XML-008",
        title: "Default namespace in place of a prefix",
        why: "In ERN 3.8.2 only the root element is in the namespace. “xmlns=” puts all elements \
              into it, and no schema check can pass.",
        fix: "Write “xmlns:ern=” and the prefix “ern:” at the root element only.",
        source: "DDEX ERN 3.8.2 (elementFormDefault unqualified); guide, Minimal example",
        check: |case, findings| tell(case, findings, Dialect::DefaultNamespace),
        ..DEVIATION
    },
    Rule {
        code: "XML-009",
        title: "UPC in place of ICPN",
        why: "ERN 3.8.2 has no element UPC; every barcode is an ICPN. We read it as one.",
        fix: "Write ICPN in place of UPC.",
        source: "DDEX ERN 3.8.2, ReleaseId; guide, Minimal example",
        check: |case, findings| tell(case, findings, Dialect::UpcElement),
        ..DEVIATION
    },
    Rule {
        code: "XML-010",
        title: "URI in place of FileName",
        why: "ERN 3.8.2 names a file by FileName (and FilePath); URI belongs to ERN 4. We read it.",
        fix: "Write FileName in place of URI.",
        source: "DDEX ERN 3.8.2, File; guide, Minimal example",
        check: |case, findings| tell(case, findings, Dialect::FileUri),
        ..DEVIATION
    },
    Rule {
        code: "XML-011",
        title: "Container named as audio codec",
        why: "WAV and AIFF are containers. The codec of the audio in them is called PCM.",
        fix: "Write PCM.",
        source: "DDEX ERN 3.8.2, AudioCodecType; guide, Minimal example",
        check: |case, findings| tell(case, findings, Dialect::CodecIsContainer),
        ..DEVIATION
    },
    Rule {
        code: "XML-012",
        title: "Release is laid out otherwise than in ERN 3.8.2",
        why: "In ERN 3.8.2 ReleaseDate stands in ReleaseDetailsByTerritory, which every release \
              has, and ReleaseType comes after the list of resource references.",
        fix: "Put ReleaseDate into ReleaseDetailsByTerritory, and ReleaseType after \
              ReleaseResourceReferenceList.",
        source: "DDEX ERN 3.8.2, Release; guide, Minimal example",
        check: |case, findings| tell(case, findings, Dialect::ReleaseLayout),
        ..DEVIATION
    },
    Rule {
        code: "XML-013",
        title: "ReleaseType EP",
        weight: Weight::BY_PROFILE.or(Severity::Warning),
        why: "ERN 3.8.2 was published without the release type EP; later editions of its value \
              list have it. It is only a warning in the strict profile where the installed \
              official schema takes it.",
        fix: "Keep EP here; for receivers with the first edition write “UserDefined” with \
              UserDefinedValue=\"EP\".",
        source: "DDEX AVS of ERN 3.8.2, ReleaseType; guide, Required XML fields",
        check: |case, findings| tell(case, findings, Dialect::ReleaseTypeEp),
        ..DEVIATION
    },
];

/// Tells of one deviation: each place in the strict profile, where each is an error; all places in
/// one finding in the guide profile, where they are one thing to learn.
fn tell(case: &Case<'_>, findings: &mut Findings<'_>, dialect: Dialect) {
    let Some(message) = case.message else {
        return;
    };
    let mut uses = message
        .dialect
        .iter()
        .filter(|found| found.dialect == dialect);
    match case.subject.profile {
        Profile::Strict => {
            for found in uses {
                let mild = dialect == Dialect::ReleaseTypeEp && is_taken_by_schema(case, found);
                let edits = edits(case, found);
                findings.add(note_of(found, "").other(mild).repair(edits));
            }
        }
        Profile::Guide => {
            let Some(first) = uses.next() else {
                return;
            };
            let all = std::iter::once(first).chain(uses.clone());
            let repair: Vec<Edit> = all
                .take(MOST_REPAIRED)
                .flat_map(|found| edits(case, found))
                .collect();
            let lines: Vec<String> = uses.map(|found| found.at.line.to_string()).collect();
            let also = match lines.as_slice() {
                [] => String::new(),
                [line] => format!(" The same in line {line}."),
                lines => format!(" The same in lines {}.", list(lines)),
            };
            findings.add(note_of(first, &also).repair(repair));
        }
    }
}

/// Places whose edits are told in the one finding of the guide profile; `dropzone fix` judges by the
/// strict profile and repairs them all.
const MOST_REPAIRED: usize = 20;

/// What puts a deviation right. An EP is kept where the schema takes it; elsewhere the value is the
/// sender's own and carries the sender's DPID.
fn edits(case: &Case<'_>, found: &DialectUse) -> Vec<Edit> {
    if found.dialect != Dialect::ReleaseTypeEp || is_taken_by_schema(case, found) {
        return found.repair.clone();
    }
    let sender = case
        .message
        .and_then(|message| message.header.sender.id.as_ref())
        .filter(|id| is_dpid(id.as_str()));
    let Some(sender) = sender else {
        return Vec::new();
    };
    let path = &found.at.path;
    vec![
        Edit::set(path, "UserDefined"),
        Edit::set(
            &format!("{path}/@Namespace"),
            format!("DPID:{}", sender.as_str()),
        ),
        Edit::set(&format!("{path}/@UserDefinedValue"), "EP"),
    ]
}

fn note_of(found: &DialectUse, also: &str) -> Note {
    let quote = quoted(&found.found);
    let what = match found.dialect {
        Dialect::DefaultNamespace => {
            "The root element has a default namespace (“xmlns=”); ERN 3.8.2 wants a prefix on the \
             root element only. We read it anyway."
                .to_owned()
        }
        Dialect::UpcElement => format!(
            "The barcode stands in {quote}; ERN 3.8.2 has no element UPC. We read it as ICPN."
        ),
        Dialect::FileUri => format!(
            "The file is named by {quote}; ERN 3.8.2 has no such element. We read it as FileName."
        ),
        Dialect::CodecIsContainer => format!(
            "{quote} names a kind of file; the codec of the audio in it is PCM. We read it so."
        ),
        Dialect::ReleaseLayout => {
            format!("The message has {quote}. ERN 3.8.2 is laid out otherwise. We read it anyway.")
        }
        Dialect::ReleaseTypeEp => format!(
            "{quote}: the first edition of ERN 3.8.2 has no release type EP. We read it as EP."
        ),
    };
    let note = Note::new(format!("{what}{also}"))
        .at(&found.at)
        .fix(format!("Write:\n{}", found.wanted))
        .found(&found.found);
    // What takes several lines is in the fix.
    if found.wanted.contains('\n') {
        note
    } else {
        note.expected(shown(&found.wanted))
    }
}

/// The official check was run and had nothing to say there. After a fault in the order of a release's
/// parts libxml2 does not look at the rest of it, and nothing is known.
fn is_taken_by_schema(case: &Case<'_>, found: &DialectUse) -> bool {
    let schema = case.subject.schema;
    matches!(schema.check, SchemaCheck::Official { .. })
        && schema.total == schema.faults.len()
        && !schema.faults.iter().any(|fault| {
            fault.line == found.at.line || last_element(Some(&fault.path)) == "Release"
        })
}
