//! The text that the XSD check is given: the label's own, line for line, as the schema expects the
//! namespace.
//!
//! ERN's schemas want the namespace on the root alone. With a default namespace (the guide's
//! sample) or a prefix on every element, libxml2 stops at the first child; rewritten, it tells the
//! real faults at once. Only names and declarations of namespaces change, never a line break. The
//! caller has reported the departure.

use super::decode::encoding_value;
use super::tags::{self, RawAttribute};
use quick_xml::Reader;
use quick_xml::events::Event;

/// What has to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The ERN namespace of the root; empty when it has to stay as it is.
    pub(super) namespace: String,
    /// Elements below the root carry the namespace, or the root has no prefix of its own.
    pub(super) is_rewritten: bool,
    /// The root's prefix or namespace is not declared at all: it is added.
    pub(super) is_undeclared: bool,
}

/// Rewrites a well-formed text.
pub(super) fn normalise(text: &str, plan: &Plan) -> String {
    let declared = with_utf8_declared(text);
    if plan.is_rewritten || plan.is_undeclared {
        Rewriter::new(&declared, plan).run()
    } else {
        declared
    }
}

/// The XML declaration says UTF-8, which the text now is.
pub(super) fn with_utf8_declared(text: &str) -> String {
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.get(..rest.find("?>")?));
    let range = declaration.and_then(encoding_value);
    let Some((start, end)) = range else {
        return text.to_owned();
    };
    let offset = "<?xml".len();
    let before = text.get(..offset + start).unwrap_or_default();
    let after = text.get(offset + end..).unwrap_or_default();
    format!("{before}UTF-8{after}")
}

struct Rewriter<'a> {
    source: &'a str,
    plan: &'a Plan,
    out: String,
    /// Prefixes that stand for the ERN namespace anywhere.
    prefixes: Vec<&'a str>,
    root_prefix: String,
    depth: usize,
}

impl<'a> Rewriter<'a> {
    fn new(source: &'a str, plan: &'a Plan) -> Self {
        Self {
            source,
            plan,
            out: String::with_capacity(source.len() + 64),
            prefixes: Vec::new(),
            root_prefix: String::new(),
            depth: 0,
        }
    }

    fn run(mut self) -> String {
        let mut reader = Reader::from_str(self.source);
        reader.config_mut().check_end_names = false;
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event();
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let raw = self.source.get(start..end).unwrap_or_default();
            match event {
                Ok(Event::Start(_)) => {
                    self.tag(raw);
                    self.depth += 1;
                }
                Ok(Event::Empty(_)) => self.tag(raw),
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.end_tag(raw);
                }
                Ok(Event::Eof) => return self.out,
                Ok(_) => self.out.push_str(raw),
                // The text was well-formed a moment ago; what cannot be rewritten stays.
                Err(_) => return self.source.to_owned(),
            }
        }
    }

    fn tag(&mut self, raw: &'a str) {
        let inside = raw.get(1..).unwrap_or_default();
        let name = tags::name_of(inside.trim_end_matches('>').trim_end_matches('/'));
        let content_end = raw.len() - if raw.ends_with("/>") { 2 } else { 1 };
        let content = raw.get(1..content_end).unwrap_or_default();
        let scan = tags::scan(content, name.len(), usize::MAX);
        for attribute in &scan.attributes {
            if let Some(prefix) = attribute.name.strip_prefix("xmlns:")
                && attribute.value == self.plan.namespace
            {
                self.prefixes.push(prefix);
            }
        }
        let is_root = self.depth == 0;
        if is_root {
            self.root_prefix = self.choose_prefix(name);
            let (prefix, _) = tags::split(name);
            if self.plan.is_undeclared && !prefix.is_empty() {
                self.prefixes.push(prefix);
            }
        }
        self.rename_tag(content, name, &scan.attributes);
        if is_root && self.plan.is_undeclared {
            let declaration = format!(" xmlns:{}=\"{}\"", self.root_prefix, self.plan.namespace);
            self.out.push_str(&declaration);
        }
        self.out
            .push_str(raw.get(content_end..).unwrap_or_default());
    }

    /// Writes the tag up to its `>`, renamed and without the declarations that go.
    fn rename_tag(&mut self, content: &'a str, name: &'a str, attributes: &[RawAttribute<'a>]) {
        let is_root = self.depth == 0;
        self.out.push('<');
        let renamed = self.renamed(name, is_root);
        self.out.push_str(&renamed);
        let mut at = name.len();
        for attribute in attributes {
            let is_ours = attribute.name == "xmlns" && attribute.value == self.plan.namespace;
            if !is_ours {
                continue;
            }
            self.out
                .push_str(content.get(at..attribute.offset).unwrap_or_default());
            let declaration = content
                .get(attribute.offset..attribute.end)
                .unwrap_or_default();
            if is_root && !self.prefixes.contains(&self.root_prefix.as_str()) {
                self.out.push_str("xmlns:");
                self.out.push_str(&self.root_prefix);
                self.out
                    .push_str(declaration.strip_prefix("xmlns").unwrap_or_default());
            } else {
                self.out.extend(declaration.chars().filter(|c| *c == '\n'));
            }
            at = attribute.end;
        }
        self.out.push_str(content.get(at..).unwrap_or_default());
    }

    fn end_tag(&mut self, raw: &'a str) {
        let inside = raw.get(2..raw.len() - 1).unwrap_or_default();
        let name = inside.trim_end_matches(tags::is_space);
        let renamed = self.renamed(name, self.depth == 0);
        self.out.push_str("</");
        self.out.push_str(&renamed);
        self.out
            .push_str(inside.get(name.len()..).unwrap_or_default());
        self.out.push('>');
    }

    fn choose_prefix(&self, root: &str) -> String {
        let (prefix, _) = tags::split(root);
        if !prefix.is_empty() {
            return prefix.to_owned();
        }
        let is_free = |candidate: &&str| !self.source.contains(&format!("xmlns:{candidate}="));
        ["ern", "ernm", "ern382", "message"]
            .iter()
            .find(|c| is_free(c))
            .map_or_else(|| "ernRoot".to_owned(), |c| (*c).to_owned())
    }

    fn renamed(&self, name: &str, is_root: bool) -> String {
        let (prefix, local) = tags::split(name);
        if is_root {
            format!("{}:{local}", self.root_prefix)
        } else if self.prefixes.contains(&prefix) {
            local.to_owned()
        } else {
            name.to_owned()
        }
    }
}
