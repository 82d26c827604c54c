//! Cuts a channel's bytes into packets, however the network cut them.
//!
//! A packet that lies whole in the input is handed on where it lies; one that does not is gathered.
//! WRITE is the exception: only its header is gathered, and the payload is handed on piece by piece
//! as it arrives, so that no upload passes through a second buffer.
//!
//! After a fault the stream has no known beginning any more; the channel has to end. (A server that
//! read on would take file content for requests.)

use super::codec::{MAX_HANDLE_BYTES, MAX_PACKET_BYTES, Reader, kind};

/// What comes next in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A whole packet other than WRITE: type, and the body after it.
    Packet {
        /// Packet type.
        kind: u8,
        /// What follows the type.
        body: &'a [u8],
    },
    /// A WRITE begins; its payload follows.
    WriteBegins {
        /// Number of the request.
        id: u32,
        /// Handle as the client sent it.
        handle: Vec<u8>,
        /// Where in the file the payload goes.
        offset: u64,
    },
    /// Some of the payload.
    WriteBytes(&'a [u8]),
    /// The payload is whole.
    WriteEnds,
}

/// Why the stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameFault {
    /// Longer than [`MAX_PACKET_BYTES`], or empty.
    Length(u32),
    /// A WRITE whose fields do not fit into it.
    Write,
}

/// Bytes of a packet's length.
const LENGTH_BYTES: usize = 4;
/// Bytes of length and type.
const HEAD_BYTES: usize = 5;

/// Where in the stream we are.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// The beginning of a packet that is not whole yet.
    gathered: Vec<u8>,
    /// `gathered` was handed out and is done with.
    spent: bool,
    /// Inside a WRITE's payload.
    writing: Option<Writing>,
}

#[derive(Clone, Copy, Debug)]
struct Writing {
    /// Bytes of payload still to come.
    left: usize,
    /// Bytes after the payload that still belong to the packet; ignored.
    trailing: usize,
}

/// What the bytes so far say.
enum Head {
    /// So many are needed to say more.
    Need(usize),
    /// A packet of this length.
    Packet(usize),
    /// A WRITE: header length, and what is in it.
    Write(usize, WriteHead),
}

struct WriteHead {
    id: u32,
    handle: Vec<u8>,
    offset: u64,
    writing: Writing,
}

impl Framer {
    /// The next piece, taken from the front of `input`; `None` when `input` is used up.
    pub(super) fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Piece<'s>>, FrameFault> {
        if std::mem::take(&mut self.spent) {
            self.gathered.clear();
        }
        if let Some(writing) = self.writing {
            return Ok(self.payload(writing, input));
        }
        if self.gathered.is_empty() {
            match head(input)? {
                Head::Packet(total) if input.len() >= total => {
                    let (packet, rest) = input.split_at(total);
                    *input = rest;
                    return Ok(Some(whole(packet)));
                }
                Head::Write(length, write) => {
                    *input = input.get(length..).unwrap_or_default();
                    return Ok(Some(self.begin(write)));
                }
                Head::Need(_) | Head::Packet(_) => {}
            }
        }
        loop {
            let needed = match head(&self.gathered)? {
                Head::Need(total) => total,
                Head::Packet(total) if self.gathered.len() < total => total,
                Head::Packet(_) => {
                    self.spent = true;
                    return Ok(Some(whole(&self.gathered)));
                }
                Head::Write(_, write) => {
                    self.gathered.clear();
                    return Ok(Some(self.begin(write)));
                }
            };
            let missing = needed.saturating_sub(self.gathered.len());
            let (taken, rest) = input.split_at(missing.min(input.len()));
            self.gathered.extend_from_slice(taken);
            *input = rest;
            if taken.len() < missing {
                return Ok(None);
            }
        }
    }

    fn begin(&mut self, write: WriteHead) -> Piece<'static> {
        self.writing = Some(write.writing);
        Piece::WriteBegins {
            id: write.id,
            handle: write.handle,
            offset: write.offset,
        }
    }

    fn payload<'a>(&mut self, writing: Writing, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if writing.left > 0 {
            let (bytes, rest) = input.split_at(writing.left.min(input.len()));
            *input = rest;
            self.writing = Some(Writing {
                left: writing.left - bytes.len(),
                ..writing
            });
            return (!bytes.is_empty()).then_some(Piece::WriteBytes(bytes));
        }
        let (skipped, rest) = input.split_at(writing.trailing.min(input.len()));
        *input = rest;
        let trailing = writing.trailing - skipped.len();
        self.writing = (trailing > 0).then_some(Writing { left: 0, trailing });
        (trailing == 0).then_some(Piece::WriteEnds)
    }
}

fn whole(packet: &[u8]) -> Piece<'_> {
    Piece::Packet {
        kind: packet.get(4).copied().unwrap_or_default(),
        body: packet.get(HEAD_BYTES..).unwrap_or_default(),
    }
}

/// Reads as much of a packet's head as is there.
fn head(bytes: &[u8]) -> Result<Head, FrameFault> {
    let mut reader = Reader::new(bytes);
    let Ok(length) = reader.u32() else {
        return Ok(Head::Need(LENGTH_BYTES));
    };
    if length == 0 || length > MAX_PACKET_BYTES {
        return Err(FrameFault::Length(length));
    }
    let total = 4 + length as usize;
    match bytes.get(4) {
        None => Ok(Head::Need(HEAD_BYTES)),
        Some(&kind::WRITE) => write_head(bytes, total),
        Some(_) => Ok(Head::Packet(total)),
    }
}

/// Length, type, number, length of the handle.
const WRITE_FIXED_BYTES: usize = HEAD_BYTES + 8;

fn write_head(bytes: &[u8], total: usize) -> Result<Head, FrameFault> {
    let mut reader = Reader::new(bytes.get(HEAD_BYTES..).unwrap_or_default());
    if bytes.len() < WRITE_FIXED_BYTES {
        return if total < WRITE_FIXED_BYTES {
            Err(FrameFault::Write)
        } else {
            Ok(Head::Need(WRITE_FIXED_BYTES))
        };
    }
    let id = reader.u32().map_err(|_| FrameFault::Write)?;
    let mut peek = reader;
    let handle_length = peek.u32().map_err(|_| FrameFault::Write)? as usize;
    if handle_length > MAX_HANDLE_BYTES {
        return Err(FrameFault::Write);
    }
    // Offset and length of the payload follow the handle.
    let header = WRITE_FIXED_BYTES + handle_length + 12;
    if total < header {
        return Err(FrameFault::Write);
    }
    let (Ok(handle), Ok(offset), Ok(left)) = (reader.string(), reader.u64(), reader.u32()) else {
        return Ok(Head::Need(header));
    };
    let left = left as usize;
    let trailing = (total - header)
        .checked_sub(left)
        .ok_or(FrameFault::Write)?;
    let write = WriteHead {
        id,
        handle: handle.to_vec(),
        offset,
        writing: Writing { left, trailing },
    };
    Ok(Head::Write(header, write))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One packet as a test makes it and sees it again.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Seen {
        Packet(u8, Vec<u8>),
        Write(u32, Vec<u8>, u64, Vec<u8>),
    }

    fn bytes_of(packet: &Seen, trailing: usize) -> Vec<u8> {
        let mut body = match packet {
            Seen::Packet(kind, body) => [&[*kind][..], body].concat(),
            Seen::Write(id, handle, offset, data) => [
                &[kind::WRITE][..],
                &id.to_be_bytes(),
                &u32::try_from(handle.len()).unwrap().to_be_bytes(),
                handle,
                &offset.to_be_bytes(),
                &u32::try_from(data.len()).unwrap().to_be_bytes(),
                data,
            ]
            .concat(),
        };
        if matches!(packet, Seen::Write(..)) {
            body.extend(vec![0xee; trailing]);
        }
        let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        out.extend(body);
        out
    }

    fn read(chunks: &[&[u8]]) -> Result<Vec<Seen>, FrameFault> {
        let mut framer = Framer::default();
        let mut seen = Vec::new();
        let mut write = None;
        for chunk in chunks {
            let mut input = *chunk;
            while let Some(piece) = framer.next(&mut input)? {
                match piece {
                    Piece::Packet { kind, body } => seen.push(Seen::Packet(kind, body.to_vec())),
                    Piece::WriteBegins { id, handle, offset } => {
                        assert!(write.is_none());
                        write = Some((id, handle, offset, Vec::new()));
                    }
                    Piece::WriteBytes(bytes) => {
                        write.as_mut().unwrap().3.extend_from_slice(bytes);
                    }
                    Piece::WriteEnds => {
                        let (id, handle, offset, data) = write.take().unwrap();
                        seen.push(Seen::Write(id, handle, offset, data));
                    }
                }
            }
            assert!(input.is_empty(), "everything is taken");
        }
        Ok(seen)
    }

    fn packets() -> impl Strategy<Value = Vec<(Seen, usize)>> {
        let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
        let packet = (any::<u8>(), bytes(50))
            .prop_filter("not a WRITE", |(kind, _)| *kind != kind::WRITE)
            .prop_map(|(kind, body)| Seen::Packet(kind, body));
        let write = (any::<u32>(), bytes(20), any::<u64>(), bytes(80))
            .prop_map(|(id, handle, offset, data)| Seen::Write(id, handle, offset, data));
        prop::collection::vec((prop_oneof![packet, write], 0..5_usize), 0..8)
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(packets in packets(), cuts in prop::collection::vec(1..40_usize, 0..60)) {
            let stream: Vec<u8> = packets.iter().flat_map(|(p, t)| bytes_of(p, *t)).collect();
            let mut rest = &stream[..];
            let mut chunks = Vec::new();
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            let wanted: Vec<Seen> = packets.into_iter().map(|(packet, _)| packet).collect();
            prop_assert_eq!(read(&chunks), Ok(wanted.clone()));
            prop_assert_eq!(read(&[&stream]), Ok(wanted));
        }

        #[test]
        fn noise_ends_in_a_fault_or_waits(noise: Vec<u8>, cut in 0..20_usize) {
            let (a, b) = noise.split_at(cut.min(noise.len()));
            prop_assert_eq!(read(&[a, b]).is_ok(), read(&[&noise]).is_ok());
        }
    }

    #[test]
    fn lengths_out_of_bounds_are_faults() {
        assert_eq!(read(&[&[0, 0, 0, 0]]), Err(FrameFault::Length(0)));
        let long = (MAX_PACKET_BYTES + 1).to_be_bytes();
        assert_eq!(
            read(&[&long]),
            Err(FrameFault::Length(MAX_PACKET_BYTES + 1))
        );
    }

    #[test]
    fn a_bad_length_is_told_at_once_however_it_was_cut() {
        let length = (MAX_PACKET_BYTES + 1).to_be_bytes();
        let cut = read(&[&length[..1], &length[1..]]);
        assert_eq!(cut, Err(FrameFault::Length(MAX_PACKET_BYTES + 1)));
    }

    #[test]
    fn a_write_cannot_reach_into_the_next_packet() {
        let mut packet = bytes_of(&Seen::Write(1, vec![1; 8], 0, vec![7; 10]), 0);
        // The payload's length field, made larger than the packet.
        let at = packet.len() - 14;
        packet[at..at + 4].copy_from_slice(&11_u32.to_be_bytes());
        assert_eq!(read(&[&packet]), Err(FrameFault::Write));
        // A handle that is longer than any.
        let packet = bytes_of(&Seen::Write(1, vec![1; 300], 0, Vec::new()), 0);
        assert_eq!(read(&[&packet]), Err(FrameFault::Write));
        // A packet too short to be a WRITE at all.
        assert_eq!(
            read(&[&[0, 0, 0, 3, kind::WRITE, 0, 0]]),
            Err(FrameFault::Write)
        );
    }
}
