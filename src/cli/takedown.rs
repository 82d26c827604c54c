//! `dropzone push takedown`: a release leaves the DSPs on an operator's word.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{Table, barcode, find_package, shown};
use super::shapes::{PushLine, TakedownDetail, TakesDown};
use super::who;
use crate::config::Config;
use crate::daemon::clock;
use crate::daemon::preview::removed_from;
use crate::domain::dsp::DspProfile;
use crate::domain::ids::{DspId, LabelId, PushId, gtin14};
use crate::domain::lifecycle::push::PushState;
use crate::domain::package::Package;
use crate::domain::takedown::Standing;
use crate::store::{PushFilter, Store, TakedownError, TakenDown, Wanted};
use jiff::Timestamp;
use std::io::Write;

/// What to take down, and why.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The release: its barcode, or a package of it (identifier, or a few of its last letters)
    #[arg(value_name = "RELEASE")]
    release: String,
    /// Only from this DSP; may be given more than once
    #[arg(long = "dsp", value_name = "DSP", value_delimiter = ',')]
    dsps: Vec<String>,
    /// Why; it is kept, and mailed to the label when the release is down
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Whose release, when several labels have the barcode
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Have it purged where the DSP takes that: for damage and by law only
    #[arg(long)]
    purge: bool,
}

/// Runs it.
pub fn run(
    arguments: &Arguments,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    if arguments.reason.trim().is_empty() {
        return Err(Failure::Usage(
            "--reason is empty: the label and whoever looks later have to learn why".to_owned(),
        ));
    }
    let package = release(arguments, store)?;
    let profiles = config.profiles()?;
    // A DSP whose profile is gone may have the release still; it is for the store to say.
    let dsps: Vec<DspId> = arguments.dsps.iter().map(DspId::new).collect();
    let wanted = Wanted {
        label: package.label.clone(),
        release: key(&package),
        dsps,
        why: arguments.reason.clone(),
        purge: arguments.purge,
    };
    let actor = who::am_i();
    let taken = store
        .take_down(&wanted, &actor, clock::now())
        .map_err(|error| refusal(error, &package, &profiles))?;
    let detail = TakedownDetail {
        label: package.label_name.clone(),
        icpn: package.icpn.clone(),
        title: package.title.clone(),
        ordered_by: actor,
        reason: wanted.why.trim().to_owned(),
        dsps: taken
            .iter()
            .map(|one| {
                let unknown = unknown_before(one, &package, store)?;
                Ok(told(one, unknown.as_ref(), &profiles, arguments.purge))
            })
            .collect::<Result<_, Failure>>()?,
    };
    if context.json {
        context.write_json(&detail)?;
    } else {
        write(&detail, context.out)?;
    }
    Ok(Done::Fine)
}

/// What stands for the release in the store.
fn key(package: &Package) -> String {
    let gtin = package.icpn.as_deref().map(gtin14);
    gtin.filter(|gtin| !gtin.is_empty())
        .unwrap_or_else(|| package.id.to_string())
}

/// The newest package of the release that is meant. A barcode may be typed with spaces and hyphens.
fn release(arguments: &Arguments, store: &Store) -> Result<Package, Failure> {
    let text = &arguments.release;
    let Some(gtin) = barcode(text) else {
        let package = find_package(store, text)?;
        let is_other = |name: &String| *name != package.label_name;
        if let Some(other) = arguments.label.as_ref().filter(|name| is_other(name)) {
            return Err(Failure::Usage(format!(
                "package {} is of label {}, not of {}",
                package.id,
                package.label_name,
                shown(other)
            )));
        }
        return Ok(package);
    };
    let found = store.labels_with(&gtin)?;
    let of_label = |(_, name, _): &&(LabelId, String, _)| {
        arguments.label.as_ref().is_none_or(|wanted| wanted == name)
    };
    let chosen: Vec<_> = found.iter().filter(of_label).collect();
    match chosen.as_slice() {
        [(_, _, package)] => store.package(package)?.ok_or_else(|| unknown(text)),
        [] if found.is_empty() => Err(unknown(text)),
        [] => Err(Failure::NotFound(format!(
            "the label {} has no release with the barcode {}",
            shown(arguments.label.as_deref().unwrap_or_default()),
            shown(text)
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name, _)| name.as_str()).collect();
            Err(Failure::Usage(format!(
                "{} labels have a release with the barcode {}: {}. Say whose with --label",
                names.len(),
                shown(text),
                names.join(", ")
            )))
        }
    }
}

fn unknown(text: &str) -> Failure {
    Failure::NotFound(format!(
        "no label has a release with the barcode {}",
        shown(text)
    ))
}

/// A push of the release of which nobody knows whether it arrived: the takedown waits behind it. One
/// that a worker has in hand is about to be known.
fn unknown_before(
    one: &TakenDown,
    package: &Package,
    store: &Store,
) -> Result<Option<PushId>, Failure> {
    let filter = PushFilter {
        dsp: Some(one.dsp.clone()),
        state: Some(PushState::SentUnknown),
        ..PushFilter::default()
    };
    for push in store.pushes(&filter)? {
        if push.due_at < Timestamp::MAX && store.is_push_held(&push.id)? {
            continue;
        }
        let other = store.package(&push.package)?;
        if other.is_some_and(|other| other.label == package.label && key(&other) == key(package)) {
            return Ok(Some(push.id));
        }
    }
    Ok(None)
}

/// One DSP, in words.
fn told(
    one: &TakenDown,
    unknown: Option<&PushId>,
    profiles: &[DspProfile],
    purge: bool,
) -> TakesDown {
    let profile = profiles.iter().find(|profile| profile.id == one.dsp);
    let form = form(profile, purge);
    let note = match (profile, &one.push) {
        (_, Some(_)) if unknown.is_some() => unknown.map(|before| format!(
            "It waits: nobody knows yet whether push {before} arrived. Ask the DSP; `dropzone push confirm {before}` lets the takedown go."
        )),
        (_, None) => Some("Nothing was there yet, so nothing is sent.".to_owned()),
        (None, Some(_)) => Some(format!(
            "There is no profile {}: it waits until there is one again.",
            one.dsp
        )),
        (Some(profile), Some(_)) if !profile.message.is_generated() => Some(
            "It gets the label's own messages, and there is none of this: a note is laid beside the release."
                .to_owned(),
        ),
        (Some(profile), Some(_)) if purge && !profile.purge => Some(format!(
            "DSP-006: it takes no PurgeReleaseMessage; it gets {} instead.",
            profile.takedown_form(purge).words()
        )),
        (Some(profile), Some(_)) if !profile.enabled => {
            Some("Its profile is switched off: the push waits until `enabled = true`.".to_owned())
        }
        (Some(_), Some(_)) => None,
    };
    TakesDown {
        dsp: one.dsp.to_string(),
        name: profile.map_or_else(|| one.dsp.to_string(), |profile| profile.name.clone()),
        form: form.filter(|_| one.push.is_some()),
        push: one.push.as_ref().map(ToString::to_string),
        called_off: one.called_off.iter().map(ToString::to_string).collect(),
        note,
    }
}

fn form(profile: Option<&DspProfile>, purge: bool) -> Option<String> {
    let profile = profile.filter(|profile| profile.message.is_generated())?;
    Some(profile.takedown_form(purge).as_str().to_owned())
}

fn write(detail: &TakedownDetail, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{} (label {}, barcode {}) is taken down by {}: {}",
        shown(detail.title.as_deref().unwrap_or("The release")),
        detail.label,
        shown(detail.icpn.as_deref().unwrap_or("-")),
        shown(&detail.ordered_by),
        shown(&detail.reason)
    )?;
    let mut table = Table::new(&["DSP", "FORM", "PUSH", "CALLED OFF"]);
    for one in &detail.dsps {
        let called_off = if one.called_off.is_empty() {
            "-".to_owned()
        } else {
            one.called_off.join(", ")
        };
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            one.dsp.clone(),
            or_none(&one.form),
            or_none(&one.push),
            called_off,
        ]);
    }
    table.write(out)?;
    for one in &detail.dsps {
        if let Some(note) = &one.note {
            writeln!(out, "note: {}: {}", shown(&one.name), shown(note))?;
        }
    }
    Ok(())
}

/// Why nothing was done, for each DSP.
fn refusal(error: TakedownError, package: &Package, profiles: &[DspProfile]) -> Failure {
    let at = match error {
        TakedownError::Store(error) => return error.into(),
        TakedownError::NotThere(at) => at,
    };
    let title = shown(package.title.as_deref().unwrap_or("the release"));
    if at.is_empty() {
        return Failure::Refused(format!(
            "{title} was never pushed to any DSP, so there is nothing to take down"
        ));
    }
    let said: Vec<String> = at
        .iter()
        .map(|(dsp, standing)| {
            let is_known = profiles.iter().any(|profile| profile.id == *dsp);
            let why = match standing {
                Standing::TakenDown(push) => format!("taken down already (push {push})"),
                Standing::BeingTakenDown(push) => {
                    format!("being taken down already (push {push})")
                }
                _ if !is_known => {
                    "no such DSP; dropzone config check lists the profiles".to_owned()
                }
                Standing::Absent | Standing::There(_) | Standing::OnItsWay(_) => {
                    "it has not got it".to_owned()
                }
            };
            format!("  {dsp}: {why}")
        })
        .collect();
    Failure::Refused(format!(
        "{title} cannot be taken down, and nothing was done:\n{}",
        said.join("\n")
    ))
}

/// The DSPs that the approval of a package without deals takes its release off.
pub(super) fn removals(
    package: &Package,
    store: &Store,
    context: &Context<'_>,
) -> Result<Vec<TakesDown>, Failure> {
    let profiles = context.config()?.profiles()?;
    let dsps = removed_from(store, &package.id).map_err(|fault| Failure::Failed(fault.text))?;
    Ok(dsps
        .into_iter()
        .map(|dsp| {
            let profile = profiles.iter().find(|profile| profile.id == dsp);
            TakesDown {
                name: profile.map_or_else(|| dsp.to_string(), |profile| profile.name.clone()),
                form: form(profile, false),
                dsp: dsp.to_string(),
                push: None,
                called_off: Vec::new(),
                note: None,
            }
        })
        .collect())
}

/// What approval does, plainly.
pub(super) fn write_removals(all: &[TakesDown], out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\nTAKEDOWN: approving this removes the release from")?;
    for one in all {
        let form = match one.form.as_deref() {
            Some("no_deal") => "gets a message without deals",
            Some("end_date") => "gets a message whose deals have ended",
            Some(_) => "gets a PurgeReleaseMessage",
            None => "gets the label's own message",
        };
        writeln!(out, "  {} ({}): {form}", shown(&one.name), one.dsp)?;
    }
    Ok(())
}

/// `push`, or `takedown by alice (“why”)`.
pub(super) fn words(push: &PushLine) -> String {
    match (&push.ordered_by, &push.reason) {
        (Some(by), Some(why)) => format!("takedown by {} ({})", shown(by), shown(why)),
        _ if push.kind == "takedown" => "takedown".to_owned(),
        _ => "push".to_owned(),
    }
}
