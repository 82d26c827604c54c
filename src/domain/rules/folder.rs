//! PKG-014 … PKG-023: the folder itself: its shape, its size, its name, and what does not belong
//! into it.

use super::super::facts::FileRole;
use super::super::ids::gtin14;
use super::super::naming::{base_name, folded_name};
use super::case::Case;
use super::findings::{Findings, Note};
use super::wording::{list, quoted, size};
use super::{Needs, Rule, Severity, Weight};
use std::collections::BTreeMap;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "PKG-014",
        title: "Not an ordinary file",
        why: "Links, devices and names with control characters can make a program read or write \
              elsewhere.",
        fix: "Upload ordinary files under ordinary names.",
        source: "drop zone",
        safety: true,
        check: refused_names,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-015",
        title: "Files lie in a sub-folder",
        weight: Weight::WARNING,
        why: "The guide's folder is flat. “resources” is DDEX's own and is taken without a word; a \
              whole release that lies one folder too deep is taken as well.",
        fix: "Put message, audio and artwork directly into the release folder.",
        source: "guide, Required folder structure; DDEX ERN choreography 5.2",
        check: sub_folders,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-016",
        title: "Package is too large",
        why: "Limits keep one package from taking the place of all others.",
        fix: "Check whether files got into the folder that do not belong there. If the release \
              really is that large, ask us for a higher limit before you upload it again.",
        source: "drop zone, limits",
        check: too_large,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-017",
        title: "File is not whole: its upload broke off",
        weight: Weight::ERROR.or(Severity::Warning),
        why: "Upload programs give a file a temporary name until it is whole. Such a name that \
              stays is a broken upload; if the whole file is there beside it, it is only a \
              left-over and a warning.",
        fix: "Connect again and let your program resume or repeat the upload of this file; delete \
              the left-over.",
        source: "guide, step 3; WinSCP and FileZilla manuals",
        ack: "ResourceCorrupt",
        check: temporary_names,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-018",
        title: "Folder never became complete",
        weight: Weight::WARNING,
        why: "A folder that waits for files for a day would otherwise be forgotten in silence.",
        fix: "Upload the missing files, or delete the folder if the release is not to come.",
        source: "drop zone",
        at_the_door: true,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-019",
        title: "Folder has another name than the recommended one",
        weight: Weight::INFO,
        why: "A folder whose name says artist, title, barcode and date is found again by people. \
              The date may be that of the release or of the upload; DDEX's own name, the barcode \
              alone, is as good.",
        fix: "Nothing has to be done for this release.",
        source: "guide, Naming your release folder",
        needs: Needs::Message,
        check: other_folder_name,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-020",
        title: "Barcode in the folder's name is another one",
        weight: Weight::WARNING,
        why: "A folder's name with another barcode than the message is a sign that a message was \
              copied from another release.",
        fix: "Check which of the two barcodes belongs to this release and correct the other.",
        source: "guide, Naming your release folder",
        ack: "IdentifierInvalid",
        needs: Needs::Message,
        check: folder_barcode,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-021",
        title: "Archive in place of files",
        weight: Weight::WARNING,
        why: "Archives are not unpacked here.",
        fix: "Unpack the archive on your computer and upload the folder itself.",
        source: "guide, Package Structure",
        check: archives,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-022",
        title: "File names differ only in capital letters",
        weight: Weight::WARNING,
        why: "On many computers and in some stores two such files cannot exist beside each other.",
        fix: "Rename one of them, and in the message as well.",
        source: "drop zone",
        check: colliding_names,
        ..Rule::BASE
    },
    Rule {
        code: "PKG-023",
        title: "File changed while it was checked",
        why: "What was measured is neither the old file nor the new one. A folder that is uploaded \
              cannot change any more once it is taken; one that is checked where it lies can.",
        fix: "Wait until your program has finished writing the file, and check the folder again.",
        source: "drop zone",
        check: changed_files,
        ..Rule::BASE
    },
];

fn refused_names(case: &Case<'_>, findings: &mut Findings<'_>) {
    for (name, reason) in &case.subject.folder.refused {
        let reason = reason.trim_end_matches('.');
        findings
            .add(Note::new(format!("{} was not accepted: it {reason}.", quoted(name))).file(name));
    }
}

fn sub_folders(case: &Case<'_>, findings: &mut Findings<'_>) {
    let folder = case.subject.folder;
    if let Some(nested) = &folder.nested_in {
        findings.add(Note::new(format!(
            "The release lies one folder too deep, in {}. We took it from there.",
            quoted(nested)
        )));
    }
    for name in folder.folders.iter().filter(|name| {
        base_name(name) != "resources" && Some(name.as_str()) != folder.nested_in.as_deref()
    }) {
        findings.add(
            Note::new(format!(
                "The release folder has a sub-folder {}.",
                quoted(name)
            ))
            .found(name),
        );
    }
}

fn too_large(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (folder, limits) = (case.subject.folder, case.subject.limits);
    let number = folder.files.len();
    if u32::try_from(number).unwrap_or(u32::MAX) > limits.package_files {
        findings.add(
            Note::new(format!(
                "The package holds {number} files; at most {} are taken.",
                limits.package_files
            ))
            .expected(limits.package_files.to_string())
            .found(&number.to_string()),
        );
    }
    let total = folder
        .files
        .iter()
        .fold(0_u64, |sum, file| sum.saturating_add(file.size));
    if total > limits.package_bytes {
        findings.add(
            Note::new(format!(
                "The package is too large: {} of at most {}.",
                size(total),
                size(limits.package_bytes)
            ))
            .expected(size(limits.package_bytes))
            .found(&size(total)),
        );
    }
    for file in &folder.files {
        let is_message =
            file.role == FileRole::Message || case.subject.message_file == Some(file.path.as_str());
        let most = if is_message {
            limits.message_bytes
        } else {
            limits.file_bytes
        };
        if file.size > most {
            findings.add(
                Note::new(format!(
                    "{} is too large: {} of at most {}.",
                    quoted(&file.path),
                    size(file.size),
                    size(most)
                ))
                .file(&file.path)
                .expected(size(most))
                .found(&size(file.size)),
            );
        }
    }
}

fn temporary_names(case: &Case<'_>, findings: &mut Findings<'_>) {
    let files = &case.subject.folder.files;
    for file in files.iter().filter(|file| file.role == FileRole::Temporary) {
        // `02.wav.filepart` or `02.wav~` beside a whole `02.wav`.
        let has_whole = files.iter().any(|other| {
            other.role != FileRole::Temporary
                && other.size >= file.size
                && file
                    .path
                    .strip_prefix(other.path.as_str())
                    .is_some_and(|rest| rest.starts_with(['.', '~', '_', '-']))
        });
        let message = if has_whole {
            format!(
                "{} is left over from an upload; the whole file is there.",
                quoted(&file.path)
            )
        } else {
            format!(
                "The upload looks broken off: {} stopped at {}.",
                quoted(&file.path),
                size(file.size)
            )
        };
        findings.add(Note::new(message).file(&file.path).other(has_whole));
    }
}

/// `Artist_Title_<barcode>_<date>`, with anything in front of the barcode, or the barcode alone.
fn is_recommended(name: &str) -> bool {
    let digits = |part: &&str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let parts: Vec<&str> = name.split('_').collect();
    match parts.as_slice() {
        [only] => digits(only, 8..=14),
        [_, .., barcode, date] => digits(barcode, 8..=14) && digits(date, 8..=8),
        _ => false,
    }
}

/// A name as a part of a folder's name: without spaces and marks.
fn as_part(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .take(40)
        .collect()
}

fn other_folder_name(case: &Case<'_>, findings: &mut Findings<'_>) {
    let (Some((_, main)), folder) = (case.main(), base_name(&case.subject.folder.folder)) else {
        return;
    };
    if folder.is_empty() || is_recommended(folder) {
        return;
    }
    let artist = main.artists.iter().find_map(|artist| artist.name.as_ref());
    let artist = main.artist_name.as_ref().or(artist);
    let icpn = main.icpn.as_ref().map(|icpn| as_part(icpn.as_str()));
    let date = main.release_date.as_ref();
    let date = date.map(|date| date.as_str().replace('-', ""));
    let date = date.filter(|date| date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()));
    let part = |text: Option<String>, else_: &str| {
        text.filter(|text| !text.is_empty())
            .unwrap_or_else(|| else_.to_owned())
    };
    let recommended = [
        part(artist.map(|artist| as_part(artist.as_str())), "Artist"),
        part(Some(as_part(main.title())), "Title"),
        part(icpn, "UPC"),
        part(date, "YYYYMMDD"),
    ];
    findings.add(
        Note::new(format!(
            "The folder is called {}. The guide recommends a name such as {}.",
            quoted(folder),
            quoted(&recommended.join("_"))
        ))
        .expected("Artist_Title_UPC_YYYYMMDD")
        .found(folder),
    );
}

fn folder_barcode(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(icpn) = case.main().and_then(|(_, main)| main.icpn.as_ref()) else {
        return;
    };
    let folder = base_name(&case.subject.folder.folder);
    let barcodes: Vec<&str> = folder
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| matches!(digits.len(), 12..=14))
        .collect();
    let same = |digits: &&str| gtin14(digits) == gtin14(icpn.as_str());
    let Some(other) = barcodes.first().filter(|_| !barcodes.iter().any(same)) else {
        return;
    };
    findings.add(
        Note::new(format!(
            "The folder's name says {other}, the message says {}. Was it copied from another \
             release?",
            super::wording::shown(icpn.as_str())
        ))
        .at(&icpn.at)
        .expected(*other)
        .found(icpn.as_str()),
    );
}

fn archives(case: &Case<'_>, findings: &mut Findings<'_>) {
    let files = &case.subject.folder.files;
    for file in files.iter().filter(|file| file.role == FileRole::Archive) {
        let message = format!(
            "{} is an archive; we do not unpack archives.",
            quoted(&file.path)
        );
        findings.add(Note::new(message).file(&file.path));
    }
}

fn colliding_names(case: &Case<'_>, findings: &mut Findings<'_>) {
    let mut by_name: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for file in &case.subject.folder.files {
        let parent = file.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let key = (parent.to_lowercase(), folded_name(&file.path));
        by_name.entry(key).or_default().push(quoted(&file.path));
    }
    for names in by_name.values().filter(|names| names.len() > 1) {
        findings.add(Note::new(format!(
            "{} differ only in capital letters or in how accents are encoded.",
            list(names)
        )));
    }
}

fn changed_files(case: &Case<'_>, findings: &mut Findings<'_>) {
    let files = case.subject.folder.files.iter();
    for file in files.filter(|file| file.changed) {
        let message = format!("{} was written to while we read it.", quoted(&file.path));
        findings.add(Note::new(message).file(&file.path));
    }
}
