//! How the parser makes its tree: elements, attributes, text, namespaces.

use super::{MAX_BINDINGS, MAX_NAMES, MAX_TEXT_BYTES, Open, Parser};
use crate::domain::ern::decode::LineCursor;
use crate::domain::ern::tags::{self, RawAttribute};
use crate::domain::ern::tree::{Attribute, NONE, Node};
use crate::domain::ern::{mojibake, words};
use crate::domain::release::ReadFaultKind;
use std::borrow::Cow;
use std::cell::Cell;

impl<'a> Parser<'a> {
    pub(super) fn add_element(
        &mut self,
        qualified: &'a str,
        raw_attributes: Vec<RawAttribute<'a>>,
        raw: &'a str,
        is_empty: bool,
    ) {
        let id = u32::try_from(self.tree.nodes.len()).unwrap_or(NONE);
        let bindings = self.bindings.len();
        self.declare(&raw_attributes);
        if self.bindings.len() > MAX_BINDINGS {
            self.too_much("Too many namespaces are declared; we stopped reading here.".to_owned());
            return;
        }
        if self.names.len() > MAX_NAMES {
            self.too_much(format!(
                "The message has more than {MAX_NAMES} different names of elements and attributes; we stopped reading here."
            ));
            return;
        }
        let (prefix, name) = tags::split(qualified);
        let namespace = self.resolve(prefix).unwrap_or_else(|| {
            self.undeclared_prefix(prefix, qualified);
            ""
        });
        let parent = self.open.last().map_or(NONE, |open| open.id);
        let (ordinal, repeated) = self.count_sibling(parent, name, id);
        if ordinal == 1 {
            self.names.insert(name);
        }
        if !prefix.is_empty() {
            self.names.insert(prefix);
        }
        let first = u32::try_from(self.tree.attributes.len()).unwrap_or(NONE);
        self.tree.nodes.push(Node {
            prefix,
            name,
            namespace,
            text: Cow::Borrowed(""),
            line: self.cursor.line,
            column: self.cursor.column,
            parent,
            first_child: NONE,
            next: NONE,
            ordinal,
            repeated,
            attributes: (first, first),
            is_read: Cell::new(false),
        });
        self.link(parent, id);
        self.open.push(Open {
            id,
            qualified,
            line: self.cursor.line,
            last_child: NONE,
            bindings,
        });
        // Attributes follow each other: each place is found from the one before.
        let (mut cursor, mut reached) = (self.cursor, 0);
        for attribute in raw_attributes {
            let place = attribute.offset + 1;
            cursor.advance(raw.get(reached..place).unwrap_or_default());
            reached = place;
            self.add_attribute(&attribute, cursor);
        }
        let last = u32::try_from(self.tree.attributes.len()).unwrap_or(NONE);
        if let Some(node) = self.node_mut(id) {
            node.attributes = (first, last);
        }
        if is_empty {
            self.close();
        }
    }

    pub(super) fn add_attribute(&mut self, raw_attribute: &RawAttribute<'a>, place: LineCursor) {
        self.names.insert(raw_attribute.name);
        let (prefix, name) = tags::split(raw_attribute.name);
        if prefix == "xmlns" || raw_attribute.name == "xmlns" {
            return;
        }
        if !prefix.is_empty() && self.resolve(prefix).is_none() {
            self.undeclared_prefix(prefix, raw_attribute.name);
        }
        let value = self.attribute_value(raw_attribute.value, place);
        if let Some(garbled) = mojibake::look(&value) {
            self.note(
                ReadFaultKind::Mojibake,
                words::mojibake(name, &garbled),
                self.at(place),
            );
        }
        self.tree.attributes.push(Attribute {
            name,
            value,
            line: place.line,
            column: place.column,
            is_read: Cell::new(false),
        });
    }

    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.bindings.truncate(open.bindings);
        let garbled = self
            .node_mut(open.id)
            .and_then(|node| mojibake::look(&node.text).map(|garbled| (node.name, garbled)));
        if let Some((name, garbled)) = garbled {
            let at = self.position_of(open.id);
            self.note(ReadFaultKind::Mojibake, words::mojibake(name, &garbled), at);
        }
        if self.open.is_empty() && !self.stopped && self.offset < self.source.len() {
            self.whole = true;
        }
    }

    pub(super) fn push_text(&mut self, piece: Cow<'a, str>) {
        let Some(open) = self.open.last() else { return };
        let (id, has_children) = (open.id, open.last_child != NONE);
        let Some(node) = self.node_mut(id) else {
            return;
        };
        let is_blank = piece.trim_matches(tags::is_space).is_empty();
        // White space at the start is trimmed anyway; between children it is layout.
        if is_blank && (has_children || node.text.is_empty()) {
            return;
        }
        if node.text.len() + piece.len() > MAX_TEXT_BYTES {
            self.too_much(format!(
                "A text is longer than {MAX_TEXT_BYTES} bytes; we stopped reading here."
            ));
            return;
        }
        if node.text.is_empty() {
            node.text = piece;
        } else {
            node.text.to_mut().push_str(&piece);
        }
    }

    pub(super) fn node_mut(&mut self, id: u32) -> Option<&mut Node<'a>> {
        self.tree.nodes.get_mut(usize::try_from(id).ok()?)
    }

    pub(super) fn link(&mut self, parent: u32, id: u32) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let previous = std::mem::replace(&mut open.last_child, id);
        if previous == NONE {
            if let Some(node) = self.node_mut(parent) {
                node.first_child = id;
            }
        } else if let Some(node) = self.node_mut(previous) {
            node.next = id;
        }
    }

    pub(super) fn count_sibling(&mut self, parent: u32, name: &'a str, id: u32) -> (u32, bool) {
        let entry = self.siblings.entry((parent, name)).or_insert((0, id));
        entry.0 += 1;
        let (count, first) = *entry;
        if count == 2
            && let Some(node) = self.node_mut(first)
        {
            node.repeated = true;
        }
        (count, count > 1)
    }

    pub(super) fn declare(&mut self, attributes: &[RawAttribute<'a>]) {
        for attribute in attributes {
            if attribute.name.starts_with("xmlns") {
                self.names.insert(attribute.name);
                self.names.insert(attribute.value);
            }
            if attribute.name == "xmlns" {
                self.bindings.push(("", attribute.value));
            } else if let Some(prefix) = attribute.name.strip_prefix("xmlns:") {
                self.bindings.push((prefix, attribute.value));
            }
        }
    }

    pub(super) fn resolve(&self, prefix: &str) -> Option<&'a str> {
        let mut inside_out = self.bindings.iter().rev();
        inside_out.find(|(p, _)| *p == prefix).map(|(_, uri)| *uri)
    }

    pub(super) fn attribute_value(&mut self, value: &'a str, place: LineCursor) -> Cow<'a, str> {
        if !value.contains(['&', '<', '\n', '\t', '\r']) {
            return Cow::Borrowed(value);
        }
        let (text, faults) = tags::attribute_text(value);
        for fault in faults {
            let is_hidden = self.has_doctype
                && matches!(
                    fault,
                    tags::ValueFault::Reference(_, tags::ReferenceFault::Unknown)
                );
            if !is_hidden {
                self.broken(words::value_fault(&fault), self.at(place));
            }
        }
        Cow::Owned(text)
    }
}
