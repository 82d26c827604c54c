//! Names of files at a DSP, and what was measured of them.

use super::mend::last_part;
use super::{OutContent, OutFile};
use crate::domain::facts::{Container, FileFacts, FolderFacts, PictureFormat, SampleCoding};
use crate::domain::naming::{self, BadReference, Names};
use crate::domain::release::{Message, NamedFile, Text};
use std::collections::BTreeSet;

/// Folder of the resources, beside the message.
const FOLDER: &str = "resources";

/// See `super::out_files`.
pub(super) fn name(message: &Message, folder: &FolderFacts) -> Vec<OutFile> {
    let paths: Vec<String> = folder.files.iter().map(|file| file.path.clone()).collect();
    let mut naming = Naming {
        folder,
        names: Names::new(&paths),
        stem: stem(message),
        sources: BTreeSet::new(),
        taken: BTreeSet::new(),
        out: Vec::new(),
    };
    for (recording, number) in message.recordings.iter().zip(1..) {
        let (disc, track) =
            place(message, recording.reference.as_ref().map(Text::as_str)).unwrap_or((1, number));
        for technical in &recording.technical {
            let clip = if technical.is_preview { "_clip" } else { "" };
            for file in &technical.files {
                naming.add(file, &format!("_{disc:02}_{track:03}{clip}"));
            }
        }
    }
    let mut is_first = true;
    for image in &message.images {
        for file in image.technical.iter().flat_map(|t| &t.files) {
            naming.add(file, if is_first { "" } else { "_image" });
            is_first = false;
        }
    }
    if message.images.is_empty() {
        let cover = paths.iter().find(|path| {
            let name = naming::base_name(path).to_ascii_lowercase();
            matches!(
                name.as_str(),
                "artwork.jpg" | "artwork.jpeg" | "artwork.png"
            )
        });
        if let Some(cover) = cover {
            naming.push(cover, "");
        }
    }
    for other in &message.other_resources {
        for file in &other.files {
            naming.add(file, &format!("_{}", other.element.to_ascii_lowercase()));
        }
    }
    naming.out
}

struct Naming<'a> {
    folder: &'a FolderFacts,
    names: Names,
    stem: String,
    sources: BTreeSet<String>,
    taken: BTreeSet<String>,
    out: Vec<OutFile>,
}

impl Naming<'_> {
    /// Adds the file that the message names, if it is there.
    fn add(&mut self, file: &NamedFile, ending: &str) {
        let path = file.path.as_ref().map(Text::as_str);
        let reference = match naming::reference_path(path, file.name.as_str()) {
            Ok(reference) => reference,
            // As the writers do, which say so.
            Err(BadReference::Escapes) => last_part(file.name.as_str()).to_owned(),
            Err(_) => return,
        };
        let found = self.names.find(&reference).map(|(path, _)| path.to_owned());
        if let Some(found) = found {
            self.push(&found, ending);
        }
    }

    fn push(&mut self, path: &str, ending: &str) {
        let Some(facts) = self.folder.files.iter().find(|file| file.path == path) else {
            return;
        };
        let Some(sha256) = facts.sha256.clone() else {
            return;
        };
        if !self.sources.insert(path.to_owned()) {
            return;
        }
        let extension = naming::extension(path);
        let mut name = format!("{FOLDER}/{}{ending}.{extension}", self.stem);
        let mut more = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{FOLDER}/{}{ending}_{more}.{extension}", self.stem);
            more += 1;
        }
        self.out.push(OutFile {
            source: path.to_owned(),
            name,
            size: facts.size,
            sha256,
            md5: facts.md5.clone(),
            content: content(facts),
        });
    }
}

fn content(facts: &FileFacts) -> OutContent {
    if let Some(audio) = &facts.audio {
        return OutContent::Audio {
            is_flac: audio.container == Container::Flac || audio.coding == SampleCoding::Flac,
            rate_hz: audio.rate_hz,
            bits: audio.bits,
            channels: audio.channels,
            duration_ms: audio.duration_ms,
        };
    }
    match &facts.artwork {
        Some(picture) => OutContent::Picture {
            is_png: picture.format == PictureFormat::Png,
            width: picture.width,
            height: picture.height,
        },
        None => OutContent::Other,
    }
}

/// What every name begins with: the barcode, else another identifier of the release.
fn stem(message: &Message) -> String {
    let main = message.main_release();
    let id = main.and_then(|m| {
        [&m.icpn, &m.grid, &m.isrc, &m.catalog_number]
            .into_iter()
            .find_map(Option::as_ref)
    });
    let id = id.map_or("release", |id| id.as_str());
    let plain: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    if plain.is_empty() {
        "release".to_owned()
    } else {
        plain
    }
}

/// Disc and track of a resource on the product, both from 1.
fn place(message: &Message, reference: Option<&str>) -> Option<(u32, u32)> {
    let reference = reference?;
    let main = message.main_release()?;
    let is_sound = |text: &str| {
        message
            .recordings
            .iter()
            .any(|r| r.reference.as_ref().is_some_and(|x| x.as_str() == text))
    };
    let mut discs: Vec<(u32, u32)> = Vec::new();
    for item in &main.items {
        for name in &item.references {
            if !is_sound(name.as_str()) {
                continue;
            }
            let known = discs.iter().position(|(group, _)| *group == item.group);
            let disc = known.unwrap_or(discs.len());
            if known.is_none() {
                discs.push((item.group, 0));
            }
            if let Some((_, tracks)) = discs.get_mut(disc) {
                *tracks += 1;
                if name.as_str() == reference {
                    return Some((u32::try_from(disc + 1).ok()?, *tracks));
                }
            }
        }
    }
    None
}
