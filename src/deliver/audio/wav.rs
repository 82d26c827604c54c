//! WAV with the header that every reader knows: 44 bytes of `WAVE_FORMAT_PCM`, the samples, and
//! nothing after them but the pad byte that RIFF asks for.

use super::layout::{Layout, Pcm};
use super::{Hashed, content, not_convertible, samples};
use crate::deliver::generate::Changed;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use std::path::Path;

const HEADER_BYTES: u32 = 44;

pub(super) fn write(layout: &Layout, from: &Cargo, to: &Path) -> Result<Changed, Fault> {
    let pcm = layout.pcm;
    let (header, length) = head(pcm, from)?;
    let mut file = Hashed::create(to)?;
    file.write(&header)?;
    let mut written = 0_u64;
    samples(layout, from, &mut |frames| {
        written += frames.len() as u64;
        file.write(frames)
    })?;
    if written != length {
        return Err(not_convertible(
            from,
            "it holds another number of samples than its header promises",
        ));
    }
    if written % 2 == 1 {
        file.write(&[0])?;
    }
    file.finish("wav", content(pcm, false))
}

/// The whole file's size in bytes.
pub(super) fn size(pcm: Pcm, from: &Cargo) -> Result<u64, Fault> {
    let (header, length) = head(pcm, from)?;
    Ok(header.len() as u64 + length + length % 2)
}

/// The header, and the bytes of samples that follow it.
fn head(pcm: Pcm, from: &Cargo) -> Result<(Vec<u8>, u64), Fault> {
    let length = pcm.frames.checked_mul(pcm.frame_bytes() as u64);
    let made = length.and_then(|length| {
        let header = header(pcm, u32::try_from(length).ok()?)?;
        Some((header, length))
    });
    let made =
        made.ok_or_else(|| not_convertible(from, "WAV ends at 4 GiB, and its audio is longer"))?;
    if pcm.frames == 0 {
        return Err(not_convertible(
            from,
            "its header does not say how long it is",
        ));
    }
    Ok(made)
}

fn header(pcm: Pcm, length: u32) -> Option<Vec<u8>> {
    let channels = u16::try_from(pcm.channels).ok()?;
    let block = u16::try_from(pcm.frame_bytes()).ok()?;
    let bits = u16::try_from(pcm.stored_bits()).ok()?;
    let mut header = Vec::with_capacity(HEADER_BYTES as usize);
    header.extend_from_slice(b"RIFF");
    let behind = (HEADER_BYTES - 8)
        .checked_add(length)?
        .checked_add(length % 2)?;
    header.extend_from_slice(&behind.to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&channels.to_le_bytes());
    header.extend_from_slice(&pcm.rate.to_le_bytes());
    header.extend_from_slice(&pcm.rate.checked_mul(u32::from(block))?.to_le_bytes());
    header.extend_from_slice(&block.to_le_bytes());
    header.extend_from_slice(&bits.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&length.to_le_bytes());
    Some(header)
}
