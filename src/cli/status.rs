//! `dropzone status`: where everything stands.

use super::Context;
use super::exit::{Done, Failure};
use super::output::rfc3339;
use super::penalty;
use super::shapes::{FullLine, PenaltyLine, StatusDetail};
use crate::daemon::{clock, lock, usage};
use crate::domain::quota::size;
use crate::store::{Store, TOLD_EVERY};
use std::io::Write;

/// Sources kept out that are named one by one.
const SHOWN_PENALTIES: usize = 5;

/// Runs it. Negative when no daemon runs.
pub fn run(context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    let overview = store.overview()?;
    let holder = lock::holder(&config.places());
    let aside = usage::set_aside(&config.places());
    let duplicates = aside.iter().filter(|(_, one)| one.is_duplicate).count();
    let detail = StatusDetail {
        running: holder.is_some(),
        pid: holder.flatten(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: config.data_dir.display().to_string(),
        labels: store
            .labels()?
            .iter()
            .filter(|label| !label.disabled)
            .count() as u64,
        packages: overview
            .packages
            .iter()
            .map(|(status, n)| (status.as_str().to_owned(), *n))
            .collect(),
        pushes: overview
            .pushes
            .iter()
            .map(|(state, n)| (state.as_str().to_owned(), *n))
            .collect(),
        letters_due: overview.letters_due,
        letters_dead: overview.letters_dead,
        penalties: penalty::owed(&store)?
            .iter()
            .map(PenaltyLine::from)
            .collect(),
        free_bytes: lock::free_bytes(config.places().root()),
        free_floor_bytes: config
            .sftp
            .free_bytes
            .max(lock::all_bytes(config.places().root()) / 100 * config.sftp.free_percent.min(100)),
        full: full(&store)?,
        abandoned: (aside.len() - duplicates) as u64,
        duplicates: duplicates as u64,
    };
    let done = if detail.running {
        Done::Fine
    } else {
        Done::Negative
    };
    if context.json {
        context.write_json(&detail)?;
        return Ok(done);
    }
    write(&detail, context.out)?;
    Ok(done)
}

fn write(detail: &StatusDetail, out: &mut dyn Write) -> Result<(), Failure> {
    match (detail.running, detail.pid) {
        (true, Some(pid)) => writeln!(out, "running   pid {pid}, version {}", detail.version)?,
        (true, None) => writeln!(out, "running   version {}", detail.version)?,
        (false, _) => writeln!(
            out,
            "stopped   nothing is taken in; uploads are refused (dropzone serve)"
        )?,
    }
    writeln!(
        out,
        "data      {} ({} free)",
        detail.data_dir,
        match detail.free_bytes >> 30 {
            // The last gigabyte is the one that matters.
            0 => format!("{} MiB", detail.free_bytes >> 20),
            gibibytes => format!("{gibibytes} GiB"),
        }
    )?;
    if detail.free_bytes <= detail.free_floor_bytes {
        writeln!(
            out,
            "          uploads are refused: {} have to stay free (sftp.free_bytes, sftp.free_percent)",
            size(detail.free_floor_bytes)
        )?;
    }
    writeln!(out, "labels    {}", detail.labels)?;
    for line in &detail.full {
        writeln!(
            out,
            "          the upload space of {} was full at {} (dropzone label quota {})",
            line.label, line.at, line.label
        )?;
    }
    writeln!(out, "packages  {}", sums(&detail.packages))?;
    if detail.abandoned + detail.duplicates > 0 {
        writeln!(
            out,
            "          set aside: {} abandoned, {} duplicate ({}/labels/*/quarantine)",
            detail.abandoned, detail.duplicates, detail.data_dir
        )?;
    }
    writeln!(out, "pushes    {}", sums(&detail.pushes))?;
    writeln!(
        out,
        "e-mails   {} due, {} given up",
        detail.letters_due, detail.letters_dead
    )?;
    if detail.letters_dead > 0 {
        writeln!(
            out,
            "          dropzone mail list --state dead says why; dropzone mail retry --all sends them once that is mended"
        )?;
    }
    write_penalties(detail, out)
}

/// Labels whose space was full within the time in which they are told once.
fn full(store: &Store) -> Result<Vec<FullLine>, Failure> {
    let now = clock::now();
    let since = now.checked_sub(TOLD_EVERY).unwrap_or(now);
    Ok(store
        .full_spaces(since)?
        .into_iter()
        .map(|full| FullLine {
            label: full.label,
            at: rfc3339(full.at),
        })
        .collect())
}

fn write_penalties(detail: &StatusDetail, out: &mut dyn Write) -> Result<(), Failure> {
    let kept_out: Vec<&PenaltyLine> = detail.penalties.iter().filter(|p| p.enforced).collect();
    for line in kept_out.iter().take(SHOWN_PENALTIES) {
        writeln!(
            out,
            "kept out  {} until {}, {} failed logins (dropzone penalty forgive {})",
            line.source, line.until, line.failures, line.source
        )?;
    }
    if let Some(more) = kept_out
        .len()
        .checked_sub(SHOWN_PENALTIES)
        .filter(|n| *n > 0)
    {
        writeln!(out, "          and {more} more (dropzone penalty list)")?;
    }
    Ok(())
}

fn sums(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}
