//! FLAC: our own walk over the metadata, symphonia's decoder behind it.
//!
//! symphonia is given STREAMINFO and the frames, nothing else: pictures and comments of any size
//! would be held in memory, and a tag behind the last frame would cost that frame. It drops damaged
//! frames without a word, so positions and counts are compared here.

use super::header::Header;
use super::levels::{Measured, Meter, milliseconds};
use crate::domain::facts::AudioFault;
use crate::inspect::blocks::Blocks;
use crate::inspect::bytes::{Order, read_at};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

/// Metadata blocks that are passed over; real files have fewer than ten.
const MOST_BLOCKS: usize = 1024;
/// Samples that a stream may hold whatever its size: 11 minutes of silence in stereo at 44.1 kHz.
const FREE_SAMPLES: u64 = 60_000_000;
/// Samples for each byte beyond that; music has fewer than one. Twenty bytes can hold a second and a
/// half of silence, and a small file days of it.
const SAMPLES_PER_BYTE: u64 = 8;
/// Places where frames are missing that are told.
const MOST_GAPS: usize = 5;

/// STREAMINFO (RFC 9639, 8.2) as far as we need it.
struct StreamInfo {
    bytes: [u8; 34],
    rate: u32,
    channels: u32,
    bits: u32,
    /// Frames that the stream promises; 0 when it does not say.
    frames: u64,
}

/// Measures the FLAC stream that begins at `start`; fills in the header.
///
/// # Errors
/// When the file cannot be read or reading is to be given up. Damage is a fault in the header.
pub(super) fn measure(
    blocks: &mut Blocks<'_>,
    start: u64,
    header: &mut Header,
) -> io::Result<Option<Measured>> {
    blocks.skip(start + 4)?;
    let info = match metadata(blocks)? {
        Ok(info) => info,
        Err(why) => {
            header.faults.push(AudioFault::Unreadable { why });
            return Ok(None);
        }
    };
    header.rate = info.rate;
    header.channels = info.channels;
    header.bits = info.bits;
    header.codec_name = format!("FLAC {} bit", info.bits);
    if let Some(why) = header.implausible() {
        header.faults.push(AudioFault::Unreadable { why });
        return Ok(None);
    }
    let end = end_of_audio(blocks);
    let mut meter = Meter::new(info.rate, info.channels);
    let outcome = decode(blocks, &info, end, &mut meter);
    if let Some(why) = blocks.stopped() {
        return Err(io::Error::new(io::ErrorKind::TimedOut, why.to_owned()));
    }
    let measured = meter.finish(info.bits);
    judge(&info, measured.frames, outcome, header);
    Ok((measured.frames > 0).then_some(measured))
}

/// What decoding showed.
#[derive(Default)]
struct Outcome {
    /// Frames at which audio is missing, and how many; the first few.
    gaps: Vec<(u64, u64)>,
    /// The decoder gave up here.
    broken: Option<(u64, String)>,
    /// There is more than we decode.
    too_much: bool,
    /// Whether the decoded audio has the MD5 that the stream states; `None` when it states none.
    verified: Option<bool>,
}

fn judge(info: &StreamInfo, frames: u64, outcome: Outcome, header: &mut Header) {
    let rate = u64::from(info.rate);
    let missing: u64 = outcome.gaps.iter().map(|(_, count)| *count).sum();
    for (at, count) in &outcome.gaps {
        header.faults.push(AudioFault::Undecodable {
            at_ms: milliseconds(*at, rate),
            why: format!(
                "{} ms of audio are damaged here and cannot be decoded",
                milliseconds(*count, rate).max(1)
            ),
        });
    }
    if let Some((at, why)) = outcome.broken {
        header.faults.push(AudioFault::Undecodable {
            at_ms: milliseconds(at, rate),
            why,
        });
    }
    let there = frames + missing;
    if there == 0 && info.frames == 0 && header.faults.is_empty() {
        let why = "it has a FLAC header, but no audio follows".to_owned();
        header.faults.push(AudioFault::Unreadable { why });
    }
    let cut_off = info.frames > there && !outcome.too_much;
    if cut_off {
        header.faults.push(AudioFault::Truncated {
            promised_ms: Some(milliseconds(info.frames, rate)),
            present_ms: milliseconds(frames, rate),
        });
    } else if info.frames > 0 && there > info.frames && !outcome.too_much {
        header.odd(format!(
            "the header promises {} ms of audio, the file holds {} ms",
            milliseconds(info.frames, rate),
            milliseconds(there, rate)
        ));
    }
    // A stream that is cut off cannot have the right sum; saying so twice helps nobody.
    if outcome.verified == Some(false) && !cut_off && !outcome.too_much {
        header.faults.push(AudioFault::ChecksumMismatch);
    }
}

/// Reads the metadata blocks; the reading stands at the first frame then.
fn metadata(blocks: &mut Blocks<'_>) -> io::Result<Result<StreamInfo, String>> {
    let mut info = None;
    for _ in 0..MOST_BLOCKS {
        let mut head = [0; 4];
        if !filled(blocks, &mut head)? {
            return Ok(Err("it ends within its FLAC header".to_owned()));
        }
        let [kind, length @ ..] = head;
        let length = length
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if matches!(kind, 0x00 | 0x80) && info.is_none() && length >= 34 {
            let mut bytes = [0; 34];
            if !filled(blocks, &mut bytes)? {
                return Ok(Err("it ends within its FLAC header".to_owned()));
            }
            info = stream_info(bytes);
            blocks.skip(length - 34)?;
        } else {
            blocks.skip(length)?;
        }
        if kind & 0x80 != 0 {
            return Ok(info.ok_or_else(|| "its FLAC header lacks STREAMINFO".to_owned()));
        }
    }
    Ok(Err("its FLAC header has no end".to_owned()))
}

fn filled(blocks: &mut Blocks<'_>, target: &mut [u8]) -> io::Result<bool> {
    match blocks.read_exact(target) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn stream_info(bytes: [u8; 34]) -> Option<StreamInfo> {
    // 20 bits rate, 3 bits channels − 1, 5 bits depth − 1, 36 bits frames.
    let packed = Order::Big.u64(&bytes, 10)?;
    let field = |shift: u32, bits: u32| (packed >> shift) & ((1 << bits) - 1);
    Some(StreamInfo {
        bytes,
        rate: u32::try_from(field(44, 20)).ok()?,
        channels: u32::try_from(field(41, 3)).ok()? + 1,
        bits: u32::try_from(field(36, 5)).ok()? + 1,
        frames: field(0, 36),
    })
}

/// Where the frames end: in front of an `ID3v1` tag (128 bytes, `TAG`) and an `APEv2` tag.
fn end_of_audio(blocks: &Blocks<'_>) -> u64 {
    let mut end = blocks.size();
    if let Some(tag) = end.checked_sub(128)
        && read_at(blocks.file(), tag, 3) == b"TAG"
    {
        end = tag;
    }
    if let Some(footer) = end.checked_sub(32) {
        let bytes = read_at(blocks.file(), footer, 32);
        if bytes.starts_with(b"APETAGEX")
            && let (Some(length), Some(flags)) =
                (Order::Little.u32(&bytes, 12), Order::Little.u32(&bytes, 20))
        {
            // The stated length counts the footer, not the header.
            let header = if flags & 0x8000_0000 == 0 { 0 } else { 32 };
            end = end.saturating_sub(u64::from(length) + header);
        }
    }
    end.max(blocks.position())
}

/// STREAMINFO as the only metadata block, and the frames.
struct Source<'a, 'b> {
    front: Cursor<Vec<u8>>,
    blocks: &'a mut Blocks<'b>,
    end: u64,
}

impl Read for Source<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.front.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        let left = self.end.saturating_sub(self.blocks.position());
        let limit = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        self.blocks
            .read(buffer.get_mut(..limit).unwrap_or_default())
    }
}

impl Seek for Source<'_, '_> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

impl MediaSource for Source<'_, '_> {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}

fn decode(blocks: &mut Blocks<'_>, info: &StreamInfo, end: u64, meter: &mut Meter) -> Outcome {
    let mut front = b"fLaC\x80\x00\x00\x22".to_vec();
    front.extend(info.bytes);
    let most = blocks
        .size()
        .saturating_mul(SAMPLES_PER_BYTE)
        .saturating_add(FREE_SAMPLES)
        / u64::from(info.channels);
    let source = Source {
        front: Cursor::new(front),
        blocks,
        end,
    };
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    let mut outcome = Outcome::default();
    let mut reader = match FlacReader::try_new(stream, FormatOptions::default()) {
        Ok(reader) => reader,
        Err(error) => {
            // No frame at all is a stream that is cut off behind its header.
            if !is_end(&error) {
                outcome.broken = Some((0, error.to_string()));
            }
            return outcome;
        }
    };
    let parameters = reader
        .tracks()
        .first()
        .and_then(|track| track.codec_params.as_ref())
        .and_then(CodecParameters::audio);
    let options = AudioDecoderOptions::default().verify(true);
    let decoder = parameters.map(|parameters| FlacDecoder::try_new(parameters, &options));
    match decoder {
        Some(Ok(mut decoder)) => {
            run(&mut reader, &mut decoder, (info, most), meter, &mut outcome);
            outcome.verified = decoder.finalize().verify_ok;
        }
        Some(Err(error)) => outcome.broken = Some((0, error.to_string())),
        None => outcome.broken = Some((0, "the stream has no audio".to_owned())),
    }
    outcome
}

fn run(
    reader: &mut FlacReader<'_>,
    decoder: &mut FlacDecoder,
    (info, most_frames): (&StreamInfo, u64),
    meter: &mut Meter,
    outcome: &mut Outcome,
) {
    let mut samples: Vec<i32> = Vec::new();
    // The frame that comes next if nothing is missing.
    let mut expected = 0_u64;
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(error) if is_end(&error) => break,
            Err(error) => {
                outcome.broken = Some((expected, error.to_string()));
                break;
            }
        };
        let place = u64::try_from(packet.pts.get()).unwrap_or(expected);
        let length = packet.dur.get();
        if place > expected && outcome.gaps.len() < MOST_GAPS {
            outcome.gaps.push((expected, place - expected));
        }
        if expected > most_frames {
            let why = "it holds more audio than its size can explain; the rest was not decoded";
            outcome.broken = Some((expected, why.to_owned()));
            outcome.too_much = true;
            break;
        }
        match decoder.decode(&packet) {
            Ok(buffer) if usable(&buffer, info) => {
                buffer.copy_to_vec_interleaved(&mut samples);
                meter.push_integers(&samples);
            }
            Ok(_) => {
                let why = "the number of channels changes here".to_owned();
                outcome.broken = Some((place, why));
                break;
            }
            Err(Error::DecodeError(_)) if outcome.gaps.len() < MOST_GAPS => {
                outcome.gaps.push((place, length));
            }
            Err(Error::DecodeError(_)) => {}
            Err(error) => {
                outcome.broken = Some((place, error.to_string()));
                break;
            }
        }
        expected = place.max(expected).saturating_add(length);
    }
}

fn usable(buffer: &GenericAudioBufferRef<'_>, info: &StreamInfo) -> bool {
    buffer.num_planes() == info.channels as usize
}

fn is_end(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_info_is_unpacked() {
        let mut bytes = [0; 34];
        // 44 100 Hz, 2 channels, 24 bit, 1 000 frames.
        let packed: u64 = (44_100 << 44) + (1 << 41) + (23 << 36) + 1_000;
        bytes[10..18].copy_from_slice(&packed.to_be_bytes());
        let info = stream_info(bytes).unwrap();
        assert_eq!(
            (info.rate, info.channels, info.bits, info.frames),
            (44_100, 2, 24, 1_000)
        );
    }
}
