//! What `dropzone config check` and the start of the daemon look at.

use crate::config::Config;
use crate::deliver;
use crate::inspect::schemas::{SchemaState, Schemas};
use crate::notify::Post;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What was noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// The daemon would not start, or would not do its work.
    pub problems: Vec<String>,
    /// Good to know.
    pub notes: Vec<String>,
}

/// Checks everything that can be checked without starting; `online` also connects to the DSPs.
pub fn check(config: &Config, online: bool) -> anyhow::Result<Remarks> {
    let mut remarks = Remarks::default();
    let places = config.places();
    data_directory(places.root(), &mut remarks);
    for weak in &config.sftp.legacy_algorithms {
        remarks.notes.push(format!(
            "sftp.legacy_algorithms offers {}: {}",
            weak.as_str(),
            weak.risk()
        ));
    }
    if !config.metrics.listen.is_empty()
        && !config
            .metrics
            .listen
            .parse::<SocketAddr>()
            .is_ok_and(|address| address.ip().is_loopback())
    {
        remarks.notes.push(format!(
            "metrics.listen {} may be reached from other machines, and asks for no login",
            config.metrics.listen
        ));
    }
    if let Err(error) = Post::new(&config.notify, &places.mail()) {
        remarks
            .problems
            .push(format!("e-mail: {}", super::words(&error)));
    }
    if config.notify.operator.is_empty() {
        remarks.notes.push("notify.operator is empty: nobody of yours is mailed when a package is parked or a push is given up".to_owned());
    }
    if Schemas::open(&places.schemas())
        .status()
        .iter()
        .all(|line| line.state != SchemaState::Installed)
    {
        remarks.notes.push("no official DDEX schema is installed: messages are not checked against the XSD (dropzone schemas install DIR)".to_owned());
    }
    match config.profiles() {
        Err(error) => remarks.problems.push(super::words(&error)),
        Ok(profiles) => {
            if profiles.is_empty() {
                remarks.notes.push(format!(
                    "no DSP profile in {}: approved packages go nowhere",
                    config.dsp_dir.display()
                ));
            }
            if online {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                for profile in profiles.iter().filter(|profile| profile.enabled) {
                    match runtime.block_on(deliver::probe(profile)) {
                        Ok(()) => remarks.notes.push(format!("{}: reached", profile.id)),
                        Err(fault) => remarks.problems.push(format!("{}: {fault}", profile.id)),
                    }
                }
            }
        }
    }
    Ok(remarks)
}

fn data_directory(root: &Path, remarks: &mut Remarks) {
    match std::fs::metadata(root) {
        Err(error) => remarks
            .problems
            .push(format!("data_dir {}: {error}", root.display())),
        Ok(meta) if !meta.is_dir() => remarks
            .problems
            .push(format!("data_dir {} is no directory", root.display())),
        Ok(meta) => {
            if meta.mode() & 0o022 != 0 {
                remarks.problems.push(format!(
                    "data_dir {} can be written by others: chmod 0700",
                    root.display()
                ));
            }
            let device = meta.dev();
            for below in ["labels", "spool"] {
                let path = root.join(below);
                if std::fs::metadata(&path).is_ok_and(|m| m.dev() != device) {
                    remarks.problems.push(format!(
                        "{} is on another file system than {}: taking a package in is a rename and needs one",
                        path.display(),
                        root.display()
                    ));
                }
            }
        }
    }
}
