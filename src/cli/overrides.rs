//! `dropzone push override`: what holds for one release at one DSP, beneath what the label grants.

use super::Context;
use super::exit::{Done, Failure};
use super::label;
use super::output::{Table, find_package, rfc3339, shown, time};
use super::push::profile_of;
use super::shapes::PushLine;
use super::who;
use crate::config::Config;
use crate::daemon::clock;
use crate::daemon::preview::Matter;
use crate::domain::account::Account;
use crate::domain::dsp::DspProfile;
use crate::domain::dsp::area::Area;
use crate::domain::dsp::effective::{Effective, Line, resolve};
use crate::domain::dsp::overrides::{Field, OverrideChange, ReleaseKey, Setting, block, holding};
use crate::domain::ern::write::Loss;
use crate::domain::ids::gtin14;
use crate::domain::lifecycle::push::PushState;
use crate::domain::package::Package;
use crate::domain::push::Push;
use crate::domain::rules::{commercial_model, is_territory, use_type};
use crate::domain::visible::wrapped;
use crate::store::{Overridden, Store};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// Columns that sentences are kept within.
const WIDTH: usize = 100;

/// What to say about which release.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Barcode of the release, or one of its packages
    #[arg(required = true)]
    release: Option<String>,
    /// Name of the DSP's profile
    #[arg(long, value_name = "DSP", required = true)]
    dsp: Option<String>,
    /// The label, when several have sent that barcode, or none has yet
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Keep the release from the DSP; takedowns go nevertheless
    #[arg(long, requires = "reason", conflicts_with = "unblock")]
    block: bool,
    /// Let it go again
    #[arg(long)]
    unblock: bool,
    /// No more than there: DE,AT
    #[arg(
        long,
        value_name = "CODES",
        value_delimiter = ',',
        conflicts_with = "not_in"
    )]
    territories: Option<Vec<String>>,
    /// Not there: FR,BE
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    not_in: Option<Vec<String>>,
    /// Not sold before that day: 2026-12-01
    #[arg(long, value_name = "DATE")]
    start: Option<String>,
    /// The DSP's code for the price of the product
    #[arg(long, value_name = "CODE")]
    price_tier: Option<String>,
    /// By no other commercial models: PayAsYouGoModel,SubscriptionModel
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    models: Option<Vec<String>>,
    /// For no other uses: PermanentDownload,OnDemandStream
    #[arg(long, value_name = "USES", value_delimiter = ',')]
    use_types: Option<Vec<String>>,
    /// Take back what was said: block, territories, start, price-tier, models, use-types; all without
    #[arg(
        long,
        value_name = "FIELDS",
        value_delimiter = ',',
        num_args = 0..=1,
        default_missing_value = "all"
    )]
    clear: Option<Vec<String>>,
    /// Why, for whoever wonders later
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What to read.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List what holds, of all releases or of one
    List {
        /// Barcode of the release, or one of its packages
        release: Option<String>,
        /// The label, when several have sent that barcode
        #[arg(long, value_name = "NAME")]
        label: Option<String>,
    },
    /// Show all that was ever said about a release, and what it comes to
    Show {
        /// Barcode of the release, or one of its packages
        release: String,
        /// The label, when several have sent that barcode
        #[arg(long, value_name = "NAME")]
        label: Option<String>,
    },
}

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

/// A release that a person means.
struct Meant {
    key: ReleaseKey,
    account: Account,
    /// Its newest package, if there is one.
    package: Option<Package>,
}

/// Runs it.
pub fn run(
    arguments: Arguments,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    match &arguments.command {
        Some(Command::List { release, label }) => {
            list(release.as_deref(), label.as_deref(), store, context)
        }
        Some(Command::Show { release, label }) => {
            let meant = meant(release, label.as_deref(), store)?;
            show(&meant, config, store, context)
        }
        None => say(&arguments, config, store, context),
    }
}

/// The rows of an effective configuration.
pub(super) fn table(lines: &[Line]) -> Table {
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

fn say(
    arguments: &Arguments,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let (release, dsp) = (arguments.release.as_deref(), arguments.dsp.as_deref());
    let profile = profile_of(dsp.unwrap_or_default(), config)?;
    let settings = settings(arguments, &profile)?;
    let meant = meant(
        release.unwrap_or_default(),
        arguments.label.as_deref(),
        store,
    )?;
    let (actor, now) = (who::am_i(), clock::now());
    let reason = arguments.reason.as_deref().map(str::trim);
    if reason == Some("") {
        return Err(Failure::Usage(
            "--reason is empty: whoever wonders later has to learn why".to_owned(),
        ));
    }
    let changes: Vec<OverrideChange> = settings
        .into_iter()
        .map(|(field, setting)| OverrideChange {
            dsp: profile.id.clone(),
            field,
            setting,
            reason: reason.map(str::to_owned),
            actor: actor.clone(),
            at: now,
        })
        .collect();
    let done = store.override_release(&meant.key, &profile.id, &changes, &actor, now)?;
    answer(&meant, &profile, &done, config, store, context)
}

/// What the command line says, by field.
fn settings(
    arguments: &Arguments,
    profile: &DspProfile,
) -> Result<Vec<(Field, Option<Setting>)>, Failure> {
    let mut cleared: Vec<Field> = Vec::new();
    for word in arguments.clear.iter().flatten() {
        match (word.as_str(), Field::parse(word)) {
            ("all", _) => cleared.extend(Field::ALL),
            (_, Some(field)) => cleared.push(field),
            (_, None) => {
                let known: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).collect();
                return Err(Failure::Usage(format!(
                    "{} is nothing that --clear knows; one of {}, or --clear alone for all",
                    shown(word),
                    known.join(", ")
                )));
            }
        }
    }
    if arguments.unblock {
        cleared.push(Field::Block);
    }
    let set = set(arguments)?;
    let is_more = set.iter().any(|setting| setting.field() != Field::Block);
    if is_more && !profile.message.is_generated() {
        return Err(Failure::Refused(format!(
            "{} gets the label's own message as it came, in which nothing can be changed: only --block is possible there. For more, set `message = \"ern_43\"` in {}.toml",
            shown(&profile.name),
            profile.id
        )));
    }
    let mut all: Vec<(Field, Option<Setting>)> = cleared
        .into_iter()
        .filter(|field| !set.iter().any(|setting| setting.field() == *field))
        .map(|field| (field, None))
        .collect();
    all.extend(
        set.into_iter()
            .map(|setting| (setting.field(), Some(setting))),
    );
    if all.is_empty() {
        return Err(Failure::Usage(
            "nothing was said: name --block, --territories, --start, --price-tier, --models, --use-types or --clear; `dropzone push override show RELEASE` shows what holds".to_owned(),
        ));
    }
    Ok(all)
}

fn set(arguments: &Arguments) -> Result<Vec<Setting>, Failure> {
    let mut set = Vec::new();
    if arguments.block {
        set.push(Setting::Block);
    }
    if let Some(given) = &arguments.territories {
        set.push(Setting::Territories(Area::of(territories(given)?)));
    }
    if let Some(given) = &arguments.not_in {
        let but = territories(given)?;
        if but.iter().any(|code| code == "Worldwide") {
            return Err(Failure::Usage(
                "--not-in Worldwide leaves nothing: use --block --reason TEXT".to_owned(),
            ));
        }
        set.push(Setting::Territories(Area::without(but)));
    }
    if let Some(text) = &arguments.start {
        let date: Date = text.parse().map_err(|_| {
            Failure::Usage(format!(
                "{} is no date; write it as 2026-12-01",
                shown(text)
            ))
        })?;
        set.push(Setting::Start(date));
    }
    if let Some(code) = &arguments.price_tier {
        let code = code.trim();
        if code.is_empty() {
            return Err(Failure::Usage(
                "--price-tier is empty; `--clear price-tier` takes it back".to_owned(),
            ));
        }
        set.push(Setting::PriceTier(code.to_owned()));
    }
    if let Some(given) = &arguments.models {
        let known = words(
            given,
            commercial_model,
            "commercial model, such as PayAsYouGoModel",
        )?;
        set.push(Setting::Models(known));
    }
    if let Some(given) = &arguments.use_types {
        let known = words(given, use_type, "use, such as PermanentDownload")?;
        set.push(Setting::UseTypes(known));
    }
    Ok(set)
}

fn territories(given: &[String]) -> Result<Vec<String>, Failure> {
    let codes: Vec<String> = given.iter().map(|code| code.trim().to_owned()).collect();
    match codes.iter().find(|code| !is_territory(code)) {
        Some(wrong) => Err(Failure::Usage(format!(
            "{} is no territory code: write codes of two capital letters such as DE, or Worldwide",
            shown(wrong)
        ))),
        None => Ok(codes),
    }
}

fn words(
    given: &[String],
    known: fn(&str) -> Option<&'static str>,
    what: &str,
) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = Vec::new();
    for word in given {
        let word = word.trim();
        let Some(known) = known(word) else {
            return Err(Failure::Usage(format!("{} is no {what}", shown(word))));
        };
        if !all.iter().any(|other| other == known) {
            all.push(known.to_owned());
        }
    }
    Ok(all)
}

/// The release of a barcode, or of a package.
fn meant(text: &str, label: Option<&str>, store: &Store) -> Result<Meant, Failure> {
    let account = label.map(|name| label::find(store, name)).transpose()?;
    let Some(gtin) = barcode(text) else {
        let package = find_package(store, text)?;
        let key = store.release_of(&package.id)?;
        let key = key.ok_or_else(|| Failure::NotFound("there is no such package".to_owned()))?;
        return of_label(key, store);
    };
    let senders = store.senders_of(&gtin)?;
    let key = |label| ReleaseKey {
        label,
        release: gtin.clone(),
    };
    if let Some(account) = account {
        // Also before it has come: what holds can be said beforehand.
        return of_label(key(account.id), store);
    }
    match senders.as_slice() {
        [(label, _)] => of_label(key(label.clone()), store),
        [] => Err(Failure::NotFound(format!(
            "no release with the barcode {} has come; to say it beforehand, name its label with --label",
            shown(text)
        ))),
        several => {
            let mut names = Vec::new();
            for (label, _) in several {
                names.extend(store.label_by_id(label)?.map(|account| account.name));
            }
            Err(Failure::Usage(format!(
                "{} labels have sent the barcode {}: name one with --label ({})",
                several.len(),
                shown(text),
                names.join(", ")
            )))
        }
    }
}

fn of_label(key: ReleaseKey, store: &Store) -> Result<Meant, Failure> {
    let account = store.label_by_id(&key.label)?;
    let account = account.ok_or_else(|| Failure::NotFound("the label is gone".to_owned()))?;
    let senders = store.senders_of(&key.release)?;
    let newest = senders.into_iter().find(|(label, _)| *label == key.label);
    let package = match newest {
        Some((_, package)) => Some(find_package(store, package.as_str())?),
        // A release without a barcode is its package.
        None => match store.find_package(&key.release)? {
            crate::store::Found::One(package) if package.id.as_str() == key.release => {
                Some(package)
            }
            _ => None,
        },
    };
    Ok(Meant {
        key,
        account,
        package,
    })
}

/// A text of a barcode's length in digits, blanks and hyphens left out, as GTIN-14.
fn barcode(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let is_it = (8..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_it.then(|| gtin14(&digits))
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

fn answer(
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

fn list(
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

fn show(
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
