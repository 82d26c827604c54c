//! Damaged, disguised and lying audio files: each is told for what it is, none is decoded by
//! mistake, none costs more than its size.

use super::{facts, installed, measured, odd, samples, signal, wav};
use dropzone::cli::demo::material::audio::pcm::{Aiff, Coding, Form, Wav};
use dropzone::cli::demo::material::audio::{Signal, flac};
use dropzone::domain::facts::{AudioFacts, AudioFault, Container, SampleCoding};
use std::fs;
use std::process::Command;

fn unreadable(facts: &AudioFacts) -> &str {
    let told = facts.faults.iter().find_map(|fault| match fault {
        AudioFault::Unreadable { why } => Some(why.as_str()),
        AudioFault::Truncated { .. }
        | AudioFault::Undecodable { .. }
        | AudioFault::ChecksumMismatch
        | AudioFault::ChunksAfterData { .. }
        | AudioFault::Odd { .. } => None,
    });
    told.unwrap_or_else(|| panic!("readable: {facts:?}"))
}

fn truncated(facts: &AudioFacts) -> (Option<u64>, u64) {
    let told = facts.faults.iter().find_map(|fault| match fault {
        AudioFault::Truncated {
            promised_ms,
            present_ms,
        } => Some((*promised_ms, *present_ms)),
        AudioFault::Unreadable { .. }
        | AudioFault::Undecodable { .. }
        | AudioFault::ChecksumMismatch
        | AudioFault::ChunksAfterData { .. }
        | AudioFault::Odd { .. } => None,
    });
    told.unwrap_or_else(|| panic!("whole: {facts:?}"))
}

#[test]
fn a_file_that_was_cut_off_says_how_much_is_missing() {
    let samples = samples();
    let long = Wav {
        form: Form::Rf64,
        ..Wav::default()
    };
    let sowt = Aiff {
        coding: Coding::Pcm16,
        sowt: true,
        ..Aiff::default()
    };
    for (name, bytes) in [
        ("a.wav", wav(Coding::Pcm24)),
        ("rf64.wav", long.encode(&samples)),
        ("a.aiff", Aiff::default().encode(&samples)),
        ("sowt.aiff", sowt.encode(&samples)),
        ("a.flac", flac::encode(&samples, 24)),
    ] {
        let facts = facts(name, &bytes[..bytes.len() * 6 / 10]);
        let (promised, present) = truncated(&facts);
        assert_eq!(promised, Some(2_000), "{name}");
        assert!((1_000..1_400).contains(&present), "{name}: {present}");
        assert_eq!(
            facts.faults.len(),
            1,
            "{name}: said once: {:?}",
            facts.faults
        );
        assert_eq!(facts.duration_ms, present, "{name}");
        assert!(facts.levels.is_some(), "{name}: what is there is measured");
    }
}

#[test]
fn a_header_that_promises_more_is_a_truncated_file() {
    let header = Wav {
        claim_more: 44_100 * 6,
        ..Wav::default()
    };
    assert_eq!(
        truncated(&facts("a.wav", &header.encode(&samples()))),
        (Some(3_000), 2_000)
    );
}

#[test]
fn a_header_that_promises_less_is_odd() {
    let header = Wav {
        claim_more: -44_100 * 6,
        ..Wav::default()
    };
    let facts = facts("a.wav", &header.encode(&samples()));
    assert_eq!(
        facts.duration_ms, 1_000,
        "what the header says is what plays"
    );
    assert!(odd(&facts).contains("behind the end"), "{}", odd(&facts));
    assert!(
        odd(&facts).contains("too short a length"),
        "{}",
        odd(&facts)
    );
}

#[test]
fn a_streamed_header_without_lengths_is_read_to_the_end() {
    let mut bytes = wav(Coding::Pcm16);
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let open_end = facts("a.wav", &bytes);
    bytes[40..44].copy_from_slice(&0_u32.to_le_bytes());
    let nothing = facts("a.wav", &bytes);
    for facts in [open_end, nothing] {
        assert_eq!(facts.duration_ms, 2_000);
        assert!(!odd(&facts).is_empty());
    }
}

#[test]
fn impossible_headers_are_unreadable_and_cost_nothing() {
    // Offsets of rate, channels and bits in a plain WAV header.
    let cases: [(usize, &[u8], &str); 5] = [
        (24, &0_u32.to_le_bytes(), "sampling rate of 0 Hz"),
        (
            24,
            &u32::MAX.to_le_bytes(),
            "sampling rate of 4294967295 Hz",
        ),
        (22, &0_u16.to_le_bytes(), "0 channels"),
        (22, &u16::MAX.to_le_bytes(), "65535 channels"),
        (34, &0_u16.to_le_bytes(), "samples of 0 bits"),
    ];
    for (at, patch, wanted) in cases {
        let mut bytes = wav(Coding::Pcm16);
        bytes[at..at + patch.len()].copy_from_slice(patch);
        let facts = facts("a.wav", &bytes);
        assert!(unreadable(&facts).contains(wanted), "{:?}", facts.faults);
        assert_eq!(facts.container, Container::Wav);
        assert_eq!(facts.levels, None);
    }
}

#[test]
fn an_rf64_is_no_mpeg() {
    // Recognised as MPEG audio layer I by a library that guesses; see the module of headers.
    let header = Wav {
        form: Form::Rf64,
        coding: Coding::Pcm16,
        ..Wav::default()
    };
    let facts = facts("a.wav", &header.encode(&samples()));
    assert_eq!(facts.container, Container::Rf64);
    assert_eq!(facts.duration_ms, 2_000);
}

#[test]
fn compressed_audio_in_a_wav_is_named() {
    for (tag, wanted) in [
        (0x55, "MP3"),
        (0x02, "ADPCM"),
        (0x06, "A-law"),
        (0xff, "AAC"),
    ] {
        let header = Wav {
            tag: Some(tag),
            ..Wav::default()
        };
        let facts = facts("a.wav", &header.encode(&samples()));
        assert_eq!(facts.container, Container::Wav);
        assert_eq!(facts.coding, SampleCoding::Compressed);
        assert!(facts.codec_name.contains(wanted), "{}", facts.codec_name);
        assert_eq!(facts.levels, None);
    }
}

/// Frames of MPEG-1 layer III at 128 kbit/s and 44.1 kHz: 417 bytes each, silent.
fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
    frame.repeat(frames)
}

fn id3v2(length: u8) -> Vec<u8> {
    let mut tag = b"ID3\x04\x00\x00\x00\x00\x00".to_vec();
    tag.push(length);
    tag.resize(10 + usize::from(length), 0);
    tag
}

#[test]
fn lossy_audio_is_known_by_content_whatever_it_is_called() {
    let adts: Vec<u8> = {
        // 100 bytes a frame: AAC-LC, 44.1 kHz, two channels.
        let mut frame = [0; 100];
        frame[..7].copy_from_slice(&[0xff, 0xf1, 0x50, 0x80, 0x0c, 0x9f, 0xfc]);
        frame.repeat(20)
    };
    let cases = [
        (mp3(30), Container::Mp3),
        ([id3v2(100), mp3(30)].concat(), Container::Mp3),
        ([vec![0; 500], mp3(30)].concat(), Container::Mp3),
        (adts, Container::Aac),
        ([b"OggS".to_vec(), vec![0; 60]].concat(), Container::Ogg),
        (
            b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00".to_vec(),
            Container::Mp4,
        ),
        (
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9".to_vec(),
            Container::Wma,
        ),
        (
            b"wvpk\x00\x00\x00\x00\x10\x04\x00\x00".to_vec(),
            Container::OtherAudio,
        ),
    ];
    for (bytes, wanted) in cases {
        for name in ["a.wav", "a.mp3", "a.flac", "a"] {
            let facts = facts(name, &bytes);
            assert_eq!(facts.container, wanted, "{name}");
            assert_eq!(facts.coding, SampleCoding::Compressed, "{name}");
            assert_eq!((facts.levels, facts.faults), (None, vec![]), "{name}");
        }
    }
}

#[test]
fn what_real_encoders_write_is_known_too() {
    if !installed("ffmpeg") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source.wav");
    fs::write(&source, wav(Coding::Pcm16)).unwrap();
    let cases = [
        ("mp3", "libmp3lame", Container::Mp3),
        ("mp2", "mp2", Container::Mp3),
        ("adts", "aac", Container::Aac),
        ("ipod", "aac", Container::Mp4),
        ("ogg", "flac", Container::Ogg),
        ("asf", "wmav2", Container::Wma),
        ("wav", "pcm_mulaw", Container::Wav),
        ("w64", "pcm_s16le", Container::Unknown),
    ];
    for (format, codec, wanted) in cases {
        let target = dir.path().join(format!("{format}.wav"));
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-i"])
            .arg(&source)
            .args(["-c:a", codec, "-f", format])
            .arg(&target)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{format}: {errors}");
        let facts = facts("a.wav", &fs::read(&target).unwrap());
        assert_eq!(facts.container, wanted, "{format}");
        assert_eq!(facts.levels, None, "{format}");
    }
}

#[test]
fn a_flac_between_foreign_tags_is_whole() {
    let flac = flac::encode(&samples(), 16);
    let mut id3v1 = b"TAG".to_vec();
    id3v1.resize(128, b' ');
    let mut ape = vec![0; 40];
    let mut footer = b"APETAGEX".to_vec();
    // Version 2000, 72 bytes with this footer, one item, no flags.
    for field in [2_000_u32, 72, 1, 0, 0, 0] {
        footer.extend(field.to_le_bytes());
    }
    ape.extend(footer);
    for (name, parts) in [
        ("ID3v2 before", vec![id3v2(90), flac.clone()]),
        ("ID3v1 behind", vec![flac.clone(), id3v1.clone()]),
        ("APEv2 behind", vec![flac.clone(), ape.clone()]),
        ("all of them", vec![id3v2(5), flac, ape, id3v1]),
    ] {
        let facts = facts("a.flac", &parts.concat());
        assert_eq!(facts.container, Container::Flac, "{name}");
        assert_eq!(facts.frames, 88_200, "{name}: the last frame is there");
        assert_eq!(facts.faults, [], "{name}");
    }
}

#[test]
fn a_flipped_bit_in_a_flac_is_found_and_placed() {
    let mut bytes = flac::encode(&samples(), 16);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let facts = facts("a.flac", &bytes);
    assert!(
        facts.faults.contains(&AudioFault::ChecksumMismatch),
        "{:?}",
        facts.faults
    );
    let place = facts.faults.iter().find_map(|fault| match fault {
        AudioFault::Undecodable { at_ms, .. } => Some(*at_ms),
        AudioFault::Unreadable { .. }
        | AudioFault::Truncated { .. }
        | AudioFault::ChecksumMismatch
        | AudioFault::ChunksAfterData { .. }
        | AudioFault::Odd { .. } => None,
    });
    let place = place.unwrap();
    assert!(
        (700..1_300).contains(&place),
        "in the middle of 2 s: {place}"
    );
    assert_eq!(facts.frames, 88_200 - 4_096, "one frame is lost");
}

#[test]
fn a_flac_with_a_wrong_sum_or_length_is_told() {
    let good = flac::encode(&samples(), 24);
    let mut wrong_sum = good.clone();
    wrong_sum[30] ^= 1;
    assert_eq!(
        facts("a.flac", &wrong_sum).faults,
        [AudioFault::ChecksumMismatch]
    );
    let mut no_sum = good.clone();
    no_sum[26..42].fill(0);
    assert_eq!(
        facts("a.flac", &no_sum).faults,
        [],
        "none stated, none compared"
    );
    // The count of frames lies in the last 36 bits before the MD5.
    let mut shorter = good.clone();
    shorter[22..26].copy_from_slice(&44_100_u32.to_be_bytes());
    let shorter = facts("a.flac", &shorter);
    assert!(
        odd(&shorter).contains("promises 1000 ms"),
        "{:?}",
        shorter.faults
    );
    let mut longer = good.clone();
    longer[22..26].copy_from_slice(&132_300_u32.to_be_bytes());
    assert_eq!(truncated(&facts("a.flac", &longer)), (Some(3_000), 2_000));
    let twice = [good.clone(), good].concat();
    assert!(!facts("a.flac", &twice).faults.is_empty());
}

#[test]
fn a_flac_of_nothing_but_a_header_is_truncated() {
    let bytes = flac::encode(&samples(), 16);
    assert_eq!(truncated(&facts("a.flac", &bytes[..42])), (Some(2_000), 0));
    assert!(unreadable(&facts("a.flac", &bytes[..20])).contains("within its FLAC header"));
}

#[test]
fn files_that_are_no_audio_say_what_they_are() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a JPEG file"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "a ZIP archive"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"hello world, this is text", "`hello wo`"),
        (&[0; 4_000], "zeros"),
    ];
    for (bytes, wanted) in cases {
        let facts = facts("a.wav", bytes);
        assert_eq!(facts.container, Container::Unknown);
        assert!(unreadable(&facts).contains(wanted), "{:?}", facts.faults);
    }
}

#[test]
fn noise_under_every_name_is_unreadable() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise: Vec<u8> = (0..300_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    for name in ["a.wav", "a.flac", "a.aiff", "a.mp3", "a.ogg", "a.m4a", "a"] {
        assert_eq!(facts(name, &noise).container, Container::Unknown, "{name}");
    }
    // The same behind good magic numbers.
    for magic in [
        &b"RIFF\x00\x00\x00\x00WAVE"[..],
        b"FORM\x00\x00\x00\x00AIFF",
        b"fLaC",
    ] {
        let facts = facts("a", &[magic, &noise].concat());
        assert!(!unreadable(&facts).is_empty());
        assert_eq!(facts.levels, None);
    }
}

#[test]
fn an_oddly_aligned_wav_is_read_and_told() {
    let samples = signal().samples();
    let mut bytes = wav(Coding::Pcm24);
    bytes.extend([1, 2, 3]);
    // One stray byte inside the data chunk.
    let length = samples.interleaved.len() as u32 * 3 + 1;
    bytes[40..44].copy_from_slice(&length.to_le_bytes());
    let stray = facts("a.wav", &bytes);
    assert_eq!(stray.frames, samples.frames() as u64);
    assert!(odd(&stray).contains("left over"), "{}", odd(&stray));
    let mut bytes = wav(Coding::Pcm16);
    bytes[32..34].copy_from_slice(&7_u16.to_le_bytes());
    let aligned = facts("a.wav", &bytes);
    assert_eq!(aligned.frames, samples.frames() as u64);
    assert!(
        odd(&aligned).contains("it has to be 4"),
        "{}",
        odd(&aligned)
    );
}

#[test]
fn what_cannot_be_opened_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let missing = super::measure_file(&dir.path().join("missing.wav"));
    assert!(missing.failure.unwrap().contains("could not be opened"));
    let target = dir.path().join("target.wav");
    fs::write(&target, wav(Coding::Pcm16)).unwrap();
    let link = dir.path().join("link.wav");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(
        super::measure_file(&link).failure.is_some(),
        "links are not followed"
    );
    assert!(super::measure_file(dir.path()).failure.is_some());
}

#[test]
fn a_long_file_takes_little_memory() {
    // 300 MB of silence with a header in front; the disk holds only the header.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    let seconds = 1_130_u32;
    let length = seconds * 44_100 * 6;
    let mut header = Wav::default().encode(
        &Signal {
            seconds: 0.0,
            ..signal()
        }
        .samples(),
    );
    header[4..8].copy_from_slice(&(length + 36).to_le_bytes());
    header[40..44].copy_from_slice(&length.to_le_bytes());
    fs::write(&path, &header).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(header.len() as u64 + u64::from(length))
        .unwrap();
    let before = resident();
    let facts = super::measure_file(&path).facts;
    let grown = resident().saturating_sub(before);
    assert_eq!(facts.duration_ms, u64::from(seconds) * 1_000);
    assert!(facts.levels.unwrap().all_silent);
    assert!(grown < 64 << 20, "grew by {grown} bytes");
    drop(measured("after.wav", &header));
}

/// The most memory that this process ever had, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}
