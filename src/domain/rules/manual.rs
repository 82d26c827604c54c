//! The manual of the rules: how a rule is told to people, the same in README and on the command line.

use super::super::account::Profile;
use super::super::report::Severity;
use super::{Rule, catalogue};

impl Rule {
    /// The severities that its findings can have under a profile: the usual one, and the one of the
    /// cases that `why` names.
    pub fn severities(&self, profile: Profile) -> Vec<Severity> {
        let usual = self.weight.usual.under(profile);
        let other = self.weight.other.map(|other| other.under(profile));
        std::iter::once(usual)
            .chain(other.filter(|other| *other != usual))
            .collect()
    }

    /// The same in words: `error, warning`.
    pub fn severity_words(&self, profile: Profile) -> String {
        let words: Vec<&str> = self
            .severities(profile)
            .into_iter()
            .map(Severity::as_str)
            .collect();
        words.join(", ")
    }

    /// `META` of `META-014`.
    pub fn family(&self) -> &'static str {
        self.code.split('-').next().unwrap_or_default()
    }
}

/// The catalogue as a Markdown table, for the README.
pub fn table_markdown() -> String {
    let mut table = String::from(
        "| code | guide | strict | fault | what to do | source |\n|---|---|---|---|---|---|\n",
    );
    for rule in catalogue() {
        let cells = [
            rule.code.to_owned(),
            rule.severity_words(Profile::Guide),
            rule.severity_words(Profile::Strict),
            rule.title.to_owned(),
            rule.fix.to_owned(),
            rule.source.to_owned(),
        ];
        let row = cells.map(|cell| cell.replace('|', "\\|")).join(" | ");
        table.push_str("| ");
        table.push_str(&row);
        table.push_str(" |\n");
    }
    table
}
