//! A small JPEG of a picture, for reports.

use super::canvas::{Canvas, NEUTRAL};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Longest side in pixels and quality, tried in turn until the bytes are few enough.
const TRIES: [(usize, u8); 4] = [(256, 72), (256, 50), (192, 50), (128, 40)];
/// Bytes of the JPEG, at most: a report holds it in base64 and goes by e-mail.
const MOST_BYTES: usize = 12_000;

/// A thumbnail in base64.
pub(super) fn of(canvas: &Canvas) -> Option<String> {
    TRIES
        .iter()
        .filter_map(|(side, quality)| encode(canvas, *side, *quality))
        .find(|bytes| bytes.len() <= MOST_BYTES)
        .map(|bytes| STANDARD.encode(bytes))
}

fn encode(canvas: &Canvas, side: usize, quality: u8) -> Option<Vec<u8>> {
    let from = &canvas.small;
    let longest = from.width.max(from.height).max(1);
    let scaled = |length: usize| (length * side.min(longest) / longest).max(1);
    let (width, height) = (scaled(from.width), scaled(from.height));
    let luma = from.resized(width, height);
    let size = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    let Some(chroma) = &canvas.chroma else {
        let grey = ExtendedColorType::L8;
        encoder
            .write_image(&luma.values, size.0, size.1, grey)
            .ok()?;
        return Some(out);
    };
    let [blue, red] = chroma.each_ref().map(|plane| plane.resized(width, height));
    let differences = blue.values.iter().zip(&red.values);
    let pixels: Vec<u8> = luma
        .values
        .iter()
        .zip(differences)
        .flat_map(|(luma, (blue, red))| colour(*luma, *blue, *red))
        .collect();
    encoder
        .write_image(&pixels, size.0, size.1, ExtendedColorType::Rgb8)
        .ok()?;
    Some(out)
}

/// BT.601 backwards, as JPEG has it.
fn colour(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let neutral = i32::from(NEUTRAL);
    let (luma, blue, red) = (
        i32::from(luma),
        i32::from(blue) - neutral,
        i32::from(red) - neutral,
    );
    [
        luma + 359 * red / 256,
        luma - (88 * blue + 183 * red) / 256,
        luma + 454 * blue / 256,
    ]
    .map(|level| u8::try_from(level.clamp(0, 255)).unwrap_or(u8::MAX))
}
