//! A door for tests that takes a password, in one of the two ways servers have, and nothing else.

use russh::keys::{HashAlg, PrivateKey};
use russh::server::{Auth, Config, Handler, Response, Session};
use russh::{ChannelId, MethodKind, MethodSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The `password` method.
    Password,
    /// The `keyboard-interactive` method, as servers with PAM do.
    Questions,
}

pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) fingerprint: String,
    served: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Door {
    /// Serves one connection.
    pub(crate) async fn open(takes: Takes, right: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        super::sshd::new_key(&dir.path().join("host"));
        let key: PrivateKey = russh::keys::load_secret_key(dir.path().join("host"), None).unwrap();
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(Config {
            keys: vec![key],
            methods: MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive][..]),
            auth_rejection_time: Duration::ZERO,
            ..Config::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let guard = Guard {
            takes,
            right: right.to_owned(),
        };
        let served = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let session = russh::server::run_stream(config, socket, guard).await;
            drop(session.unwrap().await);
        });
        Self {
            port,
            fingerprint,
            served,
        }
    }
}

struct Guard {
    takes: Takes,
    right: String,
}

fn answer(right: bool) -> Auth {
    if right {
        return Auth::Accept;
    }
    Auth::Reject {
        proceed_with_methods: Some(MethodSet::from(&[MethodKind::KeyboardInteractive][..])),
        partial_success: false,
    }
}

impl Handler for Guard {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let right = self.takes == Takes::Password && user == "acme" && password == self.right;
        Ok(answer(right))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let said = response.next();
        let right = self.takes == Takes::Questions
            && user == "acme"
            && said.is_some_and(|said| said == self.right.as_bytes());
        Ok(answer(right))
    }

    async fn channel_open_session(
        &mut self,
        _channel: russh::Channel<russh::server::Msg>,
        reply: russh::server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }
}
