//! Where the parser is, and how it notes a fault there.

use super::{MAX_FAULTS, MAX_FAULTS_READ, Parser};
use crate::domain::ern::decode::LineCursor;
use crate::domain::ern::{tags, words};
use crate::domain::release::{Pos, ReadFault, ReadFaultKind};

impl<'a> Parser<'a> {
    pub(super) fn move_to(&mut self, offset: usize) {
        let piece = self.source.get(self.offset..offset).unwrap_or_default();
        self.cursor.advance(piece);
        self.offset = offset.min(self.source.len()).max(self.offset);
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.offset..).unwrap_or_default()
    }

    /// The text around the current place: up to the tags or line ends beside it.
    pub(super) fn line_of_text(&self) -> &'a str {
        // Looked for nearby only: a file may be one line of a million ampersands.
        const REACH_BYTES: usize = 100;
        let from = self.offset.saturating_sub(REACH_BYTES);
        let from = self.source.ceil_char_boundary(from);
        let to = self.source.floor_char_boundary(self.offset + REACH_BYTES);
        let before = self.source.get(from..self.offset).unwrap_or_default();
        let after = self.source.get(self.offset..to).unwrap_or_default();
        let start = before.rfind(['>', '\n']).map_or(0, |place| place + 1);
        let end = after.find(['<', '\n']).unwrap_or(after.len());
        self.source
            .get(from + start..self.offset + end)
            .unwrap_or_default()
    }

    pub(super) fn path(&self) -> String {
        let node = self.open.last().and_then(|open| {
            let index = usize::try_from(open.id).ok()?;
            self.tree.nodes.get(index)
        });
        node.map_or_else(String::new, |node| self.tree.path(node))
    }

    /// The start of the current event.
    pub(super) fn here(&self) -> Pos {
        Pos {
            path: self.path(),
            ..self.cursor.position()
        }
    }

    /// A place inside the current event.
    pub(super) fn inside(&self, raw: &str, offset: usize) -> Pos {
        let mut cursor = self.cursor;
        cursor.advance(raw.get(..offset).unwrap_or_default());
        self.at(cursor)
    }

    /// A place inside the element that is open.
    pub(super) fn at(&self, place: LineCursor) -> Pos {
        Pos {
            path: self.path(),
            ..place.position()
        }
    }

    /// A place inside a start tag whose element is not in the tree yet.
    pub(super) fn inside_tag(&self, raw: &str, offset: usize, qualified: &str) -> Pos {
        let mut at = self.inside(raw, offset);
        at.path.push('/');
        at.path.push_str(tags::split(qualified).1);
        at
    }

    pub(super) fn position_of(&self, id: u32) -> Pos {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        self.tree
            .nodes
            .get(index)
            .map_or_else(Pos::default, |node| Pos {
                line: node.line,
                column: node.column,
                path: self.tree.path(node),
            })
    }

    pub(super) fn check_characters(&mut self, raw: &str) {
        let Some((place, character)) = tags::illegal_character(raw) else {
            return;
        };
        let at = self.inside(raw, place);
        self.broken(words::illegal_character(character), at);
    }

    pub(super) fn outside(&mut self, raw: &str) {
        let is_after = !self.tree.nodes.is_empty();
        if is_after {
            self.stopped = true;
        }
        let blank = raw.len() - raw.trim_start_matches(tags::is_space).len();
        let at = self.inside(raw, blank);
        self.broken(words::text_outside(raw, is_after), at);
    }

    pub(super) fn undeclared_prefix(&mut self, prefix: &'a str, qualified: &str) {
        if self.undeclared.contains(&prefix) || self.undeclared.len() >= 16 {
            return;
        }
        self.undeclared.push(prefix);
        // Not `broken`: a parser reads on, and the XSD check can still say what else is wrong.
        self.note(
            ReadFaultKind::NotWellFormed,
            words::undeclared_prefix(prefix, qualified),
            self.here(),
        );
    }

    pub(super) fn nesting(&mut self, words: words::Words) {
        self.well_formed = false;
        if self.derailed {
            self.count_fault();
        } else {
            self.broken(words, self.here());
        }
    }

    pub(super) fn broken(&mut self, words: words::Words, at: Pos) {
        self.well_formed = false;
        self.note(ReadFaultKind::NotWellFormed, words, at);
    }

    pub(super) fn too_much(&mut self, message: String) {
        self.well_formed = false;
        self.stopped = true;
        let fix = "A release never needs that. Export the message again.".to_owned();
        // Kept however many there are: it says why nothing follows.
        self.faults.push(ReadFault {
            kind: ReadFaultKind::TooMuch,
            message,
            fix: Some(fix),
            at: self.here(),
        });
    }

    fn count_fault(&mut self) {
        self.seen_faults += 1;
        if self.seen_faults == MAX_FAULTS_READ {
            self.too_much(format!(
                "The message has more than {MAX_FAULTS_READ} faults; we stopped reading here."
            ));
        }
    }

    pub(super) fn note(&mut self, kind: ReadFaultKind, (message, fix): words::Words, at: Pos) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(ReadFault {
                kind,
                message,
                fix: Some(fix),
                at,
            });
        }
        self.count_fault();
    }
}
