//! Whether the picture data of a JPEG goes on to its last block.
//!
//! A picture that broke off and got an end marker all the same (editors and repair tools write one)
//! decodes without a complaint: the rest is grey. So the Huffman codes are counted here, without
//! computing a pixel. Baseline and extended sequential pictures of one scan only; of others nothing
//! is said. Source: ITU-T T.81, annexes F and C.

use crate::inspect::bytes::Order;

/// Huffman tables by class (DC, AC) and number.
type Tables = [[Option<Table>; 4]; 2];

/// A Huffman table in canonical order.
#[derive(Clone, Debug)]
struct Table {
    /// For each length from 1 to 16: first code, number of codes, place of the first symbol.
    lengths: [(u32, u32, usize); 16],
    symbols: Vec<u8>,
}

/// Everything that the markers say of the one scan.
#[derive(Default)]
struct Scan {
    tables: Tables,
    width: usize,
    height: usize,
    /// Identifier and sampling factors of each component.
    components: Vec<(u8, usize, usize)>,
    /// DC and AC table of each component, in the order of the scan.
    order: Vec<(usize, usize, usize)>,
    restart: usize,
}

/// How much of the picture is missing, in percent; `None` when everything is there or when that
/// cannot be told.
pub(super) fn missing_percent(bytes: &[u8]) -> Option<usize> {
    let mut scan = Scan::default();
    let start = scan.read_markers(bytes)?;
    let (total, blocks) = scan.units()?;
    let mut bits = Bits {
        bytes,
        at: start,
        held: 0,
        count: 0,
        ended: false,
    };
    for unit in 0..total {
        if scan.restart > 0 && unit > 0 && unit % scan.restart == 0 {
            bits.restart();
        }
        for (dc, ac) in &blocks {
            block(&mut bits, dc, ac)?;
        }
        // Codes may end a few bits before the marker; a unit that began behind it is missing.
        if bits.ended && bits.count < 0 {
            return Some(((total - unit) * 100 / total).max(1));
        }
    }
    None
}

fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Option<()> {
    let size = dc.next(bits)?;
    bits.skip(u32::from(size));
    let mut place = 1;
    while place < 64 {
        let code = ac.next(bits)?;
        let (run, size) = (code >> 4, code & 15);
        match (run, size) {
            (15, 0) => place += 16,
            (_, 0) => break,
            _ => {
                place += u32::from(run) + 1;
                bits.skip(u32::from(size));
            }
        }
    }
    Some(())
}

impl Scan {
    /// Reads markers up to the scan; gives the place of its first byte.
    fn read_markers(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 2;
        loop {
            if *bytes.get(at)? != 0xff {
                return None;
            }
            let marker = *bytes.get(at + 1)?;
            if marker == 0xff {
                at += 1;
                continue;
            }
            let length = usize::from(Order::Big.u16(bytes, at + 2)?);
            let content = bytes.get(at + 4..at + 2 + length)?;
            at += 2 + length;
            match marker {
                0xc0 | 0xc1 => self.frame(content)?,
                0xc4 => self.tables(content)?,
                0xdd => self.restart = usize::from(Order::Big.u16(content, 0)?),
                0xda => {
                    self.order(content)?;
                    return Some(at);
                }
                0xc2..=0xcf => return None,
                _ => {}
            }
        }
    }

    fn frame(&mut self, content: &[u8]) -> Option<()> {
        self.height = usize::from(Order::Big.u16(content, 1)?);
        self.width = usize::from(Order::Big.u16(content, 3)?);
        for component in content.get(6..)?.chunks_exact(3) {
            let [id, sampling, _] = *component else {
                return None;
            };
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            self.components.push((id, across, down));
        }
        Some(())
    }

    fn tables(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = content.split_first() {
            let (counts, rest) = rest.split_at_checked(16)?;
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let class = self.tables.get_mut(usize::from(kind >> 4))?;
            *class.get_mut(usize::from(kind & 15))? = Some(Table::new(counts, symbols));
            content = rest;
        }
        Some(())
    }

    fn order(&mut self, content: &[u8]) -> Option<()> {
        let (count, rest) = content.split_first()?;
        for entry in rest.chunks_exact(2).take(usize::from(*count)) {
            let [id, tables] = *entry else { return None };
            let place = self.components.iter().position(|c| c.0 == id)?;
            self.order
                .push((place, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        // Several scans would have to be put together.
        (self.order.len() == self.components.len()).then_some(())
    }

    /// Number of units (MCUs) and the tables of each block in one.
    fn units(&self) -> Option<(usize, Vec<(&Table, &Table)>)> {
        let widest = self.components.iter().map(|c| c.1).max()?;
        let highest = self.components.iter().map(|c| c.2).max()?;
        let single = self.components.len() == 1;
        let (wide, high) = if single { (1, 1) } else { (widest, highest) };
        let total = self.width.div_ceil(8 * wide) * self.height.div_ceil(8 * high);
        let mut blocks = Vec::new();
        for (place, dc, ac) in &self.order {
            let (_, across, down) = self.components.get(*place)?;
            let [dc_tables, ac_tables] = &self.tables;
            let tables = (dc_tables.get(*dc)?.as_ref()?, ac_tables.get(*ac)?.as_ref()?);
            let count = if single { 1 } else { across * down };
            blocks.extend(std::iter::repeat_n(tables, count));
        }
        (total > 0).then_some((total, blocks))
    }
}

impl Table {
    fn new(counts: &[u8], symbols: &[u8]) -> Self {
        let mut lengths = [(0, 0, 0); 16];
        let (mut code, mut place) = (0_u32, 0_usize);
        for (slot, count) in lengths.iter_mut().zip(counts) {
            *slot = (code, u32::from(*count), place);
            code = (code + u32::from(*count)) << 1;
            place += usize::from(*count);
        }
        Self {
            lengths,
            symbols: symbols.to_vec(),
        }
    }

    /// The next symbol; `None` for a code that is none.
    fn next(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let mut code = 0;
        for (first, count, place) in self.lengths {
            code = (code << 1) | bits.bit();
            if let Some(offset) = code.checked_sub(first).filter(|offset| *offset < count) {
                return self.symbols.get(place + offset as usize).copied();
            }
        }
        // Behind the end there are only zeros; that they are no code is no damage of its own.
        bits.ended.then_some(0)
    }
}

/// Entropy-coded bits; zeros behind a marker, as decoders have them.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    /// Bits held; below 0 the bits that were asked for behind the end.
    count: i64,
    ended: bool,
}

impl Bits<'_> {
    fn bit(&mut self) -> u32 {
        if self.count <= 0 && !self.fill() {
            self.count -= 1;
            return 0;
        }
        self.count -= 1;
        (self.held >> self.count) & 1
    }

    fn skip(&mut self, count: u32) {
        for _ in 0..count {
            self.bit();
        }
    }

    /// Takes the next byte in; false at a marker or the end.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        let Some(&byte) = self.bytes.get(self.at) else {
            self.ended = true;
            return false;
        };
        if byte == 0xff && self.bytes.get(self.at + 1) != Some(&0) {
            self.ended = true;
            return false;
        }
        self.at += if byte == 0xff { 2 } else { 1 };
        self.held = u32::from(byte);
        self.count = 8;
        true
    }

    /// Passes a restart marker; the bits before it are filling.
    fn restart(&mut self) {
        self.count = 0;
        while self.fill() {
            self.count = 0;
        }
        let is_restart = self.bytes.get(self.at) == Some(&0xff)
            && matches!(self.bytes.get(self.at + 1), Some(0xd0..=0xd7));
        if is_restart {
            self.at += 2;
            self.ended = false;
        }
    }
}
