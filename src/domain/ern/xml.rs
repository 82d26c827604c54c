//! Text → tree, by quick-xml's events, with every check that quick-xml leaves to its caller.
//!
//! Never fails and never stops at a fault that can be stepped over: a missing `&amp;` must not hide
//! a missing barcode. What the reader cannot bear ends the reading: depth, attributes, events and
//! lengths beyond the limits below (attributes in masses held libxml2 for
//! seven minutes). A DTD is never read, no entity but the five of XML is ever resolved.

mod building;
mod places;

use super::decode::LineCursor;
use super::tags::{self, Scan};
use super::tree::Tree;
use super::words;
use crate::domain::release::{ReadFault, ReadFaultKind};
use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::Event;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Elements inside each other. The deepest real message is 10 deep.
const MAX_DEPTH: usize = 64;
/// Attributes of one element. The most in a real message is 6.
const MAX_ATTRIBUTES: usize = 64;
/// Tags, texts and comments in one message.
const MAX_EVENTS: usize = 2_000_000;
/// Characters of one text, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// Name of an element or attribute, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// Namespace declarations in force at one place.
const MAX_BINDINGS: usize = 128;
/// Attributes of all elements together. Real messages have fewer than one for each element; libxml2
/// takes 200 bytes for each.
const MAX_ALL_ATTRIBUTES: usize = 500_000;
/// Different names of elements, attributes and namespaces. ERN has some hundred; libxml2 looks a
/// name up in lists that grow with their number, and a million took it minutes.
const MAX_NAMES: usize = 10_000;
/// Faults after which reading is given up: no person reads on, and each costs a sentence.
const MAX_FAULTS_READ: usize = 20_000;
/// Names longer than this are not compared for likeness, in bytes.
const MAX_LIKENESS_BYTES: usize = 64;
/// Faults kept; a file that is broken a thousand times is broken once, by its export.
const MAX_FAULTS: usize = 300;

/// What came of a text.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    /// The elements, as far as they could be made out.
    pub(super) tree: Tree<'a>,
    /// What was wrong.
    pub(super) faults: Vec<ReadFault>,
    /// The end tag of the root was found.
    pub(super) whole: bool,
    /// No parser will refuse the text.
    pub(super) well_formed: bool,
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Parsed<'_> {
    let mut parser = Parser::new(text);
    parser.run();
    Parsed {
        tree: parser.tree,
        faults: parser.faults,
        whole: parser.whole,
        well_formed: parser.well_formed,
    }
}

/// An element whose end tag has not come yet.
struct Open<'a> {
    id: u32,
    qualified: &'a str,
    line: u32,
    last_child: u32,
    bindings: usize,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing seen so far; none excludes another"
)]
struct Parser<'a> {
    source: &'a str,
    tree: Tree<'a>,
    faults: Vec<ReadFault>,
    open: Vec<Open<'a>>,
    /// Prefix → namespace, innermost last.
    bindings: Vec<(&'a str, &'a str)>,
    /// Parent and name → how many so far, and which was the first.
    siblings: HashMap<(u32, &'a str), (u32, u32)>,
    /// Different names so far.
    names: HashSet<&'a str>,
    /// Attributes so far, declarations of namespaces too.
    attributes: usize,
    /// Faults so far, also those that are not kept.
    seen_faults: usize,
    /// Prefixes already reported as not declared.
    undeclared: Vec<&'a str>,
    cursor: LineCursor,
    offset: usize,
    whole: bool,
    well_formed: bool,
    has_doctype: bool,
    /// A broken tag swallowed part of the file: faults of nesting after it mean nothing.
    derailed: bool,
    stopped: bool,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            tree: Tree::default(),
            faults: Vec::new(),
            open: Vec::new(),
            bindings: vec![
                ("xml", "http://www.w3.org/XML/1998/namespace"),
                ("xmlns", "http://www.w3.org/2000/xmlns/"),
                ("", ""),
            ],
            siblings: HashMap::new(),
            names: HashSet::new(),
            attributes: 0,
            seen_faults: 0,
            undeclared: Vec::new(),
            cursor: LineCursor::default(),
            offset: 0,
            whole: false,
            well_formed: true,
            has_doctype: false,
            derailed: false,
            stopped: false,
        }
    }

    fn run(&mut self) {
        let mut reader = Reader::from_str(self.source);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        config.trim_markup_names_in_closing_tags = false;
        let mut events = 0_usize;
        while !self.stopped {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event();
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            self.move_to(start);
            events += 1;
            if events > MAX_EVENTS {
                self.too_much(format!(
                    "The message has more than {MAX_EVENTS} tags and texts; we stopped reading here."
                ));
                break;
            }
            match event {
                Ok(Event::Eof) => {
                    self.end_of_file();
                    break;
                }
                Ok(event) => self.event(&event, self.source.get(start..end).unwrap_or_default()),
                Err(error) => {
                    self.unreadable(&error);
                    break;
                }
            }
        }
    }

    fn event(&mut self, event: &Event<'_>, raw: &'a str) {
        self.check_characters(raw);
        match event {
            Event::Start(_) => self.start(raw, strip(raw, 1, 1), false),
            Event::Empty(_) => self.start(raw, strip(raw, 1, 2), true),
            Event::End(_) => self.end(strip(raw, 2, 1)),
            Event::Text(_) => self.text(raw),
            Event::CData(_) => {
                if self.open.is_empty() {
                    self.outside(raw);
                } else {
                    self.push_text(normalise_lines(strip(raw, 9, 3)));
                }
            }
            Event::GeneralRef(_) => self.reference(raw),
            Event::Comment(_) => {
                let inside = strip(raw, 4, 3);
                if inside.contains("--") || inside.ends_with('-') {
                    self.broken(words::double_hyphen(), self.here());
                }
            }
            Event::Decl(_) => self.declaration(raw),
            Event::PI(_) => {
                let target = tags::name_of(strip(raw, 2, 2));
                if target.eq_ignore_ascii_case("xml") || !tags::is_name(target) {
                    self.broken(words::stray_instruction(target), self.here());
                }
            }
            Event::DocType(_) => self.doctype(),
            Event::Eof => {}
        }
    }

    fn start(&mut self, raw: &'a str, content: &'a str, is_empty: bool) {
        let qualified = tags::name_of(content);
        if !tags::is_name(qualified) {
            self.derailed = true;
            self.broken(words::bad_tag(raw), self.here());
            return;
        }
        if self.open.is_empty() && !self.tree.nodes.is_empty() {
            self.broken(words::second_root(qualified), self.here());
            self.stopped = true;
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            self.too_much(format!(
                "Elements stand more than {MAX_DEPTH} deep inside each other; we stopped reading here."
            ));
            return;
        }
        let scan = tags::scan(content, qualified.len(), MAX_ATTRIBUTES + 1);
        if scan.attributes.len() > MAX_ATTRIBUTES {
            self.too_much(format!(
                "`<{}>` has more than {MAX_ATTRIBUTES} attributes; we stopped reading here.",
                words::quote(qualified)
            ));
            return;
        }
        if qualified.len() > MAX_NAME_BYTES
            || scan
                .attributes
                .iter()
                .any(|a| a.name.len() > MAX_NAME_BYTES)
        {
            self.too_much(format!(
                "A name is longer than {MAX_NAME_BYTES} bytes; we stopped reading here."
            ));
            return;
        }
        self.attributes += scan.attributes.len();
        if self.attributes > MAX_ALL_ATTRIBUTES {
            self.too_much(format!(
                "The message has more than {MAX_ALL_ATTRIBUTES} attributes; we stopped reading here."
            ));
            return;
        }
        self.check_tag(&scan, raw, qualified);
        self.add_element(qualified, scan.attributes, raw, is_empty);
    }

    /// Reports what is wrong with the inside of a tag.
    fn check_tag(&mut self, scan: &Scan<'a>, raw: &'a str, qualified: &'a str) {
        for (offset, fault) in &scan.faults {
            let at = self.inside_tag(raw, offset + 1, qualified);
            if matches!(fault, tags::TagFault::Swallowed) {
                self.derailed = true;
            }
            self.broken(words::tag_fault(fault, qualified), at);
        }
        for (index, attribute) in scan.attributes.iter().enumerate() {
            let is_twice = scan
                .attributes
                .iter()
                .take(index)
                .any(|other| other.name == attribute.name);
            if is_twice {
                let at = self.inside_tag(raw, attribute.offset + 1, qualified);
                self.broken(words::duplicate_attribute(attribute.name, qualified), at);
            }
        }
    }

    fn end(&mut self, content: &'a str) {
        let name = content.trim_end_matches(tags::is_space);
        let Some(top) = self.open.last() else {
            self.nesting(words::stray_end(name));
            return;
        };
        if top.qualified == name {
            self.close();
            return;
        }
        if !tags::is_name(name) {
            self.nesting(words::bad_tag(content));
            self.derailed = true;
            return;
        }
        let (qualified, line) = (top.qualified, top.line);
        if let Some(place) = self.open.iter().rposition(|open| open.qualified == name) {
            self.nesting(words::not_closed(qualified, line, name));
            while self.open.len() > place {
                self.close();
            }
        } else if is_alike(qualified, name) {
            self.nesting(words::misspelt_end(qualified, line, name));
            self.close();
        } else {
            self.nesting(words::stray_end(name));
        }
    }

    fn text(&mut self, raw: &'a str) {
        if self.open.is_empty() {
            if !raw.trim_matches(tags::is_space).is_empty() {
                self.outside(raw);
            }
            return;
        }
        if raw.starts_with('&') {
            self.broken(words::bare_ampersand(self.line_of_text()), self.here());
        }
        if let Some(place) = raw.find("]]>") {
            let at = self.inside(raw, place);
            self.broken(words::section_end(), at);
        }
        self.push_text(normalise_lines(raw));
    }

    fn reference(&mut self, raw: &'a str) {
        if self.open.is_empty() {
            self.outside(raw);
            return;
        }
        let name = strip(raw, 1, 1);
        match tags::resolve_reference(name) {
            Ok(character) => self.push_text(Cow::Owned(character.to_string())),
            Err(_) if self.has_doctype => {}
            Err(tags::ReferenceFault::Bare) => {
                self.broken(words::bare_ampersand(self.line_of_text()), self.here());
                self.push_text(Cow::Borrowed(raw));
            }
            Err(fault) => {
                self.broken(words::reference_fault(fault, name), self.here());
                self.push_text(Cow::Borrowed(raw));
            }
        }
    }

    fn declaration(&mut self, raw: &'a str) {
        if self.offset > 0 {
            let before = self.source.get(..self.offset).unwrap_or_default();
            let is_blank = before.trim_matches(tags::is_space).is_empty();
            self.broken(words::late_declaration(is_blank), self.here());
        } else if !tags::is_declaration(strip(raw, 2, 2)) {
            self.broken(words::odd_declaration(raw), self.here());
        }
    }

    fn doctype(&mut self) {
        self.has_doctype = true;
        self.well_formed = false;
        self.note(ReadFaultKind::Doctype, words::doctype(), self.here());
    }

    fn end_of_file(&mut self) {
        self.move_to(self.source.len());
        if let Some(innermost) = self.open.last() {
            let root = self.open.first().map_or("", |open| open.qualified);
            let words = words::broken_off(innermost.qualified, innermost.line, root);
            self.broken(words, self.here());
        } else if self.tree.nodes.is_empty() {
            self.broken(words::no_element(self.source), self.here());
        }
        while !self.open.is_empty() {
            self.close();
        }
    }

    fn unreadable(&mut self, error: &Error) {
        self.well_formed = false;
        let is_doctype = matches!(error, Error::Syntax(SyntaxError::UnclosedDoctype))
            || matches!(error, Error::IllFormed(_)) && self.rest().starts_with("<!DOCTYPE");
        if is_doctype {
            self.doctype();
        }
        self.broken(words::syntax(error, self.rest()), self.here());
        // What is open is closed for the tree's sake; the end tag was not read.
        self.stopped = true;
        while !self.open.is_empty() {
            self.close();
        }
    }
}

/// Whether one name may be a slip of the pen for the other.
fn is_alike(one: &str, other: &str) -> bool {
    one.len().max(other.len()) <= MAX_LIKENESS_BYTES
        && strsim::normalized_damerau_levenshtein(one, other) > 0.6
}

/// The inside of markup: `start` and `end` bytes taken off.
fn strip(raw: &str, start: usize, end: usize) -> &str {
    raw.get(start..raw.len().saturating_sub(end))
        .unwrap_or_default()
}

/// XML reads a carriage return with or without line feed as a line feed.
fn normalise_lines(raw: &str) -> Cow<'_, str> {
    if raw.contains('\r') {
        Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(raw)
    }
}

/// Local name and namespace of the first element, without reading further.
pub(super) fn root_of(text: &str) -> Option<(String, String)> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event();
        let end = usize::try_from(reader.buffer_position()).ok()?;
        match event {
            Ok(Event::Start(_) | Event::Empty(_)) => {
                let content = strip(text.get(start..end)?, 1, 1);
                let qualified = tags::name_of(content.trim_end_matches('/'));
                if !tags::is_name(qualified) {
                    return None;
                }
                let scan = tags::scan(content, qualified.len(), MAX_ATTRIBUTES);
                let (prefix, name) = tags::split(qualified);
                let declaration = scan.attributes.iter().find(|a| {
                    a.name.strip_prefix("xmlns:").unwrap_or_default() == prefix
                        && (a.name == "xmlns") == prefix.is_empty()
                });
                let namespace = declaration.map_or("", |a| a.value);
                return Some((name.to_owned(), namespace.to_owned()));
            }
            Ok(Event::Eof | Event::End(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
