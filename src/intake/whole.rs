//! Whether a closed file is shorter than its own header says. A hint that lengthens the quiet
//! period, nothing more: what is wrong with a file is for inspection to say.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How much of a picture's end is searched for its end mark; some tools append a little.
const TAIL_BYTES: u64 = 64 * 1024;

/// Chunks of a WAV file that are stepped over in search of its data.
const CHUNKS_MAX: usize = 64;

/// Whether the file is empty or ends before its header says. Formats that do not tell their length
/// in a few bytes count as whole. The file's own position is left as it is.
pub(super) fn breaks_off(file: &File, size: u64) -> io::Result<bool> {
    if size == 0 {
        return Ok(true);
    }
    let mut head = [0_u8; 12];
    if file.read_exact_at(&mut head, 0).is_err() {
        return Ok(false);
    }
    let [a, b, c, d, l0, l1, l2, l3, kind @ ..] = head;
    match (&[a, b, c, d], &kind) {
        (b"RIFF" | b"RF64" | b"BW64", b"WAVE") => Ok(wave_breaks_off(file, size)),
        (b"FORM", b"AIFF" | b"AIFC") => {
            Ok(u64::from(u32::from_be_bytes([l0, l1, l2, l3])) + 8 > size)
        }
        ([0xFF, 0xD8, 0xFF, _], _) => Ok(!tail_has(file, size, &[0xFF, 0xD9])?),
        (b"\x89PNG", _) => Ok(!tail_has(file, size, b"IEND")?),
        _ => Ok(false),
    }
}

/// Steps over the chunks to the one with the samples and compares its length.
fn wave_breaks_off(file: &File, size: u64) -> bool {
    let mut at = 12_u64;
    let mut long_data = None;
    for _ in 0..CHUNKS_MAX {
        let mut header = [0_u8; 8];
        if file.read_exact_at(&mut header, at).is_err() {
            return true;
        }
        let [a, b, c, d, length @ ..] = header;
        let length = u32::from_le_bytes(length);
        match &[a, b, c, d] {
            b"ds64" => {
                let mut sizes = [0_u8; 16];
                if file.read_exact_at(&mut sizes, at + 8).is_err() {
                    return true;
                }
                let [_, _, _, _, _, _, _, _, data @ ..] = sizes;
                long_data = Some(u64::from_le_bytes(data));
            }
            b"data" => {
                let streamed = length == 0 || length == u32::MAX;
                let data = match long_data {
                    Some(data) if length == u32::MAX => data,
                    _ if streamed => return false,
                    _ => u64::from(length),
                };
                return (at + 8).saturating_add(data) > size;
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        at += 8 + u64::from(length) + u64::from(length % 2);
    }
    false
}

fn tail_has(file: &File, size: u64, mark: &[u8]) -> io::Result<bool> {
    let length = usize::try_from(size.min(TAIL_BYTES)).unwrap_or_default();
    let mut tail = vec![0; length];
    file.read_exact_at(&mut tail, size - length as u64)?;
    Ok(tail.windows(mark.len()).any(|window| window == mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn judged(bytes: &[u8]) -> bool {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        breaks_off(&file, bytes.len() as u64).unwrap()
    }

    fn wave(promised: u32, present: usize) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        bytes.extend([0; 16]);
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend(promised.to_le_bytes());
        bytes.extend(vec![0; present]);
        bytes
    }

    #[test]
    fn a_wave_ends_where_its_data_ends() {
        assert!(!judged(&wave(100, 100)));
        assert!(!judged(&wave(100, 130)), "chunks may follow");
        assert!(judged(&wave(100, 99)));
        assert!(judged(&wave(100, 0)));
        assert!(judged(&wave(100, 100)[..40]), "cut in the headers");
        assert!(!judged(&wave(u32::MAX, 10)), "streamed: no length is given");
    }

    #[test]
    fn long_waves_tell_their_length_elsewhere() {
        let long = |promised: u64, present: usize| {
            let mut bytes = b"RF64\xFF\xFF\xFF\xFFWAVEds64\x1c\0\0\0".to_vec();
            bytes.extend([0; 8]);
            bytes.extend(promised.to_le_bytes());
            bytes.extend([0; 12]);
            bytes.extend(b"data\xFF\xFF\xFF\xFF");
            bytes.extend(vec![0; present]);
            bytes
        };
        assert!(!judged(&long(50, 50)));
        assert!(judged(&long(51, 50)));
    }

    #[test]
    fn pictures_end_with_their_mark() {
        assert!(!judged(b"\xFF\xD8\xFF\xE0 picture data \xFF\xD9"));
        assert!(judged(b"\xFF\xD8\xFF\xE0 picture data"));
        assert!(judged(b"\x89PNG\r\n\x1a\nIHDR and then"));
        assert!(!judged(
            b"\x89PNG\r\n\x1a\nIHDR and then IEND\xae\x42\x60\x82"
        ));
    }

    #[test]
    fn other_files_count_as_whole_unless_empty() {
        assert!(judged(b""));
        assert!(!judged(b"<xml/>"));
        assert!(judged(b"FORM\x00\x00\x10\x00AIFFCOMM"));
    }
}
