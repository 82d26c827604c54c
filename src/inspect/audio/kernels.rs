//! The inner loops, written so that the compiler turns them into vector code, and run with the
//! widest instructions that the processor has.
//!
//! All of them look at pairs of channels, interleaved: left, right, left, right. `plain` runs the
//! same body with nothing but the baseline; a test holds both equal.
#![expect(
    clippy::inline_always,
    reason = "a body is compiled for a processor only where it is inlined into that one's caller"
)]

use pulp::{Arch, NullaryFnOnce};

/// A loop that can be compiled for several processors. `FUSED` says that a product and a sum in one
/// instruction are there; without them `mul_add` is a slow function.
pub(super) trait Kernel {
    /// What it gives.
    type Output;
    /// Runs it. Has to be `#[inline(always)]`, or it is compiled for the baseline only.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

struct Fused<K>(K);

impl<K: Kernel> NullaryFnOnce for Fused<K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run::<true>()
    }
}

/// Runs a kernel with the best that the processor has.
pub(super) fn fastest<K: Kernel>(kernel: K) -> K::Output {
    match Arch::new() {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(simd) => simd.vectorize(Fused(kernel)),
        #[cfg(target_arch = "x86_64")]
        Arch::V3(simd) => simd.vectorize(Fused(kernel)),
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(simd) => simd.vectorize(Fused(kernel)),
        _ => plain(kernel),
    }
}

/// Runs a kernel without any of it.
pub(super) fn plain<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<false>()
}

#[inline(always)]
fn fused<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn fused_double<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
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

/// Samples looked at in one go.
const LANES: usize = 16;

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

impl Kernel for Cells<'_> {
    type Output = Cell;

    #[inline(always)]
    #[expect(
        clippy::indexing_slicing,
        reason = "arrays of known length and constant loops, which the compiler unrolls"
    )]
    fn run<const FUSED: bool>(self) -> Cell {
        let (blocks, rest) = self.samples.as_chunks::<LANES>();
        let mut low = [f32::MAX; LANES];
        let mut high = [f32::MIN; LANES];
        let mut sum = [0.0; LANES];
        let mut squares = [0.0; LANES];
        let mut cross = [0.0; LANES / 2];
        let mut differs = [0_u32; LANES / 2];
        for block in blocks {
            for lane in 0..LANES {
                let value = block[lane];
                low[lane] = lower(value, low[lane]);
                high[lane] = higher(value, high[lane]);
                sum[lane] += value;
                squares[lane] = fused::<FUSED>(value, value, squares[lane]);
            }
            for lane in 0..LANES / 2 {
                let (left, right) = (block[2 * lane], block[2 * lane + 1]);
                cross[lane] = fused::<FUSED>(left, right, cross[lane]);
                differs[lane] |= left.to_bits() ^ right.to_bits();
            }
        }
        let (frames, _) = rest.as_chunks::<2>();
        for frame in frames {
            for lane in 0..2 {
                let value = frame[lane];
                low[lane] = lower(value, low[lane]);
                high[lane] = higher(value, high[lane]);
                sum[lane] += value;
                squares[lane] += value * value;
            }
            cross[0] += frame[0] * frame[1];
            differs[0] |= frame[0].to_bits() ^ frame[1].to_bits();
        }
        let mut cell = Cell {
            low: [f32::MAX; 2],
            high: [f32::MIN; 2],
            sum: [0.0; 2],
            squares: [0.0; 2],
            cross: cross.iter().sum(),
            differs: differs.iter().any(|bits| *bits != 0),
        };
        for lane in 0..LANES {
            let side = lane % 2;
            cell.low[side] = lower(low[lane], cell.low[side]);
            cell.high[side] = higher(high[lane], cell.high[side]);
            cell.sum[side] += sum[lane];
            cell.squares[side] += squares[lane];
        }
        cell
    }
}

/// Frames before a stretch that the true peak looks back at.
pub(super) const PEAK_HISTORY: usize = 11;
/// Taps of one phase.
const TAPS: usize = PEAK_HISTORY + 1;

/// Filter of the true peak: the three phases between two samples.
pub(super) type PeakFilter = [[f32; TAPS]; 3];

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
        (sinc * window) as f32
    };
    std::array::from_fn(|phase| std::array::from_fn(|t| tap(4 * t + phase + 1)))
}

/// Highest value between the samples of a pair of channels.
pub(super) struct Peaks<'a> {
    /// `PEAK_HISTORY` frames, then the stretch.
    pub(super) samples: &'a [f32],
    /// See [`peak_filter`].
    pub(super) filter: &'a PeakFilter,
}

impl Kernel for Peaks<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    #[expect(
        clippy::indexing_slicing,
        reason = "arrays of known length and constant loops, which the compiler unrolls"
    )]
    fn run<const FUSED: bool>(self) -> [f32; 2] {
        const REACH: usize = LANES + 2 * PEAK_HISTORY;
        let mut highest = [0.0; LANES];
        let mut rest = self.samples;
        while let Some(window) = rest.first_chunk::<REACH>() {
            let mut phases = [[0.0; LANES]; 3];
            for tap in 0..TAPS {
                let from = 2 * (PEAK_HISTORY - tap);
                for lane in 0..LANES {
                    let value = window[from + lane];
                    for (sums, filter) in phases.iter_mut().zip(self.filter) {
                        sums[lane] = fused::<FUSED>(value, filter[tap], sums[lane]);
                    }
                }
            }
            for lane in 0..LANES {
                for phase in &phases {
                    highest[lane] = higher(phase[lane].abs(), highest[lane]);
                }
            }
            rest = rest.get(LANES..).unwrap_or_default();
        }
        while let Some(window) = rest.first_chunk::<{ 2 * TAPS }>() {
            for side in 0..2 {
                for phase in self.filter {
                    let value: f32 = (0..TAPS)
                        .map(|tap| window[2 * (PEAK_HISTORY - tap) + side] * phase[tap])
                        .sum();
                    highest[side] = higher(value.abs(), highest[side]);
                }
            }
            rest = rest.get(2..).unwrap_or_default();
        }
        let mut sides = [0.0; 2];
        for lane in 0..LANES {
            sides[lane % 2] = higher(highest[lane], sides[lane % 2]);
        }
        sides
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

impl Kernel for Energies<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::indexing_slicing,
        reason = "arrays of known length and constant loops, which the compiler unrolls"
    )]
    fn run<const FUSED: bool>(self) {
        let frames = self.samples.as_chunks::<2>().0;
        let stride = self.count * self.sub;
        let Weighting {
            shelf_b,
            shelf_a,
            pass_a,
        } = *self.weighting;
        let (mut s1, mut s2) = ([0.0; DOUBLES], [0.0; DOUBLES]);
        let (mut t1, mut t2) = ([0.0; DOUBLES], [0.0; DOUBLES]);
        for block in 0..=self.count {
            let part = |segment: usize| {
                let from = segment * stride + block * self.sub;
                frames.get(from..from + self.sub).unwrap_or_default().iter()
            };
            let mut energy = [0.0; DOUBLES];
            let together = part(0).zip(part(1)).zip(part(2).zip(part(3)));
            for ((first, second), (third, fourth)) in together {
                let x = [
                    f64::from(first[0]),
                    f64::from(first[1]),
                    f64::from(second[0]),
                    f64::from(second[1]),
                    f64::from(third[0]),
                    f64::from(third[1]),
                    f64::from(fourth[0]),
                    f64::from(fourth[1]),
                ];
                for lane in 0..DOUBLES {
                    let y = fused_double::<FUSED>(shelf_b[0], x[lane], s1[lane]);
                    let inner = fused_double::<FUSED>(-shelf_a[0], y, s2[lane]);
                    s1[lane] = fused_double::<FUSED>(shelf_b[1], x[lane], inner);
                    s2[lane] = fused_double::<FUSED>(shelf_b[2], x[lane], -shelf_a[1] * y);
                    let z = y + t1[lane];
                    let inner = fused_double::<FUSED>(-pass_a[0], z, t2[lane]);
                    t1[lane] = fused_double::<FUSED>(-2.0, y, inner);
                    t2[lane] = fused_double::<FUSED>(-pass_a[1], z, y);
                    energy[lane] = fused_double::<FUSED>(z, z, energy[lane]);
                }
            }
            let Some(place) = block.checked_sub(1) else {
                continue;
            };
            for segment in 0..SEGMENTS {
                if let Some(out) = self.out.get_mut(segment * self.count + place) {
                    *out = [energy[2 * segment], energy[2 * segment + 1]];
                }
            }
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

impl Kernel for Floats<'_> {
    /// All bits that any sample uses.
    type Output = u32;

    #[inline(always)]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "24 bits are what a float holds; beyond them nothing is audible or judged"
    )]
    fn run<const FUSED: bool>(self) -> u32 {
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
