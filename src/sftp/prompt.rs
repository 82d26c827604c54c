//! A TCP stream that acknowledges what it has read as soon as there is nothing more to read.
//!
//! libssh, and ssh2 of Node, hand a request to their system in pieces and leave Nagle's algorithm
//! on: the last piece then waits at the client until the ones before are acknowledged. Our system
//! puts that off for some 40 ms in the hope of an answer that it could go with, and there is none
//! while the request is not whole. Each of their writes took that long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The stream.
#[derive(Debug)]
pub(super) struct Prompt {
    stream: TcpStream,
    /// Something was read, and nothing written since with which its acknowledgement would have gone.
    owes: bool,
}

impl Prompt {
    /// Makes `stream` prompt.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            owes: false,
        }
    }

    fn acknowledge(&mut self) {
        if std::mem::take(&mut self.owes)
            && let Err(error) = self.stream.set_quickack(true)
        {
            tracing::debug!(%error, "TCP_QUICKACK cannot be set");
        }
    }
}

impl AsyncRead for Prompt {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_pending() {
            this.acknowledge();
        } else {
            this.owes = true;
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, buffer);
        this.owes &= written.is_pending();
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, buffers);
        this.owes &= written.is_pending();
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// The system says whether it would put an acknowledgement off: after some questions and answers
    /// it does.
    #[tokio::test]
    async fn the_beginning_of_a_request_is_acknowledged_at_once() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut server = Prompt::new(listener.accept().await.unwrap().0);
        for _ in 0..20 {
            client.write_all(b"question").await.unwrap();
            server.read_exact(&mut [0; 8]).await.unwrap();
            server.write_all(b"answer").await.unwrap();
            client.read_exact(&mut [0; 6]).await.unwrap();
        }
        assert!(!server.stream.quickack().unwrap(), "it is put off");
        client.write_all(b"quest").await.unwrap();
        server.read_exact(&mut [0; 5]).await.unwrap();
        let mut more = [0; 3];
        let is_pending = poll_fn(|context| {
            let mut more = ReadBuf::new(&mut more);
            Poll::Ready(
                Pin::new(&mut server)
                    .poll_read(context, &mut more)
                    .is_pending(),
            )
        });
        assert!(is_pending.await);
        assert!(server.stream.quickack().unwrap(), "it has gone");
    }
}
