//! The inside of tags and references, letter by letter: names, attributes, `&…;`.
//!
//! quick-xml gives the whole tag; what a label got wrong inside it (curly quotes, a forgotten `=`,
//! a bare `&` in a value) is made out here, so that it can be said. Pure functions over text.

/// An attribute as it stands in its tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawAttribute<'a> {
    /// Name with prefix.
    pub(super) name: &'a str,
    /// Value between its quotes, references not resolved.
    pub(super) value: &'a str,
    /// Byte offset of the name in the tag's inside.
    pub(super) offset: usize,
    /// Byte offset behind the value and its closing quotation mark.
    pub(super) end: usize,
}

/// What is wrong inside a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TagFault {
    /// Quotation marks of a word processor around this attribute's value.
    CurlyQuotes(String),
    /// No quotation marks around this attribute's value.
    NoQuotes(String),
    /// This attribute has no `=` and value.
    NoValue(String),
    /// No space before this attribute.
    NoSpace(String),
    /// This is no name.
    BadName(String),
    /// The quotation mark of this attribute is never closed.
    OpenQuote(String),
    /// Another `<` came before the tag's `>`.
    Swallowed,
}

/// The attributes of a tag and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    /// In the order of the tag.
    pub(super) attributes: Vec<RawAttribute<'a>>,
    /// With byte offsets in the tag's inside.
    pub(super) faults: Vec<(usize, TagFault)>,
}

/// What is wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReferenceFault {
    /// Between `&` and `;` stands no name: the `&` was meant as a character.
    Bare,
    /// Not one of XML's five.
    Unknown,
    /// A number that is no character in XML.
    NoCharacter,
}

/// What is wrong in an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueFault {
    /// `<`
    LessThan,
    /// `&` with no `;`
    Ampersand(String),
    /// A reference that cannot be resolved, by its name.
    Reference(String, ReferenceFault),
}

/// White space of XML: not what Unicode says.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// A tag's inside up to the first white space.
pub(super) fn name_of(content: &str) -> &str {
    content.split(is_space).next().unwrap_or_default()
}

/// Prefix and local name.
pub(super) fn split(qualified: &str) -> (&str, &str) {
    qualified.split_once(':').unwrap_or(("", qualified))
}

/// Local name alone.
pub(super) fn split_local(qualified: &str) -> &str {
    split(qualified).1
}

/// Whether it may name an element, attribute or entity, with at most one prefix.
pub(super) fn is_name(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let is_part = |part: &str| {
        let mut characters = part.chars();
        characters.next().is_some_and(starts_name) && characters.all(continues_name)
    };
    parts.next().is_some_and(is_part) && parts.next().is_none_or(is_part) && parts.next().is_none()
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic()
        || c == '_'
        || matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
            | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
            | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    starts_name(c)
        || c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether XML 1.0 allows the character at all.
pub(super) fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
        || c > '\u{FFFF}'
}

/// The first character that XML does not allow, with its byte offset.
pub(super) fn illegal_character(raw: &str) -> Option<(usize, char)> {
    // Bytes first: nearly every text passes on this alone. 0xEF begins U+F000 to U+FFFF.
    let is_suspect = |b: u8| b == 0xEF || (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'));
    if !raw.bytes().any(is_suspect) {
        return None;
    }
    raw.char_indices().find(|(_, c)| !is_legal(*c))
}

/// What `&name;` stands for.
pub(super) fn resolve_reference(name: &str) -> Result<char, ReferenceFault> {
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        return Err(if is_name(name) {
            ReferenceFault::Unknown
        } else {
            ReferenceFault::Bare
        });
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let is_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_digits
        .then(|| u32::from_str_radix(digits, radix).ok())
        .flatten()
        .and_then(char::from_u32)
        .filter(|c| is_legal(*c))
        .ok_or(ReferenceFault::NoCharacter)
}

/// An attribute's value as XML reads it: references resolved, line ends and tabs made spaces.
pub(super) fn attribute_text(value: &str) -> (String, Vec<ValueFault>) {
    let mut text = String::with_capacity(value.len());
    let mut faults = Vec::new();
    let mut rest = value;
    while let Some(place) = rest.find(['&', '<', '\n', '\t', '\r']) {
        text.push_str(rest.get(..place).unwrap_or_default());
        let tail = rest.get(place..).unwrap_or_default();
        let after = tail.get(1..).unwrap_or_default();
        rest = after;
        if tail.starts_with('&') {
            let end = after.find([';', '&', '<']);
            let reference = end
                .filter(|end| after.get(*end..).is_some_and(|t| t.starts_with(';')))
                .and_then(|end| Some((after.get(..end)?, after.get(end + 1..)?)));
            match reference.map(|(name, beyond)| (name, beyond, resolve_reference(name))) {
                Some((_, beyond, Ok(character))) => {
                    text.push(character);
                    rest = beyond;
                }
                Some((name, _, Err(fault))) if fault != ReferenceFault::Bare => {
                    faults.push(ValueFault::Reference(name.to_owned(), fault));
                    text.push('&');
                }
                _ => {
                    faults.push(ValueFault::Ampersand(tail.to_owned()));
                    text.push('&');
                }
            }
        } else if tail.starts_with('<') {
            faults.push(ValueFault::LessThan);
            text.push('<');
        } else {
            text.push(' ');
        }
    }
    text.push_str(rest);
    faults.truncate(5);
    (text, faults)
}

/// Whether the inside of `<?xml …?>` is what XML allows: version, encoding, standalone, in this
/// order, the last two optional.
pub(super) fn is_declaration(content: &str) -> bool {
    let scan = scan(content, "xml".len(), 4);
    let mut expected = ["version", "encoding", "standalone"].iter();
    let in_order = scan
        .attributes
        .iter()
        .all(|a| expected.any(|name| *name == a.name) && is_declared_value(a));
    let has_version = scan.attributes.first().is_some_and(|a| a.name == "version");
    scan.faults.is_empty() && in_order && has_version
}

fn is_declared_value(attribute: &RawAttribute<'_>) -> bool {
    let value = attribute.value;
    match attribute.name {
        "version" => value
            .strip_prefix("1.")
            .is_some_and(|minor| !minor.is_empty() && minor.chars().all(|c| c.is_ascii_digit())),
        "encoding" => {
            let mut characters = value.chars();
            characters.next().is_some_and(|c| c.is_ascii_alphabetic())
                && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        }
        _ => matches!(value, "yes" | "no"),
    }
}

/// Reads the attributes of a tag's inside from byte `from` on; at most `limit` of them.
pub(super) fn scan(content: &str, from: usize, limit: usize) -> Scan<'_> {
    let mut scanner = Scanner {
        content,
        at: from,
        found: Scan::default(),
    };
    while scanner.found.attributes.len() < limit && scanner.found.faults.len() < 8 {
        if !scanner.attribute() {
            break;
        }
    }
    scanner.found
}

struct Scanner<'a> {
    content: &'a str,
    at: usize,
    found: Scan<'a>,
}

const CURLY: [char; 12] = ['“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '″', '＂', '´'];

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.content.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches(is_space).len();
        self.at += blank;
        blank > 0
    }

    /// The text up to the first character that `ends` likes, or all of it.
    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn fault(&mut self, offset: usize, fault: TagFault) {
        self.found.faults.push((offset, fault));
    }

    /// Reads one attribute; false at the end of the tag.
    fn attribute(&mut self) -> bool {
        let is_spaced = self.skip_space();
        if self.rest().is_empty() {
            return false;
        }
        let offset = self.at;
        let name = self.take_until(|c| c == '=' || is_space(c) || c == '<');
        if self.rest().starts_with('<') {
            self.fault(self.at, TagFault::Swallowed);
            return false;
        }
        if !is_spaced {
            self.fault(offset, TagFault::NoSpace(name.to_owned()));
        }
        if !is_name(name) {
            self.fault(offset, TagFault::BadName(name.to_owned()));
        }
        self.skip_space();
        if !self.rest().starts_with('=') {
            self.fault(offset, TagFault::NoValue(name.to_owned()));
            return true;
        }
        self.at += 1;
        self.skip_space();
        let value = self.value(name);
        self.found.attributes.push(RawAttribute {
            name,
            value,
            offset,
            end: self.at,
        });
        true
    }

    fn value(&mut self, name: &str) -> &'a str {
        let offset = self.at;
        let Some(quote) = self.rest().chars().next() else {
            self.fault(offset, TagFault::NoValue(name.to_owned()));
            return "";
        };
        match quote {
            '"' | '\'' => {
                self.at += 1;
                let value = self.take_until(|c| c == quote);
                if self.rest().is_empty() {
                    self.fault(offset, TagFault::OpenQuote(name.to_owned()));
                }
                self.at = (self.at + 1).min(self.content.len());
                value
            }
            curly if CURLY.contains(&curly) => {
                self.fault(offset, TagFault::CurlyQuotes(name.to_owned()));
                self.at += curly.len_utf8();
                let value = self.take_until(|c| CURLY.contains(&c) || c == '"');
                let closing = self.rest().chars().next().map_or(0, char::len_utf8);
                self.at += closing;
                value
            }
            _ => {
                self.fault(offset, TagFault::NoQuotes(name.to_owned()));
                self.take_until(is_space)
            }
        }
    }
}
