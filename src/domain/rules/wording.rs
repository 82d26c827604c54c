//! How findings name things: quotations, times, sizes, lists. Everything that a label sent passes
//! through [`shown`] before it is quoted.

use super::super::markup::is_unseen;
use std::fmt::Write as _;

/// Characters of a quotation before it is cut off.
const LONGEST_QUOTATION: usize = 80;

/// A text of the label, fit to be quoted: control characters, direction marks and invisible
/// characters are spelt out, so that no name can reorder or break a line, and it is cut at 80
/// characters.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST_QUOTATION {
            out.push('…');
            break;
        }
        if is_unseen(c) {
            // Writing into a text cannot fail.
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The same in quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("“{}”", shown(text))
}

/// A release's title in quotation marks; of a release without one, that it has none.
pub(super) fn titled(title: &str) -> String {
    if title.is_empty() {
        "(untitled)".to_owned()
    } else {
        quoted(title)
    }
}

/// A duration or a moment in a track: `3:42`, `1:02:03`; with tenths when they are asked for.
pub(super) fn clock(milliseconds: u64, tenths: bool) -> String {
    let step = if tenths { 100 } else { 1000 };
    let rounded = milliseconds.saturating_add(step / 2) / step * step;
    let (seconds, rest) = (rounded / 1000, rounded % 1000 / 100);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let head = if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    };
    if tenths {
        format!("{head}.{rest}")
    } else {
        head
    }
}

/// Seconds with one digit: `2.4 s`.
pub(super) fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A size as people read it: `23.0 GiB`, `512 bytes`.
pub(super) fn size(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, factor) in units {
        if bytes >= factor {
            let tenths = u128::from(bytes) * 10 / u128::from(factor);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

/// Decibels with a real minus sign and one digit.
pub(super) fn decibels(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    let sign = if rounded < 0.0 { "−" } else { "+" };
    format!("{sign}{:.1}", rounded.abs())
}

/// A sampling rate: `44.1 kHz`.
pub(super) fn rate(hertz: u32) -> String {
    let (whole, rest) = (hertz / 1000, hertz % 1000);
    if rest == 0 {
        format!("{whole} kHz")
    } else {
        let digits = format!("{rest:03}");
        format!("{whole}.{} kHz", digits.trim_end_matches('0'))
    }
}

/// `a`, `a and b`, `a, b and c`; after eight, `and 12 more`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    const MOST: usize = 8;
    let mut names: Vec<String> = items
        .iter()
        .take(MOST)
        .map(|item| item.as_ref().to_owned())
        .collect();
    if items.len() > MOST {
        names.push(format!("{} more", items.len() - MOST));
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 track`, `2 tracks`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unseen_gets_into_a_quotation() {
        assert_eq!(shown("a\u{202e}b\r\n"), "a<U+202E>b<U+000D><U+000A>");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 81);
    }

    #[test]
    fn times_and_sizes_read_like_people_write_them() {
        assert_eq!(clock(222_000, false), "3:42");
        assert_eq!(clock(3_723_456, true), "1:02:03.5");
        assert_eq!(clock(999, false), "0:01");
        assert_eq!(seconds(2_440), "2.4 s");
        assert_eq!(size(23 << 30), "23.0 GiB");
        assert_eq!(rate(44_100), "44.1 kHz");
        assert_eq!(rate(48_000), "48 kHz");
        assert_eq!(decibels(-0.04), "+0.0");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
