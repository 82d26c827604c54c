//! Placeholder until the real module is merged.

use crate::domain::account::Profile;
use crate::domain::facts::SchemaFacts;
use crate::domain::release::Reading;
use std::path::Path;

/// Installed schemas.
#[derive(Debug, Default)]
pub struct Schemas;

impl Schemas {
    /// Opens a directory of installed schemas.
    pub fn open(_: &Path) -> Self {
        Self
    }

    /// Checks a message.
    pub fn check(&self, _: &Reading, _: Profile) -> SchemaFacts {
        SchemaFacts::default()
    }
}
