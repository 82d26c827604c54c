//! The session on hand-made packets: no network, jobs run at once and in order.

mod claims;
mod client;
mod hashes;
mod model;
mod places;
mod protocol;
mod space;
mod uploads;
