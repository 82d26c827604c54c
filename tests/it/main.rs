//! Everything that is tested from outside a module. Features are modules of this one crate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected has to stop"
)]

mod architecture;
mod config;
mod deliver;
mod systemd;
