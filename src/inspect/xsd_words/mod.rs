//! libxml2's errors → sentences that a label understands, with what was expected and found, and the
//! edit that puts it right where that is certain.
//!
//! One file for each kind of fault. Nothing of libxml2's own wording is passed on, not even for a
//! kind that ERN's schemas cannot have: what is not known better is said plainly.

mod attribute;
mod content;
mod form;
mod limit;
mod missing;
mod order;
mod phrases;
mod rare;
mod text;
mod unknown;
mod value;

use super::xsd::RawFault;
use super::xsd_model::{Content, Model};
use crate::domain::facts::SchemaFault;
use phrases::{Said, between, local};

pub(super) use text::not_well_formed;

/// Says one error.
pub(super) fn say(raw: &RawFault, model: &Model) -> SchemaFault {
    let path = without_prefixes(&raw.path);
    let speaker = Speaker {
        raw,
        model,
        path: &path,
    };
    let said = speaker.say();
    SchemaFault {
        message: said.message,
        fix: said.fix,
        line: raw.line,
        expected: said.expected,
        found: said.found,
        repair: said.repair,
        path,
    }
}

/// `/ern:NewReleaseMessage/ResourceList` → `/NewReleaseMessage/ResourceList`, as the reader of
/// messages writes paths.
fn without_prefixes(path: &str) -> String {
    let steps = path.split('/').map(|step| {
        let (attribute, name) = match step.strip_prefix('@') {
            Some(name) => ("@", name),
            None => ("", step),
        };
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        format!("{attribute}{local}")
    });
    steps.collect::<Vec<_>>().join("/")
}

/// What there is to know of one error.
struct Speaker<'a> {
    raw: &'a RawFault,
    model: &'a Model,
    /// Where it is, without prefixes.
    path: &'a str,
}

impl Speaker<'_> {
    fn say(&self) -> Said {
        // Numbers of libxml2's xmlParserErrors, XML_SCHEMAV_….
        match self.raw.code {
            1845 | 1872 => self.wrong_root(),
            1871 if self.raw.message.contains("Missing child") => self.missing(),
            1871 => self.unexpected(),
            _ if self.raw.message.contains("Character content") => self.stray_text(),
            _ if self.raw.message.contains("Element content") => self.stray_elements(),
            1840 => self.not_in_list(),
            1839 => self.pattern(),
            1824..=1826 => self.wrong_kind(),
            1830..=1838 => self.beyond_limit(),
            1865..=1867 | 1827 => self.unknown_attribute(),
            1868 => self.missing_attribute(),
            1846..=1864 | 1869 | 1870 | 1874 => self.rare(),
            1877 => self.broken_key(),
            1878 => self.unexpected_plainly(),
            _ => self.plainly(),
        }
    }

    fn element(&self) -> &str {
        // Of a key that leads nowhere libxml2 gives the element's name alone.
        let named = || between(&self.raw.message, "Element '", "'").map_or("", local);
        self.raw.ancestry.last().map_or_else(named, String::as_str)
    }

    fn parent(&self) -> &str {
        let mut inside_out = self.raw.ancestry.iter().rev().skip(1);
        inside_out.next().map_or("", String::as_str)
    }

    fn parent_content(&self) -> Content {
        let above = self.raw.ancestry.len().saturating_sub(1);
        let ancestry = self.raw.ancestry.get(..above).unwrap_or_default();
        self.model.content(ancestry).unwrap_or_default()
    }

    fn own_content(&self) -> Content {
        self.model.content(&self.raw.ancestry).unwrap_or_default()
    }

    fn attribute(&self) -> Option<&str> {
        between(&self.raw.message, "attribute '", "'").map(local)
    }

    /// What carries the value: the element or one of its attributes.
    fn carrier(&self) -> String {
        match self.attribute() {
            Some(name) => format!("`{name}` of `<{}>`", self.element()),
            None => format!("`{}`", self.element()),
        }
    }

    /// The value, as far as libxml2 quotes it, else the element's text.
    fn value(&self) -> &str {
        let tail = self
            .raw
            .message
            .split_once("] ")
            .map_or(self.raw.message.as_str(), |(_, tail)| tail);
        between(tail, "The value '", "' ")
            .or_else(|| between(&self.raw.message, ": '", "' is not a valid"))
            .unwrap_or(&self.raw.value)
    }

    /// Names in libxml2's `Expected is ( A )` or `Expected is one of ( A, B )`.
    fn expected_next(&self) -> Vec<&str> {
        let Some((_, list)) = self.raw.message.split_once("Expected is") else {
            return Vec::new();
        };
        let list = between(list, "(", ")").unwrap_or_default();
        let names = list.split(',').map(str::trim).map(local);
        names
            .filter(|name| !name.is_empty() && !name.starts_with('*') && !name.starts_with('#'))
            .collect()
    }
}

#[cfg(test)]
mod tests;
