//! What sources owe for failed logins. The daemon has it in memory; here it is kept over restarts,
//! shown by the command line, and forgiven by it.

use super::Store;
use super::error::StoreError;
use super::rows::{time, time_of, word};
use crate::domain::net::Net;
use crate::domain::penalty::{Offence, Penalty};
use rusqlite::{Connection, Row, params};
use std::str::FromStr;

impl Store {
    /// Keeps exactly these; what was kept before is gone.
    pub fn keep_penalties(&self, penalties: Vec<Penalty>) -> Result<(), StoreError> {
        self.change(move |desk| {
            write(desk.connection, &penalties).map_err(StoreError::write("the penalties"))
        })
    }

    /// What was kept, the longest first.
    pub fn penalties(&self) -> Result<Vec<Penalty>, StoreError> {
        self.read("the penalties", |connection| {
            connection
                .prepare_cached(
                    "SELECT source, until, enforced, offence, failures FROM penalty
                     ORDER BY until DESC, source",
                )?
                .query_map([], penalty)?
                .collect()
        })
    }

    /// Forgives what sources in, or around, that network owe; a running daemon hears of it by
    /// [`Store::take_pardons`]. Says by how many.
    pub fn pardon(&self, net: Net) -> Result<usize, StoreError> {
        let kept = self.penalties()?;
        let met: Vec<Net> = kept
            .iter()
            .map(|penalty| penalty.source)
            .filter(|source| source.overlaps(&net))
            .collect();
        self.change(move |desk| {
            forgive(desk.connection, &met, net).map_err(StoreError::write("the penalties"))?;
            Ok(met.len())
        })
    }

    /// The networks that were forgiven since this was last asked.
    pub fn take_pardons(&self) -> Result<Vec<Net>, StoreError> {
        let waiting = self.read("the pardons", |connection| {
            connection
                .prepare_cached("SELECT seq, net FROM pardon ORDER BY seq")?
                .query_map([], |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        word(row, 1, |text| Net::from_str(text).ok())?,
                    ))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        // Mostly nobody was forgiven, and nothing is written.
        if let Some((last, _)) = waiting.last() {
            let last = *last;
            self.change(move |desk| {
                desk.connection
                    .execute("DELETE FROM pardon WHERE seq <= ?1", [last])
                    .map_err(StoreError::write("the pardons"))
            })?;
        }
        Ok(waiting.into_iter().map(|(_, net)| net).collect())
    }
}

fn write(connection: &Connection, penalties: &[Penalty]) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM penalty", [])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO penalty (source, until, enforced, offence, failures)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for penalty in penalties {
        insert.execute(params![
            penalty.source.to_string(),
            time(penalty.until),
            penalty.enforced,
            penalty.offence.as_str(),
            penalty.failures,
        ])?;
    }
    Ok(())
}

fn forgive(connection: &Connection, met: &[Net], net: Net) -> rusqlite::Result<()> {
    for source in met {
        connection.execute(
            "DELETE FROM penalty WHERE source = ?1",
            [source.to_string()],
        )?;
    }
    connection.execute("INSERT INTO pardon (net) VALUES (?1)", [net.to_string()])?;
    Ok(())
}

fn penalty(row: &Row<'_>) -> rusqlite::Result<Penalty> {
    Ok(Penalty {
        source: word(row, 0, |text| Net::from_str(text).ok())?,
        until: time_of(row, 1)?,
        enforced: row.get(2)?,
        offence: word(row, 3, Offence::parse)?,
        failures: row.get(4)?,
    })
}
