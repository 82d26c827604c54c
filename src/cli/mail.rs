//! `dropzone mail …`: the e-mails that wait, those that were given up and why, and another try.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{Table, find_package, shown, time};
use super::shapes::{MailDetail, MailLine, MailList};
use super::who;
use crate::daemon::clock;
use crate::store::{Found, LetterFilter, LetterRow, LetterState, Store};
use clap::{Args, Subcommand};

/// What to do with e-mails.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List e-mails, oldest first: those that wait or were given up
    List {
        /// Only those in this state: due, dead (given up), or sent
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// Only those about this package
        #[arg(long, value_name = "ID")]
        package: Option<String>,
        /// At most so many, of the latest
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Show one e-mail: to whom, its tries, why the last one failed, and the message
    Show {
        /// Identifier, or a few of its last letters
        id: String,
    },
    /// Try an e-mail again now
    Retry(Which),
}

/// Which e-mails to try again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Identifier, or a few of its last letters
    id: Option<String>,
    /// All that were given up
    #[arg(long)]
    all: bool,
}

/// Runs it.
pub fn run(command: &Command, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    match command {
        Command::List {
            state,
            package,
            limit,
        } => {
            let package = package.as_deref().map(|id| find_package(&store, id));
            let letters = store.letters_where(&LetterFilter {
                package: package.transpose()?.map(|package| package.id),
                state: state.as_deref().map(parse_state).transpose()?,
                limit: *limit,
            })?;
            list(&letters, context)
        }
        Command::Show { id } => show(&find(&store, id)?, &store, context),
        Command::Retry(Which { id: Some(id), .. }) => retry(&find(&store, id)?, &store, context),
        Command::Retry(Which { id: None, .. }) => retry_all(&store, context),
    }
}

fn parse_state(text: &str) -> Result<LetterState, Failure> {
    LetterState::parse(text).ok_or_else(|| {
        let known: Vec<&str> = LetterState::ALL
            .iter()
            .map(|state| state.as_str())
            .collect();
        Failure::Usage(format!(
            "{} is no state; one of {}",
            shown(text),
            known.join(", ")
        ))
    })
}

/// The e-mail that a person means by a full identifier or a few of its letters.
fn find(store: &Store, text: &str) -> Result<LetterRow, Failure> {
    match store.find_letter(text)? {
        Found::One(letter) => Ok(letter),
        Found::None => Err(Failure::NotFound(format!(
            "there is no e-mail {}",
            shown(text)
        ))),
        Found::Many(_) => Err(Failure::Usage(format!(
            "more than one e-mail matches {}: give more letters",
            shown(text)
        ))),
    }
}

fn list(letters: &[LetterRow], context: &mut Context<'_>) -> Result<Done, Failure> {
    if context.json {
        context.write_json(&MailList {
            mails: letters.iter().map(MailLine::from).collect(),
        })?;
        return Ok(Done::Fine);
    }
    if letters.is_empty() {
        writeln!(context.out, "No e-mails.")?;
        return Ok(Done::Fine);
    }
    let mut table = Table::new(&[
        "ID", "STATE", "KIND", "TO", "TRIES", "PACKAGE", "WRITTEN", "WHY",
    ]);
    for letter in letters {
        table.row([
            letter.id.to_string(),
            letter.state.as_str().to_owned(),
            letter.kind.as_str().to_owned(),
            letter.recipient.clone(),
            letter.attempts.to_string(),
            letter.package.to_string(),
            time(letter.created_at),
            letter.last_error.clone().unwrap_or_default(),
        ]);
    }
    table.write(context.out)?;
    Ok(Done::Fine)
}

fn show(letter: &LetterRow, store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let message = store.letter_message(&letter.id)?;
    let message = message.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if context.json {
        context.write_json(&MailDetail {
            mail: MailLine::from(letter),
            message,
        })?;
        return Ok(Done::Fine);
    }
    let out = &mut *context.out;
    let state = match letter.state {
        LetterState::Due => "due",
        LetterState::Sent => "sent",
        LetterState::Dead => "given up",
    };
    writeln!(out, "{} is {state}", letter.id)?;
    writeln!(out)?;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<12} {}", shown(value));
    line("to", &letter.recipient)?;
    line("kind", letter.kind.as_str())?;
    line("package", letter.package.as_str())?;
    line("written", &time(letter.created_at))?;
    line("tries", &letter.attempts.to_string())?;
    match (letter.state, letter.sent_at) {
        (LetterState::Due, _) => line("not before", &time(letter.due_at))?,
        (_, Some(at)) => line("sent", &time(at))?,
        (_, None) => {}
    }
    if let Some(why) = &letter.last_error {
        line("why", why)?;
    }
    match message {
        Some(message) => {
            writeln!(out, "\nThe message, as the mail server gets it:\n")?;
            for line in message.lines() {
                writeln!(out, "{}", shown(line))?;
            }
        }
        None => writeln!(out, "\nThe message is written at the first try.")?,
    }
    Ok(Done::Fine)
}

fn retry(letter: &LetterRow, store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    if letter.state == LetterState::Sent {
        let when = letter.sent_at.map(time).unwrap_or_default();
        return Err(Failure::Refused(format!(
            "{} was taken by the mail server at {when} and is not sent twice",
            letter.id
        )));
    }
    store.letter_retry(&letter.id, &who::am_i(), clock::now())?;
    let letter = find(store, letter.id.as_str())?;
    if context.json {
        return list(&[letter], context);
    }
    writeln!(
        context.out,
        "{} to {} is {} now; a running daemon tries it within seconds",
        letter.id,
        shown(&letter.recipient),
        letter.state.as_str()
    )?;
    Ok(Done::Fine)
}

fn retry_all(store: &Store, context: &mut Context<'_>) -> Result<Done, Failure> {
    let retried = store.letters_retry(&who::am_i(), clock::now())?;
    if context.json {
        let letters: Result<Vec<LetterRow>, Failure> =
            retried.iter().map(|id| find(store, id.as_str())).collect();
        return list(&letters?, context);
    }
    match retried.len() {
        0 => writeln!(context.out, "No e-mail was given up.")?,
        1 => writeln!(
            context.out,
            "1 e-mail is due now; a running daemon tries it within seconds"
        )?,
        n => writeln!(
            context.out,
            "{n} e-mails are due now; a running daemon begins within seconds"
        )?,
    }
    Ok(Done::Fine)
}
