//! `dropzone check FOLDER`: the same inspection offline, before 2 GB are uploaded.

use super::Context;
use super::exit::{Done, Failure};
use super::form::{self, Format};
use crate::daemon::clock;
use crate::daemon::words;
use crate::domain::account::Profile;
use crate::domain::policy::Policy;
use crate::domain::report::{Verdict, view};
use crate::inspect::schemas::Schemas;
use crate::inspect::{InspectError, Progress, Request, inspect};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// What to check, and how.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: Subject,
    /// Form of the report
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the report into this file instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What to inspect, and by what.
#[derive(Debug, clap::Args)]
pub struct Subject {
    /// The release folder
    folder: PathBuf,
    /// `guide` reads the guide's dialect, `strict` wants official ERN
    #[arg(long, value_parser = ["guide", "strict"], default_value = "guide")]
    profile: String,
    /// Version of ERN to take: `4` takes 4.1.1, 4.2, 4.3 and 4.3.2 beside 3.8.2
    #[arg(long, value_parser = ["3.8.2", "4"], default_value = "3.8.2")]
    ern: String,
    /// Directory of installed schemas [default: the data directory's]
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
}

/// Runs it. Exit code 0: nothing of severity error; 1: errors found; 2: could not run.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    check(arguments, context).map_err(|failure| Failure::Usage(failure.to_string()))
}

fn check(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let subject = &arguments.subject;
    let report = inspected(subject, context, inspect)?;
    let folder = subject.folder()?;
    let format = Format::chosen(arguments.format, context);
    if let Some(file) = &arguments.output {
        let text = form::render(&report, format, None, Some(&folder), false)?;
        std::fs::write(file, text).map_err(|e| {
            Failure::Usage(format!(
                "cannot write the report to {}: {e}",
                file.display()
            ))
        })?;
        let counted = view::counted(&report.counts);
        let written = super::output::shown(&file.display().to_string());
        writeln!(context.err, "{counted}; the report is in {written}")?;
    } else {
        let text = form::render(&report, format, None, Some(&folder), context.colour)?;
        write!(context.out, "{text}")?;
        let fixable = report.findings.iter().filter(|f| f.fixable).count();
        if format == Format::Text
            && let Some(hint) = hint(fixable, subject)
        {
            writeln!(context.out, "\n{hint}")?;
        }
    }
    Ok(if report.verdict == Verdict::Valid {
        Done::Fine
    } else {
        Done::Negative
    })
}

/// Where a repair is to be had.
fn hint(fixable: usize, subject: &Subject) -> Option<String> {
    let what = match fixable {
        0 => return None,
        1 => "one of these findings".to_owned(),
        n => format!("{n} of these findings"),
    };
    let folder = super::output::shown(&subject.folder.display().to_string());
    let quote = if folder.contains(' ') { "\"" } else { "" };
    Some(format!(
        "dropzone fix {quote}{folder}{quote} can repair {what} in the message."
    ))
}

/// Hands the folder that is named, with all that inspection wants to know, to `work`.
pub(super) fn inspected<T>(
    subject: &Subject,
    context: &Context<'_>,
    work: impl FnOnce(&Request<'_>) -> Result<T, InspectError>,
) -> Result<T, Failure> {
    let config = context.config()?;
    let folder = subject.folder()?;
    let name = folder
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let schemas = Schemas::open(
        subject
            .schemas
            .as_deref()
            .unwrap_or(&config.places().schemas()),
    );
    let bar = (context.colour && !context.json).then(progress_bar);
    let show = |progress: Progress| {
        if let Some(bar) = &bar {
            match progress {
                Progress::Total { bytes, .. } => bar.set_length(bytes),
                Progress::Bytes(bytes) => bar.inc(bytes),
                Progress::FileDone(file) | Progress::FileKnown(file) => {
                    bar.set_message(super::output::shown(&file));
                }
            }
        }
    };
    let outcome = work(&Request {
        root: &folder,
        folder: &name,
        profile: Profile::parse(&subject.profile).unwrap_or_default(),
        takes_ern4: subject.ern == "4",
        policy: Policy::none(),
        label_dpid: None,
        own_dpid: config.party.dpid(),
        in_test: false,
        history: None,
        limits: &config.limits,
        schemas: &schemas,
        threads: config.inspect.threads,
        now: clock::now(),
        memory: None,
        progress: Some(&show),
        cancel: None,
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcome.map_err(|e| Failure::Usage(words(&e)))
}

impl Subject {
    /// A folder of any version, judged as the guide has it, by the installed schemas.
    pub(super) fn of(folder: PathBuf) -> Self {
        Self {
            folder,
            profile: "guide".to_owned(),
            ern: "4".to_owned(),
            schemas: None,
        }
    }

    /// The folder, made absolute.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder.canonicalize().map_err(|e| {
            Failure::Usage(format!(
                "cannot open the folder {}: {e}",
                self.folder.display()
            ))
        })?;
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(Failure::Usage(format!(
            "{} is a file: name the release folder that holds it",
            folder.display()
        )))
    }
}

fn progress_bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
