//! The shape of the sound over time, for a picture: lowest and highest sample of equal stretches.

use crate::domain::facts::Waveform;

/// Columns of the picture, at most.
const COLUMNS: usize = 400;
/// Stretches kept meanwhile; when there are twice as many, two become one.
const KEPT: usize = 4 * COLUMNS;

/// A shape under way. The length of the audio need not be known.
#[derive(Default)]
pub(super) struct Shape {
    stretches: Vec<(f32, f32)>,
    /// Windows in a stretch, as a power of two.
    doublings: u32,
    /// Windows in the last stretch.
    windows: u32,
}

impl Shape {
    /// Adds the lowest and highest sample of the next window.
    pub(super) fn add(&mut self, low: f32, high: f32) {
        let full = self.windows == 1 << self.doublings;
        if let Some(last) = self.stretches.last_mut().filter(|_| !full) {
            *last = (last.0.min(low), last.1.max(high));
        } else {
            self.halve_if_full();
            self.windows = 0;
            self.stretches.push((low, high));
        }
        self.windows += 1;
    }

    fn halve_if_full(&mut self) {
        if self.stretches.len() < 2 * KEPT {
            return;
        }
        let (pairs, _) = self.stretches.as_chunks::<2>();
        self.stretches = pairs
            .iter()
            .map(|[a, b]| (a.0.min(b.0), a.1.max(b.1)))
            .collect();
        self.doublings += 1;
    }

    /// The picture; `None` when there was nothing.
    pub(super) fn finish(&self) -> Option<Waveform> {
        let count = self.stretches.len();
        let columns = count.min(COLUMNS);
        let column = |n: usize| {
            let part = self
                .stretches
                .get(n * count / columns..(n + 1) * count / columns);
            part.unwrap_or_default()
                .iter()
                .fold((0.0_f32, 0.0_f32), |all, one| {
                    (all.0.min(one.0), all.1.max(one.1))
                })
        };
        let (low, high) = (0..columns)
            .map(column)
            .map(|(low, high)| (step(low), step(high)))
            .unzip();
        (columns > 0).then_some(Waveform { low, high })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range first"
)]
fn step(sample: f32) -> i8 {
    (sample.clamp(-1.0, 1.0) * 127.0).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_the_sound_its_shape_has_four_hundred_columns() {
        for windows in [0_u16, 1, 399, 400, 401, 3_199, 3_200, 3_201, 30_000] {
            let mut shape = Shape::default();
            for window in 0..windows {
                let loud = f32::from(window) / f32::from(windows);
                shape.add(-loud / 2.0, loud);
            }
            let Some(picture) = shape.finish() else {
                assert_eq!(windows, 0);
                continue;
            };
            assert_eq!(picture.high.len(), usize::from(windows).min(400));
            assert_eq!(picture.low.len(), picture.high.len());
            assert!(picture.high.is_sorted(), "{windows}: it grows louder");
            assert_eq!(picture.low.first(), Some(&0));
            assert!(windows < 400 || picture.high.last() == Some(&127));
        }
    }
}
