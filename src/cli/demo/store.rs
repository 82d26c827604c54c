//! Plays the store: takes the batches that lie in its folder and answers each message, as a DSP does.

use super::files_below;
use crate::cli::exit::Failure;
use crate::domain::ern;
use crate::domain::limits::Limits;
use crate::domain::release::Message;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The demonstration's store.
pub(super) struct Store {
    home: PathBuf,
    taken: BTreeSet<PathBuf>,
}

impl Store {
    /// Makes its folders.
    pub(super) fn open(home: &Path) -> Result<Self, Failure> {
        for folder in ["in", "acknowledgements"] {
            fs::create_dir_all(home.join(folder))?;
        }
        Ok(Self {
            home: home.to_path_buf(),
            taken: BTreeSet::new(),
        })
    }

    /// Answers every batch that is new, and says what it read, one line a message.
    pub(super) fn answer(&mut self) -> Result<Vec<String>, Failure> {
        let mut said = Vec::new();
        for file in files_below(&self.home.join("in"))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let is_whole = name.starts_with("BatchComplete_") && !is_hidden(&file, &self.home);
            if is_whole && self.taken.insert(file.clone()) {
                self.take(&file, &mut said)?;
            }
        }
        Ok(said)
    }

    fn take(&self, manifest: &Path, said: &mut Vec<String>) -> Result<(), Failure> {
        let batch = manifest.parent().unwrap_or(&self.home);
        let read = ern::read_manifest("", &fs::read(manifest)?)
            .ok_or_else(|| Failure::Failed("the batch's manifest says nothing".to_owned()))?;
        for listed in read.messages {
            let url = listed.url.unwrap_or_default();
            let path = batch.join(&url);
            let reading = ern::read(&fs::read(&path)?, &Limits::default());
            let message = reading
                .message
                .ok_or_else(|| Failure::Failed(format!("{} cannot be read", path.display())))?;
            said.push(format!(
                "Demo Store read {}: {}; it answers FileOK",
                path.strip_prefix(&self.home).unwrap_or(&path).display(),
                described(&message)
            ));
            let icpn = listed.icpns.first().cloned().unwrap_or_default();
            self.put(&icpn, &listed.message_id.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Under a hidden name first, as a careful DSP does it.
    fn put(&self, icpn: &str, message_id: &str) -> Result<(), Failure> {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <c:FtpAcknowledgementMessage xmlns:c=\"http://ddex.net/xml/ern-c-sftp/16\" MessageVersionId=\"1.6\">\n\
             \x20 <MessageHeader/>\n\
             \x20 <AcknowledgedFile>\n\
             \x20   <ReleaseId><ICPN>{icpn}</ICPN></ReleaseId>\n\
             \x20   <MessageId>{message_id}</MessageId>\n\
             \x20   <URL>https://store.example/release/{icpn}</URL>\n\
             \x20 </AcknowledgedFile>\n\
             \x20 <FileStatus>FileOK</FileStatus>\n\
             </c:FtpAcknowledgementMessage>\n"
        );
        let folder = self.home.join("acknowledgements");
        let hidden = folder.join(".being-written");
        fs::write(&hidden, xml)?;
        let number = self.taken.len();
        fs::rename(hidden, folder.join(format!("ACK_{icpn}_{number}.xml")))?;
        Ok(())
    }
}

fn is_hidden(file: &Path, home: &Path) -> bool {
    let below = file.strip_prefix(home).unwrap_or(file);
    below
        .iter()
        .any(|part| part.to_string_lossy().starts_with('.'))
}

fn described(message: &Message) -> String {
    let title = message
        .main_release()
        .map_or("no release", |main| main.title());
    let files = message.files().count();
    let version = ern::version_by_number(&message.version).map_or("unknown ERN", |v| v.name);
    let deals = if message.deals.is_empty() {
        "no deal, so it comes off"
    } else {
        "on sale"
    };
    format!("{version}, “{title}”, {files} files, {deals}")
}
