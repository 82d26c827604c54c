//! Which algorithms are offered. Lists are explicit: nothing weak comes in by an update of russh.
//!
//! What old clients need beside is named by the operator, one by one ([`Legacy`]).

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Error, Preferred, cipher, compression, kex, mac};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Something weak that is offered only when the operator names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Legacy {
    /// An RSA host key beside the others, used with SHA-2, for clients that know no other kind.
    #[serde(rename = "rsa-host-key")]
    RsaHostKey,
    /// RSA signatures with SHA-1, of labels' keys and of an RSA host key.
    #[serde(rename = "ssh-rsa")]
    SshRsa,
    /// Key exchange with SHA-1.
    #[serde(rename = "diffie-hellman-group14-sha1")]
    DhGroup14Sha1,
    /// Integrity with SHA-1.
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
}

impl Legacy {
    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaHostKey => "rsa-host-key",
            Self::SshRsa => "ssh-rsa",
            Self::DhGroup14Sha1 => "diffie-hellman-group14-sha1",
            Self::HmacSha1 => "hmac-sha1",
        }
    }

    /// What is weak about it, for who has switched it on.
    pub fn risk(self) -> &'static str {
        match self {
            Self::RsaHostKey => {
                "the library's RSA signatures take a time that depends on the key (RUSTSEC-2023-0071); who measures many of them may find the key out"
            }
            Self::SshRsa => "signatures with SHA-1 can be forged with some effort",
            Self::DhGroup14Sha1 => {
                "a key exchange with SHA-1 can be disturbed by who is in between"
            }
            Self::HmacSha1 => "SHA-1 is no longer trusted for new systems",
        }
    }
}

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::DH_G16_SHA512,
    kex::DH_G14_SHA256,
];
/// Not algorithms but marks in their list.
const KEX_MARKS: &[kex::Name] = &[
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
/// Host keys, and the signatures accepted of users; only host keys that we have are offered.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];
/// AES-GCM before `ChaCha20` because it is the faster one here.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];
const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
];

/// Everything that is offered, best first, and what is `legacy` last. No CBC, and no compression:
/// delayed zlib goes out of step with some clients.
pub(super) fn preferred(legacy: &[Legacy]) -> Preferred {
    let with = |wanted: Legacy| legacy.contains(&wanted);
    let mut kex = KEX.to_vec();
    if with(Legacy::DhGroup14Sha1) {
        kex.push(kex::DH_G14_SHA1);
    }
    kex.extend_from_slice(KEX_MARKS);
    let mut key = KEYS.to_vec();
    if with(Legacy::SshRsa) {
        key.push(Algorithm::Rsa { hash: None });
    }
    let mut mac = MACS.to_vec();
    if with(Legacy::HmacSha1) {
        mac.push(mac::HMAC_SHA1_ETM);
        mac.push(mac::HMAC_SHA1);
    }
    Preferred {
        kex: Cow::Owned(kex),
        key: Cow::Owned(key),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Owned(mac),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// Says of every weak thing that is switched on what is weak about it.
pub(super) fn warn(legacy: &[Legacy]) {
    for weak in legacy {
        tracing::warn!(
            algorithm = weak.as_str(),
            "sftp.legacy_algorithms offers something weak: {}; take it out when no label needs it",
            weak.risk()
        );
    }
}

/// Both lists of a client that knows nothing of ours, so that support can answer.
pub(super) fn nothing_in_common(error: &Error) -> Option<String> {
    /// A client may send as long a list as it likes.
    const MAX_SHOWN: usize = 40;
    let Error::NoCommonAlgo { kind, ours, theirs } = error else {
        return None;
    };
    let shown: Vec<&str> = theirs.iter().take(MAX_SHOWN).map(String::as_str).collect();
    let mut words = format!(
        "no common algorithm ({kind:?}): the client offers {}",
        shown.join(",")
    );
    if let Some(more) = theirs.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
        // A String takes everything.
        write!(words, " and {more} more").unwrap_or_default();
    }
    write!(words, "; we offer {}", ours.join(",")).unwrap_or_default();
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(preferred: &Preferred) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        names.extend(preferred.kex.iter().map(|name| name.as_ref().to_owned()));
        names.extend(preferred.key.iter().map(ToString::to_string));
        names.extend(preferred.cipher.iter().map(|name| name.as_ref().to_owned()));
        names.extend(preferred.mac.iter().map(|name| name.as_ref().to_owned()));
        names.extend(
            preferred
                .compression
                .iter()
                .map(|name| name.as_ref().to_owned()),
        );
        names
    }

    /// The whole list, so that a change of it is a decision.
    #[test]
    fn what_is_offered() {
        assert_eq!(
            names(&preferred(&[])).join(" "),
            "mlkem768x25519-sha256 curve25519-sha256 curve25519-sha256@libssh.org \
             ecdh-sha2-nistp256 ecdh-sha2-nistp384 diffie-hellman-group16-sha512 \
             diffie-hellman-group14-sha256 ext-info-s kex-strict-s-v00@openssh.com \
             ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 \
             rsa-sha2-512 rsa-sha2-256 \
             aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com \
             aes256-ctr aes192-ctr aes128-ctr \
             hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com hmac-sha2-256 \
             hmac-sha2-512 none"
        );
    }

    #[test]
    fn weak_things_come_only_by_name_and_last() {
        let all = [
            Legacy::RsaHostKey,
            Legacy::SshRsa,
            Legacy::DhGroup14Sha1,
            Legacy::HmacSha1,
        ];
        let (usual, more) = (names(&preferred(&[])), names(&preferred(&all)));
        let added: Vec<&String> = more.iter().filter(|name| !usual.contains(name)).collect();
        assert_eq!(
            added,
            [
                "diffie-hellman-group14-sha1",
                "ssh-rsa",
                "hmac-sha1-etm@openssh.com",
                "hmac-sha1"
            ]
        );
    }

    #[test]
    fn a_long_list_of_a_client_is_cut() {
        let error = Error::NoCommonAlgo {
            kind: russh::AlgorithmKind::Kex,
            ours: vec!["a".to_owned()],
            theirs: vec!["b".to_owned(); 1_000],
        };
        let words = nothing_in_common(&error).unwrap();
        assert!(words.contains("and 960 more; we offer a"), "{words}");
        assert!(words.len() < 300);
    }
}
