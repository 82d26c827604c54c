//! Where releases stand at DSPs, as takedowns, approvals and rules ask for it.

use super::Store;
use super::error::StoreError;
use super::pushes::{SELECT, push_of};
use super::rows::{time, time_of, word};
use crate::domain::history::{Down, Takedowns};
use crate::domain::ids::{DspId, LabelId, PackageId};
use crate::domain::push::{Order, Push, PushKind};
use crate::domain::rules;
use crate::domain::takedown::{AtDsp, standings};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, named_params};
use std::collections::BTreeMap;

/// SQL: whether the message of package `{}` takes its release down (UPD-004).
pub(super) const TAKES_DOWN: &str =
    "EXISTS (SELECT 1 FROM report tr, json_each(tr.body, '$.findings') tf
     WHERE tr.package = {} AND tf.value ->> '$.code' = 'UPD-004')";

impl Store {
    /// Where a release stands at each DSP that ever had to do with it. `release` as in `Wanted`.
    pub fn standings(
        &self,
        label: &LabelId,
        release: &str,
    ) -> Result<BTreeMap<DspId, AtDsp>, StoreError> {
        self.read("where a release stands", |connection| {
            of_release(connection, label.as_str(), release).map(standings)
        })
    }

    /// Where the release of a package stands without that package's own pushes: what it finds there.
    pub fn standings_without(
        &self,
        package: &PackageId,
    ) -> Result<BTreeMap<DspId, AtDsp>, StoreError> {
        self.read("where a release stands", |connection| {
            let found = release_of(connection, package)?;
            let (label, release) = found.unwrap_or_default();
            let mut pushes = of_release(connection, &label, &release)?;
            pushes.retain(|push| push.package != *package);
            Ok(standings(pushes))
        })
    }

    /// The same for the release of a package.
    pub fn standings_of(&self, package: &PackageId) -> Result<BTreeMap<DspId, AtDsp>, StoreError> {
        self.read("where a release stands", |connection| {
            let found = release_of(connection, package)?;
            let (label, release) = found.unwrap_or_default();
            of_release(connection, &label, &release).map(standings)
        })
    }

    /// Labels that have a package with that barcode (GTIN-14), by name, each with its newest package.
    pub fn labels_with(&self, gtin: &str) -> Result<Vec<(LabelId, String, PackageId)>, StoreError> {
        self.read("labels with a barcode", |connection| {
            connection
                .prepare_cached(
                    "SELECT l.id, l.name, (SELECT n.id FROM package n
                         WHERE n.gtin = ?1 AND n.label = l.id AND n.claimed = 1
                         ORDER BY n.seq DESC LIMIT 1)
                     FROM label l WHERE EXISTS (SELECT 1 FROM package p
                         WHERE p.gtin = ?1 AND p.label = l.id AND p.claimed = 1)
                     ORDER BY l.name",
                )?
                .query_map([gtin], |row| {
                    Ok((
                        LabelId::new(row.get::<_, String>(0)?),
                        row.get(1)?,
                        PackageId::new(row.get::<_, String>(2)?),
                    ))
                })?
                .collect()
        })
    }

    /// The version of a package's release that a DSP has, other than the package itself.
    pub fn version_before(
        &self,
        package: &PackageId,
        dsp: &DspId,
    ) -> Result<Option<PackageId>, StoreError> {
        self.read("the version that a DSP has", |connection| {
            connection
                .prepare_cached(
                    "SELECT e.package FROM package p JOIN package o
                         ON o.label = p.label AND o.gtin = p.gtin AND o.id <> p.id
                     JOIN push e ON e.package = o.id AND e.dsp = ?2 AND e.kind <> 'takedown'
                         AND e.state IN ('sent', 'sent_unknown', 'acknowledged')
                     WHERE p.id = ?1 ORDER BY e.seq DESC LIMIT 1",
                )?
                .query_one((package.as_str(), dsp.as_str()), |row| {
                    Ok(PackageId::new(row.get::<_, String>(0)?))
                })
                .optional()
        })
    }

    /// What a push of the package would be to a DSP now.
    pub fn kind_at(&self, package: &PackageId, dsp: &DspId) -> Result<PushKind, StoreError> {
        self.read("what a package is to a DSP", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {} FROM package n WHERE n.id = :package",
                    kind_sql()
                ))?
                .query_one(
                    named_params! { ":package": package.as_str(), ":dsp": dsp.as_str() },
                    |row| word(row, 0, PushKind::parse),
                )
                .optional()
                .map(|kind| kind.unwrap_or(PushKind::New))
        })
    }
}

/// SQL: what package `n` is to `:dsp`. What the reviewer saw is what the push is.
pub(super) fn kind_sql() -> String {
    format!(
        "CASE WHEN {} THEN 'takedown'
         WHEN coalesce((SELECT e.kind <> 'takedown' FROM push e JOIN package o ON o.id = e.package
                 WHERE e.dsp = :dsp AND o.label = n.label AND o.gtin = n.gtin
                     AND e.state NOT IN ('cancelled', 'blocked', 'failed')
                     AND NOT (e.kind = 'takedown' AND e.state = 'refused')
                 ORDER BY e.seq DESC LIMIT 1), 0)
             THEN 'update'
         ELSE 'new' END",
        TAKES_DOWN.replace("{}", "n.id")
    )
}

/// Label and release of a package.
pub(super) fn release_of(
    connection: &Connection,
    package: &PackageId,
) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("SELECT label, coalesce(gtin, id) FROM package WHERE id = ?1")?
        .query_one([package.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// All pushes of a release, oldest first.
pub(super) fn of_release(
    connection: &Connection,
    label: &str,
    release: &str,
) -> rusqlite::Result<Vec<Push>> {
    connection
        .prepare_cached(&format!(
            "{SELECT} WHERE package IN (SELECT id FROM package WHERE label = ?1 AND gtin = ?2
                 UNION ALL SELECT id FROM package WHERE id = ?2 AND label = ?1 AND gtin IS NULL)
             ORDER BY seq"
        ))?
        .query_map((label, release), push_of)?
        .collect()
}

pub(super) fn takes_down(connection: &Connection, package: &PackageId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(&format!("SELECT {}", TAKES_DOWN.replace("{}", "?1")))?
        .query_one([package.as_str()], |row| row.get(0))
}

/// Whether the package was sent as a test (HDR-007, HDR-008).
pub(super) fn is_test(connection: &Connection, package: &PackageId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM package WHERE id = ?1 AND is_test = 1)")?
        .query_one([package.as_str()], |row| row.get(0))
}

/// Why a package that was just approved must not go to a DSP: an operator took the release down there
/// after its message was made. `None` when nothing is against it.
pub(super) fn stands_against(
    connection: &Connection,
    package: &PackageId,
    dsp: &DspId,
) -> rusqlite::Result<Option<Order>> {
    let row: Option<(Option<String>, Timestamp)> = connection
        .prepare_cached("SELECT message_created, received_at FROM package WHERE id = ?1")?
        .query_one([package.as_str()], |row| {
            Ok((row.get(0)?, time_of(row, 1)?))
        })
        .optional()?;
    let Some((created, received)) = row else {
        return Ok(None);
    };
    let made = created
        .as_deref()
        .and_then(|created| rules::made_at(created, received))
        .unwrap_or(received);
    connection
        .prepare_cached(
            "SELECT t.id, t.actor, t.reason, t.at, t.purge
             FROM package p JOIN takedown t
                 ON t.label = p.label AND t.release = coalesce(p.gtin, p.id)
             WHERE p.id = :package AND t.at > :made
                 AND EXISTS (SELECT 1 FROM json_each(t.dsps) WHERE value = :dsp)
                 AND NOT EXISTS (SELECT 1 FROM push q WHERE q.takedown = t.id AND q.dsp = :dsp
                     AND q.state = 'cancelled')
             ORDER BY t.seq DESC LIMIT 1",
        )?
        .query_one(
            named_params! {
                ":package": package.as_str(),
                ":made": time(made),
                ":dsp": dsp.as_str(),
            },
            |row| {
                Ok(Order {
                    id: row.get(0)?,
                    by: row.get(1)?,
                    why: row.get(2)?,
                    at: time_of(row, 3)?,
                    purge: row.get(4)?,
                })
            },
        )
        .optional()
}

/// What rules ask about takedowns of a release.
pub(super) fn takedowns(
    connection: &Connection,
    label: &LabelId,
    gtin: Option<&str>,
) -> rusqlite::Result<Takedowns> {
    let Some(gtin) = gtin else {
        return Ok(Takedowns::default());
    };
    let all = standings(of_release(connection, label.as_str(), gtin)?);
    let down = all.iter().filter(|(_, at)| !at.is_live());
    let down: Vec<Down> = down
        .filter_map(|(dsp, at)| {
            Some(Down {
                dsp: dsp.to_string(),
                since: at.down_since?,
                by_us: at.order.is_some(),
            })
        })
        .collect();
    let packages = connection
        .prepare_cached(&format!(
            "SELECT id FROM package p WHERE label = ?1 AND gtin = ?2 AND {}",
            TAKES_DOWN.replace("{}", "p.id")
        ))?
        .query_map((label.as_str(), gtin), |row| {
            Ok(PackageId::new(row.get::<_, String>(0)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Takedowns {
        everywhere: !down.is_empty() && !all.values().any(AtDsp::is_live),
        down,
        packages,
    })
}
