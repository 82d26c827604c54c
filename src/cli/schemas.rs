//! `dropzone schemas …`: the official DDEX schemas, which the operator installs under DDEX's licence.

use super::Context;
use super::exit::{Done, Failure};
use super::output::Table;
use crate::daemon::words;
use crate::domain::ern::VERSIONS;
use crate::inspect::schemas::{SchemaState, SchemaStatus, Schemas, is_known};
use clap::Subcommand;
use std::io::Write;
use std::path::PathBuf;

/// What to do with schemas.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which versions can be checked officially
    Status,
    /// Install the schemas of a directory (files are told by their SHA-256)
    Install {
        /// Directory with `release-notification.xsd` and its allowed-value sets, or with one such
        /// directory a version
        directory: PathBuf,
    },
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let home = config.places().schemas();
    let status = match command {
        Command::Status => Schemas::open(&home).status(),
        Command::Install { directory } => {
            Schemas::install(&directory, &home).map_err(|e| Failure::Failed(words(&e)))?
        }
    };
    if context.json {
        context.write_json(&status)?;
    } else {
        write_status(&status, context.out)?;
        write_unknown(context.out)?;
    }
    Ok(Done::Fine)
}

fn write_status(status: &[SchemaStatus], out: &mut dyn Write) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "VERSION",
        "OFFICIAL CHECK",
        "SET",
        "STATE",
        "ALLOWED VALUES",
        "PROBLEM",
    ]);
    for line in status {
        table.row([
            line.name.clone(),
            if line.check_possible {
                "possible"
            } else {
                "not possible"
            }
            .to_owned(),
            line.set.clone(),
            word(line.state).to_owned(),
            line.value_set.clone().unwrap_or_default(),
            line.problem.clone().unwrap_or_default(),
        ]);
    }
    table.write(out)?;
    Ok(())
}

/// Versions that can be read, and of which we know no schema that could be installed.
fn write_unknown(out: &mut dyn Write) -> Result<(), Failure> {
    let names: Vec<&str> = VERSIONS
        .iter()
        .filter(|version| !is_known(version.number))
        .map(|version| version.name)
        .collect();
    if !names.is_empty() {
        writeln!(
            out,
            "\nNot possible for {}: no schema of theirs can be installed here.",
            names.join(", ")
        )?;
    }
    Ok(())
}

fn word(state: SchemaState) -> &'static str {
    match state {
        SchemaState::Installed => "installed",
        SchemaState::Missing => "missing",
        SchemaState::Incomplete => "incomplete",
        SchemaState::Damaged => "damaged",
    }
}
