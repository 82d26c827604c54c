//! Sound files that lie: sizes, rates, channels, chunks without end, tags of a gigabyte, and
//! kilobytes that decode to days.

use super::{Case, noise, survive};
use dropzone::cli::demo::material::audio::pcm::{Aiff, Wav};
use dropzone::cli::demo::material::audio::{Samples, Signal, flac};

/// PKG-013: it is empty.
const AUDIO: &[&str] = &["AUD-", "PKG-013"];

fn samples() -> Samples {
    let signal = Signal {
        seconds: 1.0,
        ..Signal::default()
    };
    signal.samples()
}

/// Bytes put in the place of others.
fn patched(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

/// A message that names the file, so that it is measured whatever it is called.
fn case(name: &str, ending: &str, bytes: Vec<u8>) -> Case {
    let file = format!("01_track.{ending}");
    let message = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ern:NewReleaseMessage \
         xmlns:ern=\"http://ddex.net/xml/ern/382\" MessageSchemaVersionId=\"ern/382\"><ResourceList>\
         <SoundRecording><ResourceReference>A1</ResourceReference><SoundRecordingDetailsByTerritory>\
         <TechnicalSoundRecordingDetails><File><FileName>{file}</FileName></File>\
         </TechnicalSoundRecordingDetails></SoundRecordingDetailsByTerritory></SoundRecording>\
         </ResourceList></ern:NewReleaseMessage>\n"
    );
    Case::new(name, &file, bytes, AUDIO).with("metadata.xml", message)
}

fn chunks(form: &[u8], kind: &[u8], chunks: &[(&[u8], u32, &[u8])], big: bool) -> Vec<u8> {
    let number = |value: u32| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let mut bytes = [form, &number(u32::MAX), kind].concat();
    for (name, length, content) in chunks {
        bytes.extend([*name, &number(*length), content].concat());
    }
    bytes
}

/// `fmt ` for WAVE: tag, channels, rate, block, bits.
fn fmt(tag: u16, channels: u16, rate: u32, block: u16, bits: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes
}

fn wave(format: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    chunks(
        b"RIFF",
        b"WAVE",
        &[(b"fmt ", 16, format), (b"data", length, data)],
        false,
    )
}

#[test]
fn wave_headers_that_lie() {
    let data = noise(400_000, 3);
    let mut cases = Vec::new();
    for (name, format) in [
        ("a rate of 0", fmt(1, 2, 0, 4, 16)),
        ("a rate of 4 GHz", fmt(1, 2, u32::MAX, 4, 16)),
        ("a rate of 1 Hz", fmt(1, 2, 1, 4, 16)),
        (
            "the highest rate we believe, 64 channels",
            fmt(1, 64, 800_000, 128, 16),
        ),
        ("no channel", fmt(1, 0, 44_100, 4, 16)),
        ("65,535 channels", fmt(1, u16::MAX, 44_100, 4, 16)),
        (
            "65,535 channels of 65,535 bits",
            fmt(1, u16::MAX, u32::MAX, u16::MAX, u16::MAX),
        ),
        ("a block of 0", fmt(1, 2, 44_100, 0, 16)),
        ("a block of 65,535", fmt(1, 2, 44_100, u16::MAX, 16)),
        ("no bits", fmt(1, 2, 44_100, 4, 0)),
        ("33 bits", fmt(1, 2, 44_100, 10, 33)),
        ("floats of 16 bits", fmt(3, 2, 44_100, 4, 16)),
        ("noise as doubles", fmt(3, 2, 44_100, 16, 64)),
        ("MP3", fmt(0x55, 2, 44_100, 4, 16)),
        ("an unknown coding", fmt(0xbeef, 2, 44_100, 4, 16)),
        (
            "extensible without its extension",
            fmt(0xfffe, 2, 44_100, 4, 16),
        ),
    ] {
        cases.push(case(
            &format!("WAVE with {name}"),
            "wav",
            wave(&format, &data),
        ));
    }
    let good = fmt(1, 2, 44_100, 4, 16);
    let empty = [(b"junk".as_slice(), 0_u32, b"".as_slice())].repeat(100_000);
    let endless: Vec<_> = [(b"fmt ".as_slice(), 16_u32, good.as_slice())]
        .into_iter()
        .chain(empty)
        .collect();
    cases.push(case(
        "WAVE of 100,000 empty chunks",
        "wav",
        chunks(b"RIFF", b"WAVE", &endless, false),
    ));
    let behind: Vec<_> = [
        (b"fmt ".as_slice(), 16_u32, good.as_slice()),
        (b"data", 4, b"abcd"),
    ]
    .into_iter()
    .chain([(b"LIST".as_slice(), 0_u32, b"".as_slice())].repeat(100_000))
    .collect();
    cases.push(case(
        "WAVE with 100,000 chunks behind its audio",
        "wav",
        chunks(b"RIFF", b"WAVE", &behind, false),
    ));
    cases.push(case(
        "WAVE whose chunk leads back",
        "wav",
        chunks(
            b"RIFF",
            b"WAVE",
            &[(b"fmt ", u32::MAX - 19, &good), (b"data", 4, b"abcd")],
            false,
        ),
    ));
    cases.push(case(
        "WAVE that promises 4 GB",
        "wav",
        chunks(
            b"RIFF",
            b"WAVE",
            &[(b"fmt ", 16, &good), (b"data", u32::MAX - 1, b"abcd")],
            false,
        ),
    ));
    let mut sizes = u64::MAX.to_le_bytes().repeat(3);
    sizes.extend([0xff; 4]);
    cases.push(case(
        "RF64 that promises 16 EB",
        "wav",
        chunks(
            b"RF64",
            b"WAVE",
            &[
                (b"ds64", 28, &sizes),
                (b"fmt ", 16, &good),
                (b"data", u32::MAX, b"abcd"),
            ],
            false,
        ),
    ));
    cases.push(case(
        "BW64 without ds64",
        "wav",
        chunks(
            b"BW64",
            b"WAVE",
            &[(b"fmt ", 16, &good), (b"data", u32::MAX, b"abcd")],
            false,
        ),
    ));
    cases.push(case(
        "RF64 with 4,000 of ds64",
        "wav",
        chunks(
            b"RF64",
            b"WAVE",
            &[(b"ds64".as_slice(), 28_u32, sizes.as_slice())].repeat(4_000),
            false,
        ),
    ));
    let sound = Wav::default().encode(&samples());
    for length in [0, 4, 11, 12, 13, 20, 35, 43, 44, 45] {
        cases.push(case(
            &format!("WAVE cut after {length} bytes"),
            "wav",
            sound[..length].to_vec(),
        ));
    }
    survive(cases);
}

#[test]
fn aiff_headers_that_lie() {
    let sound = Aiff::default().encode(&samples());
    let common = sound.windows(4).position(|w| w == b"COMM").unwrap() + 8;
    let ssnd = sound.windows(4).position(|w| w == b"SSND").unwrap() + 8;
    let mut cases = Vec::new();
    for (name, at, patch) in [
        ("no channel", common, [0; 2].as_slice()),
        ("65,535 channels", common, &[0xff; 2]),
        ("4 thousand million frames", common + 2, &[0xff; 4]),
        ("no bits", common + 6, &[0; 2]),
        ("65,535 bits", common + 6, &[0xff; 2]),
        ("no rate", common + 8, &[0; 10]),
        (
            "a rate beyond numbers",
            common + 8,
            &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        ("audio 4 GB further on", ssnd, &[0xff; 4]),
        ("a COMM of 4 GB", common - 4, &[0xff; 4]),
        ("an SSND of 4 GB", ssnd - 4, &[0xff; 4]),
        ("an SSND of no byte", ssnd - 4, &[0; 4]),
    ] {
        cases.push(case(
            &format!("AIFF with {name}"),
            "aiff",
            patched(sound.clone(), at, patch),
        ));
    }
    for length in [11, 12, 20, common, common + 10, ssnd, ssnd + 7] {
        cases.push(case(
            &format!("AIFF cut after {length} bytes"),
            "aiff",
            sound[..length].to_vec(),
        ));
    }
    cases.push(case(
        "AIFF of 100,000 empty chunks",
        "aiff",
        chunks(
            b"FORM",
            b"AIFF",
            &[(b"ANNO".as_slice(), 0_u32, b"".as_slice())].repeat(100_000),
            true,
        ),
    ));
    survive(cases);
}

/// A FLAC stream: STREAMINFO as given, and this one frame again and again.
fn stream(info: &[u8; 34], frames: &[u8]) -> Vec<u8> {
    [b"fLaC\x80\0\0\x22".as_slice(), info, frames].concat()
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| {
            (crc << 1) ^ if crc & 0x80 == 0 { 0 } else { 0x07 }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 }
        })
    })
}

/// Frame numbers are written as UTF-8 writes characters, up to 31 bits.
fn coded(number: u32) -> Vec<u8> {
    match number {
        0..0x80 => vec![u8::try_from(number).unwrap()],
        0x80..0x800 => vec![
            0xc0 | u8::try_from(number >> 6).unwrap(),
            0x80 | (number & 0x3f) as u8,
        ],
        0x800..0x1_0000 => vec![
            0xe0 | u8::try_from(number >> 12).unwrap(),
            0x80 | ((number >> 6) & 0x3f) as u8,
            0x80 | (number & 0x3f) as u8,
        ],
        _ => vec![
            0xf0 | u8::try_from(number >> 18).unwrap(),
            0x80 | ((number >> 12) & 0x3f) as u8,
            0x80 | ((number >> 6) & 0x3f) as u8,
            0x80 | (number & 0x3f) as u8,
        ],
    }
}

/// `count` frames of 65,535 samples in two channels, each one value: 20 bytes for a second and a
/// half.
fn silence(count: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..count {
        let mut frame = vec![0xff, 0xf8, 0x79, 0x18];
        frame.extend(coded(number));
        frame.extend([0xff, 0xfe]);
        frame.push(crc8(&frame));
        frame.extend([0, 0, 0, 0, 0, 0]);
        frame.extend(crc16(&frame).to_be_bytes());
        out.extend(frame);
    }
    out
}

/// STREAMINFO for blocks of 65,535: rate, channels, bits, frames; no MD5.
fn info(rate: u64, channels: u64, bits: u64, frames: u64) -> [u8; 34] {
    let mut bytes = [0_u8; 34];
    bytes[..4].copy_from_slice(&[0xff; 4]);
    let packed = (rate << 44) | ((channels - 1) << 41) | ((bits - 1) << 36) | frames;
    bytes[10..18].copy_from_slice(&packed.to_be_bytes());
    bytes
}

#[test]
fn flac_that_lies_and_flac_that_swells() {
    let sound = flac::encode(&samples(), 16);
    let most = (1 << 36) - 1;
    let mut blocks = b"fLaC".to_vec();
    for _ in 0..200_000 {
        blocks.extend([0x04, 0, 0, 0]);
    }
    let mut padded = b"fLaC\x01\xff\xff\xff".to_vec();
    padded.extend(noise(1_000, 5));
    let mut tagged = b"ID3\x04\x00\x00\x03\x7f\x7f\x7f".to_vec();
    tagged.extend(&sound);
    let mut tags = b"ID3\x04\x00\x00\x00\x00\x00\x00".repeat(100_000);
    tags.extend(&sound);
    survive(vec![
        case(
            "FLAC of 8 days in 2 MB",
            "flac",
            stream(&info(44_100, 2, 16, 0), &silence(100_000)),
        ),
        case(
            "FLAC of 8 days in 2 MB, as stated",
            "flac",
            stream(&info(44_100, 2, 16, 100_000 * 65_535), &silence(100_000)),
        ),
        case(
            "FLAC that promises 68 thousand million frames",
            "flac",
            stream(&info(44_100, 2, 16, most), &silence(3)),
        ),
        case(
            "FLAC with no rate",
            "flac",
            stream(&info(0, 2, 16, 0), &silence(3)),
        ),
        case(
            "FLAC of 8 channels at 1 MHz in 32 bits",
            "flac",
            stream(&info((1 << 20) - 1, 8, 32, most), &silence(3)),
        ),
        case(
            "FLAC whose frames are noise",
            "flac",
            stream(&info(44_100, 2, 24, most), &noise(2_000_000, 9)),
        ),
        case(
            "FLAC whose frames are sync codes",
            "flac",
            stream(&info(44_100, 2, 24, 0), &[0xff, 0xf8].repeat(1_000_000)),
        ),
        case("FLAC without end of its header", "flac", blocks),
        case("FLAC with padding that is not there", "flac", padded),
        case(
            "FLAC behind an ID3 tag of 256 MB that is not there",
            "flac",
            tagged.clone(),
        ),
        case("FLAC behind 100,000 ID3 tags", "flac", tags),
        case(
            "an ID3 tag of 256 MB before a WAVE",
            "wav",
            [&tagged[..10], &Wav::default().encode(&samples())].concat(),
        ),
        case("an ID3 tag of 256 MB as MP3", "mp3", tagged[..10].to_vec()),
        case("FLAC cut in its header", "flac", sound[..30].to_vec()),
        case("FLAC cut in its first frame", "flac", sound[..60].to_vec()),
        case(
            "FLAC with a broken frame header",
            "flac",
            patched(sound.clone(), 42, &[0; 8]),
        ),
    ]);
}
