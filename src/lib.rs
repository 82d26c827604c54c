//! `dropzone`: a drop zone for music releases.
pub mod cli;
pub mod config;
pub mod daemon;
pub mod deliver;
pub mod domain;
pub mod inspect;
pub mod intake;
pub mod meter;
pub mod notify;
pub mod sftp;
pub mod store;
