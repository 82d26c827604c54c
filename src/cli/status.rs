//! `dropzone status`: where everything stands.

use super::Context;
use super::exit::{Done, Failure};
use super::shapes::StatusDetail;
use crate::daemon::lock;
use std::io::Write;

/// Runs it. Negative when no daemon runs.
pub fn run(context: &mut Context<'_>) -> Result<Done, Failure> {
    let config = context.config()?;
    let store = context.store(&config)?;
    let overview = store.overview()?;
    let holder = lock::holder(&config.places());
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
        free_bytes: lock::free_bytes(config.places().root()),
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
    let out = &mut context.out;
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
    writeln!(out, "labels    {}", detail.labels)?;
    writeln!(out, "packages  {}", sums(&detail.packages))?;
    writeln!(out, "pushes    {}", sums(&detail.pushes))?;
    writeln!(
        out,
        "e-mails   {} due, {} given up",
        detail.letters_due, detail.letters_dead
    )?;
    Ok(done)
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
