//! The report in SARIF 2.1.0, the form in which CI systems and code reviews take findings.
//!
//! A finding is a result; a rule of the catalogue that has results is described with its manual. The
//! fingerprint leaves out lines, so that a finding stays the same when the message is edited above it.

use super::report::{Finding, Report, Severity};
use super::rules::{self, Rule};
use super::visible::escaped;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Address of the schema, as files name it.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Name of the release folder among the bases of addresses.
const BASE: &str = "RELEASE";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Location>,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    rules: Vec<Described>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Level,
    properties: Source,
}

#[derive(Serialize)]
struct Source {
    source: &'static str,
    tags: [&'static str; 1],
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Place<'a>; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrence_count: Option<u32>,
    properties: Details<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Location,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    fully_qualified_name: &'a str,
    kind: &'static str,
}

/// What SARIF has no word for.
#[derive(Serialize)]
struct Details<'a> {
    severity: Severity,
    fix: &'a str,
    fixable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isrc: Option<&'a str>,
}

/// Writes the log, ending in a line feed. `root` is the release folder's absolute path, where
/// there is one: results name files relative to it.
pub fn render(report: &Report, root: Option<&str>) -> Result<String, serde_json::Error> {
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run(report, root)],
    };
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

fn run<'a>(report: &'a Report, root: Option<&str>) -> Run<'a> {
    let mut indices: HashMap<&str, usize> = HashMap::new();
    let mut described = Vec::new();
    for finding in &report.findings {
        if indices.contains_key(finding.code.as_str()) {
            continue;
        }
        if let Some(rule) = rules::rule(&finding.code) {
            indices.insert(&finding.code, described.len());
            described.push(describe(rule, report));
        }
    }
    let mut seen: HashMap<String, u32> = HashMap::new();
    let results = report
        .findings
        .iter()
        .map(|finding| {
            outcome(
                finding,
                indices.get(finding.code.as_str()).copied(),
                &mut seen,
            )
        })
        .collect();
    let base = Location {
        uri: root.map(|root| format!("file://{}/", encoded(root))),
        uri_base_id: None,
        description: Some(plain("The release folder.")),
    };
    Run {
        tool: Tool {
            driver: Driver {
                name: "dropzone",
                version: &report.dropzone_version,
                rules: described,
            },
        },
        invocations: [Invocation {
            execution_successful: true,
            tool_execution_notifications: notifications(report),
        }],
        original_uri_base_ids: BTreeMap::from([(BASE, base)]),
        column_kind: "unicodeCodePoints",
        results,
    }
}

fn describe(rule: &'static Rule, report: &Report) -> Described {
    let help = |strong: &str| {
        format!(
            "{strong}Why:{strong} {}\n\n{strong}What to do:{strong} {}\n\n{strong}Source:{strong} {}",
            message_text(rule.why),
            message_text(rule.fix),
            message_text(rule.source)
        )
    };
    Described {
        id: rule.code,
        short_description: plain(rule.title),
        full_description: plain(if rule.why.is_empty() {
            rule.title
        } else {
            rule.why
        }),
        help: Message {
            text: help(""),
            markdown: Some(help("**")),
        },
        default_configuration: Level {
            level: level(rule.weight.usual.under(report.profile)),
        },
        properties: Source {
            source: rule.source,
            tags: [rule.family()],
        },
    }
}

/// What was not looked at, and what was left out.
fn notifications(report: &Report) -> Vec<Notification> {
    let muted = Some(super::report::view::muted(report)).filter(|text| !text.is_empty());
    super::report::view::not_run(report)
        .into_iter()
        .chain(muted)
        .map(|text| Notification {
            level: "note",
            message: plain(&text),
        })
        .collect()
}

fn outcome<'a>(
    finding: &'a Finding,
    rule_index: Option<usize>,
    seen: &mut HashMap<String, u32>,
) -> Outcome<'a> {
    let text = if finding.message.trim().is_empty() {
        &finding.title
    } else {
        &finding.message
    };
    let print = fingerprint(finding);
    let times = seen.entry(print.clone()).or_default();
    *times += 1;
    Outcome {
        rule_id: &finding.code,
        rule_index,
        level: level(finding.severity),
        message: plain(text),
        locations: [place(finding)],
        partial_fingerprints: BTreeMap::from([("dropzoneFinding/v1", format!("{print}:{times}"))]),
        occurrence_count: finding.more,
        properties: Details {
            severity: finding.severity,
            fix: &finding.fix,
            fixable: finding.fixable,
            expected: finding.expected.as_deref(),
            found: finding.found.as_deref(),
            track: finding.track,
            isrc: finding.isrc.as_deref(),
        },
    }
}

fn place(finding: &Finding) -> Place<'_> {
    let uri = match finding.file.as_deref() {
        Some(file) if !file.is_empty() => encoded(file),
        // What is about the release as a whole is shown at its folder.
        _ => "./".to_owned(),
    };
    // A finding about a sound file may have its line in the message; the file itself has none.
    let has_lines = uri
        .rsplit('.')
        .next()
        .is_some_and(|end| end.eq_ignore_ascii_case("xml"));
    let region = finding
        .line
        .filter(|line| *line > 0 && has_lines)
        .map(|start_line| Region {
            start_line,
            start_column: finding.column.filter(|column| *column > 0),
        });
    let path = finding.path.as_deref().map(|path| Logical {
        name: None,
        fully_qualified_name: path,
        kind: "element",
    });
    let track = finding.isrc.as_deref().map(|isrc| Logical {
        name: finding.track.map(|track| format!("track {track}")),
        fully_qualified_name: isrc,
        kind: "resource",
    });
    Place {
        physical_location: Physical {
            artifact_location: Location {
                uri: Some(uri),
                uri_base_id: Some(BASE),
                description: None,
            },
            region,
        },
        logical_locations: path.into_iter().chain(track).collect(),
    }
}

/// SARIF knows no questions; a person has to look at them as at a warning.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Question | Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Rule, place and value, without the line.
fn fingerprint(finding: &Finding) -> String {
    let problem = finding.problem();
    let track = problem.track.map(|track| track.to_string());
    let parts = [
        problem.file,
        problem.path,
        track,
        problem.isrc,
        problem.found,
    ];
    let mut hash = Sha256::new_with_prefix(problem.code);
    for part in parts {
        hash.update([0]);
        hash.update(part.unwrap_or_default());
    }
    let mut print = hex::encode(hash.finalize());
    print.truncate(32);
    print
}

fn plain(text: &str) -> Message {
    Message {
        text: message_text(text),
        markdown: None,
    }
}

/// Text in a message: braces would be placeholders, and `[x](y)` a link (SARIF 3.11.5 and 3.11.6);
/// a name in a label's message must be neither.
fn message_text(text: &str) -> String {
    let safe = escaped(text);
    if !safe.contains(['{', '}', '[', ']']) {
        return safe;
    }
    safe.replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "] (")
}

/// A path as a relative reference: everything but unreserved characters and `/` percent-encoded.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            write!(uri, "%{byte:02X}").ok();
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_neither_links_nor_placeholders() {
        assert_eq!(message_text("a [b](c) {0}"), "a [b] (c) {{0}}");
        assert_eq!(message_text("x\u{1b}[31m"), "x\\u{{1b}}[31m");
        assert_eq!(
            encoded("resources/01 Ä#?.wav"),
            "resources/01%20%C3%84%23%3F.wav"
        );
    }
}
