//! Applies edits to the text of a message, and touches nothing else in it.
//!
//! Every edit is worked out on the text as it is and becomes a few replacements of pieces; what does
//! not fit beside an earlier one is left for the next time. Nothing is done by halves: of the edits
//! that belong together all are applied or none.

use super::page::{Node, Page, Target};
use super::{decode, normalise, read, tags, xml};
use crate::domain::limits::Limits;
use crate::domain::markup;
use crate::domain::repair::Edit;
use std::ops::Range;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The text with the edits in it.
    pub text: String,
    /// For each group of edits whether it was applied.
    pub done: Vec<bool>,
}

/// The text of a message that can be edited: UTF-8, and said to be; no byte order mark. `None` when
/// it is not well-formed, or larger than we read.
pub fn editable(bytes: &[u8], limits: &Limits) -> Option<String> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limits.message_bytes {
        return None;
    }
    let decoded = decode::decode(bytes);
    let parsed = xml::parse(&decoded.text);
    let is_sound = parsed.well_formed && parsed.tree.root().is_some();
    is_sound.then(|| normalise::with_utf8_declared(&decoded.text))
}

/// Applies groups of edits, as many as fit together.
pub fn apply(text: &str, groups: &[&[Edit]], limits: &Limits) -> Edited {
    let is_namespace = |group: &&[Edit]| group.contains(&Edit::Namespace);
    if groups.iter().any(is_namespace) {
        // It touches every tag: alone, and the rest the next time.
        let rewritten = read(text.as_bytes(), limits).normalised;
        let is_changed = !rewritten.is_empty() && rewritten != text;
        return Edited {
            text: if is_changed {
                rewritten
            } else {
                text.to_owned()
            },
            done: groups
                .iter()
                .map(|group| is_changed && is_namespace(group))
                .collect(),
        };
    }
    let mut done = vec![false; groups.len()];
    let Some(page) = Page::read(text) else {
        return Edited {
            text: text.to_owned(),
            done,
        };
    };
    let mut accepted: Vec<Change> = Vec::new();
    // Small changes first: an order that is put right around them can wait.
    let is_wide = |group: &&[Edit]| group.iter().any(|edit| matches!(edit, Edit::Sort { .. }));
    for wide in [false, true] {
        for (group, done) in groups.iter().zip(&mut done) {
            if is_wide(group) != wide || *done {
                continue;
            }
            let Some(changes) = changes_of(&page, group) else {
                continue;
            };
            let fits = |change: &Change| !accepted.iter().any(|other| other.is_in_way_of(change));
            if changes.iter().all(fits) {
                accepted.extend(changes);
                *done = true;
            }
        }
    }
    Edited {
        text: changed(text, accepted),
        done,
    }
}

fn changed(text: &str, mut changes: Vec<Change>) -> String {
    // A stable sort: what is put in at one place stays in its order.
    changes.sort_by_key(|change| (change.at.start, change.at.end));
    let mut out = String::with_capacity(text.len() + 256);
    let mut copied = 0;
    for change in changes {
        out.push_str(text.get(copied..change.at.start).unwrap_or_default());
        out.push_str(&change.text);
        copied = change.at.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// A piece of the text and what takes its place.
struct Change {
    at: Range<usize>,
    text: String,
    /// Nothing may be put in at its ends either.
    is_wide: bool,
}

impl Change {
    fn new(at: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
            is_wide: false,
        }
    }

    fn is_in_way_of(&self, other: &Self) -> bool {
        let (a, b) = (&self.at, &other.at);
        if self.is_wide || other.is_wide {
            a.start <= b.end && b.start <= a.end
        } else if a.is_empty() && b.is_empty() {
            false
        } else {
            a.start < b.end && b.start < a.end
        }
    }
}

/// The replacements of a group, or `None` when one of its edits cannot be made or changes nothing.
fn changes_of(page: &Page<'_>, group: &[Edit]) -> Option<Vec<Change>> {
    let mut all: Vec<Change> = Vec::new();
    for edit in group {
        let changes = one(page, edit)?;
        let fits = |change: &Change| !all.iter().any(|other| other.is_in_way_of(change));
        if !changes.iter().all(fits) {
            return None;
        }
        all.extend(changes);
    }
    (!all.is_empty()).then_some(all)
}

fn one(page: &Page<'_>, edit: &Edit) -> Option<Vec<Change>> {
    match edit {
        Edit::Namespace => None,
        Edit::Set { path, value } => match page.find(path)? {
            Target::Element(id) => set_text(page, page.node(id)?, value),
            Target::Attribute(id, name) => set_attribute(page, page.node(id)?, name, value),
        },
        Edit::Rename { path, name } => match page.find(path)? {
            Target::Element(id) => {
                let node = page.node(id)?;
                let places = std::iter::once(node.name_in_open()).chain(node.name_in_close());
                Some(places.map(|at| Change::new(at, name)).collect())
            }
            Target::Attribute(id, old) => {
                let node = page.node(id)?;
                let found = attribute(page, node, old)?;
                if attribute(page, node, name).is_some() {
                    return None;
                }
                Some(vec![Change::new(found.name, name)])
            }
        },
        Edit::Wrap { path, name } => {
            let node = page.element(path)?;
            let inside = page.text.get(node.inside())?.trim();
            if !node.children.is_empty() || inside.is_empty() {
                return None;
            }
            let wrapped = format!("<{name}>{inside}</{name}>");
            Some(vec![Change::new(node.inside(), wrapped)])
        }
        Edit::Remove { path } => Some(vec![removal(page, page.element(path)?)]),
        Edit::Insert { path, after, xml } => insertion(page, page.element(path)?, after, xml),
        Edit::Move { path, into, after } => moved(page, path, into, after),
        Edit::Sort { path, order } => sorted(page, page.element(path)?, order),
    }
}

fn set_text(page: &Page<'_>, node: &Node<'_>, value: &str) -> Option<Vec<Change>> {
    if !node.children.is_empty() {
        return None;
    }
    let text = markup::text(value);
    if !node.is_single_tag() {
        let is_new = page.text.get(node.inside())? != text;
        return is_new.then(|| vec![Change::new(node.inside(), text)]);
    }
    let tag = page.text.get(node.open.clone())?.strip_suffix("/>")?;
    let name = tags::name_of(tag.get(1..)?);
    let whole = format!("{}>{text}</{name}>", tag.trim_end());
    Some(vec![Change::new(node.whole(), whole)])
}

/// Where an attribute stands.
struct Place {
    name: Range<usize>,
    value: Range<usize>,
}

fn attribute(page: &Page<'_>, node: &Node<'_>, name: &str) -> Option<Place> {
    let start = node.open.start + 1;
    let inside = page.text.get(start..node.open.end - 1)?;
    let from = tags::name_of(inside).trim_end_matches('/').len();
    let scan = tags::scan(inside.trim_end_matches('/'), from, usize::MAX);
    let found = scan
        .attributes
        .iter()
        .find(|attribute| tags::split_local(attribute.name) == name)?;
    let name_end = start + found.offset + found.name.len();
    let value_end = start + found.end - 1;
    Some(Place {
        name: name_end - name.len()..name_end,
        value: value_end - found.value.len()..value_end,
    })
}

fn set_attribute(page: &Page<'_>, node: &Node<'_>, name: &str, value: &str) -> Option<Vec<Change>> {
    let text = markup::attribute(value).replace('\'', "&apos;");
    if let Some(place) = attribute(page, node, name) {
        let is_new = page.text.get(place.value.clone())? != text;
        return is_new.then(|| vec![Change::new(place.value, text)]);
    }
    let tag = page.text.get(node.open.clone())?;
    let end = tag.len() - if tag.ends_with("/>") { 2 } else { 1 };
    let end = node.open.start + tag.get(..end)?.trim_end().len();
    Some(vec![Change::new(end..end, format!(" {name}=\"{text}\""))])
}

/// Takes the whole line, where the element has it for itself.
fn removal(page: &Page<'_>, node: &Node<'_>) -> Change {
    let whole = node.whole();
    let margin = page
        .margin(whole.start)
        .filter(|_| page.ends_line(whole.end));
    Change::new(whole.start - margin.map_or(0, str::len)..whole.end, "")
}

fn insertion(
    page: &Page<'_>,
    parent: &Node<'_>,
    after: &[String],
    xml: &str,
) -> Option<Vec<Change>> {
    if parent.is_single_tag() || parent.has_text {
        return None;
    }
    let is_before = |child: &&Node<'_>| after.iter().any(|name| name == child.name());
    let anchor = page.children(parent).rfind(is_before);
    let place = anchor.map_or(parent.open.end, |anchor| anchor.whole().end);
    let neighbour = anchor.or_else(|| page.children(parent).next());
    let margin = match neighbour {
        Some(neighbour) => page.margin(neighbour.open.start),
        None => page.margin(parent.close.start),
    };
    let lines: Vec<&str> = xml.lines().collect();
    let text = match margin {
        Some(margin) => lines
            .iter()
            .flat_map(|line| [margin, line])
            .collect::<String>(),
        None => lines.iter().map(|line| line.trim()).collect(),
    };
    Some(vec![Change::new(place..place, text)])
}

fn moved(page: &Page<'_>, path: &str, into: &str, after: &[String]) -> Option<Vec<Change>> {
    let (Target::Element(from), Target::Element(to)) = (page.find(path)?, page.find(into)?) else {
        return None;
    };
    if page.is_within(to, from) {
        return None;
    }
    let node = page.node(from)?;
    let xml = page.text.get(node.whole())?;
    let margin = page.margin(node.open.start).unwrap_or_default();
    let indent = margin.trim_start_matches(['\r', '\n']);
    let lines: Vec<&str> = xml
        .lines()
        .map(|line| line.strip_prefix(indent).unwrap_or(line))
        .collect();
    let mut changes = insertion(page, page.node(to)?, after, &lines.join("\n"))?;
    changes.push(removal(page, node));
    Some(changes)
}

/// Children change places; what stands between them stays, and comments go with the element that
/// follows them.
fn sorted(page: &Page<'_>, parent: &Node<'_>, order: &[String]) -> Option<Vec<Change>> {
    if parent.has_text {
        return None;
    }
    let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
    let mut start = parent.open.end;
    for child in page.children(parent) {
        let rank = order.iter().position(|name| name == child.name())?;
        let gap = page.text.get(start..child.open.start)?;
        let blank = gap.len() - gap.trim_start().len();
        pieces.push((rank, start + blank..child.close.end));
        start = child.close.end;
    }
    if pieces.is_sorted_by_key(|piece| piece.0) {
        return None;
    }
    let mut in_order = pieces.clone();
    in_order.sort_by_key(|piece| piece.0);
    let whole = pieces.first()?.1.start..pieces.last()?.1.end;
    let mut out = String::with_capacity(whole.len());
    let mut copied = whole.start;
    for ((_, place), (_, piece)) in pieces.iter().zip(&in_order) {
        out.push_str(page.text.get(copied..place.start)?);
        out.push_str(page.text.get(piece.clone())?);
        copied = place.end;
    }
    let mut change = Change::new(whole, out);
    change.is_wide = true;
    Some(vec![change])
}
