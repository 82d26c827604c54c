//! A well-formed message with the place of everything in it, for those who change it and want all
//! the rest to stay as it was: comments, indentation, the order of attributes.

use super::tags;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::ops::Range;

/// An element and where its parts stand, in bytes of the text.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    /// Name with prefix.
    qualified: &'a str,
    /// The start tag, `<` and `>` included.
    pub(super) open: Range<usize>,
    /// The end tag; empty where the start tag is the whole element.
    pub(super) close: Range<usize>,
    /// The element around it.
    parent: Option<usize>,
    /// Elements directly inside.
    pub(super) children: Vec<usize>,
    /// Text directly inside that is not white space.
    pub(super) has_text: bool,
}

impl Node<'_> {
    /// Name without prefix.
    pub(super) fn name(&self) -> &str {
        tags::split(self.qualified).1
    }

    /// The whole element.
    pub(super) fn whole(&self) -> Range<usize> {
        self.open.start..self.close.end
    }

    /// What stands between its tags.
    pub(super) fn inside(&self) -> Range<usize> {
        self.open.end..self.close.start
    }

    /// `<Name/>`, which has no inside to write into.
    pub(super) fn is_single_tag(&self) -> bool {
        self.close.is_empty()
    }

    /// Where the name without prefix stands in the start tag.
    pub(super) fn name_in_open(&self) -> Range<usize> {
        let end = self.open.start + 1 + self.qualified.len();
        end - self.name().len()..end
    }

    /// Where the name without prefix stands in the end tag.
    pub(super) fn name_in_close(&self) -> Option<Range<usize>> {
        let end = self.close.start + 2 + self.qualified.len();
        (!self.is_single_tag()).then(|| end - self.name().len()..end)
    }
}

/// What a path leads to.
pub(super) enum Target<'p> {
    /// An element.
    Element(usize),
    /// An attribute of an element, by its name; it may not be there.
    Attribute(usize, &'p str),
}

/// A message with its places. The first node is the root.
pub(super) struct Page<'a> {
    /// The text.
    pub(super) text: &'a str,
    nodes: Vec<Node<'a>>,
}

impl<'a> Page<'a> {
    /// Reads a text that is known to be well-formed; `None` when it is not.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut page = Self {
            text,
            nodes: Vec::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        let mut reader = Reader::from_str(text);
        loop {
            let start = usize::try_from(reader.buffer_position()).ok()?;
            let event = reader.read_event().ok()?;
            let end = usize::try_from(reader.buffer_position()).ok()?;
            match event {
                Event::Start(_) => open.push(page.add(start..end, open.last().copied())?),
                Event::Empty(_) => {
                    page.add(start..end, open.last().copied())?;
                }
                Event::End(_) => page.nodes.get_mut(open.pop()?)?.close = start..end,
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    let is_blank = text.get(start..end)?.trim().is_empty();
                    if let Some(node) = open.last().and_then(|id| page.nodes.get_mut(*id)) {
                        node.has_text |= !is_blank;
                    }
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => return open.is_empty().then_some(page),
            }
        }
    }

    fn add(&mut self, tag: Range<usize>, parent: Option<usize>) -> Option<usize> {
        let inside = self.text.get(tag.start + 1..tag.end - 1)?;
        let id = self.nodes.len();
        self.nodes.push(Node {
            qualified: tags::name_of(inside).trim_end_matches('/'),
            close: tag.end..tag.end,
            open: tag,
            parent,
            children: Vec::new(),
            has_text: false,
        });
        if let Some(parent) = parent {
            self.nodes.get_mut(parent)?.children.push(id);
        }
        Some(id)
    }

    /// A node.
    pub(super) fn node(&self, id: usize) -> Option<&Node<'a>> {
        self.nodes.get(id)
    }

    /// The children of a node.
    pub(super) fn children(&self, node: &Node<'a>) -> impl DoubleEndedIterator<Item = &Node<'a>> {
        node.children.iter().filter_map(|id| self.nodes.get(*id))
    }

    /// What a path of a finding leads to. Prefixes in it do not matter.
    pub(super) fn find<'p>(&self, path: &'p str) -> Option<Target<'p>> {
        let mut steps = path.strip_prefix('/')?.split('/');
        let (root, _) = step(steps.next()?);
        let mut at = 0;
        if self.node(at)?.name() != root {
            return None;
        }
        while let Some(next) = steps.next() {
            if let Some(attribute) = next.strip_prefix('@') {
                let is_last = steps.next().is_none();
                return is_last.then_some(Target::Attribute(at, attribute));
            }
            let (name, ordinal) = step(next);
            let children = self.node(at)?.children.iter();
            let mut named =
                children.filter(|id| self.node(**id).is_some_and(|node| node.name() == name));
            at = *named.nth(ordinal.checked_sub(1)?)?;
        }
        Some(Target::Element(at))
    }

    /// The element that a path leads to.
    pub(super) fn element(&self, path: &str) -> Option<&Node<'a>> {
        match self.find(path)? {
            Target::Element(id) => self.node(id),
            Target::Attribute(..) => None,
        }
    }

    /// White space in front of a place, back to the line's beginning and its break; `None` when
    /// something else stands before it in its line.
    pub(super) fn margin(&self, place: usize) -> Option<&'a str> {
        let before = self.text.get(..place)?;
        let line = before.rfind('\n')? + 1;
        let indent = before.get(line..)?;
        let start = if before.get(..line)?.ends_with("\r\n") {
            line - 2
        } else {
            line - 1
        };
        indent
            .chars()
            .all(tags::is_space)
            .then(|| before.get(start..))?
    }

    /// Whether nothing but white space follows a place in its line.
    pub(super) fn ends_line(&self, place: usize) -> bool {
        let after = self.text.get(place..).unwrap_or_default();
        let rest = after.trim_start_matches([' ', '\t', '\r']);
        rest.is_empty() || rest.starts_with('\n')
    }

    /// Whether an element is the other or stands somewhere inside it.
    pub(super) fn is_within(&self, mut id: usize, outer: usize) -> bool {
        loop {
            if id == outer {
                return true;
            }
            match self.node(id).and_then(|node| node.parent) {
                Some(parent) => id = parent,
                None => return false,
            }
        }
    }
}

/// `ern:Release[2]` → its local name and number.
fn step(step: &str) -> (&str, usize) {
    let (qualified, ordinal) = match step.split_once('[') {
        Some((name, number)) => (name, number.trim_end_matches(']').parse().unwrap_or(0)),
        None => (step, 1),
    };
    (tags::split_local(qualified), ordinal)
}
