//! `dropzone push onboarding`: the scripted deliveries that a store asks a new partner for.

use super::Context;
use super::check::{Subject, inspected};
use super::exit::{Done, Failure};
use super::output::{Table, find_package, rfc3339, shown};
use super::push::profile_of;
use crate::config::Config;
use crate::daemon::clock;
use crate::daemon::onboarding::{Delivery, Onboarding, make};
use crate::daemon::preview::Matter;
use crate::domain::dsp::DspProfile;
use crate::domain::facts::SchemaCheck;
use crate::domain::onboarding::Impossible;
use crate::domain::push::PushKind;
use crate::domain::visible::wrapped;
use crate::inspect::examine;
use crate::inspect::schemas::Schemas;
use schemars::JsonSchema;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Columns that the text is kept within.
const WIDTH: usize = 100;
/// Columns of the words that stand before a value.
const LEAD: usize = 12;
/// What says what is what.
const INDEX: &str = "README.txt";

/// Of what, for whom, where.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the DSP's profile
    #[arg(value_name = "DSP")]
    dsp: String,
    /// Package (identifier, or a few of its last letters), or a release folder: offline
    #[arg(long, value_name = "PACKAGE|FOLDER")]
    from: String,
    /// Folder that is made, or is there and empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// The deliveries.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OnboardingDetail {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// Where they lie.
    pub folder: String,
    /// `MessageThreadId` of all of them.
    pub thread: String,
    /// In their order.
    pub steps: Vec<OnboardingStep>,
}

/// A delivery, or why there is none.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OnboardingStep {
    /// From 1.
    pub number: u32,
    /// `new_release`, `update`, `timed_single`, `track_removed` or `takedown`.
    pub test: String,
    /// Why it could not be made, as a sentence.
    pub impossible: Option<String>,
    /// `new`, `update` or `takedown`.
    pub kind: Option<String>,
    /// Its folder, relative to `folder` of all.
    pub folder: Option<String>,
    /// What lies in it, relative to it, in the order in which it would be sent.
    pub files: Vec<String>,
    /// `MessageId`.
    pub message_id: Option<String>,
    /// `MessageCreatedDateTime`; RFC 3339, UTC.
    pub created: Option<String>,
    /// It is a `TestMessage`.
    pub is_test: Option<bool>,
    /// Which schema check was run on the message.
    pub schema: Option<SchemaCheck>,
    /// Places where the message breaks the schema.
    pub schema_fault_count: u64,
    /// What is different from the one before, as sentences.
    pub changed: Vec<String>,
    /// What the store should show then.
    pub look_for: String,
    /// What of the label's message it does not say.
    pub losses: Vec<String>,
}

impl OnboardingStep {
    fn new(step: &Result<Delivery, Impossible>) -> Self {
        let (test, made) = match step {
            Ok(delivery) => (delivery.test, Some(delivery)),
            Err(impossible) => (impossible.test, None),
        };
        Self {
            number: test.number(),
            test: test.as_str().to_owned(),
            impossible: step.as_ref().err().map(|impossible| impossible.why.clone()),
            kind: made.map(|made| made.kind.as_str().to_owned()),
            folder: made.map(|made| made.folder.clone()),
            files: made.map(|made| made.files.clone()).unwrap_or_default(),
            message_id: made.map(|made| made.message_id.clone()),
            created: made.map(|made| rfc3339(made.created)),
            is_test: made.map(|made| made.is_test),
            schema: made.map(|made| made.schema.check.clone()),
            schema_fault_count: made.map_or(0, |made| made.schema.total as u64),
            changed: made.map(|made| made.changed.clone()).unwrap_or_default(),
            look_for: test.look_for().to_owned(),
            losses: made.map(|made| made.losses.clone()).unwrap_or_default(),
        }
    }
}

/// Runs it. Exit code 0: every delivery that can be made of the release was made; 1: one breaks the
/// schema.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let profile = profile_of(&arguments.dsp, &config)?;
    if !profile.message.is_generated() {
        return Err(Failure::Refused(format!(
            "{} gets the label's own message as it came; deliveries can only be made up where we write the message (`message = \"ern_43\"` in {}.toml)",
            shown(&profile.name),
            profile.id
        )));
    }
    let matter = matter(arguments, &config, context)?;
    empty(&arguments.to)?;
    let schemas = Schemas::open(&config.places().schemas());
    let made = make(
        &matter,
        &config,
        &schemas,
        &profile,
        &arguments.to,
        clock::now(),
    )
    .map_err(|fault| Failure::Failed(fault.text))?;
    let index = arguments.to.join(INDEX);
    fs::write(&index, readme(&made, &profile)).map_err(|error| {
        Failure::Failed(format!("{} cannot be written: {error}", index.display()))
    })?;
    if context.json {
        context.write_json(&OnboardingDetail {
            dsp: profile.id.to_string(),
            folder: arguments.to.display().to_string(),
            thread: made.thread.clone(),
            steps: made.steps.iter().map(OnboardingStep::new).collect(),
        })?;
    } else {
        told(&made, &arguments.to, context)?;
    }
    let is_broken = made.steps.iter().flatten().any(Delivery::breaks_schema);
    Ok(if is_broken {
        Done::Negative
    } else {
        Done::Fine
    })
}

/// A folder is one that is there; everything else is meant as a package.
fn matter(
    arguments: &Arguments,
    config: &Config,
    context: &mut Context<'_>,
) -> Result<Matter, Failure> {
    let from = &arguments.from;
    if from.contains('/') || from.starts_with('.') || Path::new(from).is_dir() {
        let subject = Subject::of(from.into());
        let examined = inspected(&subject, context, examine)?;
        return Matter::of_folder(examined, clock::now())
            .map_err(|why| Failure::Failed(format!("{} has nothing to send: {why}", shown(from))));
    }
    let store = context.store(config)?;
    let package = find_package(&store, from)?;
    let Some(report) = store.report(&package.id)? else {
        return Err(Failure::Refused(format!(
            "nothing can be made of it yet: the package is {}",
            package.status.title()
        )));
    };
    Matter::of_package(&store, config, &package, &report)
        .map_err(|fault| Failure::Failed(fault.text))
}

/// Nothing that is there is mixed with what is made.
fn empty(to: &Path) -> Result<(), Failure> {
    let place = shown(&to.display().to_string());
    fs::create_dir_all(to)
        .map_err(|error| Failure::Failed(format!("the folder {place} cannot be made: {error}")))?;
    let mut there = fs::read_dir(to)?;
    if there.next().is_some() {
        return Err(Failure::Refused(format!(
            "{place} is not empty: name a folder that is not there yet"
        )));
    }
    Ok(())
}

fn told(made: &Onboarding, to: &Path, context: &mut Context<'_>) -> Result<(), Failure> {
    let out = &mut context.out;
    let mut table = Table::new(&["STEP", "IS", "FOLDER", "SCHEMA"]);
    for delivery in made.steps.iter().flatten() {
        table.row([
            format!("{} {}", delivery.test.number(), delivery.test.title()),
            delivery.kind.as_str().to_owned(),
            delivery.folder.clone(),
            schema(delivery),
        ]);
    }
    table.write(*out)?;
    for impossible in made.steps.iter().filter_map(|step| step.as_ref().err()) {
        let test = impossible.test;
        let text = format!(
            "Not made: {} {}. {}",
            test.number(),
            test.title(),
            impossible.why
        );
        writeln!(out)?;
        for line in wrapped(&shown(&text), WIDTH) {
            writeln!(out, "{line}")?;
        }
    }
    let index = to.join(INDEX);
    writeln!(
        out,
        "\n{} says of each step what it is and what to look for. Nothing was sent.",
        shown(&index.display().to_string())
    )?;
    Ok(())
}

fn schema(delivery: &Delivery) -> String {
    match &delivery.schema.check {
        SchemaCheck::Official { set } if delivery.schema.total == 0 => format!("holds ({set})"),
        SchemaCheck::Official { set } => {
            let first = delivery.schema.faults.first();
            let first = first.map_or_else(String::new, |fault| {
                format!(", the first in line {}: {}", fault.line, fault.message)
            });
            format!("breaks it {} times ({set}{first})", delivery.schema.total)
        }
        SchemaCheck::Skipped { why } => format!("not asked: {why}"),
        SchemaCheck::Guide | SchemaCheck::NotRun => "not asked".to_owned(),
    }
}

/// What is what, for who delivers it and who looks at the store.
fn readme(made: &Onboarding, profile: &DspProfile) -> String {
    let mut text = String::new();
    let mut say = |line: &str| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    say(&format!(
        "Onboarding deliveries for {}",
        shown(&profile.name)
    ));
    say("");
    for line in wrapped(&introduction(profile), WIDTH) {
        say(&line);
    }
    say("");
    say(&format!("MessageThreadId of all: {}", made.thread));
    for step in &made.steps {
        say("");
        let (test, lines) = match step {
            Ok(delivery) => (delivery.test, facts(delivery)),
            Err(impossible) => {
                let why = ("not made", impossible.why.clone());
                (impossible.test, vec![why])
            }
        };
        say(&format!("{}. {}", test.number(), test.title()));
        for (lead, value) in lines {
            for (at, line) in wrapped(&shown(&value), WIDTH - LEAD).iter().enumerate() {
                let lead = if at == 0 { lead } else { "" };
                say(&format!("{lead:<LEAD$}{line}"));
            }
        }
    }
    text
}

fn introduction(profile: &DspProfile) -> String {
    let mode = if profile.message_options.test {
        "All messages are TestMessages: the store checks them and publishes nothing."
    } else {
        "All messages are LiveMessages: a store that takes them publishes the release, with its changed title and dates. Deliver them to the store's test environment, or set `test = true` of [message_options] in the profile and make them again."
    };
    format!(
        "Deliver the folders in their order: what lies in a folder goes into the directory that the store has given you, the message or the manifest last. Go on when the store has taken the one before. {mode} Every step is an update of the same release; dates and titles are changed for these tests, and nothing is sold earlier or in more places than the label's message says."
    )
}

fn facts(delivery: &Delivery) -> Vec<(&'static str, String)> {
    let what = match delivery.kind {
        PushKind::New => "a new release",
        PushKind::Update => "an update (redelivery) of the release",
        PushKind::Takedown => "a takedown of the release",
    };
    let test = if delivery.is_test {
        "TestMessage"
    } else {
        "LiveMessage"
    };
    let mut lines = vec![
        ("is", format!("{what}, {test}")),
        ("folder", delivery.folder.clone()),
    ];
    for changed in &delivery.changed {
        lines.push(("changed", changed.clone()));
    }
    lines.push(("look for", delivery.test.look_for().to_owned()));
    lines.push((
        "message",
        format!("{} of {}", delivery.message_id, rfc3339(delivery.created)),
    ));
    lines.push(("schema", schema(delivery)));
    for file in &delivery.files {
        lines.push(("file", file.clone()));
    }
    lines
}
