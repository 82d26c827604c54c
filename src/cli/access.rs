//! `dropzone label access`: from where, how and until when a label may log in.

use super::Context;
use super::exit::{Done, Failure};
use super::label;
use super::output::{rfc3339, shown};
use crate::daemon::clock;
use crate::domain::access::{Access, Require};
use crate::domain::account::Account;
use crate::domain::net::Net;
use crate::store::Store;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::io::Write;

/// What to change; what is not named stays.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// User name
    name: String,
    /// Networks or addresses that it may come from, in place of those before; `any` for everywhere
    #[arg(long = "allow-from", value_name = "CIDR", value_delimiter = ',')]
    allow_from: Vec<String>,
    /// What it has to prove: a key and a password, or any of the two
    #[arg(long, value_parser = ["key+password", "any"])]
    require: Option<String>,
    /// Last day (UTC) on which it may log in, as 2027-03-31, or a moment as
    /// 2027-03-31T18:00:00Z; `never` for no end
    #[arg(long, value_name = "DATE|never")]
    expires: Option<String>,
}

/// Runs it. Holds for sessions that are open too, within seconds.
pub fn run(
    arguments: &Arguments,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let is_question = arguments.allow_from.is_empty()
        && arguments.require.is_none()
        && arguments.expires.is_none();
    let mut account = label::find(store, &arguments.name)?;
    if !is_question {
        let wanted = Wanted::of(arguments)?;
        account = store.change_label(&arguments.name, move |account| {
            wanted.apply(account);
            Ok::<_, Failure>(())
        })?;
        for remark in remarks(&account) {
            writeln!(context.err, "dropzone: note: {remark}")?;
        }
    }
    label::show(&account, None, store, context)
}

/// What was named, read and checked.
struct Wanted {
    allow_from: Option<Vec<Net>>,
    require: Option<Require>,
    expires: Option<Expiry>,
}

impl Wanted {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let nets = Some(&arguments.allow_from).filter(|texts| !texts.is_empty());
        Ok(Self {
            allow_from: nets.map(|texts| networks(texts)).transpose()?,
            require: arguments.require.as_deref().and_then(Require::parse),
            expires: arguments.expires.as_deref().map(expiry).transpose()?,
        })
    }

    fn apply(self, account: &mut Account) {
        let access = &mut account.access;
        if let Some(nets) = self.allow_from {
            access.allow_from = nets;
        }
        access.require = self.require.unwrap_or(access.require);
        if let Some(Expiry(at)) = self.expires {
            access.expires_at = at;
        }
    }
}

/// What the operator should know of the settings that hold now.
fn remarks(account: &Account) -> Vec<String> {
    let mut remarks = Vec::new();
    let lacks = match (account.keys.is_empty(), account.password_hash.is_none()) {
        (true, true) => Some("a key and a password"),
        (true, false) => Some("a key"),
        (false, true) => Some("a password"),
        (false, false) => None,
    };
    if account.access.require == Require::KeyAndPassword
        && let Some(lacks) = lacks
    {
        remarks.push(format!(
            "{} cannot log in until it has {lacks} too (dropzone label set)",
            account.name
        ));
    }
    if account
        .access
        .expires_at
        .is_some_and(|at| at <= clock::now())
    {
        remarks.push(format!("{} has expired and cannot log in", account.name));
    }
    remarks
}

fn networks(texts: &[String]) -> Result<Vec<Net>, Failure> {
    let mut nets = Vec::new();
    for text in texts.iter().filter(|text| *text != "any") {
        let net: Net = text
            .parse()
            .map_err(|why: String| Failure::Usage(format!("--allow-from: {why}")))?;
        if !nets.contains(&net) {
            nets.push(net);
        }
    }
    if !nets.is_empty() && texts.iter().any(|text| text == "any") {
        return Err(Failure::Usage(
            "--allow-from: `any` is everywhere, and stands alone".to_owned(),
        ));
    }
    Ok(nets)
}

/// When an account ends; `None` is never.
struct Expiry(Option<Timestamp>);

/// A day counts to its end: an operator who writes a contract's last day means it.
fn expiry(text: &str) -> Result<Expiry, Failure> {
    if text == "never" {
        return Ok(Expiry(None));
    }
    if let Ok(day) = text.parse::<Date>()
        && !text.contains(['T', 't', ' '])
    {
        let end = day
            .tomorrow()
            .and_then(|next| next.to_zoned(TimeZone::UTC))
            .map_err(|why| Failure::Usage(format!("--expires: {why}")))?;
        return Ok(Expiry(Some(end.timestamp())));
    }
    let moment = text.parse::<Timestamp>().map_err(|_| {
        Failure::Usage(format!(
            "--expires: {} is no date: write 2027-03-31, 2027-03-31T18:00:00Z, or never",
            shown(text)
        ))
    })?;
    Ok(Expiry(Some(moment)))
}

/// The lines of `label show`; none for a label without such rules.
pub fn write(access: &Access, out: &mut dyn Write) -> Result<(), Failure> {
    if !access.allow_from.is_empty() {
        let nets: Vec<String> = access.allow_from.iter().map(ToString::to_string).collect();
        writeln!(out, "from      {} only", nets.join(", "))?;
    }
    if access.require == Require::KeyAndPassword {
        writeln!(out, "proof     key and password")?;
    }
    if let Some(at) = access.expires_at {
        writeln!(out, "expires   {}", rfc3339(at))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_to_its_end() {
        let at = |text: &str| expiry(text).unwrap().0.map(|at| at.to_string());
        assert_eq!(at("2027-03-31").unwrap(), "2027-04-01T00:00:00Z");
        assert_eq!(
            at("2027-03-31T18:00:00+01:00").unwrap(),
            "2027-03-31T17:00:00Z"
        );
        assert_eq!(at("never"), None);
        for bad in [
            "",
            "tomorrow",
            "2027-02-30",
            "31.3.2027",
            "2027-03-31T18:00:00",
        ] {
            assert!(expiry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn everywhere_stands_alone() {
        let nets = |texts: &[&str]| {
            networks(
                &texts
                    .iter()
                    .map(|text| (*text).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert!(nets(&["any"]).unwrap().is_empty());
        assert_eq!(
            nets(&["192.0.2.1", "192.0.2.1", "2001:db8::/32"])
                .unwrap()
                .len(),
            2
        );
        assert!(nets(&["any", "192.0.2.1"]).is_err());
        assert!(nets(&["192.0.2.1/24"]).is_err());
    }
}
