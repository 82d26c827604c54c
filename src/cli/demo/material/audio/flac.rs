//! A small FLAC encoder (RFC 9639): constant, verbatim and fixed-predictor subframes with one Rice
//! partition. It packs worse than `flac`, and is exact: the MD5 in STREAMINFO is that of the audio.

use super::Samples;
use md5::{Digest, Md5};

/// Frames of audio in one FLAC frame.
const BLOCK: usize = 4096;

/// The file. `bits` is 16 or 24; other depths are written as 16. Rates that a FLAC frame header
/// cannot state itself are left to STREAMINFO.
pub fn encode(samples: &Samples, bits: u32) -> Vec<u8> {
    let bits = if bits == 24 { 24 } else { 16 };
    let channels = usize::from(samples.channels.clamp(1, 8));
    let values: Vec<i32> = samples.quantised(bits).collect();
    let mut md5 = Md5::new();
    for value in &values {
        let bytes = value.to_le_bytes();
        md5.update(bytes.get(..(bits / 8) as usize).unwrap_or_default());
    }
    let mut frames = Vec::new();
    let (mut smallest, mut largest) = (u32::MAX, 0);
    for (number, block) in values.chunks(BLOCK * channels).enumerate() {
        let frame = frame(number as u64, block, channels, bits);
        let length = u32::try_from(frame.len()).unwrap_or(0);
        smallest = smallest.min(length);
        largest = largest.max(length);
        frames.extend(frame);
    }
    let mut info = Bits::default();
    info.put(BLOCK as u64, 16);
    info.put(BLOCK as u64, 16);
    info.put(
        u64::from(if smallest == u32::MAX { 0 } else { smallest }),
        24,
    );
    info.put(u64::from(largest), 24);
    info.put(u64::from(samples.rate_hz), 20);
    info.put(channels as u64 - 1, 3);
    info.put(u64::from(bits) - 1, 5);
    info.put((values.len() / channels) as u64, 36);
    let mut file = b"fLaC".to_vec();
    // The only metadata block, so also the last one: STREAMINFO of 34 bytes.
    file.extend([0x80, 0, 0, 34]);
    file.extend(info.bytes);
    file.extend(md5.finalize());
    file.append(&mut frames);
    file
}

fn frame(number: u64, block: &[i32], channels: usize, bits: u32) -> Vec<u8> {
    let length = block.len() / channels;
    let mut out = Bits::default();
    out.put(0b1111_1111_1111_1000, 16);
    // Block size: in 16 bits behind the header; rate: in STREAMINFO.
    out.put(0b0111_0000, 8);
    out.put(channels as u64 - 1, 4);
    out.put(if bits == 24 { 0b110 } else { 0b100 }, 3);
    out.put(0, 1);
    for byte in utf8_like(number) {
        out.put(u64::from(byte), 8);
    }
    out.put(length as u64 - 1, 16);
    let check = crc8(&out.bytes);
    out.put(u64::from(check), 8);
    for channel in 0..channels {
        let values: Vec<i64> = block
            .iter()
            .skip(channel)
            .step_by(channels)
            .map(|value| i64::from(*value))
            .collect();
        subframe(&mut out, &values, bits);
    }
    out.align();
    let check = crc16(&out.bytes);
    out.put(u64::from(check), 16);
    out.bytes
}

fn subframe(out: &mut Bits, values: &[i64], bits: u32) {
    let first = values.first().copied().unwrap_or(0);
    if values.iter().all(|value| *value == first) {
        out.put(0, 8);
        out.put_signed(first, bits);
        return;
    }
    // Residuals of order 2 are second differences (RFC 9639 section 9.2.5).
    let warm_up = values.len().min(2);
    let residuals: Vec<u64> = values
        .windows(3)
        .map(|w| match w {
            [a, b, c] => zigzag(c - 2 * b + a),
            _ => 0,
        })
        .collect();
    let mean = residuals.iter().sum::<u64>() / (residuals.len() as u64).max(1);
    let parameter = (64 - (mean + 1).leading_zeros()).saturating_sub(1).min(30);
    let coded: u64 = residuals
        .iter()
        .map(|r| (r >> parameter) + 1 + u64::from(parameter))
        .sum();
    if values.len() < 3 || coded > values.len() as u64 * u64::from(bits) {
        out.put(0b0000_0010, 8);
        for value in values {
            out.put_signed(*value, bits);
        }
        return;
    }
    out.put(0b0001_0100, 8);
    for value in values.iter().take(warm_up) {
        out.put_signed(*value, bits);
    }
    // Rice with 5-bit parameters, partition order 0.
    out.put(0b01_0000, 6);
    out.put(u64::from(parameter), 5);
    for residual in residuals {
        out.put_zeros(residual >> parameter);
        out.put(1, 1);
        out.put(residual & ((1 << parameter) - 1), parameter);
    }
}

#[expect(clippy::cast_sign_loss, reason = "the fold of signs is the purpose")]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Frame numbers are coded as UTF-8 codes characters.
fn utf8_like(number: u64) -> Vec<u8> {
    let byte = |shift: u32| u8::try_from((number >> shift) & 0x3f).unwrap_or(0) | 0x80;
    let lead = |mark: u8, shift: u32| mark | u8::try_from((number >> shift) & 0x1f).unwrap_or(0);
    match number {
        0..0x80 => vec![u8::try_from(number).unwrap_or(0)],
        0x80..0x800 => vec![lead(0xc0, 6), byte(0)],
        0x800..0x1_0000 => vec![lead(0xe0, 12), byte(6), byte(0)],
        _ => vec![lead(0xf0, 18), byte(12), byte(6), byte(0)],
    }
}

/// Bits, most significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = u8::from((value >> shift) & 1 == 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "two's complement is what is written")]
    fn put_signed(&mut self, value: i64, count: u32) {
        self.put(value as u64, count);
    }

    fn put_zeros(&mut self, count: u64) {
        for _ in 0..count {
            self.put(0, 1);
        }
    }

    fn align(&mut self) {
        self.used = 0;
    }
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |c, _| {
            if c & 0x80 == 0 {
                c << 1
            } else {
                (c << 1) ^ 0x07
            }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |c, _| {
            if c & 0x8000 == 0 {
                c << 1
            } else {
                (c << 1) ^ 0x8005
            }
        })
    })
}
