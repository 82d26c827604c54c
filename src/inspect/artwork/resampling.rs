//! Whether a picture was enlarged: interpolation leaves a period in its second differences.
//! Source: A. C. Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images",
//! CRV 2005. A picture that was exactly doubled has no such period, and is not told.
#![expect(
    clippy::cast_precision_loss,
    reason = "sides of a picture are far below 2^24 pixels"
)]

use super::canvas::{Canvas, Plane};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

/// Every so many rows are looked at for the columns.
const ROW_STEP: usize = 4;
/// Stretches of a row that are looked at for the rows, and how far apart they begin.
const STRETCH: usize = 64;
const STRETCH_STEP: usize = 256;
/// Fewer pixels show no period.
const LEAST_PIXELS: usize = 512;
/// Half the width of what is subtracted as the picture's own trend, in pixels.
const TREND: usize = 16;
/// Lines on each side of one that it is compared with.
const NEIGHBOURS: usize = 40;
/// Distance from a multiple of an eighth at which a line may be JPEG's blocks, in periods a pixel.
const NEAR_A_BLOCK: f32 = 0.012;

/// A period: how often it comes in a pixel, and how far it stands out of its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Period {
    pub(super) frequency: f32,
    pub(super) strength: f32,
}

/// The strongest periods across and down.
pub(super) fn periods(canvas: &Canvas) -> (Period, Period) {
    let luma = &canvas.luma;
    if luma.width.min(luma.height) < LEAST_PIXELS {
        return (Period::default(), Period::default());
    }
    let across = strongest(&across(luma), canvas.in_blocks);
    let down = strongest(&down(luma), canvas.in_blocks);
    (across, down)
}

/// Sums of second differences along the rows, for each column.
fn across(luma: &Plane) -> Vec<u32> {
    let mut sums = vec![0_u32; luma.width.saturating_sub(2)];
    for row in luma.rows().step_by(ROW_STEP) {
        let [middle, right] = [1, 2].map(|from| row.get(from..).unwrap_or_default());
        for (((sum, a), b), c) in sums.iter_mut().zip(row).zip(middle).zip(right) {
            *sum = sum.wrapping_add(u32::from(second(*a, *b, *c)));
        }
    }
    sums
}

/// Sums of second differences along the columns, for each row.
fn down(luma: &Plane) -> Vec<u32> {
    let rows: Vec<&[u8]> = luma.rows().collect();
    rows.windows(3)
        .map(|rows| {
            let [above, row, below] = rows else { return 0 };
            let stretches = above.chunks(STRETCH_STEP).zip(row.chunks(STRETCH_STEP));
            stretches
                .zip(below.chunks(STRETCH_STEP))
                .map(|((above, row), below)| {
                    let [above, row, below] =
                        [above, row, below].map(|line| line.first_chunk::<STRETCH>());
                    let (Some(above), Some(row), Some(below)) = (above, row, below) else {
                        return 0;
                    };
                    let pixels = above.iter().zip(row).zip(below);
                    // At most 64 × 510 fits.
                    let sum = pixels.fold(0_u16, |sum, ((a, b), c)| {
                        sum.wrapping_add(second(*a, *b, *c))
                    });
                    u32::from(sum)
                })
                .sum()
        })
        .collect()
}

fn second(a: u8, b: u8, c: u8) -> u16 {
    (i16::from(b) * 2 - i16::from(a) - i16::from(c)).unsigned_abs()
}

fn strongest(sums: &[u32], in_blocks: bool) -> Period {
    // A length that divides well is transformed faster.
    let length = sums.len() / 64 * 64;
    let levels: Vec<f32> = sums
        .iter()
        .take(length)
        .map(|sum| (*sum as f32 + 1.0).ln())
        .collect();
    let mut line: Vec<Complex32> = without_trend(&levels)
        .enumerate()
        .map(|(place, level)| {
            let turn = std::f32::consts::TAU * place as f32 / length as f32;
            Complex32::new(level * (0.5 - 0.5 * turn.cos()), 0.0)
        })
        .collect();
    FftPlanner::new()
        .plan_fft_forward(length)
        .process(&mut line);
    let strengths: Vec<f32> = line.iter().take(length / 2).map(|c| c.norm()).collect();
    let mut best = Period::default();
    for place in length / 20..length / 2 {
        let frequency = place as f32 / length as f32;
        let blocks = frequency * 8.0;
        if in_blocks && (blocks - blocks.round()).abs() < 8.0 * NEAR_A_BLOCK {
            continue;
        }
        let from = place.saturating_sub(NEIGHBOURS);
        let around = strengths
            .get(from..(place + NEIGHBOURS + 1).min(strengths.len()))
            .unwrap_or_default();
        let here = strengths.get(place).copied().unwrap_or_default();
        // The median is dear; few lines stand out of the mean.
        let mean = around.iter().sum::<f32>() / around.len().max(1) as f32;
        if here < 1.5 * mean {
            continue;
        }
        let mut sorted = around.to_vec();
        sorted.sort_by(f32::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let strength = here / (median + 1e-3);
        if strength > best.strength {
            best = Period {
                frequency,
                strength,
            };
        }
    }
    best
}

/// The levels less the mean around each.
fn without_trend(levels: &[f32]) -> impl Iterator<Item = f32> + '_ {
    levels.iter().enumerate().map(|(place, level)| {
        let from = place.saturating_sub(TREND);
        let to = (place + TREND + 1).min(levels.len());
        let around = levels.get(from..to).unwrap_or_default();
        level - around.iter().sum::<f32>() / around.len().max(1) as f32
    })
}
