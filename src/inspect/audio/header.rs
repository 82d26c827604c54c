//! What the headers of an audio file say, and what is odd about them.
//!
//! Headers are read here and not by a library, because no library says of a truncated WAV that it
//! is truncated, and one takes a good RF64 for MPEG audio.

use super::pcm::Stored;
use crate::domain::facts::{AudioFault, Container, SampleCoding};

/// Chunks that are looked at; real files have fewer than twenty.
pub(super) const MOST_CHUNKS: usize = 4096;
/// Rates that are believed, in hertz: telephones to DSD-rate converters.
pub(super) const RATES: std::ops::RangeInclusive<u32> = 4_000..=800_000;
/// Channels that are believed.
pub(super) const MOST_CHANNELS: u32 = 64;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Header {
    /// By content.
    pub(super) container: Container,
    /// How samples are coded.
    pub(super) coding: SampleCoding,
    /// For people.
    pub(super) codec_name: String,
    /// Hertz; 0 when not known.
    pub(super) rate: u32,
    /// Valid bits of a sample; 0 when not known.
    pub(super) bits: u32,
    /// 0 when not known.
    pub(super) channels: u32,
    /// `WAVE_FORMAT_EXTENSIBLE`.
    pub(super) extensible: bool,
    /// Damage and oddities seen in the header.
    pub(super) faults: Vec<AudioFault>,
    /// Where the samples are; `None` when we do not decode them.
    pub(super) content: Option<Content>,
}

/// Where samples are and how they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// PCM that we convert ourselves.
    Pcm(PcmLayout),
    /// A FLAC stream that begins at this byte.
    Flac {
        /// Offset of `fLaC`.
        start: u64,
    },
}

/// Where PCM lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PcmLayout {
    /// Offset of the first sample.
    pub(super) start: u64,
    /// Bytes that are there, whole frames only.
    pub(super) bytes: u64,
    /// How a sample is stored.
    pub(super) stored: Stored,
}

impl Header {
    /// A header that nothing could be read from.
    pub(super) fn unreadable(container: Container, why: impl Into<String>) -> Self {
        Self {
            container,
            faults: vec![AudioFault::Unreadable { why: why.into() }],
            ..Self::default()
        }
    }

    /// Audio that is recognised and neither accepted nor decoded.
    pub(super) fn compressed(container: Container, codec_name: &str) -> Self {
        Self {
            container,
            coding: SampleCoding::Compressed,
            codec_name: codec_name.to_owned(),
            ..Self::default()
        }
    }

    /// Notes something odd.
    pub(super) fn odd(&mut self, what: impl Into<String>) {
        self.faults.push(AudioFault::Odd { what: what.into() });
    }

    /// Notes that nobody can say how its samples are coded.
    pub(super) fn unknown_coding(&mut self) {
        let why = format!("its audio is in {}", self.codec_name);
        self.faults.push(AudioFault::Unreadable { why });
    }

    /// Whether rate and channels can be believed; says what cannot.
    pub(super) fn implausible(&self) -> Option<String> {
        if !RATES.contains(&self.rate) {
            Some(format!(
                "its header states a sampling rate of {} Hz, which cannot be",
                self.rate
            ))
        } else if self.channels == 0 || self.channels > MOST_CHANNELS {
            Some(format!(
                "its header states {} channels, which cannot be",
                self.channels
            ))
        } else {
            None
        }
    }

    /// Sets where PCM lies, and compares what the header promises with what is there.
    ///
    /// `claimed` is the promised length in bytes, `present` what the file holds from `start` on.
    pub(super) fn place_pcm(&mut self, start: u64, claimed: u64, present: u64, stored: Stored) {
        if let Some(why) = self.implausible() {
            self.faults.push(AudioFault::Unreadable { why });
            return;
        }
        let frame = stored.bytes() as u64 * u64::from(self.channels);
        let bytes = claimed.min(present);
        if present < claimed {
            self.faults.push(AudioFault::Truncated {
                promised_ms: Some(super::levels::milliseconds(
                    claimed / frame,
                    u64::from(self.rate),
                )),
                present_ms: super::levels::milliseconds(bytes / frame, u64::from(self.rate)),
            });
        } else if !bytes.is_multiple_of(frame) {
            self.odd(format!(
                "{} bytes are left over after the last whole sample",
                bytes % frame
            ));
        }
        self.content = Some(Content::Pcm(PcmLayout {
            start,
            bytes: bytes - bytes % frame,
            stored,
        }));
    }
}
