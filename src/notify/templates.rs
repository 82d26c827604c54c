//! Templates of the letters: built in, and the operator's own beside them.
//!
//! A letter has three: `<letter>.subject.txt`, `<letter>.txt`, `<letter>.html`. Whatever goes wrong
//! with one of the operator's, now or while a letter is written, is logged and the built-in one is
//! used: a slip in a template must not cost a mail. The names that templates may use are the fields
//! of `letter::Letter`; a name that does not exist is an error, not silence.

use super::SetupError;
use super::letter::Letter;
use super::mime::{BuildError, Words};
use crate::domain::letter::LetterKind;
use crate::domain::visible::{columns, wrapped};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, UndefinedBehavior};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Columns of the text part. Some programs still break lines at 78, in the middle of a list.
const COLUMNS: usize = 76;

/// Every built-in template by its file name.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in![
    "layout.txt",
    "layout.html",
    "findings.txt",
    "findings.html",
    "release.txt",
    "release.html",
    "stalled.subject.txt",
    "stalled.txt",
    "stalled.html",
    "incoming.subject.txt",
    "incoming.txt",
    "incoming.html",
    "invalid.subject.txt",
    "invalid.txt",
    "invalid.html",
    "needs_qc.subject.txt",
    "needs_qc.txt",
    "needs_qc.html",
    "qc_approved.subject.txt",
    "qc_approved.txt",
    "qc_approved.html",
    "qc_rejected.subject.txt",
    "qc_rejected.txt",
    "qc_rejected.html",
    "delivered.subject.txt",
    "delivered.txt",
    "delivered.html",
    "parked.subject.txt",
    "parked.txt",
    "parked.html",
    "operator_parked.subject.txt",
    "operator_parked.txt",
    "operator_parked.html",
    "operator_push_failed.subject.txt",
    "operator_push_failed.txt",
    "operator_push_failed.html",
    "over_quota.subject.txt",
    "over_quota.txt",
    "over_quota.html",
    "abandoned.subject.txt",
    "abandoned.txt",
    "abandoned.html",
    "duplicate.subject.txt",
    "duplicate.txt",
    "duplicate.html",
    "taken_down.subject.txt",
    "taken_down.txt",
    "taken_down.html",
];

/// All templates, ready to be filled in.
pub(super) struct Templates {
    built_in: Environment<'static>,
    own: Option<Environment<'static>>,
}

impl Templates {
    /// Reads the operator's templates. Only a folder that cannot be read is an error.
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, SetupError> {
        let own = match folder {
            Some(folder) => own(folder).map_err(|source| SetupError::Templates {
                path: folder.to_owned(),
                source,
            })?,
            None => None,
        };
        Ok(Self {
            built_in: environment(),
            own,
        })
    }

    /// Fills in the three templates of a letter.
    pub(super) fn write(&self, kind: LetterKind, letter: &Letter) -> Result<Words, BuildError> {
        let values = Value::from(Serde(letter));
        let fill = |part: &str| self.fill(&format!("{}.{part}", kind.as_str()), &values);
        Ok(Words {
            subject: fill("subject.txt")?,
            text: fill("txt")?,
            html: fill("html")?,
        })
    }

    fn fill(&self, name: &str, values: &Value) -> Result<String, Error> {
        if let Some(own) = &self.own {
            match filled(own, name, values) {
                Ok(text) if !text.trim().is_empty() => return Ok(text),
                Ok(_) => tracing::warn!(
                    template = name,
                    "a mail template of yours came out empty; the built-in one is used"
                ),
                Err(error) => tracing::warn!(
                    template = name,
                    error = %error_line(&error),
                    "a mail template of yours failed; the built-in one is used"
                ),
            }
        }
        filled(&self.built_in, name, values)
    }
}

fn filled(environment: &Environment<'_>, name: &str, values: &Value) -> Result<String, Error> {
    environment.get_template(name)?.render(values)
}

/// The operator's templates over the built-in ones; `None` when the folder holds none.
fn own(folder: &Path) -> std::io::Result<Option<Environment<'static>>> {
    let known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let mut environment = environment();
    let mut any = false;
    let mut names: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    for name in names {
        let Some(name) = name.to_str().filter(|name| known.contains(name)) else {
            tracing::warn!(file = ?name, folder = %folder.display(), "not a mail template that we know; passed over");
            continue;
        };
        let added = fs::read_to_string(folder.join(name))
            .map_err(|error| error.to_string())
            .and_then(|text| {
                environment
                    .add_template_owned(name.to_owned(), text)
                    .map_err(|error| error_line(&error))
            });
        match added {
            Ok(()) => any = true,
            Err(error) => tracing::warn!(
                template = name,
                error,
                "a mail template of yours cannot be read; the built-in one is used"
            ),
        }
    }
    Ok(any.then_some(environment))
}

fn error_line(error: &Error) -> String {
    format!("{error:#}").replace('\n', " ")
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment.add_filter("folded", folded);
    environment.add_filter("quoted", quoted);
    for (name, source) in BUILT_IN {
        // A built-in template that does not compile is met by the tests; in the field the letter
        // would fall back to plain text.
        if let Err(error) = environment.add_template(name, source) {
            tracing::error!(template = name, error = %error_line(&error), "built-in template");
        }
    }
    environment
}

/// Filter `folded(indent)`: breaks lines so that they fit when the first one starts at column
/// `indent` and the others are indented by as much.
fn folded(text: &str, indent: usize) -> String {
    let spaces = " ".repeat(indent);
    wrapped(text, COLUMNS.saturating_sub(indent))
        .join(&format!("\n{spaces}"))
        .replace(&format!("\n{spaces}\n"), "\n\n")
}

/// Filter `quoted(lead)`: breaks lines and begins each of them with `lead`, the first one too.
fn quoted(text: &str, lead: &str) -> String {
    wrapped(text, COLUMNS.saturating_sub(columns(lead)))
        .iter()
        .map(|line| format!("{lead}{line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_its_three_templates_and_they_compile() {
        let environment = environment();
        for kind in LetterKind::ALL {
            for part in ["subject.txt", "txt", "html"] {
                let name = format!("{}.{part}", kind.as_str());
                assert!(environment.get_template(&name).is_ok(), "{name}");
            }
        }
        assert_eq!(BUILT_IN.len(), 6 + 3 * LetterKind::ALL.len());
    }

    #[test]
    fn folded_lines_stand_under_one_another() {
        let text = "word ".repeat(20);
        let folded = folded(&text, 10);
        let lines: Vec<&str> = folded.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].len() <= 66 && lines[1].starts_with("          word"));
    }
}
