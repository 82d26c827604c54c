//! Reads packages, their logs, reports and manifests.

use super::Store;
use super::error::StoreError;
use super::rows::{json_of, time_of, word};
use crate::domain::facts::Manifest;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::lifecycle::Status;
use crate::domain::package::{Event, LogLine, Package};
use crate::domain::report::{Counts, Report};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

/// What `package_of` reads.
const SELECT: &str = "SELECT p.id, p.label, l.name, p.folder, p.status, p.attempt, p.icpn, p.title,
        p.artist, p.tracks, p.errors, p.questions, p.warnings, p.infos, p.waiting_for, p.via_sftp,
        p.received_at, p.updated_at
    FROM package p JOIN label l ON l.id = p.label";

/// Identifiers shown of an ambiguous text.
const SHOWN_MATCHES: u32 = 10;

/// Characters of an identifier that have to be typed, at least.
const TYPED_CHARACTERS: usize = 4;

/// Which packages; what is `None` does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// In this status.
    pub status: Option<Status>,
    /// Of this label.
    pub label: Option<LabelId>,
    /// So many at most, the newest.
    pub limit: Option<u32>,
}

/// What a typed text means.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// This one.
    One(T),
    /// Nothing.
    None,
    /// Several; the identifiers of the first ten.
    Many(Vec<String>),
}

impl Store {
    /// One package.
    pub fn package(&self, id: &PackageId) -> Result<Option<Package>, StoreError> {
        self.read("a package", |connection| package_in(connection, id))
    }

    /// The package that a person means: by its whole identifier, or by its first or last
    /// characters (four at least), capital or not.
    pub fn find_package(&self, text: &str) -> Result<Found<Package>, StoreError> {
        self.read("a package", |connection| {
            match matching(connection, "package", text)? {
                Found::One(id) => {
                    let package = package_in(connection, &PackageId::new(id))?;
                    Ok(package.map_or(Found::None, Found::One))
                }
                Found::None => Ok(Found::None),
                Found::Many(ids) => Ok(Found::Many(ids)),
            }
        })
    }

    /// Packages, newest first.
    pub fn packages(&self, filter: &PackageFilter) -> Result<Vec<Package>, StoreError> {
        // Only the conditions that are asked for, so that each finds its index.
        let named = [
            ("p.status = ?", filter.status.map(Status::as_str)),
            ("p.label = ?", filter.label.as_ref().map(LabelId::as_str)),
        ];
        let asked = named
            .into_iter()
            .filter_map(|(sql, value)| Some((sql, value?)));
        let (mut conditions, values): (Vec<&str>, Vec<&str>) = asked.unzip();
        conditions.insert(0, "TRUE");
        let conditions = conditions.join(" AND ");
        let mut values: Vec<Value> = values
            .into_iter()
            .map(|value| Value::Text(value.to_owned()))
            .collect();
        values.push(Value::Integer(filter.limit.map_or(-1, i64::from)));
        self.read("the packages", |connection| {
            connection
                .prepare_cached(&format!(
                    "{SELECT} WHERE {conditions} ORDER BY p.seq DESC LIMIT ?"
                ))?
                .query_map(params_from_iter(values), package_of)?
                .collect()
        })
    }

    /// A package's log, oldest first.
    pub fn log(&self, id: &PackageId) -> Result<Vec<LogLine>, StoreError> {
        self.read("a package's log", |connection| {
            connection
                .prepare_cached(
                    "SELECT number, at, actor, body, status FROM event
                     WHERE package = ?1 ORDER BY number",
                )?
                .query_map([id.as_str()], log_line)?
                .collect()
        })
    }

    /// A package's report, once it was judged.
    pub fn report(&self, id: &PackageId) -> Result<Option<Report>, StoreError> {
        self.read("a report", |connection| report_in(connection, id))
    }

    /// Codes of the questions in a package's report, in its order.
    pub fn questions(&self, id: &PackageId) -> Result<Vec<String>, StoreError> {
        self.read("a report's questions", |connection| {
            connection
                .prepare_cached(
                    "SELECT finding.value ->> 'code'
                     FROM report, json_each(report.body, '$.findings') AS finding
                     WHERE report.package = ?1 AND finding.value ->> 'severity' = 'question'
                     GROUP BY 1 ORDER BY min(finding.key)",
                )?
                .query_map([id.as_str()], |row| row.get(0))?
                .collect()
        })
    }

    /// What was claimed, once it was.
    pub fn manifest(&self, id: &PackageId) -> Result<Option<Manifest>, StoreError> {
        self.read("a manifest", |connection| manifest_in(connection, id))
    }
}

pub(super) fn manifest_in(
    connection: &Connection,
    id: &PackageId,
) -> rusqlite::Result<Option<Manifest>> {
    let event: Option<Event> = connection
        .prepare_cached("SELECT body FROM event WHERE package = ?1 AND kind = 'claimed'")?
        .query_one([id.as_str()], |row| json_of(row, 0))
        .optional()?;
    Ok(match event {
        Some(Event::Claimed { manifest, .. }) => Some(manifest),
        Some(_) | None => None,
    })
}

pub(super) fn package_in(
    connection: &Connection,
    id: &PackageId,
) -> rusqlite::Result<Option<Package>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE p.id = ?1"))?
        .query_one([id.as_str()], package_of)
        .optional()
}

pub(super) fn report_in(
    connection: &Connection,
    id: &PackageId,
) -> rusqlite::Result<Option<Report>> {
    connection
        .prepare_cached("SELECT body FROM report WHERE package = ?1")?
        .query_one([id.as_str()], |row| json_of(row, 0))
        .optional()
}

/// Reads the columns number, at, actor, body, status.
pub(super) fn log_line(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    Ok(LogLine {
        number: row.get(0)?,
        at: time_of(row, 1)?,
        actor: row.get(2)?,
        event: json_of(row, 3)?,
        status: word(row, 4, Status::parse)?,
    })
}

fn package_of(row: &Row<'_>) -> rusqlite::Result<Package> {
    Ok(Package {
        id: PackageId::new(row.get::<_, String>(0)?),
        label: LabelId::new(row.get::<_, String>(1)?),
        label_name: row.get(2)?,
        folder: row.get(3)?,
        status: word(row, 4, Status::parse)?,
        attempt: row.get(5)?,
        icpn: row.get(6)?,
        title: row.get(7)?,
        artist: row.get(8)?,
        tracks: row.get(9)?,
        counts: Counts {
            error: row.get(10)?,
            question: row.get(11)?,
            warning: row.get(12)?,
            info: row.get(13)?,
        },
        waiting_for: json_of(row, 14)?,
        via_sftp: row.get(15)?,
        received_at: time_of(row, 16)?,
        updated_at: time_of(row, 17)?,
    })
}

/// The identifiers in `table` (one of ours) that a typed text may mean.
pub(super) fn matching(
    connection: &Connection,
    table: &'static str,
    text: &str,
) -> rusqlite::Result<Found<String>> {
    let wanted = crockford(text);
    if wanted.len() < TYPED_CHARACTERS {
        return Ok(Found::None);
    }
    let mut ids: Vec<String> = connection
        .prepare_cached(&format!(
            "SELECT id FROM {table}
             WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1
             ORDER BY seq DESC LIMIT ?2"
        ))?
        .query_map((&wanted, SHOWN_MATCHES), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(match ids.len() {
        0 => Found::None,
        1 => ids.pop().map_or(Found::None, Found::One),
        _ => Found::Many(ids),
    })
}

/// Capital letters, and the digits for letters that Crockford's base 32 leaves out because people
/// take them for digits.
fn crockford(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}
