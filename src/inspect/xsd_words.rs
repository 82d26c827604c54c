//! libxml2's errors → sentences that a label understands, with what was expected and found.
//!
//! What cannot be said better keeps libxml2's own words, shortened: nothing is dropped.

use super::xsd::RawFault;
use super::xsd_likeness::{nearest, nearest_values};
use super::xsd_model::{Content, Model};
use crate::domain::facts::SchemaFault;

/// Says one error.
pub(super) fn say(raw: &RawFault, model: &Model) -> SchemaFault {
    let speaker = Speaker { raw, model };
    let said = speaker.say();
    SchemaFault {
        message: said.message,
        fix: said.fix,
        line: raw.line,
        path: without_prefixes(&raw.path),
        expected: said.expected,
        found: said.found,
    }
}

/// The text did not even parse, although our reader let it pass.
pub(super) fn not_well_formed(raw: &RawFault) -> SchemaFault {
    SchemaFault {
        message: format!(
            "The XML parser cannot read this line: {}.",
            short(&raw.message)
        ),
        fix: Some("Compare the line with the guide's example.".to_owned()),
        line: raw.line,
        path: String::new(),
        expected: None,
        found: None,
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

#[derive(Default)]
struct Said {
    message: String,
    fix: Option<String>,
    expected: Option<String>,
    found: Option<String>,
}

/// Where an element that stands wrong belongs: its places in the order.
struct Stands<'a> {
    name: &'a str,
    first: usize,
    last: usize,
}

struct Speaker<'a> {
    raw: &'a RawFault,
    model: &'a Model,
}

impl Speaker<'_> {
    fn say(&self) -> Said {
        // Numbers of libxml2's xmlParserErrors, XML_SCHEMAV_….
        match self.raw.code {
            1845 => self.wrong_root(),
            1871 if self.raw.message.contains("Missing child") => self.missing(),
            1871 => self.unexpected(),
            _ if self.raw.message.contains("Character content") => self.stray_text(),
            _ if self.raw.message.contains("Element content") => self.stray_elements(),
            1840 => self.not_in_list(),
            1839 => self.pattern(),
            1824..=1826 => self.wrong_kind(),
            1866 | 1867 => self.unknown_attribute(),
            1868 => self.missing_attribute(),
            _ => self.as_it_is(),
        }
    }

    fn element(&self) -> &str {
        self.raw.ancestry.last().map_or("", String::as_str)
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

    /// Text of libxml2's sentence behind the last `: ` of its head.
    fn tail(&self) -> &str {
        let message = self.raw.message.trim();
        match message.strip_prefix("Element '") {
            Some(rest) => rest.split_once(": ").map_or(message, |(_, tail)| tail),
            None => message,
        }
    }

    fn attribute(&self) -> Option<&str> {
        between(&self.raw.message, "attribute '", "'")
    }

    /// What carries the value: the element or one of its attributes.
    fn carrier(&self) -> String {
        match self.attribute() {
            Some(name) => format!("`{name}` of `<{}>`", self.element()),
            None => format!("`{}`", self.element()),
        }
    }

    fn wrong_root(&self) -> Said {
        Said {
            message: format!("A message of this version cannot begin with `<{}>` in this namespace.", self.element()),
            fix: Some("Begin it with <ern:NewReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/382\" …>.".to_owned()),
            expected: Some("NewReleaseMessage".to_owned()),
            found: Some(self.element().to_owned()),
        }
    }

    fn missing(&self) -> Said {
        let element = self.element();
        let expected = self.expected_next();
        let content = self.own_content();
        // libxml2 lists what may come next; a required one among them is what is missing.
        let required: Vec<&str> = expected
            .iter()
            .copied()
            .filter(|name| content.named(name).any(|c| c.is_required))
            .filter(|name| !self.raw.children.iter().any(|c| c == name))
            .collect();
        // It lists ten names at most: the required one may stand behind them.
        let absent = || {
            let is_filled = |place: usize| {
                let mut there = self
                    .raw
                    .children
                    .iter()
                    .flat_map(|name| content.named(name));
                there.any(|c| c.place == place)
            };
            let children = content.children.iter();
            children
                .filter(|c| (c.is_required || c.is_alternative) && !is_filled(c.place))
                .map(|c| c.name.as_str())
                .collect::<Vec<_>>()
        };
        let names = match (required.is_empty(), expected.len() >= MOST_LISTED) {
            (false, _) => required,
            (true, true) => Some(absent()).filter(|a| !a.is_empty()).unwrap_or(expected),
            (true, false) => expected,
        };
        let list = one_of(&names);
        Said {
            message: format!("{list} is required inside `{element}`."),
            fix: Some(format!(
                "Add {} {}.",
                with_brackets(&names),
                self.place_for(&names, &content)
            )),
            expected: Some(listed(&names)),
            found: Some("nothing".to_owned()),
        }
    }

    /// "after `X`", when what stands there already tells.
    fn place_for(&self, names: &[&str], content: &Content) -> String {
        let place = names
            .first()
            .and_then(|name| content.named(name).map(|c| c.place).min());
        let before = self.raw.children.iter().rev().find(|child| {
            let earlier = content.named(child).map(|c| c.place).min();
            matches!((earlier, place), (Some(earlier), Some(place)) if earlier < place)
        });
        before.map_or_else(
            || format!("inside <{}>", self.element()),
            |before| format!("after <{before}>"),
        )
    }

    fn unexpected(&self) -> Said {
        let element = self.element();
        let content = self.parent_content();
        if content.children.is_empty() {
            return self.unexpected_plainly();
        }
        let places: Vec<usize> = content.named(element).map(|c| c.place).collect();
        let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) else {
            return self.unknown(&content);
        };
        let stands = Stands {
            name: element,
            first: *first,
            last: *last,
        };
        self.wrong_order(&stands, &content)
            .or_else(|| self.rival(&stands, &content))
            .or_else(|| self.skipped(&stands, &content))
            .or_else(|| self.repeated(&content))
            .unwrap_or_else(|| self.unexpected_plainly())
    }

    /// A sibling on the wrong side of it.
    fn wrong_order(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let place = |name: &str| content.named(name).map(|c| c.place).min();
        let element = stands.name;
        let overtaken = self
            .raw
            .before
            .iter()
            .find(|name| place(name).is_some_and(|place| place > stands.last));
        if let Some(later) = overtaken {
            return Some(self.order(
                element,
                later,
                format!("Move <{element}> in front of the first <{later}>."),
            ));
        }
        // It came too early: something that must come first follows it.
        let needed = |name: &&String| {
            content
                .named(name)
                .any(|c| (c.is_required || c.is_alternative) && c.place < stands.first)
        };
        let earlier = self.raw.after.iter().rfind(needed)?;
        let fix = format!("Move <{element}> behind the last <{earlier}>.");
        Some(self.order(earlier, element, fix))
    }

    fn order(&self, first: &str, second: &str, fix: String) -> Said {
        Said {
            message: format!(
                "`{first}` must come before `{second}` inside `{}`.",
                self.parent()
            ),
            fix: Some(fix),
            expected: Some(format!("{first} before {second}")),
            found: Some(format!("{second} before {first}")),
        }
    }

    /// Another of the same choice is there already.
    fn rival(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let is_rival = |name: &&String| {
            *name != stands.name && content.named(name).any(|c| c.place == stands.first)
        };
        let rival = self.raw.before.iter().find(is_rival)?;
        Some(Said {
            message: format!(
                "`{}` cannot stand beside `{rival}` inside `{}`.",
                stands.name,
                self.parent()
            ),
            fix: Some(format!("Use either <{rival}> or <{}>.", stands.name)),
            expected: Some(format!("{rival} | {}", stands.name)),
            found: Some("both".to_owned()),
        })
    }

    /// A required sibling, or a choice, that should have come before it and is nowhere.
    fn skipped(&self, stands: &Stands<'_>, content: &Content) -> Option<Said> {
        let has_place = |place: usize| {
            self.raw
                .before
                .iter()
                .any(|name| content.named(name).any(|c| c.place == place))
        };
        let missing = content.children.iter().find(|c| {
            (c.is_required || c.is_alternative) && c.place < stands.first && !has_place(c.place)
        })?;
        let names: Vec<&str> = content
            .children
            .iter()
            .filter(|c| c.place == missing.place && (c.is_required || c.is_alternative))
            .map(|c| c.name.as_str())
            .collect();
        let element = stands.name;
        Some(Said {
            message: format!(
                "{} is required inside `{}`, before `{element}`.",
                one_of(&names),
                self.parent()
            ),
            fix: Some(format!("Add <{}> before this <{element}>.", missing.name)),
            expected: Some(listed(&names)),
            found: Some(element.to_owned()),
        })
    }

    fn repeated(&self, content: &Content) -> Option<Said> {
        let element = self.element();
        let is_again = self.raw.before.iter().any(|name| name == element);
        (is_again && !content.named(element).any(|c| c.is_many)).then(|| Said {
            message: format!(
                "`{element}` may stand only once inside `{}`.",
                self.parent()
            ),
            fix: Some(format!("Keep one <{element}>.")),
            expected: Some("one".to_owned()),
            found: Some("more than one".to_owned()),
        })
    }

    /// The child of the parent that would know the element: it was put one level too high.
    fn home_among<'c>(&self, content: &'c Content) -> Option<&'c str> {
        let element = self.element();
        let (_, above) = self.raw.ancestry.split_last()?;
        let knows = |name: &str| {
            let mut inside = above.to_vec();
            inside.push(name.to_owned());
            let own = self.model.content(&inside);
            own.is_some_and(|own| own.named(element).next().is_some())
        };
        let names = content.children.iter().map(|child| child.name.as_str());
        let mut homes = names.filter(|name| knows(name));
        let first = homes.next()?;
        // With several to choose from the right one is a guess.
        homes.next().is_none().then_some(first)
    }

    /// A name that the parent does not know.
    fn unknown(&self, content: &Content) -> Said {
        let element = self.element();
        let parent = self.parent();
        let names: Vec<&str> = content.children.iter().map(|c| c.name.as_str()).collect();
        let nearest = nearest(element, &names, 1);
        let expected = self.expected_next();
        if let Some(home) = self.home_among(content) {
            return Said {
                message: format!(
                    "`{element}` is not known inside `{parent}`; it belongs into `{home}`."
                ),
                fix: Some(format!("Move <{element}> into <{home}>.")),
                expected: Some(format!("{home}/{element}")),
                found: Some(element.to_owned()),
            };
        }
        let fix = match nearest.first() {
            Some(name) => format!("Did you mean <{name}>?"),
            None if expected.is_empty() => format!("Remove <{element}>."),
            None => format!("Remove it. Expected here: {}.", with_brackets(&expected)),
        };
        Said {
            message: format!("`{element}` is not known inside `{parent}`."),
            fix: Some(fix),
            expected: nearest
                .first()
                .map(|n| (*n).to_owned())
                .or_else(|| (!expected.is_empty()).then(|| listed(&expected))),
            found: Some(element.to_owned()),
        }
    }

    fn unexpected_plainly(&self) -> Said {
        let element = self.element();
        let expected = self.expected_next();
        let fix = if expected.is_empty() {
            format!("Remove <{element}>, or move it where it belongs.")
        } else {
            format!("Expected here: {}.", with_brackets(&expected))
        };
        Said {
            message: format!("`{element}` may not stand here inside `{}`.", self.parent()),
            fix: Some(fix),
            expected: (!expected.is_empty()).then(|| listed(&expected)),
            found: Some(element.to_owned()),
        }
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

    fn stray_text(&self) -> Said {
        let element = self.element();
        Said {
            message: format!("`{element}` may hold only other elements, but there is text in it."),
            fix: Some(match element {
                "PartyName" => {
                    "Put the name into <FullName>: <PartyName><FullName>…</FullName></PartyName>."
                        .to_owned()
                }
                "Genre" => {
                    "Put the genre into <GenreText>: <Genre><GenreText>…</GenreText></Genre>."
                        .to_owned()
                }
                "Title" | "ReferenceTitle" => "Put the title into <TitleText>.".to_owned(),
                _ => "Remove the text, or put it into the element that it belongs to.".to_owned(),
            }),
            expected: Some("elements".to_owned()),
            found: Some(if self.raw.value.is_empty() {
                "text".to_owned()
            } else {
                short(&self.raw.value)
            }),
        }
    }

    fn stray_elements(&self) -> Said {
        let element = self.element();
        Said {
            message: format!("`{element}` may hold only text, but there are elements in it."),
            fix: Some(format!(
                "Write the value straight into it: <{element}>…</{element}>."
            )),
            expected: Some("text".to_owned()),
            found: self.raw.children.first().map(|c| format!("<{c}>")),
        }
    }

    fn not_in_list(&self) -> Said {
        let value =
            between(self.tail_of_facet(), "The value '", "' is not").unwrap_or(&self.raw.value);
        let list = between(&self.raw.message, "the set {", "}");
        // Cut off in the middle, the list still has most of its values.
        let list = list.or_else(|| self.raw.message.split_once("the set {").map(|(_, l)| l));
        let allowed: Vec<&str> = list
            .unwrap_or_default()
            .split(", ")
            .map(|v| v.trim_matches('\''))
            .filter(|v| !v.is_empty())
            .collect();
        let near = if allowed.len() <= 6 {
            allowed
        } else {
            nearest_values(value, &allowed)
        };
        let fix = match near.as_slice() {
            [] => format!("See DDEX's list of values for `{}`.", self.element()),
            [one] => format!("Write `{one}`, if that is meant."),
            _ => format!("Allowed are, among others: {}.", quoted(&near)),
        };
        Said {
            message: format!(
                "“{}” is not among the values that {} may have.",
                short(value),
                self.carrier()
            ),
            fix: Some(fix),
            expected: (!near.is_empty()).then(|| near.join(" | ")),
            found: Some(short(value)),
        }
    }

    fn tail_of_facet(&self) -> &str {
        self.raw
            .message
            .split_once("] ")
            .map_or(self.raw.message.as_str(), |(_, tail)| tail)
    }

    fn pattern(&self) -> Said {
        let value =
            between(self.tail_of_facet(), "The value '", "' is not").unwrap_or(&self.raw.value);
        let shape = between(&self.raw.message, "by the pattern '", "'").unwrap_or_default();
        let element = self.element();
        let (expected, fix) = match shape {
            r"A[\d\-_a-zA-Z]+" => (
                "A1, A2, …",
                "References to resources begin with a capital A.",
            ),
            r"R[\d\-_a-zA-Z]+" => (
                "R0, R1, …",
                "References to releases begin with a capital R.",
            ),
            r"T[\d\-_a-zA-Z]+" => (
                "T1, T2, …",
                "References to technical details begin with a capital T.",
            ),
            _ if shape.starts_with("[0-9]{4}") => ("YYYY-MM-DD", "Write dates as 2026-04-01."),
            _ => (shape, "Compare the value with the guide's example."),
        };
        Said {
            message: format!(
                "“{}” has not the form that {} must have.",
                short(value),
                self.carrier()
            ),
            fix: Some(fix.to_owned()),
            expected: Some(expected.to_owned()).filter(|e| !e.is_empty()),
            found: Some(short(value)),
        }
        .or_empty(value, element)
    }

    fn wrong_kind(&self) -> Said {
        let tail = self.tail();
        let value = between(tail, "'", "' is not a valid").unwrap_or(&self.raw.value);
        let kind = between(tail, "type '", "'").map_or("", local);
        let (what, example) = match kind {
            "date" => ("a date", "2026-04-01"),
            "dateTime" => ("a date with time", "2026-03-23T10:00:00"),
            "duration" => ("a duration", "PT3M42S for 3 minutes 42 seconds"),
            "boolean" => ("true or false", "true, or false"),
            "integer" | "int" | "nonNegativeInteger" | "positiveInteger" => {
                ("a whole number", "24, without a unit")
            }
            "decimal" => ("a number", "24 or 44.1, without a unit"),
            "gYear" => ("a year of four digits", "2026"),
            "ddex_IsoDate" => ("a date", "2026-04-01"),
            _ => ("a value that the schema allows", ""),
        };
        let fix = if example.is_empty() {
            "Compare the value with the guide's example.".to_owned()
        } else {
            format!("Write it like this: {example}.")
        };
        Said {
            message: format!(
                "{} must be {what}, but is “{}”.",
                self.carrier(),
                short(value)
            ),
            fix: Some(fix),
            expected: Some(if example.is_empty() {
                kind.to_owned()
            } else {
                what.to_owned()
            }),
            found: Some(short(value)),
        }
        .or_empty(value, self.element())
    }

    fn unknown_attribute(&self) -> Said {
        let name = self.attribute().unwrap_or_default();
        let content = self.own_content();
        let names: Vec<&str> = content.attributes.iter().map(String::as_str).collect();
        let near = nearest(name, &names, 1);
        Said {
            message: format!("`<{}>` has no attribute `{}`.", self.element(), short(name)),
            fix: Some(match near.first() {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "Remove it.".to_owned(),
            }),
            expected: near.first().map(|n| (*n).to_owned()),
            found: Some(short(name)),
        }
    }

    fn missing_attribute(&self) -> Said {
        let name = between(&self.raw.message, "The attribute '", "'").unwrap_or_default();
        let example = match name {
            "MessageSchemaVersionId" => "ern/382",
            "UnitOfMeasure" => "Hz",
            "Namespace" => "DPID:PADPIDA…",
            _ => "…",
        };
        Said {
            message: format!("`<{}>` must have the attribute `{name}`.", self.element()),
            fix: Some(format!("Add {name}=\"{example}\" to it.")),
            expected: Some(name.to_owned()),
            found: Some("nothing".to_owned()),
        }
    }

    fn as_it_is(&self) -> Said {
        let message = self.tail();
        let cut: String = message.chars().take(200).collect();
        Said {
            message: format!(
                "The schema does not allow {} as it is: {cut}",
                self.carrier()
            ),
            ..Said::default()
        }
    }
}

/// As many names as libxml2 lists at most.
const MOST_LISTED: usize = 10;

impl Said {
    /// An empty value deserves plainer words.
    fn or_empty(mut self, value: &str, element: &str) -> Self {
        if value.trim().is_empty() {
            self.message = format!("`{element}` is empty.");
            self.found = Some("nothing".to_owned());
        }
        self
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// `{http://…}Name` or `ern:Name` → `Name`.
fn local(name: &str) -> &str {
    let name = name.rsplit_once('}').map_or(name, |(_, local)| local);
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn short(value: &str) -> String {
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

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    quoted.join(", ")
}

/// Names told where many are possible.
const MOST_NAMES: usize = 5;

/// The short form for `expected`.
fn listed(names: &[&str]) -> String {
    let mut list = names.get(..MOST_NAMES).unwrap_or(names).join(" | ");
    if names.len() > MOST_NAMES {
        list.push_str(" | …");
    }
    list
}

fn with_brackets(names: &[&str]) -> String {
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

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "Something".to_owned(),
        [one] => format!("`{one}`"),
        _ => format!("One of {}", quoted(names)),
    }
}
