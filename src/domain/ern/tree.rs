//! The message as a tree of elements that remember where they stood.
//!
//! Holds what the readers of a version ask for and nothing else: comments, processing
//! instructions and white space between elements are gone. Names are matched without their
//! prefix, because labels' tools write `ern:`, `ernm:`, `ns1:` or none.

use crate::domain::release::{Pos, Text};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write as _;

/// Index that stands for "no such element".
pub(super) const NONE: u32 = u32::MAX;

/// One element.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Prefix as written, empty when there is none.
    pub(super) prefix: &'a str,
    /// Local name.
    pub(super) name: &'a str,
    /// Namespace, empty when there is none.
    pub(super) namespace: &'a str,
    /// Character data directly inside, line ends normalised.
    pub(super) text: Cow<'a, str>,
    /// Where its `<` stands.
    pub(super) line: u32,
    /// Where its `<` stands, in characters.
    pub(super) column: u32,
    /// The element around it.
    pub(super) parent: u32,
    /// Its first child.
    pub(super) first_child: u32,
    /// The next element in the same parent.
    pub(super) next: u32,
    /// Number among the elements of the same name in its parent, from 1.
    pub(super) ordinal: u32,
    /// Whether there is another of the same name in its parent.
    pub(super) repeated: bool,
    /// Its attributes in `Tree::attributes`.
    pub(super) attributes: (u32, u32),
    /// Whether a reader asked for its text.
    pub(super) is_read: Cell<bool>,
}

/// One attribute; declarations of namespaces are not kept.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    /// Local name.
    pub(super) name: &'a str,
    /// Value with references resolved.
    pub(super) value: Cow<'a, str>,
    /// Where it stands.
    pub(super) line: u32,
    /// Where it stands, in characters.
    pub(super) column: u32,
    /// Whether a reader asked for it.
    pub(super) is_read: Cell<bool>,
}

/// A message. The first node is the root.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
}

impl<'a> Tree<'a> {
    /// The root element, when there was any element.
    pub(super) fn root(&self) -> Option<Element<'_, 'a>> {
        self.element(0)
    }

    /// Every element in the order of the message.
    pub(super) fn elements(&self) -> impl Iterator<Item = Element<'_, 'a>> {
        let count = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        (0..count).filter_map(|id| self.element(id))
    }

    fn element(&self, id: u32) -> Option<Element<'_, 'a>> {
        let node = self.nodes.get(usize::try_from(id).ok()?)?;
        Some(Element { tree: self, node })
    }

    /// The element and all around it, the innermost first.
    fn steps<'t>(&'t self, node: &'t Node<'a>) -> Vec<&'t Node<'a>> {
        let mut steps = vec![node];
        let mut at = node.parent;
        while let Some(element) = self.element(at) {
            steps.push(element.node);
            at = element.node.parent;
        }
        steps
    }

    /// Path of an element as `XPath` writes it, without prefixes: a number only where several
    /// elements of the name stand side by side.
    pub(super) fn path(&self, node: &Node<'a>) -> String {
        let steps = self.steps(node);
        let mut path = String::with_capacity(96);
        for step in steps.iter().rev() {
            path.push('/');
            path.push_str(step.name);
            if step.repeated {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{}]", step.ordinal);
            }
        }
        path
    }
}

/// An element of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'t, 'a> {
    tree: &'t Tree<'a>,
    node: &'t Node<'a>,
}

impl<'t, 'a> Element<'t, 'a> {
    /// Local name.
    pub(super) fn name(self) -> &'a str {
        self.node.name
    }

    /// Prefix as written, empty when there is none.
    pub(super) fn prefix(self) -> &'a str {
        self.node.prefix
    }

    /// Namespace, empty when there is none.
    pub(super) fn namespace(self) -> &'a str {
        self.node.namespace
    }

    /// Where it starts.
    pub(super) fn at(self) -> Pos {
        Pos {
            line: self.node.line,
            column: self.node.column,
            path: self.tree.path(self.node),
        }
    }

    /// Its text and place.
    pub(super) fn text(self) -> Text {
        Text {
            value: self.raw().to_owned(),
            at: self.at(),
        }
    }

    /// Its text alone, white space at both ends removed.
    pub(super) fn raw(self) -> &'t str {
        self.node.is_read.set(true);
        self.node.text.trim()
    }

    /// Elements directly inside.
    pub(super) fn children(self) -> impl Iterator<Item = Self> {
        let mut next = self.node.first_child;
        std::iter::from_fn(move || {
            let child = self.tree.element(next)?;
            next = child.node.next;
            Some(child)
        })
    }

    /// Elements of that name directly inside.
    pub(super) fn all(self, name: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |c| c.name() == name)
    }

    /// The first element of that name directly inside.
    pub(super) fn child(self, name: &str) -> Option<Self> {
        self.all(name).next()
    }

    /// Text of the first element of that name directly inside; empty text counts as none.
    pub(super) fn child_text(self, name: &str) -> Option<Text> {
        self.all(name).map(Self::text).find(|t| !t.is_empty())
    }

    /// Texts of all elements of that name directly inside, empty ones left out.
    pub(super) fn texts(self, name: &str) -> impl Iterator<Item = Text> {
        self.all(name).map(Self::text).filter(|t| !t.is_empty())
    }

    /// Takes note of children and attributes that say nothing that is not said elsewhere.
    pub(super) fn pass_over(self, names: &[&str]) {
        for child in self.children().filter(|c| names.contains(&c.name())) {
            child.node.is_read.set(true);
        }
        for attribute in self.attributes().iter().filter(|a| names.contains(&a.name)) {
            attribute.is_read.set(true);
        }
    }

    /// Its path without numbers.
    pub(super) fn kind(self) -> String {
        let mut kind = String::with_capacity(96);
        for step in self.tree.steps(self.node).iter().rev() {
            kind.push('/');
            kind.push_str(step.name);
        }
        kind
    }

    /// `kind`, when it holds a text that no reader asked for.
    pub(super) fn unread_kind(self) -> Option<String> {
        let is_lost = !self.node.is_read.get()
            && self.node.first_child == NONE
            && !self.node.text.trim().is_empty();
        is_lost.then(|| self.kind())
    }

    /// An attribute by its local name.
    pub(super) fn attribute(self, name: &str) -> Option<Text> {
        let found = self.attributes().iter().find(|a| a.name == name)?;
        found.is_read.set(true);
        let mut path = self.tree.path(self.node);
        path.push_str("/@");
        path.push_str(name);
        Some(Text {
            value: found.value.trim().to_owned(),
            at: Pos {
                line: found.line,
                column: found.column,
                path,
            },
        })
    }

    /// Its attributes.
    pub(super) fn attributes(self) -> &'t [Attribute<'a>] {
        let (start, end) = self.node.attributes;
        self.tree
            .attributes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}
