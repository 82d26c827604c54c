//! Keeps what sources owe for failed logins over a restart, and does what the command line forgave.

use crate::domain::penalty::Penalty;
use crate::sftp::Door;
use crate::store::{Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What changed is written at most once in this time.
const KEPT_EVERY: Duration = Duration::from_secs(10);

/// Between the door and the store.
pub struct Keeper {
    door: Arc<Door>,
    store: Store,
    kept: Mutex<(Vec<Penalty>, Option<Instant>)>,
}

impl Keeper {
    /// Gives the door what was kept.
    pub fn begin(door: Arc<Door>, store: Store) -> Result<Self, StoreError> {
        door.restore_penalties(store.penalties()?);
        let keeper = Self {
            kept: Mutex::new((door.penalties(), None)),
            door,
            store,
        };
        keeper.forgive()?;
        Ok(keeper)
    }

    /// Looks after it; to be called every few seconds. Blocks.
    pub fn tend(&self) {
        let done = self.forgive().and_then(|()| self.keep(false));
        if let Err(error) = done {
            tracing::error!(%error, "penalties cannot be kept");
        }
    }

    /// Writes what is owed at the end. Blocks.
    pub fn end(&self) {
        if let Err(error) = self.keep(true) {
            tracing::error!(%error, "penalties cannot be kept");
        }
    }

    fn forgive(&self) -> Result<(), StoreError> {
        for net in self.store.take_pardons()? {
            let count = self.door.forgive(&net);
            tracing::info!(%net, count, "penalties forgiven");
        }
        Ok(())
    }

    fn keep(&self, now: bool) -> Result<(), StoreError> {
        let owed = self.door.penalties();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = now || kept.1.is_none_or(|last| last.elapsed() >= KEPT_EVERY);
        if !is_due || kept.0 == owed {
            return Ok(());
        }
        self.store.keep_penalties(owed.clone())?;
        *kept = (owed, Some(Instant::now()));
        Ok(())
    }
}
