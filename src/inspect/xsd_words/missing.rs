//! Something that an element must hold is not there.

use super::Speaker;
use super::phrases::{Said, listed, one_of, with_brackets};
use crate::inspect::xsd_model::Content;

/// As many names as libxml2 lists at most.
const MOST_LISTED: usize = 10;

impl Speaker<'_> {
    pub(super) fn missing(&self) -> Said {
        let element = self.element();
        let expected = self.expected_next();
        let content = self.own_content();
        // libxml2 lists what may come next; a required one among them is what is missing.
        let required: Vec<&str> = expected
            .iter()
            .copied()
            .filter(|name| content.named(name).any(|c| c.is_required))
            .filter(|name| !self.raw.children.iter().any(|c| c == name))
            .collect();
        // It lists ten names at most: the required one may stand behind them.
        let absent = || {
            let is_filled = |place: usize| {
                let children = self.raw.children.iter();
                let mut there = children.flat_map(|name| content.named(name));
                there.any(|c| c.place == place)
            };
            let children = content.children.iter();
            children
                .filter(|c| (c.is_required || c.is_alternative) && !is_filled(c.place))
                .map(|c| c.name.as_str())
                .collect::<Vec<_>>()
        };
        let names = match (required.is_empty(), expected.len() >= MOST_LISTED) {
            (false, _) => required,
            (true, true) => Some(absent()).filter(|a| !a.is_empty()).unwrap_or(expected),
            (true, false) => expected,
        };
        Said::new(format!(
            "{} is required inside `{element}`.",
            one_of(&names)
        ))
        .fix(format!(
            "Add {} {}.",
            with_brackets(&names),
            self.place_for(&names, &content)
        ))
        .expected(listed(&names))
        .found("nothing")
    }

    /// "after `X`", when what stands there already tells.
    fn place_for(&self, names: &[&str], content: &Content) -> String {
        let place = names
            .first()
            .and_then(|name| content.named(name).map(|c| c.place).min());
        let before = self.raw.children.iter().rev().find(|child| {
            let earlier = content.named(child).map(|c| c.place).min();
            matches!((earlier, place), (Some(earlier), Some(place)) if earlier < place)
        });
        before.map_or_else(
            || format!("inside <{}>", self.element()),
            |before| format!("after <{before}>"),
        )
    }
}
