//! What an embedded colour profile is. Source: ICC.1:2022 (profile version 4.4) and ICC.1:2001-04.

use crate::domain::facts::ColourProfile;
use crate::inspect::bytes::{Order, array};

/// Bytes of a profile that are looked at; the largest in the field are those of presses.
pub(super) const MOST_BYTES: usize = 4 << 20;
/// Tags of a profile; the richest have some thirty.
const MOST_TAGS: usize = 100;
/// Letters of a description that are kept.
const MOST_LETTERS: usize = 80;
/// sRGB's red, green and blue as the profile connection space has them (D50): X, Y, Z.
const SRGB: [([u8; 4], [f64; 3]); 3] = [
    (*b"rXYZ", [0.4361, 0.2225, 0.0139]),
    (*b"gXYZ", [0.3851, 0.7169, 0.0971]),
    (*b"bXYZ", [0.1431, 0.0606, 0.7141]),
];
/// What profiles for sRGB differ by in their primaries; Display P3 and Adobe RGB are ten times off.
const PRIMARY_TOLERANCE: f64 = 0.006;
/// Light at half the signal: 0.214 for sRGB's curve, 0.218 for a gamma of 2.2, 0.287 for 1.8.
const HALFWAY: std::ops::RangeInclusive<f64> = 0.19..=0.24;

/// Reads a profile; `None` when it is none.
pub(super) fn read(bytes: &[u8]) -> Option<ColourProfile> {
    if bytes.get(36..40)? != b"acsp" {
        return None;
    }
    let described = description(bytes).filter(|text| !text.is_empty());
    let space = String::from_utf8_lossy(bytes.get(16..20)?);
    let description = described.unwrap_or_else(|| format!("{} without a name", space.trim()));
    let is_srgb = match bytes.get(16..20)? {
        b"RGB " => match by_content(bytes) {
            Some(is_srgb) => is_srgb,
            // Built of tables; what it is called has to do.
            None => description.to_ascii_lowercase().starts_with("srgb"),
        },
        _ => false,
    };
    Some(ColourProfile {
        description,
        is_srgb,
    })
}

/// Whether primaries and curve are sRGB's; `None` for a profile that has none.
fn by_content(bytes: &[u8]) -> Option<bool> {
    let mut is_srgb = halfway(tag(bytes, *b"rTRC")?).is_some_and(|light| HALFWAY.contains(&light));
    for (name, wanted) in SRGB {
        let content = tag(bytes, name)?;
        for (place, wanted) in wanted.into_iter().enumerate() {
            let found = fixed(content, 8 + 4 * place)?;
            is_srgb &= (found - wanted).abs() <= PRIMARY_TOLERANCE;
        }
    }
    Some(is_srgb)
}

/// A number in s15Fixed16.
fn fixed(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from(i32::from_be_bytes(array(bytes, at)?)) / 65_536.0)
}

/// What a curve makes of half the signal.
fn halfway(curve: &[u8]) -> Option<f64> {
    match curve.get(..4)? {
        b"curv" => {
            let count = Order::Big.u32(curve, 8)? as usize;
            let entry = |place: usize| Order::Big.u16(curve, 12 + 2 * place).map(f64::from);
            match count {
                0 => Some(0.5),
                1 => Some(0.5_f64.powf(entry(0)? / 256.0)),
                _ => {
                    let (low, high) = (entry((count - 1) / 2)?, entry(count / 2)?);
                    Some(f64::midpoint(low, high) / 65_535.0)
                }
            }
        }
        b"para" => {
            let gamma = fixed(curve, 12)?;
            let (a, b) = match Order::Big.u16(curve, 8)? {
                0 => (1.0, 0.0),
                _ => (fixed(curve, 16)?, fixed(curve, 20)?),
            };
            Some((a * 0.5 + b).max(0.0).powf(gamma))
        }
        _ => None,
    }
}

fn tag(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let count = Order::Big.u32(bytes, 128)? as usize;
    let at = (0..count.min(MOST_TAGS))
        .map(|entry| 132 + 12 * entry)
        .find(|at| bytes.get(*at..*at + 4) == Some(&name))?;
    let start = Order::Big.u32(bytes, at + 4)? as usize;
    let length = Order::Big.u32(bytes, at + 8)? as usize;
    bytes.get(start..start.checked_add(length)?)
}

fn description(bytes: &[u8]) -> Option<String> {
    let content = tag(bytes, *b"desc")?;
    let text = match content.get(..4)? {
        b"desc" => {
            let length = Order::Big.u32(content, 8)? as usize;
            let letters = content.get(12..12_usize.checked_add(length)?)?;
            String::from_utf8_lossy(letters).into_owned()
        }
        // The first of several languages.
        b"mluc" => {
            let length = Order::Big.u32(content, 20)? as usize;
            let start = Order::Big.u32(content, 24)? as usize;
            let units = content.get(start..start.checked_add(length)?)?;
            let units = units
                .as_chunks::<2>()
                .0
                .iter()
                .map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => return None,
    };
    let seen = text.split('\0').next().unwrap_or_default();
    let plain = seen.chars().filter(|letter| !letter.is_control());
    Some(
        plain
            .take(MOST_LETTERS)
            .collect::<String>()
            .trim()
            .to_owned(),
    )
}
