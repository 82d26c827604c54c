//! Text from outside, made safe to show: on a terminal, in a page, in a mail.
//!
//! A name that a label sends may hold escape sequences (which act on a terminal), line breaks (which
//! end a mail header) or characters that turn the direction of reading (which make `exe.wav` look
//! like something else). Here they are made visible or taken out. HTML escaping is not done here;
//! the template engine does it.

use unicode_normalization::UnicodeNormalization;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters that act instead of being seen: C0, DEL, C1, line and paragraph separators,
/// directional embeddings, overrides and isolates, byte order mark, interlinear annotation.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
                | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        )
}

/// Whether a character acts on what shows it, or on the text around it, without being seen.
pub fn acts_unseen(c: char) -> bool {
    acts(c) || steers(c) || hides(c)
}

/// Characters that take no room and say nothing: two names that differ in them look the same. Not
/// the joiners, which words of many languages need.
fn hides(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{E0000}'..='\u{E007F}')
}

/// Marks that only steer the direction of neighbouring text. Titles in Hebrew or Arabic have them
/// rightly, so they stay in running text and go only where a single line is all there is.
fn steers(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// Running text: line breaks stay, tabs become spaces, everything else that acts is written out
/// as `\u{1b}`.
pub fn escaped(text: &str) -> String {
    write_out(text, true)
}

/// The same for one line: line breaks are written out too.
pub fn escaped_line(text: &str) -> String {
    write_out(text, false)
}

fn write_out(text: &str, breaks_stay: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' if breaks_stay => out.push('\n'),
            '\r' if breaks_stay && characters.peek() == Some(&'\n') => {}
            '\t' => out.push_str("    "),
            c if acts(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// One line of at most `longest` characters, NFC: what acts or steers is taken out, white space is
/// folded, and what is too long ends in `…`. For headers and headings.
pub fn one_line(text: &str, longest: usize) -> String {
    let composed: String = text
        .chars()
        .map(|c| match c {
            '\u{2028}' | '\u{2029}' | '\u{85}' => ' ',
            c => c,
        })
        .filter(|c| c.is_whitespace() || !acts_unseen(*c))
        .nfc()
        .collect();
    let folded = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&folded, longest)
}

/// At most `longest` characters; `…` stands for what was cut off.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Columns that the text takes on a terminal; characters of East Asian scripts take two.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The text in exactly `columns` columns: cut with `…`, or filled with spaces.
pub fn fitted(text: &str, columns: usize) -> String {
    let width = text.width();
    if width <= columns {
        return format!("{text}{}", " ".repeat(columns - width));
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let step = c.width().unwrap_or(0);
        if used + step + 1 > columns {
            break;
        }
        out.push(c);
        used += step;
    }
    out.push('…');
    format!("{out}{}", " ".repeat(columns.saturating_sub(used + 1)))
}

/// Breaks text into lines of at most `columns` columns between words. Line breaks of the text stay,
/// leading spaces of a line too, and a word that is too long stays whole, so that paths, addresses
/// and XML can be copied.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for source in text.split('\n') {
        let indent: String = source.chars().take_while(|c| *c == ' ').collect();
        let mut line = indent.clone();
        for word in source.split_whitespace() {
            let empty = line.len() == indent.len();
            if !empty && line.width() + 1 + word.width() > columns {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            } else if !empty {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_written_out_or_gone() {
        assert_eq!(escaped("a\x1b[31m\r\nb"), "a\\u{1b}[31m\nb");
        assert_eq!(escaped_line("a\r\nb\u{202e}c"), "a\\u{d}\\u{a}b\\u{202e}c");
        assert_eq!(
            one_line("  A\r\nBcc: x\0\u{2028}y\u{200f} ", 99),
            "A Bcc: x y"
        );
        assert_eq!(one_line("01\u{200b}\u{2060}.wav\u{e0041}", 99), "01.wav");
        assert!(!acts_unseen('\u{200d}'), "joins letters and emoji");
        assert_eq!(one_line("e\u{301}", 9), "é");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("  aa bb", 5), ["  aa", "  bb"]);
        assert_eq!(
            wrapped("/a/very/long/path x", 5),
            ["/a/very/long/path", "x"]
        );
        assert_eq!(wrapped("a\n\nb", 5), ["a", "", "b"]);
        assert_eq!(
            wrapped("音楽 音楽", 6),
            ["音楽", "音楽"],
            "two columns each"
        );
    }

    #[test]
    fn columns_are_filled_exactly() {
        for text in ["ab", "音楽の音楽", "abcdefgh", ""] {
            assert_eq!(columns(&fitted(text, 6)), 6, "{text}");
        }
    }
}
