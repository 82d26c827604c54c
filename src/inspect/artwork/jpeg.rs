//! JPEG: our own walk over the markers, then our own reading of the codes; what that does not know,
//! or finds odd, goes to a strict decoder.
//!
//! The walk says what decoders hide: four inks (they convert to RGB without a word) and a missing
//! end. Sources: ITU-T T.81 annex B; Adobe Technical Note 5116 for APP14; Exif 3.0 for APP1;
//! ICC.1:2022 annex B for APP2.

use super::canvas::{Canvas, Drawing, Pixels, Plane};
use super::scan::Scanned;
use super::{exif, icc, looked_at, scan, sized, too_large};
use crate::domain::facts::{ArtworkFacts, ColourModel, PictureFormat};
use crate::domain::limits::Limits;
use crate::inspect::bytes::Order;
use std::collections::BTreeMap;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Scans of a progressive JPEG; real files have about ten, and each costs a pass over the picture.
const MOST_SCANS: usize = 100;

/// What APP1 begins with when it is EXIF, and APP2 when it is a piece of a colour profile.
const EXIF: &[u8] = b"Exif\0\0";
const PROFILE: &[u8] = b"ICC_PROFILE\0";

/// How a picture is coded, by its start-of-frame marker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Process {
    #[default]
    Sequential,
    Progressive,
    Arithmetic,
    Lossless,
}

/// What the walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Walk {
    width: u32,
    height: u32,
    bits: u32,
    components: Vec<u8>,
    process: Process,
    /// Adobe's colour transform, if its marker is there.
    adobe: Option<u8>,
    jfif: bool,
    /// Entropy-coded data was seen.
    scans: usize,
    /// The end marker was reached.
    complete: bool,
    orientation: Option<u32>,
    /// Pieces of the colour profile by their numbers.
    profile: BTreeMap<u8, Vec<u8>>,
}

/// Reads everything that is to be known of a JPEG.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> ArtworkFacts {
    let walk = walk(bytes);
    let mut facts = sized(PictureFormat::Jpeg, walk.width, walk.height);
    facts.colour = walk.colour();
    facts.bits = walk.bits;
    facts.orientation = walk.orientation;
    let profile: Vec<u8> = walk.profile.values().flatten().copied().collect();
    facts.colour_profile = icc::read(&profile);
    facts.damage = walk
        .damage()
        .or_else(|| too_large(&facts, limits, walk.memory()));
    if facts.damage.is_some() {
        return facts;
    }
    let mut scanned = scan::look(bytes).unwrap_or_default();
    if let Some(missing) = scanned.missing_percent {
        facts.damage = Some(format!(
            "about {missing} % of the picture is missing and shows as grey"
        ));
        return facts;
    }
    let target = walk.target(&scanned);
    if target == ColorSpace::Luma
        && let Some(luma) = scanned.luma.take()
    {
        facts.decoded = true;
        looked_at(&mut facts, &Canvas::new(luma, scanned.chroma, true));
        return facts;
    }
    // A strict decoder also refuses some good files (zune-image issues 269 and 303); what is whole
    // by its markers and decodes leniently is taken.
    let decoded = decode(bytes, target, limits, true).or_else(|strict| {
        tracing::debug!(error = strict, "a JPEG failed the strict decode");
        match decode(bytes, target, limits, false) {
            Ok(pixels) if !says_truncated(&strict) => Ok(pixels),
            Ok(_) => Err(format!("its picture data breaks off ({strict})")),
            Err(why) => Err(format!("it cannot be decoded: {why}")),
        }
    });
    match decoded {
        Ok(pixels) => {
            facts.decoded = true;
            looked_at(&mut facts, &canvas(pixels, &walk, target, scanned));
        }
        Err(why) => facts.damage = Some(why),
    }
    facts
}

/// The decoded picture, and its colours as the scan has them or from the pixels.
fn canvas(pixels: Vec<u8>, walk: &Walk, target: ColorSpace, scanned: Scanned) -> Canvas {
    let (width, height) = (walk.width as usize, walk.height as usize);
    if target == ColorSpace::Luma {
        let luma = Plane {
            width,
            height,
            values: pixels,
        };
        return Canvas::new(luma, scanned.chroma, true);
    }
    let mut drawing = Drawing::new(width, height, Pixels::Rgb);
    for row in pixels.chunks_exact(width.max(1) * Pixels::Rgb.bytes()) {
        drawing.row(row);
    }
    let mut canvas = drawing.finish();
    canvas.in_blocks = true;
    canvas
}

/// Whether a strict decoder's complaint is that data is missing, which a lenient one fills in grey.
fn says_truncated(why: &str) -> bool {
    let lower = why.to_ascii_lowercase();
    ["premature", "exhausted", "eof", "end of", "not enough"]
        .iter()
        .any(|word| lower.contains(word))
}

impl Walk {
    fn colour(&self) -> ColourModel {
        match (self.components.len(), self.adobe) {
            (1, _) => ColourModel::Grey,
            (3, _) => ColourModel::Rgb,
            (4, Some(2)) => ColourModel::Ycck,
            (4, _) => ColourModel::Cmyk,
            _ => ColourModel::Unknown,
        }
    }

    /// The components are red, green and blue themselves, not luma and chroma.
    fn is_plain_rgb(&self) -> bool {
        self.components.len() == 3
            && (self.adobe == Some(0) || (!self.jfif && self.components == *b"RGB"))
    }

    fn damage(&self) -> Option<String> {
        let what = if self.components.is_empty() || self.width == 0 {
            "it ends before the picture begins"
        } else if self.scans == 0 {
            "it has a header and no picture data"
        } else if !self.complete {
            "it breaks off: the end of the picture is missing"
        } else if self.process == Process::Arithmetic {
            "it uses arithmetic coding, which no browser and no store reads"
        } else if self.process == Process::Lossless {
            "it is a lossless JPEG, which no browser and no store reads"
        } else if self.colour() == ColourModel::Unknown {
            "its header states a number of components that no reader knows"
        } else {
            return None;
        };
        Some(what.to_owned())
    }

    /// What to decode to. Luma is the cheapest and enough where the scan gives the colours; it cannot
    /// be had from plain RGB or four inks.
    fn target(&self, scanned: &Scanned) -> ColorSpace {
        let luma = self.components.len() == 1
            || (self.components.len() == 3 && !self.is_plain_rgb() && scanned.chroma.is_some());
        if luma {
            ColorSpace::Luma
        } else {
            ColorSpace::RGB
        }
    }

    /// Bytes that decoding will take for each pixel: a progressive picture's coefficients are held
    /// until the last scan.
    fn memory(&self) -> u64 {
        let channels = self.components.len() as u64;
        if self.process == Process::Progressive {
            channels * 3
        } else {
            channels
        }
    }
}

fn walk(bytes: &[u8]) -> Walk {
    let mut found = Walk::default();
    let mut at = 2;
    while let (Some(&mark), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) {
        if mark != 0xff {
            at += 1;
            continue;
        }
        match marker {
            0xff => at += 1,
            // Markers without content: restart, start of image, TEM, and a stuffed 0xff.
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 => {
                found.complete = true;
                break;
            }
            _ => {
                let Some(length) = Order::Big.u16(bytes, at + 2).map(usize::from) else {
                    break;
                };
                let Some(content) = bytes.get(at + 4..at + 2 + length.max(2)) else {
                    break;
                };
                segment(&mut found, marker, content);
                at += 2 + length.max(2);
            }
        }
    }
    found
}

fn segment(found: &mut Walk, marker: u8, content: &[u8]) {
    match marker {
        // Start of frame; 0xc4, 0xc8 and 0xcc are other things.
        0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if found.components.is_empty() => {
            let [bits, h1, h0, w1, w0, count, rest @ ..] = content else {
                return;
            };
            found.bits = u32::from(*bits);
            found.height = u32::from(u16::from_be_bytes([*h1, *h0]));
            found.width = u32::from(u16::from_be_bytes([*w1, *w0]));
            found.components = rest
                .chunks_exact(3)
                .take(usize::from(*count))
                .filter_map(|component| component.first().copied())
                .collect();
            found.process = match marker {
                0xc9.. => Process::Arithmetic,
                0xc3 | 0xc7 => Process::Lossless,
                0xc2 | 0xc6 => Process::Progressive,
                _ => Process::Sequential,
            };
        }
        0xe1 if content.starts_with(EXIF) => {
            let found_here = content.get(EXIF.len()..).and_then(exif::orientation);
            found.orientation = found.orientation.or(found_here);
        }
        0xe2 if content.starts_with(PROFILE) => {
            let held: usize = found.profile.values().map(Vec::len).sum();
            if let Some([number, _, piece @ ..]) = content.get(PROFILE.len()..)
                && held + piece.len() <= icc::MOST_BYTES
            {
                found.profile.entry(*number).or_insert(piece.to_vec());
            }
        }
        0xe0 if content.starts_with(b"JFIF") => found.jfif = true,
        0xee if content.starts_with(b"Adobe") => found.adobe = content.get(11).copied(),
        0xda => found.scans += 1,
        _ => {}
    }
}

fn decode(
    bytes: &[u8],
    target: ColorSpace,
    limits: &Limits,
    strict: bool,
) -> Result<Vec<u8>, String> {
    let most = limits.artwork_pixels as usize;
    let options = DecoderOptions::new_safe()
        .set_max_width(most)
        .set_max_height(most)
        .set_strict_mode(strict)
        .jpeg_set_max_scans(MOST_SCANS)
        .jpeg_set_out_colorspace(target);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise and slopes, so that many coefficients are there.
    fn drawn(width: u32, height: u32, colour: image::ExtendedColorType) -> Vec<u8> {
        let channels = usize::from(colour.channel_count());
        let pixels: Vec<u8> = (0..width as usize * height as usize * channels)
            .map(|at| ((at * at / 7) ^ (at * 31)).to_le_bytes()[0])
            .collect();
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 92)
            .encode(&pixels, width, height, colour)
            .unwrap();
        bytes
    }

    #[test]
    fn our_own_reading_gives_the_pixels_of_the_decoder() {
        for (width, height) in [(1, 1), (8, 8), (16, 9), (33, 47), (250, 131)] {
            for colour in [image::ExtendedColorType::Rgb8, image::ExtendedColorType::L8] {
                let bytes = drawn(width, height, colour);
                let ours = scan::look(&bytes).unwrap().luma.unwrap();
                let theirs = decode(&bytes, ColorSpace::Luma, &Limits::default(), true).unwrap();
                assert_eq!(ours.values.len(), theirs.len());
                let most = ours.values.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b));
                assert!(most.max().unwrap_or(0) <= 1, "{width} × {height}");
            }
        }
    }

    #[test]
    fn a_picture_with_an_oddity_is_left_to_the_decoder() {
        let whole = drawn(64, 64, image::ExtendedColorType::Rgb8);
        let end = whole.len() - 2;
        let mut longer = whole.clone();
        longer.splice(end..end, [0x55; 9]);
        assert!(scan::look(&whole).unwrap().luma.is_some());
        assert!(scan::look(&longer).unwrap().luma.is_none());
        let without_end = whole.get(..end).unwrap();
        assert!(scan::look(without_end).is_none_or(|scanned| scanned.luma.is_none()));
    }

    #[test]
    fn the_walk_reads_components_and_adobes_marker() {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xee, 0, 14];
        bytes.extend(b"Adobe\0\x64\0\0\0\0\x02");
        bytes.extend([0xff, 0xc0, 0, 20, 8, 0, 9, 0, 7, 4]);
        bytes.extend([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]);
        let found = walk(&bytes);
        assert_eq!((found.width, found.height), (7, 9));
        assert_eq!(found.colour(), ColourModel::Ycck);
        assert!(!found.complete);
    }
}
