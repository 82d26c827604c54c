//! Numbers out of byte slices, without a way to read past their end.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Least significant byte first (RIFF).
    Little,
    /// Most significant byte first (AIFF, RIFX, PNG, JPEG).
    Big,
}

impl Order {
    /// Two bytes at `at`.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let array = array(bytes, at)?;
        Some(match self {
            Self::Little => u16::from_le_bytes(array),
            Self::Big => u16::from_be_bytes(array),
        })
    }

    /// Four bytes at `at`.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let array = array(bytes, at)?;
        Some(match self {
            Self::Little => u32::from_le_bytes(array),
            Self::Big => u32::from_be_bytes(array),
        })
    }

    /// Eight bytes at `at`.
    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let array = array(bytes, at)?;
        Some(match self {
            Self::Little => u64::from_le_bytes(array),
            Self::Big => u64::from_be_bytes(array),
        })
    }
}

/// So many bytes at `at`.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Up to `length` bytes of a file at an offset; fewer at its end or when it cannot be read.
pub(super) fn read_at(file: &File, offset: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    let mut got = 0;
    while let Some(rest) = out.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(got as u64)) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    out.truncate(got);
    out
}

/// Whether four bytes may be a chunk's name: printable ASCII, as RIFF, AIFF and PNG have them.
pub(super) fn is_chunk_name(bytes: &[u8]) -> bool {
    bytes.len() == 4 && bytes.iter().all(|byte| (0x20..0x7f).contains(byte))
}

/// A chunk's name as text.
pub(super) fn chunk_name(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .trim_end()
        .to_owned()
}
