//! The one way in which a package goes to a DSP, for every transport:
//!
//! ```text
//! look at the final name ── there ──▶ exactly ours? ── no ──▶ name_taken
//!        │ not there                        │ yes
//!        ▼                                  │
//! take over what an earlier attempt left    │
//! upload below .in-<push>-<attempt>/        │
//! verify all of it                          │
//! rename the folder to its final name       │
//!        └──────────────┬───────────────────┘
//!                       ▼
//!                 marker(s), last
//! ```
//!
//! Each step looks before it acts, so the whole may be repeated from anywhere. While a file is
//! under way it is called `<name>.part`; a name without that ending in a hidden folder is the
//! promise that the file was whole and verified, whatever order the server wrote its parts in.

use super::names;
use super::remote::{self, Content, Kind, Remote, Seen};
use super::source::SPOOL_DAMAGED;
use super::trip::Trip;
use crate::domain::dsp::DspProfile;
use crate::domain::fault::Fault;
use crate::domain::push::{Attempt, Cargo, Plan};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Ending of a file that is being written or was broken off.
const UNDER_WAY: &str = ".part";

/// Earlier attempts whose hidden folders are looked for one by one. After more of them the DSP's
/// directory is listed, which may be long.
const ATTEMPTS_BACK: u32 = 20;

/// Sends `plan`. Idempotent; see the module.
pub(super) async fn run(
    profile: &DspProfile,
    remote: &Remote,
    attempt: &Attempt,
    plan: &Plan,
    trip: &Trip,
    location: &str,
) -> Result<(), Fault> {
    let pass = Pass {
        profile,
        remote,
        attempt,
        plan,
    };
    match remote.look(&plan.folder).await? {
        Some(_) => {
            pass.final_folder_is_ours(Unread::IsAnothers).await?;
            tracing::info!(
                push.id = attempt.of, dsp = %profile.id, folder = plan.folder,
                "an earlier attempt brought everything; only the marker is left"
            );
            trip.reveal(location).await?;
            pass.sweep().await?;
        }
        None => pass.upload(trip, location).await?,
    }
    for (path, content) in &plan.markers {
        pass.mark(path, content).await?;
    }
    Ok(())
}

/// What a DSP has of a push that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// All of it, with its marker; where, for people.
    Whole(String),
    /// Nothing under its final name, and our own hidden folder with all that was to become visible:
    /// it never did.
    Absent,
    /// Neither: the DSP may have taken it away. The text is a sentence.
    Gone(String),
}

/// See `deliver::ask`. A release that lies there whole and lacks only its marker gets it: the DSP
/// was never told of it.
pub(super) async fn ask(
    profile: &DspProfile,
    remote: &Remote,
    attempt: &Attempt,
    plan: &Plan,
) -> Result<Found, Fault> {
    let pass = Pass {
        profile,
        remote,
        attempt,
        plan,
    };
    if remote.look(&plan.folder).await?.is_some() {
        // What was made for the push is kept, so that here the sizes tell enough.
        match pass.final_folder_is_ours(Unread::IsOurs).await {
            Ok(()) => {}
            Err(fault) if fault.code == NAME_TAKEN => {
                return Ok(Found::Gone(format!(
                    "The folder {:?} at {} is not, or no longer, as we sent it; they may be working on it.",
                    plan.folder, profile.name
                )));
            }
            Err(fault) => return Err(fault),
        }
        for (path, content) in &plan.markers {
            match pass.mark(path, content).await {
                Ok(()) => {}
                // Once that is moved away, a marker of ours could be the second that the DSP reads.
                Err(fault) if fault.code == NAME_TAKEN => {
                    return Ok(Found::Gone(format!(
                        "{} has the folder {:?} as we sent it, but something else where its marker {path:?} belongs.",
                        profile.name, plan.folder
                    )));
                }
                Err(fault) => return Err(fault),
            }
        }
        pass.sweep().await?;
        return Ok(Found::Whole(remote.location(&plan.folder)));
    }
    for name in pass.earlier_names().await? {
        let seen = remote.look(&name).await?;
        // It was whole before its rename. One with less in it is what was left over: no proof.
        if seen.is_some_and(|seen| seen.kind == Kind::Folder)
            && pass.lacking(&pass.inventory(&name).await?).is_none()
        {
            return Ok(Found::Absent);
        }
    }
    Ok(Found::Gone(format!(
        "{} has nothing under the name {:?}, and nothing of ours that waits: they may have taken it.",
        profile.name, plan.folder
    )))
}

/// Code of the fault that says that something else lies under a name of ours.
pub(super) const NAME_TAKEN: &str = "name_taken";

struct Pass<'a> {
    profile: &'a DspProfile,
    remote: &'a Remote,
    attempt: &'a Attempt,
    plan: &'a Plan,
}

/// Whose a file of the right size is that we are not allowed to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unread {
    IsOurs,
    IsAnothers,
}

/// A folder's content: files by path, and what does not belong.
struct Inventory {
    files: BTreeMap<String, u64>,
    folders: BTreeSet<String>,
    strangers: Vec<(String, Kind)>,
}

impl Pass<'_> {
    fn hidden(&self, number: u32) -> String {
        format!("{}{number}", self.hidden_stem())
    }

    fn hidden_stem(&self) -> String {
        format!(".in-{}-", self.attempt.of)
    }

    async fn upload(&self, trip: &Trip, location: &str) -> Result<(), Fault> {
        let ours = self.hidden(self.attempt.number);
        self.take_over(&ours).await?;
        let outcome = self.fill(&ours, trip).await;
        if outcome.as_ref().is_err_and(|f| f.code == SPOOL_DAMAGED) {
            // It will not be completed as it is; do not leave 2 GB lying at a partner.
            self.remove_tree_quietly(&ours).await;
        }
        outcome?;
        self.make_parents(&self.plan.folder).await?;
        trip.reveal(location).await?;
        self.reveal(&ours, trip).await
    }

    /// Makes the hidden folder of this attempt from the newest one that an earlier attempt left, or
    /// anew. Older ones are removed.
    async fn take_over(&self, ours: &str) -> Result<(), Fault> {
        let mut have = match self.remote.look(ours).await? {
            Some(seen) if seen.kind == Kind::Folder => true,
            Some(_) => {
                self.remote.remove_file(ours).await?;
                false
            }
            None => false,
        };
        for name in self.earlier_names().await? {
            let Some(seen) = self.remote.look(&name).await? else {
                continue;
            };
            if !have && seen.kind == Kind::Folder && self.remote.rename(&name, ours).await.is_ok() {
                have = true;
            } else {
                self.remove_tree_quietly(&name).await;
            }
        }
        if have {
            return Ok(());
        }
        if self.remote.look("").await?.is_none() {
            return Err(remote::directory_missing(self.profile));
        }
        self.remote.make_folder(ours).await
    }

    /// Hidden folders of attempts before this one, newest first; some may not be there.
    async fn earlier_names(&self) -> Result<Vec<String>, Fault> {
        let now = self.attempt.number;
        if now <= ATTEMPTS_BACK {
            return Ok((0..now).rev().map(|number| self.hidden(number)).collect());
        }
        let stem = self.hidden_stem();
        let listed = self.remote.list("").await?.unwrap_or_default();
        let mut numbers: Vec<u32> = listed
            .iter()
            .filter_map(|seen| seen.name.strip_prefix(&stem)?.parse().ok())
            .filter(|number| *number < now)
            .collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        Ok(numbers
            .into_iter()
            .map(|number| self.hidden(number))
            .collect())
    }

    async fn sweep(&self) -> Result<(), Fault> {
        let mut names = self.earlier_names().await?;
        names.push(self.hidden(self.attempt.number));
        for name in &names {
            if self.remote.look(name).await?.is_some() {
                self.remove_tree_quietly(name).await;
            }
        }
        if self
            .plan
            .markers
            .iter()
            .all(|(_, content)| content.is_empty())
        {
            return Ok(());
        }
        let numbers = names.iter().filter_map(|name| {
            let number = name.strip_prefix(&self.hidden_stem())?;
            number.parse().ok()
        });
        for number in numbers {
            let name = self.marker_under_way(number);
            if self.remote.look(&name).await?.is_some() {
                self.remove_file_quietly(&name).await;
            }
        }
        Ok(())
    }

    /// Brings every file of the plan into the hidden folder, and nothing else.
    async fn fill(&self, hidden: &str, trip: &Trip) -> Result<(), Fault> {
        let there = self.inventory(hidden).await?;
        for (path, kind) in &there.strangers {
            self.remove(path, *kind).await?;
        }
        for folder in self.folders() {
            if !there.folders.contains(&folder) {
                self.remote
                    .make_folder(&format!("{hidden}/{folder}"))
                    .await?;
            }
        }
        for cargo in &self.plan.files {
            let path = format!("{hidden}/{}", cargo.name);
            if let Some(size) = there.files.get(&cargo.name) {
                if *size == cargo.size && self.remote.holds(&path, cargo).await? == Content::Same {
                    tracing::debug!(push.id = self.attempt.of, file = ?cargo.name, "kept from an earlier attempt");
                    continue;
                }
                self.remote.remove_file(&path).await?;
            }
            let under_way = format!("{path}{UNDER_WAY}");
            let put = self.remote.put(&under_way, cargo).await;
            if put.as_ref().is_err_and(|fault| fault.code == SPOOL_DAMAGED) {
                trip.blame(&cargo.name);
            }
            put?;
            self.remote.rename(&under_way, &path).await?;
        }
        let mut folders: Vec<String> = self
            .folders()
            .into_iter()
            .map(|folder| format!("{hidden}/{folder}"))
            .collect();
        folders.push(hidden.to_owned());
        self.remote.settle(folders).await?;
        match self.difference(&self.inventory(hidden).await?) {
            None => Ok(()),
            Some(difference) => Err(Fault::transient(
                "verification_failed",
                format!(
                    "{} does not hold what was just uploaded: {difference}. Nothing is visible there.",
                    self.profile.name
                ),
            )),
        }
    }

    /// The one moment in which the release becomes visible.
    async fn reveal(&self, hidden: &str, trip: &Trip) -> Result<(), Fault> {
        let Err(fault) = self.remote.rename(hidden, &self.plan.folder).await else {
            return Ok(());
        };
        if fault.is_transient() && fault.code != remote::REFUSED {
            return Err(fault);
        }
        if self.remote.look(&self.plan.folder).await?.is_some() {
            // Somebody was quicker: another worker with this push, or a stranger.
            return self.final_folder_is_ours(Unread::IsAnothers).await;
        }
        trip.conceal();
        Err(Fault::permanent(
            "rename_refused",
            format!(
                "{} took all files but refuses to give their folder its final name ({}). The files lie in {:?} there. Ask whether the account may rename folders; then retry the push.",
                self.profile.name, fault.text, hidden
            ),
        ))
    }

    /// A final folder that is there already has to be our own, whole: an earlier attempt was cut
    /// after its rename.
    async fn final_folder_is_ours(&self, unread: Unread) -> Result<(), Fault> {
        let folder = &self.plan.folder;
        let taken = |why: &str| {
            Fault::permanent(
                NAME_TAKEN,
                format!(
                    "{} has something else under the name {folder:?}: {why}. Nothing was changed there. Move it away, or put {{package}} into `folder` of {}.toml; then retry the push.",
                    self.profile.name, self.profile.id
                ),
            )
        };
        let there = self.inventory(folder).await?;
        if let Some(difference) = self.difference(&there) {
            return Err(taken(&difference));
        }
        for cargo in &self.plan.files {
            let path = format!("{folder}/{}", cargo.name);
            match self.remote.holds(&path, cargo).await? {
                Content::Same => {}
                Content::Unread if unread == Unread::IsOurs => {}
                Content::Other => {
                    return Err(taken(&format!("{:?} has another content", cargo.name)));
                }
                Content::Unread => {
                    return Err(taken(&format!(
                        "{:?} may be an older one, because we are not allowed to read it there",
                        cargo.name
                    )));
                }
            }
        }
        Ok(())
    }

    /// How what is there differs from the plan, as half a sentence; markers may be there.
    fn difference(&self, there: &Inventory) -> Option<String> {
        self.lacking(there).or_else(|| {
            let (path, _) = there.strangers.first()?;
            Some(format!("{path:?} does not belong to it"))
        })
    }

    /// The first file of the plan that is not there with its size, as half a sentence.
    fn lacking(&self, there: &Inventory) -> Option<String> {
        for cargo in &self.plan.files {
            match there.files.get(&cargo.name) {
                None => return Some(format!("{:?} is missing", cargo.name)),
                Some(size) if *size != cargo.size => {
                    return Some(format!(
                        "{:?} has {size} bytes instead of {}",
                        cargo.name, cargo.size
                    ));
                }
                Some(_) => {}
            }
        }
        None
    }

    /// Reads a folder, going only into folders that the plan has.
    async fn inventory(&self, root: &str) -> Result<Inventory, Fault> {
        let wanted: BTreeMap<&str, &Cargo> = self
            .plan
            .files
            .iter()
            .map(|cargo| (cargo.name.as_str(), cargo))
            .collect();
        let wanted_folders = self.folders();
        let markers: BTreeSet<&str> = self
            .plan
            .markers
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(root)?.strip_prefix('/'))
            .collect();
        let mut inventory = Inventory {
            files: BTreeMap::new(),
            folders: BTreeSet::new(),
            strangers: Vec::new(),
        };
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let at = joined(root, &folder);
            for seen in self.remote.list(&at).await?.unwrap_or_default() {
                let path = joined(&folder, &self.plain(&at, &seen)?);
                match seen.kind {
                    Kind::Folder if wanted_folders.contains(&path) => {
                        inventory.folders.insert(path.clone());
                        open.push(path);
                    }
                    Kind::File if wanted.contains_key(path.as_str()) => {
                        inventory.files.insert(path, seen.size);
                    }
                    Kind::File if markers.contains(path.as_str()) => {}
                    Kind::File | Kind::Folder | Kind::Other => {
                        inventory.strangers.push((joined(root, &path), seen.kind));
                    }
                }
            }
        }
        Ok(inventory)
    }

    /// The name of a listed file, if it is one: a server that lists `../x` gets no path built from
    /// that.
    fn plain(&self, folder: &str, seen: &Seen) -> Result<String, Fault> {
        if names::is_plain_path(&seen.name) && !seen.name.contains('/') {
            return Ok(seen.name.clone());
        }
        Err(Fault::permanent(
            "listing_odd",
            format!(
                "{} lists {:?} in {folder:?}, which is no file name. Ask them to look at that folder.",
                self.profile.name, seen.name
            ),
        ))
    }

    /// Folders that the plan's files need, parents before children.
    fn folders(&self) -> BTreeSet<String> {
        let mut folders = BTreeSet::new();
        for cargo in &self.plan.files {
            folders.extend(parents(&cargo.name));
        }
        folders
    }

    async fn make_parents(&self, path: &str) -> Result<(), Fault> {
        for parent in parents(path) {
            self.remote.make_folder(&parent).await?;
        }
        Ok(())
    }

    /// Makes one marker. An empty file is there or not; one with content gets it before its name. It
    /// lies beside the hidden folders meanwhile: one of those is the sign that nothing was visible.
    async fn mark(&self, path: &str, content: &[u8]) -> Result<(), Fault> {
        if let Some(seen) = self.remote.look(path).await? {
            if seen.kind == Kind::File
                && seen.size == content.len() as u64
                && self.says(path, content).await?
            {
                return Ok(());
            }
            return Err(Fault::permanent(
                NAME_TAKEN,
                format!(
                    "{} has something else where the marker {path:?} belongs. Move it away, then retry the push.",
                    self.profile.name
                ),
            ));
        }
        if content.is_empty() {
            return self.remote.put_bytes(path, content).await;
        }
        let under_way = self.marker_under_way(self.attempt.number);
        self.remote.put_bytes(&under_way, content).await?;
        self.remote.rename(&under_way, path).await
    }

    /// Whether a marker of the right size is this one, as far as can be told. What it stands for was
    /// looked at before it.
    async fn says(&self, path: &str, content: &[u8]) -> Result<bool, Fault> {
        if content.is_empty() {
            return Ok(true);
        }
        let marker = Cargo {
            source: PathBuf::new(),
            name: path.to_owned(),
            size: content.len() as u64,
            sha256: hex::encode(Sha256::digest(content)),
        };
        Ok(self.remote.holds(path, &marker).await? != Content::Other)
    }

    /// Where a marker with content gets it.
    fn marker_under_way(&self, number: u32) -> String {
        format!(".mark-{}-{number}", self.attempt.of)
    }

    async fn remove(&self, path: &str, kind: Kind) -> Result<(), Fault> {
        match kind {
            Kind::Folder => self.remove_tree(path).await,
            Kind::File | Kind::Other => self.remote.remove_file(path).await,
        }
    }

    /// Removes one of our own hidden folders with all that is in it.
    async fn remove_tree(&self, root: &str) -> Result<(), Fault> {
        let mut open = vec![root.to_owned()];
        let mut emptied = Vec::new();
        while let Some(folder) = open.pop() {
            for seen in self.remote.list(&folder).await?.unwrap_or_default() {
                let path = joined(&folder, &self.plain(&folder, &seen)?);
                match seen.kind {
                    Kind::Folder => open.push(path),
                    Kind::File | Kind::Other => self.remote.remove_file(&path).await?,
                }
            }
            emptied.push(folder);
        }
        for folder in emptied.into_iter().rev() {
            self.remote.remove_folder(&folder).await?;
        }
        Ok(())
    }

    /// Litter is no reason to fail: it is hidden, and the next attempt tries again.
    async fn remove_tree_quietly(&self, root: &str) {
        if let Err(fault) = self.remove_tree(root).await {
            tracing::warn!(
                push.id = self.attempt.of, dsp = %self.profile.id, folder = root,
                %fault, "a left-over folder could not be removed"
            );
        }
    }

    async fn remove_file_quietly(&self, path: &str) {
        if let Err(fault) = self.remote.remove_file(path).await {
            tracing::warn!(
                push.id = self.attempt.of, dsp = %self.profile.id, file = path,
                %fault, "a left-over file could not be removed"
            );
        }
    }
}

fn joined(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (false, true) => folder.to_owned(),
        (false, false) => format!("{folder}/{name}"),
    }
}

/// `a/b/c` has the parents `a` and `a/b`.
fn parents(path: &str) -> Vec<String> {
    path.match_indices('/')
        .filter_map(|(at, _)| path.get(..at).map(str::to_owned))
        .collect()
}
