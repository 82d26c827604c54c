//! What holds the pushes to a DSP back: a person who paused it, or that it cannot be reached. A DSP
//! that is down costs no push a try; it is asked again by one push at a time, less and less often.

use super::Store;
use super::error::StoreError;
use super::rows::{time, time_of};
use crate::domain::ids::DspId;
use crate::domain::push::{Gate, Pause};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, named_params};

impl Store {
    /// The gates of all DSPs that have one, by identifier.
    pub fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        self.read("the gates of the DSPs", |connection| {
            connection
                .prepare_cached(
                    "SELECT dsp, paused_at, paused_by, paused_why, failures, closed_until,
                         last_error
                     FROM gate ORDER BY dsp",
                )?
                .query_map([], gate)?
                .collect()
        })
    }

    /// Holds all pushes to a DSP back until [`Store::resume_dsp`]. Those under way end.
    pub fn pause_dsp(
        &self,
        dsp: &DspId,
        why: Option<&str>,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (dsp, why, actor) = (dsp.clone(), why.map(str::to_owned), actor.to_owned());
        self.change(move |desk| {
            desk.connection
                .prepare_cached(
                    "INSERT INTO gate (dsp, paused_at, paused_by, paused_why)
                     VALUES (:dsp, :now, :actor, :why)
                     ON CONFLICT (dsp) DO UPDATE SET
                         paused_at = :now, paused_by = :actor, paused_why = :why",
                )
                .and_then(|mut insert| {
                    insert.execute(named_params! {
                        ":dsp": dsp.as_str(),
                        ":now": time(now),
                        ":actor": actor,
                        ":why": why,
                    })
                })
                .map_err(StoreError::write("a gate"))?;
            tracing::info!(%dsp, actor = ?actor, "pushes to {dsp} are paused");
            Ok(())
        })
    }

    /// Lets pushes go again, also to a DSP that could not be reached: a person knows better.
    pub fn resume_dsp(&self, dsp: &DspId, actor: &str) -> Result<(), StoreError> {
        let actor = actor.to_owned();
        self.open_gate(
            dsp,
            "UPDATE gate SET paused_at = NULL, paused_by = NULL, paused_why = NULL, failures = 0,
                 closed_until = NULL, last_error = NULL
             WHERE dsp = ?1",
        )?;
        tracing::info!(%dsp, actor = ?actor, "pushes to {dsp} go again");
        Ok(())
    }

    /// Failures in a row to reach a DSP.
    pub fn dsp_failures(&self, dsp: &DspId) -> Result<u32, StoreError> {
        self.read("the gate of a DSP", |connection| {
            connection
                .prepare_cached("SELECT failures FROM gate WHERE dsp = ?1")?
                .query_one([dsp.as_str()], |row| row.get(0))
                .optional()
                .map(Option::unwrap_or_default)
        })
    }

    /// It could not be reached, and is left alone until `until`. Several workers that find out at the
    /// same time count once each.
    pub fn dsp_unreachable(
        &self,
        dsp: &DspId,
        error: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (dsp, error) = (dsp.clone(), error.to_owned());
        self.change(move |desk| {
            desk.connection
                .prepare_cached(
                    "INSERT INTO gate (dsp, failures, closed_until, last_error)
                     VALUES (?1, 1, ?2, ?3)
                     ON CONFLICT (dsp) DO UPDATE SET
                         failures = failures + 1, closed_until = ?2, last_error = ?3",
                )
                .and_then(|mut insert| insert.execute((dsp.as_str(), time(until), error)))
                .map(|_| ())
                .map_err(StoreError::write("a gate"))
        })
    }

    /// It was reached.
    pub fn dsp_reached(&self, dsp: &DspId) -> Result<(), StoreError> {
        if self.dsp_failures(dsp)? == 0 {
            return Ok(());
        }
        self.open_gate(
            dsp,
            "UPDATE gate SET failures = 0, closed_until = NULL, last_error = NULL WHERE dsp = ?1",
        )
    }

    fn open_gate(&self, dsp: &DspId, sql: &'static str) -> Result<(), StoreError> {
        let dsp = dsp.clone();
        self.change(move |desk| {
            desk.connection
                .prepare_cached(sql)
                .and_then(|mut update| update.execute([dsp.as_str()]))
                .map(|_| ())
                .map_err(StoreError::write("a gate"))
        })
    }
}

fn gate(row: &Row<'_>) -> rusqlite::Result<Gate> {
    let paused: Option<String> = row.get(1)?;
    let closed: Option<String> = row.get(5)?;
    Ok(Gate {
        dsp: DspId::new(row.get::<_, String>(0)?),
        pause: paused
            .map(|_| {
                Ok::<_, rusqlite::Error>(Pause {
                    at: time_of(row, 1)?,
                    by: row.get(2)?,
                    why: row.get(3)?,
                })
            })
            .transpose()?,
        failures: row.get(4)?,
        closed_until: closed.map(|_| time_of(row, 5)).transpose()?,
        last_error: row.get(6)?,
    })
}
