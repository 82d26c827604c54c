//! Guesses from the decoded picture: blank, blurred, enlarged, with bars. What a design may look
//! like as well is not said; none of it is ever a reason to refuse a picture. Thresholds were tried
//! on generated pictures: photographs, drawings, text, patterns, gradients, and each of them blurred
//! and enlarged.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of a picture are far below 2^24 pixels"
)]

use super::canvas::{Canvas, Plane};
use super::detail::{self, Detail};
use super::resampling::{self, Period};
use crate::domain::facts::PictureLooks;

/// Levels on each side of one that count as the same colour; JPEG's own noise stays within.
const SAME: usize = 3;
/// How far the period of an enlargement stands out at least. Pictures that were not enlarged stay
/// below 5, those that were made smaller below 12.
const STRONG: f32 = 14.0;
/// A period that stands out so far is a pattern of the design.
const PATTERN: f32 = 1_000.0;
/// Detail in decibels above which a period is a pattern of the design; enlarged pictures have 12 to
/// 30.
const SHARP_DB: f64 = 31.0;
/// Detail below which a picture has lost what is fine; 25 to 40 is usual, 11 after a blur of two
/// pixels.
const BLURRED_DB: f64 = 11.5;
/// What a single frequency may have more than the others in a blurred picture.
const OUTSTANDING_DB: f64 = 8.0;
/// Power at middle frequencies that a picture must have for its detail to be missed; a smooth design
/// has less.
const SHAPES_DB: f64 = 21.0;
/// What shapes across and down may differ by in a picture that is more than lines.
const ALIKE_DB: f64 = 6.0;
/// What detail across and down differ by after one of them was stretched.
const STRETCHED_DB: f64 = 5.0;
/// Bars are that part of a side at least, differ by that part at most, and what is between them
/// differs from them in that part of its first row.
const BAR: f64 = 0.03;
const BARS_DIFFER: f64 = 0.02;
const FILLED: f64 = 0.6;
/// Rows between a bar and the first row that is looked at: JPEG blurs edges by a block.
const EDGE: usize = 8;

/// Looks at a picture.
pub(super) fn of(canvas: &Canvas) -> PictureLooks {
    let detail = detail::measure(&canvas.luma);
    let periods = resampling::periods(canvas);
    let border = border(&canvas.luma);
    PictureLooks {
        enlarged: detail.map_or((false, false), |detail| enlarged(periods, detail)),
        detail_db: detail.map_or((0.0, 0.0), |detail| detail.high),
        blurred: detail.is_some_and(is_blurred),
        plain: plain(canvas),
        bars: bars(&canvas.luma, border),
        border: border.map(|plain| u32::try_from(plain).unwrap_or(u32::MAX)),
    }
}

fn is_blurred(detail: Detail) -> bool {
    let ((high, other_high), (middle, other_middle)) = (detail.high, detail.middle);
    high.max(other_high) < BLURRED_DB
        && detail.highest < BLURRED_DB + OUTSTANDING_DB
        && middle.min(other_middle) > SHAPES_DB
}

/// Whether it was enlarged across, and down.
fn enlarged((across, down): (Period, Period), detail: Detail) -> (bool, bool) {
    let (high, middle) = (detail.high, detail.middle);
    let has_shapes = middle.0.min(middle.1) > SHAPES_DB;
    let is_of_lines = (middle.0 - middle.1).abs() > ALIKE_DB;
    let is_pattern = across.strength.max(down.strength) > PATTERN;
    if !has_shapes || is_of_lines || is_pattern {
        return (false, false);
    }
    let is_enlarged = |period: Period, high: f64| period.strength > STRONG && high < SHARP_DB;
    match (is_enlarged(across, high.0), is_enlarged(down, high.1)) {
        (true, true) => (true, true),
        (true, false) => (high.1 - high.0 > STRETCHED_DB, false),
        (false, true) => (false, high.0 - high.1 > STRETCHED_DB),
        (false, false) => (false, false),
    }
}

/// Share of the picture that has one colour.
fn plain(canvas: &Canvas) -> f64 {
    let mut levels = [0_u32; 256];
    for value in canvas.small.rows().flatten() {
        if let Some(count) = levels.get_mut(usize::from(*value)) {
            *count += 1;
        }
    }
    let most = levels
        .windows(2 * SAME + 1)
        .map(|levels| levels.iter().sum::<u32>())
        .max();
    let all: u32 = levels.iter().sum();
    let share = f64::from(most.unwrap_or(0)) / f64::from(all.max(1));
    // One brightness may still be many colours.
    let is_one_colour = canvas.chroma.iter().flatten().all(|plane| {
        let (low, high) = range(&plane.values);
        usize::from(high - low) <= 4 * SAME
    });
    if is_one_colour {
        share
    } else {
        share.min(0.99)
    }
}

fn range(values: &[u8]) -> (u8, u8) {
    let ends = |(low, high): (u8, u8), value: &u8| (low.min(*value), high.max(*value));
    let (low, high) = values.iter().fold((u8::MAX, 0), ends);
    (low.min(high), high)
}

/// Plain rows and columns at the edges: top, right, bottom, left.
fn border(luma: &Plane) -> [usize; 4] {
    let is_plain = |low: u8, high: u8| usize::from(high.saturating_sub(low)) <= 2 * SAME;
    let is_plain_row = |row: &&[u8]| {
        let (low, high) = range(row);
        is_plain(low, high)
    };
    let top = luma.rows().take_while(is_plain_row).count();
    let bottom = luma.rows().rev().take_while(is_plain_row).count();
    let mut low = vec![u8::MAX; luma.width];
    let mut high = vec![0_u8; luma.width];
    for row in luma.rows().step_by(4) {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(row) {
            *low = (*low).min(*value);
            *high = (*high).max(*value);
        }
    }
    let columns = || low.iter().zip(&high);
    let is_plain_column = |(low, high): &(&u8, &u8)| is_plain(**low, **high);
    let left = columns().take_while(is_plain_column).count();
    let right = columns().rev().take_while(is_plain_column).count();
    [top, right, bottom, left]
}

/// Whether two opposite edges have bars of one size and colour with a full picture between them, as
/// a picture that was no square has after it was made one. A frame all around is a design.
fn bars(luma: &Plane, [top, right, bottom, left]: [usize; 4]) -> bool {
    let row = |y: usize| luma.rows().nth(y).map(<[u8]>::to_vec).unwrap_or_default();
    let column = |x: usize| luma.rows().filter_map(|row| row.get(x).copied()).collect();
    are_bars(top, bottom, luma.height, left.max(right), &row)
        || are_bars(left, right, luma.width, top.max(bottom), &column)
}

fn are_bars(
    first: usize,
    last: usize,
    side: usize,
    others: usize,
    line: &dyn Fn(usize) -> Vec<u8>,
) -> bool {
    let part = |of: f64| (side as f64 * of) as usize;
    let sized = first.min(last) > part(BAR)
        && first.abs_diff(last) <= part(BARS_DIFFER)
        && first + last < part(1.0 - BAR)
        && others <= part(BAR / 3.0);
    if !sized {
        return false;
    }
    let colour = line(0).first().copied().unwrap_or_default();
    let differs = |value: &u8| usize::from(value.abs_diff(colour)) > 3 * SAME;
    let share = |at: usize| {
        let values = line(at);
        let count = values.iter().filter(|value| differs(value)).count();
        count as f64 / values.len().max(1) as f64
    };
    let is_same = line(side - 1).first().is_some_and(|value| !differs(value));
    is_same && share(first + EDGE) > FILLED && share(side - last - 1 - EDGE) > FILLED
}
