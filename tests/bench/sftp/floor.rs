//! A server that answers every request at once. Either it keeps nothing: what is left of the time is
//! the client's, the protocol's and the network's, and no server on the same library can be faster.
//! Or it writes what comes into files, plainly, one after the other, with no names, no bounds and no
//! promise: what any server has to do that keeps files.

use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, run_stream};
use russh::{Channel, ChannelId, Error, Preferred, cipher};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// `bench worker floor PORT [FOLDER]`: listens until it is killed.
pub(crate) fn worker(arguments: &[String]) {
    let port: u16 = arguments[0].parse().unwrap();
    let folder = arguments.get(1).map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(serve(port, folder));
}

async fn serve(port: u16, folder: Option<PathBuf>) {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    let config = Arc::new(Config {
        keys: vec![key],
        maximum_packet_size: 32_768,
        nodelay: true,
        // Clients ask first which ways there are.
        auth_rejection_time_initial: Some(Duration::ZERO),
        preferred: Preferred {
            cipher: Cow::Borrowed(&[cipher::AES_128_GCM]),
            ..Preferred::DEFAULT
        },
        ..Config::default()
    });
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let config = Arc::clone(&config);
        let floor = Floor {
            folder: folder.clone(),
            channels: HashMap::new(),
        };
        tokio::spawn(async move {
            // Who leaves in the middle is none of its business.
            if let Ok(running) = run_stream(config, stream, floor).await {
                running.await.ok();
            }
        });
    }
}

struct Floor {
    folder: Option<PathBuf>,
    channels: HashMap<ChannelId, Answering>,
}

impl Handler for Floor {
    type Error = Error;

    async fn auth_publickey_offered(
        &mut self,
        _: &str,
        _: russh::server::PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: russh::server::VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        let answering = Answering {
            folder: self.folder.clone(),
            ..Answering::default()
        };
        self.channels.insert(channel.id(), answering);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_success(channel)
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        let answers = self.channels.get_mut(&channel).unwrap().take(data);
        if answers.is_empty() {
            return Ok(());
        }
        session.data(channel, answers)
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.exit_status_request(channel, 0)?;
        session.close(channel)
    }
}

/// One channel: what is known of the request that is coming.
#[derive(Default)]
struct Answering {
    head: Vec<u8>,
    /// Bytes of content to come, where they go, and the answer after them.
    content: usize,
    goes_to: Option<(Arc<File>, u64)>,
    answer: Vec<u8>,
    /// Where files are made, and those that are open; a handle is a number.
    folder: Option<PathBuf>,
    files: HashMap<u64, Arc<File>>,
}

const WRITE: u8 = 6;
const OPEN: u8 = 3;
const CLOSE: u8 = 4;
/// Length, type, number, handle of eight bytes, offset, length of the content.
const WRITE_HEAD: usize = 4 + 1 + 4 + (4 + 8) + 8 + 4;

/// Numbers of handles, and names of files.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Answering {
    fn take(&mut self, mut data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let (piece, rest) = data.split_at(self.content.min(data.len()));
            if let Some((file, at)) = &mut self.goes_to {
                file.write_all_at(piece, *at).unwrap();
                *at += piece.len() as u64;
            }
            self.content -= piece.len();
            data = rest;
            if self.content == 0 {
                self.goes_to = None;
                out.append(&mut self.answer);
            }
            if data.is_empty() {
                return out;
            }
            // Of a WRITE what is before the content, of any other all of it.
            let wanted = match self.head.get(..5) {
                None => 5,
                Some([a, b, c, d, kind]) => {
                    let whole = 4 + u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                    if *kind == WRITE { WRITE_HEAD } else { whole }
                }
                Some(_) => unreachable!("five of them"),
            };
            let more = (wanted - self.head.len()).min(data.len());
            self.head.extend_from_slice(&data[..more]);
            data = &data[more..];
            if self.head.len() < wanted || wanted == 5 && self.head.len() == 5 {
                continue;
            }
            let head = std::mem::take(&mut self.head);
            let whole = 4 + u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            self.content = whole - head.len();
            self.answer = self.begin(&head);
        }
    }

    /// Does what a request asks of files, and gives the answer.
    fn begin(&mut self, head: &[u8]) -> Vec<u8> {
        let number = |at: usize| u64::from_be_bytes(head[at..at + 8].try_into().unwrap());
        let mut handle = 0;
        match (head[4], &self.folder) {
            (OPEN, Some(folder)) => {
                handle = NEXT.fetch_add(1, Ordering::Relaxed);
                let file = File::create(folder.join(handle.to_string())).unwrap();
                self.files.insert(handle, Arc::new(file));
            }
            (WRITE, Some(_)) => {
                let file = Arc::clone(&self.files[&number(13)]);
                self.goes_to = Some((file, number(21)));
            }
            (CLOSE, Some(_)) => drop(self.files.remove(&number(13))),
            _ => {}
        }
        answer(head, handle)
    }
}

fn answer(request: &[u8], handle: u64) -> Vec<u8> {
    let (kind, rest) = (request[4], &request[5..]);
    let (id, body) = rest.split_at(4);
    let text = |text: &[u8]| [&(text.len() as u32).to_be_bytes(), text].concat();
    // A folder, with nothing but its mode.
    let folder = [&4_u32.to_be_bytes()[..], &0o040_755_u32.to_be_bytes()].concat();
    let (kind, body) = match kind {
        1 => {
            let limits = [text(b"limits@openssh.com"), text(b"1")].concat();
            return packet(2, &[&3_u32.to_be_bytes()[..], &limits].concat());
        }
        OPEN | 11 => (102, text(&handle.to_be_bytes())),
        7 | 8 | 17 => (105, folder),
        16 => {
            let path = &body[4..];
            let one = 1_u32.to_be_bytes();
            (104, [&one[..], &text(path), &text(path), &[0; 4]].concat())
        }
        200 => {
            let sizes = [256 << 10, 255 << 10, 255 << 10, 64_u64];
            (201, sizes.map(u64::to_be_bytes).concat())
        }
        _ => (101, [&[0; 4][..], &text(b""), &text(b"")].concat()),
    };
    packet(kind, &[id, &body].concat())
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 1) as u32;
    [&length.to_be_bytes()[..], &[kind], body].concat()
}
