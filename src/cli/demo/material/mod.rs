//! Generates whole releases: audio, cover and message that fit together, or are wrong in a chosen
//! way. The demonstration uploads them; tests measure them. Nothing here is random.

use crate::domain::ids::gtin_check_digit;
use audio::pcm::{Aiff, Wav};
use audio::{Signal, flac};
use cover::{Cover, Format};
use md5::{Digest, Md5};
use message::StatedFile;
use std::fs;
use std::io;
use std::path::Path;

pub mod audio;
pub mod cover;
pub mod message;
pub mod profile;

/// How a track is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// WAV.
    Wav(Wav),
    /// AIFF or AIFF-C.
    Aiff(Aiff),
    /// FLAC of 16 or 24 bits.
    Flac {
        /// Bits of a sample.
        bits: u32,
    },
}

/// One track to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackSpec {
    /// Title.
    pub title: String,
    /// ISRC as stated; left out of the message when empty.
    pub isrc: String,
    /// Path of the file relative to the release; may lie in `resources/`.
    pub file: String,
    /// Duration as stated, in whole seconds; `None` states the signal's own.
    pub stated_seconds: Option<u64>,
    /// The audio.
    pub signal: Signal,
    /// How it is encoded.
    pub encoding: Encoding,
    /// So many bytes are missing at the end of the file, as after a broken upload.
    pub cut_bytes: usize,
    /// The file is named in the message and not written.
    pub missing: bool,
}

/// One release to generate. `ReleaseSpec::demo` is a clean one to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseSpec {
    /// Barcode as stated; see `icpn`.
    pub icpn: String,
    /// Title.
    pub title: String,
    /// Main artist, of the release and of every track.
    pub artist: String,
    /// Composer of every track.
    pub composer: String,
    /// Label name; also the sender's.
    pub label_name: String,
    /// `Single`, `Album` …
    pub release_type: String,
    /// Genre.
    pub genre: String,
    /// `YYYY-MM-DD`; also the start of the deals and the year of the rights lines.
    pub release_date: String,
    /// Territories of the deals: `Worldwide`, or codes.
    pub territories: Vec<String>,
    /// `MessageId`.
    pub message_id: String,
    /// `MessageCreatedDateTime`.
    pub created: String,
    /// `LiveMessage` or `TestMessage`.
    pub control_type: String,
    /// The sender's DPID.
    pub sender_dpid: String,
    /// The recipient's DPID.
    pub recipient_dpid: String,
    /// The recipient's name.
    pub recipient_name: String,
    /// Name of the message file.
    pub message_file: String,
    /// Path of the cover relative to the release, and what it shows; `None` for no cover at all.
    pub artwork: Option<(String, Cover)>,
    /// So many bytes are missing at the end of the cover.
    pub artwork_cut_bytes: usize,
    /// The message states the MD5 of every file.
    pub state_hashes: bool,
    /// Tracks in running order.
    pub tracks: Vec<TrackSpec>,
}

/// A barcode (EAN-13) with its check digit, from a number of up to six digits.
pub fn icpn(number: u32) -> String {
    let body = format!("506012{:06}", number % 1_000_000);
    let check = gtin_check_digit(&body);
    format!("{body}{check}")
}

/// A recording code from a designation of up to five digits.
pub fn isrc(designation: u32) -> String {
    format!("GBK3W26{:05}", designation % 100_000)
}

impl TrackSpec {
    /// A clean track of 31 seconds, 24 bit at 44.1 kHz in a WAV file; below 30 stores pay nothing.
    pub fn new(number: u32, title: &str, isrc: String) -> Self {
        let plain: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            title: title.to_owned(),
            isrc,
            file: format!("{number:02}_{plain}.wav"),
            stated_seconds: None,
            signal: Signal {
                seconds: 31.0,
                seed: u64::from(number) * 5,
                ..Signal::default()
            },
            encoding: Encoding::Wav(Wav::default()),
            cut_bytes: 0,
            missing: false,
        }
    }

    /// The bytes of its file.
    pub fn encode(&self) -> Vec<u8> {
        let samples = self.signal.samples();
        let mut bytes = match &self.encoding {
            Encoding::Wav(wav) => wav.encode(&samples),
            Encoding::Aiff(aiff) => aiff.encode(&samples),
            Encoding::Flac { bits } => flac::encode(&samples, *bits),
        };
        bytes.truncate(bytes.len().saturating_sub(self.cut_bytes));
        bytes
    }

    /// Bits of a sample, as the message states them.
    pub fn bits(&self) -> u32 {
        match &self.encoding {
            Encoding::Wav(Wav { coding, .. }) | Encoding::Aiff(Aiff { coding, .. }) => {
                u32::from(coding.bits())
            }
            Encoding::Flac { bits } => *bits,
        }
    }

    fn codec(&self) -> &'static str {
        match &self.encoding {
            Encoding::Wav(_) | Encoding::Aiff(_) => "PCM",
            Encoding::Flac { .. } => "FLAC",
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number of seconds"
    )]
    fn stated_duration(&self) -> String {
        let own = self.signal.total_seconds().max(0.0).round() as u64;
        let seconds = self.stated_seconds.unwrap_or(own);
        match (seconds / 60, seconds % 60) {
            (0, rest) => format!("PT{rest}S"),
            (minutes, rest) => format!("PT{minutes}M{rest}S"),
        }
    }
}

impl ReleaseSpec {
    /// A clean release of three tracks. `number` makes barcode, recording codes and message
    /// identifier differ from those of another release.
    pub fn demo(number: u32) -> Self {
        let track = |place: u32, title: &str| {
            TrackSpec::new(place, title, isrc(number.wrapping_mul(10) + place))
        };
        Self {
            icpn: icpn(number),
            title: "Harbour Lights".to_owned(),
            artist: "The Night Ferry".to_owned(),
            composer: "Ines Halloran".to_owned(),
            label_name: "Quayside Records".to_owned(),
            release_type: "Single".to_owned(),
            genre: "Electronic".to_owned(),
            release_date: "2027-03-05".to_owned(),
            territories: vec!["Worldwide".to_owned()],
            message_id: format!("QS-{number:06}-1"),
            created: "2026-11-02T09:00:00Z".to_owned(),
            control_type: "LiveMessage".to_owned(),
            sender_dpid: "PADPIDA2026040707K".to_owned(),
            recipient_dpid: "PADPIDA2025010101D".to_owned(),
            recipient_name: "Dropzone".to_owned(),
            message_file: "metadata.xml".to_owned(),
            artwork: Some(("artwork.jpg".to_owned(), Cover::default())),
            artwork_cut_bytes: 0,
            state_hashes: true,
            tracks: vec![
                track(1, "Harbour Lights"),
                track(2, "Low Water"),
                track(3, "Last Boat Home"),
            ],
        }
    }

    /// Width and height of the cover, 0 without one.
    fn cover_size(&self) -> (u32, u32) {
        self.artwork
            .as_ref()
            .map_or((0, 0), |(_, cover)| (cover.width, cover.height))
    }

    fn image_codec(&self) -> &'static str {
        match self.artwork.as_ref().map(|(_, cover)| cover.format) {
            Some(Format::Png) => "PNG",
            Some(Format::Jpeg) | None => "JPEG",
        }
    }

    /// The guide's name of the release folder: `Artist_Title_Barcode_Date`.
    pub fn folder_name(&self) -> String {
        let packed =
            |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
        format!(
            "{}_{}_{}_{}",
            packed(&self.artist),
            packed(&self.title),
            self.icpn,
            self.release_date.replace('-', "")
        )
    }
}

/// Writes the whole release into `dir`, which is created if need be. Files are written in the order
/// in which a person would upload them: audio, cover, message.
///
/// # Errors
/// When something cannot be written, or the cover cannot be encoded.
pub fn release(dir: &Path, spec: &ReleaseSpec) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut tracks = Vec::with_capacity(spec.tracks.len());
    for track in &spec.tracks {
        let bytes = track.encode();
        tracks.push(stated(spec, &track.file, &bytes));
        if !track.missing {
            put(dir, &track.file, &bytes)?;
        }
    }
    let mut artwork = None;
    if let Some((path, cover)) = &spec.artwork {
        let mut bytes = cover.encode()?;
        bytes.truncate(bytes.len().saturating_sub(spec.artwork_cut_bytes));
        artwork = Some(stated(spec, path, &bytes));
        put(dir, path, &bytes)?;
    }
    let message = message::write(spec, &tracks, artwork.as_ref());
    put(dir, &spec.message_file, message.as_bytes())
}

fn stated(spec: &ReleaseSpec, path: &str, bytes: &[u8]) -> StatedFile {
    StatedFile {
        path: path.to_owned(),
        md5: spec.state_hashes.then(|| hex::encode(Md5::digest(bytes))),
    }
}

fn put(dir: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let target = dir.join(path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(target, bytes)
}
