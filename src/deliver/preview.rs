//! What `generate` would make of a package, without making it: no file is converted and nothing is
//! written. Whatever stands in the way is told at once instead of at the first fault.

use super::generate::{self, Making, extension_of, name_at_dsp, names_of, taken};
use super::names;
use super::{artwork, as_received, audio};
use crate::domain::dsp::{Choreography, DspProfile};
use crate::domain::ern::write::{Loss, OutContent, OutFile, Refusal};
use crate::domain::facts::Manifest;
use crate::domain::fault::Fault;
use crate::domain::package::Package;
use crate::domain::push::PushKind;
use crate::domain::readiness::Change;
use jiff::Timestamp;
use std::path::Path;

/// Stands for the number of a batch, which is given when it goes.
pub const UNKNOWN_BATCH: &str = "BATCH";

/// What would go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Folder at the DSP, below the profile's directory.
    pub folder: String,
    /// Files in their order, without the message.
    pub files: Vec<ForeseenFile>,
    /// Name of the message in that folder.
    pub message_name: String,
    /// The message; `None` when it is the label's own, or cannot be made.
    pub xml: Option<String>,
    /// What it does not say.
    pub losses: Vec<Loss>,
    /// Why it cannot be made.
    pub refusals: Vec<Refusal>,
    /// What is done to files, and what cannot be.
    pub changes: Vec<Change>,
    /// The profile's own fault, such as a template that cannot be filled; as a sentence.
    pub fault: Option<String>,
}

/// A file that would go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenFile {
    /// Its path in the package.
    pub source: String,
    /// Its name at the DSP, in `Foreseen::folder`.
    pub name: String,
    /// Its size there in bytes, where that is known before it is made.
    pub size: Option<u64>,
    /// What is done to it, in a few words.
    pub change: Option<String>,
}

/// The form that a file would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foretold {
    pub(super) extension: &'static str,
    pub(super) size: Option<u64>,
    pub(super) what: String,
    pub(super) content: OutContent,
}

/// Foresees a generated message and its files. Hashes of files that change, and sizes that are not
/// known, are zero in the message. `Making::work` is not touched.
pub fn foresee(making: &Making<'_>) -> Foreseen {
    let mut seen = Foreseen::default();
    let mut files = Vec::new();
    if making.kind != PushKind::Takedown {
        for (number, file) in (1_usize..).zip(&making.files) {
            match one(making, file, number, &mut seen) {
                Ok(out) => files.push(out),
                Err(fault) => {
                    seen.fault.get_or_insert(fault.text);
                }
            }
        }
    }
    match generate::write_message(making, &files) {
        Ok(written) => {
            seen.xml = Some(String::from_utf8_lossy(&written.xml).into_owned());
            seen.losses = written.losses;
        }
        Err(refusals) => seen.refusals = refusals,
    }
    let (profile, values) = (making.profile, names_of(making));
    let message = names::filled(
        profile,
        "`message` of [names]",
        &profile.names.message,
        &values,
    );
    let time = super::plan::digits_of(making.now);
    let folder = || folder(profile, making.kind, &values, &time);
    match message.and_then(|name| Ok((name, folder()?))) {
        Ok((name, folder)) => (seen.message_name, seen.folder) = (name, folder),
        Err(fault) => {
            seen.fault.get_or_insert(fault.text);
        }
    }
    seen
}

/// Foresees the label's own message and files.
pub fn foresee_as_received(
    profile: &DspProfile,
    package: &Package,
    manifest: &Manifest,
    spool: &Path,
    message_file: &str,
    kind: PushKind,
) -> Foreseen {
    let values = names::Values::of(package)
        .and("time", super::plan::digits_of(package.received_at))
        .and("priority", PushKind::New.priority());
    let time = super::plan::digits_of(package.received_at);
    let (folder, fault) = match folder(profile, kind, &values, &time) {
        Ok(folder) => (folder, None),
        Err(fault) => (String::new(), Some(fault.text)),
    };
    let prepared = as_received(manifest, spool, package.received_at);
    let files = prepared.files.into_iter();
    Foreseen {
        folder,
        files: files
            .filter(|cargo| cargo.name != message_file)
            .map(|cargo| ForeseenFile {
                source: cargo.name.clone(),
                name: cargo.name,
                size: Some(cargo.size),
                change: None,
            })
            .collect(),
        message_name: message_file.to_owned(),
        fault,
        ..Foreseen::default()
    }
}

/// Foresees the note of an operator's takedown for a DSP that gets the label's own messages.
pub fn foresee_note(profile: &DspProfile, package: &Package, now: Timestamp) -> Foreseen {
    let time = super::plan::digits_of(now);
    let values = names::Values::of(package)
        .and("time", time.as_str())
        .and("priority", PushKind::Takedown.priority());
    let note = super::note::text(package, now);
    let (folder, fault) = match folder(profile, PushKind::Takedown, &values, &time) {
        Ok(folder) => (folder, None),
        Err(fault) => (String::new(), Some(fault.text)),
    };
    Foreseen {
        folder,
        fault,
        files: vec![ForeseenFile {
            source: "written by us".to_owned(),
            name: super::note::NAME.to_owned(),
            size: Some(note.len() as u64),
            change: None,
        }],
        ..Foreseen::default()
    }
}

fn folder(
    profile: &DspProfile,
    kind: PushKind,
    values: &names::Values,
    time: &str,
) -> Result<String, Fault> {
    let filled = |key, template: &str, values| names::filled(profile, key, template, values);
    if profile.choreography != Choreography::Batch {
        return super::plan::folder_of(profile, kind, values, time);
    }
    let batch = names::Values::default().and("batch", UNKNOWN_BATCH);
    let outer = filled("`folder`", profile.folder_template(), &batch)?;
    let inner = filled("`release` of [names]", &profile.names.release, values)?;
    Ok(format!("{outer}/{inner}"))
}

fn one(
    making: &Making<'_>,
    file: &OutFile,
    number: usize,
    seen: &mut Foreseen,
) -> Result<OutFile, Fault> {
    let (line, from) = taken(making, file)?;
    let foretold = match file.content {
        OutContent::Audio { .. } => audio::foreseen(making.profile.audio, &from),
        OutContent::Picture { .. } => Ok(artwork::foreseen(making.profile.artwork, file.content)),
        OutContent::Other => Ok(None),
    };
    let foretold = foretold.unwrap_or_else(|fault| {
        seen.changes.push(Change {
            file: file.source.clone(),
            what: Err(fault.text),
        });
        None
    });
    let extension = foretold.as_ref().map_or_else(
        || extension_of(&file.name),
        |foretold| foretold.extension.to_owned(),
    );
    let mut out = file.clone();
    out.name = name_at_dsp(making, file, number, &extension)?;
    let size = foretold
        .as_ref()
        .map_or(Some(file.size), |foretold| foretold.size);
    seen.files.push(ForeseenFile {
        source: file.source.clone(),
        name: out.name.clone(),
        size,
        change: foretold.as_ref().map(|foretold| foretold.what.clone()),
    });
    if let Some(foretold) = foretold {
        seen.changes.push(Change {
            file: file.source.clone(),
            what: Ok(format!("{}.", foretold.what)),
        });
        out.size = size.unwrap_or_default();
        out.sha256 = "0".repeat(64);
        out.md5 = Some("0".repeat(32));
        out.content = foretold.content;
    } else if out.md5.is_none() {
        out.md5.clone_from(&line.md5);
    }
    Ok(out)
}
