//! Territories as a set that a deal can say: some, or all but some.
//!
//! A code such as `US-CA` lies in `US`. Where a part cannot be cut out exactly, the whole is left out:
//! what is made of two sets is never more than either.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The code of everywhere.
const WORLD: &str = "Worldwide";

/// A set of territories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// These; none at all when empty.
    In(BTreeSet<String>),
    /// Everywhere but these; everywhere when empty.
    NotIn(BTreeSet<String>),
}

impl Area {
    /// Everywhere.
    pub fn world() -> Self {
        Self::NotIn(BTreeSet::new())
    }

    /// These codes; `Worldwide` among them means everywhere.
    pub fn of<T: AsRef<str>>(codes: impl IntoIterator<Item = T>) -> Self {
        let codes: BTreeSet<String> = codes.into_iter().map(|c| c.as_ref().to_owned()).collect();
        if codes.contains(WORLD) {
            Self::world()
        } else {
            Self::In(codes)
        }
    }

    /// Everywhere but these codes.
    pub fn without<T: AsRef<str>>(codes: impl IntoIterator<Item = T>) -> Self {
        Self::NotIn(codes.into_iter().map(|c| c.as_ref().to_owned()).collect())
    }

    /// Whether it holds nowhere.
    pub fn is_nowhere(&self) -> bool {
        matches!(self, Self::In(codes) if codes.is_empty())
    }

    /// Whether it holds in all of that territory.
    pub fn holds(&self, code: &str) -> bool {
        match self {
            Self::In(codes) => codes.iter().any(|own| lies_in(code, own)),
            Self::NotIn(codes) => !codes.iter().any(|own| meets(code, own)),
        }
    }

    /// What lies in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::In(a), Self::In(b)) => {
                let inner = |of: &BTreeSet<String>, within: &BTreeSet<String>| -> Vec<String> {
                    let is_inside =
                        |code: &&String| within.iter().any(|whole| lies_in(code, whole));
                    of.iter().filter(is_inside).cloned().collect()
                };
                Self::In(inner(a, b).into_iter().chain(inner(b, a)).collect())
            }
            (Self::In(codes), Self::NotIn(but)) | (Self::NotIn(but), Self::In(codes)) => {
                let is_left = |code: &&String| !but.iter().any(|not| meets(code, not));
                Self::In(codes.iter().filter(is_left).cloned().collect())
            }
            (Self::NotIn(a), Self::NotIn(b)) => Self::NotIn(a.union(b).cloned().collect()),
        }
    }

    /// The `TerritoryCode`s and `ExcludedTerritoryCode`s of a deal; one of the two is empty.
    pub fn codes(&self) -> (Vec<&str>, Vec<&str>) {
        match self {
            Self::In(codes) => (codes.iter().map(String::as_str).collect(), Vec::new()),
            Self::NotIn(codes) if codes.is_empty() => (vec![WORLD], Vec::new()),
            Self::NotIn(codes) => (Vec::new(), codes.iter().map(String::as_str).collect()),
        }
    }
}

fn lies_in(part: &str, whole: &str) -> bool {
    let rest = part.strip_prefix(whole);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn meets(one: &str, other: &str) -> bool {
    lies_in(one, other) || lies_in(other, one)
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |codes: &BTreeSet<String>| {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            codes.join(", ")
        };
        match self {
            Self::In(codes) if codes.is_empty() => f.write_str("nowhere"),
            Self::In(codes) => f.write_str(&list(codes)),
            Self::NotIn(codes) if codes.is_empty() => f.write_str("everywhere"),
            Self::NotIn(codes) => write!(f, "everywhere but {}", list(codes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODES: [&str; 6] = ["AT", "DE", "FR", "US", "US-CA", "US-NY"];

    fn areas(codes: &'static [&'static str]) -> impl Strategy<Value = Area> {
        let some = proptest::sample::subsequence(codes, 0..=codes.len());
        (any::<bool>(), some).prop_map(|(is_inside, codes)| {
            if is_inside {
                Area::of(codes)
            } else {
                Area::without(codes)
            }
        })
    }

    proptest! {
        #[test]
        fn both_is_never_more_than_either(a in areas(&CODES), b in areas(&CODES)) {
            let both = a.and(&b);
            for code in CODES.iter().chain(&["JP"]) {
                prop_assert!(!both.holds(code) || (a.holds(code) && b.holds(code)), "{code}");
            }
            prop_assert_eq!(&both, &b.and(&a));
            prop_assert_eq!(&a.and(&a).and(&both), &both.and(&both));
        }

        #[test]
        fn of_whole_countries_both_is_all_that_is_in_either(
            a in areas(&CODES[..4]), b in areas(&CODES[..4])
        ) {
            for code in ["AT", "DE", "FR", "US", "JP"] {
                prop_assert_eq!(a.and(&b).holds(code), a.holds(code) && b.holds(code));
            }
        }
    }

    #[test]
    fn a_part_of_an_excluded_country_is_not_let_in() {
        let but_california = Area::without(["US-CA"]);
        assert_eq!(
            but_california.and(&Area::of(["US", "DE"])),
            Area::of(["DE"])
        );
        assert_eq!(
            Area::of(["US-CA"]).and(&Area::of(["US"])),
            Area::of(["US-CA"])
        );
    }

    #[test]
    fn people_read_it() {
        assert_eq!(Area::of(["DE", "AT"]).to_string(), "AT, DE");
        assert_eq!(Area::of(["Worldwide"]).to_string(), "everywhere");
        assert_eq!(Area::without(["FR"]).to_string(), "everywhere but FR");
        assert_eq!(Area::of([] as [&str; 0]).to_string(), "nowhere");
    }
}
