//! The one door: an event becomes a log line, a status and outbox rows, in one transaction.
//!
//! Approving a package whose label has no DSP agreed is allowed and makes no push: the package
//! stays `qc_approved`, because nothing was delivered and nothing is going to be. The same holds
//! for a test message (HDR-007).

use super::error::{ApplyError, StoreError};
use super::packages::{package_in, report_in};
use super::rows::{json, json_of, time};
use super::writer::Desk;
use super::{People, Store, accounts, claims, covers, letters, overrides, recordings, standings};
use crate::domain::facts::Manifest;
use crate::domain::ids::{LabelId, PackageId, gtin14};
use crate::domain::ledger::Intent;
use crate::domain::letter::LetterKind;
use crate::domain::lifecycle::{Effect, EventKind, Status, next, next_unclaimed};
use crate::domain::package::{Event, Identity, Package};
use crate::domain::report::{Counts, Report};
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, named_params};

/// Who the log names when nobody asked.
pub(super) const DAEMON: &str = "daemon";

impl Store {
    /// Applies an event to a package, with all that follows from it, and returns the package as it
    /// is then. `actor` is who the log names: `daemon`, `label`, or a Unix user.
    ///
    /// The status is looked at inside the transaction: of two who approve, one is refused.
    pub fn apply(
        &self,
        package: &PackageId,
        event: Event,
        actor: &str,
        now: Timestamp,
    ) -> Result<Package, ApplyError> {
        let package = package.clone();
        let actor = actor.to_owned();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: &actor,
                now,
                people: &people,
            };
            apply(desk, &package, &event, occasion)
        })
    }
}

/// Who, when, and whom to tell.
#[derive(Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) actor: &'a str,
    pub(super) now: Timestamp,
    pub(super) people: &'a People,
}

/// The door itself, for use inside a transaction.
pub(super) fn apply(
    desk: &mut Desk<'_>,
    id: &PackageId,
    event: &Event,
    occasion: Occasion<'_>,
) -> Result<Package, ApplyError> {
    let package = package_in(desk.connection, id)
        .map_err(StoreError::read("a package"))?
        .ok_or(ApplyError::NotFound)?;
    let table = if was_claimed(desk, id)? {
        next
    } else {
        next_unclaimed
    };
    let (status, effects) = table(package.status, event.kind())?;
    if status == Status::Receiving && package.status != Status::Receiving {
        alone_in_its_folder(desk, &package)?;
    }
    if let Event::Approved { ticked, .. } = event {
        all_ticked(desk, &package, ticked)?;
    }
    let is_claim = event.kind() == EventKind::Claimed;
    // Taking note of the claim forgets its intent.
    let begun = is_claim
        .then(|| claim_begun(desk, id))
        .transpose()?
        .flatten();
    let line = log(desk, id, event, status, occasion)?;
    desk.connection
        .prepare_cached("UPDATE package SET status = ?2, updated_at = ?3 WHERE id = ?1")
        .and_then(|mut update| update.execute((id.as_str(), status.as_str(), time(occasion.now))))
        .map_err(StoreError::write("a package's status"))?;
    remember(desk, &package, event, occasion)?;
    for effect in effects {
        carry_out(desk, *effect, &package, event, line, occasion)?;
    }
    if is_claim {
        match claimed_since(desk, id, begun.as_deref())? {
            Some(by) => {
                precede(desk, id, &by)?;
                apply(desk, id, &Event::Replaced { by }, occasion)?;
            }
            None => replace_older(desk, id, occasion)?,
        }
    }
    tracing::info!(
        package.id = %id,
        package.event = event.kind().as_str(),
        package.from = package.status.as_str(),
        package.status = status.as_str(),
        actor = ?occasion.actor,
        "package {id} is {status}"
    );
    package_in(desk.connection, id)
        .map_err(StoreError::read("a package"))?
        .ok_or(ApplyError::NotFound)
}

/// Refuses to receive a package again whose folder is being received as another one.
fn alone_in_its_folder(desk: &Desk<'_>, package: &Package) -> Result<(), ApplyError> {
    match receiving(desk.connection, &package.label, &package.folder)
        .map_err(StoreError::read("a folder"))?
    {
        Some(by) => Err(ApplyError::FolderTaken { by }),
        None => Ok(()),
    }
}

/// Refuses an approval as long as a question of the report is not ticked, and ticks that answer
/// nothing: the log must not say that somebody looked at what was never asked.
fn all_ticked(desk: &Desk<'_>, package: &Package, ticked: &[String]) -> Result<(), ApplyError> {
    let report = report_in(desk.connection, &package.id).map_err(StoreError::read("a report"))?;
    if report.is_none() && package.counts.question > 0 {
        return Err(ApplyError::Store(StoreError::Missing {
            what: "report of package",
            id: package.id.to_string(),
        }));
    }
    let asked = report.as_ref().map(Report::questions).unwrap_or_default();
    let not_asked: Vec<String> = ticked
        .iter()
        .filter(|code| !asked.iter().any(|question| question.code == **code))
        .cloned()
        .collect();
    if !not_asked.is_empty() {
        return Err(ApplyError::NotAsked { codes: not_asked });
    }
    let open: Vec<(String, String)> = asked
        .into_iter()
        .filter(|question| !ticked.contains(&question.code))
        .map(|question| (question.code.clone(), question.message.clone()))
        .collect();
    if open.is_empty() {
        Ok(())
    } else {
        Err(ApplyError::Unticked { open })
    }
}

/// Writes the log line and returns its number in the table.
fn log(
    desk: &Desk<'_>,
    id: &PackageId,
    event: &Event,
    status: Status,
    occasion: Occasion<'_>,
) -> Result<i64, StoreError> {
    let body = json("an event", event)?;
    desk.connection
        .prepare_cached(
            "INSERT INTO event (package, number, at, actor, kind, status, body)
             SELECT :package, 1 + coalesce(max(number), 0), :at, :actor, :kind, :status, :body
             FROM event WHERE package = :package",
        )
        .and_then(|mut insert| {
            insert.insert(named_params! {
                ":package": id.as_str(),
                ":at": time(occasion.now),
                ":actor": occasion.actor,
                ":kind": event.kind().as_str(),
                ":status": status.as_str(),
                ":body": body,
            })
        })
        .map_err(StoreError::write("an event"))
}

/// What the package's row learns from the event beside the status.
fn remember(
    desk: &Desk<'_>,
    package: &Package,
    event: &Event,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    match event {
        Event::Stalled { waiting_for } => {
            let waiting_for = json("what is missing", waiting_for)?;
            desk.connection
                .prepare_cached(
                    "UPDATE package SET waiting_for = ?2, stalled_for = ?2 WHERE id = ?1",
                )
                .and_then(|mut update| update.execute((package.id.as_str(), waiting_for)))
                .map_err(StoreError::write("what is missing"))?;
        }
        Event::Claimed { manifest, identity } => {
            claim(desk, package, manifest, identity, occasion.now)?;
        }
        Event::Judged {
            report,
            counts,
            identity,
        } => {
            identify(desk, &package.id, identity)?;
            judge(desk, &package.id, *counts, report.as_deref(), occasion)?;
        }
        Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::AllPushed { .. }
        | Event::Replaced { .. }
        | Event::Withdrawn
        | Event::Parked { .. }
        | Event::Unparked
        | Event::OverQuota { .. }
        | Event::Abandoned { .. }
        | Event::Duplicate { .. } => {}
    }
    Ok(())
}

fn claim(
    desk: &Desk<'_>,
    package: &Package,
    manifest: &Manifest,
    identity: &Identity,
    now: Timestamp,
) -> Result<(), StoreError> {
    identify(desk, &package.id, identity)?;
    let attempt = next_attempt(desk, package, identity)?;
    desk.connection
        .prepare_cached(
            "UPDATE package SET claimed = 1, attempt = :attempt, fingerprint = :fingerprint,
                 received_at = :now, waiting_for = '[]', stalled_for = NULL
             WHERE id = :id",
        )
        .and_then(|mut update| {
            update.execute(named_params! {
                ":id": package.id.as_str(),
                ":attempt": attempt,
                ":fingerprint": manifest.fingerprint(),
                ":now": time(now),
            })
        })
        .map_err(StoreError::write("a claim"))?;
    forget_intent(desk, &package.id)
}

/// One more than the highest attempt of the same release that was ever claimed.
///
/// The same release is the same barcode in whatever spelling. Where one of the two uploads has no
/// barcode that could be read, the same folder name is taken for the same release: a label whose
/// first message was broken sends the mended one under the same name, and calls it its second.
fn next_attempt(
    desk: &Desk<'_>,
    package: &Package,
    identity: &Identity,
) -> Result<u32, StoreError> {
    desk.connection
        .prepare_cached(
            // Two arms, so that each finds its index; a label may have very many packages.
            "SELECT 1 + coalesce(max(attempt), 0) FROM (
                 SELECT attempt FROM package
                 WHERE label = :label AND gtin = :gtin AND claimed = 1 AND id <> :id
                 UNION ALL
                 SELECT attempt FROM package
                 WHERE label = :label AND folder = :folder AND claimed = 1 AND id <> :id
                     AND (gtin IS NULL OR :gtin IS NULL))",
        )
        .and_then(|mut select| {
            select.query_one(
                named_params! {
                    ":id": package.id.as_str(),
                    ":label": package.label.as_str(),
                    ":gtin": gtin(identity),
                    ":folder": package.folder,
                },
                |row| row.get(0),
            )
        })
        .map_err(StoreError::read("earlier attempts"))
}

fn gtin(identity: &Identity) -> Option<String> {
    identity
        .icpn
        .as_deref()
        .map(gtin14)
        .filter(|gtin| !gtin.is_empty())
}

/// Takes over what is known of the release; what is not known leaves what was.
fn identify(desk: &Desk<'_>, id: &PackageId, identity: &Identity) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached(
            "UPDATE package SET icpn = coalesce(:icpn, icpn), gtin = coalesce(:gtin, gtin),
                 title = coalesce(:title, title), artist = coalesce(:artist, artist),
                 message_id = coalesce(:message_id, message_id),
                 message_created = coalesce(:message_created, message_created),
                 tracks = iif(:tracks > 0, :tracks, tracks)
             WHERE id = :id",
        )
        .and_then(|mut update| {
            update.execute(named_params! {
                ":id": id.as_str(),
                ":icpn": identity.icpn,
                ":gtin": gtin(identity),
                ":title": identity.title,
                ":artist": identity.artist,
                ":message_id": identity.message_id,
                ":message_created": identity.message_created,
                ":tracks": identity.tracks,
            })
        })
        .map(|_| ())
        .map_err(StoreError::write("what release a package is"))
}

fn judge(
    desk: &Desk<'_>,
    id: &PackageId,
    counts: Counts,
    report: Option<&Report>,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached(
            "UPDATE package SET errors = ?2, questions = ?3, warnings = ?4, infos = ?5, is_test = ?6
             WHERE id = ?1",
        )
        .and_then(|mut update| {
            update.execute((
                id.as_str(),
                counts.error,
                counts.question,
                counts.warning,
                counts.info,
                report.is_some_and(|report| report.release.is_test),
            ))
        })
        .map_err(StoreError::write("a verdict"))?;
    let Some(report) = report else {
        return Ok(());
    };
    covers::note(desk, id, report)?;
    let body = json("a report", report)?;
    let errors = json("a report's errors", &report.problems())?;
    desk.connection
        .prepare_cached("INSERT INTO report (package, at, body, errors) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| insert.execute((id.as_str(), time(occasion.now), body, errors)))
        .map_err(StoreError::write("a report"))?;
    recordings::remember(desk, id, report)
}

fn forget_intent(desk: &Desk<'_>, id: &PackageId) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached("DELETE FROM intent WHERE package = ?1")
        .and_then(|mut delete| delete.execute([id.as_str()]))
        .map(|_| ())
        .map_err(StoreError::write("an intent"))
}

/// The package that is being received in that folder.
pub(super) fn receiving(
    connection: &Connection,
    label: &LabelId,
    folder: &str,
) -> rusqlite::Result<Option<PackageId>> {
    connection
        .prepare_cached(
            "SELECT id FROM package WHERE label = ?1 AND folder = ?2 AND status = 'receiving'",
        )?
        .query_one((label.as_str(), folder), |row| row.get(0))
        .optional()
        .map(|id: Option<String>| id.map(PackageId::new))
}

pub(super) fn was_claimed(desk: &Desk<'_>, id: &PackageId) -> Result<bool, StoreError> {
    desk.connection
        .prepare_cached("SELECT claimed FROM package WHERE id = ?1")
        .and_then(|mut select| select.query_one([id.as_str()], |row| row.get(0)).optional())
        .map(Option::unwrap_or_default)
        .map_err(StoreError::read("a package"))
}

/// One outbox row for each target of an effect.
fn carry_out(
    desk: &mut Desk<'_>,
    effect: Effect,
    package: &Package,
    event: &Event,
    line: i64,
    occasion: Occasion<'_>,
) -> Result<(), StoreError> {
    let account = accounts::label_where(desk.connection, "id", package.label.as_str())
        .map_err(StoreError::read("a label"))?
        .ok_or_else(|| StoreError::Missing {
            what: "label",
            id: package.label.to_string(),
        })?;
    let cause = letters::Cause {
        package: &package.id,
        event: line,
        push: None,
    };
    if event.kind() == EventKind::Parked && is_known_trouble(desk, package, line)? {
        let awaited = effect == Effect::TellOperator && was_asked_for(desk, package)?;
        if !awaited {
            return Ok(());
        }
    }
    match effect {
        Effect::TellLabel => match letter_for(event.kind()) {
            Some(LetterKind::Delivered) if takes_down(desk, package)? => letters::post(
                desk,
                cause,
                LetterKind::TakenDown,
                &account.emails,
                occasion.now,
            ),
            Some(kind) => letters::post(desk, cause, kind, &account.emails, occasion.now),
            None => Ok(()),
        },
        Effect::TellOperator => {
            let kind = LetterKind::OperatorParked;
            letters::post(desk, cause, kind, &occasion.people.operator, occasion.now)
        }
        Effect::Push => {
            claims::queue(desk, &package.id, &account.dsps, occasion)?;
            overrides::hold(desk, &package.id, occasion)
        }
    }
}

/// Whether what was pushed is a takedown.
fn takes_down(desk: &Desk<'_>, package: &Package) -> Result<bool, StoreError> {
    standings::takes_down(desk.connection, &package.id).map_err(StoreError::read("a report"))
}

/// Whether the same folder was parked before this line of the log, could not be claimed since, and
/// was told of then. Otherwise every try and every start of the daemon would send the same two
/// letters again.
fn is_known_trouble(desk: &Desk<'_>, package: &Package, line: i64) -> Result<bool, StoreError> {
    desk.connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM package AS o JOIN package AS n ON n.id = ?1
                 WHERE o.label = n.label AND o.folder = n.folder
                     AND o.claimed = 0 AND n.claimed = 0
                     AND iif(o.id <> n.id, o.status = 'parked',
                         EXISTS (SELECT 1 FROM event
                             WHERE package = n.id AND kind = 'parked' AND seq < ?2))
                     -- A claim that was cut off and found its files gone is another matter.
                     AND NOT EXISTS (SELECT 1 FROM intent WHERE package = n.id))",
        )
        .and_then(|mut select| select.query_one((package.id.as_str(), line), |row| row.get(0)))
        .map_err(StoreError::read("what was parked"))
}

/// Whether a person asked for the try that failed now, and waits to hear of it.
fn was_asked_for(desk: &Desk<'_>, package: &Package) -> Result<bool, StoreError> {
    desk.connection
        .prepare_cached(
            "SELECT actor FROM event WHERE package = ?1 AND kind = 'unparked'
             ORDER BY number DESC LIMIT 1",
        )
        .and_then(|mut select| {
            select
                .query_one([package.id.as_str()], |row| row.get::<_, String>(0))
                .optional()
        })
        .map(|actor| actor.is_some_and(|actor| actor != DAEMON))
        .map_err(StoreError::read("who asked for another try"))
}

/// The letter to the label that an event sets off.
fn letter_for(event: EventKind) -> Option<LetterKind> {
    match event {
        EventKind::Stalled => Some(LetterKind::Stalled),
        EventKind::Claimed => Some(LetterKind::Incoming),
        EventKind::FoundInvalid => Some(LetterKind::Invalid),
        EventKind::FoundValid => Some(LetterKind::NeedsQc),
        EventKind::Approved => Some(LetterKind::QcApproved),
        EventKind::Rejected => Some(LetterKind::QcRejected),
        EventKind::AllPushed => Some(LetterKind::Delivered),
        EventKind::Parked => Some(LetterKind::Parked),
        EventKind::OverQuota => Some(LetterKind::OverQuota),
        EventKind::Abandoned => Some(LetterKind::Abandoned),
        EventKind::Duplicate => Some(LetterKind::Duplicate),
        EventKind::Replaced | EventKind::Withdrawn | EventKind::Unparked => None,
    }
}

/// The claimed package takes the place of those of the same release that nobody approved yet.
///
/// Without a barcode on both sides only the same folder tells, and a package with a barcode is not
/// given up for one without. A package that was parked before it could be claimed and was not taken
/// up again is replaced by the next claim of its folder: its files are the ones that were claimed now.
/// One whose claim was cut short has files of its own, in the spool; what its intent says tells
/// whether it is the same release.
fn replace_older(
    desk: &mut Desk<'_>,
    newer: &PackageId,
    occasion: Occasion<'_>,
) -> Result<(), ApplyError> {
    let older: Vec<(String, Option<String>, Option<Intent>)> = desk
        .connection
        .prepare_cached(
            "SELECT o.id, n.gtin, i.body FROM package n
                 JOIN package o ON (o.label = n.label AND o.gtin = n.gtin)
                     OR (o.label = n.label AND o.folder = n.folder AND o.gtin IS NULL
                         AND (n.gtin IS NULL OR NOT o.claimed))
                 LEFT JOIN intent i ON i.package = o.id AND NOT o.claimed
             WHERE n.id = ?1 AND o.id <> n.id AND o.status IN ('incoming', 'needs_qc', 'parked')
             ORDER BY o.seq",
        )
        .and_then(|mut select| {
            select
                .query_map([newer.as_str()], |row| {
                    let is_none = row.get_ref(2)? == ValueRef::Null;
                    let intent = if is_none {
                        None
                    } else {
                        Some(json_of(row, 2)?)
                    };
                    Ok((row.get(0)?, row.get(1)?, intent))
                })?
                .collect()
        })
        .map_err(StoreError::read("older packages"))?;
    for (id, release, intent) in older {
        if intent.is_some_and(|intent| gtin(&intent.identity) != release) {
            continue;
        }
        let replaced = Event::Replaced { by: newer.clone() };
        apply(desk, &PackageId::new(id), &replaced, occasion)?;
    }
    Ok(())
}

/// Which package of the same release came and was claimed while this one was parked in the middle of
/// its claim, which was begun at `begun`: that one is the newer.
fn claimed_since(
    desk: &Desk<'_>,
    id: &PackageId,
    begun: Option<&str>,
) -> Result<Option<PackageId>, StoreError> {
    desk.connection
        .prepare_cached(
            "SELECT l.id FROM package n JOIN package l
                 ON (l.label = n.label AND l.gtin = n.gtin)
                     OR (l.label = n.label AND l.folder = n.folder
                         AND l.gtin IS NULL AND n.gtin IS NULL)
             WHERE n.id = ?1 AND l.seq > n.seq AND l.claimed AND EXISTS (
                 SELECT 1 FROM event WHERE package = n.id AND kind = 'parked' AND at >= ?2)
             ORDER BY l.seq DESC LIMIT 1",
        )
        .and_then(|mut select| {
            select
                .query_one((id.as_str(), begun), |row| row.get(0))
                .optional()
        })
        .map(|id: Option<String>| id.map(PackageId::new))
        .map_err(StoreError::read("later packages"))
}

/// An older package must not look like the latest attempt.
fn precede(desk: &Desk<'_>, id: &PackageId, later: &PackageId) -> Result<(), StoreError> {
    desk.connection
        .prepare_cached(
            "UPDATE package SET attempt = (SELECT attempt FROM package WHERE id = ?2) WHERE id = ?1",
        )
        .and_then(|mut update| update.execute((id.as_str(), later.as_str())))
        .map(|_| ())
        .map_err(StoreError::write("an attempt"))
}

/// When the claim was begun.
fn claim_begun(desk: &Desk<'_>, id: &PackageId) -> Result<Option<String>, StoreError> {
    desk.connection
        .prepare_cached("SELECT at FROM intent WHERE package = ?1")
        .and_then(|mut select| select.query_one([id.as_str()], |row| row.get(0)).optional())
        .map_err(StoreError::read("an intent"))
}
