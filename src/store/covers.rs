//! What the covers of a label's packages look like, so that one that comes again is noticed.

use super::error::StoreError;
use super::rows::time_of;
use super::writer::Desk;
use crate::domain::history::EarlierCover;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::report::Report;
use rusqlite::{Connection, named_params};

/// Covers that are compared, at most, the newest first; each costs a few nanoseconds.
const MOST: u32 = 20_000;

/// Keeps what the cover of a judged package looks like.
pub(super) fn note(desk: &Desk<'_>, id: &PackageId, report: &Report) -> Result<(), StoreError> {
    let artwork = report.artwork.as_ref();
    let Some(likeness) = artwork.and_then(|artwork| artwork.likeness.as_deref()) else {
        return Ok(());
    };
    desk.connection
        .prepare_cached(
            "INSERT INTO cover (package, label, likeness)
             SELECT id, label, ?2 FROM package WHERE id = ?1
             ON CONFLICT (package) DO UPDATE SET likeness = excluded.likeness",
        )
        .and_then(|mut insert| insert.execute((id.as_str(), likeness)))
        .map(|_| ())
        .map_err(StoreError::write("a cover"))
}

/// The covers of other releases of the label that were found in order, newest first. A package that
/// was refused is no release: the next one with its cover is its correction.
pub(super) fn earlier(
    connection: &Connection,
    label: &LabelId,
    package: &PackageId,
    gtin: Option<&str>,
) -> rusqlite::Result<Vec<EarlierCover>> {
    connection
        .prepare_cached(
            "SELECT c.likeness, p.title, p.icpn, p.received_at
             FROM cover c JOIN package p ON p.id = c.package
             WHERE c.label = :label AND p.gtin <> :gtin AND p.id <> :package
                 AND p.status IN ('needs_qc', 'qc_approved', 'delivered')
             ORDER BY p.seq DESC LIMIT :most",
        )?
        .query_map(
            named_params! {
                ":label": label.as_str(),
                ":gtin": gtin,
                ":package": package.as_str(),
                ":most": MOST,
            },
            |row| {
                Ok(EarlierCover {
                    likeness: row.get(0)?,
                    title: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    icpn: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    received_at: time_of(row, 3)?,
                })
            },
        )?
        .collect()
}
