//! Points at which a test may kill the process, to prove that a claim survives every cut.
//!
//! Always compiled, so that what is tested is what runs; without `DROPZONE_CRASH_AT` in the
//! environment a point is one comparison.

use rustix::process::{Signal, getpid, kill_process};
use std::sync::OnceLock;

/// Name of the environment variable that holds the name of the point to die at.
const VARIABLE: &str = "DROPZONE_CRASH_AT";

/// Kills this process on the spot, as `kill -9` would, if the environment asks for it by `name`.
pub fn crash_point(name: &str) {
    static AT: OnceLock<Option<String>> = OnceLock::new();
    let at = AT.get_or_init(|| std::env::var(VARIABLE).ok());
    if at.as_deref() == Some(name)
        && let Err(error) = kill_process(getpid(), Signal::KILL)
    {
        tracing::error!(point = name, %error, "could not die at the crash point");
    }
}
