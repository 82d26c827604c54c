//! Remembers: labels, packages and their logs, reports, and the outboxes to people and DSPs.
//!
//! The only user of SQLite. A package's status changes through [`Store::apply`] and nowhere else:
//! one transaction writes the event (the truth), the status (its cache) and one outbox row for each
//! effect and target. The database itself refuses a status without its event, a way out of a final
//! status, and a change of the log.
//!
//! Everything blocks and is durable when it returns. One thread writes and commits together what
//! waits together (`writer`); readers have their own connections beside it. Other processes (the
//! command line beside the daemon) write to the same file; every transition therefore looks at the
//! state again inside its transaction.
//!
//! Not here: what a transition leads to (`domain::lifecycle`), the words of a letter (`notify`),
//! what goes to a DSP (`deliver`), files on disk but for what saves measuring again (`remembered`).

use crate::domain::ids::DspId;
use crate::domain::lifecycle::Status;
use crate::domain::lifecycle::push::PushState;
use jiff::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

mod accounts;
mod ages;
mod answers;
mod apply;
mod barcodes;
mod claims;
mod connection;
mod covers;
mod doubles;
mod error;
mod gates;
mod history;
mod ids;
mod ledger;
mod letters;
mod live;
mod made;
mod migrate;
mod outbox;
mod overdue;
mod overrides;
mod packages;
mod penalties;
mod policies;
mod pushes;
mod quotas;
mod recordings;
mod remembered;
mod rows;
mod shipments;
mod standings;
mod takedowns;
mod writer;

pub use ages::Oldest;
pub use answers::AckFile;
pub use error::{ApplyError, PushError, RuleError, StoreError};
pub use history::HistoryQuestion;
pub use letters::{LetterRow, LetterState};
pub use live::Rival;
pub use made::PushMore;
pub use outbox::LetterFilter;
pub use overdue::{LongestWaits, Mended};
pub use overrides::Overridden;
pub use packages::{Found, PackageFilter};
pub use pushes::{Made, PushFilter};
pub use quotas::{FullSpace, TOLD_EVERY};
pub use remembered::Remembered;
pub use takedowns::{TakedownError, TakenDown, Wanted};

use writer::{Desk, Writer};

/// Connections for reading that are kept open when nobody reads.
const IDLE_READERS: usize = 4;

/// How many pushes are in each state; asked for at every pulse, when nearly all are long done.
const PUSHES_BY_STATE: &str = "SELECT state, count(*) FROM push GROUP BY state";

/// The store. A cheap handle; all clones share one writer.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    clock: fn() -> Timestamp,
    schema_version: u32,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    people: RwLock<Arc<People>>,
}

/// Whom and what transitions speak of beyond the database: it comes from the configuration.
#[derive(Clone, Debug, Default)]
struct People {
    /// Addresses of the operator.
    operator: Vec<String>,
    /// Names of DSPs as labels read them.
    dsps: BTreeMap<DspId, String>,
}

impl People {
    fn dsp_name(&self, dsp: &DspId) -> String {
        self.dsps
            .get(dsp)
            .cloned()
            .unwrap_or_else(|| dsp.to_string())
    }
}

/// Numbers for `dropzone status` and the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Packages by status; every status is there.
    pub packages: BTreeMap<Status, u64>,
    /// Pushes by state; every state is there.
    pub pushes: BTreeMap<PushState, u64>,
    /// Letters that wait to be sent.
    pub letters_due: u64,
    /// Letters that were given up.
    pub letters_dead: u64,
}

impl Store {
    /// Opens the database, and makes it if there is none; brings an older one to this version.
    ///
    /// `clock` is asked where a caller gives no time (`Ledger`).
    pub fn open(path: &Path, clock: fn() -> Timestamp) -> Result<Self, StoreError> {
        connection::check_library()?;
        connection::create_file(path)?;
        let mut writing = connection::writing(path)?;
        let schema_version = migrate::migrate(&mut writing, path)?;
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                clock,
                schema_version,
                writer: Writer::start(writing)?,
                readers: Mutex::new(Vec::new()),
                people: RwLock::new(Arc::new(People::default())),
            }),
        })
    }

    /// Version of the database's schema.
    pub fn schema_version(&self) -> u32 {
        self.shared.schema_version
    }

    /// Sets where letters to the operator go from now on.
    pub fn set_operator(&self, addresses: &[String]) {
        self.change_people(|people| people.operator = addresses.to_vec());
    }

    /// Sets the names of DSPs that letters to labels use; a DSP without one is called by its
    /// identifier.
    pub fn set_dsp_names(&self, names: &BTreeMap<DspId, String>) {
        self.change_people(|people| people.dsps.clone_from(names));
    }

    /// Whether nothing can be written any more until the database is opened anew.
    pub fn has_stopped(&self) -> bool {
        self.shared.writer.has_stopped()
    }

    /// Commits so far, and the changes that were in them: what group commit saves.
    pub fn commits(&self) -> (u64, u64) {
        let counters = self.shared.writer.counters();
        (
            counters.commits.load(Ordering::Relaxed),
            counters.changes.load(Ordering::Relaxed),
        )
    }

    /// Starts a new epoch: a number for this start of the daemon. Pushes that workers of earlier
    /// starts had taken wait again, and reports of those workers are refused.
    pub fn begin_epoch(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.change(move |desk| claims::begin_epoch(desk, now))
    }

    /// Numbers of packages, pushes and letters.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        self.read("the overview", |connection| {
            let mut overview = Overview {
                packages: Status::ALL.into_iter().map(|status| (status, 0)).collect(),
                pushes: PushState::ALL.into_iter().map(|state| (state, 0)).collect(),
                ..Overview::default()
            };
            let mut statement = connection
                .prepare_cached("SELECT status, count(*) FROM package GROUP BY status")?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                let status = rows::word(row, 0, Status::parse)?;
                overview.packages.insert(status, count(row, 1)?);
            }
            let mut statement = connection.prepare_cached(PUSHES_BY_STATE)?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                let state = rows::word(row, 0, PushState::parse)?;
                overview.pushes.insert(state, count(row, 1)?);
            }
            let mut statement = connection.prepare_cached(
                "SELECT (SELECT count(*) FROM letter WHERE state = 'due'),
                     (SELECT count(*) FROM letter WHERE state = 'dead')",
            )?;
            (overview.letters_due, overview.letters_dead) =
                statement.query_one([], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
            Ok(overview)
        })
    }

    /// Looks for damage; reads the whole database. For the daemon's start.
    pub fn check(&self) -> Result<(), StoreError> {
        let said: String = self.read("the check for damage", |connection| {
            connection.query_one("PRAGMA quick_check(1)", [], |row| row.get(0))
        })?;
        if said == "ok" {
            Ok(())
        } else {
            Err(StoreError::Damaged { said })
        }
    }

    /// The time, where a caller gives none.
    fn now(&self) -> Timestamp {
        (self.shared.clock)()
    }

    fn people(&self) -> Arc<People> {
        let people = self.shared.people.read();
        Arc::clone(&people.unwrap_or_else(PoisonError::into_inner))
    }

    fn change_people(&self, change: impl FnOnce(&mut People)) {
        let people = self.shared.people.write();
        let mut people = people.unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut people));
    }

    /// Runs a change on the writer's thread; see `writer`.
    fn change<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Desk<'_>) -> Result<T, E> + Send + 'static,
    {
        self.shared.writer.change(work)
    }

    /// Reads on a connection of its own, from one snapshot.
    fn read<T>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connection::reading(&self.shared.path)?,
        };
        let outcome = connection.transaction().and_then(|snapshot| {
            let outcome = work(&snapshot)?;
            snapshot.commit()?;
            Ok(outcome)
        });
        if outcome.is_ok() {
            let mut idle = self.readers();
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
        }
        outcome.map_err(StoreError::read(what))
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A list of idle connections is whole whatever panicked while it was locked.
        self.shared
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}
