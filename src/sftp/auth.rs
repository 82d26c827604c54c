//! Who may log in. Passwords and keys are checked against the accounts as they are at this moment.
//!
//! What an attacker can learn or use up here is bounded: an unknown user costs one hash as a known
//! one does, hashes run a few at a time, and every refusal takes the same time. A key that is only
//! offered proves nothing and counts for nothing; the decision is made after the signature.

use crate::domain::account::{Account, Accounts, is_valid_name};
use crate::domain::ids::LabelId;
use crate::domain::password;
use russh::keys::{Algorithm, PublicKey};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Smallest RSA key accepted, in bits.
const MIN_RSA_BITS: u32 = 2_048;

/// Checks credentials.
pub(super) struct Authenticator {
    accounts: Arc<dyn Accounts>,
    hashes: Arc<Semaphore>,
    /// Hashed against when there is no user of that name, or it has no password.
    dummy: Arc<str>,
}

impl Authenticator {
    /// At most `hashes_at_once` passwords are hashed at a time; each takes 19 MiB.
    pub(super) fn new(accounts: Arc<dyn Accounts>, hashes_at_once: usize) -> Self {
        Self {
            accounts,
            hashes: Arc::new(Semaphore::new(hashes_at_once.max(1))),
            dummy: password::hash("nobody's password", *b"dropzone's dummy").into(),
        }
    }

    /// The account, if name and password are right and it may log in.
    pub(super) async fn by_password(&self, user: &str, password: &str) -> Option<Account> {
        let account = self.find(user).await;
        let known = account
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        let phc: Arc<str> = known.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        let is_known = known.is_some();
        let password = password.to_owned();
        let _permit = self.hashes.acquire().await.ok()?;
        let matches = tokio::task::spawn_blocking(move || password::verify(&password, &phc))
            .await
            .unwrap_or(false);
        account.filter(|_| matches && is_known)
    }

    /// The account, if that key is one of its keys, the signature is of an accepted kind, and it
    /// may log in. Says nothing about who holds the key.
    pub(super) async fn by_key(
        &self,
        user: &str,
        key: &PublicKey,
        algorithm: &Algorithm,
    ) -> Option<Account> {
        if !is_accepted(key, algorithm) {
            return None;
        }
        self.find(user).await.filter(|account| {
            account.keys.iter().any(|line| {
                PublicKey::from_openssh(line).is_ok_and(|known| known.key_data() == key.key_data())
            })
        })
    }

    /// Whether who logged in as `user` may no longer be here: disabled, or another account by now.
    /// When that cannot be told, nobody is sent away.
    pub(super) async fn is_dismissed(&self, user: &str, id: &LabelId) -> bool {
        let accounts = Arc::clone(&self.accounts);
        let name = user.to_owned();
        let found = tokio::task::spawn_blocking(move || accounts.find(&name)).await;
        match found {
            Ok(Ok(account)) => account.is_none_or(|account| account.disabled || account.id != *id),
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// The enabled account of that name.
    async fn find(&self, user: &str) -> Option<Account> {
        // What can be no account's name is not looked for, however long it is.
        if !is_valid_name(user) {
            return None;
        }
        let accounts = Arc::clone(&self.accounts);
        let name = user.to_owned();
        let found = tokio::task::spawn_blocking(move || accounts.find(&name)).await;
        match found {
            Ok(Ok(account)) => account.filter(|account| !account.disabled),
            Ok(Err(fault)) => {
                tracing::error!(%fault, "accounts cannot be read; nobody can log in");
                None
            }
            Err(error) => {
                tracing::error!(%error, "looking for an account failed");
                None
            }
        }
    }
}

/// Ed25519, ECDSA, and RSA of some length with SHA-2. Signatures with SHA-1 can be forged.
fn is_accepted(key: &PublicKey, algorithm: &Algorithm) -> bool {
    if let Algorithm::Rsa { hash: Some(_) } = algorithm {
        return key
            .key_data()
            .rsa()
            .is_some_and(|rsa| rsa.key_size() >= MIN_RSA_BITS);
    }
    matches!(algorithm, Algorithm::Ed25519 | Algorithm::Ecdsa { .. })
}
