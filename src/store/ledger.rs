//! Intake's memory: `domain::ledger::Ledger` on the store.
//!
//! Intake may call everything twice: it starts again after a crash at any point, and events come
//! more than once. A call that finds its work done is no failure.

use super::Store;
use super::apply::{DAEMON, Occasion, apply, receiving, was_claimed};
use super::doubles::idle;
use super::error::{ApplyError, StoreError};
use super::packages::package_in;
use super::rows::{json, json_of, time};
use super::writer::Desk;
use crate::domain::fault::Fault;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::kept::Stored;
use crate::domain::ledger::{Earlier, Intent, Ledger, OpenFolder};
use crate::domain::lifecycle::Status;
use crate::domain::package::{Event, Package};
use rusqlite::{Connection, OptionalExtension as _, named_params};
use std::time::Duration;

/// Who the log names for what a label did to its folder.
const LABEL: &str = "label";

impl Ledger for Store {
    fn open_folders(&self) -> Result<Vec<OpenFolder>, Fault> {
        self.read("the open folders", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, label, folder, via_sftp FROM package
                     WHERE status = 'receiving' ORDER BY seq",
                )?
                .query_map([], |row| {
                    Ok(OpenFolder {
                        package: PackageId::new(row.get::<_, String>(0)?),
                        label: LabelId::new(row.get::<_, String>(1)?),
                        folder: row.get(2)?,
                        via_sftp: row.get(3)?,
                    })
                })?
                .collect()
        })
        .map_err(|error| error.fault())
    }

    fn seen(&self, label: &LabelId, folder: &str, via_sftp: bool) -> Result<PackageId, Fault> {
        let known = self.read("a folder", |connection| {
            let id = receiving(connection, label, folder)?;
            let is_spooled = id
                .as_ref()
                .map(|id| has_intent(connection, id))
                .transpose()?;
            Ok(id.zip(is_spooled))
        });
        match known.map_err(|error| error.fault())? {
            Some((id, false)) => return Ok(id),
            // What is there now is another upload, and must not take that one's place.
            Some((id, true)) => {
                return Err(Fault::transient(
                    "folder_being_claimed",
                    format!("package {id}, which came under that name, is still being claimed"),
                ));
            }
            None => {}
        }
        let (label, folder, now) = (label.clone(), folder.to_owned(), self.now());
        let people = self.people();
        self.change(move |desk| -> Result<_, ApplyError> {
            if let Some(id) = receiving(desk.connection, &label, &folder)
                .map_err(StoreError::read("a folder"))?
            {
                // A person may have asked for another try of its claim in this moment.
                if has_intent(desk.connection, &id).map_err(StoreError::read("an intent"))? {
                    return Err(ApplyError::FolderTaken { by: id });
                }
                return Ok(id);
            }
            if let Some(id) = parked_unclaimed(desk.connection, &label, &folder)
                .map_err(StoreError::read("a folder"))?
            {
                let occasion = Occasion {
                    actor: DAEMON,
                    now,
                    people: &people,
                };
                return apply(desk, &id, &Event::Unparked, occasion).map(|package| package.id);
            }
            let id = desk.ids.next(now);
            desk.connection
                .prepare_cached(
                    "INSERT INTO package (id, label, folder, status, attempt, via_sftp,
                         received_at, updated_at)
                     VALUES (:id, :label, :folder, 'receiving',
                         (SELECT 1 + coalesce(max(attempt), 0) FROM package
                          WHERE label = :label AND folder = :folder AND claimed = 1),
                         :via_sftp, :now, :now)",
                )
                .and_then(|mut insert| {
                    insert.execute(named_params! {
                        ":id": id,
                        ":label": label.as_str(),
                        ":folder": folder,
                        ":via_sftp": via_sftp,
                        ":now": time(now),
                    })
                })
                .map_err(StoreError::write("a package"))?;
            tracing::info!(package.id = %id, label.id = %label, folder = ?folder, "package {id} begins");
            Ok(PackageId::new(id))
        })
        .map_err(|error| error.fault())
    }

    fn earlier(&self, label: &LabelId, folder: &str) -> Result<Earlier, Fault> {
        let latest = self.read("the earlier package of a folder", |connection| {
            connection
                .prepare_cached(
                    // Where nothing was claimed, the content may be that of a package that came
                    // under another name.
                    "SELECT id FROM (
                         SELECT id, 1 AS own, attempt, seq FROM package
                         WHERE label = ?1 AND folder = ?2 AND claimed = 1
                         UNION ALL
                         SELECT e.body ->> 'of', 0, p.attempt, p.seq FROM package p
                             JOIN event e ON e.package = p.id AND e.kind = 'duplicate'
                         WHERE p.label = ?1 AND p.folder = ?2)
                     ORDER BY own DESC, attempt DESC, seq DESC LIMIT 1",
                )?
                .query_one((label.as_str(), folder), |row| row.get(0))
                .optional()
                .map(|id: Option<String>| id.map(PackageId::new))
        });
        let Some(id) = latest.map_err(|error| error.fault())? else {
            return Ok(Earlier::Nothing);
        };
        let package = self.package(&id).map_err(|error| error.fault())?;
        Ok(match package.map(|package| package.status) {
            None => Earlier::Nothing,
            Some(Status::QcApproved | Status::Delivered) => Earlier::Settled,
            Some(
                Status::Receiving
                | Status::Incoming
                | Status::Invalid
                | Status::NeedsQc
                | Status::QcRejected
                | Status::Superseded
                | Status::Parked,
            ) => Earlier::Open(id),
        })
    }

    fn stored(&self, label: &LabelId, icpn: &str) -> Result<Option<Stored>, Fault> {
        self.live_files(label, icpn).map_err(|error| error.fault())
    }

    fn waiting(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault> {
        let known = self.package(package).map_err(|error| error.fault())?;
        let news = known.is_some_and(|known| {
            known.status == Status::Receiving && known.waiting_for != waiting_for
        });
        if !news {
            return Ok(());
        }
        let (id, list, now) = (package.clone(), waiting_for.to_vec(), self.now());
        self.change(move |desk| {
            let list = json("what is missing", &list)?;
            desk.connection
                .prepare_cached(
                    "UPDATE package SET waiting_for = ?2, updated_at = ?3
                     WHERE id = ?1 AND status = 'receiving'",
                )
                .and_then(|mut update| update.execute((id.as_str(), list, time(now))))
                .map(|_| ())
                .map_err(StoreError::write("what is missing"))
        })
        .map_err(|error: StoreError| error.fault())
    }

    fn stalled(&self, package: &PackageId, waiting_for: &[String]) -> Result<(), Fault> {
        let event = Event::Stalled {
            waiting_for: waiting_for.to_vec(),
        };
        self.apply_unless(package, event, DAEMON, |desk, package, event| {
            let told = told_missing(desk.connection, &package.id)
                .map_err(StoreError::read("what is missing"))?;
            let Event::Stalled { waiting_for } = event else {
                return Ok(false);
            };
            Ok(told.as_ref() == Some(waiting_for))
        })
    }

    fn renamed(&self, package: &PackageId, to: &str) -> Result<(), Fault> {
        let (id, to, now, people) = (package.clone(), to.to_owned(), self.now(), self.people());
        self.change(move |desk| -> Result<(), ApplyError> {
            let occasion = Occasion {
                actor: LABEL,
                now,
                people: &people,
            };
            let package = package_in(desk.connection, &id)
                .map_err(StoreError::read("a package"))?
                .ok_or(ApplyError::NotFound)?;
            let is_the_labels = match package.status {
                Status::Receiving => true,
                Status::Parked => !was_claimed(desk, &id)?,
                Status::Incoming
                | Status::Invalid
                | Status::NeedsQc
                | Status::QcApproved
                | Status::QcRejected
                | Status::Delivered
                | Status::Superseded => false,
            };
            if package.folder == to || !is_the_labels {
                return Ok(());
            }
            // A folder that still had that name is gone, or the rename could not have happened.
            if let Some(gone) = receiving(desk.connection, &package.label, &to)
                .map_err(StoreError::read("a folder"))?
            {
                // That one's files are in the spool, and it is about to leave the name.
                if has_intent(desk.connection, &gone).map_err(StoreError::read("an intent"))? {
                    return Err(ApplyError::FolderTaken { by: gone });
                }
                apply(desk, &gone, &Event::Withdrawn, occasion)?;
            }
            desk.connection
                .prepare_cached("UPDATE package SET folder = ?2, updated_at = ?3 WHERE id = ?1")
                .and_then(|mut update| update.execute((id.as_str(), to, time(now))))
                .map_err(StoreError::write("a folder's name"))?;
            Ok(())
        })
        .map_err(|error| error.fault())
    }

    fn withdrawn(&self, package: &PackageId) -> Result<(), Fault> {
        self.apply_unless(package, Event::Withdrawn, LABEL, |_, package, _| {
            Ok(package.status == Status::Superseded)
        })
    }

    fn intend(&self, intent: &Intent) -> Result<(), Fault> {
        let (intent, now) = (intent.clone(), self.now());
        self.change(move |desk| {
            let body = json("an intent", &intent)?;
            let written = desk
                .connection
                .prepare_cached(
                    "INSERT INTO intent (package, at, body)
                     SELECT id, ?2, ?3 FROM package WHERE id = ?1 AND status = 'receiving'
                     ON CONFLICT (package) DO UPDATE SET at = excluded.at, body = excluded.body",
                )
                .and_then(|mut insert| insert.execute((intent.package.as_str(), time(now), body)))
                .map_err(StoreError::write("an intent"))?;
            if written == 0 {
                return Err(StoreError::Missing {
                    what: "package in status receiving",
                    id: intent.package.to_string(),
                });
            }
            Ok(())
        })
        .map_err(|error: StoreError| error.fault())
    }

    fn claimed(&self, intent: &Intent) -> Result<(), Fault> {
        let event = Event::Claimed {
            manifest: intent.manifest.clone(),
            identity: intent.identity.clone(),
        };
        self.apply_unless(&intent.package, event, DAEMON, |desk, package, _| {
            Ok(package.status != Status::Receiving && was_claimed(desk, &package.id)?)
        })
    }

    fn abandoned(&self, package: &PackageId) -> Result<(), Fault> {
        let id = package.clone();
        self.change(move |desk| {
            // One that is parked is left to a person: what has its folder's name may be another's.
            desk.connection
                .prepare_cached(
                    "DELETE FROM intent WHERE package = ?1 AND EXISTS (
                         SELECT 1 FROM package WHERE id = ?1 AND status = 'receiving')",
                )
                .and_then(|mut delete| delete.execute([id.as_str()]))
                .map(|_| ())
                .map_err(StoreError::write("an intent"))
        })
        .map_err(|error: StoreError| error.fault())
    }

    fn intents(&self) -> Result<Vec<Intent>, Fault> {
        // What kept a package parked may have passed, so that its claim can be finished.
        self.read("the intents", |connection| {
            connection
                .prepare_cached(
                    "SELECT i.body FROM intent i JOIN package p ON p.id = i.package
                     WHERE p.status IN ('receiving', 'parked') AND NOT p.claimed ORDER BY p.seq",
                )?
                .query_map([], |row| json_of(row, 0))?
                .collect()
        })
        .map_err(|error| error.fault())
    }

    fn over_quota(&self, label: &LabelId, folder: &str, what: &str) -> Result<bool, Fault> {
        self.tell_over_quota(label, folder, what)
            .map_err(|error| error.fault())
    }

    fn idle_for(&self, package: &PackageId, changed: i64) -> Result<Duration, Fault> {
        let known = self.package(package).map_err(|error| error.fault())?;
        Ok(known.map_or(Duration::ZERO, |known| {
            idle(self.now(), known.updated_at, changed)
        }))
    }

    fn given_up(&self, package: &PackageId, to: &str) -> Result<(), Fault> {
        let event = Event::Abandoned { to: to.to_owned() };
        self.apply_unless(package, event, DAEMON, |_, package, _| {
            Ok(package.status == Status::Superseded)
        })
    }

    fn same_as(&self, label: &LabelId, fingerprint: &str) -> Result<Option<PackageId>, Fault> {
        self.standing_twin(label, fingerprint)
            .map_err(|error| error.fault())
    }

    fn duplicate(&self, package: &PackageId, of: &PackageId) -> Result<(), Fault> {
        let twin = self.package(of).map_err(|error| error.fault())?;
        let event = Event::Duplicate {
            of: of.clone(),
            received_at: twin.map_or_else(|| self.now(), |twin| twin.received_at),
        };
        self.apply_unless(package, event, DAEMON, |_, package, _| {
            Ok(package.status == Status::Superseded)
        })
    }

    fn park(&self, package: &PackageId, why: &str) -> Result<(), Fault> {
        let event = Event::Parked {
            why: why.to_owned(),
        };
        self.apply_unless(package, event, DAEMON, |_, package, _| {
            Ok(package.status == Status::Parked)
        })
    }
}

impl Store {
    /// Applies an event, unless `done` says inside the transaction that it has its effect already.
    fn apply_unless(
        &self,
        package: &PackageId,
        event: Event,
        actor: &'static str,
        done: impl FnOnce(&Desk<'_>, &Package, &Event) -> Result<bool, StoreError> + Send + 'static,
    ) -> Result<(), Fault> {
        let (id, now, people) = (package.clone(), self.now(), self.people());
        self.change(move |desk| -> Result<(), ApplyError> {
            let package = package_in(desk.connection, &id)
                .map_err(StoreError::read("a package"))?
                .ok_or(ApplyError::NotFound)?;
            if done(desk, &package, &event)? {
                return Ok(());
            }
            let occasion = Occasion {
                actor,
                now,
                people: &people,
            };
            apply(desk, &id, &event, occasion).map(|_| ())
        })
        .map_err(|error| error.fault())
    }
}

/// Whether a claim of the package was begun and is not finished.
fn has_intent(connection: &Connection, id: &PackageId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM intent WHERE package = ?1)")?
        .query_one([id.as_str()], |row| row.get(0))
}

/// The latest package of that folder that was parked before its claim, so that its files are there.
/// One whose claim had begun is left to the person who looks.
fn parked_unclaimed(
    connection: &Connection,
    label: &LabelId,
    folder: &str,
) -> rusqlite::Result<Option<PackageId>> {
    connection
        .prepare_cached(
            "SELECT id FROM package AS p
             WHERE label = ?1 AND folder = ?2 AND status = 'parked' AND claimed = 0
                 AND NOT EXISTS (SELECT 1 FROM intent WHERE package = p.id)
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_one((label.as_str(), folder), |row| row.get(0))
        .optional()
        .map(|id: Option<String>| id.map(PackageId::new))
}

/// What the label was last told to be missing.
fn told_missing(connection: &Connection, id: &PackageId) -> rusqlite::Result<Option<Vec<String>>> {
    let stored: Option<String> = connection
        .prepare_cached("SELECT stalled_for FROM package WHERE id = ?1")?
        .query_one([id.as_str()], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(stored.and_then(|text| serde_json::from_str(&text).ok()))
}
