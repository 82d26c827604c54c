//! PKG-007 … PKG-013: the files that the message names against those that are there.

use super::super::facts::FileRole;
use super::super::naming::{BadReference, Match, base_name, nearest};
use super::super::release::{Message, Text};
use super::super::repair::Edit;
use super::case::{Case, Owner, Reference, Track, is_called_artwork};
use super::findings::{Findings, Note};
use super::wording::{list, quoted};
use super::{Needs, Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "PKG-007",
        title: "File named in the message is missing",
        why: "The release cannot be delivered without every file that its message names.",
        fix: "Upload the missing file, or correct the name in the message, so that both are \
              exactly the same.",
        source: "guide, Audio File Requirements (“must exactly match”)",
        ack: "ResourceMissing",
        safety: true,
        needs: Needs::Message,
        check: missing_file,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-008",
        title: "File name differs in capital letters",
        weight: Weight::BY_PROFILE,
        why: "The name in the message has to be the file's name exactly, capital letters \
              included. When only they differ we know which file is meant.",
        fix: "Rename the file or correct the message, so that both are exactly the same.",
        source: "guide, Track ordering (“including capitalisation and spaces”)",
        ack: "ResourceMissing",
        needs: Needs::Message,
        check: other_case,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-009",
        title: "File name is spelt in another encoding",
        weight: Weight::WARNING,
        why: "Accents can be written in two ways that look the same (macOS uses the other one), \
              spaces can stand as %20. We matched such names.",
        fix: "Nothing has to be done for this release. Names without accents and special \
              characters avoid it.",
        source: "Unicode Annex 15 (NFC, NFD); RFC 3986",
        needs: Needs::Message,
        check: other_encoding,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-010",
        title: "File reference is no plain file name",
        weight: Weight::ERROR.or(super::Severity::Warning),
        why: "A message may only name files of its own folder. A path that leads out of it, or an \
              address on another machine, is an error; the folder's own name in front of the \
              file's is a warning.",
        fix: "Write the plain file name as it is in this folder (“resources/” in front of it is \
              allowed).",
        source: "DDEX ERN 3.8.2, File; drop zone",
        ack: "ResourceMissing",
        safety: true,
        needs: Needs::Message,
        check: bad_reference,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-011",
        title: "File that the message does not mention",
        weight: Weight::WARNING,
        why: "Only files that the message names are delivered. The cover “artwork.jpg” or \
              “artwork.png” is exempt when the message describes no picture at all.",
        fix: "Add the file to the message if it belongs to the release, or delete it.",
        source: "guide, Package Structure",
        needs: Needs::Message,
        check: unmentioned_file,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-012",
        title: "Files that are no part of a release",
        weight: Weight::INFO,
        why: "Booklets, texts and other files are kept with the package, but not delivered.",
        fix: "Nothing has to be done.",
        source: "guide, Package Structure (“exactly three types of files”)",
        check: other_files,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-013",
        title: "File is empty",
        why: "A file of 0 bytes is what remains of an upload that broke off.",
        fix: "Upload the file again.",
        source: "drop zone",
        ack: "ResourceCorrupt",
        check: empty_file,
        ..Rule::BASE
    },
];

/// What names a file, to begin a sentence with.
fn owner_name(case: &Case<'_>, reference: &Reference<'_>) -> String {
    let track = |index: usize| case.tracks.get(index);
    match reference.owner {
        Owner::Track(index) => track(index).map_or_else(|| "A track".to_owned(), Track::name),
        Owner::Clip(index) => track(index).map_or_else(
            || "A clip".to_owned(),
            |t| format!("The clip of {}", t.inline_name()),
        ),
        Owner::Picture(_) => "The picture".to_owned(),
        Owner::Other => "The message".to_owned(),
    }
}

/// A note at a reference, with the track's number.
fn note_at(case: &Case<'_>, reference: &Reference<'_>, message: String) -> Note {
    let note = Note::new(message).at(&reference.named.name.at);
    let track = match reference.owner {
        Owner::Track(index) | Owner::Clip(index) => case.tracks.get(index),
        Owner::Picture(_) | Owner::Other => None,
    };
    match track {
        Some(track) => note.track(track.number),
        None => note,
    }
}

/// References of a message that may be judged.
fn judged<'c, 'a>(case: &'c Case<'a>) -> &'c [Reference<'a>] {
    match case.message {
        Some(_) => &case.references,
        None => &[],
    }
}

fn missing_file(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut paths: Option<Vec<String>> = None;
    for reference in judged(case) {
        let (Ok(path), None) = (&reference.path, reference.hit) else {
            continue;
        };
        if is_told(case, findings, reference.owner, path) {
            continue;
        }
        let paths = paths.get_or_insert_with(|| unnamed_paths(case));
        let near = findings.hint(|| nearest(path, paths));
        let hint = near.map(|near| format!(" The closest name there is {}.", quoted(near)));
        let message = format!(
            "{} names the file {}, which is not in the folder.{}",
            owner_name(case, reference),
            quoted(path),
            hint.unwrap_or_default()
        );
        let note = note_at(case, reference, message).expected(super::wording::shown(path));
        findings.add(match near {
            Some(near) => note.found(near).fix(format!(
                "If {} is the file that is meant, rename it to {}, or correct the message. \
                 Otherwise upload the missing file.",
                quoted(near),
                quoted(path)
            )),
            None => note,
        });
    }
}

/// Whether another finding that blocks says already why the file is not there: that there is none of
/// its kind at all, that it was not accepted, or that its upload broke off.
fn is_told(case: &Case<'_>, findings: &Findings<'_>, owner: Owner, path: &str) -> bool {
    let none_at_all = match owner {
        Owner::Track(_) => findings.blocks("PKG-005"),
        Owner::Picture(_) => findings.blocks("PKG-006"),
        Owner::Clip(_) | Owner::Other => false,
    };
    let folder = case.subject.folder;
    let is_it = |other: &str| other == path || base_name(other) == base_name(path);
    let refused = folder.refused.iter().any(|(other, _)| is_it(other));
    let broken_off = || {
        findings.may_block("PKG-017")
            && folder.files.iter().any(|file| {
                let rest = base_name(&file.path).strip_prefix(base_name(path));
                file.role == FileRole::Temporary
                    && rest.is_some_and(|rest| rest.starts_with(['.', '~', '_', '-']))
            })
    };
    none_at_all || refused || broken_off()
}

/// Files that nothing names: one of them may be the missing one. If there is none, all files.
fn unnamed_paths(case: &Case<'_>) -> Vec<String> {
    let content = || {
        case.subject.folder.files.iter().filter(|file| {
            matches!(
                file.role,
                FileRole::Audio | FileRole::Artwork | FileRole::Other
            )
        })
    };
    content()
        .filter(|file| !case.is_named(file))
        .map(|file| file.path.clone())
        .collect()
}

fn other_case(case: &Case<'_>, findings: &mut Findings<'_>) {
    for reference in judged(case) {
        let Some((file, Match::IgnoringCase)) = reference.hit else {
            continue;
        };
        let written = reference.named.name.as_str();
        let message = format!(
            "{}: the message says {}, the file is called {}. Capital letters differ.",
            owner_name(case, reference),
            quoted(written),
            quoted(base_name(&file.path))
        );
        let note = note_at(case, reference, message).file(&file.path);
        findings.add(
            note.expected(super::wording::shown(written))
                .found(base_name(&file.path))
                .repair(renamed(reference)),
        );
    }
}

fn other_encoding(case: &Case<'_>, findings: &mut Findings<'_>) {
    for reference in judged(case) {
        let Some((file, Match::Normalised)) = reference.hit else {
            continue;
        };
        let message = format!(
            "{}: the message says {}, the file is called {}. They differ only in how characters \
             or spaces are encoded; we matched them.",
            owner_name(case, reference),
            quoted(reference.named.name.as_str()),
            quoted(base_name(&file.path))
        );
        let note = note_at(case, reference, message).file(&file.path);
        findings.add(note.repair(renamed(reference)));
    }
}

/// The name in the message becomes the file's, where the folders in front of it are the same.
fn renamed(reference: &Reference<'_>) -> Option<Edit> {
    let ((file, _), Ok(path)) = (reference.hit?, &reference.path) else {
        return None;
    };
    let name = &reference.named.name;
    let folder_of = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let is_plain = !name.as_str().contains(['/', '\\', ':']);
    (is_plain && folder_of(path) == folder_of(&file.path))
        .then(|| Edit::set(&name.at.path, base_name(&file.path)))
}

fn bad_reference(case: &Case<'_>, findings: &mut Findings<'_>) {
    for reference in judged(case) {
        let name = reference.named.name.as_str();
        // What leads out of the folder may be said in FilePath and not in FileName.
        let written = match reference.named.path.as_ref().map(Text::as_str) {
            Some(folder) if !folder.is_empty() => {
                quoted(&format!("{}/{name}", folder.trim_end_matches('/')))
            }
            Some(_) | None => quoted(name),
        };
        let owner = owner_name(case, reference);
        let (message, mild) = match &reference.path {
            Err(BadReference::Escapes) => (
                format!("{owner} names {written}, a place outside the release folder."),
                false,
            ),
            Err(BadReference::Remote) => (
                format!(
                    "{owner} names {written}, an address on another machine. We fetch nothing from there."
                ),
                false,
            ),
            Err(BadReference::Empty) => (
                format!("{owner} has a file reference without a name."),
                false,
            ),
            Ok(_) if leads_from_own_folder(case, reference) => (
                format!("{owner} names {written}, with the folder's own name in front."),
                true,
            ),
            Ok(_) => continue,
        };
        let note = note_at(case, reference, message).found(name);
        findings.add(note.other(mild));
    }
}

/// `My Release/01.wav` in the folder `My Release`.
fn leads_from_own_folder(case: &Case<'_>, reference: &Reference<'_>) -> bool {
    let Ok(path) = &reference.path else {
        return false;
    };
    let folder = base_name(&case.subject.folder.folder);
    !folder.is_empty()
        && path
            .split_once('/')
            .is_some_and(|(first, _)| first == folder)
        && reference.hit.is_some_and(|(file, _)| file.path != *path)
}

fn unmentioned_file(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(message) = case.message else {
        return;
    };
    for file in &case.subject.folder.files {
        let content = matches!(file.role, FileRole::Audio | FileRole::Artwork);
        if !content || case.is_named(file) || is_undescribed_cover(message, file) {
            continue;
        }
        findings.add(
            Note::new(format!(
                "{} is not mentioned in your message and will not be delivered.",
                quoted(&file.path)
            ))
            .file(&file.path),
        );
    }
}

/// The guide's own sample sends `artwork.jpg` and describes no picture.
fn is_undescribed_cover(message: &Message, file: &super::super::facts::FileFacts) -> bool {
    message.images.is_empty() && file.role == FileRole::Artwork && is_called_artwork(file)
}

fn other_files(case: &Case<'_>, findings: &mut Findings<'_>) {
    let names: Vec<String> = case
        .subject
        .folder
        .files
        .iter()
        .filter(|file| {
            file.role == FileRole::Other
                && !case.is_named(file)
                && case.subject.message_file != Some(file.path.as_str())
                && !case.subject.folder.messages.contains(&file.path)
        })
        .map(|file| quoted(&file.path))
        .collect();
    if !names.is_empty() {
        findings.add(Note::new(format!("Not delivered: {}.", list(&names))));
    }
}

fn empty_file(case: &Case<'_>, findings: &mut Findings<'_>) {
    for file in case
        .subject
        .folder
        .files
        .iter()
        .filter(|file| file.size == 0)
    {
        let content = matches!(file.role, FileRole::Audio | FileRole::Artwork);
        let is_message =
            file.role == FileRole::Message || case.subject.message_file == Some(file.path.as_str());
        let is_cover = case.cover().is_some_and(|cover| std::ptr::eq(cover, file));
        let needed = case.is_named(file) || is_cover || is_message;
        if !(needed || content && case.message.is_none()) {
            continue;
        }
        let track = case.track_of(file);
        let note = Note::new(format!(
            "{}{} is empty (0 bytes): its upload broke off.",
            quoted(&file.path),
            track
                .map(|track| format!(" ({})", track.inline_name()))
                .unwrap_or_default()
        ))
        .file(&file.path)
        .found("0 bytes");
        findings.add(match track {
            Some(track) => note.track(track.number),
            None => note,
        });
    }
}
