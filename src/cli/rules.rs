//! `dropzone rules …`: the manual of the rules, from the catalogue itself.

use super::Context;
use super::exit::{Done, Failure};
use super::label;
use super::output::{Table, shown, time};
use super::shapes::{RuleChangeLine, RuleDetail, RuleList};
use crate::domain::account::Profile;
use crate::domain::policy::{RuleChange, holding};
use crate::domain::report::Severity;
use crate::domain::rules::{Refusal, Rule, catalogue, nearest, rule};
use crate::domain::visible::wrapped;
use clap::Subcommand;
use std::io::Write;

/// Columns that the manual is kept within.
const WIDTH: usize = 100;
/// Columns of the words that stand before it.
const LEAD: usize = 10;

/// What to read of the manual.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the rules
    List {
        /// Only those of a family, such as META
        #[arg(long, value_name = "FAMILY")]
        family: Option<String>,
        /// Only those that can weigh so much
        #[arg(long, value_parser = ["error", "question", "warning", "info"])]
        severity: Option<String>,
        /// As they weigh in one profile
        #[arg(long, value_parser = ["guide", "strict"])]
        profile: Option<String>,
        /// As they weigh for one label
        #[arg(long, value_name = "NAME", conflicts_with = "profile")]
        label: Option<String>,
    },
    /// Print the manual of one rule
    Show {
        /// Code, such as META-014
        code: String,
        /// Say also what is agreed with that label
        #[arg(long, value_name = "NAME")]
        label: Option<String>,
    },
}

/// For whom the rules are read.
#[derive(Default)]
struct Reader {
    label: Option<String>,
    profile: Option<Profile>,
    changes: Vec<RuleChange>,
}

impl Reader {
    fn of(label: Option<&str>, context: &mut Context<'_>) -> Result<Self, Failure> {
        let Some(name) = label else {
            return Ok(Self::default());
        };
        let config = context.config()?;
        let store = context.store(&config)?;
        let account = label::find(&store, name)?;
        Ok(Self {
            label: Some(account.name),
            profile: Some(account.profile),
            changes: store.rule_changes(&account.id)?,
        })
    }

    /// What is agreed with the label for a rule.
    fn agreed(&self, rule: &Rule) -> Option<&RuleChange> {
        let changes = holding(&self.changes);
        changes.into_iter().find(|change| change.code == rule.code)
    }

    /// What findings of a rule can weigh for the reader.
    fn severities(&self, rule: &Rule) -> Vec<Severity> {
        if let Some(setting) = self.agreed(rule).and_then(|change| change.setting) {
            return setting.severity().into_iter().collect();
        }
        let profiles = match self.profile {
            Some(profile) => vec![profile],
            None => vec![Profile::Guide, Profile::Strict],
        };
        profiles
            .into_iter()
            .flat_map(|profile| rule.severities(profile))
            .collect()
    }

    fn detail(&self, rule: &Rule) -> RuleDetail {
        RuleDetail::new(rule, self.agreed(rule).map(RuleChangeLine::from))
    }
}

/// Runs it.
pub fn run(command: Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    match command {
        Command::List {
            family,
            severity,
            profile,
            label,
        } => {
            let mut reader = Reader::of(label.as_deref(), context)?;
            if let Some(profile) = profile.as_deref().and_then(Profile::parse) {
                reader.profile = Some(profile);
            }
            list(family.as_deref(), severity.as_deref(), &reader, context)
        }
        Command::Show { code, label } => {
            let rule = find(&code)?;
            let reader = Reader::of(label.as_deref(), context)?;
            show(rule, &reader, context)
        }
    }
}

/// The rule of a code as people type it.
pub fn find(code: &str) -> Result<&'static Rule, Failure> {
    rule(&code.to_ascii_uppercase()).ok_or_else(|| {
        let unknown = Refusal::Unknown {
            code: shown(code),
            nearest: nearest(code),
        };
        Failure::NotFound(format!("{unknown} (dropzone rules list has all)"))
    })
}

fn list(
    family: Option<&str>,
    severity: Option<&str>,
    reader: &Reader,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let is_of = |rule: &Rule| family.is_none_or(|f| rule.family().eq_ignore_ascii_case(f));
    if let Some(family) = family.filter(|_| !catalogue().any(is_of)) {
        let mut families: Vec<&str> = catalogue().map(Rule::family).collect();
        families.dedup();
        return Err(Failure::NotFound(format!(
            "there is no family {}; one of {}",
            shown(family),
            families.join(", ")
        )));
    }
    let weighs = |rule: &Rule| {
        severity.is_none_or(|wanted| {
            let severities = reader.severities(rule);
            severities.iter().any(|found| found.as_str() == wanted)
        })
    };
    let rules: Vec<&Rule> = catalogue()
        .filter(|rule| is_of(rule) && weighs(rule))
        .collect();
    if context.json {
        context.write_json(&RuleList {
            label: reader.label.clone(),
            rules: rules.iter().map(|rule| reader.detail(rule)).collect(),
        })?;
    } else if rules.is_empty() {
        writeln!(context.out, "No rules.")?;
    } else {
        write_table(&rules, reader, context.out)?;
    }
    Ok(Done::Fine)
}

fn write_table(rules: &[&Rule], reader: &Reader, out: &mut dyn Write) -> Result<(), Failure> {
    let mut table = match reader.profile {
        None => Table::new(&["CODE", "GUIDE", "STRICT", "FAULT"]),
        Some(_) => Table::new(&["CODE", "SEVERITY", "FAULT"]),
    };
    for rule in rules {
        let code = rule.code.to_owned();
        match reader.profile {
            None => table.row([
                code,
                rule.severity_words(Profile::Guide),
                rule.severity_words(Profile::Strict),
                rule.title.to_owned(),
            ]),
            Some(profile) => {
                let usual = rule.severity_words(profile);
                let (severity, note) = match reader.agreed(rule) {
                    Some(change) => (
                        change.setting.map_or("default", |s| s.as_str()).to_owned(),
                        format!(
                            " (usually {usual}; {}, {}: {})",
                            change.actor,
                            time(change.at),
                            change.reason
                        ),
                    ),
                    None => (usual, String::new()),
                };
                table.row([code, severity, format!("{}{note}", rule.title)]);
            }
        }
    }
    Ok(table.write(out)?)
}

fn show(rule: &Rule, reader: &Reader, context: &mut Context<'_>) -> Result<Done, Failure> {
    if context.json {
        context.write_json(&reader.detail(rule))?;
        return Ok(Done::Fine);
    }
    let out = &mut context.out;
    writeln!(out, "{}  {}\n", rule.code, rule.title)?;
    let (guide, strict) = (
        rule.severity_words(Profile::Guide),
        rule.severity_words(Profile::Strict),
    );
    let severity = if guide == strict {
        format!("{guide} in both profiles")
    } else {
        format!("{guide} in the guide profile; {strict} in the strict one")
    };
    write_lines(*out, "severity", &severity)?;
    write_lines(*out, "why", rule.why)?;
    write_lines(*out, "fix", rule.fix)?;
    write_lines(*out, "source", rule.source)?;
    if !rule.ack.is_empty() {
        let ack = format!("{} (DDEX ErncFileStatus)", rule.ack);
        write_lines(*out, "ack", &ack)?;
    }
    write_lines(*out, "labels", &for_labels(rule))?;
    if let Some(label) = &reader.label {
        let agreed = match reader.agreed(rule) {
            Some(change) => format!(
                "{} since {}, by {}: {}",
                change.setting.map_or("default", |s| s.as_str()),
                time(change.at),
                shown(&change.actor),
                shown(&change.reason)
            ),
            None => "as the catalogue says".to_owned(),
        };
        write_lines(*out, "agreed", &format!("{label}: {agreed}"))?;
    }
    Ok(Done::Fine)
}

/// Whether it can be another for one label.
fn for_labels(rule: &Rule) -> String {
    if rule.at_the_door {
        return "It is told while files still arrive, and is the same for every label.".to_owned();
    }
    if rule.for_a_dsp {
        return "It is told of one DSP by its profile before a push (dropzone push preview), and is the \
                same for every label."
            .to_owned();
    }
    if rule.safety {
        return "It guards the safety of all: it cannot be lowered or switched off for one label."
            .to_owned();
    }
    format!(
        "It can be another for one label: dropzone label rule NAME {} off --reason TEXT",
        rule.code
    )
}

fn write_lines(out: &mut dyn Write, lead: &str, text: &str) -> Result<(), Failure> {
    for (at, line) in wrapped(text, WIDTH - LEAD).iter().enumerate() {
        let lead = if at == 0 { lead } else { "" };
        writeln!(out, "{}", format!("{lead:<LEAD$}{line}").trim_end())?;
    }
    Ok(())
}
