//! What inspection measured: files, audio, artwork, schema faults. Facts, no judgement.
//!
//! Times are milliseconds, sizes bytes, levels decibels as each field says.

use super::ids::PackageId;
use super::repair::Edit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A claimed or offered folder as it was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FolderFacts {
    /// Its name below `/incoming`, or of the folder that was checked offline.
    pub folder: String,
    /// Everything in it, junk left out, sorted by path.
    pub files: Vec<FileFacts>,
    /// Junk of operating systems that was passed over, by path.
    pub junk: Vec<String>,
    /// Sub-folders, relative, `resources` included.
    pub folders: Vec<String>,
    /// The whole release lay one level too deep, in this sub-folder; paths are relative to it.
    pub nested_in: Option<String>,
    /// XML files that look like an ERN message, by path; the first is the one that was read.
    pub messages: Vec<String>,
    /// `BatchComplete_*.xml` and other markers, by path.
    pub markers: Vec<String>,
    /// What the markers say that are manifests of a batch.
    #[serde(default)]
    pub manifests: Vec<BatchManifest>,
    /// Names that are no ordinary file or have an impossible name, with the reason.
    pub refused: Vec<(String, String)>,
}

/// A manifest of a batch, as far as it can be compared (PKG-024).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchManifest {
    /// Its path.
    pub path: String,
    /// Why it cannot be read, as a sentence.
    pub fault: Option<String>,
    /// `NumberOfMessages` as written.
    pub number: Option<String>,
    /// `MessageInBatch`es.
    pub messages: Vec<ListedMessage>,
}

/// One message of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedMessage {
    /// `MessageId`.
    pub message_id: Option<String>,
    /// `IncludedReleaseId/ICPN`s.
    pub icpns: Vec<String>,
    /// `URL`.
    pub url: Option<String>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Path relative to the release, `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// By name: what it is meant to be.
    pub role: FileRole,
    /// SHA-256 in lower-case hex, when it was read to the end.
    pub sha256: Option<String>,
    /// MD5 in lower-case hex, when it was read to the end.
    pub md5: Option<String>,
    /// SHA-1 in lower-case hex, when the message states one for this file.
    pub sha1: Option<String>,
    /// What the audio inspection found, for audio files.
    pub audio: Option<AudioFacts>,
    /// What the artwork inspection found, for pictures.
    pub artwork: Option<ArtworkFacts>,
    /// It was written to while it was read (PKG-023).
    #[serde(default)]
    pub changed: bool,
    /// Inspection itself failed (a panic or time-out in a decoder, a read error): what happened.
    pub failure: Option<String>,
}

/// What a file is meant to be, by its name's ending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// `.wav`, `.flac`, `.aiff`, `.aif`, `.aifc`, and what is audio but not accepted.
    Audio,
    /// `.jpg`, `.jpeg`, `.png`, and what is a picture but not accepted.
    Artwork,
    /// An ERN message.
    Message,
    /// A batch manifest or completion marker.
    Marker,
    /// An archive.
    Archive,
    /// A name that upload clients give to files still on their way.
    Temporary,
    /// Anything else.
    #[default]
    Other,
}

/// Container or stream by content, whatever the file is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// RIFF WAVE.
    Wav,
    /// RF64 or BW64: WAVE beyond 4 GiB.
    Rf64,
    /// FLAC.
    Flac,
    /// AIFF.
    Aiff,
    /// AIFF-C.
    Aifc,
    /// MPEG audio (MP3, MP2).
    Mp3,
    /// AAC in ADTS.
    Aac,
    /// MP4 or M4A (AAC, ALAC).
    Mp4,
    /// Ogg (Vorbis, Opus, Ogg FLAC).
    Ogg,
    /// Windows Media (ASF).
    Wma,
    /// `WavPack`, Monkey's Audio, DSD and the like.
    OtherAudio,
    /// No signature that we know.
    #[default]
    Unknown,
}

impl Container {
    /// The name that people use.
    pub fn label(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Rf64 => "RF64 (WAV over 4 GiB)",
            Self::Flac => "FLAC",
            Self::Aiff => "AIFF",
            Self::Aifc => "AIFF-C",
            Self::Mp3 => "MP3",
            Self::Aac => "AAC",
            Self::Mp4 => "MP4/M4A",
            Self::Ogg => "OGG",
            Self::Wma => "WMA",
            Self::OtherAudio => "another audio format",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the guide accepts it as a master.
    pub fn is_accepted(self) -> bool {
        matches!(
            self,
            Self::Wav | Self::Rf64 | Self::Flac | Self::Aiff | Self::Aifc
        )
    }
}

/// How samples are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SampleCoding {
    /// Integer PCM.
    Pcm,
    /// Floating point.
    Float,
    /// FLAC.
    Flac,
    /// A-law, µ-law, ADPCM and other compressed codings inside WAV or AIFF-C.
    Compressed,
    /// Not known.
    #[default]
    Unknown,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Start, milliseconds from the beginning of the file.
    pub start_ms: u64,
    /// End, milliseconds from the beginning of the file.
    pub end_ms: u64,
}

/// Damage or oddity of an audio file, as it was noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AudioFault {
    /// AUD-001: no container that can be read; says what the file begins with.
    Unreadable {
        /// One sentence.
        why: String,
    },
    /// AUD-008: the header promises more than the file holds.
    Truncated {
        /// Milliseconds that the header promises, when it does.
        promised_ms: Option<u64>,
        /// Milliseconds that are there.
        present_ms: u64,
    },
    /// AUD-008: decoding stopped before the end.
    Undecodable {
        /// Where, in milliseconds.
        at_ms: u64,
        /// One sentence.
        why: String,
    },
    /// AUD-009: FLAC's MD5 differs from the decoded audio.
    ChecksumMismatch,
    /// AUD-007: chunks after the audio data.
    ChunksAfterData {
        /// Their identifiers.
        ids: Vec<String>,
    },
    /// Anything else odd about the header, as one sentence.
    Odd {
        /// One sentence.
        what: String,
    },
}

/// What is known of an audio file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AudioFacts {
    /// By content.
    pub container: Container,
    /// How samples are coded.
    pub coding: SampleCoding,
    /// More precisely, for people: `PCM 24 bit`, `MPEG audio layer III`.
    pub codec_name: String,
    /// Sampling rate in hertz.
    pub rate_hz: u32,
    /// Bits of a sample (valid bits, where the header tells them apart).
    pub bits: u32,
    /// Channels.
    pub channels: u32,
    /// Frames decoded.
    pub frames: u64,
    /// Duration of what was decoded, in milliseconds.
    pub duration_ms: u64,
    /// The header is `WAVE_FORMAT_EXTENSIBLE` (AUD-006).
    pub extensible: bool,
    /// Hash of the decoded samples, the same for the same sound in WAV, AIFF and FLAC (PKG-027,
    /// AUD-026); lower-case hex.
    #[serde(default)]
    pub sound_hash: Option<String>,
    /// Damage and oddities.
    pub faults: Vec<AudioFault>,
    /// What was measured; `None` when nothing could be decoded.
    pub levels: Option<AudioLevels>,
}

/// Measured from the samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AudioLevels {
    /// Silence before the first sound (RMS over 10 ms below −60 dBFS), in milliseconds.
    pub leading_silence_ms: u64,
    /// Silence after the last sound, in milliseconds.
    pub trailing_silence_ms: u64,
    /// No sound at all.
    pub all_silent: bool,
    /// Highest sample in dBFS; −200 for digital silence.
    pub sample_peak_dbfs: f64,
    /// Highest true peak (ITU-R BS.1770-4, 4× oversampled) in dBTP; −200 for digital silence.
    pub true_peak_dbtp: f64,
    /// Where the true peak is, milliseconds from the beginning.
    pub true_peak_at_ms: u64,
    /// Integrated loudness in LUFS (EBU R 128); `None` when too quiet or too short to tell.
    pub loudness_lufs: Option<f64>,
    /// Runs of three or more full-scale samples (≥ 0.999).
    pub clipped_runs: u64,
    /// Samples in those runs.
    pub clipped_samples: u64,
    /// All samples, over all channels.
    pub samples: u64,
    /// Where the first clipped runs are, fifty places at most.
    pub clipped_at: Vec<Span>,
    /// RMS of each channel in dBFS; −200 for digital silence.
    pub channel_rms_dbfs: Vec<f64>,
    /// Loudness range in LU (EBU Tech 3342); `None` when too short or too quiet to tell.
    #[serde(default)]
    pub loudness_range_lu: Option<f64>,
    /// Silence between the first and the last sound, stretches of two seconds and more, twenty at
    /// most.
    #[serde(default)]
    pub inner_silence: Vec<Span>,
    /// Mean of each channel as a fraction of full scale (AUD-024).
    #[serde(default)]
    pub dc_offset: Vec<f64>,
    /// Correlation of left and right, from −1 (inverted) to 1 (mono); `None` unless stereo with
    /// sound on both sides.
    #[serde(default)]
    pub correlation: Option<f64>,
    /// Left and right are the same, sample for sample.
    #[serde(default)]
    pub identical_channels: bool,
    /// Bits that are used, when fewer than the file has: 16 for a 24-bit file whose lowest eight
    /// bits are always zero.
    #[serde(default)]
    pub real_bits: Option<u32>,
    /// A steep upper edge of the spectrum, as lossy coding and resampling leave it (AUD-023).
    #[serde(default)]
    pub cutoff: Option<Cutoff>,
    /// The shape of the sound over time.
    #[serde(default)]
    pub waveform: Option<Waveform>,
}

/// Where a spectrum ends all at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cutoff {
    /// Frequency of the edge in hertz.
    pub hertz: u32,
    /// How far it falls there, in decibels.
    pub drop_db: f64,
}

/// The lowest and highest sample of each of up to 400 equal stretches of time, over all channels,
/// in steps of 1/127 of full scale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waveform {
    /// Lowest samples.
    pub low: Vec<i8>,
    /// Highest samples; as many.
    pub high: Vec<i8>,
}

/// Picture format by content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PictureFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// TIFF.
    Tiff,
    /// BMP.
    Bmp,
    /// HEIC or AVIF.
    Heif,
    /// PDF.
    Pdf,
    /// No signature that we know.
    #[default]
    Unknown,
}

impl PictureFormat {
    /// The name that people use.
    pub fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Heif => "HEIC/AVIF",
            Self::Pdf => "PDF",
            Self::Unknown => "unknown",
        }
    }
}

/// Colour model by the file's own components, before any conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColourModel {
    /// Red, green, blue (YCbCr in JPEG).
    Rgb,
    /// The same with transparency.
    Rgba,
    /// Grey.
    Grey,
    /// Grey with transparency.
    GreyAlpha,
    /// Palette.
    Palette,
    /// Four inks.
    Cmyk,
    /// Four inks, coded as luma and chroma.
    Ycck,
    /// Not known.
    #[default]
    Unknown,
}

impl ColourModel {
    /// The name that people use.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rgb => "RGB",
            Self::Rgba => "RGB with transparency",
            Self::Grey => "greyscale",
            Self::GreyAlpha => "greyscale with transparency",
            Self::Palette => "palette",
            Self::Cmyk => "CMYK",
            Self::Ycck => "CMYK (YCCK)",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArtworkFacts {
    /// By content.
    pub format: PictureFormat,
    /// Width in pixels; 0 when not known.
    pub width: u32,
    /// Height in pixels; 0 when not known.
    pub height: u32,
    /// By the file's own components.
    pub colour: ColourModel,
    /// Bits of a component.
    pub bits: u32,
    /// Decoded to the end without an error.
    pub decoded: bool,
    /// ART-001: why it could not be decoded, or what is missing at its end.
    pub damage: Option<String>,
    /// EXIF orientation, 1 to 8; `None` when not stated. All but 1 turn or mirror (ART-010).
    #[serde(default)]
    pub orientation: Option<u32>,
    /// Embedded colour profile (ART-011).
    #[serde(default)]
    pub colour_profile: Option<ColourProfile>,
    /// Interlaced PNG (ART-009).
    #[serde(default)]
    pub interlaced: bool,
    /// What the decoded picture looks like; `None` when it was not decoded.
    #[serde(default)]
    pub looks: Option<PictureLooks>,
    /// Texts of QR codes in it.
    #[serde(default)]
    pub codes: Vec<String>,
    /// What it looks like, 128 bits in lower-case hex (ART-014, `domain::likeness`); `None` for a
    /// plain picture.
    #[serde(default)]
    pub likeness: Option<String>,
    /// A JPEG of at most 256 × 256 pixels and 12,000 bytes for reports, in base64.
    #[serde(default)]
    pub thumbnail: Option<String>,
}

/// An embedded ICC profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColourProfile {
    /// Its own description, such as `sRGB IEC61966-2.1`.
    pub description: String,
    /// It is sRGB, by content.
    pub is_srgb: bool,
}

/// Guesses from the decoded picture; never a reason to refuse it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PictureLooks {
    /// It was enlarged across, and down.
    pub enlarged: (bool, bool),
    /// Detail in the highest quarter of frequencies across and down, in decibels.
    pub detail_db: (f64, f64),
    /// It is blurred.
    pub blurred: bool,
    /// Share of the picture, from 0 to 1, that has one colour.
    pub plain: f64,
    /// Two opposite edges have bars of one size and colour, with a full picture between them.
    pub bars: bool,
    /// Plain rows and columns at the edges in pixels: top, right, bottom, left.
    pub border: [u32; 4],
}

/// A violation that the XSD check reported, translated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFault {
    /// Our own sentence.
    pub message: String,
    /// What to do, where that can be said.
    pub fix: Option<String>,
    /// True line, from 1.
    pub line: u32,
    /// XPath of the node.
    pub path: String,
    /// What was expected, short.
    pub expected: Option<String>,
    /// What was found, short.
    pub found: Option<String>,
    /// What puts it right, where that is certain.
    #[serde(default)]
    pub repair: Vec<Edit>,
}

/// Which schema check was run, if any (XML-015).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum SchemaCheck {
    /// Against the official schema of that set.
    Official {
        /// Name of the set: `ern-382`.
        set: String,
    },
    /// Against our own schema of the guide's dialect only.
    Guide,
    /// Not run; says why.
    #[default]
    NotRun,
    /// Not run for a reason worth telling.
    Skipped {
        /// One sentence.
        why: String,
    },
}

/// What the XSD check gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFacts {
    /// Which check was run.
    pub check: SchemaCheck,
    /// Faults, capped.
    pub faults: Vec<SchemaFault>,
    /// All faults that there were.
    pub total: usize,
}

/// One line of the manifest that is written when a package is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Path relative to the package.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// MD5 in lower-case hex, if the message states one or might have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// It was not uploaded with this attempt: it is the earlier attempt's, taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
    /// It was not uploaded at all: it is the live version's, kept for an update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What a stored file is of its release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The master of the recording with this ISRC, in its twelve characters.
    Recording(String),
    /// The cover.
    Cover,
}

/// Whose file a line of a manifest is, when it is the live version's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The package that brought it.
    pub package: PackageId,
    /// Its path there.
    pub path: String,
    /// What it is.
    pub purpose: Option<Purpose>,
}

/// What was claimed; stored in the journal and as a file beside the package, so that the spool can
/// be read without the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The package.
    pub package: PackageId,
    /// Whose it is: the label's opaque identifier.
    pub label: String,
    /// Name of the folder under `/incoming`; for a batch `<batch>/<release>`.
    pub folder: String,
    /// All files.
    pub files: Vec<ManifestFile>,
}

impl Manifest {
    /// Equal content, equal print, in whatever order the files were found; names of folder, label
    /// and package are left out. See [`fingerprint`].
    pub fn fingerprint(&self) -> String {
        fingerprint(
            self.files
                .iter()
                .map(|file| (file.path.as_str(), file.size, file.sha256.as_str())),
        )
    }
}

/// SHA-256, in lower-case hex, over one line for each file, sorted: path, size and SHA-256 with a
/// tab between them (PKG-028).
pub fn fingerprint<'a>(files: impl IntoIterator<Item = (&'a str, u64, &'a str)>) -> String {
    let mut lines: Vec<String> = files
        .into_iter()
        .map(|(path, size, sha256)| format!("{path}\t{size}\t{sha256}\n"))
        .collect();
    lines.sort();
    hex::encode(Sha256::digest(lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_fingerprint_knows_content_and_not_order() {
        let one = fingerprint([("a.wav", 1, "aa"), ("b.wav", 2, "bb")]);
        assert_eq!(one, fingerprint([("b.wav", 2, "bb"), ("a.wav", 1, "aa")]));
        assert_ne!(one, fingerprint([("a.wav", 1, "aa"), ("b.wav", 2, "bc")]));
        assert_ne!(one, fingerprint([("a.wav", 1, "aa")]));
        assert_eq!(one.len(), 64);
    }
}
