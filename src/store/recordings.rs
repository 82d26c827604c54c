//! The tracks of packages that were found valid, and which of them have to do with a package.

use super::error::StoreError;
use super::history::HistoryQuestion;
use super::rows::json_of;
use super::standings::TAKES_DOWN;
use super::writer::Desk;
use crate::domain::history::{Relation, Relative, Track, Version, relation};
use crate::domain::ids::PackageId;
use crate::domain::report::{ReleaseSummary, Report};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use std::collections::BTreeMap;

/// Recordings that are looked at for one track; a code that is everybody's says nothing any more.
const MOST: u32 = 50;

/// Recordings by ISRC or sound, of the newest version of each other release that counts.
const RELATED: &str = "SELECT x.number, x.title, x.artist, x.isrc, x.duration_ms, x.sound,
        p.label, coalesce(p.gtin, p.id), coalesce(p.title, '')
    FROM recording x JOIN package p ON p.id = x.package
    WHERE p.status IN ('needs_qc', 'qc_approved', 'delivered') AND p.id <> :package
        AND (p.label <> :label OR p.gtin IS NOT :gtin)
        AND NOT EXISTS (SELECT 1 FROM package n
            WHERE n.label = p.label AND n.gtin = p.gtin AND n.seq > p.seq
                AND n.status IN ('needs_qc', 'qc_approved', 'delivered'))";

/// Remembers the tracks of a package that was found valid.
pub(super) fn remember(desk: &Desk<'_>, id: &PackageId, report: &Report) -> Result<(), StoreError> {
    if report.counts.error > 0 {
        return Ok(());
    }
    for track in report.tracks.iter().map(Track::of) {
        let duration = track.duration_ms.and_then(|ms| i64::try_from(ms).ok());
        desk.connection
            .prepare_cached(
                "INSERT INTO recording (package, number, isrc, title, artist, duration_ms, sound)
                 VALUES (:package, :number, :isrc, :title, :artist, :duration, :sound)",
            )
            .and_then(|mut insert| {
                insert.execute(named_params! {
                    ":package": id.as_str(),
                    ":number": track.number,
                    ":isrc": track.isrc,
                    ":title": track.title,
                    ":artist": track.artist,
                    ":duration": duration,
                    ":sound": track.sound,
                })
            })
            .map_err(StoreError::write("a recording"))?;
    }
    Ok(())
}

fn track(row: &Row<'_>) -> rusqlite::Result<Track> {
    let duration: Option<i64> = row.get(4)?;
    Ok(Track {
        number: row.get(0)?,
        title: row.get(1)?,
        artist: row.get(2)?,
        isrc: row.get(3)?,
        duration_ms: duration.and_then(|ms| u64::try_from(ms).ok()),
        sound: row.get(5)?,
    })
}

/// The version of the release that was approved or delivered last.
pub(super) fn live(
    connection: &Connection,
    question: &HistoryQuestion<'_>,
    gtin: Option<&str>,
) -> rusqlite::Result<Option<Version>> {
    let found: Option<(String, ReleaseSummary)> = connection
        .prepare_cached(&format!(
            "SELECT p.id, r.body -> '$.release' FROM package p JOIN report r ON r.package = p.id
             WHERE p.label = ?1 AND p.gtin = ?2 AND p.id <> ?3
                 AND p.status IN ('qc_approved', 'delivered') AND NOT {}
             ORDER BY p.attempt DESC, p.seq DESC LIMIT 1",
            TAKES_DOWN.replace("{}", "p.id")
        ))?
        .query_one(
            (question.label.as_str(), gtin, question.package.as_str()),
            |row| Ok((row.get(0)?, json_of(row, 1)?)),
        )
        .optional()?;
    let Some((package, release)) = found else {
        return Ok(None);
    };
    let tracks = connection
        .prepare_cached(
            "SELECT number, title, artist, isrc, duration_ms, sound FROM recording
             WHERE package = ?1 ORDER BY number, seq",
        )?
        .query_map([package], track)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(Version {
        tracks,
        territories: release.territories,
        use_types: release.use_types,
        thread_id: release.thread_id,
    }))
}

/// Whether a push of the release waits or runs.
pub(super) fn is_being_delivered(
    connection: &Connection,
    question: &HistoryQuestion<'_>,
    gtin: Option<&str>,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM push q JOIN package p ON p.id = q.package
             WHERE p.label = ?1 AND p.gtin = ?2 AND p.id <> ?3
                 AND q.state IN ('queued', 'preparing', 'sending', 'sent_unknown'))",
        )?
        .query_one(
            (question.label.as_str(), gtin, question.package.as_str()),
            |row| row.get(0),
        )
}

/// Recordings of other releases that have to do with the package's tracks: one for each track and
/// relation, an own one before another label's.
pub(super) fn relatives(
    connection: &Connection,
    question: &HistoryQuestion<'_>,
    gtin: Option<&str>,
) -> rusqlite::Result<Vec<Relative>> {
    let mut found: BTreeMap<(u32, Relation), Relative> = BTreeMap::new();
    for asked in question.tracks {
        for (column, value) in [("isrc", &asked.isrc), ("sound", &asked.sound)] {
            let Some(value) = value else { continue };
            let mut select = connection.prepare_cached(&format!(
                "{RELATED} AND x.{column} = :value ORDER BY p.seq DESC LIMIT :most"
            ))?;
            let mut rows = select.query(named_params! {
                ":label": question.label.as_str(),
                ":package": question.package.as_str(),
                ":gtin": gtin,
                ":value": value,
                ":most": MOST,
            })?;
            while let Some(row) = rows.next()? {
                let other = track(row)?;
                let Some(relation) = relation(asked, &other) else {
                    continue;
                };
                let is_own = row.get::<_, String>(6)? == question.label.as_str();
                // Another label's master of the same recording is cut otherwise as a rule.
                if !is_own && relation == Relation::OtherSound {
                    continue;
                }
                let own = if is_own {
                    Some((other, row.get(8)?))
                } else {
                    None
                };
                let relative = Relative {
                    number: asked.number,
                    relation,
                    own,
                };
                let place = found
                    .entry((asked.number, relation))
                    .or_insert_with(|| relative.clone());
                if place.own.is_none() && is_own {
                    *place = relative;
                }
            }
        }
    }
    Ok(found.into_values().collect())
}
