//! inspect

mod schema_pins;
pub mod schemas;
mod xsd;
mod xsd_likeness;
mod xsd_model;
mod xsd_words;
mod xsd_worker;
