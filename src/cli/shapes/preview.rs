//! What one DSP would get.

use super::super::overrides::EffectiveLine;
use crate::daemon::preview::Preview;
use crate::domain::facts::SchemaCheck;
use crate::domain::readiness::column_of;
use crate::domain::report::Finding;
use schemars::JsonSchema;
use serde::Serialize;

/// What one DSP would get of a package or a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewDetail {
    /// Name of the DSP's profile.
    pub dsp: String,
    /// The DSP's name for people.
    pub name: String,
    /// Version of the message: `ERN 4.3`, `ERN 3.8.2` or `label's own`.
    pub version: String,
    /// `new`, `update` or `takedown`.
    pub kind: String,
    /// It would go out as a test.
    pub is_test: bool,
    /// No finding of severity error: it would be sent.
    pub ready: bool,
    /// What holds for the release at the DSP, and where that comes from.
    pub effective: Vec<EffectiveLine>,
    /// Folder at the DSP, below its profile's directory. `BATCH` stands for the number of a batch.
    pub folder: String,
    /// Files, the message left out.
    pub files: Vec<PreviewFile>,
    /// Name of the message in the folder.
    pub message_name: String,
    /// The message, when it is ours, can be made, and was asked for (`--xml`). Identifiers of the
    /// message, and hashes and sizes that are only known when a file is changed, stand in it as
    /// `PREVIEW` and zeros.
    pub xml: Option<String>,
    /// Which schema check was run on the message.
    pub schema: SchemaCheck,
    /// Places where the message breaks the schema.
    pub schema_faults: Vec<PreviewFault>,
    /// All such places, also those that are not listed.
    pub schema_fault_count: u64,
    /// What is lost, why no message can be made, and what else the DSP's profile has to say: rules
    /// DSP-…, the gravest first. Lines are those of the label's message, for DSP-001 those of ours.
    pub findings: Vec<Finding>,
    /// The profile's own fault, when names cannot be made by it.
    pub fault: Option<String>,
}

/// A file as a DSP would get it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewFile {
    /// Its path in the package.
    pub source: String,
    /// Its name at the DSP.
    pub name: String,
    /// Its size there in bytes; nothing where that is only known when it is made.
    pub size_bytes: Option<u64>,
    /// What is changed, in a few words.
    pub change: Option<String>,
}

/// A place where a generated message breaks the schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviewFault {
    /// What is wrong.
    pub message: String,
    /// Line of the generated message, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: Option<u32>,
    /// Path of the element.
    pub path: String,
}

impl PreviewDetail {
    /// From a preview; with the message or without.
    pub fn new(preview: &Preview, with_xml: bool) -> Self {
        let (profile, seen) = (&preview.profile, &preview.seen);
        let xml = seen.xml.as_deref().unwrap_or_default();
        let schema = preview.schema.clone().unwrap_or_default();
        let files = seen.files.iter().map(|file| PreviewFile {
            source: file.source.clone(),
            name: file.name.clone(),
            size_bytes: file.size,
            change: file.change.clone(),
        });
        let faults = schema.faults.iter().map(|fault| PreviewFault {
            message: fault.message.clone(),
            line: fault.line,
            column: column_of(xml, fault.line),
            path: fault.path.clone(),
        });
        Self {
            dsp: profile.id.to_string(),
            name: profile.name.clone(),
            version: profile.version().to_owned(),
            kind: preview.kind.as_str().to_owned(),
            is_test: profile.message_options.test,
            ready: preview.is_ready(),
            effective: preview
                .effective
                .lines()
                .iter()
                .map(EffectiveLine::from)
                .collect(),
            folder: seen.folder.clone(),
            files: files.collect(),
            message_name: seen.message_name.clone(),
            xml: seen.xml.clone().filter(|_| with_xml),
            schema_faults: faults.collect(),
            schema_fault_count: schema.total as u64,
            schema: schema.check,
            findings: preview.findings.clone(),
            fault: seen.fault.clone(),
        }
    }
}
