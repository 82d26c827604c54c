//! AIFF and AIFF-C headers (Apple, 1989 and 1991).

use super::header::{Header, MOST_CHUNKS};
use super::pcm::Stored;
use crate::domain::facts::{AudioFault, Container, SampleCoding};
use crate::inspect::bytes::{Order, array, chunk_name, is_chunk_name, read_at};
use std::fs::File;

/// Reads the header; `head` holds the first twelve bytes.
pub(super) fn read(file: &File, size: u64, head: &[u8]) -> Header {
    let is_aifc = head.get(8..12) == Some(b"AIFC");
    let container = if is_aifc {
        Container::Aifc
    } else {
        Container::Aiff
    };
    let (common, sound) = walk(file, size);
    let Some(common) = common else {
        return Header::unreadable(container, "it has no `COMM` chunk, so nobody can play it");
    };
    let fields = (
        Order::Big.u16(&common, 0),
        Order::Big.u32(&common, 2),
        Order::Big.u16(&common, 6),
        common.get(8..18).and_then(rate_of),
    );
    let (Some(channels), Some(frames), Some(bits), Some(rate)) = fields else {
        return Header::unreadable(container, "its `COMM` chunk is too short");
    };
    let kind = if is_aifc {
        array(&common, 18).unwrap_or(*b"NONE")
    } else {
        *b"NONE"
    };
    let (coding, name, stored) = coding_of(kind, bits);
    let mut header = Header {
        container,
        coding,
        codec_name: name,
        rate,
        bits: u32::from(bits),
        channels: u32::from(channels),
        ..Header::default()
    };
    let Some(stored) = stored else {
        if coding == SampleCoding::Pcm {
            let why = format!("its header states samples of {bits} bits, which cannot be");
            header.faults.push(AudioFault::Unreadable { why });
        } else if coding == SampleCoding::Unknown {
            header.unknown_coding();
        }
        return header;
    };
    let Some((start, length)) = sound else {
        header.faults.push(AudioFault::Unreadable {
            why: "it has no `SSND` chunk, so it holds no audio".to_owned(),
        });
        return header;
    };
    let frame = stored.bytes() as u64 * u64::from(channels);
    let by_frames = u64::from(frames) * frame;
    if by_frames != length {
        header.odd(format!(
            "`COMM` states {frames} samples a channel, `SSND` holds {}",
            length.checked_div(frame).unwrap_or(0)
        ));
    }
    // What both chunks promise at least has to be there; what only one of them promises is odd.
    let claimed = if by_frames == 0 {
        length
    } else {
        by_frames.min(length)
    };
    header.place_pcm(start, claimed, size.saturating_sub(start), stored);
    header
}

/// Content of `COMM`; start and length of the samples.
fn walk(file: &File, size: u64) -> (Option<Vec<u8>>, Option<(u64, u64)>) {
    let (mut common, mut sound) = (None, None);
    let mut at = 12_u64;
    for _ in 0..MOST_CHUNKS {
        let head = read_at(file, at, 8);
        let (Some(name), Some(length)) = (head.get(..4), Order::Big.u32(&head, 4)) else {
            break;
        };
        if !is_chunk_name(name) {
            break;
        }
        let (content, length) = (at + 8, u64::from(length));
        if name == b"COMM" && common.is_none() {
            let shown = usize::try_from(length.min(64)).unwrap_or(64);
            common = Some(read_at(file, content, shown));
        } else if name == b"SSND"
            && sound.is_none()
            && let Some(offset) = Order::Big.u32(&read_at(file, content, 4), 0)
        {
            let before = 8 + u64::from(offset);
            sound = Some((content + before, length.saturating_sub(before)));
        }
        at = content.saturating_add(length).saturating_add(length & 1);
        if at >= size {
            break;
        }
    }
    (common, sound)
}

/// Coding, its name, and how samples are stored when we can read them.
fn coding_of(kind: [u8; 4], bits: u16) -> (SampleCoding, String, Option<Stored>) {
    let big = !matches!(&kind, b"sowt" | b"23ni" | b"42ni");
    match &kind {
        b"NONE" | b"twos" | b"sowt" | b"in16" | b"in24" | b"42ni" | b"in32" | b"23ni" => {
            let bytes = usize::from(bits.div_ceil(8));
            let stored = (1..=4)
                .contains(&bytes)
                .then_some(Stored::Integer { bytes, big });
            (SampleCoding::Pcm, format!("PCM {bits} bit"), stored)
        }
        b"raw " => (
            SampleCoding::Pcm,
            format!("PCM {bits} bit"),
            (bits == 8).then_some(Stored::Unsigned8),
        ),
        b"fl32" | b"FL32" => (
            SampleCoding::Float,
            "floating point 32 bit".to_owned(),
            Some(Stored::Float32 { big }),
        ),
        b"fl64" | b"FL64" => (
            SampleCoding::Float,
            "floating point 64 bit".to_owned(),
            Some(Stored::Float64 { big }),
        ),
        b"alaw" | b"ALAW" | b"ulaw" | b"ULAW" | b"ima4" | b"MAC3" | b"MAC6" | b"GSM " => (
            SampleCoding::Compressed,
            format!("{} in an AIFF-C file", chunk_name(&kind)),
            None,
        ),
        _ => (
            SampleCoding::Unknown,
            format!(
                "an unknown coding ({}) in an AIFF-C file",
                kind.escape_ascii()
            ),
            None,
        ),
    }
}

/// An 80-bit extended float as a whole number of hertz.
fn rate_of(bytes: &[u8]) -> Option<u32> {
    let exponent = i32::from(Order::Big.u16(bytes, 0)? & 0x7fff) - 16_383;
    let mantissa = Order::Big.u64(bytes, 2)?;
    if !(0..32).contains(&exponent) {
        return Some(0);
    }
    u32::try_from(mantissa >> (63 - exponent)).ok()
}
