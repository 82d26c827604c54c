//! Reads the codes of a JPEG: whether the picture data goes on to its last block, the brightness of
//! each pixel, and the mean colour of each block.
//!
//! A picture that broke off and got an end marker all the same (editors and repair tools write one)
//! decodes without a complaint: the rest is grey. So the Huffman codes are counted here. Nobody
//! looks at the colours of single pixels, so they are not computed: each block begins with its mean,
//! which is enough for a thumbnail. Baseline and extended sequential pictures of one scan only; of
//! others nothing is said, and the brightness of a picture with the least oddity is left to a
//! decoder that knows what to say of it. Source: ITU-T T.81, annexes F and C.

use super::bits::{Bits, Table, coefficient};
use super::canvas::{NEUTRAL, Plane};
use super::luma::{self, Painting};
use crate::inspect::bytes::Order;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// How much of the picture is missing, in percent; `None` when everything is there.
    pub(super) missing_percent: Option<usize>,
    /// Means of the second and third component's blocks, when there are three.
    pub(super) chroma: Option<[Plane; 2]>,
    /// The first component of one or three, where every code of the picture was in order.
    pub(super) luma: Option<Plane>,
}

/// A component by its identifier, sampling factors and quantisation table.
struct Component {
    id: u8,
    across: usize,
    down: usize,
    quantiser: usize,
}

/// Everything that the markers say of the one scan.
#[derive(Default)]
struct Scan {
    /// Huffman tables by class (DC, AC) and number.
    tables: [[Option<Table>; 4]; 2],
    /// Quantisation tables, in the order of the codes.
    quantisers: [Option<[u16; 64]>; 4],
    bits: u8,
    width: usize,
    height: usize,
    components: Vec<Component>,
    /// Component, DC and AC table, in the order of the scan.
    order: Vec<(usize, usize, usize)>,
    restart: usize,
}

/// One block of a unit (MCU): its tables, and where its mean goes.
struct Block<'a> {
    dc: &'a Table,
    ac: &'a Table,
    component: usize,
    /// Place within the unit, in blocks.
    at: (usize, usize),
}

/// The means of one component's blocks.
struct Means {
    plane: Plane,
    /// Blocks of a unit across and down.
    unit: (usize, usize),
    quantiser: i32,
}

/// Counts through the picture data; `None` when nothing can be said of it.
pub(super) fn look(bytes: &[u8]) -> Option<Scanned> {
    let mut scan = Scan::default();
    let start = scan.read_markers(bytes)?;
    let (across, down) = scan.units()?;
    let blocks = scan.blocks()?;
    let mut means = scan.means(across, down);
    let mut painting = scan.painting(across);
    let mut levels = [0_i32; 4];
    let mut bits = Bits::new(bytes, start);
    let total = across * down;
    for unit in 0..total {
        if scan.restart > 0 && unit > 0 && unit % scan.restart == 0 {
            bits.restart(unit / scan.restart - 1);
            levels = [0; 4];
        }
        for block in &blocks {
            let level = levels.get_mut(block.component)?;
            let canvas = painting.as_mut().filter(|_| block.component == 0);
            if let Some(place) = canvas.and_then(|it| it.block(unit % across, block.at)) {
                if !block.read(&mut bits, level, place)? {
                    painting = None;
                }
                continue;
            }
            *level = level.saturating_add(block.skip(&mut bits)?);
            if let Some(means) = means.get_mut(block.component.wrapping_sub(1)) {
                means.note((unit % across, unit / across), block.at, *level);
            }
        }
        if unit % across + 1 == across
            && let Some(painting) = &mut painting
        {
            painting.finish_row();
        }
        // Codes may end a few bits before the marker; a unit that began behind it is missing.
        if bits.ran_out() {
            return Some(Scanned {
                missing_percent: Some(((total - unit) * 100 / total).max(1)),
                ..Scanned::default()
            });
        }
    }
    let in_order = bits.is_used_up() && bits.is_at_end_marker();
    let planes: Vec<Plane> = means.into_iter().map(|means| means.plane).collect();
    Some(Scanned {
        missing_percent: None,
        chroma: planes.try_into().ok(),
        luma: painting.filter(|_| in_order).map(Painting::into_plane),
    })
}

impl Block<'_> {
    /// The difference of the block's mean to that of the block before.
    #[inline]
    fn difference(&self, bits: &mut Bits<'_>) -> Option<i32> {
        bits.fill();
        let size = u32::from(self.dc.next(bits)?);
        (size <= 16).then(|| bits.signed(size))
    }

    /// Reads the coefficients of a block whose component has come to that level, which goes on; false
    /// when they are more than a block has.
    fn read(&self, bits: &mut Bits<'_>, level: &mut i32, block: &mut luma::Block) -> Option<bool> {
        *level = level.saturating_add(self.difference(bits)?);
        let mut in_order = match i16::try_from(*level) {
            Ok(mean) => luma::put(block, 0, mean),
            Err(_) => false,
        };
        let mut place = 1;
        while place < 64 {
            bits.fill();
            let next = self.ac.value(bits);
            if next.bits > 0 {
                bits.skip(u32::from(next.bits));
                if next.places == 0 {
                    break;
                }
                place += usize::from(next.places);
                in_order &= luma::put(block, place - 1, next.coefficient);
                continue;
            }
            let (places, size, ends) = coefficient(self.ac.next(bits)?);
            let value = bits.signed(u32::from(size));
            if ends {
                break;
            }
            place += usize::from(places);
            in_order &= i16::try_from(value).is_ok_and(|value| luma::put(block, place - 1, value));
        }
        Some(in_order)
    }

    /// Passes the block; gives the difference of its mean to that of the block before.
    fn skip(&self, bits: &mut Bits<'_>) -> Option<i32> {
        let difference = self.difference(bits)?;
        let mut place = 1_u32;
        while place < 64 {
            bits.fill();
            let stretch = self.ac.stretch(bits);
            if stretch.bits > 0 && place + u32::from(stretch.places_before) < 64 {
                bits.skip(u32::from(stretch.bits));
                place += u32::from(stretch.places);
                if stretch.ends {
                    break;
                }
                continue;
            }
            let (places, size, ends) = coefficient(self.ac.next(bits)?);
            bits.skip(u32::from(size));
            place += u32::from(places);
            if ends {
                break;
            }
        }
        Some(difference)
    }
}

impl Means {
    fn note(&mut self, unit: (usize, usize), at: (usize, usize), level: i32) {
        let x = unit.0 * self.unit.0 + at.0;
        let y = unit.1 * self.unit.1 + at.1;
        if x >= self.plane.width {
            return;
        }
        if let Some(mean) = self.plane.values.get_mut(y * self.plane.width + x) {
            let value = i32::from(NEUTRAL) + level.saturating_mul(self.quantiser) / 8;
            *mean = u8::try_from(value.clamp(0, 255)).unwrap_or(NEUTRAL);
        }
    }
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
                0xdb => self.quantisers(content)?,
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
        self.bits = *content.first()?;
        self.height = usize::from(Order::Big.u16(content, 1)?);
        self.width = usize::from(Order::Big.u16(content, 3)?);
        for component in content.get(6..)?.chunks_exact(3) {
            let [id, sampling, quantiser] = *component else {
                return None;
            };
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            self.components.push(Component {
                id,
                across,
                down,
                quantiser: usize::from(quantiser),
            });
        }
        (self.components.len() <= 4).then_some(())
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

    fn quantisers(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = content.split_first() {
            let wide = kind >> 4 != 0;
            let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let mut table = [0; 64];
            for (number, quantiser) in table.iter_mut().enumerate() {
                *quantiser = if wide {
                    Order::Big.u16(values, 2 * number)?
                } else {
                    u16::from(*values.get(number)?)
                };
            }
            *self.quantisers.get_mut(usize::from(kind & 15))? = Some(table);
            content = rest;
        }
        Some(())
    }

    fn order(&mut self, content: &[u8]) -> Option<()> {
        let (count, rest) = content.split_first()?;
        for entry in rest.chunks_exact(2).take(usize::from(*count)) {
            let [id, tables] = *entry else { return None };
            let place = self.components.iter().position(|c| c.id == id)?;
            self.order
                .push((place, usize::from(tables >> 4), usize::from(tables & 15)));
        }
        // Several scans would have to be put together.
        (self.order.len() == self.components.len()).then_some(())
    }

    /// Largest sampling factors; one component alone is not interleaved.
    fn largest(&self) -> Option<(usize, usize)> {
        if self.components.len() == 1 {
            return Some((1, 1));
        }
        let across = self.components.iter().map(|c| c.across).max()?;
        let down = self.components.iter().map(|c| c.down).max()?;
        Some((across, down))
    }

    /// Number of units (MCUs) across and down.
    fn units(&self) -> Option<(usize, usize)> {
        let (wide, high) = self.largest()?;
        let (across, down) = (
            self.width.div_ceil(8 * wide),
            self.height.div_ceil(8 * high),
        );
        (across * down > 0).then_some((across, down))
    }

    /// The blocks of a unit.
    fn blocks(&self) -> Option<Vec<Block<'_>>> {
        let mut blocks = Vec::new();
        for (component, dc, ac) in &self.order {
            let [dc_tables, ac_tables] = &self.tables;
            let dc = dc_tables.get(*dc)?.as_ref()?;
            let ac = ac_tables.get(*ac)?.as_ref()?;
            let factors = self.components.get(*component)?;
            let (across, down) = match self.components.len() {
                1 => (1, 1),
                _ => (factors.across, factors.down),
            };
            blocks.extend((0..across * down).map(|number| Block {
                dc,
                ac,
                component: *component,
                at: (number % across, number / across),
            }));
        }
        Some(blocks)
    }

    /// Room for the first component of one or three, in full size.
    fn painting(&self, units: usize) -> Option<Painting> {
        let (first, count) = (self.components.first()?, self.components.len());
        let largest = self.largest()?;
        let unit = match count {
            1 => (1, 1),
            _ => (first.across, first.down),
        };
        if self.bits != 8 || ![1, 3].contains(&count) || unit != largest {
            return None;
        }
        let quantisers = self.quantisers.get(first.quantiser)?.as_ref()?;
        Some(Painting::new(
            (self.width, self.height),
            quantisers,
            unit,
            units,
        ))
    }

    /// Room for the means of the second and third component of three.
    fn means(&self, across: usize, down: usize) -> Vec<Means> {
        let [_, chroma @ ..] = self.components.as_slice() else {
            return Vec::new();
        };
        let Some((wide, high)) = self.largest().filter(|_| chroma.len() == 2) else {
            return Vec::new();
        };
        chroma
            .iter()
            .map(|component| {
                // Blocks that hold something of the picture; units may reach beyond its edge.
                let width = (self.width * component.across).div_ceil(8 * wide);
                let height = (self.height * component.down).div_ceil(8 * high);
                let table = self.quantisers.get(component.quantiser).copied().flatten();
                let quantiser = table.and_then(|table| table.first().copied());
                Means {
                    plane: Plane::filled(
                        width.min(across * component.across),
                        height.min(down * component.down),
                        NEUTRAL,
                    ),
                    unit: (component.across, component.down),
                    quantiser: i32::from(quantiser.unwrap_or(1)),
                }
            })
            .collect()
    }
}
