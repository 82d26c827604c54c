//! Values that hold in some territories: which of them is the default, and where others stand in.

use crate::domain::release::{Artist, Genre, Local, RightsLine, Title};
use std::collections::BTreeSet;

/// A value with territories.
pub(super) trait Scoped {
    /// Territories as the label wrote them.
    fn territories(&self) -> &[String];

    /// Whether it holds wherever no other value does.
    fn is_everywhere(&self) -> bool {
        let territories = self.territories();
        territories.is_empty() || territories.iter().any(|code| code == "Worldwide")
    }
}

macro_rules! scoped {
    ($($kind:ty),*) => {$(
        impl Scoped for $kind {
            fn territories(&self) -> &[String] {
                &self.territories
            }
        }
    )*};
}
scoped!(Artist, Genre, Local, RightsLine, Title);

/// The values that hold by default. When none holds everywhere, those of the first value's
/// territories do: descriptions do not decide where a release is sold.
pub(super) fn defaults<T: Scoped>(values: &[T]) -> Vec<&T> {
    let everywhere: Vec<&T> = values.iter().filter(|v| v.is_everywhere()).collect();
    if !everywhere.is_empty() {
        return everywhere;
    }
    let first = values.first().map(Scoped::territories).unwrap_or_default();
    values.iter().filter(|v| v.territories() == first).collect()
}

/// The values that hold in some territories instead of the default.
pub(super) fn others<T: Scoped>(values: &[T]) -> Vec<&T> {
    let default: BTreeSet<*const T> = defaults(values)
        .into_iter()
        .map(std::ptr::from_ref)
        .collect();
    values
        .iter()
        .filter(|value| !default.contains(&std::ptr::from_ref(*value)))
        .collect()
}

/// The values that hold in one territory: its own, else the default.
pub(super) fn within<'v, T: Scoped>(values: &'v [T], code: Option<&str>) -> Vec<&'v T> {
    let own: Vec<&T> = match code {
        Some(code) => others(values)
            .into_iter()
            .filter(|value| value.territories().iter().any(|own| own == code))
            .collect(),
        None => Vec::new(),
    };
    if own.is_empty() {
        defaults(values)
    } else {
        own
    }
}

/// The territories in which another value than the default holds.
pub(super) fn codes<'v, T: Scoped>(values: &'v [T], into: &mut BTreeSet<&'v str>) {
    let all = others(values).into_iter().flat_map(Scoped::territories);
    into.extend(all.map(String::as_str));
}
