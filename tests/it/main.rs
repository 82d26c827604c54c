//! Everything that is tested from outside a module. Features are modules of this one crate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has to stop"
)]

mod architecture;
mod sftp;
