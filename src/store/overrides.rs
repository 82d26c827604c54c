//! What was said about releases at DSPs: a log that only grows, and what it does to pushes that have
//! not gone yet. What is at a DSP already is not touched by it.

use super::Store;
use super::apply::Occasion;
use super::claims::{self, Told};
use super::error::{PushError, StoreError};
use super::pushes::{SELECT, push_of};
use super::rows::{json, json_of, time, time_of, word};
use super::standings;
use super::writer::Desk;
use crate::domain::dsp::overrides::{Field, OverrideChange, ReleaseKey, Setting, block};
use crate::domain::ids::{DspId, LabelId, PackageId};
use crate::domain::lifecycle::push::{PushEvent, PushState};
use crate::domain::push::{Push, PushKind};
use jiff::Timestamp;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row, named_params};

/// What came of an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overridden {
    /// What was new in it.
    pub said: Vec<OverrideChange>,
    /// Pushes of the release to that DSP as they are now, oldest first.
    pub pushes: Vec<Push>,
}

const COLUMNS: &str = "dsp, field, value, reason, actor, at, label, release";

impl Store {
    /// The release that a package is of.
    pub fn release_of(&self, package: &PackageId) -> Result<Option<ReleaseKey>, StoreError> {
        self.read("a release", |connection| release_of(connection, package))
    }

    /// All that was said about a release, oldest first.
    pub fn overrides(&self, release: &ReleaseKey) -> Result<Vec<OverrideChange>, StoreError> {
        self.read("the overrides of a release", |connection| {
            changes_in(connection, release)
        })
    }

    /// The same of a package's release.
    pub fn overrides_of(&self, package: &PackageId) -> Result<Vec<OverrideChange>, StoreError> {
        self.read(
            "the overrides of a release",
            |connection| match release_of(connection, package)? {
                Some(release) => changes_in(connection, &release),
                None => Ok(Vec::new()),
            },
        )
    }

    /// All that was ever said, by release, oldest first.
    pub fn all_overrides(&self) -> Result<Vec<(ReleaseKey, OverrideChange)>, StoreError> {
        self.read("the overrides", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM release_override ORDER BY label, release, seq"
                ))?
                .query_map([], |row| {
                    let key = ReleaseKey {
                        label: LabelId::new(row.get::<_, String>(6)?),
                        release: row.get(7)?,
                    };
                    Ok((key, change_of(row)?))
                })?
                .collect()
        })
    }

    /// Says something about a release at one DSP; what says nothing new is left out. Pushes that wait
    /// are made anew with it or blocked; one that was blocked is judged again. All `changes` are of
    /// that DSP.
    pub fn override_release(
        &self,
        release: &ReleaseKey,
        dsp: &DspId,
        changes: &[OverrideChange],
        actor: &str,
        now: Timestamp,
    ) -> Result<Overridden, PushError> {
        let (release, dsp, changes) = (release.clone(), dsp.clone(), changes.to_vec());
        let actor = actor.to_owned();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: &actor,
                now,
                people: &people,
            };
            let mut known = changes_in(desk.connection, &release)
                .map_err(StoreError::read("the overrides of a release"))?;
            let mut said = Vec::new();
            for change in changes {
                let same_field =
                    |old: &&OverrideChange| old.dsp == change.dsp && old.field == change.field;
                let before = known.iter().rfind(same_field);
                let is_new = match before {
                    Some(old) => old.setting != change.setting || old.reason != change.reason,
                    None => change.setting.is_some(),
                };
                if is_new {
                    insert(desk, &release, &change)?;
                    known.push(change.clone());
                    said.push(change);
                }
            }
            if !said.is_empty() {
                follow(desk, &release, &dsp, &known, occasion)?;
            }
            let pushes = pushes_of(desk.connection, &release, &dsp)
                .map_err(StoreError::read("the pushes"))?;
            Ok(Overridden { said, pushes })
        })
    }
}

/// What it means for pushes that have not gone.
fn follow(
    desk: &mut Desk<'_>,
    release: &ReleaseKey,
    dsp: &DspId,
    known: &[OverrideChange],
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let pushes =
        pushes_of(desk.connection, release, dsp).map_err(StoreError::read("the pushes"))?;
    let block = block(known, dsp);
    // A takedown goes, whatever holds.
    let waiting = pushes
        .iter()
        .filter(|push| push.state == PushState::Queued && push.kind != PushKind::Takedown);
    for push in waiting {
        match block {
            Some(block) => {
                refuse(desk, push, block, occasion)?;
                claims::finish(desk, &push.package, occasion)?;
            }
            None => forget_message(desk, push)?,
        }
    }
    let last = pushes
        .last()
        .filter(|push| push.state == PushState::Blocked && push.kind != PushKind::Takedown);
    if let (Some(push), None) = (last, block)
        && !claims::is_overtaken(desk.connection, push)?
    {
        let told = Told {
            due: Some(occasion.now),
            ..Told::default()
        };
        claims::step(desk, push, PushEvent::Retried, &told, occasion)?;
    }
    Ok(())
}

/// Blocks the pushes of a package that was just approved, where its release is blocked.
pub(super) fn hold(
    desk: &Desk<'_>,
    package: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let release = release_of(desk.connection, package).map_err(StoreError::read("a release"))?;
    let Some(release) = release else {
        return Ok(());
    };
    let changes = changes_in(desk.connection, &release)
        .map_err(StoreError::read("the overrides of a release"))?;
    if changes.is_empty() {
        return Ok(());
    }
    let pushes = super::pushes::of_package(desk.connection, package)
        .map_err(StoreError::read("the pushes"))?;
    for push in pushes {
        let waits = push.state == PushState::Queued && push.kind != PushKind::Takedown;
        let Some(block) = block(&changes, &push.dsp).filter(|_| waits) else {
            continue;
        };
        match refuse(desk, &push, block, occasion) {
            Ok(()) => {}
            Err(PushError::Store(error)) => return Err(error),
            Err(error) => {
                // The worker looks once more before it sends.
                tracing::error!(push.id = %push.id, %error, "a push could not be blocked");
            }
        }
    }
    Ok(())
}

fn refuse(
    desk: &Desk<'_>,
    push: &Push,
    block: &OverrideChange,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let store = occasion.people.dsp_name(&push.dsp);
    let told = Told {
        error: Some(block.why_blocked(&store)),
        ..Told::default()
    };
    claims::step(desk, push, PushEvent::Refused, &told, occasion)
}

/// What was made for an earlier try says what held then.
fn forget_message(desk: &Desk<'_>, push: &Push) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached("UPDATE push SET message_id = NULL WHERE id = ?1")
        .and_then(|mut update| update.execute([push.id.as_str()]))
        .map(|_| ())
        .map_err(StoreError::write("a push"))
}

fn insert(
    desk: &Desk<'_>,
    release: &ReleaseKey,
    change: &OverrideChange,
) -> Result<(), StoreError> {
    let value = change.setting.as_ref();
    let value = value
        .map(|setting| json("an override", setting))
        .transpose()?;
    desk.connection
        .prepare_cached(
            "INSERT INTO release_override (label, release, dsp, field, value, reason, actor, at)
             VALUES (:label, :release, :dsp, :field, :value, :reason, :actor, :at)",
        )
        .and_then(|mut insert| {
            insert.execute(named_params! {
                ":label": release.label.as_str(),
                ":release": release.release,
                ":dsp": change.dsp.as_str(),
                ":field": change.field.as_str(),
                ":value": value,
                ":reason": change.reason,
                ":actor": change.actor,
                ":at": time(change.at),
            })
        })
        .map(|_| ())
        .map_err(StoreError::write("an override"))
}

fn release_of(
    connection: &Connection,
    package: &PackageId,
) -> rusqlite::Result<Option<ReleaseKey>> {
    let found = standings::release_of(connection, package)?;
    Ok(found.map(|(label, release)| ReleaseKey {
        label: LabelId::new(label),
        release,
    }))
}

fn pushes_of(
    connection: &Connection,
    release: &ReleaseKey,
    dsp: &DspId,
) -> rusqlite::Result<Vec<Push>> {
    connection
        .prepare_cached(&format!(
            "{SELECT}
             WHERE dsp = ?3 AND package IN (
                 SELECT id FROM package WHERE label = ?1 AND gtin = ?2
                 UNION ALL SELECT id FROM package WHERE label = ?1 AND id = ?2 AND gtin IS NULL)
             ORDER BY seq"
        ))?
        .query_map(
            (release.label.as_str(), &release.release, dsp.as_str()),
            push_of,
        )?
        .collect()
}

fn changes_in(
    connection: &Connection,
    release: &ReleaseKey,
) -> rusqlite::Result<Vec<OverrideChange>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM release_override WHERE label = ?1 AND release = ?2 ORDER BY seq"
        ))?
        .query_map((release.label.as_str(), &release.release), change_of)?
        .collect()
}

fn change_of(row: &Row<'_>) -> rusqlite::Result<OverrideChange> {
    let setting = if row.get_ref(2)? == ValueRef::Null {
        None
    } else {
        Some(json_of::<Setting>(row, 2)?)
    };
    let field = word(row, 1, Field::parse)?;
    if setting
        .as_ref()
        .is_some_and(|setting| setting.field() != field)
    {
        return Err(rusqlite::Error::InvalidColumnType(
            2,
            "value".to_owned(),
            Type::Text,
        ));
    }
    Ok(OverrideChange {
        dsp: DspId::new(row.get::<_, String>(0)?),
        field,
        setting,
        reason: row.get(3)?,
        actor: row.get(4)?,
        at: time_of(row, 5)?,
    })
}
