//! Generated covers: a gradient, shapes and a grain, so that they are neither blank nor flat.
//! JPEG and PNG in the colour models that inspection has to tell apart.

use super::profile;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::io;

/// File format of a cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    #[default]
    Jpeg,
    /// PNG.
    Png,
}

/// Colour model of a cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// The same with transparency (PNG only).
    Rgba,
    /// Grey.
    Grey,
    /// Grey with transparency (PNG only).
    GreyAlpha,
    /// Four inks with Adobe's marker (JPEG only).
    Cmyk,
    /// Four inks as luma and chroma (JPEG only).
    Ycck,
}

/// A cover to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// File format.
    pub format: Format,
    /// Colour model.
    pub colours: Colours,
    /// Chooses the colours.
    pub seed: u32,
}

impl Default for Cover {
    fn default() -> Self {
        Self {
            width: 3000,
            height: 3000,
            format: Format::Jpeg,
            colours: Colours::Rgb,
            seed: 1,
        }
    }
}

impl Cover {
    /// The file.
    pub fn encode(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let (kind, channels) = match self.colours {
            Colours::Rgb => (ExtendedColorType::Rgb8, 3),
            Colours::Rgba => (ExtendedColorType::Rgba8, 4),
            Colours::Grey => (ExtendedColorType::L8, 1),
            Colours::GreyAlpha => (ExtendedColorType::La8, 2),
            Colours::Cmyk => return Ok(self.four_inks(0)),
            Colours::Ycck => return Ok(self.four_inks(2)),
        };
        let is_coloured = channels > 2;
        match self.format {
            Format::Jpeg => {
                let encoder = JpegEncoder::new_with_quality(&mut out, 88);
                self.write(encoder, kind, channels, is_coloured)?;
            }
            Format::Png => {
                let encoder = PngEncoder::new(&mut out);
                self.write(encoder, kind, channels, is_coloured)?;
            }
        }
        Ok(out)
    }

    fn write(
        &self,
        mut encoder: impl ImageEncoder,
        kind: ExtendedColorType,
        channels: usize,
        is_coloured: bool,
    ) -> io::Result<()> {
        if is_coloured {
            let embedded = encoder.set_icc_profile(profile::srgb());
            embedded.map_err(io::Error::other)?;
        }
        encoder
            .write_image(&self.pixels(channels), self.width, self.height, kind)
            .map_err(io::Error::other)
    }

    fn pixels(&self, channels: usize) -> Vec<u8> {
        let (width, height) = (self.width.max(1), self.height.max(1));
        let mut out = Vec::with_capacity(width as usize * height as usize * channels);
        for y in 0..height {
            for x in 0..width {
                let [red, green, blue] = self.colour(x * 1000 / width, y * 1000 / height, x, y);
                match channels {
                    1 => out.push(green),
                    2 => out.extend([green, 200]),
                    3 => out.extend([red, green, blue]),
                    _ => out.extend([red, green, blue, 200]),
                }
            }
        }
        out
    }

    /// Colour at thousandths of the picture; `x` and `y` in pixels only seed the grain.
    fn colour(&self, across: u32, down: u32, x: u32, y: u32) -> [u8; 3] {
        let grain = grain(x, y, self.seed) % 23;
        let (dx, dy) = (across.abs_diff(500), down.abs_diff(430));
        let in_disc = dx * dx + dy * dy < 260 * 260;
        let in_ring = dx * dx + dy * dy < 300 * 300 && !in_disc;
        let in_bars = down > 800 && down < 900 && (across / 40 + self.seed).is_multiple_of(2);
        let base = [
            30 + across / 9 + self.seed * 7 % 40,
            40 + down / 8,
            160 - (across + down) / 20 + self.seed * 13 % 50,
        ];
        base.map(|level| {
            let drawn = if in_disc {
                250 - level / 2
            } else if in_ring || in_bars {
                20 + level / 4
            } else {
                level
            };
            u8::try_from((drawn + grain).min(255)).unwrap_or(255)
        })
    }

    /// A baseline JPEG of four components with one flat value for each block: the smallest file
    /// that every reader takes for CMYK. `transform` is Adobe's: 0 CMYK, 2 YCCK.
    fn four_inks(&self, transform: u8) -> Vec<u8> {
        let size = |length: u32| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let mut out = vec![0xff, 0xd8, 0xff, 0xee, 0, 14];
        out.extend(b"Adobe");
        out.extend([0, 100, 0, 0, 0, 0, transform]);
        // One quantisation table, all 8: a block's level is then its DC coefficient.
        out.extend([0xff, 0xdb, 0, 67, 0]);
        out.extend([8; 64]);
        out.extend([0xff, 0xc0, 0, 20, 8]);
        out.extend(size(self.height));
        out.extend(size(self.width));
        out.push(4);
        for component in 1..=4 {
            out.extend([component, 0x11, 0]);
        }
        // DC: twelve codes of four bits, for differences of 0 to 11 bits. AC: "end of block" is 0.
        out.extend([
            0xff, 0xc4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        out.extend(0..12);
        out.extend([
            0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        out.extend([0xff, 0xda, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);
        out.extend(self.flat_blocks());
        out.extend([0xff, 0xd9]);
        out
    }

    fn flat_blocks(&self) -> Vec<u8> {
        let (across, down) = (
            self.width.div_ceil(8).max(1),
            self.height.div_ceil(8).max(1),
        );
        let mut bits = Stuffed::default();
        let mut before = [0_i32; 4];
        for row in 0..down {
            for column in 0..across {
                let [red, green, blue] =
                    self.colour(column * 1000 / across, row * 1000 / down, column, row);
                let levels = [red, green, blue, 215].map(|level| i32::from(level) - 128);
                for (level, previous) in levels.into_iter().zip(&mut before) {
                    let difference = level - *previous;
                    *previous = level;
                    let size = 32 - difference.unsigned_abs().leading_zeros();
                    bits.put(size, 4);
                    let low = if difference < 0 {
                        difference - 1
                    } else {
                        difference
                    };
                    bits.put(low.cast_unsigned() & ((1 << size) - 1), size);
                    bits.put(0, 1);
                }
            }
        }
        bits.finish()
    }
}

fn grain(x: u32, y: u32, seed: u32) -> u32 {
    let mixed = x
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add(y.wrapping_mul(0x85eb_ca77))
        .wrapping_add(seed.wrapping_mul(0xc2b2_ae3d));
    (mixed ^ (mixed >> 15)).wrapping_mul(0x2c1b_3c6d) >> 16
}

/// Entropy-coded bytes: a 0 follows every 0xff.
#[derive(Default)]
struct Stuffed {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Stuffed {
    fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            self.held = (self.held << 1) | ((value >> shift) & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = u8::try_from(self.held & 0xff).unwrap_or(0);
                self.bytes.push(byte);
                if byte == 0xff {
                    self.bytes.push(0);
                }
                self.held = 0;
                self.count = 0;
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.put((1 << missing) - 1, missing);
        }
        self.bytes
    }
}
