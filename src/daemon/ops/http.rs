//! As much of an HTTP server as a collector of metrics needs: GET and HEAD of a few short pages.
//! A request with a body, a second one on a connection and everything else is not spoken here.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Connections served at a time; more are closed at once.
const MOST_AT_ONCE: usize = 16;
/// Longest head of a request.
const MAX_HEAD_BYTES: usize = 8_192;
/// Time for a request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after an accept that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `200`, `404` and so on.
    pub status: u16,
    /// Its `Content-Type`.
    pub kind: &'static str,
    /// The text.
    pub body: String,
}

impl Answer {
    /// A line for people.
    pub fn plain(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            503 => "Service Unavailable",
            _ => "Error",
        }
    }

    fn bytes(&self, with_body: bool) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            self.status,
            self.reason(),
            self.kind,
            self.body.len()
        );
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(self.body.as_bytes());
        }
        bytes
    }
}

/// Gives the page of a path. May block.
pub type Pages = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

/// Serves until `stop` turns true.
pub async fn serve(listener: TcpListener, pages: Pages, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "no connection for metrics");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let _place = place;
            match tokio::time::timeout(PATIENCE, converse(stream, pages)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a request for metrics broke off"),
                Err(_) => tracing::debug!("a request for metrics took too long"),
            }
        });
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, pages: Pages) -> io::Result<()> {
    let head = head(&mut stream).await?;
    let (answer, with_body) = match request(&head) {
        Ok((method, path)) => {
            let path = path.to_owned();
            let answer = tokio::task::spawn_blocking(move || pages(&path))
                .await
                .unwrap_or_else(|_| Answer::plain(503, "this page could not be made\n"));
            (answer, method == "GET")
        }
        Err(answer) => (answer, true),
    };
    stream.write_all(&answer.bytes(with_body)).await?;
    stream.shutdown().await
}

/// The request up to its empty line, or as much as is taken.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut piece = [0; 1_024];
    while head.len() < MAX_HEAD_BYTES && !ends(&head) {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    Ok(head)
}

fn ends(head: &[u8]) -> bool {
    head.windows(4).any(|four| four == b"\r\n\r\n") || head.windows(2).any(|two| two == b"\n\n")
}

/// Method and path of a request.
fn request(head: &[u8]) -> Result<(&str, &str), Answer> {
    let bad = || Answer::plain(400, "this is no request that is understood here\n");
    if !ends(head) {
        return Err(bad());
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| bad())?;
    let mut words = line.trim_end().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad());
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return Err(bad());
    }
    if !matches!(method, "GET" | "HEAD") {
        return Err(Answer::plain(405, "only GET and HEAD\n"));
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    Ok((method, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn said(sent: &[u8]) -> String {
        let (mut ours, theirs) = tokio::io::duplex(65_536);
        ours.write_all(sent).await.unwrap();
        ours.shutdown().await.unwrap();
        let pages: Pages = Arc::new(|path| match path {
            "/metrics" => Answer::plain(200, "a 1\n"),
            _ => Answer::plain(404, "no\n"),
        });
        converse(theirs, pages).await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn pages_are_given_and_everything_else_is_refused() {
        let page = said(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.ends_with("Connection: close\r\n\r\na 1\n"), "{page}");
        let head = said(b"HEAD /metrics HTTP/1.0\n\n").await;
        assert!(
            head.contains("Content-Length: 4") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        for (sent, status) in [
            (&b"GET /x HTTP/1.1\r\n\r\n"[..], "404"),
            (b"POST /metrics HTTP/1.1\r\n\r\n", "405"),
            (b"GET metrics HTTP/1.1\r\n\r\n", "400"),
            (b"GET /metrics HTTP/2\r\n\r\n", "400"),
            (b"SSH-2.0-x\r\n", "400"),
            (b"\xff\xfe / HTTP/1.1\r\n\r\n", "400"),
            (b"", "400"),
            (&vec![b'a'; 20_000], "400"),
        ] {
            let answer = said(sent).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_request_makes_it_fall(head in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((method, path)) = request(&head) {
                prop_assert!(matches!(method, "GET" | "HEAD") && path.starts_with('/'));
            }
        }
    }
}
