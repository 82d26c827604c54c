//! PNG: facts from its chunks, then every row decoded with all checksums; only luma is kept.
//! Source: W3C PNG specification, third edition.

use super::canvas::{Canvas, Drawing, Pixels, Plane, chroma_of, luma_of};
use super::{exif, icc, looked_at, sized, too_large};
use crate::domain::facts::{ArtworkFacts, ColourModel, ColourProfile, PictureFormat};
use crate::domain::limits::Limits;
use crate::inspect::bytes::Order;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use png::{BitDepth, ColorType, Reader, Transformations};
use std::io::Cursor;

/// Memory for the decoder itself; a compressed colour profile may not blow up beyond it.
const DECODER_BYTES: usize = 64 << 20;
/// Pixels between those of the first of Adam7's passes.
const FIRST_PASS: usize = 8;
/// Chunks that are looked at; editors write about ten before the picture, which they cut in pieces.
const MOST_CHUNKS: usize = 100_000;

/// Reads everything that is to be known of a PNG.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> ArtworkFacts {
    let header = bytes.get(12..16) == Some(b"IHDR");
    let size = (Order::Big.u32(bytes, 16), Order::Big.u32(bytes, 20));
    let (true, (Some(width), Some(height))) = (header, size) else {
        let mut facts = sized(PictureFormat::Png, 0, 0);
        facts.damage = Some("it ends before the picture begins".to_owned());
        return facts;
    };
    let mut facts = sized(PictureFormat::Png, width, height);
    facts.bits = bytes.get(24).copied().map_or(0, u32::from);
    facts.interlaced = bytes.get(28) == Some(&1);
    facts.colour = match bytes.get(25) {
        Some(0) => ColourModel::Grey,
        Some(2) => ColourModel::Rgb,
        Some(3) => ColourModel::Palette,
        Some(4) => ColourModel::GreyAlpha,
        Some(6) => ColourModel::Rgba,
        _ => ColourModel::Unknown,
    };
    if width == 0 || height == 0 || facts.colour == ColourModel::Unknown {
        let why = "its header states a size or a kind of colours that cannot be";
        facts.damage = Some(why.to_owned());
        return facts;
    }
    chunks(bytes, &mut facts);
    facts.damage = too_large(&facts, limits, 0);
    if facts.damage.is_none() {
        match decode(bytes) {
            Ok(canvas) => {
                facts.decoded = true;
                looked_at(&mut facts, &canvas);
            }
            Err(why) => facts.damage = Some(why),
        }
    }
    facts
}

/// What the chunks say beside the picture.
fn chunks(bytes: &[u8], facts: &mut ArtworkFacts) {
    let mut at = 8;
    for _ in 0..MOST_CHUNKS {
        let Some(length) = Order::Big.u32(bytes, at).map(|length| length as usize) else {
            return;
        };
        let Some(content) = bytes.get(at + 8..at.saturating_add(8).saturating_add(length)) else {
            return;
        };
        match bytes.get(at + 4..at + 8) {
            Some(b"sRGB") if facts.colour_profile.is_none() => {
                facts.colour_profile = Some(ColourProfile {
                    description: "sRGB".to_owned(),
                    is_srgb: true,
                });
            }
            Some(b"iCCP") => facts.colour_profile = profile(content),
            Some(b"eXIf") => facts.orientation = exif::orientation(content),
            Some(_) => {}
            None => return,
        }
        at += 12 + length;
    }
}

/// A compressed profile behind its name, a zero and the method's number.
fn profile(content: &[u8]) -> Option<ColourProfile> {
    let name = content.iter().position(|byte| *byte == 0)?;
    let deflated = content.get(name + 2..)?;
    let inflated = decompress_to_vec_zlib_with_limit(deflated, icc::MOST_BYTES).ok()?;
    icc::read(&inflated)
}

fn decode(bytes: &[u8]) -> Result<Canvas, String> {
    let limits = png::Limits {
        bytes: DECODER_BYTES,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    // The profile was looked at, and inflating a hostile one costs time.
    decoder.set_ignore_iccp_chunk(true);
    let told = |error: png::DecodingError| {
        if let png::DecodingError::IoError(cause) = &error
            && cause.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return "it breaks off: the end of the picture is missing".to_owned();
        }
        format!("it cannot be decoded: {error}")
    };
    let mut reader = decoder.read_info().map_err(told)?;
    let canvas = if reader.info().interlaced {
        draw_interlaced(&mut reader)
    } else {
        draw(&mut reader)
    };
    let canvas = canvas.map_err(told)?;
    reader.finish().map_err(told)?;
    Ok(canvas)
}

type Decoding<'a> = Reader<Cursor<&'a [u8]>>;

/// What rows look like after palettes are looked up and 16 bits cut to 8.
fn pixels(reader: &Decoding<'_>) -> Pixels {
    match reader.output_color_type() {
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Pixels::GreyAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Pixels::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Pixels::Rgba,
        _ => Pixels::Grey,
    }
}

fn size(reader: &Decoding<'_>) -> (usize, usize) {
    let info = reader.info();
    (info.width as usize, info.height as usize)
}

fn draw(reader: &mut Decoding<'_>) -> Result<Canvas, png::DecodingError> {
    let (width, height) = size(reader);
    let mut drawing = Drawing::new(width, height, pixels(reader));
    while let Some(row) = reader.next_row()? {
        drawing.row(row.data());
    }
    Ok(drawing.finish())
}

/// Each pass goes to its places; the first is the picture at an eighth of its size, and its colours
/// are kept.
fn draw_interlaced(reader: &mut Decoding<'_>) -> Result<Canvas, png::DecodingError> {
    let (width, height) = size(reader);
    let pixels = pixels(reader);
    let cells = (width.div_ceil(FIRST_PASS), height.div_ceil(FIRST_PASS));
    let mut luma = Plane::filled(width, height, 0);
    let mut chroma = [Vec::new(), Vec::new()];
    let most = cells.0 * cells.1;
    let mut line = Vec::new();
    while let Some(row) = reader.next_interlaced_row()? {
        line.clear();
        luma_of(row.data(), pixels, &mut line);
        if let png::InterlaceInfo::Adam7(place) = row.interlace() {
            png::expand_interlaced_row(&mut luma.values, width, &line, place, 8);
        }
        for pixel in row.data().chunks_exact(pixels.bytes()) {
            let [blue, red] = &mut chroma;
            if blue.len() == most {
                break;
            }
            let [b, r] = chroma_of(pixel);
            blue.push(b);
            red.push(r);
        }
    }
    let coloured = matches!(pixels, Pixels::Rgb | Pixels::Rgba);
    let chroma = chroma.map(|values| Plane {
        width: cells.0,
        height: cells.1,
        values,
    });
    Ok(Canvas::new(luma, coloured.then_some(chroma), false))
}
