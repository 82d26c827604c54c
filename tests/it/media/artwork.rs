//! Pictures: format, size, colour model and wholeness.

use dropzone::cli::demo::material::cover::{Colours, Cover, Format};
use dropzone::domain::facts::{ArtworkFacts, ColourModel, PictureFormat};
use dropzone::domain::limits::Limits;
use dropzone::inspect::artwork::measure;
use std::fs;
use std::process::Command;

pub(super) fn look(bytes: &[u8]) -> ArtworkFacts {
    look_within(bytes, &Limits::default())
}

fn look_within(bytes: &[u8], limits: &Limits) -> ArtworkFacts {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("artwork");
    fs::write(&path, bytes).unwrap();
    measure(&path, limits)
}

fn cover(format: Format, colours: Colours) -> Vec<u8> {
    let cover = Cover {
        width: 640,
        height: 480,
        format,
        colours,
        seed: 3,
    };
    cover.encode().unwrap()
}

#[test]
fn colour_models_are_those_of_the_file() {
    for (format, colours, wanted) in [
        (Format::Jpeg, Colours::Rgb, ColourModel::Rgb),
        (Format::Jpeg, Colours::Grey, ColourModel::Grey),
        (Format::Jpeg, Colours::Cmyk, ColourModel::Cmyk),
        (Format::Jpeg, Colours::Ycck, ColourModel::Ycck),
        (Format::Png, Colours::Rgb, ColourModel::Rgb),
        (Format::Png, Colours::Rgba, ColourModel::Rgba),
        (Format::Png, Colours::Grey, ColourModel::Grey),
        (Format::Png, Colours::GreyAlpha, ColourModel::GreyAlpha),
    ] {
        let mut facts = look(&cover(format, colours));
        assert!(facts.thumbnail.take().is_some(), "{format:?} {colours:?}");
        assert!(facts.likeness.take().is_some(), "{format:?} {colours:?}");
        assert!(facts.looks.take().is_some(), "{format:?} {colours:?}");
        let embedded = facts.colour_profile.take();
        let is_srgb = embedded.is_some_and(|profile| profile.is_srgb);
        assert_eq!(is_srgb, matches!(colours, Colours::Rgb | Colours::Rgba));
        let wanted = ArtworkFacts {
            format: match format {
                Format::Jpeg => PictureFormat::Jpeg,
                Format::Png => PictureFormat::Png,
            },
            width: 640,
            height: 480,
            colour: wanted,
            bits: 8,
            decoded: true,
            damage: None,
            ..ArtworkFacts::default()
        };
        assert_eq!(facts, wanted, "{format:?} {colours:?}");
    }
}

#[test]
fn a_full_size_cover_is_whole() {
    let facts = look(&Cover::default().encode().unwrap());
    assert!(facts.decoded, "{facts:?}");
    assert_eq!((facts.width, facts.height), (3_000, 3_000));
}

#[test]
fn pictures_that_break_off_are_damaged() {
    let jpeg = cover(Format::Jpeg, Colours::Rgb);
    let png = cover(Format::Png, Colours::Rgb);
    let whole = jpeg.len();
    let with_end = |length: usize| [&jpeg[..length], &[0xff, 0xd9]].concat();
    let cases: [(&str, Vec<u8>); 9] = [
        ("a stump", jpeg[..700].to_vec()),
        ("60 per cent", jpeg[..whole * 6 / 10].to_vec()),
        ("no end marker", jpeg[..whole - 2].to_vec()),
        ("60 per cent with an end marker", with_end(whole * 6 / 10)),
        ("a JPEG of three bytes", jpeg[..3].to_vec()),
        ("half a PNG", png[..png.len() / 2].to_vec()),
        ("a PNG without IEND", png[..png.len() - 12].to_vec()),
        ("a PNG of its signature", png[..8].to_vec()),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in cases {
        let facts = look(&bytes);
        assert!(facts.damage.is_some(), "{name}: {facts:?}");
        assert!(!facts.decoded, "{name}");
    }
}

#[test]
fn a_png_with_a_wrong_checksum_is_damaged() {
    let mut png = cover(Format::Png, Colours::Rgb);
    let middle = png.len() / 2;
    png[middle] ^= 1;
    assert!(look(&png).damage.is_some());
}

#[test]
fn size_bombs_are_looked_at_and_not_decoded() {
    let mut jpeg = cover(Format::Jpeg, Colours::Rgb);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let facts = look(&jpeg);
    assert_eq!((facts.width, facts.height), (65_500, 65_500));
    assert!(facts.damage.unwrap().contains("too many to be opened"));
    let mut png = cover(Format::Png, Colours::Rgb);
    png[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let facts = look(&png);
    assert_eq!(facts.width, 0x7fff_ffff);
    assert!(facts.damage.unwrap().contains("too many to be opened"));
}

#[test]
fn other_formats_are_named() {
    let cases: [(&[u8], PictureFormat); 6] = [
        (b"GIF89a\x01\x00\x01\x00", PictureFormat::Gif),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", PictureFormat::Webp),
        (b"II*\x00\x08\x00\x00\x00", PictureFormat::Tiff),
        (
            b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00",
            PictureFormat::Bmp,
        ),
        (
            b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
            PictureFormat::Heif,
        ),
        (b"%PDF-1.7\n", PictureFormat::Pdf),
    ];
    for (bytes, wanted) in cases {
        let facts = look(bytes);
        assert_eq!(facts.format, wanted);
        assert_eq!(facts.damage, None, "{wanted:?}: the format says enough");
    }
    let text = look(b"this is no picture");
    assert_eq!(text.format, PictureFormat::Unknown);
    assert!(text.damage.unwrap().contains("`this is "));
}

#[test]
fn a_picture_far_beyond_the_limit_is_only_looked_at() {
    let limits = Limits {
        artwork_bytes: 10_000,
        ..Limits::default()
    };
    let facts = look_within(&cover(Format::Jpeg, Colours::Rgb), &limits);
    assert_eq!((facts.width, facts.height), (640, 480));
    assert!(facts.damage.unwrap().contains("bytes are too many"));
}

#[test]
fn what_cannot_be_read_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let facts = measure(&dir.path().join("missing.jpg"), &Limits::default());
    assert!(facts.damage.unwrap().contains("could not be read"));
}

#[test]
fn what_other_encoders_write_is_whole_and_half_of_it_is_not() {
    if !super::installed("ffmpeg") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source.png");
    fs::write(&source, cover(Format::Png, Colours::Rgb)).unwrap();
    // Sub-sampled chroma, sizes that are no multiple of a block, restart markers.
    for (case, arguments) in [
        "-pix_fmt yuvj420p",
        "-pix_fmt yuvj422p -vf scale=641:479",
        "-pix_fmt yuvj444p -vf scale=333:17",
        "-pix_fmt gray -vf scale=127:129",
        "-pix_fmt yuvj420p -slices 4 -vf scale=649:481",
        "-pix_fmt yuvj420p -huffman optimal",
    ]
    .iter()
    .enumerate()
    {
        let target = dir.path().join(format!("{case}.jpg"));
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-i"])
            .arg(&source)
            .args(arguments.split(' '))
            .arg(&target)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {errors}");
        let bytes = fs::read(&target).unwrap();
        let whole = look(&bytes);
        assert!(whole.decoded, "{arguments}: {whole:?}");
        let half = [&bytes[..bytes.len() * 6 / 10], &[0xff, 0xd9]].concat();
        let damage = look(&half).damage.unwrap_or_default();
        assert!(damage.contains("is missing"), "{arguments}: {damage}");
    }
}
