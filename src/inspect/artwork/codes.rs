//! QR codes on a cover. The three finder patterns are looked for by their proportions 1:1:3:1:1,
//! the grid is read off between them, and a library decodes it. What is found costs little, and
//! what looks like thousands of codes costs no more than a few. A code in a photograph that is seen
//! from the side is not found. Source: ISO/IEC 18004, 6.3 and 12.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places in a working copy of at most 1600 pixels"
)]

use super::canvas::{Canvas, Plane};
use std::panic::catch_unwind;

/// Every so many rows are looked through; a finder pattern's middle is three modules high.
const ROW_STEP: usize = 3;
/// Side of the tiles whose darkest and lightest pixels give the threshold, and how many of them on
/// each side are taken together.
const TILE: usize = 32;
const TILES_AROUND: usize = 2;
/// Difference of dark and light that a code has.
const LEAST_CONTRAST: u8 = 50;
/// Smallest module, in pixels of the working copy.
const LEAST_MODULE: f32 = 1.3;
/// Patterns that are looked for; a texture may have thousands.
const MOST_FOUND: usize = 500;
/// Patterns that are compared with each other, those seen most often.
const MOST_PATTERNS: usize = 24;
/// Groups of three that are read.
const MOST_GROUPS: usize = 40;
/// Codes that are told, and letters of each.
const MOST_CODES: usize = 8;
const MOST_LETTERS: usize = 500;
/// Modules of the smallest and the largest code, and between two sizes.
const SIZES: std::ops::RangeInclusive<usize> = 21..=177;
const SIZE_STEP: usize = 4;

/// A finder pattern: its middle and its module, in pixels of the working copy.
#[derive(Clone, Copy, Debug)]
struct Pattern {
    x: f32,
    y: f32,
    module: f32,
    seen: u32,
}

/// The texts of the codes.
pub(super) fn of(canvas: &Canvas) -> Vec<String> {
    let page = Page::new(&canvas.work);
    let mut patterns = page.patterns();
    if patterns.len() < 3 {
        return Vec::new();
    }
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.seen));
    patterns.truncate(MOST_PATTERNS);
    let mut texts: Vec<String> = Vec::new();
    for group in groups(&patterns).into_iter().take(MOST_GROUPS) {
        if texts.len() >= MOST_CODES {
            break;
        }
        if let Some(text) = read(&canvas.luma, &canvas.work, group)
            && !texts.contains(&text)
        {
            texts.push(text);
        }
    }
    texts
}

/// The picture in black and white.
struct Page<'a> {
    plane: &'a Plane,
    /// Lighter than that is white, for each tile.
    thresholds: Vec<Vec<u8>>,
}

impl<'a> Page<'a> {
    fn new(plane: &'a Plane) -> Self {
        Self {
            plane,
            thresholds: thresholds(plane),
        }
    }

    fn is_dark(&self, x: usize, y: usize) -> Option<bool> {
        let threshold = self.thresholds.get(y / TILE)?.get(x / TILE)?;
        let value = self.plane.values.get(y * self.plane.width + x)?;
        (x < self.plane.width).then_some(value < threshold)
    }

    /// Finder patterns, each once.
    fn patterns(&self) -> Vec<Pattern> {
        let mut found: Vec<Pattern> = Vec::new();
        let mut runs: Vec<u32> = Vec::new();
        let mut dark: Vec<bool> = Vec::new();
        for (y, row) in self.plane.rows().enumerate().step_by(ROW_STEP) {
            dark.clear();
            let limits = self.thresholds.get(y / TILE).into_iter().flatten();
            for (pixels, limit) in row.chunks(TILE).zip(limits) {
                dark.extend(pixels.iter().map(|value| value < limit));
            }
            runs.clear();
            runs.extend(dark.chunk_by(|a, b| a == b).map(|run| run.len() as u32));
            if found.len() >= MOST_FOUND {
                return found;
            }
            let mut start = 0;
            for five in runs.windows(5) {
                let [first, second, middle, ..] = *five else {
                    continue;
                };
                if let Some(module) = module_of(five) {
                    let x = (start + first + second) as f32 + middle as f32 / 2.0;
                    self.confirm(x, y, module, &mut found);
                }
                start += first;
            }
        }
        found
    }

    /// Looks up and down from the middle of what may be a pattern.
    fn confirm(&self, x: f32, y: usize, module: f32, found: &mut Vec<Pattern>) {
        let near = |pattern: &&mut Pattern| {
            (pattern.x - x).abs() < 2.0 * module && (pattern.y - y as f32).abs() < 2.0 * module
        };
        if let Some(known) = found.iter_mut().find(near) {
            known.seen += 1;
            return;
        }
        let column = x as usize;
        let Some(colour) = self.is_dark(column, y) else {
            return;
        };
        let most = (module * 5.0) as usize + 2;
        let upward = self.runs((0..=y).rev().map(|y| (column, y)), colour, most);
        let downward = self.runs((y..self.plane.height).map(|y| (column, y)), colour, most);
        let ([up, ring_above, edge_above], [down, ring_below, edge_below]) = (upward, downward);
        let middle = (up + down).saturating_sub(1);
        let five = [edge_above, ring_above, middle, ring_below, edge_below];
        let Some(down_module) = module_of(&five) else {
            return;
        };
        if (down_module / module).max(module / down_module) < 1.6 {
            found.push(Pattern {
                x,
                y: y as f32 + (down as f32 - up as f32) / 2.0 + 0.5,
                module: f32::midpoint(module, down_module),
                seen: 1,
            });
        }
    }

    /// Lengths of the first three runs of equal pixels along a way.
    fn runs(
        &self,
        way: impl Iterator<Item = (usize, usize)>,
        first: bool,
        most: usize,
    ) -> [u32; 3] {
        let mut runs = [0_u32; 3];
        let (mut place, mut colour) = (0, first);
        for (x, y) in way.take(3 * most) {
            let here = self.is_dark(x, y).unwrap_or(!colour);
            if here != colour {
                (place, colour) = (place + 1, here);
            }
            let Some(run) = runs.get_mut(place) else {
                break;
            };
            *run += 1;
        }
        runs
    }
}

/// Midway between dark and light around each tile; 128 where there is no contrast.
fn thresholds(plane: &Plane) -> Vec<Vec<u8>> {
    let rows: Vec<&[u8]> = plane.rows().collect();
    let ends: Vec<Vec<(u8, u8)>> = rows
        .chunks(TILE)
        .map(|band| {
            let mut tiles = vec![(u8::MAX, 0); plane.width.div_ceil(TILE)];
            for row in band {
                for ((low, high), pixels) in tiles.iter_mut().zip(row.chunks(TILE)) {
                    *low = pixels.iter().fold(*low, |low, value| low.min(*value));
                    *high = pixels.iter().fold(*high, |high, value| high.max(*value));
                }
            }
            tiles
        })
        .collect();
    let around = |at: usize, count: usize| {
        at.saturating_sub(TILES_AROUND)..(at + TILES_AROUND + 1).min(count)
    };
    (0..ends.len())
        .map(|y| {
            let bands = ends.get(around(y, ends.len())).unwrap_or_default();
            (0..plane.width.div_ceil(TILE))
                .map(|x| {
                    let tiles = bands
                        .iter()
                        .flat_map(|band| band.get(around(x, band.len())).unwrap_or_default());
                    let (low, high) = tiles.fold((u8::MAX, 0), |(low, high), tile| {
                        (low.min(tile.0), high.max(tile.1))
                    });
                    if high.saturating_sub(low) < LEAST_CONTRAST {
                        128
                    } else {
                        low.midpoint(high)
                    }
                })
                .collect()
        })
        .collect()
}

/// The module of five runs in the proportion 1:1:3:1:1, roughly.
fn module_of(five: &[u32]) -> Option<f32> {
    let [edge, ring, middle, other_ring, other_edge] = *five else {
        return None;
    };
    // Most runs of a picture end here.
    if [ring, other_ring]
        .iter()
        .any(|ring| middle < 2 * ring || middle > 5 * ring)
    {
        return None;
    }
    let module = (ring + middle + other_ring) as f32 / 5.0;
    let near = |run: u32, modules: f32| {
        (run as f32 - modules * module).abs() <= (0.5 * modules.sqrt() * module).max(1.0)
    };
    let ones = [edge, ring, other_ring, other_edge];
    let fits =
        module >= LEAST_MODULE && near(middle, 3.0) && ones.into_iter().all(|run| near(run, 1.0));
    fits.then_some(module)
}

/// Groups of three that stand like the corners of a code: the one between the legs first, then the
/// right one and the lower one.
fn groups(patterns: &[Pattern]) -> Vec<[Pattern; 3]> {
    let mut groups: Vec<(f32, [Pattern; 3])> = Vec::new();
    for (number, corner) in patterns.iter().enumerate() {
        for (n, right) in patterns.iter().enumerate() {
            for (m, lower) in patterns.iter().enumerate() {
                if n == number || m == number || n == m {
                    continue;
                }
                if let Some(error) = misfit(corner, right, lower) {
                    groups.push((error, [*corner, *right, *lower]));
                }
            }
        }
    }
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// How far three patterns are from a right angle with equal legs, turned the right way.
fn misfit(corner: &Pattern, right: &Pattern, lower: &Pattern) -> Option<f32> {
    let (ax, ay) = (right.x - corner.x, right.y - corner.y);
    let (bx, by) = (lower.x - corner.x, lower.y - corner.y);
    let (a, b) = (ax.hypot(ay), bx.hypot(by));
    let modules = [corner.module, right.module, lower.module];
    let module = modules.iter().sum::<f32>() / 3.0;
    let alike = modules.iter().all(|m| (m / module - 1.0).abs() < 0.35);
    let legs = (a / b).max(b / a) - 1.0;
    let cosine = (ax * bx + ay * by) / (a * b);
    let turn = ax * by - ay * bx;
    let apart = a / module > 11.0 && a / module < 200.0;
    (alike && apart && turn > 0.0 && legs < 0.12 && cosine.abs() < 0.12)
        .then_some(legs + cosine.abs())
}

/// Reads the grid between three patterns off the full picture.
fn read(luma: &Plane, work: &Plane, [corner, right, lower]: [Pattern; 3]) -> Option<String> {
    let module = (corner.module + right.module + lower.module) / 3.0;
    let leg = (right.x - corner.x).hypot(right.y - corner.y);
    let guess = leg / module + 7.0;
    let nearest = ((guess - 17.0) / 4.0).round().max(1.0) as usize * SIZE_STEP + 17;
    let scale = luma.width as f32 / work.width.max(1) as f32;
    let sizes = [0, 1, -1, 2, -2, 3, -3]
        .map(|steps: isize| nearest.saturating_add_signed(steps * SIZE_STEP.cast_signed()));
    for size in sizes.into_iter().filter(|size| SIZES.contains(size)) {
        let span = (size - 7) as f32;
        let value = |column: usize, row: usize| {
            // The middle of a pattern is three and a half modules inside.
            let (u, v) = ((column as f32 - 3.0) / span, (row as f32 - 3.0) / span);
            let x = corner.x + u * (right.x - corner.x) + v * (lower.x - corner.x);
            let y = corner.y + u * (right.y - corner.y) + v * (lower.y - corner.y);
            let (x, y) = ((x * scale) as usize, (y * scale) as usize);
            let inside = x < luma.width;
            inside.then(|| luma.values.get(y * luma.width + x).copied())?
        };
        let values: Option<Vec<u8>> = (0..size * size)
            .map(|place| value(place % size, place / size))
            .collect();
        let Some(values) = values else { continue };
        if let Some(text) = decode(&values, size) {
            return Some(text);
        }
    }
    None
}

fn decode(values: &[u8], size: usize) -> Option<String> {
    let (low, high) = (values.iter().min()?, values.iter().max()?);
    let threshold = low.midpoint(*high);
    // The ring of the pattern in the corner is the ink, also of a code in light on dark.
    let ink_is_dark = *values.first()? < threshold;
    let is_ink = |column: usize, row: usize| {
        let value = values.get(row * size + column).copied().unwrap_or(u8::MAX);
        (value < threshold) == ink_is_dark
    };
    // The line of changing modules between two patterns; nearly all of it, or this is no code.
    let right = (8..size - 8).filter(|place| is_ink(*place, 6) == place.is_multiple_of(2));
    if right.count() * 10 < (size - 16) * 8 {
        return None;
    }
    let grid = rqrr::Grid::new(rqrr::SimpleGrid::from_func(size, is_ink));
    let text = catch_unwind(move || grid.decode().ok()).ok()??.1;
    let seen = text.chars().filter(|letter| !letter.is_control());
    let seen: String = seen.take(MOST_LETTERS).collect();
    (!seen.trim().is_empty()).then(|| seen.trim().to_owned())
}
