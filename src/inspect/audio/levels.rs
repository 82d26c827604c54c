//! Measures interleaved samples as they come: silence, clipping, peaks, loudness. Memory does not
//! grow with the length of the audio.
//!
//! Silence and clipping are our own; true peak and loudness come from the `ebur128` crate
//! (ITU-R BS.1770-4, EBU R 128).

use crate::domain::facts::{AudioLevels, Span};
use ebur128::{EbuR128, Mode};

/// RMS over 10 ms below this is silence: −60 dBFS, as a mean square.
const SILENCE_MEAN_SQUARE: f64 = 1e-6;
/// From here on a sample counts as full scale.
const FULL_SCALE: f32 = 0.999;
/// So many full-scale samples in a row are clipping; one or two are a peak that just fits.
const CLIPPED_RUN: u32 = 3;
/// Clipped places that are told.
const CLIPPED_PLACES: usize = 5;
/// What digital silence is in decibels here.
const NOTHING_DB: f64 = -200.0;
/// Windows of 10 ms in one call of the loudness meter: the true peak's place is known to 50 ms.
const WINDOWS_PER_BLOCK: usize = 5;
/// Beyond six hours the loudness of every 100 ms is counted in steps of 0.1 LU instead of kept, so
/// that memory stays level.
const LONG_SECONDS: u64 = 6 * 3600;
/// Samples per second over all channels beyond which loudness is not measured: the meter keeps
/// 400 ms of doubles, and a worker should stay within 16 MB. 192 kHz in 10 channels passes.
const MOST_SAMPLES_PER_SECOND: u64 = 2_000_000;

/// A measurement under way.
pub(super) struct Meter {
    rate: u64,
    channels: usize,
    /// Samples waiting until a block is full.
    waiting: Vec<f32>,
    block: usize,
    window: usize,
    frames: u64,
    first_sound: Option<u64>,
    /// Frame behind the last window with sound.
    last_sound: u64,
    per_channel: Vec<Channel>,
    clipped_at: Vec<Span>,
    loudness: Option<EbuR128>,
    true_peak: f64,
    true_peak_frame: u64,
    /// Samples that were no finite numbers; measured as zero.
    not_numbers: u64,
}

#[derive(Clone, Default)]
struct Channel {
    squares: f64,
    peak: f32,
    /// Full-scale samples in a row up to now.
    run: u32,
    clipped_runs: u64,
    clipped_samples: u64,
}

impl Meter {
    /// For so many channels (at least 1) at a rate in hertz (at least 1).
    ///
    /// `expected_frames` is what the header promises, 0 when it promises nothing.
    pub(super) fn new(rate: u32, channels: u32, expected_frames: u64) -> Self {
        let channels_used = channels.max(1) as usize;
        let window = (rate as usize / 100).max(1);
        let affordable = u64::from(rate) * u64::from(channels) <= MOST_SAMPLES_PER_SECOND;
        let long = expected_frames / u64::from(rate.max(1)) > LONG_SECONDS;
        let mode = if long {
            Mode::I | Mode::TRUE_PEAK | Mode::HISTOGRAM
        } else {
            Mode::I | Mode::TRUE_PEAK
        };
        Self {
            rate: u64::from(rate.max(1)),
            channels: channels_used,
            waiting: Vec::new(),
            block: window * WINDOWS_PER_BLOCK * channels_used,
            window: window * channels_used,
            frames: 0,
            first_sound: None,
            last_sound: 0,
            per_channel: vec![Channel::default(); channels_used],
            clipped_at: Vec::new(),
            loudness: affordable
                .then(|| EbuR128::new(channels, rate, mode).ok())
                .flatten(),
            true_peak: 0.0,
            true_peak_frame: 0,
            not_numbers: 0,
        }
    }

    /// Frames that were pushed and measured so far; the last block may still wait.
    pub(super) fn frames(&self) -> u64 {
        self.frames + (self.waiting.len() / self.channels) as u64
    }

    /// Samples that were no finite numbers.
    pub(super) fn not_numbers(&self) -> u64 {
        self.not_numbers
    }

    /// Takes interleaved samples of whole frames.
    pub(super) fn push(&mut self, samples: &mut [f32]) {
        for sample in samples.iter_mut() {
            if !sample.is_finite() {
                *sample = 0.0;
                self.not_numbers += 1;
            }
        }
        let mut rest: &[f32] = samples;
        if !self.waiting.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(self.block - self.waiting.len()));
            self.waiting.extend_from_slice(head);
            rest = tail;
            if self.waiting.len() < self.block {
                return;
            }
            let full = std::mem::take(&mut self.waiting);
            self.measure(&full);
            self.waiting = full;
            self.waiting.clear();
        }
        let mut blocks = rest.chunks_exact(self.block);
        for block in &mut blocks {
            self.measure(block);
        }
        self.waiting.extend_from_slice(blocks.remainder());
    }

    fn measure(&mut self, block: &[f32]) {
        let (place, sample_peak) = loudest(block, self.channels);
        let mut highest = f64::from(sample_peak);
        if let Some(meter) = &mut self.loudness
            && meter.add_frames_f32(block).is_ok()
        {
            highest = (0_u32..)
                .map_while(|channel| meter.prev_true_peak(channel).ok())
                .fold(highest, f64::max);
        }
        if highest > self.true_peak {
            self.true_peak = highest;
            self.true_peak_frame = self.frames + place;
        }
        for window in block.chunks(self.window) {
            self.window(window);
        }
    }

    fn window(&mut self, window: &[f32]) {
        let frames = (window.len() / self.channels).max(1);
        let mut loudest = 0.0_f64;
        for index in 0..self.channels {
            let Some(channel) = self.per_channel.get_mut(index) else {
                continue;
            };
            let mut squares = 0.0_f64;
            for (offset, sample) in window.iter().skip(index).step_by(self.channels).enumerate() {
                let size = sample.abs();
                squares += f64::from(size) * f64::from(size);
                channel.peak = channel.peak.max(size);
                if size >= FULL_SCALE {
                    channel.run += 1;
                } else if channel.run > 0 {
                    let end = self.frames + offset as u64;
                    close_run(channel, end, self.rate, &mut self.clipped_at);
                }
            }
            channel.squares += squares;
            loudest = loudest.max(squares / as_float(frames as u64));
        }
        if loudest >= SILENCE_MEAN_SQUARE {
            self.first_sound.get_or_insert(self.frames);
            self.last_sound = self.frames + frames as u64;
        }
        self.frames += frames as u64;
    }

    /// Closes the measurement.
    pub(super) fn finish(mut self) -> (u64, AudioLevels) {
        let whole = self.waiting.len() / self.channels * self.channels;
        let last = std::mem::take(&mut self.waiting);
        if let Some(last) = last.get(..whole).filter(|last| !last.is_empty()) {
            self.measure(last);
        }
        for channel in &mut self.per_channel {
            close_run(channel, self.frames, self.rate, &mut self.clipped_at);
        }
        let sum = |of: fn(&Channel) -> u64| self.per_channel.iter().map(of).sum::<u64>();
        let sample_peak = self
            .per_channel
            .iter()
            .fold(0.0, |top, channel| f32::max(top, channel.peak));
        let sounding = self.first_sound.is_some();
        let levels = AudioLevels {
            leading_silence_ms: self.milliseconds(self.first_sound.unwrap_or(self.frames)),
            trailing_silence_ms: self.milliseconds(self.frames - self.last_sound),
            all_silent: !sounding,
            sample_peak_dbfs: decibels(f64::from(sample_peak)),
            true_peak_dbtp: decibels(self.true_peak),
            true_peak_at_ms: self.milliseconds(self.true_peak_frame),
            loudness_lufs: self
                .loudness
                .as_ref()
                .and_then(|meter| meter.loudness_global().ok())
                .filter(|loudness| loudness.is_finite()),
            clipped_runs: sum(|channel| channel.clipped_runs),
            clipped_samples: sum(|channel| channel.clipped_samples),
            samples: self.frames * self.channels as u64,
            clipped_at: self.clipped_at.clone(),
            channel_rms_dbfs: self
                .per_channel
                .iter()
                .map(|channel| decibels((channel.squares / as_float(self.frames.max(1))).sqrt()))
                .collect(),
            ..AudioLevels::default()
        };
        (self.frames, levels)
    }

    fn milliseconds(&self, frames: u64) -> u64 {
        milliseconds(frames, self.rate)
    }
}

/// Ends a run of full-scale samples before frame `end`.
fn close_run(channel: &mut Channel, end: u64, rate: u64, places: &mut Vec<Span>) {
    let run = std::mem::take(&mut channel.run);
    if run < CLIPPED_RUN {
        return;
    }
    channel.clipped_runs += 1;
    channel.clipped_samples += u64::from(run);
    let span = Span {
        start_ms: milliseconds(end - u64::from(run).min(end), rate),
        end_ms: milliseconds(end, rate),
    };
    // Channels are looked at one after the other within a window: one place is told once.
    let known = places
        .iter_mut()
        .find(|place| span.start_ms <= place.end_ms && place.start_ms <= span.end_ms);
    if let Some(place) = known {
        place.start_ms = place.start_ms.min(span.start_ms);
        place.end_ms = place.end_ms.max(span.end_ms);
    } else if places.len() < CLIPPED_PLACES {
        places.push(span);
        places.sort_by_key(|place| place.start_ms);
    }
}

/// The frame of a block with the highest sample, and that sample; the true peak lies beside it.
fn loudest(block: &[f32], channels: usize) -> (u64, f32) {
    let (mut place, mut highest) = (0, 0.0);
    for (at, sample) in block.iter().enumerate() {
        if sample.abs() > highest {
            (place, highest) = (at, sample.abs());
        }
    }
    ((place / channels.max(1)) as u64, highest)
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
