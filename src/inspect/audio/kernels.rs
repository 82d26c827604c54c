//! The inner loops, in vectors as wide as the processor's registers.
//!
//! All of them look at pairs of channels, interleaved: left, right, left, right. The vectors are
//! written out: of plain loops over lanes the compiler made scalar code for the true peak, ten times
//! as slow, and nothing would tell if it did so again. `plain` runs the same body one number at a time; a test holds both
//! equal.
#![expect(
    clippy::inline_always,
    reason = "a body is compiled for a processor only where it is inlined into that one's caller"
)]

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Runs a kernel with the best that the processor has. Its body has to be `#[inline(always)]`.
pub(super) fn fastest<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// Runs a kernel without any of it.
pub(super) fn plain<K: WithSimd>(kernel: K) -> K::Output {
    kernel.with_simd(Scalar)
}

/// The lower of two; compiles to one instruction, unlike `f32::min`, because NaN is no matter here.
#[inline(always)]
fn lower(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// What a stretch of a pair holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Lowest sample of each channel.
    pub(super) low: [f32; 2],
    /// Highest sample.
    pub(super) high: [f32; 2],
    /// Sum.
    pub(super) sum: [f32; 2],
    /// Sum of squares.
    pub(super) squares: [f32; 2],
    /// Sum of the products of both channels.
    pub(super) cross: f32,
    /// Some sample differs between the channels.
    pub(super) differs: bool,
}

/// Lowest, highest, sums of a stretch of a pair of channels.
pub(super) struct Cells<'a> {
    /// Interleaved samples of whole frames.
    pub(super) samples: &'a [f32],
}

impl WithSimd for Cells<'_> {
    type Output = Cell;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Cell {
        let mut left = Lanes::new(simd);
        let mut right = left;
        let mut cross = simd.splat_f32s(0.0);
        let mut differs = simd.splat_f32s(0.0);
        let (steps, _) = S::as_simd_f32s(self.samples).0.as_chunks::<2>();
        for step in steps {
            let [in_left, in_right] = simd.deinterleave_shfl_f32s(*step);
            left.add(simd, in_left);
            right.add(simd, in_right);
            cross = simd.mul_add_e_f32s(in_left, in_right, cross);
            differs = simd.or_f32s(simd.xor_f32s(in_left, in_right), differs);
        }
        let sides = [left, right];
        let mut cell = Cell {
            low: sides.map(|side| simd.reduce_min_f32s(side.low)),
            high: sides.map(|side| simd.reduce_max_f32s(side.high)),
            sum: sides.map(|side| simd.reduce_sum_f32s(side.sum)),
            squares: sides.map(|side| simd.reduce_sum_f32s(side.squares)),
            cross: simd.reduce_sum_f32s(cross),
            differs: bytemuck::bytes_of(&differs).iter().any(|byte| *byte != 0),
        };
        let rest = self.samples.get(steps.len() * 2 * S::F32_LANES..);
        for frame in rest.unwrap_or_default().as_chunks::<2>().0 {
            cell.add(*frame);
        }
        cell
    }
}

/// One channel of a cell, lane by lane.
#[derive(Clone, Copy)]
struct Lanes<S: Simd> {
    low: S::f32s,
    high: S::f32s,
    sum: S::f32s,
    squares: S::f32s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self {
            low: simd.splat_f32s(f32::MAX),
            high: simd.splat_f32s(f32::MIN),
            sum: simd.splat_f32s(0.0),
            squares: simd.splat_f32s(0.0),
        }
    }

    #[inline(always)]
    fn add(&mut self, simd: S, value: S::f32s) {
        self.low = simd.min_f32s(value, self.low);
        self.high = simd.max_f32s(value, self.high);
        self.sum = simd.add_f32s(value, self.sum);
        self.squares = simd.mul_add_e_f32s(value, value, self.squares);
    }
}

impl Cell {
    /// Adds a single frame.
    fn add(&mut self, frame: [f32; 2]) {
        let [left, right] = frame;
        let sides = self.low.iter_mut().zip(&mut self.high);
        let sums = self.sum.iter_mut().zip(&mut self.squares);
        for ((value, (low, high)), (sum, squares)) in frame.iter().zip(sides).zip(sums) {
            *low = lower(*value, *low);
            *high = higher(*value, *high);
            *sum += value;
            *squares += value * value;
        }
        self.cross += left * right;
        self.differs |= left.to_bits() != right.to_bits();
    }
}

/// Frames before a stretch that the true peak looks back at.
pub(super) const PEAK_HISTORY: usize = 11;
/// Taps of one phase, and half of them.
const TAPS: usize = PEAK_HISTORY + 1;
const HALF: usize = TAPS / 2;

/// Filter of the true peak: the three phases between two samples.
///
/// The window is symmetric: the middle phase reads the same in both directions, and the third is the
/// first one backwards. So samples are first added and subtracted in pairs, outermost with outermost,
/// and what the first and the third phase have in common is computed once. Their sum and difference
/// are the two phases, and the larger magnitude of those is the sum of magnitudes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeakFilter {
    /// Of the middle phase, for sums.
    middle: [f32; HALF],
    /// Half of what the first and the third phase add up to, for sums.
    even: [f32; HALF],
    /// Half of what they differ by, for differences.
    odd: [f32; HALF],
}

/// The 4× oversampling filter of BS.1770-4 as libebur128 has it: a sinc of 48 taps under a Hann
/// window. Its first phase gives the samples themselves and is left out.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "48 small numbers"
)]
pub(super) fn peak_filter() -> PeakFilter {
    let tap = |index: usize| {
        let from_middle = index as f64 - 24.0;
        let angle = from_middle * std::f64::consts::FRAC_PI_4;
        let sinc = if angle == 0.0 {
            1.0
        } else {
            angle.sin() / angle
        };
        let window = 0.5 * (1.0 - (std::f64::consts::TAU * index as f64 / 48.0).cos());
        sinc * window
    };
    let first = |t: usize| (tap(4 * t + 1), tap(4 * (TAPS - 1 - t) + 1));
    PeakFilter {
        middle: std::array::from_fn(|t| tap(4 * t + 2) as f32),
        even: std::array::from_fn(|t| (f64::midpoint(first(t).0, first(t).1)) as f32),
        odd: std::array::from_fn(|t| ((first(t).0 - first(t).1) / 2.0) as f32),
    }
}

/// Highest value between the samples of a pair of channels.
pub(super) struct Peaks<'a> {
    /// `PEAK_HISTORY` frames, then the stretch.
    pub(super) samples: &'a [f32],
    /// See [`peak_filter`].
    pub(super) filter: &'a PeakFilter,
}

impl WithSimd for Peaks<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; 2] {
        // Two vectors at a time, so that a step holds whole frames also where a vector is one number.
        let step = 2 * S::F32_LANES;
        let reach = step + 2 * PEAK_HISTORY;
        let Some(last) = self.samples.len().checked_sub(reach) else {
            return if S::IS_SCALAR { [0.0; 2] } else { plain(self) };
        };
        let mut highest = [simd.splat_f32s(0.0); 2];
        let mut at = 0;
        while let Some(window) = self.samples.get(at..at + reach) {
            for (vector, highest) in highest.iter_mut().enumerate() {
                let value = self.between(simd, window, vector * S::F32_LANES);
                *highest = simd.max_f32s(value, *highest);
            }
            if at == last {
                break;
            }
            // The last step may look at frames a second time; a maximum does not mind.
            at = (at + step).min(last);
        }
        let mut sides = [0.0; 2];
        for frame in bytemuck::cast_slice(&highest).as_chunks::<2>().0 {
            for (side, value) in sides.iter_mut().zip(frame) {
                *side = higher(*value, *side);
            }
        }
        sides
    }
}

impl Peaks<'_> {
    /// Largest magnitude of the three phases for each lane of the vector at `from`.
    #[inline(always)]
    fn between<S: Simd>(&self, simd: S, window: &[f32], from: usize) -> S::f32s {
        let nothing = simd.splat_f32s(0.0);
        let (mut middle, mut even, mut odd) = (nothing, nothing, nothing);
        let load = |frame: usize| {
            let samples = window.get(from + 2 * frame..).unwrap_or_default();
            let vector = S::as_simd_f32s(samples).0.first();
            vector.copied().unwrap_or(nothing)
        };
        let filter = self.filter;
        let taps = filter.middle.iter().zip(&filter.even).zip(&filter.odd);
        for (t, ((in_middle, in_even), in_odd)) in taps.enumerate() {
            let (newer, older) = (load(PEAK_HISTORY - t), load(t));
            let sum = simd.add_f32s(newer, older);
            let difference = simd.sub_f32s(newer, older);
            middle = simd.mul_add_e_f32s(sum, simd.splat_f32s(*in_middle), middle);
            even = simd.mul_add_e_f32s(sum, simd.splat_f32s(*in_even), even);
            odd = simd.mul_add_e_f32s(difference, simd.splat_f32s(*in_odd), odd);
        }
        let outer = simd.add_f32s(simd.abs_f32s(even), simd.abs_f32s(odd));
        simd.max_f32s(simd.abs_f32s(middle), outer)
    }
}

/// Segments that are weighted side by side; with two channels each they fill eight lanes of doubles.
pub(super) const SEGMENTS: usize = 4;
const DOUBLES: usize = 2 * SEGMENTS;

/// The two filters of BS.1770-4 at one rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighting {
    shelf_b: [f64; 3],
    shelf_a: [f64; 2],
    pass_a: [f64; 2],
}

impl Weighting {
    /// For a rate in hertz. The constants are those from which BS.1770's table for 48 kHz comes.
    pub(super) fn at(rate: u32) -> Self {
        let turn = |frequency: f64| (std::f64::consts::PI * frequency / f64::from(rate)).tan();
        let (k, quality) = (turn(1_681.974_450_955_533), 0.707_175_236_955_419_6);
        let high: f64 = 10_f64.powf(3.999_843_853_973_347 / 20.0);
        let middle = high.powf(0.499_666_774_154_541_6);
        let a0 = 1.0 + k / quality + k * k;
        let shelf_b = [
            (high + middle * k / quality + k * k) / a0,
            2.0 * (k * k - high) / a0,
            (high - middle * k / quality + k * k) / a0,
        ];
        let shelf_a = [2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0];
        let (k, quality) = (turn(38.135_470_876_024_44), 0.500_327_037_323_877_3);
        let a0 = 1.0 + k / quality + k * k;
        let pass_a = [2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0];
        Self {
            shelf_b,
            shelf_a,
            pass_a,
        }
    }
}

/// Weighted energy of every sub-block (100 ms) of four segments of a pair of channels.
///
/// Each segment begins one sub-block early, whose energy is not given: within it the filters forget
/// that they began with nothing (what is left is below 10⁻¹⁰).
pub(super) struct Energies<'a> {
    /// A sub-block in front and four segments of `count` sub-blocks.
    pub(super) samples: &'a [f32],
    /// The filters.
    pub(super) weighting: &'a Weighting,
    /// Frames of a sub-block.
    pub(super) sub: usize,
    /// Sub-blocks of a segment.
    pub(super) count: usize,
    /// Where the sums of squares go, sub-block by sub-block.
    pub(super) out: &'a mut [[f64; 2]],
}

impl WithSimd for Energies<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let frames = self.samples.as_chunks::<2>().0;
        let stride = self.count * self.sub;
        let mut filters = Filters::<S>::new(simd, self.weighting);
        for block in 0..=self.count {
            let part = |segment: usize| {
                let from = segment * stride + block * self.sub;
                frames.get(from..from + self.sub).unwrap_or_default().iter()
            };
            filters.energy = [simd.splat_f64s(0.0); DOUBLES];
            let together = part(0).zip(part(1)).zip(part(2).zip(part(3)));
            for ((first, second), (third, fourth)) in together {
                let frames: [f32; DOUBLES] = bytemuck::cast([*first, *second, *third, *fourth]);
                filters.step(simd, frames.map(f64::from));
            }
            let Some(place) = block.checked_sub(1) else {
                continue;
            };
            let energy = bytemuck::cast_slice(&filters.energy);
            for (segment, sides) in energy.as_chunks::<2>().0.iter().enumerate().take(SEGMENTS) {
                if let Some(out) = self.out.get_mut(segment * self.count + place) {
                    *out = *sides;
                }
            }
        }
    }
}

/// Both filters at work on all lanes, in as many vectors as those fill; the others lie idle.
struct Filters<S: Simd> {
    shelf_b: [S::f64s; 3],
    shelf_a: [S::f64s; 2],
    pass_a: [S::f64s; 2],
    minus_two: S::f64s,
    shelf: [[S::f64s; 2]; DOUBLES],
    pass: [[S::f64s; 2]; DOUBLES],
    energy: [S::f64s; DOUBLES],
}

impl<S: Simd> Filters<S> {
    #[inline(always)]
    fn new(simd: S, weighting: &Weighting) -> Self {
        let nothing = simd.splat_f64s(0.0);
        Self {
            shelf_b: weighting.shelf_b.map(|b| simd.splat_f64s(b)),
            // Negative, because there is an instruction for sums of products.
            shelf_a: weighting.shelf_a.map(|a| simd.splat_f64s(-a)),
            pass_a: weighting.pass_a.map(|a| simd.splat_f64s(-a)),
            minus_two: simd.splat_f64s(-2.0),
            shelf: [[nothing; 2]; DOUBLES],
            pass: [[nothing; 2]; DOUBLES],
            energy: [nothing; DOUBLES],
        }
    }

    /// One frame of every segment. What does not depend on the output just computed is added up
    /// first: the way from one output to the next is what takes the time.
    #[inline(always)]
    fn step(&mut self, simd: S, input: [f64; DOUBLES]) {
        let sum = |factor, other, plus| simd.mul_add_e_f64s(factor, other, plus);
        let [b0, b1, b2] = self.shelf_b;
        let ([a1, a2], [c1, c2]) = (self.shelf_a, self.pass_a);
        let states = self.shelf.iter_mut().zip(&mut self.pass);
        let lanes = S::as_simd_f64s(&input).0.iter();
        for ((x, energy), ([s1, s2], [t1, t2])) in lanes.zip(&mut self.energy).zip(states) {
            let y = sum(b0, *x, *s1);
            *s1 = sum(a1, y, sum(b1, *x, *s2));
            *s2 = sum(a2, y, simd.mul_f64s(b2, *x));
            let z = simd.add_f64s(y, *t1);
            *t1 = sum(c1, z, sum(self.minus_two, y, *t2));
            *t2 = sum(c2, z, y);
            *energy = sum(z, z, *energy);
        }
    }
}

/// Left-justified integers to floats, full scale at ±1.
pub(super) struct Floats<'a> {
    /// Integers.
    pub(super) from: &'a [i32],
    /// As many floats.
    pub(super) to: &'a mut [f32],
}

impl WithSimd for Floats<'_> {
    /// All bits that any sample uses.
    type Output = u32;

    #[inline(always)]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "24 bits are what a float holds; beyond them nothing is audible or judged"
    )]
    fn with_simd<S: Simd>(self, _: S) -> u32 {
        let mut used = 0;
        for (to, from) in self.to.iter_mut().zip(self.from) {
            used |= *from as u32;
            *to = *from as f32 * (1.0 / 2_147_483_648.0);
        }
        used
    }
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "lowest and highest are picked, not computed; lengths are small"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64, scale: f64) -> bool {
        (a - b).abs() <= 1e-6 * scale.max(1.0)
    }

    proptest! {
        #[test]
        fn vector_code_gives_what_plain_code_gives(
            samples in prop::collection::vec(-1.0_f32..1.0, 0..3_000),
        ) {
            let samples = &samples[..samples.len() / 2 * 2];
            let (a, b) = (fastest(Cells { samples }), plain(Cells { samples }));
            prop_assert_eq!(a.low, b.low);
            prop_assert_eq!(a.high, b.high);
            prop_assert_eq!(a.differs, b.differs);
            let scale = samples.len() as f64;
            for side in 0..2 {
                prop_assert!(close(a.sum[side].into(), b.sum[side].into(), scale));
                prop_assert!(close(a.squares[side].into(), b.squares[side].into(), scale));
            }
            prop_assert!(close(a.cross.into(), b.cross.into(), scale));

            let filter = peak_filter();
            let peaks = || Peaks { samples, filter: &filter };
            let (a, b) = (fastest(peaks()), plain(peaks()));
            for side in 0..2 {
                prop_assert!(close(a[side].into(), b[side].into(), 1.0));
            }

            let (sub, count) = (40, 3);
            let weighting = Weighting::at(44_100);
            let mut sums = [[[0.0; 2]; 12]; 2];
            let [one, two] = &mut sums;
            let energies = |out| Energies { samples, weighting: &weighting, sub, count, out };
            fastest(energies(one));
            plain(energies(two));
            for (a, b) in one.iter().zip(two) {
                prop_assert!(close(a[0], b[0], 40.0) && close(a[1], b[1], 40.0));
            }
        }

        #[test]
        fn integers_become_the_same_floats(
            from in prop::collection::vec(any::<i32>(), 0..200),
        ) {
            let mut to = [vec![0.0; from.len()], vec![0.0; from.len()]];
            let [a, b] = &mut to;
            let used = fastest(Floats { from: &from, to: a });
            prop_assert_eq!(used, plain(Floats { from: &from, to: b }));
            prop_assert_eq!(a, b);
        }
    }
}
