//! The demonstration, and the material it is made of.

pub mod material;
