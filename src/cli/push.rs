//! `dropzone push …`: packages on their way to DSPs.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{Table, find_push, shown, time};
use super::shapes::{PushLine, PushList};
use super::who;
use crate::daemon::clock;
use crate::domain::ids::DspId;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::Push;
use crate::store::{PushFilter, Store};
use clap::Subcommand;

/// What to do with pushes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List pushes, oldest first
    List {
        /// Only those to this DSP
        #[arg(long, value_name = "DSP")]
        dsp: Option<String>,
        /// Only those in this state
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// Try a push again now
    Retry {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Call a push off
    Cancel {
        /// Identifier, or a few of its last letters
        id: String,
    },
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::List { dsp, state } => list(dsp, state.as_deref(), &store, context),
        Command::Retry { id } => {
            let push = find_push(&store, &id)?;
            store.push_retry(&push.id, &who::am_i(), clock::now())?;
            answer(&find_push(&store, push.id.as_str())?, context)
        }
        Command::Cancel { id } => {
            let push = find_push(&store, &id)?;
            store.push_cancel(&push.id, &who::am_i(), clock::now())?;
            answer(&find_push(&store, push.id.as_str())?, context)
        }
    }
}

fn list(
    dsp: Option<String>,
    state: Option<&str>,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let state = state
        .map(|text| {
            PushState::parse(text).ok_or_else(|| {
                let known: Vec<&str> = PushState::ALL.iter().map(|state| state.as_str()).collect();
                Failure::Usage(format!(
                    "{} is no state; one of {}",
                    shown(text),
                    known.join(", ")
                ))
            })
        })
        .transpose()?;
    let pushes = store.pushes(&PushFilter {
        package: None,
        dsp: dsp.map(DspId::new),
        state,
    })?;
    if context.json {
        context.write_json(&PushList {
            pushes: pushes.iter().map(PushLine::from).collect(),
        })?;
        return Ok(Done::Fine);
    }
    if pushes.is_empty() {
        writeln!(context.out, "No pushes.")?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&[
        "ID",
        "STATE",
        "DSP",
        "TRIES",
        "PACKAGE",
        "CHANGED",
        "WHERE OR WHY",
    ]);
    for push in &pushes {
        table.row([
            push.id.to_string(),
            push.state.as_str().to_owned(),
            push.dsp.to_string(),
            push.attempts.to_string(),
            push.package.to_string(),
            time(push.updated_at),
            push.location
                .clone()
                .or_else(|| push.last_error.clone())
                .unwrap_or_default(),
        ]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
}

fn answer(push: &Push, context: &mut Context<'_>) -> Result<Done, Failure> {
    if context.json {
        context.write_json(&PushLine::from(push))?;
    } else {
        writeln!(
            context.out,
            "{} to {} is {} now",
            push.id, push.dsp, push.state
        )?;
    }
    Ok(Done::Fine)
}
