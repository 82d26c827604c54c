//! One audio file: what it is, whether it is whole, and how it sounds to a meter, in one reading
//! that also hashes it.
//!
//! Judges nothing. A panic in a decoder and a time-out become `FileMeasure::failure`. Compressed
//! audio is recognised and hashed, not decoded.

use super::blocks::{Blocks, Digests, Watch};
use crate::domain::facts::{AudioFacts, AudioFault};
use crate::domain::limits::Limits;
use header::{Content, Header, PcmLayout};
use levels::{Measured, Meter, milliseconds};
use pcm::Scratch;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

mod aiff;
mod flac;
mod header;
mod identify;
mod kernels;
mod levels;
mod loudness;
mod pcm;
mod riff;
mod shape;
mod spectrum;

/// What reading one file gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileMeasure {
    /// What was found out, as far as it came.
    pub facts: AudioFacts,
    /// Hashes, when the file was read to its end.
    pub digests: Option<Digests>,
    /// Size in bytes; 0 when the file could not be opened.
    pub size: u64,
    /// Why inspection itself failed, if it did.
    pub failure: Option<String>,
}

/// Reads and measures one audio file. Never fails and never panics.
///
/// `cancel` gives up between two blocks; `progress` is told the bytes read.
pub fn measure(
    path: &Path,
    limits: &Limits,
    cancel: &AtomicBool,
    progress: &(dyn Fn(u64) + Sync),
) -> FileMeasure {
    let watch = Watch {
        cancel,
        at_most: Duration::from_secs(limits.inspect_seconds),
        progress,
        md5: true,
        sha1: false,
        known: None,
    };
    measure_watched(path, watch)
}

/// The same with everything that bounds a reading in one value.
pub fn measure_watched(path: &Path, watch: Watch<'_>) -> FileMeasure {
    if let Ok(measure) = catch_unwind(AssertUnwindSafe(|| read(path, watch))) {
        return measure;
    }
    tracing::error!(?path, "an audio decoder panicked");
    let hashed = Blocks::open(path, watch).and_then(|blocks| {
        let size = blocks.size();
        Ok((size, blocks.finish()?))
    });
    let (size, digests) = hashed.map_or((0, None), |(size, sums)| (size, Some(sums)));
    FileMeasure {
        digests,
        size,
        failure: Some("the decoder gave up on this file".to_owned()),
        ..FileMeasure::default()
    }
}

fn read(path: &Path, watch: Watch<'_>) -> FileMeasure {
    let mut blocks = match Blocks::open(path, watch) {
        Ok(blocks) => blocks,
        Err(error) => {
            return FileMeasure {
                failure: Some(format!("the file could not be opened: {error}")),
                ..FileMeasure::default()
            };
        }
    };
    let size = blocks.size();
    let mut header = identify::identify(blocks.file(), size);
    let measured = match header.content {
        Some(Content::Pcm(layout)) => decode_pcm(&mut blocks, layout, &mut header).map(Some),
        Some(Content::Flac { start }) => flac::measure(&mut blocks, start, &mut header),
        None => Ok(None),
    };
    let (measured, digests, failure) = match measured {
        Ok(measured) => match blocks.finish() {
            Ok(digests) => (measured, Some(digests), None),
            Err(error) => (measured, None, Some(error.to_string())),
        },
        Err(error) => (None, None, Some(error.to_string())),
    };
    FileMeasure {
        facts: facts(header, measured),
        digests,
        size,
        failure,
    }
}

fn facts(header: Header, measured: Option<Measured>) -> AudioFacts {
    let frames = measured.as_ref().map_or(0, |measured| measured.frames);
    let (levels, sound_hash) = measured.map(|all| (all.levels, all.sound_hash)).unzip();
    AudioFacts {
        container: header.container,
        coding: header.coding,
        codec_name: header.codec_name,
        rate_hz: header.rate,
        bits: header.bits,
        channels: header.channels,
        frames,
        duration_ms: milliseconds(frames, u64::from(header.rate)),
        extensible: header.extensible,
        faults: header.faults,
        sound_hash,
        levels,
    }
}

/// Samples converted at once.
const CONVERTED_FRAMES: usize = 8192;

fn decode_pcm(
    blocks: &mut Blocks<'_>,
    layout: PcmLayout,
    header: &mut Header,
) -> io::Result<Measured> {
    let frame = layout.stored.bytes() * header.channels.max(1) as usize;
    let expected = layout.bytes / frame as u64;
    let mut meter = Meter::new(header.rate, header.channels);
    blocks.skip(layout.start)?;
    let mut left = layout.bytes;
    // Bytes of a frame that lies across two blocks.
    let mut torn: Vec<u8> = Vec::with_capacity(frame);
    let mut scratch = Scratch::default();
    while left > 0 {
        let mut bytes = blocks.next(left)?;
        if bytes.is_empty() {
            break;
        }
        left -= bytes.len() as u64;
        if !torn.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(frame - torn.len()));
            torn.extend_from_slice(head);
            bytes = tail;
            if torn.len() < frame {
                continue;
            }
            layout.stored.feed(&torn, &mut scratch, &mut meter);
            torn.clear();
        }
        let (whole, rest) = bytes.split_at(bytes.len() / frame * frame);
        for piece in whole.chunks(frame * CONVERTED_FRAMES) {
            layout.stored.feed(piece, &mut scratch, &mut meter);
        }
        torn.extend_from_slice(rest);
    }
    if meter.not_numbers() > 0 {
        header.odd(format!(
            "{} samples are no numbers; they were measured as silence",
            meter.not_numbers()
        ));
    }
    let present = meter.frames();
    if present < expected {
        header.faults.push(AudioFault::Truncated {
            promised_ms: Some(milliseconds(expected, u64::from(header.rate))),
            present_ms: milliseconds(present, u64::from(header.rate)),
        });
    }
    Ok(meter.finish(header.bits))
}
