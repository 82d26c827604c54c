//! `dropzone label …`: accounts that may upload.

use super::Context;
use super::access;
use super::exit::{Done, Failure};
use super::key;
use super::output::{Table, give_to_owner, shown};
use super::quota;
use super::rules;
use super::shapes::{LabelDetail, LabelList};
use super::who;
use crate::config::Config;
use crate::daemon::clock;
use crate::domain::access::Access;
use crate::domain::account::{Account, Profile, is_valid_name};
use crate::domain::ids::DspId;
use crate::domain::password;
use crate::domain::policy::{RuleChange, RuleSetting};
use crate::domain::rules::{is_territory, rule};
use crate::store::Store;
use clap::Subcommand;
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// What to do with labels.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account
    Add(Settings),
    /// List the accounts
    List,
    /// Show one account
    Show {
        /// User name
        name: String,
    },
    /// Change an account; what is not named stays
    Set(Settings),
    /// Public keys of an account
    #[command(subcommand)]
    Key(KeyCommand),
    /// Raise, lower or switch off a rule for one label
    Rule {
        /// User name
        name: String,
        /// Code of the rule, such as META-014 (dropzone rules list)
        code: String,
        /// What its findings weigh from now on; `off` only counts them, `default` is the catalogue's
        #[arg(value_parser = ["error", "question", "warning", "info", "off", "default"])]
        setting: String,
        /// Why; kept for ever, with your name
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show or change how much may lie in a label's /incoming
    Quota(quota::Arguments),
    /// From where, how and until when a label may log in
    Access(access::Arguments),
    /// Refuse logins from now on; packages stay
    Disable {
        /// User name
        name: String,
    },
    /// Allow logins again
    Enable {
        /// User name
        name: String,
    },
}

/// What to do with a label's keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Add the public keys of a file (OpenSSH or `PuTTYgen` form)
    Add {
        /// User name
        name: String,
        /// File with one or more public keys
        file: PathBuf,
    },
    /// Remove the key with that fingerprint or comment
    Remove {
        /// User name
        name: String,
        /// `SHA256:…`, or the key's comment
        key: String,
    },
}

/// What an account is made of.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// User name for SFTP: small letters, digits, `.`, `_`, `-`; at most 32
    name: String,
    /// Address that outcomes are mailed to; may be given more than once
    #[arg(long = "email", value_name = "ADDRESS")]
    emails: Vec<String>,
    /// DSPs agreed for this label, by the names of their profiles
    #[arg(long = "dsp", value_name = "A,B", value_delimiter = ',')]
    dsps: Option<Vec<String>>,
    /// How strictly messages are read: `guide` reads the guide's dialect, `strict` wants official ERN
    #[arg(long, value_parser = ["guide", "strict"])]
    profile: Option<String>,
    /// DDEX party identifier that the label sends as
    #[arg(long, value_name = "PADPIDA…")]
    dpid: Option<String>,
    /// Versions of ERN that the label may send: `3.8.2` alone, or `4` (4.1.1, 4.2, 4.3, 4.3.2) as well
    #[arg(long, value_parser = ["3.8.2", "4"])]
    ern: Option<String>,
    /// Whether the label is still being tried out: everything it sends is then checked as a test and
    /// not delivered
    #[arg(long, value_parser = ["test", "live"])]
    phase: Option<String>,
    /// Territories that the label's contract holds, as codes such as NG,GH; `Worldwide` for all
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    territories: Option<Vec<String>>,
    /// File with public keys that may log in; may be given more than once
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Read the password from standard input (one line)
    #[arg(long, conflicts_with = "generate_password")]
    password_stdin: bool,
    /// Make a password and show it once
    #[arg(long)]
    generate_password: bool,
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    if let Command::Quota(arguments) = &command {
        return quota::run(arguments, context);
    }
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::Add(settings) => add(&settings, &config, &store, context),
        Command::Set(settings) => set(&settings, &config, &store, context),
        Command::List => list(&store, context),
        Command::Show { name } => {
            let account = find(&store, &name)?;
            show(&account, None, &store, context)
        }
        Command::Rule {
            name,
            code,
            setting,
            reason,
        } => {
            let account = find(&store, &name)?;
            let change = RuleChange {
                code: rules::find(&code)?.code.to_owned(),
                setting: RuleSetting::parse(&setting),
                reason,
                actor: who::am_i(),
                at: clock::now(),
            };
            store.set_rule(&account.id, &change)?;
            show(&account, None, &store, context)
        }
        Command::Key(KeyCommand::Add { name, file }) => {
            let keys = read_keys(&file)?;
            change(&name, &store, context, move |account| {
                add_keys(account, keys);
                Ok(())
            })
        }
        Command::Key(KeyCommand::Remove { name, key }) => {
            change(&name, &store, context, move |account| {
                remove_key(account, &key)
            })
        }
        // Done above.
        Command::Quota(_) => Ok(Done::Fine),
        Command::Access(arguments) => access::run(&arguments, &store, context),
        Command::Disable { name } => switch(&name, true, &store, context),
        Command::Enable { name } => switch(&name, false, &store, context),
    }
}

fn add(
    settings: &Settings,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    if !is_valid_name(&settings.name) {
        return Err(Failure::Usage(format!(
            "{} cannot be a user name: small letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 32",
            shown(&settings.name)
        )));
    }
    if settings.emails.is_empty() {
        return Err(Failure::Usage(
            "--email is missing: without an address nobody learns what became of an upload"
                .to_owned(),
        ));
    }
    if settings.keys.is_empty() && !settings.password_stdin && !settings.generate_password {
        return Err(Failure::Usage(
            "how does the label log in? give --key FILE, --generate-password or --password-stdin"
                .to_owned(),
        ));
    }
    if store.label(&settings.name)?.is_some() {
        return Err(Failure::Refused(format!(
            "there is a label {} already",
            settings.name
        )));
    }
    let mut account = Account {
        id: store.new_label_id(clock::now())?,
        name: settings.name.clone(),
        emails: Vec::new(),
        dsps: Vec::new(),
        profile: Profile::default(),
        dpid: None,
        territories: Vec::new(),
        takes_ern4: false,
        in_test: false,
        password_hash: None,
        keys: Vec::new(),
        disabled: false,
        access: Access::default(),
        created_at: clock::now(),
    };
    let wanted = Wanted::of(settings, config)?;
    let password = wanted.made.clone();
    wanted.apply(&mut account);
    store.add_label(&account)?;
    make_folders(config, &account)?;
    show(&account, password, store, context)
}

/// The label's folders, so that the first login shows `/incoming` and the watcher sees it.
fn make_folders(config: &Config, account: &Account) -> Result<(), Failure> {
    let places = config.places();
    for folder in [
        places.incoming(&account.id),
        places.partial(&account.id),
        places.reports(&account.id),
        places.acknowledgements(&account.id),
    ] {
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::Failed(format!("cannot create {}: {e}", folder.display())))?;
        give_to_owner(places.root(), &folder);
    }
    give_to_owner(places.root(), &places.label(&account.id));
    Ok(())
}

fn set(
    settings: &Settings,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    // Nobody should type a password for a name that is not there.
    find(store, &settings.name)?;
    let wanted = Wanted::of(settings, config)?;
    let password = wanted.made.clone();
    let account = store.change_label(&settings.name, move |account| {
        wanted.apply(account);
        Ok::<_, Failure>(())
    })?;
    show(&account, password, store, context)
}

/// Changes an account as it is by then, and shows it.
fn change(
    name: &str,
    store: &Store,
    context: &mut Context<'_>,
    edit: impl FnOnce(&mut Account) -> Result<(), Failure> + Send + 'static,
) -> Result<Done, Failure> {
    find(store, name)?;
    let account = store.change_label(name, edit)?;
    show(&account, None, store, context)
}

/// The territories of a contract; none for the whole world.
fn contract(codes: &[String]) -> Result<Vec<String>, Failure> {
    let mut held: Vec<String> = codes.iter().map(|code| code.trim().to_owned()).collect();
    held.sort_unstable();
    held.dedup();
    if let Some(wrong) = held.iter().find(|code| !is_territory(code)) {
        return Err(Failure::Usage(format!(
            "{} is no territory code: write codes of two capital letters such as NG, or Worldwide",
            shown(wrong)
        )));
    }
    if held.iter().any(|code| code == "Worldwide") {
        held.clear();
    }
    Ok(held)
}

/// What was named, read and checked. Reading may take as long as somebody types; what is not named is
/// looked at afterwards only.
struct Wanted {
    emails: Option<Vec<String>>,
    dsps: Option<Vec<DspId>>,
    profile: Option<Profile>,
    dpid: Option<String>,
    territories: Option<Vec<String>>,
    takes_ern4: Option<bool>,
    in_test: Option<bool>,
    keys: Vec<String>,
    password_hash: Option<String>,
    /// The password, when one was made.
    made: Option<String>,
}

impl Wanted {
    fn of(settings: &Settings, config: &Config) -> Result<Self, Failure> {
        if let Some(wrong) = settings.emails.iter().find(|email| !is_address(email)) {
            return Err(Failure::Usage(format!(
                "{} is no e-mail address",
                shown(wrong)
            )));
        }
        let dsps = settings.dsps.as_ref();
        let territories = settings.territories.as_ref();
        let mut keys = Vec::new();
        for file in &settings.keys {
            keys.extend(read_keys(file)?);
        }
        let mut wanted = Self {
            emails: Some(settings.emails.clone()).filter(|emails| !emails.is_empty()),
            dsps: dsps.map(|names| known_dsps(names, config)).transpose()?,
            profile: settings.profile.as_deref().and_then(Profile::parse),
            dpid: settings.dpid.clone(),
            territories: territories.map(|codes| contract(codes)).transpose()?,
            takes_ern4: settings.ern.as_ref().map(|ern| ern == "4"),
            in_test: settings.phase.as_ref().map(|phase| phase == "test"),
            keys,
            password_hash: None,
            made: settings.generate_password.then(make_password),
        };
        if let Some(made) = &wanted.made {
            wanted.password_hash = Some(hash(made)?);
        } else if settings.password_stdin {
            wanted.password_hash = Some(hash(&read_password()?)?);
        }
        Ok(wanted)
    }

    fn apply(self, account: &mut Account) {
        /// Takes what was named.
        fn take<T>(named: Option<T>, place: &mut T) {
            if let Some(named) = named {
                *place = named;
            }
        }
        take(self.emails, &mut account.emails);
        take(self.dsps, &mut account.dsps);
        take(self.profile, &mut account.profile);
        let dpid = self
            .dpid
            .map(|dpid| Some(dpid).filter(|text| !text.is_empty()));
        take(dpid, &mut account.dpid);
        take(self.territories, &mut account.territories);
        take(self.takes_ern4, &mut account.takes_ern4);
        take(self.in_test, &mut account.in_test);
        add_keys(account, self.keys);
        take(self.password_hash.map(Some), &mut account.password_hash);
    }
}

fn read_password() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.chars().count() < 10 {
        return Err(Failure::Usage(
            "the password has fewer than 10 characters: the door stands on the internet".to_owned(),
        ));
    }
    Ok(password.to_owned())
}

fn known_dsps(names: &[String], config: &Config) -> Result<Vec<DspId>, Failure> {
    let profiles = config.profiles()?;
    let mut chosen = Vec::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        if !profiles.iter().any(|profile| profile.id.as_str() == name) {
            let known: Vec<&str> = profiles.iter().map(|profile| profile.id.as_str()).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            return Err(Failure::NotFound(format!(
                "there is no DSP profile {} in {}; known: {known}",
                shown(name),
                config.dsp_dir.display()
            )));
        }
        let id = DspId::new(name.clone());
        if !chosen.contains(&id) {
            chosen.push(id);
        }
    }
    Ok(chosen)
}

fn hash(password: &str) -> Result<String, Failure> {
    Ok(password::hash(password, rand::random::<[u8; 16]>())).and_then(|hash| {
        if hash.is_empty() {
            Err(Failure::Failed(
                "the password could not be hashed".to_owned(),
            ))
        } else {
            Ok(hash)
        }
    })
}

/// 20 characters of an alphabet without look-alikes: about 113 bits, and it can be read out.
fn make_password() -> String {
    const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    (0..20)
        .filter_map(|_| ALPHABET.get(rand::random_range(0..ALPHABET.len())))
        .map(|byte| char::from(*byte))
        .collect()
}

fn is_address(text: &str) -> bool {
    let well_formed = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !host.starts_with('.')
            && !host.ends_with('.')
    });
    well_formed
        && text.len() <= 254
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b';' | b'"'))
}

fn read_keys(file: &std::path::Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| {
        Failure::Failed(format!("cannot read the key file {}: {e}", file.display()))
    })?;
    key::read_all(&text).map_err(|why| Failure::Usage(format!("{}: {why}", file.display())))
}

fn add_keys(account: &mut Account, keys: Vec<String>) {
    let blob = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    for new in keys {
        if !account.keys.iter().any(|old| blob(old) == blob(&new)) {
            account.keys.push(new);
        }
    }
}

/// Removes the one key that is meant.
fn remove_key(account: &mut Account, wanted: &str) -> Result<(), Failure> {
    let is_meant = |line: &String| {
        let print = key::fingerprint(line);
        print.split(' ').next() == Some(wanted) || print.splitn(3, ' ').nth(2) == Some(wanted)
    };
    match account.keys.iter().filter(|line| is_meant(line)).count() {
        0 => Err(Failure::NotFound(format!(
            "{} has no key {}",
            account.name,
            shown(wanted)
        ))),
        1 => {
            account.keys.retain(|line| !is_meant(line));
            Ok(())
        }
        _ => Err(Failure::Usage(
            "more than one key has that comment: name the fingerprint".to_owned(),
        )),
    }
}

fn switch(
    name: &str,
    disabled: bool,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    change(name, store, context, move |account| {
        account.disabled = disabled;
        Ok(())
    })
}

/// The label of that name.
pub fn find(store: &Store, name: &str) -> Result<Account, Failure> {
    store
        .label(name)?
        .ok_or_else(|| Failure::NotFound(format!("there is no label {}", shown(name))))
}

fn list(store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let accounts = store.labels()?;
    if context.json {
        let labels = accounts
            .iter()
            .map(|account| {
                let changes = store.rule_changes(&account.id)?;
                Ok(LabelDetail::new(account, &changes, key::fingerprint))
            })
            .collect::<Result<_, Failure>>()?;
        context.write_json(&LabelList { labels })?;
        return Ok(Done::Fine);
    }
    if accounts.is_empty() {
        writeln!(
            context.out,
            "No labels yet. Make one: dropzone label add NAME --email ADDRESS --generate-password"
        )?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&["NAME", "PROFILE", "LOGIN", "DSPS", "E-MAIL"]);
    for account in &accounts {
        let dsps: Vec<&str> = account.dsps.iter().map(DspId::as_str).collect();
        table.row([
            account.name.clone(),
            account.profile.as_str().to_owned(),
            login(account),
            if dsps.is_empty() {
                "-".to_owned()
            } else {
                dsps.join(",")
            },
            account.emails.join(", "),
        ]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
}

fn login(account: &Account) -> String {
    if account.disabled {
        return "disabled".to_owned();
    }
    let mut ways = Vec::new();
    if account.password_hash.is_some() {
        ways.push("password".to_owned());
    }
    match account.keys.len() {
        0 => {}
        1 => ways.push("1 key".to_owned()),
        n => ways.push(format!("{n} keys")),
    }
    if ways.is_empty() {
        "none".to_owned()
    } else {
        ways.join(" or ")
    }
}

pub(super) fn show(
    account: &Account,
    password: Option<String>,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let changes = store.rule_changes(&account.id)?;
    let mut detail = LabelDetail::new(account, &changes, key::fingerprint);
    detail.password = password;
    if context.json {
        context.write_json(&detail)?;
        return Ok(Done::Fine);
    }
    let out = &mut context.out;
    writeln!(out, "label     {}", detail.name)?;
    writeln!(out, "e-mail    {}", shown(&detail.emails.join(", ")))?;
    writeln!(out, "profile   {}", detail.profile)?;
    writeln!(out, "ERN       {}", detail.ern.join(" and "))?;
    let dsps = if detail.dsps.is_empty() {
        "none: approved releases go nowhere until one is agreed (--dsp)".to_owned()
    } else {
        detail.dsps.join(", ")
    };
    writeln!(out, "DSPs      {dsps}")?;
    if let Some(dpid) = &detail.dpid {
        writeln!(out, "DPID      {}", shown(dpid))?;
    }
    if !detail.territories.is_empty() {
        writeln!(out, "contract  {}", detail.territories.join(", "))?;
    }
    writeln!(out, "login     {}", login(account))?;
    access::write(&account.access, *out)?;
    for line in &detail.keys {
        writeln!(out, "key       {}", shown(line))?;
    }
    write_rules(&detail, account.profile, *out)?;
    if let Some(password) = &detail.password {
        writeln!(
            out,
            "password  {password}   (shown once; only its hash is kept)"
        )?;
    }
    Ok(Done::Fine)
}

/// Rules that weigh otherwise for the label, and all that was ever changed of them.
fn write_rules(detail: &LabelDetail, profile: Profile, out: &mut dyn Write) -> Result<(), Failure> {
    for line in &detail.rules {
        let usual = rule(&line.code).map_or_else(String::new, |rule| {
            format!(", usually {}: {}", rule.severity_words(profile), rule.title)
        });
        writeln!(out, "rule      {} is {}{usual}", line.code, line.setting)?;
    }
    for line in &detail.rule_changes {
        writeln!(
            out,
            "          {}  {} set to {} by {}: {}",
            line.at,
            line.code,
            line.setting,
            shown(&line.actor),
            shown(&line.reason)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_break_a_mail_are_refused() {
        assert!(is_address("a@b.example"));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b\r\nBcc: x@y",
            "a b@c",
            "a@b,c@d",
            "<a@b>",
            "a@b@c",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, two) = (make_password(), make_password());
        assert_eq!(one.len(), 20);
        assert_ne!(one, two);
    }
}
