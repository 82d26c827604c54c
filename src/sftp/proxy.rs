//! The PROXY protocol, version 2: a balancer in front tells for whom it connects.
//!
//! Only sources that the operator lists are believed, and they have to tell; anyone else who sends
//! the header is cut off. So nobody can take another's address.

use crate::domain::net::Net;
use proxy_header::{ParseConfig, ProxyHeader};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a header begins with.
pub(super) const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length of the rest.
const HEAD_BYTES: usize = 16;
/// Longest rest that is taken: addresses and whatever a balancer likes to add.
const MAX_REST_BYTES: usize = 4_096;

/// Whether connections from there have to begin with a header.
pub(super) fn is_expected(listed: &[Net], from: IpAddr) -> bool {
    listed.iter().any(|net| net.contains(from))
}

/// Reads the header and not a byte more. The address is `None` when the balancer connects for
/// itself, to see whether we live.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut header = vec![0; HEAD_BYTES];
    stream.read_exact(&mut header).await?;
    if !header.starts_with(SIGNATURE) {
        return Err(invalid("no PROXY header of version 2"));
    }
    let rest = match header.get(14..HEAD_BYTES) {
        Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
        _ => return Err(invalid("no length")),
    };
    if rest > MAX_REST_BYTES {
        return Err(invalid("the PROXY header is too long"));
    }
    header.resize(HEAD_BYTES + rest, 0);
    if let Some(rest) = header.get_mut(HEAD_BYTES..) {
        stream.read_exact(rest).await?;
    }
    parse(&header)
}

/// Reads a whole header.
pub(super) fn parse(header: &[u8]) -> io::Result<Option<SocketAddr>> {
    let config = ParseConfig {
        include_tlvs: false,
        allow_v1: false,
        allow_v2: true,
    };
    let (parsed, used) =
        ProxyHeader::parse(header, config).map_err(|_| invalid("the PROXY header is malformed"))?;
    if used != header.len() {
        return Err(invalid("the PROXY header is malformed"));
    }
    Ok(parsed.proxied_address().map(|address| address.source))
}

fn invalid(words: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([0x20 | command, family]);
        header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
        header.extend(rest);
        header
    }

    fn ipv4() -> Vec<u8> {
        header(1, 0x11, &[192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x40, 0, 22])
    }

    async fn take(bytes: &[u8]) -> (io::Result<Option<SocketAddr>>, usize) {
        let mut rest = bytes;
        let read = read(&mut rest).await;
        (read, rest.len())
    }

    #[tokio::test]
    async fn the_address_is_read_and_nothing_behind_it() {
        let mut bytes = ipv4();
        bytes.extend(b"SSH-2.0-x\r\n");
        let (read, rest) = take(&bytes).await;
        assert_eq!(read.unwrap(), Some("192.0.2.7:8000".parse().unwrap()));
        assert_eq!(rest, 11);
    }

    #[tokio::test]
    async fn ipv6_and_additions_are_read() {
        let mut rest = vec![0; 36];
        rest[..16].copy_from_slice(
            &"2001:db8::9"
                .parse::<std::net::Ipv6Addr>()
                .unwrap()
                .octets(),
        );
        rest[32..34].copy_from_slice(&[0, 80]);
        // A NOOP of three bytes behind the addresses.
        rest.extend([4, 0, 3, 0, 0, 0]);
        let (read, left) = take(&header(1, 0x21, &rest)).await;
        assert_eq!(read.unwrap(), Some("[2001:db8::9]:80".parse().unwrap()));
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn a_balancer_for_itself_names_nobody() {
        assert_eq!(take(&header(0, 0, &[])).await.0.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let cut = ipv4();
        for bytes in [
            &b"SSH-2.0-OpenSSH_9.9\r\nmore bytes follow"[..],
            b"PROXY TCP4 192.0.2.7 10.0.0.1 8000 22\r\n",
            &cut[..20],
            &header(1, 0x11, &[192, 0, 2]),
            &header(7, 0x11, &[0; 12]),
            &header(1, 0x11, &[0; 5_000]),
            b"",
        ] {
            assert!(take(bytes).await.0.is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall(command in 0_u8..=255, family in 0_u8..=255,
                                 rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = header(0, family, &rest);
            bytes[12] = command;
            // Whatever comes, it is an answer.
            drop(parse(&bytes));
        }
    }

    #[test]
    fn only_listed_sources_are_asked() {
        let listed = ["10.0.0.0/8".parse().unwrap()];
        assert!(is_expected(&listed, "10.9.9.9".parse().unwrap()));
        assert!(!is_expected(&listed, "11.0.0.1".parse().unwrap()));
        assert!(!is_expected(&[], "10.9.9.9".parse().unwrap()));
    }
}
