//! `dropzone label quota`: how much of a label may lie at the door, and how much does.

use super::Context;
use super::exit::{Done, Failure};
use super::label::find;
use super::output::shown;
use super::who;
use crate::daemon::{clock, usage};
use crate::domain::quota::{OwnQuota, Quota, Usage, parse_size, size};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::Write;

/// What to agree on; nothing shows what holds.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// User name
    name: String,
    /// Most bytes in /incoming that were not taken yet: 50GB, 1.5TB, 512MiB
    #[arg(long, value_name = "SIZE")]
    bytes: Option<String>,
    /// Most files
    #[arg(long, value_name = "N")]
    files: Option<u64>,
    /// Most folders
    #[arg(long, value_name = "N")]
    folders: Option<u64>,
    /// Most parts of a path below /incoming, the file's name included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    depth: Option<u32>,
    /// Back to what holds for all labels; what is named beside it is agreed anew
    #[arg(long)]
    reset: bool,
}

/// A label's upload space.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuotaDetail {
    /// User name of the label.
    pub label: String,
    /// What holds for it.
    pub quota: QuotaNumbers,
    /// Which of these are agreed with the label; the others hold for all: `bytes`, `files`,
    /// `folders`, `depth`.
    pub agreed: Vec<String>,
    /// What lies in its `/incoming` and was not taken yet; nothing when it cannot be read.
    pub used: Option<UsedNumbers>,
}

/// A quota.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuotaNumbers {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Most parts of a path below `/incoming`, the file's name included.
    pub depth: u32,
}

/// What is used of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsedNumbers {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
}

/// Runs it.
pub fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    let account = find(&store, &arguments.name)?;
    let before = store.quota_of(&account.id)?;
    let own = changed(arguments, before)?;
    if own != before {
        store.set_quota(&account.id, own, &who::am_i(), clock::now())?;
    }
    let used = usage::of_label(&config.places(), &account.id).ok();
    let detail = QuotaDetail::new(&account.name, config.sftp.quota.with(&own), own, used);
    if context.json {
        context.write_json(&detail)?;
    } else {
        write(&detail, &config.sftp.quota, context.out)?;
    }
    Ok(Done::Fine)
}

/// What is agreed after this command.
fn changed(arguments: &Arguments, before: OwnQuota) -> Result<OwnQuota, Failure> {
    let base = if arguments.reset {
        OwnQuota::default()
    } else {
        before
    };
    let bytes = arguments
        .bytes
        .as_deref()
        .map(|text| {
            parse_size(text).ok_or_else(|| {
                Failure::Usage(format!(
                    "{} is no size: write it as 50GB, 1.5TB or 512MiB",
                    shown(text)
                ))
            })
        })
        .transpose()?;
    Ok(OwnQuota {
        bytes: bytes.or(base.bytes),
        files: arguments.files.or(base.files),
        folders: arguments.folders.or(base.folders),
        depth: arguments.depth.or(base.depth),
    })
}

impl QuotaDetail {
    fn new(label: &str, quota: Quota, own: OwnQuota, used: Option<Usage>) -> Self {
        let agreed = [
            ("bytes", own.bytes.is_some()),
            ("files", own.files.is_some()),
            ("folders", own.folders.is_some()),
            ("depth", own.depth.is_some()),
        ];
        Self {
            label: label.to_owned(),
            quota: QuotaNumbers {
                bytes: quota.bytes,
                files: quota.files,
                folders: quota.folders,
                depth: quota.depth,
            },
            agreed: agreed
                .into_iter()
                .filter(|(_, agreed)| *agreed)
                .map(|(name, _)| name.to_owned())
                .collect(),
            used: used.map(|used| UsedNumbers {
                bytes: used.bytes,
                files: used.files,
                folders: used.folders,
            }),
        }
    }

    /// `(agreed; for all: 100 GB)`, where something else is agreed.
    fn remark(&self, name: &str, usual: &str) -> String {
        if self.agreed.iter().any(|agreed| agreed == name) {
            format!("   (agreed; for all: {usual})")
        } else {
            String::new()
        }
    }
}

fn write(detail: &QuotaDetail, usual: &Quota, out: &mut dyn Write) -> Result<(), Failure> {
    let quota = &detail.quota;
    let of = |part: Option<String>, whole: String| match part {
        Some(part) => format!("{part} of {whole}"),
        None => format!("? of {whole}"),
    };
    let used = detail.used.as_ref();
    writeln!(out, "label     {}", detail.label)?;
    writeln!(
        out,
        "bytes     {}{}",
        of(used.map(|used| size(used.bytes)), size(quota.bytes)),
        detail.remark("bytes", &size(usual.bytes))
    )?;
    writeln!(
        out,
        "files     {}{}",
        of(
            used.map(|used| used.files.to_string()),
            quota.files.to_string()
        ),
        detail.remark("files", &usual.files.to_string())
    )?;
    writeln!(
        out,
        "folders   {}{}",
        of(
            used.map(|used| used.folders.to_string()),
            quota.folders.to_string()
        ),
        detail.remark("folders", &usual.folders.to_string())
    )?;
    writeln!(
        out,
        "depth     {}{}",
        quota.depth,
        detail.remark("depth", &usual.depth.to_string())
    )?;
    writeln!(
        out,
        "What counts lies in /incoming and was not taken yet. A change holds within seconds."
    )?;
    Ok(())
}
