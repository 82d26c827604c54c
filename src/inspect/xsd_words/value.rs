//! A value that is not in its list.

use super::Speaker;
use super::phrases::{Said, between, quoted, same, short};
use crate::domain::repair::Edit;
use crate::inspect::xsd_likeness::nearest_values;

/// A list as short as this is told whole.
const MOST_TOLD: usize = 6;

impl Speaker<'_> {
    pub(super) fn not_in_list(&self) -> Said {
        let value = self.value();
        let list = between(&self.raw.message, "the set {", "}");
        // Cut off in the middle, the list still has most of its values.
        let list = list.or_else(|| self.raw.message.split_once("the set {").map(|(_, l)| l));
        let allowed: Vec<&str> = list
            .unwrap_or_default()
            .split(", ")
            .map(|v| v.trim_matches('\''))
            .filter(|v| !v.is_empty())
            .collect();
        // In other letters it is the same value.
        let edit = same(value, &allowed).map(|right| Edit::set(self.path, right));
        let near = if allowed.len() <= MOST_TOLD {
            allowed
        } else {
            nearest_values(value, &allowed)
        };
        let fix = match near.as_slice() {
            [] => format!("See DDEX's list of values for `{}`.", self.element()),
            [one] => format!("Write `{one}`, if that is meant."),
            _ => format!("Allowed are, among others: {}.", quoted(&near)),
        };
        Said::new(format!(
            "“{}” is not among the values that {} may have.",
            short(value),
            self.carrier()
        ))
        .fix(fix)
        .expected(near.join(" | "))
        .found(short(value))
        .repair(edit)
        .or_empty(value, &self.carrier())
    }
}
