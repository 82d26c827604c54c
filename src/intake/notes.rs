//! What the ledger has still to be told of folders that got another name or went.
//!
//! The order matters: a package is known to the ledger by its folder, so that a name must be given
//! up by one before another takes it. While something of a label is untold, no new package of that
//! label is begun: the ledger would take the folder for the one that had its name before.

use super::Intake;
use super::aside::ABANDONED;
use super::state::State;
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use std::collections::BTreeSet;
use std::time::Instant;

/// Something that happened to a package's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) label: LabelId,
    pub(super) package: PackageId,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It has this name now.
    Renamed(String),
    /// It is gone, and it was not us.
    Withdrawn,
    /// It was given up, and lies there below the data directory now.
    Abandoned(String),
    /// It has the content of that package, and was set aside.
    Duplicate(PackageId),
}

/// A label's upload space was full, and the label may not have been told yet.
#[derive(Debug)]
pub(super) struct Full {
    pub(super) label: LabelId,
    pub(super) folder: String,
    pub(super) what: String,
    /// Until when a package is waited for that the letter can be about.
    pub(super) until: Instant,
}

impl Intake {
    /// Tells the ledger, in order; what it does not take stays, and all of that label after it.
    pub(super) fn tell_ledger(&self, state: &mut State) {
        let mut held: BTreeSet<LabelId> = BTreeSet::new();
        for note in std::mem::take(&mut state.notes) {
            let held_up = held.contains(&note.label) || !self.told(state, &note);
            if held_up {
                held.insert(note.label.clone());
                state.notes.push(note);
            }
        }
    }

    /// Tells labels whose space was full. The letter hangs on a package, which may come a moment
    /// later than the news.
    pub(super) fn tell_full(&self, state: &mut State, now: Instant) {
        state.full.retain(|full| {
            let told = self.told_full(full, now >= full.until);
            if let Err(fault) = &told {
                let label = &full.label;
                tracing::warn!(label = %label, %fault, "a label could not be told that its space is full");
            }
            now < full.until && !told.unwrap_or(false)
        });
    }

    /// When no package comes (a space can be full of empty folders), one is begun for the refused
    /// folder and withdrawn with the letter.
    fn told_full(&self, full: &Full, is_last: bool) -> Result<bool, Fault> {
        let Full {
            label,
            folder,
            what,
            ..
        } = full;
        let ledger = &self.wires.ledger;
        let told = ledger.over_quota(label, folder, what)?;
        if told || !is_last {
            return Ok(told);
        }
        let package = ledger.seen(label, folder, true)?;
        let told = ledger.over_quota(label, folder, what)?;
        ledger.withdrawn(&package)?;
        Ok(told)
    }

    /// Tells one note; false when it has to be told again.
    fn told(&self, state: &State, note: &Note) -> bool {
        let Note {
            label,
            package,
            what,
        } = note;
        let result = match what {
            // The ledger still knows the package that is being claimed by that name.
            What::Renamed(to) if state.is_in_flight(label, to) => return false,
            What::Renamed(to) => self.wires.ledger.renamed(package, to),
            // What a crash kept from being told when it was moved.
            What::Withdrawn if self.quarantined(label, package, ABANDONED).exists() => {
                let place = self.quarantined(label, package, ABANDONED);
                let place = place.strip_prefix(self.places.root()).unwrap_or(&place);
                self.wires
                    .ledger
                    .given_up(package, &place.display().to_string())
            }
            What::Withdrawn => self.wires.ledger.withdrawn(package),
            What::Abandoned(to) => self.wires.ledger.given_up(package, to),
            What::Duplicate(of) => self.wires.ledger.duplicate(package, of),
        };
        match result {
            Ok(()) => {
                tracing::info!(package.id = %package, label = %label, what = ?what, "a folder has another name or is gone");
                true
            }
            Err(fault) => {
                tracing::warn!(package.id = %package, label = %label, what = ?what, %fault, "the ledger could not take note of a folder");
                // What fails for good is not asked again; the next start finds the folder missing.
                !fault.is_transient()
            }
        }
    }
}

impl State {
    /// Whether a worker is claiming a folder of that name.
    pub(super) fn is_in_flight(&self, label: &LabelId, folder: &str) -> bool {
        self.in_flight
            .values()
            .any(|(owner, name)| owner == label && name == folder)
    }

    /// Whether a package may be begun in that folder: nothing that the ledger knows can have its
    /// name any more.
    pub(super) fn may_begin(&self, label: &LabelId, folder: &str) -> bool {
        !self.is_in_flight(label, folder) && !self.notes.iter().any(|note| note.label == *label)
    }
}
