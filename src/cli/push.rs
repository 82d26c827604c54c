//! `dropzone push …`: packages on their way to DSPs.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{Table, find_push, shown, time};
use super::shapes::{GateLine, GateList, PushLine, PushList};
use super::who;
use crate::config::Config;
use crate::daemon::clock;
use crate::domain::dsp::DspProfile;
use crate::domain::ids::DspId;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::{Gate, Push};
use crate::store::{PushFilter, Store};
use clap::Subcommand;
use jiff::Timestamp;

/// What to do with pushes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a DSP would get of a package or a folder, and what stands in the way; sends nothing
    Preview(super::preview::Arguments),
    /// Make the deliveries that a store asks a new partner for, of one release, into a folder; sends
    /// nothing
    Onboarding(super::onboarding::Arguments),
    /// List pushes, oldest first
    List {
        /// Only those to this DSP
        #[arg(long, value_name = "DSP")]
        dsp: Option<String>,
        /// Only those in this state
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// Show everything about one push: tries, message, what the DSP will not read, what it said
    Show {
        /// Identifier, or a few of its last letters
        id: String,
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
    /// Say that a push of which nobody knew whether it arrived is at the DSP; of one that is sent and
    /// waits for an acknowledgement: that the DSP took the release
    Confirm {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Send a push again, with a new message, although it may have arrived
    Resend {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Send a waiting push not before a time
    Schedule {
        /// Identifier, or a few of its last letters
        id: String,
        /// When: 2026-12-01T06:00:00Z
        at: String,
    },
    /// Take a release down from the DSPs that have it
    Takedown(super::takedown::Arguments),
    /// Hold all pushes to a DSP back; those under way end
    Pause {
        /// Name of the DSP's profile
        dsp: String,
        /// Why, for whoever finds it paused
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let pushes to a DSP go again, also to one that could not be reached
    Resume {
        /// Name of the DSP's profile
        dsp: String,
    },
    /// Show which DSPs are paused or cannot be reached
    Gates,
    /// Say what holds for one release at one DSP: blocked, where, from when, for how much; never more
    /// than the label grants
    Override(Box<super::overrides::Arguments>),
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    if let Command::Preview(arguments) = &command {
        // A folder needs no store.
        return super::preview::run(arguments, context);
    }
    if let Command::Onboarding(arguments) = &command {
        return super::onboarding::run(arguments, context);
    }
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::Preview(arguments) => super::preview::run(&arguments, context),
        Command::Takedown(arguments) => super::takedown::run(&arguments, &config, &store, context),
        Command::Onboarding(arguments) => super::onboarding::run(&arguments, context),
        Command::List { dsp, state } => list(dsp, state.as_deref(), &store, context),
        Command::Show { id } => super::push_show::run(&id, &store, context),
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
        Command::Confirm { id } => {
            let push = find_push(&store, &id)?;
            store.push_confirm(&push.id, &who::am_i(), clock::now())?;
            answer(&find_push(&store, push.id.as_str())?, context)
        }
        Command::Resend { id } => {
            let push = find_push(&store, &id)?;
            store.push_resend(&push.id, &who::am_i(), clock::now())?;
            answer(&find_push(&store, push.id.as_str())?, context)
        }
        Command::Schedule { id, at } => {
            let at = moment(&at)?;
            let push = find_push(&store, &id)?;
            if push.state != PushState::Queued {
                return Err(Failure::Refused(format!(
                    "{} is {} and does not wait to be sent",
                    push.id, push.state
                )));
            }
            store.push_schedule(&push.id, at, &who::am_i(), clock::now())?;
            answer(&find_push(&store, push.id.as_str())?, context)
        }
        Command::Pause { dsp, reason } => {
            let dsp = known(&dsp, &config)?;
            store.pause_dsp(&dsp, reason.as_deref(), &who::am_i(), clock::now())?;
            gates(&store, context)
        }
        Command::Resume { dsp } => {
            let dsp = known(&dsp, &config)?;
            store.resume_dsp(&dsp, &who::am_i())?;
            gates(&store, context)
        }
        Command::Gates => gates(&store, context),
        Command::Override(arguments) => super::overrides::run(&arguments, &config, &store, context),
    }
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage(format!(
            "{} is no time; write it as 2026-12-01T06:00:00Z, or with an offset such as +01:00",
            shown(text)
        ))
    })
}

/// A misspelt name would hold nothing back and look as if it did.
fn known(text: &str, config: &Config) -> Result<DspId, Failure> {
    profile_of(text, config).map(|profile| profile.id)
}

/// The profile that a person names.
pub(super) fn profile_of(text: &str, config: &Config) -> Result<DspProfile, Failure> {
    let profiles = config.profiles()?;
    let found = profiles.iter().find(|profile| profile.id.as_str() == text);
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = profiles.iter().map(|profile| profile.id.as_str()).collect();
        Failure::NotFound(format!(
            "there is no DSP {}; profiles are: {}",
            shown(text),
            known.join(", ")
        ))
    })
}

fn gates(store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let gates: Vec<Gate> = store
        .gates()?
        .into_iter()
        .filter(|gate| gate.pause.is_some() || gate.failures > 0)
        .collect();
    if context.json {
        context.write_json(&GateList {
            gates: gates.iter().map(GateLine::from).collect(),
        })?;
        return Ok(Done::Fine);
    }
    if gates.is_empty() {
        writeln!(context.out, "Pushes go to every DSP.")?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&["DSP", "STATE", "SINCE OR UNTIL", "WHY"]);
    for gate in &gates {
        let (state, at, why) = match &gate.pause {
            Some(pause) => (
                format!("paused by {}", pause.by),
                time(pause.at),
                pause.why.clone(),
            ),
            None => (
                "cannot be reached".to_owned(),
                gate.closed_until.map(time).unwrap_or_default(),
                gate.last_error.clone(),
            ),
        };
        table.row([gate.dsp.to_string(), state, at, why.unwrap_or_default()]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
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
        batch: None,
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
        "KIND",
        "DSP",
        "TRIES",
        "PACKAGE",
        "CHANGED",
        "WHERE OR WHY",
    ]);
    for push in &pushes {
        table.row([
            push.id.to_string(),
            state_of(push),
            push.kind.as_str().to_owned(),
            push.dsp.to_string(),
            push.attempts.to_string(),
            push.package.to_string(),
            time(push.updated_at),
            where_or_why(push),
        ]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
}

/// The state; what went out as a test is at the DSP, and nobody can hear it.
fn state_of(push: &Push) -> String {
    let test = if push.is_test { " (test)" } else { "" };
    format!("{}{test}", push.state)
}

/// Why it is not there, as long as it is not; else where to see it.
fn where_or_why(push: &Push) -> String {
    let objects = matches!(push.state, PushState::Refused | PushState::SentUnknown);
    let place = push.link.clone().or_else(|| push.location.clone());
    let (first, second) = if objects {
        (push.last_error.clone(), place)
    } else {
        (place, push.last_error.clone())
    };
    first.or(second).unwrap_or_default()
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
