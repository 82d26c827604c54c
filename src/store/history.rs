//! What the store knows of a label's earlier packages, as far as rules and letters ask for it.

use super::accounts::label_where;
use super::error::StoreError;
use super::packages::manifest_in;
use super::rows::{json_of, time_of, word};
use super::{Store, barcodes, covers, recordings, standings};
use crate::domain::facts::ManifestFile;
use crate::domain::history::{Earlier, History, Track};
use crate::domain::ids::{LabelId, PackageId, gtin14};
use crate::domain::lifecycle::Status;
use crate::domain::report::attempts::Previous;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

/// What `earlier` reads.
const SELECT: &str = "SELECT p.id, p.attempt, p.status, p.received_at, p.title, p.icpn,
        p.message_created, p.fingerprint, coalesce(r.errors, '[]'), r.package IS NOT NULL
    FROM package p LEFT JOIN report r ON r.package = p.id";

/// Whose history, seen from which package.
#[derive(Clone, Copy, Debug)]
pub struct HistoryQuestion<'a> {
    /// The label.
    pub label: &'a LabelId,
    /// The package that asks; it and what came after it are left out.
    pub package: &'a PackageId,
    /// Its barcode, in any spelling.
    pub icpn: Option<&'a str>,
    /// Its `MessageId`.
    pub message_id: Option<&'a str>,
    /// The DPID that its message names as sender.
    pub sender_dpid: Option<&'a str>,
    /// Its tracks.
    pub tracks: &'a [Track],
}

impl Store {
    /// Earlier packages that matter to the one at hand.
    pub fn history(&self, question: &HistoryQuestion<'_>) -> Result<History, StoreError> {
        self.read("a release's history", |connection| {
            let gtin = question.icpn.map(gtin14).filter(|gtin| !gtin.is_empty());
            let dpid_of_other_label = connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM label
                     WHERE upper(trim(dpid)) = upper(trim(?1)) AND id <> ?2)",
                )?
                .query_one((question.sender_dpid, question.label.as_str()), |row| {
                    row.get(0)
                })?;
            let account = label_where(connection, "id", question.label.as_str())?;
            let takedowns = standings::takedowns(connection, question.label, gtin.as_deref())?;
            Ok(History {
                received_at: received_at(connection, question.package)?,
                contract: account
                    .map(|account| account.territories)
                    .unwrap_or_default(),
                same_release: same_release(connection, question, gtin.as_deref())?,
                icpn_of_other_label: barcodes::is_of_other_label(
                    connection,
                    question.label,
                    question.package,
                    gtin.as_deref(),
                )?,
                same_message_id: same_message_id(connection, question, gtin.as_deref())?,
                dpid_of_other_label,
                taken_over: lines(connection, question.package, |file| file.taken_over)?,
                kept: lines(connection, question.package, |file| file.kept.is_some())?,
                live: recordings::live(connection, question, gtin.as_deref())?
                    .filter(|_| !takedowns.everywhere),
                takedowns,
                is_being_delivered: recordings::is_being_delivered(
                    connection,
                    question,
                    gtin.as_deref(),
                )?,
                relatives: recordings::relatives(connection, question, gtin.as_deref())?,
                covers: covers::earlier(
                    connection,
                    question.label,
                    question.package,
                    gtin.as_deref(),
                )?,
            })
        })
    }

    /// The attempt before, as far as it was judged; `None` for a first attempt.
    ///
    /// It is found as `apply` numbers attempts: same barcode, or same folder where one of the two has
    /// none. One that was replaced before it was judged is passed over.
    pub fn previous(&self, id: &PackageId) -> Result<Option<Previous>, StoreError> {
        self.read("the attempt before", |connection| {
            connection
                .prepare_cached(
                    "SELECT o.attempt, before.errors
                     FROM package n
                         JOIN package o ON (o.label = n.label AND o.gtin = n.gtin)
                             OR (o.label = n.label AND o.folder = n.folder
                                 AND (o.gtin IS NULL OR n.gtin IS NULL))
                         JOIN report before ON before.package = o.id
                     WHERE n.id = ?1 AND n.claimed AND o.claimed AND o.attempt < n.attempt
                     ORDER BY o.attempt DESC, o.seq DESC LIMIT 1",
                )?
                .query_one([id.as_str()], |row| {
                    Ok(Previous {
                        attempt: row.get(0)?,
                        problems: json_of(row, 1)?,
                    })
                })
                .optional()
        })
    }
}

/// Paths of a package's files that are so.
fn lines(
    connection: &Connection,
    package: &PackageId,
    wanted: fn(&ManifestFile) -> bool,
) -> rusqlite::Result<Vec<String>> {
    let manifest = manifest_in(connection, package)?;
    let files = manifest.map(|manifest| manifest.files).unwrap_or_default();
    let wanted = files.into_iter().filter(wanted);
    Ok(wanted.map(|file| file.path).collect())
}

fn received_at(
    connection: &Connection,
    package: &PackageId,
) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT received_at FROM package WHERE id = ?1")?
        .query_one([package.as_str()], |row| time_of(row, 0))
        .optional()
}

fn same_release(
    connection: &Connection,
    question: &HistoryQuestion<'_>,
    gtin: Option<&str>,
) -> rusqlite::Result<Vec<Earlier>> {
    // Attempts count claims, so "earlier" is a lower attempt; a package that is not claimed yet
    // comes after all that are.
    connection
        .prepare_cached(&format!(
            "{SELECT}
             WHERE p.label = :label AND p.gtin = :gtin AND p.claimed = 1 AND p.id <> :package
                 AND p.attempt < coalesce((SELECT attempt FROM package
                     WHERE id = :package AND claimed = 1 AND gtin = :gtin), p.attempt + 1)
             ORDER BY p.attempt, p.seq"
        ))?
        .query_map(
            named_params! {
                ":label": question.label.as_str(),
                ":gtin": gtin,
                ":package": question.package.as_str(),
            },
            earlier,
        )?
        .collect()
}

fn same_message_id(
    connection: &Connection,
    question: &HistoryQuestion<'_>,
    gtin: Option<&str>,
) -> rusqlite::Result<Vec<Earlier>> {
    connection
        .prepare_cached(&format!(
            "{SELECT}
             WHERE p.label = :label AND p.message_id = :message_id AND p.gtin IS NOT :gtin
                 AND p.claimed = 1 AND p.id <> :package
                 AND p.seq < coalesce((SELECT seq FROM package WHERE id = :package), p.seq + 1)
             ORDER BY p.seq"
        ))?
        .query_map(
            named_params! {
                ":label": question.label.as_str(),
                ":gtin": gtin,
                ":message_id": question.message_id,
                ":package": question.package.as_str(),
            },
            earlier,
        )?
        .collect()
}

fn earlier(row: &Row<'_>) -> rusqlite::Result<Earlier> {
    Ok(Earlier {
        id: PackageId::new(row.get::<_, String>(0)?),
        attempt: row.get(1)?,
        status: word(row, 2, Status::parse)?,
        received_at: time_of(row, 3)?,
        title: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        icpn: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        message_created: row.get(6)?,
        fingerprint: row.get(7)?,
        errors: json_of(row, 8)?,
        judged: row.get(9)?,
    })
}
