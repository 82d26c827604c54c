//! Loudness of a programme from the weighted energy of every 100 ms: integrated (ITU-R BS.1770-4)
//! and its range (EBU Tech 3342).
//!
//! Blocks are counted in steps of 0.01 LU with their exact sums, so memory does not grow with the
//! length of the audio, and only a block within a step of a gate can be on the wrong side of it.

use std::collections::VecDeque;

/// Sub-blocks of 100 ms in a gating block (400 ms, 75 % overlap).
const GATING: usize = 4;
/// Sub-blocks in a short-term window (3 s).
const SHORT_TERM: usize = 30;
/// Sub-blocks from one short-term window to the next: one second.
const SHORT_TERM_STEP: usize = 10;
/// Absolute gate in LUFS.
const ABSOLUTE_GATE: f64 = -70.0;
/// Highest step that is counted apart, in LUFS; nothing below 64 channels of full scale reaches it.
const TOP: f64 = 30.0;
/// Steps in one LU.
const STEPS: f64 = 100.0;

/// Loudness of a mean square, in LUFS.
pub(super) fn lufs(energy: f64) -> f64 {
    -0.691 + 10.0 * energy.log10()
}

/// Blocks by loudness.
struct Histogram {
    steps: Vec<(u64, f64)>,
}

impl Histogram {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a constant of ten thousand"
    )]
    fn new() -> Self {
        let count = ((TOP - ABSOLUTE_GATE) * STEPS) as usize;
        Self {
            steps: vec![(0, 0.0); count],
        }
    }

    /// Adds a block; one below the absolute gate is left out.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and bounded below"
    )]
    fn add(&mut self, energy: f64) {
        let loudness = lufs(energy);
        if loudness >= ABSOLUTE_GATE {
            let step = ((loudness - ABSOLUTE_GATE) * STEPS) as usize;
            let step = step.min(self.steps.len() - 1);
            if let Some((count, sum)) = self.steps.get_mut(step) {
                *count += 1;
                *sum += energy;
            }
        }
    }

    /// Number and mean energy of the blocks of at least `least` energy.
    fn from(&self, least: f64) -> (u64, f64) {
        let (count, sum) = self
            .steps
            .iter()
            .filter(|(count, sum)| *count > 0 && sum / float(*count) >= least)
            .fold((0, 0.0), |(n, all), (count, sum)| (n + count, all + sum));
        (count, if count > 0 { sum / float(count) } else { 0.0 })
    }

    /// Loudness of the block at that place among those of at least `least`, the softest first.
    fn at(&self, least: f64, place: u64) -> Option<f64> {
        let mut left = place;
        self.steps
            .iter()
            .filter(|(count, sum)| *count > 0 && sum / float(*count) >= least)
            .find_map(|(count, sum)| {
                if left < *count {
                    return Some(lufs(sum / float(*count)));
                }
                left -= count;
                None
            })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of 100 ms; beyond 2⁵³ nobody waits"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// A measurement under way.
pub(super) struct Loudness {
    recent: VecDeque<f64>,
    sub_blocks: usize,
    gating: Histogram,
    short_term: Histogram,
}

impl Loudness {
    pub(super) fn new() -> Self {
        Self {
            recent: VecDeque::with_capacity(SHORT_TERM),
            sub_blocks: 0,
            gating: Histogram::new(),
            short_term: Histogram::new(),
        }
    }

    /// Takes the weighted mean square of the next 100 ms, summed over the channels.
    pub(super) fn add(&mut self, energy: f64) {
        if self.recent.len() == SHORT_TERM {
            self.recent.pop_front();
        }
        self.recent.push_back(energy);
        self.sub_blocks += 1;
        if self.sub_blocks >= GATING {
            let sum: f64 = self.recent.iter().rev().take(GATING).sum();
            self.gating.add(sum / 4.0);
        }
        let since_first = self.sub_blocks.checked_sub(SHORT_TERM);
        if since_first.is_some_and(|since| since.is_multiple_of(SHORT_TERM_STEP)) {
            let sum: f64 = self.recent.iter().sum();
            self.short_term.add(sum / 30.0);
        }
    }

    /// Integrated loudness in LUFS; `None` when it is too quiet or shorter than 400 ms.
    pub(super) fn integrated(&self) -> Option<f64> {
        let (count, mean) = self.gating.from(0.0);
        // 10 LU below the mean of what passed the absolute gate.
        let (_, gated) = self.gating.from(mean / 10.0);
        (count > 0 && gated > 0.0).then(|| lufs(gated))
    }

    /// Loudness range in LU; `None` when it is too quiet or shorter than 3 s.
    pub(super) fn range(&self) -> Option<f64> {
        let (_, mean) = self.short_term.from(0.0);
        // 20 LU below.
        let least = mean / 100.0;
        let (count, _) = self.short_term.from(least);
        let last = count.checked_sub(1)?;
        let softest = self.short_term.at(least, rounded(last, 10))?;
        let loudest = self.short_term.at(least, rounded(last, 95))?;
        Some(loudest - softest)
    }
}

/// That percentage of `last`, rounded to the nearest.
fn rounded(last: u64, percent: u64) -> u64 {
    (last * percent + 50) / 100
}
