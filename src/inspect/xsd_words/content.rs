//! Text where only elements may be, elements where only text may be, and something where nothing
//! may be.

use super::Speaker;
use super::phrases::{Said, short};
use crate::domain::repair::Edit;

/// Elements into which labels' tools write a value directly, and the element inside that is for it.
const INNER: [(&str, &str, &str); 4] = [
    ("PartyName", "FullName", "name"),
    ("Genre", "GenreText", "genre"),
    ("Title", "TitleText", "title"),
    ("ReferenceTitle", "TitleText", "title"),
];

impl Speaker<'_> {
    fn must_be_empty(&self) -> bool {
        self.raw.message.contains("content type is empty")
    }

    pub(super) fn stray_text(&self) -> Said {
        let element = self.element();
        let found = if self.raw.value.is_empty() {
            "text".to_owned()
        } else {
            short(&self.raw.value)
        };
        if self.must_be_empty() {
            return Said::new(format!(
                "`{element}` must be empty, but there is text in it."
            ))
            .fix(format!("Write <{element}/>."))
            .expected("nothing")
            .found(found);
        }
        let said = Said::new(format!(
            "`{element}` may hold only other elements, but there is text in it."
        ))
        .expected("elements")
        .found(found);
        let Some((_, inner, what)) = INNER.iter().find(|(outer, ..)| *outer == element) else {
            return said.fix("Remove the text, or put it into the element that it belongs to.");
        };
        let edit = self.raw.children.is_empty().then(|| Edit::Wrap {
            path: self.path.to_owned(),
            name: (*inner).to_owned(),
        });
        said.fix(format!(
            "Put the {what} into <{inner}>: <{element}><{inner}>…</{inner}></{element}>."
        ))
        .repair(edit)
    }

    pub(super) fn stray_elements(&self) -> Said {
        let element = self.element();
        let first = self.raw.children.first();
        let found = first.map_or_else(|| "elements".to_owned(), |child| format!("<{child}>"));
        if self.must_be_empty() {
            return Said::new(format!(
                "`{element}` must be empty, but there are elements in it."
            ))
            .fix(format!("Write <{element}/>."))
            .expected("nothing")
            .found(found);
        }
        Said::new(format!(
            "`{element}` may hold only text, but there are elements in it."
        ))
        .fix(format!(
            "Write the value straight into it: <{element}>…</{element}>."
        ))
        .expected("text")
        .found(found)
    }
}
