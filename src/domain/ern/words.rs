//! What the XML reader says to a label: what happened, and what to do, without XML's own terms
//! where a plain word will do.
//!
//! Quoted text is shortened and freed from control characters; it is untrusted and ends in mails
//! and on terminals.

use super::mojibake::Garbled;
use super::tags::{ReferenceFault, TagFault, ValueFault};
use quick_xml::errors::{Error, SyntaxError};

/// Message and fix.
pub(super) type Words = (String, String);

/// Longest quotation in characters.
const QUOTE_CHARACTERS: usize = 60;

/// A piece of the file as it may be shown: one line, no control characters, shortened.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::new();
    let flat = text.split_whitespace().flat_map(|word| [" ", word]).skip(1);
    let characters = flat.flat_map(str::chars);
    for (index, c) in characters.enumerate() {
        if index >= QUOTE_CHARACTERS {
            out.push('…');
            break;
        }
        let is_hidden =
            c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        out.push(if is_hidden { '\u{FFFD}' } else { c });
    }
    out
}

fn words(message: impl Into<String>, fix: impl Into<String>) -> Words {
    (message.into(), fix.into())
}

pub(super) fn bare_ampersand(text: &str) -> Words {
    words(
        format!("A bare `&` stands in the text “{}”.", quote(text)),
        "Write `&amp;` for every `&` in a text: `Rock &amp; Roll`.",
    )
}

pub(super) fn reference_fault(fault: ReferenceFault, name: &str) -> Words {
    match fault {
        ReferenceFault::Bare => bare_ampersand(&format!("&{name};")),
        ReferenceFault::Unknown => match html_entity(name) {
            Some(' ') => words(
                format!("`&{name};` is known in HTML, but not in XML."),
                "Write `&#160;` or an ordinary space.",
            ),
            Some(c) => words(
                format!("`&{name};` is known in HTML, but not in XML."),
                format!("Write the character itself: {c}"),
            ),
            None => words(
                format!("`&{};` means nothing in XML.", quote(name)),
                "Write the character itself. If you meant the `&`, write `&amp;`.",
            ),
        },
        ReferenceFault::NoCharacter => words(
            format!("`&{};` is no character that XML allows.", quote(name)),
            "Remove it.",
        ),
    }
}

/// The HTML entities that turn up in names and titles; a space stands for the no-break space.
fn html_entity(name: &str) -> Option<char> {
    let c = match name {
        "nbsp" => ' ',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "eacute" => 'é',
        "egrave" => 'è',
        "ecirc" => 'ê',
        "euml" => 'ë',
        "aacute" => 'á',
        "agrave" => 'à',
        "acirc" => 'â',
        "auml" => 'ä',
        "aring" => 'å',
        "aelig" => 'æ',
        "ccedil" => 'ç',
        "iacute" => 'í',
        "ntilde" => 'ñ',
        "oacute" => 'ó',
        "ocirc" => 'ô',
        "ouml" => 'ö',
        "oslash" => 'ø',
        "uacute" => 'ú',
        "uuml" => 'ü',
        "szlig" => 'ß',
        "Eacute" => 'É',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        _ => return None,
    };
    Some(c)
}

pub(super) fn value_fault(fault: &ValueFault) -> Words {
    match fault {
        ValueFault::LessThan => words(
            "A `<` stands inside the quotation marks of an attribute.",
            "Write `&lt;` for it, or close the quotation marks before it.",
        ),
        ValueFault::Ampersand(text) => bare_ampersand(text),
        ValueFault::Reference(name, fault) => reference_fault(*fault, name),
    }
}

pub(super) fn tag_fault(fault: &TagFault, element: &str) -> Words {
    let element = quote(element);
    match fault {
        TagFault::CurlyQuotes(name) => words(
            format!(
                "In `<{element}>` the value of `{}` stands in curly quotation marks.",
                quote(name)
            ),
            format!(
                "Use straight ones: {}=\"…\". Word processors turn them; a plain text editor does not.",
                quote(name)
            ),
        ),
        TagFault::NoQuotes(name) => words(
            format!(
                "In `<{element}>` the value of `{}` has no quotation marks.",
                quote(name)
            ),
            format!("Write {}=\"…\".", quote(name)),
        ),
        TagFault::NoValue(name) => words(
            format!(
                "In `<{element}>` there is “{}” without a value.",
                quote(name)
            ),
            format!("Write {}=\"…\", or remove it.", quote(name)),
        ),
        TagFault::NoSpace(name) => words(
            format!(
                "In `<{element}>` a space is missing before `{}`.",
                quote(name)
            ),
            "Put a space between attributes.",
        ),
        TagFault::BadName(name) => words(
            format!(
                "In `<{element}>` “{}” is no name of an attribute.",
                quote(name)
            ),
            "Write name=\"value\", with nothing but letters, digits, `-`, `_` and `.` in the name.",
        ),
        TagFault::OpenQuote(name) => words(
            format!(
                "In `<{element}>` the quotation mark of `{}` is never closed.",
                quote(name)
            ),
            format!("Write {}=\"…\" with a mark at both ends.", quote(name)),
        ),
        TagFault::Swallowed => words(
            format!("The tag `<{element}` is not closed: its `>` is missing before the next `<`."),
            "Add the `>`. If the `<` is meant as a character, write `&lt;`.",
        ),
    }
}

pub(super) fn bad_tag(raw: &str) -> Words {
    words(
        format!("Something begins with `<` but is no tag: “{}”.", quote(raw)),
        "If the `<` is meant as a character, write `&lt;`.",
    )
}

pub(super) fn duplicate_attribute(name: &str, element: &str) -> Words {
    words(
        format!(
            "`<{}>` has the attribute `{}` twice.",
            quote(element),
            quote(name)
        ),
        "Keep one of them.",
    )
}

pub(super) fn not_closed(open: &str, line: u32, found: &str) -> Words {
    let (open, found) = (quote(open), quote(found));
    words(
        format!("`<{open}>` of line {line} is not closed before `</{found}>`."),
        format!("Add `</{open}>` before `</{found}>`."),
    )
}

pub(super) fn misspelt_end(open: &str, line: u32, found: &str) -> Words {
    let (open, found) = (quote(open), quote(found));
    words(
        format!("`<{open}>` of line {line} is closed by `</{found}>`."),
        format!("Both have to be spelt alike, capital letters too: write `</{open}>`."),
    )
}

pub(super) fn stray_end(name: &str) -> Words {
    let name = quote(name);
    words(
        format!("`</{name}>` closes an element that is not open here."),
        format!("Remove it, or add the `<{name}>` that belongs to it."),
    )
}

pub(super) fn broken_off(open: &str, line: u32, root: &str) -> Words {
    let (open, root) = (quote(open), quote(root));
    let message = if open == root {
        format!("The file ends before `</{root}>`.")
    } else {
        format!("The file ends in the middle of `<{open}>` (line {line}), before `</{root}>`.")
    };
    words(
        message,
        "The export or the upload broke off, or closing tags were removed. Export the message again.",
    )
}

pub(super) fn no_element(source: &str) -> Words {
    if source.trim().is_empty() {
        words(
            "The file is empty.",
            "Export the message and upload it again.",
        )
    } else {
        words(
            format!("The file is no XML: it begins with “{}”.", quote(source)),
            "Upload the ERN message that belongs to this release.",
        )
    }
}

pub(super) fn second_root(name: &str) -> Words {
    words(
        format!(
            "After the end of the message another one begins: `<{}>`.",
            quote(name)
        ),
        "A file holds one message. Upload each in the folder of its release.",
    )
}

pub(super) fn text_outside(raw: &str, is_after: bool) -> Words {
    let place = if is_after {
        "After the end"
    } else {
        "Before the beginning"
    };
    words(
        format!("{place} of the message there is text: “{}”.", quote(raw)),
        "Remove it.",
    )
}

pub(super) fn illegal_character(c: char) -> Words {
    let code = u32::from(c);
    let name = match c {
        '\0' => "a zero byte".to_owned(),
        '\u{B}' => "a vertical tab, which word processors use for a line break".to_owned(),
        _ => format!("the control character U+{code:04X}"),
    };
    words(
        format!("The file holds {name}. XML does not allow it."),
        "Remove it; it is invisible in most editors. Typing the line anew helps.",
    )
}

pub(super) fn section_end() -> Words {
    words("The characters `]]>` stand in a text.", "Write `]]&gt;`.")
}

pub(super) fn double_hyphen() -> Words {
    words(
        "A comment holds two hyphens `--` in a row.",
        "Remove them, or the whole comment.",
    )
}

pub(super) fn late_declaration(is_after_blank: bool) -> Words {
    if is_after_blank {
        words(
            "There is a blank line or a space before `<?xml`.",
            "`<?xml …?>` has to be the very first thing in the file: delete what stands before it.",
        )
    } else {
        words(
            "`<?xml …?>` stands in the middle of the file.",
            "It may stand only once, at the very beginning. Two files may have been joined.",
        )
    }
}

pub(super) fn odd_declaration(raw: &str) -> Words {
    words(
        format!("The first line is not right: “{}”.", quote(raw)),
        "Write <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
    )
}

pub(super) fn stray_instruction(target: &str) -> Words {
    words(
        format!("`<?{}` may not stand here.", quote(target)),
        "Remove it.",
    )
}

pub(super) fn doctype() -> Words {
    words(
        "The message has a DOCTYPE. For safety we do not read files that define their own entities.",
        "Remove everything from `<!DOCTYPE` to its `>`. An ERN message needs none.",
    )
}

pub(super) fn undeclared_prefix(prefix: &str, name: &str) -> Words {
    let prefix = quote(prefix);
    words(
        format!(
            "`{}` uses the prefix `{prefix}:`, which is not declared.",
            quote(name)
        ),
        format!(
            "Add xmlns:{prefix}=\"…\" to the first tag; for ERN 3.8.2 it is xmlns:{prefix}=\"http://ddex.net/xml/ern/382\"."
        ),
    )
}

pub(super) fn mojibake(name: &str, garbled: &Garbled) -> Words {
    let name = quote(name);
    let again = "Save the text as UTF-8 where it comes from and export again.";
    match garbled {
        Garbled::Twice(seen, meant) => words(
            format!(
                "`{name}` reads “{}”, which looks like “{}” saved in the wrong encoding.",
                quote(seen),
                quote(meant)
            ),
            format!("Write “{}”. {again}", quote(meant)),
        ),
        Garbled::Replaced(seen) => words(
            format!(
                "`{name}` holds the sign � where a letter was lost: “{}”.",
                quote(seen)
            ),
            format!("Type the letter again. {again}"),
        ),
        Garbled::Control(seen, c) => words(
            format!(
                "`{name}` holds the invisible character U+{:04X}: “{}”.",
                u32::from(*c),
                quote(seen)
            ),
            format!("It is usually a quotation mark or dash in the wrong encoding. {again}"),
        ),
        Garbled::Mark(seen) => words(
            format!(
                "`{name}` holds an invisible byte order mark: “{}”.",
                quote(&seen.replace('\u{FEFF}', "·"))
            ),
            "Remove it; typing the text anew helps.",
        ),
    }
}

/// quick-xml's own errors: markup that never ends.
pub(super) fn syntax(error: &Error, rest: &str) -> Words {
    let begin = quote(rest);
    let Error::Syntax(kind) = error else {
        return words(
            format!("Here the file stops being XML: “{begin}”."),
            "Compare the line with the guide's example.",
        );
    };
    match kind {
        SyntaxError::UnclosedTag => words(
            format!("The file ends inside a tag: “{begin}”."),
            "Add the missing `>`, or export the message again if it broke off.",
        ),
        SyntaxError::UnclosedSingleQuotedAttributeValue
        | SyntaxError::UnclosedDoubleQuotedAttributeValue => words(
            format!("A quotation mark is never closed: “{begin}”."),
            "Put a quotation mark at both ends of the attribute's value.",
        ),
        SyntaxError::UnclosedComment => words(
            "A comment is never closed.",
            "Add `-->` where it ends, or remove it.",
        ),
        SyntaxError::UnclosedCData => words(
            "A `<![CDATA[` section is never closed.",
            "Add `]]>` where it ends.",
        ),
        SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => words(
            format!("`<?` is never closed: “{begin}”."),
            "Add `?>` where it ends.",
        ),
        SyntaxError::UnclosedDoctype | SyntaxError::InvalidBangMarkup => words(
            format!("`<!` begins something that we cannot read: “{begin}”."),
            "Remove it.",
        ),
    }
}
