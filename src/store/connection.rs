//! Opens connections to the database and sets them up the same way everywhere.

use super::error::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

/// SQLite 3.51.3, the first without the WAL-reset bug (<https://sqlite.org/wal.html#walresetbug>):
/// before it, two connections that write or checkpoint at once can corrupt the database. Daemon and
/// command line do just that.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Milliseconds between two looks at a lock that another program holds.
const LOCK_LOOK_MILLISECONDS: u64 = 2;

/// Looks at a lock before giving up: 15 seconds. A commit takes one hundredth of a second, so that
/// long means that somebody holds the database open in a transaction.
const LOCK_LOOKS: i32 = 7_500;

/// Statements kept compiled per connection; the store has about as many.
const CACHED_STATEMENTS: usize = 64;

/// Refuses a SQLite that could lose what it was given.
pub(super) fn check_library() -> Result<(), StoreError> {
    if is_new_enough(rusqlite::version_number()) {
        Ok(())
    } else {
        Err(StoreError::OldSqlite {
            found: rusqlite::version().to_owned(),
        })
    }
}

fn is_new_enough(version: i32) -> bool {
    version >= OLDEST_SQLITE
}

/// Makes an empty file if there is none, readable by its owner only: the database holds password
/// hashes. SQLite gives its log and index files the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Create {
        path: path.to_owned(),
        source,
    };
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(file) => file.sync_all().map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}

/// The connection that writes.
pub(super) fn writing(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    let connection = connect(path).map_err(failed)?;
    enter_wal(&connection).map_err(failed)?;
    // FULL: a commit is on the disk when it returns. With NORMAL, 200 of 200 commits were gone
    // after a simulated power loss.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reading(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    let connection = connect(path).map_err(failed)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(failed)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    // No URI: a data directory may be called anything. No mutex: a connection stays with one
    // thread at a time, which Rust checks.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // SQLite's own handler waits up to a tenth of a second between looks and would let a busy
    // daemon starve the command line.
    connection.busy_handler(Some(wait_for_lock))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A damaged or planted schema cannot call functions with side effects, and damaged pages are
    // seen when they are read.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Write-ahead logging is a property of the file; switching to it needs the file alone, and then
/// SQLite does not ask the busy handler.
fn enter_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut looks = 0;
    loop {
        let entered = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match entered {
            Ok(mode) if mode == "wal" => return Ok(()),
            Err(error) if !is_busy(&error) => return Err(error),
            Ok(_) | Err(_) if wait_for_lock(looks) => looks += 1,
            Ok(_) => return Err(rusqlite::Error::InvalidQuery),
            Err(error) => return Err(error),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

fn wait_for_lock(looks: i32) -> bool {
    std::thread::sleep(Duration::from_millis(LOCK_LOOK_MILLISECONDS));
    looks < LOCK_LOOKS
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Value;

    fn pragma(connection: &Connection, name: &str) -> String {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0));
        match value.unwrap() {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Null | Value::Real(_) | Value::Blob(_) => panic!("{name} is odd"),
        }
    }

    #[test]
    fn connections_are_set_up_for_power_loss_and_damage() {
        let folder = tempfile::tempdir().unwrap();
        // A name that would mean something else in a URI.
        let path = folder.path().join("file:a?mode=memory#%41.db");
        create_file(&path).unwrap();
        create_file(&path).unwrap();
        let writer = writing(&path).unwrap();
        let reader = reading(&path).unwrap();
        assert_eq!(pragma(&writer, "synchronous"), "2", "FULL");
        for connection in [&writer, &reader] {
            assert_eq!(pragma(connection, "journal_mode"), "wal");
            assert_eq!(pragma(connection, "foreign_keys"), "1");
            assert_eq!(pragma(connection, "trusted_schema"), "0");
            assert_eq!(pragma(connection, "cell_size_check"), "1");
        }
        writer.execute_batch("CREATE TABLE thing (name)").unwrap();
        let refused = reader.execute_batch("INSERT INTO thing VALUES (1)");
        assert!(refused.unwrap_err().to_string().contains("readonly"));
        assert!(path.exists());
    }

    #[test]
    fn an_sqlite_with_the_wal_reset_bug_is_refused() {
        assert!(!is_new_enough(3_051_002));
        assert!(!is_new_enough(3_040_001), "Debian 12's");
        assert!(is_new_enough(3_051_003));
        check_library().unwrap();
    }
}
