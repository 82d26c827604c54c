//! `dropzone config …`: check it before a restart, show what holds.

use super::Context;
use super::exit::{Done, Failure};
use crate::daemon::check::check;
use clap::Subcommand;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration, the DSP profiles and the directories
    Check {
        /// Also connect to the DSPs
        #[arg(long)]
        online: bool,
    },
    /// Show every setting that holds now
    Show,
}

/// Runs it.
pub fn run(command: &Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    match command {
        Command::Show => {
            if context.json {
                context.write_json(&config)?;
            } else {
                write!(context.out, "{}", config.render())?;
            }
            Ok(Done::Fine)
        }
        Command::Check { online } => {
            let remarks = check(&config, *online)?;
            for remark in &remarks.problems {
                writeln!(context.out, "problem: {remark}")?;
            }
            for remark in &remarks.notes {
                writeln!(context.out, "note: {remark}")?;
            }
            if remarks.problems.is_empty() {
                writeln!(context.out, "The configuration is good.")?;
                Ok(Done::Fine)
            } else {
                Ok(Done::Negative)
            }
        }
    }
}
