//! The forms of a report that commands write.

use super::Context;
use super::exit::Failure;
use crate::domain::report::{Report, html, text};
use crate::domain::sarif;
use std::path::Path;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For programs; described by schemas/report.schema.json.
    Json,
    /// One self-contained web page.
    Html,
    /// SARIF 2.1.0, for CI.
    Sarif,
}

impl Format {
    /// The form that was asked for; `--json` asks for one too.
    pub fn chosen(asked: Option<Self>, context: &Context<'_>) -> Self {
        asked.unwrap_or(if context.json { Self::Json } else { Self::Text })
    }
}

/// Writes the report in that form, ending in a line feed. `root` is the release folder, where it is
/// at hand.
pub fn render(
    report: &Report,
    format: Format,
    heading: Option<&html::Heading>,
    root: Option<&Path>,
    colour: bool,
) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => text::render(report, colour),
        Format::Json => {
            let json = serde_json::to_string_pretty(report);
            format!("{}\n", json.map_err(|e| Failure::Failed(e.to_string()))?)
        }
        Format::Html => html::render(report, heading),
        Format::Sarif => {
            let root = root.and_then(Path::to_str);
            sarif::render(report, root).map_err(|e| Failure::Failed(e.to_string()))?
        }
    })
}
