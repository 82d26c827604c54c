//! The only caller of the wall clock. Everyone else is handed the time, so that tests can turn it.

use jiff::Timestamp;

/// Now, to the millisecond: what is stored is what is compared.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
