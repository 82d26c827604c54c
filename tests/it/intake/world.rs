//! A label, its directories, a clock that the test sets, and stand-ins for what intake is wired to.

use dropzone::domain::completeness::QuietPeriods;
use dropzone::domain::content::{Content, FileKey, Measure, Measured, Memory as Contents};
use dropzone::domain::ern::Sniff;
use dropzone::domain::fault::Fault;
use dropzone::domain::ids::{LabelId, PackageId};
use dropzone::domain::kept::Stored;
use dropzone::domain::ledger::{Earlier, Intent, Ledger, OpenFolder};
use dropzone::domain::limits::Limits;
use dropzone::domain::places::Places;
use dropzone::domain::release::{
    Message, NamedFile, Reading, Recording, Release, StatedHash, Technical, Text,
};
use dropzone::domain::upload::{Busy, Gate, UploadEvent};
use dropzone::intake::{Fresh, Intake, Readers, Settings, Wires};
use dropzone::meter::DoorMeter;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the ledger remembers of a package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) folder: String,
    pub(super) via_sftp: bool,
    pub(super) status: String,
    pub(super) waiting: Vec<String>,
    pub(super) stalled: Vec<Vec<String>>,
}

#[derive(Default, Serialize, Deserialize)]
struct Memory {
    rows: BTreeMap<String, Row>,
    intents: BTreeMap<String, Intent>,
}

/// A ledger in a file, so that it survives the process as the real one does.
pub(super) struct FileLedger {
    path: PathBuf,
    memory: Mutex<Memory>,
    /// Calls that fail, by name.
    pub(super) failing: Mutex<BTreeSet<&'static str>>,
    pub(super) calls: Mutex<Vec<String>>,
    /// How long nothing has happened, as its clock would say.
    pub(super) idle: Mutex<Duration>,
    /// Packages that stand, by fingerprint.
    pub(super) twins: Mutex<BTreeMap<String, String>>,
    /// What is live of the one release that these worlds have.
    pub(super) stored: Mutex<Option<Stored>>,
    /// What happens while the loop asks for an earlier package, on the next such question.
    pub(super) when_asked: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// What this process was told to be missing, by package.
    told: Mutex<BTreeMap<String, Vec<String>>>,
}

impl FileLedger {
    fn open(path: PathBuf) -> Self {
        let memory = fs::read(&path)
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .unwrap_or_default();
        Self {
            path,
            memory: Mutex::new(memory),
            failing: Mutex::default(),
            calls: Mutex::default(),
            idle: Mutex::default(),
            twins: Mutex::default(),
            stored: Mutex::default(),
            when_asked: Mutex::default(),
            told: Mutex::default(),
        }
    }

    fn change<T>(
        &self,
        name: &'static str,
        detail: &str,
        change: impl FnOnce(&mut Memory) -> T,
    ) -> Result<T, Fault> {
        self.calls.lock().unwrap().push(format!("{name} {detail}"));
        if self.failing.lock().unwrap().contains(name) {
            return Err(Fault::transient("test", format!("{name} fails")));
        }
        let mut memory = self.memory.lock().unwrap();
        let result = change(&mut memory);
        let draft = self.path.with_extension("new");
        fs::write(&draft, serde_json::to_vec(&*memory).unwrap()).unwrap();
        fs::rename(draft, &self.path).unwrap();
        Ok(result)
    }

    fn set(&self, name: &'static str, package: &PackageId, status: &str) -> Result<(), Fault> {
        self.change(name, package.as_str(), |memory| {
            let row = memory.rows.get_mut(package.as_str()).unwrap();
            let may_be = row.status == "receiving"
                || (row.status == "parked"
                    && ["withdrawn", "unpark", "park", "claimed"].contains(&name));
            assert!(may_be, "{name} of {package}, which is {}", row.status);
            status.clone_into(&mut row.status);
        })
    }

    pub(super) fn rows(&self) -> BTreeMap<String, Row> {
        self.memory.lock().unwrap().rows.clone()
    }

    pub(super) fn intents_left(&self) -> usize {
        self.memory.lock().unwrap().intents.len()
    }

    /// A person asks for another try of a package that was parked before its claim.
    pub(super) fn unpark(&self, package: &str) {
        self.set("unpark", &PackageId::new(package), "receiving")
            .unwrap();
    }

    /// The package is with the stores.
    pub(super) fn settle(&self, package: &str) {
        self.change("settle", package, |memory| {
            "delivered".clone_into(&mut memory.rows.get_mut(package).unwrap().status);
        })
        .unwrap();
    }

    /// Leaves an intent behind, as a crash would.
    pub(super) fn plant(&self, intent: &Intent) {
        self.intend(intent).unwrap();
    }

    pub(super) fn count(&self, call: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|c| c.starts_with(call)).count()
    }
}

impl Ledger for FileLedger {
    fn open_folders(&self) -> Result<Vec<OpenFolder>, Fault> {
        self.change("open_folders", "", |memory| {
            memory
                .rows
                .iter()
                .filter(|(_, row)| row.status == "receiving")
                .map(|(id, row)| OpenFolder {
                    package: PackageId::new(id.as_str()),
                    label: LabelId::new(row.label.as_str()),
                    folder: row.folder.clone(),
                    via_sftp: row.via_sftp,
                })
                .collect()
        })
    }

    fn seen(&self, label: &LabelId, folder: &str, via_sftp: bool) -> Result<PackageId, Fault> {
        let claimed = self.change("claim_of", folder, |memory| {
            memory.rows.iter().any(|(id, row)| {
                let is_here = row.label == label.as_str() && row.folder == folder;
                row.status == "receiving" && is_here && memory.intents.contains_key(id)
            })
        })?;
        if claimed {
            return Err(Fault::transient(
                "folder_being_claimed",
                "still being claimed",
            ));
        }
        self.change("seen", folder, |memory| {
            let open = memory.rows.iter().find(|(_, row)| {
                row.status == "receiving" && row.label == label.as_str() && row.folder == folder
            });
            if let Some((id, _)) = open {
                self.told.lock().unwrap().remove(id);
                return PackageId::new(id.as_str());
            }
            let parked = memory.rows.iter_mut().rev().find(|(id, row)| {
                let is_here = row.label == label.as_str() && row.folder == folder;
                row.status == "parked" && is_here && !memory.intents.contains_key(*id)
            });
            if let Some((id, row)) = parked {
                "receiving".clone_into(&mut row.status);
                self.told.lock().unwrap().remove(id);
                return PackageId::new(id.as_str());
            }
            let id = format!("P{:03}", memory.rows.len() + 1);
            let row = Row {
                label: label.to_string(),
                folder: folder.to_owned(),
                via_sftp,
                status: "receiving".to_owned(),
                ..Row::default()
            };
            memory.rows.insert(id.clone(), row);
            PackageId::new(id)
        })
    }

    fn earlier(&self, label: &LabelId, folder: &str) -> Result<Earlier, Fault> {
        let earlier = self.change("earlier", folder, |memory| {
            let rows = memory.rows.iter().rev();
            let latest = rows.into_iter().find(|(_, row)| {
                row.label == label.as_str()
                    && row.folder == folder
                    && !["receiving", "parked", "withdrawn", "duplicate", "abandoned"]
                        .contains(&row.status.split(' ').next().unwrap())
            });
            match latest {
                None => Earlier::Nothing,
                Some((_, row)) if row.status == "delivered" => Earlier::Settled,
                Some((id, _)) => Earlier::Open(PackageId::new(id.as_str())),
            }
        });
        let act = self.when_asked.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
        earlier
    }

    fn stored(&self, _: &LabelId, _: &str) -> Result<Option<Stored>, Fault> {
        Ok(self.stored.lock().unwrap().clone())
    }

    fn waiting(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault> {
        let before = self
            .told
            .lock()
            .unwrap()
            .insert(package.to_string(), waiting_for.to_vec());
        assert_ne!(before.as_deref(), Some(waiting_for), "told twice");
        self.change("waiting", package.as_str(), |memory| {
            let row = memory.rows.get_mut(package.as_str()).unwrap();
            row.waiting = waiting_for.to_vec();
        })
    }

    fn stalled(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault> {
        self.change("stalled", package.as_str(), |memory| {
            let row = memory.rows.get_mut(package.as_str()).unwrap();
            row.stalled.push(waiting_for.to_vec());
        })
    }

    fn renamed(&self, package: &PackageId, to: &str) -> Result<(), Fault> {
        self.change("renamed", to, |memory| {
            let taken = memory.rows.iter().find(|(id, row)| {
                *id != package.as_str() && row.status == "receiving" && row.folder == to
            });
            assert_eq!(taken, None, "two packages in one folder");
            let row = memory.rows.get_mut(package.as_str()).unwrap();
            to.clone_into(&mut row.folder);
        })
    }

    fn withdrawn(&self, package: &PackageId) -> Result<(), Fault> {
        self.set("withdrawn", package, "withdrawn")
    }

    fn intend(&self, intent: &Intent) -> Result<(), Fault> {
        self.change("intend", intent.package.as_str(), |memory| {
            let id = intent.package.as_str().to_owned();
            memory.intents.insert(id, intent.clone());
        })
    }

    fn claimed(&self, intent: &Intent) -> Result<(), Fault> {
        self.set("claimed", &intent.package, "incoming")?;
        self.change("claimed_intent", "", |memory| {
            memory.intents.remove(intent.package.as_str());
        })
    }

    fn abandoned(&self, package: &PackageId) -> Result<(), Fault> {
        self.change("abandoned", package.as_str(), |memory| {
            memory.intents.remove(package.as_str());
        })
    }

    fn intents(&self) -> Result<Vec<Intent>, Fault> {
        self.change("intents", "", |memory| {
            let open = |id: &String| ["receiving", "parked"].contains(&&*memory.rows[id].status);
            let intents = memory.intents.iter().filter(|(id, _)| open(id));
            intents.map(|(_, intent)| intent.clone()).collect()
        })
    }

    fn over_quota(&self, label: &LabelId, folder: &str, what: &str) -> Result<bool, Fault> {
        self.change("over_quota", what, |memory| {
            memory.rows.values_mut().any(|row| {
                row.status == "receiving" && row.label == label.as_str() && row.folder == folder
            })
        })
    }

    fn idle_for(&self, _: &PackageId, _: i64) -> Result<Duration, Fault> {
        Ok(*self.idle.lock().unwrap())
    }

    fn given_up(&self, package: &PackageId, to: &str) -> Result<(), Fault> {
        self.set("given_up", package, &format!("abandoned to {to}"))
    }

    fn same_as(&self, _: &LabelId, fingerprint: &str) -> Result<Option<PackageId>, Fault> {
        let twins = self.twins.lock().unwrap();
        Ok(twins.get(fingerprint).map(|id| PackageId::new(id.as_str())))
    }

    fn duplicate(&self, package: &PackageId, of: &PackageId) -> Result<(), Fault> {
        self.set("duplicate", package, &format!("duplicate of {of}"))
    }

    fn park(&self, package: &PackageId, why: &str) -> Result<(), Fault> {
        assert!(!why.is_empty());
        self.set("park", package, "parked")
    }
}

/// Remembers contents by key.
#[derive(Default)]
pub(super) struct KnownContents(Mutex<HashMap<FileKey, Content>>);

impl Contents for KnownContents {
    fn content(&self, key: &FileKey) -> Option<Content> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn note_content(&self, key: &FileKey, content: &Content) {
        self.0.lock().unwrap().insert(*key, content.clone());
    }

    fn may_know(&self, _: u64) -> bool {
        false
    }

    fn measured(&self, _: &Measure<'_>) -> Option<Measured> {
        None
    }

    fn note_measured(&self, _: &Measure<'_>, _: &Measured) {}
}

/// A door that counts, that can be busy, and that lets a test act while a folder is fenced.
#[derive(Default)]
pub(super) struct Door {
    closed: Mutex<BTreeSet<String>>,
    busy: AtomicBool,
    pub(super) when_closed: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    pub(super) when_opened: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Door {
    pub(super) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    pub(super) fn is_open(&self) -> bool {
        self.closed.lock().unwrap().is_empty()
    }
}

impl Gate for Door {
    fn close(&self, _: &LabelId, folder: &str) -> Result<(), Busy> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(Busy {
                writing: vec!["x.wav".to_owned()],
            });
        }
        assert!(self.closed.lock().unwrap().insert(folder.to_owned()));
        if let Some(act) = self.when_closed.lock().unwrap().take() {
            act();
        }
        Ok(())
    }

    fn open(&self, _: &LabelId, folder: &str) {
        assert!(self.closed.lock().unwrap().remove(folder), "{folder}");
        if let Some(act) = self.when_opened.lock().unwrap().take() {
            act();
        }
    }
}

fn text(value: &str) -> Text {
    Text {
        value: value.to_owned(),
        ..Text::default()
    }
}

/// Reads what `message` writes: a line for each file, a line that ends it.
fn read(bytes: &[u8], _: &Limits) -> Reading {
    let all = String::from_utf8_lossy(bytes);
    assert!(!all.contains("PANIC"), "a reader that fails");
    let files = all.lines().filter_map(|line| {
        let mut parts = line.strip_prefix("file ")?.split(' ');
        let name = text(parts.next()?);
        let hash = parts.next().zip(parts.next());
        Some(NamedFile {
            name,
            hash: hash.map(|(algorithm, value)| StatedHash {
                value: text(value),
                algorithm: text(algorithm),
            }),
            ..NamedFile::default()
        })
    });
    let recording = Recording {
        technical: vec![Technical {
            files: files.collect(),
            ..Technical::default()
        }],
        ..Recording::default()
    };
    let release = Release {
        icpn: Some(text("5034567890120")),
        ..Release::default()
    };
    Reading {
        whole: all.trim_end().ends_with("</NewReleaseMessage>"),
        message: Some(Message {
            recordings: vec![recording],
            releases: vec![release],
            ..Message::default()
        }),
        ..Reading::default()
    }
}

fn sniff(head: &[u8]) -> Option<Sniff> {
    let root = match head {
        _ if head.starts_with(b"<NewReleaseMessage>") => "NewReleaseMessage",
        _ if head.starts_with(b"<") => "other",
        _ => return None,
    };
    Some(Sniff {
        root: root.to_owned(),
        ..Sniff::default()
    })
}

/// A message that names these files; `name ALGORITHM hash` states a hash.
pub(super) fn message(files: &[&str]) -> String {
    let named: Vec<String> = files.iter().map(|file| format!("file {file}\n")).collect();
    format!(
        "<NewReleaseMessage>\n{}</NewReleaseMessage>\n",
        named.concat()
    )
}

pub(super) const QUIET: QuietPeriods = QuietPeriods {
    marked_seconds: 0,
    logged_out_seconds: 10,
    hashed_seconds: 30,
    default_seconds: 60,
    foreign_seconds: 600,
    unreadable_seconds: 120,
    give_up_seconds: 600,
};

pub(super) struct World {
    pub(super) root: Arc<tempfile::TempDir>,
    pub(super) places: Places,
    pub(super) label: LabelId,
    pub(super) ledger: Arc<FileLedger>,
    pub(super) door: Arc<Door>,
    pub(super) intake: Arc<Intake>,
    pub(super) called_back: Arc<Mutex<Vec<PackageId>>>,
    pub(super) contents: Arc<KnownContents>,
    /// Names of files that were read where they were uploaded to.
    pub(super) files_read: Arc<Mutex<Vec<String>>>,
    pub(super) meter: Arc<DoorMeter>,
    settings: Settings,
    now: Instant,
}

impl World {
    pub(super) fn new() -> Self {
        let settings = Settings {
            quiet: QUIET,
            ..Settings::default()
        };
        Self::with(settings)
    }

    pub(super) fn with(settings: Settings) -> Self {
        let root = Arc::new(tempfile::tempdir().unwrap());
        let path = root.path().to_owned();
        Self::at(&path, settings, root)
    }

    fn at(path: &Path, settings: Settings, root: Arc<tempfile::TempDir>) -> Self {
        let places = Places::new(path);
        let label = LabelId::new("L1");
        for folder in [
            places.incoming(&label),
            places.partial(&label),
            places.spool(),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        let ledger = Arc::new(FileLedger::open(path.join("ledger.json")));
        let door = Arc::new(Door::default());
        let called_back: Arc<Mutex<Vec<PackageId>>> = Arc::default();
        let calls = Arc::clone(&called_back);
        let contents: Arc<KnownContents> = Arc::default();
        let files_read: Arc<Mutex<Vec<String>>> = Arc::default();
        let reads = Arc::clone(&files_read);
        let meter: Arc<DoorMeter> = Arc::default();
        let intake = Intake::with_readers(
            settings.clone(),
            Limits::default(),
            places.clone(),
            Wires {
                gate: Arc::clone(&door) as Arc<dyn Gate>,
                ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
                memory: Arc::clone(&contents) as Arc<dyn Contents>,
                claimed: Arc::new(move |fresh: Fresh| calls.lock().unwrap().push(fresh.package)),
                read: Arc::new(move |path: &Path, _| {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    reads.lock().unwrap().push(name.to_owned());
                }),
                audit: Arc::new(|_| {}),
                meter: Arc::clone(&meter),
            },
            Readers { read, sniff },
        );
        Self {
            root,
            places,
            label,
            ledger,
            door,
            intake,
            called_back,
            contents,
            files_read,
            meter,
            settings,
            now: Instant::now(),
        }
    }

    /// In a folder that another process may know; `root` is kept as long as the world.
    pub(super) fn over(path: &Path, root: tempfile::TempDir) -> Self {
        Self::at(path, Settings::default(), Arc::new(root))
    }

    /// The same disk and ledger, another process.
    pub(super) fn restarted(self) -> Self {
        let path = self.places.root().to_owned();
        let world = Self::at(&path, self.settings.clone(), self.root.clone());
        world.intake.recover().unwrap();
        world
    }

    pub(super) fn incoming(&self, path: &str) -> PathBuf {
        self.places.incoming(&self.label).join(path)
    }

    pub(super) fn partial(&self, path: &str) -> PathBuf {
        self.places.partial(&self.label).join(path)
    }

    /// A file copied in by somebody who tells nobody.
    pub(super) fn copy(&self, path: &str, content: &str) {
        let real = self.incoming(path);
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        fs::write(real, content).unwrap();
    }

    /// A file uploaded by session 1 and closed.
    pub(super) fn upload(&self, path: &str, content: &str) {
        self.begin(path, content);
        self.close(path);
    }

    /// A file being uploaded by session 1.
    pub(super) fn begin(&self, path: &str, content: &str) {
        let real = self.partial(path);
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        fs::create_dir_all(self.incoming(path).parent().unwrap()).unwrap();
        fs::write(real, content).unwrap();
        self.touch(path, 1);
    }

    /// Its CLOSE.
    pub(super) fn close(&self, path: &str) {
        fs::rename(self.partial(path), self.incoming(path)).unwrap();
        self.touch(path, 1);
    }

    pub(super) fn touch(&self, path: &str, session: u64) {
        self.intake.tell(UploadEvent::Touched {
            label: self.label.clone(),
            folder: path.split('/').next().unwrap().to_owned(),
            session,
        });
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.incoming(from), self.incoming(to)).unwrap();
        if self.partial(from).exists() {
            fs::rename(self.partial(from), self.partial(to)).unwrap();
        }
        self.intake.tell(UploadEvent::Renamed {
            label: self.label.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            session: 1,
        });
    }

    pub(super) fn remove(&self, folder: &str) {
        fs::remove_dir_all(self.incoming(folder)).unwrap();
        if self.partial(folder).exists() {
            fs::remove_dir_all(self.partial(folder)).unwrap();
        }
        self.intake.tell(UploadEvent::Removed {
            label: self.label.clone(),
            folder: folder.to_owned(),
        });
    }

    pub(super) fn log_out(&self, session: u64) {
        self.intake.tell(UploadEvent::SessionEnded {
            label: self.label.clone(),
            session,
        });
    }

    /// Lets time pass, a second at a turn, and all work be done in each.
    pub(super) fn pass(&mut self, seconds: u64) {
        self.settle();
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.settle();
        }
    }

    /// Lets much time pass at once.
    pub(super) fn jump(&mut self, seconds: u64) {
        self.settle();
        self.now += Duration::from_secs(seconds);
        self.settle();
    }

    /// Lets time pass at once and the loop look once; the work is left to others.
    pub(super) fn look(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.intake.step(self.now);
    }

    fn settle(&self) {
        for _ in 0..20 {
            self.intake.step(self.now);
            if !self.intake.work() {
                return;
            }
        }
        panic!("there is always more to do");
    }

    /// Guide layout: message, cover, two tracks; by SFTP.
    pub(super) fn good_release(&self, folder: &str) {
        self.upload(
            &format!("{folder}/metadata.xml"),
            &message(&["01_A.wav", "02_B.wav"]),
        );
        for name in ["artwork.jpg", "01_A.wav", "02_B.wav"] {
            self.upload(&format!("{folder}/{name}"), name);
        }
    }

    /// The only package, or the only one of that folder.
    pub(super) fn row(&self, folder: &str) -> Row {
        let rows = self.ledger.rows();
        let mut of_folder = rows.values().filter(|row| row.folder == folder);
        let row = of_folder.next().cloned();
        assert_eq!(of_folder.next(), None, "{rows:?}");
        row.unwrap_or_else(|| panic!("no package of {folder}: {rows:?}"))
    }

    pub(super) fn status(&self, folder: &str) -> String {
        self.row(folder).status
    }

    /// Files of a claimed package, relative, sorted.
    pub(super) fn spooled(&self, package: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.places.spool().join(package), "", &mut found);
        found.sort();
        found
    }
}

fn walk(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}
