//! Text as it may stand in XML: for lines that a label pastes into its message, and for what
//! `dropzone fix` writes into it.
//!
//! Values stay whole: a line to paste that ends in `…` would break the message.

/// Character data: `&`, `<` and `>` written out.
pub fn text(value: &str) -> String {
    escaped(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// The value of an attribute between double quotation marks.
pub fn attribute(value: &str) -> String {
    escaped(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\n' => Some("&#10;"),
        '\t' => Some("&#9;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// `<name>value</name>`.
pub fn element(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", text(value))
}

/// The same as a line for people to paste: without characters that nobody sees, which could make a
/// line look like another, and of a length that a person can have written.
pub fn line(name: &str, value: &str) -> String {
    const LONGEST: usize = 1_000;
    let seen = value.chars().filter(|c| !is_unseen(*c)).take(LONGEST);
    element(name, &seen.collect::<String>())
}

/// Controls, bidirectional marks and characters without width.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x061C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF)
}

/// Characters that XML 1.0 forbids are left out: no writing of them would be read.
fn escaped(value: &str, entity: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match entity(c) {
            Some(entity) => out.push_str(entity),
            None if is_forbidden(c) => {}
            None => out.push(c),
        }
    }
    out
}

fn is_forbidden(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_written_out() {
        assert_eq!(
            element("FullName", "Rock & <Roll>\u{1}"),
            "<FullName>Rock &amp; &lt;Roll&gt;</FullName>"
        );
        assert_eq!(attribute("a\"b\n<&'"), "a&quot;b&#10;&lt;&amp;'");
        let long = "x".repeat(500);
        assert_eq!(text(&long), long, "whole, however long");
        assert_eq!(line("A", "x\u{202e}\ny"), "<A>xy</A>");
    }
}
