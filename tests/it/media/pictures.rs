//! Pictures: what they look like, and what they say of themselves.

use super::artwork::look;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dropzone::cli::demo::material::profile::{SRGB, display};
use dropzone::domain::facts::{ArtworkFacts, ColourProfile};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _};
use miniz_oxide::deflate::compress_to_vec_zlib;

/// Red, green and blue, row by row.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Picture {
    pub(super) fn new(
        width: usize,
        height: usize,
        colour: impl Fn(usize, usize) -> [u8; 3],
    ) -> Self {
        let places = (0..width * height).map(|place| (place % width, place / width));
        Self {
            width,
            height,
            pixels: places.flat_map(|(x, y)| colour(x, y)).collect(),
        }
    }

    fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    pub(super) fn jpeg(&self, quality: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let (width, height) = self.size();
        JpegEncoder::new_with_quality(&mut out, quality)
            .write_image(&self.pixels, width, height, ExtendedColorType::Rgb8)
            .unwrap();
        out
    }

    pub(super) fn png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (width, height) = self.size();
        PngEncoder::new(&mut out)
            .write_image(&self.pixels, width, height, ExtendedColorType::Rgb8)
            .unwrap();
        out
    }

    /// Interlaced, by hand: the encoders at hand do not.
    fn interlaced(&self) -> Vec<u8> {
        const PASSES: [[usize; 4]; 7] = [
            [0, 8, 0, 8],
            [4, 8, 0, 8],
            [0, 4, 4, 8],
            [2, 4, 0, 4],
            [0, 2, 2, 4],
            [1, 2, 0, 2],
            [0, 1, 1, 2],
        ];
        let mut raw = Vec::new();
        for [left, across, top, down] in PASSES {
            for y in (top..self.height).step_by(down) {
                raw.push(0);
                for x in (left..self.width).step_by(across) {
                    raw.extend(&self.pixels[(y * self.width + x) * 3..][..3]);
                }
            }
        }
        let mut header = [self.size().0.to_be_bytes(), self.size().1.to_be_bytes()].concat();
        header.extend([8, 2, 0, 0, 1]);
        let data = compress_to_vec_zlib(&raw, 6);
        let chunks = [
            chunk(b"IHDR", &header),
            chunk(b"IDAT", &data),
            chunk(b"IEND", b""),
        ];
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
    }
}

/// Four fields of colour.
fn fields(side: usize) -> Picture {
    Picture::new(side, side, |x, y| match (x < side / 2, y < side / 2) {
        (true, true) => [200, 30, 40],
        (false, true) => [40, 180, 60],
        (true, false) => [30, 60, 200],
        (false, false) => [128, 128, 128],
    })
}

pub(super) fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [name, content].concat();
    let crc = !body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 }
        })
    });
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length, body.as_slice(), &crc.to_be_bytes()].concat()
}

/// A JPEG with another segment at its beginning.
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

/// A PNG with another chunk behind its header.
fn with_chunk(png: &[u8], name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&png[..33], &chunk(name, content), &png[33..]].concat()
}

fn thumbnail(facts: &ArtworkFacts) -> image::RgbImage {
    let bytes = STANDARD.decode(facts.thumbnail.as_ref().unwrap()).unwrap();
    assert!(bytes.len() <= 12_000, "{} bytes", bytes.len());
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}

#[test]
fn a_thumbnail_has_the_pictures_colours() {
    let picture = fields(800);
    for (name, bytes) in [
        ("JPEG", picture.jpeg(90)),
        ("PNG", picture.png()),
        ("interlaced PNG", picture.interlaced()),
    ] {
        let facts = look(&bytes);
        assert_eq!(facts.interlaced, name == "interlaced PNG");
        let small = thumbnail(&facts);
        assert_eq!(small.dimensions(), (256, 256));
        for (x, y) in [(60, 60), (200, 60), (60, 200), (200, 200)] {
            let wanted = &picture.pixels[(y * 800 / 256 * 800 + x * 800 / 256) * 3..][..3];
            let found = small.get_pixel(x as u32, y as u32).0;
            let off = wanted.iter().zip(found).map(|(a, b)| a.abs_diff(b)).max();
            assert!(
                off < Some(14),
                "{name} at {x}, {y}: {found:?}, not {wanted:?}"
            );
        }
    }
}

#[test]
fn a_thumbnail_is_small_whatever_the_picture_is() {
    let noise = |x: usize, y: usize| {
        let mixed = (x * 0x9e37_79b1 + y * 0x85eb_ca77 + x * y) as u32;
        (mixed ^ (mixed >> 13))
            .wrapping_mul(0x2c1b_3c6d)
            .to_be_bytes()
    };
    let noisy = Picture::new(700, 700, |x, y| {
        let [a, b, c, _] = noise(x, y);
        [a, b, c]
    });
    assert!(thumbnail(&look(&noisy.png())).width() <= 256);
    let strip = Picture::new(4_000, 3, |x, _| [x as u8; 3]);
    assert_eq!(thumbnail(&look(&strip.png())).dimensions(), (256, 1));
    let dot = Picture::new(1, 1, |_, _| [9, 9, 9]);
    assert_eq!(thumbnail(&look(&dot.png())).dimensions(), (1, 1));
}

fn bits_that_differ(a: &str, b: &str) -> u32 {
    let bits = |text| u128::from_str_radix(text, 16).unwrap();
    (bits(a) ^ bits(b)).count_ones()
}

#[test]
fn a_copy_looks_alike_and_another_picture_does_not() {
    let drawing = |width: usize, seed: usize| {
        Picture::new(width, width, move |x, y| {
            let (across, down) = (x * 900 / width, y * 900 / width);
            let disc = across.abs_diff(300 + seed * 90).pow(2) + down.abs_diff(400).pow(2);
            if disc < 200 * 200 {
                [220, 200 - seed as u8 * 60, 40]
            } else {
                [(across / 5) as u8, (down / 5) as u8, 90 + seed as u8 * 40]
            }
        })
    };
    let likeness = |bytes: &[u8]| look(bytes).likeness.unwrap();
    let first = likeness(&drawing(900, 0).png());
    assert_eq!(first.len(), 32);
    for copy in [drawing(900, 0).jpeg(40), drawing(420, 0).jpeg(80)] {
        assert!(bits_that_differ(&first, &likeness(&copy)) <= 4);
    }
    let other = likeness(&drawing(900, 2).png());
    assert!(bits_that_differ(&first, &other) > 16);
    let plain = Picture::new(600, 600, |_, _| [250, 250, 250]);
    assert_eq!(look(&plain.png()).likeness, None, "nothing to be known by");
}

#[test]
fn orientation_is_read_from_both_formats() {
    let tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
    let picture = fields(64);
    let exif = [b"Exif\0\0".as_slice(), tiff].concat();
    let jpeg = with_segment(&picture.jpeg(90), 0xe1, &exif);
    assert_eq!(look(&jpeg).orientation, Some(6));
    assert_eq!(
        look(&with_chunk(&picture.png(), b"eXIf", tiff)).orientation,
        Some(6)
    );
    assert_eq!(look(&picture.jpeg(90)).orientation, None);
}

const ADOBE: [[f64; 3]; 3] = [
    [0.6097, 0.3111, 0.0195],
    [0.2053, 0.6257, 0.0609],
    [0.1492, 0.0632, 0.7446],
];
const P3: [[f64; 3]; 3] = [
    [0.5151, 0.2412, -0.0011],
    [0.2920, 0.6922, 0.0419],
    [0.1571, 0.0666, 0.7841],
];

#[test]
fn colour_profiles_are_told_apart_by_what_they_hold() {
    let cases = [
        ("sRGB IEC61966-2.1", SRGB, 0x233, true),
        ("c2", SRGB, 0x233, true),
        ("sRGB as it calls itself", ADOBE, 0x233, false),
        ("linear", SRGB, 0x100, false),
        ("Display P3", P3, 0x233, false),
        ("Adobe RGB (1998)", ADOBE, 0x233, false),
    ];
    let picture = fields(64);
    for (name, primaries, gamma, is_srgb) in cases {
        let bytes = display(name, primaries, gamma);
        let wanted = Some(ColourProfile {
            description: name.to_owned(),
            is_srgb,
        });
        let middle = bytes.len() / 2;
        // In two pieces, the second of which comes first.
        let piece = |number: u8, part: &[u8]| [b"ICC_PROFILE\0", &[number, 2][..], part].concat();
        let jpeg = with_segment(&picture.jpeg(90), 0xe2, &piece(1, &bytes[..middle]));
        let jpeg = with_segment(&jpeg, 0xe2, &piece(2, &bytes[middle..]));
        assert_eq!(look(&jpeg).colour_profile, wanted, "{name}");
        let deflated = [b"name\0\0".to_vec(), compress_to_vec_zlib(&bytes, 6)].concat();
        let png = with_chunk(&picture.png(), b"iCCP", &deflated);
        assert_eq!(look(&png).colour_profile, wanted, "{name}");
    }
    let stated = look(&with_chunk(&picture.png(), b"sRGB", &[0]));
    assert!(stated.colour_profile.unwrap().is_srgb);
    assert_eq!(look(&picture.png()).colour_profile, None);
    let broken = with_segment(&picture.jpeg(90), 0xe2, b"ICC_PROFILE\0\x01\x01nothing");
    let facts = look(&broken);
    assert_eq!((facts.colour_profile, facts.decoded), (None, true));
}
