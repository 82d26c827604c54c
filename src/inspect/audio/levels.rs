//! Measures interleaved samples as they come, in one pass: silence, clipping, peaks, loudness, shape,
//! spectrum. Memory does not grow with the length of the audio.
//!
//! Samples are gathered in blocks of four segments with 100 ms of what came before in front, and a
//! block is measured when it is full. Channels are taken in pairs; a single one is paired with
//! itself, and only its own side counts. The inner loops are in `kernels`.

use super::kernels::{
    Cell, Cells, Energies, Floats, PEAK_HISTORY, PeakFilter, Peaks, SEGMENTS, Weighting, fastest,
    peak_filter,
};
use super::loudness::Loudness;
use super::shape::Shape;
use super::spectrum::Spectrum;
use crate::domain::facts::{AudioLevels, Span};
use xxhash_rust::xxh3::Xxh3;

/// RMS over 10 ms below this is silence: −60 dBFS, as a mean square.
const SILENCE_MEAN_SQUARE: f64 = 1e-6;
/// From here on a sample counts as full scale.
const FULL_SCALE: f32 = 0.999;
/// So many full-scale samples in a row are clipping; one or two are a peak that just fits.
const CLIPPED_RUN: u32 = 3;
/// Floating point goes beyond full scale, a little; what goes beyond this (+120 dBFS) is no sound, and
/// its square no number.
const LOUDEST: f32 = 1e6;
/// Clipped places that are told.
const CLIPPED_PLACES: usize = 50;
/// Silence between sounds that is told: so long, and so many stretches of it.
const INNER_SILENCE_SECONDS: u64 = 2;
const INNER_SILENCES: usize = 20;
/// What digital silence is in decibels here.
const NOTHING_DB: f64 = -200.0;
/// Floats are believed up to here, +180 dB; squares of more would not be numbers.
const MOST_AMPLITUDE: f32 = 1e9;
/// A channel whose RMS is below −80 dBFS has nothing to be compared with the other.
const COMPARABLE_RMS: f64 = 1e-4;
/// Windows of 10 ms in a sub-block of 100 ms.
const WINDOWS: usize = 10;
/// Samples a second over all channels up to which blocks are long; beyond, a worker would pass 16 MB.
const LONG_BLOCKS_UP_TO: u64 = 200_000;
/// Samples a second beyond which loudness is not measured.
const LOUDNESS_UP_TO: u64 = 2_000_000;

/// What was measured.
pub(super) struct Measured {
    /// Frames.
    pub(super) frames: u64,
    /// Levels.
    pub(super) levels: AudioLevels,
    /// Hash of the samples; see [`Meter::push_integers`].
    pub(super) sound_hash: String,
}

/// A measurement under way.
pub(super) struct Meter {
    rate: u64,
    channels: usize,
    /// Frames of a sub-block of 100 ms.
    sub: usize,
    /// Sub-blocks of a segment.
    count: usize,
    pairs: Vec<Pair>,
    /// Frames of the block that are filled.
    filled: usize,
    /// Frames that were measured before.
    frames: u64,
    floats: Vec<f32>,
    first_sound: Option<u64>,
    /// Frame behind the last window with sound.
    last_sound: u64,
    inner_silence: Vec<Span>,
    clipped_at: Vec<Span>,
    filter: PeakFilter,
    weighting: Weighting,
    true_peak: f32,
    true_peak_frame: u64,
    loudness: Option<Loudness>,
    spectrum: Spectrum,
    shape: Shape,
    hash: Xxh3,
    /// All bits that any integer sample uses; `None` for floats.
    used_bits: Option<u32>,
    /// Samples that were no finite numbers; measured as zero.
    not_numbers: u64,
}

/// Two channels, or one.
struct Pair {
    /// Interleaved: a sub-block of what came before, and the block.
    block: Vec<f32>,
    sides: Vec<Side>,
    cross: f64,
    differs: bool,
}

#[derive(Clone, Default)]
struct Side {
    /// Of BS.1770-4, by the channel's place.
    weight: f64,
    sum: f64,
    squares: f64,
    peak: f32,
    /// Full-scale samples in a row up to now.
    run: u32,
    clipped_runs: u64,
    clipped_samples: u64,
}

/// Weight of a channel: one in front, 1.41 behind, none for the low-frequency channel and for what
/// has no place in 5.1.
fn weight(channel: usize, channels: usize) -> f64 {
    match (channels, channel) {
        (0..=3, _) | (4, 0 | 1) | (5.., 0..=2) => 1.0,
        (4 | 5, _) | (6.., 4 | 5) => 1.41,
        _ => 0.0,
    }
}

impl Meter {
    /// For so many channels (at least 1) at a rate in hertz (at least 1).
    pub(super) fn new(rate: u32, channels: u32) -> Self {
        let channels = channels.max(1) as usize;
        let rate = rate.max(1);
        let sub = (rate as usize + 5) / WINDOWS;
        let sub = sub.max(PEAK_HISTORY);
        let traffic = u64::from(rate) * channels as u64;
        let count = if traffic <= LONG_BLOCKS_UP_TO { 5 } else { 1 };
        let pair = |first: usize| Pair {
            block: vec![0.0; (sub + SEGMENTS * count * sub) * 2],
            sides: (first..channels.min(first + 2))
                .map(|channel| Side {
                    weight: weight(channel, channels),
                    ..Side::default()
                })
                .collect(),
            cross: 0.0,
            differs: false,
        };
        Self {
            rate: u64::from(rate),
            channels,
            sub,
            count,
            pairs: (0..channels).step_by(2).map(pair).collect(),
            filled: 0,
            frames: 0,
            floats: Vec::new(),
            first_sound: None,
            last_sound: 0,
            inner_silence: Vec::new(),
            clipped_at: Vec::new(),
            filter: peak_filter(),
            weighting: Weighting::at(rate),
            true_peak: 0.0,
            true_peak_frame: 0,
            loudness: (traffic <= LOUDNESS_UP_TO).then(Loudness::new),
            spectrum: Spectrum::new(rate),
            shape: Shape::default(),
            hash: Xxh3::new(),
            used_bits: None,
            not_numbers: 0,
        }
    }

    /// Frames that were pushed so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames + self.filled as u64
    }

    /// Samples that were no numbers, or so large that nothing can be computed with them.
    pub(super) fn not_numbers(&self) -> u64 {
        self.not_numbers
    }

    /// Takes interleaved integers of whole frames, the value in the upper bits.
    ///
    /// They are hashed in this form, so that the same sound has the same hash in WAV, AIFF and FLAC,
    /// and also when 16 bits were padded to 24.
    pub(super) fn push_integers(&mut self, samples: &[i32]) {
        self.hash.update(bytemuck::cast_slice(samples));
        let mut floats = std::mem::take(&mut self.floats);
        floats.resize(samples.len(), 0.0);
        let used = fastest(Floats {
            from: samples,
            to: &mut floats,
        });
        *self.used_bits.get_or_insert(0) |= used;
        self.take(&floats);
        self.floats = floats;
    }

    /// Takes interleaved floats of whole frames, full scale at ±1. What is beyond measure is cut.
    pub(super) fn push_floats(&mut self, samples: &mut [f32]) {
        self.hash.update(bytemuck::cast_slice(samples));
        for sample in samples.iter_mut() {
            if !sample.is_finite() || sample.abs() > LOUDEST {
                *sample = 0.0;
                self.not_numbers += 1;
            }
            *sample = sample.clamp(-MOST_AMPLITUDE, MOST_AMPLITUDE);
        }
        self.take(samples);
    }

    fn take(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let room = SEGMENTS * self.count * self.sub - self.filled;
            let (now, later) = samples.split_at(samples.len().min(room * self.channels));
            let from = (self.sub + self.filled) * 2;
            if self.channels == 2 {
                if let Some(to) = self.pairs.first_mut().and_then(|pair| {
                    let end = from + now.len();
                    pair.block.get_mut(from..end)
                }) {
                    to.copy_from_slice(now);
                }
            } else {
                for (index, pair) in self.pairs.iter_mut().enumerate() {
                    let to = pair.block.get_mut(from..).unwrap_or_default();
                    let last = pair.sides.len() - 1;
                    for (frame, to) in now
                        .chunks_exact(self.channels)
                        .zip(to.as_chunks_mut::<2>().0)
                    {
                        let at = |side: usize| frame.get(2 * index + side).copied();
                        *to = [0, last].map(|side| at(side).unwrap_or_default());
                    }
                }
            }
            self.filled += now.len() / self.channels;
            samples = later;
            if self.filled == SEGMENTS * self.count * self.sub {
                self.measure();
            }
        }
    }

    /// Measures what is in the block and keeps its end for the next one.
    fn measure(&mut self) {
        let (sub, filled) = (self.sub, self.filled);
        let whole = filled / sub;
        for block in 0..filled.div_ceil(sub) {
            for window in 0..WINDOWS {
                let at = |window: usize| (block * sub + window * sub / WINDOWS).min(filled);
                if at(window) < at(window + 1) {
                    self.window(at(window), at(window + 1));
                }
            }
        }
        if let Some(pair) = self.pairs.first() {
            let (frames, _) = pair.block.as_chunks::<2>();
            // In front of the first block there is nothing but zeros.
            let (before, skip) = match self.frames.checked_sub(sub as u64) {
                Some(before) => (before, 0),
                None => (self.frames, sub),
            };
            let there = frames.get(skip..sub + filled).unwrap_or_default();
            self.spectrum.look(there, before);
        }
        self.weigh(whole);
        for pair in &mut self.pairs {
            pair.block.copy_within(filled * 2..(filled + sub) * 2, 0);
        }
        self.frames += filled as u64;
        self.filled = 0;
    }

    /// Loudness of so many sub-blocks.
    fn weigh(&mut self, whole: usize) {
        let Some(loudness) = &mut self.loudness else {
            return;
        };
        let mut energies = vec![0.0; SEGMENTS * self.count];
        let mut sums = vec![[0.0; 2]; SEGMENTS * self.count];
        for pair in &self.pairs {
            fastest(Energies {
                samples: &pair.block,
                weighting: &self.weighting,
                sub: self.sub,
                count: self.count,
                out: &mut sums,
            });
            for (energy, sum) in energies.iter_mut().zip(&sums) {
                for (side, sum) in pair.sides.iter().zip(sum) {
                    *energy += side.weight * sum / as_float(self.sub as u64);
                }
            }
        }
        for energy in energies.into_iter().take(whole) {
            loudness.add(energy);
        }
    }

    /// Measures a window of about 10 ms of the block.
    fn window(&mut self, from: usize, to: usize) {
        let frames = as_float((to - from) as u64);
        let (begin, end) = (self.frames + from as u64, self.frames + to as u64);
        let mut sounds = false;
        let (mut low, mut high, mut peak) = (0.0_f32, 0.0_f32, 0.0_f32);
        for pair in &mut self.pairs {
            let reach = (self.sub + from - PEAK_HISTORY) * 2..(self.sub + to) * 2;
            let reached = pair.block.get(reach).unwrap_or_default();
            let samples = reached.get(PEAK_HISTORY * 2..).unwrap_or_default();
            let cell = fastest(Cells { samples });
            let between = fastest(Peaks {
                samples: reached,
                filter: &self.filter,
            });
            pair.cross += f64::from(cell.cross);
            pair.differs |= cell.differs;
            for (index, side) in pair.sides.iter_mut().enumerate() {
                let Some(seen) = Seen::of(&cell, between, index) else {
                    continue;
                };
                side.sum += f64::from(seen.sum);
                side.squares += f64::from(seen.squares);
                side.peak = side.peak.max(seen.peak);
                sounds |= f64::from(seen.squares) / frames >= SILENCE_MEAN_SQUARE;
                (low, high) = (low.min(seen.low), high.max(seen.high));
                peak = peak.max(seen.between).max(seen.peak);
                let samples = samples.iter().skip(index).step_by(2);
                side.clips(seen.peak, samples, begin, self.rate, &mut self.clipped_at);
            }
        }
        self.shape.add(low, high);
        if peak > self.true_peak {
            self.true_peak = peak;
            self.true_peak_frame = begin;
        }
        if sounds {
            let silent = begin - self.last_sound.min(begin);
            if self.first_sound.is_none() {
                self.first_sound = Some(begin);
            } else if silent >= INNER_SILENCE_SECONDS * self.rate
                && self.inner_silence.len() < INNER_SILENCES
            {
                self.inner_silence
                    .push(span(self.last_sound, begin, self.rate));
            }
            self.last_sound = end;
        }
    }

    /// Closes the measurement. `bits` is what the header says a sample has; 0 for floats.
    pub(super) fn finish(mut self, bits: u32) -> Measured {
        let used = (self.sub + self.filled) * 2;
        for pair in &mut self.pairs {
            pair.block.get_mut(used..).unwrap_or_default().fill(0.0);
        }
        self.measure();
        let frames = self.frames;
        for side in self.pairs.iter_mut().flat_map(|pair| &mut pair.sides) {
            side.close_run(frames, self.rate, &mut self.clipped_at);
        }
        self.clipped_at.sort_by_key(|place| place.start_ms);
        let sides: Vec<&Side> = self.pairs.iter().flat_map(|pair| &pair.sides).collect();
        let sum = |of: fn(&Side) -> u64| sides.iter().map(|side| of(side)).sum::<u64>();
        let peak = sides.iter().fold(0.0, |top, side| f32::max(top, side.peak));
        let all = as_float(frames.max(1));
        let milliseconds = |frames| milliseconds(frames, self.rate);
        let levels = AudioLevels {
            leading_silence_ms: milliseconds(self.first_sound.unwrap_or(frames)),
            trailing_silence_ms: milliseconds(frames - self.last_sound),
            all_silent: self.first_sound.is_none(),
            sample_peak_dbfs: decibels(f64::from(peak)),
            true_peak_dbtp: decibels(f64::from(self.true_peak)),
            true_peak_at_ms: milliseconds(self.true_peak_frame),
            loudness_lufs: self.loudness.as_ref().and_then(Loudness::integrated),
            clipped_runs: sum(|side| side.clipped_runs),
            clipped_samples: sum(|side| side.clipped_samples),
            samples: frames * self.channels as u64,
            clipped_at: self.clipped_at.clone(),
            channel_rms_dbfs: sides
                .iter()
                .map(|side| decibels((side.squares / all).sqrt()))
                .collect(),
            loudness_range_lu: self.loudness.as_ref().and_then(Loudness::range),
            inner_silence: self.inner_silence.clone(),
            dc_offset: sides.iter().map(|side| side.sum / all).collect(),
            correlation: self.correlation(),
            identical_channels: self.channels == 2
                && self.first_sound.is_some()
                && self.pairs.iter().all(|pair| !pair.differs),
            real_bits: self.real_bits(bits),
            cutoff: self.spectrum.cutoff(),
            waveform: self.shape.finish(),
        };
        // Rate and channels belong to the sound: the same numbers at another rate are another.
        self.hash.update(&self.rate.to_le_bytes());
        self.hash.update(&(self.channels as u64).to_le_bytes());
        Measured {
            frames,
            levels,
            sound_hash: format!("{:032x}", self.hash.digest128()),
        }
    }

    fn correlation(&self) -> Option<f64> {
        let [pair] = self.pairs.as_slice() else {
            return None;
        };
        let [left, right] = pair.sides.as_slice() else {
            return None;
        };
        let least = COMPARABLE_RMS * COMPARABLE_RMS * as_float(self.frames.max(1));
        let both = left.squares >= least && right.squares >= least;
        both.then(|| (pair.cross / (left.squares * right.squares).sqrt()).clamp(-1.0, 1.0))
    }

    /// Bits that are used, when they are fewer than `bits`.
    fn real_bits(&self, bits: u32) -> Option<u32> {
        let used = self.used_bits.filter(|used| *used != 0)?;
        let real = 32 - used.trailing_zeros();
        (real < bits).then_some(real)
    }
}

/// What one side of a cell holds.
struct Seen {
    low: f32,
    high: f32,
    peak: f32,
    between: f32,
    sum: f32,
    squares: f32,
}

impl Seen {
    fn of(cell: &Cell, between: [f32; 2], side: usize) -> Option<Self> {
        let (low, high) = (*cell.low.get(side)?, *cell.high.get(side)?);
        Some(Self {
            low,
            high,
            peak: high.max(-low),
            between: *between.get(side)?,
            sum: *cell.sum.get(side)?,
            squares: *cell.squares.get(side)?,
        })
    }
}

impl Side {
    /// Follows runs of full-scale samples through a window that begins at frame `begin`.
    fn clips<'a>(
        &mut self,
        peak: f32,
        samples: impl Iterator<Item = &'a f32>,
        begin: u64,
        rate: u64,
        places: &mut Vec<Span>,
    ) {
        if peak < FULL_SCALE {
            self.close_run(begin, rate, places);
            return;
        }
        for (frame, sample) in (begin..).zip(samples) {
            if sample.abs() >= FULL_SCALE {
                self.run += 1;
            } else if self.run > 0 {
                self.close_run(frame, rate, places);
            }
        }
    }

    /// Ends a run of full-scale samples before frame `end`.
    fn close_run(&mut self, end: u64, rate: u64, places: &mut Vec<Span>) {
        let run = std::mem::take(&mut self.run);
        if run < CLIPPED_RUN {
            return;
        }
        self.clipped_runs += 1;
        self.clipped_samples += u64::from(run);
        // Both channels are mostly clipped together.
        let place = span(end - u64::from(run).min(end), end, rate);
        if places.len() < CLIPPED_PLACES && !places.contains(&place) {
            places.push(place);
        }
    }
}

fn span(from: u64, to: u64, rate: u64) -> Span {
    Span {
        start_ms: milliseconds(from, rate),
        end_ms: milliseconds(to, rate),
    }
}

/// Frames at a rate in hertz as milliseconds, rounded down.
pub(super) fn milliseconds(frames: u64, rate: u64) -> u64 {
    let exact = u128::from(frames) * 1000 / u128::from(rate.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

fn decibels(amplitude: f64) -> f64 {
    if amplitude > 1e-10 {
        20.0 * amplitude.log10()
    } else {
        NOTHING_DB
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}
