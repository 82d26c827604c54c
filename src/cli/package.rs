//! `dropzone package …`: what was uploaded and where it stands.

use super::Context;
use super::exit::{Done, Failure};
use super::form::{self, Format};
use super::output::{Table, find_package, shown, time};
use super::qc::approving;
use super::shapes::{HistoryLine, LetterLine, PackageDetail, PackageLine, PackageList, PushLine};
use super::{takedown, who};
use crate::config::Config;
use crate::daemon::preview::is_takedown;
use crate::daemon::{clock, update};
use crate::domain::lifecycle::Status;
use crate::domain::package::{Event, Package};
use crate::domain::report::readiness::{Readiness, sentence};
use crate::domain::report::{Counts, Report, html, text};
use crate::domain::visible::wrapped;
use crate::store::{PackageFilter, PushFilter, Store};
use clap::Subcommand;
use std::io::Write;

/// What to do with packages.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List packages, newest first
    List {
        /// Only those in this status
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// Only those of this label
        #[arg(long, value_name = "NAME")]
        label: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Show one package: what it waits for, what was found, what happened
    Show {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Print the report that the label gets
    Report {
        /// Identifier, or a few of its last letters
        id: String,
        /// Form of the report
        #[arg(long, value_enum)]
        format: Option<Format>,
    },
    /// Try a parked package again
    Retry {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Put the folder of a package that was set aside back; without ID, list what was set aside
    Restore {
        /// Identifier, or a few of its last letters
        id: Option<String>,
    },
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::List {
            status,
            label,
            limit,
        } => list(status.as_deref(), label.as_deref(), limit, &store, context),
        Command::Show { id } => show(&find_package(&store, &id)?, &store, &config, context),
        Command::Report { id, format } => {
            report(&find_package(&store, &id)?, format, &store, context)
        }
        Command::Retry { id } => {
            let package = find_package(&store, &id)?;
            let package = store.apply(&package.id, Event::Unparked, &who::am_i(), clock::now())?;
            let done = answer(&package, context)?;
            if package.status == Status::Receiving && !context.json {
                writeln!(
                    context.out,
                    "Its folder was never taken in: a running daemon tries that again at its next look round (intake.rescan_seconds), and parks it again if it fails."
                )?;
            }
            Ok(done)
        }
        Command::Restore { id } => super::restore::run(id.as_deref(), &config, &store, context),
    }
}

fn list(
    status: Option<&str>,
    label: Option<&str>,
    limit: Option<u32>,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let status = status.map(parse_status).transpose()?;
    let label = match label {
        Some(name) => Some(
            store
                .label(name)?
                .ok_or_else(|| Failure::NotFound(format!("there is no label {}", shown(name))))?
                .id,
        ),
        None => None,
    };
    let packages = store.packages(&PackageFilter {
        status,
        label,
        limit,
    })?;
    write_list(&packages, store, context)
}

fn parse_status(text: &str) -> Result<Status, Failure> {
    Status::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        Failure::Usage(format!(
            "{} is no status; one of {}",
            shown(text),
            known.join(", ")
        ))
    })
}

/// The list, as lists of packages look everywhere.
pub fn write_list(
    packages: &[Package],
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let questions: Vec<Vec<String>> = packages
        .iter()
        .map(|package| open_questions(package, store))
        .collect::<Result<_, _>>()?;
    let ends: Vec<Option<String>> = packages
        .iter()
        .map(|package| end(package, store))
        .collect::<Result<_, _>>()?;
    let preflights: Vec<Option<String>> = packages
        .iter()
        .map(|package| preflight(package, store))
        .collect::<Result<_, _>>()?;
    if context.json {
        let lines = packages
            .iter()
            .zip(questions)
            .zip(ends.into_iter().zip(preflights));
        context.write_json(&PackageList {
            packages: lines
                .map(|((package, questions), (ended, preflight))| PackageLine {
                    ended,
                    ..PackageLine::new(package, questions, preflight)
                })
                .collect(),
        })?;
        return Ok(Done::Fine);
    }
    if packages.is_empty() {
        writeln!(context.out, "No packages.")?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&[
        "ID", "STATUS", "LABEL", "TRY", "FINDINGS", "TO TICK", "ICPN", "RELEASE", "FOLDER",
        "CHANGED",
    ]);
    for ((package, questions), ended) in packages.iter().zip(questions).zip(ends) {
        let status = match ended {
            Some(why) => format!("{} ({why})", package.status),
            None => package.status.as_str().to_owned(),
        };
        let to_tick = if questions.is_empty() {
            "-".to_owned()
        } else {
            questions.join(",")
        };
        table.row([
            package.id.to_string(),
            status,
            package.label_name.clone(),
            package.attempt.to_string(),
            counts(package.counts),
            to_tick,
            package.icpn.clone().unwrap_or_else(|| "-".to_owned()),
            release(package),
            package.folder.clone(),
            time(package.updated_at),
        ]);
    }
    table.write(context.out)?;
    let told: Vec<_> = packages
        .iter()
        .zip(&preflights)
        .filter_map(|(package, preflight)| Some((package, preflight.as_ref()?)))
        .collect();
    if !told.is_empty() {
        writeln!(context.out, "\nPreflight")?;
        for (package, preflight) in told {
            writeln!(context.out, "  {}  {}", package.id, shown(preflight))?;
        }
    }
    Ok(Done::Fine)
}

/// Why a package is superseded; nothing for the others.
fn end(package: &Package, store: &Store) -> Result<Option<String>, Failure> {
    if package.status != Status::Superseded {
        return Ok(None);
    }
    Ok(store.last_event(&package.id)?)
}

/// Whether a package that waits for a decision may go to its DSPs, in one line.
fn preflight(package: &Package, store: &Store) -> Result<Option<String>, Failure> {
    if package.status != Status::NeedsQc {
        return Ok(None);
    }
    let readiness = store.report(&package.id)?.map(|report| report.readiness);
    Ok(readiness
        .filter(|all| !all.is_empty())
        .map(|all| sentence(&all)))
}

/// Codes of the questions that the reviewer has to tick; none once it is decided.
fn open_questions(package: &Package, store: &Store) -> Result<Vec<String>, Failure> {
    if package.status != Status::NeedsQc || package.counts.question == 0 {
        return Ok(Vec::new());
    }
    Ok(store.questions(&package.id)?)
}

/// Findings in short: `2E 1Q 3W`.
fn counts(counts: Counts) -> String {
    let parts = [
        (counts.error, 'E'),
        (counts.question, 'Q'),
        (counts.warning, 'W'),
        (counts.info, 'I'),
    ];
    let text: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, letter)| format!("{n}{letter}"))
        .collect();
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.join(" ")
    }
}

fn release(package: &Package) -> String {
    match (&package.artist, &package.title) {
        (Some(artist), Some(title)) => format!("{artist} – {title}"),
        (None, Some(title)) => title.clone(),
        (Some(artist), None) => artist.clone(),
        (None, None) => "-".to_owned(),
    }
}

/// One package after a change.
pub fn answer(package: &Package, context: &mut Context<'_>) -> Result<Done, Failure> {
    if context.json {
        context.write_json(&PackageLine::new(package, Vec::new(), None))?;
    } else {
        writeln!(
            context.out,
            "{} is {} now: {} (label {}, attempt {})",
            package.id,
            package.status.title(),
            shown(&release(package)),
            package.label_name,
            package.attempt
        )?;
    }
    Ok(Done::Fine)
}

pub(super) fn show(
    package: &Package,
    store: &Store,
    config: &Config,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let mut report = store.report(&package.id)?;
    if let Some(report) = report
        .as_mut()
        .filter(|_| package.status == Status::NeedsQc)
    {
        // Another version may have gone live since it was inspected.
        match update::difference(store, config, package) {
            Ok(found) => report.difference = found,
            Err(fault) => writeln!(
                context.err,
                "note: the difference is that to what was live when the package was inspected; what is live now cannot be read: {}",
                shown(&fault.text)
            )?,
        }
    }
    let log = store.log(&package.id)?;
    let pushes = store.pushes(&PushFilter {
        package: Some(package.id.clone()),
        ..PushFilter::default()
    })?;
    let letters = store.letters(&package.id)?;
    let questions = open_questions(package, store)?;
    let (tracks, findings, artwork) = match report.clone() {
        Some(report) => (report.tracks, report.findings, report.artwork),
        None => (Vec::new(), Vec::new(), None),
    };
    let detail = PackageDetail {
        id: package.id.to_string(),
        label: package.label_name.clone(),
        folder: package.folder.clone(),
        status: package.status.as_str().to_owned(),
        attempt: package.attempt,
        icpn: package.icpn.clone(),
        title: package.title.clone(),
        artist: package.artist.clone(),
        tracks,
        finding_counts: package.counts,
        findings,
        artwork,
        questions,
        readiness: report
            .as_ref()
            .map(|report| report.readiness.clone())
            .unwrap_or_default(),
        difference: report.as_ref().and_then(|report| report.difference.clone()),
        waiting_for: package.waiting_for.clone(),
        takes_down: match &report {
            Some(report) if package.status == Status::NeedsQc && is_takedown(report) => {
                takedown::removals(package, store, context)?
            }
            _ => Vec::new(),
        },
        history: log.iter().map(HistoryLine::from).collect(),
        pushes: pushes.iter().map(PushLine::from).collect(),
        letters: letters.iter().map(LetterLine::from).collect(),
        received_at: super::output::rfc3339(package.received_at),
        updated_at: super::output::rfc3339(package.updated_at),
    };
    if context.json {
        context.write_json(&detail)?;
        return Ok(Done::Fine);
    }
    write_facts(package, context.out)?;
    if !detail.takes_down.is_empty() {
        takedown::write_removals(&detail.takes_down, context.out)?;
    }
    if let Some(report) = report.as_ref().filter(|_| !detail.questions.is_empty()) {
        write_questions(package, report, context.out)?;
    }
    if package.status == Status::NeedsQc {
        write_readiness(package, &detail.readiness, context.out)?;
    }
    write_history(&detail, context.out)?;
    if let Some(report) = &report {
        writeln!(context.out)?;
        write!(context.out, "{}", text::render(report, context.colour))?;
    }
    Ok(Done::Fine)
}

fn write_facts(package: &Package, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "package   {}", package.id)?;
    writeln!(out, "status    {}", package.status.title())?;
    writeln!(out, "label     {}", package.label_name)?;
    writeln!(out, "folder    {}", shown(&package.folder))?;
    writeln!(out, "release   {}", shown(&release(package)))?;
    writeln!(
        out,
        "barcode   {}",
        shown(package.icpn.as_deref().unwrap_or("-"))
    )?;
    writeln!(out, "attempt   {}", package.attempt)?;
    writeln!(out, "received  {}", time(package.received_at))?;
    writeln!(out, "changed   {}", time(package.updated_at))?;
    for line in &package.waiting_for {
        writeln!(out, "          {}", shown(line))?;
    }
    Ok(())
}

/// What the reviewer has to look at, and how to say that it was done.
fn write_questions(package: &Package, report: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\nto look at and tick before approval")?;
    let questions = report.questions();
    for question in &questions {
        writeln!(out, "  {:<9} {}", question.code, shown(&question.message))?;
    }
    let codes: Vec<&str> = questions.iter().map(|q| q.code.as_str()).collect();
    writeln!(out, "  then: {}", approving(package, &codes))?;
    Ok(())
}

/// Which DSPs may have it, and what keeps it from the others.
fn write_readiness(
    package: &Package,
    all: &[Readiness],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\npreflight")?;
    for line in wrapped(&shown(&sentence(all)), 98) {
        writeln!(out, "  {line}")?;
    }
    for one in all.iter().filter(|one| !one.ready) {
        writeln!(
            out,
            "  look: dropzone push preview {} --dsp {}",
            package.id, one.dsp
        )?;
    }
    Ok(())
}

fn write_history(detail: &PackageDetail, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\nhistory")?;
    for line in &detail.history {
        let note = line
            .note
            .as_ref()
            .map(|note| format!(": {}", shown(note)))
            .unwrap_or_default();
        let ticked = if line.ticked.is_empty() {
            String::new()
        } else {
            format!(" (ticked {})", line.ticked.join(", "))
        };
        writeln!(
            out,
            "  {}  {} by {} → {}{ticked}{note}",
            line.at,
            line.event.replace('_', " "),
            shown(&line.actor),
            line.status
        )?;
    }
    for letter in &detail.letters {
        let error = letter
            .last_error
            .as_ref()
            .map(|e| format!(" ({})", shown(e)))
            .unwrap_or_default();
        writeln!(
            out,
            "  e-mail {} to {}: {}{error}",
            letter.kind,
            shown(&letter.recipient),
            letter.state
        )?;
    }
    for push in &detail.pushes {
        let what = takedown::words(push);
        let end = push
            .location
            .as_ref()
            .or(push.last_error.as_ref())
            .map(|t| format!(": {}", shown(t)))
            .unwrap_or_default();
        writeln!(
            out,
            "  {what} {} to {}: {}{end}",
            push.id, push.dsp, push.state
        )?;
    }
    Ok(())
}

fn report(
    package: &Package,
    format: Option<Format>,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let Some(report): Option<Report> = store.report(&package.id)? else {
        return Err(Failure::Refused(format!(
            "there is no report yet: the package is {}",
            package.status.title()
        )));
    };
    let heading = html::Heading {
        label: package.label_name.clone(),
        attempt: package.attempt,
        package: package.id.clone(),
        received: package.received_at,
    };
    let format = Format::chosen(format, context);
    let text = form::render(&report, format, Some(&heading), None, context.colour)?;
    write!(context.out, "{text}")?;
    Ok(Done::Fine)
}
