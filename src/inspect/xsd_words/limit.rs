//! A value that is too long, too short, too large, too small, or has too many digits.

use super::Speaker;
use super::phrases::{Said, short};

impl Speaker<'_> {
    pub(super) fn beyond_limit(&self) -> Said {
        let value = self.value();
        let limit = self.limit();
        // Numbers of libxml2's xmlParserErrors, XML_SCHEMAV_CVC_LENGTH_VALID and the next.
        let (what, expected) = match self.raw.code {
            1830 => (
                "has not the length that it must have",
                format!("{limit} characters"),
            ),
            1831 => ("is too short", format!("at least {limit} characters")),
            1832 => ("is too long", format!("at most {limit} characters")),
            1833 => ("is too small", format!("{limit} or more")),
            1834 => ("is too large", format!("{limit} or less")),
            1835 => ("is too small", format!("more than {limit}")),
            1836 => ("is too large", format!("less than {limit}")),
            1837 => ("has too many digits", format!("at most {limit} digits")),
            _ => (
                "has too many digits behind the point",
                format!("at most {limit} digits behind the point"),
            ),
        };
        Said::new(format!("“{}”: {} {what}.", short(value), self.carrier()))
            .fix(format!("Allowed is {expected}."))
            .expected(expected)
            .found(short(value))
            .or_empty(value, &self.carrier())
    }

    /// The number that libxml2 names last.
    fn limit(&self) -> String {
        let quoted = self.raw.message.trim_end().trim_end_matches(['.', ')']);
        let last = quoted.trim_end_matches('\'').rsplit('\'').next();
        short(last.unwrap_or_default())
    }
}
