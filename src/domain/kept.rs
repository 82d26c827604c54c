//! Files of the version that is live, which an update does not bring again.
//!
//! DDEX lets a message for a release that a store has come without its files. Which stored file stands
//! for which recording is told by the ISRC, else by the file's name; one that the message describes
//! otherwise (another size, another checksum, another ending) is not meant and is waited for.

use super::facts::{FileRole, Kept, Purpose};
use super::ids::{Isrc, PackageId};
use super::naming::{Names, base_name, extension, role_of};
use super::release::{Image, Message, NamedFile, Pos, Recording, Technical, Text};
use std::collections::BTreeSet;

/// A file of a package that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Path in its package.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// MD5 in lower-case hex, if it was computed.
    pub md5: Option<String>,
    /// What it is; `None` for a recording without a good ISRC, and for anything else.
    pub purpose: Option<Purpose>,
}

/// The version of a release that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its package.
    pub package: PackageId,
    /// Its files.
    pub files: Vec<StoredFile>,
}

/// A file that a message needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// What it is, where that can be told.
    pub purpose: Option<Purpose>,
    /// It is a recording's.
    pub is_audio: bool,
    /// The reference to it; `None` where the message names no file.
    pub path: Option<String>,
}

/// What an update takes from the live version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The files, and their paths in the update.
    pub files: Vec<(String, StoredFile)>,
    /// The update brings audio of its own, so that what it lacks may be on its way still.
    pub brings_audio: bool,
}

impl Keeping {
    /// Paths that need not be uploaded.
    pub fn paths(&self) -> BTreeSet<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// Some recordings are new, and others are the live version's.
    pub fn is_merge(&self) -> bool {
        let keeps_audio = self
            .files
            .iter()
            .any(|(path, _)| role_of(path) == FileRole::Audio);
        self.brings_audio && keeps_audio
    }
}

/// What a message needs: a file for each recording, and the cover.
pub fn wants(message: &Message) -> Vec<Want> {
    let path = |file: &NamedFile| {
        let folder = file.path.as_ref().map(Text::as_str);
        super::naming::reference_path(folder, file.name.as_str()).ok()
    };
    let mut wants = Vec::new();
    for recording in &message.recordings {
        let want = |path| Want {
            purpose: purpose_of(recording),
            is_audio: true,
            path,
        };
        let named: Vec<&NamedFile> = recording.files().collect();
        if named.is_empty() {
            wants.push(want(None));
        }
        wants.extend(named.into_iter().map(|file| want(path(file))));
    }
    let cover = |path| Want {
        purpose: Some(Purpose::Cover),
        is_audio: false,
        path,
    };
    match cover_of(&message.images) {
        Some(image) => {
            let file = image.technical.iter().find_map(|t| t.files.first());
            wants.push(cover(file.and_then(path)));
        }
        None if message.images.is_empty() => wants.push(cover(None)),
        None => {}
    }
    wants
}

fn purpose_of(recording: &Recording) -> Option<Purpose> {
    let isrc = Isrc::parse_lenient(recording.isrc.as_ref()?.as_str())?;
    Some(Purpose::Recording(isrc.as_str().to_owned()))
}

fn cover_of(images: &[Image]) -> Option<&Image> {
    let is_front = |image: &&Image| {
        image
            .kind
            .as_ref()
            .is_none_or(|kind| kind.as_str() == "FrontCoverImage")
    };
    images.iter().find(is_front)
}

/// Chooses what an update takes from the live version. `there` are the paths of the update's own
/// files; `fits` says whether a stored file is the one that the message describes under a path.
pub fn keep(
    wants: &[Want],
    there: &[String],
    stored: &Stored,
    fits: impl Fn(&str, &StoredFile) -> bool,
) -> Keeping {
    let index = Names::new(there);
    let has_cover = there.iter().any(|path| role_of(path) == FileRole::Artwork);
    let mut keeping = Keeping::default();
    let mut taken: BTreeSet<String> = there.iter().cloned().collect();
    for want in wants {
        let path = match &want.path {
            Some(path) if index.find(path).is_some() => {
                keeping.brings_audio |= want.is_audio;
                continue;
            }
            None if !want.is_audio && has_cover => continue,
            path => path.as_deref(),
        };
        let meant = |file: &&StoredFile| match path {
            Some(path) => {
                let is_alike = extension(path).eq_ignore_ascii_case(extension(&file.path).as_str());
                is_alike && fits(path, file)
            }
            None => true,
        };
        let by_purpose = || {
            let same = |file: &&StoredFile| want.purpose.is_some() && file.purpose == want.purpose;
            stored.files.iter().filter(same).find(meant)
        };
        let by_name = || {
            let name = base_name(path?);
            let same = |file: &&StoredFile| {
                base_name(&file.path) == name && (file.purpose.is_none() || want.purpose.is_none())
            };
            stored.files.iter().filter(same).find(meant)
        };
        let Some(file) = by_purpose().or_else(by_name) else {
            continue;
        };
        let place = match path {
            Some(path) => path.to_owned(),
            // Without any picture in the message, the cover is known by its name.
            None if !want.is_audio => format!("artwork.{}", extension(&file.path)),
            None => file.path.clone(),
        };
        if taken.insert(place.clone()) {
            keeping.files.push((place, file.clone()));
        }
    }
    keeping
}

/// Completes a message with the files that were kept for it: where a recording or the cover names
/// none, the kept one stands as if it were named. Paths are those of the package.
pub fn adopt<'a>(message: &mut Message, kept: impl IntoIterator<Item = (&'a str, &'a Kept)>) {
    for (path, kept) in kept {
        match &kept.purpose {
            Some(Purpose::Recording(_)) => {
                let lacking = message
                    .recordings
                    .iter_mut()
                    .filter(|r| r.files().next().is_none() && purpose_of(r) == kept.purpose);
                for recording in lacking {
                    let at = recording.at.clone();
                    name(&mut recording.technical, path, &at);
                }
            }
            Some(Purpose::Cover) => {
                let lacks = |image: &Image| image.technical.iter().all(|t| t.files.is_empty());
                let at = cover_of(&message.images)
                    .and_then(|cover| message.images.iter().position(|i| std::ptr::eq(i, cover)));
                if let Some(image) = at.and_then(|at| message.images.get_mut(at))
                    && lacks(image)
                {
                    let at = image.at.clone();
                    name(&mut image.technical, path, &at);
                }
            }
            None => {}
        }
    }
}

/// Takes the names of kept files out of a message again, for a DSP that has them and takes messages
/// alone. All of its audio has to be kept: a DSP gets the audio of all tracks or of none. Says whether
/// it did.
pub fn leave_out(message: &mut Message, kept: &[String]) -> bool {
    let index = Names::new(kept);
    let is_kept = |file: &NamedFile| {
        let folder = file.path.as_ref().map(Text::as_str);
        let path = super::naming::reference_path(folder, file.name.as_str());
        path.is_ok_and(|path| index.find(&path).is_some())
    };
    let mut files = message
        .recordings
        .iter()
        .flat_map(|r| r.technical.iter().flat_map(|t| &t.files))
        .peekable();
    if files.peek().is_none() || !files.all(is_kept) {
        return false;
    }
    for recording in &mut message.recordings {
        recording.technical.clear();
    }
    for image in &mut message.images {
        if image.technical.iter().flat_map(|t| &t.files).all(is_kept) {
            image.technical.clear();
        }
    }
    true
}

fn name(technical: &mut Vec<Technical>, path: &str, at: &Pos) {
    let file = NamedFile {
        name: Text {
            value: path.to_owned(),
            at: at.clone(),
        },
        at: at.clone(),
        ..NamedFile::default()
    };
    match technical.iter_mut().find(|details| !details.is_preview) {
        Some(details) => details.files.push(file),
        None => technical.push(Technical {
            files: vec![file],
            at: at.clone(),
            ..Technical::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isrc(last: u32) -> Purpose {
        Purpose::Recording(format!("NGA3B26{last:05}"))
    }

    fn stored() -> Stored {
        let file = |path: &str, purpose| StoredFile {
            path: path.to_owned(),
            size: 10,
            sha256: path.to_owned(),
            md5: None,
            purpose,
        };
        Stored {
            package: PackageId::new("P1"),
            files: vec![
                file("metadata.xml", None),
                file("01.wav", Some(isrc(1))),
                file("02.wav", Some(isrc(2))),
                file("front.jpg", Some(Purpose::Cover)),
            ],
        }
    }

    fn audio(last: u32, path: Option<&str>) -> Want {
        Want {
            purpose: Some(isrc(last)),
            is_audio: true,
            path: path.map(str::to_owned),
        }
    }

    fn cover(path: Option<&str>) -> Want {
        Want {
            purpose: Some(Purpose::Cover),
            is_audio: false,
            path: path.map(str::to_owned),
        }
    }

    fn kept(wants: &[Want], there: &[&str]) -> Vec<(String, String)> {
        let there: Vec<String> = there.iter().map(|path| (*path).to_owned()).collect();
        let keeping = keep(wants, &there, &stored(), |_, _| true);
        let files = keeping.files.into_iter();
        files.map(|(to, file)| (to, file.path)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(to, from): &(&str, &str)| ((*to).to_owned(), (*from).to_owned());
        list.iter().map(owned).collect()
    }

    #[test]
    fn masters_are_found_by_isrc_under_whatever_name() {
        let wants = [
            audio(2, Some("audio/new name.wav")),
            audio(1, None),
            cover(None),
        ];
        assert_eq!(
            kept(&wants, &["metadata.xml"]),
            pairs(&[
                ("audio/new name.wav", "02.wav"),
                ("01.wav", "01.wav"),
                ("artwork.jpg", "front.jpg"),
            ])
        );
    }

    #[test]
    fn what_is_there_or_is_another_recording_is_not_kept() {
        let wants = [
            audio(1, Some("01.wav")),
            // The name is that of another recording's master.
            audio(9, Some("02.wav")),
            audio(2, Some("02.flac")),
            cover(Some("artwork.jpg")),
        ];
        assert_eq!(kept(&wants, &["metadata.xml", "01.wav", "artwork.jpg"]), []);
    }

    #[test]
    fn a_file_that_the_message_describes_otherwise_is_not_kept() {
        let wants = [audio(1, Some("01.wav")), audio(2, Some("02.wav"))];
        let keeping = keep(&wants, &[], &stored(), |path, _| path != "01.wav");
        assert_eq!(keeping.paths(), BTreeSet::from(["02.wav"]));
        assert!(!keeping.is_merge());
        let there = ["01.wav".to_owned()];
        let keeping = keep(&wants, &there, &stored(), |_, _| true);
        assert!(keeping.is_merge(), "one is new and one is kept");
    }

    #[test]
    fn a_message_without_files_is_completed() {
        let text = |value: &str| Text {
            value: value.to_owned(),
            ..Text::default()
        };
        let recording = |last: u32| Recording {
            isrc: Some(text(&format!("NG-A3B-26-{last:05}"))),
            ..Recording::default()
        };
        let mut message = Message {
            recordings: vec![recording(1), recording(3)],
            images: vec![Image::default()],
            ..Message::default()
        };
        let line = |purpose| Kept {
            package: PackageId::new("P1"),
            path: String::new(),
            purpose,
        };
        let lines = [line(Some(isrc(1))), line(Some(Purpose::Cover))];
        adopt(
            &mut message,
            ["01.wav", "artwork.jpg"].into_iter().zip(&lines),
        );
        let named: Vec<&str> = message.files().map(|file| file.name.as_str()).collect();
        assert_eq!(named, ["01.wav", "artwork.jpg"]);
        assert_eq!(message.recordings[1].files().count(), 0);
        let before = message.clone();
        adopt(
            &mut message,
            ["01.wav", "artwork.jpg"].into_iter().zip(&lines),
        );
        assert_eq!(message, before, "once");
        let paths =
            |list: &[&str]| -> Vec<String> { list.iter().map(|path| (*path).to_owned()).collect() };
        assert!(!leave_out(&mut message, &paths(&["artwork.jpg"])));
        assert_eq!(message, before, "its audio is not kept");
        assert!(leave_out(&mut message, &paths(&["01.wav"])));
        let named: Vec<&str> = message.files().map(|file| file.name.as_str()).collect();
        assert_eq!(named, ["artwork.jpg"], "a new cover goes out");
        assert!(!leave_out(&mut message, &paths(&["01.wav"])), "no audio");
    }
}
