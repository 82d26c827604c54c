//! What operators look at: the audit log, metrics, health, and who is kept out.

pub mod audit;
pub mod http;
pub mod metrics;
pub mod penalties;
