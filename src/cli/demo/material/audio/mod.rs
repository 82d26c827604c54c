//! Synthesised music: the same seed gives the same samples. Not for listening; it has what an
//! inspection looks at (level, loudness, ends, two different channels) and, when asked, its faults.
//!
//! Encoding lies in `pcm` (WAV, AIFF) and `flac`.

use std::f64::consts::TAU;

pub mod flac;
pub mod pcm;

/// Loudness of an untouched signal at −3 dBFS peak, in LUFS; a test holds it within 1.5 LU.
pub const USUAL_LOUDNESS_LUFS: f64 = -14.0;

/// What to synthesise. `Default` is a clean master of eight seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Sampling rate in hertz.
    pub rate_hz: u32,
    /// Channels.
    pub channels: u16,
    /// Length of the sounding part in seconds.
    pub seconds: f64,
    /// Chooses key and rhythm; tracks of one release want different ones.
    pub seed: u64,
    /// Highest sample in dBFS; above 0 it is cut at full scale.
    pub peak_dbfs: f64,
    /// Digital silence in front, in seconds.
    pub leading_silence_seconds: f64,
    /// Digital silence behind, in seconds.
    pub trailing_silence_seconds: f64,
    /// So many runs of six full-scale samples, evenly spread, in every channel.
    pub clipped_runs: u32,
    /// This channel is silent all the way.
    pub silent_channel: Option<u16>,
    /// Added to every sample; 1.0 is full scale.
    pub dc: f64,
}

impl Default for Signal {
    fn default() -> Self {
        Self {
            rate_hz: 44_100,
            channels: 2,
            seconds: 8.0,
            seed: 1,
            peak_dbfs: -3.0,
            leading_silence_seconds: 0.0,
            trailing_silence_seconds: 0.0,
            clipped_runs: 0,
            silent_channel: None,
            dc: 0.0,
        }
    }
}

/// Interleaved samples, full scale at ±1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Sampling rate in hertz.
    pub rate_hz: u32,
    /// Channels.
    pub channels: u16,
    /// Interleaved.
    pub interleaved: Vec<f32>,
}

impl Samples {
    /// Number of frames (one sample of every channel).
    pub fn frames(&self) -> usize {
        self.interleaved.len() / usize::from(self.channels.max(1))
    }

    /// The samples as integers of so many bits (2 to 32), rounded and cut at full scale.
    pub fn quantised(&self, bits: u32) -> impl Iterator<Item = i32> + '_ {
        let scale = f64::from(1_u32 << (bits.clamp(2, 32) - 1));
        self.interleaved
            .iter()
            .map(move |&sample| integer((f64::from(sample) * scale).round(), scale))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range of the sample format first"
)]
fn integer(scaled: f64, scale: f64) -> i32 {
    scaled.clamp(-scale, scale - 1.0) as i32
}

impl Signal {
    /// Total length in seconds, silence included.
    pub fn total_seconds(&self) -> f64 {
        self.leading_silence_seconds + self.seconds + self.trailing_silence_seconds
    }

    /// Computes the samples.
    pub fn samples(&self) -> Samples {
        let sounding = self.count(self.seconds);
        let mut music = self.music(sounding);
        self.to_peak(&mut music);
        self.clip(&mut music, sounding);
        let channels = usize::from(self.channels.max(1));
        let mut interleaved = vec![0.0; self.count(self.leading_silence_seconds) * channels];
        interleaved.append(&mut music);
        let tail = self.count(self.trailing_silence_seconds) * channels;
        interleaved.resize(interleaved.len() + tail, 0.0);
        Samples {
            rate_hz: self.rate_hz,
            channels: self.channels,
            interleaved,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length in frames of material of a few minutes"
    )]
    fn count(&self, seconds: f64) -> usize {
        (seconds.max(0.0) * f64::from(self.rate_hz)).round() as usize
    }

    /// A chord that changes twice a second over a bass, every channel with another balance.
    fn music(&self, frames: usize) -> Vec<f32> {
        let channels = usize::from(self.channels.max(1));
        let mut out = Vec::with_capacity(frames * channels);
        let step = 1.0 / f64::from(self.rate_hz.max(1));
        let root = 110.0 * 2_f64.powf(small(self.seed % 12) / 12.0);
        let mut time = 0.0_f64;
        for _ in 0..frames {
            let beat = (time * 2.0).floor();
            let since = time - beat / 2.0;
            let envelope = 0.26 + 0.74 * (-since * 5.0).exp() * (1.0 - (-since * 400.0).exp());
            let chord = CHORDS
                .get(usize_of(beat) % CHORDS.len())
                .copied()
                .unwrap_or([0.0; 4]);
            for channel in 0..channels {
                let lean = if channel % 2 == 0 { 0.8 } else { 1.2 };
                let sum: f64 = chord
                    .iter()
                    .enumerate()
                    .map(|(voice, semitones)| {
                        let pitch = root * 2_f64.powf(semitones / 12.0);
                        let weight = if voice % 2 == 0 { lean } else { 2.0 - lean };
                        weight * tone(pitch, time, small(voice as u64))
                    })
                    .sum();
                let bass = (TAU * root / 2.0 * time).sin();
                out.push(narrow((envelope * (sum * 0.17 + bass * 0.25)).tanh()));
            }
            time += step;
        }
        out
    }

    fn to_peak(&self, music: &mut [f32]) {
        let highest = music
            .iter()
            .fold(0_f32, |top, sample| top.max(sample.abs()));
        if highest <= 0.0 {
            return;
        }
        let gain = 10_f64.powf(self.peak_dbfs / 20.0) / f64::from(highest);
        let channels = usize::from(self.channels.max(1));
        for (at, sample) in music.iter_mut().enumerate() {
            let silent = self
                .silent_channel
                .is_some_and(|channel| at % channels == usize::from(channel));
            let louder = (f64::from(*sample) * gain + self.dc).clamp(-1.0, 1.0);
            *sample = if silent { 0.0 } else { narrow(louder) };
        }
    }

    fn clip(&self, music: &mut [f32], frames: usize) {
        let channels = usize::from(self.channels.max(1));
        let runs = self.clipped_runs as usize;
        for run in 0..runs {
            let start = frames * (2 * run + 1) / (2 * runs) * channels;
            let end = (start + 6 * channels).min(music.len());
            for sample in music.get_mut(start..end).unwrap_or_default() {
                *sample = 1.0;
            }
        }
    }
}

/// Semitones above the root.
const CHORDS: [[f64; 4]; 4] = [
    [12.0, 15.0, 19.0, 22.0],
    [8.0, 12.0, 15.0, 20.0],
    [10.0, 15.0, 19.0, 24.0],
    [7.0, 10.0, 14.0, 19.0],
];

/// A tone of six partials; `phase` keeps voices from adding up at zero.
fn tone(pitch: f64, time: f64, phase: f64) -> f64 {
    PARTIALS
        .iter()
        .map(|(number, level)| level * (TAU * pitch * number * time + phase * number).sin())
        .sum()
}

/// Number and level of each partial; the high ones give the spectrum of music up to 10 kHz.
const PARTIALS: [(f64, f64); 6] = [
    (1.0, 1.0),
    (2.0, 0.5),
    (3.0, 0.3),
    (5.0, 0.15),
    (9.0, 0.06),
    (17.0, 0.03),
];

#[expect(
    clippy::cast_possible_truncation,
    reason = "samples within ±1 are rounded to f32"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn small(value: u64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "beats of a few minutes, never negative"
)]
fn usize_of(beat: f64) -> usize {
    beat as usize
}
