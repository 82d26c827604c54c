//! What is kept of a decoded picture to be looked at: its luma, a smaller copy of that, and its
//! colours at an eighth of the size. Everything that looks at pixels looks here, so that a picture
//! is decoded and scaled once.
#![expect(clippy::cast_possible_truncation, reason = "means of bytes are bytes")]

/// The working copy, and the small one, have at most so many pixels each way.
const WORKING_PIXELS: usize = 1_600;
const SMALL_PIXELS: usize = 256;
/// Chroma of grey.
pub(super) const NEUTRAL: u8 = 128;

/// One channel, row by row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    /// At least `width × height` of them.
    pub(super) values: Vec<u8>,
}

/// A decoded picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Canvas {
    /// Full size.
    pub(super) luma: Plane,
    /// The luma halved until it is small enough to be looked at whole.
    pub(super) work: Plane,
    /// At most 256 pixels each way.
    pub(super) small: Plane,
    /// Blue and red difference of the small copy; `None` for grey.
    pub(super) chroma: Option<[Plane; 2]>,
    /// Was coded in blocks of eight pixels.
    pub(super) in_blocks: bool,
}

impl Plane {
    /// A plane of one value.
    pub(super) fn filled(width: usize, height: usize, value: u8) -> Self {
        Self {
            width,
            height,
            values: vec![value; width * height],
        }
    }

    /// The rows, from the top.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.values
            .chunks_exact(self.width.max(1))
            .take(self.height)
    }

    /// Half the size: each pixel is the mean of four. An odd row or column at the end is left out.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut values = vec![0; width * height];
        let mut rows = self.rows();
        for out in values.chunks_exact_mut(width.max(1)) {
            let (Some(upper), Some(lower)) = (rows.next(), rows.next()) else {
                break;
            };
            let pairs = upper.as_chunks::<2>().0.iter();
            for (out, ([a, b], [c, d])) in out
                .iter_mut()
                .zip(pairs.zip(lower.as_chunks::<2>().0.iter()))
            {
                let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
                *out = ((sum + 2) >> 2) as u8;
            }
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// Halved until no side has more pixels than that.
    fn within(&self, most: usize) -> Self {
        let is_large = |plane: &Self| plane.width.max(plane.height) > most;
        if !is_large(self) {
            return self.clone();
        }
        let mut smaller = self.halved();
        while is_large(&smaller) {
            smaller = smaller.halved();
        }
        smaller
    }

    /// Another size: each pixel is the mean of those that it covers, or the nearest one.
    pub(super) fn resized(&self, width: usize, height: usize) -> Self {
        if self.width == 0 || self.height == 0 {
            return Self::filled(width, height, 0);
        }
        if (self.width, self.height) == (width, height) {
            return self.clone();
        }
        let columns: Vec<(usize, usize)> = (0..width).map(|x| span(x, width, self.width)).collect();
        let mut values = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; self.width];
        for y in 0..height {
            let (top, bottom) = span(y, height, self.height);
            sums.fill(0);
            for row in self.rows().skip(top).take(bottom - top) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += u32::from(*value);
                }
            }
            for (left, right) in columns.iter().copied() {
                let sum: u32 = sums.get(left..right).unwrap_or_default().iter().sum();
                let count = u32::try_from((right - left) * (bottom - top)).unwrap_or(u32::MAX);
                values.push(u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX));
            }
        }
        Self {
            width,
            height,
            values,
        }
    }
}

/// The pixels of a side of `from` pixels that pixel `at` of one of `to` pixels covers.
fn span(at: usize, to: usize, from: usize) -> (usize, usize) {
    let start = at * from / to.max(1);
    let end = ((at + 1) * from / to.max(1)).max(start + 1);
    (start.min(from.saturating_sub(1)), end.min(from))
}

impl Canvas {
    /// From a luma plane and the colours, in about an eighth of the size.
    pub(super) fn new(luma: Plane, chroma: Option<[Plane; 2]>, in_blocks: bool) -> Self {
        let work = luma.within(WORKING_PIXELS);
        let longest = work.width.max(work.height);
        let scaled = |side: usize| (side * SMALL_PIXELS.min(longest) / longest.max(1)).max(1);
        let (width, height) = (scaled(work.width), scaled(work.height));
        // What is halved first is summed up faster.
        let small = work.within(2 * SMALL_PIXELS + longest / 4);
        let small = small.resized(width, height);
        let chroma = chroma.map(|planes| planes.map(|plane| plane.resized(width, height)));
        Self {
            luma,
            work,
            small,
            chroma,
            in_blocks,
        }
    }
}

/// How the bytes of a pixel are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pixels {
    /// One byte of grey.
    Grey,
    /// Grey and opacity.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// The same with opacity.
    Rgba,
}

/// A picture that is taken in row by row, on white where it is transparent.
pub(super) struct Drawing {
    luma: Plane,
    chroma: Option<[Plane; 2]>,
    pixels: Pixels,
    /// Sums of red, green and blue for each cell of eight pixels, over the sampled rows of a band.
    sums: Vec<[u32; 3]>,
}

/// Pixels of a side of a cell whose colour is kept, and how far apart those are that are looked at.
const CELL: usize = 8;
const STEP: usize = 4;

impl Drawing {
    /// Nothing drawn yet.
    pub(super) fn new(width: usize, height: usize, pixels: Pixels) -> Self {
        let cells = (width.div_ceil(CELL), height.div_ceil(CELL));
        let coloured = matches!(pixels, Pixels::Rgb | Pixels::Rgba);
        Self {
            luma: Plane {
                width,
                height,
                values: Vec::with_capacity(width * height),
            },
            chroma: coloured.then(|| {
                [(); 2].map(|()| Plane {
                    width: cells.0,
                    height: cells.1,
                    values: Vec::with_capacity(cells.0 * cells.1),
                })
            }),
            pixels,
            sums: vec![[0; 3]; if coloured { cells.0 } else { 0 }],
        }
    }

    /// The next row, from the top.
    pub(super) fn row(&mut self, row: &[u8]) {
        let y = self.luma.values.len() / self.luma.width.max(1);
        luma_of(row, self.pixels, &mut self.luma.values);
        if self.sums.is_empty() {
            return;
        }
        if y.is_multiple_of(STEP) {
            let size = self.pixels.bytes();
            for (cell, pixels) in self.sums.iter_mut().zip(row.chunks(size * CELL)) {
                for pixel in pixels.chunks_exact(size).step_by(STEP) {
                    let colour = on_white(pixel);
                    for (sum, value) in cell.iter_mut().zip(colour) {
                        *sum += u32::from(value);
                    }
                }
            }
        }
        if y % CELL == CELL - 1 {
            self.end_band(y % CELL / STEP + 1);
        }
    }

    fn end_band(&mut self, rows: usize) {
        let Some([blue, red]) = &mut self.chroma else {
            return;
        };
        let width = self.luma.width;
        for (cell, sums) in self.sums.iter_mut().enumerate() {
            let across = (width - (cell * CELL).min(width)).min(CELL).div_ceil(STEP);
            let count = u32::try_from(across * rows).unwrap_or(1).max(1);
            let [b, r] = differences(sums.map(|sum| sum / count));
            blue.values.push(b);
            red.values.push(r);
            *sums = [0; 3];
        }
    }

    /// Everything was drawn.
    pub(super) fn finish(mut self) -> Canvas {
        let left = self.luma.height % CELL;
        if left > 0 {
            self.end_band(left.div_ceil(STEP));
        }
        Canvas::new(self.luma, self.chroma, false)
    }
}

impl Pixels {
    /// Bytes of a pixel.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// Adds the luma of a row of pixels.
pub(super) fn luma_of(row: &[u8], pixels: Pixels, out: &mut Vec<u8>) {
    match pixels {
        Pixels::Grey => out.extend_from_slice(row),
        Pixels::GreyAlpha => out.extend(
            row.as_chunks::<2>()
                .0
                .iter()
                .map(|[grey, alpha]| faded(*grey, *alpha)),
        ),
        Pixels::Rgb => out.extend(row.as_chunks::<3>().0.iter().map(|colour| luma(*colour))),
        Pixels::Rgba => out.extend(
            row.as_chunks::<4>()
                .0
                .iter()
                .map(|[red, green, blue, alpha]| faded(luma([*red, *green, *blue]), *alpha)),
        ),
    }
}

/// Blue and red difference of a pixel's bytes; neutral for grey.
pub(super) fn chroma_of(pixel: &[u8]) -> [u8; 2] {
    differences(on_white(pixel).map(u32::from))
}

/// BT.601, as JPEG has it.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29) >> 8) as u8
}

fn faded(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha)) / 255) as u8
}

fn on_white(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [red, green, blue] => [red, green, blue],
        [red, green, blue, alpha] => [red, green, blue].map(|value| faded(value, alpha)),
        _ => [u8::MAX; 3],
    }
}

fn differences(colour: [u32; 3]) -> [u8; 2] {
    let [red, green, blue] = colour.map(u32::cast_signed);
    let level = |value: i32| u8::try_from((value / 256 + 128).clamp(0, 255)).unwrap_or(NEUTRAL);
    [
        level(128 * blue - 43 * red - 85 * green),
        level(128 * red - 107 * green - 21 * blue),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_do_not_divide_are_scaled_to_their_edges() {
        let plane = Plane {
            width: 5,
            height: 3,
            values: (0..15).collect(),
        };
        let half = plane.halved();
        assert_eq!((half.width, half.height), (2, 1));
        assert_eq!(half.values, [3, 5]);
        let same = plane.resized(5, 3);
        assert_eq!(same.values, plane.values);
        let large = plane.resized(10, 6);
        assert_eq!(large.values.len(), 60);
        assert_eq!(large.values.last(), Some(&14));
    }

    #[test]
    fn colours_of_cells_come_from_their_pixels_and_transparency_is_white() {
        let mut drawing = Drawing::new(9, 9, Pixels::Rgba);
        for _ in 0..9 {
            drawing.row(&[[255, 0, 0, 255].repeat(8), vec![7, 7, 7, 0]].concat());
        }
        let canvas = drawing.finish();
        assert_eq!(canvas.luma.values.get(72), Some(&76));
        assert_eq!(canvas.luma.values.last(), Some(&255));
        let [blue, red] = canvas.chroma.unwrap();
        assert_eq!((red.width, red.height, red.values.len()), (9, 9, 81));
        let ends = |plane: Plane| (plane.values.first().copied(), plane.values.last().copied());
        assert_eq!(ends(red), (Some(255), Some(128)));
        assert_eq!(ends(blue), (Some(86), Some(128)));
    }
}
