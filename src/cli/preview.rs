//! `dropzone push preview`: what a DSP would get, for people who read no XML.

use super::Context;
use super::check::{Subject, inspected};
use super::exit::{Done, Failure};
use super::output::{Table, find_package, shown};
use super::push::profile_of;
use super::shapes::PreviewDetail;
use crate::config::Config;
use crate::daemon::clock;
use crate::daemon::preview::{Matter, Preview, kind_of};
use crate::deliver::UNKNOWN_BATCH;
use crate::domain::dsp::{Choreography, DspProfile};
use crate::domain::facts::SchemaCheck;
use crate::domain::push::PushKind;
use crate::domain::report::text::findings_alone;
use crate::domain::report::{Counts, Finding, Severity, view};
use crate::domain::visible::{escaped, wrapped};
use crate::inspect::examine;
use crate::inspect::schemas::Schemas;
use std::io::Write;

/// Columns that lines are kept within.
const WIDTH: usize = 100;
/// Columns of the words that stand before a value.
const LEAD: usize = 11;

/// What to preview, for whom.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Package (identifier, or a few of its last letters), or a release folder: offline, and nothing
    /// is stored
    #[arg(value_name = "PACKAGE|FOLDER")]
    what: String,
    /// Name of the DSP's profile
    #[arg(long, value_name = "DSP")]
    dsp: String,
    /// Print the message as it would be sent
    #[arg(long)]
    xml: bool,
    /// Show what would take the release down instead
    #[arg(long)]
    takedown: bool,
}

/// Runs it. Exit code 0: it would be sent; 1: something stands in the way.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let profile = profile_of(&arguments.dsp, &config)?;
    let preview = made(arguments, &config, &profile, context)?;
    if context.json {
        context.write_json(&PreviewDetail::new(&preview, arguments.xml))?;
    } else if arguments.xml {
        let Some(xml) = &preview.seen.xml else {
            return Err(Failure::Refused(no_message(&preview)));
        };
        writeln!(
            context.err,
            "note: MessageId and MessageThreadId stand as PREVIEW; hashes (and sizes) of files that are changed stand as zeros until they are made"
        )?;
        // Into a file byte for byte; on a terminal nothing of a label's text may act on it.
        if context.colour {
            write!(context.out, "{}", escaped(xml))?;
        } else {
            write!(context.out, "{xml}")?;
        }
    } else {
        let text = text(&preview, context.colour);
        write!(context.out, "{text}")?;
    }
    Ok(if preview.is_ready() {
        Done::Fine
    } else {
        Done::Negative
    })
}

/// A folder is one that is there; everything else is meant as a package.
fn made(
    arguments: &Arguments,
    config: &Config,
    profile: &DspProfile,
    context: &mut Context<'_>,
) -> Result<Preview, Failure> {
    let schemas = Schemas::open(&config.places().schemas());
    let now = clock::now();
    let failed = |fault: crate::domain::fault::Fault| Failure::Failed(fault.text);
    let is_path = arguments.what.contains('/') || arguments.what.starts_with('.');
    if is_path || std::path::Path::new(&arguments.what).is_dir() {
        let subject = Subject::of(arguments.what.clone().into());
        let examined = inspected(&subject, context, examine)?;
        let matter = Matter::of_folder(examined, now).map_err(|why| {
            Failure::Failed(format!(
                "{} has nothing to send: {why}",
                shown(&arguments.what)
            ))
        })?;
        let kind = if arguments.takedown {
            PushKind::Takedown
        } else {
            PushKind::New
        };
        return Ok(matter.preview(config, &schemas, profile, kind, now));
    }
    let store = context.store(config)?;
    let package = find_package(&store, &arguments.what)?;
    let Some(report) = store.report(&package.id)? else {
        return Err(Failure::Refused(format!(
            "there is nothing to preview yet: the package is {}",
            package.status.title()
        )));
    };
    let mut matter = Matter::of_package(&store, config, &package, &report).map_err(failed)?;
    let mut kind = kind_of(&store, &package, profile).map_err(failed)?;
    if arguments.takedown {
        kind = PushKind::Takedown;
    }
    if kind == PushKind::Takedown {
        matter
            .for_takedown(&store, config, profile, false)
            .map_err(failed)?;
    }
    Ok(matter.preview(config, &schemas, profile, kind, now))
}

/// Why there is no XML to print.
fn no_message(preview: &Preview) -> String {
    let refusals = &preview.seen.refusals;
    if refusals.is_empty() {
        return format!(
            "{} gets the label's own message as it came: there is none of ours to print",
            preview.profile.name
        );
    }
    let said: Vec<String> = refusals
        .iter()
        .map(|refusal| format!("  {}  {}", refusal.code, shown(&refusal.message)))
        .collect();
    format!(
        "no message for {} can be made of this release:\n{}",
        preview.profile.name,
        said.join("\n")
    )
}

fn text(preview: &Preview, colour: bool) -> String {
    let mut out: Vec<u8> = Vec::new();
    // Writing into memory does not fail.
    write_text(preview, colour, &mut out).ok();
    String::from_utf8_lossy(&out).into_owned()
}

fn write_text(preview: &Preview, colour: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (profile, seen) = (&preview.profile, &preview.seen);
    let paint = |code: &str, text: &str| {
        if colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let verdict = if preview.is_ready() {
        paint("1;32", "READY")
    } else {
        paint("1;31", "NOT READY")
    };
    let name = paint("1", &format!("for {}", shown(&profile.name)));
    writeln!(out, "{verdict}  {name}\n")?;
    let what = match preview.kind {
        PushKind::New => "new release",
        PushKind::Update => "update of a release",
        PushKind::Takedown => "takedown of a release",
    };
    let mode = if profile.message_options.test {
        "test (the DSP publishes nothing)"
    } else {
        "live"
    };
    fact(out, "dsp", profile.id.as_str())?;
    fact(
        out,
        "message",
        &format!("{}, {what}, {mode}", profile.version()),
    )?;
    if preview.kind == PushKind::Takedown && profile.message.is_generated() {
        fact(out, "takedown", preview.form.words())?;
    }
    if !seen.folder.is_empty() {
        fact(out, "folder", &folder(preview))?;
    }
    fact(out, "schema", &schema(preview))?;
    if let Some(fault) = &seen.fault {
        fact(out, "profile", fault)?;
    }
    holds(preview, &paint("1", "What holds for it there"), out)?;
    files(preview, &paint("1", "Files"), out)?;
    said(preview, colour, &paint, out)
}

/// The effective configuration.
fn holds(preview: &Preview, heading: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(out, "\n{heading}")?;
    super::overrides::table(&preview.effective.lines()).write(out)
}

fn fact(out: &mut Vec<u8>, lead: &str, text: &str) -> std::io::Result<()> {
    for (at, line) in wrapped(&shown(text), WIDTH - LEAD).iter().enumerate() {
        let lead = if at == 0 { lead } else { "" };
        writeln!(out, "{}", format!("{lead:<LEAD$}{line}").trim_end())?;
    }
    Ok(())
}

fn folder(preview: &Preview) -> String {
    let folder = &preview.seen.folder;
    if preview.profile.choreography == Choreography::Batch {
        format!("{folder} ({UNKNOWN_BATCH} is the batch's number, given when it goes)")
    } else {
        folder.clone()
    }
}

/// What the official schema says, in a sentence.
fn schema(preview: &Preview) -> String {
    let Some(facts) = &preview.schema else {
        return if preview.seen.refusals.is_empty() {
            "not asked: the label's own message goes out as it came".to_owned()
        } else {
            "not asked: no message can be made".to_owned()
        };
    };
    match &facts.check {
        SchemaCheck::Official { set } if facts.total == 0 => {
            format!("the message holds to the official schema ({set})")
        }
        SchemaCheck::Official { set } => format!(
            "the message breaks the official schema ({set}) in {}",
            view::plural(u32::try_from(facts.total).unwrap_or(u32::MAX), "place")
        ),
        SchemaCheck::Skipped { why } => format!("not asked: {why}"),
        SchemaCheck::Guide | SchemaCheck::NotRun => {
            "not asked: the official schema could not be used".to_owned()
        }
    }
}

fn files(preview: &Preview, heading: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    let seen = &preview.seen;
    writeln!(out, "\n{heading}")?;
    let mut table = Table::new(&["AT THE DSP", "SIZE", "CHANGED", "IN THE PACKAGE"]);
    for file in &seen.files {
        table.row([
            file.name.clone(),
            file.size.map_or_else(|| "when made".to_owned(), size),
            file.change.clone().unwrap_or_else(|| "-".to_owned()),
            file.source.clone(),
        ]);
    }
    if !seen.message_name.is_empty() {
        let made = seen.xml.as_ref().map(|xml| size(xml.len() as u64));
        let (made, from) = match made {
            Some(size) => (size, "made by us"),
            None if preview.profile.message.is_generated() => ("-".to_owned(), "cannot be made"),
            None => ("-".to_owned(), "the label's own"),
        };
        table.row([
            seen.message_name.clone(),
            made,
            "-".to_owned(),
            from.to_owned(),
        ]);
    }
    table.write(out)
}

/// `51.2 MB`, in powers of ten as stores write it.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = UNITS.iter().find(|(least, _)| bytes >= *least);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(least, name)| {
            let tenths = bytes.saturating_mul(10) / least;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

/// What is lost, and what stands in the way. Losses are many and of one kind: a list of their own.
fn said(
    preview: &Preview,
    colour: bool,
    paint: &dyn Fn(&str, &str) -> String,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let is_loss = |finding: &&Finding| matches!(finding.code.as_str(), "DSP-003" | "DSP-004");
    let (losses, others): (Vec<&Finding>, Vec<&Finding>) =
        preview.findings.iter().partition(is_loss);
    // What is done to files stands with the files.
    let others: Vec<&Finding> = others
        .into_iter()
        .filter(|finding| finding.code != "DSP-010" || finding.severity == Severity::Error)
        .collect();
    if !others.is_empty() {
        let all: Vec<Finding> = others.iter().copied().cloned().collect();
        let counted = view::counted(&Counts::of(&all));
        writeln!(
            out,
            "\n{}",
            paint("1", &format!("What is to be done: {counted}"))
        )?;
        write!(out, "{}", findings_alone(others, colour))?;
    }
    if !losses.is_empty() {
        let heading = format!(
            "What {} will not read, or reads otherwise",
            preview.profile.name
        );
        writeln!(out, "\n{}", paint("1", &shown(&heading)))?;
        for loss in losses {
            let line = loss
                .line
                .map_or_else(String::new, |line| format!(" (line {line})"));
            let words = format!("{}{line}", shown(&loss.message));
            for (at, text) in wrapped(&words, WIDTH - LEAD).iter().enumerate() {
                let code = if at == 0 { loss.code.as_str() } else { "" };
                writeln!(out, "  {code:<9}{text}")?;
            }
        }
    }
    Ok(())
}
