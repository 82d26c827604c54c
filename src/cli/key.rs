//! Public keys as labels send them: OpenSSH's one line, or `PuTTYgen`'s block (RFC 4716).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// Key types that a login may use. DSA and certificates are not among them.
const TYPES: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
];

/// Reads every key of a file into one-line form. The error is a sentence for the operator.
pub fn read_all(text: &str) -> Result<Vec<String>, String> {
    if text.contains("PRIVATE KEY") || text.starts_with("PuTTY-User-Key-File") {
        return Err("this is a private key: ask the label for the public one (usually ending in .pub) and tell it to make a new pair, because this one was sent around".to_owned());
    }
    let mut keys = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("---- BEGIN SSH2 PUBLIC KEY") {
            let block: Vec<&str> = lines
                .by_ref()
                .take_while(|l| !l.starts_with("---- END"))
                .collect();
            keys.push(from_block(&block)?);
        } else {
            keys.push(from_line(line)?);
        }
    }
    if keys.is_empty() {
        return Err("there is no public key in it".to_owned());
    }
    Ok(keys)
}

fn from_line(line: &str) -> Result<String, String> {
    let mut parts = line.split_whitespace();
    let kind = parts.next().unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(format!(
            "`{kind}` is no key type that we take; a key line starts with one of {}",
            TYPES.join(", ")
        ));
    }
    let blob = parts.next().unwrap_or_default();
    let comment = parts.collect::<Vec<_>>().join(" ");
    check(kind, blob)?;
    Ok(format!("{kind} {blob} {comment}").trim_end().to_owned())
}

/// RFC 4716: header lines (`Comment: …`, continued with a backslash), then base64.
fn from_block(block: &[&str]) -> Result<String, String> {
    let mut comment = String::new();
    let mut blob = String::new();
    let mut in_header = false;
    for line in block {
        if in_header || line.contains(':') {
            if let Some(value) = line.strip_prefix("Comment:") {
                value.trim().trim_matches('"').clone_into(&mut comment);
            }
            in_header = line.ends_with('\\');
        } else {
            blob.push_str(line);
        }
    }
    let kind =
        kind_of(&blob).ok_or("the key block cannot be read: it was cut or changed on the way")?;
    from_line(&format!("{kind} {blob} {comment}"))
}

/// The type that a key's own bytes name.
fn kind_of(blob: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(blob).ok()?;
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    String::from_utf8(rest.get(..length)?.to_vec()).ok()
}

fn check(kind: &str, blob: &str) -> Result<(), String> {
    match kind_of(blob) {
        Some(inner) if inner == kind => Ok(()),
        Some(inner) => Err(format!("the line says {kind}, the key itself says {inner}")),
        None => Err("the key cannot be read: it was cut or changed on the way".to_owned()),
    }
}

/// `SHA256:… comment`, as `ssh-keygen -l` prints it.
pub fn fingerprint(line: &str) -> String {
    let mut parts = line.split_whitespace();
    let kind = parts.next().unwrap_or_default();
    let blob = BASE64_STANDARD
        .decode(parts.next().unwrap_or_default())
        .unwrap_or_default();
    let comment = parts.collect::<Vec<_>>().join(" ");
    let hash = BASE64_STANDARD_NO_PAD.encode(Sha256::digest(&blob));
    format!("SHA256:{hash} {kind} {comment}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0ZjVlXvNCqVbUAMHYTXlD3QYG5HjCA8kJ7tZpgAAAA studio@label";

    #[test]
    fn both_forms_of_one_key_are_the_same() {
        let blob = LINE.split(' ').nth(1).unwrap();
        let (first, second) = blob.split_at(30);
        let block = format!(
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"studio@label\"\n{first}\n{second}\n---- END SSH2 PUBLIC KEY ----\n"
        );
        assert_eq!(read_all(LINE).unwrap(), read_all(&block).unwrap());
        assert!(fingerprint(LINE).starts_with("SHA256:"));
    }

    #[test]
    fn private_and_broken_keys_are_refused_with_a_sentence() {
        assert!(
            read_all("-----BEGIN OPENSSH PRIVATE KEY-----")
                .unwrap_err()
                .contains("private")
        );
        assert!(
            read_all("ssh-dss AAAA")
                .unwrap_err()
                .contains("no key type")
        );
        assert!(
            read_all(&LINE.replace("AAAAC3", "AAAC3"))
                .unwrap_err()
                .contains("cut or changed")
        );
        assert!(read_all("\n# nothing\n").is_err());
    }
}
