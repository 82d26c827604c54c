//! `dropzone fix FOLDER`: repairs what needs no decision in a copy of the message, shows the
//! difference, and lists what is left for a person. The message itself is never touched.

use super::Context;
use super::check;
use super::exit::{Done, Failure};
use super::output::shown;
use super::shapes::FixDetail;
use crate::domain::naming::repaired_copy;
use crate::domain::report::{Finding, Severity, Verdict, text};
use crate::domain::visible::wrapped;
use crate::inspect::{Repaired, repair};
use similar::TextDiff;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Lines of the message that are shown around each change.
const CONTEXT_LINES: usize = 2;
/// Columns that sentences are kept within.
const WIDTH: usize = 100;

/// What to repair.
#[derive(Debug, clap::Args)]
#[group(id = "what_to_fix")]
pub struct Arguments {
    #[command(flatten)]
    check: check::Subject,
    /// Write the copy (metadata.fixed.xml beside metadata.xml); without it the difference is only shown
    #[arg(long)]
    write: bool,
}

/// Runs it. Exit code 0: with the copy in the message's place no error is left; 1: errors are left;
/// 2: could not run.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let outcome = check::inspected(&arguments.check, context, repair)?;
    let copy = outcome
        .message_file
        .as_deref()
        .filter(|_| outcome.after.is_some())
        .map(repaired_copy);
    let mut written = None;
    if let (true, Some(copy), Some(after)) = (arguments.write, &copy, &outcome.after) {
        let mut path = arguments.check.folder()?;
        path.extend(&outcome.nested_in);
        path.push(copy);
        write_copy(&path, after).map_err(|error| {
            Failure::Failed(format!("cannot write {}: {error}", path.display()))
        })?;
        written = Some(path);
    }
    let diff = difference(&outcome, copy.as_deref().unwrap_or_default());
    let verdict = outcome.report.verdict;
    if context.json {
        context.write_json(&FixDetail {
            folder: outcome.report.folder,
            message_file: outcome.message_file,
            fixed_file: copy,
            written: written.is_some(),
            repaired: outcome.repaired,
            left: outcome.report.findings,
            diff,
        })?;
    } else {
        tell(&outcome, &diff, context)?;
        advise(&outcome, written.as_deref(), context)?;
        tell_left(&outcome, context)?;
    }
    Ok(match verdict {
        Verdict::Valid => Done::Fine,
        Verdict::Invalid => Done::Negative,
    })
}

/// Whole or not at all, and never through a link that lies in its place.
fn write_copy(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let temporary: PathBuf = folder.join(format!(".dropzone-fix-{}.tmp", std::process::id()));
    let outcome = fs::File::create_new(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if outcome.is_err() {
        // What is left of a failed attempt; the failure itself is told.
        fs::remove_file(&temporary).ok();
    }
    outcome
}

fn difference(outcome: &Repaired, copy: &str) -> String {
    let (Some(before), Some(after)) = (&outcome.before, &outcome.after) else {
        return String::new();
    };
    let name = outcome.message_file.as_deref().unwrap_or_default();
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(name, copy)
        .to_string()
}

fn tell(outcome: &Repaired, diff: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let number = outcome.repaired.len();
    let headline = match (&outcome.message_file, &outcome.before, number) {
        (None, ..) => "There is no message in this folder to repair.".to_owned(),
        (Some(name), None, _) => format!(
            "{} cannot be read as XML, so nothing in it can be repaired. See below what is wrong.",
            shown(name)
        ),
        (Some(name), Some(_), 0) => format!(
            "There is nothing in {} that can be repaired without a decision.",
            shown(name)
        ),
        (Some(name), Some(_), 1) => format!("One fault of {} can be repaired:", shown(name)),
        (Some(name), Some(_), _) => format!("{number} faults of {} can be repaired:", shown(name)),
    };
    writeln!(context.out, "{}", bold(&headline, context.colour))?;
    if number > 0 {
        writeln!(context.out)?;
    }
    for finding in &outcome.repaired {
        let line = finding
            .line
            .map_or_else(String::new, |n| format!("line {n}"));
        let lead = format!("  {line:<9} {:<9} ", finding.code);
        let said = what_was_wrong(finding);
        for (at, piece) in wrapped(&said, WIDTH - lead.len()).iter().enumerate() {
            let margin = if at == 0 { lead.as_str() } else { "" };
            writeln!(context.out, "{margin:<width$}{piece}", width = lead.len())?;
        }
    }
    if !diff.is_empty() {
        writeln!(context.out)?;
        for line in diff.lines() {
            let code = match line.as_bytes() {
                [b'+', ..] => "32",
                [b'-', ..] => "31",
                [b'@', ..] => "36",
                _ => "",
            };
            let line = shown(line);
            if context.colour && !code.is_empty() {
                writeln!(context.out, "\x1b[{code}m{line}\x1b[0m")?;
            } else {
                writeln!(context.out, "{line}")?;
            }
        }
    }
    Ok(())
}

/// The first sentence; the difference shows what became of it.
fn what_was_wrong(finding: &Finding) -> String {
    let message = shown(&finding.message);
    let plain = message.replace('`', "");
    plain
        .split_once(" We read it")
        .map_or(plain.clone(), |(first, _)| first.to_owned())
}

/// What to do with the copy.
fn advise(
    outcome: &Repaired,
    written: Option<&Path>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let Some(name) = outcome
        .message_file
        .as_deref()
        .filter(|_| outcome.after.is_some())
    else {
        return Ok(());
    };
    let name = shown(name);
    let copy = repaired_copy(&name);
    writeln!(context.out)?;
    match written {
        Some(path) => writeln!(
            context.out,
            "Written to {}. {name} was not touched: before you upload, delete it and rename the copy \
             to {name}.",
            shown(&path.display().to_string())
        )?,
        None => writeln!(
            context.out,
            "Nothing was written. With --write it is written to {copy}; {name} is never touched."
        )?,
    }
    Ok(())
}

fn tell_left(outcome: &Repaired, context: &mut Context<'_>) -> Result<(), Failure> {
    let findings = outcome.report.findings.iter();
    let left: Vec<&Finding> = findings
        .filter(|finding| finding.severity != Severity::Info)
        .collect();
    let number = left.iter().map(|finding| finding.number()).sum::<u32>();
    let copy = outcome.message_file.as_deref().map(repaired_copy);
    let lines = match copy.filter(|_| outcome.after.is_some()) {
        Some(copy) => format!(" (lines are those of {})", shown(&copy)),
        None => String::new(),
    };
    let headline = match number {
        0 => "Nothing is left for you to decide.".to_owned(),
        1 => format!("One thing is left that only you can decide{lines}:"),
        n => format!("{n} things are left that only you can decide{lines}:"),
    };
    writeln!(context.out, "\n{}", bold(&headline, context.colour))?;
    if !left.is_empty() {
        write!(
            context.out,
            "{}",
            text::findings_alone(left, context.colour)
        )?;
    }
    Ok(())
}

fn bold(text: &str, colour: bool) -> String {
    if colour {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
