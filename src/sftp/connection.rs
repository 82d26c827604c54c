//! One SSH connection: login, channels, and a clear no to everything that is not SFTP.
//!
//! russh answers nothing by itself, and a client that gets no answer hangs; so every request has
//! one here. A refused command gets a sentence on stderr and an exit status, so that `scp -O`,
//! `rsync` and rclone's hash commands end at once.

use super::auth::Denied;
use super::bounds::Seat;
use super::channel::Pipe;
use super::link::{Link, cut};
use super::presence::Presence;
use super::proof::{Proof, Way};
use super::refusal::Dialect;
use super::server::Door;
use super::session::Session as Sftp;
use super::witness::Witness;
use crate::domain::access::Require;
use crate::domain::account::Account;
use crate::domain::audit::{Entry, Event};
use crate::domain::ids::LabelId;
use crate::domain::net::Net;
use bytes::Bytes;
use jiff::Timestamp;
use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, Disconnect, Error, MethodKind, MethodSet, Pty,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A wrong password is answered after this time, however long the check took.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// Most wrong passwords of one connection.
const MAX_WRONG_PASSWORDS: u32 = 6;

const SFTP_ONLY: &str = "This is a drop zone for music releases. It takes files over SFTP and runs \
     no commands.\r\nUse an SFTP client such as FileZilla or WinSCP, or sftp, or scp without -O.\r\n";
/// The first byte is scp's own for a fault that ends it, the line after it is for those that show
/// nothing else.
const NO_SCP: &str = "\u{2}This server takes files over SFTP only.\n";
const TOO_MANY: &str = "Your account has too many connections open. Close some, or let your program use \
     fewer at a time, and try again.\r\n";
const NOT_NOW: &str = "The server cannot open your folders now. Please try again later.\r\n";

/// The places of a connection that has not logged in: among all, and among those of its network.
pub(super) type Waiting = (OwnedSemaphorePermit, Seat<Net>);

/// russh's handler of one connection.
pub(super) struct Connection {
    door: Arc<Door>,
    link: Arc<Link>,
    /// Its places among those that have not logged in; given back at the login.
    waiting_room: Option<Waiting>,
    /// Its place among the label's connections.
    seat: Option<Seat<LabelId>>,
    account: Option<Account>,
    /// Channels that are open; those with SFTP running have a pipe.
    channels: HashMap<ChannelId, Option<Arc<Pipe>>>,
    /// Channels that are closed. Those whose last answers the client never took count on: russh
    /// keeps such answers until the connection ends.
    left: Vec<ChannelId>,
    wrong_passwords: u32,
    /// What was proved, of a label that has to prove more than one thing.
    proof: Proof,
}

impl Drop for Connection {
    fn drop(&mut self) {
        for pipe in self.channels.values().flatten() {
            drop(pipe.end());
        }
        if let Some(account) = &self.account {
            tracing::info!(peer = %self.link.peer, label = %account.id, user = %account.name, "connection closed");
            self.tell(account, Event::Logout);
        }
    }
}

impl Connection {
    /// A connection that holds `place` until it has logged in.
    pub(super) fn new(door: Arc<Door>, link: Arc<Link>, place: Waiting) -> Self {
        Self {
            door,
            link,
            waiting_room: Some(place),
            seat: None,
            account: None,
            channels: HashMap::new(),
            left: Vec::new(),
            wrong_passwords: 0,
            proof: Proof::default(),
        }
    }

    /// A line of the audit log about a label that is logged in.
    fn tell(&self, account: &Account, event: Event) {
        let entry = Entry::new(event)
            .from(self.link.peer.ip())
            .by(&account.name);
        (self.door.audit())(Entry {
            label: Some(account.id.to_string()),
            ..entry
        });
    }

    /// Something was proved. Enough to be let in, or one half of it.
    fn proved(&mut self, account: Account, way: Way) -> Auth {
        let method = way.method();
        let needs_both = account.access.require == Require::KeyAndPassword;
        let is_enough = self.proof.add(&account.name, way) || !needs_both;
        if !is_enough {
            tracing::info!(
                peer = %self.link.peer,
                label = %account.id,
                user = %account.name,
                method,
                "one of two proofs given"
            );
            return Auth::Reject {
                proceed_with_methods: Some(self.methods_left(&account.name)),
                partial_success: true,
            };
        }
        let (method, key) = if needs_both {
            ("publickey+password", self.proof.key())
        } else {
            (method, self.proof.key())
        };
        let meter = self.door.meter();
        match (needs_both, key) {
            (true, _) => meter.logins_both.one(),
            (false, Some(_)) => meter.logins_key.one(),
            (false, None) => meter.logins_password.one(),
        }
        tracing::info!(
            peer = %self.link.peer,
            label = %account.id,
            user = %account.name,
            method,
            key = key.unwrap_or("-"),
            "logged in"
        );
        self.account = Some(account);
        Auth::Accept
    }

    /// The methods that make sense for that name: all, or after one proof the other one.
    fn methods_left(&self, user: &str) -> MethodSet {
        if self.wrong_passwords >= MAX_WRONG_PASSWORDS {
            return MethodSet::empty();
        }
        match self.proof.given_by(user) {
            (true, false) => {
                MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive][..])
            }
            (false, true) => MethodSet::from(&[MethodKind::PublicKey][..]),
            _ => methods(),
        }
    }

    /// Refuses, and leaves the methods as they are: russh would strike out the one that failed,
    /// and a mistyped password would be the last.
    fn refuse(&self, user: &str) -> Auth {
        Auth::Reject {
            proceed_with_methods: Some(self.methods_left(user)),
            partial_success: false,
        }
    }

    /// Where and when somebody tries.
    fn here(&self) -> (IpAddr, Timestamp) {
        (self.link.peer.ip(), self.door.now())
    }

    async fn check_password(&mut self, user: &str, password: &str, method: &'static str) -> Auth {
        let earliest = tokio::time::Instant::now() + REFUSAL_TIME;
        self.link.asked(user);
        let checked = if self.wrong_passwords < MAX_WRONG_PASSWORDS {
            let here = self.here();
            let known = self.door.authenticator();
            known.by_password(user, password, here).await
        } else {
            Err(Denied::Password)
        };
        let why = match checked {
            Ok(account) => return self.proved(account, Way::Password(method)),
            Err(why) => why,
        };
        self.wrong_passwords += 1;
        // That we cannot look is nobody's offence.
        if why != Denied::Ourselves {
            let mut tries = self.link.noted();
            tries.wrong = true;
            tries.refused.push(cut(user));
            tries.unknown |= why == Denied::UnknownUser;
        }
        self.door.meter().refused_password.one();
        self.log_refusal(user, method, why);
        tokio::time::sleep_until(earliest).await;
        self.refuse(user)
    }

    fn log_refusal(&self, user: &str, method: &'static str, why: Denied) {
        let (peer, user, reason) = (self.link.peer, cut(user), why.as_str());
        tracing::warn!(%peer, ?user, method, reason, "login refused");
        let event = Event::LoginRefused {
            method: method.to_owned(),
            reason: reason.to_owned(),
        };
        (self.door.audit())(Entry::new(event).from(peer.ip()).by(user));
    }

    /// Answers a command or shell: a sentence, exit status 1, the end.
    fn turn_away(channel: ChannelId, words: &str, session: &mut Session) -> Result<(), Error> {
        session.channel_success(channel)?;
        Self::dismiss(channel, words, session)
    }

    fn dismiss(channel: ChannelId, words: &str, session: &mut Session) -> Result<(), Error> {
        session.extended_data(channel, 1, Bytes::from(words.to_owned()))?;
        session.exit_status_request(channel, 1)?;
        session.eof(channel)?;
        session.close(channel)
    }

    /// A channel is closed. False when it was not open.
    fn leave(&mut self, channel: ChannelId) -> bool {
        let was_open = self.channels.remove(&channel).is_some();
        if was_open {
            self.left.push(channel);
        }
        was_open
    }

    fn pipe(&self, channel: ChannelId) -> Option<&Arc<Pipe>> {
        self.channels.get(&channel)?.as_ref()
    }
}

/// Methods offered. Not `none` and not `hostbased`, which russh would offer too.
pub(super) fn methods() -> MethodSet {
    MethodSet::from(
        &[
            MethodKind::PublicKey,
            MethodKind::KeyboardInteractive,
            MethodKind::Password,
        ][..],
    )
}

impl Handler for Connection {
    type Error = Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Error> {
        self.link.asked(user);
        Ok(self.refuse(user))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        Ok(self.check_password(user, password, "password").await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Some(mut response) = response else {
            self.link.asked(user);
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            });
        };
        let given = response.next();
        let password = given
            .as_deref()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default();
        Ok(self
            .check_password(user, password, "keyboard-interactive")
            .await)
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        self.link.asked(user);
        let (key, algorithm, here) = (offer.public_key, offer.algorithm, self.here());
        let known = self.door.authenticator();
        let refused = known.by_key(user, key, algorithm, here).await.err();
        let Some(why) = refused else {
            return Ok(Auth::Accept);
        };
        self.link.noted().offered += 1;
        // A key of its own that is not let in is worth a line; one of many in an agent is not.
        if matches!(why, Denied::Barred(_)) {
            self.log_refusal(user, "publickey", why);
        }
        Ok(self.refuse(user))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        self.link.asked(user);
        // Asked again: between offer and signature the account may have been disabled.
        let here = self.here();
        let known = self.door.authenticator();
        let found = known
            .by_key(user, key.public_key, key.algorithm, here)
            .await;
        match found {
            Ok(account) => Ok(self.proved(account, Way::Key(fingerprint(key.public_key)))),
            Err(why) => {
                self.log_refusal(user, "publickey", why);
                Ok(self.refuse(user))
            }
        }
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), Error> {
        self.link.touch();
        if let Some(account) = &self.account {
            let needs_both = account.access.require == Require::KeyAndPassword;
            let method = if needs_both {
                "publickey+password"
            } else {
                self.proof.last()
            };
            let event = Event::Login {
                method: method.to_owned(),
                key: self.proof.key().map(str::to_owned),
                client: cut(&String::from_utf8_lossy(session.remote_sshid())),
            };
            self.tell(account, event);
            let known = (account.name.clone(), account.id.clone());
            // A connection logs in once.
            self.link.account.set(known).unwrap_or_default();
        }
        self.link.log_in();
        self.waiting_room = None;
        if let Some(account) = &self.account {
            self.seat = self.door.seat_connection(&account.id);
            if self.seat.is_none() {
                let peer = self.link.peer;
                tracing::warn!(%peer, label = %account.id, "connection refused: the label has too many (sftp.max_sessions_per_label)");
                session.disconnect(Disconnect::TooManyConnections, TOO_MANY.trim_end(), "")?;
                // russh leaves it to the client to hang up; who does not would keep a place of all.
                self.link.cut_soon();
            }
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Error> {
        // A channel that we ended is not announced again by russh.
        let ended = self
            .channels
            .extract_if(|_, pipe| pipe.as_ref().is_some_and(|pipe| pipe.is_ended()));
        self.left.extend(ended.map(|(channel, _)| channel));
        self.left
            .retain(|channel| session.has_pending_data(*channel));
        let taken = self.channels.len() + self.left.len();
        if self.seat.is_none() || taken >= self.door.settings().max_channels {
            tracing::info!(
                peer = %self.link.peer,
                channels = taken,
                "channel refused: the connection has too many (sftp.max_channels)"
            );
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.channels.insert(channel.id(), None);
        // Packets come by the callbacks; the channel's own queue is given up, or it would fill.
        drop(channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        if let Some(pipe) = self.pipe(channel) {
            drop(pipe.end());
        }
        self.leave(channel);
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(pipe) = self.pipe(channel) {
            pipe.finish();
        } else if self.leave(channel) {
            session.close(channel)?;
        }
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(pipe) = self.pipe(channel) {
            self.link.touch();
            pipe.receive(data, session)?;
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        let Some(account) = &self.account else {
            return session.channel_failure(channel);
        };
        let is_fresh = matches!(self.channels.get(&channel), Some(None));
        if name != "sftp" || !is_fresh {
            tracing::info!(peer = %self.link.peer, label = %account.id, subsystem = ?cut(name), "subsystem refused");
            return session.channel_failure(channel);
        }
        let (label, user) = (account.id.clone(), account.name.clone());
        let tree = match self.door.tree(&label).await {
            Ok(tree) => tree,
            Err(error) => {
                tracing::error!(label = %label, %error, "a label's folders cannot be opened");
                self.leave(channel);
                return Self::turn_away(channel, NOT_NOW, session);
            }
        };
        let Some(seat) = self.door.seat_session(&label) else {
            tracing::warn!(peer = %self.link.peer, label = %label, "session refused: the label has too many (sftp.max_sessions_per_label)");
            self.leave(channel);
            return Self::turn_away(channel, TOO_MANY, session);
        };
        let number = self.door.next_number();
        let witness = Witness::new(
            Arc::clone(self.door.audit()),
            Arc::clone(self.door.meter()),
            (&label, &user),
            self.link.peer.ip(),
            number,
        );
        let presence = Presence::new(label, number, self.door.events()).before(witness);
        let dialect = Dialect::of(session.remote_sshid());
        let settings = self.door.settings();
        let sftp = Sftp::new(tree, Arc::new(presence), dialect, self.door.draining())
            .bounded(settings.max_handles, seat)
            .putting_off(Arc::clone(&self.link.afterwards));
        let wire = Arc::clone(&self.link.wire);
        let most_waiting = settings.max_waiting_bytes;
        let pipe = Pipe::new(channel, (session.handle(), wire), sftp, most_waiting);
        self.link.add(&pipe);
        self.channels.insert(channel, Some(pipe));
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        if self.pipe(channel).is_some() {
            return session.channel_failure(channel);
        }
        let command = cut(&String::from_utf8_lossy(data));
        tracing::info!(peer = %self.link.peer, command = ?command, "command refused");
        self.leave(channel);
        session.channel_success(channel)?;
        if data.starts_with(b"scp ") {
            // Who gets no byte for an answer may take the end for a yes, as libssh2 does: curl and
            // PHP then said that the file had arrived.
            session.data(channel, Bytes::from_static(NO_SCP.as_bytes()))?;
        }
        Self::dismiss(channel, SFTP_ONLY, session)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        if self.pipe(channel).is_some() {
            return session.channel_failure(channel);
        }
        self.leave(channel);
        Self::turn_away(channel, SFTP_ONLY, session)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }
}

fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(russh::keys::HashAlg::Sha256).to_string()
}
