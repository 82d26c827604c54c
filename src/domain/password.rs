//! How a label's password is kept: argon2id, as a PHC string. Pure; the salt is handed in.
//!
//! The cost (19 MiB, two passes, one lane) is OWASP's first recommendation. It makes one guess
//! dear for a thief, and makes logins dear for us, so the caller bounds how many run at once.

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use std::sync::{Mutex, PoisonError};

/// Memory of one hash, in KiB.
const MEMORY_KIBIBYTES: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes; one, because the server bounds parallel hashes itself.
const LANES: u32 = 1;

/// Longest password that is hashed, in bytes. Nobody types more, and the login must stay cheap to
/// refuse.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Memory of checks that are done, for the next ones: as much as was ever in use at a time. Given
/// back, it would stay with every thread that once checked a password, many times over.
static SPARE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// The PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`) of `password`. Empty when the password
/// cannot be hashed; an empty string verifies nothing.
pub fn hash(password: &str, salt: [u8; 16]) -> String {
    let Ok(params) = Params::new(MEMORY_KIBIBYTES, PASSES, LANES, None) else {
        return String::new();
    };
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .unwrap_or_default()
}

/// Whether `password` is the one behind the PHC string. False for a string that is none, for an
/// empty password, and for one longer than [`MAX_PASSWORD_BYTES`].
pub fn verify(password: &str, phc: &str) -> bool {
    if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    let spare = || SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = spare().pop().unwrap_or_default();
    let is_it = is_behind(password, phc, &mut memory).unwrap_or(false);
    // A string of another cost than ours keeps nothing here.
    if memory.len() <= MEMORY_KIBIBYTES as usize {
        spare().push(memory);
    }
    is_it
}

/// `None` when the string is none, or asks for what cannot be.
fn is_behind(password: &str, phc: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let kept = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&kept).ok()?;
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
    let version = Version::try_from(kept.version?).ok()?;
    let (salt, wanted) = (kept.salt?, kept.hash?);
    memory.resize(params.block_count(), Block::new());
    let mut found = [0; Output::MAX_LENGTH];
    let found = found.get_mut(..wanted.len())?;
    Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(password.as_bytes(), &salt, found, memory)
        .ok()?;
    // Compared in the same time whatever it is.
    Some(Output::new(found).ok()? == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other() {
        let kept = hash("correct horse", [7; 16]);
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct horsE", &kept));
        assert!(!verify("", &kept));
    }

    #[test]
    fn salts_make_hashes_differ() {
        assert_ne!(hash("a", [1; 16]), hash("a", [2; 16]));
    }

    #[test]
    fn what_is_no_hash_lets_nobody_in() {
        for phc in ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert!(!verify("plain", phc), "{phc}");
        }
        let empty = hash("", [0; 16]);
        assert!(!verify("", &empty), "an empty password is never right");
    }
}
