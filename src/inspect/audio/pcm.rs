//! PCM bytes to numbers: integers with the value in their upper bits, floats with full scale at ±1.

use super::levels::Meter;

/// How a stored sample is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Unsigned, 8 bits (WAV).
    Unsigned8,
    /// Signed integer in 1 to 4 bytes, the value in its upper bits.
    Integer {
        /// Bytes of a sample.
        bytes: usize,
        /// Most significant byte first.
        big: bool,
    },
    /// IEEE 754 single.
    Float32 {
        /// Most significant byte first.
        big: bool,
    },
    /// IEEE 754 double.
    Float64 {
        /// Most significant byte first.
        big: bool,
    },
}

impl Stored {
    /// Bytes of a sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Integer { bytes, .. } => bytes,
            Self::Float32 { .. } => 4,
            Self::Float64 { .. } => 8,
        }
    }

    /// Hands the samples of `bytes` to the meter; a part of a sample at the end is left out.
    pub(super) fn feed(self, bytes: &[u8], scratch: &mut Scratch, meter: &mut Meter) {
        let Scratch { integers, floats } = scratch;
        match self {
            Self::Unsigned8 | Self::Integer { .. } => {
                integers.clear();
                self.integers(bytes, integers);
                meter.push_integers(integers);
            }
            Self::Float32 { .. } | Self::Float64 { .. } => {
                floats.clear();
                self.floats(bytes, floats);
                meter.push_floats(floats);
            }
        }
    }

    /// Appends integers, the value in the upper bits.
    fn integers(self, bytes: &[u8], out: &mut Vec<i32>) {
        let Self::Integer { bytes: width, big } = self else {
            // Half the range is silence there.
            out.extend(bytes.iter().map(|byte| placed([0, 0, 0, byte ^ 0x80])));
            return;
        };
        match (width, big) {
            (1, _) => extend::<1, _>(bytes, out, |[a]| placed([0, 0, 0, a])),
            (2, false) => extend::<2, _>(bytes, out, |[a, b]| placed([0, 0, a, b])),
            (2, true) => extend::<2, _>(bytes, out, |[b, a]| placed([0, 0, a, b])),
            (3, false) => extend::<3, _>(bytes, out, |[a, b, c]| placed([0, a, b, c])),
            (3, true) => extend::<3, _>(bytes, out, |[c, b, a]| placed([0, a, b, c])),
            (_, false) => extend::<4, _>(bytes, out, placed),
            (_, true) => extend::<4, _>(bytes, out, |[d, c, b, a]| placed([a, b, c, d])),
        }
    }

    /// Appends floats.
    fn floats(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::Float32 { big: false } => extend::<4, _>(bytes, out, f32::from_le_bytes),
            Self::Float32 { big: true } => extend::<4, _>(bytes, out, f32::from_be_bytes),
            Self::Float64 { big: false } => {
                extend::<8, _>(bytes, out, |b| narrow(f64::from_le_bytes(b)));
            }
            Self::Float64 { big: true } => {
                extend::<8, _>(bytes, out, |b| narrow(f64::from_be_bytes(b)));
            }
            Self::Unsigned8 | Self::Integer { .. } => {}
        }
    }
}

/// Converted samples, kept so that their memory is used again.
#[derive(Default)]
pub(super) struct Scratch {
    integers: Vec<i32>,
    floats: Vec<f32>,
}

fn extend<const N: usize, T>(bytes: &[u8], out: &mut Vec<T>, read: impl Fn([u8; N]) -> T) {
    let (samples, _) = bytes.as_chunks::<N>();
    out.extend(samples.iter().map(|sample| read(*sample)));
}

/// Little-endian bytes of a value whose top bit is the sign.
fn placed(bytes: [u8; 4]) -> i32 {
    i32::from_le_bytes(bytes)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded to single precision"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_in_the_upper_bits_in_every_width() {
        let cases: [(Stored, &[u8], i32); 7] = [
            (Stored::Unsigned8, &[0], i32::MIN),
            (
                Stored::Integer {
                    bytes: 1,
                    big: true,
                },
                &[0x80],
                i32::MIN,
            ),
            (
                Stored::Integer {
                    bytes: 2,
                    big: false,
                },
                &[0, 0x80],
                i32::MIN,
            ),
            (
                Stored::Integer {
                    bytes: 2,
                    big: true,
                },
                &[0x40, 0],
                1 << 30,
            ),
            (
                Stored::Integer {
                    bytes: 3,
                    big: false,
                },
                &[0, 0, 0x40],
                1 << 30,
            ),
            (
                Stored::Integer {
                    bytes: 3,
                    big: true,
                },
                &[0x80, 0, 0],
                i32::MIN,
            ),
            (
                Stored::Integer {
                    bytes: 4,
                    big: true,
                },
                &[0x20, 0, 0, 0],
                1 << 29,
            ),
        ];
        for (stored, bytes, wanted) in cases {
            let mut out = Vec::new();
            stored.integers(bytes, &mut out);
            assert_eq!(out, [wanted], "{stored:?}");
        }
    }

    #[test]
    fn a_part_of_a_sample_is_left_out() {
        let mut out = Vec::new();
        Stored::Integer {
            bytes: 3,
            big: false,
        }
        .integers(&[0, 0, 0x40, 1, 2], &mut out);
        assert_eq!(out, [1 << 30]);
    }
}
