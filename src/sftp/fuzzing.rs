//! What the fuzz targets need of this module's insides: the readers of what a client sends, with
//! what has to hold of every answer. Not part of the program.

use super::codec;
use super::framing::{Framer, Piece};
use super::path::{Place, VirtualPath, split, top};

/// Reads a client's path. Whatever it is, what comes out is canonical and stays inside.
pub fn path(raw: &[u8]) {
    for parsed in [VirtualPath::parse(raw), VirtualPath::parse_expanded(raw)] {
        let Ok(path) = parsed else { continue };
        let text = path.as_str();
        assert!(text.starts_with('/') && !text.contains("//") && !text.contains('\0'));
        let mut parts = text.split('/').skip(1);
        assert!(text == "/" || parts.all(|part| !matches!(part, "" | "." | "..")));
        let again = VirtualPath::parse(text.as_bytes());
        assert_eq!(
            again.as_ref(),
            Ok(&path),
            "reading it again changes nothing"
        );
        let (Place::Incoming(below) | Place::Reports(below) | Place::Acknowledgements(below)) =
            path.place()
        else {
            continue;
        };
        assert!(!below.starts_with('/'));
        let (folder, name) = split(below);
        assert!(!name.contains('/') && (folder.is_empty() || below.starts_with(folder)));
        assert!(below.starts_with(top(below)));
    }
}

/// Cuts a stream into packets and reads them. However the network cuts it, the packets are the same.
pub fn stream(bytes: &[u8]) {
    let whole = pieces(bytes, usize::MAX);
    for size in [1, 3, 64] {
        assert_eq!(pieces(bytes, size), whole);
    }
}

/// The packets of a stream that comes in parts of that size, a WRITE's payload in one.
fn pieces(bytes: &[u8], size: usize) -> Vec<String> {
    let mut framer = Framer::default();
    let mut out = Vec::new();
    let mut payload = 0_usize;
    for mut part in bytes.chunks(size.min(bytes.len().max(1))) {
        loop {
            match framer.next(&mut part) {
                Ok(Some(Piece::Packet { kind, body })) => {
                    out.push(format!("{kind} {:?}", codec::request(kind, body)));
                }
                Ok(Some(Piece::WriteBytes(bytes))) => payload += bytes.len(),
                Ok(Some(Piece::WriteEnds)) => {
                    out.push(format!("{payload} bytes"));
                    payload = 0;
                }
                Ok(Some(begins @ Piece::WriteBegins { .. })) => out.push(format!("{begins:?}")),
                Ok(None) => break,
                Err(fault) => {
                    out.push(format!("{fault:?}"));
                    return out;
                }
            }
        }
    }
    out
}
