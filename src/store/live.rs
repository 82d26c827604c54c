//! Which package of a release stores have, and its files; and what would undo a newer one.

use super::Store;
use super::error::StoreError;
use super::packages::{manifest_in, report_in};
use super::rows::{time_of, word};
use super::standings::TAKES_DOWN;
use crate::domain::facts::Purpose;
use crate::domain::ids::{Isrc, LabelId, PackageId, PushId, gtin14};
use crate::domain::kept::{Stored, StoredFile};
use crate::domain::lifecycle::push::PushState;
use crate::domain::report::{Report, TrackSummary};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, named_params};

/// A package of the same release that is at the same DSP, or on its way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// The package.
    pub package: PackageId,
    /// Its `MessageCreatedDateTime` as written.
    pub message_created: Option<String>,
    /// How far its push is.
    pub state: PushState,
    /// When it was received.
    pub received_at: Timestamp,
}

impl Store {
    /// The package of a label's release that stores have: the one that reached a store last and was
    /// not taken down there since; before any has arrived, the one that was approved last.
    pub fn live_package(
        &self,
        label: &LabelId,
        icpn: &str,
        but: Option<&PackageId>,
    ) -> Result<Option<PackageId>, StoreError> {
        self.read("the version that is live", |connection| {
            package(connection, label, &gtin14(icpn), but)
        })
    }

    /// The files of that package.
    pub fn live_files(&self, label: &LabelId, icpn: &str) -> Result<Option<Stored>, StoreError> {
        self.read("the files of the version that is live", |connection| {
            let Some(package) = package(connection, label, &gtin14(icpn), None)? else {
                return Ok(None);
            };
            let Some(manifest) = manifest_in(connection, &package)? else {
                return Ok(None);
            };
            let report = report_in(connection, &package)?;
            let files = manifest.files.into_iter().map(|line| {
                let track = report.as_ref().and_then(|report| track(&line.path, report));
                StoredFile {
                    purpose: purpose(&line.path, track, report.as_ref()),
                    // Inspection measures it also where the message states none.
                    md5: line.md5.or_else(|| track?.md5.clone()),
                    path: line.path,
                    size: line.size,
                    sha256: line.sha256,
                }
            });
            Ok(Some(Stored {
                files: files.collect(),
                package,
            }))
        })
    }

    /// Other packages of a push's release that its DSP has, or that are on their way there.
    pub fn rivals(&self, push: &PushId) -> Result<Vec<Rival>, StoreError> {
        self.read("other versions at the DSP", |connection| {
            connection
                .prepare_cached(
                    "SELECT o.id, o.message_created, e.state, o.received_at
                     FROM push q JOIN package p ON p.id = q.package
                         JOIN package o ON o.label = p.label AND o.gtin = p.gtin AND o.id <> p.id
                         JOIN push e ON e.package = o.id AND e.dsp = q.dsp
                     WHERE q.id = ?1 AND e.state IN (
                         'preparing', 'sending', 'sent', 'sent_unknown', 'acknowledged')
                     ORDER BY e.seq",
                )?
                .query_map([push.as_str()], |row| {
                    Ok(Rival {
                        package: PackageId::new(row.get::<_, String>(0)?),
                        message_created: row.get(1)?,
                        state: word(row, 2, PushState::parse)?,
                        received_at: time_of(row, 3)?,
                    })
                })?
                .collect()
        })
    }
}

/// Whether a path of a manifest is a file of the report. A release that lies one folder too deep is
/// reported without that folder.
fn is(path: &str, file: &str) -> bool {
    path == file || path.ends_with(&format!("/{file}"))
}

fn track<'a>(path: &str, report: &'a Report) -> Option<&'a TrackSummary> {
    let mut tracks = report.tracks.iter();
    tracks.find(|track| track.file.as_deref().is_some_and(|file| is(path, file)))
}

/// What a file of a package is, as its report has it.
fn purpose(path: &str, track: Option<&TrackSummary>, report: Option<&Report>) -> Option<Purpose> {
    if let Some(track) = track {
        let isrc = Isrc::parse_lenient(track.isrc.as_deref()?)?;
        return Some(Purpose::Recording(isrc.as_str().to_owned()));
    }
    let cover = report?.artwork.as_ref()?;
    is(path, &cover.file).then_some(Purpose::Cover)
}

/// See [`Store::live_package`]. A store that took a takedown last has nothing.
pub(super) fn package(
    connection: &Connection,
    label: &LabelId,
    gtin: &str,
    but: Option<&PackageId>,
) -> rusqlite::Result<Option<PackageId>> {
    if gtin.is_empty() {
        return Ok(None);
    }
    let named = named_params! {
        ":label": label.as_str(),
        ":gtin": gtin,
        ":but": but.map_or("", PackageId::as_str),
    };
    let arrived: Vec<(String, bool)> = connection
        .prepare_cached(
            "SELECT p.id, e.kind = 'takedown' OR EXISTS (
                     SELECT 1 FROM push l JOIN package o ON o.id = l.package
                     WHERE o.label = p.label AND o.gtin = p.gtin AND l.dsp = e.dsp
                         AND l.seq > e.seq AND l.kind = 'takedown'
                         AND l.state IN ('sent', 'acknowledged'))
             FROM package p JOIN push e ON e.package = p.id
             WHERE p.label = :label AND p.gtin = :gtin AND p.id <> :but
                 AND e.state IN ('sent', 'acknowledged')
             ORDER BY e.seq DESC",
        )?
        .query_map(named, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if !arrived.is_empty() {
        let mut standing = arrived.into_iter().filter(|(_, is_down)| !is_down);
        return Ok(standing.next().map(|(id, _)| PackageId::new(id)));
    }
    connection
        .prepare_cached(&format!(
            "SELECT id FROM package p
             WHERE label = :label AND gtin = :gtin AND id <> :but
                 AND status IN ('qc_approved', 'delivered') AND NOT {}
             ORDER BY attempt DESC, seq DESC LIMIT 1",
            TAKES_DOWN.replace("{}", "p.id")
        ))?
        .query_one(named, |row| Ok(PackageId::new(row.get::<_, String>(0)?)))
        .optional()
}
