//! One picture: format by content, size, colour model by its own components, whether it decodes to
//! its end, and what it looks like. Judges nothing, never panics.
//!
//! Dimensions are compared with the limits before anything is decoded. The `image` crate is not
//! asked: it calls a stump of 700 bytes a good picture, and CMYK RGB.

use self::canvas::Canvas;
use super::{blocks, signature};
use crate::domain::facts::{ArtworkFacts, PictureFormat};
use crate::domain::limits::Limits;
use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

mod bits;
mod canvas;
mod codes;
mod detail;
mod exif;
mod icc;
mod jpeg;
mod likeness;
mod looks;
mod luma;
mod png;
mod resampling;
mod scan;
mod thumbnail;

/// A picture larger than this many times the limit is only looked at from the outside.
const READ_BEYOND_LIMIT: u64 = 2;
/// Pixels that are decoded; 10 000 × 10 000.
const MOST_PIXELS: u64 = 100_000_000;
/// Memory that decoding one picture may take.
const MOST_DECODED_BYTES: u64 = 192 << 20;
/// Bytes that tell the dimensions of a picture that is too large to be read.
const HEAD_BYTES: u64 = 1 << 20;

/// Looks at one picture. One beyond the limits is not decoded, and `damage` says that.
pub fn measure(path: &Path, limits: &Limits) -> ArtworkFacts {
    attempt(path, limits).unwrap_or_else(|error| ArtworkFacts {
        damage: Some(format!("it could not be read: {error}")),
        ..ArtworkFacts::default()
    })
}

/// The same, telling a disk that fails from a picture that is broken.
///
/// # Errors
/// Those of reading the file.
pub(super) fn attempt(path: &Path, limits: &Limits) -> io::Result<ArtworkFacts> {
    catch_unwind(AssertUnwindSafe(|| look(path, limits))).unwrap_or_else(|_| {
        tracing::error!(?path, "a picture decoder panicked");
        Ok(ArtworkFacts {
            damage: Some("the decoder gave up on this picture".to_owned()),
            ..ArtworkFacts::default()
        })
    })
}

fn look(path: &Path, limits: &Limits) -> io::Result<ArtworkFacts> {
    let file = blocks::open_regular(path)?;
    let size = file.metadata()?.len();
    let whole = size <= limits.artwork_bytes.saturating_mul(READ_BEYOND_LIMIT);
    let bytes = read(file, size.min(if whole { size } else { HEAD_BYTES }))?;
    let mut facts = match signature::picture(&bytes) {
        PictureFormat::Jpeg => jpeg::read(&bytes, limits),
        PictureFormat::Png => png::read(&bytes, limits),
        PictureFormat::Unknown => ArtworkFacts {
            damage: Some(unknown(&bytes)),
            ..ArtworkFacts::default()
        },
        other @ (PictureFormat::Gif
        | PictureFormat::Webp
        | PictureFormat::Tiff
        | PictureFormat::Bmp
        | PictureFormat::Heif
        | PictureFormat::Pdf) => sized(other, 0, 0),
    };
    if !whole && matches!(facts.format, PictureFormat::Jpeg | PictureFormat::Png) {
        // Only the beginning was read; that its end is missing says nothing.
        facts.damage = Some(format!("its {size} bytes are too many to be opened here"));
        facts.decoded = false;
    }
    Ok(facts)
}

fn read(file: File, at_most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(at_most).unwrap_or_default());
    file.take(at_most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unknown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "it is empty (0 bytes)".to_owned();
    }
    match signature::describe(bytes) {
        Some(what) => format!("it is {what}, not a picture"),
        None => format!(
            "it begins with {}, which is no picture format that we know",
            signature::quoted(bytes)
        ),
    }
}

/// Facts with nothing but format and dimensions in pixels.
fn sized(format: PictureFormat, width: u32, height: u32) -> ArtworkFacts {
    ArtworkFacts {
        format,
        width,
        height,
        ..ArtworkFacts::default()
    }
}

/// Adds what only the decoded picture shows.
fn looked_at(facts: &mut ArtworkFacts, canvas: &Canvas) {
    facts.looks = Some(looks::of(canvas));
    facts.codes = codes::of(canvas);
    facts.likeness = likeness::of(canvas);
    facts.thumbnail = thumbnail::of(canvas);
}

/// Why a picture of that size is not decoded, at so many bytes a pixel; `None` when it may be.
fn too_large(facts: &ArtworkFacts, limits: &Limits, bytes_per_pixel: u64) -> Option<String> {
    let pixels = u64::from(facts.width) * u64::from(facts.height);
    let affordable = facts.width.max(facts.height) <= limits.artwork_pixels
        && pixels <= MOST_PIXELS
        && pixels.saturating_mul(bytes_per_pixel) <= MOST_DECODED_BYTES;
    (!affordable).then(|| {
        format!(
            "its {} × {} pixels are too many to be opened here",
            facts.width, facts.height
        )
    })
}
