//! A DSP with a vice: an SFTP server over a real folder that lies about sizes, runs out of disk, or
//! takes away what it got before it answers.

use russh::keys::{HashAlg, PrivateKey};
use russh::server::{Auth, Config, Msg, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use russh_sftp::protocol::{
    Attrs, ExtendedReply, File, FileAttributes, Handle, Name, OpenFlags, Packet, Status,
    StatusCode, Version,
};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    /// Files have a byte less than was written, when it is asked.
    SmallSizes,
    /// So many bytes fit, and then no more.
    FullAfter(u64),
    /// Swallows one byte of each file and says nothing.
    LosesBytes,
    /// None: it even hashes files when it is asked (`check-file`).
    ChecksFiles,
    /// Takes the release away as soon as its marker is there, and answers nothing any more.
    TakesAndDies,
}

pub(crate) struct Liar {
    pub(crate) port: u16,
    pub(crate) fingerprint: String,
    served: JoinHandle<()>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Liar {
    pub(crate) async fn open(root: &Path, vice: Option<Vice>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        super::sshd::new_key(&dir.path().join("host"));
        let key: PrivateKey = russh::keys::load_secret_key(dir.path().join("host"), None).unwrap();
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(Config {
            keys: vec![key],
            methods: MethodSet::from(&[MethodKind::Password][..]),
            auth_rejection_time: Duration::ZERO,
            ..Config::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let root = root.to_path_buf();
        let served = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let door = Door {
                    channels: HashMap::new(),
                    root: root.clone(),
                    vice,
                };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, socket, door).await {
                        drop(session.await);
                    }
                });
            }
        });
        Self {
            port,
            fingerprint,
            served,
        }
    }
}

struct Door {
    channels: HashMap<ChannelId, Channel<Msg>>,
    root: PathBuf,
    vice: Option<Vice>,
}

impl russh::server::Handler for Door {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let stream = self.channels.remove(&channel).unwrap().into_stream();
        session.channel_success(channel)?;
        let disk = Disk {
            root: self.root.clone(),
            vice: self.vice,
            files: HashMap::new(),
            listings: HashMap::new(),
            next: 0,
            // A disk stays full whoever asks again.
            written: super::files_below(&self.root)
                .iter()
                .map(|file| fs::metadata(self.root.join(file)).unwrap().len())
                .sum(),
        };
        russh_sftp::server::run(stream, disk).await;
        Ok(())
    }
}

struct Disk {
    root: PathBuf,
    vice: Option<Vice>,
    files: HashMap<String, (PathBuf, fs::File)>,
    listings: HashMap<String, Vec<File>>,
    next: u32,
    written: u64,
}

fn code(error: &io::Error) -> StatusCode {
    if error.kind() == io::ErrorKind::NotFound {
        StatusCode::NoSuchFile
    } else {
        StatusCode::Failure
    }
}

fn fine(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: "Ok".to_owned(),
        language_tag: "en".to_owned(),
    }
}

impl Disk {
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches("./"))
    }

    fn attributes(&self, path: &Path) -> Result<FileAttributes, StatusCode> {
        let meta = fs::symlink_metadata(path).map_err(|error| code(&error))?;
        let mut attributes = FileAttributes::from(&meta);
        if self.vice == Some(Vice::SmallSizes) && meta.is_file() {
            attributes.size = Some(meta.len().saturating_sub(1));
        }
        Ok(attributes)
    }

    fn handle(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }
}

impl russh_sftp::server::Handler for Disk {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn init(
        &mut self,
        _version: u32,
        _extensions: HashMap<String, String>,
    ) -> Result<Version, StatusCode> {
        let mut version = Version::new();
        if self.vice == Some(Vice::ChecksFiles) {
            let name = "check-file".to_owned();
            version.extensions.insert(name, "1".to_owned());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        flags: OpenFlags,
        _attrs: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        // A letter box: what was put in cannot be read.
        if !flags.contains(OpenFlags::WRITE) {
            return Err(StatusCode::PermissionDenied);
        }
        let path = self.at(&filename);
        let file = fs::File::create(&path).map_err(|error| code(&error))?;
        if self.vice == Some(Vice::TakesAndDies) && filename.ends_with("delivery.complete") {
            fs::remove_dir_all(path.parent().unwrap()).unwrap();
            std::future::pending::<()>().await;
        }
        let handle = self.handle();
        self.files.insert(handle.clone(), (path, file));
        Ok(Handle { id, handle })
    }

    async fn extended(
        &mut self,
        id: u32,
        request: String,
        data: Vec<u8>,
    ) -> Result<Packet, StatusCode> {
        if self.vice != Some(Vice::ChecksFiles) || request != "check-file-name" {
            return Err(StatusCode::OpUnsupported);
        }
        let length = u32::from_be_bytes(data[..4].try_into().unwrap()) as usize;
        let path = String::from_utf8(data[4..4 + length].to_vec()).unwrap();
        assert_eq!(
            &data[4 + length..],
            b"\0\0\0\x06sha256\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        );
        let content = fs::read(self.at(&path)).map_err(|error| code(&error))?;
        let mut data = b"\0\0\0\x0acheck-file\0\0\0\x06sha256".to_vec();
        data.extend_from_slice(&Sha256::digest(&content));
        Ok(Packet::ExtendedReply(ExtendedReply { id, data }))
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, StatusCode> {
        self.written += data.len() as u64;
        if let Some(Vice::FullAfter(most)) = self.vice
            && self.written > most
        {
            return Err(StatusCode::Failure);
        }
        let (_, file) = self.files.get(&handle).ok_or(StatusCode::Failure)?;
        let keep = if self.vice == Some(Vice::LosesBytes) && offset == 0 {
            data.len() - 1
        } else {
            data.len()
        };
        file.write_all_at(&data[..keep], offset)
            .map_err(|error| code(&error))?;
        Ok(fine(id))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusCode> {
        self.files.remove(&handle);
        self.listings.remove(&handle);
        Ok(fine(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        let attrs = self.attributes(&self.at(&path))?;
        Ok(Attrs { id, attrs })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.lstat(id, path).await
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        let entries = fs::read_dir(self.at(&path)).map_err(|error| code(&error))?;
        let files = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                Ok(File::new(name, self.attributes(&entry.path())?))
            })
            .collect::<Result<Vec<File>, StatusCode>>()?;
        let handle = self.handle();
        self.listings.insert(handle.clone(), files);
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        match self.listings.insert(handle, Vec::new()) {
            Some(files) if !files.is_empty() => Ok(Name { id, files }),
            _ => Err(StatusCode::Eof),
        }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, StatusCode> {
        fs::remove_file(self.at(&filename)).map_err(|error| code(&error))?;
        Ok(fine(id))
    }

    async fn mkdir(
        &mut self,
        id: u32,
        path: String,
        _attrs: FileAttributes,
    ) -> Result<Status, StatusCode> {
        fs::create_dir(self.at(&path)).map_err(|error| code(&error))?;
        Ok(fine(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status, StatusCode> {
        fs::remove_dir(self.at(&path)).map_err(|error| code(&error))?;
        Ok(fine(id))
    }

    async fn rename(
        &mut self,
        id: u32,
        oldpath: String,
        newpath: String,
    ) -> Result<Status, StatusCode> {
        if self.at(&newpath).exists() {
            return Err(StatusCode::Failure);
        }
        fs::rename(self.at(&oldpath), self.at(&newpath)).map_err(|error| code(&error))?;
        Ok(fine(id))
    }
}
