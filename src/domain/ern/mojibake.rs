//! Text that was decoded once too often: `BeyoncÃ©` for `Beyoncé`.
//!
//! The test is exact, not a list: characters that, written as Windows-1252, are valid UTF-8 for
//! fewer characters were UTF-8 read as Windows-1252. Real words do not pass it. A replacement
//! character, a C1 control character and a byte order mark inside text are told as well.

use encoding_rs::WINDOWS_1252;

/// What looks garbled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Garbled {
    /// Read in the wrong encoding; the second is what was meant.
    Twice(String, String),
    /// U+FFFD: the character is lost.
    Replaced(String),
    /// A control character U+0080–U+009F.
    Control(String, char),
    /// U+FEFF inside the text.
    Mark(String),
}

/// Looks at one text.
pub(super) fn look(text: &str) -> Option<Garbled> {
    if text.is_ascii() {
        return None;
    }
    if let Some(meant) = meant(text) {
        return Some(Garbled::Twice(text.to_owned(), meant));
    }
    for c in text.chars() {
        match c {
            '\u{FFFD}' => return Some(Garbled::Replaced(text.to_owned())),
            '\u{80}'..='\u{9F}' => return Some(Garbled::Control(text.to_owned(), c)),
            '\u{FEFF}' => return Some(Garbled::Mark(text.to_owned())),
            _ => {}
        }
    }
    None
}

/// The text with every run of doubly encoded characters put right; `None` when there is none.
fn meant(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let (ascii, tail) = rest.split_at(plain);
        out.push_str(ascii);
        let length = tail.find(|c: char| c.is_ascii()).unwrap_or(tail.len());
        let (run, beyond) = tail.split_at(length);
        match decode_again(run) {
            Some(right) => {
                changed = true;
                out.push_str(&right);
            }
            None => out.push_str(run),
        }
        rest = beyond;
    }
    changed.then_some(out)
}

fn decode_again(run: &str) -> Option<String> {
    run.chars().nth(1)?;
    let (bytes, _, has_unmappable) = WINDOWS_1252.encode(run);
    if has_unmappable {
        return None;
    }
    let right = std::str::from_utf8(&bytes).ok()?;
    let is_text = right.chars().all(|c| !c.is_control() && c != '\u{FFFD}');
    is_text.then(|| right.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Garbled, look};

    #[test]
    fn doubly_encoded_text_is_put_right() {
        for (seen, meant) in [
            ("BeyoncÃ©", "Beyoncé"),
            ("Donâ€™t", "Don’t"),
            ("BjÃ¶rk & SigurrÃ³s", "Björk & Sigurrós"),
            ("Ã‰tÃ©", "Été"),
        ] {
            let expected = Garbled::Twice(seen.to_owned(), meant.to_owned());
            assert_eq!(look(seen), Some(expected));
        }
    }

    #[test]
    fn real_words_pass() {
        for text in [
            "Beyoncé",
            "Sigur Rós",
            "Ñandú",
            "Çà et là",
            "Đặng Thái Sơn",
            "椎名林檎",
            "Мумий Тролль",
            "℗ 2026 Müller & Söhne",
            "Ääniä",
            "Âme",
            "½ ° §",
        ] {
            assert_eq!(look(text), None, "{text}");
        }
    }
}
