//! What pictures look like: enlarged, blurred, blank, with bars, with QR codes; and the designs that
//! must not be taken for that.
#![expect(
    clippy::cast_sign_loss,
    reason = "levels are clamped, and places lie in the picture"
)]

use super::artwork::look;
use super::pictures::Picture;
use dropzone::domain::facts::PictureLooks;
use std::num::Wrapping;

/// `https://example.com/presave`, version 2.
const CODE: [&str; 25] = [
    "#######...#.##..#.#######",
    "#.....#.#.#..####.#.....#",
    "#.###.#.....#.#...#.###.#",
    "#.###.#.###.####..#.###.#",
    "#.###.#..#...#..#.#.###.#",
    "#.....#.##.##.##..#.....#",
    "#######.#.#.#.#.#.#######",
    ".........###..#.#........",
    "#####.####.###...#.#.#.#.",
    "##.###....#.##...#.#...#.",
    "#.#...##..#..####..#.#.##",
    ".##.##..#.....###.##....#",
    "...#.##..##.####.##.#.###",
    "#....#.#...#..#.#..#.#.#.",
    "#.#.#.#.....#..#..####.##",
    "#....#.#####...######...#",
    "#..#####.....##.#####.#..",
    "........##.#..###...##...",
    "#######.##...#..#.#.#.###",
    "#.....#..#..#...#...##.#.",
    "#.###.#.##..#########.#..",
    "#.###.#.####...#.##.#####",
    "#.###.#.#.#...##.....##.#",
    "#.....#.##.##.#.##.###..#",
    "#######.#....##..########",
];
const TEXT: &str = "https://example.com/presave";

fn noise(x: usize, y: usize, seed: usize) -> f64 {
    let mixed = Wrapping(x as u64) * Wrapping(0x9e37_79b9_7f4a_7c15)
        + Wrapping(y as u64) * Wrapping(0xc2b2_ae3d_27d4_eb4f)
        + Wrapping(seed as u64) * Wrapping(0x1656_67b1_9e37_79f9);
    let mixed = (mixed ^ (mixed >> 29)) * Wrapping(0xbf58_476d_1ce4_e5b9);
    ((mixed.0 >> 40) as f64) / f64::from(1 << 24) - 0.5
}

/// Shades of grey.
#[derive(Clone)]
struct Grey {
    side: usize,
    values: Vec<f64>,
}

impl Grey {
    fn new(side: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let places = (0..side * side).map(|place| (place % side, place / side));
        Self {
            side,
            values: places.map(|(x, y)| value(x, y)).collect(),
        }
    }

    /// Noise at every size, as a photograph has it.
    fn photograph(side: usize, seed: usize) -> Self {
        let mut sum = Self::new(side, |x, y| noise(x, y, seed) * 40.0);
        for (number, radius) in [1, 3, 8, 24, 60].into_iter().enumerate() {
            let layer = Self::new(side, |x, y| noise(x, y, seed + 1 + number));
            let layer = layer.blurred(radius).blurred(radius);
            let scale = 45.0 * radius as f64;
            for (sum, value) in sum.values.iter_mut().zip(layer.values) {
                *sum += value * scale;
            }
        }
        for value in &mut sum.values {
            *value += 128.0;
        }
        sum
    }

    fn at(&self, x: usize, y: usize) -> f64 {
        self.values[y.min(self.side - 1) * self.side + x.min(self.side - 1)]
    }

    /// The mean over a square.
    fn blurred(&self, radius: usize) -> Self {
        let along = |from: &Self, turn: bool| {
            let value = |x: usize, y: usize| if turn { from.at(y, x) } else { from.at(x, y) };
            let mut out = vec![0.0; from.values.len()];
            for y in 0..from.side {
                let mut sum: f64 = (0..radius).map(|x| value(x, y)).sum();
                let mut count = radius;
                for x in 0..from.side {
                    if x + radius < from.side {
                        sum += value(x + radius, y);
                        count += 1;
                    }
                    if x > radius {
                        sum -= value(x - radius - 1, y);
                        count -= 1;
                    }
                    let place = if turn {
                        x * from.side + y
                    } else {
                        y * from.side + x
                    };
                    out[place] = sum / count as f64;
                }
            }
            Self {
                side: from.side,
                values: out,
            }
        };
        along(&along(self, false), true)
    }

    /// Bilinear; the sides of what it is made from may differ.
    fn enlarged(&self, side: usize, across: usize, down: usize) -> Self {
        let scale = |length: usize| length as f64 / side as f64;
        Self::new(side, |x, y| {
            let place = (x as f64 * scale(across), y as f64 * scale(down));
            let (left, top) = (place.0 as usize, place.1 as usize);
            let (right_part, lower_part) = (place.0.fract(), place.1.fract());
            let row = |y: usize| {
                self.at(left, y) * (1.0 - right_part) + self.at(left + 1, y) * right_part
            };
            row(top) * (1.0 - lower_part) + row(top + 1) * lower_part
        })
    }

    fn picture(&self) -> Picture {
        Picture::new(self.side, self.side, |x, y| {
            [self.at(x, y).clamp(0.0, 255.0) as u8; 3]
        })
    }
}

fn looks(picture: &Picture) -> [PictureLooks; 2] {
    [picture.jpeg(92), picture.png()].map(|bytes| look(&bytes).looks.unwrap())
}

#[test]
fn what_was_enlarged_is_told_from_what_was_not() {
    let side = 1_200;
    let original = Grey::photograph(side, 5);
    for looks in looks(&original.picture()) {
        assert_eq!(
            (looks.enlarged, looks.blurred),
            ((false, false), false),
            "{looks:?}"
        );
    }
    let enlarged = original.enlarged(side, 700, 700).picture();
    for looks in looks(&enlarged) {
        assert_eq!(looks.enlarged, (true, true), "{looks:?}");
    }
    let stretched = original.enlarged(side, side, 700).picture();
    for looks in looks(&stretched) {
        assert_eq!(looks.enlarged, (false, true), "{looks:?}");
    }
}

#[test]
fn what_is_blurred_is_told_from_what_is_smooth() {
    let blurred = Grey::photograph(1_200, 9).blurred(3).blurred(3).picture();
    for looks in looks(&blurred) {
        assert!(looks.blurred, "{looks:?}");
    }
    let gradient = Picture::new(1_200, 1_200, |x, y| [(x / 5) as u8, (y / 5) as u8, 90]);
    for looks in looks(&gradient) {
        assert!(
            !looks.blurred && looks.enlarged == (false, false),
            "{looks:?}"
        );
    }
}

#[test]
fn designs_are_not_taken_for_faults() {
    let side = 1_200;
    let photograph = Grey::photograph(side, 3);
    let framed = Picture::new(side, side, |x, y| {
        let inside = (150..1_050).contains(&x) && (150..1_050).contains(&y);
        [if inside {
            photograph.at(x, y).clamp(0.0, 255.0) as u8
        } else {
            250
        }; 3]
    });
    let banded = Picture::new(side, side, |x, y| {
        [if y > 300 {
            photograph.at(x, y).clamp(0.0, 255.0) as u8
        } else {
            240
        }; 3]
    });
    let letters = Picture::new(side, side, |x, y| {
        let ink = (560..600).contains(&x) && (590..610).contains(&y) && x / 4 % 2 == 0;
        [if ink { 20 } else { 255 }; 3]
    });
    let stripes = Picture::new(side, side, |_, y| {
        [if y / 20 % 2 == 0 { 200 } else { 40 }; 3]
    });
    let dots = Picture::new(side, side, |x, y| {
        let (x, y) = (x % 12, y % 12);
        [if x.abs_diff(6).pow(2) + y.abs_diff(6).pow(2) < 16 {
            10
        } else {
            240
        }; 3]
    });
    let blocks = Picture::new(side, side, |x, y| {
        [(128.0 + noise(x / 50, y / 50, 1) * 200.0) as u8; 3]
    });
    for (name, picture) in [
        ("a frame", framed),
        ("a band", banded),
        ("small letters on white", letters),
        ("stripes", stripes),
        ("dots", dots),
        ("large pixels", blocks),
    ] {
        for looks in looks(&picture) {
            assert!(!looks.bars && !looks.blurred, "{name}: {looks:?}");
            assert_eq!(looks.enlarged, (false, false), "{name}: {looks:?}");
            assert!(looks.plain < 0.999_95, "{name}: {looks:?}");
        }
    }
}

#[test]
fn blank_covers_and_bars_are_seen() {
    let blank = Picture::new(900, 900, |_, _| [255; 3]);
    for looks in looks(&blank) {
        assert!(looks.plain > 0.999_99, "{looks:?}");
        assert!(!looks.bars, "{looks:?}");
    }
    let colours = Picture::new(900, 900, |x, _| {
        if x < 450 {
            [210, 90, 90]
        } else {
            [90, 140, 111]
        }
    });
    assert!(looks(&colours).iter().all(|looks| looks.plain < 0.999));
    let photograph = Grey::photograph(900, 4);
    for turn in [false, true] {
        let filled = Picture::new(900, 900, |x, y| {
            let at = if turn { x } else { y };
            let inside = (200..700).contains(&at);
            [if inside {
                photograph.at(x, y).clamp(30.0, 255.0) as u8
            } else {
                0
            }; 3]
        });
        for looks in looks(&filled) {
            assert!(looks.bars, "{looks:?}");
            let wanted = if turn {
                [0, 200, 0, 200]
            } else {
                [200, 0, 200, 0]
            };
            let off = looks
                .border
                .iter()
                .zip(wanted)
                .map(|(a, b)| a.abs_diff(b))
                .max();
            assert!(off <= Some(8), "{looks:?}");
        }
    }
}

/// The code in a photograph: the place of its middle, its module in pixels, its turn in degrees.
fn with_code(at: (f64, f64), module: f64, degrees: f64, ink: u8, paper: u8) -> Picture {
    let photograph = Grey::photograph(1_400, 8);
    let (sine, cosine) = degrees.to_radians().sin_cos();
    Picture::new(1_400, 1_400, |x, y| {
        let (dx, dy) = (x as f64 - at.0, y as f64 - at.1);
        let u = (dx * cosine + dy * sine) / module + 12.5;
        let v = (dy * cosine - dx * sine) / module + 12.5;
        let quiet = -4.0..29.0;
        if !quiet.contains(&u) || !quiet.contains(&v) {
            return [photograph.at(x, y).clamp(0.0, 255.0) as u8; 3];
        }
        let row = CODE.get(v.floor() as usize).filter(|_| v >= 0.0);
        let letter = row.and_then(|row| row.as_bytes().get(u.floor() as usize));
        let is_ink = letter.is_some_and(|letter| *letter == b'#' && u >= 0.0);
        [if is_ink { ink } else { paper }; 3]
    })
}

#[test]
fn qr_codes_are_read_large_small_turned_and_inverted() {
    for (name, picture) in [
        ("large", with_code((700.0, 700.0), 36.0, 0.0, 0, 255)),
        ("small", with_code((1_200.0, 1_250.0), 3.0, 0.0, 0, 255)),
        ("turned", with_code((500.0, 600.0), 9.0, 31.0, 10, 240)),
        (
            "upside down",
            with_code((500.0, 600.0), 7.0, 180.0, 60, 200),
        ),
        (
            "light on dark",
            with_code((900.0, 400.0), 8.0, 0.0, 235, 25),
        ),
    ] {
        for bytes in [picture.jpeg(85), picture.png()] {
            assert_eq!(look(&bytes).codes, [TEXT], "{name}");
        }
    }
}

#[test]
fn what_is_no_code_is_none_however_much_looks_like_it() {
    // The pattern of a code's corners over and over.
    let corners = Picture::new(1_400, 1_400, |x, y| {
        let (x, y) = (x / 3 % 9, y / 3 % 9);
        let ink = CODE.get(y).filter(|_| x < 7 && y < 7);
        [if ink.is_some_and(|row| row.as_bytes()[x] == b'#') {
            0
        } else {
            255
        }; 3]
    });
    assert!(look(&corners.png()).codes.is_empty());
    let spoiled = Picture::new(1_400, 1_400, |x, y| {
        let (u, v) = (x / 40, y / 40);
        let row = CODE.get(v).and_then(|row| row.as_bytes().get(u));
        let ink = row == Some(&b'#') && !((8..25).contains(&u) && (8..25).contains(&v));
        [if ink { 0 } else { 255 }; 3]
    });
    assert!(look(&spoiled.png()).codes.is_empty());
}
