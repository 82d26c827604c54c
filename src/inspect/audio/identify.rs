//! What a file is by its content, whatever it is called.

use super::header::{Content, Header};
use super::{aiff, riff};
use crate::domain::facts::{Container, SampleCoding};
use crate::inspect::bytes::read_at;
use crate::inspect::signature;
use std::fs::File;

/// Bytes behind the tags in which the first MPEG frames have to be found.
const FRAME_SEARCH_BYTES: usize = 64 << 10;
/// `ID3v2` tags that may stand one behind the other.
const MOST_TAGS: usize = 16;

/// Looks at the beginning of a file of `size` bytes.
pub(super) fn identify(file: &File, size: u64) -> Header {
    if size == 0 {
        return Header::unreadable(Container::Unknown, "it is empty (0 bytes)");
    }
    let head = read_at(file, 0, 64);
    let form = head.get(8..12).unwrap_or_default();
    match head.get(..4).unwrap_or_default() {
        b"RIFF" | b"RF64" | b"BW64" | b"RIFX" if form == b"WAVE" => {
            return riff::read(file, size, &head);
        }
        b"FORM" if matches!(form, b"AIFF" | b"AIFC") => return aiff::read(file, size, &head),
        b"fLaC" => return flac(0),
        _ => {}
    }
    if let Some((container, name)) = by_signature(&head) {
        return Header::compressed(container, name);
    }
    let start = behind_tags(file);
    if start > 0 && read_at(file, start, 4) == b"fLaC" {
        return flac(start);
    }
    // A picture or an archive may hold three things that look like frames; its signature counts.
    let known = signature::describe(&head);
    if known.is_none() || start > 0 {
        let window = read_at(file, start, FRAME_SEARCH_BYTES);
        if let Some((container, name)) = chained_frames(&window) {
            return Header::compressed(container, name);
        }
    }
    let why = match known {
        Some(what) => format!("it is {what}, not audio"),
        None if start > 0 => "it has an ID3 tag, but no audio that we know follows".to_owned(),
        None => format!(
            "it begins with {}, which is no audio format that we know",
            signature::quoted(&head)
        ),
    };
    Header::unreadable(Container::Unknown, why)
}

fn flac(start: u64) -> Header {
    Header {
        container: Container::Flac,
        coding: SampleCoding::Flac,
        codec_name: "FLAC".to_owned(),
        content: Some(Content::Flac { start }),
        ..Header::default()
    }
}

/// Formats that a few bytes tell.
fn by_signature(head: &[u8]) -> Option<(Container, &'static str)> {
    let four = head.get(..4)?;
    Some(match four {
        b"OggS" => {
            let codec = head.get(28..36).unwrap_or_default();
            let name = if codec.starts_with(b"OpusHead") {
                "Opus in Ogg"
            } else if codec.starts_with(b"\x01vorbis") {
                "Ogg Vorbis"
            } else if codec.starts_with(b"\x7fFLAC") {
                "FLAC in Ogg"
            } else {
                "Ogg"
            };
            (Container::Ogg, name)
        }
        b"wvpk" => (Container::OtherAudio, "WavPack"),
        b"MAC " => (Container::OtherAudio, "Monkey's Audio"),
        b"DSD " | b"FRM8" => (Container::OtherAudio, "DSD"),
        b"TTA1" => (Container::OtherAudio, "True Audio"),
        b"MPCK" => (Container::OtherAudio, "Musepack"),
        b"caff" => (Container::OtherAudio, "Core Audio Format"),
        b".snd" => (Container::OtherAudio, "Sun/NeXT audio"),
        b"#!AM" => (Container::OtherAudio, "AMR"),
        [0x1a, 0x45, 0xdf, 0xa3] => (Container::OtherAudio, "Matroska or WebM"),
        b"ADIF" => (Container::Aac, "AAC (ADIF)"),
        // ASF's header object.
        [0x30, 0x26, 0xb2, 0x75] => (Container::Wma, "Windows Media Audio"),
        _ if head.get(4..8) == Some(b"ftyp") => match head.get(8..12)? {
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis" => return None,
            _ => (Container::Mp4, "MP4/M4A (AAC or ALAC)"),
        },
        _ => return None,
    })
}

/// Offset behind any `ID3v2` tags at the beginning (id3.org, version 2.4, section 3.1).
fn behind_tags(file: &File) -> u64 {
    let mut at = 0_u64;
    for _ in 0..MOST_TAGS {
        let tag = read_at(file, at, 10);
        let Some((b"ID3", [_, _, flags, size @ ..])) = tag.split_at_checked(3) else {
            break;
        };
        let length = size
            .iter()
            .fold(0_u64, |sum, byte| (sum << 7) | u64::from(byte & 0x7f));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        at = at.saturating_add(10 + length + footer);
    }
    at
}

/// MPEG or ADTS frames, three of them one behind the other: fewer occur by chance.
fn chained_frames(window: &[u8]) -> Option<(Container, &'static str)> {
    (0..window.len().saturating_sub(4)).find_map(|at| {
        let rest = window.get(at..)?;
        if *rest.first()? != 0xff {
            return None;
        }
        let chain = |length_of: fn(&[u8]) -> Option<usize>| {
            let mut place = rest;
            for _ in 0..2 {
                place = place.get(length_of(place)?..)?;
            }
            length_of(place)
        };
        if chain(adts_frame).is_some() {
            return Some((Container::Aac, "AAC (ADTS)"));
        }
        chain(mpeg_frame)?;
        Some(match (rest.get(1)? >> 1) & 3 {
            1 => (Container::Mp3, "MP3 (MPEG audio layer III)"),
            2 => (Container::Mp3, "MPEG audio layer II"),
            _ => (Container::Mp3, "MPEG audio layer I"),
        })
    })
}

/// Length of the ADTS frame that begins here (ISO/IEC 13818-7, 6.2).
fn adts_frame(bytes: &[u8]) -> Option<usize> {
    let [0xff, second, third, fourth, fifth, sixth, ..] = *bytes else {
        return None;
    };
    if second & 0xf6 != 0xf0 || (third >> 2) & 0xf > 12 {
        return None;
    }
    let length =
        (usize::from(fourth & 3) << 11) | (usize::from(fifth) << 3) | usize::from(sixth >> 5);
    (length > 7).then_some(length)
}

/// Length of the MPEG audio frame that begins here (ISO/IEC 11172-3, 2.4.2.3; 13818-3).
fn mpeg_frame(bytes: &[u8]) -> Option<usize> {
    const LAYER1: [usize; 15] = [
        0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ];
    const LAYER2: [usize; 15] = [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ];
    const LAYER3: [usize; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const LOW1: [usize; 15] = [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ];
    const LOW23: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [0xff, second, third, _, ..] = *bytes else {
        return None;
    };
    let (version, layer) = ((second >> 3) & 3, (second >> 1) & 3);
    if second & 0xe0 != 0xe0 || version == 1 || layer == 0 {
        return None;
    }
    let full = version == 3;
    let table = match (full, layer) {
        (true, 3) => LAYER1,
        (true, 2) => LAYER2,
        (true, _) => LAYER3,
        (false, 3) => LOW1,
        (false, _) => LOW23,
    };
    let kilobits = *table
        .get(usize::from(third >> 4))
        .filter(|rate| **rate > 0)?;
    let rate = [44_100, 48_000, 32_000].get(usize::from((third >> 2) & 3))?
        / match version {
            3 => 1,
            2 => 2,
            _ => 4,
        };
    let padding = usize::from((third >> 1) & 1);
    let length = match layer {
        3 => (12_000 * kilobits / rate + padding) * 4,
        2 => 144_000 * kilobits / rate + padding,
        _ if full => 144_000 * kilobits / rate + padding,
        _ => 72_000 * kilobits / rate + padding,
    };
    (length > 24).then_some(length)
}
