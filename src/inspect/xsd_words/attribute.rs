//! An attribute that is not known, or is missing.

use super::Speaker;
use super::phrases::{Said, between, local, same, short};
use crate::domain::repair::Edit;
use crate::inspect::xsd_likeness::nearest;

impl Speaker<'_> {
    pub(super) fn unknown_attribute(&self) -> Said {
        let name = self.attribute().unwrap_or_default();
        let content = self.own_content();
        let names: Vec<&str> = content.attributes.iter().map(String::as_str).collect();
        let near = nearest(name, &names, 1);
        // In other letters it is the same name.
        let path = match self.path.split_once("/@") {
            Some(_) => self.path.to_owned(),
            None => format!("{}/@{name}", self.path),
        };
        let edit = same(name, &names).map(|right| Edit::rename(&path, right));
        let said = Said::new(format!(
            "`<{}>` has no attribute `{}`.",
            self.element(),
            short(name)
        ))
        .found(short(name))
        .repair(edit);
        match near.first() {
            Some(near) => said.fix(format!("Did you mean `{near}`?")).expected(*near),
            None => said.fix("Remove it."),
        }
    }

    pub(super) fn missing_attribute(&self) -> Said {
        let name = between(&self.raw.message, "The attribute '", "'").map_or("", local);
        let example = match name {
            "MessageSchemaVersionId" => "ern/382",
            "UnitOfMeasure" => "Hz",
            "Namespace" => "DPID:PADPIDA…",
            "LanguageAndScriptCode" => "en",
            _ => "…",
        };
        // Messages of other versions are given no advice: here it is 3.8.2.
        let edit = (name == "MessageSchemaVersionId")
            .then(|| Edit::set(&format!("{}/@{name}", self.path), example));
        Said::new(format!(
            "`<{}>` must have the attribute `{name}`.",
            self.element()
        ))
        .fix(format!("Add {name}=\"{example}\" to it."))
        .expected(name)
        .found("nothing")
        .repair(edit)
    }
}
