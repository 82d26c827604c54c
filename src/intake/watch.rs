//! inotify on every label's incoming tree. Its events are hints where to look and never the reason
//! for anything: what they miss, the rescan finds.

use super::jobs::Inbox;
use super::listing::{folders_in, is_folder};
use crate::domain::ids::LabelId;
use crate::domain::places::Places;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long events gather before they are read. The kernel keeps thousands.
const GATHER: Duration = Duration::from_millis(20);

/// So long what had gathered is read before more gathers.
const BURST: Duration = Duration::from_millis(2);

/// What is watched now, by path, with the node that it had: a folder that was made anew under its
/// name has to be watched anew.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    labels: PathBuf,
    watched: BTreeMap<PathBuf, (u64, u64)>,
    complained: bool,
}

impl Watch {
    /// Starts the watcher; nothing is watched before the first `refresh`.
    pub(super) fn new(places: &Places, inbox: Arc<Inbox>) -> notify::Result<Self> {
        let labels = std::path::absolute(places.labels()).map_err(notify::Error::io)?;
        let root = labels.clone();
        let mut pause = Pause::default();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            pause.take();
            match event {
                Ok(event) => tell(&root, &event, &inbox),
                Err(error) => {
                    tracing::warn!(%error, "the watcher lost something; looking at everything");
                    inbox.rescan();
                }
            }
        })?;
        Ok(Self {
            watcher,
            labels,
            watched: BTreeMap::new(),
            complained: false,
        })
    }

    /// Watches labels' directories that came, forgets those that went. Says whether any came:
    /// then everything has to be looked at once more.
    pub(super) fn refresh(&mut self) -> bool {
        let mut came = false;
        let mut wanted = Vec::new();
        if let Ok(Some(meta)) = is_folder(&self.labels) {
            let node = (meta.dev(), meta.ino());
            wanted.push((self.labels.clone(), node, RecursiveMode::NonRecursive));
        }
        for (name, node) in folders_in(&self.labels).unwrap_or_default() {
            let label = self.labels.join(name);
            let incoming = label.join("incoming");
            wanted.push((label, node, RecursiveMode::NonRecursive));
            if let Ok(Some(meta)) = is_folder(&incoming) {
                let node = (meta.dev(), meta.ino());
                wanted.push((incoming, node, RecursiveMode::Recursive));
            }
        }
        self.watched
            .retain(|path, node| wanted.iter().any(|(p, n, _)| p == path && n == node));
        for (path, node, mode) in wanted {
            if self.watched.contains_key(&path) {
                continue;
            }
            match self.watcher.watch(&path, mode) {
                Ok(()) => {
                    came = true;
                    self.watched.insert(path, node);
                }
                Err(error) if !self.complained => {
                    self.complained = true;
                    tracing::warn!(
                        ?path, %error,
                        "a folder cannot be watched (fs.inotify.max_user_watches?); \
                         what is copied there is found by the rescan"
                    );
                }
                Err(_) => {}
            }
        }
        came
    }
}

/// Lets events gather in the kernel: an upload of thousands of files makes thousands, and to be woken
/// for each costs it more than what the event says.
#[derive(Debug, Default)]
struct Pause {
    ended: Option<Instant>,
}

impl Pause {
    /// Sleeps, unless it has just done so. What counts is the last sleep, not the last event: those
    /// of an upload follow each other so closely that there would be none.
    fn take(&mut self) {
        if self.ended.is_none_or(|ended| ended.elapsed() >= BURST) {
            std::thread::sleep(GATHER);
            self.ended = Some(Instant::now());
        }
    }
}

/// Turns an event into a hint.
fn tell(labels: &Path, event: &Event, inbox: &Inbox) {
    if event.need_rescan() {
        tracing::info!("the watcher's queue overflowed; looking at everything");
        return inbox.rescan();
    }
    // Opening for reading is what we do ourselves all the time.
    let by_reader = match event.kind {
        EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => false,
    };
    if by_reader {
        return;
    }
    for path in &event.paths {
        match place(labels, path) {
            Some((label, Some(folder))) => inbox.hint(LabelId::new(label), folder),
            Some((_, None)) => inbox.rescan(),
            None => {}
        }
    }
}

/// Label and folder that a path speaks of; no folder when it is a label's directory or its
/// `incoming`, which may be new.
fn place(labels: &Path, path: &Path) -> Option<(String, Option<String>)> {
    let mut parts = path.strip_prefix(labels).ok()?.components();
    let mut next = || match parts.next() {
        Some(Component::Normal(name)) => name.to_str().map(str::to_owned),
        Some(_) | None => None,
    };
    let label = next()?;
    match next().as_deref() {
        None => Some((label, None)),
        Some("incoming") => Some((label, next())),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_speak_of_labels_and_folders() {
        let labels = Path::new("/data/labels");
        let told = |path: &str| place(labels, Path::new(path));
        let folder = |name: &str| Some(("L1".to_owned(), Some(name.to_owned())));
        assert_eq!(told("/data/labels/L1/incoming/A/01.wav"), folder("A"));
        assert_eq!(told("/data/labels/L1/incoming/A"), folder("A"));
        assert_eq!(
            told("/data/labels/L1/incoming"),
            Some(("L1".to_owned(), None))
        );
        assert_eq!(told("/data/labels/L1"), Some(("L1".to_owned(), None)));
        assert_eq!(told("/data/labels/L1/partial/A"), None);
        assert_eq!(told("/elsewhere/A"), None);
    }
}
