//! How much fine detail there is where a picture has most: in the tiles with the strongest texture,
//! the power at high and at middle frequencies.
#![expect(clippy::cast_precision_loss, reason = "counts and sums far below 2^24")]

use super::canvas::Plane;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Side of a tile in pixels.
const TILE: usize = 256;
/// Tiles that are looked at.
const TILES: usize = 16;
/// Every so many rows and columns of a tile are transformed.
const LINE_STEP: usize = 4;
/// Every so many rows of the picture are looked at for texture.
const TEXTURE_STEP: usize = 8;
/// The highest quarter of frequencies, without the last.
const HIGH: std::ops::Range<usize> = 96..126;
/// Frequencies that a blur leaves: waves of 9 to 64 pixels.
const MIDDLE: std::ops::Range<usize> = 4..28;

/// Power in decibels, across and down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Detail {
    pub(super) high: (f64, f64),
    pub(super) middle: (f64, f64),
    /// The strongest of the high frequencies: a pattern has few, and is sharp all the same.
    pub(super) highest: f64,
}

/// Measures; `None` for a picture smaller than a tile.
pub(super) fn measure(luma: &Plane) -> Option<Detail> {
    let tiles = strongest_tiles(luma);
    if tiles.is_empty() {
        return None;
    }
    let mut lines = Lines::new();
    for (left, top) in &tiles {
        lines.add(luma, *left, *top);
    }
    let count = (tiles.len() * TILE / LINE_STEP) as f32;
    let band = |power: &[f32], range: std::ops::Range<usize>| {
        let levels = power.get(range).unwrap_or_default();
        let sum: f32 = levels
            .iter()
            .map(|power| 10.0 * (power / count + 1e-3).log10())
            .sum();
        f64::from(sum / levels.len().max(1) as f32)
    };
    Some(Detail {
        high: (band(&lines.across, HIGH), band(&lines.down, HIGH)),
        middle: (band(&lines.across, MIDDLE), band(&lines.down, MIDDLE)),
        highest: HIGH
            .flat_map(|bin| {
                [
                    band(&lines.across, bin..bin + 1),
                    band(&lines.down, bin..bin + 1),
                ]
            })
            .fold(f64::MIN, f64::max),
    })
}

/// Corners of the tiles with most texture.
fn strongest_tiles(luma: &Plane) -> Vec<(usize, usize)> {
    let (across, down) = (luma.width / TILE, luma.height / TILE);
    let mut texture = vec![0_u64; across * down];
    let rows: Vec<&[u8]> = luma.rows().take(down * TILE).collect();
    for (y, pair) in rows.windows(2).enumerate().step_by(TEXTURE_STEP) {
        let [row, below] = pair else { continue };
        let band = y / TILE * across;
        let tiles = texture.get_mut(band..).unwrap_or_default();
        let pixels = row.chunks_exact(TILE).zip(below.chunks_exact(TILE));
        for (sum, (row, below)) in tiles.iter_mut().zip(pixels) {
            let right = row.get(1..).unwrap_or_default();
            let differences = row
                .iter()
                .zip(right)
                .zip(below)
                .map(|((here, right), below)| {
                    let along = i32::from(*right) - i32::from(*here);
                    let down = i32::from(*below) - i32::from(*here);
                    (along * along + down * down).unsigned_abs()
                });
            *sum += u64::from(differences.sum::<u32>());
        }
    }
    let mut order: Vec<(u64, usize)> = texture.into_iter().zip(0..).collect();
    order.sort_by(|a, b| b.cmp(a));
    order
        .into_iter()
        .take(TILES)
        .map(|(_, place)| (place % across * TILE, place / across * TILE))
        .collect()
}

/// Power of the lines of tiles.
struct Lines {
    plan: std::sync::Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
    across: Vec<f32>,
    down: Vec<f32>,
}

impl Lines {
    fn new() -> Self {
        let plan = FftPlanner::new().plan_fft_forward(TILE);
        let hann =
            |place: usize| 0.5 - 0.5 * (std::f32::consts::TAU * place as f32 / TILE as f32).cos();
        Self {
            scratch: vec![Complex32::default(); plan.get_inplace_scratch_len()],
            plan,
            window: (0..TILE).map(hann).collect(),
            buffer: vec![Complex32::default(); TILE],
            across: vec![0.0; TILE / 2],
            down: vec![0.0; TILE / 2],
        }
    }

    /// Adds a tile: a row and a column in each transform, as its real and imaginary part.
    fn add(&mut self, luma: &Plane, left: usize, top: usize) {
        let tile: Vec<&[u8]> = luma
            .rows()
            .skip(top)
            .take(TILE)
            .filter_map(|row| row.get(left..left + TILE))
            .collect();
        for line in (0..TILE).step_by(LINE_STEP) {
            let Some(row) = tile.get(line) else { return };
            let column = || tile.iter().filter_map(|row| row.get(line));
            let mean = |sum: u32| sum as f32 / TILE as f32;
            let along = mean(row.iter().map(|v| u32::from(*v)).sum());
            let downward = mean(column().map(|v| u32::from(*v)).sum());
            let pixels = row.iter().zip(column()).zip(&self.window);
            for (to, ((row, column), weight)) in self.buffer.iter_mut().zip(pixels) {
                *to = Complex32::new(
                    (f32::from(*row) - along) * weight,
                    (f32::from(*column) - downward) * weight,
                );
            }
            self.plan
                .process_with_scratch(&mut self.buffer, &mut self.scratch);
            self.gather();
        }
    }

    fn gather(&mut self) {
        let mirrored = self.buffer.iter().skip(1).rev();
        let halves = self.buffer.iter().skip(1).zip(mirrored);
        let powers = self.across.iter_mut().zip(&mut self.down).skip(1);
        for ((across, down), (a, b)) in powers.zip(halves) {
            *across += 0.25 * ((a.re + b.re).powi(2) + (a.im - b.im).powi(2));
            *down += 0.25 * ((a.im + b.im).powi(2) + (b.re - a.re).powi(2));
        }
    }
}
