//! Where the samples lie in a file, and how they are stored. The header is looked at beforehand, by
//! a few bytes; a file that came in whole and was inspected holds no surprise, so what does not fit is
//! refused and not mended.

use super::not_convertible;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Chunks that are walked over; real files have fewer than twenty.
const MOST_CHUNKS: usize = 1024;

/// Container of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// RIFF or RF64.
    Wav,
    /// AIFF or AIFF-C.
    Aiff,
    Flac,
}

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pcm {
    /// Hertz.
    pub(super) rate: u32,
    pub(super) channels: u32,
    /// Bytes of a sample; the value stands in their upper bits.
    pub(super) bytes: usize,
    pub(super) big: bool,
    /// One byte with a sign, as in AIFF.
    pub(super) signed_byte: bool,
    /// Samples of a channel.
    pub(super) frames: u64,
}

impl Pcm {
    pub(super) fn frame_bytes(self) -> usize {
        self.bytes.max(1) * self.channels.max(1) as usize
    }

    /// Bits of a sample as stored: 24 for 20 bits in three bytes.
    pub(super) fn stored_bits(self) -> u32 {
        u32::try_from(self.bytes * 8).unwrap_or_default()
    }

    pub(super) fn to_wav_order(self, frames: &mut [u8]) {
        if self.big && self.bytes > 1 {
            frames
                .chunks_exact_mut(self.bytes)
                .for_each(<[u8]>::reverse);
        }
        if self.signed_byte {
            for byte in frames {
                *byte ^= 0x80;
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) pcm: Pcm,
    /// Where the samples begin; of FLAC, the frames.
    pub(super) start: u64,
    /// Bytes of samples.
    pub(super) length: u64,
    /// A 44-byte header of plain PCM, and nothing after the samples.
    pub(super) is_plain: bool,
}

impl Layout {
    /// Of a piece that was read at `at`, that which is samples.
    pub(super) fn samples_of<'a>(&self, piece: &'a [u8], at: u64) -> &'a [u8] {
        let clip = |place: u64| {
            usize::try_from(place.saturating_sub(at))
                .unwrap_or(usize::MAX)
                .min(piece.len())
        };
        piece
            .get(clip(self.start)..clip(self.start + self.length))
            .unwrap_or_default()
    }
}

/// Reads the header.
pub(super) fn of(from: &Cargo) -> Result<Layout, Fault> {
    let file = File::open(&from.source).map_err(|error| unreadable(from, &error))?;
    let head = read_at(&file, 0, 12);
    let refuse = |why: &str| not_convertible(from, why);
    let layout = match (head.get(..4), head.get(8..12)) {
        (Some(b"RIFF"), Some(b"WAVE")) => wav(&file, from.size, false),
        (Some(b"RF64" | b"BW64"), Some(b"WAVE")) => wav(&file, from.size, true),
        (Some(b"FORM"), Some(b"AIFF")) => aiff(&file, false),
        (Some(b"FORM"), Some(b"AIFC")) => aiff(&file, true),
        (Some(b"fLaC"), _) => flac(&file),
        _ => Err("it is no WAV, AIFF or FLAC file"),
    }
    .map_err(refuse)?;
    if layout.pcm.channels == 0 || layout.pcm.rate == 0 {
        return Err(refuse("its header states no channel or no sampling rate"));
    }
    if layout.kind != Kind::Flac && layout.start + layout.length > from.size {
        return Err(refuse("its header promises more audio than there is"));
    }
    Ok(layout)
}

fn unreadable(from: &Cargo, error: &io::Error) -> Fault {
    Fault::transient(
        "spool_unreadable",
        format!(
            "Our own copy of {:?} cannot be read: {error} ({}).",
            from.name,
            from.source.display()
        ),
    )
}

/// As many of the bytes as there are.
fn read_at(file: &File, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(space) = bytes.get_mut(filled..)
        && !space.is_empty()
    {
        match file.read_at(space, at + filled as u64) {
            Ok(count) if count > 0 => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => break,
        }
    }
    bytes.truncate(filled);
    bytes
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn little32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn little16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn wav(file: &File, size: u64, long: bool) -> Result<Layout, &'static str> {
    let (mut format, mut data, mut long_length) = (None, None, None);
    let (mut at, mut chunks) = (12_u64, 0);
    while at + 8 <= size && chunks < MOST_CHUNKS {
        let head = read_at(file, at, 8);
        let (Some(name), Some(length)) = (array::<4>(&head, 0), little32(&head, 4)) else {
            break;
        };
        let mut length = u64::from(length);
        match &name {
            b"ds64" => {
                long_length = array(&read_at(file, at + 16, 8), 0).map(u64::from_le_bytes);
            }
            b"fmt " if format.is_none() => {
                format = Some((
                    length,
                    read_at(file, at + 8, usize::try_from(length.min(40)).unwrap_or(40)),
                ));
            }
            b"data" if data.is_none() => {
                if long && length == u64::from(u32::MAX) {
                    length = long_length.ok_or("its header lacks the length of the audio")?;
                }
                data = Some((at + 8, length));
            }
            _ => {}
        }
        at = at.saturating_add(8 + length + length % 2);
        chunks += 1;
    }
    let (format_length, format) = format.ok_or("it has no `fmt ` chunk")?;
    let (start, length) = data.ok_or("it has no `data` chunk")?;
    let tag = little16(&format, 0).ok_or("its `fmt ` chunk is too short")?;
    // WAVE_FORMAT_EXTENSIBLE has the real one at the front of its sub-format.
    let coding = if tag == 0xFFFE {
        little16(&format, 24).unwrap_or(0)
    } else {
        tag
    };
    if coding != 1 {
        return Err("its samples are no integers");
    }
    let channels = u32::from(little16(&format, 2).unwrap_or(0));
    let block = usize::from(little16(&format, 12).unwrap_or(0));
    let bytes = block.checked_div(channels as usize).unwrap_or(0);
    if !(1..=4).contains(&bytes) || bytes * channels as usize != block {
        return Err("its samples are of a size that is not known");
    }
    let bits = little16(&format, 14).unwrap_or(0);
    let frames = length / block as u64;
    let length = frames * block as u64;
    Ok(Layout {
        kind: Kind::Wav,
        pcm: Pcm {
            rate: little32(&format, 4).unwrap_or(0),
            channels,
            bytes,
            big: false,
            signed_byte: false,
            frames,
        },
        start,
        length,
        is_plain: !long
            && tag == 1
            && format_length == 16
            && usize::from(bits) == bytes * 8
            && start == 44
            && size <= start + length + length % 2,
    })
}

fn aiff(file: &File, is_aifc: bool) -> Result<Layout, &'static str> {
    let (mut common, mut sound) = (None, None);
    let (mut at, mut chunks) = (12_u64, 0);
    while chunks < MOST_CHUNKS {
        let head = read_at(file, at, 8);
        let (Some(name), Some(length)) = (array::<4>(&head, 0), array(&head, 4)) else {
            break;
        };
        let length = u64::from(u32::from_be_bytes(length));
        match &name {
            b"COMM" if common.is_none() => common = Some(read_at(file, at + 8, 22)),
            b"SSND" if sound.is_none() => {
                let offset = array(&read_at(file, at + 8, 4), 0).map_or(0, u32::from_be_bytes);
                let before = 8 + u64::from(offset);
                sound = Some((at + 8 + before, length.saturating_sub(before)));
            }
            _ => {}
        }
        at = at.saturating_add(8 + length + length % 2);
        chunks += 1;
    }
    let common = common.ok_or("it has no `COMM` chunk")?;
    let (start, available) = sound.ok_or("it has no `SSND` chunk")?;
    let coding = if is_aifc {
        array(&common, 18).unwrap_or(*b"NONE")
    } else {
        *b"NONE"
    };
    let big = match &coding {
        b"NONE" | b"twos" | b"in16" | b"in24" | b"in32" => true,
        b"sowt" | b"42ni" | b"23ni" => false,
        _ => return Err("its samples are no integers"),
    };
    let short = "its `COMM` chunk is too short";
    let channels = u32::from(u16::from_be_bytes(array(&common, 0).ok_or(short)?));
    let frames = u64::from(u32::from_be_bytes(array(&common, 2).ok_or(short)?));
    let bits = u16::from_be_bytes(array(&common, 6).ok_or(short)?);
    let rate = rate_of(array(&common, 8).ok_or(short)?).ok_or("its sampling rate is odd")?;
    let bytes = usize::from(bits.div_ceil(8));
    if !(1..=4).contains(&bytes) {
        return Err("its samples are of a size that is not known");
    }
    let frame = bytes as u64 * u64::from(channels);
    // What inspection measured is what both chunks promise.
    let frames = if frames == 0 {
        available.checked_div(frame).unwrap_or(0)
    } else {
        frames.min(available.checked_div(frame).unwrap_or(0))
    };
    Ok(Layout {
        kind: Kind::Aiff,
        pcm: Pcm {
            rate,
            channels,
            bytes,
            big: big && bytes > 1,
            signed_byte: bytes == 1,
            frames,
        },
        start,
        length: frames * frame,
        is_plain: false,
    })
}

/// An 80-bit float that is a whole number of hertz.
fn rate_of(bytes: [u8; 10]) -> Option<u32> {
    let exponent = i32::from(u16::from_be_bytes(array(&bytes, 0)?)) - 16_383;
    let mantissa = u64::from_be_bytes(array(&bytes, 2)?);
    let shift = u32::try_from(63 - exponent)
        .ok()
        .filter(|shift| *shift < 64)?;
    let whole = mantissa >> shift;
    (whole << shift == mantissa).then_some(u32::try_from(whole).ok()?)
}

fn flac(file: &File) -> Result<Layout, &'static str> {
    let mut at = 4_u64;
    let mut info = None;
    for _ in 0..MOST_CHUNKS {
        let head = read_at(file, at, 4);
        let [kind, a, b, c] = array(&head, 0).ok_or("it ends within its header")?;
        if matches!(kind, 0x00 | 0x80) {
            info = array::<34>(&read_at(file, at + 4, 34), 0);
        }
        at += 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if kind & 0x80 != 0 {
            let info = info.ok_or("it has no STREAMINFO")?;
            let packed = u64::from_be_bytes(array(&info, 10).unwrap_or_default());
            let field = |shift: u32, bits: u32| (packed >> shift) & ((1 << bits) - 1);
            let bits = field(36, 5) + 1;
            return Ok(Layout {
                kind: Kind::Flac,
                pcm: Pcm {
                    rate: u32::try_from(field(44, 20)).unwrap_or(0),
                    channels: u32::try_from(field(41, 3)).unwrap_or(0) + 1,
                    bytes: usize::try_from(bits.div_ceil(8)).unwrap_or(0),
                    big: false,
                    signed_byte: false,
                    frames: field(0, 36),
                },
                start: at,
                length: 0,
                is_plain: false,
            });
        }
    }
    Err("its header has no end")
}
