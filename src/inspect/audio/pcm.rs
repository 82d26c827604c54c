//! PCM bytes to floats, full scale at ±1.

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

    /// Appends the samples of `bytes`; a part of a sample at the end is left out.
    pub(super) fn read(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::Unsigned8 => {
                out.extend(bytes.iter().map(|byte| (f32::from(*byte) - 128.0) / 128.0));
            }
            Self::Integer { bytes: width, big } => match (width, big) {
                (1, _) => extend::<1>(bytes, out, |[a]| scaled([0, 0, 0, a])),
                (2, false) => extend::<2>(bytes, out, |[a, b]| scaled([0, 0, a, b])),
                (2, true) => extend::<2>(bytes, out, |[b, a]| scaled([0, 0, a, b])),
                (3, false) => extend::<3>(bytes, out, |[a, b, c]| scaled([0, a, b, c])),
                (3, true) => extend::<3>(bytes, out, |[c, b, a]| scaled([0, a, b, c])),
                (_, false) => extend::<4>(bytes, out, scaled),
                (_, true) => extend::<4>(bytes, out, |[d, c, b, a]| scaled([a, b, c, d])),
            },
            Self::Float32 { big: false } => extend::<4>(bytes, out, f32::from_le_bytes),
            Self::Float32 { big: true } => extend::<4>(bytes, out, f32::from_be_bytes),
            Self::Float64 { big: false } => {
                extend::<8>(bytes, out, |b| narrow(f64::from_le_bytes(b)));
            }
            Self::Float64 { big: true } => {
                extend::<8>(bytes, out, |b| narrow(f64::from_be_bytes(b)));
            }
        }
    }
}

fn extend<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, read: impl Fn([u8; N]) -> f32) {
    let (samples, _) = bytes.as_chunks::<N>();
    out.extend(samples.iter().map(|sample| read(*sample)));
}

/// Little-endian bytes of a value whose top bit is the sign.
#[expect(
    clippy::cast_precision_loss,
    reason = "24 bits are what a float holds; beyond them nothing is audible or judged"
)]
fn scaled(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 * (1.0 / 2_147_483_648.0)
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
    fn full_scale_is_one_in_every_width() {
        let cases: [(Stored, &[u8], f32); 7] = [
            (Stored::Unsigned8, &[0], -1.0),
            (
                Stored::Integer {
                    bytes: 1,
                    big: true,
                },
                &[0x80],
                -1.0,
            ),
            (
                Stored::Integer {
                    bytes: 2,
                    big: false,
                },
                &[0, 0x80],
                -1.0,
            ),
            (
                Stored::Integer {
                    bytes: 2,
                    big: true,
                },
                &[0x40, 0],
                0.5,
            ),
            (
                Stored::Integer {
                    bytes: 3,
                    big: false,
                },
                &[0, 0, 0x40],
                0.5,
            ),
            (
                Stored::Integer {
                    bytes: 3,
                    big: true,
                },
                &[0x80, 0, 0],
                -1.0,
            ),
            (
                Stored::Integer {
                    bytes: 4,
                    big: true,
                },
                &[0x20, 0, 0, 0],
                0.25,
            ),
        ];
        for (stored, bytes, wanted) in cases {
            let mut out = Vec::new();
            stored.read(bytes, &mut out);
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
        .read(&[0, 0, 0x40, 1, 2], &mut out);
        assert_eq!(out, [0.5]);
    }
}
