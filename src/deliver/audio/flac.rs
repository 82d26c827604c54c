//! FLAC, both ways: `flacenc` makes it block by block, symphonia reads it.

use super::layout::{Kind, Layout, Pcm};
use super::{content, not_convertible, samples};
use crate::deliver::generate::{Changed, unwritable};
use crate::deliver::source::Source;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, StreamInfo};
use flacenc::config::Encoder as Options;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Fill, FrameBuf};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

/// Samples of a channel in a block, as the reference encoder has it.
const BLOCK: usize = 4096;

/// The same as STREAMINFO has it.
const BLOCK_FIELD: u16 = 4096;

/// Where STREAMINFO stands: behind `fLaC` and its own head.
const INFO_AT: u64 = 8;

/// Whether FLAC has room for it.
pub(super) fn check(pcm: Pcm, from: &Cargo) -> Result<(), Fault> {
    if pcm.bytes > 3 {
        return Err(not_convertible(
            from,
            "its samples have 32 bits, and FLAC takes 24 from us",
        ));
    }
    if pcm.channels > 8 || pcm.rate >= 1 << 20 {
        return Err(not_convertible(
            from,
            "FLAC has no room for its channels or sampling rate",
        ));
    }
    Ok(())
}

/// Makes a FLAC file and proves it: what is decoded from it is what was put in.
pub(super) fn write(layout: &Layout, from: &Cargo, to: &Path) -> Result<Changed, Fault> {
    let pcm = layout.pcm;
    check(pcm, from)?;
    let mut encoder = Encoder::create(pcm, from, to)?;
    samples(layout, from, &mut |frames| encoder.push(frames))?;
    let put_in = encoder.finish()?;
    let made = hashes_of(from, to)?;
    let result = Cargo {
        source: to.to_owned(),
        name: from.name.clone(),
        size: made.size,
        sha256: made.sha256.clone(),
    };
    let mut taken_out = Sha256::new();
    let read_back = Layout {
        kind: Kind::Flac,
        ..*layout
    };
    decode(&read_back, &result, &mut |frames| {
        taken_out.update(frames);
        Ok(())
    })?;
    if taken_out.finalize() != put_in {
        return Err(not_convertible(
            from,
            "the FLAC that was made of it decodes to something else",
        ));
    }
    Ok(Changed {
        extension: "flac",
        content: content(pcm, true),
        ..made
    })
}

/// Size and hashes of what was made; its header is written last, so they cannot be had on the way.
fn hashes_of(from: &Cargo, path: &Path) -> Result<Changed, Fault> {
    let mut file = File::open(path).map_err(|error| unwritable(path, &error))?;
    let (mut sha256, mut md5, mut size) = (Sha256::new(), Md5::new(), 0);
    let mut buffer = vec![0; super::PIECE_BYTES];
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(|error| unwritable(path, &error))?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        sha256.update(piece);
        md5.update(piece);
        size += count as u64;
    }
    if size == 0 {
        return Err(not_convertible(from, "nothing came out"));
    }
    Ok(Changed {
        extension: "flac",
        size,
        sha256: hex::encode(sha256.finalize()),
        md5: hex::encode(md5.finalize()),
        content: crate::domain::ern::write::OutContent::Other,
    })
}

struct Encoder<'a> {
    from: &'a Cargo,
    path: &'a Path,
    file: io::BufWriter<File>,
    pcm: Pcm,
    options: Verified<Options>,
    info: StreamInfo,
    block: FrameBuf,
    waiting: Vec<i32>,
    number: usize,
    frames: u64,
    /// Of the samples as FLAC hashes them (signed), and as WAV stores them.
    md5: Md5,
    put_in: Sha256,
}

impl<'a> Encoder<'a> {
    fn create(pcm: Pcm, from: &'a Cargo, path: &'a Path) -> Result<Self, Fault> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        let refuse = |error: &dyn std::fmt::Debug| not_convertible(from, &format!("{error:?}"));
        let options = Options::default()
            .into_verified()
            .map_err(|(_, error)| refuse(&error))?;
        let (rate, channels) = (pcm.rate as usize, pcm.channels as usize);
        let info = StreamInfo::new(rate, channels, pcm.bytes * 8).map_err(|e| refuse(&e))?;
        let block = FrameBuf::with_size(channels, BLOCK).map_err(|error| refuse(&error))?;
        let mut encoder = Self {
            from,
            path,
            file: io::BufWriter::new(file),
            pcm,
            options,
            info,
            block,
            waiting: Vec::with_capacity(BLOCK * channels),
            number: 0,
            frames: 0,
            md5: Md5::new(),
            put_in: Sha256::new(),
        };
        // `fLaC`, then STREAMINFO as the only metadata block; its content follows at the end.
        encoder.emit(b"fLaC\x80\x00\x00\x22")?;
        encoder.emit(&[0; 34])?;
        Ok(encoder)
    }

    fn emit(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file
            .write_all(bytes)
            .map_err(|error| unwritable(self.path, &error))
    }

    /// Takes whole frames as WAV stores them.
    fn push(&mut self, frames: &[u8]) -> Result<(), Fault> {
        self.put_in.update(frames);
        let full = BLOCK * self.pcm.channels as usize;
        for sample in frames.chunks_exact(self.pcm.bytes) {
            let value = value_of(sample);
            let bytes = value.to_le_bytes();
            self.md5
                .update(bytes.get(..self.pcm.bytes).unwrap_or_default());
            self.waiting.push(value);
            if self.waiting.len() == full {
                self.encode()?;
            }
        }
        Ok(())
    }

    fn encode(&mut self) -> Result<(), Fault> {
        let refuse =
            |error: &dyn std::fmt::Debug| not_convertible(self.from, &format!("{error:?}"));
        self.block
            .fill_interleaved(&self.waiting)
            .map_err(|error| refuse(&error))?;
        let frame =
            flacenc::encode_fixed_size_frame(&self.options, &self.block, self.number, &self.info)
                .map_err(|error| refuse(&error))?;
        let mut sink = ByteSink::new();
        frame.write(&mut sink).map_err(|error| refuse(&error))?;
        self.frames += (self.waiting.len() / self.pcm.channels as usize) as u64;
        self.number += 1;
        self.waiting.clear();
        self.emit(sink.as_slice())
    }

    /// Writes what waits and the header; gives the hash of all samples.
    fn finish(mut self) -> Result<sha2::digest::Output<Sha256>, Fault> {
        if !self.waiting.is_empty() {
            self.encode()?;
        }
        // RFC 9639, 8.2: block sizes, frame sizes (not known), rate, channels, depth, length, MD5.
        let block = BLOCK_FIELD.to_be_bytes();
        let mut info = Vec::with_capacity(34);
        info.extend_from_slice(&block);
        info.extend_from_slice(&block);
        info.extend_from_slice(&[0; 6]);
        let packed = (u64::from(self.pcm.rate) << 44)
            | (u64::from(self.pcm.channels - 1) << 41)
            | ((u64::from(self.pcm.stored_bits()) - 1) << 36)
            | (self.frames & ((1 << 36) - 1));
        info.extend_from_slice(&packed.to_be_bytes());
        info.extend_from_slice(&self.md5.finalize());
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| {
                file.write_all_at(&info, INFO_AT)?;
                file.sync_all()
            })
            .map_err(|error| unwritable(self.path, &error))?;
        Ok(self.put_in.finalize())
    }
}

/// A sample as WAV stores it: 8 bits unsigned, more with a sign.
fn value_of(sample: &[u8]) -> i32 {
    match *sample {
        [a] => i32::from(a) - 128,
        [a, b] => i32::from(i16::from_le_bytes([a, b])),
        [a, b, c] => i32::from_le_bytes([0, a, b, c]) >> 8,
        _ => 0,
    }
}

/// Decodes a FLAC file and hands out the samples as WAV stores them; see `super::samples`.
pub(super) fn decode(
    layout: &Layout,
    from: &Cargo,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let lent = Arc::new(Mutex::new(Lent {
        source: Some(Source::open(from)?),
        fault: None,
    }));
    let stream = MediaSourceStream::new(
        Box::new(Reading {
            lent: Arc::clone(&lent),
            from: from.clone(),
        }),
        MediaSourceStreamOptions::default(),
    );
    let outcome = run(stream, layout.pcm, from, take);
    // The rest of the file, tags for one, belongs to what is vouched for.
    let mut lent = lent.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(fault) = lent.fault.take() {
        return Err(fault);
    }
    outcome?;
    let Some(mut source) = lent.source.take() else {
        return Ok(());
    };
    let mut buffer = vec![0; super::PIECE_BYTES];
    while source.fill(from, &mut buffer)? == buffer.len() {}
    source.vouch(from)
}

fn run(
    stream: MediaSourceStream<'_>,
    pcm: Pcm,
    from: &Cargo,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let broken = |error: &Error| not_convertible(from, &format!("it cannot be decoded ({error})"));
    let mut reader =
        FlacReader::try_new(stream, FormatOptions::default()).map_err(|error| broken(&error))?;
    let parameters = reader
        .tracks()
        .first()
        .and_then(|track| track.codec_params.as_ref())
        .and_then(CodecParameters::audio)
        .ok_or_else(|| not_convertible(from, "the stream has no audio"))?;
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = FlacDecoder::try_new(parameters, &options).map_err(|error| broken(&error))?;
    let (mut samples, mut bytes, mut frames): (Vec<i32>, Vec<u8>, u64) = (vec![], vec![], 0);
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(broken(&error)),
        };
        let buffer = decoder.decode(&packet).map_err(|error| broken(&error))?;
        if buffer.num_planes() != pcm.channels as usize {
            return Err(not_convertible(from, "its number of channels changes"));
        }
        buffer.copy_to_vec_interleaved(&mut samples);
        frames += samples.len() as u64 / u64::from(pcm.channels.max(1));
        bytes.clear();
        for sample in &samples {
            pack(*sample, pcm.bytes, &mut bytes);
        }
        take(&bytes)?;
    }
    if frames != pcm.frames {
        return Err(not_convertible(
            from,
            "it holds another number of samples than its header promises",
        ));
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err(not_convertible(
            from,
            "its audio has not the MD5 that it states",
        ));
    }
    Ok(())
}

/// A decoded sample, its value in the upper bits, as WAV stores it in `width` bytes.
fn pack(sample: i32, width: usize, to: &mut Vec<u8>) {
    let [_, b, c, d] = sample.to_le_bytes();
    match width {
        1 => to.push(d ^ 0x80),
        2 => to.extend_from_slice(&[c, d]),
        3 => to.extend_from_slice(&[b, c, d]),
        _ => to.extend_from_slice(&sample.to_le_bytes()),
    }
}

/// The source that symphonia reads from, had back when it is done.
struct Lent {
    source: Option<Source>,
    fault: Option<Fault>,
}

struct Reading {
    lent: Arc<Mutex<Lent>>,
    from: Cargo,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(source) = &mut lent.source else {
            return Ok(0);
        };
        match source.fill(&self.from, buffer) {
            Ok(count) => Ok(count),
            Err(fault) => {
                let error = io::Error::other(fault.text.clone());
                lent.fault = Some(fault);
                Err(error)
            }
        }
    }
}

impl Seek for Reading {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

impl MediaSource for Reading {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
