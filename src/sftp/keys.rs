//! The server's own keys: one Ed25519 and one ECDSA P-256, made at the first start and kept.
//! An RSA one is made only where the operator wants it.
//!
//! A key that cannot be read is an error, never a reason to make a new one: a changed host key
//! locks out every label at once. No RSA host key unasked (RUSTSEC-2023-0071 has no fix).

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why the host keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// A file could not be read or written.
    #[error("host key {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no private key in OpenSSH's form.
    #[error("host key {} is not an OpenSSH private key: {source}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: russh::keys::ssh_key::Error,
    },
    /// Others than the owner may read it.
    #[error("host key {} can be read by others; run: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
}

/// Name of the file and kind of key.
const KEYS: &[(&str, Algorithm)] = &[
    ("ssh_host_ed25519_key", Algorithm::Ed25519),
    (
        "ssh_host_ecdsa_key",
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
    ),
];

/// The one that is asked for; 4096 bits.
const RSA: (&str, Algorithm) = ("ssh_host_rsa_key", Algorithm::Rsa { hash: None });

/// Loads the host keys in `folder`, making those that are not there.
pub(super) fn load_or_create(
    folder: &Path,
    with_rsa: bool,
) -> Result<Vec<PrivateKey>, HostKeyError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| HostKeyError::Io { path, source }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(io(folder))?;
    KEYS.iter()
        .chain(with_rsa.then_some(&RSA))
        .map(|(name, algorithm)| {
            let path = folder.join(name);
            match fs::metadata(&path) {
                Ok(metadata) => load(&path, &metadata),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    create(folder, &path, algorithm)
                }
                Err(error) => Err(io(&path)(error)),
            }
        })
        .collect()
}

/// `ED25519 SHA256:…`, as clients show it.
pub(super) fn fingerprint(key: &PrivateKey) -> String {
    let algorithm = key.algorithm();
    let kind = if matches!(algorithm, Algorithm::Ed25519) {
        "ED25519"
    } else if matches!(algorithm, Algorithm::Rsa { .. }) {
        "RSA"
    } else {
        "ECDSA"
    };
    format!("{kind} {}", key.public_key().fingerprint(HashAlg::Sha256))
}

fn load(path: &Path, metadata: &fs::Metadata) -> Result<PrivateKey, HostKeyError> {
    if metadata.mode() & 0o077 != 0 {
        return Err(HostKeyError::Open {
            path: path.to_path_buf(),
        });
    }
    let text = fs::read_to_string(path).map_err(|source| HostKeyError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    PrivateKey::from_openssh(text).map_err(|source| HostKeyError::Form {
        path: path.to_path_buf(),
        source,
    })
}

fn create(folder: &Path, path: &Path, algorithm: &Algorithm) -> Result<PrivateKey, HostKeyError> {
    let form = |source| HostKeyError::Form {
        path: path.to_path_buf(),
        source,
    };
    let key = PrivateKey::random(&mut rand::rng(), algorithm.clone()).map_err(form)?;
    let private = key.to_openssh(LineEnding::LF).map_err(form)?;
    let public = key.public_key().to_openssh().map_err(form)?;
    write_durably(folder, path, private.as_bytes(), 0o600)
        .and_then(|()| {
            let line = format!("{public}\n");
            write_durably(folder, &path.with_extension("pub"), line.as_bytes(), 0o644)
        })
        .map_err(|source| HostKeyError::Io {
            path: path.to_path_buf(),
            source,
        })?;
    Ok(key)
}

/// Writes a file so that after a power cut it is there whole or not at all.
fn write_durably(folder: &Path, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        let first: Vec<_> = load_or_create(&folder, false)
            .unwrap()
            .iter()
            .map(fingerprint)
            .collect();
        let second: Vec<_> = load_or_create(&folder, false)
            .unwrap()
            .iter()
            .map(fingerprint)
            .collect();
        assert_eq!(first, second);
        assert!(first[0].starts_with("ED25519 SHA256:"), "{}", first[0]);
        assert!(first[1].starts_with("ECDSA SHA256:"), "{}", first[1]);
        for (name, _) in KEYS {
            let mode = fs::metadata(folder.join(name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_that_is_damaged_or_open_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        load_or_create(&folder, false).unwrap();
        let path = folder.join("ssh_host_ed25519_key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            load_or_create(&folder, false),
            Err(HostKeyError::Open { .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "damaged").unwrap();
        assert!(matches!(
            load_or_create(&folder, false),
            Err(HostKeyError::Form { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "damaged");
    }
}
