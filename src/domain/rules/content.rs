//! PKG-025 … PKG-029: what is in the files, by their hashes.

use super::super::facts::{FileFacts, fingerprint};
use super::super::ids::Isrc;
use super::super::naming::base_name;
use super::super::release::StatedHash;
use super::super::report::StatedChecksum;
use super::case::{Case, Owner};
use super::findings::{Findings, Note};
use super::times::told;
use super::wording::{count, list, quoted};
use super::{Needs, Rule, Severity, Weight};
use std::collections::HashMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "PKG-025",
        title: "Checksum differs from the stated one",
        weight: Weight::ERROR.or(Severity::Info),
        why: "The file was damaged on the way, or exported again after the message was made. A \
              checksum of a kind that we do not compute is only noted.",
        fix: "Upload the file again. If you exported it again, state its new checksum in the \
              message.",
        source: "DDEX ERN 3.8.2, File/HashSum",
        ack: "SignatureOrHashSumWrongOrMissing",
        needs: Needs::Message,
        check: wrong_hash,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-026",
        title: "No checksum stated",
        weight: Weight::INFO,
        why: "With checksums in the message we can prove that no file was damaged on the way, and \
              start sooner.",
        fix: "If your software can, let it write an MD5 or SHA-1 HashSum for each file.",
        source: "DDEX ERN choreography",
        needs: Needs::Message,
        check: no_hash,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-027",
        title: "Two tracks have the same audio",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Two tracks with one file, or with two files of the same content, are nearly always a \
              slip. With the same ISRC it is one recording twice, which a box set may have: a \
              warning.",
        fix: "Check both files and upload the right one for each track.",
        source: "drop zone",
        ack: "ResourceNotMeetingSpecifications",
        needs: Needs::Message,
        check: same_audio,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-028",
        title: "Nothing changed since the last upload",
        weight: Weight::INFO,
        why: "Every file is byte for byte the one of the previous upload of this release.",
        fix: "If you meant to send a correction, check that you uploaded the corrected files.",
        source: "drop zone",
        needs: Needs::History,
        check: unchanged,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-029",
        title: "Files of the earlier upload are used again",
        weight: Weight::INFO,
        why: "You uploaded a part of the folder anew. What you did not upload again was taken from \
              your upload before it, so that the release is whole.",
        fix: "Nothing has to be done if that is what you meant. A file that is to be another must be \
              uploaded again under the same name.",
        source: "drop zone",
        needs: Needs::History,
        check: taken_over,
        ..Rule::BASE
    },
];

/// Names that one sentence holds.
const NAMES_TOLD: usize = 8;

fn taken_over(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(history) = case.subject.history else {
        return;
    };
    let names = &history.taken_over;
    if names.is_empty() {
        return;
    }
    let mut told: Vec<String> = names.iter().take(NAMES_TOLD).map(|n| quoted(n)).collect();
    if names.len() > NAMES_TOLD {
        told.push(format!("{} more", names.len() - NAMES_TOLD));
    }
    let verb = if names.len() == 1 { "was" } else { "were" };
    findings.add(Note::new(format!(
        "{} {verb} not uploaded again and taken from your earlier upload: {}.",
        count(names.len(), "file"),
        list(&told)
    )));
}

/// What a stated hash is against the file's.
enum Compared {
    Right,
    Wrong(&'static str),
    Unknown,
}

fn wrong_hash(case: &Case<'_>, findings: &mut Findings<'_>) {
    for reference in case.references.iter().filter(|_| case.message.is_some()) {
        let (Some(hash), Some((file, _))) = (&reference.named.hash, reference.hit) else {
            continue;
        };
        // An empty file is PKG-013's.
        if file.size == 0 {
            continue;
        }
        let name = quoted(base_name(&file.path));
        let (message, mild) = match compare(hash, file) {
            Compared::Right => continue,
            Compared::Wrong(kind) => (
                format!("The {kind} checksum of {name} is not the one that the message states."),
                false,
            ),
            Compared::Unknown => (
                format!(
                    "The message states a checksum of the kind {} for {name}. We cannot compare it.",
                    quoted(hash.algorithm.as_str())
                ),
                true,
            ),
        };
        let note = Note::new(message).at(&hash.value.at).file(&file.path);
        let note = note
            .expected(super::wording::shown(hash.value.as_str()))
            .other(mild);
        findings.add(match case.track_of(file) {
            Some(track) => note.track(track.number),
            None => note,
        });
    }
}

/// Compares by the length of the value. A file that was not read to its end has no hash, and a
/// finding of its own.
fn compare(hash: &StatedHash, file: &FileFacts) -> Compared {
    let Some((kind, computed)) = own(hash, file) else {
        return Compared::Unknown;
    };
    match computed {
        Some(computed) if *computed == hash.digest() => Compared::Right,
        Some(_) => Compared::Wrong(kind),
        None if file.sha256.is_none() => Compared::Right,
        None => Compared::Unknown,
    }
}

/// Of which kind a stated hash is, and the file's own of that kind.
fn own<'f>(hash: &StatedHash, file: &'f FileFacts) -> Option<(&'static str, &'f Option<String>)> {
    match hash.digest().len() {
        32 if !hash.algorithm.as_str().eq_ignore_ascii_case("MD4") => Some(("MD5", &file.md5)),
        40 => Some(("SHA-1", &file.sha1)),
        64 => Some(("SHA-256", &file.sha256)),
        _ => None,
    }
}

/// A stated hash beside the file's own, for the report.
pub(super) fn checksum(hash: &StatedHash, file: &FileFacts) -> StatedChecksum {
    match own(hash, file) {
        Some((kind, computed)) => StatedChecksum {
            kind: kind.to_owned(),
            stated: hash.digest(),
            measured: computed.clone(),
        },
        None => StatedChecksum {
            kind: hash.algorithm.value.clone(),
            stated: hash.value.value.clone(),
            measured: None,
        },
    }
}

fn no_hash(case: &Case<'_>, findings: &mut Findings<'_>) {
    let any = case
        .references
        .iter()
        .any(|reference| reference.named.hash.is_some());
    if case.message.is_some() && !case.references.is_empty() && !any {
        findings.add(Note::new("The message states no checksum for any file."));
    }
}

fn same_audio(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut first_with: HashMap<&str, usize> = HashMap::new();
    for reference in case.references.iter().filter(|_| case.message.is_some()) {
        let (Owner::Track(index), Some((file, _))) = (reference.owner, reference.hit) else {
            continue;
        };
        if file.size == 0 {
            continue;
        }
        // The sound itself, so that the same audio in another container is found too.
        let sound = file
            .audio
            .as_ref()
            .and_then(|audio| audio.sound_hash.as_deref());
        let content = sound.or(file.sha256.as_deref()).unwrap_or(&file.path);
        let first = *first_with.entry(content).or_insert(index);
        let (Some(one), Some(two)) = (case.tracks.get(first), case.tracks.get(index)) else {
            continue;
        };
        if first == index {
            continue;
        }
        let isrc = |track: &super::case::Track<'_>| {
            let stated = track.recording.isrc.as_ref()?.as_str();
            Isrc::parse_lenient(stated).map(|isrc| isrc.as_str().to_owned())
        };
        findings.add(
            Note::new(format!(
                "{} and {} have the same audio ({}).",
                one.name(),
                two.inline_name(),
                quoted(base_name(&file.path))
            ))
            .at(&reference.named.name.at)
            .file(&file.path)
            .track(two.number)
            .other(isrc(one).is_some() && isrc(one) == isrc(two)),
        );
    }
}

fn unchanged(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(last) = case
        .subject
        .history
        .and_then(|history| history.same_release.last())
    else {
        return;
    };
    let files = case.subject.folder.files.iter();
    let hashed: Option<Vec<_>> = files
        .map(|file| Some((file.path.as_str(), file.size, file.sha256.as_deref()?)))
        .collect();
    let print = hashed.map(fingerprint);
    if print.is_some() && print == last.fingerprint {
        findings.add(Note::new(format!(
            "Every file is the same as in your upload of {} (attempt {}).",
            told(last.received_at),
            last.attempt
        )));
    }
}
