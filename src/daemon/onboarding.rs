//! The deliveries that a store asks of a new partner, of one release, laid into a folder as they would
//! lie at the store. Nothing is stored and nothing is sent.

use super::preview::Matter;
use crate::config::Config;
use crate::deliver::{self, Making, Part};
use crate::domain::account::Profile;
use crate::domain::dsp::{Choreography, DspProfile};
use crate::domain::ern;
use crate::domain::ern::write::OutFile;
use crate::domain::facts::{SchemaCheck, SchemaFacts};
use crate::domain::fault::Fault;
use crate::domain::naming::{Names, reference_path};
use crate::domain::onboarding::{Impossible, Step, Test, sequence};
use crate::domain::push::{MessageIds, Plan};
use crate::domain::release::Text;
use crate::inspect::schemas::Schemas;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use ulid::Ulid;

/// Where converted files and messages are made, below the folder; removed in the end.
const WORK: &str = ".making";
/// Seconds between the times of two messages: a store that reads to the minute sees them rise.
const APART_SECONDS: i64 = 60;

/// The deliveries that were made.
pub struct Onboarding {
    /// `MessageThreadId` of all of them.
    pub thread: String,
    /// In their order, with those that could not be made.
    pub steps: Vec<Result<Delivery, Impossible>>,
}

/// One delivery.
pub struct Delivery {
    /// Which of the five.
    pub test: Test,
    /// What is different from the one before, as sentences.
    pub changed: Vec<String>,
    /// `new`, `update` or `takedown`.
    pub kind: crate::domain::push::PushKind,
    /// Its folder, relative to that of all.
    pub folder: String,
    /// What lies in it, relative to it, in the order in which it would be sent.
    pub files: Vec<String>,
    /// `MessageId`.
    pub message_id: String,
    /// `MessageCreatedDateTime`.
    pub created: Timestamp,
    /// It is a `TestMessage`.
    pub is_test: bool,
    /// What the official schema says of the message.
    pub schema: SchemaFacts,
    /// What of the label's message it does not say.
    pub losses: Vec<String>,
}

impl Delivery {
    /// Whether the schema was asked and has something against it.
    pub fn breaks_schema(&self) -> bool {
        matches!(self.schema.check, SchemaCheck::Official { .. }) && self.schema.total > 0
    }
}

/// Makes all deliveries below `to`, which is there and empty.
///
/// # Errors
/// The first delivery cannot be made, or the folder cannot be filled. A later one that cannot be made
/// is told in its place.
pub fn make(
    matter: &Matter,
    config: &Config,
    schemas: &Schemas,
    profile: &DspProfile,
    to: &Path,
    now: Timestamp,
) -> Result<Onboarding, Fault> {
    let maker = Maker {
        matter,
        config,
        schemas,
        profile,
        to,
        thread: Ulid::generate().to_string(),
    };
    let today = now.to_zoned(TimeZone::UTC).date();
    let planned = sequence(&matter.message, today);
    let count = i64::try_from(planned.len()).unwrap_or_default();
    // The last one is of now and none of the future.
    let first = now - SignedDuration::from_secs(APART_SECONDS * count);
    let mut steps = Vec::new();
    for (number, planned) in (1_i64..).zip(planned) {
        let created = first + SignedDuration::from_secs(APART_SECONDS * number);
        steps.push(match planned {
            Err(impossible) => Err(impossible),
            Ok(step) => match maker.delivery(&step, created) {
                Ok(delivery) => Ok(delivery),
                Err(fault) if step.test == Test::NewRelease || fault.is_transient() => {
                    maker.tidy();
                    return Err(fault);
                }
                Err(fault) => Err(Impossible {
                    test: step.test,
                    why: fault.text,
                }),
            },
        });
    }
    maker.tidy();
    Ok(Onboarding {
        thread: maker.thread,
        steps,
    })
}

struct Maker<'a> {
    matter: &'a Matter,
    config: &'a Config,
    schemas: &'a Schemas,
    profile: &'a DspProfile,
    to: &'a Path,
    thread: String,
}

impl Maker<'_> {
    fn delivery(&self, step: &Step, created: Timestamp) -> Result<Delivery, Fault> {
        let (matter, profile) = (self.matter, self.profile);
        let us = self.config.party.clone();
        let message_id = Ulid::generate().to_string();
        let is_named = profile.message_options.sent_on_behalf_of;
        let work = self.to.join(WORK);
        let making = Making {
            profile,
            effective: &matter.effective(profile),
            us: &us,
            package: &matter.package,
            kind: step.kind,
            form: profile.takedown_form(false),
            message: &step.message,
            files: still_named(&matter.files, step),
            manifest: &matter.manifest.files,
            spool: &matter.root,
            work: &work,
            on_behalf_of: matter.label.clone().filter(|_| is_named),
            ids: MessageIds {
                message: message_id.clone(),
                thread: self.thread.clone(),
            },
            now: created,
        };
        let prepared = deliver::generate(&making)?;
        let (is_test, losses) = (prepared.is_test, prepared.losses.clone());
        let part = Part {
            package: matter.package.clone(),
            kind: step.kind,
            prepared,
        };
        let batch = (profile.choreography == Choreography::Batch)
            .then(|| created.strftime("%Y%m%d%H%M%S%3f").to_string());
        let parts = std::slice::from_ref(&part);
        let plan = deliver::assemble(profile, &us, parts, batch.as_deref())?;
        let schema = self.schema_of(&work)?;
        let folder = format!("{}_{}", step.test.number(), step.test.as_str());
        let files = lay(&plan, &self.to.join(&folder))?;
        Ok(Delivery {
            test: step.test,
            changed: step.changed.clone(),
            kind: step.kind,
            folder,
            files,
            message_id,
            created,
            is_test,
            schema,
            losses,
        })
    }

    fn schema_of(&self, work: &Path) -> Result<SchemaFacts, Fault> {
        let path = work.join("message.xml");
        let bytes = fs::read(&path).map_err(|error| unfilled(&path, &error))?;
        let reading = ern::read(&bytes, &self.config.limits);
        Ok(self.schemas.check(&reading, Profile::Strict))
    }

    /// What was made on the way is not part of what was asked for.
    fn tidy(&self) {
        let work = self.to.join(WORK);
        if let Err(error) = fs::remove_dir_all(&work)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %work.display(), %error, "what was made on the way could not be removed");
        }
    }
}

/// The files of a step: those of the release without those that left with a track.
fn still_named(files: &[OutFile], step: &Step) -> Vec<OutFile> {
    let sources: Vec<String> = files.iter().map(|file| file.source.clone()).collect();
    let names = Names::new(&sources);
    let mut gone = BTreeSet::new();
    for file in &step.without {
        let path = file.path.as_ref().map(Text::as_str);
        if let Ok(reference) = reference_path(path, file.name.as_str())
            && let Some((source, _)) = names.find(&reference)
        {
            gone.insert(source.to_owned());
        }
    }
    let stays = |file: &&OutFile| !gone.contains(&file.source);
    files.iter().filter(stays).cloned().collect()
}

/// Lays a plan into a folder, as it would lie below the store's directory. Names were looked at when
/// the plan was made: none leads out of it.
fn lay(plan: &Plan, to: &Path) -> Result<Vec<String>, Fault> {
    let mut laid = Vec::new();
    for cargo in &plan.files {
        let name = format!("{}/{}", plan.folder, cargo.name);
        let path = place(to, &name)?;
        fs::copy(&cargo.source, &path).map_err(|error| unfilled(&path, &error))?;
        laid.push(name);
    }
    for (name, content) in &plan.markers {
        let path = place(to, name)?;
        fs::write(&path, content).map_err(|error| unfilled(&path, &error))?;
        laid.push(name.clone());
    }
    Ok(laid)
}

fn place(to: &Path, name: &str) -> Result<std::path::PathBuf, Fault> {
    let path = to.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| unfilled(parent, &error))?;
    }
    Ok(path)
}

fn unfilled(path: &Path, error: &std::io::Error) -> Fault {
    Fault::transient(
        "folder_unwritable",
        format!(
            "The folder cannot be filled: {}: {error}. Make room, or name another folder, and try again.",
            path.display()
        ),
    )
}
