//! The subject, looked through once: which file each reference means, which track is which, which
//! picture is the cover. Rules ask here instead of working it out again and again.

use super::super::facts::{ArtworkFacts, AudioFacts, FileFacts, FileRole};
use super::super::history::Earlier;
use super::super::lifecycle::Status;
use super::super::naming::{self, BadReference, Match};
use super::super::release::{
    Image, Message, MessageKind, NamedFile, ReadFaultKind, Recording, Release, Text,
};
use super::Subject;
use super::wording::quoted;
use std::collections::HashMap;

/// A track in its place.
pub(super) struct Track<'a> {
    /// Number, from 1.
    pub(super) number: u32,
    /// What the message says of it.
    pub(super) recording: &'a Recording,
}

impl Track<'_> {
    /// `Track 3 “Title”`, to begin a sentence with.
    pub(super) fn name(&self) -> String {
        match self.recording.title() {
            "" => format!("Track {}", self.number),
            title => format!("Track {} {}", self.number, quoted(title)),
        }
    }

    /// `track 3 “Title”`, inside a sentence.
    pub(super) fn inline_name(&self) -> String {
        self.name().replacen("Track", "track", 1)
    }
}

/// What names a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The track at that index of [`Case::tracks`].
    Track(usize),
    /// A clip of that track.
    Clip(usize),
    /// The picture at that index of the message.
    Picture(usize),
    /// A resource of another kind.
    Other,
}

/// One reference from the message to a file.
pub(super) struct Reference<'a> {
    /// Whose file it is.
    pub(super) owner: Owner,
    /// As the message has it.
    pub(super) named: &'a NamedFile,
    /// As a path relative to the release.
    pub(super) path: Result<String, BadReference>,
    /// The file that it means, and how it was found.
    pub(super) hit: Option<(&'a FileFacts, Match)>,
}

/// A file that is judged as audio.
pub(super) struct Sounding<'c, 'a> {
    /// The file.
    pub(super) file: &'a FileFacts,
    /// What was measured.
    pub(super) audio: &'a AudioFacts,
    /// The track that it is, if the message can be read and names it.
    pub(super) track: Option<&'c Track<'a>>,
}

impl Sounding<'_, '_> {
    /// `“03.wav” (track 3 “Title”)`.
    pub(super) fn name(&self) -> String {
        let file = quoted(naming::base_name(&self.file.path));
        match self.track {
            Some(track) => format!("{file} ({})", track.inline_name()),
            None => file,
        }
    }

    /// The track's number.
    pub(super) fn number(&self) -> Option<u32> {
        self.track.map(|track| track.number)
    }
}

/// A file that is judged as a picture.
pub(super) struct Picture<'a> {
    /// The file.
    pub(super) file: &'a FileFacts,
    /// What was found in it.
    pub(super) facts: &'a ArtworkFacts,
    /// It is the cover, or may be it: the size rules hold.
    pub(super) is_cover: bool,
}

/// The subject, looked through.
pub(super) struct Case<'a> {
    /// All that there is to judge.
    pub(super) subject: &'a Subject<'a>,
    /// The message, if it was read whole and is one that the rules know. A message that broke off
    /// would make every rule about something missing speak.
    pub(super) message: Option<&'a Message>,
    /// The tracks in running order; also of a message that broke off, so that files get their names.
    pub(super) tracks: Vec<Track<'a>>,
    /// Every reference to a file.
    pub(super) references: Vec<Reference<'a>>,
    /// Files that something names, by path, with the track that they are.
    named: HashMap<&'a str, Option<usize>>,
    /// The file of each track.
    track_files: Vec<Option<&'a FileFacts>>,
}

impl<'a> Case<'a> {
    /// Looks through a subject.
    pub(super) fn of(subject: &'a Subject<'a>) -> Self {
        let read = subject.reading.and_then(|reading| reading.message.as_ref());
        let whole = subject.reading.is_some_and(|reading| {
            reading.whole && !reading.faults.iter().any(|fault| is_fatal(fault.kind))
        });
        let message = read.filter(|message| whole && message.kind == MessageKind::NewRelease);
        let tracks = read.map(tracks_of).unwrap_or_default();
        let references = references(read, &tracks, &subject.folder.files);
        let mut named: HashMap<&str, Option<usize>> = HashMap::new();
        let mut track_files = vec![None; tracks.len()];
        for reference in &references {
            let Some((file, _)) = reference.hit else {
                continue;
            };
            let track = named.entry(&file.path).or_default();
            if let Owner::Track(index) = reference.owner {
                track.get_or_insert(index);
                if let Some(place) = track_files.get_mut(index) {
                    place.get_or_insert(file);
                }
            }
        }
        Self {
            subject,
            message,
            tracks,
            references,
            named,
            track_files,
        }
    }

    /// The message and its product.
    pub(super) fn main(&self) -> Option<(&'a Message, &'a Release)> {
        let message = self.message?;
        Some((message, message.main_release()?))
    }

    /// The message, if it is one that asks for releases to be purged.
    pub(super) fn purge(&self) -> Option<&'a Message> {
        let message = self.subject.reading?.message.as_ref()?;
        (message.kind == MessageKind::Purge).then_some(message)
    }

    /// The tracks of a message that the rules may judge; none otherwise.
    pub(super) fn judged_tracks(&self) -> &[Track<'a>] {
        match self.message {
            Some(_) => &self.tracks,
            None => &[],
        }
    }

    /// Whether a file is named by the message.
    pub(super) fn is_named(&self, file: &FileFacts) -> bool {
        self.named.contains_key(file.path.as_str())
    }

    /// The track that a file is.
    pub(super) fn track_of(&self, file: &FileFacts) -> Option<&Track<'a>> {
        let index = *self.named.get(file.path.as_str())?;
        self.tracks.get(index?)
    }

    /// The file of a track.
    pub(super) fn file_of(&self, index: usize) -> Option<&'a FileFacts> {
        self.track_files.get(index).copied().flatten()
    }

    /// Audio files that were measured and belong to the release: those that tracks name. When the
    /// message cannot be read, or a track's file is not there under its name, every audio file of
    /// the folder: the one that is named amiss is heard now, not only at the next attempt.
    pub(super) fn soundings(&self) -> impl Iterator<Item = Sounding<'_, 'a>> {
        let unread = self.message.is_none();
        let amiss = self.track_files.iter().any(Option::is_none);
        self.subject.folder.files.iter().filter_map(move |file| {
            let audio = file.audio.as_ref()?;
            let track = self.track_of(file);
            let astray = amiss && file.role == FileRole::Audio;
            let judged = file.size > 0 && (unread || track.is_some() || astray);
            judged.then_some(Sounding { file, audio, track })
        })
    }

    /// Pictures that belong to the release: those that the message names, and the cover. When the
    /// message cannot be read, every picture of the folder.
    pub(super) fn pictures(&self) -> impl Iterator<Item = Picture<'a>> {
        let cover = self.cover();
        self.subject.folder.files.iter().filter_map(move |file| {
            let facts = file.artwork.as_ref()?;
            let is_cover = cover.is_some_and(|cover| std::ptr::eq(cover, file));
            let judged = file.size > 0
                && (is_cover || self.message.is_none() || cover.is_none() || self.is_named(file));
            judged.then_some(Picture {
                file,
                facts,
                is_cover: is_cover || cover.is_none(),
            })
        })
    }

    /// The cover: the picture that the message calls so, else `artwork.*`, else the only one.
    pub(super) fn cover(&self) -> Option<&'a FileFacts> {
        let images = self
            .subject
            .reading
            .and_then(|reading| reading.message.as_ref())
            .map(|message| message.images.as_slice())
            .unwrap_or_default();
        let named = |wanted: fn(&Image) -> bool| {
            self.references.iter().find_map(|reference| {
                let (file, _) = reference.hit?;
                match reference.owner {
                    Owner::Picture(index) if images.get(index).is_some_and(wanted) => Some(file),
                    Owner::Picture(_) | Owner::Track(_) | Owner::Clip(_) | Owner::Other => None,
                }
            })
        };
        let mut pictures = self.artwork_files();
        named(is_front_cover)
            .or_else(|| self.artwork_files().find(|file| is_called_artwork(file)))
            .or_else(|| named(|image| image.kind.is_none()))
            .or_else(|| pictures.next().filter(|_| pictures.next().is_none()))
    }

    /// Files that are pictures by their name.
    pub(super) fn artwork_files(&self) -> impl Iterator<Item = &'a FileFacts> {
        let files = self.subject.folder.files.iter();
        files.filter(|file| file.role == FileRole::Artwork)
    }

    /// The earlier package of this release that stores have, else the latest that went to them or
    /// was approved for them. None once the release was taken down everywhere.
    pub(super) fn live(&self) -> Option<&'a Earlier> {
        let history = self.subject.history?;
        if history.takedowns.everywhere {
            return None;
        }
        let live = history.live.as_ref().and_then(|live| live.package.as_ref());
        let earlier = || {
            let earlier = history.same_release.iter().rev();
            earlier.filter(|one| {
                let is_approved = matches!(one.status, Status::Delivered | Status::QcApproved);
                is_approved && !history.takedowns.packages.contains(&one.id)
            })
        };
        earlier()
            .find(|earlier| Some(&earlier.id) == live)
            .or_else(|| earlier().next())
    }
}

/// Whether a picture is stated to be the front cover.
pub(super) fn is_front_cover(image: &Image) -> bool {
    image
        .kind
        .as_ref()
        .is_some_and(|kind| kind.as_str() == "FrontCoverImage")
}

/// The guide's name for the cover, with any ending.
pub(super) fn is_called_artwork(file: &FileFacts) -> bool {
    let name = naming::base_name(&file.path);
    name.rsplit_once('.')
        .is_some_and(|(stem, _)| stem.eq_ignore_ascii_case("artwork"))
}

/// Whether after such a fault the message must not be judged.
pub(super) fn is_fatal(kind: ReadFaultKind) -> bool {
    match kind {
        ReadFaultKind::NotWellFormed
        | ReadFaultKind::Doctype
        | ReadFaultKind::TooMuch
        | ReadFaultKind::WrongRoot
        | ReadFaultKind::WrongVersion => true,
        ReadFaultKind::Encoding
        | ReadFaultKind::Mojibake
        | ReadFaultKind::VersionMismatch
        | ReadFaultKind::Deprecated => false,
    }
}

/// The recordings in running order, with their numbers as `Message::track_number` gives them; that
/// one is for a single track, and takes too long for ten thousand.
pub(super) fn tracks_of(message: &Message) -> Vec<Track<'_>> {
    let mut by_message: HashMap<&str, u32> = HashMap::new();
    for (recording, number) in message.recordings.iter().zip(1..) {
        if let Some(reference) = &recording.reference {
            by_message.entry(reference.as_str()).or_insert(number);
        }
    }
    let numbered = |list: &mut dyn Iterator<Item = &'_ str>| {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let recordings = list.filter(|reference| by_message.contains_key(reference));
        for (reference, number) in recordings.zip(1..) {
            numbers.entry(reference.to_owned()).or_insert(number);
        }
        numbers
    };
    let main = message.main_release();
    let by_items = main.map(|main| {
        let items = main.items.iter().flat_map(|item| &item.references);
        numbered(&mut items.map(Text::as_str))
    });
    let by_links =
        main.map(|main| numbered(&mut main.links.iter().map(|link| link.reference.as_str())));
    let mut tracks: Vec<Track<'_>> = message
        .recordings
        .iter()
        .zip(1..)
        .map(|(recording, place)| {
            let reference = recording.reference.as_ref().map(Text::as_str);
            let listed =
                |numbers: &Option<HashMap<String, u32>>| numbers.as_ref()?.get(reference?).copied();
            let number = listed(&by_items)
                .or_else(|| listed(&by_links))
                .or_else(|| by_message.get(reference?).copied())
                .unwrap_or(place);
            Track { number, recording }
        })
        .collect();
    tracks.sort_by_key(|track| track.number);
    tracks
}

/// Every reference with the file that it means.
fn references<'a>(
    message: Option<&'a Message>,
    tracks: &[Track<'a>],
    files: &'a [FileFacts],
) -> Vec<Reference<'a>> {
    let Some(message) = message else {
        return Vec::new();
    };
    let shelf = Shelf::of(files);
    let of_tracks = tracks.iter().enumerate().flat_map(|(index, track)| {
        track.recording.technical.iter().flat_map(move |technical| {
            let owner = if technical.is_preview {
                Owner::Clip(index)
            } else {
                Owner::Track(index)
            };
            technical.files.iter().map(move |named| (owner, named))
        })
    });
    let of_pictures = message
        .images
        .iter()
        .enumerate()
        .flat_map(|(index, image)| {
            let files = image
                .technical
                .iter()
                .flat_map(|technical| &technical.files);
            files.map(move |named| (Owner::Picture(index), named))
        });
    let others = message
        .other_resources
        .iter()
        .flat_map(|other| &other.files);
    let of_others = others.map(|named| (Owner::Other, named));
    of_tracks
        .chain(of_pictures)
        .chain(of_others)
        .map(|(owner, named)| {
            let folder = named.path.as_ref().map(Text::as_str);
            let path = naming::reference_path(folder, named.name.as_str());
            let hit = path.as_ref().ok().and_then(|path| shelf.find(path));
            Reference {
                owner,
                named,
                path,
                hit,
            }
        })
        .collect()
}

/// Files by the name under which any way of matching could find them, so that looking one up does
/// not go through all of them.
struct Shelf<'a> {
    drawers: HashMap<String, (Vec<String>, Vec<&'a FileFacts>)>,
}

impl<'a> Shelf<'a> {
    fn of(files: &'a [FileFacts]) -> Self {
        let mut drawers: HashMap<String, (Vec<String>, Vec<&'a FileFacts>)> = HashMap::new();
        for file in files {
            let drawer = drawers.entry(naming::folded_name(&file.path)).or_default();
            drawer.0.push(file.path.clone());
            drawer.1.push(file);
        }
        Self { drawers }
    }

    fn find(&self, reference: &str) -> Option<(&'a FileFacts, Match)> {
        let (paths, files) = self.drawers.get(&naming::folded_name(reference))?;
        let (path, how) = naming::find(reference, paths)?;
        let index = paths.iter().position(|candidate| candidate == path)?;
        files.get(index).map(|file| (*file, how))
    }
}
