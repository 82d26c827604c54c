//! Where labels connect: a socket that systemd opened for us, or one of our own.

use anyhow::{Context, bail};
use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The socket of `dropzone.socket`, if systemd handed one over (`LISTEN_FDS`); else one on `listen`.
///
/// With systemd's the port stays open while the daemon is restarted, connections wait instead of
/// being refused, and a port below 1024 needs no right of ours.
pub async fn open(listen: &str) -> anyhow::Result<TcpListener> {
    let mut handed = ListenFd::from_env();
    match handed.len() {
        0 => TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}")),
        1 => {
            let socket = handed
                .take_tcp_listener(0)
                .context("what systemd handed over is no listening TCP socket")?
                .context("what systemd handed over is gone")?;
            socket.set_nonblocking(true)?;
            tracing::info!("listening on the socket of systemd; sftp.listen is not used");
            Ok(TcpListener::from_std(socket)?)
        }
        more => bail!(
            "systemd handed over {more} sockets; dropzone.socket may have one ListenStream \
             (one on [::] takes IPv4 too)"
        ),
    }
}
