//! Brings a database to the version of this program, forward only.
//!
//! Each step is one file in `migrations/` and one transaction; `user_version` counts the steps
//! done. A step that was released is never changed: a later one corrects it.

use super::error::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The steps, in order; the first brings an empty database to version 1.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_beginning.sql"),
    include_str!("migrations/0002_rules_of_a_label.sql"),
    include_str!("migrations/0003_territories_of_a_label.sql"),
    include_str!("migrations/0004_recordings.sql"),
    include_str!("migrations/0005_covers.sql"),
    include_str!("migrations/0006_upload_space.sql"),
    include_str!("migrations/0007_access_and_penalties.sql"),
    include_str!("migrations/0008_ern_of_a_label.sql"),
    include_str!("migrations/0009_pushes_that_are_answered.sql"),
    include_str!("migrations/0010_phase_of_a_label.sql"),
    include_str!("migrations/0011_takedowns.sql"),
    include_str!("migrations/0012_overrides_of_a_release.sql"),
    include_str!("migrations/0013_what_was_made_and_when.sql"),
    include_str!("migrations/0014_pushes_by_state.sql"),
];

/// The version that this program writes and reads.
pub(super) fn known_version() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// Does the steps that are missing and returns the version. Two programs may call it at once: each
/// step looks again at the version after it has the lock.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<u32, StoreError> {
    let known = known_version();
    loop {
        let found = version(connection).map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source,
        })?;
        if found > known {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        if found == known {
            return Ok(known);
        }
        step_from(connection, found).map_err(|source| StoreError::Migrate {
            step: found + 1,
            source,
        })?;
    }
}

fn version(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn step_from(connection: &mut Connection, found: u32) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? != found {
        // Another program did it meanwhile.
        return Ok(());
    }
    let step = usize::try_from(found).ok().and_then(|n| STEPS.get(n));
    transaction.execute_batch(step.copied().unwrap_or_default())?;
    transaction.pragma_update(None, "user_version", found + 1)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(connection: &Connection) -> Vec<(String, String, String)> {
        let mut statement = connection
            .prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn the_sum_of_the_steps_is_the_schema() {
        let mut stepped = Connection::open_in_memory().unwrap();
        assert_eq!(
            migrate(&mut stepped, Path::new(":memory:")).unwrap(),
            known_version()
        );
        let whole = Connection::open_in_memory().unwrap();
        whole.execute_batch(include_str!("schema.sql")).unwrap();
        assert_eq!(shape(&stepped), shape(&whole));
    }

    /// Step 6 changes the text of two tables in place; an open connection has to notice.
    #[test]
    fn rows_outlive_the_new_kinds_of_events_and_letters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut connection = Connection::open(&path).unwrap();
        for (number, step) in (1..).zip(&STEPS[..5]) {
            connection.execute_batch(step).unwrap();
            connection
                .pragma_update(None, "user_version", number)
                .unwrap();
        }
        let event = |number: u32, kind: &str| {
            format!(
                "INSERT INTO event (package, number, at, actor, kind, status, body)
                 VALUES ('P', {number}, '', '', '{kind}', 'receiving', '{{}}')"
            )
        };
        connection
            .execute_batch(&format!(
                "INSERT INTO label (id, name, emails, dsps, profile, keys, disabled, created_at)
                     VALUES ('L', 'l', '[]', '[]', 'guide', '[]', 0, '');
                 INSERT INTO package (id, label, folder, status, attempt, via_sftp, received_at,
                     updated_at) VALUES ('P', 'L', 'f', 'receiving', 1, 1, '', '');
                 {};
                 INSERT INTO letter (id, package, event, kind, recipient, state, due_at, created_at)
                     VALUES ('M', 'P', 1, 'stalled', 'a@b', 'due', '', '');",
                event(1, "stalled")
            ))
            .unwrap();
        let other = Connection::open(&path).unwrap();
        assert!(other.execute_batch(&event(2, "over_quota")).is_err());
        assert_eq!(migrate(&mut connection, &path).unwrap(), known_version());
        for connection in [&other, &connection] {
            let rows: i64 = connection
                .query_one(
                    "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM letter)",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(rows, 2);
        }
        other.execute_batch(&event(2, "over_quota")).unwrap();
        connection.execute_batch(&event(3, "duplicate")).unwrap();
        assert!(connection.execute_batch(&event(4, "nonsense")).is_err());
        assert!(
            other.execute_batch("DELETE FROM event").is_err(),
            "append-only still"
        );
        let sound: String = connection
            .query_one("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }

    /// A push that was answered, one that runs, and what points at them.
    const PUSHES_OF_STEP_10: &str = "
        INSERT INTO label (id, name, emails, dsps, profile, keys, disabled, created_at)
        VALUES ('L', 'l', '[]', '[]', 'guide', '[]', 0, '');
        INSERT INTO package (id, label, folder, status, attempt, via_sftp, received_at,
        updated_at) VALUES ('P', 'L', 'f', 'receiving', 1, 1, '', '');
        INSERT INTO event (package, number, at, actor, kind, status, body)
        VALUES ('P', 1, '', '', 'stalled', 'receiving', '{}');
        INSERT INTO batch (id, dsp, attempts, created_at) VALUES ('B', 'd', 1, '');
        INSERT INTO push (id, package, dsp, kind, state, attempts, due_at, since, location,
        batch, message_id, awaits_ack, link, created_at, updated_at)
        VALUES ('Q', 'P', 'd', 'update', 'acknowledged', 3, 'x', 'y', 'there', 'B',
        'M', 1, 'http', 'c', 'u');
        INSERT INTO push (id, package, dsp, state, epoch, due_at, since, created_at,
        updated_at) VALUES ('R', 'P', 'e', 'sending', 4, '', '', '', '');
        INSERT INTO letter (id, package, event, push, kind, recipient, state, due_at,
        created_at) VALUES ('M', 'P', 1, 'Q', 'operator_push_failed', 'a@b', 'due', '',
        '');
        INSERT INTO acknowledgement (dsp, name, size, at, push, status)
        VALUES ('d', 'f', 1, '', 'Q', 'FileOK');";

    fn all_pushes(connection: &Connection) -> Vec<String> {
        let mut select = connection
            .prepare(
                "SELECT json_array(seq, id, package, dsp, kind, state, attempts, failures, epoch,
                     due_at, since, last_error, location, batch, message_id, is_test, awaits_ack,
                     link, created_at, updated_at) FROM push ORDER BY seq",
            )
            .unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Step 11 makes the table of pushes anew; what points at it has to go on pointing.
    #[test]
    fn pushes_and_what_points_at_them_outlive_the_end_of_their_uniqueness() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        for (number, step) in (1..).zip(&STEPS[..10]) {
            connection.execute_batch(step).unwrap();
            connection
                .pragma_update(None, "user_version", number)
                .unwrap();
        }
        connection.execute_batch(PUSHES_OF_STEP_10).unwrap();
        let before = all_pushes(&connection);
        assert_eq!(before.len(), 2);
        assert_eq!(migrate(&mut connection, &path).unwrap(), known_version());
        assert_eq!(all_pushes(&connection), before);
        let broken: i64 = connection
            .query_one("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(broken, 0);
        let push = |id: &str, kind: &str, takedown: &str| {
            format!(
                "INSERT INTO push (id, package, dsp, kind, takedown, state, due_at, since,
                     created_at, updated_at)
                 VALUES ('{id}', 'P', 'd', '{kind}', {takedown}, 'queued', '', '', '', '')"
            )
        };
        let fails = |sql: &str| connection.execute_batch(sql).is_err();
        assert!(fails(&push("S", "new", "NULL")), "one of an approval");
        assert!(fails(&push("S", "takedown", "'T'")), "no such order");
        connection
            .execute_batch(
                "INSERT INTO takedown (id, label, release, dsps, actor, reason, purge, at)
                     VALUES ('T', 'L', 'P', '[\"d\"]', 'mara', 'why', 0, '');",
            )
            .unwrap();
        connection
            .execute_batch(&push("S", "takedown", "'T'"))
            .unwrap();
        assert!(fails(&push("U", "new", "'T'")), "an order takes down only");
        assert!(
            fails("DELETE FROM push WHERE id = 'Q'"),
            "a letter points at it"
        );
        assert!(
            fails("UPDATE push SET state = 'queued' WHERE id = 'Q'"),
            "what was sent stays sent"
        );
        connection
            .execute_batch(
                "INSERT INTO letter (id, package, event, push, kind, recipient, state, due_at,
                     created_at) VALUES ('N', 'P', 1, 'S', 'taken_down', 'a@b', 'due', '', '')",
            )
            .unwrap();
        let sound: String = connection
            .query_one("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }

    #[test]
    fn every_table_is_strict() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("schema.sql"))
            .unwrap();
        let loose: Vec<String> = connection
            .prepare(
                "SELECT name FROM pragma_table_list
                 WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(loose.is_empty(), "{loose:?}");
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = migrate(&mut connection, Path::new("x.db")).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 99, .. }));
        assert!(shape(&connection).is_empty());
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE push (x)").unwrap();
        let before = shape(&connection);
        let refused = migrate(&mut connection, Path::new("x.db")).unwrap_err();
        assert!(matches!(refused, StoreError::Migrate { step: 1, .. }));
        assert_eq!(shape(&connection), before);
        assert_eq!(version(&connection).unwrap(), 0);
    }
}
