//! A network stream that can be cut from outside or held back, and of which others see whether what
//! came was answered.
//!
//! russh keeps a connection as long as packets come, also meaningless ones before the login, and a
//! message to it is heard only when it listens. Cutting the stream under it always works: its next
//! read or write fails.

use super::afterwards::Afterwards;
use super::proxy::SIGNATURE;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What others hold of a stream.
#[derive(Debug, Default)]
pub(super) struct Wire {
    cut: AtomicBool,
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
    /// Whether the client asks anew for the login's service before each try; see
    /// [`Wire::unheeded`].
    asks_anew: AtomicBool,
    /// How often something was read.
    reads: AtomicU64,
    /// So many of the reads were answered, or are being worked on.
    heeded: AtomicU64,
    /// So many of the channels have more to do than they may have.
    holding: AtomicUsize,
}

impl Wire {
    /// From now on the stream fails.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for waker in [&self.reader, &self.writer] {
            let waker = waker.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// A channel has more to do than it may have (`true`), or no longer: nothing is read meanwhile,
    /// so that TCP slows the client down. Answers go out all the time.
    pub(super) fn hold(&self, is_held: bool) {
        if is_held {
            self.holding.fetch_add(1, Ordering::SeqCst);
        } else if self.holding.fetch_sub(1, Ordering::SeqCst) == 1 {
            let waker = self
                .reader
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// What came so far was understood, and will be answered.
    pub(super) fn heed(&self) {
        let reads = self.reads.load(Ordering::Relaxed);
        self.heeded.store(reads, Ordering::Relaxed);
    }

    /// Whether something came from such a client that was not answered and is not worked on: then
    /// the number of the read, the same for as long as nothing more comes.
    ///
    /// paramiko's `Transport` asks for the service `ssh-userauth` (RFC 4253, 10) before each try to
    /// log in, and waits. russh answers that once, and there is no way to have it answered again.
    pub(super) fn unheeded(&self) -> Option<u64> {
        let reads = self.reads.load(Ordering::Relaxed);
        let is_heeded = reads == self.heeded.load(Ordering::Relaxed);
        (!is_heeded && self.asks_anew.load(Ordering::Relaxed)).then_some(reads)
    }

    /// Fails when the stream is cut; else has the task woken by the cut.
    fn check(&self, waker: &Mutex<Option<Waker>>, context: &Context<'_>) -> io::Result<()> {
        {
            let mut waker = waker.lock().unwrap_or_else(PoisonError::into_inner);
            match waker.as_ref() {
                Some(known) if known.will_wake(context.waker()) => {}
                _ => *waker = Some(context.waker().clone()),
            }
        }
        // Looked at after the waker is in its place: a cut between is not lost.
        if self.cut.load(Ordering::SeqCst) {
            Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "connection cut by the server",
            ))
        } else {
            Ok(())
        }
    }
}

/// How a client begins that asks anew for the service; others may send what needs no answer.
const ASKS_ANEW: &[u8] = b"SSH-2.0-paramiko";

/// Reads that ask for no more than this are those of a packet's beginning.
const BEGINNING_BYTES: usize = 64;

/// What may be read ahead of them: most requests are shorter, and come with one call to the system
/// instead of three. Content is read straight to where it goes.
const AHEAD_BYTES: usize = 2_048;

/// So long nothing is read at most because a channel has too much to do. Not for ever: while keys
/// are exchanged anew answers go out only when what the client sends for it was read.
const MOST_HOLD: Duration = Duration::from_secs(1);

/// The stream.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    stream: S,
    wire: Arc<Wire>,
    afterwards: Arc<Afterwards>,
    has_begun: bool,
    /// Until when it is held back at most.
    held: Option<Pin<Box<Sleep>>>,
    /// What was read ahead, and how much of it has been taken.
    ahead: Vec<u8>,
    taken: usize,
}

impl<S> Guarded<S> {
    /// Puts `stream` under `wire`. When there is nothing to read it catches up with what was put
    /// off: russh reads again only when the answers before have gone out.
    pub(super) fn new(stream: S, wire: Arc<Wire>, afterwards: Arc<Afterwards>) -> Self {
        Self {
            stream,
            wire,
            afterwards,
            has_begun: false,
            held: None,
            ahead: Vec::new(),
            taken: 0,
        }
    }
}

/// Whether these first bytes are those of a PROXY header, which was read already where it is
/// expected. Five of them no SSH client sends.
fn is_header(first: &[u8]) -> bool {
    const TELLING: usize = 5;
    first.len() >= TELLING && (first.starts_with(SIGNATURE) || SIGNATURE.starts_with(first))
}

impl<S: AsyncRead + Unpin> Guarded<S> {
    /// Ready when something may be read. The task's waker is in its place.
    fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.wire.holding.load(Ordering::SeqCst) > 0 {
            let held = self.held.get_or_insert_with(|| Box::pin(sleep(MOST_HOLD)));
            ready!(held.as_mut().poll(context));
        }
        self.held = None;
        Poll::Ready(())
    }

    fn poll_read_ahead(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.taken == self.ahead.len() {
            if buffer.remaining() > BEGINNING_BYTES {
                return Pin::new(&mut self.stream).poll_read(context, buffer);
            }
            self.ahead.resize(AHEAD_BYTES, 0);
            self.taken = 0;
            let mut ahead = ReadBuf::new(&mut self.ahead);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut ahead);
            let length = ahead.filled().len();
            self.ahead.truncate(length);
            ready!(read)?;
        }
        let waiting = self.ahead.get(self.taken..).unwrap_or_default();
        let count = waiting.len().min(buffer.remaining());
        buffer.put_slice(waiting.get(..count).unwrap_or_default());
        self.taken += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wire.check(&this.wire.reader, context)?;
        if this.has_begun {
            ready!(this.poll_hold(context));
            let read = this.poll_read_ahead(context, buffer);
            if read.is_pending() {
                this.afterwards.catch_up();
            } else {
                this.wire.reads.fetch_add(1, Ordering::Relaxed);
            }
            return read;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let first = buffer.filled().get(before..).unwrap_or_default();
        this.has_begun = !first.is_empty();
        if first.starts_with(ASKS_ANEW) {
            this.wire.asks_anew.store(true, Ordering::Relaxed);
        }
        if is_header(first) {
            // Who fails has read nothing.
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a PROXY header from a source that may not send one",
            )));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.wire.check(&this.wire.writer, context)?;
        this.wire.heed();
        Pin::new(&mut this.stream).poll_write(context, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.wire.check(&this.wire.writer, context)?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn a_cut_wakes_a_waiting_reader() {
        let (_ours, theirs) = tokio::io::duplex(16);
        let wire = Arc::new(Wire::default());
        let mut guarded = Guarded::new(theirs, Arc::clone(&wire), Arc::default());
        let reading = tokio::spawn(async move { guarded.read_u8().await });
        tokio::task::yield_now().await;
        wire.cut();
        let error = reading.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    struct Rung(AtomicBool);

    impl std::task::Wake for Rung {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn a_held_stream_is_read_when_it_is_let_go_or_after_a_while() {
        let bytes = [0; 2];
        let wire = Arc::new(Wire::default());
        let mut guarded = Guarded::new(&bytes[..], Arc::clone(&wire), Arc::default());
        guarded.has_begun = true;
        wire.hold(true);
        wire.hold(true);
        {
            let rung = Arc::new(Rung(AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&rung));
            let mut context = Context::from_waker(&waker);
            let mut read = std::pin::pin!(guarded.read_u8());
            assert!(read.as_mut().poll(&mut context).is_pending());
            wire.hold(false);
            assert!(!rung.0.load(Ordering::SeqCst), "another channel holds it");
            wire.hold(false);
            assert!(rung.0.load(Ordering::SeqCst));
            assert!(read.as_mut().poll(&mut context).is_ready());
        }
        wire.hold(true);
        guarded.read_u8().await.unwrap();
    }

    #[tokio::test]
    async fn what_is_read_ahead_comes_in_order_whatever_is_asked_for() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|n| (n % 251) as u8).collect();
        let mut guarded = Guarded::new(&bytes[..], Arc::default(), Arc::default());
        let mut all = Vec::new();
        for length in [1, 4, 16, 3_000, 64, 65, 5, 2_044, 5_000]
            .into_iter()
            .cycle()
        {
            let mut piece = vec![0; length];
            let read = guarded.read(&mut piece).await.unwrap();
            all.extend_from_slice(&piece[..read]);
            if read == 0 {
                break;
            }
        }
        assert_eq!(all, bytes);
    }

    #[tokio::test]
    async fn a_proxy_header_is_no_beginning() {
        for (bytes, is_taken) in [
            (&b"SSH-2.0-x\r\n"[..], true),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", false),
            (b"\r\n\r\n\0\r\n", false),
        ] {
            let mut guarded = Guarded::new(bytes, Arc::default(), Arc::default());
            let mut all = Vec::new();
            let read = guarded.read_to_end(&mut all).await;
            assert_eq!(read.is_ok(), is_taken, "{bytes:?}");
        }
    }
}
