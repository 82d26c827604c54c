//! Tells what happens while it happens: new events of packages, letters with their subjects, pushes.

use super::stage::Stage;
use super::{packages, text};
use crate::cli::exit::Failure;
use crate::cli::output::shown;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

/// What was told already.
pub(super) struct Timeline {
    begun: Instant,
    colour: bool,
    told: BTreeSet<String>,
}

impl Timeline {
    /// Begins now.
    pub(super) fn new(begun: Instant, colour: bool) -> Self {
        Self {
            begun,
            colour,
            told: BTreeSet::new(),
        }
    }

    /// One line with the time since the beginning.
    pub(super) fn say(&self, out: &mut dyn Write, words: &str) -> Result<(), Failure> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let (dim, plain) = if self.colour {
            ("\x1b[2m", "\x1b[0m")
        } else {
            ("", "")
        };
        writeln!(out, "{dim}{seconds:6.1} s{plain}  {}", shown(words))?;
        Ok(out.flush()?)
    }

    /// Tells everything that is new.
    pub(super) fn look(&mut self, stage: &Stage, out: &mut dyn Write) -> Result<(), Failure> {
        let home = format!("{}/", stage.home.display());
        for package in packages(stage)?.iter().rev() {
            let detail = stage.ask(&["package", "show", &text(package, "id")])?;
            let name = called(&detail);
            for event in list(&detail, "history") {
                let number = event.get("number").unwrap_or(&Value::Null);
                let key = format!("{}/{number}", text(&detail, "id"));
                if self.told.insert(key) {
                    self.say(out, &describe(&name, &detail, event))?;
                }
            }
            for push in list(&detail, "pushes") {
                let state = text(push, "state");
                let what = match text(push, "kind").as_str() {
                    "takedown" => "takedown at",
                    "update" => "update to",
                    _ => "push to",
                };
                if self.told.insert(format!("{}/{state}", text(push, "id"))) {
                    let place = push
                        .get("location")
                        .and_then(Value::as_str)
                        .map(|l| format!(": {}", l.trim_start_matches(&home)))
                        .unwrap_or_default();
                    self.say(
                        out,
                        &format!("{name}: {what} {} is {state}{place}", text(push, "dsp")),
                    )?;
                }
            }
        }
        self.letters(stage, out)
    }

    fn letters(&mut self, stage: &Stage, out: &mut dyn Write) -> Result<(), Failure> {
        let Ok(folder) = std::fs::read_dir(stage.places().mail()) else {
            return Ok(());
        };
        let mut files: Vec<_> = folder
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "eml"))
        {
            if self.told.insert(file.display().to_string()) {
                let mail = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
                self.say(
                    out,
                    &format!(
                        "e-mail to {}: “{}”",
                        header(&mail, "To"),
                        header(&mail, "Subject")
                    ),
                )?;
            }
        }
        Ok(())
    }

    /// Whether every letter of every package was sent.
    pub(super) fn letters_are_out(stage: &Stage) -> Result<bool, Failure> {
        for package in packages(stage)? {
            let detail = stage.ask(&["package", "show", &text(&package, "id")])?;
            if list(&detail, "letters").any(|letter| text(letter, "state") != "sent") {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Its title, and which attempt it is after the first; its folder while no message was read.
fn called(detail: &Value) -> String {
    let title = detail.get("title").and_then(Value::as_str);
    let name = title.map_or_else(|| text(detail, "folder"), str::to_owned);
    match detail.get("attempt").and_then(Value::as_u64) {
        Some(attempt) if attempt > 1 => format!("{name} ({attempt}.)"),
        Some(_) | None => name,
    }
}

fn describe(name: &str, detail: &Value, event: &Value) -> String {
    let counts = detail.get("finding_counts");
    let count = |key: &str| {
        counts
            .and_then(|c| c.get(key))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    match text(event, "event").as_str() {
        "claimed" => format!("{name}: complete and taken in; validation begins"),
        "found_invalid" => format!(
            "{name}: Invalid, {} errors and {} warnings",
            count("error"),
            count("warning")
        ),
        "found_valid" => format!("{name}: valid, needs QC ({} warnings)", count("warning")),
        "approved" => format!("{name}: QC Approved by {}", text(event, "actor")),
        "all_pushed" => format!("{name}: Delivered to DSPs"),
        other => format!("{name}: {}", other.replace('_', " ")),
    }
}

/// One header of a mail, unfolded and decoded (RFC 2047, UTF-8 in base64, as our mails have it).
fn header(mail: &str, name: &str) -> String {
    let mut value = String::new();
    let mut inside = false;
    for line in mail.lines().take_while(|line| !line.is_empty()) {
        if inside && line.starts_with([' ', '\t']) {
            value.push_str(line.trim_start());
            value.push(' ');
        } else if let Some(rest) = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(':'))
        {
            value.push_str(rest.trim());
            value.push(' ');
            inside = true;
        } else {
            inside = false;
        }
    }
    decoded(value.trim())
}

fn decoded(value: &str) -> String {
    let mut words: Vec<(bool, String)> = Vec::new();
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        let inner = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|rest| rest.strip_suffix("?="));
        let bytes = inner.and_then(|text| BASE64_STANDARD.decode(text).ok());
        let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        match (decoded, words.last_mut()) {
            // White space between two encoded words is not part of the text (RFC 2047, 6.2).
            (Some(text), Some((true, last))) => last.push_str(&text),
            (Some(text), _) => words.push((true, text)),
            (None, _) => words.push((false, word.to_owned())),
        }
    }
    words
        .into_iter()
        .map(|(_, word)| word)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_subjects_are_read() {
        let mail = "From: a@b\r\nSubject: [x] =?utf-8?b?w6k=?=\r\n =?utf-8?b?w6k=?= end\r\nTo: c@d\r\n\r\nSubject: no\r\n";
        assert_eq!(header(mail, "Subject"), "[x] éé end");
        assert_eq!(header(mail, "To"), "c@d");
    }
}
