//! Bytes of a file → text, decoded once, so that every later step sees the same characters.
//!
//! Order of belief: byte order mark, then the XML declaration, then UTF-8. Where bytes and
//! declaration disagree the text is decoded as what it most likely is and the disagreement is a
//! fault: a label should see all its other faults in the same report. No XML is parsed here beyond
//! the declaration.

use crate::domain::release::{Pos, ReadFault, ReadFaultKind};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::fmt::Write as _;

/// A decoded file.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// What did not agree.
    pub(super) faults: Vec<ReadFault>,
}

const SAVE_AS_UTF8: &str = "Save the file as UTF-8 and begin it with \
     <?xml version=\"1.0\" encoding=\"UTF-8\"?>. In most editors: “Save as”, encoding “UTF-8”.";

/// Decodes a whole file.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    if let Some(decoded) = decode_marked(bytes) {
        return decoded;
    }
    if let Some(decoded) = decode_unmarked_utf16(bytes) {
        return decoded;
    }
    let declared = declared_encoding(bytes);
    match declared.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => {
            decode_utf8(bytes, declared.as_deref())
        }
        Some("iso-8859-1" | "latin1" | "latin-1" | "iso_8859-1" | "windows-1252" | "cp1252") => {
            decode_western(bytes, declared.as_deref().unwrap_or_default())
        }
        Some(name) if name.starts_with("utf-16") || name.starts_with("ucs-2") => {
            let mut decoded = decode_utf8(bytes, None);
            let name = declared.as_deref().unwrap_or_default();
            decoded.faults.insert(0, fault(
                format!("The first line says that the file is {name}, but it is not: its characters are single bytes."),
                "Change the first line to <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
                start(),
            ));
            decoded
        }
        Some(_) => decode_foreign(bytes, declared.as_deref().unwrap_or_default()),
    }
}

/// Decodes the head of a file for a look at its root element; faults do not matter there.
pub(super) fn decode_head(head: &[u8]) -> String {
    decode(head).text
}

fn start() -> Pos {
    Pos {
        line: 1,
        column: 1,
        path: String::new(),
    }
}

fn fault(message: String, fix: &str, at: Pos) -> ReadFault {
    ReadFault {
        kind: ReadFaultKind::Encoding,
        message,
        fix: Some(fix.to_owned()),
        at,
    }
}

/// With a byte order mark, which XML believes above all else.
fn decode_marked(bytes: &[u8]) -> Option<Decoded> {
    if bytes.starts_with(&[0, 0, 0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE, 0, 0]) {
        return Some(Decoded {
            text: String::new(),
            faults: vec![fault(
                "The file is UTF-32, which we do not read.".to_owned(),
                SAVE_AS_UTF8,
                start(),
            )],
        });
    }
    let (encoding, length) = Encoding::for_bom(bytes)?;
    let rest = bytes.get(length..).unwrap_or_default();
    if encoding == UTF_8 {
        let mut decoded = decode_utf8(rest, Some("UTF-8"));
        if let Some(name) = declared_encoding(rest)
            && !name.eq_ignore_ascii_case("utf-8")
            && !name.eq_ignore_ascii_case("utf8")
        {
            decoded.faults.insert(0, fault(
                format!("The first line says that the file is {name}, but it begins with the mark of a UTF-8 file."),
                "Change the first line to <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
                start(),
            ));
        }
        return Some(decoded);
    }
    let (text, broken) = encoding.decode_without_bom_handling(rest);
    let mut decoded = Decoded {
        text: text.into_owned(),
        faults: Vec::new(),
    };
    if broken {
        let at = replacement_position(&decoded.text);
        decoded.faults.push(fault(
            format!(
                "The file is {}, but some of its bytes are no characters.",
                encoding.name()
            ),
            SAVE_AS_UTF8,
            at,
        ));
    }
    let named = declared_encoding(decoded.text.as_bytes());
    if let Some(name) = named
        && !name.to_ascii_lowercase().starts_with("utf-16")
    {
        decoded.faults.push(fault(
            format!(
                "The first line says that the file is {name}, but it is saved as {}.",
                encoding.name()
            ),
            SAVE_AS_UTF8,
            start(),
        ));
    }
    Some(decoded)
}

/// `<` beside a zero byte at the very start: UTF-16 as some editors save it, without its mark.
fn decode_unmarked_utf16(bytes: &[u8]) -> Option<Decoded> {
    let encoding = match bytes {
        [b'<', 0, second, 0, ..] if *second != 0 => UTF_16LE,
        [0, b'<', 0, second, ..] if *second != 0 => UTF_16BE,
        _ => return None,
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Some(Decoded {
        text: text.into_owned(),
        faults: vec![fault(
            "The file is saved as UTF-16 without the mark that would say so.".to_owned(),
            SAVE_AS_UTF8,
            start(),
        )],
    })
}

/// UTF-8; bytes that are none are read as Windows-1252, which they nearly always are.
fn decode_utf8(bytes: &[u8], declared: Option<&str>) -> Decoded {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded {
            text: text.to_owned(),
            faults: Vec::new(),
        };
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
    let mut faults = Vec::new();
    let mut wrong = 0_usize;
    let mut cursor = LineCursor::default();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        cursor.advance(chunk.valid());
        for byte in chunk.invalid() {
            let (shown, _) = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(byte));
            wrong += 1;
            if wrong == 1 {
                faults.push(invalid_byte(*byte, &shown, declared, cursor.position()));
            }
            text.push_str(&shown);
            cursor.advance(&shown);
        }
    }
    // One fault for all: they have one cause.
    if wrong > 1
        && let Some(first) = faults.first_mut()
    {
        let more = wrong - 1;
        let bytes = if more == 1 { "byte is" } else { "bytes are" };
        // Writing to a String cannot fail.
        let _ = write!(first.message, " {more} more {bytes} wrong in the same way.");
    }
    Decoded { text, faults }
}

fn invalid_byte(byte: u8, shown: &str, declared: Option<&str>, at: Pos) -> ReadFault {
    let claim = match declared {
        Some(name) => format!("The file says that it is {name}"),
        None => "A file that names no encoding has to be UTF-8".to_owned(),
    };
    let guess = if shown.chars().any(char::is_control) {
        String::new()
    } else {
        format!(" (it is “{shown}” in Windows-1252)")
    };
    fault(
        format!(
            "{claim}, but the byte 0x{byte:02X} in line {} is not{guess}.",
            at.line
        ),
        SAVE_AS_UTF8,
        at,
    )
}

/// ISO-8859-1 or Windows-1252, as declared, unless the bytes say otherwise.
fn decode_western(bytes: &[u8], declared: &str) -> Decoded {
    let is_ascii = bytes.is_ascii();
    if !is_ascii && let Ok(text) = std::str::from_utf8(bytes) {
        let mut cursor = LineCursor::default();
        let before = text.find(|c: char| !c.is_ascii()).unwrap_or(0);
        cursor.advance(text.get(..before).unwrap_or_default());
        return Decoded {
            text: text.to_owned(),
            faults: vec![fault(
                format!(
                    "The first line says that the file is {declared}, but its letters are saved as UTF-8."
                ),
                "Change the first line to <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
                cursor.position(),
            )],
        };
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let mut faults = Vec::new();
    // 0x80–0x9F are quotes and dashes in Windows-1252 and control characters in ISO-8859-1.
    let is_strictly_latin = !declared.contains("1252");
    if is_strictly_latin && let Some(place) = bytes.iter().position(|b| (0x80..0xA0).contains(b)) {
        let byte = bytes.get(place).copied().unwrap_or_default();
        let (before, _) =
            WINDOWS_1252.decode_without_bom_handling(bytes.get(..place).unwrap_or_default());
        let (shown, _) = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&byte));
        let mut cursor = LineCursor::default();
        cursor.advance(&before);
        faults.push(invalid_byte(
            byte,
            &shown,
            Some(declared),
            cursor.position(),
        ));
    }
    Decoded {
        text: text.into_owned(),
        faults,
    }
}

/// An encoding that we do not take; read all the same where it is known, for the other faults.
fn decode_foreign(bytes: &[u8], declared: &str) -> Decoded {
    let known = Encoding::for_label(declared.as_bytes());
    let text = match known {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        None => decode_utf8(bytes, None).text,
    };
    Decoded {
        text,
        faults: vec![fault(
            format!("The first line says that the file is {declared}. We read UTF-8 and UTF-16."),
            SAVE_AS_UTF8,
            start(),
        )],
    }
}

/// The `encoding` of the XML declaration, as written, when the bytes begin with one.
pub(super) fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(256))?;
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let declaration = declaration.get(..declaration.find("?>")?)?;
    let (start, end) = encoding_value(declaration)?;
    let name = declaration.get(start..end)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.len() <= 40 && name.chars().all(is_name)).then(|| name.to_owned())
}

/// Byte range of the value of `encoding` in the inside of an XML declaration.
pub(super) fn encoding_value(declaration: &str) -> Option<(usize, usize)> {
    let after = declaration.find("encoding")? + "encoding".len();
    let rest = declaration.get(after..)?;
    let equals = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = equals.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = equals.get(1..)?;
    let length = value.find(quote)?;
    let start = declaration.len() - value.len();
    Some((start, start + length))
}

fn replacement_position(text: &str) -> Pos {
    let mut cursor = LineCursor::default();
    let before = text.find('\u{FFFD}').unwrap_or(0);
    cursor.advance(text.get(..before).unwrap_or_default());
    cursor.position()
}

/// Counts lines and columns over text that comes in pieces. Columns count characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineCursor {
    /// Line, from 1.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
}

impl Default for LineCursor {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl LineCursor {
    /// Moves over a piece of text.
    pub(super) fn advance(&mut self, piece: &str) {
        // Bytes are counted, not characters searched, so that long text stays cheap.
        let newlines = piece.bytes().filter(|b| *b == b'\n').count();
        let tail = match piece.rfind('\n') {
            Some(last) => {
                self.column = 1;
                piece.get(last + 1..).unwrap_or_default()
            }
            None => piece,
        };
        self.line = self
            .line
            .saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        self.column = self
            .column
            .saturating_add(u32::try_from(tail.chars().count()).unwrap_or(u32::MAX));
    }

    /// The place reached, without a path.
    pub(super) fn position(self) -> Pos {
        Pos {
            line: self.line,
            column: self.column,
            path: String::new(),
        }
    }
}
