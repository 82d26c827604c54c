//! Who may log in. Passwords and keys are checked against the accounts as they are at this moment.
//!
//! What an attacker can learn or use up here is bounded: an unknown user costs one hash as a known
//! one does, hashes run a few at a time, and every refusal takes the same time. A key that is only
//! offered proves nothing and counts for nothing; the decision is made after the signature.

use crate::domain::access::Barred;
use crate::domain::account::{Account, Accounts, is_valid_name};
use crate::domain::ids::LabelId;
use crate::domain::password;
use jiff::Timestamp;
use russh::keys::{Algorithm, PublicKey};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Smallest RSA key accepted, in bits.
const MIN_RSA_BITS: u32 = 2_048;

/// Why someone is not let in. For us; whoever tries is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// No label has that name.
    UnknownUser,
    /// The password is wrong, or the label has none.
    Password,
    /// The key is none of the label's, or signs in a way that is not accepted.
    Key,
    /// The label may not be here, whatever it proves.
    Barred(Barred),
    /// We could not find out.
    Ourselves,
}

impl Denied {
    /// For the log.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "there is no such label",
            Self::Password => "wrong password",
            Self::Key => "not a key of this label",
            Self::Barred(why) => why.as_str(),
            Self::Ourselves => "accounts cannot be read",
        }
    }
}

/// Checks credentials.
pub(super) struct Authenticator {
    accounts: Arc<dyn Accounts>,
    hashes: Arc<Semaphore>,
    /// Hashed against when there is no user of that name, or it has no password.
    dummy: Arc<str>,
    /// Whether RSA signatures with SHA-1 are taken.
    with_sha1: bool,
}

impl Authenticator {
    /// At most `hashes_at_once` passwords are hashed at a time; each takes 19 MiB.
    pub(super) fn new(accounts: Arc<dyn Accounts>, hashes_at_once: usize, with_sha1: bool) -> Self {
        Self {
            accounts,
            hashes: Arc::new(Semaphore::new(hashes_at_once.max(1))),
            dummy: password::hash("nobody's password", *b"dropzone's dummy").into(),
            with_sha1,
        }
    }

    /// The account, if name and password are right and it may log in from there now. What is found
    /// out first changes nothing of the work: one hash is made in any case.
    pub(super) async fn by_password(
        &self,
        user: &str,
        password: &str,
        (from, now): (IpAddr, Timestamp),
    ) -> Result<Account, Denied> {
        let found = self.find(user).await;
        let account = found.as_ref().ok();
        let known = account.and_then(|account| account.password_hash.as_deref());
        let phc: Arc<str> = known.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        let is_known = known.is_some();
        let password = password.to_owned();
        let Ok(_permit) = self.hashes.acquire().await else {
            return Err(Denied::Ourselves);
        };
        let matches = tokio::task::spawn_blocking(move || password::verify(&password, &phc))
            .await
            .unwrap_or(false);
        let account = found?;
        if !(matches && is_known) {
            return Err(Denied::Password);
        }
        admitted(account, from, now)
    }

    /// The account, if that key is one of its keys, the signature is of an accepted kind, and it
    /// may log in from there now. Says nothing about who holds the key.
    pub(super) async fn by_key(
        &self,
        user: &str,
        key: &PublicKey,
        algorithm: &Algorithm,
        (from, now): (IpAddr, Timestamp),
    ) -> Result<Account, Denied> {
        if !self.is_accepted(key, algorithm) {
            return Err(Denied::Key);
        }
        let account = self.find(user).await?;
        let is_its_own = account.keys.iter().any(|line| {
            PublicKey::from_openssh(line).is_ok_and(|known| known.key_data() == key.key_data())
        });
        if !is_its_own {
            return Err(Denied::Key);
        }
        admitted(account, from, now)
    }

    /// Why who logged in as `user` may no longer be here, if so: switched off, over, not from there,
    /// or another account by now. When that cannot be told, nobody is sent away.
    pub(super) async fn dismissed(
        &self,
        user: &str,
        id: &LabelId,
        from: IpAddr,
        now: Timestamp,
    ) -> Option<Barred> {
        match self.find(user).await {
            Ok(account) if account.id == *id => account.bars(from, now),
            Ok(_) | Err(Denied::UnknownUser) => Some(Barred::Disabled),
            Err(_) => None,
        }
    }

    /// The account of that name.
    async fn find(&self, user: &str) -> Result<Account, Denied> {
        // What can be no account's name is not looked for, however long it is.
        if !is_valid_name(user) {
            return Err(Denied::UnknownUser);
        }
        let accounts = Arc::clone(&self.accounts);
        let name = user.to_owned();
        let found = tokio::task::spawn_blocking(move || accounts.find(&name)).await;
        match found {
            Ok(Ok(account)) => account.ok_or(Denied::UnknownUser),
            Ok(Err(fault)) => {
                tracing::error!(%fault, "accounts cannot be read; nobody can log in");
                Err(Denied::Ourselves)
            }
            Err(error) => {
                tracing::error!(%error, "looking for an account failed");
                Err(Denied::Ourselves)
            }
        }
    }

    /// Ed25519, ECDSA, and RSA of some length with SHA-2. Signatures with SHA-1 can be forged, and
    /// are taken only where the operator wants it.
    fn is_accepted(&self, key: &PublicKey, algorithm: &Algorithm) -> bool {
        if let Algorithm::Rsa { hash } = algorithm {
            let is_long = || {
                key.key_data()
                    .rsa()
                    .is_some_and(|rsa| rsa.key_size() >= MIN_RSA_BITS)
            };
            return (hash.is_some() || self.with_sha1) && is_long();
        }
        matches!(algorithm, Algorithm::Ed25519 | Algorithm::Ecdsa { .. })
    }
}

fn admitted(account: Account, from: IpAddr, now: Timestamp) -> Result<Account, Denied> {
    match account.bars(from, now) {
        Some(why) => Err(Denied::Barred(why)),
        None => Ok(account),
    }
}
