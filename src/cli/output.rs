//! How answers look: tables for people, JSON for programs, and nothing of a client's text raw.

use super::Context;
use super::exit::Failure;
use crate::config::Config;
use crate::daemon::{clock, introduce};
use crate::domain::ids::gtin14;
use crate::domain::package::Package;
use crate::domain::push::Push;
use crate::domain::visible;
use crate::store::{Found, Store};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

impl Context<'_> {
    /// The configuration that this command line names.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.config_file.as_deref())?)
    }

    /// The store of that configuration. It must be there already, or be ours to make.
    pub fn store(&self, config: &Config) -> Result<Store, Failure> {
        let database = config.places().database();
        if let Some(parent) = database.parent()
            && !parent.exists()
        {
            return Err(Failure::Failed(format!(
                "the data directory {} does not exist: create it, or name another with data_dir in the configuration",
                parent.display()
            )));
        }
        let store = Store::open(&database, clock::now)?;
        give_to_owner(config.places().root(), &database);
        introduce(&store, config);
        Ok(store)
    }

    /// Writes a value as JSON, with a line feed.
    pub fn write_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text =
            serde_json::to_string_pretty(value).map_err(|e| Failure::Failed(e.to_string()))?;
        Ok(writeln!(self.out, "{text}")?)
    }
}

/// Gives what a command made to the owner of the data directory: commands typed by root must not
/// leave files that the service cannot open. SQLite does the same for its own side files.
pub fn give_to_owner(data_dir: &Path, made: &Path) {
    let owner = |path: &Path| path.metadata().map(|m| (m.uid(), m.gid())).ok();
    if let (Some(wanted), Some(found)) = (owner(data_dir), owner(made))
        && wanted != found
    {
        // Only root can; for everyone else the next access says what is wrong.
        chown(made, Some(wanted.0), Some(wanted.1)).ok();
    }
}

/// The package that a person means by a full identifier or a few of its letters.
pub fn find_package(store: &Store, text: &str) -> Result<Package, Failure> {
    match store.find_package(text)? {
        Found::One(package) => Ok(package),
        Found::None => Err(Failure::NotFound(format!(
            "there is no package {}",
            shown(text)
        ))),
        Found::Many(_) => Err(Failure::Usage(format!(
            "more than one package matches {}: give more letters",
            shown(text)
        ))),
    }
}

/// The push that a person means by a full identifier or a few of its letters.
pub fn find_push(store: &Store, text: &str) -> Result<Push, Failure> {
    match store.find_push(text)? {
        Found::One(push) => Ok(push),
        Found::None => Err(Failure::NotFound(format!(
            "there is no push {}",
            shown(text)
        ))),
        Found::Many(_) => Err(Failure::Usage(format!(
            "more than one push matches {}: give more letters",
            shown(text)
        ))),
    }
}

/// A text of a barcode's length in digits, blanks and hyphens left out, as GTIN-14.
pub fn barcode(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let is_it = (8..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_it.then(|| gtin14(&digits))
}

/// Text from outside, safe on a terminal.
pub fn shown(text: &str) -> String {
    visible::escaped_line(text)
}

/// A time as people read it, to the second, in UTC.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time as programs read it.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_string()
}

/// Columns of text, as wide as their widest cell; the last one runs free.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading.
    pub fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    /// Adds a row; cells are made safe for a terminal.
    pub fn row<I: IntoIterator<Item = String>>(&mut self, cells: I) {
        self.rows
            .push(cells.into_iter().map(|cell| shown(&cell)).collect());
    }

    /// Writes it.
    pub fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let padding = width.saturating_sub(cell.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', padding));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
