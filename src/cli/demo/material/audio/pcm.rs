//! Writes WAV (RIFF, RF64, `WAVE_FORMAT_EXTENSIBLE`) and AIFF/AIFF-C, well or with a chosen fault.

use super::Samples;

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// Integers of 8 bits.
    Pcm8,
    /// Integers of 16 bits.
    Pcm16,
    /// Integers of 24 bits.
    #[default]
    Pcm24,
    /// Integers of 32 bits.
    Pcm32,
    /// Floats of 32 bits.
    Float32,
}

impl Coding {
    /// Bits of a stored sample.
    pub fn bits(self) -> u16 {
        match self {
            Self::Pcm8 => 8,
            Self::Pcm16 => 16,
            Self::Pcm24 => 24,
            Self::Pcm32 | Self::Float32 => 32,
        }
    }
}

/// Header of a WAV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// RIFF.
    #[default]
    Riff,
    /// RF64 with a `ds64` chunk, as for files beyond 4 GiB.
    Rf64,
}

/// A WAV file to write. `Default` is 24-bit PCM with a plain header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wav {
    /// How samples are written.
    pub coding: Coding,
    /// Header form.
    pub form: Form,
    /// Writes `WAVE_FORMAT_EXTENSIBLE`.
    pub extensible: bool,
    /// Replaces the format tag, whatever the samples are (0x55 says MP3).
    pub tag: Option<u16>,
    /// Chunks between `fmt ` and `data`.
    pub before: Vec<([u8; 4], Vec<u8>)>,
    /// Chunks behind `data`.
    pub after: Vec<([u8; 4], Vec<u8>)>,
    /// Bytes that the headers promise beyond what is there; negative for fewer.
    pub claim_more: i64,
}

impl Wav {
    /// The file.
    pub fn encode(&self, samples: &Samples) -> Vec<u8> {
        let audio = little_endian(samples, self.coding);
        let claimed = claim(audio.len(), self.claim_more);
        let mut body = Vec::with_capacity(audio.len() + 256);
        let rf64 = self.form == Form::Rf64;
        if rf64 {
            // RIFF size, data size, sample count, no table (EBU Tech 3306); the first is set below.
            let mut sizes = vec![0; 8];
            sizes.extend(claimed.to_le_bytes());
            sizes.extend((samples.frames() as u64).to_le_bytes());
            sizes.extend([0; 4]);
            chunk(&mut body, *b"ds64", &sizes);
        }
        chunk(&mut body, *b"fmt ", &self.format(samples));
        for (id, content) in &self.before {
            chunk(&mut body, *id, content);
        }
        let size = if rf64 { u32::MAX } else { low(claimed) };
        body.extend(b"data");
        body.extend(size.to_le_bytes());
        body.extend(&audio);
        if audio.len() % 2 == 1 {
            body.push(0);
        }
        for (id, content) in &self.after {
            chunk(&mut body, *id, content);
        }
        let riff_size = claim(body.len() + 4, self.claim_more);
        if rf64 {
            for (place, byte) in body.iter_mut().skip(8).zip(riff_size.to_le_bytes()) {
                *place = byte;
            }
        }
        let mut file = Vec::with_capacity(body.len() + 12);
        file.extend(if rf64 { b"RF64" } else { b"RIFF" });
        file.extend(if rf64 { u32::MAX } else { low(riff_size) }.to_le_bytes());
        file.extend(b"WAVE");
        file.append(&mut body);
        file
    }

    fn format(&self, samples: &Samples) -> Vec<u8> {
        let bits = self.coding.bits();
        let block = samples.channels.saturating_mul(bits / 8);
        let plain = if self.coding == Coding::Float32 { 3 } else { 1 };
        let tag = if self.extensible { 0xfffe } else { plain };
        let mut out = Vec::with_capacity(40);
        out.extend(self.tag.unwrap_or(tag).to_le_bytes());
        out.extend(samples.channels.to_le_bytes());
        out.extend(samples.rate_hz.to_le_bytes());
        out.extend((samples.rate_hz.saturating_mul(u32::from(block))).to_le_bytes());
        out.extend(block.to_le_bytes());
        out.extend(bits.to_le_bytes());
        if self.extensible {
            out.extend(22_u16.to_le_bytes());
            out.extend(bits.to_le_bytes());
            let mask: u32 = if samples.channels == 1 { 4 } else { 3 };
            out.extend(mask.to_le_bytes());
            out.extend(plain.to_le_bytes());
            // The rest of KSDATAFORMAT_SUBTYPE_PCM and _IEEE_FLOAT.
            out.extend(*b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71");
        }
        out
    }
}

/// An AIFF file to write. `Default` is 24-bit big-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aiff {
    /// How samples are written.
    pub coding: Coding,
    /// Writes AIFF-C with little-endian samples (`sowt`).
    pub sowt: bool,
    /// Bytes that the headers promise beyond what is there.
    pub claim_more: i64,
}

impl Aiff {
    /// The file.
    pub fn encode(&self, samples: &Samples) -> Vec<u8> {
        let mut audio = little_endian(samples, self.coding);
        let width = usize::from(self.coding.bits() / 8);
        if self.coding == Coding::Pcm8 {
            // WAV's 8 bits are unsigned, AIFF's are signed.
            for byte in &mut audio {
                *byte ^= 0x80;
            }
        } else if !self.sowt {
            audio.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        let aifc = self.sowt || self.coding == Coding::Float32;
        let mut common = Vec::new();
        common.extend(samples.channels.to_be_bytes());
        let frame_width = (width * usize::from(samples.channels)).max(1);
        let frames = claim(audio.len(), self.claim_more) / frame_width as u64;
        common.extend(low(frames).to_be_bytes());
        common.extend(self.coding.bits().to_be_bytes());
        common.extend(extended(samples.rate_hz));
        if aifc {
            common.extend(if self.sowt { b"sowt" } else { b"fl32" });
            common.extend([0, 0]);
        }
        let mut body = Vec::with_capacity(audio.len() + 128);
        if aifc {
            big_chunk(&mut body, *b"FVER", &0xa280_5140_u32.to_be_bytes());
        }
        big_chunk(&mut body, *b"COMM", &common);
        body.extend(b"SSND");
        body.extend(low(claim(audio.len() + 8, self.claim_more)).to_be_bytes());
        body.extend([0; 8]);
        body.extend(&audio);
        if audio.len() % 2 == 1 {
            body.push(0);
        }
        let mut file = Vec::with_capacity(body.len() + 12);
        file.extend(b"FORM");
        file.extend(low(claim(body.len() + 4, self.claim_more)).to_be_bytes());
        file.extend(if aifc { b"AIFC" } else { b"AIFF" });
        file.append(&mut body);
        file
    }
}

/// Samples as little-endian bytes; 8 bits unsigned, as WAV has them.
fn little_endian(samples: &Samples, coding: Coding) -> Vec<u8> {
    let width = usize::from(coding.bits() / 8);
    let mut out = Vec::with_capacity(samples.interleaved.len() * width);
    if coding == Coding::Float32 {
        for sample in &samples.interleaved {
            out.extend(sample.to_le_bytes());
        }
        return out;
    }
    for value in samples.quantised(u32::from(coding.bits())) {
        if coding == Coding::Pcm8 {
            out.push(value.to_le_bytes()[0] ^ 0x80);
        } else {
            out.extend(value.to_le_bytes().iter().take(width));
        }
    }
    out
}

fn claim(length: usize, more: i64) -> u64 {
    (length as u64).saturating_add_signed(more)
}

fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn chunk(out: &mut Vec<u8>, id: [u8; 4], content: &[u8]) {
    out.extend(id);
    out.extend(low(content.len() as u64).to_le_bytes());
    out.extend(content);
    if content.len() % 2 == 1 {
        out.push(0);
    }
}

fn big_chunk(out: &mut Vec<u8>, id: [u8; 4], content: &[u8]) {
    out.extend(id);
    out.extend(low(content.len() as u64).to_be_bytes());
    out.extend(content);
    if content.len() % 2 == 1 {
        out.push(0);
    }
}

/// An integer as IEEE 754 80-bit extended, which AIFF states rates in.
fn extended(value: u32) -> [u8; 10] {
    let mut out = [0; 10];
    if value == 0 {
        return out;
    }
    let shift = u64::from(value).leading_zeros();
    let exponent = u16::try_from(16_383 + 63 - shift).unwrap_or_default();
    let mantissa = u64::from(value) << shift;
    let bytes = exponent
        .to_be_bytes()
        .into_iter()
        .chain(mantissa.to_be_bytes());
    for (place, byte) in out.iter_mut().zip(bytes) {
        *place = byte;
    }
    out
}
