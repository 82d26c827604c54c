//! How values look in columns: times, enums, lists, records.

use super::error::StoreError;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A time as RFC 3339 in UTC with a fixed number of digits, so that text order is time order.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// A record or list as JSON.
pub(super) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode { what, source })
}

/// A stored text that we cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("the text {0:?} is not known here")]
struct Unknown(String);

fn unreadable(
    column: usize,
    why: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(why))
}

/// Reads a word of one of our enums.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    parse(text).ok_or_else(|| unreadable(column, Unknown(text.to_owned())))
}

/// Reads a time.
pub(super) fn time_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse()
        .map_err(|why| unreadable(column, TimeFault(why)))
}

/// Reads a time that may not be there.
pub(super) fn maybe_time_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    if row.get_ref(column)? == ValueRef::Null {
        Ok(None)
    } else {
        time_of(row, column).map(Some)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no time: {0}")]
struct TimeFault(jiff::Error);

/// Reads a record or list.
pub(super) fn json_of<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|why| unreadable(column, why))
}

/// How SQLite goes about a query, a step at a time; for tests.
#[cfg(test)]
pub(super) fn plan(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    // A plan asks for no values.
    let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
    let steps = statement
        .query_map(rusqlite::params_from_iter(nothing), |row| row.get("detail"))
        .unwrap();
    steps.map(Result::unwrap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_texts() {
        let times = [
            "2026-11-21T10:00:00Z",
            "2026-11-21T10:00:00.000000001Z",
            "2026-11-21T10:00:00.5Z",
            "2026-11-21T10:00:01Z",
        ];
        let stored: Vec<String> = times
            .iter()
            .map(|text| time(text.parse().unwrap()))
            .collect();
        assert!(stored.is_sorted(), "{stored:?}");
        assert_eq!(stored[2].len(), stored[0].len());
        assert_eq!(
            stored[1].parse::<Timestamp>().unwrap(),
            times[1].parse::<Timestamp>().unwrap()
        );
    }
}
