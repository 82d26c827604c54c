//! What a schema allows inside an element, read from the schema's own text: names, order, what is
//! required.
//!
//! libxml2 says what it expected next and no more than ten names of it. To say "`A` must come
//! before `B`" or "did you mean `ICPN`" one has to know the whole list. Only what ERN's schemas and
//! ours use is read: named and anonymous complex types, sequences, choices, extensions. No
//! judgement is made here; libxml2 judges.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;

/// One element that may stand inside another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Child {
    /// Its name.
    pub(super) name: String,
    /// Its type, a key of the model; empty for a simple one.
    kind: String,
    /// Its place in the order; alternatives share one.
    pub(super) place: usize,
    /// It may not be left out.
    pub(super) is_required: bool,
    /// It, or another at its place, may not be left out.
    pub(super) is_alternative: bool,
    /// It may be repeated.
    pub(super) is_many: bool,
}

/// What may stand inside an element.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// Elements in their order.
    pub(super) children: Vec<Child>,
    /// Attributes.
    pub(super) attributes: Vec<String>,
    base: Option<String>,
}

/// A schema's elements and types.
#[derive(Debug, Default)]
pub(super) struct Model {
    roots: HashMap<String, String>,
    types: HashMap<String, Content>,
}

impl Content {
    /// The declarations of a name; a tolerant schema may have it in two places.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Child> {
        self.children.iter().filter(move |c| c.name == name)
    }
}

impl Model {
    /// Reads a schema; what it does not understand it leaves out.
    pub(super) fn read(schema: &str) -> Self {
        let mut builder = Builder::default();
        let mut reader = Reader::from_str(schema);
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => builder.open(&tag),
                Ok(Event::Empty(tag)) => {
                    builder.open(&tag);
                    builder.close();
                }
                Ok(Event::End(_)) => builder.close(),
                Ok(Event::Eof) | Err(_) => return builder.model,
                Ok(_) => {}
            }
        }
    }

    /// What may stand inside the element with these ancestors, itself the last of them.
    pub(super) fn content(&self, ancestry: &[String]) -> Option<Content> {
        let (root, below) = ancestry.split_first()?;
        let mut kind = self.roots.get(root)?;
        for name in below {
            let content = self.types.get(kind)?;
            kind = &content.named(name).next()?.kind;
        }
        let own = self.types.get(kind)?;
        let Some(base) = own.base.as_ref().and_then(|b| self.types.get(b)) else {
            return Some(own.clone());
        };
        let mut all = base.clone();
        let offset = all.children.iter().map(|c| c.place + 1).max().unwrap_or(0);
        all.children.extend(own.children.iter().map(|c| Child {
            place: c.place + offset,
            ..c.clone()
        }));
        all.attributes.extend(own.attributes.iter().cloned());
        Some(all)
    }
}

/// What an open tag of the schema means for the ones inside it.
#[derive(Clone, Debug, Default)]
struct Level {
    /// The complex type that collects children here.
    kind: Option<String>,
    /// The place that alternatives of an open choice share.
    choice_place: Option<usize>,
    /// That choice may not be left out.
    is_choice_required: bool,
    is_optional: bool,
    is_many: bool,
    /// An element whose type may follow as an anonymous complex type: its owner, or a root.
    element: Option<(Option<String>, String)>,
}

#[derive(Default)]
struct Builder {
    model: Model,
    levels: Vec<Level>,
    target_prefix: String,
    anonymous: usize,
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok().flatten()?;
    Some(found.value.to_string())
}

impl Builder {
    fn open(&mut self, tag: &BytesStart<'_>) {
        let outer = self.levels.last().cloned().unwrap_or_default();
        let repeats = attribute(tag, "maxOccurs").is_some_and(|most| most != "1");
        let is_absent = attribute(tag, "minOccurs").as_deref() == Some("0");
        let mut level = Level {
            element: None,
            ..outer.clone()
        };
        match tag.local_name().into_inner() {
            "schema" => self.target_prefix = target_prefix(tag),
            "complexType" => self.open_type(tag, &outer, &mut level),
            "element" => self.open_element(tag, &outer, &mut level),
            "sequence" => {
                level.is_optional |= is_absent;
                level.is_many |= repeats;
            }
            "choice" => {
                // Inside a choice nothing is required by itself.
                level.is_choice_required = match outer.choice_place {
                    Some(_) => outer.is_choice_required && !is_absent,
                    None => !outer.is_optional && !is_absent,
                };
                level.is_optional = true;
                level.is_many |= repeats;
                level.choice_place = outer.choice_place.or_else(|| Some(self.next_place(&outer)));
            }
            "extension" => {
                let base = attribute(tag, "base").and_then(|b| self.own_type(&b));
                if let Some(content) = self.content_of(&outer) {
                    content.base = base;
                }
            }
            "attribute" => {
                if let (Some(name), Some(content)) =
                    (attribute(tag, "name"), self.content_of(&outer))
                {
                    content.attributes.push(name);
                }
            }
            _ => {}
        }
        self.levels.push(level);
    }

    fn close(&mut self) {
        self.levels.pop();
    }

    fn open_type(&mut self, tag: &BytesStart<'_>, outer: &Level, level: &mut Level) {
        let name = attribute(tag, "name").unwrap_or_else(|| {
            self.anonymous += 1;
            format!("#{}", self.anonymous)
        });
        self.model.types.entry(name.clone()).or_default();
        if let Some((owner, element)) = &outer.element {
            self.set_type(owner.as_deref(), element, &name);
        }
        *level = Level {
            kind: Some(name),
            ..Level::default()
        };
    }

    fn open_element(&mut self, tag: &BytesStart<'_>, outer: &Level, level: &mut Level) {
        let Some(name) = attribute(tag, "name") else {
            return;
        };
        let kind = attribute(tag, "type")
            .and_then(|t| self.own_type(&t))
            .unwrap_or_default();
        level.element = Some((outer.kind.clone(), name.clone()));
        let place = outer.choice_place.unwrap_or_else(|| self.next_place(outer));
        let is_absent = attribute(tag, "minOccurs").as_deref() == Some("0");
        let repeats = attribute(tag, "maxOccurs").is_some_and(|most| most != "1");
        match self.content_of(outer) {
            Some(content) => content.children.push(Child {
                name,
                kind,
                place,
                is_required: !is_absent && !outer.is_optional,
                is_alternative: !is_absent && outer.is_choice_required,
                is_many: repeats || outer.is_many,
            }),
            None => {
                self.model.roots.insert(name, kind);
            }
        }
    }

    fn set_type(&mut self, owner: Option<&str>, element: &str, kind: &str) {
        let Some(owner) = owner else {
            self.model.roots.insert(element.to_owned(), kind.to_owned());
            return;
        };
        let content = self.model.types.get_mut(owner);
        let child = content.and_then(|c| c.children.iter_mut().rev().find(|c| c.name == element));
        if let Some(child) = child {
            kind.clone_into(&mut child.kind);
        }
    }

    fn content_of(&mut self, level: &Level) -> Option<&mut Content> {
        self.model.types.get_mut(level.kind.as_ref()?)
    }

    fn next_place(&self, level: &Level) -> usize {
        let kind = level.kind.as_ref().and_then(|k| self.model.types.get(k));
        kind.map_or(0, |content| {
            content
                .children
                .iter()
                .map(|c| c.place + 1)
                .max()
                .unwrap_or(0)
        })
    }

    /// The local name of a type of this schema; `None` for types of others, which are simple.
    fn own_type(&self, qualified: &str) -> Option<String> {
        let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
        (prefix == self.target_prefix).then(|| name.to_owned())
    }
}

fn target_prefix(schema: &BytesStart<'_>) -> String {
    let target = attribute(schema, "targetNamespace").unwrap_or_default();
    let mut declarations = schema.attributes().flatten().filter_map(|a| {
        let prefix = a.key.into_inner().strip_prefix("xmlns:")?;
        (a.value == target.as_str()).then(|| prefix.to_owned())
    });
    declarations.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Model;

    const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:e="urn:e" targetNamespace="urn:e">
      <xs:element name="Root"><xs:complexType><xs:sequence>
        <xs:element name="Head" type="e:Head"/>
        <xs:element name="Body" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
          <xs:element name="Line" type="xs:string"/>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence><xs:attribute name="Version"/></xs:complexType></xs:element>
      <xs:complexType name="Base"><xs:sequence><xs:element name="Id" type="xs:string"/></xs:sequence></xs:complexType>
      <xs:complexType name="Head"><xs:complexContent><xs:extension base="e:Base"><xs:sequence>
        <xs:choice><xs:element name="A" type="xs:string"/><xs:element name="B" type="xs:string"/></xs:choice>
        <xs:element name="Date" type="xs:date"/>
      </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
    </xs:schema>"#;

    fn content(ancestry: &[&str]) -> Vec<(String, usize, bool, bool)> {
        let ancestry: Vec<String> = ancestry.iter().map(|s| (*s).to_owned()).collect();
        let content = Model::read(SCHEMA).content(&ancestry).unwrap_or_default();
        let children = content.children.into_iter();
        children
            .map(|c| (c.name, c.place, c.is_required, c.is_many))
            .collect()
    }

    #[test]
    fn order_alternatives_and_types_are_read() {
        let row = |name: &str, place, required, many| (name.to_owned(), place, required, many);
        assert_eq!(
            content(&["Root"]),
            [row("Head", 0, true, false), row("Body", 1, false, true)]
        );
        assert_eq!(content(&["Root", "Body"]), [row("Line", 0, true, false)]);
        assert_eq!(
            content(&["Root", "Head"]),
            [
                row("Id", 0, true, false),
                row("A", 1, false, false),
                row("B", 1, false, false),
                row("Date", 2, true, false),
            ]
        );
        assert_eq!(content(&["Root", "Nothing"]), []);
    }
}
