//! An element that its parent does not know: misspelt, or put into the wrong element.

use super::Speaker;
use super::phrases::{Said, listed, same, with_brackets};
use crate::domain::repair::Edit;
use crate::inspect::xsd_likeness::nearest;
use crate::inspect::xsd_model::Content;

impl Speaker<'_> {
    /// A name that the parent does not know.
    pub(super) fn unknown(&self, content: &Content) -> Said {
        let element = self.element();
        let parent = self.parent();
        let names: Vec<&str> = content.children.iter().map(|c| c.name.as_str()).collect();
        let expected = self.expected_next();
        if let Some(home) = self.home_among(content) {
            return Said::new(format!(
                "`{element}` is not known inside `{parent}`; it belongs into `{home}`."
            ))
            .fix(format!("Move <{element}> into <{home}>."))
            .expected(format!("{home}/{element}"))
            .found(element);
        }
        let nearest = nearest(element, &names, 1);
        let said = Said::new(format!("`{element}` is not known inside `{parent}`."))
            .found(element)
            // In other letters it is the same name.
            .repair(same(element, &names).map(|right| Edit::rename(self.path, right)));
        match nearest.first() {
            Some(name) => said.fix(format!("Did you mean <{name}>?")).expected(*name),
            None if expected.is_empty() => said.fix(format!("Remove <{element}>.")),
            None => said
                .fix(format!(
                    "Remove it. Expected here: {}.",
                    with_brackets(&expected)
                ))
                .expected(listed(&expected)),
        }
    }

    /// The child of the parent that would know the element: it was put one level too high.
    fn home_among<'c>(&self, content: &'c Content) -> Option<&'c str> {
        let element = self.element();
        let (_, above) = self.raw.ancestry.split_last()?;
        let knows = |name: &str| {
            let mut inside = above.to_vec();
            inside.push(name.to_owned());
            let own = self.model.content(&inside);
            own.is_some_and(|own| own.named(element).next().is_some())
        };
        let names = content.children.iter().map(|child| child.name.as_str());
        let mut homes = names.filter(|name| knows(name));
        let first = homes.next()?;
        // With several to choose from the right one is a guess.
        homes.next().is_none().then_some(first)
    }
}
