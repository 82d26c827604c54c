//! Everything that is tested from outside a module. Features are modules of this one crate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has to stop"
)]
#![expect(
    clippy::pedantic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests are read once a failure points at them; they speak to who runs them"
)]

mod architecture;
mod arriving;
mod attempts;
mod browser;
mod cli;
mod clients;
mod config;
mod crash;
mod deliver;
mod demo;
mod docs;
mod early;
mod ern;
mod faults;
mod fix;
mod flow;
mod fuzz;
mod hostile;
mod intake;
mod kit;
mod layers;
mod lifecycle;
mod mail;
mod mailing;
mod matrix;
mod media;
mod onboarding;
mod ops;
mod overrides;
mod parked;
mod preview;
mod push;
mod report;
mod review;
mod rules;
mod sarif;
mod schema;
mod service;
mod sftp;
mod size;
mod soak;
mod store;
mod systemd;
mod takedown;
mod update;
mod wire;
mod write;
