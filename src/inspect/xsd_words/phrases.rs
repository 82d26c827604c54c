//! What all sentences are made of: quotations, lists, and the parts of an answer.

use crate::domain::repair::Edit;

/// What is said of one error.
#[derive(Default)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) fix: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) found: Option<String>,
    pub(super) repair: Vec<Edit>,
}

impl Said {
    /// What is wrong, in a whole sentence.
    pub(super) fn new(message: String) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }

    /// What to do.
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        self
    }

    /// What was expected, short; nothing when that is empty.
    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into()).filter(|expected| !expected.is_empty());
        self
    }

    /// What was found, short.
    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// What puts it right, when that is certain.
    pub(super) fn repair(mut self, edit: impl IntoIterator<Item = Edit>) -> Self {
        self.repair.extend(edit);
        self
    }

    /// An empty value deserves plainer words.
    pub(super) fn or_empty(mut self, value: &str, carrier: &str) -> Self {
        if value.trim().is_empty() {
            self.message = format!("{carrier} is empty.");
            self.found = Some("nothing".to_owned());
        }
        self
    }
}

/// The text between two marks.
pub(super) fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// `{http://…}Name` or `ern:Name` → `Name`.
pub(super) fn local(name: &str) -> &str {
    let name = name.rsplit_once('}').map_or(name, |(_, local)| local);
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// A value of the label, in one line and not too long.
pub(super) fn short(value: &str) -> String {
    const MOST: usize = 60;
    let flat: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MOST + 1)
        .collect();
    if flat.chars().count() > MOST {
        format!("{}…", flat.chars().take(MOST).collect::<String>())
    } else {
        flat
    }
}

/// Names in back-quotes.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    quoted.join(", ")
}

/// Names told where many are possible.
const MOST_NAMES: usize = 5;

/// The short form for `expected`.
pub(super) fn listed(names: &[&str]) -> String {
    let mut list = names.get(..MOST_NAMES).unwrap_or(names).join(" | ");
    if names.len() > MOST_NAMES {
        list.push_str(" | …");
    }
    list
}

/// Names as tags: `<A>, <B> or <C>`.
pub(super) fn with_brackets(names: &[&str]) -> String {
    let told = names.get(..MOST_NAMES).unwrap_or(names);
    let all: Vec<String> = told.iter().map(|n| format!("<{n}>")).collect();
    if names.len() > MOST_NAMES {
        return format!("{} …", all.join(", "));
    }
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

/// `One of …`, to begin a sentence with.
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "Something".to_owned(),
        [one] => format!("`{one}`"),
        _ => format!("One of {}", quoted(names)),
    }
}

/// Letters and digits alone, in small letters: what stays the same when somebody writes a name or
/// value in another way.
pub(super) fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The one of several that differs from a text in nothing but capitals, spaces and marks.
pub(super) fn same<'a>(text: &str, among: &[&'a str]) -> Option<&'a str> {
    let wanted = letters(text);
    let mut alike = among.iter().filter(|one| letters(one) == wanted);
    let first = alike.next()?;
    (alike.next().is_none() && !wanted.is_empty()).then_some(*first)
}
