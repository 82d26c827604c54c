//! How long CLOSE takes on disk while many clients upload, from a client of our own: each uploads
//! one file after another and times the answer to its CLOSE.

use super::servers::Server;
use russh::client::{self, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::AsyncWriteExt as _;

struct AnyHost;

impl Handler for AnyHost {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

/// Prints the median and the 99th percentile of CLOSE over `clients` clients with six files each.
pub(super) fn run(server: &Server, clients: usize, bytes: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut times: Vec<f64> = runtime.block_on(async {
        let uploads: Vec<_> = (0..clients)
            .map(|number| tokio::spawn(uploads(server.login(), number, bytes / 6)))
            .collect();
        let mut times = Vec::new();
        for upload in uploads {
            times.extend(upload.await.unwrap());
        }
        times
    });
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize] * 1000.0;
    println!(
        "disk: CLOSE while {clients} clients upload           p50 {:.1} ms, p99 {:.1} ms (goal p99 < 250 ms), {} closes",
        at(0.5),
        at(0.99),
        times.len()
    );
    server.clear();
}

async fn uploads(login: super::clients::Login, number: usize, bytes: u64) -> Vec<f64> {
    let key = load_secret_key(&login.key, None).unwrap();
    let config = Arc::new(client::Config::default());
    let mut session = client::connect(config, ("127.0.0.1", login.port), AnyHost)
        .await
        .unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let accepted = session
        .authenticate_publickey(&login.user, key)
        .await
        .unwrap();
    assert!(accepted.success());
    let channel = session.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    let sftp = SftpSession::new(channel.into_stream()).await.unwrap();
    let folder = format!("{}{number}", login.folder);
    sftp.create_dir(&folder).await.unwrap();
    let block = vec![0x5A_u8; 128 << 10];
    let mut times = Vec::new();
    for file in 0..6 {
        let flags = OpenFlags::CREATE | OpenFlags::WRITE | OpenFlags::TRUNCATE;
        let mut handle = sftp
            .open_with_flags(format!("{folder}/{file}.wav"), flags)
            .await
            .unwrap();
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(block.len() as u64) as usize;
            handle.write_all(&block[..piece]).await.unwrap();
            left -= piece as u64;
        }
        handle.flush().await.unwrap();
        let started = Instant::now();
        handle.shutdown().await.unwrap();
        times.push(started.elapsed().as_secs_f64());
    }
    times
}
