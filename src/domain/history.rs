//! What the store knows of earlier packages, as far as rules ask for it.
//!
//! Of other labels only a yes gets here: that a barcode or a sender is taken, and how a recording of
//! theirs relates to one of the package. Whose it is and what it is called is for the operator.

use super::difference::Sheet;
use super::facts::Kept;
use super::fault::Fault;
use super::ids::{Isrc, PackageId};
use super::lifecycle::Status;
use super::report::TrackSummary;
use super::report::attempts::Problem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Durations that differ by more are not those of one recording.
const SAME_LENGTH_MS: u64 = 3_000;

/// Answers for the past of one package. The store does; offline nobody.
pub trait Past: Sync {
    /// What is known, seen from the package's tracks.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn known(&self, tracks: &[Track]) -> Result<History, Fault>;

    /// Files of the package that are the live version's, kept for an update, with their paths in the
    /// package.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn kept(&self) -> Result<Vec<(String, Kept)>, Fault> {
        Ok(Vec::new())
    }
}

/// Earlier packages that matter to the one at hand. Offline there is none, and rules that need it
/// say so instead of guessing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// When the package at hand came (HDR-005).
    #[serde(default)]
    pub received_at: Option<Timestamp>,
    /// Earlier packages of the same label and ICPN, oldest first.
    pub same_release: Vec<Earlier>,
    /// A release of another label here has this ICPN: it is under way, or in stores (ID-013).
    pub icpn_of_other_label: bool,
    /// Earlier packages of this label with the same `MessageId` but another ICPN (HDR-004).
    pub same_message_id: Vec<Earlier>,
    /// DPIDs registered for other labels of this installation (HDR-002), with no name.
    pub dpid_of_other_label: bool,
    /// Files of this package that were not uploaded with it, but taken over from the attempt before
    /// it in the same folder (PKG-029); paths relative to the package.
    #[serde(default)]
    pub taken_over: Vec<String>,
    /// Files of this package that were not uploaded, but kept from the version that is live
    /// (UPD-002, UPD-003); paths relative to the package.
    #[serde(default)]
    pub kept: Vec<String>,
    /// Territories that the label's contract holds (DEAL-020); empty: the whole world.
    #[serde(default)]
    pub contract: Vec<String>,
    /// The version of the release that stores have: the one that reached a store last and was not
    /// taken down there; before any has arrived, the one that was approved last.
    #[serde(default)]
    pub live: Option<Version>,
    /// What of the release was taken down.
    #[serde(default)]
    pub takedowns: Takedowns,
    /// A version of the release is on its way to a store at this moment (UPD-008).
    #[serde(default)]
    pub is_being_delivered: bool,
    /// Recordings of other releases that have to do with tracks of this package (ID-006, AUD-026).
    #[serde(default)]
    pub relatives: Vec<Relative>,
    /// Covers of the label's other releases, newest first (ART-014).
    #[serde(default)]
    pub covers: Vec<EarlierCover>,
}

/// What of a release was taken down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takedowns {
    /// No DSP has the release any more, and none is about to get it: it is not live.
    pub everywhere: bool,
    /// DSPs that it was taken down from, or is being.
    pub down: Vec<Down>,
    /// Packages of the label that took it down; none of them is a version that stores have.
    pub packages: Vec<PackageId>,
}

impl Takedowns {
    /// When operators took it down last, from whichever DSP.
    pub fn last_by_us(&self) -> Option<Timestamp> {
        let ours = self.down.iter().filter(|down| down.by_us);
        ours.map(|down| down.since).max()
    }
}

/// A DSP that a release was taken down from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    /// Name of its profile.
    pub dsp: String,
    /// Since when.
    pub since: Timestamp,
    /// An operator ordered it, not the label.
    pub by_us: bool,
}

/// The cover of an earlier package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlierCover {
    /// What it looks like; [`alike`](super::likeness::alike) compares.
    pub likeness: String,
    /// The release's title then.
    pub title: String,
    /// The release's ICPN then.
    pub icpn: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// One earlier package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The package.
    pub id: PackageId,
    /// Attempt number within its release.
    pub attempt: u32,
    /// Its status now.
    pub status: Status,
    /// When it came.
    pub received_at: Timestamp,
    /// The release's title then.
    pub title: String,
    /// The release's ICPN then.
    pub icpn: String,
    /// Its `MessageCreatedDateTime` as written, for HDR-005.
    pub message_created: Option<String>,
    /// SHA-256 of its manifest's sorted lines: equal content, equal print (PKG-028).
    pub fingerprint: Option<String>,
    /// Whether it was checked to the end; one that was replaced before has said nothing that counts.
    #[serde(default)]
    pub judged: bool,
    /// Its findings with severity error: what attempt n+1 is compared with (UPD-009).
    pub errors: Vec<Problem>,
}

/// What a version of a release said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its tracks, in running order.
    pub tracks: Vec<Track>,
    /// Territories of its deals, as `ReleaseSummary` has them.
    pub territories: Vec<String>,
    /// Use types of its deals; empty when they were not kept yet.
    pub use_types: Vec<String>,
    /// Its `MessageThreadId`.
    pub thread_id: Option<String>,
    /// Its package.
    #[serde(default)]
    pub package: Option<PackageId>,
    /// What it said, to compare with; `None` where its message cannot be read any more.
    #[serde(default)]
    pub sheet: Option<Sheet>,
}

/// A recording: what it is told from others by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Its number on its release, from 1.
    pub number: u32,
    /// Title with sub-title.
    pub title: String,
    /// Artist as shown.
    pub artist: String,
    /// The twelve characters of its ISRC, if it has a good one.
    pub isrc: Option<String>,
    /// Duration in milliseconds: measured, else as stated.
    pub duration_ms: Option<u64>,
    /// Hash of its samples, the same for the same sound in any container.
    pub sound: Option<String>,
}

impl Track {
    /// A track of a report.
    pub fn of(track: &TrackSummary) -> Self {
        let isrc = track.isrc.as_deref().and_then(Isrc::parse_lenient);
        Self {
            number: track.number,
            title: track.title.clone().unwrap_or_default(),
            artist: track.artist.clone().unwrap_or_default(),
            isrc: isrc.map(|isrc| isrc.as_str().to_owned()),
            duration_ms: track.duration_ms.or(track.stated_duration_ms),
            sound: track.sound_hash.clone(),
        }
    }
}

/// How a recording of another release relates to a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It has the same ISRC and is described as another recording.
    OtherRecording,
    /// It has the same ISRC and description, and another sound.
    OtherSound,
    /// It is the same sound under another ISRC.
    OtherIsrc,
}

/// A recording of another release that has to do with a track of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relative {
    /// Number of the package's track.
    pub number: u32,
    /// How they relate.
    pub relation: Relation,
    /// The other recording and the title of its release; `None` when it is another label's.
    pub own: Option<(Track, String)>,
}

/// How another recording relates to a track, if it does.
pub fn relation(track: &Track, other: &Track) -> Option<Relation> {
    let same = |one: &Option<String>, two: &Option<String>| one.is_some() && one == two;
    let both = |one: &Option<String>, two: &Option<String>| one.is_some() && two.is_some();
    if same(&track.isrc, &other.isrc) {
        if is_other_recording(track, other) {
            return Some(Relation::OtherRecording);
        }
        let differs = both(&track.sound, &other.sound) && track.sound != other.sound;
        return differs.then_some(Relation::OtherSound);
    }
    let known_twice = same(&track.sound, &other.sound) && both(&track.isrc, &other.isrc);
    known_twice.then_some(Relation::OtherIsrc)
}

/// Title, artist or length say that it is another recording. A version or a guest that only one of
/// the two names makes no other one, and what is not known says nothing.
fn is_other_recording(track: &Track, other: &Track) -> bool {
    let lengths = (track.duration_ms, other.duration_ms);
    let other_length = match lengths {
        (Some(one), Some(two)) if one > 0 && two > 0 => one.abs_diff(two) > SAME_LENGTH_MS,
        _ => false,
    };
    other_length
        || is_other_text(&track.title, &other.title)
        || is_other_text(&track.artist, &other.artist)
}

fn is_other_text(one: &str, two: &str) -> bool {
    let (one, two) = (folded(one), folded(two));
    !one.is_empty() && !two.is_empty() && !one.contains(&two) && !two.contains(&one)
}

/// A text without what may differ between two spellings of the same: case, spaces and marks.
pub fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(isrc: &str, title: &str, seconds: u64, sound: &str) -> Track {
        Track {
            number: 1,
            title: title.to_owned(),
            artist: "Adaeze".to_owned(),
            isrc: Some(isrc.to_owned()),
            duration_ms: Some(seconds * 1_000),
            sound: Some(sound.to_owned()),
        }
    }

    #[test]
    fn recordings_are_related_by_code_or_by_sound() {
        let one = track("NGA3B2600001", "Harmattan", 222, "aa");
        for (other, expected) in [
            (one.clone(), None),
            (
                track("NGA3B2600001", "HARMATTAN (Album Version)", 224, "aa"),
                None,
            ),
            (
                track("NGA3B2600001", "Harmattan", 224, "bb"),
                Some(Relation::OtherSound),
            ),
            (
                track("NGA3B2600001", "Harmattan", 240, "bb"),
                Some(Relation::OtherRecording),
            ),
            (
                track("NGA3B2600001", "Dry Season", 222, "aa"),
                Some(Relation::OtherRecording),
            ),
            (
                track("NGA3B2600009", "Harmattan", 222, "aa"),
                Some(Relation::OtherIsrc),
            ),
            (track("NGA3B2600009", "Harmattan", 222, "bb"), None),
        ] {
            assert_eq!(relation(&one, &other), expected, "{other:?}");
        }
        let nameless = Track::default();
        assert_eq!(relation(&nameless, &nameless), None);
    }
}
