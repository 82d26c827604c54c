//! Entropy-coded bits of a JPEG and its Huffman tables. Source: ITU-T T.81, annexes C and F.
#![expect(
    clippy::cast_possible_truncation,
    reason = "shifted to as many bits as are left"
)]

/// Bits that are looked up at once; codes that are longer are rare.
const FAST: u32 = 12;

/// What the next [`FAST`] bits of a block begin with: as many whole codes with their values as there
/// are, the last of whose values may go on behind them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    /// Bits of them all; 0 where there is no whole code.
    pub(super) bits: u8,
    /// Coefficients that they pass.
    pub(super) places: u8,
    /// Coefficients that all but the last of them pass.
    pub(super) places_before: u8,
    /// The last of them ends the block.
    pub(super) ends: bool,
}

/// The one coefficient that the next [`FAST`] bits of a block begin with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value {
    /// Bits of its code and of itself; 0 where they are not all there.
    pub(super) bits: u8,
    /// Coefficients that it passes, itself among them; 0 ends the block.
    pub(super) places: u8,
    /// Itself.
    pub(super) coefficient: i16,
}

/// A Huffman table in canonical order.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// By the next [`FAST`] bits: length of the code and its symbol; 0 for a longer code.
    fast: Box<[u16; 1 << FAST]>,
    /// By the same bits, for coefficients that are passed.
    stretches: Box<[Stretch; 1 << FAST]>,
    /// By the same bits, for coefficients that are wanted.
    values: Box<[Value; 1 << FAST]>,
    /// For each length from 1 to 16: first code, number of codes, place of the first symbol.
    lengths: [(u32, u32, usize); 16],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length, and the symbols.
    pub(super) fn new(counts: &[u8], symbols: &[u8]) -> Self {
        let mut lengths = [(0, 0, 0); 16];
        let mut fast = Box::new([0; 1 << FAST]);
        let (mut code, mut place) = (0_u32, 0_usize);
        for ((slot, count), length) in lengths.iter_mut().zip(counts).zip(1_u16..) {
            *slot = (code, u32::from(*count), place);
            for symbol in symbols.iter().skip(place).take(usize::from(*count)) {
                if let Some(free) = FAST.checked_sub(u32::from(length)) {
                    let first = (code as usize) << free;
                    let entries = fast.get_mut(first..first + (1 << free));
                    entries
                        .unwrap_or_default()
                        .fill((length << 8) | u16::from(*symbol));
                }
                code += 1;
            }
            code <<= 1;
            place += usize::from(*count);
        }
        Self {
            stretches: stretches(&fast),
            values: values(&fast),
            fast,
            lengths,
            symbols: symbols.to_vec(),
        }
    }

    /// What the next bits hold. At least 32 have to be held.
    #[inline]
    pub(super) fn stretch(&self, bits: &Bits<'_>) -> Stretch {
        let entry = self.stretches.get((bits.held >> (64 - FAST)) as usize);
        entry.copied().unwrap_or_default()
    }

    /// The coefficient that comes next. At least 32 bits have to be held.
    #[inline]
    pub(super) fn value(&self, bits: &Bits<'_>) -> Value {
        let entry = self.values.get((bits.held >> (64 - FAST)) as usize);
        entry.copied().unwrap_or_default()
    }

    /// The next symbol; `None` for a code that is none. At least 16 bits have to be held.
    #[inline]
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let entry = *self.fast.get((bits.held >> (64 - FAST)) as usize)?;
        if entry == 0 {
            return self.next_long(bits);
        }
        bits.skip(u32::from(entry >> 8));
        Some((entry & 0xff) as u8)
    }

    fn next_long(&self, bits: &mut Bits<'_>) -> Option<u8> {
        for ((first, count, place), length) in self.lengths.iter().zip(1_u32..) {
            let code = (bits.held >> (64 - length)) as u32;
            if let Some(offset) = code.checked_sub(*first).filter(|offset| offset < count) {
                bits.skip(length);
                return self.symbols.get(place + offset as usize).copied();
            }
        }
        // Behind the end there are only zeros; that they are no code is no damage of its own.
        bits.skip(1);
        bits.ended.then_some(0)
    }
}

/// What a code of a coefficient stands for: coefficients passed, bits of the value, end of block.
pub(super) fn coefficient(symbol: u8) -> (u8, u8, bool) {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => (16, 0, false),
        (_, 0) => (0, 0, true),
        (run, size) => (run + 1, size, false),
    }
}

fn stretches(fast: &[u16; 1 << FAST]) -> Box<[Stretch; 1 << FAST]> {
    let mut all = Box::new([Stretch::default(); 1 << FAST]);
    for (bits, stretch) in all.iter_mut().enumerate() {
        while u32::from(stretch.bits) < FAST && !stretch.ends {
            // The bits that are left, with zeros behind them.
            let rest = (bits << stretch.bits) & ((1 << FAST) - 1);
            let entry = fast.get(rest).copied().unwrap_or_default();
            let length = (entry >> 8) as u8;
            if entry == 0 || u32::from(stretch.bits + length) > FAST {
                break;
            }
            let (places, size, ends) = coefficient((entry & 0xff) as u8);
            *stretch = Stretch {
                bits: stretch.bits + length + size,
                places: stretch.places + places,
                places_before: stretch.places,
                ends,
            };
        }
    }
    all
}

fn values(fast: &[u16; 1 << FAST]) -> Box<[Value; 1 << FAST]> {
    let mut all = Box::new([Value::default(); 1 << FAST]);
    for ((entry, bits), value) in fast.iter().zip(0_u32..).zip(all.iter_mut()) {
        let length = u32::from(entry >> 8);
        let (places, size, ends) = coefficient((entry & 0xff) as u8);
        let size = u32::from(size);
        if length == 0 || length + size > FAST {
            continue;
        }
        let written = (bits >> (FAST - length - size)) & ((1 << size) - 1);
        *value = Value {
            bits: (length + size) as u8,
            places: if ends { 0 } else { places },
            coefficient: extended(written.cast_signed(), size) as i16,
        };
    }
    all
}

/// A number of so many bits as coefficients have it: the lower half stands for the negative ones.
#[inline]
fn extended(written: i32, size: u32) -> i32 {
    if size > 0 && written >> (size - 1) == 0 {
        written - (1 << size) + 1
    } else {
        written
    }
}

/// Entropy-coded bits; zeros behind a marker, as decoders have them.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest.
    held: u64,
    /// Bits held, those behind the end among them.
    count: u32,
    /// Bits of them that are behind the end.
    beyond: u32,
    ended: bool,
    /// Something was passed over that should not have been there.
    odd: bool,
}

impl<'a> Bits<'a> {
    /// Those from a place on.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            held: 0,
            count: 0,
            beyond: 0,
            ended: false,
            odd: false,
        }
    }

    /// Sees to it that a code and its value, 32 bits at most, are held.
    #[inline]
    pub(super) fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(word) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<4>) {
            let word = u32::from_be_bytes(*word);
            let inverted = !word;
            let marked = inverted.wrapping_sub(0x0101_0101) & !inverted & 0x8080_8080;
            if marked == 0 {
                self.held |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.fill_slowly();
    }

    /// The same byte by byte, where there is a 0xff.
    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(0xff) if self.bytes.get(self.at + 1) != Some(&0) => None,
                byte => byte.copied(),
            };
            let Some(byte) = byte.filter(|_| !self.ended) else {
                self.ended = true;
                self.beyond += 64 - self.count;
                self.count = 64;
                return;
            };
            self.at += if byte == 0xff { 2 } else { 1 };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Passes so many bits, fewer than 64.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.held <<= count;
        self.count = self.count.saturating_sub(count);
    }

    /// A number of so many bits, 16 at most, as coefficients have it.
    #[inline]
    pub(super) fn signed(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let value = ((self.held >> (64 - size)) as u32).cast_signed();
        self.skip(size);
        extended(value, size)
    }

    /// Whether bits were used that are behind the end.
    pub(super) fn ran_out(&self) -> bool {
        self.count < self.beyond
    }

    /// Whether all bits were used but the filling, and nothing odd was met.
    pub(super) fn is_used_up(&mut self) -> bool {
        self.fill_slowly();
        self.ended && self.count < self.beyond + 8 && !self.odd
    }

    /// Whether the picture's end marker comes next.
    pub(super) fn is_at_end_marker(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let filling = rest.iter().take_while(|byte| **byte == 0xff).count();
        filling > 0 && rest.get(filling) == Some(&0xd9)
    }

    /// Passes the restart marker of that number, from 0; the bits before it are filling.
    pub(super) fn restart(&mut self, number: usize) {
        self.odd |= !self.is_used_up();
        (self.held, self.count, self.beyond) = (0, 0, 0);
        loop {
            match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(0xff), Some(0)) => self.at += 2,
                (Some(0xff), Some(0xff)) => self.at += 1,
                (Some(0xff), Some(marker @ 0xd0..=0xd7)) => {
                    self.odd |= usize::from(marker & 7) != number % 8;
                    self.at += 2;
                    self.ended = false;
                    return;
                }
                (Some(0xff) | None, _) => {
                    self.ended = true;
                    return;
                }
                (Some(_), _) => self.at += 1,
            }
        }
    }
}
