//! `dropzone penalty …`: sources that are kept out for a while because of failed logins.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{Table, time};
use super::shapes::{Pardoned, PenaltyLine, PenaltyList};
use crate::daemon::clock;
use crate::domain::net::Net;
use crate::domain::penalty::Penalty;
use crate::store::Store;
use clap::Subcommand;

/// What to do with penalties.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the sources that failed to log in, and until when they are kept out
    List,
    /// Let a source in again
    Forgive {
        /// An address, or a network such as 192.0.2.0/24
        #[arg(value_name = "SOURCE")]
        source: String,
    },
}

/// Runs it.
pub fn run(command: &Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::List => list(&store, context),
        Command::Forgive { source } => forgive(source, &store, context),
    }
}

/// What is owed now, as far as the daemon has written it.
pub fn owed(store: &Store) -> Result<Vec<Penalty>, Failure> {
    let now = clock::now();
    let mut owed = store.penalties()?;
    owed.retain(|penalty| penalty.until > now);
    Ok(owed)
}

fn list(store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let owed = owed(store)?;
    if context.json {
        let penalties = owed.iter().map(PenaltyLine::from).collect();
        context.write_json(&PenaltyList { penalties })?;
        return Ok(Done::Fine);
    }
    if owed.is_empty() {
        writeln!(context.out, "No source owes anything.")?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&["SOURCE", "KEPT OUT", "UNTIL", "FAILURES", "LAST"]);
    for penalty in &owed {
        let kept_out = if penalty.enforced { "yes" } else { "not yet" };
        table.row([
            penalty.source.to_string(),
            kept_out.to_owned(),
            time(penalty.until),
            penalty.failures.to_string(),
            penalty.offence.as_str().replace('_', " "),
        ]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
}

fn forgive(source: &str, store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let net: Net = source.parse().map_err(Failure::Usage)?;
    let count = store.pardon(net)?;
    let pardoned = Pardoned {
        source: net.to_string(),
        count: count as u64,
    };
    if context.json {
        context.write_json(&pardoned)?;
        return Ok(Done::Fine);
    }
    match count {
        0 => writeln!(
            context.out,
            "{net}: nothing was written down; a running daemon forgives what it has noted since within 5 seconds"
        )?,
        count => writeln!(
            context.out,
            "{net}: {count} forgiven; a running daemon lets them in within 5 seconds"
        )?,
    }
    Ok(Done::Fine)
}
