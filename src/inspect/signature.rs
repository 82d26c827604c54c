//! Names for what a file begins with, so that a finding can say what it is instead of what it is
//! not.

use crate::domain::facts::PictureFormat;

/// The picture format that the first bytes tell.
pub(super) fn picture(head: &[u8]) -> PictureFormat {
    let brand = head.get(8..12).unwrap_or_default();
    if head.starts_with(&[0xff, 0xd8, 0xff]) {
        PictureFormat::Jpeg
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        PictureFormat::Png
    } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        PictureFormat::Gif
    } else if head.starts_with(b"RIFF") && brand == b"WEBP" {
        PictureFormat::Webp
    } else if head.starts_with(b"II*\0") || head.starts_with(b"MM\0*") {
        PictureFormat::Tiff
    } else if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) {
        PictureFormat::Bmp
    } else if head.get(4..8) == Some(b"ftyp")
        && matches!(
            brand,
            b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis"
        )
    {
        PictureFormat::Heif
    } else if head.starts_with(b"%PDF-") {
        PictureFormat::Pdf
    } else {
        PictureFormat::Unknown
    }
}

/// A few words for what is recognised by its first bytes and is no audio.
pub(super) fn describe(head: &[u8]) -> Option<String> {
    let format = picture(head);
    if format != PictureFormat::Unknown {
        return Some(format!("a {} file", format.label()));
    }
    let named: [(&[u8], &str); 9] = [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"<?xml", "an XML file"),
        (b"\xef\xbb\xbf<?xml", "an XML file"),
        (b"<!DOCTYPE", "a web page (HTML)"),
        (b"<html", "a web page (HTML)"),
        (b"8BPS", "a Photoshop file"),
    ];
    named
        .iter()
        .find(|(start, _)| head.starts_with(start))
        .map(|(_, name)| (*name).to_owned())
}

/// The first bytes for people: as text when they are text, else in hex.
pub(super) fn quoted(head: &[u8]) -> String {
    let shown = head.get(..head.len().min(8)).unwrap_or_default();
    if !shown.is_empty() && shown.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        let text: String = shown.iter().map(|byte| char::from(*byte)).collect();
        format!("`{text}`")
    } else if shown.iter().all(|byte| *byte == 0) {
        "zeros".to_owned()
    } else {
        let hex: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("the bytes {}", hex.join(" "))
    }
}
