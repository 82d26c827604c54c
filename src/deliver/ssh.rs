//! Connects to a DSP's SSH server, proves that it is the right one, and logs in.
//!
//! The host key is pinned: nothing but the key exchange happens with a server that shows another
//! one, so no password ever reaches it. There is no "trust on first use".

use super::secrets;
use crate::domain::dsp::{DspProfile, TransportChoice};
use crate::domain::fault::Fault;
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::{
    Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate,
};
use russh::{Channel, ChannelMsg, MethodKind, MethodSet, Preferred, cipher};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;

/// A silent connection is asked for a sign of life this often, so that firewalls keep it.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Rounds of keyboard-interactive questions before we stop answering.
const QUESTION_ROUNDS: u32 = 5;

/// The host key that a profile expects.
#[derive(Clone, Debug)]
pub(super) enum Pin {
    Key(Box<PublicKey>),
    /// `SHA256:` and base64 without padding.
    Fingerprint(String),
}

impl Pin {
    /// Reads a fingerprint, an OpenSSH public key line, or a line of `known_hosts`. The error is
    /// half a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with("SHA256:") {
            let bare = text.trim_end_matches('=');
            return if bare.len() == "SHA256:".len() + 43 {
                Ok(Self::Fingerprint(bare.to_owned()))
            } else {
                Err(
                    "is a fingerprint that is cut off or too long (43 characters after `SHA256:`)"
                        .to_owned(),
                )
            };
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = words
            .iter()
            .position(|word| word.starts_with("ssh-") || word.starts_with("ecdsa-"))
            .ok_or("is neither `SHA256:…` nor a key line such as `ssh-ed25519 AAAA…`; ask the DSP, or see `ssh-keyscan HOST`")?;
        let line = words.get(at..).unwrap_or_default().join(" ");
        PublicKey::from_openssh(&line)
            .map(|key| Self::Key(Box::new(key)))
            .map_err(|error| format!("is no OpenSSH public key ({error})"))
    }

    fn fits(&self, key: &PublicKey) -> bool {
        match self {
            Self::Key(expected) => expected.key_data() == key.key_data(),
            Self::Fingerprint(expected) => fingerprint(key) == *expected,
        }
    }

    /// Algorithms to ask the server for: of a server's several keys it is to show the pinned one.
    fn algorithms(&self) -> Vec<Algorithm> {
        let modern = Preferred::DEFAULT.key.iter().filter(|algorithm| {
            // `ssh-rsa` signs with SHA-1.
            !matches!(algorithm, Algorithm::Rsa { hash: None })
        });
        match self {
            Self::Key(key) => {
                let wanted = key.algorithm();
                let is_rsa = |one: &Algorithm| matches!(one, Algorithm::Rsa { .. });
                modern
                    .filter(|one| **one == wanted || (is_rsa(one) && is_rsa(&wanted)))
                    .cloned()
                    .collect()
            }
            Self::Fingerprint(_) => modern.cloned().collect(),
        }
    }
}

fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Answers russh's question whether the server is the right one.
pub(super) struct Guard {
    pin: Pin,
    /// What the server showed, when it was not that.
    stranger: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Guard {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let found = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } if self.pin.fits(key) => return Ok(true),
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                format!("{} {}", key.algorithm(), fingerprint(key))
            }
            PublicKeyOrCertificate::Certificate(_) => "a certificate".to_owned(),
        };
        *self.stranger.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        Ok(false)
    }
}

/// A logged-in connection with an SFTP channel on it.
pub(super) struct Connection {
    /// Dropping it ends the connection.
    pub(super) handle: Handle<Guard>,
    pub(super) channel: Channel<Msg>,
    pub(super) timeout: Duration,
    /// `user@host:port`.
    pub(super) address: String,
}

struct Target<'a> {
    host: &'a str,
    port: u16,
    user: &'a str,
    name: &'a str,
    file: String,
    timeout: Duration,
}

struct Credentials {
    key: Option<Arc<PrivateKey>>,
    password: Option<String>,
}

/// Connects and logs in.
pub(super) async fn connect(profile: &DspProfile) -> Result<Connection, Fault> {
    let TransportChoice::Sftp {
        host,
        port,
        user,
        host_key,
        password_file,
        key_file,
        timeout_seconds,
    } = &profile.transport
    else {
        return Err(Fault::permanent(
            "bad_profile",
            "This DSP is not reached by SFTP.",
        ));
    };
    let target = Target {
        host,
        port: *port,
        user,
        name: &profile.name,
        file: format!("{}.toml", profile.id),
        timeout: Duration::from_secs(*timeout_seconds),
    };
    let pin = Pin::parse(host_key)
        .map_err(|why| super::names::bad_profile(profile, &format!("`host_key` {why}")))?;
    let credentials = Credentials {
        key: key_file.as_deref().map(private_key).transpose()?,
        password: password_file
            .as_deref()
            .map(secrets::password)
            .transpose()?,
    };
    let mut handle = target.within("connect", target.handshake(pin)).await??;
    target
        .within("log in", target.log_in(&mut handle, &credentials))
        .await??;
    let channel = target
        .within("open SFTP", target.subsystem(&handle))
        .await??;
    Ok(Connection {
        handle,
        channel,
        timeout: target.timeout,
        address: format!("{user}@{host}:{port}"),
    })
}

fn private_key(path: &std::path::Path) -> Result<Arc<PrivateKey>, Fault> {
    let text = secrets::read(path, "The key file")?;
    russh::keys::decode_secret_key(&text, None)
        .map(Arc::new)
        .map_err(|error| {
            Fault::permanent(
                "secret_unreadable",
                format!(
                    "The key file {} holds no private key that can be used: {error}. It has to be an OpenSSH private key without a passphrase.",
                    path.display()
                ),
            )
        })
}

impl Target<'_> {
    async fn within<T>(&self, doing: &str, work: impl Future<Output = T>) -> Result<T, Fault> {
        tokio::time::timeout(self.timeout, work).await.map_err(|_| {
            Fault::transient(
                "dsp_timeout",
                format!(
                    "{} ({}:{}) did not answer within {} s while we tried to {doing}.",
                    self.name,
                    self.host,
                    self.port,
                    self.timeout.as_secs()
                ),
            )
        })
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> Fault {
        Fault::transient(
            "dsp_unreachable",
            format!(
                "{} cannot be reached at {}:{}: {error}.",
                self.name, self.host, self.port
            ),
        )
    }

    async fn handshake(&self, pin: Pin) -> Result<Handle<Guard>, Fault> {
        let socket = TcpStream::connect((self.host, self.port))
            .await
            .map_err(|error| self.unreachable(&error))?;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let config = client::Config {
            preferred: Preferred {
                key: Cow::Owned(pin.algorithms()),
                // AES-GCM has hardware behind it nearly everywhere; it is about twice as fast.
                cipher: Cow::Borrowed(&[
                    cipher::AES_128_GCM,
                    cipher::AES_256_GCM,
                    cipher::CHACHA20_POLY1305,
                    cipher::AES_256_CTR,
                    cipher::AES_192_CTR,
                    cipher::AES_128_CTR,
                ]),
                ..Preferred::DEFAULT
            },
            keepalive_interval: Some(KEEPALIVE),
            ..client::Config::default()
        };
        let stranger = Arc::new(Mutex::new(None));
        let guard = Guard {
            pin,
            stranger: Arc::clone(&stranger),
        };
        let outcome = client::connect_stream(Arc::new(config), socket, guard).await;
        let shown = stranger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (outcome, shown) {
            (_, Some(found)) => Err(self.wrong_host(&found)),
            (Ok(handle), None) => Ok(handle),
            (Err(error), None) => Err(self.refused_handshake(&error)),
        }
    }

    fn wrong_host(&self, found: &str) -> Fault {
        Fault::permanent(
            "host_key_differs",
            format!(
                "The server at {}:{} showed the host key {found}, which is not the one in `host_key` of {}. Nothing was sent. Ask {} by another way whether they changed their key; only then put the new one there.",
                self.host, self.port, self.file, self.name
            ),
        )
    }

    fn refused_handshake(&self, error: &russh::Error) -> Fault {
        if matches!(error, russh::Error::NoCommonAlgo { .. }) {
            return Fault::permanent(
                "ssh_incompatible",
                format!(
                    "{} ({}:{}) offers no SSH algorithm that is safe to use: {error}. If `host_key` of {} has an older kind of key, ask them for the current one.",
                    self.name, self.host, self.port, self.file
                ),
            );
        }
        self.unreachable(error)
    }

    /// Key first, then password, then the password as the answer to questions: some servers know
    /// only the last.
    async fn log_in(
        &self,
        handle: &mut Handle<Guard>,
        credentials: &Credentials,
    ) -> Result<(), Fault> {
        let mut offered = String::new();
        if let Some(key) = &credentials.key {
            let hash = if key.algorithm().is_rsa() {
                let best = handle
                    .best_supported_rsa_hash()
                    .await
                    .map_err(|error| self.unreachable(&error))?;
                Some(best.flatten().unwrap_or(HashAlg::Sha512))
            } else {
                None
            };
            let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
            match handle.authenticate_publickey(self.user, key).await {
                Ok(AuthResult::Success) => return Ok(()),
                Ok(AuthResult::Failure {
                    remaining_methods, ..
                }) => offered = self.still_there(&remaining_methods)?,
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
        if let Some(password) = &credentials.password {
            match handle.authenticate_password(self.user, password).await {
                Ok(AuthResult::Success) => return Ok(()),
                Ok(AuthResult::Failure {
                    remaining_methods, ..
                }) => {
                    offered = self.still_there(&remaining_methods)?;
                    if remaining_methods.contains(&MethodKind::KeyboardInteractive)
                        && self.answer_questions(handle, password).await?
                    {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
        Err(Fault::permanent(
            "login_refused",
            format!(
                "{} ({}:{}) refused to let {:?} in (it would take: {offered}). Check `user`, `password_file` and `key_file` in {}, and that {} has our public key.",
                self.name, self.host, self.port, self.user, self.file, self.name
            ),
        ))
    }

    /// The methods that a refusal leaves open, for people. A connection that broke while we logged
    /// in looks to russh like a refusal that leaves none; that must not need a person.
    fn still_there(&self, open: &MethodSet) -> Result<String, Fault> {
        let names: Vec<&'static str> = open.iter().map(<&'static str>::from).collect();
        if names.is_empty() {
            return Err(self.unreachable(&"the connection ended while we logged in"));
        }
        Ok(names.join(", "))
    }

    async fn answer_questions(
        &self,
        handle: &mut Handle<Guard>,
        password: &str,
    ) -> Result<bool, Fault> {
        let lost = |error: russh::Error| self.unreachable(&error);
        let mut answer = handle
            .authenticate_keyboard_interactive_start(self.user, None)
            .await
            .map_err(lost)?;
        for _ in 0..QUESTION_ROUNDS {
            match answer {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    answer = handle
                        .authenticate_keyboard_interactive_respond(answers)
                        .await
                        .map_err(lost)?;
                }
            }
        }
        Ok(false)
    }

    async fn subsystem(&self, handle: &Handle<Guard>) -> Result<Channel<Msg>, Fault> {
        let refused = |how: &dyn std::fmt::Display| {
            Fault::permanent(
                "sftp_refused",
                format!(
                    "{} ({}:{}) let {:?} in but does not offer SFTP: {how}. Ask them to enable it for the account.",
                    self.name, self.host, self.port, self.user
                ),
            )
        };
        let mut channel = match handle.channel_open_session().await {
            Ok(channel) => channel,
            Err(error @ russh::Error::ChannelOpenFailure(_)) => return Err(refused(&error)),
            Err(error) => return Err(self.unreachable(&error)),
        };
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(|error| self.unreachable(&error))?;
        while let Some(message) = channel.wait().await {
            if matches!(message, ChannelMsg::Success) {
                return Ok(channel);
            }
            if matches!(message, ChannelMsg::Failure) {
                return Err(refused(&"the subsystem was refused"));
            }
        }
        Err(self.unreachable(&"the connection ended"))
    }
}
