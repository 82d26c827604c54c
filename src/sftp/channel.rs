//! Carries one SFTP channel between russh and its [`Session`]: bytes in, replies out, jobs on
//! threads, and the end.
//!
//! Packets are handled inside russh's `data` callback: a task and a buffer between would cost more
//! than the work itself. Some things hand over to a task (the "pump"): a job that pauses the
//! channel, more jobs than may be under way, requests that take long, and a client that asks for
//! more than it reads. Then incoming bytes are kept, up to a bound, and the pump works them off; its
//! replies go through russh's bounded queue, which is emptied only while the client reads.
//!
//! Invariants: while `paused` or `pumping`, only the pump feeds the session, so requests stay in
//! order. While there are too many jobs nobody does; the next of the channel's own that ends begins
//! the pump again, and the connection reads nothing more ([`Wire::hold`]), so that the client is
//! slowed down and not cut off. Nothing here waits while it holds the lock.

use super::afterwards::Afterwards;
use super::bounds::{Jobs, MOST_JOBS};
use super::guard::Wire;
use super::session::{Flow, Job, Session};
use bytes::{Buf, Bytes, BytesMut};
use russh::ChannelId;
use russh::server::Handle;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// Bytes of replies made before they are handed to russh.
const BUDGET_BYTES: usize = 256 * 1024;

/// One SFTP channel.
#[derive(Debug)]
pub(super) struct Pipe {
    channel: ChannelId,
    handle: Handle,
    afterwards: Arc<Afterwards>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "things that may each be so, in any combination"
)]
struct Inner {
    /// `None` when the channel has ended.
    session: Option<Session>,
    /// What the connection runs over, and whether it is held back for this channel.
    wire: Arc<Wire>,
    holds: bool,
    /// Most bytes of requests kept while a job or the client's reading is waited for.
    most_waiting: usize,
    /// Requests that came while the pump worked.
    waiting: BytesMut,
    paused: bool,
    pumping: bool,
    /// Jobs that are not done yet, or whose reply was not taken.
    jobs: usize,
    /// Those of all the label's channels.
    of_label: Arc<Jobs>,
    /// Those of ours that no thread has yet, and threads that are at the others. A thread takes what
    /// is ready before it goes: else a client that asks faster than threads come to rest would have
    /// one made for every job.
    ready: VecDeque<Job>,
    threads: usize,
    /// The client will send nothing more.
    eof: bool,
    /// When it last got any further: a request was taken, answers went out, a job ended.
    progress: Instant,
}

impl Inner {
    fn is_idle(&self) -> bool {
        self.jobs == 0 && !self.paused && !self.pumping
    }

    /// Whether nothing more is begun before a job of ours ends. Each is a thread that waits for the
    /// disk; without a bound one client's FSYNCs would take them all.
    fn is_loaded(&self) -> bool {
        self.jobs >= self.of_label.most()
    }

    /// Notes how far a feeding came and which jobs it began.
    fn fed(&mut self, flow: Flow, begun: usize) {
        self.jobs += begun;
        self.of_label.begun(begun);
        self.paused = flow == Flow::Paused;
        self.pumping = flow == Flow::Full && !self.is_loaded();
        self.weigh();
    }

    /// Has the connection read or not, after anything that counts for it has changed. Only jobs hold
    /// it back, because they end by themselves: a client that reads no answers has to be heard.
    fn weigh(&mut self) {
        let is_much = self.is_loaded() || self.waiting.len() * 2 >= self.most_waiting;
        let holds = self.session.is_some() && self.jobs > 0 && is_much;
        if holds != self.holds {
            self.holds = holds;
            self.wire.hold(holds);
        }
    }

    /// After a job: whether requests were kept back for the number of them, and the pump has to
    /// go on.
    fn resumes(&mut self) -> bool {
        let resumes =
            !self.waiting.is_empty() && !self.paused && !self.pumping && !self.is_loaded();
        self.pumping |= resumes;
        resumes
    }
}

impl Pipe {
    /// A channel whose subsystem request was granted.
    pub(super) fn new(
        channel: ChannelId,
        (handle, wire): (Handle, Arc<Wire>),
        session: Session,
        most_waiting: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            channel,
            handle,
            afterwards: Arc::clone(&session.afterwards),
            inner: Mutex::new(Inner {
                wire,
                holds: false,
                most_waiting,
                of_label: Arc::clone(session.tree.jobs()),
                session: Some(session),
                waiting: BytesMut::new(),
                paused: false,
                pumping: false,
                jobs: 0,
                ready: VecDeque::new(),
                threads: 0,
                eof: false,
                progress: Instant::now(),
            }),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file is being written or a job is under way.
    pub(super) fn is_busy(&self) -> bool {
        let inner = self.inner();
        let uploading = inner.session.as_ref().is_some_and(Session::is_uploading);
        uploading || inner.jobs > 0
    }

    /// Whether something is under way that the client waits for.
    pub(super) fn is_working(&self) -> bool {
        self.inner().jobs > 0
    }

    /// For how long it has had something to do and got no further.
    pub(super) fn stuck_for(&self) -> Duration {
        let inner = self.inner();
        if inner.session.is_none() || inner.is_idle() {
            Duration::ZERO
        } else {
            inner.progress.elapsed()
        }
    }

    /// Whether it is over.
    pub(super) fn is_ended(&self) -> bool {
        self.inner().session.is_none()
    }

    /// Bytes from the client, inside russh's callback.
    pub(super) fn receive(
        self: &Arc<Self>,
        mut data: &[u8],
        russh: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        self.afterwards.catch_up();
        let mut inner = self.inner();
        if inner.eof {
            return Ok(());
        }
        let is_held = inner.paused || inner.pumping || inner.is_loaded();
        // Others of the label may have ended theirs since something was kept back.
        let is_behind = !inner.waiting.is_empty() || russh.has_pending_data(self.channel);
        if is_held || is_behind {
            if inner.waiting.len() + data.len() > inner.most_waiting {
                drop(inner);
                return self.abort("more requests were sent than answers read", russh);
            }
            inner.waiting.extend_from_slice(data);
            inner.weigh();
            if !is_held {
                inner.pumping = true;
                drop(inner);
                tokio::spawn(Arc::clone(self).pump(Vec::new()));
            }
            return Ok(());
        }
        inner.progress = Instant::now();
        let Some(session) = inner.session.as_mut() else {
            return Ok(());
        };
        let mut out = Vec::new();
        let mut jobs = Vec::new();
        let flow = session.feed_promptly(&mut data, BUDGET_BYTES, &mut out, &mut jobs);
        inner.waiting.extend_from_slice(data);
        inner.fed(flow, jobs.len());
        let pump = inner.pumping;
        drop(inner);
        // What is counted as under way has to begin, whatever becomes of the answers.
        self.start(jobs);
        if !out.is_empty() {
            russh.data(self.channel, Bytes::from(out))?;
        }
        if pump {
            tokio::spawn(Arc::clone(self).pump(Vec::new()));
        }
        match flow {
            Flow::Broken(words) => self.abort(words, russh),
            Flow::Drained | Flow::Paused | Flow::Full => Ok(()),
        }
    }

    /// The client will send nothing more: `scp` waits for an exit status now.
    pub(super) fn finish(self: &Arc<Self>) {
        self.inner().eof = true;
        tokio::spawn(Arc::clone(self).finish_if_idle());
    }

    /// The channel or its connection is gone. What is still open for writing stays partial.
    pub(super) fn end(&self) -> Option<Session> {
        let mut inner = self.inner();
        inner.eof = true;
        inner.waiting.clear();
        let session = inner.session.take();
        inner.weigh();
        session
    }

    fn start(self: &Arc<Self>, jobs: Vec<Job>) {
        let threads = {
            let mut inner = self.inner();
            inner.ready.extend(jobs);
            let more = inner.ready.len().min(MOST_JOBS - inner.threads);
            inner.threads += more;
            more
        };
        for _ in 0..threads {
            let pipe = Arc::clone(self);
            tokio::task::spawn_blocking(move || {
                while let Some(job) = pipe.next_job() {
                    Arc::clone(&pipe).run(job);
                }
            });
        }
    }

    /// A job for a thread of ours; without one it is not ours any more.
    fn next_job(&self) -> Option<Job> {
        let mut inner = self.inner();
        let job = inner.ready.pop_front();
        if job.is_none() {
            inner.threads -= 1;
        }
        job
    }

    /// Does a job, on a thread that may block. What follows is begun there too: a task that waited
    /// for the thread would be one switch more for every CLOSE.
    fn run(self: Arc<Self>, job: Job) {
        let pauses = job.pauses;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut out = Vec::new();
            (job.run)(&mut out);
            out
        }));
        let mut after = Box::pin(Arc::clone(&self).conclude(pauses, outcome.ok()));
        // It has to wait only when the client does not read; the thread does not wait with it.
        let mut context = Context::from_waker(Waker::noop());
        if after.as_mut().poll(&mut context).is_pending() {
            tokio::spawn(after);
        }
        self.afterwards.catch_up();
    }

    /// What follows a job. One that panicked has no reply; the channel cannot go on as if it had.
    async fn conclude(self: Arc<Self>, pauses: bool, outcome: Option<Vec<u8>>) {
        let failed = outcome.is_none();
        let mut out = outcome.unwrap_or_default();
        // Under way until its reply is taken: else who reads none could have any number of them.
        if !pauses && !out.is_empty() {
            // An error means that the connection is gone, and so is whoever waits.
            self.handle
                .data(self.channel, std::mem::take(&mut out))
                .await
                .unwrap_or_default();
        }
        let resumes = {
            let mut inner = self.inner();
            inner.jobs = inner.jobs.saturating_sub(1);
            inner.of_label.ended();
            inner.progress = Instant::now();
            if pauses {
                inner.paused = false;
                inner.pumping = true;
                if let Some(session) = inner.session.as_mut() {
                    session.adopt(&mut out);
                }
            }
            let resumes = inner.resumes();
            inner.weigh();
            resumes
        };
        if failed {
            self.abort_from_task("a request failed on the server").await;
        } else if pauses {
            self.pump(out).await;
        } else if resumes {
            // On this thread, which then goes on with one of the jobs that this begins.
            self.pump(out).await;
        } else {
            self.finish_if_idle().await;
        }
    }

    /// Works off what is waiting, no faster than the client reads. `out` is sent first.
    async fn pump(self: Arc<Self>, mut out: Vec<u8>) {
        loop {
            self.afterwards.catch_up();
            let mut jobs = Vec::new();
            let (flow, goes_on) = {
                let mut inner = self.inner();
                let flow = inner.work_off(&mut out, &mut jobs);
                inner.fed(flow, jobs.len());
                (flow, inner.pumping)
            };
            self.start(jobs);
            if !out.is_empty() {
                let replies = Bytes::from(std::mem::take(&mut out));
                if self.handle.data(self.channel, replies).await.is_err() {
                    return;
                }
                self.inner().progress = Instant::now();
            }
            match flow {
                // Others have their turn.
                Flow::Full if goes_on => tokio::task::yield_now().await,
                Flow::Full | Flow::Paused => return,
                Flow::Drained => return self.finish_if_idle().await,
                Flow::Broken(words) => return self.abort_from_task(words).await,
            }
        }
    }

    /// After the client's end and the last job: exit status, EOF, CLOSE, in this order.
    async fn finish_if_idle(self: Arc<Self>) {
        {
            let inner = self.inner();
            if !inner.eof || !inner.is_idle() || inner.session.is_none() {
                return;
            }
        }
        if self.end().is_none() {
            return;
        }
        self.close(0).await;
    }

    async fn close(&self, exit_status: u32) {
        let channel = self.channel;
        // Errors mean that the connection is gone already, which is what is wanted.
        let sent = self.handle.exit_status_request(channel, exit_status).await;
        if sent.is_ok() && self.handle.eof(channel).await.is_ok() {
            self.handle.close(channel).await.unwrap_or_default();
        }
    }

    /// Ends a channel whose bytes make no sense any more.
    fn abort(&self, words: &str, russh: &mut russh::server::Session) -> Result<(), russh::Error> {
        let Some(session) = self.end() else {
            return Ok(());
        };
        log_abort(&session, words);
        drop(session);
        russh.extended_data(self.channel, 1, Bytes::from(format!("{words}\r\n")))?;
        russh.exit_status_request(self.channel, 1)?;
        russh.eof(self.channel)?;
        russh.close(self.channel)
    }

    async fn abort_from_task(&self, words: &str) {
        let Some(session) = self.end() else { return };
        log_abort(&session, words);
        drop(session);
        let line = Bytes::from(format!("{words}\r\n"));
        if self
            .handle
            .extended_data(self.channel, 1, line)
            .await
            .is_ok()
        {
            self.close(1).await;
        }
    }
}

impl Inner {
    fn work_off(&mut self, out: &mut Vec<u8>, jobs: &mut Vec<Job>) -> Flow {
        let Some(session) = self.session.as_mut() else {
            return Flow::Drained;
        };
        let mut rest: &[u8] = &self.waiting;
        let flow = session.feed_promptly(&mut rest, BUDGET_BYTES, out, jobs);
        let taken = self.waiting.len() - rest.len();
        self.waiting.advance(taken);
        flow
    }
}

fn log_abort(session: &Session, words: &str) {
    tracing::warn!(
        label = %session.presence.label(),
        session = session.presence.session(),
        reason = words,
        "SFTP channel ended by us"
    );
}
