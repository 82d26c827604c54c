//! `dropzone qc …`: a person looks and decides.

use super::Context;
use super::exit::{Done, Failure};
use super::output::find_package;
use super::package::{answer, write_list};
use super::who;
use crate::daemon::clock;
use crate::domain::lifecycle::Status;
use crate::domain::package::Event;
use crate::store::{PackageFilter, PushFilter};
use clap::Subcommand;

/// What to decide.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Packages that wait for a decision, oldest first
    List,
    /// Approve a package: it is pushed to the label's DSPs
    Approve {
        /// Identifier, or a few of its last letters
        id: String,
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
            return write_list(&packages, context);
        }
        Command::Approve { id, note } => (id, Event::Approved { note }),
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
    let package = store.apply(&found.id, event, &who::am_i(), clock::now())?;
    let pushes = store.pushes(&PushFilter {
        package: Some(package.id.clone()),
        ..PushFilter::default()
    })?;
    if package.status == Status::QcApproved && pushes.is_empty() {
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
    answer(&package, context)
}
