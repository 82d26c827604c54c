//! Pictures as a DSP wants them: JPEG, and not larger than it takes. Nothing is done unless the
//! profile asks, and what fits already is sent as it is.

use super::generate::{Changed, Hashed};
use super::preview::Foretold;
use super::source::Source;
use crate::domain::dsp::ArtworkOptions;
use crate::domain::ern::write::OutContent;
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
use std::path::Path;

/// Quality of a JPEG that we make: differences are not to be seen, and the file stays below 20 MB at
/// 3000 × 3000.
const JPEG_QUALITY: u8 = 95;

/// A picture in memory is never larger, in bytes: 6000 × 6000 in four channels of 16 bits, and some.
const MEMORY_BYTES: u64 = 512 << 20;

/// Makes the wanted form of `from` at `to`; `None` when the file has it already.
pub(super) fn changed(
    options: ArtworkOptions,
    from: &Cargo,
    to: &Path,
) -> Result<Option<Changed>, Fault> {
    if options == ArtworkOptions::default() {
        return Ok(None);
    }
    let bytes = content_of(from)?;
    let broken = |error: image::ImageError| {
        Fault::permanent(
            "not_convertible",
            format!(
                "{:?} cannot be brought into the form that the DSP's profile asks for: {error}.",
                from.name
            ),
        )
    };
    let mut reader = ImageReader::new(Cursor::new(&bytes))
        .with_guessed_format()
        .map_err(|error| broken(image::ImageError::IoError(error)))?;
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES);
    reader.limits(limits);
    let picture = reader.decode().map_err(broken)?;
    let longest = picture.width().max(picture.height());
    let most = options.most_pixels;
    let is_large = most > 0 && longest > most;
    if !is_large && (is_jpeg || !options.jpeg) {
        return Ok(None);
    }
    let picture = if is_large {
        picture.resize(most, most, FilterType::Lanczos3)
    } else {
        picture
    };
    let as_jpeg = is_jpeg || options.jpeg;
    let encoded = encode(&picture, as_jpeg).map_err(broken)?;
    let mut file = Hashed::create(to)?;
    file.write(&encoded)?;
    let content = OutContent::Picture {
        is_png: !as_jpeg,
        width: picture.width(),
        height: picture.height(),
    };
    file.finish(if as_jpeg { "jpg" } else { "png" }, content)
        .map(Some)
}

/// What `changed` would do, by what was measured of the picture: nothing is made or read.
pub(super) fn foreseen(options: ArtworkOptions, content: OutContent) -> Option<Foretold> {
    let OutContent::Picture {
        is_png,
        width,
        height,
    } = content
    else {
        return None;
    };
    let (longest, most) = (width.max(height), options.most_pixels);
    let is_large = most > 0 && longest > most;
    let as_jpeg = !is_png || options.jpeg;
    let scaled = |side: u32| {
        let exact = (u64::from(side) * u64::from(most)).checked_div(u64::from(longest));
        u32::try_from(exact.unwrap_or_default()).map_or(1, |side| side.max(1))
    };
    let (width, height) = if is_large {
        (scaled(width), scaled(height))
    } else {
        (width, height)
    };
    let form = (is_png && as_jpeg).then(|| "PNG → JPEG".to_owned());
    let scale = is_large.then(|| format!("made smaller, {width} × {height}"));
    let what: Vec<String> = form.into_iter().chain(scale).collect();
    (!what.is_empty()).then(|| Foretold {
        extension: if as_jpeg { "jpg" } else { "png" },
        size: None,
        what: what.join(", "),
        content: OutContent::Picture {
            is_png: !as_jpeg,
            width,
            height,
        },
    })
}

/// The whole file: a cover is at most 20 MiB, and the decoder wants all of it.
fn content_of(from: &Cargo) -> Result<Vec<u8>, Fault> {
    let mut source = Source::open(from)?;
    let mut bytes = vec![0; usize::try_from(from.size).unwrap_or(usize::MAX)];
    let count = source.fill(from, &mut bytes)?;
    bytes.truncate(count);
    source.vouch(from)?;
    Ok(bytes)
}

fn encode(picture: &DynamicImage, as_jpeg: bool) -> Result<Vec<u8>, image::ImageError> {
    let mut encoded = Vec::new();
    if as_jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut encoded, JPEG_QUALITY);
        DynamicImage::ImageRgb8(picture.to_rgb8()).write_with_encoder(encoder)?;
    } else {
        picture.write_with_encoder(PngEncoder::new(&mut encoded))?;
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};
    use sha2::{Digest as _, Sha256};
    use std::fs;

    fn png(dir: &Path, side: u32) -> Cargo {
        let source = dir.join("cover.png");
        RgbaImage::from_fn(side, side, |x, y| {
            Rgba([x.to_le_bytes()[0], y.to_le_bytes()[0], 128, 255])
        })
        .save(&source)
        .unwrap();
        let bytes = fs::read(&source).unwrap();
        Cargo {
            source,
            name: "cover.png".to_owned(),
            size: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
        }
    }

    #[test]
    fn a_picture_is_changed_only_as_far_as_asked() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (png(dir.path(), 300), dir.path().join("out"));
        let ask = |jpeg, most_pixels| {
            let options = ArtworkOptions { jpeg, most_pixels };
            let changed = changed(options, &from, &to).unwrap();
            changed.map(|changed| {
                let bytes = fs::read(&to).unwrap();
                assert_eq!(hex::encode(Sha256::digest(&bytes)), changed.sha256);
                let read = image::load_from_memory(&bytes).unwrap();
                let OutContent::Picture {
                    is_png,
                    width,
                    height,
                } = changed.content
                else {
                    panic!("a picture stays one");
                };
                assert_eq!((read.width(), read.height()), (width, height));
                (changed.extension, is_png, width)
            })
        };
        assert_eq!(ask(false, 0), None);
        assert_eq!(ask(false, 300), None, "it fits");
        assert_eq!(ask(true, 0), Some(("jpg", false, 300)));
        assert_eq!(ask(false, 100), Some(("png", true, 100)));
        assert_eq!(ask(true, 100), Some(("jpg", false, 100)));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut from = png(dir.path(), 10);
        fs::write(&from.source, b"no picture").unwrap();
        from.size = 10;
        from.sha256 = hex::encode(Sha256::digest(b"no picture"));
        let options = ArtworkOptions {
            jpeg: true,
            most_pixels: 0,
        };
        let fault = changed(options, &from, &dir.path().join("out")).unwrap_err();
        assert_eq!(fault.code, "not_convertible", "{fault}");
    }
}
