//! An XML message being made: elements that put their own children into the schema's order.

use super::order::{self, Order};
use crate::domain::markup;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// An element that holds a text.
    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            ..Self::default()
        }
    }

    pub(super) fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// The attribute, if there is a value for it.
    pub(super) fn with_some(self, attribute: &'static str, value: Option<&str>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.with(attribute, value),
            None => self,
        }
    }

    pub(super) fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    pub(super) fn extend(&mut self, children: impl IntoIterator<Item = Self>) {
        self.children.extend(children);
    }

    /// A child with that text, if there is one.
    pub(super) fn push_text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.push(Self::text(name, text));
        }
    }

    /// Whether nothing was put into it.
    pub(super) fn is_empty(&self) -> bool {
        self.children.is_empty() && self.text.is_empty()
    }

    /// The same with its children in the order that the schema wants; those of one name stay in the
    /// order in which they came.
    pub(super) fn in_order(mut self, order: Order) -> Self {
        self.children
            .sort_by_key(|child| order::place(order, child.name));
        self
    }

    /// With `child` put around it: `<outer>self</outer>`.
    pub(super) fn inside(self, outer: &'static str) -> Self {
        let mut around = Self::new(outer);
        around.push(self);
        around
    }

    /// The whole document; the root gets its namespace.
    pub(super) fn document(&self, namespace: &str) -> Vec<u8> {
        let mut out = String::with_capacity(1 << 16);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ern:");
        out.push_str(self.name);
        out.push_str(" xmlns:ern=\"");
        out.push_str(namespace);
        out.push('"');
        self.write_inside(&mut out, 0, "ern:");
        out.push('\n');
        out.into_bytes()
    }

    fn write(&self, out: &mut String, depth: usize) {
        out.push('\n');
        for _ in 0..depth {
            out.push_str("  ");
        }
        out.push('<');
        out.push_str(self.name);
        self.write_inside(out, depth, "");
    }

    fn write_inside(&self, out: &mut String, depth: usize, prefix: &str) {
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            out.push_str(&markup::attribute(value));
            out.push('"');
        }
        if self.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&markup::text(&self.text));
        for child in &self.children {
            child.write(out, depth + 1);
        }
        if !self.children.is_empty() {
            out.push('\n');
            for _ in 0..depth {
                out.push_str("  ");
            }
        }
        out.push_str("</");
        out.push_str(prefix);
        out.push_str(self.name);
        out.push('>');
    }
}
