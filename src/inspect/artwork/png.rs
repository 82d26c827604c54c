//! PNG: facts from IHDR, then every row decoded with all checksums, one row in memory.

use super::{sized, too_large};
use crate::domain::facts::{ArtworkFacts, ColourModel, PictureFormat};
use crate::domain::limits::Limits;
use crate::inspect::bytes::Order;
use std::io::Cursor;

/// Memory for the decoder itself; a compressed colour profile may not blow up beyond it.
const DECODER_BYTES: usize = 64 << 20;

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
    facts.damage = too_large(&facts, limits, 0).or_else(|| decode(bytes).err());
    facts.decoded = facts.damage.is_none();
    facts
}

fn decode(bytes: &[u8]) -> Result<(), String> {
    let limits = png::Limits {
        bytes: DECODER_BYTES,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    // A profile is not looked at here, and inflating a hostile one costs time.
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
    while reader.next_row().map_err(told)?.is_some() {}
    reader.finish().map_err(told)
}
