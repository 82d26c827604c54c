//! Brightness from the coefficients of a JPEG's first component.
//!
//! The pass that counts the codes (`scan`) has them at hand already, so a picture need not be read a
//! second time by a decoder that also computes what nobody looks at. Source: ITU-T T.81, A.3.3; the
//! inverse transform is that of Arai, Agui and Nakajima, whose scale factors go into the quantisers.
#![expect(
    clippy::cast_possible_truncation,
    reason = "a byte is taken from a number that was clamped to one"
)]
#![expect(
    clippy::inline_always,
    reason = "a body is compiled for a processor only where it is inlined into that one's caller"
)]

use super::canvas::Plane;
use pulp::{Arch, Simd, WithSimd};

/// Side of a block.
pub(super) const SIDE: usize = 8;
/// Where the coefficient of that number lies in a [`Block`]: columns are held as rows.
#[rustfmt::skip]
const PLACES: [u8; 64] = [
     0,  8,  1,  2,  9, 16, 24, 17, 10,  3,  4, 11, 18, 25, 32, 40,
    33, 26, 19, 12,  5,  6, 13, 20, 27, 34, 41, 48, 56, 49, 42, 35,
    28, 21, 14,  7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30,
    23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63,
];
/// Scale factor of each row and column: 1, and √2 · cos(kπ/16).
const SCALES: [f32; SIDE] = [
    1.0,
    1.387_039_8,
    1.306_563,
    1.175_875_6,
    1.0,
    0.785_694_96,
    0.541_196_1,
    0.275_899_4,
];
/// Added to a number of few bits, it leaves the number, rounded, in the lowest bits.
const ROUNDING: f32 = 12_582_912.0;

/// Eight numbers side by side.
type Row = [f32; SIDE];
/// The coefficients of a block.
pub(super) type Block = [i16; 64];

/// Puts a coefficient, by its number in the order of the codes, into its place; false for a number
/// that no block has.
#[inline(always)]
pub(super) fn put(block: &mut Block, number: usize, value: i16) -> bool {
    let place = PLACES
        .get(number)
        .map_or(usize::MAX, |place| usize::from(*place));
    match block.get_mut(place) {
        Some(coefficient) => {
            *coefficient = value;
            true
        }
        None => false,
    }
}

/// A plane that is filled with one row of units after the other.
pub(super) struct Painting {
    plane: Plane,
    quantisers: [Row; SIDE],
    /// Blocks of the row of units that is being read, row by row.
    blocks: Vec<Block>,
    /// Blocks of a unit, across and down.
    unit: (usize, usize),
    /// Blocks of a row.
    across: usize,
    /// Rows of pixels that are done.
    done: usize,
}

impl Painting {
    /// An empty one: size in pixels, quantisers in the order of the codes, blocks of a unit across
    /// and down, units of a row.
    pub(super) fn new(
        (width, height): (usize, usize),
        quantisers: &[u16; 64],
        unit: (usize, usize),
        units: usize,
    ) -> Self {
        let mut placed = [[0.0; SIDE]; SIDE];
        let places = placed.as_flattened_mut();
        for (quantiser, place) in quantisers.iter().zip(PLACES) {
            let (row, column) = (usize::from(place) / SIDE, usize::from(place) % SIDE);
            let scale = |at: usize| SCALES.get(at).copied().unwrap_or_default();
            if let Some(placed) = places.get_mut(usize::from(place)) {
                *placed = f32::from(*quantiser) * scale(row) * scale(column) / 8.0;
            }
        }
        let across = units * unit.0;
        Self {
            plane: Plane::filled(width, height, 0),
            quantisers: placed,
            blocks: vec![[0; 64]; across * unit.1],
            unit,
            across,
            done: 0,
        }
    }

    /// The block at that place of a unit of this row, empty.
    pub(super) fn block(&mut self, unit: usize, at: (usize, usize)) -> Option<&mut Block> {
        let place = at.1 * self.across + unit * self.unit.0 + at.0;
        let block = self.blocks.get_mut(place)?;
        *block = [0; 64];
        Some(block)
    }

    /// Paints the row of units that was read.
    pub(super) fn finish_row(&mut self) {
        let width = self.plane.width;
        let bands = self.plane.values.chunks_mut(width.max(1) * SIDE);
        let rows = self.blocks.chunks_exact(self.across.max(1));
        for (band, blocks) in bands.skip(self.done).zip(rows) {
            Arch::new().dispatch(Band {
                blocks,
                quantisers: &self.quantisers,
                width,
                pixels: band,
            });
        }
        self.done += self.unit.1;
    }

    /// The finished plane.
    pub(super) fn into_plane(self) -> Plane {
        self.plane
    }
}

/// One row of blocks and the pixels that it becomes, at most eight rows.
struct Band<'a> {
    blocks: &'a [Block],
    quantisers: &'a [Row; SIDE],
    width: usize,
    pixels: &'a mut [u8],
}

impl WithSimd for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (number, block) in self.blocks.iter().enumerate() {
            let left = number * SIDE;
            let right = self.width.min(left + SIDE);
            let painted = painted(block, self.quantisers);
            for (row, painted) in self.pixels.chunks_exact_mut(self.width).zip(&painted) {
                let Some(row) = row.get_mut(left..right) else {
                    break;
                };
                match row.as_chunks_mut::<SIDE>().0 {
                    [whole] => *whole = *painted,
                    _ => row
                        .iter_mut()
                        .zip(painted)
                        .for_each(|(out, value)| *out = *value),
                }
            }
        }
    }
}

#[inline(always)]
fn painted(block: &Block, quantisers: &[Row; SIDE]) -> [[u8; SIDE]; SIDE] {
    let mut rows = [[0.0_f32; SIDE]; SIDE];
    let coefficients = block.as_chunks::<SIDE>().0;
    for ((row, coefficients), quantisers) in rows.iter_mut().zip(coefficients).zip(quantisers) {
        for ((value, coefficient), quantiser) in row.iter_mut().zip(coefficients).zip(quantisers) {
            *value = f32::from(*coefficient) * quantiser;
        }
    }
    let rows = transformed(turned(transformed(rows)));
    // Loops, because `map` of an array is a call that is not compiled for the processor.
    let mut painted = [[0; SIDE]; SIDE];
    for (painted, row) in painted.iter_mut().zip(&rows) {
        for (painted, value) in painted.iter_mut().zip(row) {
            let level = (value + 128.0).clamp(0.0, 255.0);
            *painted = (level + ROUNDING).to_bits() as u8;
        }
    }
    painted
}

/// Rows as columns.
#[inline(always)]
fn turned(rows: [Row; SIDE]) -> [Row; SIDE] {
    let mut turned = [[0.0; SIDE]; SIDE];
    for (x, row) in rows.iter().enumerate() {
        for (column, value) in turned.iter_mut().zip(row) {
            if let Some(place) = column.get_mut(x) {
                *place = *value;
            }
        }
    }
    turned
}

#[inline(always)]
fn plus(mut a: Row, b: Row) -> Row {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

#[inline(always)]
fn minus(mut a: Row, b: Row) -> Row {
    a.iter_mut().zip(b).for_each(|(a, b)| *a -= b);
    a
}

#[inline(always)]
fn times(mut a: Row, factor: f32) -> Row {
    for a in &mut a {
        *a *= factor;
    }
    a
}

/// The inverse transform down each of eight columns.
#[inline(always)]
fn transformed([r0, r1, r2, r3, r4, r5, r6, r7]: [Row; SIDE]) -> [Row; SIDE] {
    let (sum, difference) = (plus(r0, r4), minus(r0, r4));
    let outer = plus(r2, r6);
    let inner = minus(times(minus(r2, r6), std::f32::consts::SQRT_2), outer);
    let (e0, e3) = (plus(sum, outer), minus(sum, outer));
    let (e1, e2) = (plus(difference, inner), minus(difference, inner));

    let (z13, z10) = (plus(r5, r3), minus(r5, r3));
    let (z11, z12) = (plus(r1, r7), minus(r1, r7));
    let o7 = plus(z11, z13);
    let z5 = times(plus(z10, z12), 1.847_759_1);
    let o6 = minus(minus(z5, times(z10, 2.613_126)), o7);
    let o5 = minus(times(minus(z11, z13), std::f32::consts::SQRT_2), o6);
    let o4 = minus(minus(z5, times(z12, 1.082_392_2)), o5);
    [
        plus(e0, o7),
        plus(e1, o6),
        plus(e2, o5),
        plus(e3, o4),
        minus(e3, o4),
        minus(e2, o5),
        minus(e1, o6),
        minus(e0, o7),
    ]
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "numbers below 64")]
mod tests {
    use super::*;

    /// T.81's own formula, in 64 bits.
    fn by_definition(coefficients: &[f64; 64]) -> Vec<f64> {
        let weight = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let angle = |x: usize, u: usize| {
            ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos()
        };
        let mut pixels = Vec::new();
        for y in 0..8 {
            for x in 0..8 {
                let mut sum = 0.0;
                for v in 0..8 {
                    for u in 0..8 {
                        sum += weight(u)
                            * weight(v)
                            * coefficients.get(v * 8 + u).unwrap()
                            * angle(x, u)
                            * angle(y, v);
                    }
                }
                pixels.push((sum / 4.0 + 128.0).clamp(0.0, 255.0));
            }
        }
        pixels
    }

    #[test]
    fn the_transform_is_that_of_the_standard() {
        let mut state = 9_u32;
        let mut random = |most: i32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8).cast_signed() % (2 * most + 1) - most
        };
        // The zigzag order of T.81, figure A.6, built from its description.
        let mut zigzag: Vec<(usize, usize)> =
            (0..8).flat_map(|v| (0..8).map(move |u| (u, v))).collect();
        zigzag.sort_by_key(|(u, v)| (u + v, if (u + v) % 2 == 0 { *u } else { *v }));
        for _ in 0..200 {
            let mut quantisers = [1_u16; 64];
            let mut painting = {
                for quantiser in &mut quantisers {
                    *quantiser = u16::try_from(random(20) + 21).unwrap();
                }
                Painting::new((8, 8), &quantisers, (1, 1), 1)
            };
            let mut plain = [0.0; 64];
            let block = painting.block(0, (0, 0)).unwrap();
            for (number, (u, v)) in zigzag.iter().enumerate() {
                let value = random(if number < 10 { 12 } else { 2 });
                assert!(put(block, number, i16::try_from(value).unwrap()));
                plain[v * 8 + u] = f64::from(value) * f64::from(quantisers[number]);
            }
            assert!(!put(block, 64, 1));
            painting.finish_row();
            let plane = painting.into_plane();
            for (ours, theirs) in plane.values.iter().zip(by_definition(&plain)) {
                assert!((f64::from(*ours) - theirs).abs() < 0.51, "{ours} {theirs}");
            }
        }
    }
}
