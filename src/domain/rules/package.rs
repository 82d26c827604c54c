//! PKG-001 … PKG-006: the three kinds of files that every release folder holds.

use super::super::facts::FileRole;
use super::super::naming::{base_name, extension, is_repaired_copy, repaired_copy};
use super::case::{Case, Owner};
use super::findings::{Findings, Note};
use super::wording::{list, quoted};
use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "PKG-001",
        title: "File outside a release folder",
        why: "Files that lie directly in /incoming/ belong to no release and are never processed.",
        fix: "Create one folder for each release in /incoming/ and put the files into it.",
        source: "guide, Connecting via SFTP",
        safety: true,
        at_the_door: true,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-002",
        title: "No message in the folder",
        why: "Without the XML message we know neither the release nor its tracks.",
        fix: "Add the DDEX message as “metadata.xml” (exactly this name, in lower case) and upload \
              the folder again.",
        source: "guide, File checklist",
        ack: "ErnMissing",
        check: no_message,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-003",
        title: "Message has another name than metadata.xml",
        weight: Weight::BY_PROFILE,
        why: "The guide asks for “metadata.xml”. The barcode as name (“<ICPN>.xml”) is DDEX's own \
              choreography and is taken without a word.",
        fix: "Rename the file to “metadata.xml”.",
        source: "guide, Package Structure; DDEX ERN choreography 5.2",
        check: misnamed_message,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-004",
        title: "More than one message in the folder",
        why: "One folder is one release. With two messages we cannot know which one is right.",
        fix: "Keep the message that is right, delete the others, and upload the folder again.",
        source: "guide, Package Structure",
        ack: "ErnMissing",
        check: several_messages,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-005",
        title: "No audio file in the folder",
        why: "Every track needs its audio file. Only an update of a release that is already live, \
              and whose message names no file, may come without.",
        fix: "Upload the WAV, FLAC or AIFF files that the message names into the same folder.",
        source: "guide, File checklist",
        ack: "ResourceMissing",
        check: no_audio,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-006",
        title: "No cover artwork in the folder",
        why: "Every release needs a cover. Only an update of a release that is already live, and \
              whose message names no picture, may come without.",
        fix: "Add the cover as “artwork.jpg” or “artwork.png”: square, at least 3000 × 3000 \
              pixels, RGB, at most 20 MB.",
        source: "guide, File checklist",
        ack: "ResourceMissing",
        check: no_artwork,
        ..Rule::BASE
    },
];

fn no_message(case: &Case<'_>, findings: &mut Findings<'_>) {
    if case.subject.reading.is_some() || !case.subject.folder.messages.is_empty() {
        return;
    }
    let xml: Vec<String> = case
        .subject
        .folder
        .files
        .iter()
        .filter(|file| extension(&file.path) == "xml" && file.role != FileRole::Marker)
        .map(|file| quoted(base_name(&file.path)))
        .collect();
    let folder = quoted(&case.subject.folder.folder);
    let message = if xml.is_empty() {
        format!("There is no metadata.xml in the folder {folder}.")
    } else {
        format!(
            "There is no DDEX message in the folder {folder}. {} cannot be read as one.",
            list(&xml)
        )
    };
    findings.add(Note::new(message).expected("metadata.xml"));
}

fn misnamed_message(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(path) = case.subject.message_file else {
        return;
    };
    let name = base_name(path);
    let icpn = case
        .main()
        .and_then(|(_, main)| main.icpn.as_ref())
        .map(|icpn| format!("{}.xml", icpn.as_str()));
    // In a message that cannot be read there is no ICPN to compare with.
    let looks_like_icpn = case.message.is_none()
        && name
            .strip_suffix(".xml")
            .is_some_and(|stem| stem.len() >= 8 && stem.bytes().all(|b| b.is_ascii_digit()));
    if name == "metadata.xml" || icpn.as_deref() == Some(name) || looks_like_icpn {
        return;
    }
    findings.add(
        Note::new(format!(
            "We read {} as your message; the guide asks for the name “metadata.xml”.",
            quoted(name)
        ))
        .file(path)
        .expected("metadata.xml")
        .found(name),
    );
}

fn several_messages(case: &Case<'_>, findings: &mut Findings<'_>) {
    let messages = &case.subject.folder.messages;
    if messages.len() < 2 {
        return;
    }
    let names: Vec<String> = messages.iter().map(|path| quoted(path)).collect();
    let note = Note::new(format!(
        "The folder holds {} messages: {}. We cannot know which of them is right.",
        messages.len(),
        list(&names)
    ))
    .expected("1 message")
    .found(&messages.len().to_string());
    let copy = messages.iter().find(|path| is_repaired_copy(path));
    let original = copy.and_then(|copy| messages.iter().find(|path| repaired_copy(path) == *copy));
    findings.add(match (copy, original) {
        (Some(copy), Some(original)) => note.fix(format!(
            "{} is the copy that “dropzone fix” made. Rename it to {}, so that it takes its place, \
             or delete it.",
            quoted(copy),
            quoted(base_name(original))
        )),
        _ => note,
    });
}

/// An update of a live release whose message names no file of a kind: DDEX lets it come without. A
/// purge needs none at all.
fn may_lack(case: &Case<'_>, wanted: impl Fn(Owner) -> bool) -> bool {
    let mut references = case.references.iter();
    let names_some = references.any(|reference| wanted(reference.owner));
    case.purge().is_some() || case.message.is_some() && !names_some && case.live().is_some()
}

fn is_track(owner: Owner) -> bool {
    matches!(owner, Owner::Track(_))
}

fn is_picture(owner: Owner) -> bool {
    matches!(owner, Owner::Picture(_))
}

/// The files that the message names of a kind, as a sentence.
fn named(case: &Case<'_>, wanted: impl Fn(Owner) -> bool) -> String {
    let names: Vec<String> = case
        .references
        .iter()
        .filter(|reference| wanted(reference.owner))
        .map(|reference| quoted(base_name(reference.named.name.as_str())))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" The message names {}.", list(&names))
    }
}

fn no_audio(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut files = case.subject.folder.files.iter();
    if files.any(|file| file.role == FileRole::Audio) || may_lack(case, is_track) {
        return;
    }
    findings.add(Note::new(format!(
        "There is no audio file in the folder {}.{}",
        quoted(&case.subject.folder.folder),
        named(case, is_track)
    )));
}

fn no_artwork(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut references = case.references.iter();
    if case.artwork_files().next().is_some()
        || references.any(|reference| is_picture(reference.owner) && reference.hit.is_some())
        || may_lack(case, is_picture)
    {
        return;
    }
    findings.add(
        Note::new(format!(
            "There is no cover artwork in the folder {}.{}",
            quoted(&case.subject.folder.folder),
            named(case, is_picture)
        ))
        .expected("artwork.jpg or artwork.png"),
    );
}
