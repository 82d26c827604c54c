//! Writes the audit log.
//!
//! Network threads hand their lines over and never wait for a disk: a queue is between, and a thread
//! that writes. When the queue is full, which takes a disk that stands still for thousands of lines,
//! lines are lost rather than uploads held up. That is never silent: the loss stands in the log
//! itself (`"event":"lost"`), is counted (`dropzone_audit_lost_total`, with an alert) and told.

use crate::config::AuditTarget;
use crate::daemon::clock;
use crate::domain::audit::{Entry, Event};
use crate::sftp::AuditSink;
use anyhow::Context;
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Entries that may wait to be written; a few megabytes.
const QUEUE_LINES: usize = 16_384;
/// Most lines between two flushes.
const BATCH_LINES: usize = 1_024;
/// Lines that come so soon after each other are written together: waking the thread for each costs
/// those who send them more than the line.
const GATHER: Duration = Duration::from_millis(10);
/// A failing target is told at most once in this time.
const FAILURES_TOLD_EVERY: Duration = Duration::from_secs(60);

enum Message {
    /// Made into a line by the thread: who hands it over has a client waiting.
    Line(Box<(Timestamp, Entry)>),
    /// The file was moved away: begin a new one.
    Reopen,
    /// Answer when everything before is written.
    Finish(SyncSender<()>),
}

#[derive(Debug, Default)]
struct Lost {
    /// All of them.
    total: AtomicU64,
    /// Those that the log does not tell of yet.
    untold: AtomicU64,
}

impl Lost {
    fn add(&self, count: u64) {
        self.total.fetch_add(count, Ordering::Relaxed);
        self.untold.fetch_add(count, Ordering::Relaxed);
    }
}

/// The log. A cheap handle.
#[derive(Clone)]
pub struct Audit {
    queue: Option<SyncSender<Message>>,
    lost: Arc<Lost>,
}

impl Audit {
    /// Opens the target and starts the thread that writes.
    pub fn start(target: &AuditTarget) -> anyhow::Result<Self> {
        let output: Output = match target {
            AuditTarget::Off => {
                return Ok(Self {
                    queue: None,
                    lost: Arc::default(),
                });
            }
            // Not by way of the library's handle: the command line holds its lock all the time.
            AuditTarget::Stdout => {
                let descriptor = io::stdout().as_fd().try_clone_to_owned();
                Box::new(File::from(
                    descriptor.context("log.audit: no standard output")?,
                ))
            }
            AuditTarget::File(path) => Box::new(open(path)?),
        };
        Self::with(target.clone(), output, QUEUE_LINES)
    }

    fn with(target: AuditTarget, output: Output, lines: usize) -> anyhow::Result<Self> {
        let (queue, waiting) = sync_channel(lines);
        let lost: Arc<Lost> = Arc::default();
        let writer = Writer {
            target,
            output: BufWriter::new(output),
            lost: Arc::clone(&lost),
            failure_told: None,
        };
        std::thread::Builder::new()
            .name("dropzone-audit".to_owned())
            .spawn(move || writer.run(&waiting))
            .context("cannot start the thread dropzone-audit")?;
        Ok(Self {
            queue: Some(queue),
            lost,
        })
    }

    /// Where the SFTP server tells.
    pub fn sink(&self) -> AuditSink {
        let audit = self.clone();
        Arc::new(move |entry| audit.tell(entry))
    }

    /// Writes an entry with the time of now. Returns at once.
    pub fn tell(&self, entry: Entry) {
        let Some(queue) = &self.queue else { return };
        let line = Message::Line(Box::new((clock::now(), entry)));
        if queue.try_send(line).is_err() {
            self.lost.add(1);
        }
    }

    /// Lines lost since the start.
    pub fn lost(&self) -> u64 {
        self.lost.total.load(Ordering::Relaxed)
    }

    /// Begins a new file, if there is one, after whoever rotates logs has moved the old one away.
    pub fn reopen(&self) {
        if let Some(queue) = &self.queue {
            // A full queue has to be emptied first; then the next rotation takes the file.
            queue.try_send(Message::Reopen).unwrap_or_default();
        }
    }

    /// Waits until everything is written, not longer than that.
    pub fn finish(&self, most: Duration) {
        let (done, written) = sync_channel(1);
        let Some(queue) = &self.queue else { return };
        if queue.try_send(Message::Finish(done)).is_err()
            || matches!(written.recv_timeout(most), Err(RecvTimeoutError::Timeout))
        {
            tracing::error!("the audit log could not be written to its end");
        }
    }
}

type Output = Box<dyn Write + Send>;

fn open(path: &Path) -> anyhow::Result<File> {
    File::options()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
        .with_context(|| format!("log.audit: cannot open {}", path.display()))
}

struct Writer {
    target: AuditTarget,
    output: BufWriter<Output>,
    lost: Arc<Lost>,
    failure_told: Option<Instant>,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<Message>) {
        while let Ok(first) = waiting.recv() {
            let mut finished = Vec::new();
            let mut lines = 0;
            if matches!(first, Message::Line(_)) {
                std::thread::sleep(GATHER);
            }
            let batch = std::iter::once(first).chain(waiting.try_iter().take(BATCH_LINES));
            for message in batch {
                match message {
                    Message::Line(line) => {
                        let (at, entry) = *line;
                        lines += u64::from(self.write(&entry.line(at)));
                    }
                    Message::Reopen => self.reopen(),
                    Message::Finish(done) => finished.push(done),
                }
            }
            self.end_batch(lines);
            for done in finished {
                // Whoever asked may have given up.
                done.send(()).unwrap_or_default();
            }
        }
    }

    fn write(&mut self, line: &str) -> bool {
        match self.output.write_all(line.as_bytes()) {
            Ok(()) => true,
            Err(error) => {
                self.failed(&error, 1);
                false
            }
        }
    }

    /// Hands everything to the system, and tells of what was lost before.
    fn end_batch(&mut self, lines: u64) {
        if let Err(error) = self.output.flush() {
            self.failed(&error, lines);
            self.begin_anew();
            return;
        }
        let count = self.lost.untold.swap(0, Ordering::Relaxed);
        if count == 0 {
            return;
        }
        let line = Entry::new(Event::Lost { count }).line(clock::now());
        let told = self.output.write_all(line.as_bytes());
        if told.and_then(|()| self.output.flush()).is_err() {
            self.lost.untold.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn failed(&mut self, error: &io::Error, lines: u64) {
        self.lost.add(lines);
        let is_due = self
            .failure_told
            .is_none_or(|told| told.elapsed() >= FAILURES_TOLD_EVERY);
        if is_due {
            self.failure_told = Some(Instant::now());
            tracing::error!(%error, "the audit log cannot be written; lines are lost");
        }
    }

    fn reopen(&mut self) {
        if let Err(error) = self.output.flush() {
            self.failed(&error, 0);
        }
        self.begin_anew();
    }

    /// Another file under the same name; what could not be written of the old one's buffer is lost
    /// and counted already.
    fn begin_anew(&mut self) {
        let AuditTarget::File(path) = &self.target else {
            return;
        };
        match open(path) {
            Ok(file) => {
                let old = std::mem::replace(&mut self.output, BufWriter::new(Box::new(file)));
                // Dropping it would try its buffer again.
                drop(old.into_parts());
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the audit log cannot be begun anew; the old file stays"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Condvar, Mutex};

    /// A disk that stands still until it is told to go on.
    #[derive(Clone, Default)]
    struct Disk(Arc<(Mutex<State>, Condvar)>);

    /// Whether it goes on, and what is on it.
    type State = (bool, Vec<u8>);

    impl Disk {
        fn go_on(&self) {
            self.0.0.lock().unwrap().0 = true;
            self.0.1.notify_all();
        }

        fn lines(&self) -> Vec<serde_json::Value> {
            let written = self.0.0.lock().unwrap().1.clone();
            String::from_utf8(written)
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.0.lock().unwrap();
            while !state.0 {
                state = self.0.1.wait(state).unwrap();
            }
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn entry(n: usize) -> Entry {
        Entry::new(Event::Mkdir {
            path: n.to_string(),
        })
    }

    #[test]
    fn a_disk_that_stands_still_holds_nobody_up_and_the_loss_is_told() {
        let disk = Disk::default();
        let audit = Audit::with(AuditTarget::Stdout, Box::new(disk.clone()), 4).unwrap();
        for n in 0..3_000 {
            audit.tell(entry(n));
        }
        let lost = audit.lost();
        assert!(lost > 0);
        disk.go_on();
        // The queue has room again once the thread has taken what was in it.
        while audit
            .queue
            .as_ref()
            .unwrap()
            .try_send(Message::Reopen)
            .is_err()
        {
            std::thread::yield_now();
        }
        audit.finish_patiently();
        let lines = disk.lines();
        let told: u64 = lines.iter().filter_map(|line| line["count"].as_u64()).sum();
        let written = lines.iter().filter(|line| line["event"] == "mkdir").count();
        assert_eq!(told, lost);
        assert_eq!(written as u64 + lost, 3_000);
    }

    impl Audit {
        /// As `finish`, whatever is in the queue.
        fn finish_patiently(&self) {
            let (done, written) = sync_channel(1);
            let queue = self.queue.as_ref().unwrap();
            queue.send(Message::Finish(done)).unwrap();
            written.recv().unwrap();
        }
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let audit = Audit::start(&AuditTarget::File(path.clone())).unwrap();
        audit.tell(entry(1));
        audit.finish_patiently();
        let moved = dir.path().join("audit.jsonl.1");
        std::fs::rename(&path, &moved).unwrap();
        audit.tell(entry(2));
        audit.reopen();
        audit.tell(entry(3));
        audit.finish_patiently();
        let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
        assert_eq!((lines(&moved), lines(&path)), (2, 1));
        assert_eq!(audit.lost(), 0);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_said_at_the_start() {
        let target = AuditTarget::File("/nowhere/at/all/audit.jsonl".into());
        let error = Audit::start(&target).err().unwrap();
        assert!(
            format!("{error:#}").contains("/nowhere/at/all"),
            "{error:#}"
        );
    }
}
