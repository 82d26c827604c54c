//! Puts a report where the label already is: below `/reports/` on the SFTP server.

use crate::config::Config;
use crate::domain::account::Account;
use crate::domain::acknowledgement::{self, AckParty};
use crate::domain::package::Package;
use crate::domain::places::{Places, report_folder};
use crate::domain::report::{Report, html, text};
use anyhow::Context;
use jiff::Timestamp;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes `REPORT.txt`, `REPORT.html` and `report.json`. Doing it again gives the same files, so a
/// crash before the verdict is stored costs nothing.
pub fn write(places: &Places, package: &Package, report: &Report) -> anyhow::Result<()> {
    let folder = report_folder(&package.folder, package.attempt, &package.id);
    let home = places.reports(&package.label);
    let dir = home.join(folder);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let heading = html::Heading {
        label: package.label_name.clone(),
        attempt: package.attempt,
        package: package.id.clone(),
        received: package.received_at,
    };
    put(&dir, "REPORT.txt", text::render(report, false).as_bytes())?;
    put(
        &dir,
        "REPORT.html",
        html::render(report, Some(&heading)).as_bytes(),
    )?;
    put(&dir, "report.json", &serde_json::to_vec_pretty(report)?)?;
    sync(&dir)?;
    sync(&home)
}

/// Puts an acknowledgement for the label's machines into `/acknowledgements/`.
pub fn acknowledge(
    config: &Config,
    package: &Package,
    report: &Report,
    account: &Account,
    now: Timestamp,
) -> anyhow::Result<()> {
    let us = config.party.clone();
    let us = AckParty {
        dpid: us.dpid,
        name: if us.name.is_empty() {
            config.notify.service_name.clone()
        } else {
            us.name
        },
    };
    let label = AckParty {
        dpid: account.dpid.clone().unwrap_or_default(),
        name: account.name.clone(),
    };
    let dir = config.places().acknowledgements(&package.label);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let text = acknowledgement::write(package, report, &us, &label, now);
    put(&dir, &acknowledgement::file_name(package), text.as_bytes())?;
    sync(&dir)
}

/// Whole or not at all: a label that downloads while we write must not see half a report.
fn put(dir: &Path, name: &str, content: &[u8]) -> anyhow::Result<()> {
    let fresh = dir.join(format!(".{name}.new"));
    let target = dir.join(name);
    let mut file =
        File::create(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, &target).with_context(|| format!("cannot rename to {}", target.display()))
}

fn sync(dir: &Path) -> anyhow::Result<()> {
    File::open(dir)
        .and_then(|d| d.sync_all())
        .with_context(|| format!("cannot sync {}", dir.display()))
}
