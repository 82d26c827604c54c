//! What a label's message hardly ever has: another root, `xsi:type` and `xsi:nil`, fixed values,
//! keys that lead nowhere; and the sentence for what we do not know better.

use super::Speaker;
use super::phrases::{Said, between, short};

impl Speaker<'_> {
    pub(super) fn wrong_root(&self) -> Said {
        Said::new(format!(
            "A message of this version cannot begin with `<{}>` in this namespace.",
            self.element()
        ))
        .fix("Begin it with <ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\" …>.")
        .expected("NewReleaseMessage")
        .found(self.element())
    }

    /// Codes 1846 to 1874: the declarations that a message may make about itself.
    pub(super) fn rare(&self) -> Said {
        let element = self.element();
        match self.raw.code {
            1846 => Said::new(format!(
                "`{element}` is only a pattern for other elements and cannot be used itself."
            ))
            .fix("Use one of the elements that stand for it."),
            1847..=1849 => Said::new(format!(
                "`{element}` cannot be declared empty by `xsi:nil`."
            ))
            .fix("Remove xsi:nil, and write the value into the element."),
            1850..=1852 => Said::new(format!(
                "`xsi:type` of `{element}` names a type that cannot stand here."
            ))
            .fix("Remove xsi:type."),
            1853..=1858 | 1861..=1864 | 1874 => {
                let fixed = between(&self.raw.message, "constraint '", "'")
                    .or_else(|| between(&self.raw.message, "fixed value '", "'"))
                    .unwrap_or_default();
                let said = Said::new(format!(
                    "{} has another value than the only one that it may have.",
                    self.carrier()
                ))
                .expected(short(fixed))
                .found(short(&self.raw.value));
                if fixed.is_empty() {
                    said.fix("Compare it with the guide's example.")
                } else {
                    said.fix(format!("Write {}.", short(fixed)))
                }
            }
            1869 | 1870 => Said::new(format!(
                "`<{element}>` has two attributes that are identifiers."
            ))
            .fix("Keep one of them."),
            _ => self.plainly(),
        }
    }

    /// A key that is there twice, is missing, or leads nowhere.
    pub(super) fn broken_key(&self) -> Said {
        let message = &self.raw.message;
        let value = between(message, "['", "']").unwrap_or(&self.raw.value);
        let carrier = self.carrier();
        let (what, fix) = if message.contains("Duplicate") || message.contains("More than one") {
            (
                format!(
                    "“{}” in {carrier} is there already; it may stand for one thing only.",
                    short(value)
                ),
                "Give one of the two another value.",
            )
        } else if message.contains("No match") {
            (
                format!(
                    "“{}” in {carrier} refers to something that is not in the message.",
                    short(value)
                ),
                "Correct the reference, or add what it refers to.",
            )
        } else {
            (
                format!("{carrier} lacks the value by which others refer to it."),
                "Add the value.",
            )
        };
        Said::new(what).fix(fix).found(short(value))
    }

    /// For what we have no sentence for.
    pub(super) fn plainly(&self) -> Said {
        Said::new(format!(
            "The schema does not allow {} as it is.",
            self.carrier()
        ))
        .fix("Compare it with the guide's example.")
        .found(short(&self.raw.value))
    }
}
