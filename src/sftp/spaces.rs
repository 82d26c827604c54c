//! The upload space of every label: its meter, with the quota that holds now.

use super::Settings;
use super::meter::{Meter, Room};
use crate::domain::account::Accounts;
use crate::domain::ids::LabelId;
use crate::domain::quota::Quota;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The meters of all labels.
pub(super) struct Spaces {
    accounts: Arc<dyn Accounts>,
    quota: Quota,
    room: Room,
    /// Kept while nobody is there: who was just refused comes back in a moment.
    meters: Mutex<HashMap<LabelId, Arc<Meter>>>,
}

impl Spaces {
    /// What the settings say holds, unless something else is agreed.
    pub(super) fn new(settings: &Settings, accounts: Arc<dyn Accounts>) -> Self {
        Self {
            accounts,
            quota: settings.quota,
            room: Room {
                free_bytes: settings.free_bytes,
                free_percent: settings.free_percent,
                pause: Duration::from_secs(settings.full_seconds),
            },
            meters: Mutex::default(),
        }
    }

    /// A label's meter, with the quota that holds now. Asks the store, which may block.
    pub(super) fn meter(&self, label: &LabelId) -> Arc<Meter> {
        let own = self.accounts.own_quota(label).inspect_err(|fault| {
            tracing::warn!(label = %label, %fault, "the label's quota cannot be read; the one before holds");
        });
        let meter = {
            let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
            let meter = meters
                .entry(label.clone())
                .or_insert_with(|| Arc::new(Meter::new(self.quota, self.room)));
            Arc::clone(meter)
        };
        if let Ok(own) = own {
            meter.set_quota(self.quota.with(&own));
        }
        meter
    }

    /// Somebody made room in a label's space: what was refused may be tried again.
    pub(super) fn lift(&self, label: &LabelId) {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = meters.get(label) {
            meter.lift();
        }
    }
}
