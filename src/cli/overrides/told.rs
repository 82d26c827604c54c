//! What was said about releases, and what it comes to, as people and programs read it.

use super::super::Context;
use super::super::exit::{Done, Failure};
use super::super::output::{Table, rfc3339, shown, time};
use super::super::shapes::PushLine;
use super::{Meant, meant};
use crate::config::Config;
use crate::daemon::preview::Matter;
use crate::domain::account::Account;
use crate::domain::dsp::DspProfile;
use crate::domain::dsp::effective::{Effective, Line, resolve};
use crate::domain::dsp::overrides::{OverrideChange, ReleaseKey, Setting, block, holding};
use crate::domain::ern::write::Loss;
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::{Push, PushKind};
use crate::domain::visible::wrapped;
use crate::store::{Overridden, Store};
use schemars::JsonSchema;
use serde::Serialize;

/// Columns that sentences are kept within.
const WIDTH: usize = 100;

/// A value that holds, and where it comes from.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EffectiveLine {
    /// `block`, `territories`, `start`, `price-tier`, `models` or `use-types`.
    pub field: String,
    /// What holds, for people.
    pub value: String,
    /// Where that comes from: the label's message, the label's contract, the DSP's profile, an override.
    pub source: String,
}

impl From<&Line> for EffectiveLine {
    fn from(line: &Line) -> Self {
        Self {
            field: line.field.as_str().to_owned(),
            value: line.value.clone(),
            source: line.source.clone(),
        }
    }
}

/// One thing that was said.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverrideLine {
    /// Barcode of the release, or its package where it has none.
    pub release: String,
    /// User name of the label.
    pub label: String,
    /// Name of the DSP's profile.
    pub dsp: String,
    /// `block`, `territories`, `start`, `price-tier`, `models` or `use-types`.
    pub field: String,
    /// What was set, for people; nothing when it was taken back.
    pub value: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// When; RFC 3339, UTC.
    pub at: String,
}

/// What holds, or all that was said.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverrideList {
    /// By release; of one release oldest first.
    pub overrides: Vec<OverrideLine>,
    /// What it comes to, by DSP; for one release that is asked for.
    pub effective: Vec<EffectiveAt>,
}

/// What holds at one DSP.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EffectiveAt {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// Every field.
    pub lines: Vec<EffectiveLine>,
}

/// What came of an override.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverrideDetail {
    /// What is new; empty when all of it held before.
    pub said: Vec<OverrideLine>,
    /// What holds now.
    pub effective: Vec<EffectiveLine>,
    /// What was asked for and is not granted, or why nothing is left to sell.
    pub notes: Vec<String>,
    /// What it means for the release at the DSP, as a sentence.
    pub now: String,
    /// Pushes of the release to that DSP, oldest first.
    pub pushes: Vec<PushLine>,
}

/// The rows of an effective configuration.
pub fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(&["FIELD", "VALUE", "FROM"]);
    for line in lines {
        table.row([
            line.field.as_str().to_owned(),
            line.value.clone(),
            line.source.clone(),
        ]);
    }
    table
}

/// A GTIN-14 as it stands on the release.
fn printed(release: &str) -> &str {
    match release.strip_prefix('0') {
        Some(rest) if release.len() == 14 => rest,
        _ => release,
    }
}

fn line(account: &Account, key: &ReleaseKey, change: &OverrideChange) -> OverrideLine {
    OverrideLine {
        release: printed(&key.release).to_owned(),
        label: account.name.clone(),
        dsp: change.dsp.to_string(),
        field: change.field.as_str().to_owned(),
        value: change.setting.as_ref().map(Setting::shown),
        reason: change.reason.clone(),
        actor: change.actor.clone(),
        at: rfc3339(change.at),
    }
}

pub(super) fn answer(
    meant: &Meant,
    profile: &DspProfile,
    done: &Overridden,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let changes = store.overrides(&meant.key)?;
    let effective = resolve(profile, &meant.account.territories, &changes);
    let notes = notes(meant, &effective, config, store)?;
    let is_blocked = block(&changes, &profile.id).is_some();
    let now = what_now(profile, done.pushes.last(), is_blocked);
    let said = done.said.iter();
    let said: Vec<OverrideLine> = said.map(|c| line(&meant.account, &meant.key, c)).collect();
    let lines = effective.lines();
    if context.json {
        context.write_json(&OverrideDetail {
            said,
            effective: lines.iter().map(EffectiveLine::from).collect(),
            notes,
            now,
            pushes: done.pushes.iter().map(PushLine::from).collect(),
        })?;
        return Ok(Done::Fine);
    }
    let out = &mut context.out;
    let title = meant
        .package
        .as_ref()
        .and_then(|package| package.title.clone());
    let title = title.map_or_else(String::new, |title| format!(" “{}”", shown(&title)));
    writeln!(
        out,
        "{}{title} of {} at {}",
        shown(printed(&meant.key.release)),
        shown(&meant.account.name),
        shown(&profile.name)
    )?;
    if said.is_empty() {
        writeln!(out, "\nNothing changes: all of that held before.")?;
    } else {
        writeln!(out)?;
    }
    for one in &said {
        let value = one.value.as_deref().unwrap_or("taken back");
        writeln!(out, "set: {} {}", one.field, shown(value))?;
    }
    writeln!(out, "\nWhat holds for it there")?;
    table(&lines).write(*out)?;
    for note in notes.iter().chain([&now]) {
        writeln!(out)?;
        for text in wrapped(&shown(note), WIDTH) {
            writeln!(out, "{text}")?;
        }
    }
    Ok(Done::Fine)
}

/// What of it the newest package of the release does not grant. One that was not judged yet has
/// nothing to say.
fn notes(
    meant: &Meant,
    effective: &Effective,
    config: &Config,
    store: &Store,
) -> Result<Vec<String>, Failure> {
    let Some(package) = &meant.package else {
        return Ok(Vec::new());
    };
    let Some(report) = store.report(&package.id)? else {
        return Ok(Vec::new());
    };
    let Ok(matter) = Matter::of_package(store, config, package, &report) else {
        return Ok(Vec::new());
    };
    let applied = matter.applied(effective);
    let told = applied
        .losses
        .iter()
        .map(|loss: &Loss| format!("{}: {}", loss.what, loss.why));
    let mut notes: Vec<String> = told.collect();
    notes.dedup();
    if effective.blocked.is_none() {
        notes.extend(applied.kept.map(|kept| kept.message));
    }
    Ok(notes)
}

/// What it means for the release at the DSP.
fn what_now(profile: &DspProfile, last: Option<&Push>, is_blocked: bool) -> String {
    let name = &profile.name;
    let Some(push) = last else {
        return if is_blocked {
            format!(
                "No push of the release to {name} waits; those to come are blocked, and takedowns go."
            )
        } else {
            format!("No push of the release to {name} waits; it holds for those to come.")
        };
    };
    let id = &push.id;
    if push.kind == PushKind::Takedown {
        return format!(
            "The last push of the release to {name}, {id}, is a takedown and is {}: it goes whatever holds. What was said counts when the release is delivered again.",
            push.state
        );
    }
    match push.state {
        PushState::Queued => format!("Push {id} waits, and goes out with what holds now."),
        PushState::Blocked if is_blocked => {
            format!("Push {id} is blocked; --unblock lets it go. The other DSPs get the release.")
        }
        PushState::Blocked => format!(
            "Push {id} is blocked: {} `dropzone push retry {id}` lets it be judged again.",
            push.last_error.as_deref().unwrap_or_default()
        ),
        PushState::Preparing | PushState::Sending => format!(
            "Push {id} is being sent at this moment, perhaps with what held before: look at it with `dropzone push list --dsp {}`. It holds for pushes to come.",
            push.dsp
        ),
        PushState::SentUnknown => format!(
            "Push {id} may be at {name} already, with what held before. When that is known: `dropzone push resend {id}` sends it anew with what holds now."
        ),
        PushState::Failed | PushState::Cancelled | PushState::Refused => format!(
            "Push {id} is {}; `dropzone push retry {id}` sends it with what holds now.",
            push.state
        ),
        PushState::Sent | PushState::Acknowledged if is_blocked => format!(
            "{name} has the release already, and keeps it: a block holds back what is still to come. To remove it there, take it down (dropzone push takedown)."
        ),
        PushState::Sent | PushState::Acknowledged => format!(
            "{name} has the release already, with what held before, and nothing is sent by itself. It goes out with the next delivery of the release: when the label has uploaded it again and that is approved, {name} gets it as an update."
        ),
    }
}

pub(super) fn list(
    release: Option<&str>,
    label: Option<&str>,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let only = release
        .map(|release| meant(release, label, store))
        .transpose()?;
    let all = store.all_overrides()?;
    let mut keys: Vec<&ReleaseKey> = all.iter().map(|(key, _)| key).collect();
    keys.dedup();
    let mut lines = Vec::new();
    for key in keys
        .into_iter()
        .filter(|key| only.as_ref().is_none_or(|only| only.key == **key))
    {
        let Some(account) = store.label_by_id(&key.label)? else {
            continue;
        };
        if label.is_some_and(|name| account.name != name) {
            continue;
        }
        let of = all.iter().filter(|(other, _)| other == key);
        let changes: Vec<OverrideChange> = of.map(|(_, change)| change.clone()).collect();
        let holds = holding(&changes).into_iter();
        lines.extend(holds.map(|change| line(&account, key, change)));
    }
    if context.json {
        context.write_json(&OverrideList {
            overrides: lines,
            effective: Vec::new(),
        })?;
    } else if lines.is_empty() {
        writeln!(context.out, "No overrides.")?;
    } else {
        said_table(&lines).write(context.out)?;
    }
    Ok(Done::Fine)
}

fn said_table(lines: &[OverrideLine]) -> Table {
    let mut table = Table::new(&[
        "RELEASE", "LABEL", "DSP", "FIELD", "VALUE", "BY", "SINCE", "WHY",
    ]);
    for one in lines {
        let at: Option<jiff::Timestamp> = one.at.parse().ok();
        table.row([
            one.release.clone(),
            one.label.clone(),
            one.dsp.clone(),
            one.field.clone(),
            one.value.clone().unwrap_or_else(|| "taken back".to_owned()),
            one.actor.clone(),
            at.map(time).unwrap_or_default(),
            one.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}

pub(super) fn show(
    meant: &Meant,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let changes = store.overrides(&meant.key)?;
    let said: Vec<OverrideLine> = changes
        .iter()
        .map(|c| line(&meant.account, &meant.key, c))
        .collect();
    let is_named = |profile: &&DspProfile| {
        let agreed = meant.account.dsps.contains(&profile.id);
        agreed || changes.iter().any(|change| change.dsp == profile.id)
    };
    let profiles = config.profiles()?;
    let at: Vec<(&DspProfile, Vec<Line>)> = profiles
        .iter()
        .filter(is_named)
        .map(|profile| {
            let effective = resolve(profile, &meant.account.territories, &changes);
            (profile, effective.lines())
        })
        .collect();
    if context.json {
        let at = at.iter().map(|(profile, lines)| EffectiveAt {
            dsp: profile.id.to_string(),
            lines: lines.iter().map(EffectiveLine::from).collect(),
        });
        context.write_json(&OverrideList {
            overrides: said,
            effective: at.collect(),
        })?;
        return Ok(Done::Fine);
    }
    if said.is_empty() {
        writeln!(context.out, "Nothing was said about the release.")?;
    } else {
        said_table(&said).write(context.out)?;
    }
    for (profile, lines) in &at {
        writeln!(
            context.out,
            "\nWhat holds for it at {}",
            shown(&profile.name)
        )?;
        table(lines).write(context.out)?;
    }
    Ok(Done::Fine)
}
