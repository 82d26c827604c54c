//! What DSPs say, and what we call the messages that they speak of.

use super::Store;
use super::apply::{DAEMON, Occasion};
use super::claims::{self, Told};
use super::error::{PushError, StoreError};
use super::pushes::{SELECT, push_of};
use super::rows::time;
use super::writer::Desk;
use crate::domain::answer::{Answer, Word};
use crate::domain::ids::{DspId, PushId, gtin14};
use crate::domain::lifecycle::push::PushEvent;
use crate::domain::push::{MessageIds, Push};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, named_params};

/// A file that a DSP left for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckFile {
    /// Whose.
    pub dsp: DspId,
    /// Its name there.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

impl Store {
    /// Identifiers for a new message of a push: the thread is the same for ever for a release at a
    /// DSP, the message's own is never the same twice.
    pub fn message_ids(&self, push: &PushId, now: Timestamp) -> Result<MessageIds, StoreError> {
        let push = push.clone();
        self.change(move |desk| {
            let (message, fresh) = (desk.ids.next(now), desk.ids.next(now));
            desk.connection
                .prepare_cached(
                    "INSERT INTO thread (label, release, dsp, message_thread, created_at)
                     SELECT p.label, coalesce(p.gtin, p.id), q.dsp, ?2, ?3
                     FROM push q JOIN package p ON p.id = q.package WHERE q.id = ?1
                     ON CONFLICT (label, release, dsp) DO NOTHING",
                )
                .and_then(|mut insert| insert.execute((push.as_str(), fresh, time(now))))
                .map_err(StoreError::write("a thread"))?;
            let thread = desk
                .connection
                .prepare_cached(
                    "SELECT t.message_thread FROM push q JOIN package p ON p.id = q.package
                         JOIN thread t ON t.label = p.label AND t.dsp = q.dsp
                             AND t.release = coalesce(p.gtin, p.id)
                     WHERE q.id = ?1",
                )
                .and_then(|mut select| select.query_one([push.as_str()], |row| row.get(0)))
                .map_err(StoreError::read("a thread"))?;
            Ok(MessageIds { message, thread })
        })
    }

    /// Whether a file of that name and size was read before.
    pub fn knows_acknowledgement(&self, file: &AckFile) -> Result<bool, StoreError> {
        self.read("the acknowledgements", |connection| {
            connection
                .prepare_cached(
                    "SELECT 1 FROM acknowledgement WHERE dsp = ?1 AND name = ?2 AND size = ?3",
                )?
                .exists((file.dsp.as_str(), &file.name, size(file)))
        })
    }

    /// Takes what a DSP says into the pushes that it is about; gives those, for the log. A file that
    /// nobody can read is kept with the reason, so that it is not read for ever.
    pub fn acknowledge(
        &self,
        file: &AckFile,
        read: Result<Vec<Answer>, String>,
        now: Timestamp,
    ) -> Result<Vec<PushId>, PushError> {
        let file = file.clone();
        let people = self.people();
        self.change(move |desk| {
            let occasion = Occasion {
                actor: DAEMON,
                now,
                people: &people,
            };
            let answers = match &read {
                Ok(answers) => answers.as_slice(),
                Err(why) => {
                    keep(desk, &file, 0, None, ("unreadable", Some(why)), now)?;
                    &[]
                }
            };
            let mut about = Vec::new();
            for (part, answer) in (0_u32..).zip(answers) {
                let push = push_about(desk.connection, &file.dsp, answer)
                    .map_err(StoreError::read("the pushes"))?;
                let said = (answer.status.as_str(), answer.text.as_ref());
                let is_new = keep(desk, &file, part, push.as_ref(), said, now)?;
                if let Some(push) = push.filter(|_| is_new) {
                    hear(desk, &push, answer, occasion)?;
                    about.push(push.id);
                }
            }
            Ok(about)
        })
    }
}

fn size(file: &AckFile) -> i64 {
    i64::try_from(file.size).unwrap_or(i64::MAX)
}

/// `true` when it was not there yet.
fn keep(
    desk: &Desk<'_>,
    file: &AckFile,
    part: u32,
    push: Option<&Push>,
    (status, text): (&str, Option<&String>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    desk.connection
        .prepare_cached(
            "INSERT INTO acknowledgement (dsp, name, size, part, at, push, status, text)
             VALUES (:dsp, :name, :size, :part, :now, :push, :status, :text)
             ON CONFLICT (dsp, name, size, part) DO NOTHING",
        )
        .and_then(|mut insert| {
            insert.execute(named_params! {
                ":dsp": file.dsp.as_str(),
                ":name": file.name,
                ":size": size(file),
                ":part": part,
                ":now": time(now),
                ":push": push.map(|push| push.id.as_str()),
                ":status": status,
                ":text": text,
            })
        })
        .map(|rows| rows > 0)
        .map_err(StoreError::write("an acknowledgement"))
}

fn hear(
    desk: &mut Desk<'_>,
    push: &Push,
    answer: &Answer,
    occasion: Occasion<'_>,
) -> Result<(), PushError> {
    let (event, error) = match answer.word() {
        Word::Taken => (PushEvent::Acknowledged, None),
        Word::Declined => (PushEvent::Declined, Some(answer.objection())),
        Word::Underway => return Ok(()),
    };
    let told = Told {
        error,
        link: answer.link.clone(),
        ..Told::default()
    };
    claims::step(desk, push, event, &told, occasion)?;
    if event == PushEvent::Declined {
        claims::tell_operator(desk, push, occasion)?;
    }
    claims::finish(desk, &push.package, occasion)
}

/// The push that an answer is about: by the message's identifier, else the newest of the release
/// that is or may be there. A release is also named by the file of its message.
fn push_about(
    connection: &Connection,
    dsp: &DspId,
    answer: &Answer,
) -> rusqlite::Result<Option<Push>> {
    const THERE: &str = "state IN ('sent', 'sent_unknown', 'acknowledged', 'refused')";
    if let Some(message) = &answer.message_id {
        let found = connection
            .prepare_cached(&format!(
                "{SELECT} WHERE dsp = ?1 AND message_id = ?2 AND {THERE}"
            ))?
            .query_one((dsp.as_str(), message), push_of)
            .optional()?;
        // An answer to a message that was replaced since says nothing of the one that replaced it.
        return Ok(found);
    }
    for release in &answer.releases {
        let digits = release.strip_suffix(".xml").unwrap_or(release);
        let found = connection
            .prepare_cached(&format!(
                "{SELECT} WHERE dsp = ?1 AND {THERE}
                     AND package IN (SELECT id FROM package WHERE gtin = ?2)
                 ORDER BY seq DESC LIMIT 1"
            ))?
            .query_one((dsp.as_str(), gtin14(digits)), push_of)
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
