//! What a picture looks like in 128 bits: the same for a copy that was scaled, compressed or
//! converted, another one for another picture (`domain::likeness` compares them).
#![expect(clippy::cast_precision_loss, reason = "numbers below a thousand")]

use super::canvas::{Canvas, NEUTRAL, Plane};
use std::f32::consts::PI;

/// Side of the copy whose frequencies are looked at, and number of frequencies each way.
const SIDE: usize = 32;
const FREQUENCIES: usize = 8;
/// Side of the grid whose colours are kept.
const GRID: usize = 4;
/// Levels of a colour difference that are told apart: cold, neutral, warm.
const LEVELS: [u8; 2] = [116, 140];
/// Standard deviation of the luma below which a picture has no shapes to be known by.
const LEAST_CONTRAST: f32 = 4.0;

/// The likeness in hex: 64 bits of shapes, 64 bits of colours. `None` for a plain picture.
pub(super) fn of(canvas: &Canvas) -> Option<String> {
    let shapes = shapes(&canvas.small.resized(SIDE, SIDE))?;
    let grey = Plane::filled(1, 1, NEUTRAL);
    let [blue, red] = match &canvas.chroma {
        Some([blue, red]) => [blue, red],
        None => [&grey, &grey],
    };
    let colours = [blue, red]
        .iter()
        .flat_map(|plane| plane.resized(GRID, GRID).values)
        .flat_map(|value| LEVELS.map(|level| value >= level))
        .fold(0_u64, |bits, bit| (bits << 1) | u64::from(bit));
    Some(format!("{shapes:016x}{colours:016x}"))
}

/// Which of the lowest frequencies (DCT-II) are stronger than the median.
fn shapes(small: &Plane) -> Option<u64> {
    let values: Vec<f32> = small.values.iter().map(|v| f32::from(*v)).collect();
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    let spread = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    if spread.sqrt() < LEAST_CONTRAST {
        return None;
    }
    let wave = |frequency: usize, place: usize| {
        (PI / SIDE as f32 * (place as f32 + 0.5) * frequency as f32).cos()
    };
    let mut strengths = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
    for down in 0..FREQUENCIES {
        for across in 0..FREQUENCIES {
            let rows = values.chunks_exact(SIDE).enumerate();
            let sum: f32 = rows
                .map(|(y, row)| {
                    let along = row.iter().enumerate();
                    let along: f32 = along.map(|(x, v)| (v - mean) * wave(across, x)).sum();
                    along * wave(down, y)
                })
                .sum();
            strengths.push(sum);
        }
    }
    // The first is the mean, which is 0 here; it is left out of the median and of the bits.
    let mut sorted = strengths.get(1..)?.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = *sorted.get(sorted.len() / 2)?;
    let bits = strengths.iter().skip(1).map(|strength| *strength > median);
    Some(bits.fold(0, |all, bit| (all << 1) | u64::from(bit)))
}
