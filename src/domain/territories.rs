//! Territories that many values of a message share.

use serde::{Serialize, Serializer};
use std::ops::Deref;
use std::sync::Arc;

/// Territory codes as written, in their order. A copy shares the list: all values of the details of
/// one territory hold in the same places, and a message may name thousands of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Territories(Option<Arc<[String]>>);

impl Deref for Territories {
    type Target = [String];

    fn deref(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromIterator<String> for Territories {
    fn from_iter<I: IntoIterator<Item = String>>(codes: I) -> Self {
        Self::from(codes.into_iter().collect::<Vec<_>>())
    }
}

impl From<Vec<String>> for Territories {
    fn from(codes: Vec<String>) -> Self {
        Self((!codes.is_empty()).then(|| codes.into()))
    }
}

impl Serialize for Territories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
