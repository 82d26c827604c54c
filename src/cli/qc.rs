//! `dropzone qc …`: a person looks and decides.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{find_package, shown};
use super::package::{answer, show, write_list};
use super::who;
use crate::daemon::clock;
use crate::daemon::preview::is_takedown;
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::PushState;
use crate::domain::package::{Event, Package};
use crate::store::{ApplyError, PackageFilter, PushFilter, Store};
use clap::Subcommand;

/// What to decide.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Packages that wait for a decision, oldest first
    List,
    /// Show one package: what to tick, whether its DSPs may have it, what was found
    Show {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Approve a package: it is pushed to the label's DSPs
    Approve {
        /// Identifier, or a few of its last letters
        id: String,
        /// Question of the report that you have looked at, by its code; may be given more than once
        #[arg(long = "tick", value_name = "CODE", value_delimiter = ',')]
        ticks: Vec<String>,
        /// Words for the history
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Reject a package: the label is told why
    Reject {
        /// Identifier, or a few of its last letters
        id: String,
        /// What the label has to mend; it is mailed as it stands
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    let (id, event) = match command {
        Command::List => {
            let filter = PackageFilter {
                status: Some(Status::NeedsQc),
                label: None,
                limit: None,
            };
            let mut packages = store.packages(&filter)?;
            packages.reverse();
            return write_list(&packages, &store, context);
        }
        Command::Show { id } => return show(&find_package(&store, &id)?, &store, &config, context),
        Command::Approve { id, ticks, note } => {
            let ticked = codes(&ticks);
            (id, Event::Approved { note, ticked })
        }
        Command::Reject { id, note } => {
            if note.trim().is_empty() {
                return Err(Failure::Usage(
                    "--note is empty: the label has to learn what to mend".to_owned(),
                ));
            }
            (id, Event::Rejected { note })
        }
    };
    let found = find_package(&store, &id)?;
    let package = store
        .apply(&found.id, event.clone(), &who::am_i(), clock::now())
        .map_err(|error| refusal(error, &found, &event))?;
    let pushes = store.pushes(&PushFilter {
        package: Some(package.id.clone()),
        ..PushFilter::default()
    })?;
    for push in pushes
        .iter()
        .filter(|push| push.state == PushState::Blocked)
    {
        let why = push.last_error.as_deref().unwrap_or_default();
        writeln!(
            context.err,
            "note: nothing goes to {}: {}",
            push.dsp,
            shown(why)
        )?;
    }
    if package.status == Status::QcApproved && pushes.is_empty() {
        let report = store.report(&package.id)?;
        if report.as_ref().is_some_and(is_takedown) {
            writeln!(
                context.err,
                "note: no DSP has the release, so there is nothing to take down"
            )?;
            return answer(&package, context);
        }
        let is_test = store
            .report(&package.id)?
            .is_some_and(|report| report.release.is_test);
        let why = if is_test {
            "its message says TestMessage, so it is pushed nowhere".to_owned()
        } else {
            format!(
                "no DSP is agreed for {0}, so it goes nowhere (dropzone label set {0} --dsp …, then upload again)",
                package.label_name
            )
        };
        writeln!(context.err, "note: {why}")?;
    }
    if package.status == Status::QcApproved && !pushes.is_empty() {
        warn_of_blocked(&package, &store, context)?;
    }
    answer(&package, context)
}

/// Preflight has said it before; whoever approves nevertheless should not wonder afterwards.
fn warn_of_blocked(
    package: &Package,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let Some(report) = store.report(&package.id)? else {
        return Ok(());
    };
    for one in report.readiness.iter().filter(|one| !one.ready) {
        writeln!(
            context.err,
            "note: {} {}: its push will be blocked unless that has changed (dropzone push preview {} --dsp {})",
            shown(&one.name),
            shown(&one.obstacles()),
            package.id,
            one.dsp
        )?;
    }
    Ok(())
}

/// Codes as they are in the report, each once.
fn codes(typed: &[String]) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for code in typed {
        let code = code.trim().to_ascii_uppercase();
        if !code.is_empty() && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Why a decision was not taken. Questions that are not ticked are shown, with the command that ticks
/// them: whoever pastes it has had them before the eyes.
fn refusal(error: ApplyError, package: &Package, event: &Event) -> Failure {
    let (ApplyError::Unticked { open }, Event::Approved { ticked, .. }) = (&error, event) else {
        return error.into();
    };
    let mut lines = vec![match open.len() {
        1 => "not approved: 1 question of the report is not ticked yet".to_owned(),
        n => format!("not approved: {n} questions of the report are not ticked yet"),
    }];
    lines.extend(
        open.iter()
            .map(|(code, message)| format!("  {code:<9} {}", shown(message))),
    );
    let codes: Vec<&str> = ticked
        .iter()
        .chain(open.iter().map(|(code, _)| code))
        .map(String::as_str)
        .collect();
    lines.push(format!(
        "Look at each of them (dropzone package show {}), then:",
        package.id
    ));
    lines.push(format!("  {}", approving(package, &codes)));
    Failure::Refused(lines.join("\n"))
}

/// The command that approves with these ticks.
pub fn approving(package: &Package, codes: &[&str]) -> String {
    let words = ["dropzone qc approve", package.id.as_str()];
    let ticks = codes.iter().flat_map(|code| ["--tick", code]);
    words.into_iter().chain(ticks).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let typed = ["deal-003", " UPD-004", "DEAL-003", ""].map(str::to_owned);
        assert_eq!(codes(&typed), ["DEAL-003", "UPD-004"]);
    }
}
