//! Audio in the form that a DSP wants, sample for sample what the label sent.
//!
//! WAV gets the plain header or becomes FLAC; AIFF becomes either; FLAC becomes WAV. Only integers of
//! 8 to 32 bits are touched (FLAC: 8 to 24); floating point has no form here that keeps it. A file is
//! read once, in pieces, and vouched for like any other (`source`); a FLAC that was made is decoded
//! again and compared, because its encoder is not ours.

mod flac;
mod layout;
mod wav;

use super::generate::{Changed, Hashed};
use super::preview::Foretold;
use super::source::Source;
use crate::domain::dsp::{AudioFormat, AudioOptions};
use crate::domain::ern::write::OutContent;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use layout::{Kind, Layout, Pcm};
use std::path::Path;

/// Bytes read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Makes the wanted form of `from` at `to`; `None` when the file has it already.
///
/// Permanent fault `not_convertible` when there is no way without a loss.
pub(super) fn changed(
    options: AudioOptions,
    from: &Cargo,
    to: &Path,
) -> Result<Option<Changed>, Fault> {
    if options == AudioOptions::default() {
        return Ok(None);
    }
    let layout = layout::of(from)?;
    match wanted(options, &layout) {
        Some(Wanted::Wav) => wav::write(&layout, from, to).map(Some),
        Some(Wanted::Flac) => flac::write(&layout, from, to).map(Some),
        None => Ok(None),
    }
}

/// A form to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Wav,
    Flac,
}

/// The form that a file is to be brought into; `None` when it has it already.
fn wanted(options: AudioOptions, layout: &Layout) -> Option<Wanted> {
    let is_wav = layout.kind == Kind::Wav;
    let wants_wav = match options.format {
        AudioFormat::AsIs => is_wav && options.plain_wav_header && !layout.is_plain,
        AudioFormat::Wav => !is_wav || (options.plain_wav_header && !layout.is_plain),
        AudioFormat::Flac => false,
    };
    if wants_wav {
        return Some(Wanted::Wav);
    }
    (options.format == AudioFormat::Flac && layout.kind != Kind::Flac).then_some(Wanted::Flac)
}

/// What `changed` would do, from the file's header alone: nothing is made, and the samples are not
/// read.
pub(super) fn foreseen(options: AudioOptions, from: &Cargo) -> Result<Option<Foretold>, Fault> {
    if options == AudioOptions::default() {
        return Ok(None);
    }
    let layout = layout::of(from)?;
    let was = match layout.kind {
        Kind::Wav => "WAV",
        Kind::Aiff => "AIFF",
        Kind::Flac => "FLAC",
    };
    Ok(match wanted(options, &layout) {
        None => None,
        Some(Wanted::Wav) => Some(Foretold {
            extension: "wav",
            size: Some(wav::size(layout.pcm, from)?),
            what: if layout.kind == Kind::Wav {
                "WAV header rewritten".to_owned()
            } else {
                format!("{was} → WAV")
            },
            content: content(layout.pcm, false),
        }),
        Some(Wanted::Flac) => {
            flac::check(layout.pcm, from)?;
            Some(Foretold {
                extension: "flac",
                // Known when it is made.
                size: None,
                what: format!("{was} → FLAC"),
                content: content(layout.pcm, true),
            })
        }
    })
}

/// Hands the samples to `take`, in whole frames as WAV stores them: interleaved, least significant
/// byte first, 8 bits unsigned. Vouches for the file at its end.
fn samples(
    layout: &Layout,
    from: &Cargo,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if layout.kind == Kind::Flac {
        return flac::decode(layout, from, take);
    }
    let mut source = Source::open(from)?;
    let mut buffer = vec![0; PIECE_BYTES];
    let frame = layout.pcm.frame_bytes();
    let (mut at, mut rest) = (0_u64, Vec::new());
    loop {
        let count = source.fill(from, &mut buffer)?;
        let piece = buffer.get(..count).unwrap_or_default();
        rest.extend_from_slice(layout.samples_of(piece, at));
        at += count as u64;
        let whole = rest.len() - rest.len() % frame;
        if let Some(frames) = rest.get_mut(..whole)
            && !frames.is_empty()
        {
            layout.pcm.to_wav_order(frames);
            take(frames)?;
        }
        rest.drain(..whole);
        if count < PIECE_BYTES {
            break;
        }
    }
    source.vouch(from)
}

fn content(pcm: Pcm, is_flac: bool) -> OutContent {
    OutContent::Audio {
        is_flac,
        rate_hz: pcm.rate,
        bits: pcm.stored_bits(),
        channels: pcm.channels,
        duration_ms: (pcm.frames * 1000)
            .checked_div(u64::from(pcm.rate))
            .unwrap_or_default(),
    }
}

fn not_convertible(from: &Cargo, why: &str) -> Fault {
    Fault::permanent(
        "not_convertible",
        format!(
            "{:?} cannot be brought into the form that the DSP's profile asks for without a loss: {why}. Ask the label for another master, or change [audio] of the profile.",
            from.name
        ),
    )
}

#[cfg(test)]
mod tests;
