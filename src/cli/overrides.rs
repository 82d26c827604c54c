//! `dropzone push override`: what holds for one release at one DSP, beneath what the label grants.

mod told;

use super::Context;
use super::exit::{Done, Failure};
use super::label;
use super::output::{barcode, find_package, shown};
use super::push::profile_of;
use super::who;
use crate::config::Config;
use crate::daemon::clock;
use crate::domain::account::Account;
use crate::domain::dsp::DspProfile;
use crate::domain::dsp::area::Area;
use crate::domain::dsp::overrides::{Field, OverrideChange, ReleaseKey, Setting};
use crate::domain::package::Package;
use crate::domain::rules::{commercial_model, is_territory, use_type};
use crate::store::{Found, Store};
use jiff::civil::Date;
use told::{answer, list, show};

pub use told::{EffectiveAt, EffectiveLine, OverrideDetail, OverrideLine, OverrideList, table};

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

/// A release that a person means.
struct Meant {
    key: ReleaseKey,
    account: Account,
    /// Its newest package, if there is one.
    package: Option<Package>,
}

/// Runs it.
pub fn run(
    arguments: &Arguments,
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
        None => say(arguments, config, store, context),
    }
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
    let key = |label| ReleaseKey {
        label,
        release: gtin.clone(),
    };
    if let Some(account) = account {
        // Also before it has come: what holds can be said beforehand.
        return of_label(key(account.id), store);
    }
    let senders = store.labels_with(&gtin)?;
    match senders.as_slice() {
        [(label, ..)] => of_label(key(label.clone()), store),
        [] => Err(Failure::NotFound(format!(
            "no release with the barcode {} has come; to say it beforehand, name its label with --label",
            shown(text)
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name, _)| name.as_str()).collect();
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
    let senders = store.labels_with(&key.release)?;
    let newest = senders.into_iter().find(|(label, ..)| *label == key.label);
    let package = match newest {
        Some((_, _, package)) => Some(find_package(store, package.as_str())?),
        // A release without a barcode is its package.
        None => match store.find_package(&key.release)? {
            Found::One(package) if package.id.as_str() == key.release => Some(package),
            Found::One(_) | Found::None | Found::Many(_) => None,
        },
    };
    Ok(Meant {
        key,
        account,
        package,
    })
}
