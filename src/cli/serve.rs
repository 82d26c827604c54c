//! `dropzone serve`: runs the daemon until it is told to stop.

use super::Context;
use super::exit::{Done, Failure};

/// Runs it.
pub fn run(context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    crate::daemon::serve(config, context.config_file.clone())?;
    Ok(Done::Fine)
}
