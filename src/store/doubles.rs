//! Uploads that are set aside: the same content sent twice, and those that were never completed.

use super::Store;
use super::error::StoreError;
use crate::domain::ids::{LabelId, PackageId};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use std::time::Duration;

impl Store {
    /// The label's package of that content that stands; see `Ledger::same_as`. What was approved with
    /// no push to any DSP has done nothing that could be done twice.
    pub fn standing_twin(
        &self,
        label: &LabelId,
        fingerprint: &str,
    ) -> Result<Option<PackageId>, StoreError> {
        self.read("packages of the same content", |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM package WHERE label = ?1 AND fingerprint = ?2 AND claimed = 1
                         AND status IN ('incoming', 'needs_qc', 'qc_approved', 'delivered')
                         AND (status <> 'qc_approved'
                             OR EXISTS (SELECT 1 FROM push WHERE push.package = package.id))
                     ORDER BY seq DESC LIMIT 1",
                )?
                .query_one((label.as_str(), fingerprint), |row| row.get(0))
                .optional()
                .map(|id: Option<String>| id.map(PackageId::new))
        })
    }

    /// The last thing that happened to a package, as the word of its event: why it ended.
    pub fn last_event(&self, id: &PackageId) -> Result<Option<String>, StoreError> {
        self.read("a package's last event", |connection| {
            connection
                .prepare_cached(
                    "SELECT kind FROM event WHERE package = ?1 ORDER BY number DESC LIMIT 1",
                )?
                .query_one([id.as_str()], |row| row.get(0))
                .optional()
        })
    }
}

/// Time from the later of the two moments until now; none when a clock was set back.
pub(super) fn idle(now: Timestamp, updated: Timestamp, changed: i64) -> Duration {
    let changed = Timestamp::from_second(changed).unwrap_or(updated);
    Duration::try_from(now.duration_since(updated.max(changed))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_counts_from_the_later_moment_and_never_backwards() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(idle(at(100), at(40), 70), Duration::from_secs(30));
        assert_eq!(idle(at(100), at(90), 70), Duration::from_secs(10));
        assert_eq!(idle(at(100), at(90), 130), Duration::ZERO);
    }
}
