//! Pictures that promise more than a memory holds, or decode for ever.

use super::{Case, noise, survive};
use dropzone::cli::demo::material::cover::{Cover, Format};

const PICTURE: &[&str] = &["ART-", "PKG-"];

fn case(name: &str, ending: &str, bytes: Vec<u8>) -> Case {
    Case::new(name, &format!("artwork.{ending}"), bytes, PICTURE)
}

fn cover(format: Format) -> Vec<u8> {
    let cover = Cover {
        width: 64,
        height: 64,
        format,
        ..Cover::default()
    };
    cover.encode().unwrap()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 }
        })
    })
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
    let body = [name, content].concat();
    bytes.extend(&body);
    bytes.extend(crc32(&body).to_be_bytes());
    bytes
}

/// zlib around deflate of `length` zeros, by hand: one block of fixed codes, each giving 258 zeros
/// for 13 bits.
fn zeros_deflated(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 1);
    bits.put(1, 2);
    // The literal 0, then "258 bytes from one byte back": length code 285, distance code 0.
    bits.code(0x30, 8);
    for _ in 0..length.div_ceil(258) {
        bits.code(0xc5, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let count = 1 + length.div_ceil(258) * 258;
    let (a, b) = (1_u32, u32::try_from(count % 65_521).unwrap());
    let mut out = vec![0x78, 0x01];
    out.extend(bits.finish());
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push((self.held & 0xff) as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes come with their highest bit first.
    fn code(&mut self, value: u64, count: u32) {
        self.put(
            (0..count).fold(0, |out, bit| (out << 1) | ((value >> bit) & 1)),
            count,
        );
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }
}

fn png(
    width: u32,
    height: u32,
    bits: u8,
    colour: u8,
    interlaced: u8,
    middle: &[Vec<u8>],
) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, colour, 0, 0, interlaced]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(chunk(b"IHDR", &header));
    bytes.extend(middle.concat());
    bytes.extend(chunk(b"IEND", b""));
    bytes
}

/// A chunk whose text or profile swells to that many bytes.
fn swelling(name: &[u8; 4], keyword: &[u8], length: usize) -> Vec<u8> {
    chunk(name, &[keyword, &zeros_deflated(length)].concat())
}

#[test]
fn png_bombs() {
    let row = |bits: usize| 1 + (10_000 * bits).div_ceil(8);
    let picture = |bytes: usize| vec![chunk(b"IDAT", &zeros_deflated(bytes))];
    let with = |extra: Vec<u8>| {
        png(
            3_000,
            3_000,
            8,
            2,
            0,
            &[vec![extra], picture(9_001 * 3_000)].concat(),
        )
    };
    survive(vec![
        case(
            "PNG of 65,535 × 65,535",
            "png",
            png(65_535, 65_535, 8, 6, 0, &picture(1_000)),
        ),
        case(
            "PNG of 2,147,483,647 × 2,147,483,647",
            "png",
            png(i32::MAX as u32, i32::MAX as u32, 16, 6, 1, &picture(1_000)),
        ),
        case("PNG of 0 × 0", "png", png(0, 0, 8, 2, 0, &picture(10))),
        case(
            "PNG of 10,000 × 10,000, 1 bit",
            "png",
            png(10_000, 10_000, 1, 0, 0, &picture(row(1) * 10_000)),
        ),
        case(
            "PNG of 10,000 × 10,000, 64 bits",
            "png",
            png(10_000, 10_000, 16, 6, 0, &picture(row(64) * 10_000)),
        ),
        case(
            "PNG of 10,000 × 10,000, interlaced",
            "png",
            png(10_000, 10_000, 8, 2, 1, &picture(row(24) * 10_000)),
        ),
        case(
            "PNG of 20,000 × 5,000, interlaced, 64 bits",
            "png",
            png(20_000, 5_000, 16, 6, 1, &picture(row(128) * 5_000)),
        ),
        case(
            "PNG with more picture than it has room for",
            "png",
            png(8, 8, 8, 0, 0, &picture(400_000_000)),
        ),
        case(
            "PNG with a profile of 500 MB",
            "png",
            with(swelling(b"iCCP", b"x\0\0", 500_000_000)),
        ),
        case(
            "PNG with a text of 500 MB",
            "png",
            with(swelling(b"zTXt", b"x\0\0", 500_000_000)),
        ),
        case(
            "PNG with an international text of 500 MB",
            "png",
            with(swelling(b"iTXt", b"x\0\x01\0\0\0", 500_000_000)),
        ),
        case(
            "PNG with a million empty chunks",
            "png",
            with(chunk(b"teSt", b"").repeat(1_000_000)),
        ),
        case(
            "PNG with a million pieces of picture",
            "png",
            png(8, 8, 8, 0, 0, &[chunk(b"IDAT", b"").repeat(1_000_000)]),
        ),
        case(
            "PNG with a chunk of 2 GB",
            "png",
            with(b"\x7f\xff\xff\xffIDAT".to_vec()),
        ),
        case(
            "PNG with a chunk of 4 GB",
            "png",
            with(b"\xff\xff\xff\xffabcd".to_vec()),
        ),
        case(
            "PNG of noise",
            "png",
            png(
                3_000,
                3_000,
                8,
                2,
                0,
                &[chunk(b"IDAT", &noise(1_000_000, 3))],
            ),
        ),
        case(
            "PNG of nothing but its signature",
            "png",
            b"\x89PNG\r\n\x1a\n".to_vec(),
        ),
        case(
            "animated PNG of a million frames",
            "png",
            png(
                8,
                8,
                8,
                0,
                0,
                &[
                    chunk(b"acTL", b"\0\x0f\x42\x40\0\0\0\0"),
                    picture(72)[0].clone(),
                ],
            ),
        ),
    ]);
}

/// A marker segment.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [[0xff, marker].as_slice(), &length, content].concat()
}

/// Start of frame: process, size, components with sampling factors.
fn frame(marker: u8, width: u16, height: u16, sampling: &[u8]) -> Vec<u8> {
    let mut content = vec![8];
    content.extend(height.to_be_bytes());
    content.extend(width.to_be_bytes());
    content.push(u8::try_from(sampling.len()).unwrap());
    for (number, factors) in sampling.iter().enumerate() {
        content.extend([u8::try_from(number + 1).unwrap(), *factors, 0]);
    }
    segment(marker, &content)
}

/// Tables in which zeros stand for plain blocks: every quantiser 1, the code 0 for "no difference"
/// and for `ac`.
fn tables(ac: u8) -> Vec<u8> {
    let huffman = |class: u8, symbols: [u8; 2]| {
        let mut content = vec![class, 1, 1];
        content.extend([0; 14]);
        content.extend(symbols);
        segment(0xc4, &content)
    };
    [
        segment(0xdb, &[vec![0], vec![1; 64]].concat()),
        huffman(0x00, [0, 1]),
        huffman(0x10, [ac, 0xf0]),
    ]
    .concat()
}

/// Start of scan over all components.
fn scan(components: u8, from: u8, to: u8) -> Vec<u8> {
    let mut content = vec![components];
    for number in 1..=components {
        content.extend([number, 0]);
    }
    content.extend([from, to, 0]);
    segment(0xda, &content)
}

fn jpeg(parts: &[Vec<u8>]) -> Vec<u8> {
    [vec![0xff, 0xd8], parts.concat(), vec![0xff, 0xd9]].concat()
}

#[test]
fn jpeg_bombs() {
    let good = cover(Format::Jpeg);
    let body = good[2..good.len() - 2].to_vec();
    let data = vec![0; 400_000];
    let with = |extra: Vec<u8>| jpeg(&[extra, body.clone()]);
    let mut claims = good.clone();
    let sof = good.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    claims[sof + 5..sof + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    // After the first scan each one says "nothing" for 16,384 blocks in 15 bits.
    let many_scans = |size, count| {
        let one = [scan(1, 1, 63), vec![0x00; 300]].concat();
        let picture = frame(0xc2, size, size, &[0x11]);
        jpeg(&[
            tables(0xe0),
            picture,
            scan(1, 0, 0),
            data.clone(),
            one.repeat(count),
        ])
    };
    survive(vec![
        case("JPEG that claims 65,500 × 65,500", "jpg", claims),
        case("JPEG of 65,535 × 65,535 in 400 KB", "jpg", jpeg(&[tables(0), frame(0xc0, 65_535, 65_535, &[0x11, 0x11, 0x11]), scan(3, 0, 63), data.clone()])),
        case("JPEG of 10,000 × 10,000 in 400 KB", "jpg", jpeg(&[tables(0), frame(0xc0, 10_000, 10_000, &[0x11]), scan(1, 0, 63), data.clone()])),
        case("progressive JPEG of 10,000 × 10,000 in 400 KB", "jpg", many_scans(10_000, 0)),
        case("progressive JPEG of 3,000 × 3,000 in 90 scans", "jpg", many_scans(3_000, 90)),
        case("progressive JPEG of 8,000 × 8,000 in 90 scans", "jpg", many_scans(8_000, 90)),
        case("progressive JPEG of 100,000 scans", "jpg", many_scans(3_000, 100_000)),
        case("JPEG with sampling factors of 15", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0xff, 0x11, 0xff]), scan(3, 0, 63), data.clone()])),
        case("JPEG with sampling factors of 0", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0x00, 0x00, 0x00]), scan(3, 0, 63), data.clone()])),
        case("JPEG of 0 × 0", "jpg", jpeg(&[tables(0), frame(0xc0, 0, 0, &[0x11]), scan(1, 0, 63), data.clone()])),
        case("JPEG of 255 components", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0x11; 255]), scan(1, 0, 63), data.clone()])),
        case("JPEG without tables", "jpg", jpeg(&[frame(0xc0, 3_000, 3_000, &[0x11]), scan(1, 0, 63), data.clone()])),
        case("JPEG with two frames", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0x11]), frame(0xc0, 60_000, 60_000, &[0x11]), scan(1, 0, 63), data.clone()])),
        case("JPEG with 100,000 segments", "jpg", with(segment(0xe1, b"x").repeat(100_000))),
        case("JPEG with 30 MB of profile", "jpg", with(segment(0xe2, &[b"ICC_PROFILE\0\x01\xff".as_slice(), &noise(60_000, 5)].concat()).repeat(500))),
        case("JPEG with an EXIF that leads back to itself", "jpg", with(segment(0xe1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x03\0\xff\xff\xff\xff\x08\0\0\0\x08\0\0\0"))),
        case("JPEG of fill bytes", "jpg", [vec![0xff, 0xd8], vec![0xff; 10_000_000]].concat()),
        case("JPEG of restart markers", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0x11]), scan(1, 0, 63), [0xff, 0xd0].repeat(5_000_000)])),
        case("JPEG of noise", "jpg", jpeg(&[tables(0), frame(0xc0, 3_000, 3_000, &[0x11]), scan(1, 0, 63), noise(5_000_000, 7)])),
        case("JPEG of nothing but its beginning", "jpg", vec![0xff, 0xd8, 0xff]),
        case("JPEG in PNG's name", "png", good.clone()),
        case("PNG in JPEG's name", "jpg", cover(Format::Png)),
    ]);
}

#[test]
fn other_pictures_are_looked_at_from_outside() {
    let huge = [0xff_u8; 64];
    survive(vec![
        case("GIF", "gif", [b"GIF89a".as_slice(), &huge].concat()),
        case("BMP", "bmp", [b"BM".as_slice(), &huge].concat()),
        case(
            "TIFF that leads back to itself",
            "tif",
            b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x08\0\0\0\x08\0\0\0".to_vec(),
        ),
        case(
            "WebP",
            "webp",
            [b"RIFF\xff\xff\xff\xffWEBPVP8X".as_slice(), &huge].concat(),
        ),
        case(
            "HEIC",
            "heic",
            [b"\0\0\0\x18ftypheic".as_slice(), &huge].concat(),
        ),
        case(
            "PDF",
            "pdf",
            b"%PDF-1.7\n1 0 obj<</Length 999999999>>stream\n".to_vec(),
        ),
        case(
            "SVG with an entity",
            "svg",
            b"<!DOCTYPE svg [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><svg>&a;</svg>".to_vec(),
        ),
    ]);
}
