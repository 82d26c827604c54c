//! What both writers need of a release: its tracks in their order, its pictures, its files, and a
//! place for what is lost and what stands in the way.

use super::values::is_dpid;
use super::{Loss, OutContent, OutFile, Outgoing, Refusal, Target};
use crate::domain::ids::Isrc;
use crate::domain::naming::{self, Names};
use crate::domain::release::{
    GroupItem, Image, Message, MessageKind, NamedFile, OtherResource, Pos, Recording, Release, Text,
};
use std::collections::BTreeMap;

/// A recording of the product.
pub(super) struct Track<'a> {
    pub(super) recording: &'a Recording,
    /// `ResourceReference` in the message that is made.
    pub(super) reference: String,
    /// `ReleaseReference` of its track release.
    pub(super) release_reference: String,
    /// The label's own track release.
    pub(super) release: Option<&'a Release>,
    /// Its code as twelve characters.
    pub(super) isrc: Option<String>,
}

/// A place in the running order.
pub(super) struct Place<'a> {
    /// Index of the track.
    pub(super) track: usize,
    pub(super) item: Option<&'a GroupItem>,
}

/// A disc.
pub(super) struct Disc<'a> {
    pub(super) title: Option<&'a Text>,
    pub(super) places: Vec<Place<'a>>,
}

/// A picture of the product.
pub(super) struct Picture<'a> {
    /// `None` for a cover that the label's message does not name.
    pub(super) image: Option<&'a Image>,
    pub(super) reference: String,
    pub(super) kind: String,
    pub(super) file: Option<&'a OutFile>,
}

/// A booklet or sheet music.
pub(super) struct Sheet<'a> {
    pub(super) other: &'a OtherResource,
    pub(super) reference: String,
    pub(super) files: Vec<&'a OutFile>,
    /// Its identifier: the label's, else one of ours.
    pub(super) id: String,
}

/// Whether a resource of another kind than sound and pictures goes out.
fn is_sheet(other: &OtherResource) -> bool {
    matches!(other.element.as_str(), "Text" | "SheetMusic")
}

/// Whose own values a value without a namespace is: the label's, as far as we know it.
pub(super) fn owner_of(message: &Message, out: &Outgoing) -> String {
    let sender = message.header.sender.id.as_ref();
    let label = out.on_behalf_of.as_ref().map(|party| &party.dpid);
    let dpid = label
        .map(String::as_str)
        .or(sender.map(Text::as_str))
        .filter(|id| is_dpid(id));
    format!("DPID:{}", dpid.unwrap_or(&out.sender.dpid))
}

/// One message being made.
pub(super) struct Job<'a> {
    pub(super) message: &'a Message,
    pub(super) main: &'a Release,
    pub(super) out: &'a Outgoing,
    pub(super) with_files: bool,
    pub(super) tracks: Vec<Track<'a>>,
    pub(super) discs: Vec<Disc<'a>>,
    pub(super) pictures: Vec<Picture<'a>>,
    pub(super) sheets: Vec<Sheet<'a>>,
    files: Files<'a>,
    recordings: BTreeMap<&'a str, &'a Recording>,
    track_releases: BTreeMap<&'a str, &'a Release>,
    losses: BTreeMap<String, (Loss, usize, usize)>,
    pub(super) refusals: Vec<Refusal>,
    technical: usize,
}

struct Files<'a> {
    names: Names,
    by_source: BTreeMap<&'a str, &'a OutFile>,
}

impl<'a> Files<'a> {
    fn new(files: &'a [OutFile]) -> Self {
        let sources: Vec<String> = files.iter().map(|file| file.source.clone()).collect();
        Self {
            names: Names::new(&sources),
            by_source: files.iter().map(|f| (f.source.as_str(), f)).collect(),
        }
    }

    fn find(&self, file: &NamedFile) -> Option<&'a OutFile> {
        let path = file.path.as_ref().map(Text::as_str);
        let reference = naming::reference_path(path, file.name.as_str()).ok()?;
        let (source, _) = self.names.find(&reference)?;
        self.by_source.get(source).copied()
    }
}

/// The code of a refusal: this release cannot be said in this message.
pub(super) const CANNOT_SAY: &str = "DSP-013";

pub(super) fn refusal(message: impl Into<String>, fix: &str, at: &Pos) -> Refusal {
    Refusal {
        code: CANNOT_SAY,
        message: message.into(),
        fix: fix.to_owned(),
        at: at.clone(),
    }
}

impl<'a> Job<'a> {
    /// Takes the release apart.
    ///
    /// # Errors
    /// A message that is no release, or a release without sound.
    pub(super) fn new(
        message: &'a Message,
        files: &'a [OutFile],
        out: &'a Outgoing,
        with_files: bool,
    ) -> Result<Self, Vec<Refusal>> {
        let main = main_of(message)?;
        let mut job = Self {
            message,
            main,
            out,
            with_files,
            tracks: Vec::new(),
            discs: Vec::new(),
            pictures: Vec::new(),
            sheets: Vec::new(),
            files: Files::new(files),
            recordings: BTreeMap::new(),
            track_releases: BTreeMap::new(),
            losses: BTreeMap::new(),
            refusals: Vec::new(),
            technical: 0,
        };
        job.index();
        job.check_kinds();
        job.order_tracks();
        job.find_pictures(files);
        job.find_sheets();
        if job.tracks.is_empty() && job.refusals.is_empty() {
            job.refuse(
                "There is no sound in the release: it refers to no SoundRecording of the message.",
                "Describe every track as a SoundRecording in ResourceList and refer to it in the release. A release of pictures or text alone is not for us to deliver.",
                &main.at,
            );
        }
        job.tell_unused();
        if job.refusals.is_empty() {
            Ok(job)
        } else {
            Err(job.refusals)
        }
    }

    /// `ERN 4.3`, for sentences.
    pub(super) fn target(&self) -> &'static str {
        match self.out.target {
            Target::V43 => "ERN 4.3",
            Target::V382 => "ERN 3.8.2",
        }
    }

    /// See `owner_of`.
    pub(super) fn owner(&self) -> String {
        owner_of(self.message, self.out)
    }

    pub(super) fn refuse(&mut self, message: impl Into<String>, fix: &str, at: &Pos) {
        self.refusals.push(refusal(message, fix, at));
    }

    /// Notes what is lost. The same loss at many places is told once, with their number.
    pub(super) fn lose(&mut self, what: impl Into<String>, why: impl Into<String>, at: &Pos) {
        self.note("DSP-003", what.into(), why.into(), at, 1);
    }

    pub(super) fn note(
        &mut self,
        code: &'static str,
        what: String,
        why: String,
        at: &Pos,
        count: usize,
    ) {
        let key = format!("{code}\u{1}{what}\u{1}{why}");
        let order = self.losses.len();
        let (_, _, known) = self.losses.entry(key).or_insert_with(|| {
            let loss = Loss {
                code,
                what,
                why,
                at: at.clone(),
            };
            (loss, order, 0)
        });
        *known += count;
    }

    /// All losses, in the order in which they were met.
    pub(super) fn into_losses(self) -> Vec<Loss> {
        let mut losses: Vec<_> = self.losses.into_values().collect();
        losses.sort_by_key(|(loss, order, _)| (loss.at.line, *order));
        let counted = losses.into_iter().map(|(mut loss, _, count)| {
            if count > 1 {
                loss.what = format!("{} ({count} times)", loss.what);
            }
            loss
        });
        counted.collect()
    }

    /// The next `TechnicalResourceDetailsReference`.
    pub(super) fn next_technical(&mut self) -> String {
        self.technical += 1;
        format!("T{}", self.technical)
    }

    /// The file that goes out for the one that the label names. One that is not there is refused.
    pub(super) fn file(&mut self, file: &NamedFile) -> Option<&'a OutFile> {
        let found = self.files.find(file);
        if found.is_none() && self.with_files {
            self.refuse(
                format!(
                    "The message names the file “{}”, which is not among the files of the package.",
                    file.name.as_str()
                ),
                "Put the file into the package under that name, or correct the name in the message. An update of the metadata alone needs no files.",
                &file.at,
            );
        }
        found
    }

    fn check_kinds(&mut self) {
        let main = self.main;
        let primary = main
            .links
            .iter()
            .filter(|link| link.kind.as_deref() != Some("SecondaryResource"));
        let others: Vec<_> = primary
            .filter_map(|link| {
                let named = |r: &Option<Text>| {
                    r.as_ref()
                        .is_some_and(|r| r.as_str() == link.reference.as_str())
                };
                let all = &self.message.other_resources;
                all.iter().find(|other| named(&other.reference))
            })
            .filter(|other| !is_sheet(other))
            .collect();
        if let Some(first) = others.first() {
            let count = others.len();
            let what = format!(
                "The release contains {count} × {}. We deliver releases of sound, with their pictures, booklets and sheet music, and cannot leave a part of the product out.",
                first.element
            );
            self.refuse(
                what,
                "Send the tracks as a release of sound of their own, under a barcode of its own; the rest has to go to the store by another way.",
                &first.at,
            );
        }
    }

    /// The first of each reference; duplicates are for the rules to tell.
    fn index(&mut self) {
        for recording in &self.message.recordings {
            if let Some(reference) = &recording.reference {
                self.recordings
                    .entry(reference.as_str())
                    .or_insert(recording);
            }
        }
        for release in &self.message.releases {
            let is_track = !std::ptr::eq(release, self.main) && release.icpn.is_none();
            if !is_track {
                continue;
            }
            let links = release.links.iter().map(|link| link.reference.as_str());
            let mut sounds = links.filter(|link| self.recordings.contains_key(link));
            if let (Some(only), None) = (sounds.next(), sounds.next()) {
                self.track_releases.entry(only).or_insert(release);
            }
        }
    }

    fn order_tracks(&mut self) {
        let main = self.main;
        let mut numbers: Vec<u32> = Vec::new();
        for item in &main.items {
            for reference in &item.references {
                self.add_place(reference.as_str(), Some(item), item.group, &mut numbers);
            }
        }
        for link in &main.links {
            let reference = link.reference.as_str();
            let is_placed = self.tracks.iter().any(|t| {
                t.recording
                    .reference
                    .as_ref()
                    .is_some_and(|r| r.as_str() == reference)
            });
            if !is_placed {
                let last = numbers.last().copied().unwrap_or(1);
                self.add_place(reference, None, last, &mut numbers);
            }
        }
    }

    fn add_place(
        &mut self,
        reference: &str,
        item: Option<&'a GroupItem>,
        group: u32,
        numbers: &mut Vec<u32>,
    ) {
        let Some(recording) = self.recordings.get(reference).copied() else {
            return;
        };
        let known = self
            .tracks
            .iter()
            .position(|t| std::ptr::eq(t.recording, recording));
        let track = known.unwrap_or_else(|| {
            let number = self.tracks.len() + 1;
            self.tracks.push(Track {
                recording,
                reference: format!("A{number}"),
                release_reference: format!("R{number}"),
                release: self.track_releases.get(reference).copied(),
                isrc: recording
                    .isrc
                    .as_ref()
                    .and_then(|isrc| Isrc::parse_lenient(isrc.as_str()))
                    .map(|isrc| isrc.as_str().to_owned()),
            });
            number - 1
        });
        let disc = numbers.iter().position(|n| *n == group).unwrap_or_else(|| {
            numbers.push(group);
            let titles = &self.main.more.group_titles;
            self.discs.push(Disc {
                title: titles
                    .iter()
                    .find(|(number, _)| *number == group)
                    .map(|(_, title)| title),
                places: Vec::new(),
            });
            self.discs.len() - 1
        });
        if let Some(disc) = self.discs.get_mut(disc) {
            disc.places.push(Place { track, item });
        }
    }

    fn find_pictures(&mut self, files: &'a [OutFile]) {
        let mut number = self.tracks.len();
        let mut next = || {
            number += 1;
            format!("A{number}")
        };
        let mut pictures = Vec::new();
        for image in &self.message.images {
            let file = image.technical.iter().flat_map(|t| &t.files).next();
            let kind = image.kind.as_ref().map_or("FrontCoverImage", Text::as_str);
            pictures.push(Picture {
                image: Some(image),
                reference: next(),
                kind: kind.to_owned(),
                file: file.and_then(|file| self.file(file)),
            });
        }
        if pictures.is_empty() {
            let is_picture = |f: &&OutFile| matches!(f.content, OutContent::Picture { .. });
            pictures.extend(files.iter().find(is_picture).map(|file| Picture {
                image: None,
                reference: next(),
                kind: "FrontCoverImage".to_owned(),
                file: Some(file),
            }));
        }
        self.pictures = pictures;
    }

    fn find_sheets(&mut self) {
        let main = self.main;
        let ids = [&main.icpn, &main.grid, &main.isrc];
        let release = ids.into_iter().find_map(Option::as_ref);
        let release = release.map_or(self.out.thread_id.as_str(), Text::as_str);
        let first = self.tracks.len() + self.pictures.len() + 1;
        let others: Vec<&'a OtherResource> = self.message.other_resources.iter().collect();
        for (other, number) in others.into_iter().filter(|o| is_sheet(o)).zip(1..) {
            let stated = other.proprietary_id.as_ref();
            let files = other.files.iter().filter_map(|file| self.file(file));
            let files = files.collect();
            self.sheets.push(Sheet {
                other,
                reference: format!("A{}", first + number - 1),
                files,
                id: stated.map_or_else(
                    || format!("{release}-{}-{number}", other.element.to_ascii_lowercase()),
                    |id| id.value.clone(),
                ),
            });
        }
    }

    /// Reference of the cover.
    pub(super) fn cover(&self) -> Option<&str> {
        let is_front = |picture: &&Picture<'_>| picture.kind == "FrontCoverImage";
        let front = self.pictures.iter().find(is_front);
        front
            .or_else(|| self.pictures.first())
            .map(|picture| picture.reference.as_str())
    }

    /// Losses that both versions share: what no reader took, releases and resources that do not go
    /// out.
    fn tell_unused(&mut self) {
        let message = self.message;
        for unread in &message.unread {
            let what = format!("{} “{}”", words_of(&unread.kind), unread.first.as_str());
            let why = "We do not hand this on.".to_owned();
            self.note("DSP-003", what, why, &unread.first.at, unread.count);
        }
        let of_tracks = message.recordings.iter().flat_map(|r| &r.parental);
        let warnings: Vec<&Text> = self.main.parental.iter().chain(of_tracks).collect();
        for own in warnings.iter().filter(|w| w.as_str() == "UserDefined") {
            let what = "ParentalWarningType of the label's own";
            self.lose(what, "Stores do not know it; Unknown goes out.", &own.at);
        }
        for recording in &message.recordings {
            if !self
                .tracks
                .iter()
                .any(|t| std::ptr::eq(t.recording, recording))
            {
                self.lose(
                    format!("Recording “{}”", recording.title()),
                    "It is no part of the release.",
                    &recording.at,
                );
            }
        }
        for other in message.other_resources.iter().filter(|o| !is_sheet(o)) {
            self.lose(
                format!("A resource of the kind {}", other.element),
                "We send sound, pictures, booklets and sheet music.",
                &other.at,
            );
        }
        for release in &message.releases {
            let is_kept = std::ptr::eq(release, self.main)
                || self
                    .tracks
                    .iter()
                    .any(|t| t.release.is_some_and(|r| std::ptr::eq(r, release)));
            if !is_kept {
                self.lose(
                    format!("Release “{}” with its deals", release.title()),
                    "It is neither the product nor one track of it.",
                    &release.at,
                );
            }
        }
    }

    /// The reference in the message that is made for one of the label's.
    pub(super) fn release_reference(&self, reference: &str) -> Option<&str> {
        let is_it = |release: &Release| {
            let own = release.reference.as_ref();
            own.is_some_and(|own| own.as_str() == reference)
        };
        if is_it(self.main) {
            return Some("R0");
        }
        self.tracks
            .iter()
            .find(|track| track.release.is_some_and(is_it))
            .map(|track| track.release_reference.as_str())
    }
}

/// The last two steps of a path, as people read them: `Keywords of Release`.
fn words_of(kind: &str) -> String {
    let mut steps = kind.rsplit('/').filter(|step| !step.is_empty());
    match (steps.next(), steps.next()) {
        (Some(last), Some(around)) => format!("{} of {around}", last.trim_start_matches('@')),
        (Some(last), None) => last.to_owned(),
        _ => kind.to_owned(),
    }
}

fn main_of(message: &Message) -> Result<&Release, Vec<Refusal>> {
    if message.kind != MessageKind::NewRelease {
        return Err(vec![refusal(
            "The label's message brings no release: it is no NewReleaseMessage.",
            "Send the release as a NewReleaseMessage. A release that is live is taken down with “dropzone push takedown”.",
            &message.at,
        )]);
    }
    message.main_release().ok_or_else(|| {
        vec![refusal(
            "The message holds no release.",
            "Describe the release in ReleaseList.",
            &message.at,
        )]
    })
}
