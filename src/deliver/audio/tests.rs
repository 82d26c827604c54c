//! Every way between the forms, with our own reader before and after, and with the reference decoder
//! and ffmpeg where they are installed.

use super::*;
use crate::domain::dsp::{AudioFormat, AudioOptions};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Samples that compress badly, with both extremes among them.
fn noise(count: usize) -> Vec<i32> {
    let mut state = 0x2545_F491_u32;
    let mut all: Vec<i32> = (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.cast_signed()
        })
        .collect();
    if let [first, second, ..] = &mut all[..] {
        (*first, *second) = (i32::MIN, i32::MAX);
    }
    all
}

/// Upper bytes of each sample, least significant byte first.
fn little(samples: &[i32], bytes: usize) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes()[4 - bytes..].to_vec())
        .collect()
}

fn chunk(name: &[u8], content: &[u8], big: bool) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let mut chunk = name.to_vec();
    chunk.extend(if big {
        length.to_be_bytes()
    } else {
        length.to_le_bytes()
    });
    chunk.extend(content);
    if content.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn extensible_wav(samples: &[i32], bytes: usize, channels: u16, rate: u32) -> Vec<u8> {
    let block = channels * u16::try_from(bytes).unwrap();
    let bits = u16::try_from(bytes * 8).unwrap();
    let mut format = 0xFFFE_u16.to_le_bytes().to_vec();
    format.extend(channels.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(block)).to_le_bytes());
    format.extend(block.to_le_bytes());
    format.extend(bits.to_le_bytes());
    format.extend(22_u16.to_le_bytes());
    format.extend(bits.to_le_bytes());
    format.extend(3_u32.to_le_bytes());
    format.extend(b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71");
    let mut body = b"WAVE".to_vec();
    body.extend(chunk(b"LIST", b"INFOnothing", false));
    body.extend(chunk(b"fmt ", &format, false));
    body.extend(chunk(b"data", &little(samples, bytes), false));
    body.extend(chunk(b"id3 ", b"tags behind the audio", false));
    chunk(b"RIFF", &body, false)
}

fn aiff(samples: &[i32], bytes: usize, channels: u16, frames: u32) -> Vec<u8> {
    let mut common = channels.to_be_bytes().to_vec();
    common.extend(frames.to_be_bytes());
    common.extend(u16::try_from(bytes * 8).unwrap().to_be_bytes());
    // 44 100 as an 80-bit float.
    common.extend([0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0]);
    let mut sound = vec![0; 8];
    for sample in samples {
        sound.extend(&sample.to_be_bytes()[..bytes]);
    }
    let mut body = b"AIFF".to_vec();
    body.extend(chunk(b"SSND", &sound, true));
    body.extend(chunk(b"COMM", &common, true));
    chunk(b"FORM", &body, true)
}

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Cargo {
        let source = self.dir.path().join(name);
        fs::write(&source, bytes).unwrap();
        Cargo {
            source,
            name: name.to_owned(),
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(bytes)),
        }
    }

    fn change(&self, from: &Cargo, options: AudioOptions) -> Option<(Cargo, Changed)> {
        let to = self.dir.path().join("out");
        let changed = changed(options, from, &to).unwrap()?;
        let content = fs::read(&to).unwrap();
        assert_eq!(content.len() as u64, changed.size);
        assert_eq!(hex::encode(Sha256::digest(&content)), changed.sha256);
        let named = format!("made.{}", changed.extension);
        Some((self.put(&named, &content), changed))
    }
}

fn wav_options() -> AudioOptions {
    AudioOptions {
        format: AudioFormat::Wav,
        plain_wav_header: true,
    }
}

fn flac_options() -> AudioOptions {
    AudioOptions {
        format: AudioFormat::Flac,
        plain_wav_header: false,
    }
}

/// SHA-256 of all samples by our own reader.
fn sound_of(cargo: &Cargo) -> String {
    let mut hash = Sha256::new();
    samples(&layout::of(cargo).unwrap(), cargo, &mut |frames| {
        hash.update(frames);
        Ok(())
    })
    .unwrap();
    hex::encode(hash.finalize())
}

/// MD5 of the samples as ffmpeg decodes them, in 32 bits.
fn by_ffmpeg(cargo: &Cargo) -> Option<String> {
    let source: PathBuf = cargo.source.clone();
    let said = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(source)
        .args(["-map", "0:a", "-c:a", "pcm_s32le", "-f", "md5", "-"])
        .output();
    let Ok(said) = said else {
        println!("skipped: needs ffmpeg");
        return None;
    };
    assert!(said.status.success(), "{said:?}");
    Some(String::from_utf8(said.stdout).unwrap())
}

/// The reference decoder's own test of a FLAC file: frames, counts and MD5.
fn flac_tests(cargo: &Cargo) {
    let said = Command::new("flac").arg("-t").arg(&cargo.source).output();
    match said {
        Ok(said) => assert!(said.status.success(), "{said:?}"),
        Err(_) => println!("skipped: needs flac"),
    }
}

#[test]
fn every_form_keeps_every_sample() {
    let bench = Bench::new();
    for bytes in [1, 2, 3] {
        for channels in [1_u16, 2] {
            let frames = 10_001_u32;
            let values = noise(frames as usize * usize::from(channels));
            let sources = [
                bench.put("a.wav", &extensible_wav(&values, bytes, channels, 44_100)),
                bench.put("a.aiff", &aiff(&values, bytes, channels, frames)),
            ];
            for from in &sources {
                let before = sound_of(from);
                let heard = by_ffmpeg(from);
                let (wav, about) = bench.change(from, wav_options()).unwrap();
                assert_eq!(about.extension, "wav");
                assert_eq!(sound_of(&wav), before, "{bytes} bytes, {channels} channels");
                assert_eq!(by_ffmpeg(&wav), heard);
                let (flac, about) = bench.change(from, flac_options()).unwrap();
                assert_eq!(about.extension, "flac");
                assert_eq!(
                    sound_of(&flac),
                    before,
                    "{bytes} bytes, {channels} channels"
                );
                assert_eq!(by_ffmpeg(&flac), heard);
                flac_tests(&flac);
                let (again, _) = bench.change(&flac, wav_options()).unwrap();
                assert_eq!(again.sha256, wav.sha256, "WAV is the same by either way");
            }
        }
    }
}

#[test]
fn a_plain_header_has_44_bytes_and_nothing_behind_the_samples() {
    let bench = Bench::new();
    let values = noise(2 * 500);
    let from = bench.put("a.wav", &extensible_wav(&values, 3, 2, 96_000));
    let (wav, about) = bench.change(&from, wav_options()).unwrap();
    let bytes = fs::read(&wav.source).unwrap();
    assert_eq!(bytes.len(), 44 + 500 * 6);
    assert_eq!(bytes[20..22], 1_u16.to_le_bytes());
    assert_eq!(bytes[44..], little(&values, 3));
    assert_eq!(
        about.content,
        OutContent::Audio {
            is_flac: false,
            rate_hz: 96_000,
            bits: 24,
            channels: 2,
            duration_ms: 5
        }
    );
    assert_eq!(
        bench.change(&wav, wav_options()).map(|_| ()),
        None,
        "plain already"
    );
}

#[test]
fn nothing_is_done_unasked() {
    let bench = Bench::new();
    let from = bench.put("a.wav", &extensible_wav(&noise(100), 2, 1, 44_100));
    assert_eq!(
        bench.change(&from, AudioOptions::default()).map(|_| ()),
        None
    );
    let only_header = AudioOptions {
        format: AudioFormat::AsIs,
        plain_wav_header: true,
    };
    let aiff = bench.put("a.aiff", &aiff(&noise(100), 2, 1, 100));
    assert_eq!(bench.change(&aiff, only_header).map(|_| ()), None);
    assert!(bench.change(&from, only_header).is_some());
}

#[test]
fn what_would_lose_something_is_refused() {
    let bench = Bench::new();
    let to = bench.dir.path().join("out");
    let wide = bench.put("wide.wav", &extensible_wav(&noise(100), 4, 1, 44_100));
    let fault = changed(flac_options(), &wide, &to).unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.is_transient()),
        ("not_convertible", false)
    );
    assert!(fault.text.contains("32 bits"), "{fault}");
    assert!(bench.change(&wide, wav_options()).is_some(), "WAV has them");
    let mut float = extensible_wav(&noise(100), 4, 1, 44_100);
    let at = float.windows(4).position(|four| four == b"fmt ").unwrap() + 8;
    float[at..at + 2].copy_from_slice(&3_u16.to_le_bytes());
    let float = bench.put("float.wav", &float);
    let fault = changed(wav_options(), &float, &to).unwrap_err();
    assert!(fault.text.contains("no integers"), "{fault}");
}

#[test]
fn a_damaged_source_is_never_made_into_something() {
    let bench = Bench::new();
    let mut from = bench.put("a.wav", &extensible_wav(&noise(5000), 2, 1, 44_100));
    "0".repeat(64).clone_into(&mut from.sha256);
    let to = bench.dir.path().join("out");
    for options in [wav_options(), flac_options()] {
        let fault = changed(options, &from, &to).unwrap_err();
        assert_eq!(fault.code, "spool_damaged", "{fault}");
    }
}
