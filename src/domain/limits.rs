//! The most that a package may be. Units are in the names; reasons at each.

use serde::{Deserialize, Serialize};

/// Limits of one package (PKG-016) and of what is read from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// All files together. A box set of 100 hi-res tracks fits.
    pub package_bytes: u64,
    /// One file. WAV's own size field ends at 4 GiB; RF64 goes beyond.
    pub file_bytes: u64,
    /// Files in one package.
    pub package_files: u32,
    /// The ERN message. libxml2 needs about ten times as much memory to check it.
    pub message_bytes: u64,
    /// The cover (guide: "under 20MB"; read as 20 × 1024²).
    pub artwork_bytes: u64,
    /// Width or height of a cover in pixels; checked before anything is decoded.
    pub artwork_pixels: u32,
    /// Time that one file may take to be inspected, in seconds.
    pub inspect_seconds: u64,
    /// Findings of one code in a report before the rest is summed up.
    pub findings_per_code: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            package_bytes: 20 << 30,
            file_bytes: 4 << 30,
            package_files: 1_000,
            message_bytes: 16 << 20,
            artwork_bytes: 20 << 20,
            artwork_pixels: 20_000,
            inspect_seconds: 600,
            findings_per_code: 20,
        }
    }
}
