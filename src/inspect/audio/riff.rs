//! WAVE headers: RIFF, RF64, BW64 and big-endian RIFX.
//!
//! Sources: Multimedia Programming Interface 1.0 (RIFF), EBU Tech 3306 (RF64), ITU-R BS.2088
//! (BW64), Microsoft's WAVEFORMATEXTENSIBLE.

use super::header::{Header, MOST_CHUNKS};
use super::pcm::Stored;
use crate::domain::facts::{AudioFault, Container, SampleCoding};
use crate::inspect::bytes::{Order, chunk_name, is_chunk_name, read_at};
use std::fs::File;

/// Size field of a chunk whose length stands elsewhere (RF64) or was not known yet (streamed).
const UNKNOWN_SIZE: u64 = u32::MAX as u64;

/// What the walk over the chunks found.
#[derive(Default)]
struct Chunks {
    format: Option<Vec<u8>>,
    /// Start and claimed length of the first `data` chunk.
    data: Option<(u64, u64)>,
    /// Data length by `ds64`.
    long_data: Option<u64>,
    behind: Vec<String>,
    odd: Vec<String>,
}

/// Reads the header; `head` holds the first twelve bytes.
pub(super) fn read(file: &File, size: u64, head: &[u8]) -> Header {
    let form = head.get(..4).unwrap_or_default();
    let order = if form == b"RIFX" {
        Order::Big
    } else {
        Order::Little
    };
    let long = matches!(form, b"RF64" | b"BW64");
    let container = if long {
        Container::Rf64
    } else {
        Container::Wav
    };
    let mut chunks = walk(file, size, order, long);
    let claimed_file = u64::from(order.u32(head, 4).unwrap_or(0));
    if !long && claimed_file != UNKNOWN_SIZE {
        let claimed_end = claimed_file + 8;
        // One byte more is the pad byte that some writers do not count.
        if claimed_end + 1 < size && claimed_file != 0 {
            chunks.odd.push(format!(
                "{} bytes lie behind the end that the header states",
                size - claimed_end
            ));
        }
    }
    let Some(format) = &chunks.format else {
        return Header::unreadable(container, "it has no `fmt ` chunk, so nobody can play it");
    };
    let mut header = match format_of(format, order) {
        Ok(header) => header,
        Err(why) => return Header::unreadable(container, why),
    };
    header.container = container;
    let stored = stored(&mut header, format, order);
    for what in chunks.odd {
        header.odd(what);
    }
    if !chunks.behind.is_empty() {
        header
            .faults
            .push(AudioFault::ChunksAfterData { ids: chunks.behind });
    }
    let Some((start, claimed)) = chunks.data else {
        header.faults.push(AudioFault::Unreadable {
            why: "it has no `data` chunk, so it holds no audio".to_owned(),
        });
        return header;
    };
    if header.coding == SampleCoding::Unknown {
        header.unknown_coding();
    }
    if let Some(stored) = stored {
        header.place_pcm(start, claimed, size.saturating_sub(start), stored);
    }
    header
}

fn walk(file: &File, size: u64, order: Order, long: bool) -> Chunks {
    let mut found = Chunks::default();
    let mut at = 12_u64;
    for _ in 0..MOST_CHUNKS {
        let head = read_at(file, at, 8);
        let (Some(name), Some(length)) = (head.get(..4), order.u32(&head, 4)) else {
            break;
        };
        if !is_chunk_name(name) {
            let before = at.saturating_sub(1);
            if found.data.is_none() && is_chunk_name(&read_at(file, before, 4)) {
                found
                    .odd
                    .push("a chunk of odd length lacks its pad byte".to_owned());
                at = before;
                continue;
            }
            if found.data.is_some() && name != [0; 4] {
                let left = size.saturating_sub(at);
                found.odd.push(format!(
                    "{left} bytes behind the audio belong to nothing; if they are audio, the header states too short a length"
                ));
            }
            break;
        }
        let length = take(&mut found, file, (at, size), name, u64::from(length), long);
        at = at
            .saturating_add(8)
            .saturating_add(length)
            .saturating_add(length & 1);
        if at >= size {
            break;
        }
    }
    found
}

/// Takes one chunk in; gives its length, which for `data` may stand elsewhere.
fn take(
    found: &mut Chunks,
    file: &File,
    (at, size): (u64, u64),
    name: &[u8],
    length: u64,
    long: bool,
) -> u64 {
    let content = at + 8;
    let rest = size.saturating_sub(content);
    match name {
        b"ds64" if long => {
            found.long_data = Order::Little.u64(&read_at(file, content, 24), 8);
        }
        b"fmt " if found.format.is_none() => {
            let shown = usize::try_from(length.min(64)).unwrap_or(64);
            found.format = Some(read_at(file, content, shown));
        }
        b"fmt " => found.odd.push("it has a second `fmt ` chunk".to_owned()),
        b"data" if found.data.is_none() => {
            let length = match found.long_data {
                Some(stated) if long && length == UNKNOWN_SIZE => stated,
                _ if length == UNKNOWN_SIZE => {
                    let what = "the length of the audio was never written into the header";
                    found.odd.push(what.to_owned());
                    rest
                }
                _ if length == 0 && rest > 0 && !is_chunk_name(&read_at(file, content, 4)) => {
                    let what = "the header states no audio at all, but audio follows";
                    found.odd.push(what.to_owned());
                    rest
                }
                _ => length,
            };
            if found.format.is_none() {
                found.odd.push("`data` stands before `fmt `".to_owned());
            }
            found.data = Some((content, length));
            return length;
        }
        b"data" => found
            .odd
            .push("it has a second `data` chunk, which players leave out".to_owned()),
        _ => {}
    }
    if found.data.is_some() && name != b"data" && name != b"fmt " {
        found.behind.push(chunk_name(name));
    }
    length
}

/// Reads `fmt `; fails with a sentence.
fn format_of(format: &[u8], order: Order) -> Result<Header, String> {
    let field = |at| order.u16(format, at);
    let (Some(tag), Some(channels), Some(rate), Some(bits)) =
        (field(0), field(2), order.u32(format, 4), field(14))
    else {
        return Err("its `fmt ` chunk is too short".to_owned());
    };
    let mut header = Header {
        rate,
        channels: u32::from(channels),
        bits: u32::from(bits),
        extensible: tag == 0xfffe,
        ..Header::default()
    };
    let mut tag = tag;
    if header.extensible {
        let (Some(valid), Some(inner)) = (field(18), field(24)) else {
            return Err("its `fmt ` chunk is too short for WAVE_FORMAT_EXTENSIBLE".to_owned());
        };
        tag = inner;
        if valid > 0 && valid <= bits {
            header.bits = u32::from(valid);
        } else if valid > bits {
            header.odd(format!("{valid} valid bits in samples of {bits} bits"));
        }
    }
    let (coding, name) = coding_of(tag);
    header.coding = coding;
    header.codec_name = match coding {
        SampleCoding::Pcm => format!("PCM {} bit", header.bits),
        SampleCoding::Float => format!("floating point {bits} bit"),
        SampleCoding::Compressed | SampleCoding::Flac | SampleCoding::Unknown => name,
    };
    Ok(header)
}

/// What a format tag stands for (RFC 2361 and Microsoft's mmreg.h).
fn coding_of(tag: u16) -> (SampleCoding, String) {
    let name = match tag {
        0x0001 => return (SampleCoding::Pcm, String::new()),
        0x0003 => return (SampleCoding::Float, String::new()),
        0x0002 => "Microsoft ADPCM in a WAV file",
        0x0006 => "A-law in a WAV file",
        0x0007 => "µ-law in a WAV file",
        0x0011 => "IMA ADPCM in a WAV file",
        0x0031 => "GSM 6.10 in a WAV file",
        0x0050 => "MPEG audio layer I or II in a WAV file",
        0x0055 => "MP3 in a WAV file",
        0x0092 | 0x2000 => "AC-3 in a WAV file",
        0x00ff | 0x1600..=0x1610 | 0x706d => "AAC in a WAV file",
        0x0160..=0x0163 => "Windows Media Audio in a WAV file",
        0x566f | 0x674f..=0x6771 => "Ogg Vorbis in a WAV file",
        0xf1ac => "FLAC in a WAV file",
        _ => {
            return (
                SampleCoding::Unknown,
                format!("an unknown coding (format tag 0x{tag:04x}) in a WAV file"),
            );
        }
    };
    (SampleCoding::Compressed, name.to_owned())
}

/// How PCM samples are stored; `None` for what we do not decode, with a fault where that is damage.
fn stored(header: &mut Header, format: &[u8], order: Order) -> Option<Stored> {
    let bits = order.u16(format, 14)?;
    let block = order.u16(format, 12)?;
    let big = order == Order::Big;
    let channels = u16::try_from(header.channels).unwrap_or(0);
    match header.coding {
        SampleCoding::Pcm => {
            let needed = bits.div_ceil(8);
            let stated = block.checked_div(channels).unwrap_or(0);
            let whole = channels > 0 && stated * channels == block;
            // A sample may lie in more bytes than it needs (24 bits in 32), never in fewer.
            let bytes = if needed == 0 {
                0
            } else if whole && (needed..=4).contains(&stated) {
                stated
            } else {
                let expected = needed.saturating_mul(channels);
                header.odd(format!(
                    "the header states {block} bytes for one sample of all channels; it has to be {expected}"
                ));
                needed
            };
            match bytes {
                1 => Some(Stored::Unsigned8),
                2..=4 => Some(Stored::Integer {
                    bytes: usize::from(bytes),
                    big,
                }),
                _ => {
                    header.faults.push(AudioFault::Unreadable {
                        why: format!("its header states samples of {bits} bits, which cannot be"),
                    });
                    None
                }
            }
        }
        SampleCoding::Float => match bits {
            32 => Some(Stored::Float32 { big }),
            64 => Some(Stored::Float64 { big }),
            _ => {
                header.faults.push(AudioFault::Unreadable {
                    why: format!(
                        "its header states floating point of {bits} bits, which cannot be"
                    ),
                });
                None
            }
        },
        SampleCoding::Flac | SampleCoding::Compressed | SampleCoding::Unknown => None,
    }
}
