//! The one thread that writes. Changes that wait together are committed together.
//!
//! `synchronous=FULL` costs a sync of the disk for each commit (8 ms where we measured), and no
//! change may be answered before its sync. So the writer opens one transaction, runs every change
//! that is waiting, each in its own savepoint, commits once, and only then answers all of them.
//! While it syncs, the next ones gather; there is no timer.
//!
//! A change that fails undoes only itself. A commit that fails undoes, and is told to, all.

use super::error::{StoreError, is_fatal};
use super::ids::IdSource;
use rusqlite::{Connection, ffi};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Changes in one commit, at most: bounds the time that the first one waits for the last.
const BATCH_CHANGES: usize = 256;

/// Changes that may wait; more callers block, so that memory stays bounded.
const WAITING_CHANGES: usize = 1024;

/// What a change works with. Only the writer has one, so whoever holds it is in a transaction.
pub(super) struct Desk<'a> {
    /// The writing connection, in its transaction.
    pub(super) connection: &'a Connection,
    /// Where identifiers come from.
    pub(super) ids: &'a mut IdSource,
}

/// How often the writer committed, and how many changes that were.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) changes: AtomicU64,
}

/// A change that waits, with the way back to its caller.
trait Job: Send {
    /// Runs it; `false` asks for it to be undone.
    fn run(&mut self, desk: &mut Desk<'_>) -> bool;
    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

struct Change<T, E, F> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: SyncSender<Result<T, E>>,
}

impl<T, E, F> Job for Change<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&mut Desk<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let outcome = work(desk);
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let outcome = match (self.outcome, lost) {
            (Some(Ok(_)) | None, Some(error)) => Err(E::from(error)),
            (Some(outcome), _) => outcome,
            (None, None) => Err(E::from(StoreError::Stopped)),
        };
        // A caller that no longer listens has nothing to be told.
        drop(self.reply.send(outcome));
    }
}

/// The handle to the writer's thread. Dropping it lets the thread finish what waits and joins it.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (queue, waiting) = sync_channel(WAITING_CHANGES);
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&connection, &waiting, &counted))
            .map_err(|source| StoreError::Spawn { source })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            counters,
        })
    }

    /// Runs a change and returns after its commit is on the disk.
    pub(super) fn change<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Desk<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let change = Change {
            work: Some(work),
            outcome: None,
            reply,
        };
        let sent = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(Box::new(change)).is_ok());
        if !sent {
            return Err(E::from(StoreError::Stopped));
        }
        answer
            .recv()
            .unwrap_or_else(|_| Err(E::from(StoreError::Stopped)))
    }

    /// Whether the thread has ended, after a failure that only a restart can mend.
    pub(super) fn has_stopped(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the database has panicked");
        }
    }
}

fn serve(connection: &Connection, waiting: &Receiver<Box<dyn Job>>, counters: &Counters) {
    let mut ids = IdSource::new();
    while let Ok(first) = waiting.recv() {
        if let Err(why) = batch(connection, first, waiting, &mut ids, counters) {
            // A failed sync must not be tried again: the kernel forgets what it could not write
            // and the next sync lies. Opening anew lets the write-ahead log decide.
            tracing::error!(error = %why, "the database's disk has failed; writing stops until a restart");
            return;
        }
    }
}

/// One transaction: `first`, and whatever else waits. An error is one after which the writer ends.
fn batch(
    connection: &Connection,
    first: Box<dyn Job>,
    waiting: &Receiver<Box<dyn Job>>,
    ids: &mut IdSource,
    counters: &Counters,
) -> Result<(), Arc<rusqlite::Error>> {
    if let Err(source) = execute(connection, "BEGIN IMMEDIATE") {
        let source = Arc::new(source);
        // Whoever waits behind would wait as long again for the same answer.
        let others = waiting.try_iter().take(BATCH_CHANGES);
        for job in std::iter::once(first).chain(others) {
            job.answer(Some(StoreError::Begin {
                source: Arc::clone(&source),
            }));
        }
        return if is_fatal(&source) {
            Err(source)
        } else {
            Ok(())
        };
    }
    let mut desk = Desk { connection, ids };
    let mut done = Vec::new();
    let mut next = Some(first);
    let mut result = Ok(());
    while let Some(mut job) = next.take() {
        result = run_alone(&mut desk, job.as_mut());
        done.push(job);
        if result.is_ok() && done.len() < BATCH_CHANGES {
            next = waiting.try_recv().ok();
        }
    }
    let result = result.and_then(|()| execute(connection, "COMMIT"));
    let lost = result.err().map(Arc::new);
    if lost.is_none() {
        counters.commits.fetch_add(1, Ordering::Relaxed);
        let changes = u64::try_from(done.len()).unwrap_or(u64::MAX);
        counters.changes.fetch_add(changes, Ordering::Relaxed);
    } else if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::warn!(%error, "a failed transaction could not be rolled back at once");
    }
    for job in done {
        job.answer(lost.as_ref().map(|source| StoreError::Commit {
            source: Arc::clone(source),
        }));
    }
    match lost {
        Some(source) if is_fatal(&source) || !connection.is_autocommit() => Err(source),
        Some(_) | None => Ok(()),
    }
}

/// Runs a change in a savepoint. An error is one that took the whole transaction with it.
fn run_alone(desk: &mut Desk<'_>, job: &mut dyn Job) -> Result<(), rusqlite::Error> {
    execute(desk.connection, "SAVEPOINT change")?;
    let keep = job.run(desk);
    if desk.connection.is_autocommit() {
        // A full disk or lack of memory: SQLite has undone everything on its own.
        return Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK),
            Some("a change in the same commit could not be written".to_owned()),
        ));
    }
    if !keep {
        execute(desk.connection, "ROLLBACK TO change")?;
    }
    execute(desk.connection, "RELEASE change")
}

fn execute(connection: &Connection, sql: &'static str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = Result<(), StoreError>;

    /// Changes that wait, and what each was answered.
    struct Queue {
        waiting: Receiver<Box<dyn Job>>,
        entrance: SyncSender<Box<dyn Job>>,
        answers: Vec<Receiver<Answer>>,
        connection: Connection,
        counters: Counters,
    }

    impl Queue {
        fn new() -> Self {
            let connection = Connection::open_in_memory().unwrap();
            connection
                .execute_batch(
                    "PRAGMA foreign_keys = ON;
                     CREATE TABLE thing (name TEXT PRIMARY KEY);
                     CREATE TABLE part (of TEXT REFERENCES thing DEFERRABLE INITIALLY DEFERRED);",
                )
                .unwrap();
            let (entrance, waiting) = sync_channel(16);
            Self {
                waiting,
                entrance,
                answers: Vec::new(),
                connection,
                counters: Counters::default(),
            }
        }

        fn add(&mut self, work: impl FnOnce(&mut Desk<'_>) -> Answer + Send + 'static) {
            let (reply, answer) = sync_channel(1);
            let change = Change {
                work: Some(work),
                outcome: None,
                reply,
            };
            self.entrance.send(Box::new(change)).unwrap();
            self.answers.push(answer);
        }

        /// A change that executes a statement and then fails, if told to.
        fn add_sql(&mut self, sql: &'static str, fails: bool) {
            self.add(move |desk| {
                execute(desk.connection, sql).map_err(StoreError::write("a thing"))?;
                if fails {
                    return Err(StoreError::Stopped);
                }
                Ok(())
            });
        }

        fn run(&mut self) -> Vec<Answer> {
            let first = self.waiting.recv().unwrap();
            let mut ids = IdSource::new();
            batch(
                &self.connection,
                first,
                &self.waiting,
                &mut ids,
                &self.counters,
            )
            .unwrap();
            assert!(self.connection.is_autocommit());
            let answers = std::mem::take(&mut self.answers);
            answers
                .iter()
                .map(|answer| answer.recv().unwrap())
                .collect()
        }

        fn things(&self) -> Vec<String> {
            let mut select = self.connection.prepare("SELECT name FROM thing").unwrap();
            let names = select.query_map([], |row| row.get(0)).unwrap();
            names.map(Result::unwrap).collect()
        }
    }

    #[test]
    fn a_change_that_fails_undoes_only_itself() {
        let mut queue = Queue::new();
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        queue.add_sql("INSERT INTO thing VALUES ('b')", true);
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        queue.add_sql("INSERT INTO thing VALUES ('c')", false);
        let answers = queue.run();
        assert_eq!(queue.things(), ["a", "c"]);
        assert!(answers[0].is_ok() && answers[3].is_ok());
        assert!(matches!(answers[1], Err(StoreError::Stopped)));
        assert!(matches!(answers[2], Err(StoreError::Write { .. })), "twice");
        assert_eq!(queue.counters.commits.load(Ordering::Relaxed), 1);
        assert_eq!(queue.counters.changes.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_commit_that_fails_is_told_to_all() {
        let mut queue = Queue::new();
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        queue.add_sql("INSERT INTO part VALUES ('of nothing')", false);
        queue.add_sql("INSERT INTO thing VALUES ('b')", true);
        let answers = queue.run();
        assert!(matches!(answers[0], Err(StoreError::Commit { .. })));
        assert!(matches!(answers[1], Err(StoreError::Commit { .. })));
        assert!(matches!(answers[2], Err(StoreError::Stopped)), "its own");
        assert!(queue.things().is_empty());
        assert_eq!(queue.counters.commits.load(Ordering::Relaxed), 0);
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        assert!(queue.run()[0].is_ok(), "the writer goes on");
    }

    #[test]
    fn a_change_that_took_the_transaction_with_it_takes_the_others_too() {
        let mut queue = Queue::new();
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        // What SQLite does on its own when the disk is full.
        queue.add_sql("ROLLBACK", true);
        let answers = queue.run();
        let Err(lost) = &answers[0] else {
            panic!("it cannot have been kept");
        };
        assert!(matches!(lost, StoreError::Commit { .. }));
        assert!(
            lost.fault().is_transient(),
            "it was not this change's fault"
        );
        assert!(queue.things().is_empty());
    }

    #[test]
    fn a_full_disk_is_told_and_passes() {
        let mut queue = Queue::new();
        let pages = |queue: &Queue, most: u32| {
            let sql = format!("PRAGMA max_page_count = {most}");
            queue.connection.query_one(&sql, [], |_| Ok(())).unwrap();
        };
        pages(&queue, 8);
        queue.add_sql("INSERT INTO thing VALUES ('a')", false);
        queue.add_sql("INSERT INTO thing VALUES (hex(randomblob(90000)))", false);
        let answers = queue.run();
        let Err(full) = &answers[1] else {
            panic!("it cannot have been written");
        };
        assert!(full.fault().is_transient(), "{full:?}");
        assert_eq!(queue.things().len(), usize::from(answers[0].is_ok()));
        pages(&queue, 1_000_000);
        queue.add_sql("INSERT INTO thing VALUES ('b')", false);
        assert!(queue.run()[0].is_ok(), "the writer goes on");
    }

    #[test]
    fn a_writer_that_panicked_answers_instead_of_hanging() {
        let writer = Writer::start(Connection::open_in_memory().unwrap()).unwrap();
        let outcome: Answer = writer.change(|_| panic!("a defect"));
        assert!(matches!(outcome, Err(StoreError::Stopped)));
        let outcome: Answer = writer.change(|_| Ok(()));
        assert!(matches!(outcome, Err(StoreError::Stopped)));
        while !writer.has_stopped() {
            std::thread::yield_now();
        }
    }
}
