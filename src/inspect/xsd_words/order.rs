//! An element that the schema knows, in the wrong place: out of order, beside one that it excludes,
//! before one that is missing, or once too often.

use super::Speaker;
use super::phrases::{Said, listed, one_of, with_brackets};
use crate::domain::repair::Edit;
use crate::inspect::xsd_model::Content;

/// Where an element that stands wrong belongs: its places in the order.
struct Stands<'a> {
    name: &'a str,
    first: usize,
    last: usize,
}

impl Speaker<'_> {
    pub(super) fn unexpected(&self) -> Said {
        let element = self.element();
        let content = self.parent_content();
        if content.children.is_empty() {
            return self.unexpected_plainly();
        }
        let places: Vec<usize> = content.named(element).map(|c| c.place).collect();
        let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) else {
            return self.unknown(&content);
        };
        let stands = Stands {
            name: element,
            first: *first,
            last: *last,
        };
        self.wrong_order(&stands, &content)
            .or_else(|| self.rival(&stands, &content))
            .or_else(|| self.skipped(&stands, &content))
            .or_else(|| self.repeated(&content))
            .unwrap_or_else(|| self.unexpected_plainly())
    }

    /// A sibling on the wrong side of it.
    fn wrong_order(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let place = |name: &str| content.named(name).map(|c| c.place).min();
        let element = stands.name;
        let overtaken = self
            .raw
            .before
            .iter()
            .find(|name| place(name).is_some_and(|place| place > stands.last));
        if let Some(later) = overtaken {
            let fix = format!("Move <{element}> in front of the first <{later}>.");
            return Some(self.order(element, later, fix, content));
        }
        // It came too early: something that must come first follows it.
        let needed = |name: &&String| {
            content
                .named(name)
                .any(|c| (c.is_required || c.is_alternative) && c.place < stands.first)
        };
        let earlier = self.raw.after.iter().rfind(needed)?;
        let fix = format!("Move <{element}> behind the last <{earlier}>.");
        Some(self.order(earlier, element, fix, content))
    }

    fn order(&self, first: &str, second: &str, fix: String, content: &Content) -> Said {
        Said::new(format!(
            "`{first}` must come before `{second}` inside `{}`.",
            self.parent()
        ))
        .fix(fix)
        .expected(format!("{first} before {second}"))
        .found(format!("{second} before {first}"))
        .repair(self.in_order(content))
    }

    /// The siblings in the schema's order, where every one of them has one place in it.
    fn in_order(&self, content: &Content) -> Option<Edit> {
        let (parent, _) = self.path.rsplit_once('/')?;
        let mut children: Vec<_> = content.children.iter().collect();
        children.sort_by_key(|child| child.place);
        let present = |name: &str| {
            let siblings = self.raw.before.iter().chain(&self.raw.after);
            name == self.element() || siblings.into_iter().any(|sibling| sibling == name)
        };
        let order: Vec<String> = children
            .into_iter()
            .map(|child| child.name.clone())
            .filter(|name| present(name))
            .collect();
        let is_certain = order.iter().all(|name| content.named(name).count() == 1);
        is_certain.then(|| Edit::Sort {
            path: parent.to_owned(),
            order,
        })
    }

    /// Another of the same choice is there already.
    fn rival(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let is_rival = |name: &&String| {
            *name != stands.name && content.named(name).any(|c| c.place == stands.first)
        };
        let rival = self.raw.before.iter().find(is_rival)?;
        Some(
            Said::new(format!(
                "`{}` cannot stand beside `{rival}` inside `{}`.",
                stands.name,
                self.parent()
            ))
            .fix(format!("Use either <{rival}> or <{}>.", stands.name))
            .expected(format!("{rival} | {}", stands.name))
            .found("both"),
        )
    }

    /// A required sibling, or a choice, that should have come before it and is nowhere.
    fn skipped(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let has_place = |place: usize| {
            self.raw
                .before
                .iter()
                .any(|name| content.named(name).any(|c| c.place == place))
        };
        let missing = content.children.iter().find(|c| {
            (c.is_required || c.is_alternative) && c.place < stands.first && !has_place(c.place)
        })?;
        let names: Vec<&str> = content
            .children
            .iter()
            .filter(|c| c.place == missing.place && (c.is_required || c.is_alternative))
            .map(|c| c.name.as_str())
            .collect();
        let element = stands.name;
        Some(
            Said::new(format!(
                "{} is required inside `{}`, before `{element}`.",
                one_of(&names),
                self.parent()
            ))
            .fix(format!("Add <{}> before this <{element}>.", missing.name))
            .expected(listed(&names))
            .found(element),
        )
    }

    fn repeated(&self, content: &Content) -> Option<Said> {
        let element = self.element();
        let is_again = self.raw.before.iter().any(|name| name == element);
        (is_again && !content.named(element).any(|c| c.is_many)).then(|| {
            Said::new(format!(
                "`{element}` may stand only once inside `{}`.",
                self.parent()
            ))
            .fix(format!("Keep one <{element}>."))
            .expected("one")
            .found("more than one")
        })
    }

    pub(super) fn unexpected_plainly(&self) -> Said {
        let element = self.element();
        let expected = self.expected_next();
        let fix = if expected.is_empty() {
            format!("Remove <{element}>, or move it where it belongs.")
        } else {
            format!("Expected here: {}.", with_brackets(&expected))
        };
        Said::new(format!(
            "`{element}` may not stand here inside `{}`.",
            self.parent()
        ))
        .fix(fix)
        .expected(listed(&expected))
        .found(element)
    }
}
