//! `dropzone package restore`: puts back what was set aside.

use super::Context;
use super::exit::{Done, Failure};
use super::output::{find_package, shown};
use super::package::write_list;
use crate::config::Config;
use crate::daemon::usage::{self, SetAside};
use crate::domain::ids::LabelId;
use crate::domain::package::Package;
use crate::store::Store;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::ErrorKind;

/// A folder that lies where the label uploaded it again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Restored {
    /// The package that it was; it is taken again as a new one.
    pub package: String,
    /// User name of the label.
    pub label: String,
    /// The folder, as the label sees it.
    pub folder: String,
    /// It was set aside because it came twice, and will be again unless something in it changes.
    pub is_duplicate: bool,
}

/// Restores one package's folder, or lists what can be restored.
pub fn run(
    id: Option<&str>,
    config: &Config,
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let aside = usage::set_aside(&config.places());
    let Some(id) = id else {
        return list(&aside, store, context);
    };
    let package = find_package(store, id)?;
    let Some((label, one)) = aside.iter().find(|(_, one)| one.package == package.id) else {
        return Err(Failure::NotFound(format!(
            "nothing of {} lies in the quarantine; `dropzone package restore` lists what does",
            package.id
        )));
    };
    put_back(&package, label, one, config)?;
    let restored = Restored {
        package: package.id.to_string(),
        label: store
            .label_by_id(label)?
            .map_or_else(|| label.to_string(), |account| account.name),
        folder: format!("/incoming/{}", package.folder),
        is_duplicate: one.is_duplicate,
    };
    if context.json {
        context.write_json(&restored)?;
        return Ok(Done::Fine);
    }
    let folder = shown(&restored.folder);
    writeln!(
        context.out,
        "{folder} of {} is back. A running daemon takes it up within a minute, as a new package.",
        restored.label
    )?;
    if one.is_duplicate {
        writeln!(
            context.out,
            "It came twice: as long as nothing in it changes, it is set aside again."
        )?;
    }
    Ok(Done::Fine)
}

fn list(
    aside: &[(LabelId, SetAside)],
    store: &Store,
    context: &mut Context<'_>,
) -> Result<Done, Failure> {
    let mut packages = Vec::new();
    for (_, one) in aside {
        packages.extend(store.package(&one.package)?);
    }
    packages.reverse();
    write_list(&packages, store, context)
}

fn put_back(
    package: &Package,
    label: &LabelId,
    one: &SetAside,
    config: &Config,
) -> Result<(), Failure> {
    let folder = shown(&package.folder);
    let Err(error) = usage::restore(&config.places(), label, one, &package.folder) else {
        return Ok(());
    };
    let kind = error.kind();
    Err(if kind == ErrorKind::AlreadyExists {
        Failure::Refused(format!(
            "the label has uploaded {folder} again since; nothing was moved. Rename or remove that one first"
        ))
    } else if kind == ErrorKind::NotFound {
        Failure::NotFound(format!(
            "the quarantine of {} holds no folder {folder}",
            package.id
        ))
    } else {
        Failure::Failed(format!("{folder} could not be put back: {error}"))
    })
}
