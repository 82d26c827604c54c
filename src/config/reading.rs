//! Reads TOML into a type and says everything that is wrong with it, with line and remedy.
//!
//! serde stops at the first fault. So a wrong key is noted, taken out of the parsed document, and
//! the document read again, until it is right or a fault cannot be placed. What serde says in an
//! unknown key's error ("expected one of …") is also the list of what is known there, so that no
//! second list has to be kept.

use super::Complaint;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// Least likeness (Jaro–Winkler) at which a key is offered as what was meant.
const LIKENESS: f64 = 0.8;

/// Reads `text`. Settings that name files by their own name (`is_path`) are taken from `file`'s
/// directory, not from wherever the daemon happened to be started. `everywhere` holds keys of all tables, to tell in which table a misplaced key belongs.
pub(super) fn read<T: DeserializeOwned>(
    text: &str,
    file: &Path,
    everywhere: &toml::Table,
) -> Result<T, Vec<Complaint>> {
    read_all(text, file, everywhere).map_err(|mut complaints| {
        complaints.sort_by_key(|complaint| complaint.line);
        complaints
    })
}

fn read_all<T: DeserializeOwned>(
    text: &str,
    file: &Path,
    everywhere: &toml::Table,
) -> Result<T, Vec<Complaint>> {
    let reader = Reader {
        text,
        file,
        everywhere,
    };
    let (mut document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| reader.syntax(error)).collect());
    }
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    if let Some(base) = whole.parent() {
        anchor(document.get_mut(), base);
    }
    let mut complaints = Vec::new();
    let mut removed = Vec::new();
    loop {
        let error = match T::deserialize(toml::Deserializer::from(document.clone())) {
            Ok(value) if complaints.is_empty() => return Ok(value),
            Ok(_) => return Err(complaints),
            Err(error) => error,
        };
        if let Some(missing) = quoted(error.message(), "missing field ") {
            // Missing only because it was wrong and taken out: said already.
            if !removed.contains(&missing) {
                complaints.push(reader.missing(&error, &missing));
            }
            return Err(complaints);
        }
        let Some(place) = locate(document.get_ref(), &error) else {
            complaints.push(reader.syntax(&error));
            return Err(complaints);
        };
        complaints.push(reader.wrong(&place, &error));
        removed.push(place.key().to_owned());
        if !remove(document.get_mut(), &place.path) {
            return Err(complaints);
        }
    }
}

/// A key in the document.
struct Place {
    /// Tables and key.
    path: Vec<String>,
    /// Where the key stands.
    span: Range<usize>,
}

impl Place {
    fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
    everywhere: &'a toml::Table,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    fn complaint(&self, at: Option<usize>, key: Option<String>, text: String) -> Complaint {
        Complaint {
            file: self.file.to_path_buf(),
            line: at.map(|at| self.line(at)),
            key,
            text,
        }
    }

    fn syntax(&self, error: &Error) -> Complaint {
        let text = error.message().replace('\n', ", ");
        self.complaint(error.span().map(|span| span.start), None, text)
    }

    fn missing(&self, error: &Error, key: &str) -> Complaint {
        let line = self.text.get(error.span().unwrap_or_default());
        let table = line
            .filter(|text| text.starts_with('['))
            .unwrap_or_default();
        let within = if table.is_empty() {
            String::new()
        } else {
            format!(" in {table}")
        };
        self.complaint(
            error.span().map(|span| span.start),
            Some(key.to_owned()),
            format!("`{key}` is missing{within}; it has to be given"),
        )
    }

    fn wrong(&self, place: &Place, error: &Error) -> Complaint {
        let whole = place.path.join(".");
        let text = if error.message().starts_with("unknown field") {
            self.unknown(place, &known_in(error.message()))
        } else {
            format!("`{whole}`: {}", plainly(error.message()))
        };
        self.complaint(Some(place.span.start), Some(whole), text)
    }

    fn unknown(&self, place: &Place, known: &[String]) -> String {
        let key = place.key();
        let tables = place.path.get(..place.path.len().saturating_sub(1));
        let within = match tables.unwrap_or_default() {
            [] => "at the top".to_owned(),
            tables => format!("in [{}]", tables.join(".")),
        };
        let said = format!("unknown key `{key}` {within}");
        if let Some(nearest) = nearest(key, known) {
            return format!("{said}; did you mean `{nearest}`?");
        }
        if let Some(table) = table_with(self.everywhere, key) {
            return format!("{said}; it belongs in [{table}]");
        }
        if known.is_empty() {
            return format!("{said}; nothing can be set there");
        }
        format!("{said}; known there: {}", known.join(", "))
    }
}

fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(key, name), name.as_str()))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The table below the top that has `key`.
fn table_with(tables: &toml::Table, key: &str) -> Option<String> {
    tables.iter().find_map(|(name, value)| {
        let inside = value.as_table()?;
        if inside.contains_key(key) {
            return Some(name.clone());
        }
        table_with(inside, key).map(|deeper| format!("{name}.{deeper}"))
    })
}

/// `x` of a message that begins with `before` and `` `x` ``.
fn quoted(message: &str, before: &str) -> Option<String> {
    let rest = message.strip_prefix(before)?.strip_prefix('`')?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Names in backticks after "expected": serde's list of what is known.
fn known_in(message: &str) -> Vec<String> {
    let list = message
        .split_once(", expected ")
        .map_or("", |(_, list)| list);
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// serde's words for people who do not write Rust.
fn plainly(message: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("expected u16", "expected a whole number from 0 to 65535"),
        (
            "expected u32",
            "expected a whole number from 0 to 4294967295",
        ),
        ("expected u64", "expected a whole number, not negative"),
        ("expected usize", "expected a whole number, not negative"),
        ("expected i64", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        ("expected path string", "expected a path in quotes"),
        ("expected a string", "expected a text in quotes"),
        ("expected a sequence", "expected a list in [ ]"),
        ("expected struct ", "expected a table: "),
        ("unknown variant", "unknown word"),
        ("invalid type: ", "wrong kind of value: "),
        ("invalid value: ", "wrong value: "),
    ];
    WORDS.iter().fold(message.to_owned(), |text, (from, to)| {
        text.replace(from, to)
    })
}

/// The key that an error is about.
///
/// serde gives the place of an unknown key or of a wrong value, except within tagged tables
/// (`[transport]` with its `kind`), where it gives the table; there the key is found by what the
/// message says of it.
fn locate(document: &DeTable<'_>, error: &Error) -> Option<Place> {
    let wanted = error.span()?;
    let mut open = vec![(Vec::new(), document)];
    while let Some((path, table)) = open.pop() {
        for (key, value) in table {
            let mut inside: Vec<String> = path.clone();
            inside.push(key.get_ref().clone().into_owned());
            let child = value.get_ref().as_table();
            if key.span() != wanted && value.span() != wanted {
                open.extend(child.map(|child| (inside, child)));
                continue;
            }
            if let Some((culprit, span)) = child.and_then(|child| culprit(child, error.message())) {
                inside.push(culprit);
                return Some(Place { path: inside, span });
            }
            return Some(Place {
                path: inside,
                span: key.span(),
            });
        }
    }
    None
}

/// The key of a tagged table that a message speaks of.
fn culprit(table: &DeTable<'_>, message: &str) -> Option<(String, Range<usize>)> {
    let name = quoted(message, "unknown field ");
    table
        .iter()
        .find(|(key, value)| match &name {
            Some(name) => key.get_ref() == name,
            None => names_value(message, value.get_ref()),
        })
        .map(|(key, _)| (key.get_ref().clone().into_owned(), key.span()))
}

fn names_value(message: &str, value: &DeValue<'_>) -> bool {
    let words = match value {
        DeValue::String(text) => format!("string {text:?}"),
        DeValue::Integer(number) => format!("integer `{}`", number.as_str()),
        DeValue::Float(number) => format!("floating point `{}`", number.as_str()),
        DeValue::Boolean(value) => format!("boolean `{value}`"),
        DeValue::Datetime(_) | DeValue::Table(_) => "map".to_owned(),
        DeValue::Array(_) => "sequence".to_owned(),
    };
    message.contains(&words)
}

fn remove(table: &mut DeTable<'_>, path: &[String]) -> bool {
    match path {
        [] => false,
        [key] => table.remove(key.as_str()).is_some(),
        [first, rest @ ..] => match table.get_mut(first.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(inside)) => remove(inside, rest),
            Some(_) | None => false,
        },
    }
}

/// Whether a setting of that name holds a path of this machine. The name decides, so that a new
/// setting cannot be forgotten here.
fn is_path(key: &str) -> bool {
    matches!(key, "path" | "templates") || key.ends_with("_file") || key.ends_with("_dir")
}

/// Makes relative paths absolute.
fn anchor(table: &mut DeTable<'_>, base: &Path) {
    for (key, value) in table.iter_mut() {
        match value.get_mut() {
            DeValue::Table(inside) => anchor(inside, base),
            DeValue::String(text) if is_path(key.get_ref()) && !text.is_empty() => {
                let anchored = base.join(text.as_ref());
                *text = Cow::Owned(anchored.to_string_lossy().into_owned());
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {}
        }
    }
}
