//! The mean spectrum, and whether it ends all at once: what a lossy coder's low-pass or a resampler
//! leaves. A master's own spectrum falls gently.

use crate::domain::facts::Cutoff;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Frames of one spectrum.
pub(super) const WINDOW: usize = 4096;
/// Spectra in a second.
const PER_SECOND: f64 = 2.7;
/// Edges below are no sign of anything: instruments end where they like.
const LOWEST_HERTZ: f64 = 14_000.0;
/// What is compared on both sides of an edge, and how far from it that begins, in hertz.
const SIDE_HERTZ: f64 = 750.0;
const SLOPE_HERTZ: f64 = 300.0;
/// A smaller fall is a spectrum's own.
const LEAST_DROP_DB: f64 = 20.0;
/// Fewer spectra say nothing.
const LEAST_WINDOWS: u32 = 8;

/// A measurement under way.
pub(super) struct Spectrum {
    plan: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    buffer: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    power: Vec<f64>,
    windows: u32,
    rate: u32,
    /// Frame at which the next one begins.
    next: u64,
    step: u64,
}

impl Spectrum {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "rates are bounded to 800 kHz, windows to 4096"
    )]
    pub(super) fn new(rate: u32) -> Self {
        let plan = FftPlanner::new().plan_fft_forward(WINDOW);
        let hann =
            |n: usize| 0.5 * (1.0 - (std::f32::consts::TAU * n as f32 / WINDOW as f32).cos());
        Self {
            scratch: vec![Complex::default(); plan.get_inplace_scratch_len()],
            plan,
            window: (0..WINDOW).map(hann).collect(),
            buffer: vec![Complex::default(); WINDOW],
            power: vec![0.0; WINDOW / 2],
            windows: 0,
            rate,
            next: 0,
            step: ((f64::from(rate) / PER_SECOND) as u64).max(WINDOW as u64),
        }
    }

    /// Looks at frames of a pair of channels, the first of which is frame `from` of the file; of a
    /// stretch that comes again at the front of the next call nothing is counted twice.
    pub(super) fn look(&mut self, frames: &[[f32; 2]], from: u64) {
        self.next = self.next.max(from);
        while let Ok(start) = usize::try_from(self.next - from) {
            let Some(part) = frames.get(start..).and_then(|rest| rest.get(..WINDOW)) else {
                return;
            };
            // Two real spectra in one complex one: left as the real part, right as the imaginary.
            for ((to, [left, right]), weight) in self.buffer.iter_mut().zip(part).zip(&self.window)
            {
                *to = Complex::new(left * weight, right * weight);
            }
            self.plan
                .process_with_scratch(&mut self.buffer, &mut self.scratch);
            let up = self.buffer.iter().skip(1);
            let down = self.buffer.iter().rev();
            for ((power, a), b) in self.power.iter_mut().skip(1).zip(up).zip(down) {
                *power += f64::from(a.norm_sqr() + b.norm_sqr());
            }
            self.windows += 1;
            self.next += self.step;
        }
    }

    /// The highest steep edge, if there is one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "places within 2048 bins, frequencies below 800 kHz"
    )]
    pub(super) fn cutoff(&self) -> Option<Cutoff> {
        if self.windows < LEAST_WINDOWS {
            return None;
        }
        let bin = f64::from(self.rate) / WINDOW as f64;
        let decibels: Vec<f64> = self
            .power
            .iter()
            .map(|power| 10.0 * (power / f64::from(self.windows) + 1e-20).log10())
            .collect();
        // Sums from the beginning, so that a mean over a stretch is one subtraction.
        let mut sums = vec![0.0];
        for value in &decibels {
            sums.push(sums.last().copied().unwrap_or_default() + value);
        }
        let bins = |hertz: f64| (hertz / bin).round().max(1.0) as usize;
        let (side, slope) = (bins(SIDE_HERTZ), bins(SLOPE_HERTZ));
        let mean = |from: usize| {
            let (low, high) = (sums.get(from)?, sums.get(from + side)?);
            Some((high - low) / side as f64)
        };
        let first = bins(LOWEST_HERTZ);
        let edges = (first..decibels.len()).filter_map(|at| {
            let below = mean(at.checked_sub(side + slope)?)?;
            let above = mean(at + slope)?;
            Some((at, below - above))
        });
        let (at, drop_db) = edges.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (drop_db >= LEAST_DROP_DB).then(|| Cutoff {
            hertz: (at as f64 * bin).round() as u32,
            drop_db: (drop_db * 10.0).round() / 10.0,
        })
    }
}
