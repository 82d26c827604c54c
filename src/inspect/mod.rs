//! inspect

pub mod schemas;
mod schema_pins;
mod xsd;
mod xsd_model;
mod xsd_words;
mod xsd_worker;
